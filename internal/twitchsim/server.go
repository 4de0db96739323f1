// Package twitchsim is a simulator of Twitch's chat server: line-delimited
// TCP, TLS and WebSocket on one port, with chat that reads like chat, faults
// on demand, and exact counts of what it sent. It serves tests, demos and load.
//
// What it says is made up, and made from the seed alone: the same seed gives
// the same lines. How it behaves follows Twitch's documentation of its chat
// and the observed behaviour that other clients rely on.
package twitchsim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// Server is a simulated chat server. Its methods may be called from several
// goroutines at once.
type Server struct {
	cfg      Config
	listener net.Listener
	tls      *tls.Config
	pool     *x509.CertPool
	faults   *faultState

	wg sync.WaitGroup

	mu       sync.Mutex
	ctx      context.Context // of Run; nil before
	rooms    map[string]*room
	conns    map[*conn]struct{}
	nextConn int
	joins    map[string]*joinTimes // of accounts
}

// New returns a server that does not listen yet.
func New(cfg Config) *Server {
	return &Server{cfg: cfg, rooms: map[string]*room{}, conns: map[*conn]struct{}{}, joins: map[string]*joinTimes{}}
}

// Listen checks the configuration, makes the channels and takes the port.
func (s *Server) Listen() error {
	cfg, err := s.cfg.withDefaults()
	if err != nil {
		return err
	}
	s.cfg = cfg
	s.faults = newFaultState(cfg.Seed)
	if cfg.TLS {
		if s.tls, s.pool, err = selfSigned(cfg.Listen); err != nil {
			return fmt.Errorf("making a certificate: %w", err)
		}
	}
	l, err := net.Listen("tcp", cfg.Listen) //nolint:noctx // there is nothing to wait for
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("the port of %s is in use by another program: stop it or choose another port (port 0 takes a free one)", cfg.Listen)
		}
		return fmt.Errorf("listening: %w", err)
	}
	s.listener = l
	s.makeRooms()
	return nil
}

func (s *Server) makeRooms() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, name := range s.cfg.Channels {
		s.rooms[name] = newRoom(name, s.cfg.Limit, s.cfg.Observer)
		if i == 0 && s.cfg.Script != nil {
			r := s.rooms[name]
			r.world = newWorld([]*room{r}, newReplay(r, s.cfg), s.cfg.Speed, s.cfg.Start, s.faults.floodFactor, s.cfg.Logger)
		}
	}
	for _, p := range s.cfg.Shared {
		a, b := s.rooms[p[0]], s.rooms[p[1]]
		if a.world == nil && b.world == nil {
			s.giveWorld(a, b)
		}
	}
	for _, r := range s.rooms {
		if r.world == nil {
			s.giveWorld(r)
		}
	}
}

// giveWorld makes the chat of rooms.
func (s *Server) giveWorld(rooms ...*room) {
	speed := 1.0
	if s.cfg.Rate == Unpaced {
		speed = 0
	}
	w := newWorld(rooms, newStage(rooms, s.cfg), speed, s.cfg.Start, s.faults.floodFactor, s.cfg.Logger)
	for _, r := range rooms {
		r.world = w
	}
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// URL returns the address for TWITCH_IRC_URL: "irc://127.0.0.1:6667".
func (s *Server) URL() string { return "irc://" + s.Addr().String() }

// CertPool returns the authority of the server's certificate, for clients; nil
// without Config.TLS.
func (s *Server) CertPool() *x509.CertPool { return s.pool }

// Run serves until ctx ends, then closes every connection and returns nil once
// all goroutines have ended. It listens first where [Server.Listen] was not called.
func (s *Server) Run(ctx context.Context) error {
	if s.listener == nil {
		if err := s.Listen(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer s.wg.Wait()
	defer cancel()
	s.mu.Lock()
	s.ctx = ctx
	for _, r := range s.rooms {
		s.runWorld(r)
	}
	s.mu.Unlock()
	s.wg.Go(func() { s.runFaults(ctx) })
	s.wg.Go(func() {
		<-ctx.Done()
		s.listener.Close()
		for _, c := range s.connections() {
			c.close("server stops")
		}
	})
	for {
		nc, err := s.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				nc.Close()
			}
			return nil
		case err != nil:
			if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ECONNABORTED) {
				s.cfg.Logger.Warn("accepting a connection", "error", err)
				select {
				case <-time.After(50 * time.Millisecond):
				case <-ctx.Done():
				}
				continue
			}
			return fmt.Errorf("accepting connections: %w", err)
		}
		s.accept(ctx, nc)
	}
}

// runWorld starts the goroutine of a room's chat, once for rooms that share.
// s.mu is held.
func (s *Server) runWorld(r *room) {
	if w := r.world; w != nil && w.rooms[0] == r && !s.cfg.Quiet {
		ctx := s.ctx
		s.wg.Go(func() { w.run(ctx) })
	}
}

func (s *Server) accept(ctx context.Context, nc net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) >= s.cfg.MaxClients || ctx.Err() != nil {
		nc.Close()
		return
	}
	s.nextConn++
	c := newConn(s, nc, s.nextConn)
	c.writeLimit = s.faults.splitSize()
	s.conns[c] = struct{}{}
	s.wg.Go(func() {
		c.serve()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	})
}

func (s *Server) connections() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	conns := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		conns = append(conns, c)
	}
	return conns
}

// room returns the room of a name that somebody joins, nil where there is none.
func (s *Server) room(name string) *room {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[name]
	if r == nil && (s.cfg.AnyChannel || KindOf(name) != Normal) && len(s.rooms) < s.cfg.MaxRooms {
		r = newRoom(name, s.cfg.Limit, s.cfg.Observer)
		s.rooms[name] = r
		if r.kind == Normal || r.kind == Slow {
			s.giveWorld(r)
			s.runWorld(r)
		}
	}
	return r
}

// existing returns a room that was made already, or an error that names it.
func (s *Server) existing(name string) (*room, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.rooms[name]; r != nil {
		return r, nil
	}
	return nil, noChannel(name)
}

func noChannel(name string) error { return fmt.Errorf("the simulator has no channel %q", name) }
