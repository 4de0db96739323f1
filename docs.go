// Package chatmood holds what the program carries of the repository besides
// its code: the documentation, and the design tokens that its pages share with
// the front-end.
package chatmood

import "embed"

// Documentation holds the documentation under the names that the files have in
// the repository: docs/ and the texts beside it. Links between the files work
// within it. It also holds frontend/src/styles/tokens.css.
//
//go:embed *.md docs/*.md docs/adr/*.md docs/images/*.png docs/images/*.webp frontend/src/styles/tokens.css
var Documentation embed.FS
