package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"chatmood/internal/account"
	"chatmood/internal/app"
	"chatmood/internal/config"
	"chatmood/internal/mail"
)

type mailCmd struct {
	Test mailTestCmd `cmd:"" help:"Send a mail to see whether mail works, and explain it when it does not."`
}

type mailTestCmd struct {
	Address string        `arg:"" help:"Where to." placeholder:"ADDRESS"`
	Timeout time.Duration `help:"How long to try." default:"30s" placeholder:"TIME"`
}

// Help implements [kong.HelpProvider].
func (mailTestCmd) Help() string {
	return `Sends a mail through the server of the configuration (SMTP_HOST, SMTP_PORT, SMTP_TLS, EMAIL_SENDER, EMAIL_PASSWORD), past the
outbox, and says at which step it fails: finding the server's name, connecting, encryption, signing in, or that the server
refuses the mail.

Example:

  chatmood mail test me@example.org`
}

// direct sends mails at once, in place of an outbox.
type direct struct{ sender mail.Sender }

// Put implements [mail.Putter].
func (d direct) Put(ctx context.Context, m mail.Message) error { return d.sender.Send(ctx, m) }

// Run sends a mail.
func (c mailTestCmd) Run(e *env) error {
	cfg, err := loadConfig()
	if err != nil {
		return err
	}
	if c.Timeout <= 0 {
		return usagef("--timeout is %v: it must be positive, such as 30s", c.Timeout)
	}
	to, err := account.CheckEmail(c.Address)
	if err != nil {
		return usagef("%q is no plain address like me@example.org", c.Address)
	}
	if cfg.MailBy() == config.MailOff {
		return errors.New("MAIL is off: this server sends no mail. Unset MAIL and set SMTP_HOST and EMAIL_SENDER")
	}
	sender, err := app.NewSender(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	mails, err := mail.NewMails(mail.Config{From: app.SenderAddress(cfg), FrontendURL: app.AccountsURL(cfg)}, direct{sender})
	if err != nil {
		return err
	}
	if cfg.MailBy() == config.MailFolder {
		if err := mails.Test(e.ctx, to); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "No mail server is set: the mail is a file in %s\n", filepath.Join(cfg.DataDir, "outbox"))
		return nil
	}
	server := fmt.Sprintf("%s:%d (%s)", cfg.SMTPHost, cfg.SMTPPort, cfg.SMTPTLS)
	if cfg.EmailPassword != "" {
		server += ", signing in as " + cfg.EmailSender
	}
	fmt.Fprintf(e.stdout, "Sending through %s …\n", server)
	ctx, cancel := context.WithTimeout(e.ctx, c.Timeout)
	defer cancel()
	if err := mails.Test(ctx, to); err != nil {
		return errors.New(mail.Explain(err))
	}
	fmt.Fprintf(e.stdout, "The server took the mail for %s. Look into that mailbox, and into its spam folder\n", to)
	return nil
}
