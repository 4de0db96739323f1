package analysis

// maxIndexed is the number of positions that an index can hold: they are
// stored in 16 bits, and 0 means an empty slot.
const maxIndexed = 1<<16 - 2

// index finds the position of a hash in a table that somebody else holds, by
// open addressing with linear probing. Two bytes a slot: a map would take
// more than ten times that.
type index struct {
	slots []uint16 // position+1, 0: empty; a power of two long
	used  int
}

// find returns the position of h in keys, or -1.
func (x *index) find(h uint64, keys []uint64) int {
	if x.used == 0 {
		return -1
	}
	mask := uint32(len(x.slots) - 1)
	for i := uint32(h) & mask; ; i = (i + 1) & mask {
		p := x.slots[i]
		if p == 0 {
			return -1
		}
		if keys[p-1] == h {
			return int(p - 1)
		}
	}
}

// find32 is find for whoever kept only the lower half of a hash.
func (x *index) find32(h uint32, keys []uint64) int {
	if x.used == 0 {
		return -1
	}
	mask := uint32(len(x.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		p := x.slots[i]
		if p == 0 {
			return -1
		}
		if uint32(keys[p-1]) == h {
			return int(p - 1)
		}
	}
}

// insert adds the position pos, where keys[pos] was set already and is not
// indexed yet.
func (x *index) insert(pos int, keys []uint64) {
	if (x.used+1)*2 > len(x.slots) {
		x.grow(keys)
	}
	x.place(pos, keys[pos])
	x.used++
}

func (x *index) place(pos int, h uint64) {
	mask := uint32(len(x.slots) - 1)
	i := uint32(h) & mask
	for x.slots[i] != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = uint16(pos + 1)
}

func (x *index) grow(keys []uint64) {
	old := x.slots
	x.slots = make([]uint16, max(16, 2*len(old)))
	for _, p := range old {
		if p != 0 {
			x.place(int(p-1), keys[p-1])
		}
	}
}

// remove takes the position pos out; keys[pos] must still be what it was
// inserted with.
func (x *index) remove(pos int, keys []uint64) {
	if x.used == 0 {
		return
	}
	mask := uint32(len(x.slots) - 1)
	i := uint32(keys[pos]) & mask
	for x.slots[i] != uint16(pos+1) {
		if x.slots[i] == 0 {
			return
		}
		i = (i + 1) & mask
	}
	x.used--
	// Entries behind the hole move up, so that no search ends at it early.
	for j := (i + 1) & mask; x.slots[j] != 0; j = (j + 1) & mask {
		home := uint32(keys[x.slots[j]-1]) & mask
		if (j-home)&mask >= (j-i)&mask {
			x.slots[i] = x.slots[j]
			i = j
		}
	}
	x.slots[i] = 0
}
