package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/account"
)

func newSession(id, userID string, created time.Time) account.Session {
	return account.Session{
		ID: id, UserID: userID, Secret: []byte{0, 1, 255}, Generation: 0, CreatedAt: created, RotatedAt: created,
		ExpiresAt: created.Add(time.Hour), Address: "192.0.2.1", UserAgent: "Browser \"1\"",
	}
}

func newCode(userID string, p account.Purpose) account.Code {
	return account.Code{UserID: userID, Purpose: p, Hash: []byte{1, 0, 2}, Target: "new@example.org", CreatedAt: epoch, ExpiresAt: epoch.Add(10 * time.Minute)}
}

func sessionIDs(t testing.TB, s account.Store, userID string, after time.Time) []string {
	t.Helper()
	list, err := s.Sessions(t.Context(), userID, after)
	noError(t, err)
	var ids []string
	for _, sess := range list {
		ids = append(ids, sess.ID)
	}
	return ids
}

func testLoginSessions(t *testing.T, s AccountStore) {
	u, other := addUser(t, s, "a@example.org"), addUser(t, s, "b@example.org")
	_, err := s.Session(t.Context(), "s1")
	wantError(t, err, account.ErrNotFound)
	first := newSession("s1", u.ID, epoch)
	for _, sess := range []account.Session{
		first, newSession("s2", u.ID, epoch.Add(time.Minute)), newSession("s3", u.ID, epoch.Add(2*time.Minute)), newSession("x", other.ID, epoch),
	} {
		noError(t, s.CreateSession(t.Context(), sess))
	}
	got, err := s.Session(t.Context(), "s1")
	noError(t, err)
	if diff := cmp.Diff(first, got); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
	if ids := sessionIDs(t, s, u.ID, epoch); !slices.Equal(ids, []string{"s3", "s2", "s1"}) {
		t.Errorf("sessions %v, want newest first", ids)
	}
	if ids := sessionIDs(t, s, u.ID, first.ExpiresAt); !slices.Equal(ids, []string{"s3", "s2"}) {
		t.Errorf("sessions %v, want those not expired", ids)
	}
	noError(t, s.EndSession(t.Context(), "s3"))
	noError(t, s.EndSession(t.Context(), "s3"))
	noError(t, s.CreateSession(t.Context(), newSession("s4", u.ID, epoch)))
	ended, err := s.EndSessions(t.Context(), u.ID, "s2")
	noError(t, err)
	slices.Sort(ended)
	if !slices.Equal(ended, []string{"s1", "s4"}) {
		t.Errorf("ended %v, want all but s2", ended)
	}
	if ids := sessionIDs(t, s, u.ID, epoch); !slices.Equal(ids, []string{"s2"}) {
		t.Errorf("sessions %v, want s2", ids)
	}
	if ids := sessionIDs(t, s, other.ID, epoch); !slices.Equal(ids, []string{"x"}) {
		t.Errorf("the other user's sessions: %v", ids)
	}
}

func testRotateOnce(t *testing.T, s AccountStore) {
	u := addUser(t, s, "a@example.org")
	wantError(t, s.RotateSession(t.Context(), "s", 0, epoch, epoch), account.ErrNotFound)
	noError(t, s.CreateSession(t.Context(), newSession("s", u.ID, epoch)))
	for generation := range int64(5) {
		var won atomic.Int64
		var wg sync.WaitGroup
		at := epoch.Add(time.Duration(generation+1) * time.Minute)
		for range 4 {
			wg.Go(func() {
				err := s.RotateSession(t.Context(), "s", generation, at, at.Add(time.Hour))
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, account.ErrChanged) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		sess, err := s.Session(t.Context(), "s")
		noError(t, err)
		if won.Load() != 1 || sess.Generation != generation+1 || !sess.RotatedAt.Equal(at) || !sess.ExpiresAt.Equal(at.Add(time.Hour)) {
			t.Fatalf("%d rotated generation %d: %+v", won.Load(), generation, sess)
		}
	}
}

func testCodes(t *testing.T, s AccountStore) {
	u := addUser(t, s, "a@example.org")
	_, err := s.Code(t.Context(), u.ID, account.PurposeReset, epoch)
	wantError(t, err, account.ErrNotFound)
	want := newCode(u.ID, account.PurposeReset)
	noError(t, s.SaveCode(t.Context(), want))
	noError(t, s.SaveCode(t.Context(), newCode(u.ID, account.PurposeVerify)))
	got, err := s.Code(t.Context(), u.ID, account.PurposeReset, epoch)
	noError(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("code (-want +got):\n%s", diff)
	}
	_, err = s.Code(t.Context(), u.ID, account.PurposeReset, want.ExpiresAt.Add(-time.Microsecond))
	noError(t, err)
	_, err = s.Code(t.Context(), u.ID, account.PurposeReset, want.ExpiresAt)
	wantError(t, err, account.ErrNotFound)

	_, err = s.TryCode(t.Context(), u.ID, account.PurposeReset, epoch, 5)
	noError(t, err)
	want.Hash, want.Target = []byte("new"), ""
	noError(t, s.SaveCode(t.Context(), want)) // replaces it, tries and all
	got, err = s.Code(t.Context(), u.ID, account.PurposeReset, epoch)
	noError(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("replaced code (-want +got):\n%s", diff)
	}
	noError(t, s.DropCodes(t.Context(), u.ID, account.PurposeReset, account.PurposeNewEmail))
	_, err = s.Code(t.Context(), u.ID, account.PurposeReset, epoch)
	wantError(t, err, account.ErrNotFound)
	_, err = s.Code(t.Context(), u.ID, account.PurposeVerify, epoch)
	noError(t, err)
}

func testTries(t *testing.T, s AccountStore) {
	u := addUser(t, s, "a@example.org")
	c := newCode(u.ID, account.PurposeVerify)
	noError(t, s.SaveCode(t.Context(), c))
	_, err := s.TryCode(t.Context(), u.ID, account.PurposeVerify, c.ExpiresAt, 5)
	wantError(t, err, account.ErrNotFound)
	var wg sync.WaitGroup
	var tries atomic.Int64
	for range 20 {
		wg.Go(func() {
			_, err := s.TryCode(t.Context(), u.ID, account.PurposeVerify, epoch, 5)
			if err == nil {
				tries.Add(1)
			} else if !errors.Is(err, account.ErrNotFound) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if tries.Load() != 5 {
		t.Errorf("%d tries were let through, want 5", tries.Load())
	}
}

func testUseOnce(t *testing.T, s AccountStore) {
	u := addUser(t, s, "a@example.org")
	c := newCode(u.ID, account.PurposeVerify)
	noError(t, s.SaveCode(t.Context(), c))
	wantError(t, s.UseCode(t.Context(), u.ID, account.PurposeVerify, []byte("other")), account.ErrNotFound)
	var wg sync.WaitGroup
	var uses atomic.Int64
	for range 8 {
		wg.Go(func() {
			if s.UseCode(t.Context(), u.ID, account.PurposeVerify, c.Hash) == nil {
				uses.Add(1)
			}
		})
	}
	wg.Wait()
	if uses.Load() != 1 {
		t.Errorf("used %d times, want once", uses.Load())
	}
}

func testDropExpired(t *testing.T, s AccountStore) {
	u := addUser(t, s, "a@example.org")
	noError(t, s.CreateSession(t.Context(), newSession("old", u.ID, epoch.Add(-2*time.Hour))))
	noError(t, s.CreateSession(t.Context(), newSession("new", u.ID, epoch)))
	old := newCode(u.ID, account.PurposeReset)
	old.ExpiresAt = epoch.Add(-time.Second)
	noError(t, s.SaveCode(t.Context(), old))
	noError(t, s.SaveCode(t.Context(), newCode(u.ID, account.PurposeVerify)))
	n, err := s.DropExpired(t.Context(), epoch)
	noError(t, err)
	if n != 2 {
		t.Errorf("%d dropped, want 2", n)
	}
	_, err = s.Session(t.Context(), "old")
	wantError(t, err, account.ErrNotFound)
	_, err = s.Session(t.Context(), "new")
	noError(t, err)
	_, err = s.Code(t.Context(), u.ID, account.PurposeVerify, epoch)
	noError(t, err)
}

func logs(t testing.TB, s account.Store, q account.LogQuery) account.LogPage {
	t.Helper()
	page, err := s.Logs(t.Context(), q)
	noError(t, err)
	return page
}

func testLogSearch(t *testing.T, s AccountStore) {
	for i, l := range []account.Activity{
		{UserID: "u1", UserName: "Ada Byron", Activity: "Logged in"},
		{UserID: "u2", UserName: "Émile Straße", Activity: "Saved an Analysis", Details: "Channel: some_body, Messages: 100%"},
		{UserID: "u1", UserName: "Ada Byron", Activity: "Viewed analysis", Details: `Channel: (.*)+$ "quoted" AND NOT`},
	} {
		l.ID, l.CreatedAt = fmt.Sprintf("%024x", i), epoch.Add(time.Duration(i)*time.Second)
		noError(t, s.AppendLog(t.Context(), l))
	}
	for search, want := range map[string]int{
		"": 3, "ada": 2, "ADA BYR": 2, "a": 3, "ÉMILE": 1, "STRASSE": 1, "in": 1, "analysis": 2, "e_b": 1, "s_": 0, "0%": 1, "%": 1, "_": 1,
		"(.*)+": 1, ".*": 1, `"quoted"`: 1, `"`: 1, "and not": 1, "ada OR émile": 0, "ada*": 0, "nothing here": 0, "100%": 1, "text_key:ada": 0,
	} {
		page := logs(t, s, account.LogQuery{Search: search})
		if page.Total != want || len(page.Logs) != want {
			t.Errorf("searching %q finds %d and tells %d, want %d", search, len(page.Logs), page.Total, want)
		}
	}
	if page := logs(t, s, account.LogQuery{Activity: "Logged in"}); page.Total != 1 {
		t.Errorf("activity finds %d, want 1", page.Total)
	}
	if page := logs(t, s, account.LogQuery{UserID: "u1", Search: "viewed"}); page.Total != 1 || page.Logs[0].UserID != "u1" {
		t.Errorf("user and search find %+v", page)
	}
}

// testLogCommon pages through what a common text finds: nothing twice, nothing
// left out, and what is near it but other is not found.
func testLogCommon(t *testing.T, s AccountStore) {
	const n = 2300
	for i := range n {
		l := account.Activity{ID: fmt.Sprintf("%024x", i), UserID: "u", UserName: "Ada", Activity: "Logged in", CreatedAt: epoch.Add(time.Duration(i) * time.Second)}
		if i%23 == 0 {
			l.Activity = "Logged out"
		}
		noError(t, s.AppendLog(t.Context(), l))
	}
	seen := map[string]bool{}
	for offset := 0; offset < n; offset += account.MaxPageSize {
		page := logs(t, s, account.LogQuery{Search: "GED IN", Descending: true, Offset: offset, Limit: account.MaxPageSize})
		if page.Total != n-n/23 {
			t.Fatalf("total %d, want %d", page.Total, n-n/23)
		}
		for i, l := range page.Logs {
			if l.Activity != "Logged in" || seen[l.ID] || i > 0 && l.ID > page.Logs[i-1].ID {
				t.Fatalf("%+v found, or found twice, or out of order", l)
			}
			seen[l.ID] = true
		}
	}
	if len(seen) != n-n/23 {
		t.Errorf("%d found on all pages, want %d", len(seen), n-n/23)
	}
}

func testLogPaging(t *testing.T, s AccountStore) {
	const n = 25
	for i := range n {
		l := account.Activity{
			ID: fmt.Sprintf("%024x", i), UserID: "u", UserName: fmt.Sprintf("Name %d", i%3), Activity: fmt.Sprintf("Act %d", i%2),
			CreatedAt: epoch.Add(time.Duration(i/5) * time.Second),
		}
		noError(t, s.AppendLog(t.Context(), l))
	}
	keys := map[account.LogSort]func(account.Activity) string{
		"":                     func(l account.Activity) string { return l.CreatedAt.Format(time.RFC3339) + l.ID },
		account.LogsByCreated:  func(l account.Activity) string { return l.CreatedAt.Format(time.RFC3339) + l.ID },
		account.LogsByID:       func(l account.Activity) string { return l.ID },
		account.LogsByUserName: func(l account.Activity) string { return l.UserName + l.ID },
		account.LogsByActivity: func(l account.Activity) string { return l.Activity + l.ID },
		"details; DROP TABLE":  func(l account.Activity) string { return l.CreatedAt.Format(time.RFC3339) + l.ID },
	}
	for sort, key := range keys {
		for _, descending := range []bool{false, true} {
			var got []string
			for offset := 0; offset < n; offset += 7 {
				page := logs(t, s, account.LogQuery{Sort: sort, Descending: descending, Offset: offset, Limit: 7})
				if page.Total != n {
					t.Fatalf("total %d, want %d", page.Total, n)
				}
				for _, l := range page.Logs {
					got = append(got, key(l))
				}
			}
			if descending {
				slices.Reverse(got)
			}
			if len(slices.Compact(slices.Clone(got))) != n || !slices.IsSorted(got) {
				t.Errorf("by %q, descending %v: pages are not the whole in order: %v", sort, descending, got)
			}
		}
	}
	if page := logs(t, s, account.LogQuery{Limit: -5, Offset: -3}); len(page.Logs) != account.DefaultPageSize {
		t.Errorf("%d entries for an odd page, want %d", len(page.Logs), account.DefaultPageSize)
	}
	if page := logs(t, s, account.LogQuery{Offset: 1 << 40, Limit: 1 << 40}); len(page.Logs) != 0 || page.Total != n {
		t.Errorf("past the end: %d of %d", len(page.Logs), page.Total)
	}
}

func testLogCleanUp(t *testing.T, s AccountStore) {
	for i := range 10 {
		l := account.Activity{ID: fmt.Sprintf("%024x", i), UserName: "somebody", Activity: "x", CreatedAt: epoch.Add(time.Duration(i) * time.Hour)}
		noError(t, s.AppendLog(t.Context(), l))
	}
	n, err := s.CleanUpLogs(t.Context(), epoch.Add(4*time.Hour))
	noError(t, err)
	if page := logs(t, s, account.LogQuery{Search: "somebody"}); n != 4 || page.Total != 6 {
		t.Errorf("%d removed, %d left, want 4 and 6", n, page.Total)
	}
}
