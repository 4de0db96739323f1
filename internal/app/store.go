package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"

	"go.opentelemetry.io/otel/trace"

	"chatmood/internal/analysis"
	"chatmood/internal/config"
	"chatmood/internal/migrate"
	"chatmood/internal/store/mongo"
	"chatmood/internal/store/sqlite"
)

// store is where everything is kept that outlives the process.
type store interface {
	analysis.SessionStore
	Check(ctx context.Context) error // whether it can be read
	io.Closer
}

// openStore opens MongoDB where MONGO_URI names one, or else the embedded
// database. tracer may be nil.
func openStore(ctx context.Context, cfg *config.Config, log *slog.Logger, tracer trace.Tracer) (store, error) {
	if cfg.MongoURI == "" {
		s, err := sqlite.Open(ctx, sqlite.Config{Dir: cfg.DataDir, Log: log, Trace: traceStore(tracer, "sqlite")})
		if err != nil {
			return nil, newestBackup(cfg, err) // and no store that holds a nil pointer
		}
		if err := migrate.Unfinished(ctx, s.Accounts()); err != nil {
			return nil, errors.Join(err, s.Close())
		}
		return s, nil
	}
	s, err := mongo.Open(ctx, mongo.Config{URI: cfg.MongoURI, Database: cfg.MongoDBName, Log: log, Commands: traceMongo(tracer)})
	if err != nil {
		return nil, err
	}
	if err := migrate.Unfinished(ctx, s.Accounts()); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	log.Info("sessions are kept in MongoDB", "database", cfg.MongoDBName)
	return s, nil
}

// newestBackup names the newest backup to whom the database is damaged.
func newestBackup(cfg *config.Config, err error) error {
	if !errors.Is(err, sqlite.ErrDamaged) || cfg.BackupDir == "" {
		return err
	}
	files, globErr := filepath.Glob(filepath.Join(cfg.BackupDir, "chatmood-*.tar.gz"))
	if globErr != nil || len(files) == 0 {
		return fmt.Errorf("%w. There is no backup in BACKUP_DIR", err)
	}
	return fmt.Errorf("%w. The newest backup is %s", err, slices.Max(files)) // their names hold the time
}
