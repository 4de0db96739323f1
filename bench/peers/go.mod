module chatmood/bench/peers

go 1.26.0

require (
	github.com/gempir/go-twitch-irc/v4 v4.2.0
	github.com/jonreiter/govader v0.0.0-20250429093935-f6505c8d03cc
)

require gonum.org/v1/gonum v0.8.2 // indirect
