package live

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"chatmood/internal/analysis"
	"chatmood/internal/chat"
	"chatmood/internal/live/frame"
	"chatmood/internal/sentiment"
)

func TestOffersDeflate(t *testing.T) {
	for _, c := range []struct {
		lines []string
		want  bool
	}{
		{nil, false},
		{[]string{"permessage-deflate"}, true},
		{[]string{"permessage-deflate; client_max_window_bits"}, true}, // browsers
		{[]string{"permessage-deflate; client_max_window_bits=10;server_no_context_takeover ; client_no_context_takeover"}, true},
		{[]string{"permessage-deflate; server_max_window_bits=10"}, false},
		{[]string{"permessage-deflate; server_max_window_bits=10, permessage-deflate"}, true},
		{[]string{"x-webkit-deflate-frame", "permessage-deflate"}, true},
		{[]string{"permessage-deflate; unheard_of"}, false},
		{[]string{"permessage-deflate; client_max_window_bits; client_max_window_bits=9"}, false},
		{[]string{"permessage-deflate2", ";;,=,", ""}, false},
	} {
		if got := offersDeflate(http.Header{"Sec-Websocket-Extensions": c.lines}); got != c.want {
			t.Errorf("%q: %v", c.lines, got)
		}
	}
}

// inflate undoes packer.pack, as a client does.
func inflate(t testing.TB, packed []byte) []byte {
	t.Helper()
	if packed[0] != 0x80|opPacked {
		t.Fatalf("the frame begins with %x", packed[0])
	}
	b, rest := cutFrame(packed)
	if len(rest) != 0 {
		t.Fatalf("%d bytes follow the frame", len(rest))
	}
	text, err := io.ReadAll(flate.NewReader(io.MultiReader(bytes.NewReader(b), strings.NewReader(syncMark+"\x01\x00\x00\xff\xff"))))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// chatBatch is a batch of invented chat of different people.
func chatBatch(t testing.TB, random *rand.Rand, n int) []byte {
	t.Helper()
	data, err := os.ReadFile("../../bench/testdata/chat.txt")
	if err != nil {
		t.Fatal(err)
	}
	texts := strings.Split(strings.TrimSpace(string(data)), "\n")
	var messages []byte
	for i := range n {
		if i > 0 {
			messages = append(messages, ',')
		}
		login := fmt.Sprintf("viewer_%x", random.Uint32())
		messages = frame.AppendMessage(messages, &chat.Message{
			ID: fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", random.Uint32(), random.IntN(1<<16), random.IntN(1<<12), random.IntN(1<<12), random.Int64N(1<<48)), Login: login,
			DisplayName: strings.ToUpper(login[:1]) + login[1:], Color: fmt.Sprintf("#%06X", random.IntN(1<<24)), Time: time.UnixMilli(1_700_000_000_000 + random.Int64N(50)),
			Text: texts[random.IntN(len(texts))],
		}, &sentiment.Score{Label: sentiment.Positive, Value: random.Float32(), Confidence: random.Float32()}, analysis.Counted)
	}
	return frame.AppendBatch(nil, 1_000_000, n, messages)
}

func TestPack(t *testing.T) {
	var p packer
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		payload := chatBatch(t, random, 2+random.IntN(100))
		packed := p.pack(payload)
		if packed == nil || len(packed) > len(payload) {
			t.Fatalf("%d bytes became %d", len(payload), len(packed))
		}
		if got := inflate(t, packed); !bytes.Equal(got, payload) {
			t.Fatalf("%d bytes came back as %d", len(payload), len(got))
		}
	}
	noise := make([]byte, 5000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	if p.pack(noise) != nil {
		t.Error("what does not shrink was packed")
	}
}

// FuzzUnpack: whatever clients compress, nothing beyond the limit comes out.
func FuzzUnpack(f *testing.F) {
	var p packer
	for _, text := range []string{"", `{"type":"ping"}`, strings.Repeat("x", maxClientFrame), strings.Repeat("x", 1<<20)} {
		var b bytes.Buffer
		w, err := flate.NewWriter(&b, flate.BestCompression)
		if err != nil {
			f.Fatal(err)
		}
		io.WriteString(w, text)
		w.Flush()
		packed := bytes.TrimSuffix(b.Bytes(), []byte(syncMark))
		f.Add(packed)
		got, err := p.unpack(packed)
		if large := len(text) > maxClientFrame; large != errors.Is(err, errInflatedTooLarge) || !large && string(got) != text {
			f.Errorf("%d bytes came out as %d, error %v", len(text), len(got), err)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := p.unpack(data)
		if err == nil && len(got) > maxClientFrame || err != nil && got != nil {
			t.Errorf("%d bytes came out, error %v", len(got), err)
		}
	})
}

// BenchmarkPack tells what compressing a batch takes and leaves.
func BenchmarkPack(b *testing.B) {
	for _, n := range []int{3, 10, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var p packer
			payload := chatBatch(b, rand.New(rand.NewPCG(3, 4)), n)
			size := 0
			b.ReportAllocs()
			for b.Loop() {
				size = len(p.pack(payload))
			}
			b.ReportMetric(float64(len(payload)), "B/before")
			b.ReportMetric(100*float64(size)/float64(len(payload)), "%")
		})
	}
}
