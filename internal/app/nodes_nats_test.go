package app_test

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
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// electionMost is how long NATS servers take at most to choose another leader of a stream
// whose leader was lost without a word: nine seconds without its heartbeat.
const electionMost = 9 * time.Second

// natsVariable makes the test binary a NATS server: a process that tests can kill.
const natsVariable = "CHATMOOD_TEST_NATS"

// natsServer is one server of a cluster, as its process is told.
type natsServer struct {
	Name, Dir, Cert, Key, User, Password string
	Client, Cluster                      int // ports
	Routes                               []string
}

// serveNATS runs one server until its input is closed.
func serveNATS(text string) error {
	var n natsServer
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return err
	}
	certificate, err := tls.LoadX509KeyPair(n.Cert, n.Key)
	if err != nil {
		return err
	}
	opts := &natsserver.Options{
		ServerName: n.Name, Host: "127.0.0.1", Port: n.Client, JetStream: true, StoreDir: n.Dir, NoSigs: true, NoLog: true,
		Username: n.User, Password: n.Password, TLS: true, TLSTimeout: 10, TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
		Cluster: natsserver.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: n.Cluster},
	}
	for _, text := range n.Routes {
		route, err := url.Parse(text)
		if err != nil {
			return err
		}
		opts.Routes = append(opts.Routes, route)
	}
	s, err := natsserver.NewServer(opts)
	if err != nil {
		return err
	}
	s.Start()
	_, _ = io.Copy(io.Discard, os.Stdin) // until whoever started this one closes it
	s.Shutdown()
	s.WaitForShutdown()
	return nil
}

// cluster is three NATS servers, processes of their own, that act as one, with TLS
// and a password.
type cluster struct {
	t       *testing.T
	servers [3]natsServer
	running [3]*exec.Cmd
	inputs  [3]io.Closer
	wires   wires
}

func natsCluster(t *testing.T) *cluster {
	t.Helper()
	dir := t.TempDir()
	ca, key := certify(t, dir)
	const user, secret = "chatmood", "a password of NATS"
	c := &cluster{t: t, wires: wires{
		url: func(addr string) string {
			return (&url.URL{Scheme: "tls", User: url.UserPassword(user, secret), Host: addr}).String()
		},
		env:    []string{"SSL_CERT_FILE=" + ca},
		client: []nats.Option{nats.RootCAs(ca)},
	}}
	var routes []string
	for i := range c.servers {
		c.servers[i] = natsServer{Name: fmt.Sprint("nats-", i), Dir: filepath.Join(dir, fmt.Sprint(i)), Cert: ca, Key: key, User: user, Password: secret, Client: freePort(t), Cluster: freePort(t)}
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", c.servers[i].Cluster))
		c.wires.addrs = append(c.wires.addrs, fmt.Sprintf("127.0.0.1:%d", c.servers[i].Client))
	}
	for i := range c.servers {
		c.servers[i].Routes = routes
		c.start(i)
	}
	t.Cleanup(func() {
		for i := range c.running {
			if c.running[i] != nil {
				c.kill(i)
			}
		}
	})
	for i := range c.servers {
		c.ready(i)
	}
	return c
}

func (c *cluster) start(i int) {
	c.t.Helper()
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	told, err := json.Marshal(c.servers[i])
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = []string{natsVariable + "=" + string(told)}
	cmd.Stderr = os.Stderr
	if c.inputs[i], err = cmd.StdinPipe(); err != nil {
		c.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.running[i] = cmd
}

// ready waits until a server answers what is asked of the keys.
func (c *cluster) ready(i int) {
	c.t.Helper()
	var err error
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var conn *nats.Conn
		if conn, err = nats.Connect(c.wires.url(c.wires.addrs[i]), append(c.wires.client, nats.DontRandomize(), nats.MaxReconnects(0))...); err != nil {
			continue
		}
		js, jerr := jetstream.New(conn, jetstream.WithDefaultTimeout(2*time.Second))
		if jerr == nil {
			_, jerr = js.AccountInfo(c.t.Context())
		}
		conn.Close()
		if err = jerr; err == nil {
			return
		}
	}
	c.t.Fatalf("NATS server %d is not ready: %v", i, err)
}

// stop ends a server in order, kill as a machine that fails.
func (c *cluster) stop(i int) {
	c.t.Helper()
	if err := errors.Join(c.inputs[i].Close(), c.running[i].Wait()); err != nil {
		c.t.Error(err)
	}
	c.running[i] = nil
}

func (c *cluster) kill(i int) {
	c.t.Helper()
	if err := c.running[i].Process.Kill(); err != nil {
		c.t.Error(err)
	}
	_ = c.running[i].Wait() // it was killed
	c.running[i] = nil
}

// certify makes a certificate for this machine and writes it, as the authority
// that signed it, into a file.
func certify(t *testing.T, dir string) (certificate, private string) {
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
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, private = filepath.Join(dir, "ca.pem"), filepath.Join(dir, "key.pem")
	err = errors.Join(
		os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, private
}

// TestNodesOnMongoDBAndNATSCluster runs three servers on three NATS servers with
// TLS and a password, and a database behind a cable that can be cut. One NATS
// server after the other is stopped, and then killed, and comes back, then the
// database goes, and then the owner of channels. Viewers of both dialects watch; the totals are checked as in
// TestNodesOnMongoDB.
func TestNodesOnMongoDBAndNATSCluster(t *testing.T) {
	uri := mongoURI(t)
	if os.Getenv("CHATMOOD_FAULT") == "" {
		t.Skip("SKIPPED: CHATMOOD_FAULT is not set; make fault runs this test")
	}
	database := lay(t, mongoHost(t, uri))
	uri = throughProxy(t, uri, database.listener.Addr().String())
	servers := natsCluster(t)
	c := newCrowd(t, uri, 6, servers.wires)
	watched := c.watch(20)
	c.survivors(2)
	lose := func(i int, how string, do func(int)) {
		t.Helper()
		what := fmt.Sprintf("NATS server %d of 3 %s", i, how)
		began, longest := time.Now(), c.hush()
		do(i)
		c.settled()
		t.Logf("%s: all channels read and known on all nodes after %v", what, time.Since(began).Round(time.Millisecond))
		c.survived(what, nil)
		time.Sleep(time.Until(began.Add(electionMost + 3*time.Second))) // the fault's own length, not a wait for anything
		c.survived(what+" for long", nil)
		t.Logf("%s: the longest that a client got no message is %v", what, longest())
		if longest() > electionMost+takeover {
			t.Errorf("%s: that is more than %v", what, electionMost+takeover)
		}
		servers.start(i)
		servers.ready(i)
		c.settled()
		c.survived(fmt.Sprintf("NATS server %d of 3 is back", i), nil)
	}
	for i := range 3 {
		lose(i, "stopped", servers.stop)
	}
	for range 2 {
		lose(c.leader(), "killed (kill -9), which led the signs of life,", servers.kill)
		lose((c.leader()+1)%3, "killed (kill -9), which did not lead them,", servers.kill)
	}
	database.cut(true)
	time.Sleep(5 * time.Second) // the fault's own length, not a wait for anything
	for _, channel := range c.channels {
		if owner := c.owner(channel); owner == nil || !owner.reads(channel) {
			t.Errorf("without the database %s is not read any more", channel)
		}
	}
	c.survived("without the database", nil)
	database.cut(false)
	c.settled()
	c.survived("the database is back", nil)
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

// leader tells which NATS server leads the keys of the nodes.
func (c *crowd) leader() (i int) {
	c.t.Helper()
	c.eventually("the signs of life have a leader", func() bool {
		ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
		defer cancel()
		s, err := c.js.Stream(ctx, "KV_chatmood_nodes")
		if err != nil || s.CachedInfo().Cluster == nil {
			return false
		}
		_, err = fmt.Sscanf(s.CachedInfo().Cluster.Leader, "nats-%d", &i)
		return err == nil
	})
	return i
}
