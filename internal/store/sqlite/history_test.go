package sqlite_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chatmood/internal/history"
	"chatmood/internal/store/sqlite"
)

// TestHistoryPlans: no statement reads a whole table without need, none sorts
// what an index could give in order.
func TestHistoryPlans(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	type statement struct {
		query string
		// What it may do: read all rows, since it wants them all; put in order what
		// an index has chosen.
		whole, sorts bool
	}
	var statements []statement
	for _, query := range sqlite.HistoryQueries() {
		// All holds and the number of all entries; a user's tags and who holds one channel.
		statements = append(statements, statement{
			query: query,
			whole: !strings.Contains(query, "WHERE"),
			sorts: strings.Contains(query, "GROUP BY") || strings.Contains(query, "FROM holds WHERE channel"),
		})
	}
	for _, sort := range []history.Sort{
		history.SortCreated, history.SortChannel, history.SortName, history.SortDuration, history.SortMessages, history.SortMood,
	} {
		for _, descending := range []bool{false, true} {
			for _, q := range []history.Query{
				{},
				{Search: "x"},
				{Tag: "x"},
				{Status: history.StatusDeleted},
				{Channel: "x"},
				{From: time.Unix(1, 0), To: time.Unix(2, 0)},
			} {
				q.Sort, q.Descending = sort, descending
				list, count := sqlite.HistoryListSQL(q)
				// A span of time is found by its index, and then sorted by something else.
				byTime := !q.From.IsZero() && sort != history.SortCreated
				statements = append(statements, statement{query: list, sorts: byTime}, statement{query: count})
			}
		}
	}
	for _, st := range statements {
		plan, err := s.Plan(t.Context(), st.query)
		if err != nil {
			t.Fatalf("%s: %v", st.query, err)
		}
		for _, step := range plan {
			// The index of totals holds what is asked for and nothing else; a list's tags are one entry's.
			scans := strings.HasPrefix(step, "SCAN ") && step != "SCAN CONSTANT ROW" && !strings.HasPrefix(step, "SCAN tag ") &&
				!strings.Contains(step, "history_totals")
			sorts := strings.Contains(step, "TEMP B-TREE")
			if scans && !st.whole || sorts && !st.sorts {
				t.Errorf("%s\n\tplan: %s", st.query, strings.Join(plan, " · "))
				break
			}
		}
	}
}

// BenchmarkHistoryList lists and searches 100,000 entries: of a thousand users,
// and of one who has a hundred times as many as anybody may by default.
func BenchmarkHistoryList(b *testing.B) {
	const n = 100_000
	s := mustOpen(b, b.TempDir())
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, users := range []int{1000, 1} {
		if err := s.FillHistory(b.Context(), n, func(i int) *history.Entry {
			mood := float64(i%200)/100 - 1
			return &history.Entry{
				ID: fmt.Sprintf("%06x%018x", users, i), UserID: fmt.Sprintf("%012x%012x", users, i%users), Channel: fmt.Sprintf("channel_%d", i%777),
				Status: history.StatusActive, CreatedAt: at.Add(time.Duration(i) * time.Minute), Counts: history.Counts{Total: int64(i % 10_000)},
				Name: fmt.Sprintf("Evening %d", i), Tags: []string{"win", fmt.Sprint("tag", i%50)}, Mood: &mood, Seconds: int64(i % 20_000),
				TopPositive: []history.Chatter{{Username: "somebody", Count: 9}, {Username: "anybody", Count: 8}}, Summary: strings.Repeat("It was an evening. ", 20),
				TimeSeries: []byte(`[` + strings.Repeat(`{"x":1757812320000,"y":0.25,"sentiment":"positive"},`, 100) + `1]`),
			}
		}); err != nil {
			b.Fatal(err)
		}
	}
	for _, users := range []int{1000, 1} {
		user := fmt.Sprintf("%012x%012x", users, 0)
		for _, bench := range []struct {
			name string
			q    history.Query
		}{
			{"newest page", history.Query{Descending: true, Limit: 20}},
			{"by mood", history.Query{Sort: history.SortMood, Limit: 20}},
			{"page in the middle", history.Query{Descending: true, Limit: 20, Offset: n / users / 2}},
			{"search", history.Query{Search: "evening 99", Descending: true, Limit: 20}},
			{"search for nothing", history.Query{Search: "nowhere", Descending: true, Limit: 20}},
			{"tag", history.Query{Tag: "tag7", Descending: true, Limit: 20}},
			{"a week", history.Query{From: at.AddDate(0, 0, 5), To: at.AddDate(0, 0, 12), Sort: history.SortName, Limit: 20}},
			{"all there may be", history.Query{Descending: true}},
		} {
			b.Run(fmt.Sprintf("%d of %d users/%s", n, users, bench.name), func(b *testing.B) {
				bench.q.UserID = user
				b.ReportAllocs()
				var took []time.Duration
				for b.Loop() {
					began := time.Now()
					if _, err := s.History().List(b.Context(), bench.q); err != nil {
						b.Fatal(err)
					}
					took = append(took, time.Since(began))
				}
				reportP99(b, took)
			})
		}
		b.Run(fmt.Sprintf("%d of %d users/tags", n, users), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.History().Tags(b.Context(), user); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("totals", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.History().Totals(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// reportP99 reports the time that one of a hundred calls takes longer than.
func reportP99(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
}
