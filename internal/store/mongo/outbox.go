package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/mail"
)

// The states of a mail.
const (
	mailWaits = "waiting"
	mailDead  = "dead"
)

// letter is a document of chatmood_outbox. A time of 0 is none.
type letter struct {
	ID        string `bson:"_id"`
	Kind      string `bson:"kind"`
	State     string `bson:"state"`
	Sealed    []byte `bson:"message"`
	CreatedUS int64  `bson:"created_us"`
	ExpiresUS int64  `bson:"expires_us"`
	NextUS    int64  `bson:"next_us"`
	DeadUS    int64  `bson:"dead_us"`
	Attempts  int    `bson:"attempts"`
	Error     string `bson:"error"`
}

func (l letter) item() mail.Item {
	return mail.Item{
		ID: l.ID, Kind: l.Kind, Sealed: l.Sealed, CreatedAt: fromMicros(l.CreatedUS), ExpiresAt: fromMicrosOrZero(l.ExpiresUS),
		Attempts: l.Attempts, Error: l.Error, NextAt: fromMicrosOrZero(l.NextUS), DeadAt: fromMicrosOrZero(l.DeadUS),
	}
}

func fromMicrosOrZero(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return fromMicros(n)
}

func microsOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Outbox keeps mail in a [Store]. It is safe for concurrent use.
type Outbox struct{ s *Store }

var (
	_ mail.Queue   = (*Outbox)(nil)
	_ mail.Archive = (*Outbox)(nil)
)

// Outbox returns the part of the store that keeps mail.
func (s *Store) Outbox() *Outbox { return &Outbox{s} }

// Put implements [mail.Queue].
func (o *Outbox) Put(ctx context.Context, it mail.Item) error {
	_, err := o.s.outbox.InsertOne(ctx, letter{
		ID: it.ID, Kind: it.Kind, State: mailWaits, Sealed: it.Sealed, CreatedUS: it.CreatedAt.UnixMicro(),
		ExpiresUS: microsOrZero(it.ExpiresAt), NextUS: it.CreatedAt.UnixMicro(),
	})
	if driver.IsDuplicateKeyError(err) {
		return nil
	}
	return o.s.explain(ctx, "writing mail to", err)
}

// Claim implements [mail.Queue].
func (o *Outbox) Claim(ctx context.Context, now, until time.Time) (mail.Item, bool, error) {
	var l letter
	err := o.s.outbox.FindOneAndUpdate(ctx,
		// Not $lte: a server was seen that leaves the bound out when an index has fields behind it.
		bson.D{{Key: "state", Value: mailWaits}, {Key: "next_us", Value: bson.D{{Key: "$lt", Value: now.UnixMicro() + 1}}}},
		bson.D{{Key: "$set", Value: bson.D{{Key: "next_us", Value: until.UnixMicro()}}}, {Key: "$inc", Value: bson.D{{Key: "attempts", Value: 1}}}},
		options.FindOneAndUpdate().SetSort(order(false, "next_us", "_id")).SetReturnDocument(options.After)).Decode(&l)
	if errors.Is(err, driver.ErrNoDocuments) {
		return mail.Item{}, false, nil
	}
	if err != nil {
		return mail.Item{}, false, o.s.explain(ctx, "reading mail from", err)
	}
	return l.item(), true, nil
}

// Delivered implements [mail.Queue].
func (o *Outbox) Delivered(ctx context.Context, id string) error {
	_, err := o.s.outbox.DeleteOne(ctx, bson.D{{Key: "_id", Value: id}})
	return o.s.explain(ctx, "removing mail from", err)
}

func (o *Outbox) set(ctx context.Context, filter, values bson.D) (found bool, err error) {
	result, err := o.s.outbox.UpdateOne(ctx, filter, bson.D{{Key: "$set", Value: values}})
	if err != nil {
		return false, o.s.explain(ctx, "writing mail to", err)
	}
	return result.MatchedCount == 1, nil
}

// Retry implements [mail.Queue].
func (o *Outbox) Retry(ctx context.Context, id string, at time.Time, reason string) error {
	_, err := o.set(ctx, bson.D{{Key: "_id", Value: id}, {Key: "state", Value: mailWaits}},
		bson.D{{Key: "next_us", Value: at.UnixMicro()}, {Key: "error", Value: reason}})
	return err
}

// Bury implements [mail.Queue].
func (o *Outbox) Bury(ctx context.Context, id string, at time.Time, reason string) error {
	_, err := o.set(ctx, bson.D{{Key: "_id", Value: id}},
		bson.D{{Key: "state", Value: mailDead}, {Key: "next_us", Value: int64(0)}, {Key: "dead_us", Value: at.UnixMicro()}, {Key: "error", Value: reason}})
	return err
}

// Revive implements [mail.Queue].
func (o *Outbox) Revive(ctx context.Context, id string, at time.Time) error {
	found, err := o.set(ctx, bson.D{{Key: "_id", Value: id}, {Key: "state", Value: mailDead}}, bson.D{
		{Key: "state", Value: mailWaits},
		{Key: "next_us", Value: at.UnixMicro()},
		{Key: "dead_us", Value: int64(0)},
		{Key: "created_us", Value: at.UnixMicro()},
		{Key: "attempts", Value: 0},
	})
	if err == nil && !found {
		return mail.ErrUnknownMail
	}
	return err
}

func (o *Outbox) list(ctx context.Context, state string, sort bson.D, limit int) ([]mail.Item, error) {
	docs, err := findAll[letter](ctx, o.s.outbox, bson.D{{Key: "state", Value: state}}, options.Find().SetSort(sort).SetLimit(int64(max(limit, 1))))
	if err != nil {
		return nil, o.s.explain(ctx, "reading mail from", err)
	}
	var list []mail.Item
	for _, l := range docs {
		list = append(list, l.item())
	}
	return list, nil
}

// Dead implements [mail.Queue].
func (o *Outbox) Dead(ctx context.Context, limit int) ([]mail.Item, error) {
	return o.list(ctx, mailDead, order(true, "dead_us", "_id"), limit)
}

// Waiting implements [mail.Queue].
func (o *Outbox) Waiting(ctx context.Context, limit int) ([]mail.Item, error) {
	return o.list(ctx, mailWaits, order(false, "next_us", "_id"), limit)
}

// DropDead implements [mail.Queue].
func (o *Outbox) DropDead(ctx context.Context, before time.Time) (int64, error) {
	result, err := o.s.outbox.DeleteMany(ctx, bson.D{{Key: "state", Value: mailDead}, {Key: "dead_us", Value: bson.D{{Key: "$lt", Value: before.UnixMicro()}}}})
	if err != nil {
		return 0, o.s.explain(ctx, "removing mail from", err)
	}
	return result.DeletedCount, nil
}

// Stats implements [mail.Queue].
func (o *Outbox) Stats(ctx context.Context) (mail.QueueStats, error) {
	stats, err := o.stats(ctx)
	return stats, o.s.explain(ctx, "counting the mail in", err)
}

func (o *Outbox) stats(ctx context.Context) (stats mail.QueueStats, err error) {
	if stats.Waiting, err = o.s.count(ctx, o.s.outbox, bson.D{{Key: "state", Value: mailWaits}}); err != nil {
		return stats, err
	}
	if stats.Dead, err = o.s.count(ctx, o.s.outbox, bson.D{{Key: "state", Value: mailDead}}); err != nil {
		return stats, err
	}
	var oldest letter
	err = o.s.outbox.FindOne(ctx, bson.D{{Key: "state", Value: mailWaits}},
		options.FindOne().SetSort(order(false, "created_us")).SetProjection(only("created_us"))).Decode(&oldest)
	if errors.Is(err, driver.ErrNoDocuments) {
		return stats, nil
	}
	stats.Oldest = fromMicrosOrZero(oldest.CreatedUS)
	return stats, err
}

// EachMail implements [mail.Archive].
func (o *Outbox) EachMail(ctx context.Context, do func(mail.Item) error) error {
	err := stream(ctx, o.s.outbox, bson.D{}, options.Find().SetSort(order(false, "_id")), func(raw bson.Raw) error {
		var l letter
		if err := bson.Unmarshal(raw, &l); err != nil {
			return err
		}
		return do(l.item())
	})
	return o.s.explain(ctx, "reading mail from", err)
}

// ImportMail implements [mail.Archive].
func (o *Outbox) ImportMail(ctx context.Context, it mail.Item) error {
	state := mailWaits
	if !it.DeadAt.IsZero() {
		state = mailDead
	}
	err := replace(ctx, o.s.outbox, bson.D{
		{Key: "_id", Value: it.ID},
		{Key: "kind", Value: it.Kind},
		{Key: "state", Value: state},
		{Key: "message", Value: it.Sealed},
		{Key: "created_us", Value: it.CreatedAt.UnixMicro()},
		{Key: "expires_us", Value: microsOrZero(it.ExpiresAt)},
		{Key: "next_us", Value: microsOrZero(it.NextAt)},
		{Key: "dead_us", Value: microsOrZero(it.DeadAt)},
		{Key: "attempts", Value: it.Attempts},
		{Key: "error", Value: it.Error},
	})
	return o.s.explain(ctx, "importing mail into", err)
}
