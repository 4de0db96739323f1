package sentiment

import (
	"strings"
	"testing"
)

// TestLexiconFile keeps the file as its documentation says: sorted, without
// doubles, with numbers in their ranges.
func TestLexiconFile(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(lexiconTSV, "\n"), "\n")
	if want := "token\tmatch\tclass\tvalence\tarousal\tflags\tsource"; lines[0] != want {
		t.Fatalf("header %q, want %q", lines[0], want)
	}
	rows, err := parseLexicon(lexiconTSV)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 5000 {
		t.Errorf("%d entries, want several thousand", len(rows))
	}
	seen := map[string]bool{}
	for i, r := range rows {
		line := i + 2
		if r.token == "" || r.token != strings.TrimSpace(r.token) {
			t.Errorf("line %d: token %q has spaces around it or is empty", line, r.token)
		}
		if r.entry.valence < -1 || r.entry.valence > 1 {
			t.Errorf("line %d: valence %v is outside −1…1", line, r.entry.valence)
		}
		if r.entry.arousal < 0 || r.entry.arousal > 1 {
			t.Errorf("line %d: arousal %v is outside 0…1", line, r.entry.arousal)
		}
		key := r.match + "\t" + r.token
		if seen[key] {
			t.Errorf("line %d: %q is there twice", line, r.token)
		}
		seen[key] = true
		if i > 0 && (r.match < rows[i-1].match || r.match == rows[i-1].match && r.token < rows[i-1].token) {
			t.Errorf("line %d: %q stands after %q", line, r.token, rows[i-1].token)
		}
		switch r.match {
		case "exact", "suffix":
		case "word":
			if strings.Contains(r.token, " ") || r.token != strings.ToLower(r.token) {
				t.Errorf("line %d: word %q must be one word in lower case", line, r.token)
			}
		case "phrase":
			if !strings.Contains(r.token, " ") || r.token != strings.ToLower(r.token) {
				t.Errorf("line %d: phrase %q must be several words in lower case", line, r.token)
			}
		default:
			t.Errorf("line %d: unknown match %q", line, r.match)
		}
		if !strings.HasPrefix(strings.SplitN(lines[i+1], "\t", 7)[6], "rated ") && !strings.HasPrefix(strings.SplitN(lines[i+1], "\t", 7)[6], "table ") {
			t.Errorf("line %d: no source", line)
		}
	}
}

func TestParseLexiconFaults(t *testing.T) {
	const header = "token\tmatch\tclass\tvalence\tarousal\tflags\tsource\n"
	for name, line := range map[string]string{
		"too few columns": "x\tword\tword\t0.1\n",
		"bad class":       "x\tword\tverb\t0.1\t0.1\t-\trated\n",
		"bad valence":     "x\tword\tword\tgood\t0.1\t-\trated\n",
		"bad arousal":     "x\tword\tword\t0.1\tmuch\t-\trated\n",
		"bad flag":        "x\tword\tword\t0.1\t0.1\tnice\trated\n",
	} {
		_, err := parseLexicon(header + line)
		if err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%s: error %v, want one that names line 2", name, err)
		}
	}
}

// TestEveryEntryIsFound reads each row of the lexicon as a message of its own:
// the engine must know it, or a longer row that it is part of.
func TestEveryEntryIsFound(t *testing.T) {
	rows, err := parseLexicon(lexiconTSV)
	if err != nil {
		t.Fatal(err)
	}
	e := New()
	lost := 0
	for _, r := range rows {
		if r.match == "suffix" {
			continue
		}
		var s scratch
		s.tokenize(e.lex, r.token, nil)
		if s.n == 0 || s.tokens[0].entry < 0 {
			lost++
			t.Errorf("%s %q is not found", r.match, r.token)
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d entries are never found", lost, len(rows))
	}
}

func TestTokens(t *testing.T) {
	x := New().lex
	for _, c := range []struct {
		text string
		want string // token texts joined by |
		kind []kind
	}{
		{"hi there", "hi|there", []kind{kindWord, kindWord}},
		{"  hi  ", "hi", []kind{kindWord}},
		{"Pog, nice", "Pog|,|nice", []kind{kindEmote, kindPunct, kindWord}},
		{"KEKW KEKW KEKW", "KEKW", []kind{kindEmote}},
		{"what?!", "what|?|!", []kind{kindWord, kindPunct, kindPunct}},
		{"@someone yes", "@someone|yes", []kind{kindMention, kindWord}},
		{"!play 50", "!play|50", []kind{kindCommand, kindNumber}},
		{"!foo bar", "!foo|bar", []kind{kindCommand, kindWord}},
		{"https://example.org/a?b=c ok", "https://example.org/a?b=c|ok", []kind{kindLink, kindWord}},
		{"<url>", "<url>", []kind{kindLink}},
		{"don't", "don't", []kind{kindWord}},
		{"don’t", "don’t", []kind{kindWord}},
		{"❤️😂", "❤️|😂", []kind{kindEmoji, kindEmoji}},
		{"nice❤️", "nice|❤️", []kind{kindWord, kindEmoji}},
		{"👍🏽", "👍🏽", []kind{kindEmoji}},
		{"🏳️‍🌈", "🏳️‍🌈", []kind{kindEmoji}},
		{":) ok :D", ":)|ok|:D", []kind{kindEmote, kindWord, kindEmote}},
		{"moon2SAD", "moon2SAD", []kind{kindEmote}},
		{"привет", "привет", []kind{kindForeign}},
		{"***", "***", []kind{kindPunct}},
		{"\xff\xfehi", "hi", []kind{kindWord}},
	} {
		var s scratch
		s.tokenize(x, c.text, nil)
		var got []string
		for i := range s.n {
			tok := &s.tokens[i]
			got = append(got, c.text[tok.start:tok.end])
			if i < len(c.kind) && tok.kind != c.kind[i] {
				t.Errorf("%q token %d: kind %d, want %d", c.text, i, tok.kind, c.kind[i])
			}
		}
		if g := strings.Join(got, "|"); g != c.want {
			t.Errorf("%q: tokens %s, want %s", c.text, g, c.want)
		}
	}
}

func TestSqueezeAndLaughter(t *testing.T) {
	x := New().lex
	key := func(text string) uint64 {
		var s scratch
		s.tokenize(x, text, nil)
		return s.tokens[0].key
	}
	for _, pair := range [][2]string{{"loooool", "lool"}, {"soooo", "so"}, {"goooooood", "good"}, {"yesssss", "yessssssss"}, {"hahahahaha", "jajajajaja"}, {"xdddddddd", "xddddddddddd"}, {"NOOOOOOOOO", "NOOOOOOOOOOOO"}} {
		if key(pair[0]) != key(pair[1]) {
			t.Errorf("%q and %q have different keys", pair[0], pair[1])
		}
	}
	for _, pair := range [][2]string{{"god", "good"}, {"Pog", "pog"}, {"ha", "he"}} {
		if key(pair[0]) == key(pair[1]) {
			t.Errorf("%q and %q have the same key", pair[0], pair[1])
		}
	}
}
