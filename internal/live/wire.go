package live

import "encoding/binary"

// Parts of a WebSocket frame as servers send it (RFC 6455, section 5.2):
// whole, not masked, without extensions. Since such a frame is the same for
// every client it is made once; github.com/gobwas/ws, which reads what clients
// send, would write the header anew for each.
const (
	opText  = 0x1
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA

	maxHeader = 10 // bytes
)

// appendHeader appends the header of a frame with n bytes of payload.
func appendHeader(dst []byte, op byte, n int) []byte {
	dst = append(dst, 0x80|op)
	switch {
	case n <= 125:
		return append(dst, byte(n))
	case n <= 0xFFFF:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
}

// textFrame returns a frame around payload, which it copies.
func textFrame(payload []byte) []byte {
	b := appendHeader(make([]byte, 0, maxHeader+len(payload)), opText, len(payload))
	return append(b, payload...)
}

// cutFrame splits frames, which [appendHeader] began, after the first payload.
func cutFrame(frames []byte) (payload, rest []byte) {
	n, at := int(frames[1]), 2
	switch n {
	case 126:
		n, at = int(binary.BigEndian.Uint16(frames[2:])), 4
	case 127:
		n, at = int(binary.BigEndian.Uint64(frames[2:])), maxHeader
	}
	return frames[at : at+n], frames[at+n:]
}

// payload returns the payload of the single frame in b.
func payload(b []byte) []byte {
	p, _ := cutFrame(b)
	return p
}
