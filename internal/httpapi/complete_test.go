package httpapi

import (
	"encoding/json"
	"strings"
	"testing"
)

// openAPI is the description as whoever reads it has it.
type openAPI struct {
	Paths map[string]map[string]struct {
		OperationID string `json:"operationId"`
		Summary     string
		Description string
		Tags        []string
		Security    *[]map[string][]string
		Parameters  []struct {
			Name, In, Description string
			Example               any
			Examples              map[string]any
			Schema                map[string]any
		}
		RequestBody struct{ Content map[string]openAPIContent }
		Responses   map[string]struct{ Content map[string]openAPIContent }
	}
	Components struct{ Schemas map[string]map[string]any }
}

type openAPIContent struct {
	Schema   map[string]any
	Example  any
	Examples map[string]any
}

func (c openAPIContent) shown() bool { return c.Example != nil || len(c.Examples) > 0 }

// unreadable is what has no example that could be read.
func unreadable(kind string) bool {
	return strings.HasPrefix(kind, "image/") || kind == "application/pdf" || kind == "application/zip"
}

// shown reports whether a schema shows a value: by an example, or since it
// allows only a few.
func shown(s map[string]any) bool {
	for _, key := range []string{"examples", "example", "enum", "const", "default"} {
		if _, ok := s[key]; ok {
			return true
		}
	}
	kind := s["type"]
	if list, ok := kind.([]any); ok && len(list) > 0 {
		kind = list[0]
	}
	return kind == "boolean"
}

// unshown lists the fields below s that show no value, each as it would be
// written.
func (d *openAPI) unshown(s map[string]any, at string, within []string) []string {
	if shown(s) {
		return nil
	}
	if ref, ok := s["$ref"].(string); ok {
		name := ref[strings.LastIndex(ref, "/")+1:]
		for _, w := range within {
			if w == name {
				return nil
			}
		}
		return d.unshown(d.Components.Schemas[name], at, append(within, name))
	}
	var missing []string
	properties, _ := s["properties"].(map[string]any)
	for name, p := range properties {
		missing = append(missing, d.unshown(p.(map[string]any), at+"."+name, within)...)
	}
	if items, ok := s["items"].(map[string]any); ok {
		return append(missing, d.unshown(items, at+"[]", within)...)
	}
	if len(properties) == 0 {
		return []string{at}
	}
	return missing
}

// Every operation tells what it does, who may call it, how it fails, and shows
// a value for each parameter and field of a request, and what a success is like.
func TestDocumentIsComplete(t *testing.T) {
	data, err := Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc openAPI
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	operations := 0
	for path, item := range doc.Paths {
		for method, op := range item {
			operations++
			what := strings.ToUpper(method) + " " + path
			if op.OperationID == "" || op.Summary == "" || op.Description == "" || len(op.Tags) == 0 {
				t.Errorf("%s lacks one of operationId %q, summary %q, description %q, tags %q", what, op.OperationID, op.Summary, op.Description, op.Tags)
			}
			if op.Security == nil || len(*op.Security) == 0 {
				t.Errorf("%s does not say who may call it", what)
			}
			failures := 0
			for status, response := range op.Responses {
				switch status[0] {
				case '4', '5', 'd': // d: the default
					failures++
				case '2':
					for kind, content := range response.Content {
						if !content.shown() && !unreadable(kind) {
							t.Errorf("%s shows no success as %s; no example have: %s", what, kind, strings.Join(doc.unshown(content.Schema, kind, nil), ", "))
						}
					}
				}
			}
			if failures == 0 {
				t.Errorf("%s documents no error", what)
			}
			for _, p := range op.Parameters {
				if p.In != "path" && p.In != "query" {
					continue
				}
				if p.Description == "" {
					t.Errorf("%s: the parameter %s is not described", what, p.Name)
				}
				if p.Example == nil && len(p.Examples) == 0 && !shown(p.Schema) {
					t.Errorf("%s: the parameter %s has no example", what, p.Name)
				}
			}
			for kind, content := range op.RequestBody.Content {
				if kind == "application/json" {
					for _, field := range doc.unshown(content.Schema, "body", nil) {
						t.Errorf("%s: %s has no example", what, field)
					}
				} else if !content.shown() {
					t.Errorf("%s: the body as %s has no example", what, kind)
				}
			}
		}
	}
	if operations < 90 {
		t.Errorf("only %d operations are described", operations)
	}
}
