package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Measurements write JSON; -update takes the costs from it.

// cost is one entry of costs.json.
type cost struct {
	Value float64 `json:"value"`
	From  string  `json:"from"`
}

// order is that of the entries in costs.json.
var order = []string{
	"message_us", "silent_channel_us", "write_us", "bus_us", "viewer_bytes", "channel_bytes", "busy_channel_bytes", "message_bytes", "stats_bytes", "checkpoint_bytes",
}

var errMeasured = errors.New("it is not what make bench, make bench-live or make bench-ingest writes with -json")

// update replaces the costs that the files have measured in a file of costs,
// and returns their names.
func update(costs string, files []string) ([]string, error) {
	known := map[string]cost{}
	data, err := os.ReadFile(costs)
	if err != nil {
		return nil, fmt.Errorf("reading the costs: %w", err)
	}
	if err := json.Unmarshal(data, &known); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errCosts, costs, err)
	}
	var changed []string
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading what was measured: %w", err)
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("reading what was measured: %w", err)
		}
		found, err := measuredCosts(data, info.ModTime())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for key, c := range found {
			known[key] = c
			changed = append(changed, key)
		}
	}
	for key := range known {
		if !slices.Contains(order, key) {
			return nil, fmt.Errorf("%w: %s: there is no cost %s", errCosts, costs, key)
		}
	}
	var lines []string
	for _, key := range order {
		c, ok := known[key]
		if !ok {
			continue
		}
		from, err := json.Marshal(c.From)
		if err != nil {
			return nil, err
		}
		lines = append(lines, fmt.Sprintf("  %-22s{\"value\": %s, \"from\": %s}", strconv.Quote(key)+":", strconv.FormatFloat(c.Value, 'f', -1, 64), from))
	}
	if err := os.WriteFile(costs, []byte("{\n"+strings.Join(lines, ",\n")+"\n}\n"), 0o644); err != nil {
		return nil, fmt.Errorf("writing the costs: %w", err)
	}
	slices.Sort(changed)
	return changed, nil
}

// measuredCosts finds the costs in a file of one of the three measurements,
// written at a time.
func measuredCosts(data []byte, written time.Time) (map[string]cost, error) {
	found := map[string]cost{}
	put := func(key string, value float64, from string) {
		if value > 0 {
			found[key] = cost{digits(value), fmt.Sprintf("%s, %s", from, written.UTC().Format("2 January 2006"))}
		}
	}
	var live struct {
		Latency []struct {
			Server  string    `json:"server"`
			Clients int       `json:"clients"`
			Rate    float64   `json:"messages_per_s"`
			Stalled int       `json:"stalled"`
			Writes  []float64 `json:"server_cpu_us_write"`
		} `json:"latency"`
		Units *struct {
			Bus     []float64 `json:"bus_us"`
			Message float64   `json:"message_bytes"`
		} `json:"units"`
	}
	var rows []struct {
		What     string `json:"what"`
		Measured string `json:"measured"`
		// Of bench-ingest.
		Channels int     `json:"channels"`
		Lines    float64 `json:"lines_per_s_core"`
		Silent   float64 `json:"silent_us_per_s"`
		Heap     float64 `json:"heap_bytes"`
	}
	switch {
	case json.Unmarshal(data, &live) == nil:
		for _, l := range live.Latency {
			if l.Server == "chatmood, batched dialect" && l.Stalled == 0 && len(l.Writes) > 0 {
				put("write_us", median(l.Writes), fmt.Sprintf("make bench-live: the server's processor time a write, %d viewers at %v messages/s, median", l.Clients, l.Rate))
			}
		}
		if live.Units != nil {
			if len(live.Units.Bus) > 0 {
				put("bus_us", median(live.Units.Bus), "make bench-live: processor time of a frame of 2 KB on the bus, publisher and subscriber")
			}
			put("message_bytes", live.Units.Message, "make bench-live: a message of the batched dialect with its share of a frame")
		}
	case json.Unmarshal(data, &rows) == nil:
		most := 0
		for _, r := range rows {
			if r.Channels > most {
				most = r.Channels
				if r.Lines > 0 {
					put("message_us", 1e6/r.Lines, fmt.Sprintf("make bench-ingest: a message read, judged, published and stored, %d channels flooded", most))
				}
				put("silent_channel_us", r.Silent, fmt.Sprintf("make bench-ingest: processor time a silent channel and second, %d channels", most))
				put("channel_bytes", r.Heap, fmt.Sprintf("make bench-ingest: heap of a channel a minute old, %d channels", most))
			}
			switch {
			case strings.HasPrefix(r.What, "resident memory, an idle WebSocket viewer"):
				put("viewer_bytes", quantity(r.Measured, "B"), "make bench: "+r.What)
			case r.What == "memory, a channel after 6 hours at 20 messages/s":
				put("busy_channel_bytes", quantity(r.Measured, "B"), "make bench: "+r.What)
			case r.What == "checkpoint of a busy channel's second, one core":
				put("checkpoint_bytes", quantity(r.Measured, "B")/20, "make bench: a second's checkpoint of a channel at 20 messages/s, by message")
			}
		}
	default:
		return nil, errMeasured
	}
	if len(found) == 0 {
		return nil, errMeasured
	}
	return found, nil
}

var number = regexp.MustCompile(`([0-9.]+) ([kKM]?)(\pL+)`)

// quantity finds a quantity of a unit in what make bench prints ("111 µs, 22.6
// KB"); 0 where there is none.
func quantity(s, unit string) float64 {
	for _, m := range number.FindAllStringSubmatch(s, -1) {
		if m[3] != unit {
			continue
		}
		v, err := strconv.ParseFloat(m[1], 64)
		if err == nil {
			return v * map[string]float64{"": 1, "k": 1e3, "K": 1e3, "M": 1e6}[m[2]]
		}
	}
	return 0
}

// digits keeps three digits that count: more were not measured.
func digits(v float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	if err != nil {
		return v
	}
	return rounded
}

// median is the middle; of an even number the mean of the two in the middle.
func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
