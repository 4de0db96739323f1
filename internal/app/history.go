package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/channels"
	"chatmood/internal/history"
	"chatmood/internal/httpapi"
	"chatmood/internal/store/mongo"
	"chatmood/internal/store/sqlite"
	"chatmood/internal/summary"
)

// historyStores returns where saved analyses and holds are kept.
func historyStores(s store) (history.Store, analysis.HoldStore) {
	switch s := s.(type) {
	case *sqlite.Store:
		return s.History(), s.Holds()
	case *mongo.Store:
		return s.History(), s.Holds()
	}
	return nil, nil
}

// learningStore returns where what channels teach and users correct is kept.
func learningStore(s store) analysis.LearningStore {
	switch s := s.(type) {
	case *sqlite.Store:
		return s.Learning()
	case *mongo.Store:
		return s.Learning()
	}
	return nil
}

// openHolds makes what knows who wants which channel analysed.
func (a *App) openHolds() {
	_, store := historyStores(a.store)
	if store == nil {
		return
	}
	cfg := a.opts.Config
	a.holds = channels.NewHolds(channels.HoldsConfig{
		Manager: a.manager, Store: store, Sessions: a.store, Viewers: a.nodes.viewers, Running: a.nodes.running, Elsewhere: a.nodes.elsewhere, Ended: a.ended, Settled: a.settled,
		MaxPerHolder: cfg.MaxChannelsPerUser, IdleStop: cfg.IdleStop, Log: a.log, Now: a.opts.Now,
	})
}

// openHistory makes what keeps the analyses that users save; there is none
// where there are no accounts.
func (a *App) openHistory() error {
	store, _ := historyStores(a.store)
	if store == nil || a.accounts == nil {
		return nil
	}
	cfg := a.opts.Config
	writer, err := summary.New(summary.Config{
		URL: cfg.LLMURL, Key: cfg.LLMKey, Model: cfg.LLMModel, GeminiKey: cfg.GeminiAPIKey, ChatText: cfg.LLMChatText.Bool(false),
	})
	if err != nil {
		return err
	}
	var model history.Model
	if writer.Model() != "" {
		a.summaries, model = writer, writer
	}
	a.history, err = history.NewService(history.Config{
		Store: store, Running: a.nodes, Sessions: a.store, Accounts: a.accounts, Model: model,
		Count: a.accounts.Count, MaxPerUser: cfg.MaxHistoryPerUser, KeepArchived: time.Duration(cfg.HistoryRetentionDays) * 24 * time.Hour, Log: a.log, Now: a.opts.Now,
	})
	return err
}

// finished remembers an analysis that has just ended.
func (a *App) finished(f analysis.Finished) {
	if a.history != nil {
		a.history.Finished(f)
	}
}

// ended saves an analysis for somebody who held it and wants that.
func (a *App) ended(ctx context.Context, holder string, f analysis.Finished) error {
	if a.history == nil {
		return nil
	}
	return a.history.AutoSave(ctx, holder, f)
}

// settled counts what was written in an analysis that ended.
func (a *App) settled(ctx context.Context, f analysis.Finished) {
	if a.accounts != nil && f.Counts.Total > 0 {
		a.accounts.Count(ctx, account.Usage{Messages: int64(f.Counts.Total)})
	}
}

// addHistory gives the API the saved analyses and the holds.
func (a *App) addHistory(api *httpapi.Config) {
	if a.holds != nil { // an interface with a nil pointer in it is not nil
		api.Holds = apiHolds{a.holds, a.nodes, func(ctx context.Context) {
			if a.accounts != nil {
				a.accounts.Count(ctx, account.Usage{Started: 1})
			}
		}, a.tracer}
	}
	if a.history != nil {
		api.History = a.history
		api.ModelSummaries = a.summaries != nil
	}
}

// apiHolds are the holds as the API wants them: what concerns a channel is done
// by the node that has it.
type apiHolds struct {
	*channels.Holds
	nodes   *nodes
	started func(ctx context.Context) // is told of each analysis that began
	tracer  trace.Tracer              // nil: nothing is traced
}

var _ httpapi.Holds = apiHolds{}

// Connect implements [httpapi.Holds].
func (h apiHolds) Connect(ctx context.Context, login, holder string) (bool, error) {
	started, err := traced(ctx, h.tracer, "start analysis", login, func(ctx context.Context) (bool, error) {
		return h.nodes.route(ctx, request{Op: "connect", Channel: login, Holder: holder}, true, func(ctx context.Context) (bool, error) {
			return h.Holds.Connect(ctx, login, holder)
		}, nil)
	})
	if started {
		h.started(ctx)
	}
	if errors.Is(err, channels.ErrTooManyHolds) {
		return false, fmt.Errorf("%w: %w", httpapi.ErrTooManyHeld, err)
	}
	return started, startError(err)
}

// Leave implements [httpapi.Holds].
func (h apiHolds) Leave(ctx context.Context, login, holder string, discard bool) (bool, error) {
	left, err := traced(ctx, h.tracer, "leave analysis", login, func(ctx context.Context) (bool, error) {
		return h.nodes.leave(ctx, login, holder, discard)
	})
	return left, startError(err)
}

// LeaveAll implements [httpapi.Holds].
func (h apiHolds) LeaveAll(ctx context.Context, holder string) error {
	return startError(h.nodes.leaveAll(ctx, holder, false))
}

// Stop implements [httpapi.Holds].
func (h apiHolds) Stop(ctx context.Context, login string) (bool, error) {
	stopped, err := traced(ctx, h.tracer, "stop analysis", login, func(ctx context.Context) (bool, error) {
		return h.nodes.route(ctx, request{Op: "stop", Channel: login}, false, func(ctx context.Context) (bool, error) {
			return h.Holds.Stop(ctx, login)
		}, nil)
	})
	return stopped, startError(err)
}

func (n *nodes) leave(ctx context.Context, login, holder string, discard bool) (bool, error) {
	return n.route(ctx, request{Op: "leave", Channel: login, Holder: holder, Discard: discard}, false, func(ctx context.Context) (bool, error) {
		return n.holds.Leave(ctx, login, holder, discard)
	}, nil)
}

// leaveAll drops all holds of a holder, whichever nodes have the channels.
func (n *nodes) leaveAll(ctx context.Context, holder string, discard bool) error {
	held, err := n.holds.Of(ctx, holder)
	if err != nil {
		return err
	}
	for _, hold := range held {
		if _, err := n.leave(ctx, hold.Channel, holder, discard); err != nil {
			return fmt.Errorf("leaving %s: %w", hold.Channel, err)
		}
	}
	return nil
}

// running lists the channels that any node analyses.
func (n *nodes) running() []string { return n.node.Channels() }

// keep begins an analysis that goes on until it is stopped for everybody.
func (a *App) keep(ctx context.Context, login string) (err error) {
	if a.holds == nil {
		_, err = a.manager.Start(ctx, login, "start")
	} else {
		err = a.holds.Keep(ctx, login)
	}
	if errors.Is(err, channels.ErrElsewhere) {
		return nil
	}
	return err
}
