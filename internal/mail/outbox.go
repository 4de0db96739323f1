package mail

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// Item is a mail in a queue.
type Item struct {
	ID        string // the Message-ID
	Kind      string
	Sealed    []byte // the message, encrypted: there are codes and links in it
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	Attempts  int
	Error     string    // of the last attempt
	NextAt    time.Time // when it is tried next; zero: it is dead
	DeadAt    time.Time // zero: it waits
}

// QueueStats tells how a queue stands.
type QueueStats struct {
	Waiting int
	Dead    int
	Oldest  time.Time // when the oldest waiting mail was written; zero: none waits
}

// ErrUnknownMail is returned where the queue has no such mail.
var ErrUnknownMail = errors.New("no such mail")

// Queue keeps mail until it is delivered. Its methods are safe for concurrent
// use, also by several servers.
type Queue interface {
	// Put keeps a mail, due at once. One with an id that is there already is left as it is.
	Put(ctx context.Context, it Item) error
	// Claim returns the mail that has been due for longest, if any, and lets
	// nobody else have it until a time. What is claimed counts as an attempt.
	Claim(ctx context.Context, now, until time.Time) (it Item, ok bool, err error)
	// Delivered removes a mail.
	Delivered(ctx context.Context, id string) error
	// Retry makes a mail due at a time.
	Retry(ctx context.Context, id string, at time.Time, reason string) error
	// Bury takes a mail out of the queue; it is kept as dead.
	Bury(ctx context.Context, id string, at time.Time, reason string) error
	// Dead lists dead mails, the latest first, at most limit.
	Dead(ctx context.Context, limit int) ([]Item, error)
	// Waiting lists mails that wait, the next to be tried first, at most limit.
	Waiting(ctx context.Context, limit int) ([]Item, error)
	// Revive puts a dead mail back, due at a time. ErrUnknownMail.
	Revive(ctx context.Context, id string, at time.Time) error
	// DropDead removes mails that died before a time and returns how many.
	DropDead(ctx context.Context, before time.Time) (int64, error)
	// Stats counts.
	Stats(ctx context.Context) (QueueStats, error)
}

// Archive moves an outbox from store to store; see the archives of accounts.
type Archive interface {
	// EachMail reads all mails, waiting and dead, in any order.
	EachMail(ctx context.Context, do func(Item) error) error
	// ImportMail keeps a mail as it is, in place of one with the same id.
	ImportMail(ctx context.Context, it Item) error
}

// OutboxConfig is what an Outbox is made of. Zero times have the defaults.
type OutboxConfig struct {
	Queue  Queue
	Sender Sender
	Key    []byte // seals what is kept; at least 16 bytes

	SendTimeout time.Duration // of one attempt: 1 minute
	FirstDelay  time.Duration // after a failure, doubled by each more: 10 seconds
	MaxDelay    time.Duration // 1 hour for a mail, but not for a server that is away:
	MaxPause    time.Duration // 5 minutes
	MaxAge      time.Duration // then a mail is dead: 3 days
	KeepDead    time.Duration // then a dead mail goes: 30 days
	Poll        time.Duration // how often to look for mail of others: 5 seconds

	// Done is told how each mail ended: sent, or dead for the reason given. It
	// returns soon. nil: nobody wants to know.
	Done func(ctx context.Context, id, kind, reason string)

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: nothing is logged
}

// Outbox sends mail from a queue. Put it to work with Run. A mail is delivered
// at least once: a server that stops between delivery and the note of it
// delivers it again, with the same Message-ID, by which mail systems see it.
type Outbox struct {
	cfg    OutboxConfig
	seal   cipher.AEAD
	wake   chan struct{}
	pause  time.Duration // since the mail server is away; 0: it is not
	purged time.Time

	removed atomic.Int64 // dead mails, since the start
}

// NewOutbox returns an outbox.
func NewOutbox(cfg OutboxConfig) (*Outbox, error) {
	if cfg.Queue == nil || cfg.Sender == nil || len(cfg.Key) < 16 {
		return nil, errors.New("making the outbox: it needs a queue, a sender and a key of at least 16 bytes (set SECRET_KEY)")
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&cfg.SendTimeout, time.Minute},
		{&cfg.FirstDelay, 10 * time.Second},
		{&cfg.MaxDelay, time.Hour},
		{&cfg.MaxPause, 5 * time.Minute},
		{&cfg.MaxAge, 3 * 24 * time.Hour},
		{&cfg.KeepDead, 30 * 24 * time.Hour},
		{&cfg.Poll, 5 * time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.standard
		}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	key, err := hkdf.Key(sha256.New, cfg.Key, nil, "chatmood outbox", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("making the outbox: %w", err)
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("making the outbox: %w", err)
	}
	return &Outbox{cfg: cfg, seal: seal, wake: make(chan struct{}, 1)}, nil
}

// Put keeps a message for sending and returns.
func (o *Outbox) Put(ctx context.Context, m Message) error {
	if m.ID == "" {
		m.ID = rand.Text() + "@localhost"
	}
	if _, err := m.build(); err != nil {
		return err // it could never be sent
	}
	data, err := json.Marshal(m) //nolint:gosec // it is sealed before it is kept
	if err != nil {
		return fmt.Errorf("encoding a mail: %w", err)
	}
	err = o.cfg.Queue.Put(ctx, Item{
		ID: m.ID, Kind: m.Kind, Sealed: o.seal.Seal(nil, nil, data, []byte(m.ID)), CreatedAt: o.cfg.Now().UTC(), ExpiresAt: m.Expires, //nolint:gosec // the cipher makes its own random nonce
	})
	if err != nil {
		return fmt.Errorf("putting a mail into the outbox: %w", err)
	}
	select {
	case o.wake <- struct{}{}:
	default: // it is awake
	}
	return nil
}

func (o *Outbox) open(it Item) (Message, error) {
	var m Message
	data, err := o.seal.Open(nil, nil, it.Sealed, []byte(it.ID))
	if err != nil {
		return m, fmt.Errorf("it cannot be read any more: SECRET_KEY was changed, or the data is damaged")
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("decoding a mail: %w", err)
	}
	return m, nil
}

// Run sends mail until the context ends. Only one Run at a time.
func (o *Outbox) Run(ctx context.Context) {
	for ctx.Err() == nil {
		o.purge(ctx)
		worked, err := o.sendNext(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			o.cfg.Log.ErrorContext(ctx, "the outbox cannot be read or written", "error", err)
			o.sleep(ctx, o.cfg.Poll, false)
		case o.pause > 0:
			o.sleep(ctx, o.pause, false)
		case !worked:
			o.sleep(ctx, o.cfg.Poll, true)
		}
	}
}

func (o *Outbox) sleep(ctx context.Context, d time.Duration, wakes bool) {
	wake := o.wake
	if !wakes {
		wake = nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
	case <-ctx.Done():
	}
}

// sendNext sends the mail that is due, if any. An error is the queue's.
func (o *Outbox) sendNext(ctx context.Context) (worked bool, err error) {
	now := o.cfg.Now().UTC()
	// If we die, the mail is free again a while after the attempt must be over.
	it, ok, err := o.cfg.Queue.Claim(ctx, now, now.Add(2*o.cfg.SendTimeout))
	if err != nil || !ok {
		return false, err
	}
	m, err := o.open(it)
	worthless := !it.ExpiresAt.IsZero() && !now.Before(it.ExpiresAt)
	if err == nil && !worthless {
		attempt, cancel := context.WithTimeout(ctx, o.cfg.SendTimeout)
		defer cancel()
		return true, o.note(ctx, it, o.cfg.Sender.Send(attempt, m))
	}
	reason := "it was worth nothing any more before it could be sent"
	if err != nil {
		reason = err.Error()
	}
	noted, cancel := afterwards(ctx)
	defer cancel()
	return true, o.bury(noted, it, reason)
}

// afterwards is the context in which the queue learns what became of a mail: a
// stop in between must not leave it claimed.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
}

// note writes down how the attempt to send it ended.
func (o *Outbox) note(ctx context.Context, it Item, failure error) error {
	noted, cancel := afterwards(ctx)
	defer cancel()
	if failure != nil && ctx.Err() != nil {
		// We are stopping. Whoever starts next finds it due.
		return o.cfg.Queue.Retry(noted, it.ID, o.cfg.Now().UTC(), "interrupted")
	}
	if failure != nil {
		return o.failed(noted, it, failure)
	}
	o.pause = 0
	o.cfg.Log.InfoContext(ctx, "mail sent", "kind", it.Kind, "id", it.ID, "attempts", it.Attempts)
	if err := o.cfg.Queue.Delivered(noted, it.ID); err != nil {
		return err
	}
	o.done(noted, it, "")
	return nil
}

func (o *Outbox) done(ctx context.Context, it Item, reason string) {
	if o.cfg.Done != nil {
		o.cfg.Done(ctx, it.ID, it.Kind, reason)
	}
}

func (o *Outbox) failed(ctx context.Context, it Item, err error) error {
	now := o.cfg.Now().UTC()
	refused, forGood := Refused(err)
	switch {
	case forGood:
		o.pause = 0
		return o.bury(ctx, it, Explain(err))
	case now.Sub(it.CreatedAt) >= o.cfg.MaxAge:
		return o.bury(ctx, it, "given up: "+Explain(err))
	}
	delay := delayAfter(it.Attempts, o.cfg.FirstDelay, o.cfg.MaxDelay)
	if refused {
		o.pause = 0 // the server is there; it does not want this one yet
	} else {
		// It is not about this mail: all wait, none longer than the others.
		o.pause = min(max(2*o.pause, o.cfg.FirstDelay), o.cfg.MaxPause)
		delay = o.pause
	}
	o.cfg.Log.WarnContext(ctx, "mail not sent yet", "kind", it.Kind, "id", it.ID, "attempts", it.Attempts, "again in", delay, "reason", Explain(err))
	return o.cfg.Queue.Retry(ctx, it.ID, now.Add(delay), Explain(err))
}

func delayAfter(attempts int, first, most time.Duration) time.Duration {
	delay := first
	for range attempts - 1 {
		if delay >= most {
			break
		}
		delay *= 2
	}
	return min(delay, most)
}

func (o *Outbox) bury(ctx context.Context, it Item, reason string) error {
	o.cfg.Log.ErrorContext(ctx, "mail given up", "kind", it.Kind, "id", it.ID, "attempts", it.Attempts, "reason", reason)
	if err := o.cfg.Queue.Bury(ctx, it.ID, o.cfg.Now().UTC(), reason); err != nil {
		return err
	}
	o.done(ctx, it, reason)
	return nil
}

// purge removes what has been dead for long, once an hour.
func (o *Outbox) purge(ctx context.Context) {
	now := o.cfg.Now()
	if now.Sub(o.purged) < time.Hour {
		return
	}
	o.purged = now
	n, err := o.cfg.Queue.DropDead(ctx, now.Add(-o.cfg.KeepDead))
	o.removed.Add(n)
	if err != nil && ctx.Err() == nil {
		o.cfg.Log.WarnContext(ctx, "dead mail could not be removed", "error", err)
	}
}

// Removed tells how many dead mails were removed since the start because their
// time was over.
func (o *Outbox) Removed() int64 { return o.removed.Load() }

// Queued is a mail in the outbox, without what is in it.
type Queued struct {
	ID        string
	Kind      string
	To        string // empty: it cannot be read any more
	Subject   string
	CreatedAt time.Time
	NextAt    time.Time // when it is tried next; zero: it is dead
	DeadAt    time.Time // zero: it waits
	Attempts  int
	Reason    string // why the last attempt failed; empty: there was none
}

// MaxListed bounds a list of mails.
const MaxListed = 1000

// Dead lists mails that could not be sent, the latest first, at most limit.
func (o *Outbox) Dead(ctx context.Context, limit int) ([]Queued, error) {
	items, err := o.cfg.Queue.Dead(ctx, min(max(limit, 1), MaxListed))
	if err != nil {
		return nil, fmt.Errorf("listing the dead mails: %w", err)
	}
	return o.queued(items), nil
}

// Waiting lists mails that wait, the next to be tried first, at most limit.
func (o *Outbox) Waiting(ctx context.Context, limit int) ([]Queued, error) {
	items, err := o.cfg.Queue.Waiting(ctx, min(max(limit, 1), MaxListed))
	if err != nil {
		return nil, fmt.Errorf("listing the waiting mails: %w", err)
	}
	return o.queued(items), nil
}

func (o *Outbox) queued(items []Item) []Queued {
	list := make([]Queued, len(items))
	for i, it := range items {
		list[i] = Queued{
			ID: it.ID, Kind: it.Kind, CreatedAt: it.CreatedAt, NextAt: it.NextAt, DeadAt: it.DeadAt, Attempts: it.Attempts, Reason: it.Error,
		}
		if m, err := o.open(it); err == nil {
			list[i].To, list[i].Subject = m.To.Address, m.Subject
		}
	}
	return list
}

// Revive sends a dead mail once more. [ErrUnknownMail]: there is none.
func (o *Outbox) Revive(ctx context.Context, id string) error {
	if err := o.cfg.Queue.Revive(ctx, id, o.cfg.Now().UTC()); err != nil {
		return fmt.Errorf("reviving the mail %q: %w", id, err)
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
	return nil
}

// Stats counts the mails.
func (o *Outbox) Stats(ctx context.Context) (QueueStats, error) {
	stats, err := o.cfg.Queue.Stats(ctx)
	if err != nil {
		return stats, fmt.Errorf("counting the mails: %w", err)
	}
	return stats, nil
}
