package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	smtp "github.com/emersion/go-smtp"

	"chatmood/internal/analysis"
	"chatmood/internal/store/sqlite"
)

// command runs one command and returns its output.
func command(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// inFolder sets the configuration of the commands of a test.
func inFolder(t *testing.T, more map[string]string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	t.Chdir(t.TempDir()) // no .env
	for name, value := range map[string]string{"DATA_DIR": dir, "SECRET_KEY": "a key for tests of at least thirty-two bytes"} {
		t.Setenv(name, value)
	}
	for name, value := range more {
		t.Setenv(name, value)
	}
	return dir
}

func TestUserCommands(t *testing.T) {
	dir := inFolder(t, nil)
	ok := func(want, stdin string, args ...string) string {
		t.Helper()
		code, out, errs := command(t, stdin, append([]string{"user"}, args...)...)
		if code != exitOK || !strings.Contains(out, want) {
			t.Fatalf("%v: code %d, output %q, errors %q, want %q", args, code, out, errs, want)
		}
		return out
	}
	refused := func(code int, want, stdin string, args ...string) {
		t.Helper()
		got, out, errs := command(t, stdin, append([]string{"user"}, args...)...)
		if got != code || !strings.Contains(errs, want) {
			t.Errorf("%v: code %d, output %q, errors %q, want %d and %q", args, got, out, errs, code, want)
		}
	}
	ada := []string{"create", "ada@example.org", "--first-name", "Ada", "--last-name", "Root"}
	refused(exitUsage, "there is no password", "", ada...)
	refused(exitUsage, "at least 8 characters", "short\n", ada...)
	refused(exitUsage, "valid email", "Tangerine7! boat\n", "create", "nonsense", "--first-name", "A", "--last-name", "B")
	ok("created ada@example.org (admin)", "Tangerine7! boat\n", append(ada, "--role", "admin")...)
	refused(exitUsage, "already taken", "Tangerine7! boat\n", ada...)
	made := ok("created nora@example.org (user)", "", "create", "nora@example.org", "--first-name", "Nora", "--last-name", "Quill", "--generate")
	if !regexp.MustCompile(`password: \S{25,}`).MatchString(made) {
		t.Errorf("no password in %q", made)
	}
	list := ok("ada@example.org", "", "list")
	if strings.Count(list, "\n") != 3 || !strings.Contains(list, "Nora Quill") {
		t.Errorf("the list is %q", list)
	}
	if got := ok("nora@example.org", "", "list", "--search", "QUILL", "--json"); strings.Count(got, "\n") != 1 || strings.Contains(got, "$2b$") {
		t.Errorf("the list is %q", got)
	}
	ok("now admin and active", "", "role", "nora@example.org", "admin")
	ok("now user and active", "", "role", "NORA@example.org", "user")
	refused(exitUsage, "last administrator", "", "role", "ada@example.org", "user")
	refused(exitUsage, "last administrator", "", "suspend", "ada@example.org")
	refused(exitUsage, "", "", "role", "nora@example.org", "king")
	ok("now user and suspended", "", "suspend", "nora@example.org")
	ok("now user and active", "", "activate", "nora@example.org")
	ok("signed out everywhere", "Marmalade9? kite\n", "reset-password", "nora@example.org")
	link := ok("http://localhost:8000/reset-password/", "", "reset-password", "--link", "nora@example.org")
	if strings.Count(link, "\n") != 1 {
		t.Errorf("the link is %q", link)
	}
	ok("EXPIRES", "", "sessions", "nora@example.org")
	ok("signed out of 0 sessions", "", "sessions", "nora@example.org", "--end")
	refused(exitFailure, "there is no user with the address x@example.org", "", "sessions", "x@example.org")
	refused(exitUsage, "--yes", "", "delete", "nora@example.org")
	ok("deleted nora@example.org and 0 saved analyses", "", "delete", "--yes", "nora@example.org")
	refused(exitUsage, "last administrator", "", "delete", "--yes", "ada@example.org")

	// Beside a server with the embedded database it says what to do.
	held, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	refused(exitFailure, "stop it while this command runs, or do the same on its administration page (http://localhost:8000/admin/users)", "", "list")
}

// taker is a mail server that takes mail, or refuses every recipient.
type taker struct {
	refuse   bool
	accepted chan string
}

func (k *taker) NewSession(*smtp.Conn) (smtp.Session, error) { return takerSession{k}, nil }

type takerSession struct{ *taker }

func (takerSession) Reset()                               {}
func (takerSession) Logout() error                        { return nil }
func (takerSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s takerSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.refuse {
		return &smtp.SMTPError{Code: 550, Message: "no such person"}
	}
	s.accepted <- to
	return nil
}

func (takerSession) Data(r io.Reader) error {
	_, err := new(bytes.Buffer).ReadFrom(r)
	return err
}

func TestMailTest(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &taker{accepted: make(chan string, 1)}
	server := smtp.NewServer(k)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() { server.Close(); <-done })
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)

	dir := inFolder(t, nil)
	code, out, errs := command(t, "", "mail", "test", "me@example.org")
	files, _ := os.ReadDir(filepath.Join(dir, "outbox"))
	if code != exitOK || !strings.Contains(out, "outbox") || len(files) != 1 {
		t.Errorf("into a folder: code %d, %q, %q, %d files", code, out, errs, len(files))
	}
	for name, value := range map[string]string{"SMTP_HOST": "127.0.0.1", "SMTP_PORT": port, "EMAIL_SENDER": "mood@example.org"} {
		t.Setenv(name, value)
	}
	if code, out, errs = command(t, "", "mail", "test", "me@example.org"); code != exitOK || !strings.Contains(out, "took the mail for me@example.org") {
		t.Errorf("code %d, %q, %q", code, out, errs)
	} else if to := <-k.accepted; to != "me@example.org" {
		t.Errorf("it went to %s", to)
	}
	k.refuse = true
	for name, tc := range map[string]struct {
		env  map[string]string
		to   string
		code int
		want string
	}{
		"refused":       {nil, "me@example.org", exitFailure, "does not deliver to this address (550)"},
		"no address":    {nil, "me", exitUsage, "no plain address"},
		"nobody there":  {map[string]string{"SMTP_PORT": "1"}, "me@example.org", exitFailure, "Connect: no mail server listens there"},
		"no encryption": {map[string]string{"SMTP_TLS": "starttls"}, "me@example.org", exitFailure, "TLS: the server does not offer STARTTLS"},
		"off":           {map[string]string{"MAIL": "off"}, "me@example.org", exitFailure, "MAIL is off"},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range tc.env {
				t.Setenv(k, v)
			}
			if code, out, errs := command(t, "", "mail", "test", tc.to); code != tc.code || !strings.Contains(errs, tc.want) {
				t.Errorf("code %d, %q, %q, want %d and %q", code, out, errs, tc.code, tc.want)
			}
		})
	}
}

func TestCorrectionsExport(t *testing.T) {
	dir := inFolder(t, nil)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), sqlite.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for i, c := range []analysis.Correction{
		{Channel: "alpha", Kind: analysis.CorrectedMessage, Hash: "0123456789abcdef", Label: "negative", At: at},
		{Channel: "beta", Kind: analysis.CorrectedMessage, Hash: "fedcba9876543210", Label: "positive", At: at},
		{Channel: "alpha", Kind: analysis.CorrectedToken, Subject: "zorpQux", Value: 1, At: at},
	} {
		c.ID = strconv.Itoa(i)
		if err := store.Learning().PutCorrection(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ args, want string }{
		{"--format=tsv --channel=alpha", "0123456789abcdef\tnegative\talpha\t2026-03-01T12:00:00Z\n"},
		{"--channel=beta", `{"hash":"fedcba9876543210","label":"positive","channel":"beta","time":"2026-03-01T12:00:00Z"}` + "\n"},
		{"--channel=gamma", ""},
	} {
		code, out, errs := command(t, "", append([]string{"corrections", "export"}, strings.Fields(test.args)...)...)
		if code != exitOK || out != test.want {
			t.Errorf("%s: code %d, %q, %s, want %q", test.args, code, out, errs, test.want)
		}
	}
}
