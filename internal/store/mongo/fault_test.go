package mongo_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"reflect"
	"slices"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"chatmood/internal/analysis"
	"chatmood/internal/store/mongo"
)

// proxy stands between a store and the server. It cuts everything for good at
// the n-th command that reads or writes, as the death of the process or of the
// network would.
type proxy struct {
	t        *testing.T
	listener net.Listener
	server   string

	mu       sync.Mutex
	left     int  // commands until the cut; < 0: no cut
	deliver  bool // whether the command that is cut still reaches the server, unanswered
	dead     bool
	away     bool     // whether connections are refused for now
	swallow  net.Conn // the server's connection whose next answer is kept back
	commands []string
	conns    []net.Conn
	wg       sync.WaitGroup
}

func startProxy(t *testing.T, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, listener: l, server: server, left: -1}
	p.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.serve(c)
		}
	})
	t.Cleanup(func() {
		p.mu.Lock()
		p.cut()
		p.mu.Unlock()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) serve(client net.Conn) {
	server, err := net.Dial("tcp", p.server)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil || p.dead || p.away {
		client.Close()
		if err == nil {
			server.Close()
		}
		return
	}
	p.conns = append(p.conns, client, server)
	p.wg.Go(func() { p.requests(client, server) })
	p.wg.Go(func() { p.answers(client, server) })
}

// cut ends everything. p.mu is held.
func (p *proxy) cut() {
	p.dead = true
	p.listener.Close()
	for _, c := range p.conns {
		c.Close()
	}
}

// leave cuts all connections and refuses others, until the server is back.
func (p *proxy) leave(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.away = away; away {
		for _, c := range p.conns {
			c.Close()
		}
		p.conns = nil
	}
}

func (p *proxy) cutAt(n int, deliver bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left, p.deliver, p.commands = n, deliver, nil
}

// seen returns the commands since cutAt.
func (p *proxy) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.commands)
}

func (p *proxy) requests(client, server net.Conn) {
	defer server.Close()
	for {
		message, err := readMessage(client)
		if err != nil || !p.pass(message, server) {
			return
		}
	}
}

// pass forwards a message unless it is the one to cut at.
func (p *proxy) pass(message []byte, server net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return false
	}
	name := command(message)
	if slices.Contains([]string{"insert", "update", "delete", "find", "getMore", "findAndModify", "count"}, name) {
		p.commands = append(p.commands, name)
		if p.left--; p.left == 0 {
			if p.deliver {
				// The answer shows that it took effect; the client never sees it.
				p.dead, p.swallow = true, server
				_, err := server.Write(message)
				return err == nil
			}
			p.cut()
			return false
		}
	}
	_, err := server.Write(message)
	return err == nil
}

// answers forwards what the server says, until the answer to the command at
// which to cut.
func (p *proxy) answers(client, server net.Conn) {
	defer client.Close()
	for {
		message, err := readMessage(server)
		if err != nil || !p.answer(message, client, server) {
			return
		}
	}
}

func (p *proxy) answer(message []byte, client, server net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.swallow == server {
		p.cut()
		return false
	}
	_, err := client.Write(message)
	return err == nil
}

// readMessage reads a message of the wire protocol, which begins with its length.
func readMessage(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(length[:])
	if n < 16 || n > 48<<20 {
		return nil, errors.New("no message")
	}
	message := make([]byte, n)
	copy(message, length[:])
	_, err := io.ReadFull(r, message[4:])
	return message, err
}

// command returns the name of the command in an OP_MSG; "" for others.
func command(message []byte) string {
	const opMsg, bodyAt = 2013, 16 + 4 + 1 // header, flags, kind of section
	if binary.LittleEndian.Uint32(message[12:]) != opMsg || len(message) < bodyAt || message[bodyAt-1] != 0 {
		return ""
	}
	elements, err := bson.Raw(message[bodyAt:]).Elements()
	if len(elements) == 0 {
		return fmt.Sprint(err)
	}
	return elements[0].Key()
}

// proxied returns the address of a store that speaks through a proxy.
func proxied(t *testing.T) (string, *proxy) {
	t.Helper()
	u, err := url.Parse(serverURI(t))
	if err != nil || u.Scheme != "mongodb" || u.Port() == "" {
		t.Fatalf("the tests of faults need a %s of the form mongodb://host:port/ without TLS", uriEnv)
	}
	p := startProxy(t, u.Host)
	u.Host = p.listener.Addr().String()
	if u.Path == "" {
		u.Path = "/"
	}
	q := u.Query()
	q.Del("replicaSet") // a direct connection takes the server as it is
	q.Set("directConnection", "true")
	q.Set("retryWrites", "false") // to where? Nobody answers any more
	q.Set("retryReads", "false")
	q.Set("serverSelectionTimeoutMS", "10000")
	u.RawQuery = q.Encode()
	return u.String(), p
}

// eachCut runs a write through a proxy that is cut at its first command, its
// second, and so on until it comes through; each time before the command reaches
// the server and after. Then check looks at what a new process finds.
func eachCut(t *testing.T, prepare func(*mongo.Store), write func(*mongo.Store) error, check func(t *testing.T, s *mongo.Store, db *driver.Database, err error) (kept bool)) {
	t.Helper()
	kept, lost := 0, 0
	for _, deliver := range []bool{false, true} {
		for n, through := 1, false; !through; n++ {
			t.Run(fmt.Sprintf("delivered=%v/%d", deliver, n), func(t *testing.T) {
				name, db := database(t, t.TempDir())
				prepare(mustOpen(t, serverURI(t), name))
				uri, p := proxied(t)
				victim := mustOpen(t, uri, name)
				p.cutAt(n, deliver)
				err := write(victim)
				commands := p.seen()
				through = len(commands) < n
				if through && err != nil {
					t.Fatalf("nothing was cut, but: %v", err)
				}
				t.Logf("commands until the cut: %v; error: %v", commands, err)
				s := mustOpen(t, serverURI(t), name)
				if check(t, s, db, err) {
					kept++
				} else {
					lost++
				}
				if got := count(t, db, "chatmood_commits"); got != 0 {
					t.Errorf("%d commits are left", got)
				}
			})
			if n > 50 {
				t.Fatal("the write has no end")
			}
		}
	}
	if kept < 2 || lost < 2 {
		t.Errorf("%d writes were kept and %d lost: the cuts did not fall on both sides of the commit", kept, lost)
	}
}

// TestCrashWhileSaving: whatever command of a checkpoint is the last, the next
// process finds all sessions as they were before or all as they are after.
func TestCrashWhileSaving(t *testing.T) {
	serverURI(t)
	large := func(b byte) []byte { return slices.Repeat([]byte{b}, 5<<20/2) } // three chunks
	before := []analysis.Checkpoint{
		checkpoint("one", 1, analysis.Part{Name: "a", Data: []byte("old")}, analysis.Part{Name: "b", Data: []byte("kept")}),
		checkpoint("two", 1, analysis.Part{Name: "a", Data: large('o')}, analysis.Part{Name: "c", Data: []byte("old")}),
	}
	changes := []analysis.Checkpoint{
		checkpoint("one", 2, analysis.Part{Name: "a", Data: []byte("new")}),
		checkpoint("three", 2, analysis.Part{Name: "a", Data: []byte("new")}),
		checkpoint("two", 2, analysis.Part{Name: "a", Data: large('n')}, analysis.Part{Name: "c"}),
	}
	after := []analysis.Checkpoint{
		checkpoint("one", 2, analysis.Part{Name: "a", Data: []byte("new")}, analysis.Part{Name: "b", Data: []byte("kept")}),
		checkpoint("three", 2, analysis.Part{Name: "a", Data: []byte("new")}),
		checkpoint("two", 2, analysis.Part{Name: "a", Data: large('n')}),
	}
	eachCut(t,
		func(s *mongo.Store) { save(t, s, before...) },
		func(s *mongo.Store) error { return s.SaveCheckpoints(t.Context(), changes) },
		func(t *testing.T, s *mongo.Store, _ *driver.Database, err error) bool {
			got, rerr := s.RunningSessions(t.Context())
			if rerr != nil {
				t.Fatal(rerr)
			}
			kept := reflect.DeepEqual(got, after)
			if !kept && (err == nil || !reflect.DeepEqual(got, before)) {
				t.Errorf("after the error %v there is neither what was before nor what is after, but %d sessions", err, len(got))
			}
			// And it goes on from there.
			save(t, s, changes...)
			if got, err := s.RunningSessions(t.Context()); err != nil || !reflect.DeepEqual(got, after) {
				t.Errorf("saving again made %d sessions, %v", len(got), err)
			}
			return kept
		})
}

// TestCrashWhileFinishing: a session runs with all its parts or has ended with
// its report.
func TestCrashWhileFinishing(t *testing.T) {
	serverURI(t)
	before := []analysis.Checkpoint{checkpoint("one", 1, analysis.Part{Name: "a", Data: []byte("old")}, analysis.Part{Name: "b", Data: []byte("old")})}
	end := analysis.Finished{SessionID: "one", Channel: "somebody", Report: []byte(`{"whole":true}`)}
	eachCut(t,
		func(s *mongo.Store) { save(t, s, before...) },
		func(s *mongo.Store) error { return s.FinishSession(t.Context(), end) },
		func(t *testing.T, s *mongo.Store, _ *driver.Database, err error) bool {
			running, rerr := s.RunningSessions(t.Context())
			if rerr != nil {
				t.Fatal(rerr)
			}
			report, rerr := s.SessionReport(t.Context(), "one")
			kept := rerr == nil
			switch {
			case kept && (len(running) != 0 || string(report) != string(end.Report)):
				t.Errorf("it ended with report %q, and %d sessions run", report, len(running))
			case !kept && (err == nil || !errors.Is(rerr, analysis.ErrNotFound) || !reflect.DeepEqual(running, before)):
				t.Errorf("the end failed with %v; running %+v; the report says %v", err, running, rerr)
			}
			if err := s.FinishSession(t.Context(), end); err != nil {
				t.Error(err)
			}
			return kept
		})
}
