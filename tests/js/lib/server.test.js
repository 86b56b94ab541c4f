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
