package report

import (
	"encoding/json"
	"io"
	"time"

	"chatmood/internal/analysis"
)

// Schema and SchemaVersion are in each report in JSON. The version rises when
// a field goes or changes its meaning; new fields may come without that.
const (
	Schema        = "chatmood.report"
	SchemaVersion = 1
)

// jsonReport is the JSON form. It has either analysis and timeline, or legacy.
type jsonReport struct {
	Schema    string    `json:"schema"`
	Version   int       `json:"version"`
	Generated time.Time `json:"generated_at,omitzero"`
	Program   string    `json:"program,omitempty"`
	Name      string    `json:"name,omitempty"`
	Note      string    `json:"note,omitempty"`
	Tags      []string  `json:"tags,omitempty"`
	Chatters  Chatters  `json:"chatters"`
	Summary   *Summary  `json:"summary,omitempty"`

	Source   *Source            `json:"source,omitempty"`
	Snapshot *analysis.Snapshot `json:"analysis,omitempty"`
	Timeline *analysis.Timeline `json:"timeline,omitempty"`

	Legacy *jsonLegacy `json:"legacy,omitempty"`
}

// jsonLegacy is what is known of an analysis of the old system.
type jsonLegacy struct {
	Channel  string      `json:"channel"`
	SavedAt  time.Time   `json:"saved_at,omitzero"`
	Duration float64     `json:"duration_seconds"`
	Total    int         `json:"total"`
	Positive int         `json:"positive"`
	Neutral  int         `json:"neutral"`
	Negative int         `json:"negative"`
	Top      jsonTop     `json:"top"`
	Shares   []jsonShare `json:"shares"`
}

type jsonTop struct {
	Positive []analysis.Chatter `json:"positive"`
	Neutral  []analysis.Chatter `json:"neutral"`
	Negative []analysis.Chatter `json:"negative"`
}

type jsonShare struct {
	At       time.Time `json:"at"`
	Positive float64   `json:"positive"`
	Neutral  float64   `json:"neutral"`
	Negative float64   `json:"negative"`
}

func (d *document) jsonReport() *jsonReport {
	out := &jsonReport{
		Schema: Schema, Version: SchemaVersion, Generated: d.opt.Generated, Program: d.opt.Version,
		Name: d.name, Note: d.note, Tags: d.tags, Chatters: d.opt.Chatters, Summary: d.summary,
	}
	if !d.legacy {
		out.Source, out.Snapshot, out.Timeline = d.r.Source, d.s, &d.r.Timeline
		return out
	}
	c, top := d.s.Counts, d.s.Chatters.Top
	out.Legacy = &jsonLegacy{
		Channel: d.s.Channel, SavedAt: d.s.EndedAt, Duration: d.s.Duration,
		Total: c.Total, Positive: c.Positive, Neutral: c.Neutral, Negative: c.Negative,
		Top: jsonTop{top.Positive, top.Neutral, top.Negative}, Shares: make([]jsonShare, 0, len(d.shares)),
	}
	for _, x := range d.shares {
		out.Legacy.Shares = append(out.Legacy.Shares, jsonShare(x))
	}
	return out
}

// writeJSON writes one report as an object, or all as an array.
func writeJSON(w io.Writer, docs []*document, array bool) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	list := make([]*jsonReport, 0, len(docs))
	for _, d := range docs {
		list = append(list, d.jsonReport())
	}
	if array {
		return enc.Encode(list)
	}
	return enc.Encode(list[0])
}
