package mongo

import (
	"regexp"
	"strings"
	"unicode"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/text/unicode/norm"

	"chatmood/internal/account"
)

// pattern returns an expression that finds a text literally, whatever the case
// and the encoding of accents, in documents that hold nothing folded. It does
// not use the option for that: servers do not agree on letters beyond ASCII.
func pattern(text string) bson.Regex {
	var b strings.Builder
	runes := []rune(strings.ReplaceAll(account.Fold(text), "\x00", ""))
	for i := 0; i < len(runes); i++ {
		if runes[i] == 's' && i+1 < len(runes) && runes[i+1] == 's' {
			b.WriteString("(?:[sSſ][sSſ]|ß|ẞ)") // ß is folded to ss
			i++
			continue
		}
		whole := cases(runes[i])
		parts := norm.NFD.String(string(runes[i]))
		if parts == string(runes[i]) {
			b.WriteString(whole)
			continue
		}
		b.WriteString("(?:" + whole + "|")
		for _, r := range parts {
			b.WriteString(cases(r))
		}
		b.WriteString(")")
	}
	return bson.Regex{Pattern: b.String()}
}

// cases is an expression for a character in all its cases.
func cases(r rune) string {
	all := string(r)
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		all += string(other)
	}
	if all == string(r) {
		return regexp.QuoteMeta(all)
	}
	return "[" + all + "]"
}
