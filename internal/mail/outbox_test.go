package mail_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"chatmood/internal/mail"
	"chatmood/internal/store/sqlite"
)

var testKey = []byte("a key of the tests, long enough")

// box is an outbox on a real database.
type box struct {
	*mail.Outbox
	store *sqlite.Store
	dir   string
}

func openBox(t testing.TB, dir string, out mail.Sender, change ...func(*mail.OutboxConfig)) *box {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	cfg := mail.OutboxConfig{
		Queue: store.Outbox(), Sender: out, Key: testKey, SendTimeout: 5 * time.Second,
		FirstDelay: 5 * time.Millisecond, MaxDelay: 20 * time.Millisecond, MaxPause: 20 * time.Millisecond, Poll: 5 * time.Millisecond,
	}
	for _, c := range change {
		c(&cfg)
	}
	o, err := mail.NewOutbox(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &box{o, store, dir}
}

// run lets the outbox work until stop or the test's end.
func (b *box) run(t testing.TB) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.Run(ctx)
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return stop
}

// until waits until a condition holds.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

func (b *box) stats(t testing.TB) mail.QueueStats {
	t.Helper()
	s, err := b.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func numbered(i int) mail.Message {
	m := message()
	m.ID = fmt.Sprintf("%d@example.org", i)
	return m
}

func put(t testing.TB, b *box, n int) {
	t.Helper()
	for i := range n {
		if err := b.Put(t.Context(), numbered(i)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAway: mail written while the server is away waits, and arrives, each
// once, when a server is back at the same address.
func TestAway(t *testing.T) {
	s := &mailServer{}
	stop := startMail(t, s, listen{})
	out := sender(t, s, mail.NoTLS)
	b := openBox(t, t.TempDir(), out)
	b.run(t)
	put(t, b, 1)
	until(t, "the first mail, and that the outbox knows of it", func() bool { return len(s.all()) == 1 && b.stats(t).Waiting == 0 })
	stop()
	put(t, b, 5)
	until(t, "an attempt that fails", func() bool {
		items, err := b.store.Outbox().Dead(t.Context(), 1)
		return err == nil && len(items) == 0 && b.stats(t).Waiting == 5
	})
	startMail(t, s, listen{addr: s.addr.String()})
	until(t, "all mails", func() bool { return len(s.all()) == 6 && b.stats(t).Waiting == 0 })
	if stats := b.stats(t); stats.Dead != 0 {
		t.Errorf("%d dead", stats.Dead)
	}
}

// TestRestart: what was not sent when the process ended is sent by the next,
// and a mail that is put twice is sent once.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	fails := senderFunc(func(context.Context, mail.Message) error { return errors.New("away") })
	b := openBox(t, dir, fails)
	stop := b.run(t)
	put(t, b, 3)
	put(t, b, 3)
	stop()
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	s := &mailServer{}
	startMail(t, s, listen{})
	b = openBox(t, dir, sender(t, s, mail.STARTTLS))
	b.run(t)
	until(t, "an empty outbox", func() bool { return b.stats(t).Waiting == 0 })
	if got := s.all(); len(got) != 3 {
		t.Errorf("%d mails arrived, want 3", len(got))
	}
}

// TestStopWhileSending: the outbox stops while a server keeps it waiting, and
// the mail is not lost.
func TestStopWhileSending(t *testing.T) {
	sending := make(chan struct{}, 1)
	slow := senderFunc(func(ctx context.Context, _ mail.Message) error {
		sending <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	})
	b := openBox(t, t.TempDir(), slow)
	stop := b.run(t)
	put(t, b, 1)
	<-sending
	stop()
	it, ok, err := b.store.Outbox().Claim(t.Context(), time.Now(), time.Now())
	if err != nil || !ok || it.Error != "interrupted" {
		t.Errorf("the mail is not due at once: %+v, %v, %v", it, ok, err)
	}
}

// stopping is a queue that hears of the stop just before what became of a mail.
type stopping struct {
	mail.Queue
	stop context.CancelFunc
}

func (q stopping) Bury(ctx context.Context, id string, at time.Time, reason string) error {
	q.stop()
	return q.Queue.Bury(ctx, id, at, reason)
}

func (q stopping) Retry(ctx context.Context, id string, at time.Time, reason string) error {
	q.stop()
	return q.Queue.Retry(ctx, id, at, reason)
}

// TestStopWhileNoting: what became of a mail is kept, though the outbox stops
// just then.
func TestStopWhileNoting(t *testing.T) {
	for name, c := range map[string]struct {
		maxAge        time.Duration
		dead, waiting int
	}{
		"given up":        {maxAge: 1, dead: 1},
		"tried once more": {maxAge: time.Hour, waiting: 1},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			failing := senderFunc(func(context.Context, mail.Message) error { return errors.New("not this one") })
			b := openBox(t, t.TempDir(), failing, func(cfg *mail.OutboxConfig) {
				cfg.Queue, cfg.MaxAge = stopping{cfg.Queue, stop}, c.maxAge
			})
			put(t, b, 1)
			b.Run(ctx)
			if got := b.stats(t); got.Dead != c.dead || got.Waiting != c.waiting {
				t.Errorf("%+v, want %d dead and %d waiting", got, c.dead, c.waiting)
			}
			queue := b.store.Outbox()
			dead, err := queue.Dead(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			waiting, err := queue.Waiting(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if list := append(dead, waiting...); len(list) != 1 || !strings.Contains(list[0].Error, "not this one") {
				t.Errorf("%d mails are kept, want one with the reason of its failure", len(list))
			}
		})
	}
}

func TestRefusedMail(t *testing.T) {
	s := &mailServer{}
	startMail(t, s, listen{})
	s.setRefusal("RCPT", &smtp.SMTPError{Code: 550, Message: "no such user"})
	b := openBox(t, t.TempDir(), sender(t, s, mail.NoTLS))
	b.run(t)
	put(t, b, 1)
	until(t, "the mail to die", func() bool { return b.stats(t).Dead == 1 })
	dead, err := b.Dead(t.Context(), 10)
	if err != nil || len(dead) != 1 || dead[0].To != "ada@example.org" || dead[0].Subject != "Grüße" || !strings.Contains(dead[0].Reason, "no such user") {
		t.Fatalf("dead mails %+v, %v", dead, err)
	}
	if err := b.Revive(t.Context(), "other"); !errors.Is(err, mail.ErrUnknownMail) {
		t.Errorf("reviving nothing: %v", err)
	}
	s.setRefusal("", nil)
	if err := b.Revive(t.Context(), dead[0].ID); err != nil {
		t.Fatal(err)
	}
	until(t, "the mail to arrive", func() bool { return len(s.all()) == 1 && b.stats(t) == mail.QueueStats{} })
}

// TestGreylisting: a mail that is wanted later does not hold up the others.
func TestGreylisting(t *testing.T) {
	var mu sync.Mutex
	tries, sent := 0, map[string]bool{}
	s := &mailServer{}
	startMail(t, s, listen{})
	s.setRefusal("RCPT", &smtp.SMTPError{Code: 451, Message: "later"})
	real := sender(t, s, mail.NoTLS)
	out := senderFunc(func(ctx context.Context, m mail.Message) error {
		mu.Lock()
		defer mu.Unlock()
		if m.ID == "0@example.org" {
			if tries++; tries < 4 {
				return real.Send(ctx, m)
			}
		}
		sent[m.ID] = true
		return nil
	})
	b := openBox(t, t.TempDir(), out)
	b.run(t)
	put(t, b, 3)
	until(t, "all to be sent", func() bool { return b.stats(t) == mail.QueueStats{} })
	mu.Lock()
	defer mu.Unlock()
	if len(sent) != 3 || tries != 4 {
		t.Errorf("%d sent after %d tries, want 3 and 4", len(sent), tries)
	}
}

// TestGivenUp: a mail dies with its age, with its worth, or when the key that
// sealed it is gone; whatever the reason, it is seen.
func TestGivenUp(t *testing.T) {
	fails := senderFunc(func(context.Context, mail.Message) error { return errors.New("away") })
	for name, test := range map[string]struct {
		message func() mail.Message
		config  func(*mail.OutboxConfig)
		reason  string
	}{
		"age":   {message, func(c *mail.OutboxConfig) { c.MaxAge = time.Nanosecond }, "given up: "},
		"worth": {func() mail.Message { m := message(); m.Expires = time.Now().Add(-time.Second); return m }, func(*mail.OutboxConfig) {}, "worth nothing"},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBox(t, t.TempDir(), fails, test.config)
			b.run(t)
			if err := b.Put(t.Context(), test.message()); err != nil {
				t.Fatal(err)
			}
			until(t, "the mail to die", func() bool { return b.stats(t).Dead == 1 })
			dead, err := b.Dead(t.Context(), 1)
			if err != nil || !strings.Contains(dead[0].Reason, test.reason) {
				t.Errorf("%+v, %v; want %q", dead, err, test.reason)
			}
		})
	}
	t.Run("key", func(t *testing.T) {
		b := openBox(t, t.TempDir(), fails)
		put(t, b, 1)
		other, err := mail.NewOutbox(mail.OutboxConfig{Queue: b.store.Outbox(), Sender: fails, Key: []byte("another key of the tests"), Poll: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		(&box{other, b.store, ""}).run(t)
		until(t, "the mail to die", func() bool { return b.stats(t).Dead == 1 })
	})
}

// TestSealed: nobody who reads the database finds the code.
func TestSealed(t *testing.T) {
	b := openBox(t, t.TempDir(), senderFunc(func(context.Context, mail.Message) error { return nil }))
	m := message()
	m.Text, m.Secret = "SECRET-CODE", "SECRET-CODE"
	if err := b.Put(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	it, ok, err := b.store.Outbox().Claim(t.Context(), time.Now(), time.Now().Add(time.Minute))
	if err != nil || !ok || strings.Contains(string(it.Sealed), "SECRET") || strings.Contains(string(it.Sealed), "ada@") {
		t.Errorf("kept in clear: %q, %v, %v", it.Sealed, ok, err)
	}
	if _, ok, err := b.store.Outbox().Claim(t.Context(), time.Now(), time.Now()); ok || err != nil {
		t.Errorf("claimed twice: %v, %v", ok, err)
	}
}

func TestPutRefuses(t *testing.T) {
	b := openBox(t, t.TempDir(), senderFunc(func(context.Context, mail.Message) error { return nil }))
	m := message()
	m.To.Address = "a@example.org\r\nBcc: b@example.org"
	if err := b.Put(t.Context(), m); err == nil {
		t.Error("an address of two lines was kept")
	}
}

// TestOnce: several outboxes on one queue send each mail once.
func TestOnce(t *testing.T) {
	var mu sync.Mutex
	sent := map[string]int{}
	out := senderFunc(func(_ context.Context, m mail.Message) error {
		mu.Lock()
		defer mu.Unlock()
		sent[m.ID]++
		return nil
	})
	b := openBox(t, t.TempDir(), out)
	put(t, b, 50)
	for range 3 {
		o, err := mail.NewOutbox(mail.OutboxConfig{Queue: b.store.Outbox(), Sender: out, Key: testKey, Poll: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		(&box{o, b.store, ""}).run(t)
	}
	until(t, "an empty outbox", func() bool { return b.stats(t).Waiting == 0 })
	mu.Lock()
	defer mu.Unlock()
	if len(sent) != 50 {
		t.Errorf("%d sent, want 50", len(sent))
	}
	for id, n := range sent {
		if n != 1 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
}

type senderFunc func(context.Context, mail.Message) error

func (f senderFunc) Send(ctx context.Context, m mail.Message) error { return f(ctx, m) }
