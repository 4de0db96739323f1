package analysis

import (
	"slices"
	"time"
)

// One wrong time stamp must not spoil a session: a message dated far in the
// future would let the timeline age out, and nothing after it would be new.
//
// Of a live channel the clock of the host is known, from [Session.Tick]: what
// is dated more than aheadOfClock after it counts as written now. Of a log it
// is not. There a message dated more than leapLeast after all others counts at
// the newest second until the next message shows which of them is right: one
// that is dated as far ahead moves it to where it claims to belong, any other
// leaves it.
const (
	aheadOfClock = 60         // seconds
	leapLeast    = fineWindow // seconds
)

// leap is the last message of a log while its time is in doubt.
type leap struct {
	sec int64  // what it claims, 0: there is none
	seq uint64 // its number among the recent messages
}

// place returns where a message dated sec counts, and whether that is in doubt.
func (s *Session) place(sec int64) (at int64, doubt bool) {
	if s.clock != 0 {
		if most := s.clock + aheadOfClock; sec > most {
			return max(s.clock, min(s.headSec, most)), false
		}
		return sec, false
	}
	far := s.firstSec != 0 && sec > s.headSec+leapLeast
	switch {
	case s.leap.sec == 0:
	case far && sec >= s.leap.sec-leapLeast:
		s.confirmLeap()
		far = sec > s.headSec+leapLeast
	case !far && s.leap.sec <= sec+leapLeast:
		// Chat comes up to it step by step.
	default:
		s.refuteLeap(max(sec, s.headSec))
	}
	if far {
		return s.headSec, true
	}
	return sec, false
}

// advance lets the session's newest second be sec.
func (s *Session) advance(sec int64) {
	if sec <= s.headSec {
		return
	}
	s.evaluate(sec - settleTime)
	s.headSec = sec
}

// confirmLeap moves the message in doubt to the time that it claims.
func (s *Session) confirmLeap() {
	l := s.leap
	s.leap = leap{}
	s.advance(l.sec)
	rec, pos := s.recent.bySeq(l.seq)
	if rec == nil || rec.flags&(recCounted|recDeleted) != recCounted {
		return
	}
	s.count(rec, -1)
	rec.sec = uint32(l.sec)
	s.count(rec, +1)
	s.recent.dirty.mark(pos / recentPage)
	s.active.add(rec.user, rec.sec)
	s.raisePeak(l.sec)
}

// refuteLeap leaves the message in doubt where it is. Gaps that reach beyond
// newest, which no clock or message does, were made of the same error.
func (s *Session) refuteLeap(newest int64) {
	s.leap = leap{}
	end := time.Unix(newest, 0).UTC()
	s.gaps = slices.DeleteFunc(s.gaps, func(g Gap) bool {
		return g.To.After(end) && g.From.Unix() >= s.headSec
	})
	for i := range s.gaps {
		if g := &s.gaps[i]; g.To.After(end) {
			g.To = end
		}
	}
	s.dirty.gaps = true
	s.usual = baselineCache{}
}

// setClock is told the time of day.
func (s *Session) setClock(sec int64) {
	s.clock = sec
	switch {
	case s.leap.sec == 0:
	case s.leap.sec <= sec+aheadOfClock:
		s.confirmLeap()
	default:
		s.refuteLeap(max(sec, s.headSec))
	}
}

// endOf returns when a session ends that is stopped at an instant: a log
// with its newest message where that instant is more than leapLeast later, so
// that a time stamp that was not believed does not make it last for years.
func (s *Session) endOf(at time.Time) time.Time {
	at = at.UTC()
	if s.clock != 0 || s.firstSec == 0 || at.Unix() <= s.headSec+leapLeast {
		return at
	}
	s.refuteLeap(s.headSec + leapLeast)
	return time.Unix(s.headSec, 0).UTC()
}
