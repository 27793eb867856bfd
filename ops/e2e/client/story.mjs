// An implementer's script with the official client, unchanged: loads places, products and stock into a fresh account and places a
// shopper's order. It knows nothing but the profile files that provisioning wrote. Prints {"order": ID, "unsourceable": ID} as JSON.
//
// Environment: PROFILE_DIR, PROFILE (account), RETAILER (ref).
import assert from 'node:assert/strict';
import { createClientFromProfile } from '@fluentcommerce/fc-connect-sdk';

const env = process.env;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const client = await createClientFromProfile(env.PROFILE, {
  profileDir: env.PROFILE_DIR, retailer: env.RETAILER, validateConnection: true, logger: quiet,
});

async function run(query, variables) {
  const { data, errors } = await client.graphql({ query, variables, pagination: { enabled: false } });
  assert.equal(errors, undefined, JSON.stringify(errors));
  return data;
}

// createAll sends many mutations of one kind as one document of aliased fields.
async function createAll(field, type, inputs) {
  const names = inputs.map((_, i) => `$i${i}: ${type}!`).join(', ');
  const fields = inputs.map((_, i) => `m${i}: ${field}(input: $i${i}) { ref }`).join('\n');
  await run(`mutation (${names}) { ${fields} }`, Object.fromEntries(inputs.map((input, i) => [`i${i}`, input])));
}

const { retailers } = await run('query ($ref: [String!]) { retailers(ref: $ref) { edges { node { id } } } }', { ref: [env.RETAILER] });
const retailer = { id: retailers.edges[0].node.id };
const catalogue = { ref: `PC:MASTER:${retailer.id}` };

// Places.
const { networks } = await run('{ networks { edges { node { id ref } } } }');
const network = Object.fromEntries(networks.edges.map(({ node }) => [node.ref, { id: node.id }]));
const always = { allHours: true };
for (const day of ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']) Object.assign(always, { [`${day}Start`]: 0, [`${day}End`]: 0 });
const place = (ref, type, latitude, longitude, in_) => ({
  ref, type, name: ref, retailer, networks: in_.map((n) => network[n]), openingSchedule: always,
  primaryAddress: { ref, city: 'Sydney', state: 'NSW', country: 'AU', timeZone: 'Australia/Sydney', latitude, longitude },
});
await createAll('createLocation', 'CreateLocationInput', [
  place('YORK', 'STORE', -33.8688, 151.2060, ['NET_ALL', 'NET_HD', 'NET_CC']),
  place('KING', 'STORE', -33.8980, 151.1790, ['NET_ALL', 'NET_HD', 'NET_CC']),
  place('CREEK', 'WAREHOUSE', -33.8000, 150.8520, ['NET_ALL', 'NET_HD']),
]);

// Products.
const price = (value) => [{ type: 'RRP', currency: 'AUD', value }];
const product = (ref, value) => ({ ref, type: 'STANDARD', name: ref.toLowerCase(), gtin: `290${ref}`, catalogue, categories: [{ ref: 'BOOKS', catalogue }], prices: price(value) });
await createAll('createCategory', 'CreateCategoryInput', [{ ref: 'BOOKS', type: 'CATEGORY', name: 'Books', catalogue }]);
await createAll('createStandardProduct', 'CreateStandardProductInput', [product('ATLAS', 60), product('KNOTS', 25), product('TIDES', 34), product('RARE', 900)]);

// Stock, by a batch. Nobody has RARE.
const count = (locationRef, skuRef, qty) => ({ locationRef, skuRef, qty, type: 'LAST_ON_HAND', status: 'ACTIVE' });
const job = await client.createJob({ name: 'opening stock', retailerId: retailer.id });
const batch = await client.sendBatch(job.id, {
  action: 'UPSERT', entityType: 'INVENTORY', source: 'story', event: 'InventoryChanged',
  entities: [count('YORK', 'ATLAS', 2), count('YORK', 'KNOTS', 1), count('KING', 'TIDES', 1), count('KING', 'KNOTS', 4), count('CREEK', 'TIDES', 40)],
});
let status;
for (let i = 0; i < 600 && status?.status !== 'COMPLETE'; i++) {
  await new Promise((done) => setTimeout(done, 50));
  status = await client.getBatchStatus(job.id, batch.id);
}
assert.equal(status.status, 'COMPLETE');
assert.deepEqual(status.errors, []);

// The shopper, in Glebe, between the two shops.
const item = (ref, productRef, quantity, paid) => ({
  ref, productRef, productCatalogueRef: catalogue.ref, quantity, price: paid, paidPrice: paid, totalPrice: paid * quantity, currency: 'AUD',
});
const choice = (ref) => ({
  deliveryType: 'STANDARD', fulfilmentType: 'HD_PFS', currency: 'AUD',
  deliveryAddress: { ref, name: 'Wen Li', street: '14 Glebe Point Road', city: 'Glebe', state: 'NSW', postcode: '2037', country: 'AU', latitude: -33.8830, longitude: 151.1880 },
});
const first = await run('mutation ($input: CreateOrderAndCustomerInput!) { order: createOrderAndCustomer(input: $input) { id customer { id } } }', {
  input: {
    ref: 'W-1', type: 'HD', retailer, totalPrice: 144, totalTaxPrice: 14.4,
    items: [item('W-1-1', 'ATLAS', 1, 60), item('W-1-2', 'KNOTS', 2, 25), item('W-1-3', 'TIDES', 1, 34)],
    customer: { username: 'wen', firstName: 'Wen', lastName: 'Li', primaryEmail: 'wen@example.com', timezone: 'Australia/Sydney', promotionOptIn: false, retailer },
    fulfilmentChoice: choice('W-1'),
  },
});
const second = await run('mutation ($input: CreateOrderInput!) { order: createOrder(input: $input) { id } }', {
  input: {
    ref: 'W-2', type: 'HD', retailer, totalPrice: 900, items: [item('W-2-1', 'RARE', 1, 900)],
    customer: { id: first.order.customer.id }, fulfilmentChoice: choice('W-2'),
  },
});
console.log(JSON.stringify({ order: first.order.id, unsourceable: second.order.id }));
