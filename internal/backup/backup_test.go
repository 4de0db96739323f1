package backup_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/backup"
	"chatmood/internal/store/sqlite"
)

var now = time.Date(2026, 11, 28, 16, 45, 0, 0, time.UTC)

// fill makes a data directory with sessions and other files; the store stays
// open, as a server's.
func fill(t *testing.T, sessions int) (dir string, s *sqlite.Store) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for i := range sessions {
		save(t, s, i)
	}
	for name, text := range map[string]string{"secret.key": "not so secret", "pages/privacy.md": "# Privacy", "outbox/mail.eml": "left out"} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, s
}

func save(t *testing.T, s *sqlite.Store, i int) {
	t.Helper()
	err := s.SaveCheckpoints(context.WithoutCancel(t.Context()), []analysis.Checkpoint{{
		SessionID: fmt.Sprintf("%024x", i), Channel: fmt.Sprintf("channel%d", i), StartedAt: now, At: now,
		Parts: []analysis.Part{{Name: "a", Data: bytes.Repeat([]byte{byte(i)}, 2000)}, {Name: "b", Data: []byte("b")}},
	}})
	if err != nil {
		t.Error(err)
	}
}

func create(t *testing.T, dir string) (file string, m *backup.Manifest) {
	t.Helper()
	file, m, err := backup.Create(t.Context(), dir, t.TempDir(), "1.2.3", now)
	if err != nil {
		t.Fatal(err)
	}
	return file, m
}

func TestBackupWhileTheServerWrites(t *testing.T) {
	dir, s := fill(t, 50)
	ctx, stop := context.WithCancel(t.Context())
	written := make(chan int)
	started := make(chan struct{})
	go func() {
		n := 50
		for ; ctx.Err() == nil; n++ {
			save(t, s, n)
			if n == 55 {
				close(started)
			}
		}
		written <- n
	}()
	<-started
	file, m := create(t, dir)
	stop()
	total := int64(<-written)
	if want := "chatmood-20261128T164500Z.tar.gz"; filepath.Base(file) != want {
		t.Errorf("the file is %s, want %s", file, want)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup may be read by others: %v, %v", info.Mode(), err)
	}
	rows := m.Database.Rows
	if rows["sessions"] < 55 || rows["sessions"] > total || rows["parts"] != 2*rows["sessions"] {
		t.Errorf("the backup has %d sessions and %d parts of %d sessions: not one instant", rows["sessions"], rows["parts"], total)
	}

	back := filepath.Join(t.TempDir(), "new", "data")
	if _, err := backup.Restore(t.Context(), file, back); err != nil {
		t.Fatal(err)
	}
	restored, err := sqlite.Open(t.Context(), sqlite.Config{Dir: back})
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	running, err := restored.RunningSessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(running)) != rows["sessions"] || !bytes.Equal(running[7].Parts[0].Data, bytes.Repeat([]byte{7}, 2000)) {
		t.Errorf("%d sessions came back, want %d", len(running), rows["sessions"])
	}
	for name, want := range map[string]string{"secret.key": "not so secret", "pages/privacy.md": "# Privacy"} {
		if got, err := os.ReadFile(filepath.Join(back, name)); err != nil || string(got) != want {
			t.Errorf("%s came back as %q: %v", name, got, err)
		}
	}
	if _, err := os.Stat(filepath.Join(back, "outbox")); err == nil {
		t.Error("mail that development wrote is in the backup")
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir, _ := fill(t, 1)
	file, _ := create(t, dir)
	if _, err := backup.Restore(t.Context(), file, dir); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("restoring over data: %v", err)
	}
	if _, _, err := backup.Create(t.Context(), dir, file, "", now); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("writing over a backup: %v", err)
	}
	if _, err := backup.Restore(t.Context(), file, t.TempDir()); err != nil {
		t.Errorf("restoring into an empty directory: %v", err)
	}
}

// Whatever happened to a backup, Restore finds it and leaves nothing behind.
func TestDamagedBackups(t *testing.T) {
	dir, _ := fill(t, 3)
	file, _ := create(t, dir)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	content := unpack(t, good)
	damaged := map[string][]byte{
		"empty": {}, "text": []byte("hello"), "gzip of nothing": pack(t, nil),
		"a manifest alone":        pack(t, content[len(content)-1:]),
		"no manifest":             pack(t, content[:len(content)-1]),
		"a file is missing":       pack(t, slices.Delete(slices.Clone(content), 1, 2)),
		"a file too many":         pack(t, append([]entry{{"extra", []byte("x")}}, content...)),
		"something after the end": pack(t, append(slices.Clone(content), entry{"late", nil})),
		"a name that leads out":   pack(t, append([]entry{{"../escaped", []byte("x")}}, content...)),
		"an absolute name":        pack(t, append([]entry{{"/tmp/escaped", []byte("x")}}, content...)),
	}
	for i := range len(content) - 1 { // the manifest itself is guarded by gzip's sum alone
		changed := slices.Clone(content)
		data := slices.Clone(changed[i].data)
		data[len(data)/2] ^= 1
		changed[i].data = data
		damaged["a bit of "+changed[i].name] = pack(t, changed)
	}
	for cut := 1; cut < 20; cut++ {
		damaged[fmt.Sprintf("%d of 20 parts", cut)] = good[:len(good)*cut/20]
	}
	for name, data := range damaged {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			bad := filepath.Join(folder, "bad.tar.gz")
			if err := os.WriteFile(bad, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := backup.Verify(t.Context(), bad); err == nil {
				t.Error("it is taken for good")
			}
			if _, err := backup.Restore(t.Context(), bad, filepath.Join(folder, "data")); err == nil {
				t.Error("it is restored")
			}
			left, err := os.ReadDir(folder)
			if err != nil || len(left) != 1 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
	if m, err := backup.Verify(t.Context(), file); err != nil || m.Version != "1.2.3" || !m.CreatedAt.Equal(now) {
		t.Errorf("the backup itself: %+v, %v", m, err)
	}
}

type entry struct {
	name string
	data []byte
}

func unpack(t *testing.T, file []byte) (list []entry) {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for archive := tar.NewReader(zip); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, entry{h.Name, data})
	}
}

func pack(t *testing.T, list []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	archive := tar.NewWriter(zip)
	for _, e := range list {
		if err := archive.WriteHeader(&tar.Header{Name: e.name, Mode: 0o600, Size: int64(len(e.data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestADamagedDatabaseIsNotBackedUp(t *testing.T) {
	dir, s := fill(t, 200)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, sqlite.FileName)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(data) / 2; i < len(data)/2+8192; i++ {
		data[i] = 0xA5
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if _, _, err := backup.Create(t.Context(), dir, folder, "", now); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged database: %v", err)
	}
	if left, _ := os.ReadDir(folder); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, _, err := backup.Create(t.Context(), t.TempDir(), folder, "", now); err == nil || !strings.Contains(err.Error(), "DATA_DIR") {
		t.Errorf("no database: %v", err)
	}
}

func TestRotate(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"chatmood-20261101T000000Z.tar.gz", "chatmood-20261102T000000Z.tar.gz", "chatmood-20261103T000000Z.tar.gz",
		"chatmood-mine.tar.gz", "other.tar.gz", "chatmood-20261031T000000Z.txt",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if at, ok, err := backup.Last(dir); err != nil || !ok || !at.Equal(time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the last is of %v, %v: %v", at, ok, err)
	}
	if _, ok, err := backup.Last(filepath.Join(dir, "missing")); err != nil || ok {
		t.Errorf("a directory that is not there has a last backup: %v", err)
	}
	removed, err := backup.Rotate(dir, 2)
	if err != nil || !slices.Equal(removed, []string{"chatmood-20261101T000000Z.tar.gz"}) {
		t.Errorf("removed %v: %v", removed, err)
	}
	if removed, err = backup.Rotate(dir, 2); err != nil || len(removed) != 0 {
		t.Errorf("removed %v the second time: %v", removed, err)
	}
}

// FuzzArchive: whatever is in an archive, nothing of it comes to lie outside the
// folder it is restored into, and what is no whole backup leaves none.
func FuzzArchive(f *testing.F) {
	for _, seed := range []struct {
		name, link, content string
		kind                byte
	}{
		{"chatmood.db", "", "SQLite format 3\x00", tar.TypeReg},
		{"manifest.json", "", `{"format":1}`, tar.TypeReg},
		{"../evil", "", "x", tar.TypeReg},
		{"/evil", "", "x", tar.TypeReg},
		{"a/../../evil", "", "x", tar.TypeReg},
		{"link", "..", "", tar.TypeSymlink},
		{"link", "/etc", "", tar.TypeLink},
		{"pipe", "", "", tar.TypeFifo},
		{"folder/", "", "", tar.TypeDir},
		{`..\evil`, "", "x", tar.TypeReg},
		{"a\x00b", "", "x", tar.TypeReg},
		{strings.Repeat("a/", 200), "", "x", tar.TypeReg},
	} {
		f.Add(seed.name, seed.link, []byte(seed.content), seed.kind)
	}
	f.Fuzz(func(t *testing.T, name, link string, content []byte, kind byte) {
		top := t.TempDir()
		file := filepath.Join(top, "backup.tar.gz")
		var data bytes.Buffer
		zip := gzip.NewWriter(&data)
		archive := tar.NewWriter(zip)
		for _, n := range []string{name, "link/evil", "manifest.json"} {
			h := &tar.Header{Name: n, Mode: 0o777, Size: int64(len(content)), Typeflag: tar.TypeReg}
			if n == name {
				h.Typeflag, h.Linkname = kind, link
				if kind != tar.TypeReg {
					h.Size = 0
				}
			}
			if archive.WriteHeader(h) != nil {
				continue // no archive holds such a one
			}
			if h.Size > 0 {
				if _, err := archive.Write(content); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := errors.Join(archive.Close(), zip.Close(), os.WriteFile(file, data.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		if m, err := backup.Restore(t.Context(), file, filepath.Join(top, "data")); err == nil {
			t.Errorf("restored %+v", m)
		}
		left, err := os.ReadDir(top)
		if err != nil || len(left) != 1 {
			t.Errorf("%q leaves %v, %v", name, left, err)
		}
	})
}
