package httpapi

import (
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"chatmood/internal/analysis"
)

func TestIdentify(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, test := range []struct {
		name      string
		remote    string
		headers   []string
		addr      string
		https     bool
		forwarded bool
	}{
		{"direct", "203.0.113.1:5", nil, "203.0.113.1", false, false},
		{"mapped IPv4", "[::ffff:203.0.113.1]:5", nil, "203.0.113.1", false, false},
		{"claims of a stranger", "203.0.113.1:5", []string{"X-Forwarded-For: 1.1.1.1", "X-Forwarded-Proto: https"}, "203.0.113.1", false, true},
		{"one proxy", "10.1.1.1:5", []string{"X-Forwarded-For: 203.0.113.1", "X-Forwarded-Proto: https"}, "203.0.113.1", true, true},
		{"claims before the proxy's word", "10.1.1.1:5", []string{"X-Forwarded-For: 6.6.6.6, 203.0.113.1"}, "203.0.113.1", false, true},
		{"two proxies", "[::1]:5", []string{"X-Forwarded-For: 203.0.113.1, 10.2.2.2"}, "203.0.113.1", false, true},
		{"two headers", "10.1.1.1:5", []string{"X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 203.0.113.1"}, "203.0.113.1", false, true},
		{"proxies only", "10.1.1.1:5", []string{"X-Forwarded-For: 10.3.3.3"}, "10.3.3.3", false, true},
		{"with port", "10.1.1.1:5", []string{"X-Forwarded-For: 203.0.113.1:77"}, "203.0.113.1", false, true},
		{"IPv6 in brackets", "10.1.1.1:5", []string{"X-Forwarded-For: [2001:db8::1]:77"}, "2001:db8::1", false, true},
		{"rubbish", "10.1.1.1:5", []string{"X-Forwarded-For: unknown"}, "10.1.1.1", false, true},
		{"the nearest proxy's protocol", "10.1.1.1:5", []string{"X-Forwarded-Proto: https, http"}, "10.1.1.1", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = test.remote
			for _, h := range test.headers {
				name, value, _ := strings.Cut(h, ": ")
				r.Header.Add(name, value)
			}
			got := identify(r, trusted)
			if got.addr.String() != test.addr || got.https != test.https || got.forwarded != test.forwarded {
				t.Errorf("%+v, want %s, https %v, forwarded %v", got, test.addr, test.https, test.forwarded)
			}
		})
	}
}

// FuzzForwarded: whatever a client writes to the left of what the proxy adds,
// the address is the proxy's word.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"", "1.1.1.1", "1.1.1.1, 10.0.0.1", "[::1]:5,", ",,,", "unknown", "fe80::1%eth0", "\x00"} {
		f.Add(seed)
	}
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, claim string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "10.1.1.1:5"
		r.Header["X-Forwarded-For"] = []string{claim, "203.0.113.1"}
		if got := identify(r, trusted); got.addr.String() != "203.0.113.1" {
			t.Errorf("%q made it %s", claim, got.addr)
		}
		r.Header["X-Forwarded-For"] = []string{claim}
		if got := identify(r, trusted); !got.addr.IsValid() || got.addr.Zone() != "" {
			t.Errorf("%q made it %v", claim, got.addr)
		}
	})
}

func FuzzBefore(f *testing.F) {
	for _, seed := range []string{"", "2026-01-01T20:00:00Z", "1.a", "1767294000000000.65f0", "-1.a", "9223372036854775807.x", "."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, id, ok := parseBefore(s)
		if !ok || id == "" {
			return
		}
		again := formatBefore(analysis.SessionInfo{ID: id, EndedAt: at})
		at2, id2, ok := parseBefore(again)
		if !ok || !at2.Equal(at) || id2 != id {
			t.Errorf("%q is %v %q, written %q, read %v %q", s, at, id, again, at2, id2)
		}
	})
}

// TestLimiterIsBounded: a flood of addresses is remembered up to the bound and
// shares one allowance beyond; whoever was known keeps their own.
func TestLimiterIsBounded(t *testing.T) {
	clock := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := newLimiter(60, 2, func() time.Time { return clock })
	addr := func(i int) netip.Addr {
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(i))))
	}
	allowed := 0
	for i := range maxLimited + 1000 {
		if _, ok := l.allow(addr(i)); ok {
			allowed++
		}
	}
	if len(l.byAddr) != maxLimited {
		t.Errorf("%d addresses remembered, want %d", len(l.byAddr), maxLimited)
	}
	if want := maxLimited + 2; allowed != want {
		t.Errorf("%d allowed, want %d: each address one, and two of the shared allowance", allowed, want)
	}
	if _, ok := l.allow(addr(5)); !ok {
		t.Error("a known address lost its own allowance")
	}
	clock = clock.Add(time.Minute) // all allowances are full again, so all are forgotten
	if _, ok := l.allow(addr(maxLimited + 5000)); !ok || len(l.byAddr) != 1 {
		t.Errorf("allowed %v, %d addresses remembered, want 1", ok, len(l.byAddr))
	}
}

func TestStreamSlots(t *testing.T) {
	s := newStreamSlots(3, 2)
	a, b := netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("203.0.113.2")
	var releases []func()
	for _, addr := range []netip.Addr{a, a, b} {
		release, ok := s.take(addr)
		if !ok {
			t.Fatal("refused below the limits")
		}
		releases = append(releases, release)
	}
	if _, ok := s.take(b); ok {
		t.Error("a fourth of three was given")
	}
	releases[0]()
	if _, ok := s.take(a); !ok {
		t.Error("refused after one was given back")
	}
	if s.open != 3 || len(s.byAddr) != 2 {
		t.Errorf("%d open of %d addresses, want 3 of 2", s.open, len(s.byAddr))
	}
}
