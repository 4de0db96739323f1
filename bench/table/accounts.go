package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	benchPassword = "Tangerine7! boat"
	// askFor is how long each kind of request is sent.
	askFor = 4 * time.Second
)

// measureAsking signs in and asks as people who are signed in, apart and at once.
func measureAsking(ctx context.Context, m *measurer) (_ []row, err error) {
	data := filepath.Join(m.tmp, "accounts")
	for _, name := range []string{"asks", "signs-in"} {
		cmd := command(ctx, m.tmp, m.binary, "user", "create", name+"@example.org", "--first-name", "Nora", "--last-name", "Quill")
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + m.tmp, "DATA_DIR=" + data}
		cmd.Stdin = strings.NewReader(benchPassword + "\n")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("creating a user: %w\n%s", err, out)
		}
	}
	s, err := m.serve(ctx, data, "TRUSTED_PROXIES=127.0.0.1/32")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	token, err := s.signIn(ctx, "asks@example.org")
	if err != nil {
		return nil, err
	}
	ask := func(ctx context.Context) error {
		_, err := s.call(ctx, http.MethodGet, "/api/authenticate", token, nil)
		return err
	}
	signIn := func(ctx context.Context) error {
		_, err := s.signIn(ctx, "signs-in@example.org")
		return err
	}
	asked, err := drive(ctx, 4, ask)
	if err != nil {
		return nil, err
	}
	signedIn, err := drive(ctx, 8, signIn)
	if err != nil {
		return nil, err
	}
	var both [2]pace
	var failures [2]error
	var wg sync.WaitGroup
	wg.Go(func() { both[0], failures[0] = drive(ctx, 8, signIn) })
	wg.Go(func() { both[1], failures[1] = drive(ctx, 4, ask) })
	wg.Wait()
	if err := errors.Join(failures[:]...); err != nil {
		return nil, err
	}
	return []row{
		{what: "who asks: GET /api/authenticate, 4 at once", measured: asked.String()},
		{what: "sign-ins, 8 at once (bcrypt, cost 12)", measured: signedIn.String()},
		{what: "who asks, 4 at once, while 8 sign in", measured: both[1].String(), compared: "sign-ins meanwhile: " + both[0].String()},
	}, nil
}

// pace is how fast requests were answered.
type pace struct {
	rate        float64 // a second
	median, p99 time.Duration
}

func (p pace) String() string {
	return fmt.Sprintf("%s, median %s, p99 %s", rate(p.rate, "requests"), duration(float64(p.median)), duration(float64(p.p99)))
}

// drive lets some workers do something again and again.
func drive(ctx context.Context, workers int, do func(context.Context) error) (pace, error) {
	var (
		mu    sync.Mutex
		took  []time.Duration
		first error
		wg    sync.WaitGroup
	)
	began := time.Now()
	for range workers {
		wg.Go(func() {
			for time.Since(began) < askFor {
				at := time.Now()
				err := do(ctx)
				mu.Lock()
				if err != nil && first == nil {
					first = err
				}
				stop := first != nil
				took = append(took, time.Since(at))
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	wg.Wait()
	if first != nil {
		return pace{}, first
	}
	all := time.Since(began)
	slices.Sort(took)
	return pace{rate: float64(len(took)) / all.Seconds(), median: took[len(took)/2], p99: took[len(took)*99/100]}, nil
}

var callers atomic.Uint32

// call sends a request from an address of its own, as a trusted proxy says:
// limits by address are not what is measured.
func (s *server) call(ctx context.Context, method, path, token string, body any) ([]byte, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+s.address+path, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	n := callers.Add(1)
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("198.18.%d.%d", n>>8&255, n&255))
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s was answered with %s: %s", method, path, resp.Status, answer)
	}
	return answer, err
}

func (s *server) signIn(ctx context.Context, email string) (token string, err error) {
	answer, err := s.call(ctx, http.MethodPost, "/api/login", "", map[string]string{"email": email, "password": benchPassword})
	if err != nil {
		return "", err
	}
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(answer, &got); err != nil || got.Token == "" {
		return "", fmt.Errorf("signing in was answered with %s (%w)", answer, err)
	}
	return got.Token, nil
}

// list is a query of a store's benchmark.
type list struct{ what, name string }

// measureLists measures lists of 100,000 saved analyses and of 1,000,000 log
// entries on each store that is at hand.
func measureLists(ctx context.Context, m *measurer) ([]row, error) {
	const mongoVariable = "CHATMOOD_TEST_MONGO_URI"
	rows, err := m.lists(ctx, "internal/store/sqlite", []string{
		"^BenchmarkHistoryList$/^100000_of_1000_users$/^(newest_page|search)$", "^BenchmarkLogsSearch$/^(newest_page|rare_text|no_entry)$",
	}, []list{
		{"SQLite: newest page of a user's, of 100,000 saved analyses", "HistoryList/100000_of_1000_users/newest_page"},
		{"SQLite: search in a user's, of 100,000 saved analyses", "HistoryList/100000_of_1000_users/search"},
		{"SQLite: newest page of 1,000,000 log entries", "LogsSearch/newest_page"},
		{"SQLite: rare text in 1,000,000 log entries", "LogsSearch/rare_text"},
		{"SQLite: no match in 1,000,000 log entries", "LogsSearch/no_entry"},
	})
	if err != nil {
		return nil, err
	}
	if os.Getenv(mongoVariable) == "" {
		m.note("  %s is not set: MongoDB is not measured", mongoVariable)
		return rows, nil
	}
	more, err := m.lists(ctx, "internal/store/mongo", []string{
		"^BenchmarkHistory$/^(newest_page_of_2000|search_of_2000)$", "^BenchmarkLogs$/^(newest_page|rare_text|no_entry)$",
	}, []list{
		{"MongoDB: newest page of a user's 2,000, of 100,000 saved analyses", "History/newest_page_of_2000"},
		{"MongoDB: search in a user's 2,000, of 100,000 saved analyses", "History/search_of_2000"},
		{"MongoDB: newest page of 1,000,000 log entries", "Logs/newest_page"},
		{"MongoDB: rare text in 1,000,000 log entries", "Logs/rare_text"},
		{"MongoDB: no match in 1,000,000 log entries", "Logs/no_entry"},
	})
	return append(rows, more...), err
}

// lists runs the benchmarks of a store once: to fill it takes most of the time.
func (m *measurer) lists(ctx context.Context, folder string, patterns []string, wanted []list) ([]row, error) {
	var benches []bench
	for _, pattern := range patterns {
		benches = append(benches, bench{folder: folder, pattern: pattern, time: "50x"})
	}
	s, err := m.once().measure(ctx, benches...)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, l := range wanted {
		mean, err := s.least(folder+"/"+l.name, "ns/op")
		if err != nil {
			return nil, err
		}
		p99, err := s.least(folder+"/"+l.name, "p99-ns")
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{what: l.what, measured: fmt.Sprintf("%s, p99 %s", rate(1e9/mean, "queries"), duration(p99))})
	}
	return rows, nil
}
