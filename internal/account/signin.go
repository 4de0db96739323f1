package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Tokens are what somebody who signed in holds.
type Tokens struct {
	Access         string
	AccessExpires  time.Time
	Refresh        string
	RefreshExpires time.Time
	SessionID      string
}

// Identity is who makes a request.
type Identity struct {
	UserID    string
	Email     string
	FirstName string
	LastName  string
	Role      Role
	SessionID string    // empty: a token of the older system
	Expires   time.Time // of the token
}

// Name returns first and last name.
func (id Identity) Name() string {
	u := User{FirstName: id.FirstName, LastName: id.LastName}
	return u.Name()
}

// IsAdmin reports whether it is an administrator.
func (id Identity) IsAdmin() bool { return id.Role == RoleAdmin }

// Login checks a password and starts a session. ErrBadLogin is the answer for
// unknown addresses and wrong passwords, after the same work; whether the
// account may sign in is told only with the right password: ErrNotActive,
// ErrSuspended. A hash of an older form is made anew.
func (s *Service) Login(ctx context.Context, email, password string, from Client) (*User, Tokens, error) {
	if email == "" || password == "" {
		return nil, Tokens{}, invalid("email", "Email and password are required")
	}
	u, err := s.checkLogin(ctx, email, password, from)
	if err != nil {
		return nil, Tokens{}, err
	}
	tokens, err := s.startSession(ctx, u, from)
	if err != nil {
		return nil, Tokens{}, err
	}
	s.note(ctx, u, ActivityLogin, "")
	s.Count(ctx, Usage{SignIns: 1})
	s.rememberDevice(ctx, u, from, s.now())
	s.shrinkOldImage(ctx, u)
	return u, tokens, nil
}

// startSession starts a session of a user; the oldest of too many ends.
func (s *Service) startSession(ctx context.Context, u *User, from Client) (Tokens, error) {
	now := s.now()
	sess := Session{
		ID: newSessionID(), UserID: u.ID, Secret: newSecret(), CreatedAt: now, RotatedAt: now, ExpiresAt: now.Add(s.cfg.RefreshLifetime),
		Address: cutRunes(from.Address, maxClientText), UserAgent: cutRunes(from.UserAgent, maxClientText),
	}
	if err := s.store.CreateSession(ctx, sess); err != nil {
		return Tokens{}, fmt.Errorf("starting a session: %w", err)
	}
	if err := s.endSurplus(ctx, u.ID); err != nil {
		return Tokens{}, err
	}
	return s.tokens(sess, now)
}

// checkLogin returns the user whom address and password belong to.
func (s *Service) checkLogin(ctx context.Context, email, password string, from Client) (*User, error) {
	u, err := s.store.UserByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) {
		if err := s.hasher.Spend(ctx, password); err != nil {
			return nil, err
		}
		s.noteFailedLogin(ctx, nil, "unknown address", from)
		return nil, ErrBadLogin
	}
	if err != nil {
		return nil, fmt.Errorf("reading a user: %w", err)
	}
	ok, again, err := s.hasher.Verify(ctx, u.PasswordHash, password)
	if err != nil {
		return nil, fmt.Errorf("signing in user %s: %w", u.ID, err)
	}
	if !ok {
		s.noteFailedLogin(ctx, u, "wrong password", from)
		return nil, ErrBadLogin
	}
	switch u.Status {
	case StatusActive:
	case StatusSuspended:
		s.noteFailedLogin(ctx, u, "suspended", from)
		return nil, ErrSuspended
	default:
		s.noteFailedLogin(ctx, u, "not active", from)
		return nil, ErrNotActive
	}
	if again {
		s.rehash(ctx, u, password)
	}
	return u, nil
}

// rehash writes a password's hash in the present form. That it cannot is no
// reason to refuse the sign-in: the old one stays.
func (s *Service) rehash(ctx context.Context, u *User, password string) {
	hash, err := s.hasher.Hash(ctx, password)
	if err == nil {
		old := u.PasswordHash
		_, err = s.change(ctx, u.ID, func(u *User) error {
			if u.PasswordHash == old {
				u.PasswordHash = hash
			}
			return nil
		})
	}
	if err != nil {
		s.log.WarnContext(ctx, "a password could not be hashed anew", "user", u.ID, "error", err)
	}
}

func (s *Service) noteFailedLogin(ctx context.Context, u *User, why string, from Client) {
	s.note(ctx, u, ActivityLoginFailed, fmt.Sprintf("Reason: %s, Address: %s", why, cutRunes(from.Address, maxClientText)))
	s.Count(ctx, Usage{FailedSignIns: 1})
}

// rememberDevice mails the user about a browser that did not sign in before,
// unless it is the first of all.
func (s *Service) rememberDevice(ctx context.Context, u *User, from Client, now time.Time) {
	sum := sha256.Sum256([]byte(from.UserAgent))
	device := hex.EncodeToString(sum[:8])
	if slices.Contains(u.Devices, device) {
		return
	}
	first := len(u.Devices) == 0
	changed, err := s.change(ctx, u.ID, func(u *User) error {
		u.Devices = append(u.Devices, device)
		u.Devices = u.Devices[max(0, len(u.Devices)-maxDevices):]
		return nil
	})
	if err != nil {
		s.log.WarnContext(ctx, "a new browser could not be remembered", "user", u.ID, "error", err)
		return
	}
	*u = *changed
	if !first {
		err := s.mail.NewDevice(ctx, u.Email, u.Name(), cutRunes(from.UserAgent, maxClientText), from.Address, now)
		s.mailed(ctx, "new device", u.ID, err)
	}
}

// endSurplus ends the oldest sessions of a user who has too many.
func (s *Service) endSurplus(ctx context.Context, userID string) error {
	list, err := s.store.Sessions(ctx, userID, s.now())
	if err != nil {
		return fmt.Errorf("listing sessions: %w", err)
	}
	for _, old := range list[min(maxSessions, len(list)):] {
		if err := s.endSession(ctx, old.ID); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) endSession(ctx context.Context, id string) error {
	if err := s.store.EndSession(ctx, id); err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	s.counts.ended.Add(1)
	s.cache.drop(id)
	s.cfg.Revoked("", id)
	return nil
}

func (s *Service) tokens(sess Session, now time.Time) (Tokens, error) {
	access, expires, err := s.accessToken(sess.UserID, sess.ID, now)
	if err != nil {
		return Tokens{}, err
	}
	return Tokens{
		Access: access, AccessExpires: expires, Refresh: s.refreshToken(sess), RefreshExpires: sess.ExpiresAt, SessionID: sess.ID,
	}, nil
}

// Refresh exchanges a refresh token for new tokens. The token is used up: who
// presents it once more ends the session, since one of the two stole it.
// ErrBadToken: it is no good.
func (s *Service) Refresh(ctx context.Context, token string) (*User, Tokens, error) {
	id, generation, signature, ok := splitRefreshToken(token)
	if !ok {
		return nil, Tokens{}, ErrBadToken
	}
	for range conflictRetries {
		sess, err := s.store.Session(ctx, id)
		if errors.Is(err, ErrNotFound) {
			return nil, Tokens{}, ErrBadToken
		}
		if err != nil {
			return nil, Tokens{}, fmt.Errorf("reading a session: %w", err)
		}
		now := s.now()
		if !hmac.Equal(signature, s.signRefresh(sess, generation)) || generation > sess.Generation || !now.Before(sess.ExpiresAt) {
			return nil, Tokens{}, ErrBadToken
		}
		u, err := s.activeUser(ctx, sess.UserID)
		if err != nil {
			return nil, Tokens{}, err
		}
		if generation < sess.Generation {
			// Abs: a clock that was set back must not make the grace longer.
			if generation < sess.Generation-1 || now.Sub(sess.RotatedAt).Abs() >= s.grace() {
				return nil, Tokens{}, s.reused(ctx, u, sess)
			}
			tokens, err := s.tokens(sess, now)
			return u, tokens, err
		}
		expires := now.Add(s.cfg.RefreshLifetime)
		err = s.store.RotateSession(ctx, id, generation, now, expires)
		if errors.Is(err, ErrChanged) || errors.Is(err, ErrNotFound) {
			continue // somebody else was faster: look again
		}
		if err != nil {
			return nil, Tokens{}, fmt.Errorf("rotating a session: %w", err)
		}
		sess.Generation, sess.RotatedAt, sess.ExpiresAt = generation+1, now, expires
		tokens, err := s.tokens(sess, now)
		return u, tokens, err
	}
	return nil, Tokens{}, ErrBadToken
}

// grace is RefreshGrace, and what clocks of servers differ by.
func (s *Service) grace() time.Duration {
	if s.cfg.RefreshGrace <= 0 || s.cfg.Skew == nil {
		return s.cfg.RefreshGrace
	}
	return s.cfg.RefreshGrace + min(s.cfg.Skew(), MaxSkew)
}

func (s *Service) reused(ctx context.Context, u *User, sess Session) error {
	if err := s.endSession(ctx, sess.ID); err != nil {
		return err
	}
	s.note(ctx, u, ActivityReuse, fmt.Sprintf("Address: %s", sess.Address))
	return ErrBadToken
}

// activeUser returns a user who may use the server: otherwise ErrUserGone,
// ErrSuspended or ErrNotActive.
func (s *Service) activeUser(ctx context.Context, id string) (*User, error) {
	u, err := s.store.User(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrUserGone
	}
	if err != nil {
		return nil, fmt.Errorf("reading a user: %w", err)
	}
	switch u.Status {
	case StatusActive:
		return u, nil
	case StatusSuspended:
		return nil, ErrSuspended
	}
	return nil, ErrNotActive
}

// Authenticate tells who holds an access token. ErrBadToken: nobody;
// ErrUserGone, ErrSuspended, ErrNotActive: no longer. What another node ended
// takes effect within the cache's lifetime; what this one ended, at once. For a
// connection that stays open, call it again every few seconds.
func (s *Service) Authenticate(ctx context.Context, token string) (Identity, error) {
	c, err := s.parseAccessToken(token)
	if err != nil {
		return Identity{}, err
	}
	id, err := s.holder(ctx, c.Subject, c.SessionID, c.ExpiresAt.Time)
	s.countRefusal(nil, err)
	return id, err
}

// holder tells who a token or a connection belongs to.
func (s *Service) holder(ctx context.Context, userID, sessionID string, expires time.Time) (Identity, error) {
	now := s.now()
	key := sessionID
	if key == "" {
		key = "user " + userID
	}
	entry, epoch, ok := s.cache.get(key, now)
	// A clock that was set back must not keep entries alive.
	if !ok || entry.until.Sub(now) > s.cfg.CacheLifetime {
		var err error
		if entry, err = s.lookUp(ctx, userID, sessionID, now); err != nil {
			return Identity{}, err
		}
		entry.until = now.Add(s.cfg.CacheLifetime)
		s.cache.put(key, entry, epoch, now)
	}
	if entry.id.UserID != userID {
		return Identity{}, ErrBadToken
	}
	// A token without a session does not say when it was issued: at the earliest
	// this long before it expires.
	if sessionID == "" && !entry.revoked.IsZero() && !expires.Add(-legacyTokenLifetime).After(entry.revoked) {
		return Identity{}, ErrBadToken
	}
	id := entry.id
	id.SessionID, id.Expires = sessionID, expires
	return id, nil
}

// Recheck tells whether somebody whom Authenticate let in may still stay, for
// connections that outlast the request: whether the session goes on and the
// account is active, not whether the token is still fresh. Suspended users are
// told so, ErrSuspended; otherwise as Authenticate. The role may have changed.
func (s *Service) Recheck(ctx context.Context, id Identity) (Identity, error) {
	now, err := s.holder(ctx, id.UserID, id.SessionID, id.Expires)
	if errors.Is(err, ErrBadToken) {
		if _, why := s.activeUser(ctx, id.UserID); AsError(why) != nil {
			return Identity{}, why
		}
	}
	return now, err
}

func (s *Service) lookUp(ctx context.Context, userID, sessionID string, now time.Time) (cached, error) {
	if sessionID != "" {
		sess, err := s.store.Session(ctx, sessionID)
		if errors.Is(err, ErrNotFound) {
			return cached{}, ErrBadToken
		}
		if err != nil {
			return cached{}, fmt.Errorf("reading a session: %w", err)
		}
		if sess.UserID != userID || !now.Before(sess.ExpiresAt) {
			return cached{}, ErrBadToken
		}
	}
	u, err := s.activeUser(ctx, userID)
	if err != nil {
		return cached{}, err
	}
	role := RoleUser
	if u.IsAdmin() {
		role = RoleAdmin
	}
	return cached{
		id:      Identity{UserID: u.ID, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Role: role},
		revoked: u.RevokedAt,
	}, nil
}

// AuthenticateAdmin is Authenticate for administrators only: ErrNotAdmin.
func (s *Service) AuthenticateAdmin(ctx context.Context, token string) (Identity, error) {
	id, err := s.Authenticate(ctx, token)
	if err == nil && !id.IsAdmin() {
		return Identity{}, ErrNotAdmin
	}
	return id, err
}

// Logout ends the session of a request. A token of the older system has none:
// all of its kind that the user holds end.
func (s *Service) Logout(ctx context.Context, id Identity) error {
	if id.SessionID == "" {
		if err := s.revokeLegacy(ctx, id.UserID); err != nil {
			return err
		}
	} else if err := s.endSession(ctx, id.SessionID); err != nil {
		return err
	}
	s.note(ctx, id.user(), ActivityLogout, "")
	s.lastEnded(ctx, id.UserID)
	return nil
}

// lastEnded tells those who want to know when a user has no session any more.
func (s *Service) lastEnded(ctx context.Context, userID string) {
	if s.cfg.SignedOut == nil {
		return
	}
	list, err := s.store.Sessions(ctx, userID, s.now())
	if err != nil {
		s.log.WarnContext(ctx, "whether a user has other sessions is not known", "user", userID, "error", err)
		return
	}
	if len(list) == 0 {
		s.cfg.SignedOut(ctx, userID)
	}
}

// Renew returns another access token for somebody who holds one that is still
// good, as clients of the older system ask for. A token of that system gets a
// session with it, and so a refresh token; others keep theirs.
func (s *Service) Renew(ctx context.Context, id Identity, from Client) (*User, Tokens, error) {
	u, err := s.activeUser(ctx, id.UserID)
	if err != nil {
		return nil, Tokens{}, err
	}
	if id.SessionID == "" {
		tokens, err := s.startSession(ctx, u, from)
		return u, tokens, err
	}
	access, expires, err := s.accessToken(u.ID, id.SessionID, s.now())
	if err != nil {
		return nil, Tokens{}, err
	}
	return u, Tokens{Access: access, AccessExpires: expires, SessionID: id.SessionID}, nil
}

func (s *Service) revokeLegacy(ctx context.Context, userID string) error {
	_, err := s.change(ctx, userID, func(u *User) error {
		u.RevokedAt = s.now()
		return nil
	})
	return err
}

// LogoutEverywhere ends all sessions of a user but for one, which may be empty,
// and all tokens of the older system, and returns how many sessions ended.
func (s *Service) LogoutEverywhere(ctx context.Context, userID, except string) (int, error) {
	if err := s.revokeLegacy(ctx, userID); err != nil {
		return 0, err
	}
	n, err := s.endSessions(ctx, userID, except)
	if err == nil && except == "" {
		s.lastEnded(ctx, userID)
	}
	return n, err
}

func (s *Service) endSessions(ctx context.Context, userID, except string) (int, error) {
	ended, err := s.store.EndSessions(ctx, userID, except)
	s.dropUser(userID)
	if err != nil {
		return 0, fmt.Errorf("ending sessions: %w", err)
	}
	s.counts.ended.Add(int64(len(ended)))
	return len(ended), nil
}

// Sessions lists a user's sessions, newest first, without their secrets.
func (s *Service) Sessions(ctx context.Context, userID string) ([]Session, error) {
	list, err := s.store.Sessions(ctx, userID, s.now())
	if err != nil {
		return nil, fmt.Errorf("listing sessions: %w", err)
	}
	for i := range list {
		list[i].Secret = nil
	}
	return list, nil
}

// EndSession ends one of a user's sessions; ErrSessionUnknown: it is not the
// user's.
func (s *Service) EndSession(ctx context.Context, userID, sessionID string) error {
	sess, err := s.store.Session(ctx, sessionID)
	if errors.Is(err, ErrNotFound) || err == nil && sess.UserID != userID {
		return ErrSessionUnknown
	}
	if err != nil {
		return fmt.Errorf("reading a session: %w", err)
	}
	if err := s.endSession(ctx, sessionID); err != nil {
		return err
	}
	s.lastEnded(ctx, userID)
	return nil
}
