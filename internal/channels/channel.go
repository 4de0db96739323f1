package channels

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/live/frame"
	"chatmood/internal/sentiment"
	"chatmood/internal/source"
)

// channel is one running analysis and what its viewers see of it.
type channel struct {
	manager *Manager
	name    string
	epoch   uint64
	fence   int64 // of the lease
	// ahead is how far the clock of the analysis is ahead of this server's: an
	// analysis that another server began keeps that one's time, so that it has no
	// hole and no second twice where clocks differ. All that is dated in it is dated by now.
	ahead     time.Duration
	stopHello func()
	lessons   *lessons // nil: nothing is learnt

	mu        sync.Mutex // guards what follows
	session   *analysis.Session
	seq       uint64 // messages published in this epoch
	batch     []byte // encoded messages that are not published yet, comma-separated
	batched   int
	batchFrom time.Time // arrival of the first of them
	recent    []shown   // ring of the last recentMessages messages, which grows as they come; slots are reused
	recentLen uint64    // messages ever put into it
	scratch   []byte    // for frames; reused
	lastEvent time.Time // arrival of the last message
	lostSince time.Time // after a restart, until the channel is live again: the last checkpoint; not after it was resumed
	rankedAt  int       // messages counted when rankings were last published
	touched   bool      // something happened since the last checkpoint
	keptAt    time.Time // of the last checkpoint
	stopped   bool
	corrected map[string]corrected // by message id; at most maxCorrected
}

// shown is a message as viewers have it, and what is needed to find it again
// when a moderator removes it.
type shown struct {
	encoded   []byte
	id, login uint64 // hashes
	removed   bool
}

func newChannel(m *Manager, s *analysis.Session, epoch uint64, fence int64, ahead time.Duration) *channel {
	return &channel{manager: m, name: s.Channel(), epoch: epoch, fence: fence, ahead: ahead, session: s}
}

// now is the time of day by the clock of the analysis.
func (c *channel) now() time.Time { return c.manager.now().Add(c.ahead) }

// message judges and counts one message and queues it for publication. behind is
// for how long its source has not kept up: then less is done for it, and what is
// left out is counted. What is counted comes first, text that viewers read last.
func (c *channel) message(msg *chat.Message, behind time.Duration) {
	m := c.manager
	m.counters.Messages.Add(1)
	if behind >= m.cfg.ShedJudging {
		m.counters.Unjudged.Add(1)
		c.mu.Lock()
		c.session.AddShed(analysis.Shed{Unjudged: 1})
		c.touched = true
		c.mu.Unlock()
		return
	}
	var score sentiment.Score
	learner := c.lessons.current()
	var teachable bool
	if learner != nil && m.learn.judges {
		teachable = m.cfg.Engine.ScoreIn(&score, learner, msg.Text, msg.Emotes)
	} else {
		m.cfg.Analyzer.Score(&score, msg.Text, msg.Emotes)
		teachable = learner != nil
	}
	if m.cfg.Second != nil && (learner == nil || !learner.Settles(msg.Text)) {
		m.cfg.Second.Override(&score, msg.Text)
	}
	m.counters.Judged.Add(1)
	// Others than those who are counted teach nothing: bots, for example.
	if c.count(msg, &score, behind < m.cfg.ShedText)&analysis.Counted != 0 && teachable {
		learner.Observe(m.cfg.Engine, msg.Text, msg.Emotes, msg.Login, msg.Time)
	}
}

// count takes a judged message into the session and, where it is to be shown,
// queues it for publication.
func (c *channel) count(msg *chat.Message, score *sentiment.Score, show bool) analysis.Outcome {
	m := c.manager
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return 0
	}
	outcome := c.session.Add(msg, score)
	if outcome&analysis.Duplicate != 0 {
		m.counters.Duplicates.Add(1)
		return outcome
	}
	c.lastEvent, c.touched = c.now(), true
	if !show {
		m.counters.Unshown.Add(1)
		c.session.AddShed(analysis.Shed{Unshown: 1})
		return outcome
	}
	if c.batched == 0 {
		c.batchFrom = c.lastEvent
		m.markDirty(c)
	} else {
		c.batch = append(c.batch, ',')
	}
	from := len(c.batch)
	c.batch = frame.AppendMessage(c.batch, msg, score, outcome)
	if len(c.recent) < recentMessages {
		c.recent = append(c.recent, shown{})
	}
	slot := &c.recent[c.recentLen%recentMessages]
	*slot = shown{
		encoded: append(slot.encoded[:0], c.batch[from:]...),
		id:      maphash.String(m.seed, msg.ID), login: maphash.String(m.seed, msg.Login),
	}
	c.recentLen++
	c.batched++
	if len(c.batch) >= maxBatchBytes {
		c.flushLocked()
	}
	return outcome
}

// flush publishes the messages that wait.
func (c *channel) flush() {
	c.mu.Lock()
	c.flushLocked()
	c.mu.Unlock()
}

func (c *channel) flushLocked() {
	if c.batched == 0 || c.stopped {
		return
	}
	n := c.batched
	c.seq += uint64(n)
	c.publishLocked(frame.Stream, n, frame.AppendBatch(c.scratch[:0], c.seq, n, c.batch))
	if told := c.manager.cfg.Batched; told != nil {
		told(c.name, n, len(c.batch), c.batchFrom, c.now())
	}
	c.batch, c.batched = c.batch[:0], 0
}

// publishLocked puts one frame on the bus. Frames of a channel go out in the
// order of their making, since c.mu is held. payload may be c.scratch.
func (c *channel) publishLocked(kind frame.Kind, n int, payload []byte) {
	c.scratch = payload
	envelope := frame.AppendEnvelope(nil, frame.Envelope{Kind: kind, Epoch: c.epoch, Seq: c.seq, N: n, Payload: payload})
	c.manager.publish(c.name, envelope)
}

// event publishes a frame that is part of the stream and no batch: the
// messages before it go first.
func (c *channel) eventLocked(build func(dst []byte) []byte) {
	c.touched = true
	c.flushLocked()
	c.publishLocked(frame.Stream, 0, build(c.scratch[:0]))
}

func (c *channel) notice(ev *chat.Event) {
	c.manager.counters.Notices.Add(1)
	if ev.Message.Text != "" {
		// The words that somebody added to a subscription are chat like any other.
		c.message(&ev.Message, ev.Behind)
	}
	if ev.Notice.Mirrored {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	if mark, ok := c.session.Notice(&ev.Notice, ev.Time); ok {
		c.eventLocked(func(dst []byte) []byte { return frame.AppendMark(dst, c.seq, mark) })
	}
}

func (c *channel) deletion(ev *chat.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	var n int
	del := frame.Deletion{}
	switch ev.Kind {
	case chat.KindDelete:
		n = c.session.Delete(ev.TargetID)
		del.IDs = []string{ev.TargetID}
	case chat.KindClearUser:
		n = c.session.ClearUser(ev.TargetLogin)
		del.Login = ev.TargetLogin
	default:
		n = c.session.ClearAll(ev.Time)
		del.All = true
	}
	c.manager.counters.Deletions.Add(int64(n))
	c.hideLocked(del)
	c.eventLocked(func(dst []byte) []byte { return frame.AppendDelete(dst, c.seq, del) })
}

// hideLocked keeps removed messages from those who come later.
func (c *channel) hideLocked(del frame.Deletion) {
	id := uint64(0)
	if len(del.IDs) == 1 {
		id = maphash.String(c.manager.seed, del.IDs[0])
	}
	login := maphash.String(c.manager.seed, del.Login)
	for i := range c.recent {
		s := &c.recent[i]
		if del.All || (len(del.IDs) == 1 && s.id == id) || (del.Login != "" && s.login == login) {
			s.removed = true
		}
	}
}

func (c *channel) status(st source.Status, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	status := analysis.Status{State: st.State, Code: st.Code, Reason: st.Reason, Since: st.Since}
	var gap *analysis.Gap
	if st.State == source.Live && !c.lostSince.IsZero() {
		gap = &analysis.Gap{From: c.lostSince, To: now, Reason: "restart"}
		c.lostSince = time.Time{}
		c.session.AddGap(*gap)
		c.manager.counters.Gaps.Add(1)
	}
	c.session.SetStatus(status)
	c.eventLocked(func(dst []byte) []byte { return frame.AppendStatus(dst, c.seq, status, gap) })
}

func (c *channel) gap(g analysis.Gap) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	if !c.lostSince.IsZero() {
		// The outage began with the process before this one.
		g.From, g.Reason = c.lostSince, "restart"
		c.lostSince = time.Time{}
	}
	c.session.AddGap(g)
	c.manager.counters.Gaps.Add(1)
	c.eventLocked(func(dst []byte) []byte { return frame.AppendStatus(dst, c.seq, c.session.Status(), &g) })
}

// figures advances the session's clock and publishes its figures, second is a
// running number of seconds. A channel where nothing happens is left alone
// most of the time.
func (c *channel) figures(now time.Time, second int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return
	}
	for _, moment := range c.session.Tick(now) {
		c.eventLocked(func(dst []byte) []byte { return frame.AppendMoment(dst, c.seq, moment) })
	}
	if now.Sub(c.lastEvent) > quietAfter && second%quietEvery != 0 {
		return
	}
	c.statsLocked(now)
	counts := c.session.Counts()
	if total := counts.Total + counts.Deleted; second%topEvery == 0 && total != c.rankedAt {
		c.rankedAt = total
		c.topLocked(now)
	}
}

// statsLocked publishes the figures as they are.
func (c *channel) statsLocked(now time.Time) {
	c.flushLocked() // so that the figures do not run ahead of the messages
	s := c.session
	distinct, exact, active := s.ChatterCounts(now)
	c.publishLocked(frame.Ephemeral, 0, frame.AppendStats(c.scratch[:0], c.seq, frame.Stats{
		Counts: s.Counts(), Shed: s.Shed(), Mood: s.Mood(now), Rate: s.Rate(now),
		Distinct: distinct, Exact: exact, Active: active, Buckets: s.Tail(now, 3),
	}))
}

// topLocked publishes who and what is at the top.
func (c *channel) topLocked(now time.Time) {
	snap := c.session.Snapshot(now, snapshotTop)
	c.publishLocked(frame.EphemeralTop, 0, frame.AppendTop(c.scratch[:0], c.seq, frame.Top{
		Chatters: snap.Chatters, Terms: snap.Terms, Emotes: snap.Emotes, TermError: snap.TermError, Waves: snap.Waves,
	}))
}

// hello answers a node whose first viewer arrived.
func (c *channel) hello(now time.Time) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil
	}
	c.flushLocked() // so that what is told ends at c.seq
	recent, removed := c.recentLocked(helloMessages)
	return frame.AppendHelloBody(nil, frame.HelloBody{
		Epoch: c.epoch, Seq: c.seq,
		Snapshot: c.session.Snapshot(now, snapshotTop),
		Timeline: c.session.Timeline(time.Time{}, now, 0),
		Recent:   recent, Removed: removed,
	})
}

// recentLocked returns the last n messages, oldest first, sharing memory with
// the ring, but for those that were removed, which it counts.
func (c *channel) recentLocked(n int) (list []json.RawMessage, removed int) {
	have := min(c.recentLen, recentMessages, uint64(max(n, 0)))
	list = make([]json.RawMessage, 0, have)
	for i := c.recentLen - have; i < c.recentLen; i++ {
		if s := &c.recent[i%recentMessages]; s.removed {
			removed++
		} else {
			list = append(list, s.encoded)
		}
	}
	return list, removed
}

// checkpoint returns what changed since the last one. Where nothing happened but
// that time went by, it does so now and then only, unless it must be now.
func (c *channel) checkpoint(now time.Time, must bool) analysis.Checkpoint {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped || !must && !c.touched && now.Sub(c.keptAt) < quietStore {
		return analysis.Checkpoint{}
	}
	c.touched, c.keptAt = false, now
	return c.checkpointLocked(now)
}

func (c *channel) checkpointLocked(now time.Time) analysis.Checkpoint {
	at := now
	if !c.lostSince.IsZero() {
		at = c.lostSince // nothing was read since
	}
	return analysis.Checkpoint{
		SessionID: c.session.ID(), Channel: c.name, StartedAt: c.session.StartedAt(),
		At: at, Fence: c.fence, Parts: c.session.Checkpoint(false),
	}
}

// finish ends the session, tells the viewers its last figures and that it
// ended, and returns what is to be kept.
func (c *channel) finish(now time.Time) (analysis.Finished, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushLocked()
	c.session.Stop(now)
	c.statsLocked(now)
	c.topLocked(now)
	report := c.reportLocked(now)
	c.publishLocked(frame.End, 0, frame.AppendStopped(c.scratch[:0], c.name))
	c.stopped = true
	f, err := finished(report, now)
	f.Fence = c.fence
	return f, err
}

// reportLocked tells what would be kept if the session ended now.
func (c *channel) reportLocked(now time.Time) analysis.Report {
	return analysis.Report{Snapshot: c.session.Snapshot(now, reportTop), Timeline: c.session.Timeline(time.Time{}, time.Time{}, 0)}
}

// finished returns a report as it is kept.
func finished(r analysis.Report, ended time.Time) (analysis.Finished, error) {
	s := &r.Snapshot
	if ended.Before(s.StartedAt) {
		ended = s.StartedAt // the clock was set back
	}
	data, err := json.Marshal(r)
	if err != nil {
		return analysis.Finished{}, fmt.Errorf("encoding the report of %s: %w", s.Channel, err)
	}
	return analysis.Finished{
		SessionID: s.ID, Channel: s.Channel, StartedAt: s.StartedAt, EndedAt: ended,
		Counts: s.Counts, Mood: s.Mood.All, Report: data,
	}, nil
}
