package contract

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// What the contract notes of a row, beside its types, is compared with the catalogue where it says how values are taken or kept.

// note finds what is wrong with a row of which the contract notes a word; nothing: "".
type note func(c *catalogue.Catalogue, f fact, value string) string

// notes are the words that are compared. Those of shape are, too, by compare.
var notes = map[string]note{
	"complexity-weight": weight,
	"maxlen":            maxLen, "fires": fires, "initial": initial, "unique": unique, "key": key, "merge-by": mergeBy, "add-only": addOnly, "write-only": writeOnly, "reads-back-as": readsBack,
	"append-only": appendOnly, "max-items": maxItems, "exact-match-search": exactMatch, "must-share-position": sharesPosition,
	"list-replaces": listReplaces, "null-keeps": listReplaces, "empty-list-clears": listReplaces,
	"activate": operation("activate"), "previous-active": statusOf(catalogue.VersionInactive), "first-version": statusOf(catalogue.VersionActive),
	"later-version": statusOf(catalogue.VersionDraft), "no-version-means-latest": latest, "unique-in": distinct, "unique-with": uniqueWith,
	"immutable": immutable, "default": valueDefault,
	"create": operation("create"), "update": operation("update"), "remove": operation("remove"),
}

// told are words that say where a fact comes from or what it means, and are not for this test to compare. A word that is in neither table fails when
// the first row with it is served.
var told = map[string]string{
	"evidence": "where it comes from", "closed-beta": "where it comes from", "fields-incomplete": "how sure it is", "unconfirmed": "how sure it is",
	"type-inferred": "how sure it is", "type-name-inferred": "how sure it is", "type-unknown": "how sure it is", "numeric-type-uncertain": "how sure it is",
	"field-types-read-from-example": "how sure it is", "argument-order-not-attested": "how sure it is", "argument-nullability-uncertain": "how sure it is",
	"ref-and-name-attested": "how sure it is", "other-arguments-by-analogy": "how sure it is", "probably-reads-back-as": "how sure it is",
	"newer-arguments": "read by laterArgs", "documented-later-arguments": "read by laterArgs", "unconfirmed-arguments": "read by laterArgs",
	"implements": "compared with the shape", "implemented-by": "compared with the shape", "deprecated": "compared with the shape",
	"relay-connection": "compared with the shape", "relay-edge": "compared with the shape", "search": "compared with the shape", "get": "compared with the shape",
	"lookup-key": "a meaning", "loose-reference": "a meaning", "internal-id": "a meaning", "built-in": "a meaning", "documented-values": "not enforced by the contract",
	"required-for": "not enforced by the contract", "wildcard": "of filters, which package query reads", "case-insensitive": "of filters, which package query reads",
	"or-within-field": "of filters, which package query reads", "and-across-fields": "of filters, which package query reads",
	"unique-recommended": "not enforced by the contract", "format": "of opening hours, which package opening reads",
	"iso8601": "of scalars, which package document reads", "output": "of scalars, which package document reads",
	"no-zone-means-UTC": "of scalars, which package document reads", "accepts-integer": "of scalars, which package document reads",
	"serialized-as-string": "of scalars, which package document reads", "any-json-value": "of scalars, which package document reads",
}

// weight compares what a field costs of the limit of a request.
func weight(c *catalogue.Catalogue, f fact, value string) string {
	if x := c.Type(f.owner).Total(f.name); x == nil || strconv.Itoa(x.Weight) != value {
		return "it costs something else"
	}
	return ""
}

func TestWhatTheContractNotesHolds(t *testing.T) {
	t.Parallel()
	c, have := domain.Catalogue(), serve(t)
	var wrong []string
	for _, f := range published(t) {
		if _, ok := have[f.id()]; !ok {
			continue
		}
		for _, word := range slices.Sorted(maps.Keys(f.note)) {
			check, checked := notes[word]
			switch {
			case checked:
				if why := check(c, f, f.note[word]); why != "" {
					wrong = append(wrong, fmt.Sprintf("%s: %s: %s=%s: %s", f.at, f.id(), word, f.note[word], why))
				}
			case told[word] != "":
			default:
				wrong = append(wrong, fmt.Sprintf("%s: %s: nothing is known of the word %s", f.at, f.id(), word))
			}
		}
	}
	require.Empty(t, wrong)
}

// inputField is the field of an input that a row is about; nil if it is about something else.
func inputField(c *catalogue.Catalogue, f fact) *catalogue.InputField {
	if in := c.Input(f.owner); in != nil && f.name != "" {
		return in.Field(f.name)
	}
	return nil
}

func maxLen(c *catalogue.Catalogue, f fact, value string) string {
	want, err := strconv.Atoi(value)
	in := inputField(c, f)
	if err != nil || in == nil || strings.Trim(in.Type, "[]!") != "String" {
		return "" // an object's row repeats what its inputs say; a length of a key is that of its members
	}
	have := in.MaxLen
	if have == 0 && in.Field != nil {
		have = in.Field.MaxLen
	}
	if have == 0 {
		have = 255
	}
	if have != want {
		return fmt.Sprintf("texts may have %d characters", have)
	}
	return ""
}

func mutation(c *catalogue.Catalogue, name string) (*catalogue.Type, string) {
	for _, t := range append(slices.Clone(c.Types()), c.Abstract()...) {
		if t.Create != nil && t.Create.Name == name {
			return t, "create"
		}
		if t.Update != nil && t.Update.Name == name {
			return t, "update"
		}
		if t.Versions != nil && t.Versions.Activate.Name == name {
			return t, "activate"
		}
		for _, r := range t.Removes {
			if r.Name == name {
				return t, "remove"
			}
		}
		for _, m := range t.Bulk {
			if m.Name == name {
				return t, ""
			}
		}
	}
	for _, op := range c.Mutations() {
		if op.Name == name {
			return op.Entity, ""
		}
	}
	return nil, ""
}

func operation(kind string) note {
	return func(c *catalogue.Catalogue, f fact, _ string) string {
		if t, does := mutation(c, f.name); t == nil || does != kind && does != "" {
			return "it does " + does
		}
		return ""
	}
}

func fires(c *catalogue.Catalogue, f fact, _ string) string {
	if t, _ := mutation(c, f.name); t == nil || !t.Fires {
		return "its creation sends no event"
	}
	return ""
}

func initial(c *catalogue.Catalogue, f fact, value string) string {
	t := c.Type(f.owner)
	for _, d := range t.Defaults {
		if d.Field == t.Field(f.name) && d.Path == nil && d.Before == value {
			return ""
		}
	}
	return "a new one begins otherwise"
}

func unique(c *catalogue.Catalogue, f fact, _ string) string {
	t := c.Type(f.owner)
	name := f.name
	if in := inputField(c, f); in != nil {
		if t = c.Input(f.owner).Of; in.Field != nil {
			name = in.Field.Name
		}
	}
	if t == nil {
		return "" // a value: nothing stores it by itself
	}
	if !slices.ContainsFunc(t.Uniques, func(u catalogue.Unique) bool { return slices.Contains(u.Fields, t.Field(name)) }) {
		return "no unique index has it"
	}
	return ""
}

func key(c *catalogue.Catalogue, f fact, _ string) string {
	if in := inputField(c, f); in == nil || !in.Identify {
		return "it does not find the row"
	}
	return ""
}

func mergeBy(c *catalogue.Catalogue, f fact, value string) string {
	if in := inputField(c, f); in != nil && strings.Join(in.MergeBy, "+") != value {
		return fmt.Sprintf("the list merges by %v", in.MergeBy)
	}
	return ""
}

func addOnly(c *catalogue.Catalogue, f fact, _ string) string {
	if in := inputField(c, f); in == nil || len(in.MergeBy) == 0 && (in.Edge == nil || in.Key == nil) { // along a connection, updates tie and never untie
		return "an update may take elements away"
	}
	return ""
}

func appendOnly(c *catalogue.Catalogue, f fact, _ string) string {
	if in := inputField(c, f); in == nil || !in.Append {
		return "an update does not add to what is there"
	}
	return ""
}

func maxItems(c *catalogue.Catalogue, f fact, value string) string {
	if in := inputField(c, f); in == nil || strconv.Itoa(in.Field.MaxItems) != value {
		return "it may have another number of elements"
	}
	return ""
}

// exactMatch lets pass what searches do not filter by.
func exactMatch(c *catalogue.Catalogue, f fact, _ string) string {
	if field := c.Type(f.owner).Field(f.name); !field.Exact && field.Argument != "" {
		return "searches take % for a wildcard"
	}
	return ""
}

func sharesPosition(c *catalogue.Catalogue, f fact, _ string) string {
	in := inputField(c, f)
	if !slices.ContainsFunc(c.Input(f.owner).Of.Agrees, func(a catalogue.Agreement) bool { return a.One[0] == in.Field && a.Other[0].Name == "position" }) {
		return "it may be of another position"
	}
	return ""
}

// listReplaces is of lists that do not merge: TestVirtualSegments shows what null and an empty one do.
func listReplaces(c *catalogue.Catalogue, f fact, _ string) string {
	if in := inputField(c, f); in == nil || len(in.MergeBy) > 0 || in.Append {
		return "elements are added to what is there"
	}
	return ""
}

func writeOnly(c *catalogue.Catalogue, f fact, _ string) string {
	in := inputField(c, f)
	if in == nil || in.WriteOnly || in.Field != nil && in.Field.Hidden || in.Edge != nil && in.Edge.Hidden {
		return ""
	}
	return "it is read back"
}

func readsBack(c *catalogue.Catalogue, f fact, value string) string {
	in, of := inputField(c, f), c.Input(f.owner).Of
	first, _, _ := strings.Cut(value, ".")
	if k := of.KeyRef(first); k != nil && slices.Contains(k.Local, in.Field) {
		return ""
	}
	if in.Field == nil || in.Field.Name != first {
		return "it is another field"
	}
	return ""
}
