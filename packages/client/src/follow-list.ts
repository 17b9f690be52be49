import type { TaskModule } from '../../../src/contract/task-definition.ts';
import type { TaskRunListEvent } from '../../../src/contract/tasks.ts';
import { namedAsGiven, toFilter } from './answers/to-filter-input.ts';
import type { RemoteFilter } from './answers/to-filter-input.ts';
import { toTaskRun } from './answers/to-run.ts';
import { WatchList } from './documents/generated.ts';
import type { RemoteTasks } from './remote-tasks.ts';
import { isPassing } from './wire/wire-errors.ts';
import { Inbox } from './wire/inbox.ts';
import { pause } from './wire/pause.ts';
import type { Wire } from './wire/wire.ts';

type Told = Exclude<TaskRunListEvent, { readonly type: 'CHANGED' }>;

/**
 * A live list over broken connections: after one the gateway tells the whole list anew, and nothing of what has left
 * it meanwhile. What is not told of again is looked for in a page of the list.
 */
export async function* followList(
  client: Pick<Wire, 'follow'> & Pick<RemoteTasks<TaskModule>, 'list'>,
  filter: RemoteFilter | undefined,
  signal: AbortSignal,
): AsyncGenerator<TaskRunListEvent, void> {
  const known = new Set<string>();
  /** Known from before the connection broke, and not told of since. */
  const unsure = new Set<string>();
  const told = new Inbox<Told>();

  const follow = async (): Promise<void> => {
    const events = client.follow(
      WatchList,
      { filter: toFilter(filter) },
      { signal, again: () => void makeSure().catch((error: Error) => told.finish(error)) },
    );
    for await (const { taskRuns: event } of events) {
      if (event.__typename === 'TaskRunLeft') told.push({ type: 'LEFT', id: event.id });
      else told.push({ type: 'ENTERED', run: toTaskRun(event.run) });
      if (told.size > WAITING) await told.emptied();
    }
  };
  const makeSure = async (): Promise<void> => {
    for (const id of known) unsure.add(id);
    // A page may still have what the gateway, asked for the list a moment later, has not.
    for (; unsure.size > 0 && !signal.aborted; await pause(1000, signal)) {
      const page = await client.list({ filter, first: 100 }).catch((error: unknown) => {
        if (!isPassing(error)) throw error;
      });
      if (!page) continue;
      const there = new Set(page.runs.map(({ id }) => id));
      for (const id of unsure) if (!there.has(id)) told.push({ type: 'LEFT', id });
    }
  };

  follow().then(
    () => told.finish(),
    (error: unknown) => told.finish(toError(error)),
  );
  for await (const event of told.take(signal)) {
    const id = event.type === 'LEFT' ? event.id : event.run.id;
    unsure.delete(id);
    if (event.type === 'ENTERED') {
      yield { type: known.has(id) ? 'CHANGED' : 'ENTERED', run: event.run };
      known.add(id);
    } else if (known.delete(id)) yield event;
  }
}
const WAITING = 1000;

const toError = (error: unknown): Error => {
  const named = namedAsGiven(error);
  return named instanceof Error ? named : new Error(String(named));
};
