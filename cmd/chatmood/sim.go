package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"chatmood/internal/chat"
	"chatmood/internal/source/logfile"
	"chatmood/internal/twitchsim"
)

// simStatsEvery is the time between two lines of statistics.
const simStatsEvery = 10 * time.Second

type simCmd struct {
	Listen   string   `default:"127.0.0.1:6667" placeholder:"HOST:PORT" help:"Address for TCP and WebSocket; port 0 takes a free one."`
	Channels []string `placeholder:"A,B" help:"Channels to simulate (default: four demo channels). Any other name that is joined works too."`
	Rate     *float64 `placeholder:"N" help:"Messages per second and channel in calm times; 0 is as fast as the readers take it (default: each channel's own)."`
	Seed     uint64   `default:"1" placeholder:"N" help:"Same seed, same chat."`
	Limit    int      `placeholder:"N" help:"Fall silent after N messages in a channel."`
	Script   string   `placeholder:"FILE" help:"Replay a log of past chat, of any format that analyze reads, in the first channel."`
	Speed    float64  `default:"1" placeholder:"X" help:"Replay X times as fast; 0 is as fast as the readers take it."`
	Fault    string   `placeholder:"LIST" help:"What goes wrong, such as drop@30s,loss=0.01; 'help' lists it all."`
	TLS      bool     `name:"tls" help:"Accept TLS on the same port, with a certificate made for this run."`
	Verbose  bool     `short:"v" help:"Tell of every connection."`
}

// Help implements [kong.HelpProvider].
func (*simCmd) Help() string {
	return `Simulates Twitch's chat server, for tests, demos and load: other IRC clients work against it too. Everything
that is said comes from the seed. Channels whose names begin with missing_, suspended_, banned_ or slow_ answer a join accordingly.

Example:

  chatmood sim --channels demo_hype --seed 7 --fault reconnect@1m
  chatmood sim --script stream.log.gz --speed 10
  chatmood sim --listen 127.0.0.1:0 --rate 0 --limit 1000000`
}

// Run simulates until the context ends.
func (c *simCmd) Run(e *env) error {
	if c.Fault == "help" {
		_, err := fmt.Fprint(e.stdout, twitchsim.FaultUsage())
		return err
	}
	stderr := &lockedWriter{w: e.stderr} // the log and the statistics share it
	cfg, err := c.config(stderr)
	if err != nil {
		return err
	}
	if c.Script != "" {
		script, err := logfile.Open(c.Script, logfile.Options{Channel: cfg.Channels[0]})
		if err != nil {
			return fmt.Errorf("opening the script: %w", err)
		}
		defer script.Close()
		defer func() {
			if _, n := script.Problems(); n > 0 {
				fmt.Fprintf(stderr, "sim: %d lines of %s could not be read; 'chatmood analyze' shows them\n", n, c.Script)
			}
		}()
		cfg.Script = script
	}
	sim := twitchsim.New(cfg)
	if err := sim.Listen(); err != nil {
		if errors.Is(err, twitchsim.ErrConfig) {
			return usagef("%w", err)
		}
		return err
	}
	if err := c.announce(e.stdout, sim); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(e.ctx)
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		reportSim(ctx, stderr, sim)
	}()
	err = sim.Run(ctx)
	cancel()
	<-reported
	return err
}

// config checks the command line and turns it into a configuration.
func (c *simCmd) config(stderr io.Writer) (twitchsim.Config, error) {
	level := slog.LevelInfo
	if c.Verbose {
		level = slog.LevelDebug
	}
	cfg := twitchsim.Config{
		Listen: c.Listen, Seed: c.Seed, Limit: c.Limit, Speed: c.Speed, AnyChannel: true, TLS: c.TLS,
		Logger: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})),
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return cfg, usagef("--listen %q is no address: write HOST:PORT, such as 127.0.0.1:6667", c.Listen)
	}
	cfg.Channels = twitchsim.DemoChannels()
	if len(c.Channels) > 0 {
		cfg.Channels = nil
		for _, s := range c.Channels {
			name, ok := chat.CleanChannel(s)
			if !ok {
				return cfg, usagef("--channels: %q is not a channel name: use 1 to 25 of a-z, 0-9 and _", s)
			}
			cfg.Channels = append(cfg.Channels, name)
		}
	}
	if c.Rate != nil {
		switch cfg.Rate = *c.Rate; {
		case *c.Rate == 0:
			cfg.Rate = twitchsim.Unpaced
		case *c.Rate < 0:
			return cfg, usagef("--rate %v is negative: use 0 (as fast as possible) or more", *c.Rate)
		}
	}
	faults, err := twitchsim.ParseFaults(c.Fault)
	if err != nil {
		return cfg, usagef("--fault: %w\nTry 'chatmood sim --fault help'.", err)
	}
	cfg.Faults = faults
	return cfg, nil
}

// lockedWriter lets several goroutines write whole lines.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// announce tells where the simulator is and how to read from it.
func (c *simCmd) announce(w io.Writer, sim *twitchsim.Server) error {
	_, err := fmt.Fprintf(w, "Simulated Twitch chat at %s (also WebSocket: ws://%s)\nChannels: %s\nRead it with: TWITCH_IRC_URL=%s chatmood serve\n",
		sim.URL(), sim.Addr(), strings.Join(sim.Channels(), ", "), sim.URL())
	return err
}

// reportSim writes a line of statistics now and then, and one at the end.
func reportSim(ctx context.Context, w io.Writer, sim *twitchsim.Server) {
	ticker := time.NewTicker(simStatsEvery)
	defer ticker.Stop()
	last, lastAt := 0, time.Now()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			fmt.Fprintf(w, "sim: stopped; %s\n", simTotals(sim))
			return
		}
		sent, now := simSent(sim), time.Now()
		fmt.Fprintf(w, "sim: %.1f messages/s; %s\n", float64(sent-last)/now.Sub(lastAt).Seconds(), simTotals(sim))
		last, lastAt = sent, now
	}
}

func simSent(sim *twitchsim.Server) int {
	n := 0
	for _, name := range sim.Channels() {
		n += sim.Stats(name).Messages
	}
	return n
}

// simTotals sums up: connections, then each channel that has readers or said
// something.
func simTotals(sim *twitchsim.Server) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d connections", len(sim.Connections()))
	shown := 0
	for _, name := range sim.Channels() {
		st := sim.Stats(name)
		if st.Lines == 0 && st.Readers == 0 {
			continue
		}
		if shown++; shown > 8 {
			b.WriteString("; …")
			break
		}
		fmt.Fprintf(&b, "; %s: %d messages, %d deleted, %d readers", name, st.Messages, st.Deletions, st.Readers)
		if st.Done {
			b.WriteString(", ended")
		}
	}
	return b.String()
}
