// Package fonts holds the fonts that reports are set in: one text face in two
// weights, and faces that stand in for what it lacks, from Arabic to emoji.
// They are subsets without hinting of Noto and Droid fonts, compressed; the
// licences lie beside them, and scripts/report-fonts makes them anew.
package fonts

import (
	"bufio"
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

//go:embed data
var data embed.FS

// The faces of the text itself.
const (
	Regular = "NotoSans-Regular"
	Bold    = "NotoSans-Bold"
)

// Index tells which face holds which character. It does not change and may be
// used from several goroutines.
type Index struct {
	faces []coverage // the first that has a character is taken
	bold  coverage
}

type coverage struct {
	name   string
	ranges []runeRange // ascending
}

type runeRange struct{ from, to rune }

func (c *coverage) has(r rune) bool {
	_, found := slices.BinarySearchFunc(c.ranges, r, func(have runeRange, r rune) int {
		switch {
		case have.to < r:
			return -1
		case have.from > r:
			return 1
		}
		return 0
	})
	return found
}

// NewIndex reads the index that lies beside the fonts.
func NewIndex() (*Index, error) {
	f, err := data.Open("data/index.txt")
	if err != nil {
		return nil, fmt.Errorf("opening the index of the fonts: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	ix := &Index{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		c := coverage{name: fields[0], ranges: make([]runeRange, 0, len(fields)-1)}
		for _, field := range fields[1:] {
			from, to, _ := strings.Cut(field, "-")
			a, errA := strconv.ParseInt(from, 16, 32)
			b, errB := strconv.ParseInt(cmp.Or(to, from), 16, 32)
			if errA != nil || errB != nil || b < a {
				return nil, fmt.Errorf("the index of the fonts has a wrong range %q for %s", field, c.name)
			}
			c.ranges = append(c.ranges, runeRange{rune(a), rune(b)})
		}
		if c.name == Bold {
			ix.bold = c
			continue
		}
		ix.faces = append(ix.faces, c)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the index of the fonts: %w", err)
	}
	return ix, nil
}

// Find returns the name of the face that has a character; "" where none has.
// Only the text face is there in bold.
func (ix *Index) Find(r rune, bold bool) string {
	if bold && ix.bold.has(r) {
		return Bold
	}
	for i := range ix.faces {
		if ix.faces[i].has(r) {
			return ix.faces[i].name
		}
	}
	return ""
}

// Names returns the names of all faces, in the order in which they are asked.
func (ix *Index) Names() []string {
	names := []string{Bold}
	for i := range ix.faces {
		names = append(names, ix.faces[i].name)
	}
	return names
}

// maxFont bounds what a font unpacks to: the largest has 4 MB.
const maxFont = 16 << 20

// Load unpacks a face, as TrueType.
func Load(name string) ([]byte, error) {
	packed, err := fs.ReadFile(data, "data/"+name+".ttf.zst")
	if err != nil {
		return nil, fmt.Errorf("reading the font %s: %w", name, err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxFont))
	if err != nil {
		return nil, fmt.Errorf("unpacking the font %s: %w", name, err)
	}
	defer dec.Close()
	font, err := dec.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("unpacking the font %s: %w", name, err)
	}
	return font, nil
}
