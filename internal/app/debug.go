package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"
)

// openDebug listens at DEBUG_ADDR, where one is set.
func (a *App) openDebug(ctx context.Context) error {
	address := a.opts.Config.DebugAddr
	if address == "" {
		return nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listening on DEBUG_ADDR %s: %w. Set it to a free address, such as 127.0.0.1:6060, or unset it", address, err)
	}
	a.debug = l
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		a.log.Warn("DEBUG_ADDR lets other machines look into the process, secrets and chat included: a firewall must let nobody near it but you", "address", l.Addr().String())
	}
	return nil
}

// debugHandler shows profiles of the process.
func debugHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A page of some site could be led here by a name of its own that leads to
		// this machine; tools ask by address.
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if _, err := netip.ParseAddr(host); err != nil && host != "localhost" || r.Header.Get("Origin") != "" {
			http.Error(w, "ask by address: http://127.0.0.1:6060/debug/pprof/", http.StatusForbidden)
			return
		}
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// serveDebug answers at DEBUG_ADDR until ctx ends.
func (a *App) serveDebug(ctx context.Context) error {
	server := &http.Server{
		Handler: debugHandler(), ReadTimeout: 10 * time.Second, // profiles take as long as they are asked for
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	a.log.Info("profiles are served", "address", "http://"+a.debug.Addr().String()+"/debug/pprof/")
	if err := server.Serve(a.debug); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving DEBUG_ADDR: %w", err)
	}
	return nil
}
