package doctor

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"chatmood/internal/bus"
	"chatmood/internal/config"
	"chatmood/internal/mail"
	"chatmood/internal/store/mongo"
	"chatmood/internal/store/sqlite"
)

// Local is an installation on this machine.
type Local struct {
	// Config is what is set; nil: Faults tell why it cannot be used, and what
	// depends on it is skipped.
	Config *config.Config
	Faults []string
	UI     fs.FS // the built front-end
	// EndToEnd starts a server of its own on a simulated Twitch and watches a
	// message come through; nil leaves that out.
	EndToEnd func(ctx context.Context) error
	Now      func() time.Time // nil: time.Now
}

const (
	groupConfig   = "Configuration"
	groupMachine  = "This machine"
	groupData     = "Database"
	groupMail     = "Mail"
	groupNetwork  = "Twitch and the bus"
	groupProbe    = "End to end"
	minDiskFailed = 100 << 20
	minDiskWarned = 1 << 30
)

// Checks are those of the installation.
func (l *Local) Checks() []Check {
	if l.Now == nil {
		l.Now = time.Now
	}
	list := []Check{
		{Name: "settings", Group: groupConfig, Why: "The server does not start with settings that it cannot use.", Run: l.settings},
		{Name: "SECRET_KEY", Group: groupConfig, Why: "Whoever guesses it signs in as anybody.", Run: l.configured(l.secretKey)},
		{Name: "token lifetime", Group: groupConfig, Why: "A stolen token is good until it expires.", Run: l.configured(l.tokens)},
		{Name: "environment", Group: groupConfig, Why: "A development server lets guests in and shows codes in its log.", Run: l.configured(l.environment)},
		{Name: "FRONTEND_URL", Group: groupConfig, Why: "Links in mails point there, and only its pages may call the API.", Run: l.configured(l.frontendURL)},
		{Name: "TRUSTED_PROXIES", Group: groupConfig, Why: "Limits by address count the proxy instead of people where it is not named; strangers choose their address where everybody is.", Run: l.configured(l.proxies)},
		{Name: "certificates", Group: groupConfig, Why: "Browsers refuse a server whose certificate is missing or has expired.", Run: l.configured(l.certificates)},
		{Name: "front-end", Group: groupConfig, Why: "People need the page.", Run: l.frontEnd},
		{Name: "clock", Group: groupMachine, Why: "Tokens and one-time codes are good for minutes.", Run: l.clock},
		{Name: "disk", Group: groupMachine, Why: "On a full disk nothing more is kept.", Run: l.configured(l.disk)},
		{Name: "open files", Group: groupMachine, Why: "Each viewer needs one.", Run: l.configured(openFiles)},
		{Name: "database", Group: groupData, Why: "Accounts, history and running analyses are in it.", Timeout: time.Minute, Run: l.configured(l.database)},
		{Name: "mail server", Group: groupMail, Why: "Without mail nobody can prove an address or reset a password.", Timeout: time.Minute, Run: l.configured(l.mailServer)},
		{Name: "Twitch", Group: groupNetwork, Why: "Chat comes from there.", Timeout: 20 * time.Second, Run: l.configured(l.twitch)},
		{Name: "bus", Group: groupNetwork, Why: "Everything that viewers see goes over it.", Run: l.configured(l.bus)},
	}
	if l.EndToEnd != nil {
		list = append(list, Check{
			Name: "a message from Twitch to a viewer", Group: groupProbe, Timeout: 30 * time.Second,
			Why: "It shows that this program works on this machine, apart from all that surrounds it.", Run: l.endToEnd,
		})
	}
	return list
}

// configured skips a check where there is no configuration.
func (l *Local) configured(run func(context.Context, *config.Config) (Status, string, string)) func(context.Context) (Status, string, string) {
	return func(ctx context.Context) (Status, string, string) {
		if l.Config == nil {
			return Skipped, "the settings cannot be used", ""
		}
		return run(ctx, l.Config)
	}
}

func (l *Local) settings(context.Context) (Status, string, string) {
	if l.Config != nil {
		if len(l.Config.Ignored) > 0 {
			return OK, "all can be used; without a meaning any more: " + strings.Join(l.Config.Ignored, ", "), ""
		}
		return OK, "all can be used", ""
	}
	return Failed, strings.Join(l.Faults, "; "), "correct them in the environment or in .env; README.md lists all settings"
}

func (l *Local) secretKey(_ context.Context, cfg *config.Config) (Status, string, string) {
	const mend = "SECRET_KEY=$(openssl rand -hex 32)"
	switch n := len(cfg.SecretKey); {
	case n == 0:
		return OK, "development makes one and keeps it in DATA_DIR", ""
	case n < 32:
		return Warning, fmt.Sprintf("it has %d bytes", n), mend
	default:
		return OK, fmt.Sprintf("%d bytes", n), ""
	}
}

func (l *Local) tokens(_ context.Context, cfg *config.Config) (Status, string, string) {
	seen := fmt.Sprintf("access tokens are good for %d minutes, sign-ins for %d days without use", cfg.AccessTokenMinutes, cfg.RefreshTokenDays)
	if cfg.AccessTokenMinutes > 120 {
		return Warning, seen, "ACCESS_TOKEN_MINUTES=30: pages renew their tokens by themselves"
	}
	return OK, seen, ""
}

func (l *Local) environment(_ context.Context, cfg *config.Config) (Status, string, string) {
	if cfg.Production() {
		return OK, "production", ""
	}
	if addr, err := netip.ParseAddr(cfg.Host); cfg.Host == "localhost" || err == nil && addr.IsLoopback() {
		return OK, "development, reachable from this machine only", ""
	}
	return Warning, "development, and HOST=" + cfg.Host + " lets other machines in", "set ENVIRONMENT=production, or HOST=127.0.0.1"
}

func (l *Local) frontendURL(_ context.Context, cfg *config.Config) (Status, string, string) {
	u, err := url.Parse(cfg.FrontendURL)
	switch {
	case cfg.FrontendURL == "" && cfg.Production():
		return Warning, "it is not set: links in mails point to the server's own address", "FRONTEND_URL=https://the-address-that-people-type"
	case cfg.FrontendURL == "":
		return OK, "not set: the server's own address", ""
	case err != nil || u.Scheme != "https" && cfg.Production():
		return Failed, cfg.FrontendURL + " is not https", "put a proxy with certificates in front and use https://"
	}
	return OK, cfg.FrontendURL, ""
}

func (l *Local) proxies(_ context.Context, cfg *config.Config) (Status, string, string) {
	for _, p := range cfg.TrustedProxies {
		if p.Bits() == 0 {
			return Failed, "everybody is believed to be a proxy", "name the proxy's own address: TRUSTED_PROXIES=127.0.0.1/32"
		}
	}
	if len(cfg.TrustedProxies) == 0 && cfg.Production() {
		return Warning, "none is named", "behind a proxy: TRUSTED_PROXIES=127.0.0.1/32, or its address; without one this is right"
	}
	return OK, fmt.Sprintf("%d named", len(cfg.TrustedProxies)), ""
}

func (l *Local) frontEnd(context.Context) (Status, string, string) {
	if l.UI != nil {
		if _, err := fs.Stat(l.UI, "index.html"); err == nil {
			return OK, "it is in the program", ""
		}
	}
	return Failed, "the program was built without the page", "build with make build"
}

func (l *Local) disk(_ context.Context, cfg *config.Config) (Status, string, string) {
	dir, err := filepath.Abs(cfg.DataDir)
	if err != nil {
		return Failed, oneLine(err), "set DATA_DIR to a folder"
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Failed, "DATA_DIR cannot be made: " + oneLine(err), "set DATA_DIR to a folder that this user may write to"
	}
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return Failed, "DATA_DIR cannot be written to: " + oneLine(err), "let this user write to it: chown, or the unit's StateDirectory"
	}
	if err := errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		return Failed, oneLine(err), "see the system's log"
	}
	free, err := freeBytes(dir)
	if err != nil {
		return OK, dir + " can be written to", ""
	}
	seen := fmt.Sprintf("%s can be written to, %.1f GB free", dir, float64(free)/1e9)
	switch {
	case free < minDiskFailed:
		return Failed, seen, "free some space, or move DATA_DIR to a larger disk"
	case free < minDiskWarned:
		return Warning, seen, "free some space, or move DATA_DIR to a larger disk"
	}
	return OK, seen, ""
}

func (l *Local) clock(context.Context) (Status, string, string) {
	// No build of this program is older.
	if now := l.Now(); now.Year() < 2026 {
		return Failed, "it says " + now.UTC().Format(time.RFC3339), "set it: timedatectl set-ntp true"
	}
	switch synchronised, known := clockSynchronised(); {
	case !known:
		return Skipped, "this system does not tell whether it is synchronised", ""
	case !synchronised:
		return Warning, "it is not synchronised with others", "timedatectl set-ntp true (in a container: on the host)"
	}
	return OK, "synchronised", ""
}

func (l *Local) database(ctx context.Context, cfg *config.Config) (Status, string, string) {
	if cfg.MongoURI != "" {
		s, err := mongo.Open(ctx, mongo.Config{URI: cfg.MongoURI, Database: cfg.MongoDBName})
		if err != nil {
			return Failed, oneLine(err), "see docs/mongodb.md; can this machine reach it, and do user and password fit?"
		}
		defer func() { _ = s.Close() }() // nothing was written
		if err := s.Check(ctx); err != nil {
			return Failed, oneLine(err), "see docs/mongodb.md"
		}
		return OK, "MongoDB answers, its indexes are there (chatmood migrate --check tells what it contains)", ""
	}
	file := filepath.Join(cfg.DataDir, sqlite.FileName)
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return OK, "there is none yet: the first start makes it", ""
	}
	c, err := sqlite.Inspect(ctx, file)
	if err != nil {
		if isTimeout(err) {
			return Warning, "it is too large to be read whole in a minute", "look at it at leisure: chatmood backup checks it, too"
		}
		return Failed, oneLine(err), "put a backup in its place (chatmood restore), or look at the disk"
	}
	return OK, fmt.Sprintf("whole; %d users, %d saved analyses, %d finished or running ones", c.Rows["users"], c.Rows["history"], c.Rows["sessions"]), ""
}

func (l *Local) mailServer(ctx context.Context, cfg *config.Config) (Status, string, string) {
	switch {
	case cfg.Mail == config.MailOff:
		return Warning, "MAIL=off: nobody is mailed", "set EMAIL_SENDER and EMAIL_PASSWORD (and SMTP_HOST) if people shall register by themselves"
	case cfg.SMTPHost == "":
		return OK, "development writes mails into DATA_DIR/outbox", ""
	}
	username := cfg.EmailSender
	if cfg.EmailPassword == "" {
		username = ""
	}
	s, err := mail.NewSMTP(mail.SMTPConfig{
		Host: cfg.SMTPHost, Port: cfg.SMTPPort, TLS: mail.TLS(cfg.SMTPTLS), Username: username, Password: cfg.EmailPassword, Timeout: 15 * time.Second,
	})
	if err != nil {
		return Failed, oneLine(err), "correct SMTP_HOST, SMTP_PORT or SMTP_TLS"
	}
	if err := s.Check(ctx); err != nil {
		return Failed, s.Server() + ": " + mail.Explain(err), "chatmood mail test ADDRESS tries again and sends one"
	}
	return OK, s.Server() + " answers, encrypts and accepts the sign-in", ""
}

func (l *Local) twitch(ctx context.Context, cfg *config.Config) (Status, string, string) {
	u, err := url.Parse(cfg.TwitchURL)
	if err != nil {
		return Failed, "TWITCH_IRC_URL cannot be read", "leave it unset for Twitch itself"
	}
	if u.Scheme == "ws" || u.Scheme == "wss" {
		return Skipped, "reached over a WebSocket; the server's log tells", ""
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"ircs": "6697", "irc": "6667"}[u.Scheme]
	}
	address := net.JoinHostPort(u.Hostname(), port)
	var conn net.Conn
	if u.Scheme == "ircs" {
		conn, err = (&tls.Dialer{}).DialContext(ctx, "tcp", address)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		seen, mend := explainNetwork(err, address)
		return Failed, seen, mend + "; a network that blocks it may let wss through: TWITCH_IRC_URL=wss://irc-ws.chat.twitch.tv:443"
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return Failed, oneLine(err), "see the system's log"
		}
	}
	// Whoever only reads needs no account: any number after justinfan does.
	if _, err := fmt.Fprint(conn, "NICK justinfan48151\r\n"); err != nil {
		seen, mend := explainNetwork(err, address)
		return Failed, seen, mend
	}
	const most = 100
	lines := bufio.NewScanner(conn)
	for range most {
		if !lines.Scan() {
			break
		}
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && fields[1] == "001" {
			return OK, address + " welcomes readers", ""
		}
	}
	if err := lines.Err(); err != nil {
		seen, mend := explainNetwork(err, address)
		return Failed, "connected, but " + seen, mend
	}
	return Failed, address + " is no chat server of Twitch's", "leave TWITCH_IRC_URL unset"
}

func (l *Local) bus(ctx context.Context, cfg *config.Config) (Status, string, string) {
	if cfg.NATSURL == "" {
		return OK, "inside the process", ""
	}
	b, err := bus.Open(ctx, bus.Config{URL: cfg.NATSURL, Creds: cfg.NATSCreds, Name: "chatmood-doctor"})
	if err != nil {
		return Failed, "the NATS server does not answer: " + oneLine(errors.Unwrap(err)), "check that it runs, and address and credentials in NATS_URL"
	}
	b.Close()
	return OK, "the NATS server answers", ""
}

func (l *Local) endToEnd(ctx context.Context) (Status, string, string) {
	began := time.Now()
	if err := l.EndToEnd(ctx); err != nil {
		return Failed, oneLine(err), "please report this with the output of chatmood version"
	}
	return OK, fmt.Sprintf("simulated chat was judged and arrived, in %v from a cold start", time.Since(began).Round(time.Millisecond)), ""
}
