package document

import (
	"errors"
	"fmt"
	"hash/maphash"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/fluent-oms/fluent/domain/fault"
)

// Codes of errors that a document has before it runs.
const (
	CodeParse    = "GRAPHQL_PARSE_FAILED"      // the document is not GraphQL; nothing ran
	CodeValidate = "GRAPHQL_VALIDATION_FAILED" // the document does not fit the schema; nothing ran
	CodeLimit    = fault.CodeTooMuch
	CodeInput    = "BAD_USER_INPUT" // of variables, arguments and records of batches: a value is not of its type, or an input has no such member
	CodeMissing  = fault.CodeMissing
)

// Bounds of the cache.
const (
	cacheBytes  = 32 << 20 // all documents, as they are in memory
	cacheText   = 64 << 10 // longer documents are seldom sent twice
	cacheSeen   = 8192     // texts that are remembered, by a hash, for having been sent once
	nodeBytes   = 350      // what a node of a parsed document takes, about
	cacheCounts = 1 << 20  // entries; the bytes decide
)

// Cache parses and validates documents against one schema and remembers those that are sent again, by text. A document is kept
// when it is sent a second time, so that texts which differ each time push nothing out. It is safe for concurrent use.
type Cache struct {
	schema *ast.Schema
	seed   maphash.Seed
	seen   *lru.Cache[uint64, struct{}]

	mu    sync.Mutex
	known *simplelru.LRU[string, *Document]
	bytes int
}

// NewCache makes an empty cache.
func NewCache(schema *ast.Schema) (*Cache, error) {
	c := &Cache{schema: schema, seed: maphash.MakeSeed()}
	var err error
	if c.seen, err = lru.New[uint64, struct{}](cacheSeen); err != nil {
		return nil, fmt.Errorf("make the document cache: %w", err)
	}
	c.known, err = simplelru.NewLRU(cacheCounts, func(_ string, gone *Document) { c.bytes -= gone.bytes })
	if err != nil {
		return nil, fmt.Errorf("make the document cache: %w", err)
	}
	return c, nil
}

// Load returns the parsed and validated document, or what is wrong with it.
func (c *Cache) Load(text string) (*Document, gqlerror.List) {
	if doc := c.find(text); doc != nil {
		return doc, nil
	}
	parsed, m, errs := read(c.schema, text)
	if len(errs) > 0 {
		for _, e := range errs {
			e.Message = cut(e.Message, maxMessage)
		}
		return nil, errs
	}
	doc := &Document{QueryDocument: parsed, flags: m.flags, text: text, bytes: len(text) + nodeBytes*m.written}
	c.keep(doc)
	return doc, nil
}

func read(schema *ast.Schema, text string) (*ast.QueryDocument, *measurer, gqlerror.List) {
	if err := scan(text); err != nil {
		return nil, nil, gqlerror.List{err}
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, maxTokens)
	if err != nil {
		return nil, nil, gqlerror.List{parseError(text, err)}
	}
	m, errs := measure(doc)
	if len(errs) > 0 {
		return nil, nil, errs
	}
	return doc, m, validate(schema, doc, m)
}

// parseError gives an error of the parser a code, and the one about too many tokens, which has none, a place.
func parseError(text string, err error) *gqlerror.Error {
	var at *gqlerror.Error
	if !errors.As(err, &at) {
		at = gqlerror.Wrap(err)
	}
	if len(at.Locations) > 0 {
		return withCode(at, CodeParse)
	}
	lex := lexer.New(&ast.Source{Input: text})
	var token lexer.Token
	for range maxTokens + 1 {
		token, _ = lex.ReadToken() // what cannot be read is another error of the parser
	}
	return limitAt(token.Pos.Line, token.Pos.Column, "the document has more than %d words and signs; values are better sent as variables", maxTokens)
}

func (c *Cache) find(text string) *Document {
	c.mu.Lock()
	defer c.mu.Unlock()
	doc, _ := c.known.Get(text)
	return doc
}

// keep remembers a document that was sent before.
func (c *Cache) keep(doc *Document) {
	if len(doc.text) > cacheText {
		return
	}
	hash := maphash.String(c.seed, doc.text)
	if again, _ := c.seen.ContainsOrAdd(hash, struct{}{}); !again {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known.Contains(doc.text) {
		return
	}
	doc.cache = c
	c.known.Add(doc.text, doc)
	c.grow(doc.bytes)
}

// grow counts what was added, and forgets documents that have long not been sent.
func (c *Cache) grow(bytes int) {
	for c.bytes += bytes; c.bytes > cacheBytes; {
		c.known.RemoveOldest()
	}
}

func withCode(e *gqlerror.Error, code string) *gqlerror.Error {
	e.Extensions = map[string]any{"code": code}
	return e
}

// cut shortens a text to some bytes, on a character's border.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xC0 == 0x80 {
		most--
	}
	return s[:most] + "…"
}
