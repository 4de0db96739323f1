package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/account"
	"chatmood/internal/chat"
	"chatmood/internal/live"
	"chatmood/internal/live/frame"
)

const (
	// streamHeartbeat is the silence after which an event stream says that it
	// lives, as the old system did.
	streamHeartbeat = 30 * time.Second
	// statusEvery is the pace of the status stream.
	statusEvery = time.Minute
	// recheckEvery is how often it is asked whether the user of a stream may stay.
	recheckEvery = 2 * time.Second
	// streamWriteTimeout bounds how long a client may take for one event.
	streamWriteTimeout = 15 * time.Second
)

// describeLive documents the endpoints that are no request and answer.
func (a *API) describeLive() {
	channel := &huma.Param{Name: "channel", In: "path", Required: true, Description: "Login of a channel that is being analysed, upper or lower case", Schema: &huma.Schema{Type: huma.TypeString}, Example: "somebody"}
	doc := a.huma.OpenAPI()
	problem := func(description string) *huma.Response {
		return &huma.Response{Description: description, Content: map[string]*huma.MediaType{problemType: {}}}
	}
	events := func(description string) *huma.Response {
		return &huma.Response{Description: description, Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}}
	}
	doc.AddOperation(&huma.Operation{
		OperationID: "live-chat",
		Method:      http.MethodGet,
		Path:        "/ws/chat/{channel}",
		Summary:     "Live chat over a WebSocket",
		Description: "Without subprotocol: one frame for each message, as the old system sent them. With `chatmood.v1`: batches, statistics, deletions and gaps, resumable with `since`. The protocol is described in docs/websocket.md of the source.",
		Tags:        []string{tagLive},
		Security:    watchSecurity(),
		Parameters: []*huma.Param{channel, {
			Name: "since", In: "query", Description: "Where to go on after a lost connection: epoch and sequence of the last frame seen", Schema: &huma.Schema{Type: huma.TypeString}, Example: "1767225600123456.1042",
		}},
		Responses: map[string]*huma.Response{
			"101": {Description: "Switched to the WebSocket protocol"},
			"400": problem("Not a valid channel name"),
			"401": problem("A Bearer token that is no good. Without any sign-in the socket opens and waits for an `auth` frame, where guests may not watch"),
			"403": problem("From a page of another site, which FRONTEND_URL does not name"),
			"426": problem("Not a WebSocket request"),
		},
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "chat-events",
		Method:      http.MethodGet,
		Path:        "/api/sse/chat/{channel}",
		Summary:     "Live chat as server-sent events",
		Description: "For networks that block WebSockets. Each event is one line `data:` with JSON: first `{\"type\":\"connection\",\"status\":\"connected\",…}`, then `{\"type\":\"message\",\"data\":{…}}` for the last 100 messages and every new one, `{\"type\":\"heartbeat\",…}` after 30 s of silence, `{\"type\":\"disconnect\",…}` when somebody stopped the analysis. Events have an `id`: a client that sends the last one as `Last-Event-ID`, as browsers do by themselves, gets what it missed and nothing twice. With `dialect=chatmood.v1` the frames are those of that WebSocket dialect.",
		Tags:        []string{tagLive},
		Security:    watchSecurity(),
		Parameters: []*huma.Param{channel, {
			Name: "dialect", In: "query", Description: "`chatmood.v1`: the frames of the batched dialect", Schema: &huma.Schema{Type: huma.TypeString, Enum: []any{frame.Protocol}}, Example: frame.Protocol,
		}, {
			Name: "since", In: "query", Description: "Where to go on, for clients that cannot send Last-Event-ID", Schema: &huma.Schema{Type: huma.TypeString}, Example: "1767225600123456.1042",
		}, {
			Name: "Last-Event-ID", In: "header", Description: "Where to go on: the id of the last event", Schema: &huma.Schema{Type: huma.TypeString}, Example: "1767225600123456.1042",
		}},
		Responses: map[string]*huma.Response{
			"200": events("Events until the client leaves or the analysis is stopped"),
			"400": problem("Not a valid channel name, or an unknown dialect"),
			"401": problem(needsAccount),
			"404": problem("The channel is not being analysed"),
			"429": problem("Too many streams"),
		},
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "status-events",
		Method:      http.MethodGet,
		Path:        "/api/sse/status",
		Summary:     "That the server lives, as server-sent events",
		Description: "`{\"type\":\"status\",\"status\":\"connected\",…}`, then `\"alive\"` at once and every 60 s.",
		Tags:        []string{tagLive},
		Security:    watchSecurity(),
		Responses: map[string]*huma.Response{
			"200": events("Events until the client leaves"),
			"401": problem(needsAccount),
			"429": problem("Too many streams"),
		},
	})
}

// serveWS checks who asks and hands the socket to the hub.
func (a *API) serveWS(w http.ResponseWriter, r *http.Request) {
	channel, ok := chat.CleanChannel(r.PathValue("channel"))
	if !ok {
		writeProblem(w, r, newProblem(http.StatusBadRequest, "Invalid channel name: "+excerpt(r.PathValue("channel"))))
		return
	}
	// Browsers let any page open a socket to any server: only the server can
	// tell the pages apart. Programs send no Origin.
	if origin := r.Header.Get("Origin"); origin != "" && !same(origin, r) && !a.origins.allowed(origin) {
		writeProblem(w, r, newProblem(http.StatusForbidden, "This connection comes from a page of another site, which FRONTEND_URL does not name"))
		return
	}
	if a.cfg.Accounts == nil && !a.cfg.guestsWatch() { // nobody could sign in on it
		writeProblem(w, r, newProblem(http.StatusUnauthorized, needsAccount))
		return
	}
	if !isUpgrade(r) {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		detail := "This is a WebSocket: connect with ws:// or wss://"
		if r.Header.Get("Sec-Websocket-Key") != "" {
			detail = "The request came without its upgrade: a proxy in between must pass the headers Upgrade and Connection on"
		}
		writeProblem(w, r, newProblem(http.StatusUpgradeRequired, detail))
		return
	}
	opts := live.ServeOptions{Channel: channel, Address: limitAddress(r.Context()), Anonymous: a.cfg.guestsWatch()}
	if err := a.signSocket(r, &opts); err != nil {
		writeError(w, r, err)
		return
	}
	// The answer to the upgrade is the hub's: it takes a renewed sign-in along.
	if lines := w.Header()["Set-Cookie"]; len(lines) > 0 {
		opts.Header = http.Header{"Set-Cookie": lines}
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // the hub sets its own
	a.cfg.Hub.ServeWS(w, r, opts)
}

// signSocket finds out whose socket it is. Without a sign-in the hub waits for
// one in the first frame, or lets guests in.
func (a *API) signSocket(r *http.Request, opts *live.ServeOptions) error {
	if a.cfg.Accounts == nil {
		return nil
	}
	who := accessOf(r.Context())
	id, err := who.identify()
	if err != nil && (who.bearer || !isAccountError(err)) {
		return a.accountError(err)
	}
	if id != nil {
		opts.User = id.UserID
		if who.bearer {
			opts.Expires = id.Expires
		} // A browser stays signed in beyond the token, by the cookie beside it.
	}
	opts.Authenticate = func(ctx context.Context, token string) (string, time.Time, error) {
		id, err := a.cfg.Accounts.Authenticate(ctx, token)
		return id.UserID, id.Expires, err
	}
	first := id
	opts.Recheck = func(ctx context.Context, token string) error {
		if token == "" {
			if first == nil {
				return nil
			}
			return a.mayStay(ctx, *first)
		}
		_, err := a.cfg.Accounts.Authenticate(ctx, token)
		return staying(err)
	}
	return nil
}

// mayStay asks whether somebody who was let in may still stay; see
// [live.ServeOptions.Recheck].
func (a *API) mayStay(ctx context.Context, id account.Identity) error {
	_, err := a.cfg.Accounts.Recheck(ctx, id)
	return staying(err)
}

func staying(err error) error {
	var e *account.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &e):
		return err
	case e.Kind == account.KindForbidden:
		return live.ErrForbidden
	}
	return live.ErrSignedOut
}

// isUpgrade reports whether a request asks for a WebSocket (RFC 6455, 4.2.1).
func isUpgrade(r *http.Request) bool {
	return r.Header.Get("Sec-Websocket-Key") != "" && strings.EqualFold(r.Header.Get("Upgrade"), "websocket") &&
		slices.ContainsFunc(r.Header.Values("Connection"), func(line string) bool {
			return slices.ContainsFunc(strings.Split(line, ","), func(token string) bool {
				return strings.EqualFold(strings.TrimSpace(token), "upgrade")
			})
		})
}

// serveChatEvents streams a channel's chat as events.
func (a *API) serveChatEvents(w http.ResponseWriter, r *http.Request) {
	channel, ok := chat.CleanChannel(r.PathValue("channel"))
	if !ok {
		writeProblem(w, r, newProblem(http.StatusBadRequest, "Invalid channel name: "+excerpt(r.PathValue("channel"))))
		return
	}
	dialect := r.URL.Query().Get("dialect")
	if dialect != "" && dialect != frame.Protocol {
		writeProblem(w, r, newProblem(http.StatusBadRequest, "Unknown dialect: "+excerpt(dialect)+". Leave it out, or ask for "+frame.Protocol))
		return
	}
	events, release := a.openEvents(w, r, func() error {
		_, running, err := a.cfg.Channels.Snapshot(channel, 0)
		if errors.Is(err, ErrUnavailable) {
			return err
		}
		return unread(channel, running, err)
	})
	if events == nil {
		return
	}
	defer release()
	ctx, cancel := a.streamContext(r)
	defer cancel()
	opts := live.StreamOptions{ // by address they are bounded here
		Channel: channel, Batched: dialect == frame.Protocol,
		// Browsers send the header by themselves when they connect again.
		Since: cmp.Or(r.Header.Get("Last-Event-Id"), r.URL.Query().Get("since")),
	}
	if id, ok := identityOf(r.Context()); ok {
		opts.User = id.UserID
	}
	if events.sendJSON(a.statusEvent("connection", "connected", channel)) != nil {
		return
	}
	// The hub pushes, and silence is to be filled: so it pushes into a channel
	// that this handler reads. Nothing is queued in between: a slow client is
	// the hub's to judge.
	frames := make(chan event)
	ended := make(chan error, 1)
	go func() {
		defer close(frames)
		ended <- a.cfg.Hub.Stream(ctx, opts, func(data []byte, id string) error {
			select {
			case frames <- event{bytes.Clone(data), id}: // the hub uses its memory again
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	a.relay(frames, events, a.stillSignedIn(r), cancel)
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		a.log.DebugContext(r.Context(), "event stream ended", "channel", channel, "error", err, "request_id", requestID(r.Context()))
	}
}

// relay writes frames until there are no more, and heartbeats in between. When
// the client is gone it cancels and takes what is left.
func (a *API) relay(frames <-chan event, events *eventWriter, stays func() error, cancel context.CancelFunc) {
	silence := time.NewTicker(streamHeartbeat)
	defer silence.Stop()
	recheck := time.NewTicker(recheckEvery)
	defer recheck.Stop()
	for {
		var err error
		select {
		case frame, ok := <-frames:
			if !ok {
				return
			}
			err = events.send(frame.data, frame.id)
			silence.Reset(streamHeartbeat)
		case <-silence.C:
			err = events.sendJSON(a.statusEvent("heartbeat", "", ""))
		case <-recheck.C:
			err = stays()
		}
		if err != nil {
			cancel()
			for range frames { // until the hub notices
			}
			return
		}
	}
}

// serveStatusEvents streams that the server lives.
func (a *API) serveStatusEvents(w http.ResponseWriter, r *http.Request) {
	events, release := a.openEvents(w, r, func() error { return nil })
	if events == nil {
		return
	}
	defer release()
	ctx, cancel := a.streamContext(r)
	defer cancel()
	if events.sendJSON(a.statusEvent("status", "connected", "")) != nil {
		return
	}
	stays := a.stillSignedIn(r)
	tick := time.NewTicker(statusEvery)
	defer tick.Stop()
	recheck := time.NewTicker(recheckEvery)
	defer recheck.Stop()
	for err := events.sendJSON(a.statusEvent("status", "alive", "")); err == nil; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			err = events.sendJSON(a.statusEvent("status", "alive", ""))
		case <-recheck.C:
			err = stays()
		}
	}
}

// stillSignedIn returns what tells whether the one who opened a stream may still
// stay: an error when not. It is not called before the stream is open.
func (a *API) stillSignedIn(r *http.Request) func() error {
	id, ok := identityOf(r.Context())
	if !ok {
		return func() error { return nil }
	}
	bearer := accessOf(r.Context()).bearer
	return func() error {
		if bearer && !a.cfg.Now().Before(id.Expires) {
			return live.ErrSignedOut
		}
		ctx, cancel := context.WithTimeout(r.Context(), recheckEvery)
		defer cancel()
		err := a.mayStay(ctx, id)
		if errors.Is(err, live.ErrSignedOut) || errors.Is(err, live.ErrForbidden) {
			return err
		}
		return nil // or it cannot be asked just now
	}
}

// event is a frame on its way to a client. With the id a later stream goes on
// behind it.
type event struct {
	data []byte
	id   string
}

// streamEvent is an event of our own making; messages come from the hub.
type streamEvent struct {
	Type      string    `json:"type"`
	Status    string    `json:"status,omitempty"`
	Channel   string    `json:"channel,omitempty"`
	Timestamp time.Time `json:"timestamp"`
}

func (a *API) statusEvent(kind, status, channel string) streamEvent {
	return streamEvent{Type: kind, Status: status, Channel: channel, Timestamp: a.cfg.Now().UTC().Truncate(time.Millisecond)}
}

// streamContext ends with the request or with the API.
func (a *API) streamContext(r *http.Request) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(a.stopping, cancel)
	return ctx, func() { stop(); cancel() }
}

// openEvents begins an event stream, or answers why not and returns nil.
func (a *API) openEvents(w http.ResponseWriter, r *http.Request, check func() error) (*eventWriter, func()) {
	if err := a.admit(r.Context(), needsWatching); err != nil {
		writeError(w, r, err)
		return nil, nil
	}
	err := a.stopping.Err()
	if err == nil {
		err = check()
	}
	if errors.Is(err, ErrUnavailable) || errors.Is(err, context.Canceled) {
		// Any answer but 200 ends a browser's EventSource for ever. This one lets it
		// come again, when a balancer, a restart or a new owner has chat for it.
		h := w.Header()
		h.Set("Content-Type", "text/event-stream; charset=utf-8")
		h.Set("Cache-Control", "no-cache")
		_, _ = io.WriteString(w, "retry: 1000\n\n") // a client that is gone needs no answer
		return nil, nil
	}
	if err != nil {
		writeError(w, r, err)
		return nil, nil
	}
	release, ok := a.streams.take(clientAddr(r.Context()))
	if !ok {
		w.Header().Set("Retry-After", "30")
		writeProblem(w, r, newProblem(http.StatusTooManyRequests, "Too many event streams are open: close one, or use the WebSocket"))
		return nil, nil
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would hold events back
	w.WriteHeader(http.StatusOK)
	return &eventWriter{w: w, control: http.NewResponseController(w)}, release
}

// eventWriter writes events and sends each at once.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	buf     []byte
}

// send writes one event. The JSON holds no line break: encoders escape them.
// send writes an event; an empty id is left out, so that the client keeps the
// last one that it got.
func (e *eventWriter) send(data []byte, id string) error {
	e.buf = e.buf[:0]
	if id != "" {
		e.buf = append(append(append(e.buf, "id: "...), id...), '\n')
	}
	e.buf = append(e.buf, "data: "...)
	e.buf = append(e.buf, data...)
	e.buf = append(e.buf, "\n\n"...)
	_ = e.control.SetWriteDeadline(time.Now().Add(streamWriteTimeout)) // a writer without deadlines has no connection to hang
	if _, err := e.w.Write(e.buf); err != nil {                        // #nosec G705 -- JSON in text/event-stream, which no browser takes for HTML
		return err
	}
	return e.control.Flush()
}

func (e *eventWriter) sendJSON(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return e.send(data, "")
}
