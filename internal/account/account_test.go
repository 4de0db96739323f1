package account_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chatmood/internal/account"
	"chatmood/internal/store/sqlite"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password = "Abcdef1!"
	other    = "Ghijkl2?"
	key      = "a secret key of the tests, 32 bytes and more"
)

var start = time.Date(2026, 3, 4, 12, 3, 0, 0, time.UTC)

// sent is a mail of the service.
type sent struct{ kind, to, code, userID string }

// world is a service on a real database, with a clock that tests move.
type world struct {
	*account.Service
	store  account.Store
	config account.Config

	mu    sync.Mutex
	at    time.Time
	mails []sent
}

func newWorld(t testing.TB, change ...func(*account.Config)) *world {
	t.Helper()
	db, err := sqlite.Open(t.Context(), sqlite.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &world{store: db.Accounts(), at: start}
	hasher, err := account.NewHasher(4, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.config = account.Config{Store: w.store, Mailer: w, Hasher: hasher, SecretKey: []byte(key), Now: w.now}
	for _, c := range change {
		c(&w.config)
	}
	w.Service = w.another(t)
	return w
}

// another is the service of another node: the same store, a cache of its own.
func (w *world) another(t testing.TB) *account.Service {
	t.Helper()
	s, err := account.NewService(w.config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *world) keep(m sent) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mails = append(w.mails, m)
	return nil
}

// take returns the mails since the last call.
func (w *world) take() []sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.mails
	w.mails = nil
	return list
}

// only returns the one mail since the last call.
func (w *world) only(t testing.TB, kind string) sent {
	t.Helper()
	list := w.take()
	if len(list) != 1 || list[0].kind != kind {
		t.Fatalf("mails %+v, want one of %q", list, kind)
	}
	return list[0]
}

func (w *world) Code(_ context.Context, to, _, code string, _ time.Duration) error {
	return w.keep(sent{"code", to, code, ""})
}

func (w *world) ResetLink(_ context.Context, to, _, userID, token string, _ time.Duration) error {
	return w.keep(sent{"reset", to, token, userID})
}

func (w *world) AlreadyRegistered(_ context.Context, to, _ string) error {
	return w.keep(sent{"already registered", to, "", ""})
}

func (w *world) PasswordChanged(_ context.Context, to, _ string, _ time.Time) error {
	return w.keep(sent{"password changed", to, "", ""})
}

func (w *world) EmailChanged(_ context.Context, to, _, newEmail string, _ time.Time) error {
	return w.keep(sent{"email changed", to, newEmail, ""})
}

func (w *world) AccountDeleted(_ context.Context, to, _ string, _ time.Time) error {
	return w.keep(sent{"account deleted", to, "", ""})
}

func (w *world) AccountSuspended(_ context.Context, to, _ string, _ time.Time) error {
	return w.keep(sent{"account suspended", to, "", ""})
}

func (w *world) NewDevice(_ context.Context, to, _, _, _ string, _ time.Time) error {
	return w.keep(sent{"new device", to, "", ""})
}

// user adds an active user.
func (w *world) user(t testing.TB, email string, role account.Role) *account.User {
	t.Helper()
	u, err := w.CreateUser(t.Context(), account.Registration{Email: email, Password: password, FirstName: "Ada", LastName: "Byron"}, role)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// edit changes a user behind the service's back, as an older system would have
// left it.
func (w *world) edit(t testing.TB, id string, change func(*account.User)) {
	t.Helper()
	u, err := w.store.User(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	change(u)
	if err := w.store.UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

func (w *world) login(t testing.TB, email, password string) account.Tokens {
	t.Helper()
	_, tokens, err := w.Login(t.Context(), email, password, account.Client{Address: "192.0.2.1", UserAgent: "browser"})
	if err != nil {
		t.Fatalf("signing in %s: %v", email, err)
	}
	return tokens
}

func (w *world) identity(t testing.TB, token string) account.Identity {
	t.Helper()
	id, err := w.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// activities returns what the log has, oldest first.
func (w *world) activities(t testing.TB) []string {
	t.Helper()
	page, err := w.Logs(t.Context(), account.LogQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, l := range page.Logs {
		list = append(list, l.Activity)
	}
	return list
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// wantText compares the text that a person gets.
func wantText(t testing.TB, err error, want string) {
	t.Helper()
	if e := account.AsError(err); e == nil || e.Message != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestNewID(t *testing.T) {
	a, b := account.NewID(start), account.NewID(start.Add(time.Second))
	if !account.ValidID(a) || a >= b || a == account.NewID(start) {
		t.Errorf("ids %s, %s: want valid, rising, different", a, b)
	}
	for _, bad := range []string{"", "x", a[1:], a + "0", fmt.Sprintf("%024X", 0xabcdef), `{"$ne": null}___________`} {
		if account.ValidID(bad) {
			t.Errorf("%q counts as an id", bad)
		}
	}
}

func TestNewService(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*account.Config){
		"no store": func(c *account.Config) { c.Store = nil },
		"no mail":  func(c *account.Config) { c.Mailer = nil },
		"weak key": func(c *account.Config) { c.SecretKey = []byte("short") },
		"time":     func(c *account.Config) { c.CodeLifetime = -1 },
	} {
		cfg := w.config
		change(&cfg)
		if _, err := account.NewService(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
