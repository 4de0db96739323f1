package httpapi_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/httpapi"
	"chatmood/internal/mail"
)

const (
	goodPassword  = "Tangerine7! boat"
	otherPassword = "Marmalade9? kite"
	pixel         = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

// letters are the mails of a test.
type letters struct {
	mu       sync.Mutex
	list     []letter
	contacts []mail.Contact
}

type letter struct{ kind, to, secret, userID string }

func (l *letters) keep(kind, to, secret, userID string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, letter{kind, to, secret, userID})
	return nil
}

// last returns the last mail to an address.
func (l *letters) last(t testing.TB, to string) letter {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range slices.Backward(l.list) {
		if m.to == to {
			return m
		}
	}
	t.Fatalf("no mail to %s", to)
	return letter{}
}

func (l *letters) count() int { l.mu.Lock(); defer l.mu.Unlock(); return len(l.list) }

func (l *letters) Code(_ context.Context, to, _, code string, _ time.Duration) error {
	return l.keep("code", to, code, "")
}

func (l *letters) ResetLink(_ context.Context, to, _, userID, token string, _ time.Duration) error {
	return l.keep("reset", to, token, userID)
}

func (l *letters) AlreadyRegistered(_ context.Context, to, _ string) error {
	return l.keep("already registered", to, "", "")
}

func (l *letters) PasswordChanged(_ context.Context, to, _ string, _ time.Time) error {
	return l.keep("password changed", to, "", "")
}

func (l *letters) EmailChanged(_ context.Context, to, _, _ string, _ time.Time) error {
	return l.keep("email changed", to, "", "")
}

func (l *letters) AccountDeleted(_ context.Context, to, _ string, _ time.Time) error {
	return l.keep("account deleted", to, "", "")
}

func (l *letters) AccountSuspended(_ context.Context, to, _ string, _ time.Time) error {
	return l.keep("account suspended", to, "", "")
}

func (l *letters) NewDevice(_ context.Context, to, _, _, _ string, _ time.Time) error {
	return l.keep("new device", to, "", "")
}

func (l *letters) Contact(_ context.Context, c mail.Contact) error {
	if c.Message == "" {
		return mail.InputError{Field: "name", Text: "All fields are required."}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.contacts = append(l.contacts, c)
	return nil
}

func (l *letters) Test(_ context.Context, to string) error { return l.keep("test", to, "", "") }

// club is a server with accounts, and a clock that the test moves.
type club struct {
	*server
	service *account.Service
	letters *letters
	admin   *account.User

	mu sync.Mutex
	at time.Time
}

func (c *club) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *club) pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

// open starts a server with accounts, an administrator among them. Requests come
// through a proxy, so that each may have an address of its own.
func open(t testing.TB, change func(*httpapi.Config, *account.Config)) *club {
	t.Helper()
	c := openEmpty(t, change)
	var err error
	c.admin, err = c.service.CreateUser(t.Context(), account.Registration{Email: "root@example.org", Password: goodPassword, FirstName: "Ada", LastName: "Root"}, account.RoleAdmin)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// openEmpty is open without anybody.
func openEmpty(t testing.TB, change func(*httpapi.Config, *account.Config)) *club {
	t.Helper()
	c := &club{letters: &letters{}, at: now}
	hasher, err := account.NewHasher(4, 0)
	if err != nil {
		t.Fatal(err)
	}
	c.server = serve(t, func(cfg *httpapi.Config, s *server) {
		users := account.Config{
			Store: s.store.Accounts(), Mailer: c.letters, Hasher: hasher, SecretKey: []byte("a key for tests of at least thirty-two bytes"), Now: c.now,
		}
		cfg.Guests, cfg.Mails, cfg.MailBy, cfg.PublicURL, cfg.Now = httpapi.GuestsNone, c.letters, httpapi.MailFolder, "https://mood.example", c.now
		cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		if change != nil {
			change(cfg, &users)
		}
		if c.service, err = account.NewService(users); err != nil {
			t.Fatal(err)
		}
		cfg.Accounts = c.service
	})
	return c
}

// user adds a user and returns how to sign requests with it.
func (c *club) user(t testing.TB, email string) (id, auth string) {
	t.Helper()
	u, err := c.service.CreateUser(t.Context(), account.Registration{Email: email, Password: goodPassword, FirstName: "Nora", LastName: "Quill"}, account.RoleUser)
	if err != nil {
		t.Fatal(err)
	}
	return u.ID, c.bearer(t, email)
}

func (c *club) bearer(t testing.TB, email string) string {
	t.Helper()
	_, tokens, err := c.service.Login(t.Context(), email, goodPassword, account.Client{Address: "192.0.2.1", UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return "Authorization: Bearer " + tokens.Access
}

func body(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

type obj = map[string]any

// ok checks a success and returns its body.
func (a answer) ok(t testing.TB) map[string]any {
	t.Helper()
	if a.status != 200 {
		t.Fatalf("status %d, want 200: %s", a.status, a.body)
	}
	return a.object(t)
}

// cookies returns the cookies that an answer sets, by name.
func (a answer) cookies() map[string]*http.Cookie {
	set := map[string]*http.Cookie{}
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		set[c.Name] = c
	}
	return set
}

// TestAccountWay goes the way of a user from registering to deleting.
func TestAccountWay(t *testing.T) {
	c := open(t, nil)
	const email = "nora@example.org"
	form := obj{"email": email, "password": goodPassword, "first_name": "Nora", "last_name": "Quill", "role": "admin"}
	got := c.do(t, "POST", "/api/register", body(form)).ok(t)
	if got["message"] != "Registration successful. Please check your email for verification code." || got["email"] != email {
		t.Errorf("registered: %v", got)
	}
	c.do(t, "POST", "/api/login", body(obj{"email": email, "password": goodPassword})).wantProblem(t, 403, "not active")
	c.do(t, "POST", "/api/resend-otp", body(obj{"email": email})).ok(t)
	c.do(t, "POST", "/api/verify-otp", body(obj{"email": email, "otp": "000000x"})).wantProblem(t, 400, "Invalid or expired OTP")
	c.do(t, "POST", "/api/verify-otp", body(obj{"email": email, "otp": c.letters.last(t, email).secret})).ok(t)
	c.do(t, "POST", "/api/login", body(obj{"email": email, "password": otherPassword})).wantProblem(t, 401, "Incorrect email or password.")
	c.do(t, "POST", "/api/login", body(obj{"email": "x@example.org", "password": otherPassword})).wantProblem(t, 401, "Incorrect email or password.")
	in := c.do(t, "POST", "/api/login", body(obj{"email": email, "password": goodPassword}))
	signed := in.ok(t)
	user := signed["user"].(obj)
	if signed["token_type"] != "bearer" || signed["expires_in"] != 1800.0 || signed["refresh_token"] == "" || user["role"] != "user" || len(user) != 6 {
		t.Errorf("signed in: %v", signed)
	}
	auth := "Authorization: Bearer " + signed["access_token"].(string)
	if got := c.do(t, "GET", "/api/authenticate", "", auth).ok(t); got["user"].(obj)["id"] != user["id"] {
		t.Errorf("authenticated: %v", got)
	}
	c.do(t, "PUT", "/api/user/profile", "{}", auth).wantProblem(t, 400, "No data provided")
	c.do(t, "PUT", "/api/user/profile", body(obj{"email": "stolen@example.org"}), auth).wantProblem(t, 400, "three steps")
	if got := c.do(t, "PUT", "/api/user/profile", body(obj{"first_name": "Nell", "last_name": "Quint", "email": email}), auth).ok(t); got["user"].(obj)["first_name"] != "Nell" {
		t.Errorf("profile: %v", got)
	}
	c.do(t, "PUT", "/api/user/profile", body(obj{"email": email}), auth).ok(t)

	c.do(t, "GET", "/api/user/profile-image", "", auth).wantProblem(t, 404, "No profile image")
	c.do(t, "PUT", "/api/user/profile-image", "{}", auth).wantProblem(t, 400, "No image data provided")
	c.do(t, "PUT", "/api/user/profile-image", body(obj{"image": "data:text/html;base64,PHA+"}), auth).wantProblem(t, 400, "PNG, JPEG, GIF or WebP")
	c.do(t, "PUT", "/api/user/profile-image", body(obj{"image": pixel}), auth).ok(t)
	c.do(t, "PUT", "/api/user/profile-image", body(obj{"image": "data:image/png;base64," + strings.Repeat("A", 6<<20)}), auth).wantProblem(t, 400, "PNG, JPEG, GIF or WebP")
	c.do(t, "PUT", "/api/user/profile-image", body(obj{"image": strings.Repeat("A", 9<<20)}), auth).wantProblem(t, 413, "at most 8388608 bytes")
	file := c.do(t, "GET", "/api/user/profile-image", "", auth)
	if file.status != 200 || !strings.HasPrefix(file.header.Get("Content-Type"), "image/") || file.header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || file.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the image: %d %v", file.status, file.header)
	}
	if got := c.do(t, "DELETE", "/api/user/profile-image", "", auth).ok(t); got["user"].(obj)["profile_image"] != nil {
		t.Errorf("without image: %v", got)
	}

	if got := c.do(t, "GET", "/api/user/preferences", "", auth).ok(t); got["auto_save"] != false {
		t.Errorf("preferences: %v", got)
	}
	c.do(t, "PUT", "/api/user/preferences", body(obj{"auto_save": true}), auth).ok(t)
	if got := c.do(t, "PUT", "/api/user/preferences", "{}", auth).ok(t); got["auto_save"] != true {
		t.Errorf("preferences: %v", got)
	}
	c.do(t, "POST", "/api/log/analysis-start", "{}", auth).wantProblem(t, 400, "Streamer name is required")
	c.do(t, "POST", "/api/log/analysis-start", body(obj{"streamer": "Somebody"}), auth).ok(t)

	c.do(t, "POST", "/api/user/change-password", body(obj{"old_password": "Wrong1!word", "new_password": otherPassword}), auth).wantProblem(t, 401, "Incorrect old password")
	c.do(t, "POST", "/api/user/change-password", body(obj{"old_password": goodPassword, "new_password": otherPassword}), auth).ok(t)

	const next = "nora.quill@example.org"
	if got := c.do(t, "POST", "/api/user/change-email/request", body(obj{"new_email": next, "password": otherPassword}), auth).ok(t); got["current_email"] != email {
		t.Errorf("change of address: %v", got)
	}
	if got := c.do(t, "POST", "/api/user/change-email/verify-current", body(obj{"otp": c.letters.last(t, email).secret}), auth).ok(t); got["new_email"] != next {
		t.Errorf("change of address: %v", got)
	}
	if got := c.do(t, "POST", "/api/user/change-email/verify-new", body(obj{"otp": c.letters.last(t, next).secret}), auth).ok(t); got["user"].(obj)["email"] != next {
		t.Errorf("change of address: %v", got)
	}
	c.do(t, "POST", "/api/user/change-email/cancel", "", auth).wantProblem(t, 400, "No active email change request found")

	c.do(t, "POST", "/api/forgot-password", body(obj{"email": next})).ok(t)
	link := c.letters.last(t, next)
	c.do(t, "GET", "/api/validate-reset-token/"+link.userID+"/x", "").wantProblem(t, 400, "Invalid or expired reset link")
	c.do(t, "GET", "/api/validate-reset-token/"+link.userID+"/"+link.secret, "").ok(t)
	c.do(t, "POST", "/api/reset-password", body(obj{"userId": link.userID, "token": link.secret, "password": goodPassword})).ok(t)
	c.do(t, "GET", "/api/authenticate", "", auth).wantProblem(t, 401, "Could not validate credentials")

	auth = c.bearer(t, next)
	c.do(t, "DELETE", "/api/user/delete-account", "", auth).wantProblem(t, 422, "body")
	c.do(t, "DELETE", "/api/user/delete-account", body(obj{"password": otherPassword}), auth).wantProblem(t, 401, "Incorrect password")
	if got := c.do(t, "DELETE", "/api/user/delete-account", body(obj{"password": goodPassword}), auth).ok(t); got["deleted_history_count"] != 0.0 {
		t.Errorf("deleted: %v", got)
	}
	c.do(t, "GET", "/api/authenticate", "", auth).wantProblem(t, 401, "")
}

// TestCookies: a browser's tokens are in cookies that pages cannot read, and
// that travel only by https where it came so.
func TestCookies(t *testing.T) {
	c := open(t, nil)
	form := body(obj{"email": c.admin.Email, "password": goodPassword})
	for name, tc := range map[string]struct {
		headers []string
		prefix  string
		secure  bool
	}{
		"http":             {nil, "", false},
		"https by a proxy": {[]string{"X-Forwarded-Proto: https"}, "__Host-", true},
		"http by a proxy":  {[]string{"X-Forwarded-Proto: http"}, "", false},
	} {
		set := c.do(t, "POST", "/api/login", form, tc.headers...).cookies()
		for _, name2 := range []string{tc.prefix + "chatmood_token", tc.prefix + "chatmood_refresh"} {
			k := set[name2]
			if k == nil || !k.HttpOnly || k.SameSite != http.SameSiteLaxMode || k.Path != "/" || k.Domain != "" || k.Secure != tc.secure || k.MaxAge <= 0 {
				t.Errorf("%s: %s is %+v", name, name2, k)
			}
		}
		access, refresh := set[tc.prefix+"chatmood_token"], set[tc.prefix+"chatmood_refresh"]
		if len(set) != 2 || access.MaxAge != 1800 || refresh.MaxAge != 30*24*3600 {
			t.Fatalf("%s: %v", name, set)
		}
		c.do(t, "GET", "/api/authenticate", "", append(tc.headers, "Cookie: "+access.Name+"="+access.Value)...).ok(t)
		if tc.secure {
			// Without the prefix anybody may have set it.
			c.do(t, "GET", "/api/authenticate", "", append(tc.headers, "Cookie: chatmood_token="+access.Value)...).wantProblem(t, 401, "")
		}
	}
	set := c.do(t, "POST", "/api/login", form).cookies()
	access, refresh := "chatmood_token="+set["chatmood_token"].Value, "chatmood_refresh="+set["chatmood_refresh"].Value
	c.do(t, "GET", "/api/authenticate", "", "Cookie: "+access).ok(t)

	// When the token expires, the server renews it by the cookie beside it.
	renewed := c.do(t, "GET", "/api/authenticate", "", "Cookie: "+refresh)
	renewed.ok(t)
	if k := renewed.cookies()["chatmood_token"]; k == nil || k.Value == "" {
		t.Errorf("renewed: %v", renewed.header)
	}
	next := "chatmood_refresh=" + renewed.cookies()["chatmood_refresh"].Value
	again := c.do(t, "POST", "/api/refresh-token", "", "Cookie: "+next)
	if got := again.ok(t); got["access_token"] == "" || got["refresh_token"] != nil {
		t.Errorf("a page gets %v", got)
	}

	// A refresh token that was used before ends the whole sign-in.
	c.pass(time.Minute)
	c.do(t, "POST", "/api/refresh-token", "", "Cookie: "+refresh).wantProblem(t, 401, "Could not validate credentials")
	last := again.cookies()
	c.do(t, "GET", "/api/authenticate", "", "Cookie: chatmood_token="+last["chatmood_token"].Value).wantProblem(t, 401, "")
	gone := c.do(t, "POST", "/api/refresh-token", "", "Cookie: chatmood_refresh="+last["chatmood_refresh"].Value)
	gone.wantProblem(t, 401, "")
	if k := gone.cookies()["chatmood_refresh"]; k == nil || k.MaxAge >= 0 {
		t.Errorf("the useless cookie stays: %v", gone.header)
	}

	// Signing out takes the cookies away, and a Bearer token wins over them.
	set = c.do(t, "POST", "/api/login", form).cookies()
	mine := "Cookie: chatmood_token=" + set["chatmood_token"].Value
	c.do(t, "GET", "/api/authenticate", "", mine, "Authorization: Bearer nonsense").wantProblem(t, 401, "")
	_, nora := c.user(t, "nora@example.org")
	if got := c.do(t, "GET", "/api/authenticate", "", mine, nora).ok(t); got["user"].(obj)["email"] != "nora@example.org" {
		t.Errorf("with both: %v", got)
	}
	out := c.do(t, "POST", "/api/logout", "", mine)
	out.ok(t)
	for _, k := range out.cookies() {
		if k.MaxAge >= 0 || k.Value != "" {
			t.Errorf("after signing out: %+v", k)
		}
	}
	c.do(t, "GET", "/api/authenticate", "", mine).wantProblem(t, 401, "")
}

// TestSessionFixation: what a browser brings when it signs in does not become
// somebody's sign-in.
func TestSessionFixation(t *testing.T) {
	c := open(t, nil)
	_, tokens, err := c.service.Login(t.Context(), c.admin.Email, goodPassword, account.Client{})
	if err != nil {
		t.Fatal(err)
	}
	c.user(t, "victim@example.org")
	// The attacker planted cookies: of nobody, and of the attacker.
	for _, planted := range []string{"chatmood_token=planted; chatmood_refresh=" + strings.Repeat("0", 32) + ".0.AAAA", "chatmood_token=" + tokens.Access + "; chatmood_refresh=" + tokens.Refresh} {
		got := c.do(t, "POST", "/api/login", body(obj{"email": "victim@example.org", "password": goodPassword}), "Cookie: "+planted)
		got.ok(t)
		for name, k := range got.cookies() {
			if k.Value == "" || strings.Contains(planted, k.Value) {
				t.Errorf("%s is %q after signing in with %s", name, k.Value, planted)
			}
			if name == "chatmood_refresh" && strings.HasPrefix(k.Value, tokens.SessionID) {
				t.Error("the sign-in is in the attacker's session")
			}
		}
	}
	if got := c.do(t, "GET", "/api/authenticate", "", "Authorization: Bearer "+tokens.Access).ok(t); got["user"].(obj)["email"] != c.admin.Email {
		t.Errorf("the attacker's session belongs to %v", got)
	}
}

// TestForgery: pages of other sites can do nothing in a signed-in browser's name.
func TestForgery(t *testing.T) {
	for name, production := range map[string]bool{"production": true, "development": false} {
		t.Run(name, func(t *testing.T) {
			c := open(t, func(cfg *httpapi.Config, _ *account.Config) {
				cfg.Production, cfg.FrontendURL = production, "https://mood.example"
			})
			host := strings.TrimPrefix(c.URL, "http://")
			for _, tc := range []struct {
				name    string
				headers []string
				refused bool
			}{
				{"a program", nil, false},
				{"the server's own page", []string{"Origin: http://" + host, "Sec-Fetch-Site: same-origin"}, false},
				{"the front-end's page", []string{"Origin: https://mood.example", "Sec-Fetch-Site: cross-site"}, false},
				{"typed by hand", []string{"Sec-Fetch-Site: none"}, false},
				{"another site", []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"}, true},
				{"another site, old browser", []string{"Origin: https://evil.example"}, true},
				{"no origin, told to be another site's", []string{"Sec-Fetch-Site: cross-site"}, true},
				{"a neighbour", []string{"Origin: https://other.mood.example", "Sec-Fetch-Site: same-site"}, true},
				{"nobody", []string{"Origin: null"}, true},
				{"the front-end without encryption", []string{"Origin: http://mood.example"}, true},
				{"a page of this machine", []string{"Origin: http://localhost:5173", "Sec-Fetch-Site: same-site"}, production},
			} {
				cookie := "Cookie: chatmood_token=" + strings.TrimPrefix(c.bearer(t, c.admin.Email), "Authorization: Bearer ")
				for _, request := range []string{"PUT /api/user/preferences", "POST /api/logout"} {
					method, path, _ := strings.Cut(request, " ")
					got := c.do(t, method, path, "{}", append([]string{cookie}, tc.headers...)...)
					if tc.refused {
						got.wantProblem(t, 403, "another site")
					} else {
						got.ok(t)
					}
				}
				if tc.refused {
					// With a token of its own in the header it is no forgery.
					c.do(t, "PUT", "/api/user/preferences", "{}", append([]string{c.bearer(t, c.admin.Email)}, tc.headers...)...).ok(t)
				}
				// WebSockets do not ask before they connect.
				upgrade := []string{cookie, "Upgrade: websocket", "Connection: Upgrade", "Sec-Websocket-Version: 13", "Sec-Websocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="}
				got := c.do(t, "GET", "/ws/chat/somebody", "", append(upgrade, tc.headers...)...)
				// The hub of these tests answers with a teapot.
				_, hasOrigin := strings.CutPrefix(strings.Join(tc.headers, ";"), "Origin: ")
				if want := tc.refused && hasOrigin; (got.status == http.StatusForbidden) != want {
					t.Errorf("%s: a socket is answered with %d", tc.name, got.status)
				}
				allowed := !tc.refused && hasOrigin && (!production || !strings.Contains(tc.headers[0], host))
				if got := c.do(t, "GET", "/api/info", "", tc.headers...).header.Get("Access-Control-Allow-Origin"); (got != "") != allowed {
					t.Errorf("%s: Access-Control-Allow-Origin is %q", tc.name, got)
				}
			}
		})
	}
}

// TestOnlyText: no endpoint takes anything but text where text belongs, so that
// no operator reaches a query.
func TestOnlyText(t *testing.T) {
	c := open(t, nil)
	admin := c.bearer(t, c.admin.Email)
	doc := c.do(t, "GET", "/openapi.json", "").ok(t)
	schemas := doc["components"].(obj)["schemas"].(obj)
	tried := 0
	for path, item := range doc["paths"].(obj) {
		for method, op := range item.(obj) {
			request, _ := op.(obj)["requestBody"].(obj)
			if request == nil {
				continue
			}
			media, _ := request["content"].(obj)["application/json"].(obj)
			if media == nil {
				continue
			}
			schema := media["schema"].(obj)
			if ref, ok := schema["$ref"].(string); ok {
				schema = schemas[strings.TrimPrefix(ref, "#/components/schemas/")].(obj)
			}
			properties, _ := schema["properties"].(obj)
			for field, property := range properties {
				if property.(obj)["type"] != "string" {
					continue
				}
				for _, value := range []any{obj{"$ne": nil}, obj{"$regex": ".*"}, []string{"a"}, 7, true} {
					full := obj{}
					for other, p := range properties {
						if example, ok := p.(obj)["examples"].([]any); ok {
							full[other] = example[0]
						}
					}
					full[field] = value
					at := strings.NewReplacer("{id}", c.admin.ID, "{channel}", "somebody", "{share_id}", c.admin.ID, "{token}", "x").Replace(path)
					got := c.do(t, strings.ToUpper(method), at, body(full), admin)
					if got.status != 422 || !strings.Contains(got.body, field) {
						t.Errorf("%s %s with %s: %v: %d %s", method, path, field, value, got.status, got.body)
					}
					tried++
				}
			}
		}
	}
	if tried < 200 {
		t.Errorf("only %d were tried", tried)
	}
}

// TestLimits: what can be tried again and again is limited, for each address and
// each account, and the owner of an account is not locked out.
func TestLimits(t *testing.T) {
	c := open(t, nil)
	c.user(t, "nora@example.org")
	n := 0
	fresh := func() string { n++; return fmt.Sprintf("X-Forwarded-For: 203.0.%d.%d", n>>8, n&255) }
	wrong := func(email, from string) answer {
		return c.do(t, "POST", "/api/login", body(obj{"email": email, "password": "Wrong1!word"}), from)
	}
	right := func(from string) answer {
		return c.do(t, "POST", "/api/login", body(obj{"email": "nora@example.org", "password": goodPassword}), from)
	}
	const home = "X-Forwarded-For: 198.51.100.7"
	right(home).ok(t)
	for i := range 10 {
		wrong("Nora@Example.org", fresh()).wantProblem(t, 401, "Incorrect email or password")
		if i%4 == 0 {
			right(fresh()).ok(t) // successes do not count
		}
	}
	limited := wrong("nora@example.org", fresh())
	limited.wantProblem(t, 429, "Too many attempts: try again in 60 seconds")
	if limited.header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After is %q", limited.header.Get("Retry-After"))
	}
	right(fresh()).wantProblem(t, 429, "Too many attempts")
	// From where she signed in before, strangers' failures do not count.
	right(home).ok(t)
	// Nor after she proved that the mailbox is hers.
	away := fresh()
	right(away).wantProblem(t, 429, "")
	c.do(t, "POST", "/api/forgot-password", body(obj{"email": "nora@example.org"}), away).ok(t)
	link := c.letters.last(t, "nora@example.org")
	c.do(t, "POST", "/api/reset-password", body(obj{"userId": link.userID, "token": link.secret, "password": goodPassword}), away).ok(t)
	right(away).ok(t)
	c.pass(time.Minute)
	right(fresh()).ok(t)

	// One address that tries many accounts.
	const tries = "X-Forwarded-For: 198.51.100.66"
	for i := range 20 {
		wrong(fmt.Sprintf("nobody%d@example.org", i), tries).wantProblem(t, 401, "")
	}
	wrong("nobody99@example.org", tries).wantProblem(t, 429, "")
	// A household of IPv6 counts as one.
	for i := range 20 {
		wrong(fmt.Sprintf("somebody%d@example.org", i), fmt.Sprintf("X-Forwarded-For: 2001:db8::%x", i+1)).wantProblem(t, 401, "")
	}
	wrong("somebody99@example.org", "X-Forwarded-For: 2001:db8::ffff").wantProblem(t, 429, "")

	for name, tc := range map[string]struct {
		path string
		form func(i int) obj
		one  bool // from one address
		most int
	}{
		"mails to an account":   {"/api/forgot-password", func(int) obj { return obj{"email": "x@example.org"} }, false, 6},
		"mails from an address": {"/api/forgot-password", func(i int) obj { return obj{"email": fmt.Sprintf("y%d@example.org", i)} }, true, 10},
		"codes of an account":   {"/api/verify-otp", func(int) obj { return obj{"email": "x@example.org", "otp": "123456"} }, false, 10},
		"codes from an address": {"/api/verify-otp", func(i int) obj { return obj{"email": fmt.Sprintf("y%d@example.org", i), "otp": "123456"} }, true, 20},
		"contact mails":         {"/api/contact", func(int) obj { return obj{"name": "N", "email": "n@example.org", "subject": "S", "message": "M"} }, true, 5},
		"links from an address": {"/api/reset-password", func(int) obj { return obj{"userId": c.admin.ID, "token": "x", "password": goodPassword} }, true, 20},
		"registrations of one": {"/api/register", func(i int) obj {
			return obj{"email": fmt.Sprintf("r%d@example.org", i), "password": goodPassword, "first_name": "R", "last_name": "R"}
		}, true, 10},
		"set-ups from an address":   {"/api/setup", func(int) obj { return obj{"token": "x"} }, true, 20},
		"refreshes from an address": {"/api/refresh-token", func(int) obj { return obj{"refresh_token": "x"} }, true, 60},
	} {
		from := fresh()
		for i := range tc.most + 1 {
			if !tc.one {
				from = fresh()
			}
			got := c.do(t, "POST", tc.path, body(tc.form(i)), from)
			if (got.status == 429) != (i == tc.most) {
				t.Errorf("%s: request %d is answered with %d: %s", name, i+1, got.status, got.body)
				break
			}
		}
	}
	// Wrong passwords of somebody who is signed in.
	auth := c.bearer(t, "nora@example.org")
	for i := range 11 {
		got := c.do(t, "POST", "/api/user/change-password", body(obj{"old_password": "Wrong1!word", "new_password": otherPassword}), auth, fresh())
		if want := []int{401, 429}[i/10]; got.status != want {
			t.Errorf("change %d: %d, want %d", i+1, got.status, want)
		}
	}
	// All requests of an address, but not of this machine itself.
	for i := range 601 {
		got := c.do(t, "GET", "/api/info", "", "X-Forwarded-For: 203.0.113.99")
		if want := map[bool]int{false: 200, true: 429}[i == 600]; got.status != want {
			t.Fatalf("request %d: %d, want %d", i+1, got.status, want)
		}
	}
	for range 700 {
		if got := c.do(t, "GET", "/api/info", ""); got.status != 200 {
			t.Fatalf("from this machine: %d", got.status)
		}
	}
}

// TestSignIns: a user sees where else the account is signed in, and ends it.
func TestSignIns(t *testing.T) {
	c := open(t, nil)
	_, here := c.user(t, "nora@example.org")
	there, third := c.bearer(t, "nora@example.org"), c.bearer(t, "nora@example.org")
	_, stranger := c.user(t, "eve@example.org")
	list := func(auth string) (out []obj) {
		got := c.do(t, "GET", "/api/user/sessions", "", auth)
		if err := json.Unmarshal([]byte(got.body), &out); err != nil {
			t.Fatalf("%v: %s", err, got.body)
		}
		return out
	}
	all := list(here)
	if len(all) != 3 {
		t.Fatalf("sessions: %v", all)
	}
	var other string
	for _, s := range all {
		if s["address"] != "192.0.2.1" || s["user_agent"] != "test" {
			t.Errorf("a session: %v", s)
		}
		if s["current"] == false {
			other = s["id"].(string)
		}
	}
	c.do(t, "DELETE", "/api/user/sessions/"+other, "", stranger).wantProblem(t, 404, "No such session")
	c.do(t, "DELETE", "/api/user/sessions/"+other, "", here).ok(t)
	if n := len(list(here)); n != 2 {
		t.Errorf("%d sessions remain", n)
	}
	if got := c.do(t, "DELETE", "/api/user/sessions?keep_current=true", "", here).ok(t); got["ended"] != 1.0 {
		t.Errorf("ended: %v", got)
	}
	for _, auth := range []string{there, third} {
		c.do(t, "GET", "/api/authenticate", "", auth).wantProblem(t, 401, "")
	}
	c.do(t, "DELETE", "/api/user/sessions", "", here).ok(t)
	c.do(t, "GET", "/api/authenticate", "", here).wantProblem(t, 401, "")
	c.do(t, "GET", "/api/authenticate", "", stranger).ok(t)
}

// TestRefreshByBearer: clients of the older system renew a token with itself.
func TestRefreshByBearer(t *testing.T) {
	c := open(t, nil)
	_, auth := c.user(t, "nora@example.org")
	c.pass(20 * time.Minute)
	got := c.do(t, "POST", "/api/refresh-token", "{}", auth).ok(t)
	c.pass(20 * time.Minute)
	c.do(t, "POST", "/api/refresh-token", "", auth).wantProblem(t, 401, "Could not validate credentials")
	renewed := "Authorization: Bearer " + got["access_token"].(string)
	c.do(t, "GET", "/api/authenticate", "", renewed).ok(t)
	c.do(t, "POST", "/api/logout", "", renewed).ok(t)
	c.do(t, "POST", "/api/refresh-token", "", renewed).wantProblem(t, 401, "")
	c.do(t, "POST", "/api/refresh-token", "").wantProblem(t, 401, "Not authenticated")
	c.do(t, "POST", "/api/refresh-token", body(obj{"refresh_token": "a.b.c"})).wantProblem(t, 401, "")
}

func TestInvitesAndSetUp(t *testing.T) {
	c := open(t, func(cfg *httpapi.Config, users *account.Config) {
		cfg.Registration, users.Registration = account.RegistrationInvite, account.RegistrationInvite
	})
	admin := c.bearer(t, c.admin.Email)
	form := func(email, invite string) string {
		return body(obj{"email": email, "password": goodPassword, "first_name": "I", "last_name": "N", "invite": invite})
	}
	c.do(t, "POST", "/api/register", form("a@example.org", "")).wantProblem(t, 403, "needs an invitation")
	c.do(t, "POST", "/api/register", form("a@example.org", "nonsense")).wantProblem(t, 400, "used up, expired or was taken back")
	invite := func(order obj) (code, id string) {
		got := c.do(t, "POST", "/api/admin/invites", body(order), admin).ok(t)
		_, code, ok := strings.Cut(got["link"].(string), "https://mood.example/register?invite=")
		if !ok {
			t.Fatalf("the link is %v", got["link"])
		}
		return code, got["invite"].(obj)["id"].(string)
	}
	code, _ := invite(obj{"email": "a@example.org", "role": "admin"})
	if got := c.do(t, "GET", "/api/invites/"+code, "").ok(t); got["valid"] != true || got["email"] != "a@example.org" {
		t.Errorf("the invitation: %v", got)
	}
	c.do(t, "POST", "/api/register", form("b@example.org", code)).wantProblem(t, 400, "for another email address")
	c.do(t, "POST", "/api/register", form("a@example.org", code)).ok(t)
	c.do(t, "POST", "/api/register", form("a@example.org", code)).wantProblem(t, 400, "used up")
	if got := c.do(t, "GET", "/api/invites/"+code, "").ok(t); got["valid"] != false {
		t.Errorf("the used invitation: %v", got)
	}
	if u, err := c.service.UserByEmail(t.Context(), "a@example.org"); err != nil || u.Role != account.RoleAdmin || u.Status != account.StatusNotActive {
		t.Errorf("who was invited: %+v, %v", u, err)
	}
	code, id := invite(obj{"uses": 2, "expires_in_hours": 1})
	// Who has an account does not use it up.
	c.do(t, "POST", "/api/register", form(c.admin.Email, code)).ok(t)
	var list []obj
	if err := json.Unmarshal([]byte(c.do(t, "GET", "/api/admin/invites", "", admin).body), &list); err != nil || len(list) != 2 || !slices.ContainsFunc(list, func(o obj) bool { return o["id"] == id && o["used"] == 0.0 }) {
		t.Errorf("the invitations: %v, %v", list, err)
	}
	c.do(t, "DELETE", "/api/admin/invites/"+id, "", admin).ok(t)
	c.do(t, "DELETE", "/api/admin/invites/"+id, "", admin).wantProblem(t, 404, "No such invitation")
	c.do(t, "POST", "/api/register", form("c@example.org", code)).wantProblem(t, 400, "taken back")
	code, _ = invite(obj{"expires_in_hours": 1})
	c.pass(time.Hour)
	c.do(t, "POST", "/api/register", form("c@example.org", code)).wantProblem(t, 400, "expired")

	// There is an administrator: no link is good.
	if token, err := c.service.SetupToken(t.Context()); err != nil || token != "" {
		t.Errorf("a set-up token %q, %v", token, err)
	}
	c.do(t, "POST", "/api/setup", body(obj{"token": "x", "email": "z@example.org", "password": goodPassword, "first_name": "Z", "last_name": "Z"})).wantProblem(t, 400, "not valid or was used")
}

// TestSetUp: the first administrator comes by a link that works once.
func TestSetUp(t *testing.T) {
	c := openEmpty(t, nil)
	if got := c.do(t, "GET", "/api/info", "").ok(t); got["setup_needed"] != true {
		t.Errorf("info: %v", got)
	}
	token, err := c.service.SetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.service.SetupToken(t.Context()); err != nil || again != token || len(token) < 40 {
		t.Errorf("tokens %q and %q, %v", token, again, err)
	}
	if got := c.do(t, "GET", "/api/setup/"+token, "").ok(t); got["valid"] != true {
		t.Errorf("the link: %v", got)
	}
	if got := c.do(t, "GET", "/api/setup/x", "").ok(t); got["valid"] != false {
		t.Errorf("another link: %v", got)
	}
	form := func(token, password string) string {
		return body(obj{"token": token, "email": "ada@example.org", "password": password, "first_name": "Ada", "last_name": "Root"})
	}
	c.do(t, "POST", "/api/setup", form("x", goodPassword)).wantProblem(t, 400, "not valid or was used")
	c.do(t, "POST", "/api/setup", form(token, "short")).wantProblem(t, 400, "at least 8 characters")
	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for i := range 4 {
		wg.Go(func() {
			got := c.do(t, "POST", "/api/setup", body(obj{"token": token, "email": fmt.Sprintf("ada%d@example.org", i), "password": goodPassword, "first_name": "Ada", "last_name": "Root"}))
			mu.Lock()
			defer mu.Unlock()
			statuses[got.status]++
			if got.status == 200 && got.object(t)["user"].(obj)["role"] != "admin" {
				t.Errorf("set up: %s", got.body)
			}
		})
	}
	wg.Wait()
	if statuses[200] != 1 || statuses[400] != 3 {
		t.Errorf("of four at once, statuses are %v", statuses)
	}
	if got := c.do(t, "GET", "/api/setup/"+token, "").ok(t); got["valid"] != false {
		t.Errorf("the used link: %v", got)
	}
	if got := c.do(t, "GET", "/api/info", "").ok(t); got["setup_needed"] != false {
		t.Errorf("info: %v", got)
	}
}

func TestAdmin(t *testing.T) {
	var outbox fakeOutbox
	c := open(t, func(cfg *httpapi.Config, _ *account.Config) { cfg.Outbox = &outbox })
	admin := c.bearer(t, c.admin.Email)
	id, nora := c.user(t, "nora@example.org")
	for _, request := range []string{
		"GET users", "POST users", "GET users/count", "GET comments/count", "GET usage/count", "GET users/" + id, "PUT users/" + id, "DELETE users/" + id, "POST users/" + id + "/sign-out",
		"POST users/" + id + "/reset-password", "GET users/" + id + "/profile-image", "GET logs", "GET logs/activities", "POST logs/cleanup", "GET invites", "POST invites",
		"DELETE invites/" + id, "GET channels", "DELETE channels/somebody", "GET sockets", "GET mail", "POST mail/x/retry", "POST mail/test", "GET usage", "GET overview", "GET doctor",
	} {
		method, path, _ := strings.Cut(request, " ")
		c.do(t, method, "/api/admin/"+path, "{}", nora).wantProblem(t, 403, "Admin privileges required")
		c.do(t, method, "/api/admin/"+path, "{}").wantProblem(t, 401, "Not authenticated")
	}
	var all []obj
	if err := json.Unmarshal([]byte(c.do(t, "GET", "/api/admin/users", "", admin).body), &all); err != nil || len(all) != 2 || !slices.ContainsFunc(all, func(o obj) bool { return o["_id"] == id }) {
		t.Errorf("users: %v, %v", all, err)
	}
	if page := c.do(t, "GET", "/api/admin/users?search=NORA&limit=1", "", admin).ok(t); page["total"] != 1.0 || page["pages"] != 1.0 || len(page["items"].([]any)) != 1 {
		t.Errorf("a page: %v", page)
	}
	c.do(t, "GET", "/api/admin/users?sort=password_hash", "", admin).wantProblem(t, 422, "sort")
	if got := c.do(t, "GET", "/api/admin/users/count", "", admin).ok(t); got["total"] != 2.0 || got["active"] != 2.0 || got["admins"] != 1.0 {
		t.Errorf("counts: %v", got)
	}
	made := c.do(t, "POST", "/api/admin/users", body(obj{"email": "uma@example.org", "password": goodPassword, "first_name": "Uma", "last_name": "Vale"}), admin).ok(t)
	uma := "/api/admin/users/" + made["_id"].(string)
	c.do(t, "POST", "/api/admin/users", body(obj{"email": "UMA@example.org", "password": goodPassword, "first_name": "Uma", "last_name": "Vale"}), admin).wantProblem(t, 400, "Email is already taken")
	change := func(k, v string) string {
		o := obj{"first_name": "Uma", "last_name": "Vale", "email": "uma@example.org", "role": "user", "status": "active"}
		o[k] = v
		return body(o)
	}
	c.do(t, "PUT", uma, "{}", admin).wantProblem(t, 400, "No data provided")
	c.do(t, "PUT", uma, change("role", "godmode"), admin).wantProblem(t, 400, "Role must be one of: user, admin")
	c.do(t, "PUT", uma, change("status", "dead"), admin).wantProblem(t, 400, "Status must be one of")
	c.do(t, "PUT", "/api/admin/users/zzz", change("role", "user"), admin).wantProblem(t, 404, "User not found")

	// Suspension and role take effect at once.
	auth := c.bearer(t, "uma@example.org")
	c.do(t, "PUT", uma, change("role", "admin"), admin).ok(t)
	c.do(t, "GET", "/api/authenticate", "", auth).wantProblem(t, 401, "")
	auth = c.bearer(t, "uma@example.org")
	c.do(t, "GET", "/api/admin/users", "", auth)
	c.do(t, "PUT", uma, change("status", "suspended"), admin).ok(t)
	c.do(t, "GET", "/api/admin/users", "", auth).wantProblem(t, 401, "")
	if m := c.letters.last(t, "uma@example.org"); m.kind != "account suspended" {
		t.Errorf("the last mail is %v", m)
	}
	// She was one of two; the last one stays.
	root := "/api/admin/users/" + c.admin.ID
	last := obj{"first_name": "Ada", "last_name": "Root", "email": c.admin.Email, "role": "user", "status": "active"}
	c.do(t, "PUT", root, body(last), admin).wantProblem(t, 409, "last administrator")
	last["role"], last["status"] = "admin", "suspended"
	c.do(t, "PUT", root, body(last), admin).wantProblem(t, 409, "last administrator")
	c.do(t, "DELETE", root, "", admin).wantProblem(t, 409, "your own account")
	c.do(t, "DELETE", "/api/user/delete-account", body(obj{"password": goodPassword}), admin).wantProblem(t, 409, "last administrator")

	if got := c.do(t, "GET", "/api/admin/users/"+id, "", admin).ok(t); got["_id"] != id || got["email"] != "nora@example.org" {
		t.Errorf("one user: %v", got)
	}
	c.do(t, "GET", "/api/admin/users/"+strings.Repeat("0", 24), "", admin).wantProblem(t, 404, "")
	if got := c.do(t, "POST", "/api/admin/users/"+id+"/sign-out", "", admin).ok(t); got["ended"] != 1.0 {
		t.Errorf("signed out: %v", got)
	}
	c.do(t, "GET", "/api/authenticate", "", nora).wantProblem(t, 401, "")
	c.do(t, "POST", "/api/admin/users/"+id+"/reset-password", "", admin).ok(t)
	if m := c.letters.last(t, "nora@example.org"); m.kind != "reset" {
		t.Errorf("the last mail is %v", m)
	}
	c.do(t, "POST", uma+"/reset-password", "", admin).wantProblem(t, 409, "Only active users")
	c.do(t, "GET", uma+"/profile-image", "", admin).wantProblem(t, 404, "No profile image")
	c.do(t, "DELETE", uma, "", admin).ok(t)
	c.do(t, "DELETE", uma, "", admin).wantProblem(t, 404, "User not found")

	// The log.
	logs := c.do(t, "GET", "/api/admin/logs?limit=3&page=2", "", admin).ok(t)
	page := logs["pagination"].(obj)
	if len(logs["logs"].([]any)) != 3 || page["has_prev"] != true || page["total_count"] != logs["totalItems"] {
		t.Errorf("a page of the log: %v", logs)
	}
	for _, search := range []string{"(", "%", `\`, "uma%"} {
		if got := c.do(t, "GET", "/api/admin/logs?search="+strings.NewReplacer("%", "%25", `\`, "%5C").Replace(search), "", admin).ok(t); got["totalItems"] == nil {
			t.Errorf("searching %q: %v", search, got)
		}
	}
	if got := c.do(t, "GET", "/api/admin/logs?search=Signed+a+user", "", admin).ok(t); got["totalItems"] != 1.0 {
		t.Errorf("searching: %v", got)
	}
	if got := c.do(t, "GET", "/api/admin/logs?activity=Logged+in&sortField=user_name&sortDirection=asc", "", admin).ok(t); got["totalItems"].(float64) < 3 {
		t.Errorf("sign-ins: %v", got)
	}
	c.do(t, "GET", "/api/admin/logs?from=yesterday", "", admin).wantProblem(t, 422, "from")
	c.do(t, "POST", "/api/admin/logs/cleanup", body(obj{"days_to_keep": -1}), admin).wantProblem(t, 422, "days_to_keep")
	if got := c.do(t, "POST", "/api/admin/logs/cleanup", "", admin).ok(t); got["deleted_count"] != 0.0 {
		t.Errorf("cleaned up: %v", got)
	}
	c.pass(48 * time.Hour)
	admin = c.bearer(t, c.admin.Email)
	if got := c.do(t, "POST", "/api/admin/logs/cleanup", body(obj{"days_to_keep": 1}), admin).ok(t); got["deleted_count"].(float64) < 5 {
		t.Errorf("cleaned up: %v", got)
	}

	// Channels, sockets, mail, figures.
	var channels []obj
	if err := json.Unmarshal([]byte(c.do(t, "GET", "/api/admin/channels", "", admin).body), &channels); err != nil || len(channels) != 1 || channels[0]["channel"] != "somebody" {
		t.Errorf("channels: %v, %v", channels, err)
	}
	c.do(t, "DELETE", "/api/admin/channels/somebody", "", admin).ok(t)
	c.do(t, "DELETE", "/api/admin/channels/somebody", "", admin).wantProblem(t, 404, "not being analysed")
	c.do(t, "DELETE", "/api/admin/channels/a%20b", "", admin).wantProblem(t, 400, "Invalid channel name")
	if got := c.do(t, "GET", "/api/admin/sockets", "", admin).ok(t); got["total"] != 7.0 || len(got["by_channel"].([]any)) != 1 {
		t.Errorf("sockets: %v", got)
	}
	if got := c.do(t, "GET", "/api/admin/mail", "", admin).ok(t); len(got["waiting"].([]any)) != 1 || len(got["dead"].([]any)) != 1 || got["stats"].(obj)["dead"] != 1.0 {
		t.Errorf("mail: %v", got)
	}
	c.do(t, "POST", "/api/admin/mail/dead@x/retry", "", admin).ok(t)
	c.do(t, "POST", "/api/admin/mail/other@x/retry", "", admin).wantProblem(t, 404, "no such mail")
	c.do(t, "POST", "/api/admin/mail/test", "{}", admin).wantProblem(t, 400, "valid email address")
	c.do(t, "POST", "/api/admin/mail/test", body(obj{"to": "ada@example.org"}), admin).ok(t)
	var days []obj
	if err := json.Unmarshal([]byte(c.do(t, "GET", "/api/admin/usage?days=3", "", admin).body), &days); err != nil || len(days) != 3 || days[0]["sign_ins"].(float64) < 3 || days[1]["sign_ins"] != 0.0 {
		t.Errorf("usage: %v, %v", days, err)
	}
	c.do(t, "GET", "/api/admin/usage?days=0", "", admin).wantProblem(t, 422, "days")
	if got := c.do(t, "GET", "/api/admin/overview", "", admin).ok(t); got["users"].(obj)["total"] != 2.0 || got["uptime"].(float64) < 48*3600 || got["store"].(obj)["status"] != "up" {
		t.Errorf("overview: %v", got)
	}
}

type fakeOutbox struct{ revived []string }

func (*fakeOutbox) Waiting(context.Context, int) ([]mail.Queued, error) {
	return []mail.Queued{{ID: "w@x", Kind: "code", To: "a@example.org", NextAt: now}}, nil
}

func (*fakeOutbox) Dead(context.Context, int) ([]mail.Queued, error) {
	return []mail.Queued{{ID: "dead@x", Kind: "reset", DeadAt: now, Reason: "Refused"}}, nil
}

func (o *fakeOutbox) Revive(_ context.Context, id string) error {
	if id != "dead@x" {
		return fmt.Errorf("reviving: %w", mail.ErrUnknownMail)
	}
	o.revived = append(o.revived, id)
	return nil
}

func (*fakeOutbox) Stats(context.Context) (mail.QueueStats, error) {
	return mail.QueueStats{Waiting: 1, Dead: 1, Oldest: now}, nil
}

func TestExport(t *testing.T) {
	c := open(t, nil)
	id, auth := c.user(t, "nora@example.org")
	c.do(t, "PUT", "/api/user/profile-image", body(obj{"image": pixel}), auth).ok(t)
	c.do(t, "POST", "/api/log/analysis-start", body(obj{"streamer": "somebody"}), auth).ok(t)
	got := c.do(t, "GET", "/api/user/export", "", auth)
	if got.status != 200 || got.header.Get("Content-Type") != "application/zip" || !strings.Contains(got.header.Get("Content-Disposition"), "chatmood-export-2026-01-01.zip") {
		t.Fatalf("the export: %d %v", got.status, got.header)
	}
	z, err := zip.NewReader(strings.NewReader(got.body), int64(len(got.body)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(data)
	}
	for name, want := range map[string]string{"account.json": id, "activity.json": "Channel: somebody", "channels.json": "[]", "history.json": "[]", "corrections.json": "[]"} {
		if !strings.Contains(files[name], want) {
			t.Errorf("%s lacks %q: %s", name, want, files[name])
		}
	}
	if !strings.Contains(files["activity.json"], account.ActivityExported) {
		t.Error("the export does not tell of itself")
	}
	for name, text := range files {
		if !json.Valid([]byte(text)) || strings.Contains(text, "$2b$") {
			t.Errorf("%s: %s", name, text)
		}
	}
	for range 2 {
		c.do(t, "GET", "/api/user/export", "", auth)
	}
	c.do(t, "GET", "/api/user/export", "", auth).wantProblem(t, 429, "Too many attempts: try again in 10 minutes")
}

// TestNoMail: a server that sends no mail does not wait for codes.
func TestNoMail(t *testing.T) {
	c := open(t, func(cfg *httpapi.Config, users *account.Config) {
		cfg.Mails, cfg.MailBy, users.NoMail = nil, httpapi.MailOff, true
	})
	form := body(obj{"email": "nora@example.org", "password": goodPassword, "first_name": "Nora", "last_name": "Quill"})
	for range 2 { // the same for an address that has an account
		if got := c.do(t, "POST", "/api/register", form).ok(t); got["message"] != "Registration successful. You can sign in now." {
			t.Errorf("registered: %v", got)
		}
	}
	auth := c.bearer(t, "nora@example.org")
	c.do(t, "POST", "/api/user/change-email/request", body(obj{"new_email": "n@example.org", "password": goodPassword}), auth).wantProblem(t, 409, "sends no mail")
	c.do(t, "POST", "/api/forgot-password", body(obj{"email": "nora@example.org"})).ok(t)
	c.do(t, "POST", "/api/contact", body(obj{"name": "N", "email": "n@example.org", "subject": "S", "message": "M"})).wantProblem(t, 404, "sends no mail")
	admin := c.bearer(t, c.admin.Email)
	c.do(t, "POST", "/api/admin/mail/test", body(obj{"to": "n@example.org"}), admin).wantProblem(t, 409, "MAIL is off")
	u, err := c.service.UserByEmail(t.Context(), "nora@example.org")
	if err != nil {
		t.Fatal(err)
	}
	got := c.do(t, "POST", "/api/admin/users/"+u.ID+"/reset-password", "", admin).ok(t)
	_, token, ok := strings.Cut(got["link"].(string), "https://mood.example/reset-password/"+u.ID+"/")
	if !ok {
		t.Fatalf("the link: %v", got)
	}
	c.do(t, "POST", "/api/reset-password", body(obj{"userId": u.ID, "token": token, "password": otherPassword})).ok(t)
	if n := c.letters.count(); n != 0 {
		// The service still calls its mailer for news; the app's drops them.
		for _, l := range c.letters.list {
			if l.secret != "" {
				t.Errorf("a mail with a secret: %+v", l)
			}
		}
	}
}

// TestGuestsLevels: what people may do who are not signed in.
func TestGuestsLevels(t *testing.T) {
	for level, want := range map[httpapi.Guests][3]int{httpapi.GuestsNone: {401, 401, 401}, httpapi.GuestsWatch: {200, 401, 401}, httpapi.GuestsAnalyse: {200, 200, 401}} {
		c := open(t, func(cfg *httpapi.Config, _ *account.Config) { cfg.Guests = level })
		for i, request := range []string{"GET /api/channels", "POST /api/twitch/connect", "GET /api/user/sessions"} {
			method, path, _ := strings.Cut(request, " ")
			for _, headers := range [][]string{nil, {"Cookie: chatmood_token=expired"}} {
				if got := c.do(t, method, path, map[string]string{"POST": `{"url":"somebody"}`}[method], headers...); got.status != want[i] {
					t.Errorf("guests %s, %s with %v: %d, want %d", level, request, headers, got.status, want[i])
				}
			}
			// A program that presents a token wants it to count.
			if got := c.do(t, method, path, map[string]string{"POST": `{"url":"somebody"}`}[method], "Authorization: Bearer expired"); got.status != 401 {
				t.Errorf("guests %s, %s with a bad token: %d", level, request, got.status)
			}
		}
	}
}

// TestContact is the form for visitors.
func TestContact(t *testing.T) {
	c := open(t, nil)
	c.do(t, "POST", "/api/contact", body(obj{"name": "N"})).wantProblem(t, 400, "All fields are required.")
	c.do(t, "POST", "/api/contact", body(obj{"name": "N", "email": "n@example.org", "subject": "S", "message": "M"})).ok(t)
	if len(c.letters.contacts) != 1 || c.letters.contacts[0].Subject != "S" {
		t.Errorf("contacts: %+v", c.letters.contacts)
	}
	if !bytes.Contains([]byte(c.log.String()), []byte("/api/contact")) || strings.Contains(c.log.String(), "n@example.org") {
		t.Error("the log names the visitor, or nothing at all")
	}
}

// TestLogHoldsNoSecret: neither passwords nor tokens, codes or links get into it.
func TestLogHoldsNoSecret(t *testing.T) {
	var log *logBuffer
	c := open(t, func(cfg *httpapi.Config, users *account.Config) {
		log = &logBuffer{}
		cfg.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		users.Log = cfg.Log
		t.Cleanup(func() {
			if !strings.Contains(log.String(), "/api/setup/…") || strings.Contains(log.String(), "abcdefsecret") {
				t.Error("paths are logged with their secrets, or not at all")
			}
		})
	})
	const email = "nora@example.org"
	c.do(t, "POST", "/api/register", body(obj{"email": email, "password": goodPassword, "first_name": "Nora", "last_name": "Quill"})).ok(t)
	code := c.letters.last(t, email).secret
	c.do(t, "POST", "/api/verify-otp", body(obj{"email": email, "otp": code})).ok(t)
	signed := c.do(t, "POST", "/api/login", body(obj{"email": email, "password": goodPassword})).ok(t)
	c.do(t, "POST", "/api/forgot-password", body(obj{"email": email})).ok(t)
	link := c.letters.last(t, email)
	c.do(t, "GET", "/api/validate-reset-token/"+link.userID+"/"+link.secret, "").ok(t)
	token, err := c.service.SetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.do(t, "GET", "/api/setup/abcdefsecret"+token, "")
	c.do(t, "GET", "/api/invites/abcdefsecret", "")
	for what, secret := range map[string]string{
		"the password": goodPassword, "the token": signed["access_token"].(string), "the refresh token": signed["refresh_token"].(string),
		"the link": link.secret, "the set-up link": "abcdefsecret", "the code": `"` + code + `"`,
	} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log holds %s", what)
		}
	}
}
