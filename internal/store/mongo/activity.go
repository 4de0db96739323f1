package mongo

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/account"
)

// unknownUser is what the older system called users who are not there.
const unknownUser = "Unknown User"

// logFields are the fields of an entry of the activity log, but for _id.
func logFields(l account.Activity) []field {
	return []field{
		{"user_id", l.UserID},
		{"user_name", l.UserName},
		{"activity", l.Activity},
		{"details", l.Details},
		{"created_at", dateOrNull(l.CreatedAt)},
		rest("created_at", l.CreatedAt),
	}
}

func logDocument(l account.Activity) (bson.D, error) {
	id, ok := objectID(l.ID)
	if !ok {
		return nil, fmt.Errorf("the id %q of a log entry is not of 24 hexadecimal digits", l.ID)
	}
	return document(id, logFields(l)), nil
}

// readLog reads an entry of any of the older systems or ours. named tells
// whether it says who the user is.
func readLog(raw bson.Raw) (l account.Activity, named bool, err error) {
	var us bson.RawValue
	err = each(raw, func(key string, v bson.RawValue) {
		switch key {
		case "_id":
			l.ID = plain(v)
		case "user_id":
			l.UserID, _ = text(v)
		case "user_name":
			l.UserName, _ = text(v)
			named = v.Type == bson.TypeString
		case "activity":
			l.Activity, _ = text(v)
		case "details":
			l.Details, _ = text(v)
		case "created_at":
			l.CreatedAt, _ = date(v)
		case ours:
			sub(v, func(key string, v bson.RawValue) {
				if key == "us" {
					us = v
				}
			})
		}
	})
	if err != nil {
		return l, named, fmt.Errorf("decoding a log entry: %w", err)
	}
	sub(us, func(key string, v bson.RawValue) {
		if key == "created_at" {
			addRest(&l.CreatedAt, v)
		}
	})
	return l, named, nil
}

// AppendLog implements [account.Store].
func (a *Accounts) AppendLog(ctx context.Context, l account.Activity) error {
	doc, err := logDocument(l)
	if err == nil {
		_, err = a.s.logs.InsertOne(ctx, doc)
	}
	return a.explain(ctx, "writing the activity log in", err)
}

// Logs implements [account.Store]. A search reads the log in its order until
// the page is full, and all of it for the total: no index finds parts of texts.
// Entries of the older system that lack the user's name are found by the name
// that the user has; sorted by name, they come before all others.
func (a *Accounts) Logs(ctx context.Context, q account.LogQuery) (account.LogPage, error) {
	page, err := a.logPage(ctx, q.Clean())
	return page, a.explain(ctx, "reading the activity log in", err)
}

// logOrders are the ways to sort the log; each has its index.
var logOrders = map[account.LogSort][]string{
	account.LogsByCreated:  {"created_at", "_id"},
	account.LogsByID:       {"_id"},
	account.LogsByUserName: {"user_name", "_id"},
	account.LogsByActivity: {"activity", "_id"},
}

func (a *Accounts) logPage(ctx context.Context, q account.LogQuery) (page account.LogPage, err error) {
	filter, err := a.logFilter(ctx, q)
	if err != nil {
		return page, err
	}
	if page.Total, err = a.s.count(ctx, a.s.logs, filter); err != nil {
		return page, err
	}
	opts := options.Find().SetSort(order(q.Descending, logOrders[q.Sort]...)).SetSkip(int64(q.Offset)).SetLimit(int64(q.Limit))
	page.Logs, err = a.readLogs(ctx, filter, opts)
	return page, err
}

func (a *Accounts) logFilter(ctx context.Context, q account.LogQuery) (bson.D, error) {
	filter := bson.D{}
	if q.UserID != "" {
		filter = append(filter, bson.E{Key: "user_id", Value: in(bothForms(q.UserID))})
	}
	if q.Activity != "" {
		filter = append(filter, bson.E{Key: "activity", Value: q.Activity})
	}
	filter = append(filter, between("created_at", q.From, q.To)...)
	if strings.Trim(q.Search, "\x00") == "" {
		return filter, nil
	}
	text := pattern(q.Search)
	found := bson.A{
		bson.D{{Key: "user_name", Value: text}},
		bson.D{{Key: "activity", Value: text}},
		bson.D{{Key: "details", Value: text}},
	}
	ids, err := a.usersOfNamelessLogs(ctx, q.Search)
	if err != nil {
		return nil, err
	}
	if len(ids) > 0 {
		found = append(found, bson.D{{Key: "user_name", Value: nil}, {Key: "user_id", Value: in(ids)}})
	}
	return append(filter, bson.E{Key: "$or", Value: found}), nil
}

// between finds dates from the one and before the other; zero is no bound. The
// microseconds of a date are in another field, which is looked at only where a
// bound has any.
func between(name string, from, to time.Time) bson.D {
	var all bson.A
	rest := ours + ".us." + name
	if !from.IsZero() {
		millis, micros := bson.DateTime(floorMillis(from)), subMillis(from)
		if micros == 0 {
			all = append(all, bson.D{{Key: name, Value: bson.D{{Key: "$gte", Value: millis}}}})
		} else {
			all = append(all, bson.D{{Key: "$or", Value: bson.A{
				bson.D{{Key: name, Value: bson.D{{Key: "$gt", Value: millis}}}},
				bson.D{{Key: name, Value: millis}, {Key: rest, Value: bson.D{{Key: "$gte", Value: micros}}}},
			}}})
		}
	}
	if !to.IsZero() {
		millis, micros := bson.DateTime(floorMillis(to)), subMillis(to)
		if micros == 0 {
			all = append(all, bson.D{{Key: name, Value: bson.D{{Key: "$lt", Value: millis}}}})
		} else {
			all = append(all, bson.D{{Key: "$or", Value: bson.A{
				bson.D{{Key: name, Value: bson.D{{Key: "$lt", Value: millis}}}},
				bson.D{{Key: name, Value: millis}, {Key: rest, Value: nil}},
				bson.D{{Key: name, Value: millis}, {Key: rest, Value: bson.D{{Key: "$lt", Value: micros}}}},
			}}})
		}
	}
	if len(all) == 0 {
		return nil
	}
	return bson.D{{Key: "$and", Value: all}}
}

// usersOfNamelessLogs returns the ids, in both forms, of users whose name holds
// a text, if there are entries without names.
func (a *Accounts) usersOfNamelessLogs(ctx context.Context, search string) (ids bson.A, err error) {
	there, err := exists(ctx, a.s.logs, bson.D{{Key: "user_name", Value: nil}})
	if err != nil || !there {
		return nil, err
	}
	key := account.Fold(search)
	err = a.eachEntry(ctx, func(e entry) error {
		if strings.Contains(account.Fold(e.name()), key) {
			ids = append(ids, bothForms(e.id.Hex())...)
		}
		return nil
	})
	return ids, err
}

func (e entry) name() string {
	u := account.User{FirstName: e.first, LastName: e.last}
	return u.Name()
}

// readLogs reads entries, with the names of users that they do not say.
func (a *Accounts) readLogs(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder) (list []account.Activity, err error) {
	nameless := map[string][]int{}
	err = stream(ctx, a.s.logs, filter, opts, func(raw bson.Raw) error {
		l, named, err := readLog(raw)
		if err != nil {
			return err
		}
		if !named && l.UserID != "" {
			nameless[l.UserID] = append(nameless[l.UserID], len(list))
			l.UserName = unknownUser
		}
		list = append(list, l)
		return nil
	})
	if err != nil || len(nameless) == 0 {
		return list, err
	}
	ids := make([]string, 0, len(nameless))
	for id := range nameless {
		ids = append(ids, id)
	}
	err = stream(ctx, a.s.users, bson.D{{Key: "_id", Value: in(objectIDs(ids))}}, options.Find().SetProjection(only("first_name", "last_name")), func(raw bson.Raw) error {
		u, err := readUser(raw)
		if err != nil {
			return err
		}
		for _, i := range nameless[u.ID] {
			list[i].UserName = u.Name()
		}
		return nil
	})
	return list, err
}

// CleanUpLogs implements [account.Store].
func (a *Accounts) CleanUpLogs(ctx context.Context, before time.Time) (int64, error) {
	if before.IsZero() {
		return 0, nil
	}
	result, err := a.s.logs.DeleteMany(ctx, between("created_at", time.Time{}, before))
	if err != nil {
		return 0, a.explain(ctx, "cleaning up the activity log in", err)
	}
	return result.DeletedCount, nil
}

// anonymise takes a user out of the log. What it changed it does not find again.
func (a *Accounts) anonymise(ctx context.Context, userID, email string) error {
	about := bson.A{bson.D{{Key: "user_id", Value: in(bothForms(userID))}}}
	if email != "" {
		about = append(about, bson.D{{Key: "details", Value: pattern(email)}})
	}
	return stream(ctx, a.s.logs, bson.D{{Key: "$or", Value: about}}, options.Find(), func(raw bson.Raw) error {
		l, _, err := readLog(raw)
		if err != nil {
			return err
		}
		after := l.Anonymous(userID)
		var set bson.D
		for _, f := range []struct{ name, was, is string }{
			{"user_id", l.UserID, after.UserID}, {"user_name", l.UserName, after.UserName}, {"details", l.Details, after.Details},
		} {
			if f.was != f.is {
				set = append(set, bson.E{Key: f.name, Value: f.is})
			}
		}
		if len(set) == 0 {
			return nil
		}
		_, err = a.s.logs.UpdateOne(ctx, bson.D{{Key: "_id", Value: raw.Lookup("_id")}}, bson.D{{Key: "$set", Value: set}})
		return err
	})
}
