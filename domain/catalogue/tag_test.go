package catalogue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

func TestParseTag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want catalogue.Tag
		err  string
	}{
		{text: "", want: catalogue.Tag{}},
		{text: "!", want: catalogue.Tag{NonNull: true}},
		{text: "totalPrice, !, max=20", want: catalogue.Tag{Name: "totalPrice", NonNull: true, MaxLen: 20}},
		{text: "ref=Order,by=OrderKey,create=!", want: catalogue.Tag{Ref: "Order", By: "OrderKey", Create: "!"}},
		{text: "hidden,pii,search,nosearch", want: catalogue.Tag{Hidden: true, Personal: true, Search: true, NoSearch: true}},
		{text: "of=Item,create=[CreateItemInput!]!", want: catalogue.Tag{Of: "Item", Create: "[CreateItemInput!]!"}},
		{text: "a,b", err: "two names: a and b"},
		{text: "max=no", err: "max=no: want a positive number"},
		{text: "max=0", err: "max=0: want a positive number"},
		{text: "create=", err: "create= says nothing"},
		{text: "by=A,by=B", err: "by= twice"},
		{text: "colour=red", err: "unknown option colour="},
	} {
		got, err := catalogue.ParseTag(c.text)
		if c.err != "" {
			require.EqualError(t, err, c.err, c.text)
			continue
		}
		require.NoError(t, err, c.text)
		require.Equal(t, c.want, got, c.text)
	}
}
