package guide

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Example is a fenced block of the documentation.
type Example struct {
	File string
	Line int    // of the fence, from 1
	Lang string // sh, python, js, go, json, yaml, text
	// Test says that the block is run as it stands; with Until it goes on by
	// itself, and is ended once its output has that text.
	Test  bool
	Until string
	// Unrun says why the block cannot be run by the tests.
	Unrun string
	Code  string
}

// languages that say what to do; blocks in them must say whether they are run.
var runnable = []string{"sh", "bash", "python", "js", "go", "json", "yaml"}

// Examples returns the fenced blocks of all texts, in the order of files and
// lines. A block says behind its language what becomes of it: "test", "test
// until: TEXT" or "unrun: REASON". An error names the first block that does
// not.
func Examples(source fs.FS) ([]Example, error) {
	var list []Example
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md"} {
		names, err := fs.Glob(source, pattern)
		if err != nil {
			return nil, fmt.Errorf("listing the texts: %w", err)
		}
		for _, name := range names {
			data, err := fs.ReadFile(source, name)
			if err != nil {
				return nil, fmt.Errorf("reading a text: %w", err)
			}
			found, err := examplesOf(name, string(data))
			if err != nil {
				return nil, err
			}
			list = append(list, found...)
		}
	}
	return list, nil
}

const fence = "```"

func examplesOf(name, text string) ([]Example, error) {
	var list []Example
	var open *Example
	indent := ""
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSuffix(line, "\n")
		bare := strings.TrimLeft(line, " ")
		switch {
		case open == nil && strings.HasPrefix(bare, fence):
			e, err := exampleOf(strings.TrimPrefix(bare, fence))
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, n, err)
			}
			e.File, e.Line = name, n
			open, indent = &e, line[:len(line)-len(bare)]
		case open != nil && bare == fence:
			list = append(list, *open)
			open = nil
		case open != nil:
			open.Code += strings.TrimPrefix(line, indent) + "\n"
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s:%d: the block has no end", name, open.Line)
	}
	return list, nil
}

func exampleOf(info string) (Example, error) {
	lang, what, _ := strings.Cut(strings.TrimSpace(info), " ")
	e := Example{Lang: lang}
	switch what = strings.TrimSpace(what); {
	case what == "test":
		e.Test = true
	case strings.HasPrefix(what, "test until:"):
		e.Test, e.Until = true, strings.TrimSpace(strings.TrimPrefix(what, "test until:"))
	case strings.HasPrefix(what, "unrun:"):
		e.Unrun = strings.TrimSpace(strings.TrimPrefix(what, "unrun:"))
	case what != "":
		return e, fmt.Errorf("%q behind the language is none of test, test until: TEXT, unrun: REASON", what)
	}
	known := slices.Contains(runnable, lang)
	switch {
	case known && !e.Test && e.Unrun == "":
		return e, fmt.Errorf("the block in %s says neither test nor unrun: REASON", lang)
	case !known && e.Test:
		return e, fmt.Errorf("blocks in %q cannot be tested: take one of %s", lang, strings.Join(runnable, ", "))
	case e.Test && strings.HasSuffix(what, "until:"):
		return e, fmt.Errorf("the block says until:, but not which text")
	}
	return e, nil
}
