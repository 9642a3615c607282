// Plays scenarios of nats.js and mqtt.js in Node.
import { readFileSync } from "node:fs";
import { connect } from "@nats-io/transport-node";
import WebSocket from "ws";
import { take } from "./stage.js";

const header = (cookies) => ({ Cookie: Object.entries(cookies).map(([name, value]) => `${name}=${value}`).join("; ") });

await take(async (play, ready) => {
  const trust = play.ca ? { ca: readFileSync(play.ca) } : {};
  const headers = play.cookies ? header(play.cookies) : {};
  globalThis.WebSocket = class extends WebSocket { // what nats.js finds in pages
    constructor(address, protocols) { super(address, protocols, { headers, ...trust }); }
  };
  const own = play.url.startsWith("nats:") ? { dial: connect } : { options: { wsOptions: { headers }, ...trust } };
  const client = await import(`./${play.client}.js`);
  await client.play({ ...play, ...own }, ready);
});
process.exit(); // a play that failed leaves connections
