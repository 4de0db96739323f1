package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/analysis"
)

// learned is a document of chatmood_learned.
type learned struct {
	Channel string    `bson:"_id"`
	Fence   int64     `bson:"fence"`
	At      time.Time `bson:"at"` // for people
	AtUS    int64     `bson:"at_us"`
	State   []byte    `bson:"state"` // empty: nothing yet
}

func (l *learned) value() analysis.Learned {
	if len(l.State) == 0 {
		return analysis.Learned{}
	}
	return analysis.Learned{Channel: l.Channel, Fence: l.Fence, At: fromMicros(l.AtUS), State: l.State}
}

// correction is a document of chatmood_corrections.
type correction struct {
	ID      string    `bson:"_id"`
	User    string    `bson:"user"`
	Channel string    `bson:"channel"`
	Kind    string    `bson:"kind"`
	Subject string    `bson:"subject"`
	Hash    string    `bson:"hash"`
	Label   string    `bson:"label"`
	Value   float64   `bson:"value"`
	At      time.Time `bson:"at"` // for people
	AtUS    int64     `bson:"at_us"`
}

func (c *correction) value() analysis.Correction {
	return analysis.Correction{
		ID: c.ID, UserID: c.User, Channel: c.Channel, Kind: c.Kind, Subject: c.Subject,
		Hash: c.Hash, Label: c.Label, Value: c.Value, At: fromMicros(c.AtUS),
	}
}

// Learning keeps what channels have taught and what users corrected in a
// [Store]. It is safe for concurrent use.
type Learning struct{ s *Store }

var _ analysis.LearningStore = (*Learning)(nil)

// Learning returns the part of the store that keeps what was learnt.
func (s *Store) Learning() *Learning { return &Learning{s} }

// TakeLearned implements [analysis.LearningStore].
func (l *Learning) TakeLearned(ctx context.Context, channel string, fence int64) (analysis.Learned, error) {
	filter := bson.D{{Key: "_id", Value: channel}}
	set := bson.D{
		{Key: "$set", Value: bson.D{{Key: "fence", Value: fence}}},
		{Key: "$setOnInsert", Value: bson.D{{Key: "at", Value: time.UnixMicro(0)}, {Key: "at_us", Value: int64(0)}, {Key: "state", Value: []byte{}}}},
	}
	var doc learned
	take := func() error {
		return l.s.learned.FindOneAndUpdate(ctx, filter, set, options.FindOneAndUpdate().SetUpsert(true).SetReturnDocument(options.After)).Decode(&doc)
	}
	err := take()
	if driver.IsDuplicateKeyError(err) { // two inserted it at the same instant
		err = take()
	}
	if err != nil {
		return analysis.Learned{}, l.s.explain(ctx, "reading what a channel taught from", err)
	}
	return doc.value(), nil
}

// SaveLearned implements [analysis.LearningStore].
func (l *Learning) SaveLearned(ctx context.Context, what analysis.Learned) (bool, error) {
	filter := bson.D{{Key: "_id", Value: what.Channel}, {Key: "fence", Value: bson.D{{Key: "$lte", Value: what.Fence}}}}
	_, err := l.s.learned.ReplaceOne(ctx, filter, learnedDocument(what), options.Replace().SetUpsert(true))
	if driver.IsDuplicateKeyError(err) { // it is there with a higher fence, or was just inserted
		var result *driver.UpdateResult
		result, err = l.s.learned.ReplaceOne(ctx, filter, learnedDocument(what))
		if err == nil {
			return result.MatchedCount == 1, nil
		}
	}
	return err == nil, l.s.explain(ctx, "writing what a channel taught to", err)
}

func learnedDocument(l analysis.Learned) bson.D {
	state := l.State
	if state == nil {
		state = []byte{}
	}
	return bson.D{
		{Key: "_id", Value: l.Channel}, {Key: "fence", Value: l.Fence}, {Key: "at", Value: l.At}, {Key: "at_us", Value: l.At.UnixMicro()}, {Key: "state", Value: state},
	}
}

// ImportLearned implements [analysis.LearningStore].
func (l *Learning) ImportLearned(ctx context.Context, what analysis.Learned) error {
	return l.s.explain(ctx, "writing what a channel taught to", replace(ctx, l.s.learned, learnedDocument(what)))
}

// Learned implements [analysis.LearningStore].
func (l *Learning) Learned(ctx context.Context, channel string) (analysis.Learned, error) {
	var doc learned
	err := l.s.learned.FindOne(ctx, bson.D{{Key: "_id", Value: channel}}).Decode(&doc)
	if errors.Is(err, driver.ErrNoDocuments) {
		return analysis.Learned{}, nil
	}
	if err != nil {
		return analysis.Learned{}, l.s.explain(ctx, "reading what a channel taught from", err)
	}
	return doc.value(), nil
}

// EachLearned implements [analysis.LearningStore].
func (l *Learning) EachLearned(ctx context.Context, after string, do func(analysis.Learned) error) error {
	return l.s.explain(ctx, "reading what channels taught from", eachText(ctx, l.s.learned, after, func(doc learned) error {
		if len(doc.State) == 0 {
			return nil
		}
		return do(doc.value())
	}))
}

// PutCorrection implements [analysis.LearningStore].
func (l *Learning) PutCorrection(ctx context.Context, c analysis.Correction) error {
	return l.s.explain(ctx, "writing a correction to", replace(ctx, l.s.corrections, bson.D{
		{Key: "_id", Value: c.ID},
		{Key: "user", Value: c.UserID},
		{Key: "channel", Value: c.Channel},
		{Key: "kind", Value: c.Kind},
		{Key: "subject", Value: c.Subject},
		{Key: "hash", Value: c.Hash},
		{Key: "label", Value: c.Label},
		{Key: "value", Value: c.Value},
		{Key: "at", Value: c.At},
		{Key: "at_us", Value: c.At.UnixMicro()},
	}))
}

// DropCorrection implements [analysis.LearningStore].
func (l *Learning) DropCorrection(ctx context.Context, id string) (bool, error) {
	result, err := l.s.corrections.DeleteOne(ctx, bson.D{{Key: "_id", Value: id}})
	return err == nil && result.DeletedCount == 1, l.s.explain(ctx, "removing a correction from", err)
}

// RemoveCorrections implements [analysis.LearningStore].
func (l *Learning) RemoveCorrections(ctx context.Context, userID string) (int, error) {
	result, err := l.s.corrections.DeleteMany(ctx, bson.D{{Key: "user", Value: userID}})
	if err != nil {
		return 0, l.s.explain(ctx, "removing a user's corrections from", err)
	}
	return int(result.DeletedCount), nil
}

func correctionFilter(q analysis.CorrectionQuery) bson.D {
	filter := bson.D{}
	if q.UserID != "" {
		filter = append(filter, bson.E{Key: "user", Value: q.UserID})
	}
	if q.Channel != "" {
		filter = append(filter, bson.E{Key: "channel", Value: q.Channel})
	}
	if !q.Since.IsZero() {
		filter = append(filter, bson.E{Key: "at_us", Value: bson.D{{Key: "$gte", Value: q.Since.UnixMicro()}}})
	}
	if !q.Before.IsZero() {
		before := q.Before.UnixMicro()
		either := bson.A{bson.D{{Key: "at_us", Value: bson.D{{Key: "$lt", Value: before}}}}}
		if q.BeforeID != "" {
			either = append(either, bson.D{{Key: "at_us", Value: before}, {Key: "_id", Value: bson.D{{Key: "$lt", Value: q.BeforeID}}}})
		}
		filter = append(filter, bson.E{Key: "$or", Value: either})
	}
	return filter
}

// Corrections implements [analysis.LearningStore].
func (l *Learning) Corrections(ctx context.Context, q analysis.CorrectionQuery) ([]analysis.Correction, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = analysis.DefaultSessionLimit
	}
	opts := options.Find().SetSort(order(true, "at_us", "_id")).SetLimit(int64(min(limit, analysis.MaxSessionLimit)))
	docs, err := findAll[correction](ctx, l.s.corrections, correctionFilter(q), opts)
	if err != nil {
		return nil, l.s.explain(ctx, "listing corrections in", err)
	}
	var list []analysis.Correction
	for i := range docs {
		list = append(list, docs[i].value())
	}
	return list, nil
}

// CountCorrections implements [analysis.LearningStore].
func (l *Learning) CountCorrections(ctx context.Context, q analysis.CorrectionQuery) (int, error) {
	n, err := l.s.count(ctx, l.s.corrections, correctionFilter(q))
	return n, l.s.explain(ctx, "counting corrections in", err)
}

// EachCorrection implements [analysis.LearningStore].
func (l *Learning) EachCorrection(ctx context.Context, after string, do func(analysis.Correction) error) error {
	return l.s.explain(ctx, "reading the corrections of", eachText(ctx, l.s.corrections, after, func(c correction) error { return do(c.value()) }))
}
