package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/analysis"
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
		Discard bool   `json:"discard,omitempty" doc:"True: the analysis is not saved for you, though your preferences say that analyses are saved by themselves"`
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
		Description: "Starts the analysis of a channel's chat, or joins you to the one that runs already: it goes on until all who connected have disconnected, over restarts of the server too. It does not wait for Twitch: whether the channel exists is told by `status` in the channel's snapshot and on the live stream. A user may have a limited number of channels analysed at once (403 beyond it).",
		Tags:        []string{tagTwitch},
		Errors:      []int{400, 401, 403, 413, 422, 429, 503},
		Metadata:    analysing,
	}, a.connect)
	register(a, huma.Operation{
		OperationID: "disconnect",
		Method:      http.MethodPost,
		Path:        "/api/twitch/disconnect",
		Summary:     "Stop analysing a channel",
		Description: "Ends the analysis where nobody else has connected to the channel, and keeps its report among the finished sessions. Others who connected lose nothing; who only watches is told `disconnect`.",
		Tags:        []string{tagTwitch},
		Errors:      []int{400, 401, 403, 413, 422, 503},
		Metadata:    analysing,
	}, a.disconnect)
	register(a, huma.Operation{
		OperationID: "connect-guest",
		Method:      http.MethodPost,
		Path:        "/api/twitch/connect-guest",
		Summary:     "Start analysing a channel as a guest",
		Description: "The same as connect. A browser gets the cookie `chatmood_guest`, by which it is known when it disconnects; a program that sends neither cookies nor Origin is known by its address.",
		Tags:        []string{tagTwitch},
		Errors:      []int{400, 401, 403, 413, 422, 429, 503},
		Metadata:    analysing,
	}, a.connect)
	register(a, huma.Operation{
		OperationID: "disconnect-guest",
		Method:      http.MethodPost,
		Path:        "/api/twitch/disconnect-guest",
		Summary:     "Leave a channel as a guest",
		Description: "As disconnect, but it never stops what others connected to or watch: a guest does not take a channel away from others. What they watch ends when they are gone.",
		Tags:        []string{tagTwitch},
		Errors:      []int{400, 401, 403, 413, 422, 503},
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
	err := a.hold(ctx, channel)
	switch {
	case errors.Is(err, ErrTooMany):
		return nil, tooSoon("Too many channels are being analysed at once: stop one first", time.Minute)
	case errors.Is(err, ErrTooManyHeld):
		return nil, fail(http.StatusForbidden, "You have as many channels analysed as one may at once: disconnect one of them first", nil)
	case errors.Is(err, ErrUnavailable):
		return nil, unavailable("The server is starting or stopping: try again in a moment")
	case a.isStoreAway(err):
		return nil, a.storeError(err)
	case err != nil:
		return nil, fail(http.StatusInternalServerError, "Failed to connect to Twitch chat", err)
	}
	out := new(connectOutput)
	out.Body.Message = "Connected to " + channel + "'s chat"
	out.Body.Channel = channel
	return out, nil
}

// unavailable returns an error for what is worth trying again soon.
func unavailable(detail string) error {
	return &apiError{status: http.StatusServiceUnavailable, detail: detail, wait: storeRetry}
}

// hold starts an analysis, or joins the one that runs.
func (a *API) hold(ctx context.Context, channel string) error {
	if a.cfg.Holds == nil {
		_, err := a.cfg.Channels.Start(ctx, channel, "anonymous")
		return err
	}
	_, err := a.cfg.Holds.Connect(ctx, channel, accessOf(ctx).holder(true))
	return err
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
	var left bool
	var err error
	switch {
	case a.cfg.Holds != nil:
		left, err = a.cfg.Holds.Leave(ctx, channel, accessOf(ctx).holder(false), in.Body.Discard)
	case guest && a.cfg.Hub.Viewers(channel) > 0:
		_, left, err = a.cfg.Channels.Snapshot(channel, 0)
	default:
		left, err = a.cfg.Channels.Stop(ctx, channel)
	}
	switch {
	case errors.Is(err, ErrUnavailable):
		return nil, unavailable("The analysis of " + channel + " cannot be ended just now: try again in a moment")
	case a.isStoreAway(err):
		return nil, a.storeError(err)
	case err != nil:
		// The old system answers 200 here, too; its pages count on it.
		a.log.ErrorContext(ctx, "stopping an analysis failed", "channel", channel, "error", err, "request_id", requestID(ctx))
		out.Body.Message = "Attempted to disconnect from chat"
	case left:
		out.Body.Message = "Disconnected from " + channel + "'s chat"
	}
	return out, nil
}

const (
	// guestCookie names a browser that nobody signed in with.
	guestCookie     = "chatmood_guest"
	guestCookieLife = 30 * 24 * time.Hour
	guestSecretLen  = 26 // of rand.Text
)

// holder tells by whom the one who makes the request holds channels: a user's
// id, or a guest's secret. A browser without one gets one where give is true. A
// program that keeps no cookies is known by its address.
func (who *access) holder(give bool) string {
	if id, err := who.identify(); err == nil && id != nil {
		return id.UserID
	}
	if who.r == nil {
		return analysis.GuestHolder("")
	}
	secret := cookie(who.r, guestCookie)
	switch {
	case len(secret) == guestSecretLen && plainID(secret):
	case who.r.Header.Get("Origin") == "" && who.r.Header.Get("Sec-Fetch-Site") == "":
		return analysis.GuestHolder("at " + limitAddress(who.r.Context()))
	default:
		secret = rand.Text()
	}
	if give {
		setCookie(who.w, who.r, guestCookie, secret, guestCookieLife)
	}
	return analysis.GuestHolder(secret)
}
