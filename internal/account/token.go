package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// legacyTokenLifetime is the longest lifetime that an older system gave a
// token. Its tokens do not say when they were issued: at most this long before
// they expire.
const legacyTokenLifetime = 120 * time.Minute

// maxTokenBytes bounds what is parsed. Ours have about 300 bytes.
const maxTokenBytes = 4 << 10

// claims are what an access token says: "sub", the user's id, and "exp", as
// the older system's, and "iat", "jti" and "sid", the session's id, which that
// system ignores.
type claims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid,omitempty"`
}

// accessToken signs an access token, HS256 with the server's key as it is.
func (s *Service) accessToken(userID, sessionID string, now time.Time) (token string, expires time.Time, err error) {
	expires = now.Add(s.cfg.AccessLifetime).Truncate(time.Second)
	token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: userID, ExpiresAt: jwt.NewNumericDate(expires), IssuedAt: jwt.NewNumericDate(now), ID: rand.Text(),
		},
		SessionID: sessionID,
	}).SignedString(s.cfg.SecretKey)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("signing a token: %w", err)
	}
	s.counts.issued.Add(1)
	return token, expires, nil
}

// TokenCounts count since the process started.
type TokenCounts struct {
	Issued  int64 // access tokens that were signed
	Expired int64 // requests with one that was no longer good
	Refused int64 // requests with one that never was, or whose sign-in ended
	Ended   int64 // sign-ins that were ended here before their time
}

type tokenCounters struct{ issued, expired, refused, ended atomic.Int64 }

// TokenCounts returns the counts. It is safe for concurrent use.
func (s *Service) TokenCounts() TokenCounts {
	c := &s.counts
	return TokenCounts{Issued: c.issued.Load(), Expired: c.expired.Load(), Refused: c.refused.Load(), Ended: c.ended.Load()}
}

// countRefusal counts what came of a token that was presented.
func (s *Service) countRefusal(parse, err error) {
	switch {
	case errors.Is(parse, jwt.ErrTokenExpired) && !errors.Is(parse, jwt.ErrTokenSignatureInvalid):
		s.counts.expired.Add(1)
	case err != nil && AsError(err) != nil:
		s.counts.refused.Add(1)
	}
}

// parseAccessToken checks signature, expiry and that the token is meant for us.
// Tokens of the older system lack a session.
func (s *Service) parseAccessToken(token string) (c claims, err error) {
	var parseErr error
	defer func() { s.countRefusal(parseErr, err) }()
	if len(token) > maxTokenBytes {
		return c, ErrBadToken
	}
	var parsed *jwt.Token
	parsed, parseErr = jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return s.cfg.SecretKey, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithExpirationRequired(), jwt.WithTimeFunc(s.now))
	if parseErr != nil || !ValidID(c.Subject) {
		return c, ErrBadToken
	}
	// Neither we nor the older system name an issuer or an audience. A token that
	// does was made for something else with the same key.
	if typ, ok := parsed.Header["typ"]; ok && typ != "JWT" || c.Issuer != "" || len(c.Audience) > 0 {
		return c, ErrBadToken
	}
	return c, nil
}

// refreshToken returns the refresh token of a session's generation:
// "session.generation.signature". The signature needs the server's key and the
// session's secret, so neither the key nor the database alone makes one, and
// any token that was ever valid is told from a guess.
func (s *Service) refreshToken(sess Session) string {
	return fmt.Sprintf("%s.%d.%s", sess.ID, sess.Generation, base64.RawURLEncoding.EncodeToString(s.signRefresh(sess, sess.Generation)))
}

func (s *Service) signRefresh(sess Session, generation int64) []byte {
	mac := hmac.New(sha256.New, s.refreshKey)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(generation)))
	mac.Write([]byte(sess.ID))
	mac.Write(sess.Secret)
	return mac.Sum(nil)
}

// splitRefreshToken takes a refresh token apart, unchecked.
func splitRefreshToken(token string) (session string, generation int64, signature []byte, ok bool) {
	if len(token) > maxTokenBytes {
		return "", 0, nil, false
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(parts[0]) != 2*sessionIDBytes {
		return "", 0, nil, false
	}
	generation, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || generation < 0 {
		return "", 0, nil, false
	}
	signature, err = base64.RawURLEncoding.Strict().DecodeString(parts[2])
	return parts[0], generation, signature, err == nil
}

const sessionIDBytes = 16

func newSessionID() string {
	var id [sessionIDBytes]byte
	rand.Read(id[:]) // never fails: see crypto/rand
	return hex.EncodeToString(id[:])
}
