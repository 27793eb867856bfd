package catalogue

import (
	"strings"
	"unicode"
)

// snake turns a Go name into a column name: LocationRef → location_ref, WebsiteURL → website_url, ID → id, NetworkIDs → network_ids.
func snake(name string) string {
	var b strings.Builder
	r := []rune(name)
	for i, c := range r {
		if unicode.IsUpper(c) && i > 0 {
			startsWord := unicode.IsLower(r[i-1]) || unicode.IsDigit(r[i-1])
			endsRun := unicode.IsUpper(r[i-1]) && i+1 < len(r) && unicode.IsLower(r[i+1]) && !pluralEnds(r[i+1:])
			if startsWord || endsRun {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// pluralEnds reports whether the rest of a name is the s of an initialism's plural, as in IDs.
func pluralEnds(rest []rune) bool {
	return rest[0] == 's' && (len(rest) == 1 || unicode.IsUpper(rest[1]))
}

// camel turns a Go name into an API name: LocationRef → locationRef, GTIN → gtin, ETADate → etaDate.
func camel(name string) string {
	r := []rune(name)
	for i := range r {
		if !unicode.IsUpper(r[i]) {
			break
		}
		if i > 0 && i+1 < len(r) && unicode.IsLower(r[i+1]) {
			break
		}
		r[i] = unicode.ToLower(r[i])
	}
	return string(r)
}

// title capitalises an API name: removeRole → RemoveRole.
func title(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// BaseType is the name inside a type text: [RetailerId!]! → RetailerId.
func BaseType(text string) string { return strings.Trim(text, "[]! ") }

// nonNull adds a ! to a type text that has none.
func nonNull(text string) string { return strings.TrimSuffix(text, "!") + "!" }

// nullable takes the outer ! of a type text away.
func nullable(text string) string { return strings.TrimSuffix(text, "!") }
