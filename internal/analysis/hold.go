package analysis

import (
	"context"
	"strings"
	"time"
)

// Hold is a user's wish that a channel be analysed. An analysis goes on as long
// as anybody holds its channel.
type Hold struct {
	Channel string // login, lower case
	UserID  string // or [GuestHolder]
	Since   time.Time
}

// guestPrefix begins the holders that are no users.
const guestPrefix = "guest:"

// GuestHolder returns the holder that a guest's secret stands for.
func GuestHolder(secret string) string { return guestPrefix + secret }

// IsGuest reports whether a holder is a guest.
func IsGuest(holder string) bool { return strings.HasPrefix(holder, guestPrefix) }

// HoldStore keeps who holds which channel, over restarts and for all nodes.
// Its methods are safe for concurrent use. Times are kept to the millisecond at
// least, in UTC.
type HoldStore interface {
	// AddHold keeps a hold; added is false where the user held the channel
	// already, which keeps its Since.
	AddHold(ctx context.Context, h Hold) (added bool, err error)
	// DropHold removes a user's hold on a channel; dropped is false where there
	// was none.
	DropHold(ctx context.Context, channel, userID string) (dropped bool, err error)
	// DropHolds removes all holds on a channel and returns who held it.
	DropHolds(ctx context.Context, channel string) ([]Hold, error)
	// HoldsOn lists the holds on a channel, the oldest first.
	HoldsOn(ctx context.Context, channel string) ([]Hold, error)
	// HoldsOf lists a user's holds, the oldest first.
	HoldsOf(ctx context.Context, userID string) ([]Hold, error)
	// Holds lists all, ordered by channel and user.
	Holds(ctx context.Context) ([]Hold, error)
}
