package account

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Registration is what somebody enters to register. There is no role in it.
type Registration struct {
	Email     string
	Password  string
	FirstName string
	LastName  string
	Invite    string // the code of an invitation, or empty
}

func (r Registration) check() (Registration, error) {
	for _, f := range []struct{ name, value string }{
		{"email", r.Email}, {"password", r.Password}, {"first_name", r.FirstName}, {"last_name", r.LastName},
	} {
		if f.value == "" {
			return r, invalid(f.name, "%s is required", f.name)
		}
	}
	var err error
	if r.Email, err = CheckEmail(r.Email); err != nil {
		return r, err
	}
	if err := CheckPassword(r.Password); err != nil {
		return r, err
	}
	if r.FirstName, err = checkName("first_name", r.FirstName); err != nil {
		return r, err
	}
	r.LastName, err = checkName("last_name", r.LastName)
	return r, err
}

// Register adds a user who is not active until the mailed code is entered. For
// an address that has an account it does and answers the same, but the mail
// says so. A registration whose code was not entered in its lifetime is
// replaced by the next one, so that nobody can reserve another's address.
//
// Where an invitation is needed: [ErrNeedsInvite], [ErrBadInvite],
// [ErrOthersInvite]; where nobody may register: [ErrClosed].
func (s *Service) Register(ctx context.Context, r Registration) error {
	defer even(ctx, time.Now())
	if s.cfg.Registration == RegistrationClosed {
		return ErrClosed
	}
	r, err := r.check()
	if err != nil {
		return err
	}
	if s.cfg.Registration == RegistrationInvite && r.Invite == "" {
		return ErrNeedsInvite
	}
	invite, err := s.invited(ctx, r)
	if err != nil {
		return err
	}
	hash, err := s.hasher.Hash(ctx, r.Password)
	if err != nil {
		return err
	}
	now := s.now()
	u := &User{
		ID: NewID(now), Email: r.Email, FirstName: r.FirstName, LastName: r.LastName, PasswordHash: hash,
		Role: RoleUser, Status: StatusNotActive, Unverified: true, CreatedAt: now, UpdatedAt: now,
	}
	if s.cfg.NoMail { // nobody could enter a code
		u.Status, u.Unverified = StatusActive, false
	}
	if invite != nil {
		u.Role = invite.Role
		if err := s.store.UseInvite(ctx, invite.ID, now); errors.Is(err, ErrNotFound) {
			return ErrBadInvite // somebody else took the last place
		} else if err != nil {
			return fmt.Errorf("using an invitation: %w", err)
		}
	}
	taken, err := s.registerUser(ctx, u)
	if invite != nil && !taken {
		if err := s.store.ReturnInvite(ctx, invite.ID); err != nil {
			s.log.ErrorContext(ctx, "an invitation that was not used could not be given back", "invitation", invite.ID, "error", err)
		}
	}
	return err
}

// registerUser adds a user who registers; added is false where the address has
// an account already, and on an error.
func (s *Service) registerUser(ctx context.Context, u *User) (added bool, err error) {
	err = s.store.CreateUser(ctx, u)
	if errors.Is(err, ErrEmailTaken) {
		return s.registerAgain(ctx, u)
	}
	if err != nil {
		return false, fmt.Errorf("adding a user: %w", err)
	}
	s.note(ctx, u, ActivityRegistered, "")
	s.Count(ctx, Usage{Registrations: 1})
	if s.cfg.NoMail {
		return true, nil
	}
	return true, s.mailVerification(ctx, u)
}

// registerAgain deals with a registration for an address that has an account;
// replaced is true where it takes the place of one that was never completed.
func (s *Service) registerAgain(ctx context.Context, fresh *User) (replaced bool, err error) {
	u, err := s.store.UserByEmail(ctx, fresh.Email)
	if errors.Is(err, ErrNotFound) {
		return false, nil // it was deleted this moment; who wants it registers again
	}
	if err != nil {
		return false, fmt.Errorf("reading a user: %w", err)
	}
	if !u.neverVerified() {
		s.mailed(ctx, "already registered", u.ID, s.mail.AlreadyRegistered(ctx, u.Email, u.Name()))
		return false, nil
	}
	if s.now().Sub(u.CreatedAt) < s.cfg.CodeLifetime {
		// Somebody holds a code for it: a second one gets a code for the first
		// registration, not the chance to change its password.
		return false, s.mailVerification(ctx, u)
	}
	u.Email, u.FirstName, u.LastName, u.PasswordHash = fresh.Email, fresh.FirstName, fresh.LastName, fresh.PasswordHash
	u.Role, u.Status, u.Unverified, u.Legacy = fresh.Role, fresh.Status, fresh.Unverified, Legacy{}
	u.CreatedAt, u.UpdatedAt = fresh.CreatedAt, fresh.UpdatedAt
	if err := s.store.UpdateUser(ctx, u); err != nil {
		if errors.Is(err, ErrChanged) {
			return false, nil // two did so at once: one of them has it
		}
		return false, fmt.Errorf("changing a user: %w", err)
	}
	s.note(ctx, u, ActivityRegistered, "")
	s.Count(ctx, Usage{Registrations: 1})
	return true, s.mailVerification(ctx, u)
}

// mailVerification mails a new code; an earlier one, of the older system too,
// is worth nothing from then on.
func (s *Service) mailVerification(ctx context.Context, u *User) error {
	if s.cfg.NoMail {
		return nil
	}
	if u.Legacy.OTP.Secret != "" {
		_, err := s.change(ctx, u.ID, func(u *User) error {
			u.Unverified, u.Legacy.OTP = u.neverVerified(), LegacySecret{}
			return nil
		})
		if err != nil {
			return err
		}
	}
	code, err := s.makeCode(ctx, u.ID, PurposeVerify, "")
	if err != nil {
		return err
	}
	s.mailed(ctx, "verification", u.ID, s.mail.Code(ctx, u.Email, u.Name(), code, s.cfg.CodeLifetime))
	return nil
}

// VerifyEmail makes a user who registered active. Any other case is ErrBadCode:
// an unknown address, one that is verified or suspended, a wrong or old code.
func (s *Service) VerifyEmail(ctx context.Context, email, code string) error {
	if email == "" || code == "" {
		return invalid("otp", "Email and OTP are required")
	}
	defer even(ctx, time.Now())
	u, err := s.store.UserByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) {
		return ErrBadCode
	}
	if err != nil {
		return fmt.Errorf("reading a user: %w", err)
	}
	if !u.neverVerified() {
		return ErrBadCode
	}
	if _, err := s.takeCode(ctx, u.ID, PurposeVerify, code); err != nil {
		if !errors.Is(err, ErrBadCode) {
			return err
		}
		if err := s.takeLegacyCode(ctx, u, func(l *Legacy) *LegacySecret { return &l.OTP }, code); err != nil {
			return err
		}
	}
	u.Status, u.Unverified, u.Legacy.OTP, u.UpdatedAt = StatusActive, false, LegacySecret{}, s.now()
	if err := s.store.UpdateUser(ctx, u); err != nil {
		// Whoever changed it meanwhile, an administrator perhaps, comes first.
		return fmt.Errorf("activating a user: %w", err)
	}
	s.dropUser(u.ID)
	s.note(ctx, u, ActivityVerified, "")
	return nil
}

// ResendCode mails a new code to a user who registered and is not active yet.
// For all others it does nothing and answers the same; in particular it does
// not lift a suspension.
func (s *Service) ResendCode(ctx context.Context, email string) error {
	if email == "" {
		return invalid("email", "Email is required")
	}
	defer even(ctx, time.Now())
	u, err := s.store.UserByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading a user: %w", err)
	}
	if !u.neverVerified() {
		return nil
	}
	return s.mailVerification(ctx, u)
}

// CreateUser adds an active user of any role, for the command line. See AddUser.
func (s *Service) CreateUser(ctx context.Context, r Registration, role Role) (*User, error) {
	return s.AddUser(ctx, Identity{}, r, role)
}

// AddUser adds an active user of any role for an administrator; an empty actor
// is the command line. ErrEmailTaken: the address has an account.
func (s *Service) AddUser(ctx context.Context, actor Identity, r Registration, role Role) (*User, error) {
	r, err := r.check()
	if err != nil {
		return nil, err
	}
	if role != RoleUser && role != RoleAdmin {
		return nil, ErrBadRole
	}
	hash, err := s.hasher.Hash(ctx, r.Password)
	if err != nil {
		return nil, err
	}
	now := s.now()
	u := &User{
		ID: NewID(now), Email: r.Email, FirstName: r.FirstName, LastName: r.LastName, PasswordHash: hash,
		Role: role, Status: StatusActive, CreatedAt: now, UpdatedAt: now,
	}
	if err := s.store.CreateUser(ctx, u); err != nil {
		return nil, fmt.Errorf("adding a user: %w", err)
	}
	s.note(ctx, actor.user(), ActivityUserCreated, fmt.Sprintf("User: %s, Role: %s", u.Email, role))
	return u, nil
}
