package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"chatmood/internal/migrate"
)

type migrateCmd struct {
	From   string `placeholder:"ADDRESS" help:"Move out of this database: sqlite:DATA_DIR or mongodb://HOST/DATABASE."`
	To     string `placeholder:"ADDRESS" help:"Move into this one."`
	FromDB string `name:"from-db" placeholder:"NAME" help:"Database on the MongoDB server of --from or --check (default: that in the address, or twitch_sentiment)."`
	ToDB   string `name:"to-db" placeholder:"NAME" help:"The same for --to."`
	DryRun bool   `help:"Read everything and tell what would be moved; write nothing."`
	Merge  bool   `help:"Let the target hold something: what has the same id is replaced, all else stays."`
	Check  string `placeholder:"ADDRESS" help:"Tell what a database contains and how it would be read, in place of moving."`
}

// Help implements [kong.HelpProvider].
func (migrateCmd) Help() string {
	return `Moves users, the activity log, saved analyses and all else between MongoDB and the embedded database, either way. Stop
all servers first. A move that was interrupted goes on when the same command runs again; at the end both databases are read
once more and compared. The source stays as it is. Keep SECRET_KEY: sign-ins, codes and mail that waits depend on it.

Example:

  chatmood migrate --check mongodb://localhost/twitch_sentiment
  chatmood migrate --from mongodb://localhost/twitch_sentiment --to sqlite:data`
}

// Run moves, or checks.
func (c *migrateCmd) Run(e *env) error {
	log := slog.New(slog.DiscardHandler) // what matters is told on the terminal
	if c.Check != "" {
		if c.From != "" || c.To != "" || c.DryRun || c.Merge || c.ToDB != "" {
			return usagef("--check stands alone, but for --from-db: it moves nothing")
		}
		a, err := address("--check", c.Check, c.FromDB)
		if err != nil {
			return err
		}
		checked, err := migrate.Check(e.ctx, a, log)
		if err != nil {
			return fmt.Errorf("checking %s: %w", a, ofFlag("--check", err))
		}
		return writeChecked(e.stdout, checked)
	}
	if c.From == "" || c.To == "" {
		return usagef("name both databases: --from and --to, each sqlite:DATA_DIR or mongodb://HOST/DATABASE; or one with --check")
	}
	from, err := address("--from", c.From, c.FromDB)
	if err != nil {
		return err
	}
	to, err := address("--to", c.To, c.ToDB)
	if err != nil {
		return err
	}
	if from.String() == to.String() {
		return usagef("--from and --to are the same: %s", from)
	}
	return c.move(e, from, to, log)
}

func address(flag, text, name string) (migrate.Address, error) {
	a, err := migrate.ParseAddress(text, name)
	if err != nil {
		return a, usagef("%s: %w", flag, err)
	}
	return a, nil
}

func (c *migrateCmd) move(e *env, from, to migrate.Address, log *slog.Logger) (err error) {
	source, err := migrate.Open(e.ctx, from, false, log)
	if errors.Is(err, migrate.ErrNoDatabase) {
		return usageError{err}
	}
	if err != nil {
		return fmt.Errorf("opening the source: %w", ofFlag("--from", err))
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	if c.DryRun {
		return c.dryRun(e, source, to, log)
	}
	target, err := migrate.Open(e.ctx, to, true, log)
	if err != nil {
		return fmt.Errorf("opening the target: %w", ofFlag("--to", err))
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	var at atomic.Pointer[migrate.Progress]
	bar := startBar(e, migrateLine(&at))
	result, err := migrate.Move(e.ctx, source, target, migrate.Options{Merge: c.Merge, Progress: func(p migrate.Progress) { at.Store(&p) }})
	bar.stop()
	if err != nil {
		return explainMove(err)
	}
	switch {
	case result.Same:
		fmt.Fprintf(e.stdout, "%s holds everything already: nothing was written.\n\n", target.Name)
	case result.Resumed:
		fmt.Fprintf(e.stdout, "The move that was interrupted is complete: %s → %s.\n\n", source.Name, target.Name)
	default:
		fmt.Fprintf(e.stdout, "Moved: %s → %s.\n\n", source.Name, target.Name)
	}
	if err := writeLines(e.stdout, result.Lines, true); err != nil {
		return err
	}
	next := "DATA_DIR=" + to.Dir + ", without MONGO_URI"
	if to.Dir == "" {
		next = "MONGO_URI with that address and MONGO_DBNAME=" + to.Name
	}
	fmt.Fprintf(e.stdout, "\nBoth were read once more and agree. Start the server with %s, and the same SECRET_KEY.\n", next)
	return nil
}

// told is an error in other words.
type told struct {
	error
	text string
}

func (t told) Error() string { return t.text }
func (t told) Unwrap() error { return t.error }

// ofFlag lets an error name the flag in which the address is, in place of the
// settings in which a server has it.
func ofFlag(flag string, err error) error {
	return told{err, strings.NewReplacer("MONGO_URI", flag, "the database MONGO_DBNAME", "that database", "set DATA_DIR to", "name").Replace(err.Error())}
}

// explainMove says what to do about an error of a move.
func explainMove(err error) error {
	switch {
	case errors.Is(err, migrate.ErrSame), errors.Is(err, migrate.ErrNotEmpty), errors.Is(err, migrate.ErrInUse), errors.Is(err, migrate.ErrOther):
		return err // they say it themselves
	case errors.Is(err, context.Canceled):
		return errors.New("interrupted: what was moved so far stays, and the same command goes on from there")
	case errors.Is(err, migrate.ErrDiffers):
		return fmt.Errorf("%w\nthe source is as it was. If something wrote to either of them meanwhile, stop it and move into an empty target", err)
	}
	err = told{err, strings.ReplaceAll(err.Error(), "the MongoDB of MONGO_URI", "MongoDB")}
	return fmt.Errorf("%w\nwhat was moved so far stays: when that is mended, the same command goes on from there", err)
}

func (c *migrateCmd) dryRun(e *env, source *migrate.Database, to migrate.Address, log *slog.Logger) error {
	var at atomic.Pointer[migrate.Progress]
	bar := startBar(e, migrateLine(&at))
	lines, err := migrate.Survey(e.ctx, source, func(p migrate.Progress) { at.Store(&p) })
	bar.stop()
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "Would be moved: %s → %s.\n\n", source.Name, to)
	if err := writeLines(e.stdout, lines, false); err != nil {
		return err
	}
	if !to.Exists() {
		fmt.Fprintf(e.stdout, "\nThere is no database in %s yet: it would be made.\n", to)
		return nil
	}
	checked, err := migrate.Check(e.ctx, to, log)
	if err != nil {
		return fmt.Errorf("looking into the target: %w", ofFlag("--to", err))
	}
	if len(checked.Counts) == 0 {
		fmt.Fprintf(e.stdout, "\n%s is empty.\n", to)
		return nil
	}
	fmt.Fprintf(e.stdout, "\n%s is not empty: it has", to)
	for i, n := range checked.Counts {
		fmt.Fprintf(e.stdout, "%s %d %s", []string{"", ","}[min(i, 1)], n.N, n.Kind)
	}
	if c.Merge {
		fmt.Fprintln(e.stdout, ".\nWhat has the same id would be replaced, all else stay.")
	} else {
		fmt.Fprintln(e.stdout, ".\nUnless that is what an interrupted move left, a move would be refused; --merge lets it be.")
	}
	return nil
}

// migrateLine draws how far a move is.
func migrateLine(at *atomic.Pointer[migrate.Progress]) func(took time.Duration, width int) string {
	stage, since := "", time.Duration(0)
	return func(took time.Duration, width int) string {
		p := at.Load()
		if p == nil {
			return fitLine(" opening", width)
		}
		if p.Stage != stage {
			stage, since = p.Stage, took
		}
		text := p.Stage + " " + p.Kind
		if p.Total <= 0 {
			return fitLine(" "+text, width)
		}
		return barLine(p.Done, p.Total, text, took-since, width)
	}
}

// writeLines writes how many records of each kind there are.
func writeLines(w io.Writer, lines []migrate.Line, moved bool) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	orphans := int64(0)
	if moved {
		fmt.Fprintln(t, "\tsource\ttarget\t")
	}
	for _, l := range lines {
		fmt.Fprintf(t, "%s\t%d\t", l.Kind, l.Source)
		if moved {
			fmt.Fprintf(t, "%d\t", l.Target)
		}
		if l.Orphans > 0 {
			orphans += l.Orphans
			fmt.Fprintf(t, "%d left behind *\t", l.Orphans)
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if orphans > 0 {
		fmt.Fprintln(w, "\n* What belongs to a user or an analysis that does not exist.")
	}
	return nil
}

// writeChecked writes what a database contains.
func writeChecked(w io.Writer, c migrate.Checked) error {
	fmt.Fprintf(w, "%s contains\n\n", c.Name)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, n := range c.Counts {
		fmt.Fprintf(t, "%d\t %s\n", n.N, n.Kind)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(c.Counts) == 0 {
		fmt.Fprintln(w, "nothing.")
		return nil
	}
	stops := int64(0)
	kind, field := "", ""
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range c.Findings {
		if f.Kind != kind {
			kind, field = f.Kind, ""
			fmt.Fprintf(t, "\n%s\n", kind)
		}
		name := f.Field
		if name == field {
			name = ""
		}
		field = f.Field
		as := ""
		if f.As != "" {
			as = "\tread: " + f.As + ", as in " + f.Example
		}
		if f.Stops {
			stops += f.Count
		}
		fmt.Fprintf(t, "  %s\t%d\t%s%s\n", name, f.Count, f.Is, as)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if stops > 0 {
		fmt.Fprintf(w, "\nA move would stop at %d of these.\n", stops)
	}
	return nil
}
