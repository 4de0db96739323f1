package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"chatmood/internal/account"
	"chatmood/internal/app"
	"chatmood/internal/config"
	"chatmood/internal/store/sqlite"
)

type userCmd struct {
	Create   userCreateCmd   `cmd:"" help:"Create a user who may sign in at once."`
	List     userListCmd     `cmd:"" help:"List users."`
	Role     userRoleCmd     `cmd:"" help:"Make somebody an administrator or an ordinary user."`
	Suspend  userSuspendCmd  `cmd:"" help:"Keep somebody from signing in, and sign out at once."`
	Activate userActivateCmd `cmd:"" help:"Let somebody sign in (again)."`
	Reset    userResetCmd    `cmd:"" name:"reset-password" help:"Set a new password, or make a link with which its owner does."`
	Delete   userDeleteCmd   `cmd:"" help:"Delete a user with everything that was saved."`
	Sessions userSessionsCmd `cmd:"" help:"List where somebody is signed in, or end that."`
}

// Help implements [kong.HelpProvider].
func (userCmd) Help() string {
	return `Works on the database of the configuration (MONGO_URI, or DATA_DIR). With MongoDB the server may run meanwhile, and what is
done here takes effect there within seconds. The embedded database belongs to one process at a time: stop the server, or use
its administration page. Passwords are read from standard input.

Examples:

  chatmood user create ada@example.org --first-name Ada --last-name Root --role admin
  echo "$PASSWORD" | chatmood user reset-password ada@example.org
  chatmood user reset-password --link ada@example.org`
}

// commandLine is who did it, in the activity log.
var commandLine = account.Identity{FirstName: "Command line"}

// onAccounts opens the accounts for a command and closes them after it.
func onAccounts(e *env, do func(ctx context.Context, a *app.Accounts, cfg *config.Config) error) (err error) {
	cfg, err := loadConfig()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	a, done, err := app.OpenAccounts(e.ctx, cfg, log)
	if errors.Is(err, sqlite.ErrLocked) {
		return fmt.Errorf("a server uses the database in %s, which belongs to one process at a time: stop it while this command runs, or do the same on its administration page (%s/admin/users)", cfg.DataDir, app.AccountsURL(cfg))
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	return do(e.ctx, a, cfg)
}

// onUser is onAccounts with the user of an address.
func onUser(e *env, email string, do func(ctx context.Context, a *app.Accounts, u *account.User) error) error {
	return onAccounts(e, func(ctx context.Context, a *app.Accounts, _ *config.Config) error {
		u, err := a.UserByEmail(ctx, email)
		if errors.Is(err, account.ErrNotFound) {
			return fmt.Errorf("there is no user with the address %s: chatmood user list shows all", email)
		}
		if err != nil {
			return err
		}
		return do(ctx, a, u)
	})
}

// maxPasswordLine bounds what is read for a password, in bytes.
const maxPasswordLine = 4096

// readPassword reads a password: without showing it where a person types, or
// else the first line of standard input.
func readPassword(e *env) (string, error) {
	if f, ok := e.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(e.stderr, "New password: ")
		first, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(e.stderr)
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		fmt.Fprint(e.stderr, "Once more: ")
		second, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(e.stderr)
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		if string(first) != string(second) {
			return "", usagef("the two passwords differ")
		}
		return string(first), nil
	}
	line, err := bufio.NewReader(io.LimitReader(e.stdin, maxPasswordLine)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", usagef("there is no password on standard input: pipe one in, or use --generate")
	}
	return line, nil
}

// newPassword is a random one that fits the rules.
func newPassword() string {
	text := rand.Text() // 26 upper-case letters and digits
	return text[:8] + "-" + strings.ToLower(text[8:16]) + "-" + text[16:24] + "7a!"
}

// password reads or makes a password and, where it was made, says it.
func password(e *env, generate bool) (string, error) {
	if !generate {
		return readPassword(e)
	}
	made := newPassword()
	fmt.Fprintf(e.stdout, "password: %s\n", made)
	return made, nil
}

type userCreateCmd struct {
	Email     string `arg:"" help:"Address to sign in with." placeholder:"ADDRESS"`
	FirstName string `help:"First name." required:"" placeholder:"NAME"`
	LastName  string `help:"Last name." required:"" placeholder:"NAME"`
	Role      string `help:"user or admin." enum:"user,admin" default:"user"`
	Generate  bool   `help:"Make a password and print it, in place of reading one from standard input."`
}

// Help implements [kong.HelpProvider].
func (userCreateCmd) Help() string {
	return `The password is read from standard input, or asked for; its rules are those of the page.

Example:

  chatmood user create ada@example.org --first-name Ada --last-name Root --role admin`
}

// Run creates the user.
func (c userCreateCmd) Run(e *env) error {
	return onAccounts(e, func(ctx context.Context, a *app.Accounts, _ *config.Config) error {
		text, err := password(e, c.Generate)
		if err != nil {
			return err
		}
		u, err := a.AddUser(ctx, commandLine, account.Registration{Email: c.Email, Password: text, FirstName: c.FirstName, LastName: c.LastName}, account.Role(c.Role))
		if err != nil {
			return forPeople(err)
		}
		fmt.Fprintf(e.stdout, "created %s (%s), id %s\n", u.Email, u.Role, u.ID)
		return nil
	})
}

// forPeople makes a mistake of the person at the keyboard of an error that is
// for people.
func forPeople(err error) error {
	if e := account.AsError(err); e != nil {
		return usageError{e}
	}
	return err
}

type userListCmd struct {
	Search string `help:"Only those whose name or address holds this." placeholder:"TEXT"`
	Role   string `help:"Only user or admin." enum:",user,admin" default:""`
	Status string `help:"Only active, not_active or suspended." enum:",active,not_active,suspended" default:""`
	JSON   bool   `name:"json" help:"Write JSON, one user a line."`
}

// Help implements [kong.HelpProvider].
func (userListCmd) Help() string {
	return `Lists users, oldest first.

Example:

  chatmood user list --search example.org --json`
}

// listed is a user in the output of --json.
type listed struct {
	ID        string         `json:"id"`
	Email     string         `json:"email"`
	FirstName string         `json:"first_name"`
	LastName  string         `json:"last_name"`
	Role      account.Role   `json:"role"`
	Status    account.Status `json:"status"`
	CreatedAt time.Time      `json:"created_at"`
}

// Run lists users.
func (c userListCmd) Run(e *env) error {
	return onAccounts(e, func(ctx context.Context, a *app.Accounts, _ *config.Config) error {
		page, err := a.ListUsers(ctx, account.UserQuery{Search: c.Search, Role: account.Role(c.Role), Status: account.Status(c.Status)})
		if err != nil {
			return err
		}
		if c.JSON {
			out := json.NewEncoder(e.stdout)
			for _, u := range page.Users {
				if err := out.Encode(listed{u.ID, u.Email, u.FirstName, u.LastName, u.Role, u.Status, u.CreatedAt}); err != nil {
					return fmt.Errorf("writing the list: %w", err)
				}
			}
			return nil
		}
		t := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "EMAIL\tNAME\tROLE\tSTATUS\tSINCE\tID")
		for _, u := range page.Users {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", u.Email, u.Name(), u.Role, u.Status, u.CreatedAt.Format(time.DateOnly), u.ID)
		}
		return t.Flush()
	})
}

// update sets role or status of a user.
func update(e *env, email string, change func(*account.UserUpdate)) error {
	return onUser(e, email, func(ctx context.Context, a *app.Accounts, u *account.User) error {
		n := account.UserUpdate{FirstName: u.FirstName, LastName: u.LastName, Email: u.Email, Role: account.RoleUser, Status: u.Status}
		if u.IsAdmin() {
			n.Role = account.RoleAdmin
		}
		change(&n)
		u, err := a.UpdateUser(ctx, commandLine, u.ID, n)
		if err != nil {
			return forPeople(err)
		}
		fmt.Fprintf(e.stdout, "%s is now %s and %s\n", u.Email, u.Role, u.Status)
		return nil
	})
}

type userRoleCmd struct {
	Email string `arg:"" help:"Whose." placeholder:"ADDRESS"`
	Role  string `arg:"" help:"user or admin." enum:"user,admin"`
}

// Help implements [kong.HelpProvider].
func (userRoleCmd) Help() string {
	return `Signs the user out everywhere. The last active administrator stays one.

Example:

  chatmood user role ada@example.org admin`
}

// Run sets the role.
func (c userRoleCmd) Run(e *env) error {
	return update(e, c.Email, func(n *account.UserUpdate) { n.Role = account.Role(c.Role) })
}

type userSuspendCmd struct {
	Email string `arg:"" help:"Whom." placeholder:"ADDRESS"`
}

// Help implements [kong.HelpProvider].
func (userSuspendCmd) Help() string {
	return `Signs the user out everywhere, and mails that. The last active administrator cannot be suspended.

Example:

  chatmood user suspend eve@example.org`
}

// Run suspends the user.
func (c userSuspendCmd) Run(e *env) error {
	return update(e, c.Email, func(n *account.UserUpdate) { n.Status = account.StatusSuspended })
}

type userActivateCmd struct {
	Email string `arg:"" help:"Whom." placeholder:"ADDRESS"`
}

// Help implements [kong.HelpProvider].
func (userActivateCmd) Help() string {
	return `For who was suspended, and for who registered and did not get the mail.

Example:

  chatmood user activate nora@example.org`
}

// Run makes the user active.
func (c userActivateCmd) Run(e *env) error {
	return update(e, c.Email, func(n *account.UserUpdate) { n.Status = account.StatusActive })
}

type userResetCmd struct {
	Email    string `arg:"" help:"Whose." placeholder:"ADDRESS"`
	Link     bool   `help:"Print a link, good for a day and once, with which the owner sets a new one." xor:"how"`
	Generate bool   `help:"Make a password and print it, in place of reading one from standard input." xor:"how"`
}

// Help implements [kong.HelpProvider].
func (userResetCmd) Help() string {
	return `Signs the user out everywhere. With --link the owner chooses the password.

Example:

  chatmood user reset-password --link nora@example.org`
}

// Run sets a new password, which ends all sessions, or makes a link.
func (c userResetCmd) Run(e *env) error {
	return onUser(e, c.Email, func(ctx context.Context, a *app.Accounts, u *account.User) error {
		if c.Link {
			u, token, err := a.MakeReset(ctx, commandLine, u.ID)
			if err != nil {
				return forPeople(err)
			}
			fmt.Fprintf(e.stdout, "%s/reset-password/%s/%s\n", a.URL, u.ID, token)
			return nil
		}
		text, err := password(e, c.Generate)
		if err != nil {
			return err
		}
		if err := a.SetPassword(ctx, u.ID, text); err != nil {
			return forPeople(err)
		}
		fmt.Fprintf(e.stdout, "%s has a new password and is signed out everywhere\n", u.Email)
		return nil
	})
}

type userDeleteCmd struct {
	Email string `arg:"" help:"Whom." placeholder:"ADDRESS"`
	Yes   bool   `help:"Really delete: nothing brings it back but a backup." required:""`
}

// Help implements [kong.HelpProvider].
func (userDeleteCmd) Help() string {
	return `The activity log keeps what was done, not by whom. The last active administrator cannot be deleted.

Example:

  chatmood user delete --yes eve@example.org`
}

// Run deletes the user.
func (c userDeleteCmd) Run(e *env) error {
	return onUser(e, c.Email, func(ctx context.Context, a *app.Accounts, u *account.User) error {
		n, err := a.RemoveUser(ctx, commandLine, u.ID)
		if err != nil {
			return forPeople(err)
		}
		fmt.Fprintf(e.stdout, "deleted %s and %d saved analyses\n", u.Email, n)
		return nil
	})
}

type userSessionsCmd struct {
	Email string `arg:"" help:"Whose." placeholder:"ADDRESS"`
	End   bool   `help:"Sign out everywhere."`
}

// Help implements [kong.HelpProvider].
func (userSessionsCmd) Help() string {
	return `Times are in UTC.

Example:

  chatmood user sessions --end eve@example.org`
}

// Run lists or ends sessions.
func (c userSessionsCmd) Run(e *env) error {
	return onUser(e, c.Email, func(ctx context.Context, a *app.Accounts, u *account.User) error {
		if c.End {
			n, err := a.SignOutUser(ctx, commandLine, u.ID)
			if err != nil {
				return forPeople(err)
			}
			fmt.Fprintf(e.stdout, "%s was signed out of %d sessions\n", u.Email, n)
			return nil
		}
		list, err := a.Sessions(ctx, u.ID)
		if err != nil {
			return err
		}
		t := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "SINCE\tLAST USED\tEXPIRES\tADDRESS\tBROWSER")
		for _, s := range list {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", s.CreatedAt.Format(time.DateTime), s.RotatedAt.Format(time.DateTime), s.ExpiresAt.Format(time.DateTime), s.Address, s.UserAgent)
		}
		return t.Flush()
	})
}
