// Package shop stands above shelf.
package shop

import "example.com/tiny/shelf"

// Close empties the shelf twice: the second time nothing is left.
func Close(units map[string]int) (first, second int) {
	return shelf.Drain(units), shelf.Drain(units)
}
