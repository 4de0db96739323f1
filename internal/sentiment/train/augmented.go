package train

import (
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// augmentedFile holds what the larger teacher thinks of the augmented texts; it
// is written by the program in scripts/teacher and holds no text.
//
//go:embed augmented.bin
var augmentedFile []byte

const augmentedMagic = "chatmood-augmented-1\n"

// The digest of all augmented texts begins the file: judgements without hashes
// must not meet other texts.
const digestBytes = 8

// augmentedDigest names a list of texts: the first bytes of the SHA-256 of
// their hashes, each as a big-endian number.
func augmentedDigest(texts []string) (d [digestBytes]byte) {
	h := sha256.New()
	var b []byte
	for _, t := range texts {
		b = binary.BigEndian.AppendUint64(b[:0], TextHash(t))
		h.Write(b)
	}
	copy(d[:], h.Sum(nil))
	return d
}

// augmentedJudgements are the chances of positive and negative, in 255ths, of
// the texts that [Augment] makes, in that order.
type augmentedJudgements struct {
	digest [digestBytes]byte
	judged [][2]uint8
}

// parseAugmented reads a file of judgements: the magic line, the digest of the
// texts, and two bytes for each text.
func parseAugmented(b []byte) (*augmentedJudgements, error) {
	rest, ok := strings.CutPrefix(string(b), augmentedMagic)
	if !ok || len(rest) < digestBytes {
		return nil, fmt.Errorf("judgements of augmented texts must begin with %q and a digest", augmentedMagic)
	}
	j := new(augmentedJudgements)
	copy(j.digest[:], rest)
	rest = rest[digestBytes:]
	if len(rest)%2 != 0 {
		return nil, errors.New("judgements of augmented texts end within one")
	}
	j.judged = make([][2]uint8, len(rest)/2)
	for i := range j.judged {
		j.judged[i] = [2]uint8{rest[2*i], rest[2*i+1]}
	}
	return j, nil
}

// judgedAugmented returns the augmented texts of the data in dir and what file
// says of each; none where file is empty or of other texts.
func judgedAugmented(dir string, file []byte, labels, reddit []Example, hidden map[string]bool, log func(format string, args ...any)) ([]string, [][2]uint8, error) {
	if len(file) == 0 {
		return nil, nil, nil
	}
	j, err := parseAugmented(file)
	if err != nil {
		return nil, nil, err
	}
	texts, err := AugmentedTexts(dir, labels, reddit, hidden, len(j.judged))
	if err != nil {
		return nil, nil, err
	}
	if augmentedDigest(texts) != j.digest {
		log("the larger teacher has not judged augmented texts of these data: learning without them")
		return nil, nil, nil
	}
	return texts, j.judged, nil
}

// chances returns the chances of neutral, positive and negative.
func chances(q [2]uint8) (p [3]float32) {
	p[1], p[2] = float32(q[0])/255, float32(q[1])/255
	p[0] = max(1-p[1]-p[2], 0)
	return p
}
