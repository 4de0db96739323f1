package report

import (
	"bufio"
	"fmt"
	"strings"
	"unicode"
)

// markdown writes the report as GitHub-flavoured Markdown. What chatters wrote
// is escaped, so that it stays text. The plots are drawn in characters.
func (d *document) markdown(out *bufio.Writer) {
	say := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	say("# %s", escape(d.title()))
	drawn := false
	for _, b := range d.blocks() {
		switch b.kind {
		case kindHeading:
			say("\n## %s", escape(b.text))
		case kindParagraph:
			say("\n%s", escape(b.text))
		case kindSmall:
			say("\n_%s_", escape(b.text))
		case kindFacts, kindList:
			say("")
			for _, it := range b.items {
				if it.name == "" {
					say("  * %s", escape(it.text))
					continue
				}
				say("* **%s:** %s", escape(it.name), escape(it.text))
			}
		case kindTables:
			for _, t := range b.table {
				if t.title != "" && len(b.table) > 1 {
					say("\n### %s", escape(t.title))
				}
				markdownTable(say, &t)
			}
		case kindChart:
			if b.chart.bar || drawn {
				continue // the table beside it says the same
			}
			drawn = true // one drawing in characters for all
			if rows := d.drawing(80); len(rows) > 0 {
				say("\n```text")
				for _, row := range rows {
					say("%s", strings.TrimRight(row, " "))
				}
				say("```")
			}
		}
	}
}

func markdownTable(say func(string, ...any), t *table) {
	head, rule := "|", "|"
	for _, c := range t.cols {
		head += " " + escape(c.name) + " |"
		if c.number {
			rule += " ---: |"
		} else {
			rule += " --- |"
		}
	}
	say("\n%s\n%s", head, rule)
	for i, row := range t.rows {
		line := "|"
		for _, cell := range row {
			text := escape(cell)
			if t.total && i == len(t.rows)-1 {
				text = "**" + text + "**"
			}
			line += " " + text + " |"
		}
		say("%s", line)
	}
}

// escape makes Markdown show s as it is. Characters that mean something only
// in some places are left where they mean nothing, so that the source stays
// readable.
func escape(s string) string {
	var b strings.Builder
	text := []rune(clean(s))
	at := func(i int) rune {
		if i < 0 || i >= len(text) {
			return ' '
		}
		return text[i]
	}
	first := true // only space before
	for i, r := range text {
		hot := false
		switch r {
		case '\\', '`', '*', '_', '{', '}', '[', ']', '<', '>', '|', '~', '&', '$', '@', '!', '^':
			hot = true
		case '#': // headings and references to issues
			hot = first || unicode.IsDigit(at(i+1))
		case '-', '+', '=': // lists, rules and underlines
			hot = first || at(i-1) == r || at(i+1) == r
		case ':': // links and emoji by name
			hot = !unicode.IsSpace(at(i+1)) && !unicode.IsDigit(at(i+1))
		case '.': // links without a scheme, and numbered lists
			hot = strings.EqualFold(string(text[max(i-3, 0):i]), "www") || numeral(text[:i]) && unicode.IsSpace(at(i+1))
		case ')':
			hot = numeral(text[:i]) && unicode.IsSpace(at(i+1))
		}
		if hot {
			// As a character reference: it cannot join with its neighbours to
			// anything, links and mentions included.
			fmt.Fprintf(&b, "&#%d;", r)
		} else {
			b.WriteRune(r)
		}
		first = first && unicode.IsSpace(r)
	}
	return b.String()
}

// numeral tells whether a line that begins so could be an item of a numbered
// list.
func numeral(text []rune) bool {
	s := strings.TrimSpace(string(text[:min(len(text), 20)]))
	return s != "" && len(text) <= 20 && strings.Trim(s, "0123456789") == ""
}
