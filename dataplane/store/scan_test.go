package store_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
	"github.com/fluent-oms/fluent/tenancy"
)

// TestFiltersThatAnIndexServesUseIt plans each search by one filter, for a value of it, and demands that an index leads to the rows by the filter's column.
// Which filters these are is written down, so that none is lost.
func TestFiltersThatAnIndexServesUseIt(t *testing.T) {
	t.Parallel()
	conn := filled(t)
	var at time.Time
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT now() + INTERVAL '77 seconds'").Scan(&at))
	searches, err := store.Searches(domain.Catalogue(), scopeOf(t, "A1"), 77, at)
	require.NoError(t, err)
	for _, typ := range domain.Catalogue().Abstract() {
		var kinds []string
		for _, m := range typ.Members {
			kinds = append(kinds, m.Name)
		}
		_, err := conn.Exec(t.Context(), fmt.Sprintf("UPDATE %s SET %s = ($1::TEXT[])[1 + abs(hashtext(id::TEXT)) %% $2::INT]", typ.Table, typ.Members[0].Discriminator.Column), kinds, len(kinds))
		require.NoError(t, err)
	}
	_, err = conn.Exec(t.Context(), "ANALYZE; SET enable_seqscan = off; SET ROLE fluent_tenant", pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
	served := map[string]bool{}
	for _, s := range searches {
		if !s.Served {
			require.Contains(t, s.SQL, "scanned", s.Name)
			continue
		}
		served[s.Name] = true
		plan := explainFor(t, conn, s)
		if conds := indexConditions(plan); !strings.Contains(conds, s.Column) {
			t.Errorf("%s: the plan finds rows by %q\n%s", s.Name, conds, s.SQL)
		}
	}
	t.Logf("%d of %d searches by one filter are served by an index", len(served), len(searches))
	for name, ops := range map[string][]store.Op{
		"orders(ref)": {store.In, store.Like}, "orders(status)": {store.In, store.Like}, "orders(createdOn)": {store.Range},
		"orders(updatedOn)": {store.Range}, "customers(ref)": {store.In}, "customers(updatedOn)": {store.Range},
		"fulfilments(ref)": {store.In, store.Like}, "fulfilments(createdOn)": {store.Range}, "locations(ref)": {store.In, store.Like},
		"products(ref)": {store.In}, "standardProducts(ref)": {store.In}, "variantProducts(ref)": {store.In},
		"products(createdOn)": {store.Range}, "products(updatedOn)": {store.Range}, "returnOrders(status)": {store.In}, "invoices(ref)": {store.In},
	} {
		for _, op := range ops {
			require.True(t, served[fmt.Sprintf("%s %d", name, op)], "%s %d", name, op)
		}
	}
}

func explainFor(t *testing.T, conn *pgx.Conn, s store.Search) map[string]any {
	t.Helper()
	var text string
	require.NoError(t, conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) "+s.SQL, s.Args...).Scan(&text), s.Name)
	var plans []struct{ Plan map[string]any }
	require.NoError(t, json.Unmarshal([]byte(text), &plans))
	return plans[0].Plan
}

// indexConditions are what a plan's indexes are searched for.
func indexConditions(node map[string]any) string {
	out, _ := node["Index Cond"].(string)
	children, _ := node["Plans"].([]any)
	for _, c := range children {
		out += indexConditions(c.(map[string]any))
	}
	return out
}

// TestASearchThatNoIndexServesLooksAtSoManyRows: fewer than its bound, or it is refused and told what to do. Rows that an index leaves out do not count, nor
// do those behind a full page.
func TestASearchThatNoIndexServesLooksAtSoManyRows(t *testing.T) {
	t.Parallel()
	db := open(t, migratedDSN(t), store.Options{MaxScanned: 6})
	scope := scopeOf(t, "ACME")
	some, err := tenancy.NewScope("ACME", 2)
	require.NoError(t, err)
	require.NoError(t, db.Write(t.Context(), scope, func(tx *store.Tx) error {
		for i := range 10 {
			o := &order.Order{Ref: fmt.Sprintf("O-%d", i)}
			o.Status, o.Type = []string{"NEW", "DONE"}[i%2], []string{"HD", "CC", "HD", "HD", "HD"}[i%5]
			o.ID, o.RetailerID = catalogue.ID(fmt.Sprint(i+1)), catalogue.ID(fmt.Sprint(i/9+1))
			o.CustomerID = "1"
			tx.Insert(o)
		}
		return nil
	}))
	typ := store.TypeOf[order.Order](db)
	match := func(field string, values ...string) store.Condition { return store.Match(typ.Field(field), values...) }
	fold := store.Condition{Field: typ.Field("ref"), Op: store.LikeFold, Values: []any{"o-%"}}
	search := func(page store.Page, retailers bool, where ...store.Condition) (refs []string, err error) {
		s := scope
		if retailers {
			s = some
		}
		res, err := db.Reader(s).Select(t.Context(), store.Query{Type: typ, Fields: []*catalogue.Field{typ.Field("ref")}, Where: where, Page: page, Follow: true, Bounded: true})
		if err != nil {
			return nil, err
		}
		for _, row := range res.Groups[0].Rows {
			refs = append(refs, row[0].(string))
		}
		return refs, nil
	}
	for _, c := range []struct {
		name  string
		page  store.Page
		where []store.Condition
		want  []string
	}{
		{"the page is full before", store.Page{First: 2}, []store.Condition{match("type", "HD")}, []string{"O-0", "O-2"}},
		{"backwards", store.Page{Last: 2}, []store.Condition{match("type", "HD")}, []string{"O-8", "O-9"}},
		{"an index leaves few", store.Page{First: 9}, []store.Condition{match("type", "HD"), match("status", "NEW")}, []string{"O-0", "O-2", "O-4", "O-8"}},
		{"a prefix leaves few", store.Page{First: 9}, []store.Condition{match("ref", "O-9%"), match("type", "%D")}, []string{"O-9"}},
		{"whatever the index finds is shown", store.Page{First: 9}, []store.Condition{match("status", "NEW", "DONE")}, []string{"O-0", "O-1", "O-2", "O-3", "O-4", "O-5", "O-6", "O-7", "O-8"}},
		{"a pattern with something in front", store.Page{First: 9}, []store.Condition{match("ref", "O-%")}, []string{"O-0", "O-1", "O-2", "O-3", "O-4", "O-5", "O-6", "O-7", "O-8"}},
	} {
		got, err := search(c.page, false, c.where...)
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, got, c.name)
	}
	for name, where := range map[string][]store.Condition{
		"type": {match("type", "HD")}, "ref": {match("ref", "%9")}, "ref, type": {fold, match("type", "CC")}, "tag1": {{Field: typ.Field("tag1"), Op: store.IsNull}, match("status", "NEW", "DONE")},
	} {
		_, err := search(store.Page{First: 9}, false, where...)
		require.True(t, fault.Is(err, fault.TooLarge), "%s: %v", name, err)
		require.ErrorContains(t, err, "6 orders were looked at")
		require.ErrorContains(t, err, "no index serves "+name+" as given")
		require.ErrorContains(t, err, "ref, status")
		require.Equal(t, "rowsScanned", fault.Of(err).Meta["limit"])
	}
	_, err = search(store.Page{First: 2}, true, match("type", "HD"))
	require.True(t, fault.Is(err, fault.TooLarge), "rows of retailers that the caller does not see are looked at, too: %v", err)
	_, err = search(store.Page{First: 2}, true)
	require.ErrorContains(t, err, "no index serves what your roles let you see")
	got, err := search(store.Page{First: 2}, true, store.Condition{Field: typ.Field("id"), Op: store.In, Values: []any{catalogue.ID("10")}})
	require.NoError(t, err)
	require.Equal(t, []string{"O-9"}, got)
}

// TestWhoIsAtALocationFindsWhatIsThere among any number of other rows, where it is little; else among so many and no more.
func TestWhoIsAtALocationFindsWhatIsThere(t *testing.T) {
	t.Parallel()
	const most, many = 50, 60 // up to two rows are few
	db := open(t, migratedDSN(t), store.Options{MaxScanned: most})
	scope := scopeOf(t, "ACME")
	require.NoError(t, db.Write(t.Context(), scope, func(tx *store.Tx) error {
		for i := range many {
			id := catalogue.ID(fmt.Sprint(i + 1))
			o := &order.Order{Ref: fmt.Sprintf("O-%d", i)}
			o.ID, o.RetailerID, o.CustomerID, o.Type = id, "1", "1", []string{"HD", "CC"}[i%2]
			f := &order.Fulfilment{Ref: fmt.Sprintf("F-%d", i), OrderID: id, FromLocationRef: "DC"}
			f.ID = id
			c := &order.FulfilmentChoice{OrderID: id, DeliveryType: "STANDARD"}
			c.ID = id
			switch {
			case i == many-1:
				f.FromLocationRef = "few"
			case i == many-2:
				c.PickupLocationRef = "few"
			case i > many-7:
				f.FromLocationRef = "more"
			}
			tx.Insert(o, f, c)
		}
		return nil
	}))
	list := func(typ *catalogue.Type, location string, page store.Page, where ...store.Condition) (refs []string, cursor string, err error) {
		at := scope.Narrowed(&tenancy.Limits{Locations: []tenancy.Location{{ID: "9", Ref: location, Retailer: 1}}})
		res, err := db.Reader(at).Select(t.Context(), store.Query{Type: typ, Fields: []*catalogue.Field{typ.Field("ref")}, Where: where, Page: page, Follow: true, Bounded: true})
		if err != nil {
			return nil, "", err
		}
		for i, row := range res.Groups[0].Rows {
			refs, cursor = append(refs, row[0].(string)), res.Groups[0].Cursors[i]
		}
		return refs, cursor, nil
	}
	orders, fulfilments := store.TypeOf[order.Order](db), store.TypeOf[order.Fulfilment](db)
	got, cursor, err := list(orders, "few", store.Page{First: 1})
	require.NoError(t, err)
	require.Equal(t, []string{"O-58"}, got)
	got, cursor, err = list(orders, "few", store.Page{First: 5, After: cursor})
	require.NoError(t, err)
	require.Equal(t, []string{"O-59"}, got)
	got, _, err = list(orders, "few", store.Page{Last: 5, Before: cursor})
	require.NoError(t, err)
	require.Equal(t, []string{"O-58"}, got)
	got, _, err = list(orders, "few", store.Page{First: 5}, store.Match(orders.Field("type"), "CC"))
	require.NoError(t, err)
	require.Equal(t, []string{"O-59"}, got)
	got, _, err = list(fulfilments, "few", store.Page{Last: 5})
	require.NoError(t, err)
	require.Equal(t, []string{"F-59"}, got)
	got, _, err = list(fulfilments, "DC", store.Page{First: 3})
	require.NoError(t, err)
	require.Equal(t, []string{"F-0", "F-1", "F-2"}, got)
	got, _, err = list(orders, "nowhere", store.Page{First: 3})
	require.NoError(t, err)
	require.Empty(t, got)
	for _, typ := range []*catalogue.Type{orders, fulfilments} {
		_, _, err = list(typ, "more", store.Page{First: 3})
		require.True(t, fault.Is(err, fault.TooLarge), "%v", err)
		require.ErrorContains(t, err, "no index serves what your roles let you see")
		got, _, err = list(typ, "more", store.Page{Last: 3})
		require.NoError(t, err, "from the end there are few before")
		require.Len(t, got, 3)
	}
}

// TestWhatIsSeenIsNotForThatToBeChanged: who has roles at a location sees comments on its retailer and changes none of them, whichever was asked first.
func TestWhatIsSeenIsNotForThatToBeChanged(t *testing.T) {
	t.Parallel()
	s := storetest.NewStand(t, dbtest.Template)
	comment := store.TypeOf[foundation.Comment](s.DB)
	s.Locked(func(tx *store.Tx) {
		r, c := &foundation.Retailer{Ref: "MAIN"}, &foundation.Comment{EntityType: "RETAILER", EntityID: "1", Text: "x"}
		r.ID, c.ID = "1", "5"
		tx.Insert(r, c)
	})
	here := s.Scope.Narrowed(&tenancy.Limits{Locations: []tenancy.Location{{ID: "77", Ref: "L", Retailer: 1}}})
	found := func(db *store.DB, scope tenancy.Scope) int {
		t.Helper()
		list, err := db.Reader(scope).Entities(t.Context(), store.Query{Type: comment, Where: []store.Condition{store.Match(comment.Field("text"), "x")}})
		require.NoError(t, err)
		byID, err := db.Reader(scope).ByID(t.Context(), comment, "5")
		require.NoError(t, err)
		require.Equal(t, len(list) == 1, byID[0] != nil)
		return len(list)
	}
	require.Equal(t, 1, found(s.DB, here.Seeing()))
	require.Zero(t, found(s.DB, here.Acting()))
	other := storetest.Open(t, s.DSN, store.Options{})
	require.Zero(t, found(other, here.Acting()))
	require.Equal(t, 1, found(other, here.Seeing()))
}
