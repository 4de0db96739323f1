package mongo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/account"
	"chatmood/internal/history"
)

// History keeps saved analyses in a [Store], in the collection and in the form
// of the older system, which goes on reading them; reports and links are in
// collections of ours. It is safe for concurrent use.
type History struct{ s *Store }

var (
	_ history.Store   = (*History)(nil)
	_ history.Archive = (*History)(nil)
)

// History returns the part of the store that keeps saved analyses.
func (s *Store) History() *History { return &History{s} }

// explain lets the error that callers look for through and says of all others
// what to do about them.
func (h *History) explain(ctx context.Context, doing string, err error) error {
	if errors.Is(err, history.ErrNotFound) || errors.Is(err, history.ErrExists) {
		return fmt.Errorf("%s the MongoDB of MONGO_URI: %w", doing, err)
	}
	return h.s.explain(ctx, doing, err)
}

func noEntry(err error) error {
	if errors.Is(err, driver.ErrNoDocuments) {
		return history.ErrNotFound
	}
	return err
}

// reportPath is where an entry tells which pieces are its report.
const reportPath = ours + ".report"

// entryFields are the fields of an entry, but for _id, version and report. Those
// outside of [ours] are the older system's, with its types.
func entryFields(e *history.Entry) []field {
	fields := []field{
		{"user_id", e.UserID},
		{"streamer_name", e.Channel},
		{"total_chats", number(e.Counts.Total)},
		{"sentiment_count", bson.D{
			{Key: "positive", Value: number(e.Counts.Positive)}, {Key: "negative", Value: number(e.Counts.Negative)}, {Key: "neutral", Value: number(e.Counts.Neutral)},
		}},
		{"top_positive", chatterList(e.TopPositive)},
		{"top_negative", chatterList(e.TopNegative)},
		{"top_neutral", chatterList(e.TopNeutral)},
		{"duration", number(e.Seconds)},
		{"summary", e.Summary},
		{"status", string(e.Status)},
		{"created_at", dateOrNull(e.CreatedAt)},
		{"updated_at", dateOrNull(e.UpdatedAt)},
		rest("created_at", e.CreatedAt),
		rest("updated_at", e.UpdatedAt),
		{ours + ".origin", orAbsent(string(e.Origin))},
		{ours + ".session", orAbsent(e.SessionID)},
		{ours + ".started_us", microsOrAbsent(e.StartedAt)},
		{ours + ".ended_us", microsOrAbsent(e.EndedAt)},
		moodField(e.Mood),
		{ours + ".name", orAbsent(e.Name)},
		{ours + ".note", orAbsent(e.Note)},
		tagsField(e.Tags),
		{ours + ".by", orAbsent(e.SummaryBy)},
		{ours + ".client", orAbsent(string(e.Client))},
	}
	if len(e.TimeSeries) > 0 {
		if v, ok := fromJSON(e.TimeSeries); ok {
			fields = append(fields, field{"time_series", v})
		} else {
			fields = append(fields, field{ours + ".time_series", string(e.TimeSeries)})
		}
	}
	unknown, asText := extraFields(e.Extra)
	fields = merge(fields, unknown, func(f field) bool {
		as, err := readEntry(mustRaw(bson.D{{Key: f.path, Value: f.value}}))
		return err == nil && reflect.DeepEqual(pickEntry(as, f.path), pickEntry(e, f.path))
	})
	return append(fields, field{extraText, asText})
}

func chatterList(list []history.Chatter) bson.A {
	a := make(bson.A, len(list))
	for i, c := range list {
		a[i] = bson.D{{Key: "username", Value: c.Username}, {Key: "count", Value: number(c.Count)}}
	}
	return a
}

func moodField(mood *float64) field {
	f := field{ours + ".mood", absent}
	if mood != nil {
		f.value = *mood
	}
	return f
}

func tagsField(tags []string) field {
	f := field{ours + ".tags", absent}
	if len(tags) > 0 {
		f.value = slices.Clone(tags)
	}
	return f
}

// pickEntry returns what a field of the older system's is read as.
func pickEntry(e *history.Entry, name string) any {
	switch name {
	case "user_id":
		return e.UserID
	case "streamer_name":
		return e.Channel
	case "total_chats":
		return e.Counts.Total
	case "sentiment_count":
		return [3]int64{e.Counts.Positive, e.Counts.Neutral, e.Counts.Negative}
	case "top_positive":
		return append([]history.Chatter{}, e.TopPositive...)
	case "top_neutral":
		return append([]history.Chatter{}, e.TopNeutral...)
	case "top_negative":
		return append([]history.Chatter{}, e.TopNegative...)
	case "duration":
		return e.Seconds
	case "summary":
		return e.Summary
	case "status":
		return e.Status
	case "created_at":
		return e.CreatedAt
	case "updated_at":
		return e.UpdatedAt
	}
	return nil
}

// readEntry reads an entry, of any of the older systems or ours. What is of
// another type than it is written in is read as well as it can be, and is in
// Extra as it was.
func readEntry(raw bson.Raw) (*history.Entry, error) {
	e := &history.Entry{Status: history.StatusActive}
	var unknown extra
	var asText string
	var us bson.RawValue
	err := each(raw, func(key string, v bson.RawValue) {
		ok := true
		switch key {
		case "_id":
			e.ID = plain(v)
		case "user_id":
			if e.UserID, ok = text(v); v.Type == bson.TypeObjectID {
				ok = true
			}
		case "streamer_name":
			e.Channel, ok = text(v)
		case "total_chats":
			e.Counts.Total, ok = integer(v)
		case "sentiment_count":
			ok = readCounts(&e.Counts, v)
		case "top_positive":
			e.TopPositive, ok = readChatters(v)
		case "top_negative":
			e.TopNegative, ok = readChatters(v)
		case "top_neutral":
			e.TopNeutral, ok = readChatters(v)
		case "duration":
			e.Seconds, ok = integer(v)
		case "summary":
			e.Summary, ok = text(v)
		case "status":
			var status string
			if status, ok = text(v); status != "" {
				e.Status = history.Status(status)
			}
		case "created_at":
			e.CreatedAt, ok = date(v)
		case "updated_at":
			e.UpdatedAt, ok = date(v)
		case "time_series":
			if v.Type != bson.TypeNull {
				var err error
				e.TimeSeries, err = asJSON(v)
				ok = err == nil
			}
		case ours:
			sub(v, func(key string, v bson.RawValue) {
				switch key {
				case "us":
					us = v
				case "extra":
					asText, _ = v.StringValueOK()
				default:
					readOurEntry(e, key, v)
				}
			})
		default:
			ok = false
		}
		if !ok {
			unknown.add(key, v)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("decoding a saved analysis: %w", err)
	}
	sub(us, func(key string, v bson.RawValue) {
		switch key {
		case "created_at":
			addRest(&e.CreatedAt, v)
		case "updated_at":
			addRest(&e.UpdatedAt, v)
		}
	})
	if asText != "" {
		e.Extra = json.RawMessage(asText)
		return e, nil
	}
	e.Extra, err = unknown.json()
	return e, err
}

func readOurEntry(e *history.Entry, key string, v bson.RawValue) {
	n, _ := integer(v)
	s, _ := v.StringValueOK()
	switch key {
	case "origin":
		e.Origin = history.Origin(s)
	case "session":
		e.SessionID = s
	case "started_us":
		e.StartedAt = fromMicros(n)
	case "ended_us":
		e.EndedAt = fromMicros(n)
	case "mood":
		if f, ok := v.AsFloat64OK(); ok {
			e.Mood = &f
		}
	case "name":
		e.Name = s
	case "note":
		e.Note = s
	case "tags":
		e.Tags = textList(v)
	case "by":
		e.SummaryBy = s
	case "client":
		if s != "" {
			e.Client = json.RawMessage(s)
		}
	case "time_series":
		e.TimeSeries = json.RawMessage(s)
	case "report":
		e.HasReport = v.Type == bson.TypeEmbeddedDocument
	}
}

func readCounts(c *history.Counts, v bson.RawValue) bool {
	usual := true
	known := sub(v, func(key string, v bson.RawValue) {
		var ok bool
		switch key {
		case "positive":
			c.Positive, ok = integer(v)
		case "neutral":
			c.Neutral, ok = integer(v)
		case "negative":
			c.Negative, ok = integer(v)
		}
		usual = usual && ok
	})
	return known && usual
}

func readChatters(v bson.RawValue) (list []history.Chatter, usual bool) {
	if v.Type == bson.TypeNull {
		return nil, true
	}
	array, ok := v.ArrayOK()
	if !ok {
		return nil, false
	}
	values, err := array.Values()
	if err != nil {
		return nil, false
	}
	usual = true
	for _, v := range values {
		var c history.Chatter
		known := sub(v, func(key string, v bson.RawValue) {
			var ok bool
			switch key {
			case "username":
				c.Username, ok = text(v)
			case "count":
				c.Count, ok = integer(v)
			}
			usual = usual && ok
		})
		if usual = usual && known; known {
			list = append(list, c)
		}
	}
	return list, usual
}

// owner finds an entry of a user.
func owner(id bson.ObjectID, userID string) bson.D {
	return bson.D{{Key: "_id", Value: id}, {Key: "user_id", Value: in(bothForms(userID))}}
}

// Create implements [history.Store]. The report comes first, in pieces that
// nothing points to; the insertion of the entry is the commit.
func (h *History) Create(ctx context.Context, e *history.Entry, report []byte) error {
	return h.explain(ctx, "saving an analysis in", h.create(ctx, e, report, func(ctx context.Context, doc bson.D) (string, error) {
		_, err := h.s.history.InsertOne(ctx, doc)
		if driver.IsDuplicateKeyError(err) {
			err = history.ErrExists
		}
		return "", err
	}))
}

// ImportEntry implements [history.Archive].
func (h *History) ImportEntry(ctx context.Context, e *history.Entry, report []byte) error {
	return h.explain(ctx, "importing an analysis into", h.create(ctx, e, report, func(ctx context.Context, doc bson.D) (string, error) {
		id, _ := objectID(e.ID)
		old, err := h.s.reportOf(ctx, id)
		if err != nil {
			return "", err
		}
		return old.Commit, replace(ctx, h.s.history, doc)
	}))
}

func (h *History) create(ctx context.Context, e *history.Entry, report []byte, write func(context.Context, bson.D) (string, error)) error {
	id, ok := objectID(e.ID)
	if !ok {
		return fmt.Errorf("the id %q of an entry is not of 24 hexadecimal digits", e.ID)
	}
	return h.s.withReport(ctx, e.ID, report, func(ctx context.Context, r any) (string, error) {
		return write(ctx, document(id, append(entryFields(e), field{reportPath, r})))
	})
}

// Replace implements [history.Store].
func (h *History) Replace(ctx context.Context, e *history.Entry, report []byte) error {
	id, ok := objectID(e.ID)
	if !ok {
		return h.explain(ctx, "saving an analysis anew in", history.ErrNotFound)
	}
	return h.explain(ctx, "saving an analysis anew in", h.s.withReport(ctx, e.ID, report, func(ctx context.Context, r any) (string, error) {
		for {
			old, done, err := h.replaceOnce(ctx, id, e, r)
			if done || err != nil {
				return old, err
			}
		}
	}))
}

// replaceOnce writes the fields that change, unless another does the same at the
// same time: of two who replace the figures, those of one count as a whole. It
// returns the name of the report that was replaced.
func (h *History) replaceOnce(ctx context.Context, id bson.ObjectID, e *history.Entry, report any) (replaced string, done bool, err error) {
	raw, err := h.s.history.FindOne(ctx, owner(id, e.UserID)).Raw()
	if err != nil {
		return "", false, noEntry(err)
	}
	old, err := readEntry(raw)
	if err != nil {
		return "", false, err
	}
	next := *e
	next.CreatedAt, next.Status, next.Name, next.Note, next.Tags = old.CreatedAt, old.Status, old.Name, old.Note, old.Tags
	set, unset := changes(entryFields(old), entryFields(&next))
	if report == absent {
		unset = append(unset, bson.E{Key: reportPath, Value: ""})
	} else {
		set = append(set, bson.E{Key: reportPath, Value: report})
	}
	v, _ := integer(raw.Lookup(ours, "v"))
	set = append(set, bson.E{Key: version, Value: v + 1})
	result, err := h.s.history.UpdateOne(ctx, append(owner(id, e.UserID), atVersion(id, v)[1]), update(set, unset))
	replaced, _ = raw.Lookup(ours, "report", "commit").StringValueOK()
	return replaced, err == nil && result.MatchedCount == 1, err
}

// Get implements [history.Store].
func (h *History) Get(ctx context.Context, id string) (*history.Entry, error) {
	e, err := h.get(ctx, id)
	return e, h.explain(ctx, "reading an analysis from", err)
}

func (h *History) get(ctx context.Context, id string) (*history.Entry, error) {
	oid, ok := objectID(id)
	if !ok {
		return nil, history.ErrNotFound
	}
	return h.one(ctx, bson.D{{Key: "_id", Value: oid}}, options.FindOne())
}

func (h *History) one(ctx context.Context, filter bson.D, opts *options.FindOneOptionsBuilder) (*history.Entry, error) {
	raw, err := h.s.history.FindOne(ctx, filter, opts).Raw()
	if err != nil {
		return nil, noEntry(err)
	}
	return readEntry(raw)
}

// BySession implements [history.Store].
func (h *History) BySession(ctx context.Context, userID, sessionID string) (*history.Entry, error) {
	if sessionID == "" {
		return nil, h.explain(ctx, "reading an analysis from", history.ErrNotFound)
	}
	e, err := h.one(ctx, bson.D{
		{Key: ours + ".session", Value: sessionID}, {Key: "user_id", Value: in(bothForms(userID))}, {Key: "status", Value: string(history.StatusActive)},
	}, options.FindOne().SetSort(order(true, "created_at", "_id")))
	return e, h.explain(ctx, "reading an analysis from", err)
}

// Update implements [history.Store].
func (h *History) Update(ctx context.Context, id, userID string, p history.Patch) (*history.Entry, error) {
	e, err := h.update(ctx, id, userID, p)
	return e, h.explain(ctx, "changing an analysis in", err)
}

func (h *History) update(ctx context.Context, id, userID string, p history.Patch) (*history.Entry, error) {
	oid, ok := objectID(id)
	if !ok {
		return nil, history.ErrNotFound
	}
	var fields []field
	if p.Name != nil {
		fields = append(fields, field{ours + ".name", orAbsent(*p.Name)})
	}
	if p.Note != nil {
		fields = append(fields, field{ours + ".note", orAbsent(*p.Note)})
	}
	if p.Tags != nil {
		fields = append(fields, tagsField(*p.Tags))
	}
	if p.Status != nil {
		fields = append(fields, field{"status", string(*p.Status)})
	}
	if p.Summary != nil {
		fields = append(fields, field{"summary", *p.Summary})
	}
	if p.SummaryBy != nil {
		fields = append(fields, field{ours + ".by", orAbsent(*p.SummaryBy)})
	}
	if !p.UpdatedAt.IsZero() {
		fields = append(fields, field{"updated_at", dateOrNull(p.UpdatedAt)}, rest("updated_at", p.UpdatedAt))
	}
	if len(fields) == 0 {
		return h.one(ctx, owner(oid, userID), options.FindOne())
	}
	var set, unset bson.D
	for _, f := range fields {
		if f.value == absent {
			unset = append(unset, bson.E{Key: f.path, Value: ""})
		} else {
			set = append(set, bson.E{Key: f.path, Value: f.value})
		}
	}
	raw, err := h.s.history.FindOneAndUpdate(ctx, owner(oid, userID), update(set, unset), options.FindOneAndUpdate().SetReturnDocument(options.After)).Raw()
	if err != nil {
		return nil, noEntry(err)
	}
	return readEntry(raw)
}

// Remove implements [history.Store]. The entry goes first; then nobody can read
// its report and its links.
func (h *History) Remove(ctx context.Context, id, userID string) error {
	return h.explain(ctx, "removing an analysis from", h.remove(ctx, id, userID))
}

func (h *History) remove(ctx context.Context, id, userID string) error {
	oid, ok := objectID(id)
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
	n, err := h.removeEntries(ctx, []string{id}, ownedBy(userID))
	if err == nil && n == 0 {
		err = history.ErrNotFound // somebody else was faster
	}
	return err
}

// ownedBy finds the entries of a user.
func ownedBy(userID string) bson.E { return bson.E{Key: "user_id", Value: in(bothForms(userID))} }

// removeEntries removes entries with all that belongs to them; of several, where
// each meets the conditions, or none.
func (h *History) removeEntries(ctx context.Context, ids []string, conditions ...bson.E) (int, error) {
	ctx, cancel := finishing(ctx)
	defer cancel()
	done, err := h.s.note(ctx, pending{Kind: pendingReport, Entries: ids})
	if err != nil {
		return 0, err
	}
	result, err := h.s.history.DeleteMany(ctx, append(bson.D{{Key: "_id", Value: in(objectIDs(ids))}}, conditions...))
	if err != nil {
		return 0, err
	}
	if result.DeletedCount == 0 {
		return 0, done(ctx)
	}
	// What is not removed now goes with the note.
	for _, coll := range []*driver.Collection{h.s.reports, h.s.shares} {
		if _, err := coll.DeleteMany(ctx, bson.D{{Key: "entry", Value: bson.D{{Key: "$in", Value: ids}}}}); err != nil {
			h.s.log.Warn("reports or links of removed analyses were left in the database for later", "error", h.s.explain(ctx, "removing a report from", err))
			return int(result.DeletedCount), nil
		}
	}
	return int(result.DeletedCount), done(ctx)
}

// RemoveUser implements [history.Store]. Interrupted, it has removed some of
// the entries, each with all that belongs to it; the next call removes the others.
func (h *History) RemoveUser(ctx context.Context, userID string) (int, error) {
	n, err := h.removeUser(ctx, userID)
	return n, h.explain(ctx, "removing the analyses of a user from", err)
}

func (h *History) removeUser(ctx context.Context, userID string) (removed int, err error) {
	for {
		var ids []string
		err := stream(ctx, h.s.history, bson.D{{Key: "user_id", Value: in(bothForms(userID))}},
			options.Find().SetProjection(only("_id")).SetLimit(idsAtOnce), func(raw bson.Raw) error {
				ids = append(ids, plain(raw.Lookup("_id")))
				return nil
			})
		if err != nil || len(ids) == 0 {
			return removed, err
		}
		n, err := h.removeEntries(ctx, ids, ownedBy(userID))
		removed += n
		if err != nil {
			return removed, err
		}
	}
}

// archivedBefore finds what was archived before a time. Other types than dates,
// such as null, are not before anything.
func archivedBefore(t time.Time) bson.D {
	return bson.D{status(history.StatusDeleted), {Key: "updated_at", Value: bson.D{{Key: "$lt", Value: bson.DateTime(floorMillis(t))}}}}
}

// CountArchived implements [history.Store].
func (h *History) CountArchived(ctx context.Context, before time.Time) (int, error) {
	n, err := h.s.count(ctx, h.s.history, archivedBefore(before))
	return n, h.explain(ctx, "counting archived analyses in", err)
}

// DropArchived implements [history.Store].
func (h *History) DropArchived(ctx context.Context, before time.Time) (int, error) {
	n, err := h.dropArchived(ctx, before)
	return n, h.explain(ctx, "removing archived analyses from", err)
}

func (h *History) dropArchived(ctx context.Context, before time.Time) (removed int, err error) {
	old := archivedBefore(before)
	for {
		var ids []string
		err := stream(ctx, h.s.history, old, options.Find().SetProjection(only("_id")).SetLimit(idsAtOnce), func(raw bson.Raw) error {
			ids = append(ids, plain(raw.Lookup("_id")))
			return nil
		})
		if err != nil || len(ids) == 0 {
			return removed, err
		}
		before := removed
		for _, id := range ids { // each by itself: one may be restored meanwhile
			n, err := h.removeEntries(ctx, []string{id}, old...)
			removed += n
			if err != nil {
				return removed, err
			}
		}
		if removed == before {
			return removed, nil // others removed or restored them
		}
	}
}

// Count implements [history.Store].
func (h *History) Count(ctx context.Context, userID string) (int, error) {
	n, err := h.s.count(ctx, h.s.history, bson.D{{Key: "user_id", Value: in(bothForms(userID))}})
	return n, h.explain(ctx, "counting the analyses in", err)
}

// CountEntries implements [history.Archive].
func (h *History) CountEntries(ctx context.Context) (int64, error) {
	n, err := h.s.count(ctx, h.s.history, nil)
	return int64(n), h.explain(ctx, "counting the analyses in", err)
}

// status finds entries of a status. One without any is active.
func status(s history.Status) bson.E {
	if s == history.StatusActive {
		return bson.E{Key: "status", Value: in(bson.A{string(s), nil})}
	}
	return bson.E{Key: "status", Value: string(s)}
}

// Tags implements [history.Store].
func (h *History) Tags(ctx context.Context, userID string) ([]history.Tag, error) {
	counts := map[string]int{}
	err := stream(ctx, h.s.history, bson.D{
		{Key: "user_id", Value: in(bothForms(userID))}, status(history.StatusActive), {Key: ours + ".tags", Value: bson.D{{Key: "$ne", Value: nil}}},
	}, options.Find().SetProjection(only(ours+".tags")), func(raw bson.Raw) error {
		tags := textList(raw.Lookup(ours, "tags"))
		slices.Sort(tags)
		for _, tag := range slices.Compact(tags) {
			counts[tag]++
		}
		return nil
	})
	if err != nil {
		return nil, h.explain(ctx, "listing the tags in", err)
	}
	list := make([]history.Tag, 0, len(counts))
	for name, n := range counts {
		list = append(list, history.Tag{Name: name, Count: n})
	}
	slices.SortFunc(list, func(a, b history.Tag) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name))
	})
	return list, nil
}

// Totals implements [history.Store]. It reads the number of each entry, from an
// index: what the older system writes needs no keeping count.
func (h *History) Totals(ctx context.Context) (t history.Totals, err error) {
	err = stream(ctx, h.s.history, bson.D{status(history.StatusActive)},
		options.Find().SetProjection(bson.D{{Key: "_id", Value: 0}, {Key: "status", Value: 1}, {Key: "total_chats", Value: 1}}).SetBatchSize(10_000),
		func(raw bson.Raw) error {
			n, _ := integer(raw.Lookup("total_chats"))
			t.Entries++
			if t.Messages += n; n > 0 && t.Messages < 0 {
				t.Messages = math.MaxInt64 // only strange documents add up to that
			}
			return nil
		})
	return t, h.explain(ctx, "adding up the analyses in", err)
}

// List implements [history.Store]. By time, the server sorts and pages. All
// else, and searching, looks through the names of the user's entries here, since
// documents hold nothing folded: a user has some thousands at most.
func (h *History) List(ctx context.Context, q history.Query) (history.Page, error) {
	page, err := h.list(ctx, q.Clean())
	return page, h.explain(ctx, "listing the analyses in", err)
}

// briefly leaves out what is bulky.
func briefly() bson.D { return but("time_series", ours+".client", ours+".time_series", extraText) }

func (h *History) list(ctx context.Context, q history.Query) (page history.Page, err error) {
	filter := bson.D{{Key: "user_id", Value: in(bothForms(q.UserID))}, status(q.Status)}
	if q.Channel != "" {
		filter = append(filter, bson.E{Key: "streamer_name", Value: q.Channel})
	}
	if q.Tag != "" {
		filter = append(filter, bson.E{Key: ours + ".tags", Value: q.Tag})
	}
	filter = append(filter, between("created_at", q.From, q.To)...)
	opts := options.Find().SetProjection(briefly())
	if q.Search == "" && q.Sort == history.SortCreated {
		if page.Total, err = h.s.count(ctx, h.s.history, filter); err != nil {
			return page, err
		}
		opts.SetSort(order(q.Descending, "created_at", "_id")).SetSkip(int64(q.Offset)).SetLimit(int64(q.Limit))
		page.Entries, err = h.brief(ctx, filter, opts)
		return page, err
	}
	ids, err := h.sorted(ctx, filter, q)
	if err != nil {
		return page, err
	}
	page.Total = len(ids)
	ids = ids[min(q.Offset, len(ids)):]
	ids = ids[:min(q.Limit, len(ids))]
	place := make(map[string]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	for some := range slices.Chunk(ids, idsAtOnce) {
		list, err := h.brief(ctx, bson.D{{Key: "_id", Value: in(objectIDs(some))}}, opts)
		if err != nil {
			return page, err
		}
		page.Entries = append(page.Entries, list...)
	}
	slices.SortFunc(page.Entries, func(a, b *history.Entry) int { return place[a.ID] - place[b.ID] })
	return page, nil
}

func (h *History) brief(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder) (list []*history.Entry, err error) {
	err = stream(ctx, h.s.history, filter, opts, func(raw bson.Raw) error {
		e, err := readEntry(raw)
		if err != nil {
			return err
		}
		e.Client, e.TimeSeries, e.Extra = nil, nil, nil
		list = append(list, e)
		return nil
	})
	return list, err
}

// sorted returns the ids of what a query chooses, in its order.
func (h *History) sorted(ctx context.Context, filter bson.D, q history.Query) ([]string, error) {
	type line struct {
		id   string
		at   time.Time
		key  string
		n    int64
		mood *float64
	}
	names := []string{"created_at", ours + ".us"}
	switch q.Sort {
	case history.SortChannel:
		names = append(names, "streamer_name")
	case history.SortName:
		names = append(names, ours+".name")
	case history.SortDuration:
		names = append(names, "duration")
	case history.SortMessages:
		names = append(names, "total_chats")
	case history.SortMood:
		names = append(names, ours+".mood")
	}
	search := account.Fold(q.Search)
	if search != "" {
		names = append(names, "streamer_name", ours+".name", ours+".note", ours+".tags")
		slices.Sort(names)
		names = slices.Compact(names)
	}
	var list []line
	err := stream(ctx, h.s.history, filter, options.Find().SetProjection(only(names...)), func(raw bson.Raw) error {
		e, err := readEntry(raw)
		if err != nil {
			return err
		}
		if search != "" && !slices.ContainsFunc(append([]string{e.Channel, e.Name, e.Note}, e.Tags...), func(s string) bool { return strings.Contains(account.Fold(s), search) }) {
			return nil
		}
		l := line{id: e.ID, at: e.CreatedAt, mood: e.Mood}
		switch q.Sort {
		case history.SortChannel:
			l.key = account.Fold(e.Channel)
		case history.SortName:
			l.key = account.Fold(e.Name)
		case history.SortDuration:
			l.n = e.Seconds
		case history.SortMessages:
			l.n = e.Counts.Total
		}
		list = append(list, l)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b line) int {
		n := 0
		switch q.Sort {
		case history.SortCreated:
			n = a.at.Compare(b.at)
		case history.SortMood:
			switch {
			case a.mood != nil && b.mood != nil:
				n = cmp.Compare(*a.mood, *b.mood)
			case a.mood != nil:
				return -1 // those without mood are last, whatever the direction
			case b.mood != nil:
				return 1
			}
		default:
			n = cmp.Or(strings.Compare(a.key, b.key), cmp.Compare(a.n, b.n))
		}
		if n = cmp.Or(n, strings.Compare(a.id, b.id)); q.Descending {
			n = -n
		}
		return n
	})
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].id
	}
	return ids, nil
}

// EachEntry implements [history.Archive].
func (h *History) EachEntry(ctx context.Context, after string, do func(e *history.Entry, report []byte) error) error {
	return h.explain(ctx, "reading the analyses of", eachPage(ctx, h.s.history, after, func(raw bson.Raw) error {
		e, err := readEntry(raw)
		if err != nil {
			return err
		}
		var report []byte
		if e.HasReport {
			report, err = h.report(ctx, e.ID)
			if errors.Is(err, history.ErrNotFound) { // removed meanwhile
				e.HasReport = false
			} else if err != nil {
				return err
			}
		}
		return do(e, report)
	}))
}
