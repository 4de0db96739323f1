package train

import "math"

// Result is what an engine did on labelled messages.
type Result struct {
	Confusion [3][3]int // [truth][judged]
}

// Add counts one judgement.
func (r *Result) Add(truth, judged int) { r.Confusion[truth][judged]++ }

// N returns the number of messages.
func (r *Result) N() int {
	n := 0
	for _, row := range r.Confusion {
		for _, c := range row {
			n += c
		}
	}
	return n
}

// Accuracy returns the share of right judgements.
func (r *Result) Accuracy() float64 {
	return float64(r.Confusion[0][0]+r.Confusion[1][1]+r.Confusion[2][2]) / math.Max(1, float64(r.N()))
}

// F1 returns the F1 score of one class.
func (r *Result) F1(class int) float64 {
	var row, col int
	for j := range 3 {
		row += r.Confusion[class][j]
		col += r.Confusion[j][class]
	}
	if row+col == 0 {
		return 0
	}
	return 2 * float64(r.Confusion[class][class]) / float64(row+col)
}

// MacroF1 returns the mean F1 of the three classes.
func (r *Result) MacroF1() float64 { return (r.F1(0) + r.F1(1) + r.F1(2)) / 3 }

func argmax(p []float32) int {
	best := 0
	for i, v := range p {
		if v > p[best] {
			best = i
		}
	}
	return best
}
