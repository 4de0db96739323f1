package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/analysis"
)

// LearningStore is a store of what was learnt that can be closed and opened again.
type LearningStore interface {
	analysis.LearningStore
	io.Closer
}

// RunLearning runs the conformance suite of [analysis.LearningStore].
func RunLearning(t *testing.T, open func(t testing.TB, place string) LearningStore) {
	t.Helper()
	start := func(t *testing.T, place string) LearningStore {
		s := open(t, place)
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		return s
	}
	for _, test := range []struct {
		name string
		run  func(*testing.T, LearningStore)
	}{
		{"what a channel taught is written by its owner alone", testLearned},
		{"what channels taught is handed out in order", testEachLearned},
		{"corrections come and go", testCorrections},
		{"corrections are listed by user, channel and time", testListCorrections},
		{"cancellation of calls about learning", testLearningCancellation},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, start(t, t.TempDir())) })
	}
	t.Run("what was learnt outlives the process", func(t *testing.T) {
		place := t.TempDir()
		s := open(t, place)
		keepLearnt(t, s, learnt("a", 3, "state"), true)
		noError(t, s.PutCorrection(t.Context(), corrected(1)))
		noError(t, s.Close())
		s = start(t, place)
		wantLearned(t, s, learnt("a", 3, "state"))
		wantCorrections(t, s, analysis.CorrectionQuery{}, corrected(1))
	})
}

func learnt(channel string, fence int64, state string) analysis.Learned {
	return analysis.Learned{Channel: channel, Fence: fence, At: savedAt, State: []byte(state)}
}

func keepLearnt(t testing.TB, s analysis.LearningStore, l analysis.Learned, want bool) {
	t.Helper()
	saved, err := s.SaveLearned(t.Context(), l)
	noError(t, err)
	if saved != want {
		t.Errorf("saving %s with fence %d: %v, want %v", l.Channel, l.Fence, saved, want)
	}
}

func wantLearned(t testing.TB, s analysis.LearningStore, want analysis.Learned) {
	t.Helper()
	got, err := s.Learned(t.Context(), want.Channel)
	noError(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("learned of %s (-want +got):\n%s", want.Channel, diff)
	}
}

func testLearned(t *testing.T, s LearningStore) {
	none, err := s.Learned(t.Context(), "a")
	noError(t, err)
	if diff := cmp.Diff(analysis.Learned{}, none); diff != "" {
		t.Errorf("of a channel that nobody knows (-want +got):\n%s", diff)
	}
	take := func(fence int64, want analysis.Learned) {
		t.Helper()
		got, err := s.TakeLearned(t.Context(), "a", fence)
		noError(t, err)
		want.Fence = got.Fence // of who took it
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("taken with fence %d (-want +got):\n%s", fence, diff)
		}
	}
	take(5, analysis.Learned{})
	none, err = s.Learned(t.Context(), "a")
	noError(t, err)
	if len(none.State) != 0 || none.Channel != "" {
		t.Errorf("taken before anything was learnt: %+v", none)
	}
	keepLearnt(t, s, learnt("a", 4, "of who was replaced"), false)
	keepLearnt(t, s, learnt("a", 5, "one"), true)
	keepLearnt(t, s, learnt("a", 5, "two"), true)
	wantLearned(t, s, learnt("a", 5, "two"))
	take(7, learnt("a", 7, "two"))
	keepLearnt(t, s, learnt("a", 5, "of who was replaced"), false)
	keepLearnt(t, s, learnt("a", 7, strings.Repeat("three", 30_000)), true)
	wantLearned(t, s, learnt("a", 7, strings.Repeat("three", 30_000)))
	// One who was replaced and takes it late does not keep the owner out.
	take(6, learnt("a", 6, strings.Repeat("three", 30_000)))
	keepLearnt(t, s, learnt("a", 7, "four"), true)
	keepLearnt(t, s, learnt("a", 6, "of who was replaced"), false)
	wantLearned(t, s, learnt("a", 7, "four"))
	// A cluster that lost its counter begins anew; nobody is kept out for ever.
	take(1, learnt("a", 1, "four"))
	keepLearnt(t, s, learnt("a", 1, "five"), true)
	wantLearned(t, s, learnt("a", 1, "five"))
	keepLearnt(t, s, learnt("b", 0, "without leases"), true)
	keepLearnt(t, s, learnt("b", 0, "again"), true)
	wantLearned(t, s, learnt("b", 0, "again"))
}

func testEachLearned(t *testing.T, s LearningStore) {
	for _, channel := range []string{"c", "a", "b"} {
		noError(t, s.ImportLearned(t.Context(), learnt(channel, 9, "old")))
		noError(t, s.ImportLearned(t.Context(), learnt(channel, 2, "new")))
		wantLearned(t, s, learnt(channel, 2, "new"))
	}
	if _, err := s.TakeLearned(t.Context(), "nothing yet", 1); err != nil {
		t.Fatal(err)
	}
	testOrder(t, "learned", []string{"a", "b", "c"}, func(ctx context.Context, after string, do func(string) error) error {
		return s.EachLearned(ctx, after, func(l analysis.Learned) error { return do(l.Channel) })
	})
}

// corrected returns correction n: of one of two users and channels.
func corrected(n int) analysis.Correction {
	c := analysis.Correction{
		UserID: []string{anna, "b"}[n%2], Channel: []string{"alpha", "beta"}[n/2%2], Kind: analysis.CorrectedMessage, Subject: fmt.Sprint("message ", n),
		Hash: fmt.Sprintf("%016x", n), Label: "negative", Value: -1, At: savedAt.Add(time.Duration(n) * time.Minute),
	}
	c.ID = analysis.CorrectionID(c.UserID, c.Channel, c.Kind, c.Subject)
	return c
}

func wantCorrections(t testing.TB, s analysis.LearningStore, q analysis.CorrectionQuery, want ...analysis.Correction) {
	t.Helper()
	got, err := s.Corrections(t.Context(), q)
	noError(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("corrections of %+v (-want +got):\n%s", q, diff)
	}
}

func testCorrections(t *testing.T, s LearningStore) {
	c := corrected(0)
	noError(t, s.PutCorrection(t.Context(), c))
	c.Label, c.Value, c.At = "positive", 0.5, c.At.Add(time.Hour)
	noError(t, s.PutCorrection(t.Context(), c))
	wantCorrections(t, s, analysis.CorrectionQuery{}, c)
	for _, want := range []bool{true, false} {
		dropped, err := s.DropCorrection(t.Context(), c.ID)
		noError(t, err)
		if dropped != want {
			t.Errorf("dropped: %v, want %v", dropped, want)
		}
	}
	for i := range 7 {
		noError(t, s.PutCorrection(t.Context(), corrected(i)))
	}
	for _, want := range []int{4, 0} {
		n, err := s.RemoveCorrections(t.Context(), anna)
		noError(t, err)
		if n != want {
			t.Errorf("%d of a user's were removed, want %d", n, want)
		}
	}
	wantCorrections(t, s, analysis.CorrectionQuery{}, corrected(5), corrected(3), corrected(1))
}

func testListCorrections(t *testing.T, s LearningStore) {
	var ids []string
	for i := range 9 {
		noError(t, s.PutCorrection(t.Context(), corrected(i)))
		ids = append(ids, corrected(i).ID)
	}
	twin := corrected(8)
	twin.Subject = "at the same instant"
	twin.ID = analysis.CorrectionID(twin.UserID, twin.Channel, twin.Kind, twin.Subject)
	noError(t, s.PutCorrection(t.Context(), twin))
	ids = append(ids, twin.ID)
	first, second := corrected(8), twin
	if first.ID < second.ID {
		first, second = second, first
	}
	wantCorrections(t, s, analysis.CorrectionQuery{UserID: "b"}, corrected(7), corrected(5), corrected(3), corrected(1))
	wantCorrections(t, s, analysis.CorrectionQuery{Channel: "beta", Limit: 3}, corrected(7), corrected(6), corrected(3))
	wantCorrections(t, s, analysis.CorrectionQuery{UserID: anna, Channel: "alpha"}, first, second, corrected(4), corrected(0))
	wantCorrections(t, s, analysis.CorrectionQuery{Since: corrected(7).At}, first, second, corrected(7))
	wantCorrections(t, s, analysis.CorrectionQuery{Before: first.At, BeforeID: first.ID, Limit: 2}, second, corrected(7))
	wantCorrections(t, s, analysis.CorrectionQuery{Before: corrected(1).At}, corrected(0))
	n, err := s.CountCorrections(t.Context(), analysis.CorrectionQuery{UserID: anna, Channel: "alpha", Limit: 1})
	noError(t, err)
	if n != 4 {
		t.Errorf("%d are counted, want 4", n)
	}
	slices.Sort(ids)
	testOrder(t, "corrections", ids, func(ctx context.Context, after string, do func(string) error) error {
		return s.EachCorrection(ctx, after, func(c analysis.Correction) error { return do(c.ID) })
	})
}

func testLearningCancellation(t *testing.T, s LearningStore) {
	keepLearnt(t, s, learnt("a", 1, "state"), true)
	noError(t, s.PutCorrection(t.Context(), corrected(1)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"TakeLearned":       func() error { _, err := s.TakeLearned(ctx, "a", 2); return err },
		"SaveLearned":       func() error { _, err := s.SaveLearned(ctx, learnt("a", 2, "x")); return err },
		"Learned":           func() error { _, err := s.Learned(ctx, "a"); return err },
		"ImportLearned":     func() error { return s.ImportLearned(ctx, learnt("a", 2, "x")) },
		"PutCorrection":     func() error { return s.PutCorrection(ctx, corrected(2)) },
		"DropCorrection":    func() error { _, err := s.DropCorrection(ctx, corrected(1).ID); return err },
		"Corrections":       func() error { _, err := s.Corrections(ctx, analysis.CorrectionQuery{}); return err },
		"CountCorrections":  func() error { _, err := s.CountCorrections(ctx, analysis.CorrectionQuery{}); return err },
		"RemoveCorrections": func() error { _, err := s.RemoveCorrections(ctx, "b"); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want the context's error", name, err)
		}
	}
	wantLearned(t, s, learnt("a", 1, "state"))
	wantCorrections(t, s, analysis.CorrectionQuery{}, corrected(1))
}
