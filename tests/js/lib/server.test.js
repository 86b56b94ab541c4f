const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const server = load("lib/server.js");
const JSON_TYPE = { "Content-Type": "application/json" };

const fault = (status, more = {}, headers = JSON_TYPE) =>
  server.fault({
    status,
    ok: status >= 200 && status < 300,
    redirected: false,
    headers: new Headers(headers),
    ...more,
  });

test("a JSON answer, or none on purpose, is an answer", () => {
  assert.equal(fault(200), null);
  assert.equal(fault(204, {}, {}), null);
});

test("a login page is no answer, however it comes", () => {
  for (const said of [
    fault(401),
    fault(200, { redirected: true }),
    fault(200, {}, { "Content-Type": "text/html" }),
    fault(200, {}, {}),
  ]) {
    assert.equal(said, "signed out");
  }
});

test("what is not permitted is told from a login that is missing", () => {
  assert.equal(fault(403), "not permitted");
});

test("a proxy without its server is told from a server in trouble, and both from a refusal", () => {
  assert.deepEqual(
    [500, 502, 503, 504, 505].map((status) => fault(status)),
    ["server error", "server not reachable", "server not reachable", "server not reachable", "server error"],
  );
  assert.equal(fault(429), "refused (429)");
});

/* What comes of a question that is answered so. */
function answered(context, response) {
  context.mock.method(globalThis, "fetch", async () => response);
  delete require.cache[require.resolve("../../../assets/lib/server.js")];
  return load("lib/server.js").request("/here/version", {}, 1000);
}

test("an answer is read once, whoever asks for it and however often", async (context) => {
  const sent = new Response('{"ready": true}', { headers: JSON_TYPE });
  const reading = context.mock.method(sent, "text");
  const { wrong, response } = await answered(context, sent);
  assert.equal(wrong, null);
  assert.deepEqual([await response.json(), await response.json()], [{ ready: true }, { ready: true }]);
  assert.deepEqual([response.status, response.headers.get("Content-Type")], [200, "application/json"]);
  assert.equal(reading.mock.callCount(), 1);
});

test("half an answer is none", async (context) => {
  const sent = new Response('{"ready": tr', { headers: JSON_TYPE });
  assert.equal((await answered(context, sent)).wrong, "server not reachable");
});
