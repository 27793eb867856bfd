package edits

import (
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

var (
	// isSQL tells statements, and parts of them that are put together, from other text: their keywords are in capitals.
	isSQL = regexp.MustCompile(`\b(SELECT|UPDATE|DELETE FROM|INSERT INTO|WHERE|FOR UPDATE|FOR SHARE|ORDER BY)\b|^.\s*AND\s.*[=<>]`)
	// leftOut are clauses that a statement can do without.
	leftOut = regexp.MustCompile(`\s(FOR (NO KEY )?(UPDATE|SHARE)( OF \w+(, ?\w+)*)?( SKIP LOCKED| NOWAIT)?|ON CONFLICT( \([^()]*\))? DO NOTHING)`)
	// begins is what a condition follows.
	begins = regexp.MustCompile(`\b(WHERE|AND|ON)\s+`)
	// ends is where a condition ends, but for parentheses and the end of the text.
	ends = regexp.MustCompile(`^(AND|OR|THEN|ORDER BY|GROUP BY|HAVING|LIMIT|OFFSET|RETURNING|FOR|UNION|ON|WHERE|LEFT|RIGHT|INNER|CROSS|FULL|JOIN|SET|VALUES|SELECT|WINDOW)\b`)
	// compares is what a condition needs; what it must not end with, if another part of the text completes it.
	compares   = regexp.MustCompile(`=|<|>|\b(IS|IN|ANY|EXISTS|LIKE|ILIKE|NOT)\b`)
	unfinished = regexp.MustCompile(`(=|<|>|\+|-|,|\b(IN|ANY|NOT|LIKE|ILIKE|IS|EXISTS|BETWEEN))$`)
	bounds     = regexp.MustCompile(` (<=|>=|<|>) `)
	descending = regexp.MustCompile(`\bDESC\b`)
	skips      = regexp.MustCompile(` SKIP LOCKED`)
)

var otherBound = map[string]string{"<": "<=", "<=": "<", ">": ">=", ">=": ">"}

// sql adds what can go wrong with a statement: a lock or a condition left out, a bound, a direction. A condition that is left out stays
// for the server, which has to know the types of all parameters.
func (w *walk) sql(n *ast.BasicLit) {
	if !isSQL.MatchString(n.Value) {
		return
	}
	at := w.offset(n.Pos())
	change := func(from, to int, text, said string) {
		w.add(n.Pos()+token.Pos(from), said, edit{at + from, at + to, text})
	}
	for _, m := range leftOut.FindAllStringIndex(n.Value, -1) {
		change(m[0]+1, m[1], "", "SQL without "+short(n.Value[m[0]:m[1]]))
	}
	for _, m := range skips.FindAllStringIndex(n.Value, -1) {
		change(m[0], m[1], "", "SQL without SKIP LOCKED")
	}
	for _, m := range bounds.FindAllStringSubmatchIndex(n.Value, -1) {
		old := n.Value[m[2]:m[3]]
		around := n.Value[max(0, m[0]-25):min(len(n.Value), m[1]+20)]
		change(m[2], m[3], otherBound[old], "SQL "+short(around)+": "+old+" → "+otherBound[old])
	}
	for _, m := range descending.FindAllStringIndex(n.Value, -1) {
		change(m[0], m[1], "ASC", "SQL "+short(n.Value[max(0, m[0]-25):m[1]])+" → ASC")
	}
	for _, m := range begins.FindAllStringIndex(n.Value, -1) {
		if from, to, ok := condition(n.Value, m[1]); ok {
			w.add(n.Pos()+token.Pos(from), "SQL without "+short(n.Value[from:to]),
				edit{at + from, at + from, "("}, edit{at + to, at + to, " OR TRUE)"})
		}
	}
}

// condition finds where the condition that begins at from ends; not ok if there is none, or not all of it.
func condition(text string, from int) (start, end int, ok bool) {
	depth, end := 0, len(text)-1 // the last byte is the quote
scan:
	for i := from; i < len(text)-1; i++ {
		switch c := text[i]; {
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth < 0 {
				end = i
				break scan
			}
		case c == ';' && depth == 0, depth == 0 && (i == from || !isWord(text[i-1])) && ends.MatchString(text[i:]):
			end = i
			break scan
		}
	}
	found := strings.TrimRight(text[from:end], " \t\n")
	if depth > 0 || !compares.MatchString(found) || unfinished.MatchString(found) || strings.Contains(found, "BETWEEN") || strings.HasPrefix(found, "CONFLICT") {
		return 0, 0, false
	}
	return from, from + len(found), true
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
