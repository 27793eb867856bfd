package rest

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/domain/fault"
)

// wrongs collects what is wrong with a request: one fault for each place, so that a caller mends them all at once.
type wrongs []error

func (w *wrongs) add(err error) { *w = append(*w, err) }

// within notes what is wrong with a part of a request, whose places are told from the part on.
func (w *wrongs) within(part string, err error) {
	if err == nil {
		return
	}
	for _, f := range httpapi.Faults(err) {
		w.add(f.At(strings.TrimSuffix(part+"."+f.Field, ".")))
	}
}

// err is nil where nothing is wrong, else what httpapi.WriteError makes an element of errors of each.
func (w wrongs) err() error { return errors.Join(w...) }

// maxText is how many characters texts of requests have that name something.
const maxText = 255

// short refuses a text that is too long.
func short(place, text string) error {
	if n := utf8.RuneCountInString(text); n > maxText {
		return fault.Invalidf(place, "At most %d characters are expected, got %d", maxText, n).WithCode(fault.CodeTooLong)
	}
	return nil
}
