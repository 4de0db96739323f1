package mongo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/analysis"
)

// The states of a session.
const (
	stateRunning = "running"
	stateEnded   = "ended"
)

// maxCommitParts bounds the parts that one commit names, some 80 bytes each: 2 MB is the
// largest document of some servers.
const maxCommitParts = 20_000

// session is a document of chatmood_sessions. Times are kept twice: as dates,
// which people and tools read but which count milliseconds only, and in
// microseconds since 1970, which count here.
type session struct {
	ID        string          `bson:"_id"`
	State     string          `bson:"state"`
	Channel   string          `bson:"channel"`
	StartedUS int64           `bson:"started_us"`
	AtUS      int64           `bson:"at_us"`
	EndedUS   int64           `bson:"ended_us"`
	Gen       int64           `bson:"gen"`    // counts the writes
	Fence     int64           `bson:"fence"`  // of the last owner; missing: 0
	Commit    bson.ObjectID   `bson:"commit"` // the last write
	Parts     map[string]blob `bson:"parts"`  // of a running session, by key
	Report    *blob           `bson:"report"`
	Counts    analysis.Counts `bson:"counts"`
	Mood      *float64        `bson:"mood"`
}

// Keys of a document hold no dot and do not begin with $; names of parts may.
var (
	escapeKey   = strings.NewReplacer("%", "%25", ".", "%2E", "$", "%24", "\x00", "%00")
	unescapeKey = strings.NewReplacer("%25", "%", "%2E", ".", "%24", "$", "%00", "\x00", "%", "")
)

// partKey is the key of a part's name; "%" stands for the empty one.
func partKey(name string) string { return cmp.Or(escapeKey.Replace(name), "%") }

func partName(key string) string { return unescapeKey.Replace(key) }

// SaveCheckpoints implements [analysis.SessionStore]. Checkpoints that name
// more than 20,000 parts together are stored in several such groups, each all or
// nothing. When the server is lost after the commit and before its
// acknowledgement, an error is returned though all is stored.
func (s *Store) SaveCheckpoints(ctx context.Context, cps []analysis.Checkpoint) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	for len(cps) > 0 {
		n, parts := 0, 0
		for n < len(cps) && (n == 0 || parts+len(cps[n].Parts) <= maxCommitParts) {
			parts += len(cps[n].Parts)
			n++
		}
		if err := s.saveGroup(ctx, cps[:n]); err != nil {
			return s.explain(ctx, "saving checkpoints in", err)
		}
		cps = cps[n:]
	}
	return nil
}

func (s *Store) saveGroup(ctx context.Context, cps []analysis.Checkpoint) error {
	if s.unsettled {
		if err := s.settle(ctx); err != nil {
			return err
		}
		s.unsettled = false
	}
	cps = fold(cps)
	ids := make([]string, len(cps))
	for i := range cps {
		ids[i] = cps[i].SessionID
	}
	states, err := s.states(ctx, ids)
	if err != nil {
		return err
	}
	c := commit{ID: bson.NewObjectID()}
	w := chunkWriter{s: s, commit: c.ID}
	var fenced []string
	for i := range cps {
		if state := states[cps[i].SessionID]; state.State == stateRunning && state.Fence > cps[i].Fence {
			fenced = append(fenced, cps[i].SessionID)
		}
	}
	if fenced != nil {
		return &analysis.FencedError{Sessions: fenced}
	}
	var stale []driver.WriteModel
	for i := range cps {
		cp := &cps[i]
		state := states[cp.SessionID]
		if state.State == stateEnded {
			continue
		}
		f := flip{
			Session: cp.SessionID, Gen: state.Gen, Fence: cp.Fence, Channel: cp.Channel, StartedUS: cp.StartedAt.UnixMicro(), AtUS: cp.At.UnixMicro(),
			Put: make(map[string]blob, len(cp.Parts)),
		}
		names := make([]string, len(cp.Parts))
		for i, part := range cp.Parts {
			names[i] = part.Name
			if part.Data == nil {
				f.Drop = append(f.Drop, partKey(part.Name))
				continue
			}
			if f.Put[partKey(part.Name)], err = w.write(ctx, cp.SessionID, part.Name, f.Gen+1, part.Data); err != nil {
				return err
			}
		}
		c.Flips = append(c.Flips, f)
		if f.Gen > 0 && len(names) > 0 {
			stale = append(stale, driver.NewDeleteManyModel().SetFilter(bson.D{
				{Key: "session", Value: cp.SessionID},
				{Key: "part", Value: bson.D{{Key: "$in", Value: names}}},
				{Key: "gen", Value: bson.D{{Key: "$lte", Value: f.Gen}}},
			}))
		}
	}
	if err := w.flush(ctx); err != nil {
		return err
	}
	if len(c.Flips) == 0 {
		return nil
	}
	if err := s.write(ctx, &c); err != nil {
		return err
	}
	if len(stale) == 0 {
		return nil
	}
	// What is not needed any more is no reason to call the checkpoint failed: it
	// goes with the next one of the same parts.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	if _, err := s.chunks.BulkWrite(ctx, stale, options.BulkWrite().SetOrdered(false)); err != nil {
		s.log.Warn("replaced parts were left in the database", "error", s.explain(ctx, "removing old parts from", err))
	}
	return nil
}

// fold makes one checkpoint of those of the same session, and one part of
// those of the same name: the last counts.
func fold(cps []analysis.Checkpoint) []analysis.Checkpoint {
	at := make(map[string]int, len(cps))
	folded := make([]analysis.Checkpoint, 0, len(cps))
	for _, cp := range cps {
		i, again := at[cp.SessionID]
		if again {
			folded[i].At, folded[i].Fence = cp.At, max(folded[i].Fence, cp.Fence)
			folded[i].Parts = slices.Concat(folded[i].Parts, cp.Parts)
			continue
		}
		at[cp.SessionID] = len(folded)
		folded = append(folded, cp)
	}
	for i := range folded {
		parts := make([]analysis.Part, 0, len(folded[i].Parts))
		place := make(map[string]int, len(folded[i].Parts))
		for _, part := range folded[i].Parts {
			if j, again := place[part.Name]; again {
				parts[j] = part
				continue
			}
			place[part.Name] = len(parts)
			parts = append(parts, part)
		}
		folded[i].Parts = parts
	}
	return folded
}

// states returns how far the sessions are, without their parts. Sessions that
// are not stored are missing.
func (s *Store) states(ctx context.Context, ids []string) (map[string]session, error) {
	list, err := s.find(ctx, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}},
		options.Find().SetProjection(bson.D{{Key: "state", Value: 1}, {Key: "gen", Value: 1}, {Key: "fence", Value: 1}, {Key: "commit", Value: 1}}))
	if err != nil {
		return nil, err
	}
	states := make(map[string]session, len(list))
	for _, doc := range list {
		states[doc.ID] = doc
	}
	return states, nil
}

func (s *Store) find(ctx context.Context, filter bson.D, opts *options.FindOptionsBuilder) ([]session, error) {
	cursor, err := s.sessions.Find(ctx, filter, opts)
	if err != nil {
		return nil, err
	}
	var list []session
	if err := cursor.All(ctx, &list); err != nil {
		return nil, err
	}
	return list, nil
}

// RunningSessions implements [analysis.SessionStore]. A session whose chunks
// are missing is left out and told in the log.
func (s *Store) RunningSessions(ctx context.Context) ([]analysis.Checkpoint, error) {
	s.writing.Lock() // no checkpoint of this process is half seen
	defer s.writing.Unlock()
	cps, err := s.runningSessions(ctx)
	if err != nil {
		return nil, s.explain(ctx, "reading the running sessions from", err)
	}
	return cps, nil
}

func (s *Store) runningSessions(ctx context.Context) ([]analysis.Checkpoint, error) {
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	return s.readRunning(ctx, bson.D{{Key: "state", Value: stateRunning}})
}

// Running implements [analysis.SessionStore].
func (s *Store) Running(ctx context.Context) ([]analysis.Checkpoint, error) {
	list, err := s.find(ctx, bson.D{{Key: "state", Value: stateRunning}}, options.Find().
		SetSort(bson.D{{Key: "started_us", Value: 1}, {Key: "_id", Value: 1}}).
		SetProjection(bson.D{{Key: "channel", Value: 1}, {Key: "started_us", Value: 1}, {Key: "at_us", Value: 1}, {Key: "fence", Value: 1}}))
	if err != nil {
		return nil, s.explain(ctx, "listing the running sessions in", err)
	}
	cps := make([]analysis.Checkpoint, len(list))
	for i := range list {
		cps[i] = list[i].checkpoint()
	}
	return cps, nil
}

// checkpoint is the session without its parts.
func (doc *session) checkpoint() analysis.Checkpoint {
	return analysis.Checkpoint{SessionID: doc.ID, Channel: doc.Channel, StartedAt: fromMicros(doc.StartedUS), At: fromMicros(doc.AtUS), Fence: doc.Fence}
}

// ResumeSessions implements [analysis.SessionStore]. A claim counts as a write:
// what another process began to write before, it cannot complete.
func (s *Store) ResumeSessions(ctx context.Context, fences map[string]int64) ([]analysis.Checkpoint, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	cps, err := s.resumeSessions(ctx, fences)
	if err != nil {
		return nil, s.explain(ctx, "taking sessions over in", err)
	}
	return cps, nil
}

func (s *Store) resumeSessions(ctx context.Context, fences map[string]int64) ([]analysis.Checkpoint, error) {
	if len(fences) == 0 {
		return nil, nil
	}
	if err := s.settle(ctx); err != nil {
		return nil, err
	}
	channels := make([]string, 0, len(fences))
	claims := make([]driver.WriteModel, 0, len(fences))
	for channel, fence := range fences {
		channels = append(channels, channel)
		claims = append(claims, driver.NewUpdateManyModel().
			SetFilter(bson.D{
				{Key: "state", Value: stateRunning},
				{Key: "channel", Value: channel},
				{Key: "fence", Value: bson.D{{Key: "$not", Value: bson.D{{Key: "$gt", Value: fence}}}}}, // or there is none
			}).
			SetUpdate(bson.D{
				{Key: "$set", Value: bson.D{{Key: "fence", Value: fence}}},
				{Key: "$inc", Value: bson.D{{Key: "gen", Value: int64(1)}}},
			}))
	}
	if _, err := s.sessions.BulkWrite(ctx, claims, options.BulkWrite().SetOrdered(false)); err != nil {
		return nil, err
	}
	list, err := s.readRunning(ctx, bson.D{{Key: "state", Value: stateRunning}, {Key: "channel", Value: bson.D{{Key: "$in", Value: channels}}}})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(cp analysis.Checkpoint) bool { return cp.Fence != fences[cp.Channel] }), nil
}

// readRunning reads the running sessions that filter selects, with their parts.
func (s *Store) readRunning(ctx context.Context, filter bson.D) ([]analysis.Checkpoint, error) {
	list, err := s.find(ctx, filter, options.Find().SetSort(bson.D{{Key: "started_us", Value: 1}, {Key: "_id", Value: 1}}))
	if err != nil {
		return nil, err
	}
	var cps []analysis.Checkpoint
	for _, doc := range list {
		data, found, err := s.load(ctx, &doc, func(doc *session) map[string]blob {
			if doc.State != stateRunning {
				return nil
			}
			return doc.Parts
		})
		if err != nil {
			return nil, err
		}
		if doc.State != stateRunning {
			continue // it ended meanwhile
		}
		if !found {
			s.log.Error("a running session is damaged: pieces of it are not in the database; it is left as it is", "session", doc.ID, "channel", doc.Channel)
			continue
		}
		cp := doc.checkpoint()
		for name, d := range data {
			cp.Parts = append(cp.Parts, analysis.Part{Name: name, Data: d})
		}
		slices.SortFunc(cp.Parts, func(a, b analysis.Part) int { return cmp.Compare(a.Name, b.Name) })
		cps = append(cps, cp)
	}
	return cps, nil
}

// load reads the blobs of a session that pick chooses, by key. Chunks may be
// replaced while they are read: then doc is read again. It reports false when
// they are missing though the session did not change.
func (s *Store) load(ctx context.Context, doc *session, pick func(*session) map[string]blob) (map[string][]byte, bool, error) {
	for {
		blobs := make(map[string]blob)
		for key, b := range pick(doc) {
			blobs[partName(key)] = b
		}
		if len(blobs) == 0 {
			return nil, true, nil
		}
		data, whole, err := s.readChunks(ctx, doc.ID, blobs)
		if err != nil || whole {
			return data, whole, err
		}
		gen, id := doc.Gen, doc.ID
		*doc = session{}
		err = s.sessions.FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Decode(doc)
		if errors.Is(err, driver.ErrNoDocuments) {
			return nil, true, nil // removed by hand: its state is empty now
		}
		if err != nil {
			return nil, false, err
		}
		if doc.Gen == gen {
			return nil, false, nil
		}
	}
}

// reportKey stands for the report among the blobs of a session.
const reportKey = "%"

// FinishSession implements [analysis.SessionStore].
func (s *Store) FinishSession(ctx context.Context, f analysis.Finished) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.explain(ctx, "saving a finished session in", s.finish(ctx, f))
}

func (s *Store) finish(ctx context.Context, f analysis.Finished) error {
	id := bson.NewObjectID()
	w := chunkWriter{s: s, commit: id}
	report, err := w.write(ctx, f.SessionID, partName(reportKey), 0, s.zip.EncodeAll(f.Report, nil))
	if err != nil {
		return err
	}
	if err := w.flush(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	for done := false; !done; {
		if done, err = s.finishOnce(ctx, f, id, report); err != nil {
			return err
		}
	}
	_, err = s.chunks.DeleteMany(ctx, bson.D{{Key: "session", Value: f.SessionID}, {Key: "commit", Value: bson.D{{Key: "$ne", Value: id}}}})
	return err
}

// finishOnce ends a session unless it changes in the same instant.
func (s *Store) finishOnce(ctx context.Context, f analysis.Finished, id bson.ObjectID, report blob) (done bool, err error) {
	states, err := s.states(ctx, []string{f.SessionID})
	if err != nil {
		return false, err
	}
	state, known := states[f.SessionID]
	if state.Fence > f.Fence {
		if _, err := s.chunks.DeleteMany(ctx, bson.D{{Key: "session", Value: f.SessionID}, {Key: "commit", Value: id}}); err != nil {
			return false, err
		}
		return false, &analysis.FencedError{Sessions: []string{f.SessionID}}
	}
	filter := bson.D{{Key: "_id", Value: f.SessionID}}
	if known {
		filter = append(filter, bson.E{Key: "gen", Value: state.Gen})
	}
	result, err := s.sessions.UpdateOne(ctx, filter, bson.D{
		{Key: "$setOnInsert", Value: bson.D{
			{Key: "channel", Value: f.Channel},
			{Key: "started_at", Value: f.StartedAt},
			{Key: "started_us", Value: f.StartedAt.UnixMicro()},
		}},
		{Key: "$set", Value: bson.D{
			{Key: "state", Value: stateEnded},
			{Key: "at", Value: f.EndedAt},
			{Key: "at_us", Value: f.EndedAt.UnixMicro()},
			{Key: "ended_at", Value: f.EndedAt},
			{Key: "ended_us", Value: f.EndedAt.UnixMicro()},
			{Key: "commit", Value: id},
			{Key: "fence", Value: f.Fence},
			{Key: "counts", Value: f.Counts},
			{Key: "mood", Value: f.Mood},
			{Key: "report", Value: report},
		}},
		{Key: "$inc", Value: bson.D{{Key: "gen", Value: int64(1)}}},
		{Key: "$unset", Value: bson.D{{Key: "parts", Value: ""}}},
	}, options.UpdateOne().SetUpsert(!known))
	if driver.IsDuplicateKeyError(err) {
		return false, nil // another process inserted it at the same instant
	}
	if err != nil {
		return false, err
	}
	return result.MatchedCount+result.UpsertedCount > 0, nil
}

// Sessions implements [analysis.SessionStore].
func (s *Store) Sessions(ctx context.Context, q analysis.SessionQuery) ([]analysis.SessionInfo, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = analysis.DefaultSessionLimit
	}
	limit = min(limit, analysis.MaxSessionLimit)
	filter := bson.D{{Key: "state", Value: stateEnded}}
	if q.Channel != "" {
		filter = append(filter, bson.E{Key: "channel", Value: q.Channel})
	}
	if !q.Before.IsZero() {
		before := q.Before.UnixMicro()
		filter = append(filter,
			bson.E{Key: "ended_us", Value: bson.D{{Key: "$lte", Value: before}}},
			bson.E{Key: "$or", Value: bson.A{
				bson.D{{Key: "ended_us", Value: bson.D{{Key: "$lt", Value: before}}}},
				bson.D{{Key: "_id", Value: bson.D{{Key: "$lt", Value: q.BeforeID}}}},
			}})
	}
	docs, err := s.find(ctx, filter, options.Find().
		SetSort(bson.D{{Key: "ended_us", Value: -1}, {Key: "_id", Value: -1}}).
		SetLimit(int64(limit)).
		SetProjection(bson.D{
			{Key: "channel", Value: 1}, {Key: "started_us", Value: 1}, {Key: "ended_us", Value: 1}, {Key: "counts", Value: 1}, {Key: "mood", Value: 1},
		}))
	if err != nil {
		return nil, s.explain(ctx, "listing the sessions in", err)
	}
	list := make([]analysis.SessionInfo, len(docs))
	for i, doc := range docs {
		list[i] = analysis.SessionInfo{
			ID: doc.ID, Channel: doc.Channel, StartedAt: fromMicros(doc.StartedUS), EndedAt: fromMicros(doc.EndedUS),
			Counts: doc.Counts, Mood: doc.Mood,
		}
		list[i].Duration = list[i].EndedAt.Sub(list[i].StartedAt).Seconds()
	}
	return list, nil
}

// SessionReport implements [analysis.SessionStore].
func (s *Store) SessionReport(ctx context.Context, id string) ([]byte, error) {
	var doc session
	err := s.sessions.FindOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "state", Value: stateEnded}},
		options.FindOne().SetProjection(bson.D{{Key: "gen", Value: 1}, {Key: "report", Value: 1}})).Decode(&doc)
	if errors.Is(err, driver.ErrNoDocuments) {
		return nil, fmt.Errorf("reading the report of session %q: %w", id, analysis.ErrNotFound)
	}
	if err != nil {
		return nil, s.explain(ctx, "reading a report from", err)
	}
	data, found, err := s.load(ctx, &doc, func(doc *session) map[string]blob {
		if doc.Report == nil {
			return nil
		}
		return map[string]blob{reportKey: *doc.Report}
	})
	if err != nil {
		return nil, s.explain(ctx, "reading a report from", err)
	}
	packed, ok := data[partName(reportKey)]
	if !found || !ok {
		return nil, fmt.Errorf("the report of session %q is damaged: pieces of it are not in the database", id)
	}
	report, err := s.unzip.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("decompressing the report of session %q: %w", id, err)
	}
	return report, nil
}

func fromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }
