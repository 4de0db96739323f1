package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
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
		rec := httptest.NewRecorder()
		frames := make(chan []byte)
		done := make(chan struct{})
		go func() {
			defer close(done)
			a.relay(frames, &eventWriter{w: rec, control: http.NewResponseController(rec)}, func() {})
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
				frames <- []byte(step.frame)
				synctest.Wait()
			}
			if got := strings.Count(rec.Body.String(), `data: {"type":"heartbeat","timestamp":"`); got != step.beats {
				t.Errorf("%d heartbeats, want %d:\n%s", got, step.beats, rec.Body)
			}
		}
		close(frames)
		<-done
		if !strings.Contains(rec.Body.String(), "data: {\"n\":1}\n\n") {
			t.Errorf("the frame is missing:\n%s", rec.Body)
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
	frames := make(chan []byte)
	cancelled := make(chan struct{})
	go func() {
		defer close(frames)
		frames <- []byte("{}")
		<-cancelled
		frames <- []byte("{}") // on its way already
	}()
	rec := httptest.NewRecorder()
	a.relay(frames, &eventWriter{w: gone{rec}, control: http.NewResponseController(rec)}, func() { close(cancelled) })
}

// gone is a client that left.
type gone struct{ http.ResponseWriter }

func (gone) Write([]byte) (int, error) { return 0, http.ErrHandlerTimeout }
