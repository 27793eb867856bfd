package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
)

// OrderRows is an order with all that hangs on it, each entity once, in order of creation.
type OrderRows struct {
	Order           *order.Order // nil: there is none
	Items           []*order.OrderItem
	Choice          *order.FulfilmentChoice
	Address         *foundation.CustomerAddress // of the choice
	Customer        *foundation.Customer
	Fulfilments     []*order.Fulfilment
	FulfilmentItems []*order.FulfilmentItem
	Articles        []*order.Article
	ArticleItems    []*order.ArticleItem
}

const (
	sqlOrderID         = `SELECT $2::int8`
	sqlOrderItems      = `SELECT id FROM order_items WHERE account_id = $1 AND order_id = $2::int8`
	sqlOrderChoice     = `SELECT fulfilment_choice_id FROM orders WHERE account_id = $1 AND id = $2::int8`
	sqlOrderAddress    = `SELECT c.delivery_address_id FROM orders o JOIN fulfilment_choices c ON c.account_id = $1 AND c.id = o.fulfilment_choice_id WHERE o.account_id = $1 AND o.id = $2::int8`
	sqlOrderCustomer   = `SELECT customer_id FROM orders WHERE account_id = $1 AND id = $2::int8`
	sqlOrderFulfilment = `SELECT id FROM fulfilments WHERE account_id = $1 AND order_id = $2::int8`
	sqlFulfilmentItems = `SELECT i.id FROM fulfilments f JOIN fulfilment_items i ON i.account_id = $1 AND i.fulfilment_id = f.id WHERE f.account_id = $1 AND f.order_id = $2::int8`
	sqlOrderArticles   = `SELECT id FROM articles WHERE account_id = $1 AND order_id = $2::int8`
	sqlArticleItems    = `SELECT i.id FROM articles a JOIN article_items i ON i.account_id = $1 AND i.article_id = a.id WHERE a.account_id = $1 AND a.order_id = $2::int8`
	sqlArticleLinks    = `SELECT l.article_id::text, l.fulfilment_id::text FROM fulfilments f JOIN article_fulfilments l ON l.account_id = $1 AND l.fulfilment_id = f.id
WHERE f.account_id = $1 AND f.order_id = $2::int8 ORDER BY l.article_id, l.fulfilment_id`
)

// OrderRows loads an order with its dependants in one round trip.
func (r *Reader) OrderRows(ctx context.Context, id catalogue.ID) (*OrderRows, error) {
	out := &OrderRows{}
	number := idArg(kindNumberID, id)
	if number == nil {
		return out, nil
	}
	l := loader{r: r, args: []any{string(r.scope.Account()), number}}
	add[order.Order](&l, sqlOrderID, single(&out.Order))
	add[order.OrderItem](&l, sqlOrderItems, all(&out.Items))
	add[order.FulfilmentChoice](&l, sqlOrderChoice, single(&out.Choice))
	add[foundation.CustomerAddress](&l, sqlOrderAddress, single(&out.Address))
	add[foundation.Customer](&l, sqlOrderCustomer, single(&out.Customer))
	add[order.Fulfilment](&l, sqlOrderFulfilment, all(&out.Fulfilments))
	add[order.FulfilmentItem](&l, sqlFulfilmentItems, all(&out.FulfilmentItems))
	add[order.Article](&l, sqlOrderArticles, all(&out.Articles))
	add[order.ArticleItem](&l, sqlArticleItems, all(&out.ArticleItems))
	if l.err != nil {
		return nil, l.err
	}
	return out, r.run(ctx, l.calls)
}

// ArticleFulfilments says which fulfilments the articles of an order hold goods of: article → fulfilments.
func (r *Reader) ArticleFulfilments(ctx context.Context, orderID catalogue.ID) (map[catalogue.ID][]catalogue.ID, error) {
	var out map[catalogue.ID][]catalogue.ID
	c := call{name: "order.articleLinks", sql: sqlArticleLinks, args: []any{string(r.scope.Account()), idArg(kindNumberID, orderID)}}
	c.rows = func(rows pgx.Rows) error {
		out = map[catalogue.ID][]catalogue.ID{}
		var article, fulfilment string
		_, err := pgx.ForEachRow(rows, []any{&article, &fulfilment}, func() error {
			a := catalogue.ID(article)
			out[a] = append(out[a], catalogue.ID(fulfilment))
			return nil
		})
		return err
	}
	return out, r.run(ctx, []call{c})
}

// loader collects the calls of an aggregate.
type loader struct {
	r     *Reader
	args  []any
	calls []call
	err   error
}

func add[T any](l *loader, ids string, put func(found []any)) {
	m, err := l.r.db.model(TypeOf[T](l.r.db))
	if err != nil {
		l.err = err
		return
	}
	l.calls = append(l.calls, entities(m, "aggregate."+m.typ.Table, ids, l.args, put))
}
