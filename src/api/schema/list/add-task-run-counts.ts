import DataLoader from 'dataloader';
import type { TaskRunCounts, TaskRunFilter, Tasks } from '../../../contract/tasks.ts';
import type { Builder } from '../kit/builder.ts';
import { toTaskRunFilter } from './add-task-run-filter.ts';

type Word = keyof TaskRunCounts;

export function addTaskRunCounts(builder: Builder): void {
  const counts = builder.objectRef<Counter>('TaskRunCounts').implement({
    description: 'How many runs fit, by where they stand.',
    fields: (t) => {
      const count = (word: Word, description: string) =>
        t.int({ description, resolve: async (counter) => await counter.load(word) });
      return {
        pending: count('PENDING', 'Runs that are delayed.'),
        running: count('RUNNING', 'Runs that a worker has begun, or that wait for one.'),
        aborting: count('ABORTING', 'Runs that were asked to stop and have not yet.'),
        succeeded: count('SUCCEEDED', 'Runs that ended with an output.'),
        failed: count('FAILED', 'Runs that ended with an error.'),
        aborted: count('ABORTED', 'Runs that were stopped on request.'),
        total: count('total', 'All of them together.'),
      };
    },
  });

  builder.queryField('taskRunCounts', (t) =>
    t.field({
      type: counts,
      description: 'How many runs fit, by where they stand.',
      args: { filter: t.arg({ type: 'TaskRunFilter', description: 'Which runs. Default: all.' }) },
      resolve: (_, { filter }, { tasks }) => createCounter(tasks, toTaskRunFilter(filter)),
    }),
  );
}

type Counter = DataLoader<Word, number>;

/** Counts when it is known what was selected: the total alone is one call, the words are six. */
const createCounter = (tasks: Tasks, filter: TaskRunFilter): Counter =>
  new DataLoader(async (words) => {
    if (words.every((word) => word === 'total')) return [await tasks.count(filter)];
    const counts = await tasks.counts(filter);
    return words.map((word) => counts[word]);
  });
