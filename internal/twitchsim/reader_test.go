package twitchsim

import (
	"strings"
	"testing"
	"time"

	"chatmood/internal/chat"
	"chatmood/internal/source/irc"
)

// TestOurReaderUnderstandsEverything decodes an hour of each demo channel with
// the reader that chatmood uses and compares what it saw with what was sent.
func TestOurReaderUnderstandsEverything(t *testing.T) {
	channels := []string{"demo_chess", "demo_cozy"}
	for name, lines := range produce(t, Config{Start: testStart}, time.Hour, channels...) {
		var dec irc.Decoder
		var sent, got Stats
		for _, line := range lines {
			_, tr := classify([]byte(line))
			sent.add(tr)
			var ev chat.Event
			ok, err := dec.Decode(line, &ev)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if !ok {
				continue
			}
			if ev.Channel != name || ev.Time.Before(testStart) {
				t.Fatalf("%q became %+v", line, ev)
			}
			switch ev.Kind {
			case chat.KindMessage:
				m := &ev.Message
				got.Messages++
				if m.Mirrored() {
					got.Mirrored++
				}
				if m.Action {
					got.Actions++
				}
				if m.First {
					got.Firsts++
				}
				if m.Bits > 0 {
					got.Cheers++
				}
				if m.Reply.ParentID != "" {
					got.Replies++
				}
				// The reader takes out what only gets past the check for repeats.
				if p, _ := parse(t, line); strings.TrimSuffix(p.text, " \u034f") != m.Text {
					t.Fatalf("%q: text %q", line, m.Text)
				}
				for _, e := range m.Emotes {
					if m.Text[e.Start:e.End] != e.Name || strings.Contains(e.Name, " ") {
						t.Fatalf("%q: emote %+v", line, e)
					}
				}
			case chat.KindDelete:
				got.Deletions++
			case chat.KindClearUser:
				if ev.Duration > 0 {
					got.Timeouts++
				} else {
					got.Bans++
				}
			}
		}
		if got.Messages != sent.Messages || got.Mirrored != sent.Mirrored || got.Actions != sent.Actions || got.Firsts != sent.Firsts ||
			got.Cheers != sent.Cheers || got.Replies != sent.Replies || got.Deletions != sent.Deletions || got.Timeouts != sent.Timeouts || got.Bans != sent.Bans {
			t.Errorf("%s: got %+v\nsent %+v", name, got, sent)
		}
		if sent.Messages < 1000 || sent.Mirrored == 0 {
			t.Errorf("%s: sent %+v", name, sent)
		}
	}
}

// TestTheGeneratorKnowsWhatItSays compares what the chat says of its lines with
// what can be read off them.
func TestTheGeneratorKnowsWhatItSays(t *testing.T) {
	cfg, err := Config{Channels: []string{"demo_chess", "demo_cozy"}, Start: testStart}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	a, b := newRoom("demo_chess", 0, nil), newRoom("demo_cozy", 0, nil)
	out := map[*room]*batch{a: {}, b: {}}
	st := newStage([]*room{a, b}, cfg)
	for range 20_000 {
		if err := st.play(out, testStart); err != nil {
			t.Fatal(err)
		}
		for _, o := range out {
			for _, m := range o.marks {
				line := o.data[m.start:m.end]
				needs, tr := classify(line)
				if m.needs&capMembership != 0 {
					continue // who comes and goes is the generator's to know
				}
				if needs != m.needs || tr != m.traits {
					t.Fatalf("marked %b, %b, reads as %b, %b: %q", m.needs, m.traits, needs, tr, line)
				}
			}
			o.reset()
		}
	}
}
