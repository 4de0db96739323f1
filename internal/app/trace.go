package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"chatmood/internal/analysis"
	"chatmood/internal/channels"
	"chatmood/internal/mail"
	"chatmood/internal/store/sqlite"
	"chatmood/internal/tracing"
)

const (
	// batchEvery is the least time between two batches of chat that are traced.
	batchEvery = time.Second
	// flushTimeout bounds how long an end waits for the last traces, and flushShare
	// is the part of STOP_TIMEOUT that is left to them at least, if nothing else takes
	// longer than it may.
	flushTimeout = 3 * time.Second
	flushShare   = 4
)

// openTraces begins to trace where a collector is named. Log lines then name
// the trace that they belong to.
func (a *App) openTraces(ctx context.Context) error {
	cfg := a.opts.Config
	if cfg.OTLPEndpoint == "" {
		return nil
	}
	traces, err := tracing.Open(ctx, tracing.Config{
		Endpoint: cfg.OTLPEndpoint, Headers: cfg.OTLPHeaders, Service: cfg.OTELService, Sampler: cfg.OTELSampler, SamplerArg: cfg.OTELSamplerArg,
		Version: a.opts.Version, Log: a.log,
	})
	if err != nil {
		return err
	}
	a.traces, a.tracer = traces, traces.Tracer()
	a.log = slog.New(tracing.Logs(a.log.Handler()))
	return nil
}

// traceTime is how much of STOP_TIMEOUT is kept for the last traces.
func (a *App) traceTime() time.Duration {
	if a.traces == nil {
		return 0
	}
	return min(flushTimeout, a.opts.Config.StopTimeout/flushShare)
}

// closeTraces sends the last traces, until ctx ends and for a while at most.
func (a *App) closeTraces(ctx context.Context) {
	if a.traces == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, min(flushTimeout, a.opts.Config.StopTimeout))
	defer cancel()
	a.traces.Close(ctx)
	a.traces = nil
}

// traceChat traces what the manager does, where anything is traced.
func (a *App) traceChat(cfg *channels.Config) {
	if a.tracer == nil {
		return
	}
	cfg.Store = tracedSessions{cfg.Store, a.tracer}
	var last atomic.Int64 // when a batch was last traced, Unix nanoseconds
	cfg.Batched = func(channel string, messages, bytes int, from, to time.Time) {
		// One of many is enough to see how long chat waits.
		before := last.Load()
		if to.UnixNano()-before < int64(batchEvery) || !last.CompareAndSwap(before, to.UnixNano()) {
			return
		}
		_, span := a.tracer.Start(context.Background(), "publish chat", trace.WithTimestamp(from), trace.WithAttributes(
			attribute.String("chatmood.channel", channel), attribute.Int("chatmood.messages", messages), attribute.Int("chatmood.bytes", bytes),
		))
		span.End(trace.WithTimestamp(to))
	}
}

// end ends a span as err says. The error's text stays in the log: it may hold
// what no trace may.
func end(span trace.Span, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		span.SetStatus(codes.Error, "failed; the log says why")
	}
	span.End()
}

// tracedSessions traces what analyses keep when something happens. What is kept
// each second is not: it says nothing about a request.
type tracedSessions struct {
	analysis.SessionStore
	tracer trace.Tracer
}

// FinishSession implements [analysis.SessionStore].
func (s tracedSessions) FinishSession(ctx context.Context, f analysis.Finished) error {
	ctx, span := s.tracer.Start(ctx, "finish analysis", trace.WithAttributes(
		attribute.String("chatmood.channel", f.Channel), attribute.String("chatmood.session", f.SessionID), attribute.Int64("chatmood.messages", int64(f.Counts.Total)),
	))
	err := s.SessionStore.FinishSession(ctx, f)
	end(span, err)
	return err
}

// ResumeSessions implements [analysis.SessionStore].
func (s tracedSessions) ResumeSessions(ctx context.Context, fences map[string]int64) ([]analysis.Checkpoint, error) {
	ctx, span := s.tracer.Start(ctx, "resume analyses", trace.WithAttributes(attribute.Int("chatmood.channels", len(fences))))
	list, err := s.SessionStore.ResumeSessions(ctx, fences)
	end(span, err)
	return list, err
}

// tracedSender traces the sending of mails; nothing of what is in them.
type tracedSender struct {
	mail.Sender
	tracer trace.Tracer
}

// Send implements [mail.Sender].
func (s tracedSender) Send(ctx context.Context, m mail.Message) error {
	ctx, span := s.tracer.Start(ctx, "send mail", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("chatmood.mail.kind", m.Kind), attribute.String("chatmood.mail.id", m.ID),
	))
	err := s.Sender.Send(ctx, m)
	end(span, err)
	return err
}

// traced runs do in a span about a channel; tracer may be nil.
func traced(ctx context.Context, tracer trace.Tracer, name, channel string, do func(ctx context.Context) (bool, error)) (bool, error) {
	if tracer == nil {
		return do(ctx)
	}
	ctx, span := tracer.Start(ctx, name, trace.WithAttributes(attribute.String("chatmood.channel", channel)))
	done, err := do(ctx)
	span.SetAttributes(attribute.Bool("chatmood.done", done))
	end(span, err)
	return done, err
}

// traceStore traces the calls of a database that belong to a trace; those of
// the server's own rhythm begin none.
func traceStore(tracer trace.Tracer, system string) sqlite.Trace {
	if tracer == nil {
		return nil
	}
	return func(ctx context.Context, operation string) func(error) {
		if !trace.SpanFromContext(ctx).IsRecording() {
			return nil
		}
		_, span := startCall(ctx, tracer, system, operation)
		return func(err error) { end(span, err) }
	}
}

func startCall(ctx context.Context, tracer trace.Tracer, system, operation string) (context.Context, trace.Span) {
	return tracer.Start(ctx, system+" "+operation, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("db.system.name", system), attribute.String("db.operation.name", operation),
	))
}

// traceMongo does the same for MongoDB. The driver tells of the end by the
// number of the call.
func traceMongo(tracer trace.Tracer) *event.CommandMonitor {
	if tracer == nil {
		return nil
	}
	var calls sync.Map // of spans by call
	type call struct {
		connection string
		request    int64
	}
	ended := func(id call, err error) {
		if span, ok := calls.LoadAndDelete(id); ok {
			end(span.(trace.Span), err)
		}
	}
	return &event.CommandMonitor{
		Started: func(ctx context.Context, e *event.CommandStartedEvent) {
			if !trace.SpanFromContext(ctx).IsRecording() {
				return
			}
			_, span := startCall(ctx, tracer, "mongodb", e.CommandName)
			if name, ok := e.Command.Lookup(e.CommandName).StringValueOK(); ok {
				span.SetAttributes(attribute.String("db.collection.name", name))
			}
			calls.Store(call{e.ConnectionID, e.RequestID}, span)
		},
		Succeeded: func(_ context.Context, e *event.CommandSucceededEvent) {
			ended(call{e.ConnectionID, e.RequestID}, nil)
		},
		Failed: func(_ context.Context, e *event.CommandFailedEvent) {
			ended(call{e.ConnectionID, e.RequestID}, e.Failure)
		},
	}
}
