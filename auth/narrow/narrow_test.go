package narrow_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/auth/narrow"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

func compile(t *testing.T, rules string) *narrow.Policy {
	t.Helper()
	p, err := narrow.Compile(t.Context(), domain.Catalogue(), 3, "package account\n"+rules)
	require.NoError(t, err)
	return p
}

// juniors is what its rules say: who is no senior changes orders that are booked, and home deliveries on hold.
const juniors = `
default allow := false

allow if not changes_order

allow if "SENIOR" in input.roles

allow if {
	changes_order
	input.row.status == "BOOKED"
}

allow if {
	changes_order
	input.row.status == "HOLD"
	input.row.type in {"HD", "HD_PFS"}
	input.row.retailer != "2"
}

changes_order if input.permission == "ORDER_UPDATE"
`

func TestWhatAPolicyLeaves(t *testing.T) {
	t.Parallel()
	p := compile(t, juniors)
	require.Zero(t, p.For([]string{"JUNIOR"})("ORDER_VIEW"))
	require.Zero(t, p.For([]string{"JUNIOR", "SENIOR"})("ORDER_UPDATE"))
	left := p.For([]string{"JUNIOR"})("ORDER_UPDATE")
	require.NoError(t, left.Err)
	require.ElementsMatch(t, []tenancy.Case{
		{{Field: "status", Op: tenancy.Like, Value: "BOOKED"}},
		{{Field: "status", Op: tenancy.Like, Value: "HOLD"}, {Field: "type", Op: tenancy.In, Value: []string{"HD", "HD_PFS"}}, {Field: "retailer", Op: tenancy.Unlike, Value: "2"}},
	}, left.Cases)
	require.NotEmpty(t, left.Rule)
	require.NoError(t, p.Check(t.Context(), domain.Catalogue().Permissions(), nil, []string{"JUNIOR"}, []string{"SENIOR"}))

	open := compile(t, "allow if not closed\nclosed if {\ninput.row.status == \"X\"\ninput.row.type == \"Y\"\n}").For(nil)("ORDER_VIEW")
	require.ElementsMatch(t, []tenancy.Case{{{Field: "status", Op: tenancy.Unlike, Value: "X"}}, {{Field: "type", Op: tenancy.Unlike, Value: "Y"}}}, open.Cases)

	documented := compile(t, "allow if input.permission != \"ORDER_UPDATE\"\nallow if \"SENIOR\" in input.roles\nallow if input.row.status in {\"BOOKED\", \"ON_HOLD\"}")
	require.NoError(t, documented.Check(t.Context(), domain.Catalogue().Permissions(), nil, []string{"JUNIOR"}, []string{"SENIOR"}))
	require.Len(t, documented.For(nil)("ORDER_UPDATE").Cases, 1)

	none := compile(t, `allow if input.action == "VIEW"`)
	denied := none.For(nil)("ORDER_UPDATE").Err
	require.True(t, fault.Is(denied, fault.Forbidden))
	require.EqualError(t, denied, "Permission missing: ORDER_UPDATE: version 3 of the account's policy does not allow it")
	require.Zero(t, none.For(nil)(tenant.UpdatePolicy), "another policy can be written whatever this one says")
	require.Equal(t, "C0020E", fault.Of(denied).Code)
	shut := narrow.Broken(4, context.Canceled).For(nil)
	require.ErrorContains(t, shut("ORDER_VIEW").Err, "version 4 of the account's policy could not decide on it")
	require.Zero(t, shut(tenant.UpdatePolicy))
}

func TestPoliciesThatAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                              "empty module",
		"package other\nallow if true":  "package account",
		"package account\nallow if {":   "policy.rego:2",
		"package account\ndeny if true": "no rule allow",
		"package account\nallow if http.send({\"method\": \"get\", \"url\": \"http://a\"}).status_code == 200": "http.send",
		"package account\nallow if time.now_ns() > 0":                                                          "time.now_ns",
		"package account\nallow if opa.runtime().env.HOME != \"\"":                                             "opa.runtime",
		"package account\n" + strings.Repeat("# long\n", narrow.MaxText/7) + "allow if true":                   "at most 64 KB",
	} {
		_, err := narrow.Compile(t.Context(), domain.Catalogue(), 1, text)
		require.True(t, fault.Is(err, fault.Invalid), "%.80s: %v", text, err)
		require.ErrorContains(t, err, want)
	}
	for rules, want := range map[string]string{
		`allow if input.row.nosuch == "X"`:                                              "no field nosuch",
		`allow if input.row.status > "X"`:                                               "compare it by == or !=, startswith or contains",
		`allow if endswith(input.row.ref, "X")`:                                         "cannot become part of a search",
		`allow if startswith(input.row.ref, "")`:                                        "begins with an empty text",
		`allow if startswith("X", input.row.ref)`:                                       "cannot become part of a search",
		`allow if startswith(input.row.totalPrice, "X")`:                                "with a number",
		`allow if input.row.totalPrice > "X"`:                                           "with a number",
		`allow if input.row.createdOn > 3`:                                              "with a time such as",
		`allow if input.row.createdOn == "2026-11-28T09:00:00Z"`:                        "with a time such as",
		`allow if input.row.createdOn > "yesterday"`:                                    "write it as 2026-11-28T09:00:00Z",
		`allow if "X" in input.row.status`:                                              "in a set of texts",
		`allow if input.row.customer > "3"`:                                             "with an id, as a text",
		`allow if upper(input.row.status) == "X"`:                                       "cannot become part of a search",
		"allow if {\nsome x in input.row.attributes\nx.name == \"X\"\n}":                "cannot become part of a search",
		"allow if input.row.status in {" + many(1001) + "}":                             "1001 values: at most 1000",
		`allow if input.row.attributes == "X"`:                                          "cannot be compared",
		`allow if input.row.status == 3`:                                                "cannot be compared",
		`allow if input.row.status == input.row.type`:                                   "cannot become part of a search",
		`allow if input.row[input.permission] == "X"`:                                   "no field",
		"default closed := false\nclosed if input.row.status == \"X\"\nallow if closed": "default",
	} {
		p := compile(t, rules)
		err := p.Check(t.Context(), []string{"ORDER_UPDATE"}, nil)
		require.True(t, fault.Is(err, fault.Invalid), "%s: %v", rules, err)
		require.ErrorContains(t, err, want, rules)
		denied := p.For(nil)("ORDER_UPDATE").Err
		require.True(t, fault.Is(denied, fault.Forbidden), "what it cannot decide it denies")
		require.ErrorContains(t, denied, "could not decide")
	}
	require.ErrorContains(t, compile(t, `allow if input.row.status == "X"`).Check(t.Context(), []string{"EVENT_CREATE"}, nil), "about no rows")
}

// many are so many texts.
func many(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("%q", fmt.Sprint(i))
	}
	return strings.Join(list, ", ")
}

// TestWhatRowsAreComparedBy: each way to write a comparison, and its contrary.
func TestWhatRowsAreComparedBy(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	for rule, want := range map[string]tenancy.Condition{
		`input.row.totalPrice > 10`:                         {Field: "totalPrice", Op: tenancy.More, Value: 10.0},
		`10 < input.row.totalPrice`:                         {Field: "totalPrice", Op: tenancy.More, Value: 10.0},
		`input.row.totalPrice >= 10.5`:                      {Field: "totalPrice", Op: tenancy.Least, Value: 10.5},
		`-1 >= input.row.totalPrice`:                        {Field: "totalPrice", Op: tenancy.Most, Value: -1.0},
		`not input.row.totalPrice < 10`:                     {Field: "totalPrice", Op: tenancy.Less, Value: 10.0, Not: true},
		`input.row.createdOn < "2026-11-28T09:00:00+01:00"`: {Field: "createdOn", Op: tenancy.Less, Value: at},
		`startswith(input.row.ref, "WEB-")`:                 {Field: "ref", Op: tenancy.Begins, Value: "WEB-"},
		`not contains(input.row.ref, "TEST")`:               {Field: "ref", Op: tenancy.Contains, Value: "TEST", Not: true},
		`not input.row.status in {"BOOKED"}`:                {Field: "status", Op: tenancy.In, Value: []string{"BOOKED"}, Not: true},
		`not input.row.status == "BOOKED"`:                  {Field: "status", Op: tenancy.Unlike, Value: "BOOKED"},
	} {
		left := compile(t, "allow if "+rule).For(nil)("ORDER_VIEW")
		require.NoError(t, left.Err, rule)
		require.Equal(t, []tenancy.Case{{want}}, left.Cases, rule)
	}
	list := compile(t, `allow if "MAIN" in input.row.retailerRefs`).For(nil)("PRODUCTCATALOGUE_VIEW")
	require.Equal(t, []tenancy.Case{{{Field: "retailerRefs", Op: tenancy.Holds, Value: "MAIN"}}}, list.Cases)
	both := compile(t, "dear if input.row.totalPrice > 10\ndear if startswith(input.row.ref, \"VIP\")\nallow if {\ndear\ninput.row.type == \"HD\"\n}").For(nil)("ORDER_VIEW")
	hd := tenancy.Condition{Field: "type", Op: tenancy.Like, Value: "HD"}
	require.ElementsMatch(t, []tenancy.Case{
		{{Field: "totalPrice", Op: tenancy.More, Value: 10.0}, hd}, {{Field: "ref", Op: tenancy.Begins, Value: "VIP"}, hd},
	}, both.Cases)
	require.NotEqual(t, compile(t, `allow if input.row.totalPrice > 10`).For(nil)("ORDER_VIEW").Rule, compile(t, `allow if not input.row.totalPrice > 10`).For(nil)("ORDER_VIEW").Rule)
}

// TestAPolicyThatTakesTooLongDenies: its rule tries some 10^12 combinations.
func TestAPolicyThatTakesTooLongDenies(t *testing.T) {
	t.Parallel()
	numbers := "n := [" + strings.TrimSuffix(strings.Repeat(`"1", `, 100), ", ") + "]\n"
	loops := ""
	for _, v := range []string{"a", "b", "c", "d", "e", "f"} {
		loops += "some " + v + " in n\n"
	}
	p := compile(t, numbers+"allow if {\n"+loops+"concat(\"\", [a, b, c, d, e, f]) == \"7\"\n}")
	denied := p.For(nil)("ORDER_VIEW").Err
	require.True(t, fault.Is(denied, fault.Forbidden))
	require.ErrorContains(t, denied, "longer than")
}

// TestDecisionsAreKept: of many questions one is evaluated.
func TestDecisionsAreKept(t *testing.T) {
	p := compile(t, juniors)
	ask := p.For([]string{"JUNIOR"})
	first := ask("ORDER_UPDATE")
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { _ = ask("ORDER_UPDATE") }), 2.0)
	require.Equal(t, first, p.For([]string{"JUNIOR"})("ORDER_UPDATE"))
}
