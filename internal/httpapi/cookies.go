package httpapi

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"chatmood/internal/account"
)

// The cookies of a signed-in browser. Pages cannot read them.
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

// cookie returns the value of a cookie, "" where there is none.
func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}
