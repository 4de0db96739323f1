package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

const (
	testKey  = "a key for tests of at least thirty-two bytes"
	password = "Tangerine7! boat"
)

type object = map[string]any

// person uses a server through its API.
type person struct {
	t       *testing.T
	url     string
	token   string // empty: not signed in
	refresh string
	client  *http.Client
}

// patience bounds each request: an answer that takes longer counts as none.
const patience = 30 * time.Second

func visitor(t *testing.T, url string) *person {
	transport := &http.Transport{DisableKeepAlives: true}
	return &person{t: t, url: url, client: &http.Client{Timeout: patience, Transport: transport}}
}

var callers atomic.Uint32

// ask sends a request from an address of its own, as a trusted proxy says.
func (p *person) ask(method, path string, body any) (*answer, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(context.Background(), method, p.url+path, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	n := callers.Add(1)
	req.Header.Set("X-Forwarded-For", fmt.Sprintf("198.18.%d.%d", n>>8&255, n&255))
	req.Header.Set("Content-Type", "application/json")
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	res, err := p.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	a := &answer{status: res.StatusCode, header: res.Header}
	a.body, err = io.ReadAll(res.Body)
	return a, err
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

// call sends a request that must be answered, with one of the statuses if any
// are given.
func (p *person) call(method, path string, body any, statuses ...int) *answer {
	p.t.Helper()
	a, err := p.ask(method, path, body)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	for _, s := range statuses {
		if a.status == s {
			return a
		}
	}
	if len(statuses) > 0 {
		p.t.Fatalf("%s %s: %d %s, want %d", method, path, a.status, a.body, statuses)
	}
	return a
}

// get reads into what the answer is to fill, or fails the test.
func (p *person) get(path string, into any) {
	p.t.Helper()
	a := p.call(http.MethodGet, path, nil, http.StatusOK)
	if err := json.Unmarshal(a.body, into); err != nil {
		p.t.Fatalf("GET %s: %v in %s", path, err, a.body)
	}
}

// signIn returns the person with tokens.
func (p *person) signIn(email string) *person {
	p.t.Helper()
	p.take(p.call(http.MethodPost, "/api/login", object{"email": email, "password": password}, http.StatusOK))
	return p
}

// take keeps the tokens of an answer.
func (p *person) take(a *answer) {
	p.t.Helper()
	var got struct {
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
	}
	if err := json.Unmarshal(a.body, &got); err != nil || got.AccessToken == "" {
		p.t.Fatalf("signing in: %v in %s", err, a.body)
	}
	p.token, p.refresh = got.AccessToken, got.RefreshToken
}

const adminEmail = "root@example.org"

// administrator is made by the set-up link of a server that has none yet, and signed in.
func administrator(t *testing.T, url, setup string) *person {
	t.Helper()
	p := visitor(t, url)
	p.ready()
	token := setup[strings.LastIndex(setup, "/")+1:]
	p.call(http.MethodPost, "/api/setup", object{"token": token, "email": adminEmail, "password": password, "first_name": "Ada", "last_name": "Root"}, http.StatusOK)
	return p.signIn(adminEmail)
}

// ready waits until the server takes requests.
func (p *person) ready() {
	p.t.Helper()
	p.eventually("the server takes requests", func() bool {
		a, err := p.ask(http.MethodGet, "/health/ready", nil)
		return err == nil && a.status == http.StatusOK
	})
}

// eventually waits as long as a busy machine may need.
func (p *person) eventually(what string, ok func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			p.t.Fatalf("waited in vain for: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// total is how many messages an analysis has counted.
func (p *person) total(channel string) int {
	p.t.Helper()
	var snapshot struct{ Counts struct{ Total int } }
	p.get("/api/channels/"+channel, &snapshot)
	return snapshot.Counts.Total
}

// saved lists what the person has saved.
func (p *person) saved() (list []struct {
	ID      string `json:"_id"`
	Channel string `json:"streamer_name"`
	Total   int    `json:"total_chats"`
	Report  bool   `json:"has_report"`
	Origin  string `json:"origin"`
},
) {
	p.t.Helper()
	p.get("/api/history", &list)
	return list
}

// logged counts entries of the activity log.
func (p *person) logged(activity, details string) (n int) {
	p.t.Helper()
	var page struct {
		Logs []struct{ Activity, Details string }
	}
	p.get("/api/admin/logs?limit=100", &page)
	for _, l := range page.Logs {
		if l.Activity == activity && strings.Contains(l.Details, details) {
			n++
		}
	}
	return n
}

// socket is a viewer that counts what it sees.
type socket struct {
	seen   atomic.Int64
	closed chan websocket.StatusCode // gets how it ended
}

// watch opens a WebSocket and counts messages until it ends.
func (p *person) watch(channel string) *socket {
	p.t.Helper()
	opts := &websocket.DialOptions{Subprotocols: []string{"chatmood.v1"}, HTTPHeader: http.Header{"Authorization": {"Bearer " + p.token}}}
	conn, res, err := websocket.Dial(p.t.Context(), strings.Replace(p.url, "http", "ws", 1)+"/ws/chat/"+channel, opts)
	if err != nil {
		p.t.Fatalf("watching %s: %v, %+v", channel, err, res)
	}
	conn.SetReadLimit(8 << 20)
	s := &socket{closed: make(chan websocket.StatusCode, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	done, greeted := make(chan struct{}), make(chan struct{})
	greet := sync.OnceFunc(func() { close(greeted) })
	go func() {
		defer close(done)
		defer conn.CloseNow()
		defer greet()
		for {
			_, data, err := conn.Read(ctx)
			if err != nil {
				s.closed <- websocket.CloseStatus(err)
				return
			}
			var f struct{ M, Recent []struct{ ID string } }
			if err := json.Unmarshal(data, &f); err != nil {
				p.t.Errorf("frame %s: %v", data, err)
				return
			}
			s.seen.Add(int64(len(f.M) + len(f.Recent)))
			greet()
		}
	}()
	p.t.Cleanup(func() {
		cancel()
		<-done
	})
	// The first frame holds the latest messages only: who speaks before it comes may speak unseen.
	select {
	case <-greeted:
	case <-time.After(patience):
		p.t.Fatalf("watching %s: no frame within %v", channel, patience)
	}
	return s
}
