// The table of errors that clients of the reference know, row by row.
import { expect, test } from 'vitest';
import { TaskError } from '../../../src/contract/task-error.ts';
import { testGateway } from '../support/app.ts';

const ERROR = 'data { id } error { message code data stack }';
const failed = (message: string, code: string, data: unknown = null) => ({
  data: null,
  error: { message, code, data, stack: null },
});
const trigger = (args: string) =>
  `mutation { backgroundTasks { triggerTask(${args}) { ${ERROR} } } }`;
const abort = (id: string) =>
  `mutation { backgroundTasks { abortTask(id: "${id}") { ${ERROR} } } }`;
const remove = (id: string) =>
  `mutation { backgroundTasks { deleteTask(id: "${id}") { data error { message code data stack } } } }`;
const QUERIES = [
  ['getTask', `getTask(id: "x") { ${ERROR} }`],
  ['listTasks', `listTasks { ${ERROR} meta { totalCount } }`],
  ['listLogs', `listLogs { ${ERROR} meta { totalCount } }`],
  ['getSettings', 'getSettings { data { retentionDays } error { message code data stack } }'],
] as const;

test.each(QUERIES)('%s without the right to read', async (field, query) => {
  const { service, ask } = await testGateway();
  service.break(new TaskError('FORBIDDEN', 'You may not.'));
  expect((await ask(`{ backgroundTasks { ${query} } }`))[field]).toMatchObject(
    failed('Not authorized!', 'SECURITY_NOT_AUTHORIZED'),
  );
});

test.each([
  ['triggerTask', trigger('definition: testingRun')],
  ['abortTask', abort('x')],
  ['deleteTask', remove('x')],
])(
  '%s without the right to write is an error of the request, with a code',
  async (field, query) => {
    const { service, post } = await testGateway();
    service.break(new TaskError('FORBIDDEN', 'You may not.'));
    expect((await post(query)).body).toEqual({
      data: { backgroundTasks: null },
      errors: [
        {
          message: 'Not authorized!',
          path: ['backgroundTasks', field],
          locations: expect.any(Array),
          extensions: { code: 'SECURITY_NOT_AUTHORIZED' },
        },
      ],
    });
  },
);

test.each([
  ['bare', trigger('definition: testingRum')],
  ['in quotes', trigger('definition: "testingRum"')],
])('an unknown definition, %s', async (_how, query) => {
  const { post } = await testGateway();
  expect((await post(query)).body.errors[0].message).toBe(
    'Value "testingRum" does not exist in "WebinyBackgroundTaskDefinitionEnum" enum. Did you mean the enum value "testingRun"?',
  );
});

test('an unknown definition, as a variable', async () => {
  const { post } = await testGateway();
  const query = `mutation ($d: WebinyBackgroundTaskDefinitionEnum!) {
    backgroundTasks { triggerTask(definition: $d) { ${ERROR} } }
  }`;
  expect((await post(query, { d: 'testingRum' })).body.errors[0].message).toBe(
    'Variable "$d" got invalid value "testingRum"; Value "testingRum" does not exist in "WebinyBackgroundTaskDefinitionEnum" enum. Did you mean the enum value "testingRun"?',
  );
  expect((await post(query, { d: 7 })).body.errors[0].message).toMatch(
    /Enum "WebinyBackgroundTaskDefinitionEnum" cannot represent non-string value: 7/,
  );
});

test('a private definition is unknown', async () => {
  const { post } = await testGateway();
  expect((await post(trigger('definition: sweepFiles'))).body.errors[0].message).toMatch(
    /^Value "sweepFiles" does not exist in "WebinyBackgroundTaskDefinitionEnum" enum\./,
  );
});

test('a definition that the service no longer has', async () => {
  const { service, ask } = await testGateway();
  service.break(new TaskError('TASK_DEFINITION_NOT_FOUND', 'There is none.'));
  expect(await ask(trigger('definition: testingRun'))).toEqual({
    triggerTask: failed('Task definition was not found!', 'TASK_DEFINITION_ERROR', {
      id: 'testingRun',
    }),
  });
});

test('a delay of 355 days', async () => {
  const { ask } = await testGateway();
  const args = 'definition: testingRun, input: { a: 1 }, name: "Late", delay: 30672000';
  expect(await ask(trigger(args))).toEqual({
    triggerTask: failed('The maximum delay for a task is 355 days.', 'MAX_DELAY_ERROR', {
      name: 'Late',
      definitionId: 'testingRun',
      input: { a: 1 },
      parentId: null,
      delay: 30_672_000,
    }),
  });
  expect((await ask(trigger('definition: testingRun, delay: 30671999'))).triggerTask.error).toBe(
    null,
  );
});

test.each(['30672000.5', '-1'])('a delay of %s', async (delay) => {
  const { ask } = await testGateway();
  const { triggerTask } = await ask(trigger(`definition: testingRun, delay: ${delay}`));
  expect(triggerTask).toMatchObject({
    data: null,
    error: { code: delay === '-1' ? 'INVALID_DELAY' : 'MAX_DELAY_ERROR' },
  });
});

test('Temporal that cannot be reached', async () => {
  const { service, ask } = await testGateway();
  service.break(new TaskError('UNAVAILABLE', 'Temporal cannot be reached.'));
  expect(await ask(trigger('definition: testingRun'))).toEqual({
    triggerTask: failed('Could not trigger the step function!', 'TRIGGER_STEP_FUNCTION_ERROR', {
      task: null,
      reason: 'Temporal cannot be reached.',
    }),
  });
  expect(await ask(abort('x'))).toEqual({
    abortTask: failed('Could not abort the task!', 'TASK_ABORT_ERROR', {
      id: 'x',
      message: 'Temporal cannot be reached.',
      code: 'UNAVAILABLE',
    }),
  });
  expect(
    await ask(
      '{ backgroundTasks { listTasks { data { id } meta { cursor } error { message code data stack } } } }',
    ),
  ).toEqual({
    listTasks: { ...failed('Temporal cannot be reached.', 'UNAVAILABLE'), meta: null },
  });
});

test('a result that is not known says so, with the key', async () => {
  const { service, ask } = await testGateway();
  service.break(new TaskError('RESULT_UNKNOWN', 'It may have happened.', { key: 'k' }));
  expect(await ask(trigger('definition: testingRun'))).toEqual({
    triggerTask: failed('It may have happened.', 'RESULT_UNKNOWN', { key: 'k' }),
  });
});

test.each([
  ['{ model: "" }', { model: 'too_small', amount: 'invalid_type' }],
  ['[1]', { '': 'invalid_type' }],
  ['"text"', { '': 'invalid_type' }],
])('input %s that its schema refuses', async (input, codes) => {
  const { ask, service } = await testGateway();
  const { triggerTask } = await ask(trigger(`definition: importPages, input: ${input}`));
  expect(triggerTask).toEqual(
    failed('Validation failed.', 'VALIDATION_FAILED_INVALID_FIELDS', {
      invalidFields: Object.fromEntries(
        Object.entries(codes).map(([path, code]) => [
          path,
          {
            code,
            message: expect.any(String),
            data: { fatal: false, path: path === '' ? [] : [path] },
          },
        ]),
      ),
    }),
  );
  expect(await service.count()).toBe(0);
});

test('a name that is too long', async () => {
  const { ask } = await testGateway();
  const name = 'x'.repeat(201);
  expect((await ask(trigger(`definition: testingRun, name: "${name}"`))).triggerTask).toMatchObject(
    { data: null, error: { code: 'INVALID_ARGUMENT' } },
  );
});

test('aborting an unknown run', async () => {
  const { ask } = await testGateway();
  expect(await ask(abort('nope'))).toEqual({
    abortTask: failed('Task "nope" was not found!', 'NOT_FOUND'),
  });
});

test.each(['success', 'failed', 'aborted'])('aborting a run that ended as %s', async (status) => {
  const { ask, service } = await testGateway();
  const { id } = await service.trigger({ definition: 'testingRun', input: {} });
  service.start(id);
  if (status === 'success') service.succeed(id);
  else if (status === 'failed') service.fail(id, new Error('No'));
  else {
    await service.abort({ id });
    service.stop(id);
  }
  expect(await ask(abort(id))).toEqual({
    abortTask: failed('Cannot abort a task that is not pending or running!', 'TASK_ABORT_ERROR', {
      id,
      status,
    }),
  });
});

test('aborting a run that is stopping already answers the run', async () => {
  const { ask, service } = await testGateway();
  const { id } = await service.trigger({ definition: 'testingRun', input: {} });
  service.start(id);
  for (let i = 0; i < 2; i++)
    expect(await ask(abort(id))).toEqual({ abortTask: { data: { id }, error: null } });
});

test('a run that nobody knows', async () => {
  const { ask } = await testGateway();
  expect(await ask(`{ backgroundTasks { getTask(id: "nope") { ${ERROR} } } }`)).toEqual({
    getTask: { data: null, error: null },
  });
  expect(await ask(remove('nope'))).toEqual({
    deleteTask: failed('Entry "nope#0001" was not found!', 'NOT_FOUND'),
  });
});

test('what was deleted is gone', async () => {
  const { ask, service } = await testGateway();
  const { id } = await service.trigger({ definition: 'testingRun', input: {} });
  expect(await ask(remove(id))).toEqual({ deleteTask: { data: true, error: null } });
  expect(await ask(`{ backgroundTasks { getTask(id: "${id}") { ${ERROR} } } }`)).toEqual({
    getTask: { data: null, error: null },
  });
});

test('an error of ours is masked in the envelope', async () => {
  const { service, ask } = await testGateway();
  service.break(new Error('ENOENT /srv/secret/file'));
  const { listTasks } = await ask(`{ backgroundTasks { listTasks { ${ERROR} } } }`);
  expect(listTasks).toEqual(
    failed('Internal error', 'INTERNAL', { requestId: expect.any(String) }),
  );
});

test('settings are the retention', async () => {
  const { ask } = await testGateway();
  const SETTINGS = 'data { retentionDays } error { message code }';
  expect(await ask(`{ backgroundTasks { getSettings { ${SETTINGS} } } }`)).toEqual({
    getSettings: { data: { retentionDays: 3 }, error: null },
  });
  const update = (days: string) =>
    ask(
      `mutation { backgroundTasks { updateSettings(input: { retentionDays: ${days} }) { ${SETTINGS} } } }`,
    );
  expect(await update('10')).toEqual({
    updateSettings: { data: { retentionDays: 10 }, error: null },
  });
  expect(await update('null')).toEqual({
    updateSettings: { data: { retentionDays: 10 }, error: null },
  });
  expect(await update('0')).toMatchObject({
    updateSettings: { data: null, error: { code: 'INVALID_ARGUMENT' } },
  });
});
