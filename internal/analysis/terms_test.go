package analysis

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

// termsIn returns the words and emotes that a message is counted under.
func termsIn(s *Session, m *chat.Message) (words, emotes []string) {
	s.Add(m, nil)
	for _, t := range s.TopTerms(false, "", 1000) {
		words = append(words, t.Term)
	}
	for _, t := range s.TopTerms(true, "", 1000) {
		emotes = append(emotes, t.Term)
	}
	return words, emotes
}

func TestTerms(t *testing.T) {
	for _, c := range []struct {
		text, words, emotes string
	}{
		{"", "", ""},
		{"   ", "", ""},
		{"Hello Boss", "boss hello", ""},
		{"the boss is the BOSS", "boss", ""}, // once a message, no stop words
		{"boss, (fight)! fight... \"clip\"", "boss clip fight", ""},
		{"don't can't it's", "", ""},
		{"streamer's d'oh", "doh streamers", ""},
		{"a b c x", "", ""},
		{"W w L F f", "F L W", ""},
		{"W!!! L...", "L W", ""},
		{"1 7 67 1000 10:30", "1000 10 30 67", ""},
		{"loooool NOOOOOB goooood hellooooo wowwww pleeeease", "good hello lol noob please wow", ""},
		{"wwww aaaaaa", "aaa www", ""},
		{"hahahaha hahahahah ahahaha jajajaja lololol", "ahah haha jaja lol", ""},
		{"banana wiiiin", "banana win", ""}, // no period over all of it
		{"https://example.com/a www.example.org clips.twitch.tv/x example.com user@example.com", "", ""},
		{"wait...what ok.so", "wait", ""},
		{"@viewer_one boss @Viewer_Two", "boss", ""},
		{"go/left left-right snake_case", "left right snake_case", ""},
		{"KEKW kekw LULW PogU peepoHappy", "kekw", "KEKW LULW PogU peepoHappy"},
		{"KEKW KEKW KEKW", "", "KEKW"},
		{"streamerHype iPhone YouTube McDonald ViewerOneTV", "iphone mcdonald vieweronetv youtube", "streamerHype"},
		{"RainbowDance ClapCC GoNow NiP BigMaN4", "nip", "BigMaN4 ClapCC GoNow RainbowDance"},
		{"Word SHOUT ThEy's A-Team streamer2", "shout streamer2 team theys word", ""},
		{"Pog, Pog", "pog", "Pog"}, // an emote is a whole word between spaces
		{"D: EZ 5Head", "", "5Head D: EZ"},
		{"größe SCHÖN Привет", "größe schön привет", ""},
		{"даааааа ñoñooo", "да ñoño", ""},
		{"草 すごい 上手い", "すごい 上手 草", ""},
		{"今日の配信は最高です", "です 今日 最高 配信", ""},
		{"直播间人气爆炸", "人气 播间 气爆 爆炸 直播 间人", ""},
		{"ナイス、ゲーム！", "ゲーム ナイス", ""},
		{"ㅋㅋㅋㅋㅋㅋ ㅋㅋ 안녕하세요", "ㅋㅋ 안녕하세요", ""},
		{"สวัสดี", "สวัสดี", ""},
		{"gg😂😂😂 👍🏽👍🏽 ❤️ 🇩🇪🇫🇷 👩‍💻", "gg", "❤️ 🇩🇪 🇫🇷 👍🏽 👩‍💻 😂"},
		{"boss 󠀀", "boss", ""}, // the invisible sign that clients append
		{"boss \u034f", "boss", ""},
		{"boss\u200b", "boss", ""},
		{"⣿⣿⣿⣿ ░░▓▓ ──", "", ""},
		{strings.Repeat("x", 500), "xxx", ""},
		{strings.Repeat("qz", 300), "qzqz", ""},
		{strings.Repeat("qza", 300), "", ""},
	} {
		words, emotes := termsIn(New("s", "demo", testStart, Options{}), &chat.Message{Login: "a", Text: c.text})
		slices.Sort(words)
		slices.Sort(emotes)
		wantWords, wantEmotes := strings.Fields(c.words), strings.Fields(c.emotes)
		slices.Sort(wantWords)
		slices.Sort(wantEmotes)
		if strings.Join(words, " ") != strings.Join(wantWords, " ") || strings.Join(emotes, " ") != strings.Join(wantEmotes, " ") {
			t.Errorf("%q: words %q, emotes %q; want %q, %q", c.text, words, emotes, wantWords, wantEmotes)
		}
	}
}

func TestTwitchEmotesByRange(t *testing.T) {
	text := "hi Kappa boss Kappa :) <3"
	m := chat.Message{Login: "a", Text: text, Emotes: []chat.Emote{
		{ID: "25", Name: "Kappa", Start: 3, End: 8},
		{ID: "25", Name: "Kappa", Start: 14, End: 19},
		{ID: "1", Start: 20, End: 22}, // without a name: the text it covers
		{ID: "9", Name: "<3", Start: 23, End: 25},
		{ID: "bad", Name: "", Start: 400, End: 420},
		{ID: "bad", Name: "", Start: -4, End: -2},
	}}
	s := New("s", "demo", testStart, Options{})
	s.Add(&m, &sentiment.Score{Label: sentiment.Positive})
	want := []Term{
		{Term: ":)", Count: 1, Positive: 1, EmoteID: "1"},
		{Term: "<3", Count: 1, Positive: 1, EmoteID: "9"},
		{Term: "Kappa", Count: 1, Positive: 1, EmoteID: "25"},
	}
	if got := s.TopTerms(true, "", 10); !slices.Equal(got, want) {
		t.Errorf("emotes %+v, want %+v", got, want)
	}
	if got := s.TopTerms(false, "", 10); len(got) != 2 || got[0].Term != "boss" || got[1].Term != "hi" {
		t.Errorf("words %+v", got)
	}
}

func TestIsEmoteOption(t *testing.T) {
	s := New("s", "demo", testStart, Options{IsEmote: func(w string) bool { return w == "buhbye" }})
	words, emotes := termsIn(s, &chat.Message{Login: "a", Text: "buhbye BUHBYE KEKW"})
	if !slices.Equal(words, []string{"buhbye"}) || !slices.Equal(emotes, []string{"KEKW", "buhbye"}) {
		t.Errorf("words %q, emotes %q", words, emotes)
	}
}

func TestTopTermsByLabel(t *testing.T) {
	s := New("s", "demo", testStart, Options{})
	for i, l := range []sentiment.Label{sentiment.Positive, sentiment.Positive, sentiment.Negative, sentiment.Neutral} {
		s.Add(&chat.Message{Login: "a", Text: []string{"boss", "boss clip", "clip", "boss"}[i]}, &sentiment.Score{Label: l})
	}
	if got := s.TopTerms(false, "negative", 5); len(got) != 1 || got[0] != (Term{Term: "clip", Count: 2, Positive: 1, Negative: 1}) {
		t.Errorf("negative: %+v", got)
	}
	if got := s.TopTerms(false, "", 1); len(got) != 1 || got[0] != (Term{Term: "boss", Count: 3, Positive: 2, Neutral: 1}) {
		t.Errorf("all: %+v", got)
	}
	if got := s.TopTerms(false, "cheerful", 5); got == nil || len(got) != 0 {
		t.Errorf("an unknown label: %+v", got)
	}
}

// Names of chatters and of the channel are no emotes, however they are written.
func TestNamesAreNoEmotes(t *testing.T) {
	s := New("s", "bigdemo", testStart, Options{})
	s.Add(&chat.Message{Login: "viewerone", DisplayName: "ViewerOne", Text: "hi", Time: testStart}, nil)
	words, emotes := termsIn(s, &chat.Message{Login: "a", Text: "ViewerOne BigDemo ViewerTwo", Time: testStart})
	if !slices.Equal(words, []string{"bigdemo", "hi", "viewerone"}) || !slices.Equal(emotes, []string{"ViewerTwo"}) {
		t.Errorf("words %q, emotes %q", words, emotes)
	}
}

// FuzzAdd gives any text and emote ranges to a session.
func FuzzAdd(f *testing.F) {
	for _, s := range []string{"", "hi KEKW", "草草草", "😂\u200d", "a\xffb", strings.Repeat("w", 600), "!x", "ㅋㅋㅋ ้้้้", "🇩", "can''t…—", strings.Repeat("a b ", 200)} {
		f.Add(s, 0, 3)
	}
	f.Fuzz(func(t *testing.T, text string, from, to int) {
		s := New("s", "demo", testStart, Options{Terms: 20, Emotes: 3})
		m := chat.Message{Login: "a", Text: text}
		if from < to && to <= len(text) {
			m.Emotes = []chat.Emote{{ID: "1", Start: from, End: to}}
		}
		s.Add(&m, nil)
		m.Login, m.ID = "b", "2"
		s.Add(&m, nil)
		m.Login, m.ID = "c", "3"
		s.Add(&m, nil)
		if c := s.Counts(); c.Total+c.Commands != 3 {
			t.Fatalf("%+v", c)
		}
		for _, emotes := range []bool{false, true} {
			for _, x := range s.TopTerms(emotes, "", 100) {
				if x.Term == "" || x.Count > 3+s.terms.maxError()+s.emotes.maxError() {
					t.Errorf("term %+v of %q", x, text)
				}
				if utf8.ValidString(text) && !utf8.ValidString(x.Term) && len(m.Emotes) == 0 {
					t.Errorf("%q: the term %q is not valid UTF-8", text, x.Term)
				}
			}
		}
		s.Delete("2")
		if _, err := Restore(s.Checkpoint(true), Options{}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}
