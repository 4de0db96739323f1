package app

import (
	"context"
	"errors"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// storeAway reports whether an error says that the database cannot be used just
// now, so that the same request may succeed later: MongoDB cannot be reached or
// has no primary, or the disk under the embedded database is full or held.
func storeAway(err error) bool {
	if driver.IsTimeout(err) || driver.IsNetworkError(err) || errors.Is(err, driver.ErrClientDisconnected) {
		return true
	}
	var labeled driver.LabeledError
	if errors.As(err, &labeled) && labeled.HasErrorLabel("RetryableWriteError") {
		return true // while a replica set elects
	}
	var command driver.CommandError
	if errors.As(err, &command) {
		switch command.Code {
		case 91, 189, 10107, 11600, 11602, 13435, 13436: // shutting down, stepping down, no primary
			return true
		}
	}
	var file *sqlite.Error
	if errors.As(err, &file) {
		switch file.Code() & 0xff { // the primary code
		case lib.SQLITE_FULL, lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_IOERR:
			return true
		}
	}
	return errors.Is(err, context.DeadlineExceeded)
}
