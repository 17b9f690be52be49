import { expect, test } from 'vitest';
import { isOurs } from '../../../src/service/run/is-ours.ts';
import type { RunInfo } from '../../../src/service/temporal/proto.ts';

const ours = { definitions: new Map([['walkSteps', {}]]), wholeNamespace: false };
const info = (type: string, more: RunInfo = {}): RunInfo => ({
  execution: { workflowId: `${type}-1` },
  type: { name: type },
  ...more,
});
const memo: RunInfo = { memo: { fields: { waymark: {} } } };
const marked: RunInfo = { searchAttributes: { indexedFields: { TaskIteration: {} } } };
const system: RunInfo = { execution: { workflowId: 'temporal-sys-scheduler:nightly' } };

test.each([
  ['a definition of the catalogue, however it was started', info('walkSteps'), true],
  ['a run of ours whose definition is gone', info('gone', memo), true],
  ['a run of ours that lost its memo', info('gone', marked), true],
  ['a workflow of another team', info('Payroll'), false],
  [
    'one with search attributes of its own',
    info('Payroll', { searchAttributes: { indexedFields: { Month: {} } } }),
    false,
  ],
  ['a schedule that carries our marks', info('sys', { ...system, ...memo, ...marked }), false],
  ["Temporal's own, by its type", info('temporal-sys-batch-workflow', marked), false],
])('%s: %#', (_, execution, answer) => {
  expect(isOurs(execution, ours)).toBe(answer);
});

test("in a namespace that is open as a whole, all but Temporal's own", () => {
  const open = { ...ours, wholeNamespace: true };
  expect(isOurs(info('Payroll'), open)).toBe(true);
  expect(isOurs(info('sys', system), open)).toBe(false);
  expect(isOurs(info('temporal-sys-batch-workflow'), open)).toBe(false);
});
