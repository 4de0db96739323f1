//go:build unix

// Command docs-test runs every example of the documentation that is marked
// with "test", as it stands there, against a real server on the simulated
// Twitch. It lists the others with the reason why they are not run, and fails
// when an example fails.
//
//	docs-test [--bin bin/chatmood] [--only FILE]
//
// The examples of a text run in its order, in a folder of their own, with
// chatmood on the PATH. What differs from what a reader does: localhost:8000 is
// replaced by the address of the server, Twitch by the simulator, 127.0.0.1:6667 by a free port, and the
// shell's variable TOKEN is kept from one block to the next.
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"chatmood"
	"chatmood/internal/guide"
)

const (
	// blockTimeout bounds one example, startTimeout the start of a server.
	blockTimeout = 2 * time.Minute
	startTimeout = 30 * time.Second
	// The user whom the examples sign in as.
	email, password = "me@example.org", "Correct,Horse7"
)

func main() {
	bin := flag.String("bin", "bin/chatmood", "the program")
	only := flag.String("only", "", "run the examples of this file only, such as docs/clients.md")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *bin, *only)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "docs-test:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, bin, only string) error {
	examples, err := guide.Examples(chatmood.Documentation)
	if err != nil {
		return err
	}
	bin, err = filepath.Abs(bin)
	if err != nil {
		return fmt.Errorf("finding the program: %w", err)
	}
	w, err := newWorld(ctx, bin)
	if err != nil {
		return err
	}
	defer w.close()
	var failed, passed int
	var unrun []guide.Example
	for _, e := range examples {
		if only != "" && e.File != only {
			continue
		}
		if !e.Test {
			if e.Unrun != "" {
				unrun = append(unrun, e)
			}
			continue
		}
		began := time.Now()
		out, err := w.example(ctx, e)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		word := "ok    "
		if err != nil {
			word = "FAILED"
			failed++
		} else {
			passed++
		}
		fmt.Printf("%s  %5.1f s  %-6s  %s:%d\n", word, time.Since(began).Seconds(), e.Lang, e.File, e.Line)
		if err != nil {
			fmt.Printf("  %v\n%s\n", err, indented(out))
		}
	}
	fmt.Printf("\nNot run:\n")
	for _, e := range unrun {
		fmt.Printf("  %s:%d: %s\n", e.File, e.Line, e.Unrun)
	}
	fmt.Printf("\n%d examples ran well, %d failed, %d are not run for the reasons above\n", passed, failed, len(unrun))
	if failed > 0 {
		return fmt.Errorf("%d examples failed", failed)
	}
	return nil
}

// indented is the end of an output, to be shown below a line.
func indented(out string) string {
	const most = 3000
	if len(out) > most {
		out = "…" + strings.ToValidUTF8(out[len(out)-most:], "")
	}
	return "    " + strings.ReplaceAll(strings.TrimSpace(out), "\n", "\n    ")
}

// world is what the examples run in.
type world struct {
	dir    string // holds all that is made, but for Go programs
	bin    string
	root   string // of the repository: Go programs need its modules
	url    string
	ircURL string
	procs  []*process
}

func newWorld(ctx context.Context, bin string) (*world, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("finding the repository: %w", err)
	}
	dir, err := os.MkdirTemp("", "chatmood-docs-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	w := &world{dir: dir, bin: bin, root: root}
	if err := w.start(ctx); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// start starts the simulator and the server, and makes the user.
func (w *world) start(ctx context.Context) error {
	sim, err := w.process(ctx, w.dir, []string{w.bin, "sim", "--listen", "127.0.0.1:0", "--rate", "20"}, nil)
	if err != nil {
		return err
	}
	if w.ircURL, err = sim.wait(ctx, regexp.MustCompile(`ircs?://[0-9.]+:[0-9]+`)); err != nil {
		return fmt.Errorf("starting the simulator: %w", err)
	}
	data := w.data()
	env := []string{"HOST=127.0.0.1", "PORT=0", "DATA_DIR=" + data, "TWITCH_IRC_URL=" + w.ircURL, "MAX_SOCKETS_PER_ADDRESS=1000"}
	// The embedded database belongs to one process at a time: this comes first.
	create := exec.CommandContext(ctx, w.bin, "user", "create", email, "--first-name", "Mia", "--last-name", "Example", "--role", "admin")
	create.Env = append(os.Environ(), env...)
	create.Dir = w.dir
	create.Stdin = strings.NewReader(password + "\n")
	if out, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("making the user: %w: %s", err, out)
	}
	server, err := w.process(ctx, w.dir, []string{w.bin, "serve"}, env)
	if err != nil {
		return err
	}
	if w.url, err = server.wait(ctx, regexp.MustCompile(`http://[a-z0-9.]+:[0-9]+`)); err != nil {
		return fmt.Errorf("starting the server: %w", err)
	}
	return nil
}

func (w *world) data() string { return filepath.Join(w.dir, "server") }

func (w *world) close() {
	for i := len(w.procs) - 1; i >= 0; i-- {
		w.procs[i].stop()
	}
	os.RemoveAll(w.dir)
	os.RemoveAll(w.goDir())
}

// goDir is within the module, where programs find its dependencies, and begins
// with a dot, so that ./... does not see it.
func (w *world) goDir() string { return filepath.Join(w.root, ".tools", "docs-test") }

// folder is where the examples of a text run, with the files that they name.
func (w *world) folder(e guide.Example) (string, error) {
	dir := filepath.Join(w.dir, "run", strings.ReplaceAll(e.File, "/", "_"))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o700); err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	if err := os.Symlink(w.bin, filepath.Join(dir, "bin", "chatmood")); err != nil {
		return "", fmt.Errorf("naming the program: %w", err)
	}
	log := chatLog()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(log); err != nil {
		return "", fmt.Errorf("packing a log: %w", err)
	}
	if err := z.Close(); err != nil {
		return "", fmt.Errorf("packing a log: %w", err)
	}
	for name, content := range map[string][]byte{
		"streamer-2026-01-31.log": log, "stream.json.gz": packed.Bytes(), "somebody-2026-01-31.log.gz": packed.Bytes(), "stream.log.gz": packed.Bytes(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return "", fmt.Errorf("writing a log: %w", err)
		}
	}
	return dir, nil
}

// chatLog is an invented hour of chat in the program's own form.
func chatLog() []byte {
	texts := []string{"what a play PogChamp", "this is so bad", "hello everybody", "LUL", "gg well played", "boring stream today", "when is the next game?", "love this song <3"}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	at := time.Date(2026, 1, 31, 20, 0, 0, 0, time.UTC)
	for i := range 400 {
		line := struct {
			Time    time.Time `json:"time"`
			Channel string    `json:"channel"`
			ID      string    `json:"id"`
			Login   string    `json:"login"`
			Text    string    `json:"text"`
		}{at.Add(time.Duration(i) * 9 * time.Second), "streamer", fmt.Sprintf("m%d", i), fmt.Sprintf("viewer_%d", i%23), texts[(i*i+i/7)%len(texts)]}
		if err := enc.Encode(line); err != nil {
			panic(err) // a struct of texts
		}
	}
	return b.Bytes()
}

// example runs one example and returns what it wrote.
func (w *world) example(ctx context.Context, e guide.Example) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, blockTimeout)
	defer cancel()
	if e.Lang == "json" {
		return "", checkJSON(e.Code)
	}
	dir, err := w.folder(e)
	if err != nil {
		return "", err
	}
	server := strings.TrimPrefix(w.url, "http://")
	code := strings.NewReplacer("localhost:8000", server, "127.0.0.1:8000", server, "PORT=8000", "PORT=0").Replace(e.Code)
	env := []string{"TWITCH_IRC_URL=" + w.ircURL, "DATA_DIR=" + w.data()}
	if e.Until != "" { // a server of its own
		env = []string{"TWITCH_IRC_URL=" + w.ircURL, "PORT=0", "HOST=127.0.0.1"}
	}
	var command []string
	switch e.Lang {
	case "sh", "bash":
		if code, err = withFreePort(ctx, code); err != nil {
			return "", err
		}
		code = "TOKEN=$(cat .token 2>/dev/null || true)\n" + code + "\nprintf %s \"${TOKEN-}\" > .token\n"
		command = []string{"bash", "-euo", "pipefail", "-c", code}
	case "python":
		command = []string{"python3", "-c", code}
	case "js":
		command = []string{"node", "--input-type=module", "-e", code}
		if major, err := exec.CommandContext(ctx, "node", "-p", "process.versions.node.split('.')[0] < 22").Output(); err == nil && strings.TrimSpace(string(major)) == "true" {
			command = []string{"node", "--experimental-websocket", "--input-type=module", "-e", code}
		}
	case "go":
		file := filepath.Join(w.goDir(), fmt.Sprintf("line%d", e.Line), "main.go")
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return "", fmt.Errorf("making a folder: %w", err)
		}
		if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
			return "", fmt.Errorf("writing the program: %w", err)
		}
		dir, command = w.root, []string{"go", "run", file}
	default:
		return "", fmt.Errorf("no way is known to run %s", e.Lang)
	}
	p, err := w.process(ctx, dir, command, append(env, "PATH="+filepath.Dir(w.bin)+":"+os.Getenv("PATH")))
	if err != nil {
		return "", err
	}
	defer p.stop()
	if e.Until != "" {
		_, err := p.wait(ctx, regexp.MustCompile(regexp.QuoteMeta(e.Until)))
		return p.output(), err
	}
	select {
	case err := <-p.done:
		p.done <- err // for stop
		return p.output(), err
	case <-ctx.Done():
		return p.output(), fmt.Errorf("it did not end: %w", ctx.Err())
	}
}

// withFreePort puts a free port in place of the simulator's usual one.
func withFreePort(ctx context.Context, code string) (string, error) {
	if !strings.Contains(code, "127.0.0.1:6667") {
		return code, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return "", fmt.Errorf("finding a free port: %w", err)
	}
	code = strings.ReplaceAll(code, "chatmood sim &", "chatmood sim --listen 127.0.0.1:6667 &")
	return strings.ReplaceAll(code, "127.0.0.1:6667", addr), nil
}

// checkJSON accepts one JSON value, or one on each line.
func checkJSON(code string) error {
	dec := json.NewDecoder(strings.NewReader(code))
	for n := 0; ; n++ {
		var v any
		err := dec.Decode(&v)
		switch {
		case errors.Is(err, io.EOF) && n > 0:
			return nil
		case err != nil:
			return fmt.Errorf("it is no JSON: %w", err)
		}
	}
}

// process is a program with all that it starts.
type process struct {
	cmd  *exec.Cmd
	done chan error // gets the one result

	mu      sync.Mutex
	text    bytes.Buffer
	changed chan struct{} // gets a token when there is more output
}

// Write implements [io.Writer] for the program's output.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text.Write(b)
	select {
	case p.changed <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// process starts a program in a process group of its own, so that what it
// leaves in the background ends with it.
func (w *world) process(ctx context.Context, dir string, command, env []string) (*process, error) {
	p := &process{done: make(chan error, 1), changed: make(chan struct{}, 1)}
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), command[0], command[1:]...) // stop ends it, in order
	p.cmd.Dir = dir
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = p, p
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.WaitDelay = 5 * time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", command[0], err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	w.procs = append(w.procs, p)
	return p, nil
}

// wait returns what matches in the output, as soon as it does.
func (p *process) wait(ctx context.Context, pattern *regexp.Regexp) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if m := pattern.FindString(p.output()); m != "" {
			return m, nil
		}
		select {
		case <-p.changed:
		case err := <-p.done:
			p.done <- err
			if m := pattern.FindString(p.output()); m != "" {
				return m, nil
			}
			return "", fmt.Errorf("it ended (%w) without %q: %s", err, pattern, p.output())
		case <-ctx.Done():
			return "", fmt.Errorf("it did not say %q: %s", pattern, p.output())
		}
	}
}

// stop ends the program and all that it started. It may be called again.
func (p *process) stop() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM) // it may have ended
	select {
	case err := <-p.done:
		p.done <- err
	case <-time.After(15 * time.Second):
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
}
