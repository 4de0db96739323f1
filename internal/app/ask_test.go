package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"chatmood/internal/bus"
	"chatmood/internal/channels"
	"chatmood/internal/cluster"
	"chatmood/internal/httpapi"
	"chatmood/internal/sentiment"
	"chatmood/internal/store/sqlite"
)

// member joins the servers that share a NATS; it answers nothing.
func member(t *testing.T, url, name string, s *sqlite.Store) *nodes {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	n := &nodes{name: name, bus: b, store: s, log: slog.New(slog.NewTextHandler(io.Discard, nil)), watching: map[string]watched{}, patience: 200 * time.Millisecond}
	n.manager = channels.New(channels.Config{Analyzer: sentiment.New(), Store: s, Bus: b, Leases: leases{n}})
	if n.node, err = cluster.Open(t.Context(), cluster.Config{
		Conn: b.Conn(), Name: name, Capacity: 10, Work: work{n}, Settle: time.Millisecond, Tick: 10 * time.Millisecond,
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.node.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	<-n.node.Settled()
	return n
}

// A server that has a channel and does not answer, or is not there any more, does
// not make the channel one that nobody analyses.
func TestReadFromSilentOwner(t *testing.T) {
	server, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(func() { server.Shutdown(); server.WaitForShutdown() })
	if !server.ReadyForConnections(20 * time.Second) {
		t.Fatal("NATS is not ready")
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	owner, other := member(t, server.ClientURL(), "owner", store), member(t, server.ClientURL(), "other", store)
	if _, err := owner.node.Acquire(t.Context(), "alpha", cluster.Stake{}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if id, ok := other.node.Owner("alpha"); ok && id == owner.node.ID() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the other does not get to know whose the channel is")
		}
	}
	c := apiChannels{other}
	check := func(what string) {
		t.Helper()
		for name, read := range map[string]func() (bool, error){
			"snapshot": func() (bool, error) { _, ok, err := c.Snapshot("alpha", 1); return ok, err },
			"timeline": func() (bool, error) { _, ok, err := c.Timeline("alpha", time.Time{}, time.Time{}, 0); return ok, err },
			"chatters": func() (bool, error) { _, ok, err := c.TopChatters("alpha", "", 1); return ok, err },
			"terms":    func() (bool, error) { _, ok, err := c.TopTerms("alpha", false, "", 1); return ok, err },
			"messages": func() (bool, error) { _, ok, err := c.Recent("alpha", 1); return ok, err },
		} {
			if ok, err := read(); ok || !errors.Is(err, httpapi.ErrUnavailable) {
				t.Errorf("%s: reading the %s: %v, %v", what, name, ok, err)
			}
		}
	}
	check("nobody answers")
	stop, err := owner.bus.Respond(askSubject+owner.name, func([]byte) []byte { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.bus.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("the owner hangs")
	stop()
	// An answer that is lost, as with the NATS server that carried it, is asked for
	// once more, well before patience ends.
	other.patience = 20 * time.Second
	var asked atomic.Int32
	stop, err = owner.bus.Respond(askSubject+owner.name, func([]byte) []byte {
		if asked.Add(1) == 1 {
			return nil
		}
		return []byte(`{"ok":true,"data":{"channel":"alpha"}}`)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.bus.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if snap, ok, err := c.Snapshot("alpha", 1); !ok || err != nil || snap.Channel != "alpha" {
		t.Errorf("after a lost answer: %+v, %v, %v", snap, ok, err)
	}
	stop()
	other.patience = 200 * time.Millisecond
	if _, ok, err := c.Snapshot("nobodys", 1); ok || err != nil {
		t.Errorf("a channel that nobody analyses: %v, %v", ok, err)
	}
}
