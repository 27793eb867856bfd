package catalogue_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// A library: bookcases hold books, of which some lean on others; a book has pages and an author; remarks are about bookcases, though no bookcase shows them.

type Bookcase struct {
	catalogue.Node
	KeeperID catalogue.ID   `oms:"ref=Keeper"`
	Books    catalogue.Many `oms:"of=Book,via=bookcase"`
	Rooms    catalogue.Many `oms:"of=Room,link=room_cases/bookcase_id/room_id"`
	Width    int            `oms:""`
}

type Keeper struct{ catalogue.Row }

type Room struct {
	catalogue.Row
	Bookcases catalogue.Many `oms:"of=Bookcase,link=room_cases/room_id/bookcase_id"`
}

type Book struct {
	catalogue.Node
	BookcaseID catalogue.ID   `oms:"ref=Bookcase"`
	AuthorID   catalogue.ID   `oms:"ref=Keeper"`
	LeanID     catalogue.ID   `oms:"leansOn,ref=Book"`
	Pages      catalogue.Many `oms:"of=Sheet,via=book"`
}

type Sheet struct {
	catalogue.Row
	BookID catalogue.ID `oms:"ref=Book"`
}

type Remark struct {
	catalogue.Row
	BookcaseID catalogue.ID `oms:"bookcase,hidden,ref=Bookcase"`
	BookID     catalogue.ID `oms:"book,hidden,ref=Book"`
	OtherID    catalogue.ID `oms:"other,hidden,ref=Book"`
}

var dates = []catalogue.InputSpec{{Name: "DateRange", Fields: []string{"from: DateTime"}}}

// library is a library of which one type has parts.
func library(typ, parts string) (*catalogue.Catalogue, error) {
	types := []catalogue.TypeSpec{{Go: Bookcase{}, Plural: "bookcases"}, {Go: Keeper{}}, {Go: Room{}}, {Go: Book{}}, {Go: Sheet{}, Root: "book"}, {Go: Remark{}}}
	for i := range types {
		if fmt.Sprintf("%T", types[i].Go) == "catalogue_test."+typ {
			types[i].Parts = parts
		}
	}
	return catalogue.New(catalogue.Spec{Inputs: dates, Types: types})
}

// branches prints a tree of parts.
func branches(t *catalogue.PartTree) (out []string) {
	path := map[*catalogue.Part]string{}
	t.Each(func(above, p *catalogue.Part) {
		path[p] = p.Word
		if above != nil {
			path[p] = path[above] + "." + p.Word
		}
		by := "→"
		switch {
		case p.Edge != nil && p.Edge.Link != nil:
			by = p.Edge.Link.Table
		case p.Edge != nil:
			by = p.Edge.By.Column
		}
		out = append(out, path[p]+" "+by+" "+p.Target.Name)
	})
	return out
}

func TestPathsBecomeATree(t *testing.T) {
	t.Parallel()
	c, err := library("Bookcase", "keeper books.pages books.author rooms remarks")
	require.NoError(t, err)
	bookcase, book := c.Type("Bookcase"), c.Type("Book")
	require.Equal(t, []string{"keeper → Keeper", "books bookcase_id Book", "books.pages book_id Sheet", "books.author → Keeper", "rooms room_cases Room", "remarks bookcase_id Remark"},
		branches(bookcase.Parts))
	require.Nil(t, book.Parts)
	require.Empty(t, branches(book.Parts))

	require.Nil(t, bookcase.Edge("remarks"), "the API has none")
	require.Equal(t, c.Type("Remark").Field("bookcase"), bookcase.Connection("remarks").By)
	require.Equal(t, bookcase.Edge("books"), bookcase.Connection("books"))
	require.Nil(t, bookcase.Connection("keeper"))
	require.Len(t, bookcase.Connections(), 3)
	require.Len(t, bookcase.Edges, 2)
}

// TestWhatATreeBringsWhole: all books of the case and all their pages; not who else has a keeper or a room. Books that come by another way as well
// come without all that the first way brings.
func TestWhatATreeBringsWhole(t *testing.T) {
	t.Parallel()
	c, err := library("Bookcase", "keeper books.pages rooms")
	require.NoError(t, err)
	bookcase, book, room := c.Type("Bookcase"), c.Type("Book"), c.Type("Room")
	require.True(t, bookcase.Parts.Whole(bookcase, bookcase.Edge("books")))
	require.True(t, bookcase.Parts.Whole(book, book.Edge("pages")))
	require.False(t, bookcase.Parts.Whole(bookcase, bookcase.Edge("rooms")), "other turns may link")
	require.False(t, bookcase.Parts.Whole(room, room.Edge("bookcases")))
	require.False(t, book.Parts.Whole(book, book.Edge("pages")), "a book has no parts")

	c, err = library("Bookcase", "books")
	require.NoError(t, err)
	require.False(t, c.Type("Bookcase").Parts.Whole(c.Type("Book"), c.Type("Book").Edge("pages")))

	c, err = catalogue.New(catalogue.Spec{Inputs: dates, Types: []catalogue.TypeSpec{{Go: Desk{}, Parts: "left.drawers right"}, {Go: Half{}, Plural: "halves"}, {Go: Drawer{}}}})
	require.NoError(t, err)
	require.False(t, c.Type("Desk").Parts.Whole(c.Type("Half"), c.Type("Half").Edge("drawers")), "the right half comes without its drawers")
	c, err = catalogue.New(catalogue.Spec{Inputs: dates, Types: []catalogue.TypeSpec{{Go: Desk{}, Parts: "left.drawers right.drawers"}, {Go: Half{}, Plural: "halves"}, {Go: Drawer{}}}})
	require.NoError(t, err)
	require.True(t, c.Type("Desk").Parts.Whole(c.Type("Half"), c.Type("Half").Edge("drawers")))
}

type Desk struct {
	catalogue.Node
	LeftID  catalogue.ID `oms:"ref=Half"`
	RightID catalogue.ID `oms:"ref=Half"`
}

type Half struct {
	catalogue.Row
	Drawers catalogue.Many `oms:"of=Drawer,via=half"`
}

type Drawer struct {
	catalogue.Row
	HalfID catalogue.ID `oms:"ref=Half"`
}

func TestPathsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typ, parts, want string }{
		{"Bookcase", "boks", "Bookcase: parts: boks leads nowhere at boks: Bookcase has no such reference or connection, and no type of that plural refers to it"},
		{"Bookcase", "books.chapters", "Bookcase: parts: books.chapters leads nowhere at chapters: Book has no such"},
		{"Bookcase", "width", "leads nowhere at width"},
		{"Bookcase", "books..pages", "Bookcase: parts: books..pages leads nowhere at :"},
		{"Bookcase", "books.remarks", "Bookcase: parts: books.remarks is not clear at remarks: Remark refers to Book by 2 references; declare a connection"},
		{"Bookcase", "books keeper books", "Bookcase: parts: books is named twice"},
		{"Bookcase", "books.pages keeper books.pages", "Bookcase: parts: books.pages is named twice"},
		{"Bookcase", "books books.pages", "Bookcase: parts: books is named twice: a longer path leads through it"},
		{"Bookcase", "books.pages books", "Bookcase: parts: books is named twice: a longer path leads through it"},
		{"Bookcase", "books.bookcase", "Bookcase: parts: books.bookcase: at bookcase, Bookcase would be its own dependant"},
		{"Bookcase", "books.leansOn", "Bookcase: parts: books.leansOn: at leansOn, Book would be its own dependant"},
		{"Bookcase", "rooms.bookcases.keeper", "at bookcases, Bookcase would be its own dependant"},
		{"Sheet", "book.author", "Sheet: parts: it hangs on another root, by book: name its parts there"},
	} {
		_, err := library(c.typ, c.parts)
		require.ErrorContains(t, err, c.want, c.parts)
	}
}
