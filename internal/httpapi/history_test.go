package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/history"
	"chatmood/internal/httpapi"
	"chatmood/internal/report"
	"chatmood/internal/sentiment"
)

// people are accounts whose access tokens are their first names.
type people struct {
	httpapi.Accounts // nothing else is asked of them
	s                *server

	mu    sync.Mutex
	notes []string // "name: activity: details"
}

func (p *people) Authenticate(ctx context.Context, token string) (account.Identity, error) {
	u, err := p.s.store.Accounts().UserByEmail(ctx, token+"@example.org")
	if err != nil {
		return account.Identity{}, account.ErrBadToken
	}
	return account.Identity{UserID: u.ID, Email: u.Email, FirstName: u.FirstName, Role: u.Role, Expires: now.Add(time.Hour)}, nil
}

func (p *people) User(ctx context.Context, id string) (*account.User, error) {
	return p.s.store.Accounts().User(ctx, id)
}

func (p *people) Note(_ context.Context, id account.Identity, activity, details string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes = append(p.notes, id.FirstName+": "+activity+": "+details)
	return nil
}

func (p *people) Count(context.Context, account.Usage) {}

func (p *people) last() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.notes) == 0 {
		return ""
	}
	return p.notes[len(p.notes)-1]
}

// shelf is a server that keeps history.
type shelf struct {
	*server
	people  *people
	history *history.Service
	away    bool // the store of history is away
	engine  *sentiment.Engine

	mu      sync.Mutex
	running map[string]*analysis.Session
	clock   time.Time
}

var errAway = errors.New("no route to the secret database host")

// Report implements history.Running.
func (s *shelf) Report(channel string) (analysis.Finished, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.running[channel]
	if a == nil {
		return analysis.Finished{}, false, nil
	}
	snap := a.Snapshot(s.clock, 100)
	data, err := json.Marshal(analysis.Report{Snapshot: snap, Timeline: a.Timeline(time.Time{}, time.Time{}, 0)})
	return analysis.Finished{
		SessionID: snap.ID, Channel: channel, StartedAt: snap.StartedAt, EndedAt: s.clock, Counts: snap.Counts, Mood: snap.Mood.All, Report: data,
	}, true, err
}

func (s *shelf) time() time.Time      { s.mu.Lock(); defer s.mu.Unlock(); return s.clock }
func (s *shelf) pass(d time.Duration) { s.mu.Lock(); defer s.mu.Unlock(); s.clock = s.clock.Add(d) }
func (s *shelf) setAway(away bool)    { s.mu.Lock(); defer s.mu.Unlock(); s.away = away }
func (s *shelf) gone() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return fmt.Errorf("dialling: %w", errAway)
	}
	return nil
}

// awayHistory is a store that can be away.
type awayHistory struct {
	history.Store
	s *shelf
}

func (a awayHistory) Create(ctx context.Context, e *history.Entry, data []byte) error {
	if err := a.s.gone(); err != nil {
		return err
	}
	return a.Store.Create(ctx, e, data)
}

func (a awayHistory) Get(ctx context.Context, id string) (*history.Entry, error) {
	if err := a.s.gone(); err != nil {
		return nil, err
	}
	return a.Store.Get(ctx, id)
}

func (a awayHistory) List(ctx context.Context, q history.Query) (history.Page, error) {
	if err := a.s.gone(); err != nil {
		return history.Page{}, err
	}
	return a.Store.List(ctx, q)
}

func keep(t testing.TB, change func(*httpapi.Config)) *shelf {
	t.Helper()
	s := &shelf{running: map[string]*analysis.Session{}, clock: now, engine: sentiment.New()}
	s.server = serve(t, func(cfg *httpapi.Config, srv *server) {
		s.people = &people{s: srv}
		var err error
		s.history, err = history.NewService(history.Config{
			Store: awayHistory{srv.store.History(), s}, Running: s, Sessions: srv.store, Accounts: s.people, Now: s.time, MaxPerUser: 30,
		})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Accounts, cfg.History, cfg.Guests = s.people, s.history, httpapi.GuestsNone
		cfg.Now, cfg.Analyzer = s.time, s.engine
		cfg.StoreAway = func(err error) bool { return errors.Is(err, errAway) }
		if change != nil {
			change(cfg)
		}
	})
	for _, name := range []string{"ann", "bob", "root"} {
		u := &account.User{
			ID: account.NewID(now), Email: name + "@example.org", FirstName: name, LastName: "Vale",
			Role: account.RoleUser, Status: account.StatusActive, CreatedAt: now, UpdatedAt: now,
		}
		if name == "root" {
			u.Role = account.RoleAdmin
		}
		if err := s.store.Accounts().CreateUser(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// as sends a request of somebody; "" is a guest.
func (s *shelf) as(t testing.TB, who, method, path, body string, headers ...string) answer {
	t.Helper()
	if who != "" {
		headers = append(headers, "Authorization: Bearer "+who)
	}
	return s.do(t, method, path, body, headers...)
}

// chat writes in a channel that is being analysed, one line a second.
func (s *shelf) chat(channel string, lines ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.running[channel]
	if a == nil {
		a = analysis.New(account.NewID(s.clock), channel, s.clock, analysis.Options{})
		s.running[channel] = a
	}
	for i, line := range lines {
		s.clock = s.clock.Add(time.Second)
		m := chat.Message{ID: fmt.Sprint(s.clock.UnixNano(), i), Channel: channel, Time: s.clock, Text: line, Login: fmt.Sprintf("viewer_%d", i), DisplayName: fmt.Sprintf("Viewer_%d", i)}
		var sc sentiment.Score
		s.engine.Score(&sc, m.Text, nil)
		a.Add(&m, &sc)
	}
}

func claims(channel string) string {
	return fmt.Sprintf(`{"streamer_name":%q,"total_chats":3,"sentiment_count":{"positive":1,"neutral":1,"negative":1},
		"top_positive":[{"username":"u","count":1}],"top_negative":[],"top_neutral":[],"duration":"65"}`, channel)
}

// saved saves an analysis and returns its id.
func (s *shelf) saved(t testing.TB, who, channel string) string {
	t.Helper()
	got := s.as(t, who, "POST", "/api/history/save", claims(channel))
	if got.status != 200 {
		t.Fatalf("saving: %d %s", got.status, got.body)
	}
	id, _ := got.object(t)["history_id"].(string)
	return id
}

var said = []string{"this is great, love it", "what time is it", "worst play ever, so bad", "nice one @viewer_0, well done"}

func TestSaveBody(t *testing.T) {
	s := keep(t, nil)
	body := func(change func(map[string]any)) string {
		m := map[string]any{}
		if err := json.Unmarshal([]byte(claims("alpha")), &m); err != nil {
			t.Fatal(err)
		}
		change(m)
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for _, field := range []string{"streamer_name", "total_chats", "sentiment_count", "top_positive", "top_negative", "top_neutral"} {
		s.as(t, "ann", "POST", "/api/history/save", body(func(m map[string]any) { delete(m, field) })).wantProblem(t, 400, "Missing required field: "+field)
		for _, wrong := range []any{map[string]any{"$ne": nil}, []any{1}, true, "x"} {
			if field == "streamer_name" && wrong == "x" {
				continue
			}
			got := s.as(t, "ann", "POST", "/api/history/save", body(func(m map[string]any) { m[field] = wrong }))
			if object, ok := wrong.(map[string]any); ok && field == "sentiment_count" && len(object) == 1 {
				continue // an object is right; what it holds besides is ignored
			}
			p := got.wantProblem(t, 422, field)
			if p["errors"] == nil {
				t.Errorf("%s = %v: no field is named", field, wrong)
			}
		}
	}
	s.as(t, "ann", "POST", "/api/history/save", body(func(m map[string]any) { m["streamer_name"] = " " })).wantProblem(t, 400, "streamer_name is empty")
	s.as(t, "ann", "POST", "/api/history/save", body(func(m map[string]any) { m["session_id"] = "nonsense" })).wantProblem(t, 400, "session_id names no analysis")
	s.as(t, "ann", "POST", "/api/history/save", body(func(m map[string]any) { m["sentiment_count"] = map[string]any{"positive": "many"} })).wantProblem(t, 422, "sentiment_count.positive")
	s.as(t, "ann", "POST", "/api/history/save", body(func(m map[string]any) { m["top_positive"] = []any{"ann"} })).wantProblem(t, 422, "top_positive")
	s.as(t, "ann", "POST", "/api/history/save", body(func(m map[string]any) { m["summary"] = strings.Repeat("x", 1_100_000) })).wantProblem(t, 413, "too large")
	s.as(t, "", "POST", "/api/history/save", claims("alpha")).wantProblem(t, 401, "Not authenticated")

	for name, test := range map[string]struct {
		change func(map[string]any)
		key    string
		want   any
	}{
		"duration as text":      {func(m map[string]any) { m["duration"] = "65" }, "duration", 65.0},
		"duration as fraction":  {func(m map[string]any) { m["duration"] = 65.9 }, "duration", 65.0},
		"duration as nonsense":  {func(m map[string]any) { m["duration"] = "an hour" }, "duration", 0.0},
		"duration as object":    {func(m map[string]any) { m["duration"] = map[string]any{"$gt": 1} }, "duration", 0.0},
		"duration as null":      {func(m map[string]any) { m["duration"] = nil }, "duration", 0.0},
		"no duration":           {func(m map[string]any) { delete(m, "duration") }, "duration", 0.0},
		"endless duration":      {func(m map[string]any) { m["duration"] = "1e300" }, "duration", 315360000.0},
		"chats as fraction":     {func(m map[string]any) { m["total_chats"] = 3.5 }, "total_chats", 3.0},
		"chats below zero":      {func(m map[string]any) { m["total_chats"] = -3 }, "total_chats", 0.0},
		"chats beyond counting": {func(m map[string]any) { m["total_chats"] = 1e300 }, "total_chats", 1e12},
		"a summary":             {func(m map[string]any) { m["summary"] = "as told" }, "summary", "as told"},
		"unknown keys":          {func(m map[string]any) { m["sentiment_count"] = map[string]any{"undefined": 7}; m["x"] = 1 }, "sentiment_count", map[string]any{"positive": 0.0, "neutral": 0.0, "negative": 0.0}},
		"ten of the most": {func(m map[string]any) {
			m["top_negative"] = slices.Repeat([]any{map[string]any{"username": "v", "count": 2}}, 10)
		}, "top_negative", slices.Repeat([]any{map[string]any{"username": "v", "count": 2.0}}, 5)},
	} {
		got := s.as(t, "bob", "POST", "/api/history/save", body(test.change))
		if got.status != 200 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
			continue
		}
		id, _ := got.object(t)["history_id"].(string)
		doc := s.as(t, "bob", "GET", "/api/history/"+id, "").object(t)
		if fmt.Sprint(doc[test.key]) != fmt.Sprint(test.want) {
			t.Errorf("%s: %s is %v, want %v", name, test.key, doc[test.key], test.want)
		}
	}
	for i := 0; ; i++ {
		got := s.as(t, "bob", "POST", "/api/history/save", claims(fmt.Sprint("room", i)))
		if got.status == 200 && i < 30 {
			continue
		}
		got.wantProblem(t, 403, "30 is the most that one user may keep")
		break
	}
}

// TestHistoryDocument checks the keys of the old system's document and of ours.
func TestHistoryDocument(t *testing.T) {
	s := keep(t, nil)
	old := []string{
		"_id", "user_id", "streamer_name", "total_chats", "sentiment_count", "top_positive", "top_negative", "top_neutral",
		"duration", "summary", "status", "created_at", "updated_at",
	}
	ann, err := s.people.Authenticate(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	legacy := &history.Entry{
		ID: account.NewID(now), UserID: ann.UserID, Channel: "Some Text", Counts: history.Counts{Total: 9, Positive: 9}, Seconds: 60,
		Status: history.StatusActive, CreatedAt: now, UpdatedAt: now,
	}
	if err := s.store.History().ImportEntry(t.Context(), legacy, nil); err != nil {
		t.Fatal(err)
	}
	s.chat("alpha", said...)
	live := s.saved(t, "ann", "alpha")
	claimed := s.saved(t, "ann", "beta")
	keys := func(id string) []string {
		var list []string
		for k := range s.as(t, "ann", "GET", "/api/history/"+id, "").object(t) {
			list = append(list, k)
		}
		slices.Sort(list)
		return list
	}
	want := func(more ...string) []string {
		list := append(slices.Clone(old), more...)
		slices.Sort(list)
		return list
	}
	for id, w := range map[string][]string{
		legacy.ID: want(),
		live:      want("origin", "session_id", "started_at", "ended_at", "mood", "summary_by", "has_report", "time_series", "client"),
		claimed:   want("origin", "summary_by", "client"),
	} {
		if got := keys(id); !slices.Equal(got, w) {
			t.Errorf("%s has the keys %v, want %v", id, got, w)
		}
	}
	doc := s.as(t, "ann", "GET", "/api/history/"+live, "").object(t)
	if doc["total_chats"] != 4.0 || doc["origin"] != "live" || !strings.HasSuffix(doc["created_at"].(string), "Z") {
		t.Errorf("the document is %v", doc)
	}
	var list []map[string]any
	got := s.as(t, "ann", "GET", "/api/history", "")
	if err := json.Unmarshal([]byte(got.body), &list); err != nil || len(list) != 3 || list[0]["client"] != nil || list[2]["_id"] != legacy.ID {
		t.Errorf("the list is %v: %s", err, got.body)
	}
	if s.as(t, "bob", "GET", "/api/history", "").body != "[]" || s.as(t, "bob", "GET", "/api/history/deleted", "").body != "[]" {
		t.Error("an empty list is no empty array")
	}
}

func TestHistoryPages(t *testing.T) {
	s := keep(t, nil)
	for i := range 7 {
		s.saved(t, "ann", fmt.Sprintf("room%d", i))
		s.pass(24 * time.Hour)
	}
	id := s.saved(t, "ann", "tagged")
	s.as(t, "ann", "PATCH", "/api/history/"+id, `{"name":"Grand Finals","tags":["Finals","Finals"]}`)
	for _, test := range []struct {
		query string
		want  string // channels
		total int
		pages int
	}{
		{"page=1", "tagged room6 room5 room4 room3 room2 room1 room0", 8, 1},
		{"page=2&limit=3", "room4 room3 room2", 8, 3},
		{"page=4&limit=3", "", 8, 3},
		{"page=2&limit=3&sort=channel&direction=asc", "room3 room4 room5", 8, 3},
		{"search=ROOM5", "room5", 1, 1},
		{"search=grand", "tagged", 1, 1},
		{"search=.*", "", 0, 0},
		{"search=%25", "", 0, 0},
		{"tag=Finals", "tagged", 1, 1},
		{"tag=finals", "", 0, 0},
		{"channel=room1", "room1", 1, 1},
		{"channel=Room1", "", 0, 0},
		{"from=2026-01-03&to=2026-01-05", "room4 room3 room2", 3, 1},
		{"from=2026-01-03T20:00:01Z&to=2026-01-05T20:00:00Z", "room3", 1, 1},
		{"from=2026-01-05&to=2026-01-05&tz=Pacific/Kiritimati", "room3", 1, 1},
		{"limit=1&sort=name&direction=desc", "tagged", 8, 8},
	} {
		got := s.as(t, "ann", "GET", "/api/history?"+test.query, "")
		var page struct {
			Items []struct {
				Name string `json:"streamer_name"`
			}
			Total, Pages, Page, Limit int
		}
		if err := json.Unmarshal([]byte(got.body), &page); err != nil {
			t.Fatalf("%s: %v in %s", test.query, err, got.body)
		}
		var names []string
		for _, item := range page.Items {
			names = append(names, item.Name)
		}
		if strings.Join(names, " ") != test.want || page.Total != test.total || page.Pages != test.pages || page.Items == nil {
			t.Errorf("%s: %v, %+v; want %q, %d in %d pages", test.query, names, page, test.want, test.total, test.pages)
		}
	}
	if got := s.as(t, "ann", "GET", "/api/history?tz=UTC&other=1", ""); got.body[0] != '[' {
		t.Errorf("without a parameter that asks for pages: %s", got.body)
	}
	for query, field := range map[string]string{
		"page=0": "query.page", "page=x": "query.page", "limit=201": "query.limit", "sort=password": "query.sort", "direction=up": "query.direction",
		"from=yesterday": "query.from", "to=2026-13-01": "query.to", "from=2026-02-01&to=2026-01-01": "query.to", "from=2026-01-01&tz=Local": "query.tz",
		"page=1&tz=../../etc/passwd": "query.tz", "page=1&tz=" + strings.Repeat("A", 65): "query.tz", "search=" + strings.Repeat("a", 101): "query.search",
	} {
		if p := s.as(t, "ann", "GET", "/api/history?"+query, "").wantProblem(t, 422, field); p["errors"] == nil {
			t.Errorf("%s: no field is named", query)
		}
	}
	if got := s.as(t, "ann", "GET", "/api/history/tags", ""); got.body != `{"tags":[{"name":"Finals","count":1}]}`+"\n" {
		t.Errorf("tags are %s", got.body)
	}
}

// TestOwnership asks for everything as everybody.
func TestOwnership(t *testing.T) {
	s := keep(t, nil)
	s.chat("alpha", said...)
	id := s.saved(t, "ann", "alpha")
	share := s.as(t, "ann", "POST", "/api/history/"+id+"/shares", `{"expires_in_hours":1}`).object(t)["share"].(map[string]any)["id"].(string)
	ann, err := s.people.Authenticate(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		method, path, body string
		owner, other       int
	}{
		{"GET", "/api/history/" + id, "", 200, 404},
		{"GET", "/api/history/" + id + "/data", "", 200, 404},
		{"GET", "/api/history/" + id + "/report?format=json", "", 200, 404},
		{"GET", "/api/history/" + id + "/pdf", "", 200, 404},
		{"GET", "/api/history/" + id + "/shares", "", 200, 404},
		{"POST", "/api/history/" + id + "/shares", `{"expires_in_hours":1}`, 200, 404},
		{"PATCH", "/api/history/" + id, `{"name":"mine"}`, 200, 404},
		{"POST", "/api/history/" + id + "/summary", `{"writer":"rules"}`, 200, 404},
		{"DELETE", "/api/history/" + id + "/shares/" + share, "", 200, 404},
		{"DELETE", "/api/history/" + id + "?permanent=true", "", 409, 404},
		{"DELETE", "/api/history/" + id, "", 200, 404},
		{"POST", "/api/history/" + id + "/restore", "", 200, 404},
	} {
		for _, who := range []string{"", "bob", "root", "nobody", "ann"} { // the owner last: it changes things
			got := s.as(t, who, test.method, test.path, test.body)
			want := test.other
			switch who {
			case "", "nobody":
				want = 401
			case "ann":
				want = test.owner
			}
			if got.status != want {
				t.Errorf("%s %s as %q: %d, want %d: %.200s", test.method, test.path, who, got.status, want, got.body)
			}
			if want == 404 && strings.Contains(got.body, "alpha") {
				t.Errorf("%s %s as %q shows something: %s", test.method, test.path, who, got.body)
			}
		}
	}
	for _, path := range []string{"/api/history", "/api/history/deleted", "/api/history/tags"} {
		if got := s.as(t, "bob", "GET", path, ""); got.status != 200 || strings.Contains(got.body, id) {
			t.Errorf("bob's %s: %d %s", path, got.status, got.body)
		}
	}

	// Administrators have a way of their own, which is logged.
	for path, want := range map[string]string{
		"users/" + ann.UserID + "/history":                      "root: Viewed another user's history: User: ann@example.org",
		"users/" + ann.UserID + "/history?page=1&sort=messages": "root: Viewed another user's history: User: ann@example.org",
		"users/" + ann.UserID + "/history?status=deleted":       "root: Viewed another user's history: User: ann@example.org",
		"history/" + id:           "root: Viewed another user's history: User: ann@example.org, Channel: alpha",
		"history/" + id + "/data": "root: Viewed another user's history: User: ann@example.org, Channel: alpha",
	} {
		s.as(t, "", "GET", "/api/admin/"+path, "").wantProblem(t, 401, "Not authenticated")
		s.as(t, "ann", "GET", "/api/admin/"+path, "").wantProblem(t, 403, "Admin privileges required")
		got := s.as(t, "root", "GET", "/api/admin/"+path, "")
		if got.status != 200 || s.people.last() != want {
			t.Errorf("%s: %d, noted %q, want %q", path, got.status, s.people.last(), want)
		}
		if strings.Contains(path, "deleted") == strings.Contains(got.body, `"alpha"`) {
			t.Errorf("%s shows %.300s", path, got.body)
		}
	}
	for _, user := range []string{"zzz", strings.Repeat("0", 24)} {
		s.as(t, "root", "GET", "/api/admin/users/"+user+"/history", "").wantProblem(t, 404, "User not found")
		s.as(t, "root", "GET", "/api/admin/history/"+user, "").wantProblem(t, 404, "History not found")
	}
}

func TestHistoryNotes(t *testing.T) {
	s := keep(t, nil)
	s.chat("alpha", said...)
	var id string
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() { id = s.saved(t, "ann", "alpha") }, "ann: Saved an Analysis: Channel: alpha, Messages: 4"},
		{func() { s.as(t, "ann", "GET", "/api/history/"+id, "") }, "ann: Viewed analysis: Channel: alpha"},
		{func() { s.as(t, "ann", "GET", "/api/history/"+id+"/pdf", "") }, "ann: Downloaded analysis PDF: Channel: alpha"},
		{func() { s.as(t, "ann", "DELETE", "/api/history/"+id, "") }, "ann: Downloaded analysis PDF: Channel: alpha"},
		{func() { s.as(t, "ann", "POST", "/api/history/"+id+"/restore", "") }, "ann: Restored analysis: Channel: alpha"},
	} {
		if step.do(); s.people.last() != step.want {
			t.Errorf("noted %q, want %q", s.people.last(), step.want)
		}
	}
}

func TestHistoryTexts(t *testing.T) {
	s := keep(t, nil)
	id := s.saved(t, "ann", "alpha")
	for _, other := range []string{"zzz", strings.Repeat("0", 24), "%00", strings.Repeat("f", 500)} {
		s.as(t, "ann", "GET", "/api/history/"+other, "").wantProblem(t, 404, "History not found")
		s.as(t, "ann", "DELETE", "/api/history/"+other, "").wantProblem(t, 404, "Failed to delete history or history not found")
		s.as(t, "ann", "DELETE", "/api/history/"+other+"?permanent=true", "").wantProblem(t, 404, "Failed to delete history or history not found")
		s.as(t, "ann", "POST", "/api/history/"+other+"/restore", "").wantProblem(t, 404, "Failed to restore history or history not found")
		s.as(t, "ann", "GET", "/api/history/"+other+"/pdf", "").wantProblem(t, 404, "History not found")
	}
	s.as(t, "ann", "GET", "/api/history/"+id+"/data", "").wantProblem(t, 404, "only the figures were kept")
	s.as(t, "ann", "PATCH", "/api/history/"+id, `{}`).wantProblem(t, 400, "No data provided")
	s.as(t, "ann", "PATCH", "/api/history/"+id, `{"name":{"$ne":1}}`).wantProblem(t, 422, "body.name")
	s.as(t, "ann", "PATCH", "/api/history/"+id, `{"tags":"x"}`).wantProblem(t, 422, "body.tags")
	s.as(t, "ann", "PATCH", "/api/history/"+id, `{"name":"`+strings.Repeat("x", 121)+`"}`).wantProblem(t, 400, "name is too long")
	s.as(t, "ann", "POST", "/api/history/"+id+"/summary", `{"writer":"me"}`).wantProblem(t, 422, "body.writer")
	s.as(t, "ann", "POST", "/api/history/"+id+"/summary", `{"writer":"model"}`).wantProblem(t, 409, "LLM_URL")
	s.as(t, "ann", "POST", "/api/history/"+id+"/shares", `{}`).wantProblem(t, 422, "expires_in_hours")
	s.as(t, "ann", "POST", "/api/history/"+id+"/shares", `{"expires_in_hours":8761}`).wantProblem(t, 422, "expires_in_hours")
	s.as(t, "ann", "POST", "/api/history/"+id+"/shares", `{"expires_in_hours":1,"chatters":"initials"}`).wantProblem(t, 422, "body.chatters")
	s.as(t, "ann", "DELETE", "/api/history/"+id+"/shares/zzz", "").wantProblem(t, 404, "Link not found")
	for query, field := range map[string]string{
		"format=doc": "query.format", "paper=a5": "query.paper", "chatters=initials": "query.chatters", "format=csv&section=all": "query.section", "tz=Mars/Olympus": "query.tz", "tz=Local": "query.tz",
	} {
		s.as(t, "ann", "GET", "/api/history/"+id+"/report?"+query, "").wantProblem(t, 422, field)
	}
	got := s.as(t, "ann", "DELETE", "/api/history/"+id, "")
	if again := s.as(t, "ann", "DELETE", "/api/history/"+id, ""); got.body != again.body || !strings.Contains(got.body, "History deleted successfully") {
		t.Errorf("deleted: %s, %s", got.body, again.body)
	}
	if got := s.as(t, "ann", "POST", "/api/history/"+id+"/restore", "").object(t); got["message"] != "History restored successfully" || got["_id"] != id || got["status"] != "active" {
		t.Errorf("restored: %v", got)
	}
	s.as(t, "ann", "DELETE", "/api/history/"+id, "")
	if got := s.as(t, "ann", "DELETE", "/api/history/"+id+"?permanent=true", ""); got.status != 200 || s.as(t, "ann", "GET", "/api/history/deleted", "").body != "[]" {
		t.Errorf("removed: %d %s", got.status, got.body)
	}
}

func TestReports(t *testing.T) {
	s := keep(t, nil)
	s.chat("alpha", slices.Repeat(said, 30)...)
	live, claimed := s.saved(t, "ann", "alpha"), s.saved(t, "ann", "=HYPERLINK(1)")
	for _, id := range []string{live, claimed} {
		for _, format := range report.Formats() {
			got := s.as(t, "ann", "GET", "/api/history/"+id+"/report?tz=Europe/Berlin&format="+string(format), "")
			name := "chat_analysis_" + id + format.Extension()
			if got.status != 200 || got.header.Get("Content-Type") != format.ContentType() || got.header.Get("Content-Disposition") != `attachment; filename="`+name+`"` {
				t.Errorf("%s: %d, %v: %.200s", format, got.status, got.header, got.body)
			}
			if format == report.CSV && strings.Contains(got.body, "\n=HYPERLINK") {
				t.Errorf("a formula is in the table: %s", got.body)
			}
		}
	}
	got := s.as(t, "ann", "GET", "/api/history/"+live+"/pdf?paper=letter&chatters=pseudonyms", "")
	if got.status != 200 || got.header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(got.body, "%PDF-") || !strings.Contains(got.header.Get("Content-Disposition"), "chat_analysis_"+live+".pdf") {
		t.Errorf("the PDF: %d %v", got.status, got.header)
	}
	tag := got.header.Get("Etag")
	if again := s.as(t, "ann", "GET", "/api/history/"+live+"/pdf?paper=letter&chatters=pseudonyms", "", "If-None-Match: "+tag); again.status != 304 || again.body != "" || again.header.Get("Etag") != tag {
		t.Errorf("asked again: %d, %d bytes", again.status, len(again.body))
	}
	if other := s.as(t, "ann", "GET", "/api/history/"+live+"/pdf", "", "If-None-Match: "+tag); other.status != 200 {
		t.Errorf("another form: %d", other.status)
	}
	s.pass(time.Second)
	s.as(t, "ann", "PATCH", "/api/history/"+live, `{"name":"new"}`)
	if changed := s.as(t, "ann", "GET", "/api/history/"+live+"/pdf?paper=letter&chatters=pseudonyms", "", "If-None-Match: "+tag); changed.status != 200 {
		t.Errorf("after a change: %d", changed.status)
	}
	data := s.as(t, "ann", "GET", "/api/history/"+live+"/data", "")
	var r analysis.Report
	if err := json.Unmarshal([]byte(data.body), &r); err != nil || r.Snapshot.Counts.Total != 120 || data.header.Get("Cache-Control") != "private, no-cache" {
		t.Errorf("the data: %v, %d messages, %v", err, r.Snapshot.Counts.Total, data.header)
	}
	if again := s.as(t, "ann", "GET", "/api/history/"+live+"/data", "", "If-None-Match: "+data.header.Get("Etag")); again.status != 304 {
		t.Errorf("the data again: %d", again.status)
	}
}

// slowHistory holds up reports until it is let go.
type slowHistory struct {
	httpapi.History
	entered chan struct{}
	leave   chan struct{}
}

func (h *slowHistory) Input(ctx context.Context, e *history.Entry) (report.Input, error) {
	h.entered <- struct{}{}
	select {
	case <-h.leave:
	case <-ctx.Done():
	}
	return h.History.Input(ctx, e)
}

// TestReportsAtOnce: only a few reports are written at a time, and deleting what
// is being written does no harm.
func TestReportsAtOnce(t *testing.T) {
	slow := &slowHistory{entered: make(chan struct{}, 100), leave: make(chan struct{})}
	s := keep(t, func(cfg *httpapi.Config) { slow.History = cfg.History; cfg.History = slow })
	id := s.saved(t, "ann", "alpha")
	places := httpapi.ReportPlaces(s.api)
	answers := make(chan answer, places)
	for range places {
		go func() { answers <- s.as(t, "ann", "GET", "/api/history/"+id+"/report?format=text", "") }()
	}
	for range places {
		<-slow.entered
	}
	got := s.as(t, "ann", "GET", "/api/history/"+id+"/report?format=text", "")
	got.wantProblem(t, 503, "Too many reports")
	if got.header.Get("Retry-After") == "" {
		t.Error("there is no Retry-After")
	}
	s.as(t, "ann", "DELETE", "/api/history/"+id, "")
	s.as(t, "ann", "DELETE", "/api/history/"+id+"?permanent=true", "")
	close(slow.leave)
	for range places {
		if got := <-answers; got.status != 200 || !strings.Contains(got.body, "alpha") {
			t.Errorf("a report that was deleted meanwhile: %d %s", got.status, got.body)
		}
	}
}

func TestShared(t *testing.T) {
	s := keep(t, func(cfg *httpapi.Config) { cfg.FrontendURL = "https://mood.example" })
	s.chat("alpha", slices.Repeat(said, 30)...)
	id := s.saved(t, "ann", "alpha")
	s.as(t, "ann", "PATCH", "/api/history/"+id, `{"name":"Finals with @viewer_3","note":"secret plans","tags":["inner circle"]}`)
	link := func(chatters string) (token, share string) {
		got := s.as(t, "ann", "POST", "/api/history/"+id+"/shares", `{"expires_in_hours":2,"chatters":"`+chatters+`"}`)
		o := got.object(t)
		token, _ = o["token"].(string)
		if got.status != 200 || o["link"] != "https://mood.example/shared/"+token || len(token) != 43 || got.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("shared: %d %s", got.status, got.body)
		}
		share, _ = o["share"].(map[string]any)["id"].(string)
		return token, share
	}
	for _, chatters := range []string{"names", "pseudonyms", "none"} {
		token, _ := link(chatters)
		for _, path := range []string{"", "/data", "/report?format=html", "/report?format=csv&section=chatters", "/report?format=json&chatters=names", "/report?format=md&chatters=none"} {
			got := s.as(t, "", "GET", "/api/shared/"+token+path, "")
			if got.status != 200 || got.header.Get("Referrer-Policy") != "no-referrer" || got.header.Get("X-Robots-Tag") != "noindex" || !strings.Contains(got.header.Get("Cache-Control"), "private") {
				t.Errorf("%s%s: %d %v", chatters, path, got.status, got.header)
			}
			for _, secret := range []string{"secret plans", "inner circle", id, "ann@"} {
				if strings.Contains(got.body, secret) {
					t.Errorf("%s%s shows %q", chatters, path, secret)
				}
			}
			named := strings.Contains(strings.ToLower(got.body), "viewer_")
			if chatters != "names" && named {
				t.Errorf("%s%s names people: %.600s", chatters, path, got.body)
			}
			if chatters == "names" && named == strings.HasSuffix(path, "chatters=none") {
				t.Errorf("%s%s: people are named: %v", chatters, path, named)
			}
		}
		got := s.as(t, "", "GET", "/api/shared/"+token, "").object(t)
		top, _ := got["top_positive"].([]any)
		if got["streamer_name"] != "alpha" || got["total_chats"] != 120.0 || got["chatters"] != chatters || got["summary"] == "" {
			t.Errorf("%s: %v", chatters, got)
		}
		if (len(top) == 0) != (chatters == "none") {
			t.Errorf("%s: top_positive is %v", chatters, top)
		}
		if chatters == "pseudonyms" && !strings.HasPrefix(top[0].(map[string]any)["username"].(string), "Chatter ") {
			t.Errorf("pseudonyms are %v", top)
		}
		if strings.Contains(s.log.String(), token) {
			t.Errorf("the log holds a token:\n%s", s.log)
		}
	}
	// Views are counted, of the page and not of what it loads.
	for _, share := range s.as(t, "ann", "GET", "/api/history/"+id+"/shares", "").object(t)["shares"].([]any) {
		if views := share.(map[string]any)["views"]; views != 2.0 {
			t.Errorf("a link has %v views, want 2: %v", views, share)
		}
	}
	// Gone is gone, and nobody learns why.
	token, share := link("names")
	gone := func(token string) {
		t.Helper()
		for _, path := range []string{"", "/data", "/report?format=text"} {
			s.as(t, "", "GET", "/api/shared/"+token+path, "").wantProblem(t, 404, "This link does not exist, has expired or was revoked")
		}
	}
	if got := s.as(t, "ann", "DELETE", "/api/history/"+id+"/shares/"+share, ""); got.status != 200 {
		t.Errorf("revoked: %d %s", got.status, got.body)
	}
	gone(token)
	gone(strings.Repeat("A", 43))
	gone("nonsense")
	expiring, _ := link("names")
	s.pass(2 * time.Hour)
	gone(expiring)
	fresh, _ := link("none")
	s.as(t, "ann", "DELETE", "/api/history/"+id, "")
	gone(fresh)

	// What only a browser claimed can be shared as well.
	s.pass(time.Hour) // for the limit of the address
	claimed := s.saved(t, "ann", "beta")
	got := s.as(t, "ann", "POST", "/api/history/"+claimed+"/shares", `{"expires_in_hours":2,"chatters":"pseudonyms"}`).object(t)
	token, _ = got["token"].(string)
	shared := s.as(t, "", "GET", "/api/shared/"+token, "").object(t)
	if top, _ := shared["top_positive"].([]any); len(top) != 1 || top[0].(map[string]any)["username"] != "Chatter 1" || shared["total_chats"] != 3.0 {
		t.Errorf("a claim is shared as %v", shared)
	}
	s.as(t, "", "GET", "/api/shared/"+token+"/data", "").wantProblem(t, 404, "only the figures were kept")

	limited := false
	for range 200 {
		if got := s.as(t, "", "GET", "/api/shared/"+strings.Repeat("B", 43), ""); got.status == 429 {
			limited = got.header.Get("Retry-After") != ""
			break
		}
	}
	if !limited {
		t.Error("links can be tried without end")
	}
}

// TestSharedAddress: without FRONTEND_URL a link leads to where the request went.
func TestSharedAddress(t *testing.T) {
	s := keep(t, nil)
	id := s.saved(t, "ann", "alpha")
	got := s.as(t, "ann", "POST", "/api/history/"+id+"/shares", `{"expires_in_hours":2}`, "Host: mood.test", "X-Forwarded-Proto: https").object(t)
	if want := "https://mood.test/shared/" + got["token"].(string); got["link"] != want {
		t.Errorf("the link is %v, want %s", got["link"], want)
	}
}

func TestHistoryStoreAway(t *testing.T) {
	s := keep(t, nil)
	s.chat("alpha", said...)
	id := s.saved(t, "ann", "alpha")
	s.setAway(true)
	for _, test := range []struct{ method, path, body string }{
		{"POST", "/api/history/save", claims("beta")},
		{"GET", "/api/history", ""},
		{"GET", "/api/history/" + id, ""},
		{"GET", "/api/history/" + id + "/pdf", ""},
		{"GET", "/api/history/" + id + "/data", ""},
		{"PATCH", "/api/history/" + id, `{"name":"x"}`},
		{"POST", "/api/history/" + id + "/shares", `{"expires_in_hours":1}`},
		{"POST", "/api/history/import", "[2026-01-31 20:00:12] #gamma ann: hello\n"},
	} {
		got := s.as(t, "ann", test.method, test.path, test.body)
		got.wantProblem(t, 503, "The database cannot be reached")
		if got.header.Get("Retry-After") == "" || strings.Contains(got.body, "secret") {
			t.Errorf("%s %s: %v %s", test.method, test.path, got.header, got.body)
		}
	}
	s.setAway(false)
	var list []map[string]any
	if err := json.Unmarshal([]byte(s.as(t, "ann", "GET", "/api/history", "").body), &list); err != nil || len(list) != 1 {
		t.Errorf("half saved: %v, %v", list, err)
	}
}

func logLines(n int, channels ...string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "[2026-01-31 20:%02d:%02d] #%s viewer_%d: %s\n", i/60%60, i%60, channels[i%len(channels)], i%7, said[i/len(channels)%4])
	}
	return b.String()
}

func form(t testing.TB, fields map[string]string, name, content string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	if name != "" {
		part, err := w.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(part, content)
	}
	w.Close()
	return b.String(), w.FormDataContentType()
}

func zipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

func TestImport(t *testing.T) {
	s := keep(t, nil)
	post := func(path, body string, headers ...string) answer {
		t.Helper()
		s.pass(time.Minute) // for the limit of the address
		return s.as(t, "ann", "POST", "/api/history/import"+path, body, headers...)
	}
	log := logLines(40, "alpha")
	formed, formType := form(t, map[string]string{"channel": "renamed", "format": "justlog-text", "other": "x"}, `C:\logs\alpha.log`, log)
	bare, bareType := form(t, map[string]string{"channel": "alpha"}, "", "")
	for _, test := range []struct {
		name, path, body string
		headers          []string
		channel          string // of the document
		total            float64
		status           int // of a refusal
		text             string
	}{
		{"plain", "", log, nil, "alpha", 40, 0, ""},
		{"octets", "?format=auto", log, []string{"Content-Type: application/octet-stream"}, "alpha", 40, 0, ""},
		{"gzip", "", zipped(t, log), nil, "alpha", 40, 0, ""},
		{"cut gzip", "", zipped(t, strings.Repeat(log, 500))[:1000], nil, "alpha", -1, 0, ""},
		{"a form", "", formed, []string{"Content-Type: " + formType}, "renamed", 40, 0, ""},
		{"one of two", "?channel=Beta", logLines(40, "alpha", "beta"), nil, "beta", 20, 0, ""},
		{"two", "", logLines(40, "alpha", "beta"), nil, "", 0, 422, "chat of several channels (alpha, beta)"},
		{"none of two", "?channel=gamma", logLines(40, "alpha", "beta"), nil, "", 0, 422, "nothing of gamma"},
		{"channel from the name", "?name=alpha-2026-01-31.log", "[20:00:12] ann: hello\n", nil, "alpha", 1, 0, ""},
		{"no channel", "", "[20:00:12] ann: hello\n", nil, "", 0, 422, "does not tell its channel"},
		{"no channel, named", "?channel=alpha&tz=Europe/Berlin", "[20:00:12] ann: hello\n", nil, "alpha", 1, 0, ""},
		{"unknown format", "?format=morse", log, nil, "", 0, 422, "query.format"},
		{"other format", "?format=twitchdownloader-json", log, nil, "", 0, 422, ""},
		{"bad channel", "?channel=no%20name", log, nil, "", 0, 422, "query.channel"},
		{"bad zone", "?tz=Mars", log, nil, "", 0, 422, "query.tz"},
		{"empty", "", "", nil, "", 0, 422, "an empty file"},
		{"garbage", "", strings.Repeat("\x00\xff\x17binary", 1000), nil, "", 0, 422, "not a chat log"},
		{"a page", "", "<!doctype html><p>hello", nil, "", 0, 422, "not a chat log"},
		{"a log of nothing", "?channel=alpha", "# Start logging at 2026-01-31 20:00:00 UTC\n", nil, "", 0, 422, "holds no messages"},
		{"a form without a file", "", bare, []string{"Content-Type: " + bareType}, "", 0, 422, "the form holds no file"},
		{"a form that breaks off", "", formed[:len(formed)-30], []string{"Content-Type: " + formType}, "", 0, 400, "broke off"},
		{"no form", "", log, []string{"Content-Type: multipart/form-data; boundary=x"}, "", 0, 422, "the form holds no file"},
		{"no boundary", "", log, []string{"Content-Type: multipart/form-data"}, "", 0, 422, ""},
		{"long line", "?channel=alpha", "[2026-01-31 20:00:12] #alpha ann: hi\n[2026-01-31 20:00:13] #alpha ann: " + strings.Repeat("x", 2<<20) + "\n", nil, "alpha", 1, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := s.as(t, "ann", "GET", "/api/history", "").body
			got := post(test.path, test.body, test.headers...)
			if test.status != 0 {
				got.wantProblem(t, test.status, test.text)
				if after := s.as(t, "ann", "GET", "/api/history", "").body; after != before {
					t.Error("something was saved")
				}
				return
			}
			if got.status != 200 {
				t.Fatalf("%d %s", got.status, got.body)
			}
			doc := got.object(t)
			if doc["streamer_name"] != test.channel || test.total >= 0 && doc["total_chats"] != test.total || doc["origin"] != "upload" || doc["has_report"] != true {
				t.Errorf("saved as %s", got.body)
			}
			source, _ := doc["source"].(map[string]any)
			if source["truncated"] != (test.name == "cut gzip") || (test.name == "long line") != (source["problem_count"] == 1.0) && test.name != "cut gzip" {
				t.Errorf("the source is %v", source)
			}
			id, _ := doc["_id"].(string)
			if again := s.as(t, "ann", "GET", "/api/history/"+id, ""); again.status != 200 {
				t.Errorf("the document: %d", again.status)
			}
			if s.people.last() == "" {
				t.Error("nothing was noted")
			}
			s.as(t, "ann", "DELETE", "/api/history/"+id, "")
			s.as(t, "ann", "DELETE", "/api/history/"+id+"?permanent=true", "")
		})
	}
	s.as(t, "", "POST", "/api/history/import", log).wantProblem(t, 401, "Not authenticated")
	s.do(t, "POST", "/api/history/import", log, "Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Cookie: chatmood_token=ann").wantProblem(t, 403, "another site")

	limited := false
	for range 20 {
		if got := s.as(t, "ann", "POST", "/api/history/import", "", ""); got.status == 429 {
			limited = got.header.Get("Retry-After") != ""
			break
		}
	}
	if !limited {
		t.Error("logs can be sent without end")
	}
}

// TestImportBreaksOff: who goes away in the middle leaves nothing behind, whether
// what came was packed or not, and takes no place from others.
func TestImportBreaksOff(t *testing.T) {
	s := keep(t, nil)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	log := strings.Repeat(logLines(600, "alpha"), 10)
	for name, body := range map[string]string{"plain": log, "gzip": zipped(t, log)} {
		conn, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST /api/history/import HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer ann\r\nContent-Length: %d\r\n\r\n%s", u.Host, len(body), body[:len(body)-10])
		for s.api != nil && httpapi.Importing(s.api) == 0 { // it has begun
			time.Sleep(time.Millisecond)
		}
		busy := s.as(t, "ann", "POST", "/api/history/import", log)
		busy.wantProblem(t, 503, "Another log of yours")
		conn.Close()
		deadline := time.Now().Add(10 * time.Second)
		for httpapi.Importing(s.api) > 0 {
			if time.Now().After(deadline) {
				t.Fatalf("%s: it still has its place", name)
			}
			time.Sleep(time.Millisecond)
		}
		s.pass(time.Minute)
		if got := s.as(t, "ann", "GET", "/api/history", ""); got.body != "[]" {
			t.Errorf("%s: something was saved: %s", name, got.body)
		}
	}
}

// TestImportSlow: a log that does not come is not waited for.
func TestImportSlow(t *testing.T) {
	if err := httpapi.TooSlow(t.Context()); err == nil {
		t.Error("a body of a byte a second is read to the end")
	}
}

// BenchmarkImport sends a log of 100 MB.
func BenchmarkImport(b *testing.B) {
	s := keep(b, nil)
	log := strings.Repeat(logLines(3600, "alpha"), 500)
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		s.pass(time.Hour)
		if got := s.as(b, "ann", "POST", "/api/history/import", log); got.status != 200 {
			b.Fatalf("%d %s", got.status, got.body)
		}
	}
}
