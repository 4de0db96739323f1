package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2 // wrong command line or configuration
)

// cli is the command line. Each command lives in a file of its own name.
type cli struct {
	Serve serveCmd `cmd:"" default:"1" help:"Start the server (also without a command)."`
	Demo  demoCmd  `cmd:"" help:"Start the server on a simulated Twitch: no network needed."`
	User  userCmd  `cmd:"" help:"Create, list, change and delete users."`

	Corrections correctionsCmd `cmd:"" help:"Export the labels that users corrected."`

	Mail    mailCmd        `cmd:"" help:"Try mail."`
	Backup  backupCmd      `cmd:"" help:"Save everything of a server with the embedded database into one file, also while it runs."`
	Restore restoreCmd     `cmd:"" help:"Put a backup into a new data directory."`
	Salvage salvageCmd     `cmd:"" help:"Save what can still be read of a damaged embedded database."`
	Doctor  doctorCmd      `cmd:"" help:"Check everything that an installation needs, and say what mends it."`
	Migrate migrateCmd     `cmd:"" help:"Move everything between MongoDB and the embedded database, or tell what a database contains."`
	Analyze analyzeCmd     `cmd:"" help:"Analyse logs of past chat."`
	Health  healthcheckCmd `cmd:"" name:"healthcheck" help:"Ask a server how it is."`
	Config  configCmd      `cmd:"" help:"Print the configuration in effect, without secrets."`
	Score   scoreCmd       `cmd:"" help:"Judge messages, one a line."`
	Load    loadtestCmd    `cmd:"" name:"loadtest" help:"Watch a server with many clients at once and measure what arrives."`
	Sim     simCmd         `cmd:"" help:"Simulate Twitch's chat server."`
	OpenAPI openapiCmd     `cmd:"" name:"openapi" help:"Print the description of the API."`
	Shell   completionCmd  `cmd:"" name:"completion" help:"Print a script with which a shell completes commands and flags."`
	Man     manCmd         `cmd:"" help:"Print the manual page."`
	Version versionCmd     `cmd:"" help:"Print the version."`
}

// env is the world that a command runs in, so that tests can run commands
// without a process.
type env struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

// usageError is a mistake of the person at the keyboard: exit code 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// usagef returns an error that ends the program with exit code 2. Its text
// says what is wrong and what to do.
func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// run executes one command and returns the exit code. It returns when the
// command has ended, at the latest a few seconds after ctx was cancelled.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	var c cli
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("chatmood"),
		kong.Description("Live sentiment analysis for Twitch chat."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = code; panic(exitRequest{}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if err != nil {
		fmt.Fprintf(stderr, "chatmood: building the command line: %v\n", err)
		return exitFailure
	}
	k, code := parse(parser, args, &exit, stderr)
	if k == nil {
		return code
	}
	err = k.Run(&env{ctx: ctx, stdin: stdin, stdout: stdout, stderr: stderr})
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, new(exitStatus)):
		var status exitStatus
		errors.As(err, &status)
		return int(status)
	case errors.As(err, new(usageError)):
		fmt.Fprintf(stderr, "chatmood: %v\n", err)
		return exitUsage
	default:
		fmt.Fprintf(stderr, "chatmood: %v\n", err)
		return exitFailure
	}
}

// exitRequest unwinds kong when --help asks to end the program.
type exitRequest struct{}

func parse(parser *kong.Kong, args []string, exit *int, stderr io.Writer) (k *kong.Context, code int) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(exitRequest); !ok {
				panic(r)
			}
			k, code = nil, *exit
		}
	}()
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "chatmood: %v\nTry 'chatmood --help'.\n", err)
		return nil, exitUsage
	}
	return k, exitOK
}
