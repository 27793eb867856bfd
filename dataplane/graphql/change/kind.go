package change

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
)

// kindOf is the input of an update as the type of the row takes it which the input names: its own where the mutation is for one type, else that of the
// row's kind. A word for another kind finds nothing.
func (s *session) kindOf(ctx context.Context, from keys.Reader, m *catalogue.Mutation, value map[string]any) (*catalogue.Input, error) {
	if m.Kinds == nil {
		return m.Input, nil
	}
	word, given := value[m.Kinds.Word].(string)
	wanted := m.Kinds.Words[word]
	if given && wanted == nil {
		return nil, fault.Invalidf("input."+m.Kinds.Word, "%q is unknown: want %s", word, strings.Join(slices.Sorted(maps.Keys(m.Kinds.Words)), ", "))
	}
	row, err := keys.New(m.Input.Identifying(), value, "input")
	if err != nil {
		return nil, err
	}
	if err := keys.Resolve(ctx, from, row); err != nil {
		return nil, err
	}
	if err := row.Missing(); err != nil {
		return nil, err
	}
	is := s.Catalogue.TypeOf(row.Entity)
	if given && is != wanted {
		return nil, fault.NotFoundf("%s not found: %s", wanted.Name, row.Text()).At("input." + m.Kinds.Word)
	}
	return m.Kinds.Inputs[is], nil
}
