// Package form says how texts and numbers must look that stand for something: refs, time zones, times of day. It is pure, and what is right costs
// no memory: everything that enters passes here.
package form

import (
	_ "embed" // the list of time zones
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/words"
)

// Form is how a text or a whole number must look. One of the functions is set. The error is a fault of kind Invalid, without a place.
type Form struct {
	Name   string // by which declarations name it
	Doc    string // what is wanted, for people
	Text   func(string) error
	Number func(int) error
}

// The forms that there are.
var (
	Ref       = &Form{Name: "ref", Doc: "No blanks at its ends, and no control characters.", Text: checkRef}
	TimeZone  = &Form{Name: "timeZone", Doc: "A time zone of the IANA database, such as Australia/Sydney.", Text: checkZone}
	TimeOfDay = &Form{Name: "timeOfDay", Doc: "HHmm: 930 is half past nine, 2400 the end of the day.", Number: checkTime}
)

// Named finds a form; nil if there is none of the name.
func Named(name string) *Form {
	for _, f := range []*Form{Ref, TimeZone, TimeOfDay} {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// checkRef refuses what people cannot see and do not type again: blanks at the ends, and control characters anywhere.
func checkRef(text string) error {
	if text == "" {
		return nil
	}
	for i := range len(text) {
		if c := text[i]; c < ' ' || c >= 0x7f { // a control character, or the beginning of something longer
			if err := checkRunes(text); err != nil {
				return err
			}
			break
		}
	}
	first, _ := utf8.DecodeRuneInString(text)
	last, _ := utf8.DecodeLastRuneInString(text)
	if blank(first) || blank(last) {
		return fault.New(fault.Invalid, "%.80q begins or ends with a blank: leave it out", text).WithCode(fault.CodeInvalid)
	}
	return nil
}

func checkRunes(text string) error {
	for _, r := range text {
		if unicode.IsControl(r) {
			return fault.New(fault.Invalid, "%.80q has the control character %U, which cannot be part of a ref", text, r).WithCode(fault.CodeInvalid)
		}
	}
	return nil
}

// blank reports whether a character shows nothing.
func blank(r rune) bool {
	switch r {
	case '\u200b', '\u2060', '\ufeff': // spaces without width
		return true
	}
	return unicode.IsSpace(r)
}

//go:embed zones.txt
var zoneList string

// zones are sorted; see TestTheZonesAreThoseOfTheDatabase.
var zones = strings.Fields(zoneList)

// TimeZones lists the names of time zones, sorted, the old ones included.
func TimeZones() []string { return zones }

func checkZone(text string) error {
	if _, known := slices.BinarySearch(zones, text); known || text == "" {
		return nil
	}
	return fault.New(fault.Invalid, "%.80q is no time zone: want a name of the IANA database, such as Australia/Sydney%s", text, words.Hint(text, zones)).WithCode(fault.CodeInvalid)
}

// checkTime takes -1, too: both ends of a day that is closed may be -1.
func checkTime(hhmm int) error {
	if hhmm == -1 || hhmm >= 0 && hhmm <= 2400 && hhmm%100 < 60 {
		return nil
	}
	return fault.New(fault.Invalid, "%d is no time of day: want HHmm from 0 to 2400, such as 930 or 1730", hhmm).WithCode(fault.CodeNumber)
}
