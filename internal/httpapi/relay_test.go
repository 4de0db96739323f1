package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestHeartbeat runs an event stream on a clock of its own: 30 s of silence are
// filled, and a message begins the 30 s anew.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := New(Config{Channels: nothing{}, Sessions: nothing{}, Hub: nothing{}, Analyzer: nothing{}})
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		rec := &sharedRecorder{rec: httptest.NewRecorder()}
		frames := make(chan event)
		done := make(chan struct{})
		go func() {
			defer close(done)
			a.relay(frames, &eventWriter{w: rec, control: http.NewResponseController(rec)}, func() error { return nil }, func() {})
		}()
		for _, step := range []struct {
			wait  time.Duration
			frame string
			beats int // so far
		}{
			{29 * time.Second, "", 0},
			{2 * time.Second, "", 1},
			{20 * time.Second, `{"n":1}`, 1},
			{29 * time.Second, "", 1},
			{2 * time.Second, "", 2},
			{60 * time.Second, "", 4},
		} {
			time.Sleep(step.wait) // of the bubble's clock
			synctest.Wait()
			if step.frame != "" {
				frames <- event{[]byte(step.frame), "7.1"}
				synctest.Wait()
			}
			if got := strings.Count(rec.body(), `data: {"type":"heartbeat","timestamp":"`); got != step.beats {
				t.Errorf("%d heartbeats, want %d:\n%s", got, step.beats, rec.body())
			}
		}
		close(frames)
		<-done
		if !strings.Contains(rec.body(), "\n\nid: 7.1\ndata: {\"n\":1}\n\n") {
			t.Errorf("the frame is missing:\n%s", rec.body())
		}
	})
}

// TestGoneClient: when the client takes nothing any more, the hub's side is
// told and not left waiting.
func TestGoneClient(t *testing.T) {
	a, err := New(Config{Channels: nothing{}, Sessions: nothing{}, Hub: nothing{}, Analyzer: nothing{}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	frames := make(chan event)
	cancelled := make(chan struct{})
	go func() {
		defer close(frames)
		frames <- event{data: []byte("{}")}
		<-cancelled
		frames <- event{data: []byte("{}")} // on its way already
	}()
	rec := httptest.NewRecorder()
	a.relay(frames, &eventWriter{w: gone{rec}, control: http.NewResponseController(rec)}, func() error { return nil }, func() { close(cancelled) })
}

// sharedRecorder is a recorder that can be read while it is written to.
type sharedRecorder struct {
	mu  sync.Mutex
	rec *httptest.ResponseRecorder
}

func (s *sharedRecorder) Header() http.Header    { return s.rec.Header() }
func (s *sharedRecorder) WriteHeader(status int) { s.rec.WriteHeader(status) }
func (s *sharedRecorder) Flush()                 { s.mu.Lock(); defer s.mu.Unlock(); s.rec.Flush() }

func (s *sharedRecorder) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rec.Write(b)
}

func (s *sharedRecorder) body() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rec.Body.String()
}

// gone is a client that left.
type gone struct{ http.ResponseWriter }

func (gone) Write([]byte) (int, error) { return 0, http.ErrHandlerTimeout }
