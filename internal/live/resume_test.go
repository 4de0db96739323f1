package live_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/live"
	"chatmood/internal/live/frame"
)

func TestResume(t *testing.T) {
	n := newNode(t, live.Config{})
	o := newOwner(t, n.bus, "somebody", 7)
	v := n.dial("somebody", true)
	v.want("hello")
	o.batch(3)
	v.want("batch")
	v.conn.CloseNow()
	o.batch(2)
	o.event(frame.Stream, func(seq uint64) []byte { return frame.AppendDelete(nil, seq, frame.Deletion{Login: "troll"}) })
	o.batch(4)
	waitFor(t, "the hub has all", func() bool { return n.hub.Stats().Frames == 4 })

	v = n.dial("somebody?since=7.3", true)
	if f := v.want("hello"); !f.Resumed || f.Seq != 3 || f.Epoch != 7 || f.Snapshot != nil || f.Recent != nil || f.Why != "" {
		t.Errorf("hello is %+v", f)
	}
	if f := v.want("batch"); f.Seq != 5 || f.N != 2 || f.M[0].X != text(7, 4) {
		t.Errorf("first batch is %+v", f)
	}
	if f := v.want("delete"); f.Login != "troll" || f.Seq != 5 {
		t.Errorf("delete is %+v", f)
	}
	if f := v.want("batch"); f.Seq != 9 || f.N != 4 || f.M[0].X != text(7, 6) {
		t.Errorf("second batch is %+v", f)
	}

	// Plain clients may resume too: they get no hello, just the rest.
	p := n.dial("somebody?since=7.5", false)
	for seq := uint64(6); seq <= 9; seq++ {
		if f := p.want("message"); f.Data.Message != text(7, seq) {
			t.Errorf("message is %+v", f)
		}
	}
	if s := n.hub.Stats(); s.Resumed != 2 {
		t.Errorf("stats are %+v", s)
	}
}

func TestResumeImpossible(t *testing.T) {
	n := newNode(t, live.Config{RingFrames: 5})
	o := newOwner(t, n.bus, "somebody", 7)
	n.dial("somebody", true).want("hello")
	for range 30 {
		o.batch(10)
	}
	waitFor(t, "the hub has all", func() bool { return n.hub.Stats().Frames == 30 })
	for _, test := range []struct {
		since, why string
		from, to   uint64 // gap; to 0: none
	}{
		{"7.150", "expired", 150, 200}, // 201 to 300 are the recent messages
		{"7.199", "expired", 199, 200},
		{"7.200", "expired", 0, 0},
		{"7.240", "expired", 0, 0},
		{"7.5000", "expired", 0, 0}, // that is not reached yet
		{"6.10", "restarted", 0, 200},
		{"rubbish", "restarted", 0, 200},
	} {
		v := n.dial("somebody?since="+test.since, true)
		f := v.want("hello")
		if f.Resumed || f.Why != test.why || f.Seq != 300 || len(f.Recent) != 100 || f.Snapshot == nil {
			t.Errorf("%s: hello is resumed %v, why %q, seq %d, %d recent", test.since, f.Resumed, f.Why, f.Seq, len(f.Recent))
		}
		if test.to > 0 {
			if f := v.want("gap"); f.From != test.from || f.To != test.to || f.Missed != test.to-test.from || f.Why != test.why {
				t.Errorf("%s: gap is %+v", test.since, f)
			}
		}
		v.write(`{"type":"ping"}`)
		v.want("pong") // and nothing else before
	}
	// A plain client could not tell the messages that it has from the others.
	p := n.dial("somebody?since=7.240", false)
	if f := p.want("gap"); f.Missed != 60 || f.Timestamp.IsZero() {
		t.Errorf("gap is %+v", f)
	}
	p.write(`{"type":"ping"}`)
	p.want("pong")
	p = n.dial("somebody?since=7.150", false)
	if f := p.want("gap"); f.Missed != 50 {
		t.Errorf("gap is %+v", f)
	}
	if f := p.want("message"); f.Data.Message != text(7, 201) {
		t.Errorf("message is %+v", f)
	}
}

// The room outlives its last viewer for a while, and then goes.
func TestLinger(t *testing.T) {
	n := newNode(t, live.Config{Linger: time.Hour})
	o := newOwner(t, n.bus, "somebody", 7)
	v := n.dial("somebody", true)
	v.want("hello")
	v.conn.CloseNow()
	waitFor(t, "nobody is left", func() bool { return n.hub.Viewers("somebody") == 0 && n.hub.Connections() == 0 })
	o.batch(2)
	waitFor(t, "the frame is here", func() bool { return n.hub.Stats().Frames == 1 })
	if f := n.dial("somebody?since=7.0", true).want("hello"); !f.Resumed {
		t.Errorf("hello is %+v", f)
	}

	short := newNode(t, live.Config{Linger: 10 * time.Millisecond})
	newOwner(t, short.bus, "somebody", 7)
	v = short.dial("somebody", true)
	v.want("hello")
	v.conn.CloseNow()
	waitFor(t, "the room is closed", func() bool { return short.hub.Stats().Rooms == 0 })
	short.dial("somebody", true).want("hello")
}

// A new epoch reaches those who are connected with a new state.
func TestNewOwner(t *testing.T) {
	n := newNode(t, live.Config{})
	o := newOwner(t, n.bus, "somebody", 7)
	v, p := n.dial("somebody", true), n.dial("somebody", false)
	v.want("hello")
	o.batch(3)
	v.want("batch")
	for seq := uint64(1); seq <= 3; seq++ {
		p.want("message")
	}
	o.restart()
	o.batch(2)
	f := v.want("hello")
	if f.Resumed || f.Why != "restarted" || f.Epoch != 8 || f.Seq != 2 || len(f.Recent) != 2 || f.Snapshot == nil {
		t.Errorf("hello is %+v", f)
	}
	for seq := uint64(1); seq <= 2; seq++ {
		if f := p.want("message"); f.Data.Message != text(8, seq) {
			t.Errorf("message is %+v", f)
		}
	}
	// What an owner says that was replaced is of no interest.
	old := &owner{t: t, bus: n.bus, channel: "somebody", epoch: 7, seq: 3}
	old.batch(5)
	o.batch(1)
	if f := v.want("batch"); f.Seq != 3 || f.M[0].X != text(8, 3) {
		t.Errorf("batch is %+v", f)
	}
	if f := p.want("message"); f.Data.Message != text(8, 3) {
		t.Errorf("message is %+v", f)
	}
}

// When nobody answers for a channel any more its viewers wait a while.
func TestOwnerVanishes(t *testing.T) {
	n := newNode(t, live.Config{Silence: 20 * time.Millisecond, OrphanAge: 200 * time.Millisecond, OwnerWait: time.Minute})
	o := newOwner(t, n.bus, "somebody", 7)
	v := n.dial("somebody", true)
	v.want("hello")
	o.stop()
	v.closed(live.CodeNoChannel)

	patient := newNode(t, live.Config{Silence: 20 * time.Millisecond, OrphanAge: time.Hour, OwnerWait: time.Hour, HelloAge: time.Nanosecond})
	o = newOwner(t, patient.bus, "somebody", 7)
	v = patient.dial("somebody", true)
	v.want("hello")
	o.stop()
	waitFor(t, "the channel has no owner", func() bool {
		_, err := patient.bus.Request(t.Context(), frame.HelloSubject("somebody"), nil)
		return err != nil
	})
	late := patient.dial("somebody", true) // waits
	o = newOwner(t, patient.bus, "somebody", 8)
	o.batch(1)
	if f := v.want("hello"); f.Epoch != 8 || f.Why != "restarted" || f.Seq > 1 { // before or after the batch
		t.Errorf("hello is %+v", f)
	}
	if f := late.want("hello"); f.Epoch != 8 || f.Why != "" {
		t.Errorf("hello is %+v", f)
	}
}

func TestLostOnTheBus(t *testing.T) {
	n := newNode(t, live.Config{})
	o := newOwner(t, n.bus, "somebody", 7)
	v, p := n.dial("somebody", true), n.dial("somebody", false)
	v.want("hello")
	waitFor(t, "both are in", func() bool { return n.hub.Viewers("somebody") == 2 })
	p.write(`{"type":"ping"}`)
	p.want("pong")
	o.batch(2)
	v.want("batch")
	o.batch(3, true)
	o.batch(1)
	if f := v.want("gap"); f.From != 2 || f.To != 5 || f.Missed != 3 || f.Why != "lost" {
		t.Errorf("gap is %+v", f)
	}
	if f := v.want("batch"); f.Seq != 6 {
		t.Errorf("batch is %+v", f)
	}
	o.batch(4, true)
	o.event(frame.Ephemeral, func(seq uint64) []byte { return frame.AppendStats(nil, seq, frame.Stats{}) })
	if f := v.want("gap"); f.Missed != 4 {
		t.Errorf("gap is %+v", f)
	}
	v.want("stats")
	for _, want := range []string{"message", "message", "gap", "message", "gap"} {
		if f := p.next(); f.Type != want {
			t.Errorf("plain frame is %+v, want a %s", f, want)
		}
	}
	// Rubbish on the bus harms nobody.
	for _, data := range []string{"", "\x01", "\x02rubbish", "\x01\x01\xff\xff"} {
		if err := n.bus.Publish(frame.ChatSubject("somebody"), []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	o.batch(1)
	v.want("batch")
	if s := n.hub.Stats(); s.Malformed != 4 || s.Lost != 7 {
		t.Errorf("stats are %+v", s)
	}
}

// A thousand joins do not cost a thousand snapshots.
func TestHelloIsShared(t *testing.T) {
	n := newNode(t, live.Config{HelloAge: time.Minute})
	o := newOwner(t, n.bus, "somebody", 7)
	for i := range 100 {
		o.batch(1)
		v := n.dial("somebody", true)
		f := v.want("hello")
		for f.Seq < o.at() {
			f = v.want("batch")
		}
		if f.Seq != uint64(i+1) {
			t.Fatalf("sequence is %d after %d messages", f.Seq, i+1)
		}
		v.conn.CloseNow()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.asked != 1 {
		t.Errorf("asked for %d hellos", o.asked)
	}
}

// The newest figures are all that a client gets which was away for long.
func TestOldFiguresAreDropped(t *testing.T) {
	n := newNode(t, live.Config{})
	o := newOwner(t, n.bus, "somebody", 7)
	n.dial("somebody", true).want("hello")
	stats := func(total int) {
		o.event(frame.Ephemeral, func(seq uint64) []byte {
			return frame.AppendStats(nil, seq, frame.Stats{Counts: analysis.Counts{Total: total}})
		})
	}
	top := func() {
		o.event(frame.EphemeralTop, func(seq uint64) []byte { return frame.AppendTop(nil, seq, frame.Top{}) })
	}
	o.batch(1)
	for i := range 50 {
		stats(i)
		top()
	}
	o.batch(1)
	waitFor(t, "the hub has all", func() bool { return n.hub.Stats().Frames == 102 })
	v := n.dial("somebody?since=7.0", true)
	v.want("hello")
	v.want("batch")
	if f := v.want("stats"); f.Counts.Total != 49 {
		t.Errorf("stats are %+v", f)
	}
	v.want("top")
	v.want("batch")
}

func TestStream(t *testing.T) {
	n := newNode(t, live.Config{})
	o := newOwner(t, n.bus, "somebody", 7)
	o.batch(3)
	type event struct{ frame, id string }
	open := func(opts live.StreamOptions) (events chan event, ended chan error, cancel context.CancelFunc) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		t.Cleanup(cancel)
		opts.Channel = "somebody"
		events, ended = make(chan event, 100), make(chan error, 1)
		go func() {
			defer close(events)
			ended <- n.hub.Stream(ctx, opts, func(frame []byte, id string) error {
				events <- event{string(frame), id}
				return nil
			})
		}()
		return events, ended, cancel
	}
	plain, plainEnded, _ := open(live.StreamOptions{})
	for i, id := range []string{"", "", "7.3"} {
		if e := <-plain; e.id != id || !contains(e.frame, `"type":"message"`, text(7, uint64(i+1))) {
			t.Errorf("event is %+v", e)
		}
	}
	batched, batchedEnded, _ := open(live.StreamOptions{Batched: true})
	if e := <-batched; e.id != "7.3" || !contains(e.frame, `"type":"hello"`, `"snapshot":`, `"recent":[{`) {
		t.Errorf("event is %+v", e)
	}
	left, leftEnded, leave := open(live.StreamOptions{Batched: true})
	<-left
	leave()
	if err := <-leftEnded; !errors.Is(err, context.Canceled) {
		t.Errorf("left with %v", err)
	}
	o.batch(2)
	if e := <-batched; e.id != "7.5" || !contains(e.frame, `"type":"batch"`) {
		t.Errorf("event is %+v", e)
	}
	if e := <-plain; e.id != "" || !contains(e.frame, text(7, 4)) {
		t.Errorf("event is %+v", e)
	}
	if e := <-plain; e.id != "7.5" || !contains(e.frame, text(7, 5)) {
		t.Errorf("event is %+v", e)
	}
	again, againEnded, _ := open(live.StreamOptions{Since: "7.3"})
	if e := <-again; !contains(e.frame, text(7, 4)) {
		t.Errorf("event is %+v", e)
	}
	<-again
	waitFor(t, "three streams are open", func() bool { return n.hub.Stats().Streams == 3 })
	o.event(frame.End, func(uint64) []byte { return frame.AppendStopped(nil, "somebody") })
	if e := <-plain; !contains(e.frame, `"type":"disconnect"`) {
		t.Errorf("event is %+v", e)
	}
	if e := <-batched; !contains(e.frame, `"type":"stopped"`) {
		t.Errorf("event is %+v", e)
	}
	<-again
	for _, ended := range []chan error{plainEnded, batchedEnded, againEnded} {
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	}
	if err := n.hub.Stream(t.Context(), live.StreamOptions{Channel: "nobody"}, nil); !errors.Is(err, live.ErrNoChannel) {
		t.Errorf("unknown channel: %v", err)
	}
	fault := errors.New("client left")
	if err := n.hub.Stream(t.Context(), live.StreamOptions{Channel: "somebody"}, func([]byte, string) error { return fault }); !errors.Is(err, fault) {
		t.Errorf("write fails: %v", err)
	}
	waitFor(t, "all are gone", func() bool { return n.hub.Connections() == 0 })
}
