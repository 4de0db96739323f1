package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Servers of bench/live.
const (
	hubBatched = "chatmood, batched dialect"
	hubPlain   = "chatmood, plain dialect"
	centrifuge = "Centrifuge"
	oneWrite   = "coder/websocket, a write a message"
	sockets    = "plain sockets, the same batched bytes"
)

// Bounds of the fan-out to 1,000 viewers.
const (
	socketsBound    = 0.7 // of what plain sockets carry
	centrifugeBound = 5   // times what Centrifuge delivers
)

// fanOutLine is what bench/live tells of each measurement.
var fanOutLine = regexp.MustCompile(`(?m)^round \d+: (.+?) +(\d+) clients +([0-9.]+) M/s$`)

// fanOutError is how bench/live tells who failed.
var fanOutError = regexp.MustCompile(`(?m)^error: (.+)$`)

var fanOutClients = []string{"100", "1000"}

const deliveries = "deliveries/s"

// measureFanOut measures the hub beside others in turns. Without the libraries
// of the others it measures the hub alone.
func measureFanOut(ctx context.Context, m *measurer) ([]row, error) {
	s, err := m.measureHubs(ctx)
	if errors.Is(err, errNoDownload) {
		m.note("  bench/live: %v: not compared", err)
		return measureHubAlone(ctx, m)
	}
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, server := range []string{hubBatched, hubPlain} {
		for _, clients := range fanOutClients {
			at := func(server string) string { return server + "/" + clients }
			most, err := s.most(at(server), deliveries)
			if err != nil {
				return nil, err
			}
			r := fanOutRow(server, clients, most)
			var share, times, writes float64
			for peer, ratio := range map[string]*float64{sockets: &share, centrifuge: &times, oneWrite: &writes} {
				if *ratio, err = s.ratio(at(server), at(peer), deliveries); err != nil {
					return nil, err
				}
			}
			r.compared = fmt.Sprintf("%.0f %% of plain sockets, %s × Centrifuge, %s × a write a message", 100*share, digits(times), digits(writes))
			if server == hubBatched && clients == "1000" {
				r.bound = "70 % of plain sockets, 5 × Centrifuge"
				r.holds = share >= socketsBound && times >= centrifugeBound
			}
			rows = append(rows, r)
		}
	}
	return rows, nil
}

func fanOutRow(server, clients string, perSecond float64) row {
	_, dialect, _ := strings.Cut(strings.TrimSuffix(server, " dialect"), ", ")
	return row{what: fmt.Sprintf("fan-out to %s %s viewers", clients, dialect), measured: rate(perSecond, "deliveries")}
}

// measureHubs runs bench/live.
func (m *measurer) measureHubs(ctx context.Context) (samples, error) {
	dir := filepath.Join(m.root, "bench", "live")
	if err := download(ctx, dir); err != nil {
		return nil, err
	}
	program := filepath.Join(m.tmp, "bench-live")
	if out, err := command(ctx, dir, "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building bench/live: %w\n%s", err, out)
	}
	s := samples{}
	for _, server := range []string{hubBatched, hubPlain, centrifuge, oneWrite, sockets} {
		for _, clients := range fanOutClients {
			s[server+"/"+clients] = map[string][]float64{deliveries: slices.Repeat([]float64{math.NaN()}, m.rounds)}
		}
	}
	for round := range m.rounds {
		// Rounds are calls of their own: a peer that gives up ends only one.
		cmd := command(ctx, dir, program, "-clients", strings.Join(fanOutClients, ","), "-seconds", "0.5", "-rounds", "1")
		var progress bytes.Buffer
		cmd.Stderr = &progress
		if err := cmd.Run(); err != nil {
			why := fanOutError.FindStringSubmatch(progress.String())
			if why == nil || strings.HasPrefix(why[1], "chatmood") {
				return nil, fmt.Errorf("bench/live: %w\n%s", err, &progress)
			}
			m.note("  %s", why[1])
		}
		for _, match := range fanOutLine.FindAllStringSubmatch(progress.String(), -1) {
			millions, err := strconv.ParseFloat(match[3], 64)
			if err != nil {
				return nil, fmt.Errorf("bench/live wrote %q: %w", match[0], err)
			}
			if known := s[match[1]+"/"+match[2]]; known != nil {
				known[deliveries][round] = millions * 1e6
			}
		}
	}
	return s, nil
}

func measureHubAlone(ctx context.Context, m *measurer) ([]row, error) {
	s, err := m.measure(ctx, bench{folder: "internal/live", pattern: "^BenchmarkFanOut$", time: "0.5s"})
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, server := range []string{hubBatched, hubPlain} {
		for _, clients := range fanOutClients {
			r := fanOutRow(server, clients, 0)
			most, err := s.most("internal/live/FanOut/"+strings.Fields(r.what)[3]+"/"+clients, deliveries)
			if err != nil {
				return nil, err
			}
			rows = append(rows, fanOutRow(server, clients, most))
		}
	}
	return rows, nil
}
