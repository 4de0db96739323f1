// Package bus carries frames from the node that analyses a channel to the
// nodes that have viewers of it. It is NATS: a server inside the process, or
// the one that NATS_URL names, through the same client code.
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"
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
	pendingAsked    = 4096 // requests that wait for an answer
	answersAtOnce   = 4
	readyTimeout    = 10 * time.Second
	connectTimeout  = 5 * time.Second
)

// ErrNoResponder means that nobody answers a subject.
var ErrNoResponder = errors.New("nobody answers")

// Config says where the bus is.
type Config struct {
	URL    string // of a NATS server; "" runs one inside the process
	Creds  string // file with the credentials for it; "": those of the address, or none
	Dir    string // folder for the JetStream of the one inside; "": it has none
	Name   string // of this client, as the server's monitoring shows it
	Logger *slog.Logger
}

// Bus is a connection to NATS. It is safe for concurrent use.
type Bus struct {
	server  *server.Server // nil when external
	conn    *nats.Conn
	log     *slog.Logger
	zip     *zstd.Encoder
	unzip   *zstd.Decoder
	dropped atomic.Int64

	asked     chan *nats.Msg // of all that Respond was called for
	closed    chan struct{}
	closing   sync.Once
	answering sync.WaitGroup
	answerMu  sync.Mutex // guards answers
	answers   map[*nats.Subscription]func(request []byte) []byte
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
	var err error
	if b.zip, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)); err != nil {
		return nil, fmt.Errorf("opening the bus: %w", err)
	}
	if b.unzip, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxAnswerBytes)); err != nil {
		return nil, fmt.Errorf("opening the bus: %w", err)
	}
	opts := []nats.Option{
		nats.Name(cfg.Name),
		nats.Timeout(connectTimeout),
		nats.MaxReconnects(-1),
		nats.IgnoreAuthErrorAbort(), // credentials may be renewed while the server runs
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
		if err := b.startServer(cfg.Dir); err != nil {
			return nil, err
		}
		opts = append(opts, nats.InProcessServer(b.server))
	} else if cfg.Creds != "" {
		if err := checkCreds(cfg.Creds); err != nil {
			b.unzip.Close()
			return nil, err
		}
		opts = append(opts, nats.UserCredentials(cfg.Creds)) // read again each time that it connects
	}
	if b.conn, err = nats.Connect(url, opts...); err != nil {
		b.unzip.Close()
		b.stopServer()
		if cfg.URL != "" {
			return nil, fmt.Errorf("connecting to the NATS server of NATS_URL: %w. %s", err, advice(err, cfg.Creds))
		}
		return nil, fmt.Errorf("connecting to the bus inside the process: %w", err)
	}
	b.asked, b.closed, b.answers = make(chan *nats.Msg, pendingAsked), make(chan struct{}), make(map[*nats.Subscription]func([]byte) []byte)
	for range answersAtOnce {
		b.answering.Go(b.answerAsked)
	}
	return b, nil
}

func (b *Bus) startServer(dir string) error {
	s, err := server.NewServer(&server.Options{
		ServerName: "chatmood",
		DontListen: true, // reached in memory only
		NoSigs:     true,
		NoLog:      true,
		MaxPayload: MaxPayloadBytes,
		MaxPending: pendingBytes,
		JetStream:  dir != "",
		StoreDir:   dir,
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
	b.closing.Do(func() { close(b.closed) })
	b.answering.Wait()
	b.unzip.Close()
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

// Respond answers the requests made on subject until stop is called; a few at a
// time, of all subjects together, so that thousands of them cost no goroutines.
// An answer that is nil is not sent.
func (b *Bus) Respond(subject string, answer func(request []byte) []byte) (stop func(), err error) {
	b.answerMu.Lock()
	defer b.answerMu.Unlock()
	sub, err := b.conn.ChanSubscribe(subject, b.asked)
	if err != nil {
		return nil, fmt.Errorf("answering on %s: %w", subject, err)
	}
	b.answers[sub] = answer
	return func() {
		b.unsubscribe(sub)
		b.answerMu.Lock()
		delete(b.answers, sub)
		b.answerMu.Unlock()
	}, nil
}

// answerAsked answers what is asked until the bus is closed.
func (b *Bus) answerAsked() {
	for {
		var msg *nats.Msg
		select {
		case <-b.closed:
			return
		case msg = <-b.asked:
		}
		b.answerMu.Lock()
		answer := b.answers[msg.Sub]
		b.answerMu.Unlock()
		if answer != nil {
			b.answer(msg, answer(msg.Data))
		}
	}
}

// Serve answers the requests made on subject until stop is called, up to limit
// of them at a time. stop waits for those that are being answered.
func (b *Bus) Serve(subject string, limit int, answer func(request []byte) []byte) (stop func(), err error) {
	var running sync.WaitGroup
	slots := make(chan struct{}, limit)
	sub, err := b.conn.Subscribe(subject, func(msg *nats.Msg) {
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			b.answer(msg, answer(msg.Data))
		})
	})
	if err != nil {
		return nil, fmt.Errorf("answering on %s: %w", subject, err)
	}
	return func() {
		b.unsubscribe(sub)
		running.Wait()
	}, nil
}

// Answers above partBytes are compressed, and sent in parts of at most that
// size: the servers of others take messages of 1 MiB by default.
const (
	partBytes  = 512 << 10
	partHeader = "Chatmood-Part" // "n/total", counted from 1
	// maxAnswerBytes bounds an answer, before and after compression.
	maxAnswerBytes = 256 << 20
)

// answer sends what was asked for.
func (b *Bus) answer(msg *nats.Msg, data []byte) {
	if data == nil || msg.Reply == "" {
		return
	}
	var err error
	if len(data) <= partBytes {
		err = msg.Respond(data)
	} else {
		packed := b.zip.EncodeAll(data, nil)
		total := (len(packed) + partBytes - 1) / partBytes
		for n := range total {
			part := nats.NewMsg(msg.Reply)
			part.Header.Set(partHeader, strconv.Itoa(n+1)+"/"+strconv.Itoa(total))
			part.Data = packed[n*partBytes : min((n+1)*partBytes, len(packed))]
			if err = b.conn.PublishMsg(part); err != nil {
				break
			}
		}
	}
	if err != nil {
		b.log.Warn("an answer could not be sent", "subject", msg.Subject, "error", err)
	}
}

func (b *Bus) unsubscribe(sub *nats.Subscription) {
	if err := sub.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) && !errors.Is(err, nats.ErrBadSubscription) {
		b.log.Warn("unsubscribing failed", "subject", sub.Subject, "error", err)
	}
}

// Request asks whoever answers on subject and waits for the answer until ctx
// ends. [ErrNoResponder] when there is nobody.
func (b *Bus) Request(ctx context.Context, subject string, data []byte) ([]byte, error) {
	inbox := b.conn.NewInbox()
	sub, err := b.conn.SubscribeSync(inbox)
	if err != nil {
		return nil, fmt.Errorf("asking on %s: %w", subject, err)
	}
	defer b.unsubscribe(sub)
	if err := b.conn.PublishRequest(subject, inbox, data); err != nil {
		return nil, fmt.Errorf("asking on %s: %w", subject, err)
	}
	var packed []byte
	for next := 1; ; next++ {
		msg, err := sub.NextMsgWithContext(ctx)
		switch {
		case errors.Is(err, nats.ErrNoResponders):
			return nil, ErrNoResponder
		case err != nil:
			return nil, fmt.Errorf("asking on %s: %w", subject, err)
		}
		part := msg.Header.Get(partHeader)
		if part == "" {
			return msg.Data, nil
		}
		text, of, _ := strings.Cut(part, "/")
		n, err1 := strconv.Atoi(text)
		total, err2 := strconv.Atoi(of)
		if err1 != nil || err2 != nil || n != next || len(packed)+len(msg.Data) > maxAnswerBytes {
			return nil, fmt.Errorf("asking on %s: a part of the answer is missing or too large", subject)
		}
		packed = append(packed, msg.Data...)
		if n < total {
			continue
		}
		answer, err := b.unzip.DecodeAll(packed, nil)
		if err != nil {
			return nil, fmt.Errorf("asking on %s: decompressing the answer: %w", subject, err)
		}
		return answer, nil
	}
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

// Conn is the connection itself, for what goes beyond frames and questions.
func (b *Bus) Conn() *nats.Conn { return b.conn }

// Connected reports whether the server can be reached now.
func (b *Bus) Connected() bool { return b.conn.IsConnected() }

// Embedded reports whether the server runs inside the process.
func (b *Bus) Embedded() bool { return b.server != nil }

// Dropped counts how often a subscriber here was too slow and lost messages.
func (b *Bus) Dropped() int64 { return b.dropped.Load() }
