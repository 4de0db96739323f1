package app_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"chatmood/internal/app"
	"chatmood/internal/twitchsim"
)

// receiver is a collector of traces.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	spans   []*otlp.Span
	whole   strings.Builder // all that came, as text
	headers http.Header     // of the last request
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body := io.Reader(req.Body)
		if req.Header.Get("Content-Encoding") == "gzip" {
			unzipped, err := gzip.NewReader(body)
			if err != nil {
				t.Error(err)
				return
			}
			body = unzipped
		}
		data, err := io.ReadAll(body)
		if err != nil {
			t.Error(err)
			return
		}
		var sent collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(data, &sent); err != nil || req.URL.Path != "/v1/traces" || req.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s: %v", req.URL.Path, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.headers = req.Header
		r.whole.WriteString(protojson.Format(&sent))
		for _, from := range sent.ResourceSpans {
			for _, scope := range from.ScopeSpans {
				r.spans = append(r.spans, scope.Spans...)
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(r.Close)
	return r
}

func attributes(s *otlp.Span) map[string]string {
	m := map[string]string{}
	for _, a := range s.Attributes {
		m[a.Key] = a.Value.GetStringValue()
		if a.Value.GetStringValue() == "" {
			m[a.Key] = fmt.Sprint(a.Value.GetIntValue())
		}
	}
	return m
}

// TestTraces: what people do can be followed through the server, and a trace
// holds nothing that a log may not hold.
func TestTraces(t *testing.T) {
	dir, to, log := t.TempDir(), newReceiver(t), &lines{}
	members(t, dir, "anna")
	sim := twitch(t, twitchsim.Config{})
	s := serveOptions(t, sim, map[string]string{
		"DATA_DIR": dir, "OTEL_EXPORTER_OTLP_ENDPOINT": to.URL, "OTEL_EXPORTER_OTLP_HEADERS": "Api-Key=f%20o", "OTEL_SERVICE_NAME": "mood",
	}, app.Options{PasswordCost: 4, Log: slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	anna := s.signIn("anna")
	if status := anna.ask("POST", "/api/twitch/connect", `{"url":"https://www.twitch.tv/alpha"}`, nil); status != http.StatusOK {
		t.Fatalf("connect: %d", status)
	}
	s.eventually("alpha is live", func() bool { return s.snapshot("alpha").Status.State == "live" })
	const chat = "marmalade skies tonight"
	s.eventually("a message arrives", func() bool {
		if _, err := sim.Say("alpha", "viewer_one", chat); err != nil {
			t.Fatal(err)
		}
		return s.snapshot("alpha").Counts.Total > 0
	})
	if status := s.post("/api/register", `{"first_name":"Berta","last_name":"Vale","email":"berta@example.org","password":"`+testPassword+`"}`, nil); status >= 300 {
		t.Fatalf("register: %d", status)
	}
	s.eventually("the mail is sent", func() bool { return strings.Contains(log.String(), `"msg":"mail sent"`) })
	for _, path := range []string{"/api/shared/geheimes-wort?q=querystring", "/health", "/health/ready", "/metrics", "/", "/openapi.json"} {
		s.get(path, nil)
	}

	// What is answered, logged and sent names the same trace.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.app.URL()+"/api/twitch/disconnect", strings.NewReader(`{"channel":"alpha"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+anna.token)
	req.Header.Set("Content-Type", "application/json")
	// A stranger's choice of a trace is not taken over.
	const foreign = "0af7651916cd43dd8448eb211c80319c"
	req.Header.Set("Traceparent", "00-"+foreign+"-b7ad6b7169203331-01")
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	parts := strings.Split(res.Header.Get("Traceparent"), "-")
	if res.StatusCode != http.StatusOK || len(parts) != 4 || len(parts[1]) != 32 || parts[1] == foreign {
		t.Fatalf("%s with traceparent %q", res.Status, res.Header.Get("Traceparent"))
	}
	id := parts[1]
	s.eventually("the request is logged", func() bool {
		for line := range strings.Lines(log.String()) {
			var l map[string]any
			if json.Unmarshal([]byte(line), &l) == nil && l["msg"] == "request" && l["path"] == "/api/twitch/disconnect" {
				if l["trace_id"] != id || l["request_id"] != res.Header.Get("X-Request-Id") {
					t.Errorf("the line %s does not name the trace %s", line, id)
				}
				return true
			}
		}
		return false
	})
	s.stop() // sends what waits

	to.mu.Lock()
	defer to.mu.Unlock()
	if to.headers.Get("Api-Key") != "f o" {
		t.Errorf("OTEL_EXPORTER_OTLP_HEADERS does not arrive: %q", to.headers.Get("Api-Key"))
	}
	whole := to.whole.String()
	for _, secret := range []string{"example.org", testPassword, chat, "viewer_one", "geheimes-wort", "querystring", anna.token, foreign, "127.0.0.1"} {
		if strings.Contains(whole, secret) {
			t.Errorf("the traces hold %q", secret)
		}
	}
	for _, want := range []string{`"mood"`, "service.version", "service.instance.id"} {
		if !strings.Contains(whole, want) {
			t.Errorf("the traces do not tell %s", want)
		}
	}
	byName, ids := map[string]*otlp.Span{}, map[string]bool{}
	for _, span := range to.spans {
		byName[span.Name] = span
		ids[string(span.SpanId)] = true
		if strings.Contains(span.Name, "/health") || strings.Contains(span.Name, "/metrics") || strings.Contains(span.Name, "openapi") {
			t.Errorf("%s is traced", span.Name)
		}
	}
	for _, name := range []string{
		"POST /api/login", "POST /api/twitch/connect", "POST /api/twitch/disconnect", "GET /api/channels/{channel}", "GET /api/shared/{token}",
		"start analysis", "leave analysis", "finish analysis", "publish chat", "send mail", "sqlite transaction", "sqlite SELECT",
	} {
		span := byName[name]
		if span == nil {
			t.Errorf("there is no span %q", name)
			continue
		}
		if len(span.ParentSpanId) > 0 && !ids[string(span.ParentSpanId)] {
			t.Errorf("the parent of %q was not sent", name)
		}
		if span.EndTimeUnixNano < span.StartTimeUnixNano {
			t.Errorf("%q ends before it begins", name)
		}
	}
	if t.Failed() {
		for name := range byName {
			t.Log(name)
		}
		return
	}
	disconnect, leave := byName["POST /api/twitch/disconnect"], byName["leave analysis"]
	if fmt.Sprintf("%x", disconnect.TraceId) != id || !bytes.Equal(leave.TraceId, disconnect.TraceId) || !bytes.Equal(leave.ParentSpanId, disconnect.SpanId) {
		t.Errorf("leaving the channel is in another trace than the request %s: %x below %x", id, leave.TraceId, leave.ParentSpanId)
	}
	at := attributes(disconnect)
	if at["http.route"] != "/api/twitch/disconnect" || at["http.response.status_code"] != "200" || at["chatmood.request_id"] != res.Header.Get("X-Request-Id") {
		t.Errorf("the request's attributes are %v", at)
	}
	if at := attributes(byName["publish chat"]); at["chatmood.channel"] != "alpha" || at["chatmood.messages"] == "0" {
		t.Errorf("the batch's attributes are %v", at)
	}
}

// TestTracesOnMongoDB: what MongoDB is asked for a request is in the request's
// trace, with the name of the collection and nothing of what is in it.
func TestTracesOnMongoDB(t *testing.T) {
	uri := mongoURI(t)
	database := mongoDatabase(t, uri, "traces")
	to := newReceiver(t)
	s := serveOptions(t, twitch(t, twitchsim.Config{}), map[string]string{
		"DATA_DIR": t.TempDir(), "MONGO_URI": uri, "MONGO_DBNAME": database, "MAIL": "off", "OTEL_EXPORTER_OTLP_ENDPOINT": to.URL,
	}, app.Options{PasswordCost: 4})
	link, err := s.app.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	administrator(t, s.app.URL(), link)
	s.stop() // sends what waits

	to.mu.Lock()
	defer to.mu.Unlock()
	for _, secret := range []string{"example.org", password, "Ada", "$2b$"} {
		if strings.Contains(to.whole.String(), secret) {
			t.Errorf("the traces hold %q", secret)
		}
	}
	byID := map[string]*otlp.Span{}
	for _, span := range to.spans {
		byID[string(span.SpanId)] = span
	}
	found := map[string]bool{}
	for _, span := range to.spans {
		at := attributes(span)
		if at["db.system.name"] == "" {
			continue
		}
		root := span
		for len(root.ParentSpanId) > 0 && byID[string(root.ParentSpanId)] != nil {
			root = byID[string(root.ParentSpanId)]
		}
		if at["db.system.name"] != "mongodb" || span.Name != "mongodb "+at["db.operation.name"] || span.Kind != otlp.Span_SPAN_KIND_CLIENT ||
			span.EndTimeUnixNano < span.StartTimeUnixNano || !bytes.Equal(root.TraceId, span.TraceId) || len(root.ParentSpanId) > 0 {
			t.Errorf("a command's span is %v below %s", span, root.Name)
		}
		found[root.Name+": "+at["db.operation.name"]+" "+at["db.collection.name"]] = true
	}
	for _, want := range []string{"POST /api/setup: insert users", "POST /api/login: find users"} {
		if !found[want] {
			t.Errorf("there is no span of %q", want)
		}
	}
	if t.Failed() {
		t.Log(found)
	}
}

// TestTracesWithoutCollector: a collector that is away, or takes connections and
// says nothing, holds nothing up.
func TestTracesWithoutCollector(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "10")
	for name, addr := range map[string]net.Addr{"away": closed.Addr(), "silent": silent.Addr()} {
		t.Run(name, func(t *testing.T) {
			log := &lines{}
			s := serveOptions(t, twitch(t, twitchsim.Config{}), map[string]string{
				"DATA_DIR": t.TempDir(), "OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + addr.String(), "STOP_TIMEOUT": "1s",
			}, app.Options{Log: slog.New(slog.NewTextHandler(log, nil))})
			for range 100 { // more than the queue holds
				if status := s.get("/api/channels", nil); status != http.StatusOK {
					t.Fatal(status)
				}
			}
			s.stop() // within its time, or it fails
			if n := strings.Count(log.String(), "level=WARN"); n == 0 || n > 2 {
				t.Errorf("the log says %d times that traces are lost:\n%s", n, log.String())
			}
		})
	}
}

// TestNoTraces: nothing is traced where no collector is named.
func TestNoTraces(t *testing.T) {
	s := serve(t, twitch(t, twitchsim.Config{}), t.TempDir())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.app.URL()+"/api/channels", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := res.Header.Get("Traceparent"); got != "" {
		t.Errorf("the answer names a trace: %s", got)
	}
}
