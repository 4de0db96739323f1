package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/channels"
	"chatmood/internal/httpapi"
)

// apiChannels are the channels of all nodes in the words of the API's errors.
type apiChannels struct{ *nodes }

var _ httpapi.Channels = apiChannels{}

// Start implements [httpapi.Channels].
func (c apiChannels) Start(ctx context.Context, login, by string) (bool, error) {
	started, err := c.route(ctx, request{Op: "start", Channel: login, Holder: by}, true, func(ctx context.Context) (bool, error) {
		return c.manager.Start(ctx, login, by)
	}, nil)
	return started, startError(err)
}

// Stop implements [httpapi.Channels].
func (c apiChannels) Stop(ctx context.Context, login string) (bool, error) {
	stopped, err := c.route(ctx, request{Op: "stop", Channel: login}, false, func(ctx context.Context) (bool, error) {
		return c.manager.Stop(ctx, login)
	}, nil)
	return stopped, startError(err)
}

// List implements [httpapi.Channels].
func (c apiChannels) List() []analysis.ChannelSummary {
	own := c.manager.List()
	if len(c.node.Members()) < 2 {
		return own
	}
	return sorted(own, c.list())
}

// Snapshot implements [httpapi.Channels].
func (c apiChannels) Snapshot(login string, top int) (snap analysis.Snapshot, ok bool, err error) {
	ok, err = c.read(request{Op: "snapshot", Channel: login, N: top}, func() (ok bool) {
		snap, ok = c.manager.Snapshot(login, top)
		return ok
	}, &snap)
	return snap, ok, startError(err)
}

// Timeline implements [httpapi.Channels].
func (c apiChannels) Timeline(login string, from, to time.Time, step int) (t analysis.Timeline, ok bool, err error) {
	ok, err = c.read(request{Op: "timeline", Channel: login, From: from, To: to, Step: step}, func() (ok bool) {
		t, ok = c.manager.Timeline(login, from, to, step)
		return ok
	}, &t)
	return t, ok, startError(err)
}

// TopChatters implements [httpapi.Channels].
func (c apiChannels) TopChatters(login, label string, n int) (list []analysis.Chatter, ok bool, err error) {
	ok, err = c.read(request{Op: "chatters", Channel: login, Label: label, N: n}, func() (ok bool) {
		list, ok = c.manager.TopChatters(login, label, n)
		return ok
	}, &list)
	return list, ok, startError(err)
}

// TopTerms implements [httpapi.Channels].
func (c apiChannels) TopTerms(login string, emotes bool, label string, n int) (list []analysis.Term, ok bool, err error) {
	ok, err = c.read(request{Op: "terms", Channel: login, Emotes: emotes, Label: label, N: n}, func() (ok bool) {
		list, ok = c.manager.TopTerms(login, emotes, label, n)
		return ok
	}, &list)
	return list, ok, startError(err)
}

// Recent implements [httpapi.Channels].
func (c apiChannels) Recent(login string, n int) (list []json.RawMessage, ok bool, err error) {
	ok, err = c.read(request{Op: "recent", Channel: login, N: n}, func() (ok bool) {
		list, ok = c.manager.Recent(login, n)
		return ok
	}, &list)
	return list, ok, startError(err)
}

// startError says in the API's words why an analysis cannot begin.
func startError(err error) error {
	switch {
	case errors.Is(err, channels.ErrTooMany):
		return fmt.Errorf("%w: %w", httpapi.ErrTooMany, err)
	case errors.Is(err, channels.ErrClosed):
		return fmt.Errorf("%w: %w", httpapi.ErrUnavailable, err)
	}
	return err
}

// checks are what the server's health depends on.
func (a *App) checks() []httpapi.Check {
	return []httpapi.Check{
		{Name: "store", Required: false, Probe: func(ctx context.Context) (string, error) {
			if waiting, err := a.manager.StoreErr(); err != nil {
				return "", fmt.Errorf("%d analyses wait to be stored", waiting)
			}
			return "", a.store.Check(ctx)
		}},
		{Name: "analyses", Required: true, Probe: func(context.Context) (string, error) {
			select {
			case <-a.manager.Ready():
				return fmt.Sprintf("%d running", a.manager.Len()), nil
			default:
				return "what ran before is being resumed", errors.New("the analyses are not resumed yet")
			}
		}},
		{Name: "bus", Required: true, Probe: func(context.Context) (string, error) {
			if !a.bus.Connected() {
				return "", errors.New("the NATS server cannot be reached")
			}
			if a.bus.Embedded() {
				return "inside the process", nil
			}
			return fmt.Sprintf("external, %d servers", len(a.nodes.node.Members())), nil
		}},
		{Name: "source", Required: false, Probe: func(context.Context) (string, error) {
			s := a.reader.Stats()
			if s.Channels > 0 && s.Live == 0 && s.Failed+s.Connecting < s.Channels {
				return "", errors.New("no channel can be read: the link to Twitch is down")
			}
			return fmt.Sprintf("%d of %d channels live", s.Live, s.Channels), nil
		}},
	}
}
