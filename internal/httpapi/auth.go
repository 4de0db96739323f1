package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/account"
)

// Accounts are the users of the server and what may be done with them
// ([account.Service]). Its methods are called from many goroutines at once.
// Errors for people are *account.Error.
type Accounts interface {
	// Authenticate tells who holds an access token.
	Authenticate(ctx context.Context, token string) (account.Identity, error)
	// Recheck tells whether somebody who was let in may still stay.
	Recheck(ctx context.Context, id account.Identity) (account.Identity, error)
	// Refresh exchanges a refresh token for new tokens.
	Refresh(ctx context.Context, token string) (*account.User, account.Tokens, error)
	// Renew returns another access token for who holds one.
	Renew(ctx context.Context, id account.Identity, from account.Client) (*account.User, account.Tokens, error)
	// Note writes to the activity log what somebody did.
	Note(ctx context.Context, id account.Identity, activity, details string) error
	// Count adds to the figures of today.
	Count(ctx context.Context, u account.Usage)

	registering
	ownAccount
	administration
}

// registering is what people do who are not signed in.
type registering interface {
	Register(ctx context.Context, r account.Registration) error
	VerifyEmail(ctx context.Context, email, code string) error
	ResendCode(ctx context.Context, email string) error
	Login(ctx context.Context, email, password string, from account.Client) (*account.User, account.Tokens, error)
	ForgotPassword(ctx context.Context, email string) error
	ValidateReset(ctx context.Context, userID, token string) error
	ResetPassword(ctx context.Context, userID, token, password string) error
	Invite(ctx context.Context, code string) (account.Invite, error)
	SetupNeeded(ctx context.Context) (bool, error)
	CheckSetup(ctx context.Context, token string) error
	SetUp(ctx context.Context, token string, r account.Registration) (*account.User, error)
}

// ownAccount is what users do with their own account.
type ownAccount interface {
	User(ctx context.Context, id string) (*account.User, error)
	Logout(ctx context.Context, id account.Identity) error
	UpdateProfile(ctx context.Context, userID string, p account.Profile) (*account.User, error)
	SetProfileImage(ctx context.Context, userID, dataURL string) (*account.User, error)
	SetPreferences(ctx context.Context, userID string, p account.Preferences) (*account.User, error)
	ChangePassword(ctx context.Context, id account.Identity, old, password string) error
	RequestEmailChange(ctx context.Context, userID, newEmail, password string) (current string, err error)
	VerifyCurrentEmail(ctx context.Context, userID, code string) (newEmail string, err error)
	VerifyNewEmail(ctx context.Context, userID, code string) (*account.User, error)
	CancelEmailChange(ctx context.Context, userID string) error
	DeleteAccount(ctx context.Context, userID, password string) (forgotten int, err error)
	Sessions(ctx context.Context, userID string) ([]account.Session, error)
	EndSession(ctx context.Context, userID, sessionID string) error
	LogoutEverywhere(ctx context.Context, userID, except string) (int, error)
}

// administration is what administrators do.
type administration interface {
	ListUsers(ctx context.Context, q account.UserQuery) (account.UserPage, error)
	CountUsers(ctx context.Context) (account.UserCounts, error)
	AddUser(ctx context.Context, actor account.Identity, r account.Registration, role account.Role) (*account.User, error)
	UpdateUser(ctx context.Context, actor account.Identity, userID string, n account.UserUpdate) (*account.User, error)
	RemoveUser(ctx context.Context, actor account.Identity, userID string) (forgotten int, err error)
	SignOutUser(ctx context.Context, actor account.Identity, userID string) (int, error)
	OfferReset(ctx context.Context, actor account.Identity, userID string) (u *account.User, token string, err error)
	CreateInvite(ctx context.Context, actor account.Identity, o account.InviteOrder) (code string, _ account.Invite, err error)
	Invites(ctx context.Context) ([]account.Invite, error)
	RevokeInvite(ctx context.Context, actor account.Identity, id string) error
	Logs(ctx context.Context, q account.LogQuery) (account.LogPage, error)
	CleanUpLogs(ctx context.Context, actor account.Identity, days int) (int64, error)
	UsageOf(ctx context.Context, days int) ([]account.Usage, error)
}

// Who may call an operation: one of these is its Metadata. Without, anybody
// may; the handler can ask identityOf all the same.
var (
	// protected: who is signed in, and guests where they may watch.
	protected = map[string]any{accessKey: needsWatching}
	// analysing: who is signed in, and guests where they may analyse.
	analysing = map[string]any{accessKey: needsAnalysing}
	// signedIn: who is signed in.
	signedIn = map[string]any{accessKey: needsUser}
	// adminOnly: administrators.
	adminOnly = map[string]any{accessKey: needsAdmin}
)

const accessKey = "access"

// need is what an operation needs, from little to much.
type need int

const (
	needsNothing need = iota
	needsWatching
	needsAnalysing
	needsUser
	needsAdmin
)

// The names of the ways to sign in, in the description.
const (
	bearerScheme = "bearerAuth"
	cookieScheme = "cookieAuth"
)

const (
	needsAccount = "Not authenticated"
	otherScheme  = "Invalid authentication credentials"
	noAccounts   = "This server has no accounts"
	storeAway    = "The database cannot be reached at the moment: try again in a few seconds"
	// storeRetry is when it is worth trying again where the store is away.
	storeRetry = 5 * time.Second
)

// secured makes an operation's access rule work and describes it.
func (a *API) secured(op *huma.Operation) {
	level, _ := op.Metadata[accessKey].(need)
	switch level {
	case needsNothing:
		op.Security = []map[string][]string{{}}
		return
	case needsWatching, needsAnalysing:
		op.Security = watchSecurity()
	default:
		op.Security = []map[string][]string{{bearerScheme: {}}, {cookieScheme: {}}}
	}
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable} {
		if !slices.Contains(op.Errors, status) {
			op.Errors = append(op.Errors, status)
		}
	}
	slices.Sort(op.Errors)
	op.Middlewares = append(op.Middlewares, func(ctx huma.Context, next func(huma.Context)) {
		if err := a.admit(ctx.Context(), level); err != nil {
			a.refuse(ctx, err)
			return
		}
		next(ctx)
	})
}

// watchSecurity describes what guests may do, too, depending on the server.
func watchSecurity() []map[string][]string {
	return []map[string][]string{{bearerScheme: {}}, {cookieScheme: {}}, {}}
}

// securitySchemes describe how to sign in.
func securitySchemes() map[string]*huma.SecurityScheme {
	return map[string]*huma.SecurityScheme{
		bearerScheme: {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The `access_token` of POST /api/login or POST /api/refresh-token. It wins over cookies."},
		cookieScheme: {Type: "apiKey", In: "cookie", Name: accessCookie, Description: "Set by POST /api/login and renewed by the server as long as the refresh cookie beside it is good. By https its name begins with `__Host-`, below a BASE_PATH with `__Secure-`."},
	}
}

// from tells where a request came from, for the log and the list of sessions.
func (a *API) from(ctx context.Context) account.Client {
	c := account.Client{Address: clientAddr(ctx).String()}
	if !clientAddr(ctx).IsValid() {
		c.Address = ""
	}
	if who := accessOf(ctx); who.r != nil {
		c.UserAgent = who.r.UserAgent()
	}
	return c
}

// caller returns who makes a request that only those may make who are signed
// in; the operation's access rule has checked that.
func caller(ctx context.Context) account.Identity {
	id, _ := identityOf(ctx)
	return id
}

// admit returns nil when the one who makes the request has what is needed.
func (a *API) admit(ctx context.Context, level need) error {
	if level == needsNothing {
		return nil
	}
	guests := level == needsWatching && a.cfg.guestsWatch() || level == needsAnalysing && a.cfg.guestsAnalyse()
	id, err := accessOf(ctx).identify()
	if err != nil {
		// A browser cannot put an old cookie away by itself; a program that
		// presents a token wants it to count.
		if guests && !accessOf(ctx).bearer && isAccountError(err) {
			return nil
		}
		return a.accountError(err)
	}
	switch {
	case id == nil && !guests:
		return unauthenticated(needsAccount)
	case level == needsAdmin && !id.IsAdmin():
		return a.accountError(account.ErrNotAdmin)
	}
	return nil
}

// refuse answers with an error outside of a handler.
func (a *API) refuse(ctx huma.Context, err error) {
	var refused *apiError
	if !errors.As(err, &refused) {
		refused = &apiError{status: http.StatusInternalServerError, detail: "Something went wrong here; the server's log says what, under the request id", cause: err}
	}
	for name, values := range refused.GetHeaders() {
		for _, v := range values {
			ctx.SetHeader(name, v)
		}
	}
	p, err := a.transformError(ctx, "", refused)
	if err != nil { // it never fails
		panic(err)
	}
	body, err := json.Marshal(p)
	if err != nil { // it holds nothing but strings and numbers
		panic(err)
	}
	ctx.SetHeader("Content-Type", problemType)
	ctx.SetStatus(refused.status)
	_, _ = ctx.BodyWriter().Write(append(body, '\n')) // the client went away: nobody to tell
}

// access finds out who makes one request, when somebody asks. It is safe for
// concurrent use; only the handler's goroutine may be the first to ask, since
// it may set cookies.
type access struct {
	api *API
	w   http.ResponseWriter
	r   *http.Request

	once   sync.Once
	id     *account.Identity // nil: a guest
	token  string            // the access token that counted
	bearer bool              // it came in the header
	err    error             // what is wrong with what was presented
}

// identified puts the access of each request into its context.
func (a *API) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := &access{api: a, w: w}
		r = r.WithContext(context.WithValue(r.Context(), accessContextKey, who))
		who.r = r
		next.ServeHTTP(w, r)
	})
}

func accessOf(ctx context.Context) *access {
	if who, _ := ctx.Value(accessContextKey).(*access); who != nil {
		return who
	}
	return new(access)
}

// identityOf tells who makes the request; false for a guest, which includes one
// whose token is no longer good.
func identityOf(ctx context.Context) (account.Identity, bool) {
	id, err := accessOf(ctx).identify()
	if err != nil || id == nil {
		return account.Identity{}, false
	}
	return *id, true
}

// identify tells who makes the request: nil for a guest, an error where what
// was presented is no good or cannot be checked.
func (who *access) identify() (*account.Identity, error) {
	if who.api == nil || who.api.cfg.Accounts == nil {
		return nil, nil //nolint:nilnil // a guest is no error
	}
	who.once.Do(who.find)
	return who.id, who.err
}

func (who *access) find() {
	header := who.r.Header.Get("Authorization")
	cookies := cookie(who.r, accessCookie) != "" || cookie(who.r, refreshCookie) != ""
	scheme, token, _ := strings.Cut(header, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		who.bearer = true
		who.accept(strings.TrimSpace(token))
	case cookies:
		who.findByCookies()
	case header != "":
		// With cookies, another scheme is a proxy's in front of us.
		who.bearer = true
		who.err = &account.Error{Kind: account.KindUnauthenticated, Message: otherScheme}
	}
}

func (who *access) findByCookies() {
	if token := cookie(who.r, accessCookie); token != "" {
		if who.accept(token); who.err == nil || !errors.Is(who.err, account.ErrBadToken) {
			return
		}
	}
	token := cookie(who.r, refreshCookie)
	if token == "" {
		who.forget()
		return
	}
	_, tokens, err := who.api.cfg.Accounts.Refresh(who.r.Context(), token)
	if who.err = err; err != nil {
		who.forget()
		return
	}
	setCookies(who.w, who.r, tokens, who.api.cfg.Now())
	who.accept(tokens.Access)
}

// forget takes cookies away that are no good.
func (who *access) forget() {
	if isAccountError(who.err) {
		clearCookies(who.w, who.r)
	}
}

func (who *access) accept(token string) {
	id, err := who.api.cfg.Accounts.Authenticate(who.r.Context(), token)
	if who.err = err; err == nil {
		who.id, who.token = &id, token
	}
}

func isAccountError(err error) bool {
	var e *account.Error
	return errors.As(err, &e)
}

// unauthenticated returns the error for who has to sign in first.
func unauthenticated(detail string, fields ...ProblemField) error {
	return &apiError{status: http.StatusUnauthorized, detail: detail, fields: fields}
}

// accountError turns an error of the account service, or of another service
// whose errors are *account.Error, into its answer. The store's own errors are
// logged and answered with 503 where it is away, and else with 500.
func (a *API) accountError(err error) error {
	if err == nil {
		return nil
	}
	var refused *apiError
	if errors.As(err, &refused) {
		return err
	}
	var e *account.Error
	if !errors.As(err, &e) {
		return a.storeError(err)
	}
	out := &apiError{detail: e.Message}
	if e.Field != "" {
		out.fields = []ProblemField{{"body." + e.Field, e.Message}}
	}
	switch e.Kind {
	case account.KindInvalid:
		out.status = http.StatusBadRequest
	case account.KindUnauthenticated:
		out.status = http.StatusUnauthorized
	case account.KindForbidden:
		out.status = http.StatusForbidden
	case account.KindNotFound:
		out.status = http.StatusNotFound
	case account.KindConflict:
		out.status = http.StatusConflict
		if e.Field != "" {
			out.status = http.StatusBadRequest // as the old system: the address is taken
		}
	case account.KindBusy:
		out.status, out.wait = http.StatusServiceUnavailable, storeRetry
	default:
		return fail(http.StatusInternalServerError, "Something went wrong here; the server's log says what, under the request id", fmt.Errorf("an error of unknown kind %d: %w", e.Kind, err))
	}
	return out
}

// storeError answers for a store: that it is away, or that something is wrong.
func (a *API) storeError(err error) error {
	if a.isStoreAway(err) {
		return &apiError{status: http.StatusServiceUnavailable, detail: storeAway, wait: storeRetry, cause: err}
	}
	return fail(http.StatusInternalServerError, "Something went wrong here; the server's log says what, under the request id", err)
}

// isStoreAway reports whether an error says that the database cannot be reached.
func (a *API) isStoreAway(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || err != nil && a.cfg.StoreAway != nil && a.cfg.StoreAway(err)
}

// note writes to the activity log what the one who makes the request did; a
// guest's doings are not logged. That it cannot is logged, and no reason to
// refuse what was asked for.
func (a *API) note(ctx context.Context, activity, details string) {
	id, ok := identityOf(ctx)
	if !ok {
		return
	}
	if err := a.cfg.Accounts.Note(context.WithoutCancel(ctx), id, activity, details); err != nil {
		a.log.ErrorContext(ctx, "the activity log could not be written", "activity", activity, "error", err, "request_id", requestID(ctx))
	}
}
