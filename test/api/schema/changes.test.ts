import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { TaskError } from '../../../src/contract/task-error.ts';
import { defined, gatewayOf, moduleOf } from './support.ts';

const TRIGGER = `mutation ($definition: ID!, $input: JSON, $options: TriggerOptions) {
  triggerTask(definition: $definition, input: $input, options: $options) {
    __typename
    ... on TaskRunTriggered { run { id name } }
    ... on TaskRunDeduplicated { run { id } }
    ... on InvalidInput { issues { path code message } }
    ... on TaskDefinitionNotFound { suggestions }
    ... on KeyConflict { usedBy { id } }
    ... on Problem { code message }
  }
}`;
const ABORT = `mutation ($id: ID!, $reason: String, $grace: Int) {
  abortTaskRun(id: $id, reason: $reason, grace: $grace) {
    __typename
    ... on TaskRunAborting { graceEndsAt run { status abort { by reason } } }
    ... on AlreadyAborting { run { abort { reason } } }
    ... on AlreadyFinished { run { status } }
    ... on Problem { code message }
  }
}`;
const TERMINATE = `mutation ($id: ID!, $reason: String) {
  terminateTaskRun(id: $id, reason: $reason) {
    __typename
    ... on TaskRunTerminated { run { status abort { by reason mode } } }
    ... on AlreadyFinished { run { status } }
    ... on Problem { code message }
  }
}`;

function gateway() {
  const made = gatewayOf(
    moduleOf(
      defined('copyFiles', z.object({ folder: z.string().min(1) })),
      defined('secretTask', z.object({}), { private: true }),
    ),
  );
  const trigger = async (input: unknown, options?: object, definition = 'copyFiles') =>
    (await made.read(TRIGGER, { definition, input, options })).triggerTask;
  const abort = async (id: string, more: object = {}) =>
    (await made.read(ABORT, { id, ...more })).abortTaskRun;
  const terminate = async (id: string, more: object = {}) =>
    (await made.read(TERMINATE, { id, ...more })).terminateTaskRun;
  return { ...made, trigger, abort, terminate };
}

describe('a trigger', () => {
  test('starts a run, under the name that was chosen', async () => {
    const { trigger, tasks } = gateway();
    const { run, __typename } = await trigger(
      { folder: 'a' },
      { name: 'Photos', delay: 60, tags: ['X'], priority: 1 },
    );
    expect({ __typename, name: run.name }).toEqual({
      __typename: 'TaskRunTriggered',
      name: 'Photos',
    });
    expect(await tasks.get(run.id)).toMatchObject({
      status: 'PENDING',
      tags: ['x'],
      triggeredBy: 'ada',
    });
  });

  test('under a key that was used answers the run of then', async () => {
    const { trigger } = gateway();
    const first = await trigger({ folder: 'a' }, { key: 'k' });
    expect(await trigger({ folder: 'a' }, { key: 'k' })).toEqual({
      __typename: 'TaskRunDeduplicated',
      run: { id: first.run.id },
    });
    expect(await trigger({ folder: 'b' }, { key: 'k' })).toMatchObject({
      __typename: 'KeyConflict',
      code: 'KEY_CONFLICT',
      usedBy: { id: first.run.id },
    });
  });

  test.each([
    [{ folder: '' }, {}, 'copyFiles', 'InvalidInput', 'INVALID_INPUT'],
    [[1], {}, 'copyFiles', 'InvalidInput', 'INVALID_INPUT'],
    [undefined, {}, 'copyFiles', 'InvalidInput', 'INVALID_INPUT'],
    [{ folder: 'a' }, {}, 'copyFile', 'TaskDefinitionNotFound', 'TASK_DEFINITION_NOT_FOUND'],
    [{}, {}, 'secretTask', 'TaskDefinitionNotFound', 'TASK_DEFINITION_NOT_FOUND'],
    [{ folder: 'a' }, { priority: 9 }, 'copyFiles', 'InvalidArgument', 'INVALID_ARGUMENT'],
    [{ folder: 'a' }, { delay: -1 }, 'copyFiles', 'InvalidArgument', 'INVALID_DELAY'],
    [
      { folder: 'x'.repeat(3 * 1024 * 1024) },
      {},
      'copyFiles',
      'PayloadTooLarge',
      'PAYLOAD_TOO_LARGE',
    ],
  ])('that cannot be is a problem (%#)', async (input, options, definition, type, code) => {
    const { trigger, tasks } = gateway();
    expect(await trigger(input, options, definition)).toMatchObject({ __typename: type, code });
    expect(await tasks.count()).toBe(0);
  });

  test('of a definition that is not there suggests the nearest public one', async () => {
    const { trigger } = gateway();
    expect(await trigger({}, {}, 'copyFile')).toMatchObject({ suggestions: ['copyFiles'] });
    expect(await trigger({}, {}, 'secretTask')).toMatchObject({ suggestions: [] });
  });
});

describe('a rerun', () => {
  const RERUN = `mutation ($id: ID!, $input: JSON) { rerunTaskRun(id: $id, input: $input) {
    __typename ... on TaskRunTriggered { run { id input rerunOf { id reruns { nodes { id } } } } } ... on Problem { code } } }`;

  test('repeats the input, and the two name each other', async () => {
    const { trigger, read } = gateway();
    const { run } = await trigger({ folder: 'a' });
    const again = (await read(RERUN, { id: run.id })).rerunTaskRun.run;
    expect(again).toEqual({
      id: again.id,
      input: { folder: 'a' },
      rerunOf: { id: run.id, reruns: { nodes: [{ id: again.id }] } },
    });
    expect(
      (await read(RERUN, { id: run.id, input: { folder: 'b' } })).rerunTaskRun.run.input,
    ).toEqual({ folder: 'b' });
  });

  test('with an option out of bounds is told by the names of this API', async () => {
    const { trigger } = gateway();
    expect(await trigger({ folder: 'a' }, { parent: '' })).toMatchObject({
      __typename: 'InvalidArgument',
      message: 'Expected `parent` to have 1 to 255 characters, got none.',
    });
  });

  test('of what is not there, or private, is a problem', async () => {
    const { read, tasks } = gateway();
    expect((await read(RERUN, { id: 'nobody' })).rerunTaskRun).toMatchObject({
      code: 'TASK_RUN_NOT_FOUND',
    });
    const secret = await tasks.trigger({ definition: 'secretTask', input: {} as never });
    expect((await read(RERUN, { id: secret.id })).rerunTaskRun).toMatchObject({
      code: 'TASK_DEFINITION_NOT_FOUND',
    });
    expect(await tasks.count()).toBe(1);
  });
});

describe('an abort', () => {
  test('is recorded with who and why, and says when the grace ends', async () => {
    const { trigger, abort, tasks } = gateway();
    const { run } = await trigger({ folder: 'a' });
    tasks.start(run.id);
    const before = Date.now();
    const answer = await abort(run.id, { reason: 'Wrong folder', grace: 5 });
    expect(answer).toMatchObject({
      __typename: 'TaskRunAborting',
      run: { status: 'ABORTING', abort: { by: 'ada', reason: 'Wrong folder' } },
    });
    const grace = Date.parse(answer.graceEndsAt) - before;
    expect(grace).toBeGreaterThanOrEqual(5000);
    expect(grace).toBeLessThan(15_000);
  });

  test.each([
    [
      { grace: -1 },
      'Expected `grace` to be a whole number from 0 to 3600 seconds (an hour), got -1.',
    ],
    [{ reason: 'x'.repeat(1001) }, 'Expected `reason` to have 1 to 1000 characters, got 1001.'],
  ])('with an argument out of bounds is told by the names of this API', async (args, message) => {
    const { abort, trigger } = gateway();
    const { run } = await trigger({ folder: 'a' });
    expect(await abort(run.id, args)).toMatchObject({ __typename: 'InvalidArgument', message });
  });

  test('of a run that had not begun has no grace to wait for', async () => {
    const { trigger, abort } = gateway();
    const { run } = await trigger({ folder: 'a' }, { delay: 1000 });
    expect(await abort(run.id)).toMatchObject({ __typename: 'TaskRunAborting', graceEndsAt: null });
  });

  test('a second time says that the first reason stands, and a termination ends it at once', async () => {
    const { trigger, abort, terminate, tasks } = gateway();
    const { run } = await trigger({ folder: 'a' });
    tasks.start(run.id);
    await abort(run.id, { reason: 'first' });
    expect(await abort(run.id, { reason: 'second' })).toMatchObject({
      __typename: 'AlreadyAborting',
      code: 'ALREADY_ABORTING',
      run: { abort: { reason: 'first' } },
    });
    expect(await terminate(run.id, { reason: 'third' })).toEqual({
      __typename: 'TaskRunTerminated',
      run: { status: 'ABORTED', abort: { by: 'ada', reason: 'third', mode: 'TERMINATED' } },
    });
    for (const answer of [await abort(run.id), await terminate(run.id)])
      expect(answer).toMatchObject({
        __typename: 'AlreadyFinished',
        code: 'ALREADY_FINISHED',
        run: { status: 'ABORTED' },
      });
  });

  test('that cannot be is a problem', async () => {
    const { trigger, abort, terminate } = gateway();
    const { run } = await trigger({ folder: 'a' });
    expect(await terminate('nobody')).toMatchObject({ code: 'TASK_RUN_NOT_FOUND' });
    expect(await abort('nobody')).toMatchObject({ code: 'TASK_RUN_NOT_FOUND' });
    expect(await abort(run.id, { grace: 4000 })).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await abort(run.id, { reason: 'x'.repeat(1001) })).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});

test('a run that is deleted is not there any more', async () => {
  const { trigger, read } = gateway();
  const { run } = await trigger({ folder: 'a' });
  const DELETE = `mutation { deleteTaskRun(id: "${run.id}") { __typename ... on TaskRunDeleted { id } ... on Problem { code } } }`;
  expect(await read(DELETE)).toEqual({
    deleteTaskRun: { __typename: 'TaskRunDeleted', id: run.id },
  });
  expect(await read(`{ taskRun(id: "${run.id}") { id } taskRuns { nodes { id } } }`)).toEqual({
    taskRun: null,
    taskRuns: { nodes: [] },
  });
  expect(await read(DELETE)).toMatchObject({ deleteTaskRun: { code: 'TASK_RUN_NOT_FOUND' } });
});

test('each change in one operation sees what the one before it did', async () => {
  const { trigger, read, tasks } = gateway();
  const { run } = await trigger({ folder: 'a' });
  tasks.start(run.id);
  const answer = await read(`mutation {
    first: abortTaskRun(id: "${run.id}", reason: "r") { ... on TaskRunAborting { run { abort { mode } } } }
    second: terminateTaskRun(id: "${run.id}") { ... on TaskRunTerminated { run { abort { mode } } } }
  }`);
  expect(answer).toEqual({
    first: { run: { abort: { mode: null } } },
    second: { run: { abort: { mode: 'TERMINATED' } } },
  });
});

test('a fault is an error, not a problem', async () => {
  const { ask, tasks } = gateway();
  tasks.break(new TaskError('UNAVAILABLE', 'Temporal cannot be reached'));
  const { data, errors } = await ask(TRIGGER, { definition: 'copyFiles', input: { folder: 'a' } });
  expect(data).toBeNull();
  expect(errors?.[0]?.originalError).toMatchObject({ code: 'UNAVAILABLE' });
});
