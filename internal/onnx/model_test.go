package onnx

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chatmood/internal/onnx/onnxtest"
	"chatmood/internal/sentiment"
)

// TestModelJudges reads words as the graph that it is made of says.
func TestModelJudges(t *testing.T) {
	m, err := open(onnxtest.Write(t, "negative", "neutral", "positive"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.close(); err != nil {
			t.Error(err)
		}
	}()
	texts := []string{"good", "bad", "table", "good bad table good good", "BAD!", "", strings.Repeat("bad ", 120), "😀 \x00"}
	got, err := m.judge(texts)
	if err != nil {
		t.Fatal(err)
	}
	want := []sentiment.Label{sentiment.Positive, sentiment.Negative, sentiment.Neutral, sentiment.Positive, sentiment.Negative, sentiment.Neutral, sentiment.Negative, sentiment.Neutral}
	for i, v := range got {
		if v.label != want[i] {
			t.Errorf("%q is %v (%.2f), want %v", texts[i], v.label, v.value, want[i])
		}
		if v.value < -1 || v.value > 1 || v.confidence <= 0 || v.confidence > 1 {
			t.Errorf("%q: value %v, confidence %v", texts[i], v.value, v.confidence)
		}
	}
	// e^4 / (e^4 + e^1 + 1): the word against the beginning's neutral.
	if want := float32(0.936); math.Abs(float64(got[0].confidence-want)) > 0.001 {
		t.Errorf("good has confidence %v, want %v", got[0].confidence, want)
	}
}

// TestModelOfTwoLabels: neutral is being undecided.
func TestModelOfTwoLabels(t *testing.T) {
	m, err := open(filepath.Join(onnxtest.Write(t, "NEGATIVE", "POSITIVE"), "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.close(); err != nil {
			t.Error(err)
		}
	}()
	got, err := m.judge([]string{"good", "bad", "good bad"})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []sentiment.Label{sentiment.Positive, sentiment.Negative, sentiment.Neutral} {
		if got[i].label != want {
			t.Errorf("%d: %v, want %v", i, got[i].label, want)
		}
	}
}

func TestMeaningsOfLabels(t *testing.T) {
	for _, c := range []struct {
		labels string
		values []float32 // nil: refused
		two    bool
	}{
		{"negative,neutral,positive", []float32{-1, 0, 1}, false},
		{"POS,NEG,NEU", []float32{1, -1, 0}, false},
		{"LABEL_0,LABEL_1,LABEL_2", []float32{-1, 0, 1}, false},
		{"LABEL_0,LABEL_1", []float32{-1, 1}, true},
		{"1 star,2 stars,3 stars,4 stars,5 stars", []float32{-1, -0.5, 0, 0.5, 1}, false},
		{"joy,anger,fear", nil, false},
		{"neutral,positive", nil, false},
		{"positive,positive,negative", nil, false},
		{"", nil, false},
	} {
		names := strings.Split(c.labels, ",")
		m, two, err := meaningsOf(names)
		if (err == nil) != (c.values != nil) || two != c.two {
			t.Errorf("%q: two %v, error %v", c.labels, two, err)
			continue
		}
		for i, v := range c.values {
			if m[names[i]].value != v {
				t.Errorf("%q: %v, want %v", names[i], m[names[i]].value, v)
			}
		}
	}
}

// TestOpenRefuses says in words what is missing.
func TestOpenRefuses(t *testing.T) {
	change := func(name string, data string) func(dir string) string {
		return func(dir string) string {
			file := filepath.Join(dir, name)
			if data == "" {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			} else if err := os.WriteFile(file, []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
			return dir
		}
	}
	for name, c := range map[string]struct {
		change func(dir string) string
		want   string
	}{
		"no folder":         {func(dir string) string { return filepath.Join(dir, "absent") }, "no such file"},
		"no model":          {change("model.onnx", ""), "no .onnx file"},
		"two models":        {change("other.onnx", "x"), "2 .onnx files"},
		"no tokenizer":      {change("tokenizer.json", ""), "tokenizer.json"},
		"no configuration":  {change("config.json", ""), "config.json"},
		"no labels":         {change("config.json", `{}`), "positive and a negative"},
		"strange labels":    {change("config.json", `{"id2label":{"0":"joy","1":"anger","2":"fear"}}`), "id2label"},
		"broken numbers":    {change("config.json", `{"id2label":{"0":"positive","7":"negative"}}`), "number the labels"},
		"too few labels":    {change("config.json", `{"id2label":{"0":"positive","1":"negative"}}`), "does not match"},
		"broken JSON":       {change("config.json", `{`), "config.json"},
		"broken tokenizer":  {change("tokenizer.json", `{"model":`), ""},
		"broken model":      {change("model.onnx", "no model"), ""},
		"model of no graph": {change("model.onnx", "\x08\x08"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			path := c.change(onnxtest.Write(t, "negative", "neutral", "positive"))
			e, err := Open(path, Options{Fast: sentiment.New(), Workers: 1})
			if err == nil {
				_ = e.Close()
				t.Fatal("it opened")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want something about %q", err, c.want)
			}
		})
	}
}
