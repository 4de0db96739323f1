package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// docs/licences.md names what the program carries now.
func TestPageIsCurrent(t *testing.T) {
	t.Chdir("../..")
	have, err := os.ReadFile("docs/licences.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := list(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(have)); diff != "" {
		t.Errorf("docs/licences.md is stale (make generate):\n%s", diff)
	}
	texts, err := list(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"The Go Authors", "Permission is hereby granted", "SIL OPEN FONT LICENSE", "modernc.org/sqlite"} {
		if !strings.Contains(texts, want) {
			t.Errorf("the texts lack %q", want)
		}
	}
}

func TestClassify(t *testing.T) {
	for text, want := range map[string]string{
		"GNU GENERAL PUBLIC LICENSE\nVersion 3":           "GPL family",
		"GNU Lesser General Public License":               "GPL family",
		"Apache License\n   Version 2.0, January":         "Apache-2.0",
		"Mozilla Public License Version 2.0":              "MPL-2.0",
		"Permission is hereby\n granted, free of charge,": "MIT",
		"All rights reserved.":                            "unknown",
	} {
		if got := classify(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
