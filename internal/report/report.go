// Package report writes down what an analysis found: for people as PDF, HTML,
// Markdown and text, for programs as CSV and JSON. It also tells in a few
// sentences what happened.
package report

import (
	"fmt"

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
