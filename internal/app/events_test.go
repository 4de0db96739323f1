package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"chatmood/internal/twitchsim"
)

// events reads the messages of an event stream until there are n, and returns
// their texts and the id to go on with.
func events(t *testing.T, url, since string, n int) (texts []string, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if since != "" {
		req.Header.Set("Last-Event-ID", since)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	next := ""
	for len(texts) < n && lines.Scan() {
		line := lines.Text()
		if given, ok := strings.CutPrefix(line, "id: "); ok {
			next = given
			continue
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var frame struct {
			Type string
			Data struct{ Message string }
		}
		if err := json.Unmarshal([]byte(data), &frame); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if frame.Type == "message" {
			texts, id = append(texts, frame.Data.Message), next
		}
	}
	if len(texts) < n {
		t.Fatalf("the stream ended after %q: %v", texts, lines.Err())
	}
	return texts, id
}

func TestEventStreamGoesOnWhereItWas(t *testing.T) {
	sim := twitch(t, twitchsim.Config{})
	s := serve(t, sim, t.TempDir())
	s.connect(sim, "alpha")
	say := func(texts ...string) {
		t.Helper()
		for _, text := range texts {
			if _, err := sim.Say("alpha", "anna", text); err != nil {
				t.Fatal(err)
			}
		}
	}
	say("one", "two")
	url := s.app.URL() + "/api/sse/chat/alpha"
	first, id := events(t, url, "", 2)
	if strings.Join(first, " ") != "one two" || id == "" {
		t.Fatalf("the stream begins with %q, id %q", first, id)
	}
	say("three", "four")
	if missed, _ := events(t, url, id, 2); strings.Join(missed, " ") != "three four" {
		t.Errorf("after a lost connection come %q, want what was missed and nothing twice", missed)
	}
	if again, _ := events(t, url+"?since="+id, "", 2); strings.Join(again, " ") != "three four" {
		t.Errorf("with ?since= come %q", again)
	}
	if all, _ := events(t, url, "", 4); strings.Join(all, " ") != "one two three four" {
		t.Errorf("a new stream begins with %q", all)
	}
}
