package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

const (
	// firstRetry and lastRetry bound how long a name waits after it got no
	// certificate; the time doubles. Authorities count failures: Let's Encrypt
	// takes five an hour.
	firstRetry = time.Minute
	lastRetry  = 2 * time.Hour
	// checkEvery is how often it is looked whether renewing works.
	checkEvery = time.Hour
	// soon is when a certificate should long have been renewed.
	soon = 10 * 24 * time.Hour
	// requestTimeout bounds one request to the authority, and longestPause
	// what it may make us wait between two.
	requestTimeout = 30 * time.Second
	longestPause   = 5 * time.Second
	maxTries       = 5
)

// ACMEConfig says for which names an authority is asked, and which.
type ACMEConfig struct {
	Names     []string // lower case
	Dir       string   // where account key and certificates are kept; made when missing
	Directory string   // address of the authority's directory; "": Let's Encrypt's
	CAFile    string   // PEM of who signed the authority's own certificate; "": the system's
	Log       *slog.Logger
	// FirstRetry is [firstRetry] where zero; tests have less patience.
	FirstRetry time.Duration
}

// ACME gets certificates from an authority and renews them when a third of
// their time is left. Only [ACME.Run] asks for a name's first certificate:
// handshakes of strangers never make requests to the authority.
type ACME struct {
	cfg     ACMEConfig
	manager *autocert.Manager
	link    *link

	mu      sync.Mutex
	expires map[string]time.Time // of the names that have a certificate
}

var _ Source = (*ACME)(nil)

// NewACME returns a source that has no certificates before [ACME.Run] got some.
func NewACME(c ACMEConfig) (*ACME, error) {
	if c.FirstRetry <= 0 {
		c.FirstRetry = firstRetry
	}
	if c.Directory == "" {
		c.Directory = autocert.DefaultACMEDirectory
	}
	transport := http.DefaultTransport.(*http.Transport).Clone() // what the standard library has there
	if c.CAFile != "" {
		data, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("TLS_ACME_CA cannot be read: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(data) {
			return nil, errors.New("TLS_ACME_CA holds no certificate: give a PEM file")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	a := &ACME{cfg: c, link: &link{next: transport, stop: context.Background()}, expires: make(map[string]time.Time)}
	a.manager = &autocert.Manager{
		Prompt: autocert.AcceptTOS,
		Cache:  autocert.DirCache(c.Dir),
		HostPolicy: func(_ context.Context, host string) error {
			if !slices.Contains(c.Names, hostOf(host)) {
				return errors.New("this is none of the server's names")
			}
			return nil
		},
		Client: &acme.Client{
			DirectoryURL: c.Directory, UserAgent: "chatmood",
			HTTPClient: &http.Client{Transport: a.link, Timeout: requestTimeout},
			RetryBackoff: func(n int, _ *http.Request, _ *http.Response) time.Duration {
				if n >= maxTries {
					return 0
				}
				return min(time.Duration(n+1)*time.Second, longestPause)
			},
		},
	}
	return a, nil
}

// Run implements [Source]. It gets the first certificates, one name after the
// other, and then looks from time to time whether renewing works.
func (a *ACME) Run(ctx context.Context) {
	a.link.until(ctx)
	defer a.link.next.CloseIdleConnections()
	wait := make(map[string]time.Duration, len(a.cfg.Names)) // after the last failure
	due := make(map[string]time.Time, len(a.cfg.Names))
	for {
		next := time.Now().Add(checkEvery)
		for _, name := range a.cfg.Names {
			if ctx.Err() != nil {
				return
			}
			if at := due[name]; time.Now().Before(at) {
				next = earlier(next, at)
				continue
			}
			if err := a.obtain(name); err != nil {
				if ctx.Err() != nil {
					return
				}
				wait[name] = min(max(2*wait[name], a.cfg.FirstRetry), lastRetry)
				due[name] = time.Now().Add(wait[name])
				next = earlier(next, due[name])
				a.cfg.Log.Error("no certificate could be got; does the name lead to this server, and can the authority reach the ports of http or https?",
					"name", name, "authority", a.cfg.Directory, "again_in", wait[name].String(), "error", err)
				continue
			}
			wait[name] = 0
			due[name] = time.Now().Add(checkEvery)
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// hello stands for every client: one that takes ECDSA, as all do that speak the
// TLS that is offered. So there is one certificate for each name.
func hello(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: name, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}

// obtain makes sure that there is a certificate for a name: one that is kept, or
// a new one.
func (a *ACME) obtain(name string) error {
	cert, err := a.manager.GetCertificate(hello(name))
	if err != nil {
		return err
	}
	if left := time.Until(cert.Leaf.NotAfter); left < soon && cert.Leaf.NotAfter.Sub(cert.Leaf.NotBefore) > 3*soon {
		a.cfg.Log.Warn("the certificate expires soon: renewing it does not work; can the authority reach this server?", "name", name, "expires", cert.Leaf.NotAfter)
	}
	a.mu.Lock()
	before := a.expires[name]
	a.expires[name] = cert.Leaf.NotAfter
	a.mu.Unlock()
	if !before.Equal(cert.Leaf.NotAfter) {
		a.cfg.Log.Info("a certificate is in use", "name", name, "issuer", cert.Leaf.Issuer.CommonName, "expires", cert.Leaf.NotAfter)
	}
	return nil
}

// Certificate implements [Source]. Who names no server, as who asks by address,
// gets the first name's.
func (a *ACME) Certificate(h *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if slices.Equal(h.SupportedProtos, []string{acme.ALPNProto}) {
		return a.manager.GetCertificate(h) // the authority asks whether the name is ours
	}
	name := hostOf(h.ServerName)
	if name == "" {
		name = a.cfg.Names[0]
	}
	a.mu.Lock()
	_, ready := a.expires[name]
	a.mu.Unlock()
	if !ready {
		return nil, fmt.Errorf("there is no certificate for %q", name)
	}
	return a.manager.GetCertificate(hello(name))
}

// Protocols implements [Source].
func (a *ACME) Protocols() []string { return []string{acme.ALPNProto} }

// Challenges implements [Source].
func (a *ACME) Challenges(next http.Handler) http.Handler { return a.manager.HTTPHandler(next) }

// Expires implements [Source].
func (a *ACME) Expires() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	var first time.Time
	for _, at := range a.expires {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// link carries requests to the authority. They end with the context of
// [ACME.Run], which the library does not know, and pauses that the authority
// asks for are bounded, so that stopping takes seconds at most.
type link struct {
	next *http.Transport

	mu   sync.Mutex
	stop context.Context //nolint:containedctx // of whoever runs the source
}

func (l *link) until(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stop = ctx
}

// RoundTrip implements [http.RoundTripper].
func (l *link) RoundTrip(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	stop := l.stop
	l.mu.Unlock()
	if err := stop.Err(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(req.Context())
	release := context.AfterFunc(stop, cancel)
	res, err := l.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		release()
		cancel()
		return nil, err
	}
	if s := res.Header.Get("Retry-After"); s != "" {
		if n, err := strconv.Atoi(s); err != nil || n > int(longestPause/time.Second) {
			res.Header.Set("Retry-After", strconv.Itoa(int(longestPause/time.Second)))
		}
	}
	res.Body = &body{ReadCloser: res.Body, closed: func() { release(); cancel() }}
	return res, nil
}

// body tells when an answer was read.
type body struct {
	io.ReadCloser
	closed func()
}

// Close implements [io.Closer].
func (b *body) Close() error {
	defer b.closed()
	return b.ReadCloser.Close()
}
