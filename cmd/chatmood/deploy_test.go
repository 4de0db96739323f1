package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

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
	files := []string{"Dockerfile", "compose.yaml", "render.yaml", "app.json", "deploy/example.env", "deploy/caddy/Caddyfile", "deploy/nginx/chatmood.conf", "deploy/systemd/chatmood.service", "deploy/kubernetes/configmap.yaml", "deploy/kubernetes/secret.example.yaml"}
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

// TestKubernetesFits fails when the manifests probe what the program does not
// answer, or send traffic where it does not listen.
func TestKubernetesFits(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join("../../deploy/kubernetes", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	api := output(t, "openapi")
	probes := regexp.MustCompile(`httpGet: \{ path: (\S+), port: http \}`).FindAllStringSubmatch(read("deployment.yaml"), -1)
	if len(probes) != 3 {
		t.Errorf("%d probes were found, not 3", len(probes))
	}
	for _, m := range probes {
		if !strings.Contains(api, `"`+m[1]+`": {`) {
			t.Errorf("%s is probed, which the program does not answer", m[1])
		}
	}
	// The settings as a whole are fit for production, with secrets filled in.
	env := map[string]string{"SECRET_KEY": "0f7c3c1d5d0b4e6f8a9be2d1c3b5a7968778695a4b3c2d1e0f123456789abcde", "MAIL": "off"}
	for _, m := range regexp.MustCompile(`(?m)^  ([A-Z][A-Z_]+): "?([^"\n]*)"?$`).FindAllStringSubmatch(read("configmap.yaml"), -1) {
		env[m[1]] = m[2]
	}
	for _, m := range regexp.MustCompile(`(?m)^  ([A-Z][A-Z_]+): (mongodb\S+)$`).FindAllStringSubmatch(read("secret.example.yaml"), -1) {
		env[m[1]] = m[2]
	}
	cfg, err := config.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, "")
	if err != nil {
		t.Fatalf("the settings of the manifests: %v", err)
	}
	if !strings.Contains(read("deployment.yaml"), "containerPort: "+strconv.Itoa(cfg.Port)+",") || !cfg.Production() || cfg.MongoURI == "" {
		t.Errorf("the server would listen on %s, production %v, MongoDB %v", cfg.ListenAddr(), cfg.Production(), cfg.MongoURI != "")
	}
	m := regexp.MustCompile(`terminationGracePeriodSeconds: (\d+)`).FindStringSubmatch(read("deployment.yaml"))
	if grace, err := strconv.Atoi(m[1]); err != nil || time.Duration(grace)*time.Second <= cfg.StopTimeout {
		t.Errorf("pods are killed after %s s, an orderly stop may take %v", m[1], cfg.StopTimeout)
	}
	if !strings.Contains(read("deployment.yaml"), "mountPath: "+cfg.DataDir) {
		t.Errorf("nothing is mounted at %s", cfg.DataDir)
	}
}
