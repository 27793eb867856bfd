// Package shelf is code with a weak test, for mutants to survive in.
package shelf

// Fits reports whether n more units find room: what is on the shelf, and the limit, are known.
func Fits(n, have, limit int) bool {
	if n <= 0 {
		return false
	}
	return have+n <= limit
}

// Drain takes all there is.
func Drain(shelf map[string]int) (sum int) {
	for name, n := range shelf {
		sum += n
		delete(shelf, name)
	}
	return sum
}

// Unsold is what nobody tries.
func Unsold(n int) bool { return n > 7 }
