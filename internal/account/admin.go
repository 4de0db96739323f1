package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ListUsers lists users, without hashes and secrets.
func (s *Service) ListUsers(ctx context.Context, q UserQuery) (UserPage, error) {
	page, err := s.store.Users(ctx, q.Clean())
	if err != nil {
		return UserPage{}, fmt.Errorf("listing users: %w", err)
	}
	return page, nil
}

// CountUsers counts users.
func (s *Service) CountUsers(ctx context.Context) (UserCounts, error) {
	counts, err := s.store.CountUsers(ctx)
	if err != nil {
		return UserCounts{}, fmt.Errorf("counting users: %w", err)
	}
	return counts, nil
}

// UserUpdate is what an administrator sets of a user; all of it is required.
type UserUpdate struct {
	FirstName string
	LastName  string
	Email     string
	Role      Role
	Status    Status
}

func (n UserUpdate) check() (UserUpdate, error) {
	if n == (UserUpdate{}) {
		return n, ErrNothing
	}
	for _, f := range []struct{ name, value string }{
		{"first_name", n.FirstName}, {"last_name", n.LastName}, {"email", n.Email}, {"role", string(n.Role)}, {"status", string(n.Status)},
	} {
		if f.value == "" {
			return n, invalid(f.name, "%s is required", f.name)
		}
	}
	switch n.Status {
	case StatusActive, StatusNotActive, StatusSuspended:
	default:
		return n, ErrBadStatus
	}
	if n.Role != RoleUser && n.Role != RoleAdmin {
		return n, ErrBadRole
	}
	return n, nil
}

// UpdateUser sets what an administrator changed of a user. A change of role,
// status or address ends the user's sessions. ErrLastAdmin: nobody would be
// left to administer.
func (s *Service) UpdateUser(ctx context.Context, actor Identity, userID string, n UserUpdate) (*User, error) {
	n, err := n.check()
	if err != nil {
		return nil, err
	}
	var before User
	u, err := s.change(ctx, userID, func(u *User) error {
		before = *u
		// What an older system let in may stay as it is; what is new must be right.
		var err error
		if n.FirstName != u.FirstName {
			if u.FirstName, err = checkName("first_name", n.FirstName); err != nil {
				return err
			}
		}
		if n.LastName != u.LastName {
			if u.LastName, err = checkName("last_name", n.LastName); err != nil {
				return err
			}
		}
		if n.Email != u.Email {
			if u.Email, err = CheckEmail(n.Email); err != nil {
				return err
			}
		}
		u.Role = n.Role
		if n.Status != u.Status {
			// Whoever is made active or taken out of use here is no registration
			// that waits for its code.
			u.Status, u.Unverified, u.Legacy.OTP = n.Status, false, LegacySecret{}
		}
		if u.Role != before.Role || u.Status != before.Status || u.Email != before.Email {
			u.RevokedAt = s.now()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if u.Role != before.Role || u.Status != before.Status || u.Email != before.Email {
		if _, err := s.endSessions(ctx, userID, ""); err != nil {
			return nil, err
		}
		if err := s.store.DropCodes(ctx, userID, PurposeVerify, PurposeReset, PurposeCurrentEmail, PurposeNewEmail); err != nil {
			return nil, fmt.Errorf("removing codes: %w", err)
		}
		s.lastEnded(ctx, userID)
	}
	if changes := changesOf(&before, u); changes != "" {
		s.note(ctx, actor.user(), ActivityUserUpdated, fmt.Sprintf("Updated user: %s - Changes: %s", u.Email, changes))
	}
	now := s.now()
	if u.Email != before.Email {
		s.mailed(ctx, "e-mail changed", u.ID, s.mail.EmailChanged(ctx, before.Email, u.Name(), u.Email, now))
	}
	if u.Status == StatusSuspended && before.Status != StatusSuspended {
		s.mailed(ctx, "account suspended", u.ID, s.mail.AccountSuspended(ctx, u.Email, u.Name(), now))
	}
	return u, nil
}

func (id Identity) user() *User {
	return &User{ID: id.UserID, FirstName: id.FirstName, LastName: id.LastName}
}

// changesOf tells in the older system's words what was changed.
func changesOf(before, after *User) string {
	var list []string
	for _, f := range []struct{ name, from, to string }{
		{"Name", before.Name(), after.Name()},
		{"Email", before.Email, after.Email},
		{"Role", string(before.Role), string(after.Role)},
		{"Status", string(before.Status), string(after.Status)},
	} {
		if f.from != f.to {
			list = append(list, fmt.Sprintf("%s: %s → %s", f.name, f.from, f.to))
		}
	}
	return strings.Join(list, "; ")
}

// DeleteUser deletes a user for the command line; see [Service.RemoveUser].
func (s *Service) DeleteUser(ctx context.Context, userID string) (forgotten int, err error) {
	return s.RemoveUser(ctx, Identity{}, userID)
}

// RemoveUser deletes another user for an administrator; an empty actor is the
// command line. See [Service.DeleteAccount].
func (s *Service) RemoveUser(ctx context.Context, actor Identity, userID string) (forgotten int, err error) {
	if actor.UserID == userID {
		return 0, ErrOwnAccount
	}
	u, err := s.store.User(ctx, userID)
	if err != nil {
		return 0, fmt.Errorf("reading a user: %w", err)
	}
	forgotten, err = s.delete(ctx, u)
	if err == nil {
		s.note(ctx, actor.user(), ActivityUserDeleted, "")
	}
	return forgotten, err
}

// SignOutUser ends all sessions of a user for an administrator and returns how
// many those were.
func (s *Service) SignOutUser(ctx context.Context, actor Identity, userID string) (int, error) {
	u, err := s.store.User(ctx, userID)
	if err != nil {
		return 0, fmt.Errorf("reading a user: %w", err)
	}
	n, err := s.LogoutEverywhere(ctx, userID, "")
	if err == nil {
		s.note(ctx, actor.user(), ActivityUserSignedOut, fmt.Sprintf("User: %s, Sessions: %d", u.Email, n))
	}
	return n, err
}

// OfferReset mails an active user a link to set a new password, for an
// administrator. Where no mail can be sent it returns the secret of the link,
// which the administrator has to bring to the user.
func (s *Service) OfferReset(ctx context.Context, actor Identity, userID string) (u *User, token string, err error) {
	u, token, err = s.MakeReset(ctx, actor, userID)
	if err != nil || s.cfg.NoMail {
		return u, token, err
	}
	s.mailed(ctx, "password reset", u.ID, s.mail.ResetLink(ctx, u.Email, u.Name(), u.ID, token, s.cfg.ResetLifetime))
	return u, "", nil
}

// MakeReset is OfferReset without a mail: it returns the secret of the link.
func (s *Service) MakeReset(ctx context.Context, actor Identity, userID string) (u *User, token string, err error) {
	u, err = s.store.User(ctx, userID)
	if err != nil {
		return nil, "", fmt.Errorf("reading a user: %w", err)
	}
	if u.Status != StatusActive {
		return nil, "", &Error{KindConflict, "", "Only active users can set a new password: change the status first"}
	}
	if u.Legacy.ResetToken != "" {
		if u, err = s.change(ctx, userID, dropLegacyReset); err != nil {
			return nil, "", err
		}
	}
	if token, err = s.makeCode(ctx, u.ID, PurposeReset, ""); err != nil {
		return nil, "", err
	}
	s.note(ctx, actor.user(), ActivityResetOffered, "User: "+u.Email)
	return u, token, nil
}

// UserByEmail returns a user for the command line.
func (s *Service) UserByEmail(ctx context.Context, email string) (*User, error) {
	u, err := s.store.UserByEmail(ctx, email)
	if err != nil {
		return nil, fmt.Errorf("reading the user %q: %w", email, err)
	}
	return u, nil
}

// Logs lists entries of the activity log.
func (s *Service) Logs(ctx context.Context, q LogQuery) (LogPage, error) {
	page, err := s.store.Logs(ctx, q.Clean())
	if err != nil {
		return LogPage{}, fmt.Errorf("reading the activity log: %w", err)
	}
	return page, nil
}

// maxLogAge bounds an age in days: a hundred years.
const maxLogAge = 36_500

// CleanUpLogs removes log entries of at least an age in days, 0 to 36,500, and
// returns how many. actor may be empty: the server itself does it.
func (s *Service) CleanUpLogs(ctx context.Context, actor Identity, days int) (int64, error) {
	if days < 0 || days > maxLogAge {
		return 0, invalid("days", "days must be between 0 and %d", maxLogAge)
	}
	n, err := s.store.CleanUpLogs(ctx, s.now().Add(-time.Duration(days)*24*time.Hour))
	if err != nil {
		return 0, fmt.Errorf("cleaning up the activity log: %w", err)
	}
	if n > 0 {
		s.note(ctx, actor.user(), ActivityLogsCleaned, fmt.Sprintf("Entries: %d, Days: %d", n, days))
	}
	return n, nil
}

// AsError returns the error for people in an error, or nil: then it is a fault.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}
