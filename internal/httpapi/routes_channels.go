package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
)

// maxMessages is how many of the last messages one answer holds at most.
const maxMessages = 200

// ChannelPath names the channel of a request. (Huma reads embedded fields of
// exported types only.)
type ChannelPath struct {
	Channel string `path:"channel" maxLength:"100" example:"somebody" doc:"Login of a channel that is being analysed, upper or lower case"`
}

// rankingInput asks for a list of the most frequent.
type rankingInput struct {
	ChannelPath
	Label string `query:"label" enum:"positive,neutral,negative" doc:"Rank by the messages of this label only"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"20" doc:"How many at most"`
}

type channelsOutput struct {
	Body struct {
		Channels []analysis.ChannelSummary `json:"channels" doc:"In the order of their names"`
	} `nameHint:"ChannelList"`
}

type snapshotInput struct {
	ChannelPath
	Top int `query:"top" minimum:"0" maximum:"200" default:"20" doc:"How many entries the rankings hold at most"`
}

type snapshotOutput struct{ Body analysis.Snapshot }

type timelineInput struct {
	ChannelPath
	Step int       `query:"step" minimum:"0" maximum:"60" default:"0" doc:"Seconds in a bucket: 1, 10 or 60; 0 takes the finest that reaches back to from. Seconds are kept for the last 10 minutes, tens of seconds for the last hours, minutes for the whole session"`
	From time.Time `query:"from" doc:"RFC 3339; the beginning of the session when absent" example:"2026-01-01T20:00:00Z"`
	To   time.Time `query:"to" doc:"RFC 3339; now when absent" example:"2026-01-01T21:00:00Z"`
}

type timelineOutput struct{ Body analysis.Timeline }

type termsOutput struct {
	Body struct {
		Terms []analysis.Term `json:"terms" doc:"Most frequent first"`
	} `nameHint:"TermList"`
}

type emotesOutput struct {
	Body struct {
		Emotes []analysis.Term `json:"emotes" doc:"Most frequent first"`
	} `nameHint:"EmoteList"`
}

type chattersOutput struct {
	Body struct {
		Chatters []analysis.Chatter `json:"chatters" doc:"Most messages first"`
	} `nameHint:"ChatterList"`
}

type messagesInput struct {
	ChannelPath
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"100" doc:"How many at most; the server keeps no more than the last 200"`
}

type messagesOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// LiveMessage documents the messages of the live stream and of the messages
// endpoint; they are encoded once, when they arrive, and passed on as bytes.
type LiveMessage struct {
	ID      string     `json:"id" doc:"Twitch's message id"`
	T       int64      `json:"t" doc:"When it was written, Unix milliseconds"`
	U       string     `json:"u" doc:"Login of the writer"`
	N       string     `json:"n,omitempty" doc:"Display name, where it differs from the login"`
	C       string     `json:"c,omitempty" doc:"Colour of the name, #RRGGBB"`
	X       string     `json:"x" doc:"Text"`
	L       string     `json:"l" enum:"p,u,n" doc:"Label: positive, neutral, negative"`
	S       float64    `json:"s" doc:"Score, -1 to 1"`
	K       float64    `json:"k" doc:"Confidence, 0 to 1"`
	E       [][]any    `json:"e,omitempty" doc:"Emotes: [id, start, end] in UTF-16 units of the text, end exclusive"`
	B       []string   `json:"b,omitempty" doc:"Badges: name/version"`
	F       string     `json:"f,omitempty" doc:"Flags, a letter each; see the description of the WebSocket protocol"`
	R       *LiveReply `json:"r,omitempty" doc:"The message that it answers"`
	BitsPay int        `json:"$,omitempty" doc:"Bits"`
}

// LiveReply is the parent of a reply.
type LiveReply struct {
	ID string `json:"id"`
	U  string `json:"u" doc:"Login"`
	X  string `json:"x" doc:"Text"`
}

// MessageList documents the answer of the messages endpoint.
type MessageList struct {
	Messages []LiveMessage `json:"messages" doc:"Oldest first"`
}

func (a *API) registerChannels() {
	operation := func(id, path, summary, description string) huma.Operation {
		op := huma.Operation{
			OperationID: id,
			Method:      http.MethodGet,
			Path:        path,
			Summary:     summary,
			Description: description,
			Tags:        []string{tagChannels},
			Errors:      []int{400, 401, 404, 422, 503},
			Metadata:    protected,
		}
		if id == "list-channels" {
			op.Errors = []int{401}
		}
		return op
	}
	const base = "/api/channels/{channel}"
	register(a, operation("list-channels", "/api/channels", "List the channels that are being analysed", "By name, each with its counts, mood and rate now."), a.listChannels)
	register(a, operation("get-channel", base, "A channel's whole state now",
		"Counts, mood, rate, who writes and what, gaps and moments. The live stream sends the same in its first frame."), a.snapshot)
	register(a, operation("get-timeline", base+"/timeline", "A channel's course in equal steps",
		"Spans without messages are left out; spans in which chat could not be read are listed in `gaps`."), a.timeline)
	register(a, operation("get-terms", base+"/terms", "The words used most", "Counts may be too high by `term_error` of the snapshot."), a.terms)
	register(a, operation("get-emotes", base+"/emotes", "The emotes used most", "Counts may be too high by `term_error` of the snapshot."), a.emotes)
	register(a, operation("get-chatters", base+"/chatters", "The people who write most", "Counts may be too high by `chatters.top_error` of the snapshot."), a.chatters)
	messages := operation("get-messages", base+"/messages", "The last messages", "As in a batch of the live stream.")
	messages.Responses = map[string]*huma.Response{"200": a.rawResponse(reflect.TypeFor[MessageList](), "The last messages")}
	register(a, messages, a.messages)
}

// rawResponse documents an answer that is written as bytes.
func (a *API) rawResponse(t reflect.Type, description string) *huma.Response {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(t, true, "")
	return &huma.Response{
		Description: description,
		Content:     map[string]*huma.MediaType{"application/json": {Schema: schema}},
	}
}

// login returns the login that a path names.
func (in ChannelPath) login() (string, error) {
	channel, ok := chat.CleanChannel(in.Channel)
	if !ok {
		return "", fail(http.StatusBadRequest, "Invalid channel name: "+excerpt(in.Channel), nil)
	}
	return channel, nil
}

// unread says why a running analysis was not read; nil: it was.
func unread(channel string, ok bool, err error) error {
	switch {
	case errors.Is(err, ErrUnavailable):
		return unavailable("The server that analyses " + channel + " does not answer: try again in a moment")
	case err != nil:
		return fail(http.StatusInternalServerError, "The analysis of "+channel+" cannot be read", err)
	case !ok:
		return fail(http.StatusNotFound, "Channel "+channel+" is not being analysed", nil)
	}
	return nil
}

func (a *API) listChannels(context.Context, *struct{}) (*channelsOutput, error) {
	out := new(channelsOutput)
	out.Body.Channels = present(a.cfg.Channels.List())
	return out, nil
}

func (a *API) snapshot(_ context.Context, in *snapshotInput) (*snapshotOutput, error) {
	channel, err := in.login()
	if err != nil {
		return nil, err
	}
	snap, ok, err := a.cfg.Channels.Snapshot(channel, in.Top)
	if err := unread(channel, ok, err); err != nil {
		return nil, err
	}
	fillSnapshot(&snap)
	return &snapshotOutput{snap}, nil
}

func (a *API) timeline(_ context.Context, in *timelineInput) (*timelineOutput, error) {
	channel, err := in.login()
	if err != nil {
		return nil, err
	}
	if !in.From.IsZero() && !in.To.IsZero() && in.To.Before(in.From) {
		return nil, fail(http.StatusBadRequest, "to lies before from", nil)
	}
	switch in.Step {
	case 0, 1, 10, 60: // (huma does not understand an enum of numbers in a query)
	default:
		const message = "expected 0, 1, 10 or 60"
		return nil, &apiError{
			status: http.StatusUnprocessableEntity,
			detail: "Invalid request: query.step: " + message,
			fields: []ProblemField{{"query.step", message}},
		}
	}
	line, ok, err := a.cfg.Channels.Timeline(channel, in.From, in.To, in.Step)
	if err := unread(channel, ok, err); err != nil {
		return nil, err
	}
	line.Buckets, line.Gaps = present(line.Buckets), present(line.Gaps)
	line.Marks, line.Moments = present(line.Marks), present(line.Moments)
	return &timelineOutput{line}, nil
}

func (a *API) terms(_ context.Context, in *rankingInput) (*termsOutput, error) {
	terms, err := a.topTerms(in, false)
	if err != nil {
		return nil, err
	}
	out := new(termsOutput)
	out.Body.Terms = terms
	return out, nil
}

func (a *API) emotes(_ context.Context, in *rankingInput) (*emotesOutput, error) {
	emotes, err := a.topTerms(in, true)
	if err != nil {
		return nil, err
	}
	out := new(emotesOutput)
	out.Body.Emotes = emotes
	return out, nil
}

func (a *API) topTerms(in *rankingInput, emotes bool) ([]analysis.Term, error) {
	channel, err := in.login()
	if err != nil {
		return nil, err
	}
	terms, ok, err := a.cfg.Channels.TopTerms(channel, emotes, in.Label, in.Limit)
	if err := unread(channel, ok, err); err != nil {
		return nil, err
	}
	return present(terms), nil
}

func (a *API) chatters(_ context.Context, in *rankingInput) (*chattersOutput, error) {
	channel, err := in.login()
	if err != nil {
		return nil, err
	}
	chatters, ok, err := a.cfg.Channels.TopChatters(channel, in.Label, in.Limit)
	if err := unread(channel, ok, err); err != nil {
		return nil, err
	}
	out := new(chattersOutput)
	out.Body.Chatters = present(chatters)
	return out, nil
}

func (a *API) messages(_ context.Context, in *messagesInput) (*messagesOutput, error) {
	channel, err := in.login()
	if err != nil {
		return nil, err
	}
	recent, ok, err := a.cfg.Channels.Recent(channel, in.Limit)
	if err := unread(channel, ok, err); err != nil {
		return nil, err
	}
	body, err := json.Marshal(struct {
		Messages []json.RawMessage `json:"messages"`
	}{present(recent)})
	if err != nil {
		return nil, fail(http.StatusInternalServerError, "The messages cannot be read", err)
	}
	return &messagesOutput{"application/json", body}, nil
}

// fillSnapshot makes lists that nothing was put into empty ones, as the
// documentation promises, instead of null.
func fillSnapshot(s *analysis.Snapshot) {
	s.Terms, s.Emotes, s.Waves = present(s.Terms), present(s.Emotes), present(s.Waves)
	s.Gaps, s.Marks, s.Moments = present(s.Gaps), present(s.Marks), present(s.Moments)
	top := &s.Chatters.Top
	top.All, top.Positive = present(top.All), present(top.Positive)
	top.Neutral, top.Negative = present(top.Neutral), present(top.Negative)
}

func present[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
