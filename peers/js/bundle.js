import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";

const require = createRequire(import.meta.url);

// bundle makes one ES module of a package that is CommonJS, for pages.
export function bundle(name) {
  const files = new Map();
  const add = (file) => {
    if (files.has(file)) return;
    const text = readFileSync(file, "utf8"), uses = {};
    files.set(file, { text, uses });
    for (const [, wanted] of text.matchAll(/require\("([^"]+)"\)/g)) {
      const found = createRequire(file).resolve(wanted, { paths: [dirname(file)] });
      if (found === wanted) continue; // of Node, which browsers do not get to
      uses[wanted] = found;
      add(found);
    }
  };
  const entry = require.resolve(name);
  add(entry);
  const parts = [...files].map(([file, { text, uses }]) =>
    `${JSON.stringify(file)}: [function (module, exports, require) {${text}\n}, ${JSON.stringify(uses)}]`);
  return `const files = {${parts.join(",\n")}}, made = {};
    function load(file) {
      if (!made[file]) {
        const module = made[file] = { exports: {} };
        files[file][0](module, module.exports, (wanted) => load(files[file][1][wanted]));
      }
      return made[file].exports;
    }
    const all = load(${JSON.stringify(entry)});
    export const { ${Object.keys(require(name)).filter((k) => k !== "default").join(", ")} } = all;`;
}

// library answers a page's request for a module. Pages of elsewhere may have it too.
export const library = (text) => ({ contentType: "text/javascript", headers: { "Access-Control-Allow-Origin": "*" }, body: text });
