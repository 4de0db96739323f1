package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// steadiness is what was found of a server that has no more to do than it can.
type steadiness struct {
	P50, P99, P999 time.Duration // from the saying of a message to its being read
	CPU            float64       // seconds of the server's processor time, by million deliveries
	Write          float64       // seconds of the server's processor time, by write to a socket; 0 where they are not counted
	Missing        int64         // deliveries that did not come
}

// Buffers of the kernel where clients stall, in bytes: so small that what they
// do not read is the server's to deal with.
const (
	stalledSend    = 16 << 10
	stalledReceive = 4 << 10
)

// steady lets a server of its own process send messages at an even rate. Beside
// the clients there may be some that stall: they read nothing.
func steady(ctx context.Context, s server, clients, stalled int, perSecond float64, length time.Duration) (steadiness, error) {
	var o options
	if stalled > 0 {
		o.sendBuffer = stalledSend
	}
	c, err := startChild(ctx, s, o)
	if err != nil {
		return steadiness{}, err
	}
	defer c.end()
	for range stalled {
		conn, _, err := open(c.running)
		if err != nil {
			return steadiness{}, err
		}
		defer conn.Close()
		if tcp, ok := conn.(*net.TCPConn); ok {
			if err := tcp.SetReadBuffer(stalledReceive); err != nil {
				return steadiness{}, err
			}
		}
	}
	if stalled > 0 {
		f, err := c.ask(order{Rate: 5000, Seconds: 2}) // more than all buffers
		if err != nil {
			return steadiness{}, err
		}
		if f.Blocked < stalled {
			return steadiness{}, fmt.Errorf("only %d of %d clients stall", f.Blocked, stalled)
		}
	}
	watchers := make([]*watcher, clients)
	var reading sync.WaitGroup
	var received atomic.Int64
	closeAll := sync.OnceFunc(func() {
		for _, w := range watchers {
			if w != nil {
				w.conn.Close()
			}
		}
		reading.Wait()
	})
	defer closeAll()
	for i := range watchers {
		conn, rest, err := open(c.running)
		if err != nil {
			return steadiness{}, err
		}
		w := &watcher{conn: conn, in: rest, received: &received}
		watchers[i] = w
		reading.Go(w.watch)
	}
	// Who subscribes late would miss the first messages: until all had one, and it
	// is quiet again.
	for attempt := 0; ; attempt++ {
		before := received.Load()
		f, err := c.ask(order{Rate: perSecond, Seconds: 0.3})
		if err != nil {
			return steadiness{}, err
		}
		want := int64(f.Said) * int64(clients)
		if arrived(ctx, &received, before+want) {
			break
		}
		if attempt == 20 || ctx.Err() != nil {
			return steadiness{}, errors.Join(errors.New("the clients never all got the messages"), ctx.Err())
		}
	}
	select { // until what is still on its way is here
	case <-time.After(200 * time.Millisecond):
	case <-ctx.Done():
		return steadiness{}, ctx.Err()
	}
	for _, w := range watchers {
		w.mu.Lock()
		w.delays = w.delays[:0]
		w.mu.Unlock()
	}
	before := received.Load()
	f, err := c.ask(order{Rate: perSecond, Seconds: length.Seconds()})
	if err != nil {
		return steadiness{}, err
	}
	want := int64(f.Said) * int64(clients)
	arrived(ctx, &received, before+want)
	got := received.Load() - before
	closeAll()
	var delays []time.Duration
	for _, w := range watchers {
		delays = append(delays, w.delays...)
	}
	if len(delays) == 0 {
		return steadiness{}, fmt.Errorf("none of %d messages arrived", f.Said)
	}
	slices.Sort(delays)
	at := func(share float64) time.Duration { return delays[min(len(delays)-1, int(share*float64(len(delays))))] }
	r := steadiness{P50: at(0.5), P99: at(0.99), P999: at(0.999), CPU: f.CPU / float64(got) * 1e6, Missing: want - got}
	if f.Writes > 0 {
		r.Write = f.CPU / float64(f.Writes)
	}
	return r, nil
}

// arrived waits until so many messages were received; false when they are not
// for a second.
func arrived(ctx context.Context, received *atomic.Int64, want int64) bool {
	for end := time.Now().Add(time.Second); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(time.Millisecond) {
		if received.Load() >= want {
			return true
		}
	}
	return false
}

// watcher is a client that notes how late messages are.
type watcher struct {
	conn     net.Conn
	in       *bufio.Reader
	received *atomic.Int64

	mu     sync.Mutex
	delays []time.Duration // guarded by mu
}

// watch reads until the connection ends.
func (w *watcher) watch() {
	var digits []byte // behind a mark; nil: there was none
	buf := make([]byte, 16<<10)
	for {
		n, err := w.in.Read(buf)
		now := time.Now().UnixNano()
		for _, b := range buf[:n] {
			switch {
			case b == mark:
				digits = make([]byte, 0, stampDigits)
			case digits == nil:
			default:
				if digits = append(digits, b); len(digits) == stampDigits {
					if at, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
						w.mu.Lock()
						w.delays = append(w.delays, time.Duration(now-at))
						w.mu.Unlock()
						w.received.Add(1)
					}
					digits = nil
				}
			}
		}
		if err != nil {
			return
		}
	}
}

// idleMemory is what a socket takes of a server that says nothing.
type idleMemory struct {
	Used     float64 // bytes of heap and stacks, after a collection
	Resident float64 // bytes, without one
}

// idle opens sockets to a server of its own process.
func idle(ctx context.Context, s server, clients int) (idleMemory, error) {
	c, err := startChild(ctx, s, options{})
	if err != nil {
		return idleMemory{}, err
	}
	defer c.end()
	start, err := c.ask(order{})
	if err != nil {
		return idleMemory{}, err
	}
	collected, err := c.ask(order{Collect: true})
	if err != nil {
		return idleMemory{}, err
	}
	conns := make([]net.Conn, 0, clients)
	defer func() {
		for _, conn := range conns {
			conn.Close()
		}
	}()
	for range clients {
		conn, _, err := open(c.running)
		if err != nil {
			return idleMemory{}, err
		}
		conns = append(conns, conn)
	}
	select { // what the last ones began
	case <-time.After(time.Second):
	case <-ctx.Done():
		return idleMemory{}, ctx.Err()
	}
	resident, err := c.ask(order{})
	if err != nil {
		return idleMemory{}, err
	}
	used, err := c.ask(order{Collect: true})
	if err != nil {
		return idleMemory{}, err
	}
	n := float64(clients)
	return idleMemory{(used.Used - collected.Used) / n, (resident.Resident - start.Resident) / n}, nil
}
