package bus_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"chatmood/internal/bus"
	"chatmood/internal/bus/natstest"
)

// TestCreds uses a NATS server in operator mode, and comes back by itself when the
// server is another whose credentials are put into the same file.
func TestCreds(t *testing.T) {
	dir := t.TempDir()
	realm := natstest.NewRealm(t)
	s := realm.Serve(-1, nil)
	name := realm.Creds(dir, 0)
	b, err := bus.Open(t.Context(), bus.Config{URL: s.ClientURL(), Creds: name, Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	stop, err := b.Respond("question", func(request []byte) []byte { return append(request, '!') })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	asked := func() bool {
		got, err := b.Request(t.Context(), "question", []byte("well"))
		return err == nil && string(got) == "well!"
	}
	waitFor(t, asked)

	port := s.Addr().(*net.TCPAddr).Port
	s.Shutdown()
	s.WaitForShutdown()
	other := natstest.NewRealm(t)
	other.Serve(port, nil)
	waitFor(t, func() bool { return b.Conn().LastError() != nil && !b.Connected() })
	fresh, err := os.ReadFile(other.Creds(dir, 0))
	if err == nil {
		err = os.WriteFile(name, fresh, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return b.Connected() && asked() })
}

// TestWrongCreds: what is wrong is said, with the setting's name and without the secret.
func TestWrongCreds(t *testing.T) {
	dir := t.TempDir()
	realm, other := natstest.NewRealm(t), natstest.NewRealm(t)
	operated, plain := realm.Serve(-1, nil).ClientURL(), external(t, -1).ClientURL()
	locked, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, Username: "somebody", Password: "right"})
	if err != nil {
		t.Fatal(err)
	}
	locked.Start()
	t.Cleanup(func() { locked.Shutdown(); locked.WaitForShutdown() })
	if !locked.ReadyForConnections(5 * time.Second) {
		t.Fatal("the NATS server is not ready")
	}
	write := func(name, text string) string {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	good, err := os.ReadFile(realm.Creds(dir, 0))
	if err != nil {
		t.Fatal(err)
	}
	token, seed, ok := strings.Cut(string(good), "-----BEGIN USER NKEY SEED-----")
	if !ok {
		t.Fatal("credentials are not as expected")
	}
	_, otherSeed, _ := strings.Cut(read(t, realm.Creds(dir, 0)), "-----BEGIN USER NKEY SEED-----")
	for name, c := range map[string]struct{ url, creds, want string }{
		"none":               {operated, "", "NATS_CREDS"},
		"of another account": {operated, other.Creds(dir, 0), "refuses the credentials in the file that NATS_CREDS names"},
		"expired":            {operated, realm.Creds(dir, -time.Hour), "expired at"},
		"no file":            {operated, filepath.Join(dir, "missing"), "cannot be read"},
		"anything":           {operated, write("anything", "hello"), "none of a user"},
		"without its seed":   {operated, write("seedless", token), "holds no seed"},
		"of two users":       {operated, write("two", token+"-----BEGIN USER NKEY SEED-----"+otherSeed), "of two users"},
		"wrong password":     {strings.Replace(locked.ClientURL(), "//", "//somebody:wrong@", 1), "", "NATS_URL (nats://user:password@host)"},
		"no TLS there":       {strings.Replace(plain, "nats:", "tls:", 1), "", "speaks no TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := bus.Open(t.Context(), bus.Config{URL: c.url, Creds: c.creds})
			if err == nil {
				b.Close()
				t.Fatal("it connects")
			}
			if text := err.Error(); !strings.Contains(text, "NATS_") || !strings.Contains(text, c.want) || strings.Contains(text, strings.TrimSpace(seed)[:20]) || strings.Contains(text, "somebody:wrong") {
				t.Errorf("error is %v, want one with %q", errors.Unwrap(err), c.want)
				t.Log(text)
			}
		})
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
