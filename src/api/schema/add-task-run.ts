import { LIMITS } from '../../contract/limits.ts';
import { checkFirst } from '../../contract/rules/check-first.ts';
import { TIMELINE_LAST } from '../../contract/timeline.ts';
import { isClosed } from '../../contract/task-run.ts';
import { tenantOf } from '../../contract/wire/tenant.ts';
import type { Abort, Progress, Step, TaskRun } from '../../contract/task-run.ts';
import { abilitiesOf, addAbilities } from './add-abilities.ts';
import type { Builder } from './kit/builder.ts';
import type { RelatedRequest } from './kit/loaders.ts';
import type { Loaders } from './kit/loaders.ts';
import type { WebUi } from './kit/shapes.ts';
import { withoutNulls } from './kit/without-nulls.ts';
import { toLogFilter } from './add-run-log.ts';

/** Why a list or a connection may be null. */
const OR_ERROR = 'Null only beside an error, so that one field never blanks a page.';

export function addTaskRun(builder: Builder, webUi: WebUi | undefined): void {
  builder.objectType('TaskRunError', {
    description: 'Why a run failed.',
    fields: (t) => ({
      code: t.exposeString('code', {
        description:
          "What kind of failure it is, for programs: `INVALID_INPUT`, `TIMEOUT`, or the thrown error's class.",
      }),
      message: t.exposeString('message', {
        nullable: true,
        description: 'What went wrong; null when the caller may not see it.',
      }),
      step: t.exposeString('step', {
        nullable: true,
        description: 'The step that failed; null when the task itself threw.',
      }),
      attempt: t.exposeInt('attempt', {
        nullable: true,
        description: 'Which try of the step was the last.',
      }),
    }),
  });
  const abilities = addAbilities(builder);
  const hiddenField = builder.enumType('HiddenField', {
    description: 'What a caller who may see a run may still not see of it.',
    values: {
      INPUT: { description: '`input`.' },
      OUTPUT: { description: '`output`.' },
      LOG: { description: '`log`.' },
      MESSAGES: { description: 'What its code says: the messages of errors and of progress.' },
      WEB_UI: { description: '`webUiUrl`.' },
    },
  });

  builder.objectType('TaskRun', {
    description:
      'One triggered execution of a definition. A field that says "a call" asks Temporal for each run, and only when it is selected; related runs of a whole page are one call together.',
    fields: (t) => {
      const related = (by: RelatedRequest['by'], description: string) =>
        t.field({
          type: 'TaskRunConnection',
          nullable: true,
          description,
          args: {
            orderBy: t.arg({
              type: 'TaskRunOrder',
              defaultValue: 'NEWEST_FIRST',
              description: 'How they are sorted.',
            }),
            first: t.arg.int({
              defaultValue: 20,
              description: `How many runs: 1 to ${LIMITS.runs}.`,
            }),
            after: t.arg.string({ description: 'Only what follows this place.' }),
          },
          resolve: async ({ id }, { orderBy, first, after }, { loaders }) =>
            await loaders.related({
              by,
              id,
              orderBy: orderBy ?? 'NEWEST_FIRST',
              // Checked here because a page of a page is cut by us, not by the service.
              first: checkFirst(first ?? 20, LIMITS.runs),
              after: after ?? undefined,
            }),
        });
      return {
        id: t.exposeID('id', {
          description:
            'Unique among all runs that were triggered here. A start around this API may use the id of a run that is over again: lists then have both, and the id means the newest.',
        }),
        definitionId: t.exposeID('definition', { description: 'Id of its definition.' }),
        definition: t.field({
          type: 'TaskDefinition',
          nullable: true,
          description: 'Its definition; null when that is private or no longer there.',
          resolve: ({ definition }, _, { tasks }) =>
            tasks.definitions().find(({ id }) => id === definition),
        }),
        name: t.exposeString('name', { description: 'What to show people.' }),
        status: t.expose('status', { type: 'TaskRunStatus', description: 'Where it stands.' }),
        iteration: t.exposeInt('iteration', {
          description: 'A long run goes on in iterations; the first is 1.',
        }),
        tags: t.exposeStringList('tags', { description: 'Words to find it by.' }),
        createdAt: t.expose('createdAt', {
          type: 'DateTime',
          description: 'When it was triggered.',
        }),
        scheduledFor: t.expose('scheduledFor', {
          type: 'DateTime',
          nullable: true,
          description: 'When it is or was due; null for a run that was not delayed.',
        }),
        startedAt: t.expose('startedAt', {
          type: 'DateTime',
          nullable: true,
          description:
            'When it could begin: it was triggered, or due. Read by its id, null until a worker has begun it.',
        }),
        finishedAt: t.expose('finishedAt', {
          type: 'DateTime',
          nullable: true,
          description: 'When it ended.',
        }),
        durationMs: t.float({
          nullable: true,
          description:
            'Milliseconds from when it could begin (`scheduledFor`, else `createdAt`) to `finishedAt`: its wait for a worker is in it. Null while it is not over, and for a delayed run that ended before it was due.',
          resolve: ({ createdAt, scheduledFor, finishedAt }) => {
            const ms = finishedAt && finishedAt.getTime() - (scheduledFor ?? createdAt).getTime();
            return ms !== null && ms >= 0 ? ms : null;
          },
        }),
        triggeredBy: t.exposeString('triggeredBy', {
          nullable: true,
          description: 'Who triggered it; null when that went around this API.',
        }),
        input: t.field({
          type: 'JSON',
          nullable: true,
          description: 'What it was given. A call when it is larger than 1 KiB.',
          resolve: async (run, _, { loaders }) => await loaders.input(run),
        }),
        output: t.field({
          type: 'JSON',
          nullable: true,
          description: 'What it ended with; null unless it has `SUCCEEDED`. A call then.',
          resolve: async (run, _, { loaders }) =>
            run.status === 'SUCCEEDED' ? (await loaders.outcome(run)).output : null,
        }),
        error: t.field({
          type: 'TaskRunError',
          nullable: true,
          description: 'Why it failed; null unless it has `FAILED`. A call then.',
          resolve: async (run, _, { loaders }) =>
            run.status === 'FAILED' ? (await loaders.outcome(run)).error : null,
        }),
        abort: t.field({
          type: 'Abort',
          nullable: true,
          description:
            'Who asked it to stop and why; null when nobody did. A call for runs that are over or being aborted.',
          resolve: async (run, _, { loaders }) => await abortOf(run, loaders),
        }),
        progress: t.field({
          type: 'Progress',
          nullable: true,
          description: 'How far it is, or was in the end; null when it reported nothing. A call.',
          resolve: async (run, _, { loaders }) => await progressOf(run, loaders),
        }),
        steps: t.field({
          type: ['Step'],
          nullable: true,
          description: `What it does now, the oldest first; empty when it is over. ${OR_ERROR} A call for a run that is not.`,
          resolve: async (run, _, { loaders }) => await stepsOf(run, loaders),
        }),
        diagnosis: t.field({
          type: 'Diagnosis',
          nullable: true,
          description: 'Why it does not move; null when it does or is over. A call or two.',
          resolve: async (run, _, { loaders }) => await loaders.diagnosis(run),
        }),
        log: t.field({
          type: 'LogPage',
          nullable: true,
          description: `Its log, a page at a time; null when it is hidden. ${OR_ERROR} A call or two.`,
          args: {
            first: t.arg.int({ defaultValue: 100, description: 'How many lines: 1 to 1,000.' }),
            last: t.arg.int({
              description:
                'Instead of `first`: the last 1 to 1,000 lines; 100 with `before`. All of the log is read once for it.',
            }),
            before: t.arg.string({
              description:
                'To read backwards, instead of `after`: the last lines before this position, such as a `startCursor`.',
            }),
            after: t.arg.string({ description: 'Only lines after this position.' }),
            filter: t.arg({ type: 'LogFilter', description: 'Only lines that fit.' }),
          },
          resolve: async ({ id, hidden }, { filter, ...page }, { loaders }) =>
            hidden?.includes('LOG')
              ? null
              : await loaders.logs(id, { ...withoutNulls(page), filter: toLogFilter(filter) }),
        }),
        timeline: t.field({
          type: 'Timeline',
          nullable: true,
          description: `What took time in it, also when it is over. ${OR_ERROR} A call, and one for each 1,000 events and each iteration looked at.`,
          args: {
            last: t.arg.int({
              defaultValue: TIMELINE_LAST.usual,
              description: `How many entries, the newest ones: 1 to ${TIMELINE_LAST.most}.`,
            }),
          },
          resolve: async ({ id }, args, { loaders }) =>
            await loaders.timeline(id, withoutNulls(args)),
        }),
        parentId: t.exposeID('parent', {
          nullable: true,
          description: 'Id of the run that it belongs to.',
        }),
        parent: t.field({
          type: 'TaskRun',
          nullable: true,
          description: 'The run that it belongs to; null when Temporal no longer keeps it. A call.',
          resolve: async ({ parent }, _, { loaders }) =>
            parent === null ? null : await loaders.run(parent),
        }),
        children: related('parent', `The runs that belong to it. ${OR_ERROR} A call.`),
        rerunOfId: t.exposeID('rerunOf', {
          nullable: true,
          description: 'Id of the run that it repeats.',
        }),
        rerunOf: t.field({
          type: 'TaskRun',
          nullable: true,
          description: 'The run that it repeats; null when Temporal no longer keeps it. A call.',
          resolve: async ({ rerunOf }, _, { loaders }) =>
            rerunOf === null ? null : await loaders.run(rerunOf),
        }),
        reruns: related('rerunOf', `The runs that repeat it. ${OR_ERROR} A call.`),
        resumeOfId: t.exposeID('resumeOf', {
          nullable: true,
          description: 'Id of the run that it goes on from.',
        }),
        resumeOf: t.field({
          type: 'TaskRun',
          nullable: true,
          description:
            'The run that it goes on from; null when Temporal no longer keeps it. A call.',
          resolve: async ({ resumeOf }, _, { loaders }) =>
            resumeOf === null ? null : await loaders.run(resumeOf),
        }),
        reuses: t.exposeString('reuses', {
          nullable: true,
          description: 'What it reuses of that run, in words; null for one that goes on from none.',
        }),
        resumedBy: related('resumeOf', `The runs that go on from it. ${OR_ERROR} A call.`),
        abilities: t.field({
          type: abilities,
          description: 'What the caller can do with it now.',
          resolve: (run, _, { tasks, session }) =>
            abilitiesOf(run, tasks.definitions(), session.caller),
        }),
        webUiUrl: t.string({
          nullable: true,
          description:
            'Its page in Temporal Web UI, for whoever operates it; null when this gateway does not know where that is.',
          resolve: ({ id, hidden }) =>
            webUi && !hidden?.includes('WEB_UI') ? toWebUiUrl(webUi, id) : null,
        }),
        tenant: t.string({
          nullable: true,
          description: 'Whose run it is; null for one that is nobody’s in particular.',
          resolve: ({ id }) => tenantOf(id),
        }),
        hidden: t.field({
          type: [hiddenField],
          description: 'What the caller may not see of it: it is null for that reason.',
          resolve: ({ hidden }) => [...(hidden ?? [])],
        }),
      };
    },
  });

  builder.queryField('taskRun', (t) =>
    t.field({
      type: 'TaskRun',
      nullable: true,
      description: 'One run; null when there is none of this id, or Temporal no longer keeps it.',
      args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
      resolve: async (_, { id }, { loaders }) => await loaders.get(id),
    }),
  );

  builder.subscriptionField('taskRun', (t) =>
    t.field({
      type: 'TaskRun',
      description:
        'A run as it is now, then each time it changes, until it is over: the last event shows how it ended.',
      args: { id: t.arg.id({ required: true, description: 'Its id.' }) },
      subscribe: (_, { id }, { tasks }) => tasks.watch(id),
      resolve: (run) => run,
    }),
  );
}

/** An open run that nobody asked to stop costs no call. */
const abortOf = async (run: TaskRun, loaders: Loaders): Promise<Abort | null> =>
  run.status === 'PENDING' || run.status === 'RUNNING' ? null : (await loaders.outcome(run)).abort;

async function progressOf(run: TaskRun, loaders: Loaders): Promise<Progress | null> {
  const now = isClosed(run.status) ? run : await loaders.details(run);
  // A list's row may be older than the details: the run can have ended in between.
  return isClosed(now.status)
    ? (await loaders.outcome(now)).progress
    : (await loaders.details(now)).progress;
}

const stepsOf = async (run: TaskRun, loaders: Loaders): Promise<readonly Step[]> =>
  isClosed(run.status) ? [] : (await loaders.details(run)).steps;

const toWebUiUrl = ({ address, namespace }: WebUi, id: string): string =>
  `${address}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(id)}`;
