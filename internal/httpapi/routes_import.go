package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/account"
	"chatmood/internal/chat"
	"chatmood/internal/history"
	"chatmood/internal/pastchat"
	"chatmood/internal/report"
	"chatmood/internal/sentiment"
	"chatmood/internal/source/logfile"
)

const (
	importPath = "/api/history/import"
	// defaultImportBytes bounds a log as it is sent, defaultUnpackedBytes unpacked.
	defaultImportBytes   = 256_000_000
	defaultUnpackedBytes = 1_000_000_000
	// importTime bounds how long a log may take to arrive and to be analysed,
	// importSilence how long nothing of it may come. After importGrace it must
	// have come at leastImportRate bytes a second: who holds a place without
	// using it takes it from others.
	importTime      = 10 * time.Minute
	importSilence   = 20 * time.Second
	importGrace     = 20 * time.Second
	leastImportRate = 32 << 10
	// How often one address may send logs, and how many are taken at once.
	importsPerMinute = 10
	importBurst      = 5
	importsAtOnce    = 4
	// maxImportParts and maxImportField bound what may stand before the file in a form.
	maxImportParts = 20
	maxImportField = 1000
	// shownProblems is how many places that could not be read an answer names.
	shownProblems = 10
)

// ImportedHistory is what an import answers.
type ImportedHistory struct {
	HistoryDocument
	Source *report.Source `json:"source" doc:"What was read, and what of it could not be"`
}

func (a *API) describeImport() {
	op := &huma.Operation{
		OperationID: "import-history",
		Method:      http.MethodPost,
		Path:        importPath,
		Summary:     "Analyse a log of past chat and save the analysis",
		Description: fmt.Sprintf("The log is the body, or the first file of a form; plain, gzip or zstd, at most %d MB and %d MB unpacked. It is analysed as it arrives and not kept. A log of several channels is refused unless `channel` picks one of them. In a form `format`, `channel` and `tz` may be fields before the file.",
			a.cfg.ImportBytes/1_000_000, a.cfg.UnpackedBytes/1_000_000),
		Tags:     []string{tagHistory},
		Security: []map[string][]string{{bearerScheme: {}}, {cookieScheme: {}}},
		Parameters: []*huma.Param{
			{Name: "format", In: "query", Description: "auto finds it by looking at the log", Schema: &huma.Schema{Type: huma.TypeString, Enum: importFormats(), Default: "auto"}},
			{Name: "channel", In: "query", Description: "The channel to take, or whose chat it is where the log does not tell", Schema: &huma.Schema{Type: huma.TypeString}, Example: "somebody"},
			{Name: "tz", In: "query", Description: "Time zone of logs whose times name none; UTC when absent", Schema: &huma.Schema{Type: huma.TypeString}, Example: "Europe/Berlin"},
			{Name: "name", In: "query", Description: "Name of the file, where the log is the body: some formats tell channel and day only there", Schema: &huma.Schema{Type: huma.TypeString}, Example: "somebody-2026-01-31.log"},
		},
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
			"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"file"}, Properties: map[string]*huma.Schema{
				"format": {Type: huma.TypeString}, "channel": {Type: huma.TypeString}, "tz": {Type: huma.TypeString},
				"file": {Type: huma.TypeString, Format: "binary"},
			}}},
		}},
		Responses: map[string]*huma.Response{"200": {
			Description: "The saved analysis",
			Content: map[string]*huma.MediaType{"application/json": {
				Schema: a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[ImportedHistory](), true, ""),
			}},
		}},
	}
	for _, status := range []int{400, 401, 403, 408, 413, 422, 429, 500, 503} {
		op.Responses[fmt.Sprint(status)] = &huma.Response{Description: http.StatusText(status), Content: map[string]*huma.MediaType{problemType: {}}}
	}
	a.huma.OpenAPI().AddOperation(op)
}

func importFormats() []any {
	list := []any{"auto"}
	for _, f := range logfile.Formats() {
		list = append(list, string(f))
	}
	return list
}

// importSlots bounds the logs that are being taken at once, of all users and of
// each one.
type importSlots struct {
	mu    sync.Mutex
	users []string // of whom a log is being taken
}

// take reserves a place; why tells why there is none.
func (s *importSlots) take(userID string) (release func(), why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case slices.Contains(s.users, userID):
		return nil, "Another log of yours is being analysed: wait until that is done"
	case len(s.users) >= importsAtOnce:
		return nil, "Too many logs are being analysed at the moment: try again in a few seconds"
	}
	s.users = append(s.users, userID)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		i := slices.Index(s.users, userID)
		s.users = slices.Delete(s.users, i, i+1)
	}, ""
}

// serveImport takes a log.
func (a *API) serveImport(w http.ResponseWriter, r *http.Request) {
	doc, err := a.importLog(w, r)
	// From here the answer has the time that others have.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Now().Add(answerTimeout))
	if err != nil {
		w.Header().Set("Connection", "close")                    // the rest of the log is not wanted
		_ = control.SetReadDeadline(time.Now().Add(bodyTimeout)) // though the server takes some of it before it answers
		if cause := errors.Unwrap(err); cause != nil {
			a.log.ErrorContext(r.Context(), "a log could not be imported", "error", err, "request_id", requestID(r.Context()))
		}
		writeError(w, r, err)
		return
	}
	out, err := jsonFile(doc)
	if err != nil {
		writeError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", out.ContentType)
	w.Header().Set("Cache-Control", out.CacheControl)
	_, _ = w.Write(out.Body) // the client went away: nobody to tell
}

func (a *API) importLog(w http.ResponseWriter, r *http.Request) (*ImportedHistory, error) {
	if err := a.admit(r.Context(), needsUser); err != nil {
		return nil, err
	}
	h, userID, err := a.historyOf(r.Context())
	if err != nil {
		return nil, err
	}
	if wait, ok := a.imports.allow(clientAddr(r.Context())); !ok {
		return nil, tooSoon("Too many logs were sent from your address: try again in a moment", wait)
	}
	if r.ContentLength > a.cfg.ImportBytes {
		return nil, a.importTooLarge()
	}
	release, why := a.importing.take(userID)
	if release == nil {
		return nil, unavailable(why)
	}
	defer release()
	ctx, cancel := context.WithTimeout(r.Context(), importTime)
	defer cancel()
	stop := context.AfterFunc(a.stopping, cancel)
	defer stop()
	body := &steadyBody{r: r.Body, control: http.NewResponseController(w), began: time.Now(), now: time.Now}
	_ = body.control.SetWriteDeadline(time.Time{}) // a writer of a test has no deadlines
	src := &failedBody{}
	in, err := newImport(r, body, src)
	if err != nil {
		return nil, a.importError(ctx, src, err)
	}
	reader, err := logfile.NewReader(src, in.name, logfile.Options{Format: in.format, Location: in.zone, MaxBytes: a.cfg.UnpackedBytes})
	if err != nil {
		return nil, a.importError(ctx, src, err)
	}
	opt := pastchat.Options{Analyzer: a.cfg.Analyzer, Name: in.name}
	if m, ok := a.cfg.Analyzer.(interface{ Fast() *sentiment.Engine }); ok {
		// A whole stream in one request is too much for a model of somebody's own,
		// and two methods in one report would be worse than either.
		opt.Analyzer = m.Fast()
	}
	if e, ok := a.cfg.Analyzer.(interface{ IsEmote(word string) bool }); ok {
		opt.IsEmote = e.IsEmote
	}
	found, err := pastchat.AnalyseChannel(ctx, reader, in.channel, opt)
	if err == nil {
		err = src.err // a broken gzip stream and one that did not arrive look alike
	}
	if err != nil {
		return nil, a.importError(ctx, src, err)
	}
	e, err := h.SaveUpload(ctx, userID, found)
	if err != nil {
		return nil, a.accountError(err)
	}
	a.note(r.Context(), account.ActivityAnalysisSaved, history.SavedDetails(e))
	source := *found.Source
	source.Problems = source.Problems[:min(len(source.Problems), shownProblems)]
	return &ImportedHistory{HistoryDocument: historyDocument(e), Source: &source}, nil
}

func (a *API) importTooLarge() error {
	return fail(http.StatusRequestEntityTooLarge, fmt.Sprintf("The log is too large: at most %d MB are taken; pack it with gzip or zstd", a.cfg.ImportBytes/1_000_000), nil)
}

// logImport is how a log is to be read.
type logImport struct {
	name    string
	format  logfile.Format // "": to be found
	channel string
	zone    *time.Location
}

// newImport reads what is said about a log, and leaves src at its beginning.
func newImport(r *http.Request, body io.Reader, src *failedBody) (*logImport, error) {
	const unnamed = "the log" // no channel's name: some formats take it for one
	q := r.URL.Query()
	fields := map[string]string{"format": q.Get("format"), "channel": q.Get("channel"), "tz": q.Get("tz")}
	in := &logImport{name: q.Get("name")}
	src.r = body
	where := "query."
	if kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "multipart/form-data" {
		file, name, err := formFile(body, params["boundary"], fields)
		if err != nil {
			return nil, err
		}
		src.r, in.name, where = file, name, "body."
	}
	if in.name = lastElement(in.name); in.name == "" {
		in.name = unnamed
	}
	if f := strings.ToLower(fields["format"]); f != "" && f != "auto" {
		if in.format = logfile.Format(f); !slices.Contains(logfile.Formats(), in.format) {
			return nil, invalidField(where+"format", fmt.Sprintf("expected one of %v", importFormats()))
		}
	}
	if c := fields["channel"]; c != "" {
		var ok bool
		if in.channel, ok = chat.CleanChannel(c); !ok {
			return nil, invalidField(where+"channel", "expected the name of a Twitch channel")
		}
	}
	var err error
	in.zone, err = zone(fields["tz"])
	return in, err
}

// lastElement is a file's name without the folders that some clients send.
func lastElement(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	return strings.ToValidUTF8(name[:min(len(name), 200)], "")
}

// formFile reads a form up to its first file. Fields that it knows are put in.
func formFile(body io.Reader, boundary string, fields map[string]string) (file io.Reader, name string, err error) {
	parts := multipart.NewReader(body, boundary)
	for range maxImportParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", err
		}
		if part.FileName() != "" || part.FormName() == "file" {
			return part, part.FileName(), nil
		}
		if _, ok := fields[part.FormName()]; !ok {
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, maxImportField+1))
		if err != nil {
			return nil, "", err
		}
		if len(value) > maxImportField {
			return nil, "", invalidField("body."+part.FormName(), fmt.Sprintf("expected at most %d bytes", maxImportField))
		}
		fields[part.FormName()] = strings.TrimSpace(string(value))
	}
	return nil, "", invalidField("body.file", "the form holds no file")
}

// steadyBody reads a body as long as it keeps coming.
type steadyBody struct {
	r       io.Reader
	control *http.ResponseController
	began   time.Time
	now     func() time.Time
	n       int64
}

// errTooSlow is returned for a body that does not come fast enough.
var errTooSlow = errors.New("the body comes too slowly")

func (b *steadyBody) Read(p []byte) (int, error) {
	now := b.now()
	if took := now.Sub(b.began); took > importGrace && float64(b.n) < leastImportRate*took.Seconds() {
		return 0, errTooSlow
	}
	_ = b.control.SetReadDeadline(now.Add(importSilence)) // a reader of a test has no deadlines
	n, err := b.r.Read(p)
	b.n += int64(n)
	if err != nil {
		// While the log is analysed the server watches whether the client is
		// still there, for as long as it takes.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// failedBody remembers what went wrong in reading a log, since who unpacks it
// takes an upload that broke off for a file that was cut.
type failedBody struct {
	r   io.Reader
	err error // other than io.EOF
}

func (f *failedBody) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.err = err
	}
	return n, err
}

// importError turns the error of an import into its answer.
func (a *API) importError(ctx context.Context, f *failedBody, err error) error {
	var refused *apiError
	var large *http.MaxBytesError
	var several *pastchat.ChannelsError
	switch {
	case errors.As(err, &refused):
		return err
	case errors.As(f.err, &large):
		return a.importTooLarge()
	case errors.Is(err, logfile.ErrTooLarge):
		return fail(http.StatusRequestEntityTooLarge, fmt.Sprintf("The log is too large: at most %d MB are read, unpacked", a.cfg.UnpackedBytes/1_000_000), nil)
	case errors.Is(f.err, errTooSlow), isTimeout(f.err):
		return fail(http.StatusRequestTimeout, "The log took too long to arrive", nil)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return unavailable("The log took too long to analyse: send it in parts")
	case ctx.Err() != nil:
		return unavailable("The server is stopping, or you left, before the log was analysed")
	case f.err != nil, errors.Is(err, io.ErrUnexpectedEOF):
		return fail(http.StatusBadRequest, "The log broke off while it was sent: nothing was saved", nil)
	case errors.As(err, &several), errors.Is(err, pastchat.ErrNoChannel):
		return invalidField("query.channel", err.Error())
	case errors.Is(err, logfile.ErrFormat), errors.Is(err, pastchat.ErrEmpty):
		return invalidField("body", err.Error())
	}
	return invalidField("body", "the log cannot be read: "+excerpt(err.Error()))
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
