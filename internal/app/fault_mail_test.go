package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"chatmood/internal/app"
	"chatmood/internal/twitchsim"
)

// postOffice is a real mail server on this machine.
type postOffice struct {
	mu       sync.Mutex
	mails    []letter
	refuse   *smtp.SMTPError // what RCPT is answered with
	password string          // empty: nobody has to sign in
	hang     chan struct{}   // when not nil, a mail that was taken is not answered for until it is closed
	taken    chan struct{}   // gets one for each mail
}

// letter is a mail as it arrived.
type letter struct {
	to, id, text string
}

func newPostOffice() *postOffice { return &postOffice{taken: make(chan struct{}, 100)} }

// open serves at an address until the returned function is called or the test ends.
func (o *postOffice) open(t *testing.T, addr string, config *tls.Config) (shut func()) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	srv := smtp.NewServer(o)
	srv.Domain, srv.TLSConfig, srv.ErrorLog = "localhost", config, quiet{}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	shut = sync.OnceFunc(func() {
		srv.Close()
		if err := <-done; err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("the mail server: %v", err)
		}
	})
	t.Cleanup(shut)
	return shut
}

// quiet is a log that nobody reads: clients break connections off here.
type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// NewSession implements [smtp.Backend].
func (o *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &clerk{o: o}, nil }

func (o *postOffice) set(change func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	change()
}

func (o *postOffice) all() []letter {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]letter(nil), o.mails...)
}

// clerk serves one client.
type clerk struct {
	o      *postOffice
	to     string
	signed bool
}

func (c *clerk) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *clerk) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, password string) error {
		c.o.mu.Lock()
		defer c.o.mu.Unlock()
		if password != c.o.password {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "Username and Password not accepted"}
		}
		c.signed = true
		return nil
	}), nil
}

func (c *clerk) Mail(string, *smtp.MailOptions) error {
	c.o.mu.Lock()
	defer c.o.mu.Unlock()
	if c.o.password != "" && !c.signed {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (c *clerk) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.o.mu.Lock()
	defer c.o.mu.Unlock()
	c.to = to
	if c.o.refuse != nil {
		return c.o.refuse
	}
	return nil
}

func (c *clerk) Data(r io.Reader) error {
	m, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(m.Body)
	if err != nil {
		return err
	}
	c.o.mu.Lock()
	c.o.mails = append(c.o.mails, letter{to: c.to, id: m.Header.Get("Message-Id"), text: m.Header.Get("Subject") + "\n" + string(text)})
	hang := c.o.hang
	c.o.mu.Unlock()
	c.o.taken <- struct{}{}
	if hang != nil {
		<-hang
		return errors.New("nobody waits for the answer any more")
	}
	return nil
}

func (c *clerk) Reset()        {}
func (c *clerk) Logout() error { return nil }

// mailbox is the outbox as administrators see it.
type mailbox struct {
	Waiting, Dead []struct {
		ID, To, Reason string
		Attempts       int
	}
}

func (p *person) mailbox() (m mailbox) {
	p.t.Helper()
	p.get("/api/admin/mail", &m)
	return m
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

func (p *person) register(email string) {
	p.t.Helper()
	p.call(http.MethodPost, "/api/register", object{"email": email, "password": password, "first_name": "Nora", "last_name": "Quill"}, http.StatusOK)
}

func freeAddress(t *testing.T) (addr, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return l.Addr().String(), port
}

func mailEnv(t *testing.T, port string) map[string]string {
	return map[string]string{
		"DATA_DIR": t.TempDir(), "SECRET_KEY": testKey, "TRUSTED_PROXIES": "127.0.0.1/32",
		"EMAIL_SENDER": "chatmood@example.org", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": port, "SMTP_TLS": "none",
	}
}

// A mail server that does not answer, and then is away, delays nobody who
// registers. The mail waits and arrives when the server is back, and its code
// works.
func TestMailServerAway(t *testing.T) {
	t.Parallel()
	deaf, err := net.Listen("tcp", "127.0.0.1:0") // it connects, and nobody ever says a word
	if err != nil {
		t.Fatal(err)
	}
	addr := deaf.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	s := serveOptions(t, twitch(t, twitchsim.Config{}), mailEnv(t, port), app.Options{PasswordCost: 4})
	setup, err := s.app.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	admin := administrator(t, s.app.URL(), setup)
	guest := visitor(t, s.app.URL())
	guest.register("nora@example.org") // nobody has answered the outbox, so it was not waited for
	guest.call(http.MethodPost, "/api/forgot-password", object{"email": adminEmail}, http.StatusOK)
	held, err := deaf.Accept()
	if err != nil {
		t.Fatal(err)
	}
	held.Close()
	deaf.Close()
	var box mailbox
	admin.eventually("a mail waits, with the reason", func() bool {
		box = admin.mailbox()
		return len(box.Waiting) >= 2 && (box.Waiting[0].Reason != "" || box.Waiting[1].Reason != "")
	})
	if len(box.Dead) != 0 {
		t.Errorf("mails were given up: %+v", box.Dead)
	}
	office := newPostOffice()
	office.open(t, addr, nil)
	var code string
	admin.eventually("the mails arrive once the server is back", func() bool {
		all := office.all()
		for _, l := range all {
			if l.to == "nora@example.org" {
				code = sixDigits.FindString(l.text)
			}
		}
		return code != "" && len(all) >= 2
	})
	guest.call(http.MethodPost, "/api/verify-otp", object{"email": "nora@example.org", "otp": code}, http.StatusOK)
	visitor(t, s.app.URL()).signIn("nora@example.org")
	admin.eventually("nothing waits any more, and the log tells what was sent", func() bool {
		return len(admin.mailbox().Waiting) == 0 && admin.logged("Mail sent", "") >= 2
	})
}

// What the mail server refuses for good is told to administrators in words, and
// can be sent once more.
func TestMailRefused(t *testing.T) {
	t.Parallel()
	addr, port := freeAddress(t)
	office := newPostOffice()
	office.refuse = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user here"}
	office.open(t, addr, nil)
	s := serveOptions(t, twitch(t, twitchsim.Config{}), mailEnv(t, port), app.Options{PasswordCost: 4})
	setup, err := s.app.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	admin := administrator(t, s.app.URL(), setup)
	visitor(t, s.app.URL()).register("nora@example.org")
	var box mailbox
	admin.eventually("the mail is given up", func() bool {
		box = admin.mailbox()
		return len(box.Dead) == 1
	})
	if dead := box.Dead[0]; dead.To != "nora@example.org" || !strings.Contains(dead.Reason, "does not deliver to this address") || !strings.Contains(dead.Reason, "No such user here") {
		t.Errorf("it is told as %+v", dead)
	}
	office.set(func() { office.refuse = nil })
	admin.call(http.MethodPost, "/api/admin/mail/"+box.Dead[0].ID+"/retry", nil, http.StatusOK)
	admin.eventually("it arrives", func() bool { return len(office.all()) == 1 })
	if got := office.all()[0].id; !strings.Contains(got, box.Dead[0].ID) {
		t.Errorf("it arrived as %q, not as %q", got, box.Dead[0].ID)
	}
}

// authority makes a certificate for 127.0.0.1 and a file with who signed it.
func authority(t *testing.T) (config *tls.Config, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a mail server of a test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, file
}

// A wrong password of the mail server is told to administrators in words,
// without the password, and the mail arrives once it is right.
func TestMailWrongPassword(t *testing.T) {
	t.Parallel()
	config, file := authority(t)
	addr, port := freeAddress(t)
	office := newPostOffice()
	office.password = "the right one"
	office.open(t, addr, config)
	env := mailEnv(t, port)
	const wrong = "not-the-right-one-7"
	env["SMTP_TLS"], env["EMAIL_PASSWORD"], env["SSL_CERT_FILE"] = "starttls", wrong, file
	p := spawn(t, childEnv(t, twitch(t, twitchsim.Config{}), env))
	admin := administrator(t, p.URL, p.Setup)
	admin.call(http.MethodPost, "/api/admin/mail/test", object{"to": "nora@example.org"}, http.StatusOK)
	var reason string
	admin.eventually("the reason is told", func() bool {
		box := admin.mailbox()
		if len(box.Waiting) == 0 {
			return false
		}
		reason = box.Waiting[0].Reason
		return reason != ""
	})
	if !strings.HasPrefix(reason, "Authentication: the server does not accept name and password") || !strings.Contains(reason, "EMAIL_PASSWORD") || strings.Contains(reason, wrong) {
		t.Errorf("the reason is %q", reason)
	}
	office.set(func() { office.password = wrong })
	admin.eventually("the mail arrives with the right password", func() bool { return len(office.all()) == 1 })
}

// A server that is killed while a mail is on its way loses none: it is sent
// again, under the same name.
func TestKilledWhileSending(t *testing.T) {
	t.Parallel()
	addr, port := freeAddress(t)
	office := newPostOffice()
	hang := make(chan struct{})
	office.hang = hang
	shut := office.open(t, addr, nil)
	env := childEnv(t, twitch(t, twitchsim.Config{}), mailEnv(t, port))
	p := spawn(t, env)
	administrator(t, p.URL, p.Setup)
	visitor(t, p.URL).register("nora@example.org")
	visitor(t, p.URL).register("otto@example.org") // waits behind the other
	<-office.taken
	p.kill()
	close(hang)
	shut()
	office.set(func() { office.hang = nil })
	office.open(t, addr, nil)

	// A mail is another's for two minutes once it was tried.
	env[clockVariable] = "3m"
	p = spawn(t, env)
	admin := visitor(t, p.URL)
	admin.ready()
	admin.signIn(adminEmail)
	admin.eventually("all mails arrive", func() bool { return len(office.all()) >= 3 && len(admin.mailbox().Waiting) == 0 })
	names := map[string][]string{}
	for _, l := range office.all() {
		names[l.to] = append(names[l.to], l.id)
	}
	first, other := names["nora@example.org"], names["otto@example.org"]
	if len(first)+len(other) != 3 || len(first) == 0 || len(other) == 0 {
		t.Fatalf("mails arrived as %v", names)
	}
	for _, ids := range names {
		if ids[0] == "" || ids[0] != ids[len(ids)-1] {
			t.Errorf("a mail that was sent twice has the names %v", ids)
		}
	}
}
