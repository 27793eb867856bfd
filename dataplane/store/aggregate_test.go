package store_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/ddl"
	"github.com/fluent-oms/fluent/dataplane/store/storetest"
	"github.com/fluent-oms/fluent/dataplane/store/tripwire"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/ops/embedded/dbtest"
)

// A library, whose shelves have parts in every way there is: by references and connections, by link tables, through tables that types share, and
// the same part in two ways.

type Shelf struct {
	catalogue.Node
	KeeperID catalogue.ID   `oms:"ref=Person"`
	ClerkID  catalogue.ID   `oms:"ref=Clerk"`
	Books    catalogue.Many `oms:"of=Book,via=shelf"`
	Rooms    catalogue.Many `oms:"of=Room,link=room_shelves/shelf_id/room_id"`
}

type PersonFields struct {
	catalogue.Row
	Name string `oms:""`
}

type Clerk struct {
	PersonFields
	Badges catalogue.Many `oms:"of=Badge,via=clerk"`
}

type Guest struct{ PersonFields }

type Badge struct {
	catalogue.Row
	ClerkID catalogue.ID `oms:"ref=Clerk"`
}

type Book struct {
	catalogue.Row
	ShelfID  catalogue.ID   `oms:"ref=Shelf"`
	AuthorID catalogue.ID   `oms:"ref=Person"`
	Topics   catalogue.Many `oms:"of=Topic,link=book_topics/book_id/topic_id"`
}

type Topic struct{ catalogue.Row }

type Remark struct {
	catalogue.Row
	BookID catalogue.ID `oms:"book,hidden,ref=Book"`
}

type Room struct {
	catalogue.Row
	LampID catalogue.ID `oms:"ref=Lamp"`
}

type Lamp struct{ catalogue.Row }

type Crate struct {
	catalogue.Node
	Labels catalogue.Many `oms:"of=Label,via=crate"`
}

type Label struct {
	catalogue.Row
	CrateID catalogue.ID `oms:"ref=Crate"`
}

func library() (*catalogue.Catalogue, error) {
	return catalogue.New(catalogue.Spec{
		Types: []catalogue.TypeSpec{
			{Go: Shelf{}, Plural: "shelves", Parts: "keeper clerk.badges books.topics books.author books.remarks rooms.lamp"},
			{Go: Clerk{}, Table: "people", Shared: true, Implements: "Person"}, {Go: Guest{}, Table: "people", Shared: true, Implements: "Person"},
			{Go: Badge{}}, {Go: Book{}}, {Go: Topic{}}, {Go: Remark{}}, {Go: Room{}}, {Go: Lamp{}}, {Go: Crate{}, ID: catalogue.UUID, Parts: "labels"}, {Go: Label{}},
		},
		Interfaces: []catalogue.InterfaceSpec{{Name: "Person", Fields: "id name", Shared: true}},
		Inputs:     []catalogue.InputSpec{{Name: "DateRange", Fields: []string{"from: DateTime"}}},
	})
}

// libraryDatabase has the tables of the library, on the tripwire.
func libraryDatabase(t *testing.T) (*store.DB, *catalogue.Catalogue) {
	t.Helper()
	c, err := library()
	require.NoError(t, err)
	dsn := dbtest.Template(t, "library", func(dsn string) error {
		if err := storetest.Migrate(dsn); err != nil {
			return err
		}
		conn, err := pgx.Connect(context.Background(), dsn)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(context.Background()) }()
		for _, statement := range ddl.Of(c).Statements() {
			if _, err := conn.Exec(context.Background(), statement); err != nil {
				return err
			}
		}
		db, err := store.Open(context.Background(), dsn, store.Options{Catalogue: c})
		if err != nil {
			return err
		}
		defer db.Close()
		if err := db.Migrate(context.Background(), nil); err != nil {
			return err
		}
		return tripwire.Set(context.Background(), dsn)
	})
	return open(t, dsn, store.Options{Catalogue: c}), c
}

const (
	shelfID = catalogue.ID("7")
	crateID = catalogue.ID("a0000000-0000-8000-8000-000000000001")
)

var madeOn = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// row is one of many that were created at the same time.
func row(id catalogue.ID) catalogue.Row {
	return catalogue.Row{ID: id, CreatedOn: madeOn, UpdatedOn: madeOn}
}

// TestPartsAreReadInEveryWay: each entity once, though books share topics and an author, who keeps the shelf as well; and only those of the type
// that a path speaks of.
func TestPartsAreReadInEveryWay(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, c := libraryDatabase(t)
	shelf, book := c.Type("Shelf"), c.Type("Book")
	person := func(id catalogue.ID) PersonFields { return PersonFields{Row: row(id), Name: "N" + string(id)} }
	for _, account := range []string{"ACME", "OTHER"} {
		require.NoError(t, db.Write(ctx, scopeOf(t, account), func(tx *store.Tx) error {
			tx.Insert(&Shelf{Node: catalogue.Node{ID: shelfID, CreatedOn: madeOn, UpdatedOn: madeOn}, KeeperID: "1", ClerkID: "2"},
				&Guest{person("1")}, &Clerk{PersonFields: person("2")}, &Guest{person("3")}, &Badge{row("1"), "2"}, &Badge{row("2"), "3"}, &Badge{row("10"), "2"},
				&Book{Row: row("1"), ShelfID: shelfID, AuthorID: "1"}, &Book{Row: row("2"), ShelfID: shelfID, AuthorID: "1"}, &Book{Row: row("3"), ShelfID: shelfID, AuthorID: "2"},
				&Book{Row: row("4")}, &Topic{row("1")}, &Topic{row("2")}, &Topic{row("3")}, &Remark{row("1"), "1"}, &Remark{row("2"), "3"}, &Remark{row("3"), "4"},
				&Room{row("1"), "1"}, &Room{row("2"), "1"}, &Room{row("3"), "2"}, &Lamp{row("1")}, &Lamp{row("2")},
				&Crate{Node: catalogue.Node{ID: crateID, CreatedOn: madeOn, UpdatedOn: madeOn}}, &Label{row("1"), crateID}, &Label{Row: row("2")})
			tx.Link(book.Edge("topics"), "1", "1", "2")
			tx.Link(book.Edge("topics"), "2", "2")
			tx.Link(book.Edge("topics"), "4", "3")
			tx.Link(shelf.Edge("rooms"), shelfID, "1", "2")
			return nil
		}))
	}
	names := func(list []any) string {
		out := make([]string, len(list))
		for i, e := range list {
			at := c.TypeOf(e)
			out[i] = at.Name + string(at.ID(e))
		}
		return strings.Join(out, " ")
	}
	r := db.Reader(scopeOf(t, "ACME"))
	root, parts, err := r.Aggregate(ctx, shelf, shelfID)
	require.NoError(t, err)
	require.Equal(t, shelfID, root.(*Shelf).ID)
	require.Equal(t, "Guest1 Clerk2 Badge1 Badge10 Book1 Book2 Book3 Topic1 Topic2 Remark1 Remark2 Room1 Room2 Lamp1", names(parts))
	require.Equal(t, "N1", parts[0].(*Guest).Name)

	require.NoError(t, db.Write(ctx, scopeOf(t, "ACME"), func(tx *store.Tx) error {
		tx.Update(&Shelf{Node: catalogue.Node{ID: shelfID, UpdatedOn: madeOn}, ClerkID: "3"}, shelf.Field("clerk"))
		return nil
	}))
	_, parts, err = r.Aggregate(ctx, shelf, shelfID)
	require.NoError(t, err)
	require.Equal(t, "Guest1 Clerk2 Book1 Book2 Book3 Topic1 Topic2 Remark1 Remark2 Room1 Room2 Lamp1", names(parts), "a guest is no clerk, and has no badges")

	_, parts, err = r.Aggregate(ctx, c.Type("Crate"), crateID)
	require.NoError(t, err)
	require.Equal(t, "Label1", names(parts))

	alone, none, err := r.Aggregate(ctx, book, "1")
	require.NoError(t, err)
	require.Equal(t, catalogue.ID("1"), alone.(*Book).ID)
	require.Empty(t, none)
	hot := slices.DeleteFunc(libraryStatements(t, c), func(s store.Derived) bool { return !s.Hot })
	require.Len(t, hot, 10, "the rest is for those who have roles at locations")
}

func libraryStatements(t *testing.T, c *catalogue.Catalogue) []store.Derived {
	t.Helper()
	all, err := store.Statements(c)
	require.NoError(t, err)
	all = slices.DeleteFunc(all, func(s store.Derived) bool { return !strings.HasPrefix(s.Name, "aggregate.") })
	require.Len(t, all, 30, "for whole accounts, and for roles at locations alone and beside others")
	return all
}

// TestStatementsListTheReadsOfParts of each type that has any, for whole accounts and for limited readers; so that grammars and plans are checked.
func TestStatementsListTheReadsOfParts(t *testing.T) {
	t.Parallel()
	all, err := store.Statements(domain.Catalogue())
	require.NoError(t, err)
	listed := map[string]int{}
	hot := 0
	for _, s := range all {
		if strings.HasPrefix(s.Name, "aggregate.") {
			listed[s.Name]++
			if s.Hot {
				hot++
			}
		}
	}
	want := 0
	for _, typ := range domain.Catalogue().Types() {
		typ.Parts.Each(func(_, p *catalogue.Part) {
			want++
			n := 1
			if p.Target.Limited() {
				n = 2
			}
			require.GreaterOrEqual(t, listed["aggregate."+p.Target.Table], n, "%s.%s", typ.Name, p.Word)
		})
	}
	require.Equal(t, want, hot)
}
