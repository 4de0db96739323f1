package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/history"
)

// listed are entries with many equal values in what they are sorted by.
func listed(n int) []*history.Entry {
	var list []*history.Entry
	for i := 1; i <= n; i++ {
		e := entry(i)
		e.CreatedAt = savedAt.Add(time.Duration(i*7%n/4) * time.Second)
		e.Channel = fmt.Sprintf("channel_%d", i%3)
		e.Name = []string{"", "beta", "alpha", "Gamma"}[i%4]
		e.Seconds, e.Counts.Total = int64(i%5*10), int64(i%6*100)
		if i%3 != 0 {
			mood := float64(i%4)/2 - 1
			e.Mood = &mood
		}
		list = append(list, e)
	}
	return list
}

// testHistoryOrder compares lists with the order that Go finds.
func testHistoryOrder(t *testing.T, s HistoryStore) {
	const n = 37
	all := listed(n)
	for _, e := range all {
		noError(t, s.Create(t.Context(), e, nil))
	}
	for sort, compare := range map[history.Sort]func(a, b *history.Entry) int{
		"":                    func(a, b *history.Entry) int { return a.CreatedAt.Compare(b.CreatedAt) },
		history.SortCreated:   func(a, b *history.Entry) int { return a.CreatedAt.Compare(b.CreatedAt) },
		history.SortChannel:   func(a, b *history.Entry) int { return strings.Compare(a.Channel, b.Channel) },
		history.SortName:      func(a, b *history.Entry) int { return strings.Compare(account.Fold(a.Name), account.Fold(b.Name)) },
		history.SortDuration:  func(a, b *history.Entry) int { return cmp.Compare(a.Seconds, b.Seconds) },
		history.SortMessages:  func(a, b *history.Entry) int { return cmp.Compare(a.Counts.Total, b.Counts.Total) },
		history.SortMood:      func(a, b *history.Entry) int { return cmp.Compare(*a.Mood, *b.Mood) },
		"note; DROP TABLE x":  func(a, b *history.Entry) int { return a.CreatedAt.Compare(b.CreatedAt) },
		"$where; counts.{}[]": func(a, b *history.Entry) int { return a.CreatedAt.Compare(b.CreatedAt) },
	} {
		for _, descending := range []bool{false, true} {
			sorted := slices.Clone(all)
			slices.SortFunc(sorted, func(a, b *history.Entry) int {
				sign := 1
				if descending {
					sign = -1
				}
				if sort == history.SortMood && (a.Mood == nil || b.Mood == nil) {
					switch {
					case a.Mood != nil:
						return -1
					case b.Mood != nil:
						return 1
					}
					return sign * strings.Compare(a.ID, b.ID)
				}
				return sign * cmp.Or(compare(a, b), strings.Compare(a.ID, b.ID))
			})
			want := numbers(history.Page{Entries: sorted})
			for _, size := range []int{0, 1, 7, n} {
				var got []int
				for offset := 0; offset < n; offset += max(size, 1) {
					page := list1(t, s, history.Query{Sort: sort, Descending: descending, Offset: offset, Limit: size})
					if page.Total != n {
						t.Fatalf("by %q: total %d, want %d", sort, page.Total, n)
					}
					got = append(got, numbers(page)...)
					if size == 0 {
						break
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("by %q, descending %v, in pages of %d: %v, want %v", sort, descending, size, got, want)
				}
			}
		}
	}
}

func testHistoryFolded(t *testing.T, s HistoryStore) {
	for i, text := range []string{"Zulu", "alpha", "Beta", "Ärger", "ärger", "ALPHA", "STRASSE", "straße", ""} {
		e := entry(i + 1)
		e.Channel, e.Name = text, text
		noError(t, s.Create(t.Context(), e, nil))
	}
	want := []int{9, 2, 6, 3, 7, 8, 1, 4, 5}
	for _, sort := range []history.Sort{history.SortName, history.SortChannel} {
		if got := numbers(list1(t, s, history.Query{Sort: sort})); !slices.Equal(got, want) {
			t.Errorf("by %s: %v, want %v", sort, got, want)
		}
	}
}

func testHistoryBounds(t *testing.T, s HistoryStore) {
	for i := 1; i <= 5; i++ {
		noError(t, s.Create(t.Context(), entry(i), nil))
	}
	for _, test := range []struct {
		offset, limit int
		want          []int
	}{
		{0, 0, []int{1, 2, 3, 4, 5}},
		{-3, -3, []int{1, 2, 3, 4, 5}},
		{3, 1 << 40, []int{4, 5}},
		{4, 1, []int{5}},
		{5, 1, []int{}},
		{1 << 40, 1, []int{}},
	} {
		page := list1(t, s, history.Query{Offset: test.offset, Limit: test.limit})
		if got := numbers(page); !slices.Equal(got, test.want) || page.Total != 5 {
			t.Errorf("%d from %d: %v of %d, want %v of 5", test.limit, test.offset, got, page.Total, test.want)
		}
	}
}

func testHistoryFilter(t *testing.T, s HistoryStore) {
	for i, e := range []history.Entry{
		{Channel: "ada", Tags: []string{"Größe", "win"}},
		{Channel: "Ada", Tags: []string{"win", "a.b"}},
		{Channel: "ada_2", Tags: []string{"GRÖSSE", "winter"}, Status: history.StatusDeleted},
		{Channel: "ada", UserID: bruno, Tags: []string{"win"}},
		{Channel: "ada", Name: "win", Status: "strange"},
		{Channel: "ada"},
	} {
		base := entry(i + 1)
		base.Channel, base.Tags, base.Name = e.Channel, e.Tags, e.Name
		if e.UserID != "" {
			base.UserID = e.UserID
		}
		if e.Status != "" {
			base.Status = e.Status
		}
		noError(t, s.Create(t.Context(), base, nil))
	}
	minute := func(n int) time.Time { return savedAt.Add(time.Duration(n) * time.Minute) }
	for _, test := range []struct {
		name string
		q    history.Query
		want []int
	}{
		{"active ones", history.Query{}, []int{1, 2, 6}},
		{"active ones by name", history.Query{Status: history.StatusActive}, []int{1, 2, 6}},
		{"archived ones", history.Query{Status: history.StatusDeleted}, []int{3}},
		{"of another status", history.Query{Status: "strange"}, []int{5}},
		{"another's", history.Query{UserID: bruno}, []int{4}},
		{"nobody's", history.Query{UserID: "x"}, []int{}},
		{"a channel, as it is written", history.Query{Channel: "ada"}, []int{1, 6}},
		{"no pattern of channels", history.Query{Channel: "ada%"}, []int{}},
		{"no expression of channels", history.Query{Channel: "a.a"}, []int{}},
		{"a tag", history.Query{Tag: "win"}, []int{1, 2}},
		{"a tag, as it is written", history.Query{Tag: "GRÖSSE"}, []int{}},
		{"a tag with a dot", history.Query{Tag: "a.b"}, []int{2}},
		{"no pattern of tags", history.Query{Tag: "a_b"}, []int{}},
		{"from", history.Query{From: minute(2)}, []int{2, 6}},
		{"from just after", history.Query{From: minute(2).Add(time.Millisecond)}, []int{6}},
		{"to", history.Query{To: minute(2)}, []int{1}},
		{"to just after", history.Query{To: minute(2).Add(time.Millisecond)}, []int{1, 2}},
		{"between", history.Query{From: minute(2), To: minute(6)}, []int{2}},
		{"nothing between", history.Query{From: minute(6), To: minute(2)}, []int{}},
		{"in another zone", history.Query{From: minute(2).In(time.FixedZone("", 3600))}, []int{2, 6}},
		{"all at once", history.Query{Channel: "ada", Tag: "win", From: minute(1), To: minute(2), Search: "GRÖ", Sort: history.SortMood, Descending: true, Limit: 1}, []int{1}},
	} {
		page := list1(t, s, test.q)
		if got := numbers(page); !slices.Equal(got, test.want) || page.Total != len(test.want) {
			t.Errorf("%s: %v of %d, want %v", test.name, got, page.Total, test.want)
		}
	}
}

func testHistorySearch(t *testing.T, s HistoryStore) {
	for i, e := range []history.Entry{
		{Channel: "Some_Body", Name: "100% sure", Note: "see (.*)+$ [a-z] {1}", Tags: []string{"Straße", "two"}},
		{Channel: "ärgernis", Name: `C:\new`, Note: "first line\nsecond line", Tags: []string{"ΣΊΣΥΦΟΣ", `"quoted"`}},
		{Channel: "plain", Name: "Cafe\u0301", Note: "\u212aelvin 😀", Tags: []string{"日本語", "a'b"}, Summary: "hidden", SessionID: "hidden"},
		{Channel: "plain", UserID: bruno, Name: "everything", Tags: []string{"Straße"}},
	} {
		base := entry(i + 1)
		base.Channel, base.Name, base.Note, base.Tags, base.Summary, base.SessionID = e.Channel, e.Name, e.Note, e.Tags, e.Summary, e.SessionID
		if e.UserID != "" {
			base.UserID = e.UserID
		}
		noError(t, s.Create(t.Context(), base, nil))
	}
	for search, want := range map[string][]int{
		"": {1, 2, 3}, "some_body": {1}, "SOME": {1}, "e_b": {1}, "_": {1}, "s_": {}, "%": {1}, "0%": {1}, "0%s": {}, "ody": {1}, " ": {1, 2, 3},
		"(.*)+": {1}, ".*": {1}, "^": {}, "$": {1}, "[a-z]": {1}, "a-z": {1}, "{1}": {1}, `\`: {2}, `\n`: {2}, "new": {2}, `:\`: {2}, "*": {1}, "?": {},
		"STRASSE": {1}, "straße": {1}, "strasse": {1}, "ÄRGER": {2}, "a\u0308RGER": {2}, "σίσυφος": {2}, "σίσυφοσ": {2}, `"quoted"`: {2}, "café": {3}, "CAFÉ": {3},
		"cafe": {}, "kelvin": {3}, "😀": {3}, "本": {3}, "a'b": {3}, "'": {3}, "plain": {3}, "PL": {3}, "hidden": {},
		"first line": {2}, "line\nsecond": {2}, // a note with both
		"body\n": {}, "sure\nsee": {}, "two\n": {}, "bodysee": {}, "Straßetwo": {}, `straße","two`: {}, "bodyy": {}, // nothing across texts
		strings.Repeat("x", 200): {},
	} {
		page := list1(t, s, history.Query{Search: search})
		if got := numbers(page); !slices.Equal(got, want) || page.Total != len(want) {
			t.Errorf("%q finds %v of %d, want %v", search, got, page.Total, want)
		}
	}
	long := entry(9)
	long.Name = strings.Repeat("ä", account.MaxSearchLength) + "y"
	noError(t, s.Create(t.Context(), long, nil))
	if got := numbers(list1(t, s, history.Query{Search: strings.Repeat("Ä", account.MaxSearchLength) + "z"})); !slices.Equal(got, []int{9}) {
		t.Errorf("a text too long finds %v, want what its beginning finds", got)
	}
	if got := numbers(list1(t, s, history.Query{UserID: bruno, Search: "straSSE"})); !slices.Equal(got, []int{4}) {
		t.Errorf("another's search finds %v", got)
	}
}

func testTags(t *testing.T, s HistoryStore) {
	for i, tags := range [][]string{
		{"win", "Größe", "b"}, {"win", "win", "a"}, {"win", "größe"}, nil, {"Größe"}, {"win", "archived"}, {"win", "other"},
	} {
		e := entry(i + 1)
		e.Tags = tags
		if i == 5 {
			e.Status = history.StatusDeleted
		}
		if i == 6 {
			e.UserID = bruno
		}
		noError(t, s.Create(t.Context(), e, nil))
	}
	got, err := s.Tags(t.Context(), anna)
	noError(t, err)
	want := []history.Tag{{Name: "win", Count: 3}, {Name: "Größe", Count: 2}, {Name: "a", Count: 1}, {Name: "b", Count: 1}, {Name: "größe", Count: 1}}
	if !slices.Equal(got, want) {
		t.Errorf("tags %v, want %v: the most frequent first, then by name", got, want)
	}
}

func testTotals(t *testing.T, s HistoryStore) {
	for i, total := range []int64{1, 20, 300, 4000} {
		e := entry(i + 1)
		e.Counts.Total, e.Counts.Positive = total, 99
		if i == 1 {
			e.Status = history.StatusDeleted
		}
		if i == 2 {
			e.UserID = bruno
		}
		noError(t, s.Create(t.Context(), e, nil))
	}
	totals, err := s.Totals(t.Context())
	noError(t, err)
	if want := (history.Totals{Entries: 3, Messages: 4301}); totals != want {
		t.Errorf("totals %+v, want %+v: those of active entries of everybody", totals, want)
	}
	// What only a strange document holds does not break the sum.
	for i := range 3 {
		e := entry(10 + i)
		e.Counts.Total = 1<<63 - 1
		noError(t, s.ImportEntry(t.Context(), e, nil))
	}
	totals, err = s.Totals(t.Context())
	noError(t, err)
	if totals.Entries != 6 || totals.Messages < 1<<62 {
		t.Errorf("totals %+v with huge numbers, want a huge sum", totals)
	}
}
