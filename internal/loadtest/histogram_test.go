package loadtest

import (
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	var h histogram
	for i := range 1000 {
		h.add(time.Duration(i+1) * time.Millisecond)
	}
	l := h.summary()
	for name, c := range map[string]struct{ got, want float64 }{"p50": {l.P50, 500}, "p90": {l.P90, 900}, "p99": {l.P99, 990}, "p99.9": {l.P999, 999}, "max": {l.Max, 1000}} {
		if c.got < c.want || c.got > c.want*1.06 {
			t.Errorf("%s is %g, want %g to 6 %% more", name, c.got, c.want)
		}
	}
	total := int64(0)
	bins := h.bins()
	for _, b := range bins {
		total += b.Count
	}
	if total != 1000 || bins[len(bins)-1].UpTo != 1024 || bins[0].Count == 0 {
		t.Errorf("the bins are %v", bins)
	}
	h.add(-time.Second)
	h.add(1000 * time.Hour)
	if l := h.summary(); l.Count != 1002 {
		t.Errorf("%d are counted", l.Count)
	}
	var empty histogram
	if l := empty.summary(); l != (Latency{}) || len(empty.bins()) != 0 {
		t.Errorf("nothing gives %+v, %v", l, empty.bins())
	}
}
