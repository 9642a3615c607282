// The page of examples/browser in Chromium: node browser.js CHROMIUM PAGE GATEWAY. The libraries that it loads from elsewhere
// are those of node_modules here. When it has said "ready" the gateway is killed and started again. What goes wrong is thrown.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { chromium } from "playwright-core";

const [executablePath, page, gateway] = process.argv.slice(2);
const require = createRequire(import.meta.url);

// bundle makes one ES module of a package that is CommonJS.
function bundle(name) {
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

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const tab = await browser.newPage();
tab.setDefaultTimeout(20_000);
const errors = [];
tab.on("pageerror", (e) => errors.push(String(e)));
const module = (text) => ({ contentType: "text/javascript", headers: { "Access-Control-Allow-Origin": "*" }, body: text });
await tab.route("https://esm.sh/@nats-io/**", (r) => r.fulfill(module(bundle("@nats-io/nats-core"))));
await tab.route("https://esm.sh/mqtt@**", (r) => r.fulfill(module(readFileSync("node_modules/mqtt/dist/mqtt.esm.js", "utf8"))));

// sees waits until a list has such a line.
const sees = (list, line) => tab.locator(`#${list} li`, { hasText: line }).first().waitFor();
const connected = async () => {
  for (const id of ["nats-state", "mqtt-state"]) await tab.locator(`#${id}`, { hasText: /^connected$/ }).waitFor();
};

try {
  await tab.goto(`${page}/?gateway=${gateway}`);
  await connected();
  await sees("nats", /^answer \d{4}-/);
  for (const list of ["nats", "mqtt"]) await sees(list, /^demo.dev-1.temp 2\d\.\d\d$/);
  for (const from of ["nats", "mqtt"]) {
    await tab.fill(`#${from}-form input`, `by ${from}, Grüße`);
    await tab.click(`#${from}-form button`);
    await sees("nats", `demo.chat by ${from}, Grüße`);
    await sees("mqtt", `demo/chat by ${from}, Grüße`);
  }
  console.log("ready");
  await tab.locator("#mqtt-state", { hasText: "disconnected" }).waitFor();
  await connected();
  await tab.fill("#nats-form input", "again");
  await tab.click("#nats-form button");
  for (const list of ["nats", "mqtt"]) await sees(list, /^demo.chat again$/);
} catch (e) {
  throw new Error(`${e}\n${errors.join("\n")}\n${await tab.locator("body").innerText()}`);
} finally {
  await browser.close();
}
