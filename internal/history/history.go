// Package history keeps the analyses that users saved: their figures, reports,
// names, notes and tags, and the links by which they are shown to others.
//
// What it writes, the older system can read, and what that wrote is shown as
// well as its figures allow.
package history

import (
	"encoding/json"
	"time"
)

// Status is whether an entry is in its owner's list or in the archive.
type Status string

// The statuses; they are the older system's.
const (
	StatusActive  Status = "active"
	StatusDeleted Status = "deleted" // archived: it can be restored
)

// Origin is where the figures of an entry come from.
type Origin string

// The origins.
const (
	OriginLegacy Origin = ""       // the older system wrote it
	OriginLive   Origin = "live"   // this server analysed the chat
	OriginUpload Origin = "upload" // this server analysed a log
	OriginClient Origin = "client" // only the browser claims them: this server did not analyse the channel
)

// Entry is a saved analysis.
type Entry struct {
	ID      string // 24 hexadecimal digits
	UserID  string // of its owner, 24 hexadecimal digits
	Channel string // login, lower case; in documents of the older system any text
	Counts  Counts
	// The most active by label, the most active first.
	TopPositive, TopNeutral, TopNegative []Chatter

	Seconds int64  // how long the analysis ran, outages included
	Summary string // what happened, in words; may be empty
	// SummaryBy tells who wrote the summary: the name of a model, [ByRules], or
	// empty where that is not known.
	SummaryBy string
	Status    Status
	CreatedAt time.Time
	UpdatedAt time.Time

	Origin    Origin
	SessionID string    // of the analysis; empty where there is none here
	StartedAt time.Time // zero: not known
	EndedAt   time.Time // of what is saved; zero: not known
	Mood      *float64  // mean score, −1…1; nil: not known

	Name string // what its owner calls it; empty: nothing in particular
	Note string
	Tags []string

	// Client is the JSON object that a browser claimed, beside what we counted.
	Client json.RawMessage
	// TimeSeries is what the older system's pages drew, in any of their shapes.
	TimeSeries json.RawMessage
	// Extra is a JSON object of fields that nobody here knows; stores keep it.
	Extra json.RawMessage

	// HasReport: [Store.Report] has the whole analysis.
	HasReport bool
}

// ByRules is the [Entry.SummaryBy] of summaries that are built from the figures.
const ByRules = "rules"

// Counts are messages by label. In documents of the older system their sum may
// differ from Total.
type Counts struct {
	Total, Positive, Neutral, Negative int64
}

// Chatter is how often somebody wrote.
type Chatter struct {
	Username string `json:"username"`
	Count    int64  `json:"count"`
}

// Share is a link by which anybody who has it may read an entry until it
// expires or is revoked.
type Share struct {
	ID        string // 24 hexadecimal digits
	EntryID   string
	UserID    string // who shares
	Hash      []byte // of the secret in the link, which is not kept
	Chatters  string // how people are shown: names, pseudonyms or none
	CreatedAt time.Time
	ExpiresAt time.Time
	Views     int64
	ViewedAt  time.Time // last; zero: never
}

// Tag is a tag and how many active entries have it.
type Tag struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Totals are sums over all active entries of all users.
type Totals struct {
	Entries  int64
	Messages int64
}
