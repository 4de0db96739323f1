package report

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"chatmood/internal/analysis"
)

// Input is what a report is about: an analysis, or the figures that are left
// of one that the old system made, and what its owner noted.
type Input struct {
	// Report is the analysis; nil where there are only Legacy figures.
	Report *Report
	// Legacy are the figures of a document of the old system; nil otherwise.
	// With both set Report counts.
	Legacy *LegacyFigures

	Name    string   // what its owner calls it; "" for the channel and the day
	Note    string   // what its owner noted
	Tags    []string // of its owner
	Summary *Summary // nil: none
}

// Summary is what happened, in words.
type Summary struct {
	Sentences []Sentence `json:"sentences"`
	// Model names the language model that wrote it; "" where it was built from
	// the figures by rule.
	Model string `json:"model,omitempty"`
	// Fallback tells why a model that was asked did not write it; "" where none
	// was asked, or it did.
	Fallback string `json:"fallback,omitempty"`
}

// Sentence is a sentence, or a paragraph that a model wrote, with the figures
// that it rests on.
type Sentence struct {
	Text string `json:"text"`
	// Figures are those that the text tells; none where a model wrote it.
	Figures []Figure `json:"figures,omitempty"`
}

// Figure is a number with the name that the JSON form has for it, such as
// "analysis.counts.total".
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// String returns the text of the summary: its sentences in one paragraph where
// they were built by rule, one paragraph each where a model wrote them.
func (s *Summary) String() string {
	texts := make([]string, 0, len(s.Sentences))
	for _, sentence := range s.Sentences {
		texts = append(texts, sentence.Text)
	}
	if s.Model != "" {
		return strings.Join(texts, "\n\n")
	}
	return strings.Join(texts, " ")
}

// LegacyFigures are what documents of the old system hold. Values out of range
// are shown within it.
type LegacyFigures struct {
	Channel string
	// SavedAt is when the document was written; the analysis ended shortly before.
	SavedAt  time.Time
	Duration float64 // seconds
	// Total counts messages; the others those by label. Their sum may differ.
	Total, Positive, Neutral, Negative int
	// Top lists the most active by label; All is not known.
	Top    analysis.TopChatters
	Shares []LegacyShare // oldest first
}

// LegacyShare holds the shares of the labels in one minute, 0…1.
type LegacyShare struct {
	At                          time.Time
	Positive, Neutral, Negative float64
}

// Options choose the form of a report. The zero value of each is good, save
// for Format.
type Options struct {
	Format   Format
	Paper    Paper    // PDF only; "" is A4
	Chatters Chatters // "" is Names
	Section  Section  // CSV only; "" is the timeline
	// NoHeader leaves out the row of the names of the columns of a CSV.
	NoHeader bool
	// Location is the zone of the times that people read; nil is UTC. CSV and
	// JSON are in UTC always.
	Location *time.Location
	// Generated is when the report is made; zero leaves it unsaid. The same
	// input and options give the same bytes.
	Generated time.Time
	Version   string      // of the program; "" leaves it unsaid
	Text      TextOptions // Text only
}

// Write writes a report. It does not change in. Several reports may be written
// at the same time. It stops early with the context's error when that ends;
// other errors are those of w and of options that do not exist.
func Write(ctx context.Context, w io.Writer, in Input, opt Options) error {
	return write(ctx, w, []Input{in}, opt, false)
}

// WriteAll writes several reports into one: JSON as an array, however many
// there are, CSV with one header, the others one after another.
func WriteAll(ctx context.Context, w io.Writer, in []Input, opt Options) error {
	return write(ctx, w, in, opt, true)
}

func write(ctx context.Context, w io.Writer, in []Input, opt Options, array bool) error {
	format, err := ParseFormat(string(opt.Format))
	if err != nil {
		return err
	}
	docs := make([]*document, 0, len(in))
	for i := range in {
		if err := ctx.Err(); err != nil {
			return err
		}
		d, err := prepare(&in[i], &opt)
		if err != nil {
			return err
		}
		docs = append(docs, d)
	}
	if len(docs) == 0 && format != JSON {
		return nil
	}
	out := bufio.NewWriterSize(w, 32<<10)
	if err := writeForm(ctx, out, docs, format, array); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func writeForm(ctx context.Context, out *bufio.Writer, docs []*document, format Format, array bool) error {
	switch format {
	case PDF:
		return writePDF(ctx, out, docs)
	case HTML:
		return writeHTML(out, docs)
	case CSV:
		return writeCSV(out, docs)
	case JSON:
		return writeJSON(out, docs, array)
	case Markdown, Text:
	}
	for i, d := range docs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if i > 0 {
			fmt.Fprintln(out)
		}
		if format == Markdown {
			d.markdown(out)
		} else {
			d.text(out)
		}
	}
	return nil // the buffer keeps the first error of its writes
}
