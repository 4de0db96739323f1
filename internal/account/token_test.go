package account_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"chatmood/internal/account"
)

// sign makes a token as another program with the same key would.
func sign(t testing.TB, method jwt.SigningMethod, secret any, claims jwt.MapClaims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, claims).SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// headed makes a token whose header says more, signed with the server's key or,
// where one is given, another.
func headed(t testing.TB, claims jwt.MapClaims, name string, value any, other ...byte) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	token.Header[name] = value
	secret := []byte(key)
	if len(other) > 0 {
		secret = other
	}
	signed, err := token.SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestAccessToken(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleAdmin)
	tokens := w.login(t, u.Email, password)
	id := w.identity(t, tokens.Access)
	want := account.Identity{
		UserID: u.ID, Email: u.Email, FirstName: "Ada", LastName: "Byron", Role: account.RoleAdmin,
		SessionID: tokens.SessionID, Expires: start.Add(30 * time.Minute),
	}
	id.Expires = id.Expires.UTC()
	if id != want {
		t.Errorf("identity %+v, want %+v", id, want)
	}
	parts := strings.Split(tokens.Access, ".")
	header, err := base64.RawURLEncoding.DecodeString(parts[0])
	noError(t, err)
	if string(header) != `{"alg":"HS256","typ":"JWT"}` {
		t.Errorf("header %s", header)
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	noError(t, err)
	var claims map[string]any
	noError(t, json.Unmarshal(body, &claims))
	if claims["sub"] != u.ID || claims["sid"] != tokens.SessionID || claims["exp"] != float64(start.Add(30*time.Minute).Unix()) || claims["iat"] != float64(start.Unix()) || claims["jti"] == "" {
		t.Errorf("claims %s", body)
	}
	w.pass(30*time.Minute - time.Second)
	w.identity(t, tokens.Access)
	w.pass(time.Second)
	_, err = w.Authenticate(t.Context(), tokens.Access)
	wantError(t, err, account.ErrBadToken)
}

func TestForeignTokens(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	good := w.login(t, u.Email, password)
	later := start.Add(time.Minute).Unix()
	stranger := w.user(t, "eve@example.org", account.RoleUser)
	for name, token := range map[string]string{
		"empty":              "",
		"rubbish":            "a.b.c",
		"another key":        sign(t, jwt.SigningMethodHS256, []byte("another key, as long as it takes"), jwt.MapClaims{"sub": u.ID, "exp": later}),
		"no algorithm":       sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.MapClaims{"sub": u.ID, "exp": later}),
		"another algorithm":  sign(t, jwt.SigningMethodHS512, []byte(key), jwt.MapClaims{"sub": u.ID, "exp": later}),
		"no expiry":          sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": u.ID}),
		"expired":            sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": u.ID, "exp": start.Unix()}),
		"no subject":         sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"exp": later}),
		"odd subject":        sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": `{"$ne":null}`, "exp": later}),
		"unknown session":    sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": u.ID, "exp": later, "sid": "x"}),
		"somebody's session": sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": stranger.ID, "exp": later, "sid": good.SessionID}),
		"endless":            strings.Repeat("a", 1<<20),
		"cut":                good.Access[:len(good.Access)-1],
		"a refresh token":    good.Refresh,
		"not yet":            sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": u.ID, "exp": later, "nbf": start.Add(time.Second).Unix()}),
		"another issuer":     sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": u.ID, "exp": later, "iss": "https://other.example"}),
		"another audience":   sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": u.ID, "exp": later, "aud": "mail"}),
		"two audiences":      sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": u.ID, "exp": later, "aud": []string{"a", "b"}}),
		"another type":       headed(t, jwt.MapClaims{"sub": u.ID, "exp": later}, "typ", "logout+jwt"),
		"a key of its own":   headed(t, jwt.MapClaims{"sub": u.ID, "exp": later}, "jwk", map[string]any{"kty": "oct", "k": "AAAA"}, []byte("AAAA")...),
		"a key from a file":  headed(t, jwt.MapClaims{"sub": u.ID, "exp": later}, "kid", "/dev/null", 0),
		"in four parts":      good.Access + ".x",
		"signature in front": "." + good.Access,
	} {
		for range 2 { // the second time from the cache, if it were there
			if _, err := w.Authenticate(t.Context(), token); !errors.Is(err, account.ErrBadToken) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	w.identity(t, good.Access)
	_, err := w.Authenticate(t.Context(), sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": stranger.ID, "exp": later, "sid": good.SessionID}))
	wantError(t, err, account.ErrBadToken) // with the session in the cache
	_, err = w.Authenticate(t.Context(), sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": account.NewID(start), "exp": later}))
	wantError(t, err, account.ErrUserGone)
	_, err = w.AuthenticateAdmin(t.Context(), good.Access)
	wantError(t, err, account.ErrNotAdmin)
}

// TestLegacyToken: tokens of the older system are good until they expire or
// their owner signs out, changes the password or is suspended.
func TestLegacyToken(t *testing.T) {
	end := map[string]func(*world, account.Identity) error{
		"sign-out": func(w *world, id account.Identity) error { return w.Logout(t.Context(), id) },
		"sign-out everywhere": func(w *world, id account.Identity) error {
			_, err := w.LogoutEverywhere(t.Context(), id.UserID, "")
			return err
		},
		"password":   func(w *world, id account.Identity) error { return w.ChangePassword(t.Context(), id, password, other) },
		"by command": func(w *world, id account.Identity) error { return w.SetPassword(t.Context(), id.UserID, other) },
	}
	for name, ends := range end {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			u := w.user(t, "ada@example.org", account.RoleUser)
			token := sign(t, jwt.SigningMethodHS256, []byte(key), jwt.MapClaims{"sub": u.ID, "exp": start.Add(30 * time.Minute).Unix()})
			id := w.identity(t, token)
			if id.SessionID != "" || id.UserID != u.ID {
				t.Errorf("identity %+v", id)
			}
			w.pass(time.Minute)
			noError(t, ends(w, id))
			_, err := w.Authenticate(t.Context(), token)
			wantError(t, err, account.ErrBadToken)
		})
	}
}

// TestRotation: of a family of refresh tokens only the last is good, and any
// other ends the session, whatever came before.
func TestRotation(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		tokens := w.login(t, u.Email, password)
		family := []string{tokens.Refresh}
		for range 1 + r.IntN(6) {
			w.pass(time.Duration(r.IntN(3600)) * time.Second)
			_, next, err := w.Refresh(t.Context(), family[len(family)-1])
			noError(t, err)
			if next.SessionID != tokens.SessionID || next.Refresh == family[len(family)-1] {
				t.Fatalf("after %+v came %+v", tokens, next)
			}
			tokens = next
			family = append(family, next.Refresh)
			w.identity(t, next.Access)
		}
		_, _, err := w.Refresh(t.Context(), family[r.IntN(len(family)-1)])
		wantError(t, err, account.ErrBadToken)
		for _, token := range family {
			_, _, err := w.Refresh(t.Context(), token)
			wantError(t, err, account.ErrBadToken)
		}
		_, err = w.Authenticate(t.Context(), tokens.Access)
		wantError(t, err, account.ErrBadToken)
	}
	reuse := 0
	for _, a := range w.activities(t) {
		if a == account.ActivityReuse {
			reuse++
		}
	}
	if reuse != 20 {
		t.Errorf("%d reuses in the log, want 20", reuse)
	}
}

func TestRefreshRefused(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	tokens := w.login(t, u.Email, password)
	parts := strings.Split(tokens.Refresh, ".")
	for _, token := range []string{
		"", "x", tokens.Access, strings.Join(parts[:2], "."), parts[0] + ".1." + parts[2], parts[0] + ".-1." + parts[2],
		strings.Repeat("0", 32) + ".0." + parts[2], parts[0] + ".0." + parts[2][1:] + "A", tokens.Refresh + "=", parts[0] + ".99999999999999999999." + parts[2],
	} {
		if _, _, err := w.Refresh(t.Context(), token); !errors.Is(err, account.ErrBadToken) {
			t.Errorf("%q: %v", token, err)
		}
	}
	// A guess does not end the session.
	_, tokens, err := w.Refresh(t.Context(), tokens.Refresh)
	noError(t, err)
	w.edit(t, u.ID, func(u *account.User) { u.Status = account.StatusSuspended })
	_, _, err = w.Refresh(t.Context(), tokens.Refresh)
	wantError(t, err, account.ErrSuspended)
	w.edit(t, u.ID, func(u *account.User) { u.Status = account.StatusActive })
	w.pass(30 * 24 * time.Hour)
	_, _, err = w.Refresh(t.Context(), tokens.Refresh)
	wantError(t, err, account.ErrBadToken)
	n, err := w.DropExpired(t.Context())
	if err != nil || n != 0 {
		t.Errorf("dropped %d at the very moment of expiry, %v", n, err)
	}
	w.pass(time.Second)
	if n, err = w.DropExpired(t.Context()); err != nil || n != 1 {
		t.Errorf("dropped %d, %v; want the session", n, err)
	}
}

// TestTokenCounts: what comes of tokens is counted, each once.
func TestTokenCounts(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	first, second := w.login(t, u.Email, password), w.login(t, u.Email, password)
	check := func(what string, want account.TokenCounts) {
		t.Helper()
		if got := w.TokenCounts(); got != want {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	check("two sign-ins", account.TokenCounts{Issued: 2})
	id, err := w.Authenticate(t.Context(), first.Access)
	noError(t, err)
	_, second, err = w.Refresh(t.Context(), second.Refresh)
	noError(t, err)
	check("one renewed", account.TokenCounts{Issued: 3})
	for _, token := range []string{"", "garbage", first.Access + "x"} {
		if _, err := w.Authenticate(t.Context(), token); err == nil {
			t.Errorf("%q was let in", token)
		}
	}
	check("three that are none", account.TokenCounts{Issued: 3, Refused: 3})
	noError(t, w.Logout(t.Context(), id))
	if _, err := w.Authenticate(t.Context(), first.Access); err == nil {
		t.Error("the token of an ended sign-in was let in")
	}
	check("signed out", account.TokenCounts{Issued: 3, Refused: 4, Ended: 1})
	w.pass(time.Hour)
	if _, err := w.Authenticate(t.Context(), second.Access); err == nil {
		t.Error("an expired token was let in")
	}
	check("an hour later", account.TokenCounts{Issued: 3, Refused: 4, Expired: 1, Ended: 1})
}

// TestRefreshAtOnce: of many uses of one token at most one gets tokens, and the
// session does not survive that there were several.
func TestRefreshAtOnce(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	tokens := w.login(t, u.Email, password)
	var mu sync.Mutex
	var won []account.Tokens
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, next, err := w.Refresh(t.Context(), tokens.Refresh)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, next)
			} else if !errors.Is(err, account.ErrBadToken) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d got tokens, want 1", len(won))
	}
	_, err := w.Authenticate(t.Context(), won[0].Access)
	wantError(t, err, account.ErrBadToken)
}

func TestRefreshGrace(t *testing.T) {
	w := newWorld(t, func(c *account.Config) { c.RefreshGrace = 10 * time.Second })
	u := w.user(t, "ada@example.org", account.RoleUser)
	first := w.login(t, u.Email, password)
	_, second, err := w.Refresh(t.Context(), first.Refresh)
	noError(t, err)
	w.pass(9 * time.Second)
	_, same, err := w.Refresh(t.Context(), first.Refresh)
	noError(t, err)
	if same.Refresh != second.Refresh {
		t.Error("the other tab got another refresh token")
	}
	w.pass(time.Second)
	_, _, err = w.Refresh(t.Context(), first.Refresh)
	wantError(t, err, account.ErrBadToken)
	_, _, err = w.Refresh(t.Context(), second.Refresh)
	wantError(t, err, account.ErrBadToken)
}

// TestRefreshGraceWithSkew: the other tab asked a server whose clock is a minute
// off, which is known here.
func TestRefreshGraceWithSkew(t *testing.T) {
	for _, off := range []time.Duration{time.Minute, -time.Minute} {
		skew := time.Minute
		w := newWorld(t, func(c *account.Config) {
			c.RefreshGrace, c.Skew = 10*time.Second, func() time.Duration { return skew }
		})
		u := w.user(t, "ada@example.org", account.RoleUser)
		first := w.login(t, u.Email, password)
		w.pass(off)
		_, second, err := w.Refresh(t.Context(), first.Refresh)
		noError(t, err)
		w.pass(-off)
		_, same, err := w.Refresh(t.Context(), first.Refresh)
		noError(t, err)
		if same.Refresh != second.Refresh {
			t.Error("the other tab got another refresh token")
		}
		skew = 0
		_, _, err = w.Refresh(t.Context(), first.Refresh)
		wantError(t, err, account.ErrBadToken)
	}
}

// TestRevocation: what one node ends is over there at once, and on another
// within the cache's lifetime.
func TestRevocation(t *testing.T) {
	for name, ends := range map[string]func(*world, account.Identity) error{
		"sign-out":    func(w *world, id account.Identity) error { return w.Logout(t.Context(), id) },
		"end session": func(w *world, id account.Identity) error { return w.EndSession(t.Context(), id.UserID, id.SessionID) },
		"sign-out everywhere": func(w *world, id account.Identity) error {
			_, err := w.LogoutEverywhere(t.Context(), id.UserID, "")
			return err
		},
		"suspension": func(w *world, id account.Identity) error {
			_, err := w.UpdateUser(t.Context(), account.Identity{}, id.UserID, account.UserUpdate{
				FirstName: "Ada", LastName: "Byron", Email: id.Email, Role: account.RoleUser, Status: account.StatusSuspended,
			})
			return err
		},
		"role": func(w *world, id account.Identity) error {
			_, err := w.UpdateUser(t.Context(), account.Identity{}, id.UserID, account.UserUpdate{
				FirstName: "Ada", LastName: "Byron", Email: id.Email, Role: account.RoleAdmin, Status: account.StatusActive,
			})
			return err
		},
		"deletion": func(w *world, id account.Identity) error { _, err := w.DeleteUser(t.Context(), id.UserID); return err },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			node := w.another(t)
			u := w.user(t, "ada@example.org", account.RoleUser)
			tokens := w.login(t, u.Email, password)
			id := w.identity(t, tokens.Access)
			_, err := node.Authenticate(t.Context(), tokens.Access)
			noError(t, err)
			noError(t, ends(w, id))
			if _, err := w.Authenticate(t.Context(), tokens.Access); account.AsError(err) == nil {
				t.Errorf("here: %v", err)
			}
			w.pass(account.DefaultCacheLifetime)
			if _, err := node.Authenticate(t.Context(), tokens.Access); account.AsError(err) == nil {
				t.Errorf("on another node: %v", err)
			}
			if _, _, err := node.Refresh(t.Context(), tokens.Refresh); account.AsError(err) == nil {
				t.Errorf("refreshed: %v", err)
			}
		})
		t.Run(name+", and the other node is told", func(t *testing.T) {
			var node *account.Service
			w := newWorld(t, func(cfg *account.Config) {
				cfg.Revoked = func(userID, session string) {
					if node != nil {
						node.Drop(userID, session)
					}
				}
			})
			other := w.another(t)
			u := w.user(t, "ada@example.org", account.RoleUser)
			tokens := w.login(t, u.Email, password)
			id := w.identity(t, tokens.Access)
			_, err := other.Authenticate(t.Context(), tokens.Access)
			noError(t, err)
			node = other
			noError(t, ends(w, id))
			if _, err := other.Authenticate(t.Context(), tokens.Access); account.AsError(err) == nil {
				t.Errorf("on another node, at once: %v", err)
			}
		})
	}
}

// TestClockSetBack: a cache entry does not outlive its time when the clock is
// set back.
func TestClockSetBack(t *testing.T) {
	w := newWorld(t)
	node := w.another(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	tokens := w.login(t, u.Email, password)
	_, err := node.Authenticate(t.Context(), tokens.Access)
	noError(t, err)
	noError(t, w.Logout(t.Context(), w.identity(t, tokens.Access)))
	w.pass(-time.Hour)
	_, err = node.Authenticate(t.Context(), tokens.Access)
	wantError(t, err, account.ErrBadToken)
}

func TestSessions(t *testing.T) {
	w := newWorld(t)
	u, eve := w.user(t, "ada@example.org", account.RoleUser), w.user(t, "eve@example.org", account.RoleUser)
	a, b := w.login(t, u.Email, password), w.login(t, u.Email, password)
	theirs := w.login(t, eve.Email, password)
	wantError(t, w.EndSession(t.Context(), u.ID, theirs.SessionID), account.ErrSessionUnknown)
	wantError(t, w.EndSession(t.Context(), u.ID, "x"), account.ErrSessionUnknown)
	n, err := w.LogoutEverywhere(t.Context(), u.ID, a.SessionID)
	if err != nil || n != 1 {
		t.Errorf("ended %d, %v", n, err)
	}
	w.identity(t, a.Access)
	w.identity(t, theirs.Access)
	_, err = w.Authenticate(t.Context(), b.Access)
	wantError(t, err, account.ErrBadToken)
	list, err := w.Sessions(t.Context(), u.ID)
	if err != nil || len(list) != 1 || list[0].ID != a.SessionID || list[0].UserAgent != "browser" || list[0].Address != "192.0.2.1" {
		t.Errorf("sessions %+v, %v", list, err)
	}
}

// BenchmarkAuthenticate: each request pays this.
func BenchmarkAuthenticate(b *testing.B) {
	w := newWorld(b)
	u := w.user(b, "ada@example.org", account.RoleUser)
	tokens := w.login(b, u.Email, password)
	for name, lifetime := range map[string]time.Duration{"cached": time.Hour, "from the store": time.Microsecond} {
		cfg := w.config
		cfg.CacheLifetime = lifetime
		s, err := account.NewService(cfg)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if lifetime == time.Microsecond {
					w.pass(time.Microsecond)
				}
				if _, err := s.Authenticate(b.Context(), tokens.Access); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzAuthenticate: no text but a token that was given out lets anybody in, and
// a guess does not harm the one who holds it.
func FuzzAuthenticate(f *testing.F) {
	w := newWorld(f)
	u := w.user(f, "ada@example.org", account.RoleUser)
	tokens := w.login(f, u.Email, password)
	parts := strings.Split(tokens.Access, ".")
	for _, seed := range []string{
		tokens.Access, tokens.Refresh, "", ".", "..", "...", parts[0] + "." + parts[1] + ".", "." + parts[1] + "." + parts[2], strings.Repeat("0", 32) + ".0.AAAA",
		sign(f, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, jwt.MapClaims{"sub": u.ID, "exp": 1 << 40}),
		base64.RawURLEncoding.EncodeToString([]byte(`{"alg":["HS256"],"typ":{}}`)) + "." + parts[1] + "." + parts[2],
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		id, err := w.Authenticate(t.Context(), token)
		switch {
		case err == nil:
			// The last characters of base64 can be written in several ways.
			if end := strings.LastIndexByte(token, '.'); end < 0 || token[:end] != parts[0]+"."+parts[1] || id.UserID != u.ID {
				t.Errorf("%q lets %+v in", token, id)
			}
		case !errors.Is(err, account.ErrBadToken):
			t.Errorf("%q: %v", token, err)
		}
		if token == tokens.Refresh {
			return
		}
		if _, got, err := w.Refresh(t.Context(), token); !errors.Is(err, account.ErrBadToken) {
			t.Errorf("%q is exchanged for %+v: %v", token, got, err)
		}
	})
}
