package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/live"
	"chatmood/internal/sentiment"
)

// Document returns the OpenAPI description of the API, indented, without a
// server.
func Document() ([]byte, error) {
	a, err := New(Config{Channels: nothing{}, Sessions: nothing{}, Hub: nothing{}, Analyzer: nothing{}})
	if err != nil {
		return nil, err
	}
	defer a.Close()
	return a.Document()
}

// nothing stands for the parts that a description does not need. It answers
// as a server on which nothing happens.
type nothing struct{}

var errNothing = errors.New("httpapi: this API only describes itself")

func (nothing) Start(context.Context, string, string) (bool, error)            { return false, errNothing }
func (nothing) Stop(context.Context, string) (bool, error)                     { return false, nil }
func (nothing) List() []analysis.ChannelSummary                                { return nil }
func (nothing) Snapshot(string, int) (s analysis.Snapshot, ok bool, err error) { return s, false, nil }

func (nothing) TopChatters(string, string, int) ([]analysis.Chatter, bool, error) {
	return nil, false, nil
}
func (nothing) Recent(string, int) ([]json.RawMessage, bool, error) { return nil, false, nil }
func (nothing) Timeline(string, time.Time, time.Time, int) (t analysis.Timeline, ok bool, err error) {
	return t, false, nil
}

func (nothing) TopTerms(string, bool, string, int) ([]analysis.Term, bool, error) {
	return nil, false, nil
}

func (nothing) Sessions(context.Context, analysis.SessionQuery) ([]analysis.SessionInfo, error) {
	return nil, nil
}

func (nothing) SessionReport(context.Context, string) ([]byte, error) {
	return nil, analysis.ErrNotFound
}

func (nothing) ServeWS(w http.ResponseWriter, _ *http.Request, _ live.ServeOptions) {
	http.Error(w, errNothing.Error(), http.StatusNotImplemented)
}

func (nothing) Stream(context.Context, live.StreamOptions, func([]byte, string) error) error {
	return errNothing
}
func (nothing) Sockets() live.Sockets                                { return live.Sockets{} }
func (nothing) Viewers(string) int                                   { return 0 }
func (nothing) Connections() int                                     { return 0 }
func (nothing) Score(dst *sentiment.Score, _ string, _ []chat.Emote) { *dst = sentiment.Score{} }
