// Package config turns the environment and an optional .env file into one
// validated struct. The struct's tags are the single source of names, defaults
// and help: the table in the README and `chatmood config` are made from them.
package config

import (
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
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
	FrontendURL string `env:"FRONTEND_URL" help:"Origin under which people open the page, such as https://mood.example: links in mails point there, and pages of this origin may call the API. In production it must be https. Default: the server's own address"`
	BasePath    string `env:"BASE_PATH" help:"Path of a proxy below which people open the page, such as /chatmood, where it is not the root of its host; the proxy may take it away or pass it on (docs/deployment.md)"`
	DataDir     string `env:"DATA_DIR" default:"data" help:"Folder for the embedded database and everything else that is kept; made when missing"`
	SecretKey   string `env:"SECRET_KEY" secret:"true" help:"Key that signs tokens and seals codes; production refuses a missing one and one under 32 bytes (openssl rand -hex 32). Development makes one and keeps it in DATA_DIR/secret.key"`
	TwitchURL   string `env:"TWITCH_IRC_URL" default:"ircs://irc.chat.twitch.tv:6697" help:"Twitch's chat server, or a simulator: irc://, ircs://, ws:// or wss://"`
	NATSURL     string `env:"NATS_URL" secret:"true" help:"NATS server (nats:// or tls://, with JetStream) through which several servers share their channels (docs/scaling.md); unset, one runs inside the process"`
	NATSCreds   string `env:"NATS_CREDS" help:"File with the credentials for NATS_URL (a .creds file, as nsc makes it)"`

	TLSDomain   []string `env:"TLS_DOMAIN" help:"Names, separated by commas, under which this server speaks https by itself, with certificates that it gets and renews through ACME (docs/deployment.md); PORT is then 443 where it is not set"`
	TLSHTTPPort int      `env:"TLS_HTTP_PORT" default:"80" min:"0" max:"65535" help:"With TLS_DOMAIN or TLS_CERT_FILE: port of plain http, which leads to https and answers the authority; 0: none, and the authority asks at the port of https"`
	TLSACMEURL  string   `env:"TLS_ACME_URL" help:"ACME directory of the authority. Default Let's Encrypt"`
	TLSACMECA   string   `env:"TLS_ACME_CA" help:"PEM file of who signed the authority's own certificate, for a private one"`
	TLSCertFile string   `env:"TLS_CERT_FILE" help:"PEM file with a certificate of one's own, with its chain: https without ACME. It is read again when it changes"`
	TLSKeyFile  string   `env:"TLS_KEY_FILE" help:"PEM file with the key of TLS_CERT_FILE"`

	MaxChannels    int            `env:"MAX_CHANNELS" default:"500" min:"1" max:"100000" help:"Channels that may be analysed at once"`
	MaxSockets     int            `env:"MAX_SOCKETS" default:"10000" min:"1" max:"1000000" help:"Live viewers (WebSocket and SSE) that may be connected at once"`
	MaxPerAddress  int            `env:"MAX_SOCKETS_PER_ADDRESS" default:"50" min:"1" max:"1000000" help:"Live viewers from one address"`
	TrustedProxies []netip.Prefix `env:"TRUSTED_PROXIES" help:"Addresses or networks (CIDR, separated by commas) of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed"`
	Guests         string         `env:"GUESTS" values:"none|watch|analyse" help:"What people may do without signing in: none, watch what is being analysed, or analyse channels of their own. Default analyse in development, none in production"`
	AnonymousWS    Switch         `env:"ALLOW_ANONYMOUS_WS" help:"The older name: true raises GUESTS from none to watch, false in development lowers its default to none"`

	Registration       string `env:"REGISTRATION" values:"open|invite|closed" help:"Who may register: open (anybody), invite (who has an invitation), closed (nobody). Default open, and invite with MAIL=off, where no code can prove an address"`
	AccessTokenMinutes int    `env:"ACCESS_TOKEN_MINUTES" default:"30" min:"1" max:"1440" help:"Minutes for which an access token is good"`
	RefreshTokenDays   int    `env:"REFRESH_TOKEN_DAYS" default:"30" min:"1" max:"365" help:"Days without use after which a sign-in ends"`
	LogRetentionDays   int    `env:"LOG_RETENTION_DAYS" default:"0" min:"0" max:"36500" help:"Days after which entries of the activity log are removed; 0 keeps them"`

	EmailSender   string `env:"EMAIL_SENDER" help:"Address that mails come from, and the name to sign in to the mail server with"`
	EmailPassword string `env:"EMAIL_PASSWORD" secret:"true" help:"Password for the mail server (Gmail: an app password); empty: without signing in"`
	SMTPHost      string `env:"SMTP_HOST" help:"Mail server. Default smtp.gmail.com when EMAIL_SENDER and EMAIL_PASSWORD are set"`
	SMTPPort      int    `env:"SMTP_PORT" default:"0" min:"0" max:"65535" help:"Port of the mail server; 0: 465 with SMTP_TLS=tls, otherwise 587"`
	SMTPTLS       string `env:"SMTP_TLS" default:"auto" values:"auto|starttls|tls|none" help:"starttls, tls (from the first byte), none (plain text: only for a server on this machine) or auto: tls on port 465, none for localhost, otherwise starttls"`
	Mail          string `env:"MAIL" default:"auto" values:"auto|off" help:"off: the server sends no mail. auto: through the mail server that is set; without one, development writes mails into DATA_DIR/outbox and production refuses to start"`
	ContactTo     string `env:"CONTACT_TO" help:"Address that gets what is written into the contact form. Default EMAIL_SENDER"`

	MaxChannelsPerUser   int           `env:"MAX_CHANNELS_PER_USER" default:"20" min:"1" max:"100000" help:"Channels that one user may have analysed at once"`
	MaxHistoryPerUser    int           `env:"MAX_HISTORY_PER_USER" default:"2000" min:"1" max:"1000000" help:"Analyses that one user may keep, archived ones included"`
	MaxSocketsPerUser    int           `env:"MAX_SOCKETS_PER_USER" default:"50" min:"1" max:"1000000" help:"Live viewers (WebSocket and SSE) of one user"`
	HistoryRetentionDays int           `env:"HISTORY_RETENTION_DAYS" default:"0" min:"0" max:"36500" help:"Days after which saved analyses that their user deleted (which puts them into the archive) are removed for good; 0 keeps them. What is not in the archive is never removed"`
	SentimentModel       string        `env:"SENTIMENT_MODEL" default:"builtin" help:"What judges chat: builtin, or onnx:PATH for a text classifier of your own (a folder with one .onnx file, tokenizer.json and config.json); what it does not get to within a second the built-in engine judges"`
	IdleStop             time.Duration `env:"IDLE_STOP" default:"0s" min:"0" max:"31536000" help:"How long an analysis goes on that nobody asks for and nobody watches any more, for example 30m; 0s: until somebody stops it"`

	EmoteImages string `env:"EMOTE_IMAGES" default:"off" help:"off: emotes are shown by name, and pages ask no other server for anything. twitch: people may choose to see pictures, which then come from Twitch. Or the address of a server of your own that passes them on, such as https://emotes.example"`

	LogLevel     slog.Level    `env:"LOG_LEVEL" default:"info" help:"debug, info, warn or error"`
	LogFormat    string        `env:"LOG_FORMAT" values:"text|json" help:"text or json. Default text in development, json in production"`
	MetricsToken string        `env:"METRICS_TOKEN" secret:"true" help:"Bearer token that /metrics asks for; unset, only loopback may read it in production"`
	DebugAddr    string        `env:"DEBUG_ADDR" help:"Address at which profiles of the process are served (/debug/pprof), such as 127.0.0.1:6060; a port alone is on loopback. Unset: nowhere"`
	StopTimeout  time.Duration `env:"STOP_TIMEOUT" default:"10s" min:"1" max:"300" help:"How long an orderly stop may take before it is cut short, for example 10s"`

	OTLPEndpoint   string  `env:"OTEL_EXPORTER_OTLP_ENDPOINT" help:"OpenTelemetry collector that traces are sent to over OTLP/HTTP, such as http://127.0.0.1:4318 (docs/monitoring.md); unset: nothing is traced"`
	OTLPHeaders    string  `env:"OTEL_EXPORTER_OTLP_HEADERS" secret:"true" help:"Headers for it, as name=value,name=value, where it wants a key"`
	OTELService    string  `env:"OTEL_SERVICE_NAME" help:"Name of this service in traces. Default chatmood"`
	OTELSampler    string  `env:"OTEL_TRACES_SAMPLER" default:"parentbased_always_on" values:"always_on|always_off|traceidratio|parentbased_always_on|parentbased_always_off|parentbased_traceidratio" help:"Which requests are traced: all (always_on), none, or a share (traceidratio); with parentbased_ a trusted proxy's choice counts where it made one"`
	OTELSamplerArg float64 `env:"OTEL_TRACES_SAMPLER_ARG" default:"1" min:"0" max:"1" help:"The share from 0 to 1 for traceidratio"`

	MongoURI    string `env:"MONGO_URI" secret:"true" help:"MongoDB to keep everything in, such as mongodb://user:password@host:27017/?authSource=admin (docs/mongodb.md); unset, the embedded database under DATA_DIR"`
	MongoDBName string `env:"MONGO_DBNAME" default:"twitch_sentiment" help:"Name of the MongoDB database (with MONGO_URI)"`

	BackupDir   string        `env:"BACKUP_DIR" help:"Folder into which the embedded database is saved from time to time (chatmood backup does it once); unset: never"`
	BackupEvery time.Duration `env:"BACKUP_EVERY" default:"24h" min:"60" max:"31536000" help:"Time between two backups, for example 6h"`
	BackupKeep  int           `env:"BACKUP_KEEP" default:"7" min:"1" max:"10000" help:"Backups that are kept in BACKUP_DIR; the oldest go"`

	LLMURL       string `env:"LLM_URL" help:"OpenAI-compatible endpoint that may write summaries, such as http://localhost:11434/v1; unset, they are built from the figures"`
	LLMKey       string `env:"LLM_KEY" secret:"true" help:"Key for LLM_URL, where it wants one"`
	LLMModel     string `env:"LLM_MODEL" help:"Model to ask there"`
	LLMChatText  Switch `env:"LLM_CHAT_TEXT" default:"false" help:"true lets summaries be written from samples of chat too; otherwise only from figures"`
	GeminiAPIKey string `env:"GEMINI_API_KEY" secret:"true" help:"Key for Google's Gemini, which then writes summaries where LLM_URL is not set"`

	// Ignored are settings of the older system that were given and mean nothing
	// any more.
	Ignored []string
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

// The ways that mail can go.
const (
	MailSMTP   = "smtp"
	MailFolder = "folder" // development: files under DATA_DIR/outbox
	MailOff    = "off"
)

// MailBy tells how mail goes. Production without any is a fault of [Load].
func (c *Config) MailBy() string {
	switch {
	case c.Mail == MailOff:
		return MailOff
	case c.SMTPHost != "":
		return MailSMTP
	case c.Production():
		return MailOff
	}
	return MailFolder
}

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
	c.finishAccounts()
	faults = append(faults, c.finishTLS(lookup)...)
	for _, name := range []string{"VITE_API_URL", "WORKERS"} {
		if v, _ := lookup(name); v != "" {
			c.Ignored = append(c.Ignored, name)
		}
	}
	faults = append(faults, c.checkURLs()...)
	faults = append(faults, c.checkBasePath()...)
	faults = append(faults, c.checkDebug()...)
	faults = append(faults, c.checkEmoteImages()...)
	faults = append(faults, c.checkMail()...)
	if strings.ContainsAny(c.Host, " /") {
		faults = append(faults, fmt.Sprintf("HOST is %q: give an address or a host name alone, such as 0.0.0.0", c.Host))
	}
	if c.Production() {
		faults = append(faults, c.checkProduction()...)
	}
	return faults
}

// finishAccounts fills who may do what and how mail goes.
func (c *Config) finishAccounts() {
	if c.Guests == "" {
		c.Guests = "none"
		if !c.Production() && c.AnonymousWS != Off {
			c.Guests = "analyse"
		}
	}
	if c.Guests == "none" && c.AnonymousWS == On {
		c.Guests = "watch"
	}
	if c.Registration == "" {
		c.Registration = "open"
		if c.Mail == MailOff {
			c.Registration = "invite"
		}
	}
	if c.SMTPHost == "" && c.EmailSender != "" && c.EmailPassword != "" {
		c.SMTPHost = "smtp.gmail.com" // as the older system had it built in
	}
	if c.SMTPTLS == "auto" {
		switch {
		case c.SMTPPort == 465:
			c.SMTPTLS = "tls"
		case oneOf(c.SMTPHost, "localhost", "127.0.0.1", "::1"):
			c.SMTPTLS = "none"
		default:
			c.SMTPTLS = "starttls"
		}
	}
	if c.SMTPPort == 0 {
		c.SMTPPort = 587
		if c.SMTPTLS == "tls" {
			c.SMTPPort = 465
		}
	}
	if c.ContactTo == "" {
		c.ContactTo = c.EmailSender
	}
}

// checkDebug completes DEBUG_ADDR: without a host it is on loopback.
func (c *Config) checkDebug() (faults []string) {
	if c.DebugAddr == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(c.DebugAddr)
	if err != nil {
		host, port = "", c.DebugAddr
	}
	if host == "" {
		host = "127.0.0.1"
	}
	_, err = netip.ParseAddr(host)
	n, perr := strconv.ParseUint(port, 10, 16)
	if err != nil && host != "localhost" || perr != nil {
		return []string{fmt.Sprintf("DEBUG_ADDR is %q: it must be an address and a port, such as 127.0.0.1:6060", c.DebugAddr)}
	}
	c.DebugAddr = net.JoinHostPort(host, strconv.FormatUint(n, 10))
	return nil
}

func (c *Config) checkMail() (faults []string) {
	for _, f := range []struct{ name, value string }{{"EMAIL_SENDER", c.EmailSender}, {"CONTACT_TO", c.ContactTo}} {
		if f.name == "CONTACT_TO" && c.ContactTo == c.EmailSender {
			continue // named once
		}
		if f.value == "" {
			continue
		}
		if a, err := mail.ParseAddress(f.value); err != nil || a.Address != f.value {
			faults = append(faults, fmt.Sprintf("%s is %q: it must be a plain address like chatmood@example.org", f.name, f.value))
		}
	}
	if strings.ContainsAny(c.SMTPHost, " \t/@") {
		faults = append(faults, fmt.Sprintf("SMTP_HOST is %q: it must be a host name like smtp.example.org, without a port", c.SMTPHost))
	}
	if c.Mail != MailOff && c.SMTPHost != "" && c.EmailSender == "" {
		faults = append(faults, "EMAIL_SENDER is missing: mails sent through SMTP_HOST need an address to come from")
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
			faults = append(faults, fmt.Sprintf("FRONTEND_URL is %q: it must be an origin like https://mood.example, without a path; a path below which people open the page is BASE_PATH's", c.FrontendURL))
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
	if c.NATSCreds != "" {
		if c.NATSURL == "" {
			faults = append(faults, "NATS_CREDS is set, but NATS_URL is not: the credentials are for the server that it names")
		} else if f, err := os.Open(c.NATSCreds); err != nil {
			faults = append(faults, fmt.Sprintf("NATS_CREDS names a file that cannot be read: %v", err))
		} else {
			f.Close()
		}
	}
	if path, ok := strings.CutPrefix(c.SentimentModel, "onnx:"); c.SentimentModel != "builtin" && (!ok || path == "") {
		faults = append(faults, fmt.Sprintf("SENTIMENT_MODEL is %q: it must be builtin, or onnx: and the folder of a text classifier, such as onnx:/srv/model", c.SentimentModel))
	}
	if c.LLMURL != "" {
		if u, err := url.Parse(c.LLMURL); err != nil || u.Host == "" || !oneOf(u.Scheme, "http", "https") {
			faults = append(faults, "LLM_URL is no address: it must look like https://api.example.org/v1")
		}
	}
	if c.OTLPEndpoint != "" {
		// A password belongs into the headers: this value is shown.
		if u, err := url.Parse(c.OTLPEndpoint); err != nil || u.Host == "" || !oneOf(u.Scheme, "http", "https") || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			faults = append(faults, "OTEL_EXPORTER_OTLP_ENDPOINT is no address of a collector: it must look like http://127.0.0.1:4318, without a user, a password or anything behind the path; keys belong into OTEL_EXPORTER_OTLP_HEADERS")
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

// ownPaths are the first parts of paths that the server itself answers, with
// BASE_PATH or without.
var ownPaths = []string{"api", "assets", "docs", "health", "metrics", "openapi.json", "redoc", "ws"}

// basePath is what BASE_PATH may be: parts that no address has to escape.
var basePath = regexp.MustCompile(`^(/[A-Za-z0-9_-][A-Za-z0-9._~-]*)+$`)

// maxBasePathBytes bounds BASE_PATH: it is repeated in cookies and addresses.
const maxBasePathBytes = 200

func (c *Config) checkBasePath() (faults []string) {
	c.BasePath = strings.TrimRight(c.BasePath, "/")
	if c.BasePath == "" {
		return nil
	}
	if !basePath.MatchString(c.BasePath) || len(c.BasePath) > maxBasePathBytes {
		return []string{fmt.Sprintf("BASE_PATH is %q: it must be a path like /chatmood, of at most %d letters, digits and . _ ~ -, without an address before it", c.BasePath, maxBasePathBytes)}
	}
	if first, _, _ := strings.Cut(c.BasePath[1:], "/"); oneOf(first, ownPaths...) {
		return []string{fmt.Sprintf("BASE_PATH is %q: the server itself answers below /%s; choose another, such as /chatmood", c.BasePath, first)}
	}
	return nil
}

// twitchImages is where Twitch has the pictures of its emotes.
const twitchImages = "https://static-cdn.jtvnw.net"

// checkEmoteImages makes an origin of EMOTE_IMAGES, "" for off.
func (c *Config) checkEmoteImages() (faults []string) {
	switch strings.ToLower(c.EmoteImages) {
	case "off":
		c.EmoteImages = ""
	case "twitch":
		c.EmoteImages = twitchImages
	default:
		u, err := url.Parse(c.EmoteImages)
		// Browsers that came by https take no pictures by http, but from this machine.
		if err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(u.Host, " ;,'\"*") ||
			u.Scheme != "https" && (u.Scheme != "http" || !oneOf(u.Hostname(), "localhost", "127.0.0.1", "::1")) {
			return []string{fmt.Sprintf("EMOTE_IMAGES is %q: it must be off, twitch, or the origin of a server that has the pictures, like https://emotes.example", c.EmoteImages)}
		}
		c.EmoteImages = u.Scheme + "://" + strings.ToLower(u.Host)
	}
	return nil
}

// PublicURL is where people open the page, without a slash at the end: below
// FRONTEND_URL, or below own, the server's own address, where that is not set.
func (c *Config) PublicURL(own string) string {
	if c.FrontendURL != "" {
		own = c.FrontendURL
	}
	return own + c.BasePath
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
	if c.Mail != MailOff {
		if c.SMTPHost == "" {
			faults = append(faults, "MAIL is on, but no mail server is set: production needs SMTP_HOST with EMAIL_SENDER (for Gmail, EMAIL_SENDER and EMAIL_PASSWORD are enough), or MAIL=off")
		}
		if c.FrontendURL == "" {
			faults = append(faults, "FRONTEND_URL is missing: links in mails point there; give the address under which people open the page, such as https://mood.example")
		}
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
