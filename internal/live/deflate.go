package live

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Frames may be compressed (permessage-deflate, RFC 7692). Neither side keeps a
// context from frame to frame: so a batch is compressed once for everybody, and
// a socket needs no memory for it.

const (
	deflateExtension = "permessage-deflate"
	deflateAnswer    = deflateExtension + "; server_no_context_takeover; client_no_context_takeover"

	opPacked = 0x40 | opText // a text frame that is compressed
	packed1  = 0x4           // ws.Header.Rsv of one

	// What it takes for compressing to pay: viewers who read it, and bytes.
	packViewers = 4
	packBytes   = 512
)

// offersDeflate reports whether a client offers permessage-deflate with no
// parameters but those that suit [deflateAnswer].
func offersDeflate(header http.Header) bool {
	for _, line := range header.Values("Sec-Websocket-Extensions") {
		for offer := range strings.SplitSeq(line, ",") {
			params := strings.Split(offer, ";")
			for i, p := range params {
				name, _, _ := strings.Cut(p, "=")
				params[i] = strings.TrimSpace(name)
			}
			if params[0] != deflateExtension {
				continue
			}
			params = params[1:]
			suits := !slices.ContainsFunc(params, func(p string) bool {
				return p != "server_no_context_takeover" && p != "client_no_context_takeover" && p != "client_max_window_bits"
			})
			slices.Sort(params)
			if suits && len(slices.Compact(slices.Clone(params))) == len(params) {
				return true
			}
		}
	}
	return false
}

// packer compresses and decompresses for many; it is safe for concurrent use.
type packer struct {
	writers sync.Pool // of *flate.Writer
	readers sync.Pool // of io.ReadCloser made by flate
}

// syncMark ends what a flate.Writer flushes; it is left out of frames.
const syncMark = "\x00\x00\xff\xff"

// pack returns a compressed WebSocket frame around payload; nil where it would
// save less than an eighth.
func (p *packer) pack(payload []byte) []byte {
	out := bytes.NewBuffer(make([]byte, maxHeader, maxHeader+len(payload)/2))
	w, ok := p.writers.Get().(*flate.Writer)
	if ok {
		w.Reset(out)
	} else {
		var err error
		if w, err = flate.NewWriter(out, flate.BestSpeed); err != nil {
			return nil // a level that there is not
		}
	}
	defer p.writers.Put(w)
	if _, err := w.Write(payload); err != nil {
		return nil // buffers take everything
	}
	if err := w.Flush(); err != nil {
		return nil
	}
	b := bytes.TrimSuffix(out.Bytes(), []byte(syncMark))
	n := len(b) - maxHeader
	if n > len(payload)-len(payload)/8 {
		return nil
	}
	// The header goes right before it.
	header := appendHeader(make([]byte, 0, maxHeader), opPacked, n)
	start := maxHeader - len(header)
	copy(b[start:], header)
	return b[start:]
}

// Faults of what clients compress.
var errInflatedTooLarge = errors.New("live: a frame is too large when inflated")

// unpack decompresses a client's message of at most maxClientFrame bytes.
func (p *packer) unpack(message []byte) ([]byte, error) {
	// Behind the mark an empty last block, so that the end is no error.
	in := io.MultiReader(bytes.NewReader(message), strings.NewReader(syncMark+"\x01\x00\x00\xff\xff"))
	r, ok := p.readers.Get().(io.ReadCloser)
	if !ok {
		r = flate.NewReader(in)
	} else if err := r.(flate.Resetter).Reset(in, nil); err != nil {
		return nil, fmt.Errorf("live: inflating: %w", err)
	}
	defer p.readers.Put(r)
	text, err := io.ReadAll(io.LimitReader(r, maxClientFrame+1))
	if err != nil {
		return nil, fmt.Errorf("live: inflating: %w", err)
	}
	if len(text) > maxClientFrame {
		return nil, errInflatedTooLarge
	}
	return text, nil
}
