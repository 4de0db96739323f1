package config

import (
	"bytes"
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}
}

const goodKey = "0123456789abcdef0123456789abcdef"

// production is what production asks for at least, with mail through Gmail.
var production = map[string]string{
	"ENVIRONMENT": "production", "SECRET_KEY": goodKey, "FRONTEND_URL": "https://mood.example", "EMAIL_SENDER": "mood@example.org", "EMAIL_PASSWORD": "app password",
}

func TestMailAndGuests(t *testing.T) {
	for name, tc := range map[string]struct {
		env                             map[string]string
		mail, host, tls, guests, regist string
		port                            int
	}{
		"development":       {map[string]string{}, MailFolder, "", "starttls", "analyse", "open", 587},
		"sender alone":      {map[string]string{"EMAIL_SENDER": "a@example.org"}, MailFolder, "", "starttls", "analyse", "open", 587},
		"gmail":             {map[string]string{"EMAIL_SENDER": "a@example.org", "EMAIL_PASSWORD": "x"}, MailSMTP, "smtp.gmail.com", "starttls", "analyse", "open", 587},
		"tls by port":       {map[string]string{"EMAIL_SENDER": "a@example.org", "SMTP_HOST": "m.example.org", "SMTP_PORT": "465"}, MailSMTP, "m.example.org", "tls", "analyse", "open", 465},
		"port by tls":       {map[string]string{"EMAIL_SENDER": "a@example.org", "SMTP_HOST": "m.example.org", "SMTP_TLS": "tls"}, MailSMTP, "m.example.org", "tls", "analyse", "open", 465},
		"on this machine":   {map[string]string{"EMAIL_SENDER": "a@example.org", "SMTP_HOST": "localhost", "SMTP_PORT": "25"}, MailSMTP, "localhost", "none", "analyse", "open", 25},
		"off":               {map[string]string{"MAIL": "off", "EMAIL_SENDER": "a@example.org", "EMAIL_PASSWORD": "x"}, MailOff, "smtp.gmail.com", "starttls", "analyse", "invite", 587},
		"off but open":      {map[string]string{"MAIL": "off", "REGISTRATION": "open", "GUESTS": "watch"}, MailOff, "", "starttls", "watch", "open", 587},
		"the older name":    {map[string]string{"ALLOW_ANONYMOUS_WS": "false"}, MailFolder, "", "starttls", "none", "open", 587},
		"the older name, 2": {map[string]string{"ALLOW_ANONYMOUS_WS": "true", "GUESTS": "none"}, MailFolder, "", "starttls", "watch", "open", 587},
	} {
		c, err := Load(lookup(tc.env), "")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.MailBy() != tc.mail || c.SMTPHost != tc.host || c.SMTPTLS != tc.tls || c.SMTPPort != tc.port || c.Guests != tc.guests || c.Registration != tc.regist {
			t.Errorf("%s: mail %s by %s:%d with %s, guests %s, registration %s, want %+v", name, c.MailBy(), c.SMTPHost, c.SMTPPort, c.SMTPTLS, c.Guests, c.Registration, tc)
		}
	}
	env := maps.Clone(production)
	env["ALLOW_ANONYMOUS_WS"] = "true"
	if c, err := Load(lookup(env), ""); err != nil || c.Guests != "watch" {
		t.Errorf("production with ALLOW_ANONYMOUS_WS: guests %+v, error %v", c, err)
	}
}

func TestIgnored(t *testing.T) {
	c, err := Load(lookup(map[string]string{"VITE_API_URL": "http://x", "WORKERS": "4"}), "")
	if err != nil || !slices.Equal(c.Ignored, []string{"VITE_API_URL", "WORKERS"}) {
		t.Errorf("ignored %v, error %v", c.Ignored, err)
	}
}

func TestDefaults(t *testing.T) {
	c, err := Load(lookup(nil), "")
	if err != nil {
		t.Fatal(err)
	}
	if c.Production() || c.Guests != "analyse" || c.Registration != "open" || c.MailBy() != MailFolder || c.ListenAddr() != "127.0.0.1:8000" || c.LogFormat != "text" ||
		c.DataDir != "data" || c.TwitchURL != "ircs://irc.chat.twitch.tv:6697" || c.StopTimeout != 10*time.Second {
		t.Errorf("defaults are %+v", c)
	}
}

func TestProductionSigns(t *testing.T) {
	for _, sign := range []map[string]string{
		{"ENVIRONMENT": "production"},
		{"ENVIRONMENT": "PRODUCTION"},
		{"RAILWAY_ENVIRONMENT": "production"},
		{"NODE_ENV": "production"},
		{"HOSTNAME": "web-1.railway.internal"},
	} {
		env := maps.Clone(sign)
		maps.Copy(env, production)
		delete(env, "ENVIRONMENT")
		if name, ok := sign["ENVIRONMENT"]; ok {
			env["ENVIRONMENT"] = name
		}
		c, err := Load(lookup(env), "")
		if err != nil {
			t.Errorf("%v: %v", env, err)
			continue
		}
		if !c.Production() || c.Guests != "none" || c.MailBy() != MailSMTP || c.ListenAddr() != "0.0.0.0:8000" || c.LogFormat != "json" {
			t.Errorf("%v gives %+v", env, c)
		}
	}
	c, err := Load(lookup(map[string]string{"NODE_ENV": "test", "HOSTNAME": "laptop"}), "")
	if err != nil || c.Production() {
		t.Errorf("NODE_ENV=test: production %v, error %v", c.Production(), err)
	}
}

func TestValues(t *testing.T) {
	c, err := Load(lookup(map[string]string{
		"PORT": "9000", "HOST": "::1", "LOG_LEVEL": "WARN", "ALLOW_ANONYMOUS_WS": "no",
		"TRUSTED_PROXIES": "10.1.2.3/8, 192.0.2.7", "FRONTEND_URL": "https://Mood.Example/", "STOP_TIMEOUT": "3s",
		"MONGO_URI": "mongodb://u:p@h/", "MONGO_DBNAME": "old_one",
	}), "")
	if err != nil {
		t.Fatal(err)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32")}
	if c.ListenAddr() != "[::1]:9000" || c.LogLevel != slog.LevelWarn || c.Guests != "none" || c.FrontendURL != "https://mood.example" ||
		c.StopTimeout != 3*time.Second || !slices.Equal(c.TrustedProxies, want) {
		t.Errorf("got %+v", c)
	}
}

// Every fault names its variable, and all are reported at once.
func TestFaults(t *testing.T) {
	env := map[string]string{
		"ENVIRONMENT": "staging", "PORT": "eighty", "FRONTEND_URL": "mood.example/x", "TWITCH_IRC_URL": "http://twitch.tv",
		"NATS_URL": "4222:secretword", "MAX_CHANNELS": "0", "TRUSTED_PROXIES": "10.0.0.0/99", "ALLOW_ANONYMOUS_WS": "maybe",
		"GUESTS": "some", "REGISTRATION": "sometimes", "ACCESS_TOKEN_MINUTES": "0", "REFRESH_TOKEN_DAYS": "400", "LOG_RETENTION_DAYS": "-1", "MAIL": "perhaps",
		"EMAIL_SENDER": "Mood <mood@example.org>", "CONTACT_TO": "nobody", "SMTP_HOST": "smtp.example.org/x", "SMTP_PORT": "70000", "SMTP_TLS": "ssl",
		"MAX_CHANNELS_PER_USER": "0", "MAX_HISTORY_PER_USER": "0", "MAX_SOCKETS_PER_USER": "0", "IDLE_STOP": "soon", "SENTIMENT_MODEL": "onnx:", "LLM_URL": "localhost", "LLM_CHAT_TEXT": "maybe",
		"LOG_LEVEL": "loud", "LOG_FORMAT": "xml", "STOP_TIMEOUT": "fast", "HOST": "http://x", "MONGO_URI": "postgres://u:secretword@h", "MONGO_DBNAME": "a.b",
	}
	_, err := Load(lookup(env), "")
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatalf("error is %v, want Faults", err)
	}
	for name := range env {
		n := 0
		for _, f := range faults {
			if strings.HasPrefix(f, name+" ") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s is named by %d faults, want 1:\n%v", name, n, err)
		}
	}
	if strings.Contains(err.Error(), "secretword") {
		t.Errorf("a secret is repeated:\n%v", err)
	}
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.pem")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		env          map[string]string
		port         int
		front, fault string
	}{
		"none":              {map[string]string{}, 8000, "", ""},
		"one name":          {map[string]string{"TLS_DOMAIN": "Mood.Example."}, 443, "https://mood.example", ""},
		"two, one twice":    {map[string]string{"TLS_DOMAIN": "mood.example, www.mood.example,mood.example"}, 443, "https://mood.example", ""},
		"another port":      {map[string]string{"TLS_DOMAIN": "mood.example", "PORT": "8443"}, 8443, "https://mood.example:8443", ""},
		"another page":      {map[string]string{"TLS_DOMAIN": "api.mood.example", "FRONTEND_URL": "https://mood.example"}, 443, "https://mood.example", ""},
		"own certificate":   {map[string]string{"TLS_CERT_FILE": file, "TLS_KEY_FILE": file}, 443, "", ""},
		"no plain http":     {map[string]string{"TLS_DOMAIN": "mood.example", "TLS_HTTP_PORT": "0"}, 443, "https://mood.example", ""},
		"private authority": {map[string]string{"TLS_DOMAIN": "mood.internal", "TLS_ACME_URL": "https://ca.internal/acme", "TLS_ACME_CA": file}, 443, "https://mood.internal", ""},

		"address":         {map[string]string{"TLS_DOMAIN": "192.0.2.1"}, 0, "", "TLS_DOMAIN has \"192.0.2.1\""},
		"all below":       {map[string]string{"TLS_DOMAIN": "*.mood.example"}, 0, "", "proven in DNS only"},
		"url":             {map[string]string{"TLS_DOMAIN": "https://mood.example"}, 0, "", "letters, digits and hyphens"},
		"no dot":          {map[string]string{"TLS_DOMAIN": "localhost"}, 0, "", "no name of the public DNS"},
		"too many":        {map[string]string{"TLS_DOMAIN": manyNames(21)}, 0, "", "TLS_DOMAIN has 21 names"},
		"half a pair":     {map[string]string{"TLS_CERT_FILE": file}, 0, "", "belong together"},
		"both ways":       {map[string]string{"TLS_CERT_FILE": file, "TLS_KEY_FILE": file, "TLS_DOMAIN": "mood.example"}, 0, "", "TLS_DOMAIN and TLS_CERT_FILE are both set"},
		"missing file":    {map[string]string{"TLS_CERT_FILE": file + "x", "TLS_KEY_FILE": file}, 0, "", "TLS_CERT_FILE names a file that cannot be read"},
		"nothing to sign": {map[string]string{"TLS_ACME_URL": "https://ca.internal/acme"}, 0, "", "but TLS_DOMAIN is not"},
		"plain authority": {map[string]string{"TLS_DOMAIN": "mood.example", "TLS_ACME_URL": "http://ca.internal/acme"}, 0, "", "TLS_ACME_URL is"},
		"one port":        {map[string]string{"TLS_DOMAIN": "mood.example", "PORT": "80"}, 0, "", "TLS_HTTP_PORT and PORT are both 80"},
	} {
		c, err := Load(lookup(tc.env), "")
		switch {
		case tc.fault != "":
			if err == nil || strings.Count(err.Error(), "\n") > 0 || !strings.Contains(err.Error(), tc.fault) {
				t.Errorf("%s: error %v, want one with %q", name, err, tc.fault)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case c.Port != tc.port || c.FrontendURL != tc.front:
			t.Errorf("%s: port %d and %q, want %d and %q", name, c.Port, c.FrontendURL, tc.port, tc.front)
		}
	}
}

func TestDebugAddr(t *testing.T) {
	for given, want := range map[string]string{
		"6060": "127.0.0.1:6060", ":6060": "127.0.0.1:6060", "localhost:0": "localhost:0", "[::1]:6060": "[::1]:6060", "0.0.0.0:6060": "0.0.0.0:6060",
		"mood.example:6060": "", "127.0.0.1": "", "70000": "", "127.0.0.1:x": "", "::1": "",
	} {
		c, err := Load(lookup(map[string]string{"DEBUG_ADDR": given}), "")
		switch {
		case want == "":
			if err == nil || !strings.Contains(err.Error(), "DEBUG_ADDR is") {
				t.Errorf("%s: error %v", given, err)
			}
		case err != nil || c.DebugAddr != want:
			t.Errorf("%s: %+v, error %v, want %s", given, c, err, want)
		}
	}
}

func manyNames(n int) string {
	var list []string
	for i := range n {
		list = append(list, "n"+strconv.Itoa(i)+".mood.example")
	}
	return strings.Join(list, ",")
}

func TestProductionFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		env  map[string]string
		want string
	}{
		"no key":       {map[string]string{}, "SECRET_KEY is missing"},
		"short key":    {map[string]string{"SECRET_KEY": "short"}, "SECRET_KEY has 5 bytes"},
		"dull key":     {map[string]string{"SECRET_KEY": strings.Repeat("ab", 20)}, "SECRET_KEY repeats"},
		"any origin":   {map[string]string{"SECRET_KEY": goodKey, "FRONTEND_URL": "*"}, "FRONTEND_URL is *"},
		"plain origin": {map[string]string{"SECRET_KEY": goodKey, "FRONTEND_URL": "http://mood.example"}, "needs https"},
		"no mail":      {map[string]string{"SECRET_KEY": goodKey, "FRONTEND_URL": "https://mood.example"}, "MAIL is on, but no mail server is set"},
		"no links":     {map[string]string{"SECRET_KEY": goodKey, "SMTP_HOST": "mail.example.org", "EMAIL_SENDER": "mood@example.org"}, "FRONTEND_URL is missing"},
		"no sender":    {map[string]string{"SECRET_KEY": goodKey, "SMTP_HOST": "mail.example.org"}, "EMAIL_SENDER is missing"},
	} {
		tc.env["ENVIRONMENT"] = "production"
		_, err := Load(lookup(tc.env), "")
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, tc.want)
		}
	}
	if _, err := Load(lookup(map[string]string{"ENVIRONMENT": "production", "SECRET_KEY": goodKey, "FRONTEND_URL": "http://localhost:5173", "MAIL": "off"}), ""); err != nil {
		t.Errorf("a front-end on localhost is refused: %v", err)
	}
}

func TestDotenv(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, ".env")
	if err := os.WriteFile(file, []byte("# settings\nPORT=9100\nexport LOG_LEVEL=\"debug\"\nHOST=0.0.0.0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(lookup(map[string]string{"HOST": "127.0.0.2"}), file)
	if err != nil {
		t.Fatal(err)
	}
	if c.ListenAddr() != "127.0.0.2:9100" || c.LogLevel != slog.LevelDebug {
		t.Errorf("got %s, level %v: the environment must win over the file", c.ListenAddr(), c.LogLevel)
	}
	if _, err := Load(lookup(nil), filepath.Join(dir, "missing")); err != nil {
		t.Errorf("a missing file: %v", err)
	}
	if err := os.WriteFile(file, []byte("SECRET_KEY secretword\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(lookup(nil), file); err == nil || strings.Contains(err.Error(), "secretword") || !strings.Contains(err.Error(), file) {
		t.Errorf("broken file: %v", err)
	}
}

func TestPrintHidesSecrets(t *testing.T) {
	env := map[string]string{"SECRET_KEY": goodKey, "METRICS_TOKEN": "tokenword", "NATS_URL": "nats://u:natsword@h:4222"}
	c, err := Load(lookup(env), "")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{goodKey, "tokenword", "natsword"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("%s is printed:\n%s", secret, b.String())
		}
	}
	for _, line := range []string{"SECRET_KEY=(set)\n", "MONGO_URI=(not set)\n", "PORT=8000\n", "STOP_TIMEOUT=10s\n", "LOG_LEVEL=INFO\n"} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("%q is missing in:\n%s", line, b.String())
		}
	}
}

// The README's table is what the code says.
func TestReadmeTable(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "<!-- config:begin -->\n")
	table, _, ok2 := strings.Cut(rest, "<!-- config:end -->")
	if !ok || !ok2 {
		t.Fatal("README.md has no table between <!-- config:begin --> and <!-- config:end -->")
	}
	var want bytes.Buffer
	if err := WriteDoc(&want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), table); diff != "" {
		t.Errorf("README.md's table is stale (chatmood config --doc prints it):\n%s", diff)
	}
}

// The guide's page of settings is what the code says.
func TestGuidePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := WriteGuide(&want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(page)); diff != "" {
		t.Errorf("docs/configuration.md is stale (make generate):\n%s", diff)
	}
}

// Every field has a name and help, names are unique, bounds parse, defaults are valid.
func TestTags(t *testing.T) {
	seen := map[string]bool{}
	typ := reflect.TypeFor[Config]()
	for _, o := range options() {
		if o.Name == "" || o.Help == "" || seen[o.Name] {
			t.Errorf("field %d: name %q (used before: %v), help %q", o.index, o.Name, seen[o.Name], o.Help)
		}
		seen[o.Name] = true
		for _, tag := range []string{"min", "max"} {
			if v, ok := typ.Field(o.index).Tag.Lookup(tag); ok {
				if _, err := strconv.ParseInt(v, 10, 64); err != nil {
					t.Errorf("%s: %s is %q", o.Name, tag, v)
				}
			}
		}
		if o.Default != "" {
			var c Config
			if err := o.set(reflect.ValueOf(&c).Elem().Field(o.index), o.Default); err != nil {
				t.Errorf("%s: default %q: %v", o.Name, o.Default, err)
			}
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("PORT", "80")
	f.Add("TRUSTED_PROXIES", "10.0.0.0/8,::1")
	f.Add("FRONTEND_URL", "https://x")
	f.Add("TWITCH_IRC_URL", "wss://h/p")
	f.Fuzz(func(t *testing.T, name, value string) {
		c, err := Load(lookup(map[string]string{name: value}), "")
		if (c == nil) == (err == nil) {
			t.Errorf("%s=%q: configuration %v, error %v", name, value, c, err)
		}
	})
}
