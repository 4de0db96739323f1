package compat_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// bad is an input that cannot be meant, and how it is answered: the status and
// words that the answer's text must hold, so that whoever sent it knows what to
// mend.
type bad struct {
	who    string // guest, user or admin
	method string
	path   string
	body   any // a string goes as it is
	status int
	words  string // "" where the status says it all
}

var long = strings.Repeat("x", 70_000)

var badRequests = []bad{
	// Bodies that are none.
	{"guest", "POST", "/api/login", "", 422, "body"},
	{"guest", "POST", "/api/login", "{", 422, "JSON"},
	{"guest", "POST", "/api/login", "[]", 422, "object"},
	{"guest", "POST", "/api/login", "null", 422, ""},
	{"guest", "POST", "/api/login", `"text"`, 422, "object"},
	{"guest", "POST", "/api/login", "{}{}", 422, "JSON"},
	{"guest", "POST", "/api/login", `{"email":"a@example.org","password":"x",}`, 422, "JSON"},
	{"guest", "POST", "/api/login", "\xff\xfe", 422, "JSON"},
	{"guest", "POST", "/api/login", strings.Repeat("[", 10_000), 422, "JSON"},
	{"guest", "POST", "/api/login", object{"email": "a@example.org"}, 400, "password"},
	{"guest", "POST", "/api/login", object{"password": "x"}, 400, "email"},
	{"guest", "POST", "/api/login", object{"email": 7, "password": "x"}, 422, "email"},
	{"guest", "POST", "/api/login", object{"email": object{"$ne": ""}, "password": "x"}, 422, "email"},
	{"guest", "POST", "/api/login", object{"email": []string{"a@example.org"}, "password": "x"}, 422, "email"},
	{"guest", "POST", "/api/login", object{"email": "a@example.org", "password": object{"$gt": ""}}, 422, "password"},
	{"guest", "POST", "/api/login", object{"email": "a@example.org", "password": "wrong"}, 401, "password"},
	{"guest", "POST", "/api/login", object{"email": long, "password": "x"}, 422, "email"},
	{"guest", "POST", "/api/login", object{"email": "a@example.org", "password": long}, 422, "password"},
	{"guest", "POST", "/api/login", `{"email":"` + strings.Repeat("a", 3<<20) + `","password":"x"}`, 413, ""},
	{"guest", "POST", "/api/login", object{"email": "a@example.org\r\nBcc: b@example.org", "password": "x"}, 401, ""},
	{"guest", "POST", "/api/login", object{"email": "", "password": ""}, 400, ""},
	// Registering.
	{"guest", "POST", "/api/register", object{"email": "nobody", "password": password, "first_name": "A", "last_name": "B"}, 400, "email"},
	{"guest", "POST", "/api/register", object{"email": "a@b@c", "password": password, "first_name": "A", "last_name": "B"}, 400, "email"},
	{"guest", "POST", "/api/register", object{"email": "Name <a@example.org>", "password": password, "first_name": "A", "last_name": "B"}, 400, "email"},
	{"guest", "POST", "/api/register", object{"email": "a@example.org\r\nBcc: x@example.org", "password": password, "first_name": "A", "last_name": "B"}, 400, "email"},
	{"guest", "POST", "/api/register", object{"email": "bad1@example.org", "password": "short", "first_name": "A", "last_name": "B"}, 400, "password"},
	{"guest", "POST", "/api/register", object{"email": "bad2@example.org", "password": strings.Repeat("aA1!", 100), "first_name": "A", "last_name": "B"}, 400, "password"},
	{"guest", "POST", "/api/register", object{"email": "bad3@example.org", "password": password, "first_name": "", "last_name": "B"}, 400, "first_name"},
	{"guest", "POST", "/api/register", object{"email": "bad4@example.org", "password": password, "first_name": "A\x00B", "last_name": "B"}, 400, "first_name"},
	{"guest", "POST", "/api/register", object{"email": "bad5@example.org", "password": password, "first_name": "A", "last_name": strings.Repeat("b", 500)}, 400, "last_name"},
	{"guest", "POST", "/api/register", object{"email": "bad6@example.org", "password": password, "first_name": "A", "last_name": "B", "role": "admin"}, 200, ""},
	{"guest", "POST", "/api/register", object{"email": "bad7@example.org", "password": password, "first_name": 5, "last_name": "B"}, 422, "first_name"},
	{"guest", "POST", "/api/register", object{"email": "bad8@example.org", "password": password, "first_name": "A", "last_name": "B", "invite": strings.Repeat("x", 500)}, 400, "invite"},
	// Codes.
	{"guest", "POST", "/api/verify-otp", object{"email": "nobody@example.org", "otp": "123456"}, 400, "OTP"},
	{"guest", "POST", "/api/verify-otp", object{"email": "nobody@example.org", "otp": "12345"}, 400, ""},
	{"guest", "POST", "/api/verify-otp", object{"email": "nobody@example.org", "otp": 123456}, 422, ""},
	{"guest", "POST", "/api/verify-otp", object{"email": "nobody@example.org"}, 400, "otp"},
	{"guest", "POST", "/api/resend-otp", object{}, 400, "email"},
	{"guest", "POST", "/api/forgot-password", object{"email": 1}, 422, "email"},
	{"guest", "POST", "/api/forgot-password", object{}, 400, "email"},
	{"guest", "POST", "/api/reset-password", object{"token": "x"}, 400, ""},
	{"guest", "POST", "/api/reset-password", object{"userId": "zz", "token": "x", "password": password}, 400, ""},
	{"guest", "GET", "/api/validate-reset-token/zz/x", nil, 400, ""},
	{"guest", "GET", "/api/validate-reset-token/5f5f5f5f5f5f5f5f5f5f5f5f/" + strings.Repeat("x", 600), nil, 400, ""},
	{"guest", "POST", "/api/refresh-token", object{"refresh_token": "garbage"}, 401, ""},
	{"guest", "POST", "/api/refresh-token", object{"refresh_token": long}, 422, ""},
	{"guest", "GET", "/api/invites/nothing", nil, 200, ""},
	{"guest", "GET", "/api/setup/nothing", nil, 200, ""},
	{"guest", "POST", "/api/setup", object{"token": "nothing", "email": "a@example.org", "password": password, "first_name": "A", "last_name": "B"}, 400, ""},
	{"guest", "POST", "/api/contact", object{"name": "", "email": "a@example.org", "subject": "s", "message": "x"}, 400, "name"},
	{"guest", "POST", "/api/contact", object{"name": "A", "email": "nobody", "subject": "s", "message": "hello there"}, 400, "email"},
	{"guest", "POST", "/api/contact", object{"name": "A", "email": "a@example.org", "subject": "s", "message": long}, 422, "message"},
	{"guest", "POST", "/api/contact", object{"name": "A\r\nBcc: b@example.org", "email": "a@example.org", "subject": "s", "message": "hello there"}, 200, "name"},
	// What does not exist, and methods that do not.
	{"guest", "GET", "/api/nothing", nil, 404, ""},
	{"guest", "GET", "/api/../../etc/passwd", nil, 404, ""},
	{"guest", "GET", "/api/%2e%2e/%2e%2e/etc/passwd", nil, 404, ""},
	{"guest", "GET", "/assets/..%2f..%2fgo.mod", nil, 404, ""},
	{"guest", "PUT", "/api/login", object{}, 405, ""},
	{"guest", "DELETE", "/health", nil, 405, ""},
	{"guest", "PATCH", "/api/channels", nil, 405, ""},
	// Not signed in, and wrong tokens.
	{"guest", "GET", "/api/history", nil, 401, ""},
	{"guest", "GET", "/api/authenticate", nil, 401, ""},
	{"guest", "GET", "/api/user/export", nil, 401, ""},
	{"guest", "GET", "/api/admin/users", nil, 401, ""},
	{"guest", "POST", "/api/twitch/connect", object{"url": "alpha"}, 401, ""},
	{"user", "GET", "/api/admin/users", nil, 403, ""},
	{"user", "GET", "/api/admin/logs", nil, 403, ""},
	{"user", "DELETE", "/api/admin/users/5f5f5f5f5f5f5f5f5f5f5f5f", nil, 403, ""},
	{"user", "POST", "/api/admin/logs/cleanup", object{"days_to_keep": 1}, 403, ""},
	{"user", "POST", "/api/admin/invites", object{}, 403, ""},
	// Channels.
	{"user", "POST", "/api/twitch/connect", object{}, 400, "URL"},
	{"user", "POST", "/api/twitch/connect", object{"url": ""}, 400, "URL"},
	{"user", "POST", "/api/twitch/connect", object{"url": "not a channel!"}, 400, "URL"},
	{"user", "POST", "/api/twitch/connect", object{"url": strings.Repeat("a", 26)}, 400, "URL"},
	{"user", "POST", "/api/twitch/connect", object{"url": "alpha\r\nJOIN #beta"}, 400, "URL"},
	{"user", "POST", "/api/twitch/connect", object{"url": "../admin"}, 400, "URL"},
	{"user", "POST", "/api/twitch/connect", object{"url": "https://example.org/alpha"}, 400, "URL"},
	{"user", "POST", "/api/twitch/connect", object{"url": "ünïcode"}, 400, "URL"},
	{"user", "POST", "/api/twitch/connect", object{"url": []string{"alpha"}}, 422, "URL"},
	{"user", "POST", "/api/twitch/disconnect", object{"channel": "never_started"}, 200, ""},
	{"user", "GET", "/api/channels/never_started", nil, 404, ""},
	{"user", "GET", "/api/channels/" + strings.Repeat("a", 300), nil, 422, "channel"},
	{"user", "GET", "/api/channels/a%20b", nil, 400, "channel"},
	{"user", "GET", "/api/channels/alpha/timeline?step=0", nil, 200, "step"},
	{"user", "GET", "/api/channels/alpha/timeline?step=-5", nil, 422, "step"},
	{"user", "GET", "/api/channels/alpha/timeline?step=many", nil, 422, "step"},
	{"user", "GET", "/api/channels/alpha/timeline?from=yesterday", nil, 422, "from"},
	{"user", "GET", "/api/channels/alpha/chatters?label=angry", nil, 422, "label"},
	{"user", "GET", "/api/channels/alpha/chatters?limit=100000", nil, 422, "limit"},
	{"user", "GET", "/api/channels/alpha/terms?limit=-1", nil, 422, "limit"},
	{"user", "GET", "/api/channels/alpha/emotes?limit=x", nil, 422, "limit"},
	{"user", "GET", "/api/channels/alpha/messages?limit=0", nil, 422, "limit"},
	{"user", "GET", "/api/channels/alpha?top=9999", nil, 422, "top"},
	{"user", "GET", "/api/sse/chat/alpha?dialect=klingon", nil, 400, "dialect"},
	{"user", "GET", "/api/sse/chat/never_started", nil, 404, ""},
	// Judging.
	{"user", "POST", "/api/sentiment", object{}, 400, "text"},
	{"user", "POST", "/api/sentiment", object{"text": "a", "texts": []string{"b"}}, 400, "text"},
	{"user", "POST", "/api/sentiment", object{"text": 5}, 422, "text"},
	{"user", "POST", "/api/sentiment", object{"text": strings.Repeat("x", 2001)}, 422, "text"},
	{"user", "POST", "/api/sentiment", object{"texts": make([]string, 1001)}, 422, "texts"},
	{"user", "POST", "/api/sentiment", object{"texts": "one"}, 422, "texts"},
	{"user", "POST", "/api/sentiment", object{"texts": make([]string, 21), "explain": true}, 422, "explain"},
	{"user", "POST", "/api/sentiment", object{"texts": []any{nil}}, 422, "texts"},
	// History.
	{"user", "GET", "/api/history?page=0", nil, 422, "page"},
	{"user", "GET", "/api/history?page=999999999999999999999", nil, 422, "page"},
	{"user", "GET", "/api/history?limit=100000", nil, 422, "limit"},
	{"user", "GET", "/api/history?sort=password", nil, 422, "sort"},
	{"user", "GET", "/api/history?direction=sideways", nil, 422, "direction"},
	{"user", "GET", "/api/history?from=32.13.2026", nil, 422, "from"},
	{"user", "GET", "/api/history?tz=Mars/Olympus", nil, 422, "tz"},
	{"user", "GET", "/api/history?search=" + strings.Repeat("x", 5000), nil, 422, "search"},
	{"user", "GET", "/api/history/zz", nil, 404, ""},
	{"user", "GET", "/api/history/5f5f5f5f5f5f5f5f5f5f5f5f", nil, 404, ""},
	{"user", "GET", "/api/history/5f5f5f5f5f5f5f5f5f5f5f5f/pdf", nil, 404, ""},
	{"user", "GET", "/api/history/5f5f5f5f5f5f5f5f5f5f5f5f/report?format=exe", nil, 422, "format"},
	{"user", "DELETE", "/api/history/5f5f5f5f5f5f5f5f5f5f5f5f", nil, 404, ""},
	{"user", "PATCH", "/api/history/5f5f5f5f5f5f5f5f5f5f5f5f", object{"tags": make([]string, 1000)}, 422, "tags"},
	{"user", "PATCH", "/api/history/5f5f5f5f5f5f5f5f5f5f5f5f", object{"note": long}, 422, "note"},
	{"user", "PATCH", "/api/history/5f5f5f5f5f5f5f5f5f5f5f5f", object{"name": 3}, 422, "name"},
	{"user", "POST", "/api/history/5f5f5f5f5f5f5f5f5f5f5f5f/restore", nil, 404, ""},
	{"user", "POST", "/api/history/5f5f5f5f5f5f5f5f5f5f5f5f/shares", object{"expires_in_hours": -1}, 422, "expires_in_hours"},
	{"user", "POST", "/api/history/save", object{}, 400, ""},
	{"user", "POST", "/api/history/save", object{"data": long}, 400, ""},
	{"guest", "GET", "/api/shared/nothing", nil, 404, ""},
	{"guest", "GET", "/api/shared/" + strings.Repeat("x", 2000), nil, 422, ""},
	// Uploads.
	{"user", "POST", "/api/history/import", "", 422, ""},
	{"user", "POST", "/api/history/import", "nothing that is a log", 422, "log"},
	{"user", "POST", "/api/history/import?format=word", "x", 422, "format"},
	{"user", "POST", "/api/history/import?tz=Mars", "x", 422, "tz"},
	{"user", "POST", "/api/history/import?channel=%21%21", "x", 422, "channel"},
	{"user", "POST", "/api/history/import", "\x1f\x8b\x08 broken gzip", 422, ""},
	{"user", "POST", "/api/history/import", "PK\x03\x04 no zip", 422, ""},
	{"user", "POST", "/api/history/import", strings.Repeat("\x00", 5000), 422, ""},
	// One's own account.
	{"user", "PUT", "/api/user/profile", object{"first_name": ""}, 400, "first_name"},
	{"user", "PUT", "/api/user/profile", object{"first_name": long}, 422, "first_name"},
	{"user", "PUT", "/api/user/profile-image", object{"image": "data:text/html;base64,PHNjcmlwdD4="}, 400, "image"},
	{"user", "PUT", "/api/user/profile-image", object{"image": "data:image/png;base64,!!!"}, 400, "image"},
	{"user", "PUT", "/api/user/profile-image", object{"image": "data:image/svg+xml;base64,PHN2Zz4="}, 400, "image"},
	{"user", "POST", "/api/user/change-password", object{"old_password": "wrong", "new_password": password + "1"}, 401, ""},
	{"user", "POST", "/api/user/change-password", object{"old_password": password, "new_password": "x"}, 400, "password"},
	{"user", "POST", "/api/user/change-email/request", object{"new_email": "nobody", "password": password}, 400, "email"},
	{"user", "POST", "/api/user/change-email/verify-new", object{"otp": "000000"}, 400, ""},
	{"user", "PUT", "/api/user/preferences", object{"auto_save": "yes"}, 422, "auto_save"},
	{"user", "DELETE", "/api/user/sessions/nothing", nil, 404, ""},
	{"user", "DELETE", "/api/user/delete-account", object{"password": "wrong"}, 401, ""},
	{"user", "POST", "/api/log/analysis-start", object{"streamer": long}, 422, "streamer"},
	// Administering.
	{"admin", "GET", "/api/admin/users?page=-1", nil, 422, "page"},
	{"admin", "GET", "/api/admin/users?role=emperor", nil, 422, "role"},
	{"admin", "GET", "/api/admin/users?status=asleep", nil, 422, "status"},
	{"admin", "GET", "/api/admin/users?sort=password_hash", nil, 422, "sort"},
	{"admin", "POST", "/api/admin/users", object{"email": "x"}, 400, ""},
	{"admin", "PUT", "/api/admin/users/zz", object{"first_name": "A", "last_name": "B", "email": "x@example.org", "role": "user", "status": "active"}, 404, ""},
	{"admin", "PUT", "/api/admin/users/5f5f5f5f5f5f5f5f5f5f5f5f", object{"first_name": "A", "last_name": "B", "email": "x@example.org", "role": "emperor", "status": "active"}, 400, "role"},
	{"admin", "PUT", "/api/admin/users/5f5f5f5f5f5f5f5f5f5f5f5f", object{"first_name": "A", "last_name": "B", "email": "x@example.org", "role": "user", "status": "gone"}, 400, "status"},
	{"admin", "DELETE", "/api/admin/users/5f5f5f5f5f5f5f5f5f5f5f5f", nil, 404, ""},
	{"admin", "GET", "/api/admin/logs?sortField=$where", nil, 200, "sortField"},
	{"admin", "GET", "/api/admin/logs?sortDirection=up", nil, 200, "sortDirection"},
	{"admin", "GET", "/api/admin/logs?from=never", nil, 422, "from"},
	{"admin", "GET", "/api/admin/logs?limit=0", nil, 422, "limit"},
	{"admin", "POST", "/api/admin/logs/cleanup", object{"days_to_keep": -1}, 422, "days"},
	{"admin", "POST", "/api/admin/logs/cleanup", object{"days_to_keep": "all"}, 422, "days"},
	{"admin", "POST", "/api/admin/mail/test", object{"to": "nobody"}, 400, "to"},
	{"admin", "POST", "/api/admin/mail/nothing/retry", nil, 404, ""},
	{"admin", "DELETE", "/api/admin/channels/never_started", nil, 404, ""},
	{"admin", "DELETE", "/api/admin/invites/nothing", nil, 404, ""},
	{"admin", "POST", "/api/admin/invites", object{"email": "nobody"}, 400, "email"},
	{"admin", "GET", "/api/admin/usage?days=100000", nil, 422, "days"},
	{"admin", "GET", "/api/admin/history/zz", nil, 404, ""},
}

// TestBadRequests sends what cannot be meant. Each is answered with the status
// that says whose fault it is and with words that say what to mend; none breaks
// the server or loses what it holds.
func TestBadRequests(t *testing.T) {
	s := start(t, "", nil)
	people := map[string]*client{
		"guest": s.guest(), "user": s.newUser(bearers, "nora@example.org"), "admin": s.signIn(bearers, s.admin.Email, password),
	}
	people["user"].post("/api/twitch/connect", object{"url": "alpha"}).ok(nil)
	for _, c := range people {
		c.http.Timeout = 20 * time.Second // an answer that does not end is none
	}
	s.say("alpha", "before")
	for _, b := range badRequests {
		name := b.method + " " + b.path
		if len(name) > 80 {
			name = name[:80] + "…"
		}
		t.Run(name, func(t *testing.T) {
			c := people[b.who].with(t)
			c.address = s.guest().address // limits by address are tested apart
			got := c.do(b.method, b.path, b.body, nil)
			if got.status >= http.StatusInternalServerError {
				t.Fatalf("status %d: %s", got.status, got.body)
			}
			if got.status != b.status {
				t.Errorf("status %d, want %d: %.300s", got.status, b.status, got.body)
			}
			if got.status < 400 {
				return
			}
			if kind := got.header.Get("Content-Type"); kind != "application/problem+json" {
				t.Errorf("the content type is %q: %.200s", kind, got.body)
				return
			}
			detail, _ := got.object()["detail"].(string)
			if detail == "" || !strings.Contains(strings.ToLower(string(got.body)), strings.ToLower(b.words)) {
				t.Errorf("nothing about %q in %.300s", b.words, got.body)
			}
			if len(got.body) > 4<<10 {
				t.Errorf("the answer has %d bytes: it repeats what was sent", len(got.body))
			}
		})
	}
	s.say("alpha", "after")
	s.eventually("both messages are counted", func() bool {
		counts, _ := people["user"].get("/api/channels/alpha").object()["counts"].(object)
		return counts["total"] == 2.0
	})
	if got := people["user"].get("/health"); got.status != http.StatusOK || got.text("status") != "healthy" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// badLines are what no chat server should send.
var badLines = []string{
	"", " ", ":", "@", "@ ", "@;;;; :x", "@a=b", "@a=b :x!x@x", ":x!x@x PRIVMSG", ":x!x@x PRIVMSG #alpha", ":x!x@x PRIVMSG #alpha :", ":x!x@x PRIVMSG alpha :no hash sign",
	":x!x@x PRIVMSG #other :of a channel that nobody asked for", "PRIVMSG #alpha :from nobody", ":!@ PRIVMSG #alpha :from an empty name",
	"@tmi-sent-ts=notanumber;id= :x!x@x PRIVMSG #alpha :\x00\x01\x02", "@emotes=25:9-2 :x!x@x PRIVMSG #alpha :ends before it begins", "@emotes=25:0-99999999 :x!x@x PRIVMSG #alpha :ends behind the text",
	"@emotes=:::///,,,-- :x!x@x PRIVMSG #alpha :no emotes", "@emotes=25:-1-4 :x!x@x PRIVMSG #alpha :negative", "@badges=/// :x!x@x PRIVMSG #alpha :no badges",
	"CLEARCHAT", ":tmi.twitch.tv CLEARCHAT #alpha :\xff\xfe", "@target-msg-id= :tmi.twitch.tv CLEARMSG #alpha :", ":tmi.twitch.tv USERNOTICE #alpha", "@msg-id= :tmi.twitch.tv USERNOTICE #alpha :",
	"@msg-param-viewerCount=99999999999999999999;msg-id=raid :tmi.twitch.tv USERNOTICE #alpha", ":tmi.twitch.tv NOTICE", ":tmi.twitch.tv 999 x :unknown number", "PING", "PONG :too many :colons ::",
	"@" + strings.Repeat("a=b;", 3000) + " :x!x@x PRIVMSG #alpha :many tags", "NONSENSE " + strings.Repeat("x", 20_000), "\xff\xfe\xfd", "GET / HTTP/1.1", "{\"json\":true}",
}

// TestBadLines puts lines that are none between two messages: both arrive.
func TestBadLines(t *testing.T) {
	s := start(t, "", nil)
	user := s.newUser(bearers, "nora@example.org")
	user.post("/api/twitch/connect", object{"url": "alpha"}).ok(nil)
	s.say("alpha", "before")
	var counted float64
	s.eventually("the first message is counted", func() bool {
		counts, _ := user.get("/api/channels/alpha").object()["counts"].(object)
		counted, _ = counts["total"].(float64)
		return counted == 1
	})
	for _, line := range badLines {
		if err := s.sim.Raw("alpha", line); err != nil {
			t.Fatalf("%.40q: %v", line, err)
		}
		s.say("alpha", "still here") // the link is up, or it is mended
	}
	s.say("alpha", "after that nothing")
	s.eventually("the last message is shown", func() bool {
		list := user.get("/api/channels/alpha/messages?limit=100")
		return list.status == http.StatusOK && strings.Contains(string(list.body), "after that nothing")
	})
	shown := string(user.get("/api/channels/alpha/messages?limit=200").body)
	if n := strings.Count(shown, "still here"); n != len(badLines) {
		t.Errorf("%d of %d messages between the bad lines arrived", n, len(badLines))
	}
	if strings.Contains(shown, "nobody asked for") {
		t.Error("a message of another channel is shown")
	}
}

// badFrames are what a client of the socket should not send. closes says that
// the server ends the connection, with that code; 0 that it answers or ignores it.
var badFrames = []struct {
	op     ws.OpCode
	data   string
	closes ws.StatusCode
}{
	{ws.OpText, "", 0},
	{ws.OpText, "no JSON", 0},
	{ws.OpText, "{", 0},
	{ws.OpText, "[]", 0},
	{ws.OpText, "null", 0},
	{ws.OpText, `{"type":5}`, 0},
	{ws.OpText, `{"type":"nonsense"}`, 0},
	{ws.OpText, `{"type":"auth"}`, 4401},
	{ws.OpText, `{"type":"auth","token":"garbage"}`, 4401},
	{ws.OpText, `{"type":"explain"}`, 0},
	{ws.OpText, `{"type":"explain","id":{"$ne":1}}`, 0},
	{ws.OpText, `{"type":"ping","data":"` + strings.Repeat("x", 1000) + `"}`, 0},
	{ws.OpText, "\xff\xfe", ws.StatusInvalidFramePayloadData},
	{ws.OpBinary, "\x00\x01", ws.StatusUnsupportedData},
	{ws.OpText, strings.Repeat("x", 1<<20), ws.StatusMessageTooBig},
}

// TestBadFrames sends a socket what it cannot mean, in both dialects: a message
// that follows arrives, or the connection ends with the code that says why.
func TestBadFrames(t *testing.T) {
	s := start(t, "", nil)
	user := s.newUser(bearers, "nora@example.org")
	user.post("/api/twitch/connect", object{"url": "alpha"}).ok(nil)
	s.say("alpha", "first")
	for _, protocol := range []string{"", "chatmood.v1"} {
		for i, f := range badFrames {
			t.Run(fmt.Sprintf("%s %d %.30q", protocol, i, f.data), func(t *testing.T) {
				dialer := ws.Dialer{Header: ws.HandshakeHeaderHTTP{"Authorization": {"Bearer " + user.bearer}}}
				if protocol != "" {
					dialer.Protocols = []string{protocol}
				}
				conn, buffered, _, err := dialer.Dial(t.Context(), "ws"+strings.TrimPrefix(s.url, "http")+"/ws/chat/alpha")
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
					t.Fatal(err)
				}
				if err := wsutil.WriteClientMessage(conn, f.op, []byte(f.data)); err != nil {
					t.Fatal(err)
				}
				word := fmt.Sprintf("word%s%d", strings.ReplaceAll(protocol, ".", ""), i)
				s.say("alpha", word)
				var from io.Reader = conn
				if buffered != nil {
					from = buffered
				}
				rw := struct {
					io.Reader
					io.Writer
				}{from, conn}
				for {
					data, _, err := wsutil.ReadServerData(rw)
					var closed wsutil.ClosedError
					switch {
					case errors.As(err, &closed):
						if closed.Code != f.closes {
							t.Errorf("closed with %d (%s), want %d", closed.Code, closed.Reason, f.closes)
						}
						return
					case err != nil:
						t.Fatalf("neither an answer nor a close: %v", err)
					case f.closes == 0 && strings.Contains(string(data), word): // before the end it may come as well
						return
					}
				}
			})
		}
	}
	if got := user.get("/health"); got.status != http.StatusOK || got.text("status") != "healthy" {
		t.Errorf("%d %s", got.status, got.body)
	}
}
