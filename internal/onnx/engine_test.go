package onnx

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chatmood/internal/chat"
	"chatmood/internal/onnx/onnxtest"
	"chatmood/internal/sentiment"
	"chatmood/internal/source"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openEngine(tb testing.TB, o Options) *Engine {
	tb.Helper()
	o.Fast = sentiment.New()
	e, err := Open(onnxtest.Write(tb, "negative", "neutral", "positive"), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	return e
}

// TestEngineFallsBack: the fast engine judges until the model has.
func TestEngineFallsBack(t *testing.T) {
	e := openEngine(t, Options{Workers: 1})
	const text = "table table table" // nothing that the model calls good or bad
	var fast, before, after sentiment.Score
	e.Fast().Score(&fast, text, nil)
	e.Score(&before, text, nil)
	if before != fast {
		t.Errorf("before it was judged: %+v, the fast engine says %+v", before, fast)
	}
	e.Prefetch(t.Context(), []string{text, "good", "bad"})
	e.Score(&after, text, nil)
	if after.Label != sentiment.Neutral || after.Confidence < 0.9 || after == fast {
		t.Errorf("after it was judged: %+v", after)
	}
	if s := e.Stats(); s != (Stats{Model: 1, Fast: 1}) {
		t.Errorf("counted %+v", s)
	}
}

// TestEngineBounds: a full queue is no reason to wait, and what is kept does not
// grow for ever.
func TestEngineBounds(t *testing.T) {
	e := openEngine(t, Options{Workers: 1, Queue: 4, Batch: 2, Cache: 10})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	texts := make([]string, 500)
	for i := range texts {
		texts[i] = fmt.Sprint("good ", i)
	}
	e.Prefetch(ctx, texts) // returns though nothing is judged
	for _, text := range texts {
		e.submit(text)
	}
	e.Prefetch(t.Context(), texts)
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.fresh) + len(e.old); n > 10 || n == 0 {
		t.Errorf("%d judgements are kept, want at most 10", n)
	}
}

// TestEngineClosed leaves everything to the fast engine, whoever still asks.
func TestEngineClosed(t *testing.T) {
	e := openEngine(t, Options{Workers: 2})
	var callers sync.WaitGroup
	for i := range 8 {
		callers.Go(func() { e.Prefetch(t.Context(), []string{fmt.Sprint("bad ", i), "good"}) })
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	callers.Wait()
	e.Prefetch(t.Context(), []string{"never asked before"})
	var s, fast sentiment.Score
	e.Score(&s, "never asked before", nil)
	e.Fast().Score(&fast, "never asked before", nil)
	if s != fast {
		t.Errorf("%+v, want %+v", s, fast)
	}
}

// recorder notes what reaches it, and asks for the judgement as the analysis
// does.
type recorder struct {
	mu     sync.Mutex
	engine *Engine
	seen   map[string][]string
	scores map[string]sentiment.Score
}

func (r *recorder) note(channel, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[channel] = append(r.seen[channel], what)
}

func (r *recorder) HandleEvent(ev *chat.Event) {
	r.note(ev.Channel, ev.Message.ID+ev.TargetID)
	if ev.Kind == chat.KindMessage {
		var s sentiment.Score
		r.engine.Score(&s, ev.Message.Text, ev.Message.Emotes)
		r.mu.Lock()
		r.scores[ev.Message.ID] = s
		r.mu.Unlock()
	}
}

func (r *recorder) HandleStatus(channel string, st source.Status) { r.note(channel, string(st.State)) }

func (r *recorder) HandleGap(channel string, g source.Gap) { r.note(channel, "gap "+g.Reason) }

// TestGateKeepsOrder: messages, deletions and states of a channel arrive as they
// were told, judged by the model, and nothing is lost, though the source uses
// its event again.
func TestGateKeepsOrder(t *testing.T) {
	e := openEngine(t, Options{Workers: 2, Batch: 4})
	r := &recorder{engine: e, seen: map[string][]string{}, scores: map[string]sentiment.Score{}}
	g := NewGate(r, e, time.Minute)
	want := map[string][]string{}
	var ev chat.Event
	for i := range 400 {
		channel := fmt.Sprint("c", i%7)
		id := fmt.Sprint(i)
		switch i % 20 {
		case 5:
			ev = chat.Event{Kind: chat.KindDelete, Channel: channel, TargetID: id}
			g.HandleEvent(&ev)
			want[channel] = append(want[channel], id)
		case 6:
			g.HandleStatus(channel, source.Status{State: source.Live})
			want[channel] = append(want[channel], "live")
		case 7:
			g.HandleGap(channel, source.Gap{Reason: "dropped"})
			want[channel] = append(want[channel], "gap dropped")
		default:
			ev = chat.Event{Kind: chat.KindMessage, Channel: channel}
			ev.Message = chat.Message{ID: id, Channel: channel, Text: fmt.Sprint("bad table ", i%50)}
			g.HandleEvent(&ev)
			want[channel] = append(want[channel], id)
		}
		ev.Message.Text, ev.Message.ID = "good good good", "used again"
	}
	g.Settle("c3") // somebody stops while messages wait
	for c := range want {
		g.waitEmpty(t, c)
	}
	g.Close()
	for c, ids := range want {
		if !slices.Equal(r.seen[c], ids) {
			t.Errorf("%s: %v, want %v", c, r.seen[c], ids)
		}
	}
	late := 0
	for id, s := range r.scores {
		if s.Label != sentiment.Negative {
			late++
			if !slices.Contains(want["c3"], id) {
				t.Errorf("message %s is %+v: not judged by the model", id, s)
			}
		}
	}
	t.Logf("%d messages of the channel that ended went on without the model", late)
	g.HandleEvent(&chat.Event{Kind: chat.KindMessage, Channel: "c0", Message: chat.Message{ID: "after", Text: "new text"}})
	if got := r.seen["c0"]; got[len(got)-1] != "after" {
		t.Error("a closed gate held an event back")
	}
}

// waitEmpty waits until nothing of a channel waits.
func (g *Gate) waitEmpty(t *testing.T, channel string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); g.waits(channel); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s still waits", channel)
		}
	}
}

// TestGateGivesUp: a model that does not answer delays a message by the gate's
// limit and no longer, and the order holds.
func TestGateGivesUp(t *testing.T) {
	e := openEngine(t, Options{Workers: 1})
	e.mu.Lock()
	for _, text := range []string{"good 1", "good 2"} { // asked for, and never answered
		e.waiting[text] = &job{text: text, done: make(chan struct{})}
	}
	e.mu.Unlock()
	r := &recorder{engine: e, seen: map[string][]string{}, scores: map[string]sentiment.Score{}}
	g := NewGate(r, e, 20*time.Millisecond)
	for i, text := range []string{"good 1", "good 2", "good 1"} {
		g.HandleEvent(&chat.Event{Kind: chat.KindMessage, Channel: "c", Message: chat.Message{ID: fmt.Sprint(i), Text: text}})
	}
	g.waitEmpty(t, "c")
	g.Close()
	if !slices.Equal(r.seen["c"], []string{"0", "1", "2"}) {
		t.Errorf("arrived as %v", r.seen["c"])
	}
	if s := e.Stats(); s.Fast != 3 || s.Model != 0 || s.Waiting != 2 {
		t.Errorf("counted %+v", s)
	}
	e.mu.Lock()
	clear(e.waiting)
	e.mu.Unlock()
}

// BenchmarkModel is the way of a batch through the small model of the tests:
// what the machinery costs, without a transformer's arithmetic.
func BenchmarkModel(b *testing.B) {
	m, err := open(onnxtest.Write(b, "negative", "neutral", "positive"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = m.close() })
	texts := make([]string, 32)
	for i := range texts {
		texts[i] = "what a good play, not a bad one"
	}
	for b.Loop() {
		if _, err := m.judge(texts); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(texts))/b.Elapsed().Seconds(), "messages/s")
}
