package frame

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

// flagCorrected is the letter of a message whose label a person corrected.
const flagCorrected = "C"

// Judgement is what a message's object says of how it was judged.
type Judgement struct {
	Label      sentiment.Label
	Score      float32
	Confidence float32
	Flags      string // all letters of f
}

// CorrectedTo is the judgement j after a person gave the message a label.
func (j Judgement) CorrectedTo(l sentiment.Label) Judgement {
	s := sentiment.Corrected(l, 0)
	flags := strings.NewReplacer("U", "", "0", "", flagCorrected, "").Replace(j.Flags) + flagCorrected
	return Judgement{Label: l, Score: s.Value, Confidence: s.Confidence, Flags: flags}
}

// span finds where the object of a message, made by [AppendMessage], tells its
// label, score and confidence, and where its flags. Quotes inside of texts are
// escaped, so that neither key can be in one.
func span(encoded []byte) (from, to, flagsFrom, flagsTo int, ok bool) {
	const first, key = `","l":"`, `,"f":"`
	at := bytes.Index(encoded, []byte(first))
	k := bytes.Index(encoded, []byte(`,"k":`))
	if at < 0 || k < at {
		return 0, 0, 0, 0, false
	}
	from = at + 1
	n := bytes.IndexAny(encoded[k+1:], ",}")
	if n < 0 {
		return 0, 0, 0, 0, false
	}
	to = k + 1 + n
	flagsFrom, flagsTo = len(encoded)-1, len(encoded)-1
	if f := bytes.Index(encoded[to:], []byte(key)); f >= 0 {
		end := bytes.IndexByte(encoded[to+f+len(key):], '"')
		if end < 0 {
			return 0, 0, 0, 0, false
		}
		flagsFrom = to + f
		flagsTo = flagsFrom + len(key) + end + 1
	}
	return from, to, flagsFrom, flagsTo, true
}

// JudgementOf reads how a message was judged from its object.
func JudgementOf(encoded []byte) (Judgement, error) {
	var m struct {
		L string  `json:"l"`
		S float32 `json:"s"`
		K float32 `json:"k"`
		F string  `json:"f"`
	}
	if err := json.Unmarshal(encoded, &m); err != nil {
		return Judgement{}, fmt.Errorf("%w: a message: %w", ErrMalformed, err)
	}
	j := Judgement{Score: m.S, Confidence: m.K, Flags: m.F}
	switch m.L {
	case "p":
		j.Label = sentiment.Positive
	case "n":
		j.Label = sentiment.Negative
	}
	return j, nil
}

// AppendJudged appends the object of a message with another judgement.
func AppendJudged(dst, encoded []byte, j Judgement) ([]byte, error) {
	from, to, flagsFrom, flagsTo, ok := span(encoded)
	if !ok {
		return dst, fmt.Errorf("%w: a message", ErrMalformed)
	}
	dst = append(dst, encoded[:from]...)
	dst = appendJudgement(dst, j)
	dst = append(dst, encoded[to:flagsFrom]...)
	if j.Flags != "" {
		dst = appendString(append(dst, `,"f":`...), j.Flags)
	}
	return append(dst, encoded[flagsTo:]...), nil
}

func appendJudgement(dst []byte, j Judgement) []byte {
	dst = append(dst, `,"l":"`...)
	dst = append(dst, labelLetter(j.Label))
	dst = append(dst, `","s":`...)
	dst = appendDecimal(dst, j.Score, 3)
	dst = append(dst, `,"k":`...)
	return appendDecimal(dst, j.Confidence, 2)
}

// AppendRelabel appends a relabel frame: a person corrected a message's label,
// or took that back.
func AppendRelabel(dst []byte, seq uint64, id string, j Judgement, corrected bool) []byte {
	dst = appendSeq(append(dst, `{"type":"relabel"`...), seq)
	dst = appendString(append(dst, `,"id":`...), id)
	dst = appendJudgement(dst, j)
	dst = appendString(append(dst, `,"f":`...), j.Flags)
	dst = append(dst, `,"corrected":`...)
	return append(strconv.AppendBool(dst, corrected), '}')
}

// TextOf reads a message's text and Twitch's emotes in it from its object.
func TextOf(encoded []byte) (text string, emotes []chat.Emote, err error) {
	var m struct {
		X string               `json:"x"`
		E [][3]json.RawMessage `json:"e"`
	}
	if err := json.Unmarshal(encoded, &m); err != nil {
		return "", nil, fmt.Errorf("%w: a message: %w", ErrMalformed, err)
	}
	for _, e := range m.E {
		var at chat.Emote
		var start, end int
		if json.Unmarshal(e[0], &at.ID) != nil || json.Unmarshal(e[1], &start) != nil || json.Unmarshal(e[2], &end) != nil {
			return "", nil, fmt.Errorf("%w: an emote", ErrMalformed)
		}
		at.Start, at.End = byteOffset(m.X, start), byteOffset(m.X, end)
		at.Name = m.X[at.Start:at.End]
		emotes = append(emotes, at)
	}
	return m.X, emotes, nil
}

// byteOffset returns where the n-th UTF-16 code unit of text begins.
func byteOffset(text string, n int) int {
	for i, r := range text {
		if n <= 0 {
			return i
		}
		n -= max(utf16.RuneLen(r), 1)
	}
	return len(text)
}

// Units returns how many UTF-16 code units the first n bytes of text are, in
// which JavaScript counts.
func Units(text string, n int) int {
	units := 0
	for i := 0; i < n && i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		units += max(utf16.RuneLen(r), 1)
	}
	return units
}

// AppendExplanation appends the answer to an explain frame.
func AppendExplanation(dst []byte, id string, x analysis.Explanation) []byte {
	dst = appendString(append(dst, `{"type":"explanation","id":`...), id)
	dst = appendJudgement(dst, Judgement{Label: x.Label, Score: x.Score, Confidence: x.Confidence})
	dst = appendString(append(dst, `,"f":`...), x.Flags)
	dst = append(dst, `,"parts":[`...)
	for i, p := range x.Parts {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, `{"start":`...), int64(p.Start), 10)
		dst = strconv.AppendInt(append(dst, `,"end":`...), int64(p.End), 10)
		dst = appendString(append(dst, `,"text":`...), p.Text)
		dst = appendDecimal(append(dst, `,"value":`...), p.Value, 3)
		dst = appendString(append(dst, `,"rule":`...), string(p.Rule))
		dst = append(dst, '}')
	}
	return append(dst, "]}"...)
}

// AppendExplanationError appends the answer to an explain frame that cannot be
// answered.
func AppendExplanationError(dst []byte, id, code, detail string) []byte {
	dst = appendString(append(dst, `{"type":"explanation","id":`...), id)
	dst = appendString(append(dst, `,"error":`...), code)
	dst = appendString(append(dst, `,"detail":`...), detail)
	return append(dst, '}')
}
