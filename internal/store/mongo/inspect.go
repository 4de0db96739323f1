package mongo

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/account"
	"chatmood/internal/history"
)

// Shape is how a field looks in some documents, and how it is read.
type Shape struct {
	Collection string // as "history"
	Field      string // as "total_chats"
	Is         string // what is there, as "text"
	As         string // how it is read where that is not as it is
	Stops      bool   // a move stops at such a document
	Count      int64  // of documents
	Example    string // the _id of one of them
}

// Inspection is what a database of the older system contains.
type Inspection struct {
	Documents map[string]int64 // by collection, those that are empty left out
	Shapes    []Shape          // by collection and field, the most frequent first
}

// maxShapes bounds how many shapes are told apart in a collection. Documents
// can have any keys.
const maxShapes = 300

// Inspect reads users, history and logs, and tells how they look to whoever
// wants to know before anything is written. It changes nothing, and repeats
// nothing of what is in the documents but ids and names of fields.
func Inspect(ctx context.Context, cfg Config) (_ *Inspection, err error) {
	s, err := connect(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	i := &inspector{documents: map[string]int64{}, shapes: map[shapeKey]*Shape{}, kinds: map[string]int{}, users: map[string]bool{}, emails: map[string][]string{}}
	for _, c := range []struct {
		name string
		look func(id string, doc bson.Raw)
	}{{usersName, i.user}, {historyName, i.entry}, {logsName, i.log}} {
		err := stream(ctx, s.db.Collection(c.name), bson.D{}, options.Find(), func(doc bson.Raw) error {
			i.documents[c.name]++
			id := doc.Lookup("_id")
			if id.Type == bson.TypeObjectID {
				c.look(plain(id), doc)
				return nil
			}
			i.see(shape{c.name, "_id", typeName(id), "not: it cannot be moved", true}, id.String())
			c.look(id.String(), doc)
			return nil
		})
		if err != nil {
			return nil, s.explain(ctx, "reading "+c.name+" of", err)
		}
	}
	i.twins()
	for _, name := range []string{sessionsName, loginsName, codesName, invitesName, usageName, outboxName, sharesName, holdsName, learnedName, correctionsName} {
		n, err := s.count(ctx, s.db.Collection(name), nil)
		if err != nil {
			return nil, s.explain(ctx, "counting "+name+" of", err)
		}
		if n > 0 {
			i.documents[name] = int64(n)
		}
	}
	return &Inspection{i.documents, i.list()}, nil
}

type shapeKey struct{ collection, field, is, as string }

type shape struct {
	collection, field, is, as string
	stops                     bool
}

type inspector struct {
	documents map[string]int64
	shapes    map[shapeKey]*Shape
	kinds     map[string]int // shapes by collection
	users     map[string]bool
	emails    map[string][]string // by folded address: the addresses, each with the user's id behind a line break
}

// see counts a shape.
func (i *inspector) see(s shape, id string) {
	key := shapeKey{s.collection, s.field, s.is, s.as}
	if i.shapes[key] == nil {
		if i.kinds[s.collection]++; i.kinds[s.collection] > maxShapes {
			key = shapeKey{s.collection, "(others)", "not told apart: there are too many", ""}
		}
		if i.shapes[key] == nil {
			i.shapes[key] = &Shape{Collection: key.collection, Field: key.field, Is: key.is, As: key.as, Stops: s.stops, Example: id}
		}
	}
	i.shapes[key].Count++
}

func (i *inspector) list() []Shape {
	var list []Shape
	for _, s := range i.shapes {
		list = append(list, *s)
	}
	collections := []string{usersName, historyName, logsName}
	slices.SortFunc(list, func(a, b Shape) int {
		if a.Collection != b.Collection {
			return slices.Index(collections, a.Collection) - slices.Index(collections, b.Collection)
		}
		if a.Field != b.Field {
			return strings.Compare(a.Field, b.Field)
		}
		if a.Count != b.Count {
			return int(min(max(b.Count-a.Count, -1), 1))
		}
		return strings.Compare(a.Is+a.As, b.Is+b.As)
	})
	return list
}

// typeName names the type of a value for people.
func typeName(v bson.RawValue) string {
	switch v.Type {
	case 0:
		return "missing"
	case bson.TypeString:
		if s, _ := v.StringValueOK(); s == "" {
			return "empty text"
		}
		return "text"
	case bson.TypeInt32, bson.TypeInt64:
		return "whole number"
	case bson.TypeDouble:
		return "number with a fraction"
	case bson.TypeEmbeddedDocument:
		return "object"
	case bson.TypeArray:
		return "list"
	case bson.TypeBoolean:
		return "true or false"
	case bson.TypeDateTime:
		return "date"
	case bson.TypeObjectID:
		return "ObjectId"
	case bson.TypeNull, bson.TypeUndefined:
		return "null"
	}
	return v.Type.String()
}

// usual tells what a field of a type is, and how it is read where that is not
// as it is.
type usual func(v bson.RawValue) (is, as string)

func usualText(v bson.RawValue) (is, as string) {
	s, ok := text(v)
	switch {
	case v.Type == 0 || ok:
	case s != "":
		as = "as that text"
	default:
		as = "as an empty text"
	}
	return typeName(v), as
}

func usualDate(v bson.RawValue) (is, as string) {
	t, ok := date(v)
	switch {
	case v.Type == 0 || v.Type == bson.TypeNull:
		as = "as not known"
	case ok:
	case t.IsZero():
		as = "as not known"
	default:
		as = "as the time that it says"
	}
	return typeName(v), as
}

func usualNumber(v bson.RawValue) (is, as string) {
	n, ok := integer(v)
	switch {
	case v.Type == 0 || v.Type == bson.TypeNull:
		as = "as 0"
	case v.Type == bson.TypeDouble && v.Double() == float64(n):
		return "whole number", ""
	case ok:
	case n == 0:
		as = "as 0"
	default:
		as = "as the whole number in it"
	}
	return typeName(v), as
}

// usualCounts is for the messages by label.
func usualCounts(v bson.RawValue) (is, as string) {
	var c history.Counts
	whole := readCounts(&c, v)
	switch {
	case whole:
		return "object of three counts", ""
	case v.Type == bson.TypeEmbeddedDocument:
		return "object with other keys or types", "the three counts as far as they are numbers"
	}
	return typeName(v), "as no messages"
}

func usualChatters(v bson.RawValue) (is, as string) {
	list, whole := readChatters(v)
	switch {
	case whole && v.Type == bson.TypeArray && len(list) == 0:
		return "empty list", ""
	case whole && v.Type == bson.TypeArray:
		return "list of names with counts", ""
	case v.Type == bson.TypeArray:
		return "list with other elements", "those that have a name or a count"
	}
	return typeName(v), "as an empty list"
}

// usualSeries is for what the older system's pages drew, in any of its shapes.
func usualSeries(v bson.RawValue) (is, as string) {
	if v.Type != bson.TypeArray {
		return typeName(v), ""
	}
	values, err := v.Array().Values()
	switch {
	case err != nil:
		return "damaged list", "not"
	case len(values) == 0:
		return "empty list", ""
	}
	var keys []string
	sub(values[0], func(key string, _ bson.RawValue) { keys = append(keys, key) })
	slices.Sort(keys)
	if len(keys) == 0 {
		return "list of " + typeName(values[0]), ""
	}
	return "list of objects with " + strings.Join(keys[:min(len(keys), 6)], ", "), ""
}

// known looks at the fields that are known, and at the names of all others.
func (i *inspector) known(collection, id string, doc bson.Raw, fields map[string]usual, others string) {
	for name, look := range fields {
		v, _ := doc.LookupErr(name) // a missing one is seen, too
		is, as := look(v)
		if is == "missing" && as == "" {
			continue
		}
		i.see(shape{collection, name, is, as, false}, id)
	}
	err := each(doc, func(key string, v bson.RawValue) {
		if fields[key] == nil && key != "_id" && key != ours {
			i.see(shape{collection, key, typeName(v), others, false}, id)
		}
	})
	if err != nil {
		i.see(shape{collection, "(document)", "damaged", "not", true}, id)
	}
}

func pendingText(what string) usual {
	return func(v bson.RawValue) (is, as string) {
		if s, ok := textOrNone(v); ok && s == "" || v.Type == 0 {
			return "missing", ""
		}
		if v.Type != bson.TypeString {
			return typeName(v), "as none"
		}
		return what, ""
	}
}

func optionalDate(v bson.RawValue) (is, as string) {
	if v.Type == 0 || v.Type == bson.TypeNull {
		return "missing", ""
	}
	return usualDate(v)
}

// oneOf tells texts of a list, and hides all others.
func oneOf(as string, texts ...string) usual {
	return func(v bson.RawValue) (string, string) {
		s, _ := text(v)
		if slices.Contains(texts, s) {
			return s, ""
		}
		is := typeName(v)
		if is == "text" {
			is = "another text"
		}
		return is, as
	}
}

func passwordForm(v bson.RawValue) (is, as string) {
	hash, ok := textOrNone(v)
	const anew = "signs in; hashed anew then"
	switch {
	case !ok || hash == "":
		return typeName(v), "no password fits: reset it"
	case strings.HasPrefix(hash, "$2b$12$"):
		return "bcrypt", ""
	case strings.HasPrefix(hash, "$2"):
		return "bcrypt in an older form or of other cost", anew
	case strings.HasPrefix(hash, "$bcrypt-sha256$"):
		return "bcrypt of a long password", ""
	case strings.HasPrefix(hash, "pbkdf2:sha256:"):
		return "pbkdf2:sha256", anew
	case strings.HasPrefix(hash, "scrypt:"):
		return "scrypt", anew
	}
	return "text of another form", "no password fits: reset it"
}

func image(v bson.RawValue) (is, as string) {
	switch s, ok := textOrNone(v); {
	case v.Type == 0 || ok && s == "":
		return "none", ""
	case !ok:
		return typeName(v), "as none"
	case strings.HasPrefix(s, "data:image/"):
		return "picture", ""
	}
	return "text that is no picture", "as it is; not shown"
}

// textOrNone returns a text, and whether there is one or nothing.
func textOrNone(v bson.RawValue) (string, bool) {
	if v.Type == bson.TypeString {
		return v.StringValueOK()
	}
	return "", v.Type == bson.TypeNull || v.Type == bson.TypeUndefined
}

func address(v bson.RawValue) (is, as string) {
	if s, ok := textOrNone(v); ok && strings.TrimSpace(s) != "" {
		return "text", ""
	}
	return typeName(v), "as no address: the user cannot sign in"
}

func userID(v bson.RawValue) (is, as string) {
	s, _ := text(v)
	switch {
	case v.Type == bson.TypeObjectID:
		return "ObjectId", ""
	case v.Type == bson.TypeString && account.ValidID(s):
		return "text of 24 hexadecimal digits", ""
	}
	return typeName(v), "as nobody's"
}

// notShown is what becomes of fields that nobody knows.
const notShown = "kept as it is; not shown"

func (i *inspector) user(id string, doc bson.Raw) {
	i.users[id] = true
	i.known(usersName, id, doc, map[string]usual{
		"first_name": usualText, "last_name": usualText, "email": address, "password_hash": passwordForm,
		"role":   oneOf("as user", string(account.RoleUser), string(account.RoleAdmin)),
		"status": oneOf("may not sign in", string(account.StatusActive), string(account.StatusNotActive), string(account.StatusSuspended)),
		"otp":    pendingText("code that waits"), "email_change_otp": pendingText("code that waits"), "new_email_otp": pendingText("code that waits"),
		"reset_token": pendingText("link that waits"), "pending_new_email": pendingText("address that waits"),
		"token_expire": optionalDate, "otp_created_at": optionalDate, "email_change_otp_created_at": optionalDate, "new_email_otp_created_at": optionalDate,
		"created_at": usualDate, "updated_at": usualDate, "profile_image": image,
	}, notShown)
	email, _ := textOrNone(doc.Lookup("email"))
	key := account.EmailKey(email)
	i.emails[key] = append(i.emails[key], email+"\n"+id) // empty ones too: there can be one of them
}

// twins sees the users whose addresses differ in case only, or not at all.
func (i *inspector) twins() {
	for _, list := range i.emails {
		slices.Sort(list)
		for n, one := range list {
			email, id, _ := strings.Cut(one, "\n")
			same := n > 0 && strings.HasPrefix(list[n-1], email+"\n") || n+1 < len(list) && strings.HasPrefix(list[n+1], email+"\n")
			switch {
			case same:
				i.see(shape{usersName, "email", "the very same as another user's", "not: change one of them before a move", true}, id)
			case len(list) > 1:
				i.see(shape{usersName, "email", "differs from another user's in case only", "each signs in with the very spelling; any other spelling finds the one with the smallest id", false}, id)
			}
		}
	}
}

func (i *inspector) entry(id string, doc bson.Raw) {
	i.known(historyName, id, doc, map[string]usual{
		"user_id": userID, "streamer_name": usualText, "total_chats": usualNumber, "sentiment_count": usualCounts,
		"top_positive": usualChatters, "top_negative": usualChatters, "top_neutral": usualChatters, "duration": usualNumber, "summary": usualText,
		"time_series": usualSeries, "created_at": usualDate, "updated_at": usualDate,
		"status": func(v bson.RawValue) (is, as string) {
			if v.Type == 0 || v.Type == bson.TypeNull {
				return typeName(v), "as active"
			}
			return oneOf("neither listed nor in the archive", string(history.StatusActive), string(history.StatusDeleted))(v)
		},
	}, notShown)
	if owner, _ := text(doc.Lookup("user_id")); owner != "" && !i.users[owner] {
		i.see(shape{historyName, "user_id", "of a user who does not exist", "kept; nobody sees it", false}, id)
	}
}

func (i *inspector) log(id string, doc bson.Raw) {
	i.known(logsName, id, doc, map[string]usual{
		"user_id": userID, "activity": usualText, "details": usualText, "created_at": usualDate,
		"user_name": func(v bson.RawValue) (is, as string) {
			if v.Type == 0 || v.Type == bson.TypeNull {
				return "missing", "as the name that the user has now"
			}
			return usualText(v)
		},
	}, "kept here, but not moved")
}
