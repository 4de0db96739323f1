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
