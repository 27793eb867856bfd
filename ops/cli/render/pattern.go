package render

import "strings"

// patterns says in words what the patterns of the .proto files demand; people at a terminal are shown these instead.
var patterns = map[string]string{
	`^[A-Z][A-Z0-9_-]{1,31}$`:                          "2 to 32 capital letters, digits, _ or -, and a letter first (ACME)",
	`^[A-Z][A-Z0-9_-]{1,31}(-[a-z][a-z0-9_-]{0,30})?$`: "the account's name, a dash, and a name in small letters (ACME-erp)",
	`^[a-z][a-z0-9-]{0,62}$`:                           "up to 63 small letters, digits or -, and a letter first (eu-1)",
	`^([a-z0-9][a-z0-9.-]{0,62})?$`:                    "up to 63 small letters, digits, dots or -, and no dot or - first",
	`^([A-Za-z0-9][A-Za-z0-9_.-]{0,99})?$`:             "up to 100 letters, digits, _, dots or -, and a letter or digit first",
	`^([A-Z]{2})?$`:                                    "a country's two capital letters (AU)",
	`^([A-Z]{3})?$`:                                    "a currency's three capital letters (AUD)",
	`^[a-z0-9][a-z0-9._@+-]{0,99}$`:                    "up to 100 small letters, digits, or ._@+-, and a letter or digit first",
	`^[0-9]{1,18}$`:                                    "a number",
}

// inWords replaces a complaint about a pattern by what the pattern demands; others stay.
func inWords(complaint string) string {
	before, rest, found := strings.Cut(complaint, "`")
	pattern, _, closed := strings.Cut(rest, "`")
	if words := patterns[pattern]; found && closed && words != "" && strings.Contains(before, "pattern") {
		return "want " + words
	}
	return complaint
}
