package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// settingSetup is where the set-up link's secret half is kept.
const settingSetup = "setup"

// SetupToken returns the token with which the first administrator can be
// created, or "" where there is an active administrator. The token stays the
// same over restarts and on all nodes until it is used; the database alone does
// not give it away.
func (s *Service) SetupToken(ctx context.Context) (string, error) {
	needed, err := s.SetupNeeded(ctx)
	if err != nil || !needed {
		return "", err
	}
	kept, err := s.store.KeepSetting(ctx, settingSetup, newSecret())
	if err != nil {
		return "", fmt.Errorf("keeping the secret of the set-up link: %w", err)
	}
	return s.setupToken(kept), nil
}

func (s *Service) setupToken(kept []byte) string {
	mac := hmac.New(sha256.New, s.codeKey)
	mac.Write([]byte("set-up\x00"))
	mac.Write(kept)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// SetupNeeded reports whether there is no active administrator.
func (s *Service) SetupNeeded(ctx context.Context) (bool, error) {
	counts, err := s.store.CountUsers(ctx)
	if err != nil {
		return false, fmt.Errorf("counting users: %w", err)
	}
	return counts.Admins == 0, nil
}

// CheckSetup reports whether a set-up token is good; otherwise ErrBadSetup.
func (s *Service) CheckSetup(ctx context.Context, token string) error {
	_, err := s.setupKept(ctx, token)
	return err
}

// setupKept returns what is kept of a token that is good.
func (s *Service) setupKept(ctx context.Context, token string) ([]byte, error) {
	if token == "" || len(token) > maxTokenBytes {
		return nil, ErrBadSetup
	}
	needed, err := s.SetupNeeded(ctx)
	if err != nil {
		return nil, err
	}
	if !needed {
		return nil, ErrBadSetup
	}
	kept, err := s.store.KeepSetting(ctx, settingSetup, newSecret())
	if err != nil {
		return nil, fmt.Errorf("reading the secret of the set-up link: %w", err)
	}
	if !hmac.Equal([]byte(s.setupToken(kept)), []byte(token)) {
		return nil, ErrBadSetup
	}
	return kept, nil
}

// SetUp creates the first administrator with a set-up token, which is used up.
// ErrBadSetup, ErrEmailTaken.
func (s *Service) SetUp(ctx context.Context, token string, r Registration) (*User, error) {
	kept, err := s.setupKept(ctx, token)
	if err != nil {
		return nil, err
	}
	if r, err = r.check(); err != nil {
		return nil, err
	}
	hash, err := s.hasher.Hash(ctx, r.Password)
	if err != nil {
		return nil, err
	}
	// Of all who come at once with the same token, one takes it.
	err = s.store.TakeSetting(ctx, settingSetup, kept)
	if errors.Is(err, ErrNotFound) {
		return nil, ErrBadSetup
	}
	if err != nil {
		return nil, fmt.Errorf("using the set-up link up: %w", err)
	}
	now := s.now()
	u := &User{
		ID: NewID(now), Email: r.Email, FirstName: r.FirstName, LastName: r.LastName, PasswordHash: hash,
		Role: RoleAdmin, Status: StatusActive, CreatedAt: now, UpdatedAt: now,
	}
	if err := s.store.CreateUser(ctx, u); err != nil {
		// Nothing was set up: the link stays good.
		if _, keep := s.store.KeepSetting(context.WithoutCancel(ctx), settingSetup, kept); keep != nil {
			s.log.ErrorContext(ctx, "the set-up link could not be kept: the next start prints another", "error", keep)
		}
		return nil, fmt.Errorf("adding the first administrator: %w", err)
	}
	s.note(ctx, u, ActivitySetUp, "")
	return u, nil
}
