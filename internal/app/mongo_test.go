package app_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// mongoVariable names the server of MongoDB's protocol that tests use.
const mongoVariable = "CHATMOOD_TEST_MONGO_URI"

// mongoURI is where that server is; the test is skipped, loudly, where there is none.
func mongoURI(t *testing.T) string {
	t.Helper()
	uri := os.Getenv(mongoVariable)
	if uri == "" {
		t.Skipf("SKIPPED: %s is not set; make test-mongo runs this test", mongoVariable)
	}
	return uri
}

// mongoDatabase names a database of the test's own, which is dropped at its end.
func mongoDatabase(t *testing.T, uri, what string) (name string) {
	t.Helper()
	name = fmt.Sprintf("chatmood_test_%s_%d_%d", what, os.Getpid(), time.Now().UnixNano())
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := errors.Join(client.Database(name).Drop(ctx), client.Disconnect(ctx)); err != nil {
			t.Error(err)
		}
	})
	return name
}
