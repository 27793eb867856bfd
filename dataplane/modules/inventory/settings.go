package inventory

import "github.com/fluent-oms/fluent/domain/setting"

// DefaultCatalogue is the ref of the inventory catalogue that batches go to which name none.
var DefaultCatalogue = setting.Text(setting.About{Name: "DEFAULT_INVENTORY_CATALOGUE", From: setting.Retailer, Without: "DEFAULT:<retailer>",
	Doc: "Ref of the inventory catalogue of batches without catalogueRef; made with the retailer."}, "")

// Conditions are those in which goods may be.
var Conditions = setting.List(setting.About{Name: "INVENTORY_CONDITIONS", From: setting.Retailer,
	Doc: "Conditions that records of stock may name; others are refused. What is not NEW is not counted as on hand."}, "NEW", "USED", "DAMAGED")

func settings() []*setting.Declaration { return setting.Declarations(DefaultCatalogue, Conditions) }
