// Types alone: this file is held by the compiler, which wants each mistake where it is expected.
import { expectTypeOf, test } from 'vitest';
import type { RemoteTasks, TasksClient } from '../src/index.ts';
import type { Tasks } from '../../../src/contract/tasks.ts';
import type * as tasks from '../../../src/workflows/index.ts';

declare const client: TasksClient<typeof tasks>;
const ask = async (): Promise<void> => {
  const input = { folder: 'photos' };
  const run = await client.trigger({ definition: 'checksumFiles', input });
  expectTypeOf<typeof run.definition>().toEqualTypeOf<'checksumFiles'>();
  const manifest = await client.result(run);
  expectTypeOf<typeof manifest>().toEqualTypeOf<{
    readonly files: number;
    readonly bytes: number;
    readonly manifest: string;
  }>();
  expectTypeOf(await client.result<'checksumFiles'>(run.id)).toEqualTypeOf(manifest);
  // @ts-expect-error -- no such definition
  await client.trigger({ definition: 'checksumFile', input });
  // @ts-expect-error -- another input
  await client.trigger({ definition: 'checksumFiles', input: { folder: 1 } });
  // @ts-expect-error -- no input
  await client.trigger({ definition: 'checksumFiles' });
  // @ts-expect-error -- a predicate does not travel
  await client.list({ filter: { where: { signature: 'all', test: () => true } } });
  // @ts-expect-error -- a caller is who its credential says
  client.as({ name: 'ann' });
};

test('a client knows its tasks by their types', () => {
  expectTypeOf(ask).returns.resolves.toBeVoid();
});

test('a `Tasks` of one kind serves where the other is wanted', () => {
  type Travels = Pick<
    Tasks<typeof tasks>,
    Exclude<keyof RemoteTasks<typeof tasks>, 'definitions' | 'list'>
  >;
  expectTypeOf<TasksClient<typeof tasks>>().toExtend<Travels>();
});
