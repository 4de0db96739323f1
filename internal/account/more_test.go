package account_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"chatmood/internal/account"
)

// TestRecheck: a connection that outlasts its token may stay while the sign-in
// goes on, and who is suspended is told so.
func TestRecheck(t *testing.T) {
	w := newWorld(t)
	w.user(t, "root@example.org", account.RoleAdmin)
	u := w.user(t, "ada@example.org", account.RoleUser)
	id := w.identity(t, w.login(t, u.Email, password).Access)
	w.pass(2 * time.Hour) // the token is long gone
	got, err := w.Recheck(t.Context(), id)
	noError(t, err)
	if got.UserID != u.ID || got.SessionID != id.SessionID {
		t.Errorf("rechecked as %+v", got)
	}
	update := account.UserUpdate{FirstName: "Ada", LastName: "Byron", Email: u.Email, Role: account.RoleAdmin, Status: account.StatusActive}
	_, err = w.UpdateUser(t.Context(), account.Identity{}, u.ID, update)
	noError(t, err)
	_, err = w.Recheck(t.Context(), id)
	wantError(t, err, account.ErrBadToken) // another role is another sign-in
	id = w.identity(t, w.login(t, u.Email, password).Access)
	update.Status = account.StatusSuspended
	_, err = w.another(t).UpdateUser(t.Context(), account.Identity{}, u.ID, update) // on another node
	noError(t, err)
	w.pass(account.DefaultCacheLifetime)
	_, err = w.Recheck(t.Context(), id)
	wantError(t, err, account.ErrSuspended)
	_, err = w.DeleteUser(t.Context(), u.ID)
	noError(t, err)
	_, err = w.Recheck(t.Context(), id)
	wantError(t, err, account.ErrUserGone)
}

// TestSignedOut: others learn when nobody is signed in as a user any more, and
// not before.
func TestSignedOut(t *testing.T) {
	var gone []string
	w := newWorld(t, func(c *account.Config) {
		c.SignedOut = func(_ context.Context, userID string) { gone = append(gone, userID) }
	})
	w.user(t, "root@example.org", account.RoleAdmin)
	u := w.user(t, "ada@example.org", account.RoleUser)
	told := func(what string, want bool) {
		t.Helper()
		if got := slices.Contains(gone, u.ID); got != want {
			t.Errorf("after %s it is told: %v, want %v", what, got, want)
		}
		gone = nil
	}
	one, two := w.identity(t, w.login(t, u.Email, password).Access), w.identity(t, w.login(t, u.Email, password).Access)
	noError(t, w.Logout(t.Context(), one))
	told("one of two sign-outs", false)
	noError(t, w.EndSession(t.Context(), u.ID, two.SessionID))
	told("the last", true)
	three := w.identity(t, w.login(t, u.Email, password).Access)
	_, err := w.LogoutEverywhere(t.Context(), u.ID, three.SessionID)
	noError(t, err)
	told("sign-out everywhere else", false)
	_, err = w.SignOutUser(t.Context(), account.Identity{}, u.ID)
	noError(t, err)
	told("sign-out by an administrator", true)
	w.login(t, u.Email, password)
	_, err = w.UpdateUser(t.Context(), account.Identity{}, u.ID, account.UserUpdate{FirstName: "Ada", LastName: "Byron", Email: u.Email, Role: account.RoleUser, Status: account.StatusSuspended})
	noError(t, err)
	told("suspension", true)
}

func TestUsage(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	w.login(t, u.Email, password)
	_, _, err := w.Login(t.Context(), u.Email, "wrong", account.Client{})
	wantError(t, err, account.ErrBadLogin)
	w.pass(48 * time.Hour)
	noError(t, w.Register(t.Context(), form2()))
	w.Count(t.Context(), account.Usage{Started: 2, Messages: 500})
	days, err := w.UsageOf(t.Context(), 4)
	noError(t, err)
	want := []account.Usage{
		{Day: "2026-03-03"}, {Day: "2026-03-04", SignIns: 1, FailedSignIns: 1}, {Day: "2026-03-05"}, {Day: "2026-03-06", Registrations: 1, Started: 2, Messages: 500},
	}
	if !slices.Equal(days, want) {
		t.Errorf("usage %+v, want %+v", days, want)
	}
	for _, bad := range []int{0, -1, 367} {
		if _, err := w.UsageOf(t.Context(), bad); account.AsError(err) == nil {
			t.Errorf("%d days: %v", bad, err)
		}
	}
}

func form2() account.Registration {
	return account.Registration{Email: "nora@example.org", Password: password, FirstName: "Nora", LastName: "Quill"}
}

// TestLegacyRenewed: a token of the older system gets a session when it is
// renewed.
func TestLegacyRenewed(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "ada@example.org", account.RoleUser)
	renewed, tokens, err := w.Renew(t.Context(), account.Identity{UserID: u.ID, Expires: w.now().Add(time.Minute)}, account.Client{Address: "192.0.2.9"})
	noError(t, err)
	if renewed.ID != u.ID || tokens.Refresh == "" || w.identity(t, tokens.Access).SessionID == "" {
		t.Errorf("renewed as %+v", tokens)
	}
	_, again, err := w.Renew(t.Context(), w.identity(t, tokens.Access), account.Client{})
	noError(t, err)
	if again.Refresh != "" || again.SessionID != tokens.SessionID || again.Access == tokens.Access {
		t.Errorf("renewed again as %+v", again)
	}
}
