package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// measurer runs benchmarks and servers.
type measurer struct {
	root     string // of the repository
	binary   string // the program chatmood
	tmp      string // for what is built and kept meanwhile
	rounds   int
	binaries map[string]string // test binaries by folder
	note     func(format string, args ...any)
}

// bench is one call of a package's benchmarks.
type bench struct {
	folder   string // of the package, from the root
	pattern  string // of its benchmarks, as go test -bench has it
	time     string // as go test -benchtime has it
	oneCore  bool   // whether all of it must share one processor
	optional bool   // whether the rest is worth measuring when it cannot be downloaded
}

// samples holds what benchmarks reported: by name and unit, a value for each
// round. A name is the package's folder with that of the benchmark, without the
// word: internal/sentiment/Score/typical. NaN stands for a round in which a
// peer gave up.
type samples map[string]map[string][]float64

// errNoDownload means that an optional benchmark's libraries are not here and
// could not be got.
var errNoDownload = errors.New("its libraries could not be downloaded")

// measure runs some benchmarks in turns, so that what disturbs one round
// disturbs all of them.
func (m *measurer) measure(ctx context.Context, benches ...bench) (samples, error) {
	out := samples{}
	var ready []bench
	for _, b := range benches {
		err := m.build(ctx, b)
		if b.optional && errors.Is(err, errNoDownload) {
			m.note("  %v: not compared", err)
			continue
		}
		if err != nil {
			return nil, err
		}
		ready = append(ready, b)
	}
	for range m.rounds {
		for _, b := range ready {
			found, err := m.run(ctx, b)
			if err != nil {
				return nil, err
			}
			for name, values := range found {
				name = b.folder + "/" + strings.TrimPrefix(name, "Benchmark")
				if out[name] == nil {
					out[name] = map[string][]float64{}
				}
				for unit, v := range values {
					out[name][unit] = append(out[name][unit], v)
				}
			}
		}
	}
	return out, nil
}

// once returns a measurer of one round.
func (m *measurer) once() *measurer {
	single := *m
	single.rounds = 1
	return &single
}

// build makes the test binary of a benchmark's package.
func (m *measurer) build(ctx context.Context, b bench) error {
	if m.binaries[b.folder] != "" {
		return nil
	}
	dir := filepath.Join(m.root, b.folder)
	if b.optional {
		if err := download(ctx, dir); err != nil {
			return fmt.Errorf("%s: %w", b.folder, err)
		}
	}
	binary := filepath.Join(m.tmp, strings.ReplaceAll(b.folder, "/", "-")+".test")
	if out, err := command(ctx, dir, "go", "test", "-c", "-o", binary, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("building the benchmarks of %s: %w\n%s", b.folder, err, out)
	}
	m.binaries[b.folder] = binary
	return nil
}

// download gets the libraries of a module of its own.
func download(ctx context.Context, dir string) error {
	if out, err := command(ctx, dir, "go", "mod", "download").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", errNoDownload, bytes.TrimSpace(out))
	}
	return nil
}

// run runs benchmarks once.
func (m *measurer) run(ctx context.Context, b bench) (map[string]map[string]float64, error) {
	args := []string{"-test.run", "^$", "-test.bench", b.pattern, "-test.benchtime", b.time, "-test.timeout", "3m"}
	if b.oneCore {
		args = append(args, "-test.cpu", "1")
	}
	cmd := command(ctx, filepath.Join(m.root, b.folder), m.binaries[b.folder], args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("the benchmarks %s of %s: %w\n%s", b.pattern, b.folder, err, out)
	}
	found := parse(string(out))
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no benchmark that matches %s\n%s", b.folder, b.pattern, out)
	}
	// With a fixed number of iterations, the processor time of the whole process
	// tells what one takes even while others use the processor too.
	if n, ok := strings.CutSuffix(b.time, "x"); ok && len(found) == 1 {
		iterations, err := strconv.Atoi(n)
		if err != nil {
			return nil, fmt.Errorf("-benchtime %s: %w", b.time, err)
		}
		for _, values := range found {
			values[processorTime] = float64(cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()) / float64(iterations)
		}
	}
	return found, nil
}

// processorTime is the unit of nanoseconds that a processor worked.
const processorTime = "processor-ns/op"

// command prepares a command that is asked to stop, and only killed when it
// does not.
func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// procs is the number of processors that the testing package puts behind a
// benchmark's name.
var procs = regexp.MustCompile(`-\d+$`)

// parse reads what benchmarks print: name, iterations, then values with units.
func parse(out string) map[string]map[string]float64 {
	found := map[string]map[string]float64{}
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		if _, err := strconv.Atoi(f[1]); err != nil {
			continue
		}
		values := map[string]float64{}
		for i := 2; i+1 < len(f); i += 2 {
			if v, err := strconv.ParseFloat(f[i], 64); err == nil {
				values[f[i+1]] = v
			}
		}
		found[procs.ReplaceAllString(f[0], "")] = values
	}
	return found
}

// values returns what a benchmark reported; it is an error of this program, or
// of a renamed benchmark, if there is nothing.
func (s samples) values(name, unit string) ([]float64, error) {
	v := slices.DeleteFunc(slices.Clone(s[name][unit]), math.IsNaN)
	if len(v) == 0 {
		return nil, fmt.Errorf("%s did not report %s: there are %s", name, unit, strings.Join(slices.Sorted(maps.Keys(s)), ", "))
	}
	return v, nil
}

// least returns the smallest value: that of the least disturbed round.
func (s samples) least(name, unit string) (float64, error) {
	v, err := s.values(name, unit)
	if err != nil {
		return 0, err
	}
	return slices.Min(v), nil
}

// most returns the largest value, for rates.
func (s samples) most(name, unit string) (float64, error) {
	v, err := s.values(name, unit)
	if err != nil {
		return 0, err
	}
	return slices.Max(v), nil
}

// ratio returns the median over the rounds of a's value divided by b's.
func (s samples) ratio(a, b, unit string) (float64, error) {
	va, vb := s[a][unit], s[b][unit]
	if len(va) != len(vb) {
		return 0, fmt.Errorf("%s was run %d times, %s %d times", a, len(va), b, len(vb))
	}
	var ratios []float64
	for i := range va {
		if vb[i] == 0 {
			return 0, fmt.Errorf("%s reported 0 %s", b, unit)
		}
		if r := va[i] / vb[i]; !math.IsNaN(r) {
			ratios = append(ratios, r)
		}
	}
	if len(ratios) == 0 {
		return 0, fmt.Errorf("no round measured %s of both %s and %s: there are %s", unit, a, b, strings.Join(slices.Sorted(maps.Keys(s)), ", "))
	}
	return median(ratios), nil
}

// median returns the middle of some values; of an even number, the mean of the
// two in the middle.
func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
