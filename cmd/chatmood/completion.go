package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" help:"bash, zsh or fish." enum:"bash,zsh,fish"`
}

// Help implements [kong.HelpProvider].
func (completionCmd) Help() string {
	return `Prints a script with which the shell completes commands, flags and their values.

Examples:

  source <(chatmood completion bash)
  chatmood completion zsh > "${fpath[1]}/_chatmood"
  chatmood completion fish > ~/.config/fish/completions/chatmood.fish`
}

// Run prints the script.
func (c completionCmd) Run(e *env, k *kong.Context) error {
	list := completions(k.Model.Node, "")
	var b strings.Builder
	switch c.Shell {
	case "bash":
		writeBash(&b, list)
	case "zsh":
		writeZsh(&b, list)
	case "fish":
		writeFish(&b, list)
	}
	if _, err := io.WriteString(e.stdout, b.String()); err != nil {
		return fmt.Errorf("writing the script: %w", err)
	}
	return nil
}

// candidate is a word that can come next, and what it means.
type candidate struct{ word, help string }

// completion is what can follow a command.
type completion struct {
	path     string // "" for the program, "/user/create" for a command
	commands []candidate
	flags    []candidate
	values   map[string][]string // by flag, where only some are allowed; empty: it takes any
	args     []string            // words that arguments allow
	files    bool                // it takes arguments of any other kind
}

// completions lists the program's commands from the top down.
func completions(n *kong.Node, path string) []completion {
	c := completion{path: path, values: map[string][]string{}}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			c.flags = append(c.flags, candidate{"--" + f.Name, firstSentence(f.Help)})
			if !f.IsBool() {
				c.values["--"+f.Name] = enumOf(f.Value)
			}
		}
	}
	for _, a := range n.Positional {
		words := enumOf(a)
		c.args = append(c.args, words...)
		c.files = c.files || len(words) == 0
	}
	var all []completion
	for _, child := range n.Children {
		if child.Hidden {
			continue
		}
		c.commands = append(c.commands, candidate{child.Name, firstSentence(child.Help)})
		all = append(all, completions(child, path+"/"+child.Name)...)
	}
	return append([]completion{c}, all...)
}

func enumOf(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return v.EnumSlice()
}

func firstSentence(help string) string {
	help, _, _ = strings.Cut(help, ". ")
	return strings.TrimSuffix(strings.Join(strings.Fields(help), " "), ".")
}

func names(list []candidate) string {
	words := make([]string, len(list))
	for i, c := range list {
		words[i] = c.word
	}
	return strings.Join(words, " ")
}

// writeWalk writes the case that follows the words to a command: a word that is
// no command of the one before is an argument or a flag and is passed over.
func writeWalk(b *strings.Builder, list []completion, word string) {
	fmt.Fprintf(b, "    case \"$cmd/%s\" in\n", word)
	for _, c := range list[1:] {
		fmt.Fprintf(b, "      %s) cmd=%s ;;\n", c.path, c.path)
	}
	b.WriteString("    esac\n")
}

func writeBash(b *strings.Builder, list []completion) {
	b.WriteString(`# Completion of chatmood for bash: source <(chatmood completion bash)
_chatmood() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= words= args= i
  # bash takes --flag=value for three words.
  if [ "$cur" = = ]; then
    cur=
  elif [ "$prev" = = ] && [ "$COMP_CWORD" -ge 2 ]; then
    prev=${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
`)
	writeWalk(b, list, "${COMP_WORDS[i]}")
	b.WriteString("  done\n  COMPREPLY=()\n  case \"$cmd $prev\" in\n")
	for _, c := range list {
		for _, f := range c.flags {
			words, takes := c.values[f.word]
			switch {
			case takes && len(words) > 0:
				fmt.Fprintf(b, "    \"%s %s\") mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\"); return ;;\n", c.path, f.word, strings.Join(words, " "))
			case takes:
				fmt.Fprintf(b, "    \"%s %s\") return ;;\n", c.path, f.word) // any value: files by default
			}
		}
	}
	b.WriteString("  esac\n  case \"$cmd\" in\n")
	for _, c := range list {
		fmt.Fprintf(b, "    \"%s\") words='%s' args='%s' ;;\n", c.path, names(c.flags), strings.TrimSpace(names(c.commands)+" "+strings.Join(c.args, " ")))
	}
	b.WriteString(`  esac
  case "$cur" in
    -*) args=$words ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$args" -- "$cur")
}
complete -o default -F _chatmood chatmood
`)
}

func writeZsh(b *strings.Builder, list []completion) {
	b.WriteString(`#compdef chatmood
# Completion of chatmood for zsh, as a file named _chatmood in a folder of $fpath.
_chatmood() {
  local cmd= i
  local -a commands flags args
  for ((i = 2; i < CURRENT; i++)); do
`)
	writeWalk(b, list, "${words[i]}")
	b.WriteString("  done\n  case \"$cmd ${words[CURRENT-1]}\" in\n")
	for _, c := range list {
		for _, f := range c.flags {
			words, takes := c.values[f.word]
			switch {
			case takes && len(words) > 0:
				fmt.Fprintf(b, "    \"%s %s\") compadd -- %s; return ;;\n", c.path, f.word, strings.Join(words, " "))
			case takes:
				fmt.Fprintf(b, "    \"%s %s\") _files; return ;;\n", c.path, f.word)
			}
		}
	}
	b.WriteString("  esac\n  case \"$cmd\" in\n")
	for _, c := range list {
		fmt.Fprintf(b, "    \"%s\")\n      commands=(%s)\n      flags=(%s)\n      args=(%s)\n      ;;\n", c.path, zshList(c.commands), zshList(c.flags), strings.Join(c.args, " "))
	}
	b.WriteString(`  esac
  if [[ ${words[CURRENT]} == -* ]]; then
    _describe -o flag flags
    return
  fi
  (( ${#commands} )) && _describe command commands
  (( ${#args} )) && compadd -- $args
  (( ${#commands} )) || _files
}
if [ "$funcstack[1]" = "_chatmood" ]; then
  _chatmood "$@"
else
  compdef _chatmood chatmood
fi
`)
}

func zshList(list []candidate) string {
	parts := make([]string, len(list))
	for i, c := range list {
		parts[i] = shellQuote(c.word + ":" + strings.ReplaceAll(c.help, ":", `\:`))
	}
	return strings.Join(parts, " ")
}

// shellQuote makes text one word of a POSIX shell, and of zsh.
func shellQuote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// fishQuote does the same for fish.
func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

func writeFish(b *strings.Builder, list []completion) {
	b.WriteString(`# Completion of chatmood for fish, as ~/.config/fish/completions/chatmood.fish
# __chatmood_at CMD: is this the command that the words so far lead to?
function __chatmood_at
  set -l cmd ''
  for word in (commandline -opc)[2..-1]
    switch "$cmd/$word"
`)
	for _, c := range list[1:] {
		fmt.Fprintf(b, "      case %s\n        set cmd %s\n", c.path, c.path)
	}
	b.WriteString("    end\n  end\n  test \"$cmd\" = \"$argv[1]\"\nend\n")
	for _, c := range list {
		condition := fishQuote("__chatmood_at " + fishQuote(c.path))
		if len(c.commands) > 0 || !c.files {
			fmt.Fprintf(b, "complete -c chatmood -n %s -f\n", condition)
		}
		for _, sub := range c.commands {
			fmt.Fprintf(b, "complete -c chatmood -n %s -a %s -d %s\n", condition, sub.word, fishQuote(sub.help))
		}
		if len(c.args) > 0 {
			fmt.Fprintf(b, "complete -c chatmood -n %s -a %s\n", condition, fishQuote(strings.Join(c.args, " ")))
		}
		for _, f := range c.flags {
			fmt.Fprintf(b, "complete -c chatmood -n %s -l %s -d %s", condition, strings.TrimPrefix(f.word, "--"), fishQuote(f.help))
			switch words, takes := c.values[f.word]; {
			case takes && len(words) > 0:
				fmt.Fprintf(b, " -x -a %s", fishQuote(strings.Join(words, " ")))
			case takes:
				b.WriteString(" -r")
			}
			b.WriteByte('\n')
		}
	}
}
