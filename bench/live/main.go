// Command live measures fan-out, for chatmood's hub in both dialects and for
// others on the same machine: the Centrifuge library, the obvious hub on
// coder/websocket with one write for each message, and plain sockets that are
// written the same batched bytes and nothing else, which is the ceiling.
//
// It measures how many messages a second reach the viewers of one channel
// (server and clients in one process), how late they are when there are few
// (each server in a process of its own), and what an idle socket takes. All
// share the processors of one machine: only ratios between rows of one run
// mean anything. It is a module of its own so that the peers are no dependency
// of the product.
//
//	go run . -measure deliveries,latency,memory -clients 100,1000,5000 -seconds 2 -rounds 3
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("live", flag.ContinueOnError)
	flags.SetOutput(stderr)
	clients := flags.String("clients", "100,1000", "numbers of clients, with commas between them")
	seconds := flags.Float64("seconds", 2, "length of one measurement")
	rounds := flags.Int("rounds", 3, "measurements of each server and number, interleaved; the median counts")
	profile := flags.String("cpuprofile", "", "write a processor profile of everything to this file")
	heap := flags.String("memprofile", "", "write a profile of all that was allocated to this file")
	only := flags.String("only", "", "measure servers whose name matches this regular expression")
	what := flags.String("measure", "deliveries", "what to measure: deliveries, latency, memory, units, with commas between them")
	perSecond := flags.Float64("rate", 50, "messages a second for the latency")
	steadyClients := flags.Int("steady", 1000, "clients for the latency")
	stalled := flags.Int("stalled", 100, "clients that read nothing, beside the others, in a latency of chatmood's of its own; 0: none")
	sendBuffer := flags.Int("sendbuffer", 0, "size of the kernel's buffers for sockets, with -serve")
	idleClients := flags.Int("idle", 5000, "clients for the memory")
	file := flags.String("json", "", "write what was measured to this file, too")
	name := flags.String("serve", "", "be the server of this name (for the program itself)")
	if flags.Parse(args) != nil {
		return 2
	}
	if *rounds < 1 || *seconds <= 0 || *perSecond <= 0 || *steadyClients < 1 || *idleClients < 1 {
		fmt.Fprintln(stderr, "-rounds, -seconds, -rate, -steady and -idle must be above 0")
		return 2
	}
	chosen, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(stderr, "-only:", err)
		return 2
	}
	var numbers []int
	for s := range strings.SplitSeq(*clients, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 {
			fmt.Fprintf(stderr, "-clients: %q is no number of clients; try -clients 100,1000\n", s)
			return 2
		}
		numbers = append(numbers, n)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *name != "" {
		i := slices.IndexFunc(servers, func(s server) bool { return s.name == *name })
		if i < 0 {
			fmt.Fprintf(stderr, "-serve: there is no server %q\n", *name)
			return 2
		}
		if err := serve(ctx, servers[i], options{*sendBuffer}, os.Stdin, stdout); err != nil {
			fmt.Fprintln(stderr, "error:", err)
			return 1
		}
		return 0
	}
	measurements := map[string]bool{}
	for m := range strings.SplitSeq(*what, ",") {
		switch m = strings.TrimSpace(m); m {
		case "deliveries", "latency", "memory", "units":
			measurements[m] = true
		default:
			fmt.Fprintf(stderr, "-measure: %q is not among deliveries, latency, memory, units\n", m)
			return 2
		}
	}
	if *profile != "" {
		file, err := os.Create(*profile)
		if err != nil {
			fmt.Fprintln(stderr, "-cpuprofile:", err)
			return 2
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			fmt.Fprintln(stderr, "-cpuprofile:", err)
			return 2
		}
		defer pprof.StopCPUProfile()
	}
	r := report{Date: time.Now().UTC(), Go: runtime.Version(), Processors: runtime.NumCPU(), LoadBefore: load()}
	length := time.Duration(*seconds * float64(time.Second))
	if measurements["deliveries"] {
		r.Deliveries, err = measureAll(ctx, numbers, length, *rounds, chosen, stderr)
	}
	if err == nil && measurements["latency"] {
		r.Latency, err = measureSteady(ctx, *steadyClients, *stalled, *perSecond, length, *rounds, chosen, stderr)
	}
	if err == nil && measurements["memory"] {
		r.Memory, err = measureIdle(ctx, *idleClients, *rounds, chosen, stderr)
	}
	if err == nil && measurements["units"] {
		r.Units, err = measureUnits(ctx, *rounds)
	}
	r.LoadAfter = load()
	if err != nil {
		fmt.Fprintln(stderr, "error:", err)
		return 1
	}
	if *heap != "" {
		if err := writeHeap(*heap); err != nil {
			fmt.Fprintln(stderr, "-memprofile:", err)
			return 1
		}
	}
	r.print(stdout, numbers)
	if *file != "" {
		if err := r.save(*file); err != nil {
			fmt.Fprintln(stderr, "-json:", err)
			return 1
		}
	}
	return 0
}

func writeHeap(name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := pprof.Lookup("allocs").WriteTo(file, 0); err != nil {
		return err
	}
	return file.Close()
}

func measureAll(ctx context.Context, numbers []int, length time.Duration, rounds int, only *regexp.Regexp, progress io.Writer) ([]*deliveries, error) {
	var results []*deliveries
	for _, n := range numbers {
		for _, s := range servers {
			if only.MatchString(s.name) {
				results = append(results, &deliveries{Server: s.name, Clients: n})
			}
		}
	}
	for round := range rounds {
		for _, r := range results {
			m, err := measure(ctx, named(r.Server), r.Clients, length)
			if err != nil {
				err = fmt.Errorf("%s with %d clients: %w", r.Server, r.Clients, err)
			}
			if err != nil && (ctx.Err() != nil || r.Server == plainSockets || strings.HasPrefix(r.Server, "chatmood")) {
				return nil, err
			}
			if err != nil { // a peer that gives up misses a round
				fmt.Fprintf(progress, "round %d: %v\n", round+1, err)
				continue
			}
			r.Rates, r.CPUs = append(r.Rates, m.rate), append(r.CPUs, m.cpu)
			fmt.Fprintf(progress, "round %d: %-40s %5d clients %8.2f M/s\n", round+1, r.Server, r.Clients, m.rate/1e6)
		}
	}
	return results, nil
}

// minSteady is how long a latency is measured at least: a thousandth of it must
// be something.
const minSteady = 5 * time.Second

func measureSteady(ctx context.Context, clients, stalled int, perSecond float64, length time.Duration, rounds int, only *regexp.Regexp, progress io.Writer) ([]*latency, error) {
	var results []*latency
	for _, s := range servers {
		if only.MatchString(s.name) {
			results = append(results, &latency{Server: s.name, Clients: clients, Rate: perSecond})
			if stalled > 0 && strings.HasPrefix(s.name, "chatmood") {
				results = append(results, &latency{Server: s.name, Clients: clients, Rate: perSecond, Stalled: stalled})
			}
		}
	}
	for round := range rounds {
		for _, r := range results {
			m, err := steady(ctx, named(r.Server), clients, r.Stalled, perSecond, max(length, minSteady))
			if err != nil {
				return nil, fmt.Errorf("the latency of %s: %w", r.Server, err)
			}
			for to, d := range map[*[]float64]time.Duration{&r.P50: m.P50, &r.P99: m.P99, &r.P999: m.P999} {
				*to = append(*to, float64(d)/1e6)
			}
			r.CPUs = append(r.CPUs, m.CPU)
			if m.Write > 0 {
				r.Writes = append(r.Writes, m.Write*1e6)
			}
			r.Missing += m.Missing
			fmt.Fprintf(progress, "round %d: %-40s %5d clients p99 %6.1f ms\n", round+1, r.Server, clients, float64(m.P99)/1e6)
		}
	}
	return results, nil
}

func measureIdle(ctx context.Context, clients, rounds int, only *regexp.Regexp, progress io.Writer) ([]*memory, error) {
	var results []*memory
	for _, s := range servers {
		if only.MatchString(s.name) {
			results = append(results, &memory{Server: s.name, Clients: clients})
		}
	}
	for round := range rounds {
		for _, r := range results {
			m, err := idle(ctx, named(r.Server), clients)
			if err != nil {
				return nil, fmt.Errorf("the memory of %s: %w", r.Server, err)
			}
			r.Used, r.Resident = append(r.Used, m.Used), append(r.Resident, m.Resident)
			fmt.Fprintf(progress, "round %d: %-40s %5d clients %6.2f KB\n", round+1, r.Server, clients, m.Resident/1e3)
		}
	}
	return results, nil
}

// named returns the server of a name that one has.
func named(name string) server {
	return servers[slices.IndexFunc(servers, func(s server) bool { return s.name == name })]
}
