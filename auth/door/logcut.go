package door

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How much of a text stands in a log, in bytes. Callers choose much of what logs hold: paths, names, what is wrong with what they sent.
const (
	longestValue   = 1 << 10
	longestMessage = 4 << 10  // net/http puts stacks of panics in there
	longestStack   = 16 << 10 // of our own
)

// StackKey is the log's key for stacks, which may be longer than other values.
const StackKey = "stack"

// CutAttr is for slog.HandlerOptions.ReplaceAttr of every log of ours: no value is longer than a kibibyte, and none holds control characters,
// whoever sent them. What was cut says how long it was.
func CutAttr(groups []string, a slog.Attr) slog.Attr {
	most, mayBreak := longestValue, false
	switch {
	case len(groups) == 0 && a.Key == slog.MessageKey:
		most = longestMessage
	case a.Key == StackKey:
		most, mayBreak = longestStack, true
	}
	switch v := a.Value; v.Kind() {
	case slog.KindString:
		if cut := cutText(v.String(), most, mayBreak); cut != v.String() {
			a.Value = slog.StringValue(cut)
		}
	case slog.KindAny:
		if _, isLevel := v.Any().(slog.Level); v.Any() != nil && !isLevel && a.Key != slog.SourceKey {
			a.Value = slog.StringValue(cutText(fmt.Sprint(v.Any()), most, mayBreak))
		}
	default: // numbers and times
	}
	return a
}

// cutText cuts a text at a character's end, and takes out of it what would begin a line or steer a terminal.
func cutText(text string, most int, mayBreak bool) string {
	length := len(text)
	if length > most {
		text = text[:most]
		for len(text) > 0 && !utf8.RuneStart(text[len(text)-1]) {
			text = text[:len(text)-1]
		}
		if r, size := utf8.DecodeLastRuneInString(text); r == utf8.RuneError {
			text = text[:len(text)-size]
		}
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !(mayBreak && (r == '\n' || r == '\t')) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
	if length > most {
		return fmt.Sprintf("%s… (%d bytes)", text, length)
	}
	return text
}
