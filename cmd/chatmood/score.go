package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"chatmood/internal/chat"
	"chatmood/internal/onnx"
	"chatmood/internal/sentiment"
)

// maxLineBytes bounds one line of input to the score command.
const maxLineBytes = 1 << 20

type scoreCmd struct {
	Files   []string `arg:"" optional:"" help:"Files with one message a line; standard input when none is given. '-' is standard input." name:"file"`
	Format  string   `enum:"tsv,json,text" default:"tsv" help:"Output: tsv (label, score, confidence, text), json (one object a line) or text (for people)."`
	Explain bool     `help:"Add what each token contributed to the score."`
	Model   string   `default:"builtin" help:"What judges: builtin, or onnx:PATH for a text classifier of your own (docs/sentiment.md)."`
}

// Help implements [kong.HelpProvider].
func (scoreCmd) Help() string {
	return `Judges chat messages, one a line, and writes one line for each of them (also for empty ones).

Example:

  echo "LETS GOOO PogChamp" | chatmood score --format text
  chatmood score --format json messages.txt > judged.ndjson`
}

// Run judges the lines of the files in turn.
func (c *scoreCmd) Run(e *env) error {
	engine, closeModel, err := openJudge(c.Model)
	if err != nil {
		return err
	}
	defer closeModel()
	out := bufio.NewWriterSize(e.stdout, 64<<10)
	files := c.Files
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, name := range files {
		if err := c.judgeFile(e, engine, out, name); err != nil {
			return errors.Join(err, out.Flush())
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the judgements: %w", err)
	}
	return nil
}

// judge is what judges messages and tells why.
type judge interface {
	sentiment.Analyzer
	Explain(text string, emotes []chat.Emote) []sentiment.Contribution
}

// openJudge returns what the setting names.
func openJudge(setting string) (j judge, closeModel func(), err error) {
	path, ok := strings.CutPrefix(setting, "onnx:")
	switch {
	case setting == "builtin":
		return sentiment.New(), func() {}, nil
	case !ok || path == "":
		return nil, nil, usagef("--model is %q: it must be builtin, or onnx: and the folder of a text classifier", setting)
	}
	model, err := onnx.Open(path, onnx.Options{Fast: sentiment.New()})
	if err != nil {
		return nil, nil, usagef("--model: %v", err)
	}
	return model, func() { _ = model.Close() }, nil // nothing can be lost any more
}

func (c *scoreCmd) judgeFile(e *env, engine judge, out *bufio.Writer, name string) error {
	in, interactive := e.stdin, name == "-"
	if !interactive {
		f, err := os.Open(name)
		if err != nil {
			return usagef("opening the messages: %v; give files with one message a line, or none to read standard input", err)
		}
		defer f.Close()
		in = f
	}
	r := bufio.NewReaderSize(in, 64<<10)
	w := scoreWriter{out: out, format: c.Format, explain: c.Explain, engine: engine}
	const together = 64
	var lines []string
	written := 0
	for n := 1; ; n++ {
		if err := e.ctx.Err(); err != nil {
			return fmt.Errorf("stopped at line %d of %s: %w", n, name, err)
		}
		line, err := readLine(r)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading line %d of %s: %w", n, name, err)
		}
		if err == nil {
			lines = append(lines, line)
		}
		// A model judges many lines faster than one by one; whoever waits for an
		// answer does not wait for the next line.
		if err == nil && len(lines) < together && r.Buffered() > 0 {
			continue
		}
		if model, ok := engine.(*onnx.Engine); ok {
			model.Prefetch(e.ctx, lines)
		}
		for _, line := range lines {
			written++
			if err := w.write(line); err != nil {
				return fmt.Errorf("writing the judgement of line %d of %s: %w", written, name, err)
			}
		}
		lines = lines[:0]
		if err != nil {
			return nil
		}
		// A person or a program at the other end of a pipe sees each answer at once.
		if interactive && r.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return fmt.Errorf("writing the judgements: %w", err)
			}
		}
	}
}

// readLine returns the next line without its ending. A last line without an
// ending counts as a line.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLineBytes {
			return "", fmt.Errorf("it is longer than %d bytes: chat messages are single lines", maxLineBytes)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (err != io.EOF || len(line) == 0) {
			return "", err
		}
		return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), nil
	}
}

// scoreWriter writes judgements in one format.
type scoreWriter struct {
	out     *bufio.Writer
	format  string
	explain bool
	engine  judge
	buf     []byte
}

// judgedLine is the JSON form of a judged message.
type judgedLine struct {
	Label      sentiment.Label          `json:"label"`
	Score      float64                  `json:"score"`
	Confidence float64                  `json:"confidence"`
	Flags      []string                 `json:"flags,omitempty"`
	Text       string                   `json:"text"`
	Explain    []sentiment.Contribution `json:"explain,omitempty"`
}

func (w *scoreWriter) write(text string) error {
	var s sentiment.Score
	w.engine.Score(&s, text, nil)
	var parts []sentiment.Contribution
	if w.explain {
		parts = w.engine.Explain(text, nil)
	}
	switch w.format {
	case "json":
		b, err := json.Marshal(judgedLine{
			Label: s.Label, Score: rounded(s.Value), Confidence: rounded(s.Confidence),
			Flags: s.Flags.Names(), Text: text, Explain: parts,
		})
		if err != nil {
			return err
		}
		w.buf = append(append(w.buf[:0], b...), '\n')
	case "text":
		w.buf = fmt.Appendf(w.buf[:0], "%-8s %+.2f %3.0f%%  %s\n", s.Label, s.Value, 100*s.Confidence, text)
		for _, p := range parts {
			w.buf = fmt.Appendf(w.buf, "         %+.2f       %s\n", p.Value, text[p.Start:p.End])
		}
	default:
		w.buf = append(append(w.buf[:0], s.Label.String()...), '\t')
		w.buf = append(strconv.AppendFloat(w.buf, rounded(s.Value), 'f', 3, 64), '\t')
		w.buf = append(strconv.AppendFloat(w.buf, rounded(s.Confidence), 'f', 3, 64), '\t')
		w.buf = append(w.buf, oneField(text)...)
		if w.explain {
			w.buf = append(w.buf, '\t')
			for i, p := range parts {
				if i > 0 {
					w.buf = append(w.buf, ' ')
				}
				w.buf = fmt.Appendf(w.buf, "%s=%+.2f", strings.ReplaceAll(oneField(text[p.Start:p.End]), " ", "_"), p.Value)
			}
		}
		w.buf = append(w.buf, '\n')
	}
	_, err := w.out.Write(w.buf)
	return err
}

// oneField makes text fit a TSV column: a tab inside becomes a space.
func oneField(text string) string { return strings.ReplaceAll(text, "\t", " ") }

// rounded cuts a score to the three digits that mean something.
func rounded(v float32) float64 {
	if v < 0 {
		return -rounded(-v)
	}
	return float64(int(v*1000+0.5)) / 1000
}
