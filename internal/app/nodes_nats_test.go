package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// natsCluster is three NATS servers that act as one, with TLS and a password. The
// returned function ends one of them, or starts it again where it was.
func natsCluster(t *testing.T) (w wires, toggle func(i int)) {
	t.Helper()
	dir := t.TempDir()
	certificate, ca := certify(t, dir)
	const user, secret = "chatmood", "a password of NATS"
	var ports [3]int
	var routes []*url.URL
	for i := range ports {
		ports[i] = freePort(t)
		route, err := url.Parse(fmt.Sprintf("nats://127.0.0.1:%d", ports[i]))
		if err != nil {
			t.Fatal(err)
		}
		routes = append(routes, route)
	}
	var clients [3]int
	for i := range clients {
		clients[i] = freePort(t)
	}
	servers := make([]*natsserver.Server, 3)
	start := func(i int) {
		t.Helper()
		s, err := natsserver.NewServer(&natsserver.Options{
			ServerName: fmt.Sprint("nats-", i), Host: "127.0.0.1", Port: clients[i], JetStream: true, StoreDir: filepath.Join(dir, fmt.Sprint(i)), NoSigs: true, NoLog: true,
			Username: user, Password: secret, TLS: true, TLSTimeout: 10, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
			Cluster: natsserver.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: ports[i]}, Routes: routes,
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		servers[i] = s
	}
	for i := range servers {
		start(i)
	}
	t.Cleanup(func() {
		for _, s := range servers {
			if s != nil {
				s.Shutdown()
				s.WaitForShutdown()
			}
		}
	})
	for _, s := range servers {
		if !s.ReadyForConnections(20 * time.Second) {
			t.Fatal("a NATS server is not ready")
		}
	}
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		current := 0
		for _, s := range servers {
			if s.JetStreamIsCurrent() {
				current++
			}
		}
		if current == len(servers) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the NATS servers do not come together")
		}
	}
	w = wires{
		url: func(addr string) string {
			return (&url.URL{Scheme: "tls", User: url.UserPassword(user, secret), Host: addr}).String()
		},
		env:    []string{"SSL_CERT_FILE=" + ca},
		client: []nats.Option{nats.RootCAs(ca)},
	}
	for _, s := range servers {
		w.addrs = append(w.addrs, s.Addr().String())
	}
	return w, func(i int) {
		if servers[i] == nil {
			start(i)
			return
		}
		servers[i].Shutdown()
		servers[i].WaitForShutdown()
		servers[i] = nil
	}
}

// certify makes a certificate for this machine and writes it, as the authority
// that signed it, into a file.
func certify(t *testing.T, dir string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "NATS of a test"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, name
}

// TestNodesOnMongoDBAndNATSCluster runs three servers on three NATS servers with
// TLS and a password, and a database behind a cable that can be cut. One NATS
// server after the other goes and comes back, then the database, and then the
// owner of channels. Viewers of both dialects watch; the totals are checked as in
// TestNodesOnMongoDB.
func TestNodesOnMongoDBAndNATSCluster(t *testing.T) {
	const variable = "CHATMOOD_TEST_MONGO_URI"
	uri := os.Getenv(variable)
	if uri == "" || os.Getenv("CHATMOOD_FAULT") == "" {
		t.Skipf("SKIPPED: %s or CHATMOOD_FAULT is not set; make fault runs this test", variable)
	}
	database := lay(t, mongoHost(t, uri))
	uri = throughProxy(t, uri, database.listener.Addr().String())
	wires, toggle := natsCluster(t)
	c := newCrowd(t, uri, 6, wires)
	watched := c.watch(20)
	for i := range 3 {
		began := time.Now()
		toggle(i)
		c.settled()
		t.Logf("NATS server %d of 3 lost: all channels read and known on all nodes after %v", i, time.Since(began).Round(time.Millisecond))
		toggle(i)
		c.settled()
	}
	database.cut(true)
	time.Sleep(5 * time.Second) // the fault's own length, not a wait for anything
	for _, channel := range c.channels {
		if owner := c.owner(channel); owner == nil || !owner.reads(channel) {
			t.Errorf("without the database %s is not read any more", channel)
		}
	}
	database.cut(false)
	c.settled()
	c.fault("killed (kill -9)", func(n *process) {
		n.kill()
		_ = n.cmd.Wait() // it was killed
		n.dead = true
	}, (*process).start)
	c.check()
	c.stopWatching()
	for i, result := range watched() {
		t.Logf("viewers of node %d: %d messages, %d connections, %d resumed, told of %d missed, %v, errors %v", i, result.Deliveries, result.Connects, result.Resumed, result.Gaps, result.Closes, result.Errors)
		if result.Lost != 0 || result.Doubled != 0 || result.Deliveries == 0 || result.Closes["4404"] != 0 {
			t.Errorf("viewers of node %d: %d messages, %d lost and %d doubled without being told, closed %v", i, result.Deliveries, result.Lost, result.Doubled, result.Closes)
		}
	}
}

// mongoHost is where a server of MongoDB is, and throughProxy its address by way
// of what stands in between.
func mongoHost(t *testing.T, uri string) string {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil || u.Port() == "" {
		t.Fatal("this test needs a CHATMOOD_TEST_MONGO_URI of the form mongodb://host:port/ without TLS")
	}
	return u.Host
}

func throughProxy(t *testing.T, uri, addr string) string {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = addr
	if u.Path == "" {
		u.Path = "/"
	}
	q := u.Query()
	q.Del("replicaSet")
	q.Set("directConnection", "true")
	u.RawQuery = q.Encode()
	return u.String()
}
