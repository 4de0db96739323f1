// Package tracing sends traces to a collector over OTLP (OpenTelemetry), where
// somebody wants them. It registers nothing globally: who traces is given a
// tracer.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	defaultService = "chatmood"
	tracesPath     = "/v1/traces" // below OTEL_EXPORTER_OTLP_ENDPOINT
	tellEvery      = time.Minute  // between log lines about a collector that stays away
)

// Config is what traces are made of. The standard variables that are not in it
// (OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_CERTIFICATE, OTEL_BSP_…,
// OTEL_RESOURCE_ATTRIBUTES and others) the SDK reads from the environment.
type Config struct {
	Endpoint string // of the collector, such as http://127.0.0.1:4318; /v1/traces is added
	Headers  string // sent along, as name=value,name=value with values escaped as in a URL; may hold a secret
	Service  string // the service's name; empty: that of OTEL_RESOURCE_ATTRIBUTES, or chatmood
	// Sampler is one of the standard's names, SamplerArg the share from 0 to 1
	// for those that take one.
	Sampler    string
	SamplerArg float64
	Version    string
	Log        *slog.Logger     // nil: nothing is logged
	Now        func() time.Time // for the pauses between log lines; nil: time.Now
}

// Traces are made by a tracer and sent in the background. Safe for concurrent
// use.
type Traces struct {
	provider *sdk.TracerProvider
	exporter *calm
}

// Open starts a goroutine that sends what is traced; [Traces.Close] ends it. It
// does not ask whether the collector is there.
func Open(ctx context.Context, cfg Config) (*Traces, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	endpoint, err := url.Parse(cfg.Endpoint)
	if err != nil || endpoint.Host == "" || endpoint.Scheme != "http" && endpoint.Scheme != "https" {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT is no address of a collector: it must look like http://127.0.0.1:4318")
	}
	options := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(endpoint.JoinPath(tracesPath).String())}
	if cfg.Headers != "" {
		headers, err := ParseHeaders(cfg.Headers)
		if err != nil {
			return nil, err
		}
		options = append(options, otlptracehttp.WithHeaders(headers))
	}
	sampler, err := samplerOf(cfg.Sampler, cfg.SamplerArg)
	if err != nil {
		return nil, err
	}
	from, err := source(ctx, cfg)
	if err != nil {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("making what sends traces: %w", err)
	}
	quiet := &calm{next: exporter, log: cfg.Log, now: cfg.Now}
	quiet.closing, quiet.cut = context.WithCancel(context.Background())
	// A queue that is full loses spans; nobody waits for it.
	provider := sdk.NewTracerProvider(sdk.WithBatcher(quiet), sdk.WithResource(from), sdk.WithSampler(sampler))
	return &Traces{provider: provider, exporter: quiet}, nil
}

// source says where the traces come from.
func source(ctx context.Context, cfg Config) (*resource.Resource, error) {
	named := []resource.Option{
		resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", defaultService), attribute.String("service.version", cfg.Version)),
	}
	if host, err := os.Hostname(); err == nil {
		named = append(named, resource.WithAttributes(attribute.String("service.instance.id", fmt.Sprintf("%s/%d", host, os.Getpid()))))
	}
	named = append(named, resource.WithFromEnv())
	if cfg.Service != "" {
		named = append(named, resource.WithAttributes(attribute.String("service.name", cfg.Service)))
	}
	r, err := resource.New(ctx, named...)
	if err != nil {
		return nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES cannot be read: %w (it looks like name=value,name=value)", err)
	}
	return r, nil
}

func samplerOf(name string, share float64) (sdk.Sampler, error) {
	root, parents := strings.CutPrefix(name, "parentbased_")
	var sampler sdk.Sampler
	switch {
	case root == "always_on" || name == "":
		sampler, parents = sdk.AlwaysSample(), parents || name == ""
	case root == "always_off":
		sampler = sdk.NeverSample()
	case root == "traceidratio":
		sampler = sdk.TraceIDRatioBased(share)
	default:
		return nil, fmt.Errorf("OTEL_TRACES_SAMPLER is %q: it must be always_on, always_off, traceidratio or one of them after parentbased_", name)
	}
	if parents {
		sampler = sdk.ParentBased(sampler)
	}
	return sampler, nil
}

// ParseHeaders reads OTEL_EXPORTER_OTLP_HEADERS. Its error does not repeat it.
func ParseHeaders(s string) (map[string]string, error) {
	headers := map[string]string{}
	for i, pair := range strings.Split(s, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" || name == "" || strings.ContainsAny(value, "\r\n\x00") {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_HEADERS cannot be read at its part %d: it must look like name=value,name=value, values escaped as in a URL", i+1)
		}
		headers[name] = value
	}
	return headers, nil
}

// Tracer returns what makes spans.
func (t *Traces) Tracer() trace.Tracer { return t.provider.Tracer("chatmood") }

// Close sends what waits until ctx ends; what is left then is lost. It may be
// called again.
func (t *Traces) Close(ctx context.Context) {
	defer func() { // an attempt that still goes on is cut off
		t.exporter.cut()
		t.exporter.busy.Lock()
		t.exporter.busy.Unlock() //nolint:staticcheck // it waited for the attempt
	}()
	if err := t.provider.Shutdown(ctx); err != nil {
		t.exporter.log.WarnContext(ctx, "the last traces could not be sent", "error", err)
	}
}

// calm is an exporter that tells of its failures at most once a minute.
type calm struct {
	next    sdk.SpanExporter
	log     *slog.Logger
	now     func() time.Time
	closing context.Context
	cut     context.CancelFunc // ends closing
	busy    sync.Mutex         // held during an attempt

	mu   sync.Mutex // guards what follows
	told time.Time  // when a failure was last logged; zero: the last attempt went well
	lost int        // spans since then
}

var _ sdk.SpanExporter = (*calm)(nil)

// ExportSpans implements [sdk.SpanExporter]. It fails never: what was lost is
// told in the log.
func (c *calm) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.closing, cancel)()
	c.busy.Lock()
	defer c.busy.Unlock()
	err := c.next.ExportSpans(ctx, spans)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		if !c.told.IsZero() {
			c.log.Info("traces are sent again", "lost", c.lost)
		}
		c.told, c.lost = time.Time{}, 0
		return nil
	}
	c.lost += len(spans)
	if now := c.now(); c.told.IsZero() || now.Sub(c.told) >= tellEvery {
		c.told = now
		c.log.Warn("traces cannot be sent and are lost; everything else goes on", "lost", c.lost, "error", err)
	}
	return nil
}

// Shutdown implements [sdk.SpanExporter].
func (c *calm) Shutdown(ctx context.Context) error { return c.next.Shutdown(ctx) }

// Logs returns a handler of log lines that adds to each line the ids of the
// trace and the span that its context belongs to.
func Logs(h slog.Handler) slog.Handler { return logs{h} }

type logs struct{ slog.Handler }

// Handle implements [slog.Handler].
func (l logs) Handle(ctx context.Context, r slog.Record) error {
	if at := trace.SpanContextFromContext(ctx); at.IsValid() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", at.TraceID().String()), slog.String("span_id", at.SpanID().String()))
	}
	return l.Handler.Handle(ctx, r)
}

// WithAttrs implements [slog.Handler].
func (l logs) WithAttrs(attrs []slog.Attr) slog.Handler { return logs{l.Handler.WithAttrs(attrs)} }

// WithGroup implements [slog.Handler].
func (l logs) WithGroup(name string) slog.Handler { return logs{l.Handler.WithGroup(name)} }
