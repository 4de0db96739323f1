//go:build race

package logfile

// shrink divides the sizes of large inputs: the race detector is slow.
const shrink = 16
