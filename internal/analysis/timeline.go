package analysis

import (
	"time"

	"chatmood/internal/sentiment"
)

// scoreUnit is the resolution in which scores are added up: whole numbers of
// 1/10,000, so that sums are exact whatever the order, and what is taken back
// out leaves nothing behind.
const scoreUnit = 10_000

// pageLen is the number of buckets of a page. A tier comes and goes in pages.
const pageLen = 60

// The tiers of the timeline, finest first: step in seconds, and how many pages
// of 60 buckets are kept. Every message is counted in all tiers at once, so
// that the sums of a coarse bucket are those of the fine ones in it. What
// leaves the coarsest tier is gone from the timeline, not from the counts.
var tierShapes = [...]struct {
	step, pages int64
	name        string
}{
	{1, 11, "timeline/1/"},   // at least 10 minutes
	{10, 37, "timeline/10/"}, // at least 6 hours
	{60, 49, "timeline/60/"}, // at least 48 hours
}

// fineWindow is the span that the one-second tier always holds.
const fineWindow = 10 * 60 // seconds

// cell is one bucket: messages by label, the sum of their scores, and the same
// for the messages that count for the mood.
type cell struct {
	n       [3]uint32 // by sentiment.Label
	voices  uint32
	sum     int64 // scoreUnit
	moodSum int64 // scoreUnit
}

func (c *cell) total() uint32 { return c.n[0] + c.n[1] + c.n[2] }

func (c *cell) add(o *cell) {
	for i := range c.n {
		c.n[i] += o.n[i]
	}
	c.voices += o.voices
	c.sum += o.sum
	c.moodSum += o.moodSum
}

func (c *cell) sub(o *cell) {
	for i := range c.n {
		c.n[i] -= min(c.n[i], o.n[i])
	}
	c.voices -= min(c.voices, o.voices)
	c.sum -= o.sum
	c.moodSum -= o.moodSum
}

func (c *cell) bucket(t int64) Bucket {
	return Bucket{
		T: t, Positive: int(c.n[sentiment.Positive]), Neutral: int(c.n[sentiment.Neutral]), Negative: int(c.n[sentiment.Negative]),
		Sum: float64(c.sum) / scoreUnit, Voices: int(c.voices), VoiceSum: float64(c.moodSum) / scoreUnit,
	}
}

// page is a minute, ten minutes or an hour of buckets.
type page struct {
	no    int64 // Unix time / (pageLen × step)
	dirty bool
	saved bool // the checkpoint holds it
	cells [pageLen]cell
}

// tier is the timeline at one resolution: a ring of pages, made when the first
// message falls into them.
type tier struct {
	step int64 // seconds
	head int64 // number of the newest page
	ring []*page
	gone []int64 // pages dropped that the checkpoint still holds
}

// noPage is the head of a tier without pages: before all times.
const noPage = -1 << 32

func newTier(step, pages int64) tier {
	return tier{step: step, head: noPage, ring: make([]*page, pages)}
}

// at returns the bucket of a Unix time, nil where there is none.
func (t *tier) at(sec int64) *cell {
	if sec < 0 {
		return nil
	}
	p := t.pageOf(sec)
	if p == nil {
		return nil
	}
	return &p.cells[sec/t.step%pageLen]
}

// pageOf returns the page of a Unix time, nil where there is none.
func (t *tier) pageOf(sec int64) *page {
	no := sec / (pageLen * t.step)
	p := t.ring[no%int64(len(t.ring))]
	if p == nil || p.no != no {
		return nil
	}
	return p
}

// touch returns the bucket of a Unix time to change it, making its page where
// needed; nil when the time is older than what the tier keeps.
func (t *tier) touch(sec int64) *cell {
	no := sec / (pageLen * t.step)
	slot := &t.ring[no%int64(len(t.ring))]
	if p := *slot; p == nil || p.no != no {
		switch {
		case no > t.head:
			t.advance(no)
		case no <= t.head-int64(len(t.ring)):
			return nil
		}
		*slot = &page{no: no}
	}
	p := *slot
	p.dirty = true
	return &p.cells[sec/t.step%pageLen]
}

func (t *tier) advance(head int64) {
	t.head = head
	for i, p := range t.ring {
		if p != nil && p.no <= head-int64(len(t.ring)) {
			if p.saved {
				t.gone = append(t.gone, p.no)
			}
			t.ring[i] = nil
		}
	}
}

// oldest returns the Unix time from which on the tier holds everything that
// came in time.
func (t *tier) oldest() int64 {
	return max(0, (t.head-int64(len(t.ring))+1)*pageLen*t.step)
}

// each calls f for every bucket with messages from the Unix time from up to
// but without to, in order.
func (t *tier) each(from, to int64, f func(sec int64, c *cell)) {
	span := pageLen * t.step
	first := max(from/span, t.head-int64(len(t.ring))+1)
	last := min((to-1)/span, t.head)
	for no := max(first, 0); no <= last; no++ {
		p := t.ring[no%int64(len(t.ring))]
		if p == nil || p.no != no {
			continue
		}
		for i := max(0, from-no*span+t.step-1) / t.step; i < pageLen; i++ {
			sec := no*span + i*t.step
			if sec >= to {
				break
			}
			if p.cells[i].total() > 0 {
				f(sec, &p.cells[i])
			}
		}
	}
}

// sum adds up the buckets that begin in [from, to).
func (t *tier) sum(from, to int64) cell {
	var c cell
	span := pageLen * t.step
	for sec := (max(from, 0) + t.step - 1) / t.step * t.step; sec < to; {
		end := min(to, sec-sec%span+span)
		if p := t.pageOf(sec); p != nil {
			cells := p.cells[sec/t.step%pageLen : (end-1)/t.step%pageLen+1]
			for i := range cells {
				c.add(&cells[i])
			}
		}
		sec = (end + t.step - 1) / t.step * t.step
	}
	return c
}

// messages returns how many messages the one-second buckets in [from, to) hold.
func (t *tier) messages(from, to int64) uint32 {
	n := uint32(0)
	for sec := max(from, 0); sec < to; {
		end := min(to, sec-sec%pageLen+pageLen)
		if p := t.pageOf(sec); p != nil {
			for i := sec % pageLen; i <= (end-1)%pageLen; i++ {
				n += p.cells[i].total()
			}
		}
		sec = end
	}
	return n
}

// maxAutoBuckets is how many buckets a timeline has about at most when the
// step is left to us.
const maxAutoBuckets = 1500

// Timeline returns the buckets from from up to but without to in steps of 1,
// 10 or 60 seconds. A zero from means the beginning, a zero to the end. With
// step 0, or any other number, it takes the finest step that covers the span
// and needs no more than about 1,500 buckets. Seconds are kept for the last 10
// minutes, steps of ten seconds for the last 6 hours and minutes for the last
// 48 hours; what is older is left out of the answer.
func (s *Session) Timeline(from, to time.Time, step int) Timeline {
	begin, end := s.startSec, max(s.headSec, s.evaluated)+1
	if s.firstSec != 0 {
		begin = min(begin, s.firstSec)
	}
	if !from.IsZero() {
		begin = max(0, from.Unix())
	}
	if !to.IsZero() {
		end = clampSec(to.Unix())
		if to.Nanosecond() > 0 {
			end++ // the bucket that to falls into belongs to the span
		}
	}
	end = max(end, begin)

	t := &s.tiers[len(s.tiers)-1]
	for i := range s.tiers {
		c := &s.tiers[i]
		if int64(step) == c.step {
			t = c
			break
		}
		if step != 1 && step != 10 && step != 60 && (end-begin)/c.step <= maxAutoBuckets && begin >= c.oldest() {
			t = c
			break
		}
	}
	begin = max(begin, min(t.oldest(), end))
	begin -= begin % t.step
	if r := end % t.step; r != 0 {
		end += t.step - r
	}

	tl := Timeline{
		Step: int(t.step), From: time.Unix(begin, 0).UTC(), To: time.Unix(end, 0).UTC(),
		Buckets: []Bucket{}, Gaps: []Gap{}, Marks: []Mark{}, Moments: []Moment{},
	}
	t.each(begin, end, func(sec int64, c *cell) { tl.Buckets = append(tl.Buckets, c.bucket(sec)) })
	for _, g := range s.gaps {
		if g.To.After(tl.From) && g.From.Before(tl.To) {
			tl.Gaps = append(tl.Gaps, g)
		}
	}
	for _, m := range s.marks {
		if !m.At.Before(tl.From) && m.At.Before(tl.To) {
			tl.Marks = append(tl.Marks, m)
		}
	}
	for i := range s.moments {
		if m := &s.moments[i]; m.From.Before(tl.To) && (m.To.IsZero() || m.To.After(tl.From)) {
			tl.Moments = append(tl.Moments, *m)
		}
	}
	return tl
}

// Tail returns those of the last n one-second buckets up to now that have
// messages, oldest first.
func (s *Session) Tail(now time.Time, n int) []Bucket {
	end := s.nowSec(now) + 1
	n = min(max(n, 0), fineWindow)
	tail := make([]Bucket, 0, n)
	s.tiers[0].each(end-int64(n), end, func(sec int64, c *cell) { tail = append(tail, c.bucket(sec)) })
	return tail
}
