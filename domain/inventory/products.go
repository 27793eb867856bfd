// Package inventory is global inventory: catalogues of products, of stock and of what is available to sell, joined only by
// references; and the pure arithmetic over them.
package inventory

import "github.com/fluent-oms/fluent/domain/catalogue"

// ProductCatalogue contains categories and products.
type ProductCatalogue struct {
	catalogue.Node
	Ref string `oms:"!,max=100" doc:"Unique in the account."`
	catalogue.Orchestrated
	Name         string               `oms:"!"`
	Description  string               `oms:""`
	RetailerRefs []string             `oms:"" doc:"The retailers that may use it."`
	Attributes   catalogue.Attributes `oms:"merge=name"`
	Categories   catalogue.Many       `oms:"of=Category,via=catalogue"`
}

// Category is a node of a product catalogue's tree.
type Category struct {
	catalogue.Node
	Ref string `oms:"!,max=100" doc:"Unique in its catalogue."`
	catalogue.Orchestrated
	Name             string               `oms:"!"`
	Summary          string               `oms:""`
	CatalogueID      catalogue.ID         `oms:"!,ref=ProductCatalogue,by=ProductCatalogueKey,search"`
	ParentCategoryID catalogue.ID         `oms:"ref=Category,by=CategoryKey"`
	Attributes       catalogue.Attributes `oms:"merge=name"`
	ChildCategories  catalogue.Many       `oms:"of=Category,via=parentCategory,create=[CategoryKey],update=[CategoryKey]" doc:"Direct children only."`
}

// ProductFields are the fields that all kinds of product have; they share the table products.
type ProductFields struct {
	catalogue.Node
	Ref string `oms:"!,max=100" doc:"Unique in its catalogue."`
	catalogue.Orchestrated
	Name         string               `oms:"!"`
	Summary      string               `oms:"max=255"`
	CatalogueID  catalogue.ID         `oms:"!,ref=ProductCatalogue,by=ProductCatalogueKey,search"`
	CatalogueRef string               `oms:"hidden,copy=catalogue.ref"` // order items find products by both refs
	Prices       []Price              `oms:"merge=type+currency"`
	Tax          *TaxType             `oms:"in=taxType"`
	Attributes   catalogue.Attributes `oms:"merge=name"`
	Categories   catalogue.Many       `oms:"of=Category,link=product_categories/product_id/category_id,create=[CategoryKey],update=[CategoryKey]"`
}

// StandardProduct is an ordinary product, usually the base of variants.
type StandardProduct struct {
	ProductFields
	GTIN     string         `oms:"!,max=20" doc:"Global trade item number."`
	Variants catalogue.Many `oms:"of=VariantProduct,via=product,create=[VariantProductKey],update=[VariantProductKey]"`
}

// VariantProduct is a sellable variation of a standard product, such as a size.
type VariantProduct struct {
	ProductFields
	GTIN      string       `oms:"!,max=20" doc:"Global trade item number."`
	ProductID catalogue.ID `oms:"!,ref=StandardProduct,by=ProductKey,create=?" doc:"The standard product that it varies."`
}

// GroupProduct is a bundle or a kit: products that are offered together.
type GroupProduct struct {
	ProductFields
	Products catalogue.Many `oms:"hidden,of=Product,link=group_members/group_id/product_id,create=[ProductKey],update=[ProductKey]"`
}

// Price is what a product costs, by kind of price and currency.
type Price struct {
	Type     string  `json:"type" oms:"!" doc:"Such as RRP or SALE."`
	Currency string  `json:"currency" oms:"!,names=Currency"`
	Value    float64 `json:"value" oms:"!,least=0"`
}

// TaxType says how a product is taxed.
type TaxType struct {
	Country string `json:"country" oms:"!,max=100"`
	Group   string `json:"group" oms:"!,max=100"`
	Tariff  string `json:"tariff" oms:"create=!,max=100"`
}
