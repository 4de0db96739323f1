package migrate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"chatmood/internal/store/sqlite"
)

// DefaultDatabase is the name of the database on a MongoDB server where neither
// the address nor anybody else says one.
const DefaultDatabase = "twitch_sentiment"

// ErrNoDatabase means that there is none where one should be read.
var ErrNoDatabase = errors.New("there is no database")

// Address is where a database is.
type Address struct {
	// Dir is the data directory of an embedded database; empty: it is on a server.
	Dir string
	// URI and Name are the address of a MongoDB server and the database on it.
	URI, Name string
}

// sqliteFile is the name of an embedded database in its directory.
const sqliteFile = "chatmood.db"

// ParseAddress reads "sqlite:DATA_DIR", "sqlite:DATA_DIR/chatmood.db",
// "mongodb://…/NAME" or "mongodb+srv://…/NAME". A name, when given, is put in
// place of that in the address. Errors do not repeat what may be a password.
func ParseAddress(uri, name string) (Address, error) {
	scheme, rest, found := strings.Cut(uri, ":")
	switch {
	case found && scheme == "sqlite":
		if name != "" {
			return Address{}, errors.New("an embedded database has no name: name one for MongoDB only")
		}
		return fileAddress(rest)
	case found && (scheme == "mongodb" || scheme == "mongodb+srv") && strings.HasPrefix(rest, "//"):
		return serverAddress(uri, rest, name)
	}
	return Address{}, errors.New("this is no address of a database: write sqlite:DATA_DIR, with the path of a data directory, or mongodb://HOST/DATABASE")
}

func fileAddress(path string) (Address, error) {
	if path == "" {
		return Address{}, errors.New("sqlite: wants the path of a data directory, as in sqlite:data")
	}
	if filepath.Base(path) == sqliteFile {
		path = filepath.Dir(path)
	} else if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return Address{}, fmt.Errorf("%s is a file: name the data directory in which %s is", path, sqliteFile)
	}
	dir, err := filepath.Abs(path)
	if err != nil {
		return Address{}, fmt.Errorf("finding %s: %w", path, err)
	}
	if target, err := filepath.EvalSymlinks(dir); err == nil {
		dir = target
	}
	return Address{Dir: dir}, nil
}

// hostsAndPath splits what follows the scheme of a MongoDB address, without the
// user and the options.
func hostsAndPath(rest string) (hosts, path string) {
	rest = strings.TrimPrefix(rest, "//")
	// Neither user nor password may hold a slash or a question mark as such.
	rest, _, _ = strings.Cut(rest, "?")
	hosts, path, _ = strings.Cut(rest, "/")
	if at := strings.LastIndexByte(hosts, '@'); at >= 0 {
		hosts = hosts[at+1:]
	}
	return hosts, path
}

// maxNameBytes is how long the name of a database on a MongoDB server may be.
const maxNameBytes = 63

// port is what may follow a host. Where a password has a sign that should be
// escaped, a part of it stands there.
var port = regexp.MustCompile(`^(\[[0-9A-Fa-f:.%]+\]|[^:@/]*)(:[0-9]{1,5})?$`)

func serverAddress(uri, rest, name string) (Address, error) {
	hosts, path := hostsAndPath(rest)
	for host := range strings.SplitSeq(hosts, ",") {
		if host == "" || !port.MatchString(host) {
			return Address{}, errors.New("the host or port of the address cannot be used: write mongodb://USER:PASSWORD@HOST:PORT/DATABASE, with @ : / ? # % in user and password as %40 %3A %2F %3F %23 %25")
		}
	}
	if name == "" {
		name = path
	}
	if name == "" {
		name = DefaultDatabase
	}
	if len(name) > maxNameBytes || strings.ContainsAny(name, "/\\. \"$*<>:|?@%") || strings.ContainsFunc(name, unicode.IsControl) {
		return Address{}, fmt.Errorf("the name of the database cannot be used: at most %d bytes, without / \\ . \" $ * < > : | ? @ %% and space", maxNameBytes)
	}
	return Address{URI: uri, Name: name}, nil
}

// String names the database for people, without user and password.
func (a Address) String() string {
	if a.Dir != "" {
		return "sqlite:" + a.Dir
	}
	scheme, rest, _ := strings.Cut(a.URI, ":")
	hosts, _ := hostsAndPath(rest)
	list := strings.Split(strings.ToLower(hosts), ",")
	slices.Sort(list)
	return scheme + "://" + strings.Join(list, ",") + "/" + a.Name
}

// Exists reports whether there is an embedded database. Of one on a server it
// is not known.
func (a Address) Exists() bool {
	if a.Dir == "" {
		return true
	}
	_, err := os.Stat(filepath.Join(a.Dir, sqliteFile))
	return !errors.Is(err, fs.ErrNotExist)
}

// Open opens a database to move from or into. An embedded one is made where
// create says so; [ErrNoDatabase] otherwise. While it is open, no server can use
// it.
func Open(ctx context.Context, a Address, create bool, log *slog.Logger) (*Database, error) {
	if !a.Exists() && !create {
		return nil, fmt.Errorf("opening %s: %w", a, ErrNoDatabase)
	}
	if a.Dir != "" {
		s, err := sqlite.Open(ctx, sqlite.Config{Dir: a.Dir, Log: log})
		if errors.Is(err, sqlite.ErrLocked) {
			err = fmt.Errorf("%s: %w (%w)", a, ErrInUse, err)
		}
		if err != nil {
			return nil, err
		}
		return ofSQLite(a.String(), s), nil
	}
	return openMongo(ctx, a, log)
}

func ofSQLite(name string, s *sqlite.Store) *Database {
	return &Database{Name: name, Accounts: s.Accounts(), History: s.History(), Holds: s.Holds(), Learning: s.Learning(), Mail: s.Outbox(), Sessions: s, Exclusive: true, Closer: s}
}
