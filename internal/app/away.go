package app

import (
	"errors"

	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"chatmood/internal/store/mongo"
	"chatmood/internal/store/sqlite"
)

// storeAway reports whether an error says that the database cannot be used just
// now, so that the same request may succeed later: MongoDB cannot be reached or
// has no primary, or the disk under the embedded database is full or held.
func storeAway(err error) bool {
	if mongo.Away(err) || sqlite.Away(err) {
		return true
	}
	var labeled driver.LabeledError
	return errors.As(err, &labeled) && labeled.HasErrorLabel("RetryableWriteError") // while a replica set elects
}
