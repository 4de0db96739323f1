package report

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"chatmood/internal/analysis"
)

// hide replaces people's names wherever the report holds them. Pseudonyms are
// numbers in the order in which people first stand in the report, the most
// active first; nothing of a name goes into them, so they cannot be turned
// back. Names of people whom the report does not list are recognised only
// behind an "@".
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
	for i := range s.Terms {
		s.Terms[i].Term = h.text(s.Terms[i].Term)
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
		for i := range src.Problems {
			src.Problems[i] = h.text(src.Problems[i])
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
	n     int
	all   bool // each has a name of their own
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

// text replaces known names, as whole words, and mentions of anybody.
func (h *hider) text(s string) string {
	s = mention.ReplaceAllStringFunc(s, func(m string) string {
		if p, ok := h.known[strings.ToLower(m[1:])]; ok {
			return p
		}
		return someone
	})
	var b strings.Builder
	word := func(w string) {
		if p, ok := h.known[strings.ToLower(w)]; ok {
			w = p
		}
		b.WriteString(w)
	}
	start := -1
	for i, r := range s {
		inside := r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
		switch {
		case inside && start < 0:
			start = i
		case !inside && start >= 0:
			word(s[start:i])
			start = -1
		}
		if !inside {
			b.WriteRune(r)
		}
	}
	if start >= 0 {
		word(s[start:])
	}
	return b.String()
}
