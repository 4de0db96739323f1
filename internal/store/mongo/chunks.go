package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// chunkBytes is the size of a chunk: well below the 16 MiB of a document, and
// below the 2 MB that some servers of the same protocol allow.
const chunkBytes = 1 << 20

// insertBytes bounds the chunks of one insertion.
const insertBytes = 16 << 20

// chunk is a piece of a part or report.
type chunk struct {
	ID      bson.ObjectID `bson:"_id"`
	Session string        `bson:"session"`
	Part    string        `bson:"part"`   // name of the part; "" is the report
	Gen     int64         `bson:"gen"`    // generation of the session that it was written for
	Commit  bson.ObjectID `bson:"commit"` // write that it belongs to
	N       int           `bson:"n"`      // place among the chunks of the part, from 0
	Data    []byte        `bson:"data"`
}

// blob points to the chunks that hold something.
type blob struct {
	Commit bson.ObjectID `bson:"commit"`
	Chunks int           `bson:"chunks"`
}

// chunkWriter gathers chunks and inserts them in bounded portions.
type chunkWriter struct {
	s      *Store
	commit bson.ObjectID
	docs   []any
	bytes  int
}

// write adds the chunks of data, and says where they will be.
func (w *chunkWriter) write(ctx context.Context, session, part string, gen int64, data []byte) (blob, error) {
	b := blob{Commit: w.commit}
	for len(data) > 0 {
		piece := data[:min(len(data), chunkBytes)]
		data = data[len(piece):]
		w.docs = append(w.docs, chunk{bson.NewObjectID(), session, part, gen, w.commit, b.Chunks, piece})
		b.Chunks++
		if w.bytes += len(piece); w.bytes >= insertBytes {
			if err := w.flush(ctx); err != nil {
				return b, err
			}
		}
	}
	return b, nil
}

// flush inserts what was gathered.
func (w *chunkWriter) flush(ctx context.Context) error {
	if len(w.docs) == 0 {
		return nil
	}
	_, err := w.s.chunks.InsertMany(ctx, w.docs, options.InsertMany().SetOrdered(false))
	w.docs, w.bytes = w.docs[:0], 0
	return err
}

// readChunks returns what the blobs of a session point to, by name. It reports
// false when chunks are missing.
func (s *Store) readChunks(ctx context.Context, session string, blobs map[string]blob) (map[string][]byte, bool, error) {
	pieces := make(map[string][][]byte, len(blobs))
	wanted := 0
	for part, b := range blobs {
		pieces[part] = make([][]byte, b.Chunks)
		wanted += b.Chunks
	}
	filter := bson.D{{Key: "session", Value: session}}
	if len(blobs) == 1 {
		for part := range blobs {
			filter = append(filter, bson.E{Key: "part", Value: part})
		}
	}
	cursor, err := s.chunks.Find(ctx, filter)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }() // it only read
	for cursor.Next(ctx) {
		var c chunk
		if err := cursor.Decode(&c); err != nil {
			return nil, false, fmt.Errorf("decoding a chunk of session %q: %w", session, err)
		}
		b, ok := blobs[c.Part]
		if !ok || b.Commit != c.Commit || c.N < 0 || c.N >= b.Chunks || pieces[c.Part][c.N] != nil {
			continue // of another state
		}
		pieces[c.Part][c.N] = c.Data
		wanted--
	}
	if err := cursor.Err(); err != nil {
		return nil, false, err
	}
	if wanted > 0 {
		return nil, false, nil
	}
	data := make(map[string][]byte, len(blobs))
	for part, list := range pieces {
		if len(list) == 1 {
			data[part] = list[0]
			continue
		}
		whole := []byte{} // nil would say that there is no such part
		for _, piece := range list {
			whole = append(whole, piece...)
		}
		data[part] = whole
	}
	return data, true, nil
}
