package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/channels"
	"chatmood/internal/httpapi"
	"chatmood/internal/sentiment"
)

const (
	lessonsAge     = 5 * time.Second // what another node's channel taught is asked for once in so long
	maxLessonsKept = 32              // channels whose lessons are remembered
)

// performLesson does a request about what a channel teaches, which is this node's.
func (n *nodes) performLesson(ctx context.Context, q request) (ok bool, result any, err error) {
	switch q.Op {
	case "learned":
		result, ok, err = n.manager.Learned(q.Channel)
	case "lessons":
		learner, running := n.manager.Lessons(q.Channel)
		if ok = running && learner != nil; ok {
			result = learner.State()
		} else if running {
			err = analysis.ErrNotLearning
		}
	case "explain":
		result, ok, err = n.manager.Explain(q.Channel, q.Label)
	case "correct":
		var change analysis.LabelChange
		if err = json.Unmarshal(q.Change, &change); err == nil {
			result, ok, err = n.manager.Correct(q.Channel, change)
		}
	default:
		var change analysis.LessonChange
		if err = json.Unmarshal(q.Change, &change); err == nil {
			result, ok, err = n.manager.Teach(ctx, q.Channel, change)
		}
	}
	return ok, result, err
}

// explain tells how a message was judged, wherever its channel is analysed; ok is
// false where it is analysed nowhere.
func (n *nodes) explain(ctx context.Context, channel, id string) (x analysis.Explanation, ok bool, err error) {
	ok, err = n.route(ctx, request{Op: "explain", Channel: channel, Label: id}, false, func(context.Context) (ok bool, err error) {
		x, ok, err = n.manager.Explain(channel, id)
		return ok, err
	}, &x)
	return x, ok, err
}

// apiLessons are what channels teach as the API wants it: what concerns a channel
// is done by the node that has it.
type apiLessons struct {
	*nodes
	analysis.LearningStore
	cache *lessonCache
}

var _ httpapi.Lessons = apiLessons{}

// Learned implements [httpapi.Lessons].
func (l apiLessons) Learned(ctx context.Context, channel string) (list []sentiment.Learnt, running bool, err error) {
	running, err = l.route(ctx, request{Op: "learned", Channel: channel}, false, func(context.Context) (ok bool, err error) {
		list, ok, err = l.manager.Learned(channel)
		return ok, err
	}, &list)
	if err != nil || running {
		return list, running, lessonError(err)
	}
	learner, err := l.stored(ctx, channel)
	if err != nil {
		return nil, false, err
	}
	return learner.Emotes(), false, nil
}

// stored returns what a channel taught that is not being analysed.
func (l apiLessons) stored(ctx context.Context, channel string) (*sentiment.Learner, error) {
	kept, err := l.LearningStore.Learned(ctx, channel)
	if err != nil {
		return nil, err
	}
	return channels.RestoreLearner(kept)
}

// Learner implements [httpapi.Lessons].
func (l apiLessons) Learner(ctx context.Context, channel string) (*sentiment.Learner, error) {
	if learner, ok := l.manager.Lessons(channel); ok {
		return learner, nil // nil while it is not read: then nothing is learnt
	}
	return l.cache.get(channel, func() (*sentiment.Learner, error) {
		var state sentiment.LearnerState
		running, err := l.route(ctx, request{Op: "lessons", Channel: channel}, false, func(context.Context) (bool, error) { return false, nil }, &state)
		if err != nil {
			return nil, lessonError(err)
		}
		if !running {
			return l.stored(ctx, channel)
		}
		learner := sentiment.NewLearner()
		learner.Restore(state)
		return learner, nil
	})
}

// Teach implements [httpapi.Lessons].
func (l apiLessons) Teach(ctx context.Context, channel, userID string, change analysis.LessonChange) (now sentiment.Learnt, err error) {
	data, err := json.Marshal(change)
	if err != nil {
		return now, fmt.Errorf("encoding a correction: %w", err)
	}
	ok, err := l.route(ctx, request{Op: "teach", Channel: channel, Change: data}, false, func(ctx context.Context) (ok bool, err error) {
		now, ok, err = l.manager.Teach(ctx, channel, change)
		return ok, err
	}, &now)
	if err != nil {
		return now, lessonError(err)
	}
	if !ok {
		return now, httpapi.ErrNotAnalysed
	}
	c := analysis.Correction{
		ID: analysis.CorrectionID(userID, channel, analysis.CorrectedToken, change.Name), UserID: userID, Channel: channel,
		Kind: analysis.CorrectedToken, Subject: change.Name, Value: float64(now.Valence), At: l.now(),
	}
	if now.Frozen {
		c.Label = "frozen"
	}
	if change.Release {
		_, err = l.DropCorrection(ctx, c.ID)
	} else {
		err = l.PutCorrection(ctx, c)
	}
	return now, err
}

func (l apiLessons) now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Correct implements [httpapi.Lessons]. What cannot be kept is taken back.
func (l apiLessons) Correct(ctx context.Context, channel string, change analysis.LabelChange) (c analysis.Correction, done analysis.LabelChanged, err error) {
	id := analysis.CorrectionID(change.By, channel, analysis.CorrectedMessage, change.MessageID)
	dropped := false
	if change.Undo {
		if dropped, err = l.DropCorrection(ctx, id); err != nil {
			return c, done, err
		}
	}
	done, ok, err := l.change(ctx, channel, change)
	switch {
	case dropped && (errors.Is(err, analysis.ErrNoMessage) || err == nil && !ok):
		// The label is withdrawn; the message itself is over, and so is how it was.
		return c, done, nil
	case err != nil:
		return c, done, lessonError(err)
	case !ok:
		return c, done, httpapi.ErrNotAnalysed
	case change.Undo:
		done.Restored = true
		return c, done, nil
	}
	c = analysis.Correction{
		ID: id, UserID: change.By, Channel: channel, Kind: analysis.CorrectedMessage, Subject: change.MessageID,
		Hash: done.Hash, Label: done.Label.String(), Value: float64(done.Score), At: l.now(),
	}
	if err := l.PutCorrection(ctx, c); err != nil {
		change.Undo = true
		if _, _, back := l.change(context.WithoutCancel(ctx), channel, change); back != nil {
			err = errors.Join(err, back)
		}
		return analysis.Correction{}, done, err
	}
	return c, done, nil
}

func (l apiLessons) change(ctx context.Context, channel string, change analysis.LabelChange) (done analysis.LabelChanged, ok bool, err error) {
	data, err := json.Marshal(change)
	if err != nil {
		return done, false, fmt.Errorf("encoding a correction: %w", err)
	}
	ok, err = l.route(ctx, request{Op: "correct", Channel: channel, Change: data}, false, func(context.Context) (ok bool, err error) {
		done, ok, err = l.manager.Correct(channel, change)
		return ok, err
	}, &done)
	return done, ok, err
}

// lessonError says in the API's words why nothing can be changed.
func lessonError(err error) error {
	if errors.Is(err, channels.ErrClosed) {
		return fmt.Errorf("%w: %w", httpapi.ErrUnavailable, err)
	}
	return err
}

// lessonCache remembers for some seconds what channels taught that are not
// analysed here. It is safe for concurrent use.
type lessonCache struct {
	mu   sync.Mutex
	kept map[string]cachedLessons
}

type cachedLessons struct {
	learner *sentiment.Learner
	at      time.Time
}

func newLessonCache() *lessonCache { return &lessonCache{kept: make(map[string]cachedLessons)} }

func (c *lessonCache) get(channel string, read func() (*sentiment.Learner, error)) (*sentiment.Learner, error) {
	c.mu.Lock()
	known, ok := c.kept[channel]
	c.mu.Unlock()
	if ok && time.Since(known.at) < lessonsAge {
		return known.learner, nil
	}
	learner, err := read()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, k := range c.kept {
		if len(c.kept) >= maxLessonsKept || time.Since(k.at) >= lessonsAge {
			delete(c.kept, name)
		}
	}
	c.kept[channel] = cachedLessons{learner, time.Now()}
	return learner, nil
}
