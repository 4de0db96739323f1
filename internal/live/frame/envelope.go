package frame

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"chatmood/internal/analysis"
)

// Kind says how the hub treats the frame in an envelope.
type Kind uint8

// The kinds of envelopes.
const (
	// Stream frames make up the stream: they are kept for clients that resume
	// or lag, and their loss is told.
	Stream Kind = iota + 1
	// Ephemeral frames (stats) replace the one before: whoever lags gets the newest only.
	Ephemeral
	// EphemeralTop is the same for top frames, which replace only each other.
	EphemeralTop
	// End is the last frame of an analysis that a person stopped.
	End
)

// Envelope is one frame on its way from the node that analyses a channel to
// those that have viewers.
type Envelope struct {
	Kind  Kind
	Epoch uint64 // below 2^53, which JavaScript's numbers can hold; a later epoch has a higher number
	Seq   uint64 // messages published in this epoch, those of this frame included
	N     int    // messages in this frame, 0 when it is no batch
	// Payload is a frame of the batched dialect.
	Payload []byte
}

// MaxSafe bounds epochs and sequence numbers: JavaScript's numbers are exact
// up to it.
const MaxSafe uint64 = 1<<53 - 1

// envelopeVersion is the first byte of every envelope and hello body. Nodes
// that do not know a version leave it alone.
const envelopeVersion = 1

// Faults of envelopes and hello bodies.
var (
	ErrVersion   = errors.New("frame: made by another version of chatmood")
	ErrMalformed = errors.New("frame: malformed")
)

// AppendEnvelope appends e in the form that [ParseEnvelope] reads: version and
// kind in a byte each; epoch, seq and n as unsigned varints; the payload.
func AppendEnvelope(dst []byte, e Envelope) []byte {
	if dst == nil {
		dst = make([]byte, 0, 2+3*binary.MaxVarintLen64+len(e.Payload))
	}
	dst = append(dst, envelopeVersion, byte(e.Kind))
	dst = binary.AppendUvarint(dst, e.Epoch)
	dst = binary.AppendUvarint(dst, e.Seq)
	dst = binary.AppendUvarint(dst, uint64(e.N))
	return append(dst, e.Payload...)
}

// ParseEnvelope reads an envelope. The payload shares memory with data; it is
// not looked into.
func ParseEnvelope(data []byte) (Envelope, error) {
	var e Envelope
	if len(data) < 2 {
		return e, ErrMalformed
	}
	if data[0] != envelopeVersion {
		return e, ErrVersion
	}
	e.Kind = Kind(data[1])
	if e.Kind < Stream || e.Kind > End {
		return e, fmt.Errorf("%w: kind %d", ErrMalformed, e.Kind)
	}
	r := reader{rest: data[2:]}
	e.Epoch, e.Seq = r.number(MaxSafe), r.number(MaxSafe)
	e.N = int(r.number(1 << 20))
	if r.failed || uint64(e.N) > e.Seq || (e.N > 0 && e.Kind != Stream) {
		return Envelope{}, ErrMalformed
	}
	e.Payload = r.rest
	return e, nil
}

// HelloBody is what the node that analyses a channel answers to another whose
// first viewer arrived.
type HelloBody struct {
	Epoch    uint64
	Seq      uint64 // everything up to this is contained
	Snapshot analysis.Snapshot
	Timeline analysis.Timeline
	// Recent are the last messages as [AppendMessage] made them, oldest first,
	// the last one with the number Seq.
	Recent []json.RawMessage
	// Removed counts those left out of Recent since a moderator removed them.
	Removed int
}

// AppendHelloBody appends h in the form that [ParseHello] reads.
func AppendHelloBody(dst []byte, h HelloBody) []byte {
	size := 2
	for _, m := range h.Recent {
		size += len(m) + 1
	}
	recent := append(make([]byte, 0, size), '[')
	for i, m := range h.Recent {
		if i > 0 {
			recent = append(recent, ',')
		}
		recent = append(recent, m...)
	}
	recent = append(recent, ']')
	return appendHello(dst, &Hello{
		Epoch: h.Epoch, Seq: h.Seq, RecentFrom: h.Seq - min(h.Seq, uint64(len(h.Recent)+h.Removed)),
		Snapshot: appendJSON(nil, h.Snapshot), Timeline: appendJSON(nil, h.Timeline), Recent: recent,
	})
}

// Hello is a hello body as the hub reads it: its parts stay JSON.
type Hello struct {
	Epoch, Seq uint64
	// RecentFrom is the number of the last message before Recent.
	RecentFrom uint64
	Snapshot   json.RawMessage
	Timeline   json.RawMessage
	Recent     json.RawMessage // an array
}

func appendHello(dst []byte, h *Hello) []byte {
	dst = append(dst, envelopeVersion)
	dst = binary.AppendUvarint(dst, h.Epoch)
	dst = binary.AppendUvarint(dst, h.Seq)
	dst = binary.AppendUvarint(dst, h.RecentFrom)
	for _, part := range [][]byte{h.Snapshot, h.Timeline, h.Recent} {
		dst = binary.AppendUvarint(dst, uint64(len(part)))
		dst = append(dst, part...)
	}
	return dst
}

// ParseHello reads what [AppendHelloBody] made. Its parts are valid JSON on
// one line and share memory with data.
func ParseHello(data []byte) (*Hello, error) {
	if len(data) == 0 {
		return nil, ErrMalformed
	}
	if data[0] != envelopeVersion {
		return nil, ErrVersion
	}
	r := reader{rest: data[1:]}
	h := &Hello{Epoch: r.number(MaxSafe), Seq: r.number(MaxSafe), RecentFrom: r.number(MaxSafe)}
	h.Snapshot, h.Timeline, h.Recent = r.bytes(), r.bytes(), r.bytes()
	if r.failed || len(r.rest) > 0 || h.RecentFrom > h.Seq {
		return nil, ErrMalformed
	}
	for _, part := range [][]byte{h.Snapshot, h.Timeline, h.Recent} {
		if !json.Valid(part) || bytes.IndexByte(part, '\n') >= 0 || bytes.IndexByte(part, '\r') >= 0 {
			return nil, fmt.Errorf("%w: a part of the hello is no JSON on one line", ErrMalformed)
		}
	}
	return h, nil
}

// reader takes numbers and byte strings off a slice until something is wrong.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) number(limit uint64) uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > limit {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) bytes() []byte {
	n := r.number(MaxSafe)
	if n > uint64(len(r.rest)) {
		r.failed, r.rest = true, nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}
