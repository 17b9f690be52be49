// The documents of the reference's manual and samples, as written there.
import { expect, test } from 'vitest';
import { testGateway } from '../support/app.ts';

test('ListTaskDefinitions', async () => {
  const { ask } = await testGateway();
  expect(
    await ask(`query ListTaskDefinitions {
      backgroundTasks {
        listDefinitions {
          data { id title description }
          error { message code data stack }
        }
      }
    }`),
  ).toEqual({
    listDefinitions: {
      data: [
        { id: 'testingRun', title: 'Testing run', description: 'Takes any input.' },
        { id: 'importPages', title: 'Import pages', description: 'Imports pages.' },
      ],
      error: null,
    },
  });
});

test('ListTasks', async () => {
  const { ask, service } = await testGateway();
  const { id } = await service.trigger({ definition: 'testingRun', input: { a: 1 }, name: 'One' });
  service.start(id);
  service.succeed(id, { message: 'Done' });
  const { listTasks } = await ask(`query ListTasks {
    backgroundTasks {
      listTasks {
        data {
          id startedOn finishedOn name definitionId iterations parentId executionName
          eventResponse taskStatus input output
        }
        error { message code data stack }
      }
    }
  }`);
  expect(listTasks).toEqual({
    data: [
      {
        id,
        startedOn: expect.stringMatching(/^\d{4}-.*Z$/),
        finishedOn: expect.stringMatching(/^\d{4}-.*Z$/),
        name: 'One',
        definitionId: 'testingRun',
        iterations: 1,
        parentId: null,
        executionName: id,
        eventResponse: {
          workflowId: id,
          workflowType: 'testingRun',
          startDate: expect.stringMatching(/Z$/),
        },
        taskStatus: 'success',
        input: { a: 1 },
        output: { message: 'Done' },
      },
    ],
    error: null,
  });
});

test('ListBackgroundTaskLogs', async () => {
  const { ask, service } = await testGateway();
  const { id } = await service.as({ name: 'ann' }).trigger({ definition: 'testingRun', input: {} });
  service.start(id);
  service.log(id, { message: 'Hello', data: { a: 1 } });
  service.log(id, { message: 'Bad', level: 'ERROR', data: { code: 'X' } });
  const { listLogs } = await ask(
    `query ListBackgroundTaskLogs {
      backgroundTasks {
        listLogs(where: { task: "yourTaskId" }) {
          data { id createdOn executionName iteration items { message createdOn type data error } }
        }
      }
    }`.replace('yourTaskId', id),
  );
  const createdOn = expect.stringMatching(/Z$/);
  expect(listLogs).toEqual({
    data: [
      {
        id: `${id}#1`,
        createdOn,
        executionName: id,
        iteration: 1,
        items: [
          { message: 'Triggered by ann', createdOn, type: 'info', data: null, error: null },
          { message: 'Hello', createdOn, type: 'info', data: { a: 1 }, error: null },
          {
            message: 'Bad',
            createdOn,
            type: 'error',
            data: { code: 'X' },
            error: { code: 'X', message: 'Bad' },
          },
        ],
      },
    ],
  });
});

test('TriggerATask', async () => {
  const { ask, service } = await testGateway();
  const { triggerTask } = await ask(`mutation TriggerATask {
    backgroundTasks {
      triggerTask(
        definition: testingRun
        input: {
          someVariableForTestingRunTaskToReceive: "someValue"
          yetAnotherVariableForTestingRunTaskToReceive: "anotherValue"
        }
      ) {
        data { id definitionId executionName eventResponse taskStatus input }
        error { message code data stack }
      }
    }
  }`);
  const [run] = (await service.list()).runs;
  expect(triggerTask).toEqual({
    data: {
      id: run?.id,
      definitionId: 'testingRun',
      executionName: '',
      eventResponse: expect.objectContaining({ workflowId: run?.id }),
      taskStatus: 'pending',
      input: {
        someVariableForTestingRunTaskToReceive: 'someValue',
        yetAnotherVariableForTestingRunTaskToReceive: 'anotherValue',
      },
    },
    error: null,
  });
});

test.each([', message: "My Reason for aborting the task"', ''])('AbortATask%s', async (message) => {
  const { ask, service } = await testGateway();
  const { id } = await service.trigger({ definition: 'testingRun', input: {} });
  service.start(id);
  const { abortTask } = await ask(`mutation AbortATask {
      backgroundTasks {
        abortTask(id: "${id}"${message}) {
          data { id createdOn savedOn startedOn finishedOn definitionId iterations name input output taskStatus }
          error { message code data stack }
        }
      }
    }`);
  expect(abortTask).toEqual({
    data: {
      id,
      createdOn: expect.stringMatching(/Z$/),
      savedOn: expect.stringMatching(/Z$/),
      startedOn: expect.stringMatching(/Z$/),
      finishedOn: null,
      definitionId: 'testingRun',
      iterations: 1,
      name: 'Testing run',
      input: {},
      output: null,
      taskStatus: 'aborted',
    },
    error: null,
  });
});

test('a built-in task, and getTask', async () => {
  const { ask } = await testGateway();
  const { triggerTask } = await ask(`mutation {
    backgroundTasks {
      triggerTask(definition: importPages, input: { model: "page", amount: 1 }) {
        data { id }
        error { message code data stack }
      }
    }
  }`);
  expect(
    await ask(
      `query GetCreateIndexTask { backgroundTasks {
        getTask(id: "${triggerTask.data.id}") {
          data { id name taskStatus output }
          error { message code data stack }
        }
      } }`,
    ),
  ).toEqual({
    getTask: {
      data: { id: triggerTask.data.id, name: 'Import pages', taskStatus: 'pending', output: null },
      error: null,
    },
  });
});

test('a definition in quotes, and children by their parent', async () => {
  const { ask, service } = await testGateway();
  const { triggerTask } = await ask(`mutation { backgroundTasks {
    triggerTask(definition: "importPages", input: { model: "cars", amount: 10000 }) {
      data { id } error { message }
    }
  } }`);
  const parent = triggerTask.data;
  const child = await service.trigger({ definition: 'testingRun', input: {}, parent });
  expect(
    await ask(`{ backgroundTasks { listTasks(where: { parentId: "${parent.id}" }) {
      data { id taskStatus }
    } } }`),
  ).toEqual({ listTasks: { data: [{ id: child.id, taskStatus: 'pending' }] } });
});

test('the SDK: a definition as a variable of the enum', async () => {
  const { ask } = await testGateway();
  expect(
    await ask(
      `mutation TriggerTask($definition: WebinyBackgroundTaskDefinitionEnum!, $input: JSON) {
        backgroundTasks {
          triggerTask(definition: $definition, input: $input) { data { definitionId input } error { message } }
        }
      }`,
      { definition: 'testingRun', input: { deep: [1, { two: null }] } },
    ),
  ).toEqual({
    triggerTask: {
      data: { definitionId: 'testingRun', input: { deep: [1, { two: null }] } },
      error: null,
    },
  });
});
