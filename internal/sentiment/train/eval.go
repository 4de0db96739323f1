package train

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"chatmood/internal/sentiment"
)

// Judgement is what an engine said about a labelled message.
type Judgement struct {
	Example *Example
	Score   sentiment.Score
}

// JudgeAll lets a judge examples.
func JudgeAll(a sentiment.Analyzer, examples []Example) []Judgement {
	out := make([]Judgement, len(examples))
	for i := range examples {
		out[i].Example = &examples[i]
		a.Score(&out[i].Score, examples[i].Text, nil)
	}
	return out
}

// ResultOf counts judgements; keep chooses which (nil: all).
func ResultOf(js []Judgement, keep func(*Judgement) bool) Result {
	var r Result
	for i := range js {
		if keep == nil || keep(&js[i]) {
			r.Add(js[i].Example.Class, int(js[i].Score.Label))
		}
	}
	return r
}

// reliabilityBins is the number of bins of [Reliability].
const reliabilityBins = 10

// Bin is one bin of a reliability diagram.
type Bin struct {
	N                    int
	Confidence, Accuracy float64 // means
}

// Reliability sorts judgements by confidence and returns the bins and the
// expected calibration error.
func Reliability(js []Judgement) (bins [reliabilityBins]Bin, ece float64) {
	for i := range js {
		c := float64(js[i].Score.Confidence)
		b := &bins[min(int(c*reliabilityBins), reliabilityBins-1)]
		b.N++
		b.Confidence += c
		if int(js[i].Score.Label) == js[i].Example.Class {
			b.Accuracy++
		}
	}
	for i := range bins {
		b := &bins[i]
		if b.N == 0 {
			continue
		}
		b.Confidence /= float64(b.N)
		b.Accuracy /= float64(b.N)
		d := b.Accuracy - b.Confidence
		if d < 0 {
			d = -d
		}
		ece += d * float64(b.N) / float64(len(js))
	}
	return bins, ece
}

// Interval returns the 95 % bootstrap interval of the macro-F1.
func Interval(js []Judgement, rounds int, seed uint64) (low, high float64) {
	if len(js) == 0 {
		return 0, 0
	}
	rnd := newRand(seed)
	f := make([]float64, rounds)
	for k := range f {
		var r Result
		for range js {
			j := &js[rnd.IntN(len(js))]
			r.Add(j.Example.Class, int(j.Score.Label))
		}
		f[k] = r.MacroF1()
	}
	sort.Float64s(f)
	return f[rounds*25/1000], f[rounds*975/1000-1]
}

// Slice is a part of the messages with a name.
type Slice struct {
	Name string
	Keep func(*Judgement) bool
}

// Slices returns the parts of js that the evaluation reports.
func Slices(js []Judgement) []Slice {
	flag := func(f sentiment.Flags) func(*Judgement) bool {
		return func(j *Judgement) bool { return j.Score.Flags&f != 0 }
	}
	letter := func(c string) func(*Judgement) bool {
		return func(j *Judgement) bool { return strings.Contains(j.Example.Flags, c) }
	}
	words := func(low, high int) func(*Judgement) bool {
		return func(j *Judgement) bool {
			n := len(strings.Fields(j.Example.Text))
			return n >= low && n <= high
		}
	}
	s := []Slice{
		{"emotes only", flag(sentiment.FlagEmoteOnly)},
		{"one or two words", words(0, 2)},
		{"three to ten words", words(3, 10)},
		{"over ten words", words(11, 1000)},
		{"questions", letter("q")},
		{"sarcasm (label)", letter("s")},
		{"toxic (label)", letter("t")},
		{"laughter (label)", letter("l")},
		{"labeller unsure", letter("u")},
		{"labeller sure", func(j *Judgement) bool { return !strings.Contains(j.Example.Flags, "u") }},
		{"engine sure", func(j *Judgement) bool { return j.Score.Flags&sentiment.FlagUnsure == 0 }},
		{"negated", func(j *Judgement) bool {
			for _, w := range strings.Fields(strings.ToLower(j.Example.Text)) {
				if w == "not" || w == "never" || w == "no" || strings.HasSuffix(w, "n't") {
					return true
				}
			}
			return false
		}},
	}
	return append(append(s, byField(js, "channel ", func(e *Example) string { return e.Channel })...),
		byField(js, "year ", func(e *Example) string { return e.Year })...)
}

// reliabilityBar draws a bin of the reliability diagram: accuracy as a bar, a
// mark where it would end if confidence were right.
func reliabilityBar(b Bin) string {
	const width = 50
	bar := []byte(strings.Repeat(" ", width+1))
	for i := range int(b.Accuracy*width + 0.5) {
		bar[i] = '='
	}
	bar[int(b.Confidence*width+0.5)] = '|'
	return strings.TrimRight(string(bar), " ")
}

func byField(js []Judgement, prefix string, field func(*Example) string) []Slice {
	seen := map[string]bool{}
	var names []string
	for i := range js {
		if f := field(js[i].Example); !seen[f] {
			seen[f] = true
			names = append(names, f)
		}
	}
	sort.Strings(names)
	var out []Slice
	for _, name := range names {
		out = append(out, Slice{prefix + name, func(j *Judgement) bool { return field(j.Example) == name }})
	}
	return out
}

// Peer is another engine to measure beside ours.
type Peer struct {
	Name     string
	Analyzer sentiment.Analyzer
}

// ReportOptions say what to measure on what.
type ReportOptions struct {
	Dir   string // folder with labels.tsv.gz
	Split string // which of its messages, or of the invented ones
	File  string // a labelled set of others instead ([Set])
	Model []byte // another model's file; nil: the built-in one
	Peers []Peer
}

func (o *ReportOptions) examples(w io.Writer) ([]Example, error) {
	if o.File != "" {
		examples, err := Set(o.File)
		if err == nil {
			_, err = fmt.Fprintf(w, "%d messages of %s.\n\n", len(examples), filepath.Base(o.File))
		}
		return examples, err
	}
	examples, err := o.labels()
	if err != nil {
		return nil, err
	}
	if len(examples) == 0 {
		return nil, fmt.Errorf("no labelled messages of split %q in %q: the splits are train, dev and test, and %s and %s of the invented messages", o.Split, o.Dir, splitInvented, splitInventedHeld)
	}
	_, err = fmt.Fprintf(w, "%d messages of split %s. Labels by a large language model under the labelling guidelines.\n\n", len(examples), o.Split)
	return examples, err
}

// labels are the messages of the split.
func (o *ReportOptions) labels() ([]Example, error) {
	if o.Split != splitInvented && o.Split != splitInventedHeld {
		return Labels(o.Dir, o.Split)
	}
	all, err := Invented()
	return slices.DeleteFunc(all, func(e Example) bool { return e.Split != o.Split }), err
}

// Report writes the evaluation of the shipped engine, its parts and its peers
// on labelled chat.
func Report(w io.Writer, o ReportOptions) error {
	examples, err := o.examples(w)
	if err != nil {
		return err
	}
	model := o.Model
	fmt.Fprintf(w, "%-22s %9s %9s   %s\n", "", "accuracy", "macro-F1", "95 % interval")
	var whole []Judgement
	for _, part := range []struct {
		name string
		o    sentiment.Options
	}{
		{"all", sentiment.Options{Model: model}},
		{"lexicon and rules only", sentiment.Options{NoModel: true}},
		{"model only", sentiment.Options{Model: model, NoRules: true}},
	} {
		e, err := sentiment.NewWith(part.o)
		if err != nil {
			return err
		}
		js := JudgeAll(e, examples)
		row(w, part.name, js)
		if whole == nil {
			whole = js
		}
	}
	for _, p := range o.Peers {
		row(w, p.Name, JudgeAll(p.Analyzer, examples))
	}
	if model != nil {
		if err := compare(w, whole, examples); err != nil {
			return err
		}
	}
	r := ResultOf(whole, nil)
	fmt.Fprintf(w, "\ntruth \\ judged  neutral positive negative      F1\n")
	for i, name := range []string{"neutral", "positive", "negative"} {
		c := r.Confusion[i]
		fmt.Fprintf(w, "%-15s %7d %8d %8d   %.3f\n", name, c[0], c[1], c[2], r.F1(i))
	}
	fmt.Fprintf(w, "\n%-22s %7s %9s %9s\n", "slice", "n", "accuracy", "macro-F1")
	for _, s := range Slices(whole) {
		r := ResultOf(whole, s.Keep)
		fmt.Fprintf(w, "%-22s %7d %9.4f %9.4f\n", s.Name, r.N(), r.Accuracy(), r.MacroF1())
	}
	bins, ece := Reliability(whole)
	fmt.Fprintf(w, "\nconfidence      n  accuracy   (expected calibration error %.4f)\n", ece)
	for _, b := range bins {
		if b.N > 0 {
			fmt.Fprintf(w, "%10.3f %6d %9.3f  %s\n", b.Confidence, b.N, b.Accuracy, reliabilityBar(b))
		}
	}
	return speed(w, examples, model)
}

func row(w io.Writer, name string, js []Judgement) {
	r := ResultOf(js, nil)
	low, high := Interval(js, 1000, 1)
	fmt.Fprintf(w, "%-22s %9.4f %9.4f   %.3f–%.3f\n", name, r.Accuracy(), r.MacroF1(), low, high)
}

// compare sets the judgements of another model beside those of the built-in
// one: the same messages, a paired test.
func compare(w io.Writer, other []Judgement, examples []Example) error {
	e, err := sentiment.NewWith(sentiment.Options{})
	if err != nil {
		return err
	}
	p := ComparePaired(JudgeAll(e, examples), other, 1000, 1)
	_, err = fmt.Fprintf(w, "\nagainst the built-in model: macro-F1 %+.4f (95 %% interval %+.4f … %+.4f); alone right: built-in %d, this one %d (McNemar's test, p = %.3f)\n",
		p.Difference, p.Low, p.High, p.OnlyA, p.OnlyB, p.P)
	return err
}

// Pair is the comparison of two engines on the same messages.
type Pair struct {
	Difference   float64 // macro-F1 of b less that of a
	Low, High    float64 // 95 % bootstrap interval of it
	OnlyA, OnlyB int     // messages that only one of them judges right
	P            float64 // chance of such a difference of accuracy where there is none: McNemar's test
}

// ComparePaired compares the judgements of two engines on the same messages.
func ComparePaired(a, b []Judgement, rounds int, seed uint64) Pair {
	p := Pair{P: 1}
	if len(a) == 0 || len(a) != len(b) {
		return p
	}
	p.Difference = macroOf(b) - macroOf(a)
	for i := range a {
		rightA, rightB := int(a[i].Score.Label) == a[i].Example.Class, int(b[i].Score.Label) == b[i].Example.Class
		if rightA && !rightB {
			p.OnlyA++
		} else if rightB && !rightA {
			p.OnlyB++
		}
	}
	if n := p.OnlyA + p.OnlyB; n > 0 {
		z := max(math.Abs(float64(p.OnlyA-p.OnlyB))-1, 0) / math.Sqrt(float64(n))
		p.P = math.Erfc(z / math.Sqrt2)
	}
	rnd := newRand(seed)
	d := make([]float64, rounds)
	for k := range d {
		var ra, rb Result
		for range a {
			i := rnd.IntN(len(a))
			ra.Add(a[i].Example.Class, int(a[i].Score.Label))
			rb.Add(b[i].Example.Class, int(b[i].Score.Label))
		}
		d[k] = rb.MacroF1() - ra.MacroF1()
	}
	sort.Float64s(d)
	p.Low, p.High = d[rounds*25/1000], d[rounds*975/1000-1]
	return p
}

func macroOf(js []Judgement) float64 {
	r := ResultOf(js, nil)
	return r.MacroF1()
}

// speed times the engine over the examples on one core.
func speed(w io.Writer, examples []Example, model []byte) error {
	start := time.Now()
	e, err := sentiment.NewWith(sentiment.Options{Model: model})
	if err != nil {
		return err
	}
	load := time.Since(start)
	const rounds = 5
	best := time.Duration(1 << 62)
	var s sentiment.Score
	for range rounds {
		start = time.Now()
		for i := range examples {
			e.Score(&s, examples[i].Text, nil)
		}
		best = min(best, time.Since(start))
	}
	per := float64(best.Nanoseconds()) / float64(len(examples))
	_, err = fmt.Fprintf(w, "\nspeed: %.0f ns a message, %.0f messages/s on one core (best of %d); ready in %v\n", per, 1e9/per, rounds, load.Round(100*time.Microsecond))
	return err
}
