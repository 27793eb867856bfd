// Package words tells what an unknown word was probably meant to be. It is pure.
package words

import (
	"strings"

	"github.com/fluent-oms/fluent/domain/fault"
)

// longest is how many characters of words are compared: nobody misspells longer ones by hand, and comparing takes time that grows with the square.
const longest = 64

// Nearest is the known word that another was probably meant to be: the one that the fewest slips of a key lead to, if those are few for its
// length; empty if none is near. Upper and lower case count as alike, and so do - and _ and blanks. The first of several is as good as the others.
func Nearest(word string, known []string) string {
	given := plain(word)
	if len(given) == 0 || len(given) > longest {
		return ""
	}
	best, least := "", 1+max(1, len(given)/3)
	for _, k := range known {
		other := plain(k)
		if len(other) > longest || len(other)-len(given) >= least || len(given)-len(other) >= least {
			continue
		}
		if n := slips(given, other, least); n < least && n < max(len(given), len(other)) {
			best, least = k, n
		}
	}
	return best
}

// Hint is a sentence that names the nearest known word, with a blank before it; empty if none is near.
func Hint(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return ". Did you mean " + near + "?"
	}
	return ""
}

// Unknown is the fault for a word that is none of those that are known, without a place. It names them all, and the nearest.
func Unknown(word string, known []string) *fault.Error {
	return fault.New(fault.Invalid, "%q is unknown: want %s%s", cut(word), strings.Join(known, ", "), Hint(word, known)).WithCode(fault.CodeInvalid)
}

// cut keeps messages short.
func cut(word string) string {
	if r := []rune(word); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return word
}

// plain is a word as it is compared.
func plain(word string) []rune {
	return []rune(strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return '_'
		}
		return r
	}, strings.ToUpper(strings.TrimSpace(word))))
}

// slips counts the letters that must be added, left out, replaced or swapped with their neighbours to make one word of another (the distance of
// Damerau and Levenshtein, without moves over longer ways). It gives up where there are as many as enough.
func slips(a, b []rune, enough int) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i, x := range a {
		row[0] = i + 1
		least := row[0]
		for j, y := range b {
			same := 1
			if x == y {
				same = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+same)
			if i > 0 && j > 0 && x == b[j-1] && a[i-1] == y {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
			least = min(least, row[j+1])
		}
		if least >= enough {
			return least
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
