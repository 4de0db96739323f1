package live

import (
	"context"
	"runtime"
	"sync"
)

// turn is how many sockets of a room are written to before another room has its
// turn.
const turn = 16

// line holds the sockets of one room that wait to be written to by one writer.
// It is guarded by the writer's mu.
type line struct {
	sockets []*socket // from first on
	first   int
	listed  bool // it is in writer.lines
}

// writer writes for many sockets in one goroutine, never waiting for any of
// them. A socket is in at most one line, once, so that what waits is bounded by
// the number of sockets.
type writer struct {
	wakeup chan struct{} // holds one

	mu    sync.Mutex
	lines []*line // that have sockets; each has its turn
	own   line    // of sockets that are in no room
}

func newWriter() *writer { return &writer{wakeup: make(chan struct{}, 1)} }

// push puts a socket at the end of its line.
func (w *writer) push(s *socket) {
	w.mu.Lock()
	l := s.line
	if l == nil {
		l = &w.own
	}
	l.push(s)
	w.list(l)
	w.mu.Unlock()
	w.wake()
}

// pushAll puts sockets at the end of a line.
func (w *writer) pushAll(l *line, sockets []*socket) {
	w.mu.Lock()
	for _, s := range sockets {
		l.push(s)
	}
	w.list(l)
	w.mu.Unlock()
	w.wake()
}

func (l *line) push(s *socket) {
	if len(l.sockets) == cap(l.sockets) && l.first > len(l.sockets)/2 {
		n := copy(l.sockets, l.sockets[l.first:])
		clear(l.sockets[n:])
		l.sockets, l.first = l.sockets[:n], 0
	}
	l.sockets = append(l.sockets, s)
}

// list gives a line its turn, after all others. w.mu is held.
func (w *writer) list(l *line) {
	if !l.listed {
		l.listed = true
		w.lines = append(w.lines, l)
	}
}

func (w *writer) wake() {
	select {
	case w.wakeup <- struct{}{}:
	default:
	}
}

// place makes l the line of a socket.
func (w *writer) place(s *socket, l *line) {
	w.mu.Lock()
	s.line = l
	w.mu.Unlock()
}

// next waits for sockets that are to be written to, at most as many as batch
// takes; 0 when ctx ended.
func (w *writer) next(ctx context.Context, batch []*socket) int {
	for {
		w.mu.Lock()
		if len(w.lines) > 0 {
			l := w.lines[0]
			w.lines[0] = nil
			w.lines = w.lines[1:]
			l.listed = false
			n := copy(batch, l.sockets[l.first:])
			clear(l.sockets[l.first : l.first+n])
			if l.first += n; l.first < len(l.sockets) {
				w.list(l)
			} else {
				l.sockets, l.first = l.sockets[:0], 0
			}
			w.mu.Unlock()
			return n
		}
		w.mu.Unlock()
		select {
		case <-w.wakeup:
		case <-ctx.Done():
			return 0
		}
	}
}

// run writes until ctx ends.
func (w *writer) run(ctx context.Context) {
	var batch [turn]*socket
	out := newOutput()
	for {
		n := w.next(ctx, batch[:])
		if n == 0 {
			return
		}
		for _, s := range batch[:n] {
			s.write(out)
		}
		clear(batch[:n])
		// Nothing here ever waits: without this a busy hub would leave others only
		// what the runtime takes from it every 10 ms.
		runtime.Gosched()
	}
}

// unwritten is what a socket would have had to be waited for.
type unwritten struct {
	bufs           [][]byte
	size, messages int  // of all that was to be written
	code           Code // a close frame is the last of it
}

// write writes what there is for a socket that a writer took from its line.
func (s *socket) write(out *output) {
	if !s.state.CompareAndSwap(queued, running) {
		return // it ended
	}
	h := &out.haul
	h.reset()
	var code Code
	if u := s.unwritten; u != nil {
		h.bufs = append(h.bufs, u.bufs...)
		h.size, h.messages, h.more, code = u.size, u.messages, true, u.code
	} else {
		code = s.collect(h)
	}
	if len(h.bufs) > 0 {
		rest, err := out.send(s.raw, h.bufs)
		if err != nil {
			s.end()
			return
		}
		if rest != nil {
			s.block(h, rest, code)
			return
		}
		if s.unwritten != nil {
			s.unwritten = nil
			s.pace.writing.Store(0)
		}
		if s.wrote(h, code) {
			return
		}
	}
	if !h.more && s.state.CompareAndSwap(running, idle) {
		return
	}
	if s.state.CompareAndSwap(running, queued) || s.state.CompareAndSwap(again, queued) {
		s.out.push(s)
	}
}

// block waits until the socket takes more: its poller tells.
func (s *socket) block(h *haul, rest [][]byte, code Code) {
	if u := s.unwritten; u == nil {
		s.unwritten = &unwritten{bufs: append([][]byte(nil), rest...), size: h.size, messages: h.messages, code: code}
		s.pace.writing.Store(s.hub.now.Load())
	} else {
		n := copy(u.bufs, rest)
		clear(u.bufs[n:])
		u.bufs = u.bufs[:n]
	}
	if !s.state.CompareAndSwap(running, blocked) && !s.state.CompareAndSwap(again, blocked) {
		return // it ended
	}
	if s.poll.watch(s, writable, 0) != nil {
		s.end()
	}
}

// unblock follows block when the socket takes more.
func (s *socket) unblock() {
	if s.poll.watch(s, 0, writable) != nil {
		s.end()
		return
	}
	if s.state.CompareAndSwap(blocked, queued) {
		s.out.push(s)
	}
}
