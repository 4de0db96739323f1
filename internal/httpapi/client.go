package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// client is what is known about who sent a request.
type client struct {
	addr      netip.Addr // invalid where the network has no addresses (tests)
	forwarded bool       // came through a proxy, trusted or not
	https     bool
	base      string // Config.BasePath, for the cookies
}

// identify tells who sent the request. X-Forwarded-For is read from its end,
// which the nearest proxy wrote, as far as the proxies are trusted: everything
// before is the client's own invention.
func identify(r *http.Request, trusted []netip.Prefix) client {
	var c client
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		c.addr = ap.Addr().Unmap()
	}
	c.https = r.TLS != nil
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via"} {
		c.forwarded = c.forwarded || r.Header.Get(name) != ""
	}
	if !contains(trusted, c.addr) {
		return c
	}
	if proto := lastOf(r.Header.Values("X-Forwarded-Proto")); proto != "" {
		c.https = strings.EqualFold(proto, "https")
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		addr, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			break
		}
		c.addr = addr
		if !contains(trusted, addr) {
			break
		}
	}
	return c
}

// parseHop reads an address with or without port, as proxies write them.
func parseHop(s string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

func contains(networks []netip.Prefix, addr netip.Addr) bool {
	return addr.IsValid() && slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func lastOf(values []string) string {
	all := strings.Join(values, ",")
	return strings.TrimSpace(all[strings.LastIndexByte(all, ',')+1:])
}

type contextKey int

const (
	clientKey contextKey = iota
	requestIDKey
	accessContextKey
)

func clientOf(ctx context.Context) client {
	c, _ := ctx.Value(clientKey).(client)
	return c
}

// limitAddress is what limits of others count the client by: as [household],
// "" where the address is not known.
func limitAddress(ctx context.Context) string {
	addr := household(clientAddr(ctx))
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

func clientAddr(ctx context.Context) netip.Addr { return clientOf(ctx).addr }

// household returns what limits count as one: an IPv4 address, or the IPv6
// network of 64 bits, since a household gets at least that many addresses.
func household(addr netip.Addr) netip.Addr {
	if !addr.Is6() {
		return addr
	}
	network, err := addr.Prefix(64)
	if err != nil { // 64 bits fit every IPv6 address
		return addr
	}
	return network.Addr()
}

// maxLimited bounds the addresses that a limiter remembers.
const maxLimited = 10_000

// limiter bounds how often each address may do something. When it knows
// maxLimited addresses and none of them is idle, newcomers share one allowance.
type limiter struct {
	every time.Duration // one more is allowed after each
	burst int
	now   func() time.Time

	mu     sync.Mutex
	byAddr map[netip.Addr]*rate.Limiter
	others *rate.Limiter
	swept  time.Time
}

func newLimiter(perMinute, burst int, now func() time.Time) *limiter {
	l := &limiter{every: time.Minute / time.Duration(perMinute), burst: burst, now: now, byAddr: make(map[netip.Addr]*rate.Limiter)}
	l.others = rate.NewLimiter(rate.Every(l.every), burst)
	return l
}

// allow takes one from the address's allowance; when it is used up, wait tells
// how long until there is one again.
func (l *limiter) allow(addr netip.Addr) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	addr = household(addr)
	lim := l.byAddr[addr]
	if lim == nil {
		if len(l.byAddr) >= maxLimited {
			l.sweep(now)
		}
		if len(l.byAddr) >= maxLimited {
			lim = l.others
		} else {
			lim = rate.NewLimiter(rate.Every(l.every), l.burst)
			l.byAddr[addr] = lim
		}
	}
	r := lim.ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return wait, false
	}
	return 0, true
}

// sweep forgets the addresses whose allowance is full again. It looks through
// all of them, therefore at most once a second.
func (l *limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Second {
		return
	}
	l.swept = now
	for addr, lim := range l.byAddr {
		if lim.TokensAt(now) >= float64(l.burst) {
			delete(l.byAddr, addr)
		}
	}
}

// streamSlots bounds the event streams that are open at once.
type streamSlots struct {
	max, maxPerAddr int

	mu     sync.Mutex
	open   int
	byAddr map[netip.Addr]int // never larger than open
}

func newStreamSlots(limit, perAddr int) *streamSlots {
	return &streamSlots{max: limit, maxPerAddr: perAddr, byAddr: make(map[netip.Addr]int)}
}

// take reserves a stream; release gives it back. False when there are too many.
func (s *streamSlots) take(addr netip.Addr) (release func(), ok bool) {
	addr = household(addr)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open >= s.max || s.byAddr[addr] >= s.maxPerAddr {
		return nil, false
	}
	s.open++
	s.byAddr[addr]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
		if s.byAddr[addr]--; s.byAddr[addr] == 0 {
			delete(s.byAddr, addr)
		}
	}, true
}
