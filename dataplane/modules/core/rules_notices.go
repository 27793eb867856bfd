package core

import (
	"context"
	"fmt"
	"maps"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/path"
)

func notices() []rule.Rule {
	return []rule.Rule{
		rule.New(plugin, "SendWebhook", "Posts the event, signed, to an endpoint. Without an endpoint nothing is sent.", sendWebhook).
			Also("foundation.SendWebhook", "base.SendWebhook").Reads(Webhook, chosenEndpoint),
		rule.New(plugin, "SendWebhookIf", "Posts the event to an endpoint if the value at a path equals another.", sendWebhookIf).Reads(Webhook, chosenEndpoint),
		rule.New(plugin, "SendNotification",
			"Tells somebody: leaves an audit record and posts to the endpoint of the setting webhook.notification, or of webhook.SEND_EMAIL and webhook.SEND_SMS by channel, if there is one.",
			sendNotification).Reads(Webhook),
	}
}

// delivery is where a webhook goes.
type delivery struct {
	Name     string           `prop:"webhookName" doc:"Name of the webhook."`
	Endpoint string           `prop:"webhookEndpoint" doc:"Address to post to."`
	Setting  rule.SettingName `prop:"endpointSetting" doc:"Setting that holds the address; webhook. and the name if left out."`
}

func sendWebhook(ctx context.Context, c *rule.Context, p delivery) error {
	to := p.Endpoint
	if to == "" {
		from := chosenEndpoint.Named(string(p.Setting))
		if p.Setting == "" {
			from = Webhook.Named(p.Name)
		}
		var err error
		if to, err = availability.Setting(ctx, c, from, ""); err != nil {
			return err
		}
	}
	name := p.Name
	if name == "" {
		name = c.Event.Name
	}
	if to == "" {
		c.Turn.Log("no endpoint for webhook "+name, nil)
		return nil
	}
	c.Turn.Webhook(name, to, nil)
	return nil
}

type deliveryIf struct {
	subject
	Value any `prop:"value,required" doc:"What the value must equal."`
	delivery
}

func sendWebhookIf(ctx context.Context, c *rule.Context, p deliveryIf) error {
	if got, ok := c.Value(p.Path); !ok || !path.Equal(got, p.Value) {
		return nil
	}
	return sendWebhook(ctx, c, p.delivery)
}

// notification is the webhook through which notices without a channel are posted, each under its template's name.
const notification = "notification"

// channelHooks are the webhooks through which providers of a channel are asked to send a notice.
var channelHooks = map[string]string{"EMAIL": "SEND_EMAIL", "SMS": "SEND_SMS"}

// Notify leaves a notice in the audit trail and posts it where the retailer wants it: through the webhooks of the channels, with template and
// facts as attributes, or, where there are none, through one that has the template's name. The error names a channel that is none.
func Notify(ctx context.Context, c *rule.Context, template string, channels []string, facts map[string]any) error {
	told := map[string]any{}
	maps.Copy(told, facts)
	told["template"] = template
	for _, channel := range channels {
		if channelHooks[channel] == "" {
			return fmt.Errorf("property channels: want EMAIL or SMS, got %q", channel)
		}
	}
	c.Turn.Log("notification "+template, told)
	if len(channels) == 0 {
		to, err := availability.Setting(ctx, c, Webhook.Named(notification), "")
		if err == nil && to != "" {
			c.Turn.Webhook(template, to, nil)
		}
		return err
	}
	for _, channel := range channels {
		hook := channelHooks[channel]
		to, err := availability.Setting(ctx, c, Webhook.Named(hook), "")
		if err != nil {
			return err
		}
		if to == "" {
			c.Turn.Log("no endpoint for webhook "+hook, nil)
			continue
		}
		c.Turn.Webhook(hook, to, told)
	}
	return nil
}

type notice struct {
	Template string   `prop:"template,required" doc:"Which notice: ORDER_CONFIRMATION, SHORT_PICK, …"`
	Channels []string `prop:"channels" doc:"EMAIL, SMS; the retailer's own notification hook if left out."`
}

func sendNotification(ctx context.Context, c *rule.Context, p notice) error {
	return Notify(ctx, c, p.Template, p.Channels, nil)
}
