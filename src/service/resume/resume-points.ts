import { LIMITS } from '../../contract/limits.ts';
import { checkResumable } from '../../contract/rules/check-resume.ts';
import type { TaskRunDetails } from '../../contract/task-run.ts';
import type { CheckpointCall } from '../../contract/tasks.ts';
import { isCarried, isLoggedResult } from '../../contract/wire/messages.ts';
import { isRunMemo } from '../../contract/wire/run-fields.ts';
import { callId } from '../../contract/wire/resumption.ts';
import type { KeptCall } from '../../contract/wire/resumption.ts';
import { PAYLOAD_LIMIT, payloadSize } from '../../contract/wire/payload-limit.ts';
import { readCheckpoints } from '../log/read-checkpoints.ts';
import { RunSource } from '../log/run-source.ts';
import type { RunSourceOptions } from '../log/run-source.ts';
import { decodeAsked, decodeFirst } from '../temporal/decode-first.ts';
import type { Temporal } from '../temporal/temporal.ts';
import { CallReader } from './call-reader.ts';
import type { RecordedCall } from './call-reader.ts';

/** Where a run can be gone on from. */
export interface ResumePoint {
  readonly run: TaskRunDetails;
  /** Of its last iteration. */
  readonly input: unknown;
  /** What becomes of each call, with what is handed over of it, in the order of the calls. */
  readonly calls: readonly PlannedCall[];
}

export interface PlannedCall {
  readonly shown: CheckpointCall;
  /** Undefined for a call that begins anew. */
  readonly kept: KeptCall | undefined;
}

/** What a call had come to. */
interface Known {
  readonly call: Pick<KeptCall, 'kind' | 'name' | 'n'>;
  /** About the bytes of what it left, before it is read. */
  readonly bytes: number;
  readonly done: boolean;
  /** Undefined when it left nothing that can be handed over. */
  readonly read: () => Promise<KeptCall | undefined>;
}

/** Reads where runs that are over can be gone on from, however they ended. */
export class ResumePoints {
  readonly #source: RunSource;
  readonly #temporal: Temporal;

  constructor(options: RunSourceOptions) {
    this.#source = new RunSource(options);
    this.#temporal = options.temporal;
  }

  /** Throws `NOTHING_TO_RESUME` for a run that is open or has succeeded. */
  async read(id: string): Promise<ResumePoint> {
    const reader = new CallReader();
    const { run, states } = await readCheckpoints(this.#source, id, {
      check: checkResumable,
      see: reader.add,
    });
    const { decode } = this.#temporal;
    const [given, handed] = [reader.given.slice(0, 1), reader.given.slice(1)];
    const input = await decodeAsked(given, decode, `The input of ${id}`);
    const carried = await decodeAsked(handed, decode, `What ${id} goes on from`);
    const before = (isCarried(carried) && carried.resume?.calls) || [];
    const own = await this.#number(reader.calls);
    const known = [
      ...before.filter((one) => !own.some(({ call }) => isSame(call, one))).map(toKnown),
      ...own.map(({ call, recorded }): Known => {
        const earlier = before.find((one) => isSame(call, one) && !one.done);
        const state = states.get(recorded.activity ?? '') ?? earlier?.state;
        return {
          call,
          done: isDone(recorded),
          bytes: isDone(recorded) || state !== undefined ? bytesOf(recorded) : 0,
          read: () => this.#read(call, recorded, state),
        };
      }),
    ];
    // Temporal bounds them together.
    const room = Math.min(LIMITS.resume, PAYLOAD_LIMIT - payloadSize(input) - ENVELOPE);
    return { run, input, calls: await plan(known, room) };
  }

  /** Which of its kind and name each call was. */
  async #number(calls: readonly RecordedCall[]) {
    const counts = new Map<string, number>();
    const numbered: { readonly call: Known['call']; readonly recorded: RecordedCall }[] = [];
    for (const recorded of calls) {
      const { kind, name, memo } = recorded;
      const told = memo && (await decodeFirst([memo], this.#temporal.decode));
      const count = (counts.get(`${kind} ${name}`) ?? 0) + 1;
      const n = recorded.n ?? (isRunMemo(told) ? told.call : undefined) ?? count;
      counts.set(`${kind} ${name}`, n);
      numbered.push({ call: { kind, name, n }, recorded });
    }
    return numbered;
  }

  async #read(
    call: Known['call'],
    recorded: RecordedCall,
    state: unknown,
  ): Promise<KeptCall | undefined> {
    const { decode } = this.#temporal;
    if (!isDone(recorded) && state === undefined) return undefined;
    const { kind, args: given, result, runId } = recorded;
    const args = await Promise.all(
      given.map((one) => decodeAsked([one], decode, `An argument of ${call.name}`)),
    );
    if (kind === 'TRIGGERED') return { ...call, args, done: true, result: runId };
    if (result === undefined) return { ...call, args, done: false, state };
    const answer = await decodeAsked(result, decode, `The result of ${call.name}`);
    const value = kind === 'ACTIVITY' && isLoggedResult(answer) ? answer.result : answer;
    // Bytes have no JSON: such a call is made again.
    return value instanceof Uint8Array ? undefined : { ...call, args, done: true, result: value };
  }
}

/**
 * What becomes of each call: those that left a state first, then results, the newest first, as long as there is room.
 */
async function plan(known: readonly Known[], room: number): Promise<readonly PlannedCall[]> {
  const planned = new Map<Known, PlannedCall>();
  let left = room;
  const byWorth = known.toReversed().toSorted((a, b) => Number(a.done) - Number(b.done));
  for (const one of byWorth) {
    // What cannot fit need not be read.
    const kept = one.bytes > left ? null : await one.read();
    const bytes = kept ? payloadSize(kept) : 0;
    if (kept === null || bytes > left) planned.set(one, toPlanned(one, undefined, 'LEFT_OUT'));
    else {
      left -= bytes;
      const how = kept === undefined ? 'AGAIN' : kept.done ? 'RESULT' : 'CHECKPOINT';
      planned.set(one, toPlanned(one, kept, how));
    }
  }
  return known.flatMap((one) => planned.get(one) ?? []);
}

const toPlanned = (
  { call }: Known,
  kept: KeptCall | undefined,
  how: CheckpointCall['how'],
): PlannedCall => ({
  shown: {
    id: callId(call),
    name: call.name,
    kind: call.kind,
    how,
    state: how === 'CHECKPOINT' ? (kept?.state ?? null) : null,
  },
  kept,
});

const toKnown = (call: KeptCall): Known => ({
  call,
  done: call.done,
  bytes: 0,
  read: async () => call,
});

/** Payloads are about as long as their JSON; a codec may have made them longer, and never much shorter. */
const bytesOf = ({ args, result = [] }: RecordedCall): number =>
  [...args, ...result].reduce((sum, { data }) => sum + (data?.length ?? 0), 0) / 2;

const isDone = ({ result, runId }: RecordedCall): boolean =>
  result !== undefined || runId !== undefined;

const isSame = (one: Known['call'], other: Known['call']): boolean => callId(one) === callId(other);

/** Bytes around the calls. */
const ENVELOPE = 1024;
