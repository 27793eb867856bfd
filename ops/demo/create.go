package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/ops/apiclient"
)

// creation says how entities of a type are made: the search that lists them, the mutation, its input's type, and how many go into one
// document.
type creation struct {
	plural, field, input string
	size                 int
}

// create makes those of the inputs of which the ref is not there yet, and says how many those were. What an interrupted run has sent may still
// come to be meanwhile: then it looks again at what is missing.
func (s *Script) create(ctx context.Context, c creation, inputs []map[string]any) (int, error) {
	missing, err := s.missing(ctx, c, inputs)
	made := len(missing)
	for err == nil && len(missing) > 0 {
		refused := s.Client.Batch(ctx, c.field, c.input, "ref", missing, c.size, nil)
		if !alreadyThere(refused) {
			return made, refused
		}
		before := len(missing)
		if missing, err = s.missing(ctx, c, missing); err == nil && len(missing) == before {
			return 0, refused // of another key, which no repetition will free
		}
	}
	return made, err
}

// missing keeps the inputs of which the ref is not there yet.
func (s *Script) missing(ctx context.Context, c creation, inputs []map[string]any) ([]map[string]any, error) {
	there, err := s.refs(ctx, c.plural)
	if err != nil {
		return nil, err
	}
	var missing []map[string]any
	for _, input := range inputs {
		if ref, _ := input["ref"].(string); !there[ref] {
			missing = append(missing, input)
		}
	}
	return missing, nil
}

// alreadyThere reports whether a mutation was refused because its key is taken.
func alreadyThere(err error) bool {
	var refused *apiclient.GraphQLError
	return errors.As(err, &refused) && slices.ContainsFunc(refused.Errors, func(e apiclient.GraphQLFault) bool { return e.Extensions["code"] == fault.CodeExists })
}

// refs lists the refs of all entities of a type.
func (s *Script) refs(ctx context.Context, plural string) (map[string]bool, error) {
	query := fmt.Sprintf(`query ($after: String) { page: %s(first: 1000, after: $after) { pageInfo { hasNextPage } edges { cursor node { ref } } } }`, plural)
	refs := map[string]bool{}
	for after := ""; ; {
		var found struct {
			Page struct {
				PageInfo struct {
					HasNextPage bool `json:"hasNextPage"`
				} `json:"pageInfo"`
				Edges []struct {
					Cursor string `json:"cursor"`
					Node   struct {
						Ref string `json:"ref"`
					} `json:"node"`
				} `json:"edges"`
			} `json:"page"`
		}
		variables := map[string]any{}
		if after != "" {
			variables["after"] = after
		}
		if err := s.Client.GraphQL(ctx, query, variables, &found); err != nil {
			return nil, fmt.Errorf("list %s: %w", plural, err)
		}
		for _, e := range found.Page.Edges {
			refs[e.Node.Ref], after = true, e.Cursor
		}
		if !found.Page.PageInfo.HasNextPage {
			return refs, nil
		}
	}
}
