package catalogue

import (
	"fmt"
	"strconv"
	"strings"
)

// Tag is the parsed `oms` tag of a struct field. The grammar is a list of words, separated by commas, in any order:
//
//	name          output name; left out: the Go name in lower camel case, without ID for references
//	!             the output is non-null; inputs of create are then required unless create= says otherwise
//	hidden        stored but not in the output, a Many, too; in inputs only where create= or update= says so
//	pii           personal data
//	search        a reference that searches filter by, with the key input of by=
//	nosearch      a scalar that searches do not filter by; a connection that takes paging arguments alone
//	plain         on Many: a list of all, without pages and filters
//	exact         searches compare the text as it is: % in it stands for itself
//	rare          seldom has a value: inserts of rows without one leave the column out
//	distinct      the elements of a list differ in the members that identify them
//	append        what an update gives of a list comes after what is stored: nothing of it is ever changed
//	ref=Type      a reference: the field is an ID; Type may be abstract
//	by=Key        the input type that points at what ref= or of= names: RetailerId, ProductCatalogueKey
//	find=Input    a reference that searches filter by fields of what it refers to: the input has a list of values for each
//	create=…      in the create input: ! required, ? optional, - absent, or a type text such as [CreateOrderItemWithOrderInput]!
//	update=…      the same for the update input
//	in=name       the name in inputs, where it differs: taxType for tax
//	out=type      output type text, where it cannot be derived; on a reference String: the API shows the id that it holds, and searches take it;
//	              Int: the API shows and takes the number of what it points at, and searches do too
//	enum=Name     the enumeration that the text is one of
//	wrap=Object   the output is Object with this value as its one member; the search argument is ObjectInput. Of a reference, the member is the id
//	copy=path     copied on creation from a field of this type, or of what a reference or a connection leads to: customer.ref. All that a
//	              connection leads to must agree
//	default=text  the value of a new entity for which nothing is given; {order.retailer} in it stands for what that path leads to
//	among=A|B     the values that a text may have
//	words=A|B     words that the platform knows among those that a text may have: what is nearly one of them is a slip and refused, others are callers' own
//	form=name     how a text or an integer must look: timeZone, timeOfDay; see domain/form. Refs need not say: what is part of a key, and what is called ref
//	              or …Ref, has the form of one
//	names=Type    a text that is the ref of a Type: who is limited to some retailers can give only what those reach; or the key of one of the rows
//	              of a value type, such as a currency's code: nobody can give another
//	max=n         longest text, in characters; 255 if left out
//	items=n       longest list, in elements
//	least=n       least number, itself allowed
//	most=n        greatest number, itself allowed
//	merge=a+b     a list of values merges with the stored one by these members on update
//	none=0        on integers that may be null: 0 stands for no value, stored as NULL
//	of=Type       on Many and Lookup: the type listed or found; on CompositeLink and Precise: the object shown
//	via=field     on Many: the reference of the target that leads back
//	link=t/a/b    on Many: the link table t with columns a, of this type, and b, of the target
//	on=a:x+b:y    on Lookup: this type's fields a and b equal the target's x and y; on CompositeLink: a and b are members of the object,
//	              catalogue.ref too, x and y the fields that hold them; on Precise: the field that has the number
//
// The default is create=! for ! fields, else create=?, and update=?. References, composite links and Many fields are in an
// input only if they have by= or a type text. A `doc` tag beside it holds the description that the API shows, a
// `deprecated` tag why callers should not read the field any more.
type Tag struct {
	Name                       string
	NonNull, Hidden, Personal  bool
	Search, NoSearch, Plain    bool
	Exact, Append, Rare        bool
	Distinct                   bool
	Ref, By, Create, Update    string
	In, Out, Wrap, Copy, Merge string
	Default, Among, Names      string
	Words, Form                string
	Enum, None, Find           string
	Of, Via, Link, On          string
	MaxLen, MaxItems           int

	Bounds // least=, most=
}

// ParseTag reads an `oms` tag.
func ParseTag(text string) (Tag, error) {
	var t Tag
	for _, word := range strings.Split(text, ",") {
		word = strings.TrimSpace(word)
		if word == "" {
			continue
		}
		option, value, isOption := strings.Cut(word, "=")
		var err error
		if isOption {
			err = t.option(option, value)
		} else {
			err = t.word(word)
		}
		if err != nil {
			return t, err
		}
	}
	return t, nil
}

func (t *Tag) word(word string) error {
	switch word {
	case "!":
		t.NonNull = true
	case "hidden":
		t.Hidden = true
	case "pii":
		t.Personal = true
	case "search":
		t.Search = true
	case "nosearch":
		t.NoSearch = true
	case "plain":
		t.Plain = true
	case "exact":
		t.Exact = true
	case "distinct":
		t.Distinct = true
	case "append":
		t.Append = true
	case "rare":
		t.Rare = true
	default:
		if t.Name != "" {
			return fmt.Errorf("two names: %s and %s", t.Name, word)
		}
		t.Name = word
	}
	return nil
}

func (t *Tag) option(option, value string) error {
	if value == "" {
		return fmt.Errorf("%s= says nothing", option)
	}
	texts := map[string]*string{
		"ref": &t.Ref, "by": &t.By, "create": &t.Create, "update": &t.Update, "in": &t.In, "out": &t.Out, "enum": &t.Enum, "none": &t.None, "wrap": &t.Wrap,
		"copy": &t.Copy, "merge": &t.Merge, "of": &t.Of, "via": &t.Via, "link": &t.Link, "on": &t.On, "find": &t.Find,
		"default": &t.Default, "among": &t.Among, "names": &t.Names, "words": &t.Words, "form": &t.Form,
	}
	if p, ok := texts[option]; ok {
		if *p != "" {
			return fmt.Errorf("%s= twice", option)
		}
		*p = value
		return nil
	}
	switch option {
	case "least":
		return parseBound(option, value, &t.Least)
	case "most":
		return parseBound(option, value, &t.Most)
	case "max":
		return parseCount(option, value, &t.MaxLen)
	case "items":
		return parseCount(option, value, &t.MaxItems)
	}
	return fmt.Errorf("unknown option %s=", option)
}

// parseCount reads the number of max= or items=.
func parseCount(option, value string, into *int) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return fmt.Errorf("%s=%s: want a positive number", option, value)
	}
	*into = n
	return nil
}

// mode is what create= or update= says for an operation, with the default filled in.
func (t *Tag) mode(op Base) string {
	said := t.Create
	if op == Update {
		said = t.Update
	}
	switch {
	case said != "":
		return said
	case t.Hidden, t.Wrap != "", t.Copy != "":
		return "-"
	case op == Create && t.NonNull:
		return "!"
	}
	return "?"
}
