package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"chatmood/internal/config"
)

// TestDashboardAndAlertsNameRealMetrics fails when a file for monitoring asks
// for a metric that the server does not have, and when nothing looks at one
// that it has.
func TestDashboardAndAlertsNameRealMetrics(t *testing.T) {
	env := map[string]string{"PORT": "0", "DATA_DIR": t.TempDir(), "TWITCH_IRC_URL": "irc://127.0.0.1:9"}
	cfg, err := config.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(t.Context(), Options{Config: cfg, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	real := map[string]bool{ // of MongoDB's store, of a model, and vectors that appear with their first value
		"chatmood_mongo_connections": true, "chatmood_mongo_connections_in_use": true,
		"chatmood_model_judged_total": true, "chatmood_model_missed_total": true, "chatmood_model_failed_total": true, "chatmood_model_waiting": true,
		"chatmood_http_requests_total": true, "chatmood_http_request_duration_seconds": true,
	}
	registry := prometheus.NewRegistry()
	a.registerMetrics(registry)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		real[f.GetName()] = true
	}
	used := map[string]bool{}
	for _, name := range []string{"grafana/chatmood.json", "prometheus/alerts.yaml"} {
		data, err := os.ReadFile(filepath.Join("../../deploy", name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".json") && !json.Valid(data) {
			t.Errorf("%s is no JSON", name)
		}
		for _, metric := range regexp.MustCompile(`\b(?:chatmood|go|process)_[a-z_]+`).FindAllString(string(data), -1) {
			metric = strings.TrimSuffix(metric, "_bucket")
			used[metric] = true
			if !real[metric] {
				t.Errorf("%s asks for %s, which the server does not have", name, metric)
			}
		}
	}
	for metric := range real {
		if strings.HasPrefix(metric, "chatmood_") && !used[metric] && !strings.HasPrefix(metric, "chatmood_mongo_") {
			t.Errorf("neither dashboard nor alerts look at %s", metric)
		}
	}
}
