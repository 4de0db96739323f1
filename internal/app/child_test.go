package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chatmood/internal/app"
	"chatmood/internal/config"
)

// childVariable makes the test binary a server: a process that tests can kill.
const childVariable = "CHATMOOD_TEST_CHILD"

// clockVariable sets a child's clock forward by a duration.
const clockVariable = "CHATMOOD_TEST_CLOCK"

func TestMain(m *testing.M) {
	if text := os.Getenv(natsVariable); text != "" {
		if err := serveNATS(text); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv(childVariable) != "" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// hello is what a child says when it serves.
type hello struct {
	URL   string
	Setup string // the link by which the first administrator is made; empty: there is one
}

func child() error {
	prepareChild()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := config.Load(os.LookupEnv, "")
	if err != nil {
		return err
	}
	opts := app.Options{Config: cfg, Version: "test", Timing: quick, PasswordCost: 4}
	if text := os.Getenv(clockVariable); text != "" {
		ahead, err := time.ParseDuration(text)
		if err != nil {
			return err
		}
		opts.Now = func() time.Time { return time.Now().Add(ahead) }
	}
	a, err := app.New(ctx, opts)
	if err != nil {
		return err
	}
	setup, err := a.SetupLink(ctx)
	if err != nil {
		return err
	}
	line, err := json.Marshal(hello{a.URL(), setup})
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	return a.Run(ctx)
}

// spawned is a server in a process of its own.
type spawned struct {
	hello
	t    *testing.T
	cmd  *exec.Cmd
	done bool
}

// spawn starts a server in a process of its own.
func spawn(t *testing.T, env map[string]string) *spawned {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &spawned{t: t, cmd: exec.Command(self)}
	p.cmd.Dir = t.TempDir() // no .env
	p.cmd.Env = []string{childVariable + "=1", "PORT=0", "STOP_TIMEOUT=5s"}
	for name, value := range env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	errors, err := os.Create(filepath.Join(p.cmd.Dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer errors.Close()
	p.cmd.Stderr = errors
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.end(syscall.SIGTERM) })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &p.hello)
	}
	if err != nil {
		said, _ := os.ReadFile(errors.Name())
		t.Fatalf("the server did not start: %v\n%s", err, said)
	}
	return p
}

// kill ends the process as kill -9 does.
func (p *spawned) kill() { p.end(syscall.SIGKILL) }

// stop ends the process in order.
func (p *spawned) stop() { p.end(syscall.SIGTERM) }

func (p *spawned) end(how syscall.Signal) {
	if p.done {
		return
	}
	p.done = true
	if err := p.cmd.Process.Signal(how); err != nil {
		p.t.Error(err)
	}
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if how == syscall.SIGKILL && errors.As(err, &exit) {
		err = nil
	}
	said, readErr := os.ReadFile(filepath.Join(p.cmd.Dir, "stderr"))
	if err != nil || readErr != nil || strings.Contains(string(said), "panic") {
		p.t.Errorf("the server ended with %v, %v and said:\n%s", err, readErr, said)
	}
}
