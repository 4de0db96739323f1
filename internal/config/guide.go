package config

import (
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"reflect"
	"strings"
	"time"
)

const guideHead = `# Configuration

<!-- Made by: make generate -->

Settings come from the environment and, for what it does not set, from a file ` + "`.env`" + ` in the working directory (` + "`NAME=value`" + ` lines). An empty value counts as unset. What cannot be used ends the start with exit code 2 and one message that lists
all faults, each with what would be right.

` + "```sh test" + `
chatmood config            # what is in effect, without secrets
PORT=9000 chatmood config
` + "```" + `

Secrets are never printed, logged or put into addresses. Lists are separated by commas. Times are written like ` + "`30s`, `10m`, `6h`" + `.

## All settings

`

const guideTail = `
## The least for production

` + "```sh test" + `
cat > .env <<END
ENVIRONMENT=production
SECRET_KEY=$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')
FRONTEND_URL=https://mood.example
MAIL=off
END
chatmood config
rm .env
` + "```" + `

Production refuses a missing or weak ` + "`SECRET_KEY`" + `, a ` + "`FRONTEND_URL`" + ` that is not https, and silence about mail: set a mail server or ` + "`MAIL=off`" + `. [Troubleshooting](troubleshooting.md#the-server-does-not-start) has each message.

Settings of the Python version keep their names and meaning: [coming from it](from-python.md). The few that mean nothing any more are named by ` + "`chatmood doctor`" + `.
`

// WriteGuide writes the documentation's page of all settings in Markdown.
func WriteGuide(w io.Writer) error {
	var b strings.Builder
	b.WriteString(guideHead)
	b.WriteString("| variable | default | takes | what it is for |\n| --- | --- | --- | --- |\n")
	for _, o := range options() {
		def := "–"
		if o.Default != "" {
			def = "`" + o.Default + "`"
		}
		takes := o.takes()
		if o.Secret {
			takes += "; secret"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", o.Name, def, takes, o.Help)
	}
	b.WriteString(guideTail)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	return nil
}

// takes tells in words which values the setting takes.
func (o Option) takes() string {
	switch o.kind {
	case reflect.TypeFor[int](), reflect.TypeFor[float64]():
		return fmt.Sprintf("%d to %d", o.min, o.max)
	case reflect.TypeFor[time.Duration]():
		return fmt.Sprintf("%v to %v", time.Duration(o.min)*time.Second, time.Duration(o.max)*time.Second)
	case reflect.TypeFor[Switch]():
		return "true or false"
	case reflect.TypeFor[slog.Level]():
		return "debug, info, warn, error"
	case reflect.TypeFor[[]string]():
		return "names"
	case reflect.TypeFor[[]netip.Prefix]():
		return "addresses, networks"
	}
	if len(o.values) > 0 {
		return strings.Join(o.values, ", ")
	}
	return "text"
}

// Options lists the settings, in the order of the struct.
func Options() []Option { return options() }
