#!/bin/bash
# npm @fluentcommerce/fc-connect-sdk 0.1.56: an order in XML becomes a mutation, by the paths and resolvers of its README.
#
# Guess 1:   XMLParserService reads attributes, since the README's example maps the path order.@id.
# What is:   they are left out unless includeAttributes is given, and the mutation goes without its ref. Numbers lose leading zeros all the same.
# Guess 2:   a field's "resolver" in GraphQLMutationMapper turns "2" into 2, and an unknown name is an error.
# What is:   map() looks at no resolver, built in or one's own, known or not: the text stays as it came. In UniversalMapper they work, and an unknown
#            one is listed among errors, of an answer whose "success" is true.
# Guess 3:   a list of which there is one element is a list.
# What is:   it is the element itself, in map() of XML and JSON; two are a list.
# Guess 4:   {input: {name: {source}, value: {source}}} has two members.
# What is:   a member called "value" makes the whole object a constant: the input is {"source":"text"}, and name is gone.
# Guess 5:   sdk.parseFloat of "1,200.50" is 1200.5, or fails.
# What is:   it is 1.
# Guess 6:   the document declares its variables as the mutation's arguments are declared.
# What is:   map() writes "$input: JSON", a type that neither the schema nor the README's example has, unless an argument carries "_type".
# So:        ask for attributes and arrayElements by name, convert before mapping, say _type, never call a member of an input "value", look at errors, not success.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error @fluentcommerce/fc-connect-sdk@0.1.56 >/dev/null
cat >map.mjs <<'JS'
import { GraphQLMutationMapper, UniversalMapper, XMLParserService } from '@fluentcommerce/fc-connect-sdk'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }
const parse = (xml, options) => new XMLParserService().parse(xml, options)
const map = async (args, source) => {
  const mapper = new GraphQLMutationMapper({ version: '1', mutation: 'createThing', sourceFormat: 'json', returnFields: ['id'], arguments: args }, quiet,
    { customResolvers: { 'own.double': (v) => v + v } })
  return (await mapper.map(source)).variables
}
const say = (what, value) => console.log(`${what}: ${JSON.stringify(value)}`)

const xml = '<order id="7"><sku>0012</sku></order>'
say('xml', await parse(xml))
say('xml with attributes', await parse(xml, { includeAttributes: true }))
say('resolvers', await map({ input: { n: { source: 'n', resolver: 'sdk.parseInt' }, up: { source: 'a', resolver: 'sdk.uppercase' },
  own: { source: 'a', resolver: 'own.double' }, none: { source: 'a', resolver: 'sdk.nothing' } } }, { n: '2', a: 'a' }))
const { query } = await new GraphQLMutationMapper({ version: '1', mutation: 'createThing', sourceFormat: 'json', returnFields: ['id'],
  arguments: { input: { ref: { source: 'ref' } } } }, quiet).map({ ref: 'R' })
say('document', query.split('\n')[0])
const lines = { input: { items: { source: 'lines', fields: { sku: { source: 'sku' } } } } }
say('two lines', await map(lines, { lines: [{ sku: 'A' }, { sku: 'B' }] }))
say('one line', await map(lines, { lines: { sku: 'A' } }))
say('a member called value', await map({ input: { name: { source: 'key' }, value: { source: 'text' } } }, { key: 'K', text: 'T' }))
const universal = new UniversalMapper({ fields: { up: { source: 'a', resolver: 'sdk.uppercase' }, price: { source: 'p', resolver: 'sdk.parseFloat' },
  none: { source: 'a', resolver: 'sdk.nothing' } } }, { logger: quiet })
const { success, data, errors } = await universal.map({ a: 'a', p: '1,200.50' })
say('universal', { success, data, errors: errors.length })
JS
seen=$(node map.mjs)
echo "$seen"
expected='xml: {"order":{"sku":12}}
xml with attributes: {"order":{"sku":12,"@id":"7"}}
resolvers: {"input":{"n":"2","up":"a","own":"a","none":"a"}}
document: "mutation createThingMutation($input: JSON) {"
two lines: {"input":{"items":[{"sku":"A"},{"sku":"B"}]}}
one line: {"input":{"items":{"sku":"A"}}}
a member called value: {"input":{"source":"text"}}
universal: {"success":true,"data":{"up":"A","price":1},"errors":1}'
[[ $seen == "$expected" ]] || { echo 'It behaves otherwise now.' >&2; exit 1; }
