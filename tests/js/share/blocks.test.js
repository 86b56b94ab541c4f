const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { head } = load("share/blocks.js");
const COLOURS = { text: "black", muted: "grey", faint: "pale", ok: "green", warn: "ochre", bad: "red" };

/* What is written on a board that is wide enough, by its text. */
function written(headline) {
  const colours = {};
  const on = {
    colours: COLOURS,
    width: (text) => text.length,
    wrap: (text) => [text],
    write(text, _x, _y, { colour }) {
      colours[text] = colour;
    },
  };
  head(on, { title: "Logins", unit: "", headline }, 900).draw(0, 0);
  return colours;
}

test("a number has the colour that it has on the page", () => {
  const colourOf = (kind) => written([[kind, "7"]])["7"];
  assert.equal(colourOf("number"), "black");
  assert.equal(colourOf("number met"), "green");
  assert.equal(colourOf("number warned"), "ochre");
});

test("a change has the colour of what it is judged to be", () => {
  const colourOf = (judgement) =>
    written([
      ["number", "7"],
      [`change ${judgement}`, "+8 %"],
    ])["+8 %"];
  assert.deepEqual(["good", "bad", "level", "other"].map(colourOf), ["green", "red", "pale", "grey"]);
});
