package irc

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestParseLine(t *testing.T) {
	tests := []struct {
		name, line      string
		tags            Tags
		prefix, command string
		params          []string
	}{
		{"command only", "RECONNECT", "", "", "RECONNECT", nil},
		{"small letters", "privmsg #c :x", "", "", "PRIVMSG", []string{"#c", "x"}},
		{"prefix", ":tmi.twitch.tv RECONNECT", "", "tmi.twitch.tv", "RECONNECT", nil},
		{"middle and last", "foo bar baz :asdf quux", "", "", "FOO", []string{"bar", "baz", "asdf quux"}},
		{"empty last", "foo bar baz :", "", "", "FOO", []string{"bar", "baz", ""}},
		{"colon in last", "foo bar baz ::asdf", "", "", "FOO", []string{"bar", "baz", ":asdf"}},
		{"colon inside a word", "foo b:r :a:b c", "", "", "FOO", []string{"b:r", "a:b c"}},
		{"last without colon", ":n!u@h PRIVMSG #c hello", "", "n!u@h", "PRIVMSG", []string{"#c", "hello"}},
		{"spaces at the end", "foo bar baz  ", "", "", "FOO", []string{"bar", "baz"}},
		{"spaces everywhere", "@a=b  :n   CMD    x   :  y  z ", "a=b", "n", "CMD", []string{"x", "  y  z "}},
		{"spaces before", "  PING :x", "", "", "PING", []string{"x"}},
		{"tab is no separator", ":cool\tguy foo b\tr", "", "cool\tguy", "FOO", []string{"b\tr"}},
		{"CR LF", "PING :x\r\n", "", "", "PING", []string{"x"}},
		{"LF", "PING :x\n", "", "", "PING", []string{"x"}},
		{"tags", `@a=b;c=32;k;rt=ql7 foo`, "a=b;c=32;k;rt=ql7", "", "FOO", nil},
		{"numeric", ":tmi.twitch.tv 366 justinfan1 #c :End of /NAMES list", "", "tmi.twitch.tv", "366", []string{"justinfan1", "#c", "End of /NAMES list"}},
		{
			"many parameters", "C 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "", "", "C",
			[]string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15 16"},
		},
		{"empty tags", "@ PING", "", "", "PING", nil},
		{"empty prefix", ": PING", "", "", "PING", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var l Line
			if err := ParseLine(&l, tt.line); err != nil {
				t.Fatal(err)
			}
			var params []string
			for i := range l.NumParams() {
				params = append(params, l.Param(i))
			}
			if l.Tags != tt.tags || l.Prefix != tt.prefix || l.Command != tt.command || !slices.Equal(params, tt.params) {
				t.Errorf("got tags %q prefix %q command %q params %q", l.Tags, l.Prefix, l.Command, params)
			}
		})
	}
}

func TestParseLineErrors(t *testing.T) {
	tests := []struct {
		line string
		want error
	}{
		{"", ErrEmpty},
		{"\r\n", ErrEmpty},
		{"   ", ErrEmpty},
		{"@a=b", ErrNoCommand},
		{"@a=b ", ErrNoCommand},
		{":prefix", ErrNoCommand},
		{"@a=b :prefix  ", ErrNoCommand},
		{strings.Repeat("x", MaxLineBytes+1), ErrTooLong},
	}
	for _, tt := range tests {
		var l Line
		if err := ParseLine(&l, tt.line); !errors.Is(err, tt.want) {
			t.Errorf("%.40q: got %v, want %v", tt.line, err, tt.want)
		}
	}
	var l Line
	if err := ParseLine(&l, strings.Repeat("x", MaxLineBytes)+"\r\n"); err != nil {
		t.Errorf("a line of exactly the limit: %v", err)
	}
}

func TestParseLineForgetsTheLineBefore(t *testing.T) {
	var l Line
	for _, s := range []string{"@a=b :p C 1 2 :3", "PING"} {
		if err := ParseLine(&l, s); err != nil {
			t.Fatal(err)
		}
	}
	if l.Tags != "" || l.Prefix != "" || l.NumParams() != 0 || l.Param(0) != "" || l.Param(-1) != "" {
		t.Errorf("left over: %+v", l)
	}
}

func TestPrefix(t *testing.T) {
	tests := []struct{ prefix, nick, login string }{
		{"viewer_one!viewer_one@viewer_one.tmi.twitch.tv", "viewer_one", "viewer_one"},
		{"Viewer_One!x@y", "Viewer_One", "viewer_one"},
		{"viewer_one@viewer_one.tmi.twitch.tv", "viewer_one", "viewer_one"},
		{"!viewer_one@viewer_one.tmi.twitch.tv", "", "viewer_one"},
		{"viewer_one", "viewer_one", "viewer_one"},
		{"tmi.twitch.tv", "tmi.twitch.tv", ""},
		{"", "", ""},
		{"!", "", ""},
		{"@", "", ""},
	}
	for _, tt := range tests {
		l := Line{Prefix: tt.prefix}
		if l.Nick() != tt.nick || l.Login() != tt.login {
			t.Errorf("%q: nick %q login %q, want %q %q", tt.prefix, l.Nick(), l.Login(), tt.nick, tt.login)
		}
	}
}

func TestTags(t *testing.T) {
	var l Line
	if err := ParseLine(&l, `@a=1;b;c=;=lost;;d=x=y;e=\s\:\\\r\n\z\;a=2;f=Riot\sGames :p C`); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"a": "2", "b": "", "c": "", "d": "x=y", "e": " ;\\\r\nz", "f": "Riot Games"} {
		if got, ok := l.Tag(key); !ok || got != want {
			t.Errorf("%s: got %q %v, want %q", key, got, ok, want)
		}
	}
	if got, ok := l.Tag("missing"); ok || got != "" {
		t.Errorf("missing: got %q %v", got, ok)
	}
	var keys []string
	for k := range l.Tags.All() {
		keys = append(keys, k)
	}
	if want := []string{"a", "b", "c", "d", "e", "a", "f"}; !slices.Equal(keys, want) {
		t.Errorf("keys %q, want %q", keys, want)
	}
	for range l.Tags.All() {
		break
	}
}

func TestUnescape(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""},
		{"plain", "plain"},
		{`a\sb`, "a b"},
		{`\\s`, `\s`},
		{`\\\s`, `\ `},
		{`\\\\`, `\\`},
		{`\:\s\\\r\n`, "; \\\r\n"},
		{`value\1`, "value1"},
		{`end\`, "end"},
		{`\`, ""},
		{`gr\üße`, "grüße"},
	}
	for _, tt := range tests {
		if got := Unescape(tt.in); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestEscapeUnescape(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune(`ab;\ :sr` + "\r\nn=ü😀\x00")
	for range 5000 {
		r := make([]rune, rng.IntN(20))
		for i := range r {
			r[i] = alphabet[rng.IntN(len(alphabet))]
		}
		s := string(r)
		e := Escape(s)
		if strings.ContainsAny(e, "; \r\n") {
			t.Fatalf("Escape(%q) = %q holds what must not be in a tag", s, e)
		}
		if got := Unescape(e); got != s {
			t.Fatalf("%q: escaped %q, back %q", s, e, got)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	for _, s := range sampleLines {
		f.Add(s.line)
	}
	f.Add("@a=b;c :!x@y PRIVMSG #c \x01ACTION")
	f.Add("@ : :")
	f.Fuzz(func(t *testing.T, s string) {
		var l Line
		if err := ParseLine(&l, s); err != nil {
			return
		}
		if l.Command == "" || strings.Contains(l.Command, " ") {
			t.Fatalf("command %q", l.Command)
		}
		for i := range l.NumParams() {
			if !strings.Contains(s, l.Param(i)) {
				t.Fatalf("parameter %q is no part of the line", l.Param(i))
			}
			if i < l.NumParams()-1 && (l.Param(i) == "" || strings.Contains(l.Param(i), " ")) {
				t.Fatalf("middle parameter %q", l.Param(i))
			}
		}
		for k, v := range l.Tags.All() {
			if got, ok := l.Tags.Raw(k); !ok || !strings.Contains(s, v) || !strings.Contains(s, got) {
				t.Fatalf("tag %q: %q, %q %v", k, v, got, ok)
			}
		}
		l.Nick()
		l.Login()
		l.Channel()
	})
}

func FuzzUnescape(f *testing.F) {
	for _, s := range []string{"", `a\sb`, `\\s`, `\`, `\:\s\\\r\n\z`, "ü;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := Unescape(s); len(got) > len(s) {
			t.Fatalf("%q grew to %q", s, got)
		}
		if got := Unescape(Escape(s)); got != s {
			t.Fatalf("%q came back as %q", s, got)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	line := typicalLine
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	var l Line
	for b.Loop() {
		if err := ParseLine(&l, line); err != nil {
			b.Fatal(err)
		}
	}
}
