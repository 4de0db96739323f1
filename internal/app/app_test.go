package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"chatmood/internal/analysis"
	"chatmood/internal/app"
	"chatmood/internal/chat"
	"chatmood/internal/config"
	"chatmood/internal/sentiment"
	"chatmood/internal/source"
	"chatmood/internal/source/irc"
	"chatmood/internal/twitchsim"
)

// twitch starts a simulated Twitch that says only what the test asks for.
func twitch(t *testing.T, cfg twitchsim.Config) *twitchsim.Server {
	t.Helper()
	cfg.Listen, cfg.AnyChannel, cfg.Quiet, cfg.JoinDelay = "127.0.0.1:0", true, true, -1
	cfg.Channels = []string{"alpha", "beta"}
	sim := twitchsim.New(cfg)
	if err := sim.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("simulator: %v", err)
		}
	})
	return sim
}

// server is the whole product, reading from a simulator.
type server struct {
	t    *testing.T
	app  *app.App
	stop func()
}

// quick makes the reader notice and mend faults fast enough for a test.
var quick = irc.Timing{
	NewConn: time.Millisecond, JoinAnswer: 500 * time.Millisecond, RetryFailed: time.Minute, Idle: 500 * time.Millisecond,
	Pong: time.Second, Overlap: 100 * time.Millisecond, Backoff: []time.Duration{0, 20 * time.Millisecond, 50 * time.Millisecond},
}

func serve(t *testing.T, sim *twitchsim.Server, dir string) *server {
	t.Helper()
	return serveWith(t, sim, map[string]string{"DATA_DIR": dir})
}

func serveWith(t *testing.T, sim *twitchsim.Server, more map[string]string) *server {
	t.Helper()
	return serveOptions(t, sim, more, app.Options{})
}

// serveOptions is serveWith with options of the test's own.
func serveOptions(t *testing.T, sim *twitchsim.Server, more map[string]string, opts app.Options) *server {
	t.Helper()
	env := map[string]string{"PORT": "0", "TWITCH_IRC_URL": sim.URL(), "STOP_TIMEOUT": "5s"}
	maps.Copy(env, more)
	cfg, err := config.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, "")
	if err != nil {
		t.Fatal(err)
	}
	opts.Config, opts.Version, opts.Timing = cfg, "test", quick
	a, err := app.New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	s := &server{t: t, app: a}
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the server ended with: %v", err)
			}
		case <-time.After(15 * time.Second):
			t.Error("the server did not stop in time")
		}
	}
	t.Cleanup(s.stop)
	return s
}

func (s *server) get(path string, into any) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.app.URL()+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(req, into)
}

func (s *server) post(path, body string, into any) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.app.URL()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return s.do(req, into)
}

func (s *server) do(req *http.Request, into any) int {
	s.t.Helper()
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if into != nil && res.StatusCode < 300 {
		if err := json.Unmarshal(data, into); err != nil {
			s.t.Fatalf("%s %s: %v in %s", req.Method, req.URL.Path, err, data)
		}
	}
	return res.StatusCode
}

// connect starts an analysis as a browser would, waiting until the server is up.
func (s *server) connect(sim *twitchsim.Server, channel string) {
	s.t.Helper()
	s.eventually("connect to "+channel, func() bool {
		return s.post("/api/twitch/connect", fmt.Sprintf(`{"url":"https://www.twitch.tv/%s"}`, strings.ToUpper(channel)), nil) == http.StatusOK
	})
	s.eventually(channel+" is live", func() bool { return s.snapshot(channel).Status.State == source.Live })
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	if err := sim.WaitReaders(ctx, channel, 1); err != nil {
		s.t.Fatal(err)
	}
}

func (s *server) snapshot(channel string) (snap analysis.Snapshot) {
	s.t.Helper()
	s.get("/api/channels/"+channel, &snap)
	return snap
}

func (s *server) eventually(what string, ok func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain for: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// watcher is a client of the batched dialect.
type watcher struct {
	messages map[string]string // label by id
	doubled  int
	gaps     int
	frames   map[string]int
}

// watch collects frames until enough says so.
func (s *server) watch(channel string, enough func(*watcher) bool) <-chan *watcher {
	s.t.Helper()
	url := strings.Replace(s.app.URL(), "http", "ws", 1) + "/ws/chat/" + channel
	conn, _, err := websocket.Dial(s.t.Context(), url, &websocket.DialOptions{Subprotocols: []string{"chatmood.v1"}})
	if err != nil {
		s.t.Fatal(err)
	}
	conn.SetReadLimit(8 << 20)
	w := &watcher{messages: map[string]string{}, frames: map[string]int{}}
	ready := make(chan struct{})
	result := make(chan *watcher, 1)
	go func() {
		defer conn.CloseNow()
		defer func() { result <- w }()
		ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
		defer cancel()
		for !enough(w) {
			_, data, err := conn.Read(ctx)
			if err != nil {
				s.t.Errorf("reading frames: %v", err)
				return
			}
			var f struct {
				Type   string
				M      []struct{ ID, L string }
				Recent []struct{ ID, L string }
			}
			if err := json.Unmarshal(data, &f); err != nil {
				s.t.Errorf("frame %s: %v", data, err)
				return
			}
			w.frames[f.Type]++
			for _, m := range append(f.M, f.Recent...) {
				if _, ok := w.messages[m.ID]; ok {
					w.doubled++
				}
				w.messages[m.ID] = m.L
			}
			switch f.Type {
			case "hello":
				close(ready)
			case "gap":
				w.gaps++
			}
		}
	}()
	select {
	case <-ready:
	case <-time.After(10 * time.Second):
		s.t.Fatal("no hello")
	}
	return result
}

// Every message that the simulator sends is counted once, judged as the engine
// judges it, and reaches a viewer once.
func TestEndToEnd(t *testing.T) {
	rec := &twitchsim.Recorder{}
	sim := twitch(t, twitchsim.Config{Observer: rec.Observe})
	s := serve(t, sim, t.TempDir())
	s.connect(sim, "alpha")
	const n = 3000
	var want atomic.Int64 // messages, once it is known how many
	result := s.watch("alpha", func(w *watcher) bool {
		n := int(want.Load())
		return n > 0 && len(w.messages) >= n && w.frames["stats"] > 0
	})
	if err := sim.Chatter("alpha", n); err != nil {
		t.Fatal(err)
	}
	sent := sim.Stats("alpha")
	if sent.Messages != n {
		t.Fatalf("the simulator sent %d messages, want %d", sent.Messages, n)
	}
	s.eventually("all are counted", func() bool {
		c := s.snapshot("alpha").Counts
		return c.Total+c.Deleted+c.Bots+c.Commands+c.Mirrored >= n
	})
	// Words that somebody adds to a subscription or announcement are messages
	// too, though Twitch sends them as notices.
	var d irc.Decoder
	var ev chat.Event
	var messages []chat.Message
	noticed := 0
	for _, line := range rec.Lines("alpha") {
		ok, err := d.Decode(line, &ev)
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		if !ok || (ev.Kind != chat.KindMessage && ev.Kind != chat.KindNotice) || ev.Message.Text == "" {
			continue
		}
		if ev.Kind == chat.KindNotice {
			noticed++
		}
		m := ev.Message
		m.Emotes = slices.Clone(m.Emotes)
		messages = append(messages, m)
	}
	want.Store(int64(len(messages)))
	if len(messages) != n+noticed {
		t.Errorf("recorded %d messages, want %d", len(messages), n+noticed)
	}
	c := s.snapshot("alpha").Counts
	if c.Total+c.Deleted != n+noticed-sent.Bots-sent.Commands-sent.Mirrored || c.Bots != sent.Bots || c.Commands != sent.Commands || c.Mirrored != sent.Mirrored {
		t.Errorf("counted %+v, sent %+v", c, sent)
	}
	if c.Positive+c.Neutral+c.Negative != c.Total {
		t.Errorf("labels do not add up: %+v", c)
	}

	w := <-result
	if w.doubled != 0 || w.gaps != 0 {
		t.Errorf("the viewer saw %d messages twice and %d gaps", w.doubled, w.gaps)
	}
	// What the channel taught about a name, such as that of a raider, is not the engine's own judgement.
	var learned learnedList
	s.get("/api/channels/alpha/learned", &learned)
	taught := 0
	engine := sentiment.New()
	labels := map[sentiment.Label]string{sentiment.Positive: "p", sentiment.Neutral: "u", sentiment.Negative: "n"}
	for _, m := range messages {
		if learned.in(m.Text) {
			taught++
			continue
		}
		var score sentiment.Score
		engine.Score(&score, m.Text, m.Emotes)
		if got := w.messages[m.ID]; got != labels[score.Label] {
			t.Errorf("message %s (%q) arrived as %q, the engine says %q", m.ID, m.Text, got, labels[score.Label])
		}
	}
	if taught > len(messages)/20 {
		t.Errorf("%d of %d messages hold a name that the channel taught: too few are compared", taught, len(messages))
	}
	t.Logf("%d of %d messages hold a name that the channel taught", taught, len(messages))
}

// The reader's promise for each fault: chat goes on by itself, outages are
// gaps, nothing is counted twice.
func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		fault string
		heal  bool // the fault lasts until healed
		gap   bool // an outage must be told
		exact bool // nothing may be lost
		more  bool // the fault itself says things
	}{
		{fault: "drop", gap: true},
		{fault: "halfopen", gap: true},
		{fault: "reconnect", exact: true},
		{fault: "duplicate", heal: true, exact: true},
		{fault: "reorder", heal: true, exact: true},
		{fault: "split", heal: true, exact: true},
		{fault: "garbage", heal: true, more: true},
		{fault: "longline", heal: true, more: true},
		{fault: "lf", heal: true, exact: true},
		{fault: "slow=0.3", exact: true},
	} {
		t.Run(tc.fault, func(t *testing.T) {
			t.Parallel()
			sim := twitch(t, twitchsim.Config{})
			s := serve(t, sim, t.TempDir())
			s.connect(sim, "alpha")
			say := func(from, to int) {
				t.Helper()
				for i := from; i < to; i++ {
					if _, err := sim.Say("alpha", fmt.Sprint("viewer_", i%5), fmt.Sprint("message number ", i)); err != nil {
						t.Fatal(err)
					}
				}
			}
			count := func() int { return s.snapshot("alpha").Counts.Total }
			say(0, 50)
			s.eventually("the first messages are counted", func() bool { return count() == 50 })
			if err := sim.Fault(tc.fault); err != nil {
				t.Fatal(err)
			}
			say(50, 100)
			if tc.exact {
				s.eventually("all messages are counted despite the fault", func() bool { return count() == 100 })
			}
			sim.Heal()
			if tc.gap {
				s.eventually("the outage is a gap", func() bool { return len(s.snapshot("alpha").Gaps) == 1 })
				gap := s.snapshot("alpha").Gaps[0]
				if !gap.To.After(gap.From) || gap.Reason == "" {
					t.Errorf("gap is %+v", gap)
				}
			}
			s.eventually("the channel is live", func() bool { return s.snapshot("alpha").Status.State == source.Live })
			// The connection of before may still be in the simulator's list, so
			// chat is said until some of it arrives.
			before, next := count(), 100
			s.eventually("chat arrives again", func() bool {
				say(next, next+1)
				next++
				return count() > before
			})
			if !tc.gap {
				if gaps := s.snapshot("alpha").Gaps; len(gaps) != 0 {
					t.Errorf("gaps were told: %+v", gaps)
				}
			}
			if n := count(); n > next && !tc.more {
				t.Errorf("%d messages counted of %d", n, next)
			}
		})
	}
}

// A channel that Twitch does not have, or that it refuses, is told, and the
// others go on.
func TestRefusedChannels(t *testing.T) {
	sim := twitch(t, twitchsim.Config{})
	s := serve(t, sim, t.TempDir())
	s.connect(sim, "alpha")
	for channel, code := range map[string]string{"missing_one": "no_such_channel", "suspended_one": "suspended", "banned_one": "banned"} {
		if status := s.post("/api/twitch/connect", fmt.Sprintf(`{"url":"twitch.tv/%s"}`, channel), nil); status != http.StatusOK {
			t.Fatalf("connect: %d", status)
		}
		s.eventually(channel+" is told as failed", func() bool {
			st := s.snapshot(channel).Status
			return st.State == source.Failed && st.Code == code && st.Reason != ""
		})
	}
	if st := s.snapshot("alpha").Status; st.State != source.Live {
		t.Errorf("alpha is %+v", st)
	}
}

// An orderly stop loses nothing: the next start has the same counts, and the
// time between is a gap.
func TestRestart(t *testing.T) {
	s := restart(t, map[string]string{"DATA_DIR": t.TempDir()})
	if _, body := s.text("/metrics"); strings.Contains(body, "chatmood_mongo_") {
		t.Error("there are metrics of a MongoDB that is not used")
	}
}

// The same where the sessions are kept in MongoDB.
func TestRestartOnMongoDB(t *testing.T) {
	uri := mongoURI(t)
	dir, name := t.TempDir(), mongoDatabase(t, uri, "app")
	s := restart(t, map[string]string{"DATA_DIR": dir, "MONGO_URI": uri, "MONGO_DBNAME": name})
	if files, err := filepath.Glob(filepath.Join(dir, "*.db*")); err != nil || len(files) > 0 {
		t.Errorf("an embedded database was made: %v, %v", files, err)
	}
	if _, body := s.text("/health"); !strings.Contains(body, `"store"`) || strings.Contains(body, "degraded") {
		t.Errorf("health is %s", body)
	}
	if _, body := s.text("/metrics"); !strings.Contains(body, "chatmood_mongo_connections ") {
		t.Error("there are no metrics of MongoDB")
	}
}

func restart(t *testing.T, env map[string]string) *server {
	t.Helper()
	sim := twitch(t, twitchsim.Config{})
	s := serveWith(t, sim, env)
	s.connect(sim, "alpha")
	if err := sim.Chatter("alpha", 500); err != nil {
		t.Fatal(err)
	}
	var before analysis.Snapshot
	s.eventually("all are counted", func() bool {
		before = s.snapshot("alpha")
		c := before.Counts
		return c.Total+c.Deleted+c.Bots+c.Commands+c.Mirrored >= 500
	})
	s.stop()
	s = serveWith(t, sim, env)
	s.eventually("the analysis is live again", func() bool { return s.snapshot("alpha").Status.State == source.Live })
	after := s.snapshot("alpha")
	if after.ID != before.ID || after.Counts != before.Counts || after.Chatters.Distinct != before.Chatters.Distinct {
		t.Errorf("after the restart %+v, before %+v", after.Counts, before.Counts)
	}
	if len(after.Gaps) != 1 || after.Gaps[0].Reason != "restart" {
		t.Errorf("gaps are %+v", after.Gaps)
	}
	// Stopped by a person: it is a finished session now.
	if status := s.post("/api/twitch/disconnect", `{"channel":"alpha"}`, nil); status != http.StatusOK {
		t.Fatalf("disconnect: %d", status)
	}
	var list struct {
		Sessions []analysis.SessionInfo `json:"sessions"`
	}
	s.eventually("the session is finished", func() bool {
		s.get("/api/sessions", &list)
		return len(list.Sessions) == 1
	})
	if list.Sessions[0].ID != before.ID || list.Sessions[0].Counts.Total != before.Counts.Total {
		t.Errorf("finished as %+v", list.Sessions[0])
	}
	if status := s.get("/api/channels/alpha", nil); status != http.StatusNotFound {
		t.Errorf("a stopped channel answers %d", status)
	}
	return s
}

func (s *server) text(path string) (status int, body string) {
	s.t.Helper()
	res, err := http.Get(s.app.URL() + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

func TestNewFails(t *testing.T) {
	load := func(env map[string]string) *config.Config {
		cfg, err := config.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, "")
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		env  map[string]string
		want string
	}{
		"busy port": {map[string]string{"PORT": port}, "PORT"},
		"no folder": {map[string]string{"PORT": "0", "DATA_DIR": filepath.Join(file, "data")}, "DATA_DIR"},
		"no bus":    {map[string]string{"PORT": "0", "NATS_URL": "nats://127.0.0.1:1"}, "NATS_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, ok := tc.env["DATA_DIR"]; !ok {
				tc.env["DATA_DIR"] = t.TempDir()
			}
			a, err := app.New(t.Context(), app.Options{Config: load(tc.env)})
			if err == nil {
				a.Close()
				t.Fatal("it opened")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %q does not name %s", err, tc.want)
			}
		})
	}
}
