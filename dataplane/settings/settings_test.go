package settings_test

import (
	"cmp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/settings"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
)

// TestASettingIsDeclaredOnce: no name is that of two declarations, be it of a family.
func TestASettingIsDeclaredOnce(t *testing.T) {
	t.Parallel()
	all := settings.All()
	require.Greater(t, len(all), 15)
	for i, d := range all {
		require.NotEmpty(t, d.Doc, d.Title())
		for _, other := range all[:i] {
			require.NotEqual(t, other.Title(), d.Title())
			require.False(t, other.Covers(d.Name) || d.Covers(other.Name), "%s and %s", other.Title(), d.Title())
		}
	}
}

// TestRulesReadWhatModulesDeclare: what a rule says it reads is in the manifest of a module.
func TestRulesReadWhatModulesDeclare(t *testing.T) {
	t.Parallel()
	reads := 0
	for _, r := range modules.Rules() {
		for _, d := range r.Settings {
			reads++
			require.True(t, slices.Contains(settings.All(), d), "%s reads %s", r.Name, d.Title())
		}
	}
	require.Greater(t, reads, 10)
}

// TestSettingsAreCheckedAtTheDoor: what the reader of a declared setting could not take is refused at its place, and so is a context in which nothing
// reads it; names that nobody declares are free.
func TestSettingsAreCheckedAtTheDoor(t *testing.T) {
	t.Parallel()
	catalogue := domain.Catalogue()
	check := settings.Checks(catalogue)[catalogue.TypeOf(&foundation.Setting{})]
	require.NotNil(t, check)
	for _, c := range []struct{ name, value, lob, in, field string }{
		{name: "ALLOW_OVERSELL", value: "True"}, {name: "ALLOW_OVERSELL"}, {name: "ALLOW_OVERSELL", value: "yes", field: "value"},
		{name: "ALLOW_OVERSELL", lob: "true", field: "lobValue"},
		{name: "PICK_N_PACK_TIME_LIMIT", value: "1.5"}, {name: "PICK_N_PACK_TIME_LIMIT", value: "-1"}, {name: "PICK_N_PACK_TIME_LIMIT", value: "4h", field: "value"},
		{name: "PICK_N_PACK_TIME_LIMIT_EXPRESS", value: "soon", field: "value"}, {name: "PICK_N_PACK_TIME_LIMIT_", value: "soon"}, {name: "PICK_N_PACK_TIME_LIMITS", value: "soon"},
		{name: "webhook.wms", value: "https://wms.example"}, {name: "webhook.wms", lob: "{}"},
		{name: "RETENTION_JOB_DAYS", in: "ACCOUNT", value: "3650"}, {name: "RETENTION_JOB_DAYS", in: "ACCOUNT", value: "3651", field: "value"}, {name: "RETENTION_JOB_DAYS", in: "ACCOUNT", value: "0", field: "value"},
		{name: "fc.oauth.access.token.seconds", in: "ACCOUNT", value: "31536000"}, {name: "fc.oauth.access.token.seconds", in: "ACCOUNT", value: "1h", field: "value"},
		{name: "fc.mystique.manifest.oms", lob: "{}"}, {name: "MY_OWN", value: "anything"},
		{name: "MY_OWN", in: "CUSTOMER", value: "anything"}, {name: "ALLOW_OVERSELL", in: "AGENT", value: "true"}, {name: "ALLOW_OVERSELL", in: "GLOBAL", value: "true"},
		{name: "ALLOW_OVERSELL", in: "CUSTOMER", value: "true", field: "context"}, {name: "ALLOW_OVERSELL", in: "CUSTOMER", field: "context"},
		{name: "SYSTEM_REJECTED_LOCATION", in: "AGENT", value: "R", field: "context"}, {name: "RETENTION_JOB_DAYS", value: "1", field: "context"},
		{name: "PICK_N_PACK_TIME_LIMIT_EXPRESS", in: "CUSTOMER", value: "1", field: "context"}, {name: "webhook.wms", in: "AGENT", value: "https://wms.example", field: "context"},
		{name: "webhook.wms", in: "AGENT", lob: "{}"},
	} {
		s := &foundation.Setting{Name: c.name, Context: cmp.Or(c.in, "RETAILER"), Value: c.value}
		if c.lob != "" {
			s.LobValue = []byte(c.lob)
		}
		err := check(s)
		if c.field == "" {
			require.NoError(t, err, "%+v", c)
			continue
		}
		f := fault.Of(err)
		require.Equal(t, []any{fault.Invalid, "C0160E", c.field}, []any{f.Kind, f.Code, f.Field}, "%+v", c)
		require.Contains(t, f.Detail, c.name)
	}
}
