// Runs the official client, unchanged, against a Fluent gateway and prints one line of JSON per claim:
// {"claim": "...", "ok": true} or {"claim": "...", "ok": false, "error": "..."}.
//
// Environment: BASE_URL, CLIENT_ID, CLIENT_SECRET, USERNAME_, PASSWORD_, RETAILER_ID, PROFILE_DIR (profile ACCEPT, retailer R1),
// ORDER_REF (an order in status BOOKED), PRODUCT_REF and LOCATION_REF (with stock), RUN (a word that makes refs unique).
import assert from 'node:assert/strict';
import {
  createClient, createClientFromProfile, ExtractionOrchestrator, FluentBatchManager, FluentConnectionTester, GraphQLIntrospectionService,
  GraphQLMutationMapper,
} from '@fluentcommerce/fc-connect-sdk';

const env = process.env;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const config = (more = {}) => ({
  baseUrl: env.BASE_URL, clientId: env.CLIENT_ID, clientSecret: env.CLIENT_SECRET, username: env.USERNAME_,
  password: env.PASSWORD_, retailerId: env.RETAILER_ID, ...more,
});
const connect = (more) => createClient({ config: config(more), logger: quiet });
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Every request that the client makes goes through here, to be counted by path. The next one to the path that is named in lost is carried out, but
// the client gets a 503: what it sees of a node that died before it answered.
const seen = [];
let lost;
const realFetch = globalThis.fetch;
globalThis.fetch = async (url, init) => {
  const response = await realFetch(url, init);
  const { pathname } = new URL(url);
  seen.push({ path: pathname, body: String(init?.body ?? ''), status: response.status });
  if (pathname !== lost) return response;
  lost = undefined;
  return new Response('', { status: 503 });
};
const calls = (path, from) => seen.slice(from).filter((c) => c.path === path);

let failures = 0;
async function claim(name, prove) {
  try {
    await prove();
    console.log(JSON.stringify({ claim: name, ok: true }));
  } catch (error) {
    failures++;
    console.log(JSON.stringify({ claim: name, ok: false, error: String(error?.stack ?? error).slice(0, 2000) }));
  }
}

const accountSetting = async (client, name, value, valueType) => {
  const found = await client.graphql({
    query: 'query ($name: [String]) { settings(name: $name, context: "ACCOUNT", contextId: 0) { edges { node { id } } } }',
    variables: { name: [name] }, pagination: { enabled: false },
  });
  const input = { name, value, valueType, context: 'ACCOUNT', contextId: 0 };
  const id = found.data.settings.edges[0]?.node.id;
  const query = id
    ? 'mutation ($input: UpdateSettingInput) { updateSetting(input: $input) { id } }'
    : 'mutation ($input: CreateSettingInput) { createSetting(input: $input) { id } }';
  await client.graphql({ query, variables: { input: id ? { id, ...input } : input } });
};

await claim('1 a client from CLI profile files validates its connection', async () => {
  const client = await createClientFromProfile('ACCEPT', {
    profileDir: env.PROFILE_DIR, retailer: 'R1', validateConnection: true, logger: quiet,
  });
  const me = await client.graphql({ query: 'query { me { ref username primaryRetailer { id } } }' });
  assert.equal(me.data.me.username, env.USERNAME_);
});

await claim('1 the client_credentials grant validates its connection', async () => {
  const client = await createClient(
    { config: config({ username: undefined, password: undefined }), logger: quiet }, { validateConnection: true });
  assert.ok((await client.graphql({ query: '{ retailers(first: 1) { edges { node { id } } } }' })).data.retailers);
});

const client = await connect();

await claim('2 tokens of 30 s life are renewed before every call', async () => {
  await accountSetting(client, 'fc.oauth.access.token.seconds', '30', 'INTEGER');
  await sleep(1500); // nodes keep settings for a second
  const short = await connect();
  const from = seen.length;
  await short.graphql({ query: '{ me { ref } }' });
  await short.graphql({ query: '{ me { ref } }' });
  assert.equal(calls('/oauth/token', from).length, 2);
});

await claim('2 with refresh tokens on the second request is a refresh', async () => {
  await accountSetting(client, 'fc.oauth.refresh.tokens', 'true', 'BOOLEAN');
  await sleep(1500);
  const short = await connect();
  const from = seen.length;
  await short.graphql({ query: '{ me { ref } }' });
  await short.graphql({ query: '{ me { ref } }' });
  const tokens = calls('/oauth/token', from);
  assert.equal(tokens.length, 2);
  assert.match(tokens[1].body, /grant_type=refresh_token/);
  assert.equal(tokens[1].status, 200);
});

await claim('2 a reused refresh token is refused and the client still succeeds', async () => {
  const short = await connect();
  await short.graphql({ query: '{ me { ref } }' });
  const from = seen.length;
  await short.graphql({ query: '{ me { ref } }' });
  const spent = calls('/oauth/token', from)[0].body;
  const again = await realFetch(env.BASE_URL + '/oauth/token', {
    method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: spent,
  });
  assert.equal(again.status, 400);
  assert.equal((await again.json()).error, 'invalid_grant');
  assert.equal((await short.graphql({ query: '{ me { ref } }' })).data.me !== undefined, true);
});

await accountSetting(client, 'fc.oauth.access.token.seconds', '86400', 'INTEGER');
await accountSetting(client, 'fc.oauth.refresh.tokens', 'false', 'BOOLEAN');
await sleep(1500);

await claim('3 a revoked token heals after one renewal', async () => {
  const fresh = await connect();
  let token;
  const spy = globalThis.fetch;
  globalThis.fetch = async (url, init) => {
    token = init?.headers?.Authorization?.replace(/^Bearer /i, '') ?? token;
    return spy(url, init);
  };
  await fresh.graphql({ query: '{ me { ref } }' });
  globalThis.fetch = spy;
  const revoked = await realFetch(env.BASE_URL + '/oauth/revoke', {
    method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ token, client_id: env.CLIENT_ID, client_secret: env.CLIENT_SECRET }),
  });
  assert.equal(revoked.status, 200);
  await sleep(2500); // every node hears of it within two seconds
  const from = seen.length;
  await fresh.graphql({ query: '{ me { ref } }' });
  assert.equal(calls('/graphql', from).length, 2);
  assert.equal(calls('/oauth/token', from).length, 1);
});

await claim('4 a sync event that matches completes, with both ids', async () => {
  const result = await client.sendEvent(
    { name: 'InformCustomerService', entityType: 'ORDER', entityRef: env.ORDER_REF, rootEntityType: 'ORDER' }, 'sync');
  assert.equal(result.eventStatus, 'COMPLETE');
  assert.ok(result.eventId && result.entityId && result.success);
});

await claim('4 a sync event that matches nothing is NO_MATCH', async () => {
  const result = await client.sendEvent(
    { name: 'NoSuchRuleset', entityType: 'ORDER', entityRef: env.ORDER_REF, rootEntityType: 'ORDER' }, 'sync');
  assert.equal(result.eventStatus, 'NO_MATCH');
});

let sent;
await claim('4 an async event has an id that getEventById finds', async () => {
  sent = await client.sendEvent({ name: 'NoSuchRuleset', entityType: 'ORDER', entityRef: env.ORDER_REF, rootEntityType: 'ORDER' });
  const event = await client.getEventById(sent.id);
  assert.equal(event.id, sent.id);
  assert.equal(event.context.entityType, 'ORDER');
});

await claim('5 getEvents pages through all events one by one', async () => {
  const window = { from: new Date(Date.now() - 3600e3).toISOString(), to: new Date(Date.now() + 60e3).toISOString() };
  const filter = { 'context.entityRef': env.ORDER_REF, name: 'NoSuchRuleset', ...window };
  let whole;
  for (let i = 0; i < 200; i++) { // searches by time see what is older than about a second; once the last event is there and done, pages hold still
    whole = await client.getEvents({ ...filter, count: 1000 });
    if (whole.results.some((e) => e.id === sent.id) && whole.results.every((e) => e.eventStatus !== 'PENDING')) break;
    await sleep(50);
  }
  assert.equal(whole.hasMore, false);
  assert.ok(whole.results.length >= 2);
  const ids = [];
  for (let start = 0; ;) {
    const page = await client.getEvents({ ...filter, start, count: 1 });
    ids.push(...page.results.map((e) => e.id));
    if (!page.hasMore) break;
    start += page.count;
  }
  assert.deepEqual(ids, whole.results.map((e) => e.id));
});

await claim('6 a batch with one bad record completes and lists it', async () => {
  const job = await client.createJob({ name: `acceptance ${env.RUN}`, retailerId: env.RETAILER_ID });
  const batch = await client.sendBatch(job.id, {
    action: 'UPSERT', entityType: 'INVENTORY', source: 'acceptance', event: 'InventoryChanged',
    entities: [
      { locationRef: env.LOCATION_REF, skuRef: env.PRODUCT_REF, qty: 77, type: 'LAST_ON_HAND', status: 'ACTIVE' },
      { locationRef: 'NOWHERE', skuRef: env.PRODUCT_REF, qty: 5, type: 'LAST_ON_HAND', status: 'ACTIVE' },
    ],
  });
  let status;
  for (let i = 0; i < 200; i++) {
    status = await client.getBatchStatus(job.id, batch.id);
    if (status.status === 'COMPLETE') break;
    await sleep(50);
  }
  assert.equal(status.status, 'COMPLETE');
  const results = await client.getJobResults(job.id);
  assert.equal(results.results.flatMap((r) => r.errors).length, 1);
  let log;
  for (let i = 0; i < 100; i++) {
    log = await client.getEvents({ name: 'BATCH_COMPLETE', 'context.rootEntityId': job.id });
    if (log.results.length) break;
    await sleep(50);
  }
  assert.equal(log.results.length, 1);
  assert.equal(log.results[0].category, 'BATCH');
});

const names = Array.from({ length: 250 }, (_, i) => `page-${env.RUN}-${String(i).padStart(3, '0')}`);

await claim('7 a query with $first and $after returns 250 unique rows', async () => {
  for (let start = 0; start < names.length; start += 50) {
    const part = names.slice(start, start + 50);
    const vars = part.map((_, i) => `$i${i}: CreateSettingInput!`).join(' ');
    const fields = part.map((_, i) => `s${i}: createSetting(input: $i${i}) { id }`).join(' ');
    const variables = Object.fromEntries(part.map((name, i) =>
      [`i${i}`, { name, valueType: 'STRING', value: name, context: 'RETAILER', contextId: Number(env.RETAILER_ID) }]));
    await client.graphql({ query: `mutation M(${vars}) { ${fields} }`, variables });
  }
  const query = `query Q($first: Int, $after: String) { settings(name: "page-${env.RUN}-%", first: $first, after: $after) {
    edges { cursor node { id name } } pageInfo { hasNextPage } } }`;
  const all = await client.graphql({ query, variables: { first: 40 } });
  const got = all.data.settings.edges.map((e) => e.node.name);
  assert.equal(new Set(got).size, 250);
  assert.equal(got.length, 250);
});

await claim('7 the same backwards with $last and $before', async () => {
  const query = `query Q($last: Int, $before: String) { settings(name: "page-${env.RUN}-%", last: $last, before: $before) {
    edges { cursor node { id name } } pageInfo { hasPreviousPage } } }`;
  const all = await client.graphql({ query, variables: { last: 40 } });
  assert.equal(new Set(all.data.settings.edges.map((e) => e.node.id)).size, 250);
});

await claim('7 $first alone ends after two requests', async () => {
  const from = seen.length;
  const query = `query Q($first: Int) { settings(name: "page-${env.RUN}-%", first: $first) {
    edges { cursor node { id } } pageInfo { hasNextPage } } }`;
  await client.graphql({ query, variables: { first: 40 } });
  assert.equal(calls('/graphql', from).length, 2);
});

await claim('8 aliased mutations fail one by one', async () => {
  const customer = await client.graphql({
    query: 'query { customers(first: 1) { edges { node { id } } } }', pagination: { enabled: false } });
  const order = (ref) => ({
    ref, type: 'HD', retailer: { id: env.RETAILER_ID }, customer: { id: customer.data.customers.edges[0].node.id },
    totalPrice: 1, items: [{ ref: `${ref}-1`, productRef: env.PRODUCT_REF, productCatalogueRef: `PC:MASTER:${env.RETAILER_ID}`, quantity: 1 }],
    fulfilmentChoice: { deliveryType: 'STANDARD', deliveryAddress: { ref, latitude: -33.87, longitude: 151.2 } },
  });
  const response = await client.graphql({
    query: `mutation BatchCreateOrders($input1: CreateOrderInput!, $input2: CreateOrderInput!, $input3: CreateOrderInput!) {
      createOrder1: createOrder(input: $input1) { id } createOrder2: createOrder(input: $input2) { id }
      createOrder3: createOrder(input: $input3) { id } }`,
    variables: { input1: order(`A-${env.RUN}`), input2: order(`A-${env.RUN}`), input3: order(`B-${env.RUN}`) },
    errorHandling: 'partial',
  });
  assert.ok(response.data.createOrder1.id && response.data.createOrder3.id);
  assert.equal(response.data.createOrder2, null);
  assert.equal(response.errors.length, 1);
  assert.equal(response.errors[0].extensions.code, 'C0121E');
  assert.deepEqual(response.errors[0].path, ['createOrder2']);
});

await claim('9 the introspection service reads the schema', async () => {
  const service = new GraphQLIntrospectionService(client, quiet);
  const mutation = await service.getMutation('createOrder');
  assert.match(mutation.args[0].type, /CreateOrderInput/);
});

await claim('9 the introspection service knows what inputs need', async () => {
  const service = new GraphQLIntrospectionService(client, quiet);
  const input = await service.getInputType('CreateOrderInput');
  assert.ok(service.isFieldRequired(input, 'ref') && !service.isFieldRequired(input, 'totalPrice'));
  assert.ok((await service.getMutations()).includes('createReturnOrder'));
});

await claim('9 the mutation mapper makes many at once', async () => {
  const mapper = new GraphQLMutationMapper({
    version: '1', mutation: 'createSetting', sourceFormat: 'json', operationName: 'BatchCreateSettings', returnFields: ['id', 'name'],
    arguments: { name: { source: 'key' }, value: { source: 'text' }, valueType: { value: 'STRING' }, context: { value: 'RETAILER' }, contextId: { value: Number(env.RETAILER_ID) } },
    aliasBatching: { enabled: true, mutationsPerBatch: 3 },
  }, quiet);
  const payload = await mapper.batchMap(['a', 'b', 'a'].map((key) => ({ key: `mapped-${env.RUN}-${key}`, text: key })));
  const made = await client.graphql({ ...payload, errorHandling: 'partial' });
  assert.deepEqual([made.data.createSetting1.name, made.data.createSetting2.name, made.data.createSetting3], [`mapped-${env.RUN}-a`, `mapped-${env.RUN}-b`, null]);
  assert.deepEqual(made.errors.map((e) => [e.path[0], e.extensions.code]), [['createSetting3', 'C0123E']]);
});

await claim('9 the extraction orchestrator reads all pages', async () => {
  const extraction = new ExtractionOrchestrator(client, quiet);
  const all = await extraction.extract({
    query: `query Q($first: Int, $after: String) { settings(name: "page-${env.RUN}-%", first: $first, after: $after) {
      edges { cursor node { id name } } pageInfo { hasNextPage hasPreviousPage } } }`,
    resultPath: 'settings.edges.node', pageSize: 60,
  });
  assert.equal(new Set(all.data.map((s) => s.name)).size, 250);
});

await claim('9 the batch manager loads into its job', async () => {
  const manager = new FluentBatchManager(client, quiet);
  const job = await manager.createJob(`managed ${env.RUN}`, { retailerId: env.RETAILER_ID });
  for (const qty of [78, 79]) {
    await manager.submitBatch(job.id, { action: 'UPSERT', entityType: 'INVENTORY',
      entities: [{ locationRef: env.LOCATION_REF, skuRef: env.PRODUCT_REF, qty, type: 'LAST_ON_HAND', status: 'ACTIVE' }] });
  }
  const { batch } = await manager.getJobStatus(job.id);
  assert.equal(batch.length, 2);
  let status;
  for (let i = 0; i < 200 && status?.status !== 'COMPLETE'; i++) {
    status = await manager.getBatchStatus(job.id, batch[1].id);
    await sleep(50);
  }
  assert.deepEqual([status.status, status.errors], ['COMPLETE', []]);
});

await claim('9 the connection tester is content', async () => {
  const result = await new FluentConnectionTester(client, { logger: quiet }).testConnection();
  assert.ok(result.success, JSON.stringify(result));
});

await claim('12 an event whose answer is lost is sent again and happens once', async () => {
  for (const mode of ['async', 'sync']) {
    lost = `/api/v4.1/event/${mode}`;
    const event = { name: `Lost-${mode}-${env.RUN}`, entityType: 'ORDER', entityRef: env.ORDER_REF, rootEntityType: 'ORDER' };
    const from = seen.length;
    const sent = await client.sendEvent(event, mode);
    assert.equal(calls(`/api/v4.1/event/${mode}`, from).length, 2);
    const log = await client.getEvents({ name: event.name, eventType: 'ORCHESTRATION' });
    assert.deepEqual(log.results.map((e) => e.id), [sent.eventId]);
  }
});

await claim('12 a job and a batch whose answers are lost are made once', async () => {
  lost = '/api/v4.1/job';
  const from = seen.length;
  const job = await client.createJob({ name: `lost ${env.RUN}`, retailerId: env.RETAILER_ID });
  assert.equal(calls('/api/v4.1/job', from).length, 2);
  const answers = seen.slice(from).map((c) => c.status);
  assert.deepEqual(answers, [200, 200]);
  lost = `/api/v4.1/job/${job.id}/batch`;
  const batch = await client.sendBatch(job.id, { action: 'UPSERT', entityType: 'INVENTORY',
    entities: [{ locationRef: env.LOCATION_REF, skuRef: env.PRODUCT_REF, qty: 80, type: 'LAST_ON_HAND', status: 'ACTIVE' }] });
  assert.deepEqual((await client.getJobStatus(job.id)).batch.map((b) => b.id), [batch.id]);
});

await claim('9 the connection tester finds itself', async () => {
  const retailer = `id createdOn updatedOn status ref summary websiteUrl websiteUrlName primaryEmail supportContactName
    supportEmail supportPhone tradingName`;
  const me = await client.graphql({ query: `query { me { id ref username title firstName lastName primaryEmail primaryPhone type
    status department country timezone promotionOptIn createdOn updatedOn
    roles { role { id name permissions { name } } contexts { contextType contextId } } primaryRetailer { ${retailer} }
    language { value label } primaryLocation { id ref createdOn updatedOn type status name supportPhoneNumber defaultCarrier
    defaultCarrierName workflowRef workflowVersion retailer { ${retailer} } } } }` });
  assert.ok(me.data.me.id);
});

await claim('11 the order workflow uploads, comes back equal, and goes up one minor version', async () => {
  const path = `/api/v4.1/workflow/${env.RETAILER_ID}/ORDER%3A%3AHD`;
  const before = (await client.request(path)).data;
  const sent = { ...before, description: `touched by ${env.RUN}` };
  const answer = (await client.request('/api/v4.1/workflow', { method: 'PUT', body: sent })).data;
  const after = (await client.request(path)).data;
  assert.equal(JSON.stringify(after.rulesets), JSON.stringify(before.rulesets));
  const minor = (version) => Number(version.split('.')[1]);
  assert.equal(minor(after.version), minor(before.version) + 1);
  assert.equal(answer.entityId, `${env.RETAILER_ID}-ORDER::HD::${after.version}`);
});

process.exit(failures ? 1 : 0);
