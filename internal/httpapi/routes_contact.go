package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/mail"
)

// Mails are the mails that requests cause beside those of accounts
// ([mail.Mails]). Its methods return as soon as a mail is kept for sending.
type Mails interface {
	// Contact mails what a visitor wrote; a [mail.InputError] is for the visitor.
	Contact(ctx context.Context, c mail.Contact) error
	// Test mails a test to an address.
	Test(ctx context.Context, to string) error
}

// The ways that mail can go, as GET /api/info tells them.
const (
	MailSMTP   = "smtp"
	MailFolder = "folder"
	MailOff    = "off"
)

type contactInput struct {
	Body struct {
		Name    string `json:"name" required:"false" maxLength:"1000" example:"Nora Quill"`
		Email   string `json:"email" required:"false" maxLength:"1000" example:"nora@example.org" doc:"Where an answer goes"`
		Subject string `json:"subject" required:"false" maxLength:"1000" example:"A question"`
		Message string `json:"message" required:"false" maxLength:"40000" example:"Which channels can be analysed?" doc:"At most 10,000 characters"`
	} `nameHint:"ContactRequest"`
}

func (a *API) registerContact() {
	register(a, huma.Operation{
		OperationID: "contact", Method: http.MethodPost, Path: "/api/contact", Tags: []string{tagService},
		Summary:     "Write to whoever runs the server",
		Description: "The mail comes from the server's own address; an answer goes to the visitor's.",
		Errors:      []int{400, 404, 413, 422, 429, 503},
	}, a.contact)
}

func (a *API) contact(ctx context.Context, in *contactInput) (*messageOutput, error) {
	if a.cfg.Mails == nil || a.cfg.MailBy == MailOff {
		return nil, fail(http.StatusNotFound, "This server sends no mail", nil)
	}
	var s spent
	if err := s.take(a.limits.contact, addressKey(ctx)); err != nil {
		return nil, err
	}
	if err := s.take(a.limits.contacts, ""); err != nil {
		return nil, err
	}
	b := &in.Body
	err := a.cfg.Mails.Contact(ctx, mail.Contact{Name: b.Name, Email: b.Email, Subject: b.Subject, Message: b.Message})
	var wrong mail.InputError
	switch {
	case errors.As(err, &wrong):
		s.giveBack()
		return nil, &apiError{status: http.StatusBadRequest, detail: wrong.Text, fields: []ProblemField{{"body." + wrong.Field, wrong.Text}}}
	case err != nil:
		return nil, a.storeError(err)
	}
	return message("Message sent successfully!"), nil
}
