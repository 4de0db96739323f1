package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/history"
)

// share is a document of chatmood_shares. A time of 0 is none.
type share struct {
	ID        string `bson:"_id"`
	Entry     string `bson:"entry"`
	User      string `bson:"user"`
	Hash      []byte `bson:"hash"`
	Chatters  string `bson:"chatters"`
	CreatedUS int64  `bson:"created_us"`
	ExpiresUS int64  `bson:"expires_us"`
	Views     int64  `bson:"views"`
	ViewedUS  int64  `bson:"viewed_us"`
}

func (s share) share() history.Share {
	return history.Share{
		ID: s.ID, EntryID: s.Entry, UserID: s.User, Hash: s.Hash, Chatters: s.Chatters, CreatedAt: fromMicros(s.CreatedUS),
		ExpiresAt: fromMicros(s.ExpiresUS), Views: s.Views, ViewedAt: fromMicrosOrZero(s.ViewedUS),
	}
}

func shareDocument(s history.Share) bson.D {
	return bson.D{
		{Key: "_id", Value: s.ID},
		{Key: "entry", Value: s.EntryID},
		{Key: "user", Value: s.UserID},
		{Key: "hash", Value: s.Hash},
		{Key: "chatters", Value: s.Chatters},
		{Key: "created_us", Value: s.CreatedAt.UnixMicro()},
		{Key: "expires_us", Value: s.ExpiresAt.UnixMicro()},
		{Key: "views", Value: s.Views},
		{Key: "viewed_us", Value: microsOrZero(s.ViewedAt)},
	}
}

// CreateShare implements [history.Store].
func (h *History) CreateShare(ctx context.Context, s history.Share) error {
	oid, ok := objectID(s.EntryID)
	if !ok {
		return h.explain(ctx, "adding a link to", history.ErrNotFound)
	}
	return h.explain(ctx, "adding a link to", h.linked(ctx, owner(oid, s.UserID), s.ID, func(ctx context.Context) error {
		_, err := h.s.shares.InsertOne(ctx, shareDocument(s))
		return err
	}))
}

// ImportShare implements [history.Archive].
func (h *History) ImportShare(ctx context.Context, s history.Share) error {
	oid, ok := objectID(s.EntryID)
	if !ok {
		return h.explain(ctx, "importing a link into", history.ErrNotFound)
	}
	return h.explain(ctx, "importing a link into", h.linked(ctx, bson.D{{Key: "_id", Value: oid}}, s.ID, func(ctx context.Context) error {
		return replace(ctx, h.s.shares, shareDocument(s))
	}))
}

// linked writes a link to an entry that must be there before and after: who
// removes the entry meanwhile removes the links that were written before.
func (h *History) linked(ctx context.Context, entry bson.D, id string, write func(context.Context) error) error {
	there, err := exists(ctx, h.s.history, entry)
	if err != nil {
		return err
	}
	if !there {
		return history.ErrNotFound
	}
	if err := write(ctx); err != nil {
		return err
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	if there, err = exists(ctx, h.s.history, entry); err != nil || there {
		return err
	}
	_, err = h.s.shares.DeleteOne(ctx, bson.D{{Key: "_id", Value: id}})
	return errors.Join(history.ErrNotFound, err)
}

func unexpired(key string, value any, after time.Time) bson.D {
	return bson.D{{Key: key, Value: value}, {Key: "expires_us", Value: bson.D{{Key: "$gt", Value: after.UnixMicro()}}}}
}

// Shares implements [history.Store].
func (h *History) Shares(ctx context.Context, entryID string, after time.Time) ([]history.Share, error) {
	docs, err := findAll[share](ctx, h.s.shares, unexpired("entry", entryID, after), options.Find().SetSort(order(true, "created_us", "_id")))
	if err != nil {
		return nil, h.explain(ctx, "listing the links in", err)
	}
	var list []history.Share
	for _, s := range docs {
		list = append(list, s.share())
	}
	return list, nil
}

// ShareByHash implements [history.Store].
func (h *History) ShareByHash(ctx context.Context, hash []byte, after time.Time) (history.Share, error) {
	if hash == nil {
		hash = []byte{}
	}
	var s share
	if err := noEntry(h.s.shares.FindOne(ctx, unexpired("hash", hash, after)).Decode(&s)); err != nil {
		return history.Share{}, h.explain(ctx, "reading a link from", err)
	}
	return s.share(), nil
}

// CountView implements [history.Store].
func (h *History) CountView(ctx context.Context, shareID string, at time.Time) error {
	_, err := h.s.shares.UpdateOne(ctx, bson.D{{Key: "_id", Value: shareID}}, bson.D{
		{Key: "$inc", Value: bson.D{{Key: "views", Value: int64(1)}}}, {Key: "$max", Value: bson.D{{Key: "viewed_us", Value: at.UnixMicro()}}},
	})
	return h.explain(ctx, "counting a view in", err)
}

// RemoveShare implements [history.Store].
func (h *History) RemoveShare(ctx context.Context, id, entryID, userID string) error {
	return h.explain(ctx, "removing a link from", h.removeShare(ctx, id, entryID, userID))
}

func (h *History) removeShare(ctx context.Context, id, entryID, userID string) error {
	oid, ok := objectID(entryID)
	if !ok {
		return history.ErrNotFound
	}
	there, err := exists(ctx, h.s.history, owner(oid, userID))
	if err != nil {
		return err
	}
	if !there {
		return history.ErrNotFound
	}
	result, err := h.s.shares.DeleteOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "entry", Value: entryID}})
	if err == nil && result.DeletedCount == 0 {
		err = history.ErrNotFound
	}
	return err
}

// DropExpired implements [history.Store]. It also removes what crashes have left.
func (h *History) DropExpired(ctx context.Context, before time.Time) (int64, error) {
	var result *driver.DeleteResult
	result, err := h.s.shares.DeleteMany(ctx, bson.D{{Key: "expires_us", Value: bson.D{{Key: "$lt", Value: before.UnixMicro()}}}})
	if err != nil {
		return 0, h.explain(ctx, "removing expired links from", err)
	}
	return result.DeletedCount, h.explain(ctx, "removing what was left behind in", h.s.finishPending(ctx, bson.D{}))
}

// EachShare implements [history.Archive].
func (h *History) EachShare(ctx context.Context, after string, do func(history.Share) error) error {
	return h.explain(ctx, "reading the links of", eachText(ctx, h.s.shares, after, func(s share) error { return do(s.share()) }))
}
