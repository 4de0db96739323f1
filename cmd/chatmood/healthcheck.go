package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"chatmood/internal/config"
)

type healthcheckCmd struct {
	URL     string        `arg:"" optional:"" help:"Address of the server. Default: the one that the configuration makes this machine listen on." placeholder:"URL"`
	Ready   bool          `help:"Ask whether it takes requests now (/health/ready) instead of whether it lives."`
	Timeout time.Duration `help:"How long to wait for the answer." default:"3s"`
}

// Help implements [kong.HelpProvider].
func (healthcheckCmd) Help() string {
	return `Asks a server how it is and exits with 0 when it is well, with 1 when it is not. For supervisors and containers, which have no curl.

Example:

  chatmood healthcheck --ready https://mood.example`
}

// Run asks once.
func (c healthcheckCmd) Run(e *env) error {
	if c.Timeout <= 0 || c.Timeout > time.Minute {
		return usagef("--timeout is %v: it must be more than 0 and at most 1m", c.Timeout)
	}
	address, client := c.URL, http.DefaultClient
	if address == "" {
		cfg, err := loadConfig()
		if err != nil {
			return err
		}
		address = localURL(cfg)
		if cfg.TLS() {
			// It asks its own machine by address, which no certificate names, and tells
			// it nothing. Whether the certificate is good for people, doctor says.
			own := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12} //nolint:gosec // see above
			client = &http.Client{Transport: &http.Transport{TLSClientConfig: own}}
		}
	}
	path := "/health/live"
	if c.Ready {
		path = "/health/ready"
	}
	ctx, cancel := context.WithTimeout(e.ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+path, nil)
	if err != nil {
		return usagef("the address %q cannot be used: %w", address, err)
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("asking the server: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("reading the server's answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		var answer struct{ Detail, Error, Status string }
		// What is no JSON of ours has no text worth showing.
		_ = json.Unmarshal(body, &answer)
		for _, text := range []string{answer.Detail, answer.Error, answer.Status} {
			if text != "" {
				return fmt.Errorf("the server answers %s: %.200q", res.Status, text)
			}
		}
		return errors.New("the server answers " + res.Status)
	}
	fmt.Fprintln(e.stdout, "well")
	return nil
}

// localURL is where a server with this configuration is reached from its own
// machine.
func localURL(cfg *config.Config) string {
	host := cfg.Host
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http://"
	if cfg.TLS() {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(host, strconv.Itoa(cfg.Port))
}
