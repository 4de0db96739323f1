package summary

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"

	"chatmood/internal/report"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 256 << 10

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// request asks for one answer in one piece. Nothing else is asked for: which
// limits and temperatures a model takes differs.
type request struct {
	Model    string    `json:"model"`
	Messages []message `json:"messages"`
	Stream   bool      `json:"stream"`
}

type response struct {
	Choices []struct {
		Message struct {
			Content json.RawMessage `json:"content"` // a string, or parts of text
			Refusal string          `json:"refusal"`
		} `json:"message"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
}

// ask returns the paragraphs that the model wrote.
func (w *Writer) ask(ctx context.Context, in report.Input) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, w.config.Timeout)
	defer cancel()
	prompt, err := figures(ctx, in, w.config.ChatText)
	if err != nil {
		return nil, err
	}
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return nil, &failure{"it was busy", ctx.Err()}
	}
	body, err := json.Marshal(request{
		Model:    w.config.Model,
		Messages: []message{{"system", instructions}, {"user", prompt}},
	})
	if err != nil {
		return nil, fmt.Errorf("writing the request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(w.config.URL, "/")+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		return nil, &failure{"its address is wrong", nil}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "chatmood")
	if w.config.Key != "" {
		req.Header.Set("Authorization", "Bearer "+w.config.Key)
	}
	res, err := w.client.Do(req)
	if err != nil {
		return nil, w.unreachable(ctx, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, w.unreachable(ctx, err)
	case res.StatusCode != http.StatusOK:
		return nil, &failure{refused(res.StatusCode), fmt.Errorf("status %d", res.StatusCode)}
	case len(data) > maxAnswer:
		return nil, &failure{"its answer was too long", fmt.Errorf("more than %d bytes", maxAnswer)}
	}
	text, err := content(res.Header.Get("Content-Type"), data)
	if err != nil {
		return nil, err
	}
	return check(text, prompt)
}

// unreachable tells why no answer came, without the address: errors of the
// client carry it.
func (w *Writer) unreachable(ctx context.Context, err error) error {
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return &failure{"it did not answer in time", context.DeadlineExceeded}
	case ctx.Err() != nil:
		return &failure{"the request was given up", ctx.Err()}
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &dns):
		return &failure{"it could not be reached", errors.New("its host is not known")}
	case errors.As(err, &op):
		return &failure{"it could not be reached", op.Err}
	}
	return &failure{"the connection to it broke", err}
}

// refused says what a status means.
func refused(status int) string {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "it refused the key"
	case status == http.StatusNotFound:
		return "its endpoint or the model is not known there"
	case status == http.StatusTooManyRequests, status == http.StatusPaymentRequired:
		return "it takes no more requests for now"
	case status >= 500:
		return "it failed"
	case status >= 300 && status < 400:
		return "its endpoint has moved"
	}
	return "it refused the request"
}

// content takes the text out of an answer.
func content(contentType string, data []byte) (string, error) {
	if kind, _, err := mime.ParseMediaType(contentType); err == nil && kind != "application/json" && kind != "text/plain" {
		return "", &failure{"its answer could not be read", fmt.Errorf("it came as %.40q", kind)}
	}
	var res response
	if err := json.Unmarshal(data, &res); err != nil {
		return "", &failure{"its answer could not be read", errors.New("no JSON of the protocol")}
	}
	if len(res.Choices) == 0 {
		return "", &failure{"it gave an empty answer", nil}
	}
	c := res.Choices[0]
	if c.Message.Refusal != "" || c.FinishReason == "content_filter" {
		return "", &failure{"it refused to write about this", nil}
	}
	var text string
	if err := json.Unmarshal(c.Message.Content, &text); err == nil {
		return text, nil
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if err := json.Unmarshal(c.Message.Content, &parts); err != nil {
		return "", &failure{"it gave an empty answer", nil}
	}
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	return b.String(), nil
}
