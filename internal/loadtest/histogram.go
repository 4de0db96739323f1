package loadtest

import (
	"math"
	"sync/atomic"
	"time"
)

// histogram counts durations in bins that are 5 % apart, from 0.1 ms to about
// ten minutes. It is safe for concurrent use.
type histogram struct {
	counts [binCount]atomic.Int64
	most   atomic.Int64 // nanoseconds
}

const (
	binCount = 320
	firstBin = 100 * time.Microsecond
	binRatio = 1.05
)

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	i := 0
	if d > firstBin {
		i = min(1+int(math.Log(float64(d)/float64(firstBin))/math.Log(binRatio)), binCount-1)
	}
	h.counts[i].Add(1)
	for {
		most := h.most.Load()
		if int64(d) <= most || h.most.CompareAndSwap(most, int64(d)) {
			return
		}
	}
}

// upper is the largest duration of a bin.
func upper(i int) time.Duration {
	return time.Duration(float64(firstBin) * math.Pow(binRatio, float64(i)))
}

// Latency are percentiles in milliseconds, each too high by 5 % at most.
type Latency struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99_9"`
	Max   float64 `json:"max"`
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (h *histogram) summary() Latency {
	var l Latency
	for i := range h.counts {
		l.Count += h.counts[i].Load()
	}
	l.Max = ms(time.Duration(h.most.Load()))
	at := func(share float64) float64 {
		need, seen := int64(math.Ceil(share*float64(l.Count))), int64(0)
		for i := range h.counts {
			if seen += h.counts[i].Load(); seen >= need && seen > 0 {
				return min(ms(upper(i)), l.Max)
			}
		}
		return 0
	}
	l.P50, l.P90, l.P99, l.P999 = at(0.5), at(0.9), at(0.99), at(0.999)
	return l
}

// Bin is a part of a histogram: so many took at most so long, and longer than
// those of the bin before.
type Bin struct {
	UpTo  float64 `json:"up_to_ms"`
	Count int64   `json:"count"`
}

// bins returns the histogram in steps of powers of two milliseconds.
func (h *histogram) bins() (list []Bin) {
	limit, sum := 1.0, int64(0)
	for i := range h.counts {
		for ms(upper(i)) > limit*1.0001 {
			list = append(list, Bin{limit, sum})
			limit, sum = limit*2, 0
		}
		sum += h.counts[i].Load()
	}
	list = append(list, Bin{limit, sum})
	first, last := 0, len(list)
	for first < last && list[first].Count == 0 {
		first++
	}
	for last > first && list[last-1].Count == 0 {
		last--
	}
	return append([]Bin{}, list[first:last]...)
}
