package analysis

import (
	"math/bits"
	"slices"
)

// sketch counts how often keys occur and keeps the most frequent ones: the
// filtered variant of the Space-Saving algorithm (Homem and Carvalho, 2010,
// after Metwally and others, 2005). While no more than its capacity of
// different keys occurred, every count is exact. After that a key that is not
// kept is counted in a small table of counters that many keys share, and takes
// the place of the rarest kept key once its counter exceeds that one's count.
//
// Guarantees, with n = the number of additions and m = the capacity: a kept
// key's true count is at most counts[i] and at least counts[i]-errs[i]; a key
// that is not kept occurred at most as often as its counter in filter says;
// every key that occurred more than n/m times is kept, as long as nothing is
// taken back out.
//
// P is what is known of a key beside its count.
type sketch[P any] struct {
	capacity int
	hashes   []uint64
	counts   []uint32
	errs     []uint32
	payload  []P
	index    index
	filter   []uint32 // shared counters of keys that are not kept

	// The smallest count of a full sketch, how many keys have it (0: not
	// known), and where the search for one of them goes on.
	least  uint32
	nLeast int
	hand   int

	dirtyNames  pages // pages of sketchPage keys whose hash, error or payload's text changed
	dirtyCounts pages // pages of sketchPage keys of which a count changed
	dirtyFilter pages // pages of filterPage counters
}

const (
	sketchPage = 64  // keys in a checkpoint's page
	filterPage = 128 // filter counters in a checkpoint's page
)

func newSketch[P any](capacity int) *sketch[P] {
	return &sketch[P]{capacity: min(max(capacity, 1), maxIndexed)}
}

// filterSize is the number of shared counters: at least twice the capacity, a
// power of two, so that keys seldom share one with a frequent key.
func (s *sketch[P]) filterSize() int {
	return max(filterPage, 1<<bits.Len(uint(2*s.capacity-1)))
}

// add counts one occurrence of h. It returns the position of the key, or -1
// when the key is not kept; fresh means that the position is new to the key
// and its payload must be set.
func (s *sketch[P]) add(h uint64) (pos int, fresh bool) {
	if i := s.index.find(h, s.hashes); i >= 0 {
		s.bump(i)
		return i, false
	}
	if len(s.hashes) < s.capacity {
		var zero P
		s.hashes = appendUpTo(s.hashes, h, s.capacity)
		s.counts = appendUpTo(s.counts, 1, s.capacity)
		s.errs = appendUpTo(s.errs, 0, s.capacity)
		s.payload = appendUpTo(s.payload, zero, s.capacity)
		i := len(s.hashes) - 1
		s.index.insert(i, s.hashes)
		s.dirtyNames.mark(i / sketchPage)
		s.dirtyCounts.mark(i / sketchPage)
		return i, true
	}
	if s.filter == nil {
		s.filter = make([]uint32, s.filterSize())
		for i := range len(s.filter) / filterPage {
			s.dirtyFilter.mark(i)
		}
	}
	if s.nLeast == 0 {
		s.findLeast()
	}
	f := s.filterSlot(h)
	s.dirtyFilter.mark(f / filterPage)
	if s.filter[f] < s.least {
		s.filter[f]++
		return -1, false
	}
	i := s.victim()
	// Whoever is put out may come back: its counter must not be below what it
	// had, or the promise that counts are never too low would break.
	v := s.filterSlot(s.hashes[i])
	err := s.filter[f]
	s.filter[v] = max(s.filter[v], s.counts[i])
	s.dirtyFilter.mark(v / filterPage)
	s.index.remove(i, s.hashes)
	s.hashes[i] = h
	s.counts[i] = err + 1
	s.errs[i] = err
	s.index.insert(i, s.hashes)
	s.nLeast--
	s.dirtyNames.mark(i / sketchPage)
	s.dirtyCounts.mark(i / sketchPage)
	return i, true
}

// appendUpTo appends to a list that never gets longer than most, without room
// for more.
func appendUpTo[E any](list []E, e E, most int) []E {
	if len(list) == cap(list) {
		list = append(make([]E, 0, min(max(2*len(list), 16), most)), list...)
	}
	return append(list, e)
}

func (s *sketch[P]) bump(i int) {
	if s.counts[i] == s.least && s.nLeast > 0 {
		s.nLeast--
	}
	s.counts[i]++
	s.dirtyCounts.mark(i / sketchPage)
}

// sub takes one occurrence of the key at pos back out.
func (s *sketch[P]) sub(pos int) {
	if s.counts[pos] <= s.errs[pos] {
		return // only what was seen of the key itself can be taken back
	}
	s.counts[pos]--
	s.nLeast = 0
	s.dirtyCounts.mark(pos / sketchPage)
}

// find returns the position of h, or -1 where it is not kept.
func (s *sketch[P]) find(h uint64) int { return s.index.find(h, s.hashes) }

func (s *sketch[P]) filterSlot(h uint64) int {
	return int(uint32(h>>32) & uint32(len(s.filter)-1))
}

func (s *sketch[P]) findLeast() {
	s.least, s.nLeast = s.counts[0], 0
	for _, c := range s.counts {
		switch {
		case c < s.least:
			s.least, s.nLeast = c, 1
		case c == s.least:
			s.nLeast++
		}
	}
}

// victim returns the next position that has the smallest count.
func (s *sketch[P]) victim() int {
	for {
		i := s.hand
		s.hand++
		if s.hand == len(s.counts) {
			s.hand = 0
		}
		if s.counts[i] == s.least {
			return i
		}
	}
}

// maxError returns by how much any count may be too high: 0 means that all
// are exact.
func (s *sketch[P]) maxError() int {
	if len(s.errs) == 0 {
		return 0
	}
	return int(slices.Max(s.errs))
}

// topPositions returns the positions 0…n-1 for which weight is not 0, the k
// heaviest first, ties by less.
func topPositions(n, k int, weight func(i int) uint32, less func(i, j int) bool) []int {
	k = min(k, n)
	if k <= 0 {
		return nil
	}
	before := func(i, j int) int {
		switch wi, wj := weight(i), weight(j); {
		case wi != wj && wi > wj:
			return -1
		case wi != wj:
			return 1
		case i == j:
			return 0
		case less(i, j):
			return -1
		}
		return 1
	}
	top := make([]int, 0, k)
	for i := range n {
		if weight(i) == 0 || len(top) == k && before(i, top[k-1]) > 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(top, i, before)
		if len(top) == k {
			top = top[:k-1]
		}
		top = slices.Insert(top, at, i)
	}
	return top
}

// pages is a set of small page numbers.
type pages []uint64

func (p *pages) mark(n int) {
	for len(*p) <= n>>6 {
		*p = append(*p, 0)
	}
	(*p)[n>>6] |= 1 << (n & 63)
}

// take calls f for each page in order and empties the set.
func (p pages) take(f func(n int)) {
	for i, word := range p {
		for ; word != 0; word &= word - 1 {
			f(i<<6 + bits.TrailingZeros64(word))
		}
		p[i] = 0
	}
}
