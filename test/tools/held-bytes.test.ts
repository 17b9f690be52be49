import { expect, test } from 'vitest';
import { HeldBytes } from '../../src/tools/held-bytes.ts';

test('all holders together have one bound, and each a little of its own', () => {
  const held = new HeldBytes(100, 10);
  const [large, small, late] = [held.open(), held.open(), held.open()];
  expect(large.add(95)).toBe(true);
  expect(small.add(10)).toBe(true);
  expect(small.add(1)).toBe(false);
  expect(late.add(11)).toBe(false);
  expect(held.held).toBe(105);
  large.release();
  expect(late.add(90)).toBe(true);
  expect(held.held).toBe(100);
});

test('what is released twice is given back once', () => {
  const held = new HeldBytes(100, 0);
  const holder = held.open();
  holder.add(50);
  holder.release();
  holder.release();
  expect(held.held).toBe(0);
});

test('what is there already can be more than is allowed, and nothing else is then', () => {
  const held = new HeldBytes(100, 0);
  held.open().set(150);
  expect(held.isFull).toBe(true);
  expect(held.open().add(1)).toBe(false);
});
