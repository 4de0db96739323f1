package migrate_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/history"
	"chatmood/internal/mail"
	"chatmood/internal/migrate"
)

// trouble befalls a database at its n-th call that counts.
type trouble struct {
	n     int
	calls int
	// before is what the call answers in place of doing anything, after what it
	// answers though it did it.
	before, after error
	strike        func() // called then, if not nil
}

func (f *trouble) around(do func() error) error {
	if f.calls++; f.calls != f.n {
		return do()
	}
	if f.strike != nil {
		f.strike()
	}
	if f.before != nil {
		return f.before
	}
	return errors.Join(do(), f.after)
}

// writing lets trouble befall what is written to a database.
func writing(db *migrate.Database, f *trouble) *migrate.Database {
	return &migrate.Database{
		Name: db.Name, Accounts: badAccounts{db.Accounts, f}, History: badHistory{db.History, f}, Holds: badHolds{db.Holds, f}, Learning: badLearning{db.Learning, f},
		Mail: badMail{db.Mail, f}, Sessions: badSessions{db.Sessions, f},
	}
}

type badAccounts struct {
	migrate.Accounts
	f *trouble
}

func (b badAccounts) ImportUser(ctx context.Context, u *account.User) error {
	return b.f.around(func() error { return b.Accounts.ImportUser(ctx, u) })
}

func (b badAccounts) ImportSession(ctx context.Context, s account.Session) error {
	return b.f.around(func() error { return b.Accounts.ImportSession(ctx, s) })
}

func (b badAccounts) SaveCode(ctx context.Context, c account.Code) error {
	return b.f.around(func() error { return b.Accounts.SaveCode(ctx, c) })
}

func (b badAccounts) ImportInvite(ctx context.Context, i account.Invite) error {
	return b.f.around(func() error { return b.Accounts.ImportInvite(ctx, i) })
}

func (b badAccounts) ImportLogs(ctx context.Context, l []account.Activity) error {
	return b.f.around(func() error { return b.Accounts.ImportLogs(ctx, l) })
}

func (b badAccounts) ImportUsage(ctx context.Context, u account.Usage) error {
	return b.f.around(func() error { return b.Accounts.ImportUsage(ctx, u) })
}

func (b badAccounts) KeepSetting(ctx context.Context, name string, value []byte) (kept []byte, err error) {
	err = b.f.around(func() (err error) { kept, err = b.Accounts.KeepSetting(ctx, name, value); return err })
	return kept, err
}

func (b badAccounts) TakeSetting(ctx context.Context, name string, value []byte) error {
	return b.f.around(func() error { return b.Accounts.TakeSetting(ctx, name, value) })
}

type badHistory struct {
	migrate.History
	f *trouble
}

func (b badHistory) ImportEntry(ctx context.Context, e *history.Entry, report []byte) error {
	return b.f.around(func() error { return b.History.ImportEntry(ctx, e, report) })
}

func (b badHistory) ImportShare(ctx context.Context, s history.Share) error {
	return b.f.around(func() error { return b.History.ImportShare(ctx, s) })
}

type badLearning struct {
	analysis.LearningStore
	f *trouble
}

func (b badLearning) ImportLearned(ctx context.Context, l analysis.Learned) error {
	return b.f.around(func() error { return b.LearningStore.ImportLearned(ctx, l) })
}

func (b badLearning) PutCorrection(ctx context.Context, c analysis.Correction) error {
	return b.f.around(func() error { return b.LearningStore.PutCorrection(ctx, c) })
}

type badHolds struct {
	analysis.HoldStore
	f *trouble
}

func (b badHolds) AddHold(ctx context.Context, h analysis.Hold) (added bool, err error) {
	err = b.f.around(func() (err error) { added, err = b.HoldStore.AddHold(ctx, h); return err })
	return added, err
}

func (b badHolds) DropHold(ctx context.Context, channel, userID string) (dropped bool, err error) {
	err = b.f.around(func() (err error) { dropped, err = b.HoldStore.DropHold(ctx, channel, userID); return err })
	return dropped, err
}

type badMail struct {
	mail.Archive
	f *trouble
}

func (b badMail) ImportMail(ctx context.Context, it mail.Item) error {
	return b.f.around(func() error { return b.Archive.ImportMail(ctx, it) })
}

type badSessions struct {
	analysis.SessionStore
	f *trouble
}

func (b badSessions) SaveCheckpoints(ctx context.Context, cps []analysis.Checkpoint) error {
	return b.f.around(func() error { return b.SessionStore.SaveCheckpoints(ctx, cps) })
}

func (b badSessions) FinishSession(ctx context.Context, f analysis.Finished) error {
	return b.f.around(func() error { return b.SessionStore.FinishSession(ctx, f) })
}

// reading lets trouble befall the records that are read from a database.
func reading(db *migrate.Database, f *trouble) *migrate.Database {
	r := *db
	r.Accounts, r.History, r.Sessions = weakAccounts{db.Accounts, f}, weakHistory{db.History, f}, weakSessions{db.Sessions, f}
	return &r
}

func befalls[T any](f *trouble, do func(T) error) func(T) error {
	return func(t T) error { return f.around(func() error { return do(t) }) }
}

type weakAccounts struct {
	migrate.Accounts
	f *trouble
}

func (w weakAccounts) EachUser(ctx context.Context, after string, do func(*account.User) error) error {
	return w.Accounts.EachUser(ctx, after, befalls(w.f, do))
}

func (w weakAccounts) EachSession(ctx context.Context, after string, do func(account.Session) error) error {
	return w.Accounts.EachSession(ctx, after, befalls(w.f, do))
}

func (w weakAccounts) EachLog(ctx context.Context, after string, do func(account.Activity) error) error {
	return w.Accounts.EachLog(ctx, after, befalls(w.f, do))
}

type weakHistory struct {
	migrate.History
	f *trouble
}

func (w weakHistory) EachEntry(ctx context.Context, after string, do func(*history.Entry, []byte) error) error {
	return w.History.EachEntry(ctx, after, func(e *history.Entry, report []byte) error {
		return w.f.around(func() error { return do(e, report) })
	})
}

func (w weakHistory) EachShare(ctx context.Context, after string, do func(history.Share) error) error {
	return w.History.EachShare(ctx, after, befalls(w.f, do))
}

type weakSessions struct {
	analysis.SessionStore
	f *trouble
}

func (w weakSessions) SessionReport(ctx context.Context, id string) (report []byte, err error) {
	err = w.f.around(func() (err error) { report, err = w.SessionStore.SessionReport(ctx, id); return err })
	return report, err
}

var errLost = errors.New("the connection was lost")

func wantSame(t testing.TB, want, got everything) {
	t.Helper()
	if diff := cmp.Diff(want, got, alike); diff != "" {
		t.Fatalf("the target is not as the source (-source +target):\n%s", diff)
	}
}

// TestTroubleAgainAndAgain lets a move come one write further each time.
func TestTroubleAgainAndAgain(t *testing.T) {
	from, to := open(t, ""), open(t, "")
	fill(t, from, 3)
	for n := 1; ; n++ {
		if n > 500 {
			t.Fatal("the move never ends")
		}
		_, err := migrate.Move(t.Context(), from, writing(to, &trouble{n: n, before: errLost}), migrate.Options{})
		if err == nil {
			break
		}
		if !errors.Is(err, errLost) {
			t.Fatal(err)
		}
	}
	wantAlike(t, from, to)
}

// TestSourceFails lets the source fail at each record.
func TestSourceFails(t *testing.T) {
	from := open(t, "")
	fill(t, from, 2)
	want := dump(t, from)
	for n := 1; ; n++ {
		to := open(t, "")
		f := &trouble{n: n, before: errLost}
		_, err := migrate.Move(t.Context(), reading(from, f), to, migrate.Options{})
		if f.calls < n {
			noError(t, err)
			break
		}
		if !errors.Is(err, errLost) {
			t.Fatalf("the source failed at record %d: %v", n, err)
		}
		_, err = migrate.Move(t.Context(), from, to, migrate.Options{})
		if err != nil {
			t.Fatalf("after the source failed at record %d: %v", n, err)
		}
		wantSame(t, want, dump(t, to))
		noError(t, to.Close())
	}
}

// TestSourceChanges changes the source between an interruption and going on.
func TestSourceChanges(t *testing.T) {
	from, to := open(t, ""), open(t, "")
	fill(t, from, 3)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := migrate.Move(ctx, from, to, migrate.Options{Progress: func(p migrate.Progress) {
		if p.Kind == "finished analyses" && p.Stage == "moving" {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	u, err := from.Accounts.User(t.Context(), id(1, 2))
	noError(t, err)
	u.FirstName = "Changed"
	noError(t, from.Accounts.UpdateUser(t.Context(), u))
	noError(t, from.Sessions.SaveCheckpoints(t.Context(), []analysis.Checkpoint{{
		SessionID: id(7, 1), Channel: "running", StartedAt: epoch, At: epoch.Add(1), Parts: []analysis.Part{{Name: "a"}, {Name: "new", Data: []byte("x")}},
	}}))
	result, err := migrate.Move(t.Context(), from, to, migrate.Options{})
	noError(t, err)
	if !result.Resumed {
		t.Error("it began anew")
	}
	wantAlike(t, from, to)

	// What the source lost meanwhile cannot be taken back: that is told.
	to = open(t, "")
	ctx, cancel = context.WithCancel(t.Context())
	_, err = migrate.Move(ctx, from, to, migrate.Options{Progress: func(p migrate.Progress) {
		if p.Kind == "finished analyses" && p.Stage == "moving" {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	noError(t, from.Accounts.DeleteUser(t.Context(), id(1, 2)))
	_, err = migrate.Move(t.Context(), from, to, migrate.Options{})
	if !errors.Is(err, migrate.ErrDiffers) || !strings.Contains(err.Error(), "1 users are in the target only ("+id(1, 2)+")") {
		t.Errorf("%v, want ErrDiffers and what differs", err)
	}
}

// lossy is a target that keeps a record otherwise than it was given.
type lossy struct{ migrate.Accounts }

func (l lossy) ImportUser(ctx context.Context, u *account.User) error {
	if u.ID == id(1, 1) {
		other := *u
		other.LastName = "Lost"
		u = &other
	}
	return l.Accounts.ImportUser(ctx, u)
}

func (l lossy) ImportLogs(ctx context.Context, list []account.Activity) error {
	return l.Accounts.ImportLogs(ctx, list[:len(list)-1])
}

// TestLossIsSeen: a target that keeps something else is not taken for equal.
func TestLossIsSeen(t *testing.T) {
	from, to := open(t, ""), open(t, "")
	fill(t, from, 3)
	to.Accounts = lossy{to.Accounts}
	_, err := migrate.Move(t.Context(), from, to, migrate.Options{})
	if !errors.Is(err, migrate.ErrDiffers) {
		t.Fatalf("%v, want ErrDiffers", err)
	}
	for _, want := range []string{"1 users are other in the target (" + id(1, 1) + ")", "1 log entries are missing in the target (" + id(4, 2) + ")"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

// homeless is a source with sign-ins and codes of nobody, as databases without
// foreign keys may have them.
type homeless struct{ migrate.Accounts }

func (h homeless) EachSession(ctx context.Context, after string, do func(account.Session) error) error {
	if err := h.Accounts.EachSession(ctx, after, do); err != nil {
		return err
	}
	return do(account.Session{ID: "z", UserID: id(9, 9), Secret: []byte{1}, CreatedAt: epoch, ExpiresAt: epoch})
}

func (h homeless) EachCode(ctx context.Context, do func(account.Code) error) error {
	if err := do(account.Code{UserID: id(9, 9), Purpose: account.PurposeReset, Hash: []byte{1}, CreatedAt: epoch, ExpiresAt: epoch}); err != nil {
		return err
	}
	return h.Accounts.EachCode(ctx, do)
}

// loose is a source with a link to no entry.
type loose struct{ migrate.History }

func (l loose) EachShare(ctx context.Context, after string, do func(history.Share) error) error {
	if after == "" {
		if err := do(history.Share{ID: "0", EntryID: id(9, 9), UserID: id(9, 9), Hash: []byte("x"), CreatedAt: epoch, ExpiresAt: epoch}); err != nil {
			return err
		}
	}
	return l.History.EachShare(ctx, after, do)
}

func TestOrphansAreLeftBehind(t *testing.T) {
	from, to := open(t, ""), open(t, "")
	fill(t, from, 2)
	source := *from
	source.Accounts, source.History = homeless{from.Accounts}, loose{from.History}
	surveyed, err := migrate.Survey(t.Context(), &source, nil)
	noError(t, err)
	result, err := migrate.Move(t.Context(), &source, to, migrate.Options{})
	noError(t, err)
	for i, line := range result.Lines {
		want := migrate.Line{Kind: line.Kind, Source: 2, Target: 2}
		switch line.Kind {
		case "sign-ins", "codes", "shared links":
			want.Source, want.Orphans = 3, 1
		}
		if line != want {
			t.Errorf("%+v, want %+v", line, want)
		}
		want.Target = 0
		if surveyed[i] != want {
			t.Errorf("before: %+v, want %+v", surveyed[i], want)
		}
	}
	wantAlike(t, from, to)
}
