package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// watchTimeout is how long reading all nodes and channels may take.
const watchTimeout = 10 * time.Second

// atOnce bounds the conditional writes that are under way at a time.
const atOnce = 16

// watch keeps the view of nodes and channels up to date. It begins anew when
// NATS was away, since what happened meanwhile may have been missed.
func (n *Node) watch(ctx context.Context) error {
	for {
		err := n.watchOnce(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			n.log.Debug("watching the other servers failed; it is begun anew", "error", err)
			if !wait(ctx, n.cfg.Tick) {
				return ctx.Err()
			}
		}
	}
}

func (n *Node) watchOnce(ctx context.Context) error {
	kv := n.buckets.Load()
	ctx, end := context.WithCancel(ctx)
	defer end()
	nodes, err := n.begin(end, func() (jetstream.KeyWatcher, error) { return kv.nodes.Watch(ctx, nodePrefix+"*") })
	if err != nil {
		return fmt.Errorf("watching the nodes: %w", err)
	}
	defer discard(nodes, end)
	keys, err := n.begin(end, func() (jetstream.KeyWatcher, error) { return kv.keys.WatchAll(ctx) })
	if err != nil {
		return fmt.Errorf("watching the channels: %w", err)
	}
	defer discard(keys, end)
	// The state as it is must come as soon as NATS can tell it.
	late := time.NewTimer(watchTimeout)
	defer late.Stop()
	// A new view takes the old one's place when it is whole.
	fresh := newView()
	into := &fresh
	var nodesRead, keysRead bool
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-n.rewatch:
			return nil
		case <-late.C:
			if into != &n.view {
				return errors.New("NATS did not tell all nodes and channels in time")
			}
		case kve, ok := <-nodes.Updates():
			if !ok {
				return errors.New("the watch of the nodes ended")
			}
			if kve == nil {
				nodesRead = true
			} else {
				n.noteNode(into, kve, nodesRead)
			}
		case kve, ok := <-keys.Updates():
			if !ok {
				return errors.New("the watch of the channels ended")
			}
			if kve == nil {
				keysRead = true
			} else {
				n.noteChannel(into, kve)
			}
		}
		if nodesRead && keysRead && into != &n.view {
			n.mu.Lock()
			for name := range n.held { // perhaps written after the new view was begun
				if e := n.channels[name]; e != nil {
					fresh.note(name, e)
				}
			}
			n.view, n.complete = fresh, true
			into = &n.view
			n.mu.Unlock()
		}
		signal(n.woken)
	}
}

// begin makes a watch. The library waits 5 s for NATS to answer: here that is given
// up sooner, to be tried again.
func (n *Node) begin(end func(), watch func() (jetstream.KeyWatcher, error)) (jetstream.KeyWatcher, error) {
	timer := time.AfterFunc(n.cfg.answerTime(), end)
	w, err := watch()
	if !timer.Stop() && err == nil {
		discard(w, end) // it came too late
		err = context.DeadlineExceeded
	}
	return w, err
}

// discard ends a watch by its context. Its Stop would wait up to 5 s for NATS to
// confirm, and nothing would be seen meanwhile; so the library does that by itself.
// What it still hands over is taken, until it says that there is no more.
func discard(w jetstream.KeyWatcher, end func()) {
	end()
	for range w.Updates() {
	}
}

// noteNode takes note of a change to a node's key. fresh means that it was made
// just now, and does not only become known now.
func (n *Node) noteNode(v *view, kve jetstream.KeyValueEntry, fresh bool) {
	id := strings.TrimPrefix(kve.Key(), nodePrefix)
	n.mu.Lock()
	defer n.mu.Unlock()
	if kve.Operation() != jetstream.KeyValuePut {
		if m := v.members[id]; m != nil {
			delete(v.members, id)
			n.log.Info("a server left", "node", id)
		}
		return
	}
	m := v.members[id]
	if m == nil {
		m = &member{}
		v.members[id] = m
	}
	if err := json.Unmarshal(kve.Value(), &m.Member); err != nil {
		n.log.Warn("a server's key cannot be read", "node", id, "error", err)
	}
	m.ID, m.rev, m.seen = id, kve.Revision(), time.Now()
	switch {
	case m.Clock.IsZero(): // of an older version
	case id == n.id:
		n.own.note(m.Clock.Sub(kve.Created()))
	case fresh:
		n.clocks.note(id, m.Clock.Sub(n.cfg.Now().Round(0)))
	}
}

// noteChannel takes note of a change to a channel's key.
func (n *Node) noteChannel(v *view, kve jetstream.KeyValueEntry) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if kve.Operation() != jetstream.KeyValuePut {
		if e := v.channels[kve.Key()]; e != nil && e.rev < kve.Revision() {
			delete(v.channels, kve.Key())
		}
		return
	}
	e := &entry{rev: kve.Revision()}
	if err := json.Unmarshal(kve.Value(), e); err != nil {
		n.log.Warn("a channel's key cannot be read; it counts as nobody's", "channel", kve.Key(), "error", err)
	}
	v.note(kve.Key(), e)
}

// note takes note of a channel's key unless a later state is known.
func (v *view) note(channel string, e *entry) {
	old := v.channels[channel]
	if old != nil && old.rev > e.rev {
		return
	}
	if e.noted = time.Now(); old != nil && old.rev == e.rev {
		e.noted = old.noted
	}
	v.channels[channel] = e
}

func (n *Node) loadsLocked() map[string]int {
	loads := make(map[string]int, len(n.members))
	for _, e := range n.channels {
		loads[e.Owner]++
	}
	return loads
}

// placesLocked lists the nodes that take channels, by id.
func (n *Node) placesLocked() []place {
	loads := n.loadsLocked()
	list := make([]place, 0, len(n.members))
	for id, m := range n.members {
		if !m.Draining && (id != n.id || !n.draining) {
			list = append(list, place{id, m.Capacity, loads[id]})
		}
	}
	slices.SortFunc(list, func(a, b place) int { return compare(a.id, b.id) })
	return list
}

// work removes the dead, takes what falls to this node and gives to those that
// come.
func (n *Node) work(ctx context.Context) error {
	seeded, err := n.seed(ctx)
	if err != nil {
		return err
	}
	tick := time.NewTicker(n.cfg.Tick)
	defer tick.Stop()
	began := time.Now()
	lastMove := began
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-n.woken:
		}
		if ctx.Err() != nil {
			return ctx.Err() // of several that are ready, select takes any
		}
		n.mu.Lock()
		_, known := n.members[n.id]
		ready := n.complete && known && (time.Since(began) > n.cfg.Lease || !slices.ContainsFunc(seeded, func(name string) bool { return n.channels[name] == nil }))
		alone := len(n.members) <= 1
		n.mu.Unlock()
		if !ready || !n.Valid() {
			continue
		}
		n.bury(ctx)
		n.sweep(ctx)
		if alone && !n.cfg.Alone && time.Since(began) < n.cfg.Settle {
			continue // others that start now get their share at once
		}
		n.jobs.Lock()
		err := n.take(ctx)
		moved := err == nil && time.Since(lastMove) >= n.cfg.Move && n.balance(ctx)
		n.jobs.Unlock()
		if moved {
			lastMove = time.Now()
		}
		if err != nil && ctx.Err() == nil {
			n.log.Warn("channels cannot be taken over yet; it is tried again", "error", err)
			wait(ctx, n.cfg.Tick)
		} else if ctx.Err() == nil {
			n.settle.Do(func() { close(n.settled) })
		}
	}
}

// seed puts the channels of the store among the keys, where they are missing:
// after the buckets were made, that is all of them. It returns them.
func (n *Node) seed(ctx context.Context) (list []string, err error) {
	for {
		if list, _, err = n.cfg.Work.Running(ctx); err == nil {
			break
		}
		n.log.Warn("the running analyses cannot be read; it is tried again", "error", err)
		if !wait(ctx, n.cfg.Beat) {
			return nil, ctx.Err()
		}
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, channel := range list {
		group.Go(func() error {
			_, err := n.buckets.Load().keys.Create(inner, channel, (&entry{}).encode())
			if err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
				return fmt.Errorf("adding %s to the channels: %w", channel, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if n.cfg.Alone {
		return list, nil
	}
	// Keys that were removed leave marks behind.
	for _, kv := range []jetstream.KeyValue{n.buckets.Load().nodes, n.buckets.Load().keys} {
		if err := kv.PurgeDeletes(ctx, jetstream.DeleteMarkersOlderThan(time.Hour)); err != nil && ctx.Err() == nil {
			n.log.Debug("old marks of removed keys stay", "error", err)
		}
	}
	return list, nil
}

// bury removes the keys of nodes that gave no sign of life for too long. While this
// node could not be heard itself it cannot say that of others: when NATS comes back
// all get the time to renew their keys.
func (n *Node) bury(ctx context.Context) {
	n.mu.Lock()
	var dead []member
	since := n.born.Add(time.Duration(n.back.Load()))
	for id, m := range n.members {
		if id != n.id && time.Since(m.seen) > n.cfg.Dead && time.Since(since) > n.cfg.Dead {
			dead = append(dead, *m)
		}
	}
	n.mu.Unlock()
	for _, m := range dead {
		err := n.buckets.Load().nodes.Delete(ctx, nodePrefix+m.ID, jetstream.LastRevision(m.rev))
		switch {
		case err == nil:
			n.log.Warn("a server gave no sign of life and was taken out", "node", m.ID)
			n.mu.Lock()
			delete(n.members, m.ID)
			n.mu.Unlock()
		case errors.Is(err, jetstream.ErrKeyRevisionMismatch):
			// Another node was faster, or it lives and this view is old.
			signal(n.rewatch)
			return
		default:
			return
		}
	}
}

// take makes the channels this node's that have no owner and fall to it, and
// begins to analyse all that are its own.
func (n *Node) take(ctx context.Context) error {
	n.mu.Lock()
	id, base := n.id, n.base
	var free, lost []string
	var grants []Grant
	unmark := make(map[string]entry)
	for name, e := range n.channels {
		_, held := n.held[name]
		switch {
		case e.Owner == id:
			switch {
			case n.starting[name] || n.ending[name] != nil:
			case held && !e.Stopped.IsZero():
				// Whoever stopped it was told that this did not work.
				unmark[name] = entry{Last: e.Last, Offset: e.Offset, Stake: e.running(), rev: e.rev}
			case !held && !n.draining:
				grants = append(grants, Grant{name, base + int64(e.rev), e.Stake})
			}
		case held && n.held[name] < base+int64(e.rev):
			lost = append(lost, name)
			delete(n.held, name)
		case n.members[e.Owner] == nil:
			free = append(free, name)
		}
	}
	want := make(map[string]entry)
	for name, to := range assign(free, n.placesLocked(), len(n.channels)) {
		if to == id {
			want[name] = n.inheritLocked(n.channels[name])
		}
	}
	n.mu.Unlock()
	if len(lost) > 0 {
		n.log.Error("channels that were this server's are others'", "channels", len(lost))
		n.cfg.Work.Abandon(lost)
	}
	if _, err := n.win(ctx, unmark); err != nil {
		return err
	}
	won, err := n.win(ctx, want)
	if len(won) > 0 {
		n.log.Info("channels were taken over", "channels", len(won))
	}
	grants = append(grants, won...)
	if len(grants) == 0 {
		return err
	}
	slices.SortFunc(grants, func(a, b Grant) int { return compare(a.Channel, b.Channel) })
	ended, aerr := n.cfg.Work.Adopt(ctx, grants)
	if aerr != nil {
		return errors.Join(err, aerr)
	}
	n.mu.Lock()
	if n.id == id {
		for _, g := range grants {
			n.held[g.Channel] = g.Fence
		}
	}
	n.mu.Unlock()
	for _, g := range grants {
		if slices.Contains(ended, g.Channel) {
			n.Ended(g.Channel, g.Fence)
			n.Release(g.Channel, g.Fence)
		}
	}
	return err
}

// sweep removes the keys of channels whose analyses ended.
func (n *Node) sweep(ctx context.Context) {
	n.mu.Lock()
	done := make(map[string]uint64)
	for name, e := range n.ending {
		if e.done && !n.starting[name] {
			done[name] = e.rev
		}
	}
	n.mu.Unlock()
	for name, rev := range done {
		err := n.buckets.Load().keys.Delete(ctx, name, jetstream.LastRevision(rev))
		if err != nil && !errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			n.log.Debug("the key of an analysis that ended stays for now", "channel", name, "error", err)
			return
		}
		n.mu.Lock()
		if e := n.ending[name]; e != nil && e.rev == rev {
			delete(n.ending, name)
		}
		if e := n.channels[name]; e != nil && e.rev == rev {
			delete(n.channels, name)
		}
		n.mu.Unlock()
	}
}

// win writes this node's name into free channels, on the condition that nobody
// was faster.
func (n *Node) win(ctx context.Context, want map[string]entry) ([]Grant, error) {
	if len(want) == 0 {
		return nil, nil
	}
	n.mu.Lock()
	id, base := n.id, n.base
	n.mu.Unlock()
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	results := make(chan Grant, len(want))
	for name, e := range want {
		group.Go(func() error {
			e.Owner = id
			rev, err := n.buckets.Load().keys.Update(inner, name, e.encode(), e.rev)
			if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
				return nil // somebody else's now, or ended
			}
			if err != nil {
				return fmt.Errorf("taking %s: %w", name, err)
			}
			e.rev = rev
			n.mu.Lock()
			n.note(name, &e)
			n.mu.Unlock()
			results <- Grant{name, base + int64(rev), e.Stake}
			return nil
		})
	}
	err := group.Wait()
	close(results)
	var won []Grant
	for g := range results {
		won = append(won, g)
	}
	return won, err
}

// joinsAtOnce bounds how many channels that are not read yet a node may have to
// be given another: Twitch lets it join one a second or two, and a channel that
// waits for its turn is a gap.
const joinsAtOnce = 2

// busyLocked reports whether a node has joins enough in progress: what it told
// itself, what it took since, and what passes between nodes and may be its own.
func (n *Node) busyLocked(m *member) bool {
	joining := m.Joining
	for _, e := range n.channels {
		if n.members[e.Owner] == nil || e.Owner == m.ID && e.noted.After(m.seen) {
			joining++
		}
	}
	return joining >= joinsAtOnce
}

// balance gives one channel to a node that came and has less than its share. It
// reports whether there is more to give, after a while.
func (n *Node) balance(ctx context.Context) bool {
	n.mu.Lock()
	came := false
	for id := range n.members {
		came = came || !n.crowd[id]
	}
	var moving []string
	if came && !n.draining {
		var mine []string
		for name := range n.held {
			if e := n.channels[name]; e != nil && e.Owner == n.id && !n.starting[name] {
				mine = append(mine, name)
			}
		}
		places := n.placesLocked()
		moving = relocate(mine, n.id, slices.Clone(places), len(n.channels), 1)
		if len(moving) > 0 {
			to := assign(moving[:1], places, len(n.channels))[moving[0]]
			if m := n.members[to]; m != nil && n.busyLocked(m) {
				n.mu.Unlock()
				return true // it gets it when it has joined what it has
			}
		}
		if len(moving) == 0 {
			n.crowd = make(map[string]bool, len(n.members))
			for id := range n.members {
				n.crowd[id] = true
			}
		}
	}
	n.mu.Unlock()
	if len(moving) == 0 {
		return false
	}
	if err := n.handOver(ctx, moving); err != nil && ctx.Err() == nil {
		n.log.Warn("a channel could not be given to a server that came; it is tried again", "channel", moving[0], "error", err)
	}
	return true
}

// handOver stops channels here and makes them nobody's.
func (n *Node) handOver(ctx context.Context, list []string) error {
	if len(list) == 0 {
		return nil
	}
	if err := n.cfg.Work.HandOver(ctx, list); err != nil {
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, name := range list {
		n.mu.Lock()
		e := n.channels[name]
		var free entry
		if e != nil {
			free = entry{Last: n.id, Offset: n.own.offset(), Stake: e.running(), rev: e.rev}
		}
		mine := e != nil && e.Owner == n.id
		delete(n.held, name)
		n.mu.Unlock()
		if !mine {
			continue
		}
		group.Go(func() error {
			rev, err := n.buckets.Load().keys.Update(inner, name, free.encode(), free.rev)
			if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("giving %s away: %w", name, err)
			}
			free.rev = rev
			n.mu.Lock()
			n.note(name, &free)
			n.mu.Unlock()
			return nil
		})
	}
	return group.Wait()
}

// running is what a channel's key stands for while nobody has ended it.
func (e *entry) running() Stake {
	return Stake{Session: e.Session, Started: e.Started, Ahead: e.Ahead}
}

// inheritLocked returns a channel's key as this node's, which it is going to be.
func (n *Node) inheritLocked(e *entry) entry {
	mine := *e
	if mine.Owner != "" {
		mine.Last = mine.Owner
	}
	own := n.own.offset()
	switch ahead, known := n.clocks.of(mine.Last); {
	case NameOf(mine.Last) == n.cfg.Name: // this process has one clock in all its lives
	case known:
		mine.Ahead += ahead
	case mine.Offset != nil && own != nil:
		// It went before this node came. If NATS has several servers, their clocks
		// should be the same; but this is the best that can be known.
		mine.Ahead += settle(*mine.Offset - *own)
	}
	mine.Offset = own
	return mine
}
