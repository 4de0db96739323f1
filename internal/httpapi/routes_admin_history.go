package httpapi

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/history"
)

type adminHistoryInput struct {
	ID     string `path:"id" maxLength:"1000" example:"65a1b2c3d4e5f60718293a40" doc:"Of a user"`
	Status string `query:"status" enum:"active,deleted" default:"active" doc:"deleted: the archive"`
	HistoryList
}

func (a *API) registerAdminHistory() {
	operation := func(id, path, summary, description string) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: http.MethodGet, Path: "/api/admin/" + path, Summary: summary, Description: description + " It is written to the activity log.",
			Tags: []string{tagHistory}, Errors: []int{404, 422}, Metadata: adminOnly,
		}
	}
	op := operation("admin-list-history", "users/{id}/history", "List a user's saved analyses", "As the user's own list.")
	op.Responses = a.listResponse()
	register(a, op, a.adminListHistory)
	register(a, operation("admin-get-history", "history/{id}", "Anybody's saved analysis", "Archived ones too."), a.adminGetHistory)
	op = operation("admin-get-history-data", "history/{id}/data", "Anybody's whole saved analysis", "Archived ones too.")
	op.Responses = map[string]*huma.Response{"200": a.rawResponse(reflect.TypeFor[analysis.Report](), "The analysis"), "304": notModified()}
	register(a, op, a.adminHistoryData)
}

func (a *API) adminListHistory(ctx context.Context, in *adminHistoryInput) (*fileOutput, error) {
	h, _, err := a.historyOf(ctx)
	if err != nil {
		return nil, err
	}
	if !account.ValidID(in.ID) {
		return nil, a.accountError(account.ErrNotFound)
	}
	email, err := h.Owner(ctx, in.ID)
	if err != nil {
		return nil, a.accountError(err)
	}
	out, err := a.listOf(ctx, h, &in.HistoryList, in.ID, history.Status(in.Status))
	if err == nil {
		a.note(ctx, account.ActivityOthersHistory, "User: "+email)
	}
	return out, err
}

// othersEntry returns anybody's entry and notes that it was looked at.
func (a *API) othersEntry(ctx context.Context, id string) (History, *history.Entry, error) {
	h, _, err := a.historyOf(ctx)
	if err != nil {
		return nil, nil, err
	}
	e, err := h.GetAny(ctx, id)
	if err != nil {
		return nil, nil, a.accountError(err)
	}
	details := "Channel: " + e.Channel
	if email, err := h.Owner(ctx, e.UserID); err == nil { // an older system left entries of users that it deleted
		details = "User: " + email + ", " + details
	}
	a.note(ctx, account.ActivityOthersHistory, details)
	return h, e, nil
}

func (a *API) adminGetHistory(ctx context.Context, in *historyPath) (*historyOutput, error) {
	_, e, err := a.othersEntry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &historyOutput{historyDocument(e)}, nil
}

func (a *API) adminHistoryData(ctx context.Context, in *historyPath) (*fileOutput, error) {
	h, e, err := a.othersEntry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return a.dataFile(ctx, h, e)
}
