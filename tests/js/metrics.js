/* The page's global as it is before its scripts, for tests in which there is no page; and the scripts, by their path. */
const path = require("node:path");

const ASSETS = path.join(__dirname, "..", "..", "assets");

/* Elements and windows that tests need are theirs to bring; listening to them is all that scripts do when they are read. */
globalThis.document = new EventTarget();
globalThis.metrics = { page: { base: "/here/", version: "one", defaults: {}, tabs: [], colours: {} }, answer: null };
globalThis.window = globalThis;
/* Node 18 has none of its own. */
globalThis.CustomEvent ??= class extends Event {
  constructor(name, { detail } = {}) {
    super(name);
    this.detail = detail;
  }
};

/** Reads the scripts in their order; gives what the last one offers. */
const load = (...names) => names.map((name) => require(path.join(ASSETS, name))).at(-1);

module.exports = { ASSETS, load };
