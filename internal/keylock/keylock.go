// Package keylock has locks by name: what concerns one thing is done one after
// the other, and nothing else waits for it.
package keylock

import (
	"context"
	"sync"
)

// Locks are locks by name. The zero value is ready. It is safe for concurrent
// use; a name that nobody uses takes no memory.
type Locks struct {
	mu     sync.Mutex
	byName map[string]*lock
}

type lock struct {
	held  chan struct{} // of one
	users int           // who hold it or wait for it
}

// Lock waits for the lock of a name, or for the end of ctx, whose error it then
// returns. unlock is called once.
func (l *Locks) Lock(ctx context.Context, name string) (unlock func(), err error) {
	l.mu.Lock()
	if l.byName == nil {
		l.byName = make(map[string]*lock)
	}
	k := l.byName[name]
	if k == nil {
		k = &lock{held: make(chan struct{}, 1)}
		l.byName[name] = k
	}
	k.users++
	l.mu.Unlock()
	release := func() {
		l.mu.Lock()
		if k.users--; k.users == 0 {
			delete(l.byName, name)
		}
		l.mu.Unlock()
	}
	select {
	case k.held <- struct{}{}:
		return func() { <-k.held; release() }, nil
	case <-ctx.Done():
		release()
		return nil, ctx.Err()
	}
}

// Len returns how many names are in use.
func (l *Locks) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.byName)
}
