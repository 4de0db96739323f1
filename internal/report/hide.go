package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"chatmood/internal/analysis"
)

// hide replaces people's names wherever the report holds them. Pseudonyms are
// numbers in the order in which people first stand in the report, the most
// active first; nothing of a name goes into them, so they cannot be turned
// back. Names of people whom the report does not list are recognised only
// behind an "@". The channel keeps its name: the report is about it.
func (d *document) hide() {
	h := hider{known: map[string]string{}, all: d.opt.Chatters == Pseudonyms}
	s := d.s
	top := &s.Chatters.Top
	for _, list := range []*[]analysis.Chatter{&top.All, &top.Positive, &top.Neutral, &top.Negative} {
		for i := range *list {
			c := &(*list)[i]
			name := h.name(c.Login, c.Name)
			c.Login, c.Name = strings.ToLower(strings.ReplaceAll(name, " ", "_")), name
		}
	}
	marks := func(list []analysis.Mark) {
		for i := range list {
			list[i].Name = h.name(list[i].Name)
			list[i].Text = "" // Twitch's sentence begins with the name
		}
	}
	marks(s.Marks)
	marks(d.r.Timeline.Marks)
	if !h.all {
		*top = analysis.TopChatters{All: []analysis.Chatter{}, Positive: []analysis.Chatter{}, Neutral: []analysis.Chatter{}, Negative: []analysis.Chatter{}}
	}
	// All names are known now.
	h.ready()
	for i := range s.Terms {
		s.Terms[i].Term = h.text(s.Terms[i].Term)
	}
	for i := range s.Emotes {
		s.Emotes[i].Term = h.text(s.Emotes[i].Term)
	}
	for i := range s.Waves {
		s.Waves[i].Text = h.text(s.Waves[i].Text)
	}
	for _, list := range [][]analysis.Moment{s.Moments, d.r.Timeline.Moments} {
		for i := range list {
			list[i].Label = h.text(list[i].Label)
		}
	}
	if src := d.r.Source; src != nil {
		src.File = h.text(src.File)
		for _, list := range [][]string{src.Problems, src.Notes} {
			for i := range list {
				list[i] = h.text(list[i])
			}
		}
	}
	if d.summary != nil {
		for i := range d.summary.Sentences {
			d.summary.Sentences[i].Text = h.text(d.summary.Sentences[i].Text)
		}
	}
	d.name, d.note = h.text(d.name), h.text(d.note)
	for i := range d.tags {
		d.tags[i] = h.text(d.tags[i])
	}
}

// hider knows who is called what.
type hider struct {
	known map[string]string // by login and display name, lower case
	parts *regexp.Regexp    // names that are looked for within words too; nil: none
	n     int
	all   bool // each has a name of their own
}

// ready is called when all names are known. It picks those that are looked for
// within words: such as are long enough to be somebody's alone, such of scripts
// that do not divide words, and such as are no words.
func (h *hider) ready() {
	var parts []string
	for name := range h.known {
		n := len([]rune(name))
		ascii := strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 }) < 0
		word := strings.IndexFunc(name, func(r rune) bool { return !inWord(r) }) < 0
		if n >= 6 || n >= 2 && (!ascii || !word) {
			parts = append(parts, name)
		}
	}
	if len(parts) == 0 {
		return
	}
	// The longest is tried first.
	slices.SortFunc(parts, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	h.parts = regexp.MustCompile("(?i)" + strings.Join(parts, "|"))
}

// someone stands for whom the report does not list, or does not want to.
const someone = "somebody"

// name returns what a person is called; names are all that they are known by.
func (h *hider) name(names ...string) string {
	for _, n := range names {
		if p, ok := h.known[strings.ToLower(n)]; ok && n != "" {
			for _, other := range names {
				if _, taken := h.known[strings.ToLower(other)]; !taken && other != "" {
					h.known[strings.ToLower(other)] = p
				}
			}
			return p
		}
	}
	if cmp.Or(names...) == "" {
		return someone
	}
	p := someone
	if h.all {
		h.n++
		p = fmt.Sprintf("Chatter %d", h.n)
	}
	for _, n := range names {
		if n != "" {
			h.known[strings.ToLower(n)] = p
		}
	}
	return p
}

// mention is a name behind an "@", as chat writes to people.
var mention = regexp.MustCompile(`@[\p{L}\p{N}_]+`)

// text replaces known names, and mentions of anybody.
func (h *hider) text(s string) string {
	// What was put in is not looked through again: somebody may be called
	// "somebody".
	var b strings.Builder
	rest := s
	for rest != "" {
		at := mention.FindStringIndex(rest)
		if at == nil {
			break
		}
		b.WriteString(h.words(rest[:at[0]]))
		if p, ok := h.known[strings.ToLower(rest[at[0]+1:at[1]])]; ok {
			b.WriteString(p)
		} else {
			b.WriteString(someone)
		}
		rest = rest[at[1]:]
	}
	b.WriteString(h.words(rest))
	return b.String()
}

// words replaces names in text without mentions.
func (h *hider) words(s string) string {
	if h.parts == nil {
		return h.whole(s)
	}
	var b strings.Builder
	last := 0
	for _, at := range h.parts.FindAllStringIndex(s, -1) {
		b.WriteString(h.whole(s[last:at[0]]))
		// Letters that fold in more than one way may miss.
		b.WriteString(cmp.Or(h.known[strings.ToLower(s[at[0]:at[1]])], someone))
		last = at[1]
	}
	b.WriteString(h.whole(s[last:]))
	return b.String()
}

// whole replaces names that are whole words.
func (h *hider) whole(s string) string {
	var b strings.Builder
	word := func(w string) {
		b.WriteString(cmp.Or(h.known[strings.ToLower(w)], w))
	}
	start := -1
	for i, r := range s {
		switch inside := inWord(r); {
		case inside && start < 0:
			start = i
		case !inside && start >= 0:
			word(s[start:i])
			start = -1
			fallthrough
		case !inside:
			b.WriteRune(r)
		}
	}
	if start >= 0 {
		word(s[start:])
	}
	return b.String()
}

func inWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}
