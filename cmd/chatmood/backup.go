package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"chatmood/internal/backup"
)

type backupCmd struct {
	To   string `arg:"" help:"File to write, which must not exist, or a directory in which it gets a name of its own." placeholder:"FILE|DIR"`
	Keep int    `help:"Afterwards remove the oldest backups in the directory, so that so many are left; 0 keeps all." default:"0" placeholder:"N"`
}

// Help implements [kong.HelpProvider].
func (backupCmd) Help() string {
	return `Saves the data directory (DATA_DIR) as it is at one instant. The server may run meanwhile. With MONGO_URI the data is in
MongoDB: use mongodump.

Example:

  chatmood backup --keep 14 /var/backups/chatmood`
}

// Run makes a backup and reads it once more.
func (c backupCmd) Run(e *env) error {
	cfg, err := loadConfig()
	if err != nil {
		return err
	}
	if cfg.MongoURI != "" {
		return usagef("MONGO_URI is set, so the data is in MongoDB: back it up with mongodump --uri=… --db=%s", cfg.MongoDBName)
	}
	info, statErr := os.Stat(c.To)
	switch {
	case c.Keep < 0:
		return usagef("--keep is %d: it must be 0 or more", c.Keep)
	case c.Keep > 0 && (statErr != nil || !info.IsDir()):
		return usagef("--keep needs a directory: %s is none", c.To)
	}
	file, m, err := backup.Create(e.ctx, cfg.DataDir, c.To, buildVersion(), time.Now())
	if err != nil {
		return err
	}
	if _, err := backup.Verify(e.ctx, file); err != nil {
		return errors.Join(fmt.Errorf("the backup was written but cannot be read again: %w", err), os.Remove(file))
	}
	fmt.Fprintf(e.stdout, "%s: ", file)
	describe(e.stdout, m)
	if c.Keep > 0 {
		removed, err := backup.Rotate(c.To, c.Keep)
		if err != nil {
			return err
		}
		for _, name := range removed {
			fmt.Fprintf(e.stdout, "removed %s\n", name)
		}
	}
	return nil
}

func describe(w io.Writer, m *backup.Manifest) {
	var size int64
	for _, f := range m.Files {
		size += f.Size
	}
	rows := m.Database.Rows
	fmt.Fprintf(w, "%d files, %.1f MB unpacked; %d analyses, %d users, %d saved analyses, %d entries of the log; schema %d, of %s\n",
		len(m.Files), float64(size)/1e6, rows["sessions"], rows["users"], rows["history"], rows["logs"], m.Database.Schema, m.CreatedAt.Format(time.RFC3339))
}

type restoreCmd struct {
	File  string `arg:"" help:"The backup." type:"existingfile"`
	Dir   string `arg:"" optional:"" help:"Data directory to make; it must be empty or missing. Default: DATA_DIR." placeholder:"DIR"`
	Check bool   `help:"Only read the backup whole and tell what is in it."`
}

// Help implements [kong.HelpProvider].
func (restoreCmd) Help() string {
	return `Reads a backup whole, compares it with its own list of contents, checks the database, and only then puts it in place.
Nothing is overwritten: the data directory must be empty or missing.

Examples:

  chatmood restore --check chatmood-20261128T164500Z.tar.gz
  DATA_DIR=/var/lib/chatmood chatmood restore chatmood-20261128T164500Z.tar.gz`
}

// Run restores.
func (c restoreCmd) Run(e *env) error {
	if c.Check {
		m, err := backup.Verify(e.ctx, c.File)
		if err != nil {
			return err
		}
		fmt.Fprint(e.stdout, "The backup is whole: ")
		describe(e.stdout, m)
		return nil
	}
	dir := c.Dir
	if dir == "" {
		cfg, err := loadConfig()
		if err != nil {
			return err
		}
		dir = cfg.DataDir
	}
	m, err := backup.Restore(e.ctx, c.File, dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "restored into %s: ", dir)
	describe(e.stdout, m)
	return nil
}
