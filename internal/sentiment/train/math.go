package train

import (
	"math"
	"sort"
)

func sortBy[T any](s []T, less func(a, b T) bool) {
	sort.SliceStable(s, func(i, j int) bool { return less(s[i], s[j]) })
}

// dot returns the inner product of two equally long slices.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

// addScaled adds c·b to a.
func addScaled(a []float32, c float32, b []float32) {
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		a[i] += c * b[i]
		a[i+1] += c * b[i+1]
		a[i+2] += c * b[i+2]
		a[i+3] += c * b[i+3]
	}
	for ; i < len(a); i++ {
		a[i] += c * b[i]
	}
}

// softmax turns logits into probabilities in place.
func softmax(z []float32) {
	top := z[0]
	for _, v := range z {
		top = max(top, v)
	}
	var sum float32
	for i, v := range z {
		z[i] = float32(math.Exp(float64(v - top)))
		sum += z[i]
	}
	for i := range z {
		z[i] /= sum
	}
}

func sigmoid(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }

// matrix is a dense parameter with Adagrad's sums of squares.
type matrix struct {
	rows, cols int
	w, g2      []float32
}

func newMatrix(rows, cols int) *matrix {
	return &matrix{rows: rows, cols: cols, w: make([]float32, rows*cols), g2: make([]float32, rows*cols)}
}

func (m *matrix) row(i int) []float32 { return m.w[i*m.cols : (i+1)*m.cols] }

// randomize fills m with uniform numbers of the given deviation.
func (m *matrix) randomize(rnd interface{ Float32() float32 }, scale float32) {
	for i := range m.w {
		m.w[i] = (2*rnd.Float32() - 1) * scale
	}
}

// step moves row i against grad (times scale) with Adagrad.
func (m *matrix) step(i int, grad []float32, rate, decay float32) {
	w := m.w[i*m.cols : (i+1)*m.cols]
	g2 := m.g2[i*m.cols : (i+1)*m.cols]
	for j, g := range grad {
		if g == 0 {
			continue
		}
		g += decay * w[j]
		g2[j] += g * g
		w[j] -= rate * g / (float32(math.Sqrt(float64(g2[j]))) + 1e-6)
	}
}
