package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/account"
)

var errStop = errors.New("enough")

// testOrder checks what holds for all methods that read an archive: read hands
// the ids in their order, beginning after one, and an error ends it.
func testOrder(t *testing.T, what string, want []string, read func(ctx context.Context, after string, do func(id string) error) error) {
	t.Helper()
	slices.Sort(want)
	for i := -1; i < len(want); i++ {
		after := ""
		if i >= 0 {
			after = want[i]
		}
		var got []string
		noError(t, read(t.Context(), after, func(id string) error { got = append(got, id); return nil }))
		if !slices.Equal(got, want[i+1:]) {
			t.Errorf("%s after %q: %v, want %v", what, after, got, want[i+1:])
		}
	}
	n := 0
	err := read(t.Context(), "", func(string) error {
		if n++; n == 2 {
			return errStop
		}
		return nil
	})
	if !errors.Is(err, errStop) || n != 2 {
		t.Errorf("%s: after an error in record 2, %d were read, and the error is %v", what, n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := read(ctx, "", func(string) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("%s: %v, want the context's error", what, err)
	}
}

// user returns user i; a smaller i has the smaller id.
func user(i int, email string) *account.User {
	u := newUser(email)
	u.ID = fmt.Sprintf("%024x", i)
	return u
}

func importUser(t testing.TB, s AccountStore, u *account.User) {
	t.Helper()
	noError(t, s.ImportUser(t.Context(), u))
}

func testImportUsers(t *testing.T, s AccountStore) {
	u := user(5, "Ada@Example.org")
	u.Version, u.Role, u.Unverified, u.AutoSave = 7, "godmode", true, true
	u.RevokedAt, u.ProfileImage, u.Devices = epoch.Add(time.Hour), "data:image/png;base64,AAA", []string{"one"}
	u.Legacy = account.Legacy{OTP: account.LegacySecret{Secret: "A", CreatedAt: epoch}, ResetToken: "token", ResetExpires: epoch}
	u.Extra = []byte(`{"a":[1,{"b":null}]}`)
	for range 2 {
		importUser(t, s, u)
		if diff := cmp.Diff(u, readUser(t, s, u.ID)); diff != "" {
			t.Errorf("imported (-want +got):\n%s", diff)
		}
	}
	u.Version, u.FirstName, u.Legacy, u.Extra, u.Email, u.AutoSave = 3, "Other", account.Legacy{}, nil, "new@example.org", false
	importUser(t, s, u) // whatever the version there was
	if diff := cmp.Diff(u, readUser(t, s, u.ID)); diff != "" {
		t.Errorf("imported again (-want +got):\n%s", diff)
	}
	if got, err := s.UserByEmail(t.Context(), "Ada@Example.org"); !errors.Is(err, account.ErrNotFound) {
		t.Errorf("the former address finds %v, %v", got, err)
	}
	for i, email := range []string{"z@example.org", "a@example.org"} {
		importUser(t, s, user(i+8, email))
	}
	importUser(t, s, user(1, "m@example.org"))
	want := []string{u.ID, user(8, "").ID, user(9, "").ID, user(1, "").ID}
	testOrder(t, "users", want, func(ctx context.Context, after string, do func(string) error) error {
		return s.EachUser(ctx, after, func(u *account.User) error { return do(u.ID) })
	})
	noError(t, s.EachUser(t.Context(), user(4, "").ID, func(got *account.User) error {
		if got.ID == u.ID {
			if diff := cmp.Diff(u, got); diff != "" {
				t.Errorf("read whole (-want +got):\n%s", diff)
			}
		}
		return nil
	}))
	noError(t, s.UpdateUser(t.Context(), u)) // it is like any other
}

// testTwins imports users whose addresses differ only in case.
func testTwins(t *testing.T, s AccountStore) {
	finds := func(email string, want int) {
		t.Helper()
		got, err := s.UserByEmail(t.Context(), email)
		switch {
		case want == 0 && !errors.Is(err, account.ErrNotFound):
			t.Errorf("%s finds %+v, %v; want nobody", email, got, err)
		case want != 0 && err != nil:
			t.Errorf("%s: %v, want user %d", email, err, want)
		case want != 0 && got.ID != user(want, "").ID:
			t.Errorf("%s finds user %s, want %d", email, strings.TrimLeft(got.ID, "0"), want)
		}
	}
	twins := map[int]string{3: "ADA@example.org", 2: "ada@example.org", 4: "Ada@example.org"}
	all := func() {
		t.Helper()
		for i, email := range twins {
			finds(email, i)
		}
		finds("aDA@example.org", 2)
		finds("adA@EXAMPLE.org", 2)
	}
	for _, order := range [][]int{{3, 2, 4}, {4, 3, 2}, {2, 3, 4}} { // again and again
		for _, i := range order {
			importUser(t, s, user(i, twins[i]))
		}
		all()
	}
	wantError(t, s.ImportUser(t.Context(), user(9, "Ada@example.org")), account.ErrEmailTaken)
	wantError(t, s.CreateUser(t.Context(), user(9, "aDa@example.org")), account.ErrEmailTaken)
	wantError(t, s.CreateUser(t.Context(), user(9, "Ada@example.org")), account.ErrEmailTaken)
	all()

	// They change like any other, as long as the address stays.
	for i := range twins {
		u := readUser(t, s, user(i, "").ID)
		u.FirstName = fmt.Sprint("Twin ", i)
		noError(t, s.UpdateUser(t.Context(), u))
		u.Email = "aDa@example.org"
		wantError(t, s.UpdateUser(t.Context(), u), account.ErrEmailTaken)
	}
	all()
	page, err := s.Users(t.Context(), account.UserQuery{Search: "ADA@"})
	noError(t, err)
	if page.Total != 3 {
		t.Errorf("a search for the address finds %d, want 3", page.Total)
	}

	// When the one with the smallest id goes, the next is found in its place.
	noError(t, s.DeleteUser(t.Context(), user(2, "").ID))
	finds("aDA@example.org", 3)
	finds("Ada@example.org", 4)
	finds("ada@example.org", 3)
	wantError(t, s.CreateUser(t.Context(), user(9, "ada@example.org")), account.ErrEmailTaken)
	u := readUser(t, s, user(3, "").ID)
	u.Email = "other@example.org"
	noError(t, s.UpdateUser(t.Context(), u))
	finds("ADA@example.org", 4)
	finds("other@example.org", 3)
	u = readUser(t, s, user(4, "").ID)
	u.Email = "aDa@example.org" // nobody else has it any more
	noError(t, s.UpdateUser(t.Context(), u))
	finds("Ada@example.org", 4)
	// An import that changes the address frees it, too.
	importUser(t, s, user(5, "ADA@example.org"))
	importUser(t, s, user(4, "third@example.org"))
	finds("ada@example.org", 5)
	noError(t, s.DeleteUser(t.Context(), user(5, "").ID))
	finds("ada@example.org", 0)
	noError(t, s.CreateUser(t.Context(), user(9, "ada@example.org")))
}

func testImportSessions(t *testing.T, s AccountStore) {
	importUser(t, s, user(1, "a@example.org"))
	sess := newSession("s2", user(1, "").ID, epoch)
	sess.Generation = 9
	for range 2 {
		noError(t, s.ImportSession(t.Context(), sess))
	}
	sess.Generation, sess.RotatedAt, sess.Secret, sess.UserAgent = 10, epoch.Add(time.Minute), []byte{9}, "Other"
	noError(t, s.ImportSession(t.Context(), sess))
	got, err := s.Session(t.Context(), "s2")
	noError(t, err)
	if diff := cmp.Diff(sess, got); diff != "" {
		t.Errorf("imported again (-want +got):\n%s", diff)
	}
	wantError(t, s.ImportSession(t.Context(), newSession("x", user(2, "").ID, epoch)), account.ErrNotFound)
	for _, id := range []string{"s3", "s1"} {
		noError(t, s.ImportSession(t.Context(), newSession(id, user(1, "").ID, epoch)))
	}
	testOrder(t, "sessions", []string{"s1", "s2", "s3"}, func(ctx context.Context, after string, do func(string) error) error {
		return s.EachSession(ctx, after, func(sess account.Session) error { return do(sess.ID) })
	})
}

func testEachCode(t *testing.T, s AccountStore) {
	noError(t, s.EachCode(t.Context(), func(account.Code) error { return errStop })) // there is none
	want := map[string]account.Code{}
	for i := 1; i <= 2; i++ {
		importUser(t, s, user(i, fmt.Sprintf("%d@example.org", i)))
		for _, p := range []account.Purpose{account.PurposeReset, account.PurposeNewEmail} {
			c := newCode(user(i, "").ID, p)
			c.Tries = i
			noError(t, s.SaveCode(t.Context(), c))
			noError(t, s.SaveCode(t.Context(), c))
			want[c.UserID+string(p)] = c
		}
	}
	got := map[string]account.Code{}
	n := 0
	noError(t, s.EachCode(t.Context(), func(c account.Code) error {
		n++
		got[c.UserID+string(c.Purpose)] = c
		return nil
	}))
	if diff := cmp.Diff(want, got); diff != "" || n != len(want) {
		t.Errorf("%d codes (-want +got):\n%s", n, diff)
	}
	wantError(t, s.EachCode(t.Context(), func(account.Code) error { return errStop }), errStop)
}

func testImportInvites(t *testing.T, s AccountStore) {
	i := newInvite(2)
	i.Used = 1
	for range 2 {
		noError(t, s.ImportInvite(t.Context(), i))
	}
	i.Used, i.Hash, i.Email, i.Role = 0, []byte("new"), "a@example.org", account.RoleAdmin
	noError(t, s.ImportInvite(t.Context(), i))
	got, err := s.InviteByHash(t.Context(), i.Hash, epoch)
	noError(t, err)
	if diff := cmp.Diff(i, got); diff != "" {
		t.Errorf("imported again (-want +got):\n%s", diff)
	}
	for _, n := range []int{3, 1} {
		noError(t, s.ImportInvite(t.Context(), newInvite(n)))
	}
	testOrder(t, "invitations", []string{newInvite(1).ID, i.ID, newInvite(3).ID}, func(ctx context.Context, after string, do func(string) error) error {
		return s.EachInvite(ctx, after, func(i account.Invite) error { return do(i.ID) })
	})
}

func testImportLogs(t *testing.T, s AccountStore) {
	noError(t, s.ImportLogs(t.Context(), nil))
	var list []account.Activity
	var want []string
	for i := range 300 {
		l := account.Activity{
			ID: fmt.Sprintf("%024x", (i*77)%300), UserID: fmt.Sprintf("%024x", i%7), UserName: "Ada", Activity: "Logged in",
			Details: fmt.Sprint("Number ", i), CreatedAt: epoch.Add(time.Duration(i) * time.Second),
		}
		list, want = append(list, l), append(want, l.ID)
	}
	for range 2 {
		noError(t, s.ImportLogs(t.Context(), list))
	}
	list[0].UserID, list[0].UserName, list[0].Details = "", "Deleted user", "(none)"
	noError(t, s.ImportLogs(t.Context(), list[:1]))
	page := logs(t, s, account.LogQuery{Limit: 1000})
	if page.Total != len(list) {
		t.Errorf("%d entries, want %d", page.Total, len(list))
	}
	if diff := cmp.Diff(list, page.Logs); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if page := logs(t, s, account.LogQuery{Search: "number 0"}); page.Total != 0 {
		t.Errorf("the search finds what was replaced: %v", page.Logs)
	}
	if page := logs(t, s, account.LogQuery{Search: "deleted"}); page.Total != 1 {
		t.Errorf("the search finds %d of what was imported, want 1", page.Total)
	}
	testOrder(t, "log", want, func(ctx context.Context, after string, do func(string) error) error {
		return s.EachLog(ctx, after, func(l account.Activity) error { return do(l.ID) })
	})
}

func testImportUsage(t *testing.T, s AccountStore) {
	u := account.Usage{Day: account.Day(epoch), SignIns: 1, FailedSignIns: 2, Registrations: 3, Started: 4, Saved: 5, Messages: 6}
	noError(t, s.AddUsage(t.Context(), account.Usage{Day: u.Day, SignIns: 100, Messages: 100}))
	for range 2 {
		noError(t, s.ImportUsage(t.Context(), u))
	}
	if diff := cmp.Diff([]account.Usage{u}, usage(t, s, u.Day, u.Day)); diff != "" {
		t.Errorf("imported (-want +got):\n%s", diff)
	}
	noError(t, s.AddUsage(t.Context(), account.Usage{Day: u.Day, SignIns: 1}))
	if list := usage(t, s, u.Day, u.Day); list[0].SignIns != 2 {
		t.Errorf("%d sign-ins after an import and one more, want 2", list[0].SignIns)
	}
}
