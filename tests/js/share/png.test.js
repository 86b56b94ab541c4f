const assert = require("node:assert/strict");
const { test } = require("node:test");
const zlib = require("node:zlib");
const { load } = require("../metrics.js");

const { withText } = load("share/png.js");

/* The smallest picture: one pixel. */
const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/* CRC-32 from zlib's own trailer: gzip ends with it. */
const checksum = (bytes) => zlib.gzipSync(bytes).readUInt32LE(zlib.gzipSync(bytes).length - 8);

function chunksOf(bytes) {
  const found = [];
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const body = bytes.subarray(at + 4, at + 8 + length);
    found.push({
      kind: body.toString("latin1", 0, 4),
      content: body.subarray(4),
      valid: bytes.readUInt32BE(at + 8 + length) === checksum(body),
    });
    at += length + 12;
  }
  return found;
}

async function written(...texts) {
  const blob = await withText(new Blob([PIXEL]), texts);
  assert.equal(blob.type, "image/png");
  return Buffer.from(await blob.arrayBuffer());
}

test("every text is a chunk after the header, with a checksum that holds", async () => {
  const chunks = chunksOf(await written(["Title", "Logins"], ["Größe", "50 % – 日本"]));
  assert.deepEqual(
    chunks.map(({ kind }) => kind),
    ["IHDR", "iTXt", "iTXt", "IDAT", "IEND"],
  );
  assert.ok(chunks.every(({ valid }) => valid));
});

test("texts are UTF-8, keywords Latin-1 as the specification wants", async () => {
  const [, chunk] = chunksOf(await written(["Größe", "50 % – 日本"]));
  const end = chunk.content.indexOf(0);
  assert.equal(chunk.content.toString("latin1", 0, end), "Größe");
  assert.deepEqual([...chunk.content.subarray(end, end + 5)], [0, 0, 0, 0, 0]);
  assert.equal(chunk.content.toString("utf8", end + 5), "50 % – 日本");
});

test("a keyword is no longer than it may be, and an empty text is none", async () => {
  const [, chunk, next] = chunksOf(await written(["k".repeat(200), "x"], ["Nothing", ""]));
  assert.equal(chunk.content.indexOf(0), 79);
  assert.equal(next.kind, "IDAT");
});

test("the picture itself stays as it was", async () => {
  const bytes = await written(["Title", "Logins"]);
  assert.deepEqual(bytes.subarray(0, 33), PIXEL.subarray(0, 33));
  assert.deepEqual(bytes.subarray(-(PIXEL.length - 33)), PIXEL.subarray(33));
});
