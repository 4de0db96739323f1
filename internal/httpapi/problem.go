package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

const problemType = "application/problem+json"

// Problem is the body of every error (RFC 9457). Detail and Error are the same
// text: some pages of the old system read one key, some the other.
type Problem struct {
	Title     string         `json:"title" example:"Bad Request" doc:"The status in words"`
	Status    int            `json:"status" example:"400" doc:"The HTTP status code"`
	Detail    string         `json:"detail" example:"Twitch URL is required" doc:"What is wrong and what would be right"`
	Error     string         `json:"error" example:"Twitch URL is required" doc:"The same text as detail"`
	Errors    []ProblemField `json:"errors,omitempty" doc:"What is wrong with each field, where fields are at fault"`
	RequestID string         `json:"request_id,omitempty" example:"K3TQ5ZRYNX2WLB4A" doc:"Names this request in the server's log; also in the header X-Request-Id"`
}

// ProblemField tells what is wrong with one field of a request.
type ProblemField struct {
	Field   string `json:"field" example:"body.url" doc:"Where: body, query or path, then the name"`
	Message string `json:"message" example:"expected string"`
}

// newProblem returns a problem with the status's own title.
func newProblem(status int, detail string, fields ...ProblemField) *Problem {
	return &Problem{Title: http.StatusText(status), Status: status, Detail: detail, Error: detail, Errors: fields}
}

// apiError is what handlers return to be answered as it is. It implements
// [huma.StatusError]; its cause is logged and not shown.
type apiError struct {
	status int
	detail string
	cause  error
	fields []ProblemField
	wait   time.Duration // until it is worth trying again; 0: not told
}

// fail returns an error that is answered with status and detail. The cause,
// nil for none, goes to the log.
func fail(status int, detail string, cause error) error {
	return &apiError{status: status, detail: detail, cause: cause}
}

// tooSoon returns an error for clients that ask too often.
func tooSoon(detail string, wait time.Duration) error {
	return &apiError{status: http.StatusTooManyRequests, detail: detail, wait: wait}
}

func (e *apiError) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %v", e.detail, e.cause)
	}
	return e.detail
}
func (e *apiError) Unwrap() error  { return e.cause }
func (e *apiError) GetStatus() int { return e.status }

// GetHeaders implements [huma.HeadersError].
func (e *apiError) GetHeaders() http.Header {
	h := http.Header{}
	if e.wait > 0 {
		h.Set("Retry-After", retryAfter(e.wait))
	}
	if e.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	return h
}

// retryAfter returns whole seconds, at least one.
func retryAfter(wait time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
}

// ContentType implements [huma.ContentTypeFilter].
func (e *apiError) ContentType(string) string { return problemType }

// writeProblem answers with a problem outside of huma's operations.
func writeProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	p.RequestID = requestID(r.Context())
	body, err := json.Marshal(p)
	if err != nil { // it holds nothing but strings and numbers
		panic(err)
	}
	h := w.Header()
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(append(body, '\n')) // the client went away: nobody to tell
	}
}

// writeError answers with an error of a handler outside of huma's operations.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	var refused *apiError
	if !errors.As(err, &refused) {
		refused = &apiError{status: http.StatusInternalServerError, detail: wentWrong}
	}
	for name, values := range refused.GetHeaders() {
		w.Header()[name] = values
	}
	writeProblem(w, r, newProblem(refused.status, refused.detail, refused.fields...))
}

// wentWrong is what people are told of faults of ours.
const wentWrong = "Something went wrong here; the server's log says what, under the request id"

// operationContext lets the transformer below, which knows best, change the
// status that huma chose.
type operationContext struct {
	humaContext
	status int // 0: huma's
}

// humaContext can be embedded, which huma.Context cannot: it has a method of
// its own name.
type humaContext huma.Context

// SetStatus implements [huma.Context].
func (c *operationContext) SetStatus(code int) {
	if c.status != 0 && code >= http.StatusBadRequest {
		code = c.status
	}
	c.humaContext.SetStatus(code)
}

// adapter registers huma's operations on a [http.ServeMux].
type adapter struct{ *http.ServeMux }

// Handle implements [huma.Adapter].
func (a adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	path := op.Path
	if path == "/" {
		path = "/{$}" // only itself
	}
	a.HandleFunc(op.Method+" "+path, func(w http.ResponseWriter, r *http.Request) {
		handler(&operationContext{humaContext: humago.NewContext(op, r, w)})
	})
}

// transformError is huma's transformer that turns every error into a
// [Problem]. What went wrong inside the server is logged, not shown. A body
// that cannot be read as what is documented is answered with 422, as the old
// system did, whether it is missing, no JSON or of the wrong types.
func (a *API) transformError(ctx huma.Context, _ string, v any) (any, error) {
	var p *Problem
	switch e := v.(type) {
	case *apiError:
		p = newProblem(e.status, e.detail, e.fields...)
		if e.cause != nil {
			a.log.ErrorContext(ctx.Context(), "request failed", "error", e, "operation", ctx.Operation().OperationID, "request_id", requestID(ctx.Context()))
		}
	case *huma.ErrorModel:
		p = a.fromModel(ctx, e)
	default:
		return v, nil
	}
	ctx.SetHeader("Cache-Control", "no-store")
	p.RequestID = requestID(ctx.Context())
	return p, nil
}

// unreadBody is what huma says, with a status of 500, of a body that breaks off
// or whose parts have no proper sizes.
const unreadBody = "cannot read request body"

func (a *API) fromModel(ctx huma.Context, e *huma.ErrorModel) *Problem {
	status := e.Status
	var fields []ProblemField
	for _, d := range e.Errors {
		if d != nil {
			fields = append(fields, ProblemField{d.Location, d.Message})
		}
	}
	switch {
	case status >= http.StatusInternalServerError:
		if tooLarge(e) {
			status = http.StatusRequestEntityTooLarge
			break
		}
		if e.Detail == unreadBody {
			status = http.StatusBadRequest
			break
		}
		a.log.ErrorContext(ctx.Context(), "request failed", "error", e.Detail, "causes", causes(e), "operation", ctx.Operation().OperationID, "request_id", requestID(ctx.Context()))
		return newProblem(status, "Something went wrong here; the server's log says what, under the request id")
	case status == http.StatusBadRequest:
		status = http.StatusUnprocessableEntity
		if len(fields) == 0 {
			fields = []ProblemField{{"body", "a JSON object is required"}}
		}
	}
	if c, ok := ctx.(*operationContext); ok {
		c.status = status
	}
	switch status {
	case http.StatusBadRequest:
		return newProblem(status, "The body broke off, or is not sent as HTTP has it")
	case http.StatusRequestEntityTooLarge:
		return newProblem(status, fmt.Sprintf("The request is too large: at most %d bytes are read", ctx.Operation().MaxBodyBytes))
	case http.StatusRequestTimeout:
		return newProblem(status, "The request took too long to arrive")
	case http.StatusUnsupportedMediaType:
		return newProblem(status, "Send the request as application/json")
	}
	if len(fields) == 0 {
		return newProblem(status, e.Detail) // written by our own middleware
	}
	return newProblem(status, "Invalid request: "+describe(fields), fields...)
}

// describe puts the findings into one line for clients that show only that.
func describe(fields []ProblemField) string {
	const most = 3
	var b strings.Builder
	for i, f := range fields {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(fields)-most)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		if f.Field != "" {
			b.WriteString(f.Field + ": ")
		}
		b.WriteString(f.Message)
	}
	return b.String()
}

func tooLarge(e *huma.ErrorModel) bool {
	limit := new(http.MaxBytesError).Error()
	for _, d := range e.Errors {
		if d != nil && d.Message == limit {
			return true
		}
	}
	return false
}

func causes(e *huma.ErrorModel) string {
	var b strings.Builder
	for _, d := range e.Errors {
		if d != nil {
			b.WriteString(d.Message + "; ")
		}
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// excerpt cuts s for a message about it.
func excerpt(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}
