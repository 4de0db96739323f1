package mail_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/mail"
)

var update = flag.Bool("update", false, "write the golden files")

var _ account.Mailer = (*mail.Mails)(nil)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// kept collects what is put.
type kept struct{ list []mail.Message }

func (k *kept) Put(_ context.Context, m mail.Message) error {
	k.list = append(k.list, m)
	return nil
}

func mails(t testing.TB, out mail.Putter) *mail.Mails {
	t.Helper()
	m, err := mail.NewMails(mail.Config{From: "mood@example.org", FrontendURL: "https://mood.example.org/", Now: func() time.Time { return noon }}, out)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// parts parses a mail as a mail program does.
func parts(t testing.TB, data []byte) (header netmail.Header, text, html string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%v in:\n%s", err, data)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q, %v", kind, err)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m.Header, text, html
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case strings.HasPrefix(p.Header.Get("Content-Type"), "text/plain"):
			text = string(body)
		case strings.HasPrefix(p.Header.Get("Content-Type"), "text/html"):
			html = string(body)
		}
	}
}

// wire returns a message as it is sent.
func wire(t testing.TB, m mail.Message) []byte {
	t.Helper()
	dir := t.TempDir()
	f, err := mail.NewFolder(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 || !strings.HasSuffix(files[0], ".eml") {
		t.Fatalf("files %v, %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGolden compares each kind of mail with what it looked like before.
func TestGolden(t *testing.T) {
	ctx, to, name := context.Background(), "ada@example.org", "Ada <b>Byron</b>"
	for file, send := range map[string]func(*mail.Mails) error{
		"code": func(m *mail.Mails) error { return m.Code(ctx, to, name, "012345", 10*time.Minute) },
		"reset": func(m *mail.Mails) error {
			return m.ResetLink(ctx, to, name, "6b049e27d93a96ec2262b275", "a_-b", 24*time.Hour)
		},
		"already-registered": func(m *mail.Mails) error { return m.AlreadyRegistered(ctx, to, name) },
		"password-changed":   func(m *mail.Mails) error { return m.PasswordChanged(ctx, to, name, noon) },
		"email-changed":      func(m *mail.Mails) error { return m.EmailChanged(ctx, to, name, "new@example.org", noon) },
		"account-deleted":    func(m *mail.Mails) error { return m.AccountDeleted(ctx, to, name, noon) },
		"account-suspended":  func(m *mail.Mails) error { return m.AccountSuspended(ctx, to, name, noon) },
		"new-device":         func(m *mail.Mails) error { return m.NewDevice(ctx, to, name, "Browser <1>", "192.0.2.1", noon) },
		"contact": func(m *mail.Mails) error {
			return m.Contact(ctx, mail.Contact{Name: "Eve", Email: "eve@example.net", Subject: "Hi", Message: "<script>alert(1)</script>\n\n  a & b"})
		},
		"test": func(m *mail.Mails) error { return m.Test(ctx, to) },
	} {
		t.Run(file, func(t *testing.T) {
			var out kept
			if err := send(mails(t, &out)); err != nil {
				t.Fatal(err)
			}
			m := out.list[0]
			if !strings.HasSuffix(m.ID, "@example.org") {
				t.Errorf("id %q is not of our domain", m.ID)
			}
			if strings.Contains(m.HTML, "<img") || strings.Contains(m.HTML, "url(") || strings.Contains(m.HTML, "<b>Byron") || strings.Contains(m.HTML, "<script") {
				t.Error("the mail loads something or does not escape")
			}
			m.ID = "fixed@example.org"
			header, text, html := parts(t, wire(t, m))
			subject, err := new(mime.WordDecoder).DecodeHeader(header.Get("Subject"))
			if err != nil {
				t.Fatal(err)
			}
			got := "From: " + header.Get("From") + "\nTo: " + header.Get("To") + "\nReply-To: " + header.Get("Reply-To") +
				"\nSubject: " + subject + "\nDate: " + header.Get("Date") + "\nMessage-ID: " + header.Get("Message-ID") +
				"\n\n" + strings.ReplaceAll(text, "\r\n", "\n") + "\n==== HTML ====\n" + strings.ReplaceAll(html, "\r\n", "\n")
			golden := filepath.Join("testdata", file+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs (run with -update if it should); got:\n%s", golden, got)
			}
		})
	}
}

func TestContact(t *testing.T) {
	var out kept
	m := mails(t, &out)
	good := mail.Contact{Name: "Eve", Email: "eve@example.net", Subject: "Hi", Message: "text"}
	for name, change := range map[string]func(*mail.Contact){
		"no name":         func(c *mail.Contact) { c.Name = " \r\n" },
		"no address":      func(c *mail.Contact) { c.Email = "" },
		"no subject":      func(c *mail.Contact) { c.Subject = "" },
		"no message":      func(c *mail.Contact) { c.Message = "\n" },
		"two addresses":   func(c *mail.Contact) { c.Email = "a@example.org, b@example.org" },
		"header":          func(c *mail.Contact) { c.Email = "a@example.org\r\nBcc: all@example.org" },
		"endless message": func(c *mail.Contact) { c.Message = strings.Repeat("x", 10_001) },
	} {
		c := good
		change(&c)
		err := m.Contact(t.Context(), c)
		if !errors.As(err, new(mail.InputError)) || len(out.list) != 0 {
			t.Errorf("%s: %v, want an InputError", name, err)
		}
	}
	good.Subject = "Hi\r\nBcc: all@example.org"
	good.Name = "Eve\r\n\r\n<script>"
	if err := m.Contact(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	header, _, _ := parts(t, wire(t, out.list[0]))
	if header.Get("Bcc") != "" || header.Get("From") != `"chatmood" <mood@example.org>` || !strings.Contains(header.Get("Reply-To"), "<eve@example.net>") {
		t.Errorf("header %v", header)
	}
}

func TestNewMails(t *testing.T) {
	for name, cfg := range map[string]mail.Config{
		"EMAIL_SENDER": {From: "mood", FrontendURL: "https://x.org"},
		"FRONTEND_URL": {From: "mood@example.org", FrontendURL: "javascript:alert(1)"},
		"contact":      {From: "mood@example.org", FrontendURL: "https://x.org", ContactTo: "x\r\n"},
	} {
		if _, err := mail.NewMails(cfg, &kept{}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFolderLogs: in development the code is in the log too.
func TestFolderLogs(t *testing.T) {
	var out kept
	if err := mails(t, &out).Code(t.Context(), "ada@example.org", "", "123456", time.Minute); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	f, err := mail.NewFolder(filepath.Join(t.TempDir(), "outbox"), slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Send(t.Context(), out.list[0]); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "123456") {
		t.Errorf("no code in the log: %s", log.String())
	}
}

// FuzzHeaders: whatever strangers write, the mail has the headers it should
// have, each once, and both bodies.
func FuzzHeaders(f *testing.F) {
	for _, s := range [][4]string{
		{"Eve", "eve@example.net", "Hi", "text"},
		{"Eve\r\nBcc: a@b.cd", "eve@example.net\r\nX: y", "S\r\n\r\n<html>", ".\r\n.\r\n"},
		{"=?utf-8?q?=0d=0aBcc:_x?=", "\"a b\"@example.net", "=?utf-8?b?DQpCY2M6IHg=?=", "\x00\xff--boundary--"},
		{strings.Repeat("ж", 300), "ж@example.net", "\u202e\u2028x", "{{.Code}}"},
		{"\"Eve\" <x@y.z>,", "a@b.c", "\tx", "a\nFrom: b"},
	} {
		f.Add(s[0], s[1], s[2], s[3])
	}
	known := regexp.MustCompile(`^(Date|Mime-Version|Message-Id|Subject|From|To|Reply-To|Auto-Submitted|Content-Type)$`)
	f.Fuzz(func(t *testing.T, name, address, subject, message string) {
		var out kept
		m := mails(t, &out)
		err := m.Contact(t.Context(), mail.Contact{Name: name, Email: address, Subject: subject, Message: message})
		if errors.As(err, new(mail.InputError)) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := mail.Wire(out.list[0])
		if err != nil {
			t.Fatal(err)
		}
		header, text, html := parts(t, data)
		for key, values := range header {
			if !known.MatchString(key) || len(values) != 1 {
				t.Errorf("header %s: %q", key, values)
			}
		}
		if from := header.Get("From"); from != `"chatmood" <mood@example.org>` {
			t.Errorf("From %q", from)
		}
		reply, err := netmail.ParseAddress(header.Get("Reply-To"))
		if err != nil || reply.Address != strings.TrimSpace(address) {
			t.Errorf("Reply-To %q for %q: %v", header.Get("Reply-To"), address, err)
		}
		if to, err := netmail.ParseAddressList(header.Get("To")); err != nil || len(to) != 1 || to[0].Address != "mood@example.org" {
			t.Errorf("To %q: %v", header.Get("To"), err)
		}
		if text == "" || !strings.HasSuffix(strings.TrimSpace(html), "</html>") {
			t.Errorf("bodies are not whole:\n%s\n%s", text, html)
		}
	})
}
