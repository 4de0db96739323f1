package train

import (
	"fmt"
	"math"

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
	Seed          uint64 // of all chances
	Splits        []string
}

// Defaults are the settings of the model that ships.
func Defaults() Settings {
	return Settings{
		Teachers: 5, PerChannel: 40_000,
		MinCount: 5, VectorDims: 64, StudentWords: 22_000, StudentEpochs: 4, Seed: 1, Splits: []string{"train"},
	}
}

func teacherSettings(seed uint64) netSettings {
	return netSettings{
		filters: 64, hidden: 64, width: 3, epochs: 6, rate: 0.02, embedRate: 0.01, linear: 0.05,
		dropHidden: 0.4, dropToken: 0.15, dropSparse: 0.7, decay: 1e-5, seed: seed,
	}
}

// Lessons are what the model learns from: texts and what the teachers think.
type Lessons struct {
	Texts   []string
	Targets [][3]float32
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

// Teach trains the teachers and collects their judgements.
func Teach(dir string, o Settings, log func(format string, args ...any)) (*Lessons, error) {
	labels, err := Labels(dir, append([]string{"dev"}, o.Splits...)...)
	if err != nil {
		return nil, err
	}
	chat, err := Chat(dir, o.PerChannel)
	if err != nil {
		return nil, err
	}
	engine, err := sentiment.NewWith(sentiment.Options{NoModel: true})
	if err != nil {
		return nil, err
	}
	r := &reader{engine: engine}
	texts := make([]string, len(chat))
	for i := range chat {
		texts[i] = chat[i].Text
	}
	v := countTokens(r, texts, o.MinCount)
	log("%d messages of chat, %d words", len(texts), len(v.keys))
	vectors := learnVectors(v, tokenLines(r, v, texts), vectorSettings{dims: o.VectorDims, window: 5, negatives: 5, epochs: 2, rate: 0.04, seed: o.Seed})
	subs := mimic(v, vectors, 2)
	log("word vectors learnt")

	var train, dev []sample
	out := &Lessons{}
	for i := range labels {
		s := r.sample(v, labels[i].Text)
		if wanted(labels[i].Split, o.Splits) {
			setTarget(&s, &labels[i])
			train = append(train, s)
			out.Texts = append(out.Texts, labels[i].Text)
		} else {
			s.target[labels[i].Class] = 1
			dev = append(dev, s)
		}
	}
	board := &board{dev: dev, sum: make([][3]float32, len(dev)), log: log}
	var teachers []*net
	for k := range o.Teachers {
		n := newNet(teacherSettings(o.Seed+uint64(k)*1000), vectors, subs)
		n.fit(train, nil)
		n.fold()
		board.add(fmt.Sprintf("teacher %d", k+1), n)
		teachers = append(teachers, n)
	}
	lessons := append([]sample(nil), train...)
	seen := map[string]bool{}
	for i := range labels {
		seen[labels[i].Text] = true // development messages stay unseen
	}
	for _, t := range texts {
		if !seen[t] {
			seen[t] = true
			lessons = append(lessons, r.sample(v, t))
			out.Texts = append(out.Texts, t)
		}
	}
	out.Targets = make([][3]float32, len(lessons))
	judgeLessons(teachers, lessons, out.Targets)
	for i := range lessons {
		if i < len(train) { // half what the label says
			for c := range out.Targets[i] {
				out.Targets[i][c] = 0.5*out.Targets[i][c] + 0.5*train[i].target[c]
			}
		}
	}
	log("%d lessons judged by teachers", len(lessons))
	return out, nil
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

// Study trains the model that ships and returns its file.
func Study(dir string, lessons *Lessons, o Settings, log func(format string, args ...any)) ([]byte, error) {
	engine, err := sentiment.NewWith(sentiment.Options{NoModel: true})
	if err != nil {
		return nil, err
	}
	r := &reader{engine: engine}
	v := countTokens(r, lessons.Texts, 3)
	keys := v.keys
	if len(keys) > o.StudentWords {
		keys = keys[:o.StudentWords]
	}
	s := newStudent(keys, o.Seed)
	words := &vocabulary{ids: s.vocab, keys: keys, count: v.count[:len(keys)]}
	s.seedRows(learnVectors(words, tokenLines(r, words, lessons.Texts), vectorSettings{dims: 48, window: 5, negatives: 5, epochs: 3, rate: 0.04, seed: o.Seed + 2}), o.Seed+3)
	all := make([]lesson, len(lessons.Texts))
	for i, t := range lessons.Texts {
		all[i] = s.lesson(engine, t)
		all[i].target = lessons.Targets[i]
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
	s.study(all, studySettings{epochs: o.StudentEpochs, rate: 0.1, dropToken: 0.1, dropPair: 0.2, decay: 1e-6, seed: o.Seed + 5}, func(epoch int) {
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
