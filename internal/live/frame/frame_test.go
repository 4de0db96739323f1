package frame

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
	"chatmood/internal/source"
)

var update = flag.Bool("update", false, "write the golden file anew")

var (
	instant = time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)
	full    = chat.Message{
		ID: "3b5c0c4e-0000-4000-8000-000000000001", Time: instant, Login: "viewer_one", DisplayName: "Viewer_One", Color: "#1E90FF",
		Text:   "grüße \U0001F600 Kappa \"quoted\"\tKappa",
		Emotes: []chat.Emote{{ID: "25", Start: 13, End: 18}, {ID: "25", Start: 28, End: 33}},
		Badges: []chat.Badge{{Name: "subscriber", Version: "12"}, {Name: "vip", Version: "1"}},
		Reply:  chat.Reply{ParentID: "p1", ParentLogin: "other", ParentText: "a\nb"},
		Bits:   100, Action: true, First: true, Subscriber: true, Moderator: true, VIP: true, Broadcaster: true, Highlighted: true,
	}
	fullScore = sentiment.Score{Label: sentiment.Negative, Value: -0.12345, Confidence: 0.805, Flags: 1<<8 - 1}
)

// TestGolden keeps an example of every frame: the wire does not change unnoticed.
func TestGolden(t *testing.T) {
	var out bytes.Buffer
	add := func(b []byte) { out.Write(append(b, '\n')) }
	every := analysis.Outcome(1<<16 - 1)
	m := AppendMessage(nil, &full, &fullScore, every)
	plain := AppendMessage(nil, &chat.Message{ID: "2", Time: instant, Login: "a", Text: "hi"}, &sentiment.Score{}, analysis.Counted)
	batch := AppendBatch(nil, 12, 2, append(append(m, ','), plain...))
	add(batch)
	mood := 0.25
	bucket := analysis.Bucket{T: 1_767_323_045, Positive: 1, Neutral: 2, Negative: 3, Sum: -0.5}
	add(AppendStats(nil, 12, Stats{
		Counts: analysis.Counts{Total: 6, Positive: 1, Neutral: 2, Negative: 3}, Mood: analysis.Mood{Now: &mood}, Rate: analysis.Rate{Now: 12, PeakAt: instant},
		Distinct: 5, Exact: true, Active: 4, Buckets: []analysis.Bucket{bucket},
	}))
	add(AppendStats(nil, 0, Stats{}))
	add(AppendTop(nil, 12, Top{Terms: []analysis.Term{{Term: "kappa", Count: 2, Negative: 2, EmoteID: "25"}}}))
	add(AppendDelete(nil, 12, Deletion{IDs: []string{"1", "2"}}))
	add(AppendDelete(nil, 12, Deletion{Login: "troll"}))
	add(AppendDelete(nil, 12, Deletion{All: true}))
	add(AppendMoment(nil, 12, analysis.Moment{ID: "m1", Kind: "hype", From: instant, Peak: 120, Label: "hype"}))
	add(AppendMark(nil, 12, analysis.Mark{At: instant, Kind: "raid", Name: "Raider", Count: 50, Text: "Raider raids with 50"}))
	status := analysis.Status{State: source.Reconnecting, Code: "connection_lost", Reason: "The connection was lost", Since: instant}
	add(AppendStatus(nil, 12, status, nil))
	add(AppendStatus(nil, 12, analysis.Status{State: source.Live, Since: instant}, &analysis.Gap{From: instant, To: instant.Add(time.Second), Reason: "connection_lost"}))
	add(AppendStopped(nil, "somebody"))
	add(AppendGap(nil, 12, 20, Slow))
	hello := &Hello{Epoch: 5, Seq: 12, Snapshot: []byte(`{"id":"s"}`), Timeline: []byte(`{"step_seconds":1}`), Recent: append(append([]byte{'['}, m...), ']')}
	greeting := Greeting{Channel: "somebody", Epoch: 5, Seq: 12, Why: Expired, Now: instant}
	add(AppendHelloState(AppendHello(nil, greeting), hello))
	greeting.Resumed, greeting.Why = true, ""
	add(AppendHello(nil, greeting))
	add(AppendPong(nil, []byte("12.5"), instant))
	add(AppendPong(nil, nil, instant))
	add(AppendHeartbeat(nil, instant))
	add(AppendError(nil, "invalid_json", "A frame must be a JSON object"))
	list, err := BatchMessages(batch)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := EachPlain(nil, list, func(f []byte) { add(f) }); err != nil {
		t.Fatal(err)
	}
	unmirrored := AppendMessage(nil, &full, &fullScore, analysis.Counted)
	if _, err := EachPlain(nil, append(append([]byte{'['}, unmirrored...), ']'), func(f []byte) { add(f) }); err != nil {
		t.Fatal(err)
	}
	add(AppendPlainPong(nil, instant))
	add(AppendPlainHeartbeat(nil, instant))
	add(AppendPlainDisconnect(nil, "somebody", instant))
	add(AppendPlainGap(nil, 8, instant))

	for line := range bytes.Lines(out.Bytes()) {
		if !json.Valid(line) {
			t.Errorf("not JSON: %s", line)
		}
	}
	const file = "testdata/frames.golden"
	if *update {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); diff != "" {
		t.Errorf("frames changed (-want +got; -update writes them anew):\n%s", diff)
	}
}

func TestDecimal(t *testing.T) {
	for _, test := range []struct {
		v      float32
		digits int
		want   string
	}{
		{0, 3, "0"},
		{1, 3, "1"},
		{-1, 3, "-1"},
		{0.5, 3, "0.5"},
		{-0.0004, 3, "0"},
		{-0.0006, 3, "-0.001"},
		{0.12345, 3, "0.123"},
		{0.9996, 3, "1"},
		{0.805, 2, "0.81"},
		{0.05, 2, "0.05"},
		{float32(math.NaN()), 3, "0"},
		{float32(math.Inf(1)), 3, "0"},
		{3e38, 3, "0"},
	} {
		if got := string(appendDecimal(nil, test.v, test.digits)); got != test.want {
			t.Errorf("%v with %d digits is %s, want %s", test.v, test.digits, got, test.want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"", ""},
		{"abcd", "abcd"},
		{"abcde", "abcd..."},
		{"ÄÖÜß", "ÄÖÜß"},
		{"ÄÖÜß1", "ÄÖÜß..."},
		{`a\nb\n`, `a\nb\n`},
		{`a\nb\nc`, `a\nb\n...`},
		{`\u00e4\u00e4\u00e4\u00e4`, `\u00e4\u00e4\u00e4\u00e4`},
		{`abc\ud83d\ude00`, `abc\ud83d\ude00`},
		{`abcd\ud83d\ude00`, `abcd...`},
		{`abc\uD83D\uDE00x`, `abc\uD83D\uDE00...`},
		{`abc\ud83dx`, `abc\ud83d...`},
	} {
		if got := string(appendCut(nil, []byte(test.in), 4)); got != test.want {
			t.Errorf("%s is cut to %s, want %s", test.in, got, test.want)
		}
	}
}

// What is not in the form of AppendMessage is read all the same.
func TestPlainOfOtherForms(t *testing.T) {
	long := strings.Repeat("ä", 1001)
	for _, test := range []struct {
		in   string
		want []string // user and text
	}{
		{`[]`, nil},
		{` [ ]`, nil},
		{`null`, nil},
		{`[{}]`, []string{"", ""}},
		{`[{"u":"a","x":"b"}]`, []string{"a", "b"}},
		{`[{"u":"a","x":"b"}, {"x" : "c", "u":"d"}]`, []string{"a", "b", "d", "c"}},
		{`[{"u":"a","x":"b","new":{"deep":[[[[[[1]]]]]]}}]`, []string{"a", "b"}},
		{`[{"u":"a","x":"b","z":true}]`, []string{"a", "b"}},
		{`[{"u":"a","x":"b","k":1e-1}]`, []string{"a", "b"}},
		{`[{"u":"a","x":"1","x":"2"}]`, []string{"a", "2"}},
		{`[{"u":"a","x":"b","f":"Ur"},{"u":"c","x":"d","f":"U"}]`, []string{"c", "d"}},
		{`[{"u":"a","x":"b","f":"\u0072"}]`, nil},
		{"[{\"u\":\"a\",\"x\":\"\xff\"}]", []string{"a", "\uFFFD"}},
		{`[{"u":"a","x":"` + long + `"}]`, []string{"a", long[:2000] + "..."}},
	} {
		var got []string
		_, err := EachPlain(nil, []byte(test.in), func(f []byte) {
			var v struct {
				Data struct{ Username, Message string }
			}
			if err := json.Unmarshal(f, &v); err != nil {
				t.Errorf("%s: frame %s: %v", test.in, f, err)
			}
			got = append(got, v.Data.Username, v.Data.Message)
		})
		if err != nil || !cmp.Equal(got, test.want) {
			t.Errorf("%s: got %q, error %v, want %q", test.in, got, err, test.want)
		}
	}
	for _, in := range []string{"", "[", "{", `[{"u":"a"}`, `[{"u":"a"}}`, `[1]`, `[{"u":1}]`, `{"u":"a"}`, `[{"u":"a"},]`, "[{\"x\":\"\n\"}]"} {
		if _, err := EachPlain(nil, []byte(in), func([]byte) {}); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: error is %v", in, err)
		}
	}
	for in, want := range map[string]string{
		`{"type":"batch","seq":1,"n":0,"m":[]}`:            "[]",
		`{"m":[{}],"type":"batch"}`:                        "[{}]",
		`{"type":"batch","seq":1,"n":1,"m":[{}],"x":[{}]}`: "",
		`{"type":"batch"}`:                                 "[]",
	} {
		got, err := BatchMessages([]byte(in))
		if want != "" && (err != nil || string(got) != want) {
			t.Errorf("%s: got %s, error %v", in, got, err)
		}
		if _, err := EachPlain(nil, got, func([]byte) {}); want == "" && err == nil {
			t.Errorf("%s: taken for the array %s", in, got)
		}
	}
	if _, err := BatchMessages([]byte("{")); !errors.Is(err, ErrMalformed) {
		t.Errorf("error is %v", err)
	}
}

func TestHelloBody(t *testing.T) {
	body := AppendHelloBody(nil, HelloBody{
		Epoch: 5, Seq: 12, Snapshot: analysis.Snapshot{Channel: "somebody"}, Removed: 1,
		Recent: []json.RawMessage{[]byte(`{"id":"1"}`), []byte(`{"id":"2"}`)},
	})
	h, err := ParseHello(body)
	if err != nil {
		t.Fatal(err)
	}
	if h.Epoch != 5 || h.Seq != 12 || h.RecentFrom != 9 || string(h.Recent) != `[{"id":"1"},{"id":"2"}]` || !strings.Contains(string(h.Snapshot), `"somebody"`) {
		t.Errorf("hello is %+v", h)
	}
	for i := range body {
		if _, err := ParseHello(body[:i]); err == nil {
			t.Errorf("cut after %d bytes it is still read", i)
		}
	}
	if _, err := ParseHello(append([]byte{9}, body[1:]...)); !errors.Is(err, ErrVersion) {
		t.Errorf("other version: %v", err)
	}
}

// FuzzMessage checks that whatever a message holds becomes one line of valid
// JSON that says the same, with emotes at the places where JavaScript finds them.
func FuzzMessage(f *testing.F) {
	f.Add("id", "login", "Name", "text", 0, 4, float32(0.5), uint16(1), uint16(1))
	f.Add("", "", "", "a\u2028b\u2029\x00\x1f\x7f\"\\/<>&\r\n\t", 1, 4, float32(-1), uint16(0xFF), uint16(0xFFFF))
	f.Add("\xff", "\xc0\xaf", "\xed\xa0\x80", "grüße \U0001F600\xff\U0001F600x", 6, 15, float32(math.Inf(1)), uint16(0), uint16(2))
	f.Fuzz(func(t *testing.T, id, login, name, text string, start, end int, value float32, flags, outcome uint16) {
		m := chat.Message{
			ID: id, Login: login, DisplayName: name, Text: text, Time: time.UnixMilli(int64(start)), Color: name, Bits: end,
			Emotes: []chat.Emote{{ID: id, Start: start, End: end}, {ID: name, Start: end, End: len(text)}, {ID: login, Start: 0, End: start}},
			Badges: []chat.Badge{{Name: name, Version: id}},
			Reply:  chat.Reply{ParentID: id, ParentLogin: login, ParentText: text},
		}
		score := sentiment.Score{Value: value, Confidence: -value, Flags: sentiment.Flags(flags), Label: sentiment.Label(flags % 3)}
		line := AppendMessage(nil, &m, &score, analysis.Outcome(outcome))
		if !utf8.Valid(line) || bytes.ContainsAny(line, "\r\n\u2028\u2029") {
			t.Fatalf("not one line of UTF-8: %q", line)
		}
		var got struct {
			ID, U, N, C, X, L, F string
			T                    int64
			S, K                 float64
			E                    [][3]any
			B                    []string
			R                    struct{ ID, U, X string }
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		clean := func(s string) string { return string([]rune(s)) } // invalid bytes become U+FFFD
		if got.ID != clean(id) || got.U != clean(login) || got.X != clean(text) || got.T != int64(start) {
			t.Errorf("message %+v became %s", m, line)
		}
		units := utf16.Encode([]rune(text))
		for _, e := range got.E {
			a, b := int(e[1].(float64)), int(e[2].(float64))
			if a < 0 || b < a || b > len(units) {
				t.Fatalf("emote %v in a text of %d units", e, len(units))
			}
		}
		if len(got.E) == 1 && utf8.ValidString(text) && start >= 0 && end <= len(text) && start < end && utf8.ValidString(text[start:end]) {
			// The last emote is the only other one that is possible then.
			if s := string(utf16.Decode(units[int(got.E[0][1].(float64)):int(got.E[0][2].(float64))])); s != text[start:end] && s != text[:start] && s != text[end:] {
				t.Errorf("emote covers %q, not %q", s, text[start:end])
			}
		}
		// The plain dialect takes the quick way and says the same as the slow one.
		list := append(append([]byte{'['}, line...), ']')
		var quick, slow []string
		if _, err := EachPlain(nil, list, func(f []byte) { quick = append(quick, string(f)) }); err != nil {
			t.Fatalf("%s: %v", list, err)
		}
		if _, err := eachPlainSlow(nil, list, 0, func(f []byte) { slow = append(slow, string(f)) }); err != nil {
			t.Fatalf("%s: %v", list, err)
		}
		if !cmp.Equal(decode(t, quick), decode(t, slow)) {
			t.Errorf("quick %s, slow %s", quick, slow)
		}
	})
}

func decode(t *testing.T, frames []string) []any {
	t.Helper()
	list := make([]any, len(frames))
	for i, f := range frames {
		if err := json.Unmarshal([]byte(f), &list[i]); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
	}
	return list
}

// FuzzPlain checks that whatever comes from the bus becomes valid JSON or an
// error, and the same by the quick way as by the slow one.
func FuzzPlain(f *testing.F) {
	f.Add([]byte(`{"type":"batch","seq":2,"n":1,"m":[{"id":"a","t":1,"u":"b","x":"c\u00e4\ud83d\ude00","l":"p","s":0.5,"k":0.5,"e":[["25",0,1]],"f":"r"}]}`))
	f.Add([]byte(`{"type":"batch","seq":2,"n":1,"m":[{"u":"b","k":-0,"t":-1,"b":["a/1"],"r":{"id":"x"},"$":5},{"x":"\u2028"}]}`))
	f.Add([]byte(`{"type":"batch","m":[{"x":"a","x":"b"}, {"z":null}]}`))
	f.Add([]byte(`{"type":"batch","m":[{"k":01}]}`))
	f.Fuzz(func(t *testing.T, batch []byte) {
		list, err := BatchMessages(batch)
		if err != nil {
			return
		}
		var quick []string
		_, err = EachPlain(nil, list, func(f []byte) {
			if !json.Valid(f) || !utf8.Valid(f) {
				t.Fatalf("%q became %q", batch, f)
			}
			quick = append(quick, string(f))
		})
		var slow []string
		_, slowErr := eachPlainSlow(nil, list, 0, func(f []byte) { slow = append(slow, string(f)) })
		if err != nil {
			return // the frames before the fault were made; the rest is lost with either
		}
		if slowErr != nil {
			t.Fatalf("%q: only the quick way reads it; the slow one says: %v", batch, slowErr)
		}
		if !cmp.Equal(decode(t, quick), decode(t, slow)) {
			t.Errorf("%q: quick %s, slow %s", batch, quick, slow)
		}
	})
}

// FuzzEnvelope checks that no bytes from the bus do harm, and that what is
// read is what was written.
func FuzzEnvelope(f *testing.F) {
	f.Add(AppendEnvelope(nil, Envelope{Kind: Stream, Epoch: 5, Seq: 12, N: 2, Payload: []byte("{}")}))
	f.Add(AppendEnvelope(nil, Envelope{Kind: End, Epoch: MaxSafe, Seq: MaxSafe}))
	f.Add([]byte{1, 1, 0xff, 0xff, 0xff})
	f.Add(AppendHelloBody(nil, HelloBody{Epoch: 1, Seq: 2, Recent: []json.RawMessage{[]byte(`{}`)}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if e, err := ParseEnvelope(data); err == nil {
			again, err := ParseEnvelope(AppendEnvelope(nil, e))
			if err != nil || !cmp.Equal(e, again) {
				t.Errorf("%+v became %+v, error %v", e, again, err)
			}
		}
		if h, err := ParseHello(data); err == nil {
			again, err := ParseHello(appendHello(nil, h))
			if err != nil || !cmp.Equal(h, again) {
				t.Errorf("%+v became %+v, error %v", h, again, err)
			}
			if hello := AppendHelloState(AppendHello(nil, Greeting{Epoch: h.Epoch}), h); !json.Valid(hello) {
				t.Errorf("hello is %s", hello)
			}
		}
	})
}

func BenchmarkAppendMessage(b *testing.B) {
	m := full
	m.Text = "that was the best play of the whole evening, did you see it Kappa"
	m.Emotes = []chat.Emote{{ID: "25", Start: 60, End: 65}}
	m.Reply = chat.Reply{}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendMessage(dst[:0], &m, &fullScore, analysis.Counted)
	}
	b.SetBytes(int64(len(dst)))
}

func BenchmarkEachPlain(b *testing.B) {
	var messages []byte
	for range 50 {
		messages = append(AppendMessage(messages, &full, &fullScore, analysis.Counted), ',')
	}
	list, err := BatchMessages(AppendBatch(nil, 50, 50, messages[:len(messages)-1]))
	if err != nil {
		b.Fatal(err)
	}
	var scratch []byte
	n := 0
	b.SetBytes(int64(len(list)))
	b.ReportAllocs()
	for b.Loop() {
		if scratch, err = EachPlain(scratch, list, func([]byte) { n++ }); err != nil {
			b.Fatal(err)
		}
	}
}
