// A stage takes plays from stdin, JSON on a line each, and says of each on a line of stdout how it went: "ready" when the
// server may be killed and started again, then "done", or "failed" and why.
import { createInterface } from "node:readline";

const patience = 25_000; // milliseconds for a play

const tooLong = () => new Promise((_, reject) => {
  setTimeout(() => reject(new Error("takes too long")), patience).unref();
});

export async function take(perform) {
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      await Promise.race([perform(JSON.parse(line), () => console.log("ready")), tooLong()]);
      console.log("done");
    } catch (e) {
      console.log(`failed ${JSON.stringify(e.stack ?? String(e))}`);
    }
  }
}
