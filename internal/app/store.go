package app

import (
	"context"
	"errors"
	"io"
	"log/slog"

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
// database.
func openStore(ctx context.Context, cfg *config.Config, log *slog.Logger) (store, error) {
	if cfg.MongoURI == "" {
		s, err := sqlite.Open(ctx, sqlite.Config{Dir: cfg.DataDir, Log: log})
		if err != nil {
			return nil, err // and no store that holds a nil pointer
		}
		if err := migrate.Unfinished(ctx, s.Accounts()); err != nil {
			return nil, errors.Join(err, s.Close())
		}
		return s, nil
	}
	s, err := mongo.Open(ctx, mongo.Config{URI: cfg.MongoURI, Database: cfg.MongoDBName, Log: log})
	if err != nil {
		return nil, err
	}
	if err := migrate.Unfinished(ctx, s.Accounts()); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	log.Info("sessions are kept in MongoDB", "database", cfg.MongoDBName)
	return s, nil
}
