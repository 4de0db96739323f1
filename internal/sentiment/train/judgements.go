package train

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// judgementsFile holds what a larger teacher thinks of messages of the chat; it
// is written by the program in scripts/teacher and holds no text.
//
//go:embed judgements.bin
var judgementsFile []byte

const judgementsMagic = "chatmood-judgements-1\n"

// judgementBits of a text's hash tell texts apart in the file.
const judgementBits = 40

// Judgements are the chances that a teacher gives to the classes of a text, by
// the upper bits of the text's hash.
type Judgements map[uint64][2]uint8

// ParseJudgements reads a file of judgements: the magic line, the number of
// texts as four bytes, and for each text, in rising order of the upper forty
// bits of [TextHash], the distance from the one before as a varint and the
// chances of positive and negative in 255ths. Integers are little-endian.
func ParseJudgements(b []byte) (Judgements, error) {
	rest, ok := strings.CutPrefix(string(b), judgementsMagic)
	if !ok || len(rest) < 4 {
		return nil, fmt.Errorf("judgements must begin with %q and a number", judgementsMagic)
	}
	b = []byte(rest)
	n := int(binary.LittleEndian.Uint32(b))
	b = b[4:]
	if n > len(b) {
		return nil, fmt.Errorf("%d judgements in %d bytes", n, len(b))
	}
	j := make(Judgements, n)
	var key uint64
	for i := range n {
		d, size := binary.Uvarint(b)
		if size <= 0 || len(b) < size+2 {
			return nil, fmt.Errorf("judgement %d of %d is cut off", i+1, n)
		}
		key += d
		j[key] = [2]uint8{b[size], b[size+1]}
		b = b[size+2:]
	}
	if len(b) != 0 {
		return nil, errors.New("judgements are followed by other bytes")
	}
	return j, nil
}

// Of returns the chances of neutral, positive and negative of a text.
func (j Judgements) Of(text string) (p [3]float32, ok bool) {
	q, ok := j[TextHash(text)>>(64-judgementBits)]
	if !ok {
		return p, false
	}
	return chances(q), true
}
