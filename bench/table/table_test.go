package main

import (
	"bufio"
	"context"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	got := parse(`goos: linux
BenchmarkJudge 	   77882	      5382 ns/op	     714 B/op	      11 allocs/op
BenchmarkFanOut/batched/1000-16 	  12	 1.5e+06 ns/op	 13600000 deliveries/s
BenchmarkBroken
    bench_test.go:1: BenchmarkOther 1 2 3
PASS
`)
	want := map[string]map[string]float64{
		"BenchmarkJudge":               {"ns/op": 5382, "B/op": 714, "allocs/op": 11},
		"BenchmarkFanOut/batched/1000": {"ns/op": 1.5e6, "deliveries/s": 13.6e6},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestRatio(t *testing.T) {
	s := samples{
		"a": {"ns/op": {10, 90, 20}},
		"b": {"ns/op": {5, 30, 20}}, // ratios 2, 3, 1: whatever disturbed the second round disturbed both
		"c": {"ns/op": {1}},
		"d": {"ns/op": {1, 0, 1}},
		"e": {"ns/op": {math.NaN(), 10, math.NaN()}}, // gave up twice
		"f": {"ns/op": {math.NaN(), math.NaN(), math.NaN()}},
	}
	if got, err := s.ratio("a", "b", "ns/op"); got != 2 || err != nil {
		t.Errorf("%g, %v", got, err)
	}
	if got, err := s.ratio("a", "e", "ns/op"); got != 9 || err != nil {
		t.Errorf("with rounds missing: %g, %v", got, err)
	}
	for _, names := range [][3]string{{"a", "c", "ns/op"}, {"a", "f", "ns/op"}, {"a", "d", "ns/op"}, {"a", "none", "ns/op"}, {"a", "b", "B/op"}} {
		if got, err := s.ratio(names[0], names[1], names[2]); err == nil {
			t.Errorf("%v: %g without an error", names, got)
		}
	}
	if got, err := s.least("a", "ns/op"); got != 10 || err != nil {
		t.Errorf("least %g, %v", got, err)
	}
	if got, err := s.most("a", "ns/op"); got != 90 || err != nil {
		t.Errorf("most %g, %v", got, err)
	}
}

func TestWrite(t *testing.T) {
	var b strings.Builder
	err := table{
		{what: "judge", measured: duration(1234), bound: "1 µs", compared: "4.2 times as fast as nobody"},
		{what: "binary", measured: size(36.9e6), bound: "80 MB", holds: true},
		{what: "fan-out", measured: rate(13_600_000, "x")},
	}.write(&b)
	if err != nil {
		t.Fatal(err)
	}
	want := `| what    | measured   | bound | within | compared, in the same run   |
| ------- | ---------- | ----- | ------ | --------------------------- |
| judge   | 1.23 µs    | 1 µs  | no     | 4.2 times as fast as nobody |
| binary  | 36.9 MB    | 80 MB | yes    | –                           |
| fan-out | 13.6 M x/s | –     | –      | –                           |
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestUnits(t *testing.T) {
	for got, want := range map[string]string{
		duration(0.9): "0.90 ns", duration(312): "312 ns", duration(31.94e6): "31.9 ms", duration(7.8e9): "7.80 s",
		size(18): "18.0 B", size(22_600): "22.6 KB", rate(196_036, "x"): "196 k x/s", rate(50, "x"): "50.0 x/s",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestFirstLoad(t *testing.T) {
	of := func(n int) *fstest.MapFile { return &fstest.MapFile{Data: make([]byte, n)} }
	page := `<link rel="icon" href="/favicon.svg" /><script src="/theme.js"></script><script type="module" src="/assets/a.js"></script><link rel="stylesheet" href="/assets/a.css">`
	dist := fstest.MapFS{
		"live.html": {Data: []byte(page)}, "favicon.svg": of(1e6), "theme.js": of(100), "assets/a.js": of(9e5), "assets/a.js.br": of(1000),
		"assets/a.css": of(20), "assets/other.js": of(1e6), "assets/inter-latin-wght-normal-x.woff2": of(10_000), "assets/inter-latin-ext-wght-normal-x.woff2": of(1e6),
	}
	if n, err := firstLoad(dist); err != nil || n != float64(len(page)+11_120) {
		t.Errorf("%g bytes, %v", n, err)
	}
	delete(dist, "assets/a.css")
	if _, err := firstLoad(dist); err == nil {
		t.Error("a file that is missing is no error")
	}
	if _, err := firstLoad(fstest.MapFS{".gitkeep": {}}); err == nil {
		t.Error("a page that was not built is no error")
	}
}

// What is broken must fail, and only that.
func TestRunFails(t *testing.T) {
	root := t.TempDir()
	write := func(name, content string) {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("bin/chatmood", "")
	write("frontend/dist/live.html", `<script src="/a.js"></script><link href="/a.css"><script src="/b.js"></script>`)
	for _, name := range []string{"a.js", "a.css", "b.js", "assets/inter-latin-wght-normal-1.woff2"} {
		write("frontend/dist/"+name, "x")
	}
	for _, tt := range []struct{ args, want string }{
		{"-only sizes", ""},
		{"-only nothing", "matches none of: parsing"},
		{"-only [", "-only"},
		{"-rounds 0", "-rounds is 0"},
		{"-only sizes -bin bin/none", "make build"},
		{"-only parsing", "building the benchmarks of internal/source/irc"},
		{"-only live", "starting the server"},
	} {
		err := run(t.Context(), append([]string{"-root", root}, strings.Fields(tt.args)...), io.Discard, io.Discard)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", tt.args, err, tt.want)
		}
	}
}

// The viewer reads frames of every length and tells how late each message is.
func TestFollow(t *testing.T) {
	server, client := net.Pipe()
	go func() {
		defer server.Close()
		for _, text := range []string{
			`{"type":"stats"}`,
			`{"type":"batch","m":[{"x":"sent=3600000000000 a"},{"x":"sent=7200000000000 b"}],"pad":"` + strings.Repeat("x", 300) + `"}`,
			`{"type":"gap","missed":3}`,
			`{"type":"batch","m":[{"x":"sent=10800000000000 c"}],"pad":"` + strings.Repeat("x", 70_000) + `"}`,
		} {
			head := []byte{0x81}
			switch n := len(text); {
			case n < 126:
				head = append(head, byte(n))
			case n < 1<<16:
				head = append(head, 126, byte(n>>8), byte(n))
			default:
				head = append(head, 127, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
			}
			if _, err := server.Write(append(head, text...)); err != nil {
				return
			}
		}
	}()
	v := &viewer{conn: client, r: bufio.NewReader(client)}
	v.follow()
	if len(v.delays) != 3 || v.gaps != 1 {
		t.Fatalf("%d messages, %d gaps; want 3 and 1", len(v.delays), v.gaps)
	}
	if d := v.delays[0] - v.delays[2]; d.Round(time.Hour) != 2*time.Hour {
		t.Errorf("the first message is %v later than the last, want 2 h", d)
	}
}

// A reader that joins gets the answers that Twitch gives.
func TestChatServer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := newChatServer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	conn, err := net.Dial("tcp", s.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "CAP REQ :twitch.tv/tags\r\nNICK justinfan1\r\nJOIN #demo\r\nPING :x\r\n"); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(conn)
	for _, want := range []string{" ACK :twitch.tv/tags", " 001 justinfan1 ", " JOIN #demo", " ROOMSTATE #demo", " 366 justinfan1 #demo ", " PONG "} {
		if !lines.Scan() || !strings.Contains(lines.Text(), want) {
			t.Fatalf("%q, want %q", lines.Text(), want)
		}
	}
	joined := <-s.joined
	said := make(chan error, 1)
	go func() {
		_, err := say(ctx, joined)
		said <- err
	}()
	if !lines.Scan() || !strings.Contains(lines.Text(), "PRIVMSG #demo :"+stampKey) {
		t.Errorf("%q is no chat", lines.Text())
	}
	cancel()
	if err := <-said; err == nil {
		t.Error("it goes on when it is told to stop")
	}
}
