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

// Sources of an order's dependants, for entities. $1 is the account, $2 the order.
const (
	sqlOrder        = `orders t WHERE t.account_id = $1 AND t.id = $2::int8`
	sqlOrderItems   = `order_items t WHERE t.account_id = $1 AND t.order_id = $2::int8`
	sqlOrderChoice  = `orders o JOIN fulfilment_choices t ON t.account_id = $1 AND t.id = o.fulfilment_choice_id WHERE o.account_id = $1 AND o.id = $2::int8`
	sqlOrderAddress = `orders o JOIN fulfilment_choices c ON c.account_id = $1 AND c.id = o.fulfilment_choice_id JOIN addresses t ON t.account_id = $1 AND t.id = c.delivery_address_id
WHERE o.account_id = $1 AND o.id = $2::int8`
	sqlOrderCustomer   = `orders o JOIN customers t ON t.account_id = $1 AND t.id = o.customer_id WHERE o.account_id = $1 AND o.id = $2::int8`
	sqlOrderFulfilment = `fulfilments t WHERE t.account_id = $1 AND t.order_id = $2::int8`
	sqlFulfilmentItems = `fulfilments f JOIN fulfilment_items t ON t.account_id = $1 AND t.fulfilment_id = f.id WHERE f.account_id = $1 AND f.order_id = $2::int8`
	sqlOrderArticles   = `articles t WHERE t.account_id = $1 AND t.order_id = $2::int8`
	sqlArticleItems    = `articles a JOIN article_items t ON t.account_id = $1 AND t.article_id = a.id WHERE a.account_id = $1 AND a.order_id = $2::int8`
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
	add[order.Order](&l, sqlOrder, func(*model) func([]any) { return single(&out.Order) })
	add[order.OrderItem](&l, sqlOrderItems, func(m *model) func([]any) { return sorted(m, &out.Items) })
	add[order.FulfilmentChoice](&l, sqlOrderChoice, func(*model) func([]any) { return single(&out.Choice) })
	add[foundation.CustomerAddress](&l, sqlOrderAddress, func(*model) func([]any) { return single(&out.Address) })
	add[foundation.Customer](&l, sqlOrderCustomer, func(*model) func([]any) { return single(&out.Customer) })
	add[order.Fulfilment](&l, sqlOrderFulfilment, func(m *model) func([]any) { return sorted(m, &out.Fulfilments) })
	add[order.FulfilmentItem](&l, sqlFulfilmentItems, func(m *model) func([]any) { return sorted(m, &out.FulfilmentItems) })
	add[order.Article](&l, sqlOrderArticles, func(m *model) func([]any) { return sorted(m, &out.Articles) })
	add[order.ArticleItem](&l, sqlArticleItems, func(m *model) func([]any) { return sorted(m, &out.ArticleItems) })
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

func add[T any](l *loader, source string, put func(m *model) func(found []any)) {
	m, err := l.r.db.model(TypeOf[T](l.r.db))
	if err != nil {
		l.err = err
		return
	}
	l.calls = append(l.calls, entities(m, "aggregate."+m.typ.Table, source, l.args, put(m)))
}
