package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrLocked means that another process uses the database.
	ErrLocked = errors.New("another chatmood uses it: stop that one, or set DATA_DIR to a directory of its own")
	// ErrNewer means that a newer version of the program wrote the database.
	ErrNewer = errors.New("a newer version of chatmood wrote it: run that version, or set DATA_DIR to another directory")
)

// explain says what was done to the database when an error came, and what to
// do about it.
func (s *Store) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	if ctx := contextError(err); ctx != nil {
		return fmt.Errorf("%s the database %s: %w", doing, s.path, ctx)
	}
	if hint := hint(err); hint != "" {
		return fmt.Errorf("%s the database %s: %s: %w", doing, s.path, hint, err)
	}
	return fmt.Errorf("%s the database %s: %w", doing, s.path, err)
}

// Away reports whether an error of this package says that the database cannot
// work at the moment, since somebody else holds it or its disk is full or faulty,
// so that the same call may succeed later.
func Away(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff { // the primary code
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR:
		return true
	}
	return false
}

// damaged reports whether an error says that the file is not whole.
func damaged(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff
	return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}

// hint says what SQLite's result code means for whoever runs the server
// (https://www.sqlite.org/rescode.html).
func hint(err error) string {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return ""
	}
	const primary = 0xff // extended codes carry details above
	switch e.Code() & primary {
	case sqlite3.SQLITE_FULL:
		return "the disk is full; free some space"
	case sqlite3.SQLITE_READONLY:
		return "it cannot be written; let this user write the file and its directory"
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return "it cannot be opened; let this user read and write the file and its directory"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return "the file is damaged or no database; put a backup in its place, or move it away to begin anew"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "another program holds it; close that"
	case sqlite3.SQLITE_IOERR:
		return "the disk cannot be read or written; see the system's log, and whether it is full"
	}
	return ""
}

// contextError returns the context's error where that is why a call failed.
func contextError(err error) error {
	for _, target := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, target) {
			return target
		}
	}
	var e *sqlite.Error
	if errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_INTERRUPT {
		return context.Canceled
	}
	return nil
}

func lockError(dir string, err error) error {
	if errors.Is(err, ErrLocked) {
		return fmt.Errorf("opening the database in %s: %w", dir, err)
	}
	return fmt.Errorf("opening the database in %s: %w (set DATA_DIR to a directory that this user may write)", dir, cause(err))
}

// cause takes the path out of an error that already names it.
func cause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
