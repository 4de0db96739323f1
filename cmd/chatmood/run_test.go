package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// Every command explains itself with an example, and asking for help is no failure.
func TestHelp(t *testing.T) {
	parser, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	leaves := parser.Model.Leaves(true)
	if len(leaves) < 8 {
		t.Fatalf("%d commands", len(leaves))
	}
	for _, leaf := range leaves {
		var stdout, stderr bytes.Buffer
		var words []string // "user", "create"
		for node := leaf; node.Parent != nil; node = node.Parent {
			words = append([]string{node.Name}, words...)
		}
		name := strings.Join(words, " ")
		code := run(t.Context(), append(words, "--help"), strings.NewReader(""), &stdout, &stderr)
		if code != exitOK || stderr.Len() > 0 {
			t.Errorf("%s --help: exit code %d, stderr %q", name, code, stderr.String())
		}
		if !strings.Contains(stdout.String(), "Example") || !strings.Contains(stdout.String(), "chatmood "+name) {
			t.Errorf("%s --help shows no example:\n%s", name, stdout.String())
		}
	}
}

func TestVersion(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"version"}, strings.NewReader(""), &stdout, &stderr); code != exitOK || !strings.HasPrefix(stdout.String(), "chatmood ") {
		t.Errorf("exit code %d, %q, %q", code, stdout.String(), stderr.String())
	}
}

func TestConfigCommand(t *testing.T) {
	t.Chdir(t.TempDir()) // no .env
	t.Setenv("SECRET_KEY", "a-secret-that-must-not-be-seen")
	t.Setenv("PORT", "9000")
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"config"}, strings.NewReader(""), &stdout, &stderr); code != exitOK {
		t.Fatalf("exit code %d, %s", code, stderr.String())
	}
	if !strings.Contains(stdout.String(), "PORT=9000\n") || !strings.Contains(stdout.String(), "SECRET_KEY=(set)\n") || strings.Contains(stdout.String(), "must-not-be-seen") {
		t.Errorf("printed:\n%s", stdout.String())
	}
}
