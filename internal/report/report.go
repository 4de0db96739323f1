// Package report writes down what an analysis found: as text for people, as
// JSON, as CSV and as Markdown.
package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"chatmood/internal/analysis"
)

// Report is all that is told about one analysis.
type Report struct {
	// Source tells what was read; nil for an analysis of live chat.
	Source   *Source           `json:"source,omitempty"`
	Snapshot analysis.Snapshot `json:"analysis"`
	Timeline analysis.Timeline `json:"timeline"`
}

// Source tells about the file that was analysed.
type Source struct {
	File   string `json:"file"`
	Format string `json:"format" doc:"Name of the log format"`
	Lines  int64  `json:"lines"`
	Bytes  int64  `json:"bytes" doc:"Size as read, compressed where it is compressed"`
	// Seconds is how long reading and judging took.
	Seconds float64 `json:"seconds"`
	// Problems are the first places that could not be read.
	Problems     []string `json:"problems"`
	ProblemCount int      `json:"problem_count" doc:"All places that could not be read"`
	Truncated    bool     `json:"truncated" doc:"The file broke off"`
	Notes        []string `json:"notes" doc:"What else is to be known about the file"`
}

// JSON writes the report whole, indented.
func (r *Report) JSON(w io.Writer) error { return writeJSON(w, r) }

// AllJSON writes one report as an object and several as an array.
func AllJSON(w io.Writer, reports []*Report) error {
	if len(reports) == 1 {
		return writeJSON(w, reports[0])
	}
	return JSONArray(w, reports)
}

// JSONArray writes the reports as an array, however many there are.
func JSONArray(w io.Writer, reports []*Report) error { return writeJSON(w, reports) }

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// csvColumns are the columns of the CSV form.
func csvColumns() []string {
	return []string{"channel", "time", "step_seconds", "positive", "neutral", "negative", "total", "mean_score", "events"}
}

// CSV writes the timeline: one row for each step that has messages, oldest
// first; RFC 4180 with a header where header is true. Cells of text that a
// spreadsheet would take for a formula begin with an apostrophe.
func (r *Report) CSV(w io.Writer, header bool) error {
	out := csv.NewWriter(w)
	if header {
		if err := out.Write(csvColumns()); err != nil {
			return fmt.Errorf("writing the timeline: %w", err)
		}
	}
	step := int64(max(r.Timeline.Step, 1))
	for _, b := range r.Timeline.Buckets {
		total := b.Positive + b.Neutral + b.Negative
		mean := ""
		if total > 0 {
			mean = strconv.FormatFloat(b.Sum/float64(total), 'f', 4, 64)
		}
		row := []string{
			csvText(r.Snapshot.Channel), time.Unix(b.T, 0).UTC().Format(time.RFC3339), strconv.Itoa(r.Timeline.Step),
			strconv.Itoa(b.Positive), strconv.Itoa(b.Neutral), strconv.Itoa(b.Negative), strconv.Itoa(total), mean,
			csvText(r.eventsIn(b.T, b.T+step)),
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("writing the timeline: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("writing the timeline: %w", err)
	}
	return nil
}

// eventsIn names the marks and the moments that begin in a span of Unix seconds.
func (r *Report) eventsIn(from, to int64) string {
	var s []string
	for _, m := range r.Timeline.Marks {
		if t := m.At.Unix(); t >= from && t < to {
			s = append(s, clean(markText(&m)))
		}
	}
	for _, m := range r.Timeline.Moments {
		if t := m.From.Unix(); t >= from && t < to {
			s = append(s, clean(m.Kind+" moment: "+m.Label))
		}
	}
	return strings.Join(s, "; ")
}

// csvText guards a cell against being taken for a formula, as OWASP advises
// for CSV injection.
func csvText(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// markText describes a mark in one line.
func markText(m *analysis.Mark) string {
	switch {
	case m.Text != "":
		return m.Text
	case m.Kind == "raid":
		return fmt.Sprintf("raid of %s by %s", number(m.Count), m.Name)
	}
	return fmt.Sprintf("%s: %s, %s", m.Kind, m.Name, number(m.Count))
}
