package compat_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// TestAttacks tries on the whole product what the tests of its parts cannot show.
func TestAttacks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data") // made by the server
	s := start(t, "", map[string]string{"FRONTEND_URL": "https://mood.example", "DATA_DIR": dir})
	s.outbox = filepath.Join(dir, "outbox")
	for _, attack := range []struct {
		name string
		test func(t *testing.T, s *system)
	}{
		{"a name for the server that is not its own", poisonedHost},
		{"addresses that the server might fetch", fetchedAddresses},
		{"formulas and pages in exports", exportedText},
		{"files that others may read", func(t *testing.T, _ *system) { filesAreOwners(t, dir) }},
	} {
		t.Run(attack.name, func(t *testing.T) { attack.test(t, s) })
	}
}

// poisonedHost: links in mails and answers lead to where the configuration
// says, whatever a request calls the server.
func poisonedHost(t *testing.T, s *system) {
	const email, evil = "poisoned@example.org", "evil.example"
	c := s.newUser(bearers, email).with(t)
	id := c.save("poisoned")
	before := len(s.mails(email))
	send := func(method, path, body string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = evil
		for _, name := range []string{"X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server", "X-Original-URL", "X-Rewrite-URL"} {
			req.Header.Set(name, evil)
		}
		req.Header.Set("Forwarded", "host="+evil)
		req.Header.Set("X-Forwarded-For", c.address)
		req.Header.Set("Authorization", "Bearer "+c.bearer)
		req.Header.Set("Content-Type", "application/json")
		res, err := c.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		data, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s %s: %d %s", method, path, res.StatusCode, data)
		}
		return string(data) + fmt.Sprint(res.Header)
	}
	answers := []string{
		send(http.MethodPost, "/api/forgot-password", `{"email":"`+email+`"}`),
		send(http.MethodPost, "/api/history/"+id+"/shares", `{"expires_in_hours":1}`),
		send(http.MethodGet, "/api/info", ""),
		send(http.MethodGet, "/openapi.json", ""),
		send(http.MethodGet, "/docs", ""),
	}
	s.resetLink(email) // the mail is there
	for _, text := range append(answers, s.mails(email)[before:]...) {
		if strings.Contains(text, evil) {
			t.Errorf("%s is in %.500s", evil, text)
		}
	}
	if !strings.Contains(answers[1], "https://mood.example/") {
		t.Errorf("the shared link is %s", answers[1])
	}
}

// fetchedAddresses: no address that a user gives is ever fetched.
func fetchedAddresses(t *testing.T, s *system) {
	var lc net.ListenConfig
	trap, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var caught atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := trap.Accept()
			if err != nil {
				return
			}
			caught.Add(1)
			conn.Close()
		}
	}()
	c := s.newUser(bearers, "fetching@example.org").with(t)
	admin := s.signIn(bearers, s.admin.Email, password).with(t)
	id := c.save("fetching")
	for _, scheme := range []string{"http", "https", "ws", "irc", "ftp", "gopher", "file", "jar:http"} {
		address := scheme + "://" + trap.Addr().String() + "/x.png"
		for _, got := range []*answer{
			c.post("/api/twitch/connect", object{"url": address}),
			c.post("/api/sentiment", object{"text": address}),
			c.put("/api/user/profile-image", object{"image": address}),
			c.put("/api/user/profile", object{"first_name": address, "profile_image": address}),
			c.put("/api/user/preferences", object{"auto_save": false, "webhook": address}),
			c.do(http.MethodPatch, "/api/history/"+id, object{"name": address, "note": "![x](" + address + ")", "tags": []string{address}}, nil),
			c.get("/api/history/" + id + "/report?format=pdf"),
			c.get("/api/history/" + id + "/report?format=html"),
			c.post("/api/contact", object{"name": "N", "email": "n@example.org", "subject": address, "message": address}),
			c.do(http.MethodPost, "/api/history/import?channel=fetching&name="+address, "[20:00:12] ann: see "+address+"\n", http.Header{"Content-Type": {"text/plain"}}),
			c.do(http.MethodGet, "/api/info", nil, http.Header{"Referer": {address}, "Origin": {address}, "X-Forwarded-Host": {trap.Addr().String()}}),
			admin.get("/api/admin/logs?search=" + trap.Addr().String()),
		} {
			if got.status >= 500 {
				t.Errorf("%s with %s: %d %s", got.what, scheme, got.status, got.body)
			}
		}
	}
	s.watching(c, "fetchroom")
	s.say("fetchroom", "look at http://"+trap.Addr().String()+"/x.png")
	s.eventually("it is counted", func() bool { n, _, _, _ := c.counts("fetchroom"); return n == 1 })
	trap.Close()
	<-done
	if n := caught.Load(); n > 0 {
		t.Errorf("the server came %d times to an address that a user gave", n)
	}
}

// exportedText: what users write is text in every form in which it comes out.
func exportedText(t *testing.T, s *system) {
	c := s.newUser(bearers, "export@example.org").with(t)
	id := c.save("exported")
	for _, evil := range []string{
		"=cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "+1+cmd|x", "-2+3+cmd|x", "\u00a0=1+1", "＝1+1", "<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`,
		"javascript:alert(1)", "[x](javascript:alert(1))", "a,\"b\";c", "{{.Policy}}", "|a|b|\n|-|-|",
	} {
		if got := c.do(http.MethodPatch, "/api/history/"+id, object{"name": evil, "note": evil, "tags": []string{"a"}}, nil); got.status != http.StatusOK {
			continue // not even kept
		}
		for _, section := range []string{"timeline", "summary", "chatters", "terms", "emotes", "moments"} {
			got := c.get("/api/history/" + id + "/report?format=csv&section=" + section)
			if got.status != http.StatusOK {
				t.Fatalf("%s: %d %s", section, got.status, got.body)
			}
			rows, err := csv.NewReader(strings.NewReader(string(got.body))).ReadAll()
			if err != nil {
				t.Errorf("%s with %q: %v", section, evil, err)
			}
			for _, row := range rows {
				for _, cell := range row {
					if _, err := strconv.ParseFloat(cell, 64); err == nil {
						continue
					}
					if start := strings.TrimSpace(cell); start != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(start)[0]) {
						t.Errorf("%s: a spreadsheet computes %q", section, cell)
					}
				}
			}
		}
		page := c.get("/api/history/" + id + "/report?format=html")
		for _, active := range []string{"<script", "<img src=x", "onerror=alert(1)>", `href="javascript:`} {
			if strings.Contains(string(page.body), active) {
				t.Errorf("a page of %q holds %q", evil, active)
			}
		}
		if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") && !strings.Contains(policy, "sandbox") {
			t.Errorf("a page has the policy %q", policy)
		}
		if disposition := page.header.Get("Content-Disposition"); strings.ContainsAny(disposition, "<>\r\n") {
			t.Errorf("a page's file is called %q", disposition)
		}
	}
}

// filesAreOwners: what the server keeps on disk only its own user may read.
func filesAreOwners(t *testing.T, dir string) {
	if runtime.GOOS == "windows" {
		t.Log("rights are of another kind there")
		return
	}
	seen := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // it came and went
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		seen++
		name, _ := filepath.Rel(dir, path)
		if rights := info.Mode().Perm(); rights&0o077 != 0 && !strings.HasPrefix(name, "nats"+string(filepath.Separator)) {
			t.Errorf("%s has rights %o", name, rights)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 5 {
		t.Errorf("only %d files were seen", seen)
	}
}
