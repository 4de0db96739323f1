package bus

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
)

// checkCreds says what is wrong with a file of credentials, as far as that can be
// seen without the server.
func checkCreds(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("NATS_CREDS names a file that cannot be read: %w", err)
	}
	const form = "it must be a .creds file as nsc makes it (nsc generate creds), with a user's JWT and seed"
	token, err := nkeys.ParseDecoratedJWT(data)
	if err != nil {
		return fmt.Errorf("NATS_CREDS: %s holds no JWT: %s", name, form)
	}
	user, err := jwt.DecodeUserClaims(token)
	if err != nil {
		return fmt.Errorf("NATS_CREDS: the JWT in %s is none of a user: %s", name, form)
	}
	key, err := nkeys.ParseDecoratedUserNKey(data)
	if err != nil {
		return fmt.Errorf("NATS_CREDS: %s holds no seed of a user: %s", name, form)
	}
	defer key.Wipe()
	if public, err := key.PublicKey(); err != nil || public != user.Subject {
		return fmt.Errorf("NATS_CREDS: the JWT and the seed in %s are of two users: %s", name, form)
	}
	if now := time.Now(); user.Expires != 0 && now.Unix() >= user.Expires {
		return fmt.Errorf("NATS_CREDS: the credentials in %s expired at %s; make new ones", name, time.Unix(user.Expires, 0).UTC().Format(time.RFC3339))
	}
	return nil
}

// advice tells what to do about a connection that does not come about.
func advice(err error, creds string) string {
	var (
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		record    tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &authority):
		return "Its certificate is of an authority that this machine does not know: name the authority's certificate in SSL_CERT_FILE"
	case errors.As(err, &host):
		return "Its certificate is for another name than the one in NATS_URL"
	case errors.As(err, &invalid):
		return "Its certificate is not valid now, or not for a server"
	case errors.Is(err, nats.ErrSecureConnWanted), errors.As(err, &record):
		return "It speaks no TLS: NATS_URL must begin with nats://, or the server needs a certificate"
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked), errors.Is(err, nats.ErrAccountAuthExpired):
		if creds != "" {
			return "It refuses the credentials in the file that NATS_CREDS names: are they of this server's operator and account, and not revoked?"
		}
		return "It wants credentials that are not given, or others: put them into NATS_URL (nats://user:password@host), or name a .creds file in NATS_CREDS"
	}
	return "Check that it runs and that the address is right"
}
