// The page of examples/browser in Chromium: node browser.js CHROMIUM PAGE GATEWAY. The libraries that it loads from elsewhere
// are those of node_modules here. When it has said "ready" the gateway is killed and started again. What goes wrong is thrown.
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { bundle, library } from "./bundle.js";

const [executablePath, page, gateway] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const tab = await browser.newPage();
tab.setDefaultTimeout(20_000);
const errors = [];
tab.on("pageerror", (e) => errors.push(String(e)));
await tab.route("https://esm.sh/@nats-io/**", (r) => r.fulfill(library(bundle("@nats-io/nats-core"))));
await tab.route("https://esm.sh/mqtt@**", (r) => r.fulfill(library(readFileSync("node_modules/mqtt/dist/mqtt.esm.js", "utf8"))));

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
