package app

import (
	"context"
	"time"

	"chatmood/internal/doctor"
	"chatmood/internal/httpapi"
)

const (
	// examineTimeout bounds an examination. It is below what an answer may take.
	examineTimeout = 20 * time.Second
	// examinedFor is how long what was found is told again: looking costs the
	// mail server and Twitch a connection, and the disk a whole reading.
	examinedFor = time.Minute
)

// examiner examines the installation for administrators, one at a time.
type examiner struct {
	checks  func() []doctor.Check
	version string
	now     func() time.Time

	turn chan struct{} // of whoever looks; holds one
	last httpapi.Examination
}

var _ httpapi.Doctor = (*examiner)(nil)

func newExaminer(checks func() []doctor.Check, version string, now func() time.Time) *examiner {
	if now == nil {
		now = time.Now
	}
	return &examiner{checks: checks, version: version, now: now, turn: make(chan struct{}, 1)}
}

// Examine implements [httpapi.Doctor]. Who comes while somebody looks waits for
// what that finds.
func (e *examiner) Examine(ctx context.Context) (httpapi.Examination, error) {
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return httpapi.Examination{}, ctx.Err()
	}
	if age := e.now().Sub(e.last.At); !e.last.At.IsZero() && age >= 0 && age < examinedFor {
		return e.last, nil
	}
	limited, cancel := context.WithTimeout(ctx, examineTimeout)
	defer cancel()
	report := doctor.Examine(limited, e.checks(), e.version, nil)
	if err := ctx.Err(); err != nil {
		return httpapi.Examination{}, err // checks that were cut short say nothing
	}
	found := httpapi.Examination{At: e.now().UTC(), Worst: string(report.Worst())}
	for _, f := range report.Findings {
		found.Findings = append(found.Findings, httpapi.Finding{Check: f.Check, Group: f.Group, Status: string(f.Status), Seen: f.Seen, Why: f.Why, Mend: f.Mend})
	}
	e.last = found
	return found, nil
}
