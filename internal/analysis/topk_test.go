package analysis

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func fill(k *sketch[string], keys []uint64, seen func(h uint64)) {
	for _, h := range keys {
		if i, fresh := k.add(h); fresh {
			k.payload[i] = fmt.Sprint(h)
		}
		seen(h)
	}
}

// zipfKeys returns keys of which few are frequent, as words are.
func zipfKeys(r *rand.Rand, n, distinct int) []uint64 {
	z := rand.NewZipf(r, 1.1, 4, uint64(distinct-1))
	keys := make([]uint64, n)
	for i := range keys {
		keys[i] = (z.Uint64() + 1) * 0x9e3779b97f4a7c15
	}
	return keys
}

// The promises in the comment of sketch, against exact counts.
func TestSketchBounds(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		capacity := 1 + r.IntN(200)
		k := newSketch[string](capacity)
		exact := map[uint64]int{}
		n := 1 + r.IntN(30_000)
		var keys []uint64
		if seed%4 == 3 { // the worst case: everything is equally rare
			for range n {
				keys = append(keys, (r.Uint64N(5000)+1)*0x9e3779b97f4a7c15)
			}
		} else {
			keys = zipfKeys(r, n, 2+r.IntN(4000))
		}
		fill(k, keys, func(h uint64) { exact[h]++ })

		name := fmt.Sprintf("seed %d, %d keys, %d distinct, capacity %d", seed, n, len(exact), capacity)
		if len(exact) <= capacity && (k.maxError() != 0 || len(k.hashes) != len(exact)) {
			t.Errorf("%s: not exact while it could be", name)
		}
		if k.maxError() > n/capacity {
			t.Errorf("%s: the error %d is over %d", name, k.maxError(), n/capacity)
		}
		for i, h := range k.hashes {
			if c := int(k.counts[i]); c < exact[h] || c-int(k.errs[i]) > exact[h] {
				t.Fatalf("%s: a key that occurred %d times has %d, error %d", name, exact[h], c, k.errs[i])
			}
			if k.payload[i] != fmt.Sprint(h) || k.find(h) != i || k.index.find32(uint32(h), k.hashes) < 0 {
				t.Fatalf("%s: key %d is not found again", name, h)
			}
		}
		for h, c := range exact {
			if k.find(h) >= 0 {
				continue
			}
			if least := int(k.filter[k.filterSlot(h)]); c > least {
				t.Fatalf("%s: a key that occurred %d times is not kept, its counter is %d", name, c, least)
			}
			if c > n/capacity {
				t.Fatalf("%s: a key that occurred %d times of %d is not kept", name, c, n)
			}
		}
	}
}

func TestSketchSubtracts(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 2))
		k := newSketch[string](60)
		exact := map[uint64]int{}
		keys := zipfKeys(r, 20_000, 50+int(seed)*40)
		for i := range keys {
			fill(k, keys[i:i+1], func(h uint64) { exact[h]++ })
			if r.IntN(10) > 0 {
				continue
			}
			h := keys[r.IntN(i+1)]
			if p := k.find(h); p >= 0 && k.counts[p] > k.errs[p] && exact[h] > 0 {
				k.sub(p)
				exact[h]--
			}
		}
		for i, h := range k.hashes {
			if c := int(k.counts[i]); c < exact[h] || len(exact) <= 60 && c != exact[h] {
				t.Errorf("seed %d: a key that occurred %d times has %d", seed, exact[h], c)
			}
		}
	}
}

func TestTopPositions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	for range 200 {
		n, k := r.IntN(40), r.IntN(50)-2
		weights := make([]uint32, n)
		for i := range weights {
			weights[i] = uint32(r.IntN(6))
		}
		var want []int
		for i, w := range weights {
			if w > 0 {
				want = append(want, i)
			}
		}
		slices.SortFunc(want, func(i, j int) int { return cmp.Or(-cmp.Compare(weights[i], weights[j]), i-j) })
		want = want[:min(max(k, 0), len(want))]
		got := topPositions(n, k, func(i int) uint32 { return weights[i] }, func(i, j int) bool { return i < j })
		if !slices.Equal(got, want) {
			t.Errorf("the %d heaviest of %v: %v, want %v", k, weights, got, want)
		}
	}
}

func TestIndexAgainstMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	const size = 300
	var x index
	keys := make([]uint64, size)
	where := map[uint64]int{}
	for range 50_000 {
		pos := r.IntN(size)
		if keys[pos] != 0 {
			x.remove(pos, keys)
			delete(where, keys[pos])
		}
		keys[pos] = 0
		// Few different lower bits, so that keys collide and wrap around.
		if h := r.Uint64N(40) - 20 | r.Uint64N(1<<20)<<32; h != 0 && r.IntN(3) > 0 {
			if _, ok := where[h]; !ok {
				keys[pos] = h
				where[h] = pos
				x.insert(pos, keys)
			}
		}
		h := r.Uint64N(40) - 20 | r.Uint64N(1<<20)<<32
		if keys[r.IntN(size)] != 0 {
			h = keys[r.IntN(size)]
		}
		if h == 0 {
			continue
		}
		want, ok := where[h]
		if !ok {
			want = -1
		}
		if got := x.find(h, keys); got != want {
			t.Fatalf("find(%x) = %d, want %d", h, got, want)
		}
	}
	if x.used != len(where) {
		t.Errorf("%d used, want %d", x.used, len(where))
	}
}
