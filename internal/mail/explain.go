package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strings"
	"syscall"

	gomail "github.com/wneessen/go-mail"
)

// Refused reports whether the mail server answered and refused this one mail,
// and whether for good: the address does not exist, or the content is not
// wanted. All else is about the server, and other mails fare no better.
func Refused(err error) (refused, forGood bool) {
	if errors.Is(err, errAddress) {
		return true, true
	}
	var e *gomail.SendError
	if !errors.As(err, &e) {
		return false, false
	}
	switch e.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
	default:
		return false, false // the sender's address, for example, is the same in all
	}
	code := e.ErrorCode()
	// 421: the server goes away. 530 and 538: it wants us to sign in or to encrypt.
	if code < 400 || code == 421 || code == 530 || code == 535 || code == 538 {
		return false, false
	}
	return true, code >= 500
}

// Explain says in words why a mail could not be sent and what to do about it.
func Explain(err error) string {
	if err == nil {
		return ""
	}
	words, hint := explain(err)
	return fmt.Sprintf("%s. %s. (%s)", words, hint, oneLine(err))
}

func explain(err error) (words, hint string) {
	var (
		dns      *net.DNSError
		dial     *net.OpError
		unknown  x509.UnknownAuthorityError
		hostname x509.HostnameError
		invalid  x509.CertificateInvalidError
		verify   *tls.CertificateVerificationError
		record   tls.RecordHeaderError
		reply    *textproto.Error
		send     *gomail.SendError
	)
	text := strings.ToLower(err.Error())
	switch {
	case errors.Is(err, errAddress):
		return "The address is wrong", "Write it like name@example.org"
	case errors.As(err, &dns):
		return fmt.Sprintf("DNS: the mail server's name %q is not known", dns.Name), "Check SMTP_HOST and this machine's name resolution"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "Connect: no mail server listens there", "Check SMTP_HOST and SMTP_PORT, and that the server runs"
	case errors.As(err, &hostname):
		return fmt.Sprintf("TLS: the certificate is not for %q", hostname.Host), "Set SMTP_HOST to the name in the certificate"
	case errors.As(err, &unknown):
		return "TLS: the server's certificate is not signed by an authority that this machine trusts", "Install that authority's certificate on this machine"
	case errors.As(err, &invalid), errors.As(err, &verify):
		return "TLS: the server's certificate is not valid", "Check its dates and this machine's clock"
	case errors.As(err, &record):
		return "TLS: the server does not speak TLS from the start on this port", "Set SMTP_TLS to starttls, which is usual on port 587, or the port to 465"
	case strings.Contains(text, "starttls"):
		return "TLS: the server does not offer STARTTLS", "Set SMTP_TLS to tls, which is usual on port 465; none sends all in plain text"
	case errors.As(err, &send):
		return explainReply(send)
	case errors.As(err, &reply) && (reply.Code == 530 || reply.Code == 534 || reply.Code == 535 || reply.Code == 538 || reply.Code == 454):
		return "Authentication: the server does not accept name and password",
			"Check EMAIL_SENDER and EMAIL_PASSWORD; Gmail and others want an app password, made in the account's security settings"
	case strings.Contains(text, "auth"):
		return "Authentication: the server offers no way to sign in that keeps the password safe",
			"Set SMTP_TLS to starttls or tls, or leave EMAIL_PASSWORD empty if the server wants none"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return "Connect: the mail server does not answer in time", "Check SMTP_HOST and SMTP_PORT; many networks block port 25, and some 465 and 587"
	case errors.As(err, &reply):
		return fmt.Sprintf("Refused: the server answered %d", reply.Code), "Read its answer"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "Connect: the server ended the connection", "Check SMTP_TLS and the port: 587 goes with starttls, 465 with tls"
	case errors.As(err, &dial):
		return "Connect: the mail server cannot be reached", "Check SMTP_HOST, SMTP_PORT and this machine's network"
	}
	return "The mail could not be sent", "Read what the server or the system said"
}

func explainReply(e *gomail.SendError) (words, hint string) {
	code := e.ErrorCode()
	switch {
	case code == 530 || code == 535 || code == 538 || code == 502 && e.Reason == gomail.ErrSMTPMailFrom:
		return "Authentication: the server wants us to sign in first", "Set EMAIL_SENDER and EMAIL_PASSWORD"
	case e.Reason == gomail.ErrSMTPMailFrom:
		return fmt.Sprintf("Refused: the server does not send for our address (%d)", code), "Set EMAIL_SENDER to an address that belongs to the account"
	case e.Reason == gomail.ErrSMTPRcptTo && code >= 500:
		return fmt.Sprintf("Refused: the server does not deliver to this address (%d)", code), "Check the address"
	case code >= 500:
		return fmt.Sprintf("Refused: the server does not take this mail (%d)", code), "Read its answer: size, content or reputation"
	case code >= 400:
		return fmt.Sprintf("Refused for now: the server wants the mail later (%d)", code), "Wait; it is tried again"
	}
	return "Connect: the server ended the connection while the mail was sent", "Wait; it is tried again"
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// oneLine is an error's text for a list; servers may answer with much.
func oneLine(err error) string {
	const most = 500
	text := strings.Join(strings.Fields(err.Error()), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
