package logfile

import (
	"strconv"
	"strings"
	"time"

	"chatmood/internal/chat"
)

// moderation reads the sentences with which loggers and clients tell of a
// moderator's action. It reports false where s is none.
func moderation(ev *chat.Event, s string) bool {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(strings.ToLower(s), "chat has been cleared") {
		ev.Kind = chat.KindClearAll
		return true
	}
	words := strings.Fields(s)
	word := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	var target string
	var duration time.Duration
	switch {
	// "viewer has been timed out for 600 seconds", "… for 1d 2h."
	case word(1) == "has" && word(2) == "been" && word(3) == "timed" && strings.HasPrefix(word(4), "out"):
		target, duration = word(0), span(words[min(6, len(words)):])
	// "viewer has been banned", "… permanently banned."
	case word(1) == "has" && word(2) == "been" && (strings.HasPrefix(word(3), "banned") || strings.HasPrefix(word(4), "banned")):
		target = word(0)
	// "mod timed out viewer for 10m."
	case word(1) == "timed" && word(2) == "out" && word(4) == "for":
		target, duration = word(3), span(words[5:])
	// "mod banned viewer."
	case word(1) == "banned" && (len(words) == 3 || strings.HasSuffix(word(2), ":")):
		target = strings.TrimRight(word(2), ".:")
	// "mod permanently banned viewer."
	case word(1) == "permanently" && word(2) == "banned":
		target = strings.TrimRight(word(3), ".:")
	default:
		return false
	}
	if target = strings.ToLower(target); !chat.ValidLogin(target) {
		return false
	}
	ev.Kind, ev.TargetLogin, ev.Duration = chat.KindClearUser, target, duration
	return true
}

// maxTimeout is the longest timeout that Twitch allows.
const maxTimeout = 14 * 24 * time.Hour

// span reads "600 seconds", "10m.", "1d 2h 3m", at most maxTimeout. A timeout of no
// readable length gets one second, since 0 would mean a ban.
func span(words []string) time.Duration {
	var sum time.Duration
	for i := 0; i < len(words); i++ {
		w := strings.TrimRight(words[i], ".,:")
		n, digits, unit := number([]byte(w), 8)
		if digits == 0 {
			break
		}
		u := string(unit)
		if u == "" && i+1 < len(words) {
			i++
			u = strings.TrimRight(words[i], ".,:")
		}
		if u == "" {
			u = "s"
		}
		each, ok := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[u[0]]
		if !ok {
			break
		}
		sum += time.Duration(n) * each
		if strings.HasSuffix(words[i], ".") {
			break
		}
	}
	return min(max(sum, time.Second), maxTimeout)
}

// notice reads Twitch's sentences about subscriptions, gifts and raids. rest
// is what the chatter wrote after the sentence. The sentences are those of
// Twitch's system-msg tag.
func notice(s string) (n chat.Notice, rest string, ok bool) {
	name, what, ok := cutAny(s, " subscribed ", " gifted ", " is gifting ", " raiders from ", " is continuing the ", " converted from ", " watched ")
	if !ok || name == "" || len(name) > maxName {
		return n, s, false
	}
	n.Name, n.Login = name, strings.ToLower(name)
	body := s[len(name)+len(what):]
	switch what {
	case " subscribed ":
		if !strings.HasPrefix(body, "at Tier ") && !strings.HasPrefix(body, "with Prime") && !strings.HasPrefix(body, "with Twitch Prime") {
			return n, s, false
		}
		n.Type = "sub"
		end := sentenceEnd(body)
		for _, more := range []string{" They've subscribed for ", " They’ve subscribed for "} {
			if after, found := strings.CutPrefix(body[end:], more); found {
				n.Type = "resub"
				n.Count = count(after)
				end += len(more) + sentenceEnd(after)
			}
		}
		end += len(s) - len(body)
		n.Text = s[:end]
		return n, strings.TrimSpace(s[end:]), true
	case " gifted ":
		if !strings.Contains(body, " sub to ") && !strings.Contains(body, " subscription to ") {
			return n, s, false
		}
		n.Type, n.Count = "subgift", 1
	case " is gifting ":
		if n.Count = count(body); n.Count == 0 || !strings.Contains(body, "Sub") {
			return n, s, false
		}
		n.Type = "submysterygift"
	case " raiders from ":
		who, _, found := strings.Cut(body, " have joined")
		if n.Count = count(s); n.Count == 0 || !found {
			return n, s, false
		}
		n.Type, n.Name, n.Login = "raid", who, strings.ToLower(who)
	case " is continuing the ":
		n.Type = "giftpaidupgrade"
	case " converted from ":
		n.Type = "primepaidupgrade"
	case " watched ":
		if n.Count = count(body); n.Count == 0 || !strings.Contains(body, "watch streak") {
			return n, s, false
		}
		n.Type = "viewermilestone"
	}
	// These stand alone, or what follows them cannot be told from them.
	n.Text = s
	return n, "", true
}

// cutAny returns what comes before the separator that stands first in s, and
// which it is.
func cutAny(s string, seps ...string) (before, sep string, ok bool) {
	at := -1
	for _, p := range seps {
		if i := strings.Index(s, p); i >= 0 && (at < 0 || i < at) {
			at, sep = i, p
		}
	}
	if at < 0 {
		return "", "", false
	}
	return s[:at], sep, true
}

// sentenceEnd returns the length of the first sentence of s. "Tier 1." ends a
// sentence, "Tier 1.5" does not.
func sentenceEnd(s string) int {
	for i := range len(s) {
		if (s[i] == '.' || s[i] == '!') && (i+1 == len(s) || s[i+1] == ' ') {
			return i + 1
		}
	}
	return len(s)
}

// count reads the number that s begins with.
func count(s string) int {
	end := 0
	for end < len(s) && (isDigit(s[end]) || s[end] == ',') {
		end++
	}
	n, err := strconv.Atoi(strings.ReplaceAll(s[:end], ",", ""))
	if err != nil {
		return 0
	}
	return n
}
