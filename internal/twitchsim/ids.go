package twitchsim

import (
	"encoding/hex"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode/utf8"
)

// hash64 is the seed that a name gives.
func hash64(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// numericID makes a number of base to base+span-1 out of a name: always the
// same one.
func numericID(name string, base, span uint64) string {
	return strconv.FormatUint(base+hash64(name)%span, 10)
}

// userIDOf makes a user id of a login.
func userIDOf(login string) string { return numericID("user:"+login, 100_000_000, 600_000_000) }

// uuid makes an id in the form of a version 4 UUID of 128 bits.
func uuid(hi, lo uint64) string {
	var raw [16]byte
	for i := range 8 {
		raw[i] = byte(hi >> (56 - 8*i))
		raw[8+i] = byte(lo >> (56 - 8*i))
	}
	raw[6] = raw[6]&0x0f | 0x40
	raw[8] = raw[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[0:8], raw[0:4])
	hex.Encode(out[9:13], raw[4:6])
	hex.Encode(out[14:18], raw[6:8])
	hex.Encode(out[19:23], raw[8:10])
	hex.Encode(out[24:36], raw[10:16])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}

// randomUUID is an id of something that does not come from the seed.
func randomUUID() string { return uuid(rand.Uint64(), rand.Uint64()) }

// maxTextRunes is the length that Twitch trims messages to.
const maxTextRunes = 500

// trimText cuts a text to Twitch's length and merges its spaces, as Twitch does.
func trimText(text []byte) []byte {
	if utf8.RuneCount(text) > maxTextRunes {
		n := 0
		for range maxTextRunes {
			_, size := utf8.DecodeRune(text[n:])
			n += size
		}
		text = text[:n]
	}
	return []byte(strings.Join(strings.FieldsFunc(string(text), func(r rune) bool { return r == ' ' || r < ' ' }), " "))
}
