import type { TaskRun } from '../../../contract/task-run.ts';
import type { ListRequest, TaskRunFilter, TaskRunPage, Tasks } from '../../../contract/tasks.ts';

/** A page of runs. Cursors and the count may cost a call, and are asked for only when selected. */
export interface Connection {
  readonly runs: readonly TaskRun[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  edges(): readonly Edge[];
  startCursor(): Promise<string | null>;
  endCursor(): Promise<string | null>;
  totalCount(): Promise<number>;
}

export interface Edge {
  readonly node: TaskRun;
  cursor(): Promise<string>;
}

export async function toConnection(tasks: Tasks, request: ListRequest): Promise<Connection> {
  const page = await tasks.list(request);
  const { runs, hasNextPage } = page;
  const hasPreviousPage = request.after !== undefined;
  return {
    runs,
    hasNextPage,
    hasPreviousPage,
    edges: () => edgesOf(runs, async () => page),
    startCursor: async () => startOf(page),
    endCursor: async () => endOf(page),
    totalCount: async () =>
      hasNextPage || hasPreviousPage ? await tasks.count(request.filter) : runs.length,
  };
}

/** A first page made from all runs that match, with no call of its own. */
export function toWholeConnection(
  runs: readonly TaskRun[],
  { tasks, first, ...request }: WholeRequest,
): Connection {
  let asked: Promise<TaskRunPage> | undefined;
  // Cursors belong to a filter, so those of the list that these runs came from would not do.
  const ask = async (): Promise<TaskRunPage> => await (asked ??= tasks.list({ ...request, first }));
  const hasNextPage = runs.length > first;
  const shown = runs.slice(0, first);
  return {
    runs: shown,
    hasNextPage,
    hasPreviousPage: false,
    edges: () => edgesOf(shown, ask),
    startCursor: async () => (runs.length > 0 ? startOf(await ask()) : null),
    endCursor: async () => (hasNextPage ? endOf(await ask()) : null),
    totalCount: async () => runs.length,
  };
}

interface WholeRequest extends ListRequest {
  readonly tasks: Tasks;
  readonly filter: TaskRunFilter;
  readonly first: number;
}

const endOf = ({ endCursor, cursors }: TaskRunPage): string | null =>
  endCursor ?? cursors.at(-1) ?? null;
const startOf = ({ cursors }: TaskRunPage): string | null => cursors[0] ?? null;
const edgesOf = (runs: readonly TaskRun[], ask: () => Promise<TaskRunPage>): readonly Edge[] =>
  runs.map((node) => ({
    node,
    async cursor() {
      const page = await ask();
      // By id: the list may have moved on since its runs were read.
      return page.cursors[page.runs.findIndex(({ id }) => id === node.id)] ?? '';
    },
  }));
