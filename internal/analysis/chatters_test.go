package analysis

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/dgryski/go-metro"
)

func TestDistinct(t *testing.T) {
	d := distinct{limit: 1000}
	for i := range 1000 {
		for range 1 + i%3 {
			d.add(metro.Hash64Str(fmt.Sprint("viewer_", i), seedChatter))
		}
		if n, exact := d.count(); n != i+1 || !exact {
			t.Fatalf("%d chatters: %d, exact %v", i+1, n, exact)
		}
	}
	for i := range 30_000 {
		d.add(metro.Hash64Str(fmt.Sprint("viewer_", i), seedChatter))
		if i%1000 != 999 || i == 999 {
			continue
		}
		n, exact := d.count()
		if exact {
			t.Fatalf("%d chatters with a limit of 1000 are called exact", i+1)
		}
		if err := math.Abs(float64(n)/float64(i+1) - 1); err > 0.03 {
			t.Errorf("%d chatters: estimated %d, off by %.1f %%", i+1, n, 100*err)
		}
	}
}

// active against a map that remembers everything.
func TestActive(t *testing.T) {
	for _, limit := range []int{maxActive, 200} {
		r := rand.New(rand.NewPCG(1, 5))
		a := active{limit: limit}
		last := map[uint64]uint32{}
		head := uint32(1_767_225_600)
		for i := range 60_000 {
			if r.IntN(30) == 0 {
				head++
			}
			if i%20_000 == 19_999 {
				head += 200
			}
			sec := head - uint32(r.IntN(3))
			h := metro.Hash64Str(fmt.Sprint(r.IntN(1+i/50)), 1)
			a.add(h, sec)
			last[h] = max(last[h], sec)
			if i%500 != 0 {
				continue
			}
			want := 0
			for _, s := range last {
				if s+activeWindow > head {
					want++
				}
			}
			got := a.count(int64(head))
			if limit == maxActive && got != want {
				t.Fatalf("message %d: %d active, want %d", i, got, want)
			}
			if off := math.Abs(float64(got-want)) / float64(max(want, 1)); limit == 200 && want > 200 && off > 0.3 {
				t.Errorf("message %d: %d active, want about %d", i, got, want)
			}
			if a.n > limit {
				t.Fatalf("message %d: %d entries, at most %d allowed", i, a.n, limit)
			}
		}
		if limit == 200 && a.level == 0 {
			t.Error("the table never ran full")
		}
	}
}

// No more than maxVoices messages of a chatter count for the mood in each
// half minute, whoever else writes.
func TestVoices(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 6))
	a := active{limit: maxActive}
	heard := map[[2]uint64]int{}
	sent := map[[2]uint64]int{}
	for sec := uint32(1_767_225_600); sec < 1_767_225_600+600; sec++ {
		for range r.IntN(40) {
			h := uint64(1+r.IntN(60)) * 0x9e3779b97f4a7c15
			if r.IntN(4) == 0 {
				h = 77
			}
			key := [2]uint64{h, uint64(sec / voiceWindow)}
			sent[key]++
			if _, voice := a.add(h, sec); voice {
				heard[key]++
			}
		}
	}
	for key, n := range sent {
		if want := min(n, maxVoices); heard[key] != want {
			t.Errorf("of %d messages of a chatter in half a minute %d count, want %d", n, heard[key], want)
		}
	}
}

// The number of active chatters is that of the entries, at any second.
func TestActiveCount(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	a := active{limit: 500}
	sec := uint32(1_000_000)
	for range 60_000 {
		switch r.IntN(4000) {
		case 0:
			sec += uint32(r.IntN(700))
		default:
			sec += uint32(r.IntN(10) / 9)
		}
		a.add(r.Uint64N(5000)*0x9e3779b97f4a7c15, sec-uint32(r.IntN(2)*r.IntN(350)))
		at := int64(sec) + int64(r.IntN(400)) - 50
		want := 0
		for i := range a.slots {
			if e := &a.slots[i]; e.hash != 0 && int64(e.last) > at-activeWindow && int64(e.last) <= at {
				want++
			}
		}
		if got := a.count(at); got != want<<a.level {
			t.Fatalf("at %d: %d active chatters, want %d", at, got, want<<a.level)
		}
	}
	if a.level == 0 {
		t.Error("there were never more than the limit")
	}
}
