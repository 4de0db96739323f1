package internal_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// requirements are the numbers of OWASP ASVS 5.0.0 up to level 2, by section.
const requirements = `1.1:1-2 1.2:1-9 1.3:1-11 1.4:1-3 1.5:1-2 2.1:1-3 2.2:1-3 2.3:1-4 2.4:1-1 3.2:1-2 3.3:1-4 3.4:1-6 3.5:1-5 3.7:1-2
4.1:1-3 4.2:1-1 4.3:1-2 4.4:1-4 5.1:1-1 5.2:1-3 5.3:1-2 5.4:1-3 6.1:1-3 6.2:1-12 6.3:1-4 6.4:1-4 6.5:1-5 6.6:1-3 6.8:1-4 7.1:1-3 7.2:1-4 7.3:1-2
7.4:1-5 7.5:1-2 7.6:1-2 8.1:1-2 8.2:1-3 8.3:1-1 8.4:1-1 9.1:1-3 9.2:1-4 10.1:1-2 10.2:1-2 10.3:1-4 10.4:1-11 10.5:1-5 10.6:1-2 10.7:1-3 11.1:1-2
11.2:1-3 11.3:1-3 11.4:1-4 11.5:1-1 11.6:1-1 12.1:1-3 12.2:1-2 12.3:1-4 13.1:1-1 13.2:1-5 13.3:1-2 13.4:1-5 14.1:1-2 14.2:1-4 14.3:1-3 15.1:1-3
15.2:1-3 15.3:1-7 16.1:1-1 16.2:1-5 16.3:1-4 16.4:1-3 16.5:1-3 17.1:1-1 17.2:1-4 17.3:1-2`

// TestSecurityPage: docs/security.md has each requirement once, and the tests and
// files that it and the threat model name exist.
func TestSecurityPage(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	page := read("docs/security.md")
	body, summary, found := strings.Cut(page, "## What is open")
	if !found {
		t.Fatal("the page does not tell what is open")
	}

	state := map[string]string{} // by number
	note := func(number, is string) {
		if state[number] != "" {
			t.Errorf("%s is there twice", number)
		}
		state[number] = is
	}
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+\.\d+\.\d+) \| (.*?) \| .+ \|$`).FindAllStringSubmatch(body, -1) {
		if !slices.Contains([]string{"met", "n.a.", "open"}, m[2]) {
			t.Errorf("%s is %q", m[1], m[2])
		}
		note(m[1], m[2])
	}
	number := regexp.MustCompile(`\d+\.\d+\.\d+`)
	for _, m := range regexp.MustCompile(`(?m)^(\d+\.\d+\.\d+, [\d., \n]+): n\.a\.`).FindAllStringSubmatch(body, -1) {
		for _, n := range number.FindAllString(m[1], -1) {
			note(n, "n.a.")
		}
	}
	wanted := 0
	for _, section := range strings.Fields(requirements) {
		name, span, _ := strings.Cut(section, ":")
		from, to, _ := strings.Cut(span, "-")
		first, err1 := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil {
			t.Fatalf("section %q", section)
		}
		for n := first; n <= last; n++ {
			wanted++
			if state[fmt.Sprintf("%s.%d", name, n)] == "" {
				t.Errorf("%s.%d is missing", name, n)
			}
		}
	}
	if len(state) != wanted || wanted != 253 {
		t.Errorf("the page has %d requirements, of %d", len(state), wanted)
	}
	open := number.FindAllString(summary, -1)
	for n, is := range state {
		if (is == "open") != slices.Contains(open, n) {
			t.Errorf("%s is %s, and in the list of what is open: %v", n, is, slices.Contains(open, n))
		}
	}

	// What is named exists.
	tests := testNames(t)
	named := 0
	for _, text := range []string{page, read("docs/threat-model.md"), read("SECURITY.md"), read("docs/testing.md")} {
		for _, m := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(text, -1) {
			name := m[1]
			switch {
			case regexp.MustCompile(`^(Test|Fuzz)[A-Z]\w*$`).MatchString(name):
				named++
				if !tests[name] {
					t.Errorf("there is no test %s", name)
				}
			case regexp.MustCompile(`^(internal|cmd|frontend|docs|deploy|scripts)/[\w./-]+$`).MatchString(name), slices.Contains([]string{"Dockerfile", "go.mod"}, name):
				named++
				if _, err := os.Stat(filepath.Join("..", name)); err != nil {
					t.Errorf("there is no file %s", name)
				}
			}
		}
	}
	if named < 150 {
		t.Errorf("only %d tests and files are named", named)
	}
}

// testNames are the names of all tests and fuzzers.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	names := map[string]bool{}
	for _, root := range []string{".", "../cmd"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range declared.FindAllSubmatch(data, -1) {
				names[string(m[1])] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}
