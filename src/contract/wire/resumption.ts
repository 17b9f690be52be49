import { isSameJson } from '../../tools/canonical-json.ts';

/** How a run called something of its own: an activity, a child that it waits for, or one that it only triggers. */
export type CallKind = 'ACTIVITY' | 'CHILD' | 'TRIGGERED';

/** A call of a run that another one goes on from. It is told by its kind, its name, and which of that name it was. */
export interface KeptCall {
  readonly kind: CallKind;
  /** Of the activity or of the definition. */
  readonly name: string;
  readonly n: number;
  readonly args: readonly unknown[];
  /** It had ended well, with this result; JSON drops one that is nothing. */
  readonly done: boolean;
  readonly result?: unknown;
  /** Of its last checkpoint, when it had not ended. */
  readonly state?: unknown;
}

/**
 * What a run takes over from the one that it goes on from: it rides beside the input, as headers are not encrypted.
 */
export interface Resumption {
  /** The input is another one, so calls need not have the same arguments to go on from their last checkpoint. */
  readonly edited: boolean;
  readonly calls: readonly KeptCall[];
}

export interface CalledAgain {
  /** Which of its kind and name this call is. */
  readonly n: number;
  /** What it need not do again; undefined when it begins anew. */
  readonly kept: KeptCall | undefined;
}

/** The calls of an earlier run, as the run that goes on from it comes to each of them. */
export class EarlierCalls {
  readonly #kept: ReadonlyMap<string, KeptCall>;
  readonly #counts = new Map<string, number>();
  readonly #edited: boolean;

  constructor({ edited, calls }: Resumption) {
    this.#edited = edited;
    this.#kept = new Map(calls.map((call) => [`${keyOf(call)}#${call.n}`, call]));
  }

  next(kind: CallKind, name: string, args: readonly unknown[]): CalledAgain {
    const key = keyOf({ kind, name });
    const n = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, n);
    const kept = this.#kept.get(`${key}#${n}`);
    // A result is of its arguments. A state may go on with others where somebody asked for just that.
    const fits = kept && (isSameJson(kept.args, args) || (this.#edited && !kept.done));
    return { n, kept: fits ? kept : undefined };
  }
}

const keyOf = ({ kind, name }: Pick<KeptCall, 'kind' | 'name'>): string => `${kind} ${name}`;

/** As a caller names a call: activities by their name alone. */
export const callId = ({ kind, name, n }: Pick<KeptCall, 'kind' | 'name' | 'n'>): string =>
  `${PREFIX[kind]}${name}#${n}`;
const PREFIX = { ACTIVITY: '', CHILD: 'child:', TRIGGERED: 'triggered:' } as const;
