package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"chatmood/internal/twitchsim"
)

// A server that is killed has lost nothing of what a person said an emote means,
// and of what the chat taught at most what it had not stored yet: here it is
// killed after that is stored, and goes on from there.
func TestKilledWhileLearning(t *testing.T) {
	sim := twitch(t, twitchsim.Config{})
	env := childEnv(t, sim, nil)
	p := spawn(t, env)
	admin := administrator(t, p.URL, p.Setup)
	admin.call(http.MethodPost, "/api/twitch/connect", object{"url": "alpha"}, http.StatusOK)
	joined := func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := sim.WaitReaders(ctx, "alpha", 1); err != nil {
			t.Fatal(err)
		}
	}
	joined()
	for i := range 30 {
		for _, text := range []string{"what a great play zorpQux love it", "what a terrible play zorpWex hate it"} {
			if _, err := sim.Say("alpha", fmt.Sprint("viewer_", i), text); err != nil {
				t.Fatal(err)
			}
		}
	}
	type emote struct {
		Emote    string    `json:"emote"`
		Value    float64   `json:"value"`
		Evidence float64   `json:"evidence"`
		People   int       `json:"people"`
		State    string    `json:"state"`
		Frozen   bool      `json:"frozen"`
		Seen     time.Time `json:"seen"`
	}
	learned := func() map[string]emote {
		t.Helper()
		var list struct{ Emotes []emote }
		admin.get("/api/channels/alpha/learned", &list)
		known := map[string]emote{}
		for _, e := range list.Emotes {
			known[e.Emote] = e
		}
		return known
	}
	admin.eventually("all 60 messages are counted", func() bool { return admin.total("alpha") >= 60 })
	// A person's word is stored before it is answered, and all that was heard with it.
	var set emote
	a := admin.call(http.MethodPut, "/api/channels/alpha/learned/zorpWex", object{"value": 0.5, "frozen": true}, http.StatusOK)
	if err := json.Unmarshal(a.body, &set); err != nil {
		t.Fatal(err)
	}
	before := learned()
	if e := before["zorpQux"]; e.State != "learnt" || e.Value <= 0.1 || e.People < 20 {
		t.Fatalf("taught by 30 people: %+v", before)
	}
	p.kill()

	p = spawn(t, env)
	admin.url = p.URL
	admin.ready()
	admin.eventually("the analysis goes on", func() bool {
		a, err := admin.ask(http.MethodGet, "/api/channels/alpha", nil)
		return err == nil && a.status == http.StatusOK
	})
	after := learned()
	if e := after["zorpWex"]; e.State != "corrected" || e.Value != 0.5 || !e.Frozen {
		t.Errorf("what a person said is %+v after the kill, was %+v", e, set)
	}
	if e, was := after["zorpQux"], before["zorpQux"]; e.State != "learnt" || e.People != was.People || e.Value < was.Value-0.01 || e.Value > was.Value+0.01 {
		t.Errorf("after the kill the chat's is %+v, was %+v", e, was)
	}
	// Whom it has heard it knows still: the same people teach a tenth.
	joined()
	for i := range 30 {
		if _, err := sim.Say("alpha", fmt.Sprint("viewer_", i), "what a terrible play zorpQux hate it"); err != nil {
			t.Fatal(err)
		}
	}
	admin.eventually("they are heard", func() bool { return learned()["zorpQux"].Evidence > after["zorpQux"].Evidence+1 })
	if e := learned()["zorpQux"]; e.Value <= 0 || e.People != after["zorpQux"].People {
		t.Errorf("the same people turned %+v into %+v", after["zorpQux"], e)
	}
	// All of it stays so when the server ends in order.
	p.stop()
}
