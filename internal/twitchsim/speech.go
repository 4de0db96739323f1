package twitchsim

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// topic is what the talk is about now.
type topic struct {
	boss, item, area, game, opening, rival, pet string
	raider, gifter                              string
	count                                       int // of the raiders, or of the gifts
}

func (t *talk) pickTopic() {
	any := func(list []string) string { return list[t.rng.IntN(len(list))] }
	t.topic.boss, t.topic.item, t.topic.area = any(t.temper.bosses), any(t.temper.items), any(t.temper.areas)
	t.topic.game, t.topic.rival, t.topic.opening = any(t.temper.games), any(rivals), any(openings)
	t.topic.pet = t.temper.pet
}

// style is how a message is written.
type style struct {
	shout   bool
	stretch float64
}

// compose writes a phrase of the set into t.text, in p's manner. feel is the
// feeling for an emote or emoji at the end; energy from 0 to 1 makes it louder.
func (t *talk) compose(p *person, set lexis, feel feeling, energy float64) {
	st := style{shout: t.chance(p.shout + energy*0.25), stretch: p.stretch*0.7 + energy*0.4}
	t.text = t.expand(t.text[:0], p, t.draw(set), st)
	t.finish(p, set, feel)
}

// draw picks a phrase that was not used lately.
func (t *talk) draw(set lexis) string {
	list := allPhrases()[set]
	used := &t.used[set]
	i := t.rng.IntN(len(list))
	for range 4 {
		if !used.has(i, len(list)) {
			break
		}
		i = t.rng.IntN(len(list))
	}
	used.note(i)
	return list[i]
}

// usedRing remembers the phrases of a set that were used last.
type usedRing struct {
	last [12]int
	n    int
}

func (u *usedRing) has(i, of int) bool {
	for k := range min(u.n, len(u.last), of/2) {
		if u.last[(u.n-1-k)%len(u.last)] == i {
			return true
		}
	}
	return false
}

func (u *usedRing) note(i int) {
	u.last[u.n%len(u.last)] = i
	u.n++
}

// finish adds what the person adds: an emote, an emoji, a mark.
func (t *talk) finish(p *person, set lexis, feel feeling) {
	if len(t.text) == 0 {
		t.text = t.appendEmote(t.text, p, feel)
		return
	}
	last := t.text[len(t.text)-1]
	letter := last >= 'a' && last <= 'z' || last >= 'A' && last <= 'Z'
	switch {
	case set == command || set == botTimer || set == hateTalk || set == viewbotTalk:
	case t.chance(p.emotive):
		t.text = append(t.text, ' ')
		t.text = t.appendEmote(t.text, p, feel)
		if t.chance(0.2) {
			t.text = append(t.text, ' ')
			t.text = t.appendEmote(t.text, p, feel)
		}
	case t.chance(p.emoji):
		list := emojis[feel]
		t.text = append(t.text, ' ')
		t.text = append(t.text, list[t.rng.IntN(len(list))]...)
	case letter && !t.endsInEmote() && t.chance(p.dots):
		marks := [...]string{"!", "!", "!!", "!!!", ".", "...", "..", " :)", " xd", " lol", " haha"}
		if feel == sorrow || feel == anger || feel == boredom || feel == tension {
			marks = [...]string{"...", "..", ".", "!", "!!", " :(", " :/", "...", " smh", " ugh", "?!"}
		}
		t.text = append(t.text, marks[t.rng.IntN(len(marks))]...)
	}
	t.text = trimText(t.text)
}

// endsInEmote reports whether the last word is an emote, which a mark would
// break.
func (t *talk) endsInEmote() bool {
	word := string(t.text[strings.LastIndexByte(string(t.text), ' ')+1:])
	if _, ok := globalEmotes[word]; ok {
		return true
	}
	if _, ok := t.temper.emotes[word]; ok {
		return true
	}
	for _, list := range thirdEmotes {
		if slices.Contains(list, word) {
			return true
		}
	}
	return false
}

// appendEmote appends an emote for a feeling, mostly one of p's favourites.
func (t *talk) appendEmote(dst []byte, p *person, feel feeling) []byte {
	if p.sub && t.chance(0.3) {
		return append(append(dst, t.temper.prefix...), channelKindOf[feel]...)
	}
	list := twitchEmotes[feel]
	if p.thirds == t.chance(0.85) {
		list = thirdEmotes[feel]
	}
	if t.chance(0.6) {
		return append(dst, list[p.favorite%len(list)]...)
	}
	return append(dst, list[t.rng.IntN(len(list))]...)
}

// slotFeelings are the slots that stand for emotes. A '*' after the name repeats
// the emote some times, a '+' many times.
var slotFeelings = map[string]feeling{
	"joy": joy, "laughter": laughter, "hype": hype, "love": love, "sorrow": sorrow, "anger": anger, "tension": tension,
	"irony": irony, "boredom": boredom, "greeting": greeting,
}

// expand appends a phrase with its choices made and its slots filled.
func (t *talk) expand(dst []byte, p *person, phrase string, st style) []byte {
	for i := 0; i < len(phrase); {
		switch c := phrase[i]; c {
		case '[':
			n := strings.IndexByte(phrase[i:], ']')
			options := phrase[i+1 : i+n]
			pick := t.rng.IntN(strings.Count(options, "|") + 1)
			for range pick {
				_, options, _ = strings.Cut(options, "|")
			}
			options, _, _ = strings.Cut(options, "|")
			dst = t.expand(dst, p, options, st)
			i += n + 1
		case '{':
			n := strings.IndexByte(phrase[i:], '}')
			dst = t.fill(dst, p, phrase[i+1:i+n])
			i += n + 1
		case '~':
			if t.chance(st.stretch) {
				_, size := utf8.DecodeLastRune(dst)
				last := string(dst[len(dst)-size:])
				for range 1 + t.rng.IntN(7) {
					dst = append(dst, last...)
				}
			}
			i++
		default:
			if st.shout && c >= 'a' && c <= 'z' {
				c -= 'a' - 'A'
			}
			dst = append(dst, c)
			i++
		}
	}
	return dst
}

// fill appends what stands for a slot.
func (t *talk) fill(dst []byte, p *person, slot string) []byte {
	times := 1
	name := slot
	switch slot[len(slot)-1] {
	case '*':
		name, times = slot[:len(slot)-1], 1+t.rng.IntN(4)
	case '+':
		name, times = slot[:len(slot)-1], 3+t.rng.IntN(9)
	}
	if feel, ok := slotFeelings[name]; ok {
		start := len(dst)
		dst = t.appendEmote(dst, p, feel)
		one := string(dst[start:])
		for range times - 1 {
			dst = append(dst, ' ')
			dst = append(dst, one...)
		}
		return dst
	}
	switch name {
	case "host":
		return append(dst, t.temper.host...)
	case "@", "atless":
		if name == "@" {
			dst = append(dst, '@')
		}
		if s := t.someone(); s != nil && s.by != p {
			return append(dst, strings.TrimSpace(s.by.display)...)
		}
		return append(dst, t.people.regulars[t.rng.IntN(min(20, len(t.people.regulars)))].login...)
	case "n":
		return strconv.AppendInt(dst, int64(2+t.rng.IntN(8)), 10)
	case "nn":
		return strconv.AppendInt(dst, int64(10+t.rng.IntN(90)), 10)
	case "boss":
		return append(dst, t.topic.boss...)
	case "item":
		return append(dst, t.topic.item...)
	case "area":
		return append(dst, t.topic.area...)
	case "game":
		return append(dst, t.topic.game...)
	case "opening":
		return append(dst, t.topic.opening...)
	case "rival":
		return append(dst, t.topic.rival...)
	case "pet":
		return append(dst, t.topic.pet...)
	case "count":
		return strconv.AppendInt(dst, int64(t.topic.count), 10)
	case "raider":
		return append(dst, t.topic.raider...)
	case "gifter":
		return append(dst, t.topic.gifter...)
	}
	return append(dst, name...) // a test sees to it that there is none
}
