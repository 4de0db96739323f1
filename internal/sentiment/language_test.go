package sentiment_test

import (
	"testing"

	"chatmood/internal/sentiment"
)

func TestLanguage(t *testing.T) {
	e := sentiment.New()
	for text, want := range map[string]string{
		"what is he doing over there":            "en",
		"the left door is locked":                "en",
		"hola como esta el juego":                "es",
		"não sei o que ele vai fazer agora":      "pt",
		"ich glaube das ist nicht der richtige":  "de",
		"je ne sais pas mais c'est dans le menu": "fr",
		"non so che cosa sono questi":            "it",
		"jak jest po tym meczu":                  "pl",
		"bu ne kadar daha var":                   "tr",
		"ik weet niet wat het is":                "nl",
		"jag vet inte vad det är":                "sv",
		"":                                       "",
		"LUL":                                    "",
		"PogChamp PogChamp":                      "",
		"que":                                    "",
	} {
		if got := e.Language(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

// TestOtherLanguagesAreNotScored leaves sentences alone that the engine cannot
// read, unless an emote or laughter says what they mean.
func TestOtherLanguagesAreNotScored(t *testing.T) {
	e := sentiment.New()
	for _, text := range []string{"não sei o que ele vai fazer agora", "como esta el juego ahora para los amigos", "ich glaube das ist nicht der", "jag vet inte vad det är"} {
		if s := judge(e, text); s.Flags&sentiment.FlagUnscored == 0 || s.Label != sentiment.Neutral || s.Confidence != 0 {
			t.Errorf("%q: %+v, want not scored", text, s)
		}
		if s := judge(e, text+" PogChamp"); s.Flags&sentiment.FlagUnscored != 0 || s.Label != sentiment.Positive {
			t.Errorf("%q with an emote: %+v, want positive", text, s)
		}
	}
	for _, text := range []string{"what is he doing over there", "the left door is locked", "gg", "maybe", "que"} {
		if s := judge(e, text); s.Flags&sentiment.FlagUnscored != 0 {
			t.Errorf("%q is not scored", text)
		}
	}
}
