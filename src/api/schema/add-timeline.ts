import type { Builder } from './kit/builder.ts';

/** What took time in a run. */
export function addTimeline(builder: Builder): void {
  builder.enumType('TimelineKind', {
    description: 'What an entry of a timeline stands for.',
    values: {
      RUN: { description: 'The run itself, from its trigger to its end.' },
      DELAYED: { description: 'It waits until it is due.' },
      QUEUED: { description: 'It, or the step that is named, waits for a worker to take it.' },
      ITERATION: { description: 'One iteration of a run that has several.' },
      ATTEMPT: { description: 'One try of a step.' },
      PAUSED: { description: 'An operator paused it, or the step that is named, in Temporal.' },
      UNPAUSED: { description: 'A moment: an operator let a paused run go on.' },
      RESET: {
        description: 'A moment: an operator had the run begin anew in Temporal, from there on.',
      },
      TIMER: { description: 'It waits for a time of its own.' },
      CHILD: { description: 'A run that it started and waits for.' },
      ABORT: { description: 'Somebody asked it to stop, until it has; or ended it at once.' },
    },
  });

  builder.enumType('TimelineOutcome', {
    description: 'How what an entry stands for ended.',
    values: {
      DONE: { description: 'A wait, a timer, an iteration or an abort came to its end.' },
      SUCCEEDED: { description: 'It ended well.' },
      FAILED: { description: 'It failed; after an attempt, another one may follow.' },
      TIMED_OUT: {
        description: 'It took longer than it may, or its worker gave no sign of life.',
      },
      INTERRUPTED: { description: 'The worker of an attempt shut down; another goes on.' },
      PAUSED: { description: 'An operator paused the step in Temporal.' },
      RESET: { description: 'An operator had the step begin anew in Temporal.' },
      STOPPED: { description: 'The run was asked to stop, or its task no longer wanted it.' },
      LOST: {
        description: 'Its worker was not heard of again; `endedAt` is when another attempt began.',
      },
      ABANDONED: { description: 'The run ended without it.' },
      ABORTED: { description: 'The run stopped because it was asked to, or was terminated.' },
    },
  });

  builder.objectType('TimelineFailure', {
    description: 'Why something in a run failed.',
    fields: (t) => ({
      code: t.exposeString('code', {
        description: "What kind of failure it is: `TIMEOUT`, or the thrown error's class.",
      }),
      message: t.exposeString('message', {
        nullable: true,
        description: 'What went wrong; null for a caller that may not read logs.',
      }),
    }),
  });

  builder.objectType('TimelineEntry', {
    description: 'Something that took time in a run.',
    fields: (t) => ({
      id: t.exposeString('id', {
        description:
          "Unique in the run, and the same whenever it is read. An attempt's is the `source` of its log lines.",
      }),
      kind: t.expose('kind', { type: 'TimelineKind', description: 'What it is.' }),
      name: t.exposeString('name', {
        nullable: true,
        description:
          "The run's, the step's or the timer's name, or the child's definition; null for what has none.",
      }),
      iteration: t.exposeInt('iteration', {
        description: 'The iteration of the run that it belongs to.',
      }),
      attempt: t.exposeInt('attempt', {
        nullable: true,
        description: 'Which try of the step it is; null for what is no attempt.',
      }),
      startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
      dueAt: t.expose('dueAt', {
        type: 'DateTime',
        nullable: true,
        description:
          'When a delay, a timer or the grace of an abort is or was over; null for all else, and for a grace that no worker has begun.',
      }),
      endedAt: t.expose('endedAt', {
        type: 'DateTime',
        nullable: true,
        description: 'When it ended; null while it goes on.',
      }),
      outcome: t.expose('outcome', {
        type: 'TimelineOutcome',
        nullable: true,
        description: 'How it ended; null while it goes on.',
      }),
      failure: t.expose('failure', {
        type: 'TimelineFailure',
        nullable: true,
        description: 'Why it failed; null when it did not, or nobody told.',
      }),
      worker: t.exposeString('worker', {
        nullable: true,
        description:
          'Identity of the worker of an attempt; null where nobody told, and for a caller that may not see workers.',
      }),
      runId: t.exposeID('runId', {
        nullable: true,
        description: 'Id of the child; for the run itself, of the run that it repeats.',
      }),
      by: t.exposeString('by', {
        nullable: true,
        description:
          'Who triggered, aborted, terminated, paused or unpaused; null where nobody is named, as for a reset.',
      }),
      reason: t.exposeString('reason', {
        nullable: true,
        description:
          'Why it was aborted, terminated, paused, unpaused or reset; null when that was not said.',
      }),
      mode: t.expose('mode', {
        type: 'AbortMode',
        nullable: true,
        description: 'How an abort took effect; null until it has, and for all else.',
      }),
    }),
  });

  builder.objectType('Timeline', {
    description: 'What took time in a run: waits, attempts, timers, children and so on.',
    fields: (t) => ({
      entries: t.expose('entries', {
        type: ['TimelineEntry'],
        description: 'The run itself first, then what happened in it, in the order it began.',
      }),
      queuedMs: t.exposeFloat('queuedMs', {
        nullable: true,
        description:
          'Milliseconds that the run waited for a worker, once it was triggered or due; null while none has begun it, or when its first iteration is not looked at.',
      }),
      hasEarlier: t.exposeBoolean('hasEarlier', {
        description:
          'More happened earlier than is here: more than `last`, more than 20 iterations ago, or what Temporal no longer keeps.',
      }),
    }),
  });
}
