package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestOpenAPI(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"openapi"}, strings.NewReader(""), &out, &errs); code != exitOK {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	want, err := os.ReadFile("../../frontend/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Error("frontend/openapi.json is not what chatmood openapi prints: run make generate")
	}
}
