package inventory

import "github.com/fluent-oms/fluent/domain/setting"

// DefaultCatalogue is the ref of the inventory catalogue that batches go to which name none.
var DefaultCatalogue = setting.Text(setting.About{Name: "DEFAULT_INVENTORY_CATALOGUE", From: setting.Retailer, Without: "DEFAULT:<retailer>",
	Doc: "Ref of the inventory catalogue of batches without catalogueRef; made with the retailer."}, "")

func settings() []*setting.Declaration { return setting.Declarations(DefaultCatalogue) }
