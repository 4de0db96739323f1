// Package frontend holds the built web page, so that the binary carries it.
package frontend

import (
	"embed"
	"io/fs"
)

// The folder always exists (dist/.gitkeep); it is empty of pages until the
// front-end was built.
//
//go:embed all:dist
var files embed.FS

// Dist returns the built page: index.html, assets/ with hashed names, and a
// few fixed names such as favicon.svg. A binary built without the front-end
// has no index.html in it; see [Built].
func Dist() fs.FS {
	dist, err := fs.Sub(files, "dist")
	if err != nil {
		// fs.Sub fails only for a name that is no valid path.
		panic(err)
	}
	return dist
}

// Built reports whether the binary carries a built page.
func Built() bool {
	_, err := fs.Stat(files, "dist/index.html")
	return err == nil
}
