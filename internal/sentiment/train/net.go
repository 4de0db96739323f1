package train

import (
	"math"
	"math/rand/v2"

	"chatmood/internal/sentiment"
)

// netSettings shape a teacher network and its training.
type netSettings struct {
	filters, hidden         int
	width                   int // of the filters, tokens
	epochs                  int
	rate, embedRate, linear float32
	dropHidden, dropToken   float32
	dropSparse, decay       float32
	seed                    uint64
}

// net is a teacher: filters over word vectors, their maxima and means through
// one hidden layer, beside a linear part over sparse features.
type net struct {
	o      netSettings
	dims   int // of a token: vector and findings
	embed  *matrix
	sub    *matrix
	filter *matrix // filters × width·dims
	fbias  *matrix
	hid    *matrix // hidden × (dims + filters + rules)
	hbias  *matrix
	out    *matrix // 3 × hidden
	obias  *matrix
	lin    *matrix // features × 3
	rlin   *matrix // 3 × rules
	folded *matrix // what each word adds to the filters, for judging only
}

const subBits = 15

func newNet(o netSettings, vectors, subs *matrix) *net {
	rnd := newRand(o.seed)
	n := &net{o: o, dims: vectors.cols + numLex}
	n.embed = &matrix{rows: vectors.rows, cols: vectors.cols, w: append([]float32(nil), vectors.w...), g2: make([]float32, len(vectors.w))}
	n.sub = &matrix{rows: subs.rows, cols: subs.cols, w: append([]float32(nil), subs.w...), g2: make([]float32, len(subs.w))}
	n.filter, n.fbias = newMatrix(o.filters, o.width*n.dims), newMatrix(1, o.filters)
	n.filter.randomize(rnd, float32(math.Sqrt(3/float64(o.width*n.dims))))
	in := n.dims + o.filters + sentiment.NumRules
	n.hid, n.hbias = newMatrix(o.hidden, in), newMatrix(1, o.hidden)
	n.hid.randomize(rnd, float32(math.Sqrt(3/float64(in))))
	n.out, n.obias = newMatrix(3, o.hidden), newMatrix(1, 3)
	n.out.randomize(rnd, float32(math.Sqrt(3/float64(o.hidden))))
	n.lin = newMatrix(sparseMask+1, 3)
	n.rlin = newMatrix(3, sentiment.NumRules)
	for _, m := range []*matrix{n.embed, n.sub, n.filter, n.hid, n.out, n.fbias, n.hbias, n.obias, n.rlin} {
		for i := range m.g2 {
			m.g2[i] = 1e-3
		}
	}
	for i := range n.lin.g2 {
		n.lin.g2[i] = 1e-3
	}
	return n
}

// work is the memory of one pass through a net.
type work struct {
	x      []float32 // padded token vectors
	n      int
	conv   []float32
	arg    []int
	in     []float32
	h      []float32
	mask   []float32
	drop   []bool
	z      [3]float32
	gin    []float32
	gh     []float32
	gx     []float32
	sparse []uint32
	sscale float32
	tz     []float32
	gf     []float32
	parts  []float32
	answer []float32
}

func newWork(n *net) *work {
	return &work{
		x: make([]float32, (maxSampleTokens+2*n.o.width)*n.dims), gx: make([]float32, (maxSampleTokens+2*n.o.width)*n.dims),
		conv: make([]float32, n.o.filters), arg: make([]int, n.o.filters),
		in: make([]float32, n.hid.cols), gin: make([]float32, n.hid.cols), h: make([]float32, n.o.hidden), gh: make([]float32, n.o.hidden),
		mask: make([]float32, n.o.hidden), drop: make([]bool, maxSampleTokens), gf: make([]float32, n.filter.cols), answer: make([]float32, n.o.filters),
	}
}

// forward runs s through the net; rnd is nil when judging.
func (n *net) forward(w *work, s *sample, rnd *rand.Rand) {
	for k := range 3 {
		w.z[k] = n.obias.w[k]
		w.z[k] += dot(n.rlin.row(k), s.rules[:])
	}
	w.sparse = w.sparse[:0]
	for _, f := range s.sparse {
		if rnd == nil || rnd.Float32() >= n.o.dropSparse {
			w.sparse = append(w.sparse, f)
		}
	}
	w.sscale = float32(2 / math.Sqrt(float64(len(s.sparse))+1))
	if rnd != nil {
		w.sscale /= 1 - n.o.dropSparse
	}
	for _, f := range w.sparse {
		r := n.lin.row(int(f))
		w.z[0] += w.sscale * r[0]
		w.z[1] += w.sscale * r[1]
		w.z[2] += w.sscale * r[2]
	}
	D, d := n.dims, n.embed.cols
	pad := n.o.width - 1
	w.n = len(s.ids)
	total := (w.n + 2*pad) * D
	x := w.x[:total]
	clear(x)
	in := w.in
	clear(in)
	live := 0
	for i, id := range s.ids {
		row := x[(i+pad)*D : (i+pad+1)*D]
		w.drop[i] = rnd != nil && rnd.Float32() < n.o.dropToken
		if w.drop[i] {
			continue
		}
		live++
		if id >= 0 {
			copy(row, n.embed.row(int(id)))
		} else if len(s.subs[i]) > 0 {
			c := 1 / float32(len(s.subs[i]))
			for _, f := range s.subs[i] {
				addScaled(row[:d], c, n.sub.row(int(f&(1<<subBits-1))))
			}
		}
		copy(row[d:], s.lex[i*numLex:(i+1)*numLex])
		addScaled(in[:D], 1, row)
	}
	if live > 0 {
		c := 1 / float32(live)
		for i := range D {
			in[i] *= c
		}
	}
	if rnd == nil && n.folded != nil {
		n.foldedFilters(w, s, x)
	}
	span := n.o.width * D
	for f := range n.o.filters {
		if rnd == nil && n.folded != nil {
			in[D+f] = w.conv[f]
			continue
		}
		weights := n.filter.row(f)
		best, at := float32(0), -1
		for p := 0; p+n.o.width <= w.n+2*pad; p++ {
			if v := dot(weights, x[p*D:p*D+span]) + n.fbias.w[f]; v > best {
				best, at = v, p
			}
		}
		w.conv[f], w.arg[f] = best, at
		in[D+f] = best
	}
	copy(in[D+n.o.filters:], s.rules[:])
	for j := range n.o.hidden {
		v := dot(n.hid.row(j), in) + n.hbias.w[j]
		w.mask[j] = 1
		if rnd != nil {
			if rnd.Float32() < n.o.dropHidden {
				w.mask[j] = 0
			} else {
				w.mask[j] = 1 / (1 - n.o.dropHidden)
			}
		}
		if v < 0 {
			v = 0
		}
		w.h[j] = v * w.mask[j]
	}
	for k := range 3 {
		w.z[k] += dot(n.out.row(k), w.h)
	}
}

// fold prepares the net for judging many messages: the part of the filters'
// answers that depends on a word alone is computed once for each word.
func (n *net) fold() {
	d, D := n.embed.cols, n.dims
	n.folded = newMatrix(n.embed.rows, n.o.width*n.o.filters)
	for i := range n.embed.rows {
		v, row := n.embed.row(i), n.folded.row(i)
		for p := range n.o.width {
			for f := range n.o.filters {
				row[p*n.o.filters+f] = dot(n.filter.row(f)[p*D:p*D+d], v)
			}
		}
	}
}

// foldedFilters fills w.conv from the folded words. x are the padded tokens.
func (n *net) foldedFilters(w *work, s *sample, x []float32) {
	d, D, F := n.embed.cols, n.dims, n.o.filters
	span := n.o.width * F
	if need := maxSampleTokens * span; len(w.parts) < need {
		w.parts = make([]float32, need)
	}
	for i, id := range s.ids {
		part := w.parts[i*span : (i+1)*span]
		row := x[(i+n.o.width-1)*D:][:D]
		if id >= 0 {
			copy(part, n.folded.row(int(id)))
		} else {
			for p := range n.o.width {
				for f := range F {
					part[p*F+f] = dot(n.filter.row(f)[p*D:p*D+d], row[:d])
				}
			}
		}
		for j, v := range row[d:] {
			if v == 0 {
				continue
			}
			for p := range n.o.width {
				for f := range F {
					part[p*F+f] += v * n.filter.w[f*n.filter.cols+p*D+d+j]
				}
			}
		}
	}
	clear(w.conv)
	for at := 1 - n.o.width; at < len(s.ids); at++ {
		sum := w.answer[:F]
		copy(sum, n.fbias.w)
		for p := range n.o.width {
			if i := at + p; i >= 0 && i < len(s.ids) {
				addScaled(sum, 1, w.parts[i*span+p*F:i*span+(p+1)*F])
			}
		}
		for f, v := range sum {
			w.conv[f] = max(w.conv[f], v)
		}
	}
}

// backward learns from the gradient of the logits.
func (n *net) backward(w *work, s *sample, g []float32, rate float32) {
	n.obias.step(0, g, rate, 0)
	for k := range 3 {
		w.scaled(w.gin[:sentiment.NumRules], g[k], s.rules[:])
		n.rlin.step(k, w.gin[:sentiment.NumRules], rate, n.o.decay)
	}
	gl := [3]float32{g[0] * w.sscale, g[1] * w.sscale, g[2] * w.sscale}
	for _, f := range w.sparse {
		n.lin.step(int(f), gl[:], n.o.linear, 0)
	}
	clear(w.gh)
	for k, gk := range g {
		if gk == 0 {
			continue
		}
		addScaled(w.gh, gk, n.out.row(k))
	}
	for k, gk := range g {
		if gk > 1e-4 || gk < -1e-4 {
			w.scaled(w.tmp(len(w.h)), gk, w.h)
			n.out.step(k, w.tmp(len(w.h)), rate, n.o.decay)
		}
	}
	clear(w.gin)
	for j := range n.o.hidden {
		gj := w.gh[j] * w.mask[j]
		if w.h[j] <= 0 || gj == 0 {
			w.gh[j] = 0
			continue
		}
		w.gh[j] = gj
		addScaled(w.gin, gj, n.hid.row(j))
	}
	for j := range n.o.hidden {
		if gj := w.gh[j]; gj != 0 {
			t := w.tmp(len(w.in))
			w.scaled(t, gj, w.in)
			n.hid.step(j, t, rate, n.o.decay)
		}
	}
	n.hbias.step(0, w.gh, rate, 0)
	D, d := n.dims, n.embed.cols
	pad := n.o.width - 1
	gx := w.gx[:(w.n+2*pad)*D]
	clear(gx)
	span := n.o.width * D
	for f := range n.o.filters {
		gf := w.gin[D+f]
		p := w.arg[f]
		if p < 0 || gf == 0 {
			continue
		}
		addScaled(gx[p*D:p*D+span], gf, n.filter.row(f))
		w.scaled(w.gf, gf, w.x[p*D:p*D+span])
		n.filter.step(f, w.gf, rate, n.o.decay)
		n.fbias.w[f] -= rate * 0.1 * gf
	}
	live := 0
	for i := range s.ids {
		if !w.drop[i] {
			live++
		}
	}
	if live == 0 || n.o.embedRate == 0 {
		return
	}
	c := 1 / float32(live)
	for i, id := range s.ids {
		if w.drop[i] {
			continue
		}
		row := gx[(i+pad)*D : (i+pad)*D+d]
		addScaled(row, c, w.gin[:d])
		if id >= 0 {
			n.embed.step(int(id), row, n.o.embedRate, 0)
		} else if len(s.subs[i]) > 0 {
			cs := 1 / float32(len(s.subs[i]))
			t := w.tmp(d)
			w.scaled(t, cs, row)
			for _, f := range s.subs[i] {
				n.sub.step(int(f&(1<<subBits-1)), t, n.o.embedRate, 0)
			}
		}
	}
}

// tmp returns n numbers of room.
func (w *work) tmp(n int) []float32 {
	if len(w.tz) < n {
		w.tz = make([]float32, n)
	}
	return w.tz[:n]
}

// scaled sets dst to c·src.
func (w *work) scaled(dst []float32, c float32, src []float32) {
	for i := range dst {
		dst[i] = c * src[i]
	}
}

// fit trains on samples.
func (n *net) fit(samples []sample, each func(epoch int)) {
	rnd := newRand(n.o.seed + 77)
	w := newWork(n)
	order := make([]int, len(samples))
	for i := range order {
		order[i] = i
	}
	total, done := n.o.epochs*len(samples), 0
	base, baseE, baseL := n.o.rate, n.o.embedRate, n.o.linear
	for epoch := range n.o.epochs {
		rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			done++
			fall := max(1-float32(done)/float32(total), 0.02)
			n.o.embedRate, n.o.linear = baseE*fall, baseL*fall
			s := &samples[i]
			n.forward(w, s, rnd)
			p := w.z
			softmax(p[:])
			var g [3]float32
			for k := range 3 {
				g[k] = (p[k] - s.target[k]) * s.weight
			}
			n.backward(w, s, g[:], base*fall)
		}
		if each != nil {
			each(epoch)
		}
	}
	n.o.embedRate, n.o.linear = baseE, baseL
}

// judge returns the probabilities of the three classes.
func (n *net) judge(w *work, s *sample) [3]float32 {
	n.forward(w, s, nil)
	p := w.z
	softmax(p[:])
	return p
}
