package analysis

import (
	"time"

	"chatmood/internal/source"
)

// Snapshot is the whole state of a session at an instant, as the API, the
// reports and the dashboard read it. Shares are 0…1, scores and moods −1…1,
// rates messages per minute, durations seconds.
type Snapshot struct {
	ID        string    `json:"id" doc:"Session id"`
	Channel   string    `json:"channel" doc:"Twitch login, lower case"`
	Running   bool      `json:"running" doc:"False once the analysis was stopped"`
	StartedAt time.Time `json:"started_at" doc:"When the analysis began"`
	EndedAt   time.Time `json:"ended_at,omitzero" doc:"When the analysis was stopped; absent while it runs"`
	At        time.Time `json:"at" doc:"The instant this snapshot describes"`
	Duration  float64   `json:"duration_seconds" doc:"Seconds from start to this instant, outages included"`

	Status Status `json:"status"`
	Counts Counts `json:"counts"`
	Shed   Shed   `json:"shed,omitzero" doc:"What was left out since the server could not keep up; absent where nothing was"`
	Mood   Mood   `json:"mood"`
	Rate   Rate   `json:"rate"`

	Chatters Chatters `json:"chatters"`
	Terms    []Term   `json:"terms" doc:"Most used words, most frequent first"`
	Emotes   []Term   `json:"emotes" doc:"Most used emotes of any provider, most frequent first"`
	// TermError bounds the over-count of any entry of Terms and Emotes.
	TermError int    `json:"term_error" doc:"No count in terms or emotes is too high by more than this; 0 means exact"`
	Waves     []Wave `json:"waves" doc:"Copypasta waves, newest first"`

	Gaps    []Gap    `json:"gaps" doc:"Spans in which chat could not be read, oldest first"`
	Marks   []Mark   `json:"marks" doc:"Raids and gift bombs, oldest first"`
	Moments []Moment `json:"moments" doc:"Spans in which rate or mood left its usual range, oldest first"`
}

// Status is the state of the link to the channel.
type Status struct {
	State  source.State `json:"state" enum:"connecting,live,reconnecting,failed,stopped"`
	Code   string       `json:"code,omitempty" doc:"Stable word for programs"`
	Reason string       `json:"reason,omitempty" doc:"Sentence for people"`
	Since  time.Time    `json:"since"`
}

// Stopped is the state of a session whose analysis was stopped.
const Stopped source.State = "stopped"

// Counts are exact. Total = Positive + Neutral + Negative; what is left out of
// it is counted apart.
type Counts struct {
	Total    int `json:"total" doc:"Messages counted"`
	Positive int `json:"positive"`
	Neutral  int `json:"neutral"`
	Negative int `json:"negative"`
	Unsure   int `json:"unsure" doc:"Of total: messages whose label is uncertain"`
	Unscored int `json:"unscored" doc:"Of total: messages with nothing to judge, counted as neutral"`
	Deleted  int `json:"deleted" doc:"Taken back out after a moderator removed them"`
	Bots     int `json:"bots" doc:"Left out: written by known bots"`
	Commands int `json:"commands" doc:"Left out: commands such as !uptime"`
	Mirrored int `json:"mirrored" doc:"Left out: written in another room of a shared chat"`
	Waves    int `json:"waves" doc:"Of total: messages that are part of a copypasta wave"`
	First    int `json:"first" doc:"Of total: first messages of new chatters"`
	// Questions counts messages that ask something.
	Questions int `json:"questions" doc:"Of total: questions"`
}

// Mood is how a channel feels: mean scores, −1…1, of the messages that count
// for the mood (see [Bucket]): so no one chatter can turn it alone. A window
// without such messages has a null mean.
type Mood struct {
	Now   *float64 `json:"now" doc:"Smoothed mean score, half-life 30 s"`
	Trend float64  `json:"trend" doc:"Change of the smoothed mood against one minute ago"`
	M1    *float64 `json:"m1" doc:"Mean of the last minute"`
	M5    *float64 `json:"m5" doc:"Mean of the last 5 minutes"`
	M15   *float64 `json:"m15" doc:"Mean of the last 15 minutes"`
	M60   *float64 `json:"m60" doc:"Mean of the last 60 minutes"`
	All   *float64 `json:"all" doc:"Mean of the whole session"`
}

// Rate is the speed of chat in messages per minute.
type Rate struct {
	Now  float64 `json:"now" doc:"Messages in the last 10 s, per minute"`
	M1   float64 `json:"m1"`
	M5   float64 `json:"m5"`
	Peak float64 `json:"peak" doc:"Highest rate of any 10 s; deletions do not lower it"`
	// PeakAt is the last second of the peak's 10 s.
	PeakAt time.Time `json:"peak_at,omitzero"`
}

// Chatters tells who writes.
type Chatters struct {
	Distinct int `json:"distinct" doc:"Different people who wrote"`
	// Exact is false once the count is an estimate (over 50,000 people).
	Exact  bool `json:"exact" doc:"False where distinct is an estimate (error about 1 %), over 50,000 people"`
	Active int  `json:"active" doc:"Different people who wrote in the last 5 minutes; an estimate over 16,384"`
	// Top lists the most active by label.
	Top         TopChatters `json:"top"`
	TopError    int         `json:"top_error" doc:"No count in top is too high by more than this; 0 means exact"`
	Subscribers int         `json:"subscriber_messages" doc:"Messages of subscribers"`
}

// TopChatters ranks chatters overall and by label.
type TopChatters struct {
	All      []Chatter `json:"all"`
	Positive []Chatter `json:"positive"`
	Neutral  []Chatter `json:"neutral"`
	Negative []Chatter `json:"negative"`
}

// Chatter is a person and how much they wrote.
type Chatter struct {
	Login string `json:"login"`
	Name  string `json:"name" doc:"Display name"`
	Count int    `json:"count"`
}

// Term is a word or emote, how often it was used and in what company. While
// the counts are exact (TermError is 0) Positive + Neutral + Negative = Count.
// After that Count may be too high by up to TermError; the labels are those of
// the messages that were seen since the term is kept, and never too high.
type Term struct {
	Term     string `json:"term"`
	Count    int    `json:"count" doc:"Messages that contain it"`
	Positive int    `json:"positive"`
	Neutral  int    `json:"neutral"`
	Negative int    `json:"negative"`
	EmoteID  string `json:"emote_id,omitempty" doc:"Twitch's id, for the picture"`
}

// Wave is a text that many people repeat within a short time.
type Wave struct {
	Text     string    `json:"text"`
	Count    int       `json:"count" doc:"Messages in the wave"`
	Chatters int       `json:"chatters" doc:"Different people in the wave"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
}

// Gap is a span in which chat was not read.
type Gap struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Reason string    `json:"reason"`
}

// Mark is something that happened and explains a change.
type Mark struct {
	At    time.Time `json:"at"`
	Kind  string    `json:"kind" enum:"raid,gifts"`
	Name  string    `json:"name" doc:"Who caused it"`
	Count int       `json:"count" doc:"Raiders or gifted subscriptions"`
	Text  string    `json:"text" doc:"Sentence for people"`
}

// Moment is a span in which the rate or the mood left its usual range.
type Moment struct {
	ID   string    `json:"id"`
	Kind string    `json:"kind" enum:"hype,positive,negative"`
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero" doc:"Absent while it lasts"`
	Peak float64   `json:"peak" doc:"Highest rate (hype) or furthest mood in it"`
	// Label is a short description in words.
	Label string `json:"label"`
}

// Timeline is a session's course in equal steps.
type Timeline struct {
	// Step is the length of a bucket in seconds: 1, 10 or 60.
	Step    int       `json:"step_seconds"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Buckets []Bucket  `json:"buckets" doc:"Ordered; spans without messages are left out"`
	Gaps    []Gap     `json:"gaps"`
	Marks   []Mark    `json:"marks"`
	Moments []Moment  `json:"moments"`
}

// Bucket is one step of a timeline.
type Bucket struct {
	T        int64   `json:"t" doc:"Start, Unix seconds"`
	Positive int     `json:"pos"`
	Neutral  int     `json:"neu"`
	Negative int     `json:"neg"`
	Sum      float64 `json:"sum" doc:"Sum of scores; divided by pos+neu+neg it is the mean"`
	// Voices and VoiceSum are what the mood is made of: messages with something
	// to judge, of any one chatter at most three in half a minute.
	Voices   int     `json:"w" doc:"Messages that count for the mood: not unscored ones, and at most 3 of one chatter in each half minute"`
	VoiceSum float64 `json:"wsum" doc:"Sum of their scores; divided by w it is the mood of this bucket"`
}
