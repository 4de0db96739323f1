package httpapi

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/history"
)

const (
	// exportTimeout bounds how long a client may take for an export.
	exportTimeout = 10 * time.Minute
	// exportPage is how many entries of the activity log are read at once.
	exportPage = 500
)

// exportedAccount is a user's account in an export: all that is kept of it but
// what is secret.
type exportedAccount struct {
	User6
	Status      string          `json:"status"`
	CreatedAt   time.Time       `json:"created_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
	Preferences Preferences     `json:"preferences"`
	Sessions    []SignInSession `json:"sessions"`
}

// exportedChannel is a channel that a user has analysed.
type exportedChannel struct {
	Channel string    `json:"channel"`
	Since   time.Time `json:"since"`
}

func (a *API) registerExport() {
	register(a, huma.Operation{
		OperationID: "export", Method: http.MethodGet, Path: "/api/user/export", Tags: []string{tagUser}, Metadata: signedIn,
		Summary: "Everything that is kept of oneself",
		Description: "A zip file: `account.json`, `history.json` with all saved analyses, `reports/` with the whole report of each, `activity.json` with what the log says of the user, `channels.json`, `corrections.json` with the labels and emotes that the user corrected. " +
			"A file that breaks off does not open.",
		Errors: []int{429},
		Responses: map[string]*huma.Response{"200": {
			Description: "The export", Content: map[string]*huma.MediaType{"application/zip": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}},
		}},
	}, a.export)
}

func (a *API) export(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
	id := caller(ctx)
	var s spent
	if err := s.take(a.limits.exports, id.UserID); err != nil {
		return nil, err
	}
	u, err := a.cfg.Accounts.User(ctx, id.UserID)
	if err != nil {
		return nil, a.accountError(err)
	}
	// Before: it is in the export then.
	a.note(ctx, account.ActivityExported, "")
	return &huma.StreamResponse{Body: func(out huma.Context) {
		if who := accessOf(ctx); who.w != nil {
			// A writer of a test has no deadlines; a connection has.
			_ = http.NewResponseController(who.w).SetWriteDeadline(time.Now().Add(exportTimeout))
		}
		out.SetHeader("Content-Type", "application/zip")
		out.SetHeader("Content-Disposition", `attachment; filename="`+exportName(a.cfg.Now())+`"`)
		if err := a.writeExport(ctx, out.BodyWriter(), u); err != nil {
			a.log.ErrorContext(ctx, "an export broke off", "user", u.ID, "error", err, "request_id", requestID(ctx))
			panic(http.ErrAbortHandler) // so that nobody takes half of it for whole
		}
	}}, nil
}

// exportName is the name of a user's export.
func exportName(at time.Time) string {
	return fmt.Sprintf("chatmood-export-%s.zip", at.UTC().Format(time.DateOnly))
}

func (a *API) writeExport(ctx context.Context, w io.Writer, u *account.User) error {
	z := zip.NewWriter(w)
	sessions, err := a.ownSessions(ctx, nil)
	if err != nil {
		return err
	}
	mine := exportedAccount{
		User6: user6(u), Status: string(u.Status), CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, Preferences: Preferences{u.AutoSave}, Sessions: sessions.Body,
	}
	if u.ProfileImage != "" {
		mine.ProfileImage = &u.ProfileImage
	}
	if err := zipJSON(z, "account.json", mine); err != nil {
		return err
	}
	channels := []exportedChannel{}
	if a.cfg.Holds != nil {
		holds, err := a.cfg.Holds.Of(ctx, u.ID)
		if err != nil {
			return fmt.Errorf("listing channels: %w", err)
		}
		for _, h := range holds {
			channels = append(channels, exportedChannel{h.Channel, h.Since})
		}
	}
	if err := zipJSON(z, "channels.json", channels); err != nil {
		return err
	}
	if err := a.exportLog(ctx, z, u.ID); err != nil {
		return err
	}
	if err := a.exportCorrections(ctx, z, u.ID); err != nil {
		return err
	}
	if err := a.exportHistory(ctx, z, u.ID); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	return nil
}

// exportLog writes what the activity log says of a user.
func (a *API) exportLog(ctx context.Context, z *zip.Writer, userID string) error {
	file, err := z.Create("activity.json")
	if err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	list := jsonArray{w: file}
	for offset := 0; ; offset += exportPage {
		page, err := a.cfg.Accounts.Logs(ctx, account.LogQuery{UserID: userID, Sort: account.LogsByID, Offset: offset, Limit: exportPage})
		if err != nil {
			return err
		}
		for _, l := range logEntries(page.Logs) {
			if err := list.add(l); err != nil {
				return err
			}
		}
		if len(page.Logs) < exportPage {
			return list.end()
		}
	}
}

// exportCorrections writes what a user corrected.
func (a *API) exportCorrections(ctx context.Context, z *zip.Writer, userID string) error {
	file, err := z.Create("corrections.json")
	if err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	list := jsonArray{w: file}
	if a.cfg.Lessons != nil {
		err := a.cfg.Lessons.EachCorrection(ctx, "", func(c analysis.Correction) error {
			if c.UserID != userID {
				return nil
			}
			return list.add(madeCorrection(&c))
		})
		if err != nil {
			return fmt.Errorf("listing corrections: %w", err)
		}
	}
	return list.end()
}

// exportHistory writes what a user saved: a list, and each report as a file. A
// zip file is written one file after the other, so the list comes in the end.
func (a *API) exportHistory(ctx context.Context, z *zip.Writer, userID string) error {
	documents := []HistoryDocument{}
	if a.cfg.History != nil {
		err := a.cfg.History.Export(ctx, userID, func(e *history.Entry, data []byte) error {
			documents = append(documents, historyDocument(e))
			if len(data) == 0 {
				return nil
			}
			file, err := z.Create("reports/" + e.ID + ".json")
			if err != nil {
				return fmt.Errorf("writing the export: %w", err)
			}
			if _, err := file.Write(data); err != nil {
				return fmt.Errorf("writing the export: %w", err)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return zipJSON(z, "history.json", documents)
}

func zipJSON(z *zip.Writer, name string, v any) error {
	file, err := z.Create(name)
	if err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	e := json.NewEncoder(file)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	return nil
}

// jsonArray writes an array element by element.
type jsonArray struct {
	w   io.Writer
	any bool
}

func (j *jsonArray) add(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding the export: %w", err)
	}
	before := "[\n"
	if j.any {
		before = ",\n"
	}
	j.any = true
	if _, err := io.WriteString(j.w, before+string(data)); err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	return nil
}

func (j *jsonArray) end() error {
	text := "\n]\n"
	if !j.any {
		text = "[]\n"
	}
	if _, err := io.WriteString(j.w, text); err != nil {
		return fmt.Errorf("writing the export: %w", err)
	}
	return nil
}
