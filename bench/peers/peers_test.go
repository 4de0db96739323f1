// Package peers_test measures public libraries at what chatmood does itself.
// It is a module of its own, so that none of them is a dependency of the product.
package peers_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	twitch "github.com/gempir/go-twitch-irc/v4"
	"github.com/jonreiter/govader"
)

func texts(tb testing.TB) []string {
	tb.Helper()
	data, err := os.ReadFile("../testdata/chat.txt")
	if err != nil {
		tb.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

// BenchmarkJudge is VADER in Go on the texts that bench/path judges.
func BenchmarkJudge(b *testing.B) {
	texts := texts(b)
	vader := govader.NewSentimentIntensityAnalyzer()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		vader.PolarityScores(texts[i%len(texts)])
	}
}

// BenchmarkLine is the shortest way from a line to figures that these
// libraries allow: parsed, judged, and counted by label and by chatter. It
// keeps no timeline, terms, moments or windows.
func BenchmarkLine(b *testing.B) {
	texts := texts(b)
	lines := make([]string, 5000)
	for i := range lines {
		lines[i] = fmt.Sprintf("@badge-info=subscriber/8;badges=subscriber/6;color=#1E90FF;display-name=Viewer_%d;emotes=;first-msg=0;flags=;id=%08x-51a1-4f6e-9a58-0d4f7c1a2b3c;"+
			"mod=0;returning-chatter=0;room-id=900000001;subscriber=1;tmi-sent-ts=%d;turbo=0;user-id=%d;user-type= :viewer_%d!viewer_%d@viewer_%d.tmi.twitch.tv PRIVMSG #demo :%s",
			i, i, 1767290400000+50*i, 910_000_000+i, i, i, i, texts[i%len(texts)])
	}
	vader := govader.NewSentimentIntensityAnalyzer()
	var labels [3]int
	byChatter := map[string]int{}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m, ok := twitch.ParseMessage(lines[i%len(lines)]).(*twitch.PrivateMessage)
		if !ok {
			b.Fatal("not understood")
		}
		switch v := vader.PolarityScores(m.Message).Compound; {
		case v >= 0.05:
			labels[2]++
		case v <= -0.05:
			labels[0]++
		default:
			labels[1]++
		}
		byChatter[m.User.Name]++
	}
}
