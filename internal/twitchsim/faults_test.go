package twitchsim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestParseFaults(t *testing.T) {
	tests := []struct {
		list string
		want []Fault
	}{
		{"", nil},
		{"drop@30s", []Fault{{Name: "drop", At: 30 * time.Second}}},
		{"drop@every1m", []Fault{{Name: "drop", At: time.Minute, Every: time.Minute}}},
		{"reconnect=5@1m", []Fault{{Name: "reconnect", At: time.Minute, Value: 5}}},
		{"reconnect=1500ms@0s", []Fault{{Name: "reconnect", Value: 1.5}}},
		{"slow", []Fault{{Name: "slow", At: 10 * time.Second, Every: 20 * time.Second, Value: 5}}},
		{" loss=0.5 , flood=50@10s+5s ", []Fault{{Name: "loss", Value: 0.5}, {Name: "flood", At: 10 * time.Second, For: 5 * time.Second, Value: 50}}},
		{"refuse-login,refuse-join@5s+10s", []Fault{{Name: "refuse-login"}, {Name: "refuse-join", At: 5 * time.Second, For: 10 * time.Second}}},
	}
	for _, tt := range tests {
		got, err := ParseFaults(tt.list)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%q: %+v, %v, want %+v", tt.list, got, err, tt.want)
		}
	}
	for list, want := range map[string]string{
		"fire":         `unknown fault "fire": use one of drop, reconnect, halfopen, slow`,
		"loss=2":       `the value "2" must be a number from 0 to 1`,
		"loss=NaN":     "must be a number",
		"drop=1":       "drop takes no value",
		"drop@soon":    `"soon" is no time`,
		"drop@every-1": "is no time",
		"drop@every0s": "is too short",
		"flood+x":      `"x" is no time`,
		"@30s":         "unknown fault",
	} {
		if _, err := ParseFaults(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", list, err, want)
		}
	}
	for _, k := range faultKinds() {
		if !strings.Contains(FaultUsage(), "\n"+k.name+" ") {
			t.Errorf("%s is not described", k.name)
		}
	}
}

func FuzzParseFaults(f *testing.F) {
	for _, s := range []string{"drop@30s,loss=0.01", "slow=5s@every1m+3s", "a=@+", "flood==@@", ",,,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		faults, err := ParseFaults(list)
		if err != nil {
			return
		}
		for _, x := range faults {
			if _, ok := findFault(x.Name); !ok || x.At < 0 || x.Every < 0 || x.For < 0 || !(x.Value >= 0) {
				t.Errorf("%q gave %+v", list, x)
			}
		}
	})
}

// quiet serves one silent channel and a reader in it.
func quiet(t *testing.T) (*Server, *client) {
	t.Helper()
	s := serve(t, Config{Channels: []string{"a"}, Quiet: true})
	c := reader(t, s, "a")
	if err := s.WaitReaders(soon(t), "a", 1); err != nil {
		t.Fatal(err)
	}
	return s, c
}

func strike(t *testing.T, s *Server, spec string) {
	t.Helper()
	if err := s.Fault(spec); err != nil {
		t.Fatal(err)
	}
}

func say(t *testing.T, s *Server, text string) {
	t.Helper()
	if _, err := s.Say("a", "viewer", text); err != nil {
		t.Fatal(err)
	}
}

func TestFaultDrop(t *testing.T) {
	s, c := quiet(t)
	strike(t, s, "drop")
	c.closed()
	reader(t, s, "a") // others come in again
	if err := s.Fault("nonsense"); err == nil {
		t.Error("an unknown fault was accepted")
	}
}

func TestFaultAtItsTime(t *testing.T) {
	faults, err := ParseFaults("drop@1ms,drop@every50ms")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{Channels: []string{"a"}, Quiet: true, Faults: faults})
	for range 3 {
		conn, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(patience))
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("read something")
		} else if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
			t.Error("not dropped")
		}
		conn.Close()
	}
}

func TestFaultReconnect(t *testing.T) {
	s, c := quiet(t)
	strike(t, s, "reconnect=200ms")
	c.expect(":tmi.twitch.tv RECONNECT")
	say(t, s, "still here") // the old connection works until it is closed
	c.until("still here")
	c.closed()
}

func TestFaultHalfOpen(t *testing.T) {
	s, c := quiet(t)
	strike(t, s, "halfopen")
	say(t, s, "unheard")
	c.send("PING :are you there")
	other := reader(t, s, "a") // new connections are whole
	say(t, s, "heard")
	other.until("heard")
	c.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.r.Read(make([]byte, 100)); err == nil || n > 0 {
		t.Errorf("read %d bytes, %v", n, err)
	} else if err == io.EOF {
		t.Error("closed")
	}
	if conns := s.Connections(); len(conns) != 2 || !conns[0].HalfOpen || conns[1].HalfOpen || conns[0].Messages != 0 || conns[1].Messages != 1 {
		t.Errorf("connections: %+v", conns)
	}
}

func TestFaultSlow(t *testing.T) {
	s, c := quiet(t)
	strike(t, s, "slow=300ms")
	start := time.Now()
	for i := range 20 {
		say(t, s, fmt.Sprint("waiting ", i))
	}
	for i := range 20 {
		line := c.mustNext()
		if !strings.HasSuffix(line, fmt.Sprint(":waiting ", i)) {
			t.Fatalf("got %q", line)
		}
		if i == 0 && time.Since(start) < 250*time.Millisecond {
			t.Error("nothing was held back")
		}
	}
}

func TestFaultLongline(t *testing.T) {
	s, c := quiet(t)
	strike(t, s, "longline")
	for _, size := range []int{8 << 10, 60 << 10} {
		p, ok := parse(t, c.mustNext())
		if !ok || len(p.text) != size {
			t.Errorf("a text of %d bytes, want %d", len(p.text), size)
		}
	}
	strike(t, s, "longline=20000")
	if p, ok := parse(t, c.mustNext()); !ok || len(p.text) != 20000 {
		t.Errorf("a text of %d bytes", len(p.text))
	}
}

func TestFaultGarbage(t *testing.T) {
	s, c := quiet(t)
	strike(t, s, "garbage=1")
	invalid, others := 0, map[string]bool{}
	for i := range 200 {
		text := fmt.Sprint("good ", i)
		say(t, s, text)
		for {
			line := c.mustNext()
			if strings.HasSuffix(line, " PRIVMSG #a :"+text) {
				break
			}
			if strings.Contains(line, "PRIVMSG #a ") {
				t.Fatalf("garbage that passes for a message: %q", line)
			}
			if !utf8.ValidString(line) {
				invalid++
			}
			others[line] = true
		}
	}
	if invalid == 0 || len(others) < 15 {
		t.Errorf("%d lines of invalid UTF-8, %d kinds", invalid, len(others))
	}
	s.Heal()
	say(t, s, "clean again")
	if line := c.mustNext(); !strings.HasSuffix(line, "clean again") {
		t.Errorf("got %q", line)
	}
}

func TestFaultLossAndDuplicate(t *testing.T) {
	for _, tt := range []struct {
		fault string
		ok    func(got int) bool
	}{
		{"loss=0.3", func(n int) bool { return n > 500 && n < 900 }},
		{"duplicate=0.3", func(n int) bool { return n > 1100 && n < 1500 }},
		{"loss=1", func(n int) bool { return n == 0 }},
		{"duplicate=1", func(n int) bool { return n == 2000 }},
	} {
		t.Run(tt.fault, func(t *testing.T) {
			s, c := quiet(t)
			strike(t, s, tt.fault)
			for i := range 1000 {
				say(t, s, fmt.Sprint(i))
			}
			got := len(c.barrier())
			if !tt.ok(got) {
				t.Errorf("%d lines of 1000", got)
			}
			if st := s.Stats("a"); st.Messages != 1000 || st.Delivered != got {
				t.Errorf("statistics %d, delivered %d, received %d", st.Messages, st.Delivered, got)
			}
		})
	}
}

func TestFaultReorder(t *testing.T) {
	s, c := quiet(t)
	strike(t, s, "reorder=0.5")
	const n = 300
	for i := range n {
		say(t, s, fmt.Sprint("number ", i))
	}
	var order []string
	for range n {
		_, text, _ := strings.Cut(c.mustNext(), " :number ")
		order = append(order, text)
	}
	seen := map[string]bool{}
	for _, o := range order {
		seen[o] = true
	}
	if len(seen) != n {
		t.Errorf("%d different lines of %d", len(seen), n)
	}
	inOrder := true
	for i, o := range order {
		inOrder = inOrder && o == fmt.Sprint(i)
	}
	if inOrder {
		t.Error("all in order")
	}
}

func TestFaultSplitAndLineEnds(t *testing.T) {
	s, c := quiet(t)
	strike(t, s, "split=7")
	say(t, s, "cut to pieces")
	c.conn.SetReadDeadline(time.Now().Add(patience))
	var got []byte
	reads := 0
	buf := make([]byte, 64<<10)
	for !bytes.HasSuffix(got, []byte("\r\n")) {
		n, err := c.conn.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, buf[:n]...)
		reads++
	}
	if !bytes.HasSuffix(got, []byte(":cut to pieces\r\n")) {
		t.Errorf("got %q", got)
	}
	if reads < 3 {
		t.Errorf("the line came in %d pieces", reads)
	}
	s.Heal()
	strike(t, s, "lf")
	say(t, s, "short end")
	line, err := c.r.ReadString('\n')
	if err != nil || !strings.HasSuffix(line, ":short end\n") || strings.HasSuffix(line, "\r\n") {
		t.Errorf("got %q, %v", line, err)
	}
}

func TestFaultRefusals(t *testing.T) {
	s, c := quiet(t)
	strike(t, s, "refuse-join")
	c.send("PART #a")
	c.until("PART")
	c.send("JOIN #a")
	if rest := c.barrier(); len(rest) != 0 {
		t.Errorf("a refused join was answered: %q", rest)
	}
	s.Heal()
	c.send("JOIN #a")
	c.until("ROOMSTATE #a")
	strike(t, s, "refuse-login")
	late := dial(t, s)
	late.send("NICK justinfan9")
	late.expect(":tmi.twitch.tv NOTICE * :Login unsuccessful")
	late.closed()
	c.send("PING x") // those inside stay
	c.until("PONG")
}

func TestFaultFloodAndItsEnd(t *testing.T) {
	s := serve(t, Config{Channels: []string{"a"}, Rate: 5})
	c := reader(t, s, "a")
	strike(t, s, "flood=2000+200ms")
	for range 1000 { // at 5 a second this would take minutes
		c.until("PRIVMSG")
	}
	deadline := time.Now().Add(patience)
	for s.faults.floodFactor() != 1 {
		if time.Now().After(deadline) {
			t.Fatal("the flood does not end")
		}
		c.mustNext()
	}
}
