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
	f, ok := e.stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 2 { // some terminals do not tell
		width = 80
	}
	total := int64(0)
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			total = 0 // a pipe has no length: no share, no time left
			break
		}
		total += info.Size()
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
				fmt.Fprintf(p.w, "\r%s", progressLine(a.bytesRead(), total, a.events.Load(), time.Since(began), p.width-1))
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
	text := fmt.Sprintf(" %.1f MB, %s", float64(read)/1e6, rate)
	bar := ""
	if total > 0 {
		part := min(float64(read)/float64(total), 1)
		left := "…"
		if read > 0 {
			left = (time.Duration(float64(max(total-read, 0))/float64(read)*seconds*1000) * time.Millisecond).Round(time.Second).String()
		}
		text = fmt.Sprintf(" %3.0f %%, %s, %s left", part*100, rate, left)
		if room := width - len([]rune(text)) - 2; room >= 5 {
			full := int(part * float64(room))
			bar = "[" + strings.Repeat("#", full) + strings.Repeat("-", room-full) + "]"
		}
	}
	line := []rune(bar + text)
	if len(line) > width {
		line = line[:max(width, 0)]
	}
	return string(line) + strings.Repeat(" ", max(width-len(line), 0))
}
