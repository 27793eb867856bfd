package entity

import (
	"context"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// Request is what a caller wants of one entity, beyond the permission that its type needs.
type Request struct {
	*Draft
	Who    *tenant.Principal
	Input  *catalogue.Input
	Values map[string]any // what the input says, coerced
	Taken  []any          // elements that are to be taken out of a list of the entity, as the input names them
	Reader Lister
}

// Lister reads what guards want beyond what decisions do.
type Lister interface {
	Reader
	// List finds all entities of a type of which a field has one of some values, as pointers to their structs, by one statement. It reads what is
	// stored, whosever it is in the account: what a caller does not see counts, too.
	List(ctx context.Context, t *catalogue.Type, by *catalogue.Field, values ...any) ([]any, error)
	// Hold lets nobody else decide, until the request is carried out or refused, by how much of an entity is taken: what List reads from then on stays so.
	// Only where an entity changes, or one comes to be of a type that is declared so (catalogue.Type.Claims).
	Hold(ctx context.Context, t *catalogue.Type, id catalogue.ID) error
	// Workflows lists the names of a retailer's workflows, such as ORDER::HD, sorted.
	Workflows(retailer tenancy.RetailerID) []string
}

// Guard decides what callers may do with entities of one type where that rests on more than a permission. Both functions may be nil; the error is a
// fault at a place of the request.
type Guard struct {
	// Before looks at an entity that is to change, as it is stored.
	Before func(ctx context.Context, r Request) error
	// After looks at an entity as it would be, new or changed, and hides what is secret in it.
	After func(ctx context.Context, r Request) error
}

// Guards are those of the types that are declared as guarded.
type Guards map[*catalogue.Type]Guard
