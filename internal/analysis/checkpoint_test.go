package analysis

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

// apply keeps a stored checkpoint up to date, as a store does.
func apply(store map[string][]byte, parts []Part) (bytes int) {
	for _, p := range parts {
		bytes += len(p.Data)
		if p.Data == nil {
			delete(store, p.Name)
		} else {
			store[p.Name] = p.Data
		}
	}
	return bytes
}

func partsOf(store map[string][]byte) []Part {
	var parts []Part
	for name, data := range store {
		parts = append(parts, Part{Name: name, Data: data})
	}
	return parts
}

// whole returns everything that a session tells, as text.
func whole(t testing.TB, s *Session, now time.Time) string {
	t.Helper()
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetIndent("", " ")
	for _, v := range []any{
		s.Snapshot(now, 2000), s.Tail(now, 600),
		s.Timeline(time.Time{}, time.Time{}, 1), s.Timeline(time.Time{}, time.Time{}, 10), s.Timeline(time.Time{}, time.Time{}, 60),
		s.TopTerms(false, "negative", 100), s.TopTerms(true, "positive", 100),
	} {
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func firstDifference(a, b string) string {
	la, lb := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(la), len(lb)) {
		if la[i] != lb[i] {
			return fmt.Sprintf("line %d: %q and %q, after %q", i, la[i], lb[i], la[max(0, i-8):i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(la), len(lb))
}

// A session that is restored from its checkpoints at any second is the one
// that made them, and stays so whatever is added to both.
func TestRestoreEqualsSession(t *testing.T) {
	for name, c := range map[string]struct {
		opts     Options
		chatters int
		active   int
		messages int
	}{
		"production sizes": {Options{}, 800, maxActive, 30_000},
		"all tables full":  {Options{ExactChatters: 300, TopChatters: 50, LabelChatters: 20, Terms: 70, Emotes: 5, RecentMessages: 256}, 3000, 100, 20_000},
		"set rewritten":    {Options{ExactChatters: 40_000}, 60_000, maxActive, 40_000},
	} {
		t.Run(name, func(t *testing.T) {
			stream := newStream(1, c.chatters)
			s := New("s1", "demo", testStart, c.opts)
			s.active.limit = c.active
			store := map[string][]byte{}
			var twin *Session
			var m chat.Message
			var sc sentiment.Score
			next := testStart
			seconds := 0
			for range c.messages {
				stream.next(&m, &sc)
				out := s.Add(&m, &sc)
				if twin != nil {
					if got := twin.Add(&m, &sc); got != out {
						t.Fatalf("message %s: the restored session says %b, the first %b", m.ID, got, out)
					}
				}
				stream.disturb(sessionsOf(s, twin)...)
				if stream.at.Before(next) {
					continue
				}
				next = stream.at.Add(time.Second)
				seconds++
				a := s.Tick(stream.at)
				if twin != nil {
					if b := twin.Tick(stream.at); fmt.Sprint(a) != fmt.Sprint(b) {
						t.Fatalf("moments: %v and %v", a, b)
					}
				}
				if name == "set rewritten" && seconds%400 != 0 {
					continue
				}
				apply(store, s.Checkpoint(seconds%300 == 0))
				if seconds%50 != 0 {
					continue
				}
				if twin != nil {
					if a, b := whole(t, s, stream.at), whole(t, twin, stream.at); a != b {
						t.Fatalf("after %d s the sessions differ: %s", seconds, firstDifference(a, b))
					}
				}
				restored, err := Restore(partsOf(store), Options{})
				if err != nil {
					t.Fatal(err)
				}
				restored.active.limit = c.active
				if a, b := whole(t, s, stream.at), whole(t, restored, stream.at); a != b {
					t.Fatalf("after %d s the restored session differs: %s", seconds, firstDifference(a, b))
				}
				twin = restored
			}
			if twin == nil {
				t.Fatal("nothing was ever restored")
			}
			if a, b := whole(t, s, stream.at), whole(t, twin, stream.at); a != b {
				t.Fatalf("at the end the sessions differ: %s", firstDifference(a, b))
			}
			// The restored one writes checkpoints that can be restored in turn.
			apply(store, s.Checkpoint(false))
			full := map[string][]byte{}
			apply(full, twin.Checkpoint(true))
			again, err := Restore(partsOf(full), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if a, b := whole(t, s, stream.at), whole(t, again, stream.at); a != b {
				t.Fatalf("restored twice the session differs: %s", firstDifference(a, b))
			}
			for name := range store {
				// A slot whose chatters all wrote again is kept until it expires.
				if full[name] == nil && !strings.HasPrefix(name, "active/") {
					t.Errorf("part %s is in the grown checkpoint only", name)
				}
			}
		})
	}
}

func sessionsOf(ss ...*Session) []*Session {
	var out []*Session
	for _, s := range ss {
		if s != nil {
			out = append(out, s)
		}
	}
	return out
}

func smallCheckpoint(tb testing.TB) []Part {
	tb.Helper()
	stream := newStream(3, 300)
	s := New("s1", "demo", testStart, Options{TopChatters: 40, LabelChatters: 20, Terms: 60, Emotes: 5, RecentMessages: 128, ExactChatters: 1000})
	var m chat.Message
	var sc sentiment.Score
	for range 2500 {
		stream.next(&m, &sc)
		s.Add(&m, &sc)
		stream.disturb(s)
	}
	s.Tick(stream.at)
	return s.Checkpoint(true)
}

func TestRestoreNamesTheDamagedPart(t *testing.T) {
	parts := smallCheckpoint(t)
	for i, p := range parts {
		for what, damaged := range map[string][]byte{
			"missing":       nil,
			"empty":         {},
			"other version": append([]byte{9}, p.Data[1:]...),
			"too long":      append(append([]byte{}, p.Data...), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
			"cut":           p.Data[:len(p.Data)-1],
		} {
			list := append([]Part{}, parts...)
			list[i] = Part{Name: p.Name, Data: damaged}
			if what == "cut" && strings.HasPrefix(p.Name, "active/") && len(p.Data) == 1 {
				continue
			}
			_, err := Restore(list, Options{})
			if err == nil {
				t.Errorf("%s, %s: no error", p.Name, what)
			} else if !strings.Contains(err.Error(), fmt.Sprintf("%q", p.Name)) {
				t.Errorf("%s, %s: the error names another part: %v", p.Name, what, err)
			}
		}
	}
	if _, err := Restore(append(parts, Part{Name: "surprise", Data: []byte{1}}), Options{}); err == nil || !strings.Contains(err.Error(), `"surprise"`) {
		t.Errorf("an unknown part: %v", err)
	}
	if _, err := Restore(nil, Options{}); err == nil {
		t.Error("no parts at all: no error")
	}
}

// FuzzRestore damages one place of one part. Whatever Restore accepts must
// bear use.
func FuzzRestore(f *testing.F) {
	parts := smallCheckpoint(f)
	f.Add(uint16(0), uint16(3), []byte{0xff})
	for i, p := range parts {
		f.Add(uint16(i), uint16(1), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
		f.Add(uint16(i), uint16(len(p.Data)/2), []byte{0})
		if p.Name == "head" {
			for at := range len(p.Data) {
				f.Add(uint16(i), uint16(at), []byte{0x7f})
			}
		}
	}
	f.Fuzz(func(t *testing.T, which, at uint16, with []byte) {
		i := int(which) % len(parts)
		list := append([]Part{}, parts...)
		data := append([]byte{}, parts[i].Data...)
		copy(data[int(at)%len(data):], with)
		list[i].Data = data
		s, err := Restore(list, Options{})
		if err != nil {
			if !strings.Contains(err.Error(), "part ") {
				t.Errorf("the error names no part: %v", err)
			}
			return
		}
		stream := newStream(4, 300)
		var m chat.Message
		var sc sentiment.Score
		for range 300 {
			stream.next(&m, &sc)
			s.Add(&m, &sc)
			stream.disturb(s)
		}
		s.Tick(stream.at)
		s.Snapshot(stream.at, 100)
		s.Timeline(time.Time{}, time.Time{}, 0)
		again, err := Restore(s.Checkpoint(true), Options{})
		if err == nil {
			again.Stop(stream.at)
			again.Snapshot(stream.at, 10)
		}
	})
}
