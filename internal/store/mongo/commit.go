package mongo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/analysis"
)

// commit is what is written to several sessions at once. Once it is inserted,
// it happens: whoever finds it applies it, as often as need be.
type commit struct {
	ID    bson.ObjectID `bson:"_id"`
	Flips []flip        `bson:"flips"`
}

// flip takes a session from one generation to the next. The chunks that it
// points to are there already.
type flip struct {
	Session   string          `bson:"session"`
	Gen       int64           `bson:"gen"` // that it follows; 0: the session is new
	Fence     int64           `bson:"fence"`
	Channel   string          `bson:"channel"` // of a new session
	StartedUS int64           `bson:"started_us"`
	AtUS      int64           `bson:"at_us"`
	Put       map[string]blob `bson:"put"`  // by key of the part
	Drop      []string        `bson:"drop"` // keys of parts that are gone
}

// errConflict is returned when another process wrote the same session meanwhile.
var errConflict = errors.New("another process writes the same sessions: two servers analyse one channel")

// update is the flip as an update that does nothing when it was done before or
// when the session is of another generation.
func (f *flip) update(id bson.ObjectID) driver.WriteModel {
	at := time.UnixMicro(f.AtUS)
	if f.Gen == 0 {
		return driver.NewUpdateOneModel().SetUpsert(true).
			SetFilter(bson.D{{Key: "_id", Value: f.Session}}).
			SetUpdate(bson.D{{Key: "$setOnInsert", Value: bson.D{
				{Key: "state", Value: stateRunning},
				{Key: "channel", Value: f.Channel},
				{Key: "started_at", Value: time.UnixMicro(f.StartedUS)},
				{Key: "started_us", Value: f.StartedUS},
				{Key: "at", Value: at},
				{Key: "at_us", Value: f.AtUS},
				{Key: "gen", Value: int64(1)},
				{Key: "fence", Value: f.Fence},
				{Key: "commit", Value: id},
				{Key: "parts", Value: f.Put},
			}}})
	}
	set := bson.D{
		{Key: "at", Value: at},
		{Key: "at_us", Value: f.AtUS},
		{Key: "gen", Value: f.Gen + 1},
		{Key: "fence", Value: f.Fence},
		{Key: "commit", Value: id},
	}
	for key, b := range f.Put {
		set = append(set, bson.E{Key: "parts." + key, Value: b})
	}
	update := bson.D{{Key: "$set", Value: set}}
	if len(f.Drop) > 0 {
		unset := make(bson.D, len(f.Drop))
		for i, key := range f.Drop {
			unset[i] = bson.E{Key: "parts." + key, Value: ""}
		}
		update = append(update, bson.E{Key: "$unset", Value: unset})
	}
	return driver.NewUpdateOneModel().
		SetFilter(bson.D{{Key: "_id", Value: f.Session}, {Key: "gen", Value: f.Gen}, {Key: "state", Value: stateRunning}}).
		SetUpdate(update)
}

// write makes a commit happen. From the insertion on, nothing interrupts it
// but the loss of the server; then the next writer or reader completes it.
func (s *Store) write(ctx context.Context, c *commit) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	// One session's document changes as a whole anyway.
	logged := len(c.Flips) > 1
	if logged {
		s.unsettled = true
		if _, err := s.commits.InsertOne(ctx, c); err != nil {
			return fmt.Errorf("writing the commit: %w", err)
		}
	}
	applied, err := s.apply(ctx, c)
	if err != nil {
		return fmt.Errorf("applying the commit: %w", err)
	}
	if !applied {
		err = s.verify(ctx, c)
	}
	if logged {
		if err := s.forget(ctx, c.ID); err != nil {
			return err
		}
		s.unsettled = false
	}
	return err
}

// apply flips the sessions of a commit, and reports whether every one was.
func (s *Store) apply(ctx context.Context, c *commit) (bool, error) {
	models := make([]driver.WriteModel, len(c.Flips))
	var fresh int64
	for i := range c.Flips {
		models[i] = c.Flips[i].update(c.ID)
		if c.Flips[i].Gen == 0 {
			fresh++
		}
	}
	result, err := s.sessions.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	if driver.IsDuplicateKeyError(err) {
		return false, nil // another process inserted a session at the same instant
	}
	if err != nil {
		return false, err
	}
	return result.UpsertedCount == fresh && result.MatchedCount == int64(len(models))-fresh, nil
}

// verify looks why not every session was flipped. That another process
// completed the commit, or that the session ended, is fine.
func (s *Store) verify(ctx context.Context, c *commit) error {
	ids := make([]string, len(c.Flips))
	for i := range c.Flips {
		ids[i] = c.Flips[i].Session
	}
	states, err := s.states(ctx, ids)
	if err != nil {
		return err
	}
	var fenced []string
	for i, id := range ids {
		switch state := states[id]; {
		case state.Commit == c.ID:
		case state.State == stateRunning && state.Fence > c.Flips[i].Fence:
			// Claimed between reading and writing.
			if _, err := s.chunks.DeleteMany(ctx, bson.D{{Key: "session", Value: id}, {Key: "commit", Value: c.ID}}); err != nil {
				return err
			}
			fenced = append(fenced, id)
		case state.State == stateEnded:
			// Its chunks came too late.
			if _, err := s.chunks.DeleteMany(ctx, bson.D{{Key: "session", Value: id}, {Key: "commit", Value: c.ID}}); err != nil {
				return err
			}
		default:
			return fmt.Errorf("session %q: %w", id, errConflict)
		}
	}
	if fenced != nil {
		return &analysis.FencedError{Sessions: fenced}
	}
	return nil
}

func (s *Store) forget(ctx context.Context, id bson.ObjectID) error {
	if _, err := s.commits.DeleteOne(ctx, bson.D{{Key: "_id", Value: id}}); err != nil {
		return fmt.Errorf("removing a commit that is done: %w", err)
	}
	return nil
}

// settle completes the commits that a crash or an outage has left. Those of
// another process that is just at work are completed by both, to the same end.
func (s *Store) settle(ctx context.Context) error {
	cursor, err := s.commits.Find(ctx, bson.D{}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
	if err != nil {
		return err
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }() // it only read
	for cursor.Next(ctx) {
		var c commit
		if err := cursor.Decode(&c); err != nil {
			return fmt.Errorf("decoding a commit: %w", err)
		}
		if _, err := s.apply(ctx, &c); err != nil {
			return err
		}
		if err := s.forget(ctx, c.ID); err != nil {
			return err
		}
	}
	return cursor.Err()
}
