package migrate_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/account"
	"chatmood/internal/history"
	"chatmood/internal/migrate"
)

const uriEnv = "CHATMOOD_TEST_MONGO_URI"

// mongoPlace is a database of its own on the server for tests, empty and dropped
// in the end.
func mongoPlace(t testing.TB, n int) (migrate.Address, *driver.Database) {
	t.Helper()
	uri := os.Getenv(uriEnv)
	if uri == "" {
		t.Skipf("SKIPPED: %s is not set; make test-mongo runs this test", uriEnv)
	}
	h := fnv.New64a()
	fmt.Fprint(h, t.TempDir(), n)
	a, err := migrate.ParseAddress(uri, fmt.Sprintf("chatmood_test_%x", h.Sum(nil)))
	noError(t, err)
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	noError(t, err)
	db := client.Database(a.Name)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := errors.Join(db.Drop(ctx), client.Disconnect(ctx)); err != nil {
			t.Error(err)
		}
	})
	return a, db
}

func openMongo(t testing.TB, a migrate.Address) *migrate.Database {
	t.Helper()
	db, err := migrate.Open(t.Context(), a, false, nil)
	noError(t, err)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func TestMoveToMongoAndBack(t *testing.T) {
	a, _ := mongoPlace(t, 0)
	b, _ := mongoPlace(t, 1)
	from, there, other, back := open(t, ""), openMongo(t, a), openMongo(t, b), open(t, "")
	fill(t, from, 7)
	move(t, from, there, migrate.Options{}, 7)
	wantAlike(t, from, there)
	if result := move(t, from, there, migrate.Options{}, 7); !result.Same {
		t.Errorf("result %+v of a second move, want that all is there", result)
	}
	move(t, there, other, migrate.Options{}, 7)
	move(t, other, back, migrate.Options{}, 7)
	wantAlike(t, from, back)
	again := openMongo(t, a)
	if _, err := migrate.Move(t.Context(), there, again, migrate.Options{}); !errors.Is(err, migrate.ErrSame) {
		t.Errorf("one database under two connections: %v, want ErrSame", err)
	}
	if _, err := migrate.Move(t.Context(), open(t, ""), there, migrate.Options{}); !errors.Is(err, migrate.ErrNotEmpty) {
		t.Errorf("into a full one: %v, want ErrNotEmpty", err)
	}
}

// TestMongoInterruption lets a move come some writes further each time, either
// way.
func TestMongoInterruption(t *testing.T) {
	a, _ := mongoPlace(t, 0)
	from, there, back := open(t, ""), openMongo(t, a), open(t, "")
	fill(t, from, 2)
	for _, way := range [][2]*migrate.Database{{from, there}, {there, back}} {
		for n := 1; ; n += 3 {
			_, err := migrate.Move(t.Context(), way[0], writing(way[1], &trouble{n: n, after: errLost}), migrate.Options{})
			if err == nil {
				break
			}
			if !errors.Is(err, errLost) || n > 500 {
				t.Fatal(n, err)
			}
		}
		wantAlike(t, way[0], way[1])
	}
	for n := 1; n < 40; n += 4 {
		to := open(t, "")
		_, err := migrate.Move(t.Context(), reading(there, &trouble{n: n, before: errLost}), to, migrate.Options{})
		if err != nil && !errors.Is(err, errLost) {
			t.Fatal(err)
		}
		if _, err := migrate.Move(t.Context(), there, to, migrate.Options{}); err != nil {
			t.Fatalf("after the source failed at record %d: %v", n, err)
		}
		wantAlike(t, from, to)
	}
}

func oid(kind, i int) bson.ObjectID {
	o, err := bson.ObjectIDFromHex(id(kind, i))
	if err != nil {
		panic(err) // 24 hexadecimal digits
	}
	return o
}

// fillOld writes documents as both older systems did, and as they should not
// have. The people are invented.
func fillOld(t testing.TB, db *driver.Database) {
	t.Helper()
	at := bson.NewDateTimeFromTime(epoch)
	insert := func(collection string, docs ...any) {
		t.Helper()
		_, err := db.Collection(collection).InsertMany(t.Context(), docs)
		noError(t, err)
	}
	user := func(i int, email, hash string, more ...bson.E) bson.D {
		return append(bson.D{
			{Key: "_id", Value: oid(1, i)},
			{Key: "first_name", Value: "Ada"},
			{Key: "last_name", Value: "Byron"},
			{Key: "email", Value: email},
			{Key: "password_hash", Value: hash},
			{Key: "role", Value: "user"},
			{Key: "status", Value: "active"},
			{Key: "otp", Value: nil},
			{Key: "otp_created_at", Value: nil},
			{Key: "reset_token", Value: nil},
			{Key: "token_expire", Value: nil},
			{Key: "created_at", Value: at},
			{Key: "updated_at", Value: at},
			{Key: "profile_image", Value: nil},
		}, more...)
	}
	odd := user(3, "odd@example.org", "plain")
	odd[1].Value, odd[5].Value, odd[6].Value, odd[11].Value, odd[13].Value = 7, "godmode", "asleep", "2026-01-01T20:00:00", bson.D{{Key: "x", Value: 1}}
	waiting := user(4, "waiting@example.org", "$2b$12$abc", bson.E{Key: "favourite", Value: bson.A{"a", 1.5}})
	waiting[7].Value, waiting[8].Value = "JBSWY3DPEHPK3PXP", at
	insert("users", user(1, "ada@example.org", "$2b$12$abc"), user(2, "ADA@example.org", "pbkdf2:sha256:1000$salt$abc"), odd, waiting)
	entry := func(i int, owner, total any, more ...bson.E) bson.D {
		return append(bson.D{
			{Key: "_id", Value: oid(5, i)},
			{Key: "user_id", Value: owner},
			{Key: "streamer_name", Value: "somebody"},
			{Key: "total_chats", Value: total},
			{Key: "sentiment_count", Value: bson.D{{Key: "positive", Value: 3}, {Key: "negative", Value: 2}, {Key: "neutral", Value: 1}}},
			{Key: "top_positive", Value: bson.A{bson.D{{Key: "username", Value: "eve"}, {Key: "count", Value: 2}}}},
			{Key: "top_negative", Value: bson.A{}},
			{Key: "top_neutral", Value: bson.A{}},
			{Key: "duration", Value: 60},
			{Key: "summary", Value: ""},
			{Key: "status", Value: "active"},
			{Key: "created_at", Value: at},
			{Key: "updated_at", Value: at},
		}, more...)
	}
	strange := entry(4, id(1, 1), "12")
	strange[4].Value = bson.D{{Key: "positive", Value: 1.5}, {Key: "undefined", Value: 4}}
	insert("history",
		entry(1, oid(1, 2), 6), entry(2, id(1, 1), int64(6)),
		entry(3, id(1, 1), 6.0, bson.E{Key: "time_series", Value: bson.A{bson.D{{Key: "x", Value: int64(1757812320000)}, {Key: "y", Value: 0.5}, {Key: "sentiment", Value: "positive"}}}}),
		strange, entry(5, id(9, 9), bson.A{}, bson.E{Key: "version", Value: 2}),
	)
	insert("logs",
		bson.D{{Key: "_id", Value: oid(4, 1)}, {Key: "user_id", Value: id(1, 1)}, {Key: "activity", Value: "Logged in"}, {Key: "details", Value: ""}, {Key: "created_at", Value: at}},
		bson.D{{Key: "_id", Value: oid(4, 2)}, {Key: "user_id", Value: oid(1, 2)}, {Key: "user_name", Value: "Ada Byron"}, {Key: "activity", Value: "Logged in"}, {Key: "details", Value: nil}, {Key: "created_at", Value: at}},
		bson.D{{Key: "_id", Value: oid(4, 3)}, {Key: "user_id", Value: nil}, {Key: "user_name", Value: "Unknown User"}, {Key: "activity", Value: "x"}, {Key: "details", Value: "y"}, {Key: "created_at", Value: "yesterday"}, {Key: "ip", Value: "192.0.2.1"}},
	)
}

// documents returns the older system's collections, byte for byte.
func documents(t testing.TB, db *driver.Database) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, name := range []string{"users", "history", "logs"} {
		cursor, err := db.Collection(name).Find(t.Context(), bson.D{}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}))
		noError(t, err)
		var docs []bson.Raw
		noError(t, cursor.All(t.Context(), &docs))
		for _, doc := range docs {
			all[name] = append(all[name], doc.String())
		}
	}
	return all
}

func TestMoveOldDatabase(t *testing.T) {
	a, raw := mongoPlace(t, 0)
	fillOld(t, raw)
	before := documents(t, raw)
	from, to := openMongo(t, a), open(t, "")
	result, err := migrate.Move(t.Context(), from, to, migrate.Options{})
	noError(t, err)
	for _, line := range result.Lines {
		want := map[string]int64{"users": 4, "saved analyses": 5, "log entries": 3}[line.Kind]
		if line.Source != want || line.Target != want {
			t.Errorf("%+v, want %d", line, want)
		}
	}
	wantAlike(t, from, to)
	if diff := cmp.Diff(before, documents(t, raw)); diff != "" {
		t.Errorf("the move changed the source (-before +after):\n%s", diff)
	}
	for email, want := range map[string]int{"ada@example.org": 1, "ADA@example.org": 2, "Ada@Example.org": 1} {
		u, err := to.Accounts.UserByEmail(t.Context(), email)
		if err != nil || u.ID != id(1, want) {
			t.Errorf("%s finds %+v, %v; want user %d", email, u, err, want)
		}
	}
	u, err := to.Accounts.User(t.Context(), id(1, 4))
	if err != nil || u.Legacy.OTP.Secret != "JBSWY3DPEHPK3PXP" || !strings.Contains(string(u.Extra), "favourite") {
		t.Errorf("user with a pending code: %+v, %v", u, err)
	}
	page, err := to.History.List(t.Context(), history.Query{UserID: id(1, 2)})
	if err != nil || page.Total != 1 || page.Entries[0].Counts != (history.Counts{Total: 6, Positive: 3, Negative: 2, Neutral: 1}) {
		t.Errorf("the history of the oldest system: %+v, %v", page, err)
	}
	log, err := to.Accounts.Logs(t.Context(), account.LogQuery{Search: "byron"})
	if err != nil || log.Total != 2 {
		t.Errorf("the log has %d entries of Ada Byron, %v; want 2, one with the name that was missing", log.Total, err)
	}

	// And into a new MongoDB, where the older system goes on.
	b, fresh := mongoPlace(t, 1)
	back := openMongo(t, b)
	_, err = migrate.Move(t.Context(), to, back, migrate.Options{})
	noError(t, err)
	wantAlike(t, from, back)
	after := documents(t, fresh)
	for name := range before {
		if len(after[name]) != len(before[name]) {
			t.Errorf("%d documents in %s, want %d", len(after[name]), name, len(before[name]))
		}
	}
	var doc bson.M
	noError(t, fresh.Collection("users").FindOne(t.Context(), bson.D{{Key: "_id", Value: oid(1, 1)}}).Decode(&doc))
	if doc["email"] != "ada@example.org" || doc["password_hash"] != "$2b$12$abc" || doc["otp"] != nil || doc["created_at"] != bson.NewDateTimeFromTime(epoch) {
		t.Errorf("a user as the older system sees it: %v", doc)
	}
}

func TestCheckOldDatabase(t *testing.T) {
	a, raw := mongoPlace(t, 0)
	fillOld(t, raw)
	same := bson.D{{Key: "_id", Value: "no ObjectId"}, {Key: "email", Value: "odd@example.org"}}
	_, err := raw.Collection("users").InsertOne(t.Context(), same)
	noError(t, err)
	before, err := raw.ListCollectionNames(t.Context(), bson.D{})
	noError(t, err)
	checked, err := migrate.Check(t.Context(), a, nil)
	noError(t, err)
	if want := []migrate.Count{{Kind: "history", N: 5}, {Kind: "logs", N: 3}, {Kind: "users", N: 5}}; !slices.Equal(checked.Counts, want) {
		t.Errorf("counts %v, want %v", checked.Counts, want)
	}
	found := map[string]migrate.Finding{}
	for _, f := range checked.Findings {
		found[f.Kind+"."+f.Field+": "+f.Is] = f
	}
	for key, want := range map[string]migrate.Finding{
		"users._id: text":                                           {Count: 1, Stops: true},
		"users.password_hash: bcrypt":                               {Count: 2},
		"users.password_hash: pbkdf2:sha256":                        {Count: 1, As: "signs in; hashed anew then"},
		"users.password_hash: text of another form":                 {Count: 1, As: "no password fits: reset it"},
		"users.role: another text":                                  {Count: 1, As: "as user"},
		"users.status: another text":                                {Count: 1, As: "may not sign in"},
		"users.first_name: whole number":                            {Count: 1, As: "as that text"},
		"users.created_at: text":                                    {Count: 1, As: "as the time that it says"},
		"users.profile_image: object":                               {Count: 1, As: "as none"},
		"users.otp: code that waits":                                {Count: 1},
		"users.favourite: list":                                     {Count: 1, As: "kept as it is; not shown"},
		"users.email: the very same as another user's":              {Count: 2, Stops: true},
		"users.email: differs from another user's in case only":     {Count: 2},
		"history.user_id: ObjectId":                                 {Count: 1},
		"history.user_id: text of 24 hexadecimal digits":            {Count: 4},
		"history.user_id: of a user who does not exist":             {Count: 1},
		"history.total_chats: whole number":                         {Count: 3},
		"history.total_chats: text":                                 {Count: 1, As: "as the whole number in it"},
		"history.total_chats: empty list":                           {},
		"history.total_chats: list":                                 {Count: 1, As: "as 0"},
		"history.sentiment_count: object of three counts":           {Count: 4},
		"history.sentiment_count: object with other keys or types":  {Count: 1},
		"history.time_series: list of objects with sentiment, x, y": {Count: 1},
		"history.version: whole number":                             {Count: 1},
		"logs.user_name: missing":                                   {Count: 1, As: "as the name that the user has now"},
		"logs.details: null":                                        {Count: 1},
		"logs.created_at: text":                                     {Count: 1, As: "as not known"},
		"logs.ip: text":                                             {Count: 1, As: "kept here, but not moved"},
	} {
		got := found[key]
		if got.Count != want.Count || got.Stops != want.Stops || want.As != "" && got.As != want.As || want.Count > 0 && got.Example == "" {
			t.Errorf("%s: %+v, want %+v", key, got, want)
		}
	}
	if t.Failed() {
		for key, f := range found {
			t.Logf("%s: %d, %s", key, f.Count, f.As)
		}
	}
	after, err := raw.ListCollectionNames(t.Context(), bson.D{})
	noError(t, err)
	slices.Sort(before)
	slices.Sort(after)
	if !slices.Equal(before, after) {
		t.Errorf("a check made collections: %v, before %v", after, before)
	}
	// What a check says stops a move, does.
	_, err = migrate.Move(t.Context(), openMongo(t, a), open(t, ""), migrate.Options{Now: func() time.Time { return epoch.AddDate(1, 0, 0) }})
	if !errors.Is(err, migrate.ErrDiffers) || !strings.Contains(err.Error(), "1 of 5 users in the source cannot be read") {
		t.Errorf("%v, want ErrDiffers and what could not be read", err)
	}
}
