package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

type infoOutput struct {
	Body struct {
		Version      string   `json:"version" doc:"Of this build" example:"1.0.0"`
		APIVersion   string   `json:"api_version" doc:"Of this description" example:"3.0.0"`
		Environment  string   `json:"environment" enum:"development,production"`
		Anonymous    bool     `json:"anonymous" doc:"True where no account is needed"`
		Demo         bool     `json:"demo" doc:"True where chat is simulated"`
		DemoChannels []string `json:"demo_channels" doc:"Channels to try"`
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

func (a *API) info(context.Context, *struct{}) (*infoOutput, error) {
	out := new(infoOutput)
	b := &out.Body
	b.Version = a.cfg.Version
	b.APIVersion = apiVersion
	b.Environment = "development"
	if a.cfg.Production {
		b.Environment = "production"
	}
	b.Anonymous = a.cfg.guestsAnalyse()
	b.Demo = a.cfg.Demo
	b.DemoChannels = present(a.cfg.DemoChannels)
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
