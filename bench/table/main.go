// Command table measures chatmood and prints one table: speed, memory, size,
// each with its bound and, where somebody else does the same, as a ratio to
// that one measured in turns on the same machine.
//
// It fails when something does not work, never because something is slow.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// limit bounds the whole measurement: what takes longer hangs.
const limit = 10 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is main with everything that tests may want to set.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("table", flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", ".", "root of the repository")
	binary := flags.String("bin", "bin/chatmood", "the built program, from the root")
	rounds := flags.Int("rounds", 3, "how often each benchmark is run, in turns with what it is compared with")
	file := flags.String("json", "", "write the rows to this file, too")
	only := flags.String("only", "", "measure only the groups whose name matches this regular expression")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *rounds < 1 || *rounds > 100 {
		return fmt.Errorf("-rounds is %d: it must be from 1 to 100", *rounds)
	}
	chosen, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tmp, err := os.MkdirTemp("", "chatmood-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	abs, err := filepath.Abs(*root)
	if err != nil {
		return err
	}

	if !filepath.IsAbs(*binary) {
		*binary = filepath.Join(abs, *binary)
	}

	m := &measurer{
		root: abs, binary: *binary, tmp: tmp, rounds: *rounds, binaries: map[string]string{},
		note: func(format string, args ...any) { fmt.Fprintf(stderr, format+"\n", args...) },
	}
	var t table
	measured := 0
	began := time.Now()
	before := load()
	for _, g := range groups {
		if !chosen.MatchString(g.name) {
			continue
		}
		measured++
		m.note("» %s", g.name)
		rows, err := g.measure(ctx, m)
		if err != nil {
			if ctx.Err() != nil {
				err = fmt.Errorf("%w (%w)", err, context.Cause(ctx))
			}
			return fmt.Errorf("measuring %s: %w", g.name, err)
		}
		t = append(t, rows...)
	}
	if measured == 0 {
		var names []string
		for _, g := range groups {
			names = append(names, g.name)
		}
		return fmt.Errorf("-only %q matches none of: %s", *only, strings.Join(names, ", "))
	}
	fmt.Fprintf(stdout, "%s %s/%s, %d processors, load %s before and %s after, %d rounds, %s\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), before, load(), *rounds, time.Since(began).Round(time.Second))
	if *file != "" {
		if err := t.save(*file); err != nil {
			return fmt.Errorf("-json: %w", err)
		}
	}
	return t.write(stdout)
}

// load tells how busy the machine is, where the system says so.
func load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(data), " ")
	return first
}
