// Command chatmood judges live Twitch chat: it reads a channel's chat, decides
// for every message whether it is positive, neutral or negative, and serves
// the sum of it to browsers.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	// Time zones of reports, on machines that have none.
	_ "time/tzdata"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
