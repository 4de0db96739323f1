//go:build !linux

package doctor

import (
	"context"
	"errors"

	"chatmood/internal/config"
)

// What other systems tell is not asked there.

func freeBytes(string) (uint64, error) { return 0, errors.ErrUnsupported }

func clockSynchronised() (synchronised, known bool) { return false, false }

func openFiles(context.Context, *config.Config) (Status, string, string) {
	return Skipped, "asked on Linux only", ""
}
