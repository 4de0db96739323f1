package mongo

import "time"

// Hurry lets a store take over what a crash left at once.
func (s *Store) Hurry() *Store {
	// Ids of documents tell their time in seconds only.
	s.waits = waits{stale: 0, sweep: -2 * time.Second, lock: 0}
	return s
}
