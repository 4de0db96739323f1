package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/chat"
)

type connectInput struct {
	Body struct {
		URL string `json:"url" required:"false" maxLength:"2000" example:"https://www.twitch.tv/somebody" doc:"Address of the channel as people paste it, or its bare name"`
	} `nameHint:"ConnectRequest"`
}

type connectOutput struct {
	Body struct {
		Message string `json:"message" example:"Connected to somebody's chat"`
		Channel string `json:"channel" example:"somebody" doc:"The channel's login, lower case, as the other endpoints take it"`
	} `nameHint:"Connected"`
}

type disconnectInput struct {
	Body struct {
		Channel string `json:"channel" required:"false" maxLength:"2000" example:"somebody"`
	} `nameHint:"DisconnectRequest"`
}

type disconnectOutput struct {
	Body struct {
		Message string `json:"message" example:"Disconnected from somebody's chat"`
	} `nameHint:"Disconnected"`
}

func (a *API) registerTwitch() {
	register(a, huma.Operation{
		OperationID: "connect",
		Method:      http.MethodPost,
		Path:        "/api/twitch/connect",
		Summary:     "Start analysing a channel",
		Description: "Starts the analysis of a channel's chat, or does nothing when it runs already. It does not wait for Twitch: whether the channel exists is told by `status` in the channel's snapshot and on the live stream.",
		Tags:        []string{tagTwitch},
		Errors:      []int{400, 401, 403, 413, 422, 429, 503},
		Metadata:    analysing,
	}, a.connect)
	register(a, huma.Operation{
		OperationID: "disconnect",
		Method:      http.MethodPost,
		Path:        "/api/twitch/disconnect",
		Summary:     "Stop analysing a channel",
		Description: "Ends the analysis for everybody who watches it and keeps its report among the finished sessions.",
		Tags:        []string{tagTwitch},
		Errors:      []int{400, 401, 403, 413, 422},
		Metadata:    analysing,
	}, a.disconnect)
	register(a, huma.Operation{
		OperationID: "connect-guest",
		Method:      http.MethodPost,
		Path:        "/api/twitch/connect-guest",
		Summary:     "Start analysing a channel as a guest",
		Description: "The same as connect.",
		Tags:        []string{tagTwitch},
		Errors:      []int{400, 401, 403, 413, 422, 429, 503},
		Metadata:    analysing,
	}, a.connect)
	register(a, huma.Operation{
		OperationID: "disconnect-guest",
		Method:      http.MethodPost,
		Path:        "/api/twitch/disconnect-guest",
		Summary:     "Leave a channel as a guest",
		Description: "Answers as disconnect, but stops the analysis only when nobody is watching it live: a guest does not take a channel away from others.",
		Tags:        []string{tagTwitch},
		Errors:      []int{400, 401, 403, 413, 422},
		Metadata:    analysing,
	}, a.disconnectGuest)
}

func (a *API) connect(ctx context.Context, in *connectInput) (*connectOutput, error) {
	if in.Body.URL == "" {
		return nil, fail(http.StatusBadRequest, "Twitch URL is required", nil)
	}
	channel, ok := chat.CleanChannel(in.Body.URL)
	if !ok {
		return nil, fail(http.StatusBadRequest, "Invalid Twitch URL", nil)
	}
	if wait, ok := a.connects.allow(clientAddr(ctx)); !ok {
		return nil, tooSoon("Too many channels were started from your address: try again in a moment", wait)
	}
	_, err := a.cfg.Channels.Start(ctx, channel, "anonymous")
	switch {
	case errors.Is(err, ErrTooMany):
		return nil, fail(http.StatusTooManyRequests, "Too many channels are being analysed at once: stop one first", nil)
	case errors.Is(err, ErrUnavailable):
		return nil, fail(http.StatusServiceUnavailable, "The server is starting or stopping: try again in a moment", nil)
	case err != nil:
		return nil, fail(http.StatusInternalServerError, "Failed to connect to Twitch chat", err)
	}
	out := new(connectOutput)
	out.Body.Message = "Connected to " + channel + "'s chat"
	out.Body.Channel = channel
	return out, nil
}

func (a *API) disconnect(ctx context.Context, in *disconnectInput) (*disconnectOutput, error) {
	return a.leave(ctx, in, false)
}

func (a *API) disconnectGuest(ctx context.Context, in *disconnectInput) (*disconnectOutput, error) {
	return a.leave(ctx, in, true)
}

func (a *API) leave(ctx context.Context, in *disconnectInput, guest bool) (*disconnectOutput, error) {
	if in.Body.Channel == "" {
		return nil, fail(http.StatusBadRequest, "Channel name is required", nil)
	}
	out := new(disconnectOutput)
	out.Body.Message = "Already disconnected"
	channel, ok := chat.CleanChannel(in.Body.Channel)
	if !ok {
		return out, nil // no such channel can have been connected
	}
	if guest && a.cfg.Hub.Viewers(channel) > 0 {
		if _, running := a.cfg.Channels.Snapshot(channel, 0); running {
			out.Body.Message = "Disconnected from " + channel + "'s chat"
		}
		return out, nil
	}
	stopped, err := a.cfg.Channels.Stop(ctx, channel)
	switch {
	case err != nil:
		// The old system answers 200 here, too; its pages count on it.
		a.log.ErrorContext(ctx, "stopping an analysis failed", "channel", channel, "error", err, "request_id", requestID(ctx))
		out.Body.Message = "Attempted to disconnect from chat"
	case stopped:
		out.Body.Message = "Disconnected from " + channel + "'s chat"
	}
	return out, nil
}
