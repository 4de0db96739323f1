package sentiment

import (
	"crypto/sha256"
	"encoding/binary"
)

// The engine knows words by 64-bit hashes of their bytes and never compares
// the bytes themselves: with some ten thousand known words the chance that an
// unknown word of a message meets one of them is below one in 10^9.

const (
	mulA = 0x9E3779B97F4A7C15
	mulB = 0xD6E8FEB86659FD93
)

// hashString hashes the bytes of s as they stand.
func hashString(s string) uint64 {
	h := uint64(len(s)) * mulB
	for len(s) >= 8 {
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		h = (h ^ w) * mulA
		h ^= h >> 29
		s = s[8:]
	}
	var w uint64
	for i := len(s) - 1; i >= 0; i-- {
		w = w<<8 | uint64(s[i])
	}
	h = (h ^ w) * mulA
	h ^= h >> 32
	h *= mulB
	return h ^ h>>29
}

// hashFolded hashes the first n bytes of b, which must be followed by eight
// zero bytes. It differs from [hashString] on purpose: a word in lower case
// and an emote of the same letters are two things.
func hashFolded(b *[foldBuffer]byte, n int) uint64 {
	h := uint64(n)*mulA ^ mulB
	for i := 0; i < n; i += 8 {
		w := uint64(b[i]) | uint64(b[i+1])<<8 | uint64(b[i+2])<<16 | uint64(b[i+3])<<24 |
			uint64(b[i+4])<<32 | uint64(b[i+5])<<40 | uint64(b[i+6])<<48 | uint64(b[i+7])<<56
		h = (h ^ w) * mulA
		h ^= h >> 29
	}
	h ^= h >> 32
	h *= mulB
	return h ^ h>>29
}

// mix joins two hashes into one; the order matters.
func mix(a, b uint64) uint64 {
	h := (a ^ b>>7) * mulA
	h ^= h >> 31
	h = (h + b) * mulB
	return h ^ h>>30
}

// table maps hashes to small numbers: open addressing, half full at most, each
// slot the upper 32 bits of the hash and the number plus one.
type table struct {
	slots []uint64
	mask  uint64
}

func newTable(entries int) table {
	size := 16
	for size < 2*entries+2 {
		size *= 2
	}
	return table{slots: make([]uint64, size), mask: uint64(size - 1)}
}

// put stores value under h unless h is already there, and reports whether it
// stored. The table must have been made large enough.
func (t *table) put(h uint64, value int32) bool {
	tag := h &^ 0xFFFFFFFF
	for i := h & t.mask; ; i = (i + 1) & t.mask {
		s := t.slots[i]
		if s == 0 {
			t.slots[i] = tag | uint64(uint32(value+1))
			return true
		}
		if s&^0xFFFFFFFF == tag {
			return false
		}
	}
}

// get returns the value stored under h, or -1.
func (t *table) get(h uint64) int32 {
	tag := h &^ 0xFFFFFFFF
	slots := t.slots
	for i := h & t.mask; i < uint64(len(slots)); i = (i + 1) & t.mask {
		s := slots[i]
		if s == 0 {
			return -1
		}
		if s&^0xFFFFFFFF == tag {
			return int32(uint32(s)) - 1
		}
	}
	return -1
}

// TextHash names a text without telling it, for labels that are kept without
// their messages: the first eight bytes of its SHA-256, as a big-endian number.
func TextHash(text string) uint64 {
	h := sha256.Sum256([]byte(text))
	return binary.BigEndian.Uint64(h[:8])
}
