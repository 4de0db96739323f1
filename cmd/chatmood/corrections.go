package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"chatmood/internal/analysis"
	"chatmood/internal/app"
	"chatmood/internal/config"
	"chatmood/internal/httpapi"
)

type correctionsCmd struct {
	Export correctionsExportCmd `cmd:"" help:"Write the corrected labels of all users, one a line."`
}

type correctionsExportCmd struct {
	Format  string `enum:"ndjson,tsv" default:"ndjson" help:"Output: ndjson (one object a line) or tsv (hash, label, channel, time)."`
	Channel string `help:"Only those of this channel." placeholder:"LOGIN"`
}

// Help implements [kong.HelpProvider].
func (correctionsExportCmd) Help() string {
	return `Reads the database of the configuration (MONGO_URI, or DATA_DIR). With MongoDB the server may run meanwhile; the embedded
database belongs to one process at a time: stop the server, or ask GET /api/corrections/export as an administrator. A text is named
by the first eight bytes of its SHA-256, as hexadecimal digits; texts are not kept.

Example:

  chatmood corrections export --format tsv > labels.tsv`
}

// Run writes the labels to standard output.
func (c *correctionsExportCmd) Run(e *env) error {
	return onAccounts(e, func(ctx context.Context, a *app.Accounts, _ *config.Config) (err error) {
		out := bufio.NewWriter(e.stdout)
		defer func() {
			if flushed := out.Flush(); flushed != nil {
				err = errors.Join(err, fmt.Errorf("writing the labels: %w", flushed))
			}
		}()
		return a.Learning.EachCorrection(ctx, "", func(made analysis.Correction) error {
			if made.Kind != analysis.CorrectedMessage || made.Hash == "" || c.Channel != "" && made.Channel != c.Channel {
				return nil
			}
			return httpapi.WriteLabel(out, c.Format, httpapi.CorrectedLabel{Hash: made.Hash, Label: made.Label, Channel: made.Channel, Time: made.At})
		})
	})
}
