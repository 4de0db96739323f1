package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"chatmood/internal/account"
)

// Bounds of what owners write.
const (
	maxName = 120  // characters
	maxNote = 5000 // characters
	maxTags = 20
	maxTag  = 40 // characters
)

// Changes are what an owner may change of an entry; nil leaves a field as it is.
type Changes struct {
	Name *string
	Note *string
	Tags *[]string
}

// List lists entries of a user; see [Query].
func (s *Service) List(ctx context.Context, q Query) (Page, error) {
	page, err := s.store.List(ctx, q.Clean())
	if err != nil {
		return Page{}, fmt.Errorf("listing saved analyses: %w", err)
	}
	return page, nil
}

// Get returns an active entry of a user.
func (s *Service) Get(ctx context.Context, userID, id string) (*Entry, error) {
	return s.mine(ctx, userID, id)
}

// GetAny returns anybody's entry in any status, for administrators.
func (s *Service) GetAny(ctx context.Context, id string) (*Entry, error) { return s.any(ctx, id) }

// Update changes an active entry of a user.
func (s *Service) Update(ctx context.Context, userID, id string, c Changes) (*Entry, error) {
	p := Patch{UpdatedAt: s.now()}
	if c.Name != nil {
		name := cleanText(*c.Name, maxName+1)
		if len([]rune(name)) > maxName {
			return nil, invalid("name", "name is too long: at most %d characters", maxName)
		}
		p.Name = &name
	}
	if c.Note != nil {
		note := strings.TrimSpace(cutText(*c.Note, maxNote+1))
		if len([]rune(note)) > maxNote {
			return nil, invalid("note", "note is too long: at most %d characters", maxNote)
		}
		p.Note = &note
	}
	if c.Tags != nil {
		tags, err := cleanTags(*c.Tags)
		if err != nil {
			return nil, err
		}
		p.Tags = &tags
	}
	if p.Name == nil && p.Note == nil && p.Tags == nil {
		return nil, account.ErrNothing
	}
	if _, err := s.mine(ctx, userID, id); err != nil {
		return nil, err
	}
	e, err := s.store.Update(ctx, id, userID, p)
	return e, found(err, "changing a saved analysis", ErrUnknown)
}

// cleanTags returns tags without spaces around them, each once whatever its case.
func cleanTags(list []string) ([]string, error) {
	tags := make([]string, 0, len(list))
	for _, tag := range list[:min(len(list), 10*maxTags)] {
		tag = cleanText(tag, maxTag+1)
		same := func(t string) bool { return account.Fold(t) == account.Fold(tag) }
		switch {
		case tag == "" || slices.ContainsFunc(tags, same):
			continue
		case len([]rune(tag)) > maxTag:
			return nil, invalid("tags", "a tag is too long: at most %d characters", maxTag)
		}
		tags = append(tags, tag)
	}
	if len(tags) > maxTags {
		return nil, invalid("tags", "there are too many tags: at most %d", maxTags)
	}
	return tags, nil
}

// Archive puts an entry of a user into the archive, where it may be already.
func (s *Service) Archive(ctx context.Context, userID, id string) error {
	_, err := s.move(ctx, userID, id, StatusDeleted, ErrNotDeleted)
	return err
}

// Restore takes an entry of a user out of the archive.
func (s *Service) Restore(ctx context.Context, userID, id string) (*Entry, error) {
	return s.move(ctx, userID, id, StatusActive, ErrNotRestored)
}

func (s *Service) move(ctx context.Context, userID, id string, to Status, refusal error) (*Entry, error) {
	if !account.ValidID(id) {
		return nil, refusal
	}
	e, err := s.store.Update(ctx, id, userID, Patch{Status: &to, UpdatedAt: s.now()})
	return e, found(err, "moving a saved analysis", refusal)
}

// Remove deletes an entry of a user's archive for good, with its links.
func (s *Service) Remove(ctx context.Context, userID, id string) error {
	e, err := s.any(ctx, id)
	switch {
	case errors.Is(err, ErrUnknown):
		return ErrNotDeleted
	case err != nil:
		return err
	case e.UserID != userID:
		return ErrNotDeleted
	case e.Status != StatusDeleted:
		return ErrNotArchived
	}
	return found(s.store.Remove(ctx, id, userID), "removing a saved analysis", ErrNotDeleted)
}

// Tags lists the tags of a user's active entries, the most frequent first.
func (s *Service) Tags(ctx context.Context, userID string) ([]Tag, error) {
	tags, err := s.store.Tags(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("listing tags: %w", err)
	}
	return tags, nil
}

// Totals sums up the active entries of all users.
func (s *Service) Totals(ctx context.Context) (Totals, error) {
	t, err := s.store.Totals(ctx)
	if err != nil {
		return Totals{}, fmt.Errorf("adding up saved analyses: %w", err)
	}
	return t, nil
}

// Forget removes all entries of a user for good and returns how many: the
// account is deleted.
func (s *Service) Forget(ctx context.Context, userID string) (int, error) {
	unlock, err := s.locks.Lock(ctx, userID) // nothing is being saved meanwhile
	if err != nil {
		return 0, err
	}
	defer unlock()
	n, err := s.store.RemoveUser(ctx, userID)
	if err != nil {
		return 0, fmt.Errorf("removing the saved analyses of a user: %w", err)
	}
	return n, nil
}

// Export calls do with every entry of a user, archived ones too, and its report
// as JSON (nil: none), the oldest first. An error of do ends it.
func (s *Service) Export(ctx context.Context, userID string, do func(e *Entry, data []byte) error) error {
	const step = 100
	for _, status := range []Status{StatusActive, StatusDeleted} {
		for offset := 0; ; offset += step {
			page, err := s.List(ctx, Query{UserID: userID, Status: status, Offset: offset, Limit: step})
			if err != nil {
				return err
			}
			for _, brief := range page.Entries {
				e, data, err := s.whole(ctx, brief.ID)
				if errors.Is(err, ErrUnknown) {
					continue // removed meanwhile
				}
				if err != nil {
					return err
				}
				if err := do(e, data); err != nil {
					return err
				}
			}
			if len(page.Entries) < step {
				break
			}
		}
	}
	return nil
}

func (s *Service) whole(ctx context.Context, id string) (*Entry, []byte, error) {
	e, err := s.any(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	data, err := s.Data(ctx, e)
	if errors.Is(err, ErrNoData) {
		err = nil
	}
	return e, data, err
}

// Owner returns the address of a user, for the activity log.
func (s *Service) Owner(ctx context.Context, userID string) (email string, err error) {
	u, err := s.cfg.Accounts.User(ctx, userID)
	if err != nil {
		return "", fmt.Errorf("reading whose history it is: %w", err)
	}
	return u.Email, nil
}
