package document_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
)

const animals = `
enum Mode { FAST SLOW }
input In { n: Int!, f: Float, s: String = "x", more: [In], mode: Mode, list: [String!] }
interface Pet { name: String, friend: Pet, friends(n: Int, in: In): [Pet] }
type Dog implements Pet { name: String, friend: Pet, friends(n: Int, in: In): [Pet], age: Int, owner: Owner! }
type Cat implements Pet { name: String, friend: Pet, friends(n: Int, in: In): [Pet], age: String, lives: Int!, owner: Owner }
type Owner { name: String!, pets(names: [String!], first: Int! = 3): [Pet!]! }
union Any = Dog | Cat | Owner
type Query { pet(id: ID): Pet, dog: Dog, cat: Cat, any: Any, owner(id: ID!): Owner }
`

// speaker makes up documents: most of what it says is right, so that what it says wrong is seldom hidden by something else.
type speaker struct {
	r         *rand.Rand
	schema    *ast.Schema
	fragments []string // what each is on
	slips     int      // one of how many choices is wrong
}

func (s *speaker) one(of ...string) string { return of[s.r.IntN(len(of))] }

func (s *speaker) slip() bool { return s.r.IntN(s.slips) == 0 }

func (s *speaker) value(t *ast.Type) string {
	if s.slip() {
		return s.one("1", `"a"`, "FAST", "BAD", "null", "[1 [2]]", "{n: 1}", "$a", "$b", "$c")
	}
	if t.Elem != nil && s.r.IntN(3) > 0 {
		return "[" + s.value(t.Elem) + " " + s.value(t.Elem) + "]"
	}
	switch t.Name() {
	case "Int":
		return s.one("1", "2", "$a")
	case "Boolean":
		return s.one("true", "false", "$b")
	case "In":
		return s.one("$c", "{n: 1}", "{n: "+s.value(&ast.Type{NamedType: "Int"})+" more: ["+s.one("{n: 2}", "{n: 2 mode: FAST}", "{f: 1}")+"] s: "+s.one("null", `"a"`)+"}")
	default:
		return s.one(`"a"`, `"b"`)
	}
}

func (s *speaker) selections(on string, depth int) string {
	var b strings.Builder
	b.WriteString("{")
	def := s.schema.Types[on]
	for range 1 + s.r.IntN(4) {
		switch n := s.r.IntN(10); {
		case n < 2 && len(s.fragments) > 0:
			i := s.r.IntN(len(s.fragments))
			if s.fits(on, s.fragments[i]) || s.slip() {
				fmt.Fprintf(&b, " ...f%d", i)
			}
		case n < 4 && depth > 0:
			to := s.one("Dog", "Cat", "Pet", "Owner", "Any")
			if s.fits(on, to) || s.slip() {
				fmt.Fprintf(&b, " ... on %s %s", to, s.selections(to, depth-1))
			}
		case len(def.Fields) > 0:
			s.field(&b, def.Fields[s.r.IntN(len(def.Fields))], depth)
		}
	}
	b.WriteString(" " + s.one("__typename", "__typename", "k: __typename") + " }")
	return b.String()
}

func (s *speaker) fits(on, to string) bool {
	for _, a := range s.schema.GetPossibleTypes(s.schema.Types[on]) {
		for _, b := range s.schema.GetPossibleTypes(s.schema.Types[to]) {
			if a.Name == b.Name {
				return true
			}
		}
	}
	return false
}

func (s *speaker) field(b *strings.Builder, def *ast.FieldDefinition, depth int) {
	leaf := s.schema.Types[def.Type.Name()].IsLeafType()
	if strings.HasPrefix(def.Name, "__") || !leaf && depth == 0 {
		return
	}
	b.WriteString(" " + s.one("", "", "", "x: ", def.Name+"1: ") + def.Name)
	var args []string
	for _, a := range def.Arguments {
		if a.Type.NonNull && !s.slip() || s.r.IntN(3) == 0 {
			args = append(args, a.Name+": "+s.value(a.Type))
		}
	}
	if len(args) > 0 {
		b.WriteString("(" + strings.Join(args, " ") + ")")
	}
	b.WriteString(s.one("", "", "", " @skip(if: true)", " @include(if: $b)"))
	if s.slip() {
		b.WriteString(s.one(" @skip", " @other", " wrong"))
	}
	if !leaf {
		b.WriteString(" " + s.selections(def.Type.Name(), depth-1))
	}
}

func (s *speaker) document() string {
	for range s.r.IntN(4) {
		s.fragments = append(s.fragments, s.one("Dog", "Cat", "Pet", "Owner", "Query"))
	}
	body := s.selections("Query", 4)
	all, text := s.fragments, body
	for i, on := range all {
		s.fragments = all[i+1:]
		if s.slip() {
			s.fragments = all
		}
		if def := fmt.Sprintf(" fragment f%d on %s %s", i, on, s.later(i+1, s.selections(on, 2))); strings.Contains(text, fmt.Sprintf("...f%d ", i)) || s.slip() {
			text += def
		}
	}
	out := "query " + s.one("", "A", "B") + s.variables(text) + " " + text
	if s.r.IntN(8) == 0 {
		out += fmt.Sprintf(" query %s { dog { name } }", s.one("", "C", "A", "B"))
	}
	return out
}

// variables defines those that a text uses.
func (s *speaker) variables(text string) string {
	var defs []string
	all := map[string][]string{
		"$a": {"Int", "Int!", "Int = 1", "ID"}, "$b": {"Boolean!", "Boolean = true", "Boolean"}, "$c": {"In", "In = {n: 1}"}, "$x": {"Owner"},
	}
	for _, name := range []string{"$a", "$b", "$c", "$x"} {
		if strings.Contains(text, name) != s.slip() {
			defs = append(defs, name+": "+s.one(all[name]...))
		}
	}
	if len(defs) == 0 {
		return ""
	}
	slices.Sort(defs)
	return "(" + strings.Join(defs, " ") + ")"
}

// later makes the spreads of a fragment's text, which count from 0, lead to the fragments behind it.
func (s *speaker) later(by int, text string) string {
	for i := len(s.fragments) - 1; i >= 0; i-- {
		text = strings.ReplaceAll(text, fmt.Sprintf("...f%d ", i), fmt.Sprintf("...f%d ", i+by))
	}
	return text
}

// TestVerdictsAreThoseOfTheLibrary holds our own rules, and the walk that visits each fragment once, against the library's, on
// documents that are made up.
func TestVerdictsAreThoseOfTheLibrary(t *testing.T) {
	t.Parallel()
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: animals})
	fair := 0
	for seed := range uint64(2000) {
		s := &speaker{r: rand.New(rand.NewPCG(seed, 1)), schema: schema, slips: 20 + int(seed%400)}
		text := s.document()
		doc, err := parser.ParseQuery(&ast.Source{Input: text})
		require.NoError(t, err, text)
		want := validator.ValidateWithRules(schema, doc, nil)
		cache, cerr := document.NewCache(schema)
		require.NoError(t, cerr)
		_, got := cache.Load(text)
		if len(want) == 0 {
			fair++
		}
		require.Equal(t, len(want) == 0, len(got) == 0, "seed %d\n%s\nlibrary: %v\nhere:    %v", seed, text, want, got)
	}
	t.Logf("%d documents are right", fair)
	require.Greater(t, fair, 500, "too few documents are right to show anything")
}

func TestFieldsThatCannotBeMerged(t *testing.T) {
	t.Parallel()
	cache, err := document.NewCache(gqlparser.MustLoadSchema(&ast.Source{Input: animals}))
	require.NoError(t, err)
	for text, want := range map[string]string{
		`{ pet { ... on Dog { x: age } ... on Cat { x: lives } } }`:                                               "conflicting types",
		`{ pet { ... on Dog { x: name } ... on Cat { x: age } } }`:                                                "",
		`{ pet { ... on Dog { f: friend { x: name } } ... on Cat { f: owner { x: name } } } }`:                    "conflicting types",
		`{ pet { friends(n: 1) { name } ... on Dog { friends(n: 2) { name } } } }`:                                "differing arguments",
		`{ pet { ... on Cat { friends(n: 1) { name } } ... on Dog { friends(n: 2) { name } } } }`:                 "",
		`{ dog { friends(in: {n: 1, f: 2}) { name } friends(in: {f: 2, n: 1}) { name } } }`:                       "",
		`{ dog { friends(in: {n: 1}) { name } friends(in: {n: 2}) { name } } }`:                                   "differing arguments",
		`{ dog { ...a ...b } } fragment a on Dog { x: name } fragment b on Dog { x: __typename }`:                 "different fields",
		`{ a: dog { f: friend { x: name } } ...q } fragment q on Query { a: dog { f: friend { x: n } } }`:         "Cannot query field",
		`{ a: dog { friend { x: name } } ...q } fragment q on Query { a: dog { friend { x: friend { name } } } }`: "conflicting types",
	} {
		_, errs := cache.Load(text)
		if want == "" {
			require.Empty(t, errs, text)
			continue
		}
		require.NotEmpty(t, errs, text)
		require.Contains(t, errs[0].Message, want, text)
	}
	// Types that meet in an interface level by level: each level doubles the ways in which the next is merged.
	const deep = 20
	_, errs := cache.Load("{ pet" + strings.Repeat(" { ... on Dog { friend { name } } ... on Cat { friend { name } } friend", deep) + " { name }" + strings.Repeat("}", deep) + " }")
	require.Len(t, errs, 1)
	require.Contains(t, errs[0].Message, "merged in more than")
	require.Equal(t, document.CodeLimit, errs[0].Extensions["code"])
}

// TestLimitsHoldForAllOperationsAndPlacesTogether adds up what is within each limit by itself.
func TestLimitsHoldForAllOperationsAndPlacesTogether(t *testing.T) {
	t.Parallel()
	cache, err := document.NewCache(gqlparser.MustLoadSchema(&ast.Source{Input: animals}))
	require.NoError(t, err)
	many := "fragment f on Dog { friends(in: {n: 1 list: [" + strings.Repeat(`"a" `, 1000) + "]}) { __typename } }"
	operation := func(name string) string { return " query " + name + " { dog {" + strings.Repeat(" ...f", 26) + " } }" }
	_, errs := cache.Load(many + operation("A"))
	require.Empty(t, errs)
	_, errs = cache.Load(many + operation("A") + operation("B"))
	require.Len(t, errs, 1)
	require.Contains(t, errs[0].Message, "arguments and literals")

	deep := func(levels int, inside string) string { // with something less deep behind it on each level
		return strings.Repeat("friend { ", levels) + inside + strings.Repeat(" name }", levels)
	}
	text := func(levels int) string {
		return "query { dog { ...a } } fragment a on Pet { " + deep(50, "...b") + " } fragment b on Pet { " + deep(levels, "name") + " }"
	}
	_, errs = cache.Load(text(48)) // and dog, and name
	require.Empty(t, errs)
	_, errs = cache.Load(text(49))
	require.Len(t, errs, 1)
	require.Contains(t, errs[0].Message, "fields deep")
}

// TestArgumentsAndLiteralsAreBoundedToTheLast stays within limits by nothing, and goes over them by one.
func TestArgumentsAndLiteralsAreBoundedToTheLast(t *testing.T) {
	t.Parallel()
	cache, err := document.NewCache(gqlparser.MustLoadSchema(&ast.Source{Input: animals}))
	require.NoError(t, err)
	says := func(text string) string {
		_, errs := cache.Load(text)
		require.NotEmpty(t, errs, text) // each breaks another rule anyway
		return errs[0].Message
	}
	arguments := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "a%d: 1 ", i)
		}
		return "{ dog { friends(" + b.String() + ") { __typename } } }"
	}
	require.NotContains(t, says(arguments(50)), "arguments stand in one place")
	require.Contains(t, says(arguments(51)), "more than 50 arguments stand in one place")
	nested := func(n int) string {
		return "{ dog { friends(n: " + strings.Repeat("[", n) + "1" + strings.Repeat("]", n) + ") { __typename } } }"
	}
	require.NotContains(t, says(nested(32)), "levels deep")
	require.Contains(t, says(nested(33)), "nested more than 32 levels deep")
}
