package mongo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/history"
	"chatmood/internal/mail"
	"chatmood/internal/store/mongo"
)

func someUser(n int, email string) *account.User {
	return &account.User{
		ID: oldID(n), Email: email, FirstName: "Some", LastName: "Body", PasswordHash: "hash", Role: account.RoleUser, Status: account.StatusActive,
		CreatedAt: oldNow, UpdatedAt: oldNow,
	}
}

// wantEmpty checks that nothing is left in collections.
func wantEmpty(t *testing.T, db *driver.Database, collections ...string) {
	t.Helper()
	for _, name := range collections {
		if n := count(t, db, name); n != 0 {
			t.Errorf("%d documents are left in %s", n, name)
		}
	}
}

// TestCrashWhileCreatingUser: whatever command is the last, there is a user whose
// address is taken, or there is none and the address is free.
func TestCrashWhileCreatingUser(t *testing.T) {
	serverURI(t)
	eachCut(t,
		func(*mongo.Store) {},
		func(s *mongo.Store) error {
			return s.Accounts().CreateUser(t.Context(), someUser(1, "Ada@example.org"))
		},
		func(t *testing.T, s *mongo.Store, _ *driver.Database, err error) bool {
			a := s.Hurry().Accounts()
			u, uerr := a.UserByEmail(t.Context(), "ADA@example.org")
			again := a.CreateUser(t.Context(), someUser(2, "ada@example.org"))
			switch {
			case uerr == nil:
				if u.ID != oldID(1) {
					t.Errorf("found %+v", u)
				}
				wantError(t, again, account.ErrEmailTaken)
			case !errors.Is(uerr, account.ErrNotFound) || again != nil || err == nil:
				t.Errorf("creating failed with %v, finding with %v, creating another with %v", err, uerr, again)
			}
			return uerr == nil
		})
}

// TestCrashWhileMovingAddress: the user has the one address or the other, and
// the one that it does not have is free.
func TestCrashWhileMovingAddress(t *testing.T) {
	serverURI(t)
	eachCut(t,
		func(s *mongo.Store) { noError(t, s.Accounts().CreateUser(t.Context(), someUser(1, "old@example.org"))) },
		func(s *mongo.Store) error {
			u := someUser(1, "new@example.org")
			return s.Accounts().UpdateUser(t.Context(), u)
		},
		func(t *testing.T, s *mongo.Store, _ *driver.Database, err error) bool {
			a := s.Hurry().Accounts()
			u, uerr := a.User(t.Context(), oldID(1))
			noError(t, uerr)
			moved := u.Email == "new@example.org"
			if !moved && (err == nil || u.Email != "old@example.org") {
				t.Errorf("%v, and the address is %q", err, u.Email)
			}
			free := map[bool]string{true: "OLD@example.org", false: "NEW@example.org"}
			wantError(t, a.CreateUser(t.Context(), someUser(2, free[!moved])), account.ErrEmailTaken)
			noError(t, a.CreateUser(t.Context(), someUser(2, free[moved])))
			got, uerr := a.UserByEmail(t.Context(), strings.ToLower(free[!moved]))
			noError(t, uerr)
			if got.ID != oldID(1) {
				t.Errorf("the address finds %s", got.ID)
			}
			return moved
		})
}

// TestCrashWhileDeletingUser: everything of a user is there, or nothing is.
func TestCrashWhileDeletingUser(t *testing.T) {
	serverURI(t)
	code := account.Code{UserID: oldID(1), Purpose: account.PurposeReset, Hash: []byte("x"), ExpiresAt: oldNow.Add(time.Hour)}
	eachCut(t,
		func(s *mongo.Store) {
			a := s.Accounts()
			u := someUser(1, "ada@example.org")
			u.Role = account.RoleAdmin
			other := someUser(3, "other@example.org")
			other.Role = account.RoleAdmin
			noError(t, a.CreateUser(t.Context(), u))
			noError(t, a.CreateUser(t.Context(), other))
			noError(t, a.CreateSession(t.Context(), account.Session{ID: "s", UserID: u.ID, ExpiresAt: oldNow}))
			noError(t, a.SaveCode(t.Context(), code))
			for i := range 3 {
				noError(t, a.AppendLog(t.Context(), account.Activity{ID: oldID(100 + i), UserID: u.ID, UserName: "Some Body", Activity: "x", Details: "y", CreatedAt: oldNow}))
			}
		},
		func(s *mongo.Store) error { return s.Accounts().DeleteUser(t.Context(), oldID(1)) },
		func(t *testing.T, s *mongo.Store, db *driver.Database, err error) bool {
			a := s.Hurry().Accounts()
			page, lerr := a.Logs(t.Context(), account.LogQuery{Search: "Some Body"})
			noError(t, lerr)
			_, uerr := a.User(t.Context(), oldID(1))
			_, serr := a.Session(t.Context(), "s")
			_, cerr := a.Code(t.Context(), oldID(1), account.PurposeReset, oldNow)
			if uerr == nil {
				if err == nil || serr != nil || cerr != nil || page.Total != 3 {
					t.Errorf("deleting failed with %v: session %v, code %v, %d log entries", err, serr, cerr, page.Total)
				}
				noError(t, a.DeleteUser(t.Context(), oldID(1)))
			} else {
				wantError(t, uerr, account.ErrNotFound)
				wantError(t, serr, account.ErrNotFound)
				wantError(t, cerr, account.ErrNotFound)
				if page.Total != 0 {
					t.Errorf("%d log entries still name the user", page.Total)
				}
			}
			noError(t, a.CreateUser(t.Context(), someUser(2, "ADA@example.org")))
			wantEmpty(t, db, "chatmood_pending", "chatmood_logins", "chatmood_codes")
			return uerr != nil
		})
}

// TestCrashWhileDemoting: one administrator stays, and whoever comes next is not
// held up by a lock of the dead.
func TestCrashWhileDemoting(t *testing.T) {
	serverURI(t)
	eachCut(t,
		func(s *mongo.Store) {
			for i := range 2 {
				u := someUser(i, fmt.Sprint(i, "@example.org"))
				u.Role = account.RoleAdmin
				noError(t, s.Accounts().CreateUser(t.Context(), u))
			}
		},
		func(s *mongo.Store) error { return s.Accounts().UpdateUser(t.Context(), someUser(0, "0@example.org")) },
		func(t *testing.T, s *mongo.Store, db *driver.Database, err error) bool {
			a := s.Hurry().Accounts()
			first, uerr := a.User(t.Context(), oldID(0))
			noError(t, uerr)
			second, uerr := a.User(t.Context(), oldID(1))
			noError(t, uerr)
			second.Role = account.RoleUser
			uerr = a.UpdateUser(t.Context(), second)
			if demoted := !first.IsAdmin(); demoted {
				wantError(t, uerr, account.ErrLastAdmin)
			} else if uerr != nil || err == nil {
				t.Errorf("demoting one failed with %v, then the other with %v", err, uerr)
			}
			wantEmpty(t, db, "chatmood_locks")
			return !first.IsAdmin()
		})
}

func someEntry() *history.Entry {
	return &history.Entry{ID: oldID(1000), UserID: oldID(1), Channel: "somebody", Status: history.StatusActive, CreatedAt: oldNow, UpdatedAt: oldNow, Counts: history.Counts{Total: 1}}
}

// incompressible is a report of several pieces.
func incompressible(seed byte) []byte {
	b := make([]byte, 3<<20)
	x := uint32(seed) + 1
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return b
}

// wantReport checks an entry's report, and that nothing else is left of others
// once what a crash left is old.
func wantReport(t *testing.T, s *mongo.Store, db *driver.Database, want []byte) {
	t.Helper()
	got, err := s.History().Report(t.Context(), oldID(1000))
	switch {
	case want == nil:
		wantError(t, err, history.ErrNotFound)
	case err != nil || !bytes.Equal(got, want):
		t.Errorf("a report of %d bytes, %v; want %d", len(got), err, len(want))
	}
	_, err = s.Hurry().History().DropExpired(t.Context(), oldNow)
	noError(t, err)
	wantEmpty(t, db, "chatmood_pending")
	pieces := count(t, db, "chatmood_reports")
	if want != nil && pieces == 0 || want == nil && pieces != 0 || pieces > 4 {
		t.Errorf("%d pieces are left for a report of %d bytes", pieces, len(want))
	}
}

// TestCrashWhileSavingHistory: an entry is there with its whole report, or is not.
func TestCrashWhileSavingHistory(t *testing.T) {
	serverURI(t)
	report := incompressible(1)
	eachCut(t,
		func(*mongo.Store) {},
		func(s *mongo.Store) error { return s.History().Create(t.Context(), someEntry(), report) },
		func(t *testing.T, s *mongo.Store, db *driver.Database, err error) bool {
			_, gerr := s.History().Get(t.Context(), oldID(1000))
			if gerr != nil {
				wantError(t, gerr, history.ErrNotFound)
				if err == nil {
					t.Error("it was saved, but is not there")
				}
				wantReport(t, s, db, nil)
			} else {
				wantReport(t, s, db, report)
			}
			return gerr == nil
		})
}

// TestCrashWhileReplacingHistory: figures and report are both the old ones or
// both the new ones.
func TestCrashWhileReplacingHistory(t *testing.T) {
	serverURI(t)
	old, next := incompressible(1), incompressible(2)
	eachCut(t,
		func(s *mongo.Store) { noError(t, s.History().Create(t.Context(), someEntry(), old)) },
		func(s *mongo.Store) error {
			e := someEntry()
			e.Counts.Total = 2
			return s.History().Replace(t.Context(), e, next)
		},
		func(t *testing.T, s *mongo.Store, db *driver.Database, err error) bool {
			e, gerr := s.History().Get(t.Context(), oldID(1000))
			noError(t, gerr)
			replaced := e.Counts.Total == 2
			if replaced {
				wantReport(t, s, db, next)
			} else {
				wantReport(t, s, db, old)
			}
			if err == nil && !replaced {
				t.Error("it was replaced, but is as before")
			}
			return replaced
		})
}

// TestCrashWhileRemovingHistory: an entry is there with everything, or nothing of
// it is.
func TestCrashWhileRemovingHistory(t *testing.T) {
	serverURI(t)
	report := incompressible(1)
	link := history.Share{ID: oldID(5), EntryID: oldID(1000), UserID: oldID(1), Hash: []byte("h"), CreatedAt: oldNow, ExpiresAt: oldNow.Add(time.Hour)}
	eachCut(t,
		func(s *mongo.Store) {
			noError(t, s.History().Create(t.Context(), someEntry(), report))
			noError(t, s.History().CreateShare(t.Context(), link))
		},
		func(s *mongo.Store) error { return s.History().Remove(t.Context(), oldID(1000), oldID(1)) },
		func(t *testing.T, s *mongo.Store, db *driver.Database, err error) bool {
			_, gerr := s.History().Get(t.Context(), oldID(1000))
			if gerr == nil {
				wantReport(t, s, db, report)
				if n := count(t, db, "chatmood_shares"); n != 1 || err == nil {
					t.Errorf("%d links to an entry that was not removed, %v", n, err)
				}
			} else {
				wantError(t, gerr, history.ErrNotFound)
				wantReport(t, s, db, nil)
				wantEmpty(t, db, "chatmood_shares")
			}
			return gerr != nil
		})
}

// TestAway: while the database cannot be reached, every call says so in a way
// that callers recognise, and none waits longer than the address says; afterwards
// all works again without a restart.
func TestAway(t *testing.T) {
	name, _ := database(t, t.TempDir())
	uri, p := proxied(t)
	u, err := url.Parse(uri)
	noError(t, err)
	q := u.Query()
	q.Set("serverSelectionTimeoutMS", "5000")
	u.RawQuery = q.Encode()
	s := mustOpen(t, u.String(), name)
	a, h, o, holds := s.Accounts(), s.History(), s.Outbox(), s.Holds()
	noError(t, a.CreateUser(t.Context(), someUser(1, "ada@example.org")))
	noError(t, h.Create(t.Context(), someEntry(), []byte("{}")))
	calls := map[string]func(ctx context.Context) error{
		"User":        func(ctx context.Context) error { _, err := a.User(ctx, oldID(1)); return err },
		"UserByEmail": func(ctx context.Context) error { _, err := a.UserByEmail(ctx, "ADA@example.org"); return err },
		"CreateUser":  func(ctx context.Context) error { return a.CreateUser(ctx, someUser(2, "b@example.org")) },
		"DeleteUser":  func(ctx context.Context) error { return a.DeleteUser(ctx, oldID(2)) },
		"Users":       func(ctx context.Context) error { _, err := a.Users(ctx, account.UserQuery{}); return err },
		"CountUsers":  func(ctx context.Context) error { _, err := a.CountUsers(ctx); return err },
		"Session":     func(ctx context.Context) error { _, err := a.Session(ctx, "x"); return ignore(err) },
		"TryCode": func(ctx context.Context) error {
			_, err := a.TryCode(ctx, oldID(1), account.PurposeReset, oldNow, 5)
			return ignore(err)
		},
		"KeepSetting": func(ctx context.Context) error { _, err := a.KeepSetting(ctx, "x", []byte("y")); return err },
		"AddUsage":    func(ctx context.Context) error { return a.AddUsage(ctx, account.Usage{Day: "2025-01-01", SignIns: 1}) },
		"AppendLog": func(ctx context.Context) error {
			return a.AppendLog(ctx, account.Activity{ID: bson.NewObjectID().Hex()})
		},
		"Logs":            func(ctx context.Context) error { _, err := a.Logs(ctx, account.LogQuery{Search: "x"}); return err },
		"DropExpired":     func(ctx context.Context) error { _, err := a.DropExpired(ctx, oldNow); return err },
		"History.Get":     func(ctx context.Context) error { _, err := h.Get(ctx, oldID(1000)); return err },
		"History.Report":  func(ctx context.Context) error { _, err := h.Report(ctx, oldID(1000)); return err },
		"History.Replace": func(ctx context.Context) error { return h.Replace(ctx, someEntry(), []byte("{}")) },
		"History.List": func(ctx context.Context) error {
			_, err := h.List(ctx, history.Query{UserID: oldID(1), Search: "x"})
			return err
		},
		"History.Totals": func(ctx context.Context) error { _, err := h.Totals(ctx); return err },
		"AddHold": func(ctx context.Context) error {
			_, err := holds.AddHold(ctx, analysis.Hold{Channel: "x", UserID: "y"})
			return err
		},
		"Put": func(ctx context.Context) error { return o.Put(ctx, mail.Item{ID: "x", CreatedAt: oldNow}) },
		"Claim": func(ctx context.Context) error {
			_, _, err := o.Claim(ctx, oldNow, oldNow.Add(time.Minute))
			return err
		},
		"Check": s.Check,
		"SaveCheckpoints": func(ctx context.Context) error {
			return s.SaveCheckpoints(ctx, []analysis.Checkpoint{checkpoint("one", 1)})
		},
	}
	p.leave(true)
	var wg sync.WaitGroup
	for name, call := range calls {
		for range 3 { // some find the connections given up by others
			wg.Go(func() {
				if err := call(t.Context()); !mongo.Away(err) || !strings.Contains(err.Error(), "MONGO_URI") {
					t.Errorf("%s: %v, want an error that says that the database is away", name, err)
				}
			})
		}
	}
	wg.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := calls["User"](ctx); !errors.Is(err, context.Canceled) || mongo.Away(err) {
		t.Errorf("a call that was given up: %v", err)
	}
	p.leave(false)
	for deadline := time.Now().Add(20 * time.Second); s.Check(t.Context()) != nil && time.Now().Before(deadline); {
		// It asks again itself, at most every half second.
	}
	for _, name := range []string{"CreateUser", "DeleteUser"} { // the second needs the first
		noError(t, calls[name](t.Context()))
		delete(calls, name)
	}
	for name, call := range calls {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s once it is back: %v", name, err)
		}
	}
	for _, err := range []error{nil, account.ErrNotFound, history.ErrNotFound, context.Canceled, errors.New("other")} {
		if mongo.Away(err) {
			t.Errorf("%v counts as away", err)
		}
	}
}

func ignore(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return nil
	}
	return err
}

// TestDeletionCountsAtOnce: an administrator whose deletion was interrupted is
// none who could stay.
func TestDeletionCountsAtOnce(t *testing.T) {
	name, db := database(t, t.TempDir())
	a := mustOpen(t, serverURI(t), name).Accounts()
	for i := range 2 {
		u := someUser(i, fmt.Sprint(i, "@example.org"))
		u.Role = account.RoleAdmin
		noError(t, a.CreateUser(t.Context(), u))
	}
	if _, err := db.Collection("chatmood_pending").InsertOne(t.Context(), bson.D{
		{Key: "kind", Value: "user"}, {Key: "at_us", Value: int64(1)}, {Key: "user", Value: oldID(0)}, {Key: "email", Value: "0@example.org"},
	}); err != nil {
		t.Fatal(err)
	}
	wantError(t, a.UpdateUser(t.Context(), someUser(1, "1@example.org")), account.ErrLastAdmin)
	_, err := a.User(t.Context(), oldID(0))
	wantError(t, err, account.ErrNotFound)
	wantEmpty(t, db, "chatmood_pending", "chatmood_locks")
}
