package main

import (
	"fmt"

	"chatmood/internal/httpapi"
)

type openapiCmd struct{}

// Help implements [kong.HelpProvider].
func (openapiCmd) Help() string {
	return "The front-end's types are generated from it, and so can be those of other clients.\n\nExample:\n\n  chatmood openapi > openapi.json"
}

// Run prints the description of the API.
func (openapiCmd) Run(e *env) error {
	doc, err := httpapi.Document()
	if err != nil {
		return fmt.Errorf("describing the API: %w", err)
	}
	_, err = e.stdout.Write(doc)
	return err
}
