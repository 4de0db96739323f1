package compat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.mongodb.org/mongo-driver/v2/bson"

	"chatmood/internal/config"
)

// The old system had 36 known weaknesses. Each test here is named by its number
// and fails on a server that has it. Those that a server alone cannot show are
// named in docs/compatibility.md with the place that shows them.

func TestWeaknesses(t *testing.T) {
	onStores(t, nil, func(t *testing.T, s *system) {
		for _, w := range []struct {
			name string
			test func(t *testing.T, s *system)
		}{
			{"1 anybody could register as administrator", weakness1},
			{"2 a password was reset without the mailbox, by an operator for the token", weakness2},
			{"3 operators in a sign-in tried one password on many users", weakness3},
			{"4 any user read any analysis", weakness4},
			{"5 a suspended user became active by a new code", weakness5},
			{"6 tokens outlived sign-out, suspension and a new password", weakness6},
			{"7 answers told known addresses from unknown ones", weakness7},
			{"8 passwords and codes could be tried without end", weakness8},
			{"9 live chat needed no sign-in and took every origin", weakness9},
			{"10 codes and reset tokens lay in clear in the database", weakness10},
			{"11 a search of the log was a pattern", weakness11},
			{"12 the contact form sent HTML and forged the sender", weakness12},
			{"13 a stream longer than the token could not be saved", weakness13},
			{"14 answers showed the inside of the server", weakness14},
			{"16 an address changed without its mailbox, and the last administrator could go", weakness16},
			{"17 profile images were anything of any size", weakness17},
			{"18 a deleted account left its data behind", weakness18},
			{"20 no message reached a client", weakness20},
			{"21 repeated messages counted once", weakness21},
			{"22 the numbers were the browser's", weakness22},
			{"23 a reader came back after it was stopped", weakness23},
			{"25 an old session's messages came into the new one", weakness25},
			{"26 the case of a name made two readers", weakness26},
			{"28 emotes and slang were neutral, without a reason", weakness28},
			{"29 there were no emotes, badges and names", weakness29},
			{"30 history came as a whole or not at all", weakness30},
			{"32 times had no zone", weakness32},
			{"33 the reset link pointed at the API", weakness33},
			{"34 after a lost connection no message arrived any more", weakness34},
		} {
			t.Run(w.name, func(t *testing.T) { w.test(t, s) })
		}
	})
}

func weakness1(t *testing.T, s *system) {
	const email = "eve1@example.org"
	body := object{"email": email, "password": password, "first_name": "Eve", "last_name": "One", "role": "admin"}
	s.guest().with(t).post("/api/register", body).ok(nil)
	s.guest().with(t).post("/api/verify-otp", object{"email": email, "otp": s.code(email)}).ok(nil)
	c := s.signIn(bearers, email, password)
	c.with(t).get("/api/admin/users").refused(http.StatusForbidden, "Admin privileges required")
	if user, _ := c.with(t).get("/api/authenticate").object()["user"].(object); user["role"] != "user" {
		t.Errorf("the role is %v", user["role"])
	}
}

func weakness2(t *testing.T, s *system) {
	const email = "victim2@example.org"
	s.newUser(bearers, email)
	s.guest().with(t).post("/api/forgot-password", object{"email": email}).ok(nil)
	id, _ := s.resetLink(email)
	for _, token := range []any{object{"$ne": nil}, object{"$gt": ""}, []string{"a"}, 7, true} {
		s.guest().with(t).post("/api/reset-password", object{"userId": id, "token": token, "password": "Stolen1!secret"}).namesField("token")
	}
	s.guest().with(t).post("/api/reset-password", object{"userId": object{"$ne": nil}, "token": "x", "password": "Stolen1!secret"}).namesField("userId")
	s.signIn(bearers, email, password)
}

func weakness3(t *testing.T, s *system) {
	for _, email := range []any{object{"$regex": ".*"}, object{"$ne": nil}, []string{s.admin.Email}, 1} {
		s.guest().with(t).post("/api/login", object{"email": email, "password": password}).namesField("email")
	}
	s.guest().with(t).post("/api/login", object{"email": s.admin.Email, "password": object{"$ne": ""}}).namesField("password")
	s.guest().with(t).post("/api/forgot-password", object{"email": object{"$ne": ""}}).namesField("email")
}

// save stores what a client of an old page claims about a channel that the
// server never read.
func (c *client) save(channel string) string {
	c.t.Helper()
	got := c.post("/api/history/save", object{
		"streamer_name": channel, "total_chats": 3, "sentiment_count": object{"positive": 1, "neutral": 1, "negative": 1},
		"top_positive": []object{}, "top_negative": []object{}, "top_neutral": []object{}, "duration": 60,
	}).ok(nil)
	return got.text("history_id")
}

func weakness4(t *testing.T, s *system) {
	owner, thief := s.newUser(bearers, "owner4@example.org"), s.newUser(bearers, "thief4@example.org")
	id := owner.with(t).save("secretroom")
	for _, c := range []*client{thief, s.signIn(bearers, s.admin.Email, password)} { // an administrator has a way of their own, which is logged
		for _, path := range []string{"", "/pdf", "/data", "/report?format=csv", "/shares"} {
			if got := c.with(t).get("/api/history/" + id + path); got.status != http.StatusNotFound {
				t.Errorf("GET of another's history%s: %d %s", path, got.status, got.body)
			}
		}
	}
	for _, path := range []string{"", "/pdf", "/data", "/report"} {
		if got := s.guest().with(t).get("/api/history/" + id + path); got.status != http.StatusUnauthorized {
			t.Errorf("GET without signing in%s: %d", path, got.status)
		}
	}
	if got := thief.with(t).do(http.MethodPatch, "/api/history/"+id, object{"name": "mine"}, nil); got.status != http.StatusNotFound {
		t.Errorf("PATCH of another's history: %d", got.status)
	}
	if got := thief.with(t).post("/api/history/"+id+"/shares", object{"expires_in_hours": 1}); got.status != http.StatusNotFound {
		t.Errorf("sharing another's history: %d", got.status)
	}
}

// status sets a user's status as an administrator.
func (s *system) status(t *testing.T, user *client, email, status string) {
	t.Helper()
	id, _ := user.with(t).get("/api/authenticate").object()["user"].(object)["id"].(string)
	s.signIn(bearers, s.admin.Email, password).with(t).put("/api/admin/users/"+id, object{
		"first_name": "Nora", "last_name": "Quill", "email": email, "role": "user", "status": status,
	}).ok(object{"status": status})
}

func weakness5(t *testing.T, s *system) {
	const email = "banned5@example.org"
	c := s.newUser(bearers, email)
	s.status(t, c, email, "suspended")
	before := len(s.mails(email))
	s.guest().with(t).post("/api/resend-otp", object{"email": email}).ok(object{"message": "OTP resent successfully"})
	for _, mail := range s.mails(email)[before:] {
		if codePattern.MatchString(mail) {
			t.Error("a suspended user is mailed a code")
		}
	}
	s.guest().with(t).post("/api/verify-otp", object{"email": email, "otp": "123456"}).refused(http.StatusBadRequest, "Invalid or expired OTP")
	s.guest().with(t).post("/api/login", object{"email": email, "password": password}).refused(http.StatusForbidden, "Account is suspended.")
}

func weakness6(t *testing.T, s *system) {
	const next = "Marmalade9? kite"
	for name, end := range map[string]func(c *client, email string){
		"sign-out":   func(c *client, _ string) { c.with(t).post("/api/logout", nil).ok(nil) },
		"suspension": func(c *client, email string) { s.status(t, c, email, "suspended") },
		"new password": func(c *client, email string) {
			s.signIn(bearers, email, password).with(t).post("/api/user/change-password", object{"old_password": password, "new_password": next}).ok(nil)
		},
		"reset password": func(_ *client, email string) {
			s.guest().with(t).post("/api/forgot-password", object{"email": email}).ok(nil)
			id, token := s.resetLink(email)
			s.guest().with(t).post("/api/reset-password", object{"userId": id, "token": token, "password": next}).ok(nil)
		},
		"sign-out everywhere": func(_ *client, email string) {
			s.signIn(bearers, email, password).with(t).delete("/api/user/sessions", nil).ok(nil)
		},
	} {
		email := "six." + strings.ReplaceAll(name, " ", "") + "@example.org"
		c := s.newUser(bearers, email)
		c.with(t).get("/api/authenticate").ok(nil)
		end(c, email)
		s.eventually("the token ends after "+name, func() bool { return c.with(t).get("/api/authenticate").status == http.StatusUnauthorized })
	}
}

func weakness7(t *testing.T, s *system) {
	const known, unknown = "known7@example.org", "unknown7@example.org"
	s.newUser(bearers, known)
	same := func(what string, ask func(email string) *answer) {
		a, b := ask(known), ask(unknown)
		text := func(x *answer) string {
			o := x.object()
			delete(o, "request_id")
			delete(o, "email") // what was sent
			return fmt.Sprint(x.status, o)
		}
		if text(a) != text(b) {
			t.Errorf("%s tells addresses apart:\n%s\n%s", what, text(a), text(b))
		}
	}
	same("login", func(email string) *answer {
		return s.guest().with(t).post("/api/login", object{"email": email, "password": "Wrong1!word"})
	})
	same("register", func(email string) *answer {
		return s.guest().with(t).post("/api/register", object{"email": email, "password": password, "first_name": "A", "last_name": "B"})
	})
	same("verify-otp", func(email string) *answer {
		return s.guest().with(t).post("/api/verify-otp", object{"email": email, "otp": "123456"})
	})
	same("resend-otp", func(email string) *answer { return s.guest().with(t).post("/api/resend-otp", object{"email": email}) })
	same("forgot-password", func(email string) *answer {
		return s.guest().with(t).post("/api/forgot-password", object{"email": email})
	})
}

func weakness8(t *testing.T, s *system) {
	const email = "tried8@example.org"
	s.newUser(bearers, email)
	limited := func(what string, ask func(i int) *answer) {
		t.Helper()
		const most = 100
		for i := range most {
			if got := ask(i); got.status == http.StatusTooManyRequests {
				if got.header.Get("Retry-After") == "" {
					t.Errorf("%s: 429 without Retry-After", what)
				}
				return
			}
		}
		t.Errorf("%s: %d tries and no limit", what, most)
	}
	one := s.guest() // one address
	limited("passwords from one address", func(i int) *answer {
		return one.with(t).post("/api/login", object{"email": fmt.Sprintf("nobody%d@example.org", i), "password": "Wrong1!word"})
	})
	limited("passwords of one account", func(int) *answer {
		return s.guest().with(t).post("/api/login", object{"email": email, "password": "Wrong1!word"})
	})
	contact := s.guest()
	limited("contact mails from one address", func(int) *answer {
		return contact.with(t).post("/api/contact", object{"name": "N", "email": "n@example.org", "subject": "S", "message": "M"})
	})
	limited("mails with codes to one account", func(int) *answer {
		return s.guest().with(t).post("/api/forgot-password", object{"email": email})
	})

	// A code is good for five tries, from wherever they come.
	const pending = "pending8@example.org"
	s.guest().with(t).post("/api/register", object{"email": pending, "password": password, "first_name": "P", "last_name": "Eight"}).ok(nil)
	code := s.code(pending)
	wrong := "000000"
	if code == wrong {
		wrong = "111111"
	}
	for range 5 {
		s.guest().with(t).post("/api/verify-otp", object{"email": pending, "otp": wrong})
	}
	if got := s.guest().with(t).post("/api/verify-otp", object{"email": pending, "otp": code}); got.status == http.StatusOK {
		t.Error("the right code is good after five wrong ones")
	}
}

// dial opens a WebSocket and returns the status of a refusal.
func (c *client) dial(channel string, header http.Header, protocols ...string) (*websocket.Conn, int) {
	c.t.Helper()
	if header == nil {
		header = http.Header{}
	}
	header.Set("X-Forwarded-For", c.address)
	if c.bearer != "" {
		header.Set("Authorization", "Bearer "+c.bearer)
	}
	u := strings.Replace(c.s.url, "http", "ws", 1) + "/ws/chat/" + channel
	conn, res, err := websocket.Dial(c.t.Context(), u, &websocket.DialOptions{HTTPHeader: header, Subprotocols: protocols})
	if err != nil {
		if res == nil {
			c.t.Fatalf("dialling %s: %v", channel, err)
		}
		return nil, res.StatusCode
	}
	conn.SetReadLimit(8 << 20)
	c.t.Cleanup(func() { _ = conn.CloseNow() })
	return conn, http.StatusSwitchingProtocols
}

// frame reads the next frame within twenty seconds: a socket has ten to sign in.
func frame(t *testing.T, conn *websocket.Conn) (object, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, data, err := conn.Read(ctx)
	if err != nil {
		return nil, err
	}
	var o object
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatalf("a frame is %s: %v", data, err)
	}
	return o, nil
}

// until reads frames until one has a type.
func until(t *testing.T, conn *websocket.Conn, kind string) object {
	t.Helper()
	for {
		o, err := frame(t, conn)
		if err != nil {
			t.Fatalf("waiting for %q: %v", kind, err)
		}
		if o["type"] == kind {
			return o
		}
	}
}

// watching starts the analysis of a channel and waits until its chat is read.
func (s *system) watching(c *client, channel string) {
	s.t.Helper()
	c.post("/api/twitch/connect", object{"url": "https://twitch.tv/" + channel}).ok(nil)
	s.say(channel)
}

func weakness9(t *testing.T, s *system) {
	user := s.newUser(bearers, "viewer9@example.org")
	s.watching(user.with(t), "room9")
	conn, status := s.guest().with(t).dial("room9", nil)
	if conn != nil { // a socket may open and wait for a token in its first frame
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"ping"}`)); err != nil {
			t.Fatal(err)
		}
		for {
			got, err := frame(t, conn)
			if err != nil {
				if code := websocket.CloseStatus(err); code != 4401 {
					t.Errorf("a socket without sign-in ends with %v, want 4401", err)
				}
				break
			}
			if kind := got["type"]; kind == "message" || kind == "batch" || kind == "hello" {
				t.Fatalf("a socket without sign-in gets %v", got)
			}
		}
	} else if status != http.StatusUnauthorized {
		t.Errorf("a socket without sign-in is refused with %d, want 401", status)
	}
	if got := s.guest().with(t).get("/api/sse/chat/room9"); got.status != http.StatusUnauthorized {
		t.Errorf("events without sign-in: %d", got.status)
	}
	if _, status := user.with(t).dial("room9", http.Header{"Origin": {"https://evil.example"}}); status != http.StatusForbidden {
		t.Errorf("a socket from another site's page: %d, want 403", status)
	}
	if conn, status := user.with(t).dial("room9", nil); conn == nil {
		t.Errorf("a socket of a user is refused with %d", status)
	}
}

func weakness10(t *testing.T, s *system) {
	const email = "secret10@example.org"
	s.newUser(bearers, email)
	s.guest().with(t).post("/api/forgot-password", object{"email": email}).ok(nil)
	_, token := s.resetLink(email)
	const pending = "pending10@example.org"
	s.guest().with(t).post("/api/register", object{"email": pending, "password": password, "first_name": "P", "last_name": "Ten"}).ok(nil)
	code := s.code(pending)
	if s.mongo == nil {
		err := filepath.WalkDir(filepath.Dir(s.outbox), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) == ".eml" {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if bytes.Contains(data, []byte(token)) {
				t.Errorf("%s holds the reset token", filepath.Base(path))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	names, err := s.mongo.ListCollectionNames(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		found, err := s.mongo.Collection(name).Find(t.Context(), bson.D{})
		if err != nil {
			t.Fatal(err)
		}
		var docs []bson.Raw
		if err := found.All(t.Context(), &docs); err != nil {
			t.Fatal(err)
		}
		for _, doc := range docs {
			if text := doc.String(); strings.Contains(text, token) || strings.Contains(text, `"`+code+`"`) {
				t.Errorf("%s holds a code or token in clear", name)
			}
		}
	}
}

func weakness11(t *testing.T, s *system) {
	admin := s.signIn(bearers, s.admin.Email, password)
	for _, search := range []string{"(", "[", "*", "(a+)+$", ".*", `\`, "%", "_", "$where"} {
		got := admin.with(t).get("/api/admin/logs?search=" + url.QueryEscape(search)).ok(nil)
		if total := got.object()["totalItems"]; total != 0.0 {
			t.Errorf("a search for %q finds %v entries, though none holds it", search, total)
		}
	}
	if got := admin.with(t).get("/api/admin/logs?search=Logged+in").ok(nil); got.object()["totalItems"] == 0.0 {
		t.Error("a search for plain text finds nothing")
	}
	if got := admin.with(t).get("/api/admin/logs?sortField=password_hash&sortDirection=sideways"); got.status >= 500 {
		t.Errorf("sorting by an unknown field: %d", got.status)
	}
}

func weakness12(t *testing.T, s *system) {
	before := s.contactMails()
	s.guest().with(t).post("/api/contact", object{
		"name": "Mallory <b>M", "email": "mallory@example.org", "subject": "Hi\r\nBcc: all@example.org", "message": "<script>alert(1)</script>",
	})
	s.guest().with(t).post("/api/contact", object{
		"name": "Mallory <b>M", "email": "mallory@example.org", "subject": "Hi there", "message": "<script>alert(1)</script>",
	}).ok(nil)
	var mails []string
	s.eventually("the contact mail", func() bool { mails = s.contactMails(); return len(mails) > len(before) })
	for _, text := range mails[len(before):] {
		head, body, _ := strings.Cut(text, "\r\n\r\n")
		if strings.Contains(strings.ToLower(head), "\nbcc:") {
			t.Error("a line break in the subject makes a header")
		}
		if i := strings.Index(head, "From:"); i < 0 || strings.Contains(strings.SplitN(head[i:], "\r\n", 2)[0], "mallory@example.org") {
			t.Errorf("the sender is the visitor: %s", head)
		}
		if !strings.Contains(head, "Reply-To:") {
			t.Error("there is no Reply-To")
		}
		if _, html, ok := strings.Cut(body, "text/html"); ok && strings.Contains(html, "<script>") {
			t.Error("the visitor's HTML is in the mail as it came")
		}
	}
}

// contactMails returns the mails of the contact form as they are.
func (s *system) contactMails() (list []string) {
	files, err := filepath.Glob(filepath.Join(s.outbox, "*.eml"))
	if err != nil {
		s.t.Fatal(err)
	}
	slices.Sort(files)
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			s.t.Fatal(err)
		}
		if bytes.Contains(data, []byte("Contact Form")) {
			list = append(list, string(data))
		}
	}
	return list
}

func weakness13(t *testing.T, s *system) {
	s.newUser(bearers, "long13@example.org")
	c := s.signIn(cookies, "long13@example.org", password)
	u, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	if c.cookie("chatmood_token") == "" {
		t.Fatal("there is no cookie with a token")
	}
	// The browser throws the token away when it expires; the page knows nothing of it and saves.
	c.http.Jar.SetCookies(u, []*http.Cookie{{Name: "chatmood_token", Path: "/", MaxAge: -1}})
	if c.cookie("chatmood_token") != "" {
		t.Fatal("the cookie is still there")
	}
	c.with(t).save("longstream")
	if c.cookie("chatmood_token") == "" {
		t.Error("the sign-in was not renewed")
	}
}

func weakness14(t *testing.T, s *system) {
	user := s.newUser(bearers, "prober14@example.org")
	for _, got := range []*answer{
		user.with(t).get("/api/history/%00"), user.with(t).get("/api/history/" + strings.Repeat("f", 5000)),
		user.with(t).put("/api/user/profile", object{"first_name": strings.Repeat("x", 100_000)}),
		s.guest().with(t).post("/api/verify-otp", object{"email": "prober14@example.org", "otp": strings.Repeat("9", 10_000)}),
		s.guest().with(t).get("/api/validate-reset-token/zzz/%2e%2e"),
		s.guest().with(t).get("/api/test/db-status"), s.guest().with(t).post("/api/test/create-user", object{}),
		s.guest().with(t).get("/debug/status"), s.guest().with(t).get("/api/debug/sse"),
		s.guest().with(t).post("/api/admin/debug/fix-password-hash", object{}),
	} {
		if got.status < 400 || got.status >= 500 {
			t.Errorf("%s: status %d", got.what, got.status)
		}
		for _, inside := range []string{"mongodb://", "goroutine", ".go:", "sqlite", "SQL", "runtime error", "ObjectId"} {
			if bytes.Contains(got.body, []byte(inside)) {
				t.Errorf("%s shows %q: %s", got.what, inside, got.body)
			}
		}
	}
}

func weakness16(t *testing.T, s *system) {
	const email = "moved16@example.org"
	c := s.newUser(bearers, email)
	c.with(t).put("/api/user/profile", object{"email": "stolen16@example.org"})
	if user, _ := c.with(t).get("/api/authenticate").object()["user"].(object); user["email"] != email {
		t.Errorf("the address changed to %v without its mailbox", user["email"])
	}
	admin := s.signIn(bearers, s.admin.Email, password)
	for _, change := range []object{{"role": "user"}, {"status": "suspended"}, {"status": "not_active"}} {
		body := object{"first_name": "Ada", "last_name": "Root", "email": s.admin.Email, "role": "admin", "status": "active"}
		for k, v := range change {
			body[k] = v
		}
		if got := admin.with(t).put("/api/admin/users/"+s.admin.ID, body); got.status < 400 || got.status >= 500 {
			t.Errorf("the last administrator may be changed to %v: %d", change, got.status)
		}
	}
	if got := admin.with(t).delete("/api/user/delete-account", object{"password": password}); got.status < 400 || got.status >= 500 {
		t.Errorf("the last administrator may go: %d", got.status)
	}
	s.guest().with(t).post("/api/login", object{"email": email, "password": "Wrong1!word"})
	s.eventually("the failed sign-in is in the log", func() bool {
		return admin.with(t).get("/api/admin/logs?activity=Failed+sign-in").object()["totalItems"] != 0.0
	})
}

func weakness17(t *testing.T, s *system) {
	c := s.newUser(bearers, "picture17@example.org")
	for name, image := range map[string]any{
		"a page":          "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
		"a drawing":       "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIG9ubG9hZD0iYWxlcnQoMSkiLz4=",
		"no image":        "data:image/png;base64,AAAA",
		"an object":       object{"a": 1},
		"an address":      "https://evil.example/x.png",
		"something large": "data:image/png;base64," + strings.Repeat("A", 900_000),
	} {
		if got := c.with(t).put("/api/user/profile-image", object{"image": image}); got.status < 400 || got.status >= 500 {
			t.Errorf("%s as profile image: %d", name, got.status)
		}
	}
}

func weakness18(t *testing.T, s *system) {
	const email = "gone18@example.org"
	c := s.newUser(bearers, email)
	id, _ := c.with(t).get("/api/authenticate").object()["user"].(object)["id"].(string)
	c.with(t).save("room18")
	c.with(t).delete("/api/user/delete-account", object{"password": password}).ok(object{"deleted_history_count": 1})
	admin := s.signIn(bearers, s.admin.Email, password)
	for page := 1; ; page++ {
		got := admin.with(t).get(fmt.Sprintf("/api/admin/logs?limit=100&page=%d", page)).ok(nil)
		if strings.Contains(string(got.body), email) || strings.Contains(string(got.body), id) {
			t.Errorf("the log still names the deleted user: page %d", page)
		}
		if next, _ := got.object()["pagination"].(object)["has_next"].(bool); !next {
			break
		}
	}
}

func weakness20(t *testing.T, s *system) {
	c := s.newUser(bearers, "watch20@example.org")
	s.watching(c.with(t), "room20")
	conn, _ := c.with(t).dial("room20", nil)
	s.say("room20", "Good morning, great stream")
	data, _ := until(t, conn, "message")["data"].(object)
	if data["message"] != "Good morning, great stream" || data["username"] != "viewer0" || data["sentiment"] != "positive" || data["timestamp"] == "" {
		t.Errorf("the message is %v", data)
	}
}

// counts returns a channel's counts.
func (c *client) counts(channel string) (total, positive, neutral, negative int) {
	c.t.Helper()
	var got struct {
		Counts struct{ Total, Positive, Neutral, Negative int }
	}
	if err := json.Unmarshal(c.get("/api/channels/"+channel).body, &got); err != nil {
		c.t.Fatal(err)
	}
	return got.Counts.Total, got.Counts.Positive, got.Counts.Neutral, got.Counts.Negative
}

func weakness21(t *testing.T, s *system) {
	c := s.newUser(bearers, "count21@example.org")
	s.watching(c.with(t), "room21")
	for range 3 {
		if _, err := s.sim.Say("room21", "anna", "LUL"); err != nil {
			t.Fatal(err)
		}
	}
	s.eventually("three messages count three times", func() bool { n, _, _, _ := c.with(t).counts("room21"); return n == 3 })
}

func weakness22(t *testing.T, s *system) {
	c := s.newUser(bearers, "numbers22@example.org")
	s.watching(c.with(t), "room22")
	s.say("room22", "what time is it", "what a great play, love it")
	s.eventually("both are counted", func() bool { n, _, _, _ := c.with(t).counts("room22"); return n == 2 })
	id := c.with(t).save("room22") // the page claims three
	got := c.with(t).get("/api/history/" + id).ok(object{"total_chats": 2})
	if count, _ := got.object()["sentiment_count"].(object); count["positive"] != 1.0 || count["neutral"] != 1.0 {
		t.Errorf("sentiment_count is %v", count)
	}
}

func weakness23(t *testing.T, s *system) {
	c := s.newUser(bearers, "stop23@example.org")
	s.watching(c.with(t), "room23")
	c.with(t).post("/api/twitch/disconnect", object{"channel": "room23"}).ok(nil)
	s.eventually("the reader leaves", func() bool { return s.sim.Readers("room23") == 0 })
	// What made it come back was a lost connection.
	s.watching(c.with(t), "other23")
	if err := s.sim.Fault("drop"); err != nil {
		t.Fatal(err)
	}
	s.say("other23", "back again")
	s.eventually("the other channel is read again", func() bool { n, _, _, _ := c.with(t).counts("other23"); return n == 1 })
	if n := s.sim.Readers("room23"); n != 0 {
		t.Errorf("the stopped channel has %d readers", n)
	}
}

func weakness25(t *testing.T, s *system) {
	c := s.newUser(bearers, "again25@example.org")
	s.watching(c.with(t), "room25")
	s.say("room25", "from the first session")
	s.eventually("it is counted", func() bool { n, _, _, _ := c.with(t).counts("room25"); return n == 1 })
	first, _ := c.with(t).dial("room25", nil)
	until(t, first, "message")
	c.with(t).post("/api/twitch/disconnect", object{"channel": "room25"}).ok(nil)
	until(t, first, "disconnect") // at the top level, not wrapped as a message
	s.eventually("the reader leaves", func() bool { return s.sim.Readers("room25") == 0 })

	s.watching(c.with(t), "room25")
	second, _ := c.with(t).dial("room25", nil)
	s.say("room25", "from the second session")
	if data, _ := until(t, second, "message")["data"].(object); data["message"] != "from the second session" {
		t.Errorf("the first message of the new session is %v", data)
	}
	if n, _, _, _ := c.with(t).counts("room25"); n != 1 {
		t.Errorf("the new session counts %d messages", n)
	}
}

func weakness26(t *testing.T, s *system) {
	c := s.newUser(bearers, "case26@example.org")
	s.watching(c.with(t), "room26")
	c.with(t).post("/api/twitch/connect", object{"url": "https://www.twitch.tv/ROOM26"}).ok(object{"channel": "room26"})
	if n := s.sim.Readers("room26"); n != 1 {
		t.Errorf("there are %d readers", n)
	}
	if conn, status := c.with(t).dial("Room26", nil); conn == nil {
		t.Errorf("a socket by the name in capitals is refused with %d", status)
	}
}

func weakness28(t *testing.T, s *system) {
	c := s.newUser(bearers, "judge28@example.org")
	for text, want := range map[string]string{
		"PogChamp": "positive", "Sadge": "negative", "W": "positive", "L": "negative", "KEKW actual trash": "negative", "FeelsBadMan": "negative", "POGGERS POGGERS": "positive",
	} {
		got := c.with(t).post("/api/sentiment", object{"text": text})
		if !strings.Contains(string(got.body), `"`+want+`"`) {
			t.Errorf("%q is judged %s, want %s", text, got.body, want)
		}
	}
}

func weakness29(t *testing.T, s *system) {
	c := s.newUser(bearers, "emotes29@example.org")
	s.watching(c.with(t), "room29")
	conn, _ := c.with(t).dial("room29", nil, "chatmood.v1")
	until(t, conn, "hello")
	line := "@badges=moderator/1,subscriber/12;color=#8A2BE2;display-name=Ann_A;emotes=25:6-10;id=0f1e2d3c-0000-4000-8000-000000000029;mod=1;tmi-sent-ts=" +
		fmt.Sprint(time.Now().UnixMilli()) + ";user-id=29 :ann_a!ann_a@ann_a.tmi.twitch.tv PRIVMSG #room29 :hello Kappa"
	if err := s.sim.Raw("room29", line); err != nil {
		t.Fatal(err)
	}
	batch := until(t, conn, "batch")
	text, err := json.Marshal(batch)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"Ann_A"`, `"#8A2BE2"`, `"moderator/1"`, `["25",6,11]`, "0f1e2d3c-0000-4000-8000-000000000029"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the batch lacks %s: %s", want, text)
		}
	}
}

func weakness30(t *testing.T, s *system) {
	c := s.newUser(bearers, "pages30@example.org")
	for i := range 7 {
		c.with(t).save(fmt.Sprintf("paged%d", i))
	}
	got := c.with(t).get("/api/history?page=2&limit=3&sort=channel&direction=asc").ok(object{"total": 7, "page": 2, "pages": 3, "limit": 3}).object()
	items, _ := got["items"].([]any)
	if len(items) != 3 || items[0].(object)["streamer_name"] != "paged3" {
		t.Errorf("page 2 is %v", items)
	}
	found := c.with(t).get("/api/history?search=PAGED5").ok(object{"total": 1}).object()
	if items, _ := found["items"].([]any); len(items) != 1 || items[0].(object)["streamer_name"] != "paged5" {
		t.Errorf("the search finds %v", items)
	}
}

func weakness32(t *testing.T, s *system) {
	c := s.newUser(bearers, "zone32@example.org")
	id := c.with(t).save("room32")
	at, _ := c.with(t).get("/api/history/" + id).ok(nil).object()["created_at"].(string)
	if _, err := time.Parse(time.RFC3339Nano, at); err != nil || !strings.HasSuffix(at, "Z") {
		t.Errorf("created_at is %q", at)
	}
}

func weakness33(t *testing.T, s *system) {
	t.Run("link", func(t *testing.T) {
		uri := ""
		if s.mongo != nil {
			uri = os.Getenv("CHATMOOD_TEST_MONGO_URI")
		}
		s := start(t, uri, map[string]string{"FRONTEND_URL": "https://mood.example"})
		s.newUser(bearers, "link33@example.org")
		s.guest().with(t).post("/api/forgot-password", object{"email": "link33@example.org"}).ok(nil)
		id, token := s.resetLink("link33@example.org")
		mails := s.mails("link33@example.org")
		if want := "https://mood.example/reset-password/" + id + "/" + token; !strings.Contains(strings.Join(mails, ""), want) {
			t.Errorf("no mail holds %s", want)
		}
	})
}

func weakness34(t *testing.T, s *system) {
	c := s.newUser(bearers, "drop34@example.org")
	s.watching(c.with(t), "room34")
	first, _ := c.with(t).dial("room34", nil, "chatmood.v1")
	hello := until(t, first, "hello")
	_ = first.CloseNow()
	s.say("room34", "while nobody looked")
	s.eventually("it is counted", func() bool { n, _, _, _ := c.with(t).counts("room34"); return n == 1 })
	second, _ := c.with(t).dial(fmt.Sprintf("room34?since=%v.%v", hello["epoch"], fmt.Sprintf("%.0f", hello["seq"])), nil, "chatmood.v1")
	until(t, second, "hello")
	text, err := json.Marshal(until(t, second, "batch"))
	if err != nil || !strings.Contains(string(text), "while nobody looked") {
		t.Errorf("after the reconnect comes %s", text)
	}
}

// What needs no server.

func TestWeakness15EnvironmentFileInTheRepository(t *testing.T) {
	ignored, err := os.ReadFile("../../.gitignore")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(strings.Split(string(ignored), "\n"), ".env") {
		t.Error(".env is not ignored by git")
	}
}

func TestWeakness19ChatWasReadInPlainText(t *testing.T) {
	cfg, err := config.Load(func(string) (string, bool) { return "", false }, "")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(cfg.TwitchURL, "ircs://") && !strings.HasPrefix(cfg.TwitchURL, "wss://") {
		t.Errorf("chat is read from %s", cfg.TwitchURL)
	}
}

func TestWeakness35NoLicence(t *testing.T) {
	if data, err := os.ReadFile("../../LICENSE"); err != nil || len(data) < 500 {
		t.Errorf("the licence is %d bytes: %v", len(data), err)
	}
}
