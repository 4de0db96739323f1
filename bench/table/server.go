package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// server is a running chatmood serve.
type server struct {
	cmd      *exec.Cmd
	stderr   *bytes.Buffer
	address  string        // host and port
	answered time.Duration // from the start of the process to the first good answer
}

// serve starts a server on a free port of this machine's own and waits until
// it answers. It reads no configuration but env.
func (m *measurer) serve(ctx context.Context, dataDir string, env ...string) (*server, error) {
	s := &server{cmd: command(ctx, m.tmp, m.binary, "serve"), stderr: &bytes.Buffer{}}
	s.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + m.tmp, "HOST=127.0.0.1", "PORT=0", "DATA_DIR=" + dataDir, "LOG_LEVEL=warn",
		"TWITCH_IRC_URL=irc://127.0.0.1:9", // nobody is there, and nobody is asked before a channel is connected
	}, env...)
	s.cmd.Stderr = s.stderr
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w (make build makes it)", err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the server did not print its address: %w", err), s.stop())
	}
	_, rest, ok := strings.Cut(line, "http://")
	if !ok {
		return nil, errors.Join(fmt.Errorf("the server printed no address: %q", line), s.stop())
	}
	s.address = strings.Fields(rest)[0]
	for {
		if err = s.get(ctx, "/health/live"); err == nil {
			s.answered = time.Since(began)
			return s, nil
		}
		if time.Since(began) > 30*time.Second || ctx.Err() != nil {
			return nil, errors.Join(fmt.Errorf("the server does not answer: %w", err), s.stop())
		}
		time.Sleep(time.Millisecond)
	}
}

// stop ends the server in an orderly way. That it cannot is an error.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	overdue := time.AfterFunc(20*time.Second, func() { s.cmd.Process.Kill() })
	err := s.cmd.Wait()
	if !overdue.Stop() {
		err = errors.Join(errors.New("the server did not stop within 20 s and was killed"), err)
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, s.stderr)
	}
	return nil
}

func (s *server) get(ctx context.Context, path string) error {
	return s.ask(ctx, http.MethodGet, path, "")
}

// ask sends a request whose answer does not matter beyond that it is good.
func (s *server) ask(ctx context.Context, method, path, body string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.address+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s was answered with %s: %s", method, path, resp.Status, bytes.TrimSpace(answer))
	}
	return nil
}

// resident returns the memory of the server that is in use as the system sees
// it, in bytes.
func (s *server) resident(ctx context.Context) (float64, error) {
	pid := strconv.Itoa(s.cmd.Process.Pid)
	if data, err := os.ReadFile("/proc/" + pid + "/status"); err == nil {
		for line := range strings.Lines(string(data)) {
			if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
				kib, err := strconv.ParseFloat(f[1], 64)
				return kib * 1024, err
			}
		}
	}
	out, err := exec.CommandContext(ctx, "ps", "-o", "rss=", "-p", pid).Output() // #nosec G204 -- a number
	if err != nil {
		return 0, fmt.Errorf("asking ps for the server's memory: %w", err)
	}
	kib, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	return kib * 1024, err
}
