package analysis

import (
	"fmt"
	"strings"
	"testing"
)

// One line with a wrong date, wherever it stands in a log, changes nothing but
// that it is counted.
func TestWrongDateInALog(t *testing.T) {
	const hour = 3600
	for name, c := range map[string]struct {
		at   int     // how many messages come before it
		date float64 // seconds
		gap  bool    // the reader took the time before it for an interruption
	}{
		"a year ahead":      {50, 365 * 24 * hour, false},
		"with a gap":        {50, 365 * 24 * hour, true},
		"an hour ahead":     {50, 1 * hour, false},
		"the last line":     {100, 24 * hour, true},
		"the second line":   {1, 100 * hour, false},
		"beyond all years":  {50, 9e9, true},
		"eleven min. ahead": {10, 11*60 + 20, false},
	} {
		s := New("s1", "demo", testStart, Options{})
		for i := range 100 {
			if i == c.at {
				if c.gap {
					s.AddGap(Gap{From: at(float64(2*i - 1)), To: at(c.date), Reason: "log_silent"})
				}
				say(s, c.date, "viewer_x", "from the future", 0.5)
			}
			say(s, float64(2*i), fmt.Sprint("viewer_", i), "hi", 0.5)
		}
		if c.at == 100 {
			say(s, c.date, "viewer_x", "from the future", 0.5)
		}
		s.Stop(at(c.date + 5))
		snap := s.Snapshot(at(c.date+5), 5)
		tl := s.Timeline(snap.StartedAt, at(200), 1)
		n := 0
		for _, b := range tl.Buckets {
			n += b.Positive
		}
		if snap.Counts.Total != 101 || n != 101 || s.headSec != at(198).Unix() || snap.Duration > 800 || len(snap.Gaps) != 0 {
			t.Errorf("%s: %d messages of which %d are in the timeline, the newest at %d s, %v s in all, gaps %v",
				name, snap.Counts.Total, n, s.headSec-testStart.Unix(), snap.Duration, snap.Gaps)
		}
	}
}

// Silence in a log is believed once the next message confirms it, and the
// first message after it is where it belongs.
func TestSilenceInALog(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	times := []float64{0, 5, 1000, 1001, 5000, 9000, 9001, 20_000, 20_300}
	for i, sec := range times {
		say(s, sec, fmt.Sprint("viewer_", i), "hi", 0.5)
	}
	for _, step := range []int64{10, 60} {
		var got []string
		for _, b := range s.Timeline(at(0), at(21_000), int(step)).Buckets {
			got = append(got, fmt.Sprint(b.T-testStart.Unix(), ":", b.Positive))
		}
		want := map[int64]string{10: "0:2 1000:2 5000:1 9000:2 20000:1 20300:1", 60: "0:2 960:2 4980:1 9000:2 19980:1 20280:1"}[step]
		if strings.Join(got, " ") != want {
			t.Errorf("steps of %d s: %v, want %v", step, got, want)
		}
	}
	if c := s.Counts(); c.Total != len(times) || s.headSec != at(20_300).Unix() || s.peak != 2 {
		t.Errorf("%+v, newest at %d, peak %d", c, s.headSec-testStart.Unix(), s.peak)
	}
	// Deleted while in doubt, it does not come back.
	say(s, 30_000, "viewer_1", "hi", 0.5)
	s.ClearUser("viewer_1")
	say(s, 30_001, "viewer_2", "hi", 0.5)
	say(s, 30_002, "viewer_2", "hi", 0.5)
	tl := s.Timeline(at(29_000), at(31_000), 60)
	if len(tl.Buckets) != 1 || tl.Buckets[0].Positive != 2 || s.Counts().Total != len(times)-1+2 {
		t.Errorf("after a deletion: %+v, %+v", tl.Buckets, s.Counts())
	}
}

// A live channel goes by the clock: a message is never further ahead of it
// than a minute, however many there are.
func TestWrongDatesLive(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	for i := range 600 {
		sec := float64(i)
		say(s, sec, fmt.Sprint("viewer_", i), "hi", 0.5)
		if i%10 == 5 {
			say(s, sec+1e6, "viewer_x", "from the future", 0.5)
		}
		s.Tick(at(sec))
		if ahead := s.headSec - at(sec).Unix(); ahead > aheadOfClock {
			t.Fatalf("second %d: the newest message is %d s ahead", i, ahead)
		}
	}
	if n := len(s.Tail(at(599), 60)); n != 60 || s.Counts().Total != 660 {
		t.Errorf("%d seconds in the last minute, %+v", n, s.Counts())
	}

	// After hours of silence the first message is in no doubt.
	s.Tick(at(20_000))
	say(s, 20_000.5, "viewer_y", "good morning", 0.5)
	if s.headSec != at(20_000).Unix() || s.leap.sec != 0 {
		t.Errorf("newest %d, doubt %+v", s.headSec-testStart.Unix(), s.leap)
	}
	// A session that is resumed after hours learns the time a second later.
	resumed, err := Restore(s.Checkpoint(true), Options{})
	if err != nil {
		t.Fatal(err)
	}
	say(resumed, 40_000, "viewer_y", "good evening", 0.5)
	again, err := Restore(resumed.Checkpoint(true), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*Session{resumed, again} {
		s.Tick(at(40_001))
		if b := s.Tail(at(40_001), 5); s.headSec != at(40_000).Unix() || len(b) != 1 || b[0].T != at(40_000).Unix() {
			t.Errorf("newest %d, %+v", s.headSec-testStart.Unix(), b)
		}
	}
}
