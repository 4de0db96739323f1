package account

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	// maxEmailBytes is the longest address that mail servers must take
	// (RFC 5321, 4.5.3.1.3: a path of 256 with its brackets).
	maxEmailBytes = 254
	// maxNameLength is how long a first or last name may be, in characters.
	maxNameLength = 50
)

// EmailKey returns what makes an address unique: it is the same for addresses
// that differ only in case or in how accents are encoded. Mail goes to the
// address as its owner wrote it, never to one that only has the same key.
func EmailKey(email string) string {
	return Fold(strings.TrimSpace(email))
}

// Fold returns a text in a form in which case and the encoding of accents make
// no difference. Stores search and sort by it.
func Fold(text string) string {
	// Folding may leave a form that is not composed: compose once more.
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(text)))
}

// CheckEmail returns an address without space around it, or ErrBadEmail: one
// plain address, without a display name, of at most 254 bytes.
func CheckEmail(email string) (string, error) {
	email = strings.TrimSpace(email)
	if len(email) > maxEmailBytes || !utf8.ValidString(email) || strings.ContainsFunc(email, notInEmail) {
		return "", ErrBadEmail
	}
	addr, err := mail.ParseAddress(email)
	if err != nil || addr.Address != email {
		return "", ErrBadEmail
	}
	local, domain, _ := strings.Cut(email, "@")
	if local == "" || len(local) > 64 || !strings.Contains(domain, ".") {
		return "", ErrBadEmail
	}
	return email, nil
}

// notInEmail: what has no place in an address that people type; quoted local
// parts, which could hold nearly anything, are left out.
func notInEmail(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || strings.ContainsRune(`"<>()[],:;\`, r)
}

// checkName returns a name without space around it.
func checkName(field, name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "":
		return "", invalid(field, "%s is required", field)
	case utf8.RuneCountInString(name) > maxNameLength:
		return "", invalid(field, "%s must be at most %d characters long", field, maxNameLength)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "", invalid(field, "%s must not contain control characters", field)
	}
	return name, nil
}
