package logfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

// repeater gives head once, then body over and over until size bytes were given.
type repeater struct {
	head, body []byte
	size, at   int64
	rest       []byte
}

func (r *repeater) Read(p []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	if len(r.rest) == 0 {
		r.rest = r.body
		if r.at == 0 {
			r.rest = append(bytes.Clone(r.head), r.body...)
		}
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	r.at += int64(n)
	return n, nil
}

// TestBoundedMemory reads streams much larger than what may stay in memory.
func TestBoundedMemory(t *testing.T) {
	const allowed = 16 << 20 // bytes on the heap beyond what was there before
	tests := []struct {
		name   string
		size   int64
		format Format
		src    repeater
	}{
		{"text", 200 << 20, FormatJustlogText, repeater{body: []byte("[2026-01-31 20:00:12] #streamer_demo viewer_one: " + strings.Repeat("hello Kappa ", 30) + "\n")}},
		{"document", 40 << 20, FormatTwitchDownloader, repeater{head: []byte(`{"video":{"created_at":"2026-01-31T20:00:00Z"},"comments":[`), body: []byte(`{"content_offset_seconds":1,"commenter":{"name":"a"},"message":{"body":"` + strings.Repeat("hello ", 300) + `"}},`)}},
		{"one endless line", 64 << 20, FormatJustlogText, repeater{head: []byte("[2026-01-31 20:00:12] #c_demo a: "), body: bytes.Repeat([]byte("x"), 1<<16)}},
		{"one endless element", 64 << 20, FormatTwitchDownloader, repeater{head: []byte(`{"comments":[{"content_offset_seconds":1,"commenter":{"name":"a"},"message":{"body":"x"}},{"message":{"body":"`), body: bytes.Repeat([]byte("x"), 1<<16)}},
		{"endless embedded data", 64 << 20, FormatTwitchDownloader, repeater{head: []byte(`{"comments":[{"content_offset_seconds":1,"commenter":{"name":"a"},"message":{"body":"x"}}],"embeddedData":"`), body: bytes.Repeat([]byte("x"), 1<<16)}},
		{"rubbish", 64 << 20, FormatJustlogText, repeater{head: []byte("[2026-01-31 20:00:12] #c_demo a: x\n"), body: []byte("rubbish rubbish rubbish rubbish rubbish rubbish\n")}},
		{"open quote", 16 << 20, FormatCSV, repeater{head: []byte("time,user,text\n2026-01-31T20:00:12Z,a,\"x\n"), body: []byte("2026-01-31T20:00:12Z,a,x\n")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, now runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			tt.src.size = tt.size / shrink
			r, err := NewReader(&tt.src, "x", Options{Format: tt.format})
			if err != nil {
				t.Fatal(err)
			}
			var ev chat.Event
			n, most := 0, uint64(0)
			for ; err == nil; err = r.Next(&ev) {
				if n++; n%50000 == 1 {
					runtime.ReadMemStats(&now)
					most = max(most, now.HeapInuse)
				}
			}
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapInuse)
			if grown := int64(most) - int64(before.HeapInuse); grown > allowed {
				t.Errorf("the heap grew by %d MiB", grown>>20)
			}
		})
	}
}

// TestBombs reads small files that unpack to large ones: what they take of
// memory does not grow with that.
func TestBombs(t *testing.T) {
	const allowed = 24 << 20 // bytes, of all that is ever taken
	line := []byte("[2026-01-31 20:00:12] #c_demo a: x\n")
	large := slices.Concat(line, make([]byte, 100<<20/shrink))
	packed := gzipped(t, large)
	for name, test := range map[string]struct {
		data     []byte
		events   int
		problems int
	}{
		"gzip":          {packed, 1, 1},
		"zstd":          {zstded(t, large), 1, 1},
		"gzip in gzip":  {gzipped(t, gzipped(t, packed)), 0, -1},
		"gzip in zstd":  {zstded(t, packed), 0, -1},
		"gzip and gzip": {append(bytes.Clone(packed), packed...), 1, -1},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, err := NewReader(bytes.NewReader(test.data), "x", Options{Format: FormatJustlogText})
			if err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, r); len(got) != test.events {
				t.Errorf("%d events, want %d", len(got), test.events)
			}
			if _, n := r.Problems(); n != test.problems && test.problems >= 0 {
				t.Errorf("%d problems, want %d", n, test.problems)
			}
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; took > allowed {
				t.Errorf("%d bytes in took %d MiB of memory", len(test.data), took>>20)
			}
			// Without being told its format, what is packed twice is refused.
			if test.events == 0 {
				if _, err := NewReader(bytes.NewReader(test.data), "x", Options{}); !errors.Is(err, ErrFormat) {
					t.Errorf("it is taken: %v", err)
				}
			}
		})
	}
}

// TestZstdWindow: how much memory unpacking takes is the file's own wish, up to
// a bound.
func TestZstdWindow(t *testing.T) {
	// A frame that asks for a window of 2^40 bytes (RFC 8878, 3.1.1.1).
	huge := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 30 << 3, 0x01, 0x00, 0x00}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := NewReader(bytes.NewReader(huge), "x", Options{Format: FormatJustlogText})
	if err == nil {
		if got := readAll(t, r); len(got) != 0 {
			t.Errorf("it holds %v", got)
		}
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 24<<20 {
		t.Errorf("it took %d MiB of memory", took>>20)
	}
}

// TestMaxBytes reads logs up to a bound, whatever they are packed with.
func TestMaxBytes(t *testing.T) {
	line := "[2026-01-31 20:00:12] #c_demo a: x\n"
	log := []byte(strings.Repeat(line, 10_000))
	bomb := append([]byte(line), make([]byte, 100<<20/shrink)...)
	for name, data := range map[string][]byte{
		"plain": log, "gzip": gzipped(t, log), "zstd": zstded(t, log), "gzip bomb": gzipped(t, bomb), "zstd bomb": zstded(t, bomb),
	} {
		size := int64(len(log))
		whole := !strings.Contains(name, "bomb")
		for most, want := range map[int64]error{size: io.EOF, size - 1: ErrTooLarge, size / 2: ErrTooLarge} {
			if !whole {
				want = ErrTooLarge
			}
			r, err := NewReader(bytes.NewReader(data), "x", Options{Format: FormatJustlogText, MaxBytes: most})
			if err != nil {
				t.Fatal(err)
			}
			var ev chat.Event
			n := 0
			for err = r.Next(&ev); err == nil; err = r.Next(&ev) {
				n++
			}
			if !errors.Is(err, want) {
				t.Errorf("%s, at most %d of %d bytes: %v, want %v", name, most, size, err, want)
			}
			if whole && (n > 10_000 || n < int(most/int64(len(line)))-1) {
				t.Errorf("%s, at most %d of %d bytes: %d events", name, most, size, n)
			}
		}
	}
}

// TestZstdReadError tells an error of reading from damaged data: of a file that
// could not be read whole nothing may count.
func TestZstdReadError(t *testing.T) {
	packed := zstded(t, []byte(strings.Repeat("[2026-01-31 20:00:12] #c_demo a: x\n", 10_000)))
	boom := errors.New("boom")
	r, err := NewReader(io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), errReader{boom}), "x", Options{Format: FormatJustlogText})
	var ev chat.Event
	for err == nil {
		err = r.Next(&ev)
	}
	if !errors.Is(err, boom) {
		t.Errorf("the error is %v", err)
	}
}

// TestRecordRoundTrip writes events of every kind and reads them back.
func TestRecordRoundTrip(t *testing.T) {
	words := []string{"hello", "Kappa", "🎉", "ビューア", "a\"b", "<&>", "\\", "\t", "e\u0301", "x\u2028y"}
	text := func(rnd *rand.Rand) string {
		var s []string
		for range rnd.IntN(8) {
			s = append(s, words[rnd.IntN(len(words))])
		}
		return cleanText(strings.Join(s, " "))
	}
	property := func(seed uint64) bool {
		rnd := rand.New(rand.NewPCG(seed, 1))
		at := time.UnixMilli(rnd.Int64N(4e12)).UTC()
		yes := func() bool { return rnd.IntN(2) == 0 }
		var events []chat.Event
		for i := range 20 {
			ev := chat.Event{Kind: chat.Kind(rnd.IntN(5) + 1), Channel: "streamer_demo", Time: at.Add(time.Duration(i) * time.Millisecond)}
			m := &ev.Message
			switch ev.Kind {
			case chat.KindNotice:
				ev.Notice = chat.Notice{Type: "resub", ID: "n", Login: "viewer_one", Name: "ビ", Text: text(rnd), Count: rnd.IntN(9), GiftID: "g", Mirrored: yes()}
				m.Text = text(rnd)
			case chat.KindMessage:
				m.Text = text(rnd)
				m.Login = "viewer_one"
				m.ID = fmt.Sprint("id", i)
			default:
				ev.TargetID, ev.TargetLogin, ev.TargetUserID, ev.Duration = "t", "viewer_two", "2", time.Duration(rnd.IntN(1209600))*time.Second
			}
			if ev.Kind == chat.KindMessage || m.Text != "" {
				m.ID, m.Channel, m.Time, m.Login = fmt.Sprint("id", i), ev.Channel, ev.Time, "viewer_one"
				m.DisplayName, m.UserID, m.Color, m.Bits = "Viewer_One", "1", "#1E90FF", rnd.IntN(3)
				m.Action, m.First, m.Returning, m.Highlighted = yes(), yes(), yes(), yes()
				m.Subscriber, m.Moderator, m.VIP, m.Broadcaster = yes(), yes(), yes(), yes()
				m.RoomID, m.SourceRoomID, m.SourceID = "1", "2", "s"
				m.Badges = append(m.Badges, chat.Badge{Name: "predictions", Version: "Day 53/53"})
				if yes() {
					m.Reply = chat.Reply{ParentID: "p", ParentLogin: "viewer_two", ParentText: text(rnd)}
				}
				for from := 0; ; {
					i := strings.Index(m.Text[from:], "Kappa")
					if i < 0 {
						break
					}
					m.Emotes = append(m.Emotes, chat.Emote{ID: "25", Name: "Kappa", Start: from + i, End: from + i + 5})
					from += i + 5
				}
			}
			events = append(events, ev)
		}
		var out bytes.Buffer
		w := NewWriter(&out)
		for i := range events {
			if err := w.Write(&events[i], &sentiment.Score{Label: sentiment.Positive, Value: 0.25, Flags: sentiment.FlagHype}); err != nil {
				t.Fatal(err)
			}
		}
		r, err := NewReader(bytes.NewReader(out.Bytes()), "x", Options{})
		if err != nil {
			t.Fatalf("%v\n%s", err, out.Bytes())
		}
		if r.Format() != FormatRecords {
			t.Fatalf("format %s", r.Format())
		}
		for i := range events {
			var got chat.Event
			if err := r.Next(&got); err != nil {
				t.Fatalf("event %d: %v\n%s", i, err, out.Bytes())
			}
			// A badge tells a rôle of its own; the record's fields count.
			if diff := cmp.Diff(events[i], got); diff != "" {
				t.Errorf("event %d (-written +read):\n%s", i, diff)
				return false
			}
		}
		return true
	}
	if err := quick.Check(property, &quick.Config{MaxCount: 50, Rand: nil}); err != nil {
		t.Error(err)
	}
}

func TestRecordJudgement(t *testing.T) {
	var out bytes.Buffer
	ev := chat.Event{Kind: chat.KindMessage, Channel: "c", Time: time.Unix(0, 0), Message: chat.Message{Login: "a", Text: "hm 🎉 Kappa", Emotes: []chat.Emote{{ID: "25", Name: "Kappa", Start: 8, End: 13}, {ID: "9", Start: 3, End: 99}}}}
	if err := NewWriter(&out).Write(&ev, &sentiment.Score{Label: sentiment.Negative, Value: -0.12349, Confidence: 0.5, Flags: sentiment.FlagSarcasm | sentiment.FlagUnsure}); err != nil {
		t.Fatal(err)
	}
	want := `{"time":"1970-01-01T00:00:00Z","channel":"c","login":"a","text":"hm 🎉 Kappa","emotes":[{"id":"25","name":"Kappa","start":5,"end":10}],"label":"negative","score":-0.123,"confidence":0.5,"flags":["unsure","sarcasm"]}` + "\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestClock(t *testing.T) {
	day := func(lines ...string) []string {
		r, err := NewReader(strings.NewReader(strings.Join(lines, "\n")), "Channels/streamer_demo/streamer_demo-2026-10-24.log", Options{Location: time.FixedZone("CEST", 2*3600)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		var ev chat.Event
		for r.Next(&ev) == nil {
			got = append(got, ev.Time.Format("02 15:04:05.999"))
		}
		return got
	}
	tests := []struct {
		name  string
		lines []string
		want  []string
	}{
		{"midnight twice", []string{"[23:59:59] a: x", "[00:00:00] a: x", "[12:00:00] a: x", "[00:00:01] a: x"}, []string{"24 21:59:59", "24 22:00:00", "25 10:00:00", "25 22:00:01"}},
		{"a late line", []string{"[23:59:59] a: x", "[00:00:00] a: x", "[23:59:59] a: x", "[00:00:01] a: x"}, []string{"24 21:59:59", "24 22:00:00", "24 21:59:59", "24 22:00:01"}},
		{"a little out of order", []string{"[20:00:05] a: x", "[20:00:03] a: x"}, []string{"24 18:00:05", "24 18:00:03"}},
		{"end of summer time", []string{"[02:59:59] a: x", "[02:00:00] a: x", "[02:30:00] a: x"}, []string{"24 00:59:59", "24 01:00:00", "24 01:30:00"}},
		{"header sets the day", []string{"[20:00:00] a: x", "# Start logging at 2026-10-26 09:00:00 CET", "[09:00:01] a: x"}, []string{"24 18:00:00", "26 08:00:01"}},
		{"twelve hours", []string{"[11:59 pm] a: x", "[12:01 am] a: x", "[1:00:00.250 PM] a: x"}, []string{"24 21:59:00", "24 22:01:00", "25 11:00:00.25"}},
		{"times off", []string{"# Start logging at 2026-10-26 09:00:00 UTC", "a: x", "b: y"}, []string{"26 09:00:00", "26 09:00:01"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, day(tt.lines...)); diff != "" {
				t.Errorf("times (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNotes(t *testing.T) {
	for file, want := range map[string]string{
		"plain.txt": noTimes, "client.txt": noDay, "twitchdownloader-relative.txt": noDay, "chat-downloader-vod.txt": noDay,
		"justlog.txt": "", "twitchdownloader.json": "", "Twitch/Channels/streamer_demo/streamer_demo-2026-01-31.log": "",
	} {
		r, err := Open(filepath.Join("testdata", file), Options{})
		if err != nil {
			t.Fatal(err)
		}
		readAll(t, r)
		if got := strings.Join(r.Notes(), "; "); got != want {
			t.Errorf("%s: notes %q, want %q", file, got, want)
		}
		r.Close()
	}
}

func TestWhen(t *testing.T) {
	base := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	for s, want := range map[string]string{
		"1769889612": "2026-01-31T20:00:12Z", "1769889612.5": "2026-01-31T20:00:12.5Z", "1769889612123": "2026-01-31T20:00:12.123Z", "1769889612000001": "2026-01-31T20:00:12.000001Z",
		"2026-01-31T20:00:12+01:00": "2026-01-31T19:00:12Z", "2026-01-31 20:00:12": "2026-01-31T20:00:12Z", "2026-01-31T20:00:12.25Z": "2026-01-31T20:00:12.25Z", "2026-01-31 20:00:12 -0530": "2026-02-01T01:30:12Z",
		"1:02:03": "2026-01-31T01:02:03Z", "02:03": "2026-01-31T00:02:03Z", "-0:05": "2026-01-30T23:59:55Z", "600.5": "2026-01-31T00:10:00.5Z", "2026/1/5 1:02": "2026-01-05T01:02:00Z",
		"soon": "", "": "", "NaN": "", "1e300": "", "99:99": "", "2026-00-01 00:00": "", "2026-01-31": "",
	} {
		got, ok := parseWhen(s, base, time.UTC)
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: %v %v, want %q", s, got, ok, want)
		}
	}
}

func TestSentences(t *testing.T) {
	for s, want := range map[string]chat.Notice{
		"Viewer_One subscribed with Prime.": {Type: "sub", Name: "Viewer_One", Login: "viewer_one"},
		"Viewer_One subscribed at Tier 1. They've subscribed for 6 months, currently on a 4 month streak!": {Type: "resub", Name: "Viewer_One", Login: "viewer_one", Count: 6},
		"Viewer_Two gifted a Tier 1 sub to Viewer_Three! They have given 12 Gift Subs in the channel!":     {Type: "subgift", Name: "Viewer_Two", Login: "viewer_two", Count: 1},
		"Viewer_Two is gifting 25 Tier 1 Subs to Streamer_Demo's community!":                               {Type: "submysterygift", Name: "Viewer_Two", Login: "viewer_two", Count: 25},
		"1,430 raiders from Other_Demo have joined!":                                                       {Type: "raid", Name: "Other_Demo", Login: "other_demo", Count: 1430},
		"Viewer_One watched 10 consecutive streams and sparked a watch streak!":                            {Type: "viewermilestone", Name: "Viewer_One", Login: "viewer_one", Count: 10},
		"viewer_one subscribed to the idea":                                                                {},
		"I watched 10 films":                                                                               {},
		"he gifted me a book":                                                                              {},
		"some raiders from the north have joined":                                                          {},
	} {
		n, rest, ok := notice(s)
		if ok != (want.Type != "") || rest != map[bool]string{true: "", false: s}[ok] {
			t.Errorf("%q: %v, rest %q", s, ok, rest)
			continue
		}
		if want.Text = s; ok && n != want {
			t.Errorf("%q: %+v", s, n)
		}
	}
	for s, want := range map[string]string{
		"viewer_four has been timed out for 600 seconds":      "clear-user viewer_four 10m0s",
		"viewer_four has been timed out for 1d 2h 3m 4s.":     "clear-user viewer_four 26h3m4s",
		"viewer_four has been timed out.":                     "clear-user viewer_four 1s",
		"viewer_four has been timed out for 99999999 seconds": "clear-user viewer_four 336h0m0s",
		"mod_demo timed out viewer_four for 10m.":             "clear-user viewer_four 10m0s",
		"mod_demo timed out viewer_four for 1m: \"for caps\"": "clear-user viewer_four 1m0s",
		"mod_demo banned viewer_four.":                        "clear-user viewer_four 0s",
		"mod_demo permanently banned viewer_four.":            "clear-user viewer_four 0s",
		"Viewer_Four has been banned":                         "clear-user viewer_four 0s",
		"chat has been cleared by a moderator.":               "clear-all  0s",
		"the word has been spread":                            "unknown  0s",
		"she timed out":                                       "unknown  0s",
	} {
		var ev chat.Event
		moderation(&ev, s)
		if got := fmt.Sprintf("%s %s %s", ev.Kind, ev.TargetLogin, ev.Duration); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}

func TestMentionsAndSystemLines(t *testing.T) {
	r := read(t, "# Start logging at 2026-01-31 20:00:00 UTC\n[20:00:12] #other_demo viewer_one: hi @streamer_demo\n[20:00:13] Riot Games riotgames: hi\n[20:00:14] A message from viewer_four was deleted: rude words\n[20:00:15] Announcement\n")
	want := []string{
		`2026-01-31T20:00:12 other_demo message viewer_one "hi @streamer_demo"`, `2026-01-31T20:00:13  message riotgames "hi"`,
		`2026-01-31T20:00:14  notice system name="" count=0`,
	}
	if diff := cmp.Diff(want, readAll(t, r)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// TestCleanText checks what every format does to the words of a chatter.
func TestCleanText(t *testing.T) {
	for text, want := range map[string]string{
		"\x01ACTION waves\x01": "me waves", "\x01ACTION waves": "me waves", "\x01ACTION\x01": "me ", "\x01ACTIONS": "\x01ACTIONS",
		"again \U000E0000": "again", "again \u034f ": "again", "👩\u200d👧 ok ": "👩\u200d👧 ok", "": "",
	} {
		r := read(t, "[2026-01-31 20:00:12] #c_demo a: "+text+"\n")
		var ev chat.Event
		if err := r.Next(&ev); err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		got := ev.Message.Text
		if ev.Message.Action {
			got = "me " + got
		}
		if got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	r := read(t, `{"comments":[{"content_offset_seconds":1,"commenter":{"name":"a"},"message":{"body":"\u0001ACTION hi Kappa\u0001","fragments":[{"text":"\u0001ACTION hi "},{"text":"Kappa","emoticon":{"emoticon_id":"25"}},{"text":"\u0001"}]}}]}`)
	var ev chat.Event
	if err := r.Next(&ev); err != nil {
		t.Fatal(err)
	}
	if m := ev.Message; m.Text != "hi Kappa" || len(m.Emotes) != 1 || m.Emotes[0] != (chat.Emote{ID: "25", Name: "Kappa", Start: 3, End: 8}) {
		t.Errorf("got %q with %+v", m.Text, m.Emotes)
	}
}

func BenchmarkReader(b *testing.B) {
	for _, s := range samples {
		data, err := os.ReadFile(filepath.Join("testdata", s.file))
		if err != nil {
			b.Fatal(err)
		}
		switch s.format {
		case FormatIRC, FormatJustlogText, FormatChatterino, FormatChatDownloaderText, FormatCSV, FormatRecords:
		case FormatTwitchDownloader:
			head, rest, _ := bytes.Cut(data, []byte(`"comments":[`))
			comments, _, _ := bytes.Cut(rest, []byte("\n ],"))
			benchmark(b, s.file, s.format, append(head, `"comments":[`...), comments)
			continue
		default:
			continue
		}
		if s.format == FormatCSV {
			head, rest, _ := bytes.Cut(data, []byte{'\n'})
			benchmark(b, s.file, s.format, append(head, '\n'), rest)
			continue
		}
		benchmark(b, s.file, s.format, nil, data)
	}
}

// benchmark reads b.N events of a log made of head and body repeated.
func benchmark(b *testing.B, name string, format Format, head, body []byte) {
	b.Run(name, func(b *testing.B) {
		r, err := NewReader(&repeater{head: head, body: body, size: 1 << 62}, name, Options{Format: format})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		var ev chat.Event
		for b.Loop() {
			if err := r.Next(&ev); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}
