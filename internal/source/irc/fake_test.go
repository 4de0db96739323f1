package irc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chatmood/internal/chat"
	"chatmood/internal/source"
)

// recorder is a handler that keeps what it is told, and fails the test when it
// is called twice at once for a channel.
type recorder struct {
	t       testing.TB
	mu      sync.Mutex
	inside  map[string]bool
	log     []string // everything, in order, as text
	events  map[string][]string
	status  map[string][]source.Status
	gaps    map[string][]source.Gap
	changed chan struct{} // closed and replaced at every call
}

var _ source.Handler = (*recorder)(nil)

func newRecorder(t testing.TB) *recorder {
	return &recorder{
		t: t, inside: map[string]bool{}, events: map[string][]string{}, status: map[string][]source.Status{},
		gaps: map[string][]source.Gap{}, changed: make(chan struct{}),
	}
}

func (r *recorder) call(channel string, f func()) {
	r.mu.Lock()
	if r.inside[channel] {
		r.t.Errorf("two calls at once for %s", channel)
	}
	r.inside[channel] = true
	r.mu.Unlock()
	r.mu.Lock()
	f()
	r.inside[channel] = false
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
}

func (r *recorder) HandleEvent(ev *chat.Event) {
	text := strings.Clone(ev.Message.Text)
	if ev.Kind != chat.KindMessage {
		text = ev.Kind.String()
	}
	r.call(ev.Channel, func() {
		r.events[ev.Channel] = append(r.events[ev.Channel], text)
		r.log = append(r.log, ev.Channel+": "+text)
	})
}

func (r *recorder) HandleStatus(channel string, st source.Status) {
	r.call(channel, func() {
		r.status[channel] = append(r.status[channel], st)
		r.log = append(r.log, channel+" is "+string(st.State)+" "+st.Code)
	})
}

func (r *recorder) HandleGap(channel string, g source.Gap) {
	r.call(channel, func() {
		r.gaps[channel] = append(r.gaps[channel], g)
		r.log = append(r.log, channel+" missed chat "+g.Reason)
	})
}

// state returns the last status as "state code".
func (r *recorder) state(channel string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.status[channel]
	if len(all) == 0 {
		return ""
	}
	return strings.TrimSpace(string(all[len(all)-1].State) + " " + all[len(all)-1].Code)
}

// reason returns the last reason for people.
func (r *recorder) reason(channel string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.status[channel]
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1].Reason
}

func (r *recorder) texts(channel string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events[channel])
}

func (r *recorder) gapsOf(channel string) []source.Gap {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.gaps[channel])
}

// wait returns when cond holds, which is looked at after every call.
func (r *recorder) wait(what string, cond func() bool) {
	r.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for {
		r.mu.Lock()
		changed := r.changed
		r.mu.Unlock()
		if cond() {
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			r.t.Fatalf("waited in vain until %s; seen: %q", what, r.log)
		}
	}
}

// session is one connection as a scripted server sees it.
type session struct {
	t     testing.TB
	conn  net.Conn
	n     int // how many came before
	mu    sync.Mutex
	lines []string // received
	times []time.Time
	nick  string
	// joinAnswer says what to send for a JOIN of a channel; nil is Twitch's
	// ordinary answer.
	joinAnswer func(s *session, channel string) string
	mute       bool            // answers nothing
	over       bool            // the connection ended
	joined     map[string]bool // kept by those tests that need it
}

// serve answers like Twitch until the connection ends.
func (s *session) serve() {
	defer func() {
		s.mu.Lock()
		s.over = true
		s.mu.Unlock()
	}()
	in := bufio.NewScanner(s.conn)
	for in.Scan() {
		line := strings.TrimSuffix(in.Text(), "\r")
		s.mu.Lock()
		s.lines = append(s.lines, line)
		s.times = append(s.times, time.Now())
		mute := s.mute
		s.mu.Unlock()
		if mute {
			continue
		}
		command, rest, _ := strings.Cut(line, " ")
		switch command {
		case "CAP":
			s.send(":tmi.twitch.tv CAP * ACK :twitch.tv/tags twitch.tv/commands")
		case "NICK":
			s.nick = rest
			s.send(":tmi.twitch.tv 001 " + rest + " :Welcome, GLHF!\r\n:tmi.twitch.tv 376 " + rest + " :>")
		case "PING":
			s.send(":tmi.twitch.tv PONG tmi.twitch.tv " + rest)
		case "JOIN":
			for c := range strings.SplitSeq(rest, ",") {
				c = strings.TrimPrefix(c, "#")
				if s.joinAnswer == nil {
					s.send(s.joinEcho(c))
				} else if a := s.joinAnswer(s, c); a != "" {
					s.send(a)
				}
			}
		case "PART":
			s.send(s.partEcho(strings.TrimPrefix(rest, "#")))
		}
	}
}

func (s *session) joinEcho(c string) string {
	return fmt.Sprintf(":%[1]s!%[1]s@%[1]s.tmi.twitch.tv JOIN #%[2]s\r\n:%[1]s.tmi.twitch.tv 366 %[1]s #%[2]s :End of /NAMES list\r\n@room-id=1;slow=0 :tmi.twitch.tv ROOMSTATE #%[2]s", s.nick, c)
}

func (s *session) partEcho(c string) string {
	return fmt.Sprintf(":%[1]s!%[1]s@%[1]s.tmi.twitch.tv PART #%[2]s", s.nick, c)
}

// send writes lines. That the reader hung up is no fault here.
func (s *session) send(lines string) { s.raw(lines + "\r\n") }

func (s *session) raw(bytes string) {
	if _, err := s.conn.Write([]byte(bytes)); err != nil {
		s.conn.Close()
	}
}

// say sends a chat message.
func (s *session) say(channel, id, text string) {
	s.send("@id=" + id + ";tmi-sent-ts=1767225600123 :v!v@v.tmi.twitch.tv PRIVMSG #" + channel + " :" + text)
}

// received returns the lines that begin with prefix, and when they came.
func (s *session) received(prefix string) (lines []string, times []time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, l := range s.lines {
		if strings.HasPrefix(l, prefix) {
			lines, times = append(lines, l), append(times, s.times[i])
		}
	}
	return lines, times
}

func (s *session) setMute() {
	s.mu.Lock()
	s.mute = true
	s.mu.Unlock()
}

// world is a reader that talks to scripted sessions, in a bubble of
// testing/synctest, where a minute passes in no time and all times are exact.
type world struct {
	*recorder
	reader *Reader

	smu      sync.Mutex
	sessions []*session
	dials    []time.Time
	refuse   int // dials to refuse
	prepare  func(s *session)
	cancel   context.CancelFunc
	ended    chan error
}

// newWorld starts a reader. prepare, which may be nil, is called for every new
// session before it is served.
func newWorld(t *testing.T, conf Config, prepare func(s *session)) *world {
	w := &world{recorder: newRecorder(t), prepare: prepare, ended: make(chan error, 1)}
	conf.Handler = w
	conf.dial = w.dial
	w.reader = NewReader(conf)
	ctx, cancel := context.WithCancel(t.Context())
	w.cancel = cancel
	go func() { w.ended <- w.reader.Run(ctx) }()
	return w
}

func (w *world) dial(context.Context) (net.Conn, error) {
	w.smu.Lock()
	defer w.smu.Unlock()
	w.dials = append(w.dials, time.Now())
	if w.refuse > 0 {
		w.refuse--
		return nil, errors.New("connection refused")
	}
	client, server := net.Pipe()
	s := &session{t: w.t, conn: server, n: len(w.sessions)}
	if w.prepare != nil {
		w.prepare(s)
	}
	w.sessions = append(w.sessions, s)
	go s.serve()
	return client, nil
}

// session returns the n-th session.
func (w *world) session(n int) *session {
	w.smu.Lock()
	defer w.smu.Unlock()
	if n >= len(w.sessions) {
		w.t.Fatalf("there are only %d connections; seen: %q", len(w.sessions), w.log)
	}
	return w.sessions[n]
}

func (w *world) numSessions() int {
	w.smu.Lock()
	defer w.smu.Unlock()
	return len(w.sessions)
}

// stop ends the reader and the sessions.
func (w *world) stop() {
	w.t.Helper()
	w.cancel()
	if err := <-w.ended; err != nil {
		w.t.Errorf("Run: %v", err)
	}
	w.smu.Lock()
	defer w.smu.Unlock()
	for _, s := range w.sessions {
		s.conn.Close()
	}
}

// pass lets time go by and everything that is due in it happen.
func pass(d time.Duration) {
	time.Sleep(d) // virtual, in a bubble
	synctest.Wait()
}

func (w *world) wantState(channel, want string) {
	w.t.Helper()
	if got := w.state(channel); got != want {
		w.t.Fatalf("%s is %q, want %q; seen: %q", channel, got, want, w.log)
	}
}
