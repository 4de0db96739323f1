package account

import (
	"sync"
	"time"
)

// maxCached bounds the cache; it is emptied when it is full, which costs one
// look at the store for each session.
const maxCached = 10_000

// cache remembers for seconds who sessions belong to. The zero value is ready.
type cache struct {
	mu      sync.Mutex
	entries map[string]cached
	epoch   uint64 // counts what was dropped: what was read before is not put after
}

type cached struct {
	id      Identity // without SessionID and Expires
	revoked time.Time
	until   time.Time
}

// get returns an entry. epoch goes to put.
func (c *cache) get(key string, now time.Time) (e cached, epoch uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok = c.entries[key]
	return e, c.epoch, ok && now.Before(e.until)
}

// put keeps an entry that was read since get, unless anything was dropped
// meanwhile.
func (c *cache) put(key string, e cached, epoch uint64, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch != epoch {
		return
	}
	if len(c.entries) >= maxCached {
		for k, old := range c.entries {
			if !now.Before(old.until) {
				delete(c.entries, k)
			}
		}
	}
	if c.entries == nil || len(c.entries) >= maxCached {
		c.entries = make(map[string]cached)
	}
	c.entries[key] = e
}

func (c *cache) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	delete(c.entries, key)
}

func (c *cache) dropUser(userID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch++
	for key, e := range c.entries {
		if e.id.UserID == userID {
			delete(c.entries, key)
		}
	}
}
