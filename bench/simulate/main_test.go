package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
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

// What the three measurements write becomes costs, and the rest stays.
func TestUpdate(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	target := file("costs.json", string(measured))
	table := file("bench.json", `[{"what":"binary","measured":"40 MB"},
		{"what":"resident memory, an idle WebSocket viewer of 10000","measured":"4.66 KB"},
		{"what":"memory, a channel after 6 hours at 20 messages/s","measured":"0.73 MB"},
		{"what":"checkpoint of a busy channel's second, one core","measured":"111 µs, 22.6 KB"}]`)
	live := file("live.json", `{"latency":[
		{"server":"Centrifuge","clients":10,"messages_per_s":50,"server_cpu_us_write":[99]},
		{"server":"chatmood, batched dialect","clients":10,"messages_per_s":50,"server_cpu_us_write":[7,9.12345,8]},
		{"server":"chatmood, batched dialect","clients":10,"messages_per_s":50,"stalled":5,"server_cpu_us_write":[70]}],
		"units":{"bus_us":[2.5,2.7],"message_bytes":235.3333}}`)
	ingest := file("ingest.json", `[{"channels":100,"lines_per_s_core":1000,"silent_us_per_s":30,"heap_bytes":150000},
		{"channels":5000,"lines_per_s_core":200000,"silent_us_per_s":4.5,"heap_bytes":93000}]`)
	var out, faults bytes.Buffer
	if code := run([]string{"-costs", target, "-update", table, live, ingest}, &out, &faults); code != 0 {
		t.Fatalf("exit code %d: %s", code, &faults)
	}
	data, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readCosts(data)
	if err != nil {
		t.Fatal(err)
	}
	old, err := readCosts(measured)
	if err != nil {
		t.Fatal(err)
	}
	want := costs{
		message: 5 / 1e6, silent: 4.5 / 1e6, write: 8 / 1e6, bus: 2.6 / 1e6, viewer: 4660, channel: 93000, busy: 730000, perMessage: 235, stats: old.stats, stored: 1130,
	}
	if got != want {
		t.Errorf("the costs are %+v, want %+v", got, want)
	}
	if !strings.Contains(out.String(), "| servers |") || !strings.Contains(faults.String(), "write_us") {
		t.Errorf("it said %q and %q", &out, &faults)
	}
	for _, bad := range [][]string{
		{"-update", table},
		{"-costs", target, "-update"},
		{"-costs", target, "-update", file("empty.json", `{}`)},
		{"-costs", target, "-update", file("other.json", `[{"what":"binary","measured":"40 MB"}]`)},
		{"-costs", target, "-update", filepath.Join(dir, "missing.json")},
		{table},
	} {
		faults.Reset()
		if code := run(bad, io.Discard, &faults); code != 2 || faults.Len() == 0 {
			t.Errorf("%v: exit code %d, %s", bad, code, &faults)
		}
	}
	if after, err := os.ReadFile(target); err != nil || !bytes.Equal(after, data) {
		t.Errorf("a failed update changed the costs (error %v)", err)
	}
}
