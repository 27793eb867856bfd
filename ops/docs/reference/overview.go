package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/rest"
	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/ops/docs/markdown"
)

const head = `# API reference

What accounts can call: GraphQL, by page below, and REST. [Implementing](../implementing.md) shows how it is used,
[signing in](../signing-in.md) how to get a token. A gateway serves a page to try GraphQL in: ` + "`/explorer/`" + `.

## GraphQL

` + "`POST /graphql`" + ` with ` + "`{\"query\", \"variables\", \"operationName\"}`" + `. In the pages:

* A **connection** has ` + "`edges { node cursor }`" + ` and ` + "`pageInfo { hasNextPage hasPreviousPage startCursor endCursor }`" + `. Its arguments are those
  of the search of its type, and ` + "`first`, `last`, `before`, `after`" + `, which "…" stands for.
* A search finds rows that meet all arguments given, each by any one of its values. In texts ` + "`%`" + ` stands for any characters.
* ` + "`!`" + ` says that a value is never null, or must be given.
* A mutation's argument ` + "`input`" + ` may be null for the parser, and is required.
* Entities with a workflow have ` + "`workflowRef`, `workflowVersion`" + `: which one rules them.

`

// overview is the page of what holds for all.
func overview(p *places) (string, error) {
	var b strings.Builder
	b.WriteString(head)
	b.WriteString("| page | entities |\n|---|---|\n")
	for _, page := range slices.Sorted(maps.Keys(p.types)) {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s |\n", page, page, cell(strings.Join(entitiesOf(p, page), ", ")))
	}
	b.WriteString("\n## REST\n\nBesides these `POST /oauth/token`, `/oauth/revoke` and `/oauth/password`, and `GET /oauth/authorize` for browsers, which need no token.\n\n| call | permission |\n|---|---|\n")
	for _, r := range rest.Routes() {
		permission := "by what is asked for"
		if r.Permission != "" {
			permission = "`" + r.Permission + "`"
		}
		fmt.Fprintf(&b, "| `%s %s` | %s |\n", r.Method, r.Path, permission)
	}
	codes, err := errorCodes()
	if err != nil {
		return "", err
	}
	b.WriteString("\n## Errors\n\nGraphQL says the code in `extensions.code`, REST in `errors[].code`.\n\n| code | means |\n|---|---|\n")
	for _, c := range codes {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.code, markdown.Cell(c.means))
	}
	b.WriteString("\n## Limits of an account\n\nQuotas of the control plane change them; see [limits](../limits.md#limits-of-an-account).\n\n| quota | without it | may be | |\n|---|---|---|---|\n")
	for _, l := range limit.All() {
		fmt.Fprintf(&b, "| `%s` | %s | %d to %d | %s |\n", l.Name, without(l), l.Least, l.Most, cell(l.Doc))
	}
	b.WriteString("\n" + generated)
	return b.String(), nil
}

// without says what a limit is without a quota.
func without(l limit.Limit) string {
	if l.Default > 0 {
		return fmt.Sprint(l.Default)
	}
	var all []string
	for _, p := range limit.Plans() {
		all = append(all, fmt.Sprintf("%d (%s)", p.Quotas(nil)[l.Name], strings.ToLower(string(p))))
	}
	return strings.Join(all, ", ")
}

func entitiesOf(p *places, page string) []string {
	var out []string
	for _, name := range p.types[page] {
		if p.entity(name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

type errorCode struct{ code, means string }

// errorCodes reads the codes with what is written beside each where they are declared: those of documents before those of what documents ask for.
func errorCodes() (out []errorCode, err error) {
	_, here, _, _ := runtime.Caller(0)
	for _, declared := range []string{"dataplane/graphql/document/cache.go", "domain/fault/code.go"} {
		name := filepath.Join(filepath.Dir(here), "..", "..", "..", filepath.FromSlash(declared))
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 && strings.HasPrefix(spec.Names[0].Name, "Code") {
				if value, ok := spec.Values[0].(*ast.BasicLit); ok && value.Kind == token.STRING {
					out = append(out, errorCode{strings.Trim(value.Value, `"`), strings.TrimSpace(spec.Comment.Text())})
				}
			}
			return true
		})
	}
	return out, nil
}
