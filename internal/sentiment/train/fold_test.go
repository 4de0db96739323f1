package train

import (
	"testing"

	"chatmood/internal/sentiment"
)

// TestFoldedNetJudgesTheSame compares the two ways of running the filters.
func TestFoldedNetJudgesTheSame(t *testing.T) {
	engine, err := sentiment.NewWith(sentiment.Options{NoModel: true})
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{engine: engine}
	texts := []string{"nice play", "so bad KEKW", "what is this", "hello there my friend, nice to see you", "LETS GOOO", "zxqvy wvutz"}
	v := countTokens(r, texts[:4], 1)
	rnd := newRand(3)
	vectors := newMatrix(len(v.keys), 8)
	vectors.randomize(rnd, 1)
	subs := newMatrix(1<<subBits, 8)
	subs.randomize(rnd, 1)
	o := teacherSettings(4)
	o.filters, o.hidden = 12, 10
	n := newNet(o, vectors, subs)
	w := newWork(n)
	for _, text := range texts {
		s := r.sample(v, text)
		plain := n.judge(w, &s)
		n.fold()
		folded := n.judge(w, &s)
		n.folded = nil
		for k := range plain {
			if d := plain[k] - folded[k]; d > 1e-4 || d < -1e-4 {
				t.Errorf("%q: %v plain, %v folded", text, plain, folded)
			}
		}
	}
}
