package httpapi

import (
	"container/list"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"chatmood/internal/account"
)

// maxThrottled bounds the keys that a throttle remembers: about 20 MB in all
// throttles at worst. The least recently used go first, so that a flood of new
// keys costs old ones their memory, but never locks anybody out.
const maxThrottled = 20_000

// throttle bounds how often something may be done for a key: burst times at
// once, and once more after each every. It is safe for concurrent use.
type throttle struct {
	every time.Duration
	burst int
	now   func() time.Time

	mu     sync.Mutex
	byKey  map[string]*list.Element // of *bucket
	latest *list.List               // the most recently used first
}

type bucket struct {
	key     string
	limiter *rate.Limiter
}

func newThrottle(every time.Duration, burst int, now func() time.Time) *throttle {
	return &throttle{every: every, burst: burst, now: now, byKey: make(map[string]*list.Element), latest: list.New()}
}

// bucket returns the allowance of a key. t.mu is held.
func (t *throttle) bucket(key string) *rate.Limiter {
	if e := t.byKey[key]; e != nil {
		t.latest.MoveToFront(e)
		return e.Value.(*bucket).limiter
	}
	if len(t.byKey) >= maxThrottled {
		last := t.latest.Back()
		delete(t.byKey, last.Value.(*bucket).key)
		t.latest.Remove(last)
	}
	b := &bucket{key, rate.NewLimiter(rate.Every(t.every), t.burst)}
	t.byKey[key] = t.latest.PushFront(b)
	return b.limiter
}

// take takes one from a key's allowance; when it is used up, wait tells how
// long until there is one again.
func (t *throttle) take(key string) (wait time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	limiter := t.bucket(key)
	if limiter.AllowN(now, 1) {
		return 0, true
	}
	missing := 1 - limiter.TokensAt(now)
	return time.Duration(math.Ceil(missing * float64(t.every))), false
}

// giveBack returns one to a key's allowance, for what turned out not to count.
func (t *throttle) giveBack(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// A negative number adds; the limiter never holds more than its burst.
	t.bucket(key).AllowN(t.now(), -1)
}

// known remembers who succeeded from where, so that strangers who try an
// account's password cannot use up what its owner needs.
type known struct {
	mu     sync.Mutex
	byKey  map[string]*list.Element
	latest *list.List
}

func newKnown() *known {
	return &known{byKey: make(map[string]*list.Element), latest: list.New()}
}

func (k *known) add(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e := k.byKey[key]; e != nil {
		k.latest.MoveToFront(e)
		return
	}
	if len(k.byKey) >= maxThrottled {
		last := k.latest.Back()
		delete(k.byKey, last.Value.(string))
		k.latest.Remove(last)
	}
	k.byKey[key] = k.latest.PushFront(key)
}

func (k *known) has(key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.byKey[key] != nil
}

// limits are all that requests are bounded by, on this node. docs/api.md has
// the same table.
type limits struct {
	// For each address, so that one cannot try many accounts.
	requests *throttle // of the API, whatever they ask for; loopback is not counted
	logins   *throttle // failed sign-ins
	register *throttle
	codes    *throttle // wrong codes and links
	mails    *throttle // mails asked for: new codes, reset links
	contact  *throttle
	refresh  *throttle
	links    *throttle // set-up links and invitations that are looked at

	// For each account, from wherever they come.
	passwords *throttle // failed sign-ins, from places where nobody signed in to it before
	familiar  *throttle // failed sign-ins, from each place where somebody did
	tries     *throttle // wrong codes
	mailsTo   *throttle // mails that others can cause
	confirm   *throttle // wrong passwords of somebody who is signed in
	changes   *throttle // of the address
	exports   *throttle
	corrects  *throttle // labels and emotes that are corrected, or taken back
	labels    *throttle // corrections that are exported
	tests     *throttle // mails

	// All together.
	contacts *throttle

	places *known
}

func newLimits(now func() time.Time) *limits {
	of := func(every time.Duration, burst int) *throttle { return newThrottle(every, burst, now) }
	return &limits{
		requests: of(time.Second/50, 600),
		logins:   of(6*time.Second, 20),
		register: of(time.Minute, 10),
		codes:    of(6*time.Second, 20),
		mails:    of(time.Minute, 10),
		contact:  of(5*time.Minute, 5),
		refresh:  of(time.Second, 60),
		links:    of(6*time.Second, 20),

		passwords: of(time.Minute, 10),
		familiar:  of(time.Minute, 10),
		tries:     of(time.Minute, 10),
		mailsTo:   of(5*time.Minute, 6),
		confirm:   of(time.Minute, 10),
		changes:   of(5*time.Minute, 5),
		exports:   of(10*time.Minute, 3),
		corrects:  of(2*time.Second, 30),
		labels:    of(time.Minute, 5),
		tests:     of(time.Minute, 5),

		contacts: of(time.Minute, 60),

		places: newKnown(),
	}
}

// keyOf makes a key of bounded size out of what strangers sent.
func keyOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return string(h.Sum(nil)[:16])
}

// spent is what a request took from throttles.
type spent []spending

type spending struct {
	from *throttle
	key  string
}

// take takes one from a throttle, or returns the error that says when there is
// one again; what was taken before in the same request is then given back.
func (s *spent) take(from *throttle, key string) error {
	wait, ok := from.take(key)
	if !ok {
		s.giveBack()
		return tooSoon(fmt.Sprintf("Too many attempts: try again in %s", inWords(wait)), wait)
	}
	*s = append(*s, spending{from, key})
	return nil
}

// giveBack returns what was taken.
func (s *spent) giveBack() {
	for _, t := range *s {
		t.from.giveBack(t.key)
	}
	*s = nil
}

// inWords tells a wait, rounded up.
func inWords(wait time.Duration) string {
	seconds := int(math.Ceil(wait.Seconds()))
	switch {
	case seconds <= 1:
		return "a second"
	case seconds < 120:
		return fmt.Sprintf("%d seconds", seconds)
	}
	return fmt.Sprintf("%d minutes", (seconds+59)/60)
}

// addressKey is what limits by address count a request as.
func addressKey(ctx context.Context) string { return limitAddress(ctx) }

// mailKey is what limits by account count an address as, whether it has an
// account or not.
func mailKey(email string) string { return keyOf("account", account.EmailKey(email)) }
