package entity

import (
	"slices"
	"strings"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// stamp writes the workflow that drives a new entity: its root's. Of a root that is there already it is the one which that was made under, in
// the newest minor version; of a new one the newest.
func (d *decision) stamp(x *Draft) error {
	root, err := d.root(x)
	if err != nil || root == nil {
		return err
	}
	x.root = root
	if d.undriven(root) {
		return nil
	}
	if root != d.driven { // most have the same
		d.driver, d.driven = d.drives(root), root
	}
	if d.driver.Name == "" {
		return nil
	}
	x.Type.Field("workflowRef").Set(x.Entity, d.driver.Name)
	x.Type.Field("workflowVersion").Set(x.Entity, d.driver.version)
	return nil
}

// undriven reports whether no workflow drives a root: it need not have a type, and has none.
func (d *decision) undriven(root any) bool {
	t := d.Catalogue.TypeOf(root)
	f := t.Field("type")
	return f != nil && f.Null && f.Empty(root) && (d.isNew(root) || t.Text(root, "workflowRef") == "")
}

// driver is a root's workflow, in the version for what comes to be under it. Without a name it is not known yet.
type driver struct {
	Flow
	version int
}

func (d *decision) drives(root any) driver {
	retailer, known := d.inName(root)
	if !known {
		return driver{}
	}
	t := d.Catalogue.TypeOf(root)
	name, under := t.Text(root, "workflowRef"), versionOf(t, root)
	if name == "" || d.isNew(root) {
		name, under = workflow.WorkflowName(t.EntityType, t.Text(root, "type")), 0
	}
	f := Flow{retailer, name, workflow.Root{Type: t.EntityType, ID: string(t.ID(root))}}
	newest, known := d.version(f)
	if !known {
		return driver{}
	}
	return driver{f, follow(under, newest)}
}

// perMajor is how many minor versions a major one has room for in a version's number.
const perMajor = 10000

// follow is the version of what hangs on a root that was made under a version.
func follow(under, newest int) int {
	if under == 0 || newest/perMajor == under/perMajor {
		return newest
	}
	return under
}

func versionOf(t *catalogue.Type, entity any) int {
	n, _ := t.Get(entity, "workflowVersion").(int)
	return n
}

// root climbs to the entity whose workflow drives a new one; nil: what is on the way must be read first.
func (d *decision) root(x *Draft) (any, error) {
	entity := x.Entity
	for {
		t := d.Catalogue.TypeOf(entity)
		by, id := t.Above(entity)
		if by == nil {
			return entity, nil
		}
		if id == "" && !d.wants.none() { // it may be a copy of what is read first
			return nil, nil
		}
		if id == "" {
			place := x.Place
			if over := by.CopyOver; over != nil && entity == x.Entity {
				place = strings.TrimPrefix(place+"."+over.Name, ".")
			}
			return nil, fault.Invalidf(place, "%s of %s is empty: it leads to the root, whose workflow drives it", by.Name, article(t)).WithCode(fault.CodeMissing)
		}
		above, known := d.entity(by.Ref, id)
		if !known {
			return nil, nil
		}
		if above == nil {
			return nil, Need{Type: by.Ref, ID: id, Place: x.Place}.Missing()
		}
		entity = above
	}
}

// isNew reports whether an entity comes to be with this making. Loads ask for each of thousands of drafts.
func (m *Making) isNew(entity any) bool {
	for ; m.counted < len(m.Drafts); m.counted++ {
		if x := m.Drafts[m.counted]; x.New {
			if m.made == nil {
				m.made = make(map[any]bool, len(m.Drafts))
			}
			m.made[x.Entity] = true
		}
	}
	return m.made[entity]
}

// inName is the retailer in whose name an entity's events run: its own, or for what several share the maker's, if it is one of them.
func (d *decision) inName(root any) (r tenancy.RetailerID, known bool) {
	all, known := d.owners(root)
	if len(all) == 0 || slices.Contains(all, d.By.Retailer) {
		return d.By.Retailer, known
	}
	return all[0], known
}
