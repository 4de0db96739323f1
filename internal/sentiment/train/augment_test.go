package train

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

var wellKnown = []string{
	"that was a great round", "a great map for this team", "this team was never great", "lol", "KEKW KEKW", "never play this map again",
	"we play a round of chess", "chess was great in the end", "the end of the round", "in the end this was never close",
}

func TestAugment(t *testing.T) {
	got := Augment(wellKnown, 200)
	if len(got) != 200 {
		t.Fatalf("%d texts, want 200", len(got))
	}
	if !slices.Equal(Augment(wellKnown, 50), got[:50]) {
		t.Error("the first 50 of 200 texts are not the 50 texts")
	}
	pairs := map[string]bool{}
	for _, text := range wellKnown {
		w := strings.Fields(text)
		for i := 1; i < len(w); i++ {
			pairs[w[i-1]+" "+w[i]] = true
		}
	}
	seen := map[string]bool{}
	for _, text := range got {
		if seen[text] || slices.Contains(wellKnown, text) {
			t.Errorf("%q is not new", text)
		}
		seen[text] = true
		w := strings.Fields(text)
		if len(w) == 0 || len(w) > maxAugmentedWords || len(text) > maxAugmentedBytes {
			t.Errorf("%q has %d words and %d bytes", text, len(w), len(text))
		}
		for i := 1; i < len(w); i++ {
			if !pairs[w[i-1]+" "+w[i]] {
				t.Errorf("%q: nobody wrote %q", text, w[i-1]+" "+w[i])
			}
		}
	}
}

func TestAugmentOfLittle(t *testing.T) {
	for name, texts := range map[string][]string{"nothing": nil, "empty": {"", "  "}, "too long": {strings.Repeat("a ", maxSourceWords+1)}, "one word": {"lol"}} {
		if got := Augment(texts, 100); len(got) != 0 {
			t.Errorf("%s: %q, want nothing: there is nothing new to make", name, got)
		}
	}
}

func TestAugmentedTextsLeaveOutHiddenChannels(t *testing.T) {
	dir := t.TempDir()
	writeGzip(t, dir, "labels.tsv.gz", "id\tchannel\tyear\tsplit\tscore\tflags\tsecond\ttext", "1\tx2\t2024\tdev\t1\t-\t\tours and secret twice")
	writeGzip(t, dir, "chat.tsv.gz", "channel\tyear\tuser\temotes\ttext",
		"x1\t2024\tu\t\tours and open", "x1\t2024\tu\t\topen and ours", "x2\t2024\tu\t\tsecret and hidden", "x1\t2024\tu\t\tours and secret twice")
	labels, err := Labels(dir, "dev")
	if err != nil {
		t.Fatal(err)
	}
	got, err := AugmentedTexts(dir, labels, nil, map[string]bool{"x2": true}, 1000)
	if err != nil || len(got) == 0 {
		t.Fatal(got, err)
	}
	for _, text := range got {
		if strings.Contains(text, "secret") || strings.Contains(text, "hidden") {
			t.Errorf("%q: of a hidden channel, or of a labelled message that must stay unseen", text)
		}
	}
}

// augmentedOf returns a file that judges texts all alike.
func augmentedOf(texts []string, positive, negative byte) []byte {
	d := augmentedDigest(texts)
	return slices.Concat([]byte(augmentedMagic), d[:], bytes.Repeat([]byte{positive, negative}, len(texts)))
}

func TestAugmentedFile(t *testing.T) {
	file := augmentedOf([]string{"one", "two"}, 204, 51)
	j, err := parseAugmented(file)
	if err != nil || len(j.judged) != 2 {
		t.Fatalf("%v, %v, want two judgements", j, err)
	}
	if p := chances(j.judged[1]); p[1] != 0.8 || p[2] != 0.2 || p[0] > 1e-6 {
		t.Errorf("chances %v, want 0, 0.8, 0.2", p)
	}
	if j.digest == augmentedDigest([]string{"two", "one"}) {
		t.Error("the order of texts does not matter to their digest")
	}
	for name, bad := range map[string][]byte{"empty": nil, "other magic": []byte(judgementsMagic + "01234567"), "no digest": []byte(augmentedMagic), "cut off": file[:len(file)-1]} {
		if _, err := parseAugmented(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if j, err := parseAugmented(augmentedFile); err != nil || len(j.judged) < 100_000 {
		t.Errorf("the file of the repository: %v", err)
	}
}

func TestTeachAugmented(t *testing.T) {
	dir := inventedData(t)
	labels, err := Labels(dir, "train", "dev")
	if err != nil {
		t.Fatal(err)
	}
	o := smallSettings()
	o.Splits = []string{"train", "dev"} // hides no channel
	texts, err := AugmentedTexts(dir, labels, nil, hiddenChannels(labels, o.Splits), 30)
	if err != nil || len(texts) != 30 {
		t.Fatalf("%d texts, %v", len(texts), err)
	}
	var said strings.Builder
	log := func(format string, args ...any) { fmt.Fprintf(&said, format+"\n", args...) }

	o.Augmented = augmentedOf(texts, 255, 0)
	lessons, err := Teach(dir, o, log)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(lessons.Texts[lessons.Written:], texts) {
		t.Fatalf("%d of %d lessons are written, then come not the 30 augmented ones", lessons.Written, len(lessons.Texts))
	}
	for i := lessons.Written; i < len(lessons.Texts); i++ {
		small := lessons.Small[i]
		if sum := small[0] + small[1] + small[2]; lessons.Larger[i] != [3]float32{0, 1, 0} || sum < 0.99 || sum > 1.01 || lessons.Label[i] != [3]float32{} {
			t.Errorf("%q: %v by the larger teacher, %v by the small ones, label %v", lessons.Texts[i], lessons.Larger[i], small, lessons.Label[i])
		}
	}

	texts[3] = "another text"
	o.Augmented = augmentedOf(texts, 255, 0)
	said.Reset()
	lessons, err = Teach(dir, o, log)
	if err != nil || lessons.Written != len(lessons.Texts) || !strings.Contains(said.String(), "learning without them") {
		t.Errorf("judgements of other texts: %d augmented lessons, %v, log %q", len(lessons.Texts)-lessons.Written, err, said.String())
	}

	o.Augmented = []byte("nonsense")
	if _, err := Teach(dir, o, log); err == nil {
		t.Error("a broken file of judgements is taken")
	}
}
