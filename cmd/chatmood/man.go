package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"chatmood/internal/config"
)

type manCmd struct{}

// Help implements [kong.HelpProvider].
func (manCmd) Help() string {
	return `Prints the manual page: all commands with their flags, and all settings.

Example:

  chatmood man > /usr/local/share/man/man1/chatmood.1`
}

// Run prints the page.
func (manCmd) Run(e *env, k *kong.Context) error {
	var b strings.Builder
	m := manPage{&b}
	m.head(k.Model)
	for _, n := range k.Model.Leaves(true) {
		m.command(n)
	}
	m.tail()
	if _, err := io.WriteString(e.stdout, b.String()); err != nil {
		return fmt.Errorf("writing the manual page: %w", err)
	}
	return nil
}

// manPage writes the man macros.
type manPage struct{ *strings.Builder }

func (m manPage) line(format string, args ...any) {
	fmt.Fprintf(m, format, args...)
	m.WriteByte('\n')
}

// roff makes text safe within a page: no backslash, no hyphen that breaks, no
// line that begins like a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}

func (m manPage) head(app *kong.Application) {
	m.line(`.TH CHATMOOD 1 "" "chatmood %s" "chatmood"`, roff(buildVersion()))
	m.line(".SH NAME\nchatmood \\- %s", roff(strings.TrimSuffix(app.Help, ".")))
	m.line(".SH SYNOPSIS\n.B chatmood\n.RI [ command ]\n.RI [ arguments ]\n.RI [ flags ]")
	m.line(".SH DESCRIPTION\nReads the chat of Twitch channels, judges every message positive, neutral or negative, and serves the sum of it to browsers and programs.\nWithout a command it starts the server.")
	m.line("Settings come from the environment and from a file\n.I .env\nin the working directory; see ENVIRONMENT.")
	m.line(".SH COMMANDS")
}

func (m manPage) command(n *kong.Node) {
	m.line(".SS %s", roff(strings.TrimSpace(n.Path())))
	m.line("%s", roff(n.Help))
	m.text(n.Detail)
	for _, a := range n.Positional {
		m.line(".TP\n.I %s\n%s", roff(a.Summary()), roff(sentence(a.Help)))
	}
	for _, f := range n.Flags {
		if f.Hidden {
			continue
		}
		name := "--" + f.Name
		if !f.IsBool() {
			name += "=" + strings.Trim(f.FormatPlaceHolder(), `"`)
		}
		m.line(".TP\n.B %s\n%s", roff(name), roff(sentence(f.Help)))
	}
}

func sentence(help string) string {
	if help == "" {
		return "."
	}
	return help
}

// text writes paragraphs; indented lines stay as they are.
func (m manPage) text(detail string) {
	example := false
	for line := range strings.SplitSeq(strings.TrimSpace(detail), "\n") {
		indented := strings.HasPrefix(line, "  ")
		switch {
		case line == "":
			if !example {
				m.line(".PP")
			}
			continue
		case indented && !example:
			m.line(".RS 4\n.nf")
			example = true
		case !indented && example:
			m.line(".fi\n.RE\n.PP")
			example = false
		}
		m.line("%s", roff(strings.TrimPrefix(line, "  ")))
	}
	if example {
		m.line(".fi\n.RE")
	}
}

func (m manPage) tail() {
	m.line(".SH ENVIRONMENT")
	for _, o := range config.Options() {
		m.line(".TP\n.B %s", roff(o.Name))
		m.line("%s.", roff(strings.TrimSuffix(o.Help, ".")))
		if o.Default != "" {
			m.line("Default: %s.", roff(o.Default))
		}
	}
	m.line(".SH FILES")
	for _, f := range [][2]string{
		{".env", "Settings, NAME=value a line."},
		{"DATA_DIR/chatmood.db", "The embedded database, with its log files beside it."},
		{"DATA_DIR/outbox", "Mails of a development server without a mail server."},
		{"DATA_DIR/secret.key", "The key that development makes."},
	} {
		m.line(".TP\n.I %s\n%s", roff(f[0]), roff(f[1]))
	}
	m.line(".SH EXIT STATUS\n0 when all went well, 1 when something failed, 2 when the command line or a setting is wrong.\n.B chatmood doctor\nexits with 1 for warnings and 2 for what failed.")
	m.line(".SH SEE ALSO\nThe guide and the description of the API at\n.I /docs/guide\nand\n.I /docs\nof a running server.")
}
