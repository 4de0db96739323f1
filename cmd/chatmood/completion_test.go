package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// output runs a command in the process and returns what it prints.
func output(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(context.Background(), args, strings.NewReader(""), &out, &errs); code != exitOK {
		t.Fatalf("chatmood %v: exit code %d: %s", args, code, errs.String())
	}
	return out.String()
}

func TestCompletionBash(t *testing.T) {
	script := filepath.Join(t.TempDir(), "chatmood.bash")
	if err := os.WriteFile(script, []byte(output(t, "completion", "bash")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("bash", "-n", script).CombinedOutput(); err != nil {
		t.Fatalf("bash -n: %v\n%s", err, out)
	}
	for _, tc := range []struct {
		words string // as bash splits them; the last one is being completed
		want  string
		not   string
	}{
		{"chatmood ser", "serve", "demo"},
		{"chatmood user ", "reset-password", "serve"},
		{"chatmood user cr", "create", "delete"},
		{"chatmood user create --", "--first-name", "--target"},
		{"chatmood user create --role ", "admin", "--role"},
		{"chatmood user create --role = ad", "admin", "user"},
		{"chatmood user role ada@example.org ", "admin", "create"},
		{"chatmood doctor --target http : //x --j", "--json", "--first-name"},
		{"chatmood completion ", "fish", "serve"},
	} {
		call := `source "$1"; read -ra COMP_WORDS <<<"$2"; case "$2" in *" ") COMP_WORDS+=("");; esac
COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _chatmood; printf '%s\n' "${COMPREPLY[@]}"`
		out, err := exec.Command("bash", "-c", call, "bash", script, tc.words).CombinedOutput()
		if err != nil {
			t.Errorf("%q: %v\n%s", tc.words, err, out)
			continue
		}
		lines := "\n" + string(out)
		if !strings.Contains(lines, "\n"+tc.want+"\n") || strings.Contains(lines, "\n"+tc.not+"\n") {
			t.Errorf("%q is completed by %q: want %s, not %s", tc.words, strings.Fields(string(out)), tc.want, tc.not)
		}
	}
}

// Scripts of the other shells name every command and flag; the shells
// themselves read them where they are there.
func TestCompletionOfOtherShells(t *testing.T) {
	for shell, check := range map[string][]string{"zsh": {"zsh", "-n"}, "fish": {"fish", "--no-execute"}} {
		text := output(t, "completion", shell)
		for _, word := range []string{"serve", "reset-password", "first-name", "admin", "loadtest"} {
			if !strings.Contains(text, word) {
				t.Errorf("%s: %s is missing", shell, word)
			}
		}
		program, err := exec.LookPath(check[0])
		if err != nil {
			t.Logf("%s is not here: its script is not read by it", shell)
			continue
		}
		file := filepath.Join(t.TempDir(), "script")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(program, append(check[1:], file)...).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", shell, err, out)
		}
	}
	if fish, err := exec.LookPath("fish"); err == nil {
		file := filepath.Join(t.TempDir(), "chatmood.fish")
		if err := os.WriteFile(file, []byte(output(t, "completion", "fish")), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(fish, "--no-config", "-c", "source "+file+"; complete -C 'chatmood user create --role '; complete -C 'chatmood user '")
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "admin\n") || !strings.Contains(string(out), "reset-password\t") {
			t.Errorf("fish completes %q, %v", out, err)
		}
	}
}

func TestManPage(t *testing.T) {
	page := output(t, "man")
	for _, want := range []string{".TH CHATMOOD 1", ".SS user create", `\-\-first\-name`, `TWITCH_IRC_URL`, ".SH EXIT STATUS"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "'") {
			t.Errorf("a line that roff takes for a request: %q", line)
		}
	}
	for _, check := range [][]string{{"mandoc", "-T", "lint", "-W", "error"}, {"groff", "-man", "-ww", "-z"}} {
		program, err := exec.LookPath(check[0])
		if err != nil {
			t.Logf("%s is not here: it does not read the page", check[0])
			continue
		}
		cmd := exec.Command(program, check[1:]...)
		cmd.Stdin = strings.NewReader(page)
		if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "warning") || strings.Contains(string(out), "error") {
			t.Errorf("%v: %v\n%s", check, err, out)
		}
	}
}
