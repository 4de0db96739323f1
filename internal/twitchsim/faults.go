package twitchsim

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Fault is something that goes wrong, see [ParseFaults].
type Fault struct {
	Name string
	// At is when it begins, counted from the start of the server.
	At time.Duration
	// Every repeats it; 0 means once.
	Every time.Duration
	// For is how long it lasts; 0 means to the end. Faults of a moment ignore it.
	For time.Duration
	// Value is the fault's own number: a probability, a factor, seconds or bytes.
	Value float64
}

// faultKind says how a fault behaves.
type faultKind struct {
	name   string
	help   string
	moment bool // happens at once; else it lasts
	unit   unit
	value  float64       // default
	at     time.Duration // default
	every  time.Duration // default, where neither a time nor a period was given
	lasts  time.Duration // default
}

type unit int

const (
	none unit = iota
	probability
	factor
	seconds
	bytesUnit
)

// faultKinds lists the faults in the order of the documentation.
func faultKinds() []faultKind {
	return []faultKind{
		{name: "drop", moment: true, at: 30 * time.Second, help: "closes every connection without a word"},
		{name: "reconnect", moment: true, at: 30 * time.Second, unit: seconds, value: 30, help: "sends RECONNECT and closes after VALUE seconds"},
		{name: "halfopen", moment: true, at: 30 * time.Second, help: "keeps every connection open, says nothing any more and answers no ping"},
		{name: "slow", moment: true, at: 10 * time.Second, every: 20 * time.Second, unit: seconds, value: 5, help: "holds everything back for VALUE seconds, then sends it in one burst"},
		{name: "longline", moment: true, at: 5 * time.Second, every: 10 * time.Second, unit: bytesUnit, value: 0, help: "sends a line of VALUE bytes; 0 sends one of 8 KiB and one of 60 KiB"},
		{name: "flood", at: 10 * time.Second, lasts: 20 * time.Second, unit: factor, value: 20, help: "chat runs VALUE times as fast"},
		{name: "garbage", unit: probability, value: 0.05, help: "sends broken lines between the good ones"},
		{name: "loss", unit: probability, value: 0.01, help: "leaves lines out"},
		{name: "duplicate", unit: probability, value: 0.02, help: "sends lines twice"},
		{name: "reorder", unit: probability, value: 0.1, help: "sends lines up to 150 ms late"},
		{name: "split", unit: bytesUnit, value: 100, help: "cuts the stream into writes of VALUE bytes"},
		{name: "lf", help: "ends lines by LF in place of CR LF"},
		{name: "refuse-login", help: "refuses logins"},
		{name: "refuse-join", help: "answers joins by silence"},
	}
}

func findFault(name string) (faultKind, bool) {
	kinds := faultKinds()
	i := slices.IndexFunc(kinds, func(k faultKind) bool { return k.name == name })
	if i < 0 {
		return faultKind{}, false
	}
	return kinds[i], true
}

// FaultUsage describes how to write faults, and every fault.
func FaultUsage() string {
	var b strings.Builder
	b.WriteString("Faults are separated by commas, each NAME[=VALUE][@TIME][+DURATION]:\n" +
		"drop@30s happens once, 30 s after the start; drop@every1m again and again;\n" +
		"loss=0.05@10s+20s lasts 20 s, without +DURATION to the end.\n\n")
	for _, k := range faultKinds() {
		var defaults []string
		switch {
		case k.unit == probability:
			defaults = append(defaults, fmt.Sprintf("=%v", k.value))
		case k.unit != none && k.value != 0:
			defaults = append(defaults, fmt.Sprintf("=%v", k.value))
		}
		if k.every > 0 {
			defaults = append(defaults, "@every"+k.every.String())
		} else if k.at > 0 {
			defaults = append(defaults, "@"+k.at.String())
		}
		if k.lasts > 0 {
			defaults = append(defaults, "+"+k.lasts.String())
		}
		fmt.Fprintf(&b, "%-13s %s", k.name, k.help)
		if len(defaults) > 0 {
			fmt.Fprintf(&b, " (default %s)", strings.Join(defaults, ""))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// ParseFaults reads a list of faults, separated by commas, each
//
//	NAME[=VALUE][@TIME | @every TIME][+DURATION]
//
// such as "drop@30s", "reconnect=5@1m", "slow@every20s", "loss=0.01",
// "flood=50@10s+5s". See [FaultUsage] for the names.
func ParseFaults(list string) ([]Fault, error) {
	var faults []Fault
	var errs []error
	for item := range strings.SplitSeq(list, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		f, err := parseFault(item, false)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		faults = append(faults, f)
	}
	return faults, errors.Join(errs...)
}

// parseFault reads one fault. With now, what no time was given for begins now.
func parseFault(item string, now bool) (Fault, error) {
	end := strings.IndexAny(item, "=@+")
	if end < 0 {
		end = len(item)
	}
	k, ok := findFault(item[:end])
	if !ok {
		var names []string
		for _, k := range faultKinds() {
			names = append(names, k.name)
		}
		return Fault{}, fmt.Errorf("unknown fault %q: use one of %s", item[:end], strings.Join(names, ", "))
	}
	f := Fault{Name: k.name, At: k.at, Every: k.every, For: k.lasts, Value: k.value}
	if now {
		f.At, f.Every, f.For = 0, 0, 0
	}
	for rest := item[end:]; rest != ""; {
		sign := rest[0]
		end := strings.IndexAny(rest[1:], "=@+") + 1
		if end == 0 {
			end = len(rest)
		}
		part := rest[1:end]
		rest = rest[end:]
		var err error
		switch sign {
		case '=':
			f.Value, err = k.parseValue(part)
		case '@':
			f.Every = 0
			if period, ok := strings.CutPrefix(part, "every"); ok {
				if f.Every, err = positiveDuration(strings.TrimSpace(period)); err == nil && f.Every < minEvery {
					err = fmt.Errorf("a period of %v is too short: use %v or more", f.Every, minEvery)
				}
				f.At = f.Every
			} else {
				f.At, err = positiveDuration(part)
			}
		case '+':
			f.For, err = positiveDuration(part)
		}
		if err != nil {
			return Fault{}, fmt.Errorf("fault %q: %w", item, err)
		}
	}
	return f, nil
}

// minEvery is the shortest period of a repeated fault.
const minEvery = 10 * time.Millisecond

func (k faultKind) parseValue(s string) (float64, error) {
	if k.unit == none {
		return 0, fmt.Errorf("%s takes no value", k.name)
	}
	if k.unit == seconds {
		if d, err := time.ParseDuration(s); err == nil && d >= 0 {
			return d.Seconds(), nil
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	var limit float64
	switch k.unit {
	case probability:
		limit = 1
	case factor:
		limit = 10_000
	case seconds:
		limit = 3600
	case bytesUnit:
		limit = 1 << 20
	}
	if err != nil || !(v >= 0 && v <= limit) {
		return 0, fmt.Errorf("the value %q must be a number from 0 to %v", s, limit)
	}
	return v, nil
}

func positiveDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%q is no time: write it as 30s or 1m30s", s)
	}
	return d, nil
}

// Fault makes something go wrong now: a fault as [ParseFaults] reads it. Those
// that last do so until [Server.Heal], or for their +DURATION.
func (s *Server) Fault(spec string) error {
	f, err := parseFault(spec, true)
	if err != nil {
		return err
	}
	s.strike(f)
	return nil
}

// Heal ends the faults that last. What happened to a connection (half-open)
// stays.
func (s *Server) Heal() {
	s.faults.heal("")
	s.applySplit()
}

// runFaults lets the configured faults happen at their times.
func (s *Server) runFaults(ctx context.Context) {
	type plan struct {
		at time.Duration
		f  Fault
	}
	var plans []plan
	for _, f := range s.cfg.Faults {
		plans = append(plans, plan{f.At, f})
	}
	start := time.Now()
	for len(plans) > 0 {
		slices.SortStableFunc(plans, func(a, b plan) int { return cmp.Compare(a.at, b.at) })
		p := &plans[0]
		timer := time.NewTimer(time.Until(start.Add(p.at)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		s.cfg.Logger.Info("fault", "name", p.f.Name, "value", p.f.Value)
		s.strike(p.f)
		if p.f.Every > 0 {
			p.at += p.f.Every
		} else {
			plans = plans[1:]
		}
	}
}

// strike makes a fault happen.
func (s *Server) strike(f Fault) {
	switch f.Name {
	case "drop":
		for _, c := range s.connections() {
			c.close("fault: drop")
			c.leaveAll() // who waits for readers from now on waits for new ones
		}
	case "reconnect":
		for _, c := range s.connections() {
			c.askReconnect(time.Duration(f.Value * float64(time.Second)))
		}
	case "halfopen":
		for _, c := range s.connections() {
			c.mu.Lock()
			c.half = c.nick != ""
			c.mu.Unlock()
		}
	case "slow":
		until := time.Now().Add(time.Duration(f.Value * float64(time.Second)))
		for _, c := range s.connections() {
			c.mu.Lock()
			c.stalled = until
			c.poke()
			c.mu.Unlock()
		}
	case "longline":
		s.sendLong(int(f.Value))
	default:
		s.faults.begin(f)
		s.applySplit()
		if f.For > 0 {
			s.healLater(f)
		}
	}
}

// healLater ends a fault after its time, if the server runs that long.
func (s *Server) healLater(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil || s.ctx.Err() != nil {
		return
	}
	ctx := s.ctx
	s.wg.Go(func() {
		timer := time.NewTimer(f.For)
		defer timer.Stop()
		select {
		case <-timer.C:
			s.faults.heal(f.Name)
			s.applySplit()
		case <-ctx.Done():
		}
	})
}

// askReconnect tells the client to go elsewhere and closes after a while.
func (c *conn) askReconnect(after time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.caps&capCommands != 0 {
		c.sayf(":tmi.twitch.tv RECONNECT")
	}
	c.at(task{due: time.Now().Add(after), do: func() { c.close("fault: reconnect") }})
}

func (s *Server) applySplit() {
	size := s.faults.splitSize()
	for _, c := range s.connections() {
		c.mu.Lock()
		c.writeLimit = size
		c.mu.Unlock()
	}
}

// sendLong sends a very long message into every room that has readers.
func (s *Server) sendLong(size int) {
	sizes := []int{size}
	if size == 0 {
		sizes = []int{8 << 10, 60 << 10}
	}
	s.mu.Lock()
	rooms := make([]*room, 0, len(s.rooms))
	for _, r := range s.rooms {
		rooms = append(rooms, r)
	}
	s.mu.Unlock()
	for _, r := range rooms {
		if n, _ := r.readers(); n == 0 {
			continue
		}
		for _, size := range sizes {
			text := make([]byte, 0, size)
			for len(text) < size {
				text = append(text, "so long a line "...)
			}
			m := privmsg{
				channel: r.name, roomID: r.id, id: randomUUID(), time: time.Now().UnixMilli(),
				login: "longwinded", display: "longwinded", userID: userIDOf("longwinded"), text: text[:size],
			}
			var b batch
			b.addLine(appendPrivmsg(nil, &m))
			r.deliver(&b, nil)
		}
	}
}

// faultState is the set of faults that last, now.
type faultState struct {
	mu    sync.Mutex
	now   map[string]float64
	lines atomic.Pointer[lineFaults]
	flood atomic.Uint64 // factor × 1000
	seed  uint64
}

// lineFaults are what happens to single lines on their way to a connection.
type lineFaults struct {
	garbage, loss, duplicate, reorder float64
	lf                                bool
}

func newFaultState(seed uint64) *faultState {
	f := &faultState{now: map[string]float64{}, seed: seed}
	f.flood.Store(1000)
	return f
}

func (f *faultState) begin(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now[fault.Name] = fault.Value
	f.refresh()
}

// heal ends a fault, or all for "".
func (f *faultState) heal(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if name == "" {
		clear(f.now)
	} else {
		delete(f.now, name)
	}
	f.refresh()
}

func (f *faultState) refresh() {
	flood := uint64(1000)
	if v, ok := f.now["flood"]; ok && v > 0 {
		flood = uint64(v * 1000)
	}
	f.flood.Store(max(flood, 1))
	_, lf := f.now["lf"]
	l := &lineFaults{garbage: f.now["garbage"], loss: f.now["loss"], duplicate: f.now["duplicate"], reorder: f.now["reorder"], lf: lf}
	if *l == (lineFaults{}) {
		l = nil
	}
	f.lines.Store(l)
}

func (f *faultState) has(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.now[name]
	return ok
}

func (f *faultState) onLines() *lineFaults { return f.lines.Load() }
func (f *faultState) floodFactor() float64 { return float64(f.flood.Load()) / 1000 }
func (f *faultState) refusesLogin() bool   { return f.has("refuse-login") }
func (f *faultState) refusesJoin() bool    { return f.has("refuse-join") }
func (f *faultState) splitSize() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int(f.now["split"])
}

// maxDelay is how late a reordered line may be: what was observed at Twitch.
const maxDelay = 150 * time.Millisecond

// apply queues a line as the faults let it pass and returns how often it will
// arrive. c.mu is held.
func (f *lineFaults) apply(c *conn, line []byte) (copies int) {
	rng := c.lossy
	if f.garbage > 0 && rng.Float64() < f.garbage {
		c.buf = append(c.buf, garbageLine(rng, line)...)
		c.buf = append(c.buf, '\r', '\n')
	}
	if f.loss > 0 && rng.Float64() < f.loss {
		return 0
	}
	copies = 1
	if f.duplicate > 0 && rng.Float64() < f.duplicate {
		copies = 2
	}
	eol := "\r\n"
	if f.lf {
		eol = "\n"
	}
	if f.reorder > 0 && rng.Float64() < f.reorder && len(c.later) < maxTasks/2 {
		late := make([]byte, 0, (len(line)+2)*copies)
		for range copies {
			late = append(append(late, line...), eol...)
		}
		c.at(task{due: time.Now().Add(time.Duration(rng.Int64N(int64(maxDelay)))), line: late})
		return copies
	}
	for range copies {
		c.buf = append(append(c.buf, line...), eol...)
	}
	return copies
}

// garbageLine returns a line that a reader must survive: made up, or a good one
// damaged.
func garbageLine(rng *rand.Rand, line []byte) []byte {
	kinds := []string{
		"\xff\xfe\x80 broken bytes \xc3\x28",
		":tmi.twitch.tv FROBNICATE #nowhere :what is this",
		"@new-tag=1;tmi-sent-ts= :tmi.twitch.tv 999 * :a numeric from the future",
		"@id=;emotes=25:04;room-id= :!ghost@ghost.tmi.twitch.tv PRIVMSG #nowhere :Kappa",
		"@emotes=25:4-0,90-99/:/x:y-z;tmi-sent-ts=soon :ghost@ghost.tmi.twitch.tv PRIVMSG #nowhere :Kappa Kappa",
		"@msg-id=brand-new-kind;system-msg=Something\\snew\\shappened! :tmi.twitch.tv USERNOTICE #nowhere",
		"@", ":", "@ :", "@a;b;;=c; ", ": :", "PRIVMSG", ":tmi.twitch.tv PRIVMSG", ":tmi.twitch.tv PRIVMSG #nowhere",
		"@badges=;color :tmi.twitch.tv CLEARCHAT", ":tmi.twitch.tv ROOMSTATE", "@target-msg-id :tmi.twitch.tv CLEARMSG #nowhere",
		"", " ", "\x00\x01\x02",
	}
	n := rng.IntN(len(kinds) + 1)
	if n < len(kinds) {
		return []byte(kinds[n])
	}
	// A line that stops in its tags, so that it cannot pass for a message.
	tagEnd := max(bytes.IndexByte(line, ' '), 0)
	return line[:rng.IntN(tagEnd+1)]
}
