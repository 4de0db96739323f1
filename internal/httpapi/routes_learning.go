package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/sentiment"
)

const (
	// maxCorrections is how many messages of a channel one may correct in a day
	// whose analysis it is not; ownCorrections the same for those whose it is.
	maxCorrections = 100
	ownCorrections = 2000
	// labelsTimeout bounds how long a client may take for an export of labels.
	labelsTimeout = 5 * time.Minute
)

// LearnedEmote is what an emote of a channel has been learnt to mean.
type LearnedEmote struct {
	Emote    string    `json:"emote" example:"somebodyHype" doc:"Its name"`
	Value    float64   `json:"value" example:"0.6" doc:"What it means, -1 (bad) to 1 (good), in tenths where it was learnt"`
	Evidence float64   `json:"evidence" example:"41.2" doc:"Messages that it was learnt from; older ones count less"`
	People   int       `json:"people" example:"30" doc:"Distinct people who wrote them, an estimate of at most 200"`
	State    string    `json:"state" enum:"heard,learnt,corrected,frozen" doc:"heard: too little is known, and it changes nothing yet; learnt: it takes part in judgements; corrected: a person set the value; frozen: it is as it was when a person said so"`
	Active   bool      `json:"active" example:"true" doc:"It takes part in judgements"`
	Frozen   bool      `json:"frozen" example:"false" doc:"It learns no more; it may be corrected as well"`
	Admin    bool      `json:"admin" example:"false" doc:"An administrator corrected or froze it: only administrators change it"`
	Seen     time.Time `json:"seen" example:"2026-01-01T20:15:00Z" doc:"When it was last written"`
}

func learnedEmote(l *sentiment.Learnt) LearnedEmote {
	e := LearnedEmote{
		Emote: l.Name, Value: rounded(l.Valence), Evidence: rounded(l.Evidence), People: l.Chatters, State: "heard",
		Active: l.Active, Frozen: l.Frozen, Admin: l.Admin, Seen: l.Seen.UTC(),
	}
	switch {
	case l.Corrected:
		e.State = "corrected"
	case l.Frozen:
		e.State = "frozen"
	case l.Active:
		e.State = "learnt"
	}
	return e
}

type learnedInput struct {
	ChannelPath
	Limit int `query:"limit" minimum:"1" maximum:"512" default:"200" doc:"How many at most"`
}

type learnedOutput struct {
	Body struct {
		Channel   string         `json:"channel" example:"somebody"`
		Running   bool           `json:"running" example:"true" doc:"The channel is being analysed: else this is what the last analysis left"`
		MayChange bool           `json:"may_change" example:"true" doc:"The one who asks may correct, freeze and release"`
		Emotes    []LearnedEmote `json:"emotes" doc:"The best known first"`
	} `nameHint:"LearnedEmotes"`
}

// TokenPath names an emote of a channel. (Huma reads embedded fields of exported
// types only.)
type TokenPath struct {
	ChannelPath
	Token string `path:"token" maxLength:"64" example:"somebodyHype" doc:"Name of an emote that nobody has rated"`
}

type teachInput struct {
	TokenPath
	Body struct {
		Value  *float64 `json:"value,omitempty" minimum:"-1" maximum:"1" example:"0.6" doc:"What it means from now on, -1 (bad) to 1 (good)"`
		Frozen *bool    `json:"frozen,omitempty" example:"false" doc:"True: it stays as it is; false: it learns again"`
	} `nameHint:"TeachRequest"`
}

type taughtOutput struct{ Body LearnedEmote }

type correctInput struct {
	ChannelPath
	Body struct {
		MessageID string `json:"message_id" minLength:"1" maxLength:"100" example:"5c2b0b9e-8b0e-4e0e-9d43-0f6a2c1f7d55" doc:"Twitch's id of a message of the running analysis"`
		Label     string `json:"label" enum:"positive,neutral,negative" example:"negative" doc:"What it should have been"`
		Text      string `json:"text,omitempty" maxLength:"2000" example:"what a save" doc:"The message's text, needed where it is older than the last 512"`
	} `nameHint:"CorrectRequest"`
}

// MadeCorrection is a correction that a user made.
type MadeCorrection struct {
	Channel string    `json:"channel" example:"somebody"`
	Kind    string    `json:"kind" enum:"message,token" example:"message" doc:"message: the label of one message; token: an emote's meaning"`
	Subject string    `json:"subject" example:"5c2b0b9e-8b0e-4e0e-9d43-0f6a2c1f7d55" doc:"The message's id, or the emote's name"`
	Hash    string    `json:"hash,omitempty" example:"9f86d081884c7d65" doc:"Of the message's text: the first eight bytes of its SHA-256. The text itself is not kept"`
	Label   string    `json:"label,omitempty" example:"negative" doc:"positive, neutral or negative; of an emote: frozen, or nothing"`
	Value   float64   `json:"value" example:"-1" doc:"-1 to 1"`
	At      time.Time `json:"at" example:"2026-01-01T20:15:00Z"`
}

func madeCorrection(c *analysis.Correction) MadeCorrection {
	return MadeCorrection{
		Channel: c.Channel, Kind: c.Kind, Subject: c.Subject, Hash: c.Hash, Label: c.Label, Value: rounded(float32(c.Value)), At: c.At,
	}
}

type correctOutput struct {
	Body struct {
		Correction MadeCorrection `json:"correction"`
		Learned    bool           `json:"learned" example:"false" doc:"It is evidence about an emote of the channel, too"`
		ForAll     bool           `json:"for_all" example:"false" doc:"Messages of the same text get this label from now on: it is the analysis of the one who corrected, or an administrator did"`
	} `nameHint:"Corrected"`
}

type undoInput struct {
	ChannelPath
	MessageID string `path:"message_id" maxLength:"100" example:"5c2b0b9e-8b0e-4e0e-9d43-0f6a2c1f7d55" doc:"Of the message that was corrected"`
}

type undoOutput struct {
	Body struct {
		Restored bool `json:"restored" example:"true" doc:"The message counts as it did; false: the correction is withdrawn, but the message is over"`
	} `nameHint:"Uncorrected"`
}

type correctionsInput struct {
	Channel  string    `query:"channel" maxLength:"100" example:"somebody" doc:"Only those in this channel"`
	Before   time.Time `query:"before" doc:"Only those before: at of the last one on the page before" example:"2026-01-01T20:00:00Z"`
	Limit    int       `query:"limit" minimum:"1" maximum:"500" default:"50" doc:"How many at most"`
	Everyone bool      `query:"everyone" default:"false" doc:"Those of all users; for administrators"`
}

type correctionsOutput struct {
	Body struct {
		Corrections []MadeCorrection `json:"corrections" doc:"The latest first"`
	} `nameHint:"CorrectionList"`
}

type labelsInput struct {
	Format string `query:"format" enum:"ndjson,tsv" default:"ndjson" doc:"A JSON object or tab-separated fields a line"`
}

// CorrectedLabel is a line of the export.
type CorrectedLabel struct {
	Hash    string    `json:"hash"`
	Label   string    `json:"label"`
	Channel string    `json:"channel"`
	Time    time.Time `json:"time"`
}

func (a *API) registerLearning() {
	const base = "/api/channels/{channel}"
	register(a, huma.Operation{
		OperationID: "get-learned", Method: http.MethodGet, Path: base + "/learned", Tags: []string{tagLearning}, Metadata: protected,
		Summary:     "What a channel's own emotes have been learnt to mean",
		Description: "Emotes that nobody has rated get a meaning from what people say beside them, and keep it beyond the end of an analysis. A meaning needs at least five people, and one person who repeats themselves adds little. docs/sentiment.md tells how.",
		Errors:      []int{400, 401, 422, 503},
	}, a.learned)
	register(a, huma.Operation{
		OperationID: "teach-emote", Method: http.MethodPut, Path: base + "/learned/{token}", Tags: []string{tagLearning}, Metadata: signedIn,
		Summary:     "Say what an emote means in a channel, or freeze it",
		Description: "Takes effect at once, for everybody who watches the channel. For administrators and the user whose analysis it is: the one who has held the channel longest. What an administrator set only administrators change.",
		Errors:      []int{400, 403, 404, 409, 413, 422, 429, 503},
	}, a.teach)
	register(a, huma.Operation{
		OperationID: "release-emote", Method: http.MethodDelete, Path: base + "/learned/{token}", Tags: []string{tagLearning}, Metadata: signedIn,
		Summary:     "Let an emote mean again what the chat taught",
		Description: "Takes back what was corrected and frozen. For those who may correct it.",
		Errors:      []int{400, 403, 404, 409, 422, 429, 503},
	}, a.release)
	register(a, huma.Operation{
		OperationID: "correct-message", Method: http.MethodPost, Path: base + "/corrections", Tags: []string{tagLearning}, Metadata: signedIn,
		Summary: "Correct the label of a message",
		Description: "The message counts with its new label at once, and all who watch see it. What it says about an emote that nobody has rated counts as one person's message. " +
			"Where an administrator corrects, or the user whose analysis it is, later messages of the very same text in this channel get the label, too. The label is kept by the hash of the text.",
		DefaultStatus: http.StatusCreated,
		Errors:        []int{400, 403, 404, 409, 413, 422, 429, 503},
	}, a.correct)
	register(a, huma.Operation{
		OperationID: "uncorrect-message", Method: http.MethodDelete, Path: base + "/corrections/{message_id}", Tags: []string{tagLearning}, Metadata: signedIn,
		Summary:     "Take a correction of a message back",
		Description: "One's own; an administrator and the user whose analysis it is also others', as far as the message is concerned.",
		Errors:      []int{400, 403, 404, 409, 422, 429, 503},
	}, a.uncorrect)
	register(a, huma.Operation{
		OperationID: "list-corrections", Method: http.MethodGet, Path: "/api/corrections", Tags: []string{tagLearning}, Metadata: signedIn,
		Summary: "What one has corrected", Description: "The latest first. Administrators may ask for those of all users, without their names.",
		Errors: []int{400, 403, 422, 503},
	}, a.corrections)
	register(a, huma.Operation{
		OperationID: "export-corrections", Method: http.MethodGet, Path: "/api/corrections/export", Tags: []string{tagLearning}, Metadata: signedIn,
		Summary:     "Corrected labels, to train with",
		Description: "One's own; for administrators those of all users. Each line has the hash of the text (the first eight bytes of its SHA-256), the label, the channel and the time. A file that breaks off ends without the last line's end.",
		Errors:      []int{422, 429, 503},
		Responses: map[string]*huma.Response{"200": {
			Description: "The labels", Content: map[string]*huma.MediaType{
				"application/x-ndjson":      {Schema: &huma.Schema{Type: huma.TypeString}},
				"text/tab-separated-values": {Schema: &huma.Schema{Type: huma.TypeString}},
			},
		}},
	}, a.exportLabels)
}

// lessonError turns an error of [Lessons] into its answer.
func (a *API) lessonError(channel string, err error) error {
	switch {
	case errors.Is(err, ErrNotAnalysed):
		return fail(http.StatusNotFound, "Channel "+channel+" is not being analysed", nil)
	case errors.Is(err, ErrUnavailable):
		return unavailable("The channel is passing from one server to another: try again in a moment")
	case errors.Is(err, analysis.ErrNotLearning):
		return unavailable("What the channel has taught cannot be read at the moment: try again in a few seconds")
	case errors.Is(err, analysis.ErrNoMessage):
		return fail(http.StatusNotFound, "The message is not remembered: it must be one of the last 512 of the running analysis, or of the last 4,096 with its text", nil)
	case errors.Is(err, analysis.ErrSettled):
		return fail(http.StatusConflict, "Somebody else has corrected this message whose word counts for more", nil)
	case errors.Is(err, sentiment.ErrAdminSet):
		return fail(http.StatusConflict, "An administrator set what this emote means: only administrators change it", nil)
	case errors.Is(err, analysis.ErrUnteachable):
		return &apiError{
			status: http.StatusUnprocessableEntity, detail: "This name cannot be taught: it is not that of an emote, or the lexicon says what it means",
			fields: []ProblemField{{"path.token", "expected the name of an emote that nobody has rated, of 1 to 64 bytes"}},
		}
	}
	return a.storeError(err)
}

var errNoLessons = fail(http.StatusNotFound, "Nothing is learnt on this server", nil)

// owns reports whether a channel's analysis belongs to the one who asks: an
// administrator, or the user who has held the channel longest.
func (a *API) owns(ctx context.Context, channel string) (bool, error) {
	id, ok := identityOf(ctx)
	switch {
	case !ok:
		return false, nil
	case id.IsAdmin():
		return true, nil
	case a.cfg.Holds == nil:
		return false, nil
	}
	holds, err := a.cfg.Holds.On(ctx, channel)
	if err != nil {
		return false, a.storeError(err)
	}
	for _, h := range holds {
		if !analysis.IsGuest(h.UserID) {
			return h.UserID == id.UserID, nil
		}
	}
	return false, nil
}

func (a *API) learned(ctx context.Context, in *learnedInput) (*learnedOutput, error) {
	channel, err := in.login()
	if err != nil {
		return nil, err
	}
	if a.cfg.Lessons == nil {
		return nil, errNoLessons
	}
	list, running, err := a.cfg.Lessons.Learned(ctx, channel)
	if err != nil {
		return nil, a.lessonError(channel, err)
	}
	mine := false
	if running {
		if mine, err = a.owns(ctx, channel); err != nil {
			return nil, err
		}
	}
	out := new(learnedOutput)
	out.Body.Channel, out.Body.Running, out.Body.MayChange, out.Body.Emotes = channel, running, mine, []LearnedEmote{}
	for i := range list[:min(len(list), in.Limit)] {
		out.Body.Emotes = append(out.Body.Emotes, learnedEmote(&list[i]))
	}
	return out, nil
}

func (a *API) teach(ctx context.Context, in *teachInput) (*taughtOutput, error) {
	if in.Body.Value == nil && in.Body.Frozen == nil {
		return nil, fail(http.StatusBadRequest, "Give value, frozen, or both", nil)
	}
	change := analysis.LessonChange{Name: in.Token, Frozen: in.Body.Frozen}
	if in.Body.Value != nil {
		v := float32(*in.Body.Value)
		change.Value = &v
	}
	return a.changeLesson(ctx, &in.TokenPath, change)
}

func (a *API) release(ctx context.Context, in *TokenPath) (*taughtOutput, error) {
	return a.changeLesson(ctx, in, analysis.LessonChange{Name: in.Token, Release: true})
}

func (a *API) changeLesson(ctx context.Context, in *TokenPath, change analysis.LessonChange) (*taughtOutput, error) {
	channel, err := in.login()
	if err != nil {
		return nil, err
	}
	if a.cfg.Lessons == nil {
		return nil, errNoLessons
	}
	id := caller(ctx)
	var s spent
	if err := s.take(a.limits.corrects, id.UserID); err != nil {
		return nil, err
	}
	mine, err := a.owns(ctx, channel)
	if err != nil {
		return nil, err
	}
	if !mine {
		return nil, fail(http.StatusForbidden, "Only administrators, and the user whose analysis of the channel it is, say what its emotes mean", nil)
	}
	change.Admin = id.IsAdmin()
	now, err := a.cfg.Lessons.Teach(ctx, channel, id.UserID, change)
	if err != nil {
		return nil, a.lessonError(channel, err)
	}
	what := "released"
	if !change.Release {
		what = fmt.Sprintf("value %.1f, frozen %v", now.Valence, now.Frozen)
	}
	a.note(ctx, account.ActivityTaught, fmt.Sprintf("Channel: %s, Emote: %s, %s", channel, excerpt(change.Name), what))
	return &taughtOutput{learnedEmote(&now)}, nil
}

func (a *API) correct(ctx context.Context, in *correctInput) (*correctOutput, error) {
	channel, err := in.login()
	if err != nil {
		return nil, err
	}
	var label sentiment.Label
	if err := label.UnmarshalText([]byte(in.Body.Label)); err != nil {
		return nil, fail(http.StatusBadRequest, err.Error(), nil) // huma checks it before
	}
	mine, err := a.mayCorrect(ctx, channel)
	if err != nil {
		return nil, err
	}
	id := caller(ctx)
	most := maxCorrections
	if mine {
		most = ownCorrections
	}
	n, err := a.cfg.Lessons.CountCorrections(ctx, analysis.CorrectionQuery{UserID: id.UserID, Channel: channel, Since: a.cfg.Now().Add(-24 * time.Hour)})
	if err != nil {
		return nil, a.storeError(err)
	}
	if n >= most {
		return nil, tooSoon(fmt.Sprintf("You have corrected %d messages of this channel in a day, as many as one may", n), time.Hour)
	}
	c, done, err := a.cfg.Lessons.Correct(ctx, channel, analysis.LabelChange{
		MessageID: in.Body.MessageID, Label: label, Text: in.Body.Text, By: id.UserID, Trusted: mine,
	})
	if err != nil {
		return nil, a.lessonError(channel, err)
	}
	out := new(correctOutput)
	out.Body.Correction, out.Body.Learned, out.Body.ForAll = madeCorrection(&c), done.Learned, mine
	return out, nil
}

// mayCorrect takes one from what the one who asks may correct, and tells whether
// the channel's analysis is theirs.
func (a *API) mayCorrect(ctx context.Context, channel string) (mine bool, err error) {
	if a.cfg.Lessons == nil {
		return false, errNoLessons
	}
	var s spent
	if err := s.take(a.limits.corrects, caller(ctx).UserID); err != nil {
		return false, err
	}
	return a.owns(ctx, channel)
}

func (a *API) uncorrect(ctx context.Context, in *undoInput) (*undoOutput, error) {
	channel, err := in.login()
	if err != nil {
		return nil, err
	}
	mine, err := a.mayCorrect(ctx, channel)
	if err != nil {
		return nil, err
	}
	_, done, err := a.cfg.Lessons.Correct(ctx, channel, analysis.LabelChange{MessageID: in.MessageID, Undo: true, By: caller(ctx).UserID, Trusted: mine})
	if err != nil {
		return nil, a.lessonError(channel, err)
	}
	out := new(undoOutput)
	out.Body.Restored = done.Restored
	return out, nil
}

func (a *API) corrections(ctx context.Context, in *correctionsInput) (*correctionsOutput, error) {
	if a.cfg.Lessons == nil {
		return nil, errNoLessons
	}
	id := caller(ctx)
	q := analysis.CorrectionQuery{UserID: id.UserID, Before: in.Before, Limit: in.Limit}
	if in.Everyone {
		if !id.IsAdmin() {
			return nil, a.accountError(account.ErrNotAdmin)
		}
		q.UserID = ""
	}
	if in.Channel != "" {
		channel, err := ChannelPath{in.Channel}.login()
		if err != nil {
			return nil, err
		}
		q.Channel = channel
	}
	list, err := a.cfg.Lessons.Corrections(ctx, q)
	if err != nil {
		return nil, a.storeError(err)
	}
	out := new(correctionsOutput)
	out.Body.Corrections = []MadeCorrection{}
	for i := range list {
		out.Body.Corrections = append(out.Body.Corrections, madeCorrection(&list[i]))
	}
	return out, nil
}

func (a *API) exportLabels(ctx context.Context, in *labelsInput) (*huma.StreamResponse, error) {
	if a.cfg.Lessons == nil {
		return nil, errNoLessons
	}
	id := caller(ctx)
	var s spent
	if err := s.take(a.limits.labels, id.UserID); err != nil {
		return nil, err
	}
	// Where the store is away the answer is an error, and no empty file.
	if _, err := a.cfg.Lessons.CountCorrections(ctx, analysis.CorrectionQuery{UserID: id.UserID}); err != nil {
		return nil, a.storeError(err)
	}
	kind := "application/x-ndjson"
	if in.Format == "tsv" {
		kind = "text/tab-separated-values; charset=utf-8"
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		if who := accessOf(ctx); who.w != nil {
			// A writer of a test has no deadlines; a connection has.
			_ = http.NewResponseController(who.w).SetWriteDeadline(time.Now().Add(labelsTimeout))
		}
		out.SetHeader("Content-Type", kind)
		out.SetHeader("Content-Disposition", `attachment; filename="chatmood-labels.`+in.Format+`"`)
		w := bufio.NewWriter(out.BodyWriter())
		err := a.cfg.Lessons.EachCorrection(ctx, "", func(c analysis.Correction) error {
			if c.Kind != analysis.CorrectedMessage || c.Hash == "" || c.UserID != id.UserID && !id.IsAdmin() {
				return nil
			}
			return WriteLabel(w, in.Format, CorrectedLabel{c.Hash, c.Label, c.Channel, c.At})
		})
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			a.log.ErrorContext(ctx, "an export of labels broke off", "user", id.UserID, "error", err, "request_id", requestID(ctx))
			panic(http.ErrAbortHandler) // so that nobody takes half of it for whole
		}
	}}, nil
}

// WriteLabel writes a line of an export of labels; format is "ndjson" or "tsv".
func WriteLabel(w *bufio.Writer, format string, l CorrectedLabel) error {
	var line []byte
	if format == "tsv" {
		line = fmt.Appendf(nil, "%s\t%s\t%s\t%s", l.Hash, l.Label, l.Channel, l.Time.UTC().Format(time.RFC3339))
	} else {
		var err error
		if line, err = json.Marshal(l); err != nil {
			return fmt.Errorf("encoding a label: %w", err)
		}
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("writing the labels: %w", err)
	}
	return nil
}
