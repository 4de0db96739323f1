package mail_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"go.uber.org/goleak"

	"chatmood/internal/mail"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mailServer is a real SMTP server on this machine.
type mailServer struct {
	addr *net.TCPAddr
	pool *x509.CertPool // trusts its certificate

	mu       sync.Mutex
	got      []received
	refuse   map[string]*smtp.SMTPError // by command: MAIL, RCPT, DATA
	block    chan struct{}              // DATA waits for it
	arrived  chan struct{}
	username string
	password string
}

type received struct {
	from, to string
	data     []byte
}

func (s *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailSession{s: s}, nil }

func (s *mailServer) refusal(command string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.refuse[command]; e != nil {
		return e
	}
	return nil
}

func (s *mailServer) setRefusal(command string, e *smtp.SMTPError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = map[string]*smtp.SMTPError{command: e}
}

func (s *mailServer) all() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.got...)
}

type mailSession struct {
	s    *mailServer
	mail received
	auth bool
}

func (m *mailSession) AuthMechanisms() []string {
	if m.s.username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (m *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != m.s.username || password != m.s.password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "Username and Password not accepted"}
		}
		m.auth = true
		return nil
	}), nil
}

func (m *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if m.s.username != "" && !m.auth {
		return smtp.ErrAuthRequired
	}
	m.mail.from = from
	return m.s.refusal("MAIL")
}

func (m *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	m.mail.to = to
	return m.s.refusal("RCPT")
}

func (m *mailSession) Data(r io.Reader) error {
	if m.s.block != nil {
		<-m.s.block
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := m.s.refusal("DATA"); err != nil {
		return err
	}
	m.mail.data = data
	m.s.mu.Lock()
	m.s.got = append(m.s.got, m.mail)
	m.s.mu.Unlock()
	select {
	case m.s.arrived <- struct{}{}:
	default:
	}
	return nil
}

func (m *mailSession) Reset()        {}
func (m *mailSession) Logout() error { return nil }

// listen is how a test's server is reached.
type listen struct {
	addr     string // empty: any free port
	implicit bool
	noTLS    bool
	cert     string // whom the certificate is for; empty: 127.0.0.1
}

// startMail starts a server and returns it with what stops it.
func startMail(t testing.TB, s *mailServer, l listen) (stop func()) {
	t.Helper()
	if s.arrived == nil {
		s.arrived = make(chan struct{}, 1000)
	}
	srv := smtp.NewServer(s)
	srv.Domain, srv.AllowInsecureAuth = "localhost", false
	srv.ErrorLog = log.New(io.Discard, "", 0)
	srv.ReadTimeout, srv.WriteTimeout = 10*time.Second, 10*time.Second
	var tlsConfig *tls.Config
	tlsConfig, s.pool = certificate(t, l.cert)
	if !l.noTLS && !l.implicit {
		srv.TLSConfig = tlsConfig
	}
	if l.addr == "" {
		l.addr = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", l.addr)
	if err != nil {
		t.Fatal(err)
	}
	s.addr = ln.Addr().(*net.TCPAddr)
	if l.implicit {
		ln = tls.NewListener(ln, tlsConfig)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(ln) // ends with Close
	}()
	stop = sync.OnceFunc(func() {
		if err := srv.Close(); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
			t.Error(err)
		}
		ln.Close() // Serve may not have told the server of it yet
		<-done
	})
	t.Cleanup(stop)
	return stop
}

func certificate(t testing.TB, host string) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if host == "" {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

// sender returns a sender for a server, changed by options.
func sender(t testing.TB, s *mailServer, mode mail.TLS, change ...func(*mail.SMTPConfig)) *mail.SMTP {
	t.Helper()
	cfg := mail.SMTPConfig{
		Host: "127.0.0.1", Port: s.addr.Port, TLS: mode, Username: s.username, Password: s.password, Timeout: 5 * time.Second,
		TLSConfig: &tls.Config{RootCAs: s.pool, ServerName: "127.0.0.1"},
	}
	for _, c := range change {
		c(&cfg)
	}
	out, err := mail.NewSMTP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func message() mail.Message {
	return mail.Message{
		ID: "one@example.org", Kind: "test", From: netmail.Address{Name: "chatmood", Address: "mood@example.org"},
		To: netmail.Address{Name: "Ада", Address: "ada@example.org"}, Subject: "Grüße", Text: "text\n", HTML: "<p>html</p>",
		Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
}

func TestSMTP(t *testing.T) {
	for _, test := range []struct {
		name     string
		mode     mail.TLS
		at       listen
		username string
	}{
		{"plain", mail.NoTLS, listen{noTLS: true}, ""},
		{"STARTTLS", mail.STARTTLS, listen{}, ""},
		{"STARTTLS and a password", mail.STARTTLS, listen{}, "mood@example.org"},
		{"TLS from the start and a password", mail.ImplicitTLS, listen{implicit: true}, "mood@example.org"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &mailServer{username: test.username, password: "app password"}
			startMail(t, s, test.at)
			out := sender(t, s, test.mode)
			if err := out.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := out.Send(t.Context(), message()); err != nil {
				t.Fatal(err)
			}
			got := s.all()
			if len(got) != 1 || got[0].from != "mood@example.org" || got[0].to != "ada@example.org" {
				t.Fatalf("the server got %+v", got)
			}
			m, err := netmail.ReadMessage(bytes.NewReader(got[0].data))
			if err != nil {
				t.Fatal(err)
			}
			if id := m.Header.Get("Message-ID"); id != "<one@example.org>" {
				t.Errorf("Message-ID %q", id)
			}
		})
	}
}

// TestExplain: each thing that can go wrong with a server is told apart, and
// told whether it is about the mail or about the server.
func TestExplain(t *testing.T) {
	refusal := func(code int) *smtp.SMTPError { return &smtp.SMTPError{Code: code, Message: "no"} }
	for _, test := range []struct {
		name             string
		server           *mailServer
		at               listen
		mode             mail.TLS
		change           func(*mail.SMTPConfig)
		want             string
		refused, forGood bool
	}{
		{name: "name unknown", mode: mail.STARTTLS, change: func(c *mail.SMTPConfig) { c.Host = "mail.invalid" }, want: "DNS: "},
		{name: "nothing listens", mode: mail.STARTTLS, change: func(c *mail.SMTPConfig) { c.Port = 1 }, want: "Connect: no mail server"},
		{name: "no STARTTLS", at: listen{noTLS: true}, mode: mail.STARTTLS, want: "TLS: the server does not offer STARTTLS"},
		{name: "certificate unknown", mode: mail.STARTTLS, change: func(c *mail.SMTPConfig) { c.TLSConfig.RootCAs = x509.NewCertPool() }, want: "TLS: the server's certificate is not signed"},
		{name: "certificate of another", at: listen{cert: "other.example.org"}, mode: mail.STARTTLS, want: "TLS: the certificate is not for"},
		{name: "plain port, TLS expected", at: listen{noTLS: true}, mode: mail.ImplicitTLS, want: "TLS: the server does not speak TLS"},
		{
			name: "wrong password", server: &mailServer{username: "mood@example.org", password: "right"}, mode: mail.STARTTLS,
			change: func(c *mail.SMTPConfig) { c.Password = "wrong" }, want: "Authentication: the server does not accept",
		},
		{
			name: "password over plain text", server: &mailServer{username: "mood@example.org", password: "right"}, at: listen{noTLS: true}, mode: mail.NoTLS,
			want: "Authentication: the server offers no way",
		},
		{
			name: "sign-in expected", server: &mailServer{username: "mood@example.org", password: "right"}, mode: mail.STARTTLS,
			change: func(c *mail.SMTPConfig) { c.Username = "" }, want: "Authentication: the server wants us to sign in",
		},
		{name: "sender refused", server: &mailServer{refuse: map[string]*smtp.SMTPError{"MAIL": refusal(550)}}, mode: mail.STARTTLS, want: "Refused: the server does not send for our address"},
		{name: "address unknown", server: &mailServer{refuse: map[string]*smtp.SMTPError{"RCPT": refusal(550)}}, mode: mail.STARTTLS, want: "Refused: the server does not deliver to this address", refused: true, forGood: true},
		{name: "greylisted", server: &mailServer{refuse: map[string]*smtp.SMTPError{"RCPT": refusal(451)}}, mode: mail.STARTTLS, want: "Refused for now", refused: true},
		{name: "content refused", server: &mailServer{refuse: map[string]*smtp.SMTPError{"DATA": refusal(554)}}, mode: mail.STARTTLS, want: "Refused: the server does not take this mail", refused: true, forGood: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := test.server
			if s == nil {
				s = &mailServer{}
			}
			startMail(t, s, test.at)
			change := test.change
			if change == nil {
				change = func(*mail.SMTPConfig) {}
			}
			err := sender(t, s, test.mode, change).Send(t.Context(), message())
			if err == nil {
				t.Fatal("it was sent")
			}
			if got := mail.Explain(err); !strings.HasPrefix(got, test.want) {
				t.Errorf("explained as %q, want %q", got, test.want)
			}
			if refused, forGood := mail.Refused(err); refused != test.refused || forGood != test.forGood {
				t.Errorf("refused %v, for good %v, want %v, %v: %v", refused, forGood, test.refused, test.forGood, err)
			}
		})
	}
}

// TestSlowServer: a server that does not answer holds a mail no longer than the
// context says.
func TestSlowServer(t *testing.T) {
	s := &mailServer{block: make(chan struct{})}
	startMail(t, s, listen{})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err := sender(t, s, mail.STARTTLS).Send(ctx, message())
	close(s.block)
	if err == nil {
		t.Fatal("it was sent")
	}
	if refused, _ := mail.Refused(err); refused {
		t.Errorf("a slow server counts as a refusal: %v", err)
	}
}

func TestSMTPConfig(t *testing.T) {
	for name, cfg := range map[string]mail.SMTPConfig{
		"port":        {Port: 70000},
		"TLS":         {TLS: "yes"},
		"host":        {Host: "smtp.example.org\r\nX: y"},
		"no DNS name": {Host: "https://smtp.example.org"},
	} {
		if _, err := mail.NewSMTP(cfg); err == nil || !strings.Contains(err.Error(), "SMTP_") {
			t.Errorf("%s: %v, want an error that names the variable", name, err)
		}
	}
	s, err := mail.NewSMTP(mail.SMTPConfig{})
	if err != nil || s.Server() != "smtp.gmail.com:587" {
		t.Errorf("default %v, %v", s, err)
	}
}
