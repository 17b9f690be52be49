import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { ChecksumResult } from '../../../src/activities/tasks/checksum-folder.ts';
import { checkCatalogue } from '../../../src/contract/rules/catalogue.ts';
import { findDefinition } from '../../../src/contract/rules/find-definition.ts';
import type { InputOf, OutputOf, TaskModule } from '../../../src/contract/task-definition.ts';
import * as tasks from '../../../src/workflows/index.ts';
import { defineTask } from '../../../src/workflows/define-task.ts';
import * as testTasks from '../../support/tasks/workflows.ts';

const define = (options: object) =>
  defineTask({ id: 'fine', title: 'Fine', input: z.object({}), run: () => null, ...options });

describe('the catalogue', () => {
  test('has these ids, which callers and open runs rely on', () => {
    expect(Object.keys(tasks)).toEqual(['checksumFiles', 'testingRun']);
  });

  test('is what the worker accepts', () => {
    expect(() => checkCatalogue(tasks)).not.toThrow();
    expect(() => checkCatalogue(testTasks)).not.toThrow();
  });

  test('refuses a definition under another name, and says which', () => {
    expect(() => checkCatalogue({ other: define({}) })).toThrow(
      'Expected the task definition "fine" to be exported under its id, got `other`',
    );
  });

  test('refuses what is no definition, because it could be started as one', () => {
    expect(() => checkCatalogue({ fine: define({}), helper: () => 'help' })).toThrow(
      '`helper` is none',
    );
  });

  test('refuses to be empty', () => {
    expect(() => checkCatalogue({})).toThrow('got none');
  });

  test('describes each definition', () => {
    expect({ ...findDefinition(tasks, 'checksumFiles') }).toMatchObject({
      title: 'Checksum files',
      private: false,
      grace: 30,
      examples: [{ folder: 'photos' }],
    });
  });
});

describe('a definition', () => {
  test('tells what callers give and get, before defaults and after', () => {
    expectTypeOf<InputOf<typeof tasks.checksumFiles>>().toEqualTypeOf<{ folder: string }>();
    expectTypeOf<OutputOf<typeof tasks.checksumFiles>>().toEqualTypeOf<ChecksumResult>();
    expectTypeOf<InputOf<typeof testTasks.walkSteps>>().toEqualTypeOf<{
      steps: number;
      ms?: number | undefined;
      cleanUpLines?: number | undefined;
    }>();
    expectTypeOf<InputOf<typeof testTasks.withDefaults>['words']>().toBeString();
    expectTypeOf<OutputOf<typeof testTasks.withDefaults>['words']>().toEqualTypeOf<string[]>();
    expectTypeOf<typeof testTasks>().toExtend<TaskModule>();
  });

  test('promises the output that its schema declares', () => {
    defineTask({
      id: 'fine',
      title: 'Fine',
      input: z.object({}),
      // @ts-expect-error -- `run` answers a number
      output: z.object({ count: z.string() }),
      run: () => ({ count: 3 }),
    });
    expect.assertions(0);
  });

  test.each([
    [{ id: 'Upper' }, 'camelCase'],
    [{ id: 'with-dash' }, 'camelCase'],
    [{ id: '' }, 'camelCase'],
    [{ id: 'a'.repeat(101) }, 'camelCase'],
    [{ id: undefined }, 'camelCase'],
    [{ id: 'toString' }, '"toString" is taken'],
    [{ id: 'constructor' }, '"constructor" is taken'],
    [{ id: 'default' }, '"default" is taken'],
    [{ title: ' ' }, '`title` of the task definition "fine"'],
    [{ title: 'x'.repeat(201) }, '`title`'],
    [{ description: 1 }, '`description`'],
    [{ grace: -1 }, '`grace`'],
    [{ grace: Number.NaN }, '`grace`'],
    [{ timeout: 0 }, '`timeout`'],
    [{ maxIterations: 1.5 }, '`maxIterations`'],
    [{ input: { folder: 'text' } }, '`input`'],
    [{ run: 'later' }, '`run`'],
    [{ onAbort: 'later' }, '`onAbort`'],
  ])('with %o is refused where it is written', (options, message) => {
    expect(() => define(options)).toThrow(message);
    expect(() => define(options)).toThrow(TypeError);
  });

  test('has defaults for what it leaves out', () => {
    expect({ ...define({}) }).toMatchObject({
      description: null,
      private: false,
      grace: 30,
      examples: [],
    });
  });
});
