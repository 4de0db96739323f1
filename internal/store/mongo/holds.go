package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/analysis"
)

// hold is a document of chatmood_holds.
type hold struct {
	ID      string    `bson:"_id"` // channel and user: there is one of each
	Channel string    `bson:"channel"`
	User    string    `bson:"user"`
	Since   time.Time `bson:"since"` // for people
	SinceUS int64     `bson:"since_us"`
}

func holdID(channel, userID string) string { return channel + "\n" + userID }

// Holds keeps who holds which channel in a [Store]. It is safe for concurrent
// use.
type Holds struct{ s *Store }

var _ analysis.HoldStore = (*Holds)(nil)

// Holds returns the part of the store that keeps who holds which channel.
func (s *Store) Holds() *Holds { return &Holds{s} }

// AddHold implements [analysis.HoldStore].
func (h *Holds) AddHold(ctx context.Context, want analysis.Hold) (bool, error) {
	_, err := h.s.holds.InsertOne(ctx, hold{
		holdID(want.Channel, want.UserID), want.Channel, want.UserID, want.Since, want.Since.UnixMicro(),
	})
	if driver.IsDuplicateKeyError(err) {
		return false, nil
	}
	return err == nil, h.s.explain(ctx, "holding a channel in", err)
}

// DropHold implements [analysis.HoldStore].
func (h *Holds) DropHold(ctx context.Context, channel, userID string) (bool, error) {
	dropped, err := h.drop(ctx, holdID(channel, userID))
	return dropped, h.s.explain(ctx, "letting a channel go in", err)
}

func (h *Holds) drop(ctx context.Context, id string) (bool, error) {
	result, err := h.s.holds.DeleteOne(ctx, bson.D{{Key: "_id", Value: id}})
	return err == nil && result.DeletedCount == 1, err
}

// DropHolds implements [analysis.HoldStore]. On an error some may be dropped;
// those are returned.
func (h *Holds) DropHolds(ctx context.Context, channel string) (dropped []analysis.Hold, err error) {
	list, err := h.HoldsOn(ctx, channel)
	if err != nil {
		return nil, err
	}
	for _, held := range list {
		mine, err := h.drop(ctx, holdID(held.Channel, held.UserID))
		if err != nil {
			return dropped, h.s.explain(ctx, "letting a channel go in", err)
		}
		if mine {
			dropped = append(dropped, held)
		}
	}
	return dropped, nil
}

// HoldsOn implements [analysis.HoldStore].
func (h *Holds) HoldsOn(ctx context.Context, channel string) ([]analysis.Hold, error) {
	return h.list(ctx, bson.D{{Key: "channel", Value: channel}}, order(false, "since_us", "_id"))
}

// HoldsOf implements [analysis.HoldStore].
func (h *Holds) HoldsOf(ctx context.Context, userID string) ([]analysis.Hold, error) {
	return h.list(ctx, bson.D{{Key: "user", Value: userID}}, order(false, "since_us", "_id"))
}

// Holds implements [analysis.HoldStore].
func (h *Holds) Holds(ctx context.Context) ([]analysis.Hold, error) {
	return h.list(ctx, bson.D{}, order(false, "channel", "user"))
}

func (h *Holds) list(ctx context.Context, filter, sort bson.D) ([]analysis.Hold, error) {
	docs, err := findAll[hold](ctx, h.s.holds, filter, options.Find().SetSort(sort))
	if err != nil {
		return nil, h.s.explain(ctx, "listing who holds channels in", err)
	}
	var list []analysis.Hold
	for _, d := range docs {
		list = append(list, analysis.Hold{Channel: d.Channel, UserID: d.User, Since: fromMicros(d.SinceUS)})
	}
	return list, nil
}
