package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker (make build) from git.
var version = ""

type versionCmd struct{}

// Help implements [kong.HelpProvider].
func (versionCmd) Help() string { return "Example:\n\n  chatmood version" }

// Run prints the version.
func (versionCmd) Run(e *env) error {
	_, err := fmt.Fprintf(e.stdout, "chatmood %s (%s, %s/%s)\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// buildVersion returns what the linker set, else what Go recorded of the
// checkout, else "dev".
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				return "dev-" + s.Value[:12]
			}
		}
	}
	return "dev"
}
