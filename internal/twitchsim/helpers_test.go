package twitchsim

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of a test.
const patience = 20 * time.Second

// testStart is a moment that stamps can be compared with.
var testStart = time.Date(2026, 1, 1, 20, 0, 0, 0, time.UTC)

// serve runs a simulator until the test ends.
func serve(t testing.TB, cfg Config) *Server {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.JoinDelay == 0 {
		cfg.JoinDelay = time.Millisecond
	}
	s := New(cfg)
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return s
}

// client is a raw TCP client.
type client struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

func dial(t testing.TB, s *Server) *client {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return wrap(t, conn)
}

func wrap(t testing.TB, conn net.Conn) *client {
	t.Cleanup(func() { conn.Close() })
	return &client{t: t, conn: conn, r: bufio.NewReaderSize(conn, 128<<10)}
}

// reader dials, logs in without an account and joins the channels.
func reader(t testing.TB, s *Server, channels ...string) *client {
	t.Helper()
	c := dial(t, s)
	c.send("CAP REQ :twitch.tv/tags twitch.tv/commands")
	c.send("NICK justinfan1234")
	for _, name := range channels {
		c.send("JOIN #" + name)
	}
	for range channels {
		c.until("ROOMSTATE")
	}
	return c
}

func (c *client) send(line string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(line + "\r\n")); err != nil {
		c.t.Fatalf("sending %q: %v", line, err)
	}
}

// next returns the next line without its end, or false when the server closed.
func (c *client) next() (string, bool) {
	c.t.Helper()
	c.conn.SetReadDeadline(time.Now().Add(patience))
	line, err := c.r.ReadString('\n')
	if err != nil {
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() {
			c.t.Fatal("no line came")
		}
		return "", false
	}
	return strings.TrimRight(line, "\r\n"), true
}

func (c *client) mustNext() string {
	c.t.Helper()
	line, ok := c.next()
	if !ok {
		c.t.Fatal("the server closed")
	}
	return line
}

// expect reads lines that must be these.
func (c *client) expect(lines ...string) {
	c.t.Helper()
	for _, want := range lines {
		if got := c.mustNext(); got != want {
			c.t.Fatalf("got  %q\nwant %q", got, want)
		}
	}
}

// until skips lines up to one that holds part, and returns it.
func (c *client) until(part string) string {
	c.t.Helper()
	for {
		line := c.mustNext()
		if strings.Contains(line, part) {
			return line
		}
	}
}

// barrier returns when the server has answered all that was sent before, with
// the lines that came until then.
func (c *client) barrier() []string {
	c.t.Helper()
	c.send("PING :barrier")
	var lines []string
	for {
		line := c.mustNext()
		if strings.HasSuffix(line, " PONG tmi.twitch.tv :barrier") {
			return lines
		}
		lines = append(lines, line)
	}
}

// closed reports that the server closes without another line.
func (c *client) closed() {
	c.t.Helper()
	if line, ok := c.next(); ok {
		c.t.Fatalf("got %q, want the connection closed", line)
	}
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// produce plays a channel's chat for a time without a server and returns the
// lines.
func produce(t testing.TB, cfg Config, length time.Duration, channels ...string) map[string][]string {
	t.Helper()
	cfg.Channels = channels
	cfg, err := cfg.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	var rooms []*room
	out := map[*room]*batch{}
	for _, name := range channels {
		r := newRoom(name, 0, nil)
		rooms = append(rooms, r)
		out[r] = &batch{}
	}
	st := newStage(rooms, cfg)
	for {
		at, ok := st.next()
		if !ok || at > length {
			break
		}
		if err := st.play(out, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	lines := map[string][]string{}
	for _, r := range rooms {
		for _, m := range out[r].marks {
			lines[r.name] = append(lines[r.name], string(out[r].data[m.start:m.end]))
		}
	}
	return lines
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s, line %d:\ngot  %s\nwant %s\nRun with -update if this is meant.", file, i+1, g[i], w[i])
		}
	}
	t.Fatalf("%s: %d lines, want %d", file, len(g), len(w))
}
