package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	_ "modernc.org/sqlite"
)

func TestStoreAway(t *testing.T) {
	// Nobody listens there.
	client, err := driver.Connect(options.Client().ApplyURI("mongodb://127.0.0.1:1/").SetServerSelectionTimeout(20 * time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Disconnect(context.WithoutCancel(t.Context()))
	unreachable := client.Ping(t.Context(), nil)

	// A database that somebody else holds.
	name := "file:" + filepath.Join(t.TempDir(), "x.db") + "?_txlock=immediate"
	var held [2]*sql.DB
	for i := range held {
		if held[i], err = sql.Open("sqlite", name); err != nil {
			t.Fatal(err)
		}
		defer held[i].Close()
	}
	tx, err := held[0].BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	_, busy := held[1].ExecContext(t.Context(), "CREATE TABLE t(x)")
	_, wrong := held[1].ExecContext(t.Context(), "SELEKT")

	for what, tc := range map[string]struct {
		err  error
		want bool
	}{
		"no server":      {unreachable, true},
		"busy":           {busy, true},
		"time-out":       {context.DeadlineExceeded, true},
		"no primary":     {driver.CommandError{Code: 10107}, true},
		"stepping down":  {driver.CommandError{Code: 189}, true},
		"duplicate":      {driver.CommandError{Code: 11000}, false},
		"wrong query":    {wrong, false},
		"something else": {errors.New("bad"), false},
	} {
		if tc.err == nil {
			t.Errorf("%s: there is no error", what)
		}
		if got := storeAway(fmt.Errorf("reading a user: %w", tc.err)); got != tc.want {
			t.Errorf("%s (%v): away is %v, want %v", what, tc.err, got, tc.want)
		}
	}
	if storeAway(nil) {
		t.Error("no error is away")
	}
}
