// Package settings is the one list of the settings that the data plane reads: those of modules, which their manifests name, and those of the
// platform's own parts. It holds no setting. Package domain/setting is what a setting is.
package settings

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/identity"
	"github.com/fluent-oms/fluent/dataplane/janitor"
	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/dataplane/privacy"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/setting"
)

// Group is the settings of one part.
type Group struct {
	Name     string // a module's, or that of a part of the platform
	Settings []*setting.Declaration
}

// Groups lists all settings by the parts that declare them.
func Groups() []Group {
	out := []Group{{"identity", identity.Settings()}, {"janitor", janitor.Settings()}, {"privacy", privacy.Settings()}}
	for _, m := range modules.All() {
		if len(m.Settings) > 0 {
			out = append(out, Group{m.Name, m.Settings})
		}
	}
	return out
}

// All lists all settings.
func All() []*setting.Declaration {
	var out []*setting.Declaration
	for _, g := range Groups() {
		out = append(out, g.Settings...)
	}
	return out
}

// Names are those that are known beforehand: not those of families.
func Names() []string {
	var out []string
	for _, d := range All() {
		if d.Rest == "" {
			out = append(out, d.Name)
		}
	}
	return out
}

// Checks refuse values that what reads the setting could not take, and contexts in which nothing would read it. Settings that nobody declares may be
// anything, anywhere.
func Checks(c *catalogue.Catalogue) entity.Checks {
	all := All()
	return entity.Checks{c.TypeOf(&foundation.Setting{}): func(e any) error { return check(all, e.(*foundation.Setting)) }}
}

func check(all []*setting.Declaration, s *foundation.Setting) error {
	at := slices.IndexFunc(all, func(d *setting.Declaration) bool { return d.Covers(s.Name) })
	if at < 0 {
		return fitting(s)
	}
	d, v := all[at], setting.ValueOf(s)
	err := d.Check(v)
	if err != nil && v.Document && d.Rest != "" { // a document whose name merely begins like a family's is a tenant's own
		return fitting(s)
	}
	if !slices.Contains(d.Contexts, setting.Context(s.Context)) {
		return fault.Invalidf("context", "%s is read for %s: nothing would read one for %s", s.Name, d.Where(), s.Context).WithCode(fault.CodeInvalid)
	}
	if err == nil {
		return fitting(s)
	}
	field := "value"
	if v.Document {
		field = "lobValue"
	}
	return fault.Invalidf(field, "%s: %v", s.Name, err).WithCode(fault.CodeInvalid)
}

// fitting refuses a setting that is not of the type that it says, or whose context is one alone and has no number.
func fitting(s *foundation.Setting) error {
	if c := setting.Context(s.Context); !c.Numbered() && slices.Contains(setting.Contexts(), c) && s.ContextID != 0 {
		return fault.Invalidf("contextId", "settings of %s have contextId 0, not %d: nothing would read this one", s.Context, s.ContextID).WithCode(fault.CodeInvalid)
	}
	wrong := ""
	switch text := strings.TrimSpace(s.Value); {
	case s.ValueType == "INTEGER" && text != "" && !whole(text):
		wrong = "a whole number"
	case s.ValueType == "BOOLEAN" && text != "" && !strings.EqualFold(text, "true") && !strings.EqualFold(text, "false"):
		wrong = "true or false"
	case s.ValueType == "JSON" && text != "" && !json.Valid([]byte(text)):
		wrong = "a JSON text"
	default:
		return nil
	}
	return fault.Invalidf("value", "a setting of type %s has %s as its value, not %.60q", s.ValueType, wrong, s.Value).WithCode(fault.CodeInvalid)
}

func whole(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}
