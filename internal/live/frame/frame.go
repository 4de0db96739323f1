// Package frame encodes what goes over the wire to people who watch a channel:
// the JSON frames that docs/websocket.md describes, and the envelopes in which
// they travel between nodes. Everything is appended to a slice that the caller
// gives, so that one encoding serves every viewer.
package frame

import (
	"encoding/json"
	"strconv"
	"time"

	"chatmood/internal/analysis"
)

// Protocol is the WebSocket subprotocol of the batched dialect.
const Protocol = "chatmood.v1"

// ChatSubject is the bus subject on which the envelopes of a channel travel.
func ChatSubject(channel string) string { return "chat." + channel }

// HelloSubject is the bus subject on which the node that analyses a channel
// answers with a [HelloBody].
func HelloSubject(channel string) string { return "hello." + channel }

// AppendBatch appends a batch frame. messages holds n message objects made by
// [AppendMessage] with commas between them; seq is the sequence number after
// the last of them.
func AppendBatch(dst []byte, seq uint64, n int, messages []byte) []byte {
	dst = appendSeq(append(dst, `{"type":"batch"`...), seq)
	dst = append(dst, `,"n":`...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	dst = append(dst, `,"m":[`...)
	dst = append(dst, messages...)
	return append(dst, "]}"...)
}

// Stats are the figures that change every second.
type Stats struct {
	Counts   analysis.Counts
	Shed     analysis.Shed // left out of the frame where it is nothing
	Mood     analysis.Mood
	Rate     analysis.Rate
	Distinct int  // chatters
	Exact    bool // Distinct is no estimate
	Active   int  // chatters of the last 5 minutes
	// Buckets are the newest of the timeline.
	Buckets []analysis.Bucket
}

// AppendStats appends a stats frame.
func AppendStats(dst []byte, seq uint64, s Stats) []byte {
	type chatters struct {
		Distinct int  `json:"distinct"`
		Exact    bool `json:"exact"`
		Active   int  `json:"active"`
	}
	return appendJSON(dst, struct {
		Type     string            `json:"type"`
		Seq      uint64            `json:"seq"`
		Counts   analysis.Counts   `json:"counts"`
		Shed     analysis.Shed     `json:"shed,omitzero"`
		Mood     analysis.Mood     `json:"mood"`
		Rate     analysis.Rate     `json:"rate"`
		Chatters chatters          `json:"chatters"`
		Buckets  []analysis.Bucket `json:"buckets"`
	}{"stats", seq, s.Counts, s.Shed, s.Mood, s.Rate, chatters{s.Distinct, s.Exact, s.Active}, orEmpty(s.Buckets)})
}

// Top are the rankings.
type Top struct {
	Chatters analysis.Chatters
	Terms    []analysis.Term
	Emotes   []analysis.Term
	// TermError bounds the over-count of any entry of Terms and Emotes.
	TermError int
	Waves     []analysis.Wave
}

// AppendTop appends a top frame.
func AppendTop(dst []byte, seq uint64, t Top) []byte {
	return appendJSON(dst, struct {
		Type     string            `json:"type"`
		Seq      uint64            `json:"seq"`
		Chatters analysis.Chatters `json:"chatters"`
		Terms    []analysis.Term   `json:"terms"`
		Emotes   []analysis.Term   `json:"emotes"`
		Error    int               `json:"term_error"`
		Waves    []analysis.Wave   `json:"waves"`
	}{"top", seq, t.Chatters, orEmpty(t.Terms), orEmpty(t.Emotes), t.TermError, orEmpty(t.Waves)})
}

// Deletion names messages that a moderator removed: some by id, all of one
// chatter, or all.
type Deletion struct {
	IDs   []string
	Login string
	All   bool
}

// AppendDelete appends a delete frame.
func AppendDelete(dst []byte, seq uint64, d Deletion) []byte {
	dst = appendSeq(append(dst, `{"type":"delete"`...), seq)
	switch {
	case d.All:
		dst = append(dst, `,"all":true`...)
	case d.Login != "":
		dst = appendString(append(dst, `,"login":`...), d.Login)
	default:
		dst = append(dst, `,"ids":[`...)
		for i, id := range d.IDs {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendString(dst, id)
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

// AppendMoment appends a moment frame: a moment began or ended.
func AppendMoment(dst []byte, seq uint64, m analysis.Moment) []byte {
	return appendJSON(dst, struct {
		Type   string          `json:"type"`
		Seq    uint64          `json:"seq"`
		Moment analysis.Moment `json:"moment"`
	}{"moment", seq, m})
}

// AppendMark appends a mark frame: a raid or a gift bomb.
func AppendMark(dst []byte, seq uint64, m analysis.Mark) []byte {
	return appendJSON(dst, struct {
		Type string        `json:"type"`
		Seq  uint64        `json:"seq"`
		Mark analysis.Mark `json:"mark"`
	}{"mark", seq, m})
}

// AppendStatus appends a status frame. gap is the outage that ended with this
// change, or nil.
func AppendStatus(dst []byte, seq uint64, st analysis.Status, gap *analysis.Gap) []byte {
	return appendJSON(dst, struct {
		Type   string          `json:"type"`
		Seq    uint64          `json:"seq"`
		Status analysis.Status `json:"status"`
		Gap    *analysis.Gap   `json:"gap,omitempty"`
	}{"status", seq, st, gap})
}

// AppendStopped appends the frame that ends a stream because a person stopped
// the analysis.
func AppendStopped(dst []byte, channel string) []byte {
	dst = appendString(append(dst, `{"type":"stopped","channel":`...), channel)
	return append(dst, '}')
}

// Why tells the reason of a gap, or of a resumption that did not work.
type Why string

// The reasons.
const (
	Slow      Why = "slow"      // this client read too slowly
	Expired   Why = "expired"   // the buffer does not reach back so far
	Restarted Why = "restarted" // the epoch that the client named is over
	Lost      Why = "lost"      // lost on the way between two nodes
)

// AppendGap appends a gap frame: the messages after from up to and including
// to were not sent to this client.
func AppendGap(dst []byte, from, to uint64, why Why) []byte {
	dst = append(dst, `{"type":"gap","missed":`...)
	dst = strconv.AppendUint(dst, to-from, 10)
	dst = append(dst, `,"from":`...)
	dst = strconv.AppendUint(dst, from, 10)
	dst = append(dst, `,"to":`...)
	dst = strconv.AppendUint(dst, to, 10)
	dst = append(dst, `,"why":"`...)
	dst = append(dst, why...)
	return append(dst, `"}`...)
}

// Greeting is the part of a hello frame that differs between viewers.
type Greeting struct {
	Channel string
	Epoch   uint64
	Seq     uint64 // the stream goes on after this
	Resumed bool   // the frames after what the client asked for follow
	Why     Why    // when the client asked to resume and cannot
	Now     time.Time
}

// AppendHello appends a hello frame up to its state: when g.Resumed it is
// complete, otherwise what [AppendHelloState] made belongs behind it.
func AppendHello(dst []byte, g Greeting) []byte {
	dst = appendString(append(dst, `{"type":"hello","channel":`...), g.Channel)
	dst = append(dst, `,"epoch":`...)
	dst = strconv.AppendUint(dst, g.Epoch, 10)
	dst = appendSeq(dst, g.Seq)
	dst = append(dst, `,"resumed":`...)
	dst = strconv.AppendBool(dst, g.Resumed)
	if g.Why != "" {
		dst = append(dst, `,"why":"`...)
		dst = append(dst, g.Why...)
		dst = append(dst, '"')
	}
	dst = appendServerTime(dst, g.Now)
	if g.Resumed {
		dst = append(dst, '}')
	}
	return dst
}

// AppendHelloState appends the rest of a hello frame, which all viewers share.
func AppendHelloState(dst []byte, h *Hello) []byte {
	dst = append(dst, `,"snapshot":`...)
	dst = append(dst, h.Snapshot...)
	dst = append(dst, `,"timeline":`...)
	dst = append(dst, h.Timeline...)
	dst = append(dst, `,"recent":`...)
	dst = append(dst, h.Recent...)
	return append(dst, '}')
}

// AppendPong appends the answer to a client's ping. t is the JSON value of the
// ping's t, or nil.
func AppendPong(dst []byte, t json.RawMessage, now time.Time) []byte {
	dst = append(dst, `{"type":"pong"`...)
	if len(t) > 0 {
		dst = append(append(dst, `,"t":`...), t...)
	}
	return append(appendServerTime(dst, now), '}')
}

// AppendHeartbeat appends a heartbeat frame.
func AppendHeartbeat(dst []byte, now time.Time) []byte {
	return append(appendServerTime(append(dst, `{"type":"heartbeat"`...), now), '}')
}

// AppendError appends an error frame: code is a stable word, detail a sentence.
func AppendError(dst []byte, code, detail string) []byte {
	dst = appendString(append(dst, `{"type":"error","error":`...), code)
	dst = appendString(append(dst, `,"detail":`...), detail)
	return append(dst, '}')
}

func appendSeq(dst []byte, seq uint64) []byte {
	return strconv.AppendUint(append(dst, `,"seq":`...), seq, 10)
}

func appendServerTime(dst []byte, now time.Time) []byte {
	return strconv.AppendInt(append(dst, `,"server_time":`...), now.UnixMilli(), 10)
}

// appendJSON appends v, one of the structs above. Their only values that JSON
// cannot hold would be infinite numbers, which the analysis does not make; one
// would cost its frame, not the stream.
func appendJSON(dst []byte, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return AppendError(dst, "internal", "A frame could not be encoded")
	}
	return append(dst, b...)
}

// orEmpty makes nil slices [] instead of null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
