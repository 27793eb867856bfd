package document

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"
)

// OnlyReads reports whether a document has query operations and fragments only, so that running it twice changes nothing. It reads
// the text word by word without parsing it, and says false of what it doesn't understand, and of documents of which some
// operation writes, whichever is asked for.
func OnlyReads(text string) bool {
	if scan(text) != nil {
		return false
	}
	lex := lexer.New(&ast.Source{Input: text})
	depth, begins := 0, true // begins: the next word begins a definition
	for range maxTokens {
		token, err := lex.ReadToken()
		if err != nil {
			return false
		}
		switch token.Kind {
		case lexer.EOF:
			return depth == 0
		case lexer.BraceL, lexer.ParenL, lexer.BracketL:
			depth++
			begins = false
		case lexer.BraceR, lexer.ParenR, lexer.BracketR:
			depth--
			begins = depth == 0 && token.Kind == lexer.BraceR // the selections end a definition
		case lexer.Comment, lexer.String, lexer.BlockString: // a definition may be described
		case lexer.Name:
			if begins && token.Value != "query" && token.Value != "fragment" {
				return false
			}
			begins = false
		default:
		}
	}
	return false
}
