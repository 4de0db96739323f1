package app

import (
	"context"
	"errors"
	"fmt"

	"chatmood/internal/channels"
	"chatmood/internal/httpapi"
)

// apiChannels is the manager in the words of the API's errors.
type apiChannels struct{ *channels.Manager }

var _ httpapi.Channels = apiChannels{}

// Start implements [httpapi.Channels].
func (c apiChannels) Start(ctx context.Context, login, by string) (bool, error) {
	started, err := c.Manager.Start(ctx, login, by)
	return started, startError(err)
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
		{Name: "bus", Required: true, Probe: func(context.Context) (string, error) {
			if !a.bus.Connected() {
				return "", errors.New("the NATS server cannot be reached")
			}
			if a.bus.Embedded() {
				return "inside the process", nil
			}
			return "external", nil
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
