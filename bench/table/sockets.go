package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// idleSockets is the number of viewers of the measurement of idle sockets;
// fewer where the system does not allow as many files.
const idleSockets = 10_000

// measureSockets measures what many idle viewers of a silent channel take of a
// real server, opened one after the other.
func measureSockets(ctx context.Context, m *measurer) (rows []row, err error) {
	twitch, err := newChatServer(ctx)
	if err != nil {
		return nil, err
	}
	defer twitch.close()
	s, err := m.serve(ctx, m.tmp+"/sockets", "TWITCH_IRC_URL="+twitch.url(), "MAX_SOCKETS_PER_ADDRESS="+strconv.Itoa(2*idleSockets))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := s.ask(ctx, http.MethodPost, "/api/twitch/connect", `{"url":"`+liveChannel+`"}`); err != nil {
		return nil, err
	}
	select {
	case <-twitch.joined:
	case <-time.After(30 * time.Second):
		return nil, errors.New("the server did not join the channel within 30 s")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	before, err := s.memory(ctx)
	if err != nil {
		return nil, err
	}
	viewers := make([]*viewer, 0, idleSockets)
	defer func() { closeAll(viewers) }()
	for len(viewers) < idleSockets {
		v, err := watch(ctx, s.address)
		var fault net.Error
		if errors.As(err, &fault) && len(viewers) > 0 { // no more files
			break
		}
		if err != nil {
			return nil, err
		}
		v.r = nil // nothing is read any more
		viewers = append(viewers, v)
	}
	select {
	case <-time.After(3 * time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	after, err := s.memory(ctx)
	if err != nil {
		return nil, err
	}
	each := func(a, b float64) float64 { return (b - a) / float64(len(viewers)) }
	resident := each(before.resident, after.resident)
	return []row{{
		what:     fmt.Sprintf("resident memory, an idle WebSocket viewer of %d", len(viewers)),
		measured: size(resident), bound: size(socketBound), holds: resident <= socketBound,
		compared: fmt.Sprintf("heap %s, stacks %s; the whole server %s, before %s",
			size(each(before.heap, after.heap)), size(each(before.stacks, after.stacks)), size(after.resident), size(before.resident)),
	}}, nil
}

// memory is what a server holds, in bytes.
type memory struct{ heap, stacks, resident float64 }

// memory asks a server's metrics.
func (s *server) memory(ctx context.Context) (memory, error) {
	var found memory
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+"/metrics", http.NoBody)
	if err != nil {
		return found, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return found, err
	}
	defer resp.Body.Close()
	fields := map[string]*float64{
		"go_memstats_heap_inuse_bytes": &found.heap, "go_memstats_stack_inuse_bytes": &found.stacks, "process_resident_memory_bytes": &found.resident,
	}
	for lines := bufio.NewScanner(io.LimitReader(resp.Body, 4<<20)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if to := fields[name]; to != nil {
			if *to, err = strconv.ParseFloat(value, 64); err != nil {
				return found, fmt.Errorf("reading %s: %w", name, err)
			}
			delete(fields, name)
		}
	}
	if len(fields) > 0 {
		return found, fmt.Errorf("the server's metrics lack %d of its figures of memory", len(fields))
	}
	return found, nil
}
