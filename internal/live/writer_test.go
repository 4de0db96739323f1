package live

import (
	"context"
	"testing"
)

// A room with few viewers has its turn among rooms with many, sockets of a room
// have theirs in order, and none is forgotten.
func TestTurns(t *testing.T) {
	w := newWriter()
	lines := make([]line, 3)
	sockets := map[*socket][2]int{} // line and number
	add := func(l, count int) {
		var more []*socket
		for range count {
			s := &socket{}
			sockets[s] = [2]int{l, len(sockets)}
			more = append(more, s)
		}
		w.pushAll(&lines[l], more)
	}
	add(0, 1000)
	add(1, 1000)
	add(2, 1)
	var batch [turn]*socket
	last := []int{-1, -1, -1}
	turns := 0
	for total := len(sockets); total > 0; turns++ {
		n := w.next(t.Context(), batch[:])
		for _, s := range batch[:n] {
			place, ok := sockets[s]
			if !ok || place[1] <= last[place[0]] || place[0] != sockets[batch[0]][0] {
				t.Fatalf("turn %d has socket %v of line %d after %d", turns, place[1], place[0], last[place[0]])
			}
			last[place[0]] = place[1]
		}
		total -= n
		if turns == 2 && (n != 1 || sockets[batch[0]][0] != 2) {
			t.Errorf("the third turn is not the small room's: %d sockets of line %d", n, sockets[batch[0]][0])
		}
	}
	if want := 2*((1000+turn-1)/turn) + 1; turns != want {
		t.Errorf("it took %d turns, want %d", turns, want)
	}
	// Who is in no room has a turn, too, and so has who comes back.
	for range 2 {
		alone, placed := &socket{}, &socket{}
		w.place(placed, &lines[0])
		w.push(placed)
		w.push(alone)
		if n := w.next(t.Context(), batch[:]); n != 1 || batch[0] != placed {
			t.Errorf("%d sockets came, not the first", n)
		}
		if n := w.next(t.Context(), batch[:]); n != 1 || batch[0] != alone {
			t.Errorf("%d sockets came, not the one without a room", n)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if n := w.next(ctx, batch[:]); n != 0 {
		t.Errorf("%d sockets are left", n)
	}
}
