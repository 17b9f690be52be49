import type { Step } from '../../contract/task-run.ts';
import type { Builder } from './kit/builder.ts';

/** What a run does now, and how far it is. */
export function addStep(builder: Builder): void {
  builder.objectType('Progress', {
    description: 'How far a run or a step is, as the task reported it.',
    fields: (t) => ({
      done: t.exposeFloat('done', { description: 'Units of work that are done.' }),
      total: t.exposeFloat('total', {
        nullable: true,
        description: 'Units of work in all; null when the task does not know.',
      }),
      percent: t.float({
        nullable: true,
        description:
          '`done` in percent of `total`, from 0 to 100, with at most two decimals; null without a total.',
        resolve: ({ done, total }) => (total ? toPercent(done / total) : null),
      }),
      message: t.exposeString('message', {
        nullable: true,
        description: 'What it is at, in the words of the task.',
      }),
    }),
  });

  builder.enumType('StepState', {
    description: 'What a step is doing.',
    values: {
      SCHEDULED: { description: 'It waits for a worker to take it.' },
      RUNNING: { description: 'A worker executes it.' },
      BACKING_OFF: { description: 'An attempt failed; the next one starts at `nextAttemptAt`.' },
      ABORTING: { description: 'It was asked to stop, and has not done so yet.' },
      PAUSED: { description: 'An operator has paused it in Temporal.' },
    } satisfies Record<Step['state'], object>,
  });

  builder.objectType('Step', {
    description: 'A step of a run that has not ended: one activity.',
    fields: (t) => ({
      id: t.exposeID('id', {
        description:
          'Unique among the steps of all runs. What follows the id of the run begins the `source` of its log lines.',
      }),
      name: t.exposeString('name', { description: 'Name of the activity.' }),
      attempt: t.exposeInt('attempt', { description: 'Which try this is; the first is 1.' }),
      maxAttempts: t.exposeInt('maxAttempts', {
        nullable: true,
        description: 'Tries that it has in all; null when they are not limited.',
      }),
      state: t.expose('state', { type: 'StepState', description: 'What it is doing.' }),
      since: t.expose('since', {
        type: 'DateTime',
        nullable: true,
        description: 'Since when it is in this state; null where Temporal does not tell.',
      }),
      lastHeartbeat: t.expose('lastHeartbeat', {
        type: 'DateTime',
        nullable: true,
        description: 'When its worker last gave a sign of life.',
      }),
      lastFailure: t.exposeString('lastFailure', {
        nullable: true,
        description: 'Why the attempt before this one failed.',
      }),
      nextAttemptAt: t.expose('nextAttemptAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When it is tried again, while it is `BACKING_OFF`.',
      }),
      progress: t.expose('progress', {
        type: 'Progress',
        nullable: true,
        description: 'How far it is; null when it reported nothing.',
      }),
    }),
  });
}

const toPercent = (share: number): number =>
  Math.min(100, Math.max(0, Math.round(share * 10_000) / 100));
