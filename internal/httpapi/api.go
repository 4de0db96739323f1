// Package httpapi serves chatmood over HTTP: the API with its description, the
// live streams and the user interface. Handlers decode, call and encode; what
// they call comes in with [Config].
package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"chatmood"
	"chatmood/internal/guide"
)

const (
	// apiVersion is the version of the description. The Python version was 2.0.0.
	apiVersion = "3.0.0"
	// maxBodyBytes bounds the body of every request.
	maxBodyBytes = 1 << 20
	// maxHeaderBytes bounds the headers of every request.
	maxHeaderBytes = 64 << 10
	// headerTimeout bounds how long a client may take to send its headers,
	// bodyTimeout the body and answerTimeout to take the answer.
	headerTimeout = 10 * time.Second
	bodyTimeout   = 15 * time.Second
	answerTimeout = 30 * time.Second
	idleTimeout   = 2 * time.Minute

	defaultConnectsPerMinute = 20
	connectBurst             = 10
	defaultStreams           = 1000
	defaultStreamsPerAddress = 20
)

// Tags group the operations in the description.
const (
	tagTwitch    = "Twitch"
	tagChannels  = "Channels"
	tagSessions  = "Sessions"
	tagLearning  = "Learning"
	tagSentiment = "Sentiment"
	tagLive      = "Live"
	tagService   = "Service"
)

// API answers HTTP requests. It is safe for concurrent use and owns no
// goroutines beyond those of the requests.
type API struct {
	cfg      Config
	log      *slog.Logger
	started  time.Time
	huma     huma.API
	document []byte // the OpenAPI description
	mux      *http.ServeMux
	handler  http.Handler
	connects *limiter
	limits   *limits
	bodies   map[string]int64 // paths that take larger bodies than maxBodyBytes
	streams  *streamSlots
	// sharedLooks bounds how often links are looked at, imports how often logs
	// are sent, reports how many are written at once.
	sharedLooks *limiter
	imports     *limiter
	importing   importSlots
	reports     chan struct{}
	probes      *probes
	ui          *userInterface
	docs        http.Handler
	origins     *origins
	metrics     *metrics
	draining    atomic.Bool
	isSetUp     atomic.Bool        // there is an administrator
	stop        context.CancelFunc // ends the streams
	stopping    context.Context
}

// New returns the API. It fails when something that it needs is missing from
// the configuration or the front-end cannot be read.
func New(cfg Config) (*API, error) {
	if cfg.Channels == nil || cfg.Sessions == nil || cfg.Hub == nil || cfg.Analyzer == nil {
		return nil, errors.New("httpapi: Channels, Sessions, Hub and Analyzer are needed")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Registry == nil {
		cfg.Registry = prometheus.NewRegistry()
	}
	if cfg.ConnectsPerMinute <= 0 {
		cfg.ConnectsPerMinute = defaultConnectsPerMinute
	}
	if cfg.ImportBytes <= 0 {
		cfg.ImportBytes = defaultImportBytes
	}
	if cfg.UnpackedBytes <= 0 {
		cfg.UnpackedBytes = defaultUnpackedBytes
	}
	if cfg.Streams <= 0 {
		cfg.Streams = defaultStreams
	}
	if cfg.StreamsPerAddress <= 0 {
		cfg.StreamsPerAddress = defaultStreamsPerAddress
	}
	a := &API{
		cfg:      cfg,
		log:      cfg.Log,
		started:  cfg.Now(),
		mux:      http.NewServeMux(),
		connects: newLimiter(cfg.ConnectsPerMinute, connectBurst, cfg.Now),
		limits:   newLimits(cfg.Now),
		bodies:   make(map[string]int64),
		streams:  newStreamSlots(cfg.Streams, cfg.StreamsPerAddress),

		sharedLooks: newLimiter(sharedPerMinute, sharedBurst, cfg.Now),
		imports:     newLimiter(importsPerMinute, importBurst, cfg.Now),
		reports:     make(chan struct{}, max(2, runtime.GOMAXPROCS(0))),
	}
	a.stopping, a.stop = context.WithCancel(context.Background())
	a.probes = &probes{checks: cfg.Checks, now: cfg.Now, failed: func(name string, err error) {
		a.log.Error("health check failed", "check", name, "error", err)
	}}
	var err error
	if a.origins, err = newOrigins(cfg.FrontendURL, cfg.Production); err != nil {
		return nil, err
	}
	if a.ui, err = newUserInterface(cfg.UI, cfg.BasePath, cfg.EmoteImages); err != nil {
		return nil, err
	}
	if a.metrics, err = newMetrics(cfg.Registry); err != nil {
		return nil, err
	}
	if err := a.describe(); err != nil {
		return nil, err
	}
	if a.docs, err = newDocs(cfg.BasePath); err != nil {
		return nil, err
	}
	a.route()
	a.handler = a.wrap(http.HandlerFunc(a.dispatch))
	return a, nil
}

// ServeHTTP implements [http.Handler].
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// Server returns a server of the API with every time-out set. The caller runs
// it; its Shutdown ends the event streams.
func (a *API) Server() *http.Server {
	server := &http.Server{
		Handler:           a,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	server.RegisterOnShutdown(a.Close)
	return server
}

// Drain makes /health/ready refuse, so that whoever distributes the traffic
// sends no more of it.
func (a *API) Drain() { a.draining.Store(true) }

// Close ends the event streams and takes no new ones. It does not wait for
// them: [http.Server.Shutdown] does.
func (a *API) Close() {
	a.Drain()
	a.stop()
}

// Document returns the OpenAPI description of the API, indented.
func (a *API) Document() ([]byte, error) {
	var out bytes.Buffer
	if err := json.Indent(&out, a.document, "", "  "); err != nil {
		return nil, fmt.Errorf("indenting the API description: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// register adds an operation to the mux and to the description.
func register[I, O any](a *API, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	a.secured(&op)
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = maxBodyBytes
	}
	if op.MaxBodyBytes > maxBodyBytes {
		a.bodies[op.Path] = op.MaxBodyBytes
	}
	op.BodyReadTimeout = bodyTimeout
	huma.Register(a.huma, op, handle)
}

// describe registers all operations.
func (a *API) describe() error {
	a.huma = huma.NewAPI(huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:       "Chatmood API",
				Version:     apiVersion,
				Description: apiDescription,
				License:     &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Tags: []*huma.Tag{
				{Name: tagAccounts, Description: "Register, sign in and out"},
				{Name: tagUser, Description: "One's own account"},
				{Name: tagAdmin, Description: "What administrators do"},
				{Name: tagTwitch, Description: "Start and stop the analysis of channels"},
				{Name: tagChannels, Description: "What is known about the channels that are being analysed"},
				{Name: tagLive, Description: "Chat as it is written and judged"},
				{Name: tagSessions, Description: "Finished analyses"},
				{Name: tagHistory, Description: "Analyses that were saved, their reports and the links by which they are shared"},
				{Name: tagLearning, Description: "What the chat of channels teaches, and what users correct"},
				{Name: tagSentiment, Description: "Judge texts of your own"},
				{Name: tagService, Description: "The server itself"},
			},
			Components: &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer), SecuritySchemes: securitySchemes()},
		},
		Formats: map[string]huma.Format{
			"application/json": jsonFormat(),
			"json":             jsonFormat(),
		},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{a.transformError},
	}, adapter{a.mux})
	if a.cfg.BasePath != "" {
		a.huma.OpenAPI().Servers = []*huma.Server{{URL: a.cfg.BasePath}}
	}
	a.registerAccounts()
	a.registerUserRoutes()
	a.registerContact()
	a.registerAdmin()
	a.registerTwitch()
	a.registerChannels()
	a.describeLive()
	a.registerSessions()
	a.registerHistory()
	a.registerAdminHistory()
	a.describeImport()
	a.registerLearning()
	a.registerSentiment()
	a.registerService()
	a.registerPages()
	a.registerHealth()
	a.polish()
	doc, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		return fmt.Errorf("encoding the API description: %w", err)
	}
	a.document = doc
	return nil
}

const apiDescription = "Live sentiment analysis for Twitch chat. Every error is a `Problem` (RFC 9457); `detail` and `error` carry the same text. " +
	"Shares are 0 to 1, scores and moods -1 to 1, rates messages per minute, times RFC 3339 in UTC unless a field says otherwise."

// polish makes the description say what the server does where huma's defaults
// say something else: errors are problems of our kind, lists are never null, and
// fields that are not described are allowed: old clients send some, and answers
// may gain some.
func (a *API) polish() {
	doc := a.huma.OpenAPI()
	schemas := doc.Components.Schemas
	problem := schemas.Schema(reflect.TypeFor[Problem](), true, "")
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			for _, response := range op.Responses {
				if media := response.Content[problemType]; media != nil {
					media.Schema = problem
				}
			}
		}
	}
	all := schemas.Map()
	delete(all, "ErrorModel")
	delete(all, "ErrorDetail")
	for name, fields := range documentedRequired {
		all[name].Required = fields
	}
	for _, s := range all {
		s.AdditionalProperties = nil
		for _, property := range s.Properties {
			if property.Type == huma.TypeArray {
				property.Nullable = false
				if property.Items != nil && property.Items.Type == huma.TypeArray {
					property.Items.Nullable = false
				}
			}
		}
	}
	addExamples(doc)
}

// route adds what is no operation of huma's.
func (a *API) route() {
	a.mux.HandleFunc("GET /openapi.json", a.serveDocument)
	a.mux.Handle("GET /docs", a.docs)
	a.mux.Handle("GET /docs/{file}", a.docs)
	book := guide.New(chatmood.Documentation, a.cfg.BasePath)
	a.mux.Handle("GET "+guide.Root, book)
	a.mux.Handle("GET "+guide.Root+"/{page...}", book)
	a.mux.Handle("GET /redoc", http.RedirectHandler("/docs", http.StatusTemporaryRedirect))
	a.mux.HandleFunc("GET /metrics", a.serveMetrics)
	a.mux.HandleFunc("POST "+importPath, a.serveImport)
	a.bodies[importPath] = a.cfg.ImportBytes
	a.mux.HandleFunc("GET /ws/chat/{channel}", a.serveWS)
	a.mux.HandleFunc("GET /api/sse/chat/{channel}", a.serveChatEvents)
	a.mux.HandleFunc("GET /api/sse/status", a.serveStatusEvents)
}

func (a *API) serveDocument(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(a.document)
}

// dispatch picks the handler. What no route matches is the user interface's
// for browsers and a problem for programs.
func (a *API) dispatch(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" && a.ui.wanted(r) {
		a.ui.ServeHTTP(w, r)
		return
	}
	handler, pattern := a.mux.Handler(r)
	if pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	var probe statusProbe
	handler.ServeHTTP(&probe, r)
	switch {
	case probe.status == http.StatusMethodNotAllowed:
		w.Header()["Allow"] = probe.Header()["Allow"]
		writeProblem(w, r, newProblem(http.StatusMethodNotAllowed, "Method Not Allowed"))
	case a.ui.serves(r):
		a.ui.ServeHTTP(w, r)
	default:
		writeProblem(w, r, newProblem(http.StatusNotFound, "Not Found"))
	}
}

// statusProbe is a response that keeps only status and headers, to learn why
// the mux refuses.
type statusProbe struct {
	header http.Header
	status int
}

func (p *statusProbe) Header() http.Header {
	if p.header == nil {
		p.header = make(http.Header)
	}
	return p.header
}

func (p *statusProbe) WriteHeader(status int)      { p.status = status }
func (p *statusProbe) Write(b []byte) (int, error) { return len(b), nil }

// internalPath reports whether a path belongs to programs, so that the user
// interface never answers there.
func internalPath(path string) bool {
	for _, prefix := range []string{"/api", "/ws", "/health", "/docs", "/metrics", "/openapi.json"} {
		if rest, ok := strings.CutPrefix(path, prefix); ok && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}

// jsonFormat is JSON whose errors say that it is JSON which is wrong.
func jsonFormat() huma.Format {
	return huma.Format{
		Marshal: huma.DefaultJSONFormat.Marshal,
		Unmarshal: func(data []byte, v any) error {
			if err := huma.DefaultJSONFormat.Unmarshal(data, v); err != nil {
				return fmt.Errorf("not valid JSON: %w", err)
			}
			return nil
		},
	}
}
