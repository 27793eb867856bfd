package graphql_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

const createProfile = `mutation($input: CreateSourcingProfileInput) { createSourcingProfile(input: $input) { ref version status } }`

// TestSourcingProfilesHaveVersions: the first is active at once, later ones are drafts, and activating one retires the other.
func TestSourcingProfilesHaveVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, want := range []string{`"version":1,"status":"ACTIVE"`, `"version":2,"status":"DRAFT"`, `"version":3,"status":"DRAFT"`} {
		made := w.raw(createProfile, fmt.Sprintf(`{"input":{"ref":"SP","name":"n%d","versionComment":"c","defaultMaxSplit":2,"retailer":{"id":1}}}`, i))
		require.JSONEq(t, `{"createSourcingProfile":{"ref":"SP",`+want+`}}`, made)
	}
	w.data(createProfile, `{"input":{"ref":"OTHER"}}`)
	get := func(args string) any {
		return at(w.data(`{ sourcingProfile(`+args+`) { version status name retailer { id } } }`, ""), "sourcingProfile")
	}
	version := func(n float64, status, name string) map[string]any {
		return map[string]any{"version": n, "status": status, "name": name, "retailer": map[string]any{"id": "1"}}
	}
	require.Equal(t, version(3, "DRAFT", "n2"), get(`ref: "SP"`), "the latest")
	require.Equal(t, version(2, "DRAFT", "n1"), get(`ref: "SP", version: 2`))
	require.Equal(t, version(1, "ACTIVE", "n0"), get(`ref: "SP", status: "ACTIVE"`))
	require.Nil(t, get(`ref: "SP", version: 4`))

	activate := `mutation($v: Int!) { activateSourcingProfile(input: {ref: "SP", version: $v}) { version status } }`
	require.JSONEq(t, `{"activateSourcingProfile":{"version":2,"status":"ACTIVE"}}`, w.raw(activate, `{"v":2}`))
	all := `{ sourcingProfiles(ref: "SP") { edges { node { version status } } } }`
	require.JSONEq(t, `{"sourcingProfiles":{"edges":[{"node":{"version":1,"status":"INACTIVE"}},{"node":{"version":2,"status":"ACTIVE"}},{"node":{"version":3,"status":"DRAFT"}}]}}`, w.raw(all, ""))
	require.JSONEq(t, `{"activateSourcingProfile":{"version":1,"status":"ACTIVE"}}`, w.raw(activate, `{"v":1}`), "back to one that was")
	require.Equal(t, "C0120E input", codeAndPlace(w, activate, `{"v":9}`))
	require.JSONEq(t, `{"sourcingProfiles":{"edges":[{"node":{"version":1,"status":"ACTIVE"}},{"node":{"version":2,"status":"INACTIVE"}},{"node":{"version":3,"status":"DRAFT"}}]}}`, w.raw(all, ""))
	require.JSONEq(t, `{"sourcingProfiles":{"edges":[{"node":{"ref":"OTHER","status":"ACTIVE"}}]}}`, w.raw(`{ sourcingProfiles(ref: "OTHER") { edges { node { ref status } } } }`, ""))

	w.retailer("ACME", "2", "SECOND")
	require.Equal(t, "C0160E input.retailer", codeAndPlace(w, createProfile, `{"input":{"ref":"SP","retailer":{"id":2}}}`))
	require.Equal(t, float64(4), at(w.data(createProfile, `{"input":{"ref":"SP"}}`), "createSourcingProfile.version"), "without a retailer it is that of the versions before")
	require.Equal(t, map[string]any{"id": "1"}, at(get(`ref: "SP"`), "retailer"))
}

// TestVersionsThatAreMadeAtOnce get numbers of their own, and one of them alone is active.
func TestVersionsThatAreMadeAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 6
	var wait sync.WaitGroup
	for range n {
		wait.Go(func() { w.run(w.admin, createProfile, `{"input":{"ref":"SP","retailer":{"id":1}}}`) })
	}
	wait.Wait()
	w.data(createProfile, `{"input":{"ref":"SP"}}`)
	var versions []any
	active := 0
	for i, e := range at(w.data(`{ sourcingProfiles { edges { node { version status } } } }`, ""), "sourcingProfiles.edges").([]any) {
		versions = append(versions, at(e, "node.version"))
		require.Equal(t, float64(i+1), at(e, "node.version"), "in order, without gaps: %v", versions)
		if at(e, "node.status") == "ACTIVE" {
			active++
		}
	}
	require.Equal(t, 1, active)
}

// TestStrategiesComeBackAsTheyWereGiven with what they point at.
func TestStrategiesComeBackAsTheyWereGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.data(`mutation { createNetwork(input: {name: "NET", retailers: {id: 1}}) { id } createVirtualCatalogue(input: {ref: "VC", type: "BASE", name: "n", inventoryCatalogueRef: "IC", productCatalogueRef: "PC"}) { id } }`, "")
	strategy := `{"ref":"GOLD","name":"Gold","maxSplit":1,"network":{"ref":"NET"},"virtualCatalogue":{"ref":"VC"},"sourcingConditions":{"type":"fc.sourcing.condition.path","params":{"path":"type","operator":"equals","value":"HD"}},` +
		`"sourcingCriteria":[{"name":"d","type":"fc.sourcing.criterion.locationDistance"}]}`
	create := func(more string) string {
		return `{"input":{"ref":"SP","retailer":{"id":1},"defaultNetwork":{"ref":"NET"},"defaultVirtualCatalogue":{"ref":"VC"}` + more + `}}`
	}
	w.data(createProfile, create(`,"sourcingStrategies":[`+strategy+`],"sourcingFallbackStrategies":{"ref":"ANY","name":"Any","status":"INACTIVE"}`))
	fields := `{ ref name description status maxSplit network { ref } virtualCatalogue { ref } sourcingConditions { name type params } sourcingCriteria { name type params } }`
	require.JSONEq(t, `{"sourcingProfile":{"defaultNetwork":{"ref":"NET"},"defaultVirtualCatalogue":{"ref":"VC"},
		"sourcingStrategies":[{"ref":"GOLD","name":"Gold","description":null,"status":"ACTIVE","maxSplit":1,"network":{"ref":"NET"},"virtualCatalogue":{"ref":"VC"},
			"sourcingConditions":[{"name":null,"type":"fc.sourcing.condition.path","params":{"path":"type","operator":"equals","value":"HD"}}],
			"sourcingCriteria":[{"name":"d","type":"fc.sourcing.criterion.locationDistance","params":null}]}],
		"sourcingFallbackStrategies":[{"ref":"ANY","name":"Any","description":null,"status":"INACTIVE","maxSplit":null,"network":null,"virtualCatalogue":null,"sourcingConditions":null,"sourcingCriteria":null}]}}`,
		w.raw(`{ sourcingProfile(ref: "SP") { defaultNetwork { ref } defaultVirtualCatalogue { ref } sourcingStrategies `+fields+` sourcingFallbackStrategies `+fields+` } }`, ""))
	for bad, want := range map[string]string{
		`,"sourcingStrategies":{"ref":"S","name":"s","network":{"ref":"NONE"}}`: "C0120E input.sourcingStrategies[0].network",
		`,"sourcingStrategies":{"ref":"S","name":"s","maxSplit":-1}`:            "C0122E input.sourcingStrategies[0].maxSplit",
		`,"defaultMaxSplit":-1`: "C0122E input.defaultMaxSplit",
		`,"sourcingFallbackStrategies":[{"ref":"S","name":"s"},{"ref":"S","name":"t"}]`: "C0123E input.sourcingFallbackStrategies[1].ref",
	} {
		require.Equal(t, want, codeAndPlace(w, createProfile, create(bad)), bad)
	}
	require.Len(t, at(w.data(`{ sourcingProfiles { edges { node { ref } } } }`, ""), "sourcingProfiles.edges"), 1, "nothing of what was refused is there")
}

// TestProfilesAreARetailers: who acts for another retailer neither sees nor follows nor activates them.
func TestProfilesAreARetailers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.retailer("ACME", "2", "SECOND")
	w.data(createProfile, `{"input":{"ref":"SP","retailer":{"id":1}}}`)
	second := w.as(adminOf("ACME", 2))
	require.JSONEq(t, `{"sourcingProfile":null}`, second.raw(`{ sourcingProfile(ref: "SP") { ref } }`, ""))
	require.Equal(t, "C0123E input.ref", codeAndPlace(second, createProfile, `{"input":{"ref":"SP"}}`))
	require.Equal(t, "C0120E input", codeAndPlace(second, `mutation { activateSourcingProfile(input: {ref: "SP", version: 1}) { ref } }`, ""))
	second.data(createProfile, `{"input":{"ref":"MINE"}}`)
	require.JSONEq(t, `{"sourcingProfiles":{"edges":[{"node":{"ref":"MINE","retailer":{"id":"2"}}}]}}`, second.raw(`{ sourcingProfiles { edges { node { ref retailer { id } } } } }`, ""))
}
