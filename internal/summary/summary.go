// Package summary lets a language model tell what happened in a chat, where one
// is set up, and the rules of package report where not. It speaks to any
// endpoint with the chat completions of OpenAI, hosted or local. The model is
// given figures only; what chatters wrote goes to it only where that is
// allowed, their names never.
package summary

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"chatmood/internal/report"
)

// Google's endpoint that speaks the same protocol, and the model that the old
// system used.
const (
	GeminiURL   = "https://generativelanguage.googleapis.com/v1beta/openai/"
	GeminiModel = "gemini-2.0-flash"
)

// DefaultTimeout bounds an answer where [Config] does not.
const DefaultTimeout = 20 * time.Second

// maxTogether is how many answers are waited for at a time; others wait for
// their turn within their own timeout.
const maxTogether = 4

// Config sets a [Writer] up. The zero value is one without a model.
type Config struct {
	// URL is the base of the endpoint, LLM_URL: "/chat/completions" is put
	// behind it.
	URL string
	// Key is sent as a bearer token, LLM_KEY; "" sends none.
	Key string
	// Model is the name of the model, LLM_MODEL.
	Model string
	// GeminiKey is GEMINI_API_KEY: without URL it stands for Google's endpoint,
	// with Key unset, and for the model [GeminiModel] unless Model names one.
	GeminiKey string
	// ChatText allows words, emotes and copypasta to go to the model,
	// LLM_CHAT_TEXT.
	ChatText bool
	// Timeout bounds a whole answer; 0 is [DefaultTimeout].
	Timeout time.Duration
}

// Validate tells what is wrong with the configuration, naming the variables of
// the environment; all faults at once.
func (c Config) Validate() error {
	_, err := c.resolve()
	return err
}

// resolve fills in what follows from GeminiKey and checks the rest.
func (c Config) resolve() (Config, error) {
	if c.URL == "" && c.GeminiKey != "" {
		if c.Key != "" {
			return c, errors.New("LLM_KEY is set without LLM_URL, and so is GEMINI_API_KEY: set LLM_URL, or leave LLM_KEY out")
		}
		c.URL, c.Key, c.Model = GeminiURL, c.GeminiKey, cmp.Or(c.Model, GeminiModel)
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	var faults []error
	if c.Timeout < 0 || c.Timeout > 5*time.Minute {
		faults = append(faults, errors.New("the timeout of the language model must be within 0 and 5 minutes"))
	}
	switch c.URL {
	case "":
		if c.Key != "" || c.Model != "" {
			faults = append(faults, errors.New("LLM_KEY or LLM_MODEL is set without LLM_URL: set LLM_URL to the base of an OpenAI-compatible endpoint, such as http://localhost:11434/v1"))
		}
	default:
		if c.Model == "" {
			faults = append(faults, errors.New("LLM_MODEL is missing: name a model that LLM_URL serves"))
		}
		if err := checkURL(c.URL, c.Key != ""); err != nil {
			faults = append(faults, err)
		}
	}
	if strings.ContainsAny(c.Key, "\r\n\x00") || strings.TrimSpace(c.Key) != c.Key {
		faults = append(faults, errors.New("LLM_KEY or GEMINI_API_KEY has white space in it: give the key alone"))
	}
	return c, errors.Join(faults...)
}

// checkURL takes http and https; a key goes over plain http only to this
// machine or its own network.
func checkURL(s string, key bool) error {
	const example = ": give the base of an endpoint, such as https://api.example.com/v1 or http://localhost:11434/v1"
	u, err := url.Parse(s)
	switch {
	case err != nil: // it may hold a secret, so it is not repeated
		return errors.New("LLM_URL cannot be read as a URL" + example)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return errors.New("LLM_URL must begin with http:// or https:// and a host" + example)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("LLM_URL must have no user, query or fragment" + example + "; the key belongs into LLM_KEY")
	case u.Scheme == "http" && key && !near(u.Hostname()):
		return errors.New("LLM_URL is plain http to a host elsewhere, so LLM_KEY would travel in the open: use https")
	}
	return nil
}

// near tells whether a host is this machine or on its own network.
func near(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return !strings.Contains(host, ".") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".internal") || strings.HasSuffix(host, ".localhost")
}

// Writer writes summaries. It may be used from several goroutines.
type Writer struct {
	config Config
	client *http.Client
	turn   chan struct{} // holds one for each answer that is waited for
}

// New returns a writer; the error is that of [Config.Validate].
func New(c Config) (*Writer, error) {
	c, err := c.resolve()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   maxTogether,
		IdleConnTimeout:       time.Minute,
		ResponseHeaderTimeout: c.Timeout,
	}
	return &Writer{
		config: c,
		client: &http.Client{
			Transport: transport,
			// The key is for the endpoint alone.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		turn: make(chan struct{}, maxTogether),
	}, nil
}

// Close closes the connections that are kept open. Summaries can be written
// still.
func (w *Writer) Close() { w.client.CloseIdleConnections() }

// Model returns the name of the model; "" where there is none.
func (w *Writer) Model() string {
	if w.config.URL == "" {
		return ""
	}
	return w.config.Model
}

// ChatText tells whether what chatters wrote goes to the model.
func (w *Writer) ChatText() bool { return w.Model() != "" && w.config.ChatText }

// Write summarises a report. The summary is always good: where the model gives
// none, it is the one built by rule and its Fallback says why in words for the
// owner of the report. The error then tells the same for the log, without keys
// and addresses; it is nil where no model is set up or there is too little to
// tell. The model is asked once, and not at all with too few messages.
func (w *Writer) Write(ctx context.Context, in report.Input) (report.Summary, error) {
	built := report.Summarize(in)
	if w.Model() == "" || report.TooFew(in) {
		return *built, nil
	}
	text, err := w.ask(ctx, in)
	if err != nil {
		reason := "the language model gave no answer that could be used"
		var f *failure
		if errors.As(err, &f) {
			reason = f.reason
		}
		built.Fallback = fmt.Sprintf("A language model was asked, but %s.", reason)
		return *built, fmt.Errorf("asking the language model %s: %w", w.config.Model, err)
	}
	out := report.Summary{Model: w.config.Model}
	for _, paragraph := range text {
		out.Sentences = append(out.Sentences, report.Sentence{Text: paragraph})
	}
	return out, nil
}

// failure is why a model gave no summary, in words that anybody may read.
type failure struct {
	reason string
	err    error // what more is to be known; nil: nothing
}

func (f *failure) Error() string {
	if f.err == nil {
		return f.reason
	}
	return f.reason + ": " + f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }
