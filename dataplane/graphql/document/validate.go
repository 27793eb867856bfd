package document

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// libraryRules are the library's rules that cost as much as the document is long. The others are ours: what measure has looked
// at (fragments that are unknown, unused, repeated, cyclic), variables, values and merged fields.
var libraryRules = []validator.Rule{
	rules.FieldsOnCorrectTypeRule, rules.FragmentsOnCompositeTypesRule, rules.KnownArgumentNamesRule, rules.KnownDirectivesRule,
	rules.KnownRootTypeRule, rules.KnownTypeNamesRuleWithoutSuggestions, rules.LoneAnonymousOperationRule, rules.MaxIntrospectionDepth,
	rules.PossibleFragmentSpreadsRule, rules.ProvidedRequiredArgumentsRule, rules.ScalarLeafsRule, rules.SingleFieldSubscriptionsRule,
	rules.UniqueArgumentNamesRule, rules.UniqueDirectivesPerLocationRule, rules.UniqueInputFieldNamesRule,
	rules.UniqueOperationNamesRule, rules.UniqueVariableNamesRule, rules.VariablesAreInputTypesRule,
}

// validate checks a measured document against the schema and annotates it. It stops at maxErrors.
//
// The library's walker enters a fragment anew from every operation and every fragment that reaches it, which costs the square of
// their number. Here it finds an empty stand-in under each fragment's name (the first of a name counts), so that spreads lead
// nowhere, and each definition is walked once, by itself.
func validate(schema *ast.Schema, doc *ast.QueryDocument, m *measurer) (errs gqlerror.List) {
	v := &validation{}
	defer func() {
		if cause := recover(); cause != nil {
			if _, enough := cause.(enoughErrors); !enough {
				panic(cause)
			}
		}
		errs = v.errs
	}()
	events := &validator.Events{}
	for _, rule := range libraryRules {
		rule.RuleFunc(events, v.add)
	}
	values(events, v.add)
	uses := collectUses(events)
	events.OnFragmentSpread(func(_ *validator.Walker, s *ast.FragmentSpread) { s.Definition = m.fragments[s.Name].def })
	validator.Walk(schema, &ast.QueryDocument{Operations: doc.Operations, Fragments: standIns(doc.Fragments)}, events)
	for _, op := range doc.Operations {
		uses.check(op, m, v.fail)
	}
	if len(v.errs) == 0 {
		merge(schema, doc, v.fail)
	}
	return v.errs
}

func standIns(list ast.FragmentDefinitionList) ast.FragmentDefinitionList {
	out := make(ast.FragmentDefinitionList, 0, 2*len(list))
	for _, f := range list {
		out = append(out, &ast.FragmentDefinition{Name: f.Name, TypeCondition: f.TypeCondition, Position: f.Position})
	}
	return append(out, list...)
}

// enoughErrors is panicked with to leave the walk, which has no other way out.
type enoughErrors struct{}

// validation collects errors.
type validation struct{ errs gqlerror.List }

// add is what the library's rules report to.
func (v *validation) add(options ...validator.ErrorOption) {
	e := &gqlerror.Error{}
	for _, o := range options {
		o(e)
	}
	v.fail(withCode(e, CodeValidate))
}

// fail keeps an error, each but once: a fragment and its stand-in have the same mistakes.
func (v *validation) fail(e *gqlerror.Error) {
	for _, known := range v.errs {
		if known.Message == e.Message && slices.Equal(known.Locations, e.Locations) {
			return
		}
	}
	v.errs = append(v.errs, e)
	if len(v.errs) == maxErrors {
		panic(enoughErrors{})
	}
}
