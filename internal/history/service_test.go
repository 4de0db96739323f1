package history_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/history"
	"chatmood/internal/report"
	"chatmood/internal/sentiment"
	"chatmood/internal/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is when the tests happen.
var start = time.Date(2026, 1, 1, 20, 0, 0, 0, time.UTC)

// world is a service on a real database, with analyses of chat that the test writes.
type world struct {
	t       *testing.T
	service *history.Service
	store   *sqlite.Store
	engine  *sentiment.Engine
	model   func(report.Input) (report.Summary, error)

	mu      sync.Mutex
	now     time.Time
	running map[string]*analysis.Session
	usage   account.Usage
	away    error // of the store
}

// users are the accounts of the store.
type users struct{ *world }

func (u users) User(ctx context.Context, id string) (*account.User, error) {
	if err := u.gone(); err != nil {
		return nil, err
	}
	return u.store.Accounts().User(ctx, id)
}

func (u users) Note(ctx context.Context, id account.Identity, activity, details string) error {
	return u.store.Accounts().AppendLog(ctx, account.Activity{
		ID: account.NewID(u.time()), UserID: id.UserID, UserName: id.Name(), Activity: activity, Details: details, CreatedAt: u.time(),
	})
}

func (w *world) gone() error          { w.mu.Lock(); defer w.mu.Unlock(); return w.away }
func (w *world) setAway(err error)    { w.mu.Lock(); defer w.mu.Unlock(); w.away = err }
func (w *world) time() time.Time      { w.mu.Lock(); defer w.mu.Unlock(); return w.now }
func (w *world) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.now = w.now.Add(d) }

// Report implements history.Running.
func (w *world) Report(channel string) (analysis.Finished, bool, error) {
	now := w.time()
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.running[channel]
	if s == nil {
		return analysis.Finished{}, false, nil
	}
	return w.finished(s, now), true, nil
}

func (w *world) finished(s *analysis.Session, at time.Time) analysis.Finished {
	snap := s.Snapshot(at, 100)
	data, err := json.Marshal(analysis.Report{Snapshot: snap, Timeline: s.Timeline(time.Time{}, time.Time{}, 0)})
	if err != nil {
		w.t.Fatal(err)
	}
	return analysis.Finished{
		SessionID: snap.ID, Channel: snap.Channel, StartedAt: snap.StartedAt, EndedAt: at, Counts: snap.Counts, Mood: snap.Mood.All, Report: data,
	}
}

// awayStore is a store that can be away.
type awayStore struct {
	history.Store
	w *world
}

func (s awayStore) Create(ctx context.Context, e *history.Entry, data []byte) error {
	if err := s.w.gone(); err != nil {
		return err
	}
	return s.Store.Create(ctx, e, data)
}

func open(t *testing.T, change func(*history.Config)) *world {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{t: t, store: store, engine: sentiment.New(), now: start, running: map[string]*analysis.Session{}}
	cfg := history.Config{
		Store: awayStore{store.History(), w}, Running: w, Sessions: store, Accounts: users{w}, Now: w.time,
		Count: func(_ context.Context, u account.Usage) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.usage.Saved += u.Saved
		},
	}
	if change != nil {
		change(&cfg)
	}
	if w.service, err = history.NewService(cfg); err != nil {
		t.Fatal(err)
	}
	return w
}

// user adds a user and returns the id.
func (w *world) user(name string, autoSave bool) string {
	w.t.Helper()
	u := &account.User{
		ID: account.NewID(w.time()), Email: name + "@example.org", FirstName: name, LastName: "Vale", Role: account.RoleUser,
		Status: account.StatusActive, AutoSave: autoSave, CreatedAt: w.time(), UpdatedAt: w.time(),
	}
	if err := w.store.Accounts().CreateUser(w.t.Context(), u); err != nil {
		w.t.Fatal(err)
	}
	return u.ID
}

// chat writes in a channel that is being analysed, one line a second.
func (w *world) chat(channel string, lines ...string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.running[channel]
	if s == nil {
		s = analysis.New(account.NewID(w.now), channel, w.now, analysis.Options{IsEmote: w.engine.IsEmote})
		w.running[channel] = s
	}
	for i, line := range lines {
		w.now = w.now.Add(time.Second)
		m := chat.Message{
			ID: fmt.Sprint(channel, w.now.UnixNano(), i), Channel: channel, Time: w.now, Text: line,
			Login: fmt.Sprintf("viewer_%d", i%7),
		}
		var score sentiment.Score
		w.engine.Score(&score, m.Text, nil)
		s.Add(&m, &score)
	}
}

// end ends the analysis of a channel; stored tells whether the store has it already.
func (w *world) end(channel string, stored bool) analysis.Finished {
	w.t.Helper()
	w.mu.Lock()
	s := w.running[channel]
	delete(w.running, channel)
	now := w.now
	s.Stop(now)
	f := w.finished(s, now)
	w.mu.Unlock()
	if stored {
		if err := w.store.FinishSession(w.t.Context(), f); err != nil {
			w.t.Fatal(err)
		}
	}
	return f
}

func (w *world) save(user string, c history.Claim) *history.Entry {
	w.t.Helper()
	e, err := w.service.Save(w.t.Context(), user, c)
	if err != nil {
		w.t.Fatalf("saving: %v", err)
	}
	return e
}

func (w *world) list(user string, status history.Status) []*history.Entry {
	w.t.Helper()
	page, err := w.service.List(w.t.Context(), history.Query{UserID: user, Status: status})
	if err != nil {
		w.t.Fatal(err)
	}
	return page.Entries
}

func claim(channel string) history.Claim {
	return history.Claim{
		Channel: channel, Counts: history.Counts{Total: 1000, Positive: 900, Neutral: 90, Negative: 10},
		TopPositive: []history.Chatter{{Username: "me", Count: 900}}, Seconds: 60, Summary: "I won",
		TimeSeries: json.RawMessage(`[{"x":1767297600000,"y":1,"sentiment":"positive"}]`),
	}
}

// refused checks an error for people.
func refused(t *testing.T, err error, kind account.Kind, text string) {
	t.Helper()
	e := account.AsError(err)
	if e == nil || e.Kind != kind || !strings.Contains(e.Message, text) {
		t.Errorf("the error is %v, want kind %d with %q", err, kind, text)
	}
}

var lines = []string{"this is great, love it", "what time is it", "worst play ever, so bad", "nice one, well done"}

func TestSaveOwnFigures(t *testing.T) {
	for _, test := range []struct {
		name  string
		at    func(w *world) // what happened to the analysis before the save
		ours  bool
		after func(w *world)
	}{
		{"runs", func(*world) {}, true, nil},
		{"ended, and the store does not have it yet", func(w *world) { w.service.Finished(w.end("alpha", false)) }, true, nil},
		{"ended", func(w *world) { w.end("alpha", true) }, true, nil},
		{"ended 29 minutes ago", func(w *world) { w.end("alpha", true); w.pass(29 * time.Minute) }, true, nil},
		{"ended 30 minutes ago", func(w *world) {
			w.service.Finished(w.end("alpha", true))
			w.pass(30 * time.Minute)
		}, false, nil},
		{"another channel's", func(w *world) { w.chat("beta", "hello"); w.end("alpha", true); w.pass(time.Hour) }, false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := open(t, nil)
			ann := w.user("ann", false)
			w.chat("alpha", lines...)
			test.at(w)
			e := w.save(ann, claim("https://www.twitch.tv/ALPHA"))
			got, err := w.service.Get(t.Context(), ann, e.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got.Channel != "alpha" || got.Status != history.StatusActive || got.UserID != ann || !json.Valid(got.Client) {
				t.Errorf("saved as %+v", got)
			}
			want := history.Counts{Total: 4, Positive: 2, Neutral: 1, Negative: 1}
			if !test.ours {
				want = claim("").Counts
			}
			if got.Counts != want {
				t.Errorf("counts are %+v, want %+v", got.Counts, want)
			}
			if !test.ours {
				if got.Origin != history.OriginClient || got.Summary != "I won" || got.SummaryBy != "" || got.HasReport || got.TopPositive[0].Username != "me" {
					t.Errorf("the claim was saved as %+v", got)
				}
				return
			}
			if got.Origin != history.OriginLive || !got.HasReport || got.SummaryBy != history.ByRules || strings.Contains(got.Summary, "won") || got.Mood == nil {
				t.Errorf("our figures were saved as %+v", got)
			}
			if diff := cmp.Diff([]history.Chatter{{Username: "viewer_0", Count: 1}, {Username: "viewer_3", Count: 1}}, got.TopPositive); diff != "" {
				t.Errorf("top_positive (-want +got):\n%s", diff)
			}
			var client struct {
				Total int `json:"total_chats"`
			}
			if err := json.Unmarshal(got.Client, &client); err != nil || client.Total != 1000 {
				t.Errorf("the claim is kept as %s", got.Client)
			}
			data, err := w.service.Data(t.Context(), got)
			var r analysis.Report
			if err != nil || json.Unmarshal(data, &r) != nil || r.Snapshot.Counts.Total != 4 || len(r.Timeline.Buckets) == 0 {
				t.Errorf("the report is %.200s, %v", data, err)
			}
			var points []struct {
				X         int64
				Y         float64
				Sentiment string
			}
			if err := json.Unmarshal(got.TimeSeries, &points); err != nil || len(points) != 3 || points[0].X != start.UnixMilli() || points[0].Y != 0.5 {
				t.Errorf("the older system's course is %s", got.TimeSeries)
			}
		})
	}
}

func TestSaveBySession(t *testing.T) {
	w := open(t, nil)
	ann := w.user("ann", false)
	w.chat("alpha", lines...)
	first := w.end("alpha", true)
	w.pass(24 * time.Hour)
	w.chat("alpha", "a new stream")
	c := claim("alpha")
	if e := w.save(ann, c); e.Counts.Total != 1 {
		t.Errorf("without a session the running one counts: %+v", e.Counts)
	}
	c.SessionID = first.SessionID
	if e := w.save(ann, c); e.Counts.Total != 4 || e.SessionID != first.SessionID {
		t.Errorf("the session of yesterday: %+v", e)
	}
	for _, session := range []string{"nonsense", strings.Repeat("0", 24)} {
		c.SessionID = session
		_, err := w.service.Save(t.Context(), ann, c)
		refused(t, err, account.KindInvalid, "session_id names no analysis of alpha")
	}
	c = claim("beta")
	c.SessionID = first.SessionID
	_, err := w.service.Save(t.Context(), ann, c)
	refused(t, err, account.KindInvalid, "session_id names no analysis of beta")
}

func TestSaveAgain(t *testing.T) {
	w := open(t, nil)
	ann, bob := w.user("ann", false), w.user("bob", false)
	w.chat("alpha", lines...)
	e := w.save(ann, claim("alpha"))
	name, tags := "Finals", []string{"finals"}
	if _, err := w.service.Update(t.Context(), ann, e.ID, history.Changes{Name: &name, Tags: &tags}); err != nil {
		t.Fatal(err)
	}
	w.chat("alpha", lines...)
	again := w.save(ann, claim("alpha"))
	if again.ID != e.ID || again.Counts.Total != 8 || again.Name != name || !again.CreatedAt.Equal(e.CreatedAt) {
		t.Errorf("saved again as %+v", again)
	}
	if other := w.save(bob, claim("alpha")); other.ID == e.ID {
		t.Error("another user's save is the same entry")
	}
	w.service.Finished(w.end("alpha", true))
	if ended := w.save(ann, claim("alpha")); ended.ID != e.ID {
		t.Error("after the end it is another entry")
	}
	got, err := w.service.Get(t.Context(), ann, e.ID)
	if err != nil || got.Counts.Total != 8 || got.Name != name || !slices.Equal(got.Tags, tags) {
		t.Errorf("stored as %+v, %v", got, err)
	}
	// What is in the archive stays as it is.
	if err := w.service.Archive(t.Context(), ann, e.ID); err != nil {
		t.Fatal(err)
	}
	if fresh := w.save(ann, claim("alpha")); fresh.ID == e.ID || fresh.Name != "" {
		t.Errorf("an archived entry was saved anew: %+v", fresh)
	}
	if w.usage.Saved != 3 {
		t.Errorf("%d analyses were counted as saved, want 3", w.usage.Saved)
	}
}

// Several servers save one analysis at the same moment, by themselves and by hand.
func TestSaveOnManyServers(t *testing.T) {
	var cfg history.Config
	w := open(t, func(c *history.Config) { cfg = *c })
	ann := w.user("ann", true)
	servers := []*history.Service{w.service}
	for range 3 {
		another, err := history.NewService(cfg)
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, another)
	}
	for round := range 10 {
		channel := fmt.Sprint("room", round)
		w.chat(channel, lines...)
		f := w.end(channel, true)
		var wg sync.WaitGroup
		for i := range 3 * len(servers) {
			s := servers[i%len(servers)]
			wg.Go(func() {
				if i%3 == 0 {
					if _, err := s.Save(t.Context(), ann, claim(channel)); err != nil {
						t.Errorf("saving: %v", err)
					}
				} else if err := s.AutoSave(t.Context(), ann, f); err != nil {
					t.Errorf("saving by itself: %v", err)
				}
			})
		}
		wg.Wait()
	}
	if list := w.list(ann, history.StatusActive); len(list) != 10 || w.usage.Saved != 10 {
		t.Errorf("10 analyses are %d entries, counted as %d", len(list), w.usage.Saved)
	}
}

func TestSaveAtOnce(t *testing.T) {
	w := open(t, func(c *history.Config) { c.MaxPerUser = 5 })
	ann := w.user("ann", false)
	w.chat("alpha", lines...)
	ids := make(chan string, 16)
	var wg sync.WaitGroup
	for range cap(ids) {
		wg.Go(func() {
			e, err := w.service.Save(t.Context(), ann, claim("alpha"))
			if err != nil {
				t.Error(err)
				return
			}
			ids <- e.ID
		})
	}
	wg.Wait()
	close(ids)
	different := map[string]bool{}
	for id := range ids {
		different[id] = true
	}
	if len(different) != 1 || len(w.list(ann, history.StatusActive)) != 1 {
		t.Errorf("saving one analysis at once made %v", slices.Sorted(maps.Keys(different)))
	}
	// The limit holds at once as well.
	var full sync.Map
	for i := range 16 {
		wg.Go(func() {
			_, err := w.service.Save(t.Context(), ann, claim(fmt.Sprintf("room%d", i)))
			if err != nil {
				refused(t, err, account.KindForbidden, "5 is the most that one user may keep")
				full.Store(i, true)
			}
		})
	}
	wg.Wait()
	n := 0
	full.Range(func(any, any) bool { n++; return true })
	if n != 12 || len(w.list(ann, history.StatusActive)) != 5 {
		t.Errorf("%d were refused, %d kept", n, len(w.list(ann, history.StatusActive)))
	}
	// Figures of what is there already can be saved all the same.
	if _, err := w.service.Save(t.Context(), ann, claim("alpha")); err != nil {
		t.Errorf("saving again at the limit: %v", err)
	}
}

func TestClaimIsBounded(t *testing.T) {
	w := open(t, nil)
	ann := w.user("ann", false)
	c := history.Claim{
		Channel: "no twitch name\x00 \u200d" + strings.Repeat("é", 500), Counts: history.Counts{Total: -5, Positive: 1 << 60, Negative: 3},
		Seconds: -3, Summary: strings.Repeat("x", 50_000) + "\xff", TimeSeries: json.RawMessage(`[` + strings.Repeat(`1,`, 50_000) + `1]`),
	}
	for range 500 {
		c.TopNegative = append(c.TopNegative, history.Chatter{Username: strings.Repeat("n", 3000), Count: -1})
	}
	e := w.save(ann, c)
	got, err := w.service.Get(t.Context(), ann, e.ID)
	if err != nil {
		t.Fatal(err)
	}
	if n := len([]rune(got.Channel)); n == 0 || n > 100 || strings.ContainsRune(got.Channel, 0) {
		t.Errorf("the channel has %d characters: %q", n, got.Channel)
	}
	if got.Counts != (history.Counts{Total: 0, Positive: 1e12, Negative: 3}) || got.Seconds != 0 {
		t.Errorf("figures are %+v, %d s", got.Counts, got.Seconds)
	}
	if len(got.TopNegative) != 5 || len(got.TopNegative[0].Username) != 100 || got.TopNegative[0].Count != 0 {
		t.Errorf("top_negative is %.300v", got.TopNegative)
	}
	if len(got.Summary) > 5000 || got.TimeSeries != nil || len(got.Client) > 20_000 {
		t.Errorf("summary %d bytes, course %d, claim %d", len(got.Summary), len(got.TimeSeries), len(got.Client))
	}
	_, err = w.service.Save(t.Context(), ann, history.Claim{Channel: " \t\x00"})
	refused(t, err, account.KindInvalid, "streamer_name is empty")
	// Without a summary the figures tell one.
	if e := w.save(ann, history.Claim{Channel: "gamma", Counts: history.Counts{Total: 200, Positive: 100, Neutral: 50, Negative: 50}}); e.SummaryBy != history.ByRules || !strings.Contains(e.Summary, "200") {
		t.Errorf("the summary is %q by %q", e.Summary, e.SummaryBy)
	}
}

func TestAutoSave(t *testing.T) {
	w := open(t, func(c *history.Config) { c.MaxPerUser = 2 })
	ann, bob := w.user("ann", true), w.user("bob", false)
	w.chat("alpha", lines...)
	f := w.end("alpha", true)
	down := errors.New("the database is away")
	w.setAway(down)
	if err := w.service.AutoSave(t.Context(), ann, f); !errors.Is(err, down) {
		t.Errorf("with the store away: %v", err)
	}
	w.setAway(nil)
	if list := w.list(ann, history.StatusActive); len(list) != 0 {
		t.Fatalf("half saved: %v", list)
	}
	for range 2 { // it may be told twice
		for _, user := range []string{ann, bob, account.NewID(start)} {
			if err := w.service.AutoSave(t.Context(), user, f); err != nil {
				t.Errorf("AutoSave for %s: %v", user, err)
			}
		}
	}
	if list := w.list(ann, history.StatusActive); len(list) != 1 || list[0].SessionID != f.SessionID || list[0].Counts.Total != 4 {
		t.Errorf("ann has %+v", list)
	}
	if list := w.list(bob, history.StatusActive); len(list) != 0 {
		t.Errorf("bob, who does not want it, has %+v", list)
	}
	logs, err := w.store.Accounts().Logs(t.Context(), account.LogQuery{}.Clean())
	if err != nil || logs.Total != 1 || logs.Logs[0].Activity != "Saved an Analysis" || logs.Logs[0].Details != "Channel: alpha, Messages: 4" {
		t.Errorf("the log has %+v, %v", logs, err)
	}
	// Nothing was written: nothing is saved. The limit is no reason to try for ever.
	w.chat("beta")
	if err := w.service.AutoSave(t.Context(), ann, w.end("beta", true)); err != nil || len(w.list(ann, history.StatusActive)) != 1 {
		t.Errorf("an analysis without messages: %v", err)
	}
	w.save(ann, claim("gamma"))
	w.chat("delta", "hello")
	if err := w.service.AutoSave(t.Context(), ann, w.end("delta", true)); err != nil || len(w.list(ann, history.StatusActive)) != 2 {
		t.Errorf("at the limit: %v", err)
	}
}

func TestManage(t *testing.T) {
	w := open(t, nil)
	ann, bob := w.user("ann", false), w.user("bob", false)
	e := w.save(ann, claim("alpha"))
	ctx := t.Context()
	long := strings.Repeat("é", 121)
	text := func(s string) *string { return &s }
	list := func(s ...string) *[]string { return &s }
	for _, test := range []struct {
		name    string
		changes history.Changes
		want    func(*history.Entry) bool
		refusal string
	}{
		{"nothing", history.Changes{}, nil, "No data provided"},
		{"name", history.Changes{Name: text("  Grand\x07 finals ")}, func(e *history.Entry) bool { return e.Name == "Grand  finals" }, ""},
		{"longest name", history.Changes{Name: text(long[:240])}, func(e *history.Entry) bool { return e.Name == long[:240] }, ""},
		{"long name", history.Changes{Name: &long}, nil, "name is too long: at most 120 characters"},
		{"no name", history.Changes{Name: text("")}, func(e *history.Entry) bool { return e.Name == "" }, ""},
		{"note", history.Changes{Note: text("two\nlines\x00")}, func(e *history.Entry) bool { return e.Note == "two\nlines" }, ""},
		{"long note", history.Changes{Note: text(strings.Repeat("x", 5001))}, nil, "note is too long"},
		{"tags", history.Changes{Tags: list(" Finals", "finals", "", "é", "É")}, func(e *history.Entry) bool { return slices.Equal(e.Tags, []string{"Finals", "é"}) }, ""},
		{"long tag", history.Changes{Tags: list(strings.Repeat("t", 41))}, nil, "a tag is too long"},
		{"many tags", history.Changes{Tags: list(strings.Split("abcdefghijklmnopqrstu", "")...)}, nil, "too many tags"},
		{"no tags", history.Changes{Tags: list()}, func(e *history.Entry) bool { return len(e.Tags) == 0 }, ""},
	} {
		got, err := w.service.Update(ctx, ann, e.ID, test.changes)
		if test.refusal != "" {
			refused(t, err, account.KindInvalid, test.refusal)
			continue
		}
		if err != nil || !test.want(got) {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
	}

	// Of what is another's or not there, nobody learns more than that.
	if err := w.service.Archive(ctx, ann, e.ID); err != nil {
		t.Fatal(err)
	}
	active := w.save(ann, claim("alpha"))
	for _, who := range []struct{ user, id string }{{bob, active.ID}, {ann, e.ID}, {ann, "zzz"}, {ann, strings.Repeat("0", 24)}, {bob, ""}} {
		_, err := w.service.Get(ctx, who.user, who.id)
		refused(t, err, account.KindNotFound, "History not found")
		_, err = w.service.Update(ctx, who.user, who.id, history.Changes{Name: text("mine")})
		refused(t, err, account.KindNotFound, "History not found")
		_, _, err = w.service.Share(ctx, who.user, who.id, 1, "")
		refused(t, err, account.KindNotFound, "History not found")
		_, err = w.service.Shares(ctx, who.user, who.id)
		refused(t, err, account.KindNotFound, "History not found")
		refused(t, w.service.Revoke(ctx, who.user, who.id, e.ID), account.KindNotFound, "History not found")
		_, _, err = w.service.Summarize(ctx, who.user, who.id, false)
		refused(t, err, account.KindNotFound, "History not found")
	}
	for _, id := range []string{active.ID, e.ID, "zzz", strings.Repeat("0", 24)} {
		refused(t, w.service.Archive(ctx, bob, id), account.KindNotFound, "Failed to delete history or history not found")
		refused(t, w.service.Remove(ctx, bob, id), account.KindNotFound, "Failed to delete history or history not found")
		_, err := w.service.Restore(ctx, bob, id)
		refused(t, err, account.KindNotFound, "Failed to restore history or history not found")
	}
	refused(t, w.service.Remove(ctx, ann, active.ID), account.KindConflict, "Only what is in the archive")
	if err := w.service.Archive(ctx, ann, e.ID); err != nil {
		t.Errorf("archiving twice: %v", err)
	}
	if got := w.list(ann, history.StatusDeleted); len(got) != 1 || got[0].ID != e.ID {
		t.Errorf("the archive has %v", got)
	}
	if got, err := w.service.Restore(ctx, ann, e.ID); err != nil || got.Status != history.StatusActive {
		t.Errorf("restored as %+v, %v", got, err)
	}
	if err := w.service.Archive(ctx, ann, e.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.service.Remove(ctx, ann, e.ID); err != nil {
		t.Errorf("removing: %v", err)
	}
	refused(t, w.service.Remove(ctx, ann, e.ID), account.KindNotFound, "Failed to delete")

	exported := map[string]int{}
	if err := w.service.Archive(ctx, ann, active.ID); err != nil {
		t.Fatal(err)
	}
	w.chat("beta", lines...)
	w.save(ann, claim("beta"))
	w.save(bob, claim("gamma"))
	if err := w.service.Export(ctx, ann, func(e *history.Entry, data []byte) error {
		if e.UserID != ann || e.Client == nil {
			t.Errorf("exported %+v", e)
		}
		exported[e.Channel] = len(data)
		return nil
	}); err != nil || len(exported) != 2 || exported["alpha"] != 0 || exported["beta"] == 0 {
		t.Errorf("exported %v, %v", exported, err)
	}
	totals, err := w.service.Totals(ctx)
	if err != nil || totals.Entries != 2 || totals.Messages != 1004 {
		t.Errorf("totals are %+v, %v", totals, err)
	}
	if n, err := w.service.Forget(ctx, ann); n != 2 || err != nil {
		t.Errorf("forgot %d, %v", n, err)
	}
	if got := w.list(bob, history.StatusActive); len(got) != 1 {
		t.Errorf("bob has %v", got)
	}
}

func TestSharing(t *testing.T) {
	w := open(t, nil)
	ann, bob := w.user("ann", false), w.user("bob", false)
	e := w.save(ann, claim("alpha"))
	ctx := t.Context()
	for _, hours := range []int{0, -1, 8761} {
		_, _, err := w.service.Share(ctx, ann, e.ID, hours, "")
		refused(t, err, account.KindInvalid, "give 1 to 8760")
	}
	_, _, err := w.service.Share(ctx, ann, e.ID, 1, "initials")
	refused(t, err, account.KindInvalid, "names, pseudonyms or none")
	share, token, err := w.service.Share(ctx, ann, e.ID, 2, "pseudonyms")
	if err != nil {
		t.Fatal(err)
	}
	other, otherToken, err := w.service.Share(ctx, ann, e.ID, 100, "")
	if err != nil || otherToken == token || len(token) != 43 {
		t.Fatalf("tokens %q and %q, %v", token, otherToken, err)
	}
	for view := range 3 {
		got, seen, err := w.service.Shared(ctx, token, view > 0)
		if err != nil || got.ID != e.ID || seen.Chatters != "pseudonyms" || strings.Contains(string(seen.Hash), token) {
			t.Errorf("shared %+v, %+v, %v", got, seen, err)
		}
	}
	list, err := w.service.Shares(ctx, ann, e.ID)
	if err != nil || len(list) != 2 || list[0].ID != other.ID && list[1].ID != other.ID {
		t.Fatalf("links are %+v, %v", list, err)
	}
	for _, s := range list {
		if want := map[string]int64{share.ID: 2, other.ID: 0}[s.ID]; s.Views != want {
			t.Errorf("link %s has %d views, want %d", s.ID, s.Views, want)
		}
	}
	unknown := func(token string) {
		t.Helper()
		_, _, err := w.service.Shared(ctx, token, true)
		refused(t, err, account.KindNotFound, "This link does not exist, has expired or was revoked")
	}
	for _, bad := range []string{"", "x", token + "A", token[:42], strings.Repeat("A", 43), strings.Repeat("A", 100_000), token[:42] + "!", e.ID, string(share.Hash)} {
		unknown(bad)
	}
	// While the entry is in the archive its links show nothing.
	if err := w.service.Archive(ctx, ann, e.ID); err != nil {
		t.Fatal(err)
	}
	unknown(token)
	if _, err := w.service.Restore(ctx, ann, e.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, w.service.Revoke(ctx, bob, e.ID, share.ID), account.KindNotFound, "History not found")
	for _, id := range []string{"zzz", strings.Repeat("0", 24)} {
		refused(t, w.service.Revoke(ctx, ann, e.ID, id), account.KindNotFound, "Link not found")
	}
	if err := w.service.Revoke(ctx, ann, e.ID, other.ID); err != nil {
		t.Fatal(err)
	}
	unknown(otherToken)
	w.pass(2*time.Hour - time.Millisecond)
	if _, _, err := w.service.Shared(ctx, token, false); err != nil {
		t.Errorf("a millisecond before it expires: %v", err)
	}
	w.pass(time.Millisecond)
	unknown(token)
	if list, err := w.service.Shares(ctx, ann, e.ID); err != nil || len(list) != 0 {
		t.Errorf("links are %+v, %v", list, err)
	}
	for range 50 {
		if _, _, err := w.service.Share(ctx, ann, e.ID, 1, ""); err != nil {
			t.Fatal(err)
		}
	}
	_, last, err := w.service.Share(ctx, ann, e.ID, 1, "")
	refused(t, err, account.KindForbidden, "There are 50 links")
	if err := w.service.Archive(ctx, ann, e.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.service.Remove(ctx, ann, e.ID); err != nil {
		t.Fatal(err)
	}
	unknown(last)
}

func TestRunDropsExpiredLinks(t *testing.T) {
	w := open(t, nil)
	ann := w.user("ann", false)
	e := w.save(ann, claim("alpha"))
	if _, _, err := w.service.Share(t.Context(), ann, e.ID, 1, ""); err != nil {
		t.Fatal(err)
	}
	w.pass(2 * time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { w.service.Run(ctx) })
	deadline := time.Now().Add(10 * time.Second)
	for {
		left := 0
		if err := w.store.History().EachShare(t.Context(), "", func(history.Share) error { left++; return nil }); err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the expired link is still there")
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	wg.Wait()
}

// TestRunRemovesWhatWasArchivedLongAgo: the time counts from when an entry was
// archived, and what is active stays.
func TestRunRemovesWhatWasArchivedLongAgo(t *testing.T) {
	const keep = 30 * 24 * time.Hour
	w := open(t, func(c *history.Config) { c.KeepArchived = keep })
	ann := w.user("ann", false)
	var saved []*history.Entry
	for _, channel := range []string{"alpha", "beta", "gamma", "delta"} {
		saved = append(saved, w.save(ann, claim(channel)))
	}
	archive := func(e *history.Entry) {
		t.Helper()
		if err := w.service.Archive(t.Context(), ann, e.ID); err != nil {
			t.Fatal(err)
		}
	}
	archive(saved[0])
	archive(saved[1])
	w.pass(keep) // they are old, but what is archived now is kept from now on
	if _, err := w.service.Restore(t.Context(), ann, saved[1].ID); err != nil {
		t.Fatal(err)
	}
	archive(saved[2])
	w.pass(time.Second)
	if kept, due, looked, err := w.service.Retention(t.Context()); err != nil || kept != keep || due != 1 || !looked.IsZero() {
		t.Errorf("before it was looked: kept for %v, %d are older, looked at %v, %v", kept, due, looked, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { w.service.Run(ctx) })
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, n := w.service.Removed(); n > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("what was archived long ago is still there")
		}
	}
	cancel()
	wg.Wait()
	if _, due, looked, err := w.service.Retention(t.Context()); err != nil || due != 0 || looked.IsZero() {
		t.Errorf("afterwards: %d are older, looked at %v, %v", due, looked, err)
	}
	if _, n := w.service.Removed(); n != 1 {
		t.Errorf("%d are counted as removed, want 1", n)
	}
	if _, err := w.service.GetAny(t.Context(), saved[0].ID); !errors.Is(err, history.ErrUnknown) {
		t.Errorf("what was archived long ago: %v", err)
	}
	for _, e := range saved[1:] {
		if _, err := w.service.GetAny(t.Context(), e.ID); err != nil {
			t.Errorf("%s is gone: %v", e.Channel, err)
		}
	}
}

func TestSummaries(t *testing.T) {
	w := open(t, nil)
	ann := w.user("ann", false)
	e := w.save(ann, claim("gamma"))
	_, _, err := w.service.Summarize(t.Context(), ann, e.ID, true)
	refused(t, err, account.KindConflict, "LLM_URL")

	w = open(t, func(c *history.Config) { c.Model = summarizer{&w} })
	ann = w.user("ann", false)
	w.chat("alpha", lines...)
	note := "secret plans"
	e = w.save(ann, claim("alpha"))
	if _, err := w.service.Update(t.Context(), ann, e.ID, history.Changes{Note: &note}); err != nil {
		t.Fatal(err)
	}
	w.model = func(in report.Input) (report.Summary, error) {
		if in.Report == nil || in.Report.Snapshot.Counts.Total != 4 || in.Note != "" {
			t.Errorf("the model is given %+v", in)
		}
		return report.Summary{Model: "small-1", Sentences: []report.Sentence{{Text: "All went well."}, {Text: "People were kind."}}}, nil
	}
	got, fallback, err := w.service.Summarize(t.Context(), ann, e.ID, true)
	if err != nil || fallback != "" || got.Summary != "All went well.\nPeople were kind." || got.SummaryBy != "small-1" {
		t.Errorf("summarized as %+v, %q, %v", got, fallback, err)
	}
	in, err := w.service.Input(t.Context(), got)
	if err != nil || in.Summary.Model != "small-1" || len(in.Summary.Sentences) != 2 || in.Note != note {
		t.Errorf("the report has %+v, %v", in.Summary, err)
	}
	w.model = func(in report.Input) (report.Summary, error) {
		sum := *report.Summarize(in)
		sum.Fallback = "it did not answer"
		return sum, errors.New("no answer")
	}
	if got, fallback, err = w.service.Summarize(t.Context(), ann, e.ID, true); err != nil || fallback != "it did not answer" || got.SummaryBy != history.ByRules {
		t.Errorf("the fallback is %+v, %q, %v", got, fallback, err)
	}
	if got, _, err = w.service.Summarize(t.Context(), ann, e.ID, false); err != nil || got.SummaryBy != history.ByRules || !strings.Contains(got.Summary, "4 messages") {
		t.Errorf("by rule: %+v, %v", got, err)
	}
	w.chat("alpha", "one more")
	w.model = nil
	if again := w.save(ann, claim("alpha")); again.SummaryBy != history.ByRules {
		t.Errorf("the summary of old figures stays: %+v", again)
	}
}

// summarizer is the model of a world that is made later.
type summarizer struct{ w **world }

func (s summarizer) Write(_ context.Context, in report.Input) (report.Summary, error) {
	return (*s.w).model(in)
}

func TestLegacyEntries(t *testing.T) {
	w := open(t, nil)
	ann := w.user("ann", false)
	old := &history.Entry{
		ID: account.NewID(start), UserID: ann, Channel: "Any Text", Counts: history.Counts{Total: 300, Positive: 100, Neutral: 100, Negative: 100},
		TopPositive: []history.Chatter{{Username: "viewer_one", Count: 7}}, Seconds: 600, Summary: "Written long ago.\n\nBy somebody.",
		Status: history.StatusActive, CreatedAt: start, UpdatedAt: start,
		TimeSeries: json.RawMessage(`[{"x":1767297600000,"y":0.5,"sentiment":"positive"},{"x":1767297600000,"y":0.25,"sentiment":"negative"},
			{"x":"2026-01-01T20:01:00Z","y":1,"sentiment":"Neutral"},{"x":5,"y":1,"sentiment":"neutral"},{"x":1767297720000,"y":7,"sentiment":"neutral"},
			{"x":1767297720000,"y":"no","sentiment":"neutral"},{"x":{"$date":1},"y":0.1,"sentiment":"neutral"}]`),
	}
	if err := w.store.History().ImportEntry(t.Context(), old, nil); err != nil {
		t.Fatal(err)
	}
	e, err := w.service.Get(t.Context(), ann, old.ID)
	if err != nil {
		t.Fatal(err)
	}
	in, err := w.service.Input(t.Context(), e)
	if err != nil || in.Report != nil || in.Legacy == nil {
		t.Fatalf("the report is made from %+v, %v", in, err)
	}
	l := in.Legacy
	if l.Channel != "Any Text" || l.Total != 300 || l.Duration != 600 || !l.SavedAt.Equal(start) || l.Top.Positive[0].Login != "viewer_one" {
		t.Errorf("figures are %+v", l)
	}
	want := []report.LegacyShare{{At: start, Positive: 0.5, Negative: 0.25}, {At: start.Add(time.Minute), Neutral: 1}}
	if diff := cmp.Diff(want, l.Shares); diff != "" {
		t.Errorf("shares (-want +got):\n%s", diff)
	}
	if len(in.Summary.Sentences) != 2 {
		t.Errorf("the summary is %+v", in.Summary)
	}
	_, err = w.service.Data(t.Context(), e)
	refused(t, err, account.KindNotFound, "only the figures were kept")
	for _, strange := range []string{`{}`, `"text"`, `[1,2]`, `[[0.1,0.2]]`, `null`, ``, `[{"x":1e300}]`} {
		e.TimeSeries = json.RawMessage(strange)
		if in, err := w.service.Input(t.Context(), e); err != nil || len(in.Legacy.Shares) != 0 {
			t.Errorf("%s gives shares %v, %v", strange, in.Legacy.Shares, err)
		}
	}
}

func TestUpload(t *testing.T) {
	w := open(t, nil)
	ann := w.user("ann", false)
	w.chat("alpha", lines...)
	f := w.end("alpha", false)
	var r analysis.Report
	if err := json.Unmarshal(f.Report, &r); err != nil {
		t.Fatal(err)
	}
	source := &report.Source{File: "alpha.log", Format: "irc", Lines: 4}
	e, err := w.service.SaveUpload(t.Context(), ann, &report.Report{Source: source, Snapshot: r.Snapshot, Timeline: r.Timeline})
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.service.SaveUpload(t.Context(), ann, &report.Report{Source: source, Snapshot: r.Snapshot, Timeline: r.Timeline})
	if err != nil || again.ID == e.ID {
		t.Errorf("a second upload is the same entry: %v", err)
	}
	if e.Origin != history.OriginUpload || e.Counts.Total != 4 || !e.StartedAt.Equal(f.StartedAt) || e.SessionID == f.SessionID {
		t.Errorf("saved as %+v", e)
	}
	in, err := w.service.Input(t.Context(), e)
	if err != nil || in.Report == nil || in.Report.Source == nil || in.Report.Source.File != "alpha.log" {
		t.Errorf("the report is made from %+v, %v", in.Report, err)
	}
}
