package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/bus"
	"chatmood/internal/channels"
	"chatmood/internal/cluster"
	"chatmood/internal/config"
	"chatmood/internal/live"
	"chatmood/internal/source"
)

// Subjects on the bus between nodes.
const (
	askSubject     = "node.ask."       // and the name of a node: see request
	viewersSubject = "node.viewers"    // who watches what where: see watched
	revokedSubject = "account.revoked" // see revocation
	viewersEvery   = 2 * time.Second   // between reports of who watches
	viewersAge     = 10 * time.Second  // after which a report counts no more
	listAge        = time.Second       // the list of other nodes' channels is asked for once in so long
	listTimeout    = time.Second       // for a node's answer to that
	askTimeout     = 5 * time.Second   // for one answer
	answerWait     = time.Second       // after which what only reads is asked once more
	ownerWait      = 6 * time.Second   // for a channel that passes from one node to another
	ownerPoll      = 20 * time.Millisecond
	asksAtOnce     = 64
	leaveTimeout   = 2 * time.Second
)

// nodes are this process and the others that share its channels.
type nodes struct {
	name     string // of this process, on the bus
	node     *cluster.Node
	store    analysis.SessionStore
	bus      *bus.Bus
	hub      *live.Hub
	manager  *channels.Manager
	holds    *channels.Holds // nil where the store keeps none
	log      *slog.Logger
	patience time.Duration // with a node that is asked; askTimeout
	// joining counts the channels that are not being read yet; set before it runs.
	joining func() int
	// drop forgets a session, or all of a user's; nil where there are no accounts.
	drop func(userID, session string)

	mu       sync.Mutex // guards what follows
	watching map[string]watched
	listed   []analysis.ChannelSummary // of the others
	listedAt time.Time
}

// watched is who watches what on another node.
type watched struct {
	Node     string         `json:"node"`
	Channels map[string]int `json:"channels"`
	at       time.Time
}

// natsDir is where the NATS inside the process may keep files.
func natsDir(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "nats") }

// nodeName names this process for people and on the bus.
func nodeName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "node"
	}
	clean := strings.Map(func(r rune) rune {
		if r < 128 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_') {
			return r
		}
		return '_'
	}, host)
	const longest = 40
	return fmt.Sprintf("%s-%d-%s", clean[:min(len(clean), longest)], os.Getpid(), strings.ToLower(rand.Text()[:8]))
}

// storeName says which database this server keeps everything in: nodes that
// share channels must have the same.
func storeName(cfg *config.Config) string {
	if cfg.MongoURI != "" {
		return "mongo:" + cfg.MongoDBName
	}
	host, _ := os.Hostname() // the path tells enough without it
	dir, err := filepath.Abs(cfg.DataDir)
	if err != nil {
		dir = cfg.DataDir
	}
	return "sqlite:" + host + ":" + dir
}

// openNodes joins the bus's key-value buckets. The manager and the holds exist
// already; nothing runs yet.
func (a *App) openNodes(ctx context.Context) error {
	n := a.nodes
	n.store, n.hub, n.manager, n.holds = a.store, a.hub, a.manager, a.holds
	if a.accounts != nil {
		n.drop = a.accounts.Drop
	}
	var err error
	n.node, err = cluster.Open(ctx, cluster.Config{
		Conn: a.bus.Conn(), Alone: a.bus.Embedded(), Name: n.name, Store: storeName(a.opts.Config),
		Capacity: a.opts.Config.MaxChannels, Work: work{n}, Log: a.log, Now: a.opts.Now,
	})
	return err
}

// run answers the others and tells them who watches, until ctx ends.
func (n *nodes) run(ctx context.Context) error {
	stopAnswers, err := n.bus.Serve(askSubject+n.name, asksAtOnce, func(data []byte) []byte { return n.answer(ctx, data) })
	if err != nil {
		return err
	}
	defer stopAnswers()
	stopViewers, err := n.bus.Subscribe(viewersSubject, n.noteViewers)
	if err != nil {
		return err
	}
	defer stopViewers()
	if n.drop != nil {
		stopRevoked, err := n.bus.Subscribe(revokedSubject, n.noteRevoked)
		if err != nil {
			return err
		}
		defer stopRevoked()
	}
	tick := time.NewTicker(viewersEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if len(n.node.Members()) < 2 {
			continue
		}
		data, err := json.Marshal(watched{Node: n.name, Channels: n.hub.Watched()})
		if err == nil {
			err = n.bus.Publish(viewersSubject, data)
		}
		if err != nil {
			n.log.Debug("the other servers cannot be told who watches here", "error", err)
		}
	}
}

// revocation is what the other nodes must not remember any longer.
type revocation struct {
	Node    string `json:"node"`
	User    string `json:"user,omitempty"`
	Session string `json:"session,omitempty"` // "": all of the user's
}

// revoked tells the other nodes. One that cannot be told remembers for some
// seconds more.
func (n *nodes) revoked(userID, session string) {
	data, err := json.Marshal(revocation{n.name, userID, session})
	if err == nil {
		err = n.bus.Publish(revokedSubject, data)
	}
	if err != nil {
		n.log.Debug("the other servers cannot be told that a session ended", "error", err)
	}
}

// skew tells by how much the clocks of the other nodes differ from this one's.
func (n *nodes) skew() time.Duration {
	if n.node == nil {
		return 0 // nothing runs yet
	}
	return n.node.Skew()
}

func (n *nodes) noteRevoked(data []byte) {
	var r revocation
	if json.Unmarshal(data, &r) == nil && r.Node != n.name {
		n.drop(r.User, r.Session)
	}
}

func (n *nodes) noteViewers(data []byte) {
	var w watched
	if json.Unmarshal(data, &w) != nil || w.Node == n.name {
		return
	}
	w.at = time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	for name, old := range n.watching {
		if time.Since(old.at) > viewersAge {
			delete(n.watching, name)
		}
	}
	n.watching[w.Node] = w
}

// viewers counts who watches a channel on all nodes.
func (n *nodes) viewers(channel string) int {
	total := n.hub.Viewers(channel)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, w := range n.watching {
		if time.Since(w.at) <= viewersAge {
			total += w.Channels[channel]
		}
	}
	return total
}

// work is what a node does with its channels.
type work struct{ *nodes }

var _ cluster.Work = work{}

// Running implements [cluster.Work].
func (w work) Running(ctx context.Context) (names []string, highest int64, err error) {
	running, err := w.store.Running(ctx)
	for i := range running {
		names = append(names, running[i].Channel)
		highest = max(highest, running[i].Fence)
	}
	slices.Sort(names)
	return slices.Compact(names), highest, err
}

// Adopt implements [cluster.Work].
func (w work) Adopt(ctx context.Context, grants []cluster.Grant) ([]string, error) {
	list := make([]channels.Grant, len(grants))
	for i, g := range grants {
		s := &g.Stake
		list[i] = channels.Grant{Channel: g.Channel, Fence: g.Fence, Session: s.Session, Started: s.Started, Stopped: s.Stopped, Ahead: s.Ahead}
		if w.holds != nil && !s.Stopped.IsZero() && s.Discards != "" {
			if err := w.holds.Discard(ctx, g.Channel, s.Discards); err != nil {
				return nil, err
			}
		}
	}
	ended, err := w.manager.Adopt(ctx, list)
	if w.holds != nil {
		w.holds.Recheck(ended...)
	}
	return ended, err
}

// Joining implements [cluster.Work].
func (w work) Joining() int {
	if w.joining == nil {
		return 0
	}
	return w.joining()
}

// HandOver implements [cluster.Work].
func (w work) HandOver(ctx context.Context, names []string) error {
	return w.manager.HandOver(ctx, names)
}

// Abandon implements [cluster.Work].
func (w work) Abandon(names []string) { w.manager.Abandon(names) }

// Suspended implements [cluster.Work].
func (w work) Suspended(yes bool) {
	if yes {
		w.hub.Away(analysis.Status{
			State: source.Reconnecting, Code: "bus", Reason: "The servers cannot reach each other; what happens meanwhile follows.", Since: time.Now().UTC(),
		})
		return
	}
	w.manager.Announce()
	w.hub.Back()
}

// leases are the node as the manager sees it.
type leases struct{ *nodes }

var _ channels.Leases = leases{}

// Acquire implements [channels.Leases].
func (l leases) Acquire(ctx context.Context, channel, session string, started time.Time) (int64, error) {
	fence, err := l.node.Acquire(ctx, channel, cluster.Stake{Session: session, Started: started})
	switch {
	case errors.Is(err, cluster.ErrOwned):
		return 0, fmt.Errorf("%w: %w", channels.ErrElsewhere, err)
	case errors.Is(err, cluster.ErrAway), errors.Is(err, cluster.ErrDraining):
		return 0, fmt.Errorf("%w: %w", channels.ErrClosed, err)
	}
	return fence, err
}

// Stop implements [channels.Leases].
func (l leases) Stop(ctx context.Context, channel string, fence int64, at time.Time, discards string) (bool, error) {
	return l.node.Stop(ctx, channel, fence, at, discards)
}

// Ended implements [channels.Leases].
func (l leases) Ended(channel string, fence int64) { l.node.Ended(channel, fence) }

// Release implements [channels.Leases].
func (l leases) Release(channel string, fence int64) { l.node.Release(channel, fence) }

// Valid implements [channels.Leases].
func (l leases) Valid() bool { return l.node.Valid() }

// Settled implements [channels.Leases].
func (l leases) Settled() <-chan struct{} { return l.node.Settled() }

// elsewhere reports whether a channel that nobody analyses falls to another node.
func (n *nodes) elsewhere(channel string) bool {
	id, err := n.node.Place(channel)
	return err == nil && id != n.node.ID()
}

// list tells the channels of the other nodes. One that does not answer in time
// is left out.
func (n *nodes) list() []analysis.ChannelSummary {
	n.mu.Lock()
	if time.Since(n.listedAt) < listAge {
		defer n.mu.Unlock()
		return n.listed
	}
	n.mu.Unlock()
	var mu sync.Mutex // guards all
	var all []analysis.ChannelSummary
	var asking sync.WaitGroup
	for _, m := range n.node.Members() {
		if m.ID == n.node.ID() {
			continue
		}
		asking.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), listTimeout)
			defer cancel()
			var list []analysis.ChannelSummary
			if _, err := n.ask(ctx, m.ID, request{Op: "list"}, &list); err != nil {
				n.log.Warn("a server does not tell its channels", "node", m.ID, "error", err)
				return
			}
			mu.Lock()
			all = append(all, list...)
			mu.Unlock()
		})
	}
	asking.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listed, n.listedAt = all, time.Now()
	return all
}

// known reports whether any node analyses a channel, or whether that cannot be
// told yet.
func (n *nodes) known(channel string) bool {
	_, ok := n.node.Owner(channel)
	return ok || !n.settled()
}

// settled reports whether this node knows what runs.
func (n *nodes) settled() bool {
	select {
	case <-n.node.Settled():
		return true
	default:
		return false
	}
}

// sorted puts lists of channels together. While a channel passes from one node
// to another, both may have it.
func sorted(lists ...[]analysis.ChannelSummary) []analysis.ChannelSummary {
	all := slices.Concat(lists...)
	slices.SortStableFunc(all, func(a, b analysis.ChannelSummary) int { return cmp.Compare(a.Channel, b.Channel) })
	return slices.CompactFunc(all, func(a, b analysis.ChannelSummary) bool { return a.Channel == b.Channel })
}
