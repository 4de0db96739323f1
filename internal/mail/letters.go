package mail

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"fmt"
	htmltemplate "html/template"
	"net/mail"
	"net/url"
	"strings"
	texttemplate "text/template"
	"time"
	"unicode/utf8"
)

//go:embed templates/*.tmpl
var templates embed.FS

// Putter keeps a message for sending; an [Outbox] does.
type Putter interface {
	Put(ctx context.Context, m Message) error
}

// Config says who writes and what links point to.
type Config struct {
	From        string           // our address
	FromName    string           // empty: chatmood
	ContactTo   string           // who gets contact mail; empty: From
	FrontendURL string           // where links point
	Now         func() time.Time // nil: time.Now
}

// Mails composes the server's mails. It is safe for concurrent use.
type Mails struct {
	cfg    Config
	from   mail.Address
	domain string // of Message-IDs
	out    Putter
	html   *htmltemplate.Template
	text   *texttemplate.Template
}

// NewMails returns a composer whose mails go to out.
func NewMails(cfg Config, out Putter) (*Mails, error) {
	from, err := checkAddress(cfg.From)
	if err != nil {
		return nil, fmt.Errorf("reading the sender's address %q: %w (set EMAIL_SENDER)", cfg.From, err)
	}
	if cfg.ContactTo == "" {
		cfg.ContactTo = from
	}
	if cfg.ContactTo, err = checkAddress(cfg.ContactTo); err != nil {
		return nil, fmt.Errorf("reading the address for contact mail %q: %w", cfg.ContactTo, err)
	}
	u, err := url.Parse(cfg.FrontendURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("reading FRONTEND_URL %q: links in mails need an address like https://example.org", cfg.FrontendURL)
	}
	cfg.FrontendURL = strings.TrimRight(cfg.FrontendURL, "/")
	if cfg.FromName == "" {
		cfg.FromName = "chatmood"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	m := &Mails{cfg: cfg, out: out, from: mail.Address{Name: cfg.FromName, Address: from}}
	m.domain = from[strings.LastIndexByte(from, '@')+1:]
	if m.html, err = htmltemplate.ParseFS(templates, "templates/letter.html.tmpl"); err != nil {
		return nil, fmt.Errorf("reading the mail templates: %w", err)
	}
	if m.text, err = texttemplate.ParseFS(templates, "templates/letter.txt.tmpl"); err != nil {
		return nil, fmt.Errorf("reading the mail templates: %w", err)
	}
	return m, nil
}

// letter is what the templates are filled with. All of it is text.
type letter struct {
	kind    string
	secret  string
	expires time.Time
	replyTo mail.Address

	Product string
	Title   string
	Name    string // whom it greets; empty: nobody
	Before  []string
	Code    string
	Link    string
	Button  string
	Fields  []field
	Quote   string // what a stranger wrote, with its lines
	After   []string
	Home    string
}

type field struct{ Name, Value string }

func (m *Mails) send(ctx context.Context, to, name, subject string, l letter) error {
	address, err := checkAddress(to)
	if err != nil {
		return fmt.Errorf("writing a mail to %q: %w", headerText(to), err)
	}
	l.Product, l.Home, l.Name = m.cfg.FromName, m.cfg.FrontendURL, headerText(name)
	var html, text bytes.Buffer
	if err := m.html.Execute(&html, l); err != nil {
		return fmt.Errorf("writing the mail %q: %w", l.kind, err)
	}
	if err := m.text.Execute(&text, l); err != nil {
		return fmt.Errorf("writing the mail %q: %w", l.kind, err)
	}
	err = m.out.Put(ctx, Message{
		ID: rand.Text() + "@" + m.domain, Kind: l.kind, From: m.from, To: mail.Address{Name: l.Name, Address: address}, ReplyTo: l.replyTo,
		Subject: headerText(subject), Text: strings.TrimSpace(text.String()) + "\n", HTML: html.String(),
		Date: m.cfg.Now().UTC().Truncate(time.Second), Expires: l.expires, Secret: l.secret,
	})
	if err != nil {
		return fmt.Errorf("keeping the mail %q for sending: %w", l.kind, err)
	}
	return nil
}

// Code mails the code of a registration or of a step of an e-mail change.
func (m *Mails) Code(ctx context.Context, to, name, code string, validFor time.Duration) error {
	return m.send(ctx, to, name, "Your OTP for Account Verification", letter{
		kind: "code", secret: code, expires: m.cfg.Now().Add(validFor), Title: "Your code",
		Before: []string{"Enter this code to verify your email address:"}, Code: code,
		After: []string{
			fmt.Sprintf("It is valid for %s and can be used once.", words(validFor)),
			"If you did not ask for it, ignore this mail: without the code nothing happens.",
		},
	})
}

// ResetLink mails a link with which a new password may be set.
func (m *Mails) ResetLink(ctx context.Context, to, name, userID, token string, validFor time.Duration) error {
	link := m.link("reset-password", userID, token)
	return m.send(ctx, to, name, "Password Reset Request", letter{
		kind: "reset", secret: link, expires: m.cfg.Now().Add(validFor), Title: "Set a new password",
		Before: []string{"You asked to reset the password of your account. Follow this link to set a new one:"},
		Link:   link, Button: "Set a new password",
		After: []string{
			fmt.Sprintf("The link is valid for %s and can be used once.", words(validFor)),
			"If you did not ask for it, ignore this mail: your password stays as it is.",
		},
	})
}

// AlreadyRegistered tells that somebody tried to register with the address.
func (m *Mails) AlreadyRegistered(ctx context.Context, to, name string) error {
	return m.send(ctx, to, name, "You already have an account", letter{
		kind: "already registered", Title: "You already have an account",
		Before: []string{
			"Somebody, perhaps you, tried to register with this address, which has an account already.",
			"If it was you, sign in, or set a new password if you forgot yours:",
		},
		Link: m.link("forgot-password"), Button: "Set a new password",
		After: []string{"If it was not you, ignore this mail: nothing was changed."},
	})
}

// PasswordChanged tells that the password was changed or reset.
func (m *Mails) PasswordChanged(ctx context.Context, to, name string, at time.Time) error {
	return m.send(ctx, to, name, "Your password was changed", letter{
		kind: "password changed", Title: "Your password was changed", Fields: []field{{"When", clock(at)}},
		Before: []string{"The password of your account was changed, and everybody else who was signed in was signed out."},
		Link:   m.link("forgot-password"), Button: "Set a new password",
		After: []string{"If it was not you, set a new password at once."},
	})
}

// EmailChanged tells the former address of the new one.
func (m *Mails) EmailChanged(ctx context.Context, to, name, newEmail string, at time.Time) error {
	return m.send(ctx, to, name, "Your email address was changed", letter{
		kind: "email changed", Title: "Your email address was changed", Fields: []field{{"New address", newEmail}, {"When", clock(at)}},
		Before: []string{"Your account has another email address from now on. This is the last mail to this one."},
		After:  []string{"If it was not you, answer this mail."},
	})
}

// AccountDeleted tells that the account is gone.
func (m *Mails) AccountDeleted(ctx context.Context, to, name string, at time.Time) error {
	return m.send(ctx, to, name, "Your account was deleted", letter{
		kind: "account deleted", Title: "Your account was deleted", Fields: []field{{"When", clock(at)}},
		Before: []string{"Your account and all analyses in it were deleted."},
		After:  []string{"If it was not you, answer this mail."},
	})
}

// AccountSuspended tells that an administrator suspended the account.
func (m *Mails) AccountSuspended(ctx context.Context, to, name string, at time.Time) error {
	return m.send(ctx, to, name, "Your account was suspended", letter{
		kind: "account suspended", Title: "Your account was suspended", Fields: []field{{"When", clock(at)}},
		Before: []string{"An administrator suspended your account. You cannot sign in until it is active again."},
		After:  []string{"If you think that this is a mistake, answer this mail."},
	})
}

// NewDevice tells of a sign-in from a browser that was not seen before.
func (m *Mails) NewDevice(ctx context.Context, to, name, userAgent, address string, at time.Time) error {
	return m.send(ctx, to, name, "New sign-in to your account", letter{
		kind: "new device", Title: "New sign-in to your account",
		Before: []string{"Somebody signed in to your account from a browser that was not used before."},
		Fields: []field{{"When", clock(at)}, {"Browser", headerText(userAgent)}, {"Address", headerText(address)}},
		Link:   m.link("forgot-password"), Button: "Set a new password",
		After: []string{"If it was not you, set a new password at once: that signs everybody else out."},
	})
}

// Contact is what somebody wrote into the contact form.
type Contact struct {
	Name    string
	Email   string
	Subject string
	Message string
}

// InputError is what is wrong with what a person entered.
type InputError struct {
	Field string // name, email, subject or message
	Text  string
}

// Error implements error.
func (e InputError) Error() string { return e.Text }

// Contact mails what a visitor wrote to whoever runs the server. It comes from
// our own address; the visitor's is where an answer goes. An [InputError] says
// what the visitor has to change.
func (m *Mails) Contact(ctx context.Context, c Contact) error {
	name, subject, message := headerText(c.Name), headerText(c.Subject), strings.TrimSpace(c.Message)
	for _, f := range [...]struct{ name, text string }{{"name", name}, {"email", strings.TrimSpace(c.Email)}, {"subject", subject}, {"message", message}} {
		if f.text == "" {
			return InputError{f.name, "All fields are required."} // the older system's words
		}
	}
	address, err := checkAddress(c.Email)
	if err != nil {
		return InputError{"email", "Please enter a valid email address"}
	}
	if utf8.RuneCountInString(message) > maxContactLength {
		return InputError{"message", fmt.Sprintf("The message must be at most %d characters long", maxContactLength)}
	}
	return m.send(ctx, m.cfg.ContactTo, "", "Contact Form: "+subject, letter{
		kind: "contact", Title: "Message from the contact form", replyTo: mail.Address{Name: name, Address: address},
		Fields: []field{{"Name", name}, {"Email", address}, {"Subject", subject}}, Quote: plain(message),
	})
}

// Test mails a test to an address.
func (m *Mails) Test(ctx context.Context, to string) error {
	return m.send(ctx, to, "", "Test mail", letter{
		kind: "test", Title: "Mail works", Before: []string{"Who reads this knows that the server can send mail."},
		Fields: []field{{"Sent", clock(m.cfg.Now())}},
	})
}

func (m *Mails) link(parts ...string) string {
	link := m.cfg.FrontendURL
	for _, p := range parts {
		link += "/" + url.PathEscape(p)
	}
	return link
}

// plain takes control characters out of a text of several lines.
func plain(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

func clock(at time.Time) string { return at.UTC().Format("2 January 2006, 15:04 UTC") }

// words tells a lifetime in minutes or hours.
func words(d time.Duration) string {
	if d >= 2*time.Hour {
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f minutes", d.Minutes())
}
