package main

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

// docs/scaling.md shows what the simulation says.
func TestDocumentIsCurrent(t *testing.T) {
	var out, faults bytes.Buffer
	if code := run(nil, &out, &faults); code != 0 {
		t.Fatalf("exit code %d: %s", code, &faults)
	}
	data, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(data), "<!-- simulate:begin -->\n")
	shown, _, ok2 := strings.Cut(rest, "<!-- simulate:end -->")
	if !ok || !ok2 || shown != out.String() {
		t.Errorf("docs/scaling.md is not what the simulation says: run make simulate. It says:\n%s", &out)
	}
}

// More of a thing costs more of it, and nothing comes from nothing.
func TestCosts(t *testing.T) {
	c, err := readCosts(measured)
	if err != nil {
		t.Fatal(err)
	}
	base := simulate(scenario{10, 1000, 10_000}, c)
	if more := simulate(scenario{10, 1000, 20_000}, c); more.line < 1.8*base.line || more.fanCores <= base.fanCores || more.mongo != base.mongo {
		t.Errorf("twice the viewers: %+v, before %+v", more, base)
	}
	if more := simulate(scenario{20, 1000, 10_000}, c); more.line > 0.8*base.line || more.copies <= base.copies || more.start >= base.start {
		t.Errorf("twice the servers: %+v, before %+v", more, base)
	}
	dear := c
	dear.write *= 2
	if more := simulate(scenario{10, 1000, 10_000}, dear); more.fanCores < 1.9*base.fanCores {
		t.Errorf("writes that cost twice as much: %v cores, before %v", more.fanCores, base.fanCores)
	}
	if alone := simulate(scenario{1, 1000, 10_000}, c); alone.copies != 0 || alone.beats != 0 {
		t.Errorf("one server uses NATS: %+v", alone)
	}
}

func TestReadCosts(t *testing.T) {
	for _, bad := range []string{``, `{}`, `{"message_us":{"value":-1}}`, `[1]`} {
		if _, err := readCosts([]byte(bad)); !errors.Is(err, errCosts) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := readCosts([]byte(`{"message_us":{"value":1}}`)); err == nil || !strings.Contains(err.Error(), "write_us") {
		t.Errorf("what is missing is not named: %v", err)
	}
}
