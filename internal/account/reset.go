package account

import (
	"context"
	"crypto/hmac"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"
)

// ForgotPassword mails a link to set a new password, if there is an active
// account. The answer does not tell; what stays away for others is the mail.
func (s *Service) ForgotPassword(ctx context.Context, email string) error {
	if email == "" {
		return invalid("email", "Email is required")
	}
	defer even(ctx, time.Now())
	if s.cfg.NoMail {
		return nil
	}
	u, err := s.store.UserByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading a user: %w", err)
	}
	if u.Status != StatusActive {
		return nil
	}
	if u.Legacy.ResetToken != "" { // the new link replaces it
		if u, err = s.change(ctx, u.ID, dropLegacyReset); err != nil {
			return err
		}
	}
	token, err := s.makeCode(ctx, u.ID, PurposeReset, "")
	if err != nil {
		return err
	}
	s.mailed(ctx, "password reset", u.ID, s.mail.ResetLink(ctx, u.Email, u.Name(), u.ID, token, s.cfg.ResetLifetime))
	return nil
}

func dropLegacyReset(u *User) error {
	u.Legacy.ResetToken, u.Legacy.ResetExpires = "", time.Time{}
	return nil
}

// ValidateReset reports whether a reset link is good; otherwise ErrBadLink. It
// does not use it up.
func (s *Service) ValidateReset(ctx context.Context, userID, token string) error {
	_, err := s.resetLink(ctx, userID, token)
	return err
}

// resetLink returns the user whom a link belongs to. 32 random bytes need no
// counting of tries.
func (s *Service) resetLink(ctx context.Context, userID, token string) (*User, error) {
	if !ValidID(userID) || token == "" || len(token) > maxTokenBytes {
		return nil, ErrBadLink
	}
	u, err := s.store.User(ctx, userID)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrBadLink
	}
	if err != nil {
		return nil, fmt.Errorf("reading a user: %w", err)
	}
	if u.Status != StatusActive {
		return nil, ErrBadLink
	}
	code, err := s.store.Code(ctx, userID, PurposeReset, s.now())
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, fmt.Errorf("reading a code: %w", err)
	}
	if err == nil && hmac.Equal(code.Hash, s.seal(userID, PurposeReset, token)) {
		return u, nil
	}
	old := u.Legacy
	if old.ResetToken != "" && s.now().Before(old.ResetExpires) && subtle.ConstantTimeCompare([]byte(old.ResetToken), []byte(token)) == 1 {
		return u, nil
	}
	return nil, ErrBadLink
}

// ResetPassword sets a new password by a link, which is used up, and ends all
// sessions and tokens of the user.
func (s *Service) ResetPassword(ctx context.Context, userID, token, password string) error {
	if userID == "" || token == "" || password == "" {
		return invalid("token", "User ID, token and password are required")
	}
	if err := CheckPassword(password); err != nil {
		return err
	}
	u, err := s.resetLink(ctx, userID, token)
	if err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	if u.Legacy.ResetToken == "" {
		err := s.store.UseCode(ctx, userID, PurposeReset, s.seal(userID, PurposeReset, token))
		if errors.Is(err, ErrNotFound) {
			return ErrBadLink
		}
		if err != nil {
			return fmt.Errorf("using a link up: %w", err)
		}
	}
	old := u.Legacy.ResetToken
	u, err = s.change(ctx, userID, func(u *User) error {
		if u.Legacy.ResetToken != old {
			return ErrBadLink // somebody else used it
		}
		u.PasswordHash, u.RevokedAt = hash, s.now()
		return dropLegacyReset(u)
	})
	if err != nil {
		return err
	}
	return s.passwordChanged(ctx, u, "", ActivityPasswordReset)
}

// passwordChanged ends what the old password started and tells the owner.
func (s *Service) passwordChanged(ctx context.Context, u *User, except, activity string) error {
	if _, err := s.endSessions(ctx, u.ID, except); err != nil {
		return err
	}
	if err := s.store.DropCodes(ctx, u.ID, PurposeReset, PurposeCurrentEmail, PurposeNewEmail); err != nil {
		return fmt.Errorf("removing codes: %w", err)
	}
	s.note(ctx, u, activity, "")
	s.mailed(ctx, "password changed", u.ID, s.mail.PasswordChanged(ctx, u.Email, u.Name(), s.now()))
	return nil
}

// SetPassword gives a user a new password without the old one, for the command
// line, and ends all sessions.
func (s *Service) SetPassword(ctx context.Context, userID, password string) error {
	if err := CheckPassword(password); err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	u, err := s.change(ctx, userID, func(u *User) error {
		u.PasswordHash, u.RevokedAt = hash, s.now()
		return dropLegacyReset(u)
	})
	if err != nil {
		return err
	}
	return s.passwordChanged(ctx, u, "", ActivityPasswordReset)
}
