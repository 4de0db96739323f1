package app_test

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chatmood/internal/bus/natstest"
	"chatmood/internal/twitchsim"
)

// TestNATSCredentials runs a server on a NATS in operator mode, with TLS and an authority
// of one's own: it analyses with the right settings, and says which of them is
// wrong otherwise.
func TestNATSCredentials(t *testing.T) {
	dir := t.TempDir()
	ca, key := certify(t, dir)
	certificate, err := tls.LoadX509KeyPair(ca, key)
	if err != nil {
		t.Fatal(err)
	}
	realm, other := natstest.NewRealm(t), natstest.NewRealm(t)
	nats := realm.Serve(-1, &certificate)
	url := "tls://" + nats.Addr().String()
	sim := twitch(t, twitchsim.Config{})
	env := childEnv(t, sim, map[string]string{
		"GUESTS": "analyse", "NATS_URL": url, "NATS_CREDS": realm.Creds(dir, 0), "SSL_CERT_FILE": ca,
	})
	p := spawn(t, env)
	guest := visitor(t, p.URL)
	guest.ready()
	guest.call(http.MethodPost, "/api/twitch/connect-guest", object{"url": "alpha"}, http.StatusOK)
	if err := sim.WaitReaders(t.Context(), "alpha", 1); err != nil {
		t.Fatal(err)
	}
	const n = 20
	for range n {
		if _, err := sim.Say("alpha", "somebody", "nice"); err != nil {
			t.Fatal(err)
		}
	}
	guest.eventually("chat is counted", func() bool { return guest.total("alpha") == n })
	p.stop()

	nobody := filepath.Join(dir, "nobody.pem")
	elsewhere := t.TempDir()
	if other, _ := certify(t, elsewhere); os.Rename(other, nobody) != nil {
		t.Fatal("the other authority cannot be moved")
	}
	for name, c := range map[string]struct {
		change map[string]string
		want   string
	}{
		"credentials of another account": {map[string]string{"NATS_CREDS": other.Creds(dir, 0)}, "refuses the credentials in the file that NATS_CREDS names"},
		"no credentials":                 {map[string]string{"NATS_CREDS": ""}, "NATS_CREDS"},
		"another authority":              {map[string]string{"SSL_CERT_FILE": nobody}, "SSL_CERT_FILE"},
		"another name":                   {map[string]string{"NATS_URL": strings.Replace(url, "127.0.0.1", "localhost", 1)}, "another name than the one in NATS_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			vars := childEnv(t, sim, env)
			vars["DATA_DIR"] = t.TempDir()
			for key, value := range c.change {
				vars[key] = value
			}
			if text := refused(t, vars); !strings.Contains(text, c.want) || strings.Contains(text, "SU") && strings.Contains(text, "BEGIN") {
				t.Errorf("it says %q, want %q in it", text, c.want)
			}
		})
	}
}

// refused starts a server that must not start, and returns what it says.
func refused(t *testing.T, env map[string]string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Dir = t.TempDir() // no .env
	cmd.Env = []string{childVariable + "=1", "PORT=0"}
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err == nil {
		t.Fatal("it starts")
	}
	return said.String()
}
