package document

import (
	"errors"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Codes of errors that a document has before it runs.
const (
	CodeParse    = "GRAPHQL_PARSE_FAILED"
	CodeValidate = "GRAPHQL_VALIDATION_FAILED"
	CodeInput    = "BAD_USER_INPUT"
	CodeMissing  = "C0140E"
)

// Bounds of a document. They keep the parser and the validator, which recurse and compare pairs, within reasonable work.
const (
	maxNesting   = 100     // braces, brackets and parentheses within each other
	maxTokens    = 300_000 // as many as 2 MB of real input has
	maxRepeats   = 200     // fields of one response name in one selection set
	cacheEntries = 512
	cacheText    = 64 << 10 // longer documents are seldom sent twice
	maxErrors    = 50       // validation errors reported for one document
)

// Cache parses and validates documents against one schema and remembers the result by text. It is safe for concurrent use.
type Cache struct {
	schema *ast.Schema
	rules  *rules.Rules
	known  *lru.Cache[string, *ast.QueryDocument]
}

// NewCache makes an empty cache.
func NewCache(schema *ast.Schema) (*Cache, error) {
	known, err := lru.New[string, *ast.QueryDocument](cacheEntries)
	if err != nil {
		return nil, fmt.Errorf("make the document cache: %w", err)
	}
	return &Cache{schema: schema, rules: rules.NewDefaultRules(), known: known}, nil
}

// Load returns the parsed and validated document, or what is wrong with it. The document is shared: it must not be changed.
func (c *Cache) Load(text string) (*ast.QueryDocument, gqlerror.List) {
	if doc, ok := c.known.Get(text); ok {
		return doc, nil
	}
	if err := checkNesting(text); err != nil {
		return nil, gqlerror.List{withCode(err, CodeParse)}
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, maxTokens)
	if err != nil {
		var at *gqlerror.Error
		if !errors.As(err, &at) {
			at = gqlerror.Wrap(err)
		}
		return nil, gqlerror.List{withCode(at, CodeParse)}
	}
	if err := checkRepeats(doc); err != nil {
		return nil, gqlerror.List{withCode(err, CodeValidate)}
	}
	if errs := validator.ValidateWithRules(c.schema, doc, c.rules); len(errs) > 0 {
		errs = errs[:min(len(errs), maxErrors)]
		for _, e := range errs {
			withCode(e, CodeValidate)
		}
		return nil, errs
	}
	if len(text) <= cacheText {
		c.known.Add(text, doc)
	}
	return doc, nil
}

func withCode(e *gqlerror.Error, code string) *gqlerror.Error {
	e.Extensions = map[string]any{"code": code}
	return e
}

// checkNesting refuses texts whose brackets are nested so deep that a recursive parser would use up its stack.
func checkNesting(text string) *gqlerror.Error {
	depth, line, start := 0, 1, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[', '(':
			if depth++; depth > maxNesting {
				return gqlerror.ErrorLocf("", line, i-start+1, "the document is nested more than %d levels deep", maxNesting)
			}
		case '}', ']', ')':
			depth--
		case '\n':
			line, start = line+1, i+1
		case '#':
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case '"':
			i = skipString(text, i)
		}
	}
	return nil
}

// skipString returns the index of the last byte of the string that begins at i, or of the text if it doesn't end.
func skipString(text string, i int) int {
	if len(text) >= i+3 && text[i:i+3] == `"""` {
		for j := i + 3; j < len(text); j++ {
			switch {
			case text[j] == '\\' && len(text) >= j+4 && text[j:j+4] == `\"""`:
				j += 3
			case text[j] == '"' && len(text) >= j+3 && text[j:j+3] == `"""`:
				return j + 2
			}
		}
		return len(text)
	}
	for j := i + 1; j < len(text); j++ {
		switch text[j] {
		case '\\':
			j++
		case '"', '\n':
			return j
		}
	}
	return len(text)
}

// checkRepeats refuses selection sets that name one response name very often: validation compares them in pairs.
func checkRepeats(doc *ast.QueryDocument) *gqlerror.Error {
	for _, op := range doc.Operations {
		if err := repeatsIn(op.SelectionSet); err != nil {
			return err
		}
	}
	for _, f := range doc.Fragments {
		if err := repeatsIn(f.SelectionSet); err != nil {
			return err
		}
	}
	return nil
}

func repeatsIn(set ast.SelectionSet) *gqlerror.Error {
	seen := map[string]int{}
	for _, s := range set {
		name, sub := "", ast.SelectionSet(nil)
		switch s := s.(type) {
		case *ast.Field:
			name, sub = s.Alias, s.SelectionSet
		case *ast.InlineFragment:
			name, sub = "... on "+s.TypeCondition, s.SelectionSet
		case *ast.FragmentSpread:
			name = "..." + s.Name
		}
		if seen[name]++; seen[name] > maxRepeats {
			return gqlerror.ErrorPosf(s.GetPosition(), "%s is selected more than %d times", name, maxRepeats)
		}
		if err := repeatsIn(sub); err != nil {
			return err
		}
	}
	return nil
}
