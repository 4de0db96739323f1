// Package live fans a channel's chat out to everybody who watches it on this
// node.
//
// A channel with viewers has a room. The room listens to the channel's subject
// on the bus, keeps the last minutes of frames, each encoded once, in a ring,
// and wakes its viewers when a frame arrives. A viewer is a cursor into that
// ring: it has no queue of its own, so that memory does not grow with the
// number of viewers times the depth of their queues, and a viewer that reads
// slowly delays nobody. What a viewer has not read when the ring moves on, or
// when it lags beyond the limits, is skipped and counted to it in a gap frame.
//
// An idle socket costs neither goroutine nor buffer: a poller waits for many of
// them, and a writer writes for many, everything there is for one in one call,
// without ever waiting for it (on Linux; elsewhere, and behind TLS of our own,
// each socket has a goroutine that reads, and another while there is something
// to write).
package live
