package document

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// scan checks what a text may be before it is parsed, in one pass without a copy: its length, how deep its brackets are nested
// (the parser recurses) and how long its names are (suggestions compare names letter by letter).
func scan(text string) *gqlerror.Error {
	if len(text) > maxText {
		return limitAt(1, 1, "the document is longer than %d bytes; values are better sent as variables", maxText)
	}
	s := scanner{text: text, line: 1}
	for s.at < len(text) {
		if err := s.step(); err != nil {
			return err
		}
	}
	return nil
}

type scanner struct {
	text  string
	at    int
	depth int
	name  int // length of the name or number that ends here
	line  int
	start int // offset of the line
}

// step goes on by one character, comment or string.
func (s *scanner) step() *gqlerror.Error {
	c := s.text[s.at]
	if nameChar(c) {
		s.at++
		if s.name++; s.name > maxName {
			return limitAt(s.line, s.at-s.name-s.start+1, "a name or number is longer than %d characters", maxName)
		}
		return nil
	}
	s.name = 0
	switch c {
	case '{', '[', '(':
		if s.depth++; s.depth > maxNesting {
			return limitAt(s.line, s.at-s.start+1, "the document is nested more than %d levels deep", maxNesting)
		}
	case '}', ']', ')':
		s.depth--
	case '\n':
		s.line, s.start = s.line+1, s.at+1
	case '#':
		for s.at+1 < len(s.text) && s.text[s.at+1] != '\n' {
			s.at++
		}
	case '"':
		s.skipString()
	}
	s.at++
	return nil
}

func nameChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// skipString goes to the last byte of the string that begins here, or to the end of the text if it doesn't end.
func (s *scanner) skipString() {
	end := stringEnd(s.text, s.at)
	for i := s.at; i < min(end, len(s.text)); i++ {
		if s.text[i] == '\n' {
			s.line, s.start = s.line+1, i+1
		}
	}
	s.at = end
}

// stringEnd returns the index of the last byte of the string that begins at i, or of the text if it doesn't end.
func stringEnd(text string, i int) int {
	if len(text) >= i+3 && text[i:i+3] == `"""` {
		for j := i + 3; j < len(text); j++ {
			switch {
			case text[j] == '\\' && len(text) >= j+4 && text[j:j+4] == `\"""`:
				j += 3
			case text[j] == '"' && len(text) >= j+3 && text[j:j+3] == `"""`:
				return j + 2
			}
		}
		return len(text)
	}
	for j := i + 1; j < len(text); j++ {
		switch text[j] {
		case '\\':
			j++
		case '"':
			return j
		case '\n':
			return j - 1
		}
	}
	return len(text)
}

// limitAt is the error of a document that is over a limit.
func limitAt(line, column int, format string, args ...any) *gqlerror.Error {
	return withCode(&gqlerror.Error{
		Message: fmt.Sprintf(format, args...), Locations: []gqlerror.Location{{Line: line, Column: column}},
	}, CodeLimit)
}
