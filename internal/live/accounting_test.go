package live_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatmood/internal/live"
	"chatmood/internal/live/frame"
)

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
			for i := range 1000 {
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
