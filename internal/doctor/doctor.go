// Package doctor examines an installation: what is set, what it depends on and,
// from outside, how a running server answers. Each finding says what was seen,
// why it matters and what mends it.
package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Status is how a check ended.
type Status string

// The statuses, from good to bad.
const (
	OK      Status = "ok"
	Skipped Status = "skipped" // it does not apply here, or cannot be told; Seen says why
	Warning Status = "warning"
	Failed  Status = "failed"
)

// Finding is what a check found.
type Finding struct {
	Check  string `json:"check" doc:"Name of the check, stable"`
	Group  string `json:"group" doc:"What it belongs to"`
	Status Status `json:"status" enum:"ok,skipped,warning,failed"`
	Seen   string `json:"seen" doc:"What was seen"`
	Why    string `json:"why,omitempty" doc:"Why it matters"`
	Mend   string `json:"mend,omitempty" doc:"What mends it: a command or a setting"`
}

// Check is one examination. Run gets a context with a deadline.
type Check struct {
	Name  string
	Group string
	Why   string
	// Timeout is how long it may take; 0 means ten seconds.
	Timeout time.Duration
	// Run returns the status, what was seen, and what mends it where it is not
	// well. What it returns holds no secret.
	Run func(ctx context.Context) (status Status, seen, mend string)
}

// Report is what all checks found, in their order.
type Report struct {
	Findings []Finding `json:"findings"`
	At       time.Time `json:"at"`
	Version  string    `json:"version"`
}

// rank orders the statuses, from good to bad.
var rank = map[Status]int{OK: 0, Skipped: 0, Warning: 1, Failed: 2}

// Worst returns the worst status; OK where nothing was checked.
func (r *Report) Worst() Status {
	worst := OK
	for _, f := range r.Findings {
		if rank[f.Status] > rank[worst] {
			worst = f.Status
		}
	}
	return worst
}

// Examine runs the checks of a group one after the other and the groups side by
// side, and returns when all have ended. told, unless nil, is called for each
// finding as it comes, by one goroutine at a time.
func Examine(ctx context.Context, checks []Check, version string, told func(Finding)) *Report {
	r := &Report{Findings: make([]Finding, len(checks)), At: time.Now().UTC(), Version: version}
	groups := map[string][]int{}
	for i, c := range checks {
		groups[c.Group] = append(groups[c.Group], i)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, indexes := range groups {
		wg.Go(func() {
			for _, i := range indexes {
				f := checks[i].examine(ctx)
				mu.Lock()
				r.Findings[i] = f
				if told != nil {
					told(f)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return r
}

func (c *Check) examine(ctx context.Context) (f Finding) {
	limit := c.Timeout
	if limit == 0 {
		limit = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	f = Finding{Check: c.Name, Group: c.Group, Why: c.Why}
	f.Status, f.Seen, f.Mend = c.Run(ctx)
	if f.Status == OK || f.Status == Skipped {
		f.Why, f.Mend = "", ""
	}
	return f
}

// mark is how a status looks on a terminal: a sign and a word, never colour alone.
func (s Status) mark() string {
	switch s {
	case OK:
		return "✓ ok     "
	case Warning:
		return "! warning"
	case Failed:
		return "✗ FAILED "
	default:
		return "- skipped"
	}
}

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	group := ""
	count := map[Status]int{}
	for _, f := range r.Findings {
		if f.Group != group {
			if group != "" {
				b.WriteByte('\n')
			}
			group = f.Group
			fmt.Fprintf(&b, "%s\n", group)
		}
		count[f.Status]++
		fmt.Fprintf(&b, "  %s  %s: %s\n", f.Status.mark(), f.Check, f.Seen)
		if f.Why != "" {
			fmt.Fprintf(&b, "             why:  %s\n", f.Why)
		}
		if f.Mend != "" {
			fmt.Fprintf(&b, "             mend: %s\n", f.Mend)
		}
	}
	fmt.Fprintf(&b, "\n%d ok, %d skipped, %d warnings, %d failed\n", count[OK], count[Skipped], count[Warning], count[Failed])
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
