package httpapi

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traced reports whether requests of a path are traced: those of the API and
// the streams. Health, metrics, documents and the page's files are not.
func (a *API) traced(path string) bool {
	return a.cfg.Tracer != nil && (strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/ws/"))
}

// startSpan begins the span of a request, and names it in the answer. Its name
// is the route, which is known later ([API.nameSpan]). What a client says of
// traces of its own is believed where a trusted proxy passes it on; otherwise
// strangers would decide what is sampled. A span holds no address, query or body.
func (a *API) startSpan(w http.ResponseWriter, r *http.Request, id string) (*http.Request, trace.Span) {
	var standard propagation.TraceContext
	ctx := r.Context()
	if peer, err := addrOf(r.RemoteAddr); err == nil && contains(a.cfg.TrustedProxies, peer) {
		ctx = standard.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	ctx, span := a.cfg.Tracer.Start(ctx, knownMethod(r.Method), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", knownMethod(r.Method)), attribute.String("chatmood.request_id", id),
	))
	standard.Inject(ctx, propagation.HeaderCarrier(w.Header()))
	return r.WithContext(ctx), span
}

// nameSpan names the span of a request by its route.
func (a *API) nameSpan(r *http.Request, method, route string) {
	if a.cfg.Tracer == nil {
		return
	}
	span := trace.SpanFromContext(r.Context())
	span.SetName(method + " " + route)
	span.SetAttributes(attribute.String("http.route", route))
}

// endSpan ends the span of a request.
func endSpan(span trace.Span, status int, bytes int64) {
	span.SetAttributes(attribute.Int("http.response.status_code", status), attribute.Int64("http.response.body.size", bytes))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, http.StatusText(status))
	}
	span.End()
}

// knownMethod returns the method, or "other" where a stranger made it up.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}
