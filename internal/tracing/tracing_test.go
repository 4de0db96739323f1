package tracing

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestParseHeaders(t *testing.T) {
	for text, want := range map[string]map[string]string{
		"":                             {},
		"api-key=abc":                  {"api-key": "abc"},
		"a = b , c=d%3D%2C,, e=f=g ,":  {"a": "b", "c": "d=,", "e": "f=g"},
		"Authorization=Bearer%20xyz+1": {"Authorization": "Bearer xyz+1"},
	} {
		got, err := ParseHeaders(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", text, err, diff)
		}
	}
	for _, text := range []string{"geheim", "=geheim", "a b=geheim", "a=geheim%0d%0ab", "a=geheim%", "ok=1,geheim"} {
		if got, err := ParseHeaders(text); err == nil || strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q gives %v, %v: want an error that does not repeat it", text, got, err)
		}
	}
}

func TestSamplers(t *testing.T) {
	for name, want := range map[string]string{
		"": "ParentBased{root:AlwaysOnSampler", "always_on": "AlwaysOnSampler", "always_off": "AlwaysOffSampler", "traceidratio": "TraceIDRatioBased{0.25}",
		"parentbased_always_on": "ParentBased{root:AlwaysOnSampler", "parentbased_always_off": "ParentBased{root:AlwaysOffSampler", "parentbased_traceidratio": "ParentBased{root:TraceIDRatioBased{0.25}",
	} {
		got, err := samplerOf(name, 0.25)
		if err != nil || !strings.HasPrefix(got.Description(), want) {
			t.Errorf("%q: %v, %v, want %s…", name, got, err, want)
		}
	}
	for _, name := range []string{"sometimes", "parentbased_", "parentbased_jaeger_remote"} {
		if _, err := samplerOf(name, 1); err == nil || !strings.Contains(err.Error(), "OTEL_TRACES_SAMPLER") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// away is an exporter whose collector does not answer.
type away struct{ err error }

func (a *away) ExportSpans(context.Context, []sdk.ReadOnlySpan) error { return a.err }
func (*away) Shutdown(context.Context) error                          { return nil }

// TestFailuresAreToldOnceAMinute: a collector that is away does not fill the log.
func TestFailuresAreToldOnceAMinute(t *testing.T) {
	var out bytes.Buffer
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	collector := &away{errors.New("connection refused")}
	c := &calm{next: collector, log: slog.New(slog.NewTextHandler(&out, nil)), now: func() time.Time { return now }}
	c.closing, c.cut = context.WithCancel(t.Context())
	defer c.cut()
	spans := make([]sdk.ReadOnlySpan, 3)
	for range 130 { // seconds
		if err := c.ExportSpans(t.Context(), spans); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
	}
	if n := strings.Count(out.String(), "connection refused"); n != 3 {
		t.Errorf("in 130 s it was told %d times, want 3:\n%s", n, out.String())
	}
	collector.err = nil
	for range 2 {
		_ = c.ExportSpans(t.Context(), spans)
	}
	if !strings.Contains(out.String(), "traces are sent again") || !strings.Contains(out.String(), "lost=390") {
		t.Errorf("that it goes on is not told:\n%s", out.String())
	}
	collector.err = errors.New("again away")
	_ = c.ExportSpans(t.Context(), spans)
	if !strings.Contains(out.String(), "again away") {
		t.Error("another failure right after is not told")
	}
}

// TestLogsNameTheTrace also where the logger has attributes and groups.
func TestLogsNameTheTrace(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(Logs(slog.NewTextHandler(&out, nil))).With("a", 1)
	log.Info("without")
	if strings.Contains(out.String(), "trace_id") {
		t.Errorf("a trace is named where there is none: %s", out.String())
	}
	provider := sdk.NewTracerProvider()
	ctx, span := provider.Tracer("test").Start(t.Context(), "work")
	log.InfoContext(ctx, "with")
	span.End()
	if id := trace.SpanContextFromContext(ctx).TraceID().String(); !strings.Contains(out.String(), "a=1 trace_id="+id) {
		t.Errorf("the trace is not named: %s", out.String())
	}
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []Config{{Endpoint: "collector:4318"}, {Endpoint: "ftp://collector"}, {Endpoint: "http://c", Headers: "x"}, {Endpoint: "http://c", Sampler: "x"}} {
		if _, err := Open(t.Context(), c); err == nil || !strings.HasPrefix(err.Error(), "OTEL_") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
