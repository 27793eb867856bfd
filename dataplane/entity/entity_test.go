package entity_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/domain/shipping"
	"github.com/fluent-oms/fluent/domain/storefulfilment"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// shelf is a reader over entities in memory, which counts how often it is asked.
type shelf struct {
	entities []any
	versions map[string]int
	asked    [][]string
}

func (s *shelf) Find(_ context.Context, needs []entity.Need) ([]any, error) {
	out := make([]any, len(needs))
	var list []string
	for i, n := range needs {
		list = append(list, fmt.Sprintf("%s %s%v", n.Type.Name, n.ID, n.Values))
		for _, e := range s.entities {
			if s.is(e, n) {
				out[i] = e
				if n.ID == "" {
					out[i] = domain.Catalogue().TypeOf(e).ID(e)
				}
			}
		}
	}
	s.asked = append(s.asked, list)
	return out, nil
}

func (s *shelf) is(e any, n entity.Need) bool {
	t := domain.Catalogue().TypeOf(e)
	if !n.Type.Holds(t) {
		return false
	}
	if n.ID != "" {
		return t.ID(e) == n.ID
	}
	for i, f := range n.By {
		if t.Get(e, f.Name) != n.Values[i] {
			return false
		}
	}
	return true
}

func (s *shelf) Version(_ context.Context, r tenancy.RetailerID, name string, _ workflow.Root) (int, error) {
	return s.versions[fmt.Sprintf("%d %s", r, name)], nil
}

func with[T any](id catalogue.ID, e *T) *T {
	domain.Catalogue().TypeOf(e).Field("id").Set(e, id)
	return e
}

// making is of new entities, each of which hangs on the one before it as hold says.
func making(by entity.Maker, entities ...any) *entity.Making {
	m := &entity.Making{Catalogue: domain.Catalogue(), By: by}
	for _, e := range entities {
		m.Drafts = append(m.Drafts, &entity.Draft{Type: domain.Catalogue().TypeOf(e), Entity: e, New: true, Place: "input"})
	}
	return m
}

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func TestWhatIsNotGivenIsFilledIn(t *testing.T) {
	t.Parallel()
	address := &foundation.StoreAddress{LocationID: "3"}
	address.ID = "4"
	r := &shelf{
		entities: []any{
			with("1", &order.Order{Ref: "O", RetailerID: "2", Orchestrated: catalogue.Orchestrated{Type: "HD", WorkflowRef: "ORDER::HD", WorkflowVersion: 20001}}),
			with("3", &foundation.Location{Ref: "STORE"}), address,
		},
		versions: map[string]int{"2 ORDER::HD": 20004},
	}
	f := with("9", &order.Fulfilment{Ref: "F", OrderID: "1", FromAddressID: "4"})
	m := making(entity.Maker{Name: "ann", Retailer: 7, Now: noon}, f)
	require.NoError(t, m.Complete(t.Context(), r))
	require.Equal(t, "CREATED", f.Status)
	require.Equal(t, "STORE", f.FromLocationRef, "a copy along two references, behind an abstract one")
	require.Equal(t, "ORDER::HD 20004", fmt.Sprint(f.WorkflowRef, " ", f.WorkflowVersion), "the newest minor version of what drives the root")
	require.Equal(t, noon, f.CreatedOn)
	require.Len(t, r.asked, 2, "all that a decision wants is read at once: %v", r.asked)
	events := m.Created(func() catalogue.ID { return "e" })
	require.Len(t, events, 1)
	ev := events[0]
	require.Equal(t, "CREATE FULFILMENT 9 F CREATED ORDER 1 O 2 ann", fmt.Sprint(ev.Name, " ", ev.EntityType, " ", ev.EntityID, " ", ev.EntityRef, " ", ev.EntityStatus, " ",
		ev.RootType, " ", ev.RootID, " ", ev.RootRef, " ", ev.RetailerID, " ", ev.GeneratedBy), "in the name of the root's retailer, whoever made it")
}

func TestWhatARootWasMadeUnderLasts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ under, newest, want int }{
		{20001, 20004, 20004}, {20001, 30000, 20001}, {20001, 0, 20001}, {0, 30000, 30000}, {0, 0, 0},
	} {
		r := &shelf{
			entities: []any{with("1", &order.Order{RetailerID: "2", Orchestrated: catalogue.Orchestrated{Type: "HD", WorkflowRef: "ORDER::HD", WorkflowVersion: c.under}})},
			versions: map[string]int{"2 ORDER::HD": c.newest},
		}
		f := with("9", &order.Fulfilment{Ref: "F", OrderID: "1"})
		require.NoError(t, making(entity.Maker{}, f).Complete(t.Context(), r))
		require.Equal(t, c.want, f.WorkflowVersion, "%+v", c)
	}
}

// TestWhatSeveralRetailersShareRunsForItsMaker if that is one of them, else for the first: so do its CREATE event and its workflow.
func TestWhatSeveralRetailersShareRunsForItsMaker(t *testing.T) {
	t.Parallel()
	r := &shelf{versions: map[string]int{"1 INVENTORY_CATALOGUE::DEFAULT": 10000, "2 INVENTORY_CATALOGUE::DEFAULT": 20000}}
	for by, want := range map[tenancy.RetailerID]int{0: 1, 1: 1, 2: 2, 3: 1} {
		c := with("9", &inventory.InventoryCatalogue{Ref: "I", Name: "Stock", RetailerRefs: []string{"1", "2"}, Orchestrated: catalogue.Orchestrated{Type: "DEFAULT"}})
		m := making(entity.Maker{Retailer: by}, c)
		require.NoError(t, m.Complete(t.Context(), r))
		require.Equal(t, want*10000, c.WorkflowVersion, "made by %d", by)
		events := m.Created(func() catalogue.ID { return "e" })
		require.Len(t, events, 1)
		require.EqualValues(t, want, events[0].RetailerID, "made by %d", by)
	}
}

// halved has roots of even ids follow another version of a workflow than those of odd ones, and notes which it was asked for.
type halved struct {
	entity.Versions
	asked []workflow.Root
}

func (h *halved) Version(_ context.Context, _ tenancy.RetailerID, _ string, root workflow.Root) (int, error) {
	h.asked = append(h.asked, root)
	n, err := strconv.Atoi(root.ID)
	return 10000 + n%2, err
}

// TestEachRootGetsTheVersionThatItFollows makes several at once with what hangs on them: a version is asked for once for each root.
func TestEachRootGetsTheVersionThatItFollows(t *testing.T) {
	t.Parallel()
	var entities []any
	for id := range 6 {
		entities = append(entities, with(catalogue.ID(strconv.Itoa(id)), &order.Order{Ref: "O", RetailerID: "2", CustomerID: "5", Orchestrated: catalogue.Orchestrated{Type: "HD"}}))
	}
	for id := range 6 {
		entities = append(entities, with(catalogue.ID(strconv.Itoa(10+id)), &order.Fulfilment{Ref: "F", OrderID: catalogue.ID(strconv.Itoa(id))}))
	}
	m := making(entity.Maker{}, append(entities, with("5", &foundation.Customer{Username: "bob", RetailerID: "2"}))...)
	r := &halved{}
	require.NoError(t, m.Complete(t.Context(), r))
	for _, e := range entities {
		switch x := e.(type) {
		case *order.Order:
			n, _ := strconv.Atoi(string(x.ID))
			require.Equal(t, 10000+n%2, x.WorkflowVersion)
		case *order.Fulfilment:
			n, _ := strconv.Atoi(string(x.OrderID))
			require.Equal(t, 10000+n%2, x.WorkflowVersion)
		}
	}
	require.Len(t, r.asked, 6)
	require.Contains(t, r.asked, workflow.Root{Type: "ORDER", ID: "3"})
}

func TestACopyOfACopyIsMadeWithItsOriginal(t *testing.T) {
	t.Parallel()
	o := with("1", &order.Order{Ref: "O", RetailerID: "2", CustomerID: "5", Orchestrated: catalogue.Orchestrated{Type: "HD"}})
	c := with("5", &foundation.Customer{Username: "bob", RetailerID: "2"})
	m := making(entity.Maker{}, o, c)
	require.NoError(t, m.Complete(t.Context(), entity.Versions{}))
	require.Equal(t, "bob", o.CustomerRef)
	require.Equal(t, "ACTIVE", c.Status)
}

func TestAnEntityBelongsToTheRetailerOfWhatItComesWith(t *testing.T) {
	t.Parallel()
	address := func(by entity.Maker, parent any) string {
		a := with("6", &foundation.CustomerAddress{AddressFields: foundation.AddressFields{Ref: "A"}})
		m := making(by, a)
		if parent != nil {
			m.Drafts[0].Parent = &entity.Draft{Type: domain.Catalogue().TypeOf(parent), Entity: parent}
		}
		require.NoError(t, m.Complete(t.Context(), entity.Versions{}))
		require.Equal(t, "ORDER", a.Type)
		return string(a.RetailerID)
	}
	require.Equal(t, "2", address(entity.Maker{For: []tenancy.RetailerID{2, 3}}, &order.Order{RetailerID: "2"}))
	require.Equal(t, "3", address(entity.Maker{For: []tenancy.RetailerID{3}}, nil))
	require.Empty(t, address(entity.Maker{For: []tenancy.RetailerID{3, 4}}, nil))
	require.Empty(t, address(entity.Maker{}, nil))
}

func TestWhatContradictsItselfIsRefused(t *testing.T) {
	t.Parallel()
	line := with("1", &order.OrderItem{OrderID: "10"})
	mine, other := with("2", &order.Fulfilment{OrderID: "10"}), with("3", &order.Fulfilment{OrderID: "11"})
	order1, order2 := with("10", &order.Order{RetailerID: "1"}), with("11", &order.Order{RetailerID: "2"})
	store1, store2 := with("20", &foundation.Location{RetailerID: "1"}), with("21", &foundation.Location{RetailerID: "2"})
	limited := entity.Maker{Limited: true, For: []tenancy.RetailerID{1}}
	for name, c := range map[string]struct {
		by     entity.Maker
		entity any
		joins  []any
		want   string
	}{
		"a line of another order":   {entity.Maker{}, with("9", &order.FulfilmentItem{OrderItemID: "1", FulfilmentID: "3"}), nil, "input.orderItem: OrderItem not found in the order: id 1"},
		"fulfilments of two orders": {entity.Maker{}, with("9", &order.Article{Ref: "A"}), []any{mine, other}, "the fulfilments of an article must be of one order"},
		"an article of none":        {entity.Maker{}, with("9", &order.Article{Ref: "A"}), nil, "order of an article is empty"},
		"a wave of another's place": {entity.Maker{}, with("9", &storefulfilment.Wave{Ref: "W", RetailerID: "1", LocationID: "21"}), nil, "input.location: Location not found in the retailer: id 21"},
		"a wave of another's work":  {entity.Maker{}, with("9", &storefulfilment.Wave{Ref: "W", RetailerID: "1", LocationID: "20"}), []any{mine, other}, "input.fulfilments[0]: Fulfilment not found in the retailer: id 3"},
		"a parcel of nothing":       {entity.Maker{}, with("9", &shipping.ConsignmentArticle{ConsignmentID: "1"}), nil, "input.article: article must not be empty"},
		"an unknown context":        {entity.Maker{}, with("9", &foundation.Setting{Name: "S", Context: "SHOP", ValueType: "STRING"}), nil, `input.context: "SHOP" is unknown`},
		"no key":                    {entity.Maker{}, with("9", &foundation.Network{}), nil, "input.ref: ref must not be empty"},
		"what one does not reach": {limited, with("9", &inventory.VirtualCatalogue{Ref: "V", InventoryCatalogueRef: "I", ProductCatalogueRef: "P"}), nil,
			"input.inventoryCatalogueRef: InventoryCatalogue not found: ref I"},
		"a product that is not there": {entity.Maker{}, with("9", &order.OrderItem{Ref: "L", ProductRef: "P", ProductCatalogueRef: "C", OrderID: "10"}), nil,
			"input.productRef: Product not found: ref P, catalogueRef C"},
		"a retailer": {entity.Maker{}, with("9", &foundation.Retailer{Ref: "R"}), nil, "a Retailer comes from the control plane"},
	} {
		m := making(c.by, c.entity)
		for _, j := range c.joins {
			m.Drafts[0].Joins = append(m.Drafts[0].Joins, entity.Join{Edge: m.Drafts[0].Type.Edge("fulfilments"), Entity: j, Place: "input.fulfilments[0]"})
		}
		err := m.Complete(t.Context(), &shelf{entities: []any{line, mine, other, order1, order2, store1, store2}})
		require.ErrorContains(t, err, c.want, name)
		require.NotEqual(t, fault.Internal, fault.Of(err).Kind, name)
	}
}

// TestOfWhatChangesTheChangeMustFit moves entities to what is another retailer's: what does not change is not looked at again.
func TestOfWhatChangesTheChangeMustFit(t *testing.T) {
	t.Parallel()
	r := &shelf{entities: []any{
		with("1", &shipping.Carrier{RetailerID: "1"}), with("2", &shipping.Carrier{RetailerID: "2"}), with("20", &foundation.Location{RetailerID: "1"}),
		with("30", &shipping.CarrierConsignment{RetailerID: "1"}), with("31", &shipping.CarrierConsignment{RetailerID: "2"}),
	}}
	manifest := domain.Catalogue().Type("Manifest")
	for _, c := range []struct{ carrier, touched, want string }{
		{"2", "carrier", "input.carrier: Carrier not found in the retailer: id 2"}, {"2", "location", "input.location: Location not found in the retailer: id 20"},
		{"2", "name", ""}, {"1", "carrier", ""},
	} {
		m := &entity.Making{Catalogue: domain.Catalogue()}
		m.Change(with("9", &shipping.Manifest{Ref: "M", CarrierID: catalogue.ID(c.carrier), LocationID: "20"}), manifest.Field(c.touched)).Place = "input"
		err := m.Complete(t.Context(), r)
		if c.want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, c.want)
		}
	}
	for consignment, fits := range map[int]bool{3: true, 4: false} { // tied from either side
		whole, part := with("9", &shipping.Manifest{Ref: "M", CarrierID: "1", LocationID: "20"}), r.entities[consignment]
		for from, to := range map[any]any{whole: part, part: whole} {
			m := &entity.Making{Catalogue: domain.Catalogue()}
			x := m.Change(from)
			edge := x.Type.Edge("carrierConsignments")
			if from == part {
				edge = x.Type.Edge("manifests")
			}
			x.Joins = []entity.Join{{Edge: edge, Entity: to}}
			require.Equal(t, fits, m.Complete(t.Context(), r) == nil)
		}
	}
}

// TestACopyOfWhatPartsPointAt: a consignment is of the order of its parcels.
func TestACopyOfWhatPartsPointAt(t *testing.T) {
	t.Parallel()
	r := &shelf{entities: []any{
		with("1", &order.Article{OrderID: "10"}), with("2", &order.Article{OrderID: "10"}), with("3", &order.Article{OrderID: "11"}),
		with("5", &shipping.Carrier{RetailerID: "1"}), with("10", &order.Order{RetailerID: "1"}), with("11", &order.Order{RetailerID: "1"}),
	}}
	for _, c := range []struct {
		second catalogue.ID
		want   string
	}{{"2", ""}, {"3", "input.consignmentArticles[1]: the consignmentArticles of a consignment must be of one order"}} {
		g := with("9", &shipping.Consignment{Ref: "G", CarrierID: "5", RetailerID: "1"})
		m := making(entity.Maker{}, g, with("91", &shipping.ConsignmentArticle{ArticleID: "1"}), with("92", &shipping.ConsignmentArticle{ArticleID: c.second}))
		for i, x := range m.Drafts[1:] {
			x.Parent, x.By, x.Place = m.Drafts[0], entity.Hold{Edge: m.Drafts[0].Type.Edge("consignmentArticles")}, fmt.Sprintf("input.consignmentArticles[%d]", i)
		}
		m.Join()
		err := m.Complete(t.Context(), r)
		require.Equal(t, catalogue.ID("10"), g.OrderID)
		if c.want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, c.want)
		}
	}
	m := making(entity.Maker{}, with("9", &shipping.Consignment{Ref: "G", CarrierID: "5", RetailerID: "1"}))
	require.ErrorContains(t, m.Complete(t.Context(), r), "input.consignmentArticles: order of a consignment is empty")
}

func TestADefaultMayNameWhatTheEntityHangsOn(t *testing.T) {
	t.Parallel()
	product := with("7", &inventory.StandardProduct{ProductFields: inventory.ProductFields{Ref: "P", CatalogueRef: "COMPATIBILITY:2"}})
	i := with("9", &order.OrderItem{Ref: "L", ProductRef: "P", OrderID: "1"})
	require.NoError(t, making(entity.Maker{}, i).Complete(t.Context(), &shelf{entities: []any{product, with("1", &order.Order{RetailerID: "2"})}}))
	require.Equal(t, "COMPATIBILITY:2", i.ProductCatalogueRef)
	require.Equal(t, "CREATED", i.Status)
}

func TestWhoseAnEntityIs(t *testing.T) {
	t.Parallel()
	r := &shelf{entities: []any{
		with("1", &order.Order{RetailerID: "2"}), with("5", &foundation.Retailer{Ref: "FIVE"}),
		with("8", &inventory.VariantProduct{ProductFields: inventory.ProductFields{CatalogueID: "9"}}), with("9", &inventory.ProductCatalogue{RetailerRefs: []string{"FIVE", "6"}}),
		with("11", &foundation.Customer{RetailerID: "3"}), with("12", &security.User{}),
	}}
	for name, c := range map[string]struct {
		of   any
		want []tenancy.RetailerID
	}{
		"a line is its order's":                       {&order.OrderItem{OrderID: "1"}, []tenancy.RetailerID{2}},
		"a product is its catalogue's, also by ref":   {&inventory.StandardProduct{ProductFields: inventory.ProductFields{CatalogueID: "9"}}, []tenancy.RetailerID{5, 6}},
		"a catalogue of no retailer is the account's": {&inventory.ProductCatalogue{}, []tenancy.RetailerID{entity.Account}},
		"a comment is that of what it is about":       {&foundation.Comment{EntityType: "PRODUCT", EntityID: "8"}, []tenancy.RetailerID{5, 6}},
		"a setting of a retailer":                     {&foundation.Setting{Context: "RETAILER", ContextID: 4}, []tenancy.RetailerID{4}},
		"a setting of the account":                    {&foundation.Setting{Context: "ACCOUNT"}, []tenancy.RetailerID{entity.Account}},
		"a network is its links'":                     {with("1", &foundation.Network{}), nil},
		"a comment on a customer is his retailer's":   {&foundation.Comment{EntityType: "CUSTOMER", EntityID: "11"}, []tenancy.RetailerID{3}},
		"a comment on a user is the account's":        {&foundation.Comment{EntityType: "USER", EntityID: "12"}, []tenancy.RetailerID{entity.Account}},
		"a comment on a retailer is that retailer's":  {&foundation.Comment{EntityType: "RETAILER", EntityID: "5"}, []tenancy.RetailerID{5}},
	} {
		m := &entity.Making{Catalogue: domain.Catalogue()}
		got, err := m.Concerned(t.Context(), r, c.of, "input")
		require.NoError(t, err, name)
		require.Equal(t, c.want, got, name)
	}
}

// TestACommentIsAboutSomethingThatIsThere, whoever makes it: the account's administrator, who may name by ref what comes later, has ids from the
// platform alone.
func TestACommentIsAboutSomethingThatIsThere(t *testing.T) {
	t.Parallel()
	r := &shelf{entities: []any{with("5", &foundation.Retailer{Ref: "FIVE"})}}
	for _, limited := range []bool{false, true} {
		for about, want := range map[[2]string]string{
			{"ORDER", "77"}:        "input.entityId: ORDER not found: id 77",
			{"PRODUCT", "77"}:      "input.entityId: PRODUCT not found: id 77",
			{"CUSTOMER", "77"}:     "input.entityId: CUSTOMER not found: id 77",
			{"USER", "77"}:         "input.entityId: USER not found: id 77",
			{"RETAILER", "6"}:      "input.entityId: RETAILER not found: id 6",
			{"RETAILER", "x"}:      "input.entityId: RETAILER not found: id x",
			{"WEATHER", "1"}:       `input.entityType: "WEATHER" is unknown: want RETAILER, LOCATION, `,
			{"order", "1"}:         `input.entityType: "order" is unknown`,
			{"COMMENT", "1"}:       `input.entityType: "COMMENT" is unknown`,
			{"STORE_ADDRESS", "1"}: `input.entityType: "STORE_ADDRESS" is unknown`,
		} {
			m := &entity.Making{Catalogue: domain.Catalogue(), By: entity.Maker{Limited: limited}}
			_, err := m.Concerned(t.Context(), r, &foundation.Comment{EntityType: about[0], EntityID: catalogue.ID(about[1])}, "input")
			require.ErrorContains(t, err, want)
		}
	}
	m := &entity.Making{Catalogue: domain.Catalogue()}
	_, err := m.Concerned(t.Context(), r, &foundation.Setting{Context: "SHOP", ContextID: 1}, "input")
	require.ErrorContains(t, err, `input.context: "SHOP" is unknown: want ACCOUNT, RETAILER, AGENT, CUSTOMER, GLOBAL`)
	m.Drafts = nil
	m.Make(with("1", &foundation.Comment{EntityType: "WEATHER", EntityID: "1", Text: "wet"}))
	require.ErrorContains(t, m.Complete(t.Context(), r), `entityType: "WEATHER" is unknown`, "nor does a rule make one")
}
