package live

import (
	"bufio"
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
	readBufferBytes = 256     // frames are small and rare; larger ones are read past the buffer
	authTimeout     = 5 * time.Second
)

// read serves the client's side of a socket until the connection ends.
func (s *socket) read(in io.Reader) {
	defer s.finish()
	if s.opts.Anonymous || s.opts.User != "" {
		s.enter()
	}
	r := bufio.NewReaderSize(in, readBufferBytes)
	code, reason := s.readFrames(r)
	if code == 0 {
		return
	}
	s.mu.Lock()
	s.deaf = true
	s.mu.Unlock()
	s.kick(code, reason)
	// Until the client has seen the close frame; see closing.
	_, _ = io.Copy(io.Discard, r)
}

// finish takes the socket out of everything.
func (s *socket) finish() {
	s.state.Store(dead)
	s.conn.Close()
	s.mu.Lock()
	ready, user := s.ready, s.user
	s.mu.Unlock()
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
	s.mu.Lock()
	s.ready = true
	s.mu.Unlock()
	s.wake()
}

// readFrames reads until the socket has to be closed with a code, or with 0
// because the connection ended.
func (s *socket) readFrames(r *bufio.Reader) (Code, string) {
	var (
		state   = ws.StateServerSide
		op      ws.OpCode // of the message that is being put together
		message []byte
		tokens  = float64(clientBurst)
		last    = time.Now()
	)
	for {
		hdr, err := ws.ReadHeader(r)
		if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
			return CodeProtocol, "the length of a frame is no length"
		}
		if err != nil {
			return 0, ""
		}
		s.heard.Store(s.hub.now.Load())
		if err := ws.CheckHeader(hdr, state); err != nil {
			return CodeProtocol, err.Error()
		}
		if !hdr.Masked {
			return CodeProtocol, "frames from clients must be masked"
		}
		if hdr.Length > maxClientFrame || hdr.Length+int64(len(message)) > maxClientFrame {
			return CodeTooLarge, "a frame may have 4 KiB"
		}
		now := time.Now()
		tokens = min(clientBurst, tokens+now.Sub(last).Seconds()*clientRate) - 1
		if last = now; tokens < 0 {
			return CodePolicy, "too many frames"
		}
		body := make([]byte, hdr.Length)
		if _, err := io.ReadFull(r, body); err != nil {
			return 0, ""
		}
		ws.Cipher(body, hdr.Mask, 0)
		switch hdr.OpCode {
		case ws.OpPing:
			s.send(opPong, body)
			continue
		case ws.OpPong:
			continue
		case ws.OpClose:
			return s.closed(body)
		case ws.OpContinuation:
			message = append(message, body...)
		default:
			op, message = hdr.OpCode, body
		}
		if !hdr.Fin {
			state = state.Set(ws.StateFragmented)
			continue
		}
		state = state.Clear(ws.StateFragmented)
		if op == ws.OpBinary {
			return CodeUnsupported, "frames must be text"
		}
		if !utf8.Valid(message) {
			return CodeInvalid, "text must be UTF-8"
		}
		s.texted.Store(s.hub.now.Load())
		if code, reason := s.message(message); code != 0 {
			return code, reason
		}
		message = nil
	}
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

// message handles one frame of the client's. A code other than 0 closes the socket.
func (s *socket) message(text []byte) (Code, string) {
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
		return s.authenticate(m.Token)
	case s.plain: // old clients send what they like
	case err == nil && m.Type == "explain":
		s.explain(m.ID)
	case err != nil:
		s.send(opText, frame.AppendError(nil, "invalid_json", "A frame must be a JSON object"))
	default:
		s.send(opText, frame.AppendError(nil, "unknown_type", `A frame's type must be "ping", "auth" or "explain"`))
	}
	return 0, ""
}

func (s *socket) authenticate(token string) (Code, string) {
	if s.opts.Authenticate == nil {
		return 0, ""
	}
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
		s.mu.Unlock()
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
