package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"
)

// Some figures are the server's alone, so that it gets a process of its own:
// this program, started with -serve.

// order is what the process of a server is told, in a line of JSON.
type order struct {
	Rate    float64 `json:"rate"`    // say so many messages a second …
	Seconds float64 `json:"seconds"` // … for so long; 0: only tell the figures
	Collect bool    `json:"collect"` // collect garbage first
}

// figures are what it answers, in a line of JSON.
type figures struct {
	URL   string   `json:"url,omitempty"` // of the first answer: as running has it
	Sub   string   `json:"sub,omitempty"`
	Hello []string `json:"hello,omitempty"`

	Said     int     `json:"said"`     // messages
	CPU      float64 `json:"cpu"`      // seconds of processor time meanwhile
	Writes   int64   `json:"writes"`   // to sockets meanwhile, where that is counted
	Blocked  int     `json:"blocked"`  // sockets that take nothing more, where that is counted
	Used     float64 `json:"used"`     // bytes of heap and stacks
	Resident float64 `json:"resident"` // bytes
	Fault    string  `json:"fault,omitempty"`
}

// serve is the process of a server.
func serve(ctx context.Context, s server, o options, in io.Reader, out io.Writer) error {
	srv, err := s.start(o)
	if err != nil {
		return err
	}
	defer srv.stop()
	answers := json.NewEncoder(out)
	if err := answers.Encode(figures{URL: srv.url, Sub: srv.sub, Hello: srv.hello}); err != nil {
		return fmt.Errorf("telling the address: %w", err)
	}
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return fmt.Errorf("reading an order: %w", err)
		}
		var f figures
		count := func() (int64, time.Duration) {
			if srv.writes == nil {
				return 0, processorTime()
			}
			return srv.writes(), processorTime()
		}
		writes, used := count()
		if o.Seconds > 0 {
			var err error
			if f.Said, err = talk(ctx, srv, o); err != nil {
				f.Fault = err.Error()
			}
		}
		if o.Collect {
			debug.FreeOSMemory()
		}
		w, u := count()
		f.Writes, f.CPU = w-writes, (u - used).Seconds()
		if srv.blocked != nil {
			f.Blocked = srv.blocked()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		f.Used, f.Resident = float64(m.HeapAlloc+m.StackInuse), resident()
		if err := answers.Encode(f); err != nil {
			return fmt.Errorf("telling the figures: %w", err)
		}
	}
	return nil
}

// talk says messages at an even rate.
func talk(ctx context.Context, srv running, o order) (said int, err error) {
	tick := time.NewTicker(time.Duration(float64(time.Second) / o.Rate))
	defer tick.Stop()
	end := time.NewTimer(time.Duration(o.Seconds * float64(time.Second)))
	defer end.Stop()
	for {
		select {
		case <-ctx.Done():
			return said, ctx.Err()
		case <-end.C:
			return said, nil
		case at := <-tick.C:
			if err := srv.say(stamped(at)); err != nil {
				return said, err
			}
			said++
		}
	}
}

// resident is the memory of this process as the system sees it; 0 where it
// does not say.
func resident() float64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages float64
	if _, err := fmt.Sscan(string(data), &size, &pages); err != nil {
		return 0
	}
	return pages * float64(os.Getpagesize())
}

// child is the process of a server from outside.
type child struct {
	running
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

func startChild(ctx context.Context, s server, o options) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("starting a server: %w", err)
	}
	c := &child{cmd: exec.CommandContext(ctx, self, "-serve", s.name, "-sendbuffer", strconv.Itoa(o.sendBuffer))}
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting a server: %w", err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting a server: %w", err)
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting a server: %w", err)
	}
	c.lines = bufio.NewScanner(out)
	f, err := c.answer()
	if err != nil {
		c.end()
		return nil, err
	}
	c.url, c.sub, c.hello = f.URL, f.Sub, f.Hello
	return c, nil
}

func (c *child) answer() (f figures, err error) {
	if !c.lines.Scan() {
		return f, errors.New("the server ended")
	}
	if err := json.Unmarshal(c.lines.Bytes(), &f); err != nil {
		return f, fmt.Errorf("the server answered %q: %w", c.lines.Text(), err)
	}
	if f.Fault != "" {
		return f, fmt.Errorf("the server: %s", f.Fault)
	}
	return f, nil
}

func (c *child) ask(o order) (figures, error) {
	line, err := json.Marshal(o)
	if err != nil {
		return figures{}, err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return figures{}, fmt.Errorf("telling the server: %w", err)
	}
	return c.answer()
}

func (c *child) end() {
	c.in.Close()
	_ = c.cmd.Wait() // what it was for is done
}
