// Command licences lists what others made and this program carries: Go modules
// that are linked into it, on any system that it is built for, packages that
// have code or a font in the page, and fonts of reports. It fails when a
// licence is not known, or would bind the program.
//
//	licences           prints docs/licences.md
//	licences --texts   prints the texts themselves, as the licences ask for
//
// It runs in the root of the repository, after the front-end was built.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

func main() {
	texts := flag.Bool("texts", false, "print the licences' texts")
	flag.Parse()
	out, err := list(context.Background(), *texts)
	if err == nil {
		_, err = io.WriteString(os.Stdout, out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

// part is something that others made.
type part struct {
	name, version, licence, text string
}

// free are licences that ask for no more than to be named and passed on. The
// Mozilla licence binds changes to its own files, and none are made here.
var free = []string{"MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "0BSD", "OFL-1.1", "Unlicense", "CC0-1.0", "MPL-2.0"}

func list(ctx context.Context, texts bool) (string, error) {
	modules, err := goModules(ctx)
	if err != nil {
		return "", err
	}
	packages, err := pagePackages()
	if err != nil {
		return "", err
	}
	fonts, err := reportFonts()
	if err != nil {
		return "", err
	}
	var faults []error
	for _, p := range slices.Concat(modules, packages, fonts) {
		if !slices.Contains(free, p.licence) {
			faults = append(faults, fmt.Errorf("%s %s is under %q: look at it, and take it into the list of this command or out of the program", p.name, p.version, p.licence))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return "", err
	}
	if texts {
		return written(slices.Concat(modules, packages, fonts)), nil
	}
	return page(modules, packages, fonts), nil
}

// systems are those that releases are built for.
var systems = []string{"linux", "darwin", "windows"}

// goModules are the modules of what is linked into the program, with Go itself.
func goModules(ctx context.Context) ([]part, error) {
	type module struct {
		Path, Version, Dir string
		Main               bool
	}
	found := map[string]module{}
	for _, system := range systems {
		cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-json=Module", "./cmd/chatmood")
		cmd.Env = append(os.Environ(), "GOOS="+system, "GOARCH=amd64", "CGO_ENABLED=0")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("listing the modules: %w", err)
		}
		dec := json.NewDecoder(bytes.NewReader(out))
		for {
			var pkg struct{ Module *module }
			if err := dec.Decode(&pkg); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, fmt.Errorf("reading the list of modules: %w", err)
			}
			if pkg.Module != nil && !pkg.Module.Main {
				found[pkg.Module.Path] = *pkg.Module
			}
		}
	}
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("finding Go: %w", err)
	}
	licence, text, err := texts(strings.TrimSpace(string(root)))
	if err != nil {
		return nil, err
	}
	list := []part{{"Go's standard library", "", licence, text}}
	for _, m := range found {
		licence, text, err := texts(m.Dir)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Path, err)
		}
		list = append(list, part{m.Path, m.Version, licence, text})
	}
	sort(list)
	return list, nil
}

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|notice|unlicense)([-.].*)?$`)

// texts are the licence and notices of a folder, one after the other. The first,
// LICENSE, tells the licence; others are of what the module took in, and list
// what only its tests use besides.
func texts(dir string) (licence, text string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", "", fmt.Errorf("looking for the licence: %w", err)
	}
	var b strings.Builder
	for _, e := range entries {
		if e.IsDir() || !licenceFile.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", "", fmt.Errorf("reading the licence: %w", err)
		}
		if b.Len() > 0 {
			b.WriteString("\n\n")
		} else {
			licence = classify(string(data))
		}
		b.Write(bytes.TrimSpace(data))
	}
	if b.Len() == 0 {
		return "", "", errors.New("it has no licence")
	}
	return licence, b.String(), nil
}

// classify tells which licence a text is, by sentences that only it has; what
// it does not know is "unknown".
func classify(text string) string {
	t := strings.ToLower(strings.Join(strings.Fields(text), " "))
	has := func(s string) bool { return strings.Contains(t, s) }
	// Others mention the GPL: the Mozilla licence does.
	heading := t[:min(len(t), 300)]
	switch {
	case strings.Contains(heading, "gnu") && strings.Contains(heading, "general public license"):
		return "GPL family"
	case has("mozilla public license version 2.0"), has("mozilla public license, version 2.0"):
		return "MPL-2.0"
	case has("apache license") && has("version 2.0"):
		return "Apache-2.0"
	case has("sil open font license"):
		return "OFL-1.1"
	case has("permission is hereby granted, free of charge"):
		return "MIT"
	case has("permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted"),
		has("permission to use, copy, modify, and distribute this software for any purpose with or without fee is hereby granted"):
		return "ISC"
	case has("redistribution and use in source and binary forms"):
		if has("neither the name") || has("names of its contributors may not") || has("nor the names of") {
			return "BSD-3-Clause"
		}
		return "BSD-2-Clause"
	case has("this is free and unencumbered software released into the public domain"):
		return "Unlicense"
	case has("cc0 1.0 universal"):
		return "CC0-1.0"
	}
	return "unknown"
}

// pagePackages are those of the front-end's own list, which its build makes.
func pagePackages() ([]part, error) {
	data, err := os.ReadFile("frontend/dist/licences.txt")
	if err != nil {
		return nil, fmt.Errorf("the front-end is not built (make build): %w", err)
	}
	head := regexp.MustCompile(`^(\S+) (\S+) \((.+)\)$`)
	var list []part
	for entry := range strings.SplitSeq(string(data), "\n"+strings.Repeat("-", 78)+"\n\n") {
		first, text, _ := strings.Cut(entry, "\n")
		m := head.FindStringSubmatch(first)
		if m == nil {
			return nil, fmt.Errorf("frontend/dist/licences.txt has an entry that begins with %q", first)
		}
		list = append(list, part{m[1], m[2], m[3], strings.TrimSpace(text)})
	}
	sort(list)
	return list, nil
}

// reportFonts are the fonts that reports are set in.
func reportFonts() ([]part, error) {
	var list []part
	for _, f := range []struct{ name, file string }{
		{"fonts of reports (Noto and others)", "LICENSE-OFL.txt"}, {"fonts of reports (under Apache's licence)", "LICENSE-APACHE.txt"},
	} {
		data, err := os.ReadFile(filepath.Join("internal/report/fonts", f.file))
		if err != nil {
			return nil, fmt.Errorf("reading a font's licence: %w", err)
		}
		text := strings.TrimSpace(string(data))
		list = append(list, part{name: f.name, licence: classify(text), text: text})
	}
	return list, nil
}

func sort(list []part) {
	slices.SortFunc(list, func(a, b part) int { return cmp.Compare(a.name, b.name) })
}

func page(modules, packages, fonts []part) string {
	var b strings.Builder
	b.WriteString(`# Licences of the parts

<!-- Made by: make generate -->

chatmood is under the Apache License 2.0. It carries what is listed here. None of it binds the program: there is no GPL, LGPL or AGPL among it; files under the Mozilla licence, where there are any, are used unchanged.
`)
	count := map[string]int{}
	for _, p := range slices.Concat(modules, packages, fonts) {
		count[p.licence]++
	}
	var kinds []string
	for _, name := range free {
		if count[name] > 0 {
			kinds = append(kinds, fmt.Sprintf("%s: %d", name, count[name]))
		}
	}
	fmt.Fprintf(&b, "%s. The texts are in `THIRD_PARTY_LICENCES.txt` of each archive; those of the page also at `/licences.txt` of a server.\n", strings.Join(kinds, ", "))
	for _, group := range []struct {
		title string
		list  []part
	}{
		{"Go modules in the program", modules}, {"Packages and fonts in the page", packages}, {"Fonts in reports", fonts},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n| part | version | licence |\n| --- | --- | --- |\n", group.title)
		for _, p := range group.list {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", p.name, cmp.Or(p.version, "–"), p.licence)
		}
	}
	return b.String()
}

func written(list []part) string {
	var b strings.Builder
	b.WriteString("What others made and chatmood carries, with their licences.\n")
	for _, p := range list {
		fmt.Fprintf(&b, "\n%s\n\n%s (%s)\n\n%s\n", strings.Repeat("-", 78), strings.TrimSpace(p.name+" "+p.version), p.licence, p.text)
	}
	return b.String()
}
