package analysis

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"chatmood/internal/source"
)

// The detectors look at each second once, settleTime after it, when late
// messages have come in. They compare the last seconds with a baseline: the
// mean of the ten minutes before, without the last half minute, in which newer
// seconds weigh more (time constant 180 s) and seconds that were not read do
// not count. It is made from the one-second buckets each time.
const (
	settleTime   = 2   // seconds
	baselineFrom = 600 // seconds ago
	baselineTo   = 30  // seconds ago
	baselineTau  = 180 // seconds
	minBaseline  = 60  // seconds that must have been read in it

	moodSpan = 20 // seconds whose mean is compared with the baseline

	hypeFactor    = 2.0 // times the usual rate, to begin
	hypeFactorEnd = 1.3 // … to go on
	hypeSigmas    = 3.5 // and by so many standard deviations of the baseline's spans of ten seconds
	hypeMinimum   = 8   // and so many messages in rateSpan

	moodStep       = 0.30 // away from the usual mood, to begin
	moodStepEnd    = 0.15 // … to go on
	moodSigmas     = 3.0  // and by so many standard errors
	moodDeviation  = 0.5  // of a message's score, for the standard error
	moodMinimum    = 8    // messages in moodSpan
	moodSide       = 0.1  // a positive mood is above it, a negative one below its negative
	moodBaseWeight = 20   // messages in the baseline

	beginAfter = 3  // seconds in a row
	endAfter   = 5  // seconds in a row
	minMoment  = 5  // seconds
	cooldown   = 20 // seconds between moments of one kind
	maxMoments = 500
)

// detector follows one kind of moment.
type detector struct {
	no    int    // of the moment that lasts, 0: none
	kind  string // its kind
	above int    // seconds in a row that would begin one
	below int    // seconds in a row that would end it
	ready int64  // no new one begins before
	base  float64
	last  string // kind that above counts for
}

// levels is what the detectors see at one second.
type levels struct {
	n        float64 // messages in the last rateSpan
	usual    float64 // messages that are usual in rateSpan
	spread   float64 // its standard deviation, at least that of a random (Poisson) stream
	baseSecs float64 // seconds read in the baseline
	voices   float64
	mood     float64 // mean of the last moodSpan
	baseMood float64
	baseN    float64 // weight of the mood's baseline, in messages
}

func (s *Session) levels(sec int64) levels {
	var l levels
	t := &s.tiers[0]
	decay := math.Exp(-1.0 / baselineTau)
	from := max(sec-baselineFrom+1, s.beginSec())
	gaps := s.gapsAfter(from)
	var w, n, v, m, sum float64
	for i := from; i <= sec-baselineTo; {
		p := t.pageOf(i)
		for end := min(sec-baselineTo, i-i%pageLen+pageLen-1); i <= end; i++ {
			if len(gaps) > 0 && inGaps(gaps, i) {
				continue
			}
			w, n, v, m = w*decay+1, n*decay, v*decay, m*decay
			l.baseSecs++
			if p != nil {
				c := &p.cells[i%pageLen]
				n += float64(c.total())
				v += float64(c.voices)
				m += float64(c.moodSum)
			}
		}
	}
	if w > 0 {
		l.usual = n / w * rateSpan
	}
	l.spread = s.spread(from, sec-baselineTo, l.usual, gaps)
	if v > 0 {
		l.baseN, l.baseMood = v, m/v/scoreUnit
	}
	for i := max(sec-moodSpan+1, 0); i <= sec; i++ {
		c := t.at(i)
		if c == nil {
			continue
		}
		if i > sec-rateSpan {
			l.n += float64(c.total())
		}
		l.voices += float64(c.voices)
		sum += float64(c.moodSum)
	}
	if l.voices > 0 {
		l.mood = sum / l.voices / scoreUnit
	}
	return l
}

// spread returns the standard deviation of the messages in spans of ten
// seconds. Chat comes in bursts: where it always does, one more is no moment.
func (s *Session) spread(from, to int64, usual float64, gaps []Gap) float64 {
	decay := math.Exp(-float64(rateSpan) / baselineTau)
	t := &s.tiers[1]
	var w, sum float64
	for i := (from + rateSpan - 1) / rateSpan * rateSpan; i+rateSpan <= to+1; i += rateSpan {
		if len(gaps) > 0 && (inGaps(gaps, i) || inGaps(gaps, i+rateSpan-1)) {
			continue
		}
		n := 0.0
		if c := t.at(i); c != nil {
			n = float64(c.total())
		}
		w, sum = w*decay+1, sum*decay+(n-usual)*(n-usual)
	}
	if w == 0 {
		return math.Sqrt(usual + 1)
	}
	return math.Sqrt(max(sum/w, usual+1))
}

func (s *Session) gapsAfter(sec int64) []Gap {
	i := len(s.gaps)
	for i > 0 && s.gaps[i-1].To.Unix() >= sec {
		i--
	}
	return s.gaps[i:]
}

func inGaps(gaps []Gap, sec int64) bool {
	for i := range gaps {
		if sec >= gaps[i].From.Unix() && sec <= gaps[i].To.Unix() {
			return true
		}
	}
	return false
}

// evaluate runs the detectors up to the second to.
func (s *Session) evaluate(to int64) {
	for s.evaluated < to {
		if s.hype.no == 0 && s.mood.no == 0 && s.evaluated > s.headSec+baselineTo {
			s.evaluated = to // silence: nothing can begin
			return
		}
		s.evaluated++
		s.span.fade(s.evaluated, s.hype.no != 0 || s.mood.no != 0)
		l := s.levels(s.evaluated)
		s.detectHype(&l)
		s.detectMood(&l)
	}
}

func (s *Session) detectHype(l *levels) {
	d := &s.hype
	if d.no == 0 {
		begins := l.baseSecs >= minBaseline && l.n >= hypeMinimum &&
			l.n >= hypeFactor*l.usual && l.n >= l.usual+hypeSigmas*l.spread
		if d.wait(begins, "hype", s.evaluated) {
			d.base = l.usual
			s.begin(d, s.hypeStart(l.usual), l.n*60/rateSpan)
		}
		return
	}
	m := s.moment(d.no)
	if m == nil {
		*d = detector{}
		return
	}
	if peak := l.n * 60 / rateSpan; peak > m.Peak {
		m.Peak = peak
		s.dirty.moments = true
	}
	if d.over(l.n < hypeFactorEnd*l.usual || l.n < hypeMinimum/2) {
		s.end(d, s.evaluated+1-endAfter)
	}
}

// hypeStart returns the first of the last seconds that was busier than usual.
func (s *Session) hypeStart(usual float64) int64 {
	first := s.evaluated - rateSpan - beginAfter + 2
	for i := first; i < s.evaluated; i++ {
		if c := s.tiers[0].at(i); c != nil && float64(c.total())*rateSpan >= hypeFactor*usual && c.total() > 0 {
			return i
		}
	}
	return s.evaluated
}

func (s *Session) detectMood(l *levels) {
	d := &s.mood
	away := l.mood - l.baseMood
	if d.no == 0 {
		begins := l.voices >= moodMinimum && l.baseN >= moodBaseWeight && l.baseSecs >= minBaseline &&
			math.Abs(away) >= moodStep && math.Abs(away) >= moodSigmas*moodDeviation/math.Sqrt(l.voices)
		kind := ""
		switch {
		case away > 0 && l.mood >= moodSide:
			kind = "positive"
		case away < 0 && l.mood <= -moodSide:
			kind = "negative"
		default:
			begins = false
		}
		if d.wait(begins, kind, s.evaluated) {
			d.base = l.baseMood
			s.begin(d, s.evaluated-moodSpan/2, l.mood)
		}
		return
	}
	m := s.moment(d.no)
	if m == nil {
		*d = detector{}
		return
	}
	if l.voices >= moodMinimum && (d.kind == "positive" && l.mood > m.Peak || d.kind == "negative" && l.mood < m.Peak) {
		m.Peak = l.mood
		s.dirty.moments = true
	}
	if d.kind == "negative" {
		away = -away
	}
	if d.over(away < moodStepEnd || l.voices < moodMinimum/2) {
		s.end(d, s.evaluated+1-endAfter)
	}
}

// wait reports whether a moment of a kind begins, after it should for some
// seconds in a row.
func (d *detector) wait(begins bool, kind string, sec int64) bool {
	switch {
	case !begins || sec < d.ready:
		d.above, d.last = 0, ""
		return false
	case kind != d.last:
		d.above, d.last = 0, kind
	}
	d.above++
	if d.above < beginAfter {
		return false
	}
	d.above, d.kind = 0, kind
	return true
}

func (d *detector) over(below bool) bool {
	if !below {
		d.below = 0
		return false
	}
	d.below++
	return d.below >= endAfter
}

func (s *Session) begin(d *detector, sec int64, peak float64) {
	s.momentNo++
	d.no, d.below = s.momentNo, 0
	m := Moment{ID: strconv.Itoa(d.no), Kind: d.kind, From: time.Unix(max(sec, s.beginSec()), 0).UTC(), Peak: peak}
	m.Label = s.label(d, &m)
	s.moments = append(s.moments, m)
	if len(s.moments) > maxMoments {
		s.moments = slices.Delete(s.moments, 0, 1)
	}
	s.tell(m)
}

func (s *Session) end(d *detector, sec int64) {
	if m := s.moment(d.no); m != nil {
		m.To = time.Unix(max(sec, m.From.Unix()+minMoment), 0).UTC()
		m.Label = s.label(d, m)
		s.tell(*m)
	}
	*d = detector{ready: s.evaluated + cooldown}
}

// endMoments ends what lasts when the session does.
func (s *Session) endMoments(sec int64) {
	for _, d := range [...]*detector{&s.hype, &s.mood} {
		if d.no != 0 {
			s.end(d, sec)
		}
	}
}

// tell puts a moment among those that Tick returns next.
func (s *Session) tell(m Moment) {
	s.dirty.moments = true
	if len(s.pending) >= maxMoments {
		s.pending = slices.Delete(s.pending, 0, 1)
	}
	s.pending = append(s.pending, m)
}

func (s *Session) moment(no int) *Moment {
	id := strconv.Itoa(no)
	for i := len(s.moments) - 1; i >= 0; i-- {
		if s.moments[i].ID == id {
			return &s.moments[i]
		}
	}
	return nil
}

// label says in words what a moment is: by how much, and what people wrote.
func (s *Session) label(d *detector, m *Moment) string {
	var b strings.Builder
	if d.kind == "hype" {
		switch times := m.Peak * rateSpan / 60 / d.base; {
		case d.base < 0.5:
			fmt.Fprintf(&b, "Hype: %.0f messages a minute after silence", m.Peak)
		case times > 20:
			b.WriteString("Hype: more than 20 times the usual rate")
		case times < 3:
			fmt.Fprintf(&b, "Hype: %.1f times the usual rate", times)
		default:
			fmt.Fprintf(&b, "Hype: %.0f times the usual rate", times)
		}
	} else {
		fmt.Fprintf(&b, "Mood turned %s: %+.2f, usually %+.2f", d.kind, m.Peak, d.base)
	}
	for _, text := range s.remarkable(3) {
		b.WriteString(", " + text)
	}
	return b.String()
}

// Tick advances the session to now, which should be the time of day, and
// returns the moments that began or ended since the last call. Moments found
// but not yet returned are not part of a checkpoint (the list of moments is).
func (s *Session) Tick(now time.Time) []Moment {
	if !s.ended {
		to := clampSec(now.Unix()) - settleTime
		switch s.status.State {
		case source.Reconnecting, source.Failed:
			s.evaluated = max(s.evaluated, to) // an outage is no silence
		default:
			s.evaluate(to)
		}
	}
	out := s.pending
	s.pending = nil
	return out
}

// span counts the words and emotes of the last seconds, or of the moments that
// last: small, and good enough to name the most frequent ones. Where two fall
// into one slot the more frequent stays (Boyer and Moore's majority vote).
type span struct {
	hash     [spanSlots]uint32
	n        [spanSlots]uint16
	messages uint32
}

const (
	spanSlots = 128
	spanFade  = 15 // seconds
	spanLeast = 3  // occurrences to be named
)

func (p *span) add(h uint64) {
	i := h >> 32 % spanSlots
	switch {
	case p.n[i] == 0:
		p.hash[i], p.n[i] = uint32(h), 1
	case p.hash[i] != uint32(h):
		p.n[i]--
	case p.n[i] < math.MaxUint16:
		p.n[i]++
	}
}

// fade lets old words go while no moment lasts.
func (p *span) fade(sec int64, lasting bool) {
	if lasting || sec%spanFade != 0 {
		return
	}
	for i := range p.n {
		p.n[i] /= 4
	}
	p.messages /= 4
}

// remarkable returns the k words and emotes that the messages of the span hold
// most in excess of what they hold in the whole session.
func (s *Session) remarkable(k int) []string {
	var texts [spanSlots]string
	var excess [spanSlots]uint32
	for i, n := range s.span.n {
		if n < spanLeast {
			continue
		}
		h := s.span.hash[i]
		var count uint32
		if at := s.emotes.index.find32(h, s.emotes.hashes); at >= 0 {
			texts[i], count = s.emotes.payload[at].text, s.emotes.counts[at]
		} else if at := s.terms.index.find32(h, s.terms.hashes); at >= 0 {
			texts[i], count = s.terms.payload[at].text, s.terms.counts[at]
		} else {
			continue
		}
		usual := float64(count) / float64(max(s.counts.Total, 1)) * float64(s.span.messages)
		if x := float64(n) - usual; x > 1 {
			excess[i] = uint32(100 * x)
		}
	}
	var out []string
	for _, i := range topPositions(spanSlots, k, func(i int) uint32 { return excess[i] }, func(i, j int) bool { return texts[i] < texts[j] }) {
		out = append(out, texts[i])
	}
	return out
}
