package live

import "chatmood/internal/live/frame"

// lost is the kind of an entry that stands for messages that were lost on the
// way to this node; each viewer is told with a gap frame of its own.
const lost frame.Kind = 0

// entry is one frame of a room.
type entry struct {
	kind frame.Kind
	n    int    // messages in it
	seq  uint64 // sequence number after it
	at   int64  // arrival, Unix ns
	end  uint64 // bytes that ever went through the ring, up to and with this one

	// wire is the WebSocket frame of the batched dialect; nil once a newer
	// ephemeral frame replaced it.
	wire []byte
	// packed is wire compressed, where that paid when the entry came; nil otherwise.
	packed []byte
	// early holds the WebSocket frames of the plain dialect where viewers of it
	// were there when the entry came; nil otherwise.
	early []byte
	// plain holds the same made when first asked for; guarded by room.plainMu.
	plain     []byte
	plainMade bool
}

// ring holds the last frames of a room. Positions count up and are never used
// again: an entry is at the same position as long as it is in the ring.
type ring struct {
	slots []entry // length is a power of two
	tail  uint64  // position of the oldest entry
	head  uint64  // position that the next entry gets
	// before is the sequence number reached before the oldest entry: whoever
	// has everything up to it can go on from the ring.
	before   uint64
	end      uint64 // entry.end of the newest
	released uint64 // entry.end of the newest that left
}

func (r *ring) at(pos uint64) *entry { return &r.slots[pos&uint64(len(r.slots)-1)] }

func (r *ring) len() int { return int(r.head - r.tail) }

// bytes is the size of the frames in the ring.
func (r *ring) bytes() int { return int(r.end - r.released) }

func (r *ring) push(e entry) uint64 {
	if r.len() == len(r.slots) {
		r.grow()
	}
	r.end += uint64(len(e.wire))
	e.end = r.end
	pos := r.head
	*r.at(pos) = e
	r.head++
	return pos
}

func (r *ring) grow() {
	old := *r
	r.slots = make([]entry, max(16, 2*len(old.slots)))
	for pos := old.tail; pos < old.head; pos++ {
		*r.at(pos) = *old.at(pos)
	}
}

// drop removes the oldest entry.
func (r *ring) drop() {
	e := r.at(r.tail)
	r.before = e.seq
	r.released = e.end
	*e = entry{}
	r.tail++
}

// clear removes all entries; the stream goes on at a new sequence.
func (r *ring) clear() {
	for r.len() > 0 {
		r.drop()
	}
	r.before = 0
	r.slots = nil
}

// after returns the position of the first frame that somebody needs who has
// everything up to seq. Frames other than batches may have been seen already:
// they carry the number of the batch before them.
func (r *ring) after(seq uint64) uint64 {
	lo, hi := r.tail, r.head
	for lo < hi { // the numbers ascend
		mid := lo + (hi-lo)/2
		if r.at(mid).seq < seq {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
