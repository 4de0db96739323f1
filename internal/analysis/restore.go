package analysis

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/axiomhq/hyperloglog"

	"chatmood/internal/sentiment"
	"chatmood/internal/source"
)

// maxStored bounds texts and counts in a checkpoint, against damaged ones.
const (
	maxStoredText  = 4 * maxText
	maxStoredCount = 1 << 31
)

var errMissing = errors.New("it is missing")

// Restore makes a session of the parts of a checkpoint, in any order. What it
// had counted, and what it does with further messages, is as if it had never
// stopped. The error names the part that is missing or damaged.
func Restore(parts []Part, opts Options) (*Session, error) {
	r := &restorer{parts: make(map[string][]byte, len(parts))}
	for _, p := range parts {
		if p.Data == nil {
			delete(r.parts, p.Name)
			continue
		}
		r.parts[p.Name] = p.Data
	}
	s := r.session(opts)
	if r.err == nil {
		for name := range r.parts {
			r.fail(name, errors.New("the session does not know this part"))
			break
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	return s, nil
}

type restorer struct {
	parts map[string][]byte
	err   error
	shape struct {
		hll     bool
		set     int
		ranks   [ranks]sketchShape
		terms   sketchShape
		emotes  sketchShape
		pages   [len(tierShapes)][]int64
		actives []uint32
	}
}

type sketchShape struct {
	n, hand int
	filter  bool
}

func (r *restorer) fail(name string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("part %q of the checkpoint: %w", name, err)
	}
}

// read hands the named part to f and checks that f reads all of it.
func (r *restorer) read(name string, f func(d *decoder)) {
	if r.err != nil {
		return
	}
	data, ok := r.parts[name]
	if !ok {
		r.fail(name, errMissing)
		return
	}
	delete(r.parts, name)
	d := newDecoder(data)
	f(d)
	if err := d.done(); err != nil {
		r.fail(name, err)
	}
}

func (r *restorer) session(opts Options) *Session {
	var s *Session
	r.read("head", func(d *decoder) { s = r.head(d, opts) })
	if r.err != nil {
		return nil
	}
	for i := range s.tiers {
		for _, no := range r.shape.pages[i] {
			r.read(partName(tierShapes[i].name, no), func(d *decoder) { s.tiers[i].restore(d, no) })
		}
	}
	r.recent(s)
	r.distinct(s)
	r.active(s)
	for i, k := range s.ranks {
		restoreSketch(r, k, r.shape.ranks[i], rankNames[i], decodeChatter, nil)
	}
	restoreSketch(r, s.terms, r.shape.terms, "terms", decodeTerm, decodeLabels)
	restoreSketch(r, s.emotes, r.shape.emotes, "emotes", decodeTerm, decodeLabels)
	r.waves(s)
	r.lists(s)
	r.shed(s)
	s.saved = true
	return s
}

func (r *restorer) head(d *decoder, opts Options) *Session {
	id, channel, start := d.string(), d.string(), d.time()
	firstSec, headSec := d.sec(), d.sec()
	ended, endedAt := d.bool(), d.time()
	st := Status{State: source.State(d.string()), Code: d.string(), Reason: d.string(), Since: d.time()}
	var counts Counts
	for _, n := range countFields(&counts) {
		*n = d.count()
	}
	if counts.Positive+counts.Neutral+counts.Negative != counts.Total {
		d.fail("the counts of the labels do not add up to the total")
	}
	subscribers := d.count()
	all := d.cell()
	peak, peakSec := uint32(d.upTo(maxStoredCount, "the peak")), d.sec()
	notices := make([]uint64, d.length(maxNotices, 8, "the number of notices"))
	for i := range notices {
		notices[i] = d.fixed()
	}
	evaluated := d.sec()
	hype, mood := d.detector(), d.detector()
	momentNo := int(d.upTo(maxStoredCount, "the number of moments"))
	warmup := d.sec()
	doubt := leap{sec: d.sec(), seq: d.uint()}
	for i, n := range []*int{&opts.ExactChatters, &opts.TopChatters, &opts.LabelChatters, &opts.Terms, &opts.Emotes, &opts.RecentMessages} {
		most := uint64(maxIndexed)
		if i == 0 {
			most = 1_000_000
		}
		*n = int(d.upTo(most, "the size of a table"))
	}

	s := New(id, channel, start, opts)
	if evaluated < max(headSec-settleTime, s.startSec) || headSec < s.startSec {
		d.fail("its times contradict each other")
	}
	s.firstSec, s.headSec, s.ended, s.endedAt, s.status = firstSec, headSec, ended, endedAt, st
	s.counts, s.subscribers, s.all, s.peak, s.peakSec = counts, subscribers, all, peak, peakSec
	s.notices, s.evaluated, s.hype, s.mood, s.momentNo = notices, evaluated, hype, mood, momentNo
	s.warmup, s.leap = warmup, doubt // the clock is told anew

	s.recent.next = d.upTo(math.MaxInt64, "the number of messages")
	s.recent.termNext = uint32(d.upTo(math.MaxUint32, "the number of terms"))
	r.shape.hll = d.bool()
	r.shape.set = int(d.upTo(uint64(s.opts.ExactChatters), "the number of chatters"))
	s.active.head = uint32(d.upTo(maxSec/activeSlot, "the newest slot"))
	s.active.level = uint32(d.upTo(30, "the level of active chatters"))
	s.waves.next = uint32(d.upTo(math.MaxUint32, "the number of waves"))
	for i, k := range s.ranks {
		r.shape.ranks[i] = d.shape(k.capacity)
	}
	r.shape.terms, r.shape.emotes = d.shape(s.terms.capacity), d.shape(s.emotes.capacity)
	for i := range s.tiers {
		t := &s.tiers[i]
		t.head = d.int()
		if t.head > maxSec || t.head < noPage {
			d.fail("a timeline's end is out of range")
		}
		for range d.length(len(t.ring), 1, "the number of pages") {
			no := d.int()
			if no < 0 || no > t.head || no <= t.head-int64(len(t.ring)) {
				d.fail("a page of the timeline is out of range")
			}
			r.shape.pages[i] = append(r.shape.pages[i], no)
		}
	}
	for range d.length(activeSlots, 1, "the number of slots") {
		no := uint32(d.upTo(maxSec/activeSlot, "a slot of active chatters"))
		if no > s.active.head || no != 0 && no+activeSlots <= s.active.head {
			d.fail("a slot of active chatters is out of range")
		}
		r.shape.actives = append(r.shape.actives, no)
	}
	return s
}

func (d *decoder) sec() int64 {
	v := d.int()
	if v != clampSec(v) {
		d.fail("a time in it is out of range")
		return 0
	}
	return v
}

func (d *decoder) count() int {
	v := d.int()
	if v < 0 || v > math.MaxInt32*1024 {
		d.fail("a count in it is out of range")
		return 0
	}
	return int(v)
}

func (d *decoder) cell() cell {
	var c cell
	for i := range c.n {
		c.n[i] = uint32(d.upTo(maxStoredCount, "a bucket's count"))
	}
	c.voices = uint32(d.upTo(maxStoredCount, "a bucket's count"))
	c.sum, c.moodSum = d.int(), d.int()
	return c
}

func (d *decoder) shape(capacity int) sketchShape {
	sh := sketchShape{n: int(d.upTo(uint64(capacity), "the number of entries"))}
	sh.hand = int(d.upTo(uint64(max(sh.n, 1)-1), "the place of the next search"))
	sh.filter = d.bool()
	if sh.filter && sh.n != capacity {
		d.fail("a table that is not full has a filter")
	}
	return sh
}

func (d *decoder) detector() detector {
	return detector{
		no: int(d.upTo(maxStoredCount, "the number of a moment")), kind: d.string(),
		above: int(d.upTo(maxStoredCount, "a number of seconds")), below: int(d.upTo(maxStoredCount, "a number of seconds")),
		ready: d.int(), base: d.float(), last: d.string(),
		raised: d.float(), raisedAt: d.int(), mood: d.float(), usualMood: d.float(),
	}
}

func (t *tier) restore(d *decoder, no int64) {
	p := &page{no: no, saved: true}
	mask := d.uint()
	if mask>>pageLen != 0 {
		d.fail("a page of the timeline has too many buckets")
		return
	}
	for i := range p.cells {
		if mask>>i&1 != 0 {
			p.cells[i] = d.cell()
		}
	}
	t.ring[no%int64(len(t.ring))] = p
}

func (r *restorer) recent(s *Session) {
	x := &s.recent
	n := int(min(x.next, uint64(x.limit)))
	ringSize := x.limit * termsPerText
	// The ring's length is known from how much went into it; after 2³² terms
	// it is full as well.
	ring := make([]uint32, min(int(x.termNext), ringSize))
	if x.next > uint64(x.limit) && len(ring) < ringSize && int(x.termNext) < len(ring) {
		ring = make([]uint32, ringSize)
	}
	x.termRing = ring
	x.recs, x.ids = make([]record, 0, n), make([]uint64, 0, n)
	for p := range pageCount(n, recentPage) {
		r.read(partName("recent/", int64(p)), func(d *decoder) {
			for range min(n-p*recentPage, recentPage) {
				id := d.fixed()
				rec := record{user: d.fixed(), sec: uint32(d.upTo(maxSec, "a time"))}
				value := d.int()
				flags := d.upTo(math.MaxUint16, "flags")
				if value < -scoreUnit || value > scoreUnit || flags&recLabel > uint64(sentiment.Negative) {
					d.fail("a score in it is out of range")
				}
				rec.value, rec.flags = int16(value), uint16(flags)
				rec.terms = uint32(d.upTo(math.MaxUint32, "the place of terms"))
				rec.words, rec.emotes = uint8(d.upTo(maxTermsPerText, "the number of words")), uint8(d.upTo(maxTermsPerText, "the number of emotes"))
				k := uint32(rec.words) + uint32(rec.emotes)
				back := x.termNext - rec.terms
				known := back <= uint32(len(ring)) && back >= k
				for i := range k {
					if h := d.half(); known {
						ring[int(rec.terms+i)%ringSize] = h
					}
				}
				if d.err != nil {
					return
				}
				x.ids, x.recs = append(x.ids, id), append(x.recs, rec)
				if id != 0 {
					x.index.insert(len(x.ids)-1, x.ids)
				}
			}
		})
	}
}

func (r *restorer) distinct(s *Session) {
	x := &s.distinct
	if r.shape.hll {
		r.read("chatters/estimate", func(d *decoder) {
			const registers = 1 << 14
			// version, precision, an unused byte, 0 for dense, the length.
			if len(d.b) != 8+registers || d.b[1] != 14 || d.b[3] != 0 {
				d.fail("it is no estimate of distinct chatters")
				return
			}
			x.hll = hyperloglog.NewNoSparse()
			if err := x.hll.UnmarshalBinary(d.b); err != nil {
				d.fail("it is no estimate of distinct chatters: %w", err)
			}
			d.b = nil
		})
		x.estimate = -1
		return
	}
	for i := range pageCount(r.shape.set, distinctChunk) {
		r.read(partName("chatters/", int64(i)), func(d *decoder) {
			n := min(r.shape.set-i*distinctChunk, distinctChunk)
			x.tail = make([]uint64, 0, distinctChunk)
			for range n {
				h := d.fixed()
				if d.err == nil && !x.set.add(h) {
					d.fail("a chatter is in it twice")
				}
				x.tail = append(x.tail, h)
			}
			if n == distinctChunk {
				x.chunk, x.tail = x.chunk+1, nil
			}
		})
	}
}

func (r *restorer) active(s *Session) {
	a := &s.active
	// Who wrote again is still in the part of an older slot: the newest counts.
	slices.Sort(r.shape.actives)
	for _, no := range r.shape.actives {
		if no == 0 {
			continue
		}
		r.read(partName("active/", int64(no)), func(d *decoder) {
			for len(d.b) > 0 && d.err == nil {
				e := activeEntry{hash: d.fixed()}
				e.last = no*activeSlot + uint32(d.upTo(activeSlot-1, "a chatter's time"))
				e.voice = uint32(d.upTo(maxSec/voiceWindow<<4|15, "a chatter's window"))
				if e.hash == 0 {
					d.fail("a chatter has no hash")
				}
				if d.err != nil {
					return
				}
				if known := a.find(e.hash); known != nil {
					a.heard[known.last%activeRing]--
					a.heard[e.last%activeRing]++
					*known = e
				} else if a.n > maxActive {
					d.fail("there are too many chatters")
				} else {
					a.insert(e)
				}
			}
		})
		a.saved[no%activeSlots] = no
	}
}

func restoreSketch[P any](r *restorer, k *sketch[P], sh sketchShape, name string, names, counts func(d *decoder, p *P)) {
	k.hashes, k.counts, k.errs, k.payload = make([]uint64, sh.n), make([]uint32, sh.n), make([]uint32, sh.n), make([]P, sh.n)
	k.hand = sh.hand
	for p := range pageCount(sh.n, sketchPage) {
		r.read(partName(name+"/names/", int64(p)), func(d *decoder) {
			for i := p * sketchPage; i < min((p+1)*sketchPage, sh.n); i++ {
				k.hashes[i] = d.fixed()
				k.errs[i] = uint32(d.upTo(maxStoredCount, "an error bound"))
				names(d, &k.payload[i])
				if d.err != nil {
					return
				}
				if k.index.find(k.hashes[i], k.hashes) >= 0 {
					d.fail("an entry is in it twice")
					return
				}
				k.index.insert(i, k.hashes)
			}
		})
		r.read(partName(name+"/counts/", int64(p)), func(d *decoder) {
			for i := p * sketchPage; i < min((p+1)*sketchPage, sh.n); i++ {
				k.counts[i] = uint32(d.upTo(maxStoredCount, "a count"))
				if counts != nil {
					counts(d, &k.payload[i])
				}
			}
		})
	}
	if !sh.filter {
		return
	}
	k.filter = make([]uint32, k.filterSize())
	for p := range pageCount(len(k.filter), filterPage) {
		r.read(partName(name+"/filter/", int64(p)), func(d *decoder) {
			for i := range filterPage {
				k.filter[p*filterPage+i] = uint32(d.upTo(maxStoredCount, "a counter"))
			}
		})
	}
}

func decodeChatter(d *decoder, c *chatter) {
	c.login, c.name = d.string(), d.string()
}

func decodeTerm(d *decoder, t *term) {
	t.text, t.emoteID = d.string(), d.string()
}

func decodeLabels(d *decoder, t *term) {
	for i := range t.labels {
		t.labels[i] = uint32(d.upTo(maxStoredCount, "a count"))
	}
}

func (r *restorer) waves(s *Session) {
	x := &s.waves
	for p := range waveSets / waveSetPage {
		r.read(partName("waves/", int64(p)), func(d *decoder) {
			for len(d.b) > 0 && d.err == nil {
				at := int(d.upTo(waveSetPage*waveWays-1, "the place of a text"))
				x.table[p*waveSetPage+at/waveWays][at%waveWays] = d.candidate()
			}
		})
	}
	r.read("waves", func(d *decoder) {
		for range d.length(maxWaves, 1, "the number of waves") {
			v := wave{no: uint32(d.upTo(math.MaxUint32, "the number of a wave"))}
			v.Text, v.Count, v.Chatters = d.string(), d.count(), d.count()
			v.From, v.To = d.time(), d.time()
			v.users = make([]uint64, d.length(maxWaveUsers, 8, "the number of chatters of a wave"))
			for i := range v.users {
				v.users[i] = d.fixed()
			}
			x.list = append(x.list, v)
		}
	})
	x.dirtySets, x.dirtyList = nil, false
}

func (d *decoder) candidate() candidate {
	c := candidate{
		key: d.fixed(), first: uint32(d.upTo(maxSec, "a time")), last: uint32(d.upTo(maxSec, "a time")),
		wave: uint32(d.upTo(math.MaxUint32, "the number of a wave")), nUsers: uint8(d.upTo(waveUsers-1, "the number of chatters of a text")),
	}
	for i := range int(c.nUsers) {
		c.users[i], c.at[i] = d.fixed(), uint32(d.upTo(maxSec, "a time"))
	}
	c.nMember = uint8(d.upTo(waveMembers, "the number of messages of a text"))
	for i := range int(c.nMember) {
		c.members[i] = d.uint()
	}
	return c
}

func (r *restorer) lists(s *Session) {
	r.read("gaps", func(d *decoder) {
		for range d.length(maxGaps, 3, "the number of gaps") {
			s.gaps = append(s.gaps, Gap{From: d.time(), To: d.time(), Reason: d.string()})
		}
		if !slices.IsSortedFunc(s.gaps, func(a, b Gap) int { return a.From.Compare(b.From) }) {
			d.fail("the gaps are out of order")
		}
	})
	r.read("marks", func(d *decoder) {
		for range d.length(maxMarks, 5, "the number of marks") {
			s.marks = append(s.marks, Mark{At: d.time(), Kind: d.string(), Name: d.string(), Count: d.count(), Text: d.string()})
		}
	})
	r.read("moments", func(d *decoder) {
		for range d.length(maxMoments, 5, "the number of moments") {
			s.moments = append(s.moments, Moment{
				ID: d.string(), Kind: d.string(), From: d.time(), To: d.time(), Peak: d.float(), Label: d.string(),
			})
		}
	})
	r.read("span", func(d *decoder) {
		s.span.messages = uint32(d.upTo(math.MaxUint32, "a count"))
		for i := range s.span.n {
			s.span.n[i] = uint16(d.upTo(math.MaxUint16, "a count"))
			if s.span.n[i] > 0 {
				s.span.hash[i] = d.half()
			}
		}
	})
}
