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

var _ = strings.Contains
