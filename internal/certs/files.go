package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"
)

// lookEvery is how often the files are looked at, at most: renewed ones are in
// use after that time, without a restart.
const lookEvery = 5 * time.Second

// Files is a certificate of one's own in two PEM files.
type Files struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu     sync.Mutex
	cert   *tls.Certificate
	looked time.Time
	seen   [2]os.FileInfo // the files that were read last, whether they could be used or not
}

var _ Source = (*Files)(nil)

// OpenFiles reads a certificate, with its chain, and its key. now is nil for
// [time.Now].
func OpenFiles(certFile, keyFile string, log *slog.Logger, now func() time.Time) (*Files, error) {
	if now == nil {
		now = time.Now
	}
	f := &Files{certFile: certFile, keyFile: keyFile, log: log, now: now}
	seen, err := f.stat()
	if err != nil {
		return nil, err
	}
	if f.cert, err = f.load(); err != nil {
		return nil, err
	}
	f.seen, f.looked = seen, now()
	if left := f.cert.Leaf.NotAfter.Sub(now()); left <= 0 {
		log.Warn("the certificate in TLS_CERT_FILE has expired: browsers refuse it", "expired", f.cert.Leaf.NotAfter)
	}
	return f, nil
}

func (f *Files) stat() (seen [2]os.FileInfo, err error) {
	if seen[0], err = os.Stat(f.certFile); err != nil {
		return seen, fmt.Errorf("TLS_CERT_FILE cannot be read: %w", err)
	}
	if seen[1], err = os.Stat(f.keyFile); err != nil {
		return seen, fmt.Errorf("TLS_KEY_FILE cannot be read: %w", err)
	}
	return seen, nil
}

func (f *Files) load() (*tls.Certificate, error) {
	cert, err := tls.LoadX509KeyPair(f.certFile, f.keyFile)
	if err != nil {
		return nil, fmt.Errorf("TLS_CERT_FILE and TLS_KEY_FILE are no pair that can be used: %w. Give PEM files: the certificate with its chain, and its private key without a password", err)
	}
	return &cert, nil
}

// Run implements [Source]. There is nothing to do: handshakes look at the files.
func (f *Files) Run(ctx context.Context) { <-ctx.Done() }

// Certificate implements [Source]. Files that changed and cannot be used are
// told once; what was read before stays in use.
func (f *Files) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.looked) >= lookEvery || now.Before(f.looked) {
		f.looked = now
		f.refresh()
	}
	if f.cert == nil {
		return nil, errors.New("there is no certificate")
	}
	return f.cert, nil
}

func (f *Files) refresh() {
	seen, err := f.stat()
	if err != nil {
		if f.seen != [2]os.FileInfo{} {
			f.seen = [2]os.FileInfo{}
			f.log.Error("the certificate cannot be read again; the old one stays in use", "error", err)
		}
		return
	}
	if same(seen[0], f.seen[0]) && same(seen[1], f.seen[1]) {
		return
	}
	f.seen = seen
	cert, err := f.load()
	if err != nil {
		f.log.Error("the certificate changed and cannot be used; the old one stays in use", "error", err)
		return
	}
	f.cert = cert
	f.log.Info("a new certificate is in use", "names", cert.Leaf.DNSNames, "expires", cert.Leaf.NotAfter)
}

func same(a, b os.FileInfo) bool {
	return a != nil && b != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// Protocols implements [Source].
func (f *Files) Protocols() []string { return nil }

// Challenges implements [Source]: nobody asks.
func (f *Files) Challenges(next http.Handler) http.Handler { return next }

// Expires implements [Source].
func (f *Files) Expires() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cert == nil {
		return time.Time{}
	}
	return f.cert.Leaf.NotAfter
}
