package httpapi

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"
	"go.opentelemetry.io/otel/trace"
)

// minCompressed is the size in bytes from which compressing pays.
const minCompressed = 1024

// wrap puts around the handler what every request passes through, from the
// outside in: request id and log, panics, headers, limits, cross-origin rules.
func (a *API) wrap(next http.Handler) http.Handler {
	next = a.instrument(next) // reads the pattern that the mux leaves in its request
	next = a.identified(next)
	next = compress(next)
	next = a.checkOrigin(next)
	next = redirectSlash(next)
	next = a.limit(next)
	next = a.secure(next)
	next = a.recoverPanics(next)
	next = a.observe(next)
	return a.underBase(next)
}

// underBase takes the base path away from requests that have it: behind it is
// what the handlers know. Requests without it come from proxies that took it
// away, and from programs on this machine.
func (a *API) underBase(next http.Handler) http.Handler {
	base := a.cfg.BasePath
	if base == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := strings.CutPrefix(r.URL.Path, base)
		if !ok || rest != "" && rest[0] != '/' {
			next.ServeHTTP(w, r)
			return
		}
		u := *r.URL
		u.Path = cmp.Or(rest, "/")
		u.RawPath = strings.TrimPrefix(r.URL.RawPath, base)
		below := *r
		below.URL = &u
		next.ServeHTTP(w, &below)
	})
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

// observe names the request, finds out who sent it and logs how it ended.
func (a *API) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		who := identify(r, a.cfg.TrustedProxies)
		who.base = a.cfg.BasePath
		id := rand.Text()[:16]
		if given := r.Header.Get("X-Request-Id"); given != "" && plainID(given) && who.forwarded {
			if peer, err := addrOf(r.RemoteAddr); err == nil && contains(a.cfg.TrustedProxies, peer) {
				id = given // the proxy's log and ours then agree
			}
		}
		w.Header().Set("X-Request-Id", id)
		rec := &recorder{ResponseWriter: w, base: a.cfg.BasePath}
		if a.traced(r.URL.Path) {
			var span trace.Span
			r, span = a.startSpan(w, r, id)
			defer func() { endSpan(span, rec.status, rec.bytes) }()
		}
		ctx := context.WithValue(r.Context(), clientKey, who)
		ctx = context.WithValue(ctx, requestIDKey, id)
		next.ServeHTTP(rec, r.WithContext(ctx))

		level := slog.LevelDebug
		switch {
		case rec.status >= http.StatusInternalServerError && rec.status != http.StatusServiceUnavailable:
			level = slog.LevelError
		case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions,
			rec.status == http.StatusForbidden, rec.status == http.StatusTooManyRequests: // who tries what may not be
			level = slog.LevelInfo
		}
		a.log.Log(ctx, level, "request", "method", r.Method, "path", loggedPath(r.URL.Path), "status", rec.status, "bytes", rec.bytes,
			"duration", time.Since(start).Round(time.Microsecond), "address", who.addr.String(), "request_id", id)
	})
}

// secretPaths are the paths behind which a secret follows.
var secretPaths = [...]string{
	"/api/shared/", "/shared/", "/api/validate-reset-token/", "/reset-password/", "/api/setup/", "/setup/", "/api/invites/", "/invite/",
}

// loggedPath is a path as it may be logged: without secrets that are part of it.
func loggedPath(path string) string {
	for _, prefix := range secretPaths {
		rest, ok := strings.CutPrefix(path, prefix)
		if !ok || rest == "" {
			continue
		}
		// What follows the secret tells what was asked for.
		if last := strings.LastIndexByte(rest, '/'); last >= 0 && prefix == "/api/shared/" {
			return prefix + "…" + rest[last:]
		}
		return prefix + "…"
	}
	return path
}

// plainID reports whether an id of somebody else's making is fit for our log.
func plainID(s string) bool {
	return len(s) <= 64 && strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") == ""
}

// recoverPanics answers with a problem when a handler panics, and logs why.
func (a *API) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { //nolint:errorlint // a panic value, as net/http compares it
				panic(v)
			}
			a.log.ErrorContext(r.Context(), "handler panicked", "panic", fmt.Sprint(v), "path", loggedPath(r.URL.Path),
				"request_id", requestID(r.Context()), "stack", string(debug.Stack()))
			if rec, ok := w.(*recorder); ok && rec.status != 0 {
				panic(http.ErrAbortHandler) // half an answer is out: break the connection, so that nobody takes it for whole
			}
			for _, name := range []string{"Content-Encoding", "Content-Length", "Etag", "Last-Modified"} {
				w.Header().Del(name)
			}
			writeProblem(w, r, newProblem(http.StatusInternalServerError, "Something went wrong here; the server's log says what, under the request id"))
		}()
		next.ServeHTTP(w, r)
	})
}

// secure sets the headers that browsers keep rules by. Handlers that serve
// pages loosen the content policy.
func (a *API) secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY") // for browsers without frame-ancestors
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		if a.cfg.Production && clientOf(r.Context()).https {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if strings.HasPrefix(r.URL.Path, "/api") {
			h.Set("Cache-Control", "no-store") // handlers loosen it for what browsers may keep
		}
		next.ServeHTTP(w, r)
	})
}

// limit bounds what a request can hold up: how many come from one address, the
// size of the body, the time for sending it and the time for taking the answer.
// Streams and imports set their own times.
func (a *API) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if addr := clientAddr(r.Context()); addr.IsValid() && !addr.IsLoopback() && strings.HasPrefix(r.URL.Path, "/api/") {
			var s spent
			if err := s.take(a.limits.requests, addressKey(r.Context())); err != nil {
				writeError(w, r, err)
				return
			}
		}
		size, large := a.bodies[r.URL.Path]
		if !large {
			size = maxBodyBytes
		}
		// A writer of a test has no deadlines; a connection has, and keeps the
		// last one for the next request, so it is set in any case.
		control := http.NewResponseController(w)
		_ = control.SetWriteDeadline(time.Now().Add(answerTimeout))
		if r.ContentLength != 0 {
			// For bodies that no handler reads, too: the server takes the rest
			// of them before it answers.
			_ = control.SetReadDeadline(time.Now().Add(bodyTimeout))
			r.Body = &timedBody{r.Body, control}
		}
		sent := r.Body
		read := &countedBody{Reader: http.MaxBytesReader(w, sent, size)}
		r.Body = read
		next.ServeHTTP(w, r)
		if read.n >= size && !read.ended {
			// Who is still sending when the connection closes may not get to read
			// why: so more of it is taken, if it comes in time.
			_, _ = io.CopyN(io.Discard, sent, excessBytes)
		}
	})
}

// excessBytes of a body that is too large are taken and thrown away: 8 MiB.
const excessBytes = 8 << 20

// countedBody is a body that knows how much of it was read. Whoever reads it may
// close it: the server does so in the end.
type countedBody struct {
	io.Reader
	n     int64
	ended bool
}

// Read implements [io.Reader].
func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	b.n += int64(n)
	b.ended = b.ended || errors.Is(err, io.EOF)
	return n, err
}

// Close implements [io.Closer].
func (*countedBody) Close() error { return nil }

// timedBody is a body that has to arrive by the connection's deadline. When it
// is there, the deadline ends: the server goes on reading to see whether the
// client is still there, for as long as the handler takes.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
}

// Read implements [io.Reader].
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if errors.Is(err, io.EOF) {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// redirectSlash leads /path/ to /path, as the old system did.
func redirectSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := r.URL.Path
		if p == "/" || !strings.HasSuffix(p, "/") {
			next.ServeHTTP(w, r)
			return
		}
		// Clean leaves one slash in front: "//host/" must not lead to a host.
		to := url.URL{Path: path.Clean("/" + p), RawQuery: r.URL.RawQuery}
		w.Header().Set("Location", to.String())
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
}

// compress wraps the answers that are not streams.
func compress(next http.Handler) http.Handler {
	wrapper, err := gzhttp.NewWrapper(gzhttp.MinSize(minCompressed))
	if err != nil { // only for options out of range
		panic(err)
	}
	zipped := wrapper(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isStream(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		zipped.ServeHTTP(w, r)
	})
}

func isStream(path string) bool {
	return strings.HasPrefix(path, "/ws/") || strings.HasPrefix(path, "/api/sse/")
}

// origins knows which other sites' pages may call.
type origins struct {
	frontend   string // "" for none
	production bool
	protection *http.CrossOriginProtection
}

func newOrigins(frontendURL string, production bool) (*origins, error) {
	o := &origins{production: production, protection: http.NewCrossOriginProtection()}
	if frontendURL == "" {
		return o, nil
	}
	u, err := url.Parse(frontendURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("httpapi: FRONTEND_URL %q is no address: give one such as https://chat.example.org", frontendURL)
	}
	o.frontend = strings.ToLower(u.Scheme + "://" + u.Host)
	return o, nil
}

// allowed reports whether pages of another origin may call: those of
// FRONTEND_URL and, in development, those of this machine.
func (o *origins) allowed(origin string) bool {
	origin = strings.ToLower(origin)
	if origin == "" {
		return false
	}
	if origin == o.frontend {
		return true
	}
	if o.production {
		return false
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// same reports whether the origin is the server itself.
func same(origin string, r *http.Request) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// checkOrigin answers the questions that browsers ask before they let another
// site's page call (CORS), and refuses unsafe requests that such a page sends
// without asking (CSRF). A request with a Bearer token cannot be forged that
// way and passes.
func (a *API) checkOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		allowed := a.origins.allowed(origin)
		h := w.Header()
		h.Add("Vary", "Origin")
		if allowed {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
			h.Set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After")
		}
		if r.Method == http.MethodOptions && origin != "" && r.Header.Get("Access-Control-Request-Method") != "" {
			if allowed {
				h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE")
				if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
					h.Set("Access-Control-Allow-Headers", asked)
				}
				h.Set("Access-Control-Max-Age", "600")
				h.Add("Vary", "Access-Control-Request-Headers")
			}
			w.WriteHeader(http.StatusNoContent)
			return
		}
		bearer := strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !allowed && !bearer && a.origins.protection.Check(r) != nil {
			writeProblem(w, r, newProblem(http.StatusForbidden, "This request comes from a page of another site, which FRONTEND_URL does not name"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// recorder remembers status and size of an answer.
type recorder struct {
	http.ResponseWriter
	base   string // goes in front of where an answer leads to
	status int
	bytes  int64
}

// WriteHeader implements [http.ResponseWriter].
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
		if to := r.Header().Get("Location"); r.base != "" && strings.HasPrefix(to, "/") {
			r.Header().Set("Location", r.base+to)
		}
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap is for [http.ResponseController].
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush implements [http.Flusher].
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Hijack implements [http.Hijacker], for WebSockets.
func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(r.ResponseWriter).Hijack()
	if err == nil {
		r.status = http.StatusSwitchingProtocols
	}
	return conn, rw, err
}
