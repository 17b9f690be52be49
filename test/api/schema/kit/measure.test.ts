import { expect, test } from 'vitest';
import { measure } from '../../../../src/api/schema/kit/measure.ts';

test.each([
  [{ a: 'é', b: [1, 2.5, null, true], c: {} }],
  ['a "quoted"\nline'],
  [[[], [[]], ['x']]],
  [12],
])('counts about the bytes of its JSON: %j', (value) => {
  const bytes = Buffer.byteLength(JSON.stringify(value));
  expect(measure(value).text).toBeGreaterThanOrEqual(bytes - 2);
  expect(measure(value).text).toBeLessThanOrEqual(bytes + 8);
});

test('a large value is looked at once, for however many operations', () => {
  let looked = 0;
  const value = new Proxy(
    Array.from({ length: 20_000 }, (_, n) => n % 10),
    {
      get: (list, key) => {
        if (key === 'length') looked++;
        return Reflect.get(list, key) as unknown;
      },
    },
  );
  const size = measure(value);
  const once = looked;
  expect(measure(value)).toBe(size);
  expect(looked).toBe(once);
});
