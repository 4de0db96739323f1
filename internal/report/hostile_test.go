package report

import (
	"strings"

	"chatmood/internal/analysis"
)

// scripts are invented words in many scripts, as names and terms may be.
func scripts() []string {
	return []string{
		"Ærø Łódź Nguyễn", "Привет", "Καλημέρα", "日本語テスト", "한국어 시험", "简体繁體", "مرحبا بالعالم", "שלום עולם", "สวัสดีครับ", "नमस्ते क्षत्रिय",
		"বাংলা ভাষা", "தமிழ் மொழி", "తెలుగు", "ಕನ್ನಡ", "മലയാളം", "ਪੰਜਾਬੀ", "ગુજરાતી", "සිංහල", "ខ្មែរ", "မြန်မာ", "ລາວ", "ქართული", "Հայերեն", "አማርኛ", "ᏣᎳᎩ", "བོད་ཡིག",
		"😀🎉❤️‍🔥👨‍👩‍👧🏳️‍🌈👍🏽", "𝓕𝓪𝓷𝓬𝔂 𝔗𝔢𝔵𝔱", "→ ★ ♥ ½ ≠ ∞ ☃", "(╯°□°)╯︵ ┻━┻", "mixed שלום and 123 עברית!",
	}
}

// hostiles are what chatters write to break what shows it.
func hostiles() []string {
	return []string{
		"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "=HYPERLINK(\"http://evil.example\")", "@SUM(A1)", "|pipe|*bold*`code`[link](http://evil.example)",
		"\u202eRTL override\u202c", "\u2066isolate", "nul\x00byte", "bell\a\x1b[31mred", "\xff\xfe broken \xc3", "line\nbreak\r\n\ttab", "{{.Policy}}", "</style><style>*{display:none}", "]]>", "&lt;b&gt;", "(unbalanced \\ paren", "endstream endobj",
		strings.Repeat("a", 10_000), strings.Repeat("﷽", 300), "z" + strings.Repeat("\u0301", 500), "\U000e0001\U000e0041", "\U0010ffff", "\ue000private", "\U0001d800",
	}
}

// crowd puts texts wherever a report shows what strangers wrote.
func crowd(texts []string) Input {
	r := sample()
	s := &r.Snapshot
	s.Channel = texts[0]
	s.Terms, s.Emotes, s.Waves, s.Marks, s.Moments = nil, nil, nil, nil, nil
	s.Chatters.Top = analysis.TopChatters{}
	top := &s.Chatters.Top
	for i, text := range texts {
		c := analysis.Chatter{Login: text, Name: text, Count: 1000 - i}
		for _, list := range []*[]analysis.Chatter{&top.All, &top.Positive, &top.Neutral, &top.Negative} {
			*list = append(*list, c)
		}
		s.Terms = append(s.Terms, analysis.Term{Term: text, Count: 100, Positive: 40, Neutral: 30, Negative: 30})
		s.Emotes = append(s.Emotes, analysis.Term{Term: text, Count: 100, EmoteID: text})
		s.Waves = append(s.Waves, analysis.Wave{Text: text, Count: 10, Chatters: 4, From: at(20, 1, 0), To: at(20, 2, 0)})
		s.Marks = append(s.Marks, analysis.Mark{At: at(20, i%60, 0), Kind: text, Name: text, Count: 5, Text: text})
		s.Moments = append(s.Moments, analysis.Moment{ID: text, Kind: text, From: at(20, i%60, 0), To: at(20, i%60, 30), Peak: 0.5, Label: text})
		s.Gaps = append(s.Gaps, analysis.Gap{From: at(20, i%60, 10), To: at(20, i%60, 20), Reason: text})
	}
	r.Source.File, r.Source.Format, r.Source.Notes, r.Source.Problems = texts[0], texts[0], texts, texts
	r.Timeline.Marks, r.Timeline.Moments, r.Timeline.Gaps = s.Marks, s.Moments, s.Gaps
	all := strings.Join(texts, "\n")
	return Input{
		Report: r, Name: texts[0], Note: all, Tags: texts,
		Summary: &Summary{Model: texts[0], Sentences: []Sentence{{Text: all}}},
	}
}
