// Package storetest holds the conformance suites of the stores: what every store
// must do, whatever it keeps its data in.
//
//   - [Run]: analyses, [analysis.SessionStore]
//   - [RunAccounts]: users, sessions, codes, invitations, settings, usage and the
//     log, [account.Store] and [account.Archive]
//   - [RunHistory]: saved analyses and shared links, [history.Store] and [history.Archive]
//   - [RunHolds]: who holds which channel, [analysis.HoldStore]
//   - [RunLearning]: what channels taught and users corrected, [analysis.LearningStore]
//   - [RunOutbox]: mail, [mail.Queue] and [mail.Archive]
//
// Each takes a function that opens a store in a place, an empty directory of the
// test; a store that is somewhere else makes a place of its own for each.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/analysis"
)

// Store is a store that can be closed and opened again.
type Store interface {
	analysis.SessionStore
	io.Closer
}

// Opener opens the store that place names; opening the same place again after
// closing finds the same data. Places are empty directories of the test.
type Opener func(t testing.TB, place string) Store

// epoch is when everything in the suite happens.
var epoch = time.Date(2026, 1, 1, 20, 0, 0, 123456000, time.UTC)

// Run runs the suite.
func Run(t *testing.T, open Opener) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, Opener)
	}{
		{"empty", testEmpty},
		{"checkpoints", testCheckpoints},
		{"parts", testParts},
		{"names of parts", testNames},
		{"one session twice", testTwice},
		{"atomic", testAtomic},
		{"finish", testFinish},
		{"finish without checkpoint", testFinishAlone},
		{"late checkpoint", testLateCheckpoint},
		{"fence", testFence},
		{"taking over", testTakeOver},
		{"taking over while another writes", testTakeOverRace},
		{"order and paging", testPaging},
		{"limits", testLimits},
		{"values kept", testValues},
		{"large parts", testLarge},
		{"concurrent use", testConcurrent},
		{"cancellation", testCancellation},
		{"reopening", testReopen},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, open) })
	}
}

func start(t *testing.T, open Opener) Store {
	t.Helper()
	s := open(t, t.TempDir())
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

// checkpoint returns a checkpoint of session i with parts "name=data".
func checkpoint(i int, parts ...string) analysis.Checkpoint {
	cp := analysis.Checkpoint{
		SessionID: fmt.Sprintf("session-%03d", i),
		Channel:   fmt.Sprintf("channel_%d", i%3),
		StartedAt: epoch.Add(time.Duration(i) * time.Minute),
		At:        epoch.Add(time.Duration(i)*time.Minute + time.Second),
	}
	for _, p := range parts {
		name, data, found := strings.Cut(p, "=")
		part := analysis.Part{Name: name}
		if found {
			part.Data = []byte(data)
		}
		cp.Parts = append(cp.Parts, part)
	}
	return cp
}

// finished returns the end of session i, after an hour.
func finished(i int) analysis.Finished {
	mood := float64(i%200)/100 - 1
	cp := checkpoint(i)
	return analysis.Finished{
		SessionID: cp.SessionID,
		Channel:   cp.Channel,
		StartedAt: cp.StartedAt,
		EndedAt:   cp.StartedAt.Add(time.Hour),
		Counts:    analysis.Counts{Total: 10 * i, Positive: 4 * i, Neutral: 3 * i, Negative: 3 * i, Deleted: 1, Questions: 2},
		Mood:      &mood,
		Report:    fmt.Appendf(nil, `{"snapshot":{"id":%q},"timeline":{}}`, cp.SessionID),
	}
}

func save(t *testing.T, s Store, cps ...analysis.Checkpoint) {
	t.Helper()
	if err := s.SaveCheckpoints(t.Context(), cps); err != nil {
		t.Fatal(err)
	}
}

func finish(t *testing.T, s Store, f analysis.Finished) {
	t.Helper()
	if err := s.FinishSession(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func wantRunning(t *testing.T, s Store, want ...analysis.Checkpoint) {
	t.Helper()
	got, err := s.RunningSessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("running sessions (-want +got):\n%s", diff)
	}
}

func list(t *testing.T, s Store, q analysis.SessionQuery) []analysis.SessionInfo {
	t.Helper()
	got, err := s.Sessions(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func ids(infos []analysis.SessionInfo) []string {
	var ids []string
	for _, info := range infos {
		ids = append(ids, info.ID)
	}
	return ids
}

func testEmpty(t *testing.T, open Opener) {
	s := start(t, open)
	wantRunning(t, s)
	save(t, s) // nothing is fine
	if got := list(t, s, analysis.SessionQuery{}); len(got) != 0 {
		t.Errorf("sessions: %v, want none", got)
	}
	if _, err := s.SessionReport(t.Context(), "nobody"); !errors.Is(err, analysis.ErrNotFound) {
		t.Errorf("report of an unknown session: %v, want ErrNotFound", err)
	}
}

func testCheckpoints(t *testing.T, open Opener) {
	s := start(t, open)
	// The later session first: running sessions come in the order of their start.
	save(t, s, checkpoint(2, "a=2"), checkpoint(1, "a=1"))
	wantRunning(t, s, checkpoint(1, "a=1"), checkpoint(2, "a=2"))

	later := checkpoint(1, "a=new")
	later.At = later.At.Add(time.Hour)
	save(t, s, later)
	wantRunning(t, s, later, checkpoint(2, "a=2"))
	if got := list(t, s, analysis.SessionQuery{}); len(got) != 0 {
		t.Errorf("running sessions are listed as finished: %v", ids(got))
	}
}

func testParts(t *testing.T, open Opener) {
	s := start(t, open)
	save(t, s, checkpoint(1, "b=1", "a=1", "c=1"))
	wantRunning(t, s, checkpoint(1, "a=1", "b=1", "c=1")) // ordered by name
	save(t, s, checkpoint(1, "b=2", "c"))
	wantRunning(t, s, checkpoint(1, "a=1", "b=2"))
	save(t, s, checkpoint(1, "never")) // removing what is not there
	save(t, s, checkpoint(1, "c=again", "b="))
	wantRunning(t, s, checkpoint(1, "a=1", "b=", "c=again")) // empty is not absent
	save(t, s, checkpoint(1, "a=first", "a=second"))         // the last word counts
	wantRunning(t, s, checkpoint(1, "a=second", "b=", "c=again"))
	save(t, s, checkpoint(1, "a", "b", "c"))
	wantRunning(t, s, checkpoint(1)) // a session without parts runs still
}

// testNames uses names that mean something to one store or another.
func testNames(t *testing.T, open Opener) {
	s := start(t, open)
	names := []string{"", "$set", "%", "%2E", ".", "0", "A", "_id", "a", "a.b", "a/b", "\u00e9"} // in order of their bytes
	cp := checkpoint(1)
	for _, name := range names {
		cp.Parts = append(cp.Parts, analysis.Part{Name: name, Data: []byte("of " + name)})
	}
	save(t, s, cp)
	wantRunning(t, s, cp)
	for i := range cp.Parts {
		cp.Parts[i].Data = []byte("second of " + cp.Parts[i].Name)
	}
	save(t, s, cp)
	wantRunning(t, s, cp)
	gone := checkpoint(1, names...) // without data
	gone.Parts = gone.Parts[:len(names)-1]
	save(t, s, gone)
	cp.Parts = cp.Parts[len(names)-1:]
	wantRunning(t, s, cp)
}

// testTwice saves two checkpoints of a session in one call: as if one came
// after the other.
func testTwice(t *testing.T, open Opener) {
	s := start(t, open)
	later := checkpoint(1, "a=2", "b")
	later.At = later.At.Add(time.Second)
	save(t, s, checkpoint(1, "a=1", "b=1", "c=1"), checkpoint(2, "a=1"), later)
	want := checkpoint(1, "a=2", "c=1")
	want.At = later.At
	wantRunning(t, s, want, checkpoint(2, "a=1"))
}

// testAtomic cancels a large save at many moments: afterwards either all of it
// or nothing is there.
func testAtomic(t *testing.T, open Opener) {
	s := start(t, open)
	const sessions = 20
	all := func(data string) []analysis.Checkpoint {
		var cps []analysis.Checkpoint
		for i := range sessions {
			cps = append(cps, checkpoint(i, "a="+data, "b="+data))
		}
		return cps
	}
	save(t, s, all("0")...)
	last := "0"
	for round := 1; round <= 20; round++ {
		data := fmt.Sprint(round)
		ctx := &fading{Context: t.Context(), left: 5 * round, done: make(chan struct{})}
		err := s.SaveCheckpoints(ctx, all(data))
		if err == nil {
			last = data
		}
		got, rerr := s.RunningSessions(t.Context())
		if rerr != nil {
			t.Fatal(rerr)
		}
		if len(got) != sessions {
			t.Fatalf("round %d: %d sessions, want %d", round, len(got), sessions)
		}
		found := string(got[0].Parts[0].Data)
		if err != nil && found == data {
			last = data // the commit came through before the cancellation did
		}
		for _, cp := range got {
			for _, p := range cp.Parts {
				if string(p.Data) != last {
					t.Fatalf("round %d (%v): session %s has part %s=%s, want %s everywhere", round, err, cp.SessionID, p.Name, p.Data, last)
				}
			}
		}
	}
}

// fading is a context that is cancelled when it was looked at so many times:
// in the middle of whatever looks.
type fading struct {
	context.Context

	mu   sync.Mutex
	left int
	done chan struct{}
}

func (f *fading) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.left--; f.left == 0 {
		close(f.done)
	}
}

func (f *fading) Done() <-chan struct{} {
	f.look()
	return f.done
}

func (f *fading) Err() error {
	select {
	case <-f.done:
		return context.Canceled
	default:
		return nil
	}
}

func testFinish(t *testing.T, open Opener) {
	s := start(t, open)
	save(t, s, checkpoint(1, "a=1", "b=1"), checkpoint(2, "a=1"))
	if _, err := s.SessionReport(t.Context(), "session-001"); !errors.Is(err, analysis.ErrNotFound) {
		t.Errorf("report of a running session: %v, want ErrNotFound", err)
	}
	f := finished(1)
	finish(t, s, f)
	wantRunning(t, s, checkpoint(2, "a=1"))

	want := []analysis.SessionInfo{{
		ID: f.SessionID, Channel: f.Channel, StartedAt: f.StartedAt, EndedAt: f.EndedAt,
		Duration: 3600, Counts: f.Counts, Mood: f.Mood,
	}}
	if diff := cmp.Diff(want, list(t, s, analysis.SessionQuery{})); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	report, err := s.SessionReport(t.Context(), f.SessionID)
	if err != nil || !bytes.Equal(report, f.Report) {
		t.Errorf("report %q, %v; want %q", report, err, f.Report)
	}

	f.Report, f.Mood, f.Counts.Total = []byte(`{"second":true}`), nil, 7
	finish(t, s, f)
	got := list(t, s, analysis.SessionQuery{})
	if len(got) != 1 || got[0].Counts.Total != 7 || got[0].Mood != nil {
		t.Errorf("finished again: %+v, want total 7 and no mood", got)
	}
	if report, err := s.SessionReport(t.Context(), f.SessionID); err != nil || !bytes.Equal(report, f.Report) {
		t.Errorf("report %q, %v; want %q", report, err, f.Report)
	}
}

func testFinishAlone(t *testing.T, open Opener) {
	s := start(t, open)
	finish(t, s, finished(1))
	wantRunning(t, s)
	if got := ids(list(t, s, analysis.SessionQuery{})); !cmp.Equal(got, []string{"session-001"}) {
		t.Errorf("sessions %v", got)
	}
}

func testLateCheckpoint(t *testing.T, open Opener) {
	s := start(t, open)
	save(t, s, checkpoint(1, "a=1"))
	finish(t, s, finished(1))
	save(t, s, checkpoint(1, "a=2"), checkpoint(2, "a=2")) // the others are saved all the same
	wantRunning(t, s, checkpoint(2, "a=2"))
	if got := list(t, s, analysis.SessionQuery{}); len(got) != 1 || !got[0].EndedAt.Equal(finished(1).EndedAt) {
		t.Errorf("a late checkpoint changed the finished session: %+v", got)
	}
}

// fencedOff checks that err names exactly the sessions.
func fencedOff(t *testing.T, err error, sessions ...string) {
	t.Helper()
	var fenced *analysis.FencedError
	if !errors.As(err, &fenced) || !errors.Is(err, analysis.ErrFenced) || !cmp.Equal(fenced.Sessions, sessions) {
		t.Errorf("error %v, want one that names %v as fenced off", err, sessions)
	}
}

// testFence lets a replaced owner write late.
func testFence(t *testing.T, open Opener) {
	s := start(t, open)
	with := func(cp analysis.Checkpoint, fence int64) analysis.Checkpoint {
		cp.Fence = fence
		return cp
	}
	save(t, s, with(checkpoint(1, "a=1"), 7), checkpoint(2, "a=1"))
	save(t, s, with(checkpoint(1, "a=2"), 9))
	want := with(checkpoint(1, "a=2"), 9)
	// All of the call or nothing: the session beside it is not written either.
	err := s.SaveCheckpoints(t.Context(), []analysis.Checkpoint{with(checkpoint(1, "a=late"), 8), checkpoint(2, "a=late")})
	fencedOff(t, err, "session-001")
	wantRunning(t, s, want, checkpoint(2, "a=1"))
	f := finished(1)
	f.Fence = 8
	fencedOff(t, s.FinishSession(t.Context(), f), "session-001")
	wantRunning(t, s, want, checkpoint(2, "a=1"))
	save(t, s, with(checkpoint(1, "a=3"), 9)) // the same owner goes on
	wantRunning(t, s, with(checkpoint(1, "a=3"), 9), checkpoint(2, "a=1"))

	f.Fence = 9
	finish(t, s, f)
	f.Report, f.Fence = []byte(`{"late":true}`), 8
	fencedOff(t, s.FinishSession(t.Context(), f), "session-001") // the report stays
	if report, err := s.SessionReport(t.Context(), f.SessionID); err != nil || !bytes.Equal(report, finished(1).Report) {
		t.Errorf("report %q, %v; want that of the later owner", report, err)
	}
	save(t, s, with(checkpoint(1, "a=4"), 8)) // it ended: late checkpoints are ignored as ever
	wantRunning(t, s, checkpoint(2, "a=1"))
}

func testTakeOver(t *testing.T, open Opener) {
	s := start(t, open)
	if got, err := s.ResumeSessions(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("taking nothing over: %v, %v", got, err)
	}
	save(t, s, checkpoint(1, "a=1", "b=1"), checkpoint(2, "a=1"), checkpoint(3, "a=1"))
	finish(t, s, finished(4)) // of the same channel as session 1
	got, err := s.ResumeSessions(t.Context(), map[string]int64{"channel_1": 5, "channel_2": 6, "channel_9": 7})
	if err != nil {
		t.Fatal(err)
	}
	first, second := checkpoint(1, "a=1", "b=1"), checkpoint(2, "a=1")
	first.Fence, second.Fence = 5, 6
	if diff := cmp.Diff([]analysis.Checkpoint{first, second}, got); diff != "" {
		t.Errorf("taken over (-want +got):\n%s", diff)
	}
	fencedOff(t, s.SaveCheckpoints(t.Context(), []analysis.Checkpoint{checkpoint(1, "a=late")}), "session-001")
	wantRunning(t, s, first, second, checkpoint(3, "a=1"))

	// Somebody who was replaced takes nothing over.
	if got, err := s.ResumeSessions(t.Context(), map[string]int64{"channel_1": 4}); err != nil || len(got) != 0 {
		t.Errorf("taken over with an older fence: %v, %v", got, err)
	}
	first.Parts[0].Data = []byte("2")
	save(t, s, first)
	wantRunning(t, s, first, second, checkpoint(3, "a=1"))

	list, err := s.Running(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first.Parts, second.Parts = nil, nil
	if diff := cmp.Diff([]analysis.Checkpoint{first, second, checkpoint(3)}, list); diff != "" {
		t.Errorf("running (-want +got):\n%s", diff)
	}
}

// testTakeOverRace lets an owner write as fast as it can while others take its
// session over, one after the other: what a taker was given is what is there,
// until the taker itself writes.
func testTakeOverRace(t *testing.T, open Opener) {
	s := start(t, open)
	const owners = 8
	save(t, s, checkpoint(1, "a=0 0", "b=0 0"), checkpoint(2, "a=0"))
	var wg sync.WaitGroup
	defer wg.Wait()
	stop := make(chan struct{})
	defer close(stop)
	write := func(fence int64) {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			data := fmt.Sprint(fence, n)
			cp := checkpoint(1, "a="+data, "b="+data)
			cp.Fence = fence
			beside := checkpoint(2, "a="+data) // so that the call is no single write
			beside.Fence = owners
			if err := s.SaveCheckpoints(t.Context(), []analysis.Checkpoint{cp, beside}); err != nil {
				if !errors.Is(err, analysis.ErrFenced) {
					t.Errorf("owner %d: %v", fence, err)
				}
				return
			}
		}
	}
	wg.Go(func() { write(0) })
	for fence := int64(1); fence <= owners; fence++ {
		got, err := s.ResumeSessions(t.Context(), map[string]int64{"channel_1": fence})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || len(got[0].Parts) != 2 || !bytes.Equal(got[0].Parts[0].Data, got[0].Parts[1].Data) {
			t.Fatalf("owner %d took over %+v", fence, got)
		}
		for range 3 {
			cps, err := s.RunningSessions(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got[0], cps[0]); diff != "" {
				t.Fatalf("after owner %d took over, an older one wrote (-taken +there):\n%s", fence, diff)
			}
		}
		wg.Go(func() { write(fence) })
	}
}

func testPaging(t *testing.T, open Opener) {
	s := start(t, open)
	const n = 25
	var want []string
	for i := range n {
		f := finished(i)
		f.EndedAt = epoch.Add(24*time.Hour + time.Duration(i/5)*time.Second) // five end at the same instant
		finish(t, s, f)
		want = append([]string{f.SessionID}, want...)
	}
	if got := ids(list(t, s, analysis.SessionQuery{})); !cmp.Equal(got, want) {
		t.Fatalf("order: %v, want %v", got, want)
	}
	for _, channel := range []string{"", "channel_1"} {
		var whole, paged []string
		whole = ids(list(t, s, analysis.SessionQuery{Channel: channel}))
		q := analysis.SessionQuery{Channel: channel, Limit: 3}
		for range n {
			page := list(t, s, q)
			if len(page) == 0 {
				break
			}
			paged = append(paged, ids(page)...)
			q.Before, q.BeforeID = page[len(page)-1].EndedAt, page[len(page)-1].ID
		}
		if !cmp.Equal(paged, whole) || len(whole) == 0 {
			t.Errorf("channel %q in pages: %v, want %v", channel, paged, whole)
		}
	}
	for _, info := range list(t, s, analysis.SessionQuery{Channel: "channel_2"}) {
		if info.Channel != "channel_2" {
			t.Errorf("session %s of %s among those of channel_2", info.ID, info.Channel)
		}
	}
	before := epoch.Add(24*time.Hour + 2*time.Second)
	for _, info := range list(t, s, analysis.SessionQuery{Before: before}) {
		if !info.EndedAt.Before(before) {
			t.Errorf("session %s ended at %v, not before %v", info.ID, info.EndedAt, before)
		}
	}
	if got := list(t, s, analysis.SessionQuery{Channel: "' OR 1=1 --"}); len(got) != 0 {
		t.Errorf("an odd channel found %v", ids(got))
	}
}

func testLimits(t *testing.T, open Opener) {
	s := start(t, open)
	for i := range analysis.DefaultSessionLimit + 5 {
		finish(t, s, finished(i))
	}
	for limit, want := range map[int]int{
		1:                            1,
		0:                            analysis.DefaultSessionLimit,
		-1:                           analysis.DefaultSessionLimit,
		analysis.MaxSessionLimit * 9: analysis.DefaultSessionLimit + 5,
	} {
		if got := len(list(t, s, analysis.SessionQuery{Limit: limit})); got != want {
			t.Errorf("limit %d: %d sessions, want %d", limit, got, want)
		}
	}
}

// testValues saves what could go wrong on the way: zones, fractions, bytes of
// every value, names in other scripts.
func testValues(t *testing.T, open Opener) {
	s := start(t, open)
	data := make([]byte, 256)
	for i := range data {
		data[i] = byte(i)
	}
	cp := analysis.Checkpoint{
		SessionID: "séance/№ 1 '\"\x01", Channel: "a_1",
		StartedAt: time.Date(1999, 12, 31, 23, 59, 59, 999999000, time.FixedZone("east", 5*3600)),
		At:        time.Date(2200, 1, 1, 0, 0, 0, 1000, time.UTC),
		Parts:     []analysis.Part{{Name: "名前 '; --", Data: data}},
	}
	save(t, s, cp)
	want := cp
	want.StartedAt = cp.StartedAt.UTC()
	wantRunning(t, s, want)

	f := analysis.Finished{SessionID: cp.SessionID, Channel: cp.Channel, StartedAt: cp.StartedAt, EndedAt: cp.At, Report: []byte("[]")}
	finish(t, s, f)
	got := list(t, s, analysis.SessionQuery{Channel: "a_1"})
	if len(got) != 1 || got[0].ID != cp.SessionID || got[0].Mood != nil || !got[0].EndedAt.Equal(cp.At) || got[0].EndedAt.Location() != time.UTC {
		t.Errorf("session %+v", got)
	}
}

func testLarge(t *testing.T, open Opener) {
	s := start(t, open)
	const size = 32 << 20
	// Bytes that do not compress, the same in every run.
	data := make([]byte, 0, size)
	for block := [32]byte{}; len(data) < size; {
		block = sha256.Sum256(block[:])
		data = append(data, block[:]...)
	}
	cp := checkpoint(1)
	cp.Parts = []analysis.Part{{Name: "large", Data: data}}
	save(t, s, cp)
	got, err := s.RunningSessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || len(got[0].Parts) != 1 || !bytes.Equal(got[0].Parts[0].Data, data) {
		t.Error("a part of 32 MiB did not come back as it was")
	}
	report, err := json.Marshal(map[string][]byte{"data": data})
	if err != nil {
		t.Fatal(err)
	}
	f := finished(1)
	f.Report = report
	finish(t, s, f)
	if back, err := s.SessionReport(t.Context(), f.SessionID); err != nil || !bytes.Equal(back, report) {
		t.Errorf("a report of %d bytes came back as %d, %v", len(report), len(back), err)
	}
}

// testConcurrent lets several write and others read. Every reader must see
// checkpoints whole: both parts of a session are written with the same value.
func testConcurrent(t *testing.T, open Opener) {
	s := start(t, open)
	const writers, rounds = 4, 25
	var writing, reading sync.WaitGroup
	stop := make(chan struct{})
	for w := range writers {
		writing.Go(func() {
			for round := range rounds {
				data := fmt.Sprint(round)
				if err := s.SaveCheckpoints(t.Context(), []analysis.Checkpoint{checkpoint(w, "a="+data, "b="+data)}); err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
			if w%2 == 0 {
				if err := s.FinishSession(t.Context(), finished(w)); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	for range 3 {
		reading.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				cps, err := s.RunningSessions(t.Context())
				if err != nil {
					t.Errorf("reader: %v", err)
					return
				}
				for _, cp := range cps {
					if len(cp.Parts) != 2 || !bytes.Equal(cp.Parts[0].Data, cp.Parts[1].Data) {
						t.Errorf("half a checkpoint of %s: %q", cp.SessionID, cp.Parts)
						return
					}
				}
				if _, err := s.Sessions(t.Context(), analysis.SessionQuery{Channel: "channel_0"}); err != nil {
					t.Errorf("reader: %v", err)
					return
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	reading.Wait()
	last := fmt.Sprint(rounds - 1)
	wantRunning(t, s, checkpoint(1, "a="+last, "b="+last), checkpoint(3, "a="+last, "b="+last))
	if got := ids(list(t, s, analysis.SessionQuery{})); !cmp.Equal(got, []string{"session-002", "session-000"}) {
		t.Errorf("finished sessions %v", got)
	}
}

func testCancellation(t *testing.T, open Opener) {
	s := start(t, open)
	save(t, s, checkpoint(1, "a=1"))
	finish(t, s, finished(2))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"SaveCheckpoints": func() error { return s.SaveCheckpoints(ctx, []analysis.Checkpoint{checkpoint(1, "a=2")}) },
		"FinishSession":   func() error { return s.FinishSession(ctx, finished(1)) },
		"RunningSessions": func() error { _, err := s.RunningSessions(ctx); return err },
		"Sessions":        func() error { _, err := s.Sessions(ctx, analysis.SessionQuery{}); return err },
		"SessionReport":   func() error { _, err := s.SessionReport(ctx, "session-002"); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v, want context.Canceled", name, err)
		}
	}
	wantRunning(t, s, checkpoint(1, "a=1")) // and nothing was stored
}

func testReopen(t *testing.T, open Opener) {
	place := t.TempDir()
	s := open(t, place)
	save(t, s, checkpoint(1, "a=1", "b=1"), checkpoint(2, "a=1"))
	finish(t, s, finished(2))
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatalf("closing again: %v", err)
		}
		s = open(t, place)
		wantRunning(t, s, checkpoint(1, "a=1", "b=1"))
		if report, err := s.SessionReport(t.Context(), "session-002"); err != nil || !bytes.Equal(report, finished(2).Report) {
			t.Errorf("report after reopening: %q, %v", report, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveCheckpoints(t.Context(), []analysis.Checkpoint{checkpoint(1, "a=2")}); err == nil {
		t.Error("saving in a closed store succeeded")
	}
}
