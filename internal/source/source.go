// Package source says how chat reaches chatmood. Its sub-packages read it:
// irc from Twitch, live; logfile from files of past chat.
package source

import (
	"time"

	"chatmood/internal/chat"
)

// Handler receives what a source reads. A source calls it from one goroutine
// at a time for any one channel, and from several for different channels. The
// calls must return quickly: a source does not read while it waits.
type Handler interface {
	// HandleEvent takes one event. The event and all that it points to are the
	// source's again when the call returns (see [chat.Event]).
	HandleEvent(ev *chat.Event)
	// HandleStatus tells that the state of a channel's link changed.
	HandleStatus(channel string, st Status)
	// HandleGap tells, when reading goes on after an outage, that chat written
	// from From to To was not seen.
	HandleGap(channel string, g Gap)
}

// State is the state of the link to one channel.
type State string

// The states of a channel.
const (
	Connecting   State = "connecting"   // joining, not confirmed yet
	Live         State = "live"         // the join was confirmed
	Reconnecting State = "reconnecting" // was live, the link broke, being mended
	Failed       State = "failed"       // Twitch refused or the channel does not exist; still retried rarely
)

// Status is a state and why.
type Status struct {
	State State
	// Code is a stable word for programs: "", "no_such_channel" (no answer to
	// the join), "suspended", "banned", "too_many_channels", "dropped",
	// "connection_lost", "reconnect_requested", "login_failed", "unreachable".
	Code string
	// Reason is a sentence for people, "" while all is well.
	Reason string
	Since  time.Time
}

// Gap is a span in which chat was not read.
type Gap struct {
	From, To time.Time
	Reason   string // as Status.Code, or "restart"
}
