// Package compat holds no code, only tests: they walk through the contract of
// the Python version, endpoint by endpoint, and through its known weaknesses,
// against the whole running server on each store. docs/compatibility.md tells
// in prose what they check.
package compat
