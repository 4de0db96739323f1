package httpapi

import (
	"cmp"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/account"
)

type infoOutput struct {
	Body struct {
		Version      string   `json:"version" doc:"Of this build" example:"1.0.0"`
		APIVersion   string   `json:"api_version" doc:"Of this description" example:"3.0.0"`
		Environment  string   `json:"environment" enum:"development,production"`
		Anonymous    bool     `json:"anonymous" doc:"True where no account is needed"`
		Accounts     bool     `json:"accounts" doc:"True where people can sign in"`
		Guests       string   `json:"guests" enum:"none,watch,analyse" doc:"What people may do without signing in: nothing, watch what is being analysed, or analyse channels of their own"`
		Registration string   `json:"registration" enum:"open,invite,closed" doc:"Who may register: anybody, who has an invitation, or nobody"`
		Mail         string   `json:"mail" enum:"smtp,folder,off" doc:"How mail goes: through a mail server, into a folder (development), or not at all: then there are neither codes nor links"`
		SetupNeeded  bool     `json:"setup_needed" doc:"True while there is no administrator: the server prints a link when it starts"`
		Demo         bool     `json:"demo" doc:"True where chat is simulated"`
		DemoChannels []string `json:"demo_channels" doc:"Channels to try"`
		EmoteImages  string   `json:"emote_images" example:"https://static-cdn.jtvnw.net" doc:"Origin of pictures of emotes, below which they are as at Twitch, for people who choose to see them; empty where the operator allows none"`
		Summaries    []string `json:"summaries" example:"rules" doc:"Who can write summaries: rules, and model where a language model is set up"`
		Limits       Limits   `json:"limits"`
	} `nameHint:"Info"`
}

// Limits tells what the server refuses.
type Limits struct {
	Channels          int `json:"channels" doc:"Channels analysed at once; 0: no limit of ours"`
	BodyBytes         int `json:"body_bytes" doc:"Size of a request's body"`
	Texts             int `json:"texts" doc:"Texts judged in one request"`
	TextCharacters    int `json:"text_characters" doc:"Characters of a text to judge"`
	Messages          int `json:"messages" doc:"Last messages in one answer"`
	ConnectsPerMinute int `json:"connects_per_minute" doc:"Analyses started from one address, on average"`
}

type welcomeOutput struct {
	Body welcome
}

type welcome struct {
	Message string `json:"message" example:"Welcome to Chatmood"`
	Status  string `json:"status" enum:"running"`
}

func (a *API) registerService() {
	register(a, huma.Operation{
		OperationID: "welcome",
		Method:      http.MethodGet,
		Path:        "/",
		Summary:     "Tell that the server runs",
		Description: "Browsers, which ask for text/html, get the user interface here.",
		Tags:        []string{tagService},
	}, a.welcome)
	register(a, huma.Operation{
		OperationID: "info",
		Method:      http.MethodGet,
		Path:        "/api/info",
		Summary:     "What this server is and allows",
		Description: "What a page has to know before it shows anything: version, what guests may do, the limits.",
		Tags:        []string{tagService},
	}, a.info)
}

func (a *API) welcome(context.Context, *struct{}) (*welcomeOutput, error) {
	return &welcomeOutput{welcome{Message: "Welcome to Chatmood: live sentiment analysis for Twitch chat", Status: "running"}}, nil
}

func (a *API) info(ctx context.Context, _ *struct{}) (*infoOutput, error) {
	out := new(infoOutput)
	b := &out.Body
	b.Version = a.cfg.Version
	b.APIVersion = apiVersion
	b.Environment = "development"
	if a.cfg.Production {
		b.Environment = "production"
	}
	b.Anonymous = a.cfg.guestsAnalyse()
	b.Accounts = a.cfg.Accounts != nil
	b.Guests = cmp.Or(string(a.cfg.Guests), string(GuestsNone))
	b.Registration = cmp.Or(string(a.cfg.Registration), string(account.RegistrationOpen))
	b.Mail = cmp.Or(a.cfg.MailBy, MailOff)
	b.SetupNeeded = a.setupNeeded(ctx)
	b.Demo = a.cfg.Demo
	b.DemoChannels = present(a.cfg.DemoChannels)
	b.EmoteImages = a.cfg.EmoteImages
	b.Summaries = []string{"rules"}
	if a.cfg.ModelSummaries {
		b.Summaries = append(b.Summaries, "model")
	}
	b.Limits = Limits{
		Channels:          a.cfg.MaxChannels,
		BodyBytes:         maxBodyBytes,
		Texts:             maxTexts,
		TextCharacters:    maxTextCharacters,
		Messages:          maxMessages,
		ConnectsPerMinute: a.cfg.ConnectsPerMinute,
	}
	return out, nil
}

// setupNeeded reports whether there is no administrator. Once there is one there
// is always one, so that the database is asked no more.
func (a *API) setupNeeded(ctx context.Context) bool {
	if a.cfg.Accounts == nil || a.isSetUp.Load() {
		return false
	}
	needed, err := a.cfg.Accounts.SetupNeeded(ctx)
	if err != nil {
		a.log.WarnContext(ctx, "whether there is an administrator is not known", "error", err, "request_id", requestID(ctx))
		return false
	}
	if !needed {
		a.isSetUp.Store(true)
	}
	return needed
}
