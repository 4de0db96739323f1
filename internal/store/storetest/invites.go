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

// newInvite returns invitation i, for two.
func newInvite(i int) account.Invite {
	return account.Invite{
		ID: fmt.Sprintf("%024x", i), Hash: []byte{0, byte(i), 255}, Role: account.RoleUser, Uses: 2,
		CreatedBy: fmt.Sprintf("%024x", 7), CreatedAt: epoch.Add(time.Duration(i) * time.Minute), ExpiresAt: epoch.Add(time.Duration(i) * time.Hour),
	}
}

func inviteIDs(t testing.TB, s account.Store, after time.Time, limit int) []string {
	t.Helper()
	list, err := s.Invites(t.Context(), after, limit)
	noError(t, err)
	var ids []string
	for _, i := range list {
		ids = append(ids, i.ID)
	}
	return ids
}

// used returns how often an invitation was used.
func used(t testing.TB, s account.Store, id string) int {
	t.Helper()
	list, err := s.Invites(t.Context(), epoch.Add(-time.Hour), 100)
	noError(t, err)
	for _, i := range list {
		if i.ID == id {
			return i.Used
		}
	}
	t.Fatalf("no invitation %s", id)
	return 0
}

func testInvites(t *testing.T, s AccountStore) {
	if ids := inviteIDs(t, s, epoch, 10); len(ids) != 0 {
		t.Errorf("invitations %v in an empty store", ids)
	}
	full := newInvite(3)
	full.Email, full.Role, full.CreatedBy = "Ärger@Example.org", account.RoleAdmin, ""
	for _, i := range []account.Invite{newInvite(2), full, newInvite(1)} {
		noError(t, s.CreateInvite(t.Context(), i))
	}
	got, err := s.InviteByHash(t.Context(), full.Hash, epoch)
	noError(t, err)
	if diff := cmp.Diff(full, got); diff != "" {
		t.Errorf("invitation (-want +got):\n%s", diff)
	}
	id := func(n ...int) (list []string) {
		for _, i := range n {
			list = append(list, newInvite(i).ID)
		}
		return list
	}
	for _, test := range []struct {
		name  string
		after time.Time
		limit int
		want  []string
	}{
		{"newest first", epoch, 10, id(3, 2, 1)},
		{"at most so many", epoch, 2, id(3, 2)},
		{"not those that expired", newInvite(1).ExpiresAt, 10, id(3, 2)},
		{"none that is left", newInvite(3).ExpiresAt, 10, nil},
	} {
		if ids := inviteIDs(t, s, test.after, test.limit); !slices.Equal(ids, test.want) {
			t.Errorf("%s: %v, want %v", test.name, ids, test.want)
		}
	}
	for name, lookup := range map[string]struct {
		hash  []byte
		after time.Time
	}{
		"unknown": {[]byte("other"), epoch},
		"expired": {full.Hash, full.ExpiresAt},
		"no hash": {nil, epoch},
	} {
		_, err := s.InviteByHash(t.Context(), lookup.hash, lookup.after)
		if !errors.Is(err, account.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}

	wantError(t, s.UseInvite(t.Context(), full.ID, full.ExpiresAt), account.ErrNotFound)
	wantError(t, s.UseInvite(t.Context(), newInvite(9).ID, epoch), account.ErrNotFound)
	for range full.Uses {
		_, err := s.InviteByHash(t.Context(), full.Hash, epoch)
		noError(t, err)
		noError(t, s.UseInvite(t.Context(), full.ID, epoch))
	}
	wantError(t, s.UseInvite(t.Context(), full.ID, epoch), account.ErrNotFound)
	_, err = s.InviteByHash(t.Context(), full.Hash, epoch)
	wantError(t, err, account.ErrNotFound)
	if n := used(t, s, full.ID); n != full.Uses { // it is listed all the same
		t.Errorf("used %d times, want %d", n, full.Uses)
	}
	for range full.Uses + 1 {
		noError(t, s.ReturnInvite(t.Context(), full.ID))
	}
	noError(t, s.ReturnInvite(t.Context(), newInvite(9).ID))
	if n := used(t, s, full.ID); n != 0 {
		t.Errorf("used %d times after all uses were returned, want 0", n)
	}

	noError(t, s.DeleteInvite(t.Context(), newInvite(2).ID))
	wantError(t, s.DeleteInvite(t.Context(), newInvite(2).ID), account.ErrNotFound)
	if n, err := s.DropExpired(t.Context(), newInvite(2).ExpiresAt); n != 1 || err != nil {
		t.Errorf("%d dropped, %v; want the one that expired", n, err)
	}
	if ids := inviteIDs(t, s, epoch, 10); !slices.Equal(ids, id(3)) {
		t.Errorf("left: %v", ids)
	}
}

// testInviteOnce lets many use an invitation at once: no more get in than may,
// and a use that is returned can be used again.
func testInviteOnce(t *testing.T, s AccountStore) {
	i := newInvite(1)
	i.Uses = 3
	noError(t, s.CreateInvite(t.Context(), i))
	race := func() int64 {
		var wg sync.WaitGroup
		var in atomic.Int64
		for range 10 {
			wg.Go(func() {
				err := s.UseInvite(t.Context(), i.ID, epoch)
				if err == nil {
					in.Add(1)
				} else if !errors.Is(err, account.ErrNotFound) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		return in.Load()
	}
	if n := race(); n != 3 {
		t.Errorf("%d used an invitation for 3", n)
	}
	noError(t, s.ReturnInvite(t.Context(), i.ID))
	if n := race(); n != 1 {
		t.Errorf("%d used the last use", n)
	}
	if n := used(t, s, i.ID); n != 3 {
		t.Errorf("used %d times, want 3", n)
	}
}

func testSettings(t *testing.T, s AccountStore) {
	binary := []byte{0, 1, 255, '$'}
	for _, name := range []string{"a", "A", "a.b", "$set", "\u00e9"} {
		value := append([]byte(name), binary...)
		for _, offered := range [][]byte{value, []byte("later")} {
			got, err := s.KeepSetting(t.Context(), name, offered)
			noError(t, err)
			if string(got) != string(value) {
				t.Errorf("setting %q is %q, want the first, %q", name, got, value)
			}
			if got, err := s.Setting(t.Context(), name); err != nil || string(got) != string(value) {
				t.Errorf("setting %q is read as %q, %v; want %q", name, got, err, value)
			}
		}
	}
	wantError(t, s.TakeSetting(t.Context(), "a", []byte("other")), account.ErrNotFound)
	wantError(t, s.TakeSetting(t.Context(), "unknown", []byte("a")), account.ErrNotFound)
	noError(t, s.TakeSetting(t.Context(), "a", append([]byte("a"), binary...)))
	wantError(t, s.TakeSetting(t.Context(), "a", append([]byte("a"), binary...)), account.ErrNotFound)
	_, err := s.Setting(t.Context(), "a")
	wantError(t, err, account.ErrNotFound)
	got, err := s.KeepSetting(t.Context(), "a", []byte("new"))
	noError(t, err)
	if string(got) != "new" {
		t.Errorf("setting %q after it was taken, want the new one", got)
	}
}

// testSettingRaces lets many keep and take a setting at once.
func testSettingRaces(t *testing.T, s AccountStore) {
	for round := range 5 {
		name := fmt.Sprintf("setting %d", round)
		const n = 8
		var kept [n]string
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				value, err := s.KeepSetting(t.Context(), name, fmt.Append(nil, i))
				if err != nil {
					t.Error(err)
				}
				kept[i] = string(value)
			})
		}
		wg.Wait()
		for _, value := range kept {
			if value != kept[0] {
				t.Fatalf("they keep %q", kept)
			}
		}
		var taken atomic.Int64
		for range n {
			wg.Go(func() {
				err := s.TakeSetting(t.Context(), name, []byte(kept[0]))
				if err == nil {
					taken.Add(1)
				} else if !errors.Is(err, account.ErrNotFound) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if taken.Load() != 1 {
			t.Errorf("%d took it, want 1", taken.Load())
		}
	}
}

func usage(t testing.TB, s account.Store, from, to string) []account.Usage {
	t.Helper()
	list, err := s.Usage(t.Context(), from, to)
	noError(t, err)
	return list
}

func testUsage(t *testing.T, s AccountStore) {
	if list := usage(t, s, "2000-01-01", "2100-01-01"); len(list) != 0 {
		t.Errorf("usage %v in an empty store", list)
	}
	day := func(n int) string { return account.Day(epoch.AddDate(0, 0, n)) }
	for _, u := range []account.Usage{
		{Day: day(2), SignIns: 1},
		{Day: day(0), SignIns: 1, FailedSignIns: 2, Registrations: 3, Started: 4, Saved: 5, Messages: 1 << 40},
		{Day: day(1), Messages: 7},
		{Day: day(0), SignIns: 10, FailedSignIns: 20, Registrations: 30, Started: 40, Saved: 50, Messages: 60},
	} {
		noError(t, s.AddUsage(t.Context(), u))
	}
	want := []account.Usage{
		{Day: day(0), SignIns: 11, FailedSignIns: 22, Registrations: 33, Started: 44, Saved: 55, Messages: 1<<40 + 60},
		{Day: day(1), Messages: 7},
		{Day: day(2), SignIns: 1},
	}
	if diff := cmp.Diff(want, usage(t, s, day(0), day(2))); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want[1:2], usage(t, s, day(1), day(1))); diff != "" {
		t.Errorf("usage of one day (-want +got):\n%s", diff)
	}
	// Many count at once, on a day that nothing was counted on before.
	const writers, each = 6, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				if err := s.AddUsage(t.Context(), account.Usage{Day: day(3), Started: 1, Messages: 100}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	wantSum := []account.Usage{{Day: day(3), Started: writers * each, Messages: writers * each * 100}}
	if diff := cmp.Diff(wantSum, usage(t, s, day(3), day(9))); diff != "" {
		t.Errorf("usage by many (-want +got):\n%s", diff)
	}
}

func testLogRange(t *testing.T, s AccountStore) {
	for i := range 6 {
		l := account.Activity{ID: fmt.Sprintf("%024x", i), UserID: "u", UserName: "Ada", Activity: "Logged in", CreatedAt: epoch.Add(time.Duration(i) * time.Hour)}
		noError(t, s.AppendLog(t.Context(), l))
	}
	hour := func(n int) time.Time { return epoch.Add(time.Duration(n) * time.Hour) }
	for _, test := range []struct {
		name string
		q    account.LogQuery
		want int
	}{
		{"from", account.LogQuery{From: hour(2)}, 4},
		{"just after it", account.LogQuery{From: hour(2).Add(time.Millisecond)}, 3},
		{"to", account.LogQuery{To: hour(2)}, 2},
		{"just after that", account.LogQuery{To: hour(2).Add(time.Millisecond)}, 3},
		{"both", account.LogQuery{From: hour(1), To: hour(4)}, 3},
		{"nothing between", account.LogQuery{From: hour(4), To: hour(1)}, 0},
		{"with a search", account.LogQuery{From: hour(1), To: hour(4), Search: "logged"}, 3},
		{"with a short search", account.LogQuery{From: hour(5), Search: "ad"}, 1},
		{"with user and activity", account.LogQuery{From: hour(5), UserID: "u", Activity: "Logged in"}, 1},
		{"of another zone", account.LogQuery{From: hour(2).In(time.FixedZone("", 3600))}, 4},
	} {
		if page := logs(t, s, test.q); page.Total != test.want || len(page.Logs) != test.want {
			t.Errorf("%s: %d entries of %d, want %d", test.name, len(page.Logs), page.Total, test.want)
		}
	}
}
