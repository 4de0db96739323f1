package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"chatmood/internal/twitchsim"
)

const goodPassword = "Tangerine7! boat"

// signUp registers somebody by the mail in the folder and returns a token.
func (s *server) signUp(dir, email string) (token string) {
	s.t.Helper()
	if code := s.post("/api/register", `{"email":"`+email+`","password":"`+goodPassword+`","first_name":"Nora","last_name":"Quill"}`, nil); code != http.StatusOK {
		s.t.Fatalf("registering: %d", code)
	}
	var otp string
	s.eventually("a mail with a code", func() bool {
		files, err := filepath.Glob(filepath.Join(dir, "outbox", "*.eml"))
		if err != nil {
			s.t.Fatal(err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err == nil && strings.Contains(string(data), email) {
				otp = regexp.MustCompile(`(?m)^\d{6}\b|\b\d{6}\b`).FindString(string(data[strings.Index(string(data), "text/plain"):]))
			}
		}
		return otp != ""
	})
	if code := s.post("/api/verify-otp", `{"email":"`+email+`","otp":"`+otp+`"}`, nil); code != http.StatusOK {
		s.t.Fatalf("verifying with %q: %d", otp, code)
	}
	var in struct {
		AccessToken string `json:"access_token"`
	}
	if code := s.post("/api/login", `{"email":"`+email+`","password":"`+goodPassword+`"}`, &in); code != http.StatusOK {
		s.t.Fatalf("signing in: %d", code)
	}
	return in.AccessToken
}

// TestSignOutClosesSockets: what a sign-in opened ends with it.
func TestSignOutClosesSockets(t *testing.T) {
	dir := t.TempDir()
	s := serveWith(t, twitch(t, twitchsim.Config{}), map[string]string{"DATA_DIR": dir, "GUESTS": "none"})
	token := s.signUp(dir, "nora@example.org")
	call := func(method, path, body, bearer string) int {
		req, err := http.NewRequestWithContext(t.Context(), method, s.app.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+bearer)
		return s.do(req, nil)
	}
	// The server itself wants the channel: it goes on when she leaves.
	if err := s.app.Start(t.Context(), "alpha"); err != nil {
		t.Fatal(err)
	}
	address := strings.Replace(s.app.URL(), "http", "ws", 1) + "/ws/chat/alpha"
	dial := func(header http.Header) *websocket.Conn {
		conn, _, err := websocket.Dial(t.Context(), address, &websocket.DialOptions{HTTPHeader: header, Subprotocols: []string{"chatmood.v1"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.CloseNow() })
		return conn
	}
	hello := func(conn *websocket.Conn) {
		t.Helper()
		for {
			_, data, err := conn.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), `"hello"`) {
				return
			}
		}
	}
	sockets := map[string]*websocket.Conn{
		"by header": dial(http.Header{"Authorization": {"Bearer " + token}}),
		"by cookie": dial(http.Header{"Cookie": {"chatmood_token=" + token}}),
		"by frame":  dial(nil),
	}
	if err := sockets["by frame"].Write(t.Context(), websocket.MessageText, []byte(`{"type":"auth","token":"`+token+`"}`)); err != nil {
		t.Fatal(err)
	}
	for _, conn := range sockets {
		hello(conn)
	}
	events, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.app.URL()+"/api/sse/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	events.Header.Set("Authorization", "Bearer "+token)
	ended := make(chan int, 1)
	go func() { ended <- s.do(events, nil) }() // returns when the stream ends
	if code := call("POST", "/api/logout", "", token); code != http.StatusOK {
		t.Fatalf("signing out: %d", code)
	}
	for name, conn := range sockets {
		var err error
		for err == nil {
			_, _, err = conn.Read(t.Context())
		}
		if code := websocket.CloseStatus(err); code != 4401 {
			t.Errorf("%s: it ends with %v, want 4401", name, err)
		}
	}
	if code := <-ended; code != http.StatusOK && code != http.StatusUnauthorized {
		t.Errorf("the event stream: %d", code)
	}
}

// TestKeySurvives: development makes a key once, that only this user can read,
// so that people stay signed in over restarts.
func TestKeySurvives(t *testing.T) {
	dir := t.TempDir()
	sim := twitch(t, twitchsim.Config{})
	s := serveWith(t, sim, map[string]string{"DATA_DIR": dir, "GUESTS": "none"})
	link, err := s.app.SetupLink(t.Context())
	if err != nil || !strings.HasPrefix(link, s.app.URL()+"/setup/") {
		t.Fatalf("the link is %q, %v", link, err)
	}
	token := s.signUp(dir, "nora@example.org")
	s.stop()
	info, err := os.Stat(filepath.Join(dir, "secret.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v, %v", info, err)
	}
	s = serveWith(t, sim, map[string]string{"DATA_DIR": dir, "GUESTS": "none"})
	again, err := s.app.SetupLink(t.Context())
	if err != nil || again[strings.LastIndexByte(again, '/'):] != link[strings.LastIndexByte(link, '/'):] {
		t.Errorf("the link is %q after %q, %v", again, link, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.app.URL()+"/api/authenticate", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if code := s.do(req, nil); code != http.StatusOK {
		t.Errorf("after a restart: %d", code)
	}
}
