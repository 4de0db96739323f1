package analysis

import (
	"github.com/dgryski/go-metro"

	"chatmood/internal/sentiment"
)

// Judged is how a message counts.
type Judged struct {
	Label    sentiment.Label `json:"label"`
	Value    float32         `json:"value"` // −1 … 1
	Unsure   bool            `json:"unsure,omitempty"`
	Unscored bool            `json:"unscored,omitempty"`
}

// Relabel makes a recent message count otherwise and tells how it counted before;
// ok is false when the message is not among the recent ones, was never counted
// or is out. The counts, the timeline and the mood, the chatters by label and,
// while they are remembered, the labels of terms are corrected; past moments
// stay. A message that was not scored did not count for the mood, and does not
// then.
func (s *Session) Relabel(id string, to Judged) (was Judged, ok bool) {
	if id == "" || s.ended || to.Label > sentiment.Negative {
		return was, false
	}
	pos := s.recent.find(metro.Hash64Str(id, seedID) | 1)
	if pos < 0 {
		return was, false
	}
	rec := &s.recent.recs[pos]
	if rec.flags&(recCounted|recDeleted) != recCounted {
		return was, false
	}
	was = Judged{
		Label: sentiment.Label(rec.flags & recLabel), Value: float32(rec.value) / scoreUnit,
		Unsure: rec.flags&recUnsure != 0, Unscored: rec.flags&recUnscored != 0,
	}
	s.count(rec, -1)
	rec.flags = rec.flags&^(recLabel|recUnsure|recUnscored) | uint16(to.Label)
	if to.Unsure {
		rec.flags |= recUnsure
	}
	if to.Unscored {
		rec.flags |= recUnscored
	}
	rec.value = valueOf(&sentiment.Score{Value: to.Value})
	s.count(rec, +1)
	s.recent.dirty.mark(pos / recentPage)
	if was.Label != to.Label {
		s.moveLabel(rec, was.Label, to.Label)
	}
	return was, true
}

// moveLabel corrects the rankings for a message whose label changed.
func (s *Session) moveLabel(rec *record, from, to sentiment.Label) {
	old := s.ranks[rankLabel+int(from)]
	var who chatter
	at := s.ranks[rankAll].find(rec.user)
	if at >= 0 {
		who = s.ranks[rankAll].payload[at]
	}
	if i := old.find(rec.user); i >= 0 {
		who, at = old.payload[i], i
		old.sub(i)
	}
	if at >= 0 { // who is in no ranking is unknown by name
		e := who.entry(0)
		s.rank(rankLabel+int(to), rec.user, e.Login, e.Name)
	}
	s.countedTerms(rec, func(k *sketch[term], i int) {
		if labels := &k.payload[i].labels; labels[from] > 0 {
			labels[from]--
			labels[to]++
			k.dirtyCounts.mark(i / sketchPage)
		}
	})
}
