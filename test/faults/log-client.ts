import { randomUUID } from 'node:crypto';
import { expect, inject } from 'vitest';
import type { TaskRunStatus } from '../../src/contract/task-run.ts';
import type { Message, RawSocket } from '../api/support/live-gateway.ts';
import { Program } from '../local/support/program.ts';
import { expectNoGapNorRepeat, readToEnd, writtenLines } from '../support/run-log.ts';

export const LOG =
  'subscription ($id: ID!, $after: String) { taskRunLog(id: $id, after: $after) { ... on LogLine { cursor source n message } ... on LogEnd { status } } }';

interface Shown {
  readonly cursor?: string;
  readonly source: string;
  readonly n: number;
  readonly message: string;
  readonly status?: TaskRunStatus;
}

/** What one viewer of a run's log has seen, over all the gateways that it was connected to. */
export class LogClient {
  readonly id: string;
  readonly lines: string[] = [];
  cursor: string | undefined;
  end: TaskRunStatus | undefined;
  error: unknown;

  constructor(id: string) {
    this.id = id;
  }

  /** Of a subscription that goes on where the last one ended; read whenever it is sent. */
  get variables(): { readonly id: string; readonly after?: string } {
    return { id: this.id, ...(this.cursor !== undefined && { after: this.cursor }) };
  }

  take({ cursor, source, n, status }: Shown): void {
    if (status !== undefined) this.end = status;
    else this.lines.push(`${source} ${n}`);
    this.cursor = cursor ?? this.cursor;
  }
}

/** Subscribes all these on one socket, each from its cursor. Resolves to the code that the socket closes with. */
export async function follow(client: RawSocket, viewers: readonly LogClient[]): Promise<number> {
  client.socket.on('message', (data: Buffer) => {
    const { type, id, payload } = JSON.parse(data.toString()) as Message;
    const viewer = viewers[Number(id)];
    if (type === 'next') viewer?.take(payload.data.taskRunLog);
    if (type === 'error' && viewer) viewer.error = payload;
  });
  for (const [id, { variables }] of viewers.entries())
    client.send({ type: 'subscribe', id: `${id}`, payload: { query: LOG, variables } });
  return (await client.closed).code;
}

/**
 * Fails unless each of them has seen the whole log of its run, in which so many lines were said, each line once.
 * `attempts`: an attempt may be lost, and the next one says some of them again, as lines of its own.
 */
export async function expectWholeLogs(
  tasks: Parameters<typeof readToEnd>[0],
  viewers: readonly LogClient[],
  said: number,
  { attempts = false } = {},
): Promise<void> {
  for (const id of new Set(viewers.map((viewer) => viewer.id))) {
    const { lines, end } = await readToEnd(tasks, id);
    expectNoGapNorRepeat(lines);
    const written = writtenLines(lines, /^line /);
    expect(attempts ? [...new Set(written)] : written).toHaveLength(said);
    const whole = lines.map(({ source, n }) => `${source} ${n}`).toSorted();
    for (const viewer of viewers.filter((one) => one.id === id)) {
      expect(viewer.lines.toSorted()).toEqual(whole);
      expect(viewer.end).toBe(end.status);
    }
  }
}

export interface SpawnedGateway {
  readonly program: Program;
  /** `http://127.0.0.1:<port>`. */
  readonly http: string;
  readonly ws: string;
}

/** A gateway as operators run it, in a process of its own that ends with the test. */
export async function spawnGateway(
  address: string = inject('temporal').address,
): Promise<SpawnedGateway> {
  const program = await Program.start('src/api/server.ts', {
    TEMPORAL_ADDRESS: address,
    WAYMARK_TASK_QUEUE: randomUUID(),
  });
  const url = new URL(await program.said(/GraphQL at (http:\S+)"/));
  return { program, http: url.origin, ws: `ws://${url.host}/graphql` };
}

/** Answer to a query over HTTP, and how many milliseconds it took. */
export async function timed(
  http: string,
  query: string,
): Promise<{ readonly answer: any; readonly took: number }> {
  const began = Date.now();
  const response = await fetch(`${http}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ query }),
  });
  const answer: unknown = await response.json();
  return { answer, took: Date.now() - began };
}
