package history

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/report"
)

// Bounds of what is kept.
const (
	topChatters     = 5        // of each label, as the older system
	maxChannelText  = 100      // characters of a channel's name that is none of Twitch's
	maxUsername     = 100      // characters
	maxSummary      = 5000     // characters
	maxTimeSeries   = 64 << 10 // bytes of JSON
	maxSeconds      = 10 * 365 * 24 * 3600
	maxClaimedCount = 1e12
	seriesSteps     = 200 // of the course that the older system's pages draw
	// justEnded is how long after the end of an analysis its figures are taken
	// for what is saved of the channel.
	justEnded = 30 * time.Minute
)

// Claim is what a browser says about an analysis.
type Claim struct {
	Channel   string
	SessionID string // of the analysis that is meant; empty: the channel's running or last one
	Counts    Counts
	// The most active by label.
	TopPositive, TopNeutral, TopNegative []Chatter

	Seconds    int64
	Summary    string
	TimeSeries json.RawMessage
}

// clean returns the claim within its bounds.
func (c Claim) clean() (Claim, error) {
	if login, ok := chat.CleanChannel(c.Channel); ok {
		c.Channel = login
	} else if c.Channel = cleanText(c.Channel, maxChannelText); c.Channel == "" {
		return c, invalid("streamer_name", "streamer_name is empty: give the channel's name")
	}
	for _, n := range []*int64{&c.Counts.Total, &c.Counts.Positive, &c.Counts.Neutral, &c.Counts.Negative} {
		*n = min(max(*n, 0), maxClaimedCount)
	}
	for _, top := range []*[]Chatter{&c.TopPositive, &c.TopNeutral, &c.TopNegative} {
		list := make([]Chatter, 0, topChatters)
		for _, p := range (*top)[:min(len(*top), topChatters)] {
			list = append(list, Chatter{Username: cleanText(p.Username, maxUsername), Count: min(max(p.Count, 0), maxClaimedCount)})
		}
		*top = list
	}
	c.Seconds = min(max(c.Seconds, 0), maxSeconds)
	c.Summary = cutText(c.Summary, maxSummary)
	if len(c.TimeSeries) > maxTimeSeries || !json.Valid(c.TimeSeries) {
		c.TimeSeries = nil
	}
	return c, nil
}

// document is the claim as it is kept beside our own figures.
func (c *Claim) document() (json.RawMessage, error) {
	data, err := json.Marshal(struct {
		Total     int64            `json:"total_chats"`
		Sentiment map[string]int64 `json:"sentiment_count"`
		Positive  []Chatter        `json:"top_positive"`
		Neutral   []Chatter        `json:"top_neutral"`
		Negative  []Chatter        `json:"top_negative"`
		Seconds   int64            `json:"duration"`
		Summary   string           `json:"summary,omitempty"`
		Series    json.RawMessage  `json:"time_series,omitempty"`
	}{
		c.Counts.Total,
		map[string]int64{"positive": c.Counts.Positive, "neutral": c.Counts.Neutral, "negative": c.Counts.Negative},
		c.TopPositive, c.TopNeutral, c.TopNegative, c.Seconds, c.Summary, c.TimeSeries,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding what a browser claims: %w", err)
	}
	return data, nil
}

// cutText makes valid UTF-8 of at most n characters, without NUL.
func cutText(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
	if utf8.RuneCountInString(s) > n {
		s = string([]rune(s)[:n])
	}
	return s
}

// cleanText is cutText for one line: without control characters and spaces
// around it.
func cleanText(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.TrimSpace(cutText(strings.TrimSpace(s), n))
}

// Save keeps an analysis for a user: our own figures of the channel's analysis
// that runs or has just ended, with what the browser claims beside them; only
// where there is none, what it claims. Saving the same analysis again replaces
// the figures of the same entry.
func (s *Service) Save(ctx context.Context, userID string, c Claim) (*Entry, error) {
	c, err := c.clean()
	if err != nil {
		return nil, err
	}
	claim, err := c.document()
	if err != nil {
		return nil, err
	}
	f, ok, err := s.analysed(ctx, &c)
	if err != nil {
		return nil, err
	}
	if ok {
		e, _, err := s.saveFinished(ctx, userID, f, claim)
		return e, err
	}
	now := s.now()
	e := &Entry{
		ID: account.NewID(now), UserID: userID, Channel: c.Channel, Counts: c.Counts,
		TopPositive: c.TopPositive, TopNeutral: c.TopNeutral, TopNegative: c.TopNegative,
		Seconds: c.Seconds, Summary: c.Summary, Status: StatusActive, CreatedAt: now, UpdatedAt: now,
		Origin: OriginClient, Client: claim, TimeSeries: c.TimeSeries,
	}
	if e.Summary == "" {
		e.Summary, e.SummaryBy = ruled(report.Input{Legacy: legacyFigures(e)}), ByRules
	}
	_, err = s.keep(ctx, e, nil)
	return e, err
}

// analysed returns the analysis here that a claim is about; false where there
// is none.
func (s *Service) analysed(ctx context.Context, c *Claim) (analysis.Finished, bool, error) {
	f, ok, err := s.cfg.Running.Report(c.Channel)
	if err != nil {
		return analysis.Finished{}, false, err
	}
	if ok && (c.SessionID == "" || c.SessionID == f.SessionID) {
		return f, true, nil
	}
	if f, ok := s.lastEnd(c); ok { // the store may not have it yet
		return f, true, nil
	}
	id := c.SessionID
	if id == "" {
		last, err := s.cfg.Sessions.Sessions(ctx, analysis.SessionQuery{Channel: c.Channel, Limit: 1})
		if err != nil {
			return analysis.Finished{}, false, fmt.Errorf("reading the analyses of a channel: %w", err)
		}
		if len(last) == 0 || s.now().Sub(last[0].EndedAt) >= justEnded {
			return analysis.Finished{}, false, nil
		}
		id = last[0].ID
	}
	data, err := s.cfg.Sessions.SessionReport(ctx, id)
	unknown := errors.Is(err, analysis.ErrNotFound)
	if err != nil && !unknown {
		return analysis.Finished{}, false, fmt.Errorf("reading an analysis that ended: %w", err)
	}
	var r storedReport
	if !unknown {
		if err := json.Unmarshal(data, &r); err != nil {
			return analysis.Finished{}, false, fmt.Errorf("reading the report of analysis %s: %w", id, err)
		}
	}
	if unknown || r.Snapshot.Channel != c.Channel {
		return analysis.Finished{}, false, invalid("session_id", "session_id names no analysis of %s on this server", c.Channel)
	}
	snap := &r.Snapshot
	return analysis.Finished{
		SessionID: id, Channel: c.Channel, StartedAt: snap.StartedAt, EndedAt: snap.EndedAt,
		Counts: snap.Counts, Mood: snap.Mood.All, Report: data,
	}, true, nil
}

// lastEnd looks for what a claim is about among the analyses that have just
// ended, the latest first.
func (s *Service) lastEnd(c *Claim) (analysis.Finished, bool) {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range slices.Backward(s.ended) {
		if f.Channel != c.Channel {
			continue
		}
		if c.SessionID == f.SessionID || c.SessionID == "" && now.Sub(f.EndedAt) < justEnded {
			return f, true
		}
	}
	return analysis.Finished{}, false
}

// AutoSave keeps an analysis that ended for somebody who held its channel and
// wants that. It may be called more than once. An error means that it is to be
// tried again.
func (s *Service) AutoSave(ctx context.Context, userID string, f analysis.Finished) error {
	u, err := s.cfg.Accounts.User(ctx, userID)
	if errors.Is(err, account.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading whose analysis ended: %w", err)
	}
	if !u.AutoSave || f.Counts.Total == 0 {
		return nil
	}
	e, created, err := s.saveFinished(ctx, userID, f, nil)
	if refused := account.AsError(err); refused != nil {
		s.log.WarnContext(ctx, "an analysis was not saved by itself", "user", userID, "channel", f.Channel, "reason", refused.Message)
		return nil //nolint:nilerr // it was told; trying again will not help
	}
	if err != nil {
		return err
	}
	if created {
		id := account.Identity{UserID: u.ID, FirstName: u.FirstName, LastName: u.LastName}
		if err := s.cfg.Accounts.Note(ctx, id, account.ActivityAnalysisSaved, SavedDetails(e)); err != nil {
			s.log.ErrorContext(ctx, "the activity log could not be written", "activity", account.ActivityAnalysisSaved, "error", err)
		}
	}
	return nil
}

// SavedDetails are the details of a saved analysis in the activity log, in the
// older system's words.
func SavedDetails(e *Entry) string {
	return fmt.Sprintf("Channel: %s, Messages: %d", e.Channel, e.Counts.Total)
}

// storedReport is the report of an entry as it is kept: an analysis.Report,
// with what was read where it was a log.
type storedReport struct {
	analysis.Report
	Source *report.Source `json:"source,omitempty"`
}

// saveFinished keeps an analysis of ours.
func (s *Service) saveFinished(ctx context.Context, userID string, f analysis.Finished, claim json.RawMessage) (e *Entry, created bool, err error) {
	var r storedReport
	if err := json.Unmarshal(f.Report, &r); err != nil {
		return nil, false, fmt.Errorf("reading the report of analysis %s: %w", f.SessionID, err)
	}
	e = s.entry(userID, OriginLive, &r)
	e.SessionID, e.StartedAt, e.EndedAt, e.Client = f.SessionID, f.StartedAt, f.EndedAt, claim
	created, err = s.keep(ctx, e, f.Report)
	return e, created, err
}

// SaveUpload keeps the analysis of a log for a user.
func (s *Service) SaveUpload(ctx context.Context, userID string, r *report.Report) (*Entry, error) {
	stored := storedReport{analysis.Report{Snapshot: r.Snapshot, Timeline: r.Timeline}, r.Source}
	now := s.now()
	stored.Snapshot.ID = account.NewID(now)
	data, err := json.Marshal(stored)
	if err != nil {
		return nil, fmt.Errorf("encoding the report of a log: %w", err)
	}
	e := s.entry(userID, OriginUpload, &stored)
	e.SessionID, e.StartedAt, e.EndedAt = stored.Snapshot.ID, r.Snapshot.StartedAt, r.Snapshot.EndedAt
	_, err = s.keep(ctx, e, data)
	return e, err
}

// entry makes an entry from a report.
func (s *Service) entry(userID string, origin Origin, r *storedReport) *Entry {
	now := s.now()
	snap := &r.Snapshot
	top := func(list []analysis.Chatter) []Chatter {
		out := make([]Chatter, 0, topChatters)
		for _, c := range list[:min(len(list), topChatters)] {
			out = append(out, Chatter{Username: c.Login, Count: int64(c.Count)})
		}
		return out
	}
	return &Entry{
		ID: account.NewID(now), UserID: userID, Channel: snap.Channel, Status: StatusActive, CreatedAt: now, UpdatedAt: now,
		Counts: Counts{
			Total: int64(snap.Counts.Total), Positive: int64(snap.Counts.Positive), Neutral: int64(snap.Counts.Neutral), Negative: int64(snap.Counts.Negative),
		},
		TopPositive: top(snap.Chatters.Top.Positive), TopNeutral: top(snap.Chatters.Top.Neutral), TopNegative: top(snap.Chatters.Top.Negative),
		Seconds: int64(math.Round(snap.Duration)), Mood: snap.Mood.All, Origin: origin,
		Summary: ruled(report.Input{Report: &report.Report{Snapshot: r.Snapshot, Timeline: r.Timeline, Source: r.Source}}), SummaryBy: ByRules,
		TimeSeries: series(&r.Timeline), HasReport: true,
	}
}

// point is a point of the course that the older system's pages draw.
type point struct {
	X         int64   `json:"x"` // Unix milliseconds
	Y         float64 `json:"y"` // share, 0…1
	Sentiment string  `json:"sentiment"`
}

// series returns the shares of the labels, minute by minute, or in longer
// steps where that would be more than seriesSteps. nil: nothing was written.
func series(t *analysis.Timeline) json.RawMessage {
	if len(t.Buckets) == 0 {
		return nil
	}
	first, last := t.Buckets[0].T, t.Buckets[len(t.Buckets)-1].T
	step := int64(60)
	if minutes := (last-first)/60 + 1; minutes > seriesSteps {
		step = 60 * ((minutes + seriesSteps - 1) / seriesSteps)
	}
	var points []point
	for i := 0; i < len(t.Buckets); {
		at := t.Buckets[i].T / step * step
		var positive, neutral, negative int
		for ; i < len(t.Buckets) && t.Buckets[i].T/step*step == at; i++ {
			b := &t.Buckets[i]
			positive, neutral, negative = positive+b.Positive, neutral+b.Neutral, negative+b.Negative
		}
		total := positive + neutral + negative
		if total == 0 {
			continue
		}
		for _, l := range []struct {
			name string
			n    int
		}{{"positive", positive}, {"neutral", neutral}, {"negative", negative}} {
			points = append(points, point{at * 1000, math.Round(float64(l.n)/float64(total)*1e4) / 1e4, l.name})
		}
	}
	data, err := json.Marshal(points)
	if err != nil { // it holds numbers and constants only
		panic(err)
	}
	return data
}

// keep creates an entry, or replaces the figures of the one that its user has
// of the same analysis, whose id and notes e then gets.
func (s *Service) keep(ctx context.Context, e *Entry, data []byte) (created bool, err error) {
	unlock, err := s.locks.Lock(ctx, e.UserID)
	if err != nil {
		return false, err
	}
	defer unlock()
	if e.SessionID != "" {
		old, err := s.store.BySession(ctx, e.UserID, e.SessionID)
		if err == nil {
			return false, s.replace(ctx, old, e, data)
		}
		if !errors.Is(err, ErrNotFound) {
			return false, fmt.Errorf("saving an analysis: %w", err)
		}
	}
	n, err := s.store.Count(ctx, e.UserID)
	if err != nil {
		return false, fmt.Errorf("counting saved analyses: %w", err)
	}
	if n >= s.cfg.MaxPerUser {
		return false, &account.Error{Kind: account.KindForbidden, Message: fmt.Sprintf(
			"You have %d saved analyses, and %d is the most that one user may keep: delete some, and then remove them from the archive", n, s.cfg.MaxPerUser)}
	}
	if err := s.create(ctx, e, data); errors.Is(err, ErrExists) {
		// Another server saved the same analysis at the same moment.
		old, err := s.store.BySession(ctx, e.UserID, e.SessionID)
		if err != nil {
			return false, fmt.Errorf("saving an analysis that another server saves as well: %w", err)
		}
		return false, s.replace(ctx, old, e, data)
	} else if err != nil {
		return false, fmt.Errorf("saving an analysis: %w", err)
	}
	s.cfg.Count(ctx, account.Usage{Saved: 1})
	return true, nil
}

// create adds an entry. The id of one of ours is made from its user and session,
// so that of several servers that save the same analysis at the same moment one
// succeeds, and the others get ErrExists. Where entries of that analysis were
// moved to the archive the next number is taken.
func (s *Service) create(ctx context.Context, e *Entry, data []byte) error {
	if e.SessionID == "" {
		return s.store.Create(ctx, e, data)
	}
	for n := range maxAgain {
		e.ID = entryID(e.UserID, e.SessionID, n)
		err := s.store.Create(ctx, e, data)
		if !errors.Is(err, ErrExists) {
			return err
		}
		old, err := s.store.Get(ctx, e.ID)
		if errors.Is(err, ErrNotFound) {
			continue // removed meanwhile
		}
		if err != nil {
			return err
		}
		if old.Status == StatusActive && old.SessionID == e.SessionID && old.UserID == e.UserID {
			return ErrExists
		}
	}
	e.ID = account.NewID(s.now())
	return s.store.Create(ctx, e, data)
}

// maxAgain bounds how often one analysis is looked for among archived entries.
const maxAgain = 20

// entryID returns the id of a user's nth entry of an analysis: as other ids it
// begins with a time, the session's.
func entryID(userID, sessionID string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", userID, sessionID, n))
	id := hex.EncodeToString(sum[:12])
	const timeDigits = 8
	if len(sessionID) < timeDigits {
		return id
	}
	if _, err := hex.DecodeString(sessionID[:timeDigits]); err != nil {
		return id
	}
	return strings.ToLower(sessionID[:timeDigits]) + id[timeDigits:]
}

// replace gives an entry the figures of e, which gets what stays of it.
func (s *Service) replace(ctx context.Context, old, e *Entry, data []byte) error {
	e.ID, e.CreatedAt, e.Name, e.Note, e.Tags = old.ID, old.CreatedAt, old.Name, old.Note, old.Tags
	if e.Client == nil {
		e.Client = old.Client
	}
	if err := s.store.Replace(ctx, e, data); err != nil {
		return found(err, "saving an analysis anew", ErrUnknown)
	}
	return nil
}
