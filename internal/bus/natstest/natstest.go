// Package natstest makes NATS servers in operator mode for tests: an operator, an
// account with JetStream and its users, as nsc makes them.
package natstest

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// Realm is an operator with one account for chatmood and one for the system.
type Realm struct {
	t        testing.TB
	operator *jwt.OperatorClaims
	system   string
	accounts map[string]string // JWTs by public key
	account  nkeys.KeyPair
}

// NewRealm makes one, with keys of its own.
func NewRealm(t testing.TB) *Realm {
	t.Helper()
	operator, name := pair(t, nkeys.CreateOperator)
	r := &Realm{t: t, accounts: map[string]string{}}
	var system string
	_, system = pair(t, nkeys.CreateAccount)
	r.system = system
	r.accounts[system] = r.sign(jwt.NewAccountClaims(system), operator)
	account, id := pair(t, nkeys.CreateAccount)
	claims := jwt.NewAccountClaims(id)
	claims.Name = "chatmood"
	claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit}
	r.account, r.accounts[id] = account, r.sign(claims, operator)
	claimsOf := jwt.NewOperatorClaims(name)
	claimsOf.SystemAccount = system
	decoded, err := jwt.DecodeOperatorClaims(r.sign(claimsOf, operator))
	if err != nil {
		t.Fatal(err)
	}
	r.operator = decoded
	return r
}

type signer interface {
	Encode(pair nkeys.KeyPair) (string, error)
}

func (r *Realm) sign(claims signer, by nkeys.KeyPair) string {
	r.t.Helper()
	token, err := claims.Encode(by)
	if err != nil {
		r.t.Fatal(err)
	}
	return token
}

func pair(t testing.TB, create func() (nkeys.KeyPair, error)) (key nkeys.KeyPair, public string) {
	t.Helper()
	key, err := create()
	if err == nil {
		public, err = key.PublicKey()
	}
	if err != nil {
		t.Fatal(err)
	}
	return key, public
}

// Creds writes the credentials of a new user of the account into a file of dir.
// lasts is for how long they are good; 0: for ever, and less: no more.
func (r *Realm) Creds(dir string, lasts time.Duration) (name string) {
	r.t.Helper()
	user, id := pair(r.t, nkeys.CreateUser)
	claims := jwt.NewUserClaims(id)
	if lasts != 0 {
		claims.Expires = time.Now().Add(lasts).Unix()
	}
	seed, err := user.Seed()
	if err != nil {
		r.t.Fatal(err)
	}
	data, err := jwt.FormatUserConfig(r.sign(claims, r.account), seed)
	if err != nil {
		r.t.Fatal(err)
	}
	name = filepath.Join(dir, id+".creds")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		r.t.Fatal(err)
	}
	return name
}

// Serve starts a server that only users of the realm may use, on a free port of
// loopback or on the one given; with TLS where a certificate is. It ends with the test.
func (r *Realm) Serve(port int, certificate *tls.Certificate) *server.Server {
	r.t.Helper()
	resolver := &server.MemAccResolver{}
	for id, token := range r.accounts {
		if err := resolver.Store(id, token); err != nil {
			r.t.Fatal(err)
		}
	}
	opts := &server.Options{
		ServerName: "operator", Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true, JetStream: true, StoreDir: r.t.TempDir(),
		TrustedOperators: []*jwt.OperatorClaims{r.operator}, SystemAccount: r.system, AccountResolver: resolver,
	}
	if certificate != nil {
		opts.TLS, opts.TLSTimeout = true, 10
		opts.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
	}
	s, err := server.NewServer(opts)
	if err != nil {
		r.t.Fatal(err)
	}
	s.Start()
	r.t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(20 * time.Second) {
		r.t.Fatal("NATS is not ready")
	}
	return s
}
