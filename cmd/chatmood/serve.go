package main

import (
	"context"
	"fmt"
	"os"

	"chatmood/frontend"
	"chatmood/internal/app"
	"chatmood/internal/config"
	"chatmood/internal/twitchsim"
)

type serveCmd struct{}

// Help implements [kong.HelpProvider].
func (serveCmd) Help() string {
	return `Starts the server with the configuration of the environment and the file .env (see chatmood config),
prints its address and runs until Ctrl-C. What is being analysed goes on at the next start.

Example:

  PORT=9000 DATA_DIR=/var/lib/chatmood chatmood serve`
}

// Run serves until the context ends.
func (serveCmd) Run(e *env) error {
	cfg, err := loadConfig()
	if err != nil {
		return err
	}
	return serve(e, cfg, app.Options{})
}

// serve runs a server and prints its address once it listens.
func serve(e *env, cfg *config.Config, opts app.Options, start ...string) error {
	opts.Config, opts.UI, opts.Version, opts.Log = cfg, frontend.Dist(), buildVersion(), cfg.Logger(e.stderr)
	a, err := app.New(e.ctx, opts)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "chatmood is at %s (Ctrl-C stops it)\n", a.URL())
	link, err := a.SetupLink(e.ctx)
	if err != nil {
		a.Close()
		return err
	}
	if link != "" {
		fmt.Fprintf(e.stdout, "There is no administrator yet. Open this link to become one (it works once):\n  %s\n", link)
	}
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	started := make(chan error, 1)
	go func() { started <- a.Start(ctx, start...) }()
	err = a.Run(e.ctx)
	cancel()
	if startErr := <-started; err == nil && e.ctx.Err() == nil {
		err = startErr
	}
	return err
}

type demoCmd struct {
	Rate float64 `help:"Messages per second and channel in calm times; 0 lets each channel have its own." default:"0" placeholder:"N"`
	Seed uint64  `help:"Same seed, same chat." default:"1" placeholder:"N"`
	Keep bool    `help:"Keep the data in DATA_DIR instead of a temporary folder."`
}

// Help implements [kong.HelpProvider].
func (demoCmd) Help() string {
	return `Serves the whole system on a simulated Twitch inside the process: no network is needed. Any channel name works;
some demo channels run from the start.

Example:

  PORT=9000 chatmood demo --seed 7`
}

// Run serves the demo until the context ends.
func (c demoCmd) Run(e *env) error {
	if c.Rate < 0 || c.Rate > 1000 {
		return usagef("--rate is %g: it must be from 0 to 1000", c.Rate)
	}
	cfg, err := loadConfig()
	if err != nil {
		return err
	}
	if !c.Keep {
		dir, err := os.MkdirTemp("", "chatmood-demo-")
		if err != nil {
			return fmt.Errorf("making a folder for the demo's data: %w", err)
		}
		defer os.RemoveAll(dir)
		cfg.DataDir = dir
	}
	log := cfg.Logger(e.stderr)
	sim := twitchsim.New(twitchsim.Config{Listen: "127.0.0.1:0", AnyChannel: true, Rate: c.Rate, Seed: c.Seed, Logger: log})
	if err := sim.Listen(); err != nil {
		return fmt.Errorf("starting the simulated Twitch: %w", err)
	}
	cfg.TwitchURL = sim.URL()
	ctx, stop := context.WithCancel(context.WithoutCancel(e.ctx))
	simulated := make(chan error, 1)
	go func() { simulated <- sim.Run(ctx) }()
	names := twitchsim.DemoChannels()
	err = serve(e, cfg, app.Options{Demo: true, DemoChannels: names}, names...)
	stop()
	if simErr := <-simulated; err == nil && simErr != nil && ctx.Err() == nil {
		err = fmt.Errorf("simulating Twitch: %w", simErr)
	}
	return err
}
