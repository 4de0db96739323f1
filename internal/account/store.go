package account

import (
	"context"
	"time"
)

// Store keeps accounts. Its methods are safe for concurrent use; each is done
// wholly or not at all. Errors that callers tell apart: [ErrNotFound],
// [ErrEmailTaken], [ErrChanged], [ErrLastAdmin] and those of the context; they
// come wrapped. Times are kept to the microsecond at least, in UTC; a zero time stays zero.
type Store interface {
	// CreateUser adds a user. ErrEmailTaken: there is one with the same EmailKey.
	CreateUser(ctx context.Context, u *User) error
	// User returns a user, or ErrNotFound.
	User(ctx context.Context, id string) (*User, error)
	// UserByEmail returns the user with an address: the very same one, or else
	// the one with the same EmailKey, or ErrNotFound. An older system let
	// addresses in that differ only in case ([Archive.ImportUser]): those are
	// found by the very same spelling each, by any other the one with the
	// smallest id.
	UserByEmail(ctx context.Context, email string) (*User, error)
	// UpdateUser writes a user whose Version is still the stored one, and raises
	// it in both. Otherwise ErrChanged. ErrLastAdmin: no active administrator
	// would be left where there was one. ErrEmailTaken: the address is changed,
	// and another user has one with the same EmailKey.
	UpdateUser(ctx context.Context, u *User) error
	// DeleteUser removes a user with sessions and codes, and takes name and id
	// out of the log. ErrNotFound, ErrLastAdmin.
	DeleteUser(ctx context.Context, id string) error
	// Users lists users.
	Users(ctx context.Context, q UserQuery) (UserPage, error)
	// CountUsers counts users.
	CountUsers(ctx context.Context) (UserCounts, error)

	// CreateSession adds a session.
	CreateSession(ctx context.Context, s Session) error
	// Session returns a session, or ErrNotFound.
	Session(ctx context.Context, id string) (Session, error)
	// Sessions lists a user's sessions that expire after a time, newest first.
	Sessions(ctx context.Context, userID string, after time.Time) ([]Session, error)
	// RotateSession makes the next generation of a session that is at
	// generation from. ErrChanged: it is not; ErrNotFound: there is none.
	RotateSession(ctx context.Context, id string, from int64, at, expires time.Time) error
	// EndSession removes a session; it is no error when there is none.
	EndSession(ctx context.Context, id string) error
	// EndSessions removes a user's sessions but for one, which may be empty,
	// and returns the ids of those removed.
	EndSessions(ctx context.Context, userID, except string) ([]string, error)

	// SaveCode keeps a code in place of the user's earlier one of the purpose.
	// ErrNotFound: there is no such user.
	SaveCode(ctx context.Context, c Code) error
	// Code returns a code that expires after a time, or ErrNotFound.
	Code(ctx context.Context, userID string, p Purpose, after time.Time) (Code, error)
	// TryCode counts a try of a code that expires after a time and was entered
	// fewer than max times, and returns it. Otherwise ErrNotFound.
	TryCode(ctx context.Context, userID string, p Purpose, after time.Time, max int) (Code, error)
	// UseCode removes the code with this hash. ErrNotFound: it is gone, so
	// somebody else used it.
	UseCode(ctx context.Context, userID string, p Purpose, hash []byte) error
	// DropCodes removes codes of a user.
	DropCodes(ctx context.Context, userID string, ps ...Purpose) error

	// CreateInvite adds an invitation.
	CreateInvite(ctx context.Context, i Invite) error
	// Invites lists invitations that expire after a time, used up or not, newest
	// first, at most limit.
	Invites(ctx context.Context, after time.Time, limit int) ([]Invite, error)
	// InviteByHash returns the invitation with a hash that expires after a time
	// and is not used up, or ErrNotFound.
	InviteByHash(ctx context.Context, hash []byte, after time.Time) (Invite, error)
	// UseInvite counts a use of an invitation that expires after a time and is
	// not used up. Otherwise ErrNotFound.
	UseInvite(ctx context.Context, id string, after time.Time) error
	// ReturnInvite takes a use back. It is no error when there is none.
	ReturnInvite(ctx context.Context, id string) error
	// DeleteInvite removes an invitation, or ErrNotFound.
	DeleteInvite(ctx context.Context, id string) error

	// DropExpired removes sessions, codes and invitations that expired before a
	// time and returns how many.
	DropExpired(ctx context.Context, before time.Time) (int64, error)

	// KeepSetting returns the value kept under a name; where there is none, it
	// keeps value and returns that. All who ask at once get the same.
	KeepSetting(ctx context.Context, name string, value []byte) ([]byte, error)
	// Setting returns the value kept under a name, or ErrNotFound.
	Setting(ctx context.Context, name string) ([]byte, error)
	// TakeSetting removes what is kept under a name, if it is value. Otherwise
	// ErrNotFound: of all who take it at once, one does.
	TakeSetting(ctx context.Context, name string, value []byte) error

	// AddUsage adds to the counts of a day.
	AddUsage(ctx context.Context, u Usage) error
	// Usage lists the days from one to another, both included, on which
	// anything was counted, the earliest first.
	Usage(ctx context.Context, from, to string) ([]Usage, error)

	// AppendLog adds an entry to the activity log.
	AppendLog(ctx context.Context, a Activity) error
	// Logs lists entries.
	Logs(ctx context.Context, q LogQuery) (LogPage, error)
	// CleanUpLogs removes entries from before a time and returns how many.
	CleanUpLogs(ctx context.Context, before time.Time) (int64, error)
}

// Archive moves accounts from store to store, with everything in them. What is
// read comes in the order of the ids, beginning after one, so that a move that
// was interrupted can go on; an error of do ends it and is returned. What is
// imported replaces what has the same id, so that a part may be moved again.
type Archive interface {
	// EachUser reads users whole: with hashes, secrets and images.
	EachUser(ctx context.Context, after string, do func(*User) error) error
	// ImportUser keeps a user as it is, version and all. Its address may differ
	// from another's only in case. ErrEmailTaken: another has the very same one.
	ImportUser(ctx context.Context, u *User) error
	// EachSession reads sessions.
	EachSession(ctx context.Context, after string, do func(Session) error) error
	// ImportSession keeps a session. ErrNotFound: there is no such user.
	ImportSession(ctx context.Context, s Session) error
	// EachCode reads all codes, in any order. [Store.SaveCode] keeps them.
	EachCode(ctx context.Context, do func(Code) error) error
	// EachInvite reads invitations.
	EachInvite(ctx context.Context, after string, do func(Invite) error) error
	// ImportInvite keeps an invitation.
	ImportInvite(ctx context.Context, i Invite) error
	// EachLog reads the activity log.
	EachLog(ctx context.Context, after string, do func(Activity) error) error
	// ImportLogs keeps entries of the activity log.
	ImportLogs(ctx context.Context, list []Activity) error
	// ImportUsage sets the counts of a day. [Store.Usage] reads them.
	ImportUsage(ctx context.Context, u Usage) error
}

// The bounds of a page.
const (
	DefaultPageSize = 10
	MaxPageSize     = 1000
	// MaxOffset bounds how far paging goes.
	MaxOffset = 10_000_000
	// MaxSearchLength is how much of a search text is looked for, in characters.
	MaxSearchLength = 100
)

// UserSort is what users are sorted by; what is equal is sorted by id.
type UserSort string

// The ways to sort users.
const (
	UsersByCreated UserSort = "created_at"
	UsersByName    UserSort = "name"
	UsersByEmail   UserSort = "email"
	UsersByRole    UserSort = "role"
	UsersByStatus  UserSort = "status"
)

// UserQuery chooses users. The zero value: the first page of all, oldest first.
type UserQuery struct {
	Search     string // part of the name or the address, whatever its case; no pattern
	Role       Role   // empty: any
	Status     Status // empty: any
	Sort       UserSort
	Descending bool
	Offset     int
	Limit      int  // 0: all there are, as the older system answered
	Images     bool // with profile images
}

// UserPage is a part of a list. The users lack hashes and secrets.
type UserPage struct {
	Users []User
	Total int // of all pages
}

// UserCounts are numbers of users.
type UserCounts struct {
	Total  int
	Active int
	Admins int // active ones
}

// LogSort is what log entries are sorted by; what is equal is sorted by id.
type LogSort string

// The ways to sort the log.
const (
	LogsByCreated  LogSort = "created_at"
	LogsByID       LogSort = "id"
	LogsByUserName LogSort = "user_name"
	LogsByActivity LogSort = "activity"
)

// LogQuery chooses log entries. The zero value: the oldest ten.
type LogQuery struct {
	Search     string    // part of name, activity or details, whatever its case; no pattern
	Activity   string    // exactly this one; empty: any
	UserID     string    // empty: anybody
	From, To   time.Time // from the one, before the other; zero: no bound
	Sort       LogSort
	Descending bool
	Offset     int
	Limit      int // 0: DefaultPageSize; at most MaxPageSize
}

// LogPage is a part of the log.
type LogPage struct {
	Logs  []Activity
	Total int // of all pages
}

// Clean returns the query within the bounds, with an allowed sort field.
func (q UserQuery) Clean() UserQuery {
	q.Search = cutRunes(q.Search, MaxSearchLength)
	q.Offset = min(max(q.Offset, 0), MaxOffset)
	q.Limit = max(q.Limit, 0)
	switch q.Sort {
	case UsersByName, UsersByEmail, UsersByRole, UsersByStatus:
	default:
		q.Sort = UsersByCreated
	}
	return q
}

// Clean returns the query within the bounds, with an allowed sort field.
func (q LogQuery) Clean() LogQuery {
	q.Search = cutRunes(q.Search, MaxSearchLength)
	q.Offset = min(max(q.Offset, 0), MaxOffset)
	if q.Limit <= 0 {
		q.Limit = DefaultPageSize
	}
	q.Limit = min(q.Limit, MaxPageSize)
	switch q.Sort {
	case LogsByID, LogsByUserName, LogsByActivity:
	default:
		q.Sort = LogsByCreated
	}
	return q
}

func cutRunes(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return s[:i]
		}
		n++
	}
	return s
}
