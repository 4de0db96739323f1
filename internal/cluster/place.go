package cluster

import (
	"cmp"
	"math"
	"slices"
)

// slack is how much more than its even share a node may be given, so that most
// channels stay where their hash puts them when nodes come and go.
const slack = 1.25

// place is a node as placement sees it.
type place struct {
	id       string
	capacity int // channels it takes at most
	load     int // channels it has
}

// assign says which node each of the free channels goes to: the one that the
// channel's name and the node's id rank highest (rendezvous hashing) among those
// below their bound, which is slack times the even share of total channels.
// Nodes that know the same come to the same result. A channel for which no node
// has room is left out. It counts what it assigns into the loads of nodes.
func assign(free []string, nodes []place, total int) map[string]string {
	placed := make(map[string]string, len(free))
	if len(nodes) == 0 {
		return placed
	}
	bound := int(math.Ceil(slack * float64(total) / float64(len(nodes))))
	free = slices.Sorted(slices.Values(free))
	for _, channel := range free {
		best := -1
		var most uint64
		for i, node := range nodes {
			if node.load >= min(bound, node.capacity) {
				continue
			}
			if score := rank(channel, node.id); best < 0 || score > most {
				best, most = i, score
			}
		}
		if best < 0 {
			// All are at their bound, since some have no room for their share.
			best = leastLoaded(nodes)
		}
		if best >= 0 {
			placed[channel] = nodes[best].id
			nodes[best].load++
		}
	}
	return placed
}

func leastLoaded(nodes []place) int {
	best := -1
	for i, node := range nodes {
		if node.load < node.capacity && (best < 0 || node.load < nodes[best].load) {
			best = i
		}
	}
	return best
}

// relocate says which of the channels of node me should move to a node that
// came: those that their hash puts there, while it has less than the even share
// and than me. At most limit are returned.
func relocate(mine []string, me string, nodes []place, total, limit int) []string {
	if len(nodes) < 2 {
		return nil
	}
	share := int(math.Ceil(float64(total) / float64(len(nodes))))
	loads := make(map[string]*place, len(nodes))
	for i := range nodes {
		loads[nodes[i].id] = &nodes[i]
	}
	own := loads[me]
	if own == nil {
		return nil
	}
	// The surest of their place go first, so that all see the same order.
	type move struct {
		channel, to string
		score       uint64
	}
	var moves []move
	for _, channel := range mine {
		var to string
		var most uint64
		for _, node := range nodes {
			if score := rank(channel, node.id); to == "" || score > most {
				to, most = node.id, score
			}
		}
		if to != me {
			moves = append(moves, move{channel, to, most})
		}
	}
	slices.SortFunc(moves, func(a, b move) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.channel, b.channel)) })
	var out []string
	for _, m := range moves {
		to := loads[m.to]
		if len(out) >= limit {
			break
		}
		if to.load >= min(share, to.capacity) || to.load+1 >= own.load {
			continue
		}
		to.load++
		own.load--
		out = append(out, m.channel)
	}
	return out
}

// rank is a number for a pair of names, the same in every process (FNV-1a with
// a finish that mixes it).
func rank(channel, node string) uint64 {
	h := uint64(14695981039346656037)
	for _, s := range [...]string{channel, "\x00", node} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
