package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/account"
)

// AccountStore is a store of accounts that can be closed and opened again.
type AccountStore interface {
	account.Store
	account.Archive
	io.Closer
}

// AccountOpener opens the store that place names; see [Opener].
type AccountOpener func(t testing.TB, place string) AccountStore

// RunAccounts runs the conformance suite of [account.Store] and [account.Archive].
func RunAccounts(t *testing.T, open AccountOpener) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, AccountStore)
	}{
		{"users keep every field", testUserFields},
		{"addresses are unique whatever their case", testEmailUnique},
		{"updates notice each other", testUserConflict},
		{"concurrent writers lose nothing", testUserWriters},
		{"the last administrator stays", testLastAdmin},
		{"deleting a user takes everything along", testDeleteUser},
		{"users are searched, sorted and paged", testUserList},
		{"large profile images", testLargeImage},
		{"sessions", testLoginSessions},
		{"a session is rotated once", testRotateOnce},
		{"codes", testCodes},
		{"tries are counted for all", testTries},
		{"a code is used once", testUseOnce},
		{"expired things go", testDropExpired},
		{"the log is searched literally", testLogSearch},
		{"the log is sorted and paged", testLogPaging},
		{"the log is paged by a common text", testLogCommon},
		{"the log is cleaned up", testLogCleanUp},
		{"the log is read of a span of time", testLogRange},
		{"invitations", testInvites},
		{"an invitation is used as often as it may be", testInviteOnce},
		{"settings", testSettings},
		{"settings are kept and taken once", testSettingRaces},
		{"usage adds up", testUsage},
		{"users are imported whole", testImportUsers},
		{"addresses that differ only in case", testTwins},
		{"sessions are imported", testImportSessions},
		{"codes are read", testEachCode},
		{"invitations are imported", testImportInvites},
		{"the log is imported", testImportLogs},
		{"usage is imported", testImportUsage},
		{"cancellation of account calls", testAccountCancellation},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, openAccounts(t, open, t.TempDir())) })
	}
	t.Run("accounts outlive the process", func(t *testing.T) {
		place := t.TempDir()
		s := open(t, place)
		u := addUser(t, s, "kept@example.org")
		noError(t, s.Close())
		s = openAccounts(t, open, place)
		if got := readUser(t, s, u.ID); got.Email != u.Email {
			t.Errorf("after reopening: %q, want %q", got.Email, u.Email)
		}
	})
}

func openAccounts(t *testing.T, open AccountOpener, place string) AccountStore {
	t.Helper()
	s := open(t, place)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

func newUser(email string) *account.User {
	return &account.User{
		ID: account.NewID(epoch), Email: email, FirstName: "Ada", LastName: "Byron", PasswordHash: "hash",
		Role: account.RoleUser, Status: account.StatusActive, CreatedAt: epoch, UpdatedAt: epoch,
	}
}

func addUser(t testing.TB, s account.Store, email string) *account.User {
	t.Helper()
	u := newUser(email)
	noError(t, s.CreateUser(t.Context(), u))
	return u
}

func readUser(t testing.TB, s account.Store, id string) *account.User {
	t.Helper()
	u, err := s.User(t.Context(), id)
	noError(t, err)
	return u
}

func testUserFields(t *testing.T, s AccountStore) {
	_, err := s.User(t.Context(), account.NewID(epoch))
	wantError(t, err, account.ErrNotFound)
	_, err = s.UserByEmail(t.Context(), "nobody@example.org")
	wantError(t, err, account.ErrNotFound)
	wantError(t, s.UpdateUser(t.Context(), newUser("nobody@example.org")), account.ErrNotFound)

	u := newUser("Ada@Example.org")
	u.FirstName, u.LastName = "Ада 😀", "O'Hara\"; DROP TABLE users; --"
	u.Role, u.Status, u.Unverified = "godmode", account.StatusNotActive, true
	u.RevokedAt, u.UpdatedAt = epoch.Add(time.Second), epoch.Add(time.Microsecond)
	u.ProfileImage = "data:image/png;base64,AAA"
	u.Devices = []string{"one", "two"}
	u.Extra = []byte(`{"favourite":["a",{"b":1.5}],"null":null}`)
	u.Legacy = account.Legacy{
		OTP:             account.LegacySecret{Secret: "JBSWY3DPEHPK3PXP", CreatedAt: epoch, Tries: 3}, //nolint:gosec // invented
		EmailChangeOTP:  account.LegacySecret{Secret: "A"},
		NewEmailOTP:     account.LegacySecret{Secret: "B", CreatedAt: epoch},
		PendingNewEmail: "new@example.org", ResetToken: "token", ResetExpires: epoch.Add(time.Hour),
	}
	noError(t, s.CreateUser(t.Context(), u))
	if diff := cmp.Diff(u, readUser(t, s, u.ID)); diff != "" {
		t.Errorf("created (-want +got):\n%s", diff)
	}
	u.FirstName, u.Legacy, u.RevokedAt, u.Extra, u.Devices = "Other", account.Legacy{}, time.Time{}, nil, nil
	u.ProfileImage, u.Role, u.Unverified = "", account.RoleAdmin, false
	noError(t, s.UpdateUser(t.Context(), u))
	if u.Version != 1 {
		t.Errorf("version %d after an update, want 1", u.Version)
	}
	got, err := s.UserByEmail(t.Context(), u.Email)
	noError(t, err)
	if diff := cmp.Diff(u, got); diff != "" {
		t.Errorf("updated (-want +got):\n%s", diff)
	}
}

func testEmailUnique(t *testing.T, s AccountStore) {
	for _, pair := range [][2]string{
		{"Ada@Example.org", "aDA@example.ORG"},
		{"ÄRGER@example.org", "ärger@example.org"},
		{"straße@example.org", "STRASSE@example.org"},
		{"σίσυφος@example.org", "ΣΊΣΥΦΟΣ@example.org"},
		{"cafe\u0301@example.org", "café@example.org"},
		{"\u212aelvin@example.org", "kelvin@example.org"},
	} {
		u := addUser(t, s, pair[0])
		wantError(t, s.CreateUser(t.Context(), newUser(pair[1])), account.ErrEmailTaken)
		got, err := s.UserByEmail(t.Context(), pair[1])
		noError(t, err)
		if got.ID != u.ID || got.Email != pair[0] {
			t.Errorf("%q finds %q, want the address as it was written, %q", pair[1], got.Email, pair[0])
		}
		other := addUser(t, s, "other-"+account.NewID(epoch)+"@example.org")
		other.Email = pair[1]
		wantError(t, s.UpdateUser(t.Context(), other), account.ErrEmailTaken)
		u.Email = pair[1]
		noError(t, s.UpdateUser(t.Context(), u)) // one's own, in another case
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	made := 0
	for i := range 8 {
		wg.Go(func() {
			err := s.CreateUser(t.Context(), newUser([]string{"race@example.org", "RACE@example.org"}[i%2]))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if !errors.Is(err, account.ErrEmailTaken) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if made != 1 {
		t.Errorf("%d users of one address, want 1", made)
	}
}

func testUserConflict(t *testing.T, s AccountStore) {
	u := addUser(t, s, "ada@example.org")
	one, other := readUser(t, s, u.ID), readUser(t, s, u.ID)
	one.FirstName, other.FirstName = "One", "Other"
	noError(t, s.UpdateUser(t.Context(), one))
	wantError(t, s.UpdateUser(t.Context(), other), account.ErrChanged)
	if got := readUser(t, s, u.ID); got.FirstName != "One" {
		t.Errorf("first name %q, want that of the first writer", got.FirstName)
	}
}

func testUserWriters(t *testing.T, s AccountStore) {
	u := addUser(t, s, "ada@example.org")
	const writers, each = 6, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := 0; i < each; {
				u, err := s.User(t.Context(), u.ID)
				if err != nil {
					t.Error(err)
					return
				}
				u.Devices = append(u.Devices, fmt.Sprint(w, i))
				if err = s.UpdateUser(t.Context(), u); err == nil {
					i++
				} else if !errors.Is(err, account.ErrChanged) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	got := readUser(t, s, u.ID)
	if len(got.Devices) != writers*each || got.Version != writers*each {
		t.Errorf("%d entries at version %d, want %d of both", len(got.Devices), got.Version, writers*each)
	}
}

func testLastAdmin(t *testing.T, s AccountStore) {
	a, b := newUser("a@example.org"), newUser("b@example.org")
	a.Role, b.Role = account.RoleAdmin, account.RoleAdmin
	noError(t, s.CreateUser(t.Context(), a))
	for name, change := range map[string]func(*account.User){
		"demote":  func(u *account.User) { u.Role = account.RoleUser },
		"suspend": func(u *account.User) { u.Status = account.StatusSuspended },
	} {
		u := readUser(t, s, a.ID)
		change(u)
		if err := s.UpdateUser(t.Context(), u); !errors.Is(err, account.ErrLastAdmin) {
			t.Errorf("%s the last administrator: %v", name, err)
		}
	}
	wantError(t, s.DeleteUser(t.Context(), a.ID), account.ErrLastAdmin)
	b.Status = account.StatusSuspended // does not count
	noError(t, s.CreateUser(t.Context(), b))
	wantError(t, s.DeleteUser(t.Context(), a.ID), account.ErrLastAdmin)
	b.Status = account.StatusActive
	noError(t, s.UpdateUser(t.Context(), b))

	// Each demotes the other at the same time: one of them stays.
	var wg sync.WaitGroup
	for _, id := range []string{a.ID, b.ID} {
		u := readUser(t, s, id)
		u.Role = account.RoleUser
		wg.Go(func() {
			if err := s.UpdateUser(t.Context(), u); err != nil && !errors.Is(err, account.ErrLastAdmin) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	counts, err := s.CountUsers(t.Context())
	noError(t, err)
	if want := (account.UserCounts{Total: 2, Active: 2, Admins: 1}); counts != want {
		t.Errorf("counts %+v, want %+v", counts, want)
	}
}

func testDeleteUser(t *testing.T, s AccountStore) {
	wantError(t, s.DeleteUser(t.Context(), account.NewID(epoch)), account.ErrNotFound)
	u, other := addUser(t, s, "Ada@example.org"), addUser(t, s, "other@example.org")
	noError(t, s.CreateSession(t.Context(), newSession("s1", u.ID, epoch)))
	noError(t, s.SaveCode(t.Context(), newCode(u.ID, account.PurposeReset)))
	for i, l := range []account.Activity{
		{UserID: u.ID, UserName: "Ada Byron", Activity: account.ActivityAnalysisViewed, Details: "Channel: somebody"},
		{UserID: u.ID, UserName: "Ada Byron", Activity: account.ActivityLoginFailed, Details: "Address: 192.0.2.1"},
		{UserID: other.ID, UserName: "An Admin", Activity: account.ActivityUserUpdated, Details: "Updated user: ada@EXAMPLE.org - Changes: Name: Ada Byron → A B"},
		{UserID: other.ID, UserName: "An Admin", Activity: account.ActivityLogin, Details: ""},
	} {
		l.ID, l.CreatedAt = account.NewID(epoch), epoch.Add(time.Duration(i)*time.Second)
		noError(t, s.AppendLog(t.Context(), l))
	}
	noError(t, s.DeleteUser(t.Context(), u.ID))
	_, err := s.User(t.Context(), u.ID)
	wantError(t, err, account.ErrNotFound)
	_, err = s.Session(t.Context(), "s1")
	wantError(t, err, account.ErrNotFound)
	_, err = s.Code(t.Context(), u.ID, account.PurposeReset, epoch)
	wantError(t, err, account.ErrNotFound)
	wantError(t, s.SaveCode(t.Context(), newCode(u.ID, account.PurposeReset)), account.ErrNotFound)
	wantError(t, s.CreateSession(t.Context(), newSession("s2", u.ID, epoch)), account.ErrNotFound)
	for _, trace := range []string{"Byron", "192.0.2.1", "ada@example.org"} {
		if got := logs(t, s, account.LogQuery{Search: trace}); len(got.Logs) != 0 {
			t.Errorf("the log still finds %q: %v", trace, got.Logs)
		}
	}
	if got := logs(t, s, account.LogQuery{UserID: u.ID}); got.Total != 0 {
		t.Errorf("the log still has %d entries of the user", got.Total)
	}
	all := logs(t, s, account.LogQuery{})
	if all.Total != 4 || all.Logs[0].Details != "Channel: somebody" || all.Logs[3].UserName != "An Admin" {
		t.Errorf("the log lost more than the user: %+v", all.Logs)
	}
	addUser(t, s, "ada@example.org") // the address is free
}

func emails(page account.UserPage) []string {
	var list []string
	for _, u := range page.Users {
		name, _, _ := strings.Cut(u.Email, "@")
		list = append(list, name)
	}
	return list
}

func testUserList(t *testing.T, s AccountStore) {
	for i, u := range []struct {
		email, first, last string
		role               account.Role
		status             account.Status
	}{
		{"dora@x.org", "Dora", "Ärmel", account.RoleUser, account.StatusActive},
		{"Carl@x.org", "carl", "100% Sure_", account.RoleAdmin, account.StatusActive},
		{"bea@x.org", "Bea", "Zeta", account.RoleUser, account.StatusSuspended},
		{"axel@x.org", "Axel", "\\d+ (.*", account.RoleUser, account.StatusNotActive},
	} {
		user := newUser(u.email)
		user.FirstName, user.LastName, user.Role, user.Status = u.first, u.last, u.role, u.status
		user.CreatedAt, user.ProfileImage, user.Legacy.ResetToken = epoch.Add(time.Duration(i)*time.Second), "data:", "secret"
		noError(t, s.CreateUser(t.Context(), user))
	}
	for _, test := range []struct {
		name  string
		q     account.UserQuery
		want  []string
		total int
	}{
		{"all, oldest first", account.UserQuery{}, []string{"dora", "Carl", "bea", "axel"}, 4},
		{"newest first", account.UserQuery{Descending: true, Limit: 2}, []string{"axel", "bea"}, 4},
		{"second page", account.UserQuery{Limit: 2, Offset: 2}, []string{"bea", "axel"}, 4},
		{"past the end", account.UserQuery{Limit: 2, Offset: 9}, nil, 4},
		{"by name whatever its case", account.UserQuery{Sort: account.UsersByName}, []string{"axel", "bea", "Carl", "dora"}, 4},
		{"by address whatever its case", account.UserQuery{Sort: account.UsersByEmail, Descending: true}, []string{"dora", "Carl", "bea", "axel"}, 4},
		{"role", account.UserQuery{Role: account.RoleAdmin}, []string{"Carl"}, 1},
		{"status", account.UserQuery{Status: account.StatusSuspended}, []string{"bea"}, 1},
		{"search across names", account.UserQuery{Search: "A Ärm"}, []string{"dora"}, 1},
		{"search in other case", account.UserQuery{Search: "äRMEL"}, []string{"dora"}, 1},
		{"search of an address", account.UserQuery{Search: "BEA@"}, []string{"bea"}, 1},
		{"a percent sign is no pattern", account.UserQuery{Search: "0%"}, []string{"Carl"}, 1},
		{"nor an underscore", account.UserQuery{Search: "_"}, []string{"Carl"}, 1},
		{"nor an expression", account.UserQuery{Search: "\\d+ (.*"}, []string{"axel"}, 1},
		{"an unknown sort field is the usual one", account.UserQuery{Sort: "password_hash; --"}, []string{"dora", "Carl", "bea", "axel"}, 4},
	} {
		page, err := s.Users(t.Context(), test.q)
		noError(t, err)
		if got := emails(page); !slices.Equal(got, test.want) || page.Total != test.total {
			t.Errorf("%s: %v of %d, want %v of %d", test.name, got, page.Total, test.want, test.total)
		}
		for _, u := range page.Users {
			if u.PasswordHash != "" || u.Legacy != (account.Legacy{}) || u.ProfileImage != "" {
				t.Errorf("%s: %s comes with secrets or an image", test.name, u.Email)
			}
		}
	}
	page, err := s.Users(t.Context(), account.UserQuery{Images: true, Limit: 1})
	noError(t, err)
	if len(page.Users) != 1 || page.Users[0].ProfileImage != "data:" {
		t.Errorf("no image where images were asked for: %+v", page.Users)
	}
}

func testLargeImage(t *testing.T, s AccountStore) {
	u := newUser("ada@example.org")
	u.ProfileImage = "data:image/png;base64," + strings.Repeat("QUJD", 7<<20/4)
	noError(t, s.CreateUser(t.Context(), u))
	if got := readUser(t, s, u.ID); got.ProfileImage != u.ProfileImage {
		t.Errorf("an image of %d bytes came back with %d", len(u.ProfileImage), len(got.ProfileImage))
	}
}

func testAccountCancellation(t *testing.T, s AccountStore) {
	u := addUser(t, s, "ada@example.org")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"User":        func() error { _, err := s.User(ctx, u.ID); return err },
		"UpdateUser":  func() error { return s.UpdateUser(ctx, u) },
		"CreateUser":  func() error { return s.CreateUser(ctx, newUser("b@example.org")) },
		"Users":       func() error { _, err := s.Users(ctx, account.UserQuery{}); return err },
		"Logs":        func() error { _, err := s.Logs(ctx, account.LogQuery{}); return err },
		"AppendLog":   func() error { return s.AppendLog(ctx, account.Activity{ID: account.NewID(epoch)}) },
		"EndSessions": func() error { _, err := s.EndSessions(ctx, u.ID, ""); return err },
		"SaveCode":    func() error { return s.SaveCode(ctx, newCode(u.ID, account.PurposeReset)) },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want the context's error", name, err)
		}
	}
	if got := readUser(t, s, u.ID); got.Version != 0 {
		t.Error("a cancelled update was written")
	}
}
