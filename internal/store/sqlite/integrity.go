package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// ErrDamaged means that the database file is not whole.
var ErrDamaged = errors.New("the database is damaged")

// checkTime bounds the look at the whole file when it is opened: some hundred
// megabytes on a usual disk. A larger one is opened all the same.
const checkTime = 2 * time.Second

// checkWhole reads the file and fails with [ErrDamaged] where its pages do not
// fit together. It changes nothing.
func (s *Store) checkWhole(ctx context.Context) error {
	if info, err := os.Stat(s.path); err != nil || info.Size() == 0 {
		return nil // a new one; what else is wrong comes up when it is used
	}
	limited, cancel := context.WithTimeout(ctx, s.checkTime)
	defer cancel()
	faults, err := collect(limited, s.read, scanText, "PRAGMA quick_check(5)")
	switch {
	case ctx.Err() != nil:
		return s.explain("checking", ctx.Err())
	case limited.Err() != nil:
		s.log.Info("the database is too large to be looked at whole at the start; chatmood doctor does it", "file", s.path)
		return nil
	case err != nil && damaged(err):
		return s.damage(err.Error())
	case err != nil:
		return s.explain("checking", err)
	case len(faults) != 1 || faults[0] != "ok":
		return s.damage(strings.Join(faults, "; "))
	}
	return nil
}

// damage says what is wrong and which ways lead out.
func (s *Store) damage(faults string) error {
	return fmt.Errorf("%w: %s (damaged or no database: %s). Nothing was changed. Ways out: move the folder away and put the newest backup in its place (chatmood restore FILE), "+
		"or save what can still be read into another folder, which tells what is lost (chatmood salvage DIR)", ErrDamaged, s.path, strings.Join(strings.Fields(faults), " "))
}

// Salvaged is what could be read of a damaged database, by table.
type Salvaged struct {
	Rows map[string]int64 // that were saved
	// Refused are rows that could be read and do not fit any more: of a wrong
	// type, or belonging to a row that is lost.
	Refused map[string]int64
	// Broken are the tables that could not be read whole.
	Broken []string
}

// Salvage reads what can be read of a damaged database in a data directory and
// makes a new one of it in another, which must be empty or missing. The
// original is not changed. The new one is whole: rows that belong to lost ones
// are left out.
func Salvage(ctx context.Context, dir, to string) (result Salvaged, err error) {
	result = Salvaged{Rows: map[string]int64{}, Refused: map[string]int64{}}
	lock, err := lockFile(dir + "/" + lockName)
	if err != nil {
		return result, lockError(dir, err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if entries, err := os.ReadDir(to); err == nil && len(entries) > 0 {
		return result, fmt.Errorf("%s is not empty: name a folder that is empty or missing", to)
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return result, fmt.Errorf("making %s: %w", to, cause(err))
	}
	// SQLite may write into what it opens, so it gets a copy.
	work, err := os.MkdirTemp(to, "damaged-*")
	if err != nil {
		return result, fmt.Errorf("making a folder in %s: %w", to, cause(err))
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(dir+"/"+fileName+suffix, work+"/"+fileName+suffix); err != nil && (suffix == "" || !errors.Is(err, os.ErrNotExist)) {
			return result, fmt.Errorf("copying the database: %w", err)
		}
	}
	from, err := sql.Open("sqlite", dsn(work+"/"+fileName, []string{"query_only(1)"}, ""))
	if err != nil {
		return result, fmt.Errorf("opening the copy: %w", err)
	}
	defer func() { _ = from.Close() }() // it was only read
	from.SetMaxOpenConns(1)
	fresh, err := Open(ctx, Config{Dir: to})
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, fresh.Close()) }()
	if err := result.fill(ctx, from, fresh); err != nil {
		return result, err
	}
	return result, fresh.checkWhole(ctx)
}

// fill copies table by table.
func (r *Salvaged) fill(ctx context.Context, from *sql.DB, fresh *Store) error {
	// The reading and the writing of the new file are one connection's, without
	// foreign keys: which rows are lost is known at the end only.
	if _, err := fresh.write.ExecContext(ctx, "PRAGMA foreign_keys = OFF"); err != nil {
		return fresh.explain("preparing", err)
	}
	tables, err := collect(ctx, fresh.write, scanText, "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name")
	if err != nil {
		return fresh.explain("listing the tables of", err)
	}
	for _, table := range tables {
		if !tableName.MatchString(table) || strings.HasPrefix(table, "sqlite_") || strings.HasPrefix(table, "logs_text") || table == "goose_db_version" {
			continue
		}
		if err := r.table(ctx, from, fresh, table); err != nil {
			return err
		}
	}
	for { // a row may belong to one that is left out now
		orphans, err := fresh.orphans(ctx)
		if err != nil || len(orphans) == 0 {
			return err
		}
		for _, o := range orphans {
			if _, err := fresh.write.ExecContext(ctx, "DELETE FROM "+o.table+" WHERE rowid = ?1", o.rowid); err != nil { //nolint:gosec // a name of the schema
				return fresh.explain("cleaning", err)
			}
			r.Rows[o.table]--
			r.Refused[o.table]++
		}
	}
}

type orphan struct {
	table string
	rowid int64
}

func (s *Store) orphans(ctx context.Context) ([]orphan, error) {
	list, err := collect(ctx, s.write, func(row scanner) (o orphan, err error) {
		var parent, key any
		err = row.Scan(&o.table, &o.rowid, &parent, &key)
		return o, err
	}, "PRAGMA foreign_key_check")
	if err != nil {
		return nil, s.explain("checking", err)
	}
	var known []orphan
	seen := map[orphan]bool{} // a row may miss several others
	for _, o := range list {
		if tableName.MatchString(o.table) && !seen[o] {
			seen[o] = true
			known = append(known, o)
		}
	}
	return known, nil
}

// maxProbes bounds the rows between two broken places that are tried one by one.
const maxProbes = 200_000

// table copies what can be read of one table: from its beginning to the first
// broken place, from its end to the last, and one by one what is between.
func (r *Salvaged) table(ctx context.Context, from *sql.DB, fresh *Store, table string) error {
	columns, keyed, err := sharedColumns(ctx, from, fresh.write.DB, table)
	if err != nil || len(columns) == 0 {
		r.Broken = append(r.Broken, table)
		return ctx.Err()
	}
	names := strings.Join(columns, ", ")
	insert := "INSERT OR IGNORE INTO " + table + " (" + names + ") VALUES (?" + strings.Repeat(", ?", len(columns)-1) + ")"
	order := "rowid"
	if !keyed {
		order = "1" // WITHOUT ROWID: it is read until the first broken place
	}
	read := func(query string, args ...any) (last int64, broken, fatal error) {
		rows, err := from.QueryContext(ctx, query, args...)
		if err != nil {
			return 0, err, ctx.Err()
		}
		defer rows.Close()
		for rows.Next() {
			values := make([]any, len(columns))
			into := []any{&last}
			for i := range values {
				into = append(into, &values[i])
			}
			if err := rows.Scan(into...); err != nil {
				return last, err, nil
			}
			res, err := fresh.write.ExecContext(ctx, insert, values...)
			if err != nil {
				if ctx.Err() != nil || Away(err) {
					return last, nil, fresh.explain("writing", err)
				}
				r.Refused[table]++
				continue
			}
			if n, err := res.RowsAffected(); err == nil {
				r.Rows[table] += n
			}
		}
		return last, rows.Err(), ctx.Err()
	}
	selected := "SELECT " + order + ", " + names + " FROM " + table
	r.Rows[table] += 0
	low, broken, fatal := read(selected + " ORDER BY " + order)
	if fatal != nil || broken == nil {
		return fatal
	}
	r.Broken = append(r.Broken, table)
	if !keyed {
		return nil
	}
	high, broken, fatal := read(selected+" WHERE rowid > ?1 ORDER BY rowid DESC", low)
	if fatal != nil || broken == nil {
		return fatal
	}
	for id := low + 1; id < high && id-low <= maxProbes; id++ {
		if _, _, fatal := read(selected+" WHERE rowid = ?1", id); fatal != nil {
			return fatal
		}
	}
	return nil
}

// sharedColumns are those that a table has in both; keyed is false for tables
// without row ids.
func sharedColumns(ctx context.Context, a, b *sql.DB, table string) (columns []string, keyed bool, err error) {
	const query = "SELECT name FROM pragma_table_info(?1)"
	first, err := collect(ctx, a, scanText, query, table)
	if err != nil {
		return nil, false, err
	}
	second, err := collect(ctx, b, scanText, query, table)
	if err != nil {
		return nil, false, err
	}
	for _, name := range first {
		for _, other := range second {
			if name == other && tableName.MatchString(name) {
				columns = append(columns, name)
			}
		}
	}
	var without int
	err = b.QueryRowContext(ctx, "SELECT wr FROM pragma_table_list(?1)", table).Scan(&without)
	return columns, without == 0, err
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600) //nolint:gosec // both are the operator's, from the command line
}
