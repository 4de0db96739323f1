// Package certs gives a server its certificates: from files, which are read
// again when they change, or from an authority that speaks ACME, such as Let's
// Encrypt.
package certs

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Source is where certificates come from. All of it is safe for concurrent use.
type Source interface {
	// Run keeps certificates fresh until ctx ends, and returns within seconds
	// then.
	Run(ctx context.Context)
	// Certificate answers a handshake.
	Certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error)
	// Protocols are those of handshakes that the source itself has to see.
	Protocols() []string
	// Challenges wraps what answers plain HTTP with the answers to an authority
	// that asks there whether a name is ours.
	Challenges(next http.Handler) http.Handler
	// Expires is when the first of the certificates in use expires; the zero
	// time where there is none yet.
	Expires() time.Time
}

// Config returns what a server with these certificates speaks: TLS 1.3, and
// TLS 1.2 with forward secrecy and authenticated encryption only; HTTP/2 and
// HTTP/1.1.
func Config(s Source) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		CipherSuites: []uint16{ // of TLS 1.2; those of 1.3 are all good and not chosen
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
		GetCertificate: s.Certificate,
		NextProtos:     append([]string{"h2", "http/1.1"}, s.Protocols()...),
	}
}

// Redirect leads plain HTTP to https: to the same name where it is one of
// names, else to the first of them. port is that of https, as people type it.
// Whatever is sent by another method than GET and HEAD, or to the API, is refused:
// it has gone over the wire in the clear already, and a redirect would hide that.
func Redirect(names []string, port int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead || forPrograms(r.URL.Path) {
			http.Error(w, "This address is for https only", http.StatusForbidden)
			return
		}
		host := hostOf(r.Host)
		if !slices.Contains(names, host) {
			if len(names) > 0 {
				host = names[0]
			}
			if host == "" {
				http.Error(w, "This address is for https only", http.StatusBadRequest)
				return
			}
		}
		to := *r.URL
		to.Scheme, to.Host, to.User = "https", Authority(host, port), nil
		w.Header().Set("Location", to.String())
		w.WriteHeader(http.StatusMovedPermanently)
	})
}

// forPrograms reports whether a path, below whatever BASE_PATH, is one that
// programs ask for.
func forPrograms(path string) bool {
	return strings.Contains(path, "/api/") || strings.Contains(path, "/ws/")
}

// Authority is host and port as in an address, without the port that https has
// by itself.
func Authority(host string, port int) string {
	if port == 443 {
		if strings.Contains(host, ":") {
			return "[" + host + "]"
		}
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// hostOf is the name in a Host header, lower case and without the port.
func hostOf(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}
