package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// row is one line of the table.
type row struct {
	what     string
	measured string
	bound    string // "" where none is set
	holds    bool   // with a bound: whether what was measured is within it
	compared string // with whom, and the ratio
}

type table []row

// write prints the table as Markdown that also reads well as it is.
func (t table) write(w io.Writer) error {
	lines := make([][]string, 0, len(t)+2)
	lines = append(lines, []string{"what", "measured", "bound", "within", "compared, in the same run"}, nil)
	for _, r := range t {
		within := "–"
		if r.bound != "" {
			within = map[bool]string{true: "yes", false: "no"}[r.holds]
		}
		lines = append(lines, []string{r.what, r.measured, orDash(r.bound), within, orDash(r.compared)})
	}
	widths := make([]int, len(lines[0]))
	for _, cells := range lines {
		for i, c := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	for _, cells := range lines {
		var b strings.Builder
		for i, width := range widths {
			if cells == nil {
				b.WriteString("| " + strings.Repeat("-", width) + " ")
				continue
			}
			b.WriteString("| " + cells[i] + strings.Repeat(" ", width-utf8.RuneCountInString(cells[i])) + " ")
		}
		if _, err := fmt.Fprintln(w, b.String()+"|"); err != nil {
			return err
		}
	}
	return nil
}

// save writes the rows as JSON, an array of {what, measured, bound, holds, compared}.
func (t table) save(name string) error {
	type saved struct {
		What     string `json:"what"`
		Measured string `json:"measured"`
		Bound    string `json:"bound,omitempty"`
		Holds    *bool  `json:"holds,omitempty"` // with a bound
		Compared string `json:"compared,omitempty"`
	}
	rows := make([]saved, 0, len(t))
	for _, r := range t {
		s := saved{What: r.what, Measured: r.measured, Bound: r.bound, Compared: r.compared}
		if r.bound != "" {
			s.Holds = &r.holds
		}
		rows = append(rows, s)
	}
	data, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(data, '\n'), 0o644)
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// duration writes nanoseconds with three digits.
func duration(ns float64) string {
	switch {
	case ns >= 1e9:
		return digits(ns/1e9) + " s"
	case ns >= 1e6:
		return digits(ns/1e6) + " ms"
	case ns >= 1e3:
		return digits(ns/1e3) + " µs"
	}
	return digits(ns) + " ns"
}

// size writes bytes with three digits; 1 KB is 1,000 bytes.
func size(bytes float64) string {
	switch {
	case bytes >= 1e6:
		return digits(bytes/1e6) + " MB"
	case bytes >= 1e3:
		return digits(bytes/1e3) + " KB"
	}
	return digits(bytes) + " B"
}

// rate writes how many of something happen in a second, with three digits.
func rate(n float64, what string) string {
	switch {
	case n >= 1e6:
		return digits(n/1e6) + " M " + what + "/s"
	case n >= 1e3:
		return digits(n/1e3) + " k " + what + "/s"
	}
	return digits(n) + " " + what + "/s"
}

// digits writes v with three digits that count, or all before the point.
func digits(v float64) string {
	switch {
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10 || v <= -10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// speed writes how often something happens in the time in which a peer does
// it once.
func speed(ratio float64) string {
	return digits(ratio) + " times as fast as"
}
