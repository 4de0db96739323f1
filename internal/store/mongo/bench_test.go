package mongo_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/account"
	"chatmood/internal/history"
)

// fill inserts n documents.
func fill(b *testing.B, coll *driver.Collection, n int, doc func(i int) bson.D) {
	b.Helper()
	const batch = 10_000
	for from := 0; from < n; from += batch {
		docs := make([]bson.D, 0, batch)
		for i := from; i < min(from+batch, n); i++ {
			docs = append(docs, doc(i))
		}
		if _, err := coll.InsertMany(b.Context(), docs, options.InsertMany().SetOrdered(false)); err != nil {
			b.Fatal(err)
		}
	}
}

func benchID(kind, i int) bson.ObjectID {
	id, _ := bson.ObjectIDFromHex(fmt.Sprintf("%08x%016x", kind, i))
	return id
}

// size is how many documents a benchmark has: with -short a tenth.
func size(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

// BenchmarkHistory lists 100,000 documents, half of them in the form of the
// first system: one user has 2,000 of them, another 20,000, 500 share the rest.
func BenchmarkHistory(b *testing.B) {
	name, db := database(b, b.TempDir())
	s := mustOpen(b, serverURI(b), name)
	n := size(100_000)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	chatters := bson.A{}
	for i := range 5 {
		chatters = append(chatters, bson.D{{Key: "username", Value: fmt.Sprint("chatter_", i)}, {Key: "count", Value: 10 - i}})
	}
	user := func(i int) bson.ObjectID {
		switch {
		case i%50 == 0:
			return benchID(1, 1)
		case i%5 == 1:
			return benchID(1, 2)
		}
		return benchID(1, 100+i%500)
	}
	fill(b, db.Collection("history"), n, func(i int) bson.D {
		owner := any(user(i))
		if i%2 == 0 {
			owner = user(i).Hex()
		}
		return bson.D{
			{Key: "_id", Value: benchID(2, i)},
			{Key: "user_id", Value: owner},
			{Key: "streamer_name", Value: fmt.Sprint("channel_", i%1000)},
			{Key: "total_chats", Value: i % 5000},
			{Key: "sentiment_count", Value: bson.D{{Key: "positive", Value: 1}, {Key: "negative", Value: 2}, {Key: "neutral", Value: 3}}},
			{Key: "top_positive", Value: chatters},
			{Key: "top_negative", Value: chatters},
			{Key: "top_neutral", Value: chatters},
			{Key: "duration", Value: i % 7200},
			{Key: "summary", Value: "Somebody said something and most of the others laughed about it."},
			{Key: "status", Value: "active"},
			{Key: "created_at", Value: at.Add(time.Duration(i) * time.Minute)},
			{Key: "updated_at", Value: at},
		}
	})
	h := s.History()
	few, many := benchID(1, 1).Hex(), benchID(1, 2).Hex()
	for _, bench := range []struct {
		name string
		q    history.Query
	}{
		{"newest page of 2000", history.Query{UserID: few, Descending: true, Limit: 10}},
		{"newest page of 20000", history.Query{UserID: many, Descending: true, Limit: 10}},
		{"by messages of 2000", history.Query{UserID: few, Sort: history.SortMessages, Limit: 10}},
		{"search of 2000", history.Query{UserID: few, Search: "NEL_50", Limit: 10}},
		{"search of 20000", history.Query{UserID: many, Search: "NEL_50", Limit: 10}},
		{"all 2000", history.Query{UserID: few}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if _, err := h.List(b.Context(), bench.q); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			reportP99(b, took)
		})
	}
	b.Run("totals of all", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if totals, err := h.Totals(b.Context()); err != nil || totals.Entries != int64(n) {
				b.Fatal(totals, err)
			}
		}
	})
}

// BenchmarkLogs searches and pages a log of 1,000,000 entries, a tenth of them
// without names as the second system wrote them.
func BenchmarkLogs(b *testing.B) {
	name, db := database(b, b.TempDir())
	n := size(1_000_000)
	fill(b, db.Collection("users"), 500, func(i int) bson.D {
		return bson.D{
			{Key: "_id", Value: benchID(1, i)},
			{Key: "email", Value: fmt.Sprintf("person%d@example.org", i)},
			{Key: "first_name", Value: "Person"},
			{Key: "last_name", Value: fmt.Sprint(i)},
			{Key: "role", Value: "user"},
			{Key: "status", Value: "active"},
		}
	})
	s := mustOpen(b, serverURI(b), name)
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	fill(b, db.Collection("logs"), n, func(i int) bson.D {
		doc := bson.D{
			{Key: "_id", Value: benchID(3, i)},
			{Key: "user_id", Value: benchID(1, i%500).Hex()},
			{Key: "activity", Value: account.ActivityLogin},
			{Key: "details", Value: fmt.Sprint("Channel: channel_", i%10_000)},
			{Key: "created_at", Value: at.Add(time.Duration(i) * time.Second)},
		}
		if i%10 != 0 {
			doc = append(doc, bson.E{Key: "user_name", Value: fmt.Sprint("Person ", i%500)})
		}
		return doc
	})
	for _, bench := range []struct {
		name string
		q    account.LogQuery
	}{
		{"newest page", account.LogQuery{Descending: true}},
		{"of a user", account.LogQuery{Descending: true, UserID: benchID(1, 7).Hex()}},
		{"by name", account.LogQuery{Sort: account.LogsByUserName, Descending: true}},
		{"page 5000", account.LogQuery{Descending: true, Offset: 50_000}},
		{"rare text", account.LogQuery{Search: "channel_9999", Descending: true}},
		{"every entry", account.LogQuery{Search: "logged in", Descending: true}},
		{"no entry", account.LogQuery{Search: "nowhere at all", Descending: true}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if _, err := s.Accounts().Logs(b.Context(), bench.q); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			reportP99(b, took)
		})
	}
}

// reportP99 reports the time that one of a hundred calls takes longer than.
func reportP99(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
}
