package cluster

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func channelNames(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("channel_%d", i)
	}
	return list
}

func placesOf(n, capacity int) []place {
	list := make([]place, n)
	for i := range list {
		list[i] = place{id: fmt.Sprintf("node-%d", i), capacity: capacity}
	}
	return list
}

func loadsOf(placed map[string]string) map[string]int {
	loads := map[string]int{}
	for _, node := range placed {
		loads[node]++
	}
	return loads
}

// TestAssignProperties checks, for clusters of all sizes, that every channel is
// placed, that no node has more than its bound, and that the result depends on
// what is known and not on the order in which it came to be known.
func TestAssignProperties(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		channels, nodes := channelNames(random.IntN(400)), placesOf(1+random.IntN(20), math.MaxInt)
		want := assign(channels, slices.Clone(nodes), len(channels))
		if len(want) != len(channels) {
			t.Fatalf("%d of %d channels were placed", len(want), len(channels))
		}
		bound := int(math.Ceil(slack * float64(len(channels)) / float64(len(nodes))))
		for node, load := range loadsOf(want) {
			if load > bound {
				t.Fatalf("%s has %d channels of %d on %d nodes, more than %d", node, load, len(channels), len(nodes), bound)
			}
		}
		random.Shuffle(len(channels), func(i, j int) { channels[i], channels[j] = channels[j], channels[i] })
		random.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
		if got := assign(channels, nodes, len(channels)); !maps.Equal(got, want) {
			t.Fatal("another order gives another placement")
		}
	}
}

func TestAssignCapacity(t *testing.T) {
	t.Parallel()
	nodes := placesOf(3, 10)
	nodes[0].capacity = 100
	placed := assign(channelNames(100), nodes, 100)
	loads := loadsOf(placed)
	if loads["node-1"] > 10 || loads["node-2"] > 10 || len(placed) != 100 {
		t.Errorf("loads %v, %d placed; want at most 10 where there is room for 10, and all placed", loads, len(placed))
	}
	if placed := assign(channelNames(5), placesOf(2, 1), 5); len(placed) != 2 {
		t.Errorf("%d channels were placed on nodes with room for 2", len(placed))
	}
	if placed := assign(channelNames(5), nil, 5); len(placed) != 0 {
		t.Errorf("channels were placed on no node: %v", placed)
	}
}

// TestAssignLosesOne takes a node away: the others keep what they have, and what
// is free is spread over them.
func TestAssignLosesOne(t *testing.T) {
	t.Parallel()
	channels, nodes := channelNames(900), placesOf(6, math.MaxInt)
	placed := assign(channels, nodes, len(channels))
	var free []string
	left := placesOf(6, math.MaxInt)[1:]
	for channel, node := range placed {
		if node == "node-0" {
			free = append(free, channel)
			continue
		}
		for i := range left {
			if left[i].id == node {
				left[i].load++
			}
		}
	}
	again := assign(free, left, len(channels))
	if len(again) != len(free) {
		t.Fatalf("%d of %d channels were placed anew", len(again), len(free))
	}
	got := loadsOf(again)
	for _, node := range left {
		if node.load > 225 || got[node.id] == 0 {
			t.Errorf("%s has %d channels and took %d of %d", node.id, node.load, got[node.id], len(free))
		}
	}
}

// TestRelocate lets a node come: it ends with its share, what moves moves to it
// alone, and no more than that moves.
func TestRelocate(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		channels, n := channelNames(200+random.IntN(400)), 2+random.IntN(8)
		before := assign(channels, placesOf(n, math.MaxInt), len(channels))
		owners := maps.Clone(before)
		newcomer := fmt.Sprintf("node-%d", n)
		moved := 0
		for again := true; again; {
			again = false
			for i := range n { // each old node, by itself
				me := fmt.Sprintf("node-%d", i)
				var mine []string
				for channel, owner := range owners {
					if owner == me {
						mine = append(mine, channel)
					}
				}
				nodes := placesOf(n+1, math.MaxInt)
				loads := loadsOf(owners)
				for j := range nodes {
					nodes[j].load = loads[nodes[j].id]
				}
				for _, channel := range relocate(mine, me, slices.Clone(nodes), len(channels), 1) {
					to := assign([]string{channel}, nodes, len(channels))[channel]
					owners[channel] = to
					again = true
					if to == newcomer {
						moved++
					}
				}
			}
		}
		share := float64(len(channels)) / float64(n+1)
		if got := float64(loadsOf(owners)[newcomer]); got < 0.6*share || got > share+1 {
			t.Errorf("%d channels, %d nodes: the newcomer got %.0f, its share is %.0f", len(channels), n, got, share)
		}
		changed := 0
		for channel, owner := range owners {
			if before[channel] != owner {
				changed++
			}
		}
		if float64(changed) > 1.5*share {
			t.Errorf("%d channels, %d nodes: %d moved for a share of %.0f", len(channels), n, changed, share)
		}
	}
}
