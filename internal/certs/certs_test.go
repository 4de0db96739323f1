package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// pair writes a certificate and its key.
func pair(t *testing.T, dir, name string, expires time.Time) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: expires}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(file+".new", pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

func TestFilesAreReadAgain(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	var log bytes.Buffer
	certFile, keyFile := pair(t, dir, "one.test", now.Add(time.Hour))
	f, err := OpenFiles(certFile, keyFile, slog.New(slog.NewTextHandler(&log, nil)), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	name := func() string {
		t.Helper()
		cert, err := f.Certificate(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return cert.Leaf.DNSNames[0]
	}
	if name() != "one.test" {
		t.Errorf("the certificate is for %s", name())
	}
	pair(t, dir, "two.test", now.Add(2*time.Hour))
	if name() != "one.test" {
		t.Error("the files are looked at with every handshake")
	}
	now = now.Add(lookEvery)
	if name() != "two.test" || f.Expires().Sub(now) < time.Hour {
		t.Errorf("after the change it is for %s until %v", name(), f.Expires())
	}
	// What cannot be used is told once, and what was there goes on.
	if err := os.WriteFile(certFile, []byte("half a certif"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		now = now.Add(lookEvery)
		if name() != "two.test" {
			t.Error("a broken file replaced the certificate")
		}
	}
	if n := strings.Count(log.String(), "cannot be used"); n != 1 {
		t.Errorf("a broken file was told %d times:\n%s", n, log.String())
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		now = now.Add(lookEvery)
		name()
	}
	if n := strings.Count(log.String(), "cannot be read again"); n != 1 {
		t.Errorf("a missing file was told %d times:\n%s", n, log.String())
	}
	pair(t, dir, "three.test", now.Add(time.Hour))
	now = now.Add(lookEvery)
	if name() != "three.test" {
		t.Error("files that are good again are not read")
	}
}

func TestFilesThatAreNoPair(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	cert, _ := pair(t, one, "one.test", time.Now().Add(time.Hour))
	_, key := pair(t, two, "one.test", time.Now().Add(time.Hour))
	if _, err := OpenFiles(cert, key, slog.New(slog.DiscardHandler), nil); err == nil || !strings.Contains(err.Error(), "TLS_CERT_FILE and TLS_KEY_FILE are no pair") {
		t.Errorf("another certificate's key: %v", err)
	}
	if _, err := OpenFiles(cert, filepath.Join(one, "none"), slog.New(slog.DiscardHandler), nil); err == nil || !strings.Contains(err.Error(), "TLS_KEY_FILE cannot be read") {
		t.Errorf("no key: %v", err)
	}
}

func TestRedirect(t *testing.T) {
	for _, tc := range []struct {
		names            []string
		port             int
		method, host, at string
		status           int
		to               string
	}{
		{[]string{"mood.test"}, 443, "GET", "mood.test", "/a?b=c", 301, "https://mood.test/a?b=c"},
		{[]string{"mood.test"}, 443, "HEAD", "MOOD.test.:80", "/", 301, "https://mood.test/"},
		{[]string{"mood.test", "www.mood.test"}, 8443, "GET", "www.mood.test:8080", "/", 301, "https://www.mood.test:8443/"},
		{[]string{"mood.test"}, 443, "GET", "evil.test", "/", 301, "https://mood.test/"},
		{[]string{"mood.test"}, 443, "GET", "mood.test", "//evil.test", 301, "https://mood.test//evil.test"},
		{nil, 443, "GET", "any.test", "/x", 301, "https://any.test/x"},
		{nil, 8443, "GET", "[::1]:80", "/x", 301, "https://[::1]:8443/x"},
		{nil, 443, "GET", "[::1]:80", "/x", 301, "https://[::1]/x"},
		{nil, 443, "GET", "", "/x", 400, ""},
		{[]string{"mood.test"}, 443, "POST", "mood.test", "/api/login", 403, ""},
		{[]string{"mood.test"}, 443, "GET", "mood.test", "/api/info", 403, ""},
		{[]string{"mood.test"}, 443, "GET", "mood.test", "/chatmood/ws/chat/somebody", 403, ""},
	} {
		r := httptest.NewRequest(tc.method, "http://placeholder.test/", nil)
		r.Host = tc.host
		r.URL.Scheme, r.URL.Host = "", ""
		path, query, _ := strings.Cut(tc.at, "?")
		r.URL.Path, r.URL.RawQuery = path, query
		w := httptest.NewRecorder()
		Redirect(tc.names, tc.port).ServeHTTP(w, r)
		if w.Code != tc.status || w.Header().Get("Location") != tc.to {
			t.Errorf("%+v: %d to %q", tc, w.Code, w.Header().Get("Location"))
		}
	}
}

// Handshakes for names that are not ours, or before there is a certificate, make
// no request to the authority.
func TestStrangersAskNoAuthority(t *testing.T) {
	asked := 0
	ca := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		http.Error(w, "no", http.StatusTeapot)
	}))
	defer ca.Close()
	a, err := NewACME(ACMEConfig{Names: []string{"mood.test"}, Dir: t.TempDir(), Directory: ca.URL, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []*tls.ClientHelloInfo{
		{ServerName: "mood.test"}, {ServerName: "evil.test"}, {}, {ServerName: "mood.test", SupportedProtos: a.Protocols()}, {ServerName: "a b"},
	} {
		if _, err := a.Certificate(h); err == nil {
			t.Errorf("%q has a certificate", h.ServerName)
		}
	}
	if asked != 0 || !a.Expires().IsZero() {
		t.Errorf("the authority was asked %d times", asked)
	}
}

func TestAuthorityThatIsNone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, []byte("no PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewACME(ACMEConfig{Names: []string{"mood.test"}, CAFile: file}); err == nil || !strings.Contains(err.Error(), "TLS_ACME_CA holds no certificate") {
		t.Errorf("a file without certificates: %v", err)
	}
}

// TestScan tries what scanners of TLS try: old versions, and what TLS 1.2 has of
// weak ways to encrypt, are refused; the best is chosen by itself.
func TestScan(t *testing.T) {
	certFile, keyFile := pair(t, t.TempDir(), "mood.test", time.Now().Add(time.Hour))
	files, err := OpenFiles(certFile, keyFile, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	handshake := func(client *tls.Config) (tls.ConnectionState, error) {
		near, far := net.Pipe()
		defer near.Close()
		defer far.Close()
		server := tls.Server(far, Config(files))
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = server.HandshakeContext(t.Context()) // the client tells what went wrong
			far.Close()
		}()
		client.ServerName, client.InsecureSkipVerify, client.NextProtos = "mood.test", true, []string{"h2", "http/1.1"}
		conn := tls.Client(near, client)
		err := conn.HandshakeContext(t.Context())
		near.Close()
		<-ended
		return conn.ConnectionState(), err
	}
	got, err := handshake(&tls.Config{})
	if err != nil || got.Version != tls.VersionTLS13 || got.NegotiatedProtocol != "h2" || got.CurveID != tls.X25519MLKEM768 {
		t.Errorf("chosen: %x, %s, %v, %v", got.Version, got.NegotiatedProtocol, got.CurveID, err)
	}
	for version := uint16(tls.VersionTLS10); version <= tls.VersionTLS13; version++ {
		_, err := handshake(&tls.Config{MinVersion: version, MaxVersion: version})
		if refused := err != nil; refused != (version < tls.VersionTLS12) {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
	taken := 0
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if !slices.Contains(suite.SupportedVersions, tls.VersionTLS12) {
			continue
		}
		got, err := handshake(&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}})
		good := strings.HasPrefix(suite.Name, "TLS_ECDHE_ECDSA_") && (strings.Contains(suite.Name, "_GCM_") || strings.Contains(suite.Name, "CHACHA20"))
		if err == nil {
			taken++
		}
		if (err == nil) != good || err == nil && got.CipherSuite != suite.ID {
			t.Errorf("%s: %v", suite.Name, err)
		}
	}
	if taken != 3 {
		t.Errorf("%d of TLS 1.2 are taken", taken)
	}
}
