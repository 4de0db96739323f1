package analysis

import (
	"math"
	"strconv"
	"time"
)

// The baseline is what is usual: the ten minutes before without the last half
// minute, in whole spans of ten seconds, of which newer ones weigh more (time
// constant 180 s) and those that were not read do not count.
const (
	baselineFrom = 600 // seconds ago
	baselineTo   = 30  // seconds ago
	baselineTau  = 180 // seconds
	minBaseline  = 60  // seconds that must have been read in it

	// While there is little to compare with, bursts are found in hindsight.
	warmupSpan  = 300 // seconds from the beginning of a session
	warmupLeast = 150 // seconds of it that were read, without the burst
	warmupAway  = 20  // seconds around the burst that are not compared with
	warmupSigma = 2.5 // see hypeSigmas
)

// baseline is what is usual at one second.
type baseline struct {
	secs       float64 // seconds that were read
	usual      float64 // messages in rateSpan
	spread     float64 // standard deviation of that, at least that of a random (Poisson) stream
	baseVoices float64 // weight of the mood, in messages
	baseMood   float64
	swing      float64 // standard deviation of the mood over moodSpan
}

// levels is what the detectors see at one second.
type levels struct {
	n      float64 // messages in the last rateSpan
	longN  float64 // messages in the last moodSpan
	voices float64 // those of them that count for the mood
	mood   float64 // their mean
	baseline
}

// baselineCache is the baseline of the spans from first up to but without
// end. Ten seconds in a row share it.
type baselineCache struct {
	first, end int64 // 0: nothing is known
	baseline
}

// levels returns what happened in the last seconds before the end of sec.
func (s *Session) levels(sec int64) levels {
	var l levels
	recent := s.tiers[0].sum(sec-rateSpan+1, sec+1)
	before := s.tiers[0].sum(sec-moodSpan+1, sec-rateSpan+1)
	l.n = float64(recent.total())
	recent.add(&before)
	l.longN, l.voices = float64(recent.total()), float64(recent.voices)
	if l.voices > 0 {
		l.mood = float64(recent.moodSum) / l.voices / scoreUnit
	}
	return l
}

// baseline returns what is usual at a second.
func (s *Session) baseline(sec int64) baseline {
	first := (max(sec-baselineFrom+1, s.beginSec()) + rateSpan - 1) / rateSpan * rateSpan
	end := (sec - baselineTo + 1) / rateSpan * rateSpan
	if c := &s.usual; c.end != end || c.first != first {
		*c = baselineCache{first: first, end: end, baseline: s.baselineOf(first, end)}
	}
	return s.usual.baseline
}

// forgetBaseline is told that something changed at a second.
func (s *Session) forgetBaseline(sec int64) {
	if sec < s.usual.end {
		s.usual = baselineCache{}
	}
}

// baselineOf makes the baseline of the spans that begin in [first, end).
func (s *Session) baselineOf(first, end int64) baseline {
	const pair = moodSpan / rateSpan
	decay := math.Exp(-float64(rateSpan) / baselineTau)
	gaps := s.gapsAfter(first)
	var b baseline
	var w, n, nn, v, m float64       // of spans
	var pairW, pairM, pairMM float64 // of moods of moodSpan
	var half cell                    // the first half of a moodSpan
	halves := 0
	for i := first; i < end; i += rateSpan {
		if i%moodSpan == 0 {
			half, halves = cell{}, 0
		}
		w, n, nn, v, m = w*decay, n*decay, nn*decay, v*decay, m*decay
		pairW, pairM, pairMM = pairW*decay, pairM*decay, pairMM*decay
		if overlaps(gaps, i, i+rateSpan-1) {
			continue
		}
		b.secs += rateSpan
		w++
		halves++
		if c := s.tiers[1].at(i); c != nil {
			x := float64(c.total())
			n += x
			nn += x * x
			v += float64(c.voices)
			m += float64(c.moodSum)
			half.add(c)
		}
		if halves == pair && half.voices > 0 {
			k, mood := float64(half.voices), float64(half.moodSum)/float64(half.voices)
			pairW += k
			pairM += k * mood
			pairMM += k * mood * mood
		}
	}
	if w > 0 {
		b.usual = n / w
		b.spread = nn/w - b.usual*b.usual
	}
	b.spread = math.Sqrt(max(b.spread, b.usual+1))
	if v > 0 {
		b.baseVoices, b.baseMood = v, m/v/scoreUnit
	}
	if pairW > 0 {
		mean := pairM / pairW
		b.swing = math.Sqrt(max(pairMM/pairW-mean*mean, 0)) / scoreUnit
	}
	return b
}

func (s *Session) gapsAfter(sec int64) []Gap {
	i := len(s.gaps)
	for i > 0 && s.gaps[i-1].To.Unix() >= sec {
		i--
	}
	return s.gaps[i:]
}

// overlaps reports whether any second from first to last was not read.
func overlaps(gaps []Gap, first, last int64) bool {
	for i := range gaps {
		if last >= gaps[i].From.Unix() && first <= gaps[i].To.Unix() {
			return true
		}
	}
	return false
}

// warmUp notes that there is too little to compare with, because the chat of
// the last minutes was not read: what happens now is looked at in hindsight.
func (s *Session) warmUp(b *baseline) {
	if b.secs >= minBaseline || s.warmup != 0 || len(s.gaps) == 0 {
		return
	}
	if g := s.gaps[len(s.gaps)-1].To.Unix(); g < s.evaluated {
		s.warmup = g + 1
	}
}

// lookBack finds the strongest burst in the first minutes of a session once
// they are over, or the session is: there was nothing to compare it with when
// it happened. It is compared with the rest of these minutes.
func (s *Session) lookBack(over bool) {
	from, to := s.warmup, s.warmup+warmupSpan-1
	if from == 0 || s.evaluated < to && !over {
		return
	}
	s.warmup = 0
	to = min(to, s.evaluated)
	second := func(i int64) float64 {
		if c := s.tiers[0].at(i); c != nil {
			return float64(c.total())
		}
		return 0
	}

	var n, most float64
	best := int64(0)
	for i := from; i <= to; i++ {
		n += second(i)
		if i >= from+rateSpan {
			n -= second(i - rateSpan)
		}
		if n > most {
			most, best = n, i
		}
	}
	first, last := best-rateSpan+1-warmupAway, best+warmupAway
	for i := range s.moments {
		if m := &s.moments[i]; m.Kind == "hype" && m.From.Unix() <= last && (m.To.IsZero() || m.To.Unix() >= first) {
			return
		}
	}

	var w, sum, squares float64
	gaps := s.gapsAfter(from)
	for i := (from + rateSpan - 1) / rateSpan * rateSpan; i+rateSpan <= to+1; i += rateSpan {
		if i <= last && i+rateSpan > first || overlaps(gaps, i, i+rateSpan-1) {
			continue
		}
		x := 0.0
		if c := s.tiers[1].at(i); c != nil {
			x = float64(c.total())
		}
		w, sum, squares = w+1, sum+x, squares+x*x
	}
	if w*rateSpan < warmupLeast {
		return
	}
	usual := sum / w
	spread := math.Sqrt(max(squares/w-usual*usual, usual+1))
	if most < hypeMinimum || most < hypeFactor*usual || most < usual+warmupSigma*spread {
		return
	}

	// The burst goes on to both sides as long as each second is busier than usual.
	busy := func(i int64) bool { return (second(i-1)+second(i)+second(i+1))*rateSpan >= 3*hypeFactorEnd*usual }
	begin, end := best-rateSpan+1, best+1
	for begin > from && begin > first && busy(begin-1) {
		begin--
	}
	for end <= to && end <= last && busy(end) {
		end++
	}
	s.momentNo++
	m := Moment{
		ID: strconv.Itoa(s.momentNo), Kind: "hype", From: time.Unix(begin, 0).UTC(), To: time.Unix(end, 0).UTC(),
		Peak: most * 60 / rateSpan,
	}
	m.Label = hypeLabel(m.Peak, usual)
	s.keep(m)
	s.tell(m)
}
