package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"testing"
	"time"

	"chatmood/internal/analysis"
	store "chatmood/internal/store/mongo"
	"chatmood/internal/twitchsim"
)

// TestNodesStopWithDiscard lets somebody whose analyses are saved by themselves stop
// one and discard it. Its server is killed with kill -9 right after it has noted the
// stop, before the database hears of it: the other server ends the analysis, and
// saves nothing either.
func TestNodesStopWithDiscard(t *testing.T) {
	uri := mongoURI(t)
	database := mongoDatabase(t, uri, "discard")
	sim := twitch(t, twitchsim.Config{})
	wires := oneNATS(t)
	var nodes [2]*spawned
	var cables [2]*proxy
	for i := range nodes {
		cables[i] = newProxy(t, mongoHost(t, uri))
		nodes[i] = spawn(t, childEnv(t, sim, map[string]string{
			"MONGO_URI": throughProxy(t, uri, cables[i].addr()), "MONGO_DBNAME": database, "NATS_URL": wires.url(wires.addrs[0]), "MAIL": "off",
		}))
	}
	kept, err := store.Open(t.Context(), store.Config{URI: uri, Database: database})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	p := administrator(t, nodes[1].URL, nodes[1].Setup)
	p.call(http.MethodPut, "/api/user/preferences", object{"auto_save": true}, http.StatusOK)
	begin := func(channel string) {
		t.Helper()
		p.eventually(channel+" is analysed", func() bool {
			a, err := p.ask(http.MethodPost, "/api/twitch/connect", object{"url": channel})
			return err == nil && a.status == http.StatusOK
		})
		if err := sim.WaitReaders(t.Context(), channel, 1); err != nil {
			t.Fatal(err)
		}
		const n = 20
		for i := range n {
			if _, err := sim.Say(channel, fmt.Sprint("viewer_", i), fmt.Sprint("message number ", i)); err != nil {
				t.Fatal(err)
			}
		}
		p.eventually("it is stored", func() bool {
			cps, err := kept.RunningSessions(t.Context())
			if err != nil || len(cps) != 1 {
				return false
			}
			s, err := analysis.Restore(cps[0].Parts, analysis.Options{})
			return err == nil && s.Counts().Total == n
		})
	}
	holders := func(channel string) int {
		t.Helper()
		list, err := kept.Holds().HoldsOn(t.Context(), channel)
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}

	begin("kept")
	p.call(http.MethodPost, "/api/twitch/disconnect", object{"channel": "kept"}, http.StatusOK)
	p.eventually("an analysis that is stopped is saved", func() bool { return len(p.saved()) == 1 })

	begin("discarded")
	held := func(data []byte) bool {
		return bytes.Contains(data, []byte("delete\x00")) && bytes.Contains(data, []byte("chatmood_holds\x00"))
	}
	sprung := [2]<-chan struct{}{cables[0].cutAt(held), cables[1].cutAt(held)}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		_, _ = p.ask(http.MethodPost, "/api/twitch/disconnect", object{"channel": "discarded", "discard": true}) // its server dies
	}()
	var left int
	select {
	case <-sprung[0]:
		nodes[0].kill()
		left = 1
	case <-sprung[1]:
		nodes[1].kill()
		left = 0
	case <-time.After(patience):
		t.Fatal("the stop does not reach the database")
	}
	cables[left].cutAt(func([]byte) bool { return false })
	if holders("discarded") != 1 {
		t.Fatal("the database has heard of the stop")
	}
	<-answered
	p.url = nodes[left].URL
	p.eventually("the other server ends it", func() bool {
		sessions, err := kept.Sessions(t.Context(), analysis.SessionQuery{Channel: "discarded"})
		return err == nil && len(sessions) == 1 && holders("discarded") == 0
	})
	if running, err := kept.Running(t.Context()); err != nil || len(running) > 0 {
		t.Errorf("running %v, %v", running, err)
	}
	// The holders of what others ended are settled with in the order of the channels.
	begin("later")
	p.call(http.MethodPost, "/api/twitch/disconnect", object{"channel": "later"}, http.StatusOK)
	p.eventually("a later one is saved", func() bool { return len(p.saved()) == 2 })
	for _, e := range p.saved() {
		if e.Channel == "discarded" {
			t.Errorf("what was discarded was saved: %+v", e)
		}
	}
}
