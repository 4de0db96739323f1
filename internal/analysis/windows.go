package analysis

import (
	"math"
	"time"
)

const (
	moodHalfLife = 30     // seconds
	moodReach    = 5 * 60 // seconds; what is older weighs under a thousandth
	trendSpan    = 60     // seconds
	rateSpan     = 10     // seconds; Rate.Now and Rate.Peak
	minCovered   = 5      // seconds; shorter spans of reading do not make a rate
	maxSec       = 1<<32 - 1
)

// clampSec brings Unix seconds into the range that is stored.
func clampSec(sec int64) int64 { return min(max(sec, 0), maxSec) }

// nowSec returns the second that now falls into, never before the newest
// message and never after the end of a stopped session.
func (s *Session) nowSec(now time.Time) int64 {
	if s.ended {
		now = s.endedAt
	}
	return max(clampSec(now.Unix()), s.headSec)
}

// smooth returns the mood at the end of the second sec, and what it was
// trendSpan before: the mean score, in which a message weighs half for each
// moodHalfLife of its age. It is made from the one-second buckets each time, so
// late and deleted messages count where they belong.
func (s *Session) smooth(sec int64) (now, before *float64) {
	decay := math.Exp2(-1.0 / moodHalfLife)
	// The two means share most of their messages, and a factor that all weights
	// have in common makes no difference: so one pass is enough.
	var parts [3]struct{ w, sum float64 } // younger than trendSpan; older; too old for the first mean
	last := min(sec, s.headSec)
	for t := last; t >= 0 && t > sec-moodReach-trendSpan; {
		p := s.tiers[0].pageOf(t)
		first := max(t-t%pageLen, sec-moodReach-trendSpan+1, 0)
		if p != nil {
			k := math.Exp2(-float64(sec-t) / moodHalfLife)
			for i := t; i >= first; i-- {
				if c := &p.cells[i%pageLen]; c.voices > 0 {
					part := &parts[1]
					switch {
					case i > sec-trendSpan:
						part = &parts[0]
					case i <= sec-moodReach:
						part = &parts[2]
					}
					part.w += k * float64(c.voices)
					part.sum += k * float64(c.moodSum)
				}
				k *= decay
			}
		}
		t = first - 1
	}
	mean := func(a, b int) *float64 {
		w := parts[a].w + parts[b].w
		if w == 0 {
			return nil
		}
		m := (parts[a].sum + parts[b].sum) / w / scoreUnit
		return &m
	}
	return mean(0, 1), mean(1, 2)
}

// sum adds up the buckets of a tier that begin in [from, to), whole coarser
// ones in their place where there are: they are exactly the sum of the fine
// ones, as far back as those are kept.
func (s *Session) sum(tier int, from, to int64) cell {
	t := &s.tiers[tier]
	to = min(to, s.headSec+1)
	if tier+1 == len(s.tiers) {
		return t.sum(from, to)
	}
	coarse := s.tiers[tier+1].step
	a := (max(from, 0) + coarse - 1) / coarse * coarse
	b := to / coarse * coarse
	if a >= b {
		return t.sum(from, to)
	}
	c := t.sum(from, a)
	for _, x := range [...]cell{s.sum(tier+1, a, b), t.sum(b, to)} {
		c.add(&x)
	}
	return c
}

func (c *cell) mood() *float64 {
	if c.voices == 0 {
		return nil
	}
	m := float64(c.moodSum) / float64(c.voices) / scoreUnit
	return &m
}

// Mood returns how the channel feels at an instant. The windows of 15 and 60
// minutes are made of buckets of ten seconds, so they begin up to ten seconds
// later than the minute. A span that was not read adds nothing to any of them.
func (s *Session) Mood(now time.Time) Mood {
	sec := s.nowSec(now)
	var m Mood
	var before *float64
	if m.Now, before = s.smooth(sec); m.Now != nil && before != nil {
		m.Trend = *m.Now - *before
	}
	window := func(tier int, span int64) *float64 {
		c := s.sum(tier, sec+1-span, sec+1)
		return c.mood()
	}
	m.M1, m.M5 = window(0, 60), window(0, 5*60)
	m.M15, m.M60 = window(1, 15*60), window(1, 60*60)
	m.All = s.all.mood()
	return m
}

// Rate returns the speed of chat. Spans that were not read, and the time
// before the session began, do not count as silence: the messages are divided
// by the seconds that were read, at least 5.
func (s *Session) Rate(now time.Time) Rate {
	sec := s.nowSec(now)
	if s.ended {
		now = s.endedAt
	}
	end := float64(sec + 1)
	if now.Unix() == sec {
		end = float64(sec) + float64(now.Nanosecond())/1e9
	}
	perMinute := func(span int64) float64 {
		c := s.sum(0, sec+1-span, sec+1)
		return float64(c.total()) * 60 / max(s.covered(float64(sec+1-span), end), minCovered)
	}
	return Rate{
		Now: perMinute(rateSpan), M1: perMinute(60), M5: perMinute(5 * 60),
		Peak: float64(s.peak) * 60 / rateSpan, PeakAt: s.peakAt(),
	}
}

func (s *Session) peakAt() time.Time {
	if s.peak == 0 {
		return time.Time{}
	}
	return time.Unix(s.peakSec, 0).UTC()
}

// raisePeak looks at the spans of ten seconds that a new message at sec is in.
// A message that is deleted later does not lower the peak.
func (s *Session) raisePeak(sec int64) {
	t := &s.tiers[0]
	n := t.messages(sec-rateSpan+1, sec)
	for end := sec; end <= min(sec+rateSpan-1, s.headSec); end++ {
		n += t.messages(end, end+1)
		if n > s.peak {
			s.peak, s.peakSec = n, end
		}
		n -= t.messages(end-rateSpan+1, end-rateSpan+2)
	}
}

// covered returns how many seconds of [from, to) were read.
func (s *Session) covered(from, to float64) float64 {
	from = max(from, float64(s.beginSec()))
	if to <= from {
		return 0
	}
	c := to - from
	for i := len(s.gaps) - 1; i >= 0; i-- {
		g := &s.gaps[i]
		a, b := max(unix(g.From), from), min(unix(g.To), to)
		if b > a {
			c -= b - a
		}
		if unix(g.To) <= from {
			break
		}
	}
	return max(c, 0)
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1e3 }

// beginSec returns the second from which on there may be messages.
func (s *Session) beginSec() int64 {
	if s.firstSec != 0 {
		return min(s.startSec, s.firstSec)
	}
	return s.startSec
}
