package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	channel = "somebody"
	// batch is the number of messages published at once, as a busy channel has
	// in 50 ms.
	batch = 64
	// window is the number of messages that may be on their way, as a mean of
	// all clients: enough that nobody waits for work, little enough that no
	// server has to drop.
	window = 16 * batch
	// mark is in each message exactly once: clients count it. (Not the tilde: its
	// code, 126, is in the header of every frame of some length.) Behind it stands
	// when the message was said.
	mark        = '|'
	stampDigits = 19
	warmUp      = 300 * time.Millisecond
)

// server is one that is measured.
type server struct {
	name  string
	start func(o options) (running, error)
}

// options are for all servers that know of them.
type options struct {
	sendBuffer int // of the kernel for each socket, in bytes; 0: the kernel's own choice
}

// running is a server that was started.
type running struct {
	url     string                    // where sockets are opened, "ws://…", or "tcp://…" for one that speaks no WebSocket
	sub     string                    // subprotocol to offer
	hello   []string                  // frames that a client sends first
	publish func() error              // one full batch
	say     func(object []byte) error // one message, which is sent at once or with the next batch
	writes  func() int64              // to sockets so far; nil where that is not counted
	blocked func() int                // sockets that take nothing more now; nil where that is not counted
	stop    func()
}

// measured is what one measurement found.
type measured struct {
	rate float64 // message deliveries a second
	cpu  float64 // seconds of processor time, of server and clients, by million deliveries
}

// processorTime is what the process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure lets a server deliver to so many clients.
func measure(ctx context.Context, s server, clients int, length time.Duration) (measured, error) {
	srv, err := s.start(options{})
	if err != nil {
		return measured{}, err
	}
	defer srv.stop()
	var received atomic.Int64
	var readers sync.WaitGroup
	conns := make([]net.Conn, 0, clients)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
		readers.Wait()
	}()
	for range clients {
		conn, rest, err := open(srv)
		if err != nil {
			return measured{}, err
		}
		conns = append(conns, conn)
		readers.Go(func() { read(conn, rest, &received) })
	}
	published := int64(0)
	until := func(end time.Time) error {
		for time.Now().Before(end) && ctx.Err() == nil {
			if published*int64(clients)-received.Load() > window*int64(clients) {
				time.Sleep(20 * time.Microsecond)
				continue
			}
			if err := srv.publish(); err != nil {
				return err
			}
			published += batch
		}
		return ctx.Err()
	}
	// Those who have subscribed count; so wait until all have got something.
	if err := settle(ctx, srv, clients, &received); err != nil {
		return measured{}, err
	}
	received.Store(0)
	if err := until(time.Now().Add(warmUp)); err != nil {
		return measured{}, err
	}
	before, start, used := received.Load(), time.Now(), processorTime()
	if err := until(start.Add(length)); err != nil {
		return measured{}, err
	}
	got, took := received.Load()-before, time.Since(start)
	cpu := (processorTime() - used).Seconds()
	if float64(got) < 0.2*float64(clients)*batch {
		return measured{}, fmt.Errorf("only %d messages arrived", got)
	}
	return measured{float64(got) / took.Seconds(), cpu / float64(got) * 1e6}, nil
}

// settle publishes until one batch reaches all clients, and everything has arrived.
func settle(ctx context.Context, srv running, clients int, received *atomic.Int64) error {
	for range 100 {
		before := received.Load()
		if err := srv.publish(); err != nil {
			return err
		}
		for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if received.Load()-before == int64(clients)*batch {
				return nil
			}
		}
	}
	return fmt.Errorf("the clients never all got a batch: %d messages of %d arrived in all", received.Load(), 100*int64(clients)*batch)
}

// open connects a client and sends what the server wants to hear first.
func open(srv running) (net.Conn, *bufio.Reader, error) {
	scheme, rest, _ := strings.Cut(srv.url, "://")
	addr, path, _ := strings.Cut(rest, "/")
	conn, err := net.Dial("tcp", addr) //nolint:noctx // loopback
	if err != nil {
		return nil, nil, err
	}
	r := bufio.NewReader(conn)
	if scheme == "tcp" {
		return conn, r, nil
	}
	sub := ""
	if srv.sub != "" {
		sub = "Sec-WebSocket-Protocol: " + srv.sub + "\r\n"
	}
	request := "GET /" + path + " HTTP/1.1\r\nHost: " + addr + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n" + sub + "\r\n"
	if _, err := conn.Write([]byte(request)); err != nil {
		conn.Close()
		return nil, nil, err
	}
	resp, err := http.ReadResponse(r, nil) //nolint:bodyclose // the connection takes it over
	if err != nil {
		conn.Close()
		return nil, nil, fmt.Errorf("upgrading: %w", err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		conn.Close()
		return nil, nil, fmt.Errorf("upgrading: %s", resp.Status)
	}
	for _, text := range srv.hello {
		if _, err := conn.Write([]byte(clientFrame(text))); err != nil {
			conn.Close()
			return nil, nil, err
		}
	}
	return conn, r, nil
}

// clientFrame is a text frame as clients send it, masked with zeros.
func clientFrame(text string) string {
	return string([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}) + text
}

// read counts messages until the connection ends.
func read(conn net.Conn, r *bufio.Reader, received *atomic.Int64) {
	early, _ := r.Peek(r.Buffered())
	received.Add(int64(bytes.Count(early, []byte{mark})))
	buf := make([]byte, 64<<10)
	for {
		n, err := conn.Read(buf)
		received.Add(int64(bytes.Count(buf[:n], []byte{mark})))
		if err != nil {
			return
		}
	}
}
