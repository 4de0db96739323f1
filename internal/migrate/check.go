package migrate

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"chatmood/internal/account"
	"chatmood/internal/history"
	"chatmood/internal/store/mongo"
)

// Finding is how a field looks in some records, and how it is read.
type Finding struct {
	Kind    string // of the records, as "users"
	Field   string
	Is      string // what is there
	As      string // how it is read where that is not as it is
	Stops   bool   // a move stops at such a record
	Count   int64
	Example string // the id of one of them
}

// Checked is what a database contains.
type Checked struct {
	Name     string
	Counts   []Count
	Findings []Finding
}

// Count is how many records there are of a kind.
type Count struct {
	Kind string
	N    int64
}

// Check reads a database and tells what it contains and how it would be read. It
// changes nothing in MongoDB. It repeats nothing of what is in the records but
// ids and names of fields.
func Check(ctx context.Context, a Address, log *slog.Logger) (Checked, error) {
	if a.Dir == "" {
		return checkMongo(ctx, a, log)
	}
	db, err := Open(ctx, a, false, log)
	if err != nil {
		return Checked{}, err
	}
	checked, err := checkAny(ctx, db)
	if cerr := db.Close(); err == nil {
		err = cerr
	}
	return checked, err
}

func checkMongo(ctx context.Context, a Address, log *slog.Logger) (Checked, error) {
	found, err := mongo.Inspect(ctx, mongo.Config{URI: a.URI, Database: a.Name, Log: log})
	if err != nil {
		return Checked{}, err
	}
	checked := Checked{Name: a.String()}
	for name, n := range found.Documents {
		checked.Counts = append(checked.Counts, Count{name, n})
	}
	slices.SortFunc(checked.Counts, func(a, b Count) int {
		// The older system's first.
		ours := func(c Count) int { return len(c.Kind) - len(strings.TrimPrefix(c.Kind, "chatmood_")) }
		return cmp.Or(ours(a)-ours(b), strings.Compare(a.Kind, b.Kind))
	})
	for _, s := range found.Shapes {
		checked.Findings = append(checked.Findings, Finding{s.Collection, s.Field, s.Is, s.As, s.Stops, s.Count, s.Example})
	}
	return checked, nil
}

// findings counts what is found, in the order in which fields first occur.
type findings struct {
	list []Finding
	at   map[Finding]int // by what is found
}

func (f *findings) see(kind, field, is, as, id string) {
	key := Finding{Kind: kind, Field: field, Is: is, As: as}
	if f.at == nil {
		f.at = map[Finding]int{}
	}
	if _, known := f.at[key]; !known {
		f.at[key] = len(f.list)
		f.list = append(f.list, key)
		f.list[len(f.list)-1].Example = id
	}
	f.list[f.at[key]].Count++
}

// checkAny checks a database by what all databases have.
func checkAny(ctx context.Context, db *Database) (Checked, error) {
	checked := Checked{Name: db.Name}
	for _, k := range kinds() {
		n, err := k.count(ctx, db)
		if err != nil {
			return checked, fmt.Errorf("counting the %s of %s: %w", k.name(), db.Name, err)
		}
		if n > 0 {
			checked.Counts = append(checked.Counts, Count{k.name(), n})
		}
	}
	var f findings
	users, emails := map[string]bool{}, map[string][]string{}
	err := db.Accounts.EachUser(ctx, "", func(u *account.User) error {
		users[u.ID] = true
		key := account.EmailKey(u.Email)
		emails[key] = append(emails[key], u.ID)
		checkUser(&f, u)
		return nil
	})
	if err != nil {
		return checked, err
	}
	for _, ids := range emails {
		for _, id := range ids {
			if len(ids) > 1 {
				f.see("users", "email", "differs from another user's in case only", "each signs in with the very spelling; any other spelling finds the one with the smallest id", id)
			}
		}
	}
	err = db.History.EachEntry(ctx, "", func(e *history.Entry, _ []byte) error {
		checkEntry(&f, e, users[e.UserID])
		return nil
	})
	if err != nil {
		return checked, err
	}
	err = db.Accounts.EachLog(ctx, "", func(l account.Activity) error {
		who := "of a user"
		switch {
		case l.UserID == "":
			who = "of nobody, or of a deleted user"
		case !users[l.UserID]:
			who = "of a user who does not exist"
		}
		f.see("log entries", "user_id", who, "", l.ID)
		return nil
	})
	slices.SortStableFunc(f.list, func(a, b Finding) int {
		order := []string{"users", "saved analyses", "log entries"}
		return cmp.Or(slices.Index(order, a.Kind)-slices.Index(order, b.Kind), strings.Compare(a.Field, b.Field), cmp.Compare(b.Count, a.Count), strings.Compare(a.Is, b.Is))
	})
	checked.Findings = f.list
	return checked, err
}

func checkUser(f *findings, u *account.User) {
	see := func(field, is, as string) { f.see("users", field, is, as, u.ID) }
	switch {
	case strings.HasPrefix(u.PasswordHash, "$2b$12$"):
		see("password_hash", "bcrypt", "")
	case strings.HasPrefix(u.PasswordHash, "$2"):
		see("password_hash", "bcrypt in an older form or of other cost", "signs in; hashed anew then")
	case strings.HasPrefix(u.PasswordHash, "$bcrypt-sha256$"):
		see("password_hash", "bcrypt of a long password", "")
	case strings.HasPrefix(u.PasswordHash, "pbkdf2:sha256:"):
		see("password_hash", "pbkdf2:sha256", "signs in; hashed anew then")
	case strings.HasPrefix(u.PasswordHash, "scrypt:"):
		see("password_hash", "scrypt", "signs in; hashed anew then")
	default:
		see("password_hash", "another form", "no password fits: reset it")
	}
	switch u.Role {
	case account.RoleUser, account.RoleAdmin:
		see("role", string(u.Role), "")
	default:
		see("role", "another text", "as user")
	}
	switch u.Status {
	case account.StatusActive, account.StatusNotActive, account.StatusSuspended:
		see("status", string(u.Status), "")
	default:
		see("status", "another text", "may not sign in")
	}
	if u.Legacy != (account.Legacy{}) {
		see("legacy", "a code or link of the older system that waits", "")
	}
	if u.Extra != nil {
		see("extra", "fields that nobody knows", "kept as they are; not shown")
	}
}

func checkEntry(f *findings, e *history.Entry, owned bool) {
	see := func(field, is, as string) { f.see("saved analyses", field, is, as, e.ID) }
	origin := string(e.Origin)
	if e.Origin == history.OriginLegacy {
		origin = "the older system"
	}
	see("origin", origin, "")
	switch e.Status {
	case history.StatusActive, history.StatusDeleted:
		see("status", string(e.Status), "")
	default:
		see("status", "another text", "neither listed nor in the archive")
	}
	if e.HasReport {
		see("report", "there is one", "")
	}
	if !owned {
		see("user_id", "of a user who does not exist", "kept; nobody sees it")
	}
	if e.Extra != nil {
		see("extra", "fields that nobody knows", "kept as they are; not shown")
	}
}
