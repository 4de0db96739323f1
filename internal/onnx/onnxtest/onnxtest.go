// Package onnxtest makes a small ONNX text classifier for tests.
package onnxtest

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// words of the model, with what each adds to negative,
// neutral and positive.
var words = []struct {
	text string
	adds [3]float32
}{
	{"[PAD]", [3]float32{}},
	{"[UNK]", [3]float32{0, 0.1, 0}},
	{"[CLS]", [3]float32{0, 1, 0}},
	{"[SEP]", [3]float32{}},
	{"good", [3]float32{0, 0, 4}},
	{"bad", [3]float32{4, 0, 0}},
	{"table", [3]float32{0, 2, 0}},
}

// Write writes a classifier that adds up what its words say, in the form
// that export tools write, and returns its folder.
func Write(tb testing.TB, labels ...string) string {
	tb.Helper()
	dir := tb.TempDir()
	write := func(name string, data []byte) {
		tb.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	vocab := map[string]int{}
	for i, w := range words {
		vocab[w.text] = i
	}
	special := func(id int, content string) map[string]any {
		return map[string]any{"id": id, "content": content, "special": true, "normalized": false, "single_word": false, "lstrip": false, "rstrip": false}
	}
	one := func(kind, id string) map[string]any {
		return map[string]any{kind: map[string]any{"id": id, "type_id": 0}}
	}
	token := func(id int, name string) map[string]any {
		return map[string]any{"id": name, "ids": []int{id}, "tokens": []string{name}}
	}
	tokenizer, err := json.Marshal(map[string]any{
		"version": "1.0", "truncation": nil, "padding": nil,
		"added_tokens":  []any{special(0, "[PAD]"), special(1, "[UNK]"), special(2, "[CLS]"), special(3, "[SEP]")},
		"normalizer":    map[string]any{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil, "lowercase": true},
		"pre_tokenizer": map[string]any{"type": "BertPreTokenizer"},
		"post_processor": map[string]any{
			"type":           "TemplateProcessing",
			"single":         []any{one("SpecialToken", "[CLS]"), one("Sequence", "A"), one("SpecialToken", "[SEP]")},
			"pair":           []any{one("SpecialToken", "[CLS]"), one("Sequence", "A"), one("SpecialToken", "[SEP]"), one("Sequence", "B")},
			"special_tokens": map[string]any{"[CLS]": token(2, "[CLS]"), "[SEP]": token(3, "[SEP]")},
		},
		"decoder": map[string]any{"type": "WordPiece", "prefix": "##", "cleanup": true},
		"model":   map[string]any{"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab},
	})
	if err != nil {
		tb.Fatal(err)
	}
	write("tokenizer.json", tokenizer)
	ids := map[string]string{}
	for i, l := range labels {
		ids[string(rune('0'+i))] = l
	}
	config, err := json.Marshal(map[string]any{"id2label": ids, "max_position_embeddings": 512})
	if err != nil {
		tb.Fatal(err)
	}
	write("config.json", config)
	columns := []int{0, 1, 2}
	if len(labels) == 2 {
		columns = []int{0, 2}
	}
	write("model.onnx", onnxFile(columns))
	return dir
}

// onnxFile encodes the graph: rows of the words, hidden where the mask is 0,
// summed. The field numbers are those of onnx.proto.
func onnxFile(columns []int) []byte {
	message := func(b []byte, field protowire.Number, m []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), m)
	}
	number := func(b []byte, field protowire.Number, n uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), n)
	}
	text := func(b []byte, field protowire.Number, s string) []byte { return message(b, field, []byte(s)) }
	node := func(op string, in []string, out string, attributes ...[]byte) []byte {
		var n []byte
		for _, i := range in {
			n = text(n, 1, i)
		}
		n = text(n, 2, out)
		n = text(n, 3, out)
		n = text(n, 4, op)
		for _, a := range attributes {
			n = message(n, 5, a)
		}
		return n
	}
	attribute := func(name string, value uint64) []byte {
		return number(number(text(nil, 1, name), 3, value), 20, 2) // an INT
	}
	tensor := func(name string, kind uint64, data []byte, dims ...int) []byte {
		var t []byte
		for _, d := range dims {
			t = number(t, 1, uint64(d))
		}
		return message(text(number(t, 2, kind), 8, name), 9, data)
	}
	value := func(name string, kind uint64, dims ...any) []byte {
		var shape []byte
		for _, d := range dims {
			switch d := d.(type) {
			case int:
				shape = message(shape, 1, number(nil, 1, uint64(d)))
			case string:
				shape = message(shape, 1, text(nil, 2, d))
			}
		}
		return message(text(nil, 1, name), 2, message(nil, 1, message(number(nil, 1, kind), 2, shape)))
	}
	const float, int64s = 1, 7
	var rows []byte
	for _, w := range words {
		for _, c := range columns {
			rows = protowire.AppendFixed32(rows, math.Float32bits(w.adds[c]))
		}
	}
	axis := func(n uint64) []byte { return protowire.AppendFixed64(nil, n) }
	var graph []byte
	graph = message(graph, 1, node("Gather", []string{"rows", "input_ids"}, "read", attribute("axis", 0)))
	graph = message(graph, 1, node("Cast", []string{"attention_mask"}, "shown", attribute("to", float)))
	graph = message(graph, 1, node("Unsqueeze", []string{"shown", "middle"}, "wide"))
	graph = message(graph, 1, node("MatMul", []string{"wide", "read"}, "sum"))
	graph = message(graph, 1, node("Squeeze", []string{"sum", "middle"}, "logits"))
	graph = text(graph, 2, "words")
	graph = message(graph, 5, tensor("rows", float, rows, len(words), len(columns)))
	graph = message(graph, 5, tensor("middle", int64s, axis(1), 1))
	graph = message(graph, 11, value("input_ids", int64s, "batch", "length"))
	graph = message(graph, 11, value("attention_mask", int64s, "batch", "length"))
	graph = message(graph, 12, value("logits", float, "batch", len(columns)))
	model := number(nil, 1, 8) // IR version
	model = message(model, 7, graph)
	return message(model, 8, number(nil, 2, 13)) // opset
}
