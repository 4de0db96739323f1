package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// simPatience bounds every wait of these tests.
const simPatience = 20 * time.Second

// startSim runs the sim command until the test ends and returns the address it
// printed and a function that ends it and returns exit code and stderr.
func startSim(t *testing.T, args ...string) (addr string, stop func() (int, string)) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, w := io.Pipe()
	var errs bytes.Buffer
	done := make(chan int, 1)
	go func() {
		code := run(ctx, append([]string{"sim", "--listen", "127.0.0.1:0"}, args...), strings.NewReader(""), w, &errs)
		w.Close()
		done <- code
	}()
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	if err != nil {
		cancel()
		t.Fatalf("exit %d, stderr %q", <-done, errs.String())
	}
	rest := make(chan string, 1)
	go func() {
		all, _ := io.ReadAll(lines)
		rest <- first + string(all)
	}()
	addr = regexp.MustCompile(`irc://(\S+)`).FindStringSubmatch(first)[1]
	stopped := false
	stop = func() (int, string) {
		stopped = true
		cancel()
		code := <-done
		if told := <-rest; !strings.Contains(told, "TWITCH_IRC_URL=irc://"+addr+" chatmood serve") {
			t.Errorf("the announcement lacks how to read from it: %q", told)
		}
		return code, errs.String()
	}
	t.Cleanup(func() {
		if !stopped {
			stop()
		}
	})
	return addr, stop
}

// simRead joins a channel and returns its first n messages.
func simRead(t *testing.T, addr, channel string, n int) []string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(simPatience))
	if _, err := io.WriteString(conn, "NICK justinfan1\r\nJOIN #"+channel+"\r\n"); err != nil {
		t.Fatal(err)
	}
	var texts []string
	in := bufio.NewScanner(conn)
	for len(texts) < n && in.Scan() {
		if _, text, ok := strings.Cut(in.Text(), " PRIVMSG #"+channel+" :"); ok {
			texts = append(texts, text)
		}
	}
	if err := in.Err(); err != nil {
		t.Fatalf("after %d messages: %v", len(texts), err)
	}
	return texts
}

func TestSimTalksTheSameForTheSameSeed(t *testing.T) {
	var runs [3][]string
	for i, seed := range []string{"5", "5", "6"} {
		addr, stop := startSim(t, "--channels", "Some_Channel,other", "--seed", seed, "--rate", "0", "--limit", "300")
		runs[i] = simRead(t, addr, "some_channel", 300)
		if code, errs := stop(); code != exitOK || !strings.Contains(errs, "sim: stopped; ") || !strings.Contains(errs, "some_channel: 300 messages") {
			t.Errorf("exit %d, stderr %q", code, errs)
		}
	}
	same := func(a, b []string) bool { return strings.Join(a, "\n") == strings.Join(b, "\n") }
	if !same(runs[0], runs[1]) {
		t.Error("the same seed gave other messages")
	}
	if same(runs[0], runs[2]) {
		t.Error("another seed gave the same messages")
	}
}

func TestSimAnyChannel(t *testing.T) {
	addr, _ := startSim(t, "--rate", "1000")
	if got := simRead(t, addr, "pasted_name", 5); len(got) != 5 {
		t.Errorf("%d messages", len(got))
	}
}

func TestSimReplaysALog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "past.log")
	log := "[2026-01-02 10:00:00] #past viewer_one: good morning\n" +
		"[2026-01-02 10:00:05] #past viewer_two: hello Kappa\n" +
		"what is this\n" +
		"[2026-01-02 11:00:00] #past viewer_one: still here\n"
	if err := os.WriteFile(path, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	addr, stop := startSim(t, "--channels", "replayed", "--script", path, "--speed", "0")
	got := simRead(t, addr, "replayed", 3)
	if strings.Join(got, "|") != "good morning|hello Kappa|still here" {
		t.Errorf("replayed %q", got)
	}
	if code, errs := stop(); code != exitOK || !strings.Contains(errs, "1 lines of "+path+" could not be read") {
		t.Errorf("exit %d, stderr %q", code, errs)
	}
}

func TestSimFaults(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(context.Background(), []string{"sim", "--fault", "help"}, strings.NewReader(""), &out, &errs)
	if code != exitOK || !strings.Contains(out.String(), "halfopen") || errs.Len() > 0 {
		t.Errorf("exit %d, stdout %q, stderr %q", code, out.String(), errs.String())
	}
	addr, _ := startSim(t, "--fault", "drop@every20ms")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(simPatience))
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes from a dropped connection", n)
	}
}

func TestSimMistakes(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	noLog := filepath.Join(t.TempDir(), "picture.png")
	if err := os.WriteFile(noLog, []byte("\x89PNG\r\n\x1a\n\x00\x00\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"--listen", busy.Addr().String()}, exitFailure, "in use"},
		{[]string{"--listen", "6667"}, exitUsage, `--listen "6667" is no address`},
		{[]string{"--channels", "no/name"}, exitUsage, "is not a channel name"},
		{[]string{"--channels", "a,a"}, exitUsage, "given twice"},
		{[]string{"--rate=-1"}, exitUsage, "--rate -1 is negative"},
		{[]string{"--rate", "9e9"}, exitUsage, "out of range"},
		{[]string{"--limit=-1"}, exitUsage, "negative"},
		{[]string{"--speed=-1"}, exitUsage, "speed"},
		{[]string{"--fault", "fire"}, exitUsage, "use one of drop, reconnect"},
		{[]string{"--fault", "loss=7"}, exitUsage, "from 0 to 1"},
		{[]string{"--script", filepath.Join(t.TempDir(), "none.log")}, exitFailure, "opening the script"},
		{[]string{"--script", noLog}, exitFailure, "not a chat log"},
	} {
		var out, errs bytes.Buffer
		code := run(context.Background(), append([]string{"sim"}, tt.args...), strings.NewReader(""), &out, &errs)
		if code != tt.code || !strings.Contains(errs.String(), tt.want) {
			t.Errorf("%q: exit %d, stderr %q, want %d and %q", tt.args, code, errs.String(), tt.code, tt.want)
		}
	}
}
