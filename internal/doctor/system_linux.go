package doctor

import (
	"context"
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"

	"chatmood/internal/config"
)

// freeBytes is how much this user may still write where dir is.
func freeBytes(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}

// clockSynchronised asks the kernel, which a time service tells (adjtimex(2)).
func clockSynchronised() (synchronised, known bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return false, false
	}
	return state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, true
}

// openFiles compares the limit of open files with the viewers that are allowed.
func openFiles(_ context.Context, cfg *config.Config) (Status, string, string) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return Skipped, "this system does not tell the limit", ""
	}
	// Besides sockets: database, log, listener, connections to Twitch, NATS and mail.
	const others = 500
	need := uint64(cfg.MaxSockets) + others
	seen := fmt.Sprintf("at most %d, %d viewers are allowed", limit.Max, cfg.MaxSockets)
	if limit.Max < need {
		return Warning, seen, fmt.Sprintf("raise the limit (LimitNOFILE=%d in the unit, ulimit -n), or lower MAX_SOCKETS", need)
	}
	return OK, seen, ""
}
