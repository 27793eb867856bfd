// Package codetest holds tests over the repository itself: which package may import which, how long files and functions may be,
// and what must be documented. It has no code of its own for others.
package codetest
