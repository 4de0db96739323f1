package app_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"chatmood/internal/app"
	"chatmood/internal/source"
	"chatmood/internal/twitchsim"
)

// wallClock is a clock that can be set.
type wallClock struct{ ahead atomic.Int64 }

func (c *wallClock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *wallClock) set(ahead time.Duration) {
	c.ahead.Store(int64(ahead))
}

// The clock of the machine jumps an hour forward, and back again. What must end
// ends, nobody is let in who must not, who is signed in can stay, and the
// analysis goes on.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	clock := &wallClock{}
	sim := twitch(t, twitchsim.Config{})
	dir := t.TempDir()
	env := map[string]string{"DATA_DIR": dir, "SECRET_KEY": testKey, "TRUSTED_PROXIES": "127.0.0.1/32", "GUESTS": "none", "ACCESS_TOKEN_MINUTES": "30"}
	s := serveOptions(t, sim, env, app.Options{PasswordCost: 4, Now: clock.now})
	setup, err := s.app.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	url := s.app.URL()
	admin := administrator(t, url, setup)
	admin.call(http.MethodPost, "/api/twitch/connect", object{"url": "https://www.twitch.tv/alpha"}, http.StatusOK)
	admin.eventually("the channel is live", func() bool {
		var snapshot struct{ Status struct{ State source.State } }
		admin.get("/api/channels/alpha", &snapshot)
		return snapshot.Status.State == source.Live
	})
	said := 0
	say := func(what string) {
		t.Helper()
		for range 50 {
			if _, err := sim.Say("alpha", fmt.Sprint("viewer_", said%5), fmt.Sprint("message number ", said)); err != nil {
				t.Fatal(err)
			}
			said++
		}
		admin.eventually("chat is counted "+what, func() bool { return admin.total("alpha") == said })
	}
	say("before")

	guest := visitor(t, url)
	guest.register("nora@example.org")
	oldCode := mailedCode(t, admin, dir, "nora@example.org", "")
	old := visitor(t, url).signIn(adminEmail) // another browser, whose tokens are of before
	signedOut := visitor(t, url).signIn(adminEmail)
	signedOut.call(http.MethodPost, "/api/logout", nil, http.StatusOK)
	watching := old.watch("alpha")
	expired := *old // keeps the tokens of before

	me := func(p *person) int { return p.call(http.MethodGet, "/api/authenticate", nil).status }
	refresh := func(p *person) int {
		a := p.call(http.MethodPost, "/api/refresh-token", object{"refresh_token": p.refresh})
		if a.status == http.StatusOK {
			p.take(a)
		}
		return a.status
	}
	want := func(what string, got, want int) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %d, want %d", what, got, want)
		}
	}

	clock.set(time.Hour)
	want("an access token of 30 minutes, an hour later", me(old), http.StatusUnauthorized)
	want("a session that was signed out, an hour later", me(signedOut), http.StatusUnauthorized)
	want("its refresh token", refresh(signedOut), http.StatusUnauthorized)
	want("a code of ten minutes, an hour later", guest.call(http.MethodPost, "/api/verify-otp", object{"email": "nora@example.org", "otp": oldCode}).status, http.StatusBadRequest)
	guest.call(http.MethodPost, "/api/resend-otp", object{"email": "nora@example.org"}, http.StatusOK)
	want("a refresh token of 30 days, an hour later", refresh(old), http.StatusOK)
	want("the access token that it got", me(old), http.StatusOK)
	want("the administrator's own refresh", refresh(admin), http.StatusOK)
	say("an hour later")
	newCode := mailedCode(t, admin, dir, "nora@example.org", oldCode)
	want("the code that was asked for again", guest.call(http.MethodPost, "/api/verify-otp", object{"email": "nora@example.org", "otp": newCode}).status, http.StatusOK)
	nora := visitor(t, url).signIn("nora@example.org")

	clock.set(0)
	want("a token of an hour ahead, after the clock was set back", me(nora), http.StatusOK)
	want("a refresh token of an hour ahead", refresh(nora), http.StatusOK)
	want("a refresh token that was used an hour ahead", refresh(&expired), http.StatusUnauthorized)
	// Whoever presents a token that was exchanged may have stolen it: its session ends.
	want("the session whose refresh token came twice", me(old), http.StatusUnauthorized)
	want("a session that was signed out before", me(signedOut), http.StatusUnauthorized)
	nora.call(http.MethodPost, "/api/logout", nil, http.StatusOK)
	want("a session that was signed out after", me(nora), http.StatusUnauthorized)
	want("its refresh token", refresh(nora), http.StatusUnauthorized)
	say("after the clock was set back")
	admin.call(http.MethodPost, "/api/contact", object{"name": "N", "email": "n@example.org", "subject": "s", "message": "m"}, http.StatusOK)

	// The socket's session has ended above.
	select {
	case code := <-watching.closed:
		if code != websocket.StatusCode(4401) {
			t.Errorf("the socket of a session that ended was closed with %d", code)
		}
	case <-time.After(patience):
		t.Error("the socket of a session that ended stays open")
	}

	// Far ahead: refresh tokens have ended, too, and once the clock is right again
	// nothing has come back.
	clock.set(31 * 24 * time.Hour)
	want("a refresh token of 30 days, 31 days later", refresh(admin), http.StatusUnauthorized)
	clock.set(0)
	want("a new sign-in", me(admin.signIn(adminEmail)), http.StatusOK)
	say("at the end")
	var health struct{ Status string }
	admin.get("/health", &health)
	if health.Status != "healthy" {
		t.Errorf("health is %q", health.Status)
	}
	admin.call(http.MethodGet, "/api/channels/alpha/timeline", nil, http.StatusOK)
	admin.call(http.MethodPost, "/api/twitch/disconnect", object{"channel": "alpha"}, http.StatusOK)
}

// mailedCode waits for a code that was mailed into the folder of development,
// one that is not other.
func mailedCode(t *testing.T, p *person, dir, to, other string) (code string) {
	t.Helper()
	p.eventually("a code is mailed to "+to, func() bool {
		files, err := filepath.Glob(filepath.Join(dir, "outbox", "*.eml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil || !strings.Contains(string(data), to) {
				continue
			}
			_, text, _ := strings.Cut(string(data), "\r\n\r\n")
			if found := sixDigits.FindString(text); found != "" && found != other {
				code = found
			}
		}
		return code != ""
	})
	return code
}
