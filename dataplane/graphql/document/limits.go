package document

// Limits of a document. They are looked at before it is validated, so that the worst document within them costs less than
// 32 MB and 50 ms (TestTheWorstDocumentsStayCheap, BenchmarkWorstDocuments). Counts with "expanded" follow every fragment spread
// to where it leads, as often as it stands there.
const (
	maxText         = 512 << 10 // bytes
	maxTokens       = 50_000    // the parser makes some 300 bytes of each
	maxName         = 255       // characters of a name or number
	maxNesting      = 100       // braces, brackets and parentheses within each other
	maxFields       = 11_111    // selections of all operations together, expanded
	maxValues       = 50_000    // arguments and literals of all operations together, expanded
	maxDepth        = 100       // fields within fields, expanded
	maxFragments    = 200
	maxOperations   = 50
	maxVariables    = 250 // of one operation
	maxArguments    = 50  // of one field or directive
	maxDirectives   = 10  // in one place
	maxLiteralDepth = 32  // lists and objects within each other in one literal
	maxErrors       = 20  // validation stops there
	maxMessage      = 400 // bytes of one error's text
)
