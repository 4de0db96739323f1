package history

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/report"
)

// Bounds of links.
const (
	maxShares     = 50   // of one entry
	MaxShareHours = 8760 // a year of 365 days
	shareBytes    = 32   // of the secret
)

// Share makes a link to an active entry of a user that is good for some hours,
// 1 to MaxShareHours. chatters is how people are shown: one of
// [report.Chatters]. The token goes into the link; only its hash is kept.
func (s *Service) Share(ctx context.Context, userID, id string, hours int, chatters string) (share Share, token string, err error) {
	if hours < 1 || hours > MaxShareHours {
		return Share{}, "", invalid("expires_in_hours", "expires_in_hours is %d: give 1 to %d", hours, MaxShareHours)
	}
	shown, err := report.ParseChatters(chatters)
	if err != nil {
		return Share{}, "", invalid("chatters", "%v", err)
	}
	if _, err := s.mine(ctx, userID, id); err != nil {
		return Share{}, "", err
	}
	unlock, err := s.locks.Lock(ctx, userID)
	if err != nil {
		return Share{}, "", err
	}
	defer unlock()
	now := s.now()
	list, err := s.store.Shares(ctx, id, now)
	if err != nil {
		return Share{}, "", fmt.Errorf("listing links: %w", err)
	}
	if len(list) >= maxShares {
		return Share{}, "", &account.Error{Kind: account.KindForbidden, Message: fmt.Sprintf("There are %d links to this analysis, as many as there may be: revoke one first", len(list))}
	}
	secret := make([]byte, shareBytes)
	rand.Read(secret) // never fails (crypto/rand)
	hash := sha256.Sum256(secret)
	share = Share{
		ID: account.NewID(now), EntryID: id, UserID: userID, Hash: hash[:], Chatters: string(shown),
		CreatedAt: now, ExpiresAt: now.Add(time.Duration(hours) * time.Hour),
	}
	if err := s.store.CreateShare(ctx, share); err != nil {
		return Share{}, "", found(err, "keeping a link", ErrUnknown)
	}
	return share, base64.RawURLEncoding.EncodeToString(secret), nil
}

// Shares lists the links to an active entry of a user that are still good,
// newest first.
func (s *Service) Shares(ctx context.Context, userID, id string) ([]Share, error) {
	if _, err := s.mine(ctx, userID, id); err != nil {
		return nil, err
	}
	list, err := s.store.Shares(ctx, id, s.now())
	if err != nil {
		return nil, fmt.Errorf("listing links: %w", err)
	}
	return list, nil
}

// Revoke removes a link to an active entry of a user.
func (s *Service) Revoke(ctx context.Context, userID, id, shareID string) error {
	if _, err := s.mine(ctx, userID, id); err != nil {
		return err
	}
	if !account.ValidID(shareID) {
		return ErrNoSuchShare
	}
	return found(s.store.RemoveShare(ctx, shareID, id, userID), "removing a link", ErrNoSuchShare)
}

// Shared returns what a link shows. ErrShareUnknown: whatever the reason, also
// while the entry is in the archive. view counts that it was looked at.
func (s *Service) Shared(ctx context.Context, token string, view bool) (*Entry, Share, error) {
	secret, err := base64.RawURLEncoding.Strict().DecodeString(token[:min(len(token), 2*shareBytes)])
	if err != nil || len(secret) != shareBytes || len(token) != base64.RawURLEncoding.EncodedLen(shareBytes) {
		return nil, Share{}, ErrShareUnknown
	}
	hash := sha256.Sum256(secret)
	now := s.now()
	share, err := s.store.ShareByHash(ctx, hash[:], now)
	if err != nil {
		return nil, Share{}, found(err, "reading a link", ErrShareUnknown)
	}
	e, err := s.any(ctx, share.EntryID)
	if errors.Is(err, ErrUnknown) || err == nil && e.Status != StatusActive {
		return nil, Share{}, ErrShareUnknown
	}
	if err != nil {
		return nil, Share{}, err
	}
	if view {
		if err := s.store.CountView(ctx, share.ID, now); err != nil {
			s.log.WarnContext(ctx, "a view of a link could not be counted", "error", err)
		}
	}
	return e, share, nil
}
