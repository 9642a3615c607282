// What scenarios check with, in Node and in pages: the part of node:assert that they need.
export class AssertionError extends Error {}

// plain is value so that the same text means the same value: keys in order, bytes as numbers.
function plain(value) {
  if (ArrayBuffer.isView(value)) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value === undefined ? "(undefined)" : value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, plain(value[key])]));
}

const show = (value) => JSON.stringify(plain(value));

export function ok(condition, message) {
  if (!condition) throw new AssertionError(message);
}

export function equal(got, want, message = "") {
  ok(show(got) === show(want), `got ${show(got)}, want ${show(want)} ${message}`);
}

export function match(text, pattern) {
  ok(pattern.test(text), `got ${text}, want ${pattern}`);
}

// rejects waits for promise, which has to fail and say why.
export async function rejects(promise, why) {
  const error = await promise.then(() => undefined, (e) => e);
  ok(error !== undefined, `goes well, want ${why}`);
  match(String(error), why);
}
