package analysis

import "time"

// ChannelSummary is a line in the list of channels that are being analysed.
type ChannelSummary struct {
	ID        string    `json:"id" doc:"Session id"`
	Channel   string    `json:"channel" doc:"Twitch login, lower case"`
	StartedAt time.Time `json:"started_at"`
	Status    Status    `json:"status"`
	Counts    Counts    `json:"counts"`
	Mood      *float64  `json:"mood" doc:"Smoothed mean score now, -1 to 1; null without messages"`
	Rate      float64   `json:"rate" doc:"Messages per minute over the last 10 s"`
	Viewers   int       `json:"viewers" doc:"Clients that watch it live here"`
}
