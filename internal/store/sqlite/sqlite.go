// Package sqlite keeps chatmood's data in one file, without a server.
//
// The database runs in write-ahead mode: readers and the writer do not wait for
// each other, and a commit is one append to the log. With synchronous=NORMAL a
// commit is handed to the operating system but not waited for to reach the
// disk: killing the process (kill -9) loses nothing that was committed, since
// the system writes it out all the same; a power failure may lose the last
// commits, but never damages the file. Checkpoints come every second, so that
// is the right price.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"chatmood/internal/analysis"
)

const (
	// fileName is the database's name in the data directory.
	fileName = "chatmood.db"
	// lockName is the file whose lock keeps a second process out.
	lockName = "chatmood.db.lock"

	// busyTimeout bounds the wait for a lock inside the database. Nobody but a
	// backup tool can hold one: there is one writer and one process.
	busyTimeout = 5 * time.Second
	// maxLogBytes is the size to which the write-ahead log is cut after it was
	// written back.
	maxLogBytes = 64 << 20
	// cacheKiB is the page cache of a connection.
	cacheKiB = 4 << 10
	// maxReaders bounds the connections that read at once.
	maxReaders = 8
	// maxReportBytes bounds what a stored report may grow to when decompressed.
	maxReportBytes = 256 << 20
)

// Config is where the database is.
type Config struct {
	Dir string       // the data directory; created where it is missing
	Log *slog.Logger // nil: nothing is logged
	// Trace is told of what the database is asked; nil: nobody is.
	Trace Trace
}

// Store keeps sessions in a SQLite file. It is safe for concurrent use.
type Store struct {
	path   string
	log    *slog.Logger
	lock   *fileLock
	write  *pool // one connection: SQLite has one writer at a time, so the queue is here and fair
	read   *pool
	zip    *zstd.Encoder
	unzip  *zstd.Decoder
	stmts  map[string]*sql.Stmt // of the writing connection, prepared once
	closed chan struct{}

	checkTime time.Duration // bound of checkWhole
	trace     Trace
}

var _ analysis.SessionStore = (*Store)(nil)

//go:embed migrations/*.sql
var migrations embed.FS

// Open opens the database, creates it where there is none, and brings its
// tables up to date. The errors name the file and what to do; [ErrLocked] and
// [ErrNewer] can be told apart.
func Open(ctx context.Context, cfg Config) (_ *Store, err error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("finding the data directory %s: %w", cfg.Dir, err)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the data directory %s: %w (set DATA_DIR to a directory that this user may write)", dir, cause(err))
	}
	s := &Store{path: filepath.Join(dir, fileName), log: cfg.Log, trace: cfg.Trace, closed: make(chan struct{}), checkTime: checkTime}
	if s.lock, err = lockFile(filepath.Join(dir, lockName)); err != nil {
		return nil, lockError(dir, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	// Chat is personal data: the file is made readable for this user only, and
	// SQLite gives its log the same rights.
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the database %s: %w (this user must be able to read and write it)", s.path, cause(err))
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("opening the database %s: %w", s.path, err)
	}
	if err := s.connect(); err != nil {
		return nil, err
	}
	if err := s.checkWhole(ctx); err != nil {
		return nil, err
	}
	if err := s.migrate(ctx); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, s.explain("preparing", err)
	}
	return s, nil
}

// connect opens the writing connection and the pool of reading ones.
func (s *Store) connect() error {
	common := []string{
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"foreign_keys(1)",
		"synchronous(NORMAL)",
		fmt.Sprintf("cache_size(-%d)", cacheKiB),
		"temp_store(MEMORY)",
	}
	var err error
	s.write, err = s.open(dsn(s.path, append(common, "journal_mode(WAL)", fmt.Sprintf("journal_size_limit(%d)", maxLogBytes)), "immediate"))
	if err != nil {
		return s.explain("opening", err)
	}
	s.write.SetMaxOpenConns(1)
	s.read, err = s.open(dsn(s.path, append(common, "query_only(1)"), ""))
	if err != nil {
		return s.explain("opening", err)
	}
	s.read.SetMaxOpenConns(min(maxReaders, 2*runtime.GOMAXPROCS(0)))
	s.read.SetMaxIdleConns(2)
	s.read.SetConnMaxIdleTime(time.Minute)
	if s.zip, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)); err != nil {
		return fmt.Errorf("preparing compression: %w", err)
	}
	if s.unzip, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxReportBytes)); err != nil {
		return fmt.Errorf("preparing decompression: %w", err)
	}
	return nil
}

// open makes a pool of connections, none of them yet.
func (s *Store) open(dsn string) (*pool, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	return &pool{db, s.trace}, nil
}

// dsn names the database file with what to set on each new connection. The
// path is escaped: it may hold '?' and '%'.
func dsn(path string, pragmas []string, txlock string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	q := url.Values{"_pragma": pragmas}
	if txlock != "" {
		q.Set("_txlock", txlock)
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}

// migrate brings the tables up to date, and refuses a file that a newer
// version wrote.
func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.write.DB, files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return s.explain("reading the version of", err)
	}
	if have > want {
		return fmt.Errorf("the database %s has schema %d, this program knows %d: %w", s.path, have, want, ErrNewer)
	}
	if have == want {
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return s.explain("updating the tables of", err)
	}
	s.log.Info("database tables brought up to date", "file", s.path, "from", have, "to", want)
	return nil
}

// Check reports whether the database can be read.
func (s *Store) Check(ctx context.Context) error {
	var one int
	if err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM sessions LIMIT 1)").Scan(&one); err != nil {
		return s.explain("reading", err)
	}
	return nil
}

// Path returns the name of the database file.
func (s *Store) Path() string { return s.path }

// Close writes the log back into the file and releases it. It waits for calls
// that are under way. A second call does nothing.
func (s *Store) Close() error {
	select {
	case <-s.closed:
		return nil
	default:
		close(s.closed)
	}
	var errs []error
	for _, stmt := range s.stmts {
		errs = append(errs, stmt.Close())
	}
	// The writer last: the last connection to close writes the log back, and a
	// reader may not.
	for _, db := range []*pool{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if s.unzip != nil {
		s.unzip.Close()
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the database %s: %w", s.path, err)
	}
	return nil
}
