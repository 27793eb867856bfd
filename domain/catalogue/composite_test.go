package catalogue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

type Voucher struct {
	catalogue.Node
	ShopRef string                  `oms:"hidden"`
	ShopID  catalogue.ID            `oms:"shopId,hidden"`
	Uses    int                     `oms:"none=0"`
	Number  int                     `oms:"out=String"`
	Shop    catalogue.CompositeLink `oms:"of=ShopLink,on=ref:shopRef+owner.id:shopId,by=ShopKey" doc:"Where it is taken."`
	Count   catalogue.CompositeLink `oms:"nosearch,of=Count,on=n:number"`
}

func vouchers() catalogue.Spec {
	return catalogue.Spec{
		Types:   []catalogue.TypeSpec{{Go: Voucher{}, Create: true}},
		Objects: []catalogue.ObjectSpec{{Name: "ShopLink", Fields: []string{"ref: String", "owner: OwnerLink"}}, {Name: "OwnerLink", Fields: []string{"id: ID"}}, {Name: "Count", Fields: []string{"n: Int"}}},
		Inputs: []catalogue.InputSpec{
			{Name: "DateRange", Fields: []string{"from: DateTime"}}, {Name: "OwnerId", Fields: []string{"id: ID!"}},
			{Name: "ShopKey", Fields: []string{"ref: String!", "owner: OwnerId!"}}, {Name: "ShopLinkInput", Fields: []string{"ref: String!", "owner: OwnerId!"}},
		},
	}
}

func TestACompositeIsDerived(t *testing.T) {
	t.Parallel()
	c, err := catalogue.New(vouchers())
	require.NoError(t, err)
	typ := c.Type("Voucher")
	shop := typ.Composite("shop")
	require.Equal(t, []string{"ShopLink", "ShopLinkInput", "Where it is taken."}, []string{shop.GraphQL, shop.Argument, shop.Doc})
	require.Equal(t, []string{"owner", "id"}, shop.Members[1].Path)
	require.Same(t, typ.Field("shopId"), shop.Members[1].Field)
	require.Equal(t, "7", shop.Members[1].In(map[string]any{"owner": map[string]any{"id": "7"}}))
	require.Nil(t, shop.Members[1].In(map[string]any{"owner": "7"}))
	in := typ.Create.Input.Field("shop")
	require.Equal(t, "ShopKey", in.Type)
	require.Same(t, shop, in.Composite)
	require.Nil(t, in.Key, "nothing is looked up")
	require.Nil(t, typ.Create.Input.Field("shopRef"))
	require.True(t, typ.Field("uses").Null)
	require.Equal(t, "[String]", typ.Field("number").Argument)
	require.Same(t, typ.Field("number"), typ.Composite("count").Members[0].Field, "alone it is a text, inside it is a number")
}

func TestWrongCompositesAreFound(t *testing.T) {
	t.Parallel()
	type Lost struct {
		catalogue.Node
		Ref  string                  `oms:""`
		Size int                     `oms:""`
		A    catalogue.CompositeLink `oms:"nosearch,of=Nothing,on=ref:ref"`
		B    catalogue.CompositeLink `oms:"nosearch,of=ShopLink,on=ref:gone"`
		C    catalogue.CompositeLink `oms:"nosearch,of=ShopLink,on=ref:size+owner.name:ref"`
		D    catalogue.CompositeLink `oms:"nosearch,of=ShopLink,on=ref:ref"`
		E    catalogue.CompositeLink `oms:"of=OwnerLink,on=id:id"`
		F    catalogue.CompositeLink `oms:"nosearch,of=ShopLink,on=ref:ref+owner.id:id,by=OwnerId"`
		G    string                  `oms:"none=0"`
		H    int                     `oms:"!,none=0"`
		I    int                     `oms:"none=1"`
	}
	spec := vouchers()
	spec.Types = append(spec.Types, catalogue.TypeSpec{Go: Lost{}, Create: true})
	_, err := catalogue.New(spec)
	for _, want := range []string{
		"Lost.A: no object Nothing",
		"Lost.B: on=ref:gone: Lost has no such field",
		`Lost.C: on=ref:size: ShopLink has "String" there, the field is Int`,
		`Lost.C: on=owner.name:ref: ShopLink has "" there, the field is String`,
		"Lost.D: on= names 1 of the 2 values of ShopLink",
		"Lost.e: OwnerLinkInput has no id",
		"CreateLostInput.f: OwnerId has no ref",
		"CreateLostInput.f: OwnerId has no owner.id",
		"Lost.G: none=0 is for integers", "Lost.H: none=0 is for integers", "Lost.I: none=0 is for integers",
	} {
		require.ErrorContains(t, err, want)
	}
}
