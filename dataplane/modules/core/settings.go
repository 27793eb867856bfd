package core

import (
	"math"

	"github.com/fluent-oms/fluent/domain/setting"
)

// Webhook is the addresses of webhooks by name.
var Webhook = setting.Families(setting.Text(setting.About{Name: "webhook.", From: setting.Retailer, Without: "nothing is queued",
	Doc: "Where a webhook is posted that names no address; notification: notices without a channel, SEND_EMAIL and SEND_SMS: those of that channel."}, ""), "webhookName")

// Settings that workflows name as they like.
var (
	chosenEndpoint = setting.Families(setting.Text(setting.About{From: setting.Retailer, Without: "nothing is queued",
		Doc: "Where a webhook is posted, if the rule is given the name of another setting for it."}, ""), "endpointSetting")
	chosenDelay = setting.Families(setting.Duration(setting.About{From: setting.Retailer, Without: "the property defaultDelay",
		Doc: "How long a scheduled event waits, if the rule is given the name of a setting for it; 0 or less: it is not sent."},
		setting.Minutes, setting.Range{Least: math.MinInt32}), "delaySetting")
)

func settings() []*setting.Declaration {
	return setting.Declarations(Webhook, chosenEndpoint, chosenDelay)
}
