// Command ingest measures what channels cost the server that reads them: joined,
// silent, talking, and flooded. The simulated Twitch runs in a process of its own;
// this one has the reader, the analyses, the bus and the embedded database, and
// measures its own processor time and memory.
//
//	go run ./bench/ingest -channels 100,1000,5000 -seconds 10
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/time/rate"

	"chatmood/internal/analysis"
	"chatmood/internal/bus"
	"chatmood/internal/channels"
	"chatmood/internal/sentiment"
	"chatmood/internal/source/irc"
	"chatmood/internal/store/sqlite"
	"chatmood/internal/twitchsim"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("ingest", flag.ContinueOnError)
	flags.SetOutput(stderr)
	list := flags.String("channels", "100,1000,5000", "numbers of channels, with commas between them")
	seconds := flags.Float64("seconds", 10, "length of each phase")
	talk := flags.Float64("rate", 0.2, "messages a second and channel while they talk")
	scale := flags.Int("scale", 200, "how many times Twitch's rate of joins is allowed and used")
	file := flags.String("json", "", "write the figures to this file, too")
	profile := flags.String("profile", "", "write processor profiles of the phases of the last number to this folder")
	simulate := flags.Bool("simulator", false, "be the simulated Twitch (for the program itself)")
	if flags.Parse(args) != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *simulate {
		if err := simulator(ctx, os.Stdin, stdout); err != nil {
			fmt.Fprintln(stderr, "error:", err)
			return 1
		}
		return 0
	}
	var figures []figure
	for s := range strings.SplitSeq(*list, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n < 1 || n > 20_000 {
			fmt.Fprintf(stderr, "-channels: %q is no number of channels; try -channels 100,1000,5000\n", s)
			return 2
		}
		f, err := measure(ctx, options{n, time.Duration(*seconds * float64(time.Second)), *talk, *scale, *profile}, stderr)
		if err != nil {
			fmt.Fprintln(stderr, "error:", err)
			return 1
		}
		figures = append(figures, *f)
	}
	if *file != "" {
		data, err := json.MarshalIndent(figures, "", "  ")
		if err == nil {
			err = os.WriteFile(*file, append(data, '\n'), 0o644)
		}
		if err != nil {
			fmt.Fprintln(stderr, "-json:", err)
			return 1
		}
	}
	table(stdout, figures)
	return 0
}

// figure is what so many channels cost.
type figure struct {
	Channels    int     `json:"channels"`
	JoinSeconds float64 `json:"join_seconds"`          // at the scaled rate of joins
	Connections int     `json:"connections"`           // to the simulated Twitch
	Goroutines  int     `json:"goroutines"`            // of this process
	Heap        float64 `json:"heap_bytes"`            // a channel, after a collection
	Resident    float64 `json:"resident_bytes"`        // of this process
	Silent      float64 `json:"silent_us_per_s"`       // processor time a channel and second while nobody says anything
	Talking     float64 `json:"talking_us_per_s"`      // the same while they talk
	Message     float64 `json:"message_us"`            // processor time a message while they talk, with what silence costs
	Lines       float64 `json:"lines_per_s_core"`      // messages a second of processor time, flooded
	Sent        int64   `json:"sent"`                  // by the simulator
	Judged      int64   `json:"judged"`                // here
	Lost        int64   `json:"lost"`                  // sent and not counted: must be 0
	Load        float64 `json:"load_average_at_start"` // of the machine
}

type options struct {
	channels int
	phase    time.Duration
	rate     float64
	scale    int
	profile  string
}

func name(i int) string { return fmt.Sprintf("channel_%d", i) }

// simulator serves the number of channels that the first line says, and then
// writes as the lines say: "rate N" messages a second and channel, "stop". Each is
// answered by what was sent in all.
func simulator(ctx context.Context, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	if !lines.Scan() {
		return errors.New("the simulator was told nothing")
	}
	var n, scale int
	if _, err := fmt.Sscan(lines.Text(), &n, &scale); err != nil {
		return fmt.Errorf("reading what to serve: %w", err)
	}
	var names []string
	for i := range n {
		names = append(names, name(i))
	}
	sim := twitchsim.New(twitchsim.Config{
		Listen: "127.0.0.1:0", Channels: names, Quiet: true, MaxRooms: n, MaxBuffered: 64 << 20,
		Limits: twitchsim.Limits{JoinsPer10s: 20 * scale, Rooms: 100, Anonymous: true, Together: true},
	})
	if err := sim.Listen(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- sim.Run(ctx) }()
	fmt.Fprintln(out, sim.URL())
	rates := make(chan float64)
	sent := make(chan int64)
	go func() {
		total := int64(0)
		per := 0.0 // messages a second, of all channels
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		owed := 0.0
		for {
			select {
			case <-ctx.Done():
				return
			case r := <-rates:
				per, owed = r*float64(n), 0
				sent <- total
			case <-tick.C:
				for owed += per / 100; owed >= 1; owed-- {
					text := texts[total%int64(len(texts))]
					if _, err := sim.Say(name(int(total)%n), fmt.Sprintf("viewer_%d", total*7919%50_000), text); err != nil {
						return // the server stops
					}
					total++
				}
			}
		}
	}()
	for lines.Scan() {
		r, err := strconv.ParseFloat(lines.Text(), 64)
		if err != nil {
			return fmt.Errorf("reading a rate: %w", err)
		}
		rates <- r
		fmt.Fprintln(out, <-sent)
	}
	cancel()
	return <-done
}

// texts are invented chat of usual lengths.
var texts = [...]string{
	"nice one", "LUL", "that was the best play of the whole evening", "what time does it start tomorrow?", "so bad, worst call ever",
	"gg wp everyone", "I have been waiting for this all week and it did not disappoint", "why would you do that", "hello from the train", "W",
}

// twitch is the simulator in a process of its own.
type twitch struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
	url   string
}

func startTwitch(ctx context.Context, o options) (*twitch, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	t := &twitch{cmd: exec.CommandContext(ctx, self, "-simulator")}
	t.cmd.Stderr = os.Stderr
	if t.in, err = t.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the simulator: %w", err)
	}
	t.lines = bufio.NewScanner(out)
	fmt.Fprintln(t.in, o.channels, o.scale)
	if !t.lines.Scan() {
		t.stop()
		return nil, errors.New("the simulator did not start")
	}
	t.url = t.lines.Text()
	return t, nil
}

// talk sets how many messages a second are said in each channel, and returns how
// many were said until then in all.
func (t *twitch) talk(rate float64) (int64, error) {
	if _, err := fmt.Fprintln(t.in, rate); err != nil {
		return 0, fmt.Errorf("telling the simulator: %w", err)
	}
	if !t.lines.Scan() {
		return 0, errors.New("the simulator ended")
	}
	return strconv.ParseInt(t.lines.Text(), 10, 64)
}

func (t *twitch) stop() {
	t.in.Close()
	_ = t.cmd.Wait() // what it was for is done
}

func measure(ctx context.Context, o options, progress io.Writer) (*figure, error) {
	f := &figure{Channels: o.channels, Load: loadAverage()}
	before := heap()
	sim, err := startTwitch(ctx, o)
	if err != nil {
		return nil, err
	}
	defer sim.stop()
	dir, err := os.MkdirTemp("", "chatmood-ingest-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	store, err := sqlite.Open(ctx, sqlite.Config{Dir: dir})
	if err != nil {
		return nil, err
	}
	defer func() { _ = store.Close() }() // a measurement's, thrown away
	b, err := bus.Open(ctx, bus.Config{})
	if err != nil {
		return nil, err
	}
	defer b.Close()
	engine := sentiment.New()
	manager := channels.New(channels.Config{Analyzer: engine, Store: store, Bus: b, MaxChannels: o.channels, ShedText: time.Hour, ShedJudging: time.Hour, Options: analysis.Options{IsEmote: engine.IsEmote}})
	reader := irc.NewReader(irc.Config{
		URL: sim.url, Handler: manager, Logger: slog.New(slog.NewTextHandler(progress, &slog.HandlerOptions{Level: slog.LevelError})),
		JoinLimiter: rate.NewLimiter(rate.Limit(o.scale), 5*o.scale), Timing: irc.Timing{NewConn: 2 * time.Second / time.Duration(o.scale)},
	})
	runCtx, cancel := context.WithCancel(ctx)
	done := make(chan error, 2)
	go func() { done <- reader.Run(runCtx) }()
	go func() { done <- manager.Run(runCtx, reader) }()
	defer func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				fmt.Fprintln(progress, "stopping:", err)
			}
		}
	}()
	<-manager.Ready()
	began := time.Now()
	for i := range o.channels {
		if _, err := manager.Start(ctx, name(i), ""); err != nil {
			return nil, fmt.Errorf("starting channel %d: %w", i, err)
		}
	}
	for reader.Stats().Live < o.channels {
		if !pause(ctx, 20*time.Millisecond) {
			return nil, ctx.Err()
		}
		if time.Since(began) > 5*time.Minute {
			return nil, fmt.Errorf("not all channels could be joined: %+v", reader.Stats())
		}
	}
	f.JoinSeconds, f.Connections = time.Since(began).Seconds(), reader.Stats().Connections
	phase := func(what string) (cpu float64, took float64, messages int64, err error) {
		if o.profile != "" {
			file, err := os.Create(fmt.Sprintf("%s/%d-%s.pprof", o.profile, o.channels, what))
			if err != nil {
				return 0, 0, 0, err
			}
			defer file.Close()
			if err := pprof.StartCPUProfile(file); err != nil {
				return 0, 0, 0, err
			}
			defer pprof.StopCPUProfile()
		}
		from, at, had := processorTime(), time.Now(), manager.Counters().Judged.Load()
		if !pause(ctx, o.phase) {
			return 0, 0, 0, ctx.Err()
		}
		return (processorTime() - from).Seconds(), time.Since(at).Seconds(), manager.Counters().Judged.Load() - had, nil
	}
	pause(ctx, 2*time.Second) // until what joining left is stored
	cpu, took, _, err := phase("silent")
	if err != nil {
		return nil, err
	}
	f.Silent = cpu / took / float64(o.channels) * 1e6
	if _, err := sim.talk(o.rate); err != nil {
		return nil, err
	}
	pause(ctx, 2*time.Second)
	cpu, took, n, err := phase("talking")
	if err != nil {
		return nil, err
	}
	f.Talking, f.Message = cpu/took/float64(o.channels)*1e6, cpu/float64(max(n, 1))*1e6
	f.Goroutines, f.Heap, f.Resident = runtime.NumGoroutine(), (heap()-before)/float64(o.channels), resident()
	if _, err := sim.talk(math.Max(200_000/float64(o.channels), 1)); err != nil {
		return nil, err
	}
	pause(ctx, 2*time.Second)
	cpu, _, n, err = phase("flooded")
	if err != nil {
		return nil, err
	}
	f.Lines = float64(n) / cpu
	if f.Sent, err = sim.talk(0); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(time.Minute); ; {
		f.Judged = manager.Counters().Judged.Load()
		f.Lost = f.Sent - f.Judged + manager.Counters().Duplicates.Load()
		if f.Lost <= 0 || time.Now().After(deadline) {
			break
		}
		if !pause(ctx, 20*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
	fmt.Fprintf(progress, "%d channels: %+v\n", o.channels, *f)
	return f, nil
}

func table(out io.Writer, figures []figure) {
	tw := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(what string, of func(f *figure) string) {
		fmt.Fprint(tw, what)
		for i := range figures {
			fmt.Fprint(tw, "\t", of(&figures[i]))
		}
		fmt.Fprintln(tw)
	}
	row("channels", func(f *figure) string { return strconv.Itoa(f.Channels) })
	row("connections to Twitch", func(f *figure) string { return strconv.Itoa(f.Connections) })
	row("goroutines", func(f *figure) string { return strconv.Itoa(f.Goroutines) })
	row("processor time a silent channel, µs/s", func(f *figure) string { return fmt.Sprintf("%.1f", f.Silent) })
	row("processor time a talking channel, µs/s", func(f *figure) string { return fmt.Sprintf("%.1f", f.Talking) })
	row("processor time a message, µs, with the above", func(f *figure) string { return fmt.Sprintf("%.1f", f.Message) })
	row("heap a channel, KB", func(f *figure) string { return fmt.Sprintf("%.1f", f.Heap/1e3) })
	row("resident memory in all, MB", func(f *figure) string { return fmt.Sprintf("%.0f", f.Resident/1e6) })
	row("messages/s a core, flooded", func(f *figure) string { return fmt.Sprintf("%.0f", f.Lines) })
	row("messages sent", func(f *figure) string { return strconv.FormatInt(f.Sent, 10) })
	row("… and not counted", func(f *figure) string { return strconv.FormatInt(f.Lost, 10) })
	row("load of the machine at the start", func(f *figure) string { return fmt.Sprintf("%.1f", f.Load) })
	_ = tw.Flush() // the terminal is gone
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// heap returns the bytes that are in use, stacks included.
func heap() float64 {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

func resident() float64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return math.NaN()
	}
	var size, pages float64
	if _, err := fmt.Sscan(string(data), &size, &pages); err != nil {
		return math.NaN()
	}
	return pages * float64(os.Getpagesize())
}

func loadAverage() float64 {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return math.NaN()
	}
	var l float64
	_, _ = fmt.Sscan(string(data), &l) // 0 where it is written otherwise
	return l
}
