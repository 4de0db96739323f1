package sentiment

import "strings"

// Words that say little and occur everywhere tell a language. A word may be of
// several; words that are English as well are left out, and so are those that
// chat uses in English sentences.
var functionWords = [...]struct{ code, words string }{
	{"en", `the a an is are am was were be been i you he she we they it this that these those to of and in on at for with from by as
		my your his her our their its what who how when where why which do does did don't dont have has had will would can could
		should not but if so just all any some there here then than too very i'm im it's its you're that's let's me us him them
		about up out get got go going know think see one more now only because want need make`},
	{"es", `que pero esta está este esto ese eso muy como cómo porque cuando donde dónde tiene hola gracias para con una los las del por más
		también soy eres qué el yo su mi tu se lo le al hay ya está esa hacer juega juego nada todo vamos bien`},
	{"pt", `que não nao você voce vc mas muito isso esse essa uma para com tá vai também ele ela quem porque obrigado os um na em do da eu
		meu seu pra pro tem já mais jogo agora`},
	{"de", `ich nicht und das ist der ein eine einen auch mit wie warum aber wir sie bist kann noch schon jetzt mal auf für von zu den dem es
		du er hab habe wenn dann nur oder sind wird doch was`},
	{"fr", `je est pas les une des dans avec pour mais c'est tu qui sur vous nous quoi très oui comme ça suis il elle le la de du que et un
		j'ai mon ton son au ce cette plus bien fait`},
	{"it", `che non sono per una con come questo ma perché anche ciao grazie molto di della cosa hai fatto il gli è ho un si ci più tutto
		quando dove bene`},
	{"pl", `nie jest się sie co jak czy ale dla tak już juz mnie tylko gdzie kiedy który ktory jeszcze na za po jestem masz ma to w z i
		tego ten było bylo będzie cały tu ty mam`},
	{"tr", `bir bu ne çok için ama var yok değil ben sen abi mi ve da de bana nasıl neden kim iyi kadar gibi daha`},
	{"nl", `het een niet van ik je wat maar ook voor zijn dat met naar zo nog wel gaat heeft deze hoe waarom geen bij ben de en`},
	{"sv", `och inte jag det är på som ett till av har den med för om men vad han hon du kan ska från en`},
	{"da", `ikke jeg og det er på som et til af har den med for om men hvad han hun du kan skal fra en nei hva`},
}

// languages tells languages apart by their function words.
type languages struct {
	table table
	masks []uint16 // bit i: a word of functionWords[i]
}

func newLanguages() languages {
	masks := map[string]uint16{}
	var order []string
	for i := range functionWords {
		for _, w := range strings.Fields(functionWords[i].words) {
			if masks[w] == 0 {
				order = append(order, w)
			}
			masks[w] |= 1 << i
		}
	}
	l := languages{table: newTable(len(order)), masks: make([]uint16, 0, len(order))}
	for _, w := range order {
		if l.table.put(foldKey(w), int32(len(l.masks))) {
			l.masks = append(l.masks, masks[w])
		}
	}
	return l
}

// of returns the language of the words of s as a row of functionWords, or -1
// where it cannot be told. It wants two function words, and twice as many as
// any English ones.
func (l *languages) of(s *scratch) int {
	var hits [len(functionWords)]uint8
	for i := range s.n {
		t := &s.tokens[i]
		if t.kind != kindWord && t.kind != kindForeign {
			continue
		}
		if at := l.table.get(t.key); at >= 0 {
			for m, k := l.masks[at], 0; m != 0; m, k = m>>1, k+1 {
				hits[k] += uint8(m & 1)
			}
		}
	}
	best := 0
	for k := range hits {
		if hits[k] > hits[best] {
			best = k
		}
	}
	switch {
	case hits[best] == 0, best > 0 && (hits[best] < 2 || hits[best] < 2*hits[0]):
		return -1
	}
	return best
}

// Language guesses the language of text from its most common words: an ISO
// 639-1 code, or "" where a message is too short to tell or the language is
// none of those that the engine knows by name (da, de, en, es, fr, it, nl, pl,
// pt, sv, tr). Only English is judged by its words.
func (e *Engine) Language(text string) string {
	var s scratch
	s.tokenize(e.lex, text, nil)
	if k := e.lex.languages.of(&s); k >= 0 {
		return functionWords[k].code
	}
	return ""
}
