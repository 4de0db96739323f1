package twitchsim

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzClassify(f *testing.F) {
	for _, s := range []string{
		"@id=1;room-id=2;source-room-id=3 :x!x@x.tmi.twitch.tv PRIVMSG #a :\x01ACTION hi\x01", ":tmi.twitch.tv CLEARCHAT #a", "@", "@a :b", ": :", "",
		"@ban-duration=5 :tmi.twitch.tv CLEARCHAT #a :x", "@msg-id=sharedchatnotice :tmi.twitch.tv USERNOTICE #a", "PRIVMSG", "@bits=1 PRIVMSG #a :!x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		_, tr := classify([]byte(line))
		if tr&isMessage != 0 && !strings.Contains(line, "PRIVMSG") {
			t.Errorf("%q is no message", line)
		}
		if tr&(isAction|isReply|isFirst|isCheer|isBot|isCommand) != 0 && tr&isMessage == 0 {
			t.Errorf("%q has traits %b and is no message", line, tr)
		}
		var b batch
		b.addLine([]byte(line))
		if m := b.marks[0]; m.body < m.start || m.body > m.end || string(b.data) != line+"\r\n" {
			t.Errorf("%q is marked %+v", line, m)
		}
	})
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "a b;c\\d\r\n", `\s`, "é; "} {
		f.Add(s)
	}
	un := strings.NewReplacer(`\:`, ";", `\s`, " ", `\\`, `\`, `\r`, "\r", `\n`, "\n")
	f.Fuzz(func(t *testing.T, s string) {
		got := string(appendEscaped(nil, s))
		if strings.ContainsAny(got, " ;\r\n") || un.Replace(got) != s {
			t.Errorf("%q became %q", s, got)
		}
	})
}

func FuzzEmotes(f *testing.F) {
	for _, s := range []string{"", "Kappa", "👍 Kappa  LUL", " Kappa", "KappaKappa", "\xff Kappa", "<3 :) a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		spans, only := findEmotes(nil, []byte(text), nil)
		runes := []rune(text)
		for _, e := range spans {
			if globalEmotes[string(runes[e.start:e.end+1])] != e.id {
				t.Errorf("%q: %+v", text, e)
			}
		}
		if only && (len(spans) == 0 || len(spans) != len(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }))) {
			t.Errorf("%q is not only emotes", text)
		}
	})
}

func FuzzTrim(f *testing.F) {
	for _, s := range []string{"", "a  b", strings.Repeat("é", 600), "\x01\r\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // callers make it valid first
		}
		got := trimText([]byte(text))
		if utf8.RuneCount(got) > maxTextRunes || !utf8.Valid(got) || bytes.ContainsAny(got, "\r\n\x00") || bytes.Contains(got, []byte("  ")) {
			t.Errorf("%q became %q", text, got)
		}
	})
}

// FuzzClient sends a server what it cannot expect: it must neither crash nor
// stop answering others.
func FuzzClient(f *testing.F) {
	for _, s := range []string{
		"CAP REQ :twitch.tv/tags\r\nNICK justinfan1\r\nJOIN #a,#b,,#\r\nPART #a\r\n", "PASS oauth:x\r\nNICK x\r\n@client-nonce=1 PRIVMSG #a :hi\r\n",
		"NICK\r\nNICK :\r\nCAP\r\nCAP REQ\r\nCAP REQ :\r\nPING\r\nPING :\r\n", "@\r\n:\r\n@ :\r\n: :\r\n", "PASS\r\nPRIVMSG\r\nPRIVMSG #a\r\nJOIN\r\nPART\r\n", "\x00\xff\r\n\n\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		s := New(Config{Listen: "127.0.0.1:0", Channels: []string{"a"}, Quiet: true, AnyChannel: true, JoinDelay: -1})
		if err := s.Listen(); err != nil {
			t.Fatal(err)
		}
		defer s.listener.Close()
		ours, theirs := net.Pipe()
		c := newConn(s, ours, 1)
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.serve()
		}()
		answered := make(chan struct{})
		go func() {
			defer close(answered)
			io.Copy(io.Discard, theirs)
		}()
		theirs.Write(input)
		theirs.Close()
		<-done
		<-answered
	})
}
