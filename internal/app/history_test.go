package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/store/sqlite"
	"chatmood/internal/twitchsim"
)

const testPassword = "Tangerine7! boat"

// members adds users to the database of a server that does not run.
func members(t *testing.T, dir string, names ...string) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	hasher, err := account.NewHasher(4, 0) // cheap: it is made for a test
	if err != nil {
		t.Fatal(err)
	}
	hash, err := hasher.Hash(t.Context(), testPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		now := time.Now().UTC()
		if err := store.Accounts().CreateUser(t.Context(), &account.User{
			ID: account.NewID(now), Email: name + "@example.org", FirstName: name, LastName: "Vale", PasswordHash: hash,
			Role: account.RoleUser, Status: account.StatusActive, CreatedAt: now, UpdatedAt: now,
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// member is somebody who is signed in.
type member struct {
	s     *server
	token string
}

func (s *server) signIn(name string) *member {
	s.t.Helper()
	m := &member{s: s}
	s.eventually("sign-in of "+name, func() bool {
		var got struct {
			Token string `json:"access_token"`
		}
		status := m.ask("POST", "/api/login", fmt.Sprintf(`{"email":"%s@example.org","password":%q}`, name, testPassword), &got)
		m.token = got.Token
		return status == http.StatusOK
	})
	return m
}

// ask sends a request and reads the answer.
func (m *member) ask(method, path, body string, into any) int {
	m.s.t.Helper()
	req, err := http.NewRequestWithContext(m.s.t.Context(), method, m.s.app.URL()+path, strings.NewReader(body))
	if err != nil {
		m.s.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if m.token != "" {
		req.Header.Set("Authorization", "Bearer "+m.token)
	}
	return m.s.do(req, into)
}

type saved struct {
	ID       string `json:"_id"`
	Channel  string `json:"streamer_name"`
	Total    int    `json:"total_chats"`
	Origin   string `json:"origin"`
	Session  string `json:"session_id"`
	HasWhole bool   `json:"has_report"`
}

func (m *member) history() (list []saved) {
	m.s.t.Helper()
	if status := m.ask("GET", "/api/history", "", &list); status != http.StatusOK {
		m.s.t.Fatalf("history: %d", status)
	}
	return list
}

// say makes somebody write once the channel's chat is read.
func (s *server) say(sim *twitchsim.Server, channel string, lines ...string) {
	s.t.Helper()
	before := s.snapshot(channel).Counts.Total
	if err := sim.WaitReaders(s.t.Context(), channel, 1); err != nil {
		s.t.Fatal(err)
	}
	for i, line := range lines {
		if _, err := sim.Say(channel, fmt.Sprintf("viewer_%d", i), line); err != nil {
			s.t.Fatal(err)
		}
	}
	s.eventually("they are counted", func() bool { return s.snapshot(channel).Counts.Total == before+len(lines) })
}

// TestHoldsAndHistory follows two users over a restart: the analysis goes on as
// long as one of them holds it, and is saved for whom wants that.
func TestHoldsAndHistory(t *testing.T) {
	sim := twitch(t, twitchsim.Config{})
	dir := t.TempDir()
	members(t, dir, "ann", "bob")
	env := map[string]string{"DATA_DIR": dir, "SECRET_KEY": strings.Repeat("k3y!", 10), "GUESTS": "watch", "MAX_CHANNELS_PER_USER": "1"}
	s := serveWith(t, sim, env)
	ann, bob := s.signIn("ann"), s.signIn("bob")
	if status := ann.ask("PUT", "/api/user/preferences", `{"auto_save":true}`, nil); status != http.StatusOK {
		t.Fatalf("preferences: %d", status)
	}
	for _, m := range []*member{ann, bob} {
		if status := m.ask("POST", "/api/twitch/connect", `{"url":"alpha"}`, nil); status != http.StatusOK {
			t.Fatalf("connect: %d", status)
		}
	}
	if status := ann.ask("POST", "/api/twitch/connect", `{"url":"beta"}`, nil); status != http.StatusForbidden {
		t.Errorf("a second channel of one: %d", status)
	}
	s.say(sim, "alpha", "good morning", "this is great")
	session := s.snapshot("alpha").ID
	s.stop()

	s = serveWith(t, sim, env)
	ann.s, bob.s = s, s
	s.eventually("the analysis goes on", func() bool { return s.snapshot("alpha").ID == session })
	s.say(sim, "alpha", "after the restart")
	leave := func(m *member) (message string) {
		var got struct{ Message string }
		if status := m.ask("POST", "/api/twitch/disconnect", `{"channel":"alpha"}`, &got); status != http.StatusOK {
			t.Fatalf("disconnect: %d", status)
		}
		return got.Message
	}
	if got := leave(ann); got != "Disconnected from alpha's chat" {
		t.Errorf("ann leaves: %q", got)
	}
	if got := leave(ann); got != "Already disconnected" {
		t.Errorf("ann leaves again: %q", got)
	}
	if s.snapshot("alpha").ID != session {
		t.Error("the analysis ended while bob holds it")
	}
	list := ann.history()
	if len(list) != 1 || list[0].Total != 3 || list[0].Origin != "live" || list[0].Session != session || !list[0].HasWhole {
		t.Errorf("ann's history is %+v", list)
	}
	s.say(sim, "alpha", "one more")
	leave(bob)
	if status := bob.ask("GET", "/api/channels/alpha", "", nil); status != http.StatusNotFound {
		t.Errorf("nobody holds it, and it answers %d", status)
	}
	if list := bob.history(); len(list) != 0 {
		t.Errorf("bob's history is %+v", list)
	}
	// What has just ended can be saved: with our figures.
	claim := `{"streamer_name":"alpha","total_chats":1,"sentiment_count":{},"top_positive":[],"top_negative":[],"top_neutral":[]}`
	for range 2 {
		if status := bob.ask("POST", "/api/history/save", claim, nil); status != http.StatusOK {
			t.Errorf("saving: %d", status)
		}
	}
	if list := bob.history(); len(list) != 1 || list[0].Total != 4 || list[0].Session != session {
		t.Errorf("bob's history is %+v", list)
	}
	// Signing out for the last time gives channels up.
	if status := bob.ask("POST", "/api/twitch/connect", `{"url":"beta"}`, nil); status != http.StatusOK {
		t.Fatalf("connect: %d", status)
	}
	other := s.signIn("bob")
	bob.ask("POST", "/api/logout", "", nil)
	if status := other.ask("GET", "/api/channels/beta", "", nil); status != http.StatusOK {
		t.Errorf("bob is signed in elsewhere, and the channel answers %d", status)
	}
	other.ask("POST", "/api/logout", "", nil)
	s.eventually("the channel is given up", func() bool { return sim.Readers("beta") == 0 })
}

// TestImportedLog sends a log through the whole server and reads its report.
func TestImportedLog(t *testing.T) {
	sim := twitch(t, twitchsim.Config{})
	dir := t.TempDir()
	members(t, dir, "ann")
	s := serveWith(t, sim, map[string]string{"DATA_DIR": dir, "SECRET_KEY": strings.Repeat("k3y!", 10)})
	ann := s.signIn("ann")
	var log bytes.Buffer
	for i := range 300 {
		fmt.Fprintf(&log, "[2026-01-31 20:%02d:%02d] #alpha viewer_%d: this is great PogChamp\n", i/60, i%60, i%9)
	}
	var doc saved
	if status := ann.ask("POST", "/api/history/import", log.String(), &doc); status != http.StatusOK || doc.Total != 300 || doc.Origin != "upload" || doc.Channel != "alpha" {
		t.Fatalf("import: %d %+v", status, doc)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.app.URL()+"/api/history/"+doc.ID+"/report?format=json", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+ann.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Source   struct{ Lines int }
		Analysis struct{ Counts struct{ Total int } }
		Summary  struct{ Sentences []struct{ Text string } }
	}
	if err := json.Unmarshal(data, &r); err != nil || r.Source.Lines != 300 || r.Analysis.Counts.Total != 300 || len(r.Summary.Sentences) < 2 {
		t.Errorf("the report is %v: %.500s", err, data)
	}
}
