package live

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/gobwas/ws"

	"chatmood/internal/live/frame"
)

// upgradeTimeout bounds the writing of the answer to an upgrade.
const upgradeTimeout = 5 * time.Second

// ServeOptions say who a socket belongs to and what it may do.
type ServeOptions struct {
	Channel string // a Twitch login, lower case
	Address string // counts towards Config.MaxPerAddress; "" is not limited

	User    string    // who signed in with the request, "" nobody; counts towards Config.MaxPerUser
	Expires time.Time // of that sign-in; zero: never
	// Anonymous allows sockets of nobody. Where it is false and User is empty
	// the first frame must be an auth frame, within Config.AuthWait.
	Anonymous bool
	// Authenticate checks the token of an auth frame and tells whose it is and
	// until when it holds. It may take a few seconds. nil: auth frames are
	// passed over.
	Authenticate func(ctx context.Context, token string) (user string, expires time.Time, err error)
	// Recheck tells, every [Config.RecheckEvery], whether the user may still stay
	// who signed in with the token of the last auth frame, or "" for the request:
	// nil, [ErrSignedOut] or [ErrForbidden]; any other error says that it is not
	// known, and the user stays. nil: who is in stays in.
	Recheck func(ctx context.Context, token string) error
	// Header goes into the answer to the upgrade; cookies, for example.
	Header http.Header
}

// What [ServeOptions.Recheck] answers.
var (
	ErrSignedOut = errors.New("not signed in any more")
	ErrForbidden = errors.New("not allowed any more")
)

// ServeWS upgrades the request to a WebSocket, as docs/websocket.md describes
// it, and returns; the socket lives on in the hub. Whether the page that asks
// may do so (its Origin) is for the caller to check. The dialect is chosen by
// the subprotocols that the client offers, the place to resume by the query's
// since.
func (h *Hub) ServeWS(w http.ResponseWriter, r *http.Request, opts ServeOptions) {
	h.mu.Lock()
	full := len(h.clients) >= h.cfg.MaxSockets
	draining := h.draining
	h.mu.Unlock()
	if full || draining {
		h.stats.refused.Add(1)
		w.Header().Set("Retry-After", "5")
		text := "The server is stopping; connect again after a moment"
		if full {
			text = "The server has as many viewers as it takes; try again later"
		}
		http.Error(w, text, http.StatusServiceUnavailable)
		return
	}
	packed := offersDeflate(r.Header)
	header := opts.Header
	if packed {
		if header = header.Clone(); header == nil {
			header = http.Header{}
		}
		header.Set("Sec-WebSocket-Extensions", deflateAnswer)
	}
	upgrader := ws.HTTPUpgrader{
		Timeout:  upgradeTimeout,
		Protocol: func(p string) bool { return p == frame.Protocol },
		Header:   header,
	}
	conn, rw, hs, err := upgrader.Upgrade(r, w)
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		return // the client was told
	}
	// What came behind the request. The buffers of the HTTP server are large and
	// go with this function.
	early, _ := rw.Peek(rw.Reader.Buffered())
	early = bytes.Clone(early)
	if tcp, ok := conn.(*net.TCPConn); ok && h.cfg.SendBuffer > 0 {
		_ = tcp.SetWriteBuffer(h.cfg.SendBuffer) // the kernel's default works too
	}
	s := newSocket(h, conn, opts)
	s.plain = hs.Protocol != frame.Protocol
	s.packed = packed
	s.since = parseSince(r.URL.Query().Get("since"))
	polled := h.adopt(s)
	switch err := h.admit(s, opts.Address, opts.User); {
	case err != nil:
		h.stats.refused.Add(1)
		if polled {
			s.poll.drop(s)
		}
		if errors.Is(err, ErrTooMany) {
			h.sendAway(conn, CodeTooMany, "too many connections: close one first")
		} else {
			h.sendAway(conn, CodeRestart, "no place now; try again")
		}
	case polled:
		s.begin()
		s.proceed(s.feed(early))
	case !h.spawn(func() {
		s.begin()
		s.read(io.MultiReader(bytes.NewReader(early), conn))
	}):
		s.end()
	}
}

// sendAway closes a socket that was not let in.
func (h *Hub) sendAway(conn net.Conn, code Code, reason string) {
	ok := h.spawn(func() {
		defer conn.Close()
		stop := context.AfterFunc(h.ctx, func() { conn.Close() })
		defer stop()
		if conn.SetDeadline(time.Now().Add(h.cfg.CloseWait)) != nil {
			return
		}
		if _, err := conn.Write(closeFrame(code, reason)); err != nil {
			return
		}
		// Until the client has read it: closing with unread input would take
		// the frame back.
		_, _ = io.Copy(io.Discard, io.LimitReader(conn, maxClientFrame))
	})
	if !ok {
		conn.Close()
	}
}

// closeFrame returns a close frame as the server sends it.
func closeFrame(code Code, reason string) []byte {
	body := ws.NewCloseFrameBody(ws.StatusCode(code), reason)
	return append(appendHeader(make([]byte, 0, 2+len(body)), opClose, len(body)), body...)
}
