// Package app wires the parts of chatmood into a running server and stops them
// in order. It is the only place that knows all of them.
package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"chatmood/internal/analysis"
	"chatmood/internal/bus"
	"chatmood/internal/certs"
	"chatmood/internal/channels"
	"chatmood/internal/config"
	"chatmood/internal/history"
	"chatmood/internal/httpapi"
	"chatmood/internal/live"
	"chatmood/internal/onnx"
	"chatmood/internal/pages"
	"chatmood/internal/sentiment"
	"chatmood/internal/source/irc"
	"chatmood/internal/summary"
	"chatmood/internal/tracing"
)

// Options are what a server needs beyond its configuration.
type Options struct {
	Config  *config.Config
	Version string
	UI      fs.FS // the built front-end; nil serves a page that tells how to build it
	Log     *slog.Logger
	// Demo marks the chat as simulated; DemoChannels are offered on the first page.
	Demo         bool
	DemoChannels []string
	// PasswordCost is bcrypt's work for each password, 4 to 31; 0 is the one that
	// the older system had, 12. Tests that sign in hundreds of times take less.
	PasswordCost int
	// Now is the time of day by which everything is dated, lasts and expires; nil:
	// time.Now. Tests set the clock with it.
	Now func() time.Time
	// UsageEvery is how often the log tells what is going on; 0: each minute.
	UsageEvery time.Duration
	// Timing tunes how long the reader waits for Twitch; the zero value is made
	// for Twitch itself.
	Timing irc.Timing
}

// App is a server: opened by [New], at work in [App.Run].
type App struct {
	opts    Options
	log     *slog.Logger
	store   store
	bus     *bus.Bus
	hub     *live.Hub
	manager *channels.Manager
	model   *onnx.Engine     // nil without SENTIMENT_MODEL
	gate    *onnx.Gate       // before the manager, with model
	holds   *channels.Holds  // nil where the store keeps none
	history *history.Service // nil without accounts
	// summaries writes them by a language model; nil where there is none.
	summaries *summary.Writer
	accounts  *Accounts // nil where the store keeps none
	nodes     *nodes
	reader    *irc.Reader
	api       *httpapi.API
	listener  net.Listener
	certs     certs.Source    // nil without https
	debug     net.Listener    // at DEBUG_ADDR; nil for none
	traces    *tracing.Traces // nil without OTEL_EXPORTER_OTLP_ENDPOINT
	tracer    trace.Tracer    // nil without traces
	plain     net.Listener    // of plain http beside https; nil for none
}

// New opens the database, the bus and the listening socket. Nothing runs until
// [App.Run]; if Run is not called, [App.Close] frees what was opened.
func New(ctx context.Context, opts Options) (_ *App, err error) {
	cfg := opts.Config
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	a := &App{opts: opts, log: opts.Log}
	defer func() {
		if err != nil {
			a.Close()
		}
	}()
	// The socket comes first: a port in use is the most common mistake, and
	// then nothing else was touched.
	if a.listener, err = listen(ctx, cfg); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("DATA_DIR cannot be used: %w. Name a folder that this user may write to", err)
	}
	if err := a.openTraces(ctx); err != nil {
		return nil, err
	}
	if err := a.openTLS(ctx); err != nil {
		return nil, err
	}
	if err := a.openDebug(ctx); err != nil {
		return nil, err
	}
	if a.store, err = openStore(ctx, cfg, a.log, a.tracer); err != nil {
		return nil, err
	}
	if a.bus, err = bus.Open(ctx, bus.Config{URL: cfg.NATSURL, Creds: cfg.NATSCreds, Dir: natsDir(cfg), Logger: a.log, Name: "chatmood"}); err != nil {
		return nil, err
	}
	engine := sentiment.New()
	analyzer, err := a.openModel(engine, cfg.SentimentModel)
	if err != nil {
		return nil, err
	}
	a.nodes = &nodes{name: nodeName(), bus: a.bus, log: a.log, patience: askTimeout, watching: make(map[string]watched)}
	a.hub = live.New(live.Config{Bus: a.bus, Known: a.nodes.known, Explain: a.nodes.explain, Logger: a.log, MaxSockets: cfg.MaxSockets, MaxPerAddress: cfg.MaxPerAddress, MaxPerUser: cfg.MaxSocketsPerUser})
	managed := channels.Config{
		Leases: leases{a.nodes},
		Engine: engine, Learning: learningStore(a.store),
		Analyzer: engine, Store: a.store, Bus: a.bus, Viewers: a.hub.Viewers, Finished: a.finished,
		Log: a.log, MaxChannels: cfg.MaxChannels, Now: opts.Now, Options: analysis.Options{IsEmote: engine.IsEmote},
	}
	a.judgeBy(&managed)
	a.traceChat(&managed)
	a.manager = channels.New(managed)
	a.openHolds()
	if err := a.openAccounts(); err != nil {
		return nil, err
	}
	if err := a.openHistory(); err != nil {
		return nil, err
	}
	if err := a.openNodes(ctx); err != nil {
		return nil, err
	}
	a.reader = irc.NewReader(irc.Config{URL: cfg.TwitchURL, Handler: a.handler(), Logger: a.log, Timing: opts.Timing})
	a.nodes.joining = func() int {
		s := a.reader.Stats()
		return s.Connecting + s.Reconnecting
	}
	registry := prometheus.NewRegistry()
	a.registerMetrics(registry)
	for _, name := range cfg.Ignored {
		a.log.Info("a setting of the older system means nothing any more", "name", name)
	}
	api := httpapi.Config{
		Channels: apiChannels{a.nodes}, Sessions: a.store, Hub: a.hub, Analyzer: analyzer, Checks: append(a.checks(), a.modelCheck()...),
		UI: opts.UI, Log: a.log, Registry: registry, Version: opts.Version,
		Production: cfg.Production(), FrontendURL: cfg.FrontendURL, BasePath: cfg.BasePath, EmoteImages: cfg.EmoteImages, Pages: pages.New(filepath.Join(cfg.DataDir, "pages")), TrustedProxies: cfg.TrustedProxies, MetricsToken: cfg.MetricsToken,
		Guests: httpapi.Guests(cfg.Guests), Demo: opts.Demo, DemoChannels: opts.DemoChannels, MaxChannels: cfg.MaxChannels,
		Streams: cfg.MaxSockets, StreamsPerAddress: cfg.MaxPerAddress, PublicURL: a.publicURL(), Now: opts.Now, Tracer: a.tracer,
	}
	a.addAccounts(&api)
	a.addHistory(&api)
	if kept := learningStore(a.store); kept != nil {
		api.Lessons = apiLessons{a.nodes, kept, newLessonCache()}
	}
	if a.api, err = httpapi.New(api); err != nil {
		return nil, err
	}
	return a, nil
}

func listen(ctx context.Context, cfg *config.Config) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", cfg.ListenAddr())
	if err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("listening on %s: %w. This user may not use ports below 1024: grant it (AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit, or setcap cap_net_bind_service=+ep on the binary), or set PORT to a higher one", cfg.ListenAddr(), err)
		}
		return nil, fmt.Errorf("listening on %s: %w. Is another program using the port? Set PORT (and HOST) to a free one, for example PORT=%d", cfg.ListenAddr(), err, cfg.Port+1)
	}
	return l, nil
}

// Addr is where the server listens.
func (a *App) Addr() net.Addr { return a.listener.Addr() }

// URL is the address to open in a browser on this machine, BASE_PATH included.
func (a *App) URL() string { return a.origin() + a.opts.Config.BasePath }

func (a *App) origin() string {
	addr := a.listener.Addr().(*net.TCPAddr)
	host := "localhost"
	if !addr.IP.IsUnspecified() && !addr.IP.IsLoopback() {
		host = addr.IP.String()
	}
	if a.certs != nil {
		return a.secureURL(host, addr.Port)
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(addr.Port))
}

// Start begins the analysis of channels; for the demo and for tests. It works
// once [App.Run] has resumed what was stored, and waits for that.
func (a *App) Start(ctx context.Context, logins ...string) error {
	for _, login := range logins {
		for {
			err := a.keep(ctx, login)
			if err == nil {
				break
			}
			if !errors.Is(err, channels.ErrClosed) {
				return fmt.Errorf("starting %s: %w", login, err)
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
	return nil
}

// Run works until ctx ends or a part fails, then stops everything in order:
// other nodes take the channels, viewers are told, the reader leaves, what was read is published and stored.
// It returns nil after an orderly stop.
func (a *App) Run(ctx context.Context) error {
	defer a.Close()
	server := a.api.Server()
	server.ErrorLog = slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)

	// Each part ends when its own context does, so that they can be stopped one
	// after the other; any that fails ends all.
	group, failed := errgroup.WithContext(context.WithoutCancel(ctx))
	reading, stopReading := context.WithCancel(failed)
	defer stopReading()
	analysing, stopAnalysing := context.WithCancel(failed)
	defer stopAnalysing()

	// It outlives the others: what they store last, they store as owners.
	sharing, stopSharing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSharing()

	readerDone, managerDone := make(chan struct{}), make(chan struct{})
	group.Go(func() error {
		defer close(readerDone)
		return ignoreCanceled(a.reader.Run(reading))
	})
	group.Go(func() error { return a.nodes.node.Run(sharing) })
	group.Go(func() error { return a.nodes.run(analysing) })
	group.Go(func() error {
		defer close(managerDone)
		if err := a.manager.Run(analysing, a.reader); err != nil {
			return fmt.Errorf("running the analyses: %w", err)
		}
		return nil
	})
	if a.accounts != nil {
		group.Go(func() error {
			a.accounts.Run(analysing)
			return nil
		})
	}
	if a.history != nil {
		group.Go(func() error {
			a.history.Run(analysing)
			return nil
		})
	}
	if a.holds != nil {
		group.Go(func() error {
			a.holds.Run(analysing)
			return nil
		})
	}
	group.Go(func() error {
		if err := a.serve(server); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving HTTP: %w", err)
		}
		return nil
	})
	a.runTLS(analysing, group)
	if a.debug != nil {
		group.Go(func() error { return a.serveDebug(analysing) })
	}
	group.Go(func() error {
		a.logUsage(analysing)
		return nil
	})
	if cfg := a.opts.Config; cfg.BackupDir != "" && cfg.MongoURI == "" {
		saver := backups{dir: cfg.DataDir, to: cfg.BackupDir, every: cfg.BackupEvery, keep: cfg.BackupKeep, version: a.opts.Version, log: a.log}
		group.Go(func() error {
			saver.run(analysing)
			return nil
		})
	}
	a.log.Info("serving", "address", a.URL(), "version", a.opts.Version, "twitch", a.opts.Config.TwitchURL)

	select {
	case <-ctx.Done():
		a.log.Info("stopping")
	case <-failed.Done():
		a.log.Error("stopping because a part failed", "error", context.Cause(failed))
	}
	all, cancelAll := context.WithTimeout(context.WithoutCancel(ctx), a.opts.Config.StopTimeout)
	defer cancelAll()
	stop, cancel := context.WithTimeout(all, a.opts.Config.StopTimeout-a.traceTime())
	defer cancel()
	a.api.Drain()
	a.nodes.node.Drain(stop)
	a.hub.Shutdown(stop)
	stopReading()
	select {
	case <-readerDone:
	case <-stop.Done():
	}
	if a.gate != nil {
		a.gate.Close() // what waits for the model is counted first
	}
	stopAnalysing()
	<-managerDone // it stores what is left, as an owner still
	stopSharing()
	if err := server.Shutdown(stop); err != nil {
		server.Close() // whoever is still asking is cut off
	}
	err := group.Wait()
	leaving, cancelLeaving := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancelLeaving()
	a.nodes.node.Leave(leaving)
	a.closeTraces(all)
	if err != nil {
		return err
	}
	a.log.Info("stopped")
	return nil
}

// Close frees what [New] opened. It is safe to call it again.
func (a *App) Close() {
	if a.listener != nil {
		a.listener.Close()
	}
	if a.plain != nil {
		a.plain.Close()
	}
	if a.debug != nil {
		a.debug.Close()
	}
	if a.hub != nil {
		a.hub.Close()
	}
	if a.summaries != nil {
		a.summaries.Close()
	}
	if a.gate != nil {
		a.gate.Close()
	}
	a.closeModel()
	if a.bus != nil {
		a.bus.Close()
	}
	if a.store != nil {
		if err := a.store.Close(); err != nil {
			a.log.Error("closing the database", "error", err)
		}
		a.store = nil
	}
	a.closeTraces(context.Background()) // where nothing ran
}

func ignoreCanceled(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
