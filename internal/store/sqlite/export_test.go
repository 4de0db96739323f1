package sqlite

import (
	"context"
	"fmt"
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

// Plan tells how SQLite answers a query.
func (s *Store) Plan(ctx context.Context, query string) ([]string, error) {
	args := make([]any, 6)
	for i := range args {
		args[i] = 0
	}
	rows, err := s.read.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args[:params(query)]...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, err
		}
		steps = append(steps, detail)
	}
	return steps, rows.Err()
}

func params(query string) int {
	n := 0
	for i := 1; i <= 6; i++ {
		for j := range len(query) - 1 {
			if query[j:j+2] == fmt.Sprintf("?%d", i) {
				n = i
			}
		}
	}
	return n
}
