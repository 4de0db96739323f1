package app_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chatmood/internal/app"
	"chatmood/internal/twitchsim"
)

// outageVariable is how long the database stays away in these tests, such as
// 60s; seconds unless it is set.
const outageVariable = "CHATMOOD_TEST_OUTAGE"

func outageLength(t *testing.T, short time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv(outageVariable)
	if text == "" {
		return short
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s: %v", outageVariable, err)
	}
	return d
}

// cable is a TCP proxy that can be cut.
type cable struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	away  bool
	conns map[net.Conn]bool
	wg    sync.WaitGroup
}

func lay(t *testing.T, server string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{listener: l, server: server, conns: map[net.Conn]bool{}}
	c.wg.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			c.wg.Go(func() { c.serve(near) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		c.cut(true)
		c.wg.Wait()
	})
	return c
}

func (c *cable) serve(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", c.server)
	if err != nil {
		return
	}
	defer far.Close()
	c.mu.Lock()
	if c.away {
		c.mu.Unlock()
		return
	}
	c.conns[near], c.conns[far] = true, true
	c.mu.Unlock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(far, near)
		far.Close()
	}()
	_, _ = io.Copy(near, far)
	near.Close()
	<-done
	c.mu.Lock()
	delete(c.conns, near)
	delete(c.conns, far)
	c.mu.Unlock()
}

// cut ends all connections and takes no others, until it is called with false.
func (c *cable) cut(away bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away = away; away {
		for conn := range c.conns {
			conn.Close()
		}
	}
}

// outage is a database that goes away under load.
type outage struct {
	sim     *twitchsim.Server
	admin   *person
	begin   func()
	end     func()
	restart func() (url string)
	length  time.Duration
}

// run takes the database away while people use the server and chat goes on, and
// checks that nobody is let down and nothing is lost.
func (o outage) run(t *testing.T) {
	t.Helper()
	admin := o.admin
	admin.call(http.MethodPut, "/api/user/preferences", object{"auto_save": true}, http.StatusOK)
	for _, channel := range []string{"alpha", "beta"} {
		admin.call(http.MethodPost, "/api/twitch/connect", object{"url": "https://www.twitch.tv/" + channel}, http.StatusOK)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		err := o.sim.WaitReaders(ctx, channel, 1)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
	}
	viewer := admin.watch("alpha")
	said := map[string]int{}
	say := func(channel string, n int) {
		t.Helper()
		for range n {
			if _, err := o.sim.Say(channel, fmt.Sprint("viewer_", said[channel]%7), fmt.Sprint("this is message number ", said[channel])); err != nil {
				t.Fatal(err)
			}
			said[channel]++
		}
	}
	say("alpha", 200)
	say("beta", 150)
	for channel, n := range said {
		admin.eventually("what was said before is counted", func() bool { return admin.total(channel) == n })
	}

	o.begin()
	load := o.load(t)
	stopped := time.Now().Add(o.length)
	for time.Now().Before(stopped) {
		// The one of beta comes first: both are read from one connection, so what the
		// viewer sees of alpha proves that beta is counted.
		say("beta", 1)
		say("alpha", 5)
		time.Sleep(20 * time.Millisecond) // the pace of the chat
	}
	health := func() string {
		a, err := admin.ask(http.MethodGet, "/health", nil)
		if err != nil {
			return err.Error()
		}
		return string(a.body)
	}
	admin.eventually("the outage shows in /health", func() bool { return strings.Contains(health(), `"degraded"`) })
	defer func() {
		if t.Failed() {
			ended := "open"
			select {
			case code := <-viewer.closed:
				ended = fmt.Sprintf("closed with %d", code)
			default:
			}
			t.Logf("the viewer saw %d of %d messages and its socket is %s; health: %s", viewer.seen.Load(), said["alpha"], ended, health())
		}
	}()
	// Who is let in is known for seconds only; what is said is counted and shown all the same.
	admin.eventually("the viewer sees what is said during the outage", func() bool { return viewer.seen.Load() == int64(said["alpha"]) })
	left := admin.call(http.MethodPost, "/api/twitch/disconnect", object{"channel": "beta"}, http.StatusOK, http.StatusServiceUnavailable, http.StatusUnauthorized)
	counted := said["beta"]
	load.stop()
	t.Logf("in an outage of %v: answers %s; %d messages were said; leaving a channel was answered with %d", o.length, load, said["alpha"]+said["beta"], left.status)
	if load.refused.Load() == 0 {
		t.Error("nobody was refused: the database was not away")
	}

	o.end()
	admin.eventually("the server is healthy again", func() bool { return strings.Contains(health(), `"healthy"`) })
	select {
	case code := <-viewer.closed:
		t.Errorf("the viewer was sent away with %d", code)
	default:
	}
	if left.status != http.StatusOK {
		admin.call(http.MethodPost, "/api/twitch/disconnect", object{"channel": "beta"}, http.StatusOK)
	}
	admin.eventually("the analysis that ended is saved by itself, as a whole", func() bool {
		for _, e := range admin.saved() {
			if e.Channel == "beta" && e.Total == counted && e.Report {
				return true
			}
		}
		return false
	})
	admin.eventually("the log tells of it", func() bool {
		return admin.logged("Saved an Analysis", fmt.Sprintf("Channel: beta, Messages: %d", counted)) == 1
	})
	if n := admin.total("alpha"); n != said["alpha"] {
		t.Errorf("%d messages are counted, %d were said", n, said["alpha"])
	}
	admin.url = o.restart()
	admin.ready()
	admin.eventually("the analysis goes on after a restart", func() bool {
		a := admin.call(http.MethodGet, "/api/channels/alpha", nil)
		return a.status == http.StatusOK
	})
	if n := admin.total("alpha"); n != said["alpha"] {
		t.Errorf("after a restart %d messages are counted, %d were said", n, said["alpha"])
	}
}

// load is what people do meanwhile.
type load struct {
	stop    func()
	refused atomic.Int64 // answers with 503
	served  atomic.Int64 // other answers
	longest atomic.Int64 // nanoseconds
}

func (l *load) String() string {
	return fmt.Sprintf("%d, refused %d, the longest after %v", l.served.Load()+l.refused.Load(), l.refused.Load(), time.Duration(l.longest.Load()).Round(time.Millisecond))
}

func (o outage) load(t *testing.T) *load {
	l := &load{}
	asked := []struct {
		method, path string
		body         any
	}{
		{http.MethodGet, "/api/history", nil},
		{http.MethodPut, "/api/user/preferences", object{"auto_save": true}},
		{http.MethodPost, "/api/login", object{"email": "stranger@example.org", "password": password}},
		{http.MethodGet, "/api/admin/users", nil},
		{http.MethodGet, "/api/admin/logs", nil},
		{http.MethodPost, "/api/forgot-password", object{"email": "stranger@example.org"}},
		{http.MethodPost, "/api/history/save", object{"streamer_name": "gamma", "total_chats": 1, "sentiment_count": object{}, "top_positive": []any{}, "top_negative": []any{}, "top_neutral": []any{}}},
		{http.MethodPost, "/api/register", object{"email": "new@example.org", "password": password, "first_name": "N", "last_name": "Q"}},
		{http.MethodGet, "/api/sessions", nil},
	}
	var wg sync.WaitGroup
	done := make(chan struct{})
	for i := range asked {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				what := asked[i]
				began := time.Now()
				a, err := o.admin.ask(what.method, what.path, what.body)
				if took := int64(time.Since(began)); took > l.longest.Load() {
					l.longest.Store(took)
				}
				switch {
				case err != nil:
					t.Errorf("%s %s: no answer within %v: %v", what.method, what.path, patience, err)
					return
				case a.status == http.StatusServiceUnavailable:
					l.refused.Add(1)
					if n, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || n < 1 {
						t.Errorf("%s %s: 503 with Retry-After %q", what.method, what.path, a.header.Get("Retry-After"))
						return
					}
				case a.status >= http.StatusInternalServerError:
					t.Errorf("%s %s: %d %s", what.method, what.path, a.status, a.body)
					return
				default:
					l.served.Add(1)
				}
				time.Sleep(20 * time.Millisecond) // people read what they get
			}
		})
	}
	l.stop = sync.OnceFunc(func() {
		close(done)
		wg.Wait()
	})
	t.Cleanup(l.stop) // before the server goes, should the test fail
	return l
}

// The database goes away for a while and comes back.
func TestStoreAwayOnMongoDB(t *testing.T) {
	uri := mongoURI(t)
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "mongodb" || u.Port() == "" {
		t.Fatalf("the tests of faults need a %s of the form mongodb://host:port/ without TLS", mongoVariable)
	}
	name := mongoDatabase(t, uri, "away")
	proxy := lay(t, u.Host)
	u.Host = proxy.listener.Addr().String()
	if u.Path == "" {
		u.Path = "/"
	}
	q := u.Query()
	q.Del("replicaSet") // a direct connection takes the server as it is
	q.Set("directConnection", "true")
	length := outageLength(t, 4*time.Second)
	if length < 30*time.Second {
		q.Set("serverSelectionTimeoutMS", "700") // the 10 s that it is otherwise would outlast the outage
	}
	u.RawQuery = q.Encode()
	env := map[string]string{
		"DATA_DIR": t.TempDir(), "MONGO_URI": u.String(), "MONGO_DBNAME": name, "SECRET_KEY": testKey, "TRUSTED_PROXIES": "127.0.0.1/32",
	}
	sim := twitch(t, twitchsim.Config{})
	start := func() *server { return serveOptions(t, sim, env, app.Options{PasswordCost: 4}) }
	s := start()
	setup, err := s.app.SetupLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	outage{
		sim: sim, admin: administrator(t, s.app.URL(), setup), length: length,
		begin: func() { proxy.cut(true) },
		end:   func() { proxy.cut(false) },
		restart: func() string {
			s.stop()
			s = start()
			return s.app.URL()
		},
	}.run(t)
}

// childEnv is the configuration of a server in a process of its own.
func childEnv(t *testing.T, sim *twitchsim.Server, more map[string]string) map[string]string {
	env := map[string]string{"DATA_DIR": t.TempDir(), "TWITCH_IRC_URL": sim.URL(), "SECRET_KEY": testKey, "TRUSTED_PROXIES": "127.0.0.1/32", "LOG_LEVEL": "warn"}
	maps.Copy(env, more)
	return env
}
