package analysis

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	waveSpan     = 30  // seconds within which a text is repeated
	waveUsers    = 3   // different chatters that make a wave
	waveSets     = 128 // the candidates are a set-associative table: 128 × 4
	waveWays     = 4
	waveSetPage  = 16  // sets in a checkpoint's part
	maxWaveUsers = 256 // chatters of a running wave counted one by one
	maxWaves     = 50  // kept in the list
	maxWaveText  = 300 // characters shown
	waveMembers  = 6   // messages of a candidate that are counted in when it becomes a wave
)

// candidate is a text that may become a wave, or is one.
type candidate struct {
	key     uint64 // 0: empty
	first   uint32 // Unix seconds
	last    uint32
	wave    uint32 // the number of the wave, 0: none yet
	nUsers  uint8
	nMember uint8
	users   [waveUsers - 1]uint64 // the last different chatters
	at      [waveUsers - 1]uint32 // when each of them wrote last
	members [waveMembers]uint64   // sequence numbers of the last messages
}

// wave is a recognised one.
type wave struct {
	Wave
	no    uint32
	users []uint64 // while it runs
}

// waves recognises texts that different chatters repeat.
type waves struct {
	table [waveSets][waveWays]candidate
	list  []wave // oldest first
	next  uint32 // number of the last wave

	dirtySets pages // of waveSetPage sets
	dirtyList bool
}

// add takes a message in and reports whether it is part of a wave. seq is its
// number among the recent ones; member is called for earlier messages that
// turn out to be part of it too and says whether they still count. What is
// over is decided by head, the newest second of the session.
func (w *waves) add(key, user uint64, sec, head uint32, seq uint64, text string, member func(seq uint64) bool) bool {
	if key == 0 {
		key = 1
	}
	set := &w.table[key%waveSets]
	w.dirtySets.mark(int(key % waveSets / waveSetPage))
	c := &set[0]
	for i := range set {
		x := &set[i]
		if x.key == key {
			c = x
			break
		}
		if older(x, c, head) {
			c = x
		}
	}
	if c.key != key || c.over(head) {
		if c.wave != 0 {
			w.finish(c.wave)
		}
		*c = candidate{key: key, first: sec, last: sec}
	}
	c.last = max(c.last, sec)
	if c.wave != 0 {
		w.extend(c.wave, user, sec)
		return true
	}

	// Others who wrote it within the span; this one goes to the end.
	n := 0
	for i := range int(c.nUsers) {
		if c.users[i] != user && c.at[i]+waveSpan >= sec {
			c.users[n], c.at[n] = c.users[i], c.at[i]
			n++
		}
	}
	if n < waveUsers-1 {
		c.users[n], c.at[n], c.nUsers = user, sec, uint8(n+1)
		if int(c.nMember) == len(c.members) {
			copy(c.members[:], c.members[1:])
			c.nMember--
		}
		c.members[c.nMember] = seq
		c.nMember++
		return false
	}
	w.next++
	c.wave = w.next
	x := wave{no: w.next, users: []uint64{c.users[0], c.users[1], user}}
	x.From, x.To = time.Unix(int64(min(c.first, sec)), 0).UTC(), time.Unix(int64(max(c.last, sec)), 0).UTC()
	x.Text, x.Chatters, x.Count = clipText(text), waveUsers, 1
	for _, seq := range c.members[:c.nMember] {
		if member(seq) {
			x.Count++
		}
	}
	c.nMember = 0
	w.finishOver(head)
	if len(w.list) == maxWaves {
		w.list = slices.Delete(w.list, 0, 1)
	}
	w.list = append(w.list, x)
	w.dirtyList = true
	return true
}

// over reports whether the slot is free: empty, or not repeated for waveSpan.
func (c *candidate) over(head uint32) bool {
	return c.key == 0 || c.last+waveSpan < head
}

// older reports whether the table would rather lose x than c.
func older(x, c *candidate, head uint32) bool {
	switch {
	case x.over(head) != c.over(head):
		return x.over(head)
	case (x.wave == 0) != (c.wave == 0):
		return x.wave == 0
	case x.last != c.last:
		return x.last < c.last
	}
	return x.key < c.key
}

func (w *waves) byNo(no uint32) *wave {
	for i := len(w.list) - 1; i >= 0; i-- {
		if w.list[i].no == no {
			return &w.list[i]
		}
	}
	return nil
}

func (w *waves) extend(no uint32, user uint64, sec uint32) {
	x := w.byNo(no)
	if x == nil {
		return // so many waves since that it left the list
	}
	x.Count++
	if t := time.Unix(int64(sec), 0).UTC(); t.After(x.To) {
		x.To = t
	}
	w.dirtyList = true
	if len(x.users) < maxWaveUsers && !slices.Contains(x.users, user) {
		x.users = append(x.users, user)
		x.Chatters++
	}
}

// finish forgets who took part in a wave that is over.
func (w *waves) finish(no uint32) {
	if x := w.byNo(no); x != nil {
		x.users = nil
		w.dirtyList = true
	}
}

// finishOver finishes the waves that nobody repeats any more.
func (w *waves) finishOver(head uint32) {
	for i := range w.table {
		for j := range w.table[i] {
			if c := &w.table[i][j]; c.wave != 0 && c.over(head) {
				w.finish(c.wave)
				*c = candidate{}
			}
		}
	}
}

// newest returns the n newest waves, newest first.
func (w *waves) newest(n int) []Wave {
	out := []Wave{}
	for i := len(w.list) - 1; i >= 0 && len(out) < n; i-- {
		out = append(out, w.list[i].Wave)
	}
	return out
}

// clipText keeps what is shown of a wave's text.
func clipText(text string) string {
	text = strings.TrimSpace(text)
	n := 0
	for i := range text {
		if n == maxWaveText {
			return text[:i] + "…"
		}
		n++
	}
	if !utf8.ValidString(text) {
		return strings.ToValidUTF8(text, "�")
	}
	return strings.Clone(text)
}
