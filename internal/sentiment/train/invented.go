package train

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
)

// inventedTSV are messages that were invented and labelled for this project, in
// the words of all years up to today: chat that can be had is mostly years old.
//
//go:embed invented.tsv
var inventedTSV string

// Splits of the invented messages: those that are learnt from, and a fifth
// that is only measured.
const (
	splitInvented     = "invented"
	splitInventedHeld = "invented-held"
)

// Invented returns the invented messages of the repository. Which are held
// back is told by the hash of the text.
func Invented() ([]Example, error) { return parseInvented(inventedTSV) }

func parseInvented(tsv string) ([]Example, error) {
	var out []Example
	err := eachField(strings.NewReader(tsv), "invented.tsv", 3, func(f []string) error {
		score, err := strconv.Atoi(f[0])
		if err != nil || score < -2 || score > 2 {
			return fmt.Errorf("score %q, want -2 … 2", f[0])
		}
		e := Example{Channel: splitInvented, Split: splitInvented, Text: f[2], Flags: f[1], Score: score, Class: classOf(score)}
		if TextHash(e.Text)%5 == 0 {
			e.Split = splitInventedHeld
		}
		out = append(out, e)
		return nil
	})
	return out, err
}
