package storetest

import (
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/mail"
)

// OutboxStore is a store of mail that can be closed and opened again.
type OutboxStore interface {
	mail.Queue
	mail.Archive
	io.Closer
}

// RunOutbox runs the conformance suite of [mail.Queue] and [mail.Archive].
func RunOutbox(t *testing.T, open func(t testing.TB, place string) OutboxStore) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, OutboxStore)
	}{
		{"mail is claimed in the order in which it is due", testMailOrder},
		{"mail comes back when nobody reports", testMailLease},
		{"dead mail is kept and revived", testMailDead},
		{"each mail is claimed once", testMailOnce},
		{"mail is imported", testMailImport},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := open(t, t.TempDir())
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			test.run(t, s)
		})
	}
}

func item(i int) mail.Item {
	return mail.Item{
		ID: fmt.Sprintf("%d@example.org", i), Kind: "test", Sealed: []byte{0, 255, byte(i)},
		CreatedAt: epoch.Add(time.Duration(i) * time.Second), ExpiresAt: epoch.Add(time.Hour),
	}
}

// claim claims a mail at a time, which somebody must have left there.
func claim(t *testing.T, q mail.Queue, at time.Time) mail.Item {
	t.Helper()
	it, ok, err := q.Claim(t.Context(), at, at.Add(time.Minute))
	noError(t, err)
	if !ok {
		t.Fatalf("no mail is due at %v", at)
	}
	return it
}

func claimNone(t *testing.T, q mail.Queue, at time.Time) {
	t.Helper()
	if it, ok, err := q.Claim(t.Context(), at, at.Add(time.Minute)); ok || err != nil {
		t.Fatalf("due at %v: %+v, %v; want none", at, it, err)
	}
}

func testMailOrder(t *testing.T, q OutboxStore) {
	claimNone(t, q, epoch)
	stats, err := q.Stats(t.Context())
	noError(t, err)
	if stats != (mail.QueueStats{}) {
		t.Errorf("an empty queue has %+v", stats)
	}
	for _, i := range []int{2, 1, 3} {
		noError(t, q.Put(t.Context(), item(i)))
	}
	again := item(1)
	again.Sealed = []byte("other")
	noError(t, q.Put(t.Context(), again))
	claimNone(t, q, epoch)
	want := item(1)
	at := epoch.Add(10 * time.Second)
	want.Attempts, want.NextAt = 1, at.Add(time.Minute)
	if diff := cmp.Diff(want, claim(t, q, at)); diff != "" {
		t.Errorf("claimed (-want +got):\n%s", diff)
	}
	if it := claim(t, q, at); it.ID != item(2).ID {
		t.Errorf("second is %s", it.ID)
	}
	waiting, err := q.Waiting(t.Context(), 2)
	noError(t, err)
	if len(waiting) != 2 || waiting[0].ID != item(3).ID || !waiting[0].NextAt.Equal(item(3).CreatedAt) || waiting[1].ID != item(1).ID {
		t.Errorf("waiting %+v, want the two that are tried next", waiting)
	}
	stats, err = q.Stats(t.Context())
	noError(t, err)
	if !stats.Oldest.Equal(item(1).CreatedAt) || stats.Waiting != 3 || stats.Dead != 0 {
		t.Errorf("stats %+v", stats)
	}
}

func testMailLease(t *testing.T, q OutboxStore) {
	noError(t, q.Put(t.Context(), item(1)))
	at := epoch.Add(time.Second)
	claim(t, q, at)
	claimNone(t, q, at.Add(59*time.Second))
	if it := claim(t, q, at.Add(time.Minute)); it.Attempts != 2 {
		t.Errorf("%d attempts, want 2", it.Attempts)
	}
	noError(t, q.Retry(t.Context(), item(1).ID, at.Add(time.Hour), "away"))
	claimNone(t, q, at.Add(59*time.Minute))
	if it := claim(t, q, at.Add(time.Hour)); it.Error != "away" {
		t.Errorf("error %q", it.Error)
	}
	noError(t, q.Delivered(t.Context(), item(1).ID))
	noError(t, q.Delivered(t.Context(), item(1).ID))
	claimNone(t, q, at.Add(24*time.Hour))
}

func testMailDead(t *testing.T, q OutboxStore) {
	for i := range 3 {
		noError(t, q.Put(t.Context(), item(i)))
		noError(t, q.Bury(t.Context(), item(i).ID, epoch.Add(time.Duration(i)*time.Hour), "refused"))
	}
	claimNone(t, q, epoch.Add(24*time.Hour))
	noError(t, q.Retry(t.Context(), item(0).ID, epoch, "too late"))
	claimNone(t, q, epoch.Add(24*time.Hour))
	dead, err := q.Dead(t.Context(), 2)
	noError(t, err)
	if len(dead) != 2 || dead[0].ID != item(2).ID || dead[1].ID != item(1).ID || dead[0].Error != "refused" || !dead[0].DeadAt.Equal(epoch.Add(2*time.Hour)) || !dead[0].NextAt.IsZero() {
		t.Errorf("dead %+v, want the latest two", dead)
	}
	wantError(t, q.Revive(t.Context(), "other", epoch), mail.ErrUnknownMail)
	noError(t, q.Revive(t.Context(), item(2).ID, epoch.Add(3*time.Hour)))
	wantError(t, q.Revive(t.Context(), item(2).ID, epoch), mail.ErrUnknownMail)
	if waiting, err := q.Waiting(t.Context(), 10); err != nil || len(waiting) != 1 || waiting[0].ID != item(2).ID {
		t.Errorf("waiting %+v, %v; want the revived one", waiting, err)
	}
	if it := claim(t, q, epoch.Add(3*time.Hour)); it.ID != item(2).ID || it.Attempts != 1 || !it.DeadAt.IsZero() {
		t.Errorf("revived as %+v", it)
	}
	n, err := q.DropDead(t.Context(), epoch.Add(time.Hour))
	noError(t, err)
	stats, err := q.Stats(t.Context())
	noError(t, err)
	if n != 1 || stats.Dead != 1 || stats.Waiting != 1 {
		t.Errorf("%d dropped, %+v left", n, stats)
	}
}

func testMailOnce(t *testing.T, q OutboxStore) {
	const n = 40
	for i := range n {
		noError(t, q.Put(t.Context(), item(i)))
	}
	var mu sync.Mutex
	claimed := map[string]int{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				it, ok, err := q.Claim(t.Context(), epoch.Add(time.Hour), epoch.Add(2*time.Hour))
				if err != nil {
					t.Error(err)
				}
				if !ok || err != nil {
					return
				}
				mu.Lock()
				claimed[it.ID]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for id, times := range claimed {
		if times != 1 {
			t.Errorf("%s was claimed %d times", id, times)
		}
	}
	if len(claimed) != n {
		t.Errorf("%d claimed, want %d", len(claimed), n)
	}
}

func testMailImport(t *testing.T, q OutboxStore) {
	eachMail := func() map[string]mail.Item {
		t.Helper()
		got := map[string]mail.Item{}
		noError(t, q.EachMail(t.Context(), func(it mail.Item) error { got[it.ID] = it; return nil }))
		return got
	}
	if got := eachMail(); len(got) != 0 {
		t.Errorf("an empty outbox has %v", got)
	}
	waiting, dead, endless := item(1), item(2), item(3)
	waiting.Attempts, waiting.Error, waiting.NextAt = 4, "away", epoch.Add(time.Minute)
	dead.Attempts, dead.Error, dead.DeadAt = 9, "refused", epoch.Add(time.Hour)
	endless.ExpiresAt, endless.NextAt = time.Time{}, epoch.Add(2*time.Minute)
	noError(t, q.Put(t.Context(), item(1))) // it is replaced
	want := map[string]mail.Item{}
	for range 2 {
		for _, it := range []mail.Item{waiting, dead, endless} {
			noError(t, q.ImportMail(t.Context(), it))
			want[it.ID] = it
		}
		if diff := cmp.Diff(want, eachMail()); diff != "" {
			t.Errorf("imported (-want +got):\n%s", diff)
		}
	}
	claimNone(t, q, epoch.Add(59*time.Second))
	if it := claim(t, q, epoch.Add(90*time.Second)); it.ID != waiting.ID || it.Attempts != 5 {
		t.Errorf("claimed %+v, want what was imported first", it)
	}
	if list, err := q.Dead(t.Context(), 9); err != nil || len(list) != 1 || list[0].ID != dead.ID {
		t.Errorf("dead %v, %v", list, err)
	}
	revived := dead
	revived.DeadAt, revived.NextAt = time.Time{}, epoch
	noError(t, q.ImportMail(t.Context(), revived)) // it is alive in the other place
	if it := claim(t, q, epoch.Add(time.Second)); it.ID != dead.ID {
		t.Errorf("claimed %+v", it)
	}
	wantError(t, q.EachMail(t.Context(), func(mail.Item) error { return errStop }), errStop)
}
