package account

import "fmt"

// Kind tells programs what went wrong.
type Kind int

// The kinds. Errors that are no *Error come from a store or the context, are
// for the log and not for people.
const (
	KindInvalid         Kind = iota + 1 // the input is wrong
	KindUnauthenticated                 // not signed in, or not well enough
	KindForbidden                       // signed in, but not allowed
	KindNotFound                        // what was named does not exist
	KindConflict                        // it is taken, or changed meanwhile
	KindBusy                            // too much to do; later again
)

// Error is what a person is told. Message says it in a sentence; Field names
// the field of the input that it is about, in the names of the HTTP interface,
// or is empty.
type Error struct {
	Kind    Kind
	Field   string
	Message string
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

func invalid(field, format string, args ...any) *Error {
	return &Error{KindInvalid, field, fmt.Sprintf(format, args...)}
}

// What stores answer.
var (
	ErrNotFound   = &Error{KindNotFound, "", "User not found"}
	ErrEmailTaken = &Error{KindConflict, "email", "Email is already taken"}
	ErrChanged    = &Error{KindConflict, "", "Somebody else changed this at the same time; try again"}
	ErrLastAdmin  = &Error{KindConflict, "", "The last administrator must stay one: make somebody else an administrator first"}
)

// What the service answers besides. Where the older system told known from
// unknown addresses apart, one text stands for both.
var (
	ErrBadLogin       = &Error{KindUnauthenticated, "", "Incorrect email or password."}
	ErrNotActive      = &Error{KindForbidden, "", "Account is not active. Please verify your email."}
	ErrSuspended      = &Error{KindForbidden, "", "Account is suspended."}
	ErrBadToken       = &Error{KindUnauthenticated, "", "Could not validate credentials"}
	ErrUserGone       = &Error{KindUnauthenticated, "", "User not found"}
	ErrNotAdmin       = &Error{KindForbidden, "", "Admin privileges required"}
	ErrBadCode        = &Error{KindInvalid, "otp", "Invalid or expired OTP"}
	ErrBadLink        = &Error{KindInvalid, "token", "Invalid or expired reset link"}
	ErrWrongPassword  = &Error{KindUnauthenticated, "password", "Incorrect password"}
	ErrWrongOld       = &Error{KindUnauthenticated, "old_password", "Incorrect old password"}
	ErrBadEmail       = &Error{KindInvalid, "email", "Please enter a valid email address"}
	ErrSameEmail      = &Error{KindInvalid, "new_email", "New email cannot be the same as current email"}
	ErrNewEmailTaken  = &Error{KindInvalid, "new_email", "Email address already in use"}
	ErrNoEmailChange  = &Error{KindInvalid, "", "No active email change request found"}
	ErrNothing        = &Error{KindInvalid, "", "No data provided"}
	ErrBadStatus      = &Error{KindInvalid, "status", "Status must be one of: active, not_active, suspended"}
	ErrBadRole        = &Error{KindInvalid, "role", "Role must be one of: user, admin"}
	ErrBusy           = &Error{KindBusy, "", "Too many people are signing in at the moment; try again in a few seconds"}
	ErrClosed         = &Error{KindForbidden, "", "Registering is closed on this server"}
	ErrNeedsInvite    = &Error{KindForbidden, "invite", "Registering needs an invitation here: open the link that you were given"}
	ErrBadInvite      = &Error{KindInvalid, "invite", "This invitation is used up, expired or was taken back"}
	ErrOthersInvite   = &Error{KindInvalid, "email", "This invitation is for another email address"}
	ErrInviteUnknown  = &Error{KindNotFound, "", "No such invitation"}
	ErrBadSetup       = &Error{KindInvalid, "token", "This set-up link is not valid or was used: the server prints one when it starts and has no administrator"}
	ErrNoMail         = &Error{KindConflict, "", "This server sends no mail: ask its administrator"}
	ErrNoImage        = &Error{KindNotFound, "", "No profile image"}
	ErrOwnAccount     = &Error{KindConflict, "", "This is your own account: delete it in your settings"}
	ErrSessionUnknown = &Error{KindNotFound, "", "No such session"}
)
