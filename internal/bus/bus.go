// Package bus carries frames from the node that analyses a channel to the
// nodes that have viewers of it. It is NATS: a server inside the process, or
// the one that NATS_URL names, through the same client code.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Limits of a bus.
const (
	// MaxPayloadBytes is the largest message; NATS' own default is 1 MiB, and
	// the snapshot of a long session may be larger.
	MaxPayloadBytes = 8 << 20
	// pendingMessages and pendingBytes bound what waits for one subscriber;
	// what comes when they are full is dropped and counted.
	pendingMessages = 16 << 10
	pendingBytes    = 64 << 20
	readyTimeout    = 10 * time.Second
	connectTimeout  = 5 * time.Second
)

// ErrNoResponder means that nobody answers a subject.
var ErrNoResponder = errors.New("nobody answers")

// Config says where the bus is.
type Config struct {
	URL    string // of a NATS server; "" runs one inside the process
	Name   string // of this client, as the server's monitoring shows it
	Logger *slog.Logger
}

// Bus is a connection to NATS. It is safe for concurrent use.
type Bus struct {
	server  *server.Server // nil when external
	conn    *nats.Conn
	log     *slog.Logger
	dropped atomic.Int64
}

// Open connects to the server that cfg names, or starts one that only this
// process can reach. An external server must answer within 5 s.
func Open(ctx context.Context, cfg Config) (*Bus, error) {
	b := &Bus{log: cfg.Logger}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	opts := []nats.Option{
		nats.Name(cfg.Name),
		nats.Timeout(connectTimeout),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		nats.ErrorHandler(b.asyncError),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				b.log.Warn("the bus was lost; connecting again", "error", err)
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { b.log.Info("the bus is back") }),
	}
	url := cfg.URL
	if url == "" {
		if err := b.startServer(); err != nil {
			return nil, err
		}
		opts = append(opts, nats.InProcessServer(b.server))
	}
	var err error
	if b.conn, err = nats.Connect(url, opts...); err != nil {
		b.stopServer()
		if cfg.URL != "" {
			return nil, fmt.Errorf("connecting to the NATS server of NATS_URL: %w. Check that it runs and that the address and credentials are right", err)
		}
		return nil, fmt.Errorf("connecting to the bus inside the process: %w", err)
	}
	return b, nil
}

func (b *Bus) startServer() error {
	s, err := server.NewServer(&server.Options{
		ServerName: "chatmood",
		DontListen: true, // reached in memory only
		NoSigs:     true,
		NoLog:      true,
		MaxPayload: MaxPayloadBytes,
		MaxPending: pendingBytes,
	})
	if err != nil {
		return fmt.Errorf("starting the bus inside the process: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(readyTimeout) {
		s.Shutdown()
		return errors.New("starting the bus inside the process: it was not ready in time")
	}
	b.server = s
	return nil
}

func (b *Bus) stopServer() {
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
}

// asyncError counts what subscribers were too slow for.
func (b *Bus) asyncError(_ *nats.Conn, sub *nats.Subscription, err error) {
	subject := ""
	if sub != nil {
		subject = sub.Subject
	}
	if errors.Is(err, nats.ErrSlowConsumer) {
		b.dropped.Add(1)
	}
	b.log.Warn("the bus reports a fault", "subject", subject, "error", err)
}

// Close ends the connection and the server inside the process. What was
// published before is delivered to subscribers of other processes first.
func (b *Bus) Close() {
	if !b.conn.IsClosed() {
		// An error here means that the server is away: there is nobody to deliver to.
		_ = b.conn.FlushTimeout(time.Second)
		b.conn.Close()
	}
	b.stopServer()
}

// Publish sends data to everybody who subscribed to subject. It copies data
// and does not wait for delivery. While an external server is away, up to 8 MB
// are kept for it; beyond that an error says so.
func (b *Bus) Publish(subject string, data []byte) error {
	if err := b.conn.Publish(subject, data); err != nil {
		return fmt.Errorf("publishing on %s: %w", subject, err)
	}
	return nil
}

// Subscribe calls f with everything published on subject, one after the other
// in the order of publication, until stop is called. The data is f's to keep.
func (b *Bus) Subscribe(subject string, f func(data []byte)) (stop func(), err error) {
	sub, err := b.conn.Subscribe(subject, func(msg *nats.Msg) { f(msg.Data) })
	if err != nil {
		return nil, fmt.Errorf("subscribing to %s: %w", subject, err)
	}
	if err := sub.SetPendingLimits(pendingMessages, pendingBytes); err != nil {
		b.unsubscribe(sub)
		return nil, fmt.Errorf("subscribing to %s: %w", subject, err)
	}
	return func() { b.unsubscribe(sub) }, nil
}

// Respond answers the requests made on subject until stop is called. An answer
// that is nil is not sent.
func (b *Bus) Respond(subject string, answer func(request []byte) []byte) (stop func(), err error) {
	sub, err := b.conn.Subscribe(subject, func(msg *nats.Msg) {
		if data := answer(msg.Data); data != nil {
			if err := msg.Respond(data); err != nil {
				b.log.Warn("an answer could not be sent", "subject", subject, "error", err)
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("answering on %s: %w", subject, err)
	}
	return func() { b.unsubscribe(sub) }, nil
}

func (b *Bus) unsubscribe(sub *nats.Subscription) {
	if err := sub.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) && !errors.Is(err, nats.ErrBadSubscription) {
		b.log.Warn("unsubscribing failed", "subject", sub.Subject, "error", err)
	}
}

// Request asks whoever answers on subject and waits for the answer until ctx
// ends. [ErrNoResponder] when there is nobody.
func (b *Bus) Request(ctx context.Context, subject string, data []byte) ([]byte, error) {
	msg, err := b.conn.RequestWithContext(ctx, subject, data)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return nil, ErrNoResponder
	case err != nil:
		return nil, fmt.Errorf("asking on %s: %w", subject, err)
	}
	return msg.Data, nil
}

// Flush waits, at most [connectTimeout], until the server has everything that
// was published and subscribed.
func (b *Bus) Flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := b.conn.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("flushing the bus: %w", err)
	}
	return nil
}

// Connected reports whether the server can be reached now.
func (b *Bus) Connected() bool { return b.conn.IsConnected() }

// Embedded reports whether the server runs inside the process.
func (b *Bus) Embedded() bool { return b.server != nil }

// Dropped counts how often a subscriber here was too slow and lost messages.
func (b *Bus) Dropped() int64 { return b.dropped.Load() }
