// Package stock is the store's part for stock: positions and quantities of inventory catalogues, and the virtual positions that can be sold
// from. Its statements move many rows at once, and lock positions in the order of their ids before they change any.
package stock

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
)

// Key names a position by product and location.
type Key struct{ ProductRef, LocationRef string }

// Figure is what is known of a position: enough to decide about a reservation.
type Figure struct {
	ID     catalogue.ID
	Ref    string
	OnHand int
	Status string
}

const sqlFigures = `SELECT p.product_ref, p.location_ref, p.id::text, p.ref, coalesce(p.on_hand, 0), coalesce(p.status, '')
FROM unnest($3::text[], $4::text[]) AS k (product_ref, location_ref)
JOIN inventory_positions p ON p.account_id = $1 AND p.catalogue_id = $2 AND p.product_ref = k.product_ref AND p.location_ref = k.location_ref`

// Figures reads positions of an inventory catalogue by product and location, in one statement. Positions that don't exist
// are not in the answer.
func Figures(ctx context.Context, r *store.Reader, catalogueID int64, keys []Key) (map[Key]Figure, error) {
	products, locations := columns(keys)
	var out map[Key]Figure
	s := store.Statement{Name: "stock.figures", SQL: sqlFigures, Args: r.Args(catalogueID, products, locations)}
	s.Rows = func(rows pgx.Rows) error {
		out = make(map[Key]Figure, len(keys))
		for rows.Next() {
			var k Key
			var f Figure
			if err := rows.Scan(&k.ProductRef, &k.LocationRef, (*string)(&f.ID), &f.Ref, &f.OnHand, &f.Status); err != nil {
				return fmt.Errorf("read stock figures: %w", err)
			}
			out[k] = f
		}
		return nil
	}
	return out, r.Send(ctx, s)
}

// Units is one virtual position that may be sold from, with the inventory position behind it where there is one.
type Units struct {
	Catalogue  string // ref
	ProductRef string
	GroupRef   string // location ref
	Quantity   int
	Attributes []byte // JSON; nil for none
	Position   Figure
}

// The catalogues are found before anything else: joined, each position would look for its catalogue anew.
const sqlSellable = `WITH c AS MATERIALIZED (SELECT c.id, c.ref, i.id AS inventory_id FROM virtual_catalogues c
	LEFT JOIN inventory_catalogues i ON i.account_id = $1 AND i.ref = c.inventory_catalogue_ref
	WHERE c.account_id = $1 AND c.ref = ANY ($2::text[]))
SELECT c.ref, v.product_ref, v.group_ref, v.quantity, v.attributes::text,
	coalesce(p.id::text, ''), coalesce(p.ref, ''), coalesce(p.on_hand, 0), coalesce(p.status, '')
FROM c JOIN virtual_positions v ON v.account_id = $1 AND v.catalogue_id = c.id AND v.product_ref = ANY ($3::text[])
LEFT JOIN inventory_positions p ON p.account_id = $1 AND p.catalogue_id = c.inventory_id AND p.product_ref = v.product_ref AND p.location_ref = v.group_ref
WHERE v.status = ANY ($4::text[]) AND v.quantity > 0`

// Sellable reads all virtual positions of catalogues (by ref) that hold some of the products, in one statement. Keys lead to all its rows, so
// it need not be planned for each order.
func Sellable(ctx context.Context, r *store.Reader, catalogues, products, statuses []string) ([]Units, error) {
	var out []Units
	s := store.Statement{Name: "stock.sellable", SQL: sqlSellable, Steady: true, Args: r.Args(catalogues, products, statuses)}
	s.Rows = func(rows pgx.Rows) error {
		out = nil
		for rows.Next() {
			var u Units
			p := &u.Position
			err := rows.Scan(&u.Catalogue, &u.ProductRef, &u.GroupRef, &u.Quantity, &u.Attributes, (*string)(&p.ID), &p.Ref, &p.OnHand, &p.Status)
			if err != nil {
				return fmt.Errorf("read sellable units: %w", err)
			}
			out = append(out, u)
		}
		return nil
	}
	return out, r.Send(ctx, s)
}

const sqlProducts = `SELECT product_ref FROM inventory_positions WHERE account_id = $1 AND catalogue_id = $2 AND product_ref > $3 GROUP BY product_ref ORDER BY product_ref LIMIT $4`

// Products lists the refs of products with positions in an inventory catalogue, from after on, at most limit.
func Products(ctx context.Context, r *store.Reader, catalogueID int64, after string, limit int) ([]string, error) {
	var out []string
	s := store.Statement{Name: "stock.products", SQL: sqlProducts, Args: r.Args(catalogueID, after, limit)}
	s.Rows = func(rows pgx.Rows) error {
		var err error
		out, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	}
	return out, r.Send(ctx, s)
}

// columns parts keys as statements want them.
func columns(keys []Key) (products, locations []string) {
	products, locations = make([]string, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		products[i], locations[i] = k.ProductRef, k.LocationRef
	}
	return products, locations
}
