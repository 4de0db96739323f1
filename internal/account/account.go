// Package account knows who may use the server: users, their passwords and
// one-time codes, sign-ins, roles, and the log of what they did.
//
// It keeps what an older system wrote readable: its documents, its password
// hashes, its pending codes and links, and its tokens. What it writes, that
// system can read, with the one exception that [Hasher.Hash] names.
package account

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Role is what a user may do.
type Role string

// The roles. Any other text, which an older system allowed, counts as RoleUser.
const (
	RoleUser  Role = "user"
	RoleAdmin Role = "admin"
)

// Status is whether a user may sign in.
type Status string

// The statuses. Only StatusActive may sign in.
const (
	StatusNotActive Status = "not_active"
	StatusActive    Status = "active"
	StatusSuspended Status = "suspended"
)

// User is an account.
type User struct {
	ID           string // 24 hexadecimal digits
	Email        string // as its owner wrote it; unique by [EmailKey]
	FirstName    string
	LastName     string
	PasswordHash string // see [Hasher]
	Role         Role
	Status       Status
	ProfileImage string // a data URL, or empty
	CreatedAt    time.Time
	UpdatedAt    time.Time

	// Unverified: registered, and the code was never entered. It tells such an
	// account from one that an administrator took out of use.
	Unverified bool
	// RevokedAt ends all tokens without a session that were issued before.
	RevokedAt time.Time
	// AutoSave: analyses of the user's are saved when they end by themselves.
	AutoSave bool
	// Devices are hashes of the browsers that signed in, oldest first.
	Devices []string
	// Legacy is what an older system left for this user.
	Legacy Legacy
	// Extra is a JSON object of fields that nobody here knows; stores keep it.
	Extra json.RawMessage

	// Version is how often the user was changed. [Store.UpdateUser] compares it.
	Version int64
}

// IsAdmin reports whether the user is an administrator.
func (u *User) IsAdmin() bool { return u.Role == RoleAdmin }

// Name returns the user's first and last name.
func (u *User) Name() string {
	switch {
	case u.LastName == "":
		return u.FirstName
	case u.FirstName == "":
		return u.LastName
	}
	return u.FirstName + " " + u.LastName
}

// neverVerified reports whether the user registered but never entered a code.
// The older system cleared its secret when a code was entered.
func (u *User) neverVerified() bool {
	return u.Status == StatusNotActive && (u.Unverified || u.Legacy.OTP.Secret != "")
}

// ActiveAdmin reports whether the user counts as one of the administrators of
// whom one must stay.
func (u *User) ActiveAdmin() bool { return u.Role == RoleAdmin && u.Status == StatusActive }

// Legacy is what an older system wrote into a user's document while it waited
// for an answer to a mail. It is read and cleared, never written anew.
type Legacy struct {
	OTP             LegacySecret `json:",omitzero"` // of the registration
	EmailChangeOTP  LegacySecret `json:",omitzero"` // sent to the present address
	NewEmailOTP     LegacySecret `json:",omitzero"` // sent to the new address
	PendingNewEmail string       `json:",omitempty"`
	ResetToken      string       `json:",omitempty"` // in clear
	ResetExpires    time.Time    `json:",omitzero"`
}

// LegacySecret is a secret from which an older system made a code.
type LegacySecret struct {
	Secret    string    `json:",omitempty"` // base32
	CreatedAt time.Time `json:",omitzero"`  // zero: not known
	Tries     int       `json:",omitempty"` // how many wrong codes were entered here
}

// Session is one sign-in. Its refresh tokens form a family: each use makes the
// next, and a second use of one ends the session.
type Session struct {
	ID         string
	UserID     string
	Secret     []byte // goes into the refresh tokens' signature
	Generation int64  // of the only refresh token that is valid
	CreatedAt  time.Time
	RotatedAt  time.Time // when Generation was made
	ExpiresAt  time.Time
	Address    string // where the sign-in came from
	UserAgent  string
}

// Purpose is what a code or link is for.
type Purpose string

// The purposes. A user has at most one code of each.
const (
	PurposeVerify       Purpose = "verify"
	PurposeReset        Purpose = "reset"
	PurposeCurrentEmail Purpose = "email-current"
	PurposeNewEmail     Purpose = "email-new"
)

// Code is a one-time code or link that was mailed.
type Code struct {
	UserID    string
	Purpose   Purpose
	Hash      []byte // keyed: worth nothing without the server's key
	Target    string // the new address, when changing it
	Tries     int    // how many times it was entered
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Invite lets people register where that needs an invitation.
type Invite struct {
	ID        string // 24 hexadecimal digits
	Hash      []byte // of the code in the link, keyed; the code itself is not kept
	Email     string // the only address that may use it; empty: any
	Role      Role   // of who registers with it
	Uses      int    // how many may register with it
	Used      int    // how many did
	CreatedBy string // the user's id, or empty for the command line
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Usage is what was done on a day. Counts only grow, and stay when the log is
// cleaned up or users are deleted.
type Usage struct {
	Day           string // in UTC, as "2006-01-02"
	SignIns       int64
	FailedSignIns int64
	Registrations int64
	Started       int64 // analyses
	Saved         int64 // analyses
	Messages      int64 // of chat, in analyses that ended
}

// Day returns the day of a time as [Usage] names it.
func Day(at time.Time) string { return at.UTC().Format(time.DateOnly) }

// Activity is an entry of the activity log.
type Activity struct {
	ID        string // 24 hexadecimal digits, rising with time
	UserID    string // empty: nobody, or somebody who is deleted
	UserName  string
	Activity  string // what was done, one of the Activity constants or an older text
	Details   string
	CreatedAt time.Time
}

// What is written to the activity log. The texts of the first group are those
// of the older system.
const (
	ActivityLogin          = "Logged in"
	ActivityAnalysisStart  = "Started an analysis"
	ActivityAnalysisSaved  = "Saved an Analysis"
	ActivityAnalysisViewed = "Viewed analysis"
	ActivityUserUpdated    = "Updated user profile"
	ActivityPDF            = "Downloaded analysis PDF"
	ActivityRestored       = "Restored analysis"
	ActivityEmailChanged   = "Email changed"
	ActivityDeleted        = "Account deleted"

	ActivityRegistered     = "Registered"
	ActivityVerified       = "Email verified"
	ActivityLoginFailed    = "Failed sign-in"
	ActivityLogout         = "Logged out"
	ActivityReuse          = "Sign-in ended: a refresh token was used twice"
	ActivityPassword       = "Password changed"
	ActivityPasswordReset  = "Password reset"
	ActivityLogsCleaned    = "Cleaned up logs"
	ActivityEmailRequested = "Email change requested"
	ActivityExported       = "Exported data"
	ActivityTaught         = "Corrected an Emote"
	ActivityInvited        = "Invited"
	ActivityInviteRevoked  = "Revoked an invitation"
	ActivitySetUp          = "Set up the server"
	ActivityUserCreated    = "Created a user"
	ActivityUserDeleted    = "Deleted a user"
	ActivityUserSignedOut  = "Signed a user out"
	ActivityResetOffered   = "Sent a link to set a new password"
	ActivitySignedOutAll   = "Signed out everywhere"
	ActivityOthersHistory  = "Viewed another user's history"
	ActivityChannelStopped = "Stopped an analysis for everybody"
	ActivityMailSent       = "Mail sent"
	ActivityMailDead       = "Mail given up"
	ActivityMailRetried    = "Mail tried again"
)

// Activities lists what may be in the log, in alphabetical order; older logs
// may hold more.
func Activities() []string {
	list := []string{
		ActivityLogin, ActivityAnalysisStart, ActivityAnalysisSaved, ActivityAnalysisViewed,
		ActivityUserUpdated, ActivityPDF, ActivityRestored, ActivityEmailChanged,
		ActivityDeleted, ActivityRegistered, ActivityVerified, ActivityLoginFailed,
		ActivityLogout, ActivityReuse, ActivityPassword, ActivityPasswordReset,
		ActivityLogsCleaned, ActivityEmailRequested, ActivityExported, ActivityTaught, ActivityInvited,
		ActivityInviteRevoked, ActivitySetUp, ActivityUserCreated, ActivityUserDeleted,
		ActivityUserSignedOut, ActivityResetOffered, ActivitySignedOutAll, ActivityOthersHistory,
		ActivityChannelStopped, ActivityMailSent, ActivityMailDead, ActivityMailRetried,
	}
	slices.Sort(list)
	return list
}

// TextKey is what a search for text looks into.
func (a *Activity) TextKey() string { return Fold(a.UserName + "\n" + a.Activity + "\n" + a.Details) }

// Anonymous returns the entry as it stays when a user is deleted: without name
// and id where the user did it, and without details, but for the channel, where
// they may name the user. Stores pass entries of the user, and those whose
// details name the user's address.
func (a Activity) Anonymous(userID string) Activity {
	if a.UserID == userID {
		a.UserID, a.UserName = "", "Deleted user"
		if strings.HasPrefix(a.Details, "Channel: ") {
			return a
		}
	}
	if a.Details != "" {
		a.Details = "(about a deleted user)"
	}
	return a
}

// Client is where a request came from, for the log and the list of sessions.
type Client struct {
	Address   string
	UserAgent string
}

// idBytes is the size of an identifier: 4 bytes of Unix time in seconds and
// random ones, as MongoDB's ObjectId.
const idBytes = 12

// NewID returns an identifier of 24 hexadecimal digits that rises with time.
func NewID(at time.Time) string {
	var id [idBytes]byte
	rand.Read(id[:]) // never fails: see crypto/rand
	binary.BigEndian.PutUint32(id[:4], uint32(at.Unix()))
	return hex.EncodeToString(id[:])
}

// ValidID reports whether a text has the form of an identifier.
func ValidID(id string) bool {
	if len(id) != 2*idBytes {
		return false
	}
	for _, c := range []byte(id) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
