package migrate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/history"
	"chatmood/internal/mail"
	"chatmood/internal/migrate"
	"chatmood/internal/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// epoch is when everything here happened: long ago for those who ask whether a
// server is running. Milliseconds are what all stores keep.
var epoch = time.Date(2026, 1, 1, 20, 0, 0, 123_000_000, time.UTC)

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens an embedded database, a new one where dir is empty.
func open(t testing.TB, dir string) *migrate.Database {
	t.Helper()
	if dir == "" {
		dir = t.TempDir()
		file, err := template()
		noError(t, err)
		noError(t, os.WriteFile(filepath.Join(dir, "chatmood.db"), file, 0o600))
	}
	a, err := migrate.ParseAddress("sqlite:"+dir, "")
	noError(t, err)
	db, err := migrate.Open(t.Context(), a, true, nil)
	noError(t, err)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// template is a new database, made once: making the tables takes longer than
// most tests.
var template = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "chatmood-migrate-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := sqlite.Open(context.Background(), sqlite.Config{Dir: dir})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "chatmood.db"))
})

func id(kind, i int) string { return fmt.Sprintf("%012x%012x", kind, i) }

// fill puts n of everything into a database.
func fill(t testing.TB, db *migrate.Database, n int) {
	t.Helper()
	ctx := t.Context()
	for i := range n {
		at := epoch.Add(time.Duration(i) * time.Minute)
		u := &account.User{
			ID: id(1, i), Email: fmt.Sprintf("User%d@example.org", i), FirstName: "Ada", LastName: fmt.Sprint("Byron ", i), PasswordHash: "$2b$12$hash",
			Role: account.RoleUser, Status: account.StatusActive, CreatedAt: at, UpdatedAt: at.Add(time.Hour), Version: int64(i), AutoSave: i%2 == 0,
			Devices: []string{"one"}, Extra: []byte(`{"favourite":["a",{"b":1.5}]}`), ProfileImage: "data:image/png;base64,AAA",
			Legacy: account.Legacy{ResetToken: "token", ResetExpires: at},
		}
		if i == 0 {
			u.Role = account.RoleAdmin
		}
		if i == 1 {
			u.Email = "USER0@example.org" // differs from another's in case only
		}
		noError(t, db.Accounts.ImportUser(ctx, u))
		noError(t, db.Accounts.CreateSession(ctx, account.Session{
			ID: id(2, i), UserID: u.ID, Secret: []byte{0, 255}, Generation: 3, CreatedAt: at, RotatedAt: at, ExpiresAt: at.Add(time.Hour), UserAgent: "Browser",
		}))
		noError(t, db.Accounts.SaveCode(ctx, account.Code{UserID: u.ID, Purpose: account.PurposeReset, Hash: []byte{1}, Tries: 2, CreatedAt: at, ExpiresAt: at.Add(time.Hour)}))
		noError(t, db.Accounts.CreateInvite(ctx, account.Invite{ID: id(3, i), Hash: []byte(id(3, i)), Role: account.RoleUser, Uses: 2, Used: 1, CreatedAt: at, ExpiresAt: at.Add(time.Hour)}))
		noError(t, db.Accounts.AddUsage(ctx, account.Usage{Day: account.Day(at.AddDate(0, 0, i)), SignIns: int64(i), Messages: 1 << 40}))
		noError(t, db.Accounts.AppendLog(ctx, account.Activity{ID: id(4, i), UserID: u.ID, UserName: u.Name(), Activity: account.ActivityLogin, Details: "Größe", CreatedAt: at}))
		mood := float64(i) / 7
		e := &history.Entry{
			ID: id(5, i), UserID: u.ID, Channel: "somebody", Counts: history.Counts{Total: 10, Positive: 5, Neutral: 5}, Seconds: 60, Summary: "It was.",
			Status: history.StatusActive, CreatedAt: at, UpdatedAt: at, Origin: history.OriginLive, SessionID: "session", StartedAt: at, Mood: &mood, Name: "Name", Note: "Note",
			Tags: []string{"größe"}, TopPositive: []history.Chatter{{Username: "eve", Count: 3}}, Client: json.RawMessage(`{"b":1,"a":2}`),
			TimeSeries: json.RawMessage(`[{"x":1757812320000,"y":0.25,"sentiment":"positive"}]`), Extra: json.RawMessage(`{"odd":true}`),
		}
		var report []byte
		if i%2 == 0 {
			report = fmt.Appendf(nil, `{"report":%d}`, i)
		}
		noError(t, db.History.Create(ctx, e, report))
		noError(t, db.History.CreateShare(ctx, history.Share{
			ID: id(6, i), EntryID: e.ID, UserID: u.ID, Hash: []byte(id(6, i)), Chatters: "none", CreatedAt: at, ExpiresAt: at.Add(time.Hour), Views: 4, ViewedAt: at,
		}))
		_, err := db.Holds.AddHold(ctx, analysis.Hold{Channel: "somebody", UserID: u.ID, Since: at})
		noError(t, err)
		noError(t, db.Learning.ImportLearned(ctx, analysis.Learned{Channel: fmt.Sprint("somebody", i), Fence: int64(i), At: at, State: []byte(`{"seed":"1"}`)}))
		noError(t, db.Learning.PutCorrection(ctx, analysis.Correction{
			ID: analysis.CorrectionID(u.ID, "somebody", analysis.CorrectedMessage, "m"), UserID: u.ID, Channel: "somebody", Kind: analysis.CorrectedMessage,
			Subject: "m", Hash: "0123456789abcdef", Label: "positive", Value: 0.25, At: at,
		}))
		it := mail.Item{ID: fmt.Sprintf("%d@example.org", i), Kind: "code", Sealed: []byte{9, 0}, CreatedAt: at, ExpiresAt: at.Add(time.Hour), NextAt: at, Attempts: i}
		if i%2 == 1 {
			it.NextAt, it.DeadAt, it.Error = time.Time{}, at, "refused"
		}
		noError(t, db.Mail.ImportMail(ctx, it))
		cp := analysis.Checkpoint{SessionID: id(7, i), Channel: "running", StartedAt: at, At: at.Add(time.Second), Parts: []analysis.Part{{Name: "a", Data: []byte("one")}, {Name: "b", Data: []byte{}}}}
		noError(t, db.Sessions.SaveCheckpoints(ctx, []analysis.Checkpoint{cp}))
		noError(t, db.Sessions.FinishSession(ctx, analysis.Finished{
			SessionID: id(8, i), Channel: "over", StartedAt: at, EndedAt: at.Add(time.Hour), Counts: analysis.Counts{Total: i}, Mood: &mood, Report: fmt.Appendf(nil, `{"finished":%d}`, i),
		}))
	}
}

// everything is all that a database holds, read by what the server reads by.
type everything struct {
	Users    []account.User
	Sessions []account.Session
	Codes    []account.Code
	Invites  []account.Invite
	Usage    []account.Usage
	Logs     []account.Activity
	Entries  []history.Entry
	Reports  []string
	Shares   []history.Share
	Holds    []analysis.Hold
	Learned  []analysis.Learned
	Correct  []analysis.Correction
	Mails    map[string]mail.Item
	Running  []analysis.Checkpoint
	Finished []analysis.SessionInfo
	Texts    []string
}

func dump(t testing.TB, db *migrate.Database) everything {
	t.Helper()
	ctx := t.Context()
	all := everything{Mails: map[string]mail.Item{}}
	noError(t, db.Accounts.EachUser(ctx, "", func(u *account.User) error { all.Users = append(all.Users, *u); return nil }))
	noError(t, db.Accounts.EachSession(ctx, "", func(s account.Session) error { all.Sessions = append(all.Sessions, s); return nil }))
	noError(t, db.Accounts.EachCode(ctx, func(c account.Code) error { all.Codes = append(all.Codes, c); return nil }))
	noError(t, db.Accounts.EachInvite(ctx, "", func(i account.Invite) error { all.Invites = append(all.Invites, i); return nil }))
	noError(t, db.Accounts.EachLog(ctx, "", func(l account.Activity) error { all.Logs = append(all.Logs, l); return nil }))
	noError(t, db.History.EachEntry(ctx, "", func(e *history.Entry, report []byte) error {
		all.Entries, all.Reports = append(all.Entries, *e), append(all.Reports, string(report))
		return nil
	}))
	noError(t, db.History.EachShare(ctx, "", func(s history.Share) error { all.Shares = append(all.Shares, s); return nil }))
	noError(t, db.Mail.EachMail(ctx, func(it mail.Item) error { all.Mails[it.ID] = it; return nil }))
	var err error
	all.Usage, err = db.Accounts.Usage(ctx, "0000-01-01", "9999-12-31")
	noError(t, err)
	all.Holds, err = db.Holds.Holds(ctx)
	noError(t, err)
	noError(t, db.Learning.EachLearned(ctx, "", func(l analysis.Learned) error { all.Learned = append(all.Learned, l); return nil }))
	noError(t, db.Learning.EachCorrection(ctx, "", func(c analysis.Correction) error { all.Correct = append(all.Correct, c); return nil }))
	all.Running, err = db.Sessions.RunningSessions(ctx)
	noError(t, err)
	all.Finished, err = db.Sessions.Sessions(ctx, analysis.SessionQuery{Limit: analysis.MaxSessionLimit})
	noError(t, err)
	for _, f := range all.Finished {
		report, err := db.Sessions.SessionReport(ctx, f.ID)
		noError(t, err)
		all.Texts = append(all.Texts, string(report))
	}
	return all
}

// alike compares what came by different stores.
var alike = cmp.Options{
	cmpopts.EquateEmpty(),
	cmpopts.SortSlices(func(a, b account.Code) bool { return a.UserID < b.UserID }),
	cmp.FilterValues(func(a, b json.RawMessage) bool { return json.Valid(a) && json.Valid(b) },
		cmp.Transformer("JSON", func(raw json.RawMessage) (v any) {
			if err := json.Unmarshal(raw, &v); err != nil {
				panic(err) // it was valid
			}
			return v
		})),
}

// wantAlike checks that two databases hold the same.
func wantAlike(t testing.TB, from, to *migrate.Database) {
	t.Helper()
	if diff := cmp.Diff(dump(t, from), dump(t, to), alike); diff != "" {
		t.Fatalf("the target is not as the source (-source +target):\n%s", diff)
	}
}

// move moves and wants all lines to tell of n records.
func move(t testing.TB, from, to *migrate.Database, opts migrate.Options, n int64) migrate.Result {
	t.Helper()
	result, err := migrate.Move(t.Context(), from, to, opts)
	noError(t, err)
	if len(result.Lines) != 14 {
		t.Errorf("%d lines in the result, want 14", len(result.Lines))
	}
	for _, line := range result.Lines {
		if line.Source != n || line.Target != n || line.Orphans != 0 {
			t.Errorf("%+v, want %d of each", line, n)
		}
	}
	return result
}

func TestMove(t *testing.T) {
	from, to := open(t, ""), open(t, "")
	fill(t, from, 7)
	var told []migrate.Progress
	result := move(t, from, to, migrate.Options{Progress: func(p migrate.Progress) { told = append(told, p) }}, 7)
	wantAlike(t, from, to)
	if result.Resumed || result.Same {
		t.Errorf("result %+v of a first move", result)
	}
	stage, done := "", int64(0)
	for _, p := range told {
		if p.Stage != stage {
			stage, done = p.Stage, 0
		}
		if p.Done < done || p.Done > p.Total || p.Kind == "" {
			t.Errorf("progress went from %d to %+v", done, p)
		}
		done = p.Done
	}
	if stage != "comparing" || done != 14*7 {
		t.Errorf("the last progress is %d while %s, want %d while comparing", done, stage, 14*7)
	}
	// What it noted is gone: the settings are free.
	for _, name := range []string{"migration", "migration progress", "migration probe"} {
		if got, err := to.Accounts.KeepSetting(t.Context(), name, []byte("free")); err != nil || string(got) != "free" {
			t.Errorf("setting %q holds %q, %v", name, got, err)
		}
		noError(t, to.Accounts.TakeSetting(t.Context(), name, []byte("free")))
	}
	// Once more: it is all there.
	if result := move(t, from, to, migrate.Options{}, 7); !result.Same {
		t.Errorf("result %+v of a second move, want that all is there", result)
	}
	// And back, into what it came from.
	if result := move(t, to, from, migrate.Options{}, 7); !result.Same {
		t.Errorf("result %+v of the way back", result)
	}
	third := open(t, "")
	move(t, to, third, migrate.Options{}, 7)
	wantAlike(t, from, third)
}

func TestMoveNothing(t *testing.T) {
	from, to := open(t, ""), open(t, "")
	move(t, from, to, migrate.Options{}, 0)
}

// TestMoveMany moves more log entries than go in one batch, and more sessions
// than come in one page.
func TestMoveMany(t *testing.T) {
	from, to := open(t, ""), open(t, "")
	const n = 1234
	var list []account.Activity
	for i := range n {
		list = append(list, account.Activity{ID: id(4, i), UserName: "somebody", Activity: "x", CreatedAt: epoch})
	}
	noError(t, from.Accounts.ImportLogs(t.Context(), list))
	for i := range analysis.MaxSessionLimit + 3 {
		noError(t, from.Sessions.FinishSession(t.Context(), analysis.Finished{
			SessionID: id(8, i*7919%1000), Channel: "over", StartedAt: epoch, EndedAt: epoch.Add(time.Duration(i/100) * time.Hour), Report: []byte("{}"),
		}))
	}
	result, err := migrate.Move(t.Context(), from, to, migrate.Options{})
	noError(t, err)
	for _, line := range result.Lines {
		if want := map[string]int64{"log entries": n, "finished analyses": analysis.MaxSessionLimit + 3}[line.Kind]; line.Source != want || line.Target != want {
			t.Errorf("%+v, want %d", line, want)
		}
	}
	page, err := to.Accounts.Logs(t.Context(), account.LogQuery{Search: "some"})
	if err != nil || page.Total != n {
		t.Errorf("%d log entries are found, %v; want %d", page.Total, err, n)
	}
}

func TestMoveRefuses(t *testing.T) {
	from, to := open(t, ""), open(t, "")
	fill(t, from, 2)
	t.Run("itself", func(t *testing.T) {
		_, err := migrate.Move(t.Context(), from, from, migrate.Options{})
		if !errors.Is(err, migrate.ErrSame) {
			t.Errorf("%v, want ErrSame", err)
		}
	})
	t.Run("a database in use", func(t *testing.T) {
		for _, in := range []*migrate.Database{from, to} {
			in.Exclusive = false // as on a database server
			cp := analysis.Checkpoint{SessionID: "now", Channel: "live_now", StartedAt: time.Now(), At: time.Now()}
			noError(t, in.Sessions.SaveCheckpoints(t.Context(), []analysis.Checkpoint{cp}))
			_, err := migrate.Move(t.Context(), from, to, migrate.Options{})
			if !errors.Is(err, migrate.ErrInUse) || !strings.Contains(err.Error(), in.Name) || !strings.Contains(err.Error(), "live_now") {
				t.Errorf("%v, want ErrInUse, which of them and why", err)
			}
			later := func() time.Time { return time.Now().Add(time.Hour) }
			if _, err := migrate.Move(t.Context(), from, from, migrate.Options{Now: later}); !errors.Is(err, migrate.ErrSame) {
				t.Errorf("an hour later: %v, want no ErrInUse", err)
			}
			noError(t, in.Sessions.FinishSession(t.Context(), analysis.Finished{SessionID: "now", Channel: "live_now", StartedAt: epoch, EndedAt: epoch, Report: []byte("{}")}))
		}
	})
	t.Run("a target that holds something", func(t *testing.T) {
		full := open(t, "")
		fill(t, full, 3)
		before := dump(t, full)
		_, err := migrate.Move(t.Context(), from, full, migrate.Options{})
		if !errors.Is(err, migrate.ErrNotEmpty) || !strings.Contains(err.Error(), "3 users") {
			t.Errorf("%v, want ErrNotEmpty and what it holds", err)
		}
		if diff := cmp.Diff(before, dump(t, full), alike); diff != "" {
			t.Errorf("it was changed (-before +after):\n%s", diff)
		}
		if _, err := migrate.Move(t.Context(), from, full, migrate.Options{}); !errors.Is(err, migrate.ErrNotEmpty) {
			t.Errorf("again: %v, want ErrNotEmpty", err)
		}
	})
	t.Run("a target of another move", func(t *testing.T) {
		target, other := open(t, ""), open(t, "")
		ctx, cancel := context.WithCancel(t.Context())
		_, err := migrate.Move(ctx, from, target, migrate.Options{Progress: func(p migrate.Progress) {
			if p.Kind == "log entries" && p.Stage == "moving" {
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("%v, want the context's error", err)
		}
		_, err = migrate.Move(t.Context(), other, target, migrate.Options{})
		if !errors.Is(err, migrate.ErrOther) || !strings.Contains(err.Error(), from.Name) {
			t.Errorf("%v, want ErrOther and from where", err)
		}
		if result, err := migrate.Move(t.Context(), from, target, migrate.Options{}); err != nil || !result.Resumed {
			t.Errorf("%+v, %v; want it to go on", result, err)
		}
		wantAlike(t, from, target)
	})
}

func TestMerge(t *testing.T) {
	from, to := open(t, ""), open(t, "")
	fill(t, to, 5)
	fill(t, from, 3)
	u, err := from.Accounts.User(t.Context(), id(1, 2))
	noError(t, err)
	u.FirstName = "Changed"
	noError(t, from.Accounts.UpdateUser(t.Context(), u))
	result, err := migrate.Move(t.Context(), from, to, migrate.Options{Merge: true})
	noError(t, err)
	for _, line := range result.Lines {
		if line.Source != 3 || line.Target != 5 {
			t.Errorf("%+v, want 3 in 5", line)
		}
	}
	got, err := to.Accounts.User(t.Context(), id(1, 2))
	if err != nil || got.FirstName != "Changed" {
		t.Errorf("the merged user is %+v, %v", got, err)
	}
	if _, err := to.Accounts.User(t.Context(), id(1, 4)); err != nil {
		t.Errorf("a user who was there is gone: %v", err)
	}
	// The very same address under another id is nobody's to decide.
	clash := open(t, "")
	noError(t, clash.Accounts.CreateUser(t.Context(), &account.User{ID: id(9, 9), Email: "User0@example.org", CreatedAt: epoch, UpdatedAt: epoch}))
	_, err = migrate.Move(t.Context(), from, clash, migrate.Options{Merge: true})
	if !errors.Is(err, account.ErrEmailTaken) || !strings.Contains(err.Error(), id(1, 0)) {
		t.Errorf("%v, want ErrEmailTaken and whose", err)
	}
}

func TestSurvey(t *testing.T) {
	from := open(t, "")
	fill(t, from, 4)
	before := dump(t, from)
	lines, err := migrate.Survey(t.Context(), from, nil)
	noError(t, err)
	for _, line := range lines {
		if line.Source != 4 || line.Target != 0 || line.Orphans != 0 {
			t.Errorf("%+v, want 4", line)
		}
	}
	if diff := cmp.Diff(before, dump(t, from), alike); diff != "" {
		t.Errorf("it was changed (-before +after):\n%s", diff)
	}
	contents, err := migrate.Contents(t.Context(), from)
	noError(t, err)
	if !strings.HasPrefix(contents, "4 users, 4 sign-ins, ") {
		t.Errorf("contents %q", contents)
	}
	if contents, err := migrate.Contents(t.Context(), open(t, "")); contents != "" || err != nil {
		t.Errorf("contents of an empty database: %q, %v", contents, err)
	}
}

func TestAddress(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		uri, name string
		want      string // of String, or part of the error
		fails     bool
	}{
		{"sqlite:" + dir, "", "sqlite:" + dir, false},
		{"sqlite:" + dir + "/", "", "sqlite:" + dir, false},
		{"sqlite:" + filepath.Join(dir, "chatmood.db"), "", "sqlite:" + dir, false},
		{"sqlite:" + filepath.Join(dir, "new"), "", "sqlite:" + filepath.Join(dir, "new"), false},
		{"sqlite:", "", "wants the path", true},
		{"sqlite:" + dir, "name", "no name", true},
		{"mongodb://localhost", "", "mongodb://localhost/twitch_sentiment", false},
		{"mongodb://ada:p%40ss@DB.example:27017/mine?authSource=admin", "", "mongodb://db.example:27017/mine", false},
		{"mongodb://ada:p%40ss@b:1,a:2/mine", "other", "mongodb://a:2,b:1/other", false},
		{"mongodb+srv://ada:secret@cluster.example/?w=majority", "", "mongodb+srv://cluster.example/twitch_sentiment", false},
		{dir, "", "no address", true},
		{"", "", "no address", true},
		{"mongodb:ada:secret", "", "no address", true},
		{"mongodb://ada:secret", "", "host or port", true},
		{"mongodb://ada:sec/ret@host/db", "", "host or port", true},
		{"mongodb://", "", "host or port", true},
		{"mongodb:///db", "", "host or port", true},
		{"mongodb://[::1]:27017,%2Ftmp%2Fmongodb.sock/db", "", "mongodb://%2ftmp%2fmongodb.sock,[::1]:27017/db", false},
		{"mongodb://h/a.b", "", "name of the database", true},
		{"mongodb://h/a", "b c", "name of the database", true},
		{"mongodb://h/a", strings.Repeat("x", 64), "name of the database", true},
		{"postgres://ada:secret@localhost/x", "", "no address", true},
	} {
		a, err := migrate.ParseAddress(test.uri, test.name)
		switch {
		case test.fails && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: %v, want an error with %q", test.uri, err, test.want)
		case !test.fails && (err != nil || a.String() != test.want):
			t.Errorf("%s: %s, %v; want %s", test.uri, a, err, test.want)
		}
		for _, secret := range []string{"secret", "p%40ss", "p@ss"} {
			if strings.Contains(fmt.Sprint(a.String(), err), secret) {
				t.Errorf("%s shows the password: %s, %v", test.uri, a, err)
			}
		}
	}
}

// FuzzAddress: whatever the address, the password is not repeated.
func FuzzAddress(f *testing.F) {
	for _, rest := range []string{"host/db", "a,b:1/db?w=1", "@host", "/@", "?x=@", "host/a/b", "[::1]:27017/x", "%2Fsocket/db"} {
		f.Add("mongodb://", rest)
		f.Add("mongodb+srv://", rest)
		f.Add("sqlite:", rest)
	}
	f.Fuzz(func(t *testing.T, scheme, rest string) {
		const password = "Correct-Horse-7"
		uri := scheme + "ada:" + password + "@" + rest
		if strings.HasPrefix(uri, "sqlite:") || strings.Contains(rest, password) {
			return // a path is no secret
		}
		a, err := migrate.ParseAddress(uri, "")
		if text := fmt.Sprint(a.String(), err); strings.Contains(text, password) || strings.Contains(text, strings.ToLower(password)) {
			t.Errorf("%q: %s", uri, text)
		}
	})
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	a, err := migrate.ParseAddress("sqlite:"+filepath.Join(dir, "none"), "")
	noError(t, err)
	if _, err := migrate.Open(t.Context(), a, false, nil); !errors.Is(err, migrate.ErrNoDatabase) || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v, want ErrNoDatabase and where", err)
	}
	if a.Exists() {
		t.Error("looking for a database made it")
	}
	open(t, dir)
	a, err = migrate.ParseAddress("sqlite:"+dir, "")
	noError(t, err)
	if _, err := migrate.Open(t.Context(), a, true, nil); !errors.Is(err, migrate.ErrInUse) {
		t.Errorf("%v, want ErrInUse", err)
	}
}
