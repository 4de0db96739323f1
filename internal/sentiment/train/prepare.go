package train

import (
	"chatmood/internal/sentiment"
)

// mimic learns vectors of letter groups whose mean comes close to the vectors
// of the words that we know, so that unknown words get one.
func mimic(v *vocabulary, vectors *matrix, epochs int) *matrix {
	m := newMatrix(1<<subBits, vectors.cols)
	groups := make([][]uint32, len(v.text))
	for i, t := range v.text {
		groups[i] = sentiment.Subwords(nil, t)
	}
	for i := range m.g2 {
		m.g2[i] = 1e-2
	}
	sum := make([]float32, m.cols)
	for range epochs {
		for i, g := range groups {
			if len(g) == 0 || v.count[i] < 8 {
				continue
			}
			clear(sum)
			c := 1 / float32(len(g))
			for _, f := range g {
				addScaled(sum, c, m.row(int(f&(1<<subBits-1))))
			}
			addScaled(sum, -1, vectors.row(i))
			for j := range sum {
				sum[j] *= c
			}
			for _, f := range g {
				m.step(int(f&(1<<subBits-1)), sum, 0.05, 0)
			}
		}
	}
	return m
}

// setTarget turns a label into probabilities: an unsure label, or one that a
// second labeller disputes, is softer.
func setTarget(s *sample, e *Example) {
	soft := float32(0.06)
	for _, f := range e.Flags {
		if f == 'u' {
			soft = 0.2
		}
	}
	for k := range s.target {
		s.target[k] = soft / 3
	}
	s.target[e.Class] += 1 - soft
	if e.Twice {
		second := classOf(e.Second)
		s.target[e.Class] -= 0.4 * (1 - soft)
		s.target[second] += 0.4 * (1 - soft)
	}
}

// emoteTask makes samples for guessing the emote that was taken out of a
// message: the classes most frequent emotes, emoji and typed laughter.
func emoteTask(r *reader, v *vocabulary, texts []string, classes int) []sample {
	counts := map[uint64]int{}
	var order []uint64
	for _, t := range texts {
		r.engine.Read(&r.buf, t, nil)
		for i := range r.buf.Tokens {
			if tok := &r.buf.Tokens[i]; tok.Emote && tok.Known {
				if counts[tok.Key] == 0 {
					order = append(order, tok.Key)
				}
				counts[tok.Key]++
			}
		}
	}
	sortBy(order, func(a, b uint64) bool { return counts[a] > counts[b] })
	class := map[uint64]int32{}
	for i, k := range order {
		if i == classes {
			break
		}
		class[k] = int32(i)
	}
	var out []sample
	per := make([]int, classes)
	for _, t := range texts {
		r.engine.Read(&r.buf, t, nil)
		toks := r.buf.Tokens
		emote, rest := int32(-1), 0
		for i := range toks {
			if c, ok := class[toks[i].Key]; ok && emote < 0 {
				emote = c
			}
			if !toks[i].Emote {
				rest++
			}
		}
		if emote < 0 || rest == 0 || per[emote] > 12000 {
			continue
		}
		per[emote]++
		s := sample{emote: emote, weight: 1}
		for i := range toks {
			tok := &toks[i]
			if tok.Emote && tok.Known || len(s.ids) == maxSampleTokens {
				continue
			}
			id, ok := v.ids[tok.Key]
			var sub []uint32
			if !ok {
				id = -1
				sub = sentiment.Subwords(nil, tok.Text)
			}
			s.ids = append(s.ids, id)
			s.subs = append(s.subs, sub)
			f := make([]float32, numLex)
			tokenFindings(f, tok)
			s.lex = append(s.lex, f...)
		}
		out = append(out, s)
	}
	rnd := newRand(5)
	rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}
