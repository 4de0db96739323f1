package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics counts requests.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	handler  http.Handler
}

func newMetrics(reg *prometheus.Registry) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "chatmood_http_requests_total",
			Help: "Requests by route, method and status.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "chatmood_http_request_duration_seconds",
			Help:    "Time to answer, without streams.",
			Buckets: []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5},
		}, []string{"route"}),
		handler: promhttp.HandlerFor(reg, promhttp.HandlerOpts{Registry: reg, MaxRequestsInFlight: 4, Timeout: answerTimeout / 2}),
	}
	if err := errors.Join(reg.Register(m.requests), reg.Register(m.duration)); err != nil {
		return nil, fmt.Errorf("httpapi: registering metrics: %w", err)
	}
	return m, nil
}

// instrument counts requests by route. The mux writes the pattern into the
// request that it was given, so nothing may copy the request further in.
func (a *API) instrument(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		next.ServeHTTP(rec, r)
		route := "other" // paths of strangers' choosing must not become series
		if _, path, ok := strings.Cut(r.Pattern, " "); ok {
			route = path
		}
		method := knownMethod(r.Method)
		a.nameSpan(r, method, route)
		a.metrics.requests.WithLabelValues(route, method, strconv.Itoa(rec.status)).Inc()
		if !isStream(r.URL.Path) {
			a.metrics.duration.WithLabelValues(route).Observe(time.Since(start).Seconds())
		}
	})
}

// serveMetrics answers Prometheus. With a token in the configuration it must be
// given; without, production answers this machine only.
func (a *API) serveMetrics(w http.ResponseWriter, r *http.Request) {
	switch {
	case a.cfg.MetricsToken != "":
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		given, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(a.cfg.MetricsToken))
		if subtle.ConstantTimeCompare(given[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
			writeProblem(w, r, newProblem(http.StatusUnauthorized, "Send the METRICS_TOKEN of the server as a Bearer token"))
			return
		}
	case a.cfg.Production:
		// A proxy on this machine makes everybody look local: a request that
		// was forwarded is not.
		peer, err := addrOf(r.RemoteAddr)
		if err != nil || !peer.IsLoopback() || clientOf(r.Context()).forwarded {
			writeProblem(w, r, newProblem(http.StatusForbidden, "Metrics are for this machine only: set METRICS_TOKEN to read them from elsewhere"))
			return
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	a.metrics.handler.ServeHTTP(w, r)
}

func addrOf(hostport string) (netip.Addr, error) {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return netip.Addr{}, err
	}
	addr, err := netip.ParseAddr(host)
	return addr.Unmap(), err
}
