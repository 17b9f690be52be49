import type { LogLevel, RunEvent } from '../../contract/wire/run-log.ts';
import type { LogEvent, LogFilter, LogPage } from '../../contract/tasks.ts';
import type { Builder } from './kit/builder.ts';
import { withoutNulls } from './kit/without-nulls.ts';
import type { WithNulls } from './kit/without-nulls.ts';
import type { CursoredLine, LogFilterInput } from './kit/shapes.ts';

export function addRunLog(builder: Builder): void {
  builder.enumType('LogLevel', {
    description: 'How important a line is.',
    values: {
      DEBUG: { description: 'For whoever writes the task.' },
      INFO: { description: 'What happened.' },
      WARN: { description: 'Odd, but no reason to stop.' },
      ERROR: { description: 'Something failed.' },
    } satisfies Record<LogLevel, object>,
  });

  builder.enumType('RunEvent', {
    description:
      'What a line tells of that no task wrote: a moment in the life of a run or of a step.',
    values: {
      TRIGGERED: { description: 'Somebody triggered the run.' },
      DELAYED: { description: 'It waits until it is due.' },
      ATTEMPT_STARTED: { description: 'A worker began an attempt of a step.' },
      ATTEMPT_FAILED: { description: 'An attempt failed; another one may follow.' },
      ATTEMPT_INTERRUPTED: { description: 'The worker of an attempt shut down; another goes on.' },
      ATTEMPT_PAUSED: { description: 'An operator paused the step in Temporal.' },
      ATTEMPT_RESET: { description: 'An operator had the step begin anew in Temporal.' },
      ATTEMPT_STOPPED: { description: 'An attempt stopped because the run was asked to.' },
      ABORT_REQUESTED: { description: 'Somebody asked the run to stop.' },
      SUCCEEDED: { description: 'The run ended well.' },
      FAILED: { description: 'The run failed.' },
      ABORTED: { description: 'The run stopped because it was asked to, or was terminated.' },
    } satisfies Record<RunEvent, object>,
  });

  builder.inputType('LogFilter', {
    description: 'Which lines of a log. A line must fit every field that is given.',
    fields: (t) => ({
      levels: t.field({ type: ['LogLevel'], description: 'Its level is one of these.' }),
      steps: t.stringList({ description: 'The step that wrote it is one of these.' }),
      search: t.string({ description: 'Its message has this in it, in any case.' }),
    }),
  });

  builder.objectType('LogLine', {
    description: "A line of a run's log. `source` and `n` together name it for ever.",
    fields: (t) => ({
      cursor: t.exposeString('cursor', {
        description: 'The position after this line: give it as `after` to go on from here.',
      }),
      time: t.field({
        type: 'DateTime',
        description: 'When it was written, by the clock of its worker.',
        resolve: ({ line }) => line.time,
      }),
      level: t.field({
        type: 'LogLevel',
        description: 'How important it is.',
        resolve: ({ line }) => line.level,
      }),
      event: t.field({
        type: 'RunEvent',
        nullable: true,
        description:
          'What it tells of, for programs; null for what the task wrote itself, and for what was written before these codes were.',
        resolve: ({ line }) => line.event,
      }),
      message: t.string({ description: 'What happened.', resolve: ({ line }) => line.message }),
      data: t.field({
        type: 'JSON',
        nullable: true,
        description: 'What the task gave with the message.',
        resolve: ({ line }) => line.data,
      }),
      step: t.string({
        nullable: true,
        description:
          "The step that wrote it; null for a line of the run's own life, such as that it was triggered.",
        resolve: ({ line }) => line.step,
      }),
      attempt: t.int({
        nullable: true,
        description: 'Which try of the step wrote it.',
        resolve: ({ line }) => line.attempt,
      }),
      iteration: t.int({
        description: 'The iteration of the run that it belongs to.',
        resolve: ({ line }) => line.iteration,
      }),
      source: t.string({
        description: 'What wrote it: one attempt of one step, or `run`.',
        resolve: ({ line }) => line.source,
      }),
      n: t.int({
        description: 'Its number in its source, from 1 and without gaps.',
        resolve: ({ line }) => line.n,
      }),
      dropped: t.int({
        description: 'How many lines it stands for that were too many to keep; 0 for a real line.',
        resolve: ({ line }) => line.dropped,
      }),
    }),
  });

  builder.objectType('LogPage', {
    description: "A part of a run's log.",
    fields: (t) => ({
      lines: t.field({
        type: ['LogLine'],
        description: 'The lines, in order.',
        resolve: toCursoredLines,
      }),
      cursor: t.exposeString('cursor', {
        description:
          'The position after what was read. `taskRunLog(after:)` goes on from here with neither gap nor repeat.',
      }),
      startCursor: t.exposeString('startCursor', {
        description:
          'The position before the first line: `log(before:)` reads backwards from here, each earlier line once.',
      }),
      hasEarlier: t.exposeBoolean('hasEarlier', {
        description:
          'Something is before that position; of the `last` lines, one that fits the filter.',
      }),
      hasMore: t.exposeBoolean('hasMore', { description: 'More lines can be read at once.' }),
      ended: t.exposeBoolean('ended', {
        description: 'The run is over and its last line is in this page or before it.',
      }),
      total: t.exposeInt('total', {
        nullable: true,
        description: 'How many lines there are that fit, when the `last` are asked for; else null.',
      }),
      hidden: t.exposeInt('hidden', {
        nullable: true,
        description:
          'How many lines the filter keeps away, when the `last` are asked for; else null.',
      }),
      dropped: t.exposeInt('dropped', {
        description: 'How many lines of this part were too many to keep.',
      }),
    }),
  });

  const end = builder.objectRef<Extract<LogEvent, { type: 'END' }>>('LogEnd').implement({
    description: 'The run is over and this was its whole log. The subscription completes.',
    fields: (t) => ({
      status: t.expose('status', { type: 'TaskRunStatus', description: 'How the run ended.' }),
      cursor: t.exposeString('cursor', { description: 'The position after the last line.' }),
      dropped: t.exposeInt('dropped', {
        description: 'How many lines of the run were too many to keep.',
      }),
    }),
  });

  const event = builder.unionType('TaskRunLogEvent', {
    description: 'A line, or the end of the log.',
    types: ['LogLine', end],
    resolveType: (value) => ('line' in value ? 'LogLine' : end),
  });

  builder.subscriptionField('taskRunLog', (t) =>
    t.field({
      type: event,
      // An event is made once for all who follow the run; see follow.ts.
      extensions: { sameForAll: true },
      description:
        "A run's log: the lines that are there, then each one as it appears, then `LogEnd`. After a broken connection give the last `cursor` as `after`, on any gateway: nothing is lost and nothing comes twice.",
      args: {
        id: t.arg.id({ required: true, description: 'The run.' }),
        after: t.arg.string({ description: 'Only lines after this position.' }),
        filter: t.arg({ type: 'LogFilter', description: 'Only lines that fit.' }),
      },
      subscribe: (_, { id, after, filter }, { tasks }) =>
        tasks.tail(id, { ...withoutNulls({ after }), filter: toLogFilter(filter) }),
      resolve: (value) => value,
    }),
  );
}

export const toLogFilter = (filter: WithNulls<LogFilterInput>): LogFilter => withoutNulls(filter);

const toCursoredLines = ({ lines, cursors, cursor }: LogPage): readonly CursoredLine[] =>
  lines.map((line, index) => ({ line, cursor: cursors[index] ?? cursor }));
