package account

import (
	"context"
	"errors"
	"fmt"
)

// Profile is what users change of themselves. nil leaves a field as it is. The
// address is changed by [Service.RequestEmailChange] and what follows it.
type Profile struct {
	FirstName *string
	LastName  *string
}

// UpdateProfile changes a user's names.
func (s *Service) UpdateProfile(ctx context.Context, userID string, p Profile) (*User, error) {
	if p.FirstName == nil && p.LastName == nil {
		return nil, ErrNothing
	}
	for _, f := range []struct {
		name  string
		value *string
	}{{"first_name", p.FirstName}, {"last_name", p.LastName}} {
		if f.value == nil {
			continue
		}
		clean, err := checkName(f.name, *f.value)
		if err != nil {
			return nil, err
		}
		*f.value = clean
	}
	return s.change(ctx, userID, func(u *User) error {
		if p.FirstName != nil {
			u.FirstName = *p.FirstName
		}
		if p.LastName != nil {
			u.LastName = *p.LastName
		}
		return nil
	})
}

// Preferences are what users choose for themselves. nil leaves one as it is.
type Preferences struct {
	AutoSave *bool // analyses are saved when they end by themselves
}

// SetPreferences changes a user's preferences.
func (s *Service) SetPreferences(ctx context.Context, userID string, p Preferences) (*User, error) {
	return s.change(ctx, userID, func(u *User) error {
		if p.AutoSave != nil {
			u.AutoSave = *p.AutoSave
		}
		return nil
	})
}

// confirm checks a user's password for an act that needs it; wrong is the
// answer when it is not right.
func (s *Service) confirm(ctx context.Context, userID, password string, wrong error) (*User, error) {
	u, err := s.store.User(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("reading a user: %w", err)
	}
	ok, _, err := s.hasher.Verify(ctx, u.PasswordHash, password)
	if err != nil {
		return nil, fmt.Errorf("checking the password of user %s: %w", userID, err)
	}
	if !ok {
		return nil, wrong
	}
	return u, nil
}

// ChangePassword replaces a password and ends all other sessions. A request
// with a token of the older system has no session: it has to sign in again.
func (s *Service) ChangePassword(ctx context.Context, id Identity, old, password string) error {
	if old == "" || password == "" {
		return invalid("new_password", "Old and new password are required")
	}
	before, err := s.confirm(ctx, id.UserID, old, ErrWrongOld)
	if err != nil {
		return err
	}
	if err := CheckPassword(password); err != nil {
		var e *Error
		if errors.As(err, &e) {
			return invalid("new_password", "%s", e.Message)
		}
		return err
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	u, err := s.change(ctx, id.UserID, func(u *User) error {
		if u.PasswordHash != before.PasswordHash {
			return ErrWrongOld // it was changed while we computed
		}
		u.PasswordHash, u.RevokedAt = hash, s.now()
		return dropLegacyReset(u)
	})
	if err != nil {
		return err
	}
	return s.passwordChanged(ctx, u, id.SessionID, ActivityPassword)
}

// RequestEmailChange is the first of three steps: it mails a code to the
// present address and returns that.
func (s *Service) RequestEmailChange(ctx context.Context, userID, newEmail, password string) (current string, err error) {
	if newEmail == "" || password == "" {
		return "", invalid("new_email", "New email and password are required")
	}
	if s.cfg.NoMail {
		return "", ErrNoMail
	}
	u, err := s.confirm(ctx, userID, password, ErrWrongPassword)
	if err != nil {
		return "", err
	}
	newEmail, err = CheckEmail(newEmail)
	if err != nil {
		return "", ErrBadEmail
	}
	if newEmail == u.Email {
		return "", ErrSameEmail
	}
	if err := s.emailFree(ctx, newEmail, userID); err != nil {
		return "", err
	}
	if err := s.dropEmailChange(ctx, u); err != nil {
		return "", err
	}
	code, err := s.makeCode(ctx, userID, PurposeCurrentEmail, newEmail)
	if err != nil {
		return "", err
	}
	s.note(ctx, u, ActivityEmailRequested, "")
	s.mailed(ctx, "e-mail change", userID, s.mail.Code(ctx, u.Email, u.Name(), code, s.cfg.CodeLifetime))
	return u.Email, nil
}

func (s *Service) emailFree(ctx context.Context, email, userID string) error {
	other, err := s.store.UserByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) || err == nil && other.ID == userID {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading a user: %w", err)
	}
	return ErrNewEmailTaken
}

// dropEmailChange forgets what was under way, of the older system too.
func (s *Service) dropEmailChange(ctx context.Context, u *User) error {
	if err := s.store.DropCodes(ctx, u.ID, PurposeCurrentEmail, PurposeNewEmail); err != nil {
		return fmt.Errorf("removing codes: %w", err)
	}
	l := u.Legacy
	if l.PendingNewEmail == "" && l.EmailChangeOTP.Secret == "" && l.NewEmailOTP.Secret == "" {
		return nil
	}
	_, err := s.change(ctx, u.ID, func(u *User) error {
		u.Legacy.PendingNewEmail, u.Legacy.EmailChangeOTP, u.Legacy.NewEmailOTP = "", LegacySecret{}, LegacySecret{}
		return nil
	})
	return err
}

// emailStep checks the code of a step and returns the user and the new address.
func (s *Service) emailStep(ctx context.Context, userID string, p Purpose, of func(*Legacy) *LegacySecret, code string) (*User, string, error) {
	if code == "" {
		return nil, "", invalid("otp", "OTP is required")
	}
	u, err := s.store.User(ctx, userID)
	if err != nil {
		return nil, "", fmt.Errorf("reading a user: %w", err)
	}
	kept, err := s.takeCode(ctx, userID, p, code)
	if err == nil {
		return u, kept.Target, nil
	}
	if !errors.Is(err, ErrBadCode) {
		return nil, "", err
	}
	if err := s.takeLegacyCode(ctx, u, of, code); err != nil {
		return nil, "", err
	}
	target, err := CheckEmail(u.Legacy.PendingNewEmail)
	if err != nil {
		return nil, "", ErrBadCode
	}
	return u, target, nil
}

// VerifyCurrentEmail is the second step: the code from the present address. It
// mails a code to the new one and returns that.
func (s *Service) VerifyCurrentEmail(ctx context.Context, userID, code string) (newEmail string, err error) {
	u, target, err := s.emailStep(ctx, userID, PurposeCurrentEmail, func(l *Legacy) *LegacySecret { return &l.EmailChangeOTP }, code)
	if err != nil {
		return "", err
	}
	if err := s.dropEmailChange(ctx, u); err != nil {
		return "", err
	}
	next, err := s.makeCode(ctx, userID, PurposeNewEmail, target)
	if err != nil {
		return "", err
	}
	s.mailed(ctx, "e-mail change", userID, s.mail.Code(ctx, target, u.Name(), next, s.cfg.CodeLifetime))
	return target, nil
}

// VerifyNewEmail is the third step: the code from the new address, which
// becomes the user's. The former one is told.
func (s *Service) VerifyNewEmail(ctx context.Context, userID, code string) (*User, error) {
	u, target, err := s.emailStep(ctx, userID, PurposeNewEmail, func(l *Legacy) *LegacySecret { return &l.NewEmailOTP }, code)
	if err != nil {
		return nil, err
	}
	former := u.Email
	u, err = s.change(ctx, userID, func(u *User) error {
		u.Email = target
		u.Legacy.PendingNewEmail, u.Legacy.EmailChangeOTP, u.Legacy.NewEmailOTP = "", LegacySecret{}, LegacySecret{}
		return dropLegacyReset(u) // that link went to the former address
	})
	if errors.Is(err, ErrEmailTaken) {
		return nil, ErrNewEmailTaken
	}
	if err != nil {
		return nil, err
	}
	if err := s.store.DropCodes(ctx, userID, PurposeReset, PurposeCurrentEmail, PurposeNewEmail); err != nil {
		return nil, fmt.Errorf("removing codes: %w", err)
	}
	s.note(ctx, u, ActivityEmailChanged, fmt.Sprintf("Email: %s → %s", former, target))
	s.mailed(ctx, "e-mail changed", userID, s.mail.EmailChanged(ctx, former, u.Name(), target, s.now()))
	return u, nil
}

// CancelEmailChange ends a change that is under way; ErrNoEmailChange: none is.
func (s *Service) CancelEmailChange(ctx context.Context, userID string) error {
	u, err := s.store.User(ctx, userID)
	if err != nil {
		return fmt.Errorf("reading a user: %w", err)
	}
	active := u.Legacy.PendingNewEmail != ""
	for _, p := range []Purpose{PurposeCurrentEmail, PurposeNewEmail} {
		_, err := s.store.Code(ctx, userID, p, s.now())
		if err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("reading a code: %w", err)
		}
		active = active || err == nil
	}
	if !active {
		return ErrNoEmailChange
	}
	return s.dropEmailChange(ctx, u)
}

// DeleteAccount deletes a user for good, with all that Config.Forget knows of,
// and returns how many things that were. The log keeps what was done, not by
// whom. ErrLastAdmin: somebody has to stay.
func (s *Service) DeleteAccount(ctx context.Context, userID, password string) (forgotten int, err error) {
	if password == "" {
		return 0, invalid("password", "Password is required")
	}
	u, err := s.confirm(ctx, userID, password, ErrWrongPassword)
	if err != nil {
		return 0, err
	}
	return s.delete(ctx, u)
}

func (s *Service) delete(ctx context.Context, u *User) (forgotten int, err error) {
	if u.ActiveAdmin() {
		// The store checks again, but by then what belongs to the user is gone.
		counts, err := s.store.CountUsers(ctx)
		if err != nil {
			return 0, fmt.Errorf("counting users: %w", err)
		}
		if counts.Admins <= 1 {
			return 0, ErrLastAdmin
		}
	}
	if s.cfg.Forget != nil {
		if forgotten, err = s.cfg.Forget(ctx, u.ID); err != nil {
			return 0, fmt.Errorf("deleting what belongs to user %s: %w", u.ID, err)
		}
	}
	if err := s.store.DeleteUser(ctx, u.ID); err != nil {
		return forgotten, fmt.Errorf("deleting a user: %w", err)
	}
	s.dropUser(u.ID)
	s.note(ctx, nil, ActivityDeleted, "")
	s.mailed(ctx, "account deleted", u.ID, s.mail.AccountDeleted(ctx, u.Email, u.Name(), s.now()))
	return forgotten, nil
}
