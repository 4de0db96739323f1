package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"chatmood/internal/config"
)

// TestDeployNamesRealSettings fails when a file for deployment sets a variable
// that the program does not read.
func TestDeployNamesRealSettings(t *testing.T) {
	var table bytes.Buffer
	if err := config.WriteDoc(&table); err != nil {
		t.Fatal(err)
	}
	// Of Caddy, and what platforms' own files say of a value.
	known := map[string]bool{"DOMAIN": true, "UPSTREAM": true}
	for _, m := range regexp.MustCompile("`([A-Z_]+)`").FindAllStringSubmatch(table.String(), -1) {
		known[m[1]] = true
	}
	forms := []*regexp.Regexp{
		regexp.MustCompile(`(?m)(?:^|[\s"])([A-Z][A-Z_]+)=`), // NAME=value
		regexp.MustCompile(`(?m)^\s+([A-Z][A-Z_]+): `),       // compose
		regexp.MustCompile(`key: ([A-Z][A-Z_]+)`),            // Render
		regexp.MustCompile(`(?m)^\s+"([A-Z][A-Z_]+)": \{`),   // app.json
		regexp.MustCompile(`\{\$([A-Z][A-Z_]+)[:}]`),         // Caddy
	}
	files := []string{"Dockerfile", "compose.yaml", "render.yaml", "app.json", "deploy/example.env", "deploy/caddy/Caddyfile", "deploy/nginx/chatmood.conf", "deploy/systemd/chatmood.service"}
	found := 0
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(string(data)) {
			// Directives of systemd and words of Dockerfiles look like settings.
			if !strings.Contains(line, "CGO_ENABLED") && !strings.HasPrefix(line, "ARG ") {
				lines = append(lines, line)
			}
		}
		for _, form := range forms {
			for _, m := range form.FindAllStringSubmatch(strings.Join(lines, ""), -1) {
				found++
				if !known[m[1]] {
					t.Errorf("%s sets %s, which nothing reads", name, m[1])
				}
			}
		}
	}
	if found < 25 {
		t.Errorf("only %d settings were found: the patterns of this test are out of date", found)
	}
}
