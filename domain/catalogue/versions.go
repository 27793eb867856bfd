package catalogue

// The statuses of versions.
const (
	VersionDraft    = "DRAFT"    // made, and not in use yet
	VersionActive   = "ACTIVE"   // in use: one at most
	VersionInactive = "INACTIVE" // no longer in use
)

// Versions says that rows of a type with the same ref are versions of one thing. They are numbered from 1 as they come to be and are not changed: the
// first is ACTIVE at once, each later one is a DRAFT, and activating one makes that which was ACTIVE INACTIVE. Reads that name no version lead to the
// latest.
type Versions struct {
	Of       *Field // what the versions have in common: the ref
	Number   *Field
	Status   *Field
	Activate *Mutation
}

// connectVersions finds the fields by which rows are versions.
func (b *builder) connectVersions(t *Type, s *TypeSpec) {
	if !s.Versioned {
		return
	}
	v := &Versions{Of: t.fields["ref"], Number: t.fields["version"], Status: t.fields["status"]}
	if v.Of == nil || v.Number == nil || v.Number.Kind != Int || v.Status == nil || s.Key != "ref version" || s.Update != "" || t.Workflow {
		b.fail(t.Name, "versioned: want the key ref version, a status, no update and no workflow")
		return
	}
	t.Versions = v
}

// declareActivations declares the inputs that say which versions are to be active.
func (b *builder) declareActivations() {
	for _, t := range b.cat.types {
		if t.Versions != nil {
			b.spec.Inputs = append(b.spec.Inputs, InputSpec{Name: activationInput(t), Of: t.Name, Fields: b.keyFields(t, t.Key, "!", "!")})
		}
	}
}

// deriveActivation makes the mutation that activates a version. Its input is a key.
func (b *builder) deriveActivation(t *Type) {
	if t.Versions == nil {
		return
	}
	in := b.cat.byInput[activationInput(t)]
	for _, f := range in.Fields {
		f.Identify = true
	}
	t.Versions.Activate = &Mutation{Name: "activate" + t.Name, Input: in}
}

func activationInput(t *Type) string { return "Activate" + t.Name + "Input" }
