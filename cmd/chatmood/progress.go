package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// progressEvery is how often the bar is drawn.
const progressEvery = 200 * time.Millisecond

// progress draws a bar while logs are read. A nil progress does nothing.
type progress struct {
	w     io.Writer
	width int
	done  chan struct{}
	wg    sync.WaitGroup
}

// startProgress draws on standard error while it is a terminal.
func startProgress(e *env, a *analyzer, files []string) *progress {
	total := int64(0)
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			total = 0 // a pipe has no length: no share, no time left
			break
		}
		total += info.Size()
	}
	return startBar(e, func(took time.Duration, width int) string {
		return progressLine(a.bytesRead(), total, a.events.Load(), took, width)
	})
}

// startBar draws what line writes in exactly width columns, on standard error
// while it is a terminal.
func startBar(e *env, line func(took time.Duration, width int) string) *progress {
	f, ok := e.stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 2 { // some terminals do not tell
		width = 80
	}
	p := &progress{w: f, width: width, done: make(chan struct{})}
	began := time.Now()
	p.wg.Go(func() {
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-p.done:
				fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.width-1))
				return
			case <-tick.C:
				fmt.Fprintf(p.w, "\r%s", line(time.Since(began), p.width-1))
			}
		}
	})
	return p
}

// stop removes the bar.
func (p *progress) stop() {
	if p == nil {
		return
	}
	close(p.done)
	p.wg.Wait()
}

// bytesRead returns how much of all files was read.
func (a *analyzer) bytesRead() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.read
	for _, r := range a.open {
		n += r.BytesRead()
	}
	return n
}

// progressLine writes the bar in exactly width columns. total is 0 where it is
// not known.
func progressLine(read, total, events int64, took time.Duration, width int) string {
	seconds := max(took.Seconds(), 0.001)
	rate := fmt.Sprintf("%.0f lines/s", float64(events)/seconds)
	if total <= 0 {
		return fitLine(fmt.Sprintf(" %.1f MB, %s", float64(read)/1e6, rate), width)
	}
	return barLine(read, total, rate, took, width)
}

// barLine writes a bar with the share that is done, a text and the time left, in
// exactly width columns.
func barLine(done, total int64, text string, took time.Duration, width int) string {
	part := min(float64(done)/float64(total), 1)
	left := "…"
	if done > 0 {
		nanos := float64(max(total-done, 0)) / float64(done) * float64(max(took, time.Millisecond))
		left = time.Duration(nanos).Round(time.Second).String()
	}
	text = fmt.Sprintf(" %3.0f %%, %s, %s left", part*100, text, left)
	bar := ""
	if room := width - len([]rune(text)) - 2; room >= 5 {
		full := int(part * float64(room))
		bar = "[" + strings.Repeat("#", full) + strings.Repeat("-", room-full) + "]"
	}
	return fitLine(bar+text, width)
}

// fitLine cuts or fills a line to a width.
func fitLine(text string, width int) string {
	line := []rune(text)
	if len(line) > width {
		line = line[:max(width, 0)]
	}
	return string(line) + strings.Repeat(" ", max(width-len(line), 0))
}
