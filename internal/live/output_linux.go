package live

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// output writes to sockets without waiting for them. It is one goroutine's.
type output struct {
	haul haul

	bufs  [][]byte
	n     int
	err   error
	write func(fd uintptr) bool // for syscall.RawConn, made once
}

func newOutput() *output {
	o := &output{}
	o.write = func(fd uintptr) bool {
		for {
			if len(o.bufs) == 1 {
				o.n, o.err = syscall.Write(int(fd), o.bufs[0])
			} else {
				o.n, o.err = unix.Writev(int(fd), o.bufs)
			}
			if !errors.Is(o.err, syscall.EINTR) {
				return true // whatever came of it: nobody waits here
			}
		}
	}
	return o
}

// send writes as much of bufs as the connection takes now, and returns the rest:
// nil when that is nothing.
func (o *output) send(conn syscall.RawConn, bufs [][]byte) (rest [][]byte, err error) {
	for len(bufs) > 0 {
		o.bufs = bufs
		err := conn.Write(o.write)
		o.bufs = nil
		switch {
		case err != nil:
			return nil, err
		case errors.Is(o.err, syscall.EAGAIN):
			return bufs, nil
		case o.err != nil:
			return nil, o.err
		}
		for n := o.n; len(bufs) > 0; bufs = bufs[1:] {
			if n < len(bufs[0]) {
				bufs[0] = bufs[0][n:]
				break
			}
			n -= len(bufs[0])
		}
	}
	return nil, nil
}
