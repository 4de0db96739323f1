// Package internal_test checks what concerns all packages.
package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "chatmood/"

// allowed is what a package may import of this module.
type allowed struct {
	pkg     string
	imports []string
}

// layout names for each package which other packages of this module it may
// import, from the bottom up: a package stands below all that import it. A name
// with /... stands for the package and all below it; nil means none.
var layout = []allowed{
	{"internal/chat", nil},
	{"internal/sentiment", []string{"internal/chat"}},
	{"internal/sentiment/train", []string{"internal/sentiment"}},
	{"internal/sentiment/cmd/...", []string{"internal/sentiment/..."}},
	{"internal/source", []string{"internal/chat"}},
	{"internal/source/irc", []string{"internal/chat", "internal/source"}},
	// Its records of judged messages carry a sentiment.Score.
	{"internal/source/logfile", []string{"internal/chat", "internal/sentiment", "internal/source", "internal/source/irc"}},
	{"internal/onnx/onnxtest", nil},
	{"internal/onnx", []string{"internal/chat", "internal/onnx/onnxtest", "internal/sentiment", "internal/source"}},
	{"internal/analysis", []string{"internal/chat", "internal/sentiment", "internal/source"}},
	{"internal/report/fonts", nil},
	{"internal/report", []string{"internal/analysis", "internal/report/fonts"}},
	{"internal/summary", []string{"internal/analysis", "internal/report"}},
	{"internal/pastchat", []string{"internal/analysis", "internal/chat", "internal/report", "internal/sentiment", "internal/source/logfile"}},
	{"internal/bus/natstest", nil},
	{"internal/bus", []string{"internal/bus/natstest"}},
	{"internal/certs", nil},
	{"internal/cluster", nil},
	{"internal/keylock", nil},
	{"internal/tracing", nil},
	{"internal/account", nil},
	{"internal/mail", nil},
	{"internal/live/frame", []string{"internal/analysis", "internal/chat", "internal/sentiment", "internal/source"}},
	// Of the bus only its errors: live declares the interface that it uses.
	{"internal/live", []string{"internal/analysis", "internal/bus", "internal/chat", "internal/live/frame", "internal/sentiment", "internal/source"}},
	{"internal/channels", []string{"internal/analysis", "internal/chat", "internal/keylock", "internal/live/frame", "internal/sentiment", "internal/source"}},
	{"internal/history", []string{"internal/account", "internal/analysis", "internal/chat", "internal/keylock", "internal/report"}},
	{"internal/store/...", []string{"internal/account", "internal/analysis", "internal/history", "internal/mail"}},
	{"internal/backup", []string{"internal/store/sqlite"}},
	// It moves between the stores, so it knows both.
	{"internal/migrate", []string{"internal/account", "internal/analysis", "internal/history", "internal/mail", "internal/store/mongo", "internal/store/sqlite"}},
	{"internal/compat", nil}, // tests only, of everything
	{"internal/config", nil},
	{"internal/guide", nil},
	{"internal/pages", nil},
	{"internal/guide/cmd/...", []string{"internal/guide"}},
	{"internal/doctor", []string{"internal/bus", "internal/config", "internal/mail", "internal/store/mongo", "internal/store/sqlite"}},
	// The interfaces that it serves are its own: neither channels nor a store.
	{"internal/httpapi", []string{
		"internal/account", "internal/analysis", "internal/chat", "internal/guide", "internal/history", "internal/live/...", "internal/mail", "internal/pages", "internal/pastchat", "internal/report",
		"internal/sentiment", "internal/source", "internal/source/logfile",
	}},
	{"internal/loadtest", nil},
	{"internal/twitchsim", []string{"internal/chat"}},
	{"frontend", nil},
	// The wiring may know all but those that are tools of their own.
	{"internal/app", []string{
		"internal/account", "internal/analysis", "internal/backup", "internal/bus", "internal/certs", "internal/channels", "internal/chat", "internal/cluster", "internal/config", "internal/doctor", "internal/history", "internal/httpapi",
		"internal/live/...", "internal/mail", "internal/migrate", "internal/onnx", "internal/pages", "internal/report", "internal/sentiment", "internal/source/...", "internal/store/mongo", "internal/store/sqlite", "internal/summary", "internal/tracing",
	}},
	{"cmd/chatmood", []string{"frontend", "internal/..."}},
}

// TestLayout fails when an import points upwards. Tests may import what they
// like, short of a cycle.
func TestLayout(t *testing.T) {
	seen := make([]bool, len(layout))
	for pkg, imports := range packages(t, "cmd", "internal", "frontend") {
		i := slices.IndexFunc(layout, func(a allowed) bool { return matches(a.pkg, pkg) })
		if i < 0 {
			t.Errorf("%s is not in the layout: add it to the table of this test with what it may import", pkg)
			continue
		}
		seen[i] = true
		for imported, file := range imports {
			if !slices.ContainsFunc(layout[i].imports, func(pattern string) bool { return matches(pattern, imported) }) {
				t.Errorf("%s: %s may not import %s, but only %v", file, pkg, imported, layout[i].imports)
			}
		}
	}
	for i, ok := range seen {
		if !ok {
			t.Errorf("the layout has %s, which does not exist: take it out", layout[i].pkg)
		}
	}
}

func matches(pattern, pkg string) bool {
	prefix, all := strings.CutSuffix(pattern, "/...")
	return pkg == prefix || all && strings.HasPrefix(pkg, prefix+"/")
}

// packages returns the packages below some folders of the module, each with
// the packages of this module that it imports and a file that does so.
func packages(t *testing.T, folders ...string) map[string]map[string]string {
	t.Helper()
	found := map[string]map[string]string{}
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join("..", folder), func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules") {
				return filepath.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			name = strings.TrimPrefix(filepath.ToSlash(name), "../")
			pkg := path.Dir(name)
			if found[pkg] == nil {
				found[pkg] = map[string]string{}
			}
			for _, spec := range file.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					return err
				}
				if own, ok := strings.CutPrefix(imported, module); ok {
					found[pkg][own] = name
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}
