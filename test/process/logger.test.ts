import { expect, test } from 'vitest';
import type { LogLevel } from '../../src/process/config.ts';
import { createLogger, toTemporalLogger } from '../../src/process/logger.ts';

function capture(level: LogLevel = 'trace') {
  const lines: string[] = [];
  const logger = createLogger({ level, destination: { write: (line) => void lines.push(line) } });
  const read = () => lines.map((line): Record<string, unknown> => JSON.parse(line));
  return { logger, temporal: toTemporalLogger(logger), lines, read };
}

test('our lines and those of the SDK have one format', () => {
  const { logger, temporal, read } = capture();
  logger.info({ port: 4000 }, 'Listening');
  temporal.info('Worker state changed', { state: 'RUNNING' });
  const [ours, theirs] = read();
  expect(ours).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    port: 4000,
    msg: 'Listening',
  });
  expect(theirs).toEqual({
    ...ours,
    port: undefined,
    state: 'RUNNING',
    msg: 'Worker state changed',
    time: expect.any(String),
  });
});

test('every level of the SDK has its own', () => {
  const { temporal, read } = capture();
  for (const level of ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'] as const)
    temporal.log(level, 'x');
  expect(read().map(({ level }) => level)).toEqual(['trace', 'debug', 'info', 'warn', 'error']);
});

test('methods work without their object', () => {
  const { temporal, read } = capture();
  for (const name of ['trace', 'debug', 'info', 'warn', 'error'] as const) {
    const method = Reflect.get(temporal, name) as (message: string) => void;
    method('x');
  }
  const log = Reflect.get(temporal, 'log') as (level: string, message: string) => void;
  log('INFO', 'x');
  expect(read()).toHaveLength(6);
});

test('an error is shown with its stack and causes', () => {
  const { temporal, read } = capture();
  temporal.error('Failed', { error: new Error('outer', { cause: new Error('inner') }) });
  expect(read()[0]).toMatchObject({
    err: { message: 'outer', stack: expect.stringContaining('outer'), cause: { message: 'inner' } },
  });
});

test('metadata cannot take the place of level, time or message', () => {
  const { temporal, lines, read } = capture();
  temporal.warn('real', { msg: 'false', level: 'false', time: 'false' });
  expect(read()[0]).toMatchObject({ msg: 'real', level: 'warn', 'meta.msg': 'false' });
  expect(lines[0]?.match(/"(?:msg|level|time)":/g)).toHaveLength(3);
});

test('nothing that metadata holds makes it throw', () => {
  const { temporal, read } = capture();
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  const hostile = {
    get trap(): string {
      throw new Error('read');
    },
  };
  temporal.info('bigints', { top: 1n, deep: { events: [2n] } });
  temporal.info('circular', circular);
  temporal.info('deep trap', { hostile });
  temporal.info('trap', hostile);
  temporal.info('odd', { symbol: Symbol('s'), fn: () => 1, date: new Date(Number.NaN) });
  const lines = read();
  expect(lines).toHaveLength(5);
  expect(lines[0]).toMatchObject({ top: 1, deep: { events: [2] } });
});

test('rights that a request carries are not written', () => {
  const { logger, lines } = capture();
  logger.info({ req: { headers: { authorization: 'Bearer secret', cookie: 'secret' } } }, 'x');
  expect(lines[0]).not.toContain('secret');
});
