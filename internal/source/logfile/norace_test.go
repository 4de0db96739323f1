//go:build !race

package logfile

// shrink divides the sizes of large inputs.
const shrink = 1
