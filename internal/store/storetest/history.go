package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"chatmood/internal/history"
)

// HistoryStore is a store of saved analyses that can be closed and opened again.
type HistoryStore interface {
	history.Store
	history.Archive
	io.Closer
}

// HistoryOpener opens the store that place names; see [Opener].
type HistoryOpener func(t testing.TB, place string) HistoryStore

// RunHistory runs the conformance suite of [history.Store] and [history.Archive].
func RunHistory(t *testing.T, open HistoryOpener) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, HistoryStore)
	}{
		{"nothing is there at first", testHistoryEmpty},
		{"entries keep every field", testEntryFields},
		{"entries of the older system", testEntryLegacy},
		{"an id is used once", testEntryTwice},
		{"figures are replaced", testReplace},
		{"entries are changed", testUpdateEntry},
		{"entries are removed", testRemoveEntry},
		{"only the owner changes anything", testOwner},
		{"entries are found by session", testBySession},
		{"an id is taken once", testCreateTwice},
		{"lists are sorted and paged", testHistoryOrder},
		{"lists are sorted whatever the case", testHistoryFolded},
		{"lists have bounds", testHistoryBounds},
		{"lists are filtered", testHistoryFilter},
		{"lists are searched literally", testHistorySearch},
		{"tags are counted", testTags},
		{"totals add up", testTotals},
		{"a user is removed", testRemoveHistoryOf},
		{"what was archived long ago is removed", testDropArchived},
		{"shared links", testShares},
		{"shared links expire", testSharesExpire},
		{"an entry with very many links", testManyShares},
		{"very large entries", testLargeEntry},
		{"changes at the same time", testHistoryWriters},
		{"cancellation of history calls", testHistoryCancellation},
		{"entries are imported", testImportEntries},
		{"links are imported", testImportShares},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, openHistory(t, open, t.TempDir())) })
	}
	t.Run("history outlives the process", func(t *testing.T) {
		place := t.TempDir()
		s := open(t, place)
		e := fullEntry(1)
		noError(t, s.Create(t.Context(), e, []byte("{}")))
		noError(t, s.CreateShare(t.Context(), newShare(1, e)))
		noError(t, s.Close())
		s = openHistory(t, open, place)
		wantEntry(t, s, e, []byte("{}"))
		if list := shares(t, s, e.ID); len(list) != 1 {
			t.Errorf("%d links after reopening, want 1", len(list))
		}
	})
}

func openHistory(t *testing.T, open HistoryOpener, place string) HistoryStore {
	t.Helper()
	s := open(t, place)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// The owners of entries.
const (
	anna  = "a0000000000000000000000a"
	bruno = "b0000000000000000000000b"
)

// savedAt is when things are saved: stores of history count milliseconds.
var savedAt = epoch.Truncate(time.Millisecond)

// entry returns entry i of Anna's, with little in it; a smaller i has the
// smaller id and was created earlier.
func entry(i int) *history.Entry {
	at := savedAt.Add(time.Duration(i) * time.Minute)
	return &history.Entry{
		ID: fmt.Sprintf("%024x", i), UserID: anna, Channel: "somebody", Status: history.StatusActive,
		CreatedAt: at, UpdatedAt: at, Origin: history.OriginLive,
	}
}

// fullEntry returns entry i with something in every field.
func fullEntry(i int) *history.Entry {
	e := entry(i)
	mood := -0.125
	e.Channel = "some_body"
	e.Counts = history.Counts{Total: 1 << 40, Positive: 3, Neutral: 2, Negative: 1}
	e.TopPositive = []history.Chatter{{Username: "ada", Count: 7}, {Username: "Ünal 😀 \"x\" \\", Count: 2}}
	e.TopNeutral = []history.Chatter{{Username: "$set", Count: 1}}
	e.TopNegative = []history.Chatter{{Username: "", Count: 0}}
	e.Seconds, e.Summary, e.SummaryBy = 3723, "All was well.\nMostly. <b>\u2028", "llama-3"
	e.UpdatedAt = e.CreatedAt.Add(time.Hour)
	e.SessionID, e.StartedAt, e.EndedAt, e.Mood = "séance/№ 1", e.CreatedAt.Add(-2*time.Hour), e.CreatedAt.Add(-time.Hour), &mood
	e.Name, e.Note = "Ärger am Abend '; DROP TABLE history; --", "line one\nline two"
	e.Tags = []string{"größe", "日本語", "a.b", "$x", "with space"}
	e.Client = json.RawMessage(`{"total_chats":12,"nested":{"list":[1,2.5,"x",null,true]},"empty":{}}`)
	e.TimeSeries = json.RawMessage(`[{"x":1757812320000,"y":0.25,"sentiment":"positive"},{"x":1757812380000,"y":1,"sentiment":"neutral"}]`)
	e.Extra = json.RawMessage(`{"favourite":["a",{"b":1.5}],"nothing":null}`)
	return e
}

// entries compares entries: JSON by its meaning, no list as an empty one.
var entries = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.FilterValues(func(a, b json.RawMessage) bool { return json.Valid(a) && json.Valid(b) },
		cmp.Transformer("JSON", func(raw json.RawMessage) (v any) {
			if err := json.Unmarshal(raw, &v); err != nil {
				panic(err) // it was valid
			}
			return v
		})),
}

func getEntry(t testing.TB, s history.Store, id string) *history.Entry {
	t.Helper()
	e, err := s.Get(t.Context(), id)
	noError(t, err)
	return e
}

// wantEntry checks an entry and its report, nil for none.
func wantEntry(t testing.TB, s history.Store, want *history.Entry, report []byte) {
	t.Helper()
	e := *want
	e.HasReport = report != nil
	if diff := cmp.Diff(&e, getEntry(t, s, e.ID), entries); diff != "" {
		t.Errorf("entry (-want +got):\n%s", diff)
	}
	got, err := s.Report(t.Context(), e.ID)
	switch {
	case report == nil && !errors.Is(err, history.ErrNotFound):
		t.Errorf("report %.40q, %v; want none", got, err)
	case report != nil && (err != nil || !bytes.Equal(got, report)):
		t.Errorf("a report of %d bytes, %v; want %d", len(got), err, len(report))
	}
}

func list1(t testing.TB, s history.Store, q history.Query) history.Page {
	t.Helper()
	if q.UserID == "" {
		q.UserID = anna
	}
	page, err := s.List(t.Context(), q)
	noError(t, err)
	return page
}

// numbers returns which entries a list has.
func numbers(page history.Page) []int {
	list := []int{}
	for _, e := range page.Entries {
		var i int
		if _, err := fmt.Sscanf(e.ID, "%x", &i); err != nil {
			panic(err)
		}
		list = append(list, i)
	}
	return list
}

func testHistoryEmpty(t *testing.T, s HistoryStore) {
	for _, id := range []string{entry(1).ID, "", "x", "1", "$ne", strings.Repeat("g", 24), strings.Repeat("0", 25)} {
		_, err := s.Get(t.Context(), id)
		wantError(t, err, history.ErrNotFound)
		_, err = s.Report(t.Context(), id)
		wantError(t, err, history.ErrNotFound)
		_, err = s.Update(t.Context(), id, anna, history.Patch{})
		wantError(t, err, history.ErrNotFound)
		wantError(t, s.Remove(t.Context(), id, anna), history.ErrNotFound)
		wantError(t, s.RemoveShare(t.Context(), id, id, anna), history.ErrNotFound)
	}
	wantError(t, s.Replace(t.Context(), entry(1), nil), history.ErrNotFound)
	_, err := s.BySession(t.Context(), anna, "session")
	wantError(t, err, history.ErrNotFound)
	_, err = s.ShareByHash(t.Context(), []byte("hash"), savedAt)
	wantError(t, err, history.ErrNotFound)
	wantError(t, s.CreateShare(t.Context(), newShare(1, entry(1))), history.ErrNotFound)
	noError(t, s.CountView(t.Context(), newShare(1, entry(1)).ID, savedAt))
	if page := list1(t, s, history.Query{}); page.Total != 0 || len(page.Entries) != 0 {
		t.Errorf("list %+v", page)
	}
	tags, err := s.Tags(t.Context(), anna)
	noError(t, err)
	totals, err := s.Totals(t.Context())
	noError(t, err)
	count, err := s.Count(t.Context(), anna)
	noError(t, err)
	removed, err := s.RemoveUser(t.Context(), anna)
	noError(t, err)
	all, err := s.CountEntries(t.Context())
	noError(t, err)
	if len(tags) != 0 || totals != (history.Totals{}) || count != 0 || removed != 0 || all != 0 || len(shares(t, s, entry(1).ID)) != 0 {
		t.Errorf("tags %v, totals %v, %d entries of %d, %d removed in an empty store", tags, totals, count, all, removed)
	}
}

func testEntryFields(t *testing.T, s HistoryStore) {
	full := fullEntry(1)
	noError(t, s.Create(t.Context(), full, []byte(`{"snapshot":{},"timeline":{"é":1}}`)))
	wantEntry(t, s, full, []byte(`{"snapshot":{},"timeline":{"é":1}}`))
	bare := &history.Entry{ID: entry(2).ID, UserID: anna, Status: history.StatusDeleted, Origin: history.OriginClient}
	bare.HasReport = true // it does not matter here
	noError(t, s.Create(t.Context(), bare, nil))
	bare.HasReport = false
	wantEntry(t, s, bare, nil)
	zone := entry(3)
	zone.CreatedAt = time.Date(1999, 12, 31, 23, 59, 59, 999_000_000, time.FixedZone("east", 5*3600))
	zone.EndedAt = time.Date(2200, 1, 1, 0, 0, 0, 0, time.FixedZone("west", -5*3600))
	zone.UpdatedAt = time.Unix(0, 0)
	noError(t, s.Create(t.Context(), zone, nil))
	zone.CreatedAt, zone.EndedAt, zone.UpdatedAt = zone.CreatedAt.UTC(), zone.EndedAt.UTC(), zone.UpdatedAt.UTC()
	wantEntry(t, s, zone, nil)
	got := getEntry(t, s, zone.ID)
	if got.CreatedAt.Location() != time.UTC || got.EndedAt.Location() != time.UTC || !got.StartedAt.IsZero() {
		t.Errorf("times %v, %v, %v; want UTC, and no start", got.CreatedAt, got.EndedAt, got.StartedAt)
	}
	for _, mood := range []float64{0, 1, -1, 1.0 / 3} {
		e := entry(4)
		e.Mood = &mood
		noError(t, s.ImportEntry(t.Context(), e, nil))
		wantEntry(t, s, e, nil)
	}

	// A list has all but what is bulky.
	brief := *full
	brief.Client, brief.TimeSeries, brief.Extra, brief.HasReport = nil, nil, nil, true
	page := list1(t, s, history.Query{Channel: full.Channel})
	if diff := cmp.Diff(history.Page{Entries: []*history.Entry{&brief}, Total: 1}, page, entries); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}

// testEntryLegacy keeps what the older system let in, unchecked as it was.
func testEntryLegacy(t *testing.T, s HistoryStore) {
	for i, change := range []func(e *history.Entry){
		func(e *history.Entry) { e.Channel = "Some Body 😀 https://example.org/?a=b&c=%20" },
		func(e *history.Entry) { e.Channel = "" },
		func(e *history.Entry) { e.Channel = strings.Repeat("x", 5000) },
		func(e *history.Entry) { e.Counts = history.Counts{Total: 3, Positive: 100, Neutral: -5, Negative: 0} },
		func(e *history.Entry) { e.Counts.Total = 1<<53 - 1 },
		func(e *history.Entry) { e.Seconds = -10 },
		func(e *history.Entry) { e.TimeSeries = json.RawMessage(`{"labels":["a"],"data":[[1,2],[3,4]]}`) },
		func(e *history.Entry) { e.TimeSeries = json.RawMessage(`"none"`) },
		func(e *history.Entry) {
			e.Extra = json.RawMessage(`{"sentiment_extra":{"undefined":3},"version":2,"deep":{"a":{"b":{"c":[[],{}]}}}}`)
		},
		func(e *history.Entry) {
			for n := range 300 {
				e.TopNeutral = append(e.TopNeutral, history.Chatter{Username: fmt.Sprint("chatter", n%200), Count: int64(-n)})
			}
		},
		func(e *history.Entry) { e.Summary = strings.Repeat("Unable to generate summary: 429. ", 3000) },
	} {
		e := entry(i + 1)
		e.Origin, e.UpdatedAt = history.OriginLegacy, time.Time{}
		change(e)
		noError(t, s.ImportEntry(t.Context(), e, nil))
		wantEntry(t, s, e, nil)
	}
}

func testEntryTwice(t *testing.T, s HistoryStore) {
	noError(t, s.Create(t.Context(), fullEntry(1), []byte("one")))
	other := entry(1)
	other.UserID = bruno
	if err := s.Create(t.Context(), other, []byte("two")); err == nil {
		t.Error("an entry was created twice")
	}
	wantEntry(t, s, fullEntry(1), []byte("one"))
}

func testReplace(t *testing.T, s HistoryStore) {
	first := fullEntry(1)
	first.Status = history.StatusDeleted
	noError(t, s.Create(t.Context(), first, []byte(`{"first":true}`)))
	share := newShare(1, first)
	noError(t, s.CreateShare(t.Context(), share))
	next := entry(1)
	next.Channel, next.Counts, next.Seconds, next.Summary = "renamed", history.Counts{Total: 5, Positive: 5}, 60, "New."
	next.TopPositive = []history.Chatter{{Username: "eve", Count: 5}}
	next.CreatedAt, next.UpdatedAt = savedAt.Add(99*time.Hour), savedAt.Add(100*time.Hour)
	next.Name, next.Note, next.Tags = "not this", "nor this", []string{"nor", "these"}
	want := *next
	want.CreatedAt, want.Status, want.Name, want.Note, want.Tags = first.CreatedAt, first.Status, first.Name, first.Note, first.Tags
	noError(t, s.Replace(t.Context(), next, []byte(`{"second":true}`)))
	wantEntry(t, s, &want, []byte(`{"second":true}`))
	if next.Name != "not this" {
		t.Error("Replace changed what it was given")
	}
	// The new figures are those that it is found and sorted by, the old name, too.
	if page := list1(t, s, history.Query{Status: history.StatusDeleted, Search: "RENAMED"}); page.Total != 1 {
		t.Errorf("the new channel finds %d", page.Total)
	}
	if page := list1(t, s, history.Query{Status: history.StatusDeleted, Search: "some_body"}); page.Total != 0 {
		t.Errorf("the old channel finds %d", page.Total)
	}
	if page := list1(t, s, history.Query{Status: history.StatusDeleted, Search: "ärger"}); page.Total != 1 {
		t.Errorf("the name finds %d", page.Total)
	}
	if list := shares(t, s, first.ID); len(list) != 1 {
		t.Errorf("%d links after Replace, want 1", len(list))
	}
	noError(t, s.Replace(t.Context(), next, nil))
	wantEntry(t, s, &want, nil)
}

func testUpdateEntry(t *testing.T, s HistoryStore) {
	want := fullEntry(1)
	noError(t, s.Create(t.Context(), want, []byte("{}")))
	for i, test := range []struct {
		patch  history.Patch
		change func(e *history.Entry)
	}{
		{history.Patch{}, func(*history.Entry) {}},
		{history.Patch{Name: new("Straße")}, func(e *history.Entry) { e.Name = "Straße" }},
		{history.Patch{Note: new("")}, func(e *history.Entry) { e.Note = "" }},
		{history.Patch{Tags: &[]string{"ß", "deux"}}, func(e *history.Entry) { e.Tags = []string{"ß", "deux"} }},
		{history.Patch{Summary: new("By rule.")}, func(e *history.Entry) { e.Summary = "By rule." }},
		{history.Patch{SummaryBy: new(history.ByRules)}, func(e *history.Entry) { e.SummaryBy = history.ByRules }},
		{history.Patch{Status: new(history.StatusDeleted)}, func(e *history.Entry) { e.Status = history.StatusDeleted }},
		{history.Patch{UpdatedAt: savedAt.Add(time.Hour)}, func(e *history.Entry) { e.UpdatedAt = savedAt.Add(time.Hour) }},
		{history.Patch{Tags: &[]string{}}, func(e *history.Entry) { e.Tags = nil }},
		{
			history.Patch{Name: new(""), Note: new("n"), Tags: &[]string{"t"}, Status: new(history.StatusActive), Summary: new(""), SummaryBy: new(""), UpdatedAt: savedAt},
			func(e *history.Entry) {
				e.Name, e.Note, e.Tags, e.Status, e.Summary, e.SummaryBy, e.UpdatedAt = "", "n", []string{"t"}, history.StatusActive, "", "", savedAt
			},
		},
	} {
		test.change(want)
		got, err := s.Update(t.Context(), want.ID, anna, test.patch)
		noError(t, err)
		whole := *want
		whole.HasReport = true
		if diff := cmp.Diff(&whole, got, entries); diff != "" {
			t.Errorf("change %d answers (-want +got):\n%s", i, diff)
		}
		wantEntry(t, s, want, []byte("{}"))
		for search, found := range map[string]bool{"STRASSE": want.Name == "Straße", "DEUX": len(want.Tags) == 2, "line two": want.Note == "line one\nline two"} {
			page := list1(t, s, history.Query{Status: want.Status, Search: search})
			if (page.Total == 1) != found {
				t.Errorf("after change %d a search for %q finds %d", i, search, page.Total)
			}
		}
	}
}

func testRemoveEntry(t *testing.T, s HistoryStore) {
	e := fullEntry(1)
	for range 2 { // the id is free again
		noError(t, s.Create(t.Context(), e, []byte("{}")))
		noError(t, s.CreateShare(t.Context(), newShare(1, e)))
		noError(t, s.Create(t.Context(), entry(2), []byte("{}")))
		noError(t, s.Remove(t.Context(), e.ID, anna))
		wantError(t, s.Remove(t.Context(), e.ID, anna), history.ErrNotFound)
		_, err := s.Get(t.Context(), e.ID)
		wantError(t, err, history.ErrNotFound)
		_, err = s.Report(t.Context(), e.ID)
		wantError(t, err, history.ErrNotFound)
		_, err = s.ShareByHash(t.Context(), newShare(1, e).Hash, savedAt)
		wantError(t, err, history.ErrNotFound)
		wantEntry(t, s, entry(2), []byte("{}"))
		noError(t, s.Remove(t.Context(), entry(2).ID, anna))
	}
	noError(t, s.Create(t.Context(), e, nil))
	wantEntry(t, s, e, nil) // without the report of the one before
	if list := shares(t, s, e.ID); len(list) != 0 {
		t.Errorf("it has the links of the one before: %v", list)
	}
}

func testOwner(t *testing.T, s HistoryStore) {
	e := fullEntry(1)
	noError(t, s.Create(t.Context(), e, []byte("{}")))
	share := newShare(1, e)
	noError(t, s.CreateShare(t.Context(), share))
	other := entry(2)
	other.UserID = bruno
	noError(t, s.Create(t.Context(), other, nil))
	stolen := *e
	stolen.UserID, stolen.Summary = bruno, "stolen"
	theirs := newShare(2, &stolen)
	for _, user := range []string{bruno, "", "x", strings.ToUpper(anna)} {
		stolen.UserID, theirs.UserID = user, user
		_, err := s.Update(t.Context(), e.ID, user, history.Patch{Name: new("stolen"), Status: new(history.StatusDeleted)})
		for name, err := range map[string]error{
			"Replace":     s.Replace(t.Context(), &stolen, nil),
			"Update":      err,
			"Remove":      s.Remove(t.Context(), e.ID, user),
			"CreateShare": s.CreateShare(t.Context(), theirs),
			"RemoveShare": s.RemoveShare(t.Context(), share.ID, e.ID, user),
		} {
			if !errors.Is(err, history.ErrNotFound) {
				t.Errorf("%s by %q: %v, want ErrNotFound", name, user, err)
			}
		}
	}
	// By the owner of another entry, which the link is not of.
	wantError(t, s.RemoveShare(t.Context(), share.ID, other.ID, bruno), history.ErrNotFound)
	if n, err := s.RemoveUser(t.Context(), bruno); n != 1 || err != nil {
		t.Errorf("%d removed, %v; want 1", n, err)
	}
	wantEntry(t, s, e, []byte("{}"))
	if list := shares(t, s, e.ID); len(list) != 1 {
		t.Errorf("links %v, want the one", list)
	}
}

func testCreateTwice(t *testing.T, s HistoryStore) {
	e := fullEntry(1)
	noError(t, s.Create(t.Context(), e, []byte(`{"first":1}`)))
	again := fullEntry(1)
	again.Channel, again.UserID = "another", bruno
	wantError(t, s.Create(t.Context(), again, []byte(`{"second":2}`)), history.ErrExists)
	wantEntry(t, s, e, []byte(`{"first":1}`))

	// Of many who create it at the same moment one does.
	var created atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			switch err := s.Create(t.Context(), fullEntry(2), []byte("{}")); {
			case err == nil:
				created.Add(1)
			case !errors.Is(err, history.ErrExists):
				t.Errorf("creating an entry that there is: %v", err)
			}
		})
	}
	wg.Wait()
	if created.Load() != 1 {
		t.Errorf("%d of 8 created the same entry", created.Load())
	}
	if n, err := s.Count(t.Context(), anna); n != 2 || err != nil {
		t.Errorf("%d entries, %v; want 2", n, err)
	}
}

func testBySession(t *testing.T, s HistoryStore) {
	add := func(i int, change func(e *history.Entry)) {
		e := fullEntry(i)
		e.SessionID = "session"
		change(e)
		noError(t, s.Create(t.Context(), e, []byte("{}")))
	}
	add(1, func(*history.Entry) {})
	add(2, func(e *history.Entry) { e.CreatedAt = savedAt.Add(time.Hour) })
	add(3, func(*history.Entry) {}) // later than 1, earlier than 2
	add(4, func(e *history.Entry) { e.Status, e.CreatedAt = history.StatusDeleted, savedAt.Add(2*time.Hour) })
	add(5, func(e *history.Entry) { e.UserID, e.CreatedAt = bruno, savedAt.Add(2*time.Hour) })
	add(6, func(e *history.Entry) { e.SessionID, e.CreatedAt = "", savedAt.Add(2*time.Hour) })
	add(7, func(e *history.Entry) { e.SessionID, e.CreatedAt = "SESSION", savedAt.Add(2*time.Hour) })
	got, err := s.BySession(t.Context(), anna, "session")
	noError(t, err)
	want := getEntry(t, s, entry(2).ID)
	if diff := cmp.Diff(want, got, entries); diff != "" || !got.HasReport {
		t.Errorf("by session (-want +got):\n%s", diff)
	}
	_, err = s.BySession(t.Context(), anna, "other")
	wantError(t, err, history.ErrNotFound)
	_, err = s.BySession(t.Context(), anna, "") // those of no session belong to none
	wantError(t, err, history.ErrNotFound)
	noError(t, s.Remove(t.Context(), entry(2).ID, anna))
	if got, err := s.BySession(t.Context(), anna, "session"); err != nil || got.ID != entry(3).ID {
		t.Errorf("by session %v, %v; want the newest that is left", got, err)
	}
}

func testRemoveHistoryOf(t *testing.T, s HistoryStore) {
	for i := 1; i <= 5; i++ {
		e := entry(i)
		if i == 5 {
			e.UserID = bruno
		}
		if i == 4 {
			e.Status = history.StatusDeleted
		}
		noError(t, s.Create(t.Context(), e, []byte("{}")))
		noError(t, s.CreateShare(t.Context(), newShare(i, e)))
	}
	if n, err := s.Count(t.Context(), anna); n != 4 || err != nil {
		t.Errorf("%d entries, %v; want 4, archived ones counted", n, err)
	}
	if n, err := s.RemoveUser(t.Context(), anna); n != 4 || err != nil {
		t.Errorf("%d removed, %v; want 4", n, err)
	}
	for i := 1; i <= 4; i++ {
		_, err := s.Get(t.Context(), entry(i).ID)
		wantError(t, err, history.ErrNotFound)
		_, err = s.Report(t.Context(), entry(i).ID)
		wantError(t, err, history.ErrNotFound)
		_, err = s.ShareByHash(t.Context(), newShare(i, entry(i)).Hash, savedAt)
		wantError(t, err, history.ErrNotFound)
	}
	if n, err := s.Count(t.Context(), anna); n != 0 || err != nil {
		t.Errorf("%d entries left, %v", n, err)
	}
	if n, err := s.CountEntries(t.Context()); n != 1 || err != nil {
		t.Errorf("%d entries of all, %v; want the other's", n, err)
	}
	_, err := s.Report(t.Context(), entry(5).ID)
	noError(t, err)
	_, err = s.ShareByHash(t.Context(), newShare(5, entry(5)).Hash, savedAt)
	noError(t, err)
}

// testDropArchived: what is active stays however old it is, and so does what was
// archived at that time or later, or nobody knows when.
func testDropArchived(t *testing.T, s HistoryStore) {
	const archived = 260 // more than are removed at once
	for i := 1; i <= archived; i++ {
		e := entry(i)
		e.Status = history.StatusDeleted
		noError(t, s.Create(t.Context(), e, []byte("{}")))
	}
	first := entry(1)
	noError(t, s.CreateShare(t.Context(), newShare(1, first)))
	active, unknown := entry(archived+1), entry(archived+2)
	active.CreatedAt, active.UpdatedAt = savedAt.AddDate(-9, 0, 0), savedAt.AddDate(-9, 0, 0)
	unknown.Status, unknown.UpdatedAt = history.StatusDeleted, time.Time{}
	noError(t, s.Create(t.Context(), active, []byte("{}")))
	noError(t, s.Create(t.Context(), unknown, nil))
	if n, err := s.DropArchived(t.Context(), first.UpdatedAt); n != 0 || err != nil {
		t.Errorf("%d removed, %v: nothing was archived before that", n, err)
	}
	restored := history.StatusActive
	_, err := s.Update(t.Context(), entry(2).ID, anna, history.Patch{Status: &restored})
	noError(t, err)
	last := entry(archived)
	if n, err := s.CountArchived(t.Context(), last.UpdatedAt); n != archived-2 || err != nil {
		t.Errorf("%d would be removed, %v; want %d", n, err, archived-2)
	}
	if n, err := s.DropArchived(t.Context(), last.UpdatedAt); n != archived-2 || err != nil {
		t.Errorf("%d removed, %v; want %d", n, err, archived-2)
	}
	if n, err := s.CountArchived(t.Context(), last.UpdatedAt); n != 0 || err != nil {
		t.Errorf("%d would be removed once more, %v", n, err)
	}
	for _, e := range []*history.Entry{active, unknown, last, entry(2)} {
		_, err := s.Get(t.Context(), e.ID)
		noError(t, err)
	}
	for _, i := range []int{1, 3, archived - 1} {
		_, err := s.Get(t.Context(), entry(i).ID)
		wantError(t, err, history.ErrNotFound)
		_, err = s.Report(t.Context(), entry(i).ID)
		wantError(t, err, history.ErrNotFound)
	}
	_, err = s.ShareByHash(t.Context(), newShare(1, first).Hash, savedAt)
	wantError(t, err, history.ErrNotFound)
	if data, err := s.Report(t.Context(), active.ID); string(data) != "{}" || err != nil {
		t.Errorf("the report of what is active is %q, %v", data, err)
	}
}

func testLargeEntry(t *testing.T, s HistoryStore) {
	e := fullEntry(1)
	var series, report bytes.Buffer
	for i := 0; series.Len() < 1<<20; i++ {
		fmt.Fprintf(&series, `,{"x":%d,"y":0.%d,"sentiment":"positive"}`, 1757812320000+60000*i, i)
	}
	e.TimeSeries = fmt.Appendf(nil, "[%s]", series.Bytes()[1:])
	e.Client = fmt.Appendf(nil, `{"time_series":[%s]}`, series.Bytes()[1:])
	for i := 0; report.Len() < 20<<20; i++ {
		fmt.Fprintf(&report, `,{"user":"chatter_%d","n":%d,"äöü":"😀"}`, i*7919, i)
	}
	whole := fmt.Appendf(nil, `{"chatters":[%s]}`, report.Bytes()[1:])
	noError(t, s.Create(t.Context(), e, whole))
	wantEntry(t, s, e, whole)
	noError(t, s.Replace(t.Context(), e, whole[:len(whole)/2]))
	wantEntry(t, s, e, whole[:len(whole)/2])
	noError(t, s.Replace(t.Context(), e, []byte("{}")))
	wantEntry(t, s, e, []byte("{}"))
	noError(t, s.Replace(t.Context(), e, whole))
	noError(t, s.EachEntry(t.Context(), "", func(got *history.Entry, report []byte) error {
		if !bytes.Equal(report, whole) || len(got.TimeSeries) < 1<<19 { // a store may write numbers shorter
			t.Errorf("read as %d and %d bytes", len(report), len(got.TimeSeries))
		}
		return nil
	}))
}

// testHistoryWriters changes an entry from many sides at once: no change takes
// another's away, and every reader sees entries whole.
func testHistoryWriters(t *testing.T, s HistoryStore) {
	e := fullEntry(1)
	noError(t, s.Create(t.Context(), e, []byte("0")))
	share := newShare(1, e)
	noError(t, s.CreateShare(t.Context(), share))
	const rounds = 20
	var writing, reading sync.WaitGroup
	failed := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	for i := range rounds {
		text := fmt.Sprint(i)
		noError(t, s.Create(t.Context(), entry(100+i), nil))
		writing.Go(func() {
			_, err := s.Update(t.Context(), e.ID, anna, history.Patch{Name: new("name " + text)})
			failed(err)
		})
		writing.Go(func() {
			_, err := s.Update(t.Context(), e.ID, anna, history.Patch{Note: new("note " + text), Tags: &[]string{text, "and", text}})
			failed(err)
		})
		writing.Go(func() {
			next := fullEntry(1)
			next.Counts = history.Counts{Total: int64(2 * i), Positive: int64(i), Negative: int64(i)}
			failed(s.Replace(t.Context(), next, []byte(text)))
		})
		writing.Go(func() { failed(s.CountView(t.Context(), share.ID, savedAt.Add(time.Duration(i)*time.Second))) })
		writing.Go(func() { failed(s.Remove(t.Context(), entry(100+i).ID, anna)) })
		writing.Go(func() { failed(s.Create(t.Context(), entry(200+i), []byte(text))) })
	}
	stop := make(chan struct{})
	for range 2 {
		reading.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, err := s.Get(t.Context(), e.ID)
				failed(err)
				if err == nil && got.Counts != fullEntry(1).Counts && got.Counts.Total != got.Counts.Positive+got.Counts.Negative {
					t.Errorf("half replaced: %+v", got.Counts)
				}
				if err == nil && !slices.Equal(got.Tags, e.Tags) && (len(got.Tags) != 3 || got.Note != "note "+got.Tags[0]) {
					t.Errorf("half changed: %q with %q", got.Note, got.Tags)
				}
			}
		})
	}
	writing.Wait()
	close(stop)
	reading.Wait()
	got := getEntry(t, s, e.ID)
	if !strings.HasPrefix(got.Name, "name ") || !strings.HasPrefix(got.Note, "note ") || got.Counts == fullEntry(1).Counts || !got.HasReport {
		t.Errorf("a change was lost: %+v", got)
	}
	if list := shares(t, s, e.ID); len(list) != 1 || list[0].Views != rounds {
		t.Errorf("links %+v, want one with %d views", list, rounds)
	}
	if n, err := s.Count(t.Context(), anna); n != rounds+1 || err != nil {
		t.Errorf("%d entries, %v; want %d", n, err, rounds+1)
	}
}

func testHistoryCancellation(t *testing.T, s HistoryStore) {
	e := fullEntry(1)
	noError(t, s.Create(t.Context(), e, []byte("{}")))
	share := newShare(1, e)
	noError(t, s.CreateShare(t.Context(), share))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() error{
		"Create":        func() error { return s.Create(ctx, entry(2), []byte("{}")) },
		"Replace":       func() error { return s.Replace(ctx, entry(1), nil) },
		"Get":           func() error { _, err := s.Get(ctx, e.ID); return err },
		"BySession":     func() error { _, err := s.BySession(ctx, anna, e.SessionID); return err },
		"Report":        func() error { _, err := s.Report(ctx, e.ID); return err },
		"Update":        func() error { _, err := s.Update(ctx, e.ID, anna, history.Patch{Name: new("x")}); return err },
		"Remove":        func() error { return s.Remove(ctx, e.ID, anna) },
		"List":          func() error { _, err := s.List(ctx, history.Query{UserID: anna}); return err },
		"Count":         func() error { _, err := s.Count(ctx, anna); return err },
		"Tags":          func() error { _, err := s.Tags(ctx, anna); return err },
		"Totals":        func() error { _, err := s.Totals(ctx); return err },
		"CountArchived": func() error { _, err := s.CountArchived(ctx, savedAt); return err },
		"DropArchived":  func() error { _, err := s.DropArchived(ctx, savedAt.Add(9e6*time.Second)); return err },
		"RemoveUser":    func() error { _, err := s.RemoveUser(ctx, anna); return err },
		"CreateShare":   func() error { return s.CreateShare(ctx, newShare(2, e)) },
		"Shares":        func() error { _, err := s.Shares(ctx, e.ID, savedAt); return err },
		"ShareByHash":   func() error { _, err := s.ShareByHash(ctx, share.Hash, savedAt); return err },
		"CountView":     func() error { return s.CountView(ctx, share.ID, savedAt) },
		"RemoveShare":   func() error { return s.RemoveShare(ctx, share.ID, e.ID, anna) },
		"DropExpired":   func() error { _, err := s.DropExpired(ctx, savedAt.Add(9e6*time.Second)); return err },
		"ImportEntry":   func() error { return s.ImportEntry(ctx, entry(1), nil) },
		"ImportShare":   func() error { return s.ImportShare(ctx, newShare(2, e)) },
		"CountEntries":  func() error { _, err := s.CountEntries(ctx); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want the context's error", name, err)
		}
	}
	wantEntry(t, s, e, []byte("{}"))
	if diff := cmp.Diff([]history.Share{share}, shares(t, s, e.ID)); diff != "" {
		t.Errorf("cancelled calls changed the links (-want +got):\n%s", diff)
	}
	_, err := s.Get(t.Context(), entry(2).ID)
	wantError(t, err, history.ErrNotFound)
}

func testImportEntries(t *testing.T, s HistoryStore) {
	e := fullEntry(5)
	for range 2 {
		noError(t, s.ImportEntry(t.Context(), e, []byte(`{"a":1}`)))
		wantEntry(t, s, e, []byte(`{"a":1}`))
	}
	noError(t, s.CreateShare(t.Context(), newShare(1, e)))
	other := entry(5)
	other.UserID, other.Status, other.Origin = bruno, history.StatusDeleted, history.OriginLegacy
	noError(t, s.ImportEntry(t.Context(), other, nil))
	wantEntry(t, s, other, nil)
	if page := list1(t, s, history.Query{}); page.Total != 0 {
		t.Errorf("the former owner still has %v", numbers(page))
	}
	if page := list1(t, s, history.Query{UserID: bruno, Status: history.StatusDeleted, Search: "some"}); page.Total != 1 {
		t.Errorf("the new owner finds %d", page.Total)
	}
	noError(t, s.ImportEntry(t.Context(), e, []byte(`{"b":1}`)))
	wantEntry(t, s, e, []byte(`{"b":1}`))
	if list := shares(t, s, e.ID); len(list) != 1 {
		t.Errorf("%d links after imports, want 1", len(list))
	}
	want := []string{e.ID}
	for _, i := range []int{9, 1, 7} {
		noError(t, s.ImportEntry(t.Context(), entry(i), nil))
		want = append(want, entry(i).ID)
	}
	testOrder(t, "entries", want, func(ctx context.Context, after string, do func(string) error) error {
		return s.EachEntry(ctx, after, func(got *history.Entry, report []byte) error {
			if got.ID == e.ID && (!bytes.Equal(report, []byte(`{"b":1}`)) || !got.HasReport || !cmp.Equal(got.Extra, e.Extra, entries)) {
				t.Errorf("not read whole: %+v with report %q", got, report)
			}
			if got.ID != e.ID && (report != nil || got.HasReport) {
				t.Errorf("entry %s has a report, %q", got.ID, report)
			}
			return do(got.ID)
		})
	})
	if n, err := s.CountEntries(t.Context()); n != 4 || err != nil {
		t.Errorf("%d entries, %v; want 4", n, err)
	}
}
