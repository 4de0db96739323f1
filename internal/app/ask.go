package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/bus"
	"chatmood/internal/channels"
	"chatmood/internal/cluster"
	"chatmood/internal/sentiment"
)

// request is what one node asks another, which owns the channel.
type request struct {
	Op      string    `json:"op"`
	Channel string    `json:"channel,omitempty"`
	Holder  string    `json:"holder,omitempty"` // or who starts
	Discard bool      `json:"discard,omitempty"`
	N       int       `json:"n,omitempty"`
	Label   string    `json:"label,omitempty"`
	Emotes  bool      `json:"emotes,omitempty"`
	From    time.Time `json:"from,omitzero"`
	To      time.Time `json:"to,omitzero"`
	Step    int       `json:"step,omitempty"`
	// Change is an [analysis.LabelChange] or an [analysis.LessonChange].
	Change json.RawMessage `json:"change,omitempty"`
}

// reply is the answer.
type reply struct {
	OK    bool            `json:"ok,omitempty"`
	Data  json.RawMessage `json:"data,omitempty"`
	Fault string          `json:"fault,omitempty"` // key of faults; "other"
	Text  string          `json:"text,omitempty"`
}

// faults are the errors that callers tell apart.
var faults = map[string]error{
	"too_many":  channels.ErrTooMany,
	"too_held":  channels.ErrTooManyHolds,
	"closed":    channels.ErrClosed,
	"elsewhere": channels.ErrElsewhere,

	"no_message":   analysis.ErrNoMessage,
	"settled":      analysis.ErrSettled,
	"not_learning": analysis.ErrNotLearning,
	"unteachable":  analysis.ErrUnteachable,
	"admin_set":    sentiment.ErrAdminSet,
}

// remoteError is an error of another node.
type remoteError struct {
	text string
	kind error // one of faults, or nil
}

func (e *remoteError) Error() string { return "the server that has the channel says: " + e.text }
func (e *remoteError) Unwrap() error { return e.kind }

// answer does what another node asks for.
func (n *nodes) answer(ctx context.Context, data []byte) []byte {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var q request
	var r reply
	err := json.Unmarshal(data, &q)
	if err == nil {
		var result any
		r.OK, result, err = n.perform(ctx, q)
		if err == nil && result != nil {
			r.Data, err = json.Marshal(result)
		}
	}
	if err != nil {
		r = reply{Fault: "other", Text: err.Error()}
		for key, kind := range faults {
			if errors.Is(err, kind) {
				r.Fault = key
			}
		}
	}
	out, err := json.Marshal(r)
	if err != nil {
		n.log.Error("an answer to another server cannot be encoded", "op", q.Op, "error", err)
		return []byte(`{"fault":"other","text":"the answer cannot be encoded"}`)
	}
	return out
}

// perform does one request here.
func (n *nodes) perform(ctx context.Context, q request) (ok bool, result any, err error) {
	m := n.manager
	switch q.Op {
	case "list":
		return true, m.List(), nil
	case "snapshot":
		result, ok = m.Snapshot(q.Channel, q.N)
	case "timeline":
		result, ok = m.Timeline(q.Channel, q.From, q.To, q.Step)
	case "chatters":
		result, ok = m.TopChatters(q.Channel, q.Label, q.N)
	case "terms":
		result, ok = m.TopTerms(q.Channel, q.Emotes, q.Label, q.N)
	case "recent":
		result, ok = m.Recent(q.Channel, q.N)
	case "report":
		result, ok, err = m.Report(q.Channel)
	case "start":
		ok, err = m.Start(ctx, q.Channel, q.Holder)
	case "stop":
		if n.holds != nil {
			ok, err = n.holds.Stop(ctx, q.Channel)
		} else {
			ok, err = m.Stop(ctx, q.Channel)
		}
	case "connect":
		if n.holds == nil {
			return false, nil, errNoHolds
		}
		ok, err = n.holds.Connect(ctx, q.Channel, q.Holder)
	case "leave":
		if n.holds == nil {
			return false, nil, errNoHolds
		}
		ok, err = n.holds.Leave(ctx, q.Channel, q.Holder, q.Discard)
	case "learned", "lessons", "explain", "correct", "teach":
		ok, result, err = n.performLesson(ctx, q)
	default:
		err = fmt.Errorf("it does not know how to %q: it is of another version", q.Op)
	}
	if !ok {
		result = nil
	}
	return ok, result, err
}

var errNoHolds = errors.New("who holds which channel is not kept here")

// ask asks another node and decodes what it answers into into, unless that is nil.
func (n *nodes) ask(ctx context.Context, id string, q request, into any) (ok bool, err error) {
	data, err := json.Marshal(q)
	if err != nil {
		return false, fmt.Errorf("asking another server: %w", err)
	}
	answer, err := n.bus.Request(ctx, askSubject+cluster.NameOf(id), data)
	if err != nil {
		return false, err
	}
	var r reply
	if err := json.Unmarshal(answer, &r); err != nil {
		return false, fmt.Errorf("reading another server's answer: %w", err)
	}
	if r.Fault != "" {
		return false, &remoteError{r.Text, faults[r.Fault]}
	}
	if into != nil && r.OK {
		if err := json.Unmarshal(r.Data, into); err != nil {
			return false, fmt.Errorf("reading another server's answer: %w", err)
		}
	}
	return r.OK, nil
}

// route does q where the channel is analysed: here, or on the node that has it,
// or with place and where nobody has it on the node that it falls to. While the
// channel passes from one node to another it waits. here does it on this node.
func (n *nodes) route(ctx context.Context, q request, place bool, here func(context.Context) (bool, error), into any) (ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, ownerWait)
	defer cancel()
	for {
		id, owned := n.node.Owner(q.Channel)
		if !owned && place {
			if id, err = n.node.Place(q.Channel); errors.Is(err, cluster.ErrFull) {
				return false, fmt.Errorf("%w: %w", channels.ErrTooMany, err)
			} else if err != nil {
				return false, fmt.Errorf("%w: %w", channels.ErrClosed, err)
			}
		}
		switch {
		case !owned && !place && !n.settled():
			err = errMoving // this node does not know yet what runs
		case !owned && !place:
			return here(ctx) // which finds nothing that runs
		case id == n.node.ID():
			ok, err = here(ctx)
			if owned && err == nil && !ok && !n.manager.Has(q.Channel) {
				err = errMoving // it is just being taken over
			}
		case id == "":
			err = errMoving
		case place || !q.readOnly():
			ok, err = n.ask(ctx, id, q, into)
		default:
			// An answer may be lost with a NATS server: once more, then.
			once, cancel := context.WithTimeout(ctx, answerWait)
			ok, err = n.ask(once, id, q, into)
			cancel()
			if err != nil && once.Err() != nil && ctx.Err() == nil {
				ok, err = n.ask(ctx, id, q, into)
			}
		}
		if err == nil || !errors.Is(err, errMoving) && !errors.Is(err, channels.ErrElsewhere) && !errors.Is(err, bus.ErrNoResponder) {
			return ok, err
		}
		timer := time.NewTimer(ownerPoll)
		select {
		case <-ctx.Done():
			timer.Stop()
			return false, fmt.Errorf("%w: the channel is passing from one server to another", channels.ErrClosed)
		case <-timer.C:
		}
	}
}

// readOnly reports whether a request changes nothing, so that it can be made twice.
func (q *request) readOnly() bool {
	switch q.Op {
	case "snapshot", "timeline", "chatters", "terms", "recent", "report", "learned", "lessons", "explain":
		return true
	}
	return false
}

var errMoving = errors.New("the channel is being taken over")

// read is route for what only reads and cannot fail but by the link between the
// nodes. Then nobody knows whether there is what was asked for: the error is
// [channels.ErrClosed], and asking again may help.
func (n *nodes) read(q request, here func() bool, into any) (ok bool, err error) {
	if n.manager.Has(q.Channel) {
		return here(), nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), n.patience)
	defer cancel()
	ok, err = n.route(ctx, q, false, func(context.Context) (bool, error) { return here(), nil }, into)
	if err != nil {
		n.log.Warn("a channel cannot be read from the server that has it", "channel", q.Channel, "op", q.Op, "error", err)
		return false, fmt.Errorf("%w: %w", channels.ErrClosed, err)
	}
	return ok, nil
}

// Report tells a running analysis, wherever it runs, as it would be kept if it
// ended now.
func (n *nodes) Report(channel string) (f analysis.Finished, ok bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), n.patience)
	defer cancel()
	ok, err = n.route(ctx, request{Op: "report", Channel: channel}, false, func(context.Context) (ok bool, err error) {
		f, ok, err = n.manager.Report(channel)
		return ok, err
	}, &f)
	return f, ok, err
}
