package catalogue_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// A small shop: boxes hold things, of which there are two kinds in one table; tags group boxes.

type Box struct {
	catalogue.Node
	Ref string `oms:"create=!,update=-,max=9" doc:"Unique."`
	catalogue.Orchestrated
	Size    *float64            `oms:"size"`
	Count   int                 `oms:"!"`
	Opened  *time.Time          `oms:"opened"`
	Notes   []string            `oms:""`
	Extra   json.RawMessage     `oms:"extra"`
	Colours []Colour            `oms:"in=colors,merge=name"`
	Secret  string              `oms:"hidden"`
	OwnerID catalogue.ID        `oms:"holder,ref=Box,by=BoxKey,in=owner"`
	PinCode catalogue.WriteOnly `oms:"create=!,update=-"`
	Things  catalogue.Many      `oms:"of=Round,via=box,create=[CreateRoundWithBoxInput]"`
	Labels  catalogue.Many      `oms:"of=Label,link=box_labels/box_id/label_id,update=[LabelId]"`
}

type Colour struct {
	Name  string  `json:"name" oms:"!"`
	Shade float64 `json:"shade" oms:"create=!"`
}

type Label struct {
	catalogue.Row
	Text string `oms:"!,pii"`
}

type ThingFields struct {
	catalogue.Node
	Ref    string       `oms:"!"`
	BoxID  catalogue.ID `oms:"!,ref=Box,by=BoxKey,search"`
	BoxRef string       `oms:"boxLink,wrap=BoxLink,copy=box.ref"`
}

type Round struct {
	ThingFields
	Radius float64 `oms:"!"`
}

type Square struct {
	ThingFields
	SideCM int `oms:"!"`
}

type Pick struct {
	catalogue.Node
	ThingRef string           `oms:"hidden,create=!"`
	Thing    catalogue.Lookup `oms:"!,of=Thing,on=thingRef:ref"`
	AnyID    catalogue.ID     `oms:"any,ref=Thing"`
	Outside  catalogue.ID     `oms:"outside,!"`
}

func shop() catalogue.Spec {
	return catalogue.Spec{
		Types: []catalogue.TypeSpec{
			{
				Go: Box{}, Event: "BOX", Plural: "boxes", Implements: "Node", Key: "ref", Gets: []string{"box(id: ID, ref: String)"}, Create: true, Update: "id", Fires: true,
				Removes: []catalogue.RemovalSpec{{Name: "removeLabelsFromBox", Owner: "box: BoxKey!", Items: "labels: [LabelId!]!", From: "labels"}},
			},
			{Go: Label{}},
			{Go: Round{}, Table: "things", Shared: true, Implements: "Node Thing", Key: "ref box", ID: catalogue.UUID, Root: "box", Create: true, Event: "THING"},
			{Go: Square{}, Table: "things", Shared: true, Implements: "Node Thing", Key: "ref box", ID: catalogue.UUID, Root: "box", Event: "THING", Update: "ref box"},
			{Go: Pick{}, Retailer: ""},
		},
		Values:     []catalogue.ValueSpec{{Go: Colour{}, Input: "ColourInput", MergeBy: "name"}},
		Interfaces: []catalogue.InterfaceSpec{{Name: "Node", Fields: "id"}, {Name: "Thing", Fields: "ref", Shared: true, Search: "ref"}},
		Inputs: []catalogue.InputSpec{
			{Name: "DateRange", Fields: []string{"from: DateTime"}},
			{Name: "BoxKey", Of: "Box", Fields: []string{"id: ID", "ref: String max=9"}},
			{Name: "LabelId", Of: "Label", Fields: []string{"id: ID!"}},
			{Name: "BoxLinkInput", Fields: []string{"ref: String!"}},
			{Name: "CreateRoundWithBoxInput", Of: "Round", Base: catalogue.Create, Without: "box"},
		},
		Objects:     []catalogue.ObjectSpec{{Name: "BoxLink", Fields: []string{"ref: String"}}},
		Queries:     []catalogue.OperationSpec{{Field: "best(ref: [String!]!, first: Int): RoundConnection", Entity: "Round"}},
		Permissions: []string{"SHOP_VIEW"},
	}
}

func newShop(t *testing.T) *catalogue.Catalogue {
	t.Helper()
	c, err := catalogue.New(shop())
	require.NoError(t, err)
	return c
}

func TestFieldsAreDerived(t *testing.T) {
	t.Parallel()
	c := newShop(t)
	for _, w := range []struct {
		typ, name, column, graphql, argument string
		kind                                 catalogue.ValueKind
		null, hidden                         bool
	}{
		{typ: "Box", name: "id", column: "id", graphql: "ID!", kind: catalogue.IDValue},
		{typ: "Box", name: "createdOn", column: "created_on", graphql: "DateTime", argument: "DateRange", kind: catalogue.Time},
		{typ: "Box", name: "ref", column: "ref", graphql: "String", argument: "[String]"},
		{typ: "Box", name: "type", column: "type", graphql: "String!", argument: "[String!]"},
		{typ: "Box", name: "status", column: "status", graphql: "String", argument: "[String]", null: true},
		{typ: "Box", name: "size", column: "size", graphql: "Float", argument: "[Float]", kind: catalogue.Float, null: true},
		{typ: "Box", name: "count", column: "count", graphql: "Int!", argument: "[Int!]", kind: catalogue.Int},
		{typ: "Box", name: "opened", column: "opened", graphql: "DateTime", argument: "DateRange", kind: catalogue.Time, null: true},
		{typ: "Box", name: "notes", column: "notes", graphql: "[String]", argument: "[[String]]", kind: catalogue.JSON, null: true},
		{typ: "Box", name: "extra", column: "extra", graphql: "Json", kind: catalogue.JSON, null: true},
		{typ: "Box", name: "colours", column: "colours", graphql: "[Colour]", kind: catalogue.JSON, null: true},
		{typ: "Box", name: "secret", column: "secret", graphql: "String", hidden: true, null: true},
		{typ: "Box", name: "holder", column: "owner_id", graphql: "Box", kind: catalogue.IDValue, null: true},
		{typ: "Label", name: "createdOn", column: "created_on", graphql: "DateTime", kind: catalogue.Time, hidden: true},
		{typ: "Round", name: "kind", column: "kind", graphql: "String!", hidden: true},
		{typ: "Round", name: "box", column: "box_id", graphql: "Box!", argument: "BoxKey", kind: catalogue.IDValue},
		{typ: "Round", name: "boxLink", column: "box_ref", graphql: "BoxLink", argument: "BoxLinkInput", null: true},
		{typ: "Square", name: "sideCM", column: "side_cm", graphql: "Int!", argument: "[Int!]", kind: catalogue.Int},
		{typ: "Pick", name: "outside", column: "outside", graphql: "ID!", argument: "[ID!]", kind: catalogue.Text},
		{typ: "Thing", name: "ref", column: "ref", graphql: "String!", argument: "[String!]"},
		{typ: "Thing", name: "id", column: "id", graphql: "ID!", kind: catalogue.IDValue, hidden: true},
	} {
		f := c.Type(w.typ).Field(w.name)
		require.NotNil(t, f, w.typ+"."+w.name)
		got := []any{f.Column, f.GraphQL, f.Argument, f.Kind, f.Null, f.Hidden}
		require.Equal(t, []any{w.column, w.graphql, w.argument, w.kind, w.null, w.hidden}, got, w.typ+"."+w.name)
	}
}

func TestFieldsReachTheirStruct(t *testing.T) {
	t.Parallel()
	c := newShop(t)
	round := c.Type("Round")
	r, ok := round.New().(*Round)
	require.True(t, ok)
	*round.Field("ref").Pointer(r).(*string) = "R1"
	require.Equal(t, "R1", r.Ref)
	require.Equal(t, "R1", round.Field("ref").Get(r))
	require.Equal(t, "Round", round.Discriminator.Get(r), "the discriminator is the type's name")
	*round.Discriminator.Pointer(r).(*string) = "Square"
	require.Equal(t, "Round", round.Discriminator.Get(r))
}

func TestTypesAreConnected(t *testing.T) {
	t.Parallel()
	c := newShop(t)
	box, round, thing := c.Type("Box"), c.Type("Round"), c.Type("Thing")
	require.True(t, box.Workflow)
	require.True(t, box.Fires)
	require.Equal(t, "boxes", box.Table)
	require.Equal(t, []*catalogue.Type{round, c.Type("Square")}, c.EntityTypes("THING"))

	require.True(t, thing.Abstract())
	require.Equal(t, "things", thing.Table)
	require.Equal(t, round, thing.Member("Round"))
	require.Nil(t, thing.Member("Box"))
	require.Equal(t, "kind", thing.Discriminator.Column)
	require.Equal(t, box, thing.Field("box").Ref)

	require.Equal(t, round.Field("box"), round.Root)
	require.Equal(t, []*catalogue.Field{round.Field("ref"), round.Field("box")}, round.Key)
	require.Equal(t, "things_ref_box_id_key", round.Uniques[0].Name)
	require.Equal(t, []*catalogue.Field{round.Field("box"), round.Field("ref")}, round.Uniques[0].Fields, "references come first in an index")
	require.Equal(t, []*catalogue.Field{round.Field("box"), box.Field("ref")}, round.Field("boxLink").Copy)
	require.Equal(t, "ref", round.Field("boxLink").Wrap)

	require.Equal(t, round.Field("box"), box.Edge("things").By)
	require.Equal(t, &catalogue.Link{Table: "box_labels", OwnerColumn: "box_id", Target: "label_id"}, box.Edge("labels").Link)

	k := c.Type("Pick").KeyRef("thing")
	require.Equal(t, thing, k.Target)
	require.Equal(t, "Thing!", k.GraphQL)
	require.Equal(t, []*catalogue.Field{thing.Field("ref")}, k.Remote)
	require.Equal(t, thing, c.Type("Pick").Field("any").Ref)
}

func fieldTypes(in *catalogue.Input) map[string]string {
	out := map[string]string{}
	for _, f := range in.Fields {
		out[f.Name] = f.Type
	}
	return out
}

func TestInputsAreDerived(t *testing.T) {
	t.Parallel()
	c := newShop(t)
	box := c.Type("Box")
	require.Equal(t, map[string]string{
		"ref": "String!", "type": "String!", "size": "Float", "count": "Int!", "opened": "DateTime", "notes": "[String]", "extra": "Json",
		"colors": "[ColourInput]", "owner": "BoxKey", "pinCode": "String!", "things": "[CreateRoundWithBoxInput]",
	}, fieldTypes(box.Create.Input))
	require.Equal(t, map[string]string{
		"id": "ID!", "type": "String", "status": "String", "size": "Float", "count": "Int", "opened": "DateTime", "notes": "[String]", "extra": "Json",
		"colors": "[ColourInput]", "owner": "BoxKey", "labels": "[LabelId]",
	}, fieldTypes(box.Update.Input))
	require.Equal(t, map[string]string{"ref": "String!", "radius": "Float!"}, fieldTypes(c.Input("CreateRoundWithBoxInput")))
	require.Equal(t, map[string]string{"ref": "String!", "box": "BoxKey!", "sideCM": "Int"}, fieldTypes(c.Input("UpdateSquareInput")))
	require.Equal(t, map[string]string{"name": "String!", "shade": "Float!"}, fieldTypes(c.Input("ColourInput")))
	require.Equal(t, map[string]string{"box": "BoxKey!", "labels": "[LabelId!]!"}, fieldTypes(c.Input("RemoveLabelsFromBoxInput")))
}

func TestInputFieldsSayWhereTheyLand(t *testing.T) {
	t.Parallel()
	c := newShop(t)
	box := c.Type("Box")
	in := box.Create.Input
	require.Equal(t, box.Field("colours"), in.Field("colors").Field)
	require.Equal(t, []string{"name"}, in.Field("colors").MergeBy)
	require.Equal(t, c.Input("BoxKey"), in.Field("owner").Key)
	require.Equal(t, box.Field("holder"), in.Field("owner").Field)
	require.True(t, in.Field("pinCode").WriteOnly)
	require.Equal(t, c.Input("CreateRoundWithBoxInput"), in.Field("things").Children)
	require.Equal(t, box.Edge("things"), in.Field("things").Edge)
	require.Equal(t, 9, in.Field("ref").MaxLen)
	require.Equal(t, box.Edge("labels"), box.Update.Input.Field("labels").Edge)
	require.True(t, box.Update.Input.Field("id").Identify)
	require.True(t, c.Input("BoxKey").Field("ref").Identify)
	require.Equal(t, c.Input("BoxKey"), c.Input("UpdateSquareInput").Field("box").Key)
	require.Equal(t, []catalogue.GetArg{{Name: "id", Field: box.Field("id"), Type: "ID"}, {Name: "ref", Field: box.Field("ref"), Type: "String"}}, box.Gets[0].Args)
	require.Equal(t, "RemoveLabelsFromBoxOutput", box.Removes[0].Output)
	require.Equal(t, box.Edge("labels"), box.Removes[0].Edge)
}

func TestPermissionsComeFromTheTypes(t *testing.T) {
	t.Parallel()
	p := newShop(t).Permissions()
	require.Subset(t, p, []string{"BOX_VIEW", "BOX_CREATE", "BOX_UPDATE", "THING_VIEW", "SHOP_VIEW"})
	require.IsNonDecreasing(t, p)
}

func TestWrongDeclarationsAreNamed(t *testing.T) {
	t.Parallel()
	type NoID struct {
		Ref string `oms:"ref"`
	}
	type Wrong struct {
		catalogue.Node
		Map map[string]string `oms:"map"`
	}
	type BadTag struct {
		catalogue.Node
		A string `oms:"a,b"`
	}
	type Lost struct {
		catalogue.Node
		OtherID catalogue.ID   `oms:"ref=Nothing"`
		All     catalogue.Many `oms:"of=Lost,via=nowhere"`
		Link    catalogue.Many `oms:"of=Lost,link=one/two"`
		Box     string         `oms:"wrap=Nothing"`
		Copy    string         `oms:"copy=a.b"`
	}
	type Twice struct {
		catalogue.Node
		A string `oms:"a"`
		B string `oms:"a"`
	}
	for name, c := range map[string]struct {
		spec catalogue.TypeSpec
		want string
	}{
		"no id":          {catalogue.TypeSpec{Go: NoID{}}, "NoID: embeds neither Node nor Row"},
		"Go type":        {catalogue.TypeSpec{Go: Wrong{}}, "Wrong.Map: no column for Go type map[string]string"},
		"tag":            {catalogue.TypeSpec{Go: BadTag{}}, "BadTag.A: two names: a and b"},
		"reference":      {catalogue.TypeSpec{Go: Lost{}}, "Lost.OtherID: no type Nothing"},
		"connection":     {catalogue.TypeSpec{Go: Lost{}}, `Lost.All: Lost has no reference "nowhere" to Lost`},
		"link":           {catalogue.TypeSpec{Go: Lost{}}, "Lost.Link: link=one/two: want table/column/column"},
		"wrap":           {catalogue.TypeSpec{Go: Lost{}}, "Lost.Box: wrap=Nothing is no object of one member"},
		"copy":           {catalogue.TypeSpec{Go: Lost{}}, "Lost.Copy: copy=a.b leads nowhere at a"},
		"same name":      {catalogue.TypeSpec{Go: Twice{}}, "Twice: two fields a"},
		"key":            {catalogue.TypeSpec{Go: Label{}, Key: "none"}, "Label: no field none"},
		"root":           {catalogue.TypeSpec{Go: Label{}, Root: "text"}, "Label: root text is no reference"},
		"retailer":       {catalogue.TypeSpec{Go: Label{}, Retailer: "text"}, "Label: field text does not lead to a retailer"},
		"get":            {catalogue.TypeSpec{Go: Label{}, Gets: []string{"label(x: ID)"}}, "label: Label has no field x"},
		"search input":   {catalogue.TypeSpec{Go: Twice{}}, "Twice.createdOn: no input type DateRange to search by"},
		"declared twice": {catalogue.TypeSpec{Go: Label{}}, ""},
	} {
		_, err := catalogue.New(catalogue.Spec{Types: []catalogue.TypeSpec{c.spec}})
		if c.want == "" {
			require.NoError(t, err, name)
			_, err = catalogue.New(catalogue.Spec{Types: []catalogue.TypeSpec{c.spec, c.spec}})
			require.ErrorContains(t, err, "Label: declared twice", name)
			continue
		}
		require.ErrorContains(t, err, c.want, name)
	}
}

func TestAttributesMergeByName(t *testing.T) {
	t.Parallel()
	old := catalogue.Attributes{{Name: "a", Type: "STRING", Value: "1"}, {Name: "b", Type: "INTEGER", Value: 2}}
	got := old.Merge(catalogue.Attributes{{Name: "b", Type: "STRING", Value: "x"}, {Name: "c", Type: "JSON", Value: nil}})
	require.Equal(t, catalogue.Attributes{{Name: "a", Type: "STRING", Value: "1"}, {Name: "b", Type: "STRING", Value: "x"}, {Name: "c", Type: "JSON"}}, got)
	require.Equal(t, 2, old[1].Value, "the receiver is left alone")
	v, ok := got.Get("b")
	require.True(t, ok)
	require.Equal(t, "x", v)
	_, ok = got.Get("z")
	require.False(t, ok)
}
