package app_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"chatmood/internal/analysis"
	"chatmood/internal/loadtest"
	"chatmood/internal/source"
	"chatmood/internal/twitchsim"
)

// takeover bounds how long a channel may be read by nobody. On a machine with
// room it takes less than five seconds; the test prints the figures.
const takeover = 15 * time.Second

// TestNodesOnMongoDB runs three servers as processes of their own, with one
// NATS and one MongoDB, and breaks them in every way: killed, stopped for longer
// than a lease and woken again, restarted one after the other, cut off from NATS.
// Viewers of every node watch all the while and check that no message is missing
// or comes twice without being told; at the end each total is what the simulated
// Twitch sent, but for the gaps that the analysis itself tells.
// CHATMOOD_FAULT=long takes more viewers, more rounds and longer faults.
func TestNodesOnMongoDB(t *testing.T) {
	uri := mongoURI(t)
	long := os.Getenv("CHATMOOD_FAULT") == "long"
	rounds, viewers, asleep := 1, 10, 5*time.Second
	if long {
		rounds, viewers, asleep = 3, 165, 20*time.Second
	}
	c := newCrowd(t, uri, 6, oneNATS(t))
	watched := c.watch(viewers)
	c.survivors(2)
	for range rounds {
		c.fault("killed (kill -9)", func(n *process) {
			n.kill()
			_ = n.cmd.Wait() // it was killed
			n.dead = true
		}, (*process).start)
		c.fault(fmt.Sprintf("stopped for %v (SIGSTOP) and back", asleep), func(n *process) {
			n.signal(syscall.SIGSTOP)
		}, func(n *process) {
			n.signal(syscall.SIGCONT)
			n.ready()
		}, asleep)
		c.fault("cut off from NATS and back", func(n *process) { n.proxy.cut() }, func(n *process) {
			n.proxy.mend()
			n.ready()
		})
		c.rolling()
	}
	c.check()
	c.stopWatching()
	for i, result := range watched() {
		t.Logf("viewers of node %d: %d messages, %d connections, %d resumed, told of %d missed, %v", i, result.Deliveries, result.Connects, result.Resumed, result.Gaps, result.Closes)
		if result.Closes["4404"] != 0 {
			t.Errorf("viewers of node %d were sent away %d times from channels that are being analysed", i, result.Closes["4404"])
		}
		if result.Lost != 0 || result.Doubled != 0 || result.Deliveries == 0 {
			t.Errorf("viewers of node %d: %d messages, %d lost and %d doubled without being told; errors %v", i, result.Deliveries, result.Lost, result.Doubled, result.Errors)
		}
	}
}

// crowd is several servers, what they share, and who talks and watches.
type crowd struct {
	t        *testing.T
	sim      *twitchsim.Server
	nodes    []*process
	channels []string
	keys     jetstream.KeyValue
	js       jetstream.JetStream

	mu   sync.Mutex
	sent map[string][]time.Time // by channel
	// ahead is how far the clock of the node that began a channel's analysis is ahead.
	ahead map[string]time.Duration

	watchers []*survivor
	awake    time.Duration // the longest that one of them waited

	stopWatching, stopTalking func()
}

// wires are the NATS of some servers.
type wires struct {
	addrs  []string // of the NATS servers: the nodes take them in turns
	url    func(addr string) string
	env    []string // of the nodes
	client []nats.Option
}

// oneNATS is one NATS server.
func oneNATS(t *testing.T) wires {
	t.Helper()
	bus, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	bus.Start()
	t.Cleanup(func() { bus.Shutdown(); bus.WaitForShutdown() })
	if !bus.ReadyForConnections(20 * time.Second) {
		t.Fatal("NATS is not ready")
	}
	return wires{addrs: []string{bus.Addr().String()}, url: func(addr string) string { return "nats://" + addr }}
}

func newCrowd(t *testing.T, uri string, channels int, wires wires) *crowd {
	t.Helper()
	return newCrowdOn(t, uri, channels, wires, buildServer(t), [3]time.Duration{})
}

// buildServer makes the program that all nodes run.
func buildServer(t *testing.T, flags ...string) (bin string) {
	t.Helper()
	bin = filepath.Join(t.TempDir(), "chatmood")
	build := exec.Command("go", slices.Concat([]string{"build"}, flags, []string{"-o", bin, "chatmood/cmd/chatmood"})...)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the server: %v\n%s", err, out)
	}
	return bin
}

// newCrowdOn starts three nodes whose clocks are ahead by so much. Other than 0 needs
// the program of [skewedServer].
func newCrowdOn(t *testing.T, uri string, channels int, wires wires, bin string, ahead [3]time.Duration) *crowd {
	t.Helper()
	c := &crowd{t: t, sim: twitch(t, twitchsim.Config{}), sent: map[string][]time.Time{}, ahead: map[string]time.Duration{}}
	database := mongoDatabase(t, uri, "nodes")
	for i := range 3 {
		n := &process{crowd: c, index: i, ahead: ahead[i], proxy: newProxy(t, wires.addrs[i%len(wires.addrs)]), port: freePort(t), bin: bin}
		n.env = append(os.Environ(),
			fmt.Sprintf("PORT=%d", n.port), "HOST=127.0.0.1", "DATA_DIR="+t.TempDir(), "TWITCH_IRC_URL="+c.sim.URL(), "STOP_TIMEOUT=10s",
			"MONGO_URI="+uri, "MONGO_DBNAME="+database, "NATS_URL="+wires.url(n.proxy.addr()), "SECRET_KEY=a key that is long enough for tests, 123", "GUESTS=analyse",
			"MAX_SOCKETS_PER_ADDRESS=10000", "MAIL=off", "LOG_FORMAT=text", fmt.Sprintf("%s=%d", clockVariable, int(ahead[i].Seconds())))
		n.env = append(n.env, wires.env...)
		n.start()
		c.nodes = append(c.nodes, n)
		t.Cleanup(n.end)
	}
	conn, err := nats.Connect(wires.url(wires.addrs[0]), append(wires.client, nats.MaxReconnects(-1))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	c.js = js
	if c.keys, err = js.KeyValue(t.Context(), "chatmood_channels"); err != nil {
		t.Fatal(err)
	}
	for i := range channels {
		channel := fmt.Sprintf("channel_%d", i)
		c.channels = append(c.channels, channel)
		n := c.nodes[i%len(c.nodes)]
		c.eventually(channel+" is being analysed", func() bool {
			return n.post("/api/twitch/connect-guest", fmt.Sprintf(`{"url":"https://www.twitch.tv/%s"}`, channel)) == http.StatusOK
		})
	}
	c.settled()
	for _, channel := range c.channels {
		c.ahead[channel] = c.owner(channel).ahead
	}
	ctx, cancel := context.WithCancel(context.Background())
	var talking sync.WaitGroup
	for _, channel := range c.channels {
		talking.Go(func() { c.talk(ctx, channel) })
	}
	t.Cleanup(func() {
		cancel()
		talking.Wait()
	})
	c.stopTalking = func() {
		cancel()
		talking.Wait()
	}
	return c
}

// talk lets somebody write 20 messages a second.
func (c *crowd) talk(ctx context.Context, channel string) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		at := time.Now()
		if _, err := c.sim.Say(channel, fmt.Sprintf("chatter_%d", n%50), fmt.Sprintf("message number %d, nice", n)); err != nil {
			c.t.Errorf("writing in %s: %v", channel, err)
			return
		}
		c.mu.Lock()
		c.sent[channel] = append(c.sent[channel], at)
		c.mu.Unlock()
	}
}

// watch lets so many viewers watch on every node; the returned function waits
// for what they saw.
func (c *crowd) watch(viewers int) func() []*loadtest.Result {
	ctx, stop := context.WithCancel(context.Background())
	c.stopWatching = stop
	results := make([]*loadtest.Result, len(c.nodes))
	var watching, connected sync.WaitGroup
	for i, n := range c.nodes {
		target, err := url.Parse(n.url(""))
		if err != nil {
			c.t.Fatal(err)
		}
		connected.Add(1)
		var once sync.Once
		watching.Go(func() {
			defer once.Do(connected.Done)
			var err error
			results[i], err = loadtest.Run(ctx, loadtest.Config{
				Target: target, Channels: c.channels, Clients: viewers, Dialects: []loadtest.Dialect{loadtest.Batched, loadtest.Batched, loadtest.Plain}, Duration: time.Hour, Churn: 1,
				Told: func(p loadtest.Progress) {
					if p.Measuring > 0 {
						once.Do(connected.Done)
					}
				},
			})
			if err != nil {
				c.t.Errorf("watching node %d: %v", i, err)
				results[i] = &loadtest.Result{}
			}
		})
	}
	c.t.Cleanup(func() {
		stop()
		watching.Wait()
	})
	connected.Wait()
	return func() []*loadtest.Result {
		watching.Wait()
		return results
	}
}

// fault breaks the owner of the most channels, waits until others read all its
// channels, mends it and waits until all is well.
func (c *crowd) fault(what string, breakIt, mend func(*process), atLeast ...time.Duration) {
	c.t.Helper()
	c.faultOf(what, c.busiest(), breakIt, mend, atLeast...)
}

func (c *crowd) faultOf(what string, victim *process, breakIt, mend func(*process), atLeast ...time.Duration) {
	c.t.Helper()
	had := victim.owned()
	began := time.Now()
	breakIt(victim)
	var took []time.Duration
	for _, channel := range had {
		c.eventually(what+": "+channel+" is taken over", func() bool {
			owner := c.owner(channel)
			return owner != nil && owner != victim && owner.reads(channel)
		})
		took = append(took, time.Since(began).Round(time.Millisecond))
	}
	if len(took) == 0 {
		c.t.Fatalf("%s: node %d has no channels", what, victim.index)
	}
	c.t.Logf("%s: %d channels of node %d were read again after at most %v", what, len(had), victim.index, slices.Max(took))
	if slices.Max(took) > takeover {
		c.t.Errorf("%s: that is more than %v", what, takeover)
	}
	c.survived(what, victim)
	if len(atLeast) > 0 {
		time.Sleep(time.Until(began.Add(atLeast[0]))) // the fault's own length, not a wait for anything
	}
	mend(victim)
	c.settled()
	c.survived(what+", mended", nil)
}

// rolling restarts the nodes one after the other as an operator does.
func (c *crowd) rolling() {
	for _, n := range c.nodes {
		had := n.owned() // none, where the hash of so few channels puts none there
		began := time.Now()
		n.signal(syscall.SIGTERM)
		for _, channel := range had {
			c.eventually("restarting: "+channel+" is handed over", func() bool {
				owner := c.owner(channel)
				return owner != nil && owner != n && owner.reads(channel)
			})
		}
		c.t.Logf("restarting node %d: %d channels were read again after %v", n.index, len(had), time.Since(began).Round(time.Millisecond))
		if err := n.cmd.Wait(); err != nil {
			c.t.Errorf("node %d did not stop in order: %v\n%s", n.index, err, n.log.tail())
		}
		n.start()
		c.settled()
		c.survived(fmt.Sprintf("restart of node %d", n.index), nil)
	}
}

// settled waits until every channel is read by its owner, and every node says so.
func (c *crowd) settled() {
	c.t.Helper()
	for _, channel := range c.channels {
		c.eventually(channel+" is live on every node", func() bool {
			owner := c.owner(channel)
			if owner == nil || !owner.reads(channel) {
				return false
			}
			for _, n := range c.nodes {
				if s, ok := n.snapshot(channel); !ok || s.Status.State != source.Live {
					return false
				}
			}
			return true
		})
	}
}

// check compares what was counted with what was sent.
func (c *crowd) check() {
	c.t.Helper()
	c.stopTalking()
	// edge is how far a message may be from the end of a gap and be counted or not:
	// it was on its way.
	const edge = 300 * time.Millisecond
	for _, channel := range c.channels {
		// The analysis has the clock of the node that began it.
		sent := slices.Clone(c.sent[channel])
		for i := range sent {
			sent[i] = sent[i].Add(c.ahead[channel])
		}
		var last analysis.Snapshot
		// Counted everywhere, the same, and nothing comes any more.
		c.eventually("all of "+channel+" is counted", func() bool {
			totals := map[int]bool{}
			for _, n := range c.nodes {
				s, ok := n.snapshot(channel)
				if !ok {
					return false
				}
				totals[s.Counts.Total] = true
				last = s
			}
			if len(totals) != 1 {
				return false
			}
			least, _ := expected(sent, last.Gaps, edge)
			return last.Counts.Total >= least
		})
		least, most := expected(sent, last.Gaps, edge)
		c.t.Logf("%s: %d sent, %d counted, %d to %d expected outside of %d gaps", channel, len(sent), last.Counts.Total, least, most, len(last.Gaps))
		if last.Counts.Total < least || last.Counts.Total > most {
			c.t.Errorf("%s: %d were counted, want %d to %d; gaps %v", channel, last.Counts.Total, least, most, last.Gaps)
		}
	}
}

// expected tells how many of the messages sent must have been counted at least
// and at most, given the gaps that the analysis tells.
func expected(sent []time.Time, gaps []analysis.Gap, edge time.Duration) (least, most int) {
	for _, at := range sent {
		in, deep := false, false
		for _, g := range gaps {
			in = in || at.After(g.From.Add(-edge)) && at.Before(g.To.Add(edge))
			deep = deep || at.After(g.From.Add(edge)) && at.Before(g.To.Add(-edge))
		}
		if !in {
			least++
		}
		if !deep {
			most++
		}
	}
	return least, most
}

func (c *crowd) eventually(what string, ok func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			for _, n := range c.nodes {
				c.t.Logf("node %d:\n%s", n.index, n.log.tail())
			}
			c.t.Fatalf("waited in vain for: %s", what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// owner returns the node that a channel's key names; nil where it names none.
func (c *crowd) owner(channel string) *process {
	// An answer that was lost with a NATS server would be waited for for 5 s, which is none of the fault's.
	ctx, cancel := context.WithTimeout(c.t.Context(), 500*time.Millisecond)
	defer cancel()
	e, err := c.keys.Get(ctx, channel)
	if err != nil {
		return nil
	}
	var key struct{ Owner string }
	if json.Unmarshal(e.Value(), &key) != nil {
		return nil
	}
	for _, n := range c.nodes {
		if !n.dead && strings.Contains(key.Owner, fmt.Sprintf("-%d-", n.pid())) {
			return n
		}
	}
	return nil
}

// busiest returns the node that has the most channels.
func (c *crowd) busiest() *process {
	return slices.MaxFunc(c.nodes, func(a, b *process) int { return cmp.Compare(len(a.owned()), len(b.owned())) })
}

// process is one server.
type process struct {
	crowd *crowd
	index int
	bin   string
	port  int
	env   []string
	proxy *proxy
	cmd   *exec.Cmd
	log   *tail
	dead  bool          // killed: no channel can be its
	ahead time.Duration // of its clock
}

func (n *process) start() {
	n.crowd.t.Helper()
	n.dead = false
	n.log = &tail{}
	n.cmd = exec.Command(n.bin, "serve")
	n.cmd.Env, n.cmd.Dir = n.env, n.crowd.t.TempDir()
	n.cmd.Stdout, n.cmd.Stderr = n.log, n.log
	if err := n.cmd.Start(); err != nil {
		n.crowd.t.Fatal(err)
	}
	n.ready()
}

// ready waits until the server answers.
func (n *process) ready() {
	n.crowd.t.Helper()
	n.crowd.eventually(fmt.Sprintf("node %d answers", n.index), func() bool {
		_, err := n.get("/health/live")
		return err == nil
	})
}

func (n *process) pid() int { return n.cmd.Process.Pid }

func (n *process) signal(s os.Signal) {
	n.crowd.t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		n.crowd.t.Fatal(err)
	}
}

func (n *process) kill() { n.signal(syscall.SIGKILL) }

// end ends the server however it is.
func (n *process) end() {
	if n.cmd.ProcessState == nil {
		_ = n.cmd.Process.Kill() // it may have ended
		_ = n.cmd.Wait()         // killed
	}
}

func (n *process) url(path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", n.port, path) }

func (n *process) do(req *http.Request) ([]byte, error) {
	ctx, cancel := context.WithTimeout(n.crowd.t.Context(), 10*time.Second)
	defer cancel()
	req = req.WithContext(ctx)
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, data)
	}
	return data, err
}

func (n *process) get(path string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, n.url(path), nil)
	if err != nil {
		return nil, err
	}
	return n.do(req)
}

func (n *process) post(path, body string) int {
	req, err := http.NewRequest(http.MethodPost, n.url(path), strings.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("Content-Type", "application/json")
	if _, err := n.do(req); err != nil {
		n.crowd.t.Logf("%s: %v", path, err)
		return 0
	}
	return http.StatusOK
}

func (n *process) snapshot(channel string) (s analysis.Snapshot, ok bool) {
	data, err := n.get("/api/channels/" + channel)
	if err != nil || json.Unmarshal(data, &s) != nil {
		return s, false
	}
	return s, true
}

// reads reports whether this node reads a channel that it owns.
func (n *process) reads(channel string) bool {
	s, ok := n.snapshot(channel)
	return ok && s.Status.State == source.Live
}

func (n *process) owned() (list []string) {
	for _, channel := range n.crowd.channels {
		if n.crowd.owner(channel) == n {
			list = append(list, channel)
		}
	}
	return list
}

// tail keeps the end of what is written.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *tail) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *tail) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *tail) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buf.Bytes()
	return string(b[max(0, len(b)-4000):])
}

// proxy carries connections to NATS until it is cut: then bytes vanish.
type proxy struct {
	t        *testing.T
	listener net.Listener
	to       string

	mu     sync.Mutex
	isCut  bool
	conns  map[net.Conn]bool
	trap   func([]byte) bool // what it is cut at; nil: nothing
	sprung chan struct{}     // closed when that came
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, listener: l, to: to, conns: map[net.Conn]bool{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			p.add(in, out)
			running.Go(func() { p.carry(out, in) })
			running.Go(func() { p.carry(in, out) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.mend()
		p.closeAll()
		running.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) add(in, out net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[in], p.conns[out] = true, true
}

// carry copies until either side ends. While the proxy is cut, what comes is
// thrown away, as a network does that drops packets.
func (p *proxy) carry(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		k, err := from.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		if p.trap != nil && p.trap(buf[:k]) {
			p.isCut, p.trap = true, nil
			close(p.sprung)
		}
		cut := p.isCut
		p.mu.Unlock()
		if cut {
			continue
		}
		if _, err := to.Write(buf[:k]); err != nil {
			return
		}
	}
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.isCut = true
}

// cutAt cuts it when something comes, which does not get through. The channel is
// closed then.
func (p *proxy) cutAt(trap func([]byte) bool) (sprung <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trap, p.sprung = trap, make(chan struct{})
	return p.sprung
}

// mend lets new connections through; the old ones have lost bytes and end.
func (p *proxy) mend() {
	p.mu.Lock()
	p.isCut = false
	p.mu.Unlock()
	p.closeAll()
}

func (p *proxy) closeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
	}
	clear(p.conns)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
