// Command simulate tells what a system of many servers would need: channels and
// viewers are drawn, placed as the servers place them, and every message and frame
// is charged with the costs that were measured (costs.json). docs/scaling.md shows
// what it prints.
//
//	go run ./bench/simulate
//
// With -update the costs are taken from what the measurements wrote (make bench,
// make bench-live and make bench-ingest, each with BENCHFLAGS='-json FILE'):
//
//	go run ./bench/simulate -costs bench/simulate/costs.json -update bench.json live.json ingest.json
package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

//go:embed costs.json
var measured []byte

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("simulate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("costs", "", "file with other costs than the ones that were measured here, in the form of costs.json")
	updating := flags.Bool("update", false, "first replace the costs in the file of -costs by those in the named files, which make bench, make bench-live and make bench-ingest write with -json")
	if flags.Parse(args) != nil {
		return 2
	}
	switch {
	case *updating && (*file == "" || flags.NArg() == 0):
		fmt.Fprintln(stderr, "-update needs the file to write and what was measured: -costs bench/simulate/costs.json -update FILE...")
		return 2
	case *updating:
		changed, err := update(*file, flags.Args())
		if err != nil {
			fmt.Fprintln(stderr, "-update:", err)
			return 2
		}
		fmt.Fprintln(stderr, "measured anew:", strings.Join(changed, ", "))
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "%q means nothing without -update\n", flags.Arg(0))
		return 2
	}
	data := measured
	if *file != "" {
		var err error
		if data, err = os.ReadFile(*file); err != nil {
			fmt.Fprintln(stderr, "-costs:", err)
			return 2
		}
	}
	c, err := readCosts(data)
	if err != nil {
		fmt.Fprintln(stderr, "error:", err)
		return 2
	}
	var results []*result
	for _, s := range scenarios {
		results = append(results, simulate(s, c))
	}
	report(stdout, results)
	return 0
}

// costs are what was measured, in seconds of one core and bytes.
type costs struct {
	message, silent, write, bus                      float64
	viewer, channel, busy, perMessage, stats, stored float64
}

var errCosts = errors.New("the costs cannot be read")

func readCosts(data []byte) (costs, error) {
	var raw map[string]cost
	if err := json.Unmarshal(data, &raw); err != nil {
		return costs{}, fmt.Errorf("%w: %w", errCosts, err)
	}
	var missing []string
	get := func(name string) float64 {
		v, ok := raw[name]
		if !ok || v.Value <= 0 {
			missing = append(missing, name)
		}
		return v.Value
	}
	c := costs{
		message: get("message_us") / 1e6, silent: get("silent_channel_us") / 1e6, write: get("write_us") / 1e6, bus: get("bus_us") / 1e6,
		viewer: get("viewer_bytes"), channel: get("channel_bytes"), busy: get("busy_channel_bytes"),
		perMessage: get("message_bytes"), stats: get("stats_bytes"), stored: get("checkpoint_bytes"),
	}
	if missing != nil {
		return costs{}, fmt.Errorf("%w: a number above 0 is needed for %s", errCosts, strings.Join(missing, ", "))
	}
	return c, nil
}

// scenario is what is drawn.
type scenario struct {
	nodes, channels, viewers int
}

var scenarios = []scenario{{1, 1_000, 10_000}, {10, 10_000, 100_000}, {100, 100_000, 1_000_000}}

// What a server is taken to have, and what is shared; see the notes that are printed.
const (
	cores        = 4.0
	memory       = 16e9
	line         = 125e6 // bytes a second: 1 Gbit/s
	natsCores    = 3 * 4.0
	mongoBytes   = 50e6 // a second
	joins        = 1.0  // a second and server, after the first five
	joinBurst    = 5
	noticed      = 3.0 // seconds until a dead server is
	perChannel   = 0.2 // messages a second in the mean
	batches      = 20  // a second at most
	steepness    = 1.0 // of Zipf's law, for messages and viewers
	busiest      = 200 // messages a second
	beatsPerNode = 1 / 0.8
)

// result is what a scenario needs.
type result struct {
	scenario
	messages, deliveries      float64 // a second, of all
	cores, memory, line       float64 // of the server that needs most
	readCores, fanCores       float64 // of cores: reading and judging; writing to viewers
	copies, natsCores, beats  float64 // frames a second over NATS, what that takes, signs of life
	mongo                     float64 // bytes a second
	start, takeover, perDeath float64 // seconds to join all; after a death until half and all of its channels are read
}

func simulate(s scenario, c costs) *result {
	random := rand.New(rand.NewPCG(uint64(s.nodes), uint64(s.channels))) //nolint:gosec // the same numbers each time
	r := &result{scenario: s}
	harmonic := 0.0
	for i := range s.channels {
		harmonic += math.Pow(float64(i+1), -steepness)
	}
	type node struct{ read, fan, bytes, memory float64 }
	nodes := make([]node, s.nodes)
	owned := make([]int, s.nodes)
	viewersOf := make([]float64, s.nodes)
	bound := int(math.Ceil(1.25 * float64(s.channels) / float64(s.nodes)))
	for i := range s.channels {
		weight := math.Pow(float64(i+1), -steepness) / harmonic
		rate := min(perChannel*float64(s.channels)*weight, busiest)
		watching := int(math.Round(float64(s.viewers) * weight))
		owner := place(i, owned, bound)
		owned[owner]++
		r.messages += rate
		frames := batches * (1 - math.Exp(-rate/batches)) // batches a second that have messages
		o := &nodes[owner]
		o.read += rate*c.message + c.silent
		o.memory += c.channel + (c.busy-c.channel)*min(rate/20, 1)
		r.mongo += rate * c.stored
		// Viewers come to any server.
		with := 0
		if s.nodes == 1 {
			viewersOf[0] += float64(watching)
			charge(&nodes[0].fan, &nodes[0].bytes, float64(watching), rate, frames, c)
		} else {
			each := make([]int, s.nodes)
			for range watching {
				each[random.IntN(s.nodes)]++
			}
			for n, v := range each {
				if v == 0 {
					continue
				}
				with++
				viewersOf[n] += float64(v)
				charge(&nodes[n].fan, &nodes[n].bytes, float64(v), rate, frames, c)
				if n != owner {
					nodes[n].read += (frames + 1) * c.bus
				}
			}
		}
		r.deliveries += rate * float64(watching)
		if s.nodes > 1 {
			r.copies += (frames + 1) * float64(1+with)
		}
	}
	for i := range nodes {
		n := &nodes[i]
		n.memory += viewersOf[i]*c.viewer + 200*float64(s.channels)
		if cpu := n.read + n.fan; cpu > r.cores {
			r.cores, r.readCores, r.fanCores = cpu, n.read, n.fan
		}
		r.memory, r.line = max(r.memory, n.memory), max(r.line, n.bytes)
	}
	r.natsCores = r.copies * c.bus
	if s.nodes > 1 {
		r.beats = beatsPerNode * float64(s.nodes) * float64(s.nodes)
	}
	most := float64(slices.Max(owned))
	r.start = max(most-joinBurst, 0) / joins
	if s.nodes > 1 {
		share := most / float64(s.nodes-1) // of a dead server's channels for each other
		r.takeover = noticed + max(share/2-joinBurst, 0)/joins
		r.perDeath = noticed + max(share-joinBurst, 0)/joins
	}
	return r
}

// charge adds what viewers of a channel cost a server.
func charge(cpu, bytes *float64, viewers, rate, frames float64, c costs) {
	*cpu += viewers * (frames + 1) * c.write
	*bytes += viewers * (rate*c.perMessage + c.stats)
}

// place chooses a server as internal/cluster does: the one that the hash ranks
// highest among those below their bound.
func place(channel int, owned []int, bound int) int {
	best, most := -1, uint64(0)
	for n := range owned {
		if owned[n] >= bound {
			continue
		}
		h := fnv.New64a()
		fmt.Fprintf(h, "%d/%d", channel, n)
		if score := h.Sum64(); best < 0 || score > most {
			best, most = n, score
		}
	}
	return best
}

func report(w io.Writer, results []*result) {
	row := func(what string, of func(r *result) string) {
		fmt.Fprintf(w, "| %s |", what)
		for _, r := range results {
			fmt.Fprintf(w, " %s |", of(r))
		}
		fmt.Fprintln(w)
	}
	number := func(f float64) string {
		switch {
		case f >= 1e6:
			return fmt.Sprintf("%.1f M", f/1e6)
		case f >= 1e4:
			return fmt.Sprintf("%.0f k", f/1e3)
		case f >= 10:
			return fmt.Sprintf("%.0f", f)
		}
		return fmt.Sprintf("%.2g", f)
	}
	seconds := func(f float64) string {
		if f >= 120 {
			return fmt.Sprintf("%.0f min", f/60)
		}
		return fmt.Sprintf("%.0f s", f)
	}
	of := func(use, limit float64) string { return fmt.Sprintf("%.0f %%", 100*use/limit) }
	row("servers", func(r *result) string { return fmt.Sprint(r.nodes) })
	fmt.Fprintln(w, "| --- |"+strings.Repeat(" --- |", len(results)))
	row("channels", func(r *result) string { return number(float64(r.channels)) })
	row("viewers", func(r *result) string { return number(float64(r.viewers)) })
	row("messages/s", func(r *result) string { return number(r.messages) })
	row("deliveries/s", func(r *result) string { return number(r.deliveries) })
	row("cores of the busiest server (reading + viewers)", func(r *result) string {
		return fmt.Sprintf("%.2f (%.2f + %.2f)", r.cores, r.readCores, r.fanCores)
	})
	row("its memory", func(r *result) string { return fmt.Sprintf("%.1f GB", r.memory/1e9) })
	row("its line to viewers", func(r *result) string { return fmt.Sprintf("%.0f MB/s", r.line/1e6) })
	row("frames/s over NATS, copies counted", func(r *result) string { return number(r.copies) })
	row("cores of NATS for them", func(r *result) string { return fmt.Sprintf("%.2f", r.natsCores) })
	row("signs of life/s over NATS", func(r *result) string { return number(r.beats) })
	row("checkpoints to MongoDB", func(r *result) string { return fmt.Sprintf("%.1f MB/s", r.mongo/1e6) })
	row("joining all channels after a start", func(r *result) string { return seconds(r.start) })
	row("a server dies: half / all of its channels are read", func(r *result) string {
		if r.nodes == 1 {
			return "–"
		}
		return seconds(r.takeover) + " / " + seconds(r.perDeath)
	})
	fmt.Fprintln(w)
	fmt.Fprintln(w, "Use of what there is, the dearest first:")
	fmt.Fprintln(w)
	for _, r := range results {
		type use struct {
			what  string
			share float64
		}
		uses := []use{
			{"line to viewers", r.line / line},
			{"processors", r.cores / cores},
			{"memory", r.memory / memory},
			{"MongoDB", r.mongo / mongoBytes},
			{"NATS", (r.natsCores + r.beats*2e-6) / natsCores},
		}
		slices.SortStableFunc(uses, func(a, b use) int {
			switch {
			case a.share > b.share:
				return -1
			case a.share < b.share:
				return 1
			}
			return 0
		})
		var parts []string
		for _, u := range uses {
			parts = append(parts, u.what+" "+of(u.share, 1))
		}
		fmt.Fprintf(w, "* %d servers: %s\n", r.nodes, strings.Join(parts, ", "))
	}
}
