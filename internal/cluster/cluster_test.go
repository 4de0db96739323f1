package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"chatmood/internal/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what a test waits for; it ends as soon as that has happened.
const patience = 20 * time.Second

func natsServer(t *testing.T) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		t.Fatal("NATS is not ready")
	}
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	return s.ClientURL()
}

// store is what all nodes share: which analyses run.
type store struct {
	mu      sync.Mutex
	running map[string]int64  // fences by channel
	taker   map[string]string // who took the channel last
}

// gate lets bytes through, or holds them back, as a broken network does.
type gate struct {
	mu       sync.Mutex
	open     chan struct{} // closed while bytes may pass
	last     net.Conn
	swallows bool
}

func newGate() *gate {
	g := &gate{open: make(chan struct{})}
	close(g.open)
	return g
}

func (g *gate) shut() { g.mu.Lock(); g.open = make(chan struct{}); g.mu.Unlock() }
func (g *gate) lift() { g.mu.Lock(); close(g.open); g.mu.Unlock() }

// swallow lets what is sent vanish until lose, which ends the connection.
func (g *gate) swallow() { g.mu.Lock(); defer g.mu.Unlock(); g.swallows = true }
func (g *gate) lose()    { g.mu.Lock(); defer g.mu.Unlock(); g.swallows = false; g.last.Close() }

func (g *gate) pass() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

// Dial implements [nats.CustomDialer].
func (g *gate) Dial(network, address string) (net.Conn, error) {
	<-g.pass()
	conn, err := net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	g.last = conn
	g.mu.Unlock()
	return gated{conn, g}, nil
}

type gated struct {
	net.Conn
	g *gate
}

func (c gated) Write(b []byte) (int, error) {
	<-c.g.pass()
	c.g.mu.Lock()
	swallows := c.g.swallows
	c.g.mu.Unlock()
	if swallows {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// node is one of several in this process, and its work.
type node struct {
	*cluster.Node
	t     *testing.T
	name  string
	store *store
	gate  *gate
	conn  *nats.Conn
	stop  func() // ends Run

	mu        sync.Mutex
	has       map[string]int64 // fences by channel
	abandoned int
	suspended int
	fail      error // of Adopt
	joining   int
	most      int                      // of joining at a time
	stopped   []string                 // channels that it came to own and that were stopped
	discards  string                   // who wanted nothing kept of the last of them
	ahead     map[string]time.Duration // of the clocks of analyses that it came to own
	slow      bool                     // what it comes to own is being joined until read is called
}

var timing = cluster.Config{Beat: 100 * time.Millisecond, Lease: 700 * time.Millisecond, Dead: time.Second, Settle: 50 * time.Millisecond, Move: 10 * time.Millisecond, Tick: 20 * time.Millisecond}

func join(t *testing.T, url, name string, s *store) *node {
	t.Helper()
	n := newNode(t, url, name, s)
	n.run()
	return n
}

func newNode(t *testing.T, url, name string, s *store) *node {
	t.Helper()
	return newNodeAhead(t, url, name, s, 0)
}

// newNodeAhead is newNode with a clock that is wrong.
func newNodeAhead(t *testing.T, url, name string, s *store, ahead time.Duration) *node {
	t.Helper()
	n := &node{t: t, name: name, store: s, gate: newGate(), has: map[string]int64{}, ahead: map[string]time.Duration{}}
	var err error
	n.conn, err = nats.Connect(url, nats.SetCustomDialer(n.gate), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.FlusherTimeout(0))
	if err != nil {
		t.Fatal(err)
	}
	cfg := timing
	cfg.Conn, cfg.Name, cfg.Capacity, cfg.Work = n.conn, name, 1000, n
	cfg.Now = func() time.Time { return time.Now().Add(ahead) }
	if n.Node, err = cluster.Open(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	n.stop = func() {}
	return n
}

func (n *node) run() {
	t, name := n.t, n.name
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := n.Run(ctx); err != nil {
			t.Errorf("node %s: %v", name, err)
		}
	}()
	var once sync.Once
	n.stop = func() {
		once.Do(func() {
			cancel()
			<-done
		})
	}
	t.Cleanup(func() {
		select {
		case <-n.gate.pass():
		default:
			n.gate.lift()
		}
		n.stop()
		n.conn.Close()
	})
}

// kill ends a node as kill -9 does: nobody is told.
func (n *node) kill() {
	n.stop()
	n.conn.Close()
	n.mu.Lock()
	clear(n.has)
	n.mu.Unlock()
}

func (n *node) Running(context.Context) (list []string, highest int64, err error) {
	n.store.mu.Lock()
	defer n.store.mu.Unlock()
	for channel, fence := range n.store.running {
		list = append(list, channel)
		highest = max(highest, fence)
	}
	return list, highest, nil
}

func (n *node) Adopt(_ context.Context, grants []cluster.Grant) (ended []string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fail != nil {
		return nil, n.fail
	}
	n.store.mu.Lock()
	defer n.store.mu.Unlock()
	for _, g := range grants {
		fence, running := n.store.running[g.Channel]
		if !running {
			ended = append(ended, g.Channel)
			continue
		}
		// A node may take up again what it could not give away.
		if fence > g.Fence || fence == g.Fence && n.store.taker[g.Channel] != n.name {
			n.t.Errorf("%s took %s with fence %d after %s with %d", n.name, g.Channel, g.Fence, n.store.taker[g.Channel], fence)
		}
		n.store.running[g.Channel], n.store.taker[g.Channel] = g.Fence, n.name
		if !g.Stake.Stopped.IsZero() {
			delete(n.store.running, g.Channel)
			n.stopped = append(n.stopped, g.Channel)
			n.discards = g.Stake.Discards
			ended = append(ended, g.Channel)
			continue
		}
		n.has[g.Channel], n.ahead[g.Channel] = g.Fence, g.Stake.Ahead
		if n.slow {
			n.joining++
			n.most = max(n.most, n.joining)
		}
	}
	return ended, nil
}

func (n *node) HandOver(_ context.Context, channels []string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range channels {
		delete(n.has, c)
	}
	return nil
}

func (n *node) Abandon(channels []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.abandoned++
	if channels == nil {
		clear(n.has)
	}
	for _, c := range channels {
		delete(n.has, c)
	}
}

func (n *node) Suspended(yes bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if yes {
		n.suspended++
	}
}

func (n *node) Joining() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.joining
}

// read says that what is being joined is read from now on.
func (n *node) read() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.joining = 0
}

func (n *node) channels() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []string
	for c := range n.has {
		list = append(list, c)
	}
	return list
}

func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !f() {
		if time.Now().After(deadline) {
			t.Fatalf("it did not happen: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func seeded(n int) (*store, []string) {
	s := &store{running: map[string]int64{}, taker: map[string]string{}}
	var all []string
	for i := range n {
		name := fmt.Sprintf("channel_%02d", i)
		s.running[name] = 1
		all = append(all, name)
	}
	return s, all
}

// share reports whether the nodes have all channels, each one once.
func share(all []string, nodes ...*node) bool {
	var got []string
	for _, n := range nodes {
		got = append(got, n.channels()...)
	}
	slices.Sort(got)
	return slices.Equal(got, all)
}

// neverTwo watches that no channel ever has two nodes that may work on it.
func neverTwo(t *testing.T, nodes ...*node) {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			owners := map[string]string{}
			for _, n := range nodes {
				for _, c := range n.channels() {
					if !n.Valid() {
						continue
					}
					if other := owners[c]; other != "" {
						t.Errorf("%s and %s both work on %s", other, n.name, c)
						return
					}
					owners[c] = n.name
				}
			}
		}
	})
	t.Cleanup(func() {
		close(stop)
		wg.Wait()
	})
}

func TestOneNode(t *testing.T) {
	t.Parallel()
	s, all := seeded(20)
	n := join(t, natsServer(t), "one", s)
	<-n.Settled()
	if !share(all, n) {
		t.Errorf("after it settled the node has %v", n.channels())
	}
	if got := n.Channels(); !slices.Equal(got, all) {
		t.Errorf("channels %v", got)
	}
	if id, ok := n.Owner("channel_03"); !ok || id != n.ID() {
		t.Errorf("owner %q, %v", id, ok)
	}
	if _, ok := n.Owner("nobody"); ok {
		t.Error("a channel that nobody analyses has an owner")
	}
}

func TestNodesShareAndReplaceEachOther(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	s, all := seeded(40)
	a, b := join(t, url, "a", s), join(t, url, "b", s)
	neverTwo(t, a, b)
	eventually(t, "two nodes share the channels", func() bool { return share(all, a, b) && len(a.Members()) == 2 })

	c := join(t, url, "c", s)
	eventually(t, "a node that comes gets a share", func() bool { return len(c.channels()) >= 4 && share(all, a, b, c) })
	before := len(a.channels()) + len(c.channels())

	b.kill()
	eventually(t, "the others take what a killed node had", func() bool { return share(all, a, c) })
	if before == len(all) {
		t.Error("the killed node had nothing, so nothing was shown")
	}
	eventually(t, "it is gone from the members", func() bool { return len(a.Members()) == 2 })
}

func TestDrain(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	s, all := seeded(30)
	a := join(t, url, "a", s)
	eventually(t, "the first has all", func() bool { return share(all, a) })
	b := join(t, url, "b", s)
	eventually(t, "the second gets a share", func() bool { return len(b.channels()) > 5 && share(all, a, b) })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	a.Drain(ctx)
	if ctx.Err() != nil || !share(all, b) {
		t.Fatalf("after the drain the other has %d of %d, %v", len(b.channels()), len(all), ctx.Err())
	}
	if _, err := a.Acquire(t.Context(), "late", cluster.Stake{}); !errors.Is(err, cluster.ErrDraining) {
		t.Errorf("a draining node acquired a channel: %v", err)
	}
	a.stop()
	a.Leave(ctx)
	eventually(t, "it left", func() bool { return len(b.Members()) == 1 })
	b.Drain(ctx) // the last one hands nothing over
	if !share(all, b) {
		t.Error("the last node gave its channels to nobody")
	}
}

// TestOtherDatabase refuses a node that would miss what the others keep, as long
// as there are others.
func TestOtherDatabase(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	s, _ := seeded(1)
	a := join(t, url, "a", s)
	<-a.Settled()
	cfg := timing
	cfg.Conn, cfg.Name, cfg.Store, cfg.Capacity, cfg.Work = a.conn, "b", "another", 1, a
	if _, err := cluster.Open(t.Context(), cfg); !errors.Is(err, cluster.ErrStores) {
		t.Errorf("joining with another database: %v", err)
	}
	a.stop() // its key stays, and nobody renews it
	if _, err := cluster.Open(t.Context(), cfg); err != nil {
		t.Errorf("joining after the others died: %v", err)
	}
}

// TestSilence holds back what a node sends for so long that the others replace
// it: it stops by itself before they do, and comes back as a new one.
func TestSilence(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	s, all := seeded(20)
	a, b := join(t, url, "a", s), join(t, url, "b", s)
	neverTwo(t, a, b)
	eventually(t, "two nodes share the channels", func() bool { return share(all, a, b) && len(a.channels()) > 0 })
	id := a.ID()
	a.gate.shut()
	eventually(t, "it stops by itself", func() bool { return !a.Valid() })
	eventually(t, "the other has all", func() bool { return len(b.channels()) == len(all) })
	if _, err := a.Acquire(t.Context(), "late", cluster.Stake{}); !errors.Is(err, cluster.ErrAway) {
		t.Errorf("a node that is cut off acquired a channel: %v", err)
	}
	a.gate.lift()
	eventually(t, "it is back as another", func() bool { return a.Valid() && a.ID() != id && len(b.Members()) == 2 })
	eventually(t, "the channels are shared again", func() bool { return share(all, a, b) })
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.abandoned == 0 || a.suspended == 0 {
		t.Errorf("it was told to stop %d times, to abandon %d times", a.suspended, a.abandoned)
	}
}

func TestAcquire(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	s, _ := seeded(0)
	a, b := join(t, url, "a", s), join(t, url, "b", s)
	<-a.Settled()
	<-b.Settled()
	eventually(t, "they know each other", func() bool { return len(a.Members()) == 2 && len(b.Members()) == 2 })

	var wg sync.WaitGroup
	won := make(chan int64, 20)
	for _, n := range []*node{a, b} {
		for range 5 {
			wg.Go(func() {
				fence, err := n.Acquire(t.Context(), "somebody", cluster.Stake{Session: n.name})
				if err == nil {
					won <- fence
				} else if !errors.Is(err, cluster.ErrOwned) {
					t.Errorf("acquiring: %v", err)
				}
			})
		}
	}
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d of 10 acquired the channel", len(won))
	}
	first := <-won
	owner, other := a, b
	eventually(t, "both know whose it is", func() bool {
		x, ok := a.Owner("somebody")
		y, ok2 := b.Owner("somebody")
		return ok && ok2 && x != "" && x == y
	})
	if id, _ := a.Owner("somebody"); id == b.ID() {
		owner, other = b, a
	}

	// A new analysis begins while the end of the last is still being stored.
	owner.Ended("somebody", first)
	if _, ok := owner.Owner("somebody"); ok || len(owner.Channels()) != 0 {
		t.Error("an analysis that ended still has an owner")
	}
	if id, err := owner.Place("somebody"); err != nil || id != owner.ID() {
		t.Errorf("a channel whose end is being stored is placed on %q, %v", id, err)
	}
	second, err := owner.Acquire(t.Context(), "somebody", cluster.Stake{Session: "again"})
	if err != nil || second <= first {
		t.Fatalf("acquired again with fence %d after %d: %v", second, first, err)
	}
	owner.Release("somebody", first) // of the one before: it changes nothing
	if _, err := other.Acquire(t.Context(), "somebody", cluster.Stake{}); !errors.Is(err, cluster.ErrOwned) {
		t.Errorf("another acquired it: %v", err)
	}
	owner.Ended("somebody", second)
	owner.Release("somebody", second)
	eventually(t, "it is nobody's", func() bool { _, ok := other.Owner("somebody"); return !ok })
	third, err := other.Acquire(t.Context(), "somebody", cluster.Stake{})
	if err != nil || third <= second {
		t.Errorf("another acquires it with fence %d after %d: %v", third, second, err)
	}
	id, err := a.Place("anything")
	if err != nil || id != a.ID() && id != b.ID() {
		t.Errorf("placed on %q, %v", id, err)
	}
}

// TestAdoptLater fails at first, as a database does that is away, and finds an
// analysis that has ended.
func TestAdoptLater(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	s, all := seeded(5)
	a := join(t, url, "a", s)
	eventually(t, "it has all", func() bool { return share(all, a) })
	b := join(t, url, "b", s)
	b.mu.Lock()
	b.fail = errors.New("the database is away")
	b.mu.Unlock()
	eventually(t, "they know each other", func() bool { return len(a.Members()) == 2 })
	s.mu.Lock()
	delete(s.running, "channel_04")
	s.mu.Unlock()
	a.kill()
	eventually(t, "the other is alone", func() bool { return len(b.Members()) == 1 })
	b.mu.Lock()
	b.fail = nil
	b.mu.Unlock()
	eventually(t, "it has all that did not end", func() bool { return share(all[:4], b) })
	eventually(t, "what ended is nobody's", func() bool { _, ok := b.Owner("channel_04"); return !ok })
}

// TestStopOutlivesItsOwner stops an analysis at a node that dies before anything
// of that is stored: whoever takes the channel over ends it.
func TestStopOutlivesItsOwner(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	s, all := seeded(20)
	a, b := join(t, url, "a", s), join(t, url, "b", s)
	eventually(t, "two nodes share the channels", func() bool { return share(all, a, b) && len(a.channels()) > 0 && len(b.channels()) > 0 })
	channel := a.channels()[0]
	a.mu.Lock()
	fence := a.has[channel]
	delete(a.has, channel)
	a.mu.Unlock()
	if durable, err := a.Stop(t.Context(), channel, fence, time.Now(), "the user"); err != nil || !durable {
		t.Fatalf("stopping: %v, %v", durable, err)
	}
	if _, err := a.Stop(t.Context(), channel, fence, time.Now(), "the user"); !errors.Is(err, cluster.ErrAway) {
		t.Errorf("stopping again: %v", err)
	}
	for _, n := range []*node{a, b} {
		eventually(t, "nobody takes it for being analysed", func() bool {
			_, ok := n.Owner(channel)
			return !ok && !slices.Contains(n.Channels(), channel)
		})
		if id, err := n.Place(channel); err != nil || id != a.ID() {
			t.Errorf("a new analysis is placed on %q, %v while the end of the last is being stored", id, err)
		}
	}
	a.kill()
	eventually(t, "the other ends it", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return slices.Equal(b.stopped, []string{channel}) && b.discards == "the user"
	})
	eventually(t, "its key goes, and a new analysis may begin", func() bool {
		_, err := b.Acquire(t.Context(), channel, cluster.Stake{Session: "new"})
		return err == nil
	})
	if slices.Contains(b.channels(), channel) {
		t.Error("the analysis that was stopped goes on")
	}
}

// TestStopThenRelease stops an analysis and stores its end: its key goes.
func TestStopThenRelease(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	s, _ := seeded(0)
	a, b := join(t, url, "a", s), join(t, url, "b", s)
	<-a.Settled()
	<-b.Settled()
	first, err := a.Acquire(t.Context(), "somebody", cluster.Stake{Session: "one"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Stop(t.Context(), "somebody", first, time.Now(), ""); err != nil {
		t.Fatal(err)
	}
	second, err := a.Acquire(t.Context(), "somebody", cluster.Stake{Session: "two"})
	if err != nil || second <= first {
		t.Fatalf("acquired again with fence %d after %d: %v", second, first, err)
	}
	a.Release("somebody", first) // of the one before: it changes nothing
	eventually(t, "both know the new analysis", func() bool {
		x, ok := a.Owner("somebody")
		y, ok2 := b.Owner("somebody")
		return ok && ok2 && x == a.ID() && y == a.ID()
	})
	if _, err := a.Stop(t.Context(), "somebody", second, time.Now(), ""); err != nil {
		t.Fatal(err)
	}
	a.Release("somebody", second)
	eventually(t, "it is nobody's", func() bool {
		_, err := b.Acquire(t.Context(), "somebody", cluster.Stake{})
		return err == nil
	})
}

// TestBalanceCountsJoins lets a node come that joins slowly: it is not given more
// than it can join, and gets its share in the end.
func TestBalanceCountsJoins(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	s, all := seeded(60)
	a, b := join(t, url, "a", s), join(t, url, "b", s)
	eventually(t, "two nodes share the channels", func() bool { return share(all, a, b) && len(a.Members()) == 2 })
	c := newNode(t, url, "c", s)
	c.slow = true
	c.run()
	eventually(t, "it is given some", func() bool { return c.Joining() > 0 })
	// Names and ids are hashed: it gets 20 of 60 in the mean, and 8 or more all but always.
	eventually(t, "it has its share", func() bool {
		c.read()
		return len(c.channels()) >= 8 && share(all, a, b, c)
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	// Each of the others may give one at the same moment.
	if c.most > 3 {
		t.Errorf("%d channels were being joined at a time", c.most)
	}
}

// TestAllAway cuts all nodes off for longer than a node may be silent: when the
// line is back nobody takes anything from anybody.
func TestAllAway(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	s, all := seeded(30)
	nodes := []*node{join(t, url, "a", s), join(t, url, "b", s), join(t, url, "c", s)}
	neverTwo(t, nodes...)
	eventually(t, "they share the channels", func() bool {
		for _, n := range nodes {
			if len(n.Members()) != 3 || len(n.channels()) == 0 {
				return false
			}
		}
		return share(all, nodes...)
	})
	ids := make([]string, len(nodes))
	for i, n := range nodes {
		ids[i] = n.ID()
		n.gate.shut()
	}
	eventually(t, "all stop by themselves", func() bool { return !nodes[0].Valid() && !nodes[1].Valid() && !nodes[2].Valid() })
	time.Sleep(timing.Dead) // so long that each would be taken for dead
	for _, n := range nodes {
		n.gate.lift()
		eventually(t, "its leases hold again", n.Valid) // one after the other, as luck has it
	}
	eventually(t, "they know each other", func() bool {
		for _, n := range nodes {
			if len(n.Members()) != 3 {
				return false
			}
		}
		return share(all, nodes...)
	})
	for i, n := range nodes {
		n.mu.Lock()
		abandoned := n.abandoned
		n.mu.Unlock()
		if n.ID() != ids[i] || abandoned != 0 {
			t.Errorf("%s was taken out: it is %s now, was %s, abandoned %d times", n.name, n.ID(), ids[i], abandoned)
		}
	}
}

// TestAnalysesKeepTheirClock lets a channel pass between nodes whose clocks differ,
// by deaths and in order: each learns how far the clock that it began with is ahead
// of its own.
func TestAnalysesKeepTheirClock(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	s, _ := seeded(0)
	clocks := map[string]time.Duration{"ahead": time.Minute, "right": 0, "behind": -time.Minute}
	nodes := map[string]*node{}
	for name, ahead := range clocks {
		nodes[name] = newNodeAhead(t, url, name, s, ahead)
		nodes[name].run()
	}
	const channel = "somebody"
	owner := func() *node {
		for _, n := range nodes {
			if slices.Contains(n.channels(), channel) {
				return n
			}
		}
		return nil
	}
	for _, n := range nodes {
		eventually(t, "the nodes know each other's clocks", func() bool { return len(n.Members()) == 3 && n.Skew() > 59*time.Second })
	}
	first := nodes["ahead"]
	fence, err := first.Acquire(t.Context(), channel, cluster.Stake{Session: "one"})
	if err != nil {
		t.Fatal(err)
	}
	first.mu.Lock()
	s.mu.Lock()
	s.running[channel], first.has[channel] = fence, fence
	s.mu.Unlock()
	first.mu.Unlock()
	check := func(what string) {
		t.Helper()
		eventually(t, what, func() bool { return owner() != nil })
		n := owner()
		n.mu.Lock()
		got := n.ahead[channel]
		n.mu.Unlock()
		if want := clocks["ahead"] - clocks[n.name]; (got - want).Abs() > time.Second {
			t.Errorf("%s: for %s the clock of the analysis is ahead by %v, want %v", what, n.name, got, want)
		}
	}
	first.kill()
	delete(nodes, "ahead")
	check("the first owner died")
	second := owner()
	second.Drain(t.Context())
	second.kill()
	delete(nodes, second.name)
	check("the second owner handed it over")
	owner().kill()
	clear(nodes)
	clocks["late"] = 30 * time.Second
	nodes["late"] = newNodeAhead(t, url, "late", s, clocks["late"])
	nodes["late"].run()
	check("all owners had gone before the next came")
}

// TestLostWatch loses what is asked of NATS while a watch is begun anew, as with a NATS
// server that dies: the node asks again, and sees what happens.
func TestLostWatch(t *testing.T) {
	t.Parallel()
	url := natsServer(t)
	s, _ := seeded(0)
	a, b := join(t, url, "a", s), join(t, url, "b", s)
	for _, n := range []*node{a, b} {
		eventually(t, "both are there", func() bool { return len(n.Members()) == 2 })
	}
	b.gate.swallow()
	before := b.conn.Stats().OutMsgs
	b.Rewatch()
	eventually(t, "it is asked for", func() bool { return b.conn.Stats().OutMsgs >= before+2 })
	b.gate.lose()
	fence, err := a.Acquire(t.Context(), "somebody", cluster.Stake{Session: "one"})
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.running["somebody"] = fence
	s.mu.Unlock()
	eventually(t, "the other sees what happens", func() bool {
		_, ok := b.Owner("somebody")
		return ok && len(b.Members()) == 2
	})
}
