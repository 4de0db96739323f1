// Package sentiment judges what a chat message means on Twitch: its emotes,
// its slang and its irony, in about a microsecond and without allocations.
package sentiment
