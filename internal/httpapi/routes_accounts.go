package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/account"
)

const (
	tagAccounts = "Accounts"
	tagUser     = "User"
	tagAdmin    = "Administration"
)

// User6 is a user as signing in and the profile show it.
type User6 struct {
	ID           string  `json:"id" example:"65a1b2c3d4e5f60718293a4b" doc:"24 hexadecimal digits"`
	Email        string  `json:"email" example:"nora@example.org"`
	FirstName    string  `json:"first_name" example:"Nora"`
	LastName     string  `json:"last_name" example:"Quill"`
	Role         string  `json:"role" enum:"user,admin" example:"user"`
	ProfileImage *string `json:"profile_image" nullable:"true" example:"data:image/jpeg;base64,/9j/4AAQSkZJRg==" doc:"A data URL; null: there is none, or one that is too large to be shown here. GET /api/user/profile-image has it as a file"`
}

func user6(u *account.User) User6 {
	out := User6{ID: u.ID, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName, Role: string(account.RoleUser)}
	if u.IsAdmin() {
		out.Role = string(account.RoleAdmin)
	}
	if image := u.ShownImage(); image != "" {
		out.ProfileImage = &image
	}
	return out
}

type messageOutput struct {
	Body struct {
		Message string `json:"message" example:"Email verified successfully" doc:"What was done, in a sentence"`
	} `nameHint:"Message"`
}

func message(text string) *messageOutput {
	out := new(messageOutput)
	out.Body.Message = text
	return out
}

type registerInput struct {
	Body struct {
		Email     string `json:"email" required:"false" maxLength:"1000" example:"nora@example.org"`
		Password  string `json:"password" required:"false" maxLength:"1000" example:"Tangerine7! boat" doc:"8 to 128 characters: an upper and a lower case letter, a digit and one of !@#$%^&*(),.?\":{}|<>; none that everybody tries first"`
		FirstName string `json:"first_name" required:"false" maxLength:"1000" example:"Nora" doc:"At most 50 characters"`
		LastName  string `json:"last_name" required:"false" maxLength:"1000" example:"Quill" doc:"At most 50 characters"`
		Invite    string `json:"invite,omitempty" maxLength:"1000" example:"wT3cY1Jm5bq0x8sQdHn2kV7rZpL4fGaE6uXoNiRtB9M" doc:"Code of an invitation, where one is needed"`
	} `nameHint:"RegisterRequest"`
}

type registerOutput struct {
	Body struct {
		Message string `json:"message" example:"Registration successful. Please check your email for verification code."`
		Email   string `json:"email" example:"nora@example.org"`
	} `nameHint:"Registered"`
}

type verifyInput struct {
	Body struct {
		Email string `json:"email" required:"false" maxLength:"1000" example:"nora@example.org"`
		OTP   string `json:"otp" required:"false" maxLength:"100" example:"482913" doc:"The code of the mail, six digits"`
	} `nameHint:"VerifyRequest"`
}

type emailInput struct {
	Body struct {
		Email string `json:"email" required:"false" maxLength:"1000" example:"nora@example.org"`
	} `nameHint:"EmailRequest"`
}

type loginInput struct {
	Body struct {
		Email    string `json:"email" required:"false" maxLength:"1000" example:"nora@example.org"`
		Password string `json:"password" required:"false" maxLength:"1000" example:"Tangerine7! boat"`
	} `nameHint:"LoginRequest"`
}

// signedInBody is what somebody gets who signed in.
type signedInBody struct {
	AccessToken  string `json:"access_token" example:"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI2NWEx.c2lnbmF0dXJl" doc:"Send it as Authorization: Bearer …"`
	TokenType    string `json:"token_type" enum:"bearer"`
	ExpiresIn    int    `json:"expires_in" minimum:"0" example:"1800" doc:"Seconds for which the access token is good"`
	RefreshToken string `json:"refresh_token,omitempty" example:"0f1e2d3c4b5a69788796a5b4c3d2e1f0.0.c2lnbmF0dXJl" doc:"Exchange it at POST /api/refresh-token, once, before it expires. Absent where a cookie holds it, or where the one that you have stays good"`
	User         User6  `json:"user"`
}

type signedInOutput struct {
	Body signedInBody `nameHint:"SignedIn"`
}

func (a *API) signedIn(u *account.User, t account.Tokens) *signedInOutput {
	return &signedInOutput{Body: signedInBody{
		AccessToken: t.Access, TokenType: "bearer", ExpiresIn: max(0, int(t.AccessExpires.Sub(a.cfg.Now()).Seconds())), RefreshToken: t.Refresh, User: user6(u),
	}}
}

type userOutput struct {
	Body struct {
		User User6 `json:"user"`
	} `nameHint:"CurrentUser"`
}

type refreshInput struct {
	Body *struct {
		RefreshToken string `json:"refresh_token,omitempty" maxLength:"2000" example:"0f1e2d3c4b5a69788796a5b4c3d2e1f0.0.c2lnbmF0dXJl" doc:"Without it, the refresh cookie counts, or else a Bearer token that is still good"`
	} `nameHint:"RefreshRequest"`
}

type resetLinkInput struct {
	UserID string `path:"user_id" maxLength:"1000" example:"65a1b2c3d4e5f60718293a4b"`
	Token  string `path:"token" maxLength:"1000" example:"wT3cY1Jm5bq0x8sQdHn2kV7rZpL4fGaE6uXoNiRtB9M" doc:"As in the link"`
}

type resetInput struct {
	Body struct {
		UserID   string `json:"userId" required:"false" maxLength:"1000" example:"65a1b2c3d4e5f60718293a4b"`
		Token    string `json:"token" required:"false" maxLength:"1000" example:"wT3cY1Jm5bq0x8sQdHn2kV7rZpL4fGaE6uXoNiRtB9M"`
		Password string `json:"password" required:"false" maxLength:"1000" example:"Marmalade9? kite" doc:"The new one"`
	} `nameHint:"ResetRequest"`
}

type inviteCheckInput struct {
	Code string `path:"code" maxLength:"1000" example:"wT3cY1Jm5bq0x8sQdHn2kV7rZpL4fGaE6uXoNiRtB9M"`
}

type inviteCheckOutput struct {
	Body struct {
		Valid bool   `json:"valid" doc:"False: used up, expired, taken back or never given out"`
		Email string `json:"email,omitempty" example:"nora@example.org" doc:"The only address that may use it; absent: any"`
	} `nameHint:"InviteCheck"`
}

type setupCheckInput struct {
	Token string `path:"token" maxLength:"1000" example:"wT3cY1Jm5bq0x8sQdHn2kV7rZpL4fGaE6uXoNiRtB9M"`
}

type setupCheckOutput struct {
	Body struct {
		Valid bool `json:"valid" doc:"False: used, or another server's"`
	} `nameHint:"SetupCheck"`
}

type setupInput struct {
	Body struct {
		Token     string `json:"token" required:"false" maxLength:"1000" example:"wT3cY1Jm5bq0x8sQdHn2kV7rZpL4fGaE6uXoNiRtB9M" doc:"Of the link that the server prints when it starts without an administrator"`
		Email     string `json:"email" required:"false" maxLength:"1000" example:"ada@example.org"`
		Password  string `json:"password" required:"false" maxLength:"1000" example:"Tangerine7! boat"`
		FirstName string `json:"first_name" required:"false" maxLength:"1000" example:"Ada"`
		LastName  string `json:"last_name" required:"false" maxLength:"1000" example:"Root"`
	} `nameHint:"SetupRequest"`
}

// documentedRequired names the fields of requests whose absence is answered in
// the old system's own words, by the handlers: so the description requires them,
// but huma does not.
var documentedRequired = map[string][]string{
	"ConnectRequest":         {"url"},
	"DisconnectRequest":      {"channel"},
	"SaveRequest":            {"streamer_name", "total_chats", "sentiment_count", "top_positive", "top_negative", "top_neutral"},
	"RegisterRequest":        {"email", "password", "first_name", "last_name"},
	"VerifyRequest":          {"email", "otp"},
	"EmailRequest":           {"email"},
	"LoginRequest":           {"email", "password"},
	"ResetRequest":           {"userId", "token", "password"},
	"SetupRequest":           {"token", "email", "password", "first_name", "last_name"},
	"ContactRequest":         {"name", "email", "subject", "message"},
	"AnalysisStartRequest":   {"streamer"},
	"ProfileImageRequest":    {"image"},
	"ChangePasswordRequest":  {"old_password", "new_password"},
	"DeleteAccountRequest":   {"password"},
	"EmailChangeRequest":     {"new_email", "password"},
	"AdminUserRequest":       {"first_name", "last_name", "email", "role", "status"},
	"AdminCreateUserRequest": {"first_name", "last_name", "email", "password"},
	"AdminMailTestRequest":   {"to"},
	"CodeRequest":            {"otp"},
}

func (a *API) registerAccounts() {
	register(a, huma.Operation{
		OperationID: "register", Method: http.MethodPost, Path: "/api/register", Tags: []string{tagAccounts},
		Summary: "Register",
		Description: "Mails a code that POST /api/verify-otp takes. The answer is the same for an address that has an account; its owner gets a mail that says so. " +
			"Where `registration` of GET /api/info is `invite`, the code of an invitation is needed.",
		Errors: []int{400, 403, 413, 422, 429, 503},
	}, a.registerUser)
	register(a, huma.Operation{
		OperationID: "verify-otp", Method: http.MethodPost, Path: "/api/verify-otp", Tags: []string{tagAccounts},
		Summary:     "Prove an address with the mailed code",
		Description: "Makes the account active. A code is good for ten minutes, five tries and once. All that is wrong is answered alike.",
		Errors:      []int{400, 413, 422, 429, 503},
	}, a.verifyOTP)
	register(a, huma.Operation{
		OperationID: "resend-otp", Method: http.MethodPost, Path: "/api/resend-otp", Tags: []string{tagAccounts},
		Summary:     "Mail another code",
		Description: "For an address that waits for its code; for all others it does nothing and answers the same.",
		Errors:      []int{400, 413, 422, 429, 503},
	}, a.resendOTP)
	register(a, huma.Operation{
		OperationID: "login", Method: http.MethodPost, Path: "/api/login", Tags: []string{tagAccounts},
		Summary: "Sign in",
		Description: "Starts a session. Browsers get its tokens as HttpOnly cookies, too, and need not keep them elsewhere. " +
			"An unknown address and a wrong password are answered alike, after the same work. Failed sign-ins are limited for each address and each account.",
		Errors: []int{400, 401, 403, 413, 422, 429, 503},
	}, a.login)
	register(a, huma.Operation{
		OperationID: "authenticate", Method: http.MethodGet, Path: "/api/authenticate", Tags: []string{tagAccounts},
		Summary:     "Who is signed in",
		Description: "Browsers with a Bearer token get the access cookie with it, so that requests that cannot send the header work too.",
		Metadata:    signedIn,
	}, a.authenticate)
	register(a, huma.Operation{
		OperationID: "logout", Method: http.MethodPost, Path: "/api/logout", Tags: []string{tagAccounts},
		Summary:     "Sign out",
		Description: "Ends the session on all servers within seconds, live connections included, and takes the cookies away. With the last session of a user the channels that the user asked for are given up.",
		Metadata:    signedIn,
	}, a.logout)
	register(a, huma.Operation{
		OperationID: "refresh-token", Method: http.MethodPost, Path: "/api/refresh-token", Tags: []string{tagAccounts},
		Summary: "Get another access token",
		Description: "Exchanges the refresh token of the body or of the cookie; it is used up, and whoever presents it once more ends the session. " +
			"With neither, a Bearer token that is still good gets another one, as the old system's clients ask for it.",
		Errors: []int{401, 403, 413, 422, 429, 503},
	}, a.refreshToken)
	register(a, huma.Operation{
		OperationID: "forgot-password", Method: http.MethodPost, Path: "/api/forgot-password", Tags: []string{tagAccounts},
		Summary:     "Mail a link to set a new password",
		Description: "The answer is the same whether there is such an account or not. The link is good for 24 hours and once; another one replaces it.",
		Errors:      []int{400, 413, 422, 429, 503},
	}, a.forgotPassword)
	register(a, huma.Operation{
		OperationID: "validate-reset-token", Method: http.MethodGet, Path: "/api/validate-reset-token/{user_id}/{token}", Tags: []string{tagAccounts},
		Summary:     "Whether a link to set a new password is good",
		Description: "Does not use it up.",
		Errors:      []int{400, 429, 503},
	}, a.validateReset)
	register(a, huma.Operation{
		OperationID: "reset-password", Method: http.MethodPost, Path: "/api/reset-password", Tags: []string{tagAccounts},
		Summary:     "Set a new password by a link",
		Description: "Ends all sessions of the user.",
		Errors:      []int{400, 413, 422, 429, 503},
	}, a.resetPassword)
	register(a, huma.Operation{
		OperationID: "check-invite", Method: http.MethodGet, Path: "/api/invites/{code}", Tags: []string{tagAccounts},
		Summary:     "Whether an invitation is good",
		Description: "For the page on which people register.",
		Errors:      []int{429, 503},
	}, a.checkInvite)
	register(a, huma.Operation{
		OperationID: "check-setup", Method: http.MethodGet, Path: "/api/setup/{token}", Tags: []string{tagAccounts},
		Summary:     "Whether a set-up link is good",
		Description: "The server prints the link when it starts and has no administrator.",
		Errors:      []int{429, 503},
	}, a.checkSetup)
	register(a, huma.Operation{
		OperationID: "setup", Method: http.MethodPost, Path: "/api/setup", Tags: []string{tagAccounts},
		Summary:     "Create the first administrator",
		Description: "With the token of the link that the server prints; it works once, and signs the new administrator in.",
		Errors:      []int{400, 413, 422, 429, 503},
	}, a.setUp)
}

// accounts returns the error for a server that has none.
func (a *API) accounts() error {
	if a.cfg.Accounts == nil {
		return fail(http.StatusNotFound, noAccounts, nil)
	}
	return nil
}

// settle gives back what a request took from the limits where the reason that
// it failed is the form that was filled in, not what is limited.
func settle(s *spent, err error) {
	var e *account.Error
	if errors.As(err, &e) && (e.Kind == account.KindInvalid || e.Kind == account.KindForbidden) {
		s.giveBack()
	}
}

func (a *API) registerUser(ctx context.Context, in *registerInput) (*registerOutput, error) {
	if err := a.accounts(); err != nil {
		return nil, err
	}
	b := &in.Body
	var s spent
	if b.Email != "" {
		if err := s.take(a.limits.register, addressKey(ctx)); err != nil {
			return nil, err
		}
		if err := s.take(a.limits.mailsTo, mailKey(b.Email)); err != nil {
			return nil, err
		}
	}
	err := a.cfg.Accounts.Register(ctx, account.Registration{
		Email: b.Email, Password: b.Password, FirstName: b.FirstName, LastName: b.LastName, Invite: b.Invite,
	})
	if err != nil {
		settle(&s, err)
		return nil, a.accountError(err)
	}
	out := new(registerOutput)
	out.Body.Message, out.Body.Email = "Registration successful. Please check your email for verification code.", strings.TrimSpace(b.Email)
	if a.cfg.MailBy == MailOff {
		out.Body.Message = "Registration successful. You can sign in now."
	}
	return out, nil
}

func (a *API) verifyOTP(ctx context.Context, in *verifyInput) (*messageOutput, error) {
	if err := a.accounts(); err != nil {
		return nil, err
	}
	var s spent
	if in.Body.Email != "" && in.Body.OTP != "" {
		if err := s.take(a.limits.codes, addressKey(ctx)); err != nil {
			return nil, err
		}
		if err := s.take(a.limits.tries, mailKey(in.Body.Email)); err != nil {
			return nil, err
		}
	}
	if err := a.cfg.Accounts.VerifyEmail(ctx, in.Body.Email, in.Body.OTP); err != nil {
		return nil, a.accountError(err)
	}
	s.giveBack()
	return message("Email verified successfully"), nil
}

func (a *API) resendOTP(ctx context.Context, in *emailInput) (*messageOutput, error) {
	if err := a.accounts(); err != nil {
		return nil, err
	}
	if err := a.askForMail(ctx, in.Body.Email); err != nil {
		return nil, err
	}
	if err := a.cfg.Accounts.ResendCode(ctx, in.Body.Email); err != nil {
		return nil, a.accountError(err)
	}
	return message("OTP resent successfully"), nil
}

// askForMail takes from the limits of mails that people cause who are not
// signed in. An address without an account counts as one with: the limit must
// not tell.
func (a *API) askForMail(ctx context.Context, email string) error {
	if email == "" {
		return nil
	}
	var s spent
	if err := s.take(a.limits.mails, addressKey(ctx)); err != nil {
		return err
	}
	return s.take(a.limits.mailsTo, mailKey(email))
}

func (a *API) login(ctx context.Context, in *loginInput) (*signedInOutput, error) {
	if err := a.accounts(); err != nil {
		return nil, err
	}
	b := &in.Body
	place := keyOf("place", account.EmailKey(b.Email), addressKey(ctx))
	var s spent
	if b.Email != "" && b.Password != "" {
		if err := s.take(a.limits.logins, addressKey(ctx)); err != nil {
			return nil, err
		}
		// Where somebody signed in to the account before, strangers' failures do
		// not count: they cannot lock its owner out.
		from, key := a.limits.passwords, mailKey(b.Email)
		if a.limits.places.has(place) {
			from, key = a.limits.familiar, place
		}
		if err := s.take(from, key); err != nil {
			return nil, err
		}
	}
	u, tokens, err := a.cfg.Accounts.Login(ctx, b.Email, b.Password, a.from(ctx))
	if err != nil {
		if !errors.Is(err, account.ErrBadLogin) {
			s.giveBack() // it was the right password, or nobody looked at it
		}
		return nil, a.accountError(err)
	}
	s.giveBack()
	a.limits.places.add(place)
	a.setCookies(ctx, tokens)
	return a.signedIn(u, tokens), nil
}

// setCookies gives the browser that makes the request its tokens.
func (a *API) setCookies(ctx context.Context, t account.Tokens) {
	if who := accessOf(ctx); who.w != nil {
		setCookies(who.w, who.r, t, a.cfg.Now())
	}
}

func (a *API) clearCookies(ctx context.Context) {
	if who := accessOf(ctx); who.w != nil {
		clearCookies(who.w, who.r)
	}
}

func (a *API) authenticate(ctx context.Context, _ *struct{}) (*userOutput, error) {
	id := caller(ctx)
	u, err := a.cfg.Accounts.User(ctx, id.UserID)
	if err != nil {
		return nil, a.accountError(err)
	}
	if who := accessOf(ctx); who.bearer {
		setCookie(who.w, who.r, accessCookie, who.token, id.Expires.Sub(a.cfg.Now()))
	}
	out := new(userOutput)
	out.Body.User = user6(u)
	return out, nil
}

func (a *API) logout(ctx context.Context, _ *struct{}) (*messageOutput, error) {
	if err := a.cfg.Accounts.Logout(ctx, caller(ctx)); err != nil {
		return nil, a.accountError(err)
	}
	a.clearCookies(ctx)
	return message("Successfully logged out"), nil
}

func (a *API) refreshToken(ctx context.Context, in *refreshInput) (*signedInOutput, error) {
	if err := a.accounts(); err != nil {
		return nil, err
	}
	var s spent
	if err := s.take(a.limits.refresh, addressKey(ctx)); err != nil {
		return nil, err
	}
	who := accessOf(ctx)
	var token string
	if in.Body != nil {
		token = in.Body.RefreshToken
	}
	switch {
	case token != "":
		u, tokens, err := a.cfg.Accounts.Refresh(ctx, token)
		if err != nil {
			return nil, a.accountError(err)
		}
		return a.signedIn(u, tokens), nil
	case who.r != nil && who.r.Header.Get("Authorization") == "" && cookie(who.r, refreshCookie) != "":
		u, tokens, err := a.cfg.Accounts.Refresh(ctx, cookie(who.r, refreshCookie))
		if err != nil {
			if isAccountError(err) {
				a.clearCookies(ctx)
			}
			return nil, a.accountError(err)
		}
		a.setCookies(ctx, tokens)
		tokens.Refresh = "" // the page cannot read the cookie, and need not
		return a.signedIn(u, tokens), nil
	}
	id, err := who.identify()
	if err != nil {
		return nil, a.accountError(err)
	}
	if id == nil {
		return nil, unauthenticated(needsAccount)
	}
	u, tokens, err := a.cfg.Accounts.Renew(ctx, *id, a.from(ctx))
	if err != nil {
		return nil, a.accountError(err)
	}
	return a.signedIn(u, tokens), nil
}

func (a *API) forgotPassword(ctx context.Context, in *emailInput) (*messageOutput, error) {
	if err := a.accounts(); err != nil {
		return nil, err
	}
	if err := a.askForMail(ctx, in.Body.Email); err != nil {
		return nil, err
	}
	if err := a.cfg.Accounts.ForgotPassword(ctx, in.Body.Email); err != nil {
		return nil, a.accountError(err)
	}
	return message("Password reset instructions sent to email if account exists"), nil
}

func (a *API) validateReset(ctx context.Context, in *resetLinkInput) (*messageOutput, error) {
	if err := a.accounts(); err != nil {
		return nil, err
	}
	var s spent
	if err := s.take(a.limits.codes, addressKey(ctx)); err != nil {
		return nil, err
	}
	if err := a.cfg.Accounts.ValidateReset(ctx, in.UserID, in.Token); err != nil {
		return nil, a.accountError(err)
	}
	s.giveBack()
	return message("Valid reset token"), nil
}

func (a *API) resetPassword(ctx context.Context, in *resetInput) (*messageOutput, error) {
	if err := a.accounts(); err != nil {
		return nil, err
	}
	var s spent
	if in.Body.Token != "" {
		if err := s.take(a.limits.codes, addressKey(ctx)); err != nil {
			return nil, err
		}
	}
	if err := a.cfg.Accounts.ResetPassword(ctx, in.Body.UserID, in.Body.Token, in.Body.Password); err != nil {
		if !errors.Is(err, account.ErrBadLink) {
			s.giveBack()
		}
		return nil, a.accountError(err)
	}
	s.giveBack()
	// Who has the mailbox is the owner: strangers' failures no longer count here.
	if u, err := a.cfg.Accounts.User(ctx, in.Body.UserID); err == nil {
		a.limits.places.add(keyOf("place", account.EmailKey(u.Email), addressKey(ctx)))
	}
	return message("Password has been reset successfully"), nil
}

func (a *API) checkInvite(ctx context.Context, in *inviteCheckInput) (*inviteCheckOutput, error) {
	if err := a.accounts(); err != nil {
		return nil, err
	}
	var s spent
	if err := s.take(a.limits.links, addressKey(ctx)); err != nil {
		return nil, err
	}
	out := new(inviteCheckOutput)
	invite, err := a.cfg.Accounts.Invite(ctx, in.Code)
	switch {
	case errors.Is(err, account.ErrBadInvite):
	case err != nil:
		return nil, a.accountError(err)
	default:
		out.Body.Valid, out.Body.Email = true, invite.Email
	}
	return out, nil
}

func (a *API) checkSetup(ctx context.Context, in *setupCheckInput) (*setupCheckOutput, error) {
	if err := a.accounts(); err != nil {
		return nil, err
	}
	var s spent
	if err := s.take(a.limits.links, addressKey(ctx)); err != nil {
		return nil, err
	}
	out := new(setupCheckOutput)
	err := a.cfg.Accounts.CheckSetup(ctx, in.Token)
	if err != nil && !errors.Is(err, account.ErrBadSetup) {
		return nil, a.accountError(err)
	}
	out.Body.Valid = err == nil
	return out, nil
}

func (a *API) setUp(ctx context.Context, in *setupInput) (*signedInOutput, error) {
	if err := a.accounts(); err != nil {
		return nil, err
	}
	var s spent
	if err := s.take(a.limits.links, addressKey(ctx)); err != nil {
		return nil, err
	}
	b := &in.Body
	_, err := a.cfg.Accounts.SetUp(ctx, b.Token, account.Registration{Email: b.Email, Password: b.Password, FirstName: b.FirstName, LastName: b.LastName})
	if err != nil {
		return nil, a.accountError(err)
	}
	u, tokens, err := a.cfg.Accounts.Login(ctx, strings.TrimSpace(b.Email), b.Password, a.from(ctx))
	if err != nil {
		return nil, a.accountError(err)
	}
	a.setCookies(ctx, tokens)
	return a.signedIn(u, tokens), nil
}
