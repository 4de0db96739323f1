package train

import (
	"fmt"
	"math"
	"sync"

	"chatmood/internal/sentiment"
)

// Settings are the settings of [Run]. Start from [Defaults].
type Settings struct {
	Teachers      int    // networks that learn from the labels
	PerChannel    int    // unlabelled messages of a channel
	MinCount      int    // occurrences that make a word known to the teachers
	VectorDims    int    // of word vectors
	StudentWords  int    // rows of words in the model
	StudentEpochs int    // passes over the lessons
	Seed          uint64 // of all chances but those of the model that ships
	StudySeed     uint64 // of the model that ships
	Splits        []string
	Judgements    []byte  // of a larger teacher: see [ParseJudgements]
	Augmented     []byte  // the same of augmented texts; empty: learn without them
	LargerShare   float32 // its share of a judgement, 0 … 1; the networks above have the rest
	LabelShare    float32 // the label's share where there is one, 0 … 1
}

// Defaults are the settings of the model that ships.
func Defaults() Settings {
	return Settings{
		Teachers: 3, PerChannel: 40_000,
		MinCount: 5, VectorDims: 64, StudentWords: 22_000, StudentEpochs: 4, Seed: 2, StudySeed: 3, Splits: []string{"train", splitInvented},
		Judgements: judgementsFile, Augmented: augmentedFile, LargerShare: 0.65, LabelShare: 0.5,
	}
}

func teacherSettings(seed uint64) netSettings {
	return netSettings{
		filters: 64, hidden: 64, width: 3, epochs: 6, rate: 0.02, embedRate: 0.01, linear: 0.05,
		dropHidden: 0.4, dropToken: 0.15, dropSparse: 0.7, decay: 1e-5, seed: seed,
	}
}

// Lessons are what the model learns from: texts and what is known about each.
// A triple of zeros says that a judge has not judged.
type Lessons struct {
	Texts                []string
	Small, Larger, Label [][3]float32 // the networks trained here, the larger teacher, the labels
	Written              int          // the first so many texts are not augmented
}

// Targets joins what is known about each text into one judgement.
func (l *Lessons) Targets(o *Settings) [][3]float32 {
	out := make([][3]float32, len(l.Texts))
	blend := func(t, p *[3]float32, share float32) {
		if p[0]+p[1]+p[2] == 0 {
			return
		}
		if t[0]+t[1]+t[2] == 0 {
			share = 1
		}
		for c := range t {
			t[c] += share * (p[c] - t[c])
		}
	}
	for i := range out {
		out[i] = l.Small[i]
		blend(&out[i], &l.Larger[i], o.LargerShare)
		blend(&out[i], &l.Label[i], o.LabelShare)
	}
	return out
}

func (l *Lessons) add(text string, label [3]float32) {
	l.Texts = append(l.Texts, text)
	l.Small, l.Larger, l.Label = append(l.Small, [3]float32{}), append(l.Larger, [3]float32{}), append(l.Label, label)
}

// Run trains teachers on the labels of dir, lets them judge its unlabelled
// chat, trains the model that ships on their judgements and returns its file.
func Run(dir string, o Settings, log func(format string, args ...any)) ([]byte, error) {
	lessons, err := Teach(dir, o, log)
	if err != nil {
		return nil, err
	}
	return Study(dir, lessons, o, log)
}

// Teach trains the teachers and collects their judgements, and those of the
// larger teacher that the repository holds.
func Teach(dir string, o Settings, log func(format string, args ...any)) (*Lessons, error) {
	labels, err := Labels(dir, "train", "dev", "test")
	if err != nil {
		return nil, err
	}
	hidden := hiddenChannels(labels, o.Splits)
	own, err := OwnLabels(dir, hidden)
	if err != nil {
		return nil, err
	}
	invented, err := Invented()
	if err != nil {
		return nil, err
	}
	labels = append(append(labels, own...), invented...)
	chat, err := Chat(dir, o.PerChannel)
	if err != nil {
		return nil, err
	}
	reddit, err := Reddit(dir)
	if err != nil {
		return nil, err
	}
	judgements, err := ParseJudgements(o.Judgements)
	if err != nil {
		return nil, fmt.Errorf("reading the judgements of the larger teacher: %w", err)
	}
	augmented, judged, err := judgedAugmented(dir, o.Augmented, labels, reddit, hidden, log)
	if err != nil {
		return nil, fmt.Errorf("reading the judgements of augmented texts: %w", err)
	}
	engine, err := sentiment.NewWith(sentiment.Options{NoModel: true})
	if err != nil {
		return nil, err
	}
	r := &reader{engine: engine}
	var texts []string
	for i := range chat {
		if !hidden[chat[i].Channel] {
			texts = append(texts, chat[i].Text)
		}
	}
	v := countTokens(r, texts, o.MinCount)
	log("%d messages of chat, %d words", len(texts), len(v.keys))
	vectors := learnVectors(v, tokenLines(r, v, texts), vectorSettings{dims: o.VectorDims, window: 5, negatives: 5, epochs: 2, rate: 0.04, seed: o.Seed})
	subs := mimic(v, vectors, 2)
	log("word vectors learnt")

	var train, dev []sample
	out := &Lessons{}
	seen := map[string]bool{} // labelled messages, so that those of other splits stay unseen
	for i := range labels {
		l := &labels[i]
		again := seen[l.Text]
		seen[l.Text] = true
		switch {
		case wanted(l.Split, o.Splits):
			if again {
				continue
			}
			s := r.sample(v, l.Text)
			setTarget(&s, l)
			train = append(train, s)
			out.add(l.Text, s.target)
		case l.Split == "dev":
			s := r.sample(v, l.Text)
			s.target[l.Class] = 1
			dev = append(dev, s)
		}
	}
	log("%d labels, %d of them our own", len(train), len(own))
	board := &board{dev: dev, sum: make([][3]float32, len(dev)), log: log}
	// Each has a seed of its own, so it does not matter who is ready first.
	teachers := make([]*net, o.Teachers)
	var learning sync.WaitGroup
	for k := range teachers {
		learning.Go(func() {
			n := newNet(teacherSettings(o.Seed+uint64(k)*1000), vectors, subs)
			n.fit(train, nil)
			n.fold()
			teachers[k] = n
		})
	}
	learning.Wait()
	for k, n := range teachers {
		board.add(fmt.Sprintf("teacher %d", k+1), n)
	}
	lessons := append([]sample(nil), train...)
	add := func(t string) {
		if !seen[t] {
			seen[t] = true
			lessons = append(lessons, r.sample(v, t))
			out.add(t, [3]float32{})
		}
	}
	for _, t := range texts {
		add(t)
	}
	for i := range reddit {
		if _, ok := judgements.Of(reddit[i].Text); ok {
			add(reddit[i].Text)
		}
	}
	judgeLessons(teachers, lessons, out.Small)
	larger := 0
	for i, text := range out.Texts {
		if p, ok := judgements.Of(text); ok {
			out.Larger[i] = p
			larger++
		}
	}
	log("%d lessons judged by teachers, %d of them by the larger one", len(lessons), larger)
	lexiconLessons(out)
	out.Written = len(out.Texts)
	made := make([]sample, len(augmented))
	for i, t := range augmented {
		made[i] = r.sample(v, t)
		out.add(t, [3]float32{})
		out.Larger[out.Written+i] = chances(judged[i])
	}
	judgeLessons(teachers, made, out.Small[out.Written:])
	log("%d augmented lessons judged", len(made))
	return out, nil
}

// hiddenChannels are the channels of other splits than these: they stay unseen
// altogether.
func hiddenChannels(labels []Example, splits []string) map[string]bool {
	hidden := map[string]bool{}
	for i := range labels {
		if !wanted(labels[i].Split, splits) {
			hidden[labels[i].Channel] = true
		}
	}
	return hidden
}

// judgeLessons adds the nets' mean judgement to targets.
func judgeLessons(nets []*net, lessons []sample, targets [][3]float32) {
	w := newWork(nets[0])
	weight := 1 / float32(len(nets))
	for i := range lessons {
		for _, n := range nets {
			p := n.judge(w, &lessons[i])
			for c := range p {
				targets[i][c] += weight * p[c]
			}
		}
	}
}

// board shows how networks do on the development messages.
type board struct {
	dev []sample
	sum [][3]float32
	log func(format string, args ...any)
}

func (b *board) add(name string, n *net) {
	var alone, all Result
	w := newWork(n)
	for i := range b.dev {
		p := n.judge(w, &b.dev[i])
		for c := range p {
			b.sum[i][c] += p[c]
		}
		truth := argmax(b.dev[i].target[:])
		alone.Add(truth, argmax(p[:]))
		all.Add(truth, argmax(b.sum[i][:]))
	}
	b.log("%s: dev macro-F1 %.4f, all so far together %.4f, accuracy %.4f", name, alone.MacroF1(), all.MacroF1(), all.Accuracy())
}

func wanted(split string, splits []string) bool {
	for _, s := range splits {
		if s == split {
			return true
		}
	}
	return false
}

func tokenLines(r *reader, v *vocabulary, texts []string) [][]int32 {
	var lines [][]int32
	for _, t := range texts {
		r.engine.Read(&r.buf, t, nil)
		var line []int32
		for i := range r.buf.Tokens {
			if id, ok := v.ids[r.buf.Tokens[i].Key]; ok {
				line = append(line, id)
			}
		}
		if len(line) > 1 {
			lines = append(lines, line)
		}
	}
	return lines
}

// How much an invented message counts, and a lesson of the lexicon: there are
// few of either.
const (
	inventedWeight = 2
	lexiconWeight  = 4
)

// Study trains the model that ships and returns its file.
func Study(dir string, lessons *Lessons, o Settings, log func(format string, args ...any)) ([]byte, error) {
	engine, err := sentiment.NewWith(sentiment.Options{NoModel: true})
	if err != nil {
		return nil, err
	}
	r := &reader{engine: engine}
	written := lessons.Texts[:lessons.Written]
	v := countTokens(r, written, 3)
	keys := v.keys
	if len(keys) > o.StudentWords {
		keys = keys[:o.StudentWords]
	}
	s := newStudent(keys, o.StudySeed)
	words := &vocabulary{ids: s.vocab, keys: keys, count: v.count[:len(keys)]}
	s.seedRows(learnVectors(words, tokenLines(r, words, written), vectorSettings{dims: 48, window: 5, negatives: 5, epochs: 3, rate: 0.04, seed: o.StudySeed + 2}), o.StudySeed+3)
	targets := lessons.Targets(&o)
	invented, err := Invented()
	if err != nil {
		return nil, err
	}
	isInvented := make(map[string]bool, len(invented))
	for i := range invented {
		isInvented[invented[i].Text] = true
	}
	all := make([]lesson, len(lessons.Texts))
	for i, t := range lessons.Texts {
		all[i] = s.lesson(engine, t)
		all[i].target = targets[i]
		switch {
		case isInvented[t]:
			all[i].weight = inventedWeight
		case lessons.Small[i] == [3]float32{}: // of the lexicon: nobody judged it
			all[i].weight = lexiconWeight
		}
	}
	log("%d lessons, %d rows of words", len(all), len(keys))
	labels, err := Labels(dir, "dev")
	if err != nil {
		return nil, err
	}
	dev := make([]lesson, len(labels))
	for i := range labels {
		dev[i] = s.lesson(engine, labels[i].Text)
		dev[i].target[labels[i].Class] = 1
	}
	d := newDesk()
	s.study(all, studySettings{epochs: o.StudentEpochs, rate: 0.1, dropToken: 0.1, dropPair: 0.2, decay: 1e-6, seed: o.StudySeed + 5}, func(epoch int) {
		var res Result
		for i := range dev {
			p := s.judge(d, &dev[i])
			res.Add(argmax(dev[i].target[:]), argmax(p[:]))
		}
		log("epoch %d: dev macro-F1 %.4f, accuracy %.4f", epoch+1, res.MacroF1(), res.Accuracy())
	})
	s.temp = s.fitTemperature(dev)
	log("temperature %.3f", s.temp)
	b, err := s.bytes()
	if err != nil {
		return nil, fmt.Errorf("writing the model: %w", err)
	}
	return b, nil
}

// fitTemperature finds the temperature at which the probabilities of the
// labelled messages are likeliest.
func (s *student) fitTemperature(dev []lesson) float32 {
	d := newDesk()
	best, bestLoss := float32(1), math.Inf(1)
	for t := float32(0.6); t < 2.5; t += 0.02 {
		var loss float64
		for i := range dev {
			s.forward(d, &dev[i], nil, 0, 0)
			z := d.z
			for k := range z {
				z[k] /= t
			}
			softmax(z[:])
			loss -= math.Log(float64(z[argmax(dev[i].target[:])]) + 1e-9)
		}
		if loss < bestLoss {
			best, bestLoss = t, loss
		}
	}
	return best
}
