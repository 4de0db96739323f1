package app_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	natsserver "github.com/nats-io/nats-server/v2/server"

	"chatmood/internal/account"
	"chatmood/internal/httpapi"
	"chatmood/internal/sentiment"
	mongostore "chatmood/internal/store/mongo"
	"chatmood/internal/store/sqlite"
	"chatmood/internal/twitchsim"
)

const zorp = "what a great play zorpQux love it"

// seen is a message as a viewer has it.
type seen struct {
	ID string  `json:"id"`
	X  string  `json:"x"`
	L  string  `json:"l"`
	S  float64 `json:"s"`
	F  string  `json:"f"`
}

func (s *server) messages(channel string) []seen {
	s.t.Helper()
	var list struct {
		Messages []seen `json:"messages"`
	}
	s.get("/api/channels/"+channel+"/messages?limit=200", &list)
	return list.Messages
}

// find returns the last message with a text.
func (s *server) find(channel, text string) (found seen) {
	s.t.Helper()
	for _, m := range s.messages(channel) {
		if m.X == text {
			found = m
		}
	}
	if found.ID == "" {
		s.t.Fatalf("nobody in %s said %q", channel, text)
	}
	return found
}

type learnedList struct {
	Running   bool `json:"running"`
	MayChange bool `json:"may_change"`
	Emotes    []struct {
		Emote  string  `json:"emote"`
		Value  float64 `json:"value"`
		People int     `json:"people"`
		State  string  `json:"state"`
	} `json:"emotes"`
}

// in reports whether text holds one of the emotes.
func (l *learnedList) in(text string) bool {
	for i := range l.Emotes {
		if strings.Contains(text, l.Emotes[i].Emote) {
			return true
		}
	}
	return false
}

// listen opens a socket of chatmood.v1 and returns what waits for a frame of a
// type that is as wanted.
func (s *server) listen(channel string) (conn *websocket.Conn, until func(kind string, want func(json.RawMessage) bool)) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	s.t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, strings.Replace(s.app.URL(), "http", "ws", 1)+"/ws/chat/"+channel, &websocket.DialOptions{Subprotocols: []string{"chatmood.v1"}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.CloseNow() })
	conn.SetReadLimit(16 << 20)
	return conn, func(kind string, want func(json.RawMessage) bool) {
		s.t.Helper()
		for {
			_, data, err := conn.Read(ctx)
			if err != nil {
				s.t.Fatalf("waiting for %s: %v", kind, err)
			}
			var f struct {
				Type string `json:"type"`
			}
			if err := json.Unmarshal(data, &f); err != nil {
				s.t.Fatal(err)
			}
			if f.Type == kind && want(data) {
				return
			}
		}
	}
}

func whatever(json.RawMessage) bool { return true }

// TestLessons follows what a channel teaches and what users correct through the
// whole server: who may do what, who sees it, what is kept over a restart and
// beyond the session's end, and what is exported.
func TestLessons(t *testing.T) {
	sim := twitch(t, twitchsim.Config{})
	dir := t.TempDir()
	members(t, dir, "ann", "bob", "root")
	makeAdmin(t, dir, "root")
	env := map[string]string{"DATA_DIR": dir, "SECRET_KEY": strings.Repeat("k3y!", 10), "GUESTS": "watch"}
	s := serveWith(t, sim, env)
	ann, bob, root := s.signIn("ann"), s.signIn("bob"), s.signIn("root")
	for _, m := range []*member{ann, bob} { // the analysis is ann's: she came first
		if status := m.ask("POST", "/api/twitch/connect", `{"url":"alpha"}`, nil); status != http.StatusOK {
			t.Fatalf("connect: %d", status)
		}
	}
	conn, until := s.listen("alpha")
	until("hello", whatever)
	unknown := sentimentOf(t, root, "", "zorpQux")
	lines := make([]string, 30)
	for i := range lines {
		lines[i] = zorp
	}
	s.say(sim, "alpha", lines...)
	s.say(sim, "alpha", "zorpQux")
	if got := s.find("alpha", "zorpQux"); got.S <= unknown+0.1 {
		t.Errorf("taught by 30 people, the score is %v; of an unknown emote it is %v", got.S, unknown)
	}
	if there := sentimentOf(t, root, "ALPHA", "zorpQux"); there <= unknown+0.1 {
		t.Errorf("POST /api/sentiment with the channel says %v", there)
	}
	var list learnedList
	s.get("/api/channels/alpha/learned", &list) // a guest may watch
	if len(list.Emotes) != 1 || list.Emotes[0].Emote != "zorpQux" || list.Emotes[0].State != "learnt" || list.Emotes[0].People < 20 || !list.Running || list.MayChange {
		t.Errorf("learned %+v", list)
	}

	// Explained on demand.
	ask := func(frame string) {
		t.Helper()
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(frame)); err != nil {
			t.Fatal(err)
		}
	}
	taught := s.find("alpha", "zorpQux")
	ask(fmt.Sprintf(`{"type":"explain","id":%q}`, taught.ID))
	until("explanation", func(data json.RawMessage) bool {
		var x struct {
			ID    string  `json:"id"`
			S     float64 `json:"s"`
			Parts []struct {
				Start, End int
				Text, Rule string
				Value      float64
			} `json:"parts"`
		}
		if err := json.Unmarshal(data, &x); err != nil || x.ID != taught.ID || x.S != taught.S || len(x.Parts) != 1 || x.Parts[0].Rule != "learnt" || x.Parts[0].End != 7 || x.Parts[0].Text != "zorpQux" {
			t.Errorf("explained %s, %v", data, err)
		}
		return true
	})
	ask(`{"type":"explain","id":"nobody said this"}`)
	until("explanation", func(data json.RawMessage) bool { return strings.Contains(string(data), `"unknown_message"`) })

	// A stranger corrects one message; all see it, and no other message changes.
	s.say(sim, "alpha", "this is great PogChamp", "this is great PogChamp")
	praised := s.find("alpha", "this is great PogChamp")
	before := s.snapshot("alpha").Counts
	path := "/api/channels/alpha/corrections"
	body := fmt.Sprintf(`{"message_id":%q,"label":"negative"}`, praised.ID)
	if status := (&member{s: s}).ask("POST", path, body, nil); status != http.StatusUnauthorized {
		t.Errorf("a guest corrects: %d", status)
	}
	var made struct {
		ForAll     bool `json:"for_all"`
		Correction struct{ Hash, Label string }
	}
	if status := bob.ask("POST", path, body, &made); status != http.StatusCreated || made.ForAll || made.Correction.Label != "negative" {
		t.Fatalf("correcting: %d, %+v", status, made)
	}
	if want := fmt.Sprintf("%016x", sentiment.TextHash(praised.X)); made.Correction.Hash != want {
		t.Errorf("hash %s, want %s", made.Correction.Hash, want)
	}
	until("relabel", func(data json.RawMessage) bool {
		return strings.Contains(string(data), praised.ID) && strings.Contains(string(data), `"l":"n","s":-1`)
	})
	if c := s.snapshot("alpha").Counts; c.Positive != before.Positive-1 || c.Negative != before.Negative+1 || c.Total != before.Total {
		t.Errorf("counts are %+v after the correction, were %+v", c, before)
	}
	if got := s.find("alpha", praised.X); got.L != "n" || !strings.Contains(got.F, "C") {
		t.Errorf("latecomers see %+v", got)
	}
	s.say(sim, "alpha", praised.X)
	if got := s.find("alpha", praised.X); got.L != "p" {
		t.Errorf("a stranger's correction changed another message: %+v", got)
	}

	// Emotes are for the one whose analysis it is, and for administrators.
	put := func(m *member, body string) int {
		return m.ask("PUT", "/api/channels/alpha/learned/zorpQux", body, nil)
	}
	if status := put(bob, `{"value":-1}`); status != http.StatusForbidden {
		t.Errorf("a stranger corrects an emote: %d", status)
	}
	if status := put(ann, `{"value":-0.9,"frozen":true}`); status != http.StatusOK {
		t.Fatalf("the owner corrects an emote: %d", status)
	}
	s.say(sim, "alpha", "zorpQux")
	if got := s.find("alpha", "zorpQux"); got.S >= unknown {
		t.Errorf("corrected to bad, the score is %v", got.S)
	}
	for body, want := range map[string]int{`{}`: 400, `{"value":2}`: 422, `{"value":"x"}`: 422} {
		if status := put(ann, body); status != want {
			t.Errorf("%s: %d, want %d", body, status, want)
		}
	}
	if status := ann.ask("PUT", "/api/channels/alpha/learned/PogChamp", `{"value":-1}`, nil); status != http.StatusUnprocessableEntity {
		t.Errorf("a rated emote: %d", status)
	}
	if status := put(root, `{"value":0.5}`); status != http.StatusOK {
		t.Errorf("an administrator: %d", status)
	}
	if status := put(ann, `{"value":-1}`); status != http.StatusConflict {
		t.Errorf("what an administrator set: %d", status)
	}
	ann.ask("GET", "/api/channels/alpha/learned", "", &list)
	if !list.MayChange || list.Emotes[0].State != "corrected" || list.Emotes[0].Value != 0.5 {
		t.Errorf("learned %+v", list)
	}

	// Who is first may say so for all messages of a text, and over what strangers said.
	if status := ann.ask("POST", path, fmt.Sprintf(`{"message_id":%q,"label":"neutral"}`, praised.ID), &made); status != http.StatusCreated || !made.ForAll {
		t.Errorf("the owner corrects: %d, %+v", status, made)
	}
	if status := bob.ask("POST", path, body, nil); status != http.StatusConflict {
		t.Errorf("a stranger corrects what the owner did: %d", status)
	}
	s.say(sim, "alpha", praised.X)
	if got := s.find("alpha", praised.X); got.L != "u" {
		t.Errorf("the owner's word did not count for the next message: %+v", got)
	}

	// Kept and exported: each their own, administrators all.
	export := func(m *member, format string) []string {
		t.Helper()
		return m.lines("/api/corrections/export?format=" + format)
	}
	if own := export(bob, "ndjson"); len(own) != 1 || !strings.Contains(own[0], made.Correction.Hash) || !strings.Contains(own[0], `"label":"negative"`) {
		t.Errorf("one's own labels: %q", own)
	}
	if all := export(root, "tsv"); len(all) != 2 || strings.Count(all[0], "\t") != 3 {
		t.Errorf("all labels: %q", all)
	}
	var corrections struct {
		Corrections []struct{ Kind, Subject string } `json:"corrections"`
	}
	ann.ask("GET", "/api/corrections", "", &corrections)
	if len(corrections.Corrections) != 2 {
		t.Errorf("one's own corrections: %+v", corrections)
	}
	if status := bob.ask("GET", "/api/corrections?everyone=true", "", nil); status != http.StatusForbidden {
		t.Errorf("others' corrections: %d", status)
	}

	for m, want := range map[*member]int{ann: 2, bob: 1, root: 1} {
		if mine := exportedCorrections(t, m); len(mine) != want {
			t.Errorf("the export of all that is kept has the corrections %+v, want %d", mine, want)
		}
	}

	// Over a restart the session goes on as corrected, and over its end the channel as taught.
	counts := s.snapshot("alpha").Counts
	s.stop()
	s = serveWith(t, sim, env)
	ann.s, bob.s, root.s = s, s, s
	s.eventually("the analysis goes on", func() bool { return s.get("/api/channels/alpha", nil) == http.StatusOK })
	if after := s.snapshot("alpha").Counts; after != counts {
		t.Errorf("counts after a restart are %+v, were %+v", after, counts)
	}
	var undone struct {
		Restored bool `json:"restored"`
	}
	if status := bob.ask("DELETE", path+"/"+praised.ID, "", &undone); status != http.StatusOK || undone.Restored {
		t.Errorf("withdrawing after a restart: %d, %+v", status, undone)
	}
	if status := bob.ask("DELETE", path+"/"+praised.ID, "", nil); status != http.StatusNotFound {
		t.Errorf("withdrawing again: %d", status)
	}
	for _, m := range []*member{ann, bob} {
		if status := m.ask("POST", "/api/twitch/disconnect", `{"channel":"alpha"}`, nil); status != http.StatusOK {
			t.Fatalf("disconnect: %d", status)
		}
	}
	list = learnedList{}
	s.get("/api/channels/alpha/learned", &list)
	if list.Running || len(list.Emotes) != 1 || list.Emotes[0].State != "corrected" {
		t.Errorf("after the session's end %+v", list)
	}
	if status := put(root, `{"value":0.5}`); status != http.StatusNotFound {
		t.Errorf("teaching a channel that nobody analyses: %d", status)
	}
	if there, none := sentimentOf(t, root, "alpha", "zorpQux"), sentimentOf(t, root, "beta", "zorpQux"); there <= none {
		t.Errorf("after its end the channel's emote is judged %v, as in any other: %v", there, none)
	}
}

// lines reads a text answer.
func (m *member) lines(path string) []string {
	m.s.t.Helper()
	req, err := http.NewRequestWithContext(m.s.t.Context(), http.MethodGet, m.s.app.URL()+path, nil)
	if err != nil {
		m.s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+m.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		m.s.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		m.s.t.Fatalf("%s: %d, %v", path, res.StatusCode, err)
	}
	return strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' })
}

// exportedCorrections are those in what a member exports of their account.
func exportedCorrections(t *testing.T, m *member) (list []httpapi.MadeCorrection) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.s.app.URL()+"/api/user/export", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+m.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("the export: %d, %v", res.StatusCode, err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	file, err := z.Open("corrections.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := json.NewDecoder(file).Decode(&list); err != nil {
		t.Fatal(err)
	}
	return list
}

func sentimentOf(t *testing.T, m *member, channel, text string) float64 {
	t.Helper()
	var got struct {
		Results []struct {
			Score float64 `json:"score"`
		} `json:"results"`
	}
	body, err := json.Marshal(map[string]string{"text": text, "channel": channel})
	if err != nil {
		t.Fatal(err)
	}
	if status := m.ask("POST", "/api/sentiment", string(body), &got); status != http.StatusOK || len(got.Results) != 1 {
		t.Fatalf("sentiment: %d", status)
	}
	return got.Results[0].Score
}

// makeAdmin makes a member an administrator; the server does not run.
func makeAdmin(t *testing.T, dir, name string) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	u, err := store.Accounts().UserByEmail(t.Context(), name+"@example.org")
	if err != nil {
		t.Fatal(err)
	}
	u.Role = account.RoleAdmin
	if err := store.Accounts().UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

// Two servers share a channel: what is corrected at one is done at the one that
// has it and seen by the viewers of both; when that one goes, the other goes on
// with what the channel taught.
func TestLessonsOfTwoNodesOnMongoDB(t *testing.T) {
	uri := mongoURI(t)
	name := mongoDatabase(t, uri, "lessons")
	bus, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	bus.Start()
	t.Cleanup(func() { bus.Shutdown(); bus.WaitForShutdown() })
	if !bus.ReadyForConnections(20 * time.Second) {
		t.Fatal("NATS is not ready")
	}
	mongoMember(t, uri, name, "root")
	sim := twitch(t, twitchsim.Config{})
	var nodes [2]*server
	for i := range nodes {
		nodes[i] = serveWith(t, sim, map[string]string{
			"DATA_DIR": t.TempDir(), "MONGO_URI": uri, "MONGO_DBNAME": name, "NATS_URL": bus.ClientURL(), "SECRET_KEY": strings.Repeat("k3y!", 10), "GUESTS": "watch",
		})
	}
	root := nodes[0].signIn("root")
	nodes[0].eventually("the channel is analysed", func() bool {
		return root.ask("POST", "/api/twitch/connect", `{"url":"alpha"}`, nil) == http.StatusOK
	})
	lines := make([]string, 30)
	for i := range lines {
		lines[i] = zorp
	}
	nodes[0].say(sim, "alpha", lines...)
	nodes[0].say(sim, "alpha", "this is great PogChamp")
	praised := nodes[1].find("alpha", "this is great PogChamp")
	var waits [2]func(string, func(json.RawMessage) bool)
	for i, s := range nodes {
		_, waits[i] = s.listen("alpha")
		waits[i]("hello", whatever)
	}
	for i, s := range nodes { // one of them has the channel, the other asks it
		root.s = s
		label := []string{"negative", "neutral"}[i]
		body := fmt.Sprintf(`{"message_id":%q,"label":%q}`, praised.ID, label)
		if status := root.ask("POST", "/api/channels/alpha/corrections", body, nil); status != http.StatusCreated {
			t.Errorf("correcting at node %d: %d", i, status)
		}
		for _, wait := range waits {
			wait("relabel", func(data json.RawMessage) bool { return strings.Contains(string(data), praised.ID) })
		}
		if status := root.ask("PUT", "/api/channels/alpha/learned/"+url.PathEscape("blimWex"), fmt.Sprintf(`{"value":%v}`, []float64{-0.5, -0.9}[i]), nil); status != http.StatusOK {
			t.Errorf("teaching at node %d: %d", i, status)
		}
	}
	var list learnedList
	for i, s := range nodes {
		s.get("/api/channels/alpha/learned", &list)
		if len(list.Emotes) != 2 {
			t.Errorf("node %d tells %+v", i, list)
		}
		root.s = s
		if a, b := sentimentOf(t, root, "alpha", "blimWex"), sentimentOf(t, root, "", "blimWex"); a >= b {
			t.Errorf("node %d judges %v with the channel and %v without", i, a, b)
		}
	}
	// The one that has it goes; whichever that is, the other goes on.
	gone, stays := nodes[0], nodes[1]
	if !owns(nodes[0]) {
		gone, stays = stays, gone
	}
	gone.stop()
	stays.eventually("the other has it", func() bool {
		list = learnedList{}
		stays.get("/api/channels/alpha/learned", &list)
		return list.Running && len(list.Emotes) == 2
	})
	for _, e := range list.Emotes {
		if e.Emote == "zorpQux" && (e.State != "learnt" || e.People < 20) || e.Emote == "blimWex" && (e.State != "corrected" || e.Value != -0.9) {
			t.Errorf("the other node has %+v", e)
		}
	}
}

// owns reports whether a server analyses a channel itself, of which there is one.
func owns(s *server) bool {
	_, body := s.text("/metrics")
	return strings.Contains(body, "\nchatmood_analyses 1\n")
}

// mongoMember adds an administrator to a database of servers that do not run.
func mongoMember(t *testing.T, uri, database, name string) {
	t.Helper()
	store, err := mongostore.Open(t.Context(), mongostore.Config{URI: uri, Database: database})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	hasher, err := account.NewHasher(4, 0)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := hasher.Hash(t.Context(), testPassword)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	if err := store.Accounts().CreateUser(t.Context(), &account.User{
		ID: account.NewID(now), Email: name + "@example.org", FirstName: name, LastName: "Vale", PasswordHash: hash,
		Role: account.RoleAdmin, Status: account.StatusActive, CreatedAt: now, UpdatedAt: now,
	}); err != nil {
		t.Fatal(err)
	}
}
