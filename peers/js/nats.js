// What clients with nats.js do, in Node and in pages, by TCP and by WebSocket. What goes wrong is thrown.
import { headers, wsconnect } from "@nats-io/nats-core";
import * as assert from "./assert.js";

const text = (m) => new TextDecoder().decode(m.data);

// take reads n messages of a subscription.
async function take(sub, n) {
  const got = [];
  for await (const m of sub) {
    got.push(m);
    if (got.length === n) break;
  }
  return got;
}

// status waits for an event of the connection.
async function status(nc, type) {
  for await (const s of nc.status()) if (s.type === type) return s;
  throw new Error(`closed before ${type}`);
}

// play is one of the scenarios. The server is killed and started again when it has called ready.
export async function play({ url, scenario, dial = wsconnect }, ready) {
  await scenarios((options = {}) => dial({ servers: url, timeout: 20_000, ...options }), ready)[scenario]();
}

const scenarios = (open, ready) => ({
  async pubsub() {
    const nc = await open();
    const subs = ["a.b", "a.*", "a.>"].map((s) => nc.subscribe(s, { max: 100 }));
    await nc.flush();
    for (let i = 0; i < 100; i++) nc.publish("a.b", `m${i}`, { reply: `r.${i}` });
    for (const sub of subs) {
      const got = await take(sub, 100);
      got.forEach((m, i) => assert.equal([m.subject, m.reply, text(m)], ["a.b", `r.${i}`, `m${i}`]));
    }
    await nc.close();
  },

  async request() {
    const [server, nc] = [await open(), await open()];
    server.subscribe("double", { callback: (_, m) => m.respond(String(2 * Number(text(m)))) });
    await server.flush();
    const answers = await Promise.all([...Array(200).keys()].map((i) => nc.request("double", String(i), { timeout: 20_000 })));
    answers.forEach((m, i) => assert.equal(text(m), String(2 * i)));
    await assert.rejects(nc.request("nobody"), /no responders/i);
    await Promise.all([server.close(), nc.close()]);
  },

  async queue() {
    const members = await Promise.all([open(), open(), open()]);
    const seen = new Map();
    const counts = members.map(() => 0);
    const all = new Promise((resolve) => {
      members.forEach((nc, who) => nc.subscribe("work", { queue: "q", callback: (_, m) => {
        seen.set(text(m), (seen.get(text(m)) ?? 0) + 1);
        counts[who]++;
        if (counts.reduce((a, b) => a + b) === 600) resolve();
      } }));
    });
    await Promise.all(members.map((nc) => nc.flush()));
    const nc = await open();
    for (let i = 0; i < 600; i++) nc.publish("work", String(i));
    await all;
    await Promise.all([nc, ...members].map((c) => c.flush()));
    assert.equal(seen.size, 600, "each message comes once");
    counts.forEach((n) => assert.ok(n > 100, `members took ${counts}`));
    await Promise.all([nc, ...members].map((c) => c.close()));
  },

  async headers() {
    const nc = await open();
    const sub = nc.subscribe("h");
    const h = headers();
    h.append("A", "1");
    h.append("A", "2");
    h.set("b-C", "x y");
    nc.publish("h", "body", { headers: h });
    const [m] = await take(sub, 1);
    assert.equal(text(m), "body");
    assert.equal([m.headers.values("A"), m.headers.get("b-C")], [["1", "2"], "x y"]);
    await nc.close();
  },

  async drain() {
    const [nc, other] = [await open(), await open()];
    let got = 0;
    nc.subscribe("d", { callback: () => got++ });
    await nc.flush();
    for (let i = 0; i < 5000; i++) other.publish("d", "x");
    await other.flush();
    await nc.drain();
    assert.equal(got, 5000);
    await assert.rejects(other.request("d"), /no responders/i);
    await other.close();
  },

  async large() {
    const nc = await open();
    assert.equal(nc.info.max_payload, 1 << 20);
    const sub = nc.subscribe("big");
    const data = new Uint8Array(1 << 20).map((_, i) => i * 31);
    for (let i = 0; i < 4; i++) nc.publish("big", data);
    for (const m of await take(sub, 4)) assert.ok(m.data.length === data.length && m.data.every((b, i) => b === data[i]), "other bytes came");
    await nc.close();
  },

  // Cookies say who it is.
  async known() {
    const nc = await open();
    await nc.flush();
    await nc.close();
  },

  // Nothing does, or something wrong.
  async refused() {
    await assert.rejects(open(), /authorization violation/i);
  },

  async denied() {
    const nc = await open({ user: "ann", pass: "s3cret" });
    const errors = status(nc, "error");
    nc.publish("forbidden", "x");
    assert.match(String((await errors).error), /Permissions Violation for Publish to "forbidden"/);
    const sub = nc.subscribe("forbidden");
    await assert.rejects(take(sub, 1), /Permissions Violation for Subscription to "forbidden"/);
    await nc.request("allowed.nobody").catch((e) => assert.match(e.message, /no responders/i)); // it goes on
    await nc.close();
    await assert.rejects(open({ user: "ann", pass: "other" }), /authorization violation/i);
  },

  async reconnect() {
    const nc = await open({ reconnectTimeWait: 10, maxReconnectAttempts: -1 });
    const sub = nc.subscribe("r.*");
    await nc.flush();
    const back = status(nc, "reconnect");
    ready();
    await back;
    nc.publish("r.1", "again");
    assert.equal(text((await take(sub, 1))[0]), "again");
    await nc.close();
  },
});
