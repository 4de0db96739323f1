package analysis

import (
	"cmp"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/axiomhq/hyperloglog"
)

const (
	// distinctChunk is the number of hashes of a checkpoint's part; only the
	// last one still grows.
	distinctChunk    = 512
	maxPendingChunks = 16

	activeWindow  = 5 * 60 // seconds after which a chatter is no longer active
	activeSlot    = 10     // seconds; chatters expire, and are checkpointed, by slot
	activeSlots   = activeWindow/activeSlot + 1
	voiceWindow   = 30 // seconds; see maxVoices
	maxVoices     = 3  // messages of one chatter in a voiceWindow that count for the mood
	maxActive     = 16384
	minActiveSize = 256
	activeRing    = 320 // seconds, no fewer than activeSlots × activeSlot
)

// distinct counts different chatters: exactly, as a set of 64-bit hashes, up to
// a limit; beyond it by HyperLogLog (16,384 registers, standard error 0.8 %).
type distinct struct {
	limit int
	set   hashSet
	tail  []uint64   // the hashes of the last, growing chunk
	chunk int        // its number
	full  [][]uint64 // chunks before it that were completed since the last checkpoint
	dirty bool
	// rewrite means that so many chunks were completed without a checkpoint
	// that the next one makes all of them anew from the set.
	rewrite bool

	hll      *hyperloglog.Sketch // nil while exact
	estimate int                 // cached, -1: not known
	dropped  int                 // chunks to delete from the checkpoint
}

func (d *distinct) add(h uint64) {
	if d.hll != nil {
		d.hll.InsertHash(h)
		d.estimate = -1
		d.dirty = true
		return
	}
	if !d.set.add(h) {
		return
	}
	if d.set.n > d.limit {
		d.estimateFromNow()
		return
	}
	d.tail = append(d.tail, h)
	d.dirty = true
	if len(d.tail) == distinctChunk {
		if len(d.full) == maxPendingChunks {
			d.full, d.rewrite = nil, true
		}
		if !d.rewrite {
			d.full = append(d.full, d.tail)
		}
		d.chunk++
		d.tail = make([]uint64, 0, distinctChunk)
	}
}

func (d *distinct) estimateFromNow() {
	d.hll = hyperloglog.NewNoSparse()
	d.set.each(d.hll.InsertHash)
	d.dropped = d.chunk + 1
	*d = distinct{limit: d.limit, hll: d.hll, estimate: -1, dropped: d.dropped, dirty: true}
}

func (d *distinct) count() (n int, exact bool) {
	if d.hll == nil {
		return d.set.n, true
	}
	if d.estimate < 0 {
		d.estimate = max(int(d.hll.Estimate()), d.limit)
	}
	return d.estimate, false
}

// hashSet is a set of hashes by open addressing, 8 bytes a slot.
type hashSet struct {
	slots []uint64
	n     int
}

// add reports whether h was not in the set yet. The hash 0 is stored as 1.
func (s *hashSet) add(h uint64) bool {
	if h == 0 {
		h = 1
	}
	if (s.n+1)*5 > len(s.slots)*4 {
		old := s.slots
		s.slots = make([]uint64, max(64, 2*len(old)))
		for _, x := range old {
			if x != 0 {
				*s.slot(x) = x
			}
		}
	}
	p := s.slot(h)
	if *p == h {
		return false
	}
	*p = h
	s.n++
	return true
}

func (s *hashSet) slot(h uint64) *uint64 {
	mask := uint64(len(s.slots) - 1)
	i := h >> 7 & mask
	for s.slots[i] != 0 && s.slots[i] != h {
		i = (i + 1) & mask
	}
	return &s.slots[i]
}

func (s *hashSet) each(f func(h uint64)) {
	for _, h := range s.slots {
		if h != 0 {
			f(h)
		}
	}
}

// activeEntry is a chatter who wrote lately.
type activeEntry struct {
	hash uint64 // 0: empty
	last uint32 // Unix seconds of the last message
	// The number of the newest voiceWindow <<4 | its messages that count for
	// the mood | those of the window before it <<2.
	voice uint32
}

// active knows who wrote in the last five minutes, and how often lately. When
// more than maxActive people do, it keeps only those whose hash ends in
// level zero bits and multiplies.
type active struct {
	slots []activeEntry
	n     int
	head  uint32 // newest slot number (Unix seconds / activeSlot)
	level uint32
	limit int
	heard [activeRing]uint16 // chatters by the second of their last message, modulo activeRing

	dirty [activeSlots]bool   // by slot number modulo activeSlots
	saved [activeSlots]uint32 // the slot whose part the checkpoint holds, 0: none
}

// add counts a message of the chatter h at a Unix time. It reports whether the
// chatter was not active, and whether the message counts for the mood.
func (a *active) add(h uint64, sec uint32) (isNew, voice bool) {
	if h == 0 {
		h = 1
	}
	slot := sec / activeSlot
	if slot > a.head {
		a.advance(slot)
	}
	if slot+activeSlots <= a.head || h&(1<<a.level-1) != 0 {
		return true, true // too late, or not followed one by one
	}
	window := sec / voiceWindow
	if e := a.find(h); e != nil {
		if sec > e.last {
			a.heard[e.last%activeRing]--
			a.heard[sec%activeRing]++
			e.last = sec
		}
		voice = e.hear(window)
		a.dirty[e.last/activeSlot%activeSlots] = true
		return false, voice
	}
	a.insert(activeEntry{hash: h, last: sec, voice: window<<4 | 1})
	a.dirty[slot%activeSlots] = true
	for a.n > a.limit {
		a.level++
		a.thin()
		a.dirtyAll()
	}
	return true, true
}

// hear counts a message in a voiceWindow and reports whether it counts for the
// mood. Late messages find their window as long as it is the last but one.
func (e *activeEntry) hear(window uint32) bool {
	newest := e.voice >> 4
	switch {
	case window == newest+1:
		e.voice = window<<4 | e.voice&3<<2 | 1
	case window > newest:
		e.voice = window<<4 | 1
	case window == newest && e.voice&3 < maxVoices:
		e.voice++
	case window+1 == newest && e.voice>>2&3 < maxVoices:
		e.voice += 1 << 2
	default:
		return window+1 < newest
	}
	return true
}

func (a *active) dirtyAll() {
	for i := range a.dirty {
		a.dirty[i] = true
	}
}

// advance lets chatters expire. When it happens depends on event time alone,
// so that a restored session holds the same ones.
func (a *active) advance(slot uint32) {
	for s := max(a.head, slot-min(slot, activeSlots)) + 1; s <= slot; s++ {
		a.dirty[s%activeSlots] = false
	}
	a.head = slot
	if slot >= activeSlots {
		a.expire((slot - activeSlots + 1) * activeSlot)
	}
	if a.n == 0 {
		a.level = 0
	}
}

// count returns how many people wrote in the last five minutes before sec.
func (a *active) count(sec int64) int {
	n := 0
	newest := int64(a.head)*activeSlot + activeSlot - 1
	for t := max(sec-activeWindow+1, newest-activeSlots*activeSlot+1, 0); t <= min(sec, newest); t++ {
		n += int(a.heard[t%activeRing])
	}
	return n << a.level
}

func (a *active) find(h uint64) *activeEntry {
	if len(a.slots) == 0 {
		return nil
	}
	mask := uint32(len(a.slots) - 1)
	for i := uint32(h>>32) & mask; ; i = (i + 1) & mask {
		switch a.slots[i].hash {
		case h:
			return &a.slots[i]
		case 0:
			return nil
		}
	}
}

func (a *active) insert(e activeEntry) {
	if (a.n+1)*5 > len(a.slots)*4 {
		a.resize(max(minActiveSize, 2*len(a.slots)))
	}
	mask := uint32(len(a.slots) - 1)
	i := uint32(e.hash>>32) & mask
	for a.slots[i].hash != 0 {
		i = (i + 1) & mask
	}
	a.slots[i] = e
	a.heard[e.last%activeRing]++
	a.n++
}

func (a *active) resize(size int) {
	old := a.slots
	a.slots, a.n = make([]activeEntry, size), 0
	clear(a.heard[:])
	for i := range old {
		if old[i].hash != 0 {
			a.insert(old[i])
		}
	}
}

// expire drops those who wrote last before a Unix time.
func (a *active) expire(before uint32) {
	for i := uint32(0); int(i) < len(a.slots); {
		if e := &a.slots[i]; e.hash != 0 && e.last < before {
			a.remove(i) // what moved here is looked at next
			continue
		}
		i++
	}
	if len(a.slots) > minActiveSize && a.n*8 < len(a.slots) {
		a.resize(max(minActiveSize, 1<<bits.Len(uint(a.n*4))))
	}
}

// thin drops those who are not followed at the present level.
func (a *active) thin() {
	for i := uint32(0); int(i) < len(a.slots); {
		if h := a.slots[i].hash; h != 0 && h&(1<<a.level-1) != 0 {
			a.remove(i)
			continue
		}
		i++
	}
}

// remove empties a slot and closes the hole.
func (a *active) remove(hole uint32) {
	mask := uint32(len(a.slots) - 1)
	a.n--
	a.heard[a.slots[hole].last%activeRing]--
	for j := (hole + 1) & mask; a.slots[j].hash != 0; j = (j + 1) & mask {
		home := uint32(a.slots[j].hash>>32) & mask
		if (j-home)&mask >= (j-hole)&mask {
			a.slots[hole] = a.slots[j]
			hole = j
		}
	}
	a.slots[hole] = activeEntry{}
}

// chatter is what is known of a chatter beside the count.
type chatter struct {
	login string // "" means: the name in lower case
	name  string // display name; "" means: as login
}

func (c *chatter) entry(count uint32) Chatter {
	e := Chatter{Login: c.login, Name: c.name, Count: int(count)}
	if e.Login == "" {
		e.Login = strings.ToLower(c.name)
	}
	if e.Name == "" {
		e.Name = e.Login
	}
	return e
}

// before orders chatters by login, without making a string of it.
func (c *chatter) before(o *chatter) bool {
	a, b := cmp.Or(c.login, c.name), cmp.Or(o.login, o.name)
	for i := range min(len(a), len(b)) {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return x < y
		}
	}
	return len(a) < len(b)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c |= 0x20
	}
	return c
}

// rankings of chatters: all messages, then by sentiment.Label.
const (
	rankAll = iota
	rankLabel
	ranks = rankLabel + 3
)

func (s *Session) rank(r int, h uint64, login, name string) {
	i, fresh := s.ranks[r].add(h)
	if i < 0 || !fresh {
		return
	}
	if len(login) > maxEmoteBytes {
		login = login[:maxEmoteBytes]
	}
	c := &s.ranks[r].payload[i]
	*c = chatter{}
	if name != login && len(name) <= 2*maxEmoteBytes {
		c.name = strings.Clone(name)
	}
	if c.name == "" || !isLowerOf(login, name) {
		c.login = strings.Clone(login)
	}
}

// isLowerOf reports whether login is the ASCII text name in lower case, as it
// mostly is. Then one of them need not be kept.
func isLowerOf(login, name string) bool {
	if len(login) != len(name) {
		return false
	}
	for i := range len(name) {
		if c := lower(name[i]); c != login[i] || c >= 0x80 {
			return false
		}
	}
	return true
}

// ChatterCounts returns how many different people wrote, whether that number
// is exact, and how many wrote in the last five minutes.
func (s *Session) ChatterCounts(now time.Time) (distinct int, exact bool, active int) {
	distinct, exact = s.distinct.count()
	return distinct, exact, s.active.count(s.nowSec(now))
}

// TopChatters returns the n chatters who wrote most, or most messages of a
// label ("positive", "neutral", "negative").
func (s *Session) TopChatters(label string, n int) ([]Chatter, error) {
	r := rankAll
	if label != "" {
		l, ok := labelNamed(label)
		if !ok {
			return nil, fmt.Errorf("unknown label %q: use positive, neutral, negative, or none for all", label)
		}
		r = rankLabel + int(l)
	}
	return s.topChatters(r, n), nil
}

func (s *Session) topChatters(r, n int) []Chatter {
	k := s.ranks[r]
	top := []Chatter{}
	for _, i := range topPositions(len(k.counts), n, func(i int) uint32 { return k.counts[i] },
		func(i, j int) bool { return k.payload[i].before(&k.payload[j]) }) {
		top = append(top, k.payload[i].entry(k.counts[i]))
	}
	return top
}
