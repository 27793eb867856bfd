// Package graphql serves the platform's GraphQL interface: one endpoint over the catalogue's schema. Documents are validated and
// cached by package document, reads run in package query, mutations in package change; this package puts them together and
// speaks HTTP.
package graphql

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/graphql/answer"
	"github.com/fluent-oms/fluent/dataplane/graphql/change"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/dataplane/graphql/query"
	"github.com/fluent-oms/fluent/dataplane/graphql/schema"
	"github.com/fluent-oms/fluent/dataplane/operation"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/limit"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/tenancy"
)

// Deps are what the interface stands on. Retailers may be nil: createRetailer then fails.
type Deps struct {
	Catalogue *catalogue.Catalogue
	DB        *store.DB
	Workflows change.Workflows
	Engine    change.Engine
	Retailers change.Retailers
	Checks    entity.Checks // of what is made and changed
	Guards    entity.Guards // of all types that are declared as guarded
	// CreatesForOthers is as in change.Deps.
	CreatesForOthers map[string]setting.Setting[bool]
	// Operations are what modules answer: with what follows from the catalogue they stand behind every root field.
	Operations []operation.Operation
	Quotas     Quotas // nil: no account has any
	Logger     *slog.Logger
}

// Quotas hold accounts to their figures.
type Quotas interface {
	// Figures are the limits of an account.
	Figures(account tenancy.AccountID) limit.Figures
	// Admit lets a request pass, now or a little later, or refuses it: Unavailable or Limited.
	Admit(ctx context.Context, account tenancy.AccountID) error
	// Room refuses what creates more where the account keeps as much as it may.
	Room(account tenancy.AccountID) error
}

// unlimited are the quotas of accounts that have none.
type unlimited struct{}

func (unlimited) Figures(tenancy.AccountID) limit.Figures        { return limit.Standard }
func (unlimited) Admit(context.Context, tenancy.AccountID) error { return nil }
func (unlimited) Room(tenancy.AccountID) error                   { return nil }

// Executor answers GraphQL requests. It is safe for concurrent use.
type Executor struct {
	schema    *ast.Schema
	documents *document.Cache
	runner    *query.Runner
	changer   *change.Changer
	mutations map[string]mutation
	catalogue *catalogue.Catalogue
	db        *store.DB
	quotas    Quotas
	log       *slog.Logger
}

// New makes an executor. The error is about the catalogue: its schema does not hold together, or a root field has nothing behind it, or two things.
func New(d Deps) (*Executor, error) {
	parsed, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: schema.Text(d.Catalogue)})
	if err != nil {
		return nil, fmt.Errorf("load the GraphQL schema: %w", err)
	}
	delete(parsed.Directives, "defer") // the parser brings it along; answers are never sent in parts
	documents, err := document.NewCache(parsed)
	if err != nil {
		return nil, err
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Quotas == nil {
		d.Quotas = unlimited{}
	}
	e := &Executor{schema: parsed, documents: documents, catalogue: d.Catalogue, quotas: d.Quotas, db: d.DB, log: d.Logger}
	known, err := keys.NewKnown()
	if err != nil {
		return nil, err
	}
	e.runner, err = query.New(query.Runner{
		Catalogue: d.Catalogue, Known: known,
		Reader: func(scope tenancy.Scope) query.Reader { return d.DB.Reader(scope) },
		Reading: func() func(tenancy.Scope) query.Reader {
			documents := d.DB.Documents()
			return func(scope tenancy.Scope) query.Reader { return documents.Reader(scope) }
		},
		Specials: specials(d.Catalogue, d.DB), Operations: d.Operations, Logger: d.Logger,
	})
	if err != nil {
		return nil, err
	}
	if err := schema.Behind(parsed.Query, e.runner.Serves()); err != nil {
		return nil, err
	}
	e.changer, err = change.New(change.Deps{
		DB: d.DB, Catalogue: d.Catalogue, Workflows: d.Workflows, Retailers: d.Retailers, Engine: d.Engine, Checks: d.Checks, Guards: d.Guards,
		CreatesForOthers: d.CreatesForOthers,
	})
	if err != nil {
		return nil, err
	}
	if err := e.serveMutations(); err != nil {
		return nil, err
	}
	return e, nil
}

// Execute answers one request of a principal. What is wrong with the request is in the response.
func (e *Executor) Execute(ctx context.Context, p *tenant.Principal, req document.Request) answer.Response {
	doc, errs := e.documents.Load(req.Query)
	if len(errs) > 0 {
		return answer.Response{Errors: answer.FromDocument(errs)}
	}
	op, errs := document.Prepare(e.schema, doc, req)
	if len(errs) > 0 {
		return answer.Response{Errors: answer.FromDocument(errs)}
	}
	switch op.Def.Operation {
	case ast.Query:
		return e.runner.Run(ctx, op, e.caller(p))
	case ast.Mutation:
		return e.mutate(ctx, p, op)
	default:
		return answer.Response{Errors: []*answer.Error{answer.FromFault(fault.Invalidf("query", "there are no subscriptions"), nil)}}
	}
}

// caller is a principal as the reader of selections.
func (e *Executor) caller(p *tenant.Principal) query.Caller {
	return query.Caller{Viewer: p, Self: catalogue.ID(p.UserID), Limits: e.quotas.Figures(p.Account)}
}

// inputFault gives an error of coercion the form of a fault.
func inputFault(err error) error {
	var input *document.InputError
	if !errors.As(err, &input) {
		return err
	}
	return fault.Invalidf(input.Place, "%s", input.Detail).WithCode(input.Code)
}
