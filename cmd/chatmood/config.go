package main

import (
	"os"

	"chatmood/internal/config"
)

type configCmd struct {
	Doc   bool `help:"Print the table of all settings (Markdown), as in the README." xor:"what"`
	Guide bool `help:"Print the guide's page of all settings (Markdown)." xor:"what"`
}

// Help implements [kong.HelpProvider].
func (configCmd) Help() string {
	return `Prints the configuration in effect, from the environment and the file .env, without secrets.

Example:

  PORT=9000 chatmood config`
}

// Run prints the configuration or its documentation.
func (c configCmd) Run(e *env) error {
	if c.Doc {
		return config.WriteDoc(e.stdout)
	}
	if c.Guide {
		return config.WriteGuide(e.stdout)
	}
	cfg, err := loadConfig()
	if err != nil {
		return err
	}
	return cfg.Print(e.stdout)
}

// loadConfig reads the configuration of this process. Its errors end the
// program with exit code 2.
func loadConfig() (*config.Config, error) {
	cfg, err := config.Load(os.LookupEnv, ".env")
	if err != nil {
		return nil, usageError{err}
	}
	return cfg, nil
}
