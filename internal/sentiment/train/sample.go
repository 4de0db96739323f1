package train

import (
	"math/rand/v2"
	"strings"

	"chatmood/internal/sentiment"
)

const (
	maxSampleTokens = 40
	numLex          = 14 // findings about a single token
)

// sample is a message ready for the networks.
type sample struct {
	ids    []int32   // vocabulary, −1 unknown
	lex    []float32 // numLex for each token
	subs   [][]uint32
	keys   []uint64
	rules  [sentiment.NumRules]float32
	sparse []uint32 // hashed features of the linear part
	target [3]float32
	weight float32
}

// vocabulary numbers token keys by falling count.
type vocabulary struct {
	ids   map[uint64]int32
	keys  []uint64
	count []int
	text  []string
}

// reader turns texts into samples.
type reader struct {
	engine *sentiment.Engine
	buf    sentiment.Reading
}

// countTokens builds a vocabulary of all tokens that occur at least min times.
func countTokens(r *reader, texts []string, min int) *vocabulary {
	type stat struct {
		n     int
		order int
		text  string
	}
	counts := map[uint64]*stat{}
	var order []uint64
	for _, t := range texts {
		r.engine.Read(&r.buf, t, nil)
		for i := range r.buf.Tokens {
			tok := &r.buf.Tokens[i]
			s := counts[tok.Key]
			if s == nil {
				s = &stat{text: strings.Clone(tok.Text), order: len(order)}
				counts[tok.Key] = s
				order = append(order, tok.Key)
			}
			s.n++
		}
	}
	v := &vocabulary{ids: map[uint64]int32{}}
	for _, k := range order {
		if counts[k].n >= min {
			v.keys = append(v.keys, k)
		}
	}
	sortBy(v.keys, func(a, b uint64) bool {
		if counts[a].n != counts[b].n {
			return counts[a].n > counts[b].n
		}
		return counts[a].order < counts[b].order
	})
	for i, k := range v.keys {
		v.ids[k] = int32(i)
		v.count = append(v.count, counts[k].n)
		v.text = append(v.text, counts[k].text)
	}
	return v
}

const (
	sparseBits = 19
	sparseMask = 1<<sparseBits - 1
)

// sample reads text. The memory of the result is its own.
func (r *reader) sample(v *vocabulary, text string) sample {
	r.engine.Read(&r.buf, text, nil)
	toks := r.buf.Tokens
	if len(toks) > maxSampleTokens {
		toks = toks[:maxSampleTokens]
	}
	s := sample{rules: r.buf.Rules, weight: 1}
	s.ids = make([]int32, len(toks))
	s.keys = make([]uint64, len(toks))
	s.lex = make([]float32, len(toks)*numLex)
	s.subs = make([][]uint32, len(toks))
	for i := range toks {
		t := &toks[i]
		id, ok := v.ids[t.Key]
		if !ok {
			id = -1
			s.subs[i] = sentiment.Subwords(nil, t.Text)
		}
		s.ids[i], s.keys[i] = id, t.Key
		tokenFindings(s.lex[i*numLex:(i+1)*numLex], t)
	}
	s.sparse = sparseFeatures(toks, text)
	return s
}

func tokenFindings(f []float32, t *sentiment.ReadToken) {
	set := func(i int, on bool) {
		if on {
			f[i] = 1
		}
	}
	if t.Valence > 0 {
		f[0] = t.Valence
	} else {
		f[1] = -t.Valence
	}
	f[2] = t.Arousal
	set(3, t.Known)
	set(4, t.Laughter)
	set(5, t.Sarcasm)
	set(6, t.Toxic)
	set(7, t.Negator)
	set(8, t.Intensifier)
	set(9, t.Caps)
	set(10, t.Long)
	set(11, t.Emote)
	set(12, t.Count > 1)
	set(13, t.Function)
}

func sparseFeatures(toks []sentiment.ReadToken, text string) []uint32 {
	var f []uint32
	add := func(h uint64) { f = append(f, uint32(h>>20)&sparseMask) }
	prev, prev2 := uint64(1), uint64(2)
	for i := range toks {
		k := toks[i].Key
		add(hash2(k, 11))
		add(hash2(hash2(k, prev), 12))
		add(hash2(hash2(hash2(k, prev), prev2), 13))
		if i >= 2 {
			add(hash2(hash2(k, prev2), 14))
		}
		if toks[i].Caps {
			add(hash2(k, 15))
		}
		if toks[i].Long {
			add(hash2(k, 16))
		}
		prev2, prev = prev, k
	}
	add(hash2(hash2(prev, 17), 3))
	if len(toks) > 0 {
		add(hash2(toks[0].Key, 18))
	}
	low := strings.ToLower(text)
	if len(low) > 160 {
		low = low[:160]
	}
	low = " " + low + " "
	for n := 2; n <= 5; n++ {
		for i := 0; i+n <= len(low); i++ {
			h := uint64(n) * 0x9E3779B97F4A7C15
			for j := i; j < i+n; j++ {
				h = (h ^ uint64(low[j])) * 0x100000001B3
			}
			add(hash2(h, 19))
		}
	}
	return f
}

func hash2(a, b uint64) uint64 {
	h := (a ^ b*0xD6E8FEB86659FD93) * 0x9E3779B97F4A7C15
	return h ^ h>>31
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0xC0FFEE)) }
