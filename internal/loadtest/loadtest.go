// Package loadtest watches channels of a running server with many clients at
// once, counts what arrives, and checks that nothing is missing or comes twice.
package loadtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Dialect is what a client speaks.
type Dialect string

// The dialects.
const (
	Batched Dialect = "v1"    // WebSocket, chatmood.v1
	Plain   Dialect = "plain" // WebSocket without subprotocol, as the old front-end
	Events  Dialect = "sse"   // server-sent events
)

// Config is what is done. Durations of zero leave a thing out.
type Config struct {
	Target   *url.URL  // http or https; only loopback and private networks unless Owned
	Owned    bool      // the target belongs to whoever runs this
	Channels []string  // logins that the server analyses already
	Clients  int       // 1…MaxClients
	Dialects []Dialect // clients take them in turns; empty: Batched
	Token    string    // access token; empty: as guests
	Ramp     time.Duration
	Duration time.Duration // of the measurement, after all are connected
	Slow     int           // so many clients read nothing for most of the time
	// Churn is how many clients a second leave and come again, resuming.
	Churn float64
	// StormAt is when, within the measurement, all connections break at once.
	StormAt time.Duration
	// Told, unless nil, is called about once a second.
	Told func(Progress)
}

// MaxClients bounds the clients of one test.
const MaxClients = 100_000

// Progress is how a test stands.
type Progress struct {
	Connected  int64
	Clients    int
	Deliveries int64
	Measuring  time.Duration // 0 while clients still come
}

// Result is what a test found.
type Result struct {
	Target     string           `json:"target"`
	Clients    int              `json:"clients"`
	Channels   int              `json:"channels"`
	Seconds    float64          `json:"seconds"`
	Deliveries int64            `json:"deliveries"` // messages that arrived, of all clients
	PerSecond  float64          `json:"deliveries_per_second"`
	Bytes      int64            `json:"bytes"`
	BytesPerS  float64          `json:"bytes_per_second"`
	Latency    Latency          `json:"latency_ms"` // from the message's own time to its arrival
	Connects   int64            `json:"connects"`
	Resumed    int64            `json:"resumed"` // connections that went on where they had been
	Gaps       int64            `json:"gaps"`    // messages that the server said were missed
	Lost       int64            `json:"lost"`    // missing without being told: must be 0
	Doubled    int64            `json:"doubled"` // must be 0
	Errors     map[string]int64 `json:"errors"`  // by text
	Closes     map[string]int64 `json:"closes"`  // by code, those that we did not ask for
	Histogram  []Bin            `json:"histogram"`
	Downtime   Latency          `json:"downtime_ms"` // from a lost connection to the next frame
}

// check returns what is wrong with a configuration.
func (c *Config) check() error {
	switch {
	case c.Target == nil || c.Target.Host == "" || c.Target.Scheme != "http" && c.Target.Scheme != "https":
		return errors.New("the target must be an address like http://127.0.0.1:8000")
	case c.Clients < 1 || c.Clients > MaxClients:
		return fmt.Errorf("there must be 1 to %d clients", MaxClients)
	case len(c.Channels) == 0:
		return errors.New("name at least one channel that the server analyses")
	case c.Duration <= 0 || c.Duration > 24*time.Hour:
		return errors.New("the duration must be more than 0 and at most 24h")
	case c.Slow < 0 || c.Slow > c.Clients:
		return errors.New("there cannot be more slow clients than clients")
	case c.Churn < 0 || c.Ramp < 0 || c.StormAt < 0:
		return errors.New("churn, ramp and storm must not be negative")
	}
	if len(c.Dialects) == 0 {
		c.Dialects = []Dialect{Batched}
	}
	for _, d := range c.Dialects {
		if d != Batched && d != Plain && d != Events {
			return fmt.Errorf("there is no dialect %q: take v1, plain or sse", d)
		}
	}
	return nil
}

// ErrForeign is returned for a target that is neither on this machine nor in a
// private network.
var ErrForeign = errors.New("the target is neither on this machine nor in a private network: a load test of somebody else's server is an attack. Say --i-own-this if it is yours")

// Allowed looks a host up: all its addresses must be loopback or private, or the
// error is [ErrForeign]. [Run] asks it, too.
func Allowed(ctx context.Context, host string) error {
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr = addr.Unmap(); addr.IsLoopback() || addr.IsPrivate() {
			return nil
		}
		return ErrForeign
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return fmt.Errorf("looking the target up: %w", err)
	}
	for _, addr := range addrs {
		if addr = addr.Unmap(); !addr.IsLoopback() && !addr.IsPrivate() {
			return ErrForeign
		}
	}
	return nil
}

// run is a test under way.
type run struct {
	cfg       Config
	http      *http.Client
	skew      time.Duration // the server's clock less ours
	measuring atomic.Bool

	connected, deliveries, bytes atomic.Int64
	connects, resumed            atomic.Int64
	gaps, lost, doubled          atomic.Int64
	latency, downtime            histogram

	mu     sync.Mutex // guards errors and closes
	errors map[string]int64
	closes map[string]int64
}

// Run does a test. It ends early, with what was found so far, when ctx does.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if !cfg.Owned {
		if err := Allowed(ctx, cfg.Target.Hostname()); err != nil {
			return nil, err
		}
	}
	r := &run{
		cfg: cfg, errors: map[string]int64{}, closes: map[string]int64{},
		http: &http.Client{Transport: &http.Transport{MaxConnsPerHost: 0, MaxIdleConnsPerHost: -1, DisableCompression: true}},
	}
	var err error
	if r.skew, err = r.clock(ctx); err != nil {
		return nil, err
	}
	working, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	clients := make([]*client, cfg.Clients)
	for i := range clients {
		clients[i] = &client{
			run: r, channel: cfg.Channels[i%len(cfg.Channels)],
			// The dialects turn more slowly than the channels, so that each channel has all.
			dialect: cfg.Dialects[i/len(cfg.Channels)%len(cfg.Dialects)],
			slow:    i < cfg.Slow, wake: make(chan struct{}, 1),
		}
		wg.Go(func() { clients[i].work(working) })
		if cfg.Ramp > 0 && !pause(ctx, cfg.Ramp/time.Duration(cfg.Clients)) {
			break
		}
	}
	if err := r.settle(ctx); err != nil {
		return nil, err
	}
	began := r.measure(ctx, clients)
	result := r.result(time.Since(began))
	return result, nil
}

// settle waits until all clients are connected.
func (r *run) settle(ctx context.Context) error {
	const patience = 30 * time.Second
	deadline := time.Now().Add(patience)
	for r.connected.Load() < int64(r.cfg.Clients) {
		if time.Now().After(deadline) {
			r.mu.Lock()
			defer r.mu.Unlock()
			return fmt.Errorf("after %v only %d of %d clients are connected: %s", patience, r.connected.Load(), r.cfg.Clients, mostOf(r.errors))
		}
		if !pause(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
		r.tell(0)
	}
	return nil
}

// measure counts for the duration, and does what breaks connections.
func (r *run) measure(ctx context.Context, clients []*client) (began time.Time) {
	for _, c := range []*atomic.Int64{&r.deliveries, &r.bytes, &r.gaps, &r.lost, &r.doubled} {
		c.Store(0)
	}
	r.measuring.Store(true)
	began = time.Now()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	due, stormed := 0.0, r.cfg.StormAt == 0
	last := began
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return began
		case now := <-tick.C:
			age := now.Sub(began)
			if age >= r.cfg.Duration {
				r.measuring.Store(false)
				return began
			}
			if !stormed && age >= r.cfg.StormAt {
				stormed = true
				for _, c := range clients {
					c.cut()
				}
			}
			due += r.cfg.Churn * now.Sub(last).Seconds()
			for ; due >= 1; due-- {
				clients[rand.IntN(len(clients))].cut()
			}
			last = now
			if n%10 == 0 {
				r.tell(age)
			}
		}
	}
}

func (r *run) tell(age time.Duration) {
	if r.cfg.Told != nil {
		r.cfg.Told(Progress{r.connected.Load(), r.cfg.Clients, r.deliveries.Load(), age})
	}
}

func (r *run) result(took time.Duration) *Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := took.Seconds()
	return &Result{
		Target: r.cfg.Target.Host, Clients: r.cfg.Clients, Channels: len(r.cfg.Channels), Seconds: s,
		Deliveries: r.deliveries.Load(), PerSecond: float64(r.deliveries.Load()) / s,
		Bytes: r.bytes.Load(), BytesPerS: float64(r.bytes.Load()) / s,
		Latency: r.latency.summary(), Downtime: r.downtime.summary(), Histogram: r.latency.bins(),
		Connects: r.connects.Load(), Resumed: r.resumed.Load(), Gaps: r.gaps.Load(), Lost: r.lost.Load(), Doubled: r.doubled.Load(),
		Errors: r.errors, Closes: r.closes,
	}
}

// clock asks the server for its time and returns how far it is ahead of ours,
// to half of what the question took.
func (r *run) clock(ctx context.Context) (time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.cfg.Target.JoinPath("health").String(), nil)
	if err != nil {
		return 0, err
	}
	asked := time.Now()
	res, err := r.http.Do(req)
	if err != nil {
		return 0, fmt.Errorf("asking the target for its time: %w", err)
	}
	defer res.Body.Close()
	took := time.Since(asked)
	var answer struct {
		Timestamp time.Time `json:"timestamp"`
	}
	if err := decode(res.Body, &answer); err != nil || answer.Timestamp.IsZero() {
		return 0, fmt.Errorf("the target is no chatmood: /health answers %s", res.Status)
	}
	skew := answer.Timestamp.Sub(asked.Add(took / 2))
	if skew.Abs() <= took {
		return 0, nil // it may as well be none
	}
	return skew, nil
}

func (r *run) failed(err error) {
	text := err.Error()
	// Addresses and ports differ from try to try.
	if i := strings.LastIndex(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	r.mu.Lock()
	r.errors[text]++
	r.mu.Unlock()
}

func (r *run) closed(code string) {
	r.mu.Lock()
	r.closes[code]++
	r.mu.Unlock()
}

func mostOf(counts map[string]int64) string {
	text, most := "no errors", int64(0)
	for t, n := range counts {
		if n > most {
			text, most = t, n
		}
	}
	return text
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
