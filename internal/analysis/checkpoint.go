package analysis

import (
	"fmt"
	"math/bits"
	"slices"
)

// rankNames are the names of the sketches in a checkpoint: first the rankings.
var rankNames = [ranks]string{"top/all", "top/neutral", "top/positive", "top/negative"}

// Checkpoint returns what changed since its last call, or everything when full
// is set or it is the first call. Applied in order to a set of parts, it makes
// that set a whole session for [Restore]. The data is the caller's.
func (s *Session) Checkpoint(full bool) []Part {
	w := &partWriter{all: full || !s.saved}
	s.saved = true

	for i := range s.tiers {
		s.saveTier(w, &s.tiers[i], tierShapes[i].name)
	}
	s.saveRecent(w)
	s.saveDistinct(w)
	s.saveActive(w)
	for r, k := range s.ranks {
		saveSketch(w, k, rankNames[r], encodeChatter, nil)
	}
	saveSketch(w, s.terms, "terms", encodeTerm, encodeLabels)
	saveSketch(w, s.emotes, "emotes", encodeTerm, encodeLabels)
	s.saveWaves(w)
	s.saveLists(w)
	s.saveShed(w)
	s.saveHead(w)
	return w.parts
}

type partWriter struct {
	all   bool
	parts []Part
	e     encoder
}

// begin returns the encoder for the next part.
func (w *partWriter) begin() *encoder {
	w.e.b = append(w.e.b[:0], partVersion)
	return &w.e
}

func (w *partWriter) end(name string) {
	w.parts = append(w.parts, Part{Name: name, Data: slices.Clone(w.e.b)})
}

func (w *partWriter) drop(name string) { w.parts = append(w.parts, Part{Name: name}) }

// each calls f for the dirty ones of n pages, or for all, and cleans them.
func (w *partWriter) each(dirty pages, n int, f func(page int)) {
	if !w.all {
		dirty.take(f)
		return
	}
	for i := range n {
		f(i)
	}
	clear(dirty)
}

func pageCount(n, size int) int { return (n + size - 1) / size }

func partName(prefix string, n int64) string { return fmt.Sprintf("%s%d", prefix, n) }

func (s *Session) saveTier(w *partWriter, t *tier, name string) {
	for _, no := range t.gone {
		w.drop(partName(name, no))
	}
	t.gone = nil
	for _, p := range t.ring {
		if p == nil || !p.dirty && !w.all {
			continue
		}
		e := w.begin()
		var mask uint64
		for i := range p.cells {
			if p.cells[i] != (cell{}) {
				mask |= 1 << i
			}
		}
		e.uint(mask)
		for m := mask; m != 0; m &= m - 1 {
			encodeCell(e, &p.cells[bits.TrailingZeros64(m)])
		}
		w.end(partName(name, p.no))
		p.dirty, p.saved = false, true
	}
}

func encodeCell(e *encoder, c *cell) {
	for _, n := range c.n {
		e.uint(uint64(n))
	}
	e.uint(uint64(c.voices))
	e.int(c.sum)
	e.int(c.moodSum)
}

func (s *Session) saveRecent(w *partWriter) {
	r := &s.recent
	w.each(r.dirty, pageCount(len(r.recs), recentPage), func(p int) {
		e := w.begin()
		for pos := p * recentPage; pos < min((p+1)*recentPage, len(r.recs)); pos++ {
			rec := &r.recs[pos]
			e.fixed(r.ids[pos])
			e.fixed(rec.user)
			e.uint(uint64(rec.sec))
			e.int(int64(rec.value))
			e.uint(uint64(rec.flags))
			e.uint(uint64(rec.terms))
			known := false
			r.termsOf(rec, func(uint32, bool) { known = true })
			if !known {
				e.uint(0)
				e.uint(0)
				continue
			}
			e.uint(uint64(rec.words))
			e.uint(uint64(rec.emotes))
			r.termsOf(rec, func(h uint32, _ bool) { e.half(h) })
		}
		w.end(partName("recent/", int64(p)))
	})
}

func (s *Session) saveDistinct(w *partWriter) {
	d := &s.distinct
	if d.hll != nil {
		for i := range d.dropped {
			w.drop(partName("chatters/", int64(i)))
		}
		d.dropped = 0
		if d.dirty || w.all {
			e := w.begin()
			// It fails only for a sketch without a precision.
			e.b, _ = d.hll.AppendBinary(e.b)
			w.end("chatters/estimate")
		}
		d.dirty = false
		return
	}
	chunk := func(no int, hashes []uint64) {
		e := w.begin()
		for _, h := range hashes {
			e.fixed(h)
		}
		w.end(partName("chatters/", int64(no)))
	}
	if d.rewrite || w.all {
		d.full, d.tail, d.chunk = nil, d.tail[:0], 0
		d.set.each(func(h uint64) {
			d.tail = append(d.tail, h)
			if len(d.tail) == distinctChunk {
				chunk(d.chunk, d.tail)
				d.chunk++
				d.tail = d.tail[:0]
			}
		})
	}
	for i, hashes := range d.full {
		chunk(d.chunk-len(d.full)+i, hashes)
	}
	if (d.dirty || w.all) && len(d.tail) > 0 {
		chunk(d.chunk, d.tail)
	}
	d.full, d.rewrite, d.dirty = nil, false, false
}

func (s *Session) saveActive(w *partWriter) {
	a := &s.active
	for i, no := range a.saved {
		if no != 0 && no+activeSlots <= a.head {
			w.drop(partName("active/", int64(no)))
			a.saved[i] = 0
		}
	}
	first := a.head - min(a.head, activeSlots-1)
	var lists [activeSlots][]*activeEntry
	for i := range a.slots {
		e := &a.slots[i]
		if e.hash == 0 {
			continue
		}
		if j := e.last / activeSlot % activeSlots; a.dirty[j] || w.all {
			lists[j] = append(lists[j], e)
		}
	}
	for no := first; no <= a.head; no++ {
		j := no % activeSlots
		if !a.dirty[j] && !w.all {
			continue
		}
		a.dirty[j] = false
		if len(lists[j]) == 0 {
			if a.saved[j] != 0 {
				w.drop(partName("active/", int64(a.saved[j])))
				a.saved[j] = 0
			}
			continue
		}
		e := w.begin()
		for _, x := range lists[j] {
			e.fixed(x.hash)
			e.uint(uint64(x.last - no*activeSlot))
			e.uint(uint64(x.voice))
		}
		w.end(partName("active/", int64(no)))
		a.saved[j] = no
	}
}

func saveSketch[P any](w *partWriter, k *sketch[P], name string, names, counts func(e *encoder, p *P)) {
	n := len(k.hashes)
	w.each(k.dirtyNames, pageCount(n, sketchPage), func(p int) {
		e := w.begin()
		for i := p * sketchPage; i < min((p+1)*sketchPage, n); i++ {
			e.fixed(k.hashes[i])
			e.uint(uint64(k.errs[i]))
			names(e, &k.payload[i])
		}
		w.end(partName(name+"/names/", int64(p)))
	})
	w.each(k.dirtyCounts, pageCount(n, sketchPage), func(p int) {
		e := w.begin()
		for i := p * sketchPage; i < min((p+1)*sketchPage, n); i++ {
			e.uint(uint64(k.counts[i]))
			if counts != nil {
				counts(e, &k.payload[i])
			}
		}
		w.end(partName(name+"/counts/", int64(p)))
	})
	w.each(k.dirtyFilter, pageCount(len(k.filter), filterPage), func(p int) {
		e := w.begin()
		for _, c := range k.filter[p*filterPage : (p+1)*filterPage] {
			e.uint(uint64(c))
		}
		w.end(partName(name+"/filter/", int64(p)))
	})
}

func encodeChatter(e *encoder, c *chatter) {
	e.string(c.login)
	e.string(c.name)
}

func encodeTerm(e *encoder, t *term) {
	e.string(t.text)
	e.string(t.emoteID)
}

func encodeLabels(e *encoder, t *term) {
	for _, n := range t.labels {
		e.uint(uint64(n))
	}
}

func (s *Session) saveWaves(w *partWriter) {
	x := &s.waves
	w.each(x.dirtySets, waveSets/waveSetPage, func(p int) {
		e := w.begin()
		for i := p * waveSetPage; i < (p+1)*waveSetPage; i++ {
			for j := range x.table[i] {
				if c := &x.table[i][j]; !c.over(uint32(s.headSec)) {
					e.uint(uint64((i-p*waveSetPage)*waveWays + j))
					encodeCandidate(e, c)
				}
			}
		}
		w.end(partName("waves/", int64(p)))
	})
	if !x.dirtyList && !w.all {
		return
	}
	x.dirtyList = false
	e := w.begin()
	e.uint(uint64(len(x.list)))
	for i := range x.list {
		v := &x.list[i]
		e.uint(uint64(v.no))
		e.string(v.Text)
		e.int(int64(v.Count))
		e.int(int64(v.Chatters))
		e.time(v.From)
		e.time(v.To)
		e.uint(uint64(len(v.users)))
		for _, h := range v.users {
			e.fixed(h)
		}
	}
	w.end("waves")
}

func encodeCandidate(e *encoder, c *candidate) {
	e.fixed(c.key)
	e.uint(uint64(c.first))
	e.uint(uint64(c.last))
	e.uint(uint64(c.wave))
	e.uint(uint64(c.nUsers))
	for i := range int(c.nUsers) {
		e.fixed(c.users[i])
		e.uint(uint64(c.at[i]))
	}
	e.uint(uint64(c.nMember))
	for _, seq := range c.members[:c.nMember] {
		e.uint(seq)
	}
}

func (s *Session) saveLists(w *partWriter) {
	if s.dirty.gaps || w.all {
		e := w.begin()
		e.uint(uint64(len(s.gaps)))
		for _, g := range s.gaps {
			e.time(g.From)
			e.time(g.To)
			e.string(g.Reason)
		}
		w.end("gaps")
	}
	if s.dirty.marks || w.all {
		e := w.begin()
		e.uint(uint64(len(s.marks)))
		for _, m := range s.marks {
			e.time(m.At)
			e.string(m.Kind)
			e.string(m.Name)
			e.int(int64(m.Count))
			e.string(m.Text)
		}
		w.end("marks")
	}
	if s.dirty.moments || w.all {
		e := w.begin()
		e.uint(uint64(len(s.moments)))
		for i := range s.moments {
			m := &s.moments[i]
			e.string(m.ID)
			e.string(m.Kind)
			e.time(m.From)
			e.time(m.To)
			e.float(m.Peak)
			e.string(m.Label)
		}
		w.end("moments")
	}
	s.dirty.gaps, s.dirty.marks, s.dirty.moments = false, false, false

	e := w.begin()
	e.uint(uint64(s.span.messages))
	for i := range s.span.n {
		e.uint(uint64(s.span.n[i]))
		if s.span.n[i] > 0 {
			e.half(s.span.hash[i])
		}
	}
	w.end("span")
}

// countFields lists the fields of counts in the order of a checkpoint.
func countFields(c *Counts) []*int {
	return []*int{
		&c.Total, &c.Positive, &c.Neutral, &c.Negative, &c.Unsure, &c.Unscored, &c.Deleted, &c.Bots,
		&c.Commands, &c.Mirrored, &c.Waves, &c.First, &c.Questions,
	}
}

// saveHead writes what is small and changes always, and which other parts
// belong to the checkpoint.
func (s *Session) saveHead(w *partWriter) {
	e := w.begin()
	e.string(s.id)
	e.string(s.channel)
	e.time(s.start)
	e.int(s.firstSec)
	e.int(s.headSec)
	e.bool(s.ended)
	e.time(s.endedAt)

	e.string(string(s.status.State))
	e.string(s.status.Code)
	e.string(s.status.Reason)
	e.time(s.status.Since)

	for _, n := range countFields(&s.counts) {
		e.int(int64(*n))
	}
	e.int(int64(s.subscribers))
	encodeCell(e, &s.all)
	e.uint(uint64(s.peak))
	e.int(s.peakSec)

	e.uint(uint64(len(s.notices)))
	for _, h := range s.notices {
		e.fixed(h)
	}
	e.int(s.evaluated)
	encodeDetector(e, &s.hype)
	encodeDetector(e, &s.mood)
	e.uint(uint64(s.momentNo))
	e.int(s.warmup)
	e.int(s.leap.sec)
	e.uint(s.leap.seq)

	o := &s.opts
	for _, n := range [...]int{o.ExactChatters, o.TopChatters, o.LabelChatters, o.Terms, o.Emotes, o.RecentMessages} {
		e.uint(uint64(n))
	}
	e.uint(s.recent.next)
	e.uint(uint64(s.recent.termNext))
	e.bool(s.distinct.hll != nil)
	e.uint(uint64(s.distinct.set.n))
	e.uint(uint64(s.active.head))
	e.uint(uint64(s.active.level))
	e.uint(uint64(s.waves.next))

	for _, k := range s.ranks {
		encodeShape(e, k)
	}
	encodeShape(e, s.terms)
	encodeShape(e, s.emotes)
	for i := range s.tiers {
		var nos []int64
		for _, p := range s.tiers[i].ring {
			if p != nil {
				nos = append(nos, p.no)
			}
		}
		e.int(s.tiers[i].head)
		e.uint(uint64(len(nos)))
		for _, no := range nos {
			e.int(no)
		}
	}
	e.uint(uint64(len(s.active.saved)))
	for _, no := range s.active.saved {
		e.uint(uint64(no))
	}
	w.end("head")
}

func encodeShape[P any](e *encoder, k *sketch[P]) {
	e.uint(uint64(len(k.hashes)))
	e.uint(uint64(k.hand))
	e.bool(k.filter != nil)
}

func encodeDetector(e *encoder, d *detector) {
	e.uint(uint64(d.no))
	e.string(d.kind)
	e.uint(uint64(d.above))
	e.uint(uint64(d.below))
	e.int(d.ready)
	e.float(d.base)
	e.string(d.last)
	e.float(d.raised)
	e.int(d.raisedAt)
	e.float(d.mood)
	e.float(d.usualMood)
}
