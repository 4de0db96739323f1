// Package mongo keeps everything that outlives the process in MongoDB, or in a
// server that speaks its protocol.
//
// Users, history and logs of an older system are read and written where they
// are and as that system does, so that it can be put in place of this one again:
// see [Accounts] and [History]. All else is in collections whose names begin
// with chatmood_. Those of the analyses are three:
//
//   - chatmood_sessions has one document for each session. While the session
//     runs, its field parts tells for each part which chunks hold it.
//   - chatmood_chunks holds the parts and the compressed reports in pieces that
//     are small enough for every server. A chunk is never changed: a new state of
//     a part is new chunks, and the old ones go when nothing points to them.
//   - chatmood_commits holds what is being written to several sessions at once;
//     it is empty but for moments.
//
// A checkpoint first writes chunks, which nobody sees; then one document whose
// insertion is the commit; then the sessions' documents, which say the same. Who
// finds a commit does the rest of it (a redo log), so that a crash at any moment
// leaves all or nothing, on a replica set as well as on a single server, without
// transactions. See docs/adr/0005-mongodb.md.
//
// Only insert, find, update, delete, findAndModify, count and createIndexes are
// used, so that servers without aggregation or transactions serve as well.
package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"

	"chatmood/internal/analysis"
)

// The collections: those of the older system, and ours.
const (
	usersName   = "users"
	historyName = "history"
	logsName    = "logs"

	sessionsName    = "chatmood_sessions"
	chunksName      = "chatmood_chunks"
	commitsName     = "chatmood_commits"
	emailsName      = "chatmood_emails"
	loginsName      = "chatmood_logins"
	codesName       = "chatmood_codes"
	invitesName     = "chatmood_invites"
	settingsName    = "chatmood_settings"
	usageName       = "chatmood_usage"
	outboxName      = "chatmood_outbox"
	reportsName     = "chatmood_reports"
	sharesName      = "chatmood_shares"
	holdsName       = "chatmood_holds"
	learnedName     = "chatmood_learned"
	correctionsName = "chatmood_corrections"
	pendingName     = "chatmood_pending"
	locksName       = "chatmood_locks"
)

const (
	// selectTimeout bounds the search for a server where the URI does not say
	// serverSelectionTimeoutMS: short, since what cannot be stored is kept and
	// tried again.
	selectTimeout = 10 * time.Second
	// connectTimeout bounds one connection where the URI has no connectTimeoutMS.
	connectTimeout = 10 * time.Second
	// commitTimeout bounds the steps that a cancellation does not interrupt.
	commitTimeout = 10 * time.Second
	// closeTimeout bounds the wait for calls under way.
	closeTimeout = 5 * time.Second
	// maxReportBytes bounds what a stored report may grow to when decompressed.
	maxReportBytes = 256 << 20
)

// Config is where the database is.
type Config struct {
	URI      string       // mongodb://… or mongodb+srv://…, with pool size and time-outs
	Database string       // name of the database
	Log      *slog.Logger // nil: nothing is logged
	// Commands is told of what the database is asked; nil: nobody is.
	Commands *event.CommandMonitor
}

// Store keeps sessions in MongoDB; its methods Accounts, Outbox, History and
// Holds return what keeps the rest. It is safe for concurrent use.
type Store struct {
	client *driver.Client
	db     *driver.Database

	users, history, logs                                    *driver.Collection
	sessions, chunks, commits                               *driver.Collection
	emails, logins, codes, invites, settings, usage, outbox *driver.Collection
	reports, shares, holds, pending, locks                  *driver.Collection
	learned, corrections                                    *driver.Collection

	log   *slog.Logger
	hide  secrets
	zip   *zstd.Encoder
	unzip *zstd.Decoder
	pool  pool
	close func() error
	waits waits

	// writing lets one writer of this process at a time, as a session's next
	// generation follows from the one before.
	writing sync.Mutex
	// unsettled tells that a commit may have been left half done. Guarded by writing.
	unsettled bool
}

// waits are how long what a crash may have left is respected.
type waits struct {
	stale time.Duration // reservations of addresses
	sweep time.Duration // pieces of reports
	lock  time.Duration // locks
}

var _ analysis.SessionStore = (*Store)(nil)

// Open connects to the database, makes the indexes that are missing and
// completes what a crash has left half written. The errors name MONGO_URI and
// what to do, and never hold the password.
func Open(ctx context.Context, cfg Config) (_ *Store, err error) {
	s, err := connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := s.makeIndexes(ctx); err != nil {
		return nil, s.explain(ctx, "making the indexes of", err)
	}
	if err := s.settle(ctx); err != nil {
		return nil, s.explain(ctx, "completing checkpoints in", err)
	}
	if err := s.mend(ctx); err != nil {
		return nil, s.explain(ctx, "completing what was interrupted in", err)
	}
	return s, nil
}

// connect connects to the database and leaves it as it is.
func connect(ctx context.Context, cfg Config) (_ *Store, err error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	opts, err := parseURI(cfg.URI)
	if err != nil {
		return nil, err
	}
	s := &Store{log: cfg.Log, hide: secretsOf(opts), waits: waits{staleAfter, sweepAfter, lockPatience}}
	s.pool.max = 100 // the driver's default
	if opts.MaxPoolSize != nil {
		s.pool.max = *opts.MaxPoolSize
	}
	if s.zip, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1)); err != nil {
		return nil, fmt.Errorf("preparing compression: %w", err)
	}
	if s.unzip, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxReportBytes)); err != nil {
		return nil, fmt.Errorf("preparing decompression: %w", err)
	}
	if cfg.Commands != nil {
		opts.SetMonitor(cfg.Commands)
	}
	opts.SetPoolMonitor(&event.PoolMonitor{Event: s.pool.count})
	if s.client, err = driver.Connect(opts); err != nil {
		s.unzip.Close()
		return nil, s.explain(ctx, "connecting to", err)
	}
	s.close = sync.OnceValue(s.disconnect)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	db := s.client.Database(cfg.Database, options.Database().
		// A secondary may lag behind: a session must not resume from what it was.
		SetReadPreference(readpref.Primary()).
		SetBSONOptions(&options.BSONOptions{UseJSONStructTags: true}))
	s.db = db
	for name, coll := range map[string]**driver.Collection{
		usersName: &s.users, historyName: &s.history, logsName: &s.logs,
		sessionsName: &s.sessions, chunksName: &s.chunks, commitsName: &s.commits,
		emailsName: &s.emails, loginsName: &s.logins, codesName: &s.codes, invitesName: &s.invites, settingsName: &s.settings,
		usageName: &s.usage, outboxName: &s.outbox, reportsName: &s.reports, sharesName: &s.shares, holdsName: &s.holds,
		pendingName: &s.pending, locksName: &s.locks, learnedName: &s.learned, correctionsName: &s.corrections,
	} {
		*coll = db.Collection(name)
	}
	if err := s.client.Ping(ctx, readpref.Primary()); err != nil {
		return nil, s.explain(ctx, "connecting to", err)
	}
	return s, nil
}

// Check reports whether the database can be read.
func (s *Store) Check(ctx context.Context) error {
	err := s.sessions.FindOne(ctx, bson.D{}, options.FindOne().SetProjection(bson.D{{Key: "_id", Value: 1}})).Err()
	if errors.Is(err, driver.ErrNoDocuments) {
		return nil
	}
	return s.explain(ctx, "reading", err)
}

// Close ends the connections. Calls that are under way have a moment to end. A
// second call does nothing.
func (s *Store) Close() error { return s.close() }

func (s *Store) disconnect() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := s.client.Disconnect(ctx)
	s.unzip.Close()
	return s.explain(ctx, "disconnecting from", err)
}

// PoolStats tells about the connections to the database.
type PoolStats struct {
	Max         uint64 // bound of the connections to one server; 0: none
	Open        int64  // connections now
	InUse       int64  // connections that serve a call now
	Created     int64  // connections made since the start
	WaitsFailed int64  // calls that got no connection
	Cleared     int64  // times that the connections to a server were given up
}

// PoolStats returns the present numbers.
func (s *Store) PoolStats() PoolStats {
	p := &s.pool
	created := p.created.Load()
	return PoolStats{
		Max: p.max, Open: created - p.closed.Load(), InUse: p.inUse.Load(),
		Created: created, WaitsFailed: p.failed.Load(), Cleared: p.cleared.Load(),
	}
}

// pool counts what happens to the connections.
type pool struct {
	max                                     uint64
	created, closed, inUse, failed, cleared atomic.Int64
}

func (p *pool) count(e *event.PoolEvent) {
	switch e.Type {
	case event.ConnectionCreated:
		p.created.Add(1)
	case event.ConnectionClosed:
		p.closed.Add(1)
	case event.ConnectionCheckedOut:
		p.inUse.Add(1)
	case event.ConnectionCheckedIn:
		p.inUse.Add(-1)
	case event.ConnectionCheckOutFailed:
		p.failed.Add(1)
	case event.ConnectionPoolCleared:
		p.cleared.Add(1)
	}
}
