package sentiment

import (
	"math/rand/v2"
	"strings"
	"testing"

	"chatmood/internal/chat"
)

// TestMaxLanes compares the branch-free maximum of four lanes with the plain
// one.
func TestMaxLanes(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		a, b := rnd.Uint64()&0x7FFF7FFF7FFF7FFF, rnd.Uint64()&0x7FFF7FFF7FFF7FFF
		if rnd.IntN(4) == 0 {
			b = a ^ 1<<(16*rnd.IntN(4))
		}
		got := maxLanes(a, b)
		for l := range 4 {
			x, y, g := uint16(a>>(16*l)), uint16(b>>(16*l)), uint16(got>>(16*l))
			if g != max(x, y) {
				t.Fatalf("lane %d of %x and %x is %x", l, a, b, g)
			}
		}
	}
}

// TestLaneOrder adds rows whose bytes are their own places.
func TestLaneOrder(t *testing.T) {
	row := make([]uint64, rowWords)
	for j := range 8 * globalWords {
		row[j/8] |= uint64(j) << (8 * (j % 8))
	}
	var l messageLanes
	l.add(row)
	for j := range MeanUnits {
		at := laneOrder(j)
		w := l[2+at/4]
		if got := int(uint16(w >> (16 * (at % 4)))); got != 8+j {
			t.Errorf("unit %d is at a lane that holds byte %d, want %d", j, got, 8+j)
		}
	}
	for j := range 3 {
		if got := lane(&l, j); got != float32(j) {
			t.Errorf("class %d reads byte %v", j, got)
		}
	}
}

// TestLanesNeverOverflow feeds a message that selects as many rows as can be:
// long words that nobody knows, each twice in a row, some drawn out in capitals.
func TestLanesNeverOverflow(t *testing.T) {
	e := New()
	rnd := rand.New(rand.NewPCG(3, 4))
	var b strings.Builder
	for b.Len() < maxTextBytes {
		w := make([]byte, 10)
		for i := range w {
			w[i] = "bcdfgjkqvwxz"[rnd.IntN(12)]
		}
		word := string(w)
		if rnd.IntN(2) == 0 {
			word = strings.ToUpper(word) + "QQQ"
		}
		b.WriteString(word + " " + word + " ok ")
	}
	text := b.String()
	var s scratch
	var g signals
	s.tokenize(e.lex, text, nil)
	s.judge(e.lex, &g)
	total := 0
	for i := range s.n {
		var r tokenRows
		var sum messageLanes
		e.model.token(&r, &sum, &s.tokens[i], e.model.vocab.get(s.tokens[i].key), e.lex, &g, text)
		if r.n > maxTokenRows {
			t.Errorf("a token adds %d rows, want %d at most", r.n, maxTokenRows)
		}
		total += r.n
	}
	if total <= 2*maxMeanRows {
		t.Fatalf("%d rows: the message does not reach the limit of %d", total, maxMeanRows)
	}
	var whole, part [3]float32
	e.model.judge(&whole, &s, e.lex, &g, text, false)
	// Only the tokens within the limit count: fewer of them give the same.
	for s.n--; s.n > 40; s.n-- {
		e.model.judge(&part, &s, e.lex, &g, text, false)
		if part != whole {
			t.Fatalf("the first %d tokens give %v, all of them %v", s.n, part, whole)
		}
	}
}

// TestEmojiSequences reads sequences as one emoji.
func TestEmojiSequences(t *testing.T) {
	for text, size := range map[string]int{
		"👍": 4, "👍🏽x": 8, "❤️": 6, "🏳️‍🌈!": 14, "👨‍👩‍👧": 18, "🇩🇪🇫🇷": 8, "🤦🏻‍♂️": 17,
	} {
		if _, _, got := emojiHash(text); got != size {
			t.Errorf("%q: %d bytes, want %d", text, got, size)
		}
	}
	if emojiKey("👍") != emojiKey("👍🏿") || emojiKey("❤") != emojiKey("❤️") || emojiKey("🤦") != emojiKey("🤦‍♀️") {
		t.Error("skin tone, variation or gender changes the key")
	}
	if emojiKey("👨‍👩‍👧") == emojiKey("👨") || emojiKey("🇩🇪") == emojiKey("🇫🇷") {
		t.Error("different emoji share a key")
	}
}

// TestLimits reads what is longer than the limits without looking behind them.
func TestLimits(t *testing.T) {
	e := New()
	var a, b Score
	long := strings.Repeat("abc ", maxTextBytes/4)
	e.Score(&a, long, nil)
	e.Score(&b, long+"trash garbage worst player", []chat.Emote{{Start: len(long), End: len(long) + 5}})
	if a != b {
		t.Errorf("what stands behind %d bytes changes %+v to %+v", maxTextBytes, a, b)
	}
}
