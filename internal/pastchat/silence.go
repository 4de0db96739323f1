package pastchat

import (
	"math"
	"time"
)

// logSilent is the reason of a gap that is guessed: see silence.
const logSilent = "log_silent"

const (
	// shortestSilence and leastExpected are what it takes for a silence to be
	// taken for an interruption of the log: so long, and so many messages that
	// chat would have written in it at its pace of before. Chat that falls
	// silent by itself slows down first.
	shortestSilence = 3 * time.Minute
	leastExpected   = 100
	// The pace is the lower of two: over slowPace, so that a short burst is not
	// taken for it, and over fastPace, so that chat that dies down after a
	// stream is not either. paceLeast is the least time that one is told from.
	slowPace  = 10 * time.Minute
	fastPace  = 30 * time.Second
	paceLeast = 30 * time.Second
)

// silence finds the places where a logger was interrupted. Without it the
// hours in between would count as calm chat, and the first lines after them as
// the greatest excitement.
type silence struct {
	first, last time.Time
	slow, fast  float64 // events, those of long ago less
}

// next takes the time of the next event. It reports true, and since when, where
// the log was interrupted before it.
func (s *silence) next(at time.Time) (from time.Time, silent bool) {
	quiet := at.Sub(s.last)
	switch {
	case s.last.IsZero():
		*s = silence{first: at, last: at, slow: 1, fast: 1}
		return time.Time{}, false
	case quiet < -shortestSilence:
		// The dates before were wrong, or these are: begin again.
		*s = silence{first: at, last: at}
		return time.Time{}, false
	case quiet < 0:
		return time.Time{}, false
	case quiet >= shortestSilence:
		known := max(s.last.Sub(s.first), paceLeast)
		expected := min(pace(s.slow, slowPace, known), pace(s.fast, fastPace, known)) * quiet.Seconds()
		if expected >= leastExpected {
			from = s.last.Add(time.Second) // stamps are often whole seconds
			*s = silence{first: at, last: at, slow: 1, fast: 1}
			return from, true
		}
	}
	s.slow = s.slow*decay(quiet, slowPace) + 1
	s.fast = s.fast*decay(quiet, fastPace) + 1
	s.last = at
	return time.Time{}, false
}

// pace returns events a second. A steady pace p settles at a weight of p·τ;
// until then the weight is the part of it that the time known so far fills.
func pace(weight float64, tau, known time.Duration) float64 {
	return weight / (tau.Seconds() * (1 - decay(known, tau)))
}

func decay(d, tau time.Duration) float64 { return math.Exp(-d.Seconds() / tau.Seconds()) }
