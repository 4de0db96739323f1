package channels

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"chatmood/internal/analysis"
)

const (
	storeTimeout = 30 * time.Second // bounds one attempt to store
	tellEvery    = time.Minute      // between log lines about a store that stays away
)

// storeQueue stands between the analyses and the store. While the store is
// away, later checkpoints of a session replace the parts of earlier ones, so
// that what waits is bounded by one whole state of each session.
type storeQueue struct {
	store analysis.SessionStore
	log   *slog.Logger
	woken chan struct{} // buffered: a wake-up is never lost and never waits

	// Set before the queue is used. valid reports whether anything may be stored
	// now; finishedStored is told of each report that was stored, fenced of
	// sessions that are others' now. nil: always, and nobody is told.
	valid          func() bool
	finishedStored func(*analysis.Finished)
	fenced         func(sessions []string)

	storing sync.Mutex // held while something is stored, so that older parts never replace newer ones

	mu       sync.Mutex // guards what follows
	pending  map[string]*waiting
	finished []analysis.Finished
	expected map[string][]chan error // by session: who waits for its end to be stored
	err      error
	stored   time.Time
}

// waiting is what a session has to store.
type waiting struct {
	checkpoint analysis.Checkpoint // without parts
	parts      map[string][]byte
}

func newStoreQueue(store analysis.SessionStore, log *slog.Logger) *storeQueue {
	return &storeQueue{store: store, log: log, woken: make(chan struct{}, 1), pending: make(map[string]*waiting), expected: make(map[string][]chan error), stored: time.Now()}
}

// add queues a checkpoint.
func (q *storeQueue) add(cp analysis.Checkpoint) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.merge(cp, true)
}

// merge puts the parts of cp beside those that wait for the same session;
// newer tells whose win. q.mu is held.
func (q *storeQueue) merge(cp analysis.Checkpoint, newer bool) {
	w := q.pending[cp.SessionID]
	if w == nil {
		w = &waiting{checkpoint: cp, parts: make(map[string][]byte, len(cp.Parts))}
		w.checkpoint.Parts = nil
		q.pending[cp.SessionID] = w
	} else if newer {
		w.checkpoint.At = cp.At
	}
	for _, p := range cp.Parts {
		if _, ok := w.parts[p.Name]; !ok || newer {
			w.parts[p.Name] = p.Data
		}
	}
}

// finish queues the end of a session; what waits of its checkpoints is not
// needed any more.
func (q *storeQueue) finish(f analysis.Finished) {
	q.mu.Lock()
	delete(q.pending, f.SessionID)
	q.finished = append(q.finished, f)
	q.mu.Unlock()
	q.wake()
}

// ending returns the end of a channel's analysis that is not stored yet.
func (q *storeQueue) ending(login string) (analysis.Finished, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, f := range slices.Backward(q.finished) {
		if f.Channel == login {
			return f, true
		}
	}
	return analysis.Finished{}, false
}

// expect returns what tells how the next attempt to store a session's end goes.
func (q *storeQueue) expect(session string) <-chan error {
	told := make(chan error, 1)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expected[session] = append(q.expected[session], told)
	return told
}

// tell tells those who expect a session's end. q.mu is held.
func (q *storeQueue) tell(session string, err error) {
	for _, told := range q.expected[session] {
		told <- err
	}
	delete(q.expected, session)
}

// await waits, for a while, until a session's end is stored.
func (q *storeQueue) await(ctx context.Context, stored <-chan error) error {
	q.wake()
	timer := time.NewTimer(stopWait)
	defer timer.Stop()
	select {
	case err := <-stored:
		if err != nil {
			return fmt.Errorf("%w: the analysis ended, and is stored later: %w", ErrClosed, err)
		}
		return nil
	case <-timer.C:
		return fmt.Errorf("%w: the analysis ended, and is stored later", ErrClosed)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (q *storeQueue) wake() {
	select {
	case q.woken <- struct{}{}:
	default:
	}
}

// run stores what is queued until ctx ends.
func (q *storeQueue) run(ctx context.Context) {
	var failing, told time.Time // since when the store fails, and when that was last logged
	for {
		select {
		case <-ctx.Done():
			return
		case <-q.woken:
		}
		err := q.flush(ctx)
		now := time.Now()
		switch {
		case ctx.Err() != nil:
		case err == nil && !failing.IsZero():
			q.log.Info("the analyses are stored again", "after", now.Sub(failing).Round(time.Second))
			failing, told = time.Time{}, time.Time{}
		case err != nil:
			if failing.IsZero() {
				failing = now
			}
			if now.Sub(told) >= tellEvery {
				told = now
				q.log.Error("storing the analyses failed; they go on and are stored later", "error", err)
			}
		}
	}
}

// flush stores everything that waits, or puts it back.
func (q *storeQueue) flush(ctx context.Context) error {
	q.storing.Lock()
	defer q.storing.Unlock()
	if q.valid != nil && !q.valid() {
		return nil // it waits until the leases hold again
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return errors.Join(q.flushFinished(ctx), q.flushCheckpoints(ctx))
}

// drop forgets what waits of sessions that are others' now.
func (q *storeQueue) drop(sessions ...string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, id := range sessions {
		delete(q.pending, id)
		q.tell(id, ErrElsewhere)
		q.finished = slices.DeleteFunc(q.finished, func(f analysis.Finished) bool { return f.SessionID == id })
	}
}

func (q *storeQueue) flushCheckpoints(ctx context.Context) error {
	q.mu.Lock()
	taken := q.pending
	q.pending = make(map[string]*waiting)
	q.mu.Unlock()
	cps := make([]analysis.Checkpoint, 0, len(taken))
	for _, w := range taken {
		cp := w.checkpoint
		cp.Parts = make([]analysis.Part, 0, len(w.parts))
		for name, data := range w.parts {
			cp.Parts = append(cp.Parts, analysis.Part{Name: name, Data: data})
		}
		cps = append(cps, cp)
	}
	var err error
	for len(cps) > 0 {
		err = q.store.SaveCheckpoints(ctx, cps)
		var fenced *analysis.FencedError
		if !errors.As(err, &fenced) {
			break
		}
		// Others have these; the rest is stored without them.
		n := len(cps)
		cps = slices.DeleteFunc(cps, func(cp analysis.Checkpoint) bool { return slices.Contains(fenced.Sessions, cp.SessionID) })
		q.tellFenced(fenced.Sessions)
		if len(cps) == n {
			break // it names none of ours
		}
		err = nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = err
	if err != nil {
		for _, cp := range cps {
			if !q.isFinished(cp.SessionID) {
				q.merge(cp, false)
			}
		}
		return fmt.Errorf("storing %d checkpoints: %w", len(cps), err)
	}
	q.stored = time.Now()
	return nil
}

// isFinished reports whether a session ended while it was being stored. q.mu is held.
func (q *storeQueue) isFinished(id string) bool {
	for _, f := range q.finished {
		if f.SessionID == id {
			return true
		}
	}
	return false
}

func (q *storeQueue) flushFinished(ctx context.Context) error {
	for {
		q.mu.Lock()
		if len(q.finished) == 0 {
			q.mu.Unlock()
			return nil
		}
		f := q.finished[0]
		q.mu.Unlock()
		err := q.store.FinishSession(ctx, f)
		if errors.Is(err, analysis.ErrFenced) {
			q.tellFenced([]string{f.SessionID})
			continue
		}
		if err != nil {
			q.mu.Lock()
			for i := range q.finished {
				q.tell(q.finished[i].SessionID, err)
			}
			q.mu.Unlock()
			return fmt.Errorf("storing the report of %s: %w", f.Channel, err)
		}
		q.mu.Lock()
		q.tell(f.SessionID, nil)
		q.finished = slices.DeleteFunc(q.finished, func(other analysis.Finished) bool { return other.SessionID == f.SessionID })
		q.mu.Unlock()
		if q.finishedStored != nil {
			q.finishedStored(&f)
		}
	}
}

func (q *storeQueue) tellFenced(sessions []string) {
	q.drop(sessions...)
	if q.fenced != nil {
		q.fenced(sessions)
	}
}

// state tells how many analyses wait and why.
func (q *storeQueue) state() (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.pending) + len(q.finished), q.err
}

func (q *storeQueue) lastStored() time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stored
}
