import { expect, test } from 'vitest';
import { fit } from '../../../src/contract/wire/payload-limit.ts';

const options = { limit: 10, code: 'NOT_JSON', instead: 'keep it short' };

test.each([
  ['some text', '12345678'],
  ['nothing', undefined],
  ['bytes', new Uint8Array(10)],
])('%s of at most the limit fits', (_, value) => {
  expect(fit('It', value, options).unfit).toBeUndefined();
});

test('what has more bytes than letters is counted by its bytes', () => {
  expect(fit('It', 'äöüß', options)).toEqual({ bytes: 10 });
  expect(fit('It', 'äöüßé', options).unfit).toEqual({
    code: 'PAYLOAD_TOO_LARGE',
    message: 'It may have 10 bytes as JSON, and has 12: keep it short.',
  });
});

test('what has no JSON is told with its cause', () => {
  expect(fit('It', { a: 1n }, options).unfit).toEqual({
    code: 'NOT_JSON',
    message: expect.stringMatching(/^It cannot be written as JSON: .*BigInt/),
  });
});
