// Command acme-test-server is a certificate authority for tests: Pebble, the
// ACME server that Let's Encrypt tests with, on free ports of loopback, with a
// name server that says 127.0.0.1 to every question.
//
//	acme-test-server -http-port 5002 -tls-port 5001
//
// It prints one line of JSON ([ready]) when it can be asked, and ends when its
// input is closed. It is a module of its own, so that nothing of it is a
// dependency of the product.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// ready is what is printed.
type ready struct {
	Directory string `json:"directory"` // where ACME begins
	ServerCA  string `json:"server_ca"` // PEM of who signed the ACME server's own certificate
	Root      string `json:"root"`      // PEM of who signs what it issues
}

func main() {
	httpPort := flag.Int("http-port", 80, "port at which HTTP-01 is asked for")
	tlsPort := flag.Int("tls-port", 443, "port at which TLS-ALPN-01 is asked for")
	flag.Parse()
	if err := serve(*httpPort, *tlsPort); err != nil {
		fmt.Fprintln(os.Stderr, "acme-test-server:", err)
		os.Exit(1)
	}
}

func serve(httpPort, tlsPort int) error {
	resolver, err := serveNames()
	if err != nil {
		return err
	}
	own, ownPEM, err := selfSigned()
	if err != nil {
		return err
	}
	// Nobody waits in a test; the log goes where the test shows it on failure.
	for name, value := range map[string]string{"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	logger := log.New(os.Stderr, "pebble ", log.LstdFlags)
	store := db.NewMemoryStore()
	profiles := map[string]ca.Profile{"default": {Description: "as Let's Encrypt's", ValidityPeriod: 90 * 24 * 3600}}
	authority := ca.New(logger, store, "", "ecdsa", 0, 1, profiles)
	validator := va.New(logger, httpPort, tlsPort, true, resolver, store)
	front := wfe.New(logger, store, validator, authority, []string{"pebble.test"}, true, false, 1, 1)

	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: front.Handler(), ReadHeaderTimeout: 10 * time.Second,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12},
		ErrorLog:  logger,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.ServeTLS(l, "", "") }()
	if err := json.NewEncoder(os.Stdout).Encode(ready{
		Directory: "https://" + l.Addr().String() + wfe.DirectoryPath,
		ServerCA:  ownPEM,
		Root:      string(authority.GetRootCert(0).PEM()),
	}); err != nil {
		return err
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_, _ = io.Copy(io.Discard, os.Stdin) // its end is what matters
	}()
	select {
	case err := <-failed:
		return err
	case <-closed:
		return nil
	}
}

// serveNames answers every question for an address with 127.0.0.1.
func serveNames() (address string, err error) {
	// Pebble asks over TCP.
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		for _, question := range q.Question {
			if question.Qtype == dns.TypeA {
				m.Answer = append(m.Answer, &dns.A{
					Hdr: dns.RR_Header{Name: question.Name, Rrtype: dns.TypeA, Class: dns.ClassINET},
					A:   net.IPv4(127, 0, 0, 1),
				})
			}
		}
		_ = w.WriteMsg(m) // who asked asks again
	})}
	go func() {
		if err := server.ActivateAndServe(); err != nil {
			fmt.Fprintln(os.Stderr, "acme-test-server: name server:", err)
		}
	}()
	return l.Addr().String(), nil
}

// selfSigned makes the ACME server's own certificate.
func selfSigned() (tls.Certificate, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "acme-test-server"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, text, nil
}
