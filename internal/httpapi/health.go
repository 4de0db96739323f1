package httpapi

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

const (
	// probeTimeout bounds a health check, so that an answer always comes.
	probeTimeout = 2 * time.Second
	// probeEvery bounds how often strangers can make the server look.
	probeEvery = time.Second
)

// Health is the state of the server. The first five keys are those of the old
// system.
type Health struct {
	Status           string                 `json:"status" enum:"healthy,degraded,unhealthy"`
	Timestamp        time.Time              `json:"timestamp"`
	Database         string                 `json:"database" enum:"connected,disconnected"`
	ActiveBots       int                    `json:"active_bots" doc:"Channels being analysed"`
	ActiveWebSockets int                    `json:"active_websockets" doc:"Clients connected to the live stream"`
	ActiveSessions   int                    `json:"active_sessions" example:"12" doc:"The same, as the older of the old systems called it"`
	Version          string                 `json:"version"`
	UptimeSeconds    int64                  `json:"uptime_seconds"`
	Checks           map[string]CheckResult `json:"checks" doc:"What the server depends on: store, bus, source"`
}

// CheckResult is the outcome of one check.
type CheckResult struct {
	Status   string `json:"status" enum:"up,down"`
	Required bool   `json:"required" doc:"Without it the server is unhealthy, otherwise only degraded"`
	Detail   string `json:"detail,omitempty"`
}

type healthOutput struct {
	Status       int
	CacheControl string `header:"Cache-Control"`
	Body         Health
}

// Readiness tells whether the server should get traffic.
type Readiness struct {
	Ready   bool     `json:"ready"`
	Reasons []string `json:"reasons" doc:"Why not, in sentences"`
}

type readyOutput struct {
	Status       int
	CacheControl string `header:"Cache-Control"`
	Body         Readiness
}

type liveOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Status string `json:"status" enum:"alive"`
	} `nameHint:"Liveness"`
}

func (a *API) registerHealth() {
	register(a, huma.Operation{
		OperationID: "health",
		Method:      http.MethodGet,
		Path:        "/health",
		Summary:     "How the server is",
		Description: "200 while the server works, even if something is missing (`degraded`); 503 when it cannot do its work. At most one second old.",
		Tags:        []string{tagService},
		Responses:   map[string]*huma.Response{"503": unhealthyResponse("Health", "Unhealthy")},
	}, a.health)
	register(a, huma.Operation{
		OperationID: "health-live",
		Method:      http.MethodGet,
		Path:        "/health/live",
		Summary:     "Whether the process answers",
		Description: "For a supervisor that restarts what hangs. It asks neither the database nor Twitch: /health/ready does.",
		Tags:        []string{tagService},
	}, a.healthLive)
	register(a, huma.Operation{
		OperationID: "health-ready",
		Method:      http.MethodGet,
		Path:        "/health/ready",
		Summary:     "Whether the server should get traffic",
		Description: "503 with the reasons while it is stopping or lacks something that it requires.",
		Tags:        []string{tagService},
		Responses:   map[string]*huma.Response{"503": unhealthyResponse("Readiness", "Not ready")},
	}, a.healthReady)
}

func unhealthyResponse(schema, description string) *huma.Response {
	return &huma.Response{
		Description: description,
		Content:     map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Ref: "#/components/schemas/" + schema}}},
	}
}

func (a *API) health(ctx context.Context, _ *struct{}) (*healthOutput, error) {
	checks := a.probes.results(ctx)
	out := &healthOutput{Status: http.StatusOK, CacheControl: "no-store"}
	now, viewers := a.cfg.Now(), a.cfg.Hub.Connections()
	out.Body = Health{
		Status:           "healthy",
		Timestamp:        now.UTC(),
		Database:         "disconnected",
		ActiveBots:       len(a.cfg.Channels.List()),
		ActiveWebSockets: viewers,
		ActiveSessions:   viewers,
		Version:          a.cfg.Version,
		UptimeSeconds:    int64(now.Sub(a.started).Seconds()),
		Checks:           checks,
	}
	if checks["store"].Status == "up" {
		out.Body.Database = "connected"
	}
	for _, c := range checks {
		switch {
		case c.Status == "up":
		case c.Required:
			out.Body.Status = "unhealthy"
			out.Status = http.StatusServiceUnavailable
		case out.Body.Status == "healthy":
			out.Body.Status = "degraded"
		}
	}
	return out, nil
}

func (a *API) healthLive(context.Context, *struct{}) (*liveOutput, error) {
	out := &liveOutput{CacheControl: "no-store"}
	out.Body.Status = "alive"
	return out, nil
}

func (a *API) healthReady(ctx context.Context, _ *struct{}) (*readyOutput, error) {
	out := &readyOutput{Status: http.StatusOK, CacheControl: "no-store"}
	out.Body.Reasons = []string{}
	if a.draining.Load() {
		out.Body.Reasons = append(out.Body.Reasons, "The server is stopping")
	}
	checks := a.probes.results(ctx)
	for _, c := range a.cfg.Checks { // in their order, which a map has not
		if r := checks[c.Name]; c.Required && r.Status != "up" {
			out.Body.Reasons = append(out.Body.Reasons, "The "+c.Name+" is down: "+r.Detail)
		}
	}
	out.Body.Ready = len(out.Body.Reasons) == 0
	if !out.Body.Ready {
		out.Status = http.StatusServiceUnavailable
	}
	return out, nil
}

// probes runs the checks, all at once and at most once in probeEvery.
type probes struct {
	checks []Check
	now    func() time.Time
	failed func(name string, err error) // told once when a check begins to fail

	mu   sync.Mutex // held while the checks run: who comes meanwhile shares the results
	at   time.Time
	last map[string]CheckResult
}

func (p *probes) results(ctx context.Context) map[string]CheckResult {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.last != nil && now.Sub(p.at) < probeEvery {
		return p.last
	}
	// Not the request's own context: a client that leaves must not make the
	// shared result look bad.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout)
	defer cancel()
	results := make([]CheckResult, len(p.checks))
	var wg sync.WaitGroup
	for i, c := range p.checks {
		wg.Go(func() {
			detail, err := c.Probe(ctx)
			results[i] = CheckResult{Status: "up", Required: c.Required, Detail: detail}
			if err == nil {
				return
			}
			results[i].Status = "down"
			if detail == "" {
				results[i].Detail = "it does not answer; the server's log says more"
			}
			if p.last[c.Name].Status != "down" {
				p.failed(c.Name, err)
			}
		})
	}
	wg.Wait()
	last := make(map[string]CheckResult, len(results))
	for i, c := range p.checks {
		last[c.Name] = results[i]
	}
	p.last, p.at = last, now
	return last
}
