/** What a value costs, about. */
export interface Size {
  /** Bytes of its JSON. */
  readonly text: number;
  /** Bytes it takes in memory; many small values take far more than their JSON. */
  readonly memory: number;
}

/** Looks once at each value; large objects are looked at once for all operations that have them, as nothing of them changes. */
export function measure(value: unknown): Size {
  if (typeof value !== 'object' || value === null) return measureAll(value);
  const known = SIZES.get(value);
  if (known) return known;
  const size = measureAll(value);
  if (size.text > LARGE) SIZES.set(value, size);
  return size;
}
const SIZES = new WeakMap<object, Size>();

/** Bytes whose handling others should not have to wait for several times over. */
export const LARGE = 16 * 1024;

function measureAll(value: unknown): Size {
  let text = 0;
  let memory = 0;
  // Of a million small values none is put down to be looked at later: that would take longer than to read them.
  const open: object[] = [];
  const take = (one: unknown): void => {
    if (typeof one === 'string') {
      const bytes = textBytes(one);
      text += bytes;
      memory += bytes + VALUE;
    } else if (typeof one !== 'object' || one === null || one instanceof Date) {
      text += one instanceof Date ? DATE : String(one).length;
      memory += VALUE;
    } else open.push(one);
  };
  take(value);
  for (let one = open.pop(); one; one = open.pop()) {
    text += 2;
    memory += OBJECT;
    if (Array.isArray(one)) {
      text += one.length;
      for (const item of one) take(item);
    } else
      for (const [key, item] of Object.entries(one)) {
        text += key.length + 4;
        take(item);
      }
  }
  return { text, memory };
}

/** Bytes of a text in JSON. */
export const textBytes = (text: string): number =>
  Buffer.byteLength(ESCAPED.test(text) ? JSON.stringify(text) : text) + 2;
// oxlint-disable-next-line no-control-regex -- JSON writes them with six characters
const ESCAPED = /["\\\u0000-\u001F]/;

const DATE = 26;
/** Bytes of a value's place in what holds it, and of an object itself, in V8. */
const VALUE = 8;
const OBJECT = 56;
