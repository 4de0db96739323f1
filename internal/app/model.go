package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"chatmood/internal/channels"
	"chatmood/internal/httpapi"
	"chatmood/internal/onnx"
	"chatmood/internal/sentiment"
	"chatmood/internal/source"
)

// modelWait is how long a message waits for the user's own model before the
// fast engine's judgement is taken. Viewers see messages that much later.
const modelWait = time.Second

// openModel loads the model that SENTIMENT_MODEL names, if any, and returns what
// judges for the API.
func (a *App) openModel(fast *sentiment.Engine, setting string) (sentiment.Analyzer, error) {
	path, named := strings.CutPrefix(setting, "onnx:")
	if !named {
		return fast, nil
	}
	began := time.Now()
	model, err := onnx.Open(path, onnx.Options{Fast: fast, Log: a.log})
	if err != nil {
		return nil, fmt.Errorf("SENTIMENT_MODEL: %w", err)
	}
	a.model = model
	a.log.Info("judging with a model of your own", "path", path, "ready_after", time.Since(began).Round(time.Millisecond))
	return model, nil
}

// judgeBy sets up the manager to judge with the model, where there is one.
func (a *App) judgeBy(cfg *channels.Config) {
	if a.model == nil {
		return
	}
	cfg.Second = a.model
	cfg.Settle = func(channel string) {
		if a.gate != nil {
			a.gate.Settle(channel)
		}
	}
}

// handler is what the reader hands its events to.
func (a *App) handler() source.Handler {
	if a.model == nil {
		return a.manager
	}
	a.gate = onnx.NewGate(a.manager, a.model, modelWait)
	return a.gate
}

// modelCheck tells how well the model keeps up.
func (a *App) modelCheck() []httpapi.Check {
	if a.model == nil {
		return nil
	}
	return []httpapi.Check{{Name: "model", Probe: func(context.Context) (string, error) {
		s := a.model.Stats()
		detail := fmt.Sprintf("The model judged %d messages, the fast engine %d that it did not get to in time", s.Model, s.Fast)
		if s.Failed > 0 && s.Model == 0 {
			return detail, errors.New("the model fails on every message; the fast engine judges")
		}
		return detail, nil
	}}}
}

// closeModel ends the model's workers.
func (a *App) closeModel() {
	if a.model == nil {
		return
	}
	if err := a.model.Close(); err != nil {
		a.log.Error("closing the model", "error", err)
	}
	a.model = nil
}
