package sqlite

import (
	"context"
	"database/sql"
	"strings"
)

// Trace is told of each statement and each transaction when it begins: what it
// is called with returns what is told of its end. It may return nil.
type Trace func(ctx context.Context, operation string) (end func(err error))

// pool is a pool of connections that tells of what it is asked. What runs in a
// transaction is told as one.
type pool struct {
	*sql.DB
	trace Trace // nil: nobody is told
}

// begin tells of a statement and returns what tells of its end.
func (p *pool) begin(ctx context.Context, operation string) func(error) {
	if p.trace != nil {
		if end := p.trace(ctx, operation); end != nil {
			return end
		}
	}
	return func(error) {}
}

// QueryContext is [sql.DB.QueryContext]. Reading the rows is not part of it.
func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	end := p.begin(ctx, operation(query))
	rows, err := p.DB.QueryContext(ctx, query, args...)
	end(err)
	return rows, err
}

// QueryRowContext is [sql.DB.QueryRowContext].
func (p *pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	end := p.begin(ctx, operation(query))
	row := p.DB.QueryRowContext(ctx, query, args...)
	end(row.Err())
	return row
}

// ExecContext is [sql.DB.ExecContext].
func (p *pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	end := p.begin(ctx, operation(query))
	result, err := p.DB.ExecContext(ctx, query, args...)
	end(err)
	return result, err
}

// operation is the first word of a statement, such as SELECT.
func operation(query string) string {
	word, _, _ := strings.Cut(strings.TrimLeft(query, " \t\n"), " ")
	return strings.TrimRight(word, "\n\t")
}
