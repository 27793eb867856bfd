package graphql_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAttributesComeBackExactly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const values = `[{"name":"s","type":"STRING","value":"é🎉 \"\\"},{"name":"i","type":"INTEGER","value":9007199254740993},{"name":"f","type":"FLOAT","value":0.1},` +
		`{"name":"big","type":"JSON","value":12345678901234567890.123},{"name":"b","type":"BOOLEAN","value":true},{"name":"j","type":"JSON","value":[{}]},` +
		`{"name":"e","type":"JSON","value":[]},{"name":"t","type":"STRING","value":""}]`
	made := w.raw(`mutation ($a: [AttributeInput]) { createLocation(input: {ref: "L", type: "STORE", name: "L", retailer: {id: 1}, attributes: $a,
		primaryAddress: {ref: "L", latitude: 1, longitude: 2}, openingSchedule: {`+allDay+`}}) { attributes { name type value } } }`, `{"a":`+values+`}`)
	require.Equal(t, `{"createLocation":{"attributes":`+values+`}}`, made)
	require.Equal(t, `{"location":{"attributes":`+values+`}}`, w.raw(`{ location(ref: "L") { attributes { name type value } } }`, ""))
	// an update of one leaves the others as they are, and null takes neither them nor the status away
	changed := strings.Replace(values, `true`, `false`, 1)
	require.Equal(t, `{"updateLocation":{"attributes":`+changed+`}}`, w.raw(`mutation { updateLocation(input: {id: 1, attributes: {name: "b", type: "BOOLEAN", value: false}}) { attributes { name type value } } }`, ""))
	require.Equal(t, `{"updateLocation":{"status":"ACTIVE","supportPhoneNumber":null,"attributes":`+changed+`}}`, w.raw(`mutation {
		updateLocation(input: {id: 1, attributes: null, status: null, supportPhoneNumber: null}) { status supportPhoneNumber attributes { name type value } } }`, ""))
}

const allDay = `allHours: true, monStart: 0, monEnd: 0, tueStart: 0, tueEnd: 0, wedStart: 0, wedEnd: 0, thuStart: 0, thuEnd: 0, friStart: 0, friEnd: 0, satStart: 0, satEnd: 0, sunStart: 0, sunEnd: 0`

func TestDirectivesAreThoseThatWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NotContains(t, w.raw(`{ __schema { directives { name } } }`, ""), "defer")
	require.Contains(t, w.failure(`{ me { ... @defer { id } } }`, "").Message, "defer")
}
