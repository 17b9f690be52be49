/** What a value costs, about. */
export interface Size {
  /** Bytes of its JSON. */
  readonly text: number;
  /** Bytes it takes in memory; many small values take far more than their JSON. */
  readonly memory: number;
}

export function measure(value: unknown): Size {
  let text = 0;
  let memory = 0;
  const rest = [value];
  while (rest.length > 0) {
    const one = rest.pop();
    if (typeof one === 'string') {
      const bytes = textBytes(one);
      text += bytes;
      memory += bytes + VALUE;
    } else if (typeof one !== 'object' || one === null || one instanceof Date) {
      text += one instanceof Date ? DATE : String(one).length;
      memory += VALUE;
    } else {
      text += 2;
      memory += OBJECT;
      const isList = Array.isArray(one);
      for (const [key, item] of Object.entries(one)) {
        text += isList ? 1 : key.length + 4;
        rest.push(item);
      }
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
