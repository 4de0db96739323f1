package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report is what was measured, each figure once a round.
type report struct {
	Date       time.Time     `json:"date"`
	Go         string        `json:"go"`
	Processors int           `json:"processors"`
	LoadBefore string        `json:"load_before"` // of the machine
	LoadAfter  string        `json:"load_after"`
	Deliveries []*deliveries `json:"deliveries,omitempty"`
	Latency    []*latency    `json:"latency,omitempty"`
	Memory     []*memory     `json:"memory,omitempty"`
	Units      *units        `json:"units,omitempty"`
}

// deliveries is what one server did with one number of clients.
type deliveries struct {
	Server  string    `json:"server"`
	Clients int       `json:"clients"`
	Rates   []float64 `json:"deliveries_per_s"` // messages times clients
	CPUs    []float64 `json:"cpu_s_per_m"`      // seconds of processor time, of server and clients, by million deliveries
}

// latency is how late messages were.
type latency struct {
	Server  string    `json:"server"`
	Clients int       `json:"clients"`
	Rate    float64   `json:"messages_per_s"`
	Stalled int       `json:"stalled,omitempty"` // clients beside them that read nothing
	P50     []float64 `json:"p50_ms"`
	P99     []float64 `json:"p99_ms"`
	P999    []float64 `json:"p999_ms"`
	CPUs    []float64 `json:"server_cpu_s_per_m"`            // seconds of the server's processor time by million deliveries
	Writes  []float64 `json:"server_cpu_us_write,omitempty"` // µs of the server's processor time by write to a socket
	Missing int64     `json:"missing"`                       // deliveries of all rounds that did not come
}

// memory is what an idle socket took, in bytes.
type memory struct {
	Server   string    `json:"server"`
	Clients  int       `json:"clients"`
	Used     []float64 `json:"used_bytes"`     // heap and stacks after a collection
	Resident []float64 `json:"resident_bytes"` // without one
}

// load tells how busy the machine is, where the system says so.
func load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(data), " ")
	return first
}

func (r *report) save(name string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(data, '\n'), 0o644)
}

// median is the middle; of an even number the mean of the two in the middle.
func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// middle writes the median.
func middle(values []float64, format string) string {
	if len(values) == 0 {
		return "–"
	}
	return fmt.Sprintf(format, median(values))
}

// spread writes the median with the lowest and the highest.
func spread(values []float64, format string) string {
	if len(values) == 0 {
		return "–"
	}
	s := fmt.Sprintf(format, median(values))
	if len(values) > 1 {
		s += fmt.Sprintf(" ("+format+"–"+format+")", slices.Min(values), slices.Max(values))
	}
	return s
}

// print writes tables of Markdown that also read well as they are.
func (r *report) print(w io.Writer, numbers []int) {
	fmt.Fprintf(w, "%s, %d processors, load %s before and %s after\n", r.Go, r.Processors, r.LoadBefore, r.LoadAfter)
	row := func(tw io.Writer, cells ...string) { fmt.Fprintf(tw, "| %s |\n", strings.Join(cells, "\t| ")) }
	begin := func(cells ...string) *tabwriter.Writer {
		fmt.Fprintln(w)
		tw := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
		row(tw, cells...)
		row(tw, slices.Repeat([]string{"---"}, len(cells))...)
		return tw
	}
	if r.Deliveries != nil {
		head := []string{"million deliveries a second"}
		for _, n := range numbers {
			head = append(head, fmt.Sprintf("%d clients", n), "of plain sockets", "CPU s/M")
		}
		tw := begin(head...)
		for _, s := range servers {
			cells := []string{s.name}
			for _, n := range numbers {
				of := func(name string) *deliveries {
					i := slices.IndexFunc(r.Deliveries, func(d *deliveries) bool { return d.Server == name && d.Clients == n })
					if i < 0 {
						return nil
					}
					return r.Deliveries[i]
				}
				mine := of(s.name)
				if mine == nil {
					continue
				}
				var millions []float64
				for _, v := range mine.Rates {
					millions = append(millions, v/1e6)
				}
				cells = append(cells, spread(millions, "%.2f"), share(mine, of(plainSockets)), middle(mine.CPUs, "%.3f"))
			}
			if len(cells) > 1 {
				row(tw, cells...)
			}
		}
		_ = tw.Flush() // the terminal is gone
	}
	if r.Latency != nil {
		tw := begin(fmt.Sprintf("latency, %v messages/s to %d clients", r.Latency[0].Rate, r.Latency[0].Clients), "p50, ms", "p99, ms", "p99.9, ms", "the server's CPU s/M", "… µs a write", "missing")
		for _, l := range r.Latency {
			name := l.Server
			if l.Stalled > 0 {
				name += fmt.Sprintf(", %d others stalled", l.Stalled)
			}
			row(tw, name, spread(l.P50, "%.1f"), spread(l.P99, "%.1f"), spread(l.P999, "%.1f"), spread(l.CPUs, "%.2f"), spread(l.Writes, "%.2f"), fmt.Sprint(l.Missing))
		}
		_ = tw.Flush() // the terminal is gone
	}
	if r.Memory != nil {
		tw := begin(fmt.Sprintf("an idle socket of %d", r.Memory[0].Clients), "heap and stacks collected, bytes", "resident, bytes")
		for _, m := range r.Memory {
			row(tw, m.Server, spread(m.Used, "%.0f"), spread(m.Resident, "%.0f"))
		}
		_ = tw.Flush() // the terminal is gone
	}
	if r.Units != nil {
		fmt.Fprintf(w, "\na frame of 2 KB on the bus: %s µs; a message: %.0f bytes\n", spread(r.Units.Bus, "%.2f"), r.Units.Message)
	}
}

// share is the median, over the rounds, of what a server did of the ceiling.
func share(mine, ceiling *deliveries) string {
	if ceiling == nil || len(mine.Rates) == 0 || len(ceiling.Rates) != len(mine.Rates) {
		return "–"
	}
	var shares []float64
	for i, v := range mine.Rates {
		shares = append(shares, 100*v/ceiling.Rates[i])
	}
	return fmt.Sprintf("%.0f %%", median(shares))
}
