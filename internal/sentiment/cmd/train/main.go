// Command train makes the sentiment model from a folder of labelled and
// unlabelled chat: go run ./internal/sentiment/cmd/train --data DIR.
package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"chatmood/internal/sentiment/train"
)

func main() {
	data := flag.String("data", "", "folder with labels.tsv.gz and chat.tsv.gz")
	out := flag.String("out", "internal/sentiment/model.bin", "where to write the model")
	seed := flag.Uint64("seed", train.Defaults().Seed, "seed of all chances: the same seed and data give the same bytes")
	flag.Parse()
	if err := run(*data, *out, *seed); err != nil {
		fmt.Fprintf(os.Stderr, "train: %v\n", err)
		os.Exit(1)
	}
}

func run(data, out string, seed uint64) error {
	if data == "" {
		return fmt.Errorf("no data: give the folder with --data DIR (docs/sentiment.md says what is in it)")
	}
	start := time.Now()
	o := train.Defaults()
	o.Seed = seed
	model, err := train.Run(data, o, func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%6.0f s  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, model, 0o644); err != nil {
		return fmt.Errorf("writing the model: %w", err)
	}
	fmt.Fprintf(os.Stderr, "%6.0f s  wrote %s, %d bytes\n", time.Since(start).Seconds(), out, len(model))
	return nil
}
