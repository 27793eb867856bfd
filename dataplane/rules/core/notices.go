package core

import (
	"context"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/path"
)

func notices() []rule.Rule {
	endpoint := []rule.Prop{optional("webhookName", "STRING", "Name of the webhook."), optional("webhookEndpoint", "STRING", "Address to post to."),
		optional("endpointSetting", "STRING", "Setting that holds the address.")}
	return []rule.Rule{
		{Name: "SendWebhook", Aliases: []string{"foundation.SendWebhook", "base.SendWebhook"}, Doc: "Posts the event, signed, to an endpoint. Without an endpoint nothing is sent.",
			Props: endpoint, Run: sendWebhook},
		{Name: "SendWebhookIf", Doc: "Posts the event to an endpoint if the value at a path equals another.",
			Props: append([]rule.Prop{jsonPath(), {Name: "value", Type: "JSON", Required: true}}, endpoint...), Run: sendWebhookIf},
		{Name: "SendNotification", Doc: "Tells somebody: leaves an audit record, and posts to the endpoint of the setting webhook.notification if there is one.",
			Props: []rule.Prop{text("template", "Which notice: ORDER_CONFIRMATION, SHORT_PICK, …"), {Name: "channels", Type: "STRING", Multiple: true, Doc: "EMAIL, SMS."}},
			Run:   sendNotification},
	}
}

func sendWebhook(ctx context.Context, c *rule.Context) error {
	name, err := c.Props.Text("webhookName")
	if err != nil {
		return err
	}
	to, err := c.Props.Text("webhookEndpoint")
	if err != nil {
		return err
	}
	if to == "" {
		setting, err := c.Props.Text("endpointSetting")
		if err != nil {
			return err
		}
		if setting == "" {
			setting = "webhook." + name
		}
		if to, err = availability.Setting(ctx, c, setting, ""); err != nil {
			return err
		}
	}
	if name == "" {
		name = c.Event.Name
	}
	if to == "" {
		c.Turn.Log("no endpoint for webhook "+name, nil)
		return nil
	}
	c.Turn.Webhook(name, to)
	return nil
}

func sendWebhookIf(ctx context.Context, c *rule.Context) error {
	got, ok, err := at(c)
	if err != nil || !ok {
		return err
	}
	want, err := wanted(c.Props, "value")
	if err != nil || !path.Equal(got, want) {
		return err
	}
	return sendWebhook(ctx, c)
}

// NotificationEndpoint is the setting that says where notices are posted.
const NotificationEndpoint = "webhook.notification"

// Notify leaves a notice in the audit trail and posts it where the retailer wants it.
func Notify(ctx context.Context, c *rule.Context, template string, facts map[string]any) error {
	facts = mergeFacts(facts, map[string]any{"template": template})
	c.Turn.Log("notification "+template, facts)
	to, err := availability.Setting(ctx, c, NotificationEndpoint, "")
	if err != nil || to == "" {
		return err
	}
	c.Turn.Webhook(template, to)
	return nil
}

func mergeFacts(a, b map[string]any) map[string]any {
	out := make(map[string]any, len(a)+len(b))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		out[k] = v
	}
	return out
}

func sendNotification(ctx context.Context, c *rule.Context) error {
	template, err := c.Props.Text("template")
	if err != nil {
		return err
	}
	return Notify(ctx, c, template, nil)
}
