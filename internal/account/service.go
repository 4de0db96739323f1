package account

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Mailer sends the mails of accounts. Its methods return as soon as a mail is
// kept for sending: a mail server that is away is not their concern. to is the
// address, name what to call its owner.
type Mailer interface {
	// Code mails the code of a registration or of a step of an e-mail change.
	Code(ctx context.Context, to, name, code string, validFor time.Duration) error
	// ResetLink mails a link with which a new password may be set.
	ResetLink(ctx context.Context, to, name, userID, token string, validFor time.Duration) error
	// AlreadyRegistered tells that somebody tried to register with the address.
	AlreadyRegistered(ctx context.Context, to, name string) error
	// PasswordChanged tells that the password was changed or reset.
	PasswordChanged(ctx context.Context, to, name string, at time.Time) error
	// EmailChanged tells the former address of the new one.
	EmailChanged(ctx context.Context, to, name, newEmail string, at time.Time) error
	// AccountDeleted tells that the account is gone.
	AccountDeleted(ctx context.Context, to, name string, at time.Time) error
	// AccountSuspended tells that an administrator suspended the account.
	AccountSuspended(ctx context.Context, to, name string, at time.Time) error
	// NewDevice tells of a sign-in from a browser that was not seen before.
	NewDevice(ctx context.Context, to, name, userAgent, address string, at time.Time) error
}

// The lifetimes that a zero Config has.
const (
	// MaxSkew bounds how wrong a clock of another server may be.
	MaxSkew = 2 * time.Minute

	DefaultAccessLifetime  = 30 * time.Minute
	DefaultRefreshLifetime = 30 * 24 * time.Hour
	DefaultCodeLifetime    = 10 * time.Minute
	DefaultResetLifetime   = 24 * time.Hour
	// DefaultCacheLifetime bounds how long another node's sign-out goes unseen.
	DefaultCacheLifetime = 3 * time.Second
	// MinSecretKey is the shortest key, in bytes.
	MinSecretKey = 16
)

const (
	// maxSessions bounds a user's sessions: the oldest end.
	maxSessions = 50
	// maxDetails is how much of what was done elsewhere the log keeps, in characters.
	maxDetails = 1000
	// maxDevices bounds a user's known browsers.
	maxDevices = 20
	// maxClientText is how much of a browser's or an address's name is kept, in characters.
	maxClientText = 200
	// evenAnswer is how long an answer takes at least that must not tell known
	// from unknown addresses: longer than the writes that only known ones cause.
	evenAnswer = 50 * time.Millisecond
	// conflictRetries is how often a change is tried again that met another.
	conflictRetries = 3
)

// Registrations is who may register.
type Registrations string

// The ways.
const (
	RegistrationOpen   Registrations = "open"
	RegistrationInvite Registrations = "invite" // who has an invitation
	RegistrationClosed Registrations = "closed" // nobody; administrators create users
)

// Config is what a Service is made of. Zero values have the defaults above.
type Config struct {
	Store     Store
	Mailer    Mailer
	Hasher    *Hasher
	SecretKey []byte // signs tokens; at least MinSecretKey bytes

	AccessLifetime  time.Duration
	RefreshLifetime time.Duration
	CodeLifetime    time.Duration
	ResetLifetime   time.Duration
	CacheLifetime   time.Duration
	// RefreshGrace is how long the refresh token before the last is still good
	// for another access token, so that two tabs which refresh at once do not
	// end their session. 0: not at all.
	RefreshGrace time.Duration
	// Skew tells by how much the clocks of other servers with the same store are
	// known to differ from this one's; up to [MaxSkew] of it is added to RefreshGrace, so that
	// two tabs which refresh at different servers are no theft. nil: there are none.
	Skew func() time.Duration

	// Registration is who may register; empty: [RegistrationOpen].
	Registration Registrations
	// NoMail: no mail can be sent. Who registers is active at once, and what
	// needs a mailed code or link is refused with [ErrNoMail].
	NoMail bool
	// SignedOut is told of users whose last session was ended. It returns soon.
	// nil: nobody wants to know.
	SignedOut func(ctx context.Context, userID string)
	// Revoked is told what other servers must not remember any longer: a session,
	// or all of a user's where session is "". See [Service.Drop]. It returns at
	// once. nil: there are no other servers.
	Revoked func(userID, session string)
	// Forget removes what else is kept of a user before the account is deleted,
	// and returns how many things. nil: nothing else is kept.
	Forget func(ctx context.Context, userID string) (int, error)

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: nothing is logged
}

// Service is what can be done with accounts. It is safe for concurrent use and
// owns no goroutine. Errors for people are *Error; all others are faults.
type Service struct {
	cfg        Config
	store      Store
	mail       Mailer
	hasher     *Hasher
	images     chan struct{} // holds one while an image is decoded
	codeKey    []byte
	refreshKey []byte
	cache      cache
	counts     tokenCounters
	log        *slog.Logger
}

// NewService returns a service.
func NewService(cfg Config) (*Service, error) {
	switch {
	case cfg.Store == nil, cfg.Mailer == nil, cfg.Hasher == nil:
		return nil, errors.New("making the account service: it needs a store, a mailer and a hasher")
	case len(cfg.SecretKey) < MinSecretKey:
		return nil, fmt.Errorf("making the account service: the secret key has %d bytes, at least %d are needed (set SECRET_KEY)", len(cfg.SecretKey), MinSecretKey)
	}
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{
		{&cfg.AccessLifetime, DefaultAccessLifetime},
		{&cfg.RefreshLifetime, DefaultRefreshLifetime},
		{&cfg.CodeLifetime, DefaultCodeLifetime},
		{&cfg.ResetLifetime, DefaultResetLifetime},
		{&cfg.CacheLifetime, DefaultCacheLifetime},
	} {
		if *d.value < 0 {
			return nil, fmt.Errorf("making the account service: a lifetime is negative: %v", *d.value)
		}
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	switch cfg.Registration {
	case "":
		cfg.Registration = RegistrationOpen
	case RegistrationOpen, RegistrationInvite, RegistrationClosed:
	default:
		return nil, fmt.Errorf("making the account service: registering is %q, neither open nor invite nor closed (set REGISTRATION)", cfg.Registration)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Revoked == nil {
		cfg.Revoked = func(string, string) {}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, store: cfg.Store, mail: cfg.Mailer, hasher: cfg.Hasher, images: make(chan struct{}, 1), log: cfg.Log}
	var err error
	if s.codeKey, err = hkdf.Key(sha256.New, cfg.SecretKey, nil, "chatmood one-time codes", sha256.Size); err != nil {
		return nil, fmt.Errorf("deriving a key: %w", err)
	}
	if s.refreshKey, err = hkdf.Key(sha256.New, cfg.SecretKey, nil, "chatmood refresh tokens", sha256.Size); err != nil {
		return nil, fmt.Errorf("deriving a key: %w", err)
	}
	return s, nil
}

// now is the time in UTC, to the microsecond as stores keep it.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// even waits until an answer that began at start may be given; see evenAnswer.
// It measures real time: an injected clock does not move while it waits.
func even(ctx context.Context, start time.Time) {
	timer := time.NewTimer(evenAnswer - time.Since(start))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// change reads a user, lets do change it, and writes it; again where somebody
// else changed it meanwhile. An error of do ends it, nothing is written then.
func (s *Service) change(ctx context.Context, id string, do func(*User) error) (*User, error) {
	for try := 0; ; try++ {
		u, err := s.store.User(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("reading a user: %w", err)
		}
		if err := do(u); err != nil {
			return nil, err
		}
		u.UpdatedAt = s.now()
		err = s.store.UpdateUser(ctx, u)
		if err == nil {
			s.dropUser(id)
			return u, nil
		}
		if !errors.Is(err, ErrChanged) || try == conflictRetries {
			return nil, fmt.Errorf("changing a user: %w", err)
		}
	}
}

// dropUser makes this server and the others look at the store again.
func (s *Service) dropUser(userID string) {
	s.cache.dropUser(userID)
	s.cfg.Revoked(userID, "")
}

// Drop forgets what is remembered of a session, or of all of a user's where
// session is "": another server changed it. It tells nobody.
func (s *Service) Drop(userID, session string) {
	if session != "" {
		s.cache.drop(session)
	} else {
		s.cache.dropUser(userID)
	}
}

// mailed logs a mail that could not even be kept for sending: what the user
// asked for is done all the same.
func (s *Service) mailed(ctx context.Context, what, userID string, err error) {
	if err != nil {
		s.log.ErrorContext(ctx, "a mail could not be kept for sending", "mail", what, "user", userID, "error", err)
	}
}

// note writes to the activity log. That it cannot is logged, and no reason to
// refuse what was asked for.
func (s *Service) note(ctx context.Context, u *User, activity, details string) {
	a := Activity{Activity: activity, Details: details}
	if u != nil {
		a.UserID, a.UserName = u.ID, u.Name()
	}
	if err := s.appendLog(ctx, a); err != nil {
		s.log.ErrorContext(ctx, "the activity log could not be written", "activity", activity, "user", a.UserID, "error", err)
	}
}

func (s *Service) appendLog(ctx context.Context, a Activity) error {
	a.CreatedAt = s.now()
	a.ID = NewID(a.CreatedAt)
	return s.store.AppendLog(ctx, a)
}

// Note writes what a user did elsewhere, one of the Activity constants, to the
// activity log.
func (s *Service) Note(ctx context.Context, id Identity, activity, details string) error {
	if err := s.appendLog(ctx, Activity{UserID: id.UserID, UserName: id.Name(), Activity: activity, Details: cutRunes(details, maxDetails)}); err != nil {
		return fmt.Errorf("writing the activity log: %w", err)
	}
	return nil
}

// NoteServer writes what the server itself did to the activity log.
func (s *Service) NoteServer(ctx context.Context, activity, details string) {
	s.note(ctx, nil, activity, cutRunes(details, maxDetails))
}

// User returns a user with everything, the profile image too.
func (s *Service) User(ctx context.Context, id string) (*User, error) {
	u, err := s.store.User(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("reading a user: %w", err)
	}
	return u, nil
}

// DropExpired removes expired sessions and codes; call it now and then.
func (s *Service) DropExpired(ctx context.Context) (int64, error) {
	n, err := s.store.DropExpired(ctx, s.now())
	if err != nil {
		return 0, fmt.Errorf("removing expired sessions and codes: %w", err)
	}
	return n, nil
}
