package train

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chatmood/internal/sentiment"
)

// writeGzip writes lines to dir/name, compressed.
func writeGzip(t *testing.T, dir, name string, lines ...string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(strings.Join(lines, "\n") + "\n")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// inventedData writes data in which invented words have a feeling: "zorply"
// is praise, "grumvex" is a complaint.
func inventedData(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	labels := []string{"id\tchannel\tyear\tsplit\tscore\tflags\tsecond\ttext"}
	chat := []string{"channel\tyear\tuser\temotes\ttext"}
	subjects := []string{"the map", "this round", "our team", "the song", "that jump", "my cat", "the boss", "a door"}
	for i := range 240 {
		subject := subjects[i%len(subjects)]
		split := "train"
		if i%5 == 4 {
			split = "dev"
		}
		var text string
		score := 0
		switch i % 3 {
		case 0:
			text, score = fmt.Sprintf("%s was zorply %d", subject, i), 2
		case 1:
			text, score = fmt.Sprintf("%s was grumvex %d", subject, i), -1
		default:
			text = fmt.Sprintf("%s was on tuesday %d", subject, i)
		}
		labels = append(labels, fmt.Sprintf("%d\tx%d\t2024\t%s\t%d\t-\t\t%s", i, i%4, split, score, text))
		chat = append(chat, fmt.Sprintf("x%d\t2024\tu1\t\t%s again", i%4, text))
	}
	writeGzip(t, dir, "labels.tsv.gz", labels...)
	writeGzip(t, dir, "chat.tsv.gz", chat...)
	return dir
}

func smallSettings() Settings {
	o := Defaults()
	o.Splits = []string{"train"}
	o.Teachers, o.PerChannel = 2, 1000
	o.Augmented = nil // its texts are not of these data
	o.MinCount, o.StudentWords, o.StudentEpochs, o.VectorDims = 2, 200, 20, 8
	return o
}

func TestRunLearnsAndRepeats(t *testing.T) {
	dir := inventedData(t)
	quiet := func(string, ...any) {}
	first, err := Run(dir, smallSettings(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Run(dir, smallSettings(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("the same data and seed gave two different models")
	}
	e, err := sentiment.NewWith(sentiment.Options{Model: first})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]sentiment.Label{
		"the map was zorply": sentiment.Positive, "my cat was grumvex": sentiment.Negative, "the boss was on tuesday": sentiment.Neutral,
	} {
		var s sentiment.Score
		e.Score(&s, text, nil)
		if s.Label != want {
			t.Errorf("%q is %v, want %v", text, s.Label, want)
		}
	}
}

// TestStudentInBytesJudgesAsInFloats compares the model in training with the
// model that ships.
func TestStudentInBytesJudgesAsInFloats(t *testing.T) {
	dir := inventedData(t)
	lessons, err := Teach(dir, smallSettings(), func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := sentiment.NewWith(sentiment.Options{NoModel: true})
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{engine: engine}
	v := countTokens(r, lessons.Texts, 3)
	s := newStudent(v.keys, 1)
	o := smallSettings()
	targets := lessons.Targets(&o)
	all := make([]lesson, len(lessons.Texts))
	for i, text := range lessons.Texts {
		all[i] = s.lesson(engine, text)
		all[i].target = targets[i]
	}
	s.study(all, studySettings{epochs: 5, rate: 0.05, seed: 1}, nil)
	file, err := s.bytes()
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := sentiment.NewWith(sentiment.Options{Model: file})
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk()
	texts := append([]string{"", "LETS GOOO the map", "KEKW KEKW KEKW KEKW", "qqqqwxyz unseen wordlike @user what?!", "was was was on on on"}, lessons.Texts[:40]...)
	for _, text := range texts {
		l := s.lesson(engine, text)
		want := s.judge(d, &l)
		var got sentiment.Score
		shipped.Score(&got, text, nil)
		if got.Flags&sentiment.FlagUnscored != 0 {
			continue
		}
		if diff := math.Abs(float64(got.Value - (want[1] - want[2]))); diff > 0.06 {
			t.Errorf("%q: %.3f in bytes, %.3f in floats", text, got.Value, want[1]-want[2])
		}
	}
}

func TestReport(t *testing.T) {
	dir := inventedData(t)
	var b bytes.Buffer
	peers := []Peer{{"the rules again", rulesOnly(t)}}
	if err := Report(&b, ReportOptions{Dir: dir, Split: "dev", Peers: peers}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"48 messages of split dev", "lexicon and rules only", "the rules again", "macro-F1", "channel x0", "calibration error", "messages/s"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
	if err := Report(&b, ReportOptions{Dir: dir, Split: "nonesuch"}); err == nil || !strings.Contains(err.Error(), "nonesuch") {
		t.Errorf("an unknown split gives %v", err)
	}
}

func rulesOnly(t *testing.T) sentiment.Analyzer {
	t.Helper()
	e, err := sentiment.NewWith(sentiment.Options{NoModel: true})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestSet reads labelled sets of others, by the names of their columns.
func TestSet(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want []int // classes; nil: refused
		err  string
	}{
		"words":            {"id\tlabel\ttext\n1\tPositive\tgg\n2\tneutral\tok\n3\tnegative\tbad\n", []int{1, 0, 2}, ""},
		"numbers":          {"text\tscore\r\ngg\t2\r\nok\t0\r\nbad\t-0.5\r\n", []int{1, 0, 2}, ""},
		"no text":          {"label\n1\n", nil, "column text"},
		"no label":         {"text\ngg\n", nil, "column label"},
		"unknown label":    {"text\tlabel\ngg\thappy\n", nil, "happy"},
		"no number":        {"text\tscore\ngg\tNaN\n", nil, "nan"},
		"nothing":          {"text\tlabel\n", nil, "no labelled messages"},
		"a column missing": {"text\tlabel\ngg\n", nil, "line 2"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "set.tsv")
			if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Set(path)
			if (err == nil) != (c.want != nil) || err != nil && !strings.Contains(strings.ToLower(err.Error()), c.err) {
				t.Fatalf("error %v, want something about %q", err, c.err)
			}
			for i, e := range got {
				if e.Class != c.want[i] {
					t.Errorf("%q has class %d, want %d", e.Text, e.Class, c.want[i])
				}
			}
			if err == nil && len(got) != len(c.want) {
				t.Errorf("%d messages, want %d", len(got), len(c.want))
			}
			if err == nil {
				var b bytes.Buffer
				if err := Report(&b, ReportOptions{File: path}); err != nil || !strings.Contains(b.String(), "3 messages of set.tsv") {
					t.Errorf("%v: %s", err, b.String())
				}
			}
		})
	}
}

func TestDataFaults(t *testing.T) {
	dir := t.TempDir()
	if _, err := Labels(dir, "train"); err == nil || !strings.Contains(err.Error(), "labels.tsv.gz") {
		t.Errorf("missing file: %v", err)
	}
	writeGzip(t, dir, "labels.tsv.gz", "header", "1\tc\t2020\ttrain\tgood\t-\t\ttext")
	if _, err := Labels(dir, "train"); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("bad score: %v", err)
	}
	writeGzip(t, dir, "labels.tsv.gz", "header", "1\tc")
	if _, err := Labels(dir, "train"); err == nil || !strings.Contains(err.Error(), "2 columns, want 8") {
		t.Errorf("few columns: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "chat.tsv.gz"), []byte("not packed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Chat(dir, 10); err == nil || !strings.Contains(err.Error(), "unpacking") {
		t.Errorf("not packed: %v", err)
	}
}

func TestChatIsCappedByChannel(t *testing.T) {
	lines, err := Chat(inventedData(t), 7)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != 4*7 {
		t.Errorf("%d messages of four channels, want 28", len(lines))
	}
}

func TestMetrics(t *testing.T) {
	var r Result
	for _, p := range [][2]int{{0, 0}, {0, 0}, {0, 1}, {1, 1}, {2, 2}, {2, 0}} {
		r.Add(p[0], p[1])
	}
	if got := r.Accuracy(); math.Abs(got-4.0/6) > 1e-9 {
		t.Errorf("accuracy %v, want 4/6", got)
	}
	// Neutral 4/6, positive 2/3, negative 2/3.
	for class := range 3 {
		if got := r.F1(class); math.Abs(got-2.0/3) > 1e-9 {
			t.Errorf("F1 of class %d is %v, want 2/3", class, got)
		}
	}
	if got := r.MacroF1(); math.Abs(got-2.0/3) > 1e-9 {
		t.Errorf("macro-F1 %v, want 2/3", got)
	}
	if (&Result{}).MacroF1() != 0 || (&Result{}).Accuracy() != 0 {
		t.Error("nothing judged is not 0")
	}
}

func TestReliability(t *testing.T) {
	e := Example{Class: 1}
	js := []Judgement{
		{&e, sentiment.Score{Label: sentiment.Positive, Confidence: 0.95}},
		{&e, sentiment.Score{Label: sentiment.Positive, Confidence: 0.95}},
		{&e, sentiment.Score{Label: sentiment.Negative, Confidence: 0.45}},
		{&e, sentiment.Score{Label: sentiment.Positive, Confidence: 0.45}},
	}
	bins, ece := Reliability(js)
	if bins[9].N != 2 || bins[4].N != 2 || bins[4].Accuracy != 0.5 {
		t.Errorf("bins %+v", bins)
	}
	if math.Abs(ece-0.05) > 1e-6 {
		t.Errorf("calibration error %v, want 0.05", ece)
	}
	low, high := Interval(js, 1000, 1)
	if low > high || low < 0 || high > 1 {
		t.Errorf("interval %v–%v", low, high)
	}
}

func TestComparePaired(t *testing.T) {
	labels := []sentiment.Label{sentiment.Neutral, sentiment.Positive, sentiment.Negative}
	var a, b []Judgement
	for i := range 300 {
		e := &Example{Class: i % 3}
		wrong := sentiment.Score{Label: labels[(i+1)%3]}
		right := sentiment.Score{Label: labels[i%3]}
		ja, jb := Judgement{e, right}, Judgement{e, right}
		if i%10 == 0 { // b mends 30 faults of a
			ja.Score = wrong
		}
		if i%100 == 1 { // and makes three of its own
			jb.Score = wrong
		}
		a, b = append(a, ja), append(b, jb)
	}
	p := ComparePaired(a, b, 500, 1)
	if p.OnlyA != 3 || p.OnlyB != 30 || p.P > 0.001 || p.Difference < 0.08 || p.Low <= 0 || p.High < p.Difference {
		t.Errorf("%+v, want a sure gain of about 0.09 by 30 against 3", p)
	}
	if p := ComparePaired(a, a, 500, 1); p.Difference != 0 || p.P != 1 || p.OnlyA+p.OnlyB != 0 {
		t.Errorf("an engine against itself: %+v", p)
	}
}

func TestJudgementsFile(t *testing.T) {
	texts := []string{"one text", "another", "a third"}
	keys := map[uint64]int{}
	var order []uint64
	for i, text := range texts {
		k := TextHash(text) >> 24
		keys[k] = i
		order = append(order, k)
	}
	slices.Sort(order)
	file := []byte("chatmood-judgements-1\n\x03\x00\x00\x00")
	var last uint64
	for _, k := range order {
		file = binary.AppendUvarint(file, k-last)
		file = append(file, byte(51*(keys[k]+1)), 51)
		last = k
	}
	j, err := ParseJudgements(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		p, ok := j.Of(text)
		want := [3]float32{0.6 - 0.2*float32(i), 0.2 * float32(i+1), 0.2}
		for c := range p {
			if d := p[c] - want[c]; !ok || d > 1e-5 || d < -1e-5 {
				t.Errorf("%q: %v, want %v", text, p, want)
			}
		}
	}
	if _, ok := j.Of("unknown"); ok {
		t.Error("a text that is not there has a judgement")
	}
	for name, bad := range map[string][]byte{
		"empty": nil, "other magic": []byte("chatmood-model-1\n\x00\x00\x00\x00"), "cut off": file[:len(file)-1], "too long": append(slices.Clone(file), 0), "huge": []byte("chatmood-judgements-1\n\xff\xff\xff\xff"),
	} {
		if _, err := ParseJudgements(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := ParseJudgements(judgementsFile); err != nil {
		t.Errorf("the file of the repository: %v", err)
	}
}

func TestOwnLabels(t *testing.T) {
	dir := inventedData(t)
	chat, err := Chat(dir, 10)
	if err != nil {
		t.Fatal(err)
	}
	line := func(i int, rest string) string { return fmt.Sprintf("%016x\t%s\n", TextHash(chat[i].Text), rest) }
	got, err := joinLabels("# how\n"+line(0, "2\t-")+line(1, "-1\tu")+line(2, "0\t-"), dir, map[string]bool{chat[2].Channel: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Text != chat[0].Text || got[0].Class != 1 || got[1].Class != 2 || got[1].Flags != "u" {
		t.Errorf("%+v, want the first two messages as positive and negative", got)
	}
	for _, bad := range []string{"x\t1\t-\n", "0123456789abcdef\t3\t-\n", "0123456789abcdef\t1\n"} {
		if _, err := joinLabels(bad, dir, nil); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%q: %v, want an error that names line 1", bad, err)
		}
	}
	tsv, err := unzip(ownLabels)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := joinLabels(tsv, dir, nil); err != nil {
		t.Errorf("the file of the repository: %v", err)
	}
}

func TestInvented(t *testing.T) {
	all, err := Invented()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	held, classes := 0, [3]int{}
	for i := range all {
		e := &all[i]
		if seen[e.Text] || strings.TrimSpace(e.Text) != e.Text || e.Text == "" || strings.Trim(e.Flags, "lstqhoub-") != "" {
			t.Errorf("%+v: want each text once, without spaces at its ends, and flags of the guidelines", *e)
		}
		seen[e.Text] = true
		classes[e.Class]++
		if e.Split == splitInventedHeld {
			held++
		}
	}
	if share := float64(held) / float64(len(all)); share < 0.17 || share > 0.23 {
		t.Errorf("%d of %d are held back, want a fifth", held, len(all))
	}
	for c, n := range classes {
		if n < len(all)/5 {
			t.Errorf("class %d: %d of %d", c, n, len(all))
		}
	}
	for _, bad := range []string{"x\t-\tgg", "3\t-\tgg", "1\tgg"} {
		if _, err := parseInvented("score\tflags\ttext\n" + bad + "\n"); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: %v, want an error that names line 2", bad, err)
		}
	}
}

func TestSoftTargets(t *testing.T) {
	for _, c := range []struct {
		e    Example
		want [3]float32
	}{
		{Example{Class: 1, Flags: "-"}, [3]float32{0.02, 0.96, 0.02}},
		{Example{Class: 2, Flags: "u", Second: 0, Twice: true}, [3]float32{0.2/3 + 0.32, 0.2 / 3, 0.8 + 0.2/3 - 0.32}},
	} {
		var s sample
		setTarget(&s, &c.e)
		for k := range s.target {
			if d := s.target[k] - c.want[k]; d > 1e-5 || d < -1e-5 {
				t.Errorf("%+v: target %v, want %v", c.e, s.target, c.want)
			}
		}
	}
}

func TestWriteReadings(t *testing.T) {
	dir := inventedData(t)
	writeGzip(t, dir, "goemotions.tsv.gz", "split\tlabel\temotions\ttext", "train\tpositive\tjoy\tnot bad at all", "train\tambiguous\tsurprise\tleft out")
	var b bytes.Buffer
	if err := WriteReadings(&b, dir, 5, 7); err != nil {
		t.Fatal(err)
	}
	invented, err := Invented()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if want := 240 + len(invented) + 4*5 + 1 + 7; len(lines) != want {
		t.Fatalf("%d readings, want %d: labels, invented ones, five messages of each channel, one comment, seven augmented texts", len(lines), want)
	}
	for i, l := range lines {
		if augmented := strings.Split(l, "\t")[2] == "augmented"; augmented != (i >= len(lines)-7) {
			t.Errorf("line %d of %d: %q", i, len(lines), l)
		}
	}
	seen := map[string]bool{}
	for _, l := range lines {
		f := strings.Split(l, "\t")
		if len(f) != 8 || seen[f[0]] || strings.Count(f[6], ",") != sentiment.NumRules-1 {
			t.Fatalf("reading %q: want 8 columns, each text once, %d findings", l, sentiment.NumRules)
		}
		seen[f[0]] = true
	}
	last := strings.Split(lines[len(lines)-8], "\t")
	if last[2] != "reddit" || last[3] != "1" || strings.Count(last[7], "\x1e") != 0 || !strings.Contains(last[7], "\x1fnot bad at all\x1f1\x1f50\x1f") {
		t.Errorf("the comment is read as %q, want one idiom", last)
	}
}

func TestLexiconLessons(t *testing.T) {
	l := new(Lessons)
	lexiconLessons(l)
	at := map[string][3]float32{}
	for i, text := range l.Texts {
		at[text] = l.Label[i]
	}
	o := Defaults()
	for i, p := range l.Targets(&o) {
		if sum := p[0] + p[1] + p[2]; sum < 0.999 || sum > 1.001 {
			t.Fatalf("%q: chances sum to %v", l.Texts[i], sum)
		}
	}
	for text, want := range map[string]int{"that was not bad": 1, "this is not funny": 2, "PogChamp": 1, "Sadge Sadge": 2, "pro player Kappa": 2, "great way to lose": 2, "@user no cap": 0} {
		if p, ok := at[text]; !ok || argmax(p[:]) != want {
			t.Errorf("%q: %v, want class %d", text, p, want)
		}
	}
}

func TestTargetsAreBlended(t *testing.T) {
	l := &Lessons{
		Texts:  []string{"all three", "no larger", "label only"},
		Small:  [][3]float32{{1, 0, 0}, {1, 0, 0}, {}},
		Larger: [][3]float32{{0, 1, 0}, {}, {}},
		Label:  [][3]float32{{0, 0, 1}, {}, {0, 0, 1}},
	}
	got := l.Targets(&Settings{LargerShare: 0.5, LabelShare: 0.2})
	for i, want := range [][3]float32{{0.4, 0.4, 0.2}, {1, 0, 0}, {0, 0, 1}} {
		for c := range want {
			if d := got[i][c] - want[c]; d > 1e-5 || d < -1e-5 {
				t.Errorf("%s: %v, want %v", l.Texts[i], got[i], want)
			}
		}
	}
}
