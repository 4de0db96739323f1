package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/pages"
)

// Pages are the texts that the operator puts in place of the product's own
// ([pages.Pages]).
type Pages interface {
	Page(name, language string) (page pages.Page, found bool, err error)
}

type pageInput struct {
	Name     string `path:"name" enum:"about,contact,privacy,terms" example:"privacy" doc:"Which page"`
	Language string `query:"language" pattern:"^[a-z]{2,3}$" example:"de" doc:"Language that is preferred"`
}

type pageOutput struct {
	Body struct {
		Name     string     `json:"name" example:"privacy"`
		Language string     `json:"language" example:"de" doc:"Of the text; empty where the file's name says none"`
		HTML     string     `json:"html" example:"<h1>Privacy</h1>" doc:"The text, without anything that runs or loads; empty where whoever runs the server wrote none: the page then shows its own"`
		Changed  *time.Time `json:"changed,omitempty" example:"2026-01-31T20:00:00Z" doc:"When the text was written"`
	} `nameHint:"PageText"`
}

func (a *API) registerPages() {
	register(a, huma.Operation{
		OperationID: "page", Method: http.MethodGet, Path: "/api/pages/{name}", Tags: []string{tagService},
		Summary:     "What the operator wrote for a page",
		Description: "From a Markdown file under `DATA_DIR/pages`: `privacy.md`, or `privacy.de.md` for one language. What could run or load from elsewhere is left out.",
		Errors:      []int{422},
	}, a.page)
}

func (a *API) page(ctx context.Context, in *pageInput) (*pageOutput, error) {
	out := new(pageOutput)
	out.Body.Name = in.Name
	if a.cfg.Pages == nil {
		return out, nil
	}
	page, found, err := a.cfg.Pages.Page(in.Name, in.Language)
	if err != nil {
		// The page shows its own text rather than nothing; the operator reads why.
		a.log.ErrorContext(ctx, "a page of the operator cannot be shown", "page", in.Name, "error", err)
		return out, nil
	}
	if found {
		changed := page.Changed.UTC().Truncate(time.Second)
		out.Body.Language, out.Body.HTML, out.Body.Changed = page.Language, string(page.HTML), &changed
	}
	return out, nil
}
