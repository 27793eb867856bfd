package query

import (
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/money"
)

// precise writes a number as the decimal that it stands for.
func (p *printer) precise(f *field, v any) bool {
	number, ok := v.(float64)
	if !ok {
		return p.null(f.Field, f.owner)
	}
	d, err := money.OfFloat(number)
	if err != nil {
		p.fail(f.Field, err)
		return false
	}
	p.w.OpenObject()
	for _, sub := range f.wrap {
		p.w.Name(sub.Key)
		switch sub.Name {
		case catalogue.PreciseNumber:
			p.w.Raw([]byte(d.String()))
		case catalogue.PreciseScale:
			p.w.Int(int64(d.Scale()))
		case catalogue.PreciseUnscaled:
			p.w.Raw([]byte(d.Unscaled()))
		default:
			p.w.String(f.Def.Type.Name())
		}
	}
	p.w.CloseObject()
	return true
}
