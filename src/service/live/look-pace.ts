import { ACTIVITY_HEARTBEAT } from '../../contract/wire/activity-heartbeat.ts';

/** Milliseconds between looks at a run that was triggered a moment ago: its first lines come soon. */
const FIRST_TICK = 50;
const FIRST_LOOKS = 10;
const TICK = ACTIVITY_HEARTBEAT;
/** Milliseconds that a heartbeat may be late. */
const LATE = 30;

/**
 * When a run is looked at next: as often as its activities beat, and just after they do, or its lines would wait twice.
 * That takes the clocks of gateway and Temporal to agree; where they do not, it is no worse than by chance.
 */
export class LookPace {
  #looks = 0;
  /** When the next look is due at an even pace, which bounds their number. */
  #due = 0;

  /** The time of the next look after one that began then, and saw this as the newest heartbeat. All in milliseconds. */
  next(began: number, lastBeat: number | undefined): number {
    if (++this.#looks <= FIRST_LOOKS && lastBeat === undefined) return began + FIRST_TICK;
    this.#due = Math.min(Math.max(this.#due, began) + TICK, began + 1.5 * TICK);
    if (lastBeat === undefined) return this.#due;
    const earliest = this.#due - TICK / 2;
    return earliest + modulo(lastBeat + LATE - earliest, TICK);
  }
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;
