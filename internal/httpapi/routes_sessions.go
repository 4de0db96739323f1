package httpapi

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
)

type sessionsInput struct {
	Channel string `query:"channel" maxLength:"2000" example:"somebody" doc:"Only the sessions of this channel"`
	Before  string `query:"before" maxLength:"200" doc:"Only sessions that ended earlier: an RFC 3339 time, or next of the page before"`
	Limit   int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many at most"`
}

type sessionsOutput struct {
	Body struct {
		Sessions []analysis.SessionInfo `json:"sessions" doc:"The latest ended first"`
		Next     string                 `json:"next,omitempty" doc:"Give it as before to get the next page; absent on the last"`
	} `nameHint:"SessionList"`
}

type sessionInput struct {
	ID string `path:"id" maxLength:"100" doc:"Session id"`
}

type reportOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (a *API) registerSessions() {
	register(a, huma.Operation{
		OperationID: "list-sessions",
		Method:      http.MethodGet,
		Path:        "/api/sessions",
		Summary:     "List finished sessions",
		Description: "The latest ended first, in pages: `next` of one is `before` of the following.",
		Tags:        []string{tagSessions},
		Errors:      []int{400, 401, 422, 503},
		Metadata:    protected,
	}, a.listSessions)
	register(a, huma.Operation{
		OperationID: "get-session",
		Method:      http.MethodGet,
		Path:        "/api/sessions/{id}",
		Summary:     "The report of a finished session",
		Description: "The session as it was when it ended, and its whole course.",
		Tags:        []string{tagSessions},
		Errors:      []int{401, 404, 503},
		Metadata:    protected,
		Responses:   map[string]*huma.Response{"200": a.rawResponse(reflect.TypeFor[analysis.Report](), "The report")},
	}, a.sessionReport)
}

func (a *API) listSessions(ctx context.Context, in *sessionsInput) (*sessionsOutput, error) {
	q := analysis.SessionQuery{Limit: in.Limit + 1} // one more tells whether there is a next page
	if in.Channel != "" {
		channel, ok := chat.CleanChannel(in.Channel)
		if !ok {
			return nil, fail(http.StatusBadRequest, "Invalid channel name: "+excerpt(in.Channel), nil)
		}
		q.Channel = channel
	}
	if in.Before != "" {
		var ok bool
		if q.Before, q.BeforeID, ok = parseBefore(in.Before); !ok {
			return nil, fail(http.StatusBadRequest, "before must be an RFC 3339 time such as 2026-01-01T20:00:00Z, or next of the page before", nil)
		}
	}
	list, err := a.cfg.Sessions.Sessions(ctx, q)
	if err != nil {
		return nil, sessionsAway(err)
	}
	out := new(sessionsOutput)
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.Next = formatBefore(list[len(list)-1])
	}
	out.Body.Sessions = present(list)
	return out, nil
}

// sessionsAway answers that the sessions cannot be read just now.
func sessionsAway(err error) error {
	return &apiError{status: http.StatusServiceUnavailable, detail: "The database cannot be reached: try again in a moment", cause: err, wait: storeRetry}
}

// formatBefore returns the place in the list after a session: when it ended,
// Unix microseconds, and its id.
func formatBefore(s analysis.SessionInfo) string {
	return strconv.FormatInt(s.EndedAt.UnixMicro(), 10) + "." + s.ID
}

func parseBefore(s string) (at time.Time, id string, ok bool) {
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, "", true
	}
	micros, id, found := strings.Cut(s, ".")
	n, err := strconv.ParseInt(micros, 10, 64)
	if !found || err != nil || n <= 0 || id == "" {
		return time.Time{}, "", false
	}
	return time.UnixMicro(n), id, true
}

func (a *API) sessionReport(ctx context.Context, in *sessionInput) (*reportOutput, error) {
	report, err := a.cfg.Sessions.SessionReport(ctx, in.ID)
	switch {
	case errors.Is(err, analysis.ErrNotFound):
		return nil, fail(http.StatusNotFound, "Session "+excerpt(in.ID)+" is not among the finished ones", nil)
	case err != nil:
		return nil, sessionsAway(err)
	}
	return &reportOutput{"application/json", report}, nil
}
