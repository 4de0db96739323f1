package mongo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/account"
)

// Accounts keeps accounts in a [Store]: users and the activity log in the
// collections and in the form of the older system, which goes on reading them.
// It is safe for concurrent use.
type Accounts struct{ s *Store }

var (
	_ account.Store   = (*Accounts)(nil)
	_ account.Archive = (*Accounts)(nil)
)

// Accounts returns the part of the store that keeps accounts.
func (s *Store) Accounts() *Accounts { return &Accounts{s} }

// explain lets the errors that callers tell apart through and says of all
// others what to do about them.
func (a *Accounts) explain(ctx context.Context, doing string, err error) error {
	if err != nil && account.AsError(err) != nil {
		return fmt.Errorf("%s the MongoDB of MONGO_URI: %w", doing, err)
	}
	return a.s.explain(ctx, doing, err)
}

// version is where a user's document counts its changes. One that the older
// system wrote has none.
const version = ours + ".v"

// userFields are the fields of a user's document, but for _id and version. Those
// outside of [ours] are the older system's, with its types.
func userFields(u *account.User) []field {
	l := &u.Legacy
	fields := []field{
		{"first_name", u.FirstName},
		{"last_name", u.LastName},
		{"email", u.Email},
		{"password_hash", u.PasswordHash},
		{"role", string(u.Role)},
		{"status", string(u.Status)},
		{"reset_token", orNull(l.ResetToken)},
		{"token_expire", dateOrNull(l.ResetExpires)},
		{"otp", orNull(l.OTP.Secret)},
		{"otp_created_at", dateOrNull(l.OTP.CreatedAt)},
		{"created_at", dateOrNull(u.CreatedAt)},
		{"updated_at", dateOrNull(u.UpdatedAt)},
		{"profile_image", orNull(u.ProfileImage)},
		{"pending_new_email", orAbsent(l.PendingNewEmail)},
		{"email_change_otp", orAbsent(l.EmailChangeOTP.Secret)},
		{"email_change_otp_created_at", dateOrAbsent(l.EmailChangeOTP.CreatedAt)},
		{"new_email_otp", orAbsent(l.NewEmailOTP.Secret)},
		{"new_email_otp_created_at", dateOrAbsent(l.NewEmailOTP.CreatedAt)},
		rest("created_at", u.CreatedAt),
		rest("updated_at", u.UpdatedAt),
		rest("token_expire", l.ResetExpires),
		rest("otp_created_at", l.OTP.CreatedAt),
		rest("email_change_otp_created_at", l.EmailChangeOTP.CreatedAt),
		rest("new_email_otp_created_at", l.NewEmailOTP.CreatedAt),
		{ours + ".otp_tries", orAbsent(int64(l.OTP.Tries))},
		{ours + ".email_change_otp_tries", orAbsent(int64(l.EmailChangeOTP.Tries))},
		{ours + ".new_email_otp_tries", orAbsent(int64(l.NewEmailOTP.Tries))},
		{ours + ".unverified", orAbsent(u.Unverified)},
		{ours + ".revoked_us", microsOrAbsent(u.RevokedAt)},
		{ours + ".auto_save", orAbsent(u.AutoSave)},
		devicesField(u.Devices),
	}
	unknown, asText := extraFields(u.Extra)
	fields = merge(fields, unknown, func(f field) bool {
		as, err := readUser(mustRaw(bson.D{{Key: f.path, Value: f.value}}))
		return err == nil && reflect.DeepEqual(pick(as, f.path), pick(u, f.path))
	})
	return append(fields, field{extraText, asText})
}

func devicesField(list []string) field {
	f := field{ours + ".devices", absent}
	if len(list) > 0 {
		f.value = slices.Clone(list)
	}
	return f
}

// pick returns what a field of the older system's is read as.
func pick(u *account.User, name string) any {
	switch name {
	case "first_name":
		return u.FirstName
	case "last_name":
		return u.LastName
	case "email":
		return u.Email
	case "password_hash":
		return u.PasswordHash
	case "role":
		return u.Role
	case "status":
		return u.Status
	case "profile_image":
		return u.ProfileImage
	case "created_at":
		return u.CreatedAt
	case "updated_at":
		return u.UpdatedAt
	case "reset_token":
		return u.Legacy.ResetToken
	case "token_expire":
		return u.Legacy.ResetExpires
	case "otp":
		return u.Legacy.OTP.Secret
	case "otp_created_at":
		return u.Legacy.OTP.CreatedAt
	case "pending_new_email":
		return u.Legacy.PendingNewEmail
	case "email_change_otp":
		return u.Legacy.EmailChangeOTP.Secret
	case "email_change_otp_created_at":
		return u.Legacy.EmailChangeOTP.CreatedAt
	case "new_email_otp":
		return u.Legacy.NewEmailOTP.Secret
	case "new_email_otp_created_at":
		return u.Legacy.NewEmailOTP.CreatedAt
	}
	return nil
}

func mustRaw(doc bson.D) bson.Raw {
	raw, err := bson.Marshal(doc)
	if err != nil {
		return nil // read as a document without anything
	}
	return raw
}

// userDocument is a user's document as a whole.
func userDocument(u *account.User) (bson.D, error) {
	id, ok := objectID(u.ID)
	if !ok {
		return nil, fmt.Errorf("the id %q of a user is not of 24 hexadecimal digits", u.ID)
	}
	return document(id, append(userFields(u), field{version, orAbsent(u.Version)})), nil
}

// readUser reads a user's document, of any version of the older system or ours.
// What is of another type than it is written in is in Extra as it was.
func readUser(raw bson.Raw) (*account.User, error) {
	u := &account.User{}
	l := &u.Legacy
	var unknown extra
	var asText string
	rests := map[string]*time.Time{
		"created_at": &u.CreatedAt, "updated_at": &u.UpdatedAt, "token_expire": &l.ResetExpires, "otp_created_at": &l.OTP.CreatedAt,
		"email_change_otp_created_at": &l.EmailChangeOTP.CreatedAt, "new_email_otp_created_at": &l.NewEmailOTP.CreatedAt,
	}
	texts := map[string]*string{
		"first_name": &u.FirstName, "last_name": &u.LastName, "email": &u.Email, "password_hash": &u.PasswordHash,
		"role": (*string)(&u.Role), "status": (*string)(&u.Status), "profile_image": &u.ProfileImage,
		"reset_token": &l.ResetToken, "otp": &l.OTP.Secret, "pending_new_email": &l.PendingNewEmail,
		"email_change_otp": &l.EmailChangeOTP.Secret, "new_email_otp": &l.NewEmailOTP.Secret,
	}
	err := each(raw, func(key string, v bson.RawValue) {
		ok := true
		switch {
		case key == "_id":
			u.ID = plain(v)
		case key == ours:
			sub(v, func(key string, v bson.RawValue) { readOurs(u, key, v, &asText) })
		case texts[key] != nil:
			if *texts[key], ok = text(v); !ok {
				*texts[key] = "" // a number is no better than nothing here
			}
		case rests[key] != nil:
			*rests[key], ok = date(v)
		default:
			unknown.add(key, v)
		}
		if !ok {
			unknown.add(key, v)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("decoding a user: %w", err)
	}
	if us, err := raw.LookupErr(ours, "us"); err == nil {
		sub(us, func(key string, v bson.RawValue) { addRest(rests[key], v) })
	}
	if asText != "" {
		u.Extra = json.RawMessage(asText)
		return u, nil
	}
	u.Extra, err = unknown.json()
	return u, err
}

// addRest adds what a date could not hold.
func addRest(t *time.Time, v bson.RawValue) {
	if n, _ := integer(v); t != nil && !t.IsZero() && n > 0 && n < 1000 {
		*t = t.Add(time.Duration(n) * time.Microsecond)
	}
}

func readOurs(u *account.User, key string, v bson.RawValue, asText *string) {
	n, _ := integer(v)
	switch key {
	case "v":
		u.Version = n
	case "unverified":
		u.Unverified, _ = v.BooleanOK()
	case "auto_save":
		u.AutoSave, _ = v.BooleanOK()
	case "revoked_us":
		u.RevokedAt = fromMicros(n)
	case "otp_tries":
		u.Legacy.OTP.Tries = int(n)
	case "email_change_otp_tries":
		u.Legacy.EmailChangeOTP.Tries = int(n)
	case "new_email_otp_tries":
		u.Legacy.NewEmailOTP.Tries = int(n)
	case "extra":
		*asText, _ = v.StringValueOK()
	case "devices":
		u.Devices = textList(v)
	}
}

func textList(v bson.RawValue) (list []string) {
	array, ok := v.ArrayOK()
	if !ok {
		return nil
	}
	values, err := array.Values()
	if err != nil {
		return nil
	}
	for _, v := range values {
		if s, ok := v.StringValueOK(); ok {
			list = append(list, s)
		}
	}
	return list
}

// atVersion finds a user's document if it is of a version.
func atVersion(id bson.ObjectID, v int64) bson.D {
	want := any(v)
	if v == 0 {
		want = in(bson.A{nil, int64(0)})
	}
	return bson.D{{Key: "_id", Value: id}, {Key: version, Value: want}}
}

// CreateUser implements [account.Store]. The address is reserved first. A crash
// before the user is there leaves a reservation that holds nobody up for longer
// than a minute: see [Store.reserve].
func (a *Accounts) CreateUser(ctx context.Context, u *account.User) error {
	return a.explain(ctx, "adding a user to", a.createUser(ctx, u))
}

func (a *Accounts) createUser(ctx context.Context, u *account.User) error {
	doc, err := userDocument(u)
	if err != nil {
		return err
	}
	key := account.EmailKey(u.Email)
	r, err := a.s.reserve(ctx, key, u.ID)
	if err != nil {
		return err
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	_, err = a.s.users.InsertOne(ctx, doc)
	if driver.IsDuplicateKeyError(err) {
		if there, ferr := exists(ctx, a.s.users, bson.D{doc[0]}); ferr != nil || there {
			return errors.Join(err, ferr) // the same id, not the same address
		}
		return errors.Join(account.ErrEmailTaken, a.s.release(ctx, key, u.ID))
	}
	if err != nil {
		return err // whether it is there is not known: the reservation stays, and holds if it is
	}
	if held, err := r.held(ctx); err != nil || held {
		return err
	}
	_, err = a.s.users.DeleteOne(ctx, bson.D{doc[0]})
	return errors.Join(account.ErrEmailTaken, err)
}

// User implements [account.Store].
func (a *Accounts) User(ctx context.Context, id string) (*account.User, error) {
	u, _, err := a.user(ctx, id)
	return u, a.explain(ctx, "reading a user from", err)
}

func (a *Accounts) user(ctx context.Context, id string) (*account.User, bson.ObjectID, error) {
	oid, ok := objectID(id)
	if !ok {
		return nil, oid, account.ErrNotFound
	}
	u, err := a.oneUser(ctx, bson.D{{Key: "_id", Value: oid}})
	return u, oid, err
}

func (a *Accounts) oneUser(ctx context.Context, filter bson.D) (*account.User, error) {
	raw, err := a.s.users.FindOne(ctx, filter, options.FindOne().SetSort(order(false, "_id"))).Raw()
	if errors.Is(err, driver.ErrNoDocuments) {
		return nil, account.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return readUser(raw)
}

// UserByEmail implements [account.Store].
func (a *Accounts) UserByEmail(ctx context.Context, email string) (*account.User, error) {
	u, err := a.userByEmail(ctx, email)
	return u, a.explain(ctx, "reading a user from", err)
}

func (a *Accounts) userByEmail(ctx context.Context, email string) (*account.User, error) {
	u, err := a.oneUser(ctx, bson.D{{Key: "email", Value: email}})
	if !errors.Is(err, account.ErrNotFound) {
		return u, err
	}
	key := account.EmailKey(email)
	ids, err := a.s.holders(ctx, key)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		u, _, err := a.user(ctx, id)
		if errors.Is(err, account.ErrNotFound) || err == nil && account.EmailKey(u.Email) != key {
			continue // the reservation is older than what is now
		}
		return u, err
	}
	return nil, account.ErrNotFound
}

// UpdateUser implements [account.Store]. Only the fields that changed are
// written, in one update that holds the version; a new address is reserved
// before, and the former one freed afterwards. A crash in between leaves both
// reserved: the one that the user does not have is anybody's.
func (a *Accounts) UpdateUser(ctx context.Context, u *account.User) error {
	if err := a.updateUser(ctx, u); err != nil {
		return a.explain(ctx, "changing a user in", err)
	}
	u.Version++
	return nil
}

func (a *Accounts) updateUser(ctx context.Context, u *account.User) (err error) {
	old, id, err := a.user(ctx, u.ID)
	if err != nil {
		return err
	}
	if old.Version != u.Version {
		return account.ErrChanged
	}
	if old.ActiveAdmin() && !u.ActiveAdmin() {
		unlock, gerr := a.s.guardAdmins(ctx, id)
		if gerr != nil {
			return gerr
		}
		defer func() { unlock(err) }()
		var cancel context.CancelFunc
		ctx, cancel = finishing(ctx)
		defer cancel()
	}
	set, unset := changes(userFields(old), userFields(u))
	set = append(set, bson.E{Key: version, Value: u.Version + 1})
	write := func(ctx context.Context) error {
		result, err := a.s.users.UpdateOne(ctx, atVersion(id, u.Version), update(set, unset))
		if driver.IsDuplicateKeyError(err) {
			return account.ErrEmailTaken
		}
		if err == nil && result.MatchedCount == 0 {
			return a.changedOrGone(ctx, id)
		}
		return err
	}
	if old.Email == u.Email {
		return write(ctx)
	}
	return a.moveAddress(ctx, old, u, write)
}

func (a *Accounts) changedOrGone(ctx context.Context, id bson.ObjectID) error {
	there, err := exists(ctx, a.s.users, bson.D{{Key: "_id", Value: id}})
	switch {
	case err != nil:
		return err
	case !there:
		return account.ErrNotFound
	}
	return account.ErrChanged
}

// moveAddress writes a user with another address.
func (a *Accounts) moveAddress(ctx context.Context, old, u *account.User, write func(context.Context) error) error {
	was, key := account.EmailKey(old.Email), account.EmailKey(u.Email)
	r, err := a.s.reserve(ctx, key, u.ID)
	if err != nil {
		return err
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	err = write(ctx)
	if account.AsError(err) != nil && was != key {
		return errors.Join(err, a.s.release(ctx, key, u.ID))
	}
	if err != nil || was == key {
		return err
	}
	if held, err := r.held(ctx); err != nil || !held {
		a.s.log.Warn("an address was given to two users at once, since writing one of them took longer than a minute", "user", u.ID, "error", err)
	}
	if err := a.s.release(ctx, was, u.ID); err != nil {
		// It holds nobody up: the user does not have that address.
		a.s.log.Warn("an address that is free is still noted as taken", "user", u.ID, "error", a.s.explain(ctx, "freeing an address in", err))
	}
	return nil
}

// secretFields and imageField are left out of lists.
var secretFields = []string{
	"password_hash", "reset_token", "token_expire", "otp", "otp_created_at", "pending_new_email", "email_change_otp",
	"email_change_otp_created_at", "new_email_otp", "new_email_otp_created_at",
	ours + ".otp_tries", ours + ".email_change_otp_tries", ours + ".new_email_otp_tries",
}

const imageField = "profile_image"

// Users implements [account.Store].
func (a *Accounts) Users(ctx context.Context, q account.UserQuery) (account.UserPage, error) {
	page, err := a.usersPage(ctx, q.Clean())
	return page, a.explain(ctx, "listing the users in", err)
}

func (a *Accounts) usersPage(ctx context.Context, q account.UserQuery) (page account.UserPage, err error) {
	var filter bson.D
	if q.Role != "" {
		filter = append(filter, bson.E{Key: "role", Value: string(q.Role)})
	}
	if q.Status != "" {
		filter = append(filter, bson.E{Key: "status", Value: string(q.Status)})
	}
	left := slices.Clone(secretFields)
	if !q.Images {
		left = append(left, imageField)
	}
	opts := options.Find().SetProjection(but(left...)).SetBatchSize(batchDocs)
	folded := q.Search != "" || q.Sort == account.UsersByName || q.Sort == account.UsersByEmail
	if !folded {
		if page.Total, err = a.s.count(ctx, a.s.users, filter); err != nil {
			return page, err
		}
		opts.SetSort(order(q.Descending, string(q.Sort), "_id")).SetSkip(int64(q.Offset)).SetLimit(int64(q.Limit))
		page.Users, err = a.readUsers(ctx, filter, opts)
		return page, err
	}
	// Documents hold nothing folded, and those of the older system are not
	// rewritten: the names and addresses of all are looked through here. There are
	// few users, and an index has all that is read of them.
	list, err := a.directory(ctx, q)
	if err != nil {
		return page, err
	}
	page.Total = len(list)
	list = list[min(q.Offset, len(list)):]
	if q.Limit > 0 {
		list = list[:min(q.Limit, len(list))]
	}
	page.Users, err = a.usersInOrder(ctx, list, opts)
	return page, err
}

func (a *Accounts) readUsers(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder) (list []account.User, err error) {
	if filter == nil {
		filter = bson.D{}
	}
	err = stream(ctx, a.s.users, filter, opts, func(raw bson.Raw) error {
		u, err := readUser(raw)
		if err != nil {
			return err
		}
		u.PasswordHash, u.Legacy = "", account.Legacy{}
		list = append(list, *u)
		return nil
	})
	return list, err
}

// usersInOrder reads users in the order of a list, leaving out those that were
// deleted meanwhile.
func (a *Accounts) usersInOrder(ctx context.Context, list []entry, opts *options.FindOptionsBuilder) ([]account.User, error) {
	place := make(map[string]int, len(list))
	for i, e := range list {
		place[e.id.Hex()] = i
	}
	var users []account.User
	for part := range slices.Chunk(list, idsAtOnce) {
		ids := make(bson.A, len(part))
		for i, e := range part {
			ids[i] = e.id
		}
		more, err := a.readUsers(ctx, bson.D{{Key: "_id", Value: in(ids)}}, opts)
		if err != nil {
			return nil, err
		}
		users = append(users, more...)
	}
	slices.SortFunc(users, func(a, b account.User) int { return place[a.ID] - place[b.ID] })
	return users, nil
}

// idsAtOnce bounds how many ids a query names.
const idsAtOnce = 1000

// entry is a line of the directory: what users are searched and sorted by.
type entry struct {
	id                bson.ObjectID
	first, last, mail string
	role, status      string
	created           time.Time
}

// directoryFields are those of an index that has them all, so that no document
// and no image need be read.
var directoryFields = []string{"email", "first_name", "last_name", "role", "status", "created_at", "_id"}

// directory lists the users that a query finds, in its order.
func (a *Accounts) directory(ctx context.Context, q account.UserQuery) ([]entry, error) {
	type line struct {
		entry
		key string // what it is sorted by
	}
	var list []line
	search := account.Fold(q.Search)
	err := a.eachEntry(ctx, func(e entry) error {
		if q.Role != "" && e.role != string(q.Role) || q.Status != "" && e.status != string(q.Status) {
			return nil
		}
		name, mail := account.Fold((&account.User{FirstName: e.first, LastName: e.last}).Name()), account.EmailKey(e.mail)
		if search != "" && !strings.Contains(name, search) && !strings.Contains(mail, search) {
			return nil
		}
		l := line{entry: e}
		switch q.Sort {
		case account.UsersByName:
			l.key = name
		case account.UsersByEmail:
			l.key = mail
		case account.UsersByRole:
			l.key = e.role
		case account.UsersByStatus:
			l.key = e.status
		}
		list = append(list, l)
		return nil
	})
	if err != nil {
		return nil, err
	}
	byCreated := q.Sort == account.UsersByCreated
	slices.SortFunc(list, func(a, b line) int {
		n := strings.Compare(a.key, b.key)
		if byCreated {
			n = a.created.Compare(b.created)
		}
		if n == 0 {
			n = bytes.Compare(a.id[:], b.id[:])
		}
		if q.Descending {
			n = -n
		}
		return n
	})
	entries := make([]entry, len(list))
	for i := range list {
		entries[i] = list[i].entry
	}
	return entries, nil
}

// eachEntry reads the directory, by rising address.
func (a *Accounts) eachEntry(ctx context.Context, do func(entry) error) error {
	opts := options.Find().SetProjection(only(directoryFields...)).SetSort(order(false, directoryFields...))
	return stream(ctx, a.s.users, bson.D{}, opts, func(raw bson.Raw) error {
		u, err := readUser(raw)
		if err != nil {
			return err
		}
		id, ok := objectID(u.ID)
		if !ok {
			return nil
		}
		return do(entry{id, u.FirstName, u.LastName, u.Email, string(u.Role), string(u.Status), u.CreatedAt})
	})
}

// CountUsers implements [account.Store].
func (a *Accounts) CountUsers(ctx context.Context) (account.UserCounts, error) {
	c, err := a.countUsers(ctx)
	return c, a.explain(ctx, "counting the users in", err)
}

// activeAdmins finds the active administrators.
func activeAdmins() bson.D {
	return bson.D{{Key: "role", Value: string(account.RoleAdmin)}, {Key: "status", Value: string(account.StatusActive)}}
}

func (a *Accounts) countUsers(ctx context.Context) (c account.UserCounts, err error) {
	for _, n := range []struct {
		into   *int
		filter bson.D
	}{
		{&c.Total, nil},
		{&c.Active, bson.D{{Key: "status", Value: string(account.StatusActive)}}},
		{&c.Admins, activeAdmins()},
	} {
		if *n.into, err = a.s.count(ctx, a.s.users, n.filter); err != nil {
			return c, err
		}
	}
	return c, nil
}
