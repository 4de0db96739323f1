package sqlite

import (
	"context"
	"regexp"
	"strconv"
)

// Queries are the statements that choose rows.
var Queries = []string{
	sqlSaveSession, sqlSavePart, sqlDropPart, sqlDropParts, sqlFinish, sqlSaveReport,
	sqlRunning, sqlParts, sqlFinished, sqlFinishedOf, sqlReport,
}

// Exec runs a statement on the writing connection.
func (s *Store) Exec(ctx context.Context, query string) error {
	_, err := s.write.ExecContext(ctx, query)
	return err
}

// Pragma reads a setting of the writing connection.
func (s *Store) Pragma(ctx context.Context, name string) (string, error) {
	var value string
	err := s.write.QueryRowContext(ctx, "PRAGMA "+name).Scan(&value)
	return value, err
}

// Plan tells how SQLite carries a statement out.
func (s *Store) Plan(ctx context.Context, query string) ([]string, error) {
	args := make([]any, params(query))
	for i := range args {
		args[i] = "x"
	}
	// The writing connection: the other refuses to plan what writes.
	return collect(ctx, s.write, func(row scanner) (detail string, err error) {
		var id, parent, unused int
		return detail, row.Scan(&id, &parent, &unused, &detail)
	}, "EXPLAIN QUERY PLAN "+query, args...)
}

var parameter = regexp.MustCompile(`\?(\d*)`)

// params counts the parameters of a statement, numbered ones or not.
func params(query string) int {
	n := 0
	for _, match := range parameter.FindAllStringSubmatch(query, -1) {
		if number, err := strconv.Atoi(match[1]); err == nil {
			n = max(n, number)
		} else {
			n++
		}
	}
	return n
}
