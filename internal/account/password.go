package account

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

const (
	// minPassword and maxPassword are lengths in characters.
	minPassword = 8
	maxPassword = 128
	// bcryptBytes is how much of a password bcrypt reads.
	bcryptBytes = 72
	// DefaultCost is bcrypt's cost: 2^12 rounds.
	DefaultCost = 12

	// What stored hashes may ask for, so that a strange document cannot take the
	// machine: rounds and bytes.
	maxBcryptCost   = 15
	maxPBKDF2Rounds = 5_000_000
	maxScryptBytes  = 128 << 20
	maxScryptP      = 4

	// maxWaiting bounds how many wait for a turn to hash.
	maxWaiting = 64
)

// passwordSigns are the characters that count as special, and only these.
const passwordSigns = "!@#$%^&*(),.?\":{}|<>"

// CheckPassword tells the first rule that a password breaks, or nil.
func CheckPassword(password string) error {
	has := func(in func(r rune) bool) bool { return strings.ContainsFunc(password, in) }
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return invalid("password", "Password must be at least %d characters long", minPassword)
	case !has(func(r rune) bool { return 'A' <= r && r <= 'Z' }):
		return invalid("password", "Password must include at least one uppercase letter")
	case !has(func(r rune) bool { return 'a' <= r && r <= 'z' }):
		return invalid("password", "Password must include at least one lowercase letter")
	case !has(func(r rune) bool { return '0' <= r && r <= '9' }):
		return invalid("password", "Password must include at least one number")
	case !strings.ContainsAny(password, passwordSigns):
		return invalid("password", "Password must include at least one special character")
	case utf8.RuneCountInString(password) > maxPassword:
		return invalid("password", "Password must be at most %d characters long", maxPassword)
	case !utf8.ValidString(password) || strings.ContainsRune(password, 0):
		return invalid("password", "Password must be text without null characters")
	case isCommon(password):
		return invalid("password", "Password is one of the most common ones; choose another")
	}
	return nil
}

// commonStems are the words of which most guessed passwords that satisfy the
// rules above are made: the word, capitalised, with a number and a sign.
var commonStems = map[string]bool{
	"password": true, "passwort": true, "pass": true, "passw": true, "qwerty": true, "qwertz": true, "azerty": true, "qwe": true, "asd": true,
	"abc": true, "abcd": true, "admin": true, "administrator": true, "root": true, "welcome": true, "letmein": true,
	"login": true, "test": true, "testing": true, "user": true, "hello": true, "iloveyou": true, "monkey": true,
	"dragon": true, "football": true, "baseball": true, "master": true, "sunshine": true, "princess": true, "shadow": true,
	"superman": true, "batman": true, "changeme": true, "secret": true, "default": true, "summer": true, "winter": true,
	"spring": true, "autumn": true, "twitch": true, "chatmood": true, "computer": true, "internet": true, "company": true,
}

// commonTails are the numbers that people put behind such a word.
var commonTails = map[string]bool{
	"1": true, "12": true, "123": true, "1234": true, "12345": true, "123456": true, "1234567": true, "12345678": true,
	"123456789": true, "01": true, "11": true, "69": true, "666": true, "777": true, "321": true, "007": true, "0": true, "00": true, "000": true,
}

// isCommon reports whether a password is a common word with common figures and
// signs, however capitalised and with 0, 1, 3, 4, 5, $ and @ for letters.
func isCommon(password string) bool {
	lower := strings.ToLower(password)
	word := strings.TrimRight(lower, passwordSigns)
	stem := strings.TrimRight(word, "0123456789")
	tail := word[len(stem):]
	year := len(tail) == 4 && (strings.HasPrefix(tail, "19") || strings.HasPrefix(tail, "20"))
	if tail != "" && !year && !commonTails[tail] {
		return false
	}
	stem = strings.Trim(stem, passwordSigns+"_-")
	plain := strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "@", "a", "$", "s", "!", "i")
	return commonStems[stem] || commonStems[plain.Replace(stem)]
}

// Hasher makes and verifies password hashes. It bounds how many are computed at
// once, so that sign-ins leave processors to everything else. It is safe for
// concurrent use.
type Hasher struct {
	cost    int
	slots   chan struct{}
	waiting atomic.Int64
	dummy   string // a hash of this cost that no password has
}

// NewHasher returns a hasher. atOnce is how many hashes are computed at the
// same time; 0: half the processors, at least one. cost is bcrypt's; 0:
// DefaultCost.
func NewHasher(cost, atOnce int) (*Hasher, error) {
	if cost == 0 {
		cost = DefaultCost
	}
	if cost < bcrypt.MinCost || cost > maxBcryptCost {
		return nil, fmt.Errorf("making a password hasher: cost %d is not between %d and %d", cost, bcrypt.MinCost, maxBcryptCost)
	}
	if atOnce <= 0 {
		atOnce = max(1, runtime.GOMAXPROCS(0)/2)
	}
	dummy := fmt.Sprintf("$2b$%02d$%s", cost, strings.Repeat(".", 22+31))
	return &Hasher{cost: cost, slots: make(chan struct{}, atOnce), dummy: dummy}, nil
}

// turn waits for a turn to compute, or fails with ErrBusy when too many do.
func (h *Hasher) turn(ctx context.Context) (done func(), err error) {
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return nil, ErrBusy
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Hash returns the stored form of a password: "$2b$12$…", which the older
// system reads too. bcrypt reads 72 bytes and no more; a longer password is
// hashed with SHA-256 first and its form says so: "$bcrypt-sha256$2b,12$…", as
// passlib's bcrypt_sha256 version 1. The older system cannot read that one:
// there, such a user resets the password.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	input := []byte(password)
	if len(input) > bcryptBytes {
		input = prehash(password)
	}
	made, err := bcrypt.GenerateFromPassword(input, h.cost)
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	// "$2a$" and "$2b$" are the same for what Go computes; the latter is what
	// the older system writes.
	hash := "$2b$" + strings.TrimPrefix(string(made), "$2a$")
	if len(password) > bcryptBytes {
		cost, rest := hash[4:6], hash[7:]
		hash = fmt.Sprintf("%s2b,%s$%s$%s", prehashPrefix, cost, rest[:22], rest[22:])
	}
	return hash, nil
}

const prehashPrefix = "$bcrypt-sha256$"

func prehash(password string) []byte {
	sum := sha256.Sum256([]byte(password))
	return base64.StdEncoding.AppendEncode(nil, sum[:])
}

// Verify reports whether a password has a stored hash, of any of these forms:
// "$2a$", "$2b$", "$2y$" (the first 72 bytes count), "$bcrypt-sha256$2a,…" or
// "2b,…", "pbkdf2:sha256:rounds$salt$hex" and "scrypt:N:r:p$salt$hex". A form
// that is none of these, or asks for too much, is an error. again reports that
// the password is right and its hash should be made anew, now that the password
// is known; that never turns a hash which the older system reads into one it does not.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (ok, again bool, err error) {
	done, err := h.turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	switch {
	case strings.HasPrefix(hash, "$2"):
		ok, err = verifyBcrypt(hash, []byte(password))
		again = !strings.HasPrefix(hash, fmt.Sprintf("$2b$%02d$", h.cost))
	case strings.HasPrefix(hash, prehashPrefix):
		ok, err = verifyPrehashed(hash, password)
	case strings.HasPrefix(hash, "pbkdf2:sha256:"):
		ok, err = verifyPBKDF2(hash, password)
		again = true
	case strings.HasPrefix(hash, "scrypt:"):
		ok, err = verifyScrypt(hash, password)
		again = true
	default:
		err = fmt.Errorf("verifying a password: its stored hash has an unknown form")
	}
	return ok, ok && again && len(password) <= bcryptBytes, err
}

// Spend takes the time of verifying a password for an account that does not
// exist.
func (h *Hasher) Spend(ctx context.Context, password string) error {
	_, _, err := h.Verify(ctx, h.dummy, password)
	return err
}

func verifyBcrypt(hash string, password []byte) (bool, error) {
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil {
		return false, fmt.Errorf("verifying a password: its bcrypt hash is damaged: %w", err)
	}
	if cost > maxBcryptCost {
		return false, fmt.Errorf("verifying a password: its bcrypt hash has cost %d, at most %d is computed", cost, maxBcryptCost)
	}
	password = password[:min(len(password), bcryptBytes)]
	// "2y" is PHP's name of the same.
	err = bcrypt.CompareHashAndPassword([]byte("$2a"+hash[3:]), password)
	if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("verifying a password: its bcrypt hash is damaged: %w", err)
	}
	return true, nil
}

func verifyPrehashed(hash, password string) (bool, error) {
	variant, rest, _ := strings.Cut(strings.TrimPrefix(hash, prehashPrefix), "$")
	salt, digest, found := strings.Cut(rest, "$")
	ident, cost, _ := strings.Cut(variant, ",")
	if !found || len(salt) != 22 || len(cost) == 0 || (ident != "2a" && ident != "2b") {
		return false, fmt.Errorf("verifying a password: its bcrypt-sha256 hash has an unknown form")
	}
	if len(cost) == 1 {
		cost = "0" + cost
	}
	return verifyBcrypt("$2b$"+cost+"$"+salt+digest, prehash(password))
}

func verifyPBKDF2(hash, password string) (bool, error) {
	method, salt, want, err := splitHash(hash, sha256.Size)
	if err != nil {
		return false, err
	}
	rounds, err := strconv.Atoi(strings.TrimPrefix(method, "pbkdf2:sha256:"))
	if err != nil || rounds < 1 || rounds > maxPBKDF2Rounds {
		return false, fmt.Errorf("verifying a password: %q does not name 1 to %d rounds", method, maxPBKDF2Rounds)
	}
	got, err := pbkdf2.Key(sha256.New, password, []byte(salt), rounds, sha256.Size)
	if err != nil {
		return false, fmt.Errorf("verifying a password: %w", err)
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func verifyScrypt(hash, password string) (bool, error) {
	const keyBytes = 64
	method, salt, want, err := splitHash(hash, keyBytes)
	if err != nil {
		return false, err
	}
	parts := strings.Split(method, ":")
	var p [3]int
	for i := range p {
		if len(parts) != 4 {
			break
		}
		if p[i], err = strconv.Atoi(parts[i+1]); err != nil || p[i] < 1 || p[i] > maxScryptBytes/128 {
			p[i] = 0
		}
	}
	if p[0] == 0 || p[1] == 0 || p[2] == 0 || p[2] > maxScryptP || int64(p[0])*int64(p[1])*128 > maxScryptBytes {
		return false, fmt.Errorf("verifying a password: %q does not name parameters within %d bytes", method, maxScryptBytes)
	}
	got, err := scrypt.Key([]byte(password), []byte(salt), p[0], p[1], p[2], keyBytes)
	if err != nil {
		return false, fmt.Errorf("verifying a password: %w", err)
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// splitHash takes "method$salt$hex" apart.
func splitHash(hash string, keyBytes int) (method, salt string, key []byte, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) == 3 && parts[1] != "" {
		if key, err = hex.DecodeString(parts[2]); err == nil && len(key) == keyBytes {
			return parts[0], parts[1], key, nil
		}
	}
	return "", "", nil, fmt.Errorf("verifying a password: its stored hash is damaged")
}
