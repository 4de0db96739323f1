package httpapi

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"chatmood/internal/account"
)

// The cookies of a signed-in browser, without their prefixes ([cookieName]).
// Pages cannot read them.
const (
	accessCookie  = "chatmood_token"   // the access token
	refreshCookie = "chatmood_refresh" // the refresh token, which changes with each use
)

// setCookies gives a browser its tokens.
func setCookies(w http.ResponseWriter, r *http.Request, t account.Tokens, now time.Time) {
	setCookie(w, r, accessCookie, t.Access, t.AccessExpires.Sub(now))
	setCookie(w, r, refreshCookie, t.Refresh, t.RefreshExpires.Sub(now))
}

// clearCookies takes a browser's tokens away.
func clearCookies(w http.ResponseWriter, r *http.Request) {
	setCookie(w, r, accessCookie, "", -1)
	setCookie(w, r, refreshCookie, "", -1)
}

// setCookie adds a cookie that lasts for life, or removes it where life is not
// positive. What was set before under the name in the same answer is replaced.
func setCookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	name = cookieName(r, name)
	c := &http.Cookie{ //nolint:gosec // Secure where the browser came by https: see secureCookies
		Name: name, Value: value, Path: cmp.Or(clientOf(r.Context()).base, "/"), MaxAge: max(int(life/time.Second), 1),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secureCookies(r),
	}
	if life <= 0 {
		c.MaxAge = -1
	}
	kept := w.Header()["Set-Cookie"][:0]
	for _, line := range w.Header()["Set-Cookie"] {
		if !strings.HasPrefix(line, name+"=") {
			kept = append(kept, line)
		}
	}
	if text := c.String(); text != "" {
		kept = append(kept, text)
	}
	w.Header()["Set-Cookie"] = kept
}

// secureCookies reports whether the browser came by https. Any proxy is believed
// that says so, trusted or not: who lies about it keeps only himself from
// signing in.
func secureCookies(r *http.Request) bool {
	return clientOf(r.Context()).https || strings.EqualFold(lastOf(r.Header.Values("X-Forwarded-Proto")), "https")
}

// cookieName is a cookie's name for a browser. By https it has a prefix, with
// which browsers take it from nobody else: not from a neighbour under the same
// domain, nor from who changes what comes by http. Below a base path it is the
// weaker one, since the stronger is for whole hosts.
func cookieName(r *http.Request, name string) string {
	switch {
	case !secureCookies(r):
		return name
	case clientOf(r.Context()).base == "":
		return "__Host-" + name
	}
	return "__Secure-" + name
}

// cookie returns the value of a cookie, "" where there is none.
func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(cookieName(r, name))
	if err != nil {
		return ""
	}
	return c.Value
}
