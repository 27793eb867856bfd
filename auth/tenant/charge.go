package tenant

// InCharge decides whether the principal is over another one: it has the permission, and every right of the other, wherever the other has
// it. Who may take another's place must not gain by it. A place that is not known counts as the whole account: a role at a location that is
// not there yet gives nothing now, and everything of some retailer's once there is one of that id. The error is Forbidden and names what is
// missing.
func (p *Principal) InCharge(of *Principal, permission string) error {
	places := 0
	for _, g := range of.grants {
		for _, c := range g.Contexts {
			places++
			if err := p.holds(g, c, permission); err != nil {
				return err
			}
			for _, name := range g.Permissions {
				if err := p.keeps(name, of); err != nil {
					return err
				}
			}
		}
	}
	if places == 0 {
		return p.Can(permission, 0)
	}
	return nil
}

// holds decides about one role of another in one context.
func (p *Principal) holds(g Grant, c Context, permission string) error {
	for _, name := range append([]string{permission}, g.Permissions...) {
		if !p.admin.holds(c) && !p.byName[name].holds(c) {
			return p.refuse(name, c.Retailer)
		}
	}
	if g.Role == AdminRole && !p.admin.holds(c) {
		return missing(AdminRole).With("context", string(c.Type))
	}
	return nil
}
