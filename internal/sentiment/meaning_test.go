package sentiment_test

import (
	"testing"

	"chatmood/internal/sentiment"
)

// TestMeanings says what messages mean and why. Unlike the golden file it
// holds only judgements that must be right.
func TestMeanings(t *testing.T) {
	e := sentiment.New()
	for _, group := range []struct {
		why      string
		want     sentiment.Label
		messages []string
	}{
		{"excitement", sentiment.Positive, []string{"LETS GOOOO", "HYPE HYPE HYPE", "holy shit that was amazing", "OMG OMG OMG", "that clutch was insane", "YESSSS", "we're so back"}},
		{"emotes of joy", sentiment.Positive, []string{"PogChamp", "Pog", "POGGERS", "FeelsGoodMan", "EZ Clap", "catJAM", "HYPERS", "BlessRNG"}},
		{"laughter", sentiment.Positive, []string{"LUL", "KEKW", "OMEGALUL", "lol", "loooool", "hahahaha", "jajajaja que bueno", "lmao", "xD", "😂😂", "im dead lmao"}},
		{"praise", sentiment.Positive, []string{"best streamer on the whole site <3", "nice shot", "what a legend", "he is the goat", "this song slaps", "goated", "W streamer", "huge W for the team", "fuck yeah"}},
		{"greetings, thanks and wishes", sentiment.Positive, []string{"hi chat VoHiYo", "@user hi", "thanks for the stream", "ty", "happy birthday!!", "take care everyone, good night", "it's ok you got this", "get well soon", "gg wp", "<3"}},
		{"emoji and faces", sentiment.Positive, []string{"❤️", "🔥🔥🔥", "👏👏👏", ":)", ":D", "🎉🎉", "o7 good run"}},
		{"channel emotes with known ends", sentiment.Positive, []string{"forsenLUL", "mangoHYPE mangoHYPE", "xqcL", "streamerGG streamerGG"}},
		{"slang that sounds bad and is good", sentiment.Positive, []string{"that was sick", "sick play", "nasty play", "fucking insane play", "so hyped for the finals"}},
		{"contempt and insults", sentiment.Negative, []string{"worst player ever", "uninstall trash", "this team is garbage", "so toxic", "stfu", "shut up", "noob team", "cringe", "what a clown", "what a joke"}},
		{"contempt with laughter", sentiment.Negative, []string{"KEKW trash", "KEKW actual trash", "LUL so bad", "he is trash LULW", "you are dogwater KEKW", "imagine losing to that"}},
		{"emotes of sorrow, fear and disgust", sentiment.Negative, []string{"Sadge", "FeelsBadMan", "BibleThump", "NotLikeThis", "PepeHands he is gone", "WutFace", "DansGame", "ResidentSleeper", "monkaS", "Despairge"}},
		{"complaint and boredom", sentiment.Negative, []string{"not again Sadge", "this map again ResidentSleeper", "boring", "so slow", "ads again", "why is the stream lagging", "i hate this game", "too loud", "unlucky", "they choked again", "much worse"}},
		{"loss", sentiment.Negative, []string{"F", "rip", "RIP the run", "NOOOOO", "omg rip", "oof", "pain", "it's over", "L"}},
		{"irony that the message shows", sentiment.Negative, []string{"nice aim LUL", "nice aim Kappa", "best player in the world Kappa", `"pro player" Kappa`, "great throw LUL"}},
		{"negated praise", sentiment.Negative, []string{"not good", "that was not fun", "this isn't fun anymore"}},
		{"idioms of praise", sentiment.Positive, []string{"not bad", "not bad at all", "that was not bad", "can't complain", "let him cook", "LET HIM COOK", "never boring", "this is never boring", "nothing wrong with that", "killing it", "he is killing it today", "never gets old", "can't wait", "couldn't be better", "no complaints here"}},
		{"idioms of blame", sentiment.Negative, []string{"not good at all", "this ain't it", "no one cares", "never lucky", "hate to see it", "thanks for nothing", "not funny", "nobody asked"}},
		{"sad emoji and faces", sentiment.Negative, []string{":(", "👎", "😡", "T_T", ">:("}},
		{"channel emotes with known ends", sentiment.Negative, []string{"moon2SAD", "channelRage"}},
		{"questions", sentiment.Neutral, []string{"what rank is he", "what song is this?", "is this ranked?", "who is playing next?", "1440p?", "did he win the last one?", "does anyone know the song"}},
		{"information and advice", sentiment.Neutral, []string{"he died at 3:20", "the patch comes out on tuesday", "I play on a gamepad", "use the other key", "go left", "you need to press the button twice", "2-1", "level 40 already"}},
		{"no feeling that could be told", sentiment.Neutral, []string{"Kappa", "?", "...", "maybe", "idk", "hmm", "1", "<url>", "🤔"}},
		{"bait: good and bad words inside others", sentiment.Neutral, []string{"goods", "badge", "assassin class", "glass cannon build", "scunthorpe", "password reset", "dead by daylight", "left 4 dead", "killing floor", "cockpit view", "buddha bar", "deadline", "ice cold"}},
	} {
		for _, m := range group.messages {
			if s := judge(e, m); s.Label != group.want {
				t.Errorf("%s: %q is %v (%.2f), want %v", group.why, m, s.Label, s.Value, group.want)
			}
		}
	}
}

// TestIdiomsMeanWhatTheyMean asks of every idiom of the lexicon with a clear
// rating that the engine as a whole agrees, and not with its words.
func TestIdiomsMeanWhatTheyMean(t *testing.T) {
	e := sentiment.New()
	n := 0
	for _, x := range sentiment.RatedEntries() {
		if !x.Idiom || x.Valence < 0.5 && x.Valence > -0.5 {
			continue
		}
		n++
		for _, text := range []string{x.Text, "@user " + x.Text} {
			if s := judge(e, text); (s.Value > 0) != (x.Valence > 0) {
				t.Errorf("%q is %v (%.2f), rated %.2f", text, s.Label, s.Value, x.Valence)
			}
		}
	}
	if n < 200 {
		t.Errorf("%d idioms, want 200 at least", n)
	}
}

// TestEmoteNamesThatAreWords tells an emote from a word that begins a sentence.
func TestEmoteNamesThatAreWords(t *testing.T) {
	e := sentiment.New()
	for text, want := range map[string]bool{
		"Waiting": true, "Waiting Waiting Waiting": true, "Stare": true, "Cooking Cooking": true, "Stare KEKW": true,
		"Waiting for the next match": false, "Cooking stream today": false, "Stare at the map": false, "ok. Waiting for him": false,
	} {
		if got := judge(e, text).Flags&sentiment.FlagEmoteOnly != 0; got != want {
			t.Errorf("%q: emotes only is %v, want %v", text, got, want)
		}
	}
	with, without := judge(e, "Waiting for the next match"), judge(e, "waiting for the next match")
	if with != without {
		t.Errorf("a capital at the beginning changes %+v to %+v", without, with)
	}
}

// TestLabelsHaveAScore keeps the score away from zero where there is praise or
// blame.
func TestLabelsHaveAScore(t *testing.T) {
	e := sentiment.New()
	for _, m := range messages(t) {
		if s := judge(e, m); s.Label == sentiment.Positive && s.Value < 0.05 || s.Label == sentiment.Negative && s.Value > -0.05 {
			t.Errorf("%q is %v with a score of %v", m, s.Label, s.Value)
		}
	}
}

// TestRulesAlone checks the context rules without the model.
func TestRulesAlone(t *testing.T) {
	e, err := sentiment.NewWith(sentiment.Options{NoModel: true})
	if err != nil {
		t.Fatal(err)
	}
	value := func(text string) float32 { return judge(e, text).Value }
	for _, c := range []struct{ why, low, high string }{
		{"negation turns", "not good", "good"},
		{"a negated word is milder than its opposite", "terrible", "not good"},
		{"negation ends with the clause", "no, good stream", "good stream pog"},
		{"strengthening", "good play", "very good play"},
		{"weakening", "kinda amazing", "amazing"},
		{"but", "amazing map but terrible team", "terrible team but amazing map"},
		{"drawn out", "nice", "niceeeee"},
		{"repeated", "Sadge Sadge Sadge", "Sadge"},
		{"exclamation", "good play", "good play!!!"},
		{"laughter beside contempt", "KEKW trash", "KEKW"},
		{"irony turns praise", "amazing player Kappa", "amazing player"},
		{"a sad emote dampens praise", "nice FeelsBadMan", "nice FeelsGoodMan"},
		{"a phrase is more than its words", "bad", "not bad"},
		{"shouting one word", "a TERRIBLE idea", "a terrible idea"},
	} {
		if low, high := value(c.low), value(c.high); low >= high {
			t.Errorf("%s: %q is %.2f, %q is %.2f", c.why, c.low, low, c.high, high)
		}
	}
}

func TestNewWithFaults(t *testing.T) {
	for name, model := range map[string][]byte{
		"too short":   []byte("chatmood"),
		"wrong magic": make([]byte, 4096),
	} {
		if _, err := sentiment.NewWith(sentiment.Options{Model: model}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
