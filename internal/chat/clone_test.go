package chat

import (
	"reflect"
	"testing"
	"time"
)

// TestCloneSharesNothing changes everything that an event holds and looks at its
// copy.
func TestCloneSharesNothing(t *testing.T) {
	line := []byte("0123456789")
	fill := func() *Event {
		ev := &Event{Kind: KindMessage, Time: time.Unix(1, 0), Duration: time.Second}
		ev.Message.Emotes = []Emote{{ID: "e", Name: "Kappa", Start: 1, End: 2}}
		ev.Message.Badges = []Badge{{Name: "vip", Version: "1"}}
		eachString(reflect.ValueOf(ev).Elem(), func(s reflect.Value) { s.SetString(string(line)) })
		return ev
	}
	ev := fill()
	kept := ev.Clone()
	if want := fill(); !reflect.DeepEqual(kept, want) {
		t.Errorf("the copy is %+v, want %+v", kept, want)
	}
	eachString(reflect.ValueOf(ev).Elem(), func(s reflect.Value) { s.SetString("used again") })
	ev.Message.Emotes[0].Start = 7
	if want := fill(); !reflect.DeepEqual(kept, want) {
		t.Errorf("after the event was used again the copy is %+v, want %+v", kept, want)
	}
}

// eachString calls f with every string in a value, those in slices included.
func eachString(v reflect.Value, f func(reflect.Value)) {
	switch v.Kind() {
	case reflect.String:
		f(v)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			eachString(v.Field(i), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachString(v.Index(i), f)
		}
	}
}
