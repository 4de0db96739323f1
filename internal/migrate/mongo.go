package migrate

import (
	"context"
	"log/slog"

	"chatmood/internal/store/mongo"
)

func openMongo(ctx context.Context, a Address, log *slog.Logger) (*Database, error) {
	s, err := mongo.Open(ctx, mongo.Config{URI: a.URI, Database: a.Name, Log: log})
	if err != nil {
		return nil, err
	}
	return &Database{Name: a.String(), Accounts: s.Accounts(), History: s.History(), Holds: s.Holds(), Learning: s.Learning(), Mail: s.Outbox(), Sessions: s, Closer: s}, nil
}
