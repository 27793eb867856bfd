package store

import (
	"cmp"
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
)

// PlaceRows is an account's locations with what belongs to them, and the catalogues that stock is kept and sold in.
type PlaceRows struct {
	Locations           []*foundation.Location
	Addresses           []*foundation.StoreAddress
	Schedules           []*foundation.OpeningSchedule
	Networks            []*foundation.Network
	NetworkLocations    map[catalogue.ID][]catalogue.ID // network → locations
	VirtualCatalogues   []*inventory.VirtualCatalogue
	InventoryCatalogues []*inventory.InventoryCatalogue
	Settings            []*foundation.Setting // those with plain values, and those that were named
	Mark                int64                 // of the figure Places, as it was before the rest was read
}

// Places is the derived figure that nodes keep of PlaceRows.
const Places = "places"

const sqlNetworkLocations = `SELECT network_id::text, location_id::text FROM network_locations WHERE account_id = $1 ORDER BY network_id, location_id`

// PlaceRows loads an account's places in one round trip. Settings that are documents, which may be large, come only if they are named.
func (r *Reader) PlaceRows(ctx context.Context, documents ...string) (*PlaceRows, error) {
	out := &PlaceRows{NetworkLocations: map[catalogue.ID][]catalogue.ID{}}
	l := loader{r: r, args: []any{string(r.scope.Account())}}
	l.calls = append(l.calls, call{name: "places.mark", sql: sqlFigureRead, args: []any{string(r.scope.Account()), Places}, rows: func(rows pgx.Rows) (err error) {
		out.Mark, _, err = readMark(rows)
		return err
	}})
	add[foundation.Location](&l, `locations t WHERE t.account_id = $1`, &out.Locations)
	add[foundation.StoreAddress](&l, `locations l JOIN addresses t ON t.account_id = $1 AND t.id = l.primary_address_id WHERE l.account_id = $1`, &out.Addresses)
	add[foundation.OpeningSchedule](&l, `locations l JOIN opening_schedules t ON t.account_id = $1 AND t.id = l.opening_schedule_id WHERE l.account_id = $1`, &out.Schedules)
	add[foundation.Network](&l, `networks t WHERE t.account_id = $1`, &out.Networks)
	add[inventory.VirtualCatalogue](&l, `virtual_catalogues t WHERE t.account_id = $1`, &out.VirtualCatalogues)
	add[inventory.InventoryCatalogue](&l, `inventory_catalogues t WHERE t.account_id = $1`, &out.InventoryCatalogues)
	kept := loader{r: r, args: []any{string(r.scope.Account()), documents}}
	add[foundation.Setting](&kept, `settings t WHERE t.account_id = $1 AND (t.lob_value IS NULL OR t.name = ANY ($2::TEXT[]))`, &out.Settings)
	if err := cmp.Or(l.err, kept.err); err != nil {
		return nil, err
	}
	l.calls = append(l.calls, kept.calls...)
	l.calls = append(l.calls, call{name: "places.networkLocations", sql: sqlNetworkLocations, args: l.args, rows: func(rows pgx.Rows) error {
		clear(out.NetworkLocations)
		var network, location string
		_, err := pgx.ForEachRow(rows, []any{&network, &location}, func() error {
			n := catalogue.ID(network)
			out.NetworkLocations[n] = append(out.NetworkLocations[n], catalogue.ID(location))
			return nil
		})
		return err
	}})
	return out, r.run(ctx, l.calls)
}
