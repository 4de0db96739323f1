package mongo

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/account"
)

// Addresses are unique by their folded form, which no document of the older
// system has and no index can make. So chatmood_emails has a document for each
// folded address, whose _id it is: whoever inserts it may have the address. It
// names the users who do, more than one only where the older system let in
// addresses that differ in case.
//
// What counts is the users' documents. A reservation without a user who has the
// address is what a crash left; it holds others up for staleAfter and is then
// taken over by the next who wants the address. Users that only the older
// system knows get their reservations when the database is opened and when
// expired things are dropped.

// staleAfter is from when on a reservation whose user does not exist counts as
// left over: much longer than finishTimeout, so that who reserved it is done, and
// so much that this holds for servers whose clocks differ by a minute or two.
const staleAfter = 3 * time.Minute

// holder is a document of chatmood_emails.
type holder struct {
	Key  string   `bson:"_id"`
	IDs  []string `bson:"ids"`
	AtUS int64    `bson:"at_us"` // when it was made or taken over
}

// reservation is an address that a user is about to get.
type reservation struct {
	s       *Store
	key, id string
	made    time.Time
}

// held reports whether the reservation still counts: it does unless what was
// done since took so long that somebody may have taken it over.
func (r reservation) held(ctx context.Context) (bool, error) {
	if time.Since(r.made) < r.s.waits.stale/2 {
		return true, nil
	}
	return exists(ctx, r.s.emails, bson.D{{Key: "_id", Value: r.key}, {Key: "ids", Value: r.id}})
}

// reserve takes an address for a user, or fails with ErrEmailTaken.
func (s *Store) reserve(ctx context.Context, key, id string) (reservation, error) {
	for {
		now := time.Now()
		r := reservation{s, key, id, now}
		_, err := s.emails.InsertOne(ctx, holder{key, []string{id}, now.UnixMicro()})
		if !driver.IsDuplicateKeyError(err) {
			return r, err
		}
		var have holder
		err = s.emails.FindOne(ctx, bson.D{{Key: "_id", Value: key}}).Decode(&have)
		if errors.Is(err, driver.ErrNoDocuments) {
			continue // it was freed this moment
		}
		if err != nil {
			return r, err
		}
		others := slices.DeleteFunc(slices.Clone(have.IDs), func(other string) bool { return other == id })
		taken, err := s.anyHas(ctx, key, others)
		switch {
		case err != nil:
			return r, err
		case taken:
			return r, account.ErrEmailTaken
		case len(others) == 0 && len(have.IDs) > 0:
			return r, nil // one's own already
		case len(others) > 0 && now.Sub(fromMicros(have.AtUS)) < s.waits.stale:
			return r, account.ErrEmailTaken // somebody is about to have it
		}
		result, err := s.emails.UpdateOne(ctx, bson.D{{Key: "_id", Value: key}, {Key: "ids", Value: have.IDs}, {Key: "at_us", Value: have.AtUS}},
			bson.D{{Key: "$set", Value: bson.D{{Key: "ids", Value: []string{id}}, {Key: "at_us", Value: now.UnixMicro()}}}})
		if err != nil || result.MatchedCount == 1 {
			return r, err
		}
	}
}

// anyHas reports whether one of some users has an address.
func (s *Store) anyHas(ctx context.Context, key string, ids []string) (bool, error) {
	found := false
	err := stream(ctx, s.users, bson.D{{Key: "_id", Value: in(objectIDs(ids))}}, options.Find().SetProjection(only("email")), func(raw bson.Raw) error {
		email, _ := text(raw.Lookup("email"))
		found = found || account.EmailKey(email) == key
		return nil
	})
	return found, err
}

func objectIDs(ids []string) bson.A {
	list := bson.A{}
	for _, id := range ids {
		if oid, ok := objectID(id); ok {
			list = append(list, oid)
		}
	}
	return list
}

// release frees an address of a user's.
func (s *Store) release(ctx context.Context, key, id string) error {
	_, err := s.emails.UpdateOne(ctx, bson.D{{Key: "_id", Value: key}}, bson.D{{Key: "$pull", Value: bson.D{{Key: "ids", Value: id}}}})
	if err != nil {
		return err
	}
	_, err = s.emails.DeleteOne(ctx, bson.D{{Key: "_id", Value: key}, {Key: "ids", Value: bson.A{}}})
	return err
}

// share adds a user to those who have an address, whoever else has it.
func (s *Store) share(ctx context.Context, key, id string) error {
	return upsert(ctx, s.emails, bson.D{{Key: "_id", Value: key}}, bson.D{
		{Key: "$addToSet", Value: bson.D{{Key: "ids", Value: id}}},
		{Key: "$setOnInsert", Value: bson.D{{Key: "at_us", Value: time.Now().UnixMicro()}}},
	})
}

// holders returns the users who are noted with an address, by rising id.
func (s *Store) holders(ctx context.Context, key string) ([]string, error) {
	var have holder
	err := s.emails.FindOne(ctx, bson.D{{Key: "_id", Value: key}}).Decode(&have)
	if errors.Is(err, driver.ErrNoDocuments) {
		return nil, nil
	}
	slices.Sort(have.IDs)
	return have.IDs, err
}

// noteAddresses makes the reservations that are missing: of users whom the
// older system added.
func (s *Store) noteAddresses(ctx context.Context) error {
	type noted struct{ key, id string }
	var some []noted
	flush := func() error {
		keys := make(bson.A, len(some))
		for i, n := range some {
			keys[i] = n.key
		}
		have, err := findAll[holder](ctx, s.emails, bson.D{{Key: "_id", Value: in(keys)}}, options.Find())
		if err != nil {
			return err
		}
		known := make(map[string][]string, len(have))
		for _, h := range have {
			known[h.Key] = h.IDs
		}
		for _, n := range some {
			if slices.Contains(known[n.key], n.id) {
				continue
			}
			if err := s.share(ctx, n.key, n.id); err != nil {
				return err
			}
		}
		some = some[:0]
		return nil
	}
	err := s.Accounts().eachEntry(ctx, func(e entry) error {
		if e.mail == "" {
			return nil
		}
		some = append(some, noted{account.EmailKey(e.mail), e.id.Hex()})
		if len(some) < idsAtOnce {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	if len(some) == 0 {
		return nil
	}
	return flush()
}

// The last active administrator must stay one. Without transactions that takes
// a lock which all servers see: a document of chatmood_locks, held from counting
// the others until the change is written. Whoever waits for it and sees the same
// holder for lockPatience takes it over: its holder died, since the holder's work
// is bounded by finishTimeout.

const (
	adminsLock   = "admins"
	lockPatience = finishTimeout + 5*time.Second
	lockPoll     = 20 * time.Millisecond
)

type lock struct {
	Name   string        `bson:"_id"`
	Holder bson.ObjectID `bson:"holder"`
}

// guardAdmins lets one caller at a time go on to take an active administrator
// away, and only when there is another. The caller calls done with what came of it.
func (s *Store) guardAdmins(ctx context.Context, id bson.ObjectID) (done func(error), err error) {
	mine, err := s.takeLock(ctx, adminsLock)
	if err != nil {
		return nil, err
	}
	done = func(err error) {
		if Away(err) {
			return // to whom should we say so? The lock is taken over
		}
		ctx, cancel := finishing(ctx)
		defer cancel()
		if _, err := s.locks.DeleteOne(ctx, bson.D{{Key: "_id", Value: mine.Name}, {Key: "holder", Value: mine.Holder}}); err != nil {
			s.log.Warn("a lock was left in the database; the next who needs it waits some seconds", "error", s.explain(ctx, "freeing a lock in", err))
		}
	}
	// Whose deletion a crash has interrupted does not count: it will happen.
	if err := s.finishPending(ctx, deletions()); err != nil {
		done(err)
		return nil, err
	}
	others, err := exists(ctx, s.users, append(activeAdmins(), bson.E{Key: "_id", Value: bson.D{{Key: "$ne", Value: id}}}))
	if err == nil && !others {
		err = account.ErrLastAdmin
	}
	if err != nil {
		done(err)
		return nil, err
	}
	return done, nil
}

func (s *Store) takeLock(ctx context.Context, name string) (lock, error) {
	mine := lock{name, bson.NewObjectID()}
	var seen lock
	since := time.Now()
	for {
		_, err := s.locks.InsertOne(ctx, mine)
		if !driver.IsDuplicateKeyError(err) {
			return mine, err
		}
		var now lock
		err = s.locks.FindOne(ctx, bson.D{{Key: "_id", Value: name}}).Decode(&now)
		if errors.Is(err, driver.ErrNoDocuments) {
			continue
		}
		if err != nil {
			return mine, err
		}
		if now != seen {
			seen, since = now, time.Now()
		}
		if time.Since(since) > s.waits.lock {
			result, err := s.locks.ReplaceOne(ctx, seen, mine)
			if err != nil || result.MatchedCount == 1 {
				return mine, err
			}
		}
		timer := time.NewTimer(lockPoll)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return mine, ctx.Err()
		}
	}
}

// finishTimeout bounds what a cancellation does not interrupt.
const finishTimeout = commitTimeout

// finishing returns a context for the steps after the first of a change that
// has several: from there on only the loss of the server stops it.
func finishing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
}
