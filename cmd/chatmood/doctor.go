package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coder/websocket"

	"chatmood/frontend"
	"chatmood/internal/app"
	"chatmood/internal/config"
	"chatmood/internal/doctor"
	"chatmood/internal/twitchsim"
)

type doctorCmd struct {
	Target string `help:"Examine a running server from outside instead of this machine." placeholder:"URL"`
	Origin string `help:"With --target: where the page comes from, if not from the server itself." placeholder:"URL"`
	Email  string `help:"With --target: sign in as this user; the password is read from standard input." placeholder:"ADDRESS"`
	JSON   bool   `name:"json" help:"Write the findings as JSON."`
	Quick  bool   `help:"Leave out the end-to-end probe."`
}

// Help implements [kong.HelpProvider].
func (doctorCmd) Help() string {
	return `Checks everything that an installation needs: settings, keys, clock, disk, database, mail, Twitch, the bus and, on a simulated
Twitch, a message's whole way. With --target it examines a running server through whatever is in front of it: encryption, health,
clock, front-end, cross-origin rules, WebSocket, event stream, sign-in. Each finding says what was seen and what mends it.
Exit code: 0 all well, 1 warnings, 2 something failed.

Examples:

  chatmood doctor
  chatmood doctor --target https://mood.example
  chatmood doctor --target https://mood.example --email me@example.org < password.txt`
}

// exitStatus ends the program with a code and without a message.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// Run examines and reports.
func (c doctorCmd) Run(e *env) error {
	checks, err := c.checks(e)
	if err != nil {
		return err
	}
	report := doctor.Examine(e.ctx, checks, buildVersion(), nil)
	if c.JSON {
		err = report.WriteJSON(e.stdout)
	} else {
		err = report.WriteText(e.stdout)
	}
	if err != nil {
		return err
	}
	switch report.Worst() {
	case doctor.Failed:
		return exitStatus(2)
	case doctor.Warning:
		return exitStatus(1)
	}
	return nil
}

func (c doctorCmd) checks(e *env) ([]doctor.Check, error) {
	if c.Target == "" {
		if c.Origin != "" || c.Email != "" {
			return nil, usagef("--origin and --email go with --target")
		}
		local := doctor.Local{UI: frontend.Dist()}
		cfg, err := config.Load(os.LookupEnv, ".env")
		var faults config.Faults
		switch {
		case errors.As(err, &faults):
			local.Faults = faults
		case err != nil:
			return nil, err
		default:
			local.Config = cfg
		}
		if !c.Quick {
			local.EndToEnd = endToEnd
		}
		return local.Checks(), nil
	}
	u, err := httpURL("--target", c.Target)
	if err != nil {
		return nil, err
	}
	target := doctor.Target{URL: u, Version: buildVersion()}
	if c.Origin != "" {
		o, err := httpURL("--origin", c.Origin)
		if err != nil {
			return nil, err
		}
		target.Origin = o.Scheme + "://" + o.Host
	}
	if c.Email != "" {
		if target.Token, err = c.signIn(e, u); err != nil {
			return nil, err
		}
	}
	return doctor.Remote(target), nil
}

func httpURL(flag, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
		return nil, usagef("%s is %q: it must be an address like https://mood.example", flag, text)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

// signIn gets a token for the password on standard input.
func (c doctorCmd) signIn(e *env, target *url.URL) (string, error) {
	const maxPassword = 1 << 10
	password, err := io.ReadAll(io.LimitReader(e.stdin, maxPassword))
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	body, err := json.Marshal(map[string]string{"email": c.Email, "password": strings.TrimRight(string(password), "\r\n")})
	if err != nil {
		return "", fmt.Errorf("encoding the sign-in: %w", err)
	}
	ctx, cancel := context.WithTimeout(e.ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String()+"/api/login", bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("signing in: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("signing in: %w", err)
	}
	defer res.Body.Close()
	var answer struct {
		Token  string `json:"access_token"`
		Detail string
	}
	// What is no JSON has neither field.
	_ = json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&answer)
	if answer.Token == "" {
		return "", fmt.Errorf("signing in: the server answers %s %q", res.Status, answer.Detail)
	}
	return answer.Token, nil
}

// endToEnd runs a server on a simulated Twitch and waits for a judged message.
func endToEnd(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "chatmood-doctor-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	sim := twitchsim.New(twitchsim.Config{Listen: "127.0.0.1:0", AnyChannel: true, Rate: 20, JoinDelay: -1})
	if err := sim.Listen(); err != nil {
		return fmt.Errorf("starting the simulator: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	simDone := make(chan struct{})
	go func() {
		defer close(simDone)
		_ = sim.Run(ctx) // it ends with the probe
	}()
	defer func() { <-simDone }()
	defer cancel()
	env := map[string]string{"PORT": "0", "HOST": "127.0.0.1", "DATA_DIR": dir, "TWITCH_IRC_URL": sim.URL(), "STOP_TIMEOUT": "3s", "GUESTS": "analyse"}
	cfg, err := config.Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, "")
	if err != nil {
		return err
	}
	a, err := app.New(ctx, app.Options{Config: cfg, Version: buildVersion()})
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- a.Run(serving) }()
	err = watchOne(ctx, a, "probe")
	stop()
	return errors.Join(err, <-done)
}

// watchOne starts a channel and waits for its first message.
func watchOne(ctx context.Context, a *app.App, channel string) error {
	if err := a.Start(ctx, channel); err != nil {
		return err
	}
	conn, res, err := websocket.Dial(ctx, strings.Replace(a.URL(), "http", "ws", 1)+"/ws/chat/"+channel, nil)
	if res != nil && res.Body != nil {
		res.Body.Close()
	}
	if err != nil {
		return fmt.Errorf("opening the WebSocket: %w", err)
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(1 << 20)
	for {
		_, data, err := conn.Read(ctx)
		if err != nil {
			return fmt.Errorf("no message arrived: %w", err)
		}
		var frame struct {
			Type string
			Data struct{ Message, Sentiment string }
		}
		if err := json.Unmarshal(data, &frame); err != nil {
			return fmt.Errorf("reading a frame: %w", err)
		}
		if frame.Type == "message" && frame.Data.Message != "" && frame.Data.Sentiment != "" {
			return nil
		}
	}
}
