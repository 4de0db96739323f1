package chat

import (
	"strings"
	"testing"
)

// The page's own copy of these rules (frontend/src/lib/channel.ts) is tested on the same kinds of input.
func TestCleanChannel(t *testing.T) {
	for in, want := range map[string]string{
		"somebody":                   "somebody",
		"  SomeBody_42 ":             "somebody_42",
		"@somebody":                  "somebody",
		"#somebody":                  "somebody",
		"twitch.tv/Somebody":         "somebody",
		"www.twitch.tv/somebody/":    "somebody",
		"http://twitch.tv/somebody":  "somebody",
		"https://m.twitch.tv/s/clip": "s",
		"HTTPS://WWW.TWITCH.TV/SOMEBODY?referrer=raid":          "somebody",
		"https://www.twitch.tv/somebody/videos?filter=all":      "somebody",
		"https://www.twitch.tv/popout/somebody/chat?popout=":    "somebody",
		"https://www.twitch.tv/embed/somebody/chat":             "somebody",
		"https://www.twitch.tv/moderator/somebody":              "somebody",
		"https://dashboard.twitch.tv/u/somebody/stream-manager": "somebody",
		"https://player.twitch.tv/?channel=somebody&parent=x":   "somebody",
		"https://go.twitch.tv/somebody#chat":                    "somebody",
		"a":                                                     "a",
		"abcdefghijklmnopqrstuvwxy":                             "abcdefghijklmnopqrstuvwxy",
		"":                                                      "",
		" ":                                                     "",
		"_somebody":                                             "",
		"some body":                                             "",
		"some,body":                                             "",
		"sömebody":                                              "",
		"abcdefghijklmnopqrstuvwxyz":                            "",
		"https://www.twitch.tv/":                                "",
		"https://www.twitch.tv/directory/game/chess":            "",
		"https://www.twitch.tv/videos/123456":                   "",
		"https://clips.twitch.tv/FunnyClipName":                 "",
		"https://player.twitch.tv/?video=123456":                "",
		"https://example.com/somebody":                          "",
		"https://twitch.tv.example.com/somebody":                "",
		"javascript:alert(1)":                                   "",
		"{\"$ne\":null}":                                        "",
	} {
		got, ok := CleanChannel(in)
		if got != want || ok != (want != "") {
			t.Errorf("CleanChannel(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
}

func FuzzCleanChannel(f *testing.F) {
	for _, s := range []string{"somebody", "https://www.twitch.tv/popout/somebody/chat", "player.twitch.tv/?channel=a", "@#x", "twitch.tv//a//b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		login, ok := CleanChannel(s)
		if ok != ValidLogin(login) {
			t.Errorf("CleanChannel(%q) = %q, %v", s, login, ok)
		}
		if ok && !strings.Contains(strings.ToLower(s), login) {
			t.Errorf("CleanChannel(%q) = %q, which is not in it", s, login)
		}
		if again, ok2 := CleanChannel(login); ok && (!ok2 || again != login) {
			t.Errorf("%q is cleaned to %q again", login, again)
		}
	})
}

func TestMirrored(t *testing.T) {
	for _, tc := range []struct {
		source, room string
		want         bool
	}{
		{"", "1", false}, {"1", "1", false}, {"2", "1", true}, {"2", "", true},
	} {
		m := Message{SourceRoomID: tc.source, RoomID: tc.room}
		if got := m.Mirrored(); got != tc.want {
			t.Errorf("source %q, room %q: %v", tc.source, tc.room, got)
		}
	}
}

func TestName(t *testing.T) {
	if got := (&Message{Login: "viewer_one"}).Name(); got != "viewer_one" {
		t.Errorf("without a display name: %q", got)
	}
	if got := (&Message{Login: "viewer_one", DisplayName: "ビューア"}).Name(); got != "ビューア" {
		t.Errorf("with one: %q", got)
	}
}
