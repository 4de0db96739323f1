package channels_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chatmood/internal/analysis"
	"chatmood/internal/bus"
	"chatmood/internal/channels"
	"chatmood/internal/chat"
	"chatmood/internal/live/frame"
	"chatmood/internal/sentiment"
	"chatmood/internal/source"
	"chatmood/internal/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// joins records what a manager asks of its source.
type joins struct {
	mu   sync.Mutex
	live map[string]bool
}

func newJoins() *joins { return &joins{live: map[string]bool{}} }

func (j *joins) Join(channel string) { j.set(channel, true) }
func (j *joins) Part(channel string) { j.set(channel, false) }

func (j *joins) set(channel string, on bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.live[channel] = on
}

func (j *joins) joined(channel string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.live[channel]
}

// world is a manager at work on a real bus and a real database.
type world struct {
	t       *testing.T
	manager *channels.Manager
	bus     *bus.Bus
	store   *sqlite.Store
	source  *joins
	stop    func() error // stops the manager alone
	closed  bool
}

func openWorld(t *testing.T, dir string, wrap func(analysis.SessionStore) analysis.SessionStore) *world {
	t.Helper()
	return openWorldWith(t, dir, wrap, func(l analysis.LearningStore) analysis.LearningStore { return l })
}

func mustOpen(t *testing.T, dir string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func openWorldWith(t *testing.T, dir string, wrap func(analysis.SessionStore) analysis.SessionStore, learning func(analysis.LearningStore) analysis.LearningStore) *world {
	t.Helper()
	store := mustOpen(t, dir)
	b, err := bus.Open(t.Context(), bus.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var kept analysis.SessionStore = store
	if wrap != nil {
		kept = wrap(store)
	}
	w := &world{t: t, bus: b, store: store, source: newJoins()}
	engine := sentiment.New()
	w.manager = channels.New(channels.Config{Analyzer: engine, Engine: engine, Learning: learning(store.Learning()), Store: kept, Bus: b, MaxChannels: 3})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.manager.Run(ctx, w.source) }()
	stopped := false
	w.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-done
	}
	t.Cleanup(func() { w.close() })
	return w
}

func (w *world) close() {
	if w.closed {
		return
	}
	w.closed = true
	if err := w.stop(); err != nil {
		w.t.Errorf("stopping the manager: %v", err)
	}
	w.bus.Close()
	if err := w.store.Close(); err != nil {
		w.t.Errorf("closing the store: %v", err)
	}
}

// start begins an analysis, waiting until the manager has resumed.
func (w *world) start(channel string) {
	w.t.Helper()
	w.eventually("start of "+channel, func() bool {
		_, err := w.manager.Start(w.t.Context(), channel, "test")
		if err != nil && !errors.Is(err, channels.ErrClosed) {
			w.t.Fatal(err)
		}
		return err == nil
	})
}

func (w *world) say(channel, id, login, text string) {
	now := time.Now()
	w.manager.HandleEvent(&chat.Event{Kind: chat.KindMessage, Channel: channel, Time: now, Message: chat.Message{
		ID: id, Channel: channel, Time: now, Login: login, Text: text,
	}})
}

func (w *world) total(channel string) int {
	snap, ok := w.manager.Snapshot(channel, 0)
	if !ok {
		return -1
	}
	return snap.Counts.Total
}

func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain for: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// frames collects what is published of a channel.
func (w *world) frames(channel string) func() []frame.Envelope {
	w.t.Helper()
	var mu sync.Mutex
	var list []frame.Envelope
	stop, err := w.bus.Subscribe(frame.ChatSubject(channel), func(data []byte) {
		e, err := frame.ParseEnvelope(data)
		if err != nil {
			w.t.Errorf("envelope: %v", err)
			return
		}
		mu.Lock()
		list = append(list, e)
		mu.Unlock()
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(stop)
	if err := w.bus.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	return func() []frame.Envelope {
		mu.Lock()
		defer mu.Unlock()
		return append([]frame.Envelope(nil), list...)
	}
}

func TestStartStop(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	w.start("alpha")
	if !w.source.joined("alpha") {
		t.Error("the channel was not joined")
	}
	if started, err := w.manager.Start(t.Context(), "alpha", ""); started || err != nil {
		t.Errorf("starting again: %v, %v", started, err)
	}
	w.start("beta")
	w.start("gamma")
	if _, err := w.manager.Start(t.Context(), "delta", ""); !errors.Is(err, channels.ErrTooMany) {
		t.Errorf("a fourth of three: %v", err)
	}
	w.say("alpha", "1", "viewer_one", "this is great <3")
	w.say("alpha", "1", "viewer_one", "this is great <3") // the same again
	w.say("elsewhere", "2", "viewer_one", "nobody listens here")
	if n := w.total("alpha"); n != 1 {
		t.Errorf("%d messages counted, want 1", n)
	}
	list := w.manager.List()
	if len(list) != 3 || list[0].Channel != "alpha" || list[0].Counts.Positive != 1 {
		t.Errorf("list is %+v", list)
	}
	got := w.frames("alpha")
	stopped, err := w.manager.Stop(t.Context(), "alpha")
	if !stopped || err != nil {
		t.Fatalf("stop: %v, %v", stopped, err)
	}
	if w.source.joined("alpha") {
		t.Error("the channel was not left")
	}
	if stopped, err := w.manager.Stop(t.Context(), "alpha"); stopped || err != nil {
		t.Errorf("stopping again: %v, %v", stopped, err)
	}
	w.eventually("the stop is published", func() bool {
		f := got()
		return len(f) > 0 && f[len(f)-1].Kind == frame.End
	})
	// Before it come the last figures, which count every message.
	var last struct{ Counts analysis.Counts }
	for _, e := range got() {
		if e.Kind != frame.Ephemeral {
			continue
		}
		if err := json.Unmarshal(e.Payload, &last); err != nil {
			t.Fatalf("figures: %v in %s", err, e.Payload)
		}
	}
	if last.Counts.Total != 1 {
		t.Errorf("the last figures tell of %d messages, want 1", last.Counts.Total)
	}
	w.eventually("the report is stored", func() bool {
		infos, err := w.store.Sessions(t.Context(), analysis.SessionQuery{Channel: "alpha"})
		return err == nil && len(infos) == 1 && infos[0].Counts.Total == 1
	})
	if _, err := w.bus.Request(t.Context(), frame.HelloSubject("alpha"), nil); !errors.Is(err, bus.ErrNoResponder) {
		t.Errorf("a stopped channel still answers: %v", err)
	}
	w.start("delta") // there is room again
}

// Everything that is published arrives in order, numbered without a hole, and a
// hello says exactly what came before it.
func TestPublished(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	w.start("alpha")
	got := w.frames("alpha")
	const n = 500
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range n {
			w.say("alpha", fmt.Sprint("id", i), fmt.Sprint("viewer_", i%7), fmt.Sprint("message number ", i))
		}
	})
	data, err := w.bus.Request(t.Context(), frame.HelloSubject("alpha"), nil)
	if err != nil {
		t.Fatal(err)
	}
	hello, err := frame.ParseHello(data)
	if err != nil {
		t.Fatal(err)
	}
	var snap analysis.Snapshot
	if err := json.Unmarshal(hello.Snapshot, &snap); err != nil || uint64(snap.Counts.Total) != hello.Seq {
		t.Errorf("hello at %d has a snapshot of %d messages (%v)", hello.Seq, snap.Counts.Total, err)
	}
	wg.Wait()
	count := func() (messages int) {
		for _, e := range got() {
			messages += e.N
		}
		return messages
	}
	w.eventually("all are published", func() bool { return count() == n })
	next := 0
	seq := uint64(0)
	for _, e := range got() {
		if e.Kind != frame.Stream || e.N == 0 {
			continue
		}
		seq += uint64(e.N)
		if e.Seq != seq {
			t.Fatalf("a batch ends at %d, want %d", e.Seq, seq)
		}
		var b struct {
			M []struct{ ID string } `json:"m"`
		}
		if err := json.Unmarshal(e.Payload, &b); err != nil || len(b.M) != e.N {
			t.Fatalf("batch of %d: %v in %s", e.N, err, e.Payload)
		}
		for _, m := range b.M {
			if want := fmt.Sprint("id", next); m.ID != want {
				t.Fatalf("message %d is %s", next, m.ID)
			}
			next++
		}
	}
}

func TestDeletionHidesFromLatecomers(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	w.start("alpha")
	got := w.frames("alpha")
	w.say("alpha", "a", "viewer_one", "first")
	w.say("alpha", "b", "viewer_two", "second")
	w.say("alpha", "c", "viewer_two", "third")
	w.say("alpha", "d", "viewer_three", "fourth")
	w.manager.HandleEvent(&chat.Event{Kind: chat.KindDelete, Channel: "alpha", Time: time.Now(), TargetID: "a"})
	w.manager.HandleEvent(&chat.Event{Kind: chat.KindClearUser, Channel: "alpha", Time: time.Now(), TargetLogin: "viewer_two"})
	recent, ok := w.manager.Recent("alpha", 10)
	if !ok || len(recent) != 1 {
		t.Fatalf("recent: %s", recent)
	}
	snap, _ := w.manager.Snapshot("alpha", 10)
	if snap.Counts.Total != 1 || snap.Counts.Deleted != 3 {
		t.Errorf("counts are %+v", snap.Counts)
	}
	w.eventually("both deletions are published after the messages", func() bool {
		deletions := 0
		for _, e := range got() {
			if e.Kind == frame.Stream && e.N == 0 && e.Seq == 4 {
				deletions++
			}
		}
		return deletions == 2
	})
}

// What was counted before an orderly stop is there after the next start, the
// time between is a gap, and the channel is joined again.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir, nil)
	w.start("alpha")
	for i := range 100 {
		w.say("alpha", fmt.Sprint("id", i), "viewer_one", "hello there")
	}
	before, _ := w.manager.Snapshot("alpha", 10)
	w.close()

	w = openWorld(t, dir, nil)
	w.eventually("the channel is joined again", func() bool { return w.source.joined("alpha") })
	after, ok := w.manager.Snapshot("alpha", 10)
	if !ok || after.ID != before.ID || after.Counts != before.Counts || after.Chatters.Distinct != 1 {
		t.Fatalf("resumed as %+v, want %+v", after.Counts, before.Counts)
	}
	if after.Status.State != source.Connecting {
		t.Errorf("state is %q before the join", after.Status.State)
	}
	w.manager.HandleStatus("alpha", source.Status{State: source.Live, Since: time.Now()})
	after, _ = w.manager.Snapshot("alpha", 10)
	if len(after.Gaps) != 1 || after.Gaps[0].Reason != "restart" || !after.Gaps[0].To.After(after.Gaps[0].From) {
		t.Errorf("gaps are %+v", after.Gaps)
	}
	w.say("alpha", "id99", "viewer_one", "hello there") // seen before the stop
	w.say("alpha", "id100", "viewer_one", "hello there")
	if n := w.total("alpha"); n != 101 {
		t.Errorf("%d messages after the restart, want 101", n)
	}
}

// flaky is a store that can be switched off.
type flaky struct {
	analysis.SessionStore
	mu  sync.Mutex
	err error
}

func (f *flaky) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *flaky) failure() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (f *flaky) SaveCheckpoints(ctx context.Context, cps []analysis.Checkpoint) error {
	if err := f.failure(); err != nil {
		return err
	}
	return f.SessionStore.SaveCheckpoints(ctx, cps)
}

func (f *flaky) FinishSession(ctx context.Context, s analysis.Finished) error {
	if err := f.failure(); err != nil {
		return err
	}
	return f.SessionStore.FinishSession(ctx, s)
}

// While the store is away the analyses go on, and nothing is lost when it is back.
func TestStoreAway(t *testing.T) {
	dir := t.TempDir()
	var store *flaky
	w := openWorld(t, dir, func(s analysis.SessionStore) analysis.SessionStore {
		store = &flaky{SessionStore: s}
		return store
	})
	w.start("alpha")
	w.start("beta")
	away := errors.New("the disk is full")
	store.set(away)
	for i := range 50 {
		w.say("alpha", fmt.Sprint("a", i), "viewer_one", "hello")
		w.say("beta", fmt.Sprint("b", i), "viewer_two", "hello")
	}
	w.eventually("the fault is told", func() bool {
		waiting, err := w.manager.StoreErr()
		return waiting > 0 && errors.Is(err, away)
	})
	// That it ended is not said before it can be kept: a crash now would bring it back.
	for range 2 {
		if stopped, err := w.manager.Stop(t.Context(), "beta"); !stopped || !errors.Is(err, channels.ErrClosed) || !errors.Is(err, away) {
			t.Fatalf("stopping while nothing can be stored: %v, %v", stopped, err)
		}
	}
	w.say("alpha", "late", "viewer_one", "hello")
	store.set(nil)
	w.eventually("that it ended is said once it is stored", func() bool {
		_, err := w.manager.Stop(t.Context(), "beta")
		return err == nil
	})
	if stopped, err := w.manager.Stop(t.Context(), "beta"); stopped || err != nil {
		t.Errorf("stopping what is stopped and stored: %v, %v", stopped, err)
	}
	w.eventually("everything is stored", func() bool {
		waiting, err := w.manager.StoreErr()
		return waiting == 0 && err == nil
	})
	w.eventually("the stopped one is stored", func() bool {
		infos, err := w.store.Sessions(t.Context(), analysis.SessionQuery{})
		return err == nil && len(infos) == 1 && infos[0].Channel == "beta" && infos[0].Counts.Total == 50
	})
	w.close()
	w = openWorld(t, dir, nil)
	w.eventually("alpha is resumed", func() bool { return w.total("alpha") == 51 })
	if n := w.total("beta"); n != -1 {
		t.Errorf("beta was resumed with %d messages", n)
	}
}

// A message whose stamp is far from our clock counts as of now: a wrong clock
// must not empty the windows.
func TestClockSkew(t *testing.T) {
	w := openWorld(t, t.TempDir(), nil)
	w.start("alpha")
	for i, off := range []time.Duration{-time.Hour, 0, time.Hour} {
		at := time.Now().Add(off)
		w.manager.HandleEvent(&chat.Event{Kind: chat.KindMessage, Channel: "alpha", Time: at, Message: chat.Message{
			ID: fmt.Sprint(i), Channel: "alpha", Time: at, Login: "viewer_one", Text: "hello",
		}})
	}
	snap, _ := w.manager.Snapshot("alpha", 1)
	if snap.Counts.Total != 3 || snap.Rate.Now < 17.9 {
		t.Errorf("%d messages at %.1f a minute, want 3 at 18", snap.Counts.Total, snap.Rate.Now)
	}
}

// Who stops the server while it starts stops it in an orderly way.
func TestStopBeforeResume(t *testing.T) {
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := channels.New(channels.Config{Analyzer: sentiment.New(), Store: store}).Run(ctx, newJoins()); err != nil {
		t.Errorf("stopped while it started: %v", err)
	}
}

// BenchmarkHandleEvent is the way of a message from the reader to the
// aggregated session, published and kept for latecomers.
func BenchmarkHandleEvent(b *testing.B) {
	bs, err := bus.Open(b.Context(), bus.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer bs.Close()
	store, err := sqlite.Open(b.Context(), sqlite.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	engine := sentiment.New()
	m := channels.New(channels.Config{Analyzer: engine, Engine: engine, Learning: store.Learning(), Store: store, Bus: bs})
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx, newJoins()) }()
	for {
		if _, err := m.Start(ctx, "alpha", ""); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	texts := []string{"LUL", "that was so good PogChamp", "nah he threw that", "what rank is he?", "KEKW KEKW KEKW", "gg wp everyone, that was a nice game", "Sadge", "W"}
	ids := make([]string, 1<<16)
	for i := range ids {
		ids[i] = fmt.Sprintf("%08x-0d0b-4a7e-8a55-9d8e6d1c0a01", i)
	}
	logins := make([]string, 500)
	for i := range logins {
		logins[i] = fmt.Sprint("viewer_", i)
	}
	ev := chat.Event{Kind: chat.KindMessage, Channel: "alpha"}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		ev.Time = time.Now()
		ev.Message = chat.Message{ID: ids[i&(1<<16-1)], Channel: "alpha", Time: ev.Time, Login: logins[i*7%len(logins)], Text: texts[i%len(texts)]}
		m.HandleEvent(&ev)
	}
	b.StopTimer()
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
