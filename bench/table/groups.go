package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// group is a part of the table that is measured together.
type group struct {
	name    string
	measure func(ctx context.Context, m *measurer) ([]row, error)
}

var groups = []group{
	{"parsing", measureParsing},
	{"judging", measureJudging},
	{"analysing", measureAnalysing},
	{"fan-out", measureFanOut},
	{"live", measureLive},
	{"sockets", measureSockets},
	{"starting", measureStarting},
	{"memory", measureMemory},
	{"checkpoints", measureCheckpoints},
	{"accounts: sign-ins", measureSignIns},
	{"accounts: asking", measureAsking},
	{"accounts: lists", measureLists},
	{"sizes", measureSizes},
}

// Bounds that docs/performance.md explains.
const (
	judgeBoundNs   = 1000
	lineBound      = 300e3 // messages a second
	startBoundNs   = 300e6
	binaryBound    = 80e6 // bytes
	socketBound    = 10e3 // bytes
	channelBound   = 1e6  // bytes
	firstLoadBound = 300e3
	leakBound      = 4.5 // Welch's t
)

// cost writes what one call takes.
func cost(s samples, name string) (string, error) {
	ns, err := s.least(name, "ns/op")
	if err != nil {
		return "", err
	}
	allocs, err := s.least(name, "allocs/op")
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, %.0f allocations", duration(ns), allocs), nil
}

// against compares ours with a peer's of the same rounds: "" if the peer could
// not be had.
func against(s samples, ours, peer, name string) (string, error) {
	if s[peer] == nil {
		return "", nil
	}
	ratio, err := s.ratio(peer, ours, "ns/op")
	if err != nil {
		return "", err
	}
	theirs, err := cost(s, peer)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s %s (%s)", speed(ratio), name, theirs), nil
}

func measureParsing(ctx context.Context, m *measurer) ([]row, error) {
	s, err := m.measure(ctx, bench{folder: "internal/source/irc", pattern: "^BenchmarkPeer$/^typical$", time: "0.3s", oneCore: true})
	if err != nil {
		return nil, err
	}
	const ours, peer = "internal/source/irc/Peer/typical/chatmood", "internal/source/irc/Peer/typical/go-twitch-irc"
	measured, err := cost(s, ours)
	if err != nil {
		return nil, err
	}
	compared, err := against(s, ours, peer, "go-twitch-irc")
	return []row{{what: "parse a chat line with its tags", measured: measured, compared: compared}}, err
}

func measureJudging(ctx context.Context, m *measurer) ([]row, error) {
	s, err := m.measure(
		ctx,
		bench{folder: "bench/path", pattern: "^BenchmarkJudge$", time: "0.3s", oneCore: true},
		bench{folder: "bench/peers", pattern: "^BenchmarkJudge$", time: "0.3s", oneCore: true, optional: true},
		bench{folder: "internal/sentiment", pattern: "^BenchmarkScore$/^typical$", time: "500000x", oneCore: true},
	)
	if err != nil {
		return nil, err
	}
	typical, err := cost(s, "internal/sentiment/Score/typical")
	if err != nil {
		return nil, err
	}
	// The bound is for a processor of its own.
	ns, err := s.least("internal/sentiment/Score/typical", processorTime)
	if err != nil {
		return nil, err
	}
	allocs, err := s.least("internal/sentiment/Score/typical", "allocs/op")
	if err != nil {
		return nil, err
	}
	chat, err := cost(s, "bench/path/Judge")
	if err != nil {
		return nil, err
	}
	compared, err := against(s, "bench/path/Judge", "bench/peers/Judge", "govader")
	return []row{
		{what: "judge a typical message of ten words", measured: typical + "; " + duration(ns) + " of processor time", bound: "1 µs, 0 allocations", holds: ns <= judgeBoundNs && allocs == 0},
		{what: "judge chat, the mean of 60 messages", measured: chat, compared: compared},
	}, err
}

func measureAnalysing(ctx context.Context, m *measurer) ([]row, error) {
	s, err := m.measure(
		ctx,
		bench{folder: "bench/path", pattern: "^BenchmarkLine$", time: "0.5s", oneCore: true},
		bench{folder: "bench/peers", pattern: "^BenchmarkLine$", time: "0.5s", oneCore: true, optional: true},
	)
	if err != nil {
		return nil, err
	}
	session, err := s.most("bench/path/Line/session", "messages/s")
	if err != nil {
		return nil, err
	}
	manager, err := s.most("bench/path/Line/manager", "messages/s")
	if err != nil {
		return nil, err
	}
	share, err := s.ratio("bench/path/Line/manager", "bench/path/Line/session", "messages/s")
	if err != nil {
		return nil, err
	}
	compared, err := against(s, "bench/path/Line/session", "bench/peers/Line", "go-twitch-irc with govader and two counters")
	return []row{
		{what: "line to aggregated session, one core", measured: rate(session, "messages"), bound: "300 k messages/s", holds: session >= lineBound, compared: compared},
		{
			what: "the same in the server, published and stored, one core", measured: rate(manager, "messages"),
			compared: digits(100*share) + " % of the above",
		},
	}, err
}

// measureSignIns asks whether refused sign-ins tell by their time who has an
// account.
func measureSignIns(ctx context.Context, m *measurer) ([]row, error) {
	s, err := m.measure(ctx, bench{folder: "internal/account", pattern: "^BenchmarkLoginTiming$", time: "300x"})
	if err != nil {
		return nil, err
	}
	const name = "internal/account/LoginTiming"
	known, err := s.least(name, "known-µs")
	if err != nil {
		return nil, err
	}
	unknown, err := s.least(name, "unknown-µs")
	if err != nil {
		return nil, err
	}
	t, err := s.least(name, "t")
	if err != nil {
		return nil, err
	}
	return []row{{
		what:     "a refused sign-in of an address with an account, and of one without (a quick hash)",
		measured: fmt.Sprintf("%s and %s, Welch's t %s", duration(known*1e3), duration(unknown*1e3), digits(t)),
		bound:    "t under 4.5: no telling apart", holds: t < leakBound,
	}}, nil
}

// starts is how often the server is started for the median.
const starts = 5

func measureStarting(ctx context.Context, m *measurer) ([]row, error) {
	s, err := m.measure(ctx, bench{folder: "internal/sentiment", pattern: "^BenchmarkNew$", time: "0.2s"})
	if err != nil {
		return nil, err
	}
	engine, err := s.least("internal/sentiment/New", "ns/op")
	if err != nil {
		return nil, err
	}
	var first, again []float64
	for i := range starts {
		dir := filepath.Join(m.tmp, fmt.Sprint("start", i))
		for _, times := range []*[]float64{&first, &again} {
			server, err := m.serve(ctx, dir)
			if err != nil {
				return nil, err
			}
			*times = append(*times, float64(server.answered))
			if err := server.stop(); err != nil {
				return nil, fmt.Errorf("stopping the server: %w", err)
			}
		}
	}
	return []row{
		{
			what: "start to first answer, new database", measured: duration(median(first)), bound: "300 ms", holds: median(first) <= startBoundNs,
			compared: fmt.Sprintf("median of %d; with a database that exists %s", starts, duration(median(again))),
		},
		{what: "of it: the sentiment engine", measured: duration(engine)},
	}, nil
}

func measureMemory(ctx context.Context, m *measurer) ([]row, error) {
	// Memory does not depend on what else the machine does.
	m = m.once()
	s, err := m.measure(
		ctx,
		bench{folder: "internal/live", pattern: "^BenchmarkIdleSocket$", time: "1x"},
		bench{folder: "bench/path", pattern: "^BenchmarkSixHours$", time: "1x"},
	)
	if err != nil {
		return nil, err
	}
	socket, err := s.values("internal/live/IdleSocket", "B/socket")
	if err != nil {
		return nil, err
	}
	channel, err := s.values("bench/path/SixHours", "B/channel")
	if err != nil {
		return nil, err
	}
	return []row{
		{what: "memory, an idle WebSocket viewer (heap and stacks, of 1,000)", measured: size(median(socket)), bound: "10 KB", holds: median(socket) <= socketBound},
		{what: "memory, a channel after 6 hours at 20 messages/s", measured: size(median(channel)), bound: "1 MB", holds: median(channel) <= channelBound},
	}, nil
}

func measureCheckpoints(ctx context.Context, m *measurer) ([]row, error) {
	s, err := m.measure(
		ctx,
		bench{folder: "internal/analysis", pattern: "^BenchmarkCheckpoint$", time: "0.3s", oneCore: true},
		bench{folder: "bench/path", pattern: "^BenchmarkStore$", time: "0.3s"},
	)
	if err != nil {
		return nil, err
	}
	ns, err := s.least("internal/analysis/Checkpoint", "ns/op")
	if err != nil {
		return nil, err
	}
	bytes, err := s.least("internal/analysis/Checkpoint", "bytes/checkpoint")
	if err != nil {
		return nil, err
	}
	store, err := s.least("bench/path/Store/sqlite", "ns/op")
	if err != nil {
		return nil, err
	}
	stored, err := s.most("bench/path/Store/sqlite", "bytes/s")
	if err != nil {
		return nil, err
	}
	ratio, err := s.ratio("bench/path/Store/sqlite", "bench/path/Store/file", "ns/op")
	if err != nil {
		return nil, err
	}
	return []row{
		{what: "checkpoint of a busy channel's second, one core", measured: fmt.Sprintf("%s, %s", duration(ns), size(bytes))},
		{
			what: "storing a second of 100 busy channels", measured: fmt.Sprintf("%s, %s", duration(store), size(stored)),
			compared: digits(ratio) + " times as long as writing the bytes to a plain file",
		},
	}, nil
}

func measureSizes(_ context.Context, m *measurer) ([]row, error) {
	info, err := os.Stat(m.binary)
	if err != nil {
		return nil, fmt.Errorf("%w (make build makes it)", err)
	}
	page, err := firstLoad(os.DirFS(filepath.Join(m.root, "frontend", "dist")))
	if err != nil {
		return nil, err
	}
	return []row{
		{what: "binary", measured: size(float64(info.Size())), bound: "80 MB", holds: info.Size() <= binaryBound},
		{what: "first load of the live page, compressed, with its font", measured: size(page), bound: "300 KB", holds: page <= firstLoadBound},
	}, nil
}

// firstLoad returns the bytes that the live page's first load takes: its HTML,
// what that names, and the font that its styles name; packed where they are kept packed.
func firstLoad(dist fs.FS) (float64, error) {
	page, err := fs.ReadFile(dist, "live.html")
	if err != nil {
		return 0, fmt.Errorf("%w (make build makes it)", err)
	}
	fonts, err := fs.Glob(dist, "assets/inter-latin-wght-normal-*.woff2")
	if err != nil {
		return 0, err
	}
	names := fonts
	for _, match := range regexp.MustCompile(`(?:src|href)="/([^"]+\.(?:js|css))"`).FindAllSubmatch(page, -1) {
		names = append(names, string(match[1]))
	}
	if len(fonts) != 1 || len(names) < 3 {
		return 0, fmt.Errorf("the live page names %d files and has %d fonts", len(names)-len(fonts), len(fonts))
	}
	n := len(page)
	for _, name := range names {
		info, err := fs.Stat(dist, name+".br")
		if errors.Is(err, fs.ErrNotExist) {
			info, err = fs.Stat(dist, name)
		}
		if err != nil {
			return 0, err
		}
		n += int(info.Size())
	}
	return float64(n), nil
}
