package masterdata

import (
	"context"

	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/inventory"
)

// actions are what batches of master data may do.
var actions = []string{"CREATE", "UPDATE", "UPSERT"}

func loads() []manifest.Load {
	return []manifest.Load{
		{EntityType: "PRODUCT", Actions: actions, Entities: products},
		{EntityType: "SKU", Actions: actions, Entities: products},
		{EntityType: "CATEGORY", Actions: actions, Entities: categories},
		{EntityType: "LOCATION", Actions: actions, Entities: locations},
		{EntityType: "RETAILER", Actions: actions, Entities: retailers, Alone: 20},
		{EntityType: "ACCOUNT", Refused: "accounts are made by the operator of the platform, who hands on what signs in to them: fluent account create"},
	}
}

// kindOfProduct is one of the kinds of product: its type, and the step in which it is written.
type kindOfProduct struct {
	typ  string
	step int // variants point at standard products, groups at any
}

var kindsOfProduct = map[string]kindOfProduct{"STANDARD": {"StandardProduct", 0}, "VARIANT": {"VariantProduct", 1}, "GROUP": {"GroupProduct", 2}}

// products reads records with the members of the inputs of products, and ref (or skuRef), productRef (of a variant), productRefs (of a group),
// categoryRefs and tax.
func products(ctx context.Context, r *store.Reader, b manifest.Batch, records []map[string]any) ([]manifest.Entity, error) {
	c, err := productCatalogue(ctx, r, b)
	if err != nil {
		return nil, err
	}
	out := make([]manifest.Entity, len(records))
	for i, x := range records {
		if out[i], err = product(x, c); err != nil {
			out[i].Err = err
		}
	}
	return out, nil
}

func product(r record, c *inventory.ProductCatalogue) (x manifest.Entity, err error) {
	ref, named, err := r.ref("ref", "skuRef")
	if err != nil {
		return x, err
	}
	word, err := r.kindOfProduct()
	if err != nil {
		return x, err
	}
	kind := kindsOfProduct[word]
	in := r.taken("type status name summary prices taxType gtin")
	in["ref"], in["catalogue"] = ref, map[string]any{"ref": c.Ref}
	otherwise(in, "type", word)
	x = manifest.Entity{Type: kind.typ, Among: "Product", Key: key(ref, c), Input: in, Step: kind.step, Names: map[string]string{"ref": named}}
	if tax, given := r["tax"]; given {
		in["taxType"], x.Names["taxType"] = tax, "tax"
	}
	if err := r.link(x, "categoryRefs", "categories", c); err != nil {
		return x, err
	}
	if word == "GROUP" {
		err = r.link(x, "productRefs", "products", c)
	}
	if word == "VARIANT" {
		of, err := r.text("productRef")
		if err != nil {
			return x, err
		}
		if of != "" {
			in["product"], x.Names["product"] = inCatalogue(of, c), "productRef"
		}
	}
	return x, err
}

// kindOfProduct is the word for the kind of product that a record is about.
func (r record) kindOfProduct() (string, error) {
	word, name, err := r.first("productType", "type")
	if err != nil {
		return "", err
	}
	if _, known := kindsOfProduct[word]; known {
		return word, nil
	}
	if word != "" && name == "productType" {
		return "", fault.Invalidf(name, "%q is unknown: want STANDARD, VARIANT or GROUP", word).WithCode(fault.CodeInvalid)
	}
	if r["productRef"] != nil {
		return "VARIANT", nil
	}
	return "STANDARD", nil
}

// link has an input name what a record lists by refs in the batch's catalogue.
func (r record) link(x manifest.Entity, from, to string, c *inventory.ProductCatalogue) error {
	refs, err := r.refs(from)
	if err != nil || refs == nil {
		return err
	}
	list := make([]any, len(refs))
	for i, ref := range refs {
		list[i] = inCatalogue(ref, c)
	}
	x.Input[to], x.Names[to] = list, from
	return nil
}

// categories reads records with the members of the inputs of categories, and parentCategoryRef.
func categories(ctx context.Context, r *store.Reader, b manifest.Batch, records []map[string]any) ([]manifest.Entity, error) {
	c, err := productCatalogue(ctx, r, b)
	if err != nil {
		return nil, err
	}
	out, parents := make([]manifest.Entity, len(records)), map[string]string{}
	for i, x := range records {
		if out[i], err = category(x, c, parents); err != nil {
			out[i].Err = err
		}
	}
	steps := depths(parents)
	for i := range out {
		if ref, ok := out[i].Input["ref"].(string); ok {
			out[i].Step = steps[ref]
		}
	}
	return out, nil
}

func category(r record, c *inventory.ProductCatalogue, parents map[string]string) (x manifest.Entity, err error) {
	ref, named, err := r.ref("ref")
	if err != nil {
		return x, err
	}
	in := r.taken("type status name summary")
	in["ref"], in["catalogue"] = ref, map[string]any{"ref": c.Ref}
	otherwise(in, "type", "DEFAULT")
	x = manifest.Entity{Type: "Category", Among: "Category", Key: key(ref, c), Input: in, Names: map[string]string{"ref": named}}
	parent, err := r.text("parentCategoryRef")
	if err != nil {
		return x, err
	}
	if parents[ref] = parent; parent != "" {
		in["parentCategory"], x.Names["parentCategory"] = inCatalogue(parent, c), "parentCategoryRef"
	}
	return x, nil
}
