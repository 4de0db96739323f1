package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/history"
)

// newShare returns link i to an entry.
func newShare(i int, e *history.Entry) history.Share {
	return history.Share{
		ID: fmt.Sprintf("%024x", 1<<20+i), EntryID: e.ID, UserID: e.UserID, Hash: []byte{0, 255, byte(i), byte(i >> 8)}, Chatters: "pseudonyms",
		CreatedAt: savedAt.Add(time.Duration(i) * time.Second), ExpiresAt: savedAt.Add(time.Duration(i) * time.Hour),
	}
}

func shares(t testing.TB, s history.Store, entryID string) []history.Share {
	t.Helper()
	list, err := s.Shares(t.Context(), entryID, savedAt)
	noError(t, err)
	return list
}

func testShares(t *testing.T, s HistoryStore) {
	e, other := entry(1), entry(2)
	noError(t, s.Create(t.Context(), e, nil))
	noError(t, s.Create(t.Context(), other, nil))
	one, two, three := newShare(1, e), newShare(2, e), newShare(3, other)
	for _, share := range []history.Share{two, one, three} {
		noError(t, s.CreateShare(t.Context(), share))
	}
	if diff := cmp.Diff([]history.Share{two, one}, shares(t, s, e.ID)); diff != "" {
		t.Errorf("links, newest first (-want +got):\n%s", diff)
	}
	for i := range 3 {
		noError(t, s.CountView(t.Context(), one.ID, savedAt.Add(time.Duration(i)*time.Minute)))
	}
	one.Views, one.ViewedAt = 3, savedAt.Add(2*time.Minute)
	got, err := s.ShareByHash(t.Context(), one.Hash, savedAt)
	noError(t, err)
	if diff := cmp.Diff(one, got); diff != "" {
		t.Errorf("by hash (-want +got):\n%s", diff)
	}
	for _, hash := range [][]byte{nil, {}, one.Hash[:2], append(slices.Clone(one.Hash), 0)} {
		_, err := s.ShareByHash(t.Context(), hash, savedAt)
		wantError(t, err, history.ErrNotFound)
	}
	wantError(t, s.RemoveShare(t.Context(), one.ID, other.ID, anna), history.ErrNotFound) // it is not a link to that
	noError(t, s.RemoveShare(t.Context(), one.ID, e.ID, anna))
	wantError(t, s.RemoveShare(t.Context(), one.ID, e.ID, anna), history.ErrNotFound)
	_, err = s.ShareByHash(t.Context(), one.Hash, savedAt)
	wantError(t, err, history.ErrNotFound)
	if diff := cmp.Diff([]history.Share{two}, shares(t, s, e.ID)); diff != "" {
		t.Errorf("links left (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]history.Share{three}, shares(t, s, other.ID)); diff != "" {
		t.Errorf("links to the other (-want +got):\n%s", diff)
	}
}

func testSharesExpire(t *testing.T, s HistoryStore) {
	e := entry(1)
	noError(t, s.Create(t.Context(), e, nil))
	for i := 1; i <= 4; i++ {
		noError(t, s.CreateShare(t.Context(), newShare(i, e)))
	}
	at := newShare(2, e).ExpiresAt
	list, err := s.Shares(t.Context(), e.ID, at)
	noError(t, err)
	if len(list) != 2 || list[0].ID != newShare(4, e).ID {
		t.Errorf("links %v, want 4 and 3, which expire later", list)
	}
	_, err = s.ShareByHash(t.Context(), newShare(2, e).Hash, at)
	wantError(t, err, history.ErrNotFound)
	_, err = s.ShareByHash(t.Context(), newShare(2, e).Hash, at.Add(-time.Millisecond))
	noError(t, err)
	if n, err := s.DropExpired(t.Context(), at); n != 1 || err != nil {
		t.Errorf("%d dropped, %v; want the one that expired before", n, err)
	}
	if n, err := s.DropExpired(t.Context(), at.Add(time.Millisecond)); n != 1 || err != nil {
		t.Errorf("%d dropped, %v; want the next", n, err)
	}
	if list := shares(t, s, e.ID); len(list) != 2 {
		t.Errorf("%d links left, want 2", len(list))
	}
}

func testManyShares(t *testing.T, s HistoryStore) {
	e := entry(1)
	noError(t, s.Create(t.Context(), e, nil))
	const n = 300
	for i := 1; i <= n; i++ {
		noError(t, s.CreateShare(t.Context(), newShare(i, e)))
	}
	list := shares(t, s, e.ID)
	if len(list) != n || list[0].ID != newShare(n, e).ID || list[n-1].ID != newShare(1, e).ID {
		t.Errorf("%d links, want %d, newest first", len(list), n)
	}
	noError(t, s.Remove(t.Context(), e.ID, anna))
	if list := shares(t, s, e.ID); len(list) != 0 {
		t.Errorf("%d links without an entry", len(list))
	}
}

func testImportShares(t *testing.T, s HistoryStore) {
	e := entry(1)
	noError(t, s.Create(t.Context(), e, nil))
	share := newShare(2, e)
	share.Views, share.ViewedAt = 7, savedAt.Add(time.Minute)
	for range 2 {
		noError(t, s.ImportShare(t.Context(), share))
	}
	if diff := cmp.Diff([]history.Share{share}, shares(t, s, e.ID)); diff != "" {
		t.Errorf("imported (-want +got):\n%s", diff)
	}
	share.Views, share.ViewedAt, share.Hash, share.Chatters = 0, time.Time{}, []byte("new"), "none"
	noError(t, s.ImportShare(t.Context(), share))
	got, err := s.ShareByHash(t.Context(), share.Hash, savedAt)
	noError(t, err)
	if diff := cmp.Diff(share, got); diff != "" {
		t.Errorf("imported again (-want +got):\n%s", diff)
	}
	wantError(t, s.ImportShare(t.Context(), newShare(9, entry(9))), history.ErrNotFound)
	want := []string{share.ID}
	for _, i := range []int{4, 1, 3} {
		noError(t, s.ImportShare(t.Context(), newShare(i, e)))
		want = append(want, newShare(i, e).ID)
	}
	testOrder(t, "links", want, func(ctx context.Context, after string, do func(string) error) error {
		return s.EachShare(ctx, after, func(share history.Share) error { return do(share.ID) })
	})
}
