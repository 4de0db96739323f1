package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"
)

// The bounds of invitations.
const (
	DefaultInviteLifetime = 7 * 24 * time.Hour
	MaxInviteLifetime     = 365 * 24 * time.Hour
	MaxInviteUses         = 1000
	// maxInvites bounds a list of invitations.
	maxInvites = 1000
)

// InviteOrder is what an administrator wants an invitation to be.
type InviteOrder struct {
	Email    string        // the only address that may use it; empty: any
	Role     Role          // of who registers with it; empty: RoleUser
	Uses     int           // how many may register with it; 0: one
	Lifetime time.Duration // 0: DefaultInviteLifetime
}

// sealInvite returns what is kept of an invitation's code.
func (s *Service) sealInvite(code string) []byte {
	mac := hmac.New(sha256.New, s.codeKey)
	mac.Write([]byte("invitation\x00" + code))
	return mac.Sum(nil)
}

// CreateInvite makes an invitation and returns it with its code, which is not
// kept.
func (s *Service) CreateInvite(ctx context.Context, actor Identity, o InviteOrder) (code string, _ Invite, err error) {
	if o.Email != "" {
		if o.Email, err = CheckEmail(o.Email); err != nil {
			return "", Invite{}, err
		}
	}
	switch o.Role {
	case "":
		o.Role = RoleUser
	case RoleUser, RoleAdmin:
	default:
		return "", Invite{}, ErrBadRole
	}
	if o.Uses == 0 {
		o.Uses = 1
	}
	if o.Uses < 1 || o.Uses > MaxInviteUses {
		return "", Invite{}, invalid("uses", "uses must be between 1 and %d", MaxInviteUses)
	}
	if o.Lifetime == 0 {
		o.Lifetime = DefaultInviteLifetime
	}
	if o.Lifetime < time.Minute || o.Lifetime > MaxInviteLifetime {
		return "", Invite{}, invalid("expires_in_hours", "An invitation is good for at most %.0f hours", MaxInviteLifetime.Hours())
	}
	code = newResetToken()
	now := s.now()
	i := Invite{
		ID: NewID(now), Hash: s.sealInvite(code), Email: o.Email, Role: o.Role, Uses: o.Uses,
		CreatedBy: actor.UserID, CreatedAt: now, ExpiresAt: now.Add(o.Lifetime),
	}
	if err := s.store.CreateInvite(ctx, i); err != nil {
		return "", Invite{}, fmt.Errorf("keeping an invitation: %w", err)
	}
	s.note(ctx, actor.user(), ActivityInvited, fmt.Sprintf("Email: %s, Role: %s, Uses: %d", orAny(i.Email), i.Role, i.Uses))
	return code, i, nil
}

func orAny(text string) string {
	if text == "" {
		return "any"
	}
	return text
}

// Invites lists invitations that did not expire, used up or not, newest first.
func (s *Service) Invites(ctx context.Context) ([]Invite, error) {
	list, err := s.store.Invites(ctx, s.now(), maxInvites)
	if err != nil {
		return nil, fmt.Errorf("listing the invitations: %w", err)
	}
	return list, nil
}

// RevokeInvite takes an invitation back; ErrInviteUnknown: there is none.
func (s *Service) RevokeInvite(ctx context.Context, actor Identity, id string) error {
	if !ValidID(id) {
		return ErrInviteUnknown
	}
	err := s.store.DeleteInvite(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return ErrInviteUnknown
	}
	if err != nil {
		return fmt.Errorf("removing an invitation: %w", err)
	}
	s.note(ctx, actor.user(), ActivityInviteRevoked, "Invitation: "+id)
	return nil
}

// Invite returns the invitation with a code; ErrBadInvite: it is good for
// nobody (any more).
func (s *Service) Invite(ctx context.Context, code string) (Invite, error) {
	if code == "" || len(code) > maxTokenBytes {
		return Invite{}, ErrBadInvite
	}
	i, err := s.store.InviteByHash(ctx, s.sealInvite(code), s.now())
	if errors.Is(err, ErrNotFound) {
		return Invite{}, ErrBadInvite
	}
	if err != nil {
		return Invite{}, fmt.Errorf("reading an invitation: %w", err)
	}
	return i, nil
}

// invited returns the invitation that a registration comes with, nil for none.
func (s *Service) invited(ctx context.Context, r Registration) (*Invite, error) {
	if r.Invite == "" {
		return nil, nil //nolint:nilnil // none is no error
	}
	i, err := s.Invite(ctx, r.Invite)
	if err != nil {
		return nil, err
	}
	if i.Email != "" && EmailKey(i.Email) != EmailKey(r.Email) {
		return nil, ErrOthersInvite
	}
	return &i, nil
}
