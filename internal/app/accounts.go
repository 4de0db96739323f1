package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/config"
	"chatmood/internal/doctor"
	"chatmood/internal/httpapi"
	"chatmood/internal/mail"
	"chatmood/internal/store/mongo"
	"chatmood/internal/store/sqlite"
)

const (
	// refreshGrace is how long the refresh token before the last still works: two
	// tabs of a browser renew at once.
	refreshGrace = 20 * time.Second
	// tidyEvery is how often what has expired is removed.
	tidyEvery = time.Hour
	// ownAddress is where mails come from that only go into a folder.
	ownAddress = "chatmood@localhost"
)

// Accounts are the users of a store, and how they are mailed. The server has
// them, and so do commands that work on the same store.
type Accounts struct {
	*account.Service
	Mails  *mail.Mails  // nil: no mail is sent
	Outbox *mail.Outbox // nil: no mail is sent
	URL    string       // where people open the page, without a slash at the end
	// Learning is what users corrected, for commands; nil in a server.
	Learning analysis.LearningStore

	days int // after which the activity log is cleaned up; 0: never
	log  *slog.Logger

	// What was removed since the start because its time was over.
	removedExpired, removedLogs atomic.Int64
	now                         func() time.Time
	cleanedAt                   atomic.Int64 // when the log was last cleaned up, Unix ms; 0: not yet
}

// AccountsConfig is what Accounts are made of.
type AccountsConfig struct {
	Config *config.Config
	Store  account.Store
	Queue  mail.Queue
	URL    string // where people open the page, without a slash at the end
	Log    *slog.Logger
	// PasswordCost is [Options.PasswordCost].
	PasswordCost int
	// Now is [Options.Now].
	Now    func() time.Time
	Tracer trace.Tracer // nil: nothing is traced
	// Forget, SignedOut, Revoked and Skew are [account.Config]'s.
	Forget    func(ctx context.Context, userID string) (int, error)
	SignedOut func(ctx context.Context, userID string)
	Revoked   func(userID, session string)
	Skew      func() time.Duration
}

// NewAccounts returns accounts. Mail goes out while [Accounts.Run] runs.
func NewAccounts(c AccountsConfig) (*Accounts, error) {
	cfg := c.Config
	key, err := secretKey(cfg)
	if err != nil {
		return nil, err
	}
	hasher, err := account.NewHasher(c.PasswordCost, 0)
	if err != nil {
		return nil, err
	}
	a := &Accounts{URL: c.URL, days: cfg.LogRetentionDays, log: c.Log, now: c.Now}
	if a.now == nil {
		a.now = time.Now
	}
	var mailer account.Mailer = noMail{}
	if cfg.MailBy() != config.MailOff {
		if a.Outbox, a.Mails, err = c.openMail(key, a); err != nil {
			return nil, err
		}
		mailer = a.Mails
	}
	a.Service, err = account.NewService(account.Config{
		Store: c.Store, Mailer: mailer, Hasher: hasher, SecretKey: key, Log: c.Log, Now: c.Now,
		AccessLifetime:  time.Duration(cfg.AccessTokenMinutes) * time.Minute,
		RefreshLifetime: time.Duration(cfg.RefreshTokenDays) * 24 * time.Hour,
		RefreshGrace:    refreshGrace,
		Registration:    account.Registrations(cfg.Registration), NoMail: a.Mails == nil,
		Forget: c.Forget, SignedOut: c.SignedOut, Revoked: c.Revoked, Skew: c.Skew,
	})
	return a, err
}

// openMail makes what writes mails and what sends them.
func (c *AccountsConfig) openMail(key []byte, a *Accounts) (*mail.Outbox, *mail.Mails, error) {
	sender, err := NewSender(c.Config, c.Log)
	if err != nil {
		return nil, nil, err
	}
	if c.Tracer != nil {
		sender = tracedSender{sender, c.Tracer}
	}
	outbox, err := mail.NewOutbox(mail.OutboxConfig{Queue: c.Queue, Sender: sender, Key: key, Log: c.Log, Now: c.Now, Done: a.mailDone})
	if err != nil {
		return nil, nil, err
	}
	mails, err := mail.NewMails(mail.Config{From: SenderAddress(c.Config), ContactTo: c.Config.ContactTo, FrontendURL: c.URL, Now: c.Now}, outbox)
	return outbox, mails, err
}

// SenderAddress is where mails come from.
func SenderAddress(cfg *config.Config) string {
	if cfg.EmailSender == "" {
		return ownAddress
	}
	return cfg.EmailSender
}

// NewSender returns what delivers mails: the mail server that is set, or else a
// folder.
func NewSender(cfg *config.Config, log *slog.Logger) (mail.Sender, error) {
	if cfg.MailBy() == config.MailSMTP {
		return NewSMTP(cfg)
	}
	return mail.NewFolder(filepath.Join(cfg.DataDir, "outbox"), log)
}

// NewSMTP returns the mail server that is set.
func NewSMTP(cfg *config.Config) (*mail.SMTP, error) {
	c := mail.SMTPConfig{Host: cfg.SMTPHost, Port: cfg.SMTPPort, TLS: mail.TLS(cfg.SMTPTLS), Password: cfg.EmailPassword}
	if c.Password != "" {
		c.Username = cfg.EmailSender
	}
	return mail.NewSMTP(c)
}

// mailDone writes to the activity log how a mail ended. To whom it went is not
// written: the log outlives accounts.
func (a *Accounts) mailDone(ctx context.Context, id, kind, reason string) {
	activity := account.ActivityMailSent
	if reason != "" {
		activity = account.ActivityMailDead
	}
	a.NoteServer(ctx, activity, fmt.Sprintf("Kind: %s, Mail: %s", kind, id))
}

// Run sends mail and removes what has expired until ctx ends.
func (a *Accounts) Run(ctx context.Context) {
	done := make(chan struct{})
	if a.Outbox == nil {
		close(done)
	} else {
		go func() {
			defer close(done)
			a.Outbox.Run(ctx)
		}()
	}
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		a.tidy(ctx)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	<-done
}

// Removed tells how many things and how many entries of the activity log were
// removed since the start because their time was over.
func (a *Accounts) Removed() (expired, logs int64) {
	return a.removedExpired.Load(), a.removedLogs.Load()
}

// tidy removes expired sessions, codes and invitations, and log entries that are
// older than they are to be kept.
func (a *Accounts) tidy(ctx context.Context) {
	if n, err := a.DropExpired(ctx); err != nil && ctx.Err() == nil {
		a.log.Warn("what has expired could not be removed", "error", err)
	} else if n > 0 {
		a.removedExpired.Add(n)
		a.log.Debug("removed expired sessions, codes and invitations", "count", n)
	}
	if a.days == 0 {
		return
	}
	n, err := a.CleanUpLogs(ctx, account.Identity{}, a.days)
	if err != nil {
		if ctx.Err() == nil {
			a.log.Warn("the activity log could not be cleaned up", "error", err)
		}
		return
	}
	a.cleanedAt.Store(a.now().UnixMilli())
	if n > 0 {
		a.removedLogs.Add(n)
		a.log.Info("cleaned up the activity log", "entries", n, "older than days", a.days)
	}
}

// secretKey returns the key that signs tokens. Development makes one and keeps
// it, so that people stay signed in over restarts.
func secretKey(cfg *config.Config) ([]byte, error) {
	if cfg.SecretKey != "" {
		return []byte(cfg.SecretKey), nil
	}
	const keyBytes = 32
	name := filepath.Join(cfg.DataDir, "secret.key")
	kept, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		var made [keyBytes]byte
		rand.Read(made[:]) // never fails: see crypto/rand
		if err := writeNew(name, hex.EncodeToString(made[:])+"\n"); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("keeping a secret key: %w (set SECRET_KEY, or DATA_DIR to a folder that this user may write to)", err)
		}
		kept, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the secret key: %w (set SECRET_KEY)", err)
	}
	key := strings.TrimSpace(string(kept))
	if len(key) < keyBytes {
		return nil, fmt.Errorf("the secret key in %s is too short: remove the file, and another is made (everybody signs in again), or set SECRET_KEY", name)
	}
	return []byte(key), nil
}

// writeNew writes a file that only this user may read, whole or not at all. It
// fails with [fs.ErrExist] where there is one.
func writeNew(name, text string) error {
	tmp, err := os.CreateTemp(filepath.Dir(name), "*.tmp") // with 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // it has its other name by then, or is of no use
	_, err = tmp.WriteString(text)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Link(tmp.Name(), name)
}

// accountStores returns where accounts and mails are kept.
func accountStores(s store) (account.Store, mail.Queue, error) {
	switch s := s.(type) {
	case *sqlite.Store:
		return s.Accounts(), s.Outbox(), nil
	case *mongo.Store:
		return s.Accounts(), s.Outbox(), nil
	}
	return nil, nil, fmt.Errorf("accounts cannot be kept in a %T", s)
}

// OpenAccounts opens the database for a command that works on accounts. done
// closes it. Mails go out when a server runs. [sqlite.ErrLocked]: a server has
// the embedded database; on MongoDB both may work at once.
func OpenAccounts(ctx context.Context, cfg *config.Config, log *slog.Logger) (_ *Accounts, done func() error, err error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("DATA_DIR cannot be used: %w. Name a folder that this user may write to", err)
	}
	s, err := openStore(ctx, cfg, log, nil)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	users, queue, err := accountStores(s)
	if err != nil {
		return nil, nil, err
	}
	saved, holds := historyStores(s)
	a, err := NewAccounts(AccountsConfig{
		Config: cfg, Store: users, Queue: queue, URL: AccountsURL(cfg), Log: log,
		Forget: func(ctx context.Context, userID string) (int, error) {
			list, err := holds.HoldsOf(ctx, userID)
			if err != nil {
				return 0, fmt.Errorf("listing the user's channels: %w", err)
			}
			for _, h := range list {
				if _, err := holds.DropHold(ctx, h.Channel, userID); err != nil {
					return 0, fmt.Errorf("dropping the user's channels: %w", err)
				}
			}
			if _, err := learningStore(s).RemoveCorrections(ctx, userID); err != nil {
				return 0, fmt.Errorf("removing the user's corrections: %w", err)
			}
			return saved.RemoveUser(ctx, userID)
		},
	})
	if err != nil {
		return nil, nil, err
	}
	a.Learning = learningStore(s)
	return a, s.Close, nil
}

// AccountsURL is where people open the page, as far as settings tell.
func AccountsURL(cfg *config.Config) string {
	return cfg.PublicURL(fmt.Sprintf("http://localhost:%d", cfg.Port))
}

// openAccounts makes the server's accounts.
func (a *App) openAccounts() error {
	users, queue, err := accountStores(a.store)
	if err != nil {
		return err
	}
	a.accounts, err = NewAccounts(AccountsConfig{
		Config: a.opts.Config, Store: users, Queue: queue, URL: a.publicURL(), Log: a.log, Forget: a.forget, SignedOut: a.signedOut, Revoked: a.nodes.revoked, Skew: a.nodes.skew,
		PasswordCost: a.opts.PasswordCost, Now: a.opts.Now, Tracer: a.tracer,
	})
	return err
}

// addAccounts gives the API the accounts and the mail.
func (a *App) addAccounts(api *httpapi.Config) {
	api.StoreAway = storeAway
	local := doctor.Local{Config: a.opts.Config, UI: a.opts.UI, Now: a.opts.Now}
	api.Doctor = newExaminer(local.Checks, a.opts.Version, a.opts.Now)
	api.Retention = a
	api.Registration, api.MailBy = account.Registrations(a.opts.Config.Registration), a.opts.Config.MailBy()
	api.Accounts = a.accounts.Service
	if a.accounts.Mails != nil {
		api.Mails, api.Outbox = a.accounts.Mails, a.accounts.Outbox
	}
}

// publicURL is where people open the page.
func (a *App) publicURL() string {
	return a.opts.Config.PublicURL(a.origin())
}

// forget removes what else is kept of a user who is deleted.
func (a *App) forget(ctx context.Context, userID string) (int, error) {
	if a.holds != nil {
		if err := a.nodes.leaveAll(ctx, userID, true); err != nil {
			return 0, fmt.Errorf("dropping the user's channels: %w", err)
		}
	}
	if kept := learningStore(a.store); kept != nil {
		if _, err := kept.RemoveCorrections(ctx, userID); err != nil {
			return 0, fmt.Errorf("removing the user's corrections: %w", err)
		}
	}
	if a.history == nil {
		return 0, nil
	}
	return a.history.Forget(ctx, userID)
}

// signedOut gives up the channels of a user whose last session ended.
func (a *App) signedOut(ctx context.Context, userID string) {
	if a.holds == nil {
		return
	}
	if err := a.nodes.leaveAll(context.WithoutCancel(ctx), userID, false); err != nil {
		a.log.ErrorContext(ctx, "the channels of a user who signed out could not be given up", "user", userID, "error", err)
	}
}

// SetupLink returns the one-time link with which the first administrator is
// made, or "" where there is one.
func (a *App) SetupLink(ctx context.Context) (string, error) {
	token, err := a.accounts.SetupToken(ctx)
	if err != nil || token == "" {
		return "", err
	}
	return a.publicURL() + "/setup/" + token, nil
}

// noMail is the mailer of a server that sends none.
type noMail struct{}

var _ account.Mailer = noMail{}

func (noMail) Code(context.Context, string, string, string, time.Duration) error { return nil }
func (noMail) ResetLink(context.Context, string, string, string, string, time.Duration) error {
	return nil
}
func (noMail) AlreadyRegistered(context.Context, string, string) error               { return nil }
func (noMail) PasswordChanged(context.Context, string, string, time.Time) error      { return nil }
func (noMail) EmailChanged(context.Context, string, string, string, time.Time) error { return nil }
func (noMail) AccountDeleted(context.Context, string, string, time.Time) error       { return nil }
func (noMail) AccountSuspended(context.Context, string, string, time.Time) error     { return nil }
func (noMail) NewDevice(context.Context, string, string, string, string, time.Time) error {
	return nil
}
