package analysis

// Bits of record.flags beside the label.
const (
	recCounted uint16 = 1 << (iota + 2) // bits 0 and 1 are the label
	recDeleted
	recUnsure
	recUnscored
	recQuestion
	recFirst
	recSubscriber
	recWave
	recVoice // counts for the mood

	recLabel = 3
)

// record is what is remembered of a recent message: enough to know it again,
// and to take it back out.
type record struct {
	user  uint64
	sec   uint32
	terms uint32 // sequence number of its first entry in the ring of terms
	value int16  // scoreUnit
	flags uint16
	words uint8 // entries in the ring of terms: first its words,
	// then its emotes
	emotes uint8
}

// recents holds the last messages: a ring of records, found by id.
type recents struct {
	limit int
	ids   []uint64 // 0: a message without an id
	recs  []record
	next  uint64 // sequence number of the next message; number n lies at n modulo limit
	index index

	termRing []uint32 // lower halves of the hashes
	termNext uint32   // sequence number; the ring holds the last len(termRing)

	dirty pages // of recentPage records, by position
}

const (
	recentPage   = 128
	termsPerText = 2 // entries in the ring of terms for each record
)

func newRecents(limit int) recents {
	limit = min(max(limit, recentPage), maxIndexed)
	limit -= limit % recentPage
	return recents{limit: limit}
}

func (r *recents) find(id uint64) int { return r.index.find(id, r.ids) }

// push adds a message and returns its position.
func (r *recents) push(id uint64, rec record) int {
	pos := int(r.next % uint64(r.limit))
	if pos == len(r.recs) {
		r.recs = appendUpTo(r.recs, record{}, r.limit)
		r.ids = appendUpTo(r.ids, 0, r.limit)
	} else if r.ids[pos] != 0 {
		r.index.remove(pos, r.ids)
	}
	r.ids[pos] = id
	r.recs[pos] = rec
	if id != 0 {
		r.index.insert(pos, r.ids)
	}
	r.next++
	r.dirty.mark(pos / recentPage)
	return pos
}

// setTerms remembers which terms a message was counted under.
func (r *recents) setTerms(pos int, words, emotes []uint32) {
	n := len(words) + len(emotes)
	if n == 0 {
		return
	}
	size := r.limit * termsPerText
	rec := &r.recs[pos]
	rec.terms, rec.words, rec.emotes = r.termNext, uint8(len(words)), uint8(len(emotes))
	for _, list := range [...][]uint32{words, emotes} {
		for _, h := range list {
			at := int(r.termNext) % size
			if at == len(r.termRing) {
				r.termRing = appendUpTo(r.termRing, h, size)
			} else {
				r.termRing[at] = h
			}
			r.termNext++
		}
	}
}

// termsOf calls f for each term of a message, unless newer ones took their place.
func (r *recents) termsOf(rec *record, f func(h uint32, emote bool)) {
	n := uint32(rec.words) + uint32(rec.emotes)
	if back := r.termNext - rec.terms; back > uint32(len(r.termRing)) || back < n {
		return
	}
	for i := range n {
		f(r.termRing[int(rec.terms+i)%(r.limit*termsPerText)], i >= uint32(rec.words))
	}
}

// bySeq returns the record with a sequence number, nil when it is forgotten.
func (r *recents) bySeq(seq uint64) (*record, int) {
	if seq >= r.next || r.next-seq > uint64(len(r.recs)) {
		return nil, -1
	}
	pos := int(seq % uint64(r.limit))
	return &r.recs[pos], pos
}
