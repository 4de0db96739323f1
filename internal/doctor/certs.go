package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"chatmood/internal/config"
)

// Certificates are renewed a month before they end; later than this something
// is wrong.
const (
	expiresSoon = 10 * 24 * time.Hour
	expiresNow  = 2 * 24 * time.Hour
)

// certificates looks at those of a server that speaks https by itself.
func (l *Local) certificates(ctx context.Context, cfg *config.Config) (Status, string, string) {
	switch {
	case cfg.TLSCertFile != "":
		pair, err := tls.LoadX509KeyPair(cfg.TLSCertFile, cfg.TLSKeyFile)
		if err != nil {
			return Failed, "TLS_CERT_FILE and TLS_KEY_FILE are no pair that can be used: " + oneLine(err), "give PEM files: the certificate with its chain, and its key without a password"
		}
		return l.expiry(pair.Leaf, "get a new one into TLS_CERT_FILE; the server reads it by itself")
	case len(cfg.TLSDomain) > 0:
		return l.acmeCertificates(ctx, cfg)
	case cfg.Production():
		return OK, "none: a proxy in front speaks https", ""
	}
	return OK, "none: this server speaks plain http", ""
}

func (l *Local) acmeCertificates(ctx context.Context, cfg *config.Config) (status Status, seen, mend string) {
	status = OK
	var all []string
	for _, name := range cfg.TLSDomain {
		s, text, m := l.acmeCertificate(ctx, filepath.Join(cfg.DataDir, "tls", name), name)
		all = append(all, name+": "+text)
		if rank[s] > rank[status] {
			status, mend = s, m
		}
	}
	return status, strings.Join(all, "; "), mend
}

func (l *Local) acmeCertificate(ctx context.Context, file, name string) (Status, string, string) {
	data, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		addresses, err := net.DefaultResolver.LookupHost(ctx, name)
		if err != nil {
			seen, mend := explainNetwork(err, name)
			return Failed, "there is no certificate, and " + seen, mend
		}
		return Warning, "there is no certificate yet; the name leads to " + strings.Join(addresses, ", "),
			"start the server, and let the ports 80 and 443 of that address lead to it; its log says how it went"
	case err != nil:
		return Failed, oneLine(err), "let this user read DATA_DIR"
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			break
		}
		return l.expiry(cert, "see the server's log for why it is not renewed; let the ports 80 and 443 lead to it")
	}
	return Failed, file + " holds no certificate", "remove the file, and the server gets another one"
}

func (l *Local) expiry(cert *x509.Certificate, mend string) (Status, string, string) {
	left := cert.NotAfter.Sub(l.Now())
	day := cert.NotAfter.UTC().Format(time.DateOnly)
	switch {
	case left <= 0:
		return Failed, "the certificate expired on " + day, mend
	case left < expiresNow:
		return Failed, "the certificate expires on " + day, mend
	case left < expiresSoon && cert.NotAfter.Sub(cert.NotBefore) > 3*expiresSoon:
		return Warning, "the certificate expires on " + day, mend
	}
	return OK, fmt.Sprintf("good until %s, from %s", day, issuer(cert)), ""
}

func issuer(cert *x509.Certificate) string {
	if len(cert.Issuer.Organization) > 0 {
		return cert.Issuer.Organization[0]
	}
	return cert.Issuer.CommonName
}
