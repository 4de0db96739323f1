package train

import "math"

// vectorSettings are the settings of [learnVectors].
type vectorSettings struct {
	dims, window, negatives, epochs int
	rate                            float32
	seed                            uint64
}

// learnVectors learns word vectors from chat by skip-gram with negative
// sampling (Mikolov et al. 2013).
func learnVectors(v *vocabulary, lines [][]int32, o vectorSettings) *matrix {
	rnd := newRand(o.seed)
	in, out := newMatrix(len(v.keys), o.dims), newMatrix(len(v.keys), o.dims)
	in.randomize(rnd, 0.5/float32(o.dims))
	table := negativeTable(v.count)
	total := 0
	for _, c := range v.count {
		total += c
	}
	keep := make([]float32, len(v.count))
	for i, c := range v.count {
		f := float64(c) / float64(total)
		keep[i] = float32(math.Min(1, math.Sqrt(3e-4/f)+3e-4/f))
	}
	sig := sigmoidTable()
	grad := make([]float32, o.dims)
	var kept []int32
	done, all := 0, o.epochs*len(lines)
	for range o.epochs {
		for _, line := range lines {
			done++
			rate := o.rate * max(1-float32(done)/float32(all), 0.01)
			kept = kept[:0]
			for _, id := range line {
				if id >= 0 && rnd.Float32() < keep[id] {
					kept = append(kept, id)
				}
			}
			for i, center := range kept {
				reach := 1 + rnd.IntN(o.window)
				for j := max(0, i-reach); j <= min(len(kept)-1, i+reach); j++ {
					if j == i {
						continue
					}
					vec := in.row(int(kept[j]))
					for d := range grad {
						grad[d] = 0
					}
					for n := 0; n <= o.negatives; n++ {
						target, want := center, float32(1)
						if n > 0 {
							target, want = table[rnd.IntN(len(table))], 0
							if target == center {
								continue
							}
						}
						ov := out.row(int(target))
						g := (want - sig.at(dot(vec, ov))) * rate
						addScaled(grad, g, ov)
						addScaled(ov, g, vec)
					}
					addScaled(vec, 1, grad)
				}
			}
		}
	}
	return in
}

func negativeTable(count []int) []int32 {
	const size = 1 << 20
	var sum float64
	for _, c := range count {
		sum += math.Pow(float64(c), 0.75)
	}
	table := make([]int32, 0, size+len(count))
	for i, c := range count {
		n := int(math.Ceil(math.Pow(float64(c), 0.75) / sum * size))
		for range n {
			table = append(table, int32(i))
		}
	}
	return table
}

type sigTable [1024]float32

func sigmoidTable() *sigTable {
	t := new(sigTable)
	for i := range t {
		t[i] = sigmoid((float32(i) - 512) / 64)
	}
	return t
}

func (t *sigTable) at(x float32) float32 {
	switch {
	case x >= 7.99:
		return 1
	case x <= -7.99:
		return 0
	}
	return t[int(x*64)+512]
}
