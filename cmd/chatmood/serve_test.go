package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/source"
	"chatmood/internal/twitchsim"
)

// asProgram makes the test binary behave as chatmood itself, so that tests can
// kill a real process.
const asProgram = "CHATMOOD_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Unsetenv(asProgram)
		main()
		return
	}
	os.Exit(m.Run())
}

// process is chatmood serve in a process of its own.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	url string
}

func startServer(t *testing.T, env ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], "serve")
	cmd.Dir = t.TempDir() // no .env
	cmd.Env = append(os.Environ(), asProgram+"=1", "PORT=0", "HOST=127.0.0.1", "ENVIRONMENT=development")
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: cmd}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("no address was printed: %v", err)
	}
	for word := range strings.FieldsSeq(line) {
		if strings.HasPrefix(word, "http://") {
			p.url = word
		}
	}
	if p.url == "" {
		t.Fatalf("no address in %q", line)
	}
	return p
}

// kill ends the process as kill -9 does.
func (p *process) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill() // it may have ended
		_ = p.cmd.Wait()         // "signal: killed" is what is expected
	}
}

func (p *process) snapshot(channel string) (snap analysis.Snapshot) {
	p.t.Helper()
	res, err := http.Get(p.url + "/api/channels/" + channel)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusOK {
		if err := json.NewDecoder(res.Body).Decode(&snap); err != nil {
			p.t.Fatal(err)
		}
	}
	return snap
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A process that is killed in the middle of busy chat goes on where its last
// checkpoint was, at most a second before, and tells the rest as a gap.
func TestKill(t *testing.T) {
	sim := twitchsim.New(twitchsim.Config{Listen: "127.0.0.1:0", AnyChannel: true, Quiet: true, Channels: []string{"alpha"}, JoinDelay: -1})
	if err := sim.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- sim.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })

	env := []string{"TWITCH_IRC_URL=" + sim.URL(), "DATA_DIR=" + t.TempDir()}
	p := startServer(t, env...)
	eventually(t, "connect", func() bool {
		res, err := http.Post(p.url+"/api/twitch/connect", "application/json", strings.NewReader(`{"url":"twitch.tv/alpha"}`))
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	live := func() {
		eventually(t, "alpha is live", func() bool { return p.snapshot("alpha").Status.State == source.Live })
		joined, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		if err := sim.WaitReaders(joined, "alpha", 1); err != nil {
			t.Fatal(err)
		}
	}
	live()

	// Chat goes on steadily; each message carries the time it was said, so that
	// the test knows what had been said a second before the kill.
	var said []time.Time
	say := func(n int) {
		for range n {
			said = append(said, time.Now())
			if _, err := sim.Say("alpha", fmt.Sprint("viewer_", len(said)%50), fmt.Sprint("message number ", len(said))); err != nil {
				t.Fatal(err)
			}
		}
	}
	begin := time.Now()
	for time.Since(begin) < 4*time.Second {
		say(10)
		time.Sleep(10 * time.Millisecond)
	}
	eventually(t, "all are counted", func() bool { return p.snapshot("alpha").Counts.Total == len(said) })
	say(200) // some of these are cut off
	killed := time.Now()
	p.kill()

	p = startServer(t, env...)
	live()
	snap := p.snapshot("alpha")
	// A checkpoint is taken every second and needs a moment to be written; a
	// busy machine delays both, so a second more is granted.
	atLeast := 0
	for _, at := range said {
		if killed.Sub(at) > 2*time.Second {
			atLeast++
		}
	}
	if snap.Counts.Total < atLeast || snap.Counts.Total > len(said) {
		t.Errorf("%d messages after the kill, want %d to %d", snap.Counts.Total, atLeast, len(said))
	}
	if sum := snap.Counts.Positive + snap.Counts.Neutral + snap.Counts.Negative; sum != snap.Counts.Total {
		t.Errorf("labels add up to %d of %d", sum, snap.Counts.Total)
	}
	if len(snap.Gaps) != 1 || snap.Gaps[0].Reason != "restart" || snap.Gaps[0].From.After(killed) || !snap.Gaps[0].To.After(killed) {
		t.Errorf("killed at %v, gaps are %+v", killed, snap.Gaps)
	}
	resumed := snap.Counts.Total
	say(100)
	eventually(t, "counting goes on", func() bool { return p.snapshot("alpha").Counts.Total == resumed+100 })
}

// Each mistake of an operator ends in one clear message and the right exit code.
func TestServeMistakes(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args []string
		env  map[string]string
		code int
		want string
	}{
		"wrong port":      {nil, map[string]string{"PORT": "99999"}, exitUsage, "PORT is \"99999\": it must be a whole number"},
		"busy port":       {nil, map[string]string{"PORT": port}, exitFailure, "Set PORT"},
		"data dir a file": {nil, map[string]string{"DATA_DIR": file}, exitFailure, "DATA_DIR"},
		"production":      {nil, map[string]string{"ENVIRONMENT": "production", "SECRET_KEY": strings.Repeat("0123456789", 4)}, exitUsage, "MAIL is on, but no mail server is set"},
		"no database":     {nil, map[string]string{"MONGO_URI": "mongodb://user:secretword@127.0.0.1:1/?serverSelectionTimeoutMS=200"}, exitFailure, "MONGO_URI: no server answers there"},
		"odd database":    {nil, map[string]string{"MONGO_URI": "mongodb://user:secret/word@127.0.0.1:1"}, exitFailure, "MONGO_URI has a user, password"},
		"other database":  {nil, map[string]string{"MONGO_URI": "postgres://user:secretword@127.0.0.1:1"}, exitUsage, "MONGO_URI is no address"},
		"unknown command": {[]string{"sreve"}, nil, exitUsage, "Try 'chatmood --help'"},
		"unknown flag":    {[]string{"serve", "--port=1"}, nil, exitUsage, "unknown flag"},
		"demo rate":       {[]string{"demo", "--rate=-1"}, nil, exitUsage, "--rate"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir()) // no .env
			t.Setenv("PORT", "0")
			t.Setenv("DATA_DIR", filepath.Join(t.TempDir(), "data"))
			for k, v := range tc.env {
				t.Setenv(k, v)
			}
			var stdout, stderr bytes.Buffer
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			code := run(ctx, tc.args, strings.NewReader(""), &stdout, &stderr)
			if code != tc.code || !strings.Contains(stderr.String(), tc.want) {
				t.Errorf("exit code %d, want %d; stderr, which should say %q:\n%s", code, tc.code, tc.want, stderr.String())
			}
			if strings.Contains(stderr.String(), "secret") {
				t.Errorf("a secret is printed:\n%s", stderr.String())
			}
			if lines := strings.Count(strings.TrimSpace(stderr.String()), "\n"); lines > 2 {
				t.Errorf("the message is lost among %d lines:\n%s", lines+1, stderr.String())
			}
		})
	}
}

// The demo serves simulated chat until it is stopped, and leaves nothing behind.
func TestDemo(t *testing.T) {
	t.Chdir(t.TempDir())
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("PORT", "0")
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"demo", "--rate", "20"}, strings.NewReader(""), w, io.Discard)
		w.Close()
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, r) // more lines may come; it ends with the writer
	p := &process{t: t, url: strings.Fields(line)[3]}
	eventually(t, "chat is counted", func() bool { return p.snapshot("demo_hype").Counts.Total > 20 })
	cancel()
	select {
	case c := <-code:
		if c != exitOK {
			t.Errorf("exit code %d", c)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the demo did not stop")
	}
	if left, _ := filepath.Glob(filepath.Join(tmp, "chatmood-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
