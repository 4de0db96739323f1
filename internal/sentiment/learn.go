package sentiment

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgryski/go-metro"

	"chatmood/internal/chat"
)

// Limits of a [Learner]. A stranger can fill a chat with invented names, and
// friends can agree to teach nonsense: memory is bounded, a meaning needs
// several people, and it is never as strong as a rated emote.
const (
	maxLearntEmotes  = 512  // of a channel; the one with the least evidence goes
	maxCorrections   = 1024 // corrected messages of a channel; the oldest goes
	maxEmoteName     = 64   // bytes
	learntPrior      = 6    // messages' worth of doubt
	learntLimit      = 0.7  // of a learnt valence, either side of zero
	minChatters      = 5    // distinct people before a meaning counts
	againWeight      = 0.1  // of what somebody says who was already heard
	againShare       = 0.2  // all of that together, of what new people said: nobody outvotes the others by repeating
	evidenceHalfLife = 14 * 24 * time.Hour
	maxEvidence      = 400 // messages' worth; what is newer replaces what is older
	learntSteps      = 20  // a learnt valence is rounded to tenths
)

// Learnt is what a [Learner] knows about an emote of its channel.
type Learnt struct {
	Name      string    `json:"name"`
	Valence   float32   `json:"valence"`   // −1 … 1
	Evidence  float32   `json:"evidence"`  // messages' worth, after decay
	Chatters  int       `json:"chatters"`  // distinct people heard since the evidence last halved, an estimate up to 200
	Active    bool      `json:"active"`    // it takes part in judgements
	Frozen    bool      `json:"frozen"`    // it learns no more
	Corrected bool      `json:"corrected"` // a user set the valence
	Admin     bool      `json:"admin"`     // an administrator did, or froze it
	Seen      time.Time `json:"seen"`      // last
}

// Correction is a text whose label was corrected. The text itself is not kept.
type Correction struct {
	Hash  uint64    `json:"hash,string"`
	Label Label     `json:"label"`
	At    time.Time `json:"at"`
}

// Learner gives the unknown emotes of one channel a meaning from the company
// they keep, and keeps what users corrected. It is safe for concurrent use:
// one goroutine observes, any number judge with [Engine.ScoreIn].
type Learner struct {
	mu          sync.Mutex
	emotes      map[uint64]*evidence
	corrections map[uint64]Correction
	seed        uint64 // of the hashes of people, saved with them
	view        atomic.Pointer[meanings]
	version     atomic.Uint64 // grows with everything that State would tell
}

// evidence is what was heard about one emote.
type evidence struct {
	name        string
	sum, weight float64
	again       float64   // of weight: from people who were heard before
	heard       [4]uint64 // people, by hash
	at          time.Time // of the last decay
	seen        time.Time
	frozen      bool
	corrected   bool
	admin       bool    // an administrator corrected or froze it
	valence     float32 // when corrected
}

// meanings is what judgements read. It never changes.
type meanings struct {
	steps map[uint64]int8 // valence in tenths
	texts map[uint64]Label
}

// NewLearner returns a learner that knows nothing.
func NewLearner() *Learner {
	l := &Learner{emotes: map[uint64]*evidence{}, corrections: map[uint64]Correction{}, seed: rand.Uint64()}
	l.view.Store(&meanings{})
	return l
}

// ScoreIn judges text as [Engine.Score] does, with what l has learnt, and
// reports whether there is something in it that l could learn: only then
// [Learner.Observe] has anything to do. A nil l has learnt nothing.
func (e *Engine) ScoreIn(dst *Score, l *Learner, text string, emotes []chat.Emote) (teachable bool) {
	if l == nil {
		e.Score(dst, text, emotes)
		return false
	}
	view := l.view.Load()
	teachable = e.score(dst, text, emotes, view)
	if len(view.texts) == 0 {
		return teachable
	}
	if label, ok := view.texts[hashString(text)]; ok {
		*dst = Corrected(label, dst.Flags)
	}
	return teachable
}

// Corrected is the judgement of a message that a person labelled; f are the
// engine's findings about it.
func Corrected(label Label, f Flags) Score {
	s := Score{Label: label, Confidence: 1, Flags: f &^ (FlagUnsure | FlagUnscored)}
	switch label {
	case Positive:
		s.Value = 1
	case Negative:
		s.Value = -1
	}
	return s
}

// teachable reports a token that may get a meaning: an emote, or a word that
// looks like one, that nobody has rated.
func (t *token) teachable() bool {
	return t.entry < 0 && t.end-t.start <= maxEmoteName && (t.kind == kindEmote || t.kind == kindWord && t.shape&shapeMixed != 0)
}

// apply gives the tokens of s their learnt meaning and reports whether any
// could have one.
func (m *meanings) apply(s *scratch, x *lexicon) (teachable bool) {
	for i := range s.n {
		if t := &s.tokens[i]; t.teachable() {
			teachable = true
			if step, ok := m.steps[t.key]; ok {
				t.entry, t.kind = x.learnt+int16(step)+learntSteps/2, kindEmote
			}
		}
	}
	return teachable
}

// Observe hears one message of the channel from chatter. What the rest of a
// message says is evidence about the unknown emotes in it. It reports whether
// there was something to hear.
func (l *Learner) Observe(e *Engine, text string, emotes []chat.Emote, chatter string, now time.Time) bool {
	var s scratch
	s.tokenize(e.lex, text, emotes)
	unknown := false
	for i := range s.n {
		unknown = unknown || s.tokens[i].teachable()
	}
	if !unknown {
		return false
	}
	rest := s // the message without what nobody has rated
	rest.n = 0
	for i := range s.n {
		if !s.tokens[i].teachable() {
			rest.tokens[rest.n] = s.tokens[i]
			rest.n++
		}
	}
	var g signals
	rest.judge(e.lex, &g)
	if g.rated == 0 {
		return false // nothing that says anything
	}
	l.teach(&s, text, float64(e.value(&rest, text)), chatter, now)
	return true
}

// labelValence is what a label says about the emotes of a message that somebody
// corrected by hand.
const labelValence = 0.6

// ObserveLabel hears what somebody says about a message by correcting its label:
// evidence about its unknown emotes, as one message of that person's is. It
// reports whether there was something to learn.
func (l *Learner) ObserveLabel(e *Engine, text string, emotes []chat.Emote, label Label, who string, now time.Time) bool {
	var s scratch
	s.tokenize(e.lex, text, emotes)
	v := 0.0
	switch label {
	case Positive:
		v = labelValence
	case Negative:
		v = -labelValence
	}
	return l.teach(&s, text, v, who, now)
}

// teach hears v about what can be learnt in s, and reports whether there is
// anything.
func (l *Learner) teach(s *scratch, text string, v float64, who string, now time.Time) (any bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed := false
	for i := range s.n {
		if t := &s.tokens[i]; t.teachable() {
			any = true
			changed = l.hear(t.key, text[t.start:t.end], v, who, now) || changed
		}
	}
	if changed {
		l.publish()
	}
	if any {
		l.version.Add(1)
	}
	return any
}

// Version grows whenever what [Learner.State] tells changes.
func (l *Learner) Version() uint64 { return l.version.Load() }

// hear adds one message's evidence about an emote and reports whether its
// meaning may have changed.
func (l *Learner) hear(key uint64, name string, v float64, chatter string, now time.Time) bool {
	ev := l.emotes[key]
	if ev == nil {
		if len(l.emotes) >= maxLearntEmotes {
			l.forgetWeakest()
		}
		ev = &evidence{name: strings.Clone(name), at: now}
		l.emotes[key] = ev
	}
	ev.seen = now
	if ev.frozen || ev.corrected {
		return false
	}
	before, active := ev.step()
	ev.decay(now)
	weight := 1.0
	if !ev.hear(metro.Hash64Str(chatter, l.seed)) {
		weight = min(againWeight, againShare*(ev.weight-ev.again)-ev.again)
		if weight <= 0 {
			return false
		}
		ev.again += weight
	}
	if ev.weight >= maxEvidence {
		keep := (maxEvidence - weight) / ev.weight
		ev.sum *= keep
		ev.weight *= keep
		ev.again *= keep
	}
	ev.sum += weight * v
	ev.weight += weight
	after, nowActive := ev.step()
	return before != after || active != nowActive
}

// hear marks a person and reports whether the person is new.
func (ev *evidence) hear(h uint64) bool {
	word, bit := &ev.heard[h>>6&3], uint64(1)<<(h&63)
	isNew := *word&bit == 0
	*word |= bit
	return isNew
}

// chatters estimates how many people were heard, by linear counting.
func (ev *evidence) chatters() int {
	set := 0
	for _, w := range ev.heard {
		set += bits.OnesCount64(w)
	}
	if set > 138 { // 200 people, and the estimate grows coarse
		return 200
	}
	return int(math.Round(-256 * math.Log(1-float64(set)/256)))
}

// decay halves the evidence for each half-life that went by. The people are
// forgotten with it, so that everybody may be heard anew.
func (ev *evidence) decay(now time.Time) {
	for range 64 {
		if now.Sub(ev.at) < evidenceHalfLife {
			return
		}
		ev.at = ev.at.Add(evidenceHalfLife)
		ev.sum /= 2
		ev.weight /= 2
		ev.again /= 2
		if ev.chatters() >= minChatters { // they have been enough: the meaning stays
			ev.heard = [4]uint64{0: 0x1F}
		}
	}
	ev.at, ev.sum, ev.weight, ev.again = now, 0, 0, 0
}

// step is the valence in tenths, and whether it takes part in judgements.
func (ev *evidence) step() (int8, bool) {
	v := float64(ev.valence)
	if !ev.corrected {
		v = ev.sum / (ev.weight + learntPrior)
		v = min(max(v, -learntLimit), learntLimit)
	}
	return int8(math.Round(v * learntSteps / 2)), ev.corrected || ev.chatters() >= minChatters && ev.weight >= minChatters-0.5
}

func (l *Learner) forgetWeakest() {
	var worst uint64
	least := math.Inf(1)
	for k, ev := range l.emotes {
		w := ev.weight
		if ev.frozen || ev.corrected {
			w += 1e6
		}
		if w < least || w == least && k < worst {
			worst, least = k, w
		}
	}
	delete(l.emotes, worst)
}

// publish shows judgements what was learnt.
func (l *Learner) publish() {
	m := &meanings{steps: make(map[uint64]int8, len(l.emotes)), texts: make(map[uint64]Label, len(l.corrections))}
	for k, ev := range l.emotes {
		if step, active := ev.step(); active {
			m.steps[k] = step
		}
	}
	for k, c := range l.corrections {
		m.texts[k] = c.Label
	}
	l.view.Store(m)
}

// ErrAdminSet is returned where an administrator set an emote's meaning and
// somebody else wants to change it.
var ErrAdminSet = errors.New("an administrator set this meaning: only administrators change it")

// Correct sets the valence of an emote, −1 … 1, by hand. It takes effect at
// once, and what is heard later does not change it until [Learner.Release].
// Others cannot change what an admin set.
func (l *Learner) Correct(e *Engine, name string, valence float32, admin bool, now time.Time) error {
	if !(valence >= -1 && valence <= 1) {
		return fmt.Errorf("valence %v: give a number from -1 (bad) to 1 (good)", valence)
	}
	return l.change(e, name, admin, now, func(ev *evidence) { ev.corrected, ev.valence, ev.admin = true, valence, admin })
}

// Freeze keeps the meaning of an emote as it is, or lets it learn again.
func (l *Learner) Freeze(e *Engine, name string, frozen, admin bool, now time.Time) error {
	return l.change(e, name, admin, now, func(ev *evidence) { ev.frozen, ev.admin = frozen, admin && (frozen || ev.corrected) })
}

// Release takes a correction and a freeze back: the meaning is what was heard.
func (l *Learner) Release(e *Engine, name string, admin bool, now time.Time) error {
	return l.change(e, name, admin, now, func(ev *evidence) { ev.corrected, ev.frozen, ev.admin, ev.valence = false, false, false, 0 })
}

func (l *Learner) change(e *Engine, name string, admin bool, now time.Time, f func(*evidence)) error {
	key, err := e.teachableKey(name)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	ev := l.emotes[key]
	if ev == nil {
		if len(l.emotes) >= maxLearntEmotes {
			l.forgetWeakest()
		}
		ev = &evidence{name: strings.Clone(name), at: now, seen: now}
		l.emotes[key] = ev
	}
	if ev.admin && !admin {
		return ErrAdminSet
	}
	f(ev)
	l.publish()
	l.version.Add(1)
	return nil
}

// teachableKey is the key of an emote's name when it stands alone.
func (e *Engine) teachableKey(name string) (uint64, error) {
	if name == "" || len(name) > maxEmoteName {
		return 0, fmt.Errorf("emote %q: a name has 1 to %d bytes", name, maxEmoteName)
	}
	var s scratch
	s.reset()
	s.tokenize(e.lex, name, []chat.Emote{{Name: name, Start: 0, End: len(name)}})
	if s.n != 1 || !s.tokens[0].teachable() {
		return 0, fmt.Errorf("emote %q: its meaning is in the lexicon and cannot be taught", name)
	}
	// The name as a word, for extensions whose emotes Twitch does not mark.
	s.reset()
	s.tokenize(e.lex, name, nil)
	if s.n != 1 || !s.tokens[0].teachable() {
		return hashString(name), nil
	}
	return s.tokens[0].key, nil
}

// CorrectMessage sets the label of every message of this exact text, at once.
func (l *Learner) CorrectMessage(text string, label Label, now time.Time) error {
	if text == "" || len(text) > maxTextBytes {
		return fmt.Errorf("text of %d bytes: give 1 to %d", len(text), maxTextBytes)
	}
	if label > Negative {
		return fmt.Errorf("label %d: give positive, neutral or negative", label)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := hashString(text)
	if _, known := l.corrections[key]; !known && len(l.corrections) >= maxCorrections {
		oldest, first := uint64(0), true
		for k, c := range l.corrections {
			if first || c.At.Before(l.corrections[oldest].At) {
				oldest, first = k, false
			}
		}
		delete(l.corrections, oldest)
	}
	l.corrections[key] = Correction{Hash: key, Label: label, At: now}
	l.publish()
	l.version.Add(1)
	return nil
}

// Settles reports whether a text has the label that [Learner.CorrectMessage] set.
func (l *Learner) Settles(text string) bool {
	view := l.view.Load()
	if len(view.texts) == 0 {
		return false
	}
	_, ok := view.texts[hashString(text)]
	return ok
}

// ForgetMessage takes back what [Learner.CorrectMessage] set.
func (l *Learner) ForgetMessage(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if key := hashString(text); l.corrections[key].Hash == key {
		delete(l.corrections, key)
		l.publish()
		l.version.Add(1)
	}
}

// Emotes returns what was learnt, the best known first.
func (l *Learner) Emotes() []Learnt {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Learnt, 0, len(l.emotes))
	for _, ev := range l.emotes {
		step, active := ev.step()
		out = append(out, Learnt{
			Name: ev.name, Valence: float32(step) / (learntSteps / 2), Evidence: float32(ev.weight), Chatters: ev.chatters(),
			Active: active, Frozen: ev.frozen, Corrected: ev.corrected, Admin: ev.admin, Seen: ev.seen,
		})
	}
	slices.SortFunc(out, func(a, b Learnt) int {
		return cmp.Or(cmp.Compare(b.Evidence, a.Evidence), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// Corrections returns the corrected texts, the oldest first.
func (l *Learner) Corrections() []Correction {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Correction, 0, len(l.corrections))
	for _, c := range l.corrections {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Correction) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Hash, b.Hash))
	})
	return out
}

// LearnerState is a [Learner] in a form that can be saved, in JSON for example.
type LearnerState struct {
	Seed        uint64       `json:"seed,string"` // of the people's hashes
	Emotes      []EmoteState `json:"emotes"`
	Corrections []Correction `json:"corrections,omitempty"`
}

// EmoteState is what is saved of an emote. The people behind the evidence are
// saved as 256 bits that their names were hashed into: enough to know again who
// was heard, after a restart too, and not who that was.
type EmoteState struct {
	Key       uint64    `json:"key,string"`
	Name      string    `json:"name"`
	Sum       float64   `json:"sum"`
	Weight    float64   `json:"weight"`
	Again     float64   `json:"again,omitempty"`
	Heard     [4]uint64 `json:"heard"`
	At        time.Time `json:"at"`
	Seen      time.Time `json:"seen"`
	Frozen    bool      `json:"frozen,omitempty"`
	Corrected bool      `json:"corrected,omitempty"`
	Admin     bool      `json:"admin,omitempty"`
	Valence   float32   `json:"valence,omitempty"`
}

// State returns what l knows, to be saved.
func (l *Learner) State() LearnerState {
	corrections := l.Corrections()
	l.mu.Lock()
	defer l.mu.Unlock()
	s := LearnerState{Seed: l.seed, Emotes: make([]EmoteState, 0, len(l.emotes)), Corrections: corrections}
	for k, ev := range l.emotes {
		s.Emotes = append(s.Emotes, EmoteState{
			Key: k, Name: ev.name, Sum: ev.sum, Weight: ev.weight, Again: ev.again, Heard: ev.heard, At: ev.at, Seen: ev.seen,
			Frozen: ev.frozen, Corrected: ev.corrected, Admin: ev.admin, Valence: ev.valence,
		})
	}
	slices.SortFunc(s.Emotes, func(a, b EmoteState) int { return cmp.Compare(a.Key, b.Key) })
	return s
}

// Restore replaces what l knows by a saved state. What is beyond the limits of
// a learner is cut to them, so that a damaged file does no harm.
func (l *Learner) Restore(s LearnerState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.emotes, l.corrections, l.seed = map[uint64]*evidence{}, map[uint64]Correction{}, s.Seed
	for _, e := range s.Emotes[:min(len(s.Emotes), maxLearntEmotes)] {
		if !(e.Weight >= 0 && e.Weight <= maxEvidence) || !(math.Abs(e.Sum) <= e.Weight) || !(e.Again >= 0 && e.Again <= e.Weight) || !(e.Valence >= -1 && e.Valence <= 1) || len(e.Name) > maxEmoteName {
			continue
		}
		l.emotes[e.Key] = &evidence{
			name: e.Name, sum: e.Sum, weight: e.Weight, again: e.Again, heard: e.Heard, at: e.At, seen: e.Seen,
			frozen: e.Frozen, corrected: e.Corrected, admin: e.Admin, valence: e.Valence,
		}
	}
	for _, c := range s.Corrections[:min(len(s.Corrections), maxCorrections)] {
		if c.Label <= Negative {
			l.corrections[c.Hash] = c
		}
	}
	l.publish()
	l.version.Add(1)
}
