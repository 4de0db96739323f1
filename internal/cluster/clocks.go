package cluster

import "time"

const (
	// clockSamples of the last signs of life tell what a node's clock says.
	clockSamples = 8
	// clockLeast is what counts as the same: it may be the way over the network.
	clockLeast = 100 * time.Millisecond
	// clockWarn is what people are told of, when it was so at clockBeats renewals
	// of this node: what waits while it sleeps seems to come from a clock that is behind.
	clockWarn  = 5 * time.Second
	clockBeats = 3
	// maxClocks bounds what is remembered of nodes that left.
	maxClocks = 1000
)

// clocks tell by how much the clocks of other nodes are ahead of this one's, by
// their ids; those that left are remembered, since somebody goes on with what
// was theirs. A sign of life takes some time to arrive, by which a clock seems to be
// behind: so the highest of the last samples is the best. The error is the
// quickest of those ways.
type clocks map[string]*clockOf

type clockOf struct {
	samples [clockSamples]time.Duration
	n       int // ever taken
	far     int // renewals of this node at which it differed by clockWarn
}

// note takes a sample of how far a clock is ahead.
func (c clocks) note(id string, ahead time.Duration) {
	of := c[id]
	if of == nil {
		if len(c) >= maxClocks {
			for old := range c { // any: those that live are noted again at once
				delete(c, old)
				break
			}
		}
		of = &clockOf{}
		c[id] = of
	}
	of.note(ahead)
}

func (of *clockOf) note(ahead time.Duration) {
	of.samples[of.n%clockSamples] = ahead
	of.n++
}

// offset is how far the clock is ahead; nil where that is not known.
func (of *clockOf) offset() *time.Duration {
	if of.n == 0 {
		return nil
	}
	ahead := of.ahead()
	return &ahead
}

// tellClocks says in the log which clocks differ from this node's, once each.
func (n *Node) tellClocks() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id := range n.members {
		of := n.clocks[id]
		if of == nil {
			continue
		}
		if of.ahead().Abs() < clockWarn {
			of.far = 0
		} else if of.far++; of.far == clockBeats {
			n.log.Warn("the clocks of two servers differ, set them by NTP: times are wrong by as much, and counts are not", "node", id, "ahead", of.ahead().Round(time.Second))
		}
	}
}

func (of *clockOf) ahead() time.Duration {
	most := of.samples[0]
	for _, d := range of.samples[:min(of.n, clockSamples)] {
		most = max(most, d)
	}
	return settle(most)
}

// settle takes a small difference for none.
func settle(ahead time.Duration) time.Duration {
	if ahead.Abs() < clockLeast {
		return 0
	}
	return ahead.Round(time.Millisecond)
}

// of tells how far a node's clock is ahead, if that is known.
func (c clocks) of(id string) (ahead time.Duration, known bool) {
	if of := c[id]; of != nil {
		return of.ahead(), true
	}
	return 0, false
}

// Skew tells by how much the clock of any node that lives differs from this
// one's at most; 0 where none is known to.
func (n *Node) Skew() (most time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id := range n.members {
		if id != n.id {
			ahead, _ := n.clocks.of(id)
			most = max(most, ahead.Abs())
		}
	}
	return most
}
