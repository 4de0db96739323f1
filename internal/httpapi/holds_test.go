package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/httpapi"
)

// holders write down who holds what; what holds do is tested with themselves.
type holders struct {
	httpapi.Holds
	mu   sync.Mutex
	held map[string][]string // by channel
	err  error
}

func (h *holders) Connect(_ context.Context, channel, holder string) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return false, h.err
	}
	if !slices.Contains(h.held[channel], holder) {
		h.held[channel] = append(h.held[channel], holder)
	}
	return len(h.held[channel]) == 1, nil
}

func (h *holders) Leave(_ context.Context, channel, holder string, discard bool) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return false, h.err
	}
	i := slices.Index(h.held[channel], holder)
	if i < 0 {
		return false, nil
	}
	h.held[channel] = slices.Delete(h.held[channel], i, i+1)
	if discard {
		h.held["discarded"] = append(h.held["discarded"], holder)
	}
	return true, nil
}

func (h *holders) on(channel string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.held[channel])
}

func TestHolders(t *testing.T) {
	h := &holders{held: map[string][]string{}}
	s := keep(t, func(cfg *httpapi.Config) { cfg.Holds, cfg.Guests = h, httpapi.GuestsAnalyse })
	ann, err := s.people.Authenticate(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	const connect, leave = `{"url":"twitch.tv/Alpha"}`, `{"channel":"ALPHA"}`
	browser := []string{"Origin: " + s.URL, "Sec-Fetch-Site: same-origin"}
	for _, path := range []string{"connect", "connect-guest"} { // who is signed in is no guest
		if got := s.as(t, "ann", "POST", "/api/twitch/"+path, connect, browser...); got.status != 200 || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %v %s", path, got.status, got.header, got.body)
		}
	}
	if got := h.on("alpha"); !slices.Equal(got, []string{ann.UserID}) {
		t.Errorf("held by %v", got)
	}

	// A browser is known by a cookie that pages cannot read.
	got := s.as(t, "", "POST", "/api/twitch/connect-guest", connect, browser...)
	cookie := got.header.Get("Set-Cookie")
	name, _, _ := strings.Cut(cookie, ";")
	if !strings.HasPrefix(cookie, "chatmood_guest=") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || len(name) < 30 {
		t.Errorf("the cookie is %q", cookie)
	}
	secret := strings.TrimPrefix(name, "chatmood_guest=")
	if got := h.on("alpha"); len(got) != 2 || got[1] != analysis.GuestHolder(secret) || !analysis.IsGuest(got[1]) || analysis.IsGuest(got[0]) {
		t.Errorf("held by %v", got)
	}
	s.as(t, "", "POST", "/api/twitch/connect-guest", connect, append(browser, "Cookie: "+name)...)
	if got := h.on("alpha"); len(got) != 2 {
		t.Errorf("the same browser again: %v", got)
	}
	for _, bad := range []string{"x", strings.Repeat("x", 26) + "y", strings.Repeat("%", 26)} {
		if got := s.as(t, "", "POST", "/api/twitch/connect-guest", `{"url":"gamma"}`, append(browser, "Cookie: chatmood_guest="+bad)...); strings.HasPrefix(got.header.Get("Set-Cookie"), "chatmood_guest="+bad+";") {
			t.Errorf("the cookie %q is taken", bad)
		}
	}
	// A program without cookies is known by its address.
	for range 2 {
		if got := s.as(t, "", "POST", "/api/twitch/connect-guest", connect); got.status != 200 || got.header.Get("Set-Cookie") != "" {
			t.Errorf("a program: %d %v", got.status, got.header)
		}
	}
	if got := h.on("alpha"); len(got) != 3 {
		t.Errorf("held by %v", got)
	}
	message := func(want string, who, path, body string, headers ...string) {
		t.Helper()
		if got := s.as(t, who, "POST", "/api/twitch/"+path, body, headers...); got.status != 200 || got.object(t)["message"] != want {
			t.Errorf("%s of %q: %d %s, want %q", path, who, got.status, got.body, want)
		}
	}
	message("Already disconnected", "bob", "disconnect", leave)
	message("Already disconnected", "", "disconnect-guest", leave, browser...)
	message("Disconnected from alpha's chat", "", "disconnect-guest", leave)
	message("Already disconnected", "", "disconnect-guest", leave)
	message("Disconnected from alpha's chat", "", "disconnect-guest", leave, append(browser, "Cookie: "+name)...)
	message("Disconnected from alpha's chat", "ann", "disconnect", `{"channel":"alpha","discard":true}`)
	message("Already disconnected", "ann", "disconnect", leave)
	message("Already disconnected", "ann", "disconnect", `{"channel":"no such name!"}`)
	if got := h.on("discarded"); !slices.Equal(got, []string{ann.UserID}) {
		t.Errorf("discarded by %v", got)
	}

	for _, test := range []struct {
		err            error
		connect, leave int
		text           string
	}{
		{httpapi.ErrTooManyHeld, 403, 200, "You have as many channels analysed as one may at once"},
		{fmt.Errorf("starting: %w", httpapi.ErrTooMany), 429, 200, "Too many channels are being analysed at once"},
		{httpapi.ErrUnavailable, 503, 503, "starting or stopping"},
		{fmt.Errorf("holding: %w", errAway), 503, 503, "The database cannot be reached"},
		{errBroken, 500, 200, "Failed to connect to Twitch chat"},
	} {
		h.mu.Lock()
		h.err = test.err
		h.mu.Unlock()
		s.pass(time.Minute)
		got := s.as(t, "ann", "POST", "/api/twitch/connect", connect)
		got.wantProblem(t, test.connect, test.text)
		if (test.connect == 503 || test.connect == 429) && got.header.Get("Retry-After") == "" {
			t.Errorf("%v: there is no Retry-After", test.err)
		}
		got = s.as(t, "ann", "POST", "/api/twitch/disconnect", leave)
		if test.leave == 503 {
			text := test.text
			if errors.Is(test.err, httpapi.ErrUnavailable) {
				text = "cannot be ended just now"
			}
			got.wantProblem(t, 503, text)
		} else if got.status != 200 || got.object(t)["message"] != "Attempted to disconnect from chat" {
			t.Errorf("leaving: %d %s", got.status, got.body)
		}
	}
}

func TestGuestsMayNot(t *testing.T) {
	for guests, want := range map[httpapi.Guests]int{httpapi.GuestsNone: 401, httpapi.GuestsWatch: 401, httpapi.GuestsAnalyse: 200} {
		h := &holders{held: map[string][]string{}}
		s := keep(t, func(cfg *httpapi.Config) { cfg.Holds, cfg.Guests = h, guests })
		for _, path := range []string{"connect", "connect-guest"} {
			got := s.as(t, "", "POST", "/api/twitch/"+path, `{"url":"alpha"}`)
			if got.status != want {
				t.Errorf("%s: %s of a guest: %d, want %d", guests, path, got.status, want)
			}
		}
		for _, path := range []string{"disconnect", "disconnect-guest"} {
			if got := s.as(t, "", "POST", "/api/twitch/"+path, `{"channel":"alpha"}`); got.status != want {
				t.Errorf("%s: %s of a guest: %d, want %d", guests, path, got.status, want)
			}
		}
		if (len(h.on("alpha")) > 0) && want != 200 {
			t.Errorf("%s: held by %v", guests, h.on("alpha"))
		}
	}
}
