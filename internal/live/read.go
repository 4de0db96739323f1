package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"chatmood/internal/live/frame"
)

// Limits of what clients send.
const (
	maxClientFrame  = 4 << 10 // bytes
	clientBurst     = 30      // frames
	clientRate      = 5       // frames a second
	readBufferBytes = 512     // of a socket that has a goroutine of its own
	authTimeout     = 5 * time.Second
)

// incoming is what has come of a client's frames. It is used by one goroutine
// at a time: whoever reads for the socket.
type incoming struct {
	rest       []byte // a frame that is not whole yet, or what came behind an auth frame
	message    []byte // fragments that are put together
	op         ws.OpCode
	fragmented bool
	packed     bool  // the message is compressed
	deaf       bool  // what still comes is not looked at
	at         int64 // when tokens was right, Unix ns
	tokens     float64
}

// next is what follows reading.
type next int

const (
	goOn next = iota // more may be read
	held             // somebody else goes on reading, later
	over             // the connection is to be ended
)

// begin follows the admission of a socket.
func (s *socket) begin() {
	if s.opts.Anonymous || s.opts.User != "" {
		s.enter()
	}
}

// read serves the client's side of a socket that no poller waits for, until the
// connection ends.
func (s *socket) read(in io.Reader) {
	defer s.end()
	buf := make([]byte, readBufferBytes)
	for {
		n, err := in.Read(buf)
		if n > 0 && s.feed(buf[:n]) == over || err != nil {
			return
		}
	}
}

// proceed does what feed said, for a socket that a poller waits for.
func (s *socket) proceed(then next) {
	switch then {
	case goOn:
		if s.poll.watch(s, readable, 0) != nil {
			s.end()
		}
	case over:
		s.end()
	}
}

// end takes the socket out of everything. It may be called more than once, and
// by anybody.
func (s *socket) end() {
	s.mu.Lock()
	before := s.ended
	s.ended = true
	ready, user := s.ready, s.user
	s.mu.Unlock()
	if before {
		return
	}
	s.state.Store(dead)
	if s.poll != nil {
		s.poll.drop(s)
	}
	s.conn.Close()
	if ready {
		s.room.remove(&s.viewer)
	}
	s.hub.leave(s, s.opts.Address, user)
}

// enter puts the socket into the room of its channel.
func (s *socket) enter() {
	if s.opts.Channel == "" {
		s.kick(CodeNoChannel, "no such channel")
		return
	}
	if err := s.hub.join(&s.viewer, s.opts.Channel); err != nil {
		if !errors.Is(err, ErrClosing) {
			s.hub.log.Warn("a room cannot be opened", "channel", s.opts.Channel, "error", err)
		}
		s.kick(CodeRestart, "not available now; try again")
		return
	}
	if s.out != nil {
		s.out.place(s, &s.room.lines[s.shard])
	}
	s.opts.Channel = s.room.name // not a part of the request, which would be kept for it
	s.mu.Lock()
	s.ready = true
	ended := s.ended
	s.mu.Unlock()
	if ended {
		s.room.remove(&s.viewer)
		return
	}
	s.wake()
}

// header reads the header of a client's frame. n is its length in bytes, 0
// where it is not whole.
func header(b []byte) (hdr ws.Header, n int, err error) {
	if len(b) < 2 {
		return hdr, 0, nil
	}
	hdr = ws.Header{Fin: b[0]&0x80 != 0, Rsv: b[0] >> 4 & 7, OpCode: ws.OpCode(b[0] & 0xF), Masked: b[1]&0x80 != 0, Length: int64(b[1] & 0x7F)}
	n = 2
	switch hdr.Length {
	case 126:
		n = 4
	case 127:
		n = maxHeader
	}
	mask := n
	if hdr.Masked {
		n += len(hdr.Mask)
	}
	if len(b) < n {
		return hdr, 0, nil
	}
	switch hdr.Length {
	case 126:
		hdr.Length = int64(binary.BigEndian.Uint16(b[2:]))
	case 127:
		if hdr.Length = int64(binary.BigEndian.Uint64(b[2:])); hdr.Length < 0 {
			return hdr, n, ws.ErrHeaderLengthMSB
		}
	}
	if hdr.Masked {
		copy(hdr.Mask[:], b[mask:])
	}
	return hdr, n, nil
}

// feed takes what the client sent, in pieces of any length. It changes data and
// keeps none of it.
func (s *socket) feed(data []byte) next {
	in := &s.in
	if in.deaf {
		return goOn
	}
	if len(in.rest) > 0 {
		data = append(in.rest, data...)
		in.rest = nil
	}
	for {
		hdr, n, err := header(data)
		if err != nil {
			return s.refuse(CodeProtocol, "the length of a frame is no length")
		}
		if n == 0 {
			break
		}
		state := ws.StateServerSide
		if in.fragmented {
			state = state.Set(ws.StateFragmented)
		}
		if s.packed {
			state = state.Set(ws.StateExtended)
		}
		if err := ws.CheckHeader(hdr, state); err != nil {
			return s.refuse(CodeProtocol, err.Error())
		}
		if hdr.Rsv != 0 && (hdr.Rsv != packed1 || hdr.OpCode.IsControl() || hdr.OpCode == ws.OpContinuation) {
			return s.refuse(CodeProtocol, ws.ErrProtocolNonZeroRsv.Error())
		}
		if !hdr.Masked {
			return s.refuse(CodeProtocol, "frames from clients must be masked")
		}
		if hdr.Length > maxClientFrame || hdr.Length+int64(len(in.message)) > maxClientFrame {
			return s.refuse(CodeTooLarge, "a frame may have 4 KiB")
		}
		if int64(len(data)-n) < hdr.Length {
			break
		}
		s.heard.Store(s.hub.now.Load())
		now := time.Now().UnixNano()
		in.tokens = min(clientBurst, in.tokens+time.Duration(now-in.at).Seconds()*clientRate) - 1
		if in.at = now; in.tokens < 0 {
			return s.refuse(CodePolicy, "too many frames")
		}
		body := data[n : n+int(hdr.Length)]
		data = data[n+int(hdr.Length):]
		ws.Cipher(body, hdr.Mask, 0)
		switch hdr.OpCode {
		case ws.OpPing:
			s.send(opPong, body)
			continue
		case ws.OpPong:
			continue
		case ws.OpClose:
			code, reason := s.closed(body)
			if code == 0 {
				return over
			}
			return s.refuse(code, reason)
		case ws.OpContinuation:
			in.message = append(in.message, body...)
			body = in.message
		default:
			in.op, in.packed = hdr.OpCode, hdr.Rsv == packed1
			if !hdr.Fin {
				in.message = bytes.Clone(body)
			}
		}
		if in.fragmented = !hdr.Fin; in.fragmented {
			continue
		}
		in.message = nil
		if in.op == ws.OpBinary {
			return s.refuse(CodeUnsupported, "frames must be text")
		}
		if in.packed {
			var err error
			if body, err = s.hub.packer.unpack(body); errors.Is(err, errInflatedTooLarge) {
				return s.refuse(CodeTooLarge, "a frame may have 4 KiB")
			} else if err != nil {
				return s.refuse(CodeInvalid, "the compressed frame cannot be read")
			}
		}
		if !utf8.Valid(body) {
			return s.refuse(CodeInvalid, "text must be UTF-8")
		}
		s.texted.Store(s.hub.now.Load())
		if token, ok := s.message(body); ok {
			if then := s.signIn(token, data); then != goOn {
				return then
			}
		}
	}
	if len(data) > 0 {
		in.rest = bytes.Clone(data)
	}
	return goOn
}

// refuse closes the socket for what the client sent, and looks at nothing more
// of it: it is read until the client has seen the close frame; see closing.
func (s *socket) refuse(code Code, reason string) next {
	s.in = incoming{deaf: true}
	s.mu.Lock()
	s.deaf = true
	s.mu.Unlock()
	s.kick(code, reason)
	return goOn
}

// signIn handles the token of an auth frame. That may take seconds, for which a
// poller does not wait: a goroutine of its own then goes on with what came
// behind the frame.
func (s *socket) signIn(token string, rest []byte) next {
	if s.opts.Authenticate == nil {
		return goOn
	}
	if s.poll == nil {
		if code, reason := s.authenticate(token); code != 0 {
			return s.refuse(code, reason)
		}
		return goOn
	}
	if s.poll.watch(s, 0, readable) != nil {
		return over
	}
	s.in.rest = bytes.Clone(rest)
	ok := s.hub.spawn(func() {
		if code, reason := s.authenticate(token); code != 0 {
			s.proceed(s.refuse(code, reason))
			return
		}
		s.proceed(s.feed(nil))
	})
	if !ok {
		return over
	}
	return held
}

// closed answers a client's close frame.
func (s *socket) closed(body []byte) (Code, string) {
	if s.state.Load() == dead {
		return 0, "" // it is the answer to ours
	}
	if len(body) == 0 {
		// Clients of the Python version take an empty answer for a fault and
		// open a new socket.
		return CodeNormal, ""
	}
	if len(body) == 1 {
		return CodeProtocol, "a close code has two bytes"
	}
	code := ws.StatusCode(binary.BigEndian.Uint16(body))
	if err := ws.CheckCloseFrameData(code, string(body[2:])); err != nil {
		return CodeProtocol, err.Error()
	}
	return Code(code), ""
}

// message handles one frame of the client's. ok is true for the token of an auth
// frame, which is left to the caller. It keeps nothing of text.
func (s *socket) message(text []byte) (token string, ok bool) {
	var m struct {
		Type  string          `json:"type"`
		T     json.RawMessage `json:"t"`
		Token string          `json:"token"`
		ID    string          `json:"id"`
	}
	err := json.Unmarshal(text, &m)
	switch {
	case err == nil && m.Type == "ping":
		now := time.Now()
		if s.plain {
			s.send(opText, frame.AppendPlainPong(nil, now))
		} else {
			s.send(opText, frame.AppendPong(nil, m.T, now))
		}
	case err == nil && m.Type == "auth":
		return m.Token, true
	case s.plain: // old clients send what they like
	case err == nil && m.Type == "explain":
		s.explain(m.ID)
	case err != nil:
		s.send(opText, frame.AppendError(nil, "invalid_json", "A frame must be a JSON object"))
	default:
		s.send(opText, frame.AppendError(nil, "unknown_type", `A frame's type must be "ping", "auth" or "explain"`))
	}
	return "", false
}

func (s *socket) authenticate(token string) (Code, string) {
	ctx, cancel := context.WithTimeout(s.hub.ctx, authTimeout)
	defer cancel()
	user, expires, err := s.opts.Authenticate(ctx, token)
	if err != nil || user == "" {
		return CodeSignIn, "the token is not valid: sign in again"
	}
	before := s.userKey()
	if before == "" {
		if s.hub.admitUser(user) != nil {
			s.hub.stats.refused.Add(1)
			return CodeTooMany, "too many connections: close one first"
		}
		s.mu.Lock()
		s.user = user
		ended := s.ended
		s.mu.Unlock()
		if ended { // meanwhile, as nobody's
			s.hub.dismissUser(user)
			return 0, ""
		}
	} else if before != user {
		return CodeForbidden, "the token is somebody else's: open a new connection"
	}
	s.setExpiry(expires)
	s.mu.Lock()
	s.token = token
	ready := s.ready
	s.mu.Unlock()
	if !ready {
		s.enter()
	}
	return 0, ""
}
