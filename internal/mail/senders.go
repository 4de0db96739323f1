package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// TLS is how a connection to a mail server is encrypted.
type TLS string

// The ways.
const (
	STARTTLS    TLS = "starttls" // begins in plain text and refuses to go on so
	ImplicitTLS TLS = "tls"      // from the first byte
	NoTLS       TLS = "none"     // not at all: only for a server on this machine
)

// The defaults, as the older system had them built in.
const (
	DefaultHost = "smtp.gmail.com"
	DefaultPort = 587
)

// SMTPConfig is a mail server. Zero values: Gmail with STARTTLS.
type SMTPConfig struct {
	Host     string
	Port     int
	TLS      TLS
	Username string // empty: without signing in
	Password string
	Timeout  time.Duration // of each step: 30 seconds
	// TLSConfig is for servers with a certificate of an authority of their own; nil: the system's.
	TLSConfig *tls.Config
}

// SMTP sends through a mail server, with one connection for each mail. It is
// safe for concurrent use.
type SMTP struct {
	cfg     SMTPConfig
	tls     *tls.Config
	options []gomail.Option
}

// NewSMTP returns a sender.
func NewSMTP(cfg SMTPConfig) (*SMTP, error) {
	if cfg.Host == "" {
		cfg.Host = DefaultHost
	}
	if cfg.Port == 0 {
		cfg.Port = DefaultPort
	}
	if cfg.TLS == "" {
		cfg.TLS = STARTTLS
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Port < 1 || cfg.Port > 65535 {
		return nil, fmt.Errorf("reading SMTP_PORT: %d is not between 1 and 65535", cfg.Port)
	}
	if strings.ContainsAny(cfg.Host, " \t\r\n/@") {
		return nil, fmt.Errorf("reading SMTP_HOST: %q is no host name; it must look like smtp.example.org", cfg.Host)
	}
	options := []gomail.Option{gomail.WithPort(cfg.Port), gomail.WithTimeout(cfg.Timeout)}
	switch cfg.TLS {
	case STARTTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case ImplicitTLS:
		options = append(options, gomail.WithSSL())
	case NoTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		return nil, fmt.Errorf("reading SMTP_TLS: %q is none of starttls, tls, none", cfg.TLS)
	}
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: cfg.Host}
	if cfg.TLSConfig != nil {
		tlsConfig = cfg.TLSConfig.Clone()
	}
	options = append(options, gomail.WithTLSConfig(tlsConfig))
	if cfg.Username != "" {
		auth := gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover)
		if cfg.TLS == ImplicitTLS {
			// The library takes a connection that we dialled for unencrypted when
			// it chooses by itself.
			auth = gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin)
		}
		options = append(options, auth, gomail.WithUsername(cfg.Username), gomail.WithPassword(cfg.Password))
	}
	s := &SMTP{cfg: cfg, tls: tlsConfig, options: options}
	if _, err := gomail.NewClient(cfg.Host, options...); err != nil {
		return nil, fmt.Errorf("setting up mail through %s: %w", s.Server(), err)
	}
	return s, nil
}

// connect returns a client that is connected and signed in. The library's
// commands do not know the context: its end closes the connection under them.
// done ends both.
func (s *SMTP) connect(ctx context.Context) (client *gomail.Client, done func(), err error) {
	stop := func() bool { return true }
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		var dialer interface {
			DialContext(ctx context.Context, network, address string) (net.Conn, error)
		} = &net.Dialer{}
		if s.cfg.TLS == ImplicitTLS {
			dialer = &tls.Dialer{Config: s.tls}
		}
		return dialer.DialContext(ctx, network, address)
	}
	options := append(slices.Clip(s.options), gomail.WithDialContextFunc(func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(dialing, network, address)
		if err == nil {
			stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
		}
		return conn, err
	}))
	client, err = gomail.NewClient(s.cfg.Host, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("setting up mail through %s: %w", s.Server(), err)
	}
	if err := client.DialWithContext(ctx); err != nil {
		stop()
		return nil, nil, fmt.Errorf("connecting to the mail server %s: %w", s.Server(), err)
	}
	return client, func() {
		// What a server says to goodbye is no news: it took the mail or did not.
		_ = client.Close()
		stop()
	}, nil
}

// Server names the server and the port.
func (s *SMTP) Server() string { return net.JoinHostPort(s.cfg.Host, strconv.Itoa(s.cfg.Port)) }

// Send implements [Sender].
func (s *SMTP) Send(ctx context.Context, m Message) error {
	msg, err := m.build()
	if err != nil {
		return err
	}
	client, done, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := client.Send(msg); err != nil {
		if ctx.Err() != nil {
			err = errors.Join(ctx.Err(), err) // the connection's end was ours
		}
		return fmt.Errorf("sending through the mail server %s: %w", s.Server(), err)
	}
	return nil
}

// Check connects and signs in, without sending anything.
func (s *SMTP) Check(ctx context.Context) error {
	_, done, err := s.connect(ctx)
	if err == nil {
		done()
	}
	return err
}

// Folder writes mails as files, for development: mail programs open them. The
// code or link in a mail is also logged.
type Folder struct {
	dir string
	log *slog.Logger
}

// NewFolder returns a sender that writes into a folder, which it creates. A nil
// log logs nothing.
func NewFolder(dir string, log *slog.Logger) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the folder for mail: %w (set DATA_DIR to a directory that this user may write)", err)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Folder{dir, log}, nil
}

// Send implements [Sender]. A mail that is sent twice is one file.
func (f *Folder) Send(ctx context.Context, m Message) error {
	msg, err := m.build()
	if err != nil {
		return err
	}
	name := filepath.Join(f.dir, m.Date.UTC().Format("20060102-150405")+"-"+fileName(m.Kind)+"-"+fileName(m.ID)+".eml")
	// Written whole or not at all.
	tmp, err := os.CreateTemp(f.dir, "*.tmp")
	if err != nil {
		return fmt.Errorf("writing a mail into a folder: %w", err)
	}
	_, err = msg.WriteTo(tmp)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
		return fmt.Errorf("writing a mail into a folder: %w", err)
	}
	f.log.InfoContext(ctx, "mail written to a file, since no mail server is set", "to", m.To.Address, "subject", m.Subject, "code or link", m.Secret, "file", name)
	return nil
}

// fileName keeps what is safe in the name of a file.
func fileName(s string) string {
	s, _, _ = strings.Cut(s, "@")
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, s)
	return s[:min(len(s), 40)]
}
