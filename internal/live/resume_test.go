package live_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

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
	if f := v.want("hello"); f.Epoch != 8 || f.Why != "restarted" || f.Seq != 1 {
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

// slowDial opens a socket whose kernel buffers are small, so that it is the
// hub that has to wait.
func (n *node) slowDial(target string) *viewer {
	n.t.Helper()
	dialer := net.Dialer{}
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, addr)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		}
		return conn, err
	}}}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	n.t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, n.server.URL+"/"+target, &websocket.DialOptions{HTTPClient: client, Subprotocols: []string{frame.Protocol}})
	if err != nil {
		n.t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	n.t.Cleanup(func() { conn.CloseNow() })
	return &viewer{n.t, conn, ctx}
}

// One client does not read: it is told exactly what it missed and goes on,
// while the others get every message.
func TestSlowClientMisses(t *testing.T) {
	n := newNode(t, live.Config{LagMessages: 2000, SendBuffer: 4 << 10, LagAge: time.Hour, Behind: time.Hour})
	o := newOwner(t, n.bus, "somebody", 7)
	slow := n.slowDial("somebody")
	slow.want("hello")
	const batches, size = 300, 50
	var wg sync.WaitGroup
	var progress [5]atomic.Uint64
	for i := range progress {
		v := n.dial("somebody", true)
		v.want("hello")
		wg.Go(func() {
			defer progress[i].Store(batches * size)
			for next := uint64(1); next <= batches*size; {
				f, err := v.read()
				if err != nil || f.Type != "batch" {
					t.Errorf("got %+v, error %v", f, err)
					return
				}
				for _, m := range f.M {
					if m.X != text(7, next) {
						t.Errorf("message %d is %q", next, m.X)
						return
					}
					next++
				}
				progress[i].Store(next)
			}
		})
	}
	for i := range batches {
		o.batch(size)
		for j := range progress { // those who read keep up
			waitFor(t, "the others have it", func() bool { return progress[j].Load()+20*size > uint64(i*size) })
		}
	}
	wg.Wait()
	cover := map[uint64]int{}
	gaps := 0
	for seq := uint64(0); seq < batches*size; {
		switch f := slow.next(); f.Type {
		case "batch":
			for i := range f.M {
				cover[f.Seq-uint64(f.N)+uint64(i)+1]++
			}
			seq = f.Seq
		case "gap":
			gaps++
			if f.Why != "slow" || f.Missed != f.To-f.From || f.From != seq {
				t.Errorf("gap after %d is %+v", seq, f)
			}
			for i := f.From + 1; i <= f.To; i++ {
				cover[i]++
			}
			seq = f.To
		default:
			t.Errorf("frame is %+v", f)
		}
	}
	if gaps == 0 {
		t.Error("the slow client missed nothing: the test is not what it should be")
	}
	for i := uint64(1); i <= batches*size; i++ {
		if cover[i] != 1 {
			t.Fatalf("message %d was sent or told as missed %d times", i, cover[i])
		}
	}
}

// A client that stays behind is closed, with the code if it reads that far.
func TestSlowClientIsClosed(t *testing.T) {
	n := newNode(t, live.Config{SendBuffer: 4 << 10, Behind: 50 * time.Millisecond, CloseWait: 20 * time.Second})
	o := newOwner(t, n.bus, "somebody", 7)
	slow := n.slowDial("somebody")
	slow.want("hello")
	waitFor(t, "the hub has lost patience", func() bool {
		o.batch(50)
		return n.hub.Stats().Kicked == 1
	})
	slow.closed(live.CodeTooSlow)
	waitFor(t, "the socket is gone", func() bool { return n.hub.Connections() == 0 })

	// One that never reads is cut off.
	n = newNode(t, live.Config{SendBuffer: 4 << 10, Behind: 20 * time.Millisecond, CloseWait: 20 * time.Millisecond})
	o = newOwner(t, n.bus, "somebody", 7)
	n.slowDial("somebody").want("hello")
	waitFor(t, "the hub has lost patience", func() bool {
		o.batch(50)
		s := n.hub.Stats()
		return s.Kicked == 1 && s.Batched == 0
	})
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

// Under any order of messages, losses, restarts, connections and resumptions
// each client can account for every message exactly once: received, or told
// as missed.
func TestAccounting(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			n := newNode(t, live.Config{RingFrames: 60, Linger: time.Hour, HelloAge: time.Duration(seed+1) * 5 * time.Millisecond})
			o := newOwner(t, n.bus, "somebody", 1)
			var finished atomic.Bool
			current := func(a *account) bool { return a.at.Load() == o.at() && a.epoch.Load() == o.epoch }
			var clients sync.WaitGroup
			resumed := make([]*account, 12)
			for i := range resumed {
				a := &account{t: t, rng: rand.New(rand.NewPCG(seed, uint64(i))), seen: map[[2]uint64]int{}}
				resumed[i] = a
				clients.Go(func() { a.run(n, &finished) })
			}
			rng := rand.New(rand.NewPCG(seed, 99))
			for i := range 1500 {
				switch p := rng.Float64(); {
				case p < 0.01:
					o.batch(1+rng.IntN(20), true)
				case p < 0.013:
					o.restart()
				case p < 0.05:
					o.event(frame.Stream, func(seq uint64) []byte { return frame.AppendDelete(nil, seq, frame.Deletion{All: true}) })
				case p < 0.1:
					o.event(frame.Ephemeral, func(seq uint64) []byte { return frame.AppendStats(nil, seq, frame.Stats{}) })
				default:
					o.batch(1 + rng.IntN(20))
				}
				if i%20 == 0 { // let somebody catch up
					o.event(frame.Ephemeral, func(seq uint64) []byte { return frame.AppendStats(nil, seq, frame.Stats{}) })
					waitFor(t, "somebody has everything", func() bool { return slices.ContainsFunc(resumed, current) })
				}
			}
			o.batch(1)
			finished.Store(true)
			waitFor(t, "all have everything", func() bool {
				return !slices.ContainsFunc(resumed, func(a *account) bool { return !current(a) })
			})
			o.event(frame.End, func(uint64) []byte { return frame.AppendStopped(nil, "somebody") })
			clients.Wait()
			reconnects := 0
			for _, a := range resumed {
				a.check()
				reconnects += a.resumed
			}
			if reconnects == 0 {
				t.Error("nobody resumed: the test is not what it should be")
			}
		})
	}
}

// account is a client that keeps book.
type account struct {
	t         *testing.T
	rng       *rand.Rand
	epoch, at atomic.Uint64
	start     map[uint64]uint64 // of each epoch: the number before the first message that counts
	last      map[uint64]uint64
	seen      map[[2]uint64]int // epoch and number: how often received or missed
	resumed   int
	owed      bool // a gap frame has to follow
}

func (a *account) run(n *node, finished *atomic.Bool) {
	a.start, a.last = map[uint64]uint64{}, map[uint64]uint64{}
	target := "somebody"
	for {
		v, err := n.tryDial(target, true)
		if err != nil {
			a.t.Error(err)
			return
		}
		stay := a.rng.IntN(40)
		for i := 0; i < stay || finished.Load(); i++ {
			f, err := v.read()
			if err != nil {
				a.t.Errorf("the connection broke: %v", err)
				return
			}
			if f.Type == "stopped" {
				v.closed(live.CodeNormal)
				return
			}
			if a.note(&f); a.owed {
				stay++ // what it missed is told in the next frame
			}
		}
		v.conn.CloseNow()
		if a.epoch.Load() != 0 {
			target = fmt.Sprintf("somebody?since=%d.%d", a.epoch.Load(), a.at.Load())
		}
	}
}

func (a *account) note(f *got) {
	epoch, at := a.epoch.Load(), a.at.Load()
	cover := func(from, to uint64) { // in the present epoch
		for seq := from + 1; seq <= to; seq++ {
			a.seen[[2]uint64{a.epoch.Load(), seq}]++
		}
		a.at.Store(max(to, a.at.Load()))
		a.last[a.epoch.Load()] = a.at.Load()
	}
	if a.owed && f.Type != "gap" {
		a.t.Errorf("no gap frame after the hello, but %+v", f)
	}
	a.owed = false
	switch f.Type {
	case "hello":
		switch {
		case f.Resumed:
			a.resumed++
			if f.Epoch != epoch || f.Seq != at {
				a.t.Errorf("resumed at %d.%d, was at %d.%d", f.Epoch, f.Seq, epoch, at)
			}
			return
		case f.Why == "":
			a.start[f.Epoch] = f.Seq
		case f.Why == "restarted":
			a.start[f.Epoch] = 0
			at = 0
		}
		a.epoch.Store(f.Epoch)
		a.at.Store(f.Seq)
		a.last[f.Epoch] = f.Seq
		if f.Why != "" {
			// Of the recent messages those count that it does not have.
			from := f.Seq - uint64(len(f.Recent))
			a.owed = from > at
			cover(max(at, from), f.Seq)
		}
	case "batch":
		if f.Seq-uint64(f.N) != at {
			a.t.Errorf("a batch begins after %d, the client is at %d.%d", f.Seq-uint64(f.N), epoch, at)
		}
		for i, m := range f.M {
			if m.X != text(epoch, at+uint64(i)+1) {
				a.t.Errorf("message %d.%d is %q", epoch, at+uint64(i)+1, m.X)
			}
		}
		cover(f.Seq-uint64(f.N), f.Seq)
	case "gap":
		if f.Missed != f.To-f.From {
			a.t.Errorf("gap is %+v", f)
		}
		cover(f.From, f.To)
	}
}

func (a *account) check() {
	for epoch, last := range a.last {
		for seq := a.start[epoch] + 1; seq <= last; seq++ {
			if n := a.seen[[2]uint64{epoch, seq}]; n != 1 {
				a.t.Errorf("message %d.%d was accounted for %d times", epoch, seq, n)
				return
			}
		}
	}
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
