package analysis

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
	"chatmood/internal/source"
)

// naiveBaseline is the definition of the baseline: each second weighs by the
// span of ten it lies in, and spans that were not read whole do not count.
func naiveBaseline(s *Session, sec int64) baseline {
	var b baseline
	var w, n, v, m float64
	var spans, weights []float64
	weigh := func(start int64) float64 { return math.Exp(-float64(sec/10*10-start) / baselineTau) }
	read := func(start int64) bool {
		if start < s.beginSec() || start <= sec-baselineFrom || start+9 > sec-baselineTo {
			return false
		}
		for i := start; i < start+10; i++ {
			for _, g := range s.gaps {
				if i >= g.From.Unix() && i <= g.To.Unix() {
					return false
				}
			}
		}
		return true
	}
	messages := func(start, length int64) (total, voices, sum float64) {
		for i := start; i < start+length; i++ {
			if c := s.tiers[0].at(i); c != nil {
				total += float64(c.total())
				voices += float64(c.voices)
				sum += float64(c.moodSum) / scoreUnit
			}
		}
		return total, voices, sum
	}
	var pairs [][2]float64 // weight and mood
	for start := sec/10*10 - baselineFrom - 20; start < sec; start += 10 {
		if !read(start) {
			continue
		}
		k := weigh(start)
		total, voices, sum := messages(start, 10)
		b.secs += 10
		w += k
		n += k * total
		v += k * voices
		m += k * sum
		spans, weights = append(spans, total), append(weights, k)
		if start%20 == 10 && read(start-10) {
			if _, voices, sum := messages(start-10, 20); voices > 0 {
				pairs = append(pairs, [2]float64{k * voices, sum / voices})
			}
		}
	}
	if w > 0 {
		b.usual = n / w
	}
	for i, x := range spans {
		b.spread += weights[i] * (x - b.usual) * (x - b.usual) / w
	}
	b.spread = math.Sqrt(max(b.spread, b.usual+1))
	newest := math.Exp(-float64(sec/10*10-((sec-baselineTo+1)/10*10-10)) / baselineTau)
	if v > 0 {
		b.baseVoices, b.baseMood = v/newest, m/v
	}
	var pw, pm float64
	for _, p := range pairs {
		pw += p[0]
		pm += p[0] * p[1]
	}
	for _, p := range pairs {
		b.swing += p[0] * (p[1] - pm/pw) * (p[1] - pm/pw) / pw
	}
	b.swing = math.Sqrt(b.swing)
	return b
}

// secondwise is the same mean with each second weighing for itself, as it is
// the plainest to think of.
func secondwise(s *Session, sec int64) (usual, mood float64) {
	var w, n, v, m float64
	for i := max(sec-baselineFrom+1, s.beginSec()); i <= sec-baselineTo; i++ {
		if overlaps(s.gaps, i, i) {
			continue
		}
		k := math.Exp(-float64(sec-i) / baselineTau)
		w += k
		if c := s.tiers[0].at(i); c != nil {
			n += k * float64(c.total())
			v += k * float64(c.voices)
			m += k * float64(c.moodSum)
		}
	}
	return n / w * rateSpan, m / v / scoreUnit
}

// The baseline, of which ten seconds in a row share one, is what its
// definition says at each second, whatever comes late, is deleted or missing,
// and close to the mean over seconds.
func TestBaseline(t *testing.T) {
	for seed := range uint64(4) {
		stream := newStream(seed, 300)
		s := New("s1", "demo", testStart, Options{})
		var m chat.Message
		var sc sentiment.Score
		var compared int
		var far, farMood float64
		next := s.startSec + 1
		for range 40_000 {
			stream.next(&m, &sc)
			if stream.r.IntN(500) == 0 {
				m.Time = m.Time.Add(-at(float64(stream.r.IntN(700))).Sub(testStart)) // very late
			}
			s.Add(&m, &sc)
			stream.disturb(s)
			if stream.at.Unix() < next {
				continue
			}
			next = stream.at.Unix() + 1
			sec := stream.at.Unix() - settleTime
			got, want := s.baseline(sec), naiveBaseline(s, sec)
			for name, x := range map[string][2]float64{
				"secs": {got.secs, want.secs}, "usual": {got.usual, want.usual}, "spread": {got.spread, want.spread},
				"voices": {got.baseVoices, want.baseVoices}, "mood": {got.baseMood, want.baseMood}, "swing": {got.swing, want.swing},
			} {
				if math.Abs(x[0]-x[1]) > 1e-6*max(1, math.Abs(x[1])) {
					t.Fatalf("seed %d, second %d, %s: %v, want %v", seed, sec-s.startSec, name, x[0], x[1])
				}
			}
			if got.secs >= 300 && sec > s.startSec+400 {
				usual, mood := secondwise(s, sec)
				far, farMood = max(far, math.Abs(got.usual/usual-1)), max(farMood, math.Abs(got.baseMood-mood))
				compared++
			}
		}
		if compared < 500 || far > 0.05 || farMood > 0.05 {
			t.Errorf("seed %d: in %d seconds the usual rate differs by up to %.1f %% from the mean over seconds, the mood by %.3f", seed, compared, 100*far, farMood)
		}
	}
}

// momentsBySecond evaluates each second of silence too, and makes every
// baseline anew.
func TestEvaluateSkipsNothingThatMatters(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 3))
		fast, slow := New("s1", "demo", testStart, Options{}), New("s1", "demo", testStart, Options{})
		n, sec := 0, 0.0
		for sec < 3*3600 {
			// Silence, calm chat and bursts of changing mood take turns.
			length, rate, mood := 20+r.Float64()*200, []float64{0, 0.02, 0.3, 1, 1, 4, 8}[r.IntN(7)], r.Float64()*2-1
			if r.IntN(2) == 0 {
				mood = 0.1
			}
			for end := sec + length; sec < end; {
				if rate == 0 {
					sec = end + r.Float64()*400
					break
				}
				sec += r.ExpFloat64() / rate
				n++
				who, value := fmt.Sprint("viewer_", n%200), float32(mood)
				say(fast, sec, who, "boss fight", value)
				slow.usual = baselineCache{}
				for slow.evaluated < at(sec).Unix()-settleTime {
					slow.usual = baselineCache{}
					slow.evaluate(slow.evaluated + 1)
				}
				say(slow, sec, who, "boss fight", value)
			}
		}
		fast.Stop(at(sec))
		slow.Stop(at(sec))
		a, b := fmt.Sprint(fast.moments), fmt.Sprint(slow.moments)
		if a != b || len(fast.moments) == 0 {
			t.Errorf("seed %d: %s\nand with nothing skipped %s", seed, a, b)
		}
	}
}

// A burst in the first minutes is found once there is something to compare it
// with: after five minutes, or when a log ends.
func TestFirstMinutesInHindsight(t *testing.T) {
	for name, c := range map[string]struct {
		burst, end int
		gap        bool
		want       bool
	}{
		"live":                 {40, 600, false, true},
		"at once":              {0, 600, false, true},
		"a short log":          {40, 200, false, true},
		"too short a log":      {40, 100, false, false},
		"after an outage":      {40, 600, true, true},
		"no burst":             {-100, 600, false, false},
		"later, found at once": {250, 600, false, true},
	} {
		s := New("s1", "demo", testStart, Options{})
		s.SetStatus(Status{State: source.Live, Since: testStart})
		begin := 0
		n := 0
		one := func(sec int) {
			n++
			say(s, float64(sec)+float64(n%10)/10, fmt.Sprint("viewer_", n%300), "talk", 0.1)
		}
		if c.gap {
			for sec := range 700 {
				one(sec)
				s.Tick(at(float64(sec)))
			}
			begin = 1500
			s.AddGap(Gap{From: at(700), To: at(float64(begin)), Reason: "connection_lost"})
			if got := s.moments; len(got) != 0 {
				t.Errorf("%s: %+v", name, got)
			}
		}
		var told []Moment
		for sec := begin + 1; sec < begin+c.end; sec++ {
			one(sec)
			if i := sec - begin - c.burst; i >= 0 && i < 12 {
				for range 5 {
					one(sec)
				}
			}
			if c.end > 200 {
				told = append(told, s.Tick(at(float64(sec)))...)
			}
		}
		s.Stop(at(float64(begin + c.end)))
		got := s.moments
		if !c.want {
			if len(got) != 0 {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		if len(got) != 1 {
			t.Errorf("%s: %d moments: %+v", name, len(got), got)
			continue
		}
		m := got[0]
		from, to := at(float64(begin+c.burst)), at(float64(begin+c.burst+12))
		if m.Kind != "hype" || m.From.Before(from.Add(-5e9)) || m.From.After(from.Add(5e9)) || m.To.Before(to.Add(-5e9)) || m.To.After(to.Add(20e9)) ||
			m.Peak < 300 || !strings.HasPrefix(m.Label, "Hype: ") {
			t.Errorf("%s: %+v", name, m)
		}
		if c.end > 200 && (len(told) == 0 || told[len(told)-1] != m) {
			t.Errorf("%s: told %+v", name, told)
		}
	}
}

// Where chat goes wild again and again its moments are fewer than its bursts,
// and the strongest is among them.
func TestLivelyChatShowsItsStrongest(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	n := 0
	const hours = 3
	for sec := range hours * 3600 {
		rate := 1
		if sec > 600 && sec%90 < 12 {
			rate = 5
		}
		if sec > 5400 && sec < 5412 {
			rate = 20
		}
		mood := float32(0.1)
		if sec/40%3 == 1 { // the mood swings all the time
			mood = -0.6
		}
		for i := range rate {
			n++
			say(s, float64(sec)+float64(i)/float64(rate), fmt.Sprint("viewer_", n%2000), "talk", mood)
		}
	}
	s.Stop(at(hours * 3600))
	if got := len(s.moments); got > 20*hours {
		t.Errorf("%d moments in %d hours", got, hours)
	}
	strongest := false
	for _, m := range s.moments {
		if m.Kind == "hype" && !m.From.After(at(5405)) && m.To.After(at(5405)) {
			strongest = m.Peak > 1000
		}
	}
	if !strongest {
		t.Errorf("the strongest burst is not among %+v", s.moments)
	}
}

// A burst and the turn of the mood that comes with it are one moment.
func TestOneEventIsOneMoment(t *testing.T) {
	s := New("s1", "demo", testStart, Options{})
	n := 0
	talk := func(from, to, rate int, mood float32) []Moment {
		var told []Moment
		for sec := from; sec < to; sec++ {
			for i := range rate {
				n++
				say(s, float64(sec)+float64(i)/float64(rate), fmt.Sprint("viewer_", n%800), "talk", mood)
			}
			told = append(told, s.Tick(at(float64(sec)+0.9))...)
		}
		return told
	}
	talk(0, 600, 2, 0.1)
	told := talk(600, 615, 2, 0.9)                  // the mood turns first …
	told = append(told, talk(615, 640, 14, 0.9)...) // … and then everybody writes
	told = append(told, talk(640, 800, 2, 0.1)...)
	got := s.Snapshot(at(800), 5).Moments
	if len(got) != 1 || got[0].Kind != "hype" || got[0].Peak != 840 || !strings.Contains(got[0].Label, "times the usual rate, mood +0.90") || got[0].To.IsZero() {
		t.Fatalf("%+v", got)
	}
	if len(told) != 3 || told[0].Kind != "positive" || told[1].Kind != "hype" || told[1].ID != told[0].ID || told[2] != got[0] || told[1].From.After(told[0].From) {
		t.Errorf("told %+v", told)
	}
}
