package twitchsim

import (
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestSameSeedSameLines(t *testing.T) {
	for _, name := range append(DemoChannels(), "anybody_else") {
		a := produce(t, Config{Seed: 7, Start: testStart}, 3*time.Minute, name)[name]
		b := produce(t, Config{Seed: 7, Start: testStart}, 3*time.Minute, name)[name]
		if !slices.Equal(a, b) {
			t.Errorf("%s: the same seed gave other lines", name)
		}
		c := produce(t, Config{Seed: 8, Start: testStart}, 3*time.Minute, name)[name]
		if slices.Equal(a, c) {
			t.Errorf("%s: another seed gave the same lines", name)
		}
	}
}

func TestGoldenLines(t *testing.T) {
	lines := produce(t, Config{Seed: 1, Start: testStart}, 5*time.Minute, "demo_hype")["demo_hype"]
	if len(lines) < 200 {
		t.Fatalf("%d lines in five minutes", len(lines))
	}
	golden(t, "testdata/demo_hype.golden", strings.Join(lines[:200], "\n")+"\n")
}

// said is a PRIVMSG taken apart by the test, not by the code under test.
type parsed struct {
	tags        map[string]string
	login, text string
	action      bool
}

var privmsgLine = regexp.MustCompile(`^@(\S+) :(\w+)!(\w+)@(\w+)\.tmi\.twitch\.tv PRIVMSG #(\w+) :(.*)$`)

func parse(t *testing.T, line string) (parsed, bool) {
	t.Helper()
	if !strings.Contains(line, " PRIVMSG ") {
		return parsed{}, false
	}
	m := privmsgLine.FindStringSubmatch(line)
	if m == nil || m[2] != m[3] || m[2] != m[4] {
		t.Fatalf("no PRIVMSG: %q", line)
	}
	p := parsed{tags: map[string]string{}, login: m[2], text: m[6]}
	last := ""
	for kv := range strings.SplitSeq(m[1], ";") {
		k, v, ok := strings.Cut(kv, "=")
		if !ok || k <= last {
			t.Fatalf("tag %q after %q in %q", kv, last, line)
		}
		p.tags[k], last = v, k
	}
	if s, ok := strings.CutPrefix(p.text, "\x01ACTION "); ok {
		p.text, p.action = strings.TrimSuffix(s, "\x01"), true
	}
	return p, true
}

func TestEveryLineIsSound(t *testing.T) {
	for _, name := range append(DemoChannels(), "anybody_else") {
		emotes := temperamentOf(name).emotes
		ids, authors := map[string]int64{}, map[string]bool{}
		kinds := map[string]int{}
		var last int64
		for _, line := range produce(t, Config{Start: testStart}, 20*time.Minute, name)[name] {
			if !utf8.ValidString(line) || strings.ContainsAny(line, "\r\n\x00") {
				t.Fatalf("bad bytes: %q", line)
			}
			if strings.ContainsAny(strings.TrimLeft(line, "@"), "{}") {
				t.Fatalf("an unfilled slot: %q", line)
			}
			needs, tr := classify([]byte(line))
			p, ok := parse(t, line)
			if !ok {
				checkOther(t, line, ids, authors, kinds)
				continue
			}
			if needs != 0 || tr&isMessage == 0 {
				t.Fatalf("classified as %b, %b: %q", needs, tr, line)
			}
			stamp, err := strconv.ParseInt(p.tags["tmi-sent-ts"], 10, 64)
			if err != nil || stamp < last || stamp < testStart.UnixMilli() {
				t.Fatalf("stamp %q after %d: %q", p.tags["tmi-sent-ts"], last, line)
			}
			last = stamp
			if _, twice := ids[p.tags["id"]]; twice || len(p.tags["id"]) != 36 {
				t.Fatalf("id %q: %q", p.tags["id"], line)
			}
			ids[p.tags["id"]] = stamp
			authors[p.login] = true
			if n := utf8.RuneCountInString(p.text); n == 0 || n > 500 {
				t.Fatalf("%d characters: %q", n, line)
			}
			if parent := p.tags["reply-parent-msg-id"]; parent != "" {
				if _, known := ids[parent]; !known || !strings.HasPrefix(p.text, "@") {
					t.Fatalf("a reply to nothing: %q", line)
				}
			}
			checkEmotes(t, p, emotes, line)
		}
		if len(ids) < 300 {
			t.Errorf("%s: %d messages in 20 minutes", name, len(ids))
		}
	}
}

// checkEmotes cuts what the emotes tag names out of the text.
func checkEmotes(t *testing.T, p parsed, own map[string]string, line string) {
	t.Helper()
	runes := []rune(p.text)
	marked := 0
	if p.tags["emotes"] != "" {
		for one := range strings.SplitSeq(p.tags["emotes"], "/") {
			id, ranges, _ := strings.Cut(one, ":")
			for r := range strings.SplitSeq(ranges, ",") {
				from, to, _ := strings.Cut(r, "-")
				a, err1 := strconv.Atoi(from)
				b, err2 := strconv.Atoi(to)
				if err1 != nil || err2 != nil || a > b || b >= len(runes) {
					t.Fatalf("range %q: %q", r, line)
				}
				name := string(runes[a : b+1])
				if globalEmotes[name] != id && own[name] != id {
					t.Fatalf("emote %s is %q: %q", id, name, line)
				}
				marked++
			}
		}
	}
	global := 0
	for w := range strings.SplitSeq(p.text, " ") {
		if globalEmotes[w] != "" {
			global++
		}
	}
	if marked < global {
		t.Fatalf("%d of %d emotes marked: %q", marked, global, line)
	}
}

var (
	msgIDTag    = regexp.MustCompile(`[@;]msg-id=([^; ]*)`)
	targetIDTag = regexp.MustCompile(`[@;]target-msg-id=([^; ]*)`)
)

// checkOther checks what is not a PRIVMSG.
func checkOther(t *testing.T, line string, ids map[string]int64, authors map[string]bool, kinds map[string]int) {
	t.Helper()
	needs, _ := classify([]byte(line))
	switch {
	case strings.Contains(line, " CLEARMSG "):
		m := targetIDTag.FindStringSubmatch(line)
		stamp, _ := strconv.ParseInt(line[strings.Index(line, "tmi-sent-ts=")+12:][:13], 10, 64)
		sent, known := ids[m[1]]
		if !known || stamp-sent < 1000 || stamp-sent > 10_000 {
			t.Fatalf("a deletion %d ms after its message: %q", stamp-sent, line)
		}
		kinds["CLEARMSG"]++
	case strings.Contains(line, " CLEARCHAT "):
		_, login, ok := strings.Cut(line, " :tmi.twitch.tv CLEARCHAT ")
		_, login, ok2 := strings.Cut(login, " :")
		if !ok || !ok2 || !authors[login] {
			t.Fatalf("a ban of somebody who said nothing: %q", line)
		}
		kinds["CLEARCHAT"]++
	case strings.Contains(line, " USERNOTICE "):
		kinds[msgIDTag.FindStringSubmatch(line)[1]]++
	case strings.Contains(line, " JOIN ") || strings.Contains(line, " PART "):
		return // batch knows that they need the membership capability
	}
	if needs&capCommands == 0 {
		t.Fatalf("needs no commands: %q", line)
	}
}

// lifeLength is how much chat the test of its looks reads.
const lifeLength = 80 * time.Minute

func TestChatIsLifelike(t *testing.T) {
	seen := map[string]bool{}
	tests := []struct {
		what string
		got  func(msgs []parsed) float64
		low  float64
		high float64
	}{
		{"median length", func(ms []parsed) float64 {
			var n []int
			for _, m := range ms {
				n = append(n, utf8.RuneCountInString(m.text))
			}
			sort.Ints(n)
			return float64(n[len(n)/2])
		}, 9, 20},
		{"share of the busiest ten", func(ms []parsed) float64 {
			by := map[string]int{}
			for _, m := range ms {
				by[m.login]++
			}
			var n []int
			for _, c := range by {
				n = append(n, c)
			}
			sort.Sort(sort.Reverse(sort.IntSlice(n)))
			top := 0
			for _, c := range n[:10] {
				top += c
			}
			return float64(top) / float64(len(ms))
		}, 0.38, 0.6},
		{"different texts", func(ms []parsed) float64 {
			texts := map[string]bool{}
			for _, m := range ms {
				texts[m.text] = true
			}
			return float64(len(texts)) / float64(len(ms))
		}, 0.5, 0.95},
		{"subscribers", share(func(m parsed) bool { return m.tags["subscriber"] == "1" }), 0.35, 0.75},
		{"moderators", share(func(m parsed) bool { return m.tags["mod"] == "1" }), 0.005, 0.25},
		{"with an emote of Twitch's", share(func(m parsed) bool { return m.tags["emotes"] != "" }), 0.15, 0.5},
		{"commands", share(func(m parsed) bool { return isCommandText([]byte(m.text)) }), 0.003, 0.04},
		{"bots", share(func(m parsed) bool { return knownBot(m.login) }), 0.003, 0.05},
		{"questions", share(func(m parsed) bool { return strings.Contains(m.text, "?") }), 0.03, 0.3},
		{"replies", share(func(m parsed) bool { return m.tags["reply-parent-msg-id"] != "" }), 0.02, 0.15},
		{"written with /me", share(func(m parsed) bool { return m.action }), 0.001, 0.03},
		{"first messages", share(func(m parsed) bool { return m.tags["first-msg"] == "1" }), 0.003, 0.12},
		{"cheers", share(func(m parsed) bool { return m.tags["bits"] != "" }), 0.0005, 0.02},
		{"joined emoji", share(func(m parsed) bool { return strings.ContainsRune(m.text, '\u200d') }), 0.0002, 0.05},
		{"right to left", share(func(m parsed) bool { return strings.ContainsAny(m.text, "اליוםخבש") }), 0.0005, 0.1},
		{"past the check for repeats", share(func(m parsed) bool { return strings.HasSuffix(m.text, " \u034f") }), 0.0005, 0.05},
	}
	for _, name := range DemoChannels() {
		var msgs []parsed
		perFive := map[int64]int{} // messages in each five seconds
		for _, line := range produce(t, Config{Start: testStart}, lifeLength, name)[name] {
			if m := msgIDTag.FindStringSubmatch(line); m != nil {
				seen[m[1]] = true
			}
			for _, cmd := range []string{"CLEARMSG", "CLEARCHAT", "ROOMSTATE", "NOTICE", "JOIN", "PART"} {
				if strings.Contains(line, " "+cmd+" #") {
					seen[cmd] = true
				}
			}
			if p, ok := parse(t, line); ok {
				msgs = append(msgs, p)
				stamp, _ := strconv.ParseInt(p.tags["tmi-sent-ts"], 10, 64)
				perFive[stamp/5000]++
			}
		}
		peak := 0.0
		for _, n := range perFive {
			peak = max(peak, float64(n)/5)
		}
		rate := float64(len(msgs)) / lifeLength.Seconds()
		t.Logf("%s: peak %.1f messages/s over 5 s", name, peak)
		if peak < 3*rate || peak < 2.5 || peak > 20 {
			t.Errorf("%s: a peak of %.1f messages/s", name, peak)
		}
		t.Logf("%s: %.2f messages/s", name, rate)
		if rate < 0.5 || rate > 6 {
			t.Errorf("%s: %.2f messages/s on average", name, rate)
		}
		for _, tt := range tests {
			got := tt.got(msgs)
			t.Logf("%s: %s: %.3f", name, tt.what, got)
			if got < tt.low || got > tt.high {
				t.Errorf("%s: %s: %.4f, want %v to %v", name, tt.what, got, tt.low, tt.high)
			}
		}
	}
	for _, what := range []string{
		"sub", "resub", "subgift", "submysterygift", "raid", "announcement", "viewermilestone", "highlighted-message",
		"followers_on", "followers_off", "CLEARMSG", "CLEARCHAT", "ROOMSTATE", "NOTICE", "JOIN", "PART",
	} {
		if !seen[what] {
			t.Errorf("%v of four channels without %s", lifeLength, what)
		}
	}
}

func share(is func(parsed) bool) func([]parsed) float64 {
	return func(ms []parsed) float64 {
		n := 0
		for _, m := range ms {
			if is(m) {
				n++
			}
		}
		return float64(n) / float64(len(ms))
	}
}

func TestGiftsCome(t *testing.T) {
	count := regexp.MustCompile(`msg-param-mass-gift-count=(\d+)`)
	group := regexp.MustCompile(`msg-param-community-gift-id=(\d+)`)
	want, got := map[string]int{}, map[string]int{}
	for _, line := range produce(t, Config{Start: testStart}, 2*time.Hour, "demo_cozy")["demo_cozy"] {
		m := group.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if c := count.FindStringSubmatch(line); c != nil {
			n, _ := strconv.Atoi(c[1])
			want[m[1]] = n
		} else {
			got[m[1]]++
		}
	}
	if len(want) == 0 {
		t.Fatal("no gifts in two hours")
	}
	for id, n := range want {
		if got[id] != n {
			t.Errorf("batch %s: %d gifts, want %d", id, got[id], n)
		}
	}
}

func TestSharedChat(t *testing.T) {
	lines := produce(t, Config{Start: testStart}, time.Hour, "demo_chess", "demo_cozy")
	homes, copies := map[string]string{}, map[string]string{}
	for _, name := range []string{"demo_chess", "demo_cozy"} {
		for _, line := range lines[name] {
			p, ok := parse(t, line)
			if !ok || p.tags["source-id"] == "" {
				continue
			}
			if p.tags["source-room-id"] == p.tags["room-id"] {
				if p.tags["source-id"] != p.tags["id"] {
					t.Fatalf("at home the ids differ: %q", line)
				}
				homes[p.tags["id"]] = p.text
				continue
			}
			if p.tags["source-id"] == p.tags["id"] {
				t.Fatalf("a copy with the id of the original: %q", line)
			}
			if p.tags["room-id"] != roomIDOf(name) {
				t.Fatalf("room-id of %s: %q", name, line)
			}
			if _, tr := classify([]byte(line)); tr&isMirrored == 0 {
				t.Fatalf("not seen as mirrored: %q", line)
			}
			copies[p.tags["source-id"]] = p.text
		}
	}
	if len(homes) == 0 {
		t.Fatal("no shared chat in an hour")
	}
	if len(homes) != len(copies) {
		t.Errorf("%d messages, %d copies", len(homes), len(copies))
	}
	for id, text := range homes {
		if copies[id] != text {
			t.Errorf("%s: %q became %q", id, text, copies[id])
		}
	}
}

func TestPhrasesAreWellFormed(t *testing.T) {
	slots := []string{"host", "@", "atless", "n", "nn", "boss", "item", "area", "game", "opening", "rival", "pet", "raider", "gifter", "count"}
	slot := regexp.MustCompile(`\{([^{}]*)\}`)
	total := 0
	for l := calmGood; l < lexes; l++ {
		set := allPhrases()[l]
		total += len(set)
		if len(set) == 0 {
			t.Errorf("set %d is empty", l)
		}
		for _, p := range set {
			if !utf8.ValidString(p) {
				t.Errorf("%q is not UTF-8", p)
			}
			for _, m := range slot.FindAllStringSubmatch(p, -1) {
				name := strings.TrimRight(m[1], "*+")
				if _, ok := slotFeelings[name]; !ok && !slices.Contains(slots, name) {
					t.Errorf("%q: unknown slot %q", p, name)
				}
			}
			rest := slot.ReplaceAllString(p, "")
			if strings.ContainsAny(rest, "{}") {
				t.Errorf("%q: a brace too many", p)
			}
			depth := 0
			for _, c := range rest {
				switch c {
				case '[':
					depth++
				case ']':
					depth--
				case '|':
					if depth != 1 {
						t.Errorf("%q: '|' outside of brackets", p)
					}
				}
				if depth < 0 || depth > 1 {
					t.Errorf("%q: brackets do not match", p)
				}
			}
			if depth != 0 {
				t.Errorf("%q: brackets do not match", p)
			}
		}
	}
	t.Logf("%d phrases", total)
	if total < 500 {
		t.Errorf("%d phrases are too few", total)
	}
}
