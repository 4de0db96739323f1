package app_test

import (
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"chatmood/internal/app"
	"chatmood/internal/config"
	"chatmood/internal/httpapi"
	"chatmood/internal/onnx/onnxtest"
	"chatmood/internal/twitchsim"
)

// TestOwnModel: chat is judged by the model that the setting names, or is
// counted as not; nothing is lost, not even at the end.
func TestOwnModel(t *testing.T) {
	sim := twitch(t, twitchsim.Config{})
	dir := t.TempDir()
	s := serveWith(t, sim, map[string]string{"DATA_DIR": dir, "SENTIMENT_MODEL": "onnx:" + onnxtest.Write(t, "negative", "neutral", "positive")})
	s.connect(sim, "alpha")
	const n = 500
	if err := sim.Chatter("alpha", n); err != nil {
		t.Fatal(err)
	}
	sent := sim.Stats("alpha")
	s.eventually("all are counted", func() bool {
		c := s.snapshot("alpha").Counts
		return c.Total+c.Deleted+c.Bots+c.Commands+c.Mirrored >= sent.Messages
	})
	// The test's model knows three words; to it nearly all else is neutral, which
	// is not what the built-in engine thinks of this chat.
	c := s.snapshot("alpha").Counts
	model, missed := s.metric("chatmood_model_judged_total"), s.metric("chatmood_model_missed_total")
	if all := s.metric("chatmood_messages_judged_total"); model+missed != all {
		t.Errorf("%d judged by the model and %d by the fast engine, of %d", model, missed, all)
	}
	if model == 0 {
		t.Error("the model judged nothing")
	}
	if other := c.Positive + c.Negative; other > missed+c.Total/10 {
		t.Errorf("%d of %d messages are positive or negative; the model missed %d only", other, c.Total, missed)
	}

	var answer struct {
		Results []httpapi.SentimentResult `json:"results"`
	}
	if code := s.post("/api/sentiment", `{"texts":["good table","this table is bad bad"],"explain":true}`, &answer); code != http.StatusOK {
		t.Fatalf("status %d", code)
	}
	for i, want := range []string{"positive", "negative"} {
		r := answer.Results[i]
		sum := 0.0
		for _, p := range r.Parts {
			sum += p.Value
			if p.Rule != "model" { // the built-in engine's rules say nothing about it
				t.Errorf("%q counts by the rule %q", p.Text, p.Rule)
			}
		}
		if r.Label != want || len(r.Parts) == 0 || sum < r.Score-0.01 || sum > r.Score+0.01 {
			t.Errorf("%d: %+v, want %s; the parts sum to %.3f", i, r, want, sum)
		}
	}
	// The model judges alone: a channel changes nothing, but must be one.
	alone := answer.Results[0]
	if code := s.post("/api/sentiment", `{"text":"good table","channel":"alpha"}`, &answer); code != http.StatusOK {
		t.Fatalf("status %d", code)
	}
	if got := answer.Results[0]; got.Label != alone.Label || got.Score != alone.Score {
		t.Errorf("with a channel %+v, without %+v", got, alone)
	}
	if code := s.post("/api/sentiment", `{"text":"good table","channel":"no channel!"}`, nil); code != http.StatusBadRequest {
		t.Errorf("a wrong channel: %d", code)
	}
	var health httpapi.Health
	if code := s.get("/health", &health); code != http.StatusOK || health.Checks["model"].Status != "up" || !strings.Contains(health.Checks["model"].Detail, "judged") {
		t.Errorf("status %d, model %+v", code, health.Checks["model"])
	}
}

// metric reads a counter without labels.
func (s *server) metric(name string) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.app.URL()+"/metrics", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(body)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+" "); ok {
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return int(f)
		}
	}
	s.t.Fatalf("no %s among the metrics", name)
	return 0
}

// TestOwnModelMissing refuses to start and names the setting and the cure.
func TestOwnModelMissing(t *testing.T) {
	dir := t.TempDir()
	env := map[string]string{"PORT": "0", "DATA_DIR": filepath.Join(dir, "data"), "SENTIMENT_MODEL": "onnx:" + dir}
	cfg, err := config.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), app.Options{Config: cfg, Version: "test"})
	if err == nil {
		a.Close()
		t.Fatal("it started")
	}
	if !strings.Contains(err.Error(), "SENTIMENT_MODEL") || !strings.Contains(err.Error(), "no .onnx file") {
		t.Errorf("%v", err)
	}
}
