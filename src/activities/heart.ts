import { performance } from 'node:perf_hooks';

/** Milliseconds between beats while there is something new. */
const BEAT = 250;
/** Milliseconds between beats otherwise; bounds how late an activity learns of an abort that was not pushed. */
const KEEP_ALIVE = 2000;
/** Running activities of this process that beat at full speed; more of them share it. */
const FULL_SPEED = 20;

let beating = 0;

/** Beats for one attempt, so that code which never heartbeats is seen alive and told of an abort. */
export class Heart {
  readonly #beat: () => void;
  #dirty = false;
  #last = performance.now();
  #stopped = false;
  #timer: NodeJS.Timeout;
  /** It has beaten: Temporal holds details of this attempt. */
  beaten = false;

  constructor(beat: () => void) {
    this.#beat = beat;
    beating++;
    this.#timer = this.#next();
  }

  /** There is something new to carry. */
  touch(): void {
    this.#dirty = true;
  }

  beat(): void {
    this.#dirty = false;
    this.#last = performance.now();
    this.beaten = true;
    this.#beat();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    beating--;
    clearTimeout(this.#timer);
  }

  #next(): NodeJS.Timeout {
    return setTimeout(
      () => {
        if (this.#dirty || performance.now() - this.#last >= KEEP_ALIVE - BEAT / 2) this.beat();
        this.#timer = this.#next();
      },
      BEAT * Math.max(1, beating / FULL_SPEED),
    );
  }
}
