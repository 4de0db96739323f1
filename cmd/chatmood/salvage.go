package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"chatmood/internal/store/sqlite"
)

type salvageCmd struct {
	Dir string `arg:"" help:"Data directory to make; it must be empty or missing." placeholder:"DIR"`
}

// Help implements [kong.HelpProvider].
func (salvageCmd) Help() string {
	return `Reads what can be read of a damaged database in DATA_DIR and makes a new one of it in another folder, with what else lies in
DATA_DIR. The original is not changed, and the server must not run. A backup that is not old is better: see chatmood restore.
Exit code 1 when something was lost.

Example:

  chatmood salvage /var/lib/chatmood-saved`
}

// Run saves and tells what is lost.
func (c salvageCmd) Run(e *env) error {
	cfg, err := loadConfig()
	if err != nil {
		return err
	}
	if cfg.MongoURI != "" {
		return usagef("MONGO_URI is set, so the data is in MongoDB, which mends itself: see its log")
	}
	got, err := sqlite.Salvage(e.ctx, cfg.DataDir, c.Dir)
	if err != nil {
		return err
	}
	if err := copyRest(cfg.DataDir, c.Dir); err != nil {
		return err
	}
	lost := len(got.Broken) > 0
	for _, table := range slices.Sorted(maps.Keys(got.Rows)) {
		note := ""
		if slices.Contains(got.Broken, table) {
			note = "; it is broken, what could not be read is lost"
		}
		if n := got.Refused[table]; n > 0 {
			note += fmt.Sprintf("; %d rows do not fit any more and are left out", n)
			lost = true
		}
		fmt.Fprintf(e.stdout, "%s: %d rows%s\n", table, got.Rows[table], note)
	}
	fmt.Fprintf(e.stdout, "%s is whole. To use it: DATA_DIR=%s chatmood serve\n", c.Dir, c.Dir)
	if lost {
		return exitStatus(1)
	}
	return nil
}

// copyRest copies what lies beside the database.
func copyRest(from, to string) error {
	root, err := filepath.Abs(to)
	if err != nil {
		return fmt.Errorf("finding %s: %w", to, err)
	}
	err = filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if abs, err := filepath.Abs(name); err != nil || abs == root {
			return errors.Join(err, fs.SkipDir) // the new one may lie within
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		switch target := filepath.Join(to, rel); {
		case d.IsDir():
			return os.MkdirAll(target, 0o700)
		case !d.Type().IsRegular() || strings.HasPrefix(rel, sqlite.FileName):
			return nil
		default:
			data, err := os.ReadFile(name) //nolint:gosec // the operator's own folder, which nobody else writes to
			if err != nil {
				return err
			}
			return os.WriteFile(target, data, 0o600) //nolint:gosec // as above
		}
	})
	if err != nil {
		return fmt.Errorf("copying what lies beside the database: %w", err)
	}
	return nil
}
