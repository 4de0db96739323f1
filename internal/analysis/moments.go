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
// messages have come in, and compare the last seconds with the baseline.
const (
	settleTime = 2 // seconds

	hypeFactor    = 2.0 // times the usual rate, to begin
	hypeFactorEnd = 1.3 // … to go on
	hypeSigmas    = 3.5 // and by so many standard deviations of the baseline's spans of ten seconds
	hypeMinimum   = 8   // and so many messages in rateSpan

	moodSpan       = 20   // seconds whose mean is compared
	moodStep       = 0.30 // away from the usual mood, to begin
	moodStepEnd    = 0.15 // … to go on
	moodSigmas     = 3.0  // and by so many standard errors
	moodSwings     = 2.5  // and by so many standard deviations of the baseline's spans of moodSpan
	moodDeviation  = 0.5  // of a message's score, for the standard error
	moodMinimum    = 10   // messages in moodSpan
	moodSide       = 0.1  // a positive mood is above it, a negative one below its negative
	moodBaseWeight = 20   // messages in the baseline
	moodRate       = 0.7  // times the usual messages in moodSpan: a turn that nobody reacts to is none

	// Each moment raises the bar for the next of its kind by raise; what it was
	// raised by halves every raiseHalfLife. So a lively channel shows its
	// strongest moments, and a calm one shows all.
	raise         = 0.3
	raiseHalfLife = 600 // seconds

	beginAfter = 3  // seconds in a row
	endAfter   = 5  // seconds in a row
	minMoment  = 5  // seconds
	cooldown   = 60 // seconds between moments
	joinWithin = 60 // seconds after its beginning a turn of the mood becomes part of the hype that begins
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

	raised   float64 // by how much the bar was raised at raisedAt
	raisedAt int64

	mood, usualMood float64 // of a hype: the mood furthest from the usual one
}

// bar returns by what factor a moment must exceed the thresholds.
func (d *detector) bar(sec int64) float64 {
	return 1 + d.raised*math.Exp2(-float64(sec-d.raisedAt)/raiseHalfLife)
}

func (d *detector) raiseBar(sec int64) {
	d.raised, d.raisedAt = d.bar(sec)-1+raise, sec
}

// evaluate runs the detectors up to the second to.
func (s *Session) evaluate(to int64) {
	for s.evaluated < to {
		lasting := s.hype.no != 0 || s.mood.no != 0
		if !lasting && s.evaluated > s.headSec+baselineTo { // silence: nothing can begin
			s.span.fadeOver(s.evaluated, to)
			s.evaluated = to
			s.lookBack(false)
			return
		}
		s.evaluated++
		s.span.fade(s.evaluated, lasting)
		l := s.levels(s.evaluated)
		if lasting || l.n >= hypeMinimum || l.voices >= moodMinimum {
			l.baseline = s.baseline(s.evaluated)
			s.warmUp(&l.baseline)
			s.detectHype(&l)
			s.detectMood(&l)
		} else {
			s.hype.above, s.hype.last = 0, ""
			s.mood.above, s.mood.last = 0, ""
		}
		s.lookBack(false)
	}
}

func (s *Session) detectHype(l *levels) {
	d := &s.hype
	if d.no == 0 {
		bar := d.bar(s.evaluated)
		begins := l.secs >= minBaseline && l.n >= hypeMinimum &&
			l.n >= (1+(hypeFactor-1)*bar)*l.usual && l.n >= l.usual+hypeSigmas*bar*l.spread
		if d.wait(begins, "hype", s.evaluated) {
			d.base, d.mood, d.usualMood = l.usual, l.baseMood, l.baseMood
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
	if l.voices >= moodMinimum && math.Abs(l.mood-d.usualMood) > math.Abs(d.mood-d.usualMood) {
		d.mood = l.mood
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
		bar := d.bar(s.evaluated)
		far := math.Abs(away)
		begins := s.hype.no == 0 && l.voices >= moodMinimum && l.baseVoices >= moodBaseWeight && l.secs >= minBaseline &&
			l.longN >= moodRate*l.usual*moodSpan/rateSpan &&
			far >= bar*moodStep && far >= moodSigmas*moodDeviation/math.Sqrt(l.voices) && far >= bar*moodSwings*l.swing
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
	d.raiseBar(s.evaluated)
	if m := s.moment(s.mood.no); d == &s.hype && m != nil && s.evaluated-m.From.Unix() <= joinWithin {
		// One event is one moment: the mood turned because of what happened.
		d.no, d.below = s.mood.no, 0
		s.mood.no, s.mood.ready = 0, s.evaluated+cooldown
		m.Kind, m.Peak = d.kind, peak
		m.From = time.Unix(min(max(sec, s.beginSec()), m.From.Unix()), 0).UTC()
		m.Label = s.label(d, m)
		s.tell(*m)
		return
	}
	s.momentNo++
	d.no, d.below = s.momentNo, 0
	m := Moment{ID: strconv.Itoa(d.no), Kind: d.kind, From: time.Unix(max(sec, s.beginSec()), 0).UTC(), Peak: peak}
	m.Label = s.label(d, &m)
	s.keep(m)
	s.tell(m)
}

// keep adds a moment to the list, which is ordered by their beginnings.
func (s *Session) keep(m Moment) {
	i := len(s.moments)
	for i > 0 && s.moments[i-1].From.After(m.From) {
		i--
	}
	s.moments = slices.Insert(s.moments, i, m)
	if len(s.moments) > maxMoments {
		s.moments = slices.Delete(s.moments, 0, 1)
	}
}

func (s *Session) end(d *detector, sec int64) {
	if m := s.moment(d.no); m != nil {
		m.To = time.Unix(max(sec, m.From.Unix()+minMoment), 0).UTC()
		m.Label = s.label(d, m)
		s.tell(*m)
	}
	d.no, d.below = 0, 0
	for _, d := range [...]*detector{&s.hype, &s.mood} {
		d.ready = max(d.ready, s.evaluated+cooldown)
	}
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
	if no == 0 {
		return nil
	}
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
		b.WriteString(hypeLabel(m.Peak, d.base))
		if up := d.mood - d.usualMood; up >= moodStep && d.mood >= moodSide || up <= -moodStep && d.mood <= -moodSide {
			fmt.Fprintf(&b, ", mood %+.2f", d.mood)
		}
	} else {
		fmt.Fprintf(&b, "Mood turned %s: %+.2f, usually %+.2f", d.kind, m.Peak, d.base)
	}
	for _, text := range s.remarkable(3) {
		b.WriteString(", " + text)
	}
	return b.String()
}

// hypeLabel tells a rate in messages a minute by what is usual in rateSpan.
func hypeLabel(peak, usual float64) string {
	switch times := peak * rateSpan / 60 / usual; {
	case usual < 0.5:
		return fmt.Sprintf("Hype: %.0f messages a minute after silence", peak)
	case times > 20:
		return "Hype: more than 20 times the usual rate"
	case times < 3:
		return fmt.Sprintf("Hype: %.1f times the usual rate", times)
	default:
		return fmt.Sprintf("Hype: %.0f times the usual rate", times)
	}
}

// Tick advances the session to now, which should be the time of day, and
// returns the moments that began or ended since the last call. Moments found
// but not yet returned are not part of a checkpoint (the list of moments is).
func (s *Session) Tick(now time.Time) []Moment {
	if !s.ended {
		s.setClock(clampSec(now.Unix()))
		to := s.clock - settleTime
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

// fadeOver does what fade would have done in the silence from one second to
// another.
func (p *span) fadeOver(from, to int64) {
	for n := min(to/spanFade-from/spanFade, 8); n > 0; n-- {
		p.fade(0, false)
	}
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
