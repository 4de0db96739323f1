package app

import (
	"context"
	"errors"
	"fmt"

	"chatmood/internal/channels"
	"chatmood/internal/httpapi"
	"chatmood/internal/store/sqlite"
)

// openHolds makes what knows who wants which channel analysed, where the store
// keeps that.
func (a *App) openHolds() {
	s, ok := a.store.(*sqlite.Store)
	if !ok {
		return
	}
	cfg := a.opts.Config
	a.holds = channels.NewHolds(channels.HoldsConfig{
		Manager: a.manager, Store: s.Holds(), Sessions: a.store, Viewers: a.hub.Viewers,
		MaxPerHolder: cfg.MaxChannelsPerUser, IdleStop: cfg.IdleStop, Log: a.log,
	})
}

// apiHolds returns the holds as the API wants them.
func (a *App) apiHolds() httpapi.Holds {
	if a.holds == nil {
		return nil
	}
	return apiHolds{a.holds}
}

type apiHolds struct{ *channels.Holds }

var _ httpapi.Holds = apiHolds{}

// Connect implements [httpapi.Holds].
func (h apiHolds) Connect(ctx context.Context, login, holder string) (bool, error) {
	started, err := h.Holds.Connect(ctx, login, holder)
	if errors.Is(err, channels.ErrTooManyHolds) {
		return false, fmt.Errorf("%w: %w", httpapi.ErrTooManyHeld, err)
	}
	return started, startError(err)
}

// keep begins an analysis that goes on until it is stopped for everybody.
func (a *App) keep(ctx context.Context, login string) error {
	if a.holds == nil {
		_, err := a.manager.Start(ctx, login, "start")
		return err
	}
	return a.holds.Keep(ctx, login)
}
