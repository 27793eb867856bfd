package change

import (
	"strings"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// setComposite puts the members of an object into the fields that hold them. What the object does not give is taken away: it names one thing
// as a whole.
func (d *draft) setComposite(in *catalogue.InputField, v any) error {
	object, _ := v.(map[string]any)
	for _, m := range in.Composite.Members {
		place := d.Place + "." + in.Name + "." + strings.Join(m.Path, ".")
		given := m.In(object)
		if given == nil {
			if err := d.clear(m.Field, place); err != nil {
				return err
			}
			continue
		}
		d.Touch(m.Field)
		d.name(m.Field, in.Name+"."+strings.Join(m.Path, "."))
		if err := assign(m.Field.Pointer(d.Entity), given, place); err != nil {
			return err
		}
	}
	return nil
}
