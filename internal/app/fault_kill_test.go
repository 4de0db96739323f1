package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"chatmood/internal/twitchsim"
)

// A server that is killed while analyses are being saved has none of them half:
// what was acknowledged is there, and the figures of each entry are those of its
// report.
func TestKilledWhileSaving(t *testing.T) { killedWhileSaving(t, nil) }

// The same where they are kept in MongoDB.
func TestKilledWhileSavingOnMongoDB(t *testing.T) {
	uri := mongoURI(t)
	name := mongoDatabase(t, uri, "kill")
	killedWhileSaving(t, map[string]string{"MONGO_URI": uri, "MONGO_DBNAME": name})
}

func killedWhileSaving(t *testing.T, more map[string]string) {
	t.Helper()
	sim := twitch(t, twitchsim.Config{})
	env := childEnv(t, sim, more)
	p := spawn(t, env)
	admin := administrator(t, p.URL, p.Setup)
	admin.call(http.MethodPost, "/api/twitch/connect", object{"url": "https://www.twitch.tv/alpha"}, http.StatusOK)
	const rounds = 3
	acknowledged := map[string]string{} // channel by id
	for round := range rounds {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		err := sim.WaitReaders(ctx, "alpha", 1)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			busy = make(chan struct{}, 1000)
			done = make(chan struct{})
		)
		save := func(channel string) bool {
			a, err := admin.ask(http.MethodPost, "/api/history/save", object{
				"streamer_name": channel, "total_chats": 5, "sentiment_count": object{"positive": 5}, "top_positive": []any{}, "top_negative": []any{}, "top_neutral": []any{},
			})
			if err != nil {
				return false // the server is dead
			}
			var got struct {
				ID string `json:"history_id"`
			}
			if err := json.Unmarshal(a.body, &got); err != nil || a.status != http.StatusOK || got.ID == "" {
				t.Errorf("saving %s: %d %s", channel, a.status, a.body)
				return false
			}
			mu.Lock()
			acknowledged[got.ID] = channel
			mu.Unlock()
			select {
			case busy <- struct{}{}:
			default:
			}
			return true
		}
		wg.Go(func() {
			for save("alpha") { // the running analysis, with its report, again and again
			}
		})
		wg.Go(func() {
			for i := 0; save(fmt.Sprintf("claimed_%d_%d", round, i)); i++ {
			}
		})
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				if _, err := sim.Say("alpha", fmt.Sprint("viewer_", i%9), fmt.Sprint("again a message, number ", i)); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(time.Millisecond) // the pace of the chat
			}
		})
		for range 20 + 7*round { // somewhere in the middle of it
			select {
			case <-busy:
			case <-time.After(patience):
				t.Fatal("nothing is saved any more")
			}
		}
		p.kill()
		close(done)
		wg.Wait()
		p = spawn(t, env)
		admin.url = p.URL
		admin.ready()
	}
	there := map[string]bool{}
	reports := 0
	for _, e := range admin.saved() {
		there[e.ID] = true
		if e.Origin == "client" {
			if e.Total != 5 {
				t.Errorf("entry %s of %s has %d messages", e.ID, e.Channel, e.Total)
			}
			continue
		}
		reports++
		var data struct {
			Snapshot struct {
				Channel string
				Counts  struct{ Total int }
			}
		}
		a := admin.call(http.MethodGet, "/api/history/"+e.ID+"/data", nil, http.StatusOK)
		if err := json.Unmarshal(a.body, &data); err != nil {
			t.Fatalf("the report of %s: %v", e.ID, err)
		}
		if s := data.Snapshot; s.Channel != e.Channel || s.Counts.Total != e.Total {
			t.Errorf("entry %s tells of %d messages in %s, its report of %d in %s", e.ID, e.Total, e.Channel, s.Counts.Total, s.Channel)
		}
	}
	for id, channel := range acknowledged {
		if !there[id] {
			t.Errorf("the analysis of %s was saved as %s and is gone", channel, id)
		}
	}
	// An analysis that was killed before it was stored for the first time begins
	// anew, as another.
	if reports < 1 || reports > rounds || len(acknowledged) < 2*rounds {
		t.Errorf("%d entries with reports in %d rounds, %d acknowledged", reports, rounds, len(acknowledged))
	}
}
