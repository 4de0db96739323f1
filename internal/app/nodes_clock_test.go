package app_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// skewedServer is the program with a clock that is wrong: in all of it, what
// it is made of included, [time.Now] is ahead by the seconds that clockVariable says. Only
// the time of day is: what measures how long things take runs on the clock that
// nobody sets. The standard library is compiled for that with one changed file.
func skewedServer(t *testing.T) (bin string) {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(strings.TrimSpace(string(out)), "src", "time", "time.go")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []struct{ from, to string }{
		{"	sec, nsec, mono := runtimeNow()\n", "	sec, nsec, mono := runtimeNow()\n	sec += testClock\n"},
		{"import (\n", "import (\n	\"syscall\"\n"},
	} {
		if bytes.Count(text, []byte(change.from)) != 1 {
			t.Fatalf("%s of this version of Go is not as this test expects: %q is not there once", name, change.from)
		}
		text = bytes.Replace(text, []byte(change.from), []byte(change.to), 1)
	}
	text = append(text, `
// testClock is how far the clock of the process is ahead, in seconds.
var testClock = func() (seconds int64) {
	text, _ := syscall.Getenv("`+clockVariable+`")
	sign := int64(1)
	for _, c := range []byte(text) {
		if c == '-' {
			sign = -1
			continue
		}
		seconds = seconds*10 + int64(c-'0')
	}
	return sign * seconds
}()
`...)
	dir := t.TempDir()
	changed, overlay := filepath.Join(dir, "time.go"), filepath.Join(dir, "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {name: changed}})
	if err == nil {
		err = errors.Join(os.WriteFile(changed, text, 0o600), os.WriteFile(overlay, list, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	return buildServer(t, "-overlay", overlay)
}

// TestNodesOnMongoDBWithWrongClocks runs three servers of which one has a clock that is a
// minute ahead and one a minute behind, and kills, stops and restarts each of them.
// Totals are checked as in TestNodesOnMongoDB; no gap is longer than what was lost,
// none is missing, and who signed in at one server is signed in at all.
func TestNodesOnMongoDBWithWrongClocks(t *testing.T) {
	uri := mongoURI(t)
	if os.Getenv("CHATMOOD_FAULT") == "" {
		t.Skip("SKIPPED: CHATMOOD_FAULT is not set; make fault runs this test")
	}
	const viewers = 30
	c := newCrowdOn(t, uri, 9, oneNATS(t), skewedServer(t), [3]time.Duration{0, time.Minute, -time.Minute})
	for _, n := range c.nodes {
		began := time.Now()
		s, ok := n.snapshot(c.channels[0])
		if owner := c.owner(c.channels[0]); ok && owner != nil {
			if off := s.At.Sub(began) - owner.ahead; off.Abs() > 20*time.Second {
				t.Fatalf("the clock of node %d is off by %v more than it should be", owner.index, off)
			}
		}
	}
	watched := c.watch(viewers)
	c.survivors(1)
	c.signedInEverywhere()
	lost := map[string]int{} // faults by channel
	count := func(n *process) {
		for _, channel := range n.owned() {
			lost[channel]++
		}
	}
	for _, n := range c.nodes {
		c.eventually("the node has channels", func() bool { return len(n.owned()) > 0 })
		count(n)
		c.faultOf("killed (kill -9) with clocks a minute apart", n, func(n *process) {
			n.kill()
			_ = n.cmd.Wait() // it was killed
			n.dead = true
		}, (*process).start)
	}
	for _, n := range c.nodes {
		c.eventually("the node has channels", func() bool { return len(n.owned()) > 0 })
		count(n)
		c.faultOf("stopped for 5s (SIGSTOP) with clocks a minute apart", n, func(n *process) { n.signal(syscall.SIGSTOP) }, func(n *process) {
			n.signal(syscall.SIGCONT)
			n.ready()
		}, 5*time.Second)
	}
	c.rolling()
	c.check()
	for _, channel := range c.channels {
		s, ok := c.nodes[0].snapshot(channel)
		if !ok {
			t.Errorf("%s is not known", channel)
			continue
		}
		var told time.Duration
		for _, g := range s.Gaps {
			length := g.To.Sub(g.From)
			if length <= 0 || length > 2*takeover { // two that follow at once are one
				t.Errorf("%s: a gap of %v: %+v", channel, length, g)
			}
			told += length
		}
		// Each takes two seconds and more to be noticed.
		if least := time.Duration(lost[channel]) * time.Second; told < least {
			t.Errorf("%s was lost %d times, and gaps of %v in all are told: %v", channel, lost[channel], told, s.Gaps)
		}
		if real := time.Since(c.sent[channel][0]); s.At.Before(s.StartedAt) || s.Duration < real.Seconds()-1 || s.Duration > real.Seconds()+60 {
			t.Errorf("%s runs for %.0f s, as it says; in truth for %.0f s and some", channel, s.Duration, real.Seconds())
		}
	}
	c.stopWatching()
	for i, result := range watched() {
		t.Logf("viewers of node %d: %d messages, %d connections, %d resumed, told of %d missed, %v", i, result.Deliveries, result.Connects, result.Resumed, result.Gaps, result.Closes)
		if result.Lost != 0 || result.Doubled != 0 || result.Deliveries == 0 || result.Closes["4404"] != 0 {
			t.Errorf("viewers of node %d: %d messages, %d lost and %d doubled without being told; %v, %v", i, result.Deliveries, result.Lost, result.Doubled, result.Closes, result.Errors)
		}
	}
}

var skewMetric = regexp.MustCompile(`(?m)^chatmood_clock_skew_seconds (\S+)$`)

// signedInEverywhere signs in at each node and uses the tokens at all.
func (c *crowd) signedInEverywhere() {
	c.t.Helper()
	var admin *person
	for _, n := range slices.Backward(c.nodes) { // the last one's link is the one that is good
		if _, link, ok := strings.Cut(n.log.all(), "/setup/"); ok {
			token := strings.FieldsFunc(link, func(r rune) bool { return r == ' ' || r == '\n' || r == '"' })[0]
			admin = administrator(c.t, n.url(""), "/"+token)
			break
		}
	}
	if admin == nil {
		c.t.Fatal("no node tells its set-up link")
	}
	c.eventually("the nodes know each other's clocks", func() bool {
		for _, n := range c.nodes {
			body, err := n.get("/metrics")
			m := skewMetric.FindSubmatch(body)
			if err != nil || m == nil {
				return false
			}
			if skew, err := strconv.ParseFloat(string(m[1]), 64); err != nil || skew < 59 {
				return false
			}
		}
		return true
	})
	for _, from := range c.nodes {
		p := visitor(c.t, from.url("")).signIn(adminEmail)
		for _, to := range c.nodes {
			p.url = to.url("")
			p.call(http.MethodGet, "/api/authenticate", nil, http.StatusOK)
			// Two tabs that refresh at once, at two servers.
			used := p.refresh
			p.url = from.url("")
			p.take(p.call(http.MethodPost, "/api/refresh-token", object{"refresh_token": used}, http.StatusOK))
			p.url = to.url("")
			p.call(http.MethodPost, "/api/refresh-token", object{"refresh_token": used}, http.StatusOK)
			p.call(http.MethodGet, "/api/authenticate", nil, http.StatusOK)
		}
	}
}
