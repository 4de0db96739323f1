package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/account"
)

// EachUser implements [account.Archive].
func (a *Accounts) EachUser(ctx context.Context, after string, do func(*account.User) error) error {
	return a.explain(ctx, "reading the users of", eachPage(ctx, a.s.users, after, func(raw bson.Raw) error {
		u, err := readUser(raw)
		if err != nil {
			return err
		}
		return do(u)
	}))
}

// ImportUser implements [account.Archive]. The address is noted first, so that
// who looks for it in another case finds the user from the first moment.
func (a *Accounts) ImportUser(ctx context.Context, u *account.User) error {
	return a.explain(ctx, "importing a user into", a.importUser(ctx, u))
}

func (a *Accounts) importUser(ctx context.Context, u *account.User) error {
	doc, err := userDocument(u)
	if err != nil {
		return err
	}
	// Where old users share an address the index that would tell cannot be made.
	taken, err := exists(ctx, a.s.users, bson.D{{Key: "email", Value: u.Email}, {Key: "_id", Value: bson.D{{Key: "$ne", Value: doc[0].Value}}}})
	if err != nil {
		return err
	}
	if taken {
		return account.ErrEmailTaken
	}
	old, _, err := a.user(ctx, u.ID)
	if err != nil && !errors.Is(err, account.ErrNotFound) {
		return err
	}
	key := account.EmailKey(u.Email)
	if err := a.s.share(ctx, key, u.ID); err != nil {
		return err
	}
	err = replace(ctx, a.s.users, doc)
	if driver.IsDuplicateKeyError(err) {
		return account.ErrEmailTaken
	}
	if err != nil || old == nil || account.EmailKey(old.Email) == key {
		return err
	}
	return a.s.release(ctx, account.EmailKey(old.Email), u.ID)
}

// eachText hands the documents of a collection of ours to do, by rising _id.
func eachText[T any](ctx context.Context, coll *driver.Collection, after string, do func(T) error) error {
	filter := bson.D{}
	if after != "" {
		filter = bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}}
	}
	return stream(ctx, coll, filter, options.Find().SetSort(order(false, "_id")), func(raw bson.Raw) error {
		var doc T
		if err := bson.Unmarshal(raw, &doc); err != nil {
			return err
		}
		return do(doc)
	})
}

// EachSession implements [account.Archive].
func (a *Accounts) EachSession(ctx context.Context, after string, do func(account.Session) error) error {
	return a.explain(ctx, "reading the sessions of", eachText(ctx, a.s.logins, after, func(l login) error { return do(l.session()) }))
}

// ImportSession implements [account.Archive].
func (a *Accounts) ImportSession(ctx context.Context, s account.Session) error {
	return a.explain(ctx, "importing a session into", a.owned(ctx, s.UserID,
		func(ctx context.Context) error {
			l := toLogin(s)
			return replace(ctx, a.s.logins, bson.D{
				{Key: "_id", Value: l.ID},
				{Key: "user", Value: l.User},
				{Key: "secret", Value: l.Secret},
				{Key: "gen", Value: l.Generation},
				{Key: "created_us", Value: l.CreatedUS},
				{Key: "rotated_us", Value: l.RotatedUS},
				{Key: "expires_us", Value: l.ExpiresUS},
				{Key: "address", Value: l.Address},
				{Key: "user_agent", Value: l.UserAgent},
			})
		},
		func(ctx context.Context) error { return a.endSession(ctx, s.ID) }))
}

// EachCode implements [account.Archive].
func (a *Accounts) EachCode(ctx context.Context, do func(account.Code) error) error {
	return a.explain(ctx, "reading the codes of", eachText(ctx, a.s.codes, "", func(c otp) error { return do(c.code()) }))
}

// EachInvite implements [account.Archive].
func (a *Accounts) EachInvite(ctx context.Context, after string, do func(account.Invite) error) error {
	return a.explain(ctx, "reading the invitations of", eachText(ctx, a.s.invites, after, func(i invite) error { return do(i.invite()) }))
}

// ImportInvite implements [account.Archive].
func (a *Accounts) ImportInvite(ctx context.Context, i account.Invite) error {
	return a.explain(ctx, "importing an invitation into", replace(ctx, a.s.invites, inviteDocument(i)))
}

// EachLog implements [account.Archive]. Entries without the user's name come
// with the name that the user has.
func (a *Accounts) EachLog(ctx context.Context, after string, do func(account.Activity) error) error {
	names := map[string]string{}
	return a.explain(ctx, "reading the activity log of", eachPage(ctx, a.s.logs, after, func(raw bson.Raw) error {
		l, named, err := readLog(raw)
		if err != nil {
			return err
		}
		if !named && l.UserID != "" {
			name, known := names[l.UserID]
			if !known {
				if name, err = a.nameOf(ctx, l.UserID); err != nil {
					return err
				}
				if len(names) >= maxNames {
					clear(names)
				}
				names[l.UserID] = name
			}
			l.UserName = name
		}
		return do(l)
	}))
}

// maxNames bounds the names that a move of the log remembers.
const maxNames = 100_000

func (a *Accounts) nameOf(ctx context.Context, userID string) (string, error) {
	oid, _ := objectID(userID)
	raw, err := a.s.users.FindOne(ctx, bson.D{{Key: "_id", Value: oid}}, options.FindOne().SetProjection(only("first_name", "last_name"))).Raw()
	if errors.Is(err, driver.ErrNoDocuments) {
		return unknownUser, nil
	}
	if err != nil {
		return "", err
	}
	u, err := readUser(raw)
	if err != nil {
		return "", err
	}
	return u.Name(), nil
}

// ImportLogs implements [account.Archive]. It can be interrupted in the middle
// of a list; the entries are there or not, and may be imported again.
func (a *Accounts) ImportLogs(ctx context.Context, list []account.Activity) error {
	return a.explain(ctx, "importing the activity log into", a.importLogs(ctx, list))
}

func (a *Accounts) importLogs(ctx context.Context, list []account.Activity) error {
	if len(list) == 0 {
		return nil
	}
	models := make([]driver.WriteModel, len(list))
	for i, l := range list {
		doc, err := logDocument(l)
		if err != nil {
			return err
		}
		models[i] = driver.NewReplaceOneModel().SetFilter(bson.D{doc[0]}).SetReplacement(doc).SetUpsert(true)
	}
	_, err := a.s.logs.BulkWrite(ctx, models)
	return err
}
