package analysis

import (
	"testing"
	"time"
)

// What was left out is kept with the session, and does not cost one of which
// nothing was left out a part.
func TestShedIsKept(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	store := map[string][]byte{}
	apply(store, s.Checkpoint(false))
	if _, ok := store[shedPart]; ok {
		t.Error("a session of which nothing was left out has a part for it")
	}
	for _, more := range []Shed{{Unshown: 3}, {Unjudged: 70_000}, {}} {
		s.AddShed(more)
		apply(store, s.Checkpoint(false))
		got, err := Restore(partsOf(store), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Shed() != s.Shed() || got.Snapshot(testStart.Add(time.Second), 1).Shed != s.Shed() {
			t.Errorf("restored %+v of %+v", got.Shed(), s.Shed())
		}
	}
	if want := (Shed{3, 70_000}); s.Shed() != want {
		t.Errorf("%+v, want %+v", s.Shed(), want)
	}
	store[shedPart] = []byte{partVersion, 1}
	if _, err := Restore(partsOf(store), Options{}); err == nil {
		t.Error("a damaged part was read")
	}
}
