// Package cluster makes any number of identical processes share the channels:
// who is there, who owns which channel, and what happens when one goes. It
// decides nothing by itself that NATS could: nodes and channels are keys in two
// JetStream key-value buckets, and every step is a conditional write there.
//
// A node lives as long as it renews its key, about once a second. Others that see
// no renewal for Config.Dead remove the key, on the condition that it is still
// the one they saw: then the node can never renew it again, and its channels are
// free. The node itself stops what owners do when Config.Lease has passed since
// it sent the last renewal that worked, which is earlier than anybody can have
// removed it. Each measures on a clock of its own that only runs forward; leases
// compare no clocks. What date it is each node tells with its signs of life, so
// that an analysis keeps the clock that it began with.
//
// A channel belongs to the node that its key names. The number of the write that
// said so, the fence, grows with every owner: viewers ignore what an owner
// before says, and the store refuses what it writes.
package cluster

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// Errors of a [Node].
var (
	// ErrAway: the node has not joined the others, or lost them.
	ErrAway = errors.New("the link between the servers is down")
	// ErrOwned: another node has the channel.
	ErrOwned = errors.New("another server has the channel")
	// ErrFull: no node has room for another channel.
	ErrFull = errors.New("no server has room for another channel")
	// ErrDraining: this node is about to stop.
	ErrDraining = errors.New("the server is stopping")
)

// openTimeout bounds how long NATS may take to make the buckets.
const openTimeout = 10 * time.Second

// Names of the buckets.
const (
	nodesBucket    = "chatmood_nodes"
	channelsBucket = "chatmood_channels"
	// baseKey holds, among the nodes, the number that fences count from.
	baseKey = "base"
	// nodePrefix begins the keys of nodes.
	nodePrefix = "node."
)

// Stake is the analysis that a channel's key stands for.
type Stake struct {
	Session string    `json:"session,omitempty"` // id; "" where it was not known
	Started time.Time `json:"started,omitzero"`
	// Stopped is when somebody ended it; zero: nobody did. Whoever comes to own
	// the channel keeps what there is of the analysis instead of going on.
	Stopped time.Time `json:"stopped,omitzero"`
	// Discards is who ended it and wants nothing kept; "": nobody.
	Discards string `json:"discards,omitempty"`
	// Ahead is how far the clock of the analysis is ahead of its owner's: it is
	// that of its first owner, as far as the clocks of the owners since are known.
	Ahead time.Duration `json:"ahead,omitempty"`
}

// Grant is a channel that this node came to own.
type Grant struct {
	Channel string
	Fence   int64
	Stake   Stake
}

// Work is what a node does with its channels. Adopt and HandOver are called one
// at a time, the others at any moment.
type Work interface {
	// Running lists the channels whose analyses were not ended, for all nodes,
	// and the highest fence that any of them has.
	Running(ctx context.Context) (channels []string, highest int64, err error)
	// Adopt goes on with analyses, and ends those that were stopped. ended are
	// the latter, and those that turn out to have ended.
	// With an error nothing was adopted, or some of it; it is called again.
	Adopt(ctx context.Context, grants []Grant) (ended []string, err error)
	// HandOver stops channels here and keeps all that the next owner needs. With
	// an error they are still being analysed.
	HandOver(ctx context.Context, channels []string) error
	// Abandon stops channels that are others' now, at once, keeping nothing; nil:
	// all.
	Abandon(channels []string)
	// Suspended tells that the leases lapsed, and that they hold again.
	Suspended(yes bool)
	// Joining counts the channels here that are not being read yet. A node that
	// has some is given no more until they are.
	Joining() int
}

// Config is what a node is made of.
type Config struct {
	Conn *nats.Conn
	// Alone: nobody else can reach the server of Conn. Then leases never lapse.
	Alone    bool
	Name     string // of this process, no other's; letters, digits, - and _
	Store    string // which database it has: all nodes must have the same
	Capacity int    // channels
	Work     Work
	Log      *slog.Logger     // nil: nothing is logged
	Now      func() time.Time // what the others are told of this node's clock; nil: time.Now

	// Zero values mean the defaults given here.
	Beat   time.Duration // between renewals; 800 ms
	Lease  time.Duration // for which a renewal lets an owner work, less than Dead; 2.5 s
	Dead   time.Duration // without renewals after which a node is removed; 3 s
	Settle time.Duration // a node that finds nobody waits for others before it takes channels; 1 s
	Move   time.Duration // between channels given to a node that came; 500 ms
	Tick   time.Duration // how often all this is looked at; 200 ms
}

func (c *Config) setDefaults() {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&c.Beat, 800 * time.Millisecond},
		{&c.Lease, 2500 * time.Millisecond},
		{&c.Dead, 3 * time.Second},
		{&c.Settle, time.Second},
		{&c.Move, 500 * time.Millisecond},
		{&c.Tick, 200 * time.Millisecond},
	} {
		if *d.value <= 0 {
			*d.value = d.standard
		}
	}
}

// answerTime is how long NATS may take for one answer: two renewals, so that an
// answer that was lost with a NATS server costs no lease.
func (c *Config) answerTime() time.Duration { return 2 * c.Beat }

// Member is a node that lives.
type Member struct {
	ID       string `json:"-"` // of this life of the process
	Store    string `json:"store,omitempty"`
	Capacity int    `json:"capacity"`
	Draining bool   `json:"draining,omitempty"`
	Joining  int    `json:"joining,omitempty"` // channels that it owns and does not read yet
	Channels int    `json:"-"`                 // that it owns
	// Clock is what its clock said when it gave this sign of life.
	Clock time.Time `json:"clock,omitzero"`
}

// member is a Member and when it was last heard of.
type member struct {
	Member
	rev  uint64
	seen time.Time // when this revision was first seen here
}

// entry is a channel's key.
type entry struct {
	Owner string `json:"owner,omitempty"` // id of a node; "": nobody's
	Last  string `json:"last,omitempty"`  // id of the owner before, whose clock Stake.Ahead is about where nobody owns it
	// Offset is by how much the clock of that owner is ahead of NATS' clock; nil:
	// that was not known. It tells those who never heard of the owner.
	Offset *time.Duration `json:"offset,omitempty"`
	Stake
	rev   uint64
	noted time.Time // when this revision was first seen here
}

// ending is a channel whose analysis ended, and whose key is still there.
type ending struct {
	rev   uint64 // of the key
	fence int64  // of the owner
	done  bool   // all is stored: the key may go
}

// view is what is known of nodes and channels.
type view struct {
	members  map[string]*member
	channels map[string]*entry
}

func newView() view {
	return view{make(map[string]*member), make(map[string]*entry)}
}

// Node is this process among the others. It is safe for concurrent use.
type Node struct {
	cfg  Config
	log  *slog.Logger
	js   jetstream.JetStream
	born time.Time // deadlines count from it

	settled   chan struct{}
	settle    sync.Once
	woken     chan struct{}
	rewatch   chan struct{}
	deadline  atomic.Int64 // ns since born until which this node may work; 0: it may not
	back      atomic.Int64 // ns since born when it last came to be allowed to
	suspended atomic.Bool
	buckets   atomic.Pointer[buckets]

	renewing sync.Mutex // held while this node's key is written
	jobs     sync.Mutex // held while channels are taken or given away

	mu       sync.Mutex // guards what follows
	id       string     // of this life; "" before joining
	rev      uint64     // of this node's key
	base     int64
	draining bool
	view                      // of the others, as last read whole
	complete bool             // there is one
	held     map[string]int64 // fences of the channels that are being analysed here
	starting map[string]bool  // being acquired by Acquire
	ending   map[string]*ending
	crowd    map[string]bool // members when channels were last balanced
	clocks   clocks          // of the others, by this node's
	own      clockOf         // this node's, by that of NATS
	unseen   int             // renewals since the watch told of one
	// rewatched is when that last let the watch be begun anew.
	rewatched time.Time
}

// buckets are where the keys of nodes and of channels are.
type buckets struct{ nodes, keys jetstream.KeyValue }

// Open makes a node and the buckets, where they are missing. See [Node.Run].
func Open(ctx context.Context, cfg Config) (*Node, error) {
	cfg.setDefaults()
	n := &Node{
		cfg: cfg, log: cfg.Log, born: time.Now(),
		settled: make(chan struct{}), woken: make(chan struct{}, 1), rewatch: make(chan struct{}, 1),
		view: newView(), held: make(map[string]int64), starting: make(map[string]bool), ending: make(map[string]*ending),
		clocks: make(clocks),
	}
	var err error
	// An answer that is lost with a NATS server is not waited for longer than this:
	// what was asked is asked again.
	if n.js, err = jetstream.New(cfg.Conn, jetstream.WithDefaultTimeout(cfg.answerTime())); err != nil {
		return nil, fmt.Errorf("using JetStream: %w", err)
	}
	if err := n.openBuckets(ctx); err != nil {
		return nil, err
	}
	if err := n.checkStores(ctx); err != nil {
		return nil, err
	}
	return n, nil
}

// ErrStores means that the nodes keep their analyses in different databases.
var ErrStores = errors.New("another server on the NATS of NATS_URL keeps everything in another database. Several servers need the same MONGO_URI and MONGO_DBNAME; otherwise give this one a NATS of its own, or unset NATS_URL")

// checkStores refuses to join nodes that have another database: each would miss
// what the others keep. A key that is left of a dead node is none to mind.
func (n *Node) checkStores(ctx context.Context) error {
	if n.cfg.Alone {
		return nil
	}
	before, err := n.strangers(ctx)
	if err != nil || len(before) == 0 {
		return err
	}
	if !wait(ctx, n.cfg.Dead) {
		return ctx.Err()
	}
	after, err := n.strangers(ctx)
	if err != nil {
		return err
	}
	for key, rev := range after {
		if before[key] != rev {
			return ErrStores
		}
	}
	return nil
}

// strangers lists the keys of nodes with another database and their revisions.
func (n *Node) strangers(ctx context.Context) (map[string]uint64, error) {
	watcher, err := n.buckets.Load().nodes.Watch(ctx, nodePrefix+"*", jetstream.IgnoreDeletes())
	if err != nil {
		return nil, fmt.Errorf("reading which servers there are: %w", err)
	}
	defer func() { _ = watcher.Stop() }() // it was only read from
	found := make(map[string]uint64)
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case kve, ok := <-watcher.Updates():
			if !ok || kve == nil {
				return found, nil
			}
			var m Member
			if json.Unmarshal(kve.Value(), &m) == nil && m.Store != n.cfg.Store {
				found[kve.Key()] = kve.Revision()
			}
		}
	}
}

// NameOf returns the Config.Name of the node with an id.
func NameOf(id string) string {
	if i := strings.LastIndexByte(id, '-'); i >= 0 {
		return id[:i]
	}
	return id
}

// openBuckets makes the buckets. Keys of channels outlive a restart of NATS; a
// cluster of NATS servers keeps three copies.
func (n *Node) openBuckets(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	var open [2]jetstream.KeyValue
	for i, name := range []string{nodesBucket, channelsBucket} {
		cfg := jetstream.KeyValueConfig{Bucket: name, Storage: jetstream.FileStorage, History: 1, Replicas: 1}
		if n.cfg.Alone {
			cfg.Storage = jetstream.MemoryStorage
		} else if n.cfg.Conn.ConnectedClusterName() != "" {
			cfg.Replicas = 3
		}
		kv, err := n.js.KeyValue(ctx, name)
		if errors.Is(err, jetstream.ErrBucketNotFound) {
			kv, err = n.js.CreateKeyValue(ctx, cfg)
			if err != nil && cfg.Replicas > 1 && ctx.Err() == nil {
				cfg.Replicas = 1 // a cluster of fewer servers
				kv, err = n.js.CreateKeyValue(ctx, cfg)
			}
			if errors.Is(err, jetstream.ErrBucketExists) {
				kv, err = n.js.KeyValue(ctx, name) // another node was first
			}
		}
		if err != nil {
			if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) || errors.Is(err, nats.ErrNoResponders) {
				return fmt.Errorf("the NATS server of NATS_URL has no JetStream, which several servers need to share their channels; start it with -js (nats-server -js -sd FOLDER): %w", err)
			}
			return fmt.Errorf("opening the key-value bucket %s: %w", name, err)
		}
		open[i] = kv
	}
	n.buckets.Store(&buckets{open[0], open[1]})
	return nil
}

// Run takes part until ctx ends. It comes back by itself when the others removed
// this node, or NATS lost everything.
func (n *Node) Run(ctx context.Context) error {
	defer n.deadline.Store(0)
	for ctx.Err() == nil {
		err := n.life(ctx)
		if ctx.Err() != nil {
			break
		}
		n.deadline.Store(0)
		n.cfg.Work.Abandon(nil)
		n.mu.Lock()
		n.id, n.rev = "", 0
		clear(n.held)
		clear(n.ending)
		n.view, n.complete = newView(), false
		n.mu.Unlock()
		if errors.Is(err, errEvicted) {
			n.log.Warn("this server was taken out by the others; it joins them anew", "error", err)
		} else {
			n.log.Warn("this server is not among the others; it is tried again", "error", err)
			if !wait(ctx, n.cfg.Beat) {
				break
			}
		}
		if err := n.openBuckets(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("the other servers cannot be reached", "error", err)
		}
	}
	return nil
}

// unseenMost renewals in a row may go unnoticed by the watch. A NATS that is slow is
// not to be asked for another watch, which costs it more, than each rewatchLeast.
const (
	unseenMost   = 1
	rewatchLeast = 10 * time.Second
)

// errEvicted ends a life.
var errEvicted = errors.New("the others saw no sign of life for too long")

// life is one membership, from joining until this node is removed.
func (n *Node) life(ctx context.Context) error {
	if err := n.join(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return n.beat(ctx) })
	group.Go(func() error { return n.watch(ctx) })
	group.Go(func() error { return n.work(ctx) })
	return group.Wait()
}

// join puts this node's key beside the others'.
func (n *Node) join(ctx context.Context) error {
	var salt [6]byte
	rand.Read(salt[:]) // never fails (crypto/rand)
	id := n.cfg.Name + "-" + hex.EncodeToString(salt[:])
	if err := n.readBase(ctx); err != nil {
		return err
	}
	sent := time.Now()
	rev, err := n.buckets.Load().nodes.Create(ctx, nodePrefix+id, n.info())
	if err != nil {
		return fmt.Errorf("joining the other servers: %w", err)
	}
	n.mu.Lock()
	n.id, n.rev = id, rev
	n.crowd = nil
	n.mu.Unlock()
	n.extend(sent)
	return nil
}

// readBase reads or, for the first of all nodes, sets the number that fences
// count from: it is above all fences of before, and a later number than those of
// buckets that were lost.
func (n *Node) readBase(ctx context.Context) error {
	for {
		e, err := n.buckets.Load().nodes.Get(ctx, baseKey)
		if err == nil {
			base, err := strconv.ParseInt(string(e.Value()), 10, 64)
			if err != nil {
				return fmt.Errorf("reading the base of the fences: %w", err)
			}
			n.mu.Lock()
			n.base = base
			n.mu.Unlock()
			return nil
		}
		if !errors.Is(err, jetstream.ErrKeyNotFound) {
			return fmt.Errorf("reading the base of the fences: %w", err)
		}
		_, highest, err := n.cfg.Work.Running(ctx)
		if err != nil {
			return err
		}
		base := max(time.Now().UnixMicro(), highest+1)
		if _, err := n.buckets.Load().nodes.Create(ctx, baseKey, strconv.AppendInt(nil, base, 10)); err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
			return fmt.Errorf("setting the base of the fences: %w", err)
		}
	}
}

func (n *Node) info() []byte {
	joining := n.cfg.Work.Joining()
	n.mu.Lock()
	defer n.mu.Unlock()
	data, err := json.Marshal(Member{Store: n.cfg.Store, Capacity: n.cfg.Capacity, Draining: n.draining, Joining: joining, Clock: n.cfg.Now().Round(0)})
	if err != nil {
		panic(err) // plain fields
	}
	return data
}

// extend lets this node work for a lease from the moment that a renewal was sent.
func (n *Node) extend(sent time.Time) {
	if !n.Valid() {
		n.back.Store(int64(time.Since(n.born)))
	}
	n.deadline.Store(int64(sent.Add(n.cfg.Lease).Sub(n.born)))
}

// Valid reports whether this node may do now what owners do.
func (n *Node) Valid() bool {
	d := n.deadline.Load()
	return d != 0 && (n.cfg.Alone || int64(time.Since(n.born)) < d)
}

// beat renews this node's key.
func (n *Node) beat(ctx context.Context) error {
	tick := time.NewTicker(n.cfg.Beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := n.tell(ctx); errors.Is(err, errEvicted) {
			return err
		} else if err != nil && ctx.Err() == nil {
			n.log.Debug("a sign of life could not be given", "error", err)
		}
		n.tellClocks()
		valid := n.Valid()
		if n.suspended.CompareAndSwap(valid, !valid) {
			n.mu.Lock()
			owned := len(n.held)
			n.mu.Unlock()
			if valid {
				n.log.Info("the leases hold again", "channels", owned)
				signal(n.rewatch)
			} else {
				n.log.Warn("the leases cannot be renewed: nothing is published or stored until they can", "channels", owned)
			}
			n.cfg.Work.Suspended(!valid)
		}
	}
}

// renew gives one sign of life. An answer that does not come in time is no
// failure yet: the next one tells.
func (n *Node) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.Beat)
	defer cancel()
	info := n.info()
	n.mu.Lock()
	kv, key, rev := n.buckets.Load().nodes, nodePrefix+n.id, n.rev
	// The last renewal that worked is known by its answer; the watch must tell of it
	// too, soon. One whose consumer went with a NATS server says nothing for long.
	if m := n.members[n.id]; n.complete && m != nil && m.rev < rev {
		if n.unseen++; n.unseen > unseenMost && time.Since(n.rewatched) > rewatchLeast {
			n.unseen, n.rewatched = 0, time.Now()
			n.log.Info("the watch of the other servers tells nothing; it is begun anew")
			signal(n.rewatch)
		}
	} else {
		n.unseen = 0
	}
	n.mu.Unlock()
	sent := time.Now()
	next, err := kv.Update(ctx, key, info, rev)
	switch {
	case err == nil:
	case errors.Is(err, jetstream.ErrKeyRevisionMismatch):
		// Removed, or a renewal went through whose answer was lost.
		e, gerr := kv.Get(ctx, key)
		if errors.Is(gerr, jetstream.ErrKeyNotFound) {
			return errEvicted
		}
		if gerr != nil {
			return gerr
		}
		// Nobody else writes this key: it is from this node, sent at some time
		// that is not known here, so it extends nothing.
		n.mu.Lock()
		n.rev = e.Revision()
		n.mu.Unlock()
		return err
	case errors.Is(err, jetstream.ErrNoStreamResponse), errors.Is(err, nats.ErrNoResponders):
		// NATS lost the bucket: with a new one the key is missing.
		if oerr := n.openBuckets(ctx); oerr != nil {
			return errors.Join(err, oerr)
		}
		return err
	default:
		return err
	}
	n.mu.Lock()
	n.rev = next
	n.mu.Unlock()
	n.extend(sent)
	return nil
}

// Settled is closed once this node has begun to analyse what it owns.
func (n *Node) Settled() <-chan struct{} { return n.settled }

// ID names this life of this node; "" before it joined.
func (n *Node) ID() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.id
}

// Owner tells which node has a channel; ok is false where nobody's analyses it.
// id is "" while it passes from one to another, or this node cannot tell.
func (n *Node) Owner(channel string) (id string, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, held := n.held[channel]; held {
		return n.id, true
	}
	if !n.complete {
		return "", true // nobody can tell yet
	}
	e := n.channels[channel]
	if e == nil || n.endedLocked(channel, e) {
		return "", false
	}
	if n.members[e.Owner] == nil {
		return "", true
	}
	return e.Owner, true
}

// endedLocked reports whether a channel's key is only still there.
func (n *Node) endedLocked(channel string, e *entry) bool {
	if _, held := n.held[channel]; held {
		return false
	}
	end := n.ending[channel]
	return !e.Stopped.IsZero() || end != nil && end.rev == e.rev
}

// Place tells which node a channel should go to that nobody has.
func (n *Node) Place(channel string) (id string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.id == "" || !n.complete {
		return "", ErrAway
	}
	if n.ending[channel] != nil && !n.draining {
		return n.id, nil // nobody else can have it as long as its key is there
	}
	if e := n.channels[channel]; e != nil && !e.Stopped.IsZero() {
		if m := n.members[e.Owner]; m != nil && !m.Draining {
			return e.Owner, nil // the same
		}
	}
	id, ok := assign([]string{channel}, n.placesLocked(), len(n.channels)+1)[channel]
	if !ok {
		if n.draining {
			return "", ErrDraining
		}
		return "", ErrFull
	}
	return id, nil
}

// Members lists the nodes that live, by id.
func (n *Node) Members() []Member {
	n.mu.Lock()
	defer n.mu.Unlock()
	loads := n.loadsLocked()
	list := make([]Member, 0, len(n.members))
	for _, m := range n.members {
		m.Channels = loads[m.ID]
		list = append(list, m.Member)
	}
	slices.SortFunc(list, func(a, b Member) int { return compare(a.ID, b.ID) })
	return list
}

// Channels lists all channels that are being analysed by any node, in order.
func (n *Node) Channels() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := make([]string, 0, len(n.channels))
	for name, e := range n.channels {
		if !n.endedLocked(name, e) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// Acquire makes this node own a channel that nobody has, for a new analysis.
// [ErrOwned] where somebody has it, or had it and is being replaced.
func (n *Node) Acquire(ctx context.Context, channel string, stake Stake) (fence int64, err error) {
	if !n.Valid() {
		return 0, ErrAway
	}
	n.mu.Lock()
	_, held := n.held[channel]
	switch {
	case n.draining:
		err = ErrDraining
	case n.id == "":
		err = ErrAway
	case held, n.starting[channel]:
		err = ErrOwned
	default:
		n.starting[channel] = true
	}
	id, kv, base, last, offset := n.id, n.buckets.Load().keys, n.base, n.ending[channel], n.own.offset()
	n.mu.Unlock()
	if err != nil {
		return 0, err
	}
	defer func() {
		n.mu.Lock()
		delete(n.starting, channel)
		n.mu.Unlock()
	}()
	ctx, cancel := context.WithTimeout(ctx, n.cfg.Lease)
	defer cancel()
	e := entry{Owner: id, Offset: offset, Stake: stake}
	if last == nil {
		e.rev, err = kv.Create(ctx, channel, e.encode())
	} else {
		e.rev, err = kv.Update(ctx, channel, e.encode(), last.rev)
	}
	switch {
	case errors.Is(err, jetstream.ErrKeyExists), errors.Is(err, jetstream.ErrKeyRevisionMismatch):
		return 0, ErrOwned
	case err != nil:
		return 0, fmt.Errorf("%w: %w", ErrAway, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.id != id {
		return 0, ErrAway // removed meanwhile; the key is free for the others
	}
	delete(n.ending, channel)
	fence = base + int64(e.rev)
	n.held[channel] = fence
	n.note(channel, &e)
	return fence, nil
}

// Ended says that an analysis ended here, while not all of it is stored yet. A
// new one of the same channel can be acquired here from now on.
func (n *Node) Ended(channel string, fence int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.held[channel] == fence {
		delete(n.held, channel)
		end := &ending{rev: uint64(fence - n.base), fence: fence}
		if e := n.channels[channel]; e != nil && e.Owner == n.id {
			end.rev = e.rev // it was written again since it was acquired
		}
		n.ending[channel] = end
	}
}

// Stop says that the analysis of a channel that this node owns is being ended,
// before it is. As [Node.Ended] it lets a new one begin here. durable means that
// whoever takes the channel over, should this node die, ends it as well; it is
// false where nobody could, so that only the store can keep it. discards is who
// wants nothing kept of it, or "". With an error nothing has changed.
func (n *Node) Stop(ctx context.Context, channel string, fence int64, at time.Time, discards string) (durable bool, err error) {
	if n.cfg.Alone {
		n.Ended(channel, fence)
		return false, nil
	}
	n.mu.Lock()
	held, e := n.held[channel], n.channels[channel]
	if held != fence || e == nil || e.Owner != n.id || n.starting[channel] {
		n.mu.Unlock()
		return false, ErrAway
	}
	n.starting[channel] = true
	id, kv := n.id, n.buckets.Load().keys
	mark := entry{Owner: id, Last: e.Last, Offset: e.Offset, Stake: e.Stake, rev: e.rev}
	mark.Stopped, mark.Discards = at, discards
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		delete(n.starting, channel)
		n.mu.Unlock()
	}()
	ctx, cancel := context.WithTimeout(ctx, n.cfg.Lease)
	defer cancel()
	rev, err := kv.Update(ctx, channel, mark.encode(), mark.rev)
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		// Perhaps it was marked before, and the answer was lost.
		var now entry
		if kve, gerr := kv.Get(ctx, channel); gerr == nil && json.Unmarshal(kve.Value(), &now) == nil && now.Owner == id && !now.Stopped.IsZero() {
			rev, err = kve.Revision(), nil
		}
	}
	if err != nil {
		// If the mark is there all the same, take finds and removes it.
		return false, fmt.Errorf("%w: noting that %s is stopped: %w", ErrAway, channel, err)
	}
	mark.rev = rev
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.id != id {
		return false, ErrAway // removed meanwhile: who takes it over ends it
	}
	delete(n.held, channel)
	n.ending[channel] = &ending{rev: rev, fence: fence}
	n.note(channel, &mark)
	return true, nil
}

// Release says that all is stored of an analysis that ended here: its key may
// go. It does not wait for that.
func (n *Node) Release(channel string, fence int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if e := n.ending[channel]; e != nil && e.fence == fence {
		e.done = true
		signal(n.woken)
	}
}

// Drain gives all channels to the others, if there are any, and waits until they
// have them or ctx ends. From then on this node takes none.
func (n *Node) Drain(ctx context.Context) {
	n.mu.Lock()
	n.draining = true
	others := false
	for _, m := range n.members {
		others = others || m.ID != n.id && !m.Draining
	}
	id := n.id
	n.mu.Unlock()
	if id == "" || !others {
		return
	}
	n.jobs.Lock() // what was being taken is here now
	defer n.jobs.Unlock()
	n.mu.Lock()
	var mine []string
	for name := range n.held {
		mine = append(mine, name)
	}
	n.mu.Unlock()
	slices.Sort(mine)
	for try := 1; ; try++ {
		err := n.tell(ctx)
		if err == nil {
			break
		}
		if try == 3 || errors.Is(err, errEvicted) || !wait(ctx, n.cfg.Tick) {
			n.log.Warn("the other servers cannot be told that this one stops", "error", err)
			return
		}
	}
	if err := n.handOver(ctx, mine); err != nil {
		n.log.Warn("channels could not be handed over; the others take them when this server is gone", "error", err)
		return
	}
	for !n.taken(mine) && wait(ctx, 20*time.Millisecond) {
	}
	n.log.Info("channels were handed over", "channels", len(mine))
}

// tell renews this node's key, so that the others see its new state.
func (n *Node) tell(ctx context.Context) error {
	n.renewing.Lock()
	defer n.renewing.Unlock()
	return n.renew(ctx)
}

// taken reports whether all channels have other owners, or none are left.
func (n *Node) taken(list []string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range list {
		if e := n.channels[name]; e != nil && (e.Owner == "" || e.Owner == n.id) {
			return false
		}
	}
	return true
}

// Leave takes this node out, so that the others need not wait for its end to be
// noticed. Call it after Run has ended.
func (n *Node) Leave(ctx context.Context) {
	n.mu.Lock()
	kv, key, rev, id := n.buckets.Load().nodes, nodePrefix+n.id, n.rev, n.id
	n.mu.Unlock()
	if id == "" {
		return
	}
	n.sweep(ctx)
	if err := kv.Delete(ctx, key, jetstream.LastRevision(rev)); err != nil {
		n.log.Debug("the others were not told that this server has gone", "error", err)
	}
}

func (e *entry) encode() []byte {
	data, err := json.Marshal(e)
	if err != nil {
		panic(err) // plain fields
	}
	return data
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
