// Lists over a real Temporal, and runs without a worker: they stay open until they are cancelled or terminated.
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { inject } from 'vitest';
import { MEMO } from '../../../src/contract/wire/messages.ts';
import { toRunFields } from '../../../src/contract/wire/run-fields.ts';
import type { SearchAttribute } from '../../../src/contract/wire/run-fields.ts';
import type { TaskRun } from '../../../src/contract/task-run.ts';
import { RunLists } from '../../../src/service/list/run-lists.ts';
import type { RunListsOptions } from '../../../src/service/list/run-lists.ts';
import {
  encodeSearchAttributes,
  ensureSearchAttributes,
} from '../../../src/service/temporal/search-attributes.ts';
import { Temporal } from '../../../src/service/temporal/temporal.ts';
import { describeAny } from '../describe-any.ts';
import { toTaskRun } from '../../../src/service/run/to-task-run.ts';
import { Visibility } from '../../../src/service/temporal/visibility.ts';
import { CallCounter } from '../../support/count-calls.ts';

export interface StartOptions {
  readonly id?: string;
  readonly definition?: string;
  readonly name?: string;
  readonly actor?: string | null;
  readonly tags?: readonly string[];
  readonly parent?: string;
  readonly rerunOf?: string;
  /** Milliseconds. */
  readonly delay?: number;
  /** Beside what every run has. */
  readonly attributes?: Partial<Record<SearchAttribute, string | number | readonly string[]>>;
  /** Without what the service adds to a run: as from the Temporal CLI. */
  readonly bare?: boolean;
  readonly createdAt?: Date;
}

export async function openLists({ rate = 40 } = {}) {
  const calls = new CallCounter();
  const connection = await Connection.connect({
    address: inject('temporal').address,
    interceptors: [calls.interceptor],
  });
  await ensureSearchAttributes(connection, { namespace: 'default' });
  const temporal = new Temporal({ client: new Client({ connection }) });
  // Its own word in every filter: other files use the same server.
  const definition = `lists${randomUUID().replaceAll('-', '')}`;
  const definitions: RunListsOptions['definitions'] = new Map([
    [definition, { title: 'Say hello' }],
    [`${definition}Other`, { title: 'Other work' }],
  ]);
  const visibility = new Visibility({ connection, namespace: 'default', rate });
  const lists = new RunLists({
    temporal,
    describe: describeAny(temporal),
    visibility,
    definitions,
  });
  const mapping = { definitions, decode: temporal.decode };

  async function start({
    id = `run-${randomUUID()}`,
    name = 'A run',
    actor = 'ann',
    delay = 0,
    attributes,
    bare = false,
    createdAt,
    ...options
  }: StartOptions = {}): Promise<TaskRun> {
    const type = options.definition ?? definition;
    const { memo, searchAttributes } = toRunFields({ name, actor, input: null, ...options });
    const carried = createdAt && { createdAt: createdAt.toISOString(), iteration: 2 };
    const { runId } = await temporal.ask(async (service) =>
      service.startWorkflowExecution({
        namespace: 'default',
        requestId: randomUUID(),
        workflowId: id,
        workflowType: { name: type },
        taskQueue: { name: `nobody-${definition}` },
        ...(delay > 0 && { workflowStartDelay: msToTs(delay) }),
        ...(!bare && {
          memo: {
            fields: await temporal.encodeMap('run', { [MEMO]: { ...memo[MEMO], ...carried } }),
          },
          searchAttributes: {
            indexedFields: encodeSearchAttributes({ ...searchAttributes, ...attributes }),
          },
        }),
      }),
    );
    return described(id, runId);
  }

  async function described(id: string, runId?: string): Promise<TaskRun> {
    const { workflowExecutionInfo } = await temporal.ask((service) =>
      service.describeWorkflowExecution({
        namespace: 'default',
        execution: { workflowId: id, ...(runId && { runId }) },
      }),
    );
    return toTaskRun(workflowExecutionInfo ?? {}, mapping);
  }

  const terminate = (id: string): Promise<unknown> =>
    temporal.client.workflow.getHandle(id).terminate('the test needs it closed');

  return {
    lists,
    visibility,
    temporal,
    connection,
    calls,
    definition,
    definitions,
    start,
    described,
    terminate,
    /** Ends all runs that were started, and the connection. */
    async stop() {
      lists.close();
      await temporal.ask((service) =>
        service.startBatchOperation({
          namespace: 'default',
          jobId: randomUUID(),
          reason: 'the test is over',
          visibilityQuery: `WorkflowType IN ('${[...definitions.keys()].join("', '")}')`,
          terminationOperation: {},
        }),
      );
      await connection.close();
    },
  };
}
export type OpenLists = Awaited<ReturnType<typeof openLists>>;

/** Walks all pages. */
export async function walk(
  lists: RunLists,
  request: Parameters<RunLists['list']>[0],
  between: () => Promise<unknown> = async () => {},
): Promise<readonly TaskRun[]> {
  const runs: TaskRun[] = [];
  for (let after: string | undefined; ;) {
    const page = await lists.list({ ...request, ...(after !== undefined && { after }) });
    runs.push(...page.runs);
    if (!page.hasNextPage) return runs;
    after = page.endCursor ?? undefined;
    await between();
  }
}
