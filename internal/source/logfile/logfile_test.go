package logfile

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"chatmood/internal/chat"
)

// line describes an event in one line, with what every format can tell.
func line(ev *chat.Event) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s", ev.Time.Format("2006-01-02T15:04:05.999"), ev.Channel, ev.Kind)
	if ev.TargetLogin != "" {
		fmt.Fprintf(&b, " target=%s", ev.TargetLogin)
	}
	if ev.Duration != 0 {
		fmt.Fprintf(&b, " for=%s", ev.Duration)
	}
	if ev.Kind == chat.KindNotice {
		fmt.Fprintf(&b, " %s name=%q count=%d", ev.Notice.Type, ev.Notice.Name, ev.Notice.Count)
	}
	if m := &ev.Message; m.Login != "" || m.Text != "" {
		fmt.Fprintf(&b, " %s %q", m.Login, m.Text)
		for _, e := range m.Emotes {
			fmt.Fprintf(&b, " %s@%d-%d", e.ID, e.Start, e.End)
		}
	}
	return b.String()
}

// readAll returns what is in a log, and checks what holds for every log.
func readAll(t testing.TB, r *Reader) []string {
	t.Helper()
	var got []string
	var ev chat.Event
	for {
		err := r.Next(&ev)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("after %d events: %v", len(got), err)
		}
		checkEvent(t, &ev)
		got = append(got, line(&ev))
	}
	if err := r.Next(&ev); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v, want EOF", err)
	}
	return got
}

const (
	hello  = `2026-01-31T20:00:12 streamer_demo message viewer_one "hello Kappa" 25@6-11`
	helloT = `2026-01-31T20:00:12 streamer_demo message viewer_one "hello Kappa"` // text formats know no emotes
	nice   = `2026-01-31T20:00:15 streamer_demo message viewer_two "nice: very nice"`
	tmo    = `2026-01-31T20:01:00 streamer_demo clear-user target=viewer_four for=10m0s`
	ban    = `2026-01-31T20:01:05 streamer_demo clear-user target=viewer_five`
	clean  = `2026-01-31T20:02:00 streamer_demo clear-all`
	raid   = `2026-01-31T20:03:00 streamer_demo notice raid name="Other_Demo" count=430`
)

var samples = []struct {
	file   string
	format Format
	want   []string
}{
	{"raw-irc.log", FormatIRC, []string{hello, nice, tmo, ban, clean, raid}},
	{"justlog.txt", FormatJustlogText, []string{helloT, nice, tmo, ban, clean, raid, `2026-02-01T00:00:01 streamer_demo message viewer_one "a day later"`}},
	{"rustlog.txt", FormatJustlogText, []string{helloT, strings.Replace(nice, ":15", ":15.25", 1), ban}},
	{"justlog.json", FormatMessagesJSON, []string{hello, tmo, raid}},
	{"rustlog.ndjson", FormatMessagesJSON, []string{
		strings.Replace(hello, "streamer_demo", "rustlog", 1), strings.Replace(nice, "streamer_demo", "rustlog", 1),
		strings.Replace(raid, "streamer_demo", "rustlog", 1) + ` other_demo "hello all"`,
	}},
	{"recent-messages.json", FormatMessagesJSON, []string{
		hello, `2026-01-31T20:00:15 streamer_demo message viewer_two "removed"`, `2026-01-31T20:00:15 streamer_demo delete target=viewer_two`,
	}},
	{"Twitch/Channels/streamer_demo/streamer_demo-2026-01-31.log", FormatChatterino, []string{
		helloT, nice, tmo, ban, clean, raid,
		`2026-01-31T22:59:59 streamer_demo message viewer_one "last of the day"`, `2026-01-31T23:00:01 streamer_demo message viewer_two "first of the next"`,
	}},
	{"twitchdownloader.json", FormatTwitchDownloader, []string{
		hello, strings.Replace(nice, ":15", ":15.5", 1), `2026-01-31T20:00:20 streamer_demo message  "gone"`,
		`2026-01-31T20:01:40 streamer_demo notice resub name="Viewer_Three" count=3 viewer_three "hello Kappa" 25@6-11`,
	}},
	{"twitchdownloader.txt", FormatTwitchDownloaderText, []string{
		strings.Replace(helloT, "streamer_demo", "twitchdownloader", 1), `2026-01-31T20:00:15 twitchdownloader message ビューア "nice: very nice"`,
		`2026-01-31T20:00:20 twitchdownloader notice sub name="Viewer_Three" count=0 viewer_three "thanks"`,
	}},
	{"twitchdownloader-relative.txt", FormatTwitchDownloaderText, []string{
		`2000-01-01T00:10:12  message viewer_one "hello Kappa"`, `2000-01-01T00:10:15  message ビューア "nice: very nice"`,
		`2000-01-01T10:00:00  message viewer_one "ten hours later"`,
	}},
	{"chat-downloader.json", FormatChatDownloader, []string{
		strings.Replace(hello, "streamer_demo", "", 1), `2026-01-31T20:00:15  message viewer_two "LUL 🎉 nice LUL" 425618@0-3 425618@13-16`,
	}},
	{"chat-downloader.jsonl", FormatChatDownloader, []string{
		strings.Replace(hello, "streamer_demo", "", 1), strings.Replace(tmo, "streamer_demo", "", 1), strings.Replace(raid, "streamer_demo", "", 1) + ` other_demo ""`,
	}},
	{"chat-downloader.txt", FormatChatDownloaderText, []string{
		strings.Replace(helloT, "streamer_demo", "", 1), `2026-01-31T20:00:15  message ビューア "nice: very nice"`,
	}},
	{"chat-downloader-vod.txt", FormatChatDownloaderText, []string{
		`1999-12-31T23:59:55  message viewer_one "early"`, `2000-01-01T00:10:12  message viewer_one "hello Kappa"`,
		`2000-01-01T01:00:15  message ビューア "nice: very nice"`,
	}},
	{"client.txt", FormatClientText, []string{
		`2000-01-01T20:00:12 client message viewer_one "hello Kappa"`, `2000-01-01T20:00:15 client message viewer_two "nice: very nice"`,
	}},
	{"plain.txt", FormatPlainText, []string{
		`2000-01-01T00:00:00 plain message viewer_one "hello Kappa"`, `2000-01-01T00:00:01 plain message viewer_two "nice: very nice"`,
	}},
	{"table.csv", FormatCSV, []string{
		strings.Replace(helloT, "streamer_demo", "table", 1), `2026-01-31T20:00:15 table message viewer_two "nice: \"very\", nice"`,
		`2026-01-31T20:00:16 table message viewer_two "two\nlines"`,
	}},
	{"table-2026-01-31.tsv", FormatCSV, []string{
		`2026-01-31T00:10:12 table message viewer_one "hello Kappa"`, `2026-01-30T23:59:55 table message viewer_two "nice: very nice"`,
	}},
	{"chatmood.ndjson", FormatRecords, []string{hello, tmo, raid}},
}

func TestSamples(t *testing.T) {
	seen := make(map[Format]bool)
	for _, s := range samples {
		seen[s.format] = true
		t.Run(s.file, func(t *testing.T) {
			path := filepath.Join("testdata", s.file)
			r, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if r.Format() != s.format {
				t.Errorf("format %q, want %q", r.Format(), s.format)
			}
			if diff := cmp.Diff(s.want, readAll(t, r)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if list, n := r.Problems(); n != 0 {
				t.Errorf("%d problems: %v", n, list)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if r.Size() != int64(len(data)) || r.BytesRead() != r.Size() {
				t.Errorf("read %d of %d bytes, the file has %d", r.BytesRead(), r.Size(), len(data))
			}
			for name, packed := range map[string][]byte{
				"gzip": gzipped(t, data), "BOM": append([]byte("\ufeff"), data...),
				"UTF-16LE": utf16Bytes(binary.LittleEndian, data), "UTF-16BE": utf16Bytes(binary.BigEndian, data),
				"gzip of UTF-16": gzipped(t, utf16Bytes(binary.LittleEndian, data)),
			} {
				r, err := NewReader(iotestHalf(packed), path, Options{})
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if diff := cmp.Diff(s.want, readAll(t, r)); diff != "" {
					t.Errorf("%s: events (-want +got):\n%s", name, diff)
				}
			}
		})
	}
	for _, f := range Formats() {
		if !seen[f] {
			t.Errorf("no sample of %s", f)
		}
	}
}

// iotestHalf gives data in uneven pieces.
func iotestHalf(data []byte) io.Reader {
	var parts []io.Reader
	for n := 1; len(data) > 0; n = n*2 + 1 {
		n := min(n, len(data))
		parts = append(parts, bytes.NewReader(data[:n]))
		data = data[n:]
	}
	return io.MultiReader(parts...)
}

func zstded(t testing.TB, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(data, nil)
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func utf16Bytes(order binary.AppendByteOrder, data []byte) []byte {
	out := order.AppendUint16(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(string(data))) {
		out = order.AppendUint16(out, u)
	}
	return out
}

func TestDetails(t *testing.T) {
	r, err := Open(filepath.Join("testdata", "raw-irc.log"), Options{Channel: "renamed"})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var ev chat.Event
	if err := r.Next(&ev); err != nil {
		t.Fatal(err)
	}
	m := ev.Message
	want := chat.Message{
		ID: "3b5c0c4e-51a1-4f6e-9a58-0d4f7c1a2b3c", Channel: "renamed", Time: time.Date(2026, 1, 31, 20, 0, 12, 0, time.UTC), UserID: "910000001",
		Login: "viewer_one", DisplayName: "Viewer_One", Color: "#1E90FF", Text: "hello Kappa", Emotes: []chat.Emote{{ID: "25", Name: "Kappa", Start: 6, End: 11}},
		Badges: []chat.Badge{{Name: "subscriber", Version: "6"}}, Subscriber: true, RoomID: "900000001",
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if ev.Channel != "renamed" {
		t.Errorf("channel %q", ev.Channel)
	}
}

func TestBadges(t *testing.T) {
	r := read(t, "2026-01-31 20:00:12 | (Subscriber, Moderator) Viewer_One: hello (really) all\n")
	var ev chat.Event
	if err := r.Next(&ev); err != nil {
		t.Fatal(err)
	}
	if m := ev.Message; !m.Subscriber || !m.Moderator || m.VIP || m.Text != "hello (really) all" || m.Name() != "Viewer_One" {
		t.Errorf("got %+v", m)
	}
}

// read opens a log given as text.
func read(t testing.TB, s string) *Reader {
	t.Helper()
	r, err := NewReader(strings.NewReader(s), "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMissingIDs(t *testing.T) {
	ids := func() []string {
		var ids []string
		for _, s := range samples {
			r, err := Open(filepath.Join("testdata", s.file), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			var ev chat.Event
			for r.Next(&ev) == nil {
				if ev.Kind == chat.KindMessage {
					ids = append(ids, s.file+" "+ev.Message.ID)
				}
			}
		}
		return ids
	}
	first := ids()
	if diff := cmp.Diff(first, ids()); diff != "" {
		t.Errorf("ids differ between two readings:\n%s", diff)
	}
	seen := make(map[string]bool)
	for _, id := range first {
		if strings.HasSuffix(id, " ") || seen[id] {
			t.Errorf("id %q is empty or there twice", id)
		}
		seen[id] = true
	}
	r := read(t, strings.Repeat("[2026-01-31 20:00:12] #streamer_demo viewer_one: again\n", 3))
	var ev chat.Event
	seen = make(map[string]bool)
	for r.Next(&ev) == nil {
		seen[ev.Message.ID] = true
	}
	if len(seen) != 3 {
		t.Errorf("three equal lines have %d ids", len(seen))
	}
}

func TestBrokenLines(t *testing.T) {
	long := strings.Repeat("x", maxLine+10)
	tests := []struct {
		name, text string
		events     int
		problems   []string
	}{
		{"justlog", "[2026-01-31 20:00:12] #c_demo a: x\nrubbish\n[2026-13-31 20:00:12] #c_demo a: x\n[2026-01-31 20:00:13] #c_demo\n[2026-01-31 20:00:13] c\n[2026-01-31 20:00:14] #c_demo b: y\n[2026-01-31 20:00:15] #c_demo word\n" +
			strings.Repeat("[2026-01-31 20:00:16] #c_demo a: x\n", 5), 7, []string{
			"standard input:2: does not begin with [date time]", "standard input:3: does not begin with [date time]",
			"standard input:4: ends after the channel", "standard input:5: names no #channel after the time", `standard input:7: has no "name: text"`,
		}},
		{
			"long line", "[2026-01-31 20:00:12] #c_demo a: x\n[2026-01-31 20:00:12] #c_demo a: " + long + "\n[2026-01-31 20:00:14] #c_demo b: y\n", 2,
			[]string{"standard input:2: the line is longer than 1 MiB"},
		},
		{
			"chatterino", "# Start logging at 2026-01-31 20:00:00 UTC\n[99] a: x\n[20:00:12] a: x\n[20:00:12] word\n", 1,
			[]string{"standard input:2: begins with '[' but no time follows", `standard input:4: has no "name: text"`},
		},
		{
			"irc", "@id=1;tmi-sent-ts=1769889612000 :a!a@a PRIVMSG #c_demo :x\n@id=2;tmi-sent\n:b!b@b PRIVMSG #c_demo :y\n", 2,
			[]string{"standard input:2: the line has no command after its tags and prefix"},
		},
		{"ndjson", `{"time":"2026-01-31T20:00:12Z","login":"a","text":"x"}` + "\n" + `{"time":"2026-01-31T20:00:13Z","lo` + "\n" + `{"time":"2026-01-31T20:00:14Z","login":7,"text":"x"}` + "\n" + `{"login":"a","text":"x"}` + "\n" +
			`{"time":"2026-01-31T20:00:15Z","type":"party","text":""}` + "\n" + `{"time":"2026-01-31T20:00:16Z","login":"a","text":"x"}`, 2, []string{
			"standard input:2: is not valid JSON: unexpected end of JSON input", `standard input:3: the field "login" is a number`,
			"standard input:4: the record has no time", `standard input:5: the record's type "party" is unknown`,
		}},
		{"elements", "[\n{\"message\":\"x\",\"author\":{\"name\":\"a\"},\"timestamp\":1769889612000000},\n{\"message\":\"x\",\"author\":{\"name\":\"a},\"timestamp\":1},\n{\"message\":5},\n{\"message\":\"" + long + "\"},\n{\"message\":\"x\",\"author\":{\"name\":\"a\"},\"timestamp\":1769889613000000}\n]", 2, []string{
			"standard input:3: a quotation mark is missing", `standard input:4: the field "message" is a number`, "standard input:5: the element is larger than 1 MiB",
		}},
		{"comments", `{"comments":[{"_id":"1","content_offset_seconds":1,"commenter":{"name":"a"},"message":{"body":"x"}},{"_id":"2","commenter":{"name":"a"},"message":{"body":"x"}},7,{"_id":"3","content_offset_seconds":"soon"}]}`, 1, []string{
			"standard input:1: the comment has no time", `standard input:1: the field "" is a number`, `standard input:1: the field "content_offset_seconds" is a string`,
		}},
		{"csv", "time,user,message\n2026-01-31T20:00:12Z,a,x\nsoon,a,x\n2026-01-31T20:00:13Z,a\n2026-01-31T20:00:14Z,a,\"never closed\n2026-01-31T20:00:15Z,b,y\n", 1, []string{
			`standard input:3: the time "soon" cannot be read`, "standard input:4: has 2 fields where the header has 3", "standard input:5: a quotation mark is never closed",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := read(t, tt.text)
			if got := readAll(t, r); len(got) != tt.events {
				t.Errorf("%d events, want %d: %q", len(got), tt.events, got)
			}
			list, n := r.Problems()
			var got []string
			for _, p := range list {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(tt.problems, got); diff != "" || n != len(tt.problems) {
				t.Errorf("%d problems (-want +got):\n%s", n, diff)
			}
		})
	}
}

func TestProblemsAreBounded(t *testing.T) {
	r := read(t, strings.Repeat("[2026-01-31 20:00:12] #c_demo a: x\nrubbish\n", 1000))
	if got := len(readAll(t, r)); got != 1000 {
		t.Errorf("%d events, want 1000", got)
	}
	if list, n := r.Problems(); len(list) != maxProblems || n != 1000 {
		t.Errorf("%d of %d problems, want %d of 1000", len(list), n, maxProblems)
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct{ name, data, want string }{
		{"empty", "", "an empty file"},
		{"blank", " \n\n\t\n", "an empty file"},
		{"PNG", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png"},
		{"ELF", "\x7fELF\x02\x01\x01\x00\x00", "a program (ELF)"},
		{"zip", "PK\x03\x04\x14\x00", "unpack it first"},
		{"zstd in zstd", string(zstded(t, zstded(t, []byte("[2026-01-31 20:00:12] #c_demo a: x\n")))), "unpack it once"},
		{"damaged zstd", "\x28\xb5\x2f\xfd\x04\x00", "an empty file"},
		{"noise", strings.Repeat("\x01\x02\xff\xfe\x00", 100), "a binary file"},
		{"HTML", "<!DOCTYPE html>\n<html><body>[20:00:12] a: b</body></html>", "HTML"},
		{"XML", "<?xml version=\"1.0\"?>\n<log/>", "HTML or XML"},
		{"JSON object", `{"name":"chatmood","version":"1.0","dependencies":{"a":"1"}}`, "JSON of another kind"},
		{"JSON array", `[{"a":1},{"a":2}]`, "a JSON array of something else"},
		{"JSON number array", `[1,2,3]`, "text of another kind"},
		{"cut JSON", `{"name":"chatm`, "JSON of another kind"},
		{"prose", "It was a dark and stormy night.\nThe rain fell in torrents.\n", "text of another kind"},
		{"mail", "From: a\nSubject: b c\n\nHello you,\n\nthis is no chat. See you.\n", "text of another kind"},
		{"source", "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"x: y\")\n}\n", "text of another kind"},
		{"web server log", "127.0.0.1 - - [31/Jan/2026:20:00:12 +0000] \"GET / HTTP/1.1\" 200 1\n", "text of another kind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewReader(strings.NewReader(tt.data), "some.file", Options{})
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("error %v, want ErrFormat", err)
			}
			for _, part := range []string{"some.file", tt.want, "Chatterino"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
	if _, err := Open(filepath.Join("testdata", "missing.log"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Open("testdata", Options{}); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("folder: %v", err)
	}
	if _, err := NewReader(strings.NewReader("a: b"), "", Options{Format: "morse"}); !errors.Is(err, ErrFormat) {
		t.Errorf("unknown format: %v", err)
	}
}

func TestTruncated(t *testing.T) {
	var log strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&log, "[2026-01-31 20:%02d:%02d] #c_demo viewer_%d: message number %d\n", i/60%60, i%60, i*7919%1000, i)
	}
	packed := gzipped(t, []byte(log.String()))
	damaged := bytes.Clone(packed)
	copy(damaged[len(damaged)-8:], "\x00\x00\x00\x00")
	var doc strings.Builder
	doc.WriteString(`{"video":{"created_at":"2026-01-31T20:00:00Z"},"comments":[`)
	for i := range 100 {
		fmt.Fprintf(&doc, `{"_id":"%d","content_offset_seconds":%d,"commenter":{"name":"a"},"message":{"body":"x"}},`, i, i)
	}
	for _, tt := range []struct {
		name        string
		data        []byte
		least, most int
		why         string
	}{
		{"cut gzip", packed[:len(packed)/2], 5000, 19000, "cut short"},
		{"no trailer", packed[:len(packed)-4], 20000, 20000, "cut short"},
		{"wrong checksum", damaged, 20000, 20000, "damaged"},
		{"open document", []byte(doc.String()), 100, 100, "not closed"},
		{"cut element", []byte(doc.String()[:doc.Len()-10]), 99, 99, "not closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := NewReader(bytes.NewReader(tt.data), "x", Options{})
			if err != nil {
				t.Fatal(err)
			}
			if n := len(readAll(t, r)); n < tt.least || n > tt.most {
				t.Errorf("%d events, want %d to %d", n, tt.least, tt.most)
			}
			list, n := r.Problems()
			if !r.Truncated() || n != 1 || !strings.Contains(list[0].Why, tt.why) {
				t.Errorf("truncated %v, problems %v; want one that says %q", r.Truncated(), list, tt.why)
			}
		})
	}
	zst := zstded(t, []byte(log.String()))
	for cut, want := range map[int][2]int{len(zst) / 2: {1000, 19999}, len(zst) - 1: {1000, 20000}} {
		r, err := NewReader(bytes.NewReader(zst[:cut]), "x.zst", Options{})
		if err != nil {
			t.Fatal(err)
		}
		n := len(readAll(t, r))
		list, problems := r.Problems()
		if n < want[0] || n > want[1] || !r.Truncated() || problems != 1 || !strings.Contains(list[0].Why, "zstd") {
			t.Errorf("zstd cut at %d of %d: %d events, truncated %v, problems %v", cut, len(zst), n, r.Truncated(), list)
		}
	}
	if _, err := NewReader(bytes.NewReader(packed[:5]), "x.gz", Options{}); err == nil {
		t.Error("five bytes of gzip were accepted")
	}
}

func TestReadErrorIsTold(t *testing.T) {
	boom := errors.New("boom")
	src := io.MultiReader(strings.NewReader(strings.Repeat("[2026-01-31 20:00:12] #c_demo a: x\n", 10000)), errReader{boom})
	r, err := NewReader(src, "x", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var ev chat.Event
	n := 0
	for err = r.Next(&ev); err == nil; err = r.Next(&ev) {
		n++
	}
	if !errors.Is(err, boom) || n != 10000 {
		t.Errorf("%d events, then %v", n, err)
	}
}

type errReader struct{ err error }

func (e errReader) Read([]byte) (int, error) { return 0, e.err }
