package app_test

import (
	"os/signal"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// prepareChild lets a write beyond the limit of file sizes fail, as on a full
// disk, instead of ending the process.
func prepareChild() { signal.Ignore(syscall.SIGXFSZ) }

// fillDisk lets a process write nothing any more that lasts, until the returned
// function is called: no file may grow beyond a page.
func fillDisk(t *testing.T, p *spawned) (free func()) {
	t.Helper()
	var before unix.Rlimit
	set := func(to, old *unix.Rlimit) {
		t.Helper()
		if err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, to, old); err != nil {
			t.Fatal(err)
		}
	}
	set(nil, &before)
	set(&unix.Rlimit{Cur: 4096, Max: before.Max}, nil)
	return func() { set(&before, nil) }
}
