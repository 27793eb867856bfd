package setting

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// Text declares a setting that is any text.
func Text(a About, otherwise string) Setting[string] {
	return declare(a, "text", otherwise, otherwise, plain(func(text string) (string, error) { return text, nil }))
}

// Boolean declares a setting that is true or false, in any case.
func Boolean(a About, otherwise bool) Setting[bool] {
	return declare(a, "true or false", otherwise, strconv.FormatBool(otherwise), plain(func(text string) (bool, error) {
		switch text = strings.TrimSpace(text); {
		case strings.EqualFold(text, "true"):
			return true, nil
		case strings.EqualFold(text, "false"):
			return false, nil
		}
		return false, fmt.Errorf("%s is neither true nor false", quoted(text))
	}))
}

// Range is a default and the bounds of what may be set; Most 0: there is none.
type Range struct{ Default, Least, Most int }

// Whole declares a setting that is a whole number.
func Whole(a About, r Range) Setting[int] {
	if r.Most == 0 {
		r.Most = math.MaxInt32
	}
	return declare(a, "whole number"+span(r.Least, r.Most), r.Default, strconv.Itoa(r.Default), plain(func(text string) (int, error) {
		return whole(text, "whole number", r.Least, r.Most)
	}))
}

// Number declares a setting that is a number, perhaps with a fraction.
func Number(a About, otherwise float64) Setting[float64] {
	return declare(a, "number", otherwise, strconv.FormatFloat(otherwise, 'f', -1, 64), plain(func(text string) (float64, error) {
		return number(text, "number")
	}))
}

// Unit is what a duration is counted in.
type Unit struct {
	name string
	is   time.Duration
}

// The units of durations.
var (
	Seconds = Unit{"seconds", time.Second}
	Minutes = Unit{"minutes", time.Minute}
	Hours   = Unit{"hours", time.Hour}
	Days    = Unit{"days", 24 * time.Hour}
)

// Duration declares a setting that is a whole number of a unit; range and default are in that unit.
func Duration(a About, in Unit, r Range) Setting[time.Duration] {
	if r.Most == 0 {
		r.Most = math.MaxInt32
	}
	kind, furthest := "whole number of "+in.name, int(math.MaxInt64/in.is)
	return declare(a, kind+span(r.Least, r.Most), time.Duration(r.Default)*in.is, strconv.Itoa(r.Default), plain(func(text string) (time.Duration, error) {
		n, err := whole(text, kind, r.Least, r.Most)
		if err == nil && (n > furthest || n < -furthest) {
			err = tooMany(text, in)
		}
		return time.Duration(n) * in.is, err
	}))
}

// Fraction declares a setting that is a number of a unit, perhaps with a fraction; the default is 0.
func Fraction(a About, in Unit) Setting[time.Duration] {
	kind := "number of " + in.name
	return declare(a, kind, 0, "", plain(func(text string) (time.Duration, error) {
		n, err := number(text, kind)
		if err != nil {
			return 0, err
		}
		if d := n * float64(in.is); math.Abs(d) < math.MaxInt64 {
			return time.Duration(d), nil
		}
		return 0, tooMany(text, in)
	}))
}

// Either declares a setting that is one of two words: yes, which holds where it is not set, or no.
func Either(a About, yes, no string) Setting[bool] {
	return declare(a, yes+" or "+no, true, yes, plain(func(text string) (bool, error) {
		switch strings.TrimSpace(text) {
		case yes:
			return true, nil
		case no:
			return false, nil
		}
		return true, fmt.Errorf("%s is neither %s nor %s", quoted(text), yes, no)
	}))
}

// List declares a setting that is a list of texts: with commas between them, or a JSON array of strings.
func List(a About, otherwise ...string) Setting[[]string] {
	return declare(a, "list, with commas or as a JSON array", otherwise, strings.Join(otherwise, ", "), func(v Value) ([]string, error) {
		if v.Document || strings.HasPrefix(strings.TrimSpace(v.Text), "[") {
			return decode[[]string](v.Text)
		}
		var out []string
		for _, x := range strings.Split(v.Text, ",") {
			if x = strings.TrimSpace(x); x == "" {
				return nil, fmt.Errorf("%s has an empty entry", quoted(v.Text))
			}
			out = append(out, x)
		}
		return out, nil
	})
}

// JSON declares a setting that is a JSON value of T's shape; fields that T does not know are refused.
func JSON[T any](a About, otherwise T) Setting[T] {
	shown, err := json.Marshal(otherwise)
	if err != nil {
		panic(fmt.Sprintf("setting %s: its default has no JSON form: %v", a.Name, err))
	}
	return declare(a, "JSON", otherwise, string(shown), func(v Value) (T, error) { return decode[T](v.Text) })
}

// plain is a parser of settings that are never kept as documents.
func plain[T any](parse func(string) (T, error)) func(Value) (T, error) {
	return func(v Value) (T, error) {
		if v.Document {
			var none T
			return none, errors.New("it is kept in lobValue: want it in value")
		}
		return parse(v.Text)
	}
}

func tooMany(text string, of Unit) error {
	return fmt.Errorf("%s are more %s than can be counted", quoted(text), of.name)
}

func whole(text, kind string, least, most int) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is no %s", quoted(text), kind)
	case err != nil || n < least || n > most:
		return 0, fmt.Errorf("%s is no %s%s", quoted(text), kind, span(least, most))
	}
	return n, nil
}

func number(text, kind string) (float64, error) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("%s is no %s", quoted(text), kind)
	}
	return n, nil
}

// span says bounds; those that are none but the machine's are not worth a word.
func span(least, most int) string {
	switch {
	case most < math.MaxInt32 && least > -math.MaxInt32:
		return fmt.Sprintf(" from %d to %d", least, most)
	case least > -math.MaxInt32:
		return fmt.Sprintf(" from %d", least)
	}
	return ""
}

func decode[T any](text string) (T, error) {
	var v T
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return v, fmt.Errorf("%s is not the JSON that is wanted: %w", quoted(text), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return v, fmt.Errorf("%s goes on after its JSON value", quoted(text))
	}
	return v, nil
}

// shown is how many characters of a value errors quote.
const shown = 60

func quoted(text string) string {
	if r := []rune(text); len(r) > shown {
		text = string(r[:shown]) + "…"
	}
	return strconv.Quote(text)
}
