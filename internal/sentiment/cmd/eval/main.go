// Command eval measures the sentiment engine on labelled chat:
// go run ./internal/sentiment/cmd/eval --data DIR.
package main

import (
	"flag"
	"fmt"
	"os"

	"chatmood/internal/sentiment/train"
)

func main() {
	data := flag.String("data", "", "folder with labels.tsv.gz")
	split := flag.String("split", "dev", "which messages: dev for every choice, test for final figures only")
	model := flag.String("model", "", "another model file; empty means the built-in one")
	flag.Parse()
	if err := run(*data, *split, *model); err != nil {
		fmt.Fprintf(os.Stderr, "eval: %v\n", err)
		os.Exit(1)
	}
}

func run(data, split, model string) error {
	if data == "" {
		return fmt.Errorf("no data: give the folder with --data DIR (docs/sentiment.md says what is in it)")
	}
	var file []byte
	if model != "" {
		var err error
		if file, err = os.ReadFile(model); err != nil {
			return fmt.Errorf("reading the model: %w", err)
		}
	}
	return train.Report(os.Stdout, data, split, file)
}
