package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	liveClients = 1000
	liveRate    = 50              // messages a second
	liveFor     = 8 * time.Second // of chat
	liveChannel = "demo"
)

// chatServer plays Twitch's chat server to one reader: as much of IRC as a
// reader needs to believe that it joined.
type chatServer struct {
	listener net.Listener
	joined   chan net.Conn
	closed   sync.WaitGroup
}

func newChatServer(ctx context.Context) (*chatServer, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &chatServer{listener: l, joined: make(chan net.Conn, 1)}
	s.closed.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.closed.Go(func() { s.answer(conn) })
		}
	})
	return s, nil
}

func (s *chatServer) url() string { return "irc://" + s.listener.Addr().String() }

// answer follows one connection until it ends.
func (s *chatServer) answer(conn net.Conn) {
	defer conn.Close()
	nick := "*"
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		command, rest, _ := strings.Cut(lines.Text(), " ")
		switch command {
		case "CAP":
			fmt.Fprintf(conn, ":tmi.twitch.tv CAP * ACK %s\r\n", strings.TrimPrefix(rest, "REQ "))
		case "NICK":
			nick = rest
			fmt.Fprintf(conn, ":tmi.twitch.tv 001 %s :Welcome, GLHF!\r\n", nick)
		case "PING":
			fmt.Fprintf(conn, ":tmi.twitch.tv PONG tmi.twitch.tv %s\r\n", rest)
		case "JOIN":
			fmt.Fprintf(conn, ":%[1]s!%[1]s@%[1]s.tmi.twitch.tv JOIN %[2]s\r\n@room-id=900000001 :tmi.twitch.tv ROOMSTATE %[2]s\r\n:%[1]s.tmi.twitch.tv 366 %[1]s %[2]s :End of /NAMES list\r\n", nick, rest)
			select {
			case s.joined <- conn:
			default:
			}
		}
	}
}

// close waits for the readers to leave.
func (s *chatServer) close() {
	s.listener.Close()
	s.closed.Wait()
}

// say writes chat at liveRate into a connection, each message with the time of
// its sending, and returns how many messages it were.
func say(ctx context.Context, conn net.Conn) (int, error) {
	tick := time.NewTicker(time.Second / liveRate)
	defer tick.Stop()
	end := time.NewTimer(liveFor)
	defer end.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return n, ctx.Err()
		case <-end.C:
			return n, nil
		case <-tick.C:
		}
		now := time.Now()
		_, err := fmt.Fprintf(conn, "@badges=;color=#1E90FF;display-name=Viewer_One;emotes=;id=%08x-51a1-4f6e-9a58-0d4f7c1a2b3c;room-id=900000001;tmi-sent-ts=%d;user-id=910000001 "+
			":viewer_one!viewer_one@viewer_one.tmi.twitch.tv PRIVMSG #%s :%s%d that was a good one, did you see it?\r\n", n, now.UnixMilli(), liveChannel, stampKey, now.UnixNano())
		if err != nil {
			return n, fmt.Errorf("writing chat: %w", err)
		}
	}
}

// stampKey stands before the time of sending, in Unix nanoseconds, in the text
// of a message.
const stampKey = "sent="

// viewer is one live viewer in the batched dialect.
type viewer struct {
	conn   net.Conn
	r      *bufio.Reader
	buf    []byte
	delays []time.Duration // from sending to reading
	gaps   int             // frames that tell of missed messages
}

// watch connects a viewer and reads its first frame.
func watch(ctx context.Context, address string) (*viewer, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	v := &viewer{conn: conn, r: bufio.NewReaderSize(conn, 4<<10)}
	if err := v.open(address); err != nil {
		conn.Close()
		return nil, err
	}
	return v, nil
}

func (v *viewer) open(address string) error {
	if err := v.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(v.conn, "GET /ws/chat/%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: chatmood.v1\r\n\r\n", liveChannel, address)
	if err != nil {
		return err
	}
	resp, err := http.ReadResponse(v.r, nil)
	if err != nil {
		return fmt.Errorf("opening a socket: %w", err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("opening a socket: %s", resp.Status)
	}
	text, err := v.frame()
	if err != nil {
		return fmt.Errorf("reading the first frame: %w", err)
	}
	if !bytes.Contains(text, []byte(`"hello"`)) {
		return fmt.Errorf("the first frame is no hello: %.100q", text)
	}
	return v.conn.SetDeadline(time.Time{})
}

// frame reads one frame; it is overwritten by the next. Servers do not mask.
func (v *viewer) frame() ([]byte, error) {
	var head [10]byte
	if _, err := io.ReadFull(v.r, head[:2]); err != nil {
		return nil, err
	}
	n := uint64(head[1] & 0x7f)
	extended := map[uint64]int{126: 2, 127: 8}[n]
	if _, err := io.ReadFull(v.r, head[2:2+extended]); err != nil {
		return nil, err
	}
	switch extended {
	case 2:
		n = uint64(binary.BigEndian.Uint16(head[2:]))
	case 8:
		n = binary.BigEndian.Uint64(head[2:])
	}
	if n > 16<<20 {
		return nil, fmt.Errorf("a frame of %d bytes", n)
	}
	v.buf = slices.Grow(v.buf[:0], int(n))[:n]
	_, err := io.ReadFull(v.r, v.buf)
	return v.buf, err
}

// follow notes how late messages are until the connection ends.
func (v *viewer) follow() {
	for {
		text, err := v.frame()
		if err != nil {
			return
		}
		now := time.Now().UnixNano()
		if bytes.HasPrefix(text, []byte(`{"type":"gap"`)) {
			v.gaps++
		}
		for {
			_, rest, ok := bytes.Cut(text, []byte(`"`+stampKey))
			if !ok {
				break
			}
			digits, _, _ := bytes.Cut(rest, []byte(" "))
			sent, err := strconv.ParseInt(string(digits), 10, 64)
			if err != nil {
				break
			}
			v.delays = append(v.delays, time.Duration(now-sent))
			text = rest
		}
	}
}

// watchAll connects viewers, some at a time.
func watchAll(ctx context.Context, address string, n int) ([]*viewer, error) {
	viewers := make([]*viewer, n)
	errs := make([]error, n)
	places := make(chan struct{}, 16)
	var wg sync.WaitGroup
	for i := range n {
		places <- struct{}{}
		wg.Go(func() {
			viewers[i], errs[i] = watch(ctx, address)
			<-places
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		closeAll(viewers)
		return nil, err
	}
	return viewers, nil
}

func closeAll(viewers []*viewer) {
	for _, v := range viewers {
		if v != nil {
			v.conn.Close()
		}
	}
}

// measureLive measures a server with a thousand viewers of one channel: what
// each takes while nobody writes, and how late chat arrives.
func measureLive(ctx context.Context, m *measurer) (rows []row, err error) {
	twitch, err := newChatServer(ctx)
	if err != nil {
		return nil, err
	}
	defer twitch.close()
	s, err := m.serve(ctx, m.tmp+"/live", "TWITCH_IRC_URL="+twitch.url(), "MAX_SOCKETS_PER_ADDRESS="+strconv.Itoa(2*liveClients))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.ask(ctx, http.MethodPost, "/api/twitch/connect", `{"url":"`+liveChannel+`"}`); err != nil {
		return nil, err
	}
	var chat net.Conn
	select {
	case chat = <-twitch.joined:
	case <-time.After(30 * time.Second):
		return nil, errors.New("the server did not join the channel within 30 s")
	case <-ctx.Done():
		return nil, ctx.Err()
	}

	before, err := s.resident(ctx)
	if err != nil {
		return nil, err
	}
	viewers, err := watchAll(ctx, s.address, liveClients)
	if err != nil {
		return nil, err
	}
	after, err := s.resident(ctx)
	if err != nil {
		closeAll(viewers)
		return nil, err
	}
	var reading sync.WaitGroup
	for _, v := range viewers {
		reading.Go(v.follow)
	}
	n, err := say(ctx, chat)
	if err == nil {
		time.Sleep(time.Second) // the last ones are on their way
	}
	closeAll(viewers)
	reading.Wait()
	if err != nil {
		return nil, err
	}
	var delays []time.Duration
	gaps := 0
	for _, v := range viewers {
		delays = append(delays, v.delays...)
		gaps += v.gaps
	}
	if len(delays) == 0 {
		return nil, fmt.Errorf("none of %d messages reached a viewer", n)
	}
	if gaps == 0 && len(delays) < n*liveClients*99/100 {
		return nil, fmt.Errorf("%d messages were sent to %d viewers, who got %d together and were told of no gap", n, liveClients, len(delays))
	}
	slices.Sort(delays)
	p50, p99 := float64(delays[len(delays)/2]), float64(delays[len(delays)*99/100])
	remark := fmt.Sprintf("of which batching is up to 50 ms; median %s", duration(p50))
	if gaps > 0 {
		remark += fmt.Sprintf("; %d gaps told", gaps)
	}
	return []row{
		{
			what: "memory, an idle WebSocket viewer (the server's growth with 1,000)", measured: size((after - before) / liveClients),
			compared: fmt.Sprintf("the whole server with them: %s", size(after)),
		},
		{
			what: "line received to frame read, p99, 1,000 viewers at 50 messages/s", measured: duration(p99),
			bound: "100 ms", holds: p99 <= 100e6, compared: remark,
		},
	}, nil
}
