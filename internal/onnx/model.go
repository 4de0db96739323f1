package onnx

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/knights-analytics/hugot"
	"github.com/knights-analytics/hugot/pipelines"

	"chatmood/internal/sentiment"
)

// Files that a model's folder must hold, as the usual export tools write them.
const (
	configFile    = "config.json"    // id2label: what the outputs mean
	tokenizerFile = "tokenizer.json" //nolint:gosec // the "fast" form of a tokenizer, no secret
)

const (
	// maxModelBytes bounds what is read into memory.
	maxModelBytes = 2 << 30
	// maxText is how many bytes of a message the model reads. A token is a byte
	// at least, so that with a beginning and an end this stays under the 512
	// positions that most encoders have.
	maxText = 480
	// neutralBelow: a model that knows only positive and negative calls a message
	// neutral by being undecided between them. 0.5 is where one of the two has
	// three quarters of the chance.
	neutralBelow = 0.5
)

// A verdict is what the model says about a text.
type verdict struct {
	label      sentiment.Label
	value      float32 // -1 … 1
	confidence float32 // the model's own, not calibrated
}

// A classifier judges texts in batches. It is not safe for concurrent use.
type classifier struct {
	session  *hugot.Session
	pipeline *pipelines.TextClassificationPipeline
	meanings map[string]meaning
	two      bool // it knows no neutral
}

// A meaning is what one output of a model stands for.
type meaning struct {
	label sentiment.Label
	value float32
}

// open loads the model in a folder, or an .onnx file beside its tokenizer and
// configuration.
func open(path string) (*classifier, error) {
	dir, file, err := locate(path)
	if err != nil {
		return nil, err
	}
	names, err := labelNames(filepath.Join(dir, configFile))
	if err != nil {
		return nil, err
	}
	meanings, two, err := meaningsOf(names)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, configFile), err)
	}
	session, err := hugot.NewGoSession()
	if err != nil {
		return nil, fmt.Errorf("starting the ONNX engine: %w", err)
	}
	pipeline, err := load(session, dir, file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("loading the ONNX model of %s: %w", dir, err), session.Destroy())
	}
	return &classifier{session: session, pipeline: pipeline, meanings: meanings, two: two}, nil
}

// load reads the model's files. A panic of the reader is an error here: the
// files are somebody else's.
func load(session *hugot.Session, dir, file string) (p *pipelines.TextClassificationPipeline, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			p, err = nil, fmt.Errorf("the file cannot be read: %v", broken)
		}
	}()
	return hugot.NewPipeline(session, hugot.TextClassificationConfig{
		ModelPath: dir, OnnxFilename: file, Name: "chat",
		// All the labels, with chances that sum to one.
		Options: []hugot.TextClassificationOption{pipelines.WithSoftmax(), pipelines.WithMultiLabel()},
	})
}

// locate finds the model's file and checks that what it needs is beside it.
func locate(path string) (dir, file string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", "", fmt.Errorf("the ONNX model: %w", err)
	}
	dir = path
	if !info.IsDir() {
		dir, file = filepath.Split(path)
		dir = filepath.Clean(dir)
	} else {
		found, err := filepath.Glob(filepath.Join(dir, "*.onnx"))
		if err != nil {
			return "", "", fmt.Errorf("the ONNX model: %w", err)
		}
		switch len(found) {
		case 0:
			return "", "", fmt.Errorf("no .onnx file in %s", dir)
		case 1:
			file = filepath.Base(found[0])
		default:
			return "", "", fmt.Errorf("%d .onnx files in %s: name the one to use", len(found), dir)
		}
	}
	if info, err = os.Stat(filepath.Join(dir, file)); err != nil {
		return "", "", fmt.Errorf("the ONNX model: %w", err)
	}
	if info.Size() > maxModelBytes {
		return "", "", fmt.Errorf("%s has %d bytes: at most %d", file, info.Size(), int64(maxModelBytes))
	}
	for _, name := range []string{tokenizerFile, configFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return "", "", fmt.Errorf("beside the ONNX model %s must lie: %w", name, err)
		}
	}
	return dir, file, nil
}

// labelNames reads the names of the model's outputs.
func labelNames(name string) ([]string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the model's configuration: %w", err)
	}
	var c struct {
		Labels map[string]string `json:"id2label"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	names := make([]string, len(c.Labels))
	for id, label := range c.Labels {
		i, err := strconv.Atoi(id)
		if err != nil || i < 0 || i >= len(names) || names[i] != "" {
			return nil, fmt.Errorf("%s: id2label must number the labels from 0 to %d", name, len(names)-1)
		}
		names[i] = label
	}
	return names, nil
}

// meaningsOf finds out what a model's labels mean: negative, neutral and positive by
// name, in any case; unnamed ones (LABEL_0 …) by the order that published
// sentiment models keep; one to five stars.
func meaningsOf(names []string) (m map[string]meaning, two bool, err error) {
	m = make(map[string]meaning, len(names))
	seen := [3]bool{}
	for i, name := range names {
		var v float32
		switch word := strings.ToLower(strings.TrimSpace(name)); {
		case slices.Contains([]string{"positive", "pos"}, word):
			v = 1
		case slices.Contains([]string{"negative", "neg"}, word):
			v = -1
		case slices.Contains([]string{"neutral", "neu"}, word):
			v = 0
		case len(names) == 5 && strings.HasSuffix(strings.TrimSuffix(word, "s"), " star"):
			stars, err := strconv.Atoi(word[:1])
			if err != nil || stars < 1 || stars > 5 {
				return nil, false, fmt.Errorf("the label %q is no number of stars from 1 to 5", name)
			}
			v = float32(stars-3) / 2
		case word == fmt.Sprintf("label_%d", i) && len(names) == 3:
			v = float32(i - 1)
		case word == fmt.Sprintf("label_%d", i) && len(names) == 2:
			v = float32(2*i - 1)
		default:
			return nil, false, fmt.Errorf("the labels %q cannot be read as a feeling: name them negative, neutral and positive in id2label", names)
		}
		label := sentiment.Neutral
		if v > 0 {
			label = sentiment.Positive
		} else if v < 0 {
			label = sentiment.Negative
		}
		seen[label] = true
		m[name] = meaning{label, v}
	}
	if len(m) != len(names) || !seen[sentiment.Positive] || !seen[sentiment.Negative] {
		return nil, false, fmt.Errorf("the labels %q need a positive and a negative one, each once", names)
	}
	return m, !seen[sentiment.Neutral], nil
}

// judge judges texts. A panic of the engine below is an error here: a
// model that somebody else made must not stop the server.
func (c *classifier) judge(texts []string) (out []verdict, err error) {
	defer func() {
		if p := recover(); p != nil {
			out, err = nil, fmt.Errorf("the ONNX model broke on a batch of %d: %v", len(texts), p)
		}
	}()
	result, err := c.pipeline.RunPipeline(texts)
	if err != nil {
		return nil, fmt.Errorf("running the ONNX model: %w", err)
	}
	if len(result.ClassificationOutputs) != len(texts) {
		return nil, fmt.Errorf("the ONNX model answered %d of %d texts", len(result.ClassificationOutputs), len(texts))
	}
	out = make([]verdict, len(texts))
	for i, outputs := range result.ClassificationOutputs {
		var chance [3]float32
		for _, o := range outputs {
			m, ok := c.meanings[o.Label]
			if !ok || !(o.Score >= 0 && o.Score <= 1.001) {
				return nil, fmt.Errorf("the ONNX model gave %q the chance %v", o.Label, o.Score)
			}
			chance[m.label] += o.Score
			out[i].value += m.value * o.Score
		}
		out[i].label, out[i].confidence = c.decide(chance, out[i].value)
		out[i].value = min(max(out[i].value, -1), 1)
	}
	return out, nil
}

// decide chooses the label and says how sure the model is of it.
func (c *classifier) decide(chance [3]float32, value float32) (sentiment.Label, float32) {
	if c.two && value > -neutralBelow && value < neutralBelow {
		return sentiment.Neutral, 1 - max(value, -value)
	}
	best := sentiment.Neutral
	for _, l := range []sentiment.Label{sentiment.Positive, sentiment.Negative} {
		if chance[l] > chance[best] {
			best = l
		}
	}
	return best, min(chance[best], 1)
}

func (c *classifier) close() error { return c.session.Destroy() }

// cut returns the part of a text that the model reads.
func cut(text string) string {
	if len(text) <= maxText {
		return text
	}
	n := maxText
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
