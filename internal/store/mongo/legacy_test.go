package mongo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/account"
	"chatmood/internal/history"
	"chatmood/internal/store/mongo"
)

// The fixture in testdata is a database of the older systems, with invented
// people: numbers 1 to 10 are of the first of them, from 11 on of the second, from
// 21 on of the third, from 31 on nothing is as it should be. Everybody's password
// is the same.
const (
	oldPassword = "Abcdef1!"
	oldSecret   = "JBSWY3DPEHPK3PXP" //nolint:gosec // invented
)

// oldNow is a minute after the codes in the fixture were made.
var oldNow = time.Unix(1735689660, 0).UTC()

var oldCollections = []string{"users", "history", "logs"}

func oldID(n int) string { return fmt.Sprintf("64f0%020x", n) }

// load puts the fixture into an empty database and returns its documents as
// they are there.
func load(t testing.TB, db *driver.Database) snapshot {
	t.Helper()
	for _, name := range oldCollections {
		data, err := os.ReadFile("testdata/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var list bson.A
		if err := bson.UnmarshalExtJSON(fmt.Appendf(nil, `{"v":%s}`, data), false, &struct {
			V *bson.A `bson:"v"`
		}{&list}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := db.Collection(name).InsertMany(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	return take(t, db)
}

// snapshot is documents by collection and _id, as they are byte for byte.
type snapshot map[string]map[string]bson.Raw

func take(t testing.TB, db *driver.Database) snapshot {
	t.Helper()
	all := snapshot{}
	for _, name := range oldCollections {
		all[name] = map[string]bson.Raw{}
		cursor, err := db.Collection(name).Find(t.Context(), bson.D{})
		if err != nil {
			t.Fatal(err)
		}
		var docs []bson.Raw
		if err := cursor.All(t.Context(), &docs); err != nil {
			t.Fatal(err)
		}
		for _, doc := range docs {
			all[name][doc.Lookup("_id").ObjectID().Hex()] = doc
		}
	}
	return all
}

// wantUntouched checks that only some documents changed, and that none is gone.
func wantUntouched(t testing.TB, before, after snapshot, changed ...string) {
	t.Helper()
	for _, name := range oldCollections {
		for id, doc := range before[name] {
			if now := after[name][id]; !bytes.Equal(doc, now) && !slices.Contains(changed, id) {
				t.Errorf("%s %s was rewritten:\n%s\n%s", name, id, doc, now)
			}
		}
	}
}

// oldTypes says what the older system reads, and which types it has there.
var oldTypes = map[string]map[string][]bson.Type{
	"users": {
		"_id": {bson.TypeObjectID}, "first_name": {bson.TypeString}, "last_name": {bson.TypeString}, "email": {bson.TypeString},
		"password_hash": {bson.TypeString}, "role": {bson.TypeString}, "status": {bson.TypeString},
		"reset_token": {bson.TypeString, bson.TypeNull}, "token_expire": {bson.TypeDateTime, bson.TypeNull},
		"otp": {bson.TypeString, bson.TypeNull}, "otp_created_at": {bson.TypeDateTime, bson.TypeNull},
		"created_at": {bson.TypeDateTime}, "updated_at": {bson.TypeDateTime}, "profile_image": {bson.TypeString, bson.TypeNull},
		"pending_new_email": {bson.TypeString}, "email_change_otp": {bson.TypeString}, "email_change_otp_created_at": {bson.TypeDateTime},
		"new_email_otp": {bson.TypeString}, "new_email_otp_created_at": {bson.TypeDateTime},
	},
	"history": {
		"_id": {bson.TypeObjectID}, "user_id": {bson.TypeString}, "streamer_name": {bson.TypeString},
		"total_chats": {bson.TypeInt32, bson.TypeInt64}, "sentiment_count": {bson.TypeEmbeddedDocument},
		"top_positive": {bson.TypeArray}, "top_negative": {bson.TypeArray}, "top_neutral": {bson.TypeArray},
		"duration": {bson.TypeInt32, bson.TypeInt64}, "summary": {bson.TypeString}, "time_series": {bson.TypeArray},
		"status": {bson.TypeString}, "created_at": {bson.TypeDateTime}, "updated_at": {bson.TypeDateTime},
	},
	"logs": {
		"_id": {bson.TypeObjectID}, "user_id": {bson.TypeString}, "user_name": {bson.TypeString}, "activity": {bson.TypeString},
		"details": {bson.TypeString}, "created_at": {bson.TypeDateTime},
	},
}

// maybeAbsent are the fields without which the older system manages.
var maybeAbsent = []string{
	"pending_new_email", "email_change_otp", "email_change_otp_created_at", "new_email_otp", "new_email_otp_created_at", "time_series", "user_name",
}

// checkOld checks that the older system can read every document: it has all
// fields, of the right types, but for those that were otherwise before; and what
// is ours can be written as JSON.
func checkOld(t testing.TB, before, after snapshot) {
	t.Helper()
	for _, name := range oldCollections {
		for id, doc := range after[name] {
			complain := func(format string, args ...any) {
				t.Helper()
				t.Errorf("%s %s: %s\n%s", name, id, fmt.Sprintf(format, args...), doc)
			}
			old := before[name][id]
			for field, types := range oldTypes[name] {
				v, err := doc.LookupErr(field)
				was, werr := old.LookupErr(field)
				switch {
				case err != nil && werr == nil && !slices.Contains(maybeAbsent, field):
					complain("%s is gone", field)
				case err != nil && old == nil && !slices.Contains(maybeAbsent, field):
					complain("%s is missing", field)
				case err == nil && !slices.Contains(types, v.Type) && (werr != nil || !was.Equal(v)):
					complain("%s is of type %s", field, v.Type)
				}
			}
			elements, err := doc.Elements()
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range elements {
				_, known := oldTypes[name][e.Key()]
				_, werr := old.LookupErr(e.Key())
				if !known && werr != nil && e.Key() != "chatmood" {
					complain("%s is new", e.Key())
				}
			}
			if ours, err := doc.LookupErr("chatmood"); err == nil {
				checkPlain(complain, "chatmood", ours)
			}
			if counts, err := doc.LookupErr("sentiment_count"); err == nil && old == nil {
				for _, label := range []string{"positive", "negative", "neutral"} {
					if v := counts.Document().Lookup(label); !v.IsNumber() {
						complain("sentiment_count.%s is %s", label, v)
					}
				}
			}
			for _, list := range []string{"top_positive", "top_negative", "top_neutral"} {
				v, err := doc.LookupErr(list)
				if err != nil || old != nil {
					continue
				}
				values, err := v.Array().Values()
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range values {
					if c.Document().Lookup("username").Type != bson.TypeString || !c.Document().Lookup("count").IsNumber() {
						complain("%s has %s", list, c)
					}
				}
			}
		}
	}
}

func checkPlain(complain func(string, ...any), path string, v bson.RawValue) {
	switch v.Type {
	case bson.TypeString, bson.TypeInt32, bson.TypeInt64, bson.TypeDouble, bson.TypeBoolean:
	case bson.TypeEmbeddedDocument, bson.TypeArray:
		elements, err := bson.Raw(v.Value).Elements()
		if err != nil {
			complain("%s: %v", path, err)
		}
		for _, e := range elements {
			checkPlain(complain, path+"."+e.Key(), e.Value())
		}
	default:
		complain("%s is of type %s", path, v.Type)
	}
}

// mails keeps what is mailed.
type mails struct{ sent []string }

func (m *mails) put(parts ...any) error {
	m.sent = append(m.sent, fmt.Sprintln(parts...))
	return nil
}

func (m *mails) last() []string { return strings.Fields(m.sent[len(m.sent)-1]) }

func (m *mails) Code(_ context.Context, to, _, code string, _ time.Duration) error {
	return m.put("code", to, code)
}

func (m *mails) ResetLink(_ context.Context, to, _, userID, token string, _ time.Duration) error {
	return m.put("reset", to, userID, token)
}

func (m *mails) AlreadyRegistered(_ context.Context, to, _ string) error { return m.put("already", to) }

func (m *mails) PasswordChanged(_ context.Context, to, _ string, _ time.Time) error {
	return m.put("password", to)
}

func (m *mails) EmailChanged(_ context.Context, to, _, newEmail string, _ time.Time) error {
	return m.put("email", to, newEmail)
}

func (m *mails) AccountDeleted(_ context.Context, to, _ string, _ time.Time) error {
	return m.put("deleted", to)
}

func (m *mails) AccountSuspended(_ context.Context, to, _ string, _ time.Time) error {
	return m.put("suspended", to)
}

func (m *mails) NewDevice(_ context.Context, to, _, _, _ string, _ time.Time) error {
	return m.put("device", to)
}

// oldWorld is the fixture with everything that uses it.
type oldWorld struct {
	*account.Service
	store  *mongo.Store
	db     *driver.Database
	before snapshot
	mail   *mails
	now    time.Time
}

func newOldWorld(t *testing.T) *oldWorld {
	t.Helper()
	name, db := database(t, t.TempDir())
	w := &oldWorld{db: db, before: load(t, db), mail: &mails{}, now: oldNow}
	w.store = mustOpen(t, serverURI(t), name)
	hasher, err := account.NewHasher(account.DefaultCost, 2)
	if err != nil {
		t.Fatal(err)
	}
	w.Service, err = account.NewService(account.Config{
		Store: w.store.Accounts(), Mailer: w.mail, Hasher: hasher, SecretKey: []byte("0123456789abcdef0123456789abcdef"),
		Now: func() time.Time { return w.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *oldWorld) signIn(t *testing.T, email string) *account.User {
	t.Helper()
	u, _, err := w.Login(t.Context(), email, oldPassword, account.Client{Address: "192.0.2.1", UserAgent: "Browser"})
	if err != nil {
		t.Fatalf("signing in as %s: %v", email, err)
	}
	return u
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}

// TestOldAccounts: everybody signs in; a hash that the older system cannot read
// becomes one that it can, and no other field that it knows changes but updated_at.
func TestOldAccounts(t *testing.T) {
	w := newOldWorld(t)
	var changed []string
	for email, want := range map[string]struct {
		id   int
		anew bool
	}{
		"flora@example.org":      {1, true},   // PBKDF2
		"scott@example.org":      {2, true},   // scrypt
		"percy@example.org":      {3, true},   // PBKDF2 with a million rounds
		"ann@example.org":        {11, false}, // bcrypt
		"BEA.bcrypt@example.org": {12, false},
		"yves@example.org":       {13, true}, // bcrypt as PHP calls it
		"ADA-2A@example.org":     {14, true}, // bcrypt as it was called once
		"Twin@Example.org":       {19, false},
		"twin@example.org":       {20, true},
		"TWIN@EXAMPLE.ORG":       {19, false}, // the older of the two
		"odd@example.org":        {31, false},
		"seven@example.org":      {32, false},
	} {
		u := w.signIn(t, email)
		if u.ID != oldID(want.id) {
			t.Fatalf("%s signs in as %s", email, u.ID)
		}
		changed = append(changed, u.ID)
		var doc, old struct {
			Hash string `bson:"password_hash"`
		}
		noError(t, w.db.Collection("users").FindOne(t.Context(), bson.D{{Key: "_id", Value: mustID(t, u.ID)}}).Decode(&doc))
		noError(t, bson.Unmarshal(w.before["users"][u.ID], &old))
		if !strings.HasPrefix(doc.Hash, "$2b$12$") || len(doc.Hash) != 60 || (doc.Hash != old.Hash) != want.anew {
			t.Errorf("%s: hash %s, was %s", email, doc.Hash, old.Hash)
		}
		w.signIn(t, email)
	}
	for email, want := range map[string]error{"sue@example.org": account.ErrSuspended, "nora@example.org": account.ErrNotActive, "nobody@example.org": account.ErrBadLogin} {
		_, _, err := w.Login(t.Context(), email, oldPassword, account.Client{})
		wantError(t, err, want)
	}
	_, _, err := w.Login(t.Context(), "flora@example.org", "Abcdef2!", account.Client{})
	wantError(t, err, account.ErrBadLogin)
	after := take(t, w.db)
	wantUntouched(t, w.before, after, changed...)
	checkOld(t, w.before, after)
	for _, id := range changed {
		wantOnly(t, w.before["users"][id], after["users"][id], "password_hash", "updated_at", "chatmood")
	}
	// Who is called what, and unknown roles.
	u, err := w.User(t.Context(), oldID(31))
	noError(t, err)
	if u.IsAdmin() || u.Role != "moderator" || u.ProfileImage != "" {
		t.Errorf("odd user %+v", u)
	}
	wantJSON(t, u.Extra, `{"profile_image":{"url":"x","size":[1,2.5,null]},"nickname":"oddity","settings":{"theme":"dark","count":5,"seen":{"$date":"2025-03-01T00:00:00Z"}}}`)
	u, err = w.User(t.Context(), oldID(32))
	noError(t, err)
	if u.FirstName != "" || u.LastName != "" || !u.CreatedAt.Equal(time.Date(2025, 2, 3, 4, 5, 6, 789000000, time.UTC)) {
		t.Errorf("odd user %+v", u)
	}
}

func mustID(t testing.TB, id string) bson.ObjectID {
	t.Helper()
	oid, err := bson.ObjectIDFromHex(id)
	noError(t, err)
	return oid
}

func wantJSON(t testing.TB, got json.RawMessage, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal(got, &a); err != nil {
		t.Errorf("%q: %v", got, err)
	}
	noError(t, json.Unmarshal([]byte(want), &b))
	if diff := cmp.Diff(b, a); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

// wantOnly checks that of a document only some fields changed, appeared or went.
func wantOnly(t testing.TB, before, after bson.Raw, fields ...string) {
	t.Helper()
	for _, pair := range [][2]bson.Raw{{before, after}, {after, before}} {
		elements, err := pair[0].Elements()
		noError(t, err)
		for _, e := range elements {
			other, err := pair[1].LookupErr(e.Key())
			if (err != nil || !other.Equal(e.Value())) && !slices.Contains(fields, e.Key()) {
				t.Errorf("%s changed:\n%s\n%s", e.Key(), before, after)
			}
		}
	}
}

func codeFor(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCodeCustom(secret, at, totp.ValidateOpts{Period: 600, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	noError(t, err)
	return code
}

// TestOldCodes: codes and links that the older system mailed are good here, once,
// and nothing is left of them.
func TestOldCodes(t *testing.T) {
	w := newOldWorld(t)
	ctx := t.Context()
	if code := codeFor(t, oldSecret, oldNow); code != "982544" {
		t.Fatalf("code %s, want that of the older system", code)
	}
	wantError(t, w.VerifyEmail(ctx, "nora@example.org", "000000"), account.ErrBadCode)
	noError(t, w.VerifyEmail(ctx, "NORA@example.org", "982544"))
	wantError(t, w.VerifyEmail(ctx, "nora@example.org", "982544"), account.ErrBadCode)
	w.signIn(t, "nora@example.org")

	const rita, otto = "Qm9vZ2llLXdvb2dpZS1yZXNldC10b2tlbi0wMDAwMDA", "T3ZlcmR1ZS1yZXNldC10b2tlbi0wMDAwMDAwMDAwMDA"
	noError(t, w.ValidateReset(ctx, oldID(16), rita))
	wantError(t, w.ValidateReset(ctx, oldID(16), otto), account.ErrBadLink)
	wantError(t, w.ValidateReset(ctx, oldID(17), otto), account.ErrBadLink) // it expired
	noError(t, w.ResetPassword(ctx, oldID(16), rita, "Another1!"))
	wantError(t, w.ResetPassword(ctx, oldID(16), rita, "Another2!"), account.ErrBadLink)
	_, _, err := w.Login(ctx, "rita@example.org", "Another1!", account.Client{})
	noError(t, err)

	// A change of the address that the older system began goes on.
	next, err := w.VerifyCurrentEmail(ctx, oldID(21), codeFor(t, oldSecret, oldNow))
	noError(t, err)
	if last := w.mail.last(); next != "mia.new@example.org" || last[0] != "code" || last[1] != next {
		t.Fatalf("next address %q, mailed %q", next, last)
	}
	u, err := w.VerifyNewEmail(ctx, oldID(21), w.mail.last()[2])
	noError(t, err)
	if u.Email != "mia.new@example.org" {
		t.Errorf("address %q", u.Email)
	}
	w.signIn(t, "MIA.new@example.org")
	_, err = w.UserByEmail(ctx, "mia@example.org")
	wantError(t, err, account.ErrNotFound)

	after := take(t, w.db)
	wantUntouched(t, w.before, after, oldID(15), oldID(16), oldID(21))
	checkOld(t, w.before, after)
	wantOnly(t, w.before["users"][oldID(15)], after["users"][oldID(15)], "status", "otp", "otp_created_at", "updated_at", "chatmood")
	wantOnly(t, w.before["users"][oldID(16)], after["users"][oldID(16)], "password_hash", "reset_token", "token_expire", "updated_at", "chatmood")
	for _, name := range []string{"otp", "otp_created_at"} {
		if v := after["users"][oldID(15)].Lookup(name); v.Type != bson.TypeNull {
			t.Errorf("%s is %s, want null as the older system writes", name, v)
		}
	}
	for _, name := range []string{"pending_new_email", "email_change_otp", "email_change_otp_created_at", "new_email_otp", "new_email_otp_created_at"} {
		if v, err := after["users"][oldID(21)].LookupErr(name); err == nil {
			t.Errorf("%s is %s, want it gone", name, v)
		}
	}
}

// TestOldHistory: entries of both shapes are their owner's, and show as well as
// they can.
func TestOldHistory(t *testing.T) {
	w := newOldWorld(t)
	h := w.store.History()
	list := func(q history.Query) (names []string) {
		t.Helper()
		page, err := h.List(t.Context(), q)
		noError(t, err)
		if page.Total != len(page.Entries) {
			t.Errorf("total %d of %d", page.Total, len(page.Entries))
		}
		for _, e := range page.Entries {
			names = append(names, e.Channel)
		}
		return names
	}
	for name, test := range map[string]struct {
		q    history.Query
		want []string
	}{
		"ids of both forms":  {history.Query{UserID: oldID(1)}, []string{"flask_channel", "later_channel"}},
		"archived":           {history.Query{UserID: oldID(1), Status: history.StatusDeleted}, []string{"Flask_Channel"}},
		"by messages":        {history.Query{UserID: oldID(12), Sort: history.SortMessages, Descending: true, Limit: 9}, []string{"strange numbers", "series", "series", "bea_live", "bea_live", "bare", "42"}},
		"searched":           {history.Query{UserID: oldID(12), Search: "BEA_"}, []string{"bea_live", "bea_live"}},
		"a number as a name": {history.Query{UserID: oldID(12), Search: "42"}, []string{"42"}},
		"by time": {
			history.Query{UserID: oldID(12), Descending: true, From: time.Date(2025, 9, 7, 0, 0, 0, 0, time.UTC)},
			[]string{"bare", "series", "series", "42"},
		},
	} {
		if got := list(test.q); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	for i, want := range map[int]history.Entry{
		1: {
			UserID: oldID(1), Channel: "flask_channel", Counts: history.Counts{Total: 121, Positive: 60, Neutral: 41, Negative: 20}, Seconds: 601,
			Summary: "Unable to generate summary.", TopPositive: []history.Chatter{{Username: "fan_0", Count: 9}, {Username: "fan_1", Count: 8}, {Username: "fan_2", Count: 7}},
			TopNegative: []history.Chatter{{Username: "grump", Count: 4}},
		},
		5: {
			UserID: oldID(12), Channel: "bea_live", Counts: history.Counts{Total: 125, Positive: 3, Neutral: 2, Negative: 1}, Seconds: 605,
			TopPositive: []history.Chatter{{Username: "fan_0", Count: 9}, {Username: "fan_1", Count: 8}, {Username: "fan_2", Count: 7}},
			TopNegative: []history.Chatter{{Username: "grump", Count: 4}},
			Extra:       json.RawMessage(`{"sentiment_count":{"positive":3,"negative":1,"neutral":2,"undefined":5}}`),
		},
		6: {
			UserID: oldID(12), Channel: "strange numbers", Counts: history.Counts{Total: 1234, Positive: 7, Neutral: 2}, Seconds: 61,
			TopPositive: []history.Chatter{{Username: "fan_0", Count: 9}, {Username: "fan_1", Count: 8}, {Username: "fan_2", Count: 7}},
			TopNegative: []history.Chatter{{Username: "grump", Count: 4}},
			Extra:       json.RawMessage(`{"total_chats":"1234","sentiment_count":{"positive":"7","negative":null,"neutral":2.5}}`),
		},
		7: {
			UserID: oldID(12), Channel: "42", TopNeutral: []history.Chatter{{Username: "7", Count: 3}},
			Extra: json.RawMessage(`{"streamer_name":42,"sentiment_count":"none","top_negative":{"a":1},"top_neutral":[{"username":7,"count":"3"},"x"],"duration":"later"}`),
		},
		8: {
			UserID: oldID(12), Channel: "series", Counts: history.Counts{Total: 128, Positive: 60, Neutral: 48, Negative: 20}, Seconds: 608,
			TopPositive: []history.Chatter{{Username: "fan_0", Count: 9}, {Username: "fan_1", Count: 8}, {Username: "fan_2", Count: 7}},
			TopNegative: []history.Chatter{{Username: "grump", Count: 4}},
			TimeSeries:  json.RawMessage(`[{"x":1757812320000,"y":0.25,"sentiment":"positive"},{"x":1757812380000,"y":1,"sentiment":"neutral"}]`),
		},
		11: {UserID: oldID(12), Channel: "bare", Counts: history.Counts{Total: 5}, Seconds: 611, Extra: json.RawMessage(`{"note_of_somebody":{"kept":[true]}}`)},
	} {
		got, err := h.Get(t.Context(), oldID(1000+i))
		noError(t, err)
		want.ID, want.Status = oldID(1000+i), history.StatusActive
		want.CreatedAt = time.Date(2025, 9, i, 20, 0, 0, i*1e6, time.UTC)
		if i != 11 {
			want.UpdatedAt = want.CreatedAt
		}
		if diff := cmp.Diff(&want, got, equateEmpty, equateJSON); diff != "" {
			t.Errorf("entry %d (-want +got):\n%s", i, diff)
		}
	}
	totals, err := h.Totals(t.Context())
	noError(t, err)
	if want := (history.Totals{Entries: 10, Messages: 121 + 123 + 124 + 125 + 1234 + 128 + 129 + 5 + 132}); totals != want {
		t.Errorf("totals %+v, want %+v", totals, want)
	}
	if n, err := h.Count(t.Context(), oldID(1)); n != 3 || err != nil {
		t.Errorf("%d entries, %v; want 3", n, err)
	}
	wantUntouched(t, w.before, take(t, w.db))

	// What is changed keeps all else: the strange numbers, the shape of the id.
	name, deleted := "Named", history.StatusDeleted
	for _, i := range []int{1, 7} {
		owner := oldID(12)
		if i == 1 {
			owner = oldID(1)
		}
		e, err := h.Update(t.Context(), oldID(1000+i), owner, history.Patch{Name: &name, Status: &deleted, UpdatedAt: oldNow})
		noError(t, err)
		if e.Name != name || e.Status != deleted {
			t.Errorf("changed to %+v", e)
		}
	}
	after := take(t, w.db)
	wantUntouched(t, w.before, after, oldID(1001), oldID(1007))
	for _, i := range []int{1, 7} {
		wantOnly(t, w.before["history"][oldID(1000+i)], after["history"][oldID(1000+i)], "status", "updated_at", "chatmood")
	}
	if n, err := h.RemoveUser(t.Context(), oldID(1)); n != 3 || err != nil {
		t.Errorf("%d entries removed, %v; want 3", n, err)
	}
}

var (
	equateEmpty = cmp.FilterValues(func(a, b []history.Chatter) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore())
	equateJSON  = cmp.FilterValues(func(a, b json.RawMessage) bool { return len(a) > 0 && len(b) > 0 }, cmp.Comparer(func(a, b json.RawMessage) bool {
		var x, y any
		return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
	}))
)

// TestOldLogs: entries of both shapes have names, found in either.
func TestOldLogs(t *testing.T) {
	w := newOldWorld(t)
	list := func(q account.LogQuery) (lines []string) {
		t.Helper()
		page, err := w.Logs(t.Context(), q)
		noError(t, err)
		if page.Total != len(page.Logs) {
			t.Errorf("total %d of %d", page.Total, len(page.Logs))
		}
		for _, l := range page.Logs {
			lines = append(lines, l.UserName+": "+l.Activity)
		}
		return lines
	}
	want := []string{
		"Flora Flask: Logged in", "Flora Flask: Saved an Analysis", "Unknown User: Logged in", "Bea Bcrypt: Logged in", "Bea Bcrypt: Started an analysis",
		"Ann Admin: Updated user profile", "Unknown User: Logged in", "Bea Bcrypt: Restored analysis", ": Logged in",
	}
	if diff := cmp.Diff(want, list(account.LogQuery{Sort: account.LogsByID, Limit: 100})); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	for search, want := range map[string][]string{
		"BEA b":  {"Bea Bcrypt: Logged in", "Bea Bcrypt: Started an analysis", "Bea Bcrypt: Restored analysis"},
		"flask":  {"Flora Flask: Logged in", "Flora Flask: Saved an Analysis"},
		"(.*)+$": {"Bea Bcrypt: Restored analysis"},
		"zzz":    nil,
	} {
		if got := list(account.LogQuery{Sort: account.LogsByID, Search: search}); !slices.Equal(got, want) {
			t.Errorf("%q finds %q, want %q", search, got, want)
		}
	}
	if got := list(account.LogQuery{Sort: account.LogsByID, UserID: oldID(1)}); len(got) != 2 {
		t.Errorf("of Flora: %q, want 2", got)
	}
	var names []string
	noError(t, w.store.Accounts().EachLog(t.Context(), oldID(2003), func(l account.Activity) error {
		names = append(names, l.UserName)
		return nil
	}))
	if !slices.Equal(names, []string{"Bea Bcrypt", "Bea Bcrypt", "Ann Admin", "Unknown User", "Bea Bcrypt", ""}) {
		t.Errorf("names %q", names)
	}
	wantUntouched(t, w.before, take(t, w.db))
}

// TestReadingRewritesNothing: listing, searching, moving out and starting again.
func TestReadingRewritesNothing(t *testing.T) {
	w := newOldWorld(t)
	ctx, a, h := t.Context(), w.store.Accounts(), w.store.History()
	for _, sort := range []account.UserSort{account.UsersByCreated, account.UsersByName, account.UsersByEmail, account.UsersByRole, account.UsersByStatus} {
		page, err := a.Users(ctx, account.UserQuery{Sort: sort, Images: true})
		noError(t, err)
		if page.Total != 16 || len(page.Users) != 16 {
			t.Errorf("by %s: %d of %d users", sort, len(page.Users), page.Total)
		}
	}
	if page, err := a.Users(ctx, account.UserQuery{Search: "TWIN@", Sort: account.UsersByName}); err != nil || len(page.Users) != 2 || page.Users[0].FirstName != "Tina" {
		t.Errorf("twins: %+v, %v", page, err)
	}
	counts, err := a.CountUsers(ctx)
	noError(t, err)
	if counts != (account.UserCounts{Total: 16, Active: 14, Admins: 1}) {
		t.Errorf("counts %+v", counts)
	}
	users, entries := 0, 0
	noError(t, a.EachUser(ctx, "", func(*account.User) error { users++; return nil }))
	noError(t, h.EachEntry(ctx, "", func(*history.Entry, []byte) error { entries++; return nil }))
	if users != 16 || entries != 12 {
		t.Errorf("%d users and %d entries, want 16 and 12", users, entries)
	}
	if _, err := w.DropExpired(ctx); err != nil {
		t.Error(err)
	}
	mustOpen(t, serverURI(t), w.db.Name())
	wantUntouched(t, w.before, take(t, w.db))
}

// TestOldDocumentsMove: what is moved to another database and back is the same,
// strange fields with their types included.
func TestOldDocumentsMove(t *testing.T) {
	w := newOldWorld(t)
	ctx := t.Context()
	name, db := database(t, t.TempDir())
	other := mustOpen(t, serverURI(t), name)
	noError(t, w.store.Accounts().EachUser(ctx, "", func(u *account.User) error { return other.Accounts().ImportUser(ctx, u) }))
	noError(t, w.store.History().EachEntry(ctx, "", func(e *history.Entry, report []byte) error { return other.History().ImportEntry(ctx, e, report) }))
	after := take(t, db)
	for id, doc := range w.before["users"] {
		moved := after["users"][id]
		elements, err := doc.Elements()
		noError(t, err)
		for _, e := range elements {
			got := moved.Lookup(e.Key())
			if e.Key() == "settings" || e.Value().Type == bson.TypeNull { // a number of 64 bits that needs only 32, and no text
				continue
			}
			if !got.Equal(e.Value()) {
				t.Errorf("user %s: %s became %s", id, e, got)
			}
		}
	}
	for id, doc := range w.before["history"] {
		one, err := w.store.History().Get(ctx, id)
		noError(t, err)
		two, err := other.History().Get(ctx, id)
		noError(t, err)
		if diff := cmp.Diff(one, two, equateEmpty, equateJSON); diff != "" {
			t.Errorf("entry %s moved from %s (-before +after):\n%s", id, doc, diff)
		}
	}
	if v := after["history"][oldID(1007)].Lookup("streamer_name"); v.Type != bson.TypeInt32 {
		t.Errorf("a name that was a number became %s", v)
	}
}

// TestAnEvening: after an evening's use the older system can be put back.
func TestAnEvening(t *testing.T) {
	w := newOldWorld(t)
	ctx, h := t.Context(), w.store.History()
	flora, bea := w.signIn(t, "flora@example.org"), w.signIn(t, "bea.bcrypt@example.org")
	id := account.Identity{UserID: flora.ID, Email: flora.Email, FirstName: flora.FirstName, LastName: flora.LastName}
	noError(t, w.Note(ctx, id, account.ActivityAnalysisStart, "Channel: somebody"))

	mood := 0.25
	e := &history.Entry{
		ID: account.NewID(oldNow), UserID: flora.ID, Channel: "somebody", Counts: history.Counts{Total: 9, Positive: 5, Neutral: 3, Negative: 1},
		TopPositive: []history.Chatter{{Username: "one", Count: 5}}, Seconds: 77, Summary: "Cheerful.", SummaryBy: history.ByRules,
		Status: history.StatusActive, CreatedAt: w.now, UpdatedAt: w.now, Origin: history.OriginLive, SessionID: "session", StartedAt: w.now, EndedAt: w.now,
		Mood: &mood, Name: "Evening", Tags: []string{"a", "b"}, Client: json.RawMessage(`{"total_chats":8}`), TimeSeries: json.RawMessage(`[{"x":1735689660000,"y":0.5,"sentiment":"positive"}]`),
	}
	noError(t, h.Create(ctx, e, []byte(`{"snapshot":{}}`)))
	e.Counts.Total, e.Seconds = 10, 78
	noError(t, h.Replace(ctx, e, []byte(`{"snapshot":{"more":1}}`)))
	deleted, active := history.StatusDeleted, history.StatusActive
	for _, status := range []*history.Status{&deleted, &active} {
		_, err := h.Update(ctx, oldID(1003), flora.ID, history.Patch{Status: status, UpdatedAt: w.now})
		noError(t, err)
	}
	_, err := h.Update(ctx, oldID(1005), bea.ID, history.Patch{Status: &deleted, UpdatedAt: w.now})
	noError(t, err)

	first, last := "Floretta", "Flask"
	_, err = w.UpdateProfile(ctx, flora.ID, account.Profile{FirstName: &first, LastName: &last})
	noError(t, err)
	noError(t, w.Register(ctx, account.Registration{Email: "neu@example.org", Password: "Neuland1!", FirstName: "Neu", LastName: "Land"}))
	noError(t, w.VerifyEmail(ctx, "neu@example.org", w.mail.last()[2]))
	noError(t, w.Register(ctx, account.Registration{Email: "waits@example.org", Password: "Neuland1!", FirstName: "Still", LastName: "Waits"}))
	noError(t, w.ForgotPassword(ctx, "scott@example.org"))
	noError(t, w.ForgotPassword(ctx, "otto@example.org")) // it takes the old link's place
	twin := w.signIn(t, "twin@example.org")
	if _, err := w.DeleteUser(ctx, twin.ID); err != nil {
		t.Error(err)
	}
	noError(t, w.Logout(ctx, id))

	after := take(t, w.db)
	checkOld(t, w.before, after)
	wantUntouched(t, w.before, after, flora.ID, bea.ID, twin.ID, oldID(17), oldID(1003), oldID(1005))
	wantOnly(t, w.before["history"][oldID(1003)], after["history"][oldID(1003)], "updated_at")
	wantOnly(t, w.before["users"][oldID(17)], after["users"][oldID(17)], "reset_token", "token_expire", "updated_at", "chatmood")
	if len(after["users"]) != 17 || len(after["history"]) != 13 || len(after["logs"]) < 12 {
		t.Errorf("%d users, %d entries, %d log entries", len(after["users"]), len(after["history"]), len(after["logs"]))
	}
	// The new entry is what the older system would have written, and something beside.
	var doc struct {
		UserID string           `bson:"user_id"`
		Total  int32            `bson:"total_chats"`
		Counts map[string]int32 `bson:"sentiment_count"`
		Top    []struct {
			Username string
			Count    int32
		} `bson:"top_positive"`
		Series []struct {
			X         int64
			Y         float64
			Sentiment string
		} `bson:"time_series"`
	}
	noError(t, bson.Unmarshal(after["history"][e.ID], &doc))
	if doc.UserID != flora.ID || doc.Total != 10 || doc.Counts["positive"] != 5 || doc.Top[0].Username != "one" || doc.Series[0].X != 1735689660000 {
		t.Errorf("saved as %+v", doc)
	}
	// The other twin is found by any spelling now.
	u, err := w.UserByEmail(ctx, "twin@example.org")
	noError(t, err)
	if u.ID != oldID(19) {
		t.Errorf("the address finds %s", u.ID)
	}
}

// TestOldSystemGoesOn: users whom the older system adds while both run are known
// after the next cleaning up, and their addresses are taken at once by spelling.
func TestOldSystemGoesOn(t *testing.T) {
	w := newOldWorld(t)
	ctx := t.Context()
	if _, err := w.db.Collection("users").InsertOne(ctx, bson.D{{Key: "email", Value: "Late@Example.org"}, {Key: "first_name", Value: "Late"}, {Key: "status", Value: "active"}}); err != nil {
		t.Fatal(err)
	}
	_, err := w.UserByEmail(ctx, "Late@Example.org")
	noError(t, err)
	u := &account.User{ID: account.NewID(oldNow), Email: "Late@Example.org", Role: account.RoleUser, Status: account.StatusActive, CreatedAt: oldNow, UpdatedAt: oldNow}
	wantError(t, w.store.Accounts().CreateUser(ctx, u), account.ErrEmailTaken)
	if _, err := w.DropExpired(ctx); err != nil {
		t.Fatal(err)
	}
	_, err = w.UserByEmail(ctx, "LATE@example.org")
	noError(t, err)
	u.Email = "late@example.org"
	wantError(t, w.store.Accounts().CreateUser(ctx, u), account.ErrEmailTaken)
}

// TestForeignIndexes: the indexes of the older system and of an administrator,
// and users who share an address, keep nothing from starting.
func TestForeignIndexes(t *testing.T) {
	name, db := database(t, t.TempDir())
	load(t, db)
	for collection, keys := range map[string][]bson.D{
		"history": {{{Key: "user_id", Value: 1}}, {{Key: "created_at", Value: -1}}, {{Key: "status", Value: 1}}},
		"logs":    {{{Key: "user_id", Value: 1}}, {{Key: "created_at", Value: -1}, {Key: "_id", Value: -1}}, {{Key: "activity", Value: 1}}},
	} {
		for _, k := range keys {
			if _, err := db.Collection(collection).Indexes().CreateOne(t.Context(), driver.IndexModel{Keys: k}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := db.Collection("logs").Indexes().CreateOne(t.Context(), driver.IndexModel{
		Keys: bson.D{{Key: "created_at", Value: 1}, {Key: "_id", Value: 1}}, Options: options.Index().SetName("by hand"),
	}); err != nil {
		t.Fatal(err)
	}
	double := bson.D{{Key: "email", Value: "ann@example.org"}, {Key: "first_name", Value: "Second"}, {Key: "status", Value: "active"}}
	if _, err := db.Collection("users").InsertOne(t.Context(), double); err != nil {
		t.Fatal(err)
	}
	before := take(t, db)
	for range 2 {
		s := mustOpen(t, serverURI(t), name)
		u, err := s.Accounts().UserByEmail(t.Context(), "ann@example.org")
		noError(t, err)
		if u.ID != oldID(11) {
			t.Errorf("the address finds %s, want the older of the two", u.ID)
		}
	}
	wantUntouched(t, before, take(t, db))
}
