// Package analysis sums up one channel's chat: exact counts, the mood and its
// course, who writes and what about, copypasta waves, and the moments in which
// rate or mood left their usual range. Everything goes by the time stamps of
// the messages, so a past log gives the same analysis as the live channel did.
// docs/analysis.md describes the method and its errors.
package analysis

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dgryski/go-metro"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
	"chatmood/internal/source"
)

// Limits of what a session keeps in its lists.
const (
	maxGaps    = 500 // then the two gaps nearest to each other are merged
	maxMarks   = 500 // then the oldest is dropped
	maxNotices = 64  // ids of notices remembered, to drop repeated ones
	maxText    = 500 // characters of a mark's or status's text
)

// Options tune a session. The zero value has the defaults that production uses.
type Options struct {
	// Bots are further logins, lower case, that are left out as known bots.
	Bots []string
	// IsEmote tells whether a word is an emote of a provider other than
	// Twitch, beside the widely known ones. It must not keep its argument.
	IsEmote func(word string) bool

	// Sizes of tables. A restored session keeps the sizes it had.

	ExactChatters  int // distinct chatters counted exactly; default 50,000
	TopChatters    int // chatters ranked overall, exact while no more wrote; default 1,024
	LabelChatters  int // the same for each label; default 512
	Terms          int // words counted, exact while no more different ones occur; default 2,048
	Emotes         int // emotes counted; default 512
	RecentMessages int // messages that duplicates are known by and that can be taken back out; default 4,096, a multiple of 128
}

func (o Options) withDefaults() Options {
	or := func(v *int, d, most int) {
		if *v <= 0 {
			*v = d
		}
		*v = min(*v, most)
	}
	or(&o.ExactChatters, 50_000, 1_000_000)
	or(&o.TopChatters, 1024, maxIndexed)
	or(&o.LabelChatters, 512, maxIndexed)
	or(&o.Terms, 2048, maxIndexed)
	or(&o.Emotes, 512, maxIndexed)
	or(&o.RecentMessages, 4096, maxIndexed)
	return o
}

// Outcome tells what became of a message, as a set of flags.
type Outcome uint16

// The outcomes. Exactly one of Counted, Bot, Command, Mirrored and Duplicate
// is set, or none when the session was stopped before.
const (
	Counted   Outcome = 1 << iota // part of Counts.Total
	Bot                           // left out: written by a bot
	Command                       // left out: for a bot
	Mirrored                      // left out: written in another room
	Duplicate                     // left out: its id was seen before
	InWave                        // counted, and part of a copypasta wave
	First                         // counted, and the chatter's first message ever in the channel
)

// Session is the analysis of one channel from start to stop. It is not safe
// for concurrent use: its owner guards it. What it returns shares nothing with it.
type Session struct {
	id, channel string
	opts        Options
	bots        map[string]bool

	start    time.Time
	startSec int64 // Unix seconds, as all that end in Sec
	firstSec int64 // the earliest message, 0: none yet
	headSec  int64 // the newest message, at least startSec
	ended    bool
	endedAt  time.Time

	status      Status
	counts      Counts
	subscribers int
	all         cell
	peak        uint32 // messages in the busiest rateSpan
	peakSec     int64

	tiers    [len(tierShapes)]tier
	recent   recents
	distinct distinct
	active   active
	ranks    [ranks]*sketch[chatter]
	terms    *sketch[term]
	emotes   *sketch[term]
	waves    waves
	scanner  scanner

	shed      Shed
	shedDirty bool
	gaps      []Gap
	marks     []Mark
	notices   []uint64 // hashes of ids, oldest first
	moments   []Moment // oldest first
	pending   []Moment // not yet returned by Tick
	evaluated int64    // the last second that the detectors looked at
	hype      detector
	mood      detector
	momentNo  int
	clock     int64 // what Tick was told last, 0: a log
	leap      leap
	warmup    int64 // where the minutes begin that are looked at in hindsight, 0: none
	usual     baselineCache
	span      span

	dirty struct{ gaps, marks, moments bool }
	saved bool // Checkpoint was called
}

// New returns the analysis of a channel that begins at start.
func New(id, channel string, start time.Time, opts Options) *Session {
	s := &Session{id: strings.Clone(id), channel: strings.Clone(channel), opts: opts.withDefaults(), start: start.UTC()}
	s.startSec = clampSec(start.Unix())
	s.headSec, s.evaluated, s.warmup = s.startSec, s.startSec, s.startSec
	s.status = Status{State: source.Connecting, Since: s.start}
	s.bots = make(map[string]bool, len(opts.Bots))
	for _, b := range opts.Bots {
		s.bots[strings.ToLower(b)] = true
	}
	for i, shape := range tierShapes {
		s.tiers[i] = newTier(shape.step, shape.pages)
	}
	s.recent = newRecents(s.opts.RecentMessages)
	s.distinct.limit = s.opts.ExactChatters
	s.active.limit = maxActive
	for r := range s.ranks {
		size := s.opts.LabelChatters
		if r == rankAll {
			size = s.opts.TopChatters
		}
		s.ranks[r] = newSketch[chatter](size)
	}
	s.terms = newSketch[term](s.opts.Terms)
	s.emotes = newSketch[term](s.opts.Emotes)
	s.scanner.s = s
	return s
}

// ID returns the session's id.
func (s *Session) ID() string { return s.id }

// Channel returns the channel's login.
func (s *Session) Channel() string { return s.channel }

// StartedAt returns when the analysis began.
func (s *Session) StartedAt() time.Time { return s.start }

// Counts returns the exact counts.
func (s *Session) Counts() Counts { return s.counts }

// Status returns the state of the link to the channel.
func (s *Session) Status() Status { return s.status }

// SetStatus records that the state of the link changed. While it is
// reconnecting or failed no moments are looked for.
func (s *Session) SetStatus(st Status) {
	if s.ended {
		return
	}
	st.Code, st.Reason, st.Since = clip(st.Code), clip(st.Reason), st.Since.UTC()
	s.status = st
}

// Add takes a message in, with its judgement; without one it counts as not
// scored. Messages may come out of order: each is counted at its own time,
// unless that is far in the future (docs/analysis.md tells the rule).
func (s *Session) Add(m *chat.Message, sc *sentiment.Score) Outcome {
	if s.ended {
		return 0
	}
	var id uint64
	if m.ID != "" {
		id = metro.Hash64Str(m.ID, seedID) | 1 // 0 means: no id
		if s.recent.find(id) >= 0 {
			return Duplicate
		}
	}
	sec := s.headSec
	if !m.Time.IsZero() {
		sec = clampSec(m.Time.Unix())
	}
	login := m.Login
	if login == "" {
		login = m.Name()
	}
	user := metro.Hash64Str(login, seedChatter)
	rec := record{user: user, sec: uint32(sec)}

	switch {
	case m.Mirrored():
		s.counts.Mirrored++
		s.recent.push(id, rec)
		return Mirrored
	case s.isBot(m, login):
		s.counts.Bots++
		s.recent.push(id, rec)
		return Bot
	case isCommand(m.Text):
		s.counts.Commands++
		s.recent.push(id, rec)
		return Command
	}

	claimed := sec
	sec, doubt := s.place(sec)
	s.advance(sec)
	if s.leap.sec != 0 && s.leap.sec <= s.headSec+leapLeast {
		s.confirmLeap()
	}
	rec.sec = uint32(sec)
	if s.firstSec == 0 || sec < s.firstSec {
		s.firstSec = sec
	}
	rec.flags, rec.value = recCounted|flagsOf(m, sc), valueOf(sc)
	isNew, voice := s.active.add(user, uint32(sec))
	if isNew {
		s.distinct.add(user)
	}
	if voice && rec.flags&recUnscored == 0 {
		rec.flags |= recVoice
	}
	pos := s.recent.push(id, rec)
	s.count(&s.recent.recs[pos], +1)
	if doubt {
		s.leap = leap{sec: claimed, seq: s.recent.next - 1}
	} else {
		s.raisePeak(sec)
	}

	label := sentiment.Label(rec.flags & recLabel)
	s.rank(rankAll, user, login, m.DisplayName)
	s.rank(rankLabel+int(label), user, login, m.DisplayName)

	found := &s.scanner
	found.reset(label)
	found.scan(m)
	s.span.messages++
	s.recent.setTerms(pos, found.words[:found.nWord], found.emotes[:found.nEmote])

	out := Counted
	if m.First {
		out |= First
	}
	if key, ok := found.wave(); ok && s.waves.add(key, user, uint32(sec), uint32(s.headSec), s.recent.next-1, m.Text, s.joinWave) {
		s.joinWave(s.recent.next - 1)
		out |= InWave
	}
	return out
}

// joinWave counts a recent message as part of a wave; it reports false when
// the message is not counted any more.
func (s *Session) joinWave(seq uint64) bool {
	rec, pos := s.recent.bySeq(seq)
	if rec == nil || rec.flags&(recCounted|recDeleted) != recCounted {
		return false
	}
	if rec.flags&recWave == 0 {
		rec.flags |= recWave
		s.counts.Waves++
		s.recent.dirty.mark(pos / recentPage)
	}
	return true
}

func flagsOf(m *chat.Message, sc *sentiment.Score) uint16 {
	f := recUnscored
	if sc != nil {
		f = 0
		if sc.Label <= sentiment.Negative {
			f = uint16(sc.Label)
		}
		if sc.Flags&sentiment.FlagUnsure != 0 {
			f |= recUnsure
		}
		if sc.Flags&sentiment.FlagUnscored != 0 {
			f = f&^recLabel | recUnscored // counted as neutral
		}
		if sc.Flags&sentiment.FlagQuestion != 0 {
			f |= recQuestion
		}
	}
	if m.First {
		f |= recFirst
	}
	if m.Subscriber {
		f |= recSubscriber
	}
	return f
}

func valueOf(sc *sentiment.Score) int16 {
	if sc == nil || sc.Value != sc.Value || sc.Flags&sentiment.FlagUnscored != 0 {
		return 0
	}
	return int16(math.Round(float64(min(max(sc.Value, -1), 1)) * scoreUnit))
}

// count adds what a record says to the counts and the timeline, or takes it
// back out.
func (s *Session) count(rec *record, sign int) {
	s.forgetBaseline(int64(rec.sec))
	label := sentiment.Label(rec.flags & recLabel)
	c := &s.counts
	c.Total += sign
	switch label {
	case sentiment.Positive:
		c.Positive += sign
	case sentiment.Negative:
		c.Negative += sign
	default:
		c.Neutral += sign
	}
	for _, f := range [...]struct {
		flag uint16
		n    *int
	}{
		{recUnsure, &c.Unsure},
		{recUnscored, &c.Unscored},
		{recQuestion, &c.Questions},
		{recFirst, &c.First},
		{recWave, &c.Waves},
		{recSubscriber, &s.subscribers},
	} {
		if rec.flags&f.flag != 0 {
			*f.n += sign
		}
	}

	x := cell{sum: int64(rec.value)}
	x.n[label] = 1
	if rec.flags&recVoice != 0 {
		x.voices, x.moodSum = 1, int64(rec.value)
	}
	if sign > 0 {
		s.all.add(&x)
	} else {
		s.all.sub(&x)
	}
	for i := range s.tiers {
		b := s.tiers[i].touch(int64(rec.sec))
		switch {
		case b == nil:
		case sign > 0:
			b.add(&x)
		default:
			b.sub(&x)
		}
	}
}

func (s *Session) isBot(m *chat.Message, login string) bool {
	if isKnownBot(login) || len(s.bots) > 0 && s.bots[login] {
		return true
	}
	for i := range m.Badges {
		if b := m.Badges[i].Name; b == "bot-badge" || b == "bot" {
			return true
		}
	}
	return false
}

// Delete takes the message with an id back out, because a moderator removed
// it. It returns how many messages that changed: 0 when the message is not
// among the recent ones, was never counted or is out already. The counts, the
// timeline and the mood, the ranking of chatters and, while they are
// remembered, terms are corrected; distinct and active chatters, the peak rate,
// a wave's own count and past moments stay.
func (s *Session) Delete(id string) int {
	if id == "" {
		return 0
	}
	return s.takeOut(s.recent.find(metro.Hash64Str(id, seedID) | 1))
}

// ClearUser takes all recent messages of a chatter back out, because a
// moderator timed them out or banned them. See [Session.Delete].
func (s *Session) ClearUser(login string) int {
	user := metro.Hash64Str(login, seedChatter)
	n := 0
	for pos := range s.recent.recs {
		if s.recent.recs[pos].user == user {
			n += s.takeOut(pos)
		}
	}
	return n
}

// ClearAll is told that a moderator cleared the whole chat. That tidies a
// screen; it says nothing about any one message, and what was felt was felt.
// So nothing is taken out, and the answer is always 0.
func (s *Session) ClearAll(time.Time) int { return 0 }

func (s *Session) takeOut(pos int) int {
	if pos < 0 {
		return 0
	}
	rec := &s.recent.recs[pos]
	if rec.flags&(recCounted|recDeleted) != recCounted {
		return 0
	}
	s.count(rec, -1)
	s.counts.Deleted++
	rec.flags |= recDeleted
	s.recent.dirty.mark(pos / recentPage)

	label := rec.flags & recLabel
	for _, r := range [...]int{rankAll, rankLabel + int(label)} {
		if i := s.ranks[r].find(rec.user); i >= 0 {
			s.ranks[r].sub(i)
		}
	}
	s.countedTerms(rec, func(k *sketch[term], i int) {
		if n := &k.payload[i].labels[label]; *n > 0 {
			*n--
			k.sub(i)
		}
	})
	return 1
}

// countedTerms calls f for each word and emote of a message that is among those
// counted, with its place there.
func (s *Session) countedTerms(rec *record, f func(k *sketch[term], i int)) {
	s.recent.termsOf(rec, func(h uint32, emote bool) {
		k := s.terms
		if emote {
			k = s.emotes
		}
		if i := k.index.find32(h, k.hashes); i >= 0 {
			f(k, i)
		}
	})
}

// Notice takes in what Twitch told the room. A raid and a batch of gifted
// subscriptions become marks. A batch is counted by its announcement alone,
// not by the single gifts that follow it, and a single gift is no mark.
func (s *Session) Notice(n *chat.Notice, at time.Time) (Mark, bool) {
	if s.ended || n.Mirrored {
		return Mark{}, false
	}
	m := Mark{At: at.UTC(), Count: max(n.Count, 0), Name: clip(n.Name), Text: clip(n.Text)}
	if m.Name == "" {
		m.Name = clip(n.Login)
	}
	switch n.Type {
	case "raid":
		m.Kind = "raid"
	case "submysterygift", "anonsubmysterygift":
		if n.Count < 2 {
			return Mark{}, false
		}
		m.Kind = "gifts"
	default:
		return Mark{}, false
	}
	if n.ID != "" {
		h := metro.Hash64Str(n.ID, seedID)
		if slices.Contains(s.notices, h) {
			return Mark{}, false
		}
		if len(s.notices) == maxNotices {
			s.notices = slices.Delete(s.notices, 0, 1)
		}
		s.notices = append(s.notices, h)
	}
	i := len(s.marks)
	for i > 0 && s.marks[i-1].At.After(m.At) {
		i--
	}
	s.marks = slices.Insert(s.marks, i, m)
	if len(s.marks) > maxMarks {
		s.marks = slices.Delete(s.marks, 0, 1)
	}
	s.dirty.marks = true
	return m, true
}

// AddGap records a span in which chat was not read. Gaps that overlap or touch
// become one, which keeps the reason of the earlier.
func (s *Session) AddGap(g Gap) {
	if !g.To.After(g.From) {
		return
	}
	s.usual = baselineCache{}
	g.From, g.To, g.Reason = g.From.UTC(), g.To.UTC(), clip(g.Reason)
	i, _ := slices.BinarySearchFunc(s.gaps, g, func(a, b Gap) int { return a.From.Compare(b.From) })
	s.gaps = slices.Insert(s.gaps, i, g)
	for i > 0 && !s.gaps[i-1].To.Before(s.gaps[i].From) {
		i--
		s.mergeGap(i)
	}
	for i+1 < len(s.gaps) && !s.gaps[i].To.Before(s.gaps[i+1].From) {
		s.mergeGap(i)
	}
	if len(s.gaps) > maxGaps {
		near := 0
		for j := range len(s.gaps) - 1 {
			if s.gaps[j+1].From.Sub(s.gaps[j].To) < s.gaps[near+1].From.Sub(s.gaps[near].To) {
				near = j
			}
		}
		s.mergeGap(near)
	}
	s.dirty.gaps = true
}

// mergeGap makes one of gap i and the next.
func (s *Session) mergeGap(i int) {
	if s.gaps[i+1].To.After(s.gaps[i].To) {
		s.gaps[i].To = s.gaps[i+1].To
	}
	s.gaps = slices.Delete(s.gaps, i+1, i+2)
}

// Stop ends the analysis: moments that last end, nothing is added any more. A
// session that never had a Tick, because it is that of a log, ends with its
// newest message where the end is more than ten minutes later.
func (s *Session) Stop(at time.Time) {
	if s.ended {
		return
	}
	if at = s.endOf(at); at.Before(s.start) {
		at = s.start // the clock was set back
	}
	s.evaluate(s.nowSec(at))
	s.lookBack(true)
	s.ended, s.endedAt = true, at
	s.status = Status{State: Stopped, Since: s.endedAt}
	s.endMoments(s.nowSec(at) + 1)
}

// Snapshot returns the whole state at an instant, with at most top entries in
// each list of chatters, terms, emotes and waves.
func (s *Session) Snapshot(now time.Time, top int) Snapshot {
	if s.ended {
		now = s.endedAt
	}
	snap := Snapshot{
		ID: s.id, Channel: s.channel, Running: !s.ended, StartedAt: s.start, EndedAt: s.endedAt,
		At: now.UTC(), Duration: max(now.Sub(s.start).Seconds(), 0),
		Status: s.status, Counts: s.counts, Shed: s.shed, Mood: s.Mood(now), Rate: s.Rate(now),
		Terms: s.TopTerms(false, "", top), Emotes: s.TopTerms(true, "", top),
		TermError: max(s.terms.maxError(), s.emotes.maxError()),
		Waves:     s.waves.newest(top),
		Gaps:      append([]Gap{}, s.gaps...),
		Marks:     append([]Mark{}, s.marks...),
		Moments:   append([]Moment{}, s.moments...),
	}
	c := &snap.Chatters
	c.Distinct, c.Exact, c.Active = s.ChatterCounts(now)
	c.Subscribers = s.subscribers
	c.Top = TopChatters{
		All:      s.topChatters(rankAll, top),
		Positive: s.topChatters(rankLabel+int(sentiment.Positive), top),
		Neutral:  s.topChatters(rankLabel+int(sentiment.Neutral), top),
		Negative: s.topChatters(rankLabel+int(sentiment.Negative), top),
	}
	for _, k := range s.ranks {
		c.TopError = max(c.TopError, k.maxError())
	}
	return snap
}

// clip keeps a text of somebody else's within bounds.
func clip(text string) string {
	n := 0
	for i := range text {
		if n == maxText {
			return strings.Clone(text[:i])
		}
		n++
	}
	return strings.Clone(text)
}
