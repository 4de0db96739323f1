package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/history"
	"chatmood/internal/report"
)

const (
	tagHistory = "History"
	noHistory  = "This server keeps no history"
)

// History is the analyses that users saved ([history.Service]). Its methods are
// called from many goroutines at once. Errors for people are *account.Error.
type History interface {
	Save(ctx context.Context, userID string, c history.Claim) (*history.Entry, error)
	SaveUpload(ctx context.Context, userID string, r *report.Report) (*history.Entry, error)
	List(ctx context.Context, q history.Query) (history.Page, error)
	Get(ctx context.Context, userID, id string) (*history.Entry, error)
	// GetAny returns anybody's entry, and Owner the address of a user, for
	// administrators.
	GetAny(ctx context.Context, id string) (*history.Entry, error)
	Owner(ctx context.Context, userID string) (email string, err error)
	Update(ctx context.Context, userID, id string, c history.Changes) (*history.Entry, error)
	Archive(ctx context.Context, userID, id string) error
	Restore(ctx context.Context, userID, id string) (*history.Entry, error)
	Remove(ctx context.Context, userID, id string) error
	Tags(ctx context.Context, userID string) ([]history.Tag, error)
	// Totals sums up the active entries of all users.
	Totals(ctx context.Context) (history.Totals, error)
	// Export calls do with every entry of a user and its report.
	Export(ctx context.Context, userID string, do func(e *history.Entry, data []byte) error) error

	// Data returns the JSON of an entry's analysis.Report, Input what a report
	// about it is made from.
	Data(ctx context.Context, e *history.Entry) ([]byte, error)
	Input(ctx context.Context, e *history.Entry) (report.Input, error)
	Summarize(ctx context.Context, userID, id string, byModel bool) (e *history.Entry, fallback string, err error)

	Share(ctx context.Context, userID, id string, hours int, chatters string) (share history.Share, token string, err error)
	Shares(ctx context.Context, userID, id string) ([]history.Share, error)
	Revoke(ctx context.Context, userID, id, shareID string) error
	Shared(ctx context.Context, token string, view bool) (*history.Entry, history.Share, error)
}

// SentimentCount are messages by label, as the old system named them.
type SentimentCount struct {
	Positive int64 `json:"positive" example:"530"`
	Neutral  int64 `json:"neutral" example:"610"`
	Negative int64 `json:"negative" example:"100"`
}

// TopChatter is how often somebody wrote, as the old system named it.
type TopChatter struct {
	Username string `json:"username" example:"viewer_one"`
	Count    int64  `json:"count" example:"12"`
}

func topChatters(list []history.Chatter) []TopChatter {
	out := make([]TopChatter, 0, len(list))
	for _, c := range list {
		out = append(out, TopChatter(c))
	}
	return out
}

// HistoryDocument is a saved analysis. The keys up to updated_at are the old
// system's and are always there.
type HistoryDocument struct {
	ID             string         `json:"_id" example:"65a1b2c3d4e5f60718293a4b" doc:"24 hexadecimal digits"`
	UserID         string         `json:"user_id" example:"65a1b2c3d4e5f60718293a40" doc:"Of its owner"`
	StreamerName   string         `json:"streamer_name" example:"somebody" doc:"The channel"`
	TotalChats     int64          `json:"total_chats" example:"1240" doc:"Messages counted"`
	SentimentCount SentimentCount `json:"sentiment_count"`
	TopPositive    []TopChatter   `json:"top_positive" doc:"Who wrote most positive messages, at most five"`
	TopNegative    []TopChatter   `json:"top_negative"`
	TopNeutral     []TopChatter   `json:"top_neutral"`
	Duration       int64          `json:"duration" example:"5400" doc:"Seconds"`
	Summary        string         `json:"summary" example:"42 people wrote 1,240 messages in 90 minutes, 29.5 each." doc:"What happened, in words"`
	Status         string         `json:"status" enum:"active,deleted" example:"active" doc:"deleted: in the archive"`
	CreatedAt      time.Time      `json:"created_at" example:"2026-01-01T21:30:00Z"`
	UpdatedAt      time.Time      `json:"updated_at" example:"2026-01-01T21:30:00Z"`

	Origin     string          `json:"origin,omitempty" enum:"live,upload,client" example:"live" doc:"Whose figures they are: live and upload are this server's, of chat or of a log; client is what a browser claims. Absent in documents of the old system"`
	SessionID  string          `json:"session_id,omitempty" example:"65a1b2c3d4e5f60718293a41" doc:"Of the analysis"`
	StartedAt  time.Time       `json:"started_at,omitzero" example:"2026-01-01T20:00:00Z"`
	EndedAt    time.Time       `json:"ended_at,omitzero" example:"2026-01-01T21:30:00Z" doc:"Of what is saved"`
	Mood       *float64        `json:"mood,omitempty" example:"0.21" doc:"Mean score, -1 to 1"`
	Name       string          `json:"name,omitempty" example:"Finals" doc:"What its owner calls it"`
	Note       string          `json:"note,omitempty" example:"Clip the last round"`
	Tags       []string        `json:"tags,omitempty" example:"[\"finals\"]"`
	SummaryBy  string          `json:"summary_by,omitempty" example:"rules" doc:"Who wrote the summary: rules, or the name of a language model; absent where that is not known"`
	HasReport  bool            `json:"has_report,omitempty" doc:"The whole analysis was kept: see /data"`
	TimeSeries json.RawMessage `json:"time_series,omitempty" doc:"The course as the old system's pages draw it, [{x, y, sentiment}]; not in lists"`
	Client     json.RawMessage `json:"client,omitempty" doc:"What the browser claimed, beside our own figures; not in lists"`
}

func historyDocument(e *history.Entry) HistoryDocument {
	return HistoryDocument{
		ID: e.ID, UserID: e.UserID, StreamerName: e.Channel, TotalChats: e.Counts.Total,
		SentimentCount: SentimentCount{e.Counts.Positive, e.Counts.Neutral, e.Counts.Negative},
		TopPositive:    topChatters(e.TopPositive), TopNegative: topChatters(e.TopNegative), TopNeutral: topChatters(e.TopNeutral),
		Duration: e.Seconds, Summary: e.Summary, Status: string(cmp.Or(e.Status, history.StatusActive)),
		CreatedAt: e.CreatedAt.UTC(), UpdatedAt: e.UpdatedAt.UTC(),
		Origin: string(e.Origin), SessionID: e.SessionID, StartedAt: e.StartedAt.UTC(), EndedAt: e.EndedAt.UTC(), Mood: e.Mood,
		Name: e.Name, Note: e.Note, Tags: e.Tags, SummaryBy: e.SummaryBy, HasReport: e.HasReport,
		TimeSeries: e.TimeSeries, Client: e.Client,
	}
}

// HistoryPage is a page of a list of saved analyses.
type HistoryPage struct {
	Items []HistoryDocument `json:"items"`
	Total int               `json:"total" example:"41" doc:"Of all pages"`
	Page  int               `json:"page" example:"1"`
	Pages int               `json:"pages" example:"3"`
	Limit int               `json:"limit" example:"20"`
}

// wholeNumber is any number in JSON, without its fraction.
type wholeNumber int64

// UnmarshalJSON implements [json.Unmarshaler].
func (n *wholeNumber) UnmarshalJSON(data []byte) error {
	f, err := strconv.ParseFloat(string(data), 64)
	if err != nil && !math.IsInf(f, 0) {
		return fmt.Errorf("expected number")
	}
	*n = wholeNumber(int64(min(max(f, -1e15), 1e15)))
	return nil
}

// Schema implements [huma.SchemaProvider].
func (wholeNumber) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeNumber} }

type claimedChatter struct {
	Username string      `json:"username" required:"false" maxLength:"1000" example:"viewer_one"`
	Count    wholeNumber `json:"count" required:"false" example:"12"`
}

type saveInput struct {
	Body struct {
		StreamerName   *string           `json:"streamer_name" required:"false" nullable:"false" maxLength:"2000" example:"somebody" doc:"The channel"`
		SessionID      string            `json:"session_id,omitempty" maxLength:"100" example:"65a1b2c3d4e5f60718293a41" doc:"The analysis that is meant; absent: the one of the channel that runs, or that ended within the last 30 minutes"`
		TotalChats     *wholeNumber      `json:"total_chats" required:"false" example:"1240"`
		SentimentCount *claimedCount     `json:"sentiment_count" required:"false"`
		TopPositive    *[]claimedChatter `json:"top_positive" required:"false" nullable:"false" maxItems:"1000" doc:"The first five are kept"`
		TopNegative    *[]claimedChatter `json:"top_negative" required:"false" nullable:"false" maxItems:"1000"`
		TopNeutral     *[]claimedChatter `json:"top_neutral" required:"false" nullable:"false" maxItems:"1000"`
		Duration       json.RawMessage   `json:"duration" required:"false" doc:"Seconds, a number or a text; anything else counts as 0"`
		Summary        *string           `json:"summary" required:"false" maxLength:"20000" doc:"Kept where this server has no figures of its own"`
		TimeSeries     json.RawMessage   `json:"time_series" required:"false" doc:"The course as the old system's pages have it; not kept beyond 64 KiB"`
	} `nameHint:"SaveRequest"`
}

type claimedCount struct {
	Positive wholeNumber `json:"positive" required:"false" example:"530"`
	Neutral  wholeNumber `json:"neutral" required:"false" example:"610"`
	Negative wholeNumber `json:"negative" required:"false" example:"100"`
}

// claim reads what a browser sent. What is missing is told in the old system's words.
func (in *saveInput) claim() (history.Claim, error) {
	b := &in.Body
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"streamer_name", b.StreamerName == nil},
		{"total_chats", b.TotalChats == nil},
		{"sentiment_count", b.SentimentCount == nil},
		{"top_positive", b.TopPositive == nil},
		{"top_negative", b.TopNegative == nil},
		{"top_neutral", b.TopNeutral == nil},
	} {
		if f.missing {
			text := "Missing required field: " + f.name
			return history.Claim{}, &apiError{status: http.StatusBadRequest, detail: text, fields: []ProblemField{{"body." + f.name, text}}}
		}
	}
	top := func(list *[]claimedChatter) []history.Chatter {
		out := make([]history.Chatter, 0, len(*list))
		for _, c := range *list {
			out = append(out, history.Chatter{Username: c.Username, Count: int64(c.Count)})
		}
		return out
	}
	c := history.Claim{
		Channel: *b.StreamerName, SessionID: b.SessionID,
		Counts: history.Counts{
			Total: int64(*b.TotalChats), Positive: int64(b.SentimentCount.Positive),
			Neutral: int64(b.SentimentCount.Neutral), Negative: int64(b.SentimentCount.Negative),
		},
		TopPositive: top(b.TopPositive), TopNegative: top(b.TopNegative), TopNeutral: top(b.TopNeutral),
		Seconds: looseSeconds(b.Duration), TimeSeries: b.TimeSeries,
	}
	if b.Summary != nil {
		c.Summary = *b.Summary
	}
	return c, nil
}

// looseSeconds reads a length in seconds however a client wrote it; what is no
// number counts as 0, as in the old system.
func looseSeconds(data json.RawMessage) int64 {
	text := strings.TrimSpace(strings.Trim(string(data), `"`))
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(f) {
		return 0
	}
	return int64(min(max(f, 0), 1e15))
}

type saveOutput struct {
	Body struct {
		Message   string `json:"message" example:"Analysis saved successfully"`
		HistoryID string `json:"history_id" example:"65a1b2c3d4e5f60718293a4b"`
		Origin    string `json:"origin" enum:"live,client" example:"live" doc:"Whose figures were saved; see the document"`
	} `nameHint:"Saved"`
}

// HistoryList chooses saved analyses. (Huma reads embedded fields of exported
// types only.)
type HistoryList struct {
	Page      int    `query:"page" minimum:"1" maximum:"1000000" default:"1"`
	Limit     int    `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"How many on a page"`
	Search    string `query:"search" maxLength:"100" example:"finals" doc:"Part of the channel, name, note or a tag, whatever its case"`
	Sort      string `query:"sort" enum:"created_at,channel,name,duration,messages,mood" default:"created_at"`
	Direction string `query:"direction" enum:"asc,desc" default:"desc"`
	From      string `query:"from" maxLength:"40" example:"2026-01-01" doc:"Saved from then on: an RFC 3339 time, or a day"`
	To        string `query:"to" maxLength:"40" example:"2026-01-31" doc:"Saved before then: an RFC 3339 time, or a day, which is included"`
	Zone      string `query:"tz" maxLength:"64" example:"Europe/Berlin" doc:"Time zone of the days; UTC when absent"`
	Tag       string `query:"tag" maxLength:"40" example:"finals" doc:"Exactly this tag"`
	Channel   string `query:"channel" maxLength:"100" example:"somebody" doc:"Exactly this channel"`
}

// pagingKeys are the parameters that ask for a page in place of the old
// system's bare array.
var pagingKeys = [...]string{"page", "limit", "search", "sort", "direction", "from", "to", "tag", "channel"}

// paged reports whether a page is asked for.
func paged(ctx context.Context) bool {
	r := accessOf(ctx).r
	if r == nil {
		return false
	}
	q := r.URL.Query()
	for _, key := range pagingKeys {
		if q.Has(key) {
			return true
		}
	}
	return false
}

func (in *HistoryList) query(ctx context.Context, userID string, status history.Status) (q history.Query, page bool, err error) {
	q = history.Query{UserID: userID, Status: status, Sort: history.SortCreated, Descending: true}
	loc, err := zone(in.Zone)
	if err != nil || !paged(ctx) {
		return q, false, err
	}
	q.Search, q.Tag, q.Channel = strings.TrimSpace(in.Search), in.Tag, in.Channel // the old system kept channels as they were typed
	q.Sort, q.Descending = history.Sort(in.Sort), in.Direction != "asc"
	q.Limit, q.Offset = in.Limit, (in.Page-1)*in.Limit
	if q.From, _, err = instant("from", in.From, loc); err != nil {
		return q, true, err
	}
	var day bool
	if q.To, day, err = instant("to", in.To, loc); err != nil {
		return q, true, err
	}
	if day {
		q.To = q.To.AddDate(0, 0, 1)
	}
	if !q.From.IsZero() && !q.To.IsZero() && !q.From.Before(q.To) {
		return q, true, invalidField("query.to", "to lies before from")
	}
	return q, true, nil
}

// instant reads a time or a day; "" is the zero time.
func instant(name, text string, loc *time.Location) (at time.Time, day bool, err error) {
	if text == "" {
		return time.Time{}, false, nil
	}
	if at, err = time.Parse(time.RFC3339, text); err == nil {
		return at, false, nil
	}
	if at, err = time.ParseInLocation(time.DateOnly, text, loc); err == nil {
		return at, true, nil
	}
	return time.Time{}, false, invalidField("query."+name, "expected an RFC 3339 time such as 2026-01-01T20:00:00Z, or a day such as 2026-01-01")
}

// zone returns a time zone by its name in the IANA database; "" is UTC. The
// server's own is nobody's business.
func zone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil || len(name) > 64 || name == "Local" {
		return nil, invalidField("query.tz", "expected the name of a time zone such as Europe/Berlin")
	}
	return loc, nil
}

// invalidField returns an error that names the field of a request at fault.
func invalidField(field, text string) error {
	return &apiError{status: http.StatusUnprocessableEntity, detail: "Invalid request: " + field + ": " + text, fields: []ProblemField{{field, text}}}
}

type historyPath struct {
	ID string `path:"id" maxLength:"1000" example:"65a1b2c3d4e5f60718293a4b" doc:"_id of a saved analysis"`
}

type historyOutput struct{ Body HistoryDocument }

type restoredOutput struct {
	Body struct {
		Message string `json:"message" example:"History restored successfully"`
		HistoryDocument
	} `nameHint:"Restored"`
}

type historyMessage struct {
	Body struct {
		Message string `json:"message" example:"History deleted successfully"`
	} `nameHint:"HistoryMessage"`
}

type patchInput struct {
	ID   string `path:"id" maxLength:"1000"`
	Body struct {
		Name *string   `json:"name" required:"false" maxLength:"1000" example:"Finals" doc:"At most 120 characters; empty for none"`
		Note *string   `json:"note" required:"false" maxLength:"20000" example:"Clip the last round" doc:"At most 5,000 characters; nobody else sees it"`
		Tags *[]string `json:"tags" required:"false" maxItems:"200" example:"[\"finals\"]" doc:"All tags, at most 20 of at most 40 characters"`
	} `nameHint:"HistoryChanges"`
}

type deleteInput struct {
	ID        string `path:"id" maxLength:"1000"`
	Permanent bool   `query:"permanent" doc:"Remove it for good; only what is in the archive"`
}

type tagsOutput struct {
	Body struct {
		Tags []history.Tag `json:"tags" doc:"The most frequent first"`
	} `nameHint:"HistoryTags"`
}

type summaryInput struct {
	ID   string `path:"id" maxLength:"1000"`
	Body struct {
		Writer string `json:"writer" enum:"rules,model" example:"rules" doc:"rules: sentences built from the figures; model: written by the language model that the server is set up with"`
	} `nameHint:"SummaryRequest"`
}

type summaryOutput struct {
	Body struct {
		HistoryDocument
		Fallback string `json:"fallback,omitempty" doc:"Why the model did not write it and the rules did"`
	} `nameHint:"Summarized"`
}

type reportInput struct {
	ID string `path:"id" maxLength:"1000"`
	ReportOptions
}

// ReportOptions choose the form of a report. (Huma reads embedded fields of
// exported types only.)
type ReportOptions struct {
	Format   string `query:"format" enum:"pdf,html,csv,json,md,text" default:"pdf" example:"html" doc:"What the file is"`
	Paper    string `query:"paper" enum:"a4,letter" default:"a4" doc:"Of a PDF"`
	Chatters string `query:"chatters" enum:"names,pseudonyms,none" default:"names" doc:"How the people who wrote are shown"`
	Section  string `query:"section" enum:"timeline,summary,chatters,terms,emotes,moments" default:"timeline" doc:"Of a CSV"`
	Zone     string `query:"tz" maxLength:"64" example:"Europe/Berlin" doc:"Time zone of the times that people read; UTC when absent"`
}

func (o *ReportOptions) options() (opt report.Options, err error) {
	read := func(field string, err error) error {
		if err == nil {
			return nil
		}
		return invalidField("query."+field, err.Error())
	}
	if opt.Format, err = report.ParseFormat(cmp.Or(o.Format, string(report.PDF))); err != nil {
		return opt, read("format", err)
	}
	if opt.Paper, err = report.ParsePaper(o.Paper); err != nil {
		return opt, read("paper", err)
	}
	if opt.Chatters, err = report.ParseChatters(o.Chatters); err != nil {
		return opt, read("chatters", err)
	}
	if opt.Section, err = report.ParseSection(o.Section); err != nil {
		return opt, read("section", err)
	}
	opt.Location, err = zone(o.Zone)
	return opt, err
}

// fileOutput is an answer that is written as bytes, or not at all where the
// client has it already.
type fileOutput struct {
	Status             int
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	CacheControl       string `header:"Cache-Control"`
	ETag               string `header:"ETag"`
	ReferrerPolicy     string `header:"Referrer-Policy"`
	Robots             string `header:"X-Robots-Tag"`
	Body               []byte
}

func (a *API) registerHistory() {
	const base = "/api/history"
	operation := func(method, id, path, summary, description string, errors ...int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: base + path, Summary: summary, Description: description,
			Tags: []string{tagHistory}, Errors: append([]int{422}, errors...), Metadata: signedIn,
		}
	}
	list := a.listResponse()
	op := operation(http.MethodPost, "save-history", "/save", "Save an analysis",
		"Keeps this server's own figures of the channel's analysis that runs or has just ended. What the browser sends is kept beside them in `client`, and counts only where this server did not analyse the channel (`origin` is then `client`). Saving the same analysis again replaces the figures of the same document.",
		400, 403, 413)
	register(a, op, a.saveHistory)
	op = operation(http.MethodGet, "list-history", "", "List saved analyses",
		"A bare array, newest first, as the old system answered; with any of the parameters but tz a page.")
	op.Responses = list
	register(a, op, func(ctx context.Context, in *HistoryList) (*fileOutput, error) {
		return a.listHistory(ctx, in, history.StatusActive)
	})
	op = operation(http.MethodGet, "list-deleted-history", "/deleted", "List the archive", "As the list of saved analyses.")
	op.Responses = a.listResponse()
	register(a, op, func(ctx context.Context, in *HistoryList) (*fileOutput, error) {
		return a.listHistory(ctx, in, history.StatusDeleted)
	})
	register(a, operation(http.MethodGet, "list-history-tags", "/tags", "List tags", "Those of active analyses."), a.historyTags)
	register(a, operation(http.MethodGet, "get-history", "/{id}", "A saved analysis", "Its figures, with what the browser claimed. Looking at it is written to the activity log.", 404), a.getHistory)
	register(a, operation(http.MethodPatch, "change-history", "/{id}", "Name, note and tag a saved analysis", "What is absent or null stays as it is.", 400, 404, 413), a.changeHistory)
	register(a, operation(http.MethodDelete, "delete-history", "/{id}", "Put a saved analysis into the archive", "With `permanent` it is removed for good, with its links; it must be in the archive then.", 404, 409), a.deleteHistory)
	register(a, operation(http.MethodPost, "restore-history", "/{id}/restore", "Take a saved analysis out of the archive", "Answers with the document.", 404), a.restoreHistory)
	op = operation(http.MethodGet, "get-history-data", "/{id}/data", "The whole saved analysis", "Its figures and its course. 404 for what the old system saved, or only a browser claimed: of those there are figures only.", 404)
	op.Responses = map[string]*huma.Response{"200": a.rawResponse(reflect.TypeFor[analysis.Report](), "The analysis"), "304": notModified()}
	register(a, op, a.historyData)
	op = operation(http.MethodGet, "get-history-report", "/{id}/report", "A report to read or to work with", "As a file to download.", 404)
	op.Responses = reportResponses()
	register(a, op, a.historyReport)
	op = operation(http.MethodGet, "get-history-pdf", "/{id}/pdf", "The report as PDF", "As the old system had it: report?format=pdf.", 404)
	op.Responses = map[string]*huma.Response{"200": fileResponse("The report", report.PDF.ContentType()), "304": notModified()}
	register(a, op, a.historyPDF)
	register(a, operation(http.MethodPost, "summarize-history", "/{id}/summary", "Write the summary anew", "Where the model fails, the rules write it, and `fallback` says why.", 404, 409, 413), a.summarizeHistory)
	a.registerShares(operation)
}

func notModified() *huma.Response {
	return &huma.Response{Description: "What If-None-Match names is current"}
}

// listResponse describes both forms of a list.
func (a *API) listResponse() map[string]*huma.Response {
	schemas := a.huma.OpenAPI().Components.Schemas
	document := schemas.Schema(reflect.TypeFor[HistoryDocument](), true, "")
	page := schemas.Schema(reflect.TypeFor[HistoryPage](), true, "")
	return map[string]*huma.Response{"200": {
		Description: "The list, or a page of it",
		Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
			OneOf: []*huma.Schema{{Type: huma.TypeArray, Items: document}, page},
		}}},
	}}
}

func fileResponse(description string, kinds ...string) *huma.Response {
	r := &huma.Response{Description: description, Content: map[string]*huma.MediaType{}}
	for _, kind := range kinds {
		kind, _, _ = strings.Cut(kind, ";")
		schema := &huma.Schema{Type: huma.TypeString, Format: "binary"}
		if kind == "application/json" {
			schema = &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
		}
		r.Content[kind] = &huma.MediaType{Schema: schema}
	}
	return r
}

func reportResponses() map[string]*huma.Response {
	var kinds []string
	for _, f := range report.Formats() {
		kinds = append(kinds, f.ContentType())
	}
	return map[string]*huma.Response{"200": fileResponse("The report", kinds...), "304": notModified()}
}

// historyOf returns the saved analyses and whose they are.
func (a *API) historyOf(ctx context.Context) (h History, userID string, err error) {
	if a.cfg.History == nil {
		return nil, "", unavailable(noHistory)
	}
	id, ok := identityOf(ctx)
	if !ok { // the access rule has let nobody else in
		return nil, "", unauthenticated(needsAccount)
	}
	return a.cfg.History, id.UserID, nil
}

func (a *API) saveHistory(ctx context.Context, in *saveInput) (*saveOutput, error) {
	h, userID, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	claim, err := in.claim()
	if err != nil {
		return nil, err
	}
	e, err := h.Save(ctx, userID, claim)
	if err != nil {
		return nil, a.accountError(err)
	}
	a.note(ctx, account.ActivityAnalysisSaved, history.SavedDetails(e))
	out := new(saveOutput)
	out.Body.Message, out.Body.HistoryID, out.Body.Origin = "Analysis saved successfully", e.ID, string(e.Origin)
	return out, nil
}

func (a *API) listHistory(ctx context.Context, in *HistoryList, status history.Status) (*fileOutput, error) {
	h, userID, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	return a.listOf(ctx, h, in, userID, status)
}

func (a *API) listOf(ctx context.Context, h History, in *HistoryList, userID string, status history.Status) (*fileOutput, error) {
	q, page, err := in.query(ctx, userID, status)
	if err != nil {
		return nil, err
	}
	found, err := h.List(ctx, q)
	if err != nil {
		return nil, a.accountError(err)
	}
	items := make([]HistoryDocument, 0, len(found.Entries))
	for _, e := range found.Entries {
		items = append(items, historyDocument(e))
	}
	if !page {
		return jsonFile(items)
	}
	return jsonFile(HistoryPage{
		Items: items, Total: found.Total, Page: in.Page, Limit: in.Limit, Pages: (found.Total + in.Limit - 1) / in.Limit,
	})
}

// jsonFile is an answer in JSON that is nobody's but the one's who asks.
func jsonFile(v any) (*fileOutput, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fail(http.StatusInternalServerError, "The answer cannot be written", err)
	}
	return &fileOutput{Status: http.StatusOK, ContentType: "application/json", CacheControl: "private, no-cache", Body: body}, nil
}

func (a *API) historyTags(ctx context.Context, _ *struct{}) (*tagsOutput, error) {
	h, userID, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	tags, err := h.Tags(ctx, userID)
	if err != nil {
		return nil, a.accountError(err)
	}
	out := new(tagsOutput)
	out.Body.Tags = present(tags)
	return out, nil
}

func (a *API) getHistory(ctx context.Context, in *historyPath) (*historyOutput, error) {
	h, userID, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	e, err := h.Get(ctx, userID, in.ID)
	if err != nil {
		return nil, a.accountError(err)
	}
	a.note(ctx, account.ActivityAnalysisViewed, "Channel: "+e.Channel)
	return &historyOutput{historyDocument(e)}, nil
}

func (a *API) changeHistory(ctx context.Context, in *patchInput) (*historyOutput, error) {
	h, userID, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	e, err := h.Update(ctx, userID, in.ID, history.Changes{Name: in.Body.Name, Note: in.Body.Note, Tags: in.Body.Tags})
	if err != nil {
		return nil, a.accountError(err)
	}
	return &historyOutput{historyDocument(e)}, nil
}

func (a *API) deleteHistory(ctx context.Context, in *deleteInput) (*historyMessage, error) {
	h, userID, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	out := new(historyMessage)
	if in.Permanent {
		out.Body.Message = "History removed for good"
		err = h.Remove(ctx, userID, in.ID)
	} else {
		out.Body.Message = "History deleted successfully"
		err = h.Archive(ctx, userID, in.ID)
	}
	if err != nil {
		return nil, a.accountError(err)
	}
	return out, nil
}

func (a *API) restoreHistory(ctx context.Context, in *historyPath) (*restoredOutput, error) {
	h, userID, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	e, err := h.Restore(ctx, userID, in.ID)
	if err != nil {
		return nil, a.accountError(err)
	}
	a.note(ctx, account.ActivityRestored, "Channel: "+e.Channel)
	out := new(restoredOutput)
	out.Body.Message, out.Body.HistoryDocument = "History restored successfully", historyDocument(e)
	return out, nil
}

func (a *API) historyData(ctx context.Context, in *historyPath) (*fileOutput, error) {
	h, userID, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	e, err := h.Get(ctx, userID, in.ID)
	if err != nil {
		return nil, a.accountError(err)
	}
	return a.dataFile(ctx, h, e)
}

// dataFile answers with the whole analysis of an entry.
func (a *API) dataFile(ctx context.Context, h History, e *history.Entry) (*fileOutput, error) {
	out := &fileOutput{Status: http.StatusOK, ContentType: "application/json", CacheControl: "private, no-cache", ETag: a.entryTag(e, "data")}
	if has(ctx, out.ETag) {
		out.Status, out.ContentType = http.StatusNotModified, ""
		return out, nil
	}
	var err error
	if out.Body, err = h.Data(ctx, e); err != nil {
		return nil, a.accountError(err)
	}
	return out, nil
}

// entryTag names a state of an entry and what is made of it, weakly: a report
// says when it was made.
func (a *API) entryTag(e *history.Entry, form ...any) string {
	return "W/" + etagOf(fmt.Append(nil, e.ID, e.UpdatedAt.UnixNano(), a.cfg.Version, form))
}

// has reports whether the client says that it has what a tag names.
func has(ctx context.Context, tag string) bool {
	r := accessOf(ctx).r
	if r == nil {
		return false
	}
	for given := range strings.SplitSeq(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		if strings.TrimPrefix(strings.TrimSpace(given), "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

func (a *API) historyReport(ctx context.Context, in *reportInput) (*fileOutput, error) {
	return a.ownReport(ctx, in.ID, &in.ReportOptions)
}

type pdfInput struct {
	ID       string `path:"id" maxLength:"1000"`
	Paper    string `query:"paper" enum:"a4,letter" default:"a4" doc:"Size of the pages"`
	Chatters string `query:"chatters" enum:"names,pseudonyms,none" default:"names" doc:"How the people who wrote are shown"`
	Zone     string `query:"tz" maxLength:"64" example:"Europe/Berlin" doc:"Time zone of the times; UTC when absent"`
}

func (a *API) historyPDF(ctx context.Context, in *pdfInput) (*fileOutput, error) {
	return a.ownReport(ctx, in.ID, &ReportOptions{Format: string(report.PDF), Paper: in.Paper, Chatters: in.Chatters, Zone: in.Zone})
}

func (a *API) ownReport(ctx context.Context, id string, o *ReportOptions) (*fileOutput, error) {
	h, userID, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	opt, err := o.options()
	if err != nil {
		return nil, err
	}
	e, err := h.Get(ctx, userID, id)
	if err != nil {
		return nil, a.accountError(err)
	}
	out, err := a.reportFile(ctx, h, e, opt, "chat_analysis_"+e.ID, nil)
	if err == nil && opt.Format == report.PDF && out.Status == http.StatusOK {
		a.note(ctx, account.ActivityPDF, "Channel: "+e.Channel)
	}
	return out, err
}

const (
	// reportTime bounds how long a report may take to write, reportWait how long
	// it waits for others to be written.
	reportTime = 20 * time.Second
	reportWait = 3 * time.Second
	// maxReportBytes bounds a report.
	maxReportBytes = 64 << 20
)

// reportFile writes a report. edit, if not nil, takes out of the input what is
// not to be shown.
func (a *API) reportFile(ctx context.Context, h History, e *history.Entry, opt report.Options, name string, edit func(*report.Input)) (*fileOutput, error) {
	out := &fileOutput{
		Status: http.StatusOK, ContentType: opt.Format.ContentType(), CacheControl: "private, no-cache",
		ContentDisposition: fmt.Sprintf(`attachment; filename="%s%s"`, name, opt.Format.Extension()),
		ETag:               a.entryTag(e, opt.Format, opt.Paper, opt.Chatters, opt.Section, opt.Location.String(), edit == nil),
	}
	if has(ctx, out.ETag) {
		out.Status, out.ContentType, out.ContentDisposition = http.StatusNotModified, "", ""
		return out, nil
	}
	var err error
	out.Body, err = a.writeReport(ctx, h, e, opt, edit)
	return out, err
}

// writeReport writes a report, as one of a few at a time.
func (a *API) writeReport(ctx context.Context, h History, e *history.Entry, opt report.Options, edit func(*report.Input)) ([]byte, error) {
	wait := time.NewTimer(reportWait)
	defer wait.Stop()
	select {
	case a.reports <- struct{}{}:
		defer func() { <-a.reports }()
	case <-wait.C:
		return nil, unavailable("Too many reports are being written at the moment: try again in a few seconds")
	case <-ctx.Done():
		return nil, a.storeError(ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, reportTime)
	defer cancel()
	in, err := h.Input(ctx, e)
	if err != nil {
		return nil, a.accountError(err)
	}
	if edit != nil {
		edit(&in)
	}
	opt.Generated, opt.Version = a.cfg.Now().UTC(), a.cfg.Version
	buf := boundedBuffer{most: maxReportBytes}
	if err := report.Write(ctx, &buf, in, opt); err != nil {
		if ctx.Err() != nil {
			return nil, unavailable("The report took too long to write: try again later, or another format")
		}
		return nil, fail(http.StatusInternalServerError, "The report cannot be written", err)
	}
	return buf.Bytes(), nil
}

// boundedBuffer takes no more than most bytes.
type boundedBuffer struct {
	bytes.Buffer
	most int
}

// Write implements [io.Writer].
func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.most {
		return 0, fmt.Errorf("more than %d bytes", b.most)
	}
	return b.Buffer.Write(p)
}

func (a *API) summarizeHistory(ctx context.Context, in *summaryInput) (*summaryOutput, error) {
	h, userID, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	e, fallback, err := h.Summarize(ctx, userID, in.ID, in.Body.Writer == "model")
	if err != nil {
		return nil, a.accountError(err)
	}
	out := new(summaryOutput)
	out.Body.HistoryDocument, out.Body.Fallback = historyDocument(e), fallback
	return out, nil
}
