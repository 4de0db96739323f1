package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// wakeful bounds how long a client of the old system may get no message after a
// fault is over. It comes again after 2 s at most; the rest is for a machine that is busy.
const wakeful = 20 * time.Second

// survivor is a client as the old system's page, or as a browser's EventSource: it
// connects again for ever and never by more than the two do by themselves, and
// some answers end it for good.
type survivor struct {
	node    *process
	channel string
	sse     bool

	last     atomic.Int64 // when a message came, Unix nanoseconds
	silence  atomic.Int64 // the longest time between two since hush, ns
	attempts atomic.Int64
	ended    atomic.Pointer[string] // why it never comes again
}

// survivors lets so many clients of each kind watch on every node, to the test's end.
func (c *crowd) survivors(each int) {
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	for _, n := range c.nodes {
		for i := range 2 * each {
			s := &survivor{node: n, channel: c.channels[(n.index+i)%len(c.channels)], sse: i%2 == 1}
			c.watchers = append(c.watchers, s)
			watching.Go(func() { s.watch(ctx) })
		}
	}
	c.t.Cleanup(func() {
		cancel()
		watching.Wait()
	})
	c.survived("at first", nil)
}

// survived checks that every client, but for those of a node that is broken, gets
// a message from now on, and that none has been ended.
func (c *crowd) survived(what string, but *process) {
	c.t.Helper()
	began := time.Now()
	for _, s := range c.watchers {
		if s.node == but {
			continue
		}
		for s.last.Load() <= began.UnixNano() {
			if why := s.ended.Load(); why != nil {
				c.t.Errorf("%s: %v was ended for ever after %d connections: %s", what, s, s.attempts.Load(), *why)
				break
			}
			if time.Since(began) > wakeful {
				c.t.Errorf("%s: %v gets no message any more, after %d connections", what, s, s.attempts.Load())
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	c.awake = max(c.awake, time.Since(began))
	c.t.Logf("%s: every client of the old kinds gets messages %v later", what, time.Since(began).Round(time.Millisecond))
}

// hush begins to measure how long clients get nothing; the returned function tells
// the longest time of any.
func (c *crowd) hush() (longest func() time.Duration) {
	for _, s := range c.watchers {
		s.silence.Store(0)
	}
	return func() (most time.Duration) {
		for _, s := range c.watchers {
			most = max(most, time.Duration(s.silence.Load()))
		}
		return most.Round(time.Millisecond)
	}
}

func (s *survivor) String() string {
	kind := "the old page"
	if s.sse {
		kind = "an EventSource"
	}
	return fmt.Sprintf("%s at node %d, %s", kind, s.node.index, s.channel)
}

func (s *survivor) end(why string) { s.ended.Store(&why) }

func (s *survivor) watch(ctx context.Context) {
	retry := 3 * time.Second // Chromium's, until a server says otherwise
	id := ""
	for ctx.Err() == nil && s.ended.Load() == nil {
		s.attempts.Add(1)
		pause := time.Second + rand.N(time.Second)
		if s.sse {
			s.events(ctx, &id, &retry)
			pause = retry
		} else {
			s.socket(ctx)
		}
		wait(ctx, pause)
	}
}

// socket is one connection of the old page: it is ended by close codes 1000 and
// 1001, and throws all away when it is told that the analysis was stopped.
func (s *survivor) socket(ctx context.Context) {
	conn, res, err := websocket.Dial(ctx, strings.Replace(s.node.url("/ws/chat/"+s.channel), "http", "ws", 1), nil)
	if res != nil && res.Body != nil {
		res.Body.Close()
	}
	if err != nil {
		return // as 1006: it comes again
	}
	defer conn.CloseNow()
	conn.SetReadLimit(8 << 20)
	for {
		_, data, err := conn.Read(ctx)
		if err != nil {
			if code := websocket.CloseStatus(err); ctx.Err() == nil && (code == websocket.StatusNormalClosure || code == websocket.StatusGoingAway) {
				s.end(fmt.Sprint("closed with ", int(code)))
			}
			return
		}
		s.take(data)
	}
}

// events is one connection of an EventSource: any status but 200, and any other
// type, ends it.
func (s *survivor) events(ctx context.Context, id *string, retry *time.Duration) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.node.url("/api/sse/chat/"+s.channel), nil)
	if err != nil {
		s.end(err.Error())
		return
	}
	req.Close = true
	if *id != "" {
		req.Header.Set("Last-Event-ID", *id)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return // the network: it comes again
	}
	defer res.Body.Close()
	if kind := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "text/event-stream") {
		s.end("answered with " + res.Status + ", " + kind)
		return
	}
	lines := bufio.NewReader(res.Body)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch name {
		case "id":
			*id = value
		case "retry":
			if d, err := time.ParseDuration(value + "ms"); err == nil {
				*retry = d
			}
		case "data":
			s.take([]byte(value))
		}
	}
}

func (s *survivor) take(data []byte) {
	var frame struct{ Type string }
	if err := json.Unmarshal(data, &frame); err != nil {
		s.end(errors.Join(errors.New("a frame cannot be read"), err).Error())
		return
	}
	switch frame.Type {
	case "message":
		now := time.Now().UnixNano()
		s.silence.Store(max(s.silence.Load(), now-s.last.Swap(now)))
	case "disconnect":
		s.end("told that somebody stopped the analysis")
	}
}
