//go:build !linux

package live

import "errors"

// What a poller looks for at a socket.
const (
	readable uint32 = 1 << iota
	writable
)

// poller is for Linux only: elsewhere each socket has a goroutine that reads.
type poller struct{}

func newPoller() (*poller, error)                   { return nil, errors.ErrUnsupported }
func (*poller) close()                              {}
func (*poller) run()                                {}
func (*poller) adopt(*socket) bool                  { return false }
func (*poller) drop(*socket)                        {}
func (*poller) watch(*socket, uint32, uint32) error { return errors.ErrUnsupported }
