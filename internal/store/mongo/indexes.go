package mongo

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// index is one that queries need.
type index struct {
	coll   *driver.Collection
	keys   bson.D
	unique bool
}

func (s *Store) indexes() []index {
	return []index{
		{s.sessions, order(false, "state", "started_us", "_id"), false},
		{s.sessions, bson.D{{Key: "state", Value: 1}, {Key: "ended_us", Value: -1}, {Key: "_id", Value: -1}}, false},
		{s.sessions, bson.D{{Key: "state", Value: 1}, {Key: "channel", Value: 1}, {Key: "ended_us", Value: -1}, {Key: "_id", Value: -1}}, false},
		{s.chunks, order(false, "session", "part", "gen"), false},

		{s.users, order(false, "email"), true}, // the older system's
		{s.users, order(false, directoryFields...), false},
		{s.users, order(false, "created_at", "_id"), false},
		{s.users, order(false, "role", "_id"), false},
		{s.users, order(false, "status", "_id"), false},
		{s.logs, order(false, "created_at", "_id"), false},
		{s.logs, order(false, "user_name", "_id"), false},
		{s.logs, order(false, "activity", "_id"), false},
		{s.logs, order(false, "user_id", "created_at", "_id"), false},

		{s.history, order(false, "user_id", "created_at", "_id"), false},
		{s.history, order(false, "status", "total_chats"), false},
		{s.history, order(false, ours+".session"), false},
		{s.reports, order(false, "entry", "commit", "n"), false},
		{s.shares, order(false, "entry", "created_us", "_id"), false},
		{s.shares, order(false, "hash"), true},
		{s.shares, order(false, "expires_us"), false},
		{s.holds, order(false, "channel", "user"), false},
		{s.holds, order(false, "user", "since_us", "_id"), false},
		{s.corrections, order(false, "user", "at_us", "_id"), false},
		{s.corrections, order(false, "channel", "at_us", "_id"), false},
		{s.corrections, order(false, "at_us", "_id"), false},

		{s.logins, order(false, "user", "created_us", "_id"), false},
		{s.logins, order(false, "expires_us"), false},
		{s.codes, order(false, "user"), false},
		{s.codes, order(false, "expires_us"), false},
		{s.invites, order(false, "hash"), true},
		{s.invites, order(false, "created_us", "_id"), false},
		{s.invites, order(false, "expires_us"), false},
		{s.outbox, order(false, "state", "next_us", "_id"), false},
		{s.outbox, order(false, "state", "dead_us", "_id"), false},
		{s.outbox, order(false, "state", "created_us"), false},
	}
}

// makeIndexes makes the indexes that are missing. That one is there under
// another name or with other options is fine.
func (s *Store) makeIndexes(ctx context.Context) error {
	for _, want := range s.indexes() {
		model := driver.IndexModel{Keys: want.keys}
		if want.unique {
			model.Options = options.Index().SetUnique(true)
		}
		_, err := want.coll.Indexes().CreateOne(ctx, model)
		var failed driver.CommandError
		if errors.As(err, &failed) && (failed.Code == codeIndexOptionsConflict || failed.Code == codeIndexKeySpecsConflict) {
			s.log.Debug("an index is there already, made otherwise", "collection", want.coll.Name(), "reason", failed.Message)
			continue
		}
		if want.unique && driver.IsDuplicateKeyError(err) {
			// Who signs in with an address that two have gets the older of them.
			s.log.Warn("several documents have the same value where each should have another; they stay as they are",
				"collection", want.coll.Name(), "field", want.keys[0].Key, "error", s.hide.mask(err))
			continue
		}
		if err != nil {
			return fmt.Errorf("collection %s: %w", want.coll.Name(), err)
		}
	}
	return nil
}
