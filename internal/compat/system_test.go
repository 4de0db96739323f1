package compat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/quotedprintable"
	"net/http"
	"net/http/cookiejar"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mongodriver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/account"
	"chatmood/internal/app"
	"chatmood/internal/config"
	"chatmood/internal/source/irc"
	"chatmood/internal/store/mongo"
	"chatmood/internal/store/sqlite"
	"chatmood/internal/twitchsim"
)

const (
	secretKey = "a key for tests of at least thirty-two bytes"
	password  = "Tangerine7! boat"
)

// system is the whole product with a simulated Twitch and a store of its own.
type system struct {
	t      *testing.T
	url    string
	app    *app.App
	sim    *twitchsim.Server
	outbox string // where development puts its mail
	admin  *account.User
	mongo  *mongodriver.Database // nil on SQLite
	stop   func()

	taken map[string]bool // names of the mails whose codes were taken
}

// onStores runs a test on each store: SQLite always, MongoDB where
// CHATMOOD_TEST_MONGO_URI names a server.
func onStores(t *testing.T, env map[string]string, test func(t *testing.T, s *system)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, start(t, "", env)) })
	t.Run("mongodb", func(t *testing.T) {
		const variable = "CHATMOOD_TEST_MONGO_URI"
		uri := os.Getenv(variable)
		if uri == "" {
			t.Skipf("SKIPPED: %s is not set; make test-mongo runs this test", variable)
		}
		test(t, start(t, uri, env))
	})
}

var databases atomic.Int64

// start opens a server. One administrator exists from the beginning.
func start(t *testing.T, mongoURI string, more map[string]string) *system {
	t.Helper()
	s := &system{t: t, sim: twitch(t), taken: map[string]bool{}}
	dir := t.TempDir()
	s.outbox = filepath.Join(dir, "outbox")
	env := map[string]string{
		"PORT": "0", "DATA_DIR": dir, "TWITCH_IRC_URL": s.sim.URL(), "STOP_TIMEOUT": "5s", "SECRET_KEY": secretKey,
		// Each client of a test comes from an address of its own, as through a proxy: limits by address are tested apart.
		"TRUSTED_PROXIES": "127.0.0.1/32", "GUESTS": "none", "ALLOW_ANONYMOUS_WS": "false",
	}
	if mongoURI != "" {
		env["MONGO_URI"], env["MONGO_DBNAME"] = mongoURI, fmt.Sprintf("chatmood_test_compat_%d_%d", os.Getpid(), databases.Add(1))
		client, err := mongodriver.Connect(options.Client().ApplyURI(mongoURI))
		if err != nil {
			t.Fatal(err)
		}
		s.mongo = client.Database(env["MONGO_DBNAME"])
		t.Cleanup(func() {
			ctx := context.WithoutCancel(t.Context())
			if err := errors.Join(s.mongo.Drop(ctx), client.Disconnect(ctx)); err != nil {
				t.Error(err)
			}
		})
	}
	maps.Copy(env, more)
	cfg, err := config.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, "")
	if err != nil {
		t.Fatal(err)
	}
	s.admin = createAdmin(t, cfg)
	if s.app, err = app.New(t.Context(), app.Options{Config: cfg, Version: "test", Timing: quick, PasswordCost: 4}); err != nil {
		t.Fatal(err)
	}
	s.url = s.app.URL()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.app.Run(ctx) }()
	s.stop = func() {
		if ctx.Err() != nil {
			return
		}
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the server ended with: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("the server did not stop in time")
		}
	}
	t.Cleanup(s.stop)
	s.eventually("the server takes requests", func() bool { return s.guest().get("/health/ready").status == http.StatusOK })
	return s
}

// quick makes the reader connect and come back without waits. What it takes for
// a lost connection stays as it is: a busy machine must not look like one.
var quick = irc.Timing{
	NewConn: time.Millisecond, RetryFailed: time.Minute, Overlap: 100 * time.Millisecond, Backoff: []time.Duration{0, 20 * time.Millisecond, 50 * time.Millisecond},
}

// twitch starts a simulated Twitch that says only what the test asks for.
func twitch(t *testing.T) *twitchsim.Server {
	t.Helper()
	sim := twitchsim.New(twitchsim.Config{
		Listen: "127.0.0.1:0", AnyChannel: true, Quiet: true, JoinDelay: -1, Channels: []string{"alpha", "beta"},
	})
	if err := sim.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("simulator: %v", err)
		}
	})
	return sim
}

// accounts opens the store of a configuration and closes it again after use.
func accounts(t *testing.T, cfg *config.Config, use func(account.Store)) {
	t.Helper()
	if cfg.MongoURI != "" {
		s, err := mongo.Open(t.Context(), mongo.Config{URI: cfg.MongoURI, Database: cfg.MongoDBName})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		use(s.Accounts())
		return
	}
	s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: cfg.DataDir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	use(s.Accounts())
}

func createAdmin(t *testing.T, cfg *config.Config) (admin *account.User) {
	t.Helper()
	hasher, err := account.NewHasher(4, 0) // cheap: it is made for each test
	if err != nil {
		t.Fatal(err)
	}
	accounts(t, cfg, func(store account.Store) {
		hash, err := hasher.Hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now().UTC().Truncate(time.Millisecond)
		admin = &account.User{
			ID: account.NewID(now), Email: "root@example.org", FirstName: "Ada", LastName: "Root", PasswordHash: hash,
			Role: account.RoleAdmin, Status: account.StatusActive, CreatedAt: now, UpdatedAt: now,
		}
		if err := store.CreateUser(t.Context(), admin); err != nil {
			t.Fatal(err)
		}
	})
	return admin
}

func (s *system) eventually(what string, ok func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain for: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// client is somebody with a browser or a program.
type client struct {
	s       *system
	t       *testing.T
	http    *http.Client
	bearer  string // sent as a header where it is set
	address string // where the request comes from, as a proxy says
}

var addresses atomic.Int64

// guest is a program from an address of its own, without cookies.
func (s *system) guest() *client {
	n := addresses.Add(1)
	return &client{
		s: s, t: s.t, http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		address: fmt.Sprintf("198.%d.%d.%d", 18+n>>16&1, n>>8&255, n&255),
	}
}

// browser keeps cookies.
func (s *system) browser() *client {
	c := s.guest()
	c.http.Jar, _ = cookiejar.New(nil) // it fails for no options
	return c
}

// with returns the client reporting to a subtest.
func (c *client) with(t *testing.T) *client {
	other := *c
	other.t = t
	return &other
}

// mode is how a client shows who it is after signing in.
type mode string

const (
	bearers mode = "bearer" // by the token, as the newer pages of the old front-end do
	cookies mode = "cookie" // by what the browser keeps, as the older ones do
)

// signIn returns a client that is signed in.
func (s *system) signIn(m mode, email, password string) *client {
	s.t.Helper()
	c := s.browser()
	got := c.post("/api/login", object{"email": email, "password": password})
	if got.status != http.StatusOK {
		s.t.Fatalf("sign-in of %s: %d %s", email, got.status, got.body)
	}
	if m == bearers {
		c.http.Jar, c.bearer = nil, got.text("access_token")
	}
	return c
}

// newUser registers a user and signs in.
func (s *system) newUser(m mode, email string) *client {
	s.t.Helper()
	c := s.guest()
	if got := c.post("/api/register", object{"email": email, "password": password, "first_name": "Nora", "last_name": "Quill"}); got.status != http.StatusOK {
		s.t.Fatalf("registering %s: %d %s", email, got.status, got.body)
	}
	if got := c.post("/api/verify-otp", object{"email": email, "otp": s.code(email)}); got.status != http.StatusOK {
		s.t.Fatalf("verifying %s: %d %s", email, got.status, got.body)
	}
	return s.signIn(m, email, password)
}

type object = map[string]any

// answer is what the server said.
type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   []byte
}

func (c *client) get(path string) *answer { c.t.Helper(); return c.do(http.MethodGet, path, nil, nil) }

func (c *client) post(path string, body any) *answer {
	c.t.Helper()
	return c.do(http.MethodPost, path, body, nil)
}

func (c *client) put(path string, body any) *answer {
	c.t.Helper()
	return c.do(http.MethodPut, path, body, nil)
}

func (c *client) delete(path string, body any) *answer {
	c.t.Helper()
	return c.do(http.MethodDelete, path, body, nil)
}

// do sends a request; a body that is a string goes as it is, nil is no body.
func (c *client) do(method, path string, body any, header http.Header) *answer {
	c.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		reader = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.s.url+path, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("X-Forwarded-For", c.address)
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	maps.Copy(req.Header, header)
	req.Close = true
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return &answer{t: c.t, what: method + " " + path, status: res.StatusCode, header: res.Header, body: data}
}

// object returns the answer as a JSON object.
func (a *answer) object() object {
	a.t.Helper()
	var o object
	if err := json.Unmarshal(a.body, &o); err != nil {
		a.t.Fatalf("%s: %v in %s", a.what, err, a.body)
	}
	return o
}

// list returns the answer as a JSON array of objects.
func (a *answer) list() []object {
	a.t.Helper()
	var l []object
	if err := json.Unmarshal(a.body, &l); err != nil || l == nil {
		a.t.Fatalf("%s: no array (%v) but %s", a.what, err, a.body)
	}
	return l
}

// text returns a field of the answer that is a text.
func (a *answer) text(key string) string {
	a.t.Helper()
	s, ok := a.object()[key].(string)
	if !ok {
		a.t.Errorf("%s: %q is no text in %s", a.what, key, a.body)
	}
	return s
}

// ok checks a success: status 200 and fields with their values.
func (a *answer) ok(want object) *answer {
	a.t.Helper()
	if a.status != http.StatusOK {
		a.t.Errorf("%s: status %d, want 200: %s", a.what, a.status, a.body)
		return a
	}
	a.has(want)
	return a
}

// has checks fields of the answer.
func (a *answer) has(want object) {
	a.t.Helper()
	got := a.object()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if fmt.Sprint(got[key]) != fmt.Sprint(want[key]) {
			a.t.Errorf("%s: %s is %v, want %v", a.what, key, got[key], want[key])
		}
	}
}

// refused checks an error: its status and its text, under both keys that old
// pages read.
func (a *answer) refused(status int, text string) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Errorf("%s: status %d, want %d (%s): %s", a.what, a.status, status, text, a.body)
		return a
	}
	got := a.object()
	for _, key := range []string{"detail", "error"} {
		if got[key] != text {
			a.t.Errorf("%s: %s is %q, want %q", a.what, key, got[key], text)
		}
	}
	if kind := a.header.Get("Content-Type"); kind != "application/problem+json" {
		a.t.Errorf("%s: the content type of an error is %q", a.what, kind)
	}
	return a
}

// namesField checks that a refused body is answered with the field at fault.
func (a *answer) namesField(field string) *answer {
	a.t.Helper()
	if a.status != http.StatusUnprocessableEntity && a.status != http.StatusBadRequest {
		a.t.Errorf("%s: status %d, want 400 or 422: %s", a.what, a.status, a.body)
		return a
	}
	got := a.object()
	for _, key := range []string{"detail", "error"} {
		if s, _ := got[key].(string); !strings.Contains(s, field) {
			a.t.Errorf("%s: %s does not name %s: %s", a.what, key, field, a.body)
		}
	}
	return a
}

// keys checks that an object has exactly these keys.
func keys(t *testing.T, what string, got object, want ...string) {
	t.Helper()
	have := slices.Sorted(maps.Keys(got))
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("%s has the keys %v, want %v", what, have, want)
	}
}

// letter is a mail that was sent: its file and its plain text.
type letter struct{ file, text string }

// mails returns the texts of the mails to an address, oldest first.
func (s *system) mails(to string) (list []string) {
	s.t.Helper()
	for _, l := range s.letters(to) {
		list = append(list, l.text)
	}
	return list
}

// letters returns the mails to an address, oldest first.
func (s *system) letters(to string) (list []letter) {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.outbox, "*.eml"))
	if err != nil {
		s.t.Fatal(err)
	}
	type dated struct {
		at time.Time
		letter
	}
	var found []dated
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			s.t.Fatal(err)
		}
		m, err := mail.ReadMessage(bytes.NewReader(data))
		if err != nil {
			s.t.Fatalf("%s: %v", name, err)
		}
		if address, err := mail.ParseAddress(m.Header.Get("To")); err != nil || address.Address != to {
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			s.t.Fatal(err)
		}
		_, body, _ := bytes.Cut(data, []byte("\r\n\r\n"))
		text, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body)))
		if err != nil { // the borders between parts are not quoted
			text = body
		}
		found = append(found, dated{info.ModTime(), letter{name, "Subject: " + m.Header.Get("Subject") + "\n" + string(text)}})
	}
	slices.SortStableFunc(found, func(a, b dated) int { return a.at.Compare(b.at) })
	for _, f := range found {
		list = append(list, f.letter)
	}
	return list
}

var (
	codePattern = regexp.MustCompile(`\b\d{6}\b`)
	linkPattern = regexp.MustCompile(`/reset-password/([0-9a-f]{24})/([\w-]{20,})`)
)

// code waits for a mail with a code to an address and takes the last one that
// was not taken before. Mails come a while after they were asked for: whoever
// asks for a second code takes the first one before.
func (s *system) code(to string) string {
	s.t.Helper()
	var code string
	s.eventually("a code for "+to, func() bool {
		for _, l := range s.letters(to) {
			if found := codePattern.FindString(l.text); found != "" && !s.taken[l.file] {
				code, s.taken[l.file] = found, true
			}
		}
		return code != ""
	})
	return code
}

// resetLink waits for a mail with a link to set a new password.
func (s *system) resetLink(to string) (userID, token string) {
	s.t.Helper()
	s.eventually("a reset link for "+to, func() bool {
		for _, text := range slices.Backward(s.mails(to)) {
			if m := linkPattern.FindStringSubmatch(text); m != nil {
				userID, token = m[1], m[2]
				return true
			}
		}
		return false
	})
	return userID, token
}

// cookie returns a cookie that the client keeps.
func (c *client) cookie(name string) string {
	u, err := url.Parse(c.s.url)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, k := range c.http.Jar.Cookies(u) {
		if k.Name == name {
			return k.Value
		}
	}
	return ""
}

// say makes people write in a channel, once its chat is read.
func (s *system) say(channel string, lines ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	if err := s.sim.WaitReaders(ctx, channel, 1); err != nil {
		s.t.Fatal(err)
	}
	for i, line := range lines {
		s.sim.Say(channel, fmt.Sprintf("viewer%d", i%3), line)
	}
}
