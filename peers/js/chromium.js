// Plays scenarios of nats.js and mqtt.js in pages: node chromium.js CHROMIUM SITE [PIN]. The site serves this folder and sets
// cookies; pin is the hash of the key that its certificate and the gateway's may have, without anybody who signed them.
import { chromium } from "playwright-core";
import * as assert from "./assert.js";
import { bundle, library } from "./bundle.js";
import { take } from "./stage.js";

const [executablePath, site, pin] = process.argv.slice(2);
const args = ["--no-sandbox", ...(pin ? [`--ignore-certificate-errors-spki-list=${pin}`] : [])];
const browser = await chromium.launch({ executablePath, args });
const nats = library(bundle("@nats-io/nats-core"));
let page, visitor; // who came last, by the cookies, stays while others do not come

// login opens a page for who has these cookies and no others.
async function login(cookies) {
  const query = String(new URLSearchParams(cookies));
  if (query === visitor) return;
  await page?.context().close();
  page = await browser.newPage();
  await page.route("**/nats-core.js", (r) => r.fulfill(nats));
  await page.goto(`${site}/login?${query}`);
  assert.equal(await page.evaluate(() => document.cookie), "", "scripts see no cookies");
  visitor = query;
}

await take(async (play, ready) => {
  await login(play.cookies);
  const again = (message) => { if (message.text() === "ready") ready(); };
  page.on("console", again);
  await page.evaluate(async (play) => {
    const client = await import(`/${play.client}.js`);
    await client.play(play, () => console.log("ready"));
  }, play);
  page.off("console", again);
});
await browser.close();
