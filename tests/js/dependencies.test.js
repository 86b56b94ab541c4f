const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const test = require("node:test");
const { scripts, wrongs, code, all } = require("./dependencies.js");
const { ASSETS } = require("./metrics.js");

const FILES = scripts(ASSETS);
const offering = (name, rest = "") => `((metrics) => {\n  ${rest}\n  metrics.${name} = ${name};\n})(window.metrics);`;

test("scripts use lib/ and their own room, without circles", () => {
  assert.ok(Object.keys(FILES).length > 30);
  assert.deepEqual(wrongs(FILES), []);
});

test("a circle fails, however long and however it is written", () => {
  const files = {
    "wall/one.js": offering("one", "const f = () => metrics.two.go();"),
    "wall/two.js": offering("two", "function f() {\n    const { three } = metrics;\n  }"),
    "wall/three.js": offering("three", "/* metrics.nothing */ const f = () => metrics.one.go();"),
  };
  assert.deepEqual(wrongs(files), ["a circle: wall/one.js → wall/two.js → wall/three.js → wall/one.js"]);
});

test("a way into another room fails, and lib/ has none out of itself", () => {
  const files = {
    "page/one.js": offering("one", "const f = () => metrics.two.go();"),
    "wall/two.js": offering("two"),
    "lib/three.js": offering("three", "const f = () => metrics.two.go();"),
  };
  assert.deepEqual(wrongs(files), [
    "page/one.js uses wall/two.js, of another room",
    "lib/three.js uses wall/two.js, of another room",
  ]);
});

test("what nobody offers, what two offer, and what is taken too early fails", () => {
  assert.deepEqual(wrongs({ "page/one.js": offering("one", "const f = () => metrics.gone.go();") }), [
    "page/one.js uses metrics.gone, which nobody offers",
  ]);
  assert.deepEqual(wrongs({ "page/one.js": offering("one"), "page/two.js": offering("one") }), [
    "page/two.js and page/one.js both offer metrics.one",
  ]);
  assert.deepEqual(
    wrongs({ "page/one.js": offering("one"), "page/two.js": offering("two", "const { one } = metrics;") }),
    ["page/two.js takes metrics.one before it need be there"],
  );
});

test("every event is explained, announced by somebody and heard by somebody", () => {
  const types = fs.readFileSync(path.join(ASSETS, "lib", "types.d.ts"), "utf8");
  const declared = all(types.match(/interface MetricsEvents \{([\s\S]*?)\n\}/)[1], /^ {2}(\w+):/gm).sort();
  const explained = all(FILES["lib/events.js"], /^ \* {3}(\w+) {2,}\S/gm).sort();
  const everything = Object.values(FILES).map(code).join("\n");
  const announced = new Set(all(everything, /\bannounce\("(\w+)"/g));
  const heard = new Set(all(everything, /\bevents\.on\("(\w+)"/g));
  assert.deepEqual(explained, declared);
  assert.deepEqual([...announced].sort(), declared);
  assert.deepEqual([...heard].sort(), declared);
});

test("storage is reached in one place", () => {
  const reaching = Object.keys(FILES).filter((file) => /\b(localStorage|sessionStorage)\b/.test(code(FILES[file])));
  assert.deepEqual(reaching, ["lib/storage.js"]);
});
