package mongo_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.uber.org/goleak"

	"chatmood/internal/analysis"
	"chatmood/internal/store/mongo"
	"chatmood/internal/store/storetest"
)

// uriEnv names the server that the tests use. Each test has a database of its
// own there, which it drops.
const uriEnv = "CHATMOOD_TEST_MONGO_URI"

func TestMain(m *testing.M) {
	if os.Getenv(uriEnv) == "" {
		fmt.Fprintf(os.Stderr, "SKIPPED: %s is not set, so the tests that need a MongoDB were NOT run; make test-mongo runs them\n", uriEnv)
	}
	goleak.VerifyTestMain(m)
}

func serverURI(t testing.TB) string {
	t.Helper()
	uri := os.Getenv(uriEnv)
	if uri == "" {
		t.Skipf("SKIPPED: %s is not set; make test-mongo runs this test", uriEnv)
	}
	return uri
}

// database returns the name of a database that belongs to place, empty and
// dropped in the end.
func database(t testing.TB, place string) (name string, db *driver.Database) {
	t.Helper()
	h := fnv.New64a()
	h.Write([]byte(place))
	name = fmt.Sprintf("chatmood_test_%x", h.Sum(nil))
	client, err := driver.Connect(options.Client().ApplyURI(serverURI(t)))
	if err != nil {
		t.Fatal(err)
	}
	db = client.Database(name)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := errors.Join(db.Drop(ctx), client.Disconnect(ctx)); err != nil {
			t.Error(err)
		}
	})
	return name, db
}

func mustOpen(t testing.TB, uri, name string) *mongo.Store {
	t.Helper()
	s, err := mongo.Open(t.Context(), mongo.Config{URI: uri, Database: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func open(t testing.TB, place string) storetest.Store {
	t.Helper()
	name, _ := database(t, place)
	s, err := mongo.Open(t.Context(), mongo.Config{URI: serverURI(t), Database: name})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	serverURI(t)
	storetest.Run(t, open)
}

func checkpoint(id string, at int64, parts ...analysis.Part) analysis.Checkpoint {
	return analysis.Checkpoint{SessionID: id, Channel: "somebody", StartedAt: time.Unix(1, 0).UTC(), At: time.Unix(at, 0).UTC(), Parts: parts}
}

func count(t *testing.T, db *driver.Database, collection string) int64 {
	t.Helper()
	n, err := db.Collection(collection).CountDocuments(t.Context(), bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestAddresses: every mistake in MONGO_URI is told without its secrets.
func TestAddresses(t *testing.T) {
	for name, tc := range map[string]struct{ uri, want string }{
		"empty":           {"", "must look like"},
		"other scheme":    {"postgres://me:hush@h/", "must look like"},
		"slash":           {"mongodb://me:hu/sh@h/", "%2F"},
		"at":              {"mongodb://me:hu@sh@h/", "%40"},
		"percent":         {"mongodb://me:hush%zz@h/", "%25"},
		"no host":         {"mongodb://me:hush@/", "cannot be used"},
		"pool":            {"mongodb://me:hush@h/?maxPoolSize=many", "maxPoolSize"},
		"pool, no user":   {"mongodb://h/?maxPoolSize=many", "maxPoolSize"},
		"mechanism":       {"mongodb://me:hush@h/?authMechanism=MAGIC", "mechanism"},
		"nobody there":    {"mongodb://me:hush@127.0.0.1:1/?serverSelectionTimeoutMS=100", "no server answers there"},
		"secret property": {"mongodb://me:x@127.0.0.1:1/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:hush&serverSelectionTimeoutMS=100", "no server answers there"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := mongo.Open(t.Context(), mongo.Config{URI: tc.uri, Database: "x"})
			if err == nil {
				t.Fatal(errors.Join(errors.New("it opened"), s.Close()))
			}
			if text := err.Error(); !strings.Contains(text, "MONGO_URI") || !strings.Contains(text, tc.want) || strings.Contains(text, "hu") && !strings.Contains(tc.uri, "://h/") {
				t.Errorf("error %q, want one with MONGO_URI and %q and no secret", text, tc.want)
			}
		})
	}
}

func TestOpenIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mongo.Open(ctx, mongo.Config{URI: "mongodb://127.0.0.1:1/", Database: "x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

// TestOtherCollections: what the old program keeps stays as it is, and indexes
// that somebody made are no fault.
func TestOtherCollections(t *testing.T) {
	name, db := database(t, t.TempDir())
	for _, collection := range []string{"users", "history", "logs"} {
		if _, err := db.Collection(collection).InsertOne(t.Context(), bson.D{{Key: "old", Value: true}}); err != nil {
			t.Fatal(err)
		}
	}
	keys := bson.D{{Key: "state", Value: 1}, {Key: "ended_us", Value: -1}, {Key: "_id", Value: -1}}
	if _, err := db.Collection("chatmood_sessions").Indexes().CreateOne(t.Context(), driver.IndexModel{Keys: keys, Options: options.Index().SetName("by_hand")}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := mustOpen(t, serverURI(t), name)
		save(t, s, checkpoint("one", 1, analysis.Part{Name: "a", Data: []byte("x")}))
	}
	s := mustOpen(t, serverURI(t), name)
	if err := s.FinishSession(t.Context(), analysis.Finished{SessionID: "one", Channel: "somebody", Report: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for _, collection := range []string{"users", "history", "logs"} {
		var doc bson.D
		if err := db.Collection(collection).FindOne(t.Context(), bson.D{}).Decode(&doc); err != nil || len(doc) != 2 || count(t, db, collection) != 1 {
			t.Errorf("%s holds %v, %v", collection, doc, err)
		}
	}
	for collection, want := range map[string]int64{"chatmood_sessions": 1, "chatmood_chunks": 1, "chatmood_commits": 0} {
		if got := count(t, db, collection); got != want {
			t.Errorf("%s holds %d documents, want %d", collection, got, want)
		}
	}
	if p := s.PoolStats(); p.Max != 100 || p.Open < 1 || p.InUse != 0 || p.Created < 1 {
		t.Errorf("pool %+v", p)
	}
}

// TestNothingIsLeftBehind: chunks of replaced and removed parts go.
func TestNothingIsLeftBehind(t *testing.T) {
	name, db := database(t, t.TempDir())
	s := mustOpen(t, serverURI(t), name)
	large := make([]byte, 3<<20) // several chunks
	for i := range int64(5) {
		save(t, s, checkpoint("one", i, analysis.Part{Name: "a", Data: large}, analysis.Part{Name: "b.$\x00%", Data: []byte("b")}), checkpoint("two", i, analysis.Part{Name: "", Data: []byte("c")}))
		if got := count(t, db, "chatmood_chunks"); got != 5 {
			t.Fatalf("after save %d there are %d chunks, want 5", i, got)
		}
	}
	save(t, s, checkpoint("one", 9, analysis.Part{Name: "a"}))
	if got := count(t, db, "chatmood_chunks"); got != 2 {
		t.Errorf("after a part was removed there are %d chunks, want 2", got)
	}
	cps, err := s.RunningSessions(t.Context())
	if err != nil || len(cps) != 2 || len(cps[0].Parts) != 1 || cps[0].Parts[0].Name != "b.$\x00%" || len(cps[1].Parts) != 1 || cps[1].Parts[0].Name != "" {
		t.Errorf("running: %+v, %v", cps, err)
	}
	if got := count(t, db, "chatmood_commits"); got != 0 {
		t.Errorf("%d commits were left", got)
	}
}

// TestDamage: a session of which somebody removed a piece does not keep the
// others from being resumed.
func TestDamage(t *testing.T) {
	name, db := database(t, t.TempDir())
	s := mustOpen(t, serverURI(t), name)
	part := analysis.Part{Name: "a", Data: []byte("x")}
	save(t, s, checkpoint("one", 1, part), checkpoint("two", 1, part))
	if err := s.FinishSession(t.Context(), analysis.Finished{SessionID: "three", Channel: "somebody", Report: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Collection("chatmood_chunks").DeleteMany(t.Context(), bson.D{{Key: "session", Value: bson.D{{Key: "$ne", Value: "two"}}}}); err != nil {
		t.Fatal(err)
	}
	cps, err := s.RunningSessions(t.Context())
	if err != nil || len(cps) != 1 || cps[0].SessionID != "two" {
		t.Errorf("running: %+v, %v; want session two only", cps, err)
	}
	if _, err := s.SessionReport(t.Context(), "three"); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("report: %v, want an error that says it is damaged", err)
	}
}

// TestTwoProcesses: a second process that writes the same session is told to
// try again, and then what it writes is whole.
func TestTwoProcesses(t *testing.T) {
	name, _ := database(t, t.TempDir())
	a, b := mustOpen(t, serverURI(t), name), mustOpen(t, serverURI(t), name)
	part := func(text string) []analysis.Part {
		return []analysis.Part{{Name: "a", Data: []byte(text)}, {Name: "b", Data: []byte(text)}}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range int64(50) {
			_ = a.SaveCheckpoints(context.WithoutCancel(t.Context()), []analysis.Checkpoint{checkpoint("one", i, part(fmt.Sprint("a", i))...)}) // a conflict is what is tested
		}
	}()
	for i := range int64(50) {
		if err := b.SaveCheckpoints(t.Context(), []analysis.Checkpoint{checkpoint("one", i, part(fmt.Sprint("b", i))...)}); err != nil && !strings.Contains(err.Error(), "another process") {
			t.Error(err)
		}
	}
	<-done
	save(t, b, checkpoint("one", 99, part("last")...))
	for _, s := range []*mongo.Store{a, b} {
		cps, err := s.RunningSessions(t.Context())
		if err != nil || len(cps) != 1 || len(cps[0].Parts) != 2 || string(cps[0].Parts[0].Data) != "last" || string(cps[0].Parts[1].Data) != "last" {
			t.Errorf("running: %+v, %v", cps, err)
		}
	}
}

func save(t testing.TB, s *mongo.Store, cps ...analysis.Checkpoint) {
	t.Helper()
	if err := s.SaveCheckpoints(t.Context(), cps); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkCheckpoint is what a node with 100 busy channels does each second.
func BenchmarkCheckpoint(b *testing.B) {
	name, _ := database(b, b.TempDir())
	s := mustOpen(b, serverURI(b), name)
	const sessions, parts, size = 100, 5, 8 << 10
	data := make([]byte, size)
	cps := make([]analysis.Checkpoint, sessions)
	for i := range cps {
		cps[i] = checkpoint(fmt.Sprintf("session-%d", i), 1)
		for j := range parts {
			cps[i].Parts = append(cps[i].Parts, analysis.Part{Name: fmt.Sprintf("part-%d", j), Data: data})
		}
	}
	b.SetBytes(sessions * parts * size)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.SaveCheckpoints(b.Context(), cps); err != nil {
			b.Fatal(err)
		}
	}
}
