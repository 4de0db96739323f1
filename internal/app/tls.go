package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"chatmood/internal/certs"
)

// openTLS opens where certificates come from, and the port of plain http beside
// https.
func (a *App) openTLS(ctx context.Context) (err error) {
	cfg := a.opts.Config
	switch {
	case len(cfg.TLSDomain) > 0:
		a.certs, err = certs.NewACME(certs.ACMEConfig{
			Names: cfg.TLSDomain, Dir: filepath.Join(cfg.DataDir, "tls"), Directory: cfg.TLSACMEURL, CAFile: cfg.TLSACMECA, Log: a.log,
		})
	case cfg.TLSCertFile != "":
		a.certs, err = certs.OpenFiles(cfg.TLSCertFile, cfg.TLSKeyFile, a.log, a.opts.Now)
	}
	if err != nil || a.certs == nil || cfg.TLSHTTPPort == 0 {
		return err
	}
	var lc net.ListenConfig
	address := net.JoinHostPort(strings.Trim(cfg.Host, "[]"), strconv.Itoa(cfg.TLSHTTPPort))
	if a.plain, err = lc.Listen(ctx, "tcp", address); err != nil {
		mend := "Set TLS_HTTP_PORT to a free port, or to 0 for none"
		if errors.Is(err, fs.ErrPermission) {
			mend = "This user may not use ports below 1024: grant it (AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit), or set TLS_HTTP_PORT to a higher one, or to 0 for none"
		}
		return fmt.Errorf("listening for plain http on %s: %w. %s", address, err, mend)
	}
	return nil
}

// serve answers at the listener until the server is shut down.
func (a *App) serve(server *http.Server) error {
	if a.certs == nil {
		return server.Serve(a.listener)
	}
	server.TLSConfig = certs.Config(a.certs)
	return server.ServeTLS(a.listener, "", "")
}

// runTLS keeps certificates fresh and leads plain http to https until ctx ends.
func (a *App) runTLS(ctx context.Context, group *errgroup.Group) {
	if a.certs == nil {
		return
	}
	source := a.certs
	if a.plain != nil {
		a.runPlain(ctx, group) // before the authority is asked, which asks there
	}
	group.Go(func() error {
		source.Run(ctx)
		return nil
	})
}

// runPlain answers plain HTTP until ctx ends.
func (a *App) runPlain(ctx context.Context, group *errgroup.Group) {
	const timeout = 10 * time.Second // to ask and to be answered: nothing large goes either way
	server := &http.Server{
		Handler:      a.certs.Challenges(certs.Redirect(a.opts.Config.TLSDomain, a.typedPort())),
		ReadTimeout:  timeout,
		WriteTimeout: timeout, IdleTimeout: timeout, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	listener := a.plain
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving plain HTTP: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		return server.Close()
	})
}

// typedPort is the port of https as people type it: that of FRONTEND_URL where
// this server is meant, since a router may lead another one here.
func (a *App) typedPort() int {
	port := a.listener.Addr().(*net.TCPAddr).Port
	u, err := url.Parse(a.opts.Config.FrontendURL)
	if err != nil || u.Scheme != "https" || !slices.Contains(a.opts.Config.TLSDomain, u.Hostname()) {
		return port
	}
	if u.Port() == "" {
		return 443
	}
	if typed, err := strconv.Atoi(u.Port()); err == nil {
		return typed
	}
	return port
}

// secureURL is the address of the server where it speaks https by itself.
func (a *App) secureURL(host string, port int) string {
	if names := a.opts.Config.TLSDomain; len(names) > 0 {
		host = names[0]
	}
	return "https://" + certs.Authority(host, port)
}
