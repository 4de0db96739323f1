// Command readings writes what lexicon and rules see in every labelled and
// unlabelled message and in augmented texts, for teachers that are trained outside of this program
// (scripts/teacher): go run ./internal/sentiment/cmd/readings --data DIR.
package main

import (
	"flag"
	"fmt"
	"os"

	"chatmood/internal/sentiment/train"
)

func main() {
	data := flag.String("data", "", "folder with labels.tsv.gz and chat.tsv.gz")
	out := flag.String("out", "", "file to write, outside of the repository: it holds text of the chat")
	perChannel := flag.Int("per-channel", 60_000, "unlabelled messages of a channel")
	augmented := flag.Int("augmented", 650_000, "texts made of what people wrote")
	flag.Parse()
	if err := run(*data, *out, *perChannel, *augmented); err != nil {
		fmt.Fprintf(os.Stderr, "readings: %v\n", err)
		os.Exit(1)
	}
}

func run(data, out string, perChannel, augmented int) (err error) {
	if data == "" || out == "" {
		return fmt.Errorf("give the folder with --data DIR and the file to write with --out FILE")
	}
	f, err := os.Create(out)
	if err != nil {
		return fmt.Errorf("creating the file of readings: %w", err)
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = fmt.Errorf("closing the file of readings: %w", e)
		}
	}()
	return train.WriteReadings(f, data, perChannel, augmented)
}
