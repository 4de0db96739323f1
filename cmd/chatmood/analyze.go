package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/term"

	"chatmood/internal/chat"
	"chatmood/internal/pastchat"
	"chatmood/internal/report"
	"chatmood/internal/sentiment"
	"chatmood/internal/source/logfile"
)

type analyzeCmd struct {
	Files    []string `arg:"" name:"file" help:"Logs of past chat, plain, gzip or zstd; '-' is standard input. Each is one session."`
	Format   string   `placeholder:"FORMAT" help:"Output: text (for people), pdf, html, md, csv (one section) or json (everything). Default text, or what the name given to -o ends in."`
	JSON     bool     `name:"json" help:"Short for --format json."`
	Output   string   `short:"o" placeholder:"FILE" help:"Write the report to FILE; '-' is standard output."`
	Section  string   `placeholder:"SECTION" help:"Of csv: timeline (default), summary, chatters, terms, emotes or moments."`
	Paper    string   `placeholder:"SIZE" help:"Of pdf: a4 (default) or letter."`
	Chatters string   `placeholder:"HOW" help:"Show people by their names (default), as pseudonyms, or none."`
	Messages string   `placeholder:"FILE" help:"Write every message with its judgement to FILE, one JSON object a line; '-' is standard output, in place of the report."`
	Channel  string   `placeholder:"NAME" help:"The channel, in place of what the log says."`
	Zone     string   `placeholder:"ZONE" help:"Time zone of logs whose times name none, such as Europe/Berlin or Local (default UTC)."`
}

// Help implements [kong.HelpProvider].
func (analyzeCmd) Help() string {
	return `Analyses past chat: mood, rate, moments, chatters, words and emotes. Reads raw Twitch IRC, justlog, rustlog,
recent-messages, Chatterino, TwitchDownloader and chat-downloader files, CSV tables and its own export. Lines that cannot be
read are counted and shown. Exit code 1 tells that a file could not be analysed; the others are.

Example:

  chatmood analyze streamer-2026-01-31.log
  chatmood analyze -o report.pdf --chatters pseudonyms streamer-2026-01-31.log
  chatmood analyze --json *.json.gz > reports.json
  chatmood analyze --messages judged.ndjson vod.json`
}

// Run analyses the files, several at a time, and writes the reports in the
// order of the files.
func (c *analyzeCmd) Run(e *env) error {
	opts, err := c.options()
	if err != nil {
		return err
	}
	form, err := c.form(e)
	if err != nil {
		return err
	}
	a := &analyzer{engine: sentiment.New(), opts: opts, stdin: e.stdin}
	parallel := runtime.GOMAXPROCS(0)
	if c.Messages != "" {
		parallel = 1 // so that the messages come out in order
		out, done, err := c.openMessages(e)
		if err != nil {
			return err
		}
		defer done() //nolint:errcheck // closed below; this is for the ways out before
		a.messages = logfile.NewWriter(out)
		if err := c.analyse(e, a, form, parallel); err != nil {
			return errors.Join(err, done())
		}
		return done()
	}
	return c.analyse(e, a, form, parallel)
}

func (c *analyzeCmd) options() (logfile.Options, error) {
	var opts logfile.Options
	if c.Channel != "" {
		name, ok := chat.CleanChannel(c.Channel)
		if !ok {
			return opts, usagef("--channel %q is no Twitch channel: give a name of 1 to 25 letters, digits and '_'", c.Channel)
		}
		opts.Channel = name
	}
	if c.Zone != "" {
		loc, err := time.LoadLocation(c.Zone)
		if err != nil {
			return opts, usagef("--zone %q is not known: give a name such as Europe/Berlin, UTC or Local", c.Zone)
		}
		opts.Location = loc
	}
	stdin := 0
	for _, name := range c.Files {
		if name == "-" {
			stdin++
		}
	}
	if stdin > 1 {
		return opts, usagef("standard input ('-') can be read only once")
	}
	return opts, nil
}

// openMessages opens where the judged messages go. done flushes and closes it
// and may be called twice.
func (c *analyzeCmd) openMessages(e *env) (w io.Writer, done func() error, err error) {
	out := bufio.NewWriterSize(e.stdout, 64<<10)
	if c.Messages == "-" {
		return out, out.Flush, nil
	}
	if err := c.spared(c.Messages, "--messages"); err != nil {
		return nil, nil, err
	}
	f, err := os.Create(c.Messages)
	if err != nil {
		return nil, nil, usagef("opening the file for --messages: %v", err)
	}
	out.Reset(f)
	return out, sync.OnceValue(func() error {
		if err := errors.Join(out.Flush(), f.Close()); err != nil {
			return fmt.Errorf("writing %s: %w", c.Messages, err)
		}
		return nil
	}), nil
}

// analyse analyses the files and writes their reports.
func (c *analyzeCmd) analyse(e *env, a *analyzer, form report.Options, parallel int) error {
	bar := startProgress(e, a, c.Files)
	reports := make([]*report.Report, len(c.Files))
	errs := make([]error, len(c.Files))
	var g errgroup.Group
	g.SetLimit(parallel)
	for i, name := range c.Files {
		g.Go(func() error {
			reports[i], errs[i] = a.file(e.ctx, name)
			return nil
		})
	}
	g.Wait() //nolint:errcheck // always nil
	bar.stop()

	var good []*report.Report
	for _, r := range reports {
		if r != nil {
			good = append(good, r)
		}
	}
	failed := 0
	for i, err := range errs {
		switch {
		case err == nil:
		case errors.Is(err, context.Canceled):
			failed++
		default:
			failed++
			if len(errs) > 1 {
				fmt.Fprintf(e.stderr, "chatmood: %s: %v\n", c.Files[i], err)
			}
		}
	}
	if c.Messages != "-" {
		if err := c.write(e, good, form); err != nil {
			return err
		}
	}
	switch {
	case failed > 0 && e.ctx.Err() != nil:
		return fmt.Errorf("interrupted: %d of %d files were not analysed to the end", failed, len(errs))
	case failed > 0 && len(errs) > 1:
		return fmt.Errorf("%d of %d files could not be analysed", failed, len(errs))
	}
	return errs[0]
}

// form returns the form of the report that the flags ask for.
func (c *analyzeCmd) form(e *env) (report.Options, error) {
	opt := report.Options{Format: report.Text, Version: buildVersion()}
	name := c.Format
	switch {
	case c.JSON:
		name = string(report.JSON)
	case name == "" && c.Output != "" && c.Output != "-":
		if end := strings.TrimPrefix(filepath.Ext(c.Output), "."); end != "" {
			if f, err := report.ParseFormat(end); err == nil {
				name = string(f)
			}
		}
	}
	var err error
	if name != "" {
		if opt.Format, err = report.ParseFormat(name); err != nil {
			return opt, usagef("--format: %v", err)
		}
	}
	if opt.Section, err = report.ParseSection(c.Section); err != nil {
		return opt, usagef("--section: %v", err)
	}
	if opt.Paper, err = report.ParsePaper(c.Paper); err != nil {
		return opt, usagef("--paper: %v", err)
	}
	if opt.Chatters, err = report.ParseChatters(c.Chatters); err != nil {
		return opt, usagef("--chatters: %v", err)
	}
	switch {
	case c.Section != "" && opt.Format != report.CSV:
		return opt, usagef("--section is for --format csv only")
	case c.Paper != "" && opt.Format != report.PDF:
		return opt, usagef("--paper is for --format pdf only")
	case c.Output != "" && c.Messages == "-":
		return opt, usagef("--messages - takes the place of the report: leave out -o, or write the messages to a file")
	}
	switch opt.Format {
	case report.PDF:
		if c.toStdout() && isTerminal(e.stdout) {
			return opt, usagef("a PDF cannot be shown in a terminal: name a file with -o")
		}
		fallthrough
	case report.HTML:
		opt.Generated = time.Now().Truncate(time.Second)
	case report.Text:
		if c.toStdout() {
			opt.Text = textOptions(e.stdout)
		}
	case report.CSV, report.JSON, report.Markdown:
	}
	if !c.toStdout() {
		if err := c.spared(c.Output, "-o"); err != nil {
			return opt, err
		}
	}
	return opt, nil
}

func (c *analyzeCmd) toStdout() bool { return c.Output == "" || c.Output == "-" }

// spared makes sure that a file to be written is none of the logs.
func (c *analyzeCmd) spared(name, flag string) error {
	target, err := os.Stat(name)
	if err != nil {
		return nil //nolint:nilerr // it is not there yet, or opening it says more
	}
	for _, log := range c.Files {
		if info, err := os.Stat(log); err == nil && os.SameFile(info, target) {
			return usagef("%s %s would overwrite the log itself: name another file", flag, name)
		}
	}
	return nil
}

// write writes the reports in the chosen form.
func (c *analyzeCmd) write(e *env, reports []*report.Report, opt report.Options) error {
	if len(reports) == 0 {
		return nil
	}
	inputs := make([]report.Input, len(reports))
	for i, r := range reports {
		inputs[i] = report.Input{Report: r}
		if opt.Format != report.JSON && opt.Format != report.CSV { // programs make their own
			inputs[i].Summary = report.Summarize(inputs[i])
		}
	}
	// What was analysed before an interruption is written still.
	ctx := context.WithoutCancel(e.ctx)
	write := func(w io.Writer) error {
		if len(c.Files) == 1 {
			return report.Write(ctx, w, inputs[0], opt)
		}
		return report.WriteAll(ctx, w, inputs, opt) // all of them, however many were good
	}
	if c.toStdout() {
		return write(e.stdout)
	}
	f, err := os.Create(c.Output)
	if err != nil {
		return usagef("opening the file for -o: %v", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", c.Output, err)
	}
	return nil
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// textOptions fits the text to w: colours only on a terminal that wants them
// (https://no-color.org).
func textOptions(w io.Writer) report.TextOptions {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return report.TextOptions{}
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 80
	}
	return report.TextOptions{Width: width, Color: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// analyzer turns logs into reports. Its file method may be called from several
// goroutines, unless it writes messages.
type analyzer struct {
	engine   *sentiment.Engine
	opts     logfile.Options
	stdin    io.Reader
	messages *logfile.Writer // nil: not wanted
	events   atomic.Int64    // taken in so far, for the progress bar

	mu   sync.Mutex // guards open and read
	open []*logfile.Reader
	read int64 // bytes of files that are done
}

// file analyses one log.
func (a *analyzer) file(ctx context.Context, name string) (*report.Report, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, err := a.openLog(ctx, name)
	if err != nil {
		return nil, err
	}
	defer a.close(r)
	return pastchat.Analyse(ctx, r, pastchat.Options{Analyzer: a.engine, IsEmote: a.engine.IsEmote, Name: name, Messages: a.messages, Events: &a.events})
}

func (a *analyzer) openLog(ctx context.Context, name string) (*logfile.Reader, error) {
	var r *logfile.Reader
	var err error
	if name == "-" {
		r, err = logfile.NewReader(cancellable(ctx, a.stdin), name, a.opts)
	} else {
		r, err = logfile.Open(name, a.opts)
	}
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.open = append(a.open, r)
	a.mu.Unlock()
	return r, nil
}

func (a *analyzer) close(r *logfile.Reader) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.open {
		if a.open[i] == r {
			a.open = append(a.open[:i], a.open[i+1:]...)
			break
		}
	}
	a.read += r.BytesRead()
	r.Close() //nolint:errcheck // read only
}

// cancellable reads from r until ctx ends. The goroutine that reads ends with
// r: standard input cannot be interrupted otherwise.
func cancellable(ctx context.Context, r io.Reader) io.Reader {
	pr, pw := io.Pipe()
	stop := context.AfterFunc(ctx, func() { pr.CloseWithError(ctx.Err()) })
	go func() {
		defer stop()
		_, err := io.Copy(pw, r)
		pw.CloseWithError(err)
	}()
	return pr
}
