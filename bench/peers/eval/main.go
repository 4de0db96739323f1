// Command eval measures the sentiment engine on labelled chat, beside VADER:
// make eval DATA=DIR. It stands here so that VADER is no dependency of the product.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/jonreiter/govader"

	"chatmood/internal/chat"
	"chatmood/internal/sentiment"
	"chatmood/internal/sentiment/train"
)

func main() {
	var o train.ReportOptions
	flag.StringVar(&o.Dir, "data", "", "folder with labels.tsv.gz")
	flag.StringVar(&o.Split, "split", "dev", "which messages: dev for every choice, test for final figures only; invented-held needs no data")
	flag.StringVar(&o.File, "labels", "", "another labelled set instead: tab-separated, perhaps .gz, with a header that names the columns text and label (or score)")
	model := flag.String("model", "", "another model file, compared with the built-in one; empty means the built-in one")
	flag.Parse()
	if err := run(o, *model); err != nil {
		fmt.Fprintf(os.Stderr, "eval: %v\n", err)
		os.Exit(1)
	}
}

func run(o train.ReportOptions, model string) error {
	if o.Dir == "" && o.File == "" && !strings.HasPrefix(o.Split, "invented") {
		return fmt.Errorf("no data: give the folder with --data DIR (docs/sentiment.md says what is in it), or one file with --labels")
	}
	if model != "" {
		var err error
		if o.Model, err = os.ReadFile(model); err != nil {
			return fmt.Errorf("reading the model: %w", err)
		}
	}
	o.Peers = []train.Peer{{Name: "VADER (govader)", Analyzer: vader{govader.NewSentimentIntensityAnalyzer()}}}
	return train.Report(os.Stdout, o)
}

// vader judges as its authors advise: positive from 0.05, negative from −0.05.
type vader struct {
	*govader.SentimentIntensityAnalyzer
}

// Score implements [sentiment.Analyzer]. Confidence is not among what VADER
// says.
func (v vader) Score(dst *sentiment.Score, text string, _ []chat.Emote) {
	c := v.PolarityScores(text).Compound
	*dst = sentiment.Score{Value: float32(c)}
	switch {
	case c >= 0.05:
		dst.Label = sentiment.Positive
	case c <= -0.05:
		dst.Label = sentiment.Negative
	}
}
