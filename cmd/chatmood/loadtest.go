package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"chatmood/internal/loadtest"
)

type loadtestCmd struct {
	Target   string        `required:"" help:"Address of the server." placeholder:"URL"`
	Clients  int           `help:"Clients at once." default:"100" placeholder:"N"`
	Channels []string      `help:"Channels to watch; they must be analysed already. Default: all that the server analyses." placeholder:"NAME"`
	Dialects []string      `help:"What clients speak, in turns: v1, plain, sse." default:"v1" placeholder:"LIST"`
	Duration time.Duration `help:"How long to measure." default:"30s"`
	Ramp     time.Duration `help:"Time over which clients come." default:"2s"`
	Churn    float64       `help:"Clients a second that break off and come again." default:"0" placeholder:"N"`
	Slow     int           `help:"Clients that hardly read." default:"0" placeholder:"N"`
	Storm    time.Duration `help:"When all break off at once, counted from the beginning of the measurement." default:"0s"`
	TokenEnv string        `name:"token-env" help:"Environment variable that holds an access token; without one, clients are guests." placeholder:"NAME"`
	Owned    bool          `name:"i-own-this" help:"Allow a target that is neither on this machine nor in a private network."`
	JSON     bool          `name:"json" help:"Write the result as JSON."`

	MinPerSecond float64       `help:"Fail below so many deliveries a second." placeholder:"N"`
	MaxP99       time.Duration `name:"max-p99" help:"Fail when 1 of 100 messages takes longer." placeholder:"TIME"`
	MaxGaps      int64         `help:"Fail when the server told of more missed messages; -1 allows any number." default:"-1" placeholder:"N"`
}

// Help implements [kong.HelpProvider].
func (loadtestCmd) Help() string {
	return `Opens many clients on a running server, counts what arrives and checks that no message is missing or comes twice, but for what the
server says was missed. Fails (exit code 1) when one is, and when a threshold is not kept.

Examples:

  chatmood loadtest --target http://127.0.0.1:8000 --clients 1000 --duration 1m
  chatmood loadtest --target http://127.0.0.1:8000 --clients 500 --dialects v1,plain,sse --churn 5 --storm 20s --max-p99 200ms`
}

// Run measures.
func (c loadtestCmd) Run(e *env) error {
	u, err := httpURL("--target", c.Target)
	if err != nil {
		return err
	}
	cfg := loadtest.Config{
		Target: u, Owned: c.Owned, Clients: c.Clients, Channels: c.Channels, Duration: c.Duration, Ramp: c.Ramp, Churn: c.Churn, Slow: c.Slow, StormAt: c.Storm,
	}
	for _, d := range c.Dialects {
		cfg.Dialects = append(cfg.Dialects, loadtest.Dialect(strings.TrimSpace(d)))
	}
	if c.TokenEnv != "" {
		if cfg.Token = os.Getenv(c.TokenEnv); cfg.Token == "" {
			return usagef("--token-env names %s, which is not set", c.TokenEnv)
		}
	}
	if !c.Owned { // before anything is asked of it
		if err := loadtest.Allowed(e.ctx, u.Hostname()); err != nil {
			return usageUnlessRun(err)
		}
	}
	if len(cfg.Channels) == 0 {
		if cfg.Channels, err = analysed(e, u.JoinPath("api/channels").String(), cfg.Token); err != nil {
			return err
		}
	}
	if f, ok := e.stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		cfg.Told = func(p loadtest.Progress) { drawProgress(f, p, c.Duration) }
	}
	result, err := loadtest.Run(e.ctx, cfg)
	if cfg.Told != nil {
		fmt.Fprint(e.stderr, "\r\x1b[K")
	}
	if err != nil {
		return usageUnlessRun(err)
	}
	if c.JSON {
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		err = enc.Encode(result)
	} else {
		err = writeLoad(e.stdout, result)
	}
	return errors.Join(err, c.verdict(result))
}

// usageUnlessRun makes a refused target a mistake of the command line.
func usageUnlessRun(err error) error {
	if errors.Is(err, loadtest.ErrForeign) {
		return usageError{err}
	}
	return err
}

// verdict is what is wrong with a result.
func (c loadtestCmd) verdict(r *loadtest.Result) error {
	var faults []error
	if r.Lost > 0 || r.Doubled > 0 {
		faults = append(faults, fmt.Errorf("%d messages were missing without a word and %d came twice", r.Lost, r.Doubled))
	}
	if c.MinPerSecond > 0 && r.PerSecond < c.MinPerSecond {
		faults = append(faults, fmt.Errorf("%.0f deliveries a second, at least %.0f were asked for", r.PerSecond, c.MinPerSecond))
	}
	if limit := float64(c.MaxP99.Microseconds()) / 1000; limit > 0 && r.Latency.P99 > limit {
		faults = append(faults, fmt.Errorf("1 of 100 messages took over %.1f ms, at most %.1f ms were asked for", r.Latency.P99, limit))
	}
	if c.MaxGaps >= 0 && r.Gaps > c.MaxGaps {
		faults = append(faults, fmt.Errorf("the server told of %d missed messages, at most %d were asked for", r.Gaps, c.MaxGaps))
	}
	return errors.Join(faults...)
}

// analysed asks the server what it analyses.
func analysed(e *env, address, token string) ([]string, error) {
	req, err := http.NewRequestWithContext(e.ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for the channels: %w", err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("asking for the channels: %w", err)
	}
	defer res.Body.Close()
	var answer struct {
		Channels []struct{ Channel string }
		Detail   string
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 32<<20)).Decode(&answer); err != nil || res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking for the channels: the server answers %s %q", res.Status, answer.Detail)
	}
	var names []string
	for _, c := range answer.Channels {
		names = append(names, c.Channel)
	}
	if len(names) == 0 {
		return nil, usagef("the server analyses no channel: start one first, or try chatmood demo")
	}
	slices.Sort(names)
	return names, nil
}

func drawProgress(w io.Writer, p loadtest.Progress, all time.Duration) {
	if p.Measuring == 0 {
		fmt.Fprintf(w, "\r\x1b[K%d of %d clients", p.Connected, p.Clients)
		return
	}
	const width = 30
	full := int(min(p.Measuring.Seconds()/all.Seconds(), 1) * width)
	fmt.Fprintf(w, "\r\x1b[K[%s%s] %d clients, %.1f M deliveries", strings.Repeat("#", full), strings.Repeat("-", width-full), p.Connected, float64(p.Deliveries)/1e6)
}

func writeLoad(w io.Writer, r *loadtest.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d clients on %d channels of %s, %.1f s\n\n", r.Clients, r.Channels, r.Target, r.Seconds)
	fmt.Fprintf(&b, "  deliveries    %d, %.0f a second\n", r.Deliveries, r.PerSecond)
	fmt.Fprintf(&b, "  bytes         %.1f MB, %.1f MB a second\n", float64(r.Bytes)/1e6, r.BytesPerS/1e6)
	fmt.Fprintf(&b, "  latency       p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, p99.9 %.1f ms, most %.1f ms\n", r.Latency.P50, r.Latency.P90, r.Latency.P99, r.Latency.P999, r.Latency.Max)
	fmt.Fprintf(&b, "  connections   %d made, %d resumed\n", r.Connects, r.Resumed)
	if r.Downtime.Count > 0 {
		fmt.Fprintf(&b, "  downtime      p50 %.0f ms, p99 %.0f ms, most %.0f ms, of %d\n", r.Downtime.P50, r.Downtime.P99, r.Downtime.Max, r.Downtime.Count)
	}
	fmt.Fprintf(&b, "  missed        %d told by the server, %d untold, %d came twice\n", r.Gaps, r.Lost, r.Doubled)
	for _, list := range []struct {
		what   string
		counts map[string]int64
	}{{"errors", r.Errors}, {"closes", r.Closes}} {
		for text, n := range list.counts {
			fmt.Fprintf(&b, "  %-13s %d × %s\n", list.what, n, text)
		}
	}
	most := int64(1)
	for _, bin := range r.Histogram {
		most = max(most, bin.Count)
	}
	b.WriteString("\n  latency up to\n")
	for _, bin := range r.Histogram {
		fmt.Fprintf(&b, "  %8.0f ms  %-40s %d\n", bin.UpTo, strings.Repeat("█", int(40*bin.Count/most)), bin.Count)
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}
