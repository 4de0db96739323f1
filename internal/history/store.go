package history

import (
	"context"
	"errors"
	"time"

	"chatmood/internal/account"
)

// ErrNotFound is returned, wrapped or not, for what a store does not hold, or
// not for the user who asks.
var ErrNotFound = errors.New("history entry not found")

// ErrExists is returned, wrapped or not, for an entry whose id another has.
var ErrExists = errors.New("history entry exists")

// Store keeps entries. Its methods are safe for concurrent use; each is done
// wholly or not at all. Times are kept to the millisecond at least, in UTC; a
// zero time stays zero. Documents of an older system are never rewritten but
// for what a call changes.
type Store interface {
	// Create adds an entry and its report, the JSON of an [analysis.Report]; nil:
	// there is none. Whether there is one is what HasReport says when the entry
	// is read; here it does not matter. ErrExists, changing nothing: there is one
	// with its id.
	Create(ctx context.Context, e *Entry, report []byte) error
	// Replace writes the figures of an entry anew, with its report: all of e but
	// for CreatedAt, Status, Name, Note and Tags, which stay. With a nil report
	// it has none any more. ErrNotFound: there is none with this id of this user.
	Replace(ctx context.Context, e *Entry, report []byte) error
	// Get returns an entry in any status, or ErrNotFound.
	Get(ctx context.Context, id string) (*Entry, error)
	// BySession returns the newest active entry that a user saved of an analysis,
	// or ErrNotFound.
	BySession(ctx context.Context, userID, sessionID string) (*Entry, error)
	// Report returns the report as it was given to Create, or ErrNotFound.
	Report(ctx context.Context, id string) ([]byte, error)
	// Update changes an entry of a user and returns it. ErrNotFound.
	Update(ctx context.Context, id, userID string, p Patch) (*Entry, error)
	// Remove deletes an entry of a user for good, with its report and shares.
	// ErrNotFound.
	Remove(ctx context.Context, id, userID string) error
	// List lists entries of a user, without Client, TimeSeries and Extra.
	List(ctx context.Context, q Query) (Page, error)
	// Count counts a user's entries in all statuses.
	Count(ctx context.Context, userID string) (int, error)
	// Tags lists the tags of a user's active entries, the most frequent first.
	Tags(ctx context.Context, userID string) ([]Tag, error)
	// Totals sums up.
	Totals(ctx context.Context) (Totals, error)
	// RemoveUser deletes all entries of a user, with reports and shares, and
	// returns how many entries.
	RemoveUser(ctx context.Context, userID string) (int, error)

	// DropArchived removes entries in the archive that were last changed, which is
	// when they were archived, before a time, with reports and links, and returns
	// how many. Where that time is not known they stay. Interrupted, it has removed
	// some of them, each with all that belongs to it.
	DropArchived(ctx context.Context, before time.Time) (int, error)
	// CountArchived returns how many entries [Store.DropArchived] would remove.
	CountArchived(ctx context.Context, before time.Time) (int, error)

	// CreateShare adds a link to an entry. ErrNotFound: there is none with this
	// id of the user who shares.
	CreateShare(ctx context.Context, s Share) error
	// Shares lists the links of an entry that expire after a time, newest first.
	Shares(ctx context.Context, entryID string, after time.Time) ([]Share, error)
	// ShareByHash returns the link with a hash that expires after a time, or
	// ErrNotFound.
	ShareByHash(ctx context.Context, hash []byte, after time.Time) (Share, error)
	// CountView counts that a link was used. It is no error when there is none.
	CountView(ctx context.Context, shareID string, at time.Time) error
	// RemoveShare removes a link of a user's entry. ErrNotFound.
	RemoveShare(ctx context.Context, id, entryID, userID string) error
	// DropExpired removes links that expired before a time and returns how many.
	DropExpired(ctx context.Context, before time.Time) (int64, error)
}

// Archive moves history from store to store. What is read comes in the order of
// the ids, beginning after one, so that a move that was interrupted can go on;
// an error of do ends it and is returned. What is imported replaces what has
// the same id.
type Archive interface {
	// EachEntry reads entries whole, with their reports (nil: none).
	EachEntry(ctx context.Context, after string, do func(e *Entry, report []byte) error) error
	// ImportEntry keeps an entry as it is.
	ImportEntry(ctx context.Context, e *Entry, report []byte) error
	// EachShare reads links.
	EachShare(ctx context.Context, after string, do func(Share) error) error
	// ImportShare keeps a link. ErrNotFound: there is no such entry.
	ImportShare(ctx context.Context, s Share) error
	// CountEntries counts all entries.
	CountEntries(ctx context.Context) (int64, error)
}

// Patch is what may be changed of an entry; nil, or a zero time, leaves a field
// as it is.
type Patch struct {
	Name      *string
	Note      *string
	Tags      *[]string
	Status    *Status
	Summary   *string
	SummaryBy *string
	UpdatedAt time.Time
}

// Apply changes an entry as the patch says.
func (p Patch) Apply(e *Entry) {
	set(&e.Name, p.Name)
	set(&e.Note, p.Note)
	set(&e.Tags, p.Tags)
	set(&e.Status, p.Status)
	set(&e.Summary, p.Summary)
	set(&e.SummaryBy, p.SummaryBy)
	if !p.UpdatedAt.IsZero() {
		e.UpdatedAt = p.UpdatedAt
	}
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// Sort is the order of a list of entries. Texts are compared by
// [account.Fold] of them, byte by byte; equal ones follow by id, in the same
// direction.
type Sort string

// The orders.
const (
	SortCreated  Sort = "created_at" // the default
	SortChannel  Sort = "channel"
	SortName     Sort = "name"
	SortDuration Sort = "duration"
	SortMessages Sort = "messages"
	SortMood     Sort = "mood" // entries without mood last, whatever the direction; they follow by id in the direction
)

// Query chooses entries of a user.
type Query struct {
	UserID     string
	Status     Status    // empty: StatusActive
	Search     string    // part of channel, name, note or a tag, whatever its case; no pattern
	Channel    string    // exactly this one; empty: any
	Tag        string    // exactly this one; empty: any
	From, To   time.Time // created from the one, before the other; zero: no bound
	Sort       Sort
	Descending bool
	Offset     int
	Limit      int // 0: [MaxList]
}

// Clean returns the query within the bounds, with a status and an allowed sort
// field.
func (q Query) Clean() Query {
	if r := []rune(q.Search); len(r) > account.MaxSearchLength {
		q.Search = string(r[:account.MaxSearchLength])
	}
	q.Offset = min(max(q.Offset, 0), account.MaxOffset)
	if q.Limit <= 0 {
		q.Limit = MaxList
	}
	q.Limit = min(q.Limit, MaxList)
	if q.Status == "" {
		q.Status = StatusActive
	}
	switch q.Sort {
	case SortChannel, SortName, SortDuration, SortMessages, SortMood:
	default:
		q.Sort = SortCreated
	}
	return q
}

// MaxList is how many entries one list holds at most.
const MaxList = 10_000

// Page is part of a list.
type Page struct {
	Entries []*Entry
	Total   int // of all that the query chooses
}
