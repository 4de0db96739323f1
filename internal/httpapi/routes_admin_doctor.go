package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Doctor examines the installation that this server runs in, as the command
// `chatmood doctor` does. It bounds its time and how often it does so.
type Doctor interface {
	// Examine returns what was found, not older than a minute. An error says that
	// ctx ended first.
	Examine(ctx context.Context) (Examination, error)
}

// Examination is what was found.
type Examination struct {
	At       time.Time `json:"at" example:"2026-01-31T20:00:00Z" doc:"When it was looked"`
	Worst    string    `json:"worst" enum:"ok,warning,failed"`
	Findings []Finding `json:"findings"`
}

// Finding is what one check found.
type Finding struct {
	Check  string `json:"check" example:"SECRET_KEY" doc:"Name of the check"`
	Group  string `json:"group" example:"Configuration" doc:"What it belongs to"`
	Status string `json:"status" enum:"ok,skipped,warning,failed"`
	Seen   string `json:"seen" example:"it has 12 bytes" doc:"What was seen"`
	Why    string `json:"why,omitempty" example:"Whoever guesses it signs in as anybody." doc:"Why it matters; where it is not well"`
	Mend   string `json:"mend,omitempty" example:"SECRET_KEY=$(openssl rand -hex 32)" doc:"What mends it; where it is not well"`
}

type doctorOutput struct {
	Body Examination
}

func (a *API) registerAdminDoctor() {
	register(a, huma.Operation{
		OperationID: "admin-doctor", Method: http.MethodGet, Path: "/api/admin/doctor", Summary: "Look what is wrong with the installation",
		Description: "The checks of `chatmood doctor` on the machine of this server, without the end-to-end probe. They take some seconds; the answer may be a minute old.",
		Errors:      []int{http.StatusServiceUnavailable}, Tags: []string{tagAdmin}, Metadata: adminOnly,
	}, a.adminDoctor)
}

func (a *API) adminDoctor(ctx context.Context, _ *struct{}) (*doctorOutput, error) {
	if a.cfg.Doctor == nil {
		return nil, fail(http.StatusServiceUnavailable, "This server does not examine itself; chatmood doctor on its machine does", nil)
	}
	found, err := a.cfg.Doctor.Examine(ctx)
	if err != nil {
		return nil, fail(http.StatusServiceUnavailable, "The examination did not end in time; try again", err)
	}
	found.Findings = present(found.Findings)
	return &doctorOutput{found}, nil
}
