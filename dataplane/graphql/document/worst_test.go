package document_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/graphql/schema"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/fault"
)

// attack is a family of documents that grow with n.
type attack struct {
	name string
	text func(n int) string
	most int    // the largest n within the limits
	fair bool   // valid up to most
	over string // what the limit says that refuses the next size, if only one does
}

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func fragments(n, fields int, next func(i int) string) string {
	var b strings.Builder
	b.WriteString("{ me { ...f0 } }")
	for i := range n {
		fmt.Fprintf(&b, " fragment f%d on User { %s %s }", i, many(fields, "a%d: __typename "), next(i))
	}
	return b.String()
}

func chain(n int) func(int) string {
	return func(i int) string {
		if i == n-1 {
			return ""
		}
		return fmt.Sprintf("...f%d", i+1)
	}
}

var attacks = []attack{
	{"a chain of fragments", func(n int) string { return fragments(n, 50, chain(n)) }, 200, true, "fragments"},
	{"fragments that all spread all that follow", func(n int) string {
		return fragments(n, 1, func(i int) string {
			var b strings.Builder
			for j := i + 1; j < n; j++ {
				fmt.Fprintf(&b, "...f%d ", j)
			}
			return b.String()
		})
	}, 11, true, "fields"},
	{"each fragment spreads the next twice", func(n int) string {
		return fragments(n, 1, func(i int) string {
			if i == n-1 {
				return ""
			}
			return fmt.Sprintf("...f%[1]d x%[1]d: primaryRetailer { id } ...f%[1]d", i+1)
		})
	}, 11, true, "fields"},
	{"one fragment spread everywhere", func(n int) string {
		return "{" + many(n, "a%d: me { ...f } ") + "} fragment f on User { id ref username }"
	}, 2000, true, "fields"},
	{"unknown fields", func(n int) string { return "{" + many(n, "x%d ") + "}" }, 11_000, false, "fields"},
	{"unknown fields of long names", func(n int) string {
		return "{" + strings.Repeat(strings.Repeat("order", 50)+" ", n) + "}"
	}, 2000, false, ""},
	{"unknown types", func(n int) string {
		return "{ me {" + many(n, "...f%d ") + "} }" + many(n, "fragment f%d on "+strings.Repeat("Order", 50)+" { id }")
	}, 190, false, "fragments"},
	{"fields of one name", func(n int) string { return "{ me {" + strings.Repeat("id ", n) + "} }" }, 11_000, true, "fields"},
	{"fields of one name within fields of one name", func(n int) string {
		return "{" + strings.Repeat("me { primaryRetailer {"+strings.Repeat("id ", 50)+"} }", n) + "}"
	}, 200, true, "fields"},
	{"overlapping fields four levels deep", func(n int) string {
		return "{" + strings.Repeat("orders { edges { node {"+strings.Repeat("fulfilments { edges { node { id ref } } }", 10)+"} } }", n) + "}"
	}, 200, true, "fields"},
	{"overlapping inline fragments", func(n int) string {
		return "{ orders { edges { node { items { edges { node { product {" +
			strings.Repeat("name ... on VariantProduct { id ... on VariantProduct { status } } ... on StandardProduct { id status }", n) + "} } } } } } } }"
	}, 1300, true, "fields"},
	{"fields of one name and long arguments", func(n int) string {
		return "{" + strings.Repeat(`orders(ref: ["a", "b", "c"], status: ["x"], first: 5) { totalCount: edges { cursor } } `, n) + "}"
	}, 1800, true, ""},
	{"conflicts", func(n int) string { return "{ me {" + strings.Repeat("x: ref x: username ", n) + "} }" }, 5000, false, "fields"},
	{"deep fields", func(n int) string {
		return "{ me " + strings.Repeat("{ primaryRetailer { id ", n) + strings.Repeat("}}", n) + "}"
	}, 48, false, "levels deep"},
	{"deep brackets", func(n int) string {
		return "{ orders(ref: " + strings.Repeat("[", n) + strings.Repeat("]", n) + ") { edges { cursor } } }"
	}, 30, false, "levels deep"},
	{"directives", func(n int) string {
		return "{ me {" + strings.Repeat("id @include(if: true) @skip(if: false) ", n) + "} }"
	}, 3000, true, ""},
	{"directives in one place", func(n int) string { return "{ me { id " + strings.Repeat("@skip(if: false) ", n) + "} }" }, 10, false, "directives"},
	{"variables", func(n int) string {
		return "query(" + many(n, "$v%d: ID! ") + ") {" + many(n, "a%[1]d: orderById(id: $v%[1]d) { id } ") + "}"
	}, 250, true, "variables"},
	{"unused variables", func(n int) string { return "query(" + many(n, "$v%d: ID ") + ") { me { id } }" }, 250, false, "variables"},
	{"one variable everywhere", func(n int) string {
		return "query(" + many(249, "$"+strings.Repeat("v", 200)+"%03d: [String] ") + "$v: String) {" +
			"orders(ref: [" + strings.Repeat("$v ", n) + "]" + many(1, ") { edges { cursor } } }")
	}, 20_000, false, ""},
	{"a list of literals", func(n int) string { return "{ orders(ref: [" + strings.Repeat(`"" `, n) + "]) { edges { cursor } } }" }, 49_000, true, "words and signs"},
	{"a list of wrong literals", func(n int) string { return "{ orders(ref: [" + strings.Repeat("1 ", n) + "]) { edges { cursor } } }" }, 49_000, false, "words and signs"},
	{"lists in lists", func(n int) string {
		return "{ orders(ref: " + strings.Repeat("["+strings.Repeat(`"" `, n), 30) + strings.Repeat("]", 30) + ") { edges { cursor } } }"
	}, 1600, false, ""},
	{"objects of unknown fields", func(n int) string {
		return "mutation { createOrder(input: {" + many(n, "x%d: {} ") + "}) { id } }"
	}, 12_000, false, ""},
	{"aliases", func(n int) string { return "{" + many(n, "a%d: me { id } ") + "}" }, 5500, true, "fields"},
	{"inline fragments", func(n int) string { return "{ me {" + strings.Repeat("... on User { id } ", n) + "} }" }, 5500, true, "fields"},
	{"inline fragments in each other", func(n int) string {
		return "{ me {" + strings.Repeat("... on User { id ", n) + strings.Repeat("}", n) + "} }"
	}, 97, true, "levels deep"},
	{"operations that share fragments", func(n int) string {
		return many(n, "query q%d { me { ...f0 } } ") + strings.TrimPrefix(fragments(10, 20, chain(10)), "{ me { ...f0 } }")
	}, 50, true, "operations"},
	{"a literal in a fragment that is spread everywhere", func(n int) string {
		return "{" + many(n, "a%d: orders { edges { node { ...f } } } ") + `} fragment f on Order { items(ref: [` + strings.Repeat(`"" `, 20) + `]) { edges { cursor } } }`
	}, 1500, true, "fields"},
	{"a long literal in a fragment that is spread everywhere", func(n int) string {
		return "{" + many(n, "a%d: orders { edges { node { ...f } } } ") + `} fragment f on Order { items(ref: [` + strings.Repeat(`"" `, 1000) + `]) { edges { cursor } } }`
	}, 40, true, "arguments and literals"},
	{"comments", func(n int) string { return strings.Repeat("#\n", n) + "{ me { id } }" }, 49_000, true, ""},
	{"one long text", func(n int) string { return `{ orders(ref: "` + strings.Repeat("a", n) + `") { edges { cursor } } }` }, 500_000, true, "bytes"},
	{"one block of lines", func(n int) string {
		return `{ orders(ref: """` + strings.Repeat("\n", n) + `""") { edges { cursor } } }`
	}, 500_000, true, "bytes"},
	{"one wrong block of lines", func(n int) string {
		return `{ orders(first: """a` + strings.Repeat("\n", n) + `a""") { edges { cursor } } }`
	}, 500_000, false, "bytes"},
	{"introspection again and again", func(n int) string {
		return "{" + many(n, "a%d: __schema { types { fields { type { name } } } } ") + "}"
	}, 2000, true, "fields"},
}

func realSchema(t testing.TB) *ast.Schema {
	s, err := gqlparser.LoadSchema(&ast.Source{Input: schema.Text(domain.Catalogue())})
	require.NoError(t, err)
	return s
}

// cost is what one look at a document allocates, in bytes.
func cost(t testing.TB, s *ast.Schema, text string) (uint64, gqlerror.List) {
	cache, err := document.NewCache(s)
	require.NoError(t, err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, errs := cache.Load(text)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, errs
}

func TestTheWorstDocumentsStayCheap(t *testing.T) {
	s := realSchema(t)
	for _, a := range attacks {
		got, errs := cost(t, s, a.text(a.most))
		t.Logf("%-55s %6.1f MB", a.name, float64(got)/(1<<20))
		assert.Less(t, got, uint64(32<<20), a.name)
		assert.Equal(t, a.fair, len(errs) == 0, "%s: %v", a.name, errs)
		assert.LessOrEqual(t, len(errs), 20, a.name)
		for _, e := range errs {
			assert.NotEmpty(t, e.Locations, "%s: %s", a.name, e.Message)
			assert.Less(t, len(e.Message), 500, a.name)
		}
		if a.over == "" {
			continue
		}
		for _, n := range []int{a.most + a.most/3 + 1, 20 * a.most} {
			got, errs = cost(t, s, a.text(n))
			assert.Less(t, got, uint64(32<<20), "%s, over the limit", a.name)
			assert.Len(t, errs, 1, a.name)
			assert.Equal(t, "C0001E", errs[0].Extensions["code"], "%s: %s", a.name, errs[0].Message)
			assert.NotEmpty(t, errs[0].Locations, a.name)
		}
		_, errs = cost(t, s, a.text(a.most+a.most/3+1))
		assert.Contains(t, errs[0].Message, a.over, a.name)
	}
}

func TestTheCostOfADocumentGrowsAsItsText(t *testing.T) {
	s := realSchema(t)
	for _, a := range attacks {
		if a.most < 40 {
			continue
		}
		half, _ := cost(t, s, a.text(a.most/2))
		whole, _ := cost(t, s, a.text(a.most))
		lengths := max(2, float64(len(a.text(a.most)))/float64(len(a.text(a.most/2))))
		require.LessOrEqual(t, float64(whole), 1.2*lengths*float64(half)+64<<10, "%s: %d bytes, then %d", a.name, half, whole)
	}
}

func BenchmarkWorstDocuments(b *testing.B) {
	s := realSchema(b)
	cache, err := document.NewCache(s)
	require.NoError(b, err)
	for _, a := range attacks {
		text := a.text(a.most)
		b.Run(strings.ReplaceAll(a.name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				cache.Load(text + strings.Repeat(" ", i%7) + strings.Repeat(",", i/7))
			}
		})
	}
}

func TestVariablesCostAsMuchAsTheyAreLong(t *testing.T) {
	s := gqlparser.MustLoadSchema(&ast.Source{Input: sdl})
	cache, err := document.NewCache(s)
	require.NoError(t, err)
	doc, errs := cache.Load(`query($in: Inner) { f(in: $in) { g } }`)
	require.Empty(t, errs)
	name := strings.Repeat("k", 1<<20)
	for what, j := range map[string]string{
		"a long name around many values": `{"` + name + `":[` + strings.Repeat("0,", 190_000) + `0]}`,
		"many empty objects":             "[" + strings.Repeat("{},", 95_000) + "{}]",
		"many lists in lists":            strings.Repeat("[", 90) + strings.Repeat("[],", 90_000) + "0" + strings.Repeat("]", 90),
		"a value that is wrong at last":  `{"` + name + `":[` + strings.Repeat("0,", 150_000) + `"\u0000"]}`,
	} {
		body := []byte(`{"query":"x","variables":{"in":{"n":1,"j":` + j + `}}}`)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		req, err := document.Decode(body)
		require.NoError(t, err, what)
		_, errs := document.Prepare(s, doc, req)
		runtime.ReadMemStats(&after)
		got := after.TotalAlloc - before.TotalAlloc
		t.Logf("%-35s %5.1f MB", what, float64(got)/(1<<20))
		require.Less(t, got, uint64(32<<20), what)
		for _, e := range errs {
			require.Less(t, len(e.Message), 700, what)
		}
	}
	for what, j := range map[string]string{
		"too many values": "[" + strings.Repeat("{},", 150_000) + "{}]",
		"too deep":        strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000),
	} {
		got := testing.AllocsPerRun(1, func() { _, err = document.Decode([]byte(`{"query":"x","variables":{"in":` + j + `}}`)) })
		require.Less(t, got, 50.0, what)
		require.True(t, fault.Is(err, fault.TooLarge), what)
		require.Contains(t, fault.Of(err).Field, "line 1, column", what)
	}
}

// TestTheCacheHasABudget fills the cache with documents that are sent twice, and with such as are sent once.
func TestTheCacheHasABudget(t *testing.T) {
	s := gqlparser.MustLoadSchema(&ast.Source{Input: sdl})
	cache, err := document.NewCache(s)
	require.NoError(t, err)
	load := func(text string) *document.Document {
		doc, errs := cache.Load(text)
		require.Empty(t, errs)
		return doc
	}
	load("{ g }")
	kept := load("{ g }")
	require.Same(t, kept, load("{ g }"), "a document that is sent again is kept")
	for i := range 200 {
		load(fmt.Sprintf("{ a%d: g %s }", i, strings.Repeat(" g", 1000)))
	}
	require.Same(t, kept, load("{ g }"), "documents that are sent once push nothing out")

	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 200 {
		for range 2 {
			load(fmt.Sprintf("{ b%d: g %s }", i, strings.Repeat(" g", 1000)))
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(40<<20), "200 documents of 300 kB")
	require.NotSame(t, kept, load("{ g }"), "the oldest makes room")
	runtime.KeepAlive(cache)
}
