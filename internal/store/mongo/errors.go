package mongo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	wire "go.mongodb.org/mongo-driver/v2/x/mongo/driver"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"
)

// awayCodes are errors of a server that is stopping, starting, no primary or
// full: what is asked for is right, and may work later.
var awayCodes = []int{
	6, 7, 89, // HostUnreachable, HostNotFound, NetworkTimeout
	91, 11600, 11602, // ShutdownInProgress, InterruptedAtShutdown, InterruptedDueToReplStateChange
	133, 189, 10107, 13435, 13436, // FailedToSatisfyReadPreference, PrimarySteppedDown, NotWritablePrimary …
	262, codeOutOfDiskSpace,
}

// Away reports whether an error of this package says that the database cannot
// be reached or cannot work at the moment, so that the same call may succeed
// later. What the caller's context ended is not that; what its deadline ended is,
// since calls are short.
func Away(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	var server driver.ServerError
	if errors.As(err, &server) {
		for _, code := range awayCodes {
			if server.HasErrorCode(code) {
				return true
			}
		}
	}
	var connection topology.ConnectionError
	return unreachable(err) || driver.IsTimeout(err) || errors.As(err, &connection) || errors.Is(err, driver.ErrClientDisconnected) ||
		errors.Is(err, topology.ErrPoolClosed) || errors.Is(err, topology.ErrServerClosed)
}

// unreachable reports whether err says that no server answers: to this call,
// or to another a moment ago, when the connections of all were given up.
func unreachable(err error) bool {
	var selection topology.ServerSelectionError
	var cleared wire.RetryablePoolError
	return driver.IsNetworkError(err) || errors.As(err, &selection) || errors.As(err, &cleared) && cleared.Retryable()
}

// Codes of MongoDB's errors (https://www.mongodb.com/docs/manual/reference/error-codes/).
const (
	codeUnauthorized          = 13
	codeAuthenticationFailed  = 18
	codeIndexOptionsConflict  = 85
	codeIndexKeySpecsConflict = 86
	codeOutOfDiskSpace        = 14031
	codeAtlasError            = 8000 // Atlas: wrong user or password
)

// parseURI reads MONGO_URI. Its errors never repeat a user's name or password.
func parseURI(uri string) (*options.ClientOptions, error) {
	const example = "it must look like mongodb://user:password@host:27017/?authSource=admin or mongodb+srv://…"
	opts := options.Client().SetAppName("chatmood").SetServerSelectionTimeout(selectTimeout).SetConnectTimeout(connectTimeout).ApplyURI(uri)
	err := opts.Validate()
	if err == nil {
		return opts, nil
	}
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok || (scheme != "mongodb" && scheme != "mongodb+srv") {
		return nil, fmt.Errorf("MONGO_URI is no address of a MongoDB server: %s", example)
	}
	at := strings.LastIndex(rest, "@")
	if at < 0 {
		return nil, fmt.Errorf("MONGO_URI cannot be used: %w: %s", err, example)
	}
	// Without user and password the driver may say what is wrong.
	if err := options.Client().ApplyURI(scheme + "://" + rest[at+1:]).Validate(); err != nil {
		return nil, fmt.Errorf("MONGO_URI cannot be used: %w: %s", err, example)
	}
	return nil, errors.New("MONGO_URI has a user, password or authMechanism that cannot be read: " +
		"write characters such as @ : / ? # % in them as %40 %3A %2F %3F %23 %25")
}

// secrets are texts that no error may hold. The driver's errors hold none today;
// this keeps it so.
type secrets []string

// minSecretBytes is the length from which a secret is masked: shorter ones
// occur in other words, where the mask would give them away.
const minSecretBytes = 6

// masked is an error that does not say its secrets.
type masked struct {
	error
	text string
}

func (m masked) Error() string { return m.text }
func (m masked) Unwrap() error { return m.error }

func (list secrets) mask(err error) error {
	text := err.Error()
	for _, secret := range list {
		if len(secret) >= minSecretBytes {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	if text == err.Error() {
		return err
	}
	return masked{err, text}
}

func secretsOf(opts *options.ClientOptions) (list secrets) {
	if opts.Auth == nil {
		return nil
	}
	if opts.Auth.Password != "" {
		list = append(list, opts.Auth.Password)
	}
	for _, v := range opts.Auth.AuthMechanismProperties {
		if v != "" {
			list = append(list, v)
		}
	}
	return list
}

// explain says what was done to the database when an error came, and what to
// do about it.
func (s *Store) explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	err = s.hide.mask(err)
	// The driver wraps the context's error in many ways, and sometimes not at all.
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	if hint := hint(err); hint != "" && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s the MongoDB of MONGO_URI: %s: %w", doing, hint, err)
	}
	return fmt.Errorf("%s the MongoDB of MONGO_URI: %w", doing, err)
}

// hint says what an error means for whoever runs the server.
func hint(err error) string {
	var server driver.ServerError
	if errors.As(err, &server) {
		switch {
		case server.HasErrorCode(codeAuthenticationFailed), server.HasErrorCode(codeAtlasError):
			return "the user or password is refused; correct them, and authSource where the user lives in another database"
		case server.HasErrorCode(codeUnauthorized):
			return "its user may not do that; grant it the role readWrite on the database MONGO_DBNAME, or give a user and password"
		case server.HasErrorCode(codeOutOfDiskSpace):
			return "its disk is full; free some space there"
		}
	}
	switch text := err.Error(); {
	case strings.Contains(text, "unable to authenticate"), strings.Contains(text, "auth error"):
		return "the user or password is refused; correct them, and authSource where the user lives in another database"
	case errors.Is(err, driver.ErrClientDisconnected):
		return "it was closed"
	}
	if unreachable(err) {
		return "no server answers there; start it, or correct host, port and TLS"
	}
	return ""
}
