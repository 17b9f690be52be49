import { activityOf, haveOneMark } from './log-source.ts';
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
    const activity = activityOf(src);
    const attempt = Number(src.slice(src.lastIndexOf('/') + 1));
    const known = this.#newest.get(activity);
    // What an attempt says as it ends is its last word; a heartbeat that comes after it is older.
    if (
      known &&
      // Attempts count anew after a reset, and what was before it comes first.
      haveOneMark(known.src, src) &&
      (known.attempt > attempt || (known.attempt === attempt && known.ended && !ended))
    )
      return;
    this.#newest.set(activity, { src, attempt, ended, state });
  }

  /** By `<iteration>/<activity id>`, as sources begin. */
  get states(): ReadonlyMap<string, unknown> {
    return new Map([...this.#newest].map(([activity, { state }]) => [activity, state]));
  }
}

interface Newest {
  readonly src: string;
  readonly attempt: number;
  readonly ended: boolean;
  readonly state: unknown;
}
