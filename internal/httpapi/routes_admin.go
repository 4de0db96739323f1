package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chatmood/internal/account"
	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/mail"
)

// maxListedMail bounds each list of mails.
const maxListedMail = 200

// AdminUser is a user as administrators see it.
type AdminUser struct {
	ID           string    `json:"_id" example:"65a1b2c3d4e5f60718293a4b"`
	FirstName    string    `json:"first_name" example:"Nora"`
	LastName     string    `json:"last_name" example:"Quill"`
	Email        string    `json:"email" example:"nora@example.org"`
	Role         string    `json:"role" example:"user" doc:"user or admin; the older system let other texts in, which count as user"`
	Status       string    `json:"status" enum:"active,not_active,suspended"`
	CreatedAt    time.Time `json:"created_at" example:"2026-01-01T20:00:00Z"`
	UpdatedAt    time.Time `json:"updated_at" example:"2026-01-02T08:00:00Z"`
	ProfileImage *string   `json:"profile_image" nullable:"true" doc:"A data URL; null: there is none, it is too large, or the whole list was asked for. GET /api/admin/users/{id}/profile-image has it as a file"`
}

func adminUser(u *account.User) AdminUser {
	out := AdminUser{
		ID: u.ID, FirstName: u.FirstName, LastName: u.LastName, Email: u.Email, Role: string(u.Role), Status: string(u.Status),
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
	if image := u.ShownImage(); image != "" {
		out.ProfileImage = &image
	}
	return out
}

type adminUserOutput struct {
	Body AdminUser
}

// UserPage is a part of the list of users.
type UserPage struct {
	Items []AdminUser `json:"items"`
	Total int         `json:"total" minimum:"0" doc:"Of all pages"`
	Page  int         `json:"page" minimum:"1"`
	Pages int         `json:"pages" minimum:"0"`
	Limit int         `json:"limit" minimum:"1"`
}

// userList is all users as an array, as the older system answered, or a page of
// them where anything was asked for.
type userList struct {
	all  []AdminUser
	page *UserPage
}

// MarshalJSON implements [json.Marshaler].
func (l userList) MarshalJSON() ([]byte, error) {
	if l.page != nil {
		return json.Marshal(l.page)
	}
	return json.Marshal(present(l.all))
}

// Schema implements [huma.SchemaProvider].
func (userList) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeArray, Items: r.Schema(reflect.TypeFor[AdminUser](), true, "AdminUser")},
		r.Schema(reflect.TypeFor[UserPage](), true, "UserPage"),
	}}
}

type adminUsersInput struct {
	Page      int    `query:"page" minimum:"1" maximum:"1000000" example:"1" doc:"Beginning with 1"`
	Limit     int    `query:"limit" minimum:"1" maximum:"100" example:"20" doc:"Users on a page; 20 when not given"`
	Search    string `query:"search" maxLength:"200" example:"nora" doc:"Part of the name or the address, as it is written, whatever its case"`
	Role      string `query:"role" enum:"user,admin"`
	Status    string `query:"status" enum:"active,not_active,suspended"`
	Sort      string `query:"sort" enum:"created_at,name,email,role,status" doc:"created_at when not given"`
	Direction string `query:"direction" enum:"asc,desc" doc:"asc when not given"`
}

type adminUsersOutput struct {
	Body userList
}

type adminUserInput struct {
	ID string `path:"id" maxLength:"200" example:"65a1b2c3d4e5f60718293a4b"`
}

type adminUpdateInput struct {
	ID   string `path:"id" maxLength:"200" example:"65a1b2c3d4e5f60718293a4b"`
	Body struct {
		FirstName string `json:"first_name" required:"false" maxLength:"1000" example:"Nora"`
		LastName  string `json:"last_name" required:"false" maxLength:"1000" example:"Quill"`
		Email     string `json:"email" required:"false" maxLength:"1000" example:"nora@example.org"`
		Role      string `json:"role" required:"false" maxLength:"100" example:"user" doc:"user or admin"`
		Status    string `json:"status" required:"false" maxLength:"100" example:"active" doc:"active, not_active or suspended"`
	} `nameHint:"AdminUserRequest"`
}

type adminCreateInput struct {
	Body struct {
		FirstName string `json:"first_name" required:"false" maxLength:"1000" example:"Nora"`
		LastName  string `json:"last_name" required:"false" maxLength:"1000" example:"Quill"`
		Email     string `json:"email" required:"false" maxLength:"1000" example:"nora@example.org"`
		Password  string `json:"password" required:"false" maxLength:"1000" example:"Tangerine7! boat"`
		Role      string `json:"role,omitempty" maxLength:"100" example:"user" doc:"user or admin; user when not given"`
	} `nameHint:"AdminCreateUserRequest"`
}

type countOutput struct {
	Body struct {
		Total int64 `json:"total" minimum:"0" example:"1200"`
	} `nameHint:"Count"`
}

// UserCounts are numbers of users.
type UserCounts struct {
	Total  int `json:"total" minimum:"0" example:"42"`
	Active int `json:"active" minimum:"0" example:"40"`
	Admins int `json:"admins" minimum:"0" example:"2" doc:"Active administrators"`
}

type userCountsOutput struct {
	Body UserCounts
}

type resetOfferOutput struct {
	Body struct {
		Message string `json:"message" example:"A link to set a new password was mailed to nora@example.org"`
		Link    string `json:"link,omitempty" example:"https://mood.example/reset-password/65a1b2c3d4e5f60718293a4b/wT3cY1Jm5bq0x8sQdHn2kV7rZpL4fGaE6uXoNiRtB9M" doc:"Where the server sends no mail: bring it to the user"`
	} `nameHint:"ResetOffered"`
}

// LogEntry is an entry of the activity log.
type LogEntry struct {
	ID        string    `json:"_id" example:"65a1b2c3d4e5f60718293a4b"`
	UserID    string    `json:"user_id" example:"65a1b2c3d4e5f60718293a4b" doc:"Empty: nobody, or somebody who was deleted"`
	UserName  string    `json:"user_name" example:"Nora Quill"`
	Activity  string    `json:"activity" example:"Logged in"`
	Details   string    `json:"details" example:"Channel: somebody"`
	CreatedAt time.Time `json:"created_at" example:"2026-01-01T20:00:00Z"`
}

// Pagination tells where a page stands, as the older system did.
type Pagination struct {
	CurrentPage int  `json:"current_page" minimum:"1"`
	TotalPages  int  `json:"total_pages" minimum:"0"`
	TotalCount  int  `json:"total_count" minimum:"0"`
	HasNext     bool `json:"has_next"`
	HasPrev     bool `json:"has_prev"`
	Limit       int  `json:"limit" minimum:"1"`
}

type logsInput struct {
	Page          int       `query:"page" minimum:"1" maximum:"1000000" default:"1"`
	Limit         int       `query:"limit" minimum:"1" maximum:"1000" default:"10"`
	Search        string    `query:"search" maxLength:"200" example:"nora" doc:"Part of name, activity or details, as it is written, whatever its case"`
	SortField     string    `query:"sortField" maxLength:"100" example:"created_at" doc:"id, user_name, activity or created_at; anything else counts as created_at"`
	SortDirection string    `query:"sortDirection" maxLength:"100" example:"desc" doc:"asc; anything else counts as desc"`
	Activity      string    `query:"activity" maxLength:"200" example:"Logged in" doc:"Exactly this one"`
	UserID        string    `query:"user_id" maxLength:"200" example:"65a1b2c3d4e5f60718293a4b"`
	From          time.Time `query:"from" example:"2026-01-01T00:00:00Z" doc:"Only entries from then on"`
	To            time.Time `query:"to" example:"2026-02-01T00:00:00Z" doc:"Only entries from before"`
}

type logsOutput struct {
	Body struct {
		Logs       []LogEntry `json:"logs"`
		TotalItems int        `json:"totalItems" minimum:"0" doc:"Of all pages"`
		Pagination Pagination `json:"pagination"`
	} `nameHint:"LogPage"`
}

type cleanUpInput struct {
	Body *struct {
		Days *int `json:"days_to_keep,omitempty" minimum:"0" maximum:"36500" example:"90" doc:"90 when not given"`
	} `nameHint:"CleanUpRequest"`
}

type cleanUpOutput struct {
	Body struct {
		Message string `json:"message" example:"Successfully cleaned up logs"`
		Deleted int64  `json:"deleted_count" minimum:"0" example:"120"`
	} `nameHint:"CleanedUp"`
}

type namesOutput struct {
	Body []string `nameHint:"ActivityNames"`
}

// Invitation lets people register.
type Invitation struct {
	ID        string    `json:"id" example:"65a1b2c3d4e5f60718293a4b"`
	Email     string    `json:"email" example:"nora@example.org" doc:"The only address that may use it; empty: any"`
	Role      string    `json:"role" enum:"user,admin" doc:"Of who registers with it"`
	Uses      int       `json:"uses" minimum:"1" doc:"How many may register with it"`
	Used      int       `json:"used" minimum:"0" doc:"How many did"`
	CreatedBy string    `json:"created_by" example:"65a1b2c3d4e5f60718293a4b" doc:"An administrator's id; empty: the command line"`
	CreatedAt time.Time `json:"created_at" example:"2026-01-01T20:00:00Z"`
	ExpiresAt time.Time `json:"expires_at" example:"2026-01-08T20:00:00Z"`
}

func invitation(i account.Invite) Invitation {
	return Invitation{
		ID: i.ID, Email: i.Email, Role: string(i.Role), Uses: i.Uses, Used: i.Used, CreatedBy: i.CreatedBy, CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt,
	}
}

type invitesOutput struct {
	Body []Invitation `nameHint:"Invitations"`
}

type inviteInput struct {
	Body struct {
		Email string `json:"email,omitempty" maxLength:"1000" example:"nora@example.org" doc:"The only address that may use it; any when not given"`
		Role  string `json:"role,omitempty" maxLength:"100" example:"user" doc:"user or admin; user when not given"`
		Uses  int    `json:"uses,omitempty" minimum:"1" maximum:"1000" example:"1" doc:"How many may register with it; 1 when not given"`
		Hours int    `json:"expires_in_hours,omitempty" minimum:"1" maximum:"8760" example:"168" doc:"168 (a week) when not given"`
	} `nameHint:"InviteRequest"`
}

type inviteOutput struct {
	Body struct {
		Link   string     `json:"link" example:"https://mood.example/register?invite=wT3cY1Jm5bq0x8sQdHn2kV7rZpL4fGaE6uXoNiRtB9M" doc:"To give out; it is not kept and shown only now"`
		Invite Invitation `json:"invite"`
	} `nameHint:"Invited"`
}

type idInput struct {
	ID string `path:"id" maxLength:"300" example:"65a1b2c3d4e5f60718293a4b"`
}

// ChannelHolder is who wants a channel analysed.
type ChannelHolder struct {
	UserID string    `json:"user_id" example:"65a1b2c3d4e5f60718293a4b" doc:"Empty: a guest"`
	Name   string    `json:"name" example:"Nora Quill"`
	Email  string    `json:"email" example:"nora@example.org"`
	Since  time.Time `json:"since" example:"2026-01-01T20:00:00Z"`
}

// AdminChannel is an analysis that runs.
type AdminChannel struct {
	Channel   string          `json:"channel" example:"somebody"`
	StartedAt time.Time       `json:"started_at" example:"2026-01-01T20:00:00Z"`
	State     string          `json:"state" example:"live"`
	Viewers   int             `json:"viewers" minimum:"0"`
	Holders   []ChannelHolder `json:"holders"`
	Rate      float64         `json:"messages_per_minute" minimum:"0"`
	Total     int             `json:"total" minimum:"0" doc:"Messages so far"`
}

type adminChannelsOutput struct {
	Body []AdminChannel `nameHint:"AdminChannels"`
}

type adminChannelInput struct {
	Channel string `path:"channel" maxLength:"200" example:"somebody"`
}

// ChannelSockets are the live viewers of a channel.
type ChannelSockets struct {
	Channel string `json:"channel" example:"somebody"`
	Count   int    `json:"count" minimum:"0"`
}

// UserSockets are the live viewers of a user.
type UserSockets struct {
	UserID string `json:"user_id" example:"65a1b2c3d4e5f60718293a4b"`
	Name   string `json:"name" example:"Nora Quill"`
	Email  string `json:"email" example:"nora@example.org"`
	Count  int    `json:"count" minimum:"0"`
}

type socketsOutput struct {
	Body struct {
		Total     int              `json:"total" minimum:"0" doc:"On this node, guests included"`
		ByChannel []ChannelSockets `json:"by_channel" doc:"The most first"`
		ByUser    []UserSockets    `json:"by_user" doc:"The most first"`
	} `nameHint:"Sockets"`
}

// QueuedMail is a mail in the outbox, without what is in it.
type QueuedMail struct {
	ID        string     `json:"id" example:"K3TQ5ZRYNX2WLB4A@example.org"`
	Kind      string     `json:"kind" example:"code"`
	To        string     `json:"to" example:"nora@example.org" doc:"Empty: it cannot be read any more, since SECRET_KEY was changed"`
	Subject   string     `json:"subject" example:"Your OTP for Account Verification"`
	CreatedAt time.Time  `json:"created_at" example:"2026-01-01T20:00:00Z"`
	NextAt    *time.Time `json:"next_at,omitempty" doc:"When it is tried next, where it waits"`
	DeadAt    *time.Time `json:"dead_at,omitempty" doc:"When it was given up, where it was"`
	Attempts  int        `json:"attempts" minimum:"0"`
	Reason    string     `json:"reason" doc:"Why the last attempt failed, in words"`
}

func queuedMails(list []mail.Queued) []QueuedMail {
	out := make([]QueuedMail, len(list))
	for i, m := range list {
		out[i] = QueuedMail{ID: m.ID, Kind: m.Kind, To: m.To, Subject: m.Subject, CreatedAt: m.CreatedAt, NextAt: orNil(m.NextAt), DeadAt: orNil(m.DeadAt), Attempts: m.Attempts, Reason: m.Reason}
	}
	return out
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// MailStats tells how the outbox stands.
type MailStats struct {
	Waiting int        `json:"waiting" minimum:"0"`
	Dead    int        `json:"dead" minimum:"0" doc:"Given up, and kept for a while"`
	Oldest  *time.Time `json:"oldest,omitempty" doc:"When the oldest mail that waits was written"`
}

type outboxOutput struct {
	Body struct {
		Waiting []QueuedMail `json:"waiting" doc:"The next to be tried first, at most 200"`
		Dead    []QueuedMail `json:"dead" doc:"The latest first, at most 200"`
		Stats   MailStats    `json:"stats"`
	} `nameHint:"OutboxView"`
}

type mailTestInput struct {
	Body struct {
		To string `json:"to" required:"false" maxLength:"1000" example:"ada@example.org"`
	} `nameHint:"AdminMailTestRequest"`
}

// UsageDay is what was done on a day.
type UsageDay struct {
	Day           string `json:"day" format:"date" example:"2026-01-01" doc:"In UTC"`
	SignIns       int64  `json:"sign_ins" minimum:"0"`
	FailedSignIns int64  `json:"failed_sign_ins" minimum:"0"`
	Registrations int64  `json:"registrations" minimum:"0"`
	Started       int64  `json:"started" minimum:"0" doc:"Analyses that were started"`
	Saved         int64  `json:"saved" minimum:"0" doc:"Analyses that were saved"`
	Messages      int64  `json:"messages" minimum:"0" doc:"Of chat, in analyses that ended"`
}

func usageDay(u account.Usage) UsageDay {
	return UsageDay{Day: u.Day, SignIns: u.SignIns, FailedSignIns: u.FailedSignIns, Registrations: u.Registrations, Started: u.Started, Saved: u.Saved, Messages: u.Messages}
}

type usageInput struct {
	Days int `query:"days" minimum:"1" maximum:"366" default:"30" doc:"How many, today included"`
}

type usageOutput struct {
	Body []UsageDay `nameHint:"Usage"`
}

type overviewOutput struct {
	Body struct {
		Users    UserCounts `json:"users"`
		Usage    UsageDay   `json:"usage" doc:"Today"`
		Saved    int64      `json:"saved" minimum:"0" doc:"Analyses that users keep"`
		Messages int64      `json:"messages" minimum:"0" doc:"Of chat, in them"`
		Channels struct {
			Running int `json:"running" minimum:"0"`
			Limit   int `json:"limit" minimum:"0" doc:"0: no limit of ours"`
		} `json:"channels"`
		Sockets int                    `json:"sockets" minimum:"0"`
		Mail    MailStats              `json:"mail"`
		MailBy  string                 `json:"mail_by" enum:"smtp,folder,off"`
		Store   CheckResult            `json:"store"`
		Checks  map[string]CheckResult `json:"checks"`
		Version string                 `json:"version" example:"1.2.3"`
		Uptime  int64                  `json:"uptime" minimum:"0" doc:"Seconds"`
	} `nameHint:"Overview"`
}

func (a *API) registerAdmin() {
	op := func(id, method, path, summary, description string, errors ...int) huma.Operation {
		return huma.Operation{
			OperationID: id, Method: method, Path: path, Summary: summary, Description: description, Errors: errors,
			Tags: []string{tagAdmin}, Metadata: adminOnly,
		}
	}
	register(a, op("admin-list-users", http.MethodGet, "/api/admin/users", "List users",
		"An array of all, oldest first, as the older system answered; with any of the parameters, a page of them.", 422), a.adminUsers)
	register(a, op("admin-create-user", http.MethodPost, "/api/admin/users", "Create a user",
		"The user is active at once.", 400, 413, 422), a.adminCreate)
	register(a, op("admin-count-users", http.MethodGet, "/api/admin/users/count", "Count users", "All, those who may sign in, and active administrators."), a.adminCount)
	register(a, op("admin-count-comments", http.MethodGet, "/api/admin/comments/count", "Count analysed messages", "Summed over all saved analyses that are not archived."), a.adminComments)
	register(a, op("admin-count-usage", http.MethodGet, "/api/admin/usage/count", "Count saved analyses", "Those that are not archived."), a.adminUsageCount)
	register(a, op("admin-get-user", http.MethodGet, "/api/admin/users/{id}", "One user", "As in a page of the list.", 404, 422), a.adminUser)
	register(a, op("admin-update-user", http.MethodPut, "/api/admin/users/{id}", "Change a user",
		"All fields are required. A change of role, status or address ends the user's sessions within seconds. The last active administrator stays one.", 400, 404, 409, 413, 422), a.adminUpdate)
	register(a, op("admin-delete-user", http.MethodDelete, "/api/admin/users/{id}", "Delete a user",
		"With everything that was saved; the activity log keeps what was done, not by whom. Not oneself, and not the last administrator.", 404, 409, 422), a.adminDelete)
	register(a, op("admin-sign-out-user", http.MethodPost, "/api/admin/users/{id}/sign-out", "Sign a user out everywhere",
		"Within seconds, live connections included.", 404, 422), a.adminSignOut)
	register(a, op("admin-reset-password", http.MethodPost, "/api/admin/users/{id}/reset-password", "Offer a user a new password",
		"Mails a link; where the server sends no mail, the link is in the answer.", 404, 409, 422, 429), a.adminReset)
	image := op("admin-profile-image", http.MethodGet, "/api/admin/users/{id}/profile-image", "A user's profile image as a file", "For an img element.", 404, 422)
	image.Responses = imageResponses()
	register(a, image, a.adminImage)
	register(a, op("admin-logs", http.MethodGet, "/api/admin/logs", "Read the activity log", "The newest first, unless asked otherwise.", 422), a.adminLogs)
	register(a, op("admin-log-activities", http.MethodGet, "/api/admin/logs/activities", "What the activity log knows", "The names of activities, for a filter."), a.adminActivities)
	register(a, op("admin-clean-up-logs", http.MethodPost, "/api/admin/logs/cleanup", "Clean the activity log up", "Removes entries that are older.", 413, 422), a.adminCleanUp)
	register(a, op("admin-list-invites", http.MethodGet, "/api/admin/invites", "List invitations", "Those that did not expire, used up or not, the newest first."), a.adminInvites)
	register(a, op("admin-create-invite", http.MethodPost, "/api/admin/invites", "Invite", "Returns a link to give out; only a hash of its code is kept.", 400, 413, 422), a.adminInvite)
	register(a, op("admin-revoke-invite", http.MethodDelete, "/api/admin/invites/{id}", "Take an invitation back", "Who registered with it stays.", 404, 422), a.adminRevoke)
	register(a, op("admin-channels", http.MethodGet, "/api/admin/channels", "List the analyses that run", "With who wants them."), a.adminChannels)
	register(a, op("admin-stop-channel", http.MethodDelete, "/api/admin/channels/{channel}", "Stop an analysis for everybody", "It is saved for those whose preferences say so.", 400, 404, 422), a.adminStop)
	register(a, op("admin-sockets", http.MethodGet, "/api/admin/sockets", "Count live viewers", "Of this node, by channel and by user."), a.adminSockets)
	register(a, op("admin-mail", http.MethodGet, "/api/admin/mail", "Look at the outbox", "Mails that wait and mails that were given up, without what is in them."), a.adminMail)
	register(a, op("admin-retry-mail", http.MethodPost, "/api/admin/mail/{id}/retry", "Try a mail again", "One that was given up.", 404, 422), a.adminRetry)
	register(a, op("admin-test-mail", http.MethodPost, "/api/admin/mail/test", "Send a test mail", "It goes the way of all mails; GET /api/admin/mail tells when it could not be sent.", 400, 409, 413, 422, 429), a.adminMailTest)
	register(a, op("admin-usage", http.MethodGet, "/api/admin/usage", "What was done day by day", "The earliest day first; days without anything are there with zeros.", 422), a.adminUsage)
	register(a, op("admin-overview", http.MethodGet, "/api/admin/overview", "How the server is, at a glance", "Numbers of this moment."), a.adminOverview)
	a.registerAdminDoctor()
	a.registerAdminRetention()
}

func (a *API) adminUsers(ctx context.Context, in *adminUsersInput) (*adminUsersOutput, error) {
	out := new(adminUsersOutput)
	q := account.UserQuery{
		Search: in.Search, Role: account.Role(in.Role), Status: account.Status(in.Status), Sort: account.UserSort(in.Sort), Descending: in.Direction == "desc",
	}
	paged := *in != adminUsersInput{}
	page, limit := max(in.Page, 1), cmp.Or(in.Limit, 20)
	if paged {
		q.Offset, q.Limit, q.Images = (page-1)*limit, limit, true
	}
	found, err := a.cfg.Accounts.ListUsers(ctx, q)
	if err != nil {
		return nil, a.accountError(err)
	}
	list := make([]AdminUser, len(found.Users))
	for i := range found.Users {
		list[i] = adminUser(&found.Users[i])
	}
	if paged {
		out.Body.page = &UserPage{Items: list, Total: found.Total, Page: page, Pages: pageCount(found.Total, limit), Limit: limit}
	} else {
		out.Body.all = list
	}
	return out, nil
}

// pages is how many pages a list has.
func pageCount(total, limit int) int { return (total + limit - 1) / limit }

func (a *API) adminCreate(ctx context.Context, in *adminCreateInput) (*adminUserOutput, error) {
	b := &in.Body
	u, err := a.cfg.Accounts.AddUser(ctx, caller(ctx), account.Registration{
		Email: b.Email, Password: b.Password, FirstName: b.FirstName, LastName: b.LastName,
	}, account.Role(cmp.Or(b.Role, string(account.RoleUser))))
	if err != nil {
		return nil, a.accountError(err)
	}
	return &adminUserOutput{adminUser(u)}, nil
}

func (a *API) adminCount(ctx context.Context, _ *struct{}) (*userCountsOutput, error) {
	counts, err := a.cfg.Accounts.CountUsers(ctx)
	if err != nil {
		return nil, a.accountError(err)
	}
	return &userCountsOutput{UserCounts{counts.Total, counts.Active, counts.Admins}}, nil
}

// totals sums up what users saved.
func (a *API) totals(ctx context.Context) (entries, messages int64, err error) {
	if a.cfg.History == nil {
		return 0, 0, nil
	}
	t, err := a.cfg.History.Totals(ctx)
	return t.Entries, t.Messages, a.accountError(err)
}

func (a *API) adminComments(ctx context.Context, _ *struct{}) (*countOutput, error) {
	out := new(countOutput)
	var err error
	_, out.Body.Total, err = a.totals(ctx)
	return out, err
}

func (a *API) adminUsageCount(ctx context.Context, _ *struct{}) (*countOutput, error) {
	out := new(countOutput)
	var err error
	out.Body.Total, _, err = a.totals(ctx)
	return out, err
}

// userID checks the form of a user's id: what has another one, nobody has.
func (a *API) userID(id string) error {
	if !account.ValidID(id) {
		return a.accountError(account.ErrNotFound)
	}
	return nil
}

func (a *API) adminUser(ctx context.Context, in *adminUserInput) (*adminUserOutput, error) {
	if err := a.userID(in.ID); err != nil {
		return nil, err
	}
	u, err := a.cfg.Accounts.User(ctx, in.ID)
	if err != nil {
		return nil, a.accountError(err)
	}
	return &adminUserOutput{adminUser(u)}, nil
}

func (a *API) adminUpdate(ctx context.Context, in *adminUpdateInput) (*adminUserOutput, error) {
	b := &in.Body
	if err := a.userID(in.ID); err != nil {
		return nil, err
	}
	u, err := a.cfg.Accounts.UpdateUser(ctx, caller(ctx), in.ID, account.UserUpdate{
		FirstName: b.FirstName, LastName: b.LastName, Email: b.Email, Role: account.Role(b.Role), Status: account.Status(b.Status),
	})
	if err != nil {
		return nil, a.accountError(err)
	}
	return &adminUserOutput{adminUser(u)}, nil
}

func (a *API) adminDelete(ctx context.Context, in *adminUserInput) (*deletedOutput, error) {
	if err := a.userID(in.ID); err != nil {
		return nil, err
	}
	n, err := a.cfg.Accounts.RemoveUser(ctx, caller(ctx), in.ID)
	if err != nil {
		return nil, a.accountError(err)
	}
	out := new(deletedOutput)
	out.Body.Message, out.Body.History = "Account deleted successfully", n
	return out, nil
}

func (a *API) adminSignOut(ctx context.Context, in *adminUserInput) (*endedOutput, error) {
	if err := a.userID(in.ID); err != nil {
		return nil, err
	}
	n, err := a.cfg.Accounts.SignOutUser(ctx, caller(ctx), in.ID)
	if err != nil {
		return nil, a.accountError(err)
	}
	out := new(endedOutput)
	out.Body.Message, out.Body.Ended = "Signed out everywhere", n
	return out, nil
}

func (a *API) adminReset(ctx context.Context, in *adminUserInput) (*resetOfferOutput, error) {
	if err := a.userID(in.ID); err != nil {
		return nil, err
	}
	var s spent
	if err := s.take(a.limits.mailsTo, in.ID); err != nil {
		return nil, err
	}
	u, token, err := a.cfg.Accounts.OfferReset(ctx, caller(ctx), in.ID)
	if err != nil {
		s.giveBack()
		return nil, a.accountError(err)
	}
	out := new(resetOfferOutput)
	out.Body.Message = "A link to set a new password was mailed to " + u.Email
	if token != "" {
		out.Body.Message = "This server sends no mail: give the link to " + u.Email
		out.Body.Link = a.publicLink(ctx, "reset-password", u.ID, token)
	}
	return out, nil
}

// publicLink returns the address of a page.
func (a *API) publicLink(ctx context.Context, parts ...string) string {
	link := a.cfg.PublicURL
	if link == "" { // where the browser that asks found us
		if who := accessOf(ctx); who.r != nil {
			link = "http://" + who.r.Host
			if secureCookies(who.r) {
				link = "https://" + who.r.Host
			}
			link += a.cfg.BasePath
		}
	}
	for _, p := range parts {
		link += "/" + url.PathEscape(p)
	}
	return link
}

func (a *API) adminImage(ctx context.Context, in *adminUserInput) (*imageOutput, error) {
	if err := a.userID(in.ID); err != nil {
		return nil, err
	}
	return a.imageOf(ctx, in.ID)
}

func (a *API) adminLogs(ctx context.Context, in *logsInput) (*logsOutput, error) {
	found, err := a.cfg.Accounts.Logs(ctx, account.LogQuery{
		Search: in.Search, Activity: in.Activity, UserID: in.UserID, From: in.From, To: in.To,
		Sort: account.LogSort(in.SortField), Descending: !strings.EqualFold(in.SortDirection, "asc"), Offset: (in.Page - 1) * in.Limit, Limit: in.Limit,
	})
	if err != nil {
		return nil, a.accountError(err)
	}
	out := new(logsOutput)
	b := &out.Body
	b.Logs = logEntries(found.Logs)
	b.TotalItems = found.Total
	total := pageCount(found.Total, in.Limit)
	b.Pagination = Pagination{
		CurrentPage: in.Page, TotalPages: total, TotalCount: found.Total, HasNext: in.Page < total, HasPrev: in.Page > 1, Limit: in.Limit,
	}
	return out, nil
}

func logEntries(list []account.Activity) []LogEntry {
	out := make([]LogEntry, len(list))
	for i, l := range list {
		out[i] = LogEntry{ID: l.ID, UserID: l.UserID, UserName: l.UserName, Activity: l.Activity, Details: l.Details, CreatedAt: l.CreatedAt}
	}
	return out
}

func (a *API) adminActivities(context.Context, *struct{}) (*namesOutput, error) {
	return &namesOutput{account.Activities()}, nil
}

func (a *API) adminCleanUp(ctx context.Context, in *cleanUpInput) (*cleanUpOutput, error) {
	days := 90
	if in.Body != nil && in.Body.Days != nil {
		days = *in.Body.Days
	}
	n, err := a.cfg.Accounts.CleanUpLogs(ctx, caller(ctx), days)
	if err != nil {
		return nil, a.accountError(err)
	}
	out := new(cleanUpOutput)
	out.Body.Message, out.Body.Deleted = "Successfully cleaned up logs", n
	return out, nil
}

func (a *API) adminInvites(ctx context.Context, _ *struct{}) (*invitesOutput, error) {
	list, err := a.cfg.Accounts.Invites(ctx)
	if err != nil {
		return nil, a.accountError(err)
	}
	out := &invitesOutput{Body: make([]Invitation, len(list))}
	for i, one := range list {
		out.Body[i] = invitation(one)
	}
	return out, nil
}

func (a *API) adminInvite(ctx context.Context, in *inviteInput) (*inviteOutput, error) {
	b := &in.Body
	code, made, err := a.cfg.Accounts.CreateInvite(ctx, caller(ctx), account.InviteOrder{
		Email: b.Email, Role: account.Role(b.Role), Uses: b.Uses, Lifetime: time.Duration(b.Hours) * time.Hour,
	})
	if err != nil {
		return nil, a.accountError(err)
	}
	out := new(inviteOutput)
	out.Body.Link, out.Body.Invite = a.publicLink(ctx, "register")+"?invite="+url.QueryEscape(code), invitation(made)
	return out, nil
}

func (a *API) adminRevoke(ctx context.Context, in *idInput) (*messageOutput, error) {
	if err := a.cfg.Accounts.RevokeInvite(ctx, caller(ctx), in.ID); err != nil {
		return nil, a.accountError(err)
	}
	return message("The invitation was taken back"), nil
}

// people looks users up for lists, each once.
type people struct {
	api   *API
	known map[string]*account.User
}

// of returns a user, without name and address where there is none (any more).
func (p *people) of(ctx context.Context, id string) *account.User {
	if u := p.known[id]; u != nil {
		return u
	}
	u, err := p.api.cfg.Accounts.User(ctx, id)
	if err != nil {
		u = &account.User{ID: id}
	}
	if p.known == nil {
		p.known = make(map[string]*account.User)
	}
	p.known[id] = u
	return u
}

func (a *API) adminChannels(ctx context.Context, _ *struct{}) (*adminChannelsOutput, error) {
	holders := map[string][]ChannelHolder{}
	if a.cfg.Holds != nil {
		holds, err := a.cfg.Holds.All(ctx)
		if err != nil {
			return nil, a.storeError(err)
		}
		who := people{api: a}
		for _, h := range holds {
			one := ChannelHolder{Name: "Guest", Since: h.Since}
			if account.ValidID(h.UserID) {
				u := who.of(ctx, h.UserID)
				one.UserID, one.Name, one.Email = u.ID, u.Name(), u.Email
			} else if !analysis.IsGuest(h.UserID) {
				one.Name = "Server"
			}
			holders[h.Channel] = append(holders[h.Channel], one)
		}
	}
	out := &adminChannelsOutput{Body: []AdminChannel{}}
	for _, c := range a.cfg.Channels.List() {
		out.Body = append(out.Body, AdminChannel{
			Channel: c.Channel, StartedAt: c.StartedAt, State: string(c.Status.State), Viewers: c.Viewers,
			Holders: present(holders[c.Channel]), Rate: c.Rate, Total: c.Counts.Total,
		})
	}
	return out, nil
}

func (a *API) adminStop(ctx context.Context, in *adminChannelInput) (*messageOutput, error) {
	channel, ok := chat.CleanChannel(in.Channel)
	if !ok {
		return nil, fail(http.StatusBadRequest, "Invalid channel name: "+excerpt(in.Channel), nil)
	}
	stop := a.cfg.Channels.Stop
	if a.cfg.Holds != nil {
		stop = a.cfg.Holds.Stop
	}
	stopped, err := stop(ctx, channel)
	if errors.Is(err, ErrUnavailable) {
		return nil, unavailable("The analysis of " + channel + " cannot be ended just now: try again in a moment")
	}
	if err != nil {
		return nil, a.storeError(err)
	}
	if !stopped {
		return nil, fail(http.StatusNotFound, "Channel "+channel+" is not being analysed", nil)
	}
	a.note(ctx, account.ActivityChannelStopped, "Channel: "+channel)
	return message("The analysis of " + channel + " was stopped for everybody"), nil
}

func (a *API) adminSockets(ctx context.Context, _ *struct{}) (*socketsOutput, error) {
	s := a.cfg.Hub.Sockets()
	out := new(socketsOutput)
	b := &out.Body
	b.Total, b.ByChannel, b.ByUser = s.Total, []ChannelSockets{}, []UserSockets{}
	for _, channel := range slices.Sorted(maps.Keys(s.ByChannel)) {
		b.ByChannel = append(b.ByChannel, ChannelSockets{channel, s.ByChannel[channel]})
	}
	slices.SortStableFunc(b.ByChannel, func(x, y ChannelSockets) int { return cmp.Compare(y.Count, x.Count) })
	who := people{api: a}
	for _, id := range slices.Sorted(maps.Keys(s.ByUser)) {
		u := who.of(ctx, id)
		b.ByUser = append(b.ByUser, UserSockets{id, u.Name(), u.Email, s.ByUser[id]})
	}
	slices.SortStableFunc(b.ByUser, func(x, y UserSockets) int { return cmp.Compare(y.Count, x.Count) })
	return out, nil
}

func (a *API) mailStats(ctx context.Context) (MailStats, error) {
	if a.cfg.Outbox == nil {
		return MailStats{}, nil
	}
	s, err := a.cfg.Outbox.Stats(ctx)
	if err != nil {
		return MailStats{}, a.storeError(err)
	}
	return MailStats{s.Waiting, s.Dead, orNil(s.Oldest)}, nil
}

func (a *API) adminMail(ctx context.Context, _ *struct{}) (*outboxOutput, error) {
	out := new(outboxOutput)
	b := &out.Body
	b.Waiting, b.Dead = []QueuedMail{}, []QueuedMail{}
	if a.cfg.Outbox == nil {
		return out, nil
	}
	waiting, err := a.cfg.Outbox.Waiting(ctx, maxListedMail)
	if err != nil {
		return nil, a.storeError(err)
	}
	dead, err := a.cfg.Outbox.Dead(ctx, maxListedMail)
	if err != nil {
		return nil, a.storeError(err)
	}
	b.Waiting, b.Dead = queuedMails(waiting), queuedMails(dead)
	b.Stats, err = a.mailStats(ctx)
	return out, err
}

func (a *API) adminRetry(ctx context.Context, in *idInput) (*messageOutput, error) {
	err := mail.ErrUnknownMail
	if a.cfg.Outbox != nil {
		err = a.cfg.Outbox.Revive(ctx, in.ID)
	}
	switch {
	case errors.Is(err, mail.ErrUnknownMail):
		return nil, fail(http.StatusNotFound, "There is no such mail among those that were given up", nil)
	case err != nil:
		return nil, a.storeError(err)
	}
	a.note(ctx, account.ActivityMailRetried, "Mail: "+in.ID)
	return message("The mail is tried again"), nil
}

func (a *API) adminMailTest(ctx context.Context, in *mailTestInput) (*messageOutput, error) {
	to, err := account.CheckEmail(in.Body.To)
	if err != nil {
		return nil, &apiError{status: http.StatusBadRequest, detail: account.ErrBadEmail.Message, fields: []ProblemField{{"body.to", account.ErrBadEmail.Message}}}
	}
	if a.cfg.Mails == nil || a.cfg.MailBy == MailOff {
		return nil, fail(http.StatusConflict, "This server sends no mail: MAIL is off", nil)
	}
	var s spent
	if err := s.take(a.limits.tests, caller(ctx).UserID); err != nil {
		return nil, err
	}
	if err := a.cfg.Mails.Test(ctx, to); err != nil {
		return nil, a.storeError(err)
	}
	return message("A test mail is on its way to " + to), nil
}

func (a *API) adminUsage(ctx context.Context, in *usageInput) (*usageOutput, error) {
	list, err := a.cfg.Accounts.UsageOf(ctx, in.Days)
	if err != nil {
		return nil, a.accountError(err)
	}
	out := &usageOutput{Body: make([]UsageDay, len(list))}
	for i, u := range list {
		out.Body[i] = usageDay(u)
	}
	return out, nil
}

func (a *API) adminOverview(ctx context.Context, _ *struct{}) (*overviewOutput, error) {
	out := new(overviewOutput)
	b := &out.Body
	counts, err := a.cfg.Accounts.CountUsers(ctx)
	if err != nil {
		return nil, a.accountError(err)
	}
	b.Users = UserCounts{counts.Total, counts.Active, counts.Admins}
	today, err := a.cfg.Accounts.UsageOf(ctx, 1)
	if err != nil {
		return nil, a.accountError(err)
	}
	b.Usage = usageDay(today[0])
	if b.Saved, b.Messages, err = a.totals(ctx); err != nil {
		return nil, err
	}
	if b.Mail, err = a.mailStats(ctx); err != nil {
		return nil, err
	}
	b.Channels.Running, b.Channels.Limit = len(a.cfg.Channels.List()), a.cfg.MaxChannels
	b.Sockets = a.cfg.Hub.Connections()
	b.MailBy = cmp.Or(a.cfg.MailBy, MailOff)
	b.Checks = a.probes.results(ctx)
	b.Store = b.Checks["store"]
	if b.Store.Status == "" {
		b.Store.Status = "up" // it just answered
	}
	b.Version = a.cfg.Version
	b.Uptime = int64(a.cfg.Now().Sub(a.started).Seconds())
	return out, nil
}
