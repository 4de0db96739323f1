package onnx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

// Options set up an [Engine]. Zero values are replaced by what is said.
type Options struct {
	Fast    *sentiment.Engine // judges what the model does not get to; required
	Workers int               // batches judged at once, each with its own copy of the model; default 1, which uses all cores
	Batch   int               // messages in a batch; default 32
	Queue   int               // messages that may wait; default 2,048
	Cache   int               // judgements that are kept, since chat repeats itself; default 65,536
	Log     *slog.Logger      // default: none
}

// Engine judges with the model where its judgement is there in time, with the
// fast engine otherwise. It is safe for concurrent use.
type Engine struct {
	fast    *sentiment.Engine
	log     *slog.Logger
	batch   int
	jobs    chan *job
	workers sync.WaitGroup
	models  []*classifier

	mu        sync.Mutex // guards what follows
	closed    bool
	waiting   map[string]*job
	fresh     map[string]verdict // two generations of judgements: when fresh is
	old       map[string]verdict // full it becomes the old one
	cache     int
	loggedErr time.Time

	byModel, byFast, failed atomic.Uint64
}

// A job is a text that waits for the model.
type job struct {
	text string
	done chan struct{} // closed when it was judged or given up
}

var _ sentiment.Analyzer = (*Engine)(nil)

// Open loads the model at path, a folder or an .onnx file in one, and starts the
// workers. [Engine.Close] ends them.
func Open(path string, o Options) (*Engine, error) {
	if o.Fast == nil {
		return nil, errors.New("onnx: no fast engine")
	}
	e := &Engine{
		fast: o.Fast, log: o.Log, batch: cmp.Or(o.Batch, 32), cache: cmp.Or(o.Cache, 1<<16),
		jobs: make(chan *job, cmp.Or(o.Queue, 2048)), waiting: map[string]*job{}, fresh: map[string]verdict{},
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	for range cmp.Or(o.Workers, 1) {
		m, err := open(path)
		if err == nil {
			e.models = append(e.models, m)
			// A model that cannot judge says so now and not in the evening.
			_, err = m.judge([]string{"hello chat"})
		}
		if err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	for _, m := range e.models {
		e.workers.Go(func() { e.work(m) })
	}
	return e, nil
}

// Close ends the workers. What waits is left to the fast engine.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	close(e.jobs)
	e.mu.Unlock()
	e.workers.Wait()
	var err error
	for _, m := range e.models {
		err = errors.Join(err, m.close())
	}
	if err != nil {
		return fmt.Errorf("closing the ONNX model: %w", err)
	}
	return nil
}

// work judges batches until the engine is closed.
func (e *Engine) work(m *classifier) {
	batch := make([]*job, 0, e.batch)
	texts := make([]string, 0, e.batch)
	for first := range e.jobs {
		batch, texts = append(batch[:0], first), append(texts[:0], first.text)
	fill:
		for len(batch) < e.batch {
			select {
			case j, ok := <-e.jobs:
				if !ok {
					break fill
				}
				batch, texts = append(batch, j), append(texts, j.text)
			default:
				break fill
			}
		}
		verdicts, err := m.judge(texts)
		e.settle(batch, verdicts, err)
	}
}

// settle keeps a batch's judgements and wakes whoever waits for them.
func (e *Engine) settle(batch []*job, verdicts []verdict, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		e.failed.Add(uint64(len(batch)))
		if now := time.Now(); now.Sub(e.loggedErr) > time.Minute {
			e.loggedErr = now
			e.log.Error("the ONNX model failed; the fast engine judges instead", "error", err)
		}
	}
	for i, j := range batch {
		if err == nil {
			e.keep(j.text, verdicts[i])
		}
		delete(e.waiting, j.text)
		close(j.done)
	}
}

func (e *Engine) keep(text string, v verdict) {
	if len(e.fresh) >= max(e.cache/2, 1) {
		e.old, e.fresh = e.fresh, make(map[string]verdict, e.cache/2)
	}
	e.fresh[text] = v
}

func (e *Engine) lookup(text string) (v verdict, ok bool) {
	if v, ok = e.fresh[text]; ok {
		return v, true
	}
	if v, ok = e.old[text]; ok {
		e.keep(text, v)
	}
	return v, ok
}

// submit asks the model about a text. It returns nil where there is nothing to
// wait for: the judgement is there already, or the queue is full.
func (e *Engine) submit(text string) *job {
	text = cut(text)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	if _, ok := e.lookup(text); ok {
		return nil
	}
	if j := e.waiting[text]; j != nil {
		return j
	}
	j := &job{text: string([]byte(text)), done: make(chan struct{})} // its own memory: a line's is used again
	select {
	case e.jobs <- j:
		e.waiting[j.text] = j
		return j
	default:
		return nil
	}
}

// Prefetch asks the model about texts and waits until they are judged or ctx
// ends: what was not judged by then is left to the fast engine.
func (e *Engine) Prefetch(ctx context.Context, texts []string) {
	for len(texts) > 0 {
		n := min(len(texts), e.batch)
		jobs := make([]*job, 0, n)
		for _, t := range texts[:n] {
			if j := e.submit(t); j != nil {
				jobs = append(jobs, j)
			}
		}
		for _, j := range jobs {
			select {
			case <-j.done:
			case <-ctx.Done():
				return
			}
		}
		texts = texts[n:]
	}
}

// Score implements [sentiment.Analyzer]. It never waits: see [Engine.Prefetch]
// and [Gate].
func (e *Engine) Score(dst *sentiment.Score, text string, emotes []chat.Emote) {
	e.fast.Score(dst, text, emotes)
	e.Override(dst, text)
}

// Override replaces a judgement of the fast engine by the model's, where it is
// there, and reports whether it was. The findings about irony, laughter and so
// on remain.
func (e *Engine) Override(dst *sentiment.Score, text string) bool {
	e.mu.Lock()
	v, ok := e.lookup(cut(text))
	e.mu.Unlock()
	if !ok {
		e.byFast.Add(1)
		return false
	}
	e.byModel.Add(1)
	dst.Label, dst.Value, dst.Confidence = v.label, v.value, v.confidence
	dst.Flags &^= sentiment.FlagUnscored | sentiment.FlagUnsure
	if v.confidence < sentiment.UnsureBelow {
		dst.Flags |= sentiment.FlagUnsure
	}
	return true
}

// Fast returns the engine beside the model.
func (e *Engine) Fast() *sentiment.Engine { return e.fast }

// Stats says who judged since the start.
type Stats struct {
	Model   uint64 // messages judged by the model
	Fast    uint64 // messages that the model did not get to in time
	Failed  uint64 // texts on which the model failed
	Waiting int    // texts that wait for it now
}

// Stats returns the counts.
func (e *Engine) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return Stats{Model: e.byModel.Load(), Fast: e.byFast.Load(), Failed: e.failed.Load(), Waiting: len(e.waiting)}
}
