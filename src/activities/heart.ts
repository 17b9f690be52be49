import { ACTIVITY_HEARTBEAT } from '../contract/wire/activity-heartbeat.ts';

/** Milliseconds for which what is said at once is gathered. An attempt that is over by then sends no beat. */
const GATHER = 20;
/** Milliseconds between beats otherwise; bounds how late an activity learns of an abort that was not pushed. */
const KEEP_ALIVE = 2000;
/** Running activities of this process that beat at full speed; more of them share it. */
const FULL_SPEED = 20;

let beating = 0;

/** Beats for one attempt, so that code which never heartbeats is seen alive and told of an abort. */
export class Heart {
  readonly #beat: () => void;
  #dirty = false;
  /** From when on it may beat for something new. */
  #free = 0;
  #stopped = false;
  #timer: NodeJS.Timeout;
  /** It has beaten: Temporal holds details of this attempt. */
  beaten = false;

  constructor(beat: () => void) {
    this.#beat = beat;
    beating++;
    this.#timer = this.#beatAfter(KEEP_ALIVE);
  }

  /** There is something new to carry: at once after a silence, else when the last beat is long enough ago. */
  touch(): void {
    if (this.#dirty || this.#stopped) return;
    this.#dirty = true;
    clearTimeout(this.#timer);
    this.#timer = this.#beatAfter(Math.max(GATHER, this.#free - performance.now()));
  }

  beat(): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = this.#beatAfter(KEEP_ALIVE);
    this.#dirty = false;
    this.#free = performance.now() + between();
    this.beaten = true;
    this.#beat();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    beating--;
    clearTimeout(this.#timer);
  }

  #beatAfter(milliseconds: number): NodeJS.Timeout {
    return setTimeout(() => this.beat(), milliseconds);
  }
}

/** However many there are, none may seem dead. */
const between = (): number =>
  Math.min(KEEP_ALIVE, ACTIVITY_HEARTBEAT * Math.max(1, beating / FULL_SPEED));
