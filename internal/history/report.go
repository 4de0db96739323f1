package history

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/report"
)

// ErrNoData is returned for entries of which only the figures are known.
var ErrNoData = &account.Error{Kind: account.KindNotFound, Message: "Of this analysis only the figures were kept, not its course"}

// Data returns the whole analysis of an entry, the JSON of an
// [analysis.Report], or ErrNoData.
func (s *Service) Data(ctx context.Context, e *Entry) ([]byte, error) {
	if !e.HasReport {
		return nil, ErrNoData
	}
	data, err := s.store.Report(ctx, e.ID)
	if err != nil {
		return nil, found(err, "reading the report of a saved analysis", ErrNoData)
	}
	return data, nil
}

// Input returns what a report about an entry is made from.
func (s *Service) Input(ctx context.Context, e *Entry) (report.Input, error) {
	in := report.Input{Name: e.Name, Note: e.Note, Tags: e.Tags}
	data, err := s.Data(ctx, e)
	switch {
	case err == nil:
		var r storedReport
		if err := json.Unmarshal(data, &r); err != nil {
			return report.Input{}, fmt.Errorf("reading the report of entry %s: %w", e.ID, err)
		}
		in.Report = &report.Report{Snapshot: r.Snapshot, Timeline: r.Timeline, Source: r.Source}
	case errors.Is(err, ErrNoData):
		in.Legacy = legacyFigures(e)
	default:
		return report.Input{}, err
	}
	switch {
	case e.Summary == "" || e.SummaryBy == ByRules:
		in.Summary = report.Summarize(in)
	default:
		in.Summary = &report.Summary{Model: e.SummaryBy}
		for paragraph := range strings.SplitSeq(e.Summary, "\n") {
			if paragraph = strings.TrimSpace(paragraph); paragraph != "" {
				in.Summary.Sentences = append(in.Summary.Sentences, report.Sentence{Text: paragraph})
			}
		}
	}
	return in, nil
}

// ruled returns the summary by rule as text.
func ruled(in report.Input) string { return textOf(report.Summarize(in)) }

func textOf(sum *report.Summary) string {
	var texts []string
	for _, sentence := range sum.Sentences {
		texts = append(texts, sentence.Text)
	}
	between := " "
	if sum.Model != "" {
		between = "\n" // they are paragraphs
	}
	return cutText(strings.Join(texts, between), maxSummary)
}

// Summarize writes the summary of an active entry of a user anew: by rule, or
// by the model where byModel is true. fallback says why it was written by rule
// all the same; it is empty where it was not.
func (s *Service) Summarize(ctx context.Context, userID, id string, byModel bool) (e *Entry, fallback string, err error) {
	if byModel && s.cfg.Model == nil {
		return nil, "", ErrNoModel
	}
	if e, err = s.mine(ctx, userID, id); err != nil {
		return nil, "", err
	}
	in, err := s.Input(ctx, e)
	if err != nil {
		return nil, "", err
	}
	in.Summary, in.Note = nil, "" // the note is its owner's alone
	sum := report.Summarize(in)
	if byModel {
		written, err := s.cfg.Model.Write(ctx, in)
		if err != nil {
			s.log.WarnContext(ctx, "a summary was written by rule", "error", err)
		}
		sum = &written
	}
	text, by := textOf(sum), cmp.Or(sum.Model, ByRules)
	e, err = s.store.Update(ctx, id, userID, Patch{Summary: &text, SummaryBy: &by, UpdatedAt: s.now()})
	return e, sum.Fallback, found(err, "keeping a summary", ErrUnknown)
}

// legacyFigures are what a report tells where only figures were kept.
func legacyFigures(e *Entry) *report.LegacyFigures {
	number := func(n int64) int { return int(min(max(n, 0), math.MaxInt32)) }
	top := func(list []Chatter) []analysis.Chatter {
		out := make([]analysis.Chatter, 0, len(list))
		for _, c := range list {
			out = append(out, analysis.Chatter{Login: c.Username, Name: c.Username, Count: number(c.Count)})
		}
		return out
	}
	saved := e.EndedAt
	if saved.IsZero() {
		saved = e.CreatedAt
	}
	return &report.LegacyFigures{
		Channel: e.Channel, SavedAt: saved, Duration: float64(e.Seconds),
		Total: number(e.Counts.Total), Positive: number(e.Counts.Positive), Neutral: number(e.Counts.Neutral), Negative: number(e.Counts.Negative),
		Top:    analysis.TopChatters{Positive: top(e.TopPositive), Neutral: top(e.TopNeutral), Negative: top(e.TopNegative)},
		Shares: legacyShares(e.TimeSeries),
	}
}

// legacyShares reads the course that an older system's page left: a list of
// points {x: Unix milliseconds or a text, y: share, sentiment}. Whatever else
// it left is no course.
func legacyShares(data json.RawMessage) []report.LegacyShare {
	var points []struct {
		X         any    `json:"x"`
		Y         any    `json:"y"`
		Sentiment string `json:"sentiment"`
	}
	if len(data) == 0 || json.Unmarshal(data, &points) != nil {
		return nil
	}
	byTime := make(map[int64]*report.LegacyShare)
	for _, p := range points {
		share, ok := p.Y.(float64)
		if !ok || !(share >= 0 && share <= 1) {
			continue
		}
		at, ok := pointTime(p.X)
		if !ok {
			continue
		}
		minute := at.Unix() / 60
		x := byTime[minute]
		if x == nil {
			x = &report.LegacyShare{At: at}
			byTime[minute] = x
		}
		switch strings.ToLower(p.Sentiment) {
		case "positive":
			x.Positive = share
		case "neutral":
			x.Neutral = share
		case "negative":
			x.Negative = share
		}
	}
	var list []report.LegacyShare
	for _, minute := range slices.Sorted(maps.Keys(byTime)) {
		list = append(list, *byTime[minute])
	}
	return list
}

// pointTime reads the time of a point: Unix milliseconds from the year 2001 on,
// or a text in RFC 3339.
func pointTime(x any) (time.Time, bool) {
	switch x := x.(type) {
	case float64:
		if x < 1e12 || x > 1e14 {
			return time.Time{}, false
		}
		return time.UnixMilli(int64(x)).UTC(), true
	case string:
		at, err := time.Parse(time.RFC3339, x)
		return at.UTC(), err == nil
	}
	return time.Time{}, false
}
