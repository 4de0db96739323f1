package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/loadtest"
	"chatmood/internal/twitchsim"
)

// soakVariable is for how long TestSoak runs, such as 30m. make soak sets it.
const soakVariable = "CHATMOOD_SOAK"

// TestSoak lets a server in a process of its own read 20 channels for long, while
// viewers of all dialects come and go, and looks whether its memory and goroutines
// stay as they are and its counts exact.
func TestSoak(t *testing.T) {
	text := os.Getenv(soakVariable)
	if text == "" {
		t.Skipf("SKIPPED: %s is not set; make soak runs this test", soakVariable)
	}
	length, err := time.ParseDuration(text)
	if err != nil || length < time.Minute {
		t.Fatalf("%s: %q is no duration of a minute or more, such as 30m", soakVariable, text)
	}
	const channels, perSecond, viewers = 20, 5, 300
	sim := twitch(t, twitchsim.Config{})
	p := spawn(t, childEnv(t, sim, map[string]string{
		"GUESTS": "analyse", "MAX_SOCKETS_PER_ADDRESS": "10000",
	}))
	guest := visitor(t, p.URL)
	guest.ready()
	var names []string
	for i := range channels {
		name := fmt.Sprintf("channel_%d", i)
		names = append(names, name)
		guest.eventually(name+" is analysed", func() bool {
			a, err := guest.ask(http.MethodPost, "/api/twitch/connect-guest", object{"url": name})
			return err == nil && a.status == http.StatusOK
		})
		if err := sim.WaitReaders(t.Context(), name, 1); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	var busy sync.WaitGroup
	sent := make([]int, channels)
	busy.Go(func() {
		tick := time.NewTicker(time.Second / perSecond / channels)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			i := n % channels
			if _, err := sim.Say(names[i], fmt.Sprint("viewer_", n*7919%20_000), fmt.Sprint("this is number ", n, " and nice")); err != nil {
				t.Error(err)
				return
			}
			sent[i]++
		}
	})
	target, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	var result *loadtest.Result
	busy.Go(func() {
		result, err = loadtest.Run(ctx, loadtest.Config{
			Target: target, Channels: names, Clients: viewers, Dialects: []loadtest.Dialect{loadtest.Batched, loadtest.Plain, loadtest.Events},
			Ramp: 5 * time.Second, Duration: 24 * time.Hour, Churn: 5,
		})
		if err != nil {
			t.Errorf("watching: %v", err)
		}
	})
	busy.Go(func() { // channels that come and go
		for n := 0; ctx.Err() == nil; n++ {
			name := fmt.Sprintf("passing_%d", n%50)
			if a, err := guest.ask(http.MethodPost, "/api/twitch/connect-guest", object{"url": name}); err != nil || a.status != http.StatusOK {
				t.Errorf("connecting %s: %v", name, err)
				return
			}
			wait(ctx, 5*time.Second) // the server lets an address start 20 a minute
			if a, err := guest.ask(http.MethodPost, "/api/twitch/disconnect-guest", object{"channel": name}); err != nil || a.status != http.StatusOK {
				t.Errorf("leaving %s: %v", name, err)
				return
			}
		}
	})
	var samples []sample
	every := max(length/60, time.Second)
	for wait(ctx, every) {
		s := guest.sample()
		samples = append(samples, s)
		t.Logf("%v: %.0f goroutines, heap in use %.1f MB, resident %.1f MB", time.Since(began).Round(time.Second), s.goroutines, s.heap/1e6, s.resident/1e6)
	}
	busy.Wait()
	for i, name := range names {
		// On a machine that gives the server too little, messages are left out and
		// connections end: that is told, and what is not told is a fault.
		var s analysis.Snapshot
		guest.eventually("all of "+name+" is accounted for", func() bool {
			guest.get("/api/channels/"+name, &s)
			return s.Counts.Total+s.Shed.Unjudged >= sent[i] || len(s.Gaps) > 0
		})
		if n := s.Counts.Total + s.Shed.Unjudged; n > sent[i] || n < sent[i] && len(s.Gaps) == 0 {
			t.Errorf("%s: %d counted and %d left out of %d, gaps %v", name, s.Counts.Total, s.Shed.Unjudged, sent[i], s.Gaps)
		}
		if s.Counts.Total != sent[i] {
			t.Logf("%s: %d counted of %d, %d left out, gaps %v", name, s.Counts.Total, sent[i], s.Shed.Unjudged, s.Gaps)
		}
	}
	if result == nil || result.Lost != 0 || result.Doubled != 0 || result.Deliveries == 0 {
		t.Errorf("viewers: %+v", result)
	} else {
		t.Logf("%d deliveries, %d connections, %d resumed, told of %d missed, p99 %.0f ms; closed %v, errors %v",
			result.Deliveries, result.Connects, result.Resumed, result.Gaps, result.Latency.P99, result.Closes, result.Errors)
	}
	// The first third fills tables that have a bound; the others are compared.
	third := len(samples) / 3
	middle, last := samples[third:2*third], samples[2*third:]
	for _, of := range []struct {
		what  string
		value func(sample) float64
		grow  float64 // by this factor
		more  float64 // and this much
	}{
		{"goroutines", func(s sample) float64 { return s.goroutines }, 1.05, 20},
		{"heap in use after collections, MB", func(s sample) float64 { return s.heap / 1e6 }, 1.15, 5},
		{"resident memory, MB", func(s sample) float64 { return s.resident / 1e6 }, 1.15, 10},
	} {
		a, b := medianOf(middle, of.value), medianOf(last, of.value)
		t.Logf("%s: %.1f in the second third, %.1f in the last", of.what, a, b)
		if b > a*of.grow+of.more {
			t.Errorf("%s grew from %.1f to %.1f", of.what, a, b)
		}
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// sample is what a server has at a moment.
type sample struct{ goroutines, heap, resident float64 }

// sample reads a server's metrics.
func (p *person) sample() sample {
	p.t.Helper()
	body := ""
	p.eventually("the server tells its figures", func() bool { // a machine that is busy may take longer than the server waits
		a, err := p.ask(http.MethodGet, "/metrics", nil)
		if err != nil || a.status != http.StatusOK {
			return false
		}
		body = string(a.body)
		return true
	})
	read := func(name string) float64 {
		m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(body)
		if m == nil {
			p.t.Fatalf("there is no %s in /metrics", name)
		}
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			p.t.Fatal(err)
		}
		return v
	}
	return sample{read("go_goroutines"), read("go_memstats_heap_inuse_bytes"), read("process_resident_memory_bytes")}
}

func medianOf(list []sample, of func(sample) float64) float64 {
	values := make([]float64, len(list))
	for i, s := range list {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
