package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/analysis"
	"chatmood/internal/history"
	"chatmood/internal/report"
)

const (
	// How often one address may look at links.
	sharedPerMinute = 120
	sharedBurst     = 60
)

// SharedLink is a link to a saved analysis.
type SharedLink struct {
	ID        string    `json:"id" example:"65a1b2c3d4e5f60718293a4c"`
	Chatters  string    `json:"chatters" enum:"names,pseudonyms,none" example:"pseudonyms" doc:"How the people who wrote are shown"`
	CreatedAt time.Time `json:"created_at" example:"2026-01-01T21:30:00Z"`
	ExpiresAt time.Time `json:"expires_at" example:"2026-01-08T21:30:00Z"`
	Views     int64     `json:"views" example:"3" doc:"How often it was looked at"`
	ViewedAt  time.Time `json:"viewed_at,omitzero" example:"2026-01-02T09:00:00Z" doc:"Last; absent: never"`
}

func sharedLink(s *history.Share) SharedLink {
	return SharedLink{ID: s.ID, Chatters: s.Chatters, CreatedAt: s.CreatedAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(), Views: s.Views, ViewedAt: s.ViewedAt.UTC()}
}

type shareInput struct {
	ID   string `path:"id" maxLength:"1000"`
	Body struct {
		Hours    int    `json:"expires_in_hours" minimum:"1" maximum:"8760" example:"168"`
		Chatters string `json:"chatters,omitempty" enum:"names,pseudonyms,none" default:"names" example:"pseudonyms" doc:"How the people who wrote are shown"`
	} `nameHint:"ShareRequest"`
}

type shareOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Share SharedLink `json:"share"`
		Link  string     `json:"link" example:"https://mood.example/shared/wT3cY1Jm5bq0x8sQdHn2kV7rZpL4fGaE6uXoNiRtB9M" doc:"Of a page that shows the analysis to anybody"`
		Token string     `json:"token" example:"wT3cY1Jm5bq0x8sQdHn2kV7rZpL4fGaE6uXoNiRtB9M" doc:"The secret in the link. It is told this once only"`
	} `nameHint:"Shared"`
}

type sharesOutput struct {
	Body struct {
		Shares []SharedLink `json:"shares" doc:"Those that are still good, newest first"`
	} `nameHint:"ShareList"`
}

type revokeInput struct {
	ID      string `path:"id" maxLength:"1000"`
	ShareID string `path:"share_id" maxLength:"1000"`
}

// SharedAnalysis is a saved analysis as a link shows it: without its owner, note
// and tags.
type SharedAnalysis struct {
	StreamerName   string         `json:"streamer_name" example:"somebody"`
	Name           string         `json:"name,omitempty" example:"Finals"`
	TotalChats     int64          `json:"total_chats" example:"1240"`
	SentimentCount SentimentCount `json:"sentiment_count"`
	TopPositive    []TopChatter   `json:"top_positive"`
	TopNegative    []TopChatter   `json:"top_negative"`
	TopNeutral     []TopChatter   `json:"top_neutral"`
	Duration       int64          `json:"duration" example:"5400" doc:"Seconds"`
	Summary        string         `json:"summary"`
	SummaryBy      string         `json:"summary_by,omitempty" example:"rules"`
	Origin         string         `json:"origin,omitempty" enum:"live,upload,client" example:"live"`
	Mood           *float64       `json:"mood,omitempty" example:"0.21"`
	CreatedAt      time.Time      `json:"created_at" example:"2026-01-01T21:30:00Z"`
	StartedAt      time.Time      `json:"started_at,omitzero" example:"2026-01-01T20:00:00Z"`
	EndedAt        time.Time      `json:"ended_at,omitzero" example:"2026-01-01T21:30:00Z"`
	HasReport      bool           `json:"has_report,omitempty" doc:"The whole analysis was kept: see /data"`
	Chatters       string         `json:"chatters" enum:"names,pseudonyms,none" example:"pseudonyms"`
	ExpiresAt      time.Time      `json:"expires_at" example:"2026-01-08T21:30:00Z" doc:"Of the link"`
}

type sharedPath struct {
	Token string `path:"token" maxLength:"1000" example:"wT3cY1Jm5bq0x8sQdHn2kV7rZpL4fGaE6uXoNiRtB9M"`
}

type sharedOutput struct {
	ReferrerPolicy string `header:"Referrer-Policy"`
	CacheControl   string `header:"Cache-Control"`
	Robots         string `header:"X-Robots-Tag"`
	Body           SharedAnalysis
}

type sharedReportInput struct {
	Token string `path:"token" maxLength:"1000"`
	ReportOptions
}

func (a *API) registerShares(own func(method, id, path, summary, description string, errors ...int) huma.Operation) {
	register(a, own(http.MethodPost, "share-history", "/{id}/shares", "Share a saved analysis by a link",
		"Whoever has the link may read the analysis until the link expires or is revoked. Only a hash of its secret is kept.", 400, 403, 404, 413), a.shareHistory)
	register(a, own(http.MethodGet, "list-history-shares", "/{id}/shares", "List the links to a saved analysis", "Their secrets are not known here.", 404), a.historyShares)
	register(a, own(http.MethodDelete, "revoke-history-share", "/{id}/shares/{share_id}", "Revoke a link", "It shows nothing from then on.", 404), a.revokeShare)

	const base = "/api/shared/{token}"
	public := func(id, path, summary, description string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodGet, Path: base + path, Summary: summary, Description: description,
			Tags: []string{tagHistory}, Errors: []int{404, 422, 429, 503},
		}
	}
	register(a, public("get-shared", "", "A saved analysis, by a link", "The same 404 for a link that never was, has expired or was revoked."), a.getShared)
	op := public("get-shared-data", "/data", "The whole analysis, by a link", "People are shown as the link says.")
	op.Responses = map[string]*huma.Response{"200": a.rawResponse(reflect.TypeFor[analysis.Report](), "The analysis"), "304": notModified()}
	register(a, op, a.sharedData)
	op = public("get-shared-report", "/report", "A report, by a link", "People are shown as the link says, or less.")
	op.Responses = reportResponses()
	register(a, op, a.sharedReport)
}

func (a *API) shareHistory(ctx context.Context, in *shareInput) (*shareOutput, error) {
	h, userID, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	share, token, err := h.Share(ctx, userID, in.ID, in.Body.Hours, in.Body.Chatters)
	if err != nil {
		return nil, a.accountError(err)
	}
	out := &shareOutput{CacheControl: "no-store"}
	out.Body.Share, out.Body.Token = sharedLink(&share), token
	out.Body.Link = a.pageAddress(ctx) + "/shared/" + token
	return out, nil
}

// pageAddress is where people open the page: FRONTEND_URL, or where the request
// went.
func (a *API) pageAddress(ctx context.Context) string {
	if a.cfg.FrontendURL != "" {
		return strings.TrimRight(a.cfg.FrontendURL, "/") + a.cfg.BasePath
	}
	r := accessOf(ctx).r
	if r == nil {
		return ""
	}
	if secureCookies(r) {
		return "https://" + r.Host + a.cfg.BasePath
	}
	return "http://" + r.Host + a.cfg.BasePath
}

func (a *API) historyShares(ctx context.Context, in *historyPath) (*sharesOutput, error) {
	h, userID, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	list, err := h.Shares(ctx, userID, in.ID)
	if err != nil {
		return nil, a.accountError(err)
	}
	out := new(sharesOutput)
	out.Body.Shares = make([]SharedLink, 0, len(list))
	for i := range list {
		out.Body.Shares = append(out.Body.Shares, sharedLink(&list[i]))
	}
	return out, nil
}

func (a *API) revokeShare(ctx context.Context, in *revokeInput) (*historyMessage, error) {
	h, userID, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.Revoke(ctx, userID, in.ID, in.ShareID); err != nil {
		return nil, a.accountError(err)
	}
	out := new(historyMessage)
	out.Body.Message = "Link revoked"
	return out, nil
}

// shared returns what a link shows.
func (a *API) shared(ctx context.Context, token string, view bool) (History, *history.Entry, history.Share, error) {
	if wait, ok := a.sharedLooks.allow(clientAddr(ctx)); !ok {
		return nil, nil, history.Share{}, tooSoon("Too many links were opened from your address: try again in a moment", wait)
	}
	if a.cfg.History == nil {
		return nil, nil, history.Share{}, unavailable(noHistory)
	}
	e, share, err := a.cfg.History.Shared(ctx, token, view)
	if err != nil {
		return nil, nil, history.Share{}, a.accountError(err)
	}
	return a.cfg.History, e, share, nil
}

// hideNotes takes out of a report what is its owner's alone.
func hideNotes(in *report.Input) { in.Note, in.Tags = "", nil }

func (a *API) getShared(ctx context.Context, in *sharedPath) (*sharedOutput, error) {
	h, e, share, err := a.shared(ctx, in.Token, true)
	if err != nil {
		return nil, err
	}
	body := SharedAnalysis{
		StreamerName: e.Channel, Name: e.Name, TotalChats: e.Counts.Total,
		SentimentCount: SentimentCount{e.Counts.Positive, e.Counts.Neutral, e.Counts.Negative},
		TopPositive:    topChatters(e.TopPositive), TopNegative: topChatters(e.TopNegative), TopNeutral: topChatters(e.TopNeutral),
		Duration: e.Seconds, Summary: e.Summary, SummaryBy: e.SummaryBy, Origin: string(e.Origin), Mood: e.Mood,
		CreatedAt: e.CreatedAt.UTC(), StartedAt: e.StartedAt.UTC(), EndedAt: e.EndedAt.UTC(), HasReport: e.HasReport,
		Chatters: share.Chatters, ExpiresAt: share.ExpiresAt.UTC(),
	}
	if report.Chatters(share.Chatters) != report.Names {
		hidden, err := a.hidden(ctx, h, e, share)
		if err != nil {
			return nil, err
		}
		body.Name, body.Summary = hidden.Name, hidden.Summary.text()
		top := hidden.tops()
		body.TopPositive, body.TopNeutral, body.TopNegative = firstFive(top.Positive), firstFive(top.Neutral), firstFive(top.Negative)
	}
	return &sharedOutput{ReferrerPolicy: "no-referrer", CacheControl: "private, no-cache", Robots: "noindex", Body: body}, nil
}

func firstFive(list []analysis.Chatter) []TopChatter {
	out := make([]TopChatter, 0, 5)
	for _, c := range list[:min(len(list), 5)] {
		out = append(out, TopChatter{Username: c.Name, Count: int64(c.Count)})
	}
	return out
}

// hiddenReport is what is read of a report in which people are not named.
type hiddenReport struct {
	Name     string             `json:"name"`
	Summary  hiddenSummary      `json:"summary"`
	Source   *report.Source     `json:"source"`
	Snapshot *analysis.Snapshot `json:"analysis"`
	Timeline *analysis.Timeline `json:"timeline"`
	Legacy   *struct {
		Top analysis.TopChatters `json:"top"`
	} `json:"legacy"`
}

type hiddenSummary struct {
	Sentences []struct {
		Text string `json:"text"`
	} `json:"sentences"`
}

func (s *hiddenSummary) text() string {
	var texts []string
	for _, sentence := range s.Sentences {
		texts = append(texts, sentence.Text)
	}
	return strings.Join(texts, " ")
}

func (r *hiddenReport) tops() analysis.TopChatters {
	switch {
	case r.Snapshot != nil:
		return r.Snapshot.Chatters.Top
	case r.Legacy != nil:
		return r.Legacy.Top
	}
	return analysis.TopChatters{}
}

// hidden returns a report in which people are shown as a link says. The report
// itself knows where their names may stand.
func (a *API) hidden(ctx context.Context, h History, e *history.Entry, share history.Share) (*hiddenReport, error) {
	data, err := a.writeReport(ctx, h, e, report.Options{Format: report.JSON, Chatters: report.Chatters(share.Chatters)}, hideNotes)
	if err != nil {
		return nil, err
	}
	r := new(hiddenReport)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fail(http.StatusInternalServerError, "The analysis cannot be read", err)
	}
	return r, nil
}

func (a *API) sharedData(ctx context.Context, in *sharedPath) (*fileOutput, error) {
	h, e, share, err := a.shared(ctx, in.Token, false)
	if err != nil {
		return nil, err
	}
	if report.Chatters(share.Chatters) == report.Names || !e.HasReport {
		return forAnybody(a.dataFile(ctx, h, e))
	}
	hidden, err := a.hidden(ctx, h, e, share)
	if err != nil {
		return nil, err
	}
	if hidden.Snapshot == nil || hidden.Timeline == nil {
		return nil, a.accountError(history.ErrNoData)
	}
	return forAnybody(jsonFile(struct {
		analysis.Report
		Source *report.Source `json:"source,omitempty"`
	}{analysis.Report{Snapshot: *hidden.Snapshot, Timeline: *hidden.Timeline}, hidden.Source}))
}

// forAnybody sets what an answer has that a link gave.
func forAnybody(out *fileOutput, err error) (*fileOutput, error) {
	if err == nil {
		out.ReferrerPolicy, out.Robots = "no-referrer", "noindex"
	}
	return out, err
}

func (a *API) sharedReport(ctx context.Context, in *sharedReportInput) (*fileOutput, error) {
	opt, err := in.options()
	if err != nil {
		return nil, err
	}
	h, e, share, err := a.shared(ctx, in.Token, false)
	if err != nil {
		return nil, err
	}
	// Whoever looks may see less than the link shows, not more.
	if most := report.Chatters(share.Chatters); most == report.NoChatters || opt.Chatters == report.Names {
		opt.Chatters = most
	}
	return forAnybody(a.reportFile(ctx, h, e, opt, "chat_analysis_"+fileName(e.Channel), hideNotes))
}

// fileName makes a text fit for the name of a file.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, s)
	return s[:min(len(s), 50)]
}
