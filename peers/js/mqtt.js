// One scenario with mqtt.js: node mqtt.js URL VERSION SCENARIO [TOPICS] [CA]. What goes wrong is thrown.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import mqtt from "mqtt";

const [address, version, scenario, topics, ca] = process.argv.slice(2);
const trust = ca ? { ca: readFileSync(ca) } : {};
const protocolVersion = Number(version);
const five = protocolVersion === 5;
const protocolId = protocolVersion === 3 ? "MQIsdp" : "MQTT";
const expiry = five ? { sessionExpiryInterval: 600 } : {};
const root = `js/${version}/${scenario}`;

// open connects; what comes collects in the client's inbox.
async function open(options = {}) {
  const client = mqtt.connect(address, { protocolVersion, protocolId, reconnectPeriod: 0, ...trust, ...options });
  const got = [];
  let wake = () => {};
  client.on("message", (topic, payload, packet) => {
    got.push({ topic, payload: payload.toString(), qos: packet.qos, retain: packet.retain, properties: packet.properties });
    wake();
  });
  client.next = async () => {
    while (got.length === 0) await new Promise((resolve) => { wake = resolve; });
    return got.shift();
  };
  client.present = await new Promise((resolve, reject) => {
    client.once("connect", (connack) => resolve(connack.sessionPresent));
    client.once("error", reject);
  });
  return client;
}

// drop ends the network connection without DISCONNECT.
const drop = (client) => new Promise((resolve) => { client.once("close", resolve); client.stream.destroy(); });

async function expect(client, topic, payload, qos = 0, retain = false) {
  const m = await client.next();
  assert.deepEqual([m.topic, m.payload, m.qos, m.retain], [topic, payload, qos, retain]);
  return m;
}

const scenarios = {
  async qos() {
    const [pub, sub] = [await open(), await open()];
    for (const granted of [0, 1, 2]) {
      const answer = await sub.subscribeAsync(`${root}/+`, { qos: granted });
      assert.equal(answer[0].qos, granted);
      for (const qos of [0, 1, 2])
        for (let i = 0; i < 20; i++) {
          await pub.publishAsync(`${root}/x`, String(i), { qos });
          await expect(sub, `${root}/x`, String(i), Math.min(qos, granted));
        }
    }
    await Promise.all([pub.endAsync(), sub.endAsync()]);
  },

  async retained() {
    const pub = await open();
    await pub.publishAsync(`${root}/a`, "first", { qos: 1, retain: true });
    await pub.publishAsync(`${root}/a`, "second", { qos: 2, retain: true });
    await pub.publishAsync(`${root}/b`, "gone", { qos: 1, retain: true });
    await pub.publishAsync(`${root}/b`, "", { qos: 1, retain: true });
    const sub = await open();
    await sub.subscribeAsync(`${root}/#`, { qos: 2 });
    await expect(sub, `${root}/a`, "second", 2, true);
    await pub.publishAsync(`${root}/a`, "live", { qos: 1, retain: true });
    await expect(sub, `${root}/a`, "live", 1, false);
    await pub.publishAsync(`${root}/a`, "", { retain: true }); // nothing stays for other scenarios
    await Promise.all([pub.endAsync(), sub.endAsync()]);
  },

  async will() {
    const watcher = await open();
    await watcher.subscribeAsync(root, { qos: 1 });
    await drop(await open({ will: { topic: root, payload: Buffer.from("offline"), qos: 1, retain: true } }));
    await expect(watcher, root, "offline", 1);
    const late = await open();
    await late.subscribeAsync(root, { qos: 1 });
    await expect(late, root, "offline", 1, true);
    await late.publishAsync(root, "", { retain: true });
    await Promise.all([watcher.endAsync(), late.endAsync()]);
  },

  async session() {
    const me = { clientId: `sleeper-js-${version}`, clean: false, properties: expiry };
    const first = await open(me);
    assert.equal(first.present, false);
    await first.subscribeAsync(root, { qos: 1 });
    await drop(first);
    const pub = await open();
    await pub.publishAsync(root, "not kept");
    for (let i = 0; i < 20; i++) await pub.publishAsync(root, String(i), { qos: 1 });
    const again = await open(me);
    assert.equal(again.present, protocolVersion > 3); // 3.1 cannot say
    for (let i = 0; i < 20; i++) await expect(again, root, String(i), 1);
    await Promise.all([pub.endAsync(), again.endAsync()]);
  },

  async shared() {
    const seen = [], counts = [0, 0, 0], n = 300;
    let done;
    const all = new Promise((resolve) => { done = resolve; });
    const members = await Promise.all([0, 1, 2].map(() => open()));
    for (const [who, member] of members.entries()) {
      member.on("message", (_, payload) => { counts[who]++; if (seen.push(Number(payload)) === n) done(); });
      await member.subscribeAsync(`$share/crew/${root}/#`, { qos: 1 });
    }
    const pub = await open();
    for (let i = 0; i < n; i++) await pub.publishAsync(`${root}/x`, String(i), { qos: 1 });
    await all;
    assert.deepEqual(seen.sort((a, b) => a - b), [...Array(n).keys()], "each message comes once");
    counts.forEach((count) => assert.ok(count > n / 10, `members took ${counts}`));
    await Promise.all([pub, ...members].map((c) => c.endAsync()));
  },

  async topics() {
    const [pub, sub] = [await open(), await open()];
    await sub.subscribeAsync(["#", "$test/#"], { qos: 1 });
    for (const topic of JSON.parse(topics)) {
      await pub.publishAsync(topic, topic, { qos: 1 });
      await expect(sub, topic, topic, 1);
    }
    await Promise.all([pub.endAsync(), sub.endAsync()]);
  },

  async properties() {
    const [pub, sub] = [await open(), await open({ properties: { topicAliasMaximum: 5 } })];
    await sub.subscribeAsync(`${root}/#`, { qos: 1, properties: { subscriptionIdentifier: 1 } });
    await sub.subscribeAsync(`${root}/+`, { qos: 1, properties: { subscriptionIdentifier: 200 } });
    const properties = {
      contentType: "text/plain", responseTopic: "answers/7 a", correlationData: Buffer.from([0, 255, 10]), payloadFormatIndicator: true,
      messageExpiryInterval: 600, userProperties: { b: ["2", "1"], a: "1", "Küche Licht": "an" },
    };
    for (let i = 0; i < 3; i++) {
      await pub.publishAsync(`${root}/x`, "x", { qos: 1, properties });
      const ids = [];
      while (ids.length < 2) { // one copy with both, or one for each
        const got = { ...(await expect(sub, `${root}/x`, "x", 1)).properties };
        ids.push(...[got.subscriptionIdentifier].flat());
        delete got.subscriptionIdentifier;
        delete got.topicAlias;
        assert.deepEqual({ ...got, userProperties: { ...got.userProperties } }, properties);
      }
      assert.deepEqual(ids.sort((a, b) => a - b), [1, 200]);
    }
    await Promise.all([pub.endAsync(), sub.endAsync()]);
  },
};

await scenarios[scenario]();
