package sentiment

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// modelFile is written by the program in internal/sentiment/cmd/train.
//
//go:embed model.bin
var modelFile []byte

// The shape of the model. A row of a token holds, a byte each: three numbers
// that go straight to the classes (and five unused), meanUnits that are
// averaged over the message, and filters times three for filters three tokens
// wide of which the highest answer in the message counts. A global row holds
// the first two parts.
const (
	MeanUnits   = 16
	Filters     = 24
	rowBytes    = 8 + MeanUnits + 3*Filters
	rowWords    = rowBytes / 8
	globalWords = (8 + MeanUnits) / 8
	filterWords = Filters / 8
)

// ModelMagic begins every model file of this shape.
const ModelMagic = "chatmood-model-1"

// ModelHead is the part of the file that is not rows.
type ModelHead struct {
	Magic                   [16]byte
	Vocabulary, Subs, Pairs uint32 // numbers of rows
	LinScale, PairScale     float32
	MeanScale, FilterScale  float32
	GlobalLin, GlobalMean   float32
	MeanBias                [MeanUnits]float32
	FilterBias              [Filters]float32
	OutMean                 [3][MeanUnits]float32
	OutFilter               [3][Filters]float32
	OutBias                 [3]float32
	Temperature             float32
	Reserved                [16]float32
}

// model judges messages by rows that were learnt.
type model struct {
	ModelHead
	vocab    table
	rows     []uint64 // vocabulary, letter groups, extras
	global   []uint64
	pairs    []uint8 // three bytes and one unused each
	subBase  int
	extras   int
	subMask  uint32
	pairMask uint32
	scaleOf  [maxTokens + 1]float32  // 1/√n
	none     [3 * filterWords]uint64 // a row of zeros, beside the first and the last token
	// The layer of outputs in the order of the lanes.
	mean    [MeanUnits]unit
	filters [Filters]unit
}

// unit is what a hidden unit starts from and gives to the three classes.
type unit struct{ bias, neutral, positive, negative float32 }

// parseModel reads a model file. It shares no memory with b.
func parseModel(b []byte) (*model, error) {
	m := new(model)
	size := binary.Size(m.ModelHead)
	if len(b) < size {
		return nil, fmt.Errorf("%d bytes are no model", len(b))
	}
	if _, err := binary.Decode(b, binary.LittleEndian, &m.ModelHead); err != nil {
		return nil, fmt.Errorf("reading the model's head: %w", err)
	}
	if string(m.Magic[:]) != ModelMagic {
		return nil, fmt.Errorf("it begins with %q, want %q", m.Magic[:], ModelMagic)
	}
	if m.Subs&(m.Subs-1) != 0 || m.Pairs&(m.Pairs-1) != 0 || m.Subs == 0 || m.Pairs == 0 {
		return nil, errors.New("numbers of rows that are no powers of two")
	}
	b = b[size:]
	rows := int(m.Vocabulary) + int(m.Subs) + NumExtras
	if want := 8*int(m.Vocabulary) + rows*rowBytes + NumGlobals*8*globalWords + 4*int(m.Pairs); len(b) != want {
		return nil, fmt.Errorf("%d bytes of rows, want %d", len(b), want)
	}
	m.vocab = newTable(int(m.Vocabulary))
	for i := range int(m.Vocabulary) {
		m.vocab.put(binary.LittleEndian.Uint64(b[8*i:]), int32(i))
	}
	b = b[8*m.Vocabulary:]
	m.rows, b = readWords(b, rows*rowWords)
	m.global, b = readWords(b, NumGlobals*globalWords)
	m.pairs = append([]uint8(nil), b...)
	m.subBase, m.extras = int(m.Vocabulary), int(m.Vocabulary+m.Subs)
	m.subMask, m.pairMask = m.Subs-1, m.Pairs-1
	for k := range m.none {
		m.none[k] = 0x8080808080808080
	}
	for j := range MeanUnits {
		m.mean[laneOrder(j)] = unit{m.MeanBias[j], m.OutMean[0][j], m.OutMean[1][j], m.OutMean[2][j]}
	}
	for j := range Filters {
		m.filters[laneOrder(j)] = unit{m.FilterBias[j], m.OutFilter[0][j], m.OutFilter[1][j], m.OutFilter[2][j]}
	}
	for i := range m.scaleOf {
		m.scaleOf[i] = float32(1 / math.Sqrt(float64(max(i, 1))))
	}
	return m, nil
}

func readWords(b []byte, n int) ([]uint64, []byte) {
	w := make([]uint64, n)
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return w, b[8*n:]
}

// Bytes are added eight at a time: even and odd bytes of a word as four 16-bit
// lanes each. Rows hold number + 128; a lane of the filters is brought to
// filterBias, as if three times maxTokenRows rows had been added.
const (
	lanes       = 0x00FF00FF00FF00FF
	laneOnes    = 0x0001000100010001
	laneTops    = 0x8000800080008000
	filterBias  = 128 * 3 * maxTokenRows
	maxMeanRows = 240 // 255·257 is the most that a lane holds
)

// filterLanes are the summed filter parts of one token: even and odd lanes of
// each word.
type filterLanes [2 * 3 * filterWords]uint64

// tokenRows are the rows of one token: mostly one, which then need not be split
// into lanes, or the sum of several.
type tokenRows struct {
	one []uint64 // the filter part of the only row, or nil
	sum filterLanes
	n   int
}

// split makes the sum of the only row.
func (t *tokenRows) split() {
	if t.one == nil {
		return
	}
	t.sum = filterLanes{}
	t.sum.add(t.one)
	t.one = nil
}

// messageLanes are the summed first two parts of a message.
type messageLanes [2 * globalWords]uint64

// add adds the filter part of a row.
func (l *filterLanes) add(part []uint64) {
	for k, w := range part[:3*filterWords] {
		l[2*k] += w & lanes
		l[2*k+1] += w >> 8 & lanes
	}
}

func (l *messageLanes) add(row []uint64) {
	_ = row[globalWords-1]
	l[0] += row[0] & lanes
	l[1] += row[0] >> 8 & lanes
	l[2] += row[1] & lanes
	l[3] += row[1] >> 8 & lanes
	l[4] += row[2] & lanes
	l[5] += row[2] >> 8 & lanes
}

// The code above is written out for a message of three words.
var _ = [1]struct{}{}[globalWords-3]

// maxLanes returns the higher of each pair of lanes, all below 2^15.
func maxLanes(a, b uint64) uint64 {
	d := (a | laneTops) - b
	m := d & laneTops
	m = m - m>>15 | m // 0xFFFF where a >= b
	return a&m | b&^m
}

// judge returns the logits of neutral, positive and negative.
func (m *model) judge(z *[3]float32, s *scratch, x *lexicon, g *signals, text string, noRules bool) {
	var ids [maxTokens]int32
	var touch uint64
	// Finding all rows first lets the processor fetch them side by side.
	for i := range s.n {
		id := m.vocab.get(s.tokens[i].key)
		ids[i] = id
		if id >= 0 {
			row := int(id) * rowWords
			touch += m.rows[row] + m.rows[row+rowWords-1]
		}
	}
	s.touch = touch
	pairSum := m.pairsOf(s, s.n)
	var sum messageLanes
	var best [2 * filterWords]uint64
	var ring [3]tokenRows
	left, mid, cur := &ring[0], &ring[1], &ring[2]
	cur.one, cur.n = m.none[:], 1
	total, used := 0, 0
	for i := 0; ; i++ {
		left, mid, cur = mid, cur, left
		more := i < s.n && total < maxMeanRows-maxTokenRows
		if more {
			m.token(cur, &sum, &s.tokens[i], ids[i], x, g, text)
			total += cur.n
			used++
		} else {
			cur.one, cur.n = m.none[:], 1
		}
		if i > 0 { // the filters around token i−1, whose right neighbour is cur
			around(&best, left, mid, cur)
		}
		if !more {
			break
		}
	}
	if used < s.n {
		pairSum = m.pairsOf(s, used)
	}
	m.finish(z, &sum, &best, &pairSum, total, used, g, noRules)
}

// around keeps in best the higher of what it holds and what the filters answer
// to three neighbours.
func around(best *[2 * filterWords]uint64, left, mid, right *tokenRows) {
	fill := uint64(128*(3*maxTokenRows-left.n-mid.n-right.n)) * laneOnes
	if left.one != nil && mid.one != nil && right.one != nil {
		a, b, c := left.one[:filterWords], mid.one[filterWords:2*filterWords], right.one[2*filterWords:3*filterWords]
		for k := range filterWords {
			u, v, w := a[k], b[k], c[k]
			best[2*k] = maxLanes(best[2*k], u&lanes+v&lanes+w&lanes+fill)
			best[2*k+1] = maxLanes(best[2*k+1], u>>8&lanes+v>>8&lanes+w>>8&lanes+fill)
		}
		return
	}
	left.split()
	mid.split()
	right.split()
	for k := range best {
		best[k] = maxLanes(best[k], left.sum[k]+mid.sum[2*filterWords+k]+right.sum[4*filterWords+k]+fill)
	}
}

// pairsOf sums the pairs of the first n tokens.
func (m *model) pairsOf(s *scratch, n int) (sum [3]int32) {
	prev := uint64(pairStart)
	for i := range s.tokens[:n] {
		key := s.tokens[i].key
		p := 4 * (pairHash(prev, key) & m.pairMask)
		q := m.pairs[p : p+4 : p+4]
		sum[0] += int32(q[0])
		sum[1] += int32(q[1])
		sum[2] += int32(q[2])
		prev = key
	}
	return sum
}

// token finds the rows of t, whose row is id, and adds their first two parts to
// sum.
func (m *model) token(r *tokenRows, sum *messageLanes, t *token, id int32, x *lexicon, g *signals, text string) {
	var first []uint64
	r.n = 0
	if id >= 0 {
		row := m.rows[int(id)*rowWords:][:rowWords]
		sum.add(row)
		first, r.n = row[globalWords:], 1
		if t.shape&(shapeCaps|shapeLong|shapeIdiom) == 0 && t.count == 1 {
			r.one = first
			return
		}
	}
	r.one, r.sum = nil, filterLanes{}
	if id >= 0 {
		r.sum.add(first)
	} else if t.hasSubwords() {
		var sub [maxSubwords]uint32
		r.n = subwords(&sub, text[t.start:t.end])
		for _, h := range sub[:r.n] {
			row := m.rows[(m.subBase+int(h&m.subMask))*rowWords:][:rowWords]
			r.sum.add(row[globalWords:])
			sum.add(row)
		}
	}
	var extra [maxTokenRows]int
	n := t.extras(&extra, x, g, id >= 0)
	for _, e := range extra[:n] {
		row := m.rows[(m.extras+e)*rowWords:][:rowWords]
		r.sum.add(row[globalWords:])
		sum.add(row)
	}
	r.n += n
}

// finish adds the global rows and applies the layer of outputs.
func (m *model) finish(z *[3]float32, sum *messageLanes, best *[2 * filterWords]uint64, pairSum *[3]int32, total, used int, g *signals, noRules bool) {
	var v [NumRules]float32
	var rows [maxGlobals]int
	g.vector(&v)
	n := globals(&rows, &v)
	if noRules {
		n = 0
	}
	var g0, g1, g2, g3, g4, g5 uint64
	for _, r := range rows[:n] {
		row := m.global[r*globalWords:][:globalWords]
		w0, w1, w2 := row[0], row[1], row[2]
		g0 += w0 & lanes
		g1 += w0 >> 8 & lanes
		g2 += w1 & lanes
		g3 += w1 >> 8 & lanes
		g4 += w2 & lanes
		g5 += w2 >> 8 & lanes
	}
	global := messageLanes{g0, g1, g2, g3, g4, g5}
	share := m.scaleOf[used]
	bias, globalBias := float32(128*total), float32(128*n)
	lin, pair := m.LinScale*share, m.PairScale*share
	for k := range 3 {
		z[k] = m.OutBias[k] + lin*(lane(sum, k)-bias) + pair*float32(pairSum[k]-int32(128*used)) + m.GlobalLin*(lane(&global, k)-globalBias)
	}
	mean := m.MeanScale * share
	z0, z1, z2 := z[0], z[1], z[2]
	for k := range 2 * MeanUnits / 8 { // after the lanes of the straight numbers
		w, v := sum[2+k], global[2+k]
		for l := range 4 {
			u := &m.mean[4*k+l]
			h := max(u.bias+mean*(float32(uint16(w))-bias)+m.GlobalMean*(float32(uint16(v))-globalBias), 0)
			z0 += h * u.neutral
			z1 += h * u.positive
			z2 += h * u.negative
			w, v = w>>16, v>>16
		}
	}
	if used > 0 {
		for k, w := range best {
			for l := range 4 {
				u := &m.filters[4*k+l]
				h := max(u.bias+m.FilterScale*(float32(uint16(w))-filterBias), 0)
				z0 += h * u.neutral
				z1 += h * u.positive
				z2 += h * u.negative
				w >>= 16
			}
		}
	}
	z[0], z[1], z[2] = z0, z1, z2
}

// laneOrder is the place of byte j of a part of a row among the lanes: of each
// word first the even bytes, then the odd ones.
func laneOrder(j int) int { return j>>3<<3 | j&1<<2 | j>>1&3 }

// lane returns byte j, below eight, of the summed rows.
func lane(l *messageLanes, j int) float32 {
	return float32(uint16(l[j&1] >> (uint(j>>1) * 16)))
}
