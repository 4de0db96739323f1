// Package mail writes the server's mails and gets them delivered.
//
// [Mails] composes them and puts them into an [Outbox], which keeps them in a
// queue that survives the process and hands them to a [Sender]: an SMTP server,
// or a folder during development. A mail server that is away delays mail; it
// neither fails a request nor slows it down.
package mail

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
)

const (
	maxAddressBytes  = 254 // RFC 5321, 4.5.3.1.3
	maxHeaderLength  = 200 // of a name or a subject, in characters
	maxContactLength = 10_000
)

// Message is a mail, ready to be sent.
type Message struct {
	ID      string // Message-ID without its brackets: the same on each attempt
	Kind    string // what it is for, in a word, for the log
	From    mail.Address
	To      mail.Address
	ReplyTo mail.Address // empty: as From
	Subject string
	Text    string
	HTML    string
	Date    time.Time
	Expires time.Time // worth nothing afterwards; zero: never
	Secret  string    // the code or link in it, which development logs
}

// Sender delivers a message or says why it could not; see [Explain] and
// [Refused].
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// build makes the message that goes over the wire: a text and an HTML part, as
// alternatives. All that strangers wrote has passed [headerText] or is an
// address that the mail library checked; it encodes what is not ASCII.
func (m *Message) build() (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	for _, a := range []struct {
		what string
		addr mail.Address
		// Those of the library that take name and address as texts do not quote
		// the name.
		set func(*mail.Address)
	}{
		{"From", m.From, msg.FromMailAddress},
		{"To", m.To, func(a *mail.Address) { msg.AddToMailAddress(a) }},
		{"Reply-To", m.ReplyTo, func(a *mail.Address) { msg.ReplyToMailAddress(a) }},
	} {
		if a.what == "Reply-To" && a.addr.Address == "" {
			continue
		}
		addr, err := checkAddress(a.addr.Address)
		if err != nil {
			return nil, fmt.Errorf("writing the %s of a mail: %w", a.what, err)
		}
		a.set(&mail.Address{Name: displayName(a.addr.Name), Address: addr})
	}
	msg.Subject(headerText(m.Subject))
	msg.SetMessageIDWithValue(headerText(m.ID))
	msg.SetDateWithValue(m.Date)
	// Answering machines leave such mail alone (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}

var errAddress = errors.New("it is not a plain e-mail address like name@example.org")

// checkAddress returns an address without space around it.
func checkAddress(address string) (string, error) {
	address = strings.TrimSpace(address)
	if len(address) > maxAddressBytes || !utf8.ValidString(address) || strings.ContainsFunc(address, notInAddress) {
		return "", errAddress
	}
	a, err := mail.ParseAddress(address)
	if err != nil || a.Address != address {
		return "", errAddress
	}
	return address, nil
}

func notInAddress(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`"<>()[],:;\`, r)
}

// displayName returns a name for the header of an address. net/mail leaves a
// backslash as it is in encoded names, where RFC 2047, 5 (3) has none.
func displayName(name string) string { return strings.ReplaceAll(headerText(name), `\`, "/") }

// headerText returns a text as one line for a header: without line breaks and
// other control characters, which could begin another header, and without those
// that change the direction of writing.
func headerText(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r) && r != '\u200d': // joins emoji
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	n := 0
	for i := range text {
		if n == maxHeaderLength {
			return text[:i]
		}
		n++
	}
	return text
}
