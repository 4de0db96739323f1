package migrate

import (
	"context"
	"errors"
	"log/slog"
)

func openMongo(ctx context.Context, a Address, log *slog.Logger) (*Database, error) {
	return nil, errors.New("TODO")
}
