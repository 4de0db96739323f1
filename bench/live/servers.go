package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/coder/websocket"

	"chatmood/internal/analysis"
	"chatmood/internal/bus"
	"chatmood/internal/chat"
	"chatmood/internal/live"
	"chatmood/internal/live/frame"
	"chatmood/internal/sentiment"
)

const plainSockets = "plain sockets, the same batched bytes"

var servers = []server{
	{plainSockets, startPlainSockets},
	{"chatmood, batched dialect", func(o options) (running, error) { return startChatmood(o, true) }},
	{"chatmood, plain dialect", func(o options) (running, error) { return startChatmood(o, false) }},
	{"Centrifuge", startCentrifuge},
	{"coder/websocket, a write a message", startNaive},
}

// object is one message as all servers send it, about 200 bytes.
var object = frame.AppendMessage(nil, &chat.Message{
	ID: "3b5c0c4e-0000-4000-8000-000000000000", Login: "viewer_one", DisplayName: "Viewer_One", Color: "#1E90FF", Time: time.UnixMilli(1_700_000_000_000),
	Text: "that was the best play of the whole evening |0000000000000000000 did you see",
}, &sentiment.Score{Label: sentiment.Positive, Value: 0.512, Confidence: 0.75}, analysis.Counted)

// stamped is object with the time at which it was said, in Unix ns, behind the mark.
func stamped(at time.Time) []byte {
	o := bytes.Clone(object)
	copy(o[bytes.IndexByte(o, mark)+1:], fmt.Sprintf("%0*d", stampDigits, at.UnixNano()))
	return o
}

// batchFrame is a frame of the batched dialect, without WebSocket header.
func batchFrame(seq uint64, objects ...[]byte) []byte {
	messages := bytes.Join(objects, []byte{','})
	return frame.AppendBatch(make([]byte, 0, len(messages)+64), seq, len(objects), messages)
}

// full is what a busy channel says at once.
var full = slices.Repeat([][]byte{object}, batch)

// gathered sends what was said every batchEvery, as internal/channels does.
type gathered struct {
	mu      sync.Mutex
	waiting [][]byte
	stop    chan struct{}
	done    sync.WaitGroup
}

const batchEvery = 50 * time.Millisecond

func gather(publish func(objects [][]byte) error) *gathered {
	g := &gathered{stop: make(chan struct{})}
	g.done.Go(func() {
		tick := time.NewTicker(batchEvery)
		defer tick.Stop()
		for {
			select {
			case <-g.stop:
				return
			case <-tick.C:
			}
			g.mu.Lock()
			objects := g.waiting
			g.waiting = nil
			g.mu.Unlock()
			if len(objects) > 0 && publish(objects) != nil {
				return // the server was stopped; who waits for the messages will say so
			}
		}
	})
	return g
}

func (g *gathered) say(object []byte) error {
	g.mu.Lock()
	g.waiting = append(g.waiting, object)
	g.mu.Unlock()
	return nil
}

func (g *gathered) end() {
	close(g.stop)
	g.done.Wait()
}

func startChatmood(o options, batched bool) (running, error) {
	b, err := bus.Open(context.Background(), bus.Config{Name: "bench"})
	if err != nil {
		return running{}, err
	}
	var mu sync.Mutex
	seq := uint64(0)
	stopHello, err := b.Respond(frame.HelloSubject(channel), func([]byte) []byte {
		mu.Lock()
		defer mu.Unlock()
		return frame.AppendHelloBody(nil, frame.HelloBody{Epoch: 1, Seq: seq})
	})
	if err != nil {
		b.Close()
		return running{}, err
	}
	// Nobody is to be dropped behind: the window is the limit.
	hub := live.New(live.Config{Bus: b, LagAge: time.Hour, Behind: time.Hour, LagMessages: 1 << 30, LagBytes: 1 << 30, SendBuffer: o.sendBuffer})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hub.ServeWS(w, r, live.ServeOptions{Channel: channel, Anonymous: true})
	}))
	publish := func(objects [][]byte) error {
		mu.Lock()
		defer mu.Unlock()
		n := len(objects)
		seq += uint64(n)
		return b.Publish(frame.ChatSubject(channel), frame.AppendEnvelope(nil, frame.Envelope{Kind: frame.Stream, Epoch: 1, Seq: seq, N: n, Payload: batchFrame(seq, objects...)}))
	}
	g := gather(publish)
	r := running{
		url:     "ws://" + srv.Listener.Addr().String() + "/",
		publish: func() error { return publish(full) },
		say:     g.say,
		writes:  func() int64 { return hub.Stats().Writes },
		blocked: func() int { return hub.Stats().Blocked },
		stop: func() {
			g.end()
			srv.Close()
			hub.Close()
			stopHello()
			b.Close()
		},
	}
	if batched {
		r.sub = frame.Protocol
	}
	return r, nil
}

// startPlainSockets writes all the batches that wait to each connection, in
// one write, from as many goroutines as there are processors.
func startPlainSockets(options) (running, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // there is nothing to wait for
	if err != nil {
		return running{}, err
	}
	var mu sync.Mutex
	var conns []net.Conn
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
		}
	}()
	seq := uint64(0)
	workers := runtime.GOMAXPROCS(0)
	jobs := make([]chan []byte, workers)
	var done sync.WaitGroup
	for i := range jobs {
		jobs[i] = make(chan []byte, window/batch)
		done.Go(func() {
			var joined []byte
			for b := range jobs[i] {
				joined = append(joined[:0], b...)
				for range len(jobs[i]) {
					joined = append(joined, <-jobs[i]...)
				}
				mu.Lock()
				list := conns
				mu.Unlock()
				for k := i; k < len(list); k += workers {
					_, _ = list[k].Write(joined) // a client that left is not measured
				}
			}
		})
	}
	publish := func(objects [][]byte) {
		seq += uint64(len(objects))
		b := batchFrame(seq, objects...)
		for _, j := range jobs {
			j <- b
		}
	}
	g := gather(func(objects [][]byte) error {
		publish(objects)
		return nil
	})
	return running{
		url: "tcp://" + l.Addr().String() + "/",
		publish: func() error {
			publish(full)
			return nil
		},
		say: g.say,
		stop: func() {
			g.end()
			l.Close()
			mu.Lock()
			for _, c := range conns {
				c.Close()
			}
			mu.Unlock()
			for _, j := range jobs {
				close(j)
			}
			done.Wait()
		},
	}, nil
}

func startCentrifuge(options) (running, error) {
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelNone, ClientQueueMaxSize: 1 << 30})
	if err != nil {
		return running{}, err
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{UserID: "viewer"}}, nil
	})
	node.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(_ centrifuge.SubscribeEvent, answer centrifuge.SubscribeCallback) {
			answer(centrifuge.SubscribeReply{}, nil)
		})
	})
	if err := node.Run(); err != nil {
		return running{}, err
	}
	srv := httptest.NewServer(centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{CheckOrigin: func(*http.Request) bool { return true }}))
	data := json.RawMessage(object)
	return running{
		url:   "ws://" + srv.Listener.Addr().String() + "/",
		hello: []string{`{"id":1,"connect":{}}`, fmt.Sprintf(`{"id":2,"subscribe":{"channel":%q}}`, channel)},
		publish: func() error {
			for range batch {
				if _, err := node.Publish(channel, data); err != nil {
					return err
				}
			}
			return nil
		},
		say: func(object []byte) error {
			_, err := node.Publish(channel, object)
			return err
		},
		stop: func() {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			_ = node.Shutdown(ctx) // the figures are taken
			srv.CloseClientConnections()
			srv.Close()
		},
	}, nil
}

// startNaive is what one writes first: a channel and a goroutine for each
// client, one message in one frame in one write.
func startNaive(options) (running, error) {
	var mu sync.Mutex
	queues := map[chan []byte]bool{}
	ctx, cancel := context.WithCancel(context.Background())
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		queue := make(chan []byte, 256)
		mu.Lock()
		queues[queue] = true
		mu.Unlock()
		defer func() {
			mu.Lock()
			delete(queues, queue)
			mu.Unlock()
		}()
		gone := conn.CloseRead(ctx)
		for {
			select {
			case b := <-queue:
				if conn.Write(gone, websocket.MessageText, b) != nil {
					return
				}
			case <-gone.Done():
				return
			}
		}
	}))
	return running{
		url: "ws://" + strings.TrimPrefix(srv.URL, "http://") + "/",
		publish: func() error {
			mu.Lock()
			defer mu.Unlock()
			for range batch {
				for q := range queues {
					q <- object
				}
			}
			return nil
		},
		say: func(object []byte) error {
			mu.Lock()
			defer mu.Unlock()
			for q := range queues {
				q <- object
			}
			return nil
		},
		stop: func() {
			cancel()
			srv.CloseClientConnections()
			srv.Close()
		},
	}, nil
}
