package train

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"chatmood/internal/sentiment"
)

// The student is the model that ships: see internal/sentiment/model.go for
// its shape. Here its rows are floats.
const (
	pairRows   = 1 << 18
	subRows    = 1 << 12
	linCols    = 3
	meanAt     = linCols
	filterAt   = meanAt + sentiment.MeanUnits
	rowCols    = filterAt + 3*sentiment.Filters
	globalCols = linCols + sentiment.MeanUnits
)

// lesson is a message as the student sees it.
type lesson struct {
	rows    []int32 // of all tokens, one after the other
	ends    []uint16
	pairs   []uint32
	globals []uint16
	target  [3]float32
	weight  float32
}

// student is the model in training.
type student struct {
	vocab  map[uint64]int32
	keys   []uint64
	rows   *matrix
	global *matrix
	pairs  *matrix
	mbias  *matrix
	fbias  *matrix
	outM   *matrix
	outF   *matrix
	bias   *matrix
	temp   float32
}

func newStudent(keys []uint64, seed uint64) *student {
	rnd := newRand(seed)
	s := &student{keys: keys, vocab: map[uint64]int32{}, temp: 1}
	for i, k := range keys {
		s.vocab[k] = int32(i)
	}
	s.rows = newMatrix(len(keys)+subRows+sentiment.NumExtras, rowCols)
	for i := range s.rows.rows {
		r := s.rows.row(i)
		scale := float32(0.3)
		if i >= len(keys) {
			scale = 0.05
		}
		for j := meanAt; j < rowCols; j++ {
			r[j] = (2*rnd.Float32() - 1) * scale
		}
	}
	s.global = newMatrix(sentiment.NumGlobals, globalCols)
	s.pairs = newMatrix(pairRows, 3)
	s.mbias, s.fbias = newMatrix(1, sentiment.MeanUnits), newMatrix(1, sentiment.Filters)
	s.outM, s.outF = newMatrix(3, sentiment.MeanUnits), newMatrix(3, sentiment.Filters)
	s.outM.randomize(rnd, 0.5)
	s.outF.randomize(rnd, 0.5)
	s.bias = newMatrix(1, 3)
	for _, m := range s.matrices() {
		for i := range m.g2 {
			m.g2[i] = 1e-3
		}
	}
	return s
}

// matrices are all weights.
func (s *student) matrices() []*matrix {
	return []*matrix{s.rows, s.global, s.pairs, s.mbias, s.fbias, s.outM, s.outF, s.bias}
}

// seedRows starts the rows of words from word vectors, so that words used
// alike begin alike.
func (s *student) seedRows(vectors *matrix, seed uint64) {
	rnd := newRand(seed)
	project := newMatrix(rowCols, vectors.cols)
	project.randomize(rnd, 1)
	for i := range s.keys {
		v, row := vectors.row(i), s.rows.row(i)
		scale := 0.3 / (float32(math.Sqrt(float64(dot(v, v)))) + 1e-6)
		for j := meanAt; j < rowCols; j++ {
			row[j] = 0.3*row[j] + scale*dot(project.row(j), v)
		}
	}
}

// lesson turns a message into rows of the student.
func (s *student) lesson(e *sentiment.Engine, text string) lesson {
	f := e.Features(text)
	var l lesson
	subBase, extraBase := int32(len(s.keys)), int32(len(s.keys)+subRows)
	for i := range f.Tokens {
		t := &f.Tokens[i]
		extras := t.UnknownExtras
		if id, ok := s.vocab[t.Key]; ok {
			l.rows = append(l.rows, id)
			extras = t.KnownExtras
		} else {
			for _, h := range t.Subwords {
				l.rows = append(l.rows, subBase+int32(h&(subRows-1)))
			}
		}
		for _, x := range extras {
			l.rows = append(l.rows, extraBase+int32(x))
		}
		l.ends = append(l.ends, uint16(len(l.rows)))
		if len(l.rows) >= 220 {
			break
		}
	}
	for i := range l.ends {
		l.pairs = append(l.pairs, f.Pairs[i]&(pairRows-1))
	}
	for _, g := range f.Globals {
		l.globals = append(l.globals, uint16(g))
	}
	l.weight = 1
	return l
}

// desk is the memory of one pass through the student.
type desk struct {
	tok    [][]float32
	drop   []bool
	sum    []float32
	mean   []float32
	filt   []float32
	arg    []int
	z      [3]float32
	share  float32
	g      []float32
	gt     [][]float32
	gg     []float32
	t1, t2 []float32
}

func newDesk() *desk {
	d := &desk{
		sum: make([]float32, rowCols), mean: make([]float32, sentiment.MeanUnits), filt: make([]float32, sentiment.Filters), arg: make([]int, sentiment.Filters),
		g: make([]float32, rowCols), gg: make([]float32, globalCols), t1: make([]float32, sentiment.MeanUnits), t2: make([]float32, sentiment.Filters),
	}
	for range 258 {
		d.tok = append(d.tok, make([]float32, rowCols))
		d.gt = append(d.gt, make([]float32, rowCols))
		d.drop = append(d.drop, false)
	}
	return d
}

func (s *student) forward(d *desk, l *lesson, rnd interface{ Float32() float32 }, dropToken, dropPair float32) {
	n := len(l.ends)
	d.share = float32(1 / math.Sqrt(float64(max(n, 1))))
	sum := d.sum[:filterAt]
	clear(sum)
	start := 0
	clear(d.tok[0])
	for i, end := range l.ends {
		v := d.tok[i+1]
		clear(v)
		d.drop[i] = rnd != nil && rnd.Float32() < dropToken
		if !d.drop[i] {
			for _, r := range l.rows[start:end] {
				addScaled(v, 1, s.rows.row(int(r)))
			}
			addScaled(sum, d.share, v[:filterAt])
		}
		start = int(end)
	}
	clear(d.tok[n+1])
	copy(d.z[:], s.bias.w)
	pre := d.mean
	copy(pre, s.mbias.w)
	for k := range 3 {
		d.z[k] += sum[k]
	}
	for j := range pre {
		pre[j] += sum[meanAt+j]
	}
	for _, g := range l.globals {
		r := s.global.row(int(g))
		for k := range 3 {
			d.z[k] += r[k]
		}
		addScaled(pre, 1, r[linCols:])
	}
	for i, p := range l.pairs {
		if rnd != nil && (d.drop[i] || rnd.Float32() < dropPair) {
			continue
		}
		r := s.pairs.row(int(p))
		d.z[0] += d.share * r[0]
		d.z[1] += d.share * r[1]
		d.z[2] += d.share * r[2]
	}
	for j := range pre {
		pre[j] = max(pre[j], 0)
	}
	const F = sentiment.Filters
	for f := range F {
		best, at := float32(0), -1
		for i := 1; i <= n; i++ {
			v := d.tok[i-1][filterAt+f] + d.tok[i][filterAt+F+f] + d.tok[i+1][filterAt+2*F+f] + s.fbias.w[f]
			if v > best {
				best, at = v, i
			}
		}
		d.filt[f], d.arg[f] = best, at
	}
	for k := range 3 {
		d.z[k] += dot(s.outM.row(k), pre) + dot(s.outF.row(k), d.filt)
	}
}

func (s *student) learn(d *desk, l *lesson, rate float32, rowDecay float32) {
	p := d.z
	softmax(p[:])
	var g [3]float32
	for k := range 3 {
		g[k] = (p[k] - l.target[k]) * l.weight
	}
	n := len(l.ends)
	const F = sentiment.Filters
	gm := d.t1
	gf := d.t2
	clear(gm)
	clear(gf)
	for k := range 3 {
		addScaled(gm, g[k], s.outM.row(k))
		addScaled(gf, g[k], s.outF.row(k))
	}
	var tmp [sentiment.MeanUnits + F]float32
	for k := range 3 {
		for j := range d.mean {
			tmp[j] = g[k] * d.mean[j]
		}
		s.outM.step(k, tmp[:sentiment.MeanUnits], rate*0.3, 1e-6)
		for j := range d.filt {
			tmp[j] = g[k] * d.filt[j]
		}
		s.outF.step(k, tmp[:F], rate*0.3, 1e-6)
	}
	s.bias.step(0, g[:], rate*0.3, 0)
	for j := range gm {
		if d.mean[j] <= 0 {
			gm[j] = 0
		}
	}
	s.mbias.step(0, gm, rate*0.3, 0)
	copy(d.gg, g[:])
	copy(d.gg[linCols:], gm)
	for _, r := range l.globals {
		s.global.step(int(r), d.gg, rate*0.3, 1e-6)
	}
	gl := [3]float32{g[0] * d.share, g[1] * d.share, g[2] * d.share}
	for i, r := range l.pairs {
		if !d.drop[i] {
			s.pairs.step(int(r), gl[:], rate, rowDecay)
		}
	}
	base := d.g
	clear(base)
	copy(base, gl[:])
	for j := range gm {
		base[meanAt+j] = gm[j] * d.share
	}
	for i := 1; i <= n; i++ {
		copy(d.gt[i], base)
	}
	for f := range F {
		i := d.arg[f]
		if i < 0 || d.filt[f] <= 0 {
			gf[f] = 0
			continue
		}
		d.gt[i-1][filterAt+f] += gf[f]
		d.gt[i][filterAt+F+f] += gf[f]
		d.gt[i+1][filterAt+2*F+f] += gf[f]
	}
	s.fbias.step(0, gf, rate*0.1, 0)
	start := 0
	for i, end := range l.ends {
		if !d.drop[i] {
			for _, r := range l.rows[start:end] {
				s.rows.step(int(r), d.gt[i+1], rate, rowDecay)
			}
		}
		start = int(end)
	}
	clear(d.gt[0])
	clear(d.gt[n+1])
}

// studySettings are the settings of [student.study].
type studySettings struct {
	epochs              int
	rate                float32
	dropToken, dropPair float32
	decay               float32
	seed                uint64
}

func (s *student) study(lessons []lesson, o studySettings, each func(epoch int)) {
	rnd := newRand(o.seed)
	d := newDesk()
	order := make([]int32, len(lessons))
	for i := range order {
		order[i] = int32(i)
	}
	done, total := 0, o.epochs*len(lessons)
	for epoch := range o.epochs {
		rnd.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			done++
			l := &lessons[i]
			s.forward(d, l, rnd, o.dropToken, o.dropPair)
			s.learn(d, l, o.rate*max(1-float32(done)/float32(total), 0.02), o.decay)
		}
		if each != nil {
			each(epoch)
		}
	}
}

// judge returns the probabilities of the classes.
func (s *student) judge(d *desk, l *lesson) [3]float32 {
	s.forward(d, l, nil, 0, 0)
	p := d.z
	softmax(p[:])
	return p
}

// section is a range of columns that share a scale.
func scaleOf(m *matrix, from, to int) float32 {
	var all []float32
	for i := range m.rows {
		for _, v := range m.row(i)[from:to] {
			if v != 0 {
				all = append(all, max(v, -v))
			}
		}
	}
	if len(all) == 0 {
		return 1
	}
	sortBy(all, func(a, b float32) bool { return a < b })
	return all[len(all)-1-len(all)/20000] / 127
}

func quantize(v, scale float32) uint8 {
	q := math.Round(float64(v / scale))
	return uint8(min(max(q, -127), 127) + 128)
}

// bytes writes the model file.
func (s *student) bytes() ([]byte, error) {
	head := sentiment.ModelHead{
		Vocabulary: uint32(len(s.keys)), Subs: subRows, Pairs: pairRows,
		LinScale: scaleOf(s.rows, 0, linCols), MeanScale: scaleOf(s.rows, meanAt, filterAt), FilterScale: scaleOf(s.rows, filterAt, rowCols),
		PairScale: scaleOf(s.pairs, 0, 3), GlobalLin: scaleOf(s.global, 0, linCols), GlobalMean: scaleOf(s.global, linCols, globalCols),
		Temperature: s.temp,
	}
	copy(head.Magic[:], sentiment.ModelMagic)
	copy(head.MeanBias[:], s.mbias.w)
	copy(head.FilterBias[:], s.fbias.w)
	copy(head.OutBias[:], s.bias.w)
	for k := range 3 {
		copy(head.OutMean[k][:], s.outM.row(k))
		copy(head.OutFilter[k][:], s.outF.row(k))
	}
	var b bytes.Buffer
	if err := binary.Write(&b, binary.LittleEndian, &head); err != nil {
		return nil, fmt.Errorf("writing the model's head: %w", err)
	}
	for _, k := range s.keys {
		b.Write(binary.LittleEndian.AppendUint64(nil, k))
	}
	put := func(row []float32, scales ...float32) {
		for j, v := range row {
			b.WriteByte(quantize(v, scales[j]))
			if j == linCols-1 {
				b.Write([]byte{128, 128, 128, 128, 128})
			}
		}
	}
	rowScales := make([]float32, rowCols)
	for j := range rowScales {
		switch {
		case j < meanAt:
			rowScales[j] = head.LinScale
		case j < filterAt:
			rowScales[j] = head.MeanScale
		default:
			rowScales[j] = head.FilterScale
		}
	}
	globalScales := make([]float32, globalCols)
	for j := range globalScales {
		globalScales[j] = head.GlobalMean
		if j < linCols {
			globalScales[j] = head.GlobalLin
		}
	}
	for i := range s.rows.rows {
		put(s.rows.row(i), rowScales...)
	}
	for i := range s.global.rows {
		put(s.global.row(i), globalScales...)
	}
	for i := range s.pairs.rows {
		for _, v := range s.pairs.row(i) {
			b.WriteByte(quantize(v, head.PairScale))
		}
		b.WriteByte(0)
	}
	return b.Bytes(), nil
}
