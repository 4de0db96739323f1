package app_test

import (
	"testing"
	"time"

	"chatmood/internal/twitchsim"
)

// The disk of the embedded database is full for a while.
func TestDiskFull(t *testing.T) {
	sim := twitch(t, twitchsim.Config{})
	env := childEnv(t, sim, nil)
	p := spawn(t, env)
	var free func()
	outage{
		sim: sim, admin: administrator(t, p.URL, p.Setup), length: outageLength(t, 4*time.Second),
		begin: func() { free = fillDisk(t, p) },
		end:   func() { free() },
		restart: func() string {
			p.stop()
			p = spawn(t, env)
			return p.URL
		},
	}.run(t)
}
