package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatmood/internal/account"
)

var form = account.Registration{Email: "Ada@Example.org", Password: password, FirstName: "Ada", LastName: "Byron"}

func TestRegister(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		want   string
		change func(*account.Registration)
	}{
		{"email is required", func(r *account.Registration) { *r = account.Registration{} }},
		{"password is required", func(r *account.Registration) { r.Password, r.FirstName = "", "" }},
		{"first_name is required", func(r *account.Registration) { r.FirstName = "" }},
		{"last_name is required", func(r *account.Registration) { r.LastName = "  " }},
		{"Please enter a valid email address", func(r *account.Registration) { r.Email = "x" }},
		{"Password must include at least one number", func(r *account.Registration) { r.Password = "Abcdefgh!" }},
		{"first_name must be at most 50 characters long", func(r *account.Registration) { r.FirstName = strings.Repeat("ж", 51) }},
		{"last_name must not contain control characters", func(r *account.Registration) { r.LastName = "a\r\nb" }},
	} {
		r := form
		test.change(&r)
		wantText(t, w.Register(t.Context(), r), test.want)
	}
	noError(t, w.Register(t.Context(), form))
	m := w.only(t, "code")
	if m.to != form.Email || len(m.code) != 6 {
		t.Errorf("mail %+v", m)
	}
	u, err := w.UserByEmail(t.Context(), "ada@example.ORG")
	noError(t, err)
	if u.Role != account.RoleUser || u.Status != account.StatusNotActive || strings.Contains(u.PasswordHash, password) {
		t.Errorf("registered as %+v", u)
	}
	_, _, err = w.Login(t.Context(), form.Email, password, account.Client{})
	wantError(t, err, account.ErrNotActive)
	wantError(t, w.VerifyEmail(t.Context(), "nobody@example.org", m.code), account.ErrBadCode)
	wantError(t, w.VerifyEmail(t.Context(), form.Email, "x"), account.ErrBadCode)
	noError(t, w.VerifyEmail(t.Context(), "ADA@example.org", " "+m.code))
	wantError(t, w.VerifyEmail(t.Context(), form.Email, m.code), account.ErrBadCode)
	w.login(t, "ada@EXAMPLE.org", password)

	// Once more, for an address that is taken: the same answer, another mail.
	again := form
	again.Password, again.Email = other, "ADA@example.org"
	w.take()
	noError(t, w.Register(t.Context(), again))
	if m := w.only(t, "already registered"); m.to != form.Email {
		t.Errorf("mail goes to %q, not to the address as it was registered", m.to)
	}
	_, _, err = w.Login(t.Context(), form.Email, other, account.Client{})
	wantError(t, err, account.ErrBadLogin)

	w.config.Registration = account.RegistrationClosed
	wantError(t, w.another(t).Register(t.Context(), form), account.ErrClosed)
}

// TestRegisterAgain: nobody reserves another's address by registering first,
// and nobody takes over a registration whose code is under way.
func TestRegisterAgain(t *testing.T) {
	w := newWorld(t)
	noError(t, w.Register(t.Context(), form))
	w.take()
	again := form
	again.Password, again.FirstName = other, "Eve"
	w.pass(5 * time.Minute)
	noError(t, w.Register(t.Context(), again))
	w.only(t, "code")
	w.pass(5 * time.Minute)
	noError(t, w.Register(t.Context(), again))
	noError(t, w.VerifyEmail(t.Context(), form.Email, w.only(t, "code").code))
	w.login(t, form.Email, other)
}

func TestCodes(t *testing.T) {
	t.Run("a full ten minutes", func(t *testing.T) {
		w := newWorld(t)
		w.pass(6*time.Minute + 58*time.Second) // two seconds before the next ten minutes of the clock
		noError(t, w.Register(t.Context(), form))
		w.pass(10*time.Minute - time.Second)
		noError(t, w.VerifyEmail(t.Context(), form.Email, w.only(t, "code").code))
	})
	t.Run("and no longer", func(t *testing.T) {
		w := newWorld(t)
		noError(t, w.Register(t.Context(), form))
		w.pass(10 * time.Minute)
		wantError(t, w.VerifyEmail(t.Context(), form.Email, w.only(t, "code").code), account.ErrBadCode)
	})
	t.Run("five tries", func(t *testing.T) {
		w := newWorld(t)
		noError(t, w.Register(t.Context(), form))
		code := w.only(t, "code").code
		for i := range 5 {
			wantError(t, w.VerifyEmail(t.Context(), form.Email, fmt.Sprintf("%06d", i)+"x"), account.ErrBadCode)
		}
		wantError(t, w.VerifyEmail(t.Context(), form.Email, code), account.ErrBadCode)
		noError(t, w.ResendCode(t.Context(), form.Email))
		noError(t, w.VerifyEmail(t.Context(), form.Email, w.only(t, "code").code))
	})
	t.Run("a new one replaces the old", func(t *testing.T) {
		w := newWorld(t)
		noError(t, w.Register(t.Context(), form))
		old := w.only(t, "code").code
		noError(t, w.ResendCode(t.Context(), form.Email))
		code := w.only(t, "code").code
		if code != old { // one in a million
			wantError(t, w.VerifyEmail(t.Context(), form.Email, old), account.ErrBadCode)
		}
		noError(t, w.VerifyEmail(t.Context(), form.Email, code))
	})
	t.Run("once, however many at once", func(t *testing.T) {
		w := newWorld(t)
		noError(t, w.Register(t.Context(), form))
		code := w.only(t, "code").code
		var wins atomic.Int64
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if w.VerifyEmail(t.Context(), form.Email, code) == nil {
					wins.Add(1)
				}
			})
		}
		wg.Wait()
		if wins.Load() != 1 {
			t.Errorf("accepted %d times", wins.Load())
		}
	})
	t.Run("required", func(t *testing.T) {
		w := newWorld(t)
		wantText(t, w.VerifyEmail(t.Context(), "", "1"), "Email and OTP are required")
		wantText(t, w.ResendCode(t.Context(), ""), "Email is required")
		noError(t, w.ResendCode(t.Context(), "nobody@example.org"))
		if list := w.take(); list != nil {
			t.Errorf("mails %v", list)
		}
	})
}

// TestSuspended: neither a new code nor an old one nor a reset lifts a
// suspension, and neither does registering again.
func TestSuspended(t *testing.T) {
	w := newWorld(t)
	noError(t, w.Register(t.Context(), form))
	code := w.only(t, "code").code
	u, err := w.UserByEmail(t.Context(), form.Email)
	noError(t, err)
	w.edit(t, u.ID, func(u *account.User) { u.Status = account.StatusSuspended })
	noError(t, w.ResendCode(t.Context(), form.Email))
	noError(t, w.ForgotPassword(t.Context(), form.Email))
	if list := w.take(); list != nil {
		t.Errorf("mails %v", list)
	}
	wantError(t, w.VerifyEmail(t.Context(), form.Email, code), account.ErrBadCode)
	w.pass(time.Hour)
	noError(t, w.Register(t.Context(), form))
	w.only(t, "already registered")
	_, _, err = w.Login(t.Context(), form.Email, password, account.Client{})
	wantError(t, err, account.ErrSuspended)
	_, _, err = w.Login(t.Context(), form.Email, "wrong", account.Client{})
	wantError(t, err, account.ErrBadLogin) // the status is for who knows the password
}

// TestLegacyCodes: what the older system left in documents still works.
func TestLegacyCodes(t *testing.T) {
	const secret = "JBSWY3DPEHPK3PXP"
	for _, test := range []struct {
		name    string
		at      int64
		created int64
		code    string
		want    error
	}{
		{"start of the step", 1735689600, 0, "982544", nil},
		{"its end", 1735690199, 0, "982544", nil},
		{"the next step", 1735690200, 0, "653048", nil},
		{"too late, when it was made is not known", 1735690200, 0, "982544", account.ErrBadCode},
		{"a step ago, made less than ten minutes ago", 1735690200, 1735690198, "982544", nil},
		{"a step ago, made ten minutes ago", 1735690200, 1735689600, "982544", account.ErrBadCode},
		{"wrong", 1735689600, 0, "982545", account.ErrBadCode},
		{"empty", 1735689600, 0, " ", account.ErrBadCode},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			u := w.user(t, "old@example.org", account.RoleUser)
			w.edit(t, u.ID, func(u *account.User) {
				u.Status, u.Legacy.OTP.Secret = account.StatusNotActive, secret
				if test.created != 0 {
					u.Legacy.OTP.CreatedAt = time.Unix(test.created, 0)
				}
			})
			w.pass(time.Unix(test.at, 0).Sub(w.now()))
			if err := w.VerifyEmail(t.Context(), u.Email, test.code); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
	t.Run("five tries", func(t *testing.T) {
		w := newWorld(t)
		u := w.user(t, "old@example.org", account.RoleUser)
		w.edit(t, u.ID, func(u *account.User) { u.Status, u.Legacy.OTP.Secret = account.StatusNotActive, secret })
		w.pass(time.Unix(1735689600, 0).Sub(w.now()))
		for range 5 {
			wantError(t, w.VerifyEmail(t.Context(), u.Email, "000000"), account.ErrBadCode)
		}
		wantError(t, w.VerifyEmail(t.Context(), u.Email, "982544"), account.ErrBadCode)
		noError(t, w.ResendCode(t.Context(), u.Email))
		noError(t, w.VerifyEmail(t.Context(), u.Email, w.only(t, "code").code))
	})
	t.Run("a reset link", func(t *testing.T) {
		w := newWorld(t)
		u := w.user(t, "old@example.org", account.RoleUser)
		w.edit(t, u.ID, func(u *account.User) {
			u.Legacy.ResetToken, u.Legacy.ResetExpires = "pF8Xv1JlcVnlzjGr-Li2sndnvmFq4UTWLtBKhBiQVX4", w.now().Add(time.Hour)
		})
		wantError(t, w.ValidateReset(t.Context(), u.ID, "pF8Xv1JlcVnlzjGr"), account.ErrBadLink)
		noError(t, w.ValidateReset(t.Context(), u.ID, "pF8Xv1JlcVnlzjGr-Li2sndnvmFq4UTWLtBKhBiQVX4"))
		noError(t, w.ResetPassword(t.Context(), u.ID, "pF8Xv1JlcVnlzjGr-Li2sndnvmFq4UTWLtBKhBiQVX4", other))
		wantError(t, w.ResetPassword(t.Context(), u.ID, "pF8Xv1JlcVnlzjGr-Li2sndnvmFq4UTWLtBKhBiQVX4", other), account.ErrBadLink)
		w.login(t, u.Email, other)
	})
}

func TestLogin(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	for _, test := range []struct {
		email, password string
		want            string
	}{
		{"", password, "Email and password are required"},
		{"ada@example.org", "", "Email and password are required"},
		{"ada@example.org", other, "Incorrect email or password."},
		{"nobody@example.org", password, "Incorrect email or password."},
		{`{"$ne": null}`, password, "Incorrect email or password."},
	} {
		_, _, err := w.Login(t.Context(), test.email, test.password, account.Client{Address: "192.0.2.7"})
		wantText(t, err, test.want)
	}
	got, tokens, err := w.Login(t.Context(), "ADA@example.org", password, account.Client{UserAgent: "first"})
	noError(t, err)
	if got.ID != u.ID || tokens.AccessExpires != start.Add(30*time.Minute) || tokens.RefreshExpires != start.Add(30*24*time.Hour) {
		t.Errorf("signed in as %s, %+v", got.ID, tokens)
	}
	if list := w.take(); list != nil {
		t.Errorf("mails after the first sign-in: %v", list)
	}
	_, _, err = w.Login(t.Context(), u.Email, password, account.Client{UserAgent: "first"})
	noError(t, err)
	_, _, err = w.Login(t.Context(), u.Email, password, account.Client{UserAgent: "second"})
	noError(t, err)
	w.only(t, "new device")
	page, err := w.Logs(t.Context(), account.LogQuery{Search: "192.0.2.7"})
	noError(t, err)
	if page.Total != 3 {
		t.Errorf("%d failed sign-ins in the log, want 3", page.Total)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := w.Login(ctx, u.Email, password, account.Client{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestRehash: an old hash is made anew at the sign-in, and only then.
func TestRehash(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "old@example.org", account.RoleUser)
	const old = "pbkdf2:sha256:1000$saltsalt$62c7e78ff28d9e1a382a071c0fdd404d0d86a3125a12c70ca82d0dd237e960d4"
	w.edit(t, u.ID, func(u *account.User) { u.PasswordHash = old })
	_, _, err := w.Login(t.Context(), u.Email, "wrong", account.Client{})
	wantError(t, err, account.ErrBadLogin)
	got, err := w.User(t.Context(), u.ID)
	noError(t, err)
	if got.PasswordHash != old {
		t.Error("a wrong password changed the hash")
	}
	w.login(t, u.Email, "Abcdef1!")
	if got, err = w.User(t.Context(), u.ID); err != nil || !strings.HasPrefix(got.PasswordHash, "$2b$04$") {
		t.Errorf("hash %q, %v", got.PasswordHash, err)
	}
	w.login(t, u.Email, "Abcdef1!")
}

func TestTooManySessions(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	first := w.login(t, u.Email, password)
	for range 50 {
		w.pass(time.Second)
		w.login(t, u.Email, password)
	}
	list, err := w.Sessions(t.Context(), u.ID)
	noError(t, err)
	if len(list) != 50 || list[0].Secret != nil {
		t.Errorf("%d sessions, want 50 without secrets", len(list))
	}
	_, err = w.Authenticate(t.Context(), first.Access)
	wantError(t, err, account.ErrBadToken)
}

func TestReset(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "Ada@example.org", account.RoleUser)
	tokens := w.login(t, u.Email, password)
	wantText(t, w.ForgotPassword(t.Context(), ""), "Email is required")
	noError(t, w.ForgotPassword(t.Context(), "nobody@example.org"))
	noError(t, w.ForgotPassword(t.Context(), "ada@EXAMPLE.org"))
	m := w.only(t, "reset")
	if m.to != u.Email || m.userID != u.ID || len(m.code) != 43 {
		t.Errorf("mail %+v", m)
	}
	for _, bad := range [][2]string{{u.ID, "x"}, {"x", m.code}, {account.NewID(start), m.code}, {u.ID, ""}, {u.ID, `{"$ne":null}`}, {u.ID, m.code + "="}} {
		wantError(t, w.ValidateReset(t.Context(), bad[0], bad[1]), account.ErrBadLink)
	}
	noError(t, w.ValidateReset(t.Context(), u.ID, m.code))
	noError(t, w.ValidateReset(t.Context(), u.ID, m.code))
	wantText(t, w.ResetPassword(t.Context(), u.ID, m.code, ""), "User ID, token and password are required")
	wantText(t, w.ResetPassword(t.Context(), u.ID, m.code, "weak"), "Password must be at least 8 characters long")
	noError(t, w.ResetPassword(t.Context(), u.ID, m.code, other))
	w.only(t, "password changed")
	wantError(t, w.ResetPassword(t.Context(), u.ID, m.code, password), account.ErrBadLink)
	_, err := w.Authenticate(t.Context(), tokens.Access)
	wantError(t, err, account.ErrBadToken)
	w.login(t, u.Email, other)

	noError(t, w.ForgotPassword(t.Context(), u.Email))
	old := w.only(t, "reset").code
	noError(t, w.ForgotPassword(t.Context(), u.Email))
	wantError(t, w.ValidateReset(t.Context(), u.ID, old), account.ErrBadLink)
	m = w.only(t, "reset")
	w.pass(24 * time.Hour)
	wantError(t, w.ResetPassword(t.Context(), u.ID, m.code, password), account.ErrBadLink)
}

// TestSecretsAtRest: what stands in the database opens nothing.
func TestSecretsAtRest(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	noError(t, w.ForgotPassword(t.Context(), u.Email))
	m := w.only(t, "reset")
	code, err := w.store.Code(t.Context(), u.ID, account.PurposeReset, w.now())
	noError(t, err)
	if strings.Contains(string(code.Hash), m.code) || len(code.Hash) != 32 {
		t.Errorf("kept as %q", code.Hash)
	}
	cfg := w.config
	cfg.SecretKey = []byte("another secret key, long enough as well")
	stranger, err := account.NewService(cfg)
	noError(t, err)
	wantError(t, stranger.ValidateReset(t.Context(), u.ID, m.code), account.ErrBadLink)
	tokens := w.login(t, u.Email, password)
	_, _, err = stranger.Refresh(t.Context(), tokens.Refresh)
	wantError(t, err, account.ErrBadToken)
}

func TestProfile(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	name, empty, line := " Åsa ", "", "a\nb"
	_, err := w.UpdateProfile(t.Context(), u.ID, account.Profile{})
	wantText(t, err, "No data provided")
	_, err = w.UpdateProfile(t.Context(), u.ID, account.Profile{LastName: &empty})
	wantText(t, err, "last_name is required")
	_, err = w.UpdateProfile(t.Context(), u.ID, account.Profile{FirstName: &line})
	wantText(t, err, "first_name must not contain control characters")
	_, err = w.UpdateProfile(t.Context(), account.NewID(start), account.Profile{FirstName: &name})
	wantError(t, err, account.ErrNotFound)
	got, err := w.UpdateProfile(t.Context(), u.ID, account.Profile{FirstName: &name})
	noError(t, err)
	if got.Name() != "Åsa Byron" {
		t.Errorf("name %q", got.Name())
	}
	for _, bad := range []string{"x", "data:text/html;base64,PHA+", "data:image/svg+xml;base64,AAAA", "data:image/png;base64,", "data:image/png;base64," + strings.Repeat("A", 7<<20)} {
		if _, err := w.SetProfileImage(t.Context(), u.ID, bad); account.AsError(err) == nil {
			t.Errorf("image %.40q: %v", bad, err)
		}
	}
	got, err = w.SetProfileImage(t.Context(), u.ID, dataURL(t, "png", picture(3, 2, true)))
	if err != nil || !strings.HasPrefix(got.ProfileImage, "data:image/png;base64,") {
		t.Fatalf("image %v, %v", got, err)
	}
	got, err = w.SetProfileImage(t.Context(), u.ID, "")
	if err != nil || got.ProfileImage != "" {
		t.Errorf("image %q, %v", got.ProfileImage, err)
	}
}

func TestChangePassword(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	here, there := w.login(t, u.Email, password), w.login(t, u.Email, password)
	id := w.identity(t, here.Access)
	w.identity(t, there.Access)
	wantText(t, w.ChangePassword(t.Context(), id, "", other), "Old and new password are required")
	wantText(t, w.ChangePassword(t.Context(), id, "wrong", other), "Incorrect old password")
	wantText(t, w.ChangePassword(t.Context(), id, password, "Abcdefgh!"), "Password must include at least one number")
	noError(t, w.ChangePassword(t.Context(), id, password, other))
	w.only(t, "password changed")
	w.identity(t, here.Access)
	_, err := w.Authenticate(t.Context(), there.Access)
	wantError(t, err, account.ErrBadToken)
	wantText(t, w.ChangePassword(t.Context(), id, password, other), "Incorrect old password")
	w.login(t, u.Email, other)
}

func TestEmailChange(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	w.user(t, "taken@example.org", account.RoleUser)
	request := func(email, pw string) error {
		_, err := w.RequestEmailChange(t.Context(), u.ID, email, pw)
		return err
	}
	wantText(t, request("", password), "New email and password are required")
	wantText(t, request("new@example.org", "wrong"), "Incorrect password")
	wantText(t, request("x", password), "Please enter a valid email address")
	wantText(t, request(u.Email, password), "New email cannot be the same as current email")
	wantText(t, request("TAKEN@example.org", password), "Email address already in use")
	wantText(t, w.CancelEmailChange(t.Context(), u.ID), "No active email change request found")
	current, err := w.RequestEmailChange(t.Context(), u.ID, "New@example.org", password)
	noError(t, err)
	first := w.only(t, "code")
	if current != u.Email || first.to != u.Email {
		t.Errorf("first code to %q, answer %q", first.to, current)
	}
	_, err = w.VerifyNewEmail(t.Context(), u.ID, first.code)
	wantText(t, err, "Invalid or expired OTP")
	_, err = w.VerifyCurrentEmail(t.Context(), u.ID, "")
	wantText(t, err, "OTP is required")
	target, err := w.VerifyCurrentEmail(t.Context(), u.ID, first.code)
	noError(t, err)
	second := w.only(t, "code")
	if target != "New@example.org" || second.to != target {
		t.Errorf("second code to %q", second.to)
	}
	_, err = w.VerifyCurrentEmail(t.Context(), u.ID, first.code)
	wantText(t, err, "Invalid or expired OTP")
	got, err := w.VerifyNewEmail(t.Context(), u.ID, second.code)
	noError(t, err)
	if m := w.only(t, "email changed"); got.Email != target || m.to != "ada@example.org" || m.code != target {
		t.Errorf("now %q, mail %+v", got.Email, m)
	}
	w.login(t, "new@example.org", password)
	wantError(t, w.CancelEmailChange(t.Context(), u.ID), account.ErrNoEmailChange)

	// Cancelled: the code is worth nothing.
	noError(t, request("third@example.org", password))
	code := w.only(t, "code").code
	noError(t, w.CancelEmailChange(t.Context(), u.ID))
	_, err = w.VerifyCurrentEmail(t.Context(), u.ID, code)
	wantError(t, err, account.ErrBadCode)

	// Taken between the steps.
	noError(t, request("third@example.org", password))
	_, err = w.VerifyCurrentEmail(t.Context(), u.ID, w.only(t, "code").code)
	noError(t, err)
	w.user(t, "third@example.org", account.RoleUser)
	_, err = w.VerifyNewEmail(t.Context(), u.ID, w.only(t, "code").code)
	wantError(t, err, account.ErrNewEmailTaken)
}

// TestLegacyEmailChange: steps that the older system began can be ended.
func TestLegacyEmailChange(t *testing.T) {
	w := newWorld(t)
	w.pass(time.Unix(1735689600, 0).Sub(w.now()))
	u := w.user(t, "ada@example.org", account.RoleUser)
	w.edit(t, u.ID, func(u *account.User) {
		u.Legacy.PendingNewEmail, u.Legacy.EmailChangeOTP.Secret = "new@example.org", "JBSWY3DPEHPK3PXP"
	})
	_, err := w.VerifyCurrentEmail(t.Context(), u.ID, "000000")
	wantError(t, err, account.ErrBadCode)
	target, err := w.VerifyCurrentEmail(t.Context(), u.ID, "982544")
	noError(t, err)
	got, err := w.VerifyNewEmail(t.Context(), u.ID, w.only(t, "code").code)
	noError(t, err)
	if got.Email != target || target != "new@example.org" || got.Legacy != (account.Legacy{}) {
		t.Errorf("changed to %q, left over %+v", got.Email, got.Legacy)
	}
	w.edit(t, u.ID, func(u *account.User) { u.Legacy.PendingNewEmail = "x@example.org" })
	noError(t, w.CancelEmailChange(t.Context(), u.ID))
}

func TestDeleteAccount(t *testing.T) {
	var forgot []string
	w := newWorld(t, func(c *account.Config) {
		c.Forget = func(_ context.Context, id string) (int, error) {
			forgot = append(forgot, id)
			return 3, nil
		}
	})
	admin := w.user(t, "admin@example.org", account.RoleAdmin)
	u := w.user(t, "ada@example.org", account.RoleUser)
	tokens := w.login(t, u.Email, password)
	w.identity(t, tokens.Access)
	_, err := w.DeleteAccount(t.Context(), u.ID, "")
	wantText(t, err, "Password is required")
	_, err = w.DeleteAccount(t.Context(), u.ID, "wrong")
	wantText(t, err, "Incorrect password")
	_, err = w.DeleteAccount(t.Context(), admin.ID, password)
	wantError(t, err, account.ErrLastAdmin)
	if forgot != nil {
		t.Errorf("forgot %v of users who stay", forgot)
	}
	n, err := w.DeleteAccount(t.Context(), u.ID, password)
	if err != nil || n != 3 || len(forgot) != 1 || forgot[0] != u.ID {
		t.Errorf("deleted with %d things, %v, %v", n, forgot, err)
	}
	w.only(t, "account deleted")
	_, err = w.Authenticate(t.Context(), tokens.Access)
	wantError(t, err, account.ErrBadToken)
	_, err = w.DeleteUser(t.Context(), u.ID)
	wantError(t, err, account.ErrNotFound)
	page, err := w.Logs(t.Context(), account.LogQuery{Search: "byron", Limit: 100})
	noError(t, err)
	for _, l := range page.Logs {
		if l.UserID != admin.ID {
			t.Errorf("the log still names the user: %+v", l)
		}
	}
}
