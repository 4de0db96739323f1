module chatmood/bench/peers

go 1.26.0

require (
	chatmood v0.0.0
	github.com/gempir/go-twitch-irc/v4 v4.2.0
	github.com/jonreiter/govader v0.0.0-20250429093935-f6505c8d03cc
)

require (
	github.com/dgryski/go-metro v0.0.0-20250106013310-edb8663e5e33 // indirect
	gonum.org/v1/gonum v0.8.2 // indirect
)

replace chatmood => ../..
