package bus_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"

	"chatmood/internal/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// forEach runs a test on the bus inside the process and on an external server.
func forEach(t *testing.T, f func(t *testing.T, open func() *bus.Bus)) {
	open := func(t *testing.T, url string) *bus.Bus {
		b, err := bus.Open(t.Context(), bus.Config{URL: url, Name: "test"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		return b
	}
	t.Run("embedded", func(t *testing.T) {
		b := open(t, "")
		f(t, func() *bus.Bus { return b })
	})
	t.Run("external", func(t *testing.T) {
		s := external(t, -1)
		f(t, func() *bus.Bus { return open(t, s.ClientURL()) })
	})
}

func external(t *testing.T, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true, MaxPayload: bus.MaxPayloadBytes})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(5 * time.Second) {
		t.Fatal("the NATS server is not ready")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s
}

func TestOrder(t *testing.T) {
	forEach(t, func(t *testing.T, open func() *bus.Bus) {
		from, to := open(), open()
		const n = 2000
		got := make(chan string, n)
		stop, err := to.Subscribe("chat.a", func(data []byte) { got <- string(data) })
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		if err := to.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 0, 64)
		for i := range n {
			buf = fmt.Appendf(buf[:0], "message %d", i)
			if err := from.Publish("chat.a", buf); err != nil {
				t.Fatal(err)
			}
			if err := from.Publish("chat.b", buf); err != nil {
				t.Fatal(err)
			}
		}
		for i := range n {
			select {
			case s := <-got:
				if want := fmt.Sprintf("message %d", i); s != want {
					t.Fatalf("message %d is %q", i, s)
				}
			case <-time.After(10 * time.Second):
				t.Fatalf("message %d did not arrive", i)
			}
		}
	})
}

func TestRequest(t *testing.T) {
	forEach(t, func(t *testing.T, open func() *bus.Bus) {
		a, b := open(), open()
		if _, err := b.Request(t.Context(), "hello.a", nil); !errors.Is(err, bus.ErrNoResponder) {
			t.Fatalf("without a responder: %v", err)
		}
		large := strings.Repeat("x", 3<<20)
		stop, err := a.Respond("hello.a", func(request []byte) []byte { return append(request, large...) })
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		answer, err := b.Request(t.Context(), "hello.a", []byte("me: "))
		if err != nil || string(answer) != "me: "+large {
			t.Fatalf("answer of %d bytes, error %v", len(answer), err)
		}
		stop()
		if err := a.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Request(t.Context(), "hello.a", nil); !errors.Is(err, bus.ErrNoResponder) {
			t.Fatalf("after stop: %v", err)
		}
		silent, err := a.Respond("hello.b", func([]byte) []byte { return nil })
		if err != nil {
			t.Fatal(err)
		}
		defer silent()
		if err := a.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := b.Request(ctx, "hello.b", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("without an answer: %v", err)
		}
	})
}

func TestStopEndsDelivery(t *testing.T) {
	forEach(t, func(t *testing.T, open func() *bus.Bus) {
		b := open()
		got := make(chan []byte, 10)
		stop, err := b.Subscribe("chat.a", func(data []byte) { got <- data })
		if err != nil {
			t.Fatal(err)
		}
		stop()
		stop() // again is fine
		if err := b.Publish("chat.a", []byte("late")); err != nil {
			t.Fatal(err)
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(got) != 0 {
			t.Error("a message came after stop")
		}
	})
}

// An external server that goes away and comes back is found again, and the
// subscriptions hold.
func TestReconnect(t *testing.T) {
	s := external(t, -1)
	url := s.ClientURL()
	port := s.Addr().String()
	b, err := bus.Open(t.Context(), bus.Config{URL: url, Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	got := make(chan string, 10)
	stop, err := b.Subscribe("chat.a", func(data []byte) { got <- string(data) })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Shutdown()
	s.WaitForShutdown()
	waitFor(t, func() bool { return !b.Connected() })
	var p int
	if _, err := fmt.Sscanf(port[strings.LastIndex(port, ":")+1:], "%d", &p); err != nil {
		t.Fatal(err)
	}
	external(t, p)
	waitFor(t, b.Connected)
	if err := b.Publish("chat.a", []byte("back")); err != nil {
		t.Fatal(err)
	}
	select {
	case s := <-got:
		if s != "back" {
			t.Errorf("got %q", s)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing arrives after the server came back")
	}
}

func TestOpenFails(t *testing.T) {
	_, err := bus.Open(t.Context(), bus.Config{URL: "nats://user:secretword@127.0.0.1:1"})
	if err == nil || !strings.Contains(err.Error(), "NATS_URL") || strings.Contains(err.Error(), "secretword") {
		t.Errorf("error is %v", err)
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func BenchmarkPublish(b *testing.B) {
	bs, err := bus.Open(b.Context(), bus.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer bs.Close()
	// A window of messages in flight, so that the subscriber is never too slow.
	window := make(chan struct{}, 1000)
	stop, err := bs.Subscribe("chat.a", func([]byte) { <-window })
	if err != nil {
		b.Fatal(err)
	}
	defer stop()
	data := make([]byte, 2000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for range b.N {
		window <- struct{}{}
		if err := bs.Publish("chat.a", data); err != nil {
			b.Fatal(err)
		}
	}
	for len(window) > 0 {
		time.Sleep(time.Millisecond)
	}
}

// TestLargeAnswers sends answers of all sizes through a server that takes
// messages of 1 MiB only.
func TestLargeAnswers(t *testing.T) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(5 * time.Second) {
		t.Fatal("the NATS server is not ready")
	}
	b, err := bus.Open(t.Context(), bus.Config{URL: s.ClientURL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	random := rand.NewChaCha8([32]byte{1}) // bytes that do not compress
	answers := map[string][]byte{}
	for _, size := range []int{0, 1, 512 << 10, 512<<10 + 1, 3 << 20, 20 << 20} {
		data := make([]byte, size)
		_, _ = random.Read(data) // never fails
		answers[fmt.Sprint(size)] = data
	}
	stop, err := b.Serve("large", 3, func(request []byte) []byte { return answers[string(request)] })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if err := b.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for size, want := range answers {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			got, err := b.Request(ctx, "large", []byte(size))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("an answer of %s bytes came as %d, %v", size, len(got), err)
			}
		})
	}
	wg.Wait()
	if _, err := b.Request(t.Context(), "nobody", nil); !errors.Is(err, bus.ErrNoResponder) {
		t.Errorf("asking nobody: %v", err)
	}
}
