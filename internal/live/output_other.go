//go:build !linux

package live

import (
	"errors"
	"syscall"
)

// output is for sockets that a poller waits for.
type output struct{ haul haul }

func newOutput() *output { return &output{} }

func (*output) send(syscall.RawConn, [][]byte) ([][]byte, error) { return nil, errors.ErrUnsupported }
