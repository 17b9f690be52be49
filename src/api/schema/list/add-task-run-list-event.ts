import type { TaskRunListEvent } from '../../../contract/tasks.ts';
import type { Builder } from '../kit/builder.ts';
import { toTaskRunFilter } from './add-task-run-filter.ts';

type Shown = Extract<TaskRunListEvent, { run: unknown }>;
type Left = Extract<TaskRunListEvent, { type: 'LEFT' }>;

export function addTaskRunListEvent(builder: Builder): void {
  const shown = (name: string, description: string) =>
    builder.objectRef<Shown>(name).implement({
      description,
      fields: (t) => ({
        run: t.field({
          type: 'TaskRun',
          description: 'The run as it is now.',
          resolve: ({ run }) => run,
        }),
      }),
    });
  const entered = shown('TaskRunEntered', 'A run is in the list: from the start, or from now on.');
  const changed = shown('TaskRunChanged', 'A run that is in the list has changed.');
  const left = builder.objectRef<Left>('TaskRunLeft').implement({
    description:
      'A run is in the list no more: it no longer fits, was deleted, or newer ones took its place.',
    fields: (t) => ({ id: t.exposeID('id', { description: 'Its id.' }) }),
  });
  const event = builder.unionType('TaskRunListEvent', {
    description: 'A change of a live list.',
    types: [entered, changed, left],
    resolveType: ({ type }) => ({ ENTERED: entered, CHANGED: changed, LEFT: left })[type],
  });

  builder.subscriptionField('taskRuns', (t) =>
    t.field({
      type: event,
      description:
        'The newest 100 runs that fit as a live list: each one that is in it at first, then what enters, changes and leaves. It has no end.',
      args: { filter: t.arg({ type: 'TaskRunFilter', description: 'Which runs. Default: all.' }) },
      subscribe: (_, { filter }, { tasks, lists }) =>
        lists.open(toTaskRunFilter(filter), (runs) => tasks.watchList(runs)),
      resolve: (value) => value,
    }),
  );
}
