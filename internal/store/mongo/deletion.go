package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/account"
)

// What takes several steps is noted in chatmood_pending before the first and
// taken out after the last. Who opens the database, and who drops expired
// things, finishes what a crash has left there.
//
// The note of a user's deletion is its commit: from then on it happens, and who
// finds the note goes through all steps again; each may be done twice. The note
// of a write to the history only names entries of which pieces may be left; what
// the entries say tells which of them go: see [Store.sweepReports].

// The kinds of notes.
const (
	pendingUser   = "user"
	pendingReport = "report"
)

// pending is a document of chatmood_pending.
type pending struct {
	ID   bson.ObjectID `bson:"_id"`
	Kind string        `bson:"kind"`
	AtUS int64         `bson:"at_us"`
	// Of a user's deletion.
	User  string `bson:"user,omitempty"`
	Email string `bson:"email,omitempty"`
	// Of a write to the history.
	Entries []string `bson:"entries,omitempty"`
}

// note keeps a note until done is called.
func (s *Store) note(ctx context.Context, p pending) (done func(context.Context) error, err error) {
	p.ID, p.AtUS = bson.NewObjectID(), time.Now().UnixMicro()
	if _, err := s.pending.InsertOne(ctx, p); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return s.forgetNote(ctx, p.ID) }, nil
}

func (s *Store) forgetNote(ctx context.Context, id bson.ObjectID) error {
	_, err := s.pending.DeleteOne(ctx, bson.D{{Key: "_id", Value: id}})
	return err
}

// DeleteUser implements [account.Store]. When an error of the connection comes
// after its first step, the user is deleted all the same, at the latest when
// expired things are dropped.
func (a *Accounts) DeleteUser(ctx context.Context, id string) error {
	return a.explain(ctx, "deleting a user from", a.deleteUser(ctx, id))
}

func (a *Accounts) deleteUser(ctx context.Context, id string) (err error) {
	u, oid, err := a.user(ctx, id)
	if err != nil {
		return err
	}
	if u.ActiveAdmin() {
		unlock, gerr := a.s.guardAdmins(ctx, oid)
		if gerr != nil {
			return gerr
		}
		defer func() { unlock(err) }()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	forget, err := a.s.note(ctx, pending{Kind: pendingUser, User: id, Email: u.Email})
	if err != nil {
		return err
	}
	if err := a.removeUser(ctx, id, u.Email); err != nil {
		return err
	}
	return forget(ctx)
}

// removeUser does the steps of a deletion: the user first, so that nobody signs
// in or gets a code any more.
func (a *Accounts) removeUser(ctx context.Context, id, email string) error {
	oid, _ := objectID(id)
	if _, err := a.s.users.DeleteOne(ctx, bson.D{{Key: "_id", Value: oid}}); err != nil {
		return err
	}
	for _, coll := range []*driver.Collection{a.s.logins, a.s.codes} {
		if _, err := coll.DeleteMany(ctx, bson.D{{Key: "user", Value: id}}); err != nil {
			return err
		}
	}
	if err := a.anonymise(ctx, id, email); err != nil {
		return err
	}
	return a.s.release(ctx, account.EmailKey(email), id)
}

// mend finishes what crashes have left, and notes the addresses of users whom
// the older system added.
func (s *Store) mend(ctx context.Context) error {
	if err := s.finishPending(ctx, bson.D{}); err != nil {
		return err
	}
	return s.noteAddresses(ctx)
}

// deletions finds the notes of users' deletions.
func deletions() bson.D { return bson.D{{Key: "kind", Value: pendingUser}} }

// finishPending does what some notes say.
func (s *Store) finishPending(ctx context.Context, some bson.D) error {
	left, err := findAll[pending](ctx, s.pending, some, options.Find().SetSort(order(false, "_id")))
	if err != nil {
		return err
	}
	for _, p := range left {
		done := false
		switch p.Kind {
		case pendingUser:
			err, done = s.Accounts().removeUser(ctx, p.User, p.Email), true
		case pendingReport:
			done, err = s.sweepReports(ctx, p)
		}
		if err == nil && done {
			err = s.forgetNote(ctx, p.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
