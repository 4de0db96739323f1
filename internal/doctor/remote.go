package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// Target is a running server that is examined from outside.
type Target struct {
	URL *url.URL // http or https, without a path
	// Origin is where its pages come from; empty: the target itself.
	Origin string
	// Version is that of this program, to compare.
	Version string
	// Token is an access token for what needs to be signed in; empty: that is
	// skipped.
	Token string
}

const (
	groupServer = "The server from outside"
	maxAnswer   = 1 << 20
	// maxSkew is how far clocks may be apart before tokens suffer.
	maxSkew = 30 * time.Second
)

// Remote are the checks of a target.
func Remote(t Target) []Check {
	if t.Origin == "" {
		t.Origin = t.URL.Scheme + "://" + t.URL.Host
	}
	c := &remote{Target: t, http: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	return []Check{
		{Name: "reachable", Group: groupServer, Why: "Nobody gets to a server that does not answer.", Run: c.reachable},
		{Name: "encryption", Group: groupServer, Why: "Without https passwords and tokens can be read on the way, and browsers refuse wss from such pages.", Run: c.encryption},
		{Name: "health", Group: groupServer, Why: "What is down or degraded loses data or delays it.", Run: c.health},
		{Name: "clock", Group: groupServer, Why: "Tokens and one-time codes are good for minutes: clocks that disagree make them expire too early or too late.", Run: c.clock},
		{Name: "version", Group: groupServer, Why: "What this program checks may be other than what the server does.", Run: c.version},
		{Name: "environment", Group: groupServer, Why: "A development server lets guests in and shows codes in its log.", Run: c.environment},
		{Name: "front-end", Group: groupServer, Why: "People need the page.", Run: c.frontEnd},
		{Name: "cross-origin", Group: groupServer, Why: "A page from another address than FRONTEND_URL is refused by browsers; a wrong one here lets other sites act in a user's name.", Run: c.crossOrigin},
		{Name: "WebSocket", Group: groupServer, Why: "Live chat comes over it; without it pages fall back to event streams.", Run: c.webSocket},
		{Name: "WebSocket origin", Group: groupServer, Why: "Pages of other sites must not listen with a visitor's cookies.", Run: c.webSocketOrigin},
		{Name: "event stream", Group: groupServer, Why: "It is the way out where WebSockets are blocked; a proxy that buffers it makes it useless.", Run: c.eventStream},
		{Name: "metrics", Group: groupServer, Why: "Figures about the inside are nobody else's business.", Run: c.metrics},
		{Name: "sign-in", Group: groupServer, Why: "Everything that is somebody's own needs it.", Run: c.signIn},
	}
}

type remote struct {
	Target
	http *http.Client
	skew *time.Duration // by the Date of the first answer
	down bool           // it cannot be reached: the other checks say nothing new
}

const unreachable = "the server could not be reached"

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
	ours   bool // chatmood answered, not something in front of it
}

func (a *answer) json(into any) bool { return json.Unmarshal(a.body, into) == nil }

func (c *remote) ask(ctx context.Context, method, path string, header http.Header) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.URL.String(), "/")+path, nil)
	if err != nil {
		return nil, err
	}
	if header != nil {
		req.Header = header
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	return &answer{res.StatusCode, res.Header, body, res.Header.Get("X-Request-Id") != ""}, nil
}

func (c *remote) get(ctx context.Context, path string) (*answer, error) {
	return c.ask(ctx, http.MethodGet, path, nil)
}

func (c *remote) failure(err error) (Status, string, string) {
	seen, mend := explainNetwork(err, c.URL.Host)
	return Failed, seen, mend
}

func (c *remote) reachable(ctx context.Context) (Status, string, string) {
	began := time.Now()
	a, err := c.get(ctx, "/health/live")
	if err != nil {
		c.down = true
		return c.failure(err)
	}
	if at, err := http.ParseTime(a.header.Get("Date")); err == nil {
		skew := at.Sub(began).Truncate(time.Second)
		c.skew = &skew
	}
	switch {
	case a.status == http.StatusOK && a.ours:
		return OK, fmt.Sprintf("%s answers in %v", c.URL.Host, time.Since(began).Round(time.Millisecond)), ""
	case a.status >= 300 && a.status < 400:
		c.down = true
		return Failed, "it leads on to " + a.header.Get("Location"), "give that address as the target"
	case a.status == http.StatusBadGateway || a.status == http.StatusGatewayTimeout || a.status == http.StatusServiceUnavailable:
		c.down = true
		return Failed, fmt.Sprintf("a proxy answers %d: chatmood behind it does not", a.status), "start chatmood, and check the address that the proxy passes requests to"
	}
	c.down = true
	return Failed, fmt.Sprintf("something else answers there, with %d", a.status), "check address and port, and what the proxy passes on"
}

func (c *remote) encryption(ctx context.Context) (Status, string, string) {
	if c.URL.Scheme != "https" {
		switch host := c.URL.Hostname(); host {
		case "localhost", "127.0.0.1", "::1":
			return Skipped, "plain http, on this machine", ""
		}
		return Failed, "the address begins with http://", "put a proxy with certificates in front (deploy/caddy/Caddyfile) and use https://"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, c.URL.String(), nil)
	if err != nil {
		return Failed, oneLine(err), "check the address"
	}
	res, err := c.http.Do(req)
	if err != nil {
		return c.failure(err)
	}
	res.Body.Close()
	if res.TLS == nil || len(res.TLS.PeerCertificates) == 0 {
		return Failed, "there is no certificate", "check the proxy"
	}
	left := time.Until(res.TLS.PeerCertificates[0].NotAfter)
	days := int(left.Hours() / 24)
	if left < 14*24*time.Hour {
		return Warning, fmt.Sprintf("the certificate expires in %d days", days), "renew it, and see why that does not happen by itself"
	}
	if res.Header.Get("Strict-Transport-Security") == "" {
		return Warning, fmt.Sprintf("the certificate is good for %d days, but browsers are not told to come by https always", days),
			"name the proxy in TRUSTED_PROXIES and let it set X-Forwarded-Proto"
	}
	return OK, fmt.Sprintf("https; the certificate is good for %d days", days), ""
}

func (c *remote) health(ctx context.Context) (Status, string, string) {
	if c.down {
		return Skipped, unreachable, ""
	}
	a, err := c.get(ctx, "/health")
	if err != nil {
		return c.failure(err)
	}
	var h struct {
		Status string
		Checks map[string]struct {
			Status, Detail string
		}
	}
	if !a.json(&h) || h.Status == "" {
		return Failed, fmt.Sprintf("/health answers %d with something else", a.status), "check what the proxy passes on"
	}
	var bad []string
	for name, check := range h.Checks {
		if check.Status != "up" {
			bad = append(bad, name+": "+check.Detail)
		}
	}
	switch {
	case h.Status == "healthy" && len(bad) == 0:
		return OK, fmt.Sprintf("healthy, %d parts are up", len(h.Checks)), ""
	case h.Status == "unhealthy":
		return Failed, "unhealthy: " + strings.Join(bad, "; "), "see the server's log; run chatmood doctor on its machine"
	}
	return Warning, h.Status + ": " + strings.Join(bad, "; "), "see the server's log; run chatmood doctor on its machine"
}

func (c *remote) clock(context.Context) (Status, string, string) {
	switch {
	case c.down:
		return Skipped, unreachable, ""
	case c.skew == nil:
		return Skipped, "the answer has no date", ""
	case c.skew.Abs() > maxSkew:
		return Failed, fmt.Sprintf("the server's clock is %v from this machine's", c.skew.Abs()), "synchronise both (timedatectl set-ntp true)"
	}
	return OK, "the clocks agree to the second or two", ""
}

type serverInfo struct {
	Version     string
	Environment string
}

func (c *remote) info(ctx context.Context) (serverInfo, error) {
	a, err := c.get(ctx, "/api/info")
	if err != nil {
		return serverInfo{}, err
	}
	var info serverInfo
	if !a.json(&info) || info.Version == "" {
		return serverInfo{}, fmt.Errorf("/api/info answers %d with something else", a.status)
	}
	return info, nil
}

func (c *remote) version(ctx context.Context) (Status, string, string) {
	if c.down {
		return Skipped, unreachable, ""
	}
	info, err := c.info(ctx)
	if err != nil {
		return c.failure(err)
	}
	if info.Version != c.Version {
		return Warning, fmt.Sprintf("the server is %s, this program %s", info.Version, c.Version), "examine it with the program of its own version"
	}
	return OK, info.Version, ""
}

func (c *remote) environment(ctx context.Context) (Status, string, string) {
	if c.down {
		return Skipped, unreachable, ""
	}
	info, err := c.info(ctx)
	if err != nil {
		return c.failure(err)
	}
	if info.Environment != "production" {
		return Warning, "it runs for " + info.Environment, "set ENVIRONMENT=production where others reach it"
	}
	return OK, "production", ""
}

func (c *remote) frontEnd(ctx context.Context) (Status, string, string) {
	if c.down {
		return Skipped, unreachable, ""
	}
	a, err := c.ask(ctx, http.MethodGet, "/", http.Header{"Accept": {"text/html"}})
	if err != nil {
		return c.failure(err)
	}
	text := string(a.body)
	switch {
	case a.status != http.StatusOK || !strings.Contains(a.header.Get("Content-Type"), "text/html"):
		return Failed, fmt.Sprintf("/ answers %d, %s", a.status, a.header.Get("Content-Type")), "build with make build, which puts the page into the program"
	case !strings.Contains(text, `<script`):
		return Failed, "the program was built without the page", "build with make build"
	case a.header.Get("Content-Security-Policy") == "":
		return Warning, "the page comes without its content policy: something in front takes it away", "let the proxy pass all headers on"
	}
	return OK, "the page is served with its content policy", ""
}

// elsewhere is an origin that no installation names.
const elsewhere = "https://doctor.invalid"

func (c *remote) crossOrigin(ctx context.Context) (Status, string, string) {
	if c.down {
		return Skipped, unreachable, ""
	}
	preflight := func(origin string) (*answer, error) {
		return c.ask(ctx, http.MethodOptions, "/api/login", http.Header{
			"Origin": {origin}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"content-type"},
		})
	}
	foreign, err := preflight(elsewhere)
	if err != nil {
		return c.failure(err)
	}
	if allowed := foreign.header.Get("Access-Control-Allow-Origin"); allowed == "*" || allowed == elsewhere {
		return Failed, "pages of any site may call the API", "set ENVIRONMENT=production and FRONTEND_URL to the one origin of the page; see whether the proxy adds the header"
	}
	if c.Origin == c.URL.Scheme+"://"+c.URL.Host {
		return OK, "the page is of the same origin; other sites are refused", ""
	}
	own, err := preflight(c.Origin)
	if err != nil {
		return c.failure(err)
	}
	if allowed := own.header.Get("Access-Control-Allow-Origin"); allowed != c.Origin {
		return Failed, fmt.Sprintf("pages of %s may not call the API (allowed: %q)", c.Origin, allowed), "set FRONTEND_URL=" + c.Origin + " on the server"
	}
	return OK, "pages of " + c.Origin + " may call the API, other sites not", ""
}

// probeChannel is a valid name that nobody has: Twitch names have at most 25
// characters, of which this uses all.
const probeChannel = "chatmood_doctor_probe_000"

func (c *remote) dial(ctx context.Context, origin string) (status int, ours bool, err error) {
	u := *c.URL
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	header := http.Header{"Origin": {origin}}
	if c.Token != "" {
		header.Set("Authorization", "Bearer "+c.Token)
	}
	conn, res, err := websocket.Dial(ctx, strings.TrimRight(u.String(), "/")+"/ws/chat/"+probeChannel, &websocket.DialOptions{HTTPHeader: header, HTTPClient: c.http})
	if conn != nil {
		_ = conn.CloseNow() // nothing was sent, nothing is lost
	}
	if res != nil && res.Body != nil {
		res.Body.Close()
	}
	if res == nil {
		return 0, false, err
	}
	return res.StatusCode, res.Header.Get("X-Request-Id") != "", nil
}

func (c *remote) webSocket(ctx context.Context) (Status, string, string) {
	if c.down {
		return Skipped, unreachable, ""
	}
	status, ours, err := c.dial(ctx, c.Origin)
	if err != nil && status == 0 {
		seen, mend := explainNetwork(err, c.URL.Host)
		if isTimeout(err) {
			seen, mend = "the upgrade is never answered", "a firewall or proxy drops WebSockets: let them through, or rely on event streams"
		}
		return Failed, seen, mend
	}
	switch {
	case status == http.StatusSwitchingProtocols:
		return OK, "the upgrade works from " + c.Origin, ""
	case ours && status == http.StatusUnauthorized:
		return OK, "the upgrade reaches the server, which wants a sign-in first", ""
	case ours && (status == http.StatusUpgradeRequired || status == http.StatusBadRequest):
		return Failed, "the request arrives without its upgrade: a proxy strips it", "let the proxy pass Upgrade and Connection on (deploy/nginx/chatmood.conf)"
	case ours && status == http.StatusForbidden:
		return Failed, "the server refuses the origin " + c.Origin, "set FRONTEND_URL=" + c.Origin + " on the server, and let the proxy keep Host"
	case ours && status == http.StatusNotFound:
		return OK, "the upgrade reaches the server; the channel of the probe is not analysed", ""
	case ours && status == http.StatusTooManyRequests:
		return Warning, "the server has too many sockets from here, or at all", "raise MAX_SOCKETS or MAX_SOCKETS_PER_ADDRESS; name the proxy in TRUSTED_PROXIES, or all people count as one"
	}
	return Failed, fmt.Sprintf("something in front of the server answers the upgrade with %d", status), "let the proxy pass /ws/ on, with Upgrade and Connection"
}

func (c *remote) webSocketOrigin(ctx context.Context) (Status, string, string) {
	if c.down {
		return Skipped, unreachable, ""
	}
	status, ours, err := c.dial(ctx, elsewhere)
	switch {
	case err != nil && status == 0:
		return c.failure(err)
	case status == http.StatusForbidden && ours:
		return OK, "pages of other sites are refused", ""
	case status == http.StatusSwitchingProtocols:
		return Failed, "a page of any site may open the WebSocket", "set ENVIRONMENT=production and FRONTEND_URL; see whether the proxy changes Origin or Host"
	}
	return Skipped, fmt.Sprintf("the upgrade is answered with %d", status), ""
}

func (c *remote) eventStream(ctx context.Context) (Status, string, string) {
	if c.down {
		return Skipped, unreachable, ""
	}
	ctx, cancel := context.WithCancel(ctx) // the stream does not end by itself
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(c.URL.String(), "/")+"/api/sse/status", nil)
	if err != nil {
		return Failed, oneLine(err), "check the address"
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		if isTimeout(err) {
			return Failed, "the stream's first event never comes: a proxy keeps it back", "turn the proxy's buffering off (proxy_buffering off, flush_interval -1)"
		}
		return c.failure(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusUnauthorized {
		return Skipped, "it needs a sign-in; give one with --email", ""
	}
	if kind := res.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") {
		return Failed, fmt.Sprintf("it answers %d, %s", res.StatusCode, kind), "let the proxy pass /api/sse/ on"
	}
	first := make([]byte, 5)
	if _, err := io.ReadFull(res.Body, first); err != nil {
		if isTimeout(err) || errors.Is(err, io.ErrUnexpectedEOF) {
			return Failed, "the stream's first event never comes: a proxy keeps it back", "turn the proxy's buffering off (proxy_buffering off, flush_interval -1)"
		}
		return c.failure(err)
	}
	return OK, "events come as they happen", ""
}

func (c *remote) metrics(ctx context.Context) (Status, string, string) {
	if c.down {
		return Skipped, unreachable, ""
	}
	a, err := c.get(ctx, "/metrics")
	if err != nil {
		return c.failure(err)
	}
	if a.status == http.StatusOK {
		switch c.URL.Hostname() {
		case "localhost", "127.0.0.1", "::1":
			return OK, "open on this machine", ""
		}
		return Warning, "anybody can read /metrics", "set METRICS_TOKEN, and ENVIRONMENT=production"
	}
	return OK, fmt.Sprintf("closed to strangers (%d)", a.status), ""
}

func (c *remote) signIn(ctx context.Context) (Status, string, string) {
	switch {
	case c.down:
		return Skipped, unreachable, ""
	case c.Token == "":
		return Skipped, "no sign-in was given; see --email", ""
	}
	a, err := c.ask(ctx, http.MethodGet, "/api/authenticate", http.Header{"Authorization": {"Bearer " + c.Token}})
	if err != nil {
		return c.failure(err)
	}
	if a.status != http.StatusOK {
		return Failed, fmt.Sprintf("a fresh token is refused with %d", a.status), "let the proxy pass Authorization on; do all nodes have the same SECRET_KEY?"
	}
	return OK, "a token is issued and accepted", ""
}
