// Command live measures how many messages a second reach the viewers of one
// channel, for chatmood's hub and for others on the same machine: the
// Centrifuge library, the obvious hub on coder/websocket with one write for
// each message, and plain sockets that are written the same batched bytes and
// nothing else, which is the ceiling.
//
// Server and clients share the process and its processors, as they would share
// a small machine; only ratios between rows of one run mean anything. It is a
// module of its own so that the peers are no dependency of the product.
//
//	go run . -clients 100,1000 -seconds 2 -rounds 3
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
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
	only := flags.String("only", "", "measure servers whose name contains this")
	if flags.Parse(args) != nil {
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
	results, err := measureAll(ctx, numbers, time.Duration(*seconds*float64(time.Second)), *rounds, *only, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "error:", err)
		return 1
	}
	printTable(stdout, numbers, results)
	return 0
}

// result is what one server did with one number of clients, a figure a round.
type result struct {
	server  string
	clients int
	rates   []float64 // message deliveries a second
	cpus    []float64 // seconds of processor time by million deliveries
}

func (r *result) median() float64 { return median(r.rates) }

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func measureAll(ctx context.Context, numbers []int, length time.Duration, rounds int, only string, progress io.Writer) ([]*result, error) {
	var results []*result
	for _, n := range numbers {
		for _, s := range servers {
			if strings.Contains(s.name, only) {
				results = append(results, &result{server: s.name, clients: n})
			}
		}
	}
	for round := range rounds {
		for _, r := range results {
			i := slices.IndexFunc(servers, func(s server) bool { return s.name == r.server })
			m, err := measure(ctx, servers[i], r.clients, length)
			if err != nil {
				return nil, fmt.Errorf("%s with %d clients: %w", r.server, r.clients, err)
			}
			r.rates, r.cpus = append(r.rates, m.rate), append(r.cpus, m.cpu)
			fmt.Fprintf(progress, "round %d: %-40s %5d clients %8.2f M/s\n", round+1, r.server, r.clients, m.rate/1e6)
		}
	}
	return results, nil
}

func printTable(w io.Writer, numbers []int, results []*result) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(tw, "million message deliveries a second\t")
	for _, n := range numbers {
		fmt.Fprintf(tw, "%d clients\tspread\tof plain sockets\tCPU s/M\t", n)
	}
	fmt.Fprintln(tw)
	for _, s := range servers {
		row := s.name + "\t"
		found := false
		for _, n := range numbers {
			ceiling := 0.0
			var mine *result
			for _, r := range results {
				if r.clients == n && r.server == plainSockets {
					ceiling = r.median()
				}
				if r.clients == n && r.server == s.name {
					mine = r
				}
			}
			if mine == nil {
				continue
			}
			found = true
			share := "–"
			if ceiling > 0 {
				share = fmt.Sprintf("%.0f %%", 100*mine.median()/ceiling)
			}
			row += fmt.Sprintf("%.2f\t%.2f–%.2f\t%s\t%.3f\t", mine.median()/1e6, slices.Min(mine.rates)/1e6, slices.Max(mine.rates)/1e6, share, median(mine.cpus))
		}
		if found {
			fmt.Fprintln(tw, row)
		}
	}
	_ = tw.Flush() // the terminal is gone
}
