package account_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"chatmood/internal/account"
)

func TestCheckPassword(t *testing.T) {
	for password, want := range map[string]string{
		"Abc1!":                           "Password must be at least 8 characters long",
		"abcdefg1!":                       "Password must include at least one uppercase letter",
		"ÄBCDEFG1!":                       "Password must include at least one lowercase letter",
		"ABCDEFG1!":                       "Password must include at least one lowercase letter",
		"Abcdefgh!":                       "Password must include at least one number",
		"Abcdefg1":                        "Password must include at least one special character",
		"Abcdefg1_-+=/;'[]":               "Password must include at least one special character",
		"abcdefgh":                        "Password must include at least one uppercase letter",
		"":                                "Password must be at least 8 characters long",
		"Ab1!" + strings.Repeat("x", 125): "Password must be at most 128 characters long",
		"Abcdefg1!\x00":                   "Password must be text without null characters",
		"Password1!":                      "Password is one of the most common ones; choose another",
		"P@ssw0rd2024!":                   "Password is one of the most common ones; choose another",
		"Qwerty123!":                      "Password is one of the most common ones; choose another",
		"Abcdef1!":                        "",
		"Ab1!" + strings.Repeat("x", 124): "",
		"Äöü Bcd1 \"":                     "",
		"Correct horse 1 battery!":        "",
	} {
		err := account.CheckPassword(password)
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%q: %v, want %q", password, err, want)
		}
	}
	for _, sign := range "!@#$%^&*(),.?\":{}|<>" {
		if err := account.CheckPassword("Abcdefgh1" + string(sign)); err != nil {
			t.Errorf("with %c: %v", sign, err)
		}
	}
}

func hasher(t testing.TB) *account.Hasher {
	t.Helper()
	h, err := account.NewHasher(4, 0)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// TestVerify: hashes of other programs, known to belong to passwords.
func TestVerify(t *testing.T) {
	long := "Ab1!" + strings.Repeat("x", 96)
	for _, test := range []struct {
		name, hash, password string
		again                bool
	}{
		{"Werkzeug PBKDF2", "pbkdf2:sha256:1000$saltsalt$62c7e78ff28d9e1a382a071c0fdd404d0d86a3125a12c70ca82d0dd237e960d4", "Abcdef1!", true},
		{"Werkzeug PBKDF2, not ASCII", "pbkdf2:sha256:1000$IDhL0fgp5vEyFJrl$81894d80f5d563caddddce75bce4e93c61f9081bd75f8e9f6ae48d714b9117b9", "Pässwört1!", true},
		{"Werkzeug scrypt", "scrypt:16384:8:1$HXNmPonwSAsmZxci$0dfeb48404de79abea9ed52e3d3e919512d1360ea9b8c181eafd258f5c92c1f2f88a7599ff934230075ad4d56278322924ab1cc17d9dab6ed8815c51d3347aad", "Abcdef1!", true},
		{"passlib bcrypt", "$2b$12$abcdefghijklmnopqrstuu8K0BnnQGYyZNSHETxVw6jXXCetXLpr.", "Abcdef1!", true}, // the tests' cost is 4
		{"bcrypt of PHP", "$2y$04$18CPWQX3Mbk2SCIVqJ4nouE4SWVTo31gRWqT9ZaBr7eiXWXpOS4JK", "Abcdef1!", true},
		{"bcrypt of others", "$2a$04$18CPWQX3Mbk2SCIVqJ4nouE4SWVTo31gRWqT9ZaBr7eiXWXpOS4JK", "Abcdef1!", true},
		{"bcrypt as we write it", "$2b$04$18CPWQX3Mbk2SCIVqJ4nouE4SWVTo31gRWqT9ZaBr7eiXWXpOS4JK", "Abcdef1!", false},
		{"passlib bcrypt-sha256", "$bcrypt-sha256$2b,4$eYnC7wUMkEb79c.JwMMdQu$eSeDPBMM4Xq0Hi0yDsauTBUHw/VkUhW", long, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := hasher(t)
			ok, again, err := h.Verify(t.Context(), test.hash, test.password)
			if !ok || err != nil || again != test.again {
				t.Errorf("right password: %v, again %v, %v", ok, again, err)
			}
			for _, wrong := range []string{"", "abcdef1!", test.password + "x", test.password[1:]} {
				if ok, again, err := h.Verify(t.Context(), test.hash, wrong); ok || again || err != nil {
					t.Errorf("%q: %v, again %v, %v", wrong, ok, again, err)
				}
			}
		})
	}
}

// TestVerifyOdd: a stored hash that is damaged, or asks for the whole machine,
// is an error and takes no time.
func TestVerifyOdd(t *testing.T) {
	h := hasher(t)
	for _, hash := range []string{
		"", "x", "$2b$", "$2b$31$abcdefghijklmnopqrstuu8K0BnnQGYyZNSHETxVw6jXXCetXLpr.", "$2b$xx$abc", "$2b$12$short", "$2",
		"pbkdf2:sha256:999999999$salt$" + strings.Repeat("0", 64), "pbkdf2:sha256:-1$salt$" + strings.Repeat("0", 64),
		"pbkdf2:sha256:1000$salt$xyz", "pbkdf2:sha256:1000$$" + strings.Repeat("0", 64), "pbkdf2:sha1:1000$salt$00", "pbkdf2:sha256:",
		"scrypt:1073741824:8:1$salt$" + strings.Repeat("0", 128), "scrypt:32768:8:1000$salt$" + strings.Repeat("0", 128), "scrypt:3:8:1$salt$" + strings.Repeat("0", 128),
		"scrypt:::$salt$" + strings.Repeat("0", 128), "scrypt:0:0:0$s$", "$bcrypt-sha256$", "$bcrypt-sha256$2b,99$eYnC7wUMkEb79c.JwMMdQu$eSeDPBMM4Xq0Hi0yDsauTBUHw/VkUhW",
		"$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2",
	} {
		if ok, again, err := h.Verify(t.Context(), hash, "Abcdef1!"); ok || again || err == nil {
			t.Errorf("%q: %v, %v, %v, want an error", hash, ok, again, err)
		}
	}
}

// TestHash: what is written is read, a password is never cut silently, and the
// older system can read it up to where it reads itself.
func TestHash(t *testing.T) {
	h := hasher(t)
	for _, n := range []int{8, 71, 72, 73, 100, 128} {
		password := "Ab1!" + strings.Repeat("x", n-4)
		hash, err := h.Hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		if prefix := "$2b$04$"; n <= 72 && !strings.HasPrefix(hash, prefix) || n > 72 && !strings.HasPrefix(hash, "$bcrypt-sha256$2b,04$") {
			t.Errorf("%d bytes are kept as %s", n, hash)
		}
		ok, again, err := h.Verify(t.Context(), hash, password)
		if !ok || again || err != nil {
			t.Errorf("%d bytes: %v, %v, %v", n, ok, again, err)
		}
		if n == 72 {
			continue // bcrypt itself reads no further: only such passwords as this are kept so
		}
		for _, wrong := range []string{password + "x", password[:n-1] + "y"} {
			if ok, _, err := h.Verify(t.Context(), hash, wrong); ok || err != nil {
				t.Errorf("%d bytes: another password passes: %v", n, err)
			}
		}
	}
	// A long password that the older system cut stays readable for it.
	hash, err := h.Hash(t.Context(), strings.Repeat("a", 72))
	if err != nil {
		t.Fatal(err)
	}
	hash = strings.Replace(hash, "$04$", "$05$", 1)
	if _, again, _ := h.Verify(t.Context(), hash, strings.Repeat("a", 73)); again {
		t.Error("a hash that the older system reads would be replaced by one that it does not")
	}
}

func TestHasherBounds(t *testing.T) {
	for _, cost := range []int{3, 16} {
		if _, err := account.NewHasher(cost, 1); err == nil {
			t.Errorf("cost %d was taken", cost)
		}
	}
	h, err := account.NewHasher(10, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, 200)
	for range cap(results) {
		go func() {
			_, err := h.Hash(ctx, "Abcdef1!")
			results <- err
		}()
	}
	busy := 0
	for range cap(results) {
		err := <-results
		if errors.Is(err, account.ErrBusy) {
			busy++
			cancel() // those that wait give up
		} else if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	cancel()
	if busy == 0 {
		t.Error("200 at once, and none was told that there are too many")
	}
}

func FuzzVerify(f *testing.F) {
	for _, s := range []string{"$2b$04$x", "pbkdf2:sha256:1$a$b", "scrypt:2:1:1$a$b", "$bcrypt-sha256$2b,4$a$b", "scrypt:2:1:1$a$" + strings.Repeat("0", 128)} {
		f.Add(s, "Abcdef1!")
	}
	h, err := account.NewHasher(4, 0)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, hash, password string) {
		ok, again, err := h.Verify(t.Context(), hash, password)
		if again && !ok || err != nil && ok {
			t.Errorf("%q: %v, %v, %v", hash, ok, again, err)
		}
	})
}

// BenchmarkVerify: what a sign-in costs, by the form of the stored hash.
func BenchmarkVerify(b *testing.B) {
	h, err := account.NewHasher(0, 0)
	if err != nil {
		b.Fatal(err)
	}
	for name, hash := range map[string]string{
		"bcrypt 12":       "$2b$12$abcdefghijklmnopqrstuu8K0BnnQGYyZNSHETxVw6jXXCetXLpr.",
		"pbkdf2 600000":   "pbkdf2:sha256:600000$saltsalt$" + strings.Repeat("0", 64),
		"scrypt 32768":    "scrypt:32768:8:1$saltsalt$" + strings.Repeat("0", 128),
		"no such account": "",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if hash == "" {
					err = h.Spend(b.Context(), "Abcdef1!")
				} else {
					_, _, err = h.Verify(b.Context(), hash, "Abcdef1!")
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestEmails(t *testing.T) {
	for _, good := range []string{"a@b.c", "Ada.Byron+x@Example.org", "ä@bücher.example", " a@b.c\n"} {
		if got, err := account.CheckEmail(good); err != nil || got != strings.TrimSpace(good) {
			t.Errorf("%q: %q, %v", good, got, err)
		}
	}
	for _, bad := range []string{
		"", "a", "a@b", "@b.c", "a@", "a b@c.d", "a@b.c, d@e.f", "Ada <a@b.c>", "a@b.c\r\nBcc: x@y.z", `"a b"@c.d`, "a@@b.c", "a@b.c\x00",
		strings.Repeat("x", 65) + "@b.c", "a@" + strings.Repeat("x", 255) + ".c", "a\u202e@b.c", "a@[127.0.0.1]",
	} {
		if _, err := account.CheckEmail(bad); !errors.Is(err, account.ErrBadEmail) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzEmailKey(f *testing.F) {
	for _, s := range []string{"a@b.c", "ſ@x.y", "İ@x.y", "e\u0301@x.y", "\xff", "ΐ@x.y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, email string) {
		key := account.EmailKey(email)
		if again := account.EmailKey(key); again != key {
			t.Errorf("%q: key %q has the key %q", email, key, again)
		}
		if got, err := account.CheckEmail(email); err == nil && account.EmailKey(got) != key {
			t.Errorf("%q and %q have different keys", email, got)
		}
	})
}
