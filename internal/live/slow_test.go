package live_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"chatmood/internal/live"
	"chatmood/internal/live/frame"
)

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
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
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
	const batches, size = 120, 50
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

// Clients that do not read at all delay nobody: in each of many rounds all
// others, of both dialects, have the batch before the next is sent.
func TestStalledClientsDelayNobody(t *testing.T) {
	n := newNode(t, live.Config{SendBuffer: 4 << 10, LagAge: time.Hour, Behind: time.Hour})
	o := newOwner(t, n.bus, "somebody", 7)
	const rounds, size, stalled, reading = 150, 50, 12, 12
	for range stalled {
		n.slowDial("somebody").want("hello")
	}
	var wg sync.WaitGroup
	var progress [reading]atomic.Int64 // messages
	for i := range progress {
		v := n.dial("somebody", i%2 == 0)
		if i%2 == 0 {
			v.want("hello")
		}
		wg.Go(func() {
			for progress[i].Load() < rounds*size {
				f, err := v.read()
				switch {
				case err == nil && f.Type == "batch":
					progress[i].Add(int64(f.N))
				case err == nil && f.Type == "message":
					progress[i].Add(1)
				default:
					t.Errorf("got %+v, error %v", f, err)
					progress[i].Store(rounds * size)
				}
			}
		})
	}
	waitFor(t, "all are in", func() bool { return n.hub.Viewers("somebody") == stalled+reading })
	for round := range rounds {
		o.batch(size)
		for i := range progress {
			waitFor(t, "the others have it", func() bool { return progress[i].Load() >= int64((round+1)*size) })
		}
	}
	wg.Wait()
	if s := n.hub.Stats(); s.Deliveries >= rounds*size*(stalled+reading) || s.Kicked > 0 {
		t.Errorf("those who do not read got everything, or were closed: the test is not what it should be: %+v", s)
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
