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

// invite is a document of chatmood_invites.
type invite struct {
	ID        string `bson:"_id"`
	Hash      []byte `bson:"hash"`
	Email     string `bson:"email"`
	Role      string `bson:"role"`
	Left      int    `bson:"left"` // how many may still use it: no query can compare two fields
	Used      int    `bson:"used"`
	CreatedBy string `bson:"created_by"`
	CreatedUS int64  `bson:"created_us"`
	ExpiresUS int64  `bson:"expires_us"`
}

func inviteDocument(i account.Invite) bson.D {
	return bson.D{
		{Key: "_id", Value: i.ID},
		{Key: "hash", Value: i.Hash},
		{Key: "email", Value: i.Email},
		{Key: "role", Value: string(i.Role)},
		{Key: "left", Value: i.Uses - i.Used},
		{Key: "used", Value: i.Used},
		{Key: "created_by", Value: i.CreatedBy},
		{Key: "created_us", Value: i.CreatedAt.UnixMicro()},
		{Key: "expires_us", Value: i.ExpiresAt.UnixMicro()},
	}
}

func (i invite) invite() account.Invite {
	return account.Invite{
		ID: i.ID, Hash: i.Hash, Email: i.Email, Role: account.Role(i.Role), Uses: i.Left + i.Used, Used: i.Used, CreatedBy: i.CreatedBy,
		CreatedAt: fromMicros(i.CreatedUS), ExpiresAt: fromMicros(i.ExpiresUS),
	}
}

// CreateInvite implements [account.Store].
func (a *Accounts) CreateInvite(ctx context.Context, i account.Invite) error {
	_, err := a.s.invites.InsertOne(ctx, inviteDocument(i))
	return a.explain(ctx, "adding an invitation to", err)
}

// Invites implements [account.Store].
func (a *Accounts) Invites(ctx context.Context, after time.Time, limit int) ([]account.Invite, error) {
	docs, err := findAll[invite](ctx, a.s.invites, bson.D{{Key: "expires_us", Value: bson.D{{Key: "$gt", Value: after.UnixMicro()}}}},
		options.Find().SetSort(order(true, "created_us", "_id")).SetLimit(int64(max(limit, 1))))
	if err != nil {
		return nil, a.explain(ctx, "listing invitations in", err)
	}
	var list []account.Invite
	for _, i := range docs {
		list = append(list, i.invite())
	}
	return list, nil
}

// usable finds invitations that can be used.
func usable(key string, value any, after time.Time) bson.D {
	return bson.D{
		{Key: key, Value: value},
		{Key: "expires_us", Value: bson.D{{Key: "$gt", Value: after.UnixMicro()}}},
		{Key: "left", Value: bson.D{{Key: "$gt", Value: 0}}},
	}
}

// InviteByHash implements [account.Store].
func (a *Accounts) InviteByHash(ctx context.Context, hash []byte, after time.Time) (account.Invite, error) {
	var i invite
	if err := notFound(a.s.invites.FindOne(ctx, usable("hash", hash, after)).Decode(&i)); err != nil {
		return account.Invite{}, a.explain(ctx, "reading an invitation from", err)
	}
	return i.invite(), nil
}

// changeOne changes one document, or fails with ErrNotFound.
func changeOne(ctx context.Context, coll *driver.Collection, filter, change bson.D) error {
	result, err := coll.UpdateOne(ctx, filter, change)
	if err == nil && result.MatchedCount == 0 {
		return account.ErrNotFound
	}
	return err
}

// removeOne removes one document, or fails with ErrNotFound.
func removeOne(ctx context.Context, coll *driver.Collection, filter bson.D) error {
	result, err := coll.DeleteOne(ctx, filter)
	if err == nil && result.DeletedCount == 0 {
		return account.ErrNotFound
	}
	return err
}

func useInvite(by int) bson.D {
	return bson.D{{Key: "$inc", Value: bson.D{{Key: "used", Value: by}, {Key: "left", Value: -by}}}}
}

// UseInvite implements [account.Store].
func (a *Accounts) UseInvite(ctx context.Context, id string, after time.Time) error {
	return a.explain(ctx, "using an invitation in", changeOne(ctx, a.s.invites, usable("_id", id, after), useInvite(1)))
}

// ReturnInvite implements [account.Store].
func (a *Accounts) ReturnInvite(ctx context.Context, id string) error {
	_, err := a.s.invites.UpdateOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "used", Value: bson.D{{Key: "$gt", Value: 0}}}}, useInvite(-1))
	return a.explain(ctx, "returning an invitation to", err)
}

// DeleteInvite implements [account.Store].
func (a *Accounts) DeleteInvite(ctx context.Context, id string) error {
	return a.explain(ctx, "removing an invitation from", removeOne(ctx, a.s.invites, bson.D{{Key: "_id", Value: id}}))
}

// KeepSetting implements [account.Store].
func (a *Accounts) KeepSetting(ctx context.Context, name string, value []byte) ([]byte, error) {
	kept, err := a.keepSetting(ctx, name, value)
	return kept, a.explain(ctx, "keeping a setting in", err)
}

func (a *Accounts) keepSetting(ctx context.Context, name string, value []byte) ([]byte, error) {
	for {
		_, err := a.s.settings.InsertOne(ctx, bson.D{{Key: "_id", Value: name}, {Key: "value", Value: value}})
		if !driver.IsDuplicateKeyError(err) {
			return value, err
		}
		kept, err := a.setting(ctx, name)
		if !errors.Is(err, account.ErrNotFound) { // or it was taken this moment
			return kept, err
		}
	}
}

// Setting implements [account.Store].
func (a *Accounts) Setting(ctx context.Context, name string) ([]byte, error) {
	value, err := a.setting(ctx, name)
	return value, a.explain(ctx, "reading a setting from", err)
}

func (a *Accounts) setting(ctx context.Context, name string) ([]byte, error) {
	var kept struct {
		Value []byte `bson:"value"`
	}
	err := a.s.settings.FindOne(ctx, bson.D{{Key: "_id", Value: name}}).Decode(&kept)
	if errors.Is(err, driver.ErrNoDocuments) {
		err = account.ErrNotFound
	}
	return kept.Value, err
}

// TakeSetting implements [account.Store].
func (a *Accounts) TakeSetting(ctx context.Context, name string, value []byte) error {
	return a.explain(ctx, "taking a setting from", removeOne(ctx, a.s.settings, bson.D{{Key: "_id", Value: name}, {Key: "value", Value: value}}))
}

// usageDay is a document of chatmood_usage.
type usageDay struct {
	Day           string `bson:"_id"`
	SignIns       int64  `bson:"sign_ins"`
	FailedSignIns int64  `bson:"failed_sign_ins"`
	Registrations int64  `bson:"registrations"`
	Started       int64  `bson:"started"`
	Saved         int64  `bson:"saved"`
	Messages      int64  `bson:"messages"`
}

func usageCounts(u account.Usage) bson.D {
	return bson.D{
		{Key: "sign_ins", Value: u.SignIns},
		{Key: "failed_sign_ins", Value: u.FailedSignIns},
		{Key: "registrations", Value: u.Registrations},
		{Key: "started", Value: u.Started},
		{Key: "saved", Value: u.Saved},
		{Key: "messages", Value: u.Messages},
	}
}

// AddUsage implements [account.Store].
func (a *Accounts) AddUsage(ctx context.Context, u account.Usage) error {
	err := upsert(ctx, a.s.usage, bson.D{{Key: "_id", Value: u.Day}}, bson.D{{Key: "$inc", Value: usageCounts(u)}})
	return a.explain(ctx, "counting usage in", err)
}

// ImportUsage implements [account.Archive].
func (a *Accounts) ImportUsage(ctx context.Context, u account.Usage) error {
	err := upsert(ctx, a.s.usage, bson.D{{Key: "_id", Value: u.Day}}, bson.D{{Key: "$set", Value: usageCounts(u)}})
	return a.explain(ctx, "importing usage into", err)
}

// Usage implements [account.Store].
func (a *Accounts) Usage(ctx context.Context, from, to string) ([]account.Usage, error) {
	docs, err := findAll[usageDay](ctx, a.s.usage, bson.D{{Key: "_id", Value: bson.D{{Key: "$gte", Value: from}, {Key: "$lte", Value: to}}}},
		options.Find().SetSort(order(false, "_id")))
	if err != nil {
		return nil, a.explain(ctx, "reading the usage in", err)
	}
	var list []account.Usage
	for _, u := range docs {
		list = append(list, account.Usage(u))
	}
	return list, nil
}
