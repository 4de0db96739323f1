package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/account"
	"chatmood/internal/chat"
)

// maxImageBody bounds the body that holds a profile image: 5 MB as a data URL.
const maxImageBody = 8 << 20

type profileInput struct {
	Body struct {
		FirstName *string `json:"first_name,omitempty" maxLength:"1000" example:"Nora" doc:"At most 50 characters"`
		LastName  *string `json:"last_name,omitempty" maxLength:"1000" example:"Quill" doc:"At most 50 characters"`
		Email     *string `json:"email,omitempty" maxLength:"1000" example:"nora@example.org" doc:"May be sent as it is. Another address has to be proved: POST /api/user/change-email/request"`
	} `nameHint:"ProfileRequest"`
}

type userMessageOutput struct {
	Body struct {
		Message string `json:"message" example:"Profile updated successfully"`
		User    User6  `json:"user"`
	} `nameHint:"UserMessage"`
}

func userMessage(text string, u *account.User) *userMessageOutput {
	out := new(userMessageOutput)
	out.Body.Message, out.Body.User = text, user6(u)
	return out
}

type imageInput struct {
	Body struct {
		Image string `json:"image" required:"false" maxLength:"7500000" example:"data:image/png;base64,iVBORw0KGgo=" doc:"A PNG, JPEG, GIF or WebP file of at most 5 MB and 16 million pixels, as a data URL"`
	} `nameHint:"ProfileImageRequest"`
}

type imageOutput struct {
	ContentType string `header:"Content-Type"`
	Policy      string `header:"Content-Security-Policy"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

type changePasswordInput struct {
	Body struct {
		Old string `json:"old_password" required:"false" maxLength:"1000" example:"Tangerine7! boat"`
		New string `json:"new_password" required:"false" maxLength:"1000" example:"Marmalade9? kite"`
	} `nameHint:"ChangePasswordRequest"`
}

type passwordInput struct {
	Body struct {
		Password string `json:"password" required:"false" maxLength:"1000" example:"Tangerine7! boat"`
	} `nameHint:"DeleteAccountRequest"`
}

type deletedOutput struct {
	Body struct {
		Message string `json:"message" example:"Account deleted successfully"`
		History int    `json:"deleted_history_count" minimum:"0" example:"12" doc:"How many saved analyses went with it"`
	} `nameHint:"AccountDeleted"`
}

type emailChangeInput struct {
	Body struct {
		NewEmail string `json:"new_email" required:"false" maxLength:"1000" example:"nora.quill@example.org"`
		Password string `json:"password" required:"false" maxLength:"1000" example:"Tangerine7! boat"`
	} `nameHint:"EmailChangeRequest"`
}

type emailChangeOutput struct {
	Body struct {
		Message string `json:"message" example:"A code was sent to your current email address"`
		Email   string `json:"current_email" example:"nora@example.org"`
	} `nameHint:"EmailChangeStarted"`
}

type newEmailOutput struct {
	Body struct {
		Message string `json:"message" example:"A code was sent to your new email address"`
		Email   string `json:"new_email" example:"nora.quill@example.org"`
	} `nameHint:"EmailChangeProved"`
}

type codeInput struct {
	Body struct {
		OTP string `json:"otp" required:"false" maxLength:"100" example:"482913" doc:"The code of the mail, six digits"`
	} `nameHint:"CodeRequest"`
}

// SignInSession is one sign-in of a user.
type SignInSession struct {
	ID         string    `json:"id" example:"0f1e2d3c4b5a69788796a5b4c3d2e1f0"`
	Current    bool      `json:"current" doc:"It is that of this request"`
	CreatedAt  time.Time `json:"created_at" example:"2026-01-01T20:00:00Z"`
	LastUsedAt time.Time `json:"last_used_at" example:"2026-01-02T08:00:00Z" doc:"When its tokens were last renewed"`
	ExpiresAt  time.Time `json:"expires_at" example:"2026-02-01T08:00:00Z"`
	Address    string    `json:"address" example:"198.51.100.7" doc:"Where the sign-in came from"`
	UserAgent  string    `json:"user_agent" example:"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"`
}

type signInsOutput struct {
	Body []SignInSession `nameHint:"SignInSessions"`
}

type endSessionsInput struct {
	KeepCurrent bool `query:"keep_current" doc:"Leave the session of this request"`
}

type endedOutput struct {
	Body struct {
		Message string `json:"message" example:"Signed out everywhere"`
		Ended   int    `json:"ended" minimum:"0" example:"3" doc:"How many sessions ended"`
	} `nameHint:"SessionsEnded"`
}

type endSessionInput struct {
	ID string `path:"id" maxLength:"200" example:"0f1e2d3c4b5a69788796a5b4c3d2e1f0"`
}

// Preferences are what users choose for themselves.
type Preferences struct {
	AutoSave bool `json:"auto_save" doc:"Analyses are saved when they end by themselves"`
}

type preferencesInput struct {
	Body struct {
		AutoSave *bool `json:"auto_save,omitempty" doc:"Analyses are saved when they end by themselves"`
	} `nameHint:"PreferencesRequest"`
}

type preferencesOutput struct {
	Body Preferences `nameHint:"Preferences"`
}

type analysisStartInput struct {
	Body struct {
		Streamer string `json:"streamer" required:"false" maxLength:"2000" example:"somebody"`
	} `nameHint:"AnalysisStartRequest"`
}

func (a *API) registerUserRoutes() {
	op := func(id, method, path, summary, description string, errors ...int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: path, Summary: summary, Description: description, Errors: errors,
			Tags: []string{tagUser}, Metadata: signedIn,
		}
	}
	register(a, op("update-profile", http.MethodPut, "/api/user/profile", "Change one's names",
		"Fields that are absent stay. The address is changed in three steps, since both mailboxes have to be proved.", 400, 413, 422), a.updateProfile)
	picture := op("set-profile-image", http.MethodPut, "/api/user/profile-image", "Set one's profile image",
		"The image is decoded, made at most 256 pixels wide and high, and encoded anew; nothing else of the file is kept.", 400, 413, 422)
	picture.MaxBodyBytes = maxImageBody
	register(a, picture, a.setImage)
	register(a, op("remove-profile-image", http.MethodDelete, "/api/user/profile-image", "Remove one's profile image",
		"It is no error when there is none."), a.removeImage)
	file := op("profile-image", http.MethodGet, "/api/user/profile-image", "One's profile image as a file",
		"The same as `profile_image` of the user, for an img element.", 404)
	file.Responses = imageResponses()
	register(a, file, a.image)
	register(a, op("change-password", http.MethodPost, "/api/user/change-password", "Change one's password",
		"Ends all other sessions of the user, live connections included, and mails the user.", 400, 413, 422, 429), a.changePassword)
	register(a, op("delete-account", http.MethodDelete, "/api/user/delete-account", "Delete one's account",
		"With everything that was saved. The activity log keeps what was done, not by whom. The last administrator has to stay.", 400, 409, 413, 422, 429), a.deleteAccount)
	register(a, op("change-email-request", http.MethodPost, "/api/user/change-email/request", "Change one's address, step 1 of 3",
		"Mails a code to the present address.", 400, 409, 413, 422, 429), a.requestEmail)
	register(a, op("change-email-verify-current", http.MethodPost, "/api/user/change-email/verify-current", "Change one's address, step 2 of 3",
		"Takes the code from the present address and mails another to the new one.", 400, 413, 422, 429), a.verifyCurrentEmail)
	register(a, op("change-email-verify-new", http.MethodPost, "/api/user/change-email/verify-new", "Change one's address, step 3 of 3",
		"Takes the code from the new address, which is the user's from then on. The former one is told.", 400, 413, 422, 429), a.verifyNewEmail)
	register(a, op("change-email-cancel", http.MethodPost, "/api/user/change-email/cancel", "Give up a change of one's address",
		"Codes that were mailed are worth nothing any more.", 400), a.cancelEmail)
	register(a, op("list-own-sessions", http.MethodGet, "/api/user/sessions", "Where one is signed in",
		"The newest first."), a.ownSessions)
	register(a, op("end-own-sessions", http.MethodDelete, "/api/user/sessions", "Sign out everywhere",
		"All sessions end on all servers within seconds, live connections included; with `keep_current` all others.", 422), a.endOwnSessions)
	register(a, op("end-own-session", http.MethodDelete, "/api/user/sessions/{id}", "End one session",
		"It may be that of this request.", 404, 422), a.endOwnSession)
	register(a, op("get-preferences", http.MethodGet, "/api/user/preferences", "One's preferences",
		"What users choose for themselves."), a.preferences)
	register(a, op("set-preferences", http.MethodPut, "/api/user/preferences", "Change one's preferences",
		"Fields that are absent stay.", 413, 422), a.setPreferences)
	start := op("log-analysis-start", http.MethodPost, "/api/log/analysis-start", "Log that an analysis was started",
		"Writes to the activity log; the old system's pages call it after connecting.", 400, 413, 422)
	register(a, start, a.logAnalysisStart)
	a.registerExport()
}

// imageResponses describe an image as a file.
func imageResponses() map[string]*huma.Response {
	content := map[string]*huma.MediaType{}
	for _, kind := range []string{"image/jpeg", "image/png", "image/gif", "image/webp"} {
		content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	return map[string]*huma.Response{"200": {Description: "The image", Content: content}}
}

func (a *API) updateProfile(ctx context.Context, in *profileInput) (*userMessageOutput, error) {
	id, b := caller(ctx), &in.Body
	if b.Email != nil {
		if account.EmailKey(*b.Email) != account.EmailKey(id.Email) {
			const text = "The email address is changed in three steps, since both mailboxes have to be proved: POST /api/user/change-email/request begins"
			return nil, &apiError{status: http.StatusBadRequest, detail: text, fields: []ProblemField{{"body.email", text}}}
		}
		if b.FirstName == nil && b.LastName == nil { // nothing that changes
			u, err := a.cfg.Accounts.User(ctx, id.UserID)
			if err != nil {
				return nil, a.accountError(err)
			}
			return userMessage("Profile updated successfully", u), nil
		}
	}
	u, err := a.cfg.Accounts.UpdateProfile(ctx, id.UserID, account.Profile{FirstName: b.FirstName, LastName: b.LastName})
	if err != nil {
		return nil, a.accountError(err)
	}
	return userMessage("Profile updated successfully", u), nil
}

func (a *API) setImage(ctx context.Context, in *imageInput) (*userMessageOutput, error) {
	if in.Body.Image == "" {
		return nil, fail(http.StatusBadRequest, "No image data provided", nil)
	}
	u, err := a.cfg.Accounts.SetProfileImage(ctx, caller(ctx).UserID, in.Body.Image)
	if err != nil {
		return nil, a.accountError(err)
	}
	return userMessage("Profile image updated successfully", u), nil
}

func (a *API) removeImage(ctx context.Context, _ *struct{}) (*userMessageOutput, error) {
	u, err := a.cfg.Accounts.SetProfileImage(ctx, caller(ctx).UserID, "")
	if err != nil {
		return nil, a.accountError(err)
	}
	return userMessage("Profile image removed successfully", u), nil
}

func (a *API) image(ctx context.Context, _ *struct{}) (*imageOutput, error) {
	return a.imageOf(ctx, caller(ctx).UserID)
}

// imageOf returns a user's profile image as a file that can do nothing in a
// browser but be shown.
func (a *API) imageOf(ctx context.Context, userID string) (*imageOutput, error) {
	u, err := a.cfg.Accounts.User(ctx, userID)
	if err != nil {
		return nil, a.accountError(err)
	}
	kind, data, ok := account.ImageFile(u.ProfileImage)
	if !ok {
		return nil, a.accountError(account.ErrNoImage)
	}
	return &imageOutput{ContentType: kind, Policy: "default-src 'none'; sandbox", Disposition: "inline", Body: data}, nil
}

// confirmed runs what needs a user's password: wrong ones are limited.
func (a *API) confirmed(ctx context.Context, do func() error) error {
	var s spent
	if err := s.take(a.limits.confirm, caller(ctx).UserID); err != nil {
		return err
	}
	err := do()
	if !errors.Is(err, account.ErrWrongPassword) && !errors.Is(err, account.ErrWrongOld) {
		s.giveBack()
	}
	return err
}

func (a *API) changePassword(ctx context.Context, in *changePasswordInput) (*messageOutput, error) {
	err := a.confirmed(ctx, func() error {
		return a.cfg.Accounts.ChangePassword(ctx, caller(ctx), in.Body.Old, in.Body.New)
	})
	if err != nil {
		return nil, a.accountError(err)
	}
	return message("Password changed successfully"), nil
}

func (a *API) deleteAccount(ctx context.Context, in *passwordInput) (*deletedOutput, error) {
	out := new(deletedOutput)
	err := a.confirmed(ctx, func() (err error) {
		out.Body.History, err = a.cfg.Accounts.DeleteAccount(ctx, caller(ctx).UserID, in.Body.Password)
		return err
	})
	if err != nil {
		return nil, a.accountError(err)
	}
	a.clearCookies(ctx)
	out.Body.Message = "Account deleted successfully"
	return out, nil
}

func (a *API) requestEmail(ctx context.Context, in *emailChangeInput) (*emailChangeOutput, error) {
	out := new(emailChangeOutput)
	var s spent
	if err := s.take(a.limits.changes, caller(ctx).UserID); err != nil {
		return nil, err
	}
	err := a.confirmed(ctx, func() (err error) {
		out.Body.Email, err = a.cfg.Accounts.RequestEmailChange(ctx, caller(ctx).UserID, in.Body.NewEmail, in.Body.Password)
		return err
	})
	if err != nil {
		s.giveBack() // no mail went out
		return nil, a.accountError(err)
	}
	out.Body.Message = "A code was sent to your current email address"
	return out, nil
}

// tried runs what takes a code of a user who is signed in.
func (a *API) tried(ctx context.Context, do func() error) error {
	var s spent
	if err := s.take(a.limits.tries, caller(ctx).UserID); err != nil {
		return err
	}
	err := do()
	if !errors.Is(err, account.ErrBadCode) {
		s.giveBack()
	}
	return err
}

func (a *API) verifyCurrentEmail(ctx context.Context, in *codeInput) (*newEmailOutput, error) {
	out := new(newEmailOutput)
	err := a.tried(ctx, func() (err error) {
		out.Body.Email, err = a.cfg.Accounts.VerifyCurrentEmail(ctx, caller(ctx).UserID, in.Body.OTP)
		return err
	})
	if err != nil {
		return nil, a.accountError(err)
	}
	out.Body.Message = "A code was sent to your new email address"
	return out, nil
}

func (a *API) verifyNewEmail(ctx context.Context, in *codeInput) (*userMessageOutput, error) {
	var u *account.User
	err := a.tried(ctx, func() (err error) {
		u, err = a.cfg.Accounts.VerifyNewEmail(ctx, caller(ctx).UserID, in.Body.OTP)
		return err
	})
	if err != nil {
		return nil, a.accountError(err)
	}
	return userMessage("Email changed successfully", u), nil
}

func (a *API) cancelEmail(ctx context.Context, _ *struct{}) (*messageOutput, error) {
	if err := a.cfg.Accounts.CancelEmailChange(ctx, caller(ctx).UserID); err != nil {
		return nil, a.accountError(err)
	}
	return message("Email change cancelled"), nil
}

func (a *API) ownSessions(ctx context.Context, _ *struct{}) (*signInsOutput, error) {
	id := caller(ctx)
	list, err := a.cfg.Accounts.Sessions(ctx, id.UserID)
	if err != nil {
		return nil, a.accountError(err)
	}
	out := &signInsOutput{Body: []SignInSession{}}
	for _, s := range list {
		out.Body = append(out.Body, SignInSession{
			ID: s.ID, Current: s.ID == id.SessionID, CreatedAt: s.CreatedAt, LastUsedAt: s.RotatedAt, ExpiresAt: s.ExpiresAt, Address: s.Address, UserAgent: s.UserAgent,
		})
	}
	return out, nil
}

func (a *API) endOwnSessions(ctx context.Context, in *endSessionsInput) (*endedOutput, error) {
	id := caller(ctx)
	except := ""
	if in.KeepCurrent {
		except = id.SessionID
	}
	// Before: afterwards nobody is there to have done it.
	a.note(ctx, account.ActivitySignedOutAll, fmt.Sprintf("This session too: %t", !in.KeepCurrent))
	n, err := a.cfg.Accounts.LogoutEverywhere(ctx, id.UserID, except)
	if err != nil {
		return nil, a.accountError(err)
	}
	if !in.KeepCurrent {
		a.clearCookies(ctx)
	}
	out := new(endedOutput)
	out.Body.Message, out.Body.Ended = "Signed out everywhere", n
	if in.KeepCurrent {
		out.Body.Message = "Signed out everywhere else"
	}
	return out, nil
}

func (a *API) endOwnSession(ctx context.Context, in *endSessionInput) (*messageOutput, error) {
	id := caller(ctx)
	if err := a.cfg.Accounts.EndSession(ctx, id.UserID, in.ID); err != nil {
		return nil, a.accountError(err)
	}
	if in.ID == id.SessionID {
		a.clearCookies(ctx)
	}
	return message("The session was ended"), nil
}

func (a *API) preferences(ctx context.Context, _ *struct{}) (*preferencesOutput, error) {
	u, err := a.cfg.Accounts.User(ctx, caller(ctx).UserID)
	if err != nil {
		return nil, a.accountError(err)
	}
	return &preferencesOutput{Preferences{AutoSave: u.AutoSave}}, nil
}

func (a *API) setPreferences(ctx context.Context, in *preferencesInput) (*preferencesOutput, error) {
	u, err := a.cfg.Accounts.SetPreferences(ctx, caller(ctx).UserID, account.Preferences{AutoSave: in.Body.AutoSave})
	if err != nil {
		return nil, a.accountError(err)
	}
	return &preferencesOutput{Preferences{AutoSave: u.AutoSave}}, nil
}

func (a *API) logAnalysisStart(ctx context.Context, in *analysisStartInput) (*messageOutput, error) {
	if in.Body.Streamer == "" {
		return nil, fail(http.StatusBadRequest, "Streamer name is required", nil)
	}
	channel, ok := chat.CleanChannel(in.Body.Streamer)
	if !ok {
		return nil, fail(http.StatusBadRequest, "Invalid channel name: "+excerpt(in.Body.Streamer), nil)
	}
	if err := a.cfg.Accounts.Note(ctx, caller(ctx), account.ActivityAnalysisStart, "Channel: "+channel); err != nil {
		return nil, a.accountError(err)
	}
	return message("Activity logged successfully"), nil
}
