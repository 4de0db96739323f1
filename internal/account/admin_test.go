package account_test

import (
	"slices"
	"testing"
	"time"

	"chatmood/internal/account"
)

func TestUpdateUser(t *testing.T) {
	w := newWorld(t)
	admin := w.user(t, "admin@example.org", account.RoleAdmin)
	u := w.user(t, "ada@example.org", account.RoleUser)
	actor := w.identity(t, w.login(t, admin.Email, password).Access)
	good := account.UserUpdate{FirstName: "Ada", LastName: "Byron", Email: u.Email, Role: account.RoleUser, Status: account.StatusActive}
	for _, test := range []struct {
		want   string
		change func(*account.UserUpdate)
	}{
		{"No data provided", func(n *account.UserUpdate) { *n = account.UserUpdate{} }},
		{"first_name is required", func(n *account.UserUpdate) { n.FirstName = "" }},
		{"last_name is required", func(n *account.UserUpdate) { n.LastName = "" }},
		{"email is required", func(n *account.UserUpdate) { n.Email = "" }},
		{"role is required", func(n *account.UserUpdate) { n.Role = "" }},
		{"status is required", func(n *account.UserUpdate) { n.Status = "" }},
		{"Status must be one of: active, not_active, suspended", func(n *account.UserUpdate) { n.Status = "gone" }},
		{"Role must be one of: user, admin", func(n *account.UserUpdate) { n.Role = "godmode" }},
		{"Email is already taken", func(n *account.UserUpdate) { n.Email = "ADMIN@example.org" }},
		{"Please enter a valid email address", func(n *account.UserUpdate) { n.Email = "x" }},
	} {
		n := good
		test.change(&n)
		_, err := w.UpdateUser(t.Context(), actor, u.ID, n)
		wantText(t, err, test.want)
	}
	_, err := w.UpdateUser(t.Context(), actor, "6b049e27d93a96ec2262b275", good)
	wantText(t, err, "User not found")

	n := good
	n.FirstName, n.Email, n.Status = "Augusta", "augusta@example.org", account.StatusSuspended
	got, err := w.UpdateUser(t.Context(), actor, u.ID, n)
	noError(t, err)
	if got.FirstName != "Augusta" || got.Status != account.StatusSuspended {
		t.Errorf("updated to %+v", got)
	}
	var kinds []string
	for _, m := range w.take() {
		kinds = append(kinds, m.kind+" "+m.to)
	}
	if !slices.Equal(kinds, []string{"email changed ada@example.org", "account suspended augusta@example.org"}) {
		t.Errorf("mails %v", kinds)
	}
	page, err := w.Logs(t.Context(), account.LogQuery{Activity: account.ActivityUserUpdated})
	noError(t, err)
	const want = "Updated user: augusta@example.org - Changes: Name: Ada Byron → Augusta Byron; Email: ada@example.org → augusta@example.org; Status: active → suspended"
	if page.Total != 1 || page.Logs[0].Details != want || page.Logs[0].UserID != admin.ID || page.Logs[0].UserName != "Ada Byron" {
		t.Errorf("log %+v", page.Logs)
	}

	own := account.UserUpdate{FirstName: "Ada", LastName: "Byron", Email: admin.Email, Role: account.RoleUser, Status: account.StatusActive}
	_, err = w.UpdateUser(t.Context(), actor, admin.ID, own)
	wantError(t, err, account.ErrLastAdmin)
	own.Role, own.Status = account.RoleAdmin, account.StatusSuspended
	_, err = w.UpdateUser(t.Context(), actor, admin.ID, own)
	wantError(t, err, account.ErrLastAdmin)
}

// TestTakenOutOfUse: whom an administrator made not active cannot come back by
// a code or by registering again.
func TestTakenOutOfUse(t *testing.T) {
	w := newWorld(t)
	noError(t, w.Register(t.Context(), form))
	noError(t, w.VerifyEmail(t.Context(), form.Email, w.only(t, "code").code))
	u, err := w.UserByEmail(t.Context(), form.Email)
	noError(t, err)
	_, err = w.UpdateUser(t.Context(), account.Identity{}, u.ID, account.UserUpdate{
		FirstName: "Ada", LastName: "Byron", Email: u.Email, Role: account.RoleUser, Status: account.StatusNotActive,
	})
	noError(t, err)
	w.pass(time.Hour)
	noError(t, w.ResendCode(t.Context(), u.Email))
	if list := w.take(); list != nil {
		t.Errorf("mails %v", list)
	}
	again := form
	again.Password = other
	noError(t, w.Register(t.Context(), again))
	w.only(t, "already registered")
	_, _, err = w.Login(t.Context(), u.Email, password, account.Client{})
	wantError(t, err, account.ErrNotActive)
}

func TestListUsers(t *testing.T) {
	w := newWorld(t)
	w.user(t, "a@example.org", account.RoleAdmin)
	w.user(t, "b@example.org", account.RoleUser)
	page, err := w.ListUsers(t.Context(), account.UserQuery{Search: "B@EX", Limit: 5, Offset: -1})
	if err != nil || page.Total != 1 || page.Users[0].Email != "b@example.org" || page.Users[0].PasswordHash != "" {
		t.Errorf("%+v, %v", page, err)
	}
	counts, err := w.CountUsers(t.Context())
	if want := (account.UserCounts{Total: 2, Active: 2, Admins: 1}); err != nil || counts != want {
		t.Errorf("%+v, %v", counts, err)
	}
	_, err = w.CreateUser(t.Context(), account.Registration{Email: "A@example.org", Password: password, FirstName: "A", LastName: "B"}, account.RoleUser)
	wantError(t, err, account.ErrEmailTaken)
	_, err = w.CreateUser(t.Context(), account.Registration{Email: "c@example.org", Password: password, FirstName: "A", LastName: "B"}, "root")
	wantError(t, err, account.ErrBadRole)
}

func TestCleanUpLogs(t *testing.T) {
	w := newWorld(t)
	u := w.user(t, "a@example.org", account.RoleAdmin)
	actor := w.identity(t, w.login(t, u.Email, password).Access)
	for _, days := range []int{-1, 36_501} {
		if _, err := w.CleanUpLogs(t.Context(), actor, days); account.AsError(err) == nil {
			t.Errorf("%d days: %v", days, err)
		}
	}
	n, err := w.CleanUpLogs(t.Context(), actor, 90)
	if err != nil || n != 0 {
		t.Errorf("removed %d, %v", n, err)
	}
	w.pass(91 * 24 * time.Hour)
	noError(t, w.Note(t.Context(), actor, account.ActivityAnalysisStart, "Channel: somebody"))
	w.pass(time.Second)
	n, err = w.CleanUpLogs(t.Context(), actor, 90)
	if err != nil || n != 2 {
		t.Errorf("removed %d, %v; want 2", n, err)
	}
	if got := w.activities(t); !slices.Equal(got, []string{account.ActivityAnalysisStart, account.ActivityLogsCleaned}) {
		t.Errorf("log %v", got)
	}
}
