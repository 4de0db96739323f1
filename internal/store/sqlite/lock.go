package sqlite

import (
	"errors"
	"fmt"
	"os"
)

// fileLock is a lock that the system releases when the process ends, however
// it ends. The file stays: removing it would let two processes lock two files
// of one name.
type fileLock struct{ f *os.File }

// lockFile takes the lock of a file, or returns [ErrLocked] at once.
func lockFile(name string) (*fileLock, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := tryLock(f); err != nil {
		if errors.Is(err, ErrLocked) {
			err = whoLocked(f)
		}
		return nil, errors.Join(err, f.Close())
	}
	// For people who wonder who it is; nothing depends on it.
	if err := f.Truncate(0); err == nil {
		_, _ = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	return &fileLock{f}, nil
}

// whoLocked names the process that holds the lock, if it left its number.
func whoLocked(f *os.File) error {
	var pid int
	if _, err := fmt.Fscan(f, &pid); err != nil || pid <= 0 {
		return ErrLocked
	}
	return fmt.Errorf("process %d holds it: %w", pid, ErrLocked)
}

// Close releases the lock.
func (l *fileLock) Close() error { return l.f.Close() }
