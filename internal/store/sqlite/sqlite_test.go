package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chatmood/internal/analysis"
	"chatmood/internal/store/sqlite"
	"chatmood/internal/store/storetest"
)

// childEnv names the database directory of a test process that writes until it
// is killed.
const childEnv = "CHATMOOD_TEST_SQLITE_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := writeForever(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, dir string) storetest.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustOpen(t testing.TB, dir string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) { storetest.Run(t, open) }

func checkpoint(id string, at int64, parts ...analysis.Part) analysis.Checkpoint {
	return analysis.Checkpoint{SessionID: id, Channel: "somebody", StartedAt: time.Unix(1, 0), At: time.Unix(at, 0), Parts: parts}
}

// TestKill kills a process while it saves one checkpoint after the other. What
// it had reported as saved must be there.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var saved int64
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, err := fmt.Sscan(lines.Text(), &saved); err != nil {
			t.Fatalf("line %q: %v", lines.Text(), err)
		}
		if saved == 200 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process ended by itself")
	}
	if saved < 200 {
		t.Fatalf("the process saved %d checkpoints only", saved)
	}
	cps, err := mustOpen(t, dir).RunningSessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(cps) != 1 || len(cps[0].Parts) != 2 {
		t.Fatalf("resumed %+v, want one session with two parts", cps)
	}
	n := cps[0].At.Unix()
	if n < saved {
		t.Errorf("checkpoint %d was saved, but %d is the last there", saved, n)
	}
	for _, p := range cps[0].Parts {
		if want := fmt.Sprint(n); strings.TrimRight(string(p.Data), ".") != want {
			t.Errorf("part %s is of checkpoint %.10s, want %s", p.Name, p.Data, want)
		}
	}
}

func writeForever(dir string) error {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, sqlite.Config{Dir: dir})
	if err != nil {
		return err
	}
	for i := int64(1); ; i++ {
		data := []byte(fmt.Sprint(i) + strings.Repeat(".", 20_000))
		if err := s.SaveCheckpoints(ctx, []analysis.Checkpoint{checkpoint("one", i, analysis.Part{Name: "a", Data: data}, analysis.Part{Name: "b", Data: data})}); err != nil {
			return err
		}
		if _, err := fmt.Println(i); err != nil {
			return err
		}
	}
}

// TestAbruptCopy opens a copy of the files of a running store: what a crash of
// the machine leaves, if the disk has it all.
func TestAbruptCopy(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	s := mustOpen(t, dir)
	if err := s.SaveCheckpoints(t.Context(), []analysis.Checkpoint{checkpoint("one", 2, analysis.Part{Name: "a", Data: []byte("x")})}); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(s.Path() + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, filepath.Base(s.Path())+suffix), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cps, err := mustOpen(t, copied).RunningSessions(t.Context())
	if err != nil || len(cps) != 1 || len(cps[0].Parts) != 1 || string(cps[0].Parts[0].Data) != "x" {
		t.Errorf("the copy has %+v, %v", cps, err)
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	_, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if !errors.Is(err, sqlite.ErrLocked) {
		t.Fatalf("opening twice: %v, want ErrLocked", err)
	}
	for _, want := range []string{dir, fmt.Sprintf("process %d", os.Getpid()), "DATA_DIR"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir) // free again
}

func TestNewerSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	if err := s.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if !errors.Is(err, sqlite.ErrNewer) || !strings.Contains(err.Error(), s.Path()) {
		t.Errorf("opening a newer database: %v, want ErrNewer with the path", err)
	}
}

func TestBadFilesAreExplained(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		want  []string
	}{
		{"no database", func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "chatmood.db"), strings.Repeat("this is a letter to my aunt. ", 500))
		}, []string{"damaged or no database", "chatmood.db"}},
		{"damaged", func(t *testing.T, dir string) {
			s := mustOpen(t, dir)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(s.Path(), os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt([]byte(strings.Repeat("\xff", 1000)), 100); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}, []string{"damaged or no database"}},
		{"a directory in its place", func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, "chatmood.db"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, []string{"opening the database", "is a directory"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			test.spoil(t, dir)
			s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
			if err == nil {
				t.Fatal(errors.Join(errors.New("it opened"), s.Close()))
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestDataDirectoryThatIsAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	for _, dir := range []string{file, filepath.Join(file, "below")} {
		_, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), "DATA_DIR") || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v, want an error that names it and DATA_DIR", dir, err)
		}
	}
}

// TestUnwritableDirectory needs a user whom rights concern; the full disk
// below shows the same path to others.
func TestUnwritableDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if os.Geteuid() == 0 || runtime.GOOS == "windows" {
		if err != nil {
			t.Fatalf("the superuser may write everywhere, but: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "DATA_DIR") {
		t.Errorf("%v, want a permission error that names DATA_DIR", err)
	}
}

// TestFullDisk lets the file grow no further: SQLite then reports the same as
// on a full disk.
func TestFullDisk(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	if err := s.Exec(t.Context(), `PRAGMA max_page_count = 40`); err != nil {
		t.Fatal(err)
	}
	small := analysis.Part{Name: "a", Data: []byte("small")}
	if err := s.SaveCheckpoints(t.Context(), []analysis.Checkpoint{checkpoint("one", 1, small)}); err != nil {
		t.Fatal(err)
	}
	large := analysis.Part{Name: "a", Data: make([]byte, 1<<20)}
	err := s.SaveCheckpoints(t.Context(), []analysis.Checkpoint{checkpoint("one", 2, large)})
	if err == nil || !strings.Contains(err.Error(), "the disk is full") || !sqlite.Away(err) {
		t.Fatalf("saving on a full disk: %v, want an error that says so", err)
	}
	cps, err := s.RunningSessions(t.Context())
	if err != nil || len(cps) != 1 || string(cps[0].Parts[0].Data) != "small" {
		t.Errorf("afterwards: %+v, %v; want the checkpoint before", cps, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
}

func TestReadOnlyFile(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	if err := s.Exec(t.Context(), `PRAGMA query_only = 1`); err != nil {
		t.Fatal(err)
	}
	err := s.SaveCheckpoints(t.Context(), []analysis.Checkpoint{checkpoint("one", 1)})
	if err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("saving in a read-only file: %v, want an error that says so", err)
	}
}

// TestOddPath opens a directory whose name means something in an address.
func TestOddPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "50% off? #1 & more")
	s := mustOpen(t, dir)
	if _, err := os.Stat(filepath.Join(dir, "chatmood.db")); err != nil {
		t.Error(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestFileIsPrivate(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	if err := s.SaveCheckpoints(t.Context(), []analysis.Checkpoint{checkpoint("one", 1)}); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "windows" {
		return // rights are of another kind there
	}
	for _, name := range []string{s.Path(), s.Path() + "-wal"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s has rights %o, want 600", name, got)
		}
	}
}

func TestSettings(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "1", "foreign_keys": "1", "busy_timeout": "5000"} {
		got, err := s.Pragma(t.Context(), pragma)
		if err != nil || got != want {
			t.Errorf("%s = %s, %v; want %s", pragma, got, err, want)
		}
	}
}

// TestPlans asks SQLite how it answers every query: by an index, without
// sorting.
func TestPlans(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	for _, query := range sqlite.Queries {
		plan, err := s.Plan(t.Context(), query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for _, step := range plan {
			if strings.Contains(step, "TEMP B-TREE") || strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "INDEX") {
				t.Errorf("%s\nis answered with %q", strings.TrimSpace(query), step)
			}
		}
	}
}

func write(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkCheckpoint is what a node with 100 busy channels does each second.
func BenchmarkCheckpoint(b *testing.B) {
	s := mustOpen(b, b.TempDir())
	const sessions, parts, size = 100, 5, 8 << 10
	data := make([]byte, size)
	cps := make([]analysis.Checkpoint, sessions)
	for i := range cps {
		cps[i] = checkpoint(fmt.Sprintf("session-%d", i), 1)
		for j := range parts {
			cps[i].Parts = append(cps[i].Parts, analysis.Part{Name: fmt.Sprintf("part-%d", j), Data: data})
		}
	}
	b.SetBytes(sessions * parts * size)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.SaveCheckpoints(b.Context(), cps); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlainWrite is the baseline: the same bytes appended to a file.
func BenchmarkPlainWrite(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "plain"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	data := make([]byte, 100*5*8<<10)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			b.Fatal(err)
		}
		if _, err := f.Write(data); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen is the database's share of the time to start.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	b.ReportAllocs()
	for b.Loop() {
		s, err := sqlite.Open(b.Context(), sqlite.Config{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
