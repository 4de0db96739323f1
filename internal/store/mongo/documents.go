package mongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/account"
)

// ours is the sub-document that holds what the older system does not know. In it
// are only texts, numbers, truth values and arrays of them: where the older
// system passes a document on as it is, it must be able to write it as JSON.
const ours = "chatmood"

// field is a place in a document and what is there.
type field struct {
	path  string // "a" or "a.b" or "a.b.c"
	value any    // nil is BSON's null; absent: there is no such field
}

type absentField struct{}

var absent = absentField{}

// orNull and the like return what stands for a value that may be missing.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func orAbsent[T comparable](v T) any {
	var zero T
	if v == zero {
		return absent
	}
	return v
}

func dateOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return bson.DateTime(floorMillis(t))
}

func dateOrAbsent(t time.Time) any {
	if t.IsZero() {
		return absent
	}
	return dateOrNull(t)
}

func microsOrAbsent(t time.Time) any {
	if t.IsZero() {
		return absent
	}
	return t.UnixMicro()
}

// floorMillis counts milliseconds downwards before 1970 too, so that what is
// left is never negative.
func floorMillis(t time.Time) int64 {
	return (t.UnixMicro() - subMillis(t)) / 1000
}

// subMillis is what a BSON date cannot hold: microseconds, 0 to 999.
func subMillis(t time.Time) int64 {
	return ((t.UnixMicro() % 1000) + 1000) % 1000
}

// rest is the field that holds what a date of the older system cannot.
func rest(name string, t time.Time) field {
	if t.IsZero() {
		return field{ours + ".us." + name, absent}
	}
	return field{ours + ".us." + name, orAbsent(subMillis(t))}
}

// document makes a document of fields, with an _id.
func document(id any, fields []field) bson.D {
	doc := bson.D{{Key: "_id", Value: id}}
	for _, f := range fields {
		if f.value == absent {
			continue
		}
		doc = put(doc, strings.Split(f.path, "."), f.value)
	}
	return doc
}

func put(doc bson.D, path []string, value any) bson.D {
	at := slices.IndexFunc(doc, func(e bson.E) bool { return e.Key == path[0] })
	if at < 0 {
		at = len(doc)
		doc = append(doc, bson.E{Key: path[0]})
	}
	if len(path) == 1 {
		doc[at].Value = value
		return doc
	}
	inner, _ := doc[at].Value.(bson.D)
	doc[at].Value = put(inner, path[1:], value)
	return doc
}

// changes makes the update that turns what was read into what is wanted, and
// touches nothing that stays as it is.
func changes(before, after []field) (set, unset bson.D) {
	old := make(map[string]any, len(before))
	for _, f := range before {
		old[f.path] = f.value
	}
	for _, f := range after {
		was, known := old[f.path]
		delete(old, f.path)
		if known && reflect.DeepEqual(was, f.value) || !known && f.value == absent {
			continue
		}
		if f.value == absent {
			unset = append(unset, bson.E{Key: f.path, Value: ""})
			continue
		}
		set = append(set, bson.E{Key: f.path, Value: f.value})
	}
	for _, f := range before {
		if was, gone := old[f.path]; gone && was != absent {
			unset = append(unset, bson.E{Key: f.path, Value: ""})
		}
	}
	return set, unset
}

// update joins the parts of an update; servers refuse empty ones.
func update(set, unset bson.D) bson.D {
	var u bson.D
	if len(set) > 0 {
		u = append(u, bson.E{Key: "$set", Value: set})
	}
	if len(unset) > 0 {
		u = append(u, bson.E{Key: "$unset", Value: unset})
	}
	return u
}

// objectID returns the ObjectId of 24 hexadecimal digits.
func objectID(id string) (bson.ObjectID, bool) {
	if !account.ValidID(id) {
		return bson.ObjectID{}, false
	}
	oid, err := bson.ObjectIDFromHex(id)
	return oid, err == nil
}

// bothForms are the ways in which the older systems wrote a user's id.
func bothForms(userID string) bson.A {
	if oid, ok := objectID(userID); ok {
		return bson.A{userID, oid}
	}
	return bson.A{userID}
}

func in(values bson.A) bson.D { return bson.D{{Key: "$in", Value: values}} }

// Values are read as what they should be where they are anything like it. The
// second result tells whether the value is of a type that would be written so;
// otherwise it is kept beside, in what nobody knows.

func text(v bson.RawValue) (string, bool) {
	switch v.Type {
	case bson.TypeString:
		return v.StringValueOK()
	case bson.TypeNull, bson.TypeUndefined:
		return "", true
	case bson.TypeObjectID, bson.TypeInt32, bson.TypeInt64, bson.TypeDouble, bson.TypeBoolean:
		return plain(v), false
	}
	return "", false
}

func plain(v bson.RawValue) string {
	switch v.Type {
	case bson.TypeObjectID:
		return v.ObjectID().Hex()
	case bson.TypeInt32:
		return strconv.Itoa(int(v.Int32()))
	case bson.TypeInt64:
		return strconv.FormatInt(v.Int64(), 10)
	case bson.TypeDouble:
		return strconv.FormatFloat(v.Double(), 'f', -1, 64)
	case bson.TypeBoolean:
		return strconv.FormatBool(v.Boolean())
	}
	return ""
}

func date(v bson.RawValue) (time.Time, bool) {
	switch v.Type {
	case bson.TypeDateTime:
		return v.Time().UTC(), true
	case bson.TypeNull, bson.TypeUndefined:
		return time.Time{}, true
	case bson.TypeString:
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999"} {
			if t, err := time.Parse(layout, v.StringValue()); err == nil {
				return t.UTC().Truncate(time.Microsecond), false
			}
		}
	}
	return time.Time{}, false
}

// integer reads a count. Anything that is no number counts as 0.
func integer(v bson.RawValue) (int64, bool) {
	switch v.Type {
	case bson.TypeInt32:
		return int64(v.Int32()), true
	case bson.TypeInt64:
		return v.Int64(), true
	case bson.TypeNull, bson.TypeUndefined:
		return 0, true
	case bson.TypeDouble:
		f := v.Double()
		return fromFloat(f), f == math.Trunc(f)
	case bson.TypeString:
		s := strings.TrimSpace(v.StringValue())
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n, false
		}
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return 0, false
		}
		return fromFloat(f), false
	}
	return 0, false
}

func fromFloat(f float64) int64 {
	if math.IsNaN(f) || math.Abs(f) >= math.MaxInt64 {
		return 0
	}
	return int64(f)
}

// number is how a count is written: as Python would, in 32 bits where they do.
func number(n int64) any {
	if n >= math.MinInt32 && n <= math.MaxInt32 {
		return int32(n)
	}
	return n
}

// asJSON returns any value as JSON, relaxed extended JSON where that has no type
// for it.
func asJSON(v bson.RawValue) (json.RawMessage, error) {
	const before, after = `{"v":`, `}`
	data, err := bson.MarshalExtJSON(bson.D{{Key: "v", Value: v}}, false, false)
	if err != nil {
		return nil, err
	}
	return data[len(before) : len(data)-len(after)], nil
}

// fromJSON is the reverse of asJSON. It reports false for what documents cannot
// hold.
func fromJSON(data json.RawMessage) (any, bool) {
	var doc bson.D
	err := bson.UnmarshalExtJSON(slices.Concat([]byte(`{"v":`), data, []byte(`}`)), false, &doc)
	if err != nil || len(doc) != 1 || !storable(doc[0].Value, false) {
		return nil, false
	}
	return doc[0].Value, true
}

// each calls do for the elements of a document; damage ends it.
func each(raw bson.Raw, do func(key string, v bson.RawValue)) error {
	elements, err := raw.Elements()
	if err != nil {
		return err
	}
	for _, e := range elements {
		do(e.Key(), e.Value())
	}
	return nil
}

// sub calls do for the elements of a value that is a document.
func sub(v bson.RawValue, do func(key string, v bson.RawValue)) bool {
	doc, ok := v.DocumentOK()
	return ok && each(doc, do) == nil
}

// extra gathers what nobody here knows.
type extra bson.D

func (x *extra) add(key string, v bson.RawValue) { *x = append(*x, bson.E{Key: key, Value: v}) }

// json returns it as a JSON object, or nil where there is nothing. Types that
// JSON does not have are written as MongoDB's extended JSON in its relaxed form.
func (x extra) json() (json.RawMessage, error) {
	if len(x) == 0 {
		return nil, nil
	}
	data, err := bson.MarshalExtJSON(bson.D(x), false, false)
	if err != nil {
		return nil, fmt.Errorf("reading unknown fields: %w", err)
	}
	return data, nil
}

// extraText is the field for unknown fields that no document can hold as such.
const extraText = ours + ".extra"

// extraFields are the fields of a JSON object of unknown fields. Where a
// document cannot hold them, because of their names, they are kept as a text.
func extraFields(data json.RawMessage) (fields []field, asText any) {
	if len(data) == 0 || string(data) == "null" {
		return nil, absent
	}
	var doc bson.D
	if err := bson.UnmarshalExtJSON(data, false, &doc); err != nil || !storable(doc, true) {
		return nil, string(data)
	}
	for _, e := range doc {
		fields = append(fields, field{e.Key, e.Value})
	}
	return fields, absent
}

// storable reports whether all servers keep these names, also by updates of
// single fields.
func storable(v any, top bool) bool {
	switch v := v.(type) {
	case bson.D:
		for _, e := range v {
			if e.Key == "" || strings.HasPrefix(e.Key, "$") || strings.ContainsAny(e.Key, ".\x00") || top && (e.Key == "_id" || e.Key == ours) || !storable(e.Value, false) {
				return false
			}
		}
	case bson.A:
		for _, e := range v {
			if !storable(e, false) {
				return false
			}
		}
	}
	return true
}

// merge adds unknown fields to the known ones. A known field among them is one
// that was of another type than it is written in: it stays so as long as it is
// still read as what is known, which same tells.
func merge(known, unknown []field, same func(field) bool) []field {
	for _, u := range unknown {
		at := slices.IndexFunc(known, func(k field) bool { return k.path == u.path })
		switch {
		case at < 0:
			known = append(known, u)
		case same(u):
			known[at] = u
		}
	}
	return known
}

// count counts documents with the count command, which every server has.
func (s *Store) count(ctx context.Context, coll *driver.Collection, filter bson.D) (int, error) {
	if filter == nil {
		filter = bson.D{}
	}
	var result struct {
		N int64 `bson:"n"`
	}
	err := s.db.RunCommand(ctx, bson.D{{Key: "count", Value: coll.Name()}, {Key: "query", Value: filter}}).Decode(&result)
	return int(result.N), err
}

// exists reports whether there is a document.
func exists(ctx context.Context, coll *driver.Collection, filter bson.D) (bool, error) {
	err := coll.FindOne(ctx, filter, options.FindOne().SetProjection(bson.D{{Key: "_id", Value: 1}})).Err()
	if errors.Is(err, driver.ErrNoDocuments) {
		return false, nil
	}
	return err == nil, err
}

// upsert changes a document or makes it. Two that make the same one at once may
// both fail to find it: the second tries again.
func upsert(ctx context.Context, coll *driver.Collection, filter, change bson.D) error {
	for {
		_, err := coll.UpdateOne(ctx, filter, change, options.UpdateOne().SetUpsert(true))
		if !driver.IsDuplicateKeyError(err) || ctx.Err() != nil {
			return err
		}
	}
}

// replace puts a document in the place of the one with the same _id, if any.
func replace(ctx context.Context, coll *driver.Collection, doc bson.D) error {
	_, err := coll.ReplaceOne(ctx, bson.D{doc[0]}, doc, options.Replace().SetUpsert(true))
	if !driver.IsDuplicateKeyError(err) {
		return err
	}
	// Either somebody inserted the same _id at the same instant, or it is not the
	// _id that is there twice; then the next attempt says so too.
	there, ferr := exists(ctx, coll, bson.D{doc[0]})
	if ferr != nil || !there {
		return errors.Join(err, ferr)
	}
	_, err = coll.ReplaceOne(ctx, bson.D{doc[0]}, doc)
	return err
}

const (
	// pageDocs is how many documents a move reads with one cursor.
	pageDocs = 500
	// batchDocs is how many of them come at once: there may be images in them.
	batchDocs = 50
)

// eachPage hands the documents of a collection with an ObjectId to do, by
// rising _id after one. Reading in pages, it needs no cursor that lives as long
// as the move.
func eachPage(ctx context.Context, coll *driver.Collection, after string, do func(bson.Raw) error) error {
	last, _ := objectID(after)
	bound := bson.E{Key: "$gt", Value: last}
	if after == "" {
		bound.Key = "$gte"
	}
	for {
		read := 0
		err := stream(ctx, coll, bson.D{{Key: "_id", Value: bson.D{bound}}},
			options.Find().SetSort(order(false, "_id")).SetLimit(pageDocs).SetBatchSize(batchDocs),
			func(doc bson.Raw) error {
				id, ok := doc.Lookup("_id").ObjectIDOK()
				if !ok {
					return fmt.Errorf("a document of %s has an _id that is no ObjectId: %s", coll.Name(), doc.Lookup("_id"))
				}
				read++
				bound = bson.E{Key: "$gt", Value: id}
				return do(doc)
			})
		if err != nil || read < pageDocs {
			return err
		}
	}
}

// findAll reads all that a query finds.
func findAll[T any](ctx context.Context, coll *driver.Collection, filter bson.D, opts *options.FindOptionsBuilder) ([]T, error) {
	cursor, err := coll.Find(ctx, filter, opts)
	if err != nil {
		return nil, err
	}
	var list []T
	if err := cursor.All(ctx, &list); err != nil {
		return nil, err
	}
	return list, nil
}

// stream hands what a query finds to do.
func stream(ctx context.Context, coll *driver.Collection, filter bson.D, opts *options.FindOptionsBuilder, do func(bson.Raw) error) error {
	cursor, err := coll.Find(ctx, filter, opts)
	if err != nil {
		return err
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }() // it only read
	for cursor.Next(ctx) {
		if err := do(cursor.Current); err != nil {
			return err
		}
	}
	return cursor.Err()
}

// only is a projection of some fields.
func only(names ...string) bson.D { return projection(1, names) }

// but is a projection of all fields except some.
func but(names ...string) bson.D { return projection(0, names) }

func projection(n int, names []string) bson.D {
	p := make(bson.D, len(names))
	for i, name := range names {
		p[i] = bson.E{Key: name, Value: n}
	}
	return p
}

// order sorts by fields, the same way all of them.
func order(descending bool, names ...string) bson.D {
	n := 1
	if descending {
		n = -1
	}
	return projection(n, names)
}
