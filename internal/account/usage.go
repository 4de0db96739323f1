package account

import (
	"context"
	"fmt"
)

// Count adds to the figures of today; u.Day is filled in. That it cannot is
// logged, and no reason to refuse what was done.
func (s *Service) Count(ctx context.Context, u Usage) {
	u.Day = Day(s.now())
	if err := s.store.AddUsage(ctx, u); err != nil {
		s.log.ErrorContext(ctx, "the usage could not be counted", "error", err)
	}
}

// maxUsageDays bounds a look back.
const maxUsageDays = 366

// UsageOf returns the figures of the last days, 1 to 366, today included, the
// earliest first; days on which nothing happened are there with zeros.
func (s *Service) UsageOf(ctx context.Context, days int) ([]Usage, error) {
	if days < 1 || days > maxUsageDays {
		return nil, invalid("days", "days must be between 1 and %d", maxUsageDays)
	}
	today := s.now()
	first := today.AddDate(0, 0, 1-days)
	found, err := s.store.Usage(ctx, Day(first), Day(today))
	if err != nil {
		return nil, fmt.Errorf("reading the usage: %w", err)
	}
	byDay := make(map[string]Usage, len(found))
	for _, u := range found {
		byDay[u.Day] = u
	}
	list := make([]Usage, days)
	for i := range list {
		day := Day(first.AddDate(0, 0, i))
		u, ok := byDay[day]
		if !ok {
			u.Day = day
		}
		list[i] = u
	}
	return list, nil
}
