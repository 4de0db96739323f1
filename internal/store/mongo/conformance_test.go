package mongo_test

import (
	"testing"

	"chatmood/internal/analysis"
	"chatmood/internal/store/mongo"
	"chatmood/internal/store/storetest"
)

// closer ends a store of which only a part is tested. The store has methods of
// the same names for analyses, so only its end is taken from it.
type closer struct{ s *mongo.Store }

func (c closer) Close() error { return c.s.Close() }

func openStore(t testing.TB, place string) *mongo.Store {
	t.Helper()
	name, _ := database(t, place)
	s, err := mongo.Open(t.Context(), mongo.Config{URI: serverURI(t), Database: name})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAccountConformance(t *testing.T) {
	serverURI(t)
	storetest.RunAccounts(t, func(t testing.TB, place string) storetest.AccountStore {
		s := openStore(t, place)
		return struct {
			*mongo.Accounts
			closer
		}{s.Accounts(), closer{s}}
	})
}

func TestOutboxConformance(t *testing.T) {
	serverURI(t)
	storetest.RunOutbox(t, func(t testing.TB, place string) storetest.OutboxStore {
		s := openStore(t, place)
		return struct {
			*mongo.Outbox
			closer
		}{s.Outbox(), closer{s}}
	})
}

func TestHistoryConformance(t *testing.T) {
	serverURI(t)
	storetest.RunHistory(t, func(t testing.TB, place string) storetest.HistoryStore {
		s := openStore(t, place)
		return struct {
			*mongo.History
			closer
		}{s.History(), closer{s}}
	})
}

func TestHoldConformance(t *testing.T) {
	serverURI(t)
	storetest.RunHolds(t, func(t testing.TB, place string) storetest.HoldStore {
		s := openStore(t, place)
		return struct {
			analysis.HoldStore
			closer
		}{s.Holds(), closer{s}}
	})
}

func TestLearningConformance(t *testing.T) {
	serverURI(t)
	storetest.RunLearning(t, func(t testing.TB, place string) storetest.LearningStore {
		s := openStore(t, place)
		return struct {
			analysis.LearningStore
			closer
		}{s.Learning(), closer{s}}
	})
}
