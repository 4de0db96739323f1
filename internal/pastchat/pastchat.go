// Package pastchat analyses logs of past chat, as if it were written now.
package pastchat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/report"
	"chatmood/internal/sentiment"
	"chatmood/internal/source/logfile"
)

const (
	// reportTop is how many chatters, words, emotes and waves a report holds.
	reportTop = 50
	// ctxEvery is how many events pass between two looks at the context.
	ctxEvery = 1024
	// maxNamed is how many channels an error names, and surveyed how many events
	// are read to find them.
	maxNamed = 20
	surveyed = 1_000_000
)

// ErrEmpty is wrapped by the error of a log in which there is no chat.
var ErrEmpty = errors.New("holds no messages")

// ErrNoChannel is returned where nothing tells whose chat a log is.
var ErrNoChannel = errors.New("the log does not tell its channel: name it")

// ChannelsError is returned where a log is of several channels and none of
// them was chosen.
type ChannelsError struct {
	Channels []string // in order; the first that were found
	More     bool     // there may be others
	Chosen   string   // which is none of them; "": none was
}

// Error implements error.
func (e *ChannelsError) Error() string {
	names := strings.Join(e.Channels, ", ")
	if e.More {
		names += " and others"
	}
	if e.Chosen != "" {
		return fmt.Sprintf("the log holds nothing of %s, but chat of several channels (%s): choose one of them", e.Chosen, names)
	}
	return fmt.Sprintf("the log holds chat of several channels (%s): choose one of them", names)
}

// Options say how logs are analysed.
type Options struct {
	Analyzer sentiment.Analyzer
	// IsEmote is what analyses know emotes by ([analysis.Options]).
	IsEmote func(word string) bool
	// Name of the file, for the report; "" or "-" is standard input.
	Name string
	// Messages gets every event with its judgement; nil: nobody wants them.
	Messages *logfile.Writer
	// Events counts the events taken in, for a progress bar; nil: nobody looks.
	Events *atomic.Int64
}

// Analyse reads a log to its end and reports on all of it, whatever channels it
// is of. The error wraps [ErrEmpty] where there was no chat in it.
func Analyse(ctx context.Context, r *logfile.Reader, o Options) (*report.Report, error) {
	began := time.Now()
	var s session
	var score sentiment.Score
	err := each(ctx, r, o.Events, func(ev *chat.Event) error {
		judged := s.take(ev, &score, &o)
		switch {
		case o.Messages == nil:
			return nil
		case judged:
			return o.Messages.Write(ev, &score)
		}
		return o.Messages.Write(ev, nil)
	})
	if err != nil {
		return nil, err
	}
	return s.report(r, &o, began)
}

// AnalyseChannel reads a log to its end and reports on one channel. channel is
// a login, or empty where the log is of one channel and tells which. A log of
// one channel, or that names none, is taken for the chat of channel whatever
// it says. Errors: [ErrEmpty], [ErrNoChannel], a [ChannelsError].
func AnalyseChannel(ctx context.Context, r *logfile.Reader, channel string, o Options) (*report.Report, error) {
	began := time.Now()
	p := picker{o: &o, chosen: channel, names: make(map[string]bool)}
	err := each(ctx, r, o.Events, p.take)
	if err != nil && !errors.Is(err, errSurveyed) {
		return nil, err
	}
	s := p.session
	switch {
	case s == nil && len(p.names) > 1:
		return nil, &ChannelsError{Channels: slices.Sorted(maps.Keys(p.names)), More: err != nil || len(p.names) >= maxNamed, Chosen: channel}
	case s == nil:
		s = new(session)
	case channel == "" && s.analysis.Channel() == "":
		return nil, ErrNoChannel
	}
	rep, err := s.report(r, &o, began)
	if err != nil {
		return nil, err
	}
	if channel != "" {
		rep.Snapshot.Channel = channel
	}
	return rep, nil
}

// errSurveyed ends reading when enough was seen of a log that nobody can choose from.
var errSurveyed = errors.New("enough was seen")

// picker takes the events of one channel out of a log.
type picker struct {
	o       *Options
	chosen  string // "": the only one
	names   map[string]bool
	last    string // the name seen last
	session *session
	score   sentiment.Score
	events  int
}

func (p *picker) take(ev *chat.Event) error {
	p.events++
	if p.events == 1 || p.last != ev.Channel {
		p.last = strings.Clone(ev.Channel)
		if len(p.names) < maxNamed {
			p.names[p.last] = true
		}
	}
	switch {
	case p.session != nil && p.last == p.session.analysis.Channel():
	case p.events == 1, p.chosen != "" && p.last == p.chosen:
		// The first channel, which may be the only one, or the chosen one.
		p.session = new(session)
	default:
		if p.session != nil && (p.chosen == "" || p.session.analysis.Channel() != p.chosen) {
			p.session = nil // it is not the only one, nor chosen
		}
		if p.chosen == "" && (p.events > surveyed || len(p.names) >= maxNamed) {
			return errSurveyed
		}
		return nil
	}
	p.session.take(ev, &p.score, p.o)
	return nil
}

// each reads all events of a log.
func each(ctx context.Context, r *logfile.Reader, count *atomic.Int64, do func(*chat.Event) error) error {
	var ev chat.Event
	told := 0
	for n := 0; ; n++ {
		if n%ctxEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if count != nil {
				count.Add(int64(n - told))
				told = n
			}
		}
		err := r.Next(&ev)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(&ev); err != nil {
			return err
		}
	}
}

// session takes events into an analysis.
type session struct {
	analysis *analysis.Session // nil until the first event
	latest   time.Time
	previous time.Time
	silence  silence
	events   int
	backward int // events that are older than the one before
	others   int // messages of channels other than the first
}

// take reports whether the event was a message, whose judgement sc then has.
func (s *session) take(ev *chat.Event, sc *sentiment.Score, o *Options) (judged bool) {
	if s.analysis == nil {
		s.analysis = analysis.New(SourceName(o.Name), strings.Clone(ev.Channel), ev.Time, analysis.Options{IsEmote: o.IsEmote})
	}
	s.events++
	if from, silent := s.silence.next(ev.Time); silent {
		s.analysis.AddGap(analysis.Gap{From: from, To: ev.Time, Reason: logSilent})
	}
	if ev.Time.Before(s.previous.Add(-time.Second)) {
		s.backward++
	}
	s.previous = ev.Time
	if ev.Time.After(s.latest) {
		s.latest = ev.Time
	}
	switch m := &ev.Message; ev.Kind {
	case chat.KindMessage, chat.KindNotice:
		if ev.Kind == chat.KindNotice {
			s.analysis.Notice(&ev.Notice, ev.Time)
			if m.Text == "" {
				break
			}
		}
		if ev.Channel != s.analysis.Channel() {
			s.others++
		}
		o.Analyzer.Score(sc, m.Text, m.Emotes)
		s.analysis.Add(m, sc)
		return true
	case chat.KindDelete:
		s.analysis.Delete(ev.TargetID)
	case chat.KindClearUser:
		s.analysis.ClearUser(ev.TargetLogin)
	case chat.KindClearAll:
		s.analysis.ClearAll(ev.Time)
	}
	return false
}

// report ends the analysis.
func (s *session) report(r *logfile.Reader, o *Options, began time.Time) (*report.Report, error) {
	problems, count := r.Problems()
	if s.analysis == nil {
		if count > 0 {
			return nil, fmt.Errorf("the log (%s) %w that can be read; the first problem is %s", r.Format(), ErrEmpty, problems[0])
		}
		return nil, fmt.Errorf("the log (%s) %w", r.Format(), ErrEmpty)
	}
	src := &report.Source{
		File: SourceName(o.Name), Format: string(r.Format()), Lines: r.Lines(), Bytes: r.BytesRead(), Seconds: time.Since(began).Seconds(),
		Problems: []string{}, ProblemCount: count, Truncated: r.Truncated(), Notes: append([]string{}, r.Notes()...),
	}
	for _, p := range problems {
		src.Problems = append(src.Problems, p.String())
	}
	src.Notes = append(src.Notes, s.notes()...)
	s.analysis.Stop(s.latest)
	return &report.Report{
		Source: src, Snapshot: s.analysis.Snapshot(s.latest, reportTop), Timeline: s.analysis.Timeline(time.Time{}, time.Time{}, 0),
	}, nil
}

// SourceName is how a log is named to people.
func SourceName(name string) string {
	if name == "-" || name == "" {
		return "standard input"
	}
	return filepath.Base(name)
}

// notes tells what is odd about the log as a whole.
func (s *session) notes() []string {
	var notes []string
	if s.backward > s.events/2 && s.events > 2 {
		notes = append(notes, "the log runs from the newest to the oldest message: turn it round (tac) for moments and waves to be found")
	}
	if s.others > 0 {
		notes = append(notes, fmt.Sprintf("%d messages were written in other channels than #%s; they are counted", s.others, cmp.Or(s.analysis.Channel(), "unknown")))
	}
	return notes
}
