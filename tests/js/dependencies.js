/* Which of the page's scripts uses which: by the members of "metrics" that they offer and take. */
const fs = require("node:fs");
const path = require("node:path");

/* What lib/_page.js gives without saying so in the way of the others. */
const GIVEN = { page: "lib/_page.js", answer: "lib/_page.js" };

/** Every script of a folder by its path in it, other people's left out, and the one that runs before all of them. */
const APART = ["vendor", "css", "inline"];

function scripts(folder) {
  const found = {};
  for (const room of fs
    .readdirSync(folder)
    .filter((name) => !APART.includes(name))
    .sort()) {
    for (const file of fs
      .readdirSync(path.join(folder, room))
      .filter((name) => name.endsWith(".js"))
      .sort()) {
      found[`${room}/${file}`] = fs.readFileSync(path.join(folder, room, file), "utf8");
    }
  }
  return found;
}

const all = (text, pattern) => [...text.matchAll(pattern)].map((match) => match[1]);
const code = (text) => text.replace(/\/\*[\s\S]*?\*\//g, "");
const names = (list) =>
  list
    .split(",")
    .map((one) => one.split(":")[0].trim())
    .filter(Boolean);

const offered = (text) => all(code(text), /^ {2}metrics\.(\w+) = /gm).filter((name) => !(name in GIVEN));

function taken(text) {
  const own = new Set(offered(text));
  const direct = all(code(text), /\bmetrics\.(\w+)/g);
  const unpacked = all(code(text), /const \{([^}]*)\} = metrics;/g).flatMap(names);
  return [...new Set([...direct, ...unpacked])].filter((name) => !own.has(name));
}

/** What a file takes while it is read, and not only when something happens. */
function takenAtOnce(text) {
  const unpacked = all(code(text), /^ {2}const \{([^}]*)\} = metrics;/gm).flatMap(names);
  return [...unpacked, ...all(code(text), /^ {2}(?:const .* = )?metrics\.(\w+)(?! = )/gm)];
}

const roomOf = (file) => file.split("/")[0];

/** What is wrong with files (path → text), a sentence for each. */
function wrongs(files) {
  const owners = { ...GIVEN };
  const said = [];
  for (const [file, text] of Object.entries(files)) {
    for (const name of offered(text)) {
      if (owners[name]) said.push(`${file} and ${owners[name]} both offer metrics.${name}`);
      owners[name] = file;
    }
  }
  const uses = {};
  for (const [file, text] of Object.entries(files)) {
    for (const name of taken(text)) if (!owners[name]) said.push(`${file} uses metrics.${name}, which nobody offers`);
    uses[file] = [...new Set(taken(text).map((name) => owners[name]))].filter((owner) => owner && owner !== file);
    for (const owner of uses[file]) {
      if (roomOf(owner) !== "lib" && roomOf(owner) !== roomOf(file))
        said.push(`${file} uses ${owner}, of another room`);
    }
    for (const name of takenAtOnce(text)) {
      if (owners[name] && owners[name] !== file && roomOf(owners[name]) !== "lib")
        said.push(`${file} takes metrics.${name} before it need be there`);
    }
  }
  return [...said, ...circles(uses).map((circle) => `a circle: ${circle.join(" → ")}`)];
}

/** Every circle of uses (file → files), once: as the files on its way, the first one again at its end. */
function circles(uses) {
  const found = [];
  const done = new Set();
  const visit = (file, way) => {
    if (way.includes(file)) found.push([...way.slice(way.indexOf(file)), file]);
    if (done.has(file) || way.includes(file)) return;
    for (const next of uses[file] ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of Object.keys(uses)) visit(file, []);
  return found;
}

module.exports = { scripts, wrongs, code, all };
