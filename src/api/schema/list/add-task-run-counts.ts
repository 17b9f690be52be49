import DataLoader from 'dataloader';
import { TaskRunStatus } from '../../../contract/task-run.ts';
import type { TaskRunCounts, TaskRunFilter, Tasks } from '../../../contract/tasks.ts';
import type { Builder } from '../kit/builder.ts';
import { toTaskRunFilter } from './add-task-run-filter.ts';

type Word = keyof TaskRunCounts;

export function addTaskRunCounts(builder: Builder): void {
  const counts = builder.objectRef<Counter>('TaskRunCounts').implement({
    description: 'How many runs fit, by where they stand.',
    fields: (t) =>
      Object.fromEntries(
        WORDS.map((word) => [
          word.toLowerCase(),
          t.int({
            description: MEANING[word],
            resolve: async (counter) => await counter.load(word),
          }),
        ]),
      ),
  });

  builder.queryField('taskRunCounts', (t) =>
    t.field({
      type: counts,
      nullable: true,
      description:
        'How many runs fit, by where they stand. Null only beside an error, so that one field never blanks a page.',
      args: { filter: t.arg({ type: 'TaskRunFilter', description: 'Which runs. Default: all.' }) },
      resolve: (_, { filter }, { tasks }) => createCounter(tasks, toTaskRunFilter(filter)),
    }),
  );
}

const MEANING: Readonly<Record<Word, string>> = {
  PENDING: 'Runs that are delayed.',
  RUNNING: 'Runs that a worker has begun, or that wait for one.',
  ABORTING: 'Runs that were asked to stop and have not yet.',
  SUCCEEDED: 'Runs that ended with an output.',
  FAILED: 'Runs that ended with an error.',
  ABORTED: 'Runs that were stopped on request.',
  total: 'All of them together.',
};
const WORDS = [...Object.values(TaskRunStatus), 'total'] as const;

type Counter = DataLoader<Word, number>;

/** Counts when it is known what was selected: the total alone is one call, the words are six. */
const createCounter = (tasks: Tasks, filter: TaskRunFilter): Counter =>
  new DataLoader(async (words) => {
    if (words.every((word) => word === 'total')) return [await tasks.count(filter)];
    const counts = await tasks.counts(filter);
    return words.map((word) => counts[word]);
  });
