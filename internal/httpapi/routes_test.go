package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/analysis"
	"chatmood/internal/httpapi"
)

func TestConnect(t *testing.T) {
	for _, test := range []struct {
		body    string
		status  int
		channel string // on success
		detail  string // otherwise
	}{
		{`{"url":"https://www.twitch.tv/NewOne"}`, 200, "newone", ""},
		{`{"url":"twitch.tv/newone"}`, 200, "newone", ""},
		{`{"url":"http://m.twitch.tv/newone/videos?x=1"}`, 200, "newone", ""},
		{`{"url":"https://www.twitch.tv/popout/newone/chat?popout="}`, 200, "newone", ""},
		{`{"url":"@NewOne"}`, 200, "newone", ""},
		{`{"url":"newone","extra":1}`, 200, "newone", ""},
		{`{"url":"somebody"}`, 200, "somebody", ""}, // runs already
		{`{}`, 400, "", "Twitch URL is required"},
		{`{"url":""}`, 400, "", "Twitch URL is required"},
		{`{"url":"https://example.org/newone"}`, 400, "", "Invalid Twitch URL"},
		{`{"url":"https://www.twitch.tv/directory"}`, 400, "", "Invalid Twitch URL"},
		{`{"url":"no spaces allowed"}`, 400, "", "Invalid Twitch URL"},
		{`{"url":{"$ne":null}}`, 422, "", "body.url: expected string"},
		{`{"url":null}`, 400, "", "Twitch URL is required"},
		{`{"url":5}`, 422, "", "body.url: expected string"},
		{`{"url":"` + strings.Repeat("x", 2001) + `"}`, 422, "", "body.url: expected length <= 2000"},
		{`[]`, 422, "", "body: expected object"},
		{`"twitch.tv/newone"`, 422, "", "body: expected object"},
		{`{`, 422, "", "body: not valid JSON: unexpected end of JSON input"},
		{``, 422, "", "a JSON object is required"},
	} {
		for _, path := range []string{"/api/twitch/connect", "/api/twitch/connect-guest"} {
			t.Run(path+" "+fmt.Sprintf("%.60s", test.body), func(t *testing.T) {
				s := serve(t, nil)
				got := s.do(t, "POST", path, test.body)
				if test.status != 200 {
					p := got.wantProblem(t, test.status, test.detail)
					if test.status == 422 && p["errors"] == nil {
						t.Error("no field is named")
					}
					if strings.HasPrefix(s.room.last(), "start") {
						t.Error("an analysis was started")
					}
					return
				}
				want := map[string]any{"message": "Connected to " + test.channel + "'s chat", "channel": test.channel}
				if diff := cmp.Diff(want, got.object(t)); got.status != 200 || diff != "" {
					t.Errorf("status %d, body (-want +got):\n%s", got.status, diff)
				}
				if want := "start " + test.channel + " by anonymous"; s.room.last() != want {
					t.Errorf("asked %q, want %q", s.room.last(), want)
				}
			})
		}
	}
}

func TestConnectFailures(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		detail string
	}{
		{fmt.Errorf("starting: %w", httpapi.ErrTooMany), 429, "Too many channels are being analysed"},
		{httpapi.ErrUnavailable, 503, "starting or stopping"},
		{errBroken, 500, "Failed to connect to Twitch chat"},
	} {
		s := serve(t, func(_ *httpapi.Config, s *server) { s.room.err = test.err })
		got := s.do(t, "POST", "/api/twitch/connect", `{"url":"newone"}`)
		got.wantProblem(t, test.status, test.detail)
		if strings.Contains(got.body, "secret") {
			t.Errorf("the cause is shown: %s", got.body)
		}
		if test.status == 500 && (!strings.Contains(s.log.String(), "disk 7") || !strings.Contains(s.log.String(), got.header.Get("X-Request-Id"))) {
			t.Errorf("the log lacks the cause or the request id:\n%s", s.log)
		}
	}
}

// A read that the server which has the channel does not answer is no read of a
// channel that nobody analyses.
func TestReadUnavailable(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		detail string
	}{
		{fmt.Errorf("asking: %w", httpapi.ErrUnavailable), 503, "does not answer: try again"},
		{errBroken, 500, "cannot be read"},
	} {
		s := serve(t, func(_ *httpapi.Config, s *server) { s.room.readErr = test.err })
		for _, path := range []string{"", "/timeline", "/terms", "/emotes", "/chatters", "/messages"} {
			got := s.do(t, "GET", "/api/channels/somebody"+path, "")
			got.wantProblem(t, test.status, test.detail)
			if retry := got.header.Get("Retry-After"); (retry != "") != (test.status == 503) {
				t.Errorf("%s: status %d with Retry-After %q", path, test.status, retry)
			}
			if strings.Contains(got.body, "secret") {
				t.Errorf("the cause is shown: %s", got.body)
			}
		}
		if got := s.do(t, "GET", "/api/sse/chat/somebody", ""); test.status == 503 {
			got.wantComeAgain(t)
		} else {
			got.wantProblem(t, test.status, test.detail)
		}
	}
	s := serve(t, func(_ *httpapi.Config, s *server) { s.room.err = httpapi.ErrUnavailable })
	got := s.do(t, "POST", "/api/twitch/disconnect", `{"channel":"somebody"}`)
	got.wantProblem(t, 503, "cannot be ended just now")
	if got.header.Get("Retry-After") == "" {
		t.Error("there is no Retry-After")
	}
}

func TestDisconnect(t *testing.T) {
	for _, test := range []struct {
		name    string
		path    string
		body    string
		viewers int
		err     error
		status  int
		text    string
		stops   bool
	}{
		{"running", "/api/twitch/disconnect", `{"channel":"somebody"}`, 5, nil, 200, "Disconnected from somebody's chat", true},
		{"upper case", "/api/twitch/disconnect", `{"channel":"SomeBody"}`, 0, nil, 200, "Disconnected from somebody's chat", true},
		{"not running", "/api/twitch/disconnect", `{"channel":"other"}`, 0, nil, 200, "Already disconnected", true},
		{"impossible name", "/api/twitch/disconnect", `{"channel":"no such name!"}`, 0, nil, 200, "Already disconnected", false},
		{"failure", "/api/twitch/disconnect", `{"channel":"somebody"}`, 0, errBroken, 200, "Attempted to disconnect from chat", true},
		{"no channel", "/api/twitch/disconnect", `{}`, 0, nil, 400, "Channel name is required", false},
		{"no string", "/api/twitch/disconnect", `{"channel":{"$ne":1}}`, 0, nil, 422, "body.channel: expected string", false},
		{"guest, alone", "/api/twitch/disconnect-guest", `{"channel":"somebody"}`, 0, nil, 200, "Disconnected from somebody's chat", true},
		{"guest, watched", "/api/twitch/disconnect-guest", `{"channel":"somebody"}`, 1, nil, 200, "Disconnected from somebody's chat", false},
		{"guest, not running", "/api/twitch/disconnect-guest", `{"channel":"other"}`, 1, nil, 200, "Already disconnected", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serve(t, func(_ *httpapi.Config, s *server) { s.hub.viewers, s.room.err = test.viewers, test.err })
			got := s.do(t, "POST", test.path, test.body)
			if test.status != 200 {
				got.wantProblem(t, test.status, test.text)
			} else if diff := cmp.Diff(map[string]any{"message": test.text}, got.object(t)); got.status != 200 || diff != "" {
				t.Errorf("status %d, body (-want +got):\n%s", got.status, diff)
			}
			if stopped := strings.HasPrefix(s.room.last(), "stop"); stopped != test.stops {
				t.Errorf("stop asked: %v, want %v (%s)", stopped, test.stops, s.room.last())
			}
		})
	}
}

func TestChannels(t *testing.T) {
	for _, test := range []struct {
		path  string
		asked string
		body  string // a part of it
	}{
		{"/api/channels", "", `{"channels":[{"id":"id-somebody","channel":"somebody",`},
		{"/api/channels/somebody", "snapshot somebody top 20", `"terms":[],"emotes":[],"term_error":0,"waves":[],"gaps":[],"marks":[],"moments":[]`},
		{"/api/channels/SOMEBODY?top=5", "snapshot somebody top 5", `"top":{"all":[],"positive":[],"neutral":[],"negative":[]}`},
		{"/api/channels/somebody/timeline", fmt.Sprintf("timeline somebody %d %d 0", time.Time{}.Unix(), time.Time{}.Unix()), `"buckets":[],"gaps":[],"marks":[],"moments":[]`},
		{"/api/channels/somebody/timeline?step=60&from=2026-01-01T19:00:00Z&to=2026-01-01T20:30:00%2B01:00", "timeline somebody 1767294000 1767295800 60", `"step_seconds":10`},
		{"/api/channels/somebody/terms", `terms somebody false "" 20`, `{"terms":[{"term":"hello","count":2,`},
		{"/api/channels/somebody/terms?label=negative&limit=3", `terms somebody false "negative" 3`, `hello`},
		{"/api/channels/somebody/emotes?label=positive", `terms somebody true "positive" 20`, `{"emotes":[]}`},
		{"/api/channels/somebody/chatters?label=neutral&limit=200", `chatters somebody "neutral" 200`, `{"chatters":[{"login":"ann","name":"Ann","count":3}]}`},
		{"/api/channels/somebody/messages?limit=7", "recent somebody 7", `{"messages":[{"id":"1","t":1,"u":"ann"`},
	} {
		t.Run(test.path, func(t *testing.T) {
			s := serve(t, nil)
			got := s.do(t, "GET", test.path, "")
			if got.status != 200 || !strings.Contains(got.body, test.body) {
				t.Errorf("status %d, body %s; want %q in it", got.status, got.body, test.body)
			}
			if ct := got.header.Get("Content-Type"); ct != "application/json" {
				t.Errorf("content type %q", ct)
			}
			if s.room.last() != test.asked {
				t.Errorf("asked %q, want %q", s.room.last(), test.asked)
			}
		})
	}
}

func TestChannelErrors(t *testing.T) {
	s := serve(t, nil)
	for _, rest := range []string{"", "/timeline", "/terms", "/emotes", "/chatters", "/messages"} {
		s.do(t, "GET", "/api/channels/nobody"+rest, "").wantProblem(t, 404, "Channel nobody is not being analysed")
		s.do(t, "GET", "/api/channels/not%20a%20name"+rest, "").wantProblem(t, 400, "Invalid channel name: not a name")
		s.do(t, "GET", "/api/channels/"+strings.Repeat("x", 101)+rest, "").wantProblem(t, 422, "path.channel")
	}
	for path, detail := range map[string]string{
		"?top=-1":                              "query.top",
		"?top=201":                             "query.top",
		"?top=many":                            "query.top: invalid integer",
		"/terms?label=angry":                   "query.label",
		"/terms?limit=0":                       "query.limit",
		"/chatters?limit=201":                  "query.limit",
		"/messages?limit=201":                  "query.limit",
		"/messages?limit=99999999999999999999": "query.limit",
		"/timeline?step=5":                     "query.step",
		"/timeline?from=yesterday":             "query.from",
	} {
		p := s.do(t, "GET", "/api/channels/somebody"+path, "").wantProblem(t, 422, detail)
		if p["errors"] == nil {
			t.Errorf("%s: no field is named: %v", path, p)
		}
	}
	s.do(t, "GET", "/api/channels/somebody/timeline?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "").wantProblem(t, 400, "to lies before from")
}

func TestSessions(t *testing.T) {
	s := serve(t, nil)
	for i := range 7 {
		mood := 0.5
		if err := s.store.FinishSession(t.Context(), analysis.Finished{
			SessionID: fmt.Sprintf("s%d", i), Channel: []string{"somebody", "other"}[i%2],
			StartedAt: now.Add(-time.Hour), EndedAt: now.Add(time.Duration(i/3) * time.Minute),
			Counts: analysis.Counts{Total: i}, Mood: &mood,
			Report: fmt.Appendf(nil, `{"snapshot":{"id":"s%d"},"timeline":{"buckets":[]}}`, i),
		}); err != nil {
			t.Fatal(err)
		}
	}
	page := func(query string) (ids []string, next string) {
		t.Helper()
		got := s.do(t, "GET", "/api/sessions"+query, "")
		var body struct {
			Sessions []analysis.SessionInfo
			Next     string
		}
		if err := json.Unmarshal([]byte(got.body), &body); err != nil || got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		for _, info := range body.Sessions {
			ids = append(ids, info.ID)
		}
		return ids, body.Next
	}
	for query, want := range map[string]string{
		"":                                     "s6 s5 s4 s3 s2 s1 s0",
		"?channel=Other":                       "s5 s3 s1",
		"?channel=https://twitch.tv/other":     "s5 s3 s1",
		"?channel=nobody":                      "",
		"?before=2026-01-01T20:01:00Z":         "s2 s1 s0",
		"?before=2026-01-01T20:01:00Z&limit=1": "s2",
	} {
		if ids, _ := page(query); strings.Join(ids, " ") != want {
			t.Errorf("%q: %v, want %s", query, ids, want)
		}
	}
	var all []string
	for query := "?limit=2"; query != ""; {
		ids, next := page(query)
		all = append(all, ids...)
		query = ""
		if next != "" {
			query = "?limit=2&before=" + next
		}
	}
	if got := strings.Join(all, " "); got != "s6 s5 s4 s3 s2 s1 s0" {
		t.Errorf("in pages: %s", got)
	}

	got := s.do(t, "GET", "/api/sessions/s3", "")
	if got.status != 200 || got.body != `{"snapshot":{"id":"s3"},"timeline":{"buckets":[]}}` || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("report: %d %s %s", got.status, got.header.Get("Content-Type"), got.body)
	}
	s.do(t, "GET", "/api/sessions/unknown", "").wantProblem(t, 404, "Session unknown is not among the finished ones")
	s.do(t, "GET", "/api/sessions?before=1.", "").wantProblem(t, 400, "RFC 3339")
	s.do(t, "GET", "/api/sessions?before=yesterday", "").wantProblem(t, 400, "RFC 3339")
	s.do(t, "GET", "/api/sessions?channel=%20%20", "").wantProblem(t, 400, "Invalid channel name")
	s.do(t, "GET", "/api/sessions?limit=201", "").wantProblem(t, 422, "query.limit")

	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	s.do(t, "GET", "/api/sessions", "").wantProblem(t, 503, "The database cannot be reached")
	if got := s.do(t, "GET", "/api/sessions/s3", ""); strings.Contains(got.body, "sql") {
		t.Errorf("the cause is shown: %s", got.body)
	}
}

func TestSentiment(t *testing.T) {
	s := serve(t, nil)
	got := s.do(t, "POST", "/api/sentiment", `{"text":"good"}`)
	if want := `{"results":[{"label":"positive","score":0.62,"confidence":0.9,"flags":["hype","emote_only"]}]}`; strings.TrimSpace(got.body) != want {
		t.Errorf("one text: %s, want %s", got.body, want)
	}
	got = s.do(t, "POST", "/api/sentiment", `{"texts":["bad","","good"]}`)
	if want := `{"results":[{"label":"negative","score":-0.25,"confidence":0.8,"flags":[]},{"label":"neutral","score":0,"confidence":0.5,"flags":["unsure"]},{"label":"positive"`; !strings.HasPrefix(got.body, want) {
		t.Errorf("several texts: %s, want %s…", got.body, want)
	}
	got = s.do(t, "POST", "/api/sentiment", `{"texts":["so good é","bad"],"explain":true}`)
	if want := `"flags":["hype","emote_only"],"parts":[{"text":"good","value":0.62}]},{"label":"negative","score":-0.25,"confidence":0.8,"flags":[]}]}`; !strings.HasSuffix(strings.TrimSpace(got.body), want) {
		t.Errorf("explained: %s, want …%s", got.body, want)
	}
	if got := s.do(t, "POST", "/api/sentiment", `{"texts":[]}`); got.status != 200 || strings.TrimSpace(got.body) != `{"results":[]}` {
		t.Errorf("no texts: %d %s", got.status, got.body)
	}
	limit := `{"text":"` + strings.Repeat("é", 2000) + `"}`
	if got := s.do(t, "POST", "/api/sentiment", limit); got.status != 200 {
		t.Errorf("2,000 characters: %d %s", got.status, got.body)
	}
	for body, want := range map[string]string{
		`{}`:                         "400 Give the text to judge",
		`{"text":"a","texts":["b"]}`: "400 not both",
		`{"text":1}`:                 "422 body.text: expected string",
		`{"texts":"a"}`:              "422 body.texts: expected array",
		`{"texts":["a",null]}`:       "422 body.texts[1]: expected string",
		`{"text":"` + strings.Repeat("x", 2001) + `"}`:                     "422 body.text: expected length <= 2000",
		`{"texts":["a","` + strings.Repeat("é", 2001) + `"]}`:              "422 A text is too long",
		`{"texts":[` + strings.Repeat(`"a",`, 1000) + `"a"]}`:              "422 body.texts: expected array length <= 1000",
		`{"explain":true,"texts":[` + strings.Repeat(`"a",`, 20) + `"a"]}`: "422 At most 20 texts are explained at once",
		`{"text":"` + strings.Repeat("x", 1<<20) + `"}`:                    "413 at most 1048576 bytes",
		`{"texts":["` + strings.Repeat("x", 3<<20) + `"]}`:                 "413 at most 1048576 bytes",
	} {
		var status int
		if _, err := fmt.Sscan(want, &status); err != nil {
			t.Fatal(err)
		}
		s.do(t, "POST", "/api/sentiment", body).wantProblem(t, status, want[4:])
	}
	s.do(t, "POST", "/api/sentiment", `text=good`, "Content-Type: application/x-www-form-urlencoded").wantProblem(t, 415, "application/json")
}

func TestInfo(t *testing.T) {
	s := serve(t, func(cfg *httpapi.Config, _ *server) {
		cfg.Demo, cfg.DemoChannels, cfg.MaxChannels = true, []string{"demo_one"}, 50
	})
	got := s.do(t, "GET", "/api/info", "").object(t)
	want := map[string]any{
		"version": "1.2.3", "api_version": "3.0.0", "environment": "development", "anonymous": true,
		"demo": true, "demo_channels": []any{"demo_one"}, "accounts": false, "guests": "analyse", "registration": "open", "mail": "off", "setup_needed": false, "emote_images": "", "summaries": []any{"rules"},
		"limits": map[string]any{
			"channels": 50.0, "body_bytes": 1048576.0, "texts": 1000.0, "text_characters": 2000.0, "messages": 200.0, "connects_per_minute": 20.0,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("info (-want +got):\n%s", diff)
	}
	s = serve(t, func(cfg *httpapi.Config, _ *server) { cfg.Production = true })
	if got := s.do(t, "GET", "/api/info", "").object(t); got["environment"] != "production" || got["demo_channels"] == nil {
		t.Errorf("in production: %v", got)
	}
}

func TestWelcome(t *testing.T) {
	s := serve(t, nil)
	got := s.do(t, "GET", "/", "", "Accept: application/json")
	body := got.object(t)
	if got.status != 200 || body["status"] != "running" || body["message"] == "" || len(body) != 2 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestHealth(t *testing.T) {
	at := now
	down := map[string]bool{}
	s := serve(t, func(cfg *httpapi.Config, _ *server) {
		cfg.Now = func() time.Time { at = at.Add(time.Minute); return at } // results grow old at once
		probe := func(name string) func(context.Context) (string, error) {
			return func(context.Context) (string, error) {
				if down[name] {
					return "", errBroken
				}
				return name + " is fine", nil
			}
		}
		cfg.Checks = []httpapi.Check{{Name: "store", Probe: probe("store")}, {Name: "bus", Required: true, Probe: probe("bus")}}
	})
	for _, test := range []struct {
		down     []string
		status   int
		word, db string
		ready    int
	}{
		{nil, 200, "healthy", "connected", 200},
		{[]string{"store"}, 200, "degraded", "disconnected", 200},
		{[]string{"bus"}, 503, "unhealthy", "connected", 503},
		{[]string{"bus", "store"}, 503, "unhealthy", "disconnected", 503},
	} {
		clear(down)
		for _, name := range test.down {
			down[name] = true
		}
		got := s.do(t, "GET", "/health", "")
		body := got.object(t)
		if got.status != test.status || body["status"] != test.word || body["database"] != test.db {
			t.Errorf("%v down: %d %s", test.down, got.status, got.body)
		}
		for _, key := range []string{"timestamp", "active_bots", "active_websockets", "version", "uptime_seconds", "checks"} {
			if body[key] == nil {
				t.Errorf("%v down: no %s", test.down, key)
			}
		}
		if body["active_bots"] != 1.0 || body["active_websockets"] != 7.0 {
			t.Errorf("counts: %v", body)
		}
		ready := s.do(t, "GET", "/health/ready", "")
		if ready.status != test.ready || (test.ready == 503) != strings.Contains(ready.body, "The bus is down") {
			t.Errorf("%v down: ready says %d %s", test.down, ready.status, ready.body)
		}
		if strings.Contains(got.body+ready.body, "secret") {
			t.Errorf("the cause is shown: %s", got.body)
		}
		if live := s.do(t, "GET", "/health/live", ""); live.status != 200 || live.object(t)["status"] != "alive" {
			t.Errorf("live: %d %s", live.status, live.body)
		}
	}
	if n := strings.Count(s.log.String(), "disk 7"); n != 3 { // store, bus, and the store again after it had come back
		t.Errorf("failures were logged %d times, want once for each time that one began:\n%s", n, s.log)
	}
	clear(down)
	s.api.Drain()
	if ready := s.do(t, "GET", "/health/ready", ""); ready.status != 503 || !strings.Contains(ready.body, "stopping") {
		t.Errorf("draining: %d %s", ready.status, ready.body)
	}
	if live := s.do(t, "GET", "/health/live", ""); live.status != http.StatusOK {
		t.Errorf("draining: live says %d", live.status)
	}
}

func TestHealthSharesResults(t *testing.T) {
	var probes int
	s := serve(t, func(cfg *httpapi.Config, _ *server) {
		cfg.Checks = []httpapi.Check{{Name: "store", Probe: func(context.Context) (string, error) { probes++; return "", nil }}}
	})
	for range 20 {
		s.do(t, "GET", "/health", "")
		s.do(t, "GET", "/health/ready", "")
	}
	if probes != 1 {
		t.Errorf("probed %d times within a second, want once", probes)
	}
}

// TestAccountsNeeded: without anonymous access only the service endpoints
// answer, as long as there are no accounts.
func TestAccountsNeeded(t *testing.T) {
	s := serve(t, func(cfg *httpapi.Config, _ *server) { cfg.Guests = httpapi.GuestsNone })
	for _, request := range []string{
		"POST /api/twitch/connect", "POST /api/twitch/disconnect", "POST /api/twitch/connect-guest", "POST /api/twitch/disconnect-guest",
		"GET /api/channels", "GET /api/channels/somebody", "GET /api/channels/somebody/timeline", "GET /api/channels/somebody/terms",
		"GET /api/channels/somebody/emotes", "GET /api/channels/somebody/chatters", "GET /api/channels/somebody/messages",
		"GET /api/sessions", "GET /api/sessions/s1", "GET /api/sse/chat/somebody", "GET /api/sse/status", "GET /ws/chat/somebody",
	} {
		method, path, _ := strings.Cut(request, " ")
		body := ""
		if method == "POST" {
			body = `{"url":"somebody","channel":"somebody"}`
		}
		s.do(t, method, path, body).wantProblem(t, 401, "Not authenticated")
	}
	if asked := s.room.last(); asked != "" {
		t.Errorf("%q was asked for a stranger", asked)
	}
	for _, path := range []string{"/", "/api/info", "/health", "/health/live", "/health/ready", "/openapi.json", "/docs"} {
		if got := s.do(t, "GET", path, ""); got.status != 200 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}
