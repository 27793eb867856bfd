// Package privacy answers for the data of persons: it gives one customer's data out as a file, and erases them from everything that the
// environment keeps, while the books stay whole. Both are operations in steps, which any node goes on with where another died.
package privacy

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// erased is what stands where something of a person stood that must not be empty.
const erased = "erased"

// Values are what is known of a person, as texts.
type Values struct {
	Strong []string `json:"strong"` // nobody else's: mail addresses, phone numbers, names to sign in by, streets
	Weak   []string `json:"weak"`   // those that others may share, such as first names
}

// Sizes of texts that are looked for: shorter ones stand everywhere.
const (
	leastStrong = 6
	leastWeak   = 2
	leastDigits = 6
)

// add takes a text in. A text of a key is nobody else's.
func (v *Values) add(text string, key bool) {
	text = strings.TrimSpace(text)
	n := utf8.RuneCountInString(text)
	if n < leastWeak || strings.HasPrefix(text, erased) {
		return
	}
	list := &v.Weak
	if n >= leastStrong && (key || distinctive(text)) {
		list = &v.Strong
	}
	if !slices.Contains(*list, text) {
		*list = append(*list, text)
	}
}

// distinctive reports whether a text is hardly anybody else's: it is a mail address, has the digits of a phone number, or is some words with a number.
func distinctive(text string) bool {
	digits, letters, blanks := 0, 0, 0
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		case unicode.IsSpace(r):
			blanks++
		}
	}
	return strings.Contains(text, "@") || digits >= leastDigits || digits > 0 && letters >= leastWeak && blanks > 0
}

// Scrubber takes a person out of texts and JSON.
type Scrubber struct {
	strong, weak *regexp.Regexp  // nil: nothing
	keys         map[string]bool // names of members that hold a person's data, whatever they hold
}

// NewScrubber makes one. keys are names of members of JSON whose texts are a person's in rows that are his.
func NewScrubber(v Values, keys map[string]bool) *Scrubber {
	s := &Scrubber{keys: keys}
	if len(v.Strong) > 0 {
		s.strong = regexp.MustCompile(`(?i)(?:` + alternatives(v.Strong) + `)`)
	}
	if len(v.Weak) > 0 {
		s.weak = regexp.MustCompile(`(^|[^\pL\pN])(?:` + alternatives(v.Weak) + `)($|[^\pL\pN])`)
	}
	return s
}

// alternatives quotes texts for an expression, the longest first.
func alternatives(list []string) string {
	quoted := make([]string, len(list))
	for i, text := range list {
		quoted[i] = regexp.QuoteMeta(text)
	}
	slices.SortFunc(quoted, func(a, b string) int { return len(b) - len(a) })
	return strings.Join(quoted, "|")
}

// Text is a text without the person. own: it stands in a row that is the person's, so that words which others share are his, too.
func (s *Scrubber) Text(text string, own bool) string {
	if s.strong != nil {
		text = s.strong.ReplaceAllLiteralString(text, erased)
	}
	if !own || s.weak == nil || isTime(text) {
		return text
	}
	for { // neighbours share the letter between them
		next := s.weak.ReplaceAllString(text, "${1}"+erased+"${2}")
		if next == text {
			return text
		}
		text = next
	}
}

// isTime reports whether a text is a moment: its year is nobody's postcode.
func isTime(text string) bool {
	_, err := time.Parse(time.RFC3339Nano, text)
	return err == nil
}

// JSON is a decoded value without the person, and whether that is another one. Names of members stay, unless they name the person.
func (s *Scrubber) JSON(v any, own bool) (any, bool) {
	switch x := v.(type) {
	case string:
		text := s.Text(x, own)
		return text, text != x
	case []any:
		changed := false
		for i := range x {
			next, other := s.JSON(x[i], own)
			x[i], changed = next, changed || other
		}
		return x, changed
	case map[string]any:
		return s.object(x, own)
	}
	return v, false
}

func (s *Scrubber) object(x map[string]any, own bool) (any, bool) {
	changed := false
	name, _ := x["name"].(string)
	for key, v := range x {
		var other bool
		if own && (s.keys[key] || key == "value" && s.keys[name]) {
			v, other = blank(v)
		} else {
			v, other = s.JSON(v, own)
		}
		x[key], changed = v, changed || other
		if to := s.Text(key, own); to != key {
			delete(x, key)
			x[to], changed = v, true
		}
	}
	return x, changed
}

// blank erases all texts and numbers in a value.
func blank(v any) (any, bool) {
	switch x := v.(type) {
	case nil:
		return nil, false
	case string:
		return erased, x != erased && x != ""
	case []any:
		return nil, len(x) > 0
	case map[string]any:
		return nil, len(x) > 0
	}
	return nil, true
}
