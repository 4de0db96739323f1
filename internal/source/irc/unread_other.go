//go:build !linux

package irc

import "net"

// unread cannot be told here: the reader is as fast as it can be, and Twitch ends
// a connection that falls too far behind, which is a gap.
func unread(net.Conn) int { return 0 }
