//go:build !race

// What is here works alone for long and leaves the race detector nothing to
// find: make test runs it without.

package analysis

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
)

// Six hours of a busy channel stay within 1 MB beyond the set of distinct
// chatters.
func TestMemoryOfSixHours(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	r := rand.New(rand.NewPCG(1, 2))
	stream := newStream(1, 20_000)
	before := heap()
	s := New("s", "demo", testStart, Options{})
	var m chat.Message
	var sc sentiment.Score
	var saved int
	for range 6 * 3600 * 20 {
		stream.next(&m, &sc)
		// Everybody of the 20,000 writes at some time. Display names that do not
		// follow from the login are the dearer case.
		if r.IntN(2) == 0 {
			m.Login = fmt.Sprintf("viewer_%d", r.IntN(20_000))
			m.DisplayName = fmt.Sprintf("Viewer_%d", r.IntN(20_000))
		}
		s.Add(&m, &sc)
		if stream.n%20_000 == 0 {
			saved += len(s.Checkpoint(false))
		}
	}
	used := int(heap()-before) - 8*cap(s.distinct.set.slots)
	n, exact, active := s.ChatterCounts(stream.at)
	t.Logf("%d messages, %d chatters (exact %v), %d active: %d KB, and %d KB for the set of chatters",
		s.Counts().Total, n, exact, active, used>>10, 8*cap(s.distinct.set.slots)>>10)
	if n < 19_000 || saved == 0 {
		t.Fatalf("the stream had %d chatters only", n)
	}
	if used > 1_000_000 {
		t.Errorf("the session takes %d bytes beyond the set of distinct chatters, more than 1 MB", used)
	}
	runtime.KeepAlive(s)
}
