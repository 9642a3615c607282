// What clients with mqtt.js do, in Node and in pages, by TCP and by WebSocket. What goes wrong is thrown.
import mqtt from "mqtt";
import * as assert from "./assert.js";

// connect opens a client; what comes collects in its inbox.
async function connect(url, options) {
  const client = mqtt.connect(url, options);
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
  assert.equal([m.topic, m.payload, m.qos, m.retain], [topic, payload, qos, retain]);
  return m;
}

// play is one of the scenarios. version is the level of the protocol: 3, 4 and 5 are 3.1, 3.1.1 and 5. topics are for the
// scenario of that name, options for the transport. The server is killed and started again when it has called ready.
export async function play({ url, scenario, version, topics, options }, ready) {
  const common = { protocolVersion: version, protocolId: version === 3 ? "MQIsdp" : "MQTT", reconnectPeriod: 0, ...options };
  const open = (own = {}) => connect(url, { ...common, ...own });
  await scenarios({ open, ready, version, topics, root: `js/${version}/${scenario}` })[scenario]();
}

const scenarios = ({ open, ready, version, topics, root }) => ({
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

  async request() {
    const [server, client] = [await open(), await open()];
    const five = version === 5, answers = `${root}/answers/7`;
    server.on("message", (_, payload, { properties }) => {
      const { responseTopic = answers, correlationData } = properties ?? {};
      server.publish(responseTopic, String(2 * Number(payload)), { qos: 1, ...(five && { properties: { correlationData } }) });
    });
    await server.subscribeAsync(`${root}/double`, { qos: 1 });
    await client.subscribeAsync(answers, { qos: 1 });
    for (let i = 0; i < 10; i++) {
      const properties = { responseTopic: answers, correlationData: Uint8Array.of(255, i) };
      await client.publishAsync(`${root}/double`, String(i), { qos: 1, ...(five && { properties }) });
      const answer = await expect(client, answers, String(2 * i), 1);
      if (five) assert.equal(answer.properties.correlationData, Uint8Array.of(255, i));
    }
    await Promise.all([server.endAsync(), client.endAsync()]);
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
    await drop(await open({ will: { topic: root, payload: "offline", qos: 1, retain: true } }));
    await expect(watcher, root, "offline", 1);
    const late = await open();
    await late.subscribeAsync(root, { qos: 1 });
    await expect(late, root, "offline", 1, true);
    await late.publishAsync(root, "", { retain: true });
    await Promise.all([watcher.endAsync(), late.endAsync()]);
  },

  async session() {
    const me = { clientId: `sleeper-js-${version}`, clean: false, ...(version === 5 && { properties: { sessionExpiryInterval: 600 } }) };
    const first = await open(me);
    assert.equal(first.present, false);
    await first.subscribeAsync(root, { qos: 1 });
    await drop(first);
    const pub = await open();
    await pub.publishAsync(root, "not kept");
    for (let i = 0; i < 20; i++) await pub.publishAsync(root, String(i), { qos: 1 });
    const again = await open(me);
    assert.equal(again.present, version > 3); // 3.1 cannot say
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
    assert.equal(seen.sort((a, b) => a - b), [...Array(n).keys()], "each message comes once");
    counts.forEach((count) => assert.ok(count > n / 10, `members took ${counts}`));
    await Promise.all([pub, ...members].map((c) => c.endAsync()));
  },

  async topics() {
    const [pub, sub] = [await open(), await open()];
    await sub.subscribeAsync(["#", "$test/#"], { qos: 1 });
    for (const topic of topics) {
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
      contentType: "text/plain", responseTopic: "answers/7 a", correlationData: Uint8Array.of(0, 255, 10), payloadFormatIndicator: true,
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
        assert.equal(got, properties);
      }
      assert.equal(ids.sort((a, b) => a - b), [1, 200]);
    }
    await Promise.all([pub.endAsync(), sub.endAsync()]);
  },

  // Cookies say who it is.
  async known() {
    const client = await open();
    await client.publishAsync("allowed/x", "x", { qos: 1 });
    await client.endAsync();
  },

  // Nothing does, or something wrong.
  async refused() {
    await assert.rejects(open(), /not authorized/i);
  },

  async reconnect() {
    const client = await open({ reconnectPeriod: 10 });
    await client.subscribeAsync(`${root}/+`, { qos: 2 });
    const back = new Promise((resolve) => { client.once("connect", resolve); });
    ready();
    await back;
    await client.publishAsync(`${root}/x`, "again", { qos: 2 });
    await expect(client, `${root}/x`, "again", 2);
    await client.endAsync();
  },
});
