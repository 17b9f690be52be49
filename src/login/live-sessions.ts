import type { Caller } from '../contract/caller.ts';
import type { Session, SessionEnd } from './session.ts';

interface Live {
  readonly caller: Caller;
  readonly again: () => Caller | null;
  readonly end: (end: SessionEnd) => void;
}

/** What a session is made of. `again` says who its credential stands for now; null when it was taken back. */
export interface SessionParts extends Pick<
  Session,
  'caller' | 'credential' | 'credentialId' | 'expiresAt'
> {
  readonly again: () => Caller | null;
}

/** The sessions of long connections, so that they can be ended when the rules change. */
export class LiveSessions {
  readonly #live = new Set<Live>();
  /** How often the rules have changed. */
  #changes = 0;

  toSession({ again, ...session }: SessionParts): Session {
    const { caller, expiresAt } = session;
    const known = this.#changes;
    return {
      ...session,
      watch: (ended) => {
        const stop = (): void => {
          clearTimeout(timer);
          this.#live.delete(live);
        };
        const end = (why: SessionEnd): void => {
          stop();
          ended(why);
        };
        const live: Live = { caller, again, end };
        const timer =
          expiresAt === null
            ? undefined
            : setTimeout(
                () => end('expired'),
                Math.min(Math.max(expiresAt - Date.now(), 0), LONGEST),
              );
        timer?.unref();
        this.#live.add(live);
        // Between the credential and the watch a body may have been read, which takes as long as its sender likes.
        if (known !== this.#changes) setImmediate(() => this.#live.has(live) && consider(live));
        return stop;
      },
    };
  }

  /** Ends those that would be others by the rules of now, and leaves the rest. */
  reconsider(): void {
    this.#changes++;
    for (const live of this.#live) consider(live);
  }
}

function consider({ caller, again, end }: Live): void {
  const now = again();
  if (now === null) end('revoked');
  else if (!isSame(now, caller)) end('changed');
}

// Node's timers fire at once beyond it: 24.8 days.
const LONGEST = 2 ** 31 - 1;

const isSame = (one: Caller, other: Caller): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
