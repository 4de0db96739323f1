package live

import (
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"sync"
	"syscall"
)

// Bounds of one turn of a poller.
const (
	pollEvents = 128
	pollBuffer = 8 << 10 // bytes read from a socket before the next has its turn
)

// What a poller looks for at a socket.
const (
	readable uint32 = syscall.EPOLLIN
	writable uint32 = syscall.EPOLLOUT
)

// poller waits for many sockets in one goroutine, so that one from which
// nothing comes needs neither goroutine nor buffer. It has an epoll of its own,
// and the runtime's poller waits for that one.
type poller struct {
	epoll *os.File
	raw   syscall.RawConn // of epoll

	mu      sync.Mutex // guards what follows and socket.interest
	sockets map[int32]*socket
	last    int32 // key that was given away last

	// Of run alone.
	events [pollEvents]syscall.EpollEvent
	came   int // events that came
	buf    [pollBuffer]byte
	got    int // bytes in buf
	err    error
}

func newPoller() (*poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("live: creating an epoll: %w", err)
	}
	// Only what does not block is waited for by the runtime.
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd) // it was never used
		return nil, fmt.Errorf("live: setting up an epoll: %w", err)
	}
	p := &poller{epoll: os.NewFile(uintptr(fd), "epoll"), sockets: make(map[int32]*socket)}
	if p.raw, err = p.epoll.SyscallConn(); err != nil {
		p.epoll.Close()
		return nil, fmt.Errorf("live: setting up an epoll: %w", err)
	}
	return p, nil
}

// close ends run.
func (p *poller) close() { p.epoll.Close() }

// adopt makes p the one that waits for s; false where it cannot, as for TLS.
func (p *poller) adopt(s *socket) bool {
	tcp, ok := s.conn.(*net.TCPConn)
	if !ok {
		return false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if p.last++; p.last == math.MaxInt32 {
			p.last = 1
		}
		if p.sockets[p.last] == nil {
			break
		}
	}
	s.poll, s.raw, s.key = p, raw, p.last
	p.sockets[s.key] = s
	return true
}

// drop forgets a socket, whose connection is being closed: the kernel takes it
// out of the epoll then.
func (p *poller) drop(s *socket) {
	p.mu.Lock()
	delete(p.sockets, s.key)
	p.mu.Unlock()
}

// watch looks for what is in on at a socket from now on, and no longer for what
// is in off. An error means that the connection has ended.
func (p *poller) watch(s *socket, on, off uint32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := s.interest
	s.interest = before&^off | on
	op := syscall.EPOLL_CTL_MOD
	switch {
	case s.interest == before:
		return nil
	case before == 0:
		op = syscall.EPOLL_CTL_ADD
	case s.interest == 0: // or the end of the connection would be told without end
		op = syscall.EPOLL_CTL_DEL
	}
	var fault error
	if err := s.raw.Control(func(fd uintptr) {
		fault = p.control(op, int(fd), &syscall.EpollEvent{Events: s.interest, Fd: s.key})
	}); err != nil {
		return err
	}
	return fault
}

func (p *poller) control(op, fd int, event *syscall.EpollEvent) error {
	var fault error
	err := p.raw.Control(func(epoll uintptr) { fault = syscall.EpollCtl(int(epoll), op, fd, event) })
	return errors.Join(err, fault)
}

// run serves the sockets until the poller is closed.
func (p *poller) run() {
	wait := func(fd uintptr) bool {
		for {
			p.came, p.err = syscall.EpollWait(int(fd), p.events[:], 0)
			if !errors.Is(p.err, syscall.EINTR) {
				return p.came != 0
			}
		}
	}
	read := func(fd uintptr) bool {
		for {
			p.got, p.err = syscall.Read(int(fd), p.buf[:])
			if !errors.Is(p.err, syscall.EINTR) {
				return true
			}
		}
	}
	for p.raw.Read(wait) == nil && p.err == nil {
		for i := range p.events[:p.came] {
			event := &p.events[i]
			p.mu.Lock()
			s := p.sockets[event.Fd]
			var interest uint32
			if s != nil {
				interest = s.interest
			}
			p.mu.Unlock()
			if s == nil {
				continue // it was ended since
			}
			// The end of a connection is told for whatever was looked for.
			const ends = syscall.EPOLLHUP | syscall.EPOLLERR
			if interest&writable != 0 && event.Events&(writable|ends) != 0 {
				s.unblock()
			}
			if interest&readable == 0 || event.Events&(readable|ends) == 0 {
				continue
			}
			switch err := s.raw.Read(read); {
			case err != nil: // closed here
				s.end()
			case p.got > 0:
				s.proceed(s.feed(p.buf[:p.got]))
			case p.got < 0 && errors.Is(p.err, syscall.EAGAIN): // somebody was faster
			default: // the client's side ended
				s.end()
			}
		}
		p.err = nil
	}
}
