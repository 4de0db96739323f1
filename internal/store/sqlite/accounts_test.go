package sqlite_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/store/sqlite"
	"chatmood/internal/store/storetest"
)

// openAccounts opens a database for its accounts. The database has methods of
// the same names for analyses, so only its end is taken from it.
func openAccounts(t testing.TB, dir string) storetest.AccountStore {
	s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return struct {
		*sqlite.Accounts
		closer
	}{s.Accounts(), closer{s}}
}

type closer struct{ s *sqlite.Store }

func (c closer) Close() error { return c.s.Close() }

func TestOutboxConformance(t *testing.T) {
	storetest.RunOutbox(t, func(t testing.TB, dir string) storetest.OutboxStore {
		s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return struct {
			*sqlite.Outbox
			closer
		}{s.Outbox(), closer{s}}
	})
}

func TestHistoryConformance(t *testing.T) {
	storetest.RunHistory(t, func(t testing.TB, dir string) storetest.HistoryStore {
		s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return struct {
			*sqlite.History
			closer
		}{s.History(), closer{s}}
	})
}

func TestHoldConformance(t *testing.T) {
	storetest.RunHolds(t, func(t testing.TB, dir string) storetest.HoldStore {
		s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return struct {
			analysis.HoldStore
			closer
		}{s.Holds(), closer{s}}
	})
}

func TestAccountConformance(t *testing.T) { storetest.RunAccounts(t, openAccounts) }

// TestAccountPlans: no statement reads a whole table without need, none sorts
// what an index could give in order.
func TestAccountPlans(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	queries := sqlite.AccountQueries()
	for _, sort := range []account.LogSort{account.LogsByCreated, account.LogsByID, account.LogsByUserName, account.LogsByActivity} {
		queries = append(queries, sqlite.LogListSQL(account.LogQuery{Sort: sort, Descending: true}))
		queries = append(queries, sqlite.LogListSQL(account.LogQuery{Sort: sort}))
	}
	for _, sort := range []account.UserSort{account.UsersByCreated, account.UsersByName, account.UsersByEmail, account.UsersByRole, account.UsersByStatus} {
		queries = append(queries, sqlite.UserListSQL(account.UserQuery{Sort: sort, Descending: true}))
	}
	queries = append(queries,
		sqlite.LogListSQL(account.LogQuery{UserID: "u", Sort: account.LogsByCreated}),
		sqlite.LogListSQL(account.LogQuery{Search: "some"}),
		sqlite.LogListSQL(account.LogQuery{From: time.Unix(1, 0), To: time.Unix(2, 0)}),
		sqlite.LogListSQL(account.LogQuery{UserID: "u", From: time.Unix(1, 0), Descending: true}),
	)
	for _, query := range queries {
		plan, err := s.Plan(t.Context(), query)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for _, step := range plan {
			scans := strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, "INDEX") && !strings.Contains(step, "VIRTUAL TABLE") && !strings.Contains(step, "CONSTANT ROW")
			sorts := strings.Contains(step, "TEMP B-TREE") && strings.Contains(query, "LIMIT ? OFFSET ?") && !strings.Contains(query, "MATCH")
			if (scans || sorts) && !strings.Contains(query, "count(*)") && !strings.HasPrefix(step, "SCAN (subquery") {
				t.Errorf("%s\n\tplan: %s", query, strings.Join(plan, " · "))
			}
		}
	}
}

// BenchmarkLogsSearch searches and pages a log of 1,000,000 entries.
func BenchmarkLogsSearch(b *testing.B) {
	const n = 1_000_000
	s := mustOpen(b, b.TempDir())
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := s.FillLogs(b.Context(), n, func(i int) account.Activity {
		return account.Activity{
			ID: fmt.Sprintf("%024x", i), UserID: fmt.Sprintf("%024x", i%500), UserName: fmt.Sprintf("Person %d", i%500),
			Activity: account.ActivityLogin, Details: fmt.Sprintf("Channel: channel_%d", i%100_000), CreatedAt: at.Add(time.Duration(i) * time.Second),
		}
	}); err != nil {
		b.Fatal(err)
	}
	for _, bench := range []struct {
		name string
		q    account.LogQuery
	}{
		{"newest page", account.LogQuery{Descending: true}},
		{"by name", account.LogQuery{Sort: account.LogsByUserName, Descending: true}},
		{"page 50000", account.LogQuery{Descending: true, Offset: n / 2}},
		{"rare text", account.LogQuery{Search: "channel_99999", Descending: true}},
		{"every entry", account.LogQuery{Search: "logged in", Descending: true}},
		{"no entry", account.LogQuery{Search: "nowhere at all", Descending: true}},
		{"two characters", account.LogQuery{Search: "zz", Descending: true}},
		{"a day", account.LogQuery{From: at.AddDate(0, 0, 5), To: at.AddDate(0, 0, 6)}},
		{"of a user", account.LogQuery{UserID: fmt.Sprintf("%024x", 77), Descending: true}},
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

func TestLearningConformance(t *testing.T) {
	storetest.RunLearning(t, func(t testing.TB, dir string) storetest.LearningStore {
		s, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return struct {
			analysis.LearningStore
			closer
		}{s.Learning(), closer{s}}
	})
}
