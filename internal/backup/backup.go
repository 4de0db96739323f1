// Package backup copies a data directory into one file while a server uses it,
// and puts it back.
//
// A backup is a tar file compressed with gzip: the database as it was at one
// instant, whatever else is in the data directory (the key made for development,
// pages of the operator's), and last manifest.json, which tells size and SHA-256
// of each file and how many rows each table has.
package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"chatmood/internal/store/sqlite"
)

const (
	manifestName = "manifest.json"
	format       = 1
	maxManifest  = 1 << 20
	maxFiles     = 10_000
	// Extension is how the names of backups end.
	Extension = ".tar.gz"
	prefix    = "chatmood-"
	stamp     = "20060102T150405Z"
)

// Manifest tells what a backup holds.
type Manifest struct {
	Format    int             `json:"format"`
	Version   string          `json:"version"` // of the program that wrote it
	CreatedAt time.Time       `json:"created_at"`
	Database  sqlite.Contents `json:"database"`
	Files     []File          `json:"files"`
}

// File is a file in a backup.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Create writes a backup of a data directory. to is the file, or a directory
// in which the file gets a name of its own; the file must not exist. It appears
// under its name only when it is whole.
func Create(ctx context.Context, dir, to, version string, now time.Time) (file string, _ *Manifest, err error) {
	file = to
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		file = filepath.Join(to, prefix+now.UTC().Format(stamp)+Extension)
	}
	if _, err := os.Lstat(file); err == nil {
		return "", nil, fmt.Errorf("%s is there already: name a new file, or a directory", file)
	}
	out, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-*") // mode 0600
	if err != nil {
		return "", nil, fmt.Errorf("writing the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreClosed(out.Close()), ignoreMissing(os.Remove(out.Name())))
		}
	}()
	m, err := write(ctx, dir, out, version, now)
	if err != nil {
		return "", nil, err
	}
	if err := errors.Join(out.Sync(), out.Close()); err != nil {
		return "", nil, fmt.Errorf("writing the backup %s: %w", file, err)
	}
	// A link, not a rename: it fails where the name was taken meanwhile.
	if err := os.Link(out.Name(), file); err != nil {
		return "", nil, fmt.Errorf("naming the backup: %w", err)
	}
	if err := os.Remove(out.Name()); err != nil {
		return "", nil, fmt.Errorf("removing the backup's first name: %w", err)
	}
	return file, m, nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func write(ctx context.Context, dir string, w io.Writer, version string, now time.Time) (*Manifest, error) {
	work, err := os.MkdirTemp("", "chatmood-backup-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the database's copy: %w", err)
	}
	defer os.RemoveAll(work)
	database := filepath.Join(work, sqlite.FileName)
	if err := sqlite.Snapshot(ctx, dir, database); err != nil {
		return nil, err
	}
	m := &Manifest{Format: format, Version: version, CreatedAt: now.UTC().Truncate(time.Second)}
	if m.Database, err = sqlite.Inspect(ctx, database); err != nil {
		return nil, err
	}
	zip := gzip.NewWriter(w)
	archive := tar.NewWriter(zip)
	add := func(name, from string) error {
		f, err := addFile(ctx, archive, name, from)
		if err != nil {
			return fmt.Errorf("adding %s to the backup: %w", name, err)
		}
		m.Files = append(m.Files, f)
		return nil
	}
	if err := add(sqlite.FileName, database); err != nil {
		return nil, err
	}
	others, err := otherFiles(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range others {
		if err := add(name, filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return nil, err
		}
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding the manifest: %w", err)
	}
	if err := archive.WriteHeader(&tar.Header{Name: manifestName, Mode: 0o600, Size: int64(len(data)), ModTime: m.CreatedAt}); err != nil {
		return nil, fmt.Errorf("writing the manifest: %w", err)
	}
	if _, err := archive.Write(data); err != nil {
		return nil, fmt.Errorf("writing the manifest: %w", err)
	}
	if err := errors.Join(archive.Close(), zip.Close()); err != nil {
		return nil, fmt.Errorf("finishing the backup: %w", err)
	}
	return m, nil
}

// otherFiles lists what is kept beside the database, as slash-separated names.
// Mail that development wrote to files is not kept.
func otherFiles(dir string) (names []string, err error) {
	err = filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		switch {
		case d.IsDir() && (rel == "outbox" || rel == "backups"):
			return fs.SkipDir
		case !d.Type().IsRegular(), strings.HasPrefix(rel, sqlite.FileName), rel == manifestName, strings.HasSuffix(rel, Extension):
			return nil
		}
		if names = append(names, rel); len(names) > maxFiles {
			return fmt.Errorf("there are more than %d files beside the database: is this the data directory?", maxFiles)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", dir, err)
	}
	return names, nil
}

func addFile(ctx context.Context, archive *tar.Writer, name, from string) (File, error) {
	f, err := os.Open(from)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return File{}, err
	}
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
		return File{}, err
	}
	hash := sha256.New()
	// One that grows meanwhile is taken as it was; one that shrinks is an error.
	if _, err := io.Copy(io.MultiWriter(archive, hash), io.LimitReader(cancelled{ctx, f}, info.Size())); err != nil {
		return File{}, err
	}
	if err := archive.Flush(); err != nil {
		return File{}, err
	}
	return File{name, info.Size(), hex.EncodeToString(hash.Sum(nil))}, nil
}

// cancelled reads until a context ends.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// Restore puts a backup into a data directory that is empty or does not exist.
// Nothing is there before all of it was read, compared with the manifest and
// found whole, and the database was checked.
func Restore(ctx context.Context, file, dir string) (_ *Manifest, err error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty: nothing is overwritten. Move it away, or restore into another directory", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading %s: %w", dir, err)
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("finding %s: %w", dir, err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of %s: %w", dir, err)
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+"-restore-")
	if err != nil {
		return nil, fmt.Errorf("making a folder beside %s: %w", dir, err)
	}
	defer os.RemoveAll(work)
	m, err := extract(ctx, file, work)
	if err != nil {
		return nil, fmt.Errorf("reading the backup %s: %w", file, err)
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("replacing %s: %w", dir, err)
	}
	if err := os.Rename(work, dir); err != nil {
		return nil, fmt.Errorf("putting the data in place: %w", err)
	}
	return m, nil
}

// Verify reads a backup whole and checks it as [Restore] does.
func Verify(ctx context.Context, file string) (*Manifest, error) {
	work, err := os.MkdirTemp("", "chatmood-verify-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(work)
	m, err := extract(ctx, file, work)
	if err != nil {
		return nil, fmt.Errorf("reading the backup %s: %w", file, err)
	}
	return m, nil
}

var errNoBackup = errors.New("this is no whole backup of chatmood: it breaks off, or is something else")

func extract(ctx context.Context, file, into string) (*Manifest, error) {
	in, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	zip, err := gzip.NewReader(cancelled{ctx, in})
	if err != nil {
		return nil, errors.Join(errNoBackup, err)
	}
	root, err := os.OpenRoot(into) // names cannot lead out of it
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // it was only read through
	archive := tar.NewReader(zip)
	var found []File
	var m *Manifest
	for {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.Join(errNoBackup, err)
		}
		switch {
		case m != nil, h.Typeflag != tar.TypeReg, !fs.ValidPath(h.Name), len(found) > maxFiles:
			return nil, errNoBackup
		case h.Name == manifestName:
			if m, err = readManifest(archive); err != nil {
				return nil, err
			}
			continue
		}
		f, err := extractFile(root, h, archive)
		if err != nil {
			return nil, err
		}
		found = append(found, f)
	}
	if m == nil {
		return nil, errNoBackup
	}
	if !slices.Equal(found, m.Files) {
		return nil, errors.New("a file in it is not as it was when the backup was made: take another backup")
	}
	contents, err := sqlite.Inspect(ctx, filepath.Join(into, sqlite.FileName))
	if err != nil {
		return nil, err
	}
	for table, rows := range m.Database.Rows {
		if contents.Rows[table] != rows {
			return nil, fmt.Errorf("the table %s has %d rows, %d were saved", table, contents.Rows[table], rows)
		}
	}
	return m, nil
}

func readManifest(r io.Reader) (*Manifest, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxManifest))
	if err != nil {
		return nil, errors.Join(errNoBackup, err)
	}
	m := new(Manifest)
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(m); err != nil {
		return nil, errors.Join(errNoBackup, err)
	}
	if m.Format != format {
		return nil, fmt.Errorf("it has the format %d, this program knows %d: use the version of chatmood that wrote it (%.40q)", m.Format, format, m.Version)
	}
	return m, nil
}

func extractFile(root *os.Root, h *tar.Header, r io.Reader) (File, error) {
	if folder := path.Dir(h.Name); folder != "." {
		if err := root.MkdirAll(folder, 0o700); err != nil {
			return File{}, err
		}
	}
	out, err := root.OpenFile(h.Name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return File{}, err
	}
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, hash), r)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return File{}, err
	}
	return File{h.Name, n, hex.EncodeToString(hash.Sum(nil))}, nil
}

// Last returns when the newest backup in a directory was made that [Create]
// named; false where there is none, or no directory.
func Last(dir string) (at time.Time, ok bool, err error) {
	names, err := named(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(names) == 0 {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, err
	}
	at, ok = timeOf(names[len(names)-1])
	return at, ok, nil
}

// timeOf reads the time in the name of a backup.
func timeOf(name string) (time.Time, bool) {
	middle, ours := strings.CutPrefix(name, prefix)
	middle, ends := strings.CutSuffix(middle, Extension)
	at, err := time.Parse(stamp, middle)
	return at, ours && ends && err == nil
}

// named lists the backups in a directory that have names of [Create], the
// oldest first.
func named(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir) // sorted, as the stamps in the names
	if err != nil {
		return nil, fmt.Errorf("listing the backups: %w", err)
	}
	for _, e := range entries {
		if _, ok := timeOf(e.Name()); ok && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// Rotate removes the oldest backups that [Create] named in a directory, so that
// keep are left, and returns the names of those removed.
func Rotate(dir string, keep int) (removed []string, err error) {
	names, err := named(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names[:max(len(names)-max(keep, 0), 0)] {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return removed, fmt.Errorf("removing an old backup: %w", err)
		}
		removed = append(removed, name)
	}
	return removed, nil
}
