package channels

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/live/frame"
	"chatmood/internal/sentiment"
)

// maxCorrected bounds the corrected messages of a session that can be taken back;
// beyond, another is forgotten for each: its label stays.
const maxCorrected = 1024

// corrected is what is remembered of a message whose label was corrected.
type corrected struct {
	was     analysis.Judged
	shown   frame.Judgement // as viewers had it
	by      string
	trusted bool
}

// Correct changes the label of one message of a running analysis, and what it
// teaches; ok is false where the channel is not being analysed. Errors are
// analysis.ErrNoMessage, analysis.ErrSettled and ErrClosed. Who is not trusted changes nothing but this
// message, and what that says about an emote weighs as much as one person's
// message; where the trusted correct a message, all messages of its very text
// in this channel get the label.
func (m *Manager) Correct(login string, change analysis.LabelChange) (done analysis.LabelChanged, ok bool, err error) {
	c := m.lookup(login)
	if c == nil {
		return done, false, nil
	}
	text, emotes, err := c.correct(change, &done)
	if err != nil {
		return done, true, err
	}
	learner := c.lessons.current()
	if learner == nil || text == "" {
		return done, true, nil
	}
	now := m.now()
	switch {
	case change.Undo && change.Trusted:
		learner.ForgetMessage(text)
	case change.Undo:
	default:
		// What was said about an emote is not taken back by undoing: it is one
		// person's evidence, and the next correction adds little to it.
		done.Learned = learner.ObserveLabel(m.cfg.Engine, text, emotes, change.Label, "user:"+change.By, now)
		if change.Trusted {
			err = learner.CorrectMessage(text, change.Label, now)
		}
	}
	return done, true, err
}

func (c *channel) correct(change analysis.LabelChange, done *analysis.LabelChanged) (text string, emotes []chat.Emote, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return "", nil, ErrClosed // another server takes it over, or it has just ended
	}
	before, known := c.corrected[change.MessageID]
	if known && before.by != change.By && !change.Trusted && (before.trusted || change.Undo) {
		return "", nil, analysis.ErrSettled
	}
	if change.Undo && !known {
		return "", nil, analysis.ErrNoMessage
	}
	slot := c.shownLocked(change.MessageID)
	text = change.Text
	var now frame.Judgement
	if slot != nil {
		if text, emotes, err = frame.TextOf(slot.encoded); err == nil {
			now, err = frame.JudgementOf(slot.encoded)
		}
		if err != nil {
			return "", nil, err
		}
	}
	if text == "" && !change.Undo {
		return "", nil, analysis.ErrNoMessage
	}
	to := analysis.Judged{Label: change.Label, Value: sentiment.Corrected(change.Label, 0).Value}
	if change.Undo {
		to = before.was
	}
	was, ok := c.session.Relabel(change.MessageID, to)
	if !ok {
		return "", nil, analysis.ErrNoMessage
	}
	if !known {
		before.was, before.shown = was, now
		if slot == nil {
			before.shown = frame.Judgement{Label: was.Label, Score: was.Value}
		}
	}
	judged := before.shown
	if !change.Undo {
		judged = before.shown.CorrectedTo(change.Label)
	}
	c.rememberLocked(change, before)
	if slot != nil {
		if slot.encoded, err = frame.AppendJudged(nil, slot.encoded, judged); err != nil {
			return "", nil, err
		}
	}
	c.eventLocked(func(dst []byte) []byte {
		return frame.AppendRelabel(dst, c.seq, change.MessageID, judged, !change.Undo)
	})
	*done = analysis.LabelChanged{Label: judged.Label, Score: judged.Score}
	if text != "" {
		done.Hash = fmt.Sprintf("%016x", sentiment.TextHash(text))
	}
	return text, emotes, nil
}

// rememberLocked remembers who corrected a message and how it was, or forgets it.
func (c *channel) rememberLocked(change analysis.LabelChange, before corrected) {
	if change.Undo {
		delete(c.corrected, change.MessageID)
		return
	}
	if _, known := c.corrected[change.MessageID]; !known && len(c.corrected) >= maxCorrected {
		for id := range c.corrected {
			delete(c.corrected, id)
			break
		}
	}
	if c.corrected == nil {
		c.corrected = make(map[string]corrected)
	}
	before.by, before.trusted = change.By, change.Trusted
	c.corrected[change.MessageID] = before
}

// shownLocked finds a message among the last ones, nil where it is not.
func (c *channel) shownLocked(id string) *shown {
	h := maphash.String(c.manager.seed, id)
	for i := c.recentLen; i > 0 && c.recentLen-i < recentMessages; i-- {
		if s := &c.recent[(i-1)%recentMessages]; s.id == h && !s.removed {
			return s
		}
	}
	return nil
}

// Learned tells what a channel that is being analysed has taught, the best known
// first.
func (m *Manager) Learned(login string) (list []sentiment.Learnt, ok bool, err error) {
	c := m.lookup(login)
	if c == nil {
		return nil, false, nil
	}
	learner := c.lessons.current()
	if learner == nil {
		return nil, true, analysis.ErrNotLearning
	}
	return learner.Emotes(), true, nil
}

// Lessons tells the same to judge with.
func (m *Manager) Lessons(login string) (*sentiment.Learner, bool) {
	c := m.lookup(login)
	if c == nil {
		return nil, false
	}
	return c.lessons.current(), true
}

// Teach sets what an emote of a channel means, at once, and stores it; ok is
// false where the channel is not being analysed. Errors are analysis.ErrNotLearning,
// analysis.ErrUnteachable, [sentiment.ErrAdminSet] and the store's: then it is stored later.
func (m *Manager) Teach(ctx context.Context, login string, change analysis.LessonChange) (now sentiment.Learnt, ok bool, err error) {
	c := m.lookup(login)
	if c == nil {
		return now, false, nil
	}
	learner := c.lessons.current()
	if learner == nil {
		return now, true, analysis.ErrNotLearning
	}
	e, at := m.cfg.Engine, m.now()
	if change.Release {
		err = learner.Release(e, change.Name, change.Admin, at)
	}
	if err == nil && change.Value != nil {
		err = learner.Correct(e, change.Name, *change.Value, change.Admin, at)
	}
	if err == nil && change.Frozen != nil {
		err = learner.Freeze(e, change.Name, *change.Frozen, change.Admin, at)
	}
	if err != nil && !errors.Is(err, sentiment.ErrAdminSet) {
		err = fmt.Errorf("%w: %w", analysis.ErrUnteachable, err)
	}
	if err != nil {
		return now, true, err
	}
	for _, l := range learner.Emotes() {
		if l.Name == change.Name {
			now = l
		}
	}
	if now.Name == "" {
		now.Name = change.Name
	}
	return now, true, m.learn.save(ctx, login)
}

// Explain tells how a message was judged that viewers saw a moment ago; ok is
// false where the channel is not being analysed, [analysis.ErrNoMessage] where the message
// is not among the last ones.
func (m *Manager) Explain(login, id string) (x analysis.Explanation, ok bool, err error) {
	c := m.lookup(login)
	if c == nil {
		return x, false, nil
	}
	var text string
	var emotes []chat.Emote
	var judged frame.Judgement
	c.mu.Lock()
	slot := c.shownLocked(id)
	if slot == nil {
		err = analysis.ErrNoMessage
	} else if text, emotes, err = frame.TextOf(slot.encoded); err == nil {
		judged, err = frame.JudgementOf(slot.encoded)
	}
	_, isCorrected := c.corrected[id]
	c.mu.Unlock()
	if err != nil {
		return x, true, err
	}
	x = analysis.Explanation{Label: judged.Label, Score: judged.Score, Confidence: judged.Confidence, Flags: judged.Flags, Parts: []analysis.ExplainedPart{}}
	parts := []sentiment.Contribution{{End: len(text), Value: judged.Score, Rule: sentiment.RuleCorrected}}
	if !isCorrected {
		if m.cfg.Engine == nil {
			return x, true, nil
		}
		parts = m.cfg.Engine.ExplainIn(c.lessons.current(), text, emotes)
	}
	for _, p := range parts {
		x.Parts = append(x.Parts, analysis.ExplainedPart{
			Start: frame.Units(text, p.Start), End: frame.Units(text, p.End), Text: text[p.Start:p.End], Value: p.Value, Rule: p.Rule,
		})
	}
	return x, true, nil
}
