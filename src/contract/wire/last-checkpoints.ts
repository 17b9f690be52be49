import { isEnvelope } from './run-log.ts';

/**
 * The state of each activity's last checkpoint, from the envelopes of a run's history and, for one that ended without
 * a word (terminated, or by force), of its heartbeats, in any order.
 */
export class LastCheckpoints {
  readonly #newest = new Map<string, Newest>();

  /** Anything else than an envelope is ignored. */
  apply(envelope: unknown): void {
    if (!isEnvelope(envelope) || envelope.state === undefined) return;
    const { src, state, ended = false } = envelope;
    const end = src.lastIndexOf('/');
    const activity = src.slice(0, end);
    const attempt = Number(src.slice(end + 1));
    const known = this.#newest.get(activity);
    // What an attempt says as it ends is its last word; a heartbeat that comes after it is older.
    if (known && (known.attempt > attempt || (known.attempt === attempt && known.ended && !ended)))
      return;
    this.#newest.set(activity, { attempt, ended, state });
  }

  /** By `<iteration>/<activity id>`, as sources begin. */
  get states(): ReadonlyMap<string, unknown> {
    return new Map([...this.#newest].map(([activity, { state }]) => [activity, state]));
  }
}

interface Newest {
  readonly attempt: number;
  readonly ended: boolean;
  readonly state: unknown;
}
