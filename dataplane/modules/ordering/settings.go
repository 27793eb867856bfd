package ordering

import "github.com/fluent-oms/fluent/domain/setting"

// The module's settings.
var (
	AllowOversell = setting.Boolean(setting.About{Name: "ALLOW_OVERSELL", From: setting.Location,
		Doc: "Whether reservations may push on hand below zero; otherwise they stop at what is there."}, false)
	PickLimit = setting.Fraction(setting.About{Name: "PICK_N_PACK_TIME_LIMIT", From: setting.Location, Without: "none: they do not expire",
		Doc: "How many opening hours a location has to pick and pack; with 4, a fulfilment made at 19:30 expires at 23:30, and with 0 or less never."}, setting.Hours)
	PickLimitOf = setting.Families(setting.Fraction(setting.About{Name: PickLimit.Name() + "_", From: setting.Location, Without: "as for all delivery types",
		Doc: "The same for one delivery type."}, setting.Hours), "deliveryType")
	RejectedLocation = setting.Text(setting.About{Name: "SYSTEM_REJECTED_LOCATION", From: setting.Retailer,
		Doc: "Ref of the location that carries units which nobody can supply; made with the retailer."}, "REJECTED")
	PaymentTimeout = setting.Duration(setting.About{Name: "PAYMENT_TIMEOUT_MINUTES", From: setting.Retailer,
		Doc: "How long an order may wait for its payment."}, setting.Minutes, setting.Range{Default: 60, Least: 0})
	AcceptWithoutWorkflow = setting.Boolean(setting.About{Name: "ACCEPT_ORDERS_WITHOUT_WORKFLOW", From: setting.Retailer,
		Doc: "Whether orders are taken of a type for which the retailer has no workflow yet; otherwise they are refused."}, false)
	createsForOthers = setting.Either(setting.About{Name: "fc.graphql.order.create.event", From: setting.Account,
		Doc: "Whether an order for another retailer than its maker's primary one sends CREATE; else nothing drives it."},
		"normal", "disable-cross-retailer")

	weightProximity = setting.Number(setting.About{Name: "PROXIMITY.WEIGHTING.FACTOR", From: setting.Retailer,
		Doc: "How much nearness weighs when one location is proposed."}, 50)
	weightQuantity = setting.Number(setting.About{Name: "QUANTITY.WEIGHTING.FACTOR", From: setting.Retailer,
		Doc: "How much it weighs what part of the open units a location holds."}, 50)
)

func settings() []*setting.Declaration {
	return setting.Declarations(AllowOversell, PickLimit, PickLimitOf, RejectedLocation, PaymentTimeout, AcceptWithoutWorkflow, createsForOthers, weightProximity, weightQuantity)
}
