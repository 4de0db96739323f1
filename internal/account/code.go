package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

const (
	// maxTries is how often a code may be entered.
	maxTries = 5
	// legacyStep is the step of the older system's time-based codes.
	legacyStep = 10 * time.Minute
	// resetBytes is how much chance is in a reset link: 43 characters.
	resetBytes = 32
)

// newCode returns six random digits.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic(err) // crypto/rand.Reader never fails
	}
	return fmt.Sprintf("%06d", n)
}

func newSecret() []byte {
	b := make([]byte, resetBytes)
	rand.Read(b) // never fails: see crypto/rand
	return b
}

func newResetToken() string { return base64.RawURLEncoding.EncodeToString(newSecret()) }

// seal returns what is kept of a code: without the key, nobody can try all
// million codes against it.
func (s *Service) seal(userID string, p Purpose, code string) []byte {
	mac := hmac.New(sha256.New, s.codeKey)
	fmt.Fprintf(mac, "%s\x00%s\x00%s", userID, p, code)
	return mac.Sum(nil)
}

// makeCode keeps a new code for a user and returns it in clear.
func (s *Service) makeCode(ctx context.Context, userID string, p Purpose, target string) (string, error) {
	code, lifetime := newCode(), s.cfg.CodeLifetime
	if p == PurposeReset {
		code, lifetime = newResetToken(), s.cfg.ResetLifetime
	}
	now := s.now()
	err := s.store.SaveCode(ctx, Code{
		UserID: userID, Purpose: p, Hash: s.seal(userID, p, code), Target: target, CreatedAt: now, ExpiresAt: now.Add(lifetime),
	})
	if err != nil {
		return "", fmt.Errorf("keeping a code: %w", err)
	}
	return code, nil
}

// takeCode uses a code up and returns what was kept with it. A wrong one counts
// as a try. It answers ErrBadCode for anything that is not right.
func (s *Service) takeCode(ctx context.Context, userID string, p Purpose, code string) (Code, error) {
	kept, err := s.store.TryCode(ctx, userID, p, s.now(), maxTries)
	if errors.Is(err, ErrNotFound) {
		return Code{}, ErrBadCode
	}
	if err != nil {
		return Code{}, fmt.Errorf("reading a code: %w", err)
	}
	if !hmac.Equal(kept.Hash, s.seal(userID, p, strings.TrimSpace(code))) {
		return Code{}, ErrBadCode
	}
	err = s.store.UseCode(ctx, userID, p, kept.Hash)
	if errors.Is(err, ErrNotFound) {
		return Code{}, ErrBadCode
	}
	if err != nil {
		return Code{}, fmt.Errorf("using a code up: %w", err)
	}
	return kept, nil
}

// takeLegacyCode compares a code with a secret that an older system left in a
// user's document, which of finds. A wrong code is counted in the document, and
// the fifth empties the secret. The caller writes the user after a right one,
// without the secret.
func (s *Service) takeLegacyCode(ctx context.Context, u *User, of func(*Legacy) *LegacySecret, code string) error {
	secret := of(&u.Legacy)
	if secret.Secret == "" {
		return ErrBadCode
	}
	if legacyCodeRight(*secret, strings.TrimSpace(code), s.now()) {
		*secret = LegacySecret{}
		return nil
	}
	if secret.Tries++; secret.Tries >= maxTries {
		// Keep that the registration was never completed.
		u.Unverified = u.neverVerified()
		*secret = LegacySecret{}
	}
	if err := s.store.UpdateUser(ctx, u); err != nil {
		return fmt.Errorf("counting a wrong code: %w", err)
	}
	return ErrBadCode
}

// legacyCodeRight reports whether a code belongs to a secret now. The older
// system's codes died at the next multiple of ten minutes; that of the step in
// which the secret was made is valid for a full ten minutes here, as its mail said.
func legacyCodeRight(secret LegacySecret, code string, now time.Time) bool {
	if codeOf(secret.Secret, code, now) {
		return true
	}
	age := now.Sub(secret.CreatedAt) // negative where another server's clock is ahead
	return !secret.CreatedAt.IsZero() && age >= -MaxSkew && age < legacyStep && codeOf(secret.Secret, code, secret.CreatedAt)
}

func codeOf(secret, code string, at time.Time) bool {
	want, err := totp.GenerateCodeCustom(secret, at, totp.ValidateOpts{
		Period: uint(legacyStep / time.Second), Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
	return err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1
}
