package irc

import "hash/maphash"

// maxSeen is how many ids a seenIDs remembers at least, once as many were
// added: at 100 messages a second the last 20 seconds.
const maxSeen = 2048

// seenIDs remembers the last ids of a channel, maxSeen to twice as many, in at
// most 64 KiB; a quiet channel's take less. It keeps hashes of 64 bits; that two ids of those it remembers
// share one happens once in 10^12 times that it is filled. The zero value is
// not ready: see newSeenIDs.
type seenIDs struct {
	seed     maphash.Seed
	now, old hashSet
}

func newSeenIDs() seenIDs { return seenIDs{seed: maphash.MakeSeed()} }

// add remembers id and reports whether it was there already.
func (s *seenIDs) add(id string) bool {
	h := maphash.String(s.seed, id)
	if h == 0 {
		h = 1 // 0 marks an empty place
	}
	if s.now.has(h) || s.old.has(h) {
		return true
	}
	if s.now.n == maxSeen {
		s.now, s.old = s.old, s.now
		clear(s.now.places)
		s.now.n = 0
	}
	s.now.add(h)
	return false
}

// hashSet is an open-addressing set of hashes, at most half full.
type hashSet struct {
	places []uint64 // a power of two of them
	n      int
}

func (s *hashSet) has(h uint64) bool {
	if s.n == 0 {
		return false
	}
	mask := uint64(len(s.places) - 1)
	for i := h & mask; s.places[i] != 0; i = (i + 1) & mask {
		if s.places[i] == h {
			return true
		}
	}
	return false
}

// add adds h, which is not in s.
func (s *hashSet) add(h uint64) {
	if s.n*2 >= len(s.places) {
		grown := hashSet{places: make([]uint64, max(64, 2*len(s.places)))}
		for _, p := range s.places {
			if p != 0 {
				grown.add(p)
			}
		}
		*s = grown
	}
	mask := uint64(len(s.places) - 1)
	i := h & mask
	for s.places[i] != 0 {
		i = (i + 1) & mask
	}
	s.places[i] = h
	s.n++
}
