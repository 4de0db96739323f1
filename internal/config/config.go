// Package config turns the environment and an optional .env file into one
// validated struct. The struct's tags are the single source of names, defaults
// and help: the table in the README and `chatmood config` are made from them.
package config

import (
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Config is the whole configuration. Each field's tags say which variable sets
// it (env), what it is when unset (default), whether its value is secret
// (secret:"true": never printed or logged), and what it is for (help).
type Config struct {
	Environment string `env:"ENVIRONMENT" default:"development" values:"development|production" help:"development or production. Production refuses unsafe settings. RAILWAY_ENVIRONMENT=production and NODE_ENV=production switch to production too"`
	Host        string `env:"HOST" help:"Address to listen on. Default 127.0.0.1 in development, 0.0.0.0 (all) in production"`
	Port        int    `env:"PORT" default:"8000" min:"0" max:"65535" help:"Port to listen on; 0 takes any free one"`
	FrontendURL string `env:"FRONTEND_URL" help:"Origin of a front-end that is served elsewhere, such as https://mood.example; it may then call the API. In production it must be https"`
	DataDir     string `env:"DATA_DIR" default:"data" help:"Folder for the embedded database and everything else that is kept; made when missing"`
	SecretKey   string `env:"SECRET_KEY" secret:"true" help:"Key that signs tokens, once there are accounts; production refuses a missing one and one under 32 bytes (openssl rand -hex 32)"`
	TwitchURL   string `env:"TWITCH_IRC_URL" default:"ircs://irc.chat.twitch.tv:6697" help:"Twitch's chat server, or a simulator: irc://, ircs://, ws:// or wss://"`
	NATSURL     string `env:"NATS_URL" secret:"true" help:"NATS server to use as the bus; unset, one runs inside the process"`

	MaxChannels    int            `env:"MAX_CHANNELS" default:"500" min:"1" max:"100000" help:"Channels that may be analysed at once"`
	MaxSockets     int            `env:"MAX_SOCKETS" default:"10000" min:"1" max:"1000000" help:"Live viewers (WebSocket and SSE) that may be connected at once"`
	MaxPerAddress  int            `env:"MAX_SOCKETS_PER_ADDRESS" default:"50" min:"1" max:"1000000" help:"Live viewers from one address"`
	TrustedProxies []netip.Prefix `env:"TRUSTED_PROXIES" help:"Addresses or networks (CIDR, separated by commas) of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed"`
	AnonymousWS    Switch         `env:"ALLOW_ANONYMOUS_WS" help:"true lets people watch live chat without signing in. Default true in development, false in production"`

	LogLevel     slog.Level    `env:"LOG_LEVEL" default:"info" help:"debug, info, warn or error"`
	LogFormat    string        `env:"LOG_FORMAT" values:"text|json" help:"text or json. Default text in development, json in production"`
	MetricsToken string        `env:"METRICS_TOKEN" secret:"true" help:"Bearer token that /metrics asks for; unset, only loopback may read it in production"`
	StopTimeout  time.Duration `env:"STOP_TIMEOUT" default:"10s" min:"1" max:"300" help:"How long an orderly stop may take before it is cut short, for example 10s"`

	MongoURI    string `env:"MONGO_URI" secret:"true" help:"MongoDB to keep everything in, such as mongodb://user:password@host:27017/?authSource=admin (docs/mongodb.md); unset, the embedded database under DATA_DIR"`
	MongoDBName string `env:"MONGO_DBNAME" default:"twitch_sentiment" help:"Name of the MongoDB database (with MONGO_URI)"`
}

// Switch is a boolean that knows whether it was set.
type Switch uint8

// The states of a Switch.
const (
	Unset Switch = iota
	On
	Off
)

// Bool returns the switch's value, or def when it was not set.
func (s Switch) Bool(def bool) bool {
	switch s {
	case On:
		return true
	case Off:
		return false
	default:
		return def
	}
}

// String returns "true", "false" or "".
func (s Switch) String() string {
	switch s {
	case On:
		return "true"
	case Off:
		return "false"
	default:
		return ""
	}
}

// Production reports whether the strict rules of production hold.
func (c *Config) Production() bool { return c.Environment == "production" }

// Anonymous reports whether people may watch without signing in.
func (c *Config) Anonymous() bool { return c.AnonymousWS.Bool(!c.Production()) }

// ListenAddr returns host and port to listen on.
func (c *Config) ListenAddr() string { return netJoin(c.Host, c.Port) }

// finish fills what depends on other fields and returns what is wrong with the
// values together.
func (c *Config) finish(lookup func(string) (string, bool)) (faults []string) {
	if c.Environment == "development" && productionByHost(lookup) {
		c.Environment = "production"
	}
	if c.Host == "" {
		c.Host = "127.0.0.1"
		if c.Production() {
			c.Host = "0.0.0.0"
		}
	}
	if c.LogFormat == "" {
		c.LogFormat = "text"
		if c.Production() {
			c.LogFormat = "json"
		}
	}
	faults = append(faults, c.checkURLs()...)
	if strings.ContainsAny(c.Host, " /") {
		faults = append(faults, fmt.Sprintf("HOST is %q: give an address or a host name alone, such as 0.0.0.0", c.Host))
	}
	if c.Production() {
		faults = append(faults, c.checkProduction()...)
	}
	return faults
}

// productionByHost applies the old system's further signs of production.
func productionByHost(lookup func(string) (string, bool)) bool {
	for _, name := range []string{"RAILWAY_ENVIRONMENT", "NODE_ENV"} {
		if v, _ := lookup(name); strings.EqualFold(strings.TrimSpace(v), "production") {
			return true
		}
	}
	v, _ := lookup("HOSTNAME")
	return strings.Contains(strings.ToLower(v), "railway")
}

func (c *Config) checkURLs() (faults []string) {
	if u, err := url.Parse(c.TwitchURL); err != nil || u.Host == "" || !oneOf(u.Scheme, "irc", "ircs", "ws", "wss") {
		faults = append(faults, fmt.Sprintf("TWITCH_IRC_URL is %q: it must be an address like ircs://irc.chat.twitch.tv:6697 (irc, ircs, ws or wss)", c.TwitchURL))
	}
	if c.FrontendURL != "" {
		u, err := url.Parse(c.FrontendURL)
		switch {
		case c.FrontendURL == "*":
			faults = append(faults, "FRONTEND_URL is *: any site could act in a signed-in person's name; give the one origin of the front-end, such as https://mood.example")
		case err != nil || u.Host == "" || !oneOf(u.Scheme, "http", "https") || (u.Path != "" && u.Path != "/"):
			faults = append(faults, fmt.Sprintf("FRONTEND_URL is %q: it must be an origin like https://mood.example, without a path", c.FrontendURL))
		default:
			c.FrontendURL = u.Scheme + "://" + strings.ToLower(u.Host)
		}
	}
	if c.NATSURL != "" {
		// The value may hold a password, so it is not repeated.
		if u, err := url.Parse(c.NATSURL); err != nil || u.Host == "" || !oneOf(u.Scheme, "nats", "tls", "ws", "wss") {
			faults = append(faults, "NATS_URL is no address of a NATS server: it must look like nats://host:4222 or tls://user:password@host:4222")
		}
	}
	// The database's package reads the rest of the address.
	if c.MongoURI != "" && !strings.HasPrefix(c.MongoURI, "mongodb://") && !strings.HasPrefix(c.MongoURI, "mongodb+srv://") {
		faults = append(faults, "MONGO_URI is no address of a MongoDB server: it must look like mongodb://host:27017 or mongodb+srv://user:password@host; unset it to use the embedded database under DATA_DIR")
	}
	if len(c.MongoDBName) > maxDBNameBytes || strings.ContainsAny(c.MongoDBName, mongoDBForbidden) {
		faults = append(faults, fmt.Sprintf("MONGO_DBNAME is %q: a database's name has at most %d bytes and none of / \\ . \" $ * < > : | ? and space", c.MongoDBName, maxDBNameBytes))
	}
	return faults
}

// What MongoDB takes as the name of a database on every system
// (https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions).
const (
	maxDBNameBytes   = 63
	mongoDBForbidden = "/\\. \"$*<>:|?\x00"
)

// minSecretBytes is the least length of SECRET_KEY in production: HS256 signs
// with 256 bits, and a shorter key can be searched for (RFC 7518, 3.2).
const minSecretBytes = 32

func (c *Config) checkProduction() (faults []string) {
	switch {
	case c.SecretKey == "":
		faults = append(faults, "SECRET_KEY is missing: production needs one that stays the same, 32 bytes or more (openssl rand -hex 32)")
	case len(c.SecretKey) < minSecretBytes:
		faults = append(faults, fmt.Sprintf("SECRET_KEY has %d bytes: production needs 32 or more (openssl rand -hex 32)", len(c.SecretKey)))
	case distinctBytes(c.SecretKey) < 8:
		faults = append(faults, "SECRET_KEY repeats a few characters: make a random one (openssl rand -hex 32)")
	}
	if u, err := url.Parse(c.FrontendURL); err == nil && u.Scheme == "http" && !oneOf(u.Hostname(), "localhost", "127.0.0.1", "::1") {
		faults = append(faults, fmt.Sprintf("FRONTEND_URL is %q: production needs https, since sign-ins travel over it", c.FrontendURL))
	}
	return faults
}

func distinctBytes(s string) int {
	var seen [256]bool
	n := 0
	for i := range len(s) {
		if !seen[s[i]] {
			seen[s[i]] = true
			n++
		}
	}
	return n
}

func oneOf(s string, options ...string) bool {
	for _, o := range options {
		if s == o {
			return true
		}
	}
	return false
}
