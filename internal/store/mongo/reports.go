package mongo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"chatmood/internal/history"
)

// The report of a saved analysis is compressed and in pieces of chunkBytes, in
// chatmood_reports. A piece is never changed; an entry says which pieces are its
// report, so that it has one as a whole or has none. Pieces that no entry names
// are what a crash left, and what a note in chatmood_pending leads to.

// piece is a document of chatmood_reports.
type piece struct {
	ID     bson.ObjectID `bson:"_id"`    // tells when it was written
	Entry  string        `bson:"entry"`  // the saved analysis
	Commit string        `bson:"commit"` // the write that it belongs to
	N      int           `bson:"n"`      // place among its pieces, from 0
	Data   []byte        `bson:"data"`
}

// sweepAfter is how old what a crash left must be to be removed: older than
// anything that is being written.
const sweepAfter = 10 * time.Minute

// withReport writes a report, then what write makes of the entry: r is the field
// that names the pieces, or absent. write returns the name of the report that
// the entry had before, whose pieces go afterwards.
func (s *Store) withReport(ctx context.Context, entry string, report []byte, write func(ctx context.Context, r any) (old string, err error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done, err := s.note(ctx, pending{Kind: pendingReport, Entries: []string{entry}})
	if err != nil {
		return err
	}
	commit := bson.NewObjectID().Hex()
	r := any(absent)
	if report != nil {
		n, err := s.writeReport(ctx, entry, commit, s.zip.EncodeAll(report, nil))
		if err != nil {
			return err // the note leads to what was written
		}
		r = bson.D{{Key: "commit", Value: commit}, {Key: "chunks", Value: n}}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := finishing(ctx)
	defer cancel()
	old, err := write(ctx, r)
	if Away(err) {
		return err // whether the entry names the pieces is not known: the note leads to them
	}
	if err != nil {
		return errors.Join(err, s.dropReport(ctx, entry, commit), done(ctx))
	}
	// It is saved: what cannot be removed now is no reason to say otherwise.
	if old != "" {
		err = s.dropReport(ctx, entry, old)
	}
	if err == nil {
		err = done(ctx)
	}
	if err != nil {
		s.log.Warn("a report that was replaced was left in the database for later", "error", s.explain(ctx, "removing a report from", err))
	}
	return nil
}

func (s *Store) dropReport(ctx context.Context, entry, commit string) error {
	_, err := s.reports.DeleteMany(ctx, bson.D{{Key: "entry", Value: entry}, {Key: "commit", Value: commit}})
	return err
}

func (s *Store) writeReport(ctx context.Context, entry, commit string, packed []byte) (n int, err error) {
	for ; len(packed) > 0; n++ {
		data := packed[:min(len(packed), chunkBytes)]
		packed = packed[len(data):]
		if _, err := s.reports.InsertOne(ctx, piece{bson.NewObjectID(), entry, commit, n, data}); err != nil {
			return n, err
		}
	}
	return n, nil
}

// Report implements [history.Store].
func (h *History) Report(ctx context.Context, id string) ([]byte, error) {
	report, err := h.report(ctx, id)
	return report, h.explain(ctx, "reading a report from", err)
}

func (h *History) report(ctx context.Context, id string) ([]byte, error) {
	oid, ok := objectID(id)
	if !ok {
		return nil, history.ErrNotFound
	}
	var before blobName
	for {
		name, err := h.s.reportOf(ctx, oid)
		if err != nil {
			return nil, err
		}
		if name.Commit == "" {
			return nil, history.ErrNotFound
		}
		packed, whole, err := h.s.readReport(ctx, id, name)
		if err != nil {
			return nil, err
		}
		if whole {
			report, err := h.s.unzip.DecodeAll(packed, []byte{})
			if err != nil {
				return nil, fmt.Errorf("decompressing the report of entry %q: %w", id, err)
			}
			return report, nil
		}
		if name == before {
			return nil, fmt.Errorf("the report of entry %q is damaged: pieces of it are not in the database", id)
		}
		before = name // it was replaced while it was read, or is damaged
	}
}

// blobName is what an entry says about its report.
type blobName struct {
	Commit string `bson:"commit"`
	Chunks int    `bson:"chunks"`
}

// reportOf returns what an entry names; nothing where there is no entry.
func (s *Store) reportOf(ctx context.Context, id bson.ObjectID) (name blobName, err error) {
	var doc struct {
		Ours struct {
			Report blobName `bson:"report"`
		} `bson:"chatmood"`
	}
	err = s.history.FindOne(ctx, bson.D{{Key: "_id", Value: id}}, options.FindOne().SetProjection(only(reportPath))).Decode(&doc)
	if errors.Is(err, driver.ErrNoDocuments) {
		return name, nil
	}
	return doc.Ours.Report, err
}

func (s *Store) readReport(ctx context.Context, entry string, name blobName) (packed []byte, whole bool, err error) {
	n := 0
	err = stream(ctx, s.reports, bson.D{{Key: "entry", Value: entry}, {Key: "commit", Value: name.Commit}}, options.Find().SetSort(order(false, "n")), func(raw bson.Raw) error {
		var p piece
		if err := bson.Unmarshal(raw, &p); err != nil {
			return err
		}
		if p.N == n {
			packed = append(packed, p.Data...)
			n++
		}
		return nil
	})
	return packed, n == name.Chunks, err
}

// sweepReports removes what a write to the history left, once that must be over.
// It reports whether it is done with the note.
func (s *Store) sweepReports(ctx context.Context, p pending) (bool, error) {
	old := time.Now().Add(-s.waits.sweep)
	if fromMicros(p.AtUS).After(old) {
		return false, nil
	}
	for _, entry := range p.Entries {
		oid, _ := objectID(entry)
		name, err := s.reportOf(ctx, oid)
		if err != nil {
			return false, err
		}
		_, err = s.reports.DeleteMany(ctx, bson.D{
			{Key: "entry", Value: entry},
			{Key: "commit", Value: bson.D{{Key: "$ne", Value: name.Commit}}},
			{Key: "_id", Value: bson.D{{Key: "$lt", Value: bson.NewObjectIDFromTimestamp(old)}}},
		})
		if err != nil {
			return false, err
		}
		there, err := exists(ctx, s.history, bson.D{{Key: "_id", Value: oid}})
		if err != nil {
			return false, err
		}
		if !there {
			if _, err := s.shares.DeleteMany(ctx, bson.D{{Key: "entry", Value: entry}}); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}
