package train

import (
	"math/rand/v2"
	"strings"
)

// The model that ships copies its teachers the better, the more texts it has
// heard them judge, and of chat there is only so much. So more texts are made
// of what people wrote: nobody wrote these, but their words stand where such
// words stand.

const (
	maxAugmentedWords = 24
	maxAugmentedBytes = 300
	maxSourceWords    = 60 // longer texts are not taken apart
	augmentSeed       = 2
)

// AugmentedTexts are the first n texts that [Augment] makes of the chat in dir
// and of reddit's comments. What was written in the channels of hidden is left
// out, and so are the texts that are labelled there.
func AugmentedTexts(dir string, labels, reddit []Example, hidden map[string]bool, n int) ([]string, error) {
	chat, err := Chat(dir, 1<<30)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i := range labels {
		if hidden[labels[i].Channel] {
			seen[labels[i].Text] = true
		}
	}
	var sources []string
	add := func(t string) {
		if !seen[t] {
			seen[t] = true
			sources = append(sources, t)
		}
	}
	for i := range chat {
		if !hidden[chat[i].Channel] {
			add(chat[i].Text)
		}
	}
	for i := range reddit {
		add(reddit[i].Text)
	}
	return Augment(sources, n), nil
}

// augmenter makes new texts out of old ones. Words are what stands between
// spaces, so that a change of our tokens leaves the texts alone.
type augmenter struct {
	rnd   *rand.Rand
	texts [][]int32 // the words of each text
	words []string
	at    [][]place          // where each word stands
	after map[uint64][]place // where the second of each two neighbours stands
}

// place is a word of a text.
type place struct{ text, word int32 }

func newAugmenter(texts []string, seed uint64) *augmenter {
	a := &augmenter{rnd: newRand(seed), after: map[uint64][]place{}}
	number := map[string]int32{}
	for _, t := range texts {
		fields := strings.Fields(t)
		if len(fields) == 0 || len(fields) > maxSourceWords {
			continue
		}
		line := make([]int32, len(fields))
		for i, f := range fields {
			id, ok := number[f]
			if !ok {
				id = int32(len(a.words))
				number[f] = id
				a.words = append(a.words, f)
				a.at = append(a.at, nil)
			}
			line[i] = id
			here := place{int32(len(a.texts)), int32(i)}
			a.at[id] = append(a.at[id], here)
			if i > 0 {
				k := neighbours(line[i-1], id)
				a.after[k] = append(a.after[k], here)
			}
		}
		a.texts = append(a.texts, line)
	}
	return a
}

func neighbours(a, b int32) uint64 { return uint64(uint32(a))<<32 | uint64(uint32(b)) }

// splice reads a text and now and then goes on in another that has the same
// word, or the same two words, at this point.
func (a *augmenter) splice() []int32 {
	here := place{int32(a.rnd.IntN(len(a.texts))), 0}
	var out []int32
	for len(out) < maxAugmentedWords {
		out = append(out, a.texts[here.text][here.word])
		if n := len(out); n >= 2 && a.rnd.Float32() < 0.5 {
			if p := a.after[neighbours(out[n-2], out[n-1])]; len(p) > 1 {
				here = p[a.rnd.IntN(len(p))]
			}
		} else if a.rnd.Float32() < 0.15 {
			p := a.at[out[n-1]]
			here = p[a.rnd.IntN(len(p))]
		}
		here.word++
		if int(here.word) >= len(a.texts[here.text]) {
			break
		}
	}
	return out
}

// cut returns a part of a text.
func (a *augmenter) cut() []int32 {
	t := a.texts[a.rnd.IntN(len(a.texts))]
	n := min(1+a.rnd.IntN(10), len(t))
	from := a.rnd.IntN(len(t) - n + 1)
	return append([]int32(nil), t[from:from+n]...)
}

// Augment makes up to n texts out of texts, none of them among texts and all
// different: three of five are spliced, the others are cut out. The first of
// them do not depend on n.
func Augment(texts []string, n int) []string {
	a := newAugmenter(texts, augmentSeed)
	if len(a.texts) == 0 {
		return nil
	}
	seen := make(map[string]bool, len(texts)+n)
	for _, t := range texts {
		seen[t] = true
	}
	makers := []func() []int32{a.splice, a.cut, a.splice, a.cut, a.splice}
	out := make([]string, 0, n)
	var b strings.Builder
	// Few texts may not have as many others in them: one try in a hundred must succeed.
	for i := 0; len(out) < n && i < 1000+100*(len(out)+1); i++ {
		b.Reset()
		for k, w := range makers[i%len(makers)]() {
			if k > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(a.words[w])
		}
		if t := b.String(); !seen[t] && len(t) <= maxAugmentedBytes {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out
}
