package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/account"
)

// login is a document of chatmood_logins.
type login struct {
	ID         string `bson:"_id"`
	User       string `bson:"user"`
	Secret     []byte `bson:"secret"`
	Generation int64  `bson:"gen"`
	CreatedUS  int64  `bson:"created_us"`
	RotatedUS  int64  `bson:"rotated_us"`
	ExpiresUS  int64  `bson:"expires_us"`
	Address    string `bson:"address"`
	UserAgent  string `bson:"user_agent"`
}

func toLogin(s account.Session) login {
	return login{s.ID, s.UserID, s.Secret, s.Generation, s.CreatedAt.UnixMicro(), s.RotatedAt.UnixMicro(), s.ExpiresAt.UnixMicro(), s.Address, s.UserAgent}
}

func (l login) session() account.Session {
	return account.Session{
		ID: l.ID, UserID: l.User, Secret: l.Secret, Generation: l.Generation, CreatedAt: fromMicros(l.CreatedUS),
		RotatedAt: fromMicros(l.RotatedUS), ExpiresAt: fromMicros(l.ExpiresUS), Address: l.Address, UserAgent: l.UserAgent,
	}
}

// otp is a document of chatmood_codes, a code or link.
type otp struct {
	ID        string `bson:"_id"` // user and purpose: there is one of each
	User      string `bson:"user"`
	Purpose   string `bson:"purpose"`
	Hash      []byte `bson:"hash"`
	Target    string `bson:"target"`
	Tries     int    `bson:"tries"`
	CreatedUS int64  `bson:"created_us"`
	ExpiresUS int64  `bson:"expires_us"`
}

func codeID(userID string, p account.Purpose) string { return userID + "/" + string(p) }

func (c otp) code() account.Code {
	return account.Code{
		UserID: c.User, Purpose: account.Purpose(c.Purpose), Hash: c.Hash, Target: c.Target, Tries: c.Tries,
		CreatedAt: fromMicros(c.CreatedUS), ExpiresAt: fromMicros(c.ExpiresUS),
	}
}

func notFound(err error) error {
	if errors.Is(err, driver.ErrNoDocuments) {
		return account.ErrNotFound
	}
	return err
}

// owned writes something that belongs to a user, and takes it back where the
// user is not there. It looks after writing: whoever deletes the user meanwhile
// removes what was written before, and what is written later finds no user. A
// crash in between leaves something that nobody can use and that expires.
func (a *Accounts) owned(ctx context.Context, userID string, write, takeBack func(context.Context) error) error {
	if err := write(ctx); err != nil {
		return err
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	oid, _ := objectID(userID)
	there, err := exists(ctx, a.s.users, bson.D{{Key: "_id", Value: oid}})
	if err != nil || there {
		return err
	}
	return errors.Join(account.ErrNotFound, takeBack(ctx))
}

// CreateSession implements [account.Store].
func (a *Accounts) CreateSession(ctx context.Context, s account.Session) error {
	return a.explain(ctx, "starting a session in", a.owned(ctx, s.UserID,
		func(ctx context.Context) error {
			_, err := a.s.logins.InsertOne(ctx, toLogin(s))
			return err
		},
		func(ctx context.Context) error { return a.endSession(ctx, s.ID) }))
}

// Session implements [account.Store].
func (a *Accounts) Session(ctx context.Context, id string) (account.Session, error) {
	var l login
	if err := notFound(a.s.logins.FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Decode(&l)); err != nil {
		return account.Session{}, a.explain(ctx, "reading a session from", err)
	}
	return l.session(), nil
}

// Sessions implements [account.Store].
func (a *Accounts) Sessions(ctx context.Context, userID string, after time.Time) ([]account.Session, error) {
	docs, err := findAll[login](ctx, a.s.logins,
		bson.D{{Key: "user", Value: userID}, {Key: "expires_us", Value: bson.D{{Key: "$gt", Value: after.UnixMicro()}}}},
		options.Find().SetSort(order(true, "created_us", "_id")))
	if err != nil {
		return nil, a.explain(ctx, "listing sessions in", err)
	}
	var list []account.Session
	for _, l := range docs {
		list = append(list, l.session())
	}
	return list, nil
}

// RotateSession implements [account.Store].
func (a *Accounts) RotateSession(ctx context.Context, id string, from int64, at, expires time.Time) error {
	return a.explain(ctx, "rotating a session in", a.rotate(ctx, id, from, at, expires))
}

func (a *Accounts) rotate(ctx context.Context, id string, from int64, at, expires time.Time) error {
	result, err := a.s.logins.UpdateOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "gen", Value: from}}, bson.D{{Key: "$set", Value: bson.D{
		{Key: "gen", Value: from + 1}, {Key: "rotated_us", Value: at.UnixMicro()}, {Key: "expires_us", Value: expires.UnixMicro()},
	}}})
	if err != nil || result.MatchedCount == 1 {
		return err
	}
	there, err := exists(ctx, a.s.logins, bson.D{{Key: "_id", Value: id}})
	switch {
	case err != nil:
		return err
	case !there:
		return account.ErrNotFound
	}
	return account.ErrChanged
}

func (a *Accounts) endSession(ctx context.Context, id string) error {
	_, err := a.s.logins.DeleteOne(ctx, bson.D{{Key: "_id", Value: id}})
	return err
}

// EndSession implements [account.Store].
func (a *Accounts) EndSession(ctx context.Context, id string) error {
	return a.explain(ctx, "ending a session in", a.endSession(ctx, id))
}

// EndSessions implements [account.Store].
func (a *Accounts) EndSessions(ctx context.Context, userID, except string) ([]string, error) {
	ids, err := a.endSessions(ctx, userID, except)
	return ids, a.explain(ctx, "ending sessions in", err)
}

func (a *Accounts) endSessions(ctx context.Context, userID, except string) (ended []string, err error) {
	filter := bson.D{{Key: "user", Value: userID}, {Key: "_id", Value: bson.D{{Key: "$ne", Value: except}}}}
	docs, err := findAll[login](ctx, a.s.logins, filter, options.Find().SetProjection(only("_id")))
	if err != nil || len(docs) == 0 {
		return nil, err
	}
	for _, l := range docs {
		ended = append(ended, l.ID)
	}
	// All of the filter, not only those listed: one that began meanwhile ends too.
	if _, err := a.s.logins.DeleteMany(ctx, filter); err != nil {
		return nil, err
	}
	return ended, nil
}

// SaveCode implements [account.Store].
func (a *Accounts) SaveCode(ctx context.Context, c account.Code) error {
	id := codeID(c.UserID, c.Purpose)
	doc := bson.D{
		{Key: "_id", Value: id},
		{Key: "user", Value: c.UserID},
		{Key: "purpose", Value: string(c.Purpose)},
		{Key: "hash", Value: c.Hash},
		{Key: "target", Value: c.Target},
		{Key: "tries", Value: c.Tries},
		{Key: "created_us", Value: c.CreatedAt.UnixMicro()},
		{Key: "expires_us", Value: c.ExpiresAt.UnixMicro()},
	}
	return a.explain(ctx, "keeping a code in", a.owned(ctx, c.UserID,
		func(ctx context.Context) error { return replace(ctx, a.s.codes, doc) },
		func(ctx context.Context) error {
			_, err := a.s.codes.DeleteOne(ctx, bson.D{{Key: "_id", Value: id}})
			return err
		}))
}

func validCode(userID string, p account.Purpose, after time.Time) bson.D {
	return bson.D{{Key: "_id", Value: codeID(userID, p)}, {Key: "expires_us", Value: bson.D{{Key: "$gt", Value: after.UnixMicro()}}}}
}

// Code implements [account.Store].
func (a *Accounts) Code(ctx context.Context, userID string, p account.Purpose, after time.Time) (account.Code, error) {
	var c otp
	if err := notFound(a.s.codes.FindOne(ctx, validCode(userID, p, after)).Decode(&c)); err != nil {
		return account.Code{}, a.explain(ctx, "reading a code from", err)
	}
	return c.code(), nil
}

// TryCode implements [account.Store].
func (a *Accounts) TryCode(ctx context.Context, userID string, p account.Purpose, after time.Time, max int) (account.Code, error) {
	var c otp
	err := a.s.codes.FindOneAndUpdate(ctx, append(validCode(userID, p, after), bson.E{Key: "tries", Value: bson.D{{Key: "$lt", Value: max}}}),
		bson.D{{Key: "$inc", Value: bson.D{{Key: "tries", Value: 1}}}},
		options.FindOneAndUpdate().SetReturnDocument(options.After)).Decode(&c)
	if err = notFound(err); err != nil {
		return account.Code{}, a.explain(ctx, "trying a code in", err)
	}
	return c.code(), nil
}

// UseCode implements [account.Store].
func (a *Accounts) UseCode(ctx context.Context, userID string, p account.Purpose, hash []byte) error {
	result, err := a.s.codes.DeleteOne(ctx, bson.D{{Key: "_id", Value: codeID(userID, p)}, {Key: "hash", Value: hash}})
	if err == nil && result.DeletedCount == 0 {
		err = account.ErrNotFound
	}
	return a.explain(ctx, "using a code up in", err)
}

// DropCodes implements [account.Store].
func (a *Accounts) DropCodes(ctx context.Context, userID string, ps ...account.Purpose) error {
	ids := bson.A{}
	for _, p := range ps {
		ids = append(ids, codeID(userID, p))
	}
	_, err := a.s.codes.DeleteMany(ctx, bson.D{{Key: "_id", Value: in(ids)}})
	return a.explain(ctx, "removing codes from", err)
}

// DropExpired implements [account.Store]. It also mends what crashes and the
// older system left: see [Store.mend].
func (a *Accounts) DropExpired(ctx context.Context, before time.Time) (int64, error) {
	n, err := a.dropExpired(ctx, before)
	return n, a.explain(ctx, "removing expired sessions from", err)
}

func (a *Accounts) dropExpired(ctx context.Context, before time.Time) (dropped int64, err error) {
	for _, coll := range []*driver.Collection{a.s.logins, a.s.codes, a.s.invites} {
		result, err := coll.DeleteMany(ctx, bson.D{{Key: "expires_us", Value: bson.D{{Key: "$lt", Value: before.UnixMicro()}}}})
		if err != nil {
			return dropped, err
		}
		dropped += result.DeletedCount
	}
	return dropped, a.s.mend(ctx)
}
